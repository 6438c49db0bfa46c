/* One server as a probe showed it against what a suite expects of it. */
#include "suite/ask_internal.h"

typedef const struct suite_expect_server expect_server;

static const struct server_seen *seen_of(const void *seen)
{
    return seen;
}

static const struct smtp_client *client_of(const void *seen)
{
    return &seen_of(seen)->server->client;
}

/* What is missing because the conversation broke is open when nobody knows whose fault that was. */
static struct judged missing(struct work *w, const struct server_seen *s, struct str wanted,
                             const char *what)
{
    struct str why = ask_fault(w, &s->ask->probe, s->server);
    if (s->server->fault == SMTP_FAULT_NONE)
        return judged_if(false, wanted, str_from(what));
    return ask_is_open(s->server)
               ? judged_open(wanted, why)
               : judged_if(false, wanted, arena_fmt(w->arena, "%s: %.*s", what, STR_ARG(why)));
}

/* EHLO was answered, in TLS where there is TLS. */
static bool has_ehlo(const struct smtp_client *c)
{
    return c->did_ehlo;
}

static const struct smtp_ehlo *plain_ehlo(const struct server_seen *s)
{
    const struct smtp_client *c = &s->server->client;
    return c->has_tls ? &c->ehlo_plain : &c->ehlo;
}

static bool is_implicit(const struct server_seen *s)
{
    return s->ask->probe.target.tls == TARGET_TLS_IMPLICIT;
}

/* ---- greeting ---- */

static struct judged judge_answers(struct work *w, const void *expect, const void *seen)
{
    const struct suite_flag *f = &((expect_server *)expect)->answers;
    const struct probe_server *s = seen_of(seen)->server;
    struct str why = ask_fault(w, &seen_of(seen)->ask->probe, s);
    if (!s->answered && ask_is_open(s) && f->value)
        return judged_open(STR("an answer"), why);
    struct judged j = judged_flag(f, s->answered, "an answer", "no answer");
    j.note = s->answered ? judge_reply(w, &s->client.banner) : why;
    return j;
}

static struct judged judge_banner(struct work *w, const void *expect, const void *seen)
{
    const struct suite_text *t = &((expect_server *)expect)->banner;
    const struct smtp_reply *r = &client_of(seen)->banner;
    return r->code == 0 ? missing(w, seen, t->text, "no banner")
                        : judged_glob(t, judge_reply(w, r));
}

/* ---- TLS ---- */

static struct judged judge_tls(struct work *w, const void *expect, const void *seen)
{
    const struct suite_compare *c = &((expect_server *)expect)->tls;
    const struct tls_facts *t = &client_of(seen)->tls;
    if (!t->established && !suite_compare_holds(c, 0))
        return missing(w, seen, c->text, "no TLS");
    return judged_compare(c, t->established ? suite_tls_version(t->version) : 0,
                          t->established ? t->version : STR("no TLS"));
}

static struct judged judge_starttls(struct work *w, const void *expect, const void *seen)
{
    static const char *const names[] = {"none", "offered", "required"};
    int wanted = ((expect_server *)expect)->starttls.value;
    const struct server_seen *s = seen;
    struct str name = str_from(names[wanted]), got;
    if (!has_ehlo(client_of(seen)))
        return missing(w, s, name, "no EHLO");
    bool offered = (plain_ehlo(s)->extensions & SMTP_EXT_STARTTLS) != 0 && !is_implicit(s);
    if (wanted != SUITE_STARTTLS_REQUIRED || !offered)
        return judged_if(offered == (wanted != SUITE_STARTTLS_NONE), name,
                         offered ? STR("offered") : STR("not offered"));
    enum ask_plain plain = ask_plain_mail(w, s->ask, s->server, &got);
    return plain == ASK_PLAIN_OPEN ? judged_open(name, got)
                                   : judged_if(plain == ASK_PLAIN_REFUSED, name, got);
}

static struct judged judge_dane(struct work *w, const void *expect, const void *seen)
{
    enum dane_verdict wanted = (enum dane_verdict)((expect_server *)expect)->dane.value;
    const struct probe_server *s = seen_of(seen)->server;
    struct str name = str_from(dane_verdict_name(wanted));
    bool by_address = s->host->name.n == 0 || seen_of(seen)->ask->probe.target.name.n == 0;
    if (!s->has_decision && s->client.did_ehlo && by_address)
        return judged_if(wanted == DANE_NONE, name, STR("none: an address has no records"));
    if (!s->has_decision)
        return missing(w, seen, name, "not looked at");
    struct str got = arena_fmt(w->arena, "%s%s%.*s", dane_verdict_name(s->dane.verdict),
                               s->dane.reason.n > 0 ? ": " : "", STR_ARG(s->dane.reason));
    if (s->dane.verdict == DANE_FAILED && wanted != DANE_FAILED)
        return judged_open(name, got);
    struct judged j = judged_if(s->dane.verdict == wanted, name, got);
    j.has_finding = s->dane.verdict == DANE_MISMATCH;
    j.finding = FINDING_FLOW_DANE_MISMATCH;
    return j;
}

/* ---- what it offers ---- */

static struct str words_text(struct work *w, const struct str *items, size_t n)
{
    struct str text = STR("");
    for (size_t i = 0; i < n; i++)
        text =
            arena_fmt(w->arena, "%.*s%s%.*s", STR_ARG(text), i > 0 ? ", " : "", STR_ARG(items[i]));
    return text.n > 0 ? text : STR("none");
}

/* "SIZE" is any such line, "SIZE 1*" one with that parameter. */
static bool has_word(const struct str *items, size_t n, struct str glob)
{
    for (size_t i = 0; i < n; i++) {
        struct str rest = items[i];
        if (suite_glob(glob, items[i]) || suite_glob(glob, str_cut(&rest, ' ')))
            return true;
    }
    return false;
}

/* Each of `wanted` is among what is offered. */
static struct judged each_offered(struct work *w, const struct suite_list *l,
                                  const struct str *items, size_t n)
{
    struct str lacks = STR("");
    for (size_t i = 0; i < l->n; i++)
        if (!has_word(items, n, l->items[i]))
            lacks = arena_fmt(w->arena, "%.*s%s%.*s", STR_ARG(lacks), lacks.n > 0 ? ", " : "",
                              STR_ARG(l->items[i]));
    struct str got = words_text(w, items, n);
    return judged_if(lacks.n == 0, judge_list_text(w, l),
                     lacks.n == 0 ? got
                                  : arena_fmt(w->arena, "no %.*s (offered: %.*s)", STR_ARG(lacks),
                                              STR_ARG(got)));
}

static struct judged judge_auth_before_tls(struct work *w, const void *expect, const void *seen)
{
    const struct suite_list *l = &((expect_server *)expect)->auth_before_tls;
    const struct server_seen *s = seen;
    if (!has_ehlo(client_of(seen)))
        return missing(w, s, judge_list_text(w, l), "no EHLO");
    size_t n = is_implicit(s) ? 0 : plain_ehlo(s)->n_mechs;
    const struct str *mechs = plain_ehlo(s)->mechs;
    bool same = true;
    for (size_t i = 0; i < l->n; i++)
        same = same && has_word(mechs, n, l->items[i]);
    for (size_t i = 0; i < n; i++)
        same = same && suite_list_matches(l, mechs[i]);
    struct judged j = judged_if(same || l->all, judge_list_text(w, l), words_text(w, mechs, n));
    j.has_finding = n > 0;
    j.finding = FINDING_FLOW_AUTH_BEFORE_TLS;
    return j;
}

static struct judged judge_auth_offer(struct work *w, const void *expect, const void *seen)
{
    const struct suite_list *l = &((expect_server *)expect)->auth;
    const struct smtp_client *c = client_of(seen);
    if (!has_ehlo(c))
        return missing(w, seen, judge_list_text(w, l), "no EHLO");
    if (l->none)
        return judged_if(c->ehlo.n_mechs == 0, STR("none"),
                         words_text(w, c->ehlo.mechs, c->ehlo.n_mechs));
    return each_offered(w, l, c->ehlo.mechs, c->ehlo.n_mechs);
}

static struct judged judge_ehlo(struct work *w, const void *expect, const void *seen)
{
    const struct suite_list *l = &((expect_server *)expect)->ehlo;
    const struct smtp_client *c = client_of(seen);
    return has_ehlo(c) ? each_offered(w, l, c->ehlo.keywords, c->ehlo.n_keywords)
                       : missing(w, seen, judge_list_text(w, l), "no EHLO");
}

static struct judged judge_ehlo_lacks(struct work *w, const void *expect, const void *seen)
{
    const struct suite_list *l = &((expect_server *)expect)->ehlo_lacks;
    const struct smtp_client *c = client_of(seen);
    struct str offered = STR(""), wanted = judge_list_text(w, l);
    if (!has_ehlo(c))
        return missing(w, seen, wanted, "no EHLO");
    for (size_t i = 0; i < l->n; i++)
        if (has_word(c->ehlo.keywords, c->ehlo.n_keywords, l->items[i]))
            offered = arena_fmt(w->arena, "%.*s%s%.*s", STR_ARG(offered), offered.n > 0 ? ", " : "",
                                STR_ARG(l->items[i]));
    return judged_if(offered.n == 0, arena_fmt(w->arena, "none of %.*s", STR_ARG(wanted)),
                     offered.n == 0 ? STR("none of them") : offered);
}

static struct judged judge_size(struct work *w, const void *expect, const void *seen)
{
    const struct suite_compare *c = &((expect_server *)expect)->size;
    const struct smtp_client *x = client_of(seen);
    if (!has_ehlo(x))
        return missing(w, seen, c->text, "no EHLO");
    if ((x->ehlo.extensions & SMTP_EXT_SIZE) == 0)
        return judged_if(false, c->text, STR("SIZE is not offered"));
    if (x->ehlo.size_bytes == 0) /* "no fixed maximum" (RFC 1870 3): more than any number */
        return judged_if(suite_compare_holds(c, INT64_MAX), c->text, STR("no limit"));
    return judged_compare(
        c, x->ehlo.size_bytes > INT64_MAX ? INT64_MAX : (int64_t)x->ehlo.size_bytes,
        arena_fmt(w->arena, "%llu bytes", (unsigned long long)x->ehlo.size_bytes));
}

static struct judged judge_time(struct work *w, const void *expect, const void *seen)
{
    const struct suite_compare *c = &((expect_server *)expect)->time;
    const struct probe_server *s = seen_of(seen)->server;
    int64_t us = 0;
    for (int i = 0; i < SMTP_STAGE_COUNT; i++)
        us += s->client.stage_us[i] > 0 ? s->client.stage_us[i] : 0;
    if (!s->answered)
        return missing(w, seen, c->text, "no answer");
    return judged_compare(c, us / 1000, judge_ms(w, us / 1000));
}

static struct judged judge_fcrdns(struct work *w, const void *expect, const void *seen)
{
    const struct suite_flag *f = &((expect_server *)expect)->fcrdns;
    const struct server_seen *s = seen;
    const struct check_list *checks = &s->ask->probe.checks;
    for (size_t i = 0; i < checks->n; i++)
        if (str_eq(checks->items[i].group, s->server->group) &&
            strcmp(checks->items[i].name, "ptr") == 0 && checks->items[i].undecided)
            return judged_open(STR("a name that leads back"), checks->items[i].detail);
    if (!s->server->answered)
        return missing(w, s, STR("a name that leads back"), "not looked at");
    return judged_flag(f, s->server->fcrdns, "a name that leads back", "no name that leads back");
}

/* ---- recipients ---- */

static const struct smtp_reply *last_reply(const struct probe_rcpt *r)
{
    return r->second.code != 0 ? &r->second : &r->reply;
}

/* Every recipient; the first that differs is told. */
static struct judged judge_rcpts(struct work *w, const void *seen, struct str wanted,
                                 bool (*fits)(const void *e, const struct probe_rcpt *r),
                                 const void *expect)
{
    const struct server_seen *s = seen;
    struct str got = STR("");
    if (s->server->n_rcpts == 0)
        return judged_open(wanted, STR("no recipient was asked about"));
    for (size_t i = 0; i < s->server->n_rcpts; i++) {
        const struct probe_rcpt *r = &s->server->rcpts[i];
        got = arena_fmt(w->arena, "<%.*s>: %s, %.*s", STR_ARG(r->address),
                        rcpt_class_name(r->class_), STR_ARG(judge_reply(w, last_reply(r))));
        if (last_reply(r)->code == 0)
            return missing(w, s, wanted, "it was not asked about");
        if (!fits(expect, r))
            return judged_if(false, wanted, got);
    }
    return judged_if(true, wanted, got);
}

static bool rcpt_fits(const void *e, const struct probe_rcpt *r)
{
    return (int)r->class_ == ((expect_server *)e)->rcpt.value;
}
static bool code_fits(const void *e, const struct probe_rcpt *r)
{
    return judge_code_fits(&((expect_server *)e)->code, last_reply(r)->code);
}
static bool enhanced_fits(const void *e, const struct probe_rcpt *r)
{
    return judge_enhanced_fits(&((expect_server *)e)->enhanced, last_reply(r));
}

static struct judged judge_rcpt(struct work *w, const void *expect, const void *seen)
{
    enum rcpt_class wanted = (enum rcpt_class)((expect_server *)expect)->rcpt.value;
    return judge_rcpts(w, seen, str_from(rcpt_class_name(wanted)), rcpt_fits, expect);
}

static struct judged judge_code(struct work *w, const void *expect, const void *seen)
{
    return judge_rcpts(w, seen, judge_list_text(w, &((expect_server *)expect)->code), code_fits,
                       expect);
}

static struct judged judge_enhanced_code(struct work *w, const void *expect, const void *seen)
{
    return judge_rcpts(w, seen, judge_list_text(w, &((expect_server *)expect)->enhanced),
                       enhanced_fits, expect);
}

static struct judged judge_catch_all(struct work *w, const void *expect, const void *seen)
{
    const struct suite_flag *f = &((expect_server *)expect)->catch_all;
    const struct server_seen *s = seen;
    bool any = false, open = s->server->n_rcpts == 0;
    struct str wanted = f->value ? STR("any recipient is taken") : STR("only those that exist");
    for (size_t i = 0; i < s->server->n_rcpts; i++) {
        any |= s->server->rcpts[i].catch_all;
        open |= s->server->rcpts[i].catch_all_code < 500 && !s->server->rcpts[i].catch_all;
    }
    (void)w;
    return open && !any ? judged_open(wanted, STR("a random recipient got no clear answer"))
                        : judged_flag(f, any, "any recipient is taken", "only those that exist");
}

static struct judged judge_login(struct work *w, const void *expect, const void *seen)
{
    bool wanted = ((expect_server *)expect)->login.value == SUITE_LOGIN_ACCEPTED;
    const struct server_seen *s = seen;
    struct str word = wanted ? STR("accepted") : STR("refused"), detail = STR("it was not tried");
    const struct check_list *checks = &s->ask->probe.checks;
    const struct check *c = NULL;
    for (size_t i = 0; i < checks->n; i++)
        if (str_eq(checks->items[i].group, s->server->group) &&
            strcmp(checks->items[i].name, "auth") == 0)
            c = &checks->items[i];
    if (s->server->auth_mech != NULL)
        return judged_if(wanted, word, arena_fmt(w->arena, "accepted: %s", s->server->auth_mech));
    if (c == NULL || c->undecided)
        return judged_open(word, c == NULL ? detail : c->detail);
    return judged_if(!wanted, word, arena_fmt(w->arena, "refused: %.*s", STR_ARG(c->detail)));
}

/* ---- all ---- */

static const struct judge_row rows[] = {
    {"answers", offsetof(expect_server, answers.at), judge_answers},
    {"banner", offsetof(expect_server, banner.at), judge_banner},
    {"tls", offsetof(expect_server, tls.at), judge_tls},
    {"starttls", offsetof(expect_server, starttls.at), judge_starttls},
    {"auth-before-tls", offsetof(expect_server, auth_before_tls.at), judge_auth_before_tls},
    {"auth", offsetof(expect_server, auth.at), judge_auth_offer},
    {"ehlo", offsetof(expect_server, ehlo.at), judge_ehlo},
    {"ehlo-lacks", offsetof(expect_server, ehlo_lacks.at), judge_ehlo_lacks},
    {"size", offsetof(expect_server, size.at), judge_size},
    {"dane", offsetof(expect_server, dane.at), judge_dane},
    {"fcrdns", offsetof(expect_server, fcrdns.at), judge_fcrdns},
    {"rcpt", offsetof(expect_server, rcpt.at), judge_rcpt},
    {"code", offsetof(expect_server, code.at), judge_code},
    {"enhanced", offsetof(expect_server, enhanced.at), judge_enhanced_code},
    {"catch-all", offsetof(expect_server, catch_all.at), judge_catch_all},
    {"login", offsetof(expect_server, login.at), judge_login},
    {"time", offsetof(expect_server, time.at), judge_time},
};

static struct cert_seen cert_of(struct work *w, const struct server_seen *s)
{
    const struct tls_facts *t = &s->server->client.tls;
    return (struct cert_seen){.tls = t,
                              .host = s->server->host->name,
                              .now_s = w->now_s,
                              .open = !t->established && ask_is_open(s->server),
                              .why = t->established || s->server->fault == SMTP_FAULT_NONE
                                         ? STR("no TLS, so no certificate")
                                         : ask_fault(w, &s->ask->probe, s->server)};
}

bool judge_server_given(const struct suite_expect_server *e)
{
    return judge_any_given(rows, ARRAY_LEN(rows), e) ||
           judge_any_given(cert_rows, n_cert_rows, &e->cert);
}

void judge_server(struct work *w, struct str group, const struct suite_expect_server *e,
                  const struct server_seen *s)
{
    struct cert_seen cert = cert_of(w, s);
    judge_rows(w, group, rows, ARRAY_LEN(rows), e, s);
    judge_rows(w, group, cert_rows, n_cert_rows, &e->cert, &cert);
}

static void quietly(struct work *w, const struct judge_row *table, size_t n, const void *expect,
                    const void *seen, struct judged *all)
{
    for (size_t i = 0; i < n && all->verdict == JUDGE_MET; i++) {
        if (judge_place(&table[i], expect).line == 0)
            continue;
        struct judged j = table[i].judge(w, expect, seen);
        if (j.verdict == JUDGE_MET || j.verdict == JUDGE_WARN)
            continue;
        *all = j;
        all->expected = arena_fmt(w->arena, "%s %.*s", table[i].name, STR_ARG(j.expected));
    }
}

struct judged judge_server_quietly(struct work *w, const struct suite_expect_server *e,
                                   const struct server_seen *s)
{
    struct judged all = judged_met(STR("all of it"), s->server->group);
    struct cert_seen cert = cert_of(w, s);
    quietly(w, rows, ARRAY_LEN(rows), e, s, &all);
    quietly(w, cert_rows, n_cert_rows, &e->cert, &cert, &all);
    return all;
}
