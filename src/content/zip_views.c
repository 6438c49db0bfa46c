/* What the views of a ZIP disagree on. */
#include "content/zip.h"

#include <inttypes.h>
#include <stdlib.h>

static struct str shown_name(const struct zip_entry *e)
{
    return e->listed ? e->dir.name : e->local.name;
}

size_t zip_names(const struct zip_entry *e, struct str out[ZIP_NAMES])
{
    const struct str all[ZIP_NAMES] = {e->dir.name, e->local.name, e->dir.unicode_name,
                                       e->local.unicode_name};
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        bool known = all[i].p == NULL || (!e->listed && i % 2 == 0);
        for (size_t k = 0; k < n && !known; k++)
            known = str_eq(out[k], all[i]);
        if (!known)
            out[n++] = all[i];
    }
    return n;
}

/* Sizes and checksum stand in both headers, unless the local one says that they follow the data. */
static bool sizes_differ(const struct zip_header *d, const struct zip_header *l)
{
    return (l->flags & ZIP_FLAG_DESCRIPTOR) == 0 &&
           (d->packed != l->packed || d->size != l->size || d->crc != l->crc);
}

static struct str extension(struct str name)
{
    size_t dot = str_rfind(name, '.');
    return dot == name.n || name.n - dot > 16 ? STR_NONE : str_slice(name, dot, name.n);
}

/* Writers transliterate what CP437 lacks, but an extension is ASCII in both. */
static bool unicode_name_lies(const struct zip_header *h)
{
    return h->unicode_name.p != NULL && !str_ieq(extension(h->name), extension(h->unicode_name));
}

/* What is dropped anyway needs no path. */
static struct finding_where place_of(const struct zip_entry *e, const struct archive_site *site,
                                     enum finding_id id)
{
    bool full = site->findings->per_kind[id] >= FINDINGS_PER_KIND_MAX;
    return full ? site->where : site_member(site, shown_name(e));
}

static void differs(const struct archive_site *site, const struct zip_entry *e, const char *fmt,
                    ...) __attribute__((format(printf, 3, 4)));

static void differs(const struct archive_site *site, const struct zip_entry *e, const char *fmt,
                    ...)
{
    const enum finding_id id = FINDING_ARCHIVE_DIRECTORY_DIFFERS;
    va_list ap;
    va_start(ap, fmt);
    finding_add_va(site->findings, id, place_of(e, site, id), fmt, ap);
    va_end(ap);
}

void zip_tell_hidden(const struct zip *z, const struct zip_entry *e,
                     const struct archive_site *site)
{
    const enum finding_id id = FINDING_ARCHIVE_HIDDEN_LOCAL;
    if (z->n_directories > 0)
        finding_add(site->findings, id, place_of(e, site, id),
                    "\"" STR_FMT "\" at byte %zu stands in no directory", STR_ARG(e->local.name),
                    e->local.at);
}

static void compare_unicode_name(const struct zip_entry *e, const struct archive_site *site)
{
    const struct zip_header *h = e->listed ? &e->dir : &e->local;
    if (unicode_name_lies(h))
        differs(site, e, "name \"" STR_FMT "\", but \"" STR_FMT "\" in its Unicode field",
                STR_ARG(h->name), STR_ARG(h->unicode_name));
}

/* One finding a member, of the gravest difference. */
static void compare_headers(const struct zip_entry *e, const struct archive_site *site)
{
    const struct zip_header *d = &e->dir, *l = &e->local;
    static const char *const words[] = {"not encrypted", "encrypted"};
    if (!e->has_local)
        differs(site, e, "the directory points to byte %" PRIu64 ", where no member begins",
                e->offset);
    else if (!str_eq(d->name, l->name))
        differs(site, e, "name \"" STR_FMT "\" in the directory, \"" STR_FMT "\" at the member",
                STR_ARG(d->name), STR_ARG(l->name));
    else if (((d->flags ^ l->flags) & ZIP_FLAG_ENCRYPTED) != 0)
        differs(site, e, "%s in the directory, %s at the member",
                words[d->flags & ZIP_FLAG_ENCRYPTED], words[l->flags & ZIP_FLAG_ENCRYPTED]);
    else if (d->method != l->method)
        differs(site, e, "method %u in the directory, %u at the member", d->method, l->method);
    else if (sizes_differ(d, l))
        differs(site, e,
                "%" PRIu64 " bytes packed, %" PRIu64 " unpacked, CRC %08x in the directory; "
                "%" PRIu64 ", %" PRIu64 ", %08x at the member",
                d->packed, d->size, d->crc, l->packed, l->size, l->crc);
}

static void compare_entry(const struct zip_entry *e, const struct archive_site *site)
{
    compare_unicode_name(e, site);
    if (e->listed && ((e->dir.flags | e->local.flags) & ZIP_FLAG_MASKED) == 0)
        compare_headers(e, site);
}

/* A count of 16 bits wraps in archives of more members than that. */
static bool count_differs(const struct zip_directory *d)
{
    return d->declared_n != d->n && d->declared_n != d->n % 65536;
}

static struct str first_name(const struct zip *z, const struct zip_directory *d)
{
    return d->n > 0 ? z->entries[d->first].dir.name : STR("(empty)");
}

static void compare_directories(const struct zip *z, const struct archive_site *site)
{
    const struct zip_directory *main = &z->directories[0];
    for (size_t i = 0; i < z->n_directories; i++) {
        const struct zip_directory *d = &z->directories[i];
        if (count_differs(d) && !z->cut)
            finding_add(site->findings, FINDING_ARCHIVE_DIRECTORY_DIFFERS, site->where,
                        "the directory at byte %zu holds %zu members, its end says %" PRIu64,
                        d->start, d->n, d->declared_n);
        if (i > 0)
            finding_add(site->findings, FINDING_ARCHIVE_CONCATENATED, site->where,
                        "the directory at byte %zu begins with \"" STR_FMT
                        "\", another at byte %zu with \"" STR_FMT "\"",
                        main->start, STR_ARG(first_name(z, main)), d->start,
                        STR_ARG(first_name(z, d)));
    }
}

struct extent {
    size_t start, end;
    const struct zip_entry *entry;
};

static int by_start(const void *a, const void *b)
{
    const struct extent *x = a, *y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

/* Members of one directory that share bytes: one finding, with the first pair. */
static int find_overlap(const struct zip *z, const struct zip_directory *d,
                        const struct archive_site *site, struct mp_err *err)
{
    struct extent *x = arena_new(z->arena, struct extent, d->n), first = {0}, second = {0};
    size_t n = 0, shared = 0, widest = 0;
    if (x == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the members of an archive");
    for (size_t i = 0; i < d->n; i++) {
        const struct zip_entry *e = &z->entries[d->first + i];
        if (e->has_local)
            x[n++] = (struct extent){e->local.at, zip_end_by(z, e, &e->dir), e};
    }
    qsort(x, n, sizeof *x, by_start);
    for (size_t i = 1; i < n; i++) {
        if (x[i].start < x[widest].end && shared++ == 0) {
            first = x[widest];
            second = x[i];
        }
        if (x[i].end > x[widest].end)
            widest = i;
    }
    if (shared > 0)
        finding_add(site->findings, FINDING_ARCHIVE_OVERLAP, site->where,
                    "%zu of %zu members; \"" STR_FMT "\" (bytes %zu to %zu) and \"" STR_FMT
                    "\" (bytes %zu to %zu)",
                    shared + 1, n, STR_ARG(str_slice(first.entry->dir.name, 0, 40)), first.start,
                    first.end, STR_ARG(str_slice(second.entry->dir.name, 0, 40)), second.start,
                    second.end);
    return MP_OK;
}

int zip_compare(const struct zip *z, const struct archive_site *site, struct mp_err *err)
{
    int st = MP_OK;
    for (size_t i = 0; i < z->n; i++)
        compare_entry(&z->entries[i], site);
    compare_directories(z, site);
    for (size_t i = 0; st == MP_OK && i < z->n_directories; i++)
        st = find_overlap(z, &z->directories[i], site, err);
    return st;
}
