/* Reports as bytes: one table a struct, walked by one writer and one reader. */
#include "feedback/item_wire.h"

#include "base/utf8.h"
#include "base/wire.h"

enum field_type { FIELD_STR, FIELD_U64, FIELD_I64, FIELD_IP, FIELD_WORD, FIELD_LIST };

struct shape;
struct field {
    enum field_type type;
    size_t at;    /* of the member in its struct */
    size_t at_n;  /* of a list: of its length */
    uint32_t max; /* of a list, or the last word */
    const struct shape *items;
};

struct shape {
    size_t size;      /* of the struct */
    size_t min_bytes; /* each takes on the wire: bounds what a count may claim */
    const struct field *fields;
    size_t n;
};

enum { STR_BYTES = 4 };

#define S(of, member)                                                                              \
    {                                                                                              \
        .type = FIELD_STR, .at = offsetof(struct of, member)                                       \
    }
#define U(of, member)                                                                              \
    {                                                                                              \
        .type = FIELD_U64, .at = offsetof(struct of, member)                                       \
    }
#define I(of, member)                                                                              \
    {                                                                                              \
        .type = FIELD_I64, .at = offsetof(struct of, member)                                       \
    }
#define P(of, member)                                                                              \
    {                                                                                              \
        .type = FIELD_IP, .at = offsetof(struct of, member)                                        \
    }
#define W(of, member, count)                                                                       \
    {                                                                                              \
        .type = FIELD_WORD, .at = offsetof(struct of, member), .max = (count)-1                    \
    }
#define L(of, member, length, most, shape)                                                         \
    {                                                                                              \
        .type = FIELD_LIST, .at = offsetof(struct of, member),                                     \
        .at_n = offsetof(struct of, length), .max = (most), .items = &(shape)                      \
    }
#define SHAPE(of, rows)                                                                            \
    {                                                                                              \
        sizeof(struct of), ARRAY_LEN(rows) * STR_BYTES, rows, ARRAY_LEN(rows)                      \
    }

static const struct field text_fields[] = {{.type = FIELD_STR, .at = 0}};
static const struct shape text_shape = SHAPE(str, text_fields);

static const struct field reason_fields[] = {S(dmarc_reason, type), S(dmarc_reason, comment)};
static const struct shape reason_shape = SHAPE(dmarc_reason, reason_fields);

static const struct field auth_fields[] = {S(dmarc_auth, domain), S(dmarc_auth, selector),
                                           S(dmarc_auth, scope), S(dmarc_auth, result),
                                           S(dmarc_auth, human_result)};
static const struct shape auth_shape = SHAPE(dmarc_auth, auth_fields);

static const struct field row_fields[] = {
    P(dmarc_row, source),
    U(dmarc_row, count),
    W(dmarc_row, disposition, DISPOSITION_COUNT),
    W(dmarc_row, dkim, ALIGNED_COUNT),
    W(dmarc_row, spf, ALIGNED_COUNT),
    S(dmarc_row, header_from),
    S(dmarc_row, envelope_from),
    S(dmarc_row, envelope_to),
    L(dmarc_row, reasons, n_reasons, FEEDBACK_MAX_REASONS, reason_shape),
    L(dmarc_row, dkim_results, n_dkim, FEEDBACK_MAX_RESULTS, auth_shape),
    L(dmarc_row, spf_results, n_spf, FEEDBACK_MAX_RESULTS, auth_shape),
};
static const struct shape row_shape = SHAPE(dmarc_row, row_fields);

static const struct field published_fields[] = {
    S(dmarc_published, domain),  S(dmarc_published, adkim),
    S(dmarc_published, aspf),    S(dmarc_published, p),
    S(dmarc_published, sp),      S(dmarc_published, np),
    S(dmarc_published, fo),      S(dmarc_published, pct),
    S(dmarc_published, testing), S(dmarc_published, discovery_method)};
static const struct shape published_shape = SHAPE(dmarc_published, published_fields);

static const struct field aggregate_fields[] = {
    S(dmarc_aggregate, version),
    S(dmarc_aggregate, ns),
    S(dmarc_aggregate, org_name),
    S(dmarc_aggregate, email),
    S(dmarc_aggregate, extra_contact),
    S(dmarc_aggregate, report_id),
    S(dmarc_aggregate, generator),
    S(dmarc_aggregate, error),
    I(dmarc_aggregate, begin_s),
    I(dmarc_aggregate, end_s),
    S(dmarc_aggregate, published.domain),
    S(dmarc_aggregate, published.adkim),
    S(dmarc_aggregate, published.aspf),
    S(dmarc_aggregate, published.p),
    S(dmarc_aggregate, published.sp),
    S(dmarc_aggregate, published.np),
    S(dmarc_aggregate, published.fo),
    S(dmarc_aggregate, published.pct),
    S(dmarc_aggregate, published.testing),
    S(dmarc_aggregate, published.discovery_method),
    L(dmarc_aggregate, rows, n_rows, FEEDBACK_MAX_ROWS, row_shape),
    U(dmarc_aggregate, messages),
};
static const struct shape aggregate_shape = SHAPE(dmarc_aggregate, aggregate_fields);

static const struct field tls_failure_fields[] = {
    S(tls_failure, result_type),    S(tls_failure, sending_ip),   S(tls_failure, receiving_mx),
    S(tls_failure, receiving_helo), S(tls_failure, receiving_ip), S(tls_failure, info),
    S(tls_failure, reason),         U(tls_failure, count)};
static const struct shape tls_failure_shape = SHAPE(tls_failure, tls_failure_fields);

static const struct field tls_result_fields[] = {
    S(tls_result, policy_type),
    S(tls_result, domain),
    L(tls_result, policy_strings, n_strings, FEEDBACK_MAX_LIST, text_shape),
    L(tls_result, mx_hosts, n_mx, FEEDBACK_MAX_LIST, text_shape),
    U(tls_result, successful),
    U(tls_result, failed),
    L(tls_result, failures, n_failures, FEEDBACK_MAX_TLS_FAILURES, tls_failure_shape),
};
static const struct shape tls_result_shape = SHAPE(tls_result, tls_result_fields);

static const struct field tls_fields[] = {
    S(tls_report, org_name),
    S(tls_report, contact),
    S(tls_report, report_id),
    S(tls_report, begin),
    S(tls_report, end),
    I(tls_report, begin_s),
    I(tls_report, end_s),
    L(tls_report, results, n_results, FEEDBACK_MAX_POLICIES, tls_result_shape),
    U(tls_report, successful),
    U(tls_report, failed),
};
static const struct shape tls_shape = SHAPE(tls_report, tls_fields);

static const struct field failure_fields[] = {
    S(failure_report, feedback_type),
    S(failure_report, user_agent),
    S(failure_report, version),
    S(failure_report, source),
    S(failure_report, arrival_date),
    S(failure_report, mail_from),
    S(failure_report, auth_failure),
    S(failure_report, delivery_result),
    S(failure_report, identity_alignment),
    S(failure_report, dkim_domain),
    S(failure_report, dkim_identity),
    S(failure_report, dkim_selector),
    S(failure_report, spf_dns),
    S(failure_report, reporting_mta),
    S(failure_report, envelope_id),
    S(failure_report, authentication_results),
    L(failure_report, domains, n_domains, FEEDBACK_MAX_LIST, text_shape),
    L(failure_report, uris, n_uris, FEEDBACK_MAX_LIST, text_shape),
    L(failure_report, rcpts, n_rcpts, FEEDBACK_MAX_LIST, text_shape),
    P(failure_report, ip),
    U(failure_report, incidents),
    I(failure_report, arrival_s),
    S(failure_report, original_part),
    S(failure_report, subject),
    S(failure_report, message_id),
    S(failure_report, from),
    S(failure_report, from_domain),
    S(failure_report, reporter),
    S(failure_report, report_id),
    I(failure_report, reported_s),
};
static const struct shape failure_shape = SHAPE(failure_report, failure_fields);

static const struct field problem_fields[] = {
    W(feedback_problem, kind, PROBLEM_COUNT),
    W(feedback_problem, gravity, GRAVITY_REFUSED + 1),
    S(feedback_problem, where),
    S(feedback_problem, text),
};
static const struct shape problem_shape = SHAPE(feedback_problem, problem_fields);

/* The one struct of an item, by its kind. */
static const struct {
    const struct shape *shape;
    size_t at;
} bodies[FEEDBACK_KIND_COUNT] = {
    [FEEDBACK_AGGREGATE] = {&aggregate_shape, offsetof(struct feedback_item, aggregate)},
    [FEEDBACK_FAILURE] = {&failure_shape, offsetof(struct feedback_item, failure)},
    [FEEDBACK_TLS] = {&tls_shape, offsetof(struct feedback_item, tls)},
};

/* ---- writing ---- */

static void put_ip(struct buf *out, const struct ip *ip)
{
    wire_put_u32(out, ip->family);
    wire_put_str(out, str_make((const char *)ip->octets, sizeof ip->octets));
}

/* As deep as the tables. */
static void put(struct buf *out, const struct shape *shape, const void *object)
{
    for (size_t i = 0; i < shape->n; i++) {
        const struct field *f = &shape->fields[i];
        const char *at = (const char *)object + f->at;
        const void *list;
        size_t n;
        switch (f->type) {
        case FIELD_STR:
            wire_put_str(out, *(const struct str *)(const void *)at);
            break;
        case FIELD_U64:
        case FIELD_I64:
            wire_put_u64(out, *(const uint64_t *)(const void *)at);
            break;
        case FIELD_IP:
            put_ip(out, (const struct ip *)(const void *)at);
            break;
        case FIELD_WORD:
            wire_put_u32(out, *(const unsigned *)(const void *)at);
            break;
        case FIELD_LIST:
            n = *(const size_t *)(const void *)((const char *)object + f->at_n);
            memcpy(&list, at, sizeof list);
            wire_put_u32(out, (uint32_t)n);
            for (size_t k = 0; k < n; k++)
                put(out, f->items, (const char *)list + k * f->items->size);
            break;
        }
    }
}

void feedback_item_pack(struct buf *out, const struct feedback_item *item)
{
    const void *body;
    memcpy(&body, (const char *)item + bodies[item->kind].at, sizeof body);
    wire_put_u32(out, item->kind);
    wire_put_str(out, item->place);
    put(out, bodies[item->kind].shape, body);
}

void feedback_content_pack(struct buf *out, const struct feedback_content *c)
{
    wire_put_u32(out, (uint32_t)c->n);
    for (size_t i = 0; i < c->n; i++)
        feedback_item_pack(out, &c->items[i]);
    wire_put_u32(out, (uint32_t)c->problems.n);
    for (size_t i = 0; i < c->problems.n; i++)
        put(out, &problem_shape, &c->problems.items[i]);
    wire_put_u64(out, c->problems.dropped);
    wire_put_u32(out, c->problems.worst);
}

/* ---- reading ---- */

static struct str get_text(struct wire_in *in)
{
    struct str s = wire_get_str(in, FEEDBACK_MAX_TEXT_BYTES, "text");
    wire_expect(in, utf8_valid(s), "text that is not UTF-8");
    return s;
}

static struct ip get_ip(struct wire_in *in)
{
    struct ip ip = {.family = (enum ip_family)wire_get_u32(in, IP_V6, "family of an address")};
    struct str octets = wire_get_str(in, sizeof ip.octets, "address");
    wire_expect(in, ip.family == IP_NONE || ip.family == IP_V4 || ip.family == IP_V6, "family");
    wire_expect(in, octets.n == sizeof ip.octets, "address");
    if (octets.n == sizeof ip.octets)
        memcpy(ip.octets, octets.p, octets.n);
    return ip;
}

static void get(struct arena *a, struct wire_in *in, const struct shape *shape, void *object);

static void get_list(struct arena *a, struct wire_in *in, const struct field *f, void *object)
{
    size_t n = wire_get_count(in, f->max, f->items->min_bytes, "length of a list");
    char *list = arena_alloc(a, n > 0 ? n : 1, f->items->size);
    wire_expect_memory(in, list != NULL);
    if (list == NULL)
        return;
    for (size_t k = 0; in->bad == NULL && k < n; k++)
        get(a, in, f->items, list + k * f->items->size);
    memcpy((char *)object + f->at, &list, sizeof list);
    memcpy((char *)object + f->at_n, &n, sizeof n);
}

static void get(struct arena *a, struct wire_in *in, const struct shape *shape, void *object)
{
    for (size_t i = 0; in->bad == NULL && i < shape->n; i++) {
        const struct field *f = &shape->fields[i];
        void *at = (char *)object + f->at;
        switch (f->type) {
        case FIELD_STR:
            *(struct str *)at = get_text(in);
            break;
        case FIELD_U64:
            *(uint64_t *)at = wire_get_u64(in, UINT64_MAX, "number");
            break;
        case FIELD_I64:
            *(int64_t *)at = (int64_t)wire_get_u64(in, INT64_MAX, "time");
            break;
        case FIELD_IP:
            *(struct ip *)at = get_ip(in);
            break;
        case FIELD_WORD:
            *(unsigned *)at = wire_get_u32(in, f->max, "word");
            break;
        case FIELD_LIST:
            get_list(a, in, f, object);
            break;
        }
    }
}

static void get_item(struct arena *a, struct wire_in *in, struct feedback_item *out)
{
    out->kind = (enum feedback_kind)wire_get_u32(in, FEEDBACK_KIND_COUNT - 1, "kind");
    out->place = get_text(in);
    if (in->bad != NULL)
        return;
    void *body = arena_alloc(a, 1, bodies[out->kind].shape->size);
    wire_expect_memory(in, body != NULL);
    if (body == NULL)
        return;
    get(a, in, bodies[out->kind].shape, body);
    memcpy((char *)out + bodies[out->kind].at, &body, sizeof body);
}

int feedback_content_unpack(struct arena *arena, struct str bytes, struct feedback_content *out,
                            struct mp_err *err)
{
    struct wire_in in = {.left = bytes};
    struct feedback_content c = {.problems = {.arena = arena}};
    c.n = wire_get_count(&in, FEEDBACK_MAX_ITEMS, STR_BYTES, "number of reports");
    c.items = arena_new(arena, struct feedback_item, FEEDBACK_MAX_ITEMS);
    c.problems.items = arena_new(arena, struct feedback_problem, FEEDBACK_MAX_PROBLEMS);
    wire_expect_memory(&in, c.items != NULL && c.problems.items != NULL);
    for (size_t i = 0; in.bad == NULL && i < c.n; i++)
        get_item(arena, &in, &c.items[i]);
    c.problems.n = wire_get_count(&in, FEEDBACK_MAX_PROBLEMS, problem_shape.min_bytes, "problems");
    for (size_t i = 0; in.bad == NULL && i < c.problems.n; i++)
        get(arena, &in, &problem_shape, &c.problems.items[i]);
    c.problems.dropped = wire_get_u64(&in, UINT64_MAX, "problems left out");
    c.problems.worst = (enum feedback_gravity)wire_get_u32(&in, GRAVITY_REFUSED, "gravity");
    wire_expect(&in, in.left.n == 0, "bytes are left at the end");
    if (in.starved)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for reports");
    if (in.bad != NULL)
        return mp_fail(err, MP_E_SYNTAX, 0, "answer of a reader of reports: %s", in.bad);
    *out = c;
    return MP_OK;
}

/* ---- alone ---- */

static int get_alone(struct arena *a, struct str bytes, const struct shape *shape, void *out,
                     struct mp_err *err)
{
    struct wire_in in = {.left = bytes};
    get(a, &in, shape, out);
    wire_expect(&in, in.left.n == 0, "bytes are left at the end");
    if (in.starved)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for reports");
    return in.bad == NULL ? MP_OK : mp_fail(err, MP_E_SYNTAX, 0, "a stored row: %s", in.bad);
}

void dmarc_row_pack(struct buf *out, const struct dmarc_row *row)
{
    put(out, &row_shape, row);
}

int dmarc_row_unpack(struct arena *arena, struct str bytes, struct dmarc_row *out,
                     struct mp_err *err)
{
    struct dmarc_row row = {0};
    int st = get_alone(arena, bytes, &row_shape, &row, err);
    if (st == MP_OK)
        *out = row;
    return st;
}

void dmarc_published_pack(struct buf *out, const struct dmarc_published *published)
{
    put(out, &published_shape, published);
}

int dmarc_published_unpack(struct arena *arena, struct str bytes, struct dmarc_published *out,
                           struct mp_err *err)
{
    struct dmarc_published published = {0};
    int st = get_alone(arena, bytes, &published_shape, &published, err);
    if (st == MP_OK)
        *out = published;
    return st;
}
