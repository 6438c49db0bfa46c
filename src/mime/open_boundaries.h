/* The boundaries of the multiparts that are open: which of them does a line begin with? */
#ifndef MP_MIME_OPEN_BOUNDARIES_H
#define MP_MIME_OPEN_BOUNDARIES_H

#include "mime/limits.h"
#include "mime/prefix_list.h"

/* One for each level of the stack of multiparts. Must not be copied: `list` points into it. */
struct open_boundaries {
    struct str sorted[MIME_UNION_MAX_DEPTH];
    uint32_t shorter[MIME_UNION_MAX_DEPTH];
    uint8_t level[MIME_UNION_MAX_DEPTH]; /* of each in `sorted` */
    struct prefix_list list;             /* these */
    bool begins[256];                    /* with that byte */
    bool begin_alike;                    /* all of them, with this one */
    unsigned char first;
};

void open_boundaries_init(struct open_boundaries *open);

/* `boundary` is not empty, and nothing was added for that level. */
void open_boundaries_add(struct open_boundaries *open, struct str boundary, unsigned level);
void open_boundaries_drop(struct open_boundaries *open, unsigned level);

/* A bit for each level whose boundary the text begins with. Logarithmic in how many are open. */
uint32_t open_boundaries_match(const struct open_boundaries *open, struct str text);

#endif
