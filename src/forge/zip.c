/* A writer of ZIP archives (APPNOTE 6.3): stored, deflated, or with the traditional encryption. */
#include "forge/forge_internal.h"

enum {
    LOCAL_HEADER = 0x04034b50,
    CENTRAL_HEADER = 0x02014b50,
    END_RECORD = 0x06054b50,
    VERSION = 20,
    FLAG_ENCRYPTED = 1,
    DOS_TIME = 0x6000, /* 12:00 */
    DOS_DATE = 0x5d77, /* 23 November 2026 */
    CRYPT_HEADER_BYTES = 12,
    FILES_MAX = 16
};

/* One step of the CRC of APPNOTE 4.4.7, without table: archives here are small. */
static uint32_t crc_byte(uint32_t crc, unsigned char c)
{
    crc ^= c;
    for (int i = 0; i < 8; i++)
        crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    return crc;
}

uint32_t forge_crc32(uint32_t crc, struct str bytes)
{
    crc = ~crc;
    for (size_t i = 0; i < bytes.n; i++)
        crc = crc_byte(crc, (unsigned char)bytes.p[i]);
    return ~crc;
}

/* ---- the traditional encryption, APPNOTE 6.1 ---- */

struct zip_keys {
    uint32_t k[3];
};

static void keys_update(struct zip_keys *z, unsigned char c)
{
    z->k[0] = crc_byte(z->k[0], c);
    z->k[1] = (z->k[1] + (z->k[0] & 0xff)) * 134775813u + 1;
    z->k[2] = crc_byte(z->k[2], (unsigned char)(z->k[1] >> 24));
}

static void encrypt_byte(struct zip_keys *z, struct buf *out, unsigned char c)
{
    uint32_t t = (z->k[2] | 2) & 0xffff;
    buf_addc(out, (char)(c ^ (t * (t ^ 1) >> 8 & 0xff)));
    keys_update(z, c);
}

static void encrypt(struct buf *out, struct str data, struct str password, uint32_t crc,
                    struct forge_random *r)
{
    struct zip_keys z = {{0x12345678, 0x23456789, 0x34567890}};
    for (size_t i = 0; i < password.n; i++)
        keys_update(&z, (unsigned char)password.p[i]);
    for (int i = 0; i < CRYPT_HEADER_BYTES - 1; i++)
        encrypt_byte(&z, out, (unsigned char)(forge_random_next(r) >> 56));
    encrypt_byte(&z, out, (unsigned char)(crc >> 24));
    for (size_t i = 0; i < data.n; i++)
        encrypt_byte(&z, out, (unsigned char)data.p[i]);
}

/* ---- members ---- */

struct member {
    const struct forge_file *file;
    uint32_t crc, packed_bytes, offset;
    unsigned flags, method;
};

/* What local and central header share, from the version needed to the lengths. */
static void put_common(struct buf *b, const struct member *m)
{
    forge_put16(b, VERSION);
    forge_put16(b, m->flags);
    forge_put16(b, m->method);
    forge_put16(b, DOS_TIME);
    forge_put16(b, DOS_DATE);
    forge_put32(b, m->crc);
    forge_put32(b, m->packed_bytes);
    forge_put32(b, (uint32_t)m->file->bytes.n);
    forge_put16(b, (unsigned)m->file->name.n);
    forge_put16(b, 0); /* extra field */
}

static void put_member(struct buf *b, struct member *m, struct str packed)
{
    m->offset = (uint32_t)b->n;
    m->packed_bytes = (uint32_t)packed.n;
    forge_put32(b, LOCAL_HEADER);
    put_common(b, m);
    buf_add(b, m->file->name);
    buf_add(b, packed);
}

static void put_central(struct buf *b, const struct member *m)
{
    forge_put32(b, CENTRAL_HEADER);
    forge_put16(b, VERSION); /* made by */
    put_common(b, m);
    forge_put16(b, 0); /* comment */
    forge_put16(b, 0); /* disk */
    forge_put16(b, 0); /* internal attributes */
    forge_put32(b, 0); /* external attributes */
    forge_put32(b, m->offset);
    buf_add(b, m->file->name);
}

static void put_end(struct buf *b, size_t n, uint32_t central_at)
{
    uint32_t central_bytes = (uint32_t)b->n - central_at;
    forge_put32(b, END_RECORD);
    forge_put16(b, 0);
    forge_put16(b, 0);
    forge_put16(b, (unsigned)n);
    forge_put16(b, (unsigned)n);
    forge_put32(b, central_bytes);
    forge_put32(b, central_at);
    forge_put16(b, 0); /* comment */
}

int forge_zip(struct arena *a, const struct forge_file *files, size_t n,
              enum forge_zip_method method, struct str password, struct forge_random *r,
              struct str *out, struct mp_err *err)
{
    struct member members[FILES_MAX];
    struct buf zip, packed, sealed;
    if (n > FILES_MAX)
        return mp_fail(err, MP_E_LIMIT, FILES_MAX, "more than %d files in an archive", FILES_MAX);
    buf_init(&zip, FORGE_MAX_BYTES);
    buf_init(&packed, FORGE_MAX_BYTES);
    buf_init(&sealed, FORGE_MAX_BYTES);
    for (size_t i = 0; i < n; i++) {
        struct member *m = &members[i];
        *m = (struct member){.file = &files[i],
                             .crc = forge_crc32(0, files[i].bytes),
                             .flags = password.n > 0 ? FLAG_ENCRYPTED : 0,
                             .method = method};
        packed.n = sealed.n = 0;
        if (method == FORGE_ZIP_DEFLATED)
            forge_deflate(&packed, files[i].bytes);
        else
            buf_add(&packed, files[i].bytes);
        if (password.n > 0)
            encrypt(&sealed, buf_str(&packed), password, m->crc, r);
        put_member(&zip, m, buf_str(password.n > 0 ? &sealed : &packed));
    }
    uint32_t central_at = (uint32_t)zip.n;
    for (size_t i = 0; i < n; i++)
        put_central(&zip, &members[i]);
    put_end(&zip, n, central_at);
    bool failed = zip.failed || packed.failed || sealed.failed;
    *out = failed ? STR_NONE : arena_copy(a, buf_str(&zip));
    buf_clear(&sealed);
    buf_clear(&packed);
    buf_clear(&zip);
    return out->p == NULL ? forge_no_memory(err) : MP_OK;
}
