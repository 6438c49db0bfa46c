/* Fixed sets of words, in hash tables that the build makes from *.def. */
#ifndef MP_HTML_WORDS_INTERNAL_H
#define MP_HTML_WORDS_INTERNAL_H

#include "base/str.h"

enum { WORD_SLOTS = 1024 };

/* Made by tools/html-tables.py. Row 0 is "none of them"; names are in lower case. */
struct html_words {
    const struct str *names;
    const uint8_t *slots; /* WORD_SLOTS rows, by word_hash, open addressing; 0: free */
};

extern const struct html_words html_tag_words, html_attribute_words, html_property_words,
    html_color_words, html_charset_words;

extern const uint32_t html_color_values[];  /* 0xRRGGBB, by row of html_color_words */
extern const uint8_t html_charset_codecs[]; /* enum charset_codec, by row of html_charset_words */
extern const uint16_t html_single_byte[][128]; /* code points of 0x80-0xff, by codec */

/* Named character references: open addressing by entity_hash of the name without "&" and ";". */
struct html_entity {
    uint16_t name; /* offset in html_entity_names */
    uint8_t length;
    bool bare; /* HTML 2's: also without the semicolon */
    uint32_t first, second;
};

enum { ENTITY_NAME_MAX = 32, ENTITY_BARE_MAX = 6, ENTITY_SLOTS = 8192 };

extern const struct html_entity html_entities[];
extern const uint16_t html_entity_slots[ENTITY_SLOTS]; /* 1 + index; 0: free */
extern const char html_entity_names[];

/* FNV-1a, 32 bit. tools/html-tables.py computes the same. */
static inline uint32_t entity_hash(struct str name)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < name.n; i++)
        h = (h ^ (unsigned char)name.p[i]) * 16777619u;
    return h;
}

/* tools/html-tables.py computes the same. */
static inline uint32_t word_hash(struct str name)
{
    uint32_t first = (unsigned char)name.p[0] | 0x20u;
    uint32_t middle = (unsigned char)name.p[name.n / 2] | 0x20u;
    uint32_t last = (unsigned char)name.p[name.n - 1] | 0x20u;
    return (uint32_t)name.n + first * 31 + middle * 7 + last * 131;
}

static inline bool word_is(struct str name, struct str lower)
{
    if (name.n != lower.n)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (to_lower(name.p[i]) != lower.p[i])
            return false;
    return true;
}

/* The row of `name`, ASCII letters without case; 0: none. */
static inline unsigned words_find(const struct html_words *t, struct str name)
{
    if (name.n == 0)
        return 0;
    uint32_t slot = word_hash(name);
    for (unsigned row; (row = t->slots[slot % WORD_SLOTS]) != 0; slot++)
        if (word_is(name, t->names[row]))
            return row;
    return 0;
}

#endif
