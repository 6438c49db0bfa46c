/* Published texts taken apart to be put together again, for remedies: the words of an SPF record,
 * the tags of a DKIM or DMARC record. Lenient: what is broken must be read to be mended. */
#ifndef MP_POSTURE_REWRITE_H
#define MP_POSTURE_REWRITE_H

#include "base/arena.h"

enum { REWRITE_MAX_WORDS = 300, REWRITE_MAX_TAGS = 60 };

/* Terms without "v=spf1", views into the record. */
struct words {
    struct str at[REWRITE_MAX_WORDS];
    size_t n;
    bool overflow; /* more than fit: joins to nothing */
};

/* "v=spf1" in any case, then SP or the end (RFC 7208 4.5). */
bool words_is_spf(struct str text);
/* What follows the first 6 octets, at SP and HTAB. */
void words_split(struct str record, struct words *out);
void words_add(struct words *w, struct str word);
void words_remove(struct words *w, size_t i);
/* Without its qualifier. */
struct str words_bare(struct str word);
/* Index of the last word that is this, without case; w->n when there is none. */
size_t words_find(const struct words *w, struct str word);
/* Index of the first "all" with any qualifier; w->n when there is none. */
size_t words_all(const struct words *w);
/* Index of the first "redirect="; w->n when there is none. */
size_t words_redirect(const struct words *w);
/* "v=spf1 a b c"; p == NULL without memory or after an overflow. */
struct str words_join(struct arena *a, const struct words *w);

/* Elements between ";", white space taken off. An element without "=" has value.p NULL. */
struct tags {
    struct {
        struct str name, value;
    } at[REWRITE_MAX_TAGS];
    size_t n;
    bool overflow;
};

void tags_split(struct str text, struct tags *out);
/* Index of the first, or t->n. */
size_t tags_find(const struct tags *t, struct str name);
void tags_remove(struct tags *t, size_t i);
/* Remove all of that name. */
void tags_drop(struct tags *t, struct str name);
/* Give the first of that name this value, or add it at the end. */
void tags_set(struct tags *t, struct str name, struct str value);
/* "a=1; b=2;" without elements that have no "="; p == NULL without memory or after an overflow. */
struct str tags_join(struct arena *a, const struct tags *t);

#endif
