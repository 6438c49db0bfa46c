/* Bytes of any form into reports: what it is is seen by its first bytes, never by its name. */
#include "base/buf.h"
#include "feedback/read_internal.h"
#include "feeds/unpack.h"
#include "message/date.h"
#include "message/mime.h"

struct input {
    struct arena *arena;
    struct feedback_content content;
    struct mp_err *err;
    size_t tried; /* parts that should have been reports */
};

/* A mail's own facts, for the failure reports in it. */
struct carrier {
    const struct message *m;
    const struct mime_tree *tree;
    struct str from_domain, message_id;
    int64_t date_s;
};

static void refuse(struct input *in, enum feedback_problem_kind kind, const char *sentence)
{
    feedback_problem(&in->content.problems, kind, GRAVITY_REFUSED, STR(""), "%s", sentence);
}

static int no_memory(struct input *in)
{
    return mp_fail(in->err, MP_E_NOMEM, 0, "no memory for reports");
}

/* Room for one more; NULL: there are too many, which is told, or no memory. */
static struct feedback_item *add_item(struct input *in, enum feedback_kind kind)
{
    struct feedback_content *c = &in->content;
    if (c->items == NULL)
        c->items = arena_new(in->arena, struct feedback_item, FEEDBACK_MAX_ITEMS);
    c->problems.failed |= c->items == NULL;
    if (c->items == NULL)
        return NULL;
    if (c->n == FEEDBACK_MAX_ITEMS) {
        feedback_problem(&c->problems, PROBLEM_LIMIT, GRAVITY_PARTIAL, STR(""),
                         "more than %d reports in one mail: the rest is left out",
                         FEEDBACK_MAX_ITEMS);
        return NULL;
    }
    struct feedback_item *item = &c->items[c->n];
    *item = (struct feedback_item){.kind = kind, .place = c->problems.place};
    item->aggregate =
        kind == FEEDBACK_AGGREGATE ? arena_new(in->arena, struct dmarc_aggregate, 1) : NULL;
    item->tls = kind == FEEDBACK_TLS ? arena_new(in->arena, struct tls_report, 1) : NULL;
    item->failure =
        kind == FEEDBACK_FAILURE ? arena_new(in->arena, struct failure_report, 1) : NULL;
    bool made = item->aggregate != NULL || item->tls != NULL || item->failure != NULL;
    c->problems.failed |= !made;
    return made ? item : NULL;
}

/* ---- by the first bytes ---- */

enum form { FORM_XML, FORM_JSON, FORM_PACKED, FORM_OTHER };

static enum form form_of(struct str bytes)
{
    static const struct str utf16[] = {STR_INIT("\xff\xfe"), STR_INIT("\xfe\xff"), STR_INIT("<\0"),
                                       STR_INIT("\0<")};
    if (feed_is_packed(bytes))
        return FORM_PACKED;
    for (size_t i = 0; i < ARRAY_LEN(utf16); i++)
        if (str_starts(bytes, utf16[i]))
            return FORM_XML;
    if (str_starts(bytes, STR("\xef\xbb\xbf")))
        bytes = str_slice(bytes, 3, bytes.n);
    size_t n = 0;
    while (n < bytes.n && is_fws(bytes.p[n]))
        n++;
    char c = n < bytes.n ? bytes.p[n] : '\0';
    return c == '<' ? FORM_XML : c == '{' || c == '[' ? FORM_JSON : FORM_OTHER;
}

/* MP_E_SYNTAX of a reader is told in the problems. */
static int read_document(struct input *in, struct str bytes, enum form form)
{
    struct feedback_problems *p = &in->content.problems;
    if (bytes.n > FEEDBACK_MAX_BYTES) {
        refuse(in, PROBLEM_SIZE, "larger than any report that is read");
        return MP_OK;
    }
    struct feedback_item *item = add_item(in, form == FORM_XML ? FEEDBACK_AGGREGATE : FEEDBACK_TLS);
    if (item == NULL)
        return p->failed ? no_memory(in) : MP_OK;
    int st = form == FORM_XML ? dmarc_xml_read(in->arena, bytes, p, item->aggregate, in->err)
                              : tls_json_read(in->arena, bytes, p, item->tls, in->err);
    in->content.n += st == MP_OK;
    return st == MP_E_SYNTAX ? MP_OK : st;
}

static int read_packed(struct input *in, struct str bytes)
{
    struct buf out;
    struct mp_err why = {0};
    size_t by_ratio = bytes.n > FEEDBACK_MAX_BYTES / FEEDBACK_MAX_RATIO
                          ? FEEDBACK_MAX_BYTES
                          : bytes.n * FEEDBACK_MAX_RATIO;
    bool ratio = by_ratio > FEEDBACK_RATIO_FREE_MAX_BYTES && by_ratio < FEEDBACK_MAX_BYTES;
    buf_init(&out,
             by_ratio > FEEDBACK_RATIO_FREE_MAX_BYTES ? by_ratio : FEEDBACK_RATIO_FREE_MAX_BYTES);
    int st = feed_unpack(bytes, &out, &why);
    enum form form = st == MP_OK ? form_of(buf_str(&out)) : FORM_OTHER;
    if (st == MP_E_LIMIT) {
        refuse(in,
               ratio || by_ratio <= FEEDBACK_RATIO_FREE_MAX_BYTES ? PROBLEM_RATIO : PROBLEM_SIZE,
               "more is packed in it than any report holds");
        st = MP_OK;
    } else if (st == MP_E_SYNTAX) {
        refuse(in, PROBLEM_PACKED, why.text);
        st = MP_OK;
    } else if (st == MP_OK && (form == FORM_XML || form == FORM_JSON)) {
        st = read_document(in, buf_str(&out), form);
    } else if (st == MP_OK) {
        refuse(in, form == FORM_PACKED ? PROBLEM_PACKED : PROBLEM_NOT_A_REPORT,
               form == FORM_PACKED ? "packed in what is packed" : "what is packed is no report");
    } else {
        st = no_memory(in);
    }
    buf_clear(&out);
    return st;
}

/* ---- failure reports: with the mail that they are about ---- */

static struct str field(struct input *in, const struct message *m, struct str name)
{
    const struct header *h = header_first(m, name);
    struct str s =
        h == NULL ? STR("") : feedback_text(in->arena, header_unfold(in->arena, h->value));
    in->content.problems.failed |= s.p == NULL;
    return s;
}

/* What is enclosed: a message, or its head alone. */
static int read_original(struct input *in, const struct mime_part *part, struct str bytes,
                         struct failure_report *out)
{
    struct message m;
    int st = message_parse(in->arena, bytes, &m, in->err);
    if (st != MP_OK)
        return st == MP_E_LIMIT ? MP_OK : st;
    const struct str pieces[] = {part->type, STR("/"), part->subtype};
    out->original_part = arena_join(in->arena, pieces, 3);
    out->subject = field(in, &m, STR("Subject"));
    out->message_id = field(in, &m, STR("Message-ID"));
    out->from = field(in, &m, STR("From"));
    out->from_domain = feedback_text(in->arena, feedback_address_domain(out->from));
    in->content.problems.failed |= out->original_part.p == NULL || out->from_domain.p == NULL;
    return MP_OK;
}

static struct str body_of(struct input *in, const struct carrier *c, const struct mime_part *part)
{
    size_t bad;
    struct str body =
        str_slice(c->m->raw, part->body_offset, part->body_offset + part->body_length);
    struct str s = transfer_decode(in->arena, body, part->encoding, &bad);
    in->content.problems.failed |= s.p == NULL;
    return s;
}

static bool is_type(const struct mime_part *p, const char *type, const char *subtype)
{
    return str_eq(p->type, str_from(type)) && str_eq(p->subtype, str_from(subtype));
}

static bool is_original(const struct mime_part *p)
{
    return is_type(p, "message", "rfc822") || is_type(p, "message", "global") ||
           is_type(p, "text", "rfc822-headers") || is_type(p, "text", "rfc822-header") ||
           is_type(p, "message", "rfc822-headers");
}

/* The part behind it of the same parent; some senders enclose nothing. */
static int read_enclosed(struct input *in, const struct carrier *c, size_t at,
                         struct failure_report *out)
{
    for (size_t i = at + 1; i < c->tree->n; i++) {
        const struct mime_part *p = &c->tree->parts[i];
        if (p->parent == c->tree->parts[at].parent && is_original(p))
            return read_original(in, p, body_of(in, c, p), out);
    }
    return MP_OK;
}

static int read_failure(struct input *in, const struct carrier *c, size_t at)
{
    struct str body = body_of(in, c, &c->tree->parts[at]);
    struct feedback_item *item = add_item(in, FEEDBACK_FAILURE);
    if (item == NULL || body.p == NULL)
        return in->content.problems.failed ? no_memory(in) : MP_OK;
    int st = arf_read(in->arena, body, &in->content.problems, item->failure, in->err);
    if (st == MP_OK)
        st = read_enclosed(in, c, at, item->failure);
    if (st != MP_OK)
        return st == MP_E_SYNTAX ? MP_OK : st;
    item->failure->reporter = c->from_domain;
    item->failure->report_id = c->message_id;
    item->failure->reported_s = c->date_s;
    in->content.n++;
    return MP_OK;
}

/* ---- mails ---- */

/* Does it say, by its type or its name, that it is a report? */
static bool claims(const struct mime_part *p)
{
    static const struct str subtypes[] = {STR_INIT("gzip"),
                                          STR_INIT("x-gzip"),
                                          STR_INIT("gzip-compressed"),
                                          STR_INIT("gzipped"),
                                          STR_INIT("zip"),
                                          STR_INIT("x-zip"),
                                          STR_INIT("x-zip-compressed"),
                                          STR_INIT("xml"),
                                          STR_INIT("tlsrpt+gzip"),
                                          STR_INIT("tlsrpt+json"),
                                          STR_INIT("json")};
    static const struct str names[] = {STR_INIT(".xml"), STR_INIT(".gz"), STR_INIT(".zip"),
                                       STR_INIT(".json")};
    for (size_t i = 0; i < ARRAY_LEN(subtypes); i++)
        if (str_eq(p->subtype, subtypes[i]) &&
            (str_eq(p->type, STR("application")) || str_eq(p->type, STR("text"))))
            return true;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_iends(p->filename, names[i]))
            return true;
    return false;
}

static int read_part(struct input *in, const struct carrier *c, size_t at)
{
    const struct mime_part *p = &c->tree->parts[at];
    if (is_type(p, "message", "feedback-report")) {
        in->tried++;
        return read_failure(in, c, at);
    }
    if (p->is_multipart || p->is_message || str_eq(p->type, STR("image")) ||
        (is_type(p, "text", "html") && !claims(p)) || is_original(p))
        return MP_OK;
    struct str body = body_of(in, c, p);
    if (body.p == NULL)
        return no_memory(in);
    enum form form = form_of(body);
    bool is_text = str_eq(p->type, STR("text")) && !claims(p);
    if (form == FORM_OTHER || (is_text && form == FORM_JSON)) {
        if (claims(p)) {
            in->tried++;
            refuse(in, PROBLEM_NOT_WELL_FORMED,
                   "called a report, and neither packed, XML nor JSON");
        }
        return MP_OK;
    }
    in->tried++;
    return form == FORM_PACKED ? read_packed(in, body) : read_document(in, body, form);
}

/* An abuse report is about a mail: what is in that one is no report to us. */
static bool is_inside_original(const struct mime_tree *tree, size_t at, bool has_failure)
{
    for (int32_t i = tree->parts[at].parent; has_failure && i >= 0; i = tree->parts[i].parent)
        if (tree->parts[i].is_message)
            return true;
    return false;
}

static struct str place_of(struct input *in, const struct mime_part *p)
{
    struct str path = p->path.n > 0 ? p->path : STR("1");
    struct str s = arena_fmt(in->arena, "part " STR_FMT "%s" STR_FMT, STR_ARG(path),
                             p->filename.n > 0 ? ", " : "", STR_ARG(p->filename));
    s = feedback_text(in->arena, s);
    in->content.problems.failed |= s.p == NULL;
    return s;
}

static int read_parts(struct input *in, struct carrier *c)
{
    bool has_failure = false;
    int st = MP_OK;
    for (size_t i = 0; i < c->tree->n; i++)
        has_failure |= is_type(&c->tree->parts[i], "message", "feedback-report");
    for (size_t i = 0; st == MP_OK && i < c->tree->n; i++) {
        if (is_inside_original(c->tree, i, has_failure))
            continue;
        in->content.problems.place = place_of(in, &c->tree->parts[i]);
        st = in->content.problems.failed ? no_memory(in) : read_part(in, c, i);
    }
    in->content.problems.place = STR("");
    if (!c->tree->complete)
        feedback_problem(&in->content.problems, PROBLEM_LIMIT, GRAVITY_PARTIAL, STR(""),
                         "more parts than are looked at");
    return st;
}

/* Files of old Macs have CR alone. p == NULL without memory. */
static struct str with_line_ends(struct arena *a, struct str s)
{
    if (str_has(s, '\n') || !str_has(s, '\r'))
        return s;
    char *p = arena_new(a, char, 2 * s.n + 1);
    size_t n = 0;
    for (size_t i = 0; p != NULL && i < s.n; i++) {
        p[n++] = s.p[i];
        if (s.p[i] == '\r')
            p[n++] = '\n';
    }
    return str_make(p, n);
}

static int read_mail(struct input *in, struct str bytes)
{
    struct message m;
    struct mime_tree tree;
    struct mail_date date;
    bytes = with_line_ends(in->arena, bytes);
    if (bytes.p == NULL && bytes.n > 0)
        return no_memory(in);
    int st = message_parse(in->arena, bytes, &m, in->err);
    if (st == MP_E_LIMIT) {
        refuse(in, PROBLEM_SIZE, "larger than any mail that is read");
        return MP_OK;
    }
    if (st == MP_OK && m.n_headers == 0) {
        refuse(in, PROBLEM_NOT_A_REPORT, "neither a mail nor packed, XML or JSON");
        return MP_OK;
    }
    if (st == MP_OK)
        st = mime_parse(in->arena, &m, &tree, in->err);
    if (st != MP_OK)
        return st;
    struct carrier c = {.m = &m, .tree = &tree, .message_id = field(in, &m, STR("Message-ID"))};
    c.from_domain = feedback_text(in->arena, feedback_address_domain(field(in, &m, STR("From"))));
    if (date_parse(field(in, &m, STR("Date")), &date) && date.unix_s > 0)
        c.date_s = date.unix_s;
    st = read_parts(in, &c);
    if (st == MP_OK && in->tried == 0)
        refuse(in, PROBLEM_NOT_A_REPORT, "a mail without a report");
    return st;
}

int feedback_read(struct arena *arena, struct str bytes, struct feedback_content *out,
                  struct mp_err *err)
{
    struct input in = {.arena = arena, .content.problems.arena = arena, .err = err};
    enum form form = form_of(bytes);
    in.content.problems.place = STR("");
    int st = form == FORM_PACKED  ? read_packed(&in, bytes)
             : form == FORM_OTHER ? read_mail(&in, bytes)
                                  : read_document(&in, bytes, form);
    if (st == MP_OK && in.content.problems.failed)
        st = no_memory(&in);
    if (st == MP_OK)
        *out = in.content;
    return st;
}
