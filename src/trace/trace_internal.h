/* What the files of this room share. */
#ifndef MP_TRACE_TRACE_INTERNAL_H
#define MP_TRACE_TRACE_INTERNAL_H

#include "trace/trace.h"

enum {
    TRACE_DETAIL_MAX_BYTES = 160, /* of each side of a change */
    TRACE_SHA256_BYTES = 32
};

/* Made safe to show and cut; "" when memory is short: it is told, not decided by. */
struct str trace_printable(struct arena *a, struct str s, size_t max_bytes);

/* ---- altered.c and altered_body.c ---- */

#define UNPAIRED UINT32_MAX /* an index of the other side: none; no enum holds it */

struct altered {
    struct arena *arena;
    struct trace_altered *out;
    size_t cap;
    bool starved;
};
void altered_add(struct altered *x, enum trace_change_kind kind, struct str name,
                 size_t sent_offset, size_t received_offset, struct str detail);
/* MP_OK or MP_E_NOMEM. */
int altered_body(struct altered *x, const struct message *sent, const struct message *received,
                 struct mp_err *err);

/* ---- text of HTML, html.c ---- */

struct html_sink { /* what a walk through HTML is good for; both may be NULL */
    void *ctx;
    void (*link)(void *ctx, struct str url); /* decoded, trimmed */
    void (*text)(void *ctx, struct str text, bool line_break_before);
};
/* Linear, no tree: tags, comments, entities; script, style, head and template are passed over. */
void html_walk(struct str html, const struct html_sink *to);
/* Entities decoded, at most `max_bytes` written; returns how many. */
size_t html_unescape(struct str s, char *out, size_t max_bytes);

#endif
