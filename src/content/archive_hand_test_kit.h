/* For tests: archives that no library here writes, put together octet by octet: RAR of both
 * kinds, CAB, LZH; one member, stored. */
#ifndef MP_CONTENT_ARCHIVE_HAND_TEST_KIT_H
#define MP_CONTENT_ARCHIVE_HAND_TEST_KIT_H

#include "content/zip_test_kit.h"

static uint32_t hand_crc32(struct str s)
{
    return (uint32_t)crc32_z(0, (const Bytef *)s.p, s.n);
}

static struct str hand_done(struct arena *arena, struct buf *b)
{
    struct str out = arena_copy(arena, buf_str(b));
    if (out.p == NULL || b->failed)
        abort();
    buf_clear(b);
    return out;
}

/* A block of RAR 1.5 to 4: its checksum is of what follows it. */
static void hand_rar4_block(struct buf *out, unsigned type, unsigned flags, struct str fields)
{
    struct buf b;
    buf_init(&b, KIT_MAX_BYTES);
    kit_le(&b, type, 1);
    kit_le(&b, flags, 2);
    kit_le(&b, 7 + fields.n, 2);
    kit_add(&b, fields);
    kit_le(out, hand_crc32(buf_str(&b)) & 0xffff, 2);
    kit_add(out, buf_str(&b));
    buf_clear(&b);
}

enum { HAND_PLAIN, HAND_FILE_ENCRYPTED, HAND_HEADERS_ENCRYPTED };

static inline struct str hand_rar4(struct arena *arena, struct str name, struct str data, int how)
{
    struct buf out, f;
    buf_init(&out, KIT_MAX_BYTES);
    buf_init(&f, KIT_MAX_BYTES);
    kit_add(&out, STR("Rar!\x1a\x07\0"));
    hand_rar4_block(&out, 0x73, how == HAND_HEADERS_ENCRYPTED ? 0x80 : 0, STR("\0\0\0\0\0\0"));
    kit_le(&f, data.n, 4);
    kit_le(&f, data.n, 4);
    kit_le(&f, 2, 1);
    kit_le(&f, hand_crc32(data), 4);
    kit_le(&f, 0x5a216000, 4);
    kit_le(&f, 20, 1);
    kit_le(&f, 0x30, 1);
    kit_le(&f, name.n, 2);
    kit_le(&f, 0x20, 4);
    kit_add(&f, name);
    hand_rar4_block(&out, 0x74, how == HAND_FILE_ENCRYPTED ? 0x8004 : 0x8000, buf_str(&f));
    kit_add(&out, data);
    hand_rar4_block(&out, 0x7b, 0x4000, STR(""));
    buf_clear(&f);
    return hand_done(arena, &out);
}

/* A header of RAR 5, shorter than 128 octets: so is each of its numbers. */
static void hand_rar5_block(struct buf *out, struct str header)
{
    struct buf b;
    buf_init(&b, KIT_MAX_BYTES);
    kit_le(&b, header.n, 1);
    kit_add(&b, header);
    kit_le(out, hand_crc32(buf_str(&b)), 4);
    kit_add(out, buf_str(&b));
    buf_clear(&b);
}

static inline struct str hand_rar5(struct arena *arena, struct str name, struct str data, int how)
{
    struct buf out, f;
    bool extra = how == HAND_FILE_ENCRYPTED;
    buf_init(&out, KIT_MAX_BYTES);
    buf_init(&f, KIT_MAX_BYTES);
    kit_add(&out, STR("Rar!\x1a\x07\1\0"));
    if (how == HAND_HEADERS_ENCRYPTED)
        hand_rar5_block(&out, STR("\4\0\0\0\017saltsaltsaltsalt"));
    hand_rar5_block(&out, STR("\1\0\0"));
    kit_le(&f, 2, 1);
    kit_le(&f, extra ? 3 : 2, 1);
    if (extra)
        kit_le(&f, 3, 1);
    kit_le(&f, data.n, 1);
    kit_le(&f, 4, 1);
    kit_le(&f, data.n, 1);
    kit_le(&f, 0x20, 1);
    kit_le(&f, hand_crc32(data), 4);
    kit_le(&f, 0, 1);
    kit_le(&f, 1, 1);
    kit_le(&f, name.n, 1);
    kit_add(&f, name);
    if (extra)
        kit_add(&f, STR("\2\1\0"));
    hand_rar5_block(&out, buf_str(&f));
    kit_add(&out, data);
    hand_rar5_block(&out, STR("\5\0\0"));
    buf_clear(&f);
    return hand_done(arena, &out);
}

static inline void hand_cab_file(struct buf *b, struct str name, size_t size, size_t offset)
{
    kit_le(b, size, 4);
    kit_le(b, offset, 4);
    kit_le(b, 0, 2);
    kit_le(b, 0x5a216000, 4);
    kit_le(b, 0x20, 2);
    kit_add(b, name);
    kit_le(b, 0, 1);
}

/* With a `second` file that is empty; `broken`: the block of data has no length. */
static inline struct str hand_cab_of(struct arena *arena, struct str name, struct str second,
                                     struct str data, bool broken)
{
    struct buf b;
    size_t files = 36 + 8, blocks = files + 16 + name.n + 1 + 16 + second.n + 1;
    buf_init(&b, KIT_MAX_BYTES);
    kit_add(&b, STR("MSCF\0\0\0\0"));
    kit_le(&b, blocks + 8 + data.n, 4);
    kit_le(&b, 0, 4);
    kit_le(&b, files, 4);
    kit_le(&b, 0, 4);
    kit_add(&b, STR("\3\1\1\0\2\0\0\0\0\0\0\0"));
    kit_le(&b, blocks, 4);
    kit_le(&b, 1, 2);
    kit_le(&b, 0, 2);
    hand_cab_file(&b, name, data.n, 0);
    hand_cab_file(&b, second, 0, data.n);
    kit_le(&b, 0, 4);
    kit_le(&b, broken ? 0 : data.n, 2);
    kit_le(&b, data.n, 2);
    kit_add(&b, data);
    return hand_done(arena, &b);
}

static unsigned hand_crc16(struct str s)
{
    unsigned crc = 0;
    for (size_t i = 0; i < s.n; i++) {
        crc ^= (unsigned char)s.p[i];
        for (unsigned k = 0; k < 8; k++)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xa001u : 0);
    }
    return crc;
}

static inline struct str hand_lzh(struct arena *arena, struct str name, struct str data)
{
    struct buf h, out;
    unsigned sum = 0;
    buf_init(&h, KIT_MAX_BYTES);
    buf_init(&out, KIT_MAX_BYTES);
    kit_add(&h, STR("-lh0-"));
    kit_le(&h, data.n, 4);
    kit_le(&h, data.n, 4);
    kit_le(&h, 0x5a216000, 4);
    kit_le(&h, 0x20, 2); /* attributes, level 0 */
    kit_le(&h, name.n, 1);
    kit_add(&h, name);
    kit_le(&h, hand_crc16(data), 2);
    for (size_t i = 0; i < h.n; i++)
        sum += (unsigned char)h.p[i];
    kit_le(&out, h.n, 1);
    kit_le(&out, sum & 0xff, 1);
    kit_add(&out, buf_str(&h));
    kit_add(&out, data);
    kit_le(&out, 0, 1);
    buf_clear(&h);
    return hand_done(arena, &out);
}

#endif
