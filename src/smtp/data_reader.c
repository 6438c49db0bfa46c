/* Dot-unstuffing and the end of the message; a line at a time where lines are whole. */
#include "smtp/data_reader.h"

enum {
    AT_LINE_START, /* behind CRLF, or at the very start */
    IN_LINE,
    AFTER_CR,    /* the CR was written */
    AFTER_DOT,   /* a dot at a line's start: it is dropped whatever follows */
    AFTER_DOT_CR /* and a CR behind it, not yet written */
};

const char *smtp_odd_name(enum smtp_odd o)
{
    static const char *const names[] = {"bare LF", "bare CR", "NUL"};
    return (size_t)o < ARRAY_LEN(names) ? names[o] : "?";
}

/* ---- line ends ---- */

static void note(struct smtp_line_ends *l, enum smtp_odd o, uint64_t offset)
{
    if (l->odd[o].count++ == 0)
        l->odd[o].first_offset = offset;
}

static void note_each(struct smtp_line_ends *l, enum smtp_odd o, char c, struct str piece,
                      uint64_t offset)
{
    for (size_t at = 0; at < piece.n; at++) {
        const char *p = memchr(piece.p + at, c, piece.n - at);
        if (p == NULL)
            return;
        at = (size_t)(p - piece.p);
        note(l, o, offset + at);
    }
}

void smtp_line_ends_add(struct smtp_line_ends *l, struct str piece)
{
    size_t at = 0;
    if (piece.n == 0)
        return;
    if (l->after_cr) {
        if (piece.p[0] == '\n')
            at = 1;
        else
            note(l, SMTP_ODD_BARE_CR, l->bytes - 1);
    }
    l->after_cr = piece.p[piece.n - 1] == '\r';
    size_t end = piece.n - (l->after_cr ? 1 : 0); /* that CR is judged with the next piece */
    note_each(l, SMTP_ODD_NUL, '\0', piece, l->bytes);
    while (at < end) {
        const char *lf = memchr(piece.p + at, '\n', end - at);
        size_t stop = lf == NULL ? end : (size_t)(lf - piece.p);
        bool crlf = lf != NULL && stop > at && piece.p[stop - 1] == '\r';
        note_each(l, SMTP_ODD_BARE_CR, '\r', str_slice(piece, at, crlf ? stop - 1 : stop),
                  l->bytes + at);
        if (lf != NULL && !crlf)
            note(l, SMTP_ODD_BARE_LF, l->bytes + stop);
        at = stop + 1;
    }
    l->bytes += piece.n;
}

void smtp_line_ends_finish(struct smtp_line_ends *l)
{
    if (l->after_cr)
        note(l, SMTP_ODD_BARE_CR, l->bytes - 1);
    l->after_cr = false;
}

bool smtp_line_ends_ok(const struct smtp_line_ends *l)
{
    for (size_t i = 0; i < SMTP_ODD_COUNT; i++)
        if (l->odd[i].count > 0)
            return false;
    return true;
}

/* ---- DATA ---- */

static void keep(struct smtp_data_reader *r, struct buf *out, struct str piece)
{
    if (piece.n == 0)
        return;
    smtp_line_ends_add(&r->line_ends, piece);
    if (out != NULL)
        buf_add(out, piece);
}

/* From inside a line: up to the first line start whose dot must go, which may be far. */
static size_t run_length(struct str in, unsigned char *state)
{
    for (size_t at = 0; at < in.n;) {
        const char *lf = memchr(in.p + at, '\n', in.n - at);
        if (lf == NULL)
            break;
        at = (size_t)(lf - in.p) + 1;
        bool crlf = at >= 2 && in.p[at - 2] == '\r';
        if (crlf && (at == in.n || in.p[at] == '.')) {
            *state = AT_LINE_START;
            return at;
        }
    }
    *state = in.p[in.n - 1] == '\r' ? AFTER_CR : IN_LINE;
    return in.n;
}

/* One step at a border; false: `c` belongs to a run of plain text. */
static bool step(struct smtp_data_reader *r, char c, struct buf *out)
{
    switch (r->state) {
    case AT_LINE_START:
        r->state = c == '.' ? AFTER_DOT : IN_LINE;
        return c == '.';
    case AFTER_CR:
        r->state = c == '\n' ? AT_LINE_START : IN_LINE;
        if (c == '\n')
            keep(r, out, STR("\n"));
        return c == '\n';
    case AFTER_DOT:
        r->state = c == '\r' ? AFTER_DOT_CR : IN_LINE;
        return c == '\r';
    case AFTER_DOT_CR:
        r->ended = c == '\n';
        r->state = r->ended ? AT_LINE_START : AFTER_CR;
        if (!r->ended)
            keep(r, out, STR("\r"));
        return r->ended;
    default:
        return false;
    }
}

size_t smtp_data_read(struct smtp_data_reader *r, struct str in, struct buf *out)
{
    size_t at = 0;
    while (at < in.n && !r->ended) {
        if (r->state != IN_LINE) {
            at += step(r, in.p[at], out) ? 1 : 0;
            continue;
        }
        struct str rest = str_slice(in, at, in.n);
        size_t n = run_length(rest, &r->state);
        keep(r, out, str_slice(rest, 0, n));
        at += n;
    }
    if (r->ended)
        smtp_line_ends_finish(&r->line_ends);
    return at;
}

/* ---- BDAT ---- */

void smtp_chunk_begin(struct smtp_chunk_reader *r, uint64_t bytes, bool last)
{
    r->left = bytes;
    r->total = bytes > UINT64_MAX - r->total ? UINT64_MAX : r->total + bytes;
    r->last = last;
    r->active = true;
}

size_t smtp_chunk_read(struct smtp_chunk_reader *r, struct str in, struct buf *out)
{
    struct str piece = str_slice(in, 0, r->left < in.n ? (size_t)r->left : in.n);
    smtp_line_ends_add(&r->line_ends, piece);
    if (out != NULL)
        buf_add(out, piece);
    r->left -= piece.n;
    if (r->left == 0 && r->last)
        smtp_line_ends_finish(&r->line_ends);
    return piece.n;
}
