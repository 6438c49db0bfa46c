/* What the store is asked: one WHERE for all questions, one table row a question. */
#include "base/grow.h"
#include "feedback/store_internal.h"

/* ?1 kind (-1: any), ?2 domain, ?3 organization, ?4 and ?5 time, ?6 report, ?7 source, ?8 failing
 * alone, ?9 and ?10 how many from where. `d` is the domain that counts. */
#define WHERE(d)                                                                                   \
    " WHERE (?1 < 0 OR r.kind = ?1)"                                                               \
    " AND (?2 = '' OR " d " = ?2 OR substr(" d ", -length(?2) - 1) = '.' || ?2)"                   \
    " AND (?3 = '' OR r.org = ?3) AND (?4 = 0 OR r.end_s >= ?4) AND (?5 = 0 OR r.begin_s < ?5)"    \
    " AND (?6 = 0 OR r.id = ?6)"
#define WHERE_ROW                                                                                  \
    WHERE("r.domain")                                                                              \
    " AND (?7 = '' OR w.ip = ?7)"                                                                  \
    " AND (NOT ?8 OR NOT (w.dkim = 1 OR w.spf = 1))"
#define PAGE " LIMIT ?9 OFFSET ?10"
/* total() and not sum(): hostile counts must not overflow it. Read as whole numbers, saturated. */
#define ROW_SUMS                                                                                   \
    "total(w.count), total(w.count * (w.dkim = 1 OR w.spf = 1)), total(w.count * (w.dkim = 1)),"   \
    " total(w.count * (w.spf = 1)), total(w.count * (w.disposition = 3)),"                         \
    " total(w.count * (w.disposition = 4))"

_Static_assert(ALIGNED_PASS == 1 && DISPOSITION_QUARANTINE == 3 && DISPOSITION_REJECT == 4 &&
                   FEEDBACK_AGGREGATE == 0 && FEEDBACK_FAILURE == 1 && FEEDBACK_TLS == 2,
               "the numbers that stand in the texts");

/* Where a row of an answer is read from. */
struct reading {
    sqlite3_stmt *q;
    struct arena *arena;
    bool failed; /* no memory */
    int at;      /* the next column */
};

static struct str text(struct reading *r)
{
    return feedback_column(r->q, r->at++, r->arena, &r->failed);
}

static uint64_t count(struct reading *r)
{
    return feedback_column_u64(r->q, r->at++);
}

static int64_t when(struct reading *r)
{
    return sqlite3_column_int64(r->q, r->at++);
}

/* A word's number that may have been written by a newer version, or by somebody else. */
static unsigned word(struct reading *r, unsigned n)
{
    uint64_t v = count(r);
    return v < n ? (unsigned)v : 0;
}

static struct ip address(struct reading *r)
{
    struct ip ip = {0};
    ip_parse(text(r), &ip);
    return ip;
}

static struct feedback_sums sums(struct reading *r)
{
    struct feedback_sums s = {.messages = count(r)};
    s.passed = count(r);
    s.dkim_aligned = count(r);
    s.spf_aligned = count(r);
    s.quarantined = count(r);
    s.rejected = count(r);
    return s;
}

/* ---- one question ---- */

struct question {
    const char *sql;
    size_t size; /* of an item */
    void (*read)(struct reading *r, void *item);
};

/* What all lists look like. */
struct any_list {
    void *items;
    size_t n;
    bool more;
};

static void bind_filter(sqlite3_stmt *q, const struct feedback_filter *f, struct str domain,
                        size_t limit)
{
    char room[IP_TEXT_MAX];
    sqlite3_bind_int(q, 1, f->has_kind ? (int)f->kind : -1);
    feedback_bind(q, 2, domain);
    feedback_bind(q, 3, f->org);
    sqlite3_bind_int64(q, 4, f->from_s);
    sqlite3_bind_int64(q, 5, f->to_s);
    sqlite3_bind_int64(q, 6, f->report);
    feedback_bind(q, 7, feedback_ip_text(&f->source, room));
    sqlite3_bind_int(q, 8, f->failing);
    sqlite3_bind_int64(q, 9, (sqlite3_int64)limit + 1);
    sqlite3_bind_int64(q, 10, f->offset > INT64_MAX ? INT64_MAX : (sqlite3_int64)f->offset);
}

static int read_all(struct feedback_store *s, const struct question *what, sqlite3_stmt *q,
                    size_t limit, struct arena *a, struct any_list *out, struct mp_err *err)
{
    struct any_list list = {0};
    size_t cap = 0;
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        struct reading r = {.q = q, .arena = a};
        if (list.n == limit) {
            list.more = true;
            break;
        }
        list.items = list_room(a, list.items, list.n, &cap, what->size);
        if (list.items == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for an answer of the store");
        void *item = (char *)list.items + list.n++ * what->size;
        memset(item, 0, what->size);
        what->read(&r, item);
        if (r.failed)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for an answer of the store");
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return feedback_db_fail(s, err);
    *out = list;
    return MP_OK;
}

static int ask(struct feedback_store *s, const struct question *what,
               const struct feedback_filter *f, struct arena *a, struct any_list *out,
               struct mp_err *err)
{
    sqlite3_stmt *q = NULL;
    size_t limit = f->limit == 0 ? FEEDBACK_LIST_LIMIT : f->limit;
    limit = limit > FEEDBACK_LIST_MAX ? FEEDBACK_LIST_MAX : limit;
    struct str domain = arena_lower(a, f->domain.p == NULL ? STR("") : f->domain);
    if (domain.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a question to the store");
    feedback_db_lock(s);
    int st = feedback_db_prepare(s, what->sql, &q, err);
    if (st == MP_OK) {
        bind_filter(q, f, domain, limit);
        st = read_all(s, what, q, limit, a, out, err);
    }
    sqlite3_finalize(q);
    feedback_db_unlock(s);
    return st;
}

#define ASK(question, type, list)                                                                  \
    struct any_list any;                                                                           \
    int st = ask(s, &(question), f, a, &any, err);                                                 \
    if (st == MP_OK)                                                                               \
        *out = (struct list){(struct type *)any.items, any.n, any.more};                           \
    return st

/* ---- the questions ---- */

static void read_report(struct reading *r, void *item)
{
    struct feedback_stored *x = item;
    struct dmarc_published *p = &x->published;
    x->id = when(r);
    x->kind = (enum feedback_kind)word(r, FEEDBACK_KIND_COUNT);
    struct str *const texts[] = {&x->org,    &x->email,   &x->report_id,
                                 &x->domain, &x->version, &x->source,
                                 &p->p,      &p->sp,      &p->np,
                                 &p->adkim,  &p->aspf,    &p->fo,
                                 &p->pct,    &p->testing, &p->discovery_method};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = text(r);
    p->domain = x->domain;
    x->begin_s = when(r);
    x->end_s = when(r);
    x->received_s = when(r);
    x->messages = count(r);
    x->failed = count(r);
    x->problems = count(r);
}

int feedback_store_reports(struct feedback_store *s, const struct feedback_filter *f,
                           struct arena *a, struct feedback_stored_list *out, struct mp_err *err)
{
    static const struct question q = {
        "SELECT id, kind, org, email, report_id, domain, version, source, p, sp, np, adkim, aspf,"
        " fo, pct, testing, discovery, begin_s, end_s, received_s, messages, failed, problems"
        " FROM report r" WHERE("r.domain") " AND (NOT ?8 OR r.failed > 0)"
                                           " AND (?7 = '' OR EXISTS (SELECT 1 FROM row w WHERE "
                                           "w.report = r.id AND w.ip = ?7))"
                                           " ORDER BY r.end_s DESC, r.id DESC" PAGE,
        sizeof(struct feedback_stored), read_report};
    ASK(q, feedback_stored, feedback_stored_list);
}

static void read_domain(struct reading *r, void *item)
{
    struct feedback_domain *x = item;
    x->domain = text(r);
    x->policy = text(r);
    x->sums = sums(r);
    x->reports = count(r);
    x->sources = count(r);
    x->tls_ok = count(r);
    x->tls_failed = count(r);
    x->failure_reports = count(r);
    x->first_s = when(r);
    x->last_s = when(r);
}

/* The sums of a report stand in its row; of sources each is counted once. */
int feedback_store_domains(struct feedback_store *s, const struct feedback_filter *f,
                           struct arena *a, struct feedback_domain_list *out, struct mp_err *err)
{
    static const struct question q = {
        "WITH chosen AS (SELECT r.* FROM report r" WHERE(
            "r.domain") ")"
                        " SELECT domain, ifnull((SELECT p FROM chosen l WHERE l.domain = c.domain "
                        "AND l.kind = 0"
                        " ORDER BY l.end_s DESC, l.id DESC LIMIT 1), ''), total((kind = 0) * "
                        "messages),"
                        " total(passed), total(dkim_aligned), total(spf_aligned), "
                        "total(quarantined),"
                        " total(rejected), count(*),"
                        " (SELECT count(DISTINCT w.ip) FROM row w JOIN chosen k ON w.report = k.id"
                        "  WHERE k.domain = c.domain AND w.ip <> ''),"
                        " total((kind = 2) * (messages - failed)), total((kind = 2) * failed), "
                        "total(kind = 1),"
                        " min(begin_s), max(end_s) FROM chosen c GROUP BY domain ORDER BY 3 DESC, "
                        "domain" PAGE,
        sizeof(struct feedback_domain), read_domain};
    ASK(q, feedback_domain, feedback_domain_list);
}

static void read_source(struct reading *r, void *item)
{
    struct feedback_source *x = item;
    x->domain = text(r);
    x->ip = address(r);
    x->sums = sums(r);
    x->reports = count(r);
    x->dkim_passed = count(r);
    x->spf_passed = count(r);
    x->header_from = text(r);
    x->dkim_domain = text(r);
    x->spf_domain = text(r);
    x->reason = text(r);
    x->first_s = when(r);
    x->last_s = when(r);
}

int feedback_store_sources(struct feedback_store *s, const struct feedback_filter *f,
                           struct arena *a, struct feedback_source_list *out, struct mp_err *err)
{
    static const struct question q = {
        "SELECT r.domain, w.ip, " ROW_SUMS ", count(DISTINCT w.report),"
        " total(w.count * w.dkim_passed), total(w.count * w.spf_passed),"
        " ifnull(max(w.header_from), ''), ifnull(max(w.dkim_domain), ''),"
        " ifnull(max(w.spf_domain), ''), ifnull(max(w.reasons), ''), min(r.begin_s), max(r.end_s)"
        " FROM row w JOIN report r ON w.report = r.id" WHERE_ROW
        " GROUP BY r.domain, w.ip ORDER BY 3 DESC, r.domain, w.ip" PAGE,
        sizeof(struct feedback_source), read_source};
    ASK(q, feedback_source, feedback_source_list);
}

static void read_row(struct reading *r, void *item)
{
    struct feedback_row *x = item;
    x->report = when(r);
    x->begin_s = when(r);
    x->end_s = when(r);
    struct str *const heads[] = {&x->domain, &x->org, &x->report_id, &x->policy};
    for (size_t i = 0; i < ARRAY_LEN(heads); i++)
        *heads[i] = text(r);
    x->ip = address(r);
    x->count = count(r);
    x->disposition = (enum feedback_disposition)word(r, DISPOSITION_COUNT);
    x->dkim = (enum feedback_aligned)word(r, ALIGNED_COUNT);
    x->spf = (enum feedback_aligned)word(r, ALIGNED_COUNT);
    struct str *const texts[] = {&x->header_from, &x->envelope_from, &x->envelope_to,
                                 &x->reasons,     &x->dkim_results,  &x->spf_results};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = text(r);
}

int feedback_store_rows(struct feedback_store *s, const struct feedback_filter *f, struct arena *a,
                        struct feedback_row_list *out, struct mp_err *err)
{
    static const struct question q = {
        "SELECT r.id, r.begin_s, r.end_s, r.domain, r.org, r.report_id, r.p, w.ip, w.count,"
        " w.disposition, w.dkim, w.spf, w.header_from, w.envelope_from, w.envelope_to, w.reasons,"
        " w.dkim_results, w.spf_results FROM row w JOIN report r ON w.report = r.id" WHERE_ROW
        " ORDER BY w.count DESC, w.rowid" PAGE,
        sizeof(struct feedback_row), read_row};
    ASK(q, feedback_row, feedback_row_list);
}

static void read_day(struct reading *r, void *item)
{
    struct feedback_day *x = item;
    x->day_s = when(r);
    x->sums = sums(r);
}

int feedback_store_days(struct feedback_store *s, const struct feedback_filter *f, struct arena *a,
                        struct feedback_day_list *out, struct mp_err *err)
{
    static const struct question q = {"SELECT r.begin_s / 86400 * 86400 AS day, " ROW_SUMS
                                      " FROM row w JOIN report r ON w.report = r.id" WHERE_ROW
                                      " GROUP BY day ORDER BY day" PAGE,
                                      sizeof(struct feedback_day), read_day};
    ASK(q, feedback_day, feedback_day_list);
}

static void read_tls(struct reading *r, void *item)
{
    struct feedback_tls_row *x = item;
    x->report = when(r);
    x->begin_s = when(r);
    x->end_s = when(r);
    x->domain = text(r);
    x->org = text(r);
    x->policy_type = text(r);
    x->successful = count(r);
    x->failed = count(r);
    struct str *const texts[] = {&x->result_type,  &x->sending_ip, &x->receiving_mx,
                                 &x->receiving_ip, &x->reason,     &x->info};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = text(r);
}

int feedback_store_tls(struct feedback_store *s, const struct feedback_filter *f, struct arena *a,
                       struct feedback_tls_list *out, struct mp_err *err)
{
    static const struct question q = {
        "SELECT r.id, r.begin_s, r.end_s, t.domain, r.org, t.policy_type, t.successful, t.failed,"
        " '', '', '', '', '', '' FROM tls t JOIN report r ON t.report = r.id" WHERE(
            "t.domain") " AND (NOT ?8 OR t.failed > 0) ORDER BY t.failed DESC, t.successful DESC, "
                        "t.rowid" PAGE,
        sizeof(struct feedback_tls_row), read_tls};
    ASK(q, feedback_tls_row, feedback_tls_list);
}

int feedback_store_tls_failures(struct feedback_store *s, const struct feedback_filter *f,
                                struct arena *a, struct feedback_tls_list *out, struct mp_err *err)
{
    static const struct question q = {
        "SELECT r.id, r.begin_s, r.end_s, t.domain, r.org, t.policy_type, 0, t.failed,"
        " t.result_type, t.sending_ip, t.receiving_mx, t.receiving_ip, t.reason, t.info"
        " FROM tls_failure t JOIN report r ON t.report = r.id" WHERE(
            "t.domain") " AND (?7 = '' OR t.sending_ip = ?7) ORDER BY t.failed DESC, t.rowid" PAGE,
        sizeof(struct feedback_tls_row), read_tls};
    ASK(q, feedback_tls_row, feedback_tls_list);
}

static void read_failure(struct reading *r, void *item)
{
    struct feedback_failure *x = item;
    x->report = when(r);
    x->time_s = when(r);
    struct str *const texts[] = {&x->domain,
                                 &x->org,
                                 &x->type,
                                 &x->auth_failure,
                                 &x->delivery_result,
                                 &x->mail_from_domain,
                                 &x->from_domain,
                                 &x->dkim_domain,
                                 &x->dkim_selector,
                                 &x->user_agent};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = text(r);
    x->ip = address(r);
    x->incidents = count(r);
}

int feedback_store_failures(struct feedback_store *s, const struct feedback_filter *f,
                            struct arena *a, struct feedback_failure_list *out, struct mp_err *err)
{
    static const struct question q = {
        "SELECT r.id, t.time_s, r.domain, r.org, t.type, t.auth_failure, t.delivery_result,"
        " t.mail_from_domain, t.from_domain, t.dkim_domain, t.dkim_selector, t.user_agent, t.ip,"
        " t.incidents FROM failure t JOIN report r ON t.report = r.id" WHERE(
            "r.domain") " AND (?7 = '' OR t.ip = ?7) ORDER BY t.time_s DESC, r.id DESC" PAGE,
        sizeof(struct feedback_failure), read_failure};
    ASK(q, feedback_failure, feedback_failure_list);
}
