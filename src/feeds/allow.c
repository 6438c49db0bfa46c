/* The allow list: sorted tables, asked once for each entry as the store is built. */
#include "feeds/allow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/grow.h"

struct range {
    struct ip first, last;
};

struct names {
    struct str *items; /* sorted when the list is whole */
    size_t n, cap;
};

struct allow_list {
    struct arena *arena;
    struct names domains, above; /* above: what is above an allowed name */
    struct names exact;          /* links, addresses of mail; hashes as their octets, kind first */
    struct range *ranges;        /* sorted, apart from each other */
    size_t n_ranges, cap_ranges;
};

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "no memory for the allow list");
}

/* ---- filling ---- */

static int add_name(struct allow_list *list, struct names *names, struct str name,
                    struct mp_err *err)
{
    struct str *items = list_room(list->arena, names->items, names->n, &names->cap, sizeof *items);
    if (items == NULL)
        return no_memory(err);
    names->items = items;
    items[names->n++] = name;
    return MP_OK;
}

static int add_domain(struct allow_list *list, struct str name, struct mp_err *err)
{
    int st = add_name(list, &list->domains, name, err);
    for (str_cut(&name, '.'); st == MP_OK && str_has(name, '.'); str_cut(&name, '.'))
        st = add_name(list, &list->above, name, err);
    return st;
}

static int add_range(struct allow_list *list, const struct indicator *i, struct mp_err *err)
{
    struct range *ranges =
        list_room(list->arena, list->ranges, list->n_ranges, &list->cap_ranges, sizeof *ranges);
    if (ranges == NULL)
        return no_memory(err);
    list->ranges = ranges;
    ranges[list->n_ranges++] = (struct range){i->first, i->last};
    return MP_OK;
}

/* Kind and octets as one text. */
enum { HASH_KEY_BYTES = 33 };
static struct str hash_key(const struct indicator *i, char out[HASH_KEY_BYTES])
{
    size_t n = i->kind == INDICATOR_MD5 ? 16 : i->kind == INDICATOR_SHA1 ? 20 : 32;
    out[0] = (char)i->kind;
    memcpy(out + 1, i->hash, n);
    return str_make(out, n + 1);
}

static int add_value(struct allow_list *list, struct str text, struct mp_err *err)
{
    struct indicator i = {.kind = INDICATOR_KIND_COUNT};
    char key[HASH_KEY_BYTES];
    int st = indicator_read(list->arena, INDICATOR_KIND_COUNT, text, &i, err);
    if (st != MP_OK)
        return st;
    switch (i.kind) {
    case INDICATOR_HOST:
    case INDICATOR_DOMAIN:
        return add_domain(list, i.key, err);
    case INDICATOR_IP:
        return add_range(list, &i, err);
    case INDICATOR_URL:
    case INDICATOR_EMAIL:
        return add_name(list, &list->exact, i.key, err);
    default:
        i.key = arena_copy(list->arena, hash_key(&i, key));
        return i.key.p == NULL ? no_memory(err) : add_name(list, &list->exact, i.key, err);
    }
}

/* ---- reading ---- */

static int read_file(struct arena *arena, const char *path, struct str *out, struct mp_err *err)
{
    struct stat sb;
    int st = MP_OK, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    size_t n = 0;
    char *p = NULL;
    if (fd < 0 || fstat(fd, &sb) < 0)
        st = mp_fail(err, MP_E_IO, errno, "allow list %s: %s", path, strerror(errno));
    else if (!S_ISREG(sb.st_mode))
        st = mp_fail(err, MP_E_IO, 0, "allow list %s: it is no regular file", path);
    else if (sb.st_size > INTEL_MAX_ALLOW_BYTES)
        st = mp_fail(err, MP_E_LIMIT, INTEL_MAX_ALLOW_BYTES,
                     "allow list %s: it is longer than %d bytes", path, INTEL_MAX_ALLOW_BYTES);
    else if ((p = arena_new(arena, char, (size_t)sb.st_size + 1)) == NULL)
        st = no_memory(err);
    for (ssize_t got = 1;
         st == MP_OK && got > 0 && n<(size_t)sb.st_size; n += got> 0 ? (size_t)got : 0)
        if ((got = read(fd, p + n, (size_t)sb.st_size - n)) < 0)
            st = mp_fail(err, MP_E_IO, errno, "allow list %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (st == MP_OK)
        *out = str_make(p, n);
    return st;
}

static const struct str file_prefix = STR_INIT("file:");

static int read_named_file(struct allow_list *list, struct str value, struct mp_err *err)
{
    struct intel_config only = {.n_allow = 0};
    struct str bytes, path = arena_copy(list->arena, str_slice(value, file_prefix.n, value.n));
    if (path.p == NULL)
        return no_memory(err);
    int st = read_file(list->arena, path.p, &bytes, err);
    if (st == MP_OK)
        st = intel_allow_read(list->arena, bytes, path.p, &only, err);
    for (size_t i = 0; st == MP_OK && i < only.n_allow; i++)
        st = add_value(list, only.allow[i], err);
    return st;
}

/* ---- in order ---- */

static int compare_names(const void *x, const void *y)
{
    return str_cmp(*(const struct str *)x, *(const struct str *)y);
}

/* IPv4 before IPv6, then by number. */
static int compare_ips(const struct ip *a, const struct ip *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return memcmp(a->octets, b->octets, a->family == IP_V4 ? 4 : 16);
}

static int compare_ranges(const void *x, const void *y)
{
    const struct range *a = x, *b = y;
    int order = compare_ips(&a->first, &b->first);
    return order != 0 ? order : compare_ips(&a->last, &b->last);
}

static void join_ranges(struct allow_list *list)
{
    size_t kept = 0;
    if (list->n_ranges > 0)
        qsort(list->ranges, list->n_ranges, sizeof *list->ranges, compare_ranges);
    for (size_t i = 0; i < list->n_ranges; i++) {
        struct range r = list->ranges[i], *before = kept == 0 ? NULL : &list->ranges[kept - 1];
        if (before != NULL && compare_ips(&r.first, &before->last) <= 0) {
            if (compare_ips(&r.last, &before->last) > 0)
                before->last = r.last;
        } else {
            list->ranges[kept++] = r;
        }
    }
    list->n_ranges = kept;
}

static void sort_names(struct names *names)
{
    if (names->n > 0)
        qsort(names->items, names->n, sizeof *names->items, compare_names);
}

int allow_list_new(struct arena *arena, const struct intel_config *config, struct allow_list **out,
                   struct mp_err *err)
{
    struct allow_list *list = arena_new(arena, struct allow_list, 1);
    struct mp_err why = {0};
    int st = list == NULL ? no_memory(err) : MP_OK;
    if (st == MP_OK)
        list->arena = arena;
    for (size_t i = 0; st == MP_OK && i < config->n_allow; i++) {
        struct str value = config->allow[i];
        if (str_starts(value, file_prefix)) {
            st = read_named_file(list, value, err);
        } else {
            st = add_value(list, value, &why);
            if (st != MP_OK)
                mp_fail(err, st, 0, "allow list: " STR_FMT ": %s",
                        STR_ARG(str_slice(value, 0, 100)), why.text);
        }
    }
    if (st != MP_OK)
        return st;
    sort_names(&list->domains);
    sort_names(&list->above);
    sort_names(&list->exact);
    join_ranges(list);
    *out = list;
    return MP_OK;
}

/* ---- asking ---- */

static bool has(const struct names *names, struct str name)
{
    return names->n > 0 &&
           bsearch(&name, names->items, names->n, sizeof *names->items, compare_names) != NULL;
}

static bool is_below_allowed(const struct allow_list *list, struct str name)
{
    while (name.n > 0) {
        if (has(&list->domains, name))
            return true;
        str_cut(&name, '.');
    }
    return false;
}

/* "host/", "host:8080/": nothing of it but the host. */
static bool is_front_page(struct str key, struct str *host)
{
    size_t end = str_find(key, '/');
    *host = str_slice(key, 0, end);
    if (host->n > 0 && host->p[0] != '[')
        *host = str_slice(*host, 0, str_find(*host, ':'));
    return end + 1 >= key.n;
}

static bool is_allowed(const struct allow_list *list, const struct indicator *i)
{
    char key[HASH_KEY_BYTES];
    struct str host;
    switch (i->kind) {
    case INDICATOR_HOST:
        return is_below_allowed(list, i->key);
    case INDICATOR_DOMAIN:
        return is_below_allowed(list, i->key) || has(&list->above, i->key);
    case INDICATOR_URL:
        return has(&list->exact, i->key) ||
               (is_front_page(i->key, &host) && is_below_allowed(list, host));
    case INDICATOR_EMAIL:
        return has(&list->exact, i->key);
    default:
        return has(&list->exact, hash_key(i, key));
    }
}

/* The address before (down) or after. The first has none before, the last none after: not asked. */
static struct ip beside(struct ip ip, bool down)
{
    for (size_t i = ip.family == IP_V4 ? 4 : 16; i-- > 0;) {
        ip.octets[i] = (unsigned char)(down ? ip.octets[i] - 1 : ip.octets[i] + 1);
        if (ip.octets[i] != (down ? 0xff : 0x00))
            break;
    }
    return ip;
}

/* The first range that does not end before `ip`. */
static size_t first_range(const struct allow_list *list, const struct ip *ip)
{
    size_t low = 0, high = list->n_ranges;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_ips(&list->ranges[middle].last, ip) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int filter_range(const struct allow_list *list, const struct indicator *i,
                        allow_rest_fn *rest, void *ctx, bool *taken, struct mp_err *err)
{
    struct indicator left = *i;
    int st = MP_OK;
    for (size_t at = first_range(list, &i->first);
         st == MP_OK && at < list->n_ranges && compare_ips(&list->ranges[at].first, &i->last) <= 0;
         at++) {
        const struct range *r = &list->ranges[at];
        *taken = true;
        if (compare_ips(&left.first, &r->first) < 0) {
            left.last = beside(r->first, true);
            st = rest(ctx, &left, err);
        }
        if (compare_ips(&r->last, &i->last) >= 0)
            return st;
        left.first = beside(r->last, false);
        left.last = i->last;
    }
    return st == MP_OK ? rest(ctx, &left, err) : st;
}

int allow_list_filter(const struct allow_list *list, const struct indicator *i, allow_rest_fn *rest,
                      void *ctx, bool *taken, struct mp_err *err)
{
    *taken = false;
    if (i->kind == INDICATOR_IP)
        return filter_range(list, i, rest, ctx, taken, err);
    *taken = is_allowed(list, i);
    return *taken ? MP_OK : rest(ctx, i, err);
}
