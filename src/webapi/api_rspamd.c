/* POST /checkv2: what integrations of rspamd ask and understand (its protocol as its documentation
 * has it). The action decides; the score is put where that action lies, for those that show it. */
#include <stdio.h>

#include "webapi/webapi_internal.h"

/* In tenths, as all scores here. */
enum { REQUIRED_TENTHS = 150, ADD_HEADER_TENTHS = 60, RCPTS_MAX = WEBAPI_MAX_RCPTS };

static void put_tenths(struct json *j, const char *key, unsigned tenths)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%u.%u", tenths / 10, tenths % 10);
    json_key(j, key);
    json_raw(j, str_make(text, (size_t)n));
}

/* ---- symbols ---- */

static void put_symbol(struct json *j, struct str name, unsigned tenths, const char *description,
                       struct str option)
{
    char key[100];
    size_t n = name.n < sizeof key - 1 ? name.n : sizeof key - 1;
    for (size_t i = 0; i < n; i++) {
        char c = name.p[i];
        key[i] = is_alnum(c) ? (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c) : '_';
    }
    key[n] = '\0';
    json_key(j, key);
    json_object_begin(j);
    json_kstr(j, "name", str_make(key, n));
    put_tenths(j, "score", tenths);
    put_tenths(j, "metric_score", tenths);
    json_ktext(j, "description", str_from(description));
    if (option.n != 0)
        json_kstrs(j, "options", &option, 1);
    json_object_end(j);
}

/* The names that its modules give to results; what scores is the finding. */
static const struct {
    struct str method, result;
    const char *symbol;
} result_symbols[] = {
    {STR_INIT("spf"), STR_INIT("pass"), "R_SPF_ALLOW"},
    {STR_INIT("spf"), STR_INIT("fail"), "R_SPF_FAIL"},
    {STR_INIT("spf"), STR_INIT("softfail"), "R_SPF_SOFTFAIL"},
    {STR_INIT("spf"), STR_INIT("neutral"), "R_SPF_NEUTRAL"},
    {STR_INIT("spf"), STR_INIT("none"), "R_SPF_NA"},
    {STR_INIT("spf"), STR_INIT("temperror"), "R_SPF_DNSFAIL"},
    {STR_INIT("spf"), STR_INIT("permerror"), "R_SPF_PERMFAIL"},
    {STR_INIT("dkim"), STR_INIT("pass"), "R_DKIM_ALLOW"},
    {STR_INIT("dkim"), STR_INIT("fail"), "R_DKIM_REJECT"},
    {STR_INIT("dkim"), STR_INIT("none"), "R_DKIM_NA"},
    {STR_INIT("dkim"), STR_INIT("temperror"), "R_DKIM_TEMPFAIL"},
    {STR_INIT("dkim"), STR_INIT("permerror"), "R_DKIM_PERMFAIL"},
    {STR_INIT("arc"), STR_INIT("pass"), "ARC_ALLOW"},
    {STR_INIT("arc"), STR_INIT("fail"), "ARC_REJECT"},
    {STR_INIT("arc"), STR_INIT("none"), "ARC_NA"},
    {STR_INIT("dmarc"), STR_INIT("pass"), "DMARC_POLICY_ALLOW"},
    {STR_INIT("dmarc"), STR_INIT("none"), "DMARC_NA"},
    {STR_INIT("dmarc"), STR_INIT("reject"), "DMARC_POLICY_REJECT"},
    {STR_INIT("dmarc"), STR_INIT("quarantine"), "DMARC_POLICY_QUARANTINE"},
    {STR_INIT("dmarc"), STR_INIT("fail"), "DMARC_POLICY_SOFTFAIL"},
};

static void put_result(struct json *j, struct str method, struct str result, struct str domain)
{
    if (result.n == 0)
        result = STR("none");
    for (size_t i = 0; i < ARRAY_LEN(result_symbols); i++)
        if (str_eq(result_symbols[i].method, method) && str_eq(result_symbols[i].result, result))
            put_symbol(j, str_from(result_symbols[i].symbol), 0, "", domain);
}

/* That of the signature that passed, else of the first. */
static const struct summary_signature *best_signature(const struct mail_summary *s)
{
    for (size_t i = 0; i < s->n_dkim; i++)
        if (str_eq(s->dkim[i].result, STR("pass")))
            return &s->dkim[i];
    return s->n_dkim != 0 ? &s->dkim[0] : NULL;
}

static unsigned finding_tenths(enum severity s)
{
    static const unsigned tenths[] = {
        [SEV_INFO] = 0, [SEV_LOW] = 5, [SEV_MEDIUM] = 20, [SEV_HIGH] = 60, [SEV_CRITICAL] = 150};
    return tenths[s];
}

static void put_symbols(struct json *j, const struct mail_summary *s)
{
    const struct summary_signature *dkim = best_signature(s);
    struct str dmarc = s->dmarc;
    enum finding_id id;
    if (str_eq(dmarc, STR("fail")) && s->policy.disposition.n != 0 &&
        !str_eq(s->policy.disposition, STR("none")))
        dmarc = s->policy.disposition;
    json_key(j, "symbols");
    json_object_begin(j);
    put_result(j, STR("spf"), s->spf, s->spf_domain);
    put_result(j, STR("dkim"), dkim == NULL ? STR_NONE : dkim->result,
               dkim == NULL ? STR_NONE : dkim->domain);
    put_result(j, STR("arc"), s->arc, STR_NONE);
    put_result(j, STR("dmarc"), dmarc, s->dmarc_domain);
    for (size_t i = 0; i < s->n_findings; i++)
        put_symbol(j, s->findings[i].id, finding_tenths(s->findings[i].severity),
                   finding_by_name(s->findings[i].id, &id) ? finding_kind(id)->title : "",
                   s->findings[i].evidence);
    json_object_end(j);
}

/* ---- actions ---- */

struct outcome {
    const char *action;
    unsigned least, most; /* tenths */
};
/* Quarantine has no word that all clients know: marked, which delivers into a junk folder. */
static const struct outcome outcomes[] = {
    [ACTION_ACCEPT] = {"no action", 0, ADD_HEADER_TENTHS - 1},
    [ACTION_TAG] = {"add header", ADD_HEADER_TENTHS, REQUIRED_TENTHS - 1},
    [ACTION_QUARANTINE] = {"add header", ADD_HEADER_TENTHS, REQUIRED_TENTHS - 1},
    [ACTION_REJECT] = {"reject", REQUIRED_TENTHS, 9999},
    [ACTION_TEMPFAIL] = {"soft reject", 0, REQUIRED_TENTHS - 1}};

static unsigned score_of(const struct mail_summary *s, const struct outcome *o)
{
    unsigned sum = 0;
    for (size_t i = 0; i < s->n_findings; i++)
        sum += finding_tenths(s->findings[i].severity);
    return sum < o->least ? o->least : sum > o->most ? o->most : sum;
}

static void put_thresholds(struct json *j)
{
    json_key(j, "thresholds");
    json_object_begin(j);
    put_tenths(j, "reject", REQUIRED_TENTHS);
    put_tenths(j, "add header", ADD_HEADER_TENTHS);
    json_object_end(j);
}

static void put_begin(struct json *j, const char *action, unsigned tenths)
{
    json_object_begin(j);
    json_kbool(j, "is_skipped", false);
    put_tenths(j, "score", tenths);
    put_tenths(j, "required_score", REQUIRED_TENTHS);
    json_kword(j, "action", action);
    put_thresholds(j);
}

static void put_messages(struct json *j, struct str smtp)
{
    json_key(j, "messages");
    json_object_begin(j);
    if (smtp.n != 0)
        json_kstr(j, "smtp_message", smtp);
    json_object_end(j);
}

/* ---- edits of the header ---- */

/* The first edit of that kind with this name? Then its place is the name's. */
static bool is_first(const struct mail_answer *a, size_t at, bool (*takes)(enum edit_kind))
{
    for (size_t i = 0; i < at; i++)
        if (takes(a->edits[i].kind) && str_ieq(a->edits[i].name, a->edits[at].name))
            return false;
    return takes(a->edits[at].kind);
}

static bool adds(enum edit_kind k)
{
    return k == EDIT_PREPEND || k == EDIT_REPLACE;
}

static bool removes(enum edit_kind k)
{
    return k == EDIT_REMOVE || k == EDIT_REPLACE;
}

/* Folds end in LF here, and the space behind the colon is the client's. */
static struct str client_value(struct arena *a, struct str value)
{
    char *to = arena_new(a, char, value.n + 1);
    size_t n = 0;
    if (value.n != 0 && *value.p == ' ')
        value = str_slice(value, 1, value.n);
    for (size_t i = 0; to != NULL && i < value.n; i++)
        if (value.p[i] != '\r')
            to[n++] = value.p[i];
    return str_make(to == NULL ? "" : to, n);
}

static const char *key_of(struct arena *a, struct str name)
{
    struct str copy = arena_copy(a, name);
    return copy.p == NULL ? "" : copy.p;
}

static void put_added(struct json *j, struct arena *a, const struct mail_answer *answer)
{
    json_key(j, "add_headers");
    json_object_begin(j);
    for (size_t i = 0; i < answer->n_edits; i++) {
        if (!is_first(answer, i, adds))
            continue;
        json_key(j, key_of(a, answer->edits[i].name));
        json_array_begin(j);
        for (size_t k = i; k < answer->n_edits; k++) {
            if (!adds(answer->edits[k].kind) ||
                !str_ieq(answer->edits[k].name, answer->edits[i].name))
                continue;
            json_object_begin(j);
            json_kstr(j, "value", client_value(a, answer->edits[k].value));
            json_kint(j, "order", 0);
            json_object_end(j);
        }
        json_array_end(j);
    }
    json_object_end(j);
}

/* The last occurrence first: so it does not matter whether removing one renumbers the others. */
static void put_occurrences(struct json *j, const struct mail_answer *answer, struct str name)
{
    uint32_t below = UINT32_MAX;
    json_array_begin(j);
    for (;;) {
        uint32_t next = 0;
        for (size_t k = 0; k < answer->n_edits; k++) {
            const struct mail_edit *e = &answer->edits[k];
            if (removes(e->kind) && str_ieq(e->name, name) && e->occurrence < below &&
                e->occurrence > next)
                next = e->occurrence;
        }
        if (next == 0)
            break;
        json_uint(j, next);
        below = next;
    }
    json_array_end(j);
}

static void put_removed(struct json *j, struct arena *a, const struct mail_answer *answer)
{
    json_key(j, "remove_headers");
    json_object_begin(j);
    for (size_t i = 0; i < answer->n_edits; i++) {
        if (!is_first(answer, i, removes))
            continue;
        json_key(j, key_of(a, answer->edits[i].name));
        put_occurrences(j, answer, answer->edits[i].name);
    }
    json_object_end(j);
}

/* ---- replies ---- */

void webapi_rspamd_reply(struct json *j, struct arena *a, const struct mail_answer *answer)
{
    const struct mail_summary *s = &answer->summary;
    const struct outcome *o = &outcomes[answer->action];
    bool refused = answer->action == ACTION_REJECT || answer->action == ACTION_TEMPFAIL;
    put_begin(j, o->action, score_of(s, o));
    put_symbols(j, s);
    put_messages(j, refused ? answer->text : STR_NONE);
    json_ktext(j, "message-id", s->message_id);
    json_key(j, "time_real");
    json_raw(j, arena_fmt(a, "%u.%06u", s->elapsed_us / 1000000, s->elapsed_us % 1000000));
    if (answer->n_edits != 0) {
        json_key(j, "milter");
        json_object_begin(j);
        put_added(j, a, answer);
        put_removed(j, a, answer);
        json_object_end(j);
    }
    json_object_end(j);
}

/* Many clients let a mail pass when they get an error: a failure of ours is a soft reject. */
void webapi_rspamd_later(struct json *j, struct str why)
{
    put_begin(j, outcomes[ACTION_TEMPFAIL].action, 0);
    json_key(j, "symbols");
    json_object_begin(j);
    put_symbol(j, STR("MAILPROOF_FAILED"), 0, "The mail could not be judged.", why);
    json_object_end(j);
    put_messages(j, STR("the mail could not be judged, try again later"));
    json_object_end(j);
}

/* ---- the request ---- */

static int read_headers(struct httpd_request *q, struct scan_input *in, struct mp_err *err)
{
    struct mail_request *r = &in->r;
    const struct {
        const char *name;
        struct str *to;
    } rows[] = {{"Helo", &r->helo},       {"Hostname", &r->client_name},
                {"User", &r->auth_user},  {"Queue-Id", &r->queue_id},
                {"TLS-Version", &r->tls}, {"TLS-Cipher", &r->cipher}};
    struct str ip = str_trim_wsp(httpd_header(q, "IP")), *rcpts;
    size_t n;
    int st = MP_OK;
    if (ip.n != 0 && !ip_parse(ip, &r->client))
        return mp_fail(err, MP_E_SYNTAX, 0, "IP: is no address");
    for (size_t i = 0; st == MP_OK && i < ARRAY_LEN(rows); i++)
        st = webapi_envelope_text(rows[i].name, httpd_header(q, rows[i].name), rows[i].to, err);
    struct str from = httpd_header(q, "From");
    r->has_mail_from = from.p != NULL;
    if (st == MP_OK)
        st = webapi_envelope_address("From", from, &r->mail_from, err);
    if (st == MP_OK)
        st = httpd_header_all(q, "Rcpt", RCPTS_MAX, &rcpts, &n, err);
    for (size_t i = 0; st == MP_OK && i < n; i++)
        st = webapi_envelope_address("Rcpt", rcpts[i], &rcpts[i], err);
    if (st != MP_OK)
        return st;
    if (str_ieq(r->client_name, STR("unknown")))
        r->client_name = STR_NONE;
    r->rcpt_to = rcpts;
    r->n_rcpt_to = n;
    r->local = r->auth_user.n != 0;
    return MP_OK;
}

static int check(struct webapi *w, struct httpd_request *q, struct mp_err *err)
{
    struct scan_input in = {.message = httpd_body(q)};
    struct mail_answer answer;
    struct mp_err why = {0};
    if (httpd_header(q, "Compression").n != 0 || httpd_header(q, "Content-Encoding").n != 0)
        return httpd_problem(q, 415, "compressed messages are not taken");
    if (in.message.n == 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "there is no message");
    if (in.message.n > w->c.max_message_bytes)
        return httpd_problem(q, 413, "the message is longer than %zu bytes",
                             w->c.max_message_bytes);
    int st = read_headers(q, &in, err);
    if (st == MP_OK)
        st = webapi_input_finish(w, q, MAIL_INBOUND, &in, err);
    if (st != MP_OK)
        return st;
    in.r.want_edits = true;
    if (scan_judge(w, &in, httpd_arena(q), &answer, &why) == MP_OK)
        webapi_rspamd_reply(httpd_json(q, 200), httpd_arena(q), &answer);
    else
        webapi_rspamd_later(httpd_json(q, 200), str_from(why.text));
    httpd_reply_header(q, "X-Mailproof-Id", in.r.id);
    return MP_OK;
}

int webapi_handle_rspamd(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct webapi *w = ctx;
    int st;
    switch (scan_place_take(w, q)) {
    case PLACE_TAKEN:
        st = check(w, q, err);
        scan_place_free(w, q);
        return st;
    case PLACE_WAITS:
        return MP_OK;
    default:
        webapi_rspamd_later(httpd_json(q, 200), STR("no place for a scan was free"));
        return MP_OK;
    }
}
