/* What lists.c and lists_read.c share, and the data files as tools/embed-data.py puts them into the
 * program. */
#ifndef MP_CONTENT_LISTS_INTERNAL_H
#define MP_CONTENT_LISTS_INTERNAL_H

#include "base/data_file.h"
#include "content/lists.h"

extern const struct data_file content_data[];
extern const size_t content_data_count;

enum key_form {
    KEY_EXTENSION,
    KEY_MIME,
    KEY_WORD,
    KEY_DOMAIN,
    KEY_PLACE,  /* a domain, or a domain and the beginning of a path */
    KEY_NAME,   /* words with blanks between; several, with commas between */
    KEY_PHRASE, /* the same; "*" behind the last word */
    KEY_FORM_COUNT
};

enum value_form {
    VALUE_NONE,
    VALUE_TYPES,
    VALUE_DOMAINS,
    VALUE_ADDRESSES,
    VALUE_GROUPS,
    VALUE_FORM_COUNT
};

struct list_kind {
    const char *file;
    enum key_form key;
    enum value_form value; /* "KEY = VALUE..." */
    bool by_language;      /* a file each: "lure-words.de.list" */
};

extern const struct list_kind list_kinds[CONTENT_LIST_COUNT];

/* Names and phrases by their first word: chains of a hash table, which is never full. */
struct word_index {
    uint32_t mask;
    uint32_t *heads;    /* number of the entry + 1; 0: none */
    uint32_t *next;     /* of each entry, the same */
    uint32_t *hashes;   /* of each entry's first word */
    unsigned char *any; /* a bit for eight times as many hashes as there are heads */
};

/* Entries by a hash of their keys: open addressing, never more than half full. */
struct key_index {
    uint32_t mask;
    uint32_t *slots; /* number of the entry + 1; 0: free */
};

enum { WORD_STEM_BYTES = 4 }; /* a single word with "*" has so many, and is found by them */

struct content_lists {
    struct content_list_of_kind {
        struct content_entry *entries;
        size_t n;
        struct key_index keys;
        struct word_index words; /* of names and phrases */
    } lists[CONTENT_LIST_COUNT];
};

static inline bool key_has_words(enum key_form form)
{
    return form == KEY_NAME || form == KEY_PHRASE;
}

/* Make list->keys, or list->words. False: no memory. */
bool keys_index(struct arena *arena, struct content_list_of_kind *list);
bool words_index(struct arena *arena, struct content_list_of_kind *list);

#endif
