/* Reading the section `signing:`: every mistake with its place. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/grow.h"
#include "base/idna.h"
#include "base/psl.h"
#include "signer/table.h"
#include "signer/table_internal.h"

enum { SECTION_MAX_BYTES = 8 * 1024 * 1024, DAY_S = 86400 };

/* The table in the making. */
struct reading {
    struct signing_table t;
    size_t keys_cap, domains_cap, names_cap;
    struct signing_domain seal;
};

/* ---- values ---- */

static int read_domain_name(struct yaml *y, struct str text, unsigned labels, struct str *out)
{
    char word[4 * YAML_SHOWN_BYTES];
    struct str domain;
    if (!idna_to_ascii(y->arena, text, &domain) || !domain_is_ldh(domain) ||
        domain_labels(domain) < labels)
        return yaml_fail(y, MP_E_SYNTAX, "'%s' is not a domain name", yaml_shown(text, word));
    return yaml_copy(y, domain, out);
}

static int read_domain(struct yaml *y, void *into)
{
    struct str text;
    int st = yaml_next_scalar(y, "a domain", &text);
    return st == MP_OK ? read_domain_name(y, text, 2, into) : st;
}

static int read_selector_name(struct yaml *y, void *into)
{
    char word[4 * YAML_SHOWN_BYTES];
    struct str text, name;
    int st = yaml_next_scalar(y, "a selector", &text);
    if (st == MP_OK && (!idna_to_ascii(y->arena, text, &name) || !domain_is_ldh(name)))
        st = yaml_fail(y, MP_E_SYNTAX, "'%s' is no selector: letters, digits, hyphens and dots",
                       yaml_shown(text, word));
    return st == MP_OK ? yaml_copy(y, name, into) : st;
}

/* The current event. */
static int take_key_name(struct yaml *y, struct str *out)
{
    char word[4 * YAML_SHOWN_BYTES];
    struct str name;
    int st = yaml_scalar(y, "the name of a key", &name);
    if (st != MP_OK)
        return st;
    bool ok = name.n > 0 && name.n <= SIGNING_MAX_KEY_NAME_BYTES;
    for (size_t i = 0; ok && i < name.n; i++)
        ok = is_alnum(name.p[i]) || name.p[i] == '-' || name.p[i] == '_' || name.p[i] == '.';
    if (!ok)
        return yaml_fail(y, MP_E_SYNTAX,
                         "'%s' is no name of a key: 1 to %d letters, digits, '-', '_' and '.'",
                         yaml_shown(name, word), SIGNING_MAX_KEY_NAME_BYTES);
    return yaml_copy(y, name, out);
}

static int read_key_name(struct yaml *y, void *into)
{
    int st = yaml_next(y);
    return st == MP_OK ? take_key_name(y, into) : st;
}

static int read_algorithm(struct yaml *y, void *into)
{
    struct signing_selector *s = into;
    struct str word;
    int st = yaml_next_scalar(y, "rsa or ed25519", &word);
    if (st != MP_OK)
        return st;
    if (!str_eq(word, STR("rsa")) && !str_eq(word, STR("ed25519")))
        return yaml_fail(y, MP_E_SYNTAX, "rsa or ed25519 is wanted here");
    s->has_type = true;
    s->type = str_eq(word, STR("rsa")) ? KEY_RSA : KEY_ED25519;
    return MP_OK;
}

bool signing_date_parse(struct str s, int64_t *out)
{
    static const struct {
        size_t digits;
        char after;
        uint64_t least, most;
    } parts[] = {{4, '-', 1, 9999}, {2, '-', 1, 12}, {2, 'T', 1, 31},
                 {2, ':', 0, 23},   {2, ':', 0, 59}, {2, 'Z', 0, 59}};
    enum { DATE_PARTS = 3 };
    int v[ARRAY_LEN(parts)] = {0}, year, month, day, hour, minute, second;
    for (size_t i = 0; i < ARRAY_LEN(parts) && !(i == DATE_PARTS && s.p == NULL); i++) {
        uint64_t number;
        struct str digits = str_slice(s, 0, parts[i].digits);
        struct str rest = str_slice(s, parts[i].digits, s.n);
        if (digits.n != parts[i].digits || !str_to_u64(digits, parts[i].most, &number) ||
            number < parts[i].least)
            return false;
        v[i] = (int)number;
        bool date_ends = i + 1 == DATE_PARTS && rest.n == 0;
        if (!date_ends && (rest.n == 0 || rest.p[0] != parts[i].after))
            return false;
        s = date_ends ? STR_NONE : str_slice(rest, 1, rest.n);
    }
    *out = civil_to_unix(v[0], v[1], v[2], v[3], v[4], v[5]);
    unix_to_civil(*out, &year, &month, &day, &hour, &minute, &second);
    return s.n == 0 && month == v[1] && day == v[2]; /* no 30th of February */
}

static int read_date(struct yaml *y, void *into)
{
    char word[4 * YAML_SHOWN_BYTES];
    struct str text;
    int st = yaml_next_scalar(y, "a date", &text);
    if (st == MP_OK && !signing_date_parse(text, into))
        st = yaml_fail(y, MP_E_SYNTAX,
                       "'%s' is no date: 2026-12-01, or 2026-12-01T06:00:00Z, in UTC",
                       yaml_shown(text, word));
    return st;
}

/* "0", "90s", "15m", "12h", "7d". */
static int read_expire(struct yaml *y, void *into)
{
    static const struct str units = STR_INIT("smhd");
    static const uint64_t seconds[] = {1, 60, 3600, DAY_S};
    char word[4 * YAML_SHOWN_BYTES];
    struct str text;
    uint64_t n = 0;
    int st = yaml_next_scalar(y, "a duration", &text);
    if (st != MP_OK || str_eq(text, STR("0"))) {
        *(uint32_t *)into = st == MP_OK ? 0 : *(uint32_t *)into;
        return st;
    }
    size_t unit = text.n == 0 ? units.n : str_find(units, text.p[text.n - 1]);
    if (unit == units.n ||
        !str_to_u64(str_slice(text, 0, text.n - 1), SIGNING_MAX_EXPIRE_S / seconds[unit], &n) ||
        n == 0)
        return yaml_fail(y, MP_E_SYNTAX,
                         "'%s' is no duration up to 366d, like 12h or 7d; 0 for none",
                         yaml_shown(text, word));
    *(uint32_t *)into = (uint32_t)(n * seconds[unit]);
    return MP_OK;
}

static int read_canon(struct yaml *y, void *into)
{
    struct signing_table *t = into;
    struct str text;
    int st = yaml_next_scalar(y, "relaxed/relaxed", &text);
    if (st == MP_OK && !canon_parse(text, &t->header_canon, &t->body_canon))
        st = yaml_fail(y, MP_E_SYNTAX, "relaxed or simple is wanted here, twice with a / between");
    return st;
}

static int read_header_name(struct yaml *y, void *into)
{
    char word[4 * YAML_SHOWN_BYTES];
    struct reading *r = into;
    struct str name;
    int st = yaml_scalar(y, "a field name", &name);
    if (st != MP_OK)
        return st;
    bool ok = name.n > 0 && name.n <= SIGNING_MAX_KEY_NAME_BYTES;
    for (size_t i = 0; ok && i < name.n; i++)
        ok = name.p[i] > ' ' && name.p[i] <= '~' && name.p[i] != ':' && name.p[i] != ';';
    if (!ok)
        return yaml_fail(y, MP_E_SYNTAX, "'%s' is no field name", yaml_shown(name, word));
    for (size_t i = 0; i < r->t.n_header_names; i++)
        if (str_ieq(r->t.header_names[i], name))
            return yaml_fail(y, MP_E_SYNTAX, "field '" STR_FMT "' stands twice: see `oversign`",
                             STR_ARG(name));
    if (r->t.n_header_names == SIGNING_MAX_NAMES)
        return yaml_fail(y, MP_E_LIMIT, "more than %d field names", SIGNING_MAX_NAMES);
    r->t.header_names = list_room(y->arena, r->t.header_names, r->t.n_header_names, &r->names_cap,
                                  sizeof(struct str));
    return r->t.header_names == NULL
               ? yaml_fail_memory(y)
               : yaml_copy(y, name, &r->t.header_names[r->t.n_header_names++]);
}

static int read_headers(struct yaml *y, void *into)
{
    struct reading *r = into;
    int st = yaml_next_list(y, "a list of field names", read_header_name, r);
    bool from = false;
    for (size_t i = 0; i < r->t.n_header_names; i++)
        from = from || str_ieq(r->t.header_names[i], STR("From"));
    if (st == MP_OK && !from)
        st = yaml_fail(y, MP_E_SYNTAX,
                       "the list that ends here lacks From, which must be signed (RFC 6376 5.4)");
    return st;
}

/* ---- key files ---- */

static int read_path(struct yaml *y, struct str *out)
{
    struct str path, file = str_from(y->file);
    int st = yaml_next_scalar(y, "the path of a key file", &path);
    if (st != MP_OK)
        return st;
    struct str dir =
        str_slice(file, 0, str_rfind(file, '/') == file.n ? 0 : str_rfind(file, '/') + 1);
    if (path.n == 0 || path.n + dir.n >= SIGNING_MAX_PATH_BYTES)
        return yaml_fail(y, MP_E_SYNTAX, "the path of a key file has 1 to %d bytes",
                         SIGNING_MAX_PATH_BYTES - 1);
    *out = path.p[0] == '/' ? arena_copy(y->arena, path)
                            : arena_join(y->arena, (struct str[]){dir, path, STR_INIT("\0")}, 3);
    if (out->p == NULL)
        return yaml_fail_memory(y);
    out->n = dir.n * (path.p[0] != '/') + path.n;
    return MP_OK;
}

static int read_key_files(struct yaml *y, void *into)
{
    struct reading *r = into;
    int st = yaml_next_expected(y, YAML_MAP, "a mapping of names to key files");
    while (st == MP_OK && (st = yaml_next(y)) == MP_OK && y->event != YAML_MAP_END) {
        if (r->t.n_keys == SIGNING_MAX_KEYS)
            return yaml_fail(y, MP_E_LIMIT, "more than %d keys", SIGNING_MAX_KEYS);
        r->t.keys = list_room(y->arena, r->t.keys, r->t.n_keys, &r->keys_cap, sizeof *r->t.keys);
        if (r->t.keys == NULL)
            return yaml_fail_memory(y);
        struct signing_key_file *k = &r->t.keys[r->t.n_keys];
        st = take_key_name(y, &k->name);
        if (st == MP_OK)
            st = read_path(y, &k->path);
        if (st == MP_OK)
            r->t.n_keys++;
    }
    return st;
}

static int compare_key_files(const void *a, const void *b)
{
    return str_cmp(((const struct signing_key_file *)a)->name,
                   ((const struct signing_key_file *)b)->name);
}

/* ---- entries ---- */

static int check_selector(struct yaml *y, const struct signing_domain *d,
                          const struct signing_selector *s)
{
    if (s->selector.p == NULL || s->key.p == NULL)
        return yaml_fail(y, MP_E_SYNTAX, "the key that ends here lacks its %s",
                         s->selector.p == NULL ? "selector" : "key");
    if (s->from_s >= s->until_s)
        return yaml_fail(y, MP_E_SYNTAX,
                         "the key that ends here never signs: from is not before "
                         "until");
    for (size_t i = 0; i < d->n_selectors; i++)
        if (str_eq(d->selectors[i].selector, s->selector))
            return yaml_fail(y, MP_E_SYNTAX,
                             "selector " STR_FMT " stands twice: a new key needs a new one",
                             STR_ARG(s->selector));
    return MP_OK;
}

static int read_selector(struct yaml *y, void *into)
{
    static const struct yaml_key keys[] = {
        {STR_INIT("selector"), read_selector_name, offsetof(struct signing_selector, selector)},
        {STR_INIT("key"), read_key_name, offsetof(struct signing_selector, key)},
        {STR_INIT("algorithm"), read_algorithm, 0},
        {STR_INIT("from"), read_date, offsetof(struct signing_selector, from_s)},
        {STR_INIT("until"), read_date, offsetof(struct signing_selector, until_s)},
    };
    uint32_t seen;
    struct signing_domain *d = into;
    struct signing_selector s = {.from_s = INT64_MIN, .until_s = INT64_MAX};
    int st = yaml_expect(y, YAML_MAP, "a key (selector, key, algorithm, from, until)");
    if (st == MP_OK)
        st = yaml_map(y, keys, ARRAY_LEN(keys), &seen, &s);
    if (st == MP_OK)
        st = check_selector(y, d, &s);
    if (st == MP_OK && d->n_selectors == SIGNING_MAX_SELECTORS)
        st =
            yaml_fail(y, MP_E_LIMIT, "more than %d keys of one domain: leave out those of the past",
                      SIGNING_MAX_SELECTORS);
    if (st == MP_OK)
        d->selectors[d->n_selectors++] = s;
    return st;
}

static int read_selectors(struct yaml *y, void *into)
{
    struct signing_domain *d = into;
    struct signing_selector room[SIGNING_MAX_SELECTORS];
    d->selectors = room;
    int st = yaml_next_list(y, "a list of keys", read_selector, d);
    if (st == MP_OK && d->n_selectors == 0)
        st = yaml_fail(y, MP_E_SYNTAX, "the list that ends here is empty: a key is wanted");
    d->selectors =
        st == MP_OK ? arena_new(y->arena, struct signing_selector, d->n_selectors) : NULL;
    if (st == MP_OK && d->selectors == NULL)
        st = yaml_fail_memory(y);
    if (st == MP_OK)
        memcpy(d->selectors, room, d->n_selectors * sizeof *room);
    return st;
}

/* Above the names of the entry, and not above all registrations: so it is aligned (RFC 9989). */
static int check_sign_as(struct yaml *y, const struct signing_domain *d)
{
    if (d->sign_as.n == 0 ||
        (domain_is_below(d->name, d->sign_as) && psl_registrable(y->arena, d->sign_as).n > 0))
        return MP_OK;
    return yaml_fail(y, MP_E_SYNTAX,
                     "`as: " STR_FMT "` of the entry that ends here is not aligned with its "
                     "authors: it is to be the domain or one above it, below the public suffix",
                     STR_ARG(d->sign_as));
}

/* The current event is its name. */
static int read_entry(struct yaml *y, struct signing_domain *d)
{
    static const struct yaml_key keys[] = {
        {STR_INIT("as"), read_domain, offsetof(struct signing_domain, sign_as)},
        {STR_INIT("keys"), read_selectors, 0},
    };
    uint32_t seen;
    struct str text;
    d->line = y->line;
    d->column = y->column;
    int st = yaml_scalar(y, "a domain", &text);
    if (st != MP_OK)
        return st;
    d->wildcard = str_starts(text, STR("*."));
    st = read_domain_name(y, str_slice(text, d->wildcard ? 2 : 0, text.n), d->wildcard ? 1 : 2,
                          &d->name);
    if (st == MP_OK)
        st = yaml_next_expected(y, YAML_MAP, "an entry (keys, as)");
    if (st == MP_OK)
        st = yaml_map(y, keys, ARRAY_LEN(keys), &seen, d);
    if (st == MP_OK && d->n_selectors == 0)
        st = yaml_fail(y, MP_E_SYNTAX, "the entry that ends here has no keys");
    return st == MP_OK ? check_sign_as(y, d) : st;
}

static int read_domains(struct yaml *y, void *into)
{
    struct reading *r = into;
    int st = yaml_next_expected(y, YAML_MAP, "a mapping of domains to entries");
    while (st == MP_OK && (st = yaml_next(y)) == MP_OK && y->event != YAML_MAP_END) {
        struct signing_domain d = {.selectors = NULL};
        if (r->t.n_domains == SIGNING_MAX_DOMAINS)
            return yaml_fail(y, MP_E_LIMIT, "more than %d domains", SIGNING_MAX_DOMAINS);
        r->t.domains = list_room(y->arena, r->t.domains, r->t.n_domains, &r->domains_cap, sizeof d);
        if (r->t.domains == NULL)
            return yaml_fail_memory(y);
        st = read_entry(y, &d);
        if (st == MP_OK)
            r->t.domains[r->t.n_domains++] = d;
    }
    return st;
}

static int read_seal(struct yaml *y, void *into)
{
    static const struct yaml_key keys[] = {
        {STR_INIT("domain"), read_domain, offsetof(struct signing_domain, name)},
        {STR_INIT("keys"), read_selectors, 0},
    };
    uint32_t seen;
    struct reading *r = into;
    int st = yaml_next_expected(y, YAML_MAP, "who seals (domain, keys)");
    r->seal.line = y->line;
    r->seal.column = y->column;
    if (st == MP_OK)
        st = yaml_map(y, keys, ARRAY_LEN(keys), &seen, &r->seal);
    if (st == MP_OK && (r->seal.name.n == 0 || r->seal.n_selectors == 0))
        st = yaml_fail(y, MP_E_SYNTAX, "the seal that ends here lacks its %s",
                       r->seal.name.n == 0 ? "domain" : "keys");
    return st;
}

/* ---- the section ---- */

static int check_entry_keys(struct yaml *y, const struct signing_table *t,
                            const struct signing_domain *d)
{
    for (size_t i = 0; i < d->n_selectors; i++) {
        struct signing_key_file wanted = {.name = d->selectors[i].key};
        if (t->n_keys > 0 && bsearch(&wanted, t->keys, t->n_keys, sizeof wanted, compare_key_files))
            continue;
        struct nearest nearest = {.wanted = wanted.name};
        for (size_t k = 0; k < t->n_keys; k++)
            nearest_try(&nearest, t->keys[k].name);
        y->line = d->line;
        y->column = d->column;
        return yaml_fail_unknown(y, "key, none of `keys`:", &nearest);
    }
    return MP_OK;
}

static int sort_all(struct yaml *y, struct signing_table *t)
{
    if (t->n_keys > 0)
        qsort(t->keys, t->n_keys, sizeof *t->keys, compare_key_files);
    if (t->n_domains > 0)
        qsort(t->domains, t->n_domains, sizeof *t->domains, signing_domain_compare);
    for (size_t i = 1; i < t->n_keys; i++)
        if (str_eq(t->keys[i].name, t->keys[i - 1].name))
            return yaml_fail(y, MP_E_SYNTAX, "key '" STR_FMT "' stands twice",
                             STR_ARG(t->keys[i].name));
    for (size_t i = 1; i < t->n_domains; i++)
        if (signing_domain_compare(&t->domains[i], &t->domains[i - 1]) == 0) {
            int line = t->domains[i].line, other = t->domains[i - 1].line;
            y->line = line > other ? line : other;
            return yaml_fail(y, MP_E_SYNTAX, "domain '%s" STR_FMT "' stands twice",
                             t->domains[i].wildcard ? "*." : "", STR_ARG(t->domains[i].name));
        }
    return MP_OK;
}

static int finish(struct yaml *y, struct reading *r, struct signing_table *out)
{
    struct signing_table *t = &r->t;
    int st = sort_all(y, t);
    if (st == MP_OK && r->seal.name.n > 0) {
        t->seal = arena_new(y->arena, struct signing_domain, 1);
        if (t->seal == NULL)
            return yaml_fail_memory(y);
        *t->seal = r->seal;
        st = check_entry_keys(y, t, t->seal);
    }
    for (size_t i = 0; st == MP_OK && i < t->n_domains; i++)
        st = check_entry_keys(y, t, &t->domains[i]);
    struct str file = STR_NONE;
    if (st == MP_OK)
        st = yaml_copy(y, str_from(y->file), &file);
    if (st != MP_OK)
        return st;
    t->file = file.p;
    t->present = true;
    *out = *t;
    return MP_OK;
}

static const struct yaml_key section_keys[] = {
    {STR_INIT("keys"), read_key_files, 0},
    {STR_INIT("domains"), read_domains, 0},
    {STR_INIT("organizational"), yaml_read_bool, offsetof(struct reading, t.organizational)},
    {STR_INIT("canonicalization"), read_canon, 0},
    {STR_INIT("headers"), read_headers, 0},
    {STR_INIT("oversign"), yaml_read_bool, offsetof(struct reading, t.oversign)},
    {STR_INIT("expire"), read_expire, offsetof(struct reading, t.lifetime_s)},
    {STR_INIT("seal"), read_seal, 0},
};

static struct reading reading_start(void)
{
    return (struct reading){
        .t = {.header_canon = CANON_RELAXED, .body_canon = CANON_RELAXED, .oversign = true}};
}

int signing_read(struct yaml *y, void *into)
{
    uint32_t seen;
    struct reading r = reading_start();
    int st = yaml_next_expected(y, YAML_MAP, "who signs (keys, domains, seal, ...)");
    if (st == MP_OK)
        st = yaml_map(y, section_keys, ARRAY_LEN(section_keys), &seen, &r);
    return st == MP_OK ? finish(y, &r, into) : st;
}

int signing_read_file(struct arena *arena, struct str text, const char *file,
                      struct signing_table *out, struct mp_err *err)
{
    struct reading r = reading_start();
    struct yaml y = {.arena = arena, .file = file, .what = "signing table", .err = err};
    int st = yaml_read_file(&y, text, SECTION_MAX_BYTES, section_keys, ARRAY_LEN(section_keys), &r);
    return st == MP_OK ? finish(&y, &r, out) : st;
}
