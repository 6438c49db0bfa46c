/* The configuration of intelligence: the built-in table, and files over it. */
#include "intel/config.h"

#include "base/grow.h"
#include "base/utf8.h"
#include "intel/config_internal.h"

/* ---- entries by name ---- */

int config_entry(struct yaml *y, struct config_entries *e, size_t max, size_t size,
                 const char *what, struct str name, void **out, bool *is_new)
{
    for (size_t i = 0; i < e->n; i++) {
        char *item = (char *)e->items + i * size;
        if (!str_eq(*(const struct str *)(const void *)item, name))
            continue;
        if (e->seen[i])
            return yaml_fail(y, MP_E_SYNTAX, "%s '" STR_FMT "' stands twice", what, STR_ARG(name));
        e->seen[i] = true;
        *out = item;
        *is_new = false;
        return MP_OK;
    }
    if (e->n == max)
        return yaml_fail(y, MP_E_LIMIT, "more than %zu entries of this kind", max);
    void *items = list_room(y->arena, e->items, e->n, &e->cap, size);
    if (items == NULL)
        return yaml_fail_memory(y);
    e->items = items;
    void *item = (char *)e->items + e->n * size;
    memset(item, 0, size);
    *(struct str *)item = name;
    e->seen[e->n++] = true;
    *out = item;
    *is_new = true;
    return MP_OK;
}

int config_read_named(struct yaml *y, const char *what,
                      int (*entry)(struct yaml *y, struct str name, struct config_reading *r),
                      struct config_reading *r)
{
    int st = yaml_next_expected(y, YAML_MAP, what);
    while (st == MP_OK && (st = yaml_next(y)) == MP_OK && y->event != YAML_MAP_END) {
        struct str name;
        st = config_read_name(y, &name);
        if (st == MP_OK)
            st = entry(y, name, r);
    }
    return st;
}

/* A copy that may be changed while `from` stays as it is. */
static bool entries_copy(struct arena *arena, struct config_entries *e, const void *from, size_t n,
                         size_t size)
{
    *e = (struct config_entries){.n = n, .cap = n};
    if (n == 0)
        return true;
    e->items = arena_grow(arena, from, n, n, size);
    return e->items != NULL;
}

/* ---- allowed values ---- */

/* MP_OK, MP_E_LIMIT, MP_E_NOMEM. */
static int allow_add(struct arena *arena, struct intel_config *c, size_t *cap, struct str value)
{
    if (c->n_allow == INTEL_MAX_ALLOW)
        return MP_E_LIMIT;
    struct str copy = arena_copy(arena, value);
    struct str *allow = list_room(arena, c->allow, c->n_allow, cap, sizeof *allow);
    if (allow == NULL || copy.p == NULL)
        return MP_E_NOMEM;
    c->allow = allow;
    allow[c->n_allow++] = copy;
    return MP_OK;
}

/* A value that nothing could be compared with would allow nothing: refused, as a typing error. The
 * reason is written to `err`. */
static bool allow_ok(struct str value, struct mp_err *err)
{
    struct arena arena;
    struct indicator i = {0};
    arena_init(&arena, 64 * 1024);
    int st = indicator_read(&arena, INDICATOR_KIND_COUNT, value, &i, err);
    arena_clear(&arena);
    return st == MP_OK;
}

static int read_allowed(struct yaml *y, void *into)
{
    char word[4 * YAML_SHOWN_BYTES];
    struct config_reading *r = into;
    struct mp_err reason = {0};
    struct str value;
    int st = yaml_scalar(y, "a domain, address, hash or file:PATH", &value);
    if (st != MP_OK)
        return st;
    bool file = str_starts(value, STR("file:")) && value.n > STR("file:").n;
    if (!file && !allow_ok(value, &reason))
        return yaml_fail(y, MP_E_SYNTAX, "'%s' cannot be allowed: %s", yaml_shown(value, word),
                         reason.text);
    st = allow_add(y->arena, &r->next, &r->allow_cap, value);
    if (st == MP_E_LIMIT)
        return yaml_fail(y, st, "more than %d allowed values", INTEL_MAX_ALLOW);
    return st == MP_OK ? st : yaml_fail_memory(y);
}

int config_read_allow(struct yaml *y, void *into)
{
    return yaml_next_list(y, "a list of what is allowed", read_allowed, into);
}

/* A line without its comment: "#" behind a space, or at the beginning. */
static struct str without_comment(struct str line)
{
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] == '#' && (i == 0 || is_wsp(line.p[i - 1])))
            return str_trim(str_slice(line, 0, i));
    return str_trim(line);
}

int intel_allow_read(struct arena *arena, struct str bytes, const char *file,
                     struct intel_config *config, struct mp_err *err)
{
    struct intel_config next = *config;
    struct mp_err reason = {0};
    size_t cap = next.n_allow;
    int line = 0;
    if (bytes.n > INTEL_MAX_ALLOW_BYTES)
        return mp_fail(err, MP_E_LIMIT, INTEL_MAX_ALLOW_BYTES,
                       "%s: a file of allowed values has at most %d bytes", file,
                       INTEL_MAX_ALLOW_BYTES);
    if (str_starts(bytes, STR("\xef\xbb\xbf")))
        bytes = str_slice(bytes, 3, bytes.n);
    while (bytes.p != NULL) {
        struct str value = without_comment(str_cut(&bytes, '\n'));
        line++;
        if (value.n == 0)
            continue;
        if (!allow_ok(value, &reason))
            return mp_fail(err, MP_E_SYNTAX, line, "%s:%d: cannot be allowed: %s", file, line,
                           reason.text);
        int st = allow_add(arena, &next, &cap, value);
        if (st != MP_OK)
            return mp_fail(err, st, line, "%s:%d: %s", file, line,
                           st == MP_E_LIMIT ? "too many allowed values"
                                            : "no memory for allowed values");
    }
    *config = next;
    return MP_OK;
}

/* ---- the document ---- */

int intel_config_load(struct arena *arena, struct str yaml, const char *file,
                      struct intel_config *config, struct mp_err *err)
{
    static const struct yaml_key keys[] = {
        {STR_INIT("feeds"), config_read_feeds, 0},
        {STR_INIT("dns_lists"), config_read_dns_lists, 0},
        {STR_INIT("services"), config_read_services, 0},
        {STR_INIT("allow"), config_read_allow, 0},
    };
    struct config_reading r = {.next = *config, .allow_cap = config->n_allow};
    struct yaml y = {.arena = arena, .file = file, .what = "configuration", .err = err};
    if (!entries_copy(arena, &r.feeds, config->feeds, config->n_feeds, sizeof(struct feed)) ||
        !entries_copy(arena, &r.dns_lists, config->dns_lists, config->n_dns_lists,
                      sizeof(struct dns_list)))
        return yaml_fail_memory(&y);
    int st = yaml_read_file(&y, yaml, INTEL_CONFIG_MAX_BYTES, keys, ARRAY_LEN(keys), &r);
    if (st != MP_OK)
        return st;
    r.next.feeds = r.feeds.items;
    r.next.n_feeds = r.feeds.n;
    r.next.dns_lists = r.dns_lists.items;
    r.next.n_dns_lists = r.dns_lists.n;
    *config = r.next;
    return MP_OK;
}

int intel_config_default(struct arena *arena, struct intel_config *out, struct mp_err *err)
{
    struct intel_config c = {0};
    for (size_t i = 0; i < SERVICE_COUNT; i++)
        c.services[i].id = (enum intel_service)i;
    for (size_t i = 0; i < intel_data_count; i++) {
        struct str text = str_make((const char *)intel_data[i].bytes, intel_data[i].n);
        int st = intel_config_load(arena, text, intel_data[i].file, &c, err);
        if (st != MP_OK)
            return st;
    }
    *out = c;
    return MP_OK;
}
