/* The record of a conversation, and how it is shown: swaks' marks, printable text. */
#include "smtp/transcript.h"

#include "base/utf8.h"

enum { LINES_FIRST = 64, LINE_SHOWN_MAX = 4096 /* printed bytes of one line */ };

void transcript_init(struct transcript *t, struct arena *a)
{
    *t = (struct transcript){.arena = a};
}

static bool has_room(struct transcript *t)
{
    if (t->n < t->cap)
        return true;
    size_t cap = t->cap == 0 ? LINES_FIRST : t->cap * 2;
    cap = cap < TRANSCRIPT_MAX_LINES ? cap : TRANSCRIPT_MAX_LINES;
    void *p = cap == t->n ? NULL : arena_grow(t->arena, t->lines, t->n, cap, sizeof *t->lines);
    if (p == NULL)
        return false;
    t->lines = p;
    t->cap = cap;
    return true;
}

static void add_line(struct transcript *t, struct transcript_line line)
{
    bool kept = line.text.n <= TRANSCRIPT_MAX_BYTES - t->bytes && has_room(t);
    line.text = kept ? arena_copy(t->arena, line.text) : STR_NONE;
    if (line.text.p == NULL) {
        t->dropped++;
        return;
    }
    t->bytes += line.text.n;
    t->lines[t->n++] = line;
}

void transcript_add(struct transcript *t, enum transcript_kind kind, bool in_tls, int64_t at_us,
                    struct str bytes)
{
    while (bytes.n > 0) {
        struct str text = str_cut(&bytes, '\n');
        if (text.n > 0 && text.p[text.n - 1] == '\r')
            text = str_slice(text, 0, text.n - 1);
        add_line(t, (struct transcript_line){kind, in_tls, at_us, text});
    }
}

void transcript_add_masked(struct transcript *t, enum transcript_kind kind, bool in_tls,
                           int64_t at_us, struct str head, size_t secret_bytes)
{
    struct str text = arena_fmt(t->arena, STR_FMT "%s<masked, %zu bytes>", STR_ARG(head),
                                head.n > 0 ? " " : "", secret_bytes);
    if (text.p == NULL)
        t->dropped++;
    else
        transcript_add(t, kind, in_tls, at_us, text);
}

void transcript_write(struct buf *out, const struct transcript *t)
{
    static const char *const marks[][2] = {
        [TRANSCRIPT_INFO] = {"===", "==="},     [TRANSCRIPT_SENT] = {" ->", " ~>"},
        [TRANSCRIPT_RECEIVED] = {"<- ", "<~ "}, [TRANSCRIPT_UNEXPECTED] = {"<**", "<~*"},
        [TRANSCRIPT_ERROR] = {"***", "***"},
    };
    for (size_t i = 0; i < t->n; i++) {
        const struct transcript_line *line = &t->lines[i];
        buf_addz(out, marks[line->kind][line->in_tls]);
        buf_addc(out, ' ');
        utf8_add_printable(out, line->text, LINE_SHOWN_MAX);
        buf_addc(out, '\n');
    }
    if (t->dropped > 0)
        buf_addf(out, "*** %zu more lines were not kept\n", t->dropped);
}
