/* Conversations of a probe: the main one with each server, and further ones by the same way. */
#include "flow/probe_internal.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"

void probe_progress(struct prober *p, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    if (p->options->progress == NULL)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    p->options->progress(p->options->progress_ctx, text);
}

int64_t probe_share_us(const struct prober *p)
{
    int64_t now = clock_mono_us(), left = p->deadline_us - now;
    int64_t share = left / (int64_t)(p->servers_left == 0 ? 1 : p->servers_left);
    int64_t least = (int64_t)PROBE_MIN_SHARE_MS * 1000;
    share = share > least ? share : least;
    return share < left ? now + share : p->deadline_us;
}

struct str probe_sentence(struct arena *a, const struct mp_err *err)
{
    struct str s = arena_copy(a, str_from(err->text));
    return s.n == 0 ? STR("no reason was told") : s;
}

struct str probe_from(const struct prober *p)
{
    return p->options->has_mail_from ? p->options->mail_from : STR("");
}

struct smtp_client_config probe_config(const struct prober *p, const struct probe_server *s)
{
    const struct probe_options *o = p->options;
    const struct target *t = &p->probe->target;
    bool is_name = t->kind == TARGET_DOMAIN || t->kind == TARGET_HOST;
    return (struct smtp_client_config){
        .target = {.ip = s->ip,
                   .port = s->port,
                   .unix_path = t->kind == TARGET_SOCKET ? t->path : NULL,
                   .local = o->local},
        .lmtp = p->lmtp,
        .force_helo = o->force_helo,
        .implicit_tls = p->tls == TARGET_TLS_IMPLICIT,
        .tls = o->tls,
        .sni = o->sni.n > 0 ? o->sni
               : is_name    ? s->host->name
                            : STR(""),
        .helo = o->helo,
        .proxy = o->proxy,
        .deadline_us = probe_share_us(p),
        .stage_timeout_ms = o->stage_timeout_ms,
        .now_s = o->now_s,
    };
}

void probe_note_reply(struct probe_server *s, const struct smtp_reply *r, enum smtp_stage stage)
{
    struct probe_notes *n = s->notes;
    const char *what = r->bare_lf         ? "a line ends in LF alone"
                       : r->code_changed  ? "the lines have different codes"
                       : r->foreign_bytes ? "control characters, or bytes that are no UTF-8"
                                          : NULL;
    if (what != NULL && n->malformed.n == 0)
        n->malformed = arena_fmt(s->client.arena, "%s: %s", smtp_stage_name(stage), what);
}

void probe_keep_transcript(struct probe_server *s, const struct smtp_client *c)
{
    if (s->n_transcripts < ARRAY_LEN(s->transcripts))
        s->transcripts[s->n_transcripts++] = c->transcript;
}

/* ---- the main conversation, one step after the other: false ends it ---- */

static bool went(struct prober *p, struct probe_server *s, int st, const struct mp_err *err)
{
    if (st != MP_OK)
        s->notes->fault_text = probe_sentence(&p->probe->arena, err);
    return st == MP_OK;
}

static bool greet(struct prober *p, struct probe_server *s)
{
    struct smtp_client *c = &s->client;
    struct mp_err err = {0};
    struct smtp_client_config config = probe_config(p, s);
    config.hang_up_at = p->options->hang_up_at;
    probe_progress(p, "%.*s: connecting", STR_ARG(s->group));
    if (!went(p, s, smtp_open(c, &config, &p->probe->arena, &err), &err))
        return false;
    s->answered = true;
    probe_note_reply(s, &c->banner, SMTP_STAGE_BANNER);
    s->notes->banner_ok = smtp_reply_ok(&c->banner);
    return s->notes->banner_ok;
}

static bool say_hello(struct prober *p, struct probe_server *s)
{
    struct smtp_client *c = &s->client;
    struct mp_err err = {0};
    if (!went(p, s, smtp_ehlo(c, &err), &err))
        return false;
    probe_note_reply(s, &c->last, SMTP_STAGE_EHLO);
    s->notes->ehlo_ok = smtp_reply_ok(&c->last);
    if (!s->notes->ehlo_ok)
        s->notes->ehlo = c->last;
    return s->notes->ehlo_ok;
}

/* The handshake failed and need not succeed: the same again in the clear. */
static bool go_on_without(struct prober *p, struct probe_server *s)
{
    s->notes->tls_text = s->notes->fault_text;
    s->notes->fault_text = STR("");
    probe_keep_transcript(s, &s->client);
    smtp_close(&s->client);
    return greet(p, s) && say_hello(p, s);
}

static bool start_tls(struct prober *p, struct probe_server *s)
{
    struct smtp_client *c = &s->client;
    struct probe_notes *n = s->notes;
    struct mp_err err = {0};
    bool required = p->tls == TARGET_TLS_STARTTLS;
    if (p->tls == TARGET_TLS_NONE || p->tls == TARGET_TLS_IMPLICIT)
        return true;
    if ((c->ehlo.extensions & SMTP_EXT_STARTTLS) == 0 || p->options->tls == NULL) {
        n->halted = required ? "TLS is required and not offered" : NULL;
        return !required;
    }
    probe_progress(p, "%.*s: STARTTLS", STR_ARG(s->group));
    if (!went(p, s, smtp_starttls(c, &err), &err))
        return c->fault_stage == SMTP_STAGE_TLS && p->options->tls_optional && !required &&
               go_on_without(p, s);
    if (c->has_tls) {
        n->starttls.code = 220;
        probe_note_reply(s, &c->last, SMTP_STAGE_EHLO_TLS);
        n->ehlo_ok = smtp_reply_ok(&c->last);
        if (!n->ehlo_ok)
            n->ehlo = c->last;
        return n->ehlo_ok;
    }
    n->starttls = c->last;
    probe_note_reply(s, &c->last, SMTP_STAGE_STARTTLS);
    n->halted = required ? "TLS is required and was refused" : NULL;
    return !required;
}

/* What is asked of a server as another client must not be asked as ourselves. */
static bool play_client(struct prober *p, struct probe_server *s)
{
    const struct probe_options *o = p->options;
    struct smtp_client *c = &s->client;
    struct mp_err err = {0};
    if (o->n_xclient == 0)
        return true;
    if ((c->ehlo.extensions & SMTP_EXT_XCLIENT) == 0 && !o->xclient_blind) {
        if (o->xclient_optional || o->xclient_if_offered)
            return true;
        s->notes->halted = "XCLIENT was asked for and is not offered";
        return false;
    }
    if (!went(p, s, smtp_xclient(c, o->xclient, o->n_xclient, &err), &err))
        return false;
    s->notes->xclient = c->last;
    if (smtp_reply_ok(&c->last) || o->xclient_optional)
        return true;
    s->notes->halted = "XCLIENT was refused";
    return false;
}

/* ---- login ---- */

static bool is_offered(const struct smtp_client *c, enum sasl_mech m)
{
    for (size_t i = 0; i < c->ehlo.n_mechs; i++)
        if (str_ieq(c->ehlo.mechs[i], str_from(sasl_mech_name(m))))
            return true;
    return false;
}

static bool is_possible(const struct smtp_client *c, enum sasl_mech m)
{
    bool binds = m == SASL_SCRAM_SHA_256_PLUS || m == SASL_SCRAM_SHA_1_PLUS;
    bool has_binding = c->tls.exporter_binding.n > 0 || c->tls.channel_binding.n > 0;
    return is_offered(c, m) && (!binds || (c->has_tls && has_binding));
}

/* By default a token mechanism is the last choice: what was given is a password as a rule. */
static const enum sasl_mech by_default[] = {SASL_SCRAM_SHA_256_PLUS,
                                            SASL_SCRAM_SHA_1_PLUS,
                                            SASL_SCRAM_SHA_256,
                                            SASL_SCRAM_SHA_1,
                                            SASL_CRAM_MD5,
                                            SASL_PLAIN,
                                            SASL_LOGIN,
                                            SASL_OAUTHBEARER,
                                            SASL_XOAUTH2};

/* PROBE_AUTH_DONE: *out is to be tried. `after`: those up to it were tried; SASL_MECH_COUNT: none.
 */
static enum probe_auth choose_mech(const struct prober *p, const struct probe_server *s,
                                   enum sasl_mech after, enum sasl_mech *out)
{
    const struct probe_options *o = p->options;
    const enum sasl_mech *list = o->n_mechs > 0 ? o->mechs : by_default;
    size_t n = o->n_mechs > 0 ? o->n_mechs : ARRAY_LEN(by_default);
    bool in_clear = !s->client.has_tls && p->probe->target.kind != TARGET_SOCKET;
    bool skipping = after != SASL_MECH_COUNT;
    enum probe_auth why = PROBE_AUTH_UNAVAILABLE;
    for (size_t i = 0; i < n; i++) {
        bool was_tried = skipping;
        skipping = skipping && list[i] != after;
        if (was_tried || !is_possible(&s->client, list[i]))
            continue;
        if (in_clear && sasl_mech_shows_secret(list[i]) && !o->auth_plaintext) {
            why = PROBE_AUTH_WITHHELD;
            continue;
        }
        *out = list[i];
        return PROBE_AUTH_DONE;
    }
    return why;
}

static int login_by(struct prober *p, struct probe_server *s, struct smtp_client *c,
                    enum sasl_mech mech, struct mp_err *err)
{
    struct sasl_credentials who = p->options->credentials;
    if (who.host.n == 0)
        who.host = s->host->name;
    if (who.port == 0)
        who.port = s->port;
    return smtp_auth(c, mech, &who, err);
}

enum { AUTH_MECHANISM_UNKNOWN = 504 }; /* RFC 4954 4: offered, yet not known: try another */

static bool log_in(struct prober *p, struct probe_server *s)
{
    struct probe_notes *n = s->notes;
    struct smtp_client *c = &s->client;
    enum sasl_mech mech = SASL_MECH_COUNT;
    if (!p->options->has_credentials)
        return true;
    probe_progress(p, "%.*s: AUTH", STR_ARG(s->group));
    for (size_t tries = 0; tries < SASL_MECH_COUNT; tries++) {
        struct mp_err err = {0};
        enum probe_auth choice = choose_mech(p, s, mech, &mech);
        if (choice != PROBE_AUTH_DONE) {
            n->auth = tries == 0 ? choice : PROBE_AUTH_REFUSED;
            break;
        }
        n->mech = sasl_mech_name(mech);
        if (!went(p, s, login_by(p, s, c, mech, &err), &err))
            return false;
        n->auth_reply = c->last;
        probe_note_reply(s, &c->last, SMTP_STAGE_AUTH);
        n->auth = smtp_reply_ok(&c->last)          ? PROBE_AUTH_DONE
                  : smtp_reply_temporary(&c->last) ? PROBE_AUTH_DEFERRED
                                                   : PROBE_AUTH_REFUSED;
        if (n->auth == PROBE_AUTH_DONE)
            s->auth_mech = n->mech;
        if (c->last.code != AUTH_MECHANISM_UNKNOWN)
            break;
    }
    if (n->auth != PROBE_AUTH_DONE && !p->options->auth_optional)
        n->halted = "the login is required and did not succeed";
    return n->halted == NULL;
}

/* ---- all steps ---- */

static bool wants_envelope(const struct probe_options *o)
{
    return o->stop >= PROBE_STOP_MAIL &&
           (o->n_rcpts > 0 || o->has_mail_from || o->stop < PROBE_STOP_END);
}

int probe_talk(struct prober *p, struct probe_server *s, struct mp_err *err)
{
    const struct probe_options *o = p->options;
    int st = MP_OK;
    s->tried = true;
    bool on = greet(p, s) && o->stop > PROBE_STOP_CONNECT && say_hello(p, s) &&
              o->stop > PROBE_STOP_EHLO && start_tls(p, s) && play_client(p, s) &&
              o->stop > PROBE_STOP_TLS && log_in(p, s) && o->stop > PROBE_STOP_AUTH;
    if (on && wants_envelope(o))
        st = probe_envelope(p, s, err);
    s->fault = s->client.fault; /* before QUIT: how that is answered decides nothing */
    s->fault_stage = s->client.fault_stage;
    if (o->hang_up)
        smtp_close(&s->client);
    else
        smtp_quit(&s->client);
    return st;
}

/* ---- further conversations ---- */

static bool refuse(struct arena *a, const struct smtp_client *c, const char *what, struct str *why)
{
    *why = arena_fmt(a, "%s: %.*s", what, STR_ARG(probe_reply_text(a, &c->last)));
    return false;
}

static bool secure_again(struct prober *p, struct probe_server *s, struct smtp_client *c,
                         struct arena *a, struct str *why, struct mp_err *err)
{
    const struct probe_options *o = p->options;
    bool by_command = s->client.has_tls && p->tls != TARGET_TLS_IMPLICIT;
    if (by_command && smtp_starttls(c, err) != MP_OK) {
        *why = probe_sentence(a, err);
        return false;
    }
    if (by_command && (!c->has_tls || !smtp_reply_ok(&c->last)))
        return refuse(a, c, "STARTTLS was refused this time", why);
    if (o->n_xclient > 0 && smtp_xclient(c, o->xclient, o->n_xclient, err) != MP_OK) {
        *why = probe_sentence(a, err);
        return false;
    }
    if (o->n_xclient > 0 && !smtp_reply_ok(&c->last))
        return refuse(a, c, "XCLIENT was refused this time", why);
    return true;
}

static bool log_in_again(struct prober *p, struct probe_server *s, struct smtp_client *c,
                         struct arena *a, struct str *why, struct mp_err *err)
{
    enum sasl_mech mech;
    if (s->auth_mech == NULL || !sasl_mech_by_name(str_from(s->auth_mech), &mech))
        return true;
    if (login_by(p, s, c, mech, err) != MP_OK) {
        *why = probe_sentence(a, err);
        return false;
    }
    return smtp_reply_ok(&c->last) || refuse(a, c, "the login was refused this time", why);
}

bool probe_talk_again(struct prober *p, struct probe_server *s, bool login, struct arena *a,
                      struct smtp_client *c, struct str *why)
{
    struct mp_err err = {0};
    struct smtp_client_config config = probe_config(p, s);
    if (smtp_open(c, &config, a, &err) != MP_OK) {
        *why = probe_sentence(a, &err);
        return false;
    }
    if (!smtp_reply_ok(&c->banner))
        return refuse(a, c, "the greeting was a refusal this time", why);
    if (smtp_ehlo(c, &err) != MP_OK) {
        *why = probe_sentence(a, &err);
        return false;
    }
    if (!smtp_reply_ok(&c->last))
        return refuse(a, c, "EHLO was refused this time", why);
    return secure_again(p, s, c, a, why, &err) && (!login || log_in_again(p, s, c, a, why, &err));
}
