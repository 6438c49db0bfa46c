/* What the monitor found: suites and their tests, domains and their audits. */
#include "webapi/webapi_internal.h"

/* One suite, from the last run of each of its tests. */
struct suite {
    struct str name, schedule; /* schedule: empty: it is not, or not any more */
    unsigned tests, states[HISTORY_UNDECIDED + 1];
    int64_t since_ms, last_ms, elapsed_ms;
    struct str detail; /* of the first test that has not passed */
    enum history_run_state detail_state;
};
struct suites {
    struct arena *arena;
    struct str only; /* this one; empty: all */
    struct suite items[WEBAPI_MAX_SUITES];
    size_t n;
    int64_t last_seq;
    size_t page; /* rows of the page that is read */
};

static struct suite *suite_of(struct suites *all, struct str name)
{
    for (size_t i = 0; i < all->n; i++)
        if (str_eq(all->items[i].name, name))
            return &all->items[i];
    if (all->n == WEBAPI_MAX_SUITES)
        return NULL;
    struct suite *s = &all->items[all->n];
    *s = (struct suite){.name = arena_copy(all->arena, name)};
    if (s->name.p == NULL)
        return NULL;
    all->n++;
    return s;
}

/* How much a state tells about the whole: failed before undecided before passed. */
static int weight(enum history_run_state s)
{
    static const int weights[] = {
        [HISTORY_PASSED] = 0, [HISTORY_UNDECIDED] = 1, [HISTORY_FAILED] = 2};
    return weights[s];
}

static bool take_run(void *ctx, const struct history_run *r)
{
    struct suites *all = ctx;
    struct suite *s = suite_of(all, r->suite);
    all->page++;
    all->last_seq = r->seq;
    if (s == NULL)
        return true;
    s->tests++;
    s->states[r->state]++;
    s->elapsed_ms += r->duration_ms;
    if (r->time_ms > s->last_ms)
        s->last_ms = r->time_ms;
    if (r->state != HISTORY_PASSED &&
        (s->detail.p == NULL || weight(r->state) > weight(s->detail_state))) {
        s->detail = arena_fmt(all->arena, STR_FMT ": " STR_FMT, STR_ARG(r->name), STR_ARG(r->text));
        s->detail_state = r->state;
    }
    return true;
}

static bool take_change(void *ctx, const struct history_run *r)
{
    struct suites *all = ctx;
    struct suite *s = suite_of(all, r->suite);
    all->page++;
    all->last_seq = r->seq;
    if (s != NULL && r->time_ms > s->since_ms)
        s->since_ms = r->time_ms;
    return true;
}

/* All that match, page by page. */
static int each_run(struct webapi *w, struct history_run_query query, history_run_fn *fn,
                    struct suites *all, struct mp_err *err)
{
    enum { PAGES_MAX = 100 };
    int st = MP_OK;
    all->page = HISTORY_PAGE_MAX;
    for (int i = 0; st == MP_OK && i < PAGES_MAX && all->page == HISTORY_PAGE_MAX; i++) {
        all->page = 0;
        query.limit = HISTORY_PAGE_MAX;
        st = history_runs(w->c.history, &query, fn, all, err);
        query.before_seq = all->last_seq;
    }
    return st;
}

/* Also of those that have not run yet. */
static void take_schedule(void *of, const struct webapi_schedule *schedule)
{
    struct suites *all = of;
    struct suite *s = all->only.n == 0 || str_eq(all->only, schedule->suite)
                          ? suite_of(all, schedule->suite)
                          : NULL;
    if (s != NULL)
        s->schedule = arena_copy(all->arena, schedule->schedule);
}

static int read_suites(struct webapi *w, struct str only, struct arena *a, struct suites **out,
                       struct mp_err *err)
{
    struct suites *all = arena_new(a, struct suites, 1);
    struct history_run_query query = {.suite = only, .latest = true};
    if (all == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "the request needs more memory than allowed");
    all->arena = a;
    all->only = only;
    for (size_t i = 0; i < w->c.n_schedules; i++)
        take_schedule(all, &w->c.schedules[i]);
    if (w->c.service.schedules != NULL)
        w->c.service.schedules(w->c.service.ctx, take_schedule, all);
    int st = each_run(w, query, take_run, all, err);
    query.changes = true;
    if (st == MP_OK)
        st = each_run(w, query, take_change, all, err);
    *out = all;
    return st;
}

static const char *state_of(const struct suite *s)
{
    static const enum history_run_state order[] = {HISTORY_FAILED, HISTORY_UNDECIDED,
                                                   HISTORY_PASSED};
    for (size_t i = 0; i < ARRAY_LEN(order); i++)
        if (s->states[order[i]] != 0)
            return history_run_state_name(order[i]);
    return "pending";
}

static void write_suite(struct json *j, const struct suite *s)
{
    json_object_begin(j);
    json_kstr(j, "name", s->name);
    json_kopt(j, "schedule", s->schedule);
    json_kword(j, "state", state_of(s));
    json_ktime_ms(j, "since", s->since_ms);
    json_ktime_ms(j, "last_run", s->last_ms);
    json_kint(j, "tests", s->tests);
    json_kint(j, "failed", s->states[HISTORY_FAILED]);
    json_kint(j, "undecided", s->states[HISTORY_UNDECIDED]);
    json_key(j, "elapsed_ms");
    if (s->tests == 0)
        json_write_null(j);
    else
        json_int(j, s->elapsed_ms);
    json_kopt(j, "detail", s->detail);
    json_object_end(j);
}

int webapi_handle_monitor(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct webapi *w = ctx;
    struct suites *all;
    if (w->c.history == NULL)
        return webapi_not_kept(q, "history of a monitor");
    int st = httpd_query_known(q, NULL, 0, err);
    if (st == MP_OK)
        st = read_suites(w, STR_NONE, httpd_arena(q), &all, err);
    if (st != MP_OK)
        return st;
    struct json *j = httpd_json(q, 200);
    json_object_begin(j);
    json_key(j, "suites");
    json_array_begin(j);
    for (size_t i = 0; i < all->n; i++)
        write_suite(j, &all->items[i]);
    json_array_end(j);
    json_object_end(j);
    return MP_OK;
}

/* ---- one suite ---- */

struct writing {
    struct json *j;
    size_t n;
    int64_t last_seq;
};

static bool write_run(void *ctx, const struct history_run *r)
{
    struct writing *wr = ctx;
    struct json *j = wr->j;
    json_object_begin(j);
    json_kstr(j, "name", r->name);
    json_ktime_ms(j, "time", r->time_ms);
    json_kword(j, "state", history_run_state_name(r->state));
    json_kbool(j, "changed", r->changed);
    json_kword(j, "before",
               r->changed && r->before != r->state ? history_run_state_name(r->before) : NULL);
    json_kint(j, "elapsed_ms", r->duration_ms);
    json_kopt(j, "detail", r->text);
    json_object_end(j);
    wr->n++;
    wr->last_seq = r->seq;
    return true;
}

/* `limit`, `before`, `changes`. */
static int read_page(struct httpd_request *q, struct history_run_query *query, struct mp_err *err)
{
    uint64_t before = 0;
    query->limit = PAGE_DEFAULT;
    int st = webapi_query_limit(q, &query->limit, err);
    if (st == MP_OK)
        st = webapi_query_flag(q, "changes", &query->changes, err);
    if (st == MP_OK)
        st = httpd_query_uint(q, "before", INT64_MAX, &before, err);
    query->before_seq = (int64_t)before;
    return st;
}

static void put_next(struct json *j, const struct writing *wr, size_t limit)
{
    json_key(j, "next");
    if (wr->n < limit)
        json_write_null(j);
    else
        json_int(j, wr->last_seq);
}

static int write_runs(struct webapi *w, struct json *j, const char *key,
                      const struct history_run_query *query, struct writing *wr, struct mp_err *err)
{
    *wr = (struct writing){.j = j};
    json_key(j, key);
    json_array_begin(j);
    int st = history_runs(w->c.history, query, write_run, wr, err);
    json_array_end(j);
    return st;
}

int webapi_handle_monitor_suite(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    static const char *const known[] = {"limit", "test", "changes", "before"};
    struct webapi *w = ctx;
    struct suites *all;
    struct writing wr;
    struct history_run_query query = {.suite = httpd_path_param(q, "suite")},
                             last = {.suite = query.suite,
                                     .latest = true,
                                     .limit = WEBAPI_MAX_TESTS};
    if (w->c.history == NULL)
        return webapi_not_kept(q, "history of a monitor");
    int st = httpd_query_known(q, known, ARRAY_LEN(known), err);
    if (st == MP_OK)
        st = read_page(q, &query, err);
    if (st == MP_OK)
        st = read_suites(w, query.suite, httpd_arena(q), &all, err);
    if (st != MP_OK)
        return st;
    if (all->n == 0 || query.suite.n == 0)
        return httpd_problem(q, 404, "there is no such suite");
    httpd_query(q, "test", &query.name);
    struct json *j = httpd_json(q, 200);
    json_object_begin(j);
    json_key(j, "suite");
    write_suite(j, &all->items[0]);
    st = write_runs(w, j, "tests", &last, &wr, err);
    if (st == MP_OK)
        st = write_runs(w, j, "runs", &query, &wr, err);
    put_next(j, &wr, query.limit);
    json_object_end(j);
    return st;
}

/* ---- audits ---- */

static bool write_audit(void *ctx, const struct history_audit *a)
{
    struct writing *wr = ctx;
    struct json *j = wr->j;
    json_object_begin(j);
    json_kstr(j, "domain", a->domain);
    json_ktime_ms(j, "time", a->time_ms);
    json_kopt(j, "grade", a->grade);
    json_kint(j, "score", a->score);
    json_kbool(j, "changed", a->changed);
    json_kopt(j, "before", a->before);
    webapi_json_embed(j, "findings", a->findings);
    json_object_end(j);
    wr->n++;
    wr->last_seq = a->seq;
    return true;
}

int webapi_handle_audits(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct webapi *w = ctx;
    struct history_run_query query = {.latest = true, .limit = HISTORY_PAGE_MAX};
    struct writing wr = {0};
    if (w->c.history == NULL)
        return webapi_not_kept(q, "history of audits");
    int st = httpd_query_known(q, NULL, 0, err);
    if (st != MP_OK)
        return st;
    wr.j = httpd_json(q, 200);
    json_object_begin(wr.j);
    json_key(wr.j, "audits");
    json_array_begin(wr.j);
    st = history_audits(w->c.history, &query, write_audit, &wr, err);
    json_array_end(wr.j);
    json_object_end(wr.j);
    return st;
}

int webapi_handle_audit(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    static const char *const known[] = {"limit", "changes", "before"};
    struct webapi *w = ctx;
    struct history_run_query query = {.domain = httpd_path_param(q, "domain")};
    struct writing wr = {0};
    if (w->c.history == NULL)
        return webapi_not_kept(q, "history of audits");
    int st = httpd_query_known(q, known, ARRAY_LEN(known), err);
    if (st == MP_OK)
        st = read_page(q, &query, err);
    if (st != MP_OK)
        return st;
    if (query.domain.n == 0)
        return httpd_problem(q, 404, "there is no audit of such a domain");
    wr.j = httpd_json(q, 200);
    json_object_begin(wr.j);
    json_kstr(wr.j, "domain", query.domain);
    json_key(wr.j, "history");
    json_array_begin(wr.j);
    st = history_audits(w->c.history, &query, write_audit, &wr, err);
    json_array_end(wr.j);
    put_next(wr.j, &wr, query.limit);
    json_object_end(wr.j);
    if (st == MP_OK && wr.n == 0 && query.before_seq == 0)
        return httpd_problem(q, 404, "there is no audit of such a domain");
    return st;
}
