/* The mbox format: messages between "From " lines, read one at a time. */
#ifndef MP_RUN_MBOX_H
#define MP_RUN_MBOX_H

#include <stdio.h>

#include "base/buf.h"

enum { MBOX_PRIMED_MAX = 512 };

/* Zero-initialise and set `file`. The first line must be a "From " line. */
struct mbox {
    FILE *file;
    unsigned number; /* of the last message, from 1 */
    bool inside, ended;
    char primed[MBOX_PRIMED_MAX]; /* bytes read before, in front of what `file` still has */
    size_t primed_at, primed_n;
};

/* Put back what was read to look at the format; at most MBOX_PRIMED_MAX bytes. */
void mbox_prime(struct mbox *m, struct str head);

/* Fill `out` with the next message: its "From " line and the empty line before the next are taken
 * off, and one '>' of each ">From " line (mboxrd). A message longer than out->max_bytes is cut
 * there and out->failed is set. False at the end of the file or on a read error (ferror tells). */
bool mbox_next(struct mbox *m, struct buf *out);

/* Does a file that begins so look like an mbox? "From ", then a line end, then a field. */
bool mbox_sniff(struct str head);

#endif
