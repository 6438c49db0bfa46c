/* The archives that libarchive opens for us; and what it does not tell. */
#ifndef MP_CONTENT_ARCHIVE_LIB_H
#define MP_CONTENT_ARCHIVE_LIB_H

#include "content/inspect_internal.h"

bool lib_opens(enum file_type kind);

/* Open the archive in->archive of that kind, which holds `bytes`: list and unpack its members.
 * Returns MP_OK, whatever is broken in it, or MP_E_NOMEM. */
int lib_open(struct inspector *in, enum file_type kind, struct str bytes, struct mp_err *err);

/* A RAR or 7z that begins behind other bytes: archive_behind.c. */
struct behind {
    enum file_type kind;
    size_t at;
};

/* The first at `from` or later, within the first MiB of what is no archive itself. Linear. */
bool behind_find(enum file_type kind, struct str bytes, size_t from, struct behind *out);

/* Open what behind_find finds in `o` (in->archive); attach.polyglot when it holds something.
 * Returns as lib_open. */
int behind_open(struct inspector *in, const struct content_object *o, struct mp_err *err);

/* What can be had of a broken gzip file, as a member of that name. Returns as lib_open. */
int gzip_open_rest(struct inspector *in, struct str name, struct str bytes, struct mp_err *err);

/* A member of a ZIP, packed by a method that zlib has not (out_begin was called).
 * UNPACKED_UNSUPPORTED: libarchive has it neither. */
enum unpacked lib_unpack(struct inspector *in, const struct zip_source *s);

/* Types of headers of RAR. */
enum { RAR4_MAIN = 0x73, RAR4_FILE = 0x74, RAR5_MAIN = 1, RAR5_FILE = 2, RAR5_ENCRYPTION = 4 };

/* What the headers of a RAR say of encryption: libarchive does not. */
enum { RAR_MAX_MEMBERS = CONTENT_MAX_LISTED };

struct rar_marks {
    bool any; /* a member, or the headers themselves */
    size_t n; /* members */
    unsigned char bits[RAR_MAX_MEMBERS / 8 + 1];
};

/* Of anything that is no RAR: nothing. Linear. */
void rar_read_marks(struct str bytes, struct rar_marks *m);
bool rar_member_encrypted(const struct rar_marks *m, size_t i);

#endif
