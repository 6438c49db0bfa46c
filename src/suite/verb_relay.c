/* relay-test: the classic address forms, each refused (or not) as expected. Nothing is sent. */
#include "suite/ask_internal.h"

static struct smtp_reply enhanced_of(const struct probe_relay *r)
{
    return (struct smtp_reply){.class_ = r->class_, .subject = r->subject, .detail = r->detail};
}

static struct str form_text(struct work *w, const struct probe_relay *r)
{
    struct smtp_reply enhanced = enhanced_of(r);
    return arena_fmt(w->arena, "%s <%.*s>: %u%s%.*s%s", r->form, STR_ARG(r->to), r->code,
                     r->class_ != 0 ? " " : "",
                     STR_ARG(r->class_ != 0 ? judge_enhanced(w, &enhanced) : STR("")),
                     r->is_local ? " (taken for a mailbox of its own)" : "");
}

/* All forms of one server in one check: the first that is taken is what one wants to read, and how
 * many more. */
static struct judged judge_forms(struct work *w, const struct suite_expect_relay *e,
                                 const struct probe_server *s)
{
    bool all = !SUITE_GIVEN(e->refused) || e->refused.value == SUITE_RELAY_REFUSED_ALL;
    struct str wanted = all ? STR("all refused") : STR("none refused"), taken = STR("");
    struct str other = STR(""), open = STR("");
    size_t n_taken = 0, n_refused = 0;
    for (size_t i = 0; i < s->n_relay; i++) {
        const struct probe_relay *r = &s->relay[i];
        if (r->accepted && !r->is_local && n_taken++ == 0)
            taken = form_text(w, r);
        else if (r->code >= 500 && n_refused++ == 0)
            other = form_text(w, r);
        else if (!r->accepted && r->code < 500)
            open = form_text(w, r);
    }
    bool wrong = all ? n_taken > 0 : n_refused > 0;
    if (!wrong && (open.n > 0 || s->n_relay == 0))
        return judged_open(wanted, s->n_relay == 0 ? STR("no form could be tried") : open);
    struct judged j =
        judged_if(!wrong, wanted,
                  !wrong ? arena_fmt(w->arena, "%zu forms refused, %zu taken", n_refused, n_taken)
                  : all  ? arena_fmt(w->arena, "%zu of %zu forms taken: %.*s", n_taken, s->n_relay,
                                     STR_ARG(taken))
                         : other);
    j.has_finding = all;
    j.finding = FINDING_FLOW_RELAY_OPEN;
    return j;
}

static struct judged judge_code(struct work *w, const struct suite_expect_relay *e,
                                const struct probe_server *s)
{
    for (size_t i = 0; i < s->n_relay; i++)
        if (s->relay[i].code >= 500 && !judge_code_fits(&e->code, s->relay[i].code))
            return judged_if(false, judge_list_text(w, &e->code), form_text(w, &s->relay[i]));
    return judged_if(true, judge_list_text(w, &e->code), STR("each refusal"));
}

static struct judged judge_enhanced_code(struct work *w, const struct suite_expect_relay *e,
                                         const struct probe_server *s)
{
    for (size_t i = 0; i < s->n_relay; i++) {
        struct smtp_reply r = enhanced_of(&s->relay[i]);
        if (s->relay[i].code >= 500 && !judge_enhanced_fits(&e->enhanced, &r))
            return judged_if(false, judge_list_text(w, &e->enhanced), form_text(w, &s->relay[i]));
    }
    return judged_if(true, judge_list_text(w, &e->enhanced), STR("each refusal"));
}

/* The test says MAIL and RCPT, and no more. A form that is refused earlier than it must be is
 * refused. */
static struct judged judge_stage(struct work *w, const struct suite_expect_relay *e,
                                 const struct probe_server *s)
{
    static const enum smtp_stage stages[] = {SMTP_STAGE_RCPT, SMTP_STAGE_MAIL};
    struct str wanted = STR("");
    for (size_t i = 0; i < ARRAY_LEN(stages); i++)
        if ((e->stages & (1u << stages[i])) != 0)
            wanted = arena_fmt(w->arena, "%.*s%s%s", STR_ARG(wanted), wanted.n > 0 ? " or " : "",
                               smtp_stage_name(stages[i]));
    wanted = wanted.n > 0 ? wanted : STR("a later stage");
    for (size_t i = 0; i < s->n_relay; i++) {
        const struct probe_relay *r = &s->relay[i];
        enum smtp_stage at = stages[r->by_mail];
        bool in_time = (e->stages & (1u << at)) != 0 ||
                       (r->by_mail && (e->stages & (1u << SMTP_STAGE_RCPT)) != 0);
        if (r->code >= 500 && !in_time)
            return judged_if(false, wanted,
                             arena_fmt(w->arena, "%s: %.*s", smtp_stage_name(at),
                                       STR_ARG(form_text(w, r))));
    }
    return judged_if(true, wanted, STR("each refusal"));
}

static void judge(struct work *w, const struct suite_step *step, const struct probe *p)
{
    const struct suite_expect_relay *e = &step->relay->expect;
    struct suite_place at = SUITE_GIVEN(e->refused) ? e->refused.at : step->at;
    for (size_t i = 0; i < p->n_servers; i++) {
        const struct probe_server *s = &p->servers[i];
        struct str group = arena_fmt(w->arena, "relay-test %.*s", STR_ARG(s->group));
        if (!s->answered) {
            judge_open(w, group, "refused", at, ask_fault(w, p, s));
            continue;
        }
        struct judged j = judge_forms(w, e, s);
        judge_tell(w, group, "refused", at, &j);
        if (e->stages_at.line != 0) {
            struct judged stage = judge_stage(w, e, s);
            judge_tell(w, group, "at", e->stages_at, &stage);
        }
        if (SUITE_GIVEN(e->code)) {
            struct judged code = judge_code(w, e, s);
            judge_tell(w, group, "code", e->code.at, &code);
        }
        if (SUITE_GIVEN(e->enhanced)) {
            struct judged enhanced = judge_enhanced_code(w, e, s);
            judge_tell(w, group, "enhanced", e->enhanced.at, &enhanced);
        }
    }
    if (p->n_servers == 0)
        judge_open(w, STR("relay-test"), "refused", at,
                   p->route.reason.n > 0 ? p->route.reason : STR("there is no server"));
}

int verb_relay(struct work *w, const struct suite_step *step, struct mp_err *err)
{
    const struct suite_relay_test *a = step->relay;
    struct ask *ask = NULL;
    int st = ask_prepare(w, a->host, &a->as, STR(""), STR(""), &ask, err);
    if (st == MP_OK) {
        ask->options.allowed = ask_allowed; /* a relay test of strangers looks like an attack */
        ask->options.allowed_ctx = w;
        ask->options.relay_test = true;
        ask->options.relay_target = a->to;
        ask->options.has_credentials = false; /* who has logged in may relay */
        st = ask_run(w, ask, "relay-test", err);
    }
    if (st == MP_OK)
        judge(w, step, &ask->probe);
    ask_clear(ask);
    return st;
}
