/* The sections of what is remembered and told: history, webhooks, monitor, reports. */
#include "base/uri.h"
#include "daemon/config_internal.h"
#include "finding/severity_yaml.h"
#include "hooks/hooks.h"
#include "posture/posture.h"

enum { DAYS_MOST = 3650, YEAR_S = 31622400, HISTORY_LEAST = 1 << 20 };

static int read_keep(struct yaml *y, void *into)
{
    return serve_take_duration(
        y, (struct serve_range){"whole days from 1d to 3650d (30d)", 1, DAYS_MOST}, PER_DAY_MS,
        into);
}

/* ---- history ---- */

static int read_max_size(struct yaml *y, void *into)
{
    return serve_take_bytes(
        y, (struct serve_range){"a size from 1M to 16T (1G)", HISTORY_LEAST, UINT64_C(16) << 40},
        into);
}

int serve_read_history(struct yaml *y, void *into)
{
    enum { KEY_REPORTS, KEY_MESSAGES };
#define AT(field) offsetof(struct serve_history, field)
    static const struct yaml_key keys[] = {
        [KEY_REPORTS] = {STR_INIT("keep_reports"), yaml_read_bool, AT(keep_reports)},
        [KEY_MESSAGES] = {STR_INIT("keep_messages"), yaml_read_bool, AT(keep_messages)},
        {STR_INIT("enabled"), yaml_read_bool, AT(enabled)},
        {STR_INIT("dir"), serve_read_whole_path, AT(dir)},
        {STR_INIT("keep"), read_keep, AT(keep_days)},
        {STR_INIT("max_size"), read_max_size, AT(max_bytes)},
        {STR_INIT("hash_addresses"), yaml_read_bool, AT(hash_addresses)},
        {STR_INIT("omit_subjects"), yaml_read_bool, AT(omit_subjects)},
    };
#undef AT
    uint32_t seen;
    struct serve_history *h = &((struct serve_config *)into)->history;
    int st = yaml_next_expected(y, YAML_MAP, "a mapping (keep, max_size, ...)");
    if (st == MP_OK)
        st = yaml_map(y, keys, ARRAY_LEN(keys), &seen, h);
    if (st != MP_OK || !(h->hash_addresses || h->omit_subjects))
        return st;
    /* Reports and messages hold both. */
    if (h->keep_messages || (h->keep_reports && seen >> KEY_REPORTS & 1))
        return yaml_fail(y, MP_E_SYNTAX,
                         "the history that ends here hides addresses or subjects, and reports and "
                         "messages show them: keep_%s: false",
                         h->keep_messages ? "messages" : "reports");
    h->keep_reports = false;
    return MP_OK;
}

/* ---- webhooks ---- */

static int read_url(struct yaml *y, void *into)
{
    struct str text;
    struct uri uri;
    int st = yaml_next_scalar(y, "an https URL", &text);
    if (st != MP_OK)
        return st;
    if (!uri_parse(text, &uri) || uri.userinfo.p != NULL) /* not shown: a password may be in it */
        return yaml_fail(y, MP_E_SYNTAX, "an https URL without user and password is wanted here");
    if (!str_ieq(uri.scheme, STR("https")) && !str_ieq(uri.scheme, STR("http")))
        return yaml_fail(y, MP_E_SYNTAX, "an https URL is wanted here");
    if (uri.host.n == 0)
        return yaml_fail(y, MP_E_SYNTAX, "a URL with a host is wanted here");
    return serve_check_text(y, text, into);
}

static int check_event(struct yaml *y, struct str text, struct str *out)
{
    enum hook_type type;
    struct nearest nearest = {.wanted = text};
    if (hook_type_by_name(text, &type))
        return yaml_copy(y, text, out);
    for (int t = 0; t < HOOK_TYPE_COUNT; t++)
        nearest_try(&nearest, str_from(hook_type_name((enum hook_type)t)));
    return yaml_fail_unknown(y, "event", &nearest);
}

static int read_events(struct yaml *y, void *into)
{
    struct serve_webhook *w = into;
    return serve_take_list(y, &(struct serve_list){"a list of events", check_event, w->events,
                                                   &w->n_events, SERVE_MAX_NAMES});
}

/* A pattern that names no finding would be one that never tells: refused, as a typing error. */
static int check_pattern(struct yaml *y, struct str text, struct str *out)
{
    struct nearest nearest = {.wanted = text};
    for (size_t i = 0; i < FINDING_COUNT; i++) {
        struct str name = finding_kind((enum finding_id)i)->name;
        if (policy_pattern_matches(text, name))
            return yaml_copy(y, text, out);
        nearest_try(&nearest, name);
    }
    return yaml_fail_unknown(y, "finding", &nearest);
}

static int read_findings(struct yaml *y, void *into)
{
    struct serve_webhook *w = into;
    return serve_take_list(y,
                           &(struct serve_list){"a list of findings (intel.*)", check_pattern,
                                                w->findings, &w->n_findings, HOOKS_MAX_PATTERNS});
}

/* Where it is, never the secret itself. */
static int read_secret(struct yaml *y, void *into)
{
    static const struct yaml_key keys[] = {
        {STR_INIT("file"), serve_read_path, offsetof(struct serve_webhook, secret_file)},
        {STR_INIT("env"), serve_read_name, offsetof(struct serve_webhook, secret_env)},
    };
    uint32_t seen;
    int st = yaml_next_expected(
        y, YAML_MAP,
        "where the secret is, {file: PATH} or {env: NAME}, and never the secret itself,");
    if (st == MP_OK)
        st = yaml_map(y, keys, ARRAY_LEN(keys), &seen, into);
    if (st == MP_OK && seen != 1 && seen != 2)
        return yaml_fail(y, MP_E_SYNTAX,
                         "the secret that ends here has 'file' or 'env', one of them");
    return st;
}

#define AT(field) offsetof(struct serve_webhook, field)
enum { KEY_SEVERITY, KEY_SECRET };
static const struct yaml_key webhook_keys[] = {
    [KEY_SEVERITY] = {STR_INIT("min_severity"), severity_read_yaml, AT(severity)},
    [KEY_SECRET] = {STR_INIT("secret"), read_secret, 0},
    {STR_INIT("name"), serve_read_name, AT(name)},
    {STR_INIT("url"), read_url, AT(url)},
    {STR_INIT("events"), read_events, 0},
    {STR_INIT("findings"), read_findings, 0},
    {STR_INIT("min_action"), serve_read_action, AT(min_action)},
    {STR_INIT("allow_private"), yaml_read_bool, AT(allow_private)},
};
#undef AT

static int check_webhook(struct yaml *y, const struct serve_config *c,
                         const struct serve_webhook *w, uint32_t seen)
{
    const char *missing = w->name.n == 0              ? "name"
                          : w->url.n == 0             ? "url"
                          : !(seen >> KEY_SECRET & 1) ? "secret"
                                                      : NULL;
    if (missing != NULL)
        return yaml_fail(y, MP_E_SYNTAX, "the webhook that ends here has no '%s'", missing);
    if (str_istarts(w->url, STR("http:")) && !w->allow_private)
        return yaml_fail(y, MP_E_SYNTAX,
                         "the webhook that ends here sends in the clear: an https URL is wanted "
                         "(http to this machine: with 'allow_private')");
    for (size_t i = 0; i < c->n_webhooks; i++)
        if (str_eq(c->webhooks[i].name, w->name))
            return yaml_fail(y, MP_E_SYNTAX, "the webhook that ends here has the name of another");
    return MP_OK;
}

static int read_webhook(struct yaml *y, void *into)
{
    uint32_t seen = 0;
    struct serve_config *c = into;
    int st = yaml_expect(y, YAML_MAP, "a webhook (name, url, secret, ...)");
    if (st == MP_OK && c->n_webhooks == SERVE_MAX_WEBHOOKS)
        return yaml_fail(y, MP_E_LIMIT, "more than %d webhooks", SERVE_MAX_WEBHOOKS);
    if (st != MP_OK)
        return st;
    struct serve_webhook *w = &c->webhooks[c->n_webhooks];
    *w = (struct serve_webhook){.min_action = ACTION_TAG};
    st = yaml_map(y, webhook_keys, ARRAY_LEN(webhook_keys), &seen, w);
    if (st == MP_OK)
        st = check_webhook(y, c, w, seen);
    if (st != MP_OK)
        return st;
    w->has_severity = seen >> KEY_SEVERITY & 1;
    c->n_webhooks++;
    return MP_OK;
}

int serve_read_webhooks(struct yaml *y, void *into)
{
    return yaml_next_list(y, "a list of webhooks", read_webhook, into);
}

/* ---- monitor ---- */

static int read_suites(struct yaml *y, void *into)
{
    struct serve_monitor *m = &((struct serve_config *)into)->monitor;
    return serve_take_list(y, &(struct serve_list){"a list of files", serve_check_path, m->suites,
                                                   &m->n_suites, SERVE_MAX_SUITES});
}

static int read_profile(struct yaml *y, void *into)
{
    enum posture_profile profile;
    struct str word;
    int st = yaml_next_scalar(y, "a profile (auto, sending, receiving, parked)", &word);
    if (st != MP_OK)
        return st;
    struct nearest nearest = {.wanted = word};
    if (posture_profile_by_name(word, &profile)) {
        *(struct str *)into =
            profile == PROFILE_AUTO ? STR_NONE : str_from(posture_profile_name(profile));
        return MP_OK;
    }
    for (int p = PROFILE_AUTO; p <= PROFILE_PARKED; p++)
        nearest_try(&nearest, str_from(posture_profile_name((enum posture_profile)p)));
    return yaml_fail_unknown(y, "profile", &nearest);
}

static int read_audit(struct yaml *y, void *into)
{
    static const struct yaml_key keys[] = {
        {STR_INIT("domain"), serve_read_domain, offsetof(struct serve_audit, domain)},
        {STR_INIT("profile"), read_profile, offsetof(struct serve_audit, profile)},
    };
    uint32_t seen;
    struct serve_monitor *m = into;
    struct serve_audit audit = {0};
    struct str text;
    int st = MP_OK;
    if (m->n_audits == SERVE_MAX_AUDITS)
        return yaml_fail(y, MP_E_LIMIT, "more than %d domains", SERVE_MAX_AUDITS);
    if (y->event == YAML_MAP) {
        st = yaml_map(y, keys, ARRAY_LEN(keys), &seen, &audit);
        if (st == MP_OK && audit.domain.n == 0)
            return yaml_fail(y, MP_E_SYNTAX, "the audit that ends here has no 'domain'");
    } else {
        st = yaml_scalar(y, "a domain, or a mapping (domain, profile),", &text);
        if (st == MP_OK)
            st = serve_check_domain(y, text, &audit.domain);
    }
    if (st == MP_OK)
        m->audits[m->n_audits++] = audit;
    return st;
}

static int read_audits(struct yaml *y, void *into)
{
    struct serve_monitor *m = &((struct serve_config *)into)->monitor;
    m->n_audits = 0;
    return yaml_next_list(y, "a list of domains", read_audit, m);
}

static int read_audit_every(struct yaml *y, void *into)
{
    return serve_take_duration(y,
                               (struct serve_range){"a duration from 1m to 366d (1d)", 60, YEAR_S},
                               PER_SECOND_MS, into);
}

int serve_read_monitor(struct yaml *y, void *into)
{
    static const struct yaml_key keys[] = {
        {STR_INIT("suites"), read_suites, 0},
        {STR_INIT("audits"), read_audits, 0},
        {STR_INIT("audit_every"), read_audit_every,
         offsetof(struct serve_config, monitor.audit_every_s)},
    };
    uint32_t seen;
    int st = yaml_next_expected(y, YAML_MAP, "a mapping (suites, audits, audit_every)");
    return st == MP_OK ? yaml_map(y, keys, ARRAY_LEN(keys), &seen, into) : st;
}

/* ---- reports ---- */

static int read_imap_url(struct yaml *y, void *into)
{
    struct str text;
    struct uri uri;
    int st = yaml_next_scalar(y, "an imaps URL", &text);
    if (st != MP_OK)
        return st;
    if (!uri_parse(text, &uri) || uri.userinfo.p != NULL || uri.host.n == 0 ||
        !(str_ieq(uri.scheme, STR("imaps")) || str_ieq(uri.scheme, STR("imap"))))
        return yaml_fail(y, MP_E_SYNTAX,
                         "a URL like imaps://mail.example.org/INBOX is wanted here, user and "
                         "password stand beside it");
    return serve_check_text(y, text, into);
}

static int read_imap_every(struct yaml *y, void *into)
{
    return serve_take_duration(
        y, (struct serve_range){"a duration from 1m to 7d (15m)", 60, 7 * 86400}, PER_SECOND_MS,
        into);
}

static int read_imap(struct yaml *y, void *into)
{
#define AT(field) offsetof(struct serve_reports, field)
    static const struct yaml_key keys[] = {
        {STR_INIT("url"), read_imap_url, AT(imap_url)},
        {STR_INIT("user"), serve_read_text, AT(imap_user)},
        {STR_INIT("password_file"), serve_read_path, AT(imap_password_file)},
        {STR_INIT("every"), read_imap_every, AT(imap_every_s)},
    };
    uint32_t seen;
    int st = yaml_next_expected(y, YAML_MAP, "a mapping (url, user, password_file, every)");
    if (st == MP_OK)
        st = yaml_map(y, keys, ARRAY_LEN(keys), &seen, into);
    if (st == MP_OK && (seen & 7) != 7)
        return yaml_fail(y, MP_E_SYNTAX,
                         "'imap' that ends here wants 'url', 'user' and 'password_file'");
    return st;
}

static int read_email(struct yaml *y, void *into)
{
    char word[4 * YAML_SHOWN_BYTES];
    struct str text, domain;
    int st = yaml_next_scalar(y, "an address", &text);
    if (st != MP_OK)
        return st;
    size_t at = str_rfind(text, '@');
    bool ok = at > 0 && at + 1 < text.n;
    for (size_t i = 0; ok && i < at; i++)
        ok = text.p[i] > ' ' && text.p[i] < 0x7f && !str_has(STR("<>()[],;:\\\"@"), text.p[i]);
    if (!ok)
        return yaml_fail(y, MP_E_SYNTAX, "'%s' is no mail address", yaml_shown(text, word));
    st = serve_check_domain(y, str_slice(text, at + 1, text.n), &domain);
    if (st != MP_OK)
        return st;
    struct str whole = arena_join(y->arena, (struct str[]){str_slice(text, 0, at + 1), domain}, 2);
    if (whole.p == NULL)
        return yaml_fail_memory(y);
    *(struct str *)into = whole;
    return MP_OK;
}

int serve_read_reports(struct yaml *y, void *into)
{
    static const struct yaml_key keys[] = {
        {STR_INIT("enabled"), yaml_read_bool, AT(enabled)},
        {STR_INIT("dir"), serve_read_whole_path, AT(dir)},
        {STR_INIT("observe"), yaml_read_bool, AT(observe)},
        {STR_INIT("organization"), serve_read_text, AT(organization)},
        {STR_INIT("email"), read_email, AT(email)},
        {STR_INIT("imap"), read_imap, 0},
        {STR_INIT("keep"), read_keep, AT(keep_days)},
    };
    uint32_t seen;
    struct serve_reports *r = &((struct serve_config *)into)->reports;
    r->enabled = true;
    int st = yaml_next_expected(y, YAML_MAP, "a mapping (observe, imap, ...)");
    if (st == MP_OK)
        st = yaml_map(y, keys, ARRAY_LEN(keys), &seen, r);
    if (st == MP_OK && (r->organization.n > 0) != (r->email.n > 0))
        return yaml_fail(y, MP_E_SYNTAX,
                         "the reports that end here are sent in the name of 'organization' and "
                         "'email', both of them");
    return st;
}
#undef AT
