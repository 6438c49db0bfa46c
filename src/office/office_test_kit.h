/* For tests: compound files, VBA projects and objects, put together octet by octet. */
#ifndef MP_OFFICE_OFFICE_TEST_KIT_H
#define MP_OFFICE_OFFICE_TEST_KIT_H

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"

enum {
    MK_SECTOR = 512,
    MK_MAX_BYTES = 8 << 20,
    MK_MAX_ENTRIES = 64,
    MK_FAT_SLOTS = MK_SECTOR / 4,
    MK_FAT_MAX = 16,
    MK_MAX_SECTORS = MK_FAT_MAX * MK_FAT_SLOTS,
    MK_FEW_BYTES = 32 * 1024 /* for which one sector of FAT is enough */
};
#define MK_END_OF_CHAIN 0xfffffffeu
#define MK_NOTHING      0xffffffffu

static inline void mk_le(struct buf *b, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        buf_addc(b, (char)(v >> 8 * i & 0xff));
}

static inline void mk_wide(struct buf *b, const char *ascii)
{
    for (; *ascii != '\0'; ascii++)
        mk_le(b, (unsigned char)*ascii, 2);
}

static inline void mk_pad(struct buf *b, size_t unit)
{
    while (b->n % unit != 0 && !b->failed)
        buf_addc(b, 0);
}

static inline struct str mk_done(struct arena *a, struct buf *b)
{
    struct str out = arena_copy(a, buf_str(b));
    if (b->failed || out.p == NULL)
        abort();
    buf_clear(b);
    return out;
}

/* ---- compound files ---- */

/* Of a stream: the storage it is in (NULL: the root), its name, its bytes. */
struct mk_stream {
    const char *storage, *name;
    struct str bytes;
};

struct mk_entry {
    const char *name, *guid;
    unsigned type;
    struct str bytes;
    uint32_t parent, next, child, start;
    size_t size;
};

struct mk_cfb {
    struct mk_entry e[MK_MAX_ENTRIES];
    uint32_t n, fat[MK_MAX_SECTORS], n_sectors, n_fat;
    struct buf sectors, mini, mini_fat;
};

static inline uint32_t mk_entry_add(struct mk_cfb *c, const char *name, unsigned type,
                                    struct str bytes, uint32_t parent)
{
    uint32_t i = c->n++;
    if (i >= MK_MAX_ENTRIES)
        abort();
    c->e[i] = (struct mk_entry){.name = name,
                                .type = type,
                                .bytes = bytes,
                                .parent = parent,
                                .next = MK_NOTHING,
                                .child = MK_NOTHING,
                                .start = MK_END_OF_CHAIN,
                                .size = bytes.n};
    if (i > 0) { /* a tree that is a list */
        c->e[i].next = c->e[parent].child;
        c->e[parent].child = i;
    }
    return i;
}

static inline uint32_t mk_sectors(struct mk_cfb *c, struct str bytes)
{
    uint32_t first = c->n_sectors, n = (uint32_t)((bytes.n + MK_SECTOR - 1) / MK_SECTOR);
    if (n == 0)
        return MK_END_OF_CHAIN;
    if (c->n_sectors + n > c->n_fat * MK_FAT_SLOTS)
        abort();
    buf_add(&c->sectors, bytes);
    mk_pad(&c->sectors, MK_SECTOR);
    for (uint32_t i = 0; i < n; i++)
        c->fat[first + i] = i + 1 < n ? first + i + 1 : MK_END_OF_CHAIN;
    c->n_sectors += n;
    return first;
}

static inline void mk_place(struct mk_cfb *c, struct mk_entry *e)
{
    if (e->bytes.n >= 4096) {
        e->start = mk_sectors(c, e->bytes);
        return;
    }
    uint32_t first = (uint32_t)(c->mini.n / 64), n = (uint32_t)((e->bytes.n + 63) / 64);
    buf_add(&c->mini, e->bytes);
    mk_pad(&c->mini, 64);
    for (uint32_t i = 0; i < n; i++)
        mk_le(&c->mini_fat, i + 1 < n ? first + i + 1 : MK_END_OF_CHAIN, 4);
    e->start = n == 0 ? MK_END_OF_CHAIN : first;
}

static inline void mk_put_entry(struct buf *b, const struct mk_entry *e)
{
    size_t units = strlen(e->name);
    for (size_t i = 0; i < 32; i++)
        mk_le(b, i < units ? (unsigned char)e->name[i] : 0, 2);
    mk_le(b, units > 0 ? (units + 1) * 2 : 0, 2);
    mk_le(b, e->type, 1);
    mk_le(b, 1, 1);
    mk_le(b, MK_NOTHING, 4);
    mk_le(b, e->next, 4);
    mk_le(b, e->child, 4);
    static const char no_guid[16] = {0};
    buf_add(b, str_make(e->guid != NULL ? e->guid : no_guid, sizeof no_guid));
    for (unsigned i = 0; i < 5; i++)
        mk_le(b, 0, 4);
    mk_le(b, e->start, 4);
    mk_le(b, e->size, 8);
}

static inline void mk_put_header(struct mk_cfb *c, struct buf *b, uint32_t dir, uint32_t mini_fat)
{
    buf_add(b, STR("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"));
    for (unsigned i = 0; i < 4; i++)
        mk_le(b, 0, 4);
    mk_le(b, 0x3e | 3u << 16, 4);
    mk_le(b, 0xfffe | 9u << 16, 4);
    mk_le(b, 6, 8);
    mk_le(b, 0, 4);
    mk_le(b, c->n_fat, 4); /* FAT sectors: the first ones */
    mk_le(b, dir, 4);
    mk_le(b, 0, 4);
    mk_le(b, 4096, 4);
    mk_le(b, mini_fat, 4);
    mk_le(b, (c->mini_fat.n + MK_SECTOR - 1) / MK_SECTOR, 4);
    mk_le(b, MK_END_OF_CHAIN, 4);
    mk_le(b, 0, 4);
    for (unsigned i = 0; i < 109; i++)
        mk_le(b, i < c->n_fat ? i : MK_NOTHING, 4);
}

/* `guid`: 16 octets for the root, or NULL. */
static inline struct str mk_cfb(struct arena *a, const struct mk_stream *streams, size_t n,
                                const char *guid)
{
    static struct mk_cfb c;
    struct buf file, dir;
    memset(&c, 0, sizeof c);
    buf_init(&file, MK_MAX_BYTES);
    buf_init(&dir, MK_MAX_BYTES);
    buf_init(&c.sectors, MK_MAX_BYTES);
    buf_init(&c.mini, MK_MAX_BYTES);
    buf_init(&c.mini_fat, MK_MAX_BYTES);
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += streams[i].bytes.n;
    c.n_fat = total < MK_FEW_BYTES ? 1 : MK_FAT_MAX;
    for (; c.n_sectors < c.n_fat; c.n_sectors++)
        c.fat[c.n_sectors] = 0xfffffffdu;
    mk_entry_add(&c, "Root Entry", 5, STR_NONE, 0);
    c.e[0].guid = guid;
    for (size_t i = 0; i < n; i++) {
        uint32_t parent = 0, at = 1;
        for (; streams[i].storage != NULL && at < c.n; at++)
            if (c.e[at].type == 1 && strcmp(c.e[at].name, streams[i].storage) == 0)
                break;
        if (streams[i].storage != NULL)
            parent = at < c.n ? at : mk_entry_add(&c, streams[i].storage, 1, STR_NONE, 0);
        if (streams[i].name != NULL)
            mk_place(&c, &c.e[mk_entry_add(&c, streams[i].name, 2, streams[i].bytes, parent)]);
    }
    c.e[0].size = c.mini.n;
    c.e[0].start = mk_sectors(&c, buf_str(&c.mini));
    for (uint32_t i = 0; i < c.n; i++)
        mk_put_entry(&dir, &c.e[i]);
    mk_pad(&dir, MK_SECTOR);
    uint32_t at_dir = mk_sectors(&c, buf_str(&dir));
    uint32_t at_mini_fat = mk_sectors(&c, buf_str(&c.mini_fat));
    mk_put_header(&c, &file, at_dir, at_mini_fat);
    for (uint32_t i = 0; i < c.n_fat * MK_FAT_SLOTS; i++)
        mk_le(&file, i < c.n_sectors ? c.fat[i] : MK_NOTHING, 4);
    buf_add(&file, buf_str(&c.sectors));
    buf_clear(&c.sectors);
    buf_clear(&c.mini);
    buf_clear(&c.mini_fat);
    buf_clear(&dir);
    return mk_done(a, &file);
}

/* ---- VBA ---- */

/* As chunks of plain letters, so that no compressor of ours says what ours reads. */
static inline struct str mk_container(struct arena *a, struct str text)
{
    struct buf b;
    buf_init(&b, MK_MAX_BYTES);
    buf_addc(&b, 1);
    for (size_t at = 0; at < text.n; at += 3600) {
        struct str piece = str_slice(text, at, at + 3600);
        mk_le(&b, (piece.n + (piece.n + 7) / 8 + 2 - 3) | 0xb000, 2);
        for (size_t i = 0; i < piece.n; i += 8) {
            buf_addc(&b, 0);
            buf_add(&b, str_slice(piece, i, i + 8));
        }
    }
    return mk_done(a, &b);
}

static inline void mk_record(struct buf *b, unsigned id, struct str value)
{
    mk_le(b, id, 2);
    mk_le(b, value.n, 4);
    buf_add(b, value);
}

/* One module "Module1", its source `junk` octets into its stream. */
static inline struct str mk_dir(struct arena *a, uint32_t junk)
{
    struct buf b, wide;
    buf_init(&b, MK_MAX_BYTES);
    buf_init(&wide, MK_MAX_BYTES);
    mk_wide(&wide, "Module1");
    mk_record(&b, 0x01, STR("\1\0\0\0"));
    mk_record(&b, 0x03, STR("\xe4\4"));
    mk_le(&b, 0x09, 2);
    mk_le(&b, 4, 4);
    mk_le(&b, 1, 6);
    mk_record(&b, 0x0f, STR("\1\0"));
    mk_record(&b, 0x19, STR("Module1"));
    mk_record(&b, 0x47, buf_str(&wide));
    mk_record(&b, 0x1a, STR("Module1"));
    mk_record(&b, 0x32, buf_str(&wide));
    mk_le(&b, 0x31, 2);
    mk_le(&b, 4, 4);
    mk_le(&b, junk, 4);
    mk_record(&b, 0x21, STR(""));
    mk_record(&b, 0x2b, STR(""));
    mk_record(&b, 0x10, STR(""));
    buf_clear(&wide);
    struct str plain = mk_done(a, &b);
    return mk_container(a, plain);
}

/* A project with one module of that source; an empty one has compiled code alone. */
static inline struct str mk_project(struct arena *a, const char *source)
{
    struct buf b;
    buf_init(&b, MK_MAX_BYTES);
    buf_addz(&b, "compiled");
    if (source[0] != '\0')
        buf_add(&b, mk_container(a, str_from(source)));
    struct mk_stream streams[] = {{"VBA", "dir", mk_dir(a, 8)},
                                  {"VBA", "_VBA_PROJECT", STR("\xcc\x61\xff\xff\0\0\0")},
                                  {"VBA", "Module1", mk_done(a, &b)},
                                  {NULL, "PROJECT", STR("ID=\"{1}\"\r\nModule=Module1\r\n")}};
    return mk_cfb(a, streams, ARRAY_LEN(streams), NULL);
}

/* ---- encryption ---- */

/* A package of the octets "PK, and what follows it.", made by another program. */
#define MK_PASSWORD "1234"
#define MK_AGILE_INFO                                                                              \
    "\4\0\4\0\x40\0\0\0"                                                                           \
    "<encryption><keyData saltSize=\"16\" blockSize=\"16\" keyBits=\"256\" hashSize="              \
    "\"48\" cipherAlgorithm=\"AES\" cipherChaining=\"ChainingModeCBC\" hashAlgorithm="             \
    "\"SHA-384\" saltValue=\"MjM0NTY3ODk6Ozw9Pj9AQQ==\"/><keyEncryptors><keyEncryptor"             \
    "><p:encryptedKey spinCount=\"10\" saltSize=\"16\" blockSize=\"16\" keyBits=\"256"             \
    "\" cipherAlgorithm=\"AES\" cipherChaining=\"ChainingModeCBC\" hashAlgorithm=\"SH"             \
    "A-384\" saltValue=\"AQIDBAUGBwgJCgsMDQ4PEA==\" encryptedVerifierHashInput=\"0Pxy"             \
    "dsh+J2QjK0G1332HCQ==\" encryptedVerifierHashValue=\"AfL7Eyv0MqHGtKKdh4kKjfM1Ytie"             \
    "sV3yUnNII2PVDsGpRatWbe4x0QDI52P0d4Vq\" encryptedKeyValue=\"wLgHRny1FoYjj4M69nrhv"             \
    "9mWIAIPFpPNRSl6r+LO3dY=\"/></keyEncryptor></keyEncryptors></encryption>"
#define MK_AGILE_PACKAGE                                                                           \
    "\x18\x00\x00\x00\x00\x00\x00\x00\xf5\xdf\x06\xa2\x0d\x4d\x6f\x73\xf2\x2f\xcf\x79\x59"         \
    "\xa8\x64\x07\x96\xe7\x20\x85\x61\xa7\x0a\xbc\xc6\x3b\x84\x06\xad\x28\xb7\x1a"

static inline struct str mk_encrypted(struct arena *a)
{
    struct mk_stream streams[] = {{NULL, "EncryptionInfo", STR(MK_AGILE_INFO)},
                                  {NULL, "EncryptedPackage", STR(MK_AGILE_PACKAGE)}};
    return mk_cfb(a, streams, ARRAY_LEN(streams), NULL);
}

#endif
