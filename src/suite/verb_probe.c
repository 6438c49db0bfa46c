/* probe: what every server of a target offers and answers, against what is expected. */
#include "suite/ask_internal.h"

struct probe_seen {
    struct work *w;
    const struct suite_step *step;
    const struct suite_probe *asked;
    const struct ask *ask;
};

static bool answers(const struct probe_server *s)
{
    return s->answered;
}

static size_t count_answering(const struct probe *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_servers; i++)
        n += answers(&p->servers[i]);
    return n;
}

static struct str group_of(const struct probe_seen *x, const struct probe_server *s)
{
    return arena_fmt(x->w->arena, "probe %.*s", STR_ARG(s->group));
}

/* The network of this machine has no way there. */
static bool is_out_of_reach(const struct probe *p, const struct probe_server *s)
{
    for (size_t i = 0; i < p->checks.n; i++) {
        const struct check *c = &p->checks.items[i];
        if (str_eq(c->group, s->group) && strcmp(c->name, "connect") == 0 &&
            check_status_of(c) == CHECK_SKIPPED)
            return true;
    }
    return false;
}

/* A server that gives no answer: one check says so, instead of all. */
static void judge_silent(const struct probe_seen *x, const struct suite_expect_server *e,
                         const struct probe_server *s)
{
    struct work *w = x->w;
    struct str why = ask_fault(w, &x->ask->probe, s);
    struct suite_place at = SUITE_GIVEN(e->answers) ? e->answers.at
                            : SUITE_GIVEN(*e)       ? e->at
                                                    : x->step->at;
    bool reachable = !is_out_of_reach(&x->ask->probe, s);
    if (!reachable && count_answering(&x->ask->probe) > 0) {
        judge_skip(w, group_of(x, s), "answers", at, STR("there is no way to it from here"));
        return;
    }
    /* What was not tried, or failed on our side, is no silence of the server. */
    bool tried = s->tried && reachable && s->fault != SMTP_FAULT_LOCAL;
    bool silent = tried && SUITE_GIVEN(e->answers) && !e->answers.value;
    struct judged j = silent           ? judged_if(true, STR("no answer"), why)
                      : ask_is_open(s) ? judged_open(STR("an answer"), why)
                                       : judged_if(false, STR("an answer"), why);
    judge_tell(w, group_of(x, s), "answers", at, &j);
}

static void judge_all(const struct probe_seen *x)
{
    const struct suite_expect_server *e = &x->asked->expect.all;
    const struct probe *p = &x->ask->probe;
    if (!judge_server_given(e))
        return;
    for (size_t i = 0; i < p->n_servers; i++) {
        struct server_seen s = {x->ask, &p->servers[i], x->asked};
        if (answers(s.server))
            judge_server(x->w, group_of(x, s.server), e, &s);
        else
            judge_silent(x, e, s.server);
    }
    if (p->n_servers == 0) {
        struct str why = p->route.reason.n > 0 ? p->route.reason : STR("it has no server");
        struct judged j = p->route.kind == ROUTE_FAILED ? judged_open(STR("servers"), why)
                                                        : judged_if(false, STR("servers"), why);
        judge_tell(x->w, STR("probe"), "servers", SUITE_GIVEN(*e) ? e->at : x->step->at, &j);
    }
}

/* At least one has all of it. */
static void judge_any(const struct probe_seen *x)
{
    const struct suite_expect_server *e = &x->asked->expect.any;
    const struct probe *p = &x->ask->probe;
    struct judged best = p->route.kind == ROUTE_FAILED
                             ? judged_open(STR("a server"), p->route.reason)
                             : judged_if(false, STR("a server"), STR("no server"));
    if (!judge_server_given(e))
        return;
    for (size_t i = 0; i < p->n_servers && best.verdict != JUDGE_MET; i++) {
        struct server_seen s = {x->ask, &p->servers[i], x->asked};
        struct judged j = judge_server_quietly(x->w, e, &s);
        j.got = arena_fmt(x->w->arena, "%.*s: %.*s", STR_ARG(s.server->group),
                          STR_ARG(j.verdict == JUDGE_OPEN ? j.note : j.got));
        if (j.verdict == JUDGE_MET || best.verdict != JUDGE_OPEN)
            best = j;
    }
    if (best.verdict == JUDGE_OPEN && best.got.n > 0)
        best.note = best.got;
    judge_tell(x->w, STR("probe"), "any-mx", SUITE_GIVEN(*e) ? e->at : x->step->at, &best);
}

/* ---- the target as a whole ---- */

static struct judged judge_servers(struct work *w, const void *expect, const void *seen)
{
    const struct suite_compare *c = &((const struct suite_expect_probe *)expect)->servers;
    const struct probe *p = &((const struct probe_seen *)seen)->ask->probe;
    size_t n = count_answering(p), open = 0;
    for (size_t i = 0; i < p->n_servers; i++)
        open += !answers(&p->servers[i]) && ask_is_open(&p->servers[i]) &&
                !(n > 0 && is_out_of_reach(p, &p->servers[i]));
    struct str got = arena_fmt(w->arena, "%zu of %zu answer", n, p->n_servers);
    if (p->route.kind == ROUTE_FAILED)
        return judged_open(c->text, p->route.reason.n > 0 ? p->route.reason : got);
    for (size_t i = 1; i <= open; i++) /* any of them may answer yet */
        if (suite_compare_holds(c, (int64_t)n) != suite_compare_holds(c, (int64_t)(n + i)))
            return judged_open(c->text, got);
    return judged_compare(c, (int64_t)n, got);
}

static struct judged judge_null_mx(struct work *w, const void *expect, const void *seen)
{
    const struct suite_flag *f = &((const struct suite_expect_probe *)expect)->null_mx;
    const struct route *r = &((const struct probe_seen *)seen)->ask->probe.route;
    (void)w;
    if (r->kind == ROUTE_FAILED)
        return judged_open(STR("null MX"), r->reason);
    return judged_flag(f, r->kind == ROUTE_NULL_MX, "null MX", "no null MX");
}

/* The check of the policy, where it says that nobody knows. */
static bool is_sts_open(const struct probe *p)
{
    for (size_t i = 0; i < p->checks.n; i++)
        if (strcmp(p->checks.items[i].name, "mta-sts") == 0 && p->checks.items[i].undecided)
            return true;
    return false;
}

static struct judged judge_sts_mode(struct work *w, const void *expect, const void *seen)
{
    int wanted = ((const struct suite_expect_probe *)expect)->sts.mode.value;
    const struct probe *p = &((const struct probe_seen *)seen)->ask->probe;
    struct str word = str_from(mta_sts_mode_name((enum mta_sts_mode)wanted));
    if (!p->has_sts && is_sts_open(p))
        return judged_open(word, p->sts_reason);
    bool same = p->has_sts ? (int)p->sts.mode == wanted : wanted == MTA_STS_NONE;
    return judged_if(same, word,
                     p->has_sts ? str_from(mta_sts_mode_name(p->sts.mode))
                                : arena_fmt(w->arena, "no policy: %.*s", STR_ARG(p->sts_reason)));
}

static struct judged judge_sts_mx(struct work *w, const void *expect, const void *seen)
{
    const struct suite_flag *f = &((const struct suite_expect_probe *)expect)->sts.matches_mx;
    const struct probe *p = &((const struct probe_seen *)seen)->ask->probe;
    struct str other = STR("");
    if (!p->has_sts)
        return is_sts_open(p)
                   ? judged_open(STR("every MX host is in the policy"), p->sts_reason)
                   : judged_if(!f->value, STR("every MX host is in the policy"), STR("no policy"));
    for (size_t i = 0; i < p->route.n_hosts; i++)
        if (!mta_sts_allows(&p->sts, p->route.hosts[i].name))
            other = p->route.hosts[i].name;
    struct judged j = judged_flag(f, other.n == 0, "every MX host is in the policy",
                                  "an MX host is not in the policy");
    if (other.n > 0)
        j.got = arena_fmt(w->arena, "%.*s is not in the policy", STR_ARG(other));
    return j;
}

static const struct judge_row rows[] = {
    {"servers", offsetof(struct suite_expect_probe, servers.at), judge_servers},
    {"null-mx", offsetof(struct suite_expect_probe, null_mx.at), judge_null_mx},
    {"mta-sts.mode", offsetof(struct suite_expect_probe, sts.mode.at), judge_sts_mode},
    {"mta-sts.matches-mx", offsetof(struct suite_expect_probe, sts.matches_mx.at), judge_sts_mx},
};

static bool is_complete(const struct probe *p)
{
    return !check_list_undecided(&p->checks);
}

/* Without a word about what is expected: nothing of severity high. */
static void judge_default(const struct probe_seen *x, size_t given)
{
    const struct suite_expect_probe *e = &x->asked->expect;
    struct suite_expect_findings f = {.tolerate = e->findings.tolerate,
                                      .fail_on = {.at = x->step->at, .value = SEV_HIGH}};
    if (given == 0 && !judge_server_given(&e->all) && !judge_server_given(&e->any) &&
        !judge_findings_given(&e->findings))
        judge_findings(x->w, STR("probe"), &f, &x->ask->probe.findings,
                       is_complete(&x->ask->probe));
}

static void add_metrics(struct work *w, const struct probe *p)
{
    for (size_t i = 0; i < p->n_servers; i++) {
        const struct tls_facts *t = &p->servers[i].client.tls;
        if (!t->has_leaf)
            continue;
        struct metric *m =
            work_metric(w, "mailproof_tls_cert_not_after_timestamp_seconds",
                        "When the certificate expires, Unix time.", (double)t->leaf.not_after_s);
        work_label(w, m, "host", p->servers[i].host->name);
    }
}

static void fill_options(const struct suite_probe *a, struct probe_options *o)
{
    o->mail_from = a->from;
    o->has_mail_from = a->has_from;
    o->rcpts = a->to;
    o->n_rcpts = a->n_to;
    o->catch_all = a->catch_all;
    o->retry_after_ms = a->retry_after_ms;
    o->injection_test = judge_findings_given(&a->expect.findings);
    if (!a->login)
        o->has_credentials = false;
}

int verb_probe(struct work *w, const struct suite_step *step, struct mp_err *err)
{
    const struct suite_probe *a = step->probe;
    struct ask *ask = NULL;
    int st = ask_prepare(w, a->host, &a->as, a->helo, a->target, &ask, err);
    if (st == MP_OK) {
        fill_options(a, &ask->options);
        st = ask_run(w, ask, "probe", err);
    }
    if (st == MP_OK) {
        struct probe_seen x = {w, step, a, ask};
        judge_all(&x);
        judge_any(&x);
        size_t given = judge_rows(w, STR("probe"), rows, ARRAY_LEN(rows), &a->expect, &x);
        judge_findings(w, STR("probe"), &a->expect.findings, &ask->probe.findings,
                       is_complete(&ask->probe));
        judge_default(&x, given);
        add_metrics(w, &ask->probe);
    }
    ask_clear(ask);
    return st;
}
