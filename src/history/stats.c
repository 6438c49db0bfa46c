/* Statistics: sums over the counts that are kept beside the mails. */
#include "history/history_internal.h"

enum { MINUTE_S = 60, MINUTE_MS = 60000, HOUR_MS = 3600000 };
#define HOURS_END (INT64_MAX / HOUR_MS) /* later than any */

static uint64_t count(sqlite3_stmt *q, int column)
{
    return db_u64(q, column, INT64_MAX);
}

/* Whole units that touch [from, to). */
static void bind_range(sqlite3_stmt *q, int64_t from_ms, int64_t to_ms, int64_t unit_ms)
{
    sqlite3_bind_int64(q, 1, from_ms / unit_ms);
    sqlite3_bind_int64(q, 2, to_ms <= 0 ? INT64_MAX : (to_ms - 1) / unit_ms);
}

/* Whole days within, and the hours on both sides of them: ?1 to ?2, ?5 to ?6, days ?7 to ?8. */
static void bind_days(sqlite3_stmt *q, int64_t from_ms, int64_t to_ms)
{
    int64_t from = from_ms / HOUR_MS, to = to_ms <= 0 ? HOURS_END : (to_ms - 1) / HOUR_MS;
    int64_t day = (from + 23) / 24, end = (to + 1) / 24; /* days [day, end) */
    bool whole = day < end;
    const int64_t values[] = {from,           whole ? day * 24 - 1 : to, whole ? end * 24 : 1,
                              whole ? to : 0, whole ? day : 1,           whole ? end - 1 : 0};
    static const int places[] = {1, 2, 5, 6, 7, 8};
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        sqlite3_bind_int64(q, places[i], values[i]);
}

static size_t rows(size_t limit)
{
    return limit == 0 || limit > HISTORY_ROWS_MAX ? HISTORY_ROWS_MAX : limit;
}

/* One query with a range of time and a limit, its rows given to `row`. */
struct asked {
    const char *sql;
    int64_t from_ms, to_ms, unit_ms, third;
    struct str text; /* ?4, when p != NULL */
    bool by_days;    /* see bind_days */
    bool (*row)(void *ctx, sqlite3_stmt *q);
    void *ctx;
};

static int ask(struct history *h, const struct asked *a, struct mp_err *err)
{
    struct reader r;
    sqlite3_stmt *q;
    int rc = SQLITE_ROW, st = reader_take(h, &r, err);
    if (st != MP_OK)
        return st;
    st = db_prepare(&h->spec, r.db, a->sql, &q, err);
    if (st == MP_OK) {
        if (a->by_days)
            bind_days(q, a->from_ms, a->to_ms);
        else
            bind_range(q, a->from_ms, a->to_ms, a->unit_ms);
        sqlite3_bind_int64(q, 3, a->third);
        if (a->text.p != NULL)
            db_bind(q, 4, a->text);
        while ((rc = sqlite3_step(q)) == SQLITE_ROW && a->row(a->ctx, q))
            ;
        st = reader_end(&r, q, rc, err);
    }
    reader_give(&r);
    return st;
}

/* ---- by time ---- */

struct counting {
    history_count_fn *fn;
    void *ctx;
    struct history_count now;
    bool any, stopped;
};

static bool end_bucket(struct counting *c)
{
    if (c->any && !c->stopped)
        c->stopped = !c->fn(c->ctx, &c->now);
    c->any = false;
    return !c->stopped;
}

/* One bucket's mails of one outcome; buckets come in order. */
static bool count_row(void *ctx, sqlite3_stmt *q)
{
    struct counting *c = ctx;
    int64_t start_ms = sqlite3_column_int64(q, 0) * MINUTE_MS;
    uint64_t done = count(q, 1), messages = count(q, 2);
    if (c->any && c->now.start_ms != start_ms && !end_bucket(c))
        return false;
    if (!c->any)
        c->now = (struct history_count){.start_ms = start_ms};
    c->any = true;
    *(done < HISTORY_ACTIONS ? &c->now.done[done] : &c->now.other) += messages;
    c->now.messages += messages;
    c->now.incomplete += count(q, 3);
    c->now.bytes += count(q, 4);
    c->now.elapsed_us += count(q, 5);
    return true;
}

int history_counts(struct history *h, int64_t from_ms, int64_t to_ms, uint32_t bucket_s,
                   struct str mode, history_count_fn *fn, void *ctx, struct mp_err *err)
{
    int64_t minutes = bucket_s <= MINUTE_S ? 1 : (bucket_s + MINUTE_S - 1) / MINUTE_S;
    struct counting c = {.fn = fn, .ctx = ctx};
    if (to_ms > from_ms && (to_ms - from_ms) / MINUTE_MS / minutes > HISTORY_BUCKETS_MAX)
        return mp_fail(err, MP_E_LIMIT, HISTORY_BUCKETS_MAX,
                       "more than %d buckets: ask for longer ones, or less time",
                       HISTORY_BUCKETS_MAX);
    /* In the order of the table's key, summed up here: nothing to sort. */
    const struct asked a = {.sql = "SELECT minute / ?3 * ?3, done, messages, incomplete, bytes,"
                                   " elapsed_us FROM minute WHERE minute BETWEEN ?1 AND ?2"
                                   " AND (?4 = '' OR mode = ?4) ORDER BY minute",
                            .from_ms = from_ms,
                            .to_ms = to_ms,
                            .unit_ms = MINUTE_MS,
                            .third = minutes,
                            .text = mode.n == 0 ? STR("") : mode,
                            .row = count_row,
                            .ctx = &c};
    int st = ask(h, &a, err);
    if (st == MP_OK)
        end_bucket(&c);
    return st;
}

/* ---- by domain, by finding ---- */

struct telling {
    history_auth_fn *auth;
    history_finding_fn *finding;
    void *ctx;
};

static bool auth_row(void *ctx, sqlite3_stmt *q)
{
    const struct telling *t = ctx;
    struct history_auth a = {.domain = str_slice(db_text(q, 0), 0, SUMMARY_MAX_TEXT_BYTES)};
    uint64_t *const counts[] = {&a.messages,   &a.spf_pass,   &a.spf_fail,     &a.spf_aligned,
                                &a.dkim_pass,  &a.dkim_fail,  &a.dkim_aligned, &a.dmarc_pass,
                                &a.dmarc_fail, &a.dmarc_none, &a.arc_pass,     &a.arc_fail};
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        *counts[i] = count(q, (int)i + 1);
    return t->auth(t->ctx, &a);
}

#define AUTH_COUNTS                                                                                \
    "domain, messages, spf_pass, spf_fail, spf_aligned, dkim_pass, dkim_fail, dkim_aligned,"       \
    " dmarc_pass, dmarc_fail, dmarc_none, arc_pass, arc_fail"

int history_auth(struct history *h, int64_t from_ms, int64_t to_ms, size_t limit,
                 history_auth_fn *fn, void *ctx, struct mp_err *err)
{
    struct telling t = {.auth = fn, .ctx = ctx};
    const struct asked a = {
        .sql = "SELECT domain, sum(messages) AS n, sum(spf_pass), sum(spf_fail), sum(spf_aligned),"
               " sum(dkim_pass), sum(dkim_fail), sum(dkim_aligned), sum(dmarc_pass),"
               " sum(dmarc_fail), sum(dmarc_none), sum(arc_pass), sum(arc_fail) FROM"
               " (SELECT " AUTH_COUNTS " FROM hour_auth WHERE hour BETWEEN ?1 AND ?2 UNION ALL"
               " SELECT " AUTH_COUNTS " FROM hour_auth WHERE hour BETWEEN ?5 AND ?6 UNION ALL"
               " SELECT " AUTH_COUNTS " FROM day_auth WHERE day BETWEEN ?7 AND ?8)"
               " GROUP BY domain ORDER BY n DESC, domain LIMIT ?3",
        .from_ms = from_ms,
        .to_ms = to_ms,
        .unit_ms = HOUR_MS,
        .third = (int64_t)rows(limit),
        .by_days = true,
        .row = auth_row,
        .ctx = &t};
    return ask(h, &a, err);
}

static bool finding_row(void *ctx, sqlite3_stmt *q)
{
    const struct telling *t = ctx;
    struct history_finding f = {.id = str_slice(db_text(q, 0), 0, HISTORY_NAME_BYTES),
                                .worst = (enum severity)db_u64(q, 1, SEV_CRITICAL),
                                .messages = count(q, 2),
                                .count = count(q, 3)};
    return t->finding(t->ctx, &f);
}

int history_findings(struct history *h, int64_t from_ms, int64_t to_ms, size_t limit,
                     history_finding_fn *fn, void *ctx, struct mp_err *err)
{
    struct telling t = {.finding = fn, .ctx = ctx};
    const struct asked a = {
        .sql = "SELECT (SELECT text FROM name WHERE n = name), max(worst), sum(messages) AS all_n,"
               " sum(count) FROM hour_finding WHERE hour BETWEEN ?1 AND ?2 GROUP BY name"
               " ORDER BY all_n DESC, name LIMIT ?3",
        .from_ms = from_ms,
        .to_ms = to_ms,
        .unit_ms = HOUR_MS,
        .third = (int64_t)rows(limit),
        .row = finding_row,
        .ctx = &t};
    return ask(h, &a, err);
}

/* ---- totals ---- */

static bool total_row(void *ctx, sqlite3_stmt *q)
{
    struct history_totals *t = ctx;
    *t = (struct history_totals){.messages = count(q, 0),
                                 .reports = count(q, 1),
                                 .bodies = count(q, 2),
                                 .runs = count(q, 3),
                                 .audits = count(q, 4),
                                 .counted = count(q, 5),
                                 .oldest_ms = (int64_t)count(q, 6),
                                 .newest_ms = (int64_t)count(q, 7),
                                 .bytes = count(q, 8)};
    return false;
}

int history_totals(struct history *h, struct history_totals *out, struct mp_err *err)
{
    struct history_totals t = {0};
    const struct asked a = {
        .sql = "SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM report),"
               " (SELECT count(*) FROM body), (SELECT count(*) FROM run),"
               " (SELECT count(*) FROM audit), (SELECT ifnull(sum(messages), 0) FROM minute),"
               " (SELECT ifnull(min(time_ms), 0) FROM message),"
               " (SELECT ifnull(max(time_ms), 0) FROM message),"
               " (SELECT page_size * (page_count - freelist_count) FROM pragma_page_size,"
               " pragma_page_count, pragma_freelist_count)"
               " WHERE ?1 = ?1 OR ?2 = ?3",
        .unit_ms = 1,
        .row = total_row,
        .ctx = &t};
    int st = ask(h, &a, err);
    if (st == MP_OK)
        *out = t;
    return st;
}
