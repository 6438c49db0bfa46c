/* ZIP as its readers see it (PKWARE APPNOTE 6.3.10): by the central directory, by the local
 * headers. Where the two differ, or where there are several directories, programs disagree about
 * what is in the archive, and attackers live there. So all that any of them finds is listed. */
#ifndef MP_CONTENT_ZIP_H
#define MP_CONTENT_ZIP_H

#include "base/arena.h"
#include "content/site.h"
#include "content/zip_tail.h"

enum {
    ZIP_MAX_DIRECTORIES = 16, /* of one file; no reader looks at more than two */
    ZIP_NAMES = 4 /* of one member: directory, local header, and the Unicode form of each */
};

enum zip_method {
    ZIP_STORED = 0,
    ZIP_DEFLATE = 8,
    ZIP_DEFLATE64 = 9,
    ZIP_BZIP2 = 12,
    ZIP_LZMA = 14,
    ZIP_ZSTD = 93,
    ZIP_XZ = 95,
    ZIP_PPMD = 98,
    ZIP_AES = 99
};

enum { ZIP_FLAG_ENCRYPTED = 1, ZIP_FLAG_DESCRIPTOR = 8, ZIP_FLAG_MASKED = 1 << 13 };

/* One header, as one of the views tells it. */
struct zip_header {
    size_t at;               /* of the header in the file */
    struct str name;         /* as it stands: CP437 or UTF-8 */
    struct str unicode_name; /* of extra field 0x7075, when it belongs to `name` */
    uint16_t flags, method, dos_time;
    uint16_t aes_version, aes_method; /* extra field 0x9901; 0: none */
    uint8_t aes_strength;             /* 1 to 3: 128, 192, 256 bits */
    uint32_t crc;
    uint64_t packed, size; /* ZIP64 resolved */
};

/* A member of one directory (`listed`), or found by its local header alone. */
struct zip_entry {
    struct zip_header dir, local;
    bool listed, has_local;
    uint64_t offset;  /* of the local header, as the directory says */
    size_t data, end; /* of the packed bytes in the file, by the shortest of the views */
    bool open_end;    /* `end` is a guess: only unpacking tells */
};

struct zip_directory {
    size_t end_at;       /* of its end record */
    size_t start;        /* of its first record */
    size_t first, n;     /* its entries */
    uint64_t declared_n; /* as the end record says */
};

struct zip {
    struct str bytes;
    struct arena *arena;
    struct zip_entry *entries;
    size_t n, cap, max_entries;
    struct zip_directory directories[ZIP_MAX_DIRECTORIES]; /* the one at the very end first */
    size_t n_directories;
    bool cut;                 /* more entries, or more directories, than are looked at */
    size_t header_bytes_left; /* headers that overlap are not read again and again */
    /* zip_seal: what the listed members fill, sorted and joined; the search between them */
    struct zip_range {
        size_t start, end;
    } * ranges;
    size_t n_ranges, range, cursor;
    size_t hidden;     /* 1 + index of the last that zip_next_hidden gave */
    size_t descriptor; /* the last data descriptor that was searched for */
};

/* Read all directories, and the local header of each member they list; at most `max_entries`.
 * Borrows: `bytes`. Owns: the rest lives in `arena`. Linear in `bytes` and in max_entries.
 * Returns MP_OK or MP_E_NOMEM. */
int zip_read(struct arena *arena, struct str bytes, size_t max_entries, struct zip *out,
             struct mp_err *err);

/* Then: what is between the listed members. zip_seal sorts what they fill (their `end`, which
 * unpacking may have shortened); zip_next_hidden gives one local header after the other and goes on
 * at the `end` of the last, or right behind its header when that is a guess (`open_end`), so the
 * caller sets both when it knows better. `out` is appended to z->entries; MP_OK with *out == NULL
 * at the end. */
int zip_seal(struct zip *z, struct mp_err *err);
int zip_next_hidden(struct zip *z, struct zip_entry **out, struct mp_err *err);

/* Raise archive.hidden-local for what zip_next_hidden gave, unless there is no directory at all. */
void zip_tell_hidden(const struct zip *z, const struct zip_entry *e,
                     const struct archive_site *site);

/* Raise archive.directory-differs, archive.concatenated and archive.overlap. */
int zip_compare(const struct zip *z, const struct archive_site *site, struct mp_err *err);

/* Where the packed bytes of a member end in the file, as the header `h` of it says. */
size_t zip_end_by(const struct zip *z, const struct zip_entry *e, const struct zip_header *h);

/* All names of a member, distinct: at most ZIP_NAMES. The first is the directory's. */
size_t zip_names(const struct zip_entry *e, struct str out[ZIP_NAMES]);

#endif
