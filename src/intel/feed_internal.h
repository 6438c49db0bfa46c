/* What the readers of the formats share: one entry, judged and handed on. */
#ifndef MP_INTEL_FEED_INTERNAL_H
#define MP_INTEL_FEED_INTERNAL_H

#include "intel/feed.h"

/* One run over the bytes of a feed. */
struct feed_reader {
    const struct feed *feed;
    struct str bytes; /* all of it; lines are counted in it */
    int64_t now_s;
    feed_entry_fn *entry;
    void *ctx;
    struct arena *arena;  /* texts of the page */
    struct arena scratch; /* of one record */
    struct feed_page page;
    struct mp_err *err;
};

/* An entry as a source tells it. Zero: not told, but for confidence: INDICATOR_NO_CONFIDENCE. */
struct feed_value {
    enum indicator_kind kind; /* INDICATOR_KIND_COUNT: what it looks like */
    struct str value, id, label;
    int64_t first_seen_s, last_seen_s, valid_until_s;
    uint8_t confidence;
    enum tlp tlp;
};

/* The readers of formats: `r->bytes`, without a byte order mark. */
int feed_read_plain(struct feed_reader *r);
int feed_read_csv(struct feed_reader *r);
int feed_read_json(struct feed_reader *r);
int feed_read_stix(struct feed_reader *r); /* TAXII too */
int feed_read_misp(struct feed_reader *r);

/* Of what is at `at`, within r->bytes. */
uint64_t feed_line(const struct feed_reader *r, const char *at);
/* The whole is not of its format: "line 7: ...". */
int feed_fail(struct feed_reader *r, const char *at, const char *why);
int feed_no_memory(struct feed_reader *r);
/* A record that is no entry: counted, and the first one told. */
void feed_refuse(struct feed_reader *r, const char *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Forget the record before: its scratch memory is used again. */
void feed_next_record(struct feed_reader *r);
/* Judge by times and confidence, bring it to its form, hand it on. MP_OK also when it was refused
 * or dropped. */
int feed_add(struct feed_reader *r, const char *at, const struct feed_value *v);
/* A record of texts, by column; its kind too. */
int feed_add_texts(struct feed_reader *r, const char *at, const struct str texts[COLUMN_COUNT]);
/* "50", "50%", "0.5", "high"; INDICATOR_NO_CONFIDENCE: none of these. */
uint8_t feed_confidence(struct str text);

#endif
