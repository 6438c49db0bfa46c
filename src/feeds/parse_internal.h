/* What goes over to a worker and comes back beside the frame: for parse.c and its tests. */
#ifndef MP_FEEDS_PARSE_INTERNAL_H
#define MP_FEEDS_PARSE_INTERNAL_H

#include "base/wire.h"
#include "feeds/parse.h"

/* What feed_read needs of a feed; no secret, no URL. */
void feed_request_pack(struct buf *out, const struct feed *feed, int64_t now_s);
/* Views into `text`. MP_E_SYNTAX. */
int feed_request_unpack(struct str text, struct feed *out, int64_t *now_s, struct mp_err *err);

/* What came of it, without the entries. */
struct feed_head {
    int status; /* of feed_read, or of unpacking */
    struct str reason;
    struct feed_page page;
};
void feed_head_pack(struct buf *out, const struct feed_head *head);
int feed_head_unpack(struct str text, struct feed_head *out, struct mp_err *err);

/* Check all entries, and that there are as many as the page says. */
int feed_entries_check(struct str packed, const struct feed_page *page, struct mp_err *err);

/* As a worker does it: *unpacked and *entries are initialised buffers. MP_OK whatever is wrong with
 * the feed. */
int feed_work(struct arena *arena, struct str request, struct str bytes, struct buf *unpacked,
              struct buf *entries, struct feed_head *out, struct mp_err *err);

#endif
