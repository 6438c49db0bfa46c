/* The structures of ZIP (APPNOTE 4.3): ends, directories, local headers, extra fields. */
#include "content/zip.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/bytes.h"

enum { SIGNATURE_BYTES = 4, MAX_LAYOUTS = 4 };

static const char sign_local[] = "PK\3\4", sign_record[] = "PK\1\2", sign_end64[] = "PK\6\6",
                  sign_locator[] = "PK\6\7", sign_descriptor[] = "PK\7\10";

static bool signed_at(struct str s, size_t at, const char *signature)
{
    return bytes_at(s, at, str_make(signature, SIGNATURE_BYTES));
}

static size_t find(struct str s, size_t from, const char *signature)
{
    if (from >= s.n)
        return s.n;
    const char *p = memmem(s.p + from, s.n - from, signature, SIGNATURE_BYTES);
    return p == NULL ? s.n : (size_t)(p - s.p);
}

/* What the extra field 0x0001 holds of those that say "too large for here" (4.5.3). */
static void read_zip64(struct zip_header *h, struct str field, uint64_t *offset)
{
    uint64_t *wanted[] = {h->size == UINT32_MAX ? &h->size : NULL,
                          h->packed == UINT32_MAX ? &h->packed : NULL,
                          offset != NULL && *offset == UINT32_MAX ? offset : NULL};
    size_t at = 0;
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        if (wanted[i] == NULL || field.n - at < 8)
            continue;
        *wanted[i] = le64_at(field, at);
        at += 8;
    }
}

static void read_unicode_name(struct zip_header *h, struct str field)
{
    if (field.n <= 5 || field.p[0] != 1)
        return;
    uLong crc = crc32(0, (const Bytef *)h->name.p, (uInt)h->name.n);
    if ((uint32_t)crc == le32_at(field, 1))
        h->unicode_name = str_slice(field, 5, field.n);
}

static void read_extra(struct zip_header *h, struct str extra, uint64_t *offset)
{
    while (extra.n >= 4) {
        uint32_t id = le16_at(extra, 0);
        size_t n = le16_at(extra, 2);
        struct str field = str_slice(extra, 4, 4 + n);
        if (id == 0x0001)
            read_zip64(h, field, offset);
        if (id == 0x7075)
            read_unicode_name(h, field);
        if (id == 0x9901 && field.n >= 7) {
            h->aes_version = (uint16_t)le16_at(field, 0);
            h->aes_strength = (uint8_t)field.p[4];
            h->aes_method = (uint16_t)le16_at(field, 5);
        }
        extra = str_slice(extra, 4 + n, extra.n);
    }
}

/* Where the fields that both headers have begin (4.3.7, 4.3.12), and how long the fixed part is,
 * behind which name and extra field stand. */
struct form {
    const char *sign;
    size_t common, fixed;
};
static const struct form local_form = {sign_local, 6, ZIP_LOCAL_HEADER_BYTES},
                         record_form = {sign_record, 8, ZIP_RECORD_BYTES};

/* The header of that form at `at`, and the place behind it; false when there is none. Overlapping
 * headers could make us read the same bytes again and again: `z->header_bytes_left` makes it
 * linear.
 */
static bool read_header(struct zip *z, const struct form *form, size_t at, struct zip_header *h,
                        uint64_t *offset, size_t *behind)
{
    struct str s = z->bytes;
    if (!signed_at(s, at, form->sign) || s.n - at < form->fixed)
        return false;
    size_t common = at + form->common, name = at + form->fixed;
    size_t name_n = le16_at(s, common + 20), extra_n = le16_at(s, common + 22);
    if (name_n + extra_n > s.n - name)
        return false;
    *h = (struct zip_header){.at = at,
                             .name = str_slice(s, name, name + name_n),
                             .flags = (uint16_t)le16_at(s, common),
                             .method = (uint16_t)le16_at(s, common + 2),
                             .dos_time = (uint16_t)le16_at(s, common + 4),
                             .crc = le32_at(s, common + 8),
                             .packed = le32_at(s, common + 12),
                             .size = le32_at(s, common + 16)};
    *behind = name + name_n + extra_n;
    if (name_n + extra_n > z->header_bytes_left) {
        z->cut = true;
        return true;
    }
    z->header_bytes_left -= name_n + extra_n;
    read_extra(h, str_slice(s, name + name_n, *behind), offset);
    return true;
}

/* A record of a directory, with its comment: `*next` is the place behind it. */
static bool read_record(struct zip *z, size_t at, struct zip_header *h, uint64_t *offset,
                        size_t *next)
{
    struct str s = z->bytes;
    size_t end;
    *offset = le32_at(s, at + 42);
    if (!read_header(z, &record_form, at, h, offset, &end))
        return false;
    size_t comment_n = le16_at(s, at + 32);
    *next = comment_n > s.n - end ? s.n : end + comment_n;
    return true;
}

static struct zip_entry *add_entry(struct zip *z)
{
    if (z->n == z->cap) {
        size_t cap = z->cap == 0 ? 64 : z->cap * 2;
        struct zip_entry *grown = arena_grow(z->arena, z->entries, z->n, cap, sizeof *grown);
        if (grown == NULL)
            return NULL;
        z->entries = grown;
        z->cap = cap;
    }
    z->entries[z->n] = (struct zip_entry){0};
    return &z->entries[z->n++];
}

size_t zip_end_by(const struct zip *z, const struct zip_entry *e, const struct zip_header *h)
{
    size_t room = z->bytes.n - e->data;
    return e->data + (h->packed < room ? (size_t)h->packed : room);
}

static bool read_local(struct zip *z, size_t at, struct zip_entry *e)
{
    return read_header(z, &local_form, at, &e->local, NULL, &e->data);
}

/* Where the packed bytes lie: up to where the first of the views ends. */
static void place_data(struct zip *z, struct zip_entry *e, uint64_t offset, int64_t shift)
{
    int64_t shifted = offset > INT64_MAX / 2 ? -1 : (int64_t)offset + shift;
    bool ok =
        (shifted >= 0 && (uint64_t)shifted < z->bytes.n && read_local(z, (size_t)shifted, e)) ||
        (offset < z->bytes.n && read_local(z, (size_t)offset, e));
    e->has_local = ok;
    if (!ok)
        return;
    bool shorter = (e->local.flags & ZIP_FLAG_DESCRIPTOR) == 0 && e->local.packed < e->dir.packed;
    e->end = zip_end_by(z, e, shorter ? &e->local : &e->dir);
}

/* How one reader may find the directory that an end record speaks of. */
struct layout {
    size_t start;
    int64_t shift; /* of the offsets in it: what stands before the archive */
    uint64_t declared_n;
};

struct layouts {
    struct layout item[MAX_LAYOUTS];
    size_t n;
};

static void add_layout(struct layouts *l, struct str s, struct layout one)
{
    if (!signed_at(s, one.start, sign_record) || l->n == MAX_LAYOUTS)
        return;
    for (size_t i = 0; i < l->n; i++)
        if (l->item[i].start == one.start)
            return;
    l->item[l->n++] = one;
}

/* Right before its end record, as most readers take it; or where the record says. */
static void add_both(struct layouts *l, struct str s, size_t end, uint64_t offset, uint64_t size,
                     uint64_t n)
{
    if (size <= end && size > 0) {
        size_t start = end - (size_t)size;
        int64_t shift = offset > INT64_MAX / 2 ? 0 : (int64_t)start - (int64_t)offset;
        add_layout(l, s, (struct layout){start, shift, n});
    }
    if (offset < end)
        add_layout(l, s, (struct layout){(size_t)offset, 0, n});
}

static void find_layouts(struct str s, size_t end, struct layouts *l)
{
    if (end >= ZIP_LOCATOR_BYTES && signed_at(s, end - ZIP_LOCATOR_BYTES, sign_locator)) {
        size_t locator = end - ZIP_LOCATOR_BYTES;
        uint64_t told = le64_at(s, locator + 8);
        size_t at =
            locator >= ZIP_END64_BYTES && signed_at(s, locator - ZIP_END64_BYTES, sign_end64)
                ? locator - ZIP_END64_BYTES
            : told < locator ? (size_t)told
                             : locator;
        if (signed_at(s, at, sign_end64))
            add_both(l, s, at, le64_at(s, at + 48), le64_at(s, at + 40), le64_at(s, at + 32));
    }
    add_both(l, s, end, le32_at(s, end + 16), le32_at(s, end + 12), le16_at(s, end + 10));
}

static bool is_known_directory(const struct zip *z, size_t start, size_t end_at)
{
    for (size_t i = 0; i < z->n_directories; i++)
        if (z->directories[i].start == start || z->directories[i].end_at == end_at)
            return true;
    return false;
}

/* All records from `start` on, whatever their number is said to be. */
static int read_directory(struct zip *z, size_t end_at, struct layout l, struct mp_err *err)
{
    struct zip_directory *d = &z->directories[z->n_directories];
    *d = (struct zip_directory){
        .end_at = end_at, .start = l.start, .first = z->n, .declared_n = l.declared_n};
    struct zip_header h;
    uint64_t offset;
    size_t next;
    for (size_t at = l.start; read_record(z, at, &h, &offset, &next); at = next) {
        if (z->n == z->max_entries) {
            z->cut = true;
            break;
        }
        struct zip_entry *e = add_entry(z);
        if (e == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for the members of an archive");
        e->dir = h;
        e->listed = true;
        e->offset = offset;
        place_data(z, e, offset, l.shift);
        d->n++;
    }
    if (d->n > 0 || l.declared_n == 0)
        z->n_directories++;
    return MP_OK;
}

static int by_start(const void *a, const void *b)
{
    const struct zip_range *x = a, *y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

int zip_seal(struct zip *z, struct mp_err *err)
{
    struct zip_range *r = arena_new(z->arena, struct zip_range, z->n);
    size_t n = 0, joined = 0;
    if (r == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the members of an archive");
    for (size_t i = 0; i < z->n; i++)
        if (z->entries[i].has_local)
            r[n++] = (struct zip_range){z->entries[i].local.at, z->entries[i].end};
    qsort(r, n, sizeof *r, by_start);
    for (size_t i = 0; i < n; i++) {
        if (joined > 0 && r[i].start <= r[joined - 1].end) {
            if (r[i].end > r[joined - 1].end)
                r[joined - 1].end = r[i].end;
        } else {
            r[joined++] = r[i];
        }
    }
    z->ranges = r;
    z->n_ranges = joined;
    z->range = z->cursor = 0;
    return MP_OK;
}

/* Does `at` lie within a listed member? Then it is that member's content: an archive that was only
 * stored in this one has an end record too. */
static bool is_covered(const struct zip *z, size_t at)
{
    size_t low = 0, high = z->n_ranges;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (z->ranges[mid].start <= at)
            low = mid + 1;
        else
            high = mid;
    }
    return low > 0 && at < z->ranges[low - 1].end;
}

static bool is_empty_archive(struct str s, size_t end)
{
    return le64_at(s, end + 4) == 0 && le32_at(s, end + 12) == 0 &&
           le16_at(s, end + 20) <= s.n - end - ZIP_END_BYTES;
}

/* One end record: the directories it may mean. */
static int read_end(struct zip *z, size_t end, struct mp_err *err)
{
    struct layouts l = {.n = 0};
    int st = MP_OK;
    find_layouts(z->bytes, end, &l);
    if (l.n == 0 && is_empty_archive(z->bytes, end))
        l.item[l.n++] = (struct layout){.start = end};
    size_t before = z->n_directories;
    for (size_t i = 0; st == MP_OK && i < l.n; i++) {
        if (is_known_directory(z, l.item[i].start, z->bytes.n))
            continue;
        if (z->n_directories == ZIP_MAX_DIRECTORIES || z->n == z->max_entries) {
            z->cut = true;
            return MP_OK;
        }
        st = read_directory(z, end, l.item[i], err);
    }
    return st == MP_OK && z->n_directories > before ? zip_seal(z, err) : st;
}

int zip_read(struct arena *arena, struct str bytes, size_t max_entries, struct zip *out,
             struct mp_err *err)
{
    *out = (struct zip){.bytes = bytes,
                        .arena = arena,
                        .max_entries = max_entries,
                        .header_bytes_left = 2 * bytes.n};
    size_t at = bytes.n;
    int st = MP_OK;
    while (st == MP_OK && !out->cut && zip_end_before(bytes, at, &at))
        if (!is_covered(out, at))
            st = read_end(out, at, err);
    return st;
}

/* The next data descriptor at or behind `at`; remembered, so that many headers cost one search. */
static size_t descriptor_after(struct zip *z, size_t at)
{
    if (z->descriptor < at)
        z->descriptor = find(z->bytes, at, sign_descriptor);
    return z->descriptor;
}

static bool is_known_method(unsigned method)
{
    return method <= 20 || (method >= ZIP_ZSTD && method <= ZIP_AES);
}

/* The next place that no listed member covers and where a local header stands. */
static size_t find_uncovered(struct zip *z)
{
    size_t at = find(z->bytes, z->cursor, sign_local);
    while (at < z->bytes.n) {
        while (z->range < z->n_ranges && z->ranges[z->range].end <= at)
            z->range++;
        if (z->range == z->n_ranges || at < z->ranges[z->range].start)
            return at;
        at = find(z->bytes, z->ranges[z->range].end, sign_local);
    }
    return at;
}

int zip_next_hidden(struct zip *z, struct zip_entry **out, struct mp_err *err)
{
    const struct zip_entry *last = z->hidden > 0 ? &z->entries[z->hidden - 1] : NULL;
    if (last != NULL && !last->open_end && last->end > z->cursor)
        z->cursor = last->end;
    *out = NULL;
    for (size_t at; (at = find_uncovered(z)) < z->bytes.n;) {
        struct zip_entry found = {.has_local = true};
        z->cursor = at + SIGNATURE_BYTES;
        if (!read_local(z, at, &found) || found.local.name.n == 0 ||
            !is_known_method(found.local.method))
            continue;
        if (z->n >= z->max_entries) {
            z->cut = true;
            return MP_OK;
        }
        found.open_end = (found.local.flags & ZIP_FLAG_DESCRIPTOR) != 0;
        found.end =
            found.open_end ? descriptor_after(z, found.data) : zip_end_by(z, &found, &found.local);
        z->cursor = found.data;
        struct zip_entry *e = add_entry(z);
        if (e == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for the members of an archive");
        *e = found;
        z->hidden = z->n;
        *out = e;
        return MP_OK;
    }
    return MP_OK;
}
