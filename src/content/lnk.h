/* Shell links of Windows ([MS-SHLLINK]): what they start. */
#ifndef MP_CONTENT_LNK_H
#define MP_CONTENT_LNK_H

#include "base/arena.h"

enum { LNK_MAX_TEXT = 64 * 1024, LNK_MAX_ITEM_BYTES = 4096, LNK_MAX_BLOCKS = 64 };

/* All text in UTF-8; empty when absent. */
struct lnk {
    struct str target; /* local path or \\server\share of the link information */
    struct str items;  /* printable bytes of the item list: programs' names stand there too */
    struct str relative, working_dir, arguments, icon;
    struct str expanded; /* target with environment variables */
    bool damaged;        /* cut, or lengths lead outside: what was read holds */
};

/* False: no shell link, or no memory. Linear. */
bool lnk_read(struct arena *arena, struct str bytes, struct lnk *out);

#endif
