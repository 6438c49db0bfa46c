/* Inside of an inspection: the open archive, how members come out of it, and what they cost. */
#ifndef MP_CONTENT_INSPECT_INTERNAL_H
#define MP_CONTENT_INSPECT_INTERNAL_H

#include "base/buf.h"
#include "content/inspect.h"
#include "content/site.h"
#include "content/zip.h"

/* Which limit cut the inspection: each is told once. */
enum cut_reason {
    CUT_OBJECTS,
    CUT_LISTED,
    CUT_DEPTH,
    CUT_BYTES,
    CUT_RATIO,
    CUT_MEMORY,
    CUT_HEADERS,
    CUT_REASONS
};

enum {
    MEMBER_NAMES = ZIP_NAMES,
    INSPECT_SCRATCH_MAX_BYTES = 64 * 1024 * 1024, /* tables of one archive */
    INSPECT_SHARED_BYTES = 1024 * 1024,    /* that members may share, beside its size once more */
    INSPECT_BOMB_HEAD_BYTES = 1024 * 1024, /* kept of what unpacks without end */
    INSPECT_NAME_BYTES = 4 * 1024 * 1024,  /* of all members, kept */
    INSPECT_MAX_KEYS = 256,     /* keys derived from passwords (a third of a millisecond each) */
    INSPECT_MAX_REAL_DEPTH = 3, /* archives within each other, before it is archive.depth */
    UNPACK_STEP_BYTES = 64 * 1024
};

/* How the bytes of a member ended. */
enum unpacked {
    UNPACKED_WHOLE,
    UNPACKED_DAMAGED,     /* up to there */
    UNPACKED_CUT,         /* by a limit, which was told */
    UNPACKED_UNSUPPORTED, /* nothing came out: a method that we do not have */
    UNPACKED_NOT          /* nothing may come out any more: a limit, which was told */
};

struct inspector {
    struct content *c;
    struct arena scratch;                           /* tables of the open archive */
    struct archive_site site;                       /* the open archive */
    size_t archive;                                 /* its index in the report */
    size_t first_member;                            /* index in the report */
    uint64_t archive_in, archive_read, archive_out; /* read: packed bytes of members */
    uint64_t payload_in, payload_out;               /* out: without what was opened again */
    struct buf out;                                 /* the member that comes out now ... */
    uint64_t out_packed, out_n;                     /* ... of so many bytes, so far */
    uint64_t out_max;                               /* its head is enough: it says it is a bomb */
    struct str out_name;
    bool out_bomb_told;
    bool stop_archive, stop; /* unpack nothing more of it; of the payload */
    bool told[CUT_REASONS];
    unsigned keys_left;
    size_t name_bytes_left;
    struct str password;                /* the last that opened something */
    bool told_encrypted, told_password; /* of the open archive */
    bool is_guess; /* bytes that look like an archive: they are no damaged one when it gives nothing
                    */
    size_t *waiting; /* indices of those in the report that are to be opened, in turn */
    size_t n_waiting, cap_waiting;
    const unsigned char **opened; /* SHA-256 of what was opened: the same is not opened again */
    size_t n_opened, cap_opened;
};

/* Raise limit.content, once a reason, and mark the report as not complete. */
void inspect_cut(struct inspector *in, enum cut_reason why);

/* In a stream of many members nobody tells. */
#define OUT_PACKED_UNKNOWN UINT64_MAX

/* A member begins to come out of `packed` bytes, and says that it has `declared` ones. False: it
 * may not, a limit was told. */
bool out_begin(struct inspector *in, struct str name, uint64_t packed, uint64_t declared);
/* `n` bytes come out that are kept elsewhere. False: as out_more. */
bool out_charge(struct inspector *in, size_t n);
/* Room for the next step, NULL without memory (told). */
char *out_room(struct inspector *in, size_t n);
/* `n` bytes more stand in in->out. False: enough, a limit was told. */
bool out_more(struct inspector *in, size_t n);
/* `bytes` come out as they are, step by step. False: as out_room and out_more. */
bool out_add(struct inspector *in, struct str bytes);
/* What came out, kept for the report; of a bomb its head. p == NULL: no memory, told. */
struct str out_keep(struct inspector *in, enum unpacked how);

/* What bytes tell by themselves: asked once, however many names they have. */
struct known {
    enum file_type kind;
    bool heavy;
    unsigned char sha256[DIGEST_MAX_BYTES];
};
/* False without memory. */
bool known_of(struct str bytes, struct known *out);

struct member {
    struct str names[MEMBER_NAMES]; /* as they stand; the first is the one shown */
    size_t n_names;
    struct str bytes;          /* to outlive the inspection */
    const struct known *known; /* of `bytes`, where they were asked already; else NULL */
    bool has_bytes, cut, encrypted, is_directory;
    uint64_t size; /* declared */
};

/* List one, with its bytes when it has them; its names are checked, and it by attach_check.
 * MP_OK also when it was not listed, for a limit (told). */
int member_add(struct inspector *in, const struct member *m, struct mp_err *err);

/* The names of the members of one archive: archive.duplicate-member for those of the same file.
 * Folders do not count. */
struct name_set {
    struct name_key {
        unsigned char hash[16]; /* of the file it means */
        struct str name;
    } * keys;
    size_t n, cap;
};
int name_set_add(struct inspector *in, struct name_set *set, struct str name, struct mp_err *err);
void name_set_tell(struct inspector *in, struct name_set *set);

/* Raise archive.traversal when a reader that believes `name` writes outside of its folder.
 * `is_unix`: a colon is an ordinary letter there. */
void name_check_escape(struct inspector *in, struct str name, bool is_unix);

/* Raise archive.damaged, archive.unsupported, archive.encrypted (once an archive) of a member;
 * an empty name is the archive itself. */
void tell_damaged(struct inspector *in, struct str name, const char *why);
void tell_unsupported(struct inspector *in, struct str name, const char *why);
void tell_encrypted(struct inspector *in, struct str name, const char *how);

/* Is it opened for what it is, not for what hangs behind it? */
bool is_archive(enum file_type kind);

/* Open the object of that index later. False without memory. */
bool open_later(struct inspector *in, size_t index);

/* Open the archive in->archive, which holds `bytes`: zip_open.c. */
int zip_open(struct inspector *in, struct str bytes, struct mp_err *err);

/* The packed bytes of one member of a ZIP, as one of its views tells them: zip_data.c. */
struct zip_source {
    struct str name, packed;
    unsigned method;
    bool encrypted;
    uint64_t size; /* declared */
    uint32_t crc;
    bool has_crc;
    /* encrypted: what the password is checked with */
    unsigned char check[2];
    unsigned aes_strength; /* 0: PKWARE */
};
/* Unpack it into in->out (out_begin was called): `*used` packed bytes were read. */
enum unpacked zip_unpack(struct inspector *in, const struct zip_source *s, size_t *used);
enum unpacked inflate64(struct inspector *in, struct str packed, size_t *used);
/* Try the candidates; UNPACKED_NOT: none opens it. Raises archive.password-in-message. */
enum unpacked zip_decrypt(struct inspector *in, const struct zip_source *s);

#endif
