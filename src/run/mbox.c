/* mbox: a line reader that knows where a line begins and whether an empty one came before. */
#include "run/mbox.h"

enum { PIECE = 8192 };

/* One line, or a piece of a long one. */
struct piece {
    char p[PIECE];
    size_t n;
    bool whole; /* ends with LF, or the file ended */
};

static int next_byte(struct mbox *m)
{
    if (m->primed_at < m->primed_n)
        return (unsigned char)m->primed[m->primed_at++];
    return getc_unlocked(m->file);
}

static bool read_piece(struct mbox *m, struct piece *out)
{
    int c = EOF;
    out->n = 0;
    while (out->n < PIECE && (c = next_byte(m)) != EOF) {
        out->p[out->n++] = (char)c;
        if (c == '\n')
            break;
    }
    out->whole = c == '\n' || c == EOF;
    return out->n > 0;
}

static bool is_empty_line(struct str line)
{
    return str_eq(line, STR("\n")) || str_eq(line, STR("\r\n"));
}

static bool is_quoted_from(struct str line)
{
    size_t i = 0;
    while (i < line.n && line.p[i] == '>')
        i++;
    return i > 0 && str_starts(str_slice(line, i, line.n), STR("From "));
}

static void skip_rest_of_line(struct mbox *m, struct piece *piece)
{
    while (!piece->whole && read_piece(m, piece))
        continue;
}

bool mbox_next(struct mbox *m, struct buf *out)
{
    struct piece piece;
    struct str held = STR_NONE; /* an empty line that may belong to the separator */
    bool line_start = true, after_empty = !m->inside;
    char held_bytes[2];
    buf_reset(out);
    if (m->ended)
        return false;
    while (read_piece(m, &piece)) {
        struct str line = str_make(piece.p, piece.n);
        if (line_start && after_empty && str_starts(line, STR("From "))) {
            skip_rest_of_line(m, &piece);
            held = STR_NONE;
            if (m->inside) {
                m->number++;
                return true;
            }
            m->inside = true;
            after_empty = false;
            continue;
        }
        buf_add(out, held);
        held = STR_NONE;
        bool empty = line_start && is_empty_line(line);
        if (empty) {
            memcpy(held_bytes, line.p, line.n);
            held = str_make(held_bytes, line.n);
        } else {
            bool quoted = line_start && is_quoted_from(line);
            buf_add(out, quoted ? str_slice(line, 1, line.n) : line);
        }
        line_start = piece.whole;
        after_empty = empty;
    }
    m->ended = true;
    m->number++;
    return m->inside && !ferror(m->file);
}

void mbox_prime(struct mbox *m, struct str head)
{
    m->primed_at = 0;
    m->primed_n = head.n < sizeof m->primed ? head.n : sizeof m->primed;
    memcpy(m->primed, head.p, m->primed_n);
}

bool mbox_sniff(struct str head)
{
    if (!str_starts(head, STR("From ")))
        return false;
    str_cut(&head, '\n');
    size_t name = 0;
    while (name < head.n && head.p[name] > ' ' && head.p[name] < 0x7f && head.p[name] != ':')
        name++;
    return name > 0 && name < head.n && head.p[name] == ':';
}
