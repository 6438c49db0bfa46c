/* The section `http`: the API, the dashboard, and who may use them. */
#include "daemon/config_internal.h"

enum { SCANS_MOST = 4096, RATE_MOST = 1000000, MESSAGE_LEAST = 1024, SHA256_HEX = 64 };

/* ---- tokens ---- */

static int read_sha256(struct yaml *y, void *into)
{
    struct str text;
    int st = yaml_next_scalar(y, "a SHA-256 hash", &text);
    if (st != MP_OK)
        return st;
    bool ok = text.n == SHA256_HEX;
    for (size_t i = 0; ok && i < text.n; i++)
        ok = is_digit(text.p[i]) || (to_lower(text.p[i]) >= 'a' && to_lower(text.p[i]) <= 'f');
    if (!ok) /* not shown: it may be the token itself */
        return yaml_fail(y, MP_E_SYNTAX,
                         "the SHA-256 of the token is wanted here, 64 hexadecimal digits (printf "
                         "%%s TOKEN | sha256sum), never the token itself");
    struct str lower = arena_lower(y->arena, text);
    if (lower.p == NULL)
        return yaml_fail_memory(y);
    *(struct str *)into = lower;
    return MP_OK;
}

static const struct serve_word scopes[] = {{"scan", SERVE_SCOPE_SCAN},
                                           {"read", SERVE_SCOPE_READ},
                                           {"metrics", SERVE_SCOPE_METRICS},
                                           {"admin", SERVE_SCOPE_ADMIN},
                                           {NULL, 0}};

static int read_scope(struct yaml *y, void *into)
{
    int value;
    int st = serve_this_word(y, "scope", scopes, &value);
    if (st == MP_OK)
        *(unsigned *)into |= (unsigned)value;
    return st;
}

static int read_scopes(struct yaml *y, void *into)
{
    return yaml_next_list(y, "a list of scopes (scan, read, metrics, admin)", read_scope, into);
}

static int read_token(struct yaml *y, void *into)
{
    enum { KEY_NAME, KEY_SHA256, KEY_FILE, KEY_SCOPES };
    static const struct yaml_key keys[] = {
        [KEY_NAME] = {STR_INIT("name"), serve_read_name, offsetof(struct serve_token, name)},
        [KEY_SHA256] = {STR_INIT("sha256"), read_sha256, offsetof(struct serve_token, sha256)},
        [KEY_FILE] = {STR_INIT("file"), serve_read_path, offsetof(struct serve_token, file)},
        [KEY_SCOPES] = {STR_INIT("scopes"), read_scopes, offsetof(struct serve_token, scopes)},
    };
    uint32_t seen = 0;
    struct serve_http *h = into;
    struct serve_token t = {0};
    int st = yaml_expect(y, YAML_MAP, "a token (name, sha256 or file, scopes)");
    if (st == MP_OK && h->n_tokens == SERVE_MAX_TOKENS)
        return yaml_fail(y, MP_E_LIMIT, "more than %d tokens", SERVE_MAX_TOKENS);
    if (st == MP_OK)
        st = yaml_map(y, keys, ARRAY_LEN(keys), &seen, &t);
    if (st != MP_OK)
        return st;
    if (t.name.n == 0)
        return yaml_fail(y, MP_E_SYNTAX, "the token that ends here has no 'name'");
    if ((t.sha256.n > 0) == (t.file.n > 0))
        return yaml_fail(y, MP_E_SYNTAX,
                         "the token that ends here has 'sha256' or 'file', one of them");
    if (t.scopes == 0)
        return yaml_fail(y, MP_E_SYNTAX,
                         "the token that ends here may do nothing: it has no 'scopes'");
    for (size_t i = 0; i < h->n_tokens; i++)
        if (str_eq(h->tokens[i].name, t.name))
            return yaml_fail(y, MP_E_SYNTAX, "the token that ends here has the name of another");
    h->tokens[h->n_tokens++] = t;
    return MP_OK;
}

static int read_tokens(struct yaml *y, void *into)
{
    return yaml_next_list(y, "a list of tokens", read_token, into);
}

/* ---- the rest ---- */

static int read_tls(struct yaml *y, void *into)
{
    static const struct yaml_key keys[] = {
        {STR_INIT("cert"), serve_read_path, offsetof(struct serve_http, cert_file)},
        {STR_INIT("key"), serve_read_path, offsetof(struct serve_http, key_file)},
    };
    uint32_t seen;
    int st = yaml_next_expected(y, YAML_MAP, "a mapping (cert, key)");
    if (st == MP_OK)
        st = yaml_map(y, keys, ARRAY_LEN(keys), &seen, into);
    if (st == MP_OK && seen != 3)
        return yaml_fail(y, MP_E_SYNTAX, "'tls' that ends here wants both, 'cert' and 'key'");
    return st;
}

static int read_names(struct yaml *y, void *into)
{
    struct serve_http *h = into;
    return serve_take_list(y, &(struct serve_list){"a list of host names", serve_check_domain,
                                                   h->names, &h->n_names, SERVE_MAX_NAMES});
}

static int read_max_scans(struct yaml *y, void *into)
{
    return serve_take_count(y, (struct serve_range){"a number from 0 to 4096", 0, SCANS_MOST},
                            into);
}

static int read_rate(struct yaml *y, void *into)
{
    return serve_take_count(
        y, (struct serve_range){"a number of requests a minute from 0 to 1000000", 0, RATE_MOST},
        into);
}

static int read_max_message(struct yaml *y, void *into)
{
    return serve_take_bytes(
        y, (struct serve_range){"a size from 1k to 64M", MESSAGE_LEAST, UINT64_C(64) << 20}, into);
}

#define AT(field) offsetof(struct serve_http, field)
enum { KEY_LISTEN };
static const struct yaml_key http_keys[] = {
    [KEY_LISTEN] = {STR_INIT("listen"), serve_read_address, AT(listen)},
    {STR_INIT("enabled"), yaml_read_bool, AT(enabled)},
    {STR_INIT("tls"), read_tls, 0},
    {STR_INIT("names"), read_names, 0},
    {STR_INIT("tokens"), read_tokens, 0},
    {STR_INIT("rspamd"), yaml_read_bool, AT(rspamd)},
    {STR_INIT("dashboard"), yaml_read_bool, AT(dashboard)},
    {STR_INIT("open_metrics"), yaml_read_bool, AT(open_metrics)},
    {STR_INIT("max_scans"), read_max_scans, AT(max_scans)},
    {STR_INIT("rate"), read_rate, AT(rate_per_min)},
    {STR_INIT("max_message"), read_max_message, AT(max_message_bytes)},
};

int serve_read_http(struct yaml *y, void *into)
{
    uint32_t seen;
    struct serve_config *c = into;
    c->http = (struct serve_http){.enabled = true,
                                  .dashboard = true,
                                  .max_message_bytes = SERVE_MAX_MESSAGE_BYTES};
    int st = yaml_next_expected(y, YAML_MAP, "a mapping (listen, tokens, ...)");
    if (st == MP_OK)
        st = yaml_map(y, http_keys, ARRAY_LEN(http_keys), &seen, &c->http);
    if (st == MP_OK && !(seen >> KEY_LISTEN & 1))
        return yaml_fail(y, MP_E_SYNTAX, "'http' that ends here has no 'listen'");
    return st;
}
