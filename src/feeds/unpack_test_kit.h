/* For tests: packed files, made by libarchive. */
#ifndef MP_FEEDS_UNPACK_TEST_KIT_H
#define MP_FEEDS_UNPACK_TEST_KIT_H

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

#include "base/buf.h"

enum pack { PACK_GZIP, PACK_BZIP2, PACK_XZ, PACK_ZSTD, PACK_ZIP, PACK_GZIP_TWICE, PACK_COUNT };

struct pack_file {
    struct str name, bytes;
};

static inline la_ssize_t pack_write(struct archive *a, void *ctx, const void *bytes, size_t n)
{
    (void)a;
    buf_add(ctx, str_make(bytes, n));
    return (la_ssize_t)n;
}

static inline void pack_ok(int st)
{
    if (st != ARCHIVE_OK)
        abort();
}

/* buf_clear(&out) after. Single compressions take one file. */
static inline struct buf pack_files(enum pack how, const struct pack_file *files, size_t n)
{
    struct buf out;
    struct archive *a = archive_write_new();
    buf_init(&out, 64 << 20);
    switch (how) {
    case PACK_GZIP_TWICE:
        pack_ok(archive_write_add_filter_gzip(a)); /* fall through */
    case PACK_GZIP:
        pack_ok(archive_write_add_filter_gzip(a));
        break;
    case PACK_BZIP2:
        pack_ok(archive_write_add_filter_bzip2(a));
        break;
    case PACK_XZ:
        pack_ok(archive_write_add_filter_xz(a));
        break;
    case PACK_ZSTD:
        pack_ok(archive_write_add_filter_zstd(a));
        break;
    default:
        break;
    }
    pack_ok(how == PACK_ZIP ? archive_write_set_format_zip(a) : archive_write_set_format_raw(a));
    pack_ok(archive_write_set_bytes_in_last_block(a, 1));
    pack_ok(archive_write_open(a, &out, NULL, pack_write, NULL));
    for (size_t i = 0; i < n; i++) {
        struct archive_entry *e = archive_entry_new();
        archive_entry_set_pathname(e, files[i].name.p);
        archive_entry_set_filetype(e, str_ends(files[i].name, STR("/")) ? AE_IFDIR : AE_IFREG);
        archive_entry_set_perm(e, 0644);
        archive_entry_set_size(e, (la_int64_t)files[i].bytes.n);
        pack_ok(archive_write_header(a, e));
        if (files[i].bytes.n > 0 && archive_write_data(a, files[i].bytes.p, files[i].bytes.n) < 0)
            abort();
        archive_entry_free(e);
    }
    pack_ok(archive_write_close(a));
    archive_write_free(a);
    if (out.failed)
        abort();
    return out;
}

#endif
