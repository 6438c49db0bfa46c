/* The bytes of a feed into indicators. Pure: called in a worker, in tests, in fuzzers. */
#ifndef MP_INTEL_FEED_H
#define MP_INTEL_FEED_H

#include "intel/config.h"

/* What came of one file or one page. */
struct feed_counts {
    uint64_t entries; /* handed on */
    uint64_t lines;   /* records looked at */
    uint64_t refused; /* no value of the kind: `why` says of the first ones */
    uint64_t expired, low, revoked, compound; /* dropped by a rule of the feed or of STIX */
    bool cut;                                 /* a limit ended it early: the feed is not whole */
};

struct feed_page {
    struct feed_counts counts;
    struct str why;   /* of the first refused record: "line 7: no address", printable */
    bool more;        /* TAXII, MISP: there is another page ... */
    struct str next;  /* ... under this name; TAXII may give none */
    int64_t newest_s; /* the latest time stamp of an object: where to go on */
};

/* Borrows: the indicator's views live until it returns. A status other than MP_OK ends all. */
typedef int feed_entry_fn(void *ctx, const struct indicator *i, struct mp_err *err);

/* Linear in `bytes`; memory bounded whatever the length. `now_s` decides what has expired.
 * MP_OK with *out also when records were refused; MP_E_SYNTAX: it is not of that format at all;
 * MP_E_NOMEM, MP_E_LIMIT. Texts of *out live in `arena`. */
int feed_read(struct arena *arena, const struct feed *feed, struct str bytes, int64_t now_s,
              feed_entry_fn *entry, void *ctx, struct feed_page *out, struct mp_err *err);

/* Indicators as bytes, between a worker and us: written by one who may be taken over, so what is
 * read back is checked like any stranger's. */
struct buf;
void indicator_pack(struct buf *out, const struct indicator *i);
/* The next of `*left`. MP_OK; MP_E_SYNTAX. Views into `*left`; *left is empty at the end. */
int indicator_unpack(struct str *left, struct indicator *out, struct mp_err *err);
void feed_page_pack(struct buf *out, const struct feed_page *page);
int feed_page_unpack(struct str *left, struct feed_page *out, struct mp_err *err);

#endif
