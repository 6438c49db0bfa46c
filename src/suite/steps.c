/* One case, made: its verbs in order, each with its request and what it expects. */
#include "flow/target.h"
#include "suite/keys.h"
#include "suite/plan.h"

enum { STEPS_OF_A_VERB_MAX = 50 };

/* A case in the making. */
struct making {
    struct decoder *d;
    const struct node *test, *expect; /* expect: of the test; NULL: none */
    const struct raw_test *raw;
    enum suite_verb main; /* whose expectation that is */
    struct suite_case *out;
    struct suite_send *send;
};

static void *make(struct making *m, size_t size)
{
    void *p = arena_alloc(m->d->arena, 1, size);
    if (p == NULL)
        out_of_memory(m->d);
    return p;
}

static const struct node *child(const struct node *map, const char *key)
{
    const struct pair *p = node_find(map, str_from(key));
    return p == NULL ? NULL : p->value;
}

/* What the verb itself expects, and over it what the test does. */
static bool decode_expect(struct making *m, const struct node *verb, const struct node *test_part,
                          const struct context *c, void *into)
{
    struct node *own = (struct node *)(uintptr_t)child(verb, "expect");
    struct node *merged = node_merge(m->d->arena, own, (struct node *)(uintptr_t)test_part);
    if (merged == NULL && (own != NULL || test_part != NULL)) {
        out_of_memory(m->d);
        return false;
    }
    return decode(m->d, merged, c, into);
}

static const struct node *expect_of(const struct making *m, enum suite_verb v)
{
    return m->main == v ? m->expect : NULL;
}

/* ---- hosts ---- */

static const char *host_name(const struct suite_host *h, struct shown *room)
{
    return shown(h->name, room);
}

static bool check_server(struct making *m, const struct node *n, const struct suite_host *h)
{
    struct shown name;
    if (h == NULL || h->kind != SUITE_HOST_MAILBOX)
        return true;
    problem(m->d, &n->at, "'%s' is a mailbox, and no server to send to", host_name(h, &name));
    return false;
}

/* XCLIENT and PROXY tell who we pretend to be. */
static bool check_as(struct making *m, const struct suite_as *as, const struct suite_host *h)
{
    struct shown name;
    if (as->at.line == 0 || h == NULL || h->xclient || (h->sink != NULL && h->sink->xclient) ||
        (h->proxy.version != 0 && as->addr.family != IP_NONE))
        return true;
    problem(m->d, &as->at, "host '%s' does not say 'xclient: allowed'", host_name(h, &name));
    return false;
}

static bool check_login(struct making *m, const struct node *n, const struct suite_host *h)
{
    struct shown name;
    if (h == NULL || h->has_auth)
        return true;
    problem(m->d, &n->at, "host '%s' has no 'auth'", host_name(h, &name));
    return false;
}

/* ---- probe ---- */

static bool check_target(struct making *m, const struct node *n, struct str url)
{
    struct target t;
    struct mp_err err = {0};
    if (str_search(url, STR("${")) < url.n || target_parse(m->d->arena, url, &t, &err) == MP_OK)
        return true;
    problem(m->d, &n->at, "%s", err.text);
    return false;
}

static bool make_probe(struct making *m, const struct node *n, struct suite_step *step)
{
    struct suite_probe *p = step->probe = make(m, sizeof *p);
    const struct node *mx = child(n, "mx-of"), *url = child(n, "url"), *host = child(n, "host");
    if (p == NULL)
        return false;
    bool ok = decode(m->d, n, &context_probe, p);
    ok &= decode_expect(m, n, expect_of(m, SUITE_PROBE), &context_expect_probe, &p->expect);
    if ((mx != NULL) + (url != NULL) + (host != NULL) != 1) {
        problem(m->d, &n->at, "a probe needs one of 'mx-of', 'url' and 'host'");
        return false;
    }
    if (!ok)
        return false;
    p->mx_of = mx != NULL;
    p->catch_all = p->expect.all.catch_all.at.line != 0 || p->expect.any.catch_all.at.line != 0;
    if (p->host != NULL)
        p->target = p->host->url;
    ok = url == NULL || check_target(m, url, p->target);
    ok &= check_server(m, n, p->host) && check_as(m, &p->as, p->host);
    if (p->login && p->host == NULL) {
        problem(m->d, &n->at, "to log in, a probe needs a 'host' with 'auth'");
        return false;
    }
    return ok && (!p->login || check_login(m, n, p->host));
}

/* ---- send ---- */

static bool choose_sender(struct making *m, const struct node *n, struct suite_send *s)
{
    const struct suite_host *login = s->auth_of != NULL ? s->auth_of : s->via;
    if (s->has_from || s->kind != NULL || login == NULL)
        return true;
    if (login->has_auth && (str_has(login->user, '@') || str_has(login->user, '$'))) {
        s->has_from = true;
        s->from = login->user;
        return true;
    }
    problem(m->d, &n->at, "'send' needs 'from'");
    return false;
}

static bool check_message(struct making *m, const struct node *n)
{
    static const char *const ways[] = {"message", "spoof", "kind"};
    static const char *const parts[] = {"body", "attach", "headers", "subject"};
    size_t given = 0;
    for (size_t i = 0; i < ARRAY_LEN(ways); i++)
        given += child(n, ways[i]) != NULL;
    if (given > 1) {
        problem(m->d, &n->at, "only one of 'message', 'spoof' and 'kind' makes the message");
        return false;
    }
    for (size_t i = 0; child(n, "message") != NULL && i < ARRAY_LEN(parts); i++)
        if (child(n, parts[i]) != NULL) {
            problem(m->d, &child(n, parts[i])->at, "'message' is whole: '%s' has no use", parts[i]);
            return false;
        }
    return true;
}

/* Of what a test expects: the keys that `c` has (or those it has not). */
static const struct node *part_of(struct making *m, const struct node *expect,
                                  const struct context *c)
{
    struct node *out = NULL;
    size_t offset;
    for (size_t i = 0; expect != NULL && expect->kind == NODE_MAP && i < expect->n; i++) {
        if (context_find(c, expect->pairs[i].key, &offset) == NULL)
            continue;
        if (out == NULL) {
            out = make(m, sizeof *out);
            struct pair *pairs = arena_new(m->d->arena, struct pair, expect->n);
            if (out == NULL || pairs == NULL) {
                out_of_memory(m->d);
                return NULL;
            }
            *out = (struct node){.kind = NODE_MAP, .at = expect->at, .pairs = pairs};
        }
        out->pairs[out->n++] = expect->pairs[i];
    }
    return out;
}

/* With `send`, `expect` tells of the sending and of the arrival: a key of neither is a mistake. */
static bool check_sent_keys(struct making *m, const struct node *expect)
{
    bool ok = true;
    size_t offset;
    if (expect != NULL && expect->kind != NODE_MAP) {
        problem(m->d, &expect->at, "what is expected is a mapping of keys");
        return false;
    }
    for (size_t i = 0; expect != NULL && i < expect->n; i++) {
        struct nearest nearest = {.wanted = expect->pairs[i].key};
        if (context_find(&context_expect_send, nearest.wanted, &offset) != NULL ||
            context_find(&context_expect_arrive, nearest.wanted, &offset) != NULL)
            continue;
        context_nearest(&context_expect_send, &nearest);
        context_nearest(&context_expect_arrive, &nearest);
        problem_unknown(m->d, &expect->pairs[i].at, "key", &nearest);
        ok = false;
    }
    return ok;
}

/* A host of the defaults, where the test names none. */
static bool default_host(struct making *m, const struct node *n, const struct node *fallback,
                         const char *key, const struct suite_host **out)
{
    if (child(n, key) != NULL)
        return true;
    if (fallback != NULL)
        return host_of(m->d, fallback, out);
    problem(m->d, &n->at, "'%s' is missing, here or in 'defaults'", key);
    return false;
}

static bool make_send(struct making *m, const struct node *n, struct suite_step *step)
{
    struct suite_send *s = step->send = m->send = make(m, sizeof *s);
    const struct node *expect = expect_of(m, SUITE_SEND);
    if (s == NULL)
        return false;
    bool ok = decode(m->d, n, &context_send, s);
    ok &= default_host(m, n, m->d->source->defaults.via, "via", &s->via);
    ok &= check_sent_keys(m, expect);
    ok &= decode_expect(m, n, part_of(m, expect, &context_expect_send), &context_expect_send,
                        &s->expect);
    if (!ok)
        return false;
    if (s->expect.at.line == 0 && m->raw->verbs[SUITE_NOT_ARRIVE] != NULL &&
        m->raw->verbs[SUITE_ARRIVE] == NULL)
        s->expect.outcome = SUITE_ANY;
    ok = check_server(m, n, s->via) && check_as(m, &s->as, s->via);
    ok &= check_message(m, n) && choose_sender(m, n, s);
    if (s->auth_of != NULL)
        ok &= check_login(m, child(n, "auth"), s->auth_of);
    if (m->d->reading) {
        ok &= plan_allows_host(m->d, &n->at, s->via);
        for (size_t i = 0; i < s->n_to; i++)
            ok &= plan_allows_rcpt(m->d, &child(n, "to")->at, s->to[i]);
    }
    return ok;
}

/* ---- arrive ---- */

static bool check_mailboxes(struct making *m, const struct node *n, const struct suite_arrive *a)
{
    struct shown name;
    for (size_t i = 0; i < a->n_in; i++)
        if (a->in[i] != NULL && a->in[i]->kind == SUITE_HOST_SERVER) {
            problem(m->d, &n->at, "'%s' is a server: messages arrive in a mailbox or a sink",
                    host_name(a->in[i], &name));
            return false;
        }
    return true;
}

static bool default_mailbox(struct making *m, const struct node *n, struct suite_arrive *a)
{
    static const struct key in_key = {STR_INIT("in"), &type_hosts,
                                      offsetof(struct suite_arrive, in),
                                      offsetof(struct suite_arrive, n_in)};
    const struct node *fallback = m->d->source->defaults.in;
    if (n != NULL && child(n, "in") != NULL)
        return true;
    if (fallback != NULL)
        return type_hosts.read(m->d, fallback, &in_key, (char *)a);
    if (n != NULL)
        problem(m->d, &n->at, "'in' is missing, here or in 'defaults'");
    else
        problem(m->d, &m->expect->at,
                "something is expected of an arrival: the test needs 'arrive', or 'defaults' "
                "needs 'in'");
    return false;
}

/* What would be skipped, or expect nothing, each time it is run. */
static bool check_arrival(struct making *m, const struct node *at, const struct suite_arrive *a)
{
    enum suite_outcome sent = m->send == NULL ? SUITE_ACCEPTED : m->send->expect.outcome;
    if (!a->bounce && (sent == SUITE_REFUSED || sent == SUITE_DEFERRED)) {
        problem(m->d, &at->at, "what is to be %s cannot arrive: 'not-arrive' is what can be asked",
                sent == SUITE_REFUSED ? "refused" : "deferred");
        return false;
    }
    if (a->expect.authserv_id.at.line != 0 && a->expect.auth.at.line == 0) {
        problem(m->d, &a->expect.authserv_id.at,
                "'authserv-id' says whose field 'auth' is read from: 'auth' is missing");
        return false;
    }
    return true;
}

/* `n` is NULL for an arrival that only `expect` speaks of. */
static bool make_arrive(struct making *m, const struct node *n, bool must_not,
                        struct suite_step *step)
{
    struct suite_arrive *a = step->arrive = make(m, sizeof *a);
    const struct defaults *defaults = &m->d->source->defaults;
    const struct node *expect = m->send != NULL ? part_of(m, m->expect, &context_expect_arrive)
                                                : expect_of(m, SUITE_ARRIVE);
    bool ok = true;
    if (a == NULL)
        return false;
    *a = (struct suite_arrive){.must_not = must_not,
                               .within_ms = defaults->within_ms,
                               .warn_ms = must_not ? 0 : defaults->warn_ms};
    if (n != NULL)
        ok = decode(m->d, n, must_not ? &context_not_arrive : &context_arrive, a);
    if (!must_not)
        ok &= decode_expect(m, n, expect, &context_expect_arrive, &a->expect);
    ok &= default_mailbox(m, n, a);
    if (!ok)
        return false;
    if (a->expect.copies.at.line != 0 && child(n, "settle") == NULL)
        a->settle_ms = SETTLE_MS;
    a->bounce |= a->expect.bounce.at.line != 0;
    const struct node *at = n != NULL ? n : m->expect;
    if (!must_not && !check_arrival(m, at, a))
        return false;
    if (m->send == NULL && a->to.n == 0 && a->from.n == 0 && a->subject.n == 0) {
        problem(m->d, &at->at,
                "without 'send' it must be said which message: 'to', 'from' or 'subject'");
        return false;
    }
    return check_mailboxes(m, at, a);
}

/* ---- relay-test, smuggle ---- */

static bool make_relay(struct making *m, const struct node *n, struct suite_step *step)
{
    struct suite_relay_test *r = step->relay = make(m, sizeof *r);
    if (r == NULL)
        return false;
    r->expect.refused.value = SUITE_RELAY_REFUSED_ALL;
    bool ok = decode(m->d, n, &context_relay, r);
    ok &= decode_expect(m, n, expect_of(m, SUITE_RELAY_TEST), &context_expect_relay, &r->expect);
    ok &= check_server(m, n, r->host) && check_as(m, &r->as, r->host);
    return ok && (!m->d->reading || plan_allows_host(m->d, &n->at, r->host));
}

static bool make_smuggle(struct making *m, const struct node *n, struct suite_step *step)
{
    struct suite_smuggle *s = step->smuggle = make(m, sizeof *s);
    if (s == NULL)
        return false;
    bool ok = decode(m->d, n, &context_smuggle, s);
    ok &= decode_expect(m, n, expect_of(m, SUITE_SMUGGLE), &context_expect_smuggle, &s->expect);
    ok &= check_server(m, n, s->host) && check_as(m, &s->as, s->host);
    if (!ok || !m->d->reading)
        return ok;
    ok = plan_allows_host(m->d, &n->at, s->host);
    for (size_t i = 0; i < s->n_to; i++)
        ok &= plan_allows_rcpt(m->d, &child(n, "to")->at, s->to[i]);
    return ok;
}

/* ---- audit, scan ---- */

static bool make_audit(struct making *m, const struct node *n, struct suite_step *step)
{
    struct raw_audit *raw = make(m, sizeof *raw);
    if (raw == NULL)
        return false;
    struct suite_audit *a = step->audit = &raw->audit;
    bool ok = decode(m->d, n, &context_audit, raw);
    ok &= decode_expect(m, n, expect_of(m, SUITE_AUDIT), &context_expect_audit, &a->expect);
    if ((child(n, "domain") != NULL) + (child(n, "domains") != NULL) != 1) {
        problem(m->d, &n->at, "an audit needs 'domain' or 'domains'");
        return false;
    }
    if (!ok)
        return false;
    struct suite_audit_domain *domains = (struct suite_audit_domain *)(uintptr_t)a->domains;
    for (size_t i = 0; i < a->n_domains; i++)
        if (domains[i].profile == PROFILE_AUTO)
            domains[i].profile = raw->profile;
    bool live = a->zone_file == NULL;
    a->connect = raw->connect.at.line != 0 ? raw->connect.value : live;
    a->https = raw->https.at.line != 0 ? raw->https.value : live;
    return true;
}

static bool make_scan(struct making *m, const struct node *n, struct suite_step *step)
{
    struct suite_scan *s = step->scan = make(m, sizeof *s);
    if (s == NULL)
        return false;
    bool ok = decode(m->d, n, &context_scan, s);
    ok &= decode_expect(m, n, expect_of(m, SUITE_SCAN), &context_expect_scan, &s->expect);
    if ((child(n, "file") != NULL) + (child(n, "kind") != NULL) != 1) {
        problem(m->d, &n->at, "a scan needs 'file' or 'kind'");
        return false;
    }
    return ok;
}

static bool make_script(struct making *m, const struct node *n, struct suite_step *step)
{
    struct suite_script *s = step->script = make(m, sizeof *s);
    return s != NULL && decode(m->d, n, &context_script, s);
}

/* ---- all of them ---- */

static bool make_step(struct making *m, enum suite_verb v, const struct node *n,
                      struct suite_step *step)
{
    step->verb = v;
    step->at = n->at;
    switch (v) {
    case SUITE_SCRIPT:
        return make_script(m, n, step);
    case SUITE_PROBE:
        return make_probe(m, n, step);
    case SUITE_SEND:
        return make_send(m, n, step);
    case SUITE_ARRIVE:
    case SUITE_NOT_ARRIVE:
        return make_arrive(m, n, v == SUITE_NOT_ARRIVE, step);
    case SUITE_RELAY_TEST:
        return make_relay(m, n, step);
    case SUITE_SMUGGLE:
        return make_smuggle(m, n, step);
    case SUITE_AUDIT:
        return make_audit(m, n, step);
    case SUITE_SCAN:
        return make_scan(m, n, step);
    case SUITE_VERB_COUNT:
        break;
    }
    return false;
}

/* sink, arrive and not-arrive may be lists of mappings. */
static bool make_verb(struct making *m, enum suite_verb v)
{
    const struct node *n = m->raw->verbs[v];
    bool many = v == SUITE_SCRIPT || v == SUITE_ARRIVE || v == SUITE_NOT_ARRIVE;
    bool ok = true;
    if (n == NULL)
        return true;
    if (n->kind == NODE_LIST && !many) {
        problem(m->d, &n->at, "'%s' is one mapping: write further tests", suite_verb_name(v));
        return false;
    }
    if (n->kind == NODE_LIST && (n->n == 0 || n->n > STEPS_OF_A_VERB_MAX)) {
        problem(m->d, &n->at, "1 to %d mappings are wanted here", STEPS_OF_A_VERB_MAX);
        return false;
    }
    for (size_t i = 0; i < (n->kind == NODE_LIST ? n->n : 1); i++) {
        struct node room;
        const struct node *one = n->kind == NODE_LIST ? n->items[i] : n;
        one = resolve_node(m->d, one, &room);
        struct suite_step *step = &m->out->steps[m->out->n_steps];
        if (one->kind != NODE_MAP) {
            problem(m->d, &one->at, "%s is wanted here: a mapping of keys", verb_context(v)->title);
            ok = false;
        } else if (make_step(m, v, one, step)) {
            m->out->n_steps++;
        } else {
            ok = false;
        }
    }
    return ok;
}

/* An arrival that only `expect` speaks of: in the default mailbox. */
static bool make_implied_arrival(struct making *m)
{
    const struct node *part = part_of(m, m->expect, &context_expect_arrive);
    struct suite_step *step = &m->out->steps[m->out->n_steps];
    if (m->send == NULL || part == NULL || m->raw->verbs[SUITE_ARRIVE] != NULL)
        return true;
    if (m->raw->verbs[SUITE_NOT_ARRIVE] != NULL) {
        problem(m->d, &part->pairs[0].at,
                "'" STR_FMT "' is expected of an arrival, but the message must not arrive",
                STR_ARG(part->pairs[0].key));
        return false;
    }
    step->verb = SUITE_ARRIVE;
    step->at = m->expect->at;
    if (!make_arrive(m, NULL, false, step))
        return false;
    m->out->n_steps++;
    return true;
}

/* Whose expectation is that of the test? The one main verb's; without: that of `arrive`. */
static bool find_main(struct making *m)
{
    static const enum suite_verb mains[] = {SUITE_PROBE,   SUITE_SEND,  SUITE_RELAY_TEST,
                                            SUITE_SMUGGLE, SUITE_AUDIT, SUITE_SCAN};
    size_t n = 0;
    bool any = m->raw->verbs[SUITE_NOT_ARRIVE] != NULL || m->raw->verbs[SUITE_ARRIVE] != NULL;
    m->main = SUITE_ARRIVE;
    for (size_t i = 0; i < ARRAY_LEN(mains); i++)
        if (m->raw->verbs[mains[i]] != NULL) {
            m->main = n++ == 0 ? mains[i] : m->main;
            any = true;
        }
    if (!any) {
        problem(m->d, &m->test->at,
                "the test does nothing: it needs probe, send, arrive, not-arrive, relay-test, "
                "smuggle, audit or scan");
        return false;
    }
    if (m->expect == NULL)
        return true;
    if (n > 1) {
        problem(m->d, &m->expect->at,
                "the test has several verbs: write each 'expect' into its verb");
        return false;
    }
    if (n == 0 && m->raw->verbs[SUITE_ARRIVE] == NULL) {
        problem(m->d, &m->expect->at, "nothing can be expected of what must not arrive");
        return false;
    }
    return true;
}

static size_t steps_at_most(const struct raw_test *raw)
{
    size_t n = 1; /* the arrival that `expect` implies */
    for (size_t v = 0; v < SUITE_VERB_COUNT; v++)
        if (raw->verbs[v] != NULL)
            n += raw->verbs[v]->kind == NODE_LIST ? raw->verbs[v]->n : 1;
    return n;
}

bool case_make(struct decoder *d, const struct recipe *r, struct suite_case *out)
{
    const struct defaults *defaults = &d->source->defaults;
    struct raw_test raw = {.timeout_ms = defaults->timeout_ms, .retry = defaults->retry};
    d->scope = &r->scope;
    bool ok = decode(d, r->test, &context_test, &raw);
    *out = (struct suite_case){.name = r->name,
                               .test = r->test_name,
                               .at = r->at,
                               .skip = raw.skip,
                               .timeout_ms = raw.timeout_ms,
                               .retry = raw.retry,
                               .cleanup = raw.cleanup,
                               .test_index = r->test_index};
    out->steps = arena_new(d->arena, struct suite_step, steps_at_most(&raw));
    if (out->steps == NULL)
        return out_of_memory(d) == MP_OK;
    struct making m = {.d = d, .test = r->test, .raw = &raw, .out = out};
    m.expect = child(r->test, "expect");
    struct node room;
    if (m.expect != NULL)
        m.expect = resolve_node(d, m.expect, &room);
    if (r->test->kind != NODE_MAP || !find_main(&m))
        return false;
    for (int v = 0; v < SUITE_VERB_COUNT && goes_on(d); v++) {
        ok &= make_verb(&m, (enum suite_verb)v);
        if (v == SUITE_ARRIVE)
            ok &= make_implied_arrival(&m);
    }
    return ok && goes_on(d);
}
