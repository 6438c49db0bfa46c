/* Compound files ([MS-CFB]): the file system in old Office documents, in VBA projects and in
 * embedded objects. */
#ifndef MP_OFFICE_CFB_H
#define MP_OFFICE_CFB_H

#include "base/arena.h"
#include "base/err.h"

enum {
    CFB_MAX_ENTRIES = 20000, /* of a directory; real ones stay below 2,000 */
    CFB_GUID_BYTES = 16,
    CFB_READ_FACTOR = 4, /* all streams together, to the bytes of the file: chains may be shared */
    CFB_NO_ENTRY = -1
};

enum cfb_type { CFB_UNUSED, CFB_STORAGE, CFB_STREAM, CFB_ROOT = 5 };

struct cfb_entry {
    struct str name; /* UTF-8 */
    enum cfb_type type;
    int32_t
        parent; /* index of the storage it is in; CFB_NO_ENTRY: the root, or no way leads here */
    bool reachable; /* by the tree from the root; others are listed all the same */
    uint32_t start;
    uint64_t size_bytes;
    struct str guid; /* CFB_GUID_BYTES, of storages */
};

struct cfb {
    struct str bytes;
    unsigned sector_bytes;
    uint32_t n_sectors;
    const uint32_t *fat; /* the sectors that the FAT stands in */
    uint32_t n_fat;
    struct str mini_fat, mini; /* the small FAT, and the stream it is of */
    struct cfb_entry *entries;
    size_t n;
    uint64_t read_left; /* octets that may still be copied */
    bool damaged;       /* a chain that ends too early, in a loop or outside; a tree that is none */
    bool cut;           /* a limit stopped the reading */
};

bool cfb_is(struct str bytes);

/* Read header, FAT and directory. Borrows `bytes`; the rest lives in `arena`. Damage is told by
 * out->damaged as far as anything could be read. Linear in the bytes. Returns MP_OK, MP_E_SYNTAX
 * (no compound file) or MP_E_NOMEM. */
int cfb_open(struct arena *arena, struct str bytes, struct cfb *out, struct mp_err *err);

/* The first entry of that name (any case) in the storage; `parent` CFB_NO_ENTRY: anywhere. NULL:
 * none. O(entries). */
const struct cfb_entry *cfb_find(const struct cfb *c, int32_t parent, struct str name);

static inline int32_t cfb_index(const struct cfb *c, const struct cfb_entry *e)
{
    return (int32_t)(e - c->entries);
}

/* The bytes of a stream: a view where its sectors stand in a row, else a copy. As much as is there;
 * empty for what is no stream. Spends c->read_left. */
struct str cfb_read(struct arena *arena, struct cfb *c, const struct cfb_entry *e);

#endif
