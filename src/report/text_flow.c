/* Words laid out for a terminal: wrapping by columns, colour by word. */
#include "report/text_flow.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/utf8.h"

enum { WORD_MAX_BYTES = 16 * 1024, MIN_TEXT_COLUMNS = 20, ESCAPE_COLUMNS = 4 };

static const char *const style_codes[] = {
    [FLOW_PLAIN] = "",        [FLOW_BOLD] = "\x1b[1m",  [FLOW_DIM] = "\x1b[2m",
    [FLOW_GOOD] = "\x1b[32m", [FLOW_WARN] = "\x1b[33m", [FLOW_BAD] = "\x1b[1;31m",
    [FLOW_INFO] = "\x1b[36m",
};
static const char style_end[] = "\x1b[0m";

void flow_init(struct flow *f, struct buf *out, unsigned width, bool colour)
{
    width = width == 0 ? FLOW_DEFAULT_WIDTH : width;
    width = width < FLOW_MIN_WIDTH ? FLOW_MIN_WIDTH : width;
    width = width > FLOW_MAX_WIDTH ? FLOW_MAX_WIDTH : width;
    *f = (struct flow){.out = out, .width = width, .colour = colour};
    buf_init(&f->word, WORD_MAX_BYTES);
}

void flow_clear(struct flow *f)
{
    buf_clear(&f->word);
}

static const struct range {
    int32_t first, last;
} marks[] = {{0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a},
             {0x064b, 0x065f}, {0x0900, 0x0902}, {0x0e31, 0x0e31}, {0x0e34, 0x0e3a},
             {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe20, 0xfe2f}},
  wide[] = {{0x1100, 0x115f},  {0x2e80, 0x303e},   {0x3041, 0xa4cf},   {0xa960, 0xa97f},
            {0xac00, 0xd7a3},  {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
            {0xffe0, 0xffe6},  {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1faff},
            {0x20000, 0x3fffd}};

static bool in_ranges(int32_t cp, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n && cp >= ranges[i].first; i++)
        if (cp <= ranges[i].last)
            return true;
    return false;
}

unsigned flow_columns(int32_t cp)
{
    if (in_ranges(cp, marks, ARRAY_LEN(marks)))
        return 0;
    return in_ranges(cp, wide, ARRAY_LEN(wide)) ? 2 : 1;
}

static void blanks(struct flow *f, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        buf_addc(f->out, ' ');
    f->column += n;
}

void flow_line(struct flow *f, unsigned indent, unsigned hang)
{
    unsigned most = f->width - MIN_TEXT_COLUMNS;
    f->column = 0;
    f->hang = hang < most ? hang : most;
    f->gap = 0;
    f->at_start = true;
    blanks(f, indent < most ? indent : most);
}

static void close_style(struct flow *f)
{
    if (f->colour && f->word_style != FLOW_PLAIN)
        buf_addz(&f->word, style_end);
    f->word_style = FLOW_PLAIN;
}

static void open_style(struct flow *f, enum flow_style style)
{
    if (f->word_style == style)
        return;
    close_style(f);
    if (f->colour)
        buf_addz(&f->word, style_codes[style]);
    f->word_style = style;
}

static void break_line(struct flow *f)
{
    buf_addc(f->out, '\n');
    f->column = 0;
    f->at_start = true;
    blanks(f, f->hang);
}

/* Write the word that has come to its end. */
static void flush_word(struct flow *f)
{
    struct str word;
    if (f->word_columns == 0)
        return;
    close_style(f);
    word = buf_str(&f->word);
    unsigned gap = f->at_start ? 0 : f->gap;
    if (!f->at_start && f->column + gap + f->word_columns > f->width)
        break_line(f);
    else
        blanks(f, gap);
    if (f->at_start && str_starts(word, STR("::"))) {
        buf_addz(f->out, "\\x3a");
        word = str_slice(word, 1, word.n);
        f->column += ESCAPE_COLUMNS - 1;
    }
    buf_add(f->out, word);
    f->column += f->word_columns;
    f->gap = 0;
    f->at_start = false;
    buf_reset(&f->word);
    f->word_columns = 0;
}

static void put_code_point(struct flow *f, enum flow_style style, struct str bytes,
                           unsigned columns)
{
    unsigned most = f->width - f->hang - ESCAPE_COLUMNS;
    if (f->word_columns + columns > most || f->word.n + bytes.n + 16 > WORD_MAX_BYTES)
        flush_word(f);
    open_style(f, style);
    buf_add(&f->word, bytes);
    f->word_columns += columns;
}

/* The character makes a command of those before, which may have come in an earlier piece. */
static bool ends_command(struct flow *f, int32_t cp)
{
    bool found = false;
    memmove(f->last, f->last + 1, sizeof f->last - 1);
    f->last[sizeof f->last - 1] = cp < 0x80 ? (char)cp : 'x';
    for (size_t i = 0; cp == '[' && i < sizeof f->last; i++)
        found |= str_starts_command(str_make(f->last + i, sizeof f->last - i));
    return found;
}

static void put(struct flow *f, enum flow_style style, struct str text, unsigned max_gap)
{
    struct buf shown;
    buf_init(&shown, 16 * FLOW_TEXT_MAX_BYTES);
    utf8_add_printable(&shown, text, FLOW_TEXT_MAX_BYTES);
    for (struct str rest = buf_str(&shown); rest.n > 0;) {
        struct str before = rest;
        int32_t cp = utf8_next(&rest);
        struct str bytes = str_slice(before, 0, before.n - rest.n);
        bool command = ends_command(f, cp);
        if (cp == ' ') {
            flush_word(f);
            f->gap = f->gap < max_gap ? f->gap + 1 : f->gap;
        } else if (command) {
            put_code_point(f, style, STR("\\x5b"), ESCAPE_COLUMNS);
        } else {
            put_code_point(f, style, bytes, flow_columns(cp));
        }
    }
    buf_clear(&shown);
}

void flow_put(struct flow *f, enum flow_style style, struct str text)
{
    put(f, style, text, 1);
}

/* In pieces that stay below FLOW_TEXT_MAX_BYTES however long their printable form is; words go on
 * across pieces. */
void flow_put_whole(struct flow *f, enum flow_style style, struct str text)
{
    enum { PIECE_BYTES = FLOW_TEXT_MAX_BYTES / 10 };
    struct str rest = str_slice(text, 0, FLOW_WHOLE_MAX_BYTES);
    while (rest.n > 0) {
        struct str piece = rest;
        while (rest.n > 0 && piece.n - rest.n < PIECE_BYTES)
            utf8_next(&rest);
        put(f, style, str_slice(piece, 0, piece.n - rest.n), 1);
    }
    if (text.n > FLOW_WHOLE_MAX_BYTES)
        put(f, style, STR("\xe2\x80\xa6"), 1);
}

void flow_putz(struct flow *f, enum flow_style style, const char *text)
{
    put(f, style, str_from(text), 2);
}

static bool is_plain(struct str s)
{
    static const struct str allowed = STR_INIT("._-@:/=+*%~[]{}");
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && !str_has(allowed, s.p[i]) && (unsigned char)s.p[i] < 0x80)
            return false;
    return true;
}

void flow_value(struct flow *f, enum flow_style style, struct str text)
{
    const char *quote = is_plain(text) ? "" : "\"";
    put(f, style, str_from(quote), 1);
    put(f, style, text, 1);
    put(f, style, str_from(quote), 1);
}

void flow_pair(struct flow *f, enum flow_style style, const char *words, struct str value)
{
    flow_putz(f, style, words);
    flow_value(f, style, value);
}

void flow_num(struct flow *f, enum flow_style style, uint64_t v)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%" PRIu64, v);
    flow_put(f, style, str_make(text, (size_t)n));
}

void flow_pad(struct flow *f, unsigned column)
{
    flush_word(f);
    if (column > f->width - MIN_TEXT_COLUMNS) {
        f->gap = 2;
        return;
    }
    blanks(f, f->column < column ? column - f->column : 1);
    f->gap = 0;
    f->at_start = true; /* what follows stands here, without a further blank */
}

void flow_end(struct flow *f)
{
    flush_word(f);
    buf_addc(f->out, '\n');
}
