/* Open relay: the classic address forms with MAIL and RCPT. DATA is never said. */
#include "flow/probe_internal.h"
#include "smtp/forms.h"

/* Servers slow down and then hang up on clients with many errors (Postfix: 10 and 20), so that
 * every few refusals a new conversation begins. */
enum { REFUSALS_PER_TALK = 7 };

/* Domains where a form that was accepted may just be a mailbox, and what a random name there got.
 */
struct relay_controls {
    struct {
        struct str domain;
        unsigned code;
    } items[PROBE_LOCAL_DOMAINS];
    size_t n;
};

static struct str own_name(const struct probe_server *s)
{
    return s->client.ehlo.greeting_name.n > 0 ? s->client.ehlo.greeting_name : s->host->name;
}

/* The domain that takes mail there: the target's, or that of the recipients, or the host itself. */
static struct str own_domain(const struct prober *p, const struct probe_server *s)
{
    const struct probe_options *o = p->options;
    const struct target *t = &p->probe->target;
    struct str to = o->n_rcpts > 0 ? o->rcpts[0] : STR("");
    if (t->kind == TARGET_DOMAIN)
        return t->name;
    return str_has(to, '@') ? str_slice(to, str_rfind(to, '@') + 1, to.n) : own_name(s);
}

static struct str stranger(const struct prober *p, struct arena *a)
{
    const struct probe_options *o = p->options;
    return o->relay_target.n > 0 ? o->relay_target
                                 : arena_fmt(a, "probe@%.*s.example.com", STR_ARG(p->random));
}

static int list_forms(struct prober *p, struct probe_server *s, struct mp_err *err)
{
    struct arena *a = &p->probe->arena;
    struct relay_form forms[RELAY_FORMS_MAX];
    char ip[IP_TEXT_MAX];
    struct str ip_text = s->ip.family == IP_NONE ? STR("") : str_make(ip, ip_write(&s->ip, ip));
    struct str sender = p->options->has_mail_from && p->options->mail_from.n > 0
                            ? p->options->mail_from
                            : arena_fmt(a, "probe@%.*s", STR_ARG(p->options->helo));
    size_t n =
        relay_forms(a, stranger(p, a), own_domain(p, s), own_name(s), ip_text, sender, forms);
    s->relay = arena_new(a, struct probe_relay, n + 1);
    if (s->relay == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the relay test");
    for (size_t i = 0; i < n; i++)
        s->relay[i] =
            (struct probe_relay){.form = forms[i].name, .from = forms[i].from, .to = forms[i].to};
    s->n_relay = n;
    return MP_OK;
}

/* ---- one transaction; false: the conversation is over ---- */

static bool ask(struct prober *p, struct probe_server *s, struct smtp_client *c,
                struct probe_relay *r)
{
    struct mp_err err = {0};
    bool lives = smtp_mail(c, r->from, &(struct smtp_mail_params){0}, &err) == MP_OK;
    r->code = lives ? c->last.code : 0;
    r->by_mail = lives && !smtp_reply_ok(&c->last);
    if (lives && !r->by_mail) {
        lives = smtp_rcpt(c, r->to, &(struct smtp_rcpt_params){0}, &err) == MP_OK;
        r->code = lives ? c->last.code : 0;
    }
    if (lives) {
        r->class_ = c->last.class_;
        r->subject = c->last.subject;
        r->detail = c->last.detail;
    }
    lives =
        lives && r->code != 421 && smtp_command(c, STR("RSET"), SMTP_STAGE_OTHER, &err) == MP_OK;
    if (!lives)
        s->notes->relay_text = err.text[0] != '\0' ? probe_sentence(&p->probe->arena, &err)
                                                   : STR("the server ended the conversation");
    return lives;
}

/* Where a form ends up when it is no relaying: its last domain; none: the server's own. */
static struct str last_domain(struct str to)
{
    size_t at = str_rfind(to, '@');
    bool quoted = to.n > 0 && to.p[to.n - 1] == '"';
    return at == to.n || quoted ? STR("") : str_slice(to, at + 1, to.n);
}

/* Is a name that cannot exist taken at the same place? Asked once a place. */
static bool is_anything_taken(struct prober *p, struct probe_server *s, struct smtp_client *c,
                              struct relay_controls *controls, const struct probe_relay *r,
                              bool *lives)
{
    struct arena *a = &p->probe->arena;
    struct str domain = last_domain(r->to);
    for (size_t i = 0; i < controls->n; i++)
        if (str_ieq(controls->items[i].domain, domain))
            return controls->items[i].code / 100 == 2;
    if (controls->n == ARRAY_LEN(controls->items))
        return false;
    struct probe_relay control = {.from = r->from,
                                  .to = arena_fmt(a, "mailproof-%.*s%s%.*s", STR_ARG(p->random),
                                                  domain.n > 0 ? "@" : "", STR_ARG(domain))};
    if (control.to.p != NULL)
        *lives = ask(p, s, c, &control);
    controls->items[controls->n].domain = domain;
    controls->items[controls->n++].code = control.code;
    return control.code / 100 == 2;
}

static bool is_foreign(const struct prober *p, struct arena *a, struct str to)
{
    struct str target = stranger(p, a);
    return str_ieq(last_domain(to), last_domain(target));
}

/* Forms from the `at`-th on, in one conversation; returns the first that is left. */
static size_t try_forms(struct prober *p, struct probe_server *s, struct smtp_client *c, size_t at,
                        struct relay_controls *controls, bool *lives)
{
    for (unsigned refusals = 0; *lives && at < s->n_relay && refusals < REFUSALS_PER_TALK; at++) {
        struct probe_relay *r = &s->relay[at];
        *lives = ask(p, s, c, r);
        r->accepted = r->code / 100 == 2;
        refusals += !r->accepted;
        if (r->accepted && *lives && !is_foreign(p, &p->probe->arena, r->to))
            r->is_local = is_anything_taken(p, s, c, controls, r, lives);
    }
    return at;
}

static void try_all(struct prober *p, struct probe_server *s)
{
    struct relay_controls controls = {.n = 0};
    bool lives = true;
    for (size_t at = 0; lives && at < s->n_relay;) {
        struct smtp_client c = {0};
        lives = probe_talk_again(p, s, false, &p->probe->arena, &c, &s->notes->relay_text);
        if (lives)
            at = try_forms(p, s, &c, at, &controls, &lives);
        probe_keep_transcript(s, &c);
        smtp_quit(&c);
    }
}

int probe_relay(struct prober *p, struct probe_server *s, struct mp_err *err)
{
    int st = MP_OK;
    if (!p->options->relay_test || !s->notes->ehlo_ok || p->options->stop != PROBE_STOP_END)
        return MP_OK;
    st = list_forms(p, s, err);
    if (st != MP_OK)
        return st;
    probe_progress(p, "%.*s: relaying", STR_ARG(s->group));
    try_all(p, s);
    return MP_OK;
}

/* ---- judgement: a row a form ---- */

static void judge_form(struct prober *p, const struct probe_server *s, const struct probe_relay *r,
                       struct str group)
{
    struct check_list *checks = &p->probe->checks;
    bool refused = r->code >= 500;
    check_begin(checks, group, r->form);
    if (r->accepted && !r->is_local) {
        check_add(checks, FINDING_FLOW_RELAY_OPEN, "MAIL FROM:<%.*s> RCPT TO:<%.*s>: %u",
                  STR_ARG(r->from), STR_ARG(r->to), r->code);
    } else if (!r->accepted && !refused) {
        check_add(checks, FINDING_FLOW_RELAY_UNDECIDED, "RCPT TO:<%.*s>: %u%s%.*s", STR_ARG(r->to),
                  r->code, r->code == 0 && s->notes->relay_text.n > 0 ? ", " : "",
                  STR_ARG(r->code == 0 ? s->notes->relay_text : STR("")));
        check_undecided(checks);
    }
    check_end(checks, -1, "<%.*s>: %u%s", STR_ARG(r->to), r->code,
              r->is_local ? ", as any name there: taken for a mailbox of its own" : "");
}

void probe_judge_relay(struct prober *p, const struct probe_server *s)
{
    const struct str parts[] = {s->group, STR(" relaying")};
    struct str group = arena_join(&p->probe->arena, parts, ARRAY_LEN(parts));
    for (size_t i = 0; i < s->n_relay; i++)
        judge_form(p, s, &s->relay[i], group);
    if (p->options->relay_test && s->n_relay == 0 && s->answered)
        check_skip(&p->probe->checks, s->group, "relaying",
                   s->notes->ehlo_ok ? "no form fits the address to relay to"
                                     : "the server did not get so far");
}
