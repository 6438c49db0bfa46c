/* What an endpoint may be, and which events it wants. */
#include "base/uri.h"
#include "crypto/hmac.h"
#include "hooks/hooks_internal.h"

static const struct str type_names[HOOK_TYPE_COUNT] = {
    [HOOK_MAIL_VERDICT] = STR_INIT("mail.verdict"),
    [HOOK_MAIL_FINDING] = STR_INIT("mail.finding"),
    [HOOK_MONITOR_CHANGED] = STR_INIT("monitor.changed"),
    [HOOK_REPORT_RECEIVED] = STR_INIT("report.received"),
    [HOOK_DAEMON_STATE] = STR_INIT("daemon.state"),
};

const char *hook_type_name(enum hook_type t)
{
    return (size_t)t < HOOK_TYPE_COUNT ? type_names[t].p : "unknown";
}

bool hook_type_by_name(struct str s, enum hook_type *out)
{
    for (size_t i = 0; i < HOOK_TYPE_COUNT; i++)
        if (str_eq(s, type_names[i])) {
            *out = (enum hook_type)i;
            return true;
        }
    return false;
}

/* ---- checks ---- */

static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
            return false;
    return s.n > 0 && s.n <= HOOKS_NAME_MAX_BYTES;
}

static const char *wrong_url(const struct hook_endpoint *e)
{
    struct uri u;
    if (e->url.n > HOOKS_URL_MAX_BYTES)
        return "its URL is too long";
    if (!uri_parse(e->url, &u) || u.host.n == 0)
        return "its URL is none";
    if (u.userinfo.p != NULL)
        return "its URL names a user: who receives checks the signature instead";
    if (str_ieq(u.scheme, STR("https")))
        return NULL;
    return str_ieq(u.scheme, STR("http")) && e->allow_private && u.host_is_ip
               ? NULL
               : "its URL is not https (http goes to a loopback address alone, with "
                 "allow_private)";
}

static const char *wrong_secret(const struct hook_endpoint *e)
{
    unsigned char key[HOOKS_SECRET_BYTES];
    size_t n;
    const char *wrong = e->n_secrets == 0 ? "it has no secret" : NULL;
    for (size_t i = 0; i < e->n_secrets && wrong == NULL; i++)
        if (!hook_secret(e->secrets[i], key, &n))
            wrong = "a secret is not \"whsec_\" and base64 of 24 to 64 bytes";
    crypto_wipe(key, sizeof key);
    return wrong;
}

static bool wants_something(const struct hook_endpoint *e)
{
    for (size_t i = 0; i < HOOK_TYPE_COUNT; i++)
        if (e->types[i])
            return true;
    return false;
}

static const char *too_many(const struct hook_endpoint *e)
{
    return e->n_secrets > HOOKS_MAX_SECRETS       ? "too many secrets"
           : e->n_findings > HOOKS_MAX_PATTERNS   ? "too many patterns of findings"
           : e->timeout_ms > HOOKS_TIMEOUT_MAX_MS ? "its timeout is too long"
           : e->concurrent > HOOKS_CONCURRENT_MAX ? "too many requests at a time"
                                                  : NULL;
}

int hook_endpoint_check(const struct hook_endpoint *e, struct mp_err *err)
{
    if (!is_name(e->name))
        return mp_fail(err, MP_E_USAGE, 0,
                       "a webhook has no name of 1 to %d letters, digits, \"-\" and \"_\"",
                       HOOKS_NAME_MAX_BYTES);
    const char *wrong = too_many(e);
    if (wrong != NULL)
        return mp_fail(err, MP_E_LIMIT, 0, "webhook " STR_FMT ": %s", STR_ARG(e->name), wrong);
    wrong = wrong_url(e);
    if (wrong == NULL)
        wrong = wrong_secret(e);
    if (wrong == NULL && !wants_something(e))
        wrong = "it wants no events";
    if (wrong != NULL)
        return mp_fail(err, MP_E_USAGE, 0, "webhook " STR_FMT ": %s", STR_ARG(e->name), wrong);
    return MP_OK;
}

/* ---- filters ---- */

static bool finding_fits(const struct hook_endpoint *e, const struct summary_finding *f)
{
    bool fits = e->n_findings == 0;
    if (e->has_severity && f->severity < e->severity)
        return false;
    for (size_t i = 0; i < e->n_findings && !fits; i++)
        fits = policy_pattern_matches(e->findings[i], f->id);
    return fits;
}

static bool verdict_fits(const struct hook_endpoint *e, const struct mail_summary *s)
{
    enum verdict_action done;
    bool any = false, filtered = e->has_severity || e->n_findings > 0;
    for (size_t i = 0; i < ARRAY_LEN(e->actions); i++)
        any = any || e->actions[i];
    if (any && (!action_by_name(s->done, &done) || !e->actions[done]))
        return false;
    for (size_t i = 0; filtered && i < s->n_findings; i++)
        if (finding_fits(e, &s->findings[i]))
            return true;
    return !filtered;
}

bool hook_wants(const struct hook_endpoint *e, const struct hook_subject *s)
{
    if (!e->types[s->type])
        return false;
    if (s->mail == NULL)
        return true;
    return s->type == HOOK_MAIL_FINDING ? finding_fits(e, &s->mail->findings[s->finding])
                                        : verdict_fits(e, s->mail);
}
