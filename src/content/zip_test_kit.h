/* For tests: writes ZIP archives, truthful ones and such that lie in any one place. */
#ifndef MP_CONTENT_ZIP_TEST_KIT_H
#define MP_CONTENT_ZIP_TEST_KIT_H

#include <stdlib.h>
#include <zlib.h>

#include "base/buf.h"
#include "content/zip.h"

enum { KIT_MAX_BYTES = 256 * 1024 * 1024 };

/* Zero-initialised it is an honest, stored member; what is set otherwise is told in that view. */
struct kit_member {
    const char *name;
    struct str data;
    unsigned method, flags;
    bool raw; /* `data` is packed already: `crc` and `size` are told as given */
    uint32_t crc;
    uint64_t size;
    const char *local_name; /* at the member */
    unsigned local_method;  /* at the member: plus one; 0 is the same */
    unsigned dir_method;    /* in the directory: plus one */
    unsigned local_flags_xor, dir_flags_xor;
    int64_t local_packed_add, dir_packed_add, local_size_add, dir_size_add;
    uint32_t crc_xor; /* at the member */
    bool unlisted, no_local;
    size_t same_as;   /* plus one: the directory points to the local header of that member */
    struct str extra; /* in both */
    bool zip64;       /* sizes in the extra field 0x0001 */
};

struct kit_archive {
    struct str prefix; /* before the first member; offsets are counted from behind it */
    bool count_prefix; /* ... or from the start of the file */
    struct str gap;    /* between the members and the directory */
    struct str comment;
    int declared_add; /* to the number of members */
    bool zip64;       /* an end record of ZIP64 before the end record */
};

static void kit_le(struct buf *b, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        buf_addc(b, (char)(v >> (8 * i)));
}

static void kit_add(struct buf *b, struct str s)
{
    buf_add(b, s);
    if (b->failed)
        abort();
}

/* A raw deflate stream. */
static inline struct str kit_deflate(struct arena *a, struct str data)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)data.p, .avail_in = (uInt)data.n};
    if (deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    uLong max = deflateBound(&z, data.n);
    char *out = arena_alloc(a, 1, max);
    if (out == NULL)
        abort();
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)max;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    size_t n = z.total_out;
    deflateEnd(&z);
    return str_make(out, n);
}

static void kit_extra(struct buf *b, const struct kit_member *m, uint64_t size, uint64_t packed)
{
    if (m->zip64) {
        kit_le(b, 0x0001, 2);
        kit_le(b, 16, 2);
        kit_le(b, size, 8);
        kit_le(b, packed, 8);
    }
    kit_add(b, m->extra);
}

static size_t kit_extra_bytes(const struct kit_member *m)
{
    return m->extra.n + (m->zip64 ? 20 : 0);
}

/* The fields that both headers have, from the flags on. */
static void kit_common(struct buf *b, const struct kit_member *m, unsigned flags, unsigned method,
                       uint32_t crc, uint64_t packed, uint64_t size, const char *name)
{
    kit_le(b, flags, 2);
    kit_le(b, method, 2);
    kit_le(b, 0x6000, 2); /* time and date */
    kit_le(b, 0x5a21, 2);
    kit_le(b, crc, 4);
    kit_le(b, m->zip64 ? UINT32_MAX : packed, 4);
    kit_le(b, m->zip64 ? UINT32_MAX : size, 4);
    kit_le(b, strlen(name), 2);
    kit_le(b, kit_extra_bytes(m), 2);
}

static void kit_local(struct buf *b, const struct kit_member *m, struct str packed, uint32_t crc,
                      uint64_t size)
{
    const char *name = m->local_name != NULL ? m->local_name : m->name;
    bool later = (m->flags & ZIP_FLAG_DESCRIPTOR) != 0;
    uint64_t told_packed = later ? 0 : packed.n + (uint64_t)m->local_packed_add;
    uint64_t told_size = later ? 0 : size + (uint64_t)m->local_size_add;
    kit_add(b, STR("PK\3\4"));
    kit_le(b, 20, 2);
    kit_common(b, m, m->flags ^ m->local_flags_xor,
               m->local_method > 0 ? m->local_method - 1 : m->method, later ? 0 : crc ^ m->crc_xor,
               told_packed, told_size, name);
    kit_add(b, str_from(name));
    kit_extra(b, m, told_size, told_packed);
    kit_add(b, packed);
    if (!later)
        return;
    kit_add(b, STR("PK\7\10"));
    kit_le(b, crc, 4);
    kit_le(b, packed.n, 4);
    kit_le(b, size, 4);
}

static void kit_record(struct buf *b, const struct kit_member *m, size_t packed_n, uint32_t crc,
                       uint64_t size, size_t offset)
{
    uint64_t told_packed = packed_n + (uint64_t)m->dir_packed_add;
    uint64_t told_size = size + (uint64_t)m->dir_size_add;
    kit_add(b, STR("PK\1\2"));
    kit_le(b, 0x0314, 2);
    kit_le(b, 20, 2);
    kit_common(b, m, m->flags ^ m->dir_flags_xor, m->dir_method > 0 ? m->dir_method - 1 : m->method,
               crc, told_packed, told_size, m->name);
    kit_le(b, 0, 2); /* comment, disk, attributes */
    kit_le(b, 0, 2);
    kit_le(b, 0, 2);
    kit_le(b, 0x81a40000, 4);
    kit_le(b, offset, 4);
    kit_add(b, str_from(m->name));
    kit_extra(b, m, told_size, told_packed);
}

static void kit_end(struct buf *b, const struct kit_archive *a, size_t n, size_t start,
                    size_t offset)
{
    size_t size = b->n - start;
    if (a->zip64) {
        size_t at = b->n;
        kit_add(b, STR("PK\6\6"));
        kit_le(b, 44, 8);
        kit_le(b, 45, 2);
        kit_le(b, 45, 2);
        kit_le(b, 0, 8);
        kit_le(b, n, 8);
        kit_le(b, n, 8);
        kit_le(b, size, 8);
        kit_le(b, offset, 8);
        kit_add(b, STR("PK\6\7"));
        kit_le(b, 0, 4);
        kit_le(b, at, 8);
        kit_le(b, 1, 4);
    }
    size_t told = n + (size_t)(int64_t)a->declared_add;
    kit_add(b, STR("PK\5\6"));
    kit_le(b, 0, 4);
    kit_le(b, a->zip64 ? UINT16_MAX : told, 2);
    kit_le(b, a->zip64 ? UINT16_MAX : told, 2);
    kit_le(b, a->zip64 ? UINT32_MAX : size, 4);
    kit_le(b, a->zip64 ? UINT32_MAX : offset, 4);
    kit_le(b, a->comment.n, 2);
    kit_add(b, a->comment);
}

static inline struct str kit_zip(struct arena *arena, const struct kit_member *m, size_t n,
                                 const struct kit_archive *how)
{
    static const struct kit_archive plain = {.zip64 = false};
    const struct kit_archive *a = how == NULL ? &plain : how;
    struct buf b, dir;
    buf_init(&b, KIT_MAX_BYTES);
    buf_init(&dir, KIT_MAX_BYTES);
    kit_add(&b, a->prefix);
    size_t base = a->count_prefix ? 0 : b.n, listed = 0;
    size_t *offsets = calloc(n + 1, sizeof *offsets);
    if (offsets == NULL)
        abort();
    for (size_t i = 0; i < n; i++) {
        struct str packed =
            m[i].method == ZIP_DEFLATE && !m[i].raw ? kit_deflate(arena, m[i].data) : m[i].data;
        uint32_t crc =
            m[i].raw ? m[i].crc : (uint32_t)crc32(0, (const Bytef *)m[i].data.p, (uInt)m[i].data.n);
        uint64_t size = m[i].raw ? m[i].size : m[i].data.n;
        offsets[i] = m[i].same_as > 0 ? offsets[m[i].same_as - 1] : b.n - base;
        if (!m[i].no_local && m[i].same_as == 0)
            kit_local(&b, &m[i], packed, crc, size);
        if (!m[i].unlisted) {
            kit_record(&dir, &m[i], packed.n, crc, size, offsets[i]);
            listed++;
        }
    }
    kit_add(&b, a->gap);
    size_t start = b.n;
    kit_add(&b, buf_str(&dir));
    kit_end(&b, a, listed, start, start - base);
    struct str out = arena_copy(arena, buf_str(&b));
    if (out.p == NULL || b.failed || dir.failed)
        abort();
    free(offsets);
    buf_clear(&b);
    buf_clear(&dir);
    return out;
}

static inline struct str kit_join(struct arena *arena, struct str a, struct str b)
{
    struct str out = arena_join(arena, (struct str[]){a, b}, 2);
    if (out.p == NULL)
        abort();
    return out;
}

#endif
