/* What was said on a connection, with the time of each line and secrets masked. */
#ifndef MP_SMTP_TRANSCRIPT_H
#define MP_SMTP_TRANSCRIPT_H

#include "base/arena.h"
#include "base/buf.h"

enum transcript_kind {
    TRANSCRIPT_INFO,       /* === Connected to ... */
    TRANSCRIPT_SENT,       /*  -> or  ~> in TLS */
    TRANSCRIPT_RECEIVED,   /* <-  or <~ */
    TRANSCRIPT_UNEXPECTED, /* <** or <~* : a reply that is not what was hoped for */
    TRANSCRIPT_ERROR       /* *** */
};
enum { TRANSCRIPT_MAX_BYTES = 4 << 20, TRANSCRIPT_MAX_LINES = 20000, TRANSCRIPT_DATA_SHOWN = 2048 };

struct transcript_line {
    enum transcript_kind kind;
    bool in_tls;
    int64_t at_us;   /* since the start of the conversation */
    struct str text; /* raw bytes without CRLF; make them printable when shown */
};

/* Beyond its limits lines are counted, not kept (`dropped`). */
struct transcript {
    struct arena *arena;
    struct transcript_line *lines;
    size_t n, cap, bytes, dropped;
};
void transcript_init(struct transcript *t, struct arena *a);
/* `bytes` may be several lines. */
void transcript_add(struct transcript *t, enum transcript_kind kind, bool in_tls, int64_t at_us,
                    struct str bytes);
/* The same for what holds a secret: "AUTH PLAIN <masked, 32 bytes>" is written instead. */
void transcript_add_masked(struct transcript *t, enum transcript_kind kind, bool in_tls,
                           int64_t at_us, struct str head, size_t secret_bytes);
/* As swaks prints it, one line each, printable: marks as above. */
void transcript_write(struct buf *out, const struct transcript *t);

#endif
