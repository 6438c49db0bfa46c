/* Extensions, types and words as data: docs/data-lists.md. A set of our own is built in; files of
 * the operator replace it or add to it. */
#ifndef MP_CONTENT_LISTS_H
#define MP_CONTENT_LISTS_H

#include "base/arena.h"
#include "base/err.h"
#include "content/file_type.h"

enum content_list {
    LIST_EXTENSIONS_DANGEROUS, /* a program runs when it is opened */
    LIST_EXTENSIONS_RISKY,     /* carries, fetches or starts something else */
    LIST_EXTENSIONS_DECOY,     /* harmless ones, put in front of others */
    LIST_EXTENSIONS_MACRO,     /* documents that may hold macros */
    LIST_EXTENSION_TYPES,      /* what the bytes are, by extension */
    LIST_MIME_TYPES,           /* and by declared type */
    LIST_SHORTCUT_COMMANDS,    /* programs that a shortcut does not start */
    CONTENT_LIST_COUNT
};

enum {
    CONTENT_LIST_MAX_BYTES = 1 << 20, /* of one file */
    CONTENT_LIST_MAX_ENTRIES = 20000, /* of one list */
    CONTENT_LIST_MAX_KEY = 128,       /* bytes; MIME types are the longest */
    FILE_TYPE_SET_WORDS = 2
};

struct file_type_set {
    uint64_t bits[FILE_TYPE_SET_WORDS];
};
_Static_assert((int)FILE_TYPE_COUNT <= 64 * FILE_TYPE_SET_WORDS, "a set holds every type");

static inline bool file_type_set_has(const struct file_type_set *s, enum file_type t)
{
    return (s->bits[(unsigned)t / 64] >> ((unsigned)t % 64) & 1) != 0;
}

static inline void file_type_set_add(struct file_type_set *s, enum file_type t)
{
    s->bits[(unsigned)t / 64] |= (uint64_t)1 << ((unsigned)t % 64);
}

struct content_lists;

/* The built-in lists. Owns: all lives in `arena`. Read-only afterwards: any thread. Returns MP_OK
 * or MP_E_NOMEM. */
int content_lists_new(struct arena *arena, struct content_lists **out, struct mp_err *err);

/* Read the bytes of a file and put them in the place of the list of that name, or with "mode: add"
 * beside what is there. `name` is the file's, "DIR/extensions-risky.list": the last part says which
 * list. Before other threads read `lists`. On failure the lists are as they were.
 * Returns MP_OK, MP_E_SYNTAX ("NAME:LINE: what is wrong"; detail: the line), MP_E_USAGE (no list
 * has that name), MP_E_LIMIT or MP_E_NOMEM. */
int content_lists_parse(struct arena *arena, struct str name, struct str text,
                        struct content_lists *lists, struct mp_err *err);

/* "extensions-risky.list"; the built-in text of it. */
const char *content_list_file(enum content_list list);
struct str content_list_text(enum content_list list);

/* Does `key`, in lower case, stand in the list? O(log n). */
bool content_lists_has(const struct content_lists *lists, enum content_list list, struct str key);

/* The types that stand behind `key`, or NULL. */
const struct file_type_set *content_lists_types(const struct content_lists *lists,
                                                enum content_list list, struct str key);

size_t content_lists_count(const struct content_lists *lists, enum content_list list);

#endif
