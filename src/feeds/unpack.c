/* Packed feeds by libarchive, from memory; formats are enabled one by one, and counted by us. */
#include "feeds/unpack.h"

#include <archive_entry.h>

#include "content/archive_filter.h"

static const struct str magics[] = {
    STR_INIT("\x1f\x8b\x08"),     /* RFC 1952 */
    STR_INIT("BZh"),              /* bzip2 */
    STR_INIT("\xfd\x37zXZ\0"),    /* xz */
    STR_INIT("\x28\xb5\x2f\xfd"), /* RFC 8878 */
    STR_INIT("PK\x03\x04"),       /* ZIP */
    STR_INIT("PK\x05\x06"),       /* ... without a file */
};

bool feed_is_packed(struct str bytes)
{
    for (size_t i = 0; i < ARRAY_LEN(magics); i++)
        if (str_starts(bytes, magics[i]))
            return true;
    return false;
}

static const struct archive_filter filters[] = {
    {archive_read_support_filter_gzip, archive_zlib_version},
    {archive_read_support_filter_bzip2, archive_bzlib_version},
    {archive_read_support_filter_xz, archive_liblzma_version},
    {archive_read_support_filter_zstd, archive_libzstd_version},
};

static struct archive *reader(struct str bytes)
{
    struct archive *a = archive_read_new();
    if (a == NULL)
        return NULL;
    archive_enable(a, filters, ARRAY_LEN(filters));
    archive_read_support_format_zip(a);
    archive_read_support_format_raw(a);
    if (archive_read_open_memory(a, bytes.p, bytes.n) == ARCHIVE_OK)
        return a;
    archive_read_free(a);
    return NULL;
}

static int damaged(struct archive *a, struct mp_err *err)
{
    const char *why = archive_error_string(a);
    return mp_fail(err, MP_E_SYNTAX, 0, "it is packed and damaged: %s",
                   why != NULL ? why : "no end");
}

static int read_data(struct archive *a, struct buf *out, struct mp_err *err)
{
    const void *block;
    size_t n;
    la_int64_t offset;
    int st;
    while ((st = archive_read_data_block(a, &block, &n, &offset)) == ARCHIVE_OK) {
        if (offset != (la_int64_t)out->n) /* a hole: no packer of feeds makes any */
            return mp_fail(err, MP_E_SYNTAX, 0, "it is packed with holes");
        buf_add(out, str_make(block, n));
        if (out->failed && n > out->max_bytes - out->n)
            return mp_fail(err, MP_E_LIMIT, (int64_t)out->max_bytes,
                           "more than %zu bytes are packed in it", out->max_bytes);
        if (out->failed)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory to unpack it");
    }
    return st == ARCHIVE_EOF ? MP_OK : damaged(a, err);
}

/* The one file; what is no file has no data. */
static int read_file(struct archive *a, struct archive_entry *e, size_t *files, struct buf *out,
                     struct mp_err *err)
{
    if (archive_filter_count(a) > UNPACK_MAX_FILTERS + 1) /* the last is none */
        return mp_fail(err, MP_E_SYNTAX, 0, "it is packed more than %d times", UNPACK_MAX_FILTERS);
    if (archive_entry_is_encrypted(e) > 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "it is encrypted");
    if (archive_format(a) == ARCHIVE_FORMAT_RAW && archive_filter_count(a) < 2)
        return mp_fail(err, MP_E_SYNTAX, 0, "its compression was not recognised");
    if (archive_entry_filetype(e) == AE_IFDIR)
        return MP_OK;
    if (++*files > 1)
        return mp_fail(err, MP_E_SYNTAX, 0, "more than one file is packed in it");
    return read_data(a, out, err);
}

int feed_unpack(struct str bytes, struct buf *out, struct mp_err *err)
{
    struct archive *a = reader(bytes);
    struct archive_entry *e;
    size_t files = 0;
    int st = MP_OK, got = ARCHIVE_EOF;
    if (a == NULL)
        return mp_fail(err, MP_E_SYNTAX, 0, "it is packed and damaged: nothing can be read");
    while (st == MP_OK && (got = archive_read_next_header(a, &e)) == ARCHIVE_OK)
        st = read_file(a, e, &files, out, err);
    if (st == MP_OK && got != ARCHIVE_EOF)
        st = damaged(a, err);
    else if (st == MP_OK && files == 0)
        st = mp_fail(err, MP_E_SYNTAX, 0, "nothing is packed in it");
    archive_read_free(a);
    return st;
}
