/* Values of the configuration: words, durations, sizes, secrets. */
#include "base/utf8.h"
#include "intel/config_internal.h"

enum { UNIT_MAX_BYTES = 4 };

/* ---- texts ---- */

static int check_text(struct yaml *y, struct str text, size_t max, bool lines)
{
    if (text.n > max)
        return yaml_fail(y, MP_E_LIMIT, "a text has at most %zu bytes here", max);
    for (struct str rest = text; rest.n > 0;) {
        int32_t cp = utf8_next(&rest);
        if ((cp < 0x20 && !(lines && (cp == '\n' || cp == '\t'))) || (cp >= 0x7f && cp < 0xa0) ||
            utf8_is_invisible(cp))
            return yaml_fail(y, MP_E_SYNTAX, "a text without control characters is wanted here");
    }
    return MP_OK;
}

int config_check_text(struct yaml *y, struct str text, struct str *into)
{
    int st = check_text(y, text, INTEL_MAX_TEXT_BYTES, false);
    return st == MP_OK ? yaml_copy(y, text, into) : st;
}

static int read_text(struct yaml *y, size_t max, bool lines, struct str *into)
{
    struct str text;
    int st = yaml_next_scalar(y, "a text", &text);
    if (st == MP_OK)
        st = check_text(y, text, max, lines);
    return st == MP_OK ? yaml_copy(y, text, into) : st;
}

int config_read_text(struct yaml *y, void *into)
{
    return read_text(y, INTEL_MAX_TEXT_BYTES, false, into);
}

int config_read_body(struct yaml *y, void *into)
{
    return read_text(y, INTEL_MAX_BODY_BYTES, true, into);
}

int config_read_name(struct yaml *y, struct str *out)
{
    char word[4 * YAML_SHOWN_BYTES];
    struct str name;
    int st = yaml_scalar(y, "a name", &name);
    if (st != MP_OK)
        return st;
    bool ok = name.n > 0 && name.n <= INTEL_MAX_NAME_BYTES && name.p[0] != '-';
    for (size_t i = 0; ok && i < name.n; i++)
        ok = is_alnum(name.p[i]) || name.p[i] == '-';
    if (!ok)
        return yaml_fail(y, MP_E_SYNTAX,
                         "'%s' is no name: 1 to %d letters, digits and hyphens, no hyphen first",
                         yaml_shown(name, word), INTEL_MAX_NAME_BYTES);
    return yaml_copy(y, name, out);
}

/* ---- URLs ---- */

/* http is for servers on this machine alone: proxies of a site, tests. */
static bool on_loopback(struct str url)
{
    static const struct str starts[] = {STR_INIT("http://127.0.0.1"), STR_INIT("http://[::1]"),
                                        STR_INIT("http://localhost")};
    for (size_t i = 0; i < ARRAY_LEN(starts); i++)
        if (str_istarts(url, starts[i]) &&
            (url.n == starts[i].n || url.p[starts[i].n] == '/' || url.p[starts[i].n] == ':'))
            return true;
    return false;
}

int config_check_url(struct yaml *y, struct str url, struct str *into)
{
    char word[4 * YAML_SHOWN_BYTES];
    size_t slashes = str_search(url, STR("//"));
    struct str rest = str_slice(url, slashes < url.n ? slashes + 2 : 0, url.n);
    struct str host = str_cut(&rest, '/');
    if (str_has(host, '@')) /* nor is it shown, whatever else is wrong */
        return yaml_fail(y, MP_E_SYNTAX, "a password does not stand in a URL: see 'key'");
    if (!(str_istarts(url, STR("https://")) || on_loopback(url)) || str_has(url, ' ') ||
        host.n == 0)
        return yaml_fail(y, MP_E_SYNTAX, "'%s' is no https URL", yaml_shown(url, word));
    return config_check_text(y, url, into);
}

int config_read_url(struct yaml *y, void *into)
{
    struct str url;
    int st = yaml_next_scalar(y, "an https URL", &url);
    return st == MP_OK ? config_check_url(y, url, into) : st;
}

/* ---- numbers ---- */

struct unit {
    char name[UNIT_MAX_BYTES];
    uint64_t factor;
};

/* Digits and one of the units; 0 needs none. */
static bool take_scaled(struct str text, const struct unit *units, size_t n, uint64_t max,
                        uint64_t *out)
{
    size_t digits = 0;
    uint64_t number;
    while (digits < text.n && is_digit(text.p[digits]))
        digits++;
    struct str unit = str_trim_wsp(str_slice(text, digits, text.n));
    if (!str_to_u64(str_slice(text, 0, digits), UINT64_MAX, &number))
        return false;
    if (number == 0 && unit.n == 0) {
        *out = 0;
        return true;
    }
    for (size_t i = 0; i < n; i++)
        if (str_ieq(unit, str_from(units[i].name)) && number <= max / units[i].factor) {
            *out = number * units[i].factor;
            return true;
        }
    return false;
}

static int read_scaled(struct yaml *y, const char *what, const struct unit *units, size_t n,
                       uint64_t max, uint64_t *out)
{
    char word[4 * YAML_SHOWN_BYTES];
    struct str text;
    int st = yaml_next_scalar(y, what, &text);
    if (st == MP_OK && !take_scaled(text, units, n, max, out))
        return yaml_fail(y, MP_E_SYNTAX, "%s is wanted here, not '%s'", what,
                         yaml_shown(text, word));
    return st;
}

int config_read_seconds(struct yaml *y, void *into)
{
    static const struct unit units[] = {
        {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}};
    uint64_t v = 0;
    int st = read_scaled(y, "a duration (90s, 5m, 1h, 7d)", units, ARRAY_LEN(units),
                         UINT64_C(100) * 366 * 86400, &v);
    if (st == MP_OK)
        *(int64_t *)into = (int64_t)v;
    return st;
}

int config_read_size(struct yaml *y, void *into)
{
    static const struct unit units[] = {
        {"B", 1}, {"kB", 1 << 10}, {"MB", 1 << 20}, {"GB", 1 << 30}};
    uint64_t v = 0;
    int st = read_scaled(y, "a size (500kB, 64MB)", units, ARRAY_LEN(units), SIZE_MAX / 2, &v);
    if (st == MP_OK)
        *(size_t *)into = (size_t)v;
    return st;
}

static int read_number(struct yaml *y, const char *what, uint64_t max, uint64_t *out)
{
    char word[4 * YAML_SHOWN_BYTES];
    struct str text;
    int st = yaml_next_scalar(y, what, &text);
    if (st == MP_OK && !str_to_u64(text, max, out))
        return yaml_fail(y, MP_E_SYNTAX, "%s is wanted here, not '%s'", what,
                         yaml_shown(text, word));
    return st;
}

int config_read_count(struct yaml *y, void *into)
{
    uint64_t v = 0;
    int st = read_number(y, "a whole number", UINT32_MAX, &v);
    if (st == MP_OK)
        *(unsigned *)into = (unsigned)v;
    return st;
}

int config_read_percent(struct yaml *y, void *into)
{
    uint64_t v = 0;
    int st = read_number(y, "a number from 0 to 100", 100, &v);
    if (st == MP_OK)
        *(uint8_t *)into = (uint8_t)v;
    return st;
}

/* ---- words ---- */

/* The current event. */
static int take_word(struct yaml *y, const char *what, const struct config_word *words, int *out)
{
    struct str word;
    int st = yaml_scalar(y, what, &word);
    if (st != MP_OK)
        return st;
    struct nearest nearest = {.wanted = word};
    for (; words->name != NULL; words++) {
        if (str_eq(word, str_from(words->name))) {
            *out = words->value;
            return MP_OK;
        }
        nearest_try(&nearest, str_from(words->name));
    }
    return yaml_fail_unknown(y, str_starts(str_from(what), STR("a ")) ? what + 2 : what, &nearest);
}

int config_take_word(struct yaml *y, const char *what, const struct config_word *words, int *out)
{
    int st = yaml_next(y);
    return st == MP_OK ? take_word(y, what, words, out) : st;
}

int config_take_bits(struct yaml *y, const char *what, const struct config_word *words,
                     unsigned *out)
{
    unsigned bits = 0;
    int value = 0;
    int st = yaml_next(y);
    bool list = st == MP_OK && y->event == YAML_LIST;
    if (list)
        st = yaml_next(y);
    while (st == MP_OK && !(list && y->event == YAML_LIST_END)) {
        st = take_word(y, what, words, &value);
        if (st == MP_OK)
            bits |= (unsigned)value;
        if (st != MP_OK || !list)
            break;
        st = yaml_next(y);
    }
    if (st == MP_OK)
        *out = bits;
    return st;
}

int config_read_tlp(struct yaml *y, void *into)
{
    struct str word;
    int st = yaml_next_scalar(y, "a TLP label (clear, green, amber, amber+strict, red)", &word);
    if (st != MP_OK || tlp_by_name(word, into))
        return st;
    struct nearest nearest = {.wanted = word};
    for (int t = TLP_CLEAR; t < TLP_COUNT; t++)
        nearest_try(&nearest, str_from(tlp_name((enum tlp)t)));
    return yaml_fail_unknown(y, "TLP label", &nearest);
}

int config_read_kind(struct yaml *y, void *into)
{
    struct str word;
    int st = yaml_next_scalar(y, "a kind (url, host, domain, ip, ...)", &word);
    if (st != MP_OK || indicator_kind_by_name(word, into))
        return st;
    struct nearest nearest = {.wanted = word};
    if (str_eq(word, STR("any"))) {
        *(enum indicator_kind *)into = INDICATOR_KIND_COUNT;
        return MP_OK;
    }
    for (int k = 0; k < INDICATOR_KIND_COUNT; k++)
        nearest_try(&nearest, str_from(indicator_kind_name((enum indicator_kind)k)));
    nearest_try(&nearest, STR("any"));
    return yaml_fail_unknown(y, "kind", &nearest);
}

/* ---- secrets ---- */

/* What a secret's own text would look like is refused: it would stand in every backup. */
int config_read_secret(struct yaml *y, void *into)
{
    static const struct yaml_key keys[] = {
        {STR_INIT("env"), config_read_text, offsetof(struct intel_secret, env)},
        {STR_INIT("file"), config_read_text, offsetof(struct intel_secret, file)},
    };
    struct intel_secret secret = {STR_NONE, STR_NONE};
    uint32_t seen;
    int st = yaml_next_expected(
        y, YAML_MAP, "where the key is, {env: NAME} or {file: PATH}, and never the key itself,");
    if (st == MP_OK)
        st = yaml_map(y, keys, ARRAY_LEN(keys), &seen, &secret);
    if (st != MP_OK)
        return st;
    if ((secret.env.n > 0) == (secret.file.n > 0))
        return yaml_fail(y, MP_E_SYNTAX, "the key that ends here has 'env' or 'file', one of them");
    *(struct intel_secret *)into = secret;
    return MP_OK;
}
