/* What a person reads of a mail, and which words of lures stand in it. */
#ifndef MP_PHISH_TEXT_H
#define MP_PHISH_TEXT_H

#include "content/content.h"
#include "content/lists.h"

enum {
    TEXT_MAX_BYTES = 16 * 1024, /* looked at of pages, of plain text, and of documents each */
    TEXT_MAX_HITS = 2000        /* words of lures that are kept */
};

/* Where the text comes from, in the order in which people see it. */
enum text_origin { TEXT_OF_PAGES, TEXT_OF_PLAIN, TEXT_OF_DOCUMENTS, TEXT_ORIGINS };

/* A word or phrase of LIST_WORDS in the folded text. */
struct text_hit {
    const struct content_entry *entry;
    uint32_t at, n;
};

struct phish_text {
    struct str parts[TEXT_ORIGINS]; /* as they stand, UTF-8 */
    struct str folded;              /* subject and parts, as base/fold.h has it */
    size_t subject_end;             /* of `folded`: where the parts begin */
    size_t words;                   /* of the part that is shown: of pages, else of plain text */
    const struct text_hit *hits;    /* by place */
    size_t n_hits;
    uint32_t groups; /* bits 1u << enum word_group: which were found */
};

/* MP_OK or MP_E_NOMEM. Linear. */
int phish_text_read(struct arena *arena, const struct content_report *found, struct str subject,
                    const struct content_lists *lists, struct phish_text *out, struct mp_err *err);

static inline bool text_has(const struct phish_text *t, enum word_group group)
{
    return (t->groups >> group & 1) != 0;
}

static inline bool hit_is(const struct text_hit *hit, enum word_group group)
{
    return (hit->entry->groups >> group & 1) != 0;
}

/* The first hit of the group; NULL: none. */
const struct text_hit *text_first(const struct phish_text *t, enum word_group group);

/* Do words of both groups stand at most `distance` bytes from each other? `*shown`: the folded text
 * from the first to the last of them. */
bool text_near(const struct phish_text *t, enum word_group a, enum word_group b, size_t distance,
               struct str *shown);

#endif
