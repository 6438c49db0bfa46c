/* send: one tagged message through a host, and what the server said against what is expected. */
#include "suite/runner_internal.h"

enum { KEY_MAX_BYTES = 64 << 10 };

/* ---- the message ---- */

/* Keys of spoofing kinds; where the suite names none one is made, that nobody publishes. */
struct send_keys {
    struct private_key *own, *attacker;
};

static int load_key(const struct work *w, const char *file, bool needed, struct private_key **out,
                    struct mp_err *err)
{
    struct str pem;
    if (file == NULL)
        return needed ? private_key_generate(KEY_ED25519, 0, out, err) : MP_OK;
    int st = work_read_file(w, str_from(file), KEY_MAX_BYTES, &pem, err);
    return st == MP_OK ? private_key_load(pem, file, out, err) : st;
}

static int load_keys(const struct work *w, const struct suite_send *s, struct send_keys *k,
                     struct mp_err *err)
{
    int st = load_key(w, s->key_file, s->kind->needs_key, &k->own, err);
    return st == MP_OK
               ? load_key(w, s->attacker_key_file, s->kind->needs_attacker_key, &k->attacker, err)
               : st;
}

static int forge(struct work *w, const struct suite_send *s, struct deliver_request *r,
                 struct mp_err *err)
{
    struct send_keys keys = {0};
    struct forge_envelope envelope;
    struct buf bytes;
    struct forge_options o = {.from = s->from_header.n > 0 ? s->from_header : s->from,
                              .to = s->n_to > 0 ? s->to[0] : STR(""),
                              .attacker = s->attacker,
                              .subject = s->subject,
                              .body = s->body,
                              .tag = w->tag,
                              .selector = s->selector.n > 0 ? s->selector : STR("mailproof"),
                              .sign_domain = s->sign_domain,
                              .attacker_selector = s->attacker_selector.n > 0 ? s->attacker_selector
                                                                              : STR("mailproof"),
                              .seed = s->has_seed ? s->seed : str_hash(w->tag),
                              .now_s = w->now_s};
    buf_init(&bytes, FORGE_MAX_BYTES);
    int st = load_keys(w, s, &keys, err);
    o.key = keys.own;
    o.attacker_key = keys.attacker;
    st = st == MP_OK ? forge_make(w->arena, s->kind, &o, &bytes, &envelope, err) : st;
    if (st == MP_OK) {
        r->raw = arena_copy(w->arena, buf_str(&bytes));
        r->keep_raw = r->as_is = true; /* its tag is in it; other bytes are what it is about */
        r->mail_from = s->has_from ? s->from : envelope.mail_from;
        r->helo = r->helo.n > 0 ? r->helo : envelope.helo;
        st = r->raw.p != NULL ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "no memory for a message");
    }
    private_key_free(keys.own);
    private_key_free(keys.attacker);
    buf_clear(&bytes);
    return st;
}

static int add_part(struct work *w, const struct suite_send *s, const struct suite_attachment *a,
                    struct compose_part *out, struct mp_err *err)
{
    if (a->kind.n > 0) {
        struct forge_attachment made;
        int st = forge_attachment(w->arena, a->kind, s->has_seed ? s->seed : 1, &made, err);
        *out = (struct compose_part){made.name, made.type, made.bytes};
        return st;
    }
    size_t slash = str_rfind(a->path, '/');
    out->name = slash < a->path.n ? str_slice(a->path, slash + 1, a->path.n) : a->path;
    out->type = STR("application/octet-stream");
    return work_read_file(w, a->path, SUITE_FILE_MAX_BYTES, &out->bytes, err);
}

static int compose(struct work *w, const struct suite_send *s, struct deliver_request *r,
                   struct mp_err *err)
{
    struct compose_part *parts = arena_new(w->arena, struct compose_part, s->n_attach + 1);
    struct str *headers = arena_new(w->arena, struct str, s->n_headers + 1);
    size_t n = 0;
    if (parts == NULL || headers == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a message");
    if (s->subject.n > 0)
        headers[n++] = arena_fmt(w->arena, "Subject: %.*s", STR_ARG(s->subject));
    for (size_t i = 0; i < s->n_headers; i++)
        headers[n++] = s->headers[i];
    r->message = (struct compose){.headers = headers,
                                  .n_headers = n,
                                  .parts = parts,
                                  .n_parts = s->n_attach,
                                  .from = s->from_header,
                                  .now_s = w->now_s};
    if (s->body.n > 0)
        r->message.body = s->body;
    for (size_t i = 0; i < s->n_attach; i++) {
        int st = add_part(w, s, &s->attach[i], &parts[i], err);
        if (st != MP_OK)
            return st;
    }
    return MP_OK;
}

/* An ordinary sender: who logs in, or a name that nobody has. */
static struct str sender_of(const struct suite_send *s)
{
    const struct suite_host *h = s->auth_of != NULL ? s->auth_of : s->via;
    if (s->has_from)
        return s->from;
    if (s->from_header.n > 0)
        return s->from_header;
    return str_has(h->user, '@') ? h->user : STR("mailproof@mailproof.invalid");
}

static int message_of(struct work *w, const struct suite_send *s, struct deliver_request *r,
                      struct mp_err *err)
{
    r->mail_from = sender_of(s);
    r->as_is = s->as_is;
    if (s->kind != NULL)
        return forge(w, s, r, err);
    if (s->message_path.n == 0)
        return compose(w, s, r, err);
    r->keep_raw = s->keep_raw;
    return work_read_file(w, s->message_path, SUITE_FILE_MAX_BYTES, &r->raw, err);
}

/* ---- the way ---- */

static const enum sasl_mech token_mechs[] = {SASL_OAUTHBEARER, SASL_XOAUTH2};

static void credentials_of(const struct suite_host *h, struct deliver_request *r)
{
    r->has_credentials = h->has_auth;
    r->auth_plaintext = h->auth_plaintext;
    r->credentials = (struct sasl_credentials){.user = h->user,
                                               .password = h->token.n > 0 ? h->token : h->password,
                                               .authorize_as = h->authorize_as};
    r->mechs = h->mechs;
    r->n_mechs = h->n_mechs;
    if (h->token.n > 0 && h->n_mechs == 0) {
        r->mechs = token_mechs;
        r->n_mechs = ARRAY_LEN(token_mechs);
    }
}

/* `as`: XCLIENT where the host allows it, PROXY where it speaks that, else the name alone. */
static int play(const struct suite_send *s, struct deliver_request *r, struct mp_err *err)
{
    const struct suite_as *as = &s->as;
    const struct suite_host *via = s->via;
    r->helo = s->helo.n > 0 ? s->helo : as->helo.n > 0 ? as->helo : r->helo;
    if (via->xclient) {
        r->xclient = as->xclient;
        r->n_xclient = as->n_xclient;
    } else if (via->proxy.version != 0) {
        r->proxy = work_proxy(via, as);
    } else if (as->addr.family != IP_NONE) {
        return mp_fail(err, MP_E_USAGE, 0,
                       "'as' has an address, and host '%.*s' neither 'xclient: allowed' nor "
                       "'proxy'",
                       STR_ARG(via->name));
    }
    return MP_OK;
}

static bool is_allowed(void *ctx, struct str host, struct ip ip)
{
    const struct work *w = ctx;
    return suite_allows((void *)(uintptr_t)w->suite, host, ip);
}

static int address_of(struct work *w, const struct suite_send *s, struct deliver_request *r,
                      struct mp_err *err)
{
    const struct suite_host *via = s->via;
    struct running_sink *sink =
        via->kind == SUITE_HOST_SINK ? sinks_find(w->sinks, via->sink) : NULL;
    if (via->kind == SUITE_HOST_MAILBOX || (via->kind == SUITE_HOST_SINK && sink == NULL))
        return mp_fail(err, MP_E_USAGE, 0, "'%.*s' takes no mail", STR_ARG(via->name));
    r->server = sink != NULL ? sink_url(sink, w->arena) : via->url;
    for (size_t i = 0; i < s->n_to; i++)
        if (!suite_allows_rcpt(w->suite, s->to[i]))
            return mp_fail(err, MP_E_USAGE, 0,
                           "nothing was sent: the recipient %.*s is not within 'allow'",
                           STR_ARG(s->to[i]));
    r->allowed = is_allowed;
    r->allowed_ctx = w;
    r->dns = w->world->dns;
    r->local = via->local;
    r->tls_verify = s->tls_verify || via->tls_verify;
    r->helo = via->helo.n > 0 ? via->helo : w->world->helo;
    return MP_OK;
}

/* ---- judgement: what happened to the message ---- */

static struct str outcome_text(struct work *w, const struct deliver_result *x)
{
    struct str reply = judge_reply(w, &x->reply);
    if (x->outcome == DELIVER_SENT)
        return reply;
    if (x->outcome == DELIVER_PARTLY)
        return arena_fmt(w->arena, "taken for %zu of %zu recipients: %.*s", x->n_delivered,
                         x->n_rcpts, STR_ARG(reply));
    if (x->outcome == DELIVER_UNDECIDED || x->outcome == DELIVER_UNMET)
        return x->reason;
    return arena_fmt(w->arena, "%.*s at %s", STR_ARG(reply), smtp_stage_name(x->at));
}

static const char *outcome_word(enum suite_outcome o)
{
    return o == SUITE_REFUSED    ? "refused"
           : o == SUITE_DEFERRED ? "deferred"
           : o == SUITE_ANY      ? "answered"
                                 : "accepted";
}

static bool is_put_off(const struct deliver_result *x)
{
    bool any = x->outcome == DELIVER_DEFERRED;
    for (size_t i = 0; i < x->n_rcpts; i++)
        any |= smtp_reply_temporary(&x->rcpts[i].reply) || smtp_reply_temporary(&x->rcpts[i].end);
    return any;
}

/* A refusal that says nothing about the message, which was never offered: of who we play, or of
 * our login, unless that is what is asked for. */
static bool is_beside(const struct suite_expect_send *e, const struct deliver_result *x)
{
    bool detailed = SUITE_GIVEN(e->code) || SUITE_GIVEN(e->enhanced) || SUITE_GIVEN(e->text);
    if ((x->outcome != DELIVER_REFUSED && x->outcome != DELIVER_DEFERRED) || e->stages != 0)
        return false;
    return x->at == SMTP_STAGE_XCLIENT || (x->at == SMTP_STAGE_AUTH && !detailed);
}

/* Why an answer that fits decides nothing; empty: it does. */
static const char *why_open(const struct suite_expect_send *e, const struct deliver_result *x)
{
    bool by_default = e->outcome == SUITE_ANY && !SUITE_GIVEN(*e); /* beside not-arrive */
    if (e->outcome == SUITE_ACCEPTED)
        return "";
    if (is_beside(e, x))
        return ", so that the message was never offered";
    return by_default && is_put_off(x) ? ", and a later try may be taken" : "";
}

/* What is demanded of the server (TLS, a login) is part of the way that is tested; what is demanded
 * to play somebody else is not: then nothing was tried. */
static struct judged judge_outcome(struct work *w, const struct suite_expect_send *e,
                                   const struct deliver_result *x)
{
    struct str wanted = str_from(outcome_word(e->outcome)), got = outcome_text(w, x);
    bool lacks = x->outcome == DELIVER_UNMET && x->at != SMTP_STAGE_XCLIENT;
    if (lacks && (e->outcome == SUITE_ACCEPTED || e->outcome == SUITE_ANY))
        return judged_if(false, wanted, got);
    if (x->outcome == DELIVER_UNDECIDED || x->outcome == DELIVER_UNMET)
        return judged_open(wanted, got);
    bool ok =
        e->outcome == SUITE_ANY || x->outcome == (e->outcome == SUITE_ACCEPTED  ? DELIVER_SENT
                                                  : e->outcome == SUITE_REFUSED ? DELIVER_REFUSED
                                                                                : DELIVER_DEFERRED);
    const char *why = why_open(e, x);
    return ok && why[0] != '\0'
               ? judged_open(wanted, arena_fmt(w->arena, "%.*s%s", STR_ARG(got), why))
               : judged_if(ok, wanted, got);
}

/* ---- judgement: the reply that decided ---- */

struct send_seen {
    const struct deliver_result *result;
};

static struct str stages_text(struct work *w, unsigned stages)
{
    struct str text = STR("");
    if ((stages & (1u << SMTP_STAGE_DATA)) != 0)
        stages &= ~(1u << SMTP_STAGE_BODY | 1u << SMTP_STAGE_END); /* one word: see expect.h */
    for (int i = 0; i < SMTP_STAGE_COUNT; i++)
        if ((stages & (1u << i)) != 0)
            text = arena_fmt(w->arena, "%.*s%s%s", STR_ARG(text), text.n > 0 ? " or " : "",
                             smtp_stage_name((enum smtp_stage)i));
    return text;
}

static struct judged judge_stage(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_send *e = expect;
    const struct deliver_result *x = ((const struct send_seen *)seen)->result;
    bool ok = e->stages == 0 || (e->stages & (1u << x->at)) != 0;
    return judged_if(ok, stages_text(w, e->stages),
                     arena_fmt(w->arena, "%s: %.*s", smtp_stage_name(x->at),
                               STR_ARG(judge_reply(w, &x->reply))));
}

static struct judged judge_code(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_send *e = expect;
    const struct smtp_reply *r = &((const struct send_seen *)seen)->result->reply;
    return judged_if(judge_code_fits(&e->code, r->code), judge_list_text(w, &e->code),
                     judge_reply(w, r));
}

static struct judged judge_enhanced_code(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_send *e = expect;
    const struct smtp_reply *r = &((const struct send_seen *)seen)->result->reply;
    return judged_if(judge_enhanced_fits(&e->enhanced, r), judge_list_text(w, &e->enhanced),
                     judge_reply(w, r));
}

static struct judged judge_text(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_send *e = expect;
    return judged_glob(&e->text, judge_reply(w, &((const struct send_seen *)seen)->result->reply));
}

static struct judged judge_tls(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_send *e = expect;
    const struct smtp_client *c = &((const struct send_seen *)seen)->result->client;
    int64_t version = c->has_tls ? suite_tls_version(c->tls.version) : 0;
    (void)w;
    return judged_compare(&e->tls, version, c->has_tls ? c->tls.version : STR("no TLS"));
}

static struct judged judge_time(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_send *e = expect;
    int64_t ms = ((const struct send_seen *)seen)->result->elapsed_us / 1000;
    return judged_compare(&e->time, ms, judge_ms(w, ms));
}

static const struct judge_row reply_rows[] = {
    {"at", offsetof(struct suite_expect_send, stages_at), judge_stage},
    {"code", offsetof(struct suite_expect_send, code.at), judge_code},
    {"enhanced", offsetof(struct suite_expect_send, enhanced.at), judge_enhanced_code},
    {"text", offsetof(struct suite_expect_send, text.at), judge_text},
};
static const struct judge_row way_rows[] = {
    {"tls", offsetof(struct suite_expect_send, tls.at), judge_tls},
    {"time", offsetof(struct suite_expect_send, time.at), judge_time},
};

/* Details of a refusal are asked only when there was one: else they all would say the same. */
static void judge(struct work *w, const struct suite_step *step, const struct deliver_result *x)
{
    const struct suite_expect_send *e = &step->send->expect;
    struct send_seen seen = {x};
    struct str group = STR("send");
    struct judged j = judge_outcome(w, e, x);
    judge_tell(w, group, outcome_word(e->outcome), SUITE_GIVEN(*e) ? e->at : step->at, &j);
    w->send_failed = j.verdict != JUDGE_MET;
    if (j.verdict == JUDGE_MET && x->reply.code != 0)
        judge_rows(w, group, reply_rows, ARRAY_LEN(reply_rows), e, &seen);
    if (x->talked && x->outcome != DELIVER_UNDECIDED)
        judge_rows(w, group, way_rows, ARRAY_LEN(way_rows), e, &seen);
}

static void add_metrics(struct work *w, const struct deliver_result *x)
{
    const struct suite_result *r = w->result;
    struct metric *m;
    (void)r;
    for (int i = 0; i < SMTP_STAGE_COUNT; i++) {
        if (!x->talked || x->client.stage_us[i] < 0)
            continue;
        m = work_metric(w, "mailproof_flow_stage_seconds",
                        "How long each stage of the last conversation took.",
                        (double)x->client.stage_us[i] / 1e6);
        work_label(w, m, "stage", str_from(smtp_stage_name((enum smtp_stage)i)));
    }
    if (x->reply.code == 0)
        return;
    m = work_metric(w, "mailproof_smtp_reply_info",
                    "The reply that decided about the message of a case.", 1);
    work_label(w, m, "stage", str_from(smtp_stage_name(x->at)));
    work_label(w, m, "code", arena_fmt(w->arena, "%u", x->reply.code));
}

int verb_send(struct work *w, const struct suite_step *step, struct mp_err *err)
{
    const struct suite_send *s = step->send;
    const struct suite_host *account = s->auth_of != NULL ? s->auth_of : s->via;
    struct tls_client *own = NULL;
    struct deliver_request r = {.rcpts = s->to,
                                .n_rcpts = s->n_to,
                                .mail_params = s->mail_params,
                                .rcpt_params = s->rcpt_params,
                                .chunking = s->chunking,
                                .tag = w->tag,
                                .deadline_ms = w->c->timeout_ms,
                                .progress = work_progress,
                                .progress_ctx = w};
    w->send_failed = true;
    int st = address_of(w, s, &r, err);
    st = st == MP_OK ? play(s, &r, err) : st;
    st = st == MP_OK ? message_of(w, s, &r, err) : st;
    st = st == MP_OK ? work_tls(w, s->via, &r.tls, &own, err) : st;
    credentials_of(account, &r);
    struct deliver_result *x = arena_new(w->arena, struct deliver_result, 1);
    if (st == MP_OK && x == NULL)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for a message");
    st = st == MP_OK ? deliver(&r, w->arena, x, err) : st;
    tls_client_free(own);
    if (st != MP_OK)
        return st;
    w->sent = x;
    if (x->talked)
        work_keep_conversation(w, "send", x->group, &x->client.transcript);
    judge(w, step, x);
    add_metrics(w, x);
    return MP_OK;
}
