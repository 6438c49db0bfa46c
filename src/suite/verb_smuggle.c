/* smuggle: malformed ends of DATA. Messages are sent, so that `allow` holds here as for send. */
#include "suite/ask_internal.h"

static struct str sequence_text(struct work *w, const struct probe_smuggle *x)
{
    return arena_fmt(w->arena, "%s: %s; %.*s", x->sequence->name, smuggle_verdict_name(x->verdict),
                     STR_ARG(x->evidence.n > 0 ? x->evidence : STR("no answers")));
}

/* Sequences with that verdict which the list does not name. */
static struct judged judge_verdict(struct work *w, const struct suite_list *l,
                                   const struct probe_server *s, enum smuggle_verdict verdict,
                                   enum finding_id finding)
{
    struct str hits = STR(""), open = STR("");
    struct str wanted = !SUITE_GIVEN(*l) || l->n == 0
                            ? STR("none")
                            : arena_fmt(w->arena, "none but %.*s", STR_ARG(judge_list_text(w, l)));
    for (size_t i = 0; i < s->n_smuggle; i++) {
        const struct probe_smuggle *x = &s->smuggle[i];
        struct str *to = x->verdict == verdict             ? &hits
                         : x->verdict == SMUGGLE_UNDECIDED ? &open
                                                           : NULL;
        if (to == NULL || suite_list_matches(l, str_from(x->sequence->name)))
            continue;
        *to = arena_fmt(w->arena, "%.*s%s%.*s", STR_ARG(*to), to->n > 0 ? "; " : "",
                        STR_ARG(sequence_text(w, x)));
    }
    if (hits.n == 0 && (open.n > 0 || s->n_smuggle == 0))
        return judged_open(wanted, open.n > 0 ? open : STR("no sequence could be tried"));
    struct judged j =
        judged_if(hits.n == 0, wanted,
                  hits.n > 0 ? hits : arena_fmt(w->arena, "none of %zu sequences", s->n_smuggle));
    j.has_finding = true;
    j.finding = finding;
    return j;
}

/* Why there was nothing to try, as the probe says it. */
static struct str obstacle(const struct probe *p, const struct probe_server *s)
{
    for (size_t i = 0; i < p->checks.n; i++)
        if (str_eq(p->checks.items[i].group, s->group) &&
            strcmp(p->checks.items[i].name, "smuggling") == 0)
            return p->checks.items[i].detail;
    return STR("");
}

static void judge(struct work *w, const struct suite_step *step, const struct probe *p)
{
    const struct suite_expect_smuggle *e = &step->smuggle->expect;
    struct suite_place at = SUITE_GIVEN(e->smuggled) ? e->smuggled.at : step->at;
    for (size_t i = 0; i < p->n_servers; i++) {
        const struct probe_server *s = &p->servers[i];
        struct str group = arena_fmt(w->arena, "smuggle %.*s", STR_ARG(s->group));
        struct str why = s->answered ? obstacle(p, s) : ask_fault(w, p, s);
        if (s->n_smuggle == 0) {
            judge_open(w, group, "smuggled", at,
                       why.n > 0 ? why : STR("the conversation did not get so far"));
            continue;
        }
        struct judged j =
            judge_verdict(w, &e->smuggled, s, SMUGGLE_SMUGGLED, FINDING_FLOW_SMUGGLE_SMUGGLED);
        judge_tell(w, group, "smuggled", at, &j);
        if (SUITE_GIVEN(e->ends)) {
            j = judge_verdict(w, &e->ends, s, SMUGGLE_ENDS, FINDING_FLOW_SMUGGLE_ENDS);
            judge_tell(w, group, "ends", e->ends.at, &j);
        }
    }
    if (p->n_servers == 0)
        judge_open(w, STR("smuggle"), "smuggled", at,
                   p->route.reason.n > 0 ? p->route.reason : STR("there is no server"));
}

static int check_recipients(const struct work *w, const struct suite_smuggle *a, struct mp_err *err)
{
    for (size_t i = 0; i < a->n_to; i++)
        if (!suite_allows_rcpt(w->suite, a->to[i]))
            return mp_fail(err, MP_E_USAGE, 0,
                           "nothing was sent: the recipient %.*s is not within 'allow'",
                           STR_ARG(a->to[i]));
    return MP_OK;
}

int verb_smuggle(struct work *w, const struct suite_step *step, struct mp_err *err)
{
    const struct suite_smuggle *a = step->smuggle;
    struct ask *ask = NULL;
    int st = check_recipients(w, a, err);
    st = st == MP_OK ? ask_prepare(w, a->host, &a->as, STR(""), STR(""), &ask, err) : st;
    if (st == MP_OK) {
        struct probe_options *o = &ask->options;
        o->allowed = ask_allowed;
        o->allowed_ctx = w;
        o->smuggle = true;
        o->sequences = a->sequences;
        o->n_sequences = a->n_sequences;
        o->rcpts = a->to;
        o->n_rcpts = a->n_to;
        o->mail_from = a->from;
        o->has_mail_from = a->from.n > 0;
        st = ask_run(w, ask, "smuggle", err);
    }
    if (st == MP_OK)
        judge(w, step, &ask->probe);
    ask_clear(ask);
    return st;
}
