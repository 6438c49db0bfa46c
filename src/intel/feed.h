/* The bytes of a feed into indicators. Pure: called in a worker, in tests, in fuzzers. */
#ifndef MP_INTEL_FEED_H
#define MP_INTEL_FEED_H

#include "intel/config.h"

enum {
    FEED_MAX_RECORD_BYTES = 1 << 20,     /* of JSON: a larger one is refused */
    FEED_MAX_CSV_RECORD_BYTES = 1 << 16, /* of CSV, a line of a plain list too */
    FEED_MAX_COLUMNS = 256,              /* of CSV that are looked at */
    FEED_MAX_NESTING = 16,               /* of JSON that is searched for records */
    FEED_MAX_PATTERN_BYTES = 1 << 16,    /* of a STIX pattern */
    FEED_MAX_NEXT_BYTES = 4096,          /* the name of the next page */
    FEED_MAX_WHY_BYTES = 300
};

/* What came of one file or one page. */
struct feed_counts {
    uint64_t entries;  /* handed on */
    uint64_t lines;    /* records looked at */
    uint64_t refused;  /* no value of the kind: `why` says of the first ones */
    uint64_t expired;  /* by a time of theirs, or of the feed; or not valid yet */
    uint64_t low;      /* below the feed's confidence; MISP: not meant for detection */
    uint64_t revoked;  /* taken back, or called benign */
    uint64_t compound; /* STIX: several things at once, of which none alone says anything */
    bool cut;          /* a limit ended it early: the feed is not whole */
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

/* `bytes` as they are meant: what is packed (gzip, bzip2, ZIP) is unpacked before.
 * Linear in `bytes`; memory bounded whatever the length. `now_s` decides what has expired.
 * MP_OK with *out also when records were refused; MP_E_SYNTAX: it is not of that format at all;
 * MP_E_NOMEM, MP_E_LIMIT. Texts of *out live in `arena`. */
int feed_read(struct arena *arena, const struct feed *feed, struct str bytes, int64_t now_s,
              feed_entry_fn *entry, void *ctx, struct feed_page *out, struct mp_err *err);

/* A time as sources write it: ISO 8601, "2026-11-29 13:52:46" with or without "UTC", seconds since
 * 1970; in UTC when it says nothing else. 0: none, or a broken one. */
int64_t feed_time(struct str text);

/* Indicators as bytes, between a worker and us: written by one who may be taken over, so what is
 * read back is checked like any stranger's. */
struct buf;
void indicator_pack(struct buf *out, const struct indicator *i);
/* The next of `*left`. MP_OK; MP_E_SYNTAX. Views into `*left`; *left is empty at the end. */
int indicator_unpack(struct str *left, struct indicator *out, struct mp_err *err);
void feed_page_pack(struct buf *out, const struct feed_page *page);
int feed_page_unpack(struct str *left, struct feed_page *out, struct mp_err *err);

#endif
