/* Replies of a server, from bytes that arrive in pieces (RFC 5321 4.2, RFC 2034 4, RFC 3463). */
#ifndef MP_SMTP_REPLY_H
#define MP_SMTP_REPLY_H

#include "base/arena.h"

enum {
    SMTP_REPLY_LINE_MAX = 4096, /* RFC 5321 4.5.3.1.5 says 512; servers send more */
    SMTP_REPLY_LINES_MAX = 200,
    SMTP_REPLY_MAX_BYTES = 64 * 1024 /* of one reply */
};

struct smtp_reply {
    unsigned code;                    /* 200..599 */
    unsigned class_, subject, detail; /* enhanced code; class_ 0: none */
    struct str *lines; /* text of each line without code; the enhanced code is left in */
    size_t n_lines;
    struct str text;    /* all lines joined by LF, for evidence */
    bool bare_lf;       /* a line ended in LF alone */
    bool code_changed;  /* the codes of the lines differ: the last one counts */
    bool foreign_bytes; /* NUL, controls, or bytes above 127 that are no UTF-8 */
};

static inline bool smtp_reply_ok(const struct smtp_reply *r)
{
    return r->code >= 200 && r->code < 300;
}
static inline bool smtp_reply_temporary(const struct smtp_reply *r)
{
    return r->code >= 400 && r->code < 500;
}
static inline bool smtp_reply_permanent(const struct smtp_reply *r)
{
    return r->code >= 500;
}

enum smtp_parse {
    SMTP_PARSE_MORE,      /* not whole yet */
    SMTP_PARSE_DONE,      /* *used bytes were this reply */
    SMTP_PARSE_GARBAGE,   /* a line that is no reply line: see *why */
    SMTP_PARSE_LONG_LINE, /* beyond SMTP_REPLY_LINE_MAX */
    SMTP_PARSE_TOO_MANY,  /* lines or bytes */
    SMTP_PARSE_NO_MEMORY  /* the arena's budget is spent */
};

/* Read one reply off the front of `in`. Called again with more bytes of the same reply it starts
 * over: the limits bound that, and what was decided once stays so. Results are copied into the
 * arena on DONE, else nothing is written there. `*why` is static text, "" for MORE and DONE.
 * A line may end in LF alone; a code may stand without text; codes outside 200..599 are garbage.
 * The enhanced code is that of the last line that begins with one. */
enum smtp_parse smtp_reply_parse(struct arena *a, struct str in, struct smtp_reply *out,
                                 size_t *used, const char **why);

#endif
