/* Values of the daemon's configuration: texts, paths, durations, sizes, words. */
#include <stdio.h>

#include "base/idna.h"
#include "base/utf8.h"
#include "daemon/config_internal.h"

enum { ACCOUNT_BYTES = 32 };

/* ---- texts ---- */

int serve_check_text(struct yaml *y, struct str text, struct str *out)
{
    if (text.n == 0)
        return yaml_fail(y, MP_E_SYNTAX, "a text is wanted here, not an empty one");
    if (text.n > SERVE_MAX_TEXT_BYTES)
        return yaml_fail(y, MP_E_LIMIT, "a text has at most %d bytes here", SERVE_MAX_TEXT_BYTES);
    for (struct str rest = text; rest.n > 0;) {
        int32_t cp = utf8_next(&rest);
        if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || utf8_is_invisible(cp))
            return yaml_fail(y, MP_E_SYNTAX, "a text without control characters is wanted here");
    }
    return yaml_copy(y, text, out);
}

int serve_check_name(struct yaml *y, struct str text, struct str *out)
{
    char word[4 * YAML_SHOWN_BYTES];
    bool ok = text.n > 0 && text.n <= SERVE_MAX_NAME_BYTES && is_alnum(text.p[0]);
    for (size_t i = 0; ok && i < text.n; i++)
        ok = is_alnum(text.p[i]) || str_has(STR("-_."), text.p[i]);
    if (!ok)
        return yaml_fail(y, MP_E_SYNTAX,
                         "'%s' is no name: 1 to %d letters, digits, '-', '_' and '.', a letter or "
                         "digit first",
                         yaml_shown(text, word), SERVE_MAX_NAME_BYTES);
    return yaml_copy(y, text, out);
}

int serve_check_path(struct yaml *y, struct str text, struct str *out)
{
    struct str dir = str_from(y->file), path;
    int st = serve_check_text(y, text, &path);
    if (st != MP_OK)
        return st;
    size_t slash = str_rfind(dir, '/');
    if (path.p[0] != '/' && slash < dir.n) {
        path = arena_join(y->arena, (struct str[]){str_slice(dir, 0, slash + 1), path}, 2);
        if (path.p == NULL)
            return yaml_fail_memory(y);
    }
    *out = path;
    return MP_OK;
}

int serve_check_domain(struct yaml *y, struct str text, struct str *out)
{
    char word[4 * YAML_SHOWN_BYTES];
    struct str domain;
    if (!idna_to_ascii(y->arena, text, &domain) || !domain_is_ldh(domain))
        return yaml_fail(y, MP_E_SYNTAX, "'%s' is not a domain name", yaml_shown(text, word));
    return yaml_copy(y, domain, out);
}

static int read_checked(struct yaml *y, const char *what,
                        int (*check)(struct yaml *y, struct str text, struct str *out), void *into)
{
    struct str text;
    int st = yaml_next_scalar(y, what, &text);
    return st == MP_OK ? check(y, text, into) : st;
}

int serve_read_text(struct yaml *y, void *into)
{
    return read_checked(y, "a text", serve_check_text, into);
}

int serve_read_name(struct yaml *y, void *into)
{
    return read_checked(y, "a name", serve_check_name, into);
}

int serve_read_path(struct yaml *y, void *into)
{
    return read_checked(y, "a path", serve_check_path, into);
}

int serve_read_domain(struct yaml *y, void *into)
{
    return read_checked(y, "a domain name", serve_check_domain, into);
}

static int check_whole_path(struct yaml *y, struct str text, struct str *out)
{
    if (text.n == 0 || text.p[0] != '/')
        return yaml_fail(y, MP_E_SYNTAX, "a path that begins with '/' is wanted here");
    return serve_check_text(y, text, out);
}

int serve_read_whole_path(struct yaml *y, void *into)
{
    return read_checked(y, "a path that begins with '/'", check_whole_path, into);
}

/* As useradd(8) allows them. */
static int check_account(struct yaml *y, struct str text, struct str *out)
{
    char word[4 * YAML_SHOWN_BYTES];
    bool ok = text.n > 0 && text.n <= ACCOUNT_BYTES && (is_alpha(text.p[0]) || text.p[0] == '_');
    for (size_t i = 0; ok && i < text.n; i++)
        ok = is_alnum(text.p[i]) || str_has(STR("-_."), text.p[i]);
    if (!ok)
        return yaml_fail(y, MP_E_SYNTAX, "'%s' is no name of a user or group",
                         yaml_shown(text, word));
    return yaml_copy(y, text, out);
}

int serve_read_account(struct yaml *y, void *into)
{
    return read_checked(y, "the name of a user or group", check_account, into);
}

/* ---- lists of texts ---- */

static int take_item(struct yaml *y, void *into)
{
    const struct serve_list *list = into;
    struct str text;
    int st = yaml_scalar(y, list->what, &text);
    if (st == MP_OK && *list->n == list->max)
        return yaml_fail(y, MP_E_LIMIT, "more than %zu entries of this kind", list->max);
    if (st == MP_OK)
        st = list->item(y, text, &list->items[*list->n]);
    if (st == MP_OK)
        ++*list->n;
    return st;
}

int serve_take_list(struct yaml *y, const struct serve_list *list)
{
    struct serve_list own = *list;
    *own.n = 0;
    return yaml_next_list(y, list->what, take_item, &own);
}

/* ---- numbers ---- */

struct unit {
    struct str name;
    uint64_t factor;
};

/* Digits and one of the units; 0 needs none. False also above UINT64_MAX. */
static bool take_scaled(struct str text, const struct unit *units, size_t n, uint64_t *out)
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
        if (str_ieq(unit, units[i].name) && number <= UINT64_MAX / units[i].factor) {
            *out = number * units[i].factor;
            return true;
        }
    return false;
}

static int fail_number(struct yaml *y, const char *what, struct str text)
{
    char word[4 * YAML_SHOWN_BYTES];
    return yaml_fail(y, MP_E_SYNTAX, "%s is wanted here, not '%s'", what, yaml_shown(text, word));
}

int serve_take_duration(struct yaml *y, struct serve_range range, unsigned unit_ms, unsigned *out)
{
    static const struct unit units[] = {
        {STR_INIT("ms"), 1},
        {STR_INIT("s"), 1000},
        {STR_INIT("m"), 60000},
        {STR_INIT("min"), 60000},
        {STR_INIT("h"), 3600000},
        {STR_INIT("d"), PER_DAY_MS},
        {STR_INIT("w"), UINT64_C(7) * PER_DAY_MS},
    };
    struct str text;
    uint64_t ms = 0;
    int st = yaml_next_scalar(y, range.what, &text);
    if (st != MP_OK)
        return st;
    bool ok = take_scaled(text, units, ARRAY_LEN(units), &ms) && ms % unit_ms == 0;
    if (!ok || ms / unit_ms < range.min || ms / unit_ms > range.max)
        return fail_number(y, range.what, text);
    *out = (unsigned)(ms / unit_ms);
    return MP_OK;
}

int serve_take_bytes(struct yaml *y, struct serve_range range, uint64_t *out)
{
    static const struct unit units[] = {
        {STR_INIT("B"), 1},
        {STR_INIT("k"), 1 << 10},
        {STR_INIT("kB"), 1 << 10},
        {STR_INIT("KiB"), 1 << 10},
        {STR_INIT("M"), 1 << 20},
        {STR_INIT("MB"), 1 << 20},
        {STR_INIT("MiB"), 1 << 20},
        {STR_INIT("G"), 1 << 30},
        {STR_INIT("GB"), 1 << 30},
        {STR_INIT("GiB"), 1 << 30},
        {STR_INIT("T"), 1ULL << 40},
        {STR_INIT("TB"), 1ULL << 40},
        {STR_INIT("TiB"), 1ULL << 40},
    };
    struct str text;
    uint64_t bytes = 0;
    int st = yaml_next_scalar(y, range.what, &text);
    if (st != MP_OK)
        return st;
    if (!take_scaled(text, units, ARRAY_LEN(units), &bytes) || bytes < range.min ||
        bytes > range.max)
        return fail_number(y, range.what, text);
    *out = bytes;
    return MP_OK;
}

int serve_take_count(struct yaml *y, struct serve_range range, unsigned *out)
{
    struct str text;
    uint64_t v = 0;
    int st = yaml_next_scalar(y, range.what, &text);
    if (st != MP_OK)
        return st;
    if (!str_to_u64(text, range.max, &v) || v < range.min)
        return fail_number(y, range.what, text);
    *out = (unsigned)v;
    return MP_OK;
}

/* ---- words ---- */

/* "a mode (inbound, outbound, monitor)", "an action (...)" */
static const char *choices(const char *what, const struct serve_word *words, char out[200])
{
    int n = snprintf(out, 200, "a%s %s (", str_has(STR("aeio"), what[0]) ? "n" : "", what);
    for (const struct serve_word *w = words; w->name != NULL && n > 0 && n < 200; w++)
        n += snprintf(out + n, 200 - (size_t)n, "%s%s", w == words ? "" : ", ", w->name);
    if (n > 0 && n < 200)
        snprintf(out + n, 200 - (size_t)n, ")");
    return out;
}

int serve_this_word(struct yaml *y, const char *what, const struct serve_word *words, int *out)
{
    char text[200], shown[4 * YAML_SHOWN_BYTES];
    struct str word;
    int st = yaml_scalar(y, choices(what, words, text), &word);
    if (st != MP_OK)
        return st;
    struct nearest nearest = {.wanted = word};
    for (const struct serve_word *w = words; w->name != NULL; w++) {
        if (str_eq(word, str_from(w->name))) {
            *out = w->value;
            return MP_OK;
        }
        nearest_try(&nearest, str_from(w->name));
    }
    if (nearest.best.p != NULL)
        return yaml_fail_unknown(y, what, &nearest);
    return yaml_fail(y, MP_E_SYNTAX, "%s is wanted here, not '%s'", text, yaml_shown(word, shown));
}

int serve_take_word(struct yaml *y, const char *what, const struct serve_word *words, int *out)
{
    int st = yaml_next(y);
    return st == MP_OK ? serve_this_word(y, what, words, out) : st;
}

int serve_read_action(struct yaml *y, void *into)
{
    static const struct serve_word actions[] = {
        {"accept", ACTION_ACCEPT}, {"tag", ACTION_TAG},           {"quarantine", ACTION_QUARANTINE},
        {"reject", ACTION_REJECT}, {"tempfail", ACTION_TEMPFAIL}, {NULL, 0}};
    int value;
    int st = serve_take_word(y, "action", actions, &value);
    if (st == MP_OK)
        *(enum verdict_action *)into = (enum verdict_action)value;
    return st;
}
