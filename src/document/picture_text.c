/* QR codes drawn with characters: full, half and quarter blocks, braille, signs of ASCII. */
#include "document/picture_text.h"

#include "base/utf8.h"
#include "base/vec.h"
#include "content/found.h"
#include "document/picture.h"
#include "html/entity.h"

enum {
    CELLS_WIDE = 2, /* of the finest character: braille has two by four dots */
    CELLS_HIGH = 4,
    LEAST_COLUMNS = 11, /* braille of the smallest code ... */
    LEAST_ROWS = 6,
    SIDE = 7, /* modules of the square in a corner */
    MEMORY_BYTES = 32 * 1024 * 1024,
    NO_SIGN = -1,
    NOTHING = -2 /* a character without a glyph */
};

/* Characters by what of them is dark: bit x + 2 y of 2 by 4. */
static const struct sign {
    uint16_t code_point;
    unsigned char dark;
} signs[] = {
    {' ', 0},       {0xa0, 0},      {0x2003, 0},    {0x3000, 0},    {'.', 0},       {'_', 0},
    {0x2591, 0},    {0x25a1, 0},    {0x2b1c, 0},    {'#', 0xff},    {'@', 0xff},    {'X', 0xff},
    {0x2588, 0xff}, {0x2592, 0xff}, {0x2593, 0xff}, {0x25a0, 0xff}, {0x2b1b, 0xff}, {0x2580, 0x0f},
    {0x2584, 0xf0}, {0x258c, 0x55}, {0x2590, 0xaa}, {0x2596, 0x50}, {0x2597, 0xa0}, {0x2598, 0x05},
    {0x2599, 0xf5}, {0x259a, 0xa5}, {0x259b, 0x5f}, {0x259c, 0xaf}, {0x259d, 0x0a}, {0x259e, 0x5a},
    {0x259f, 0xfa},
};

static int sign_of(int32_t c)
{
    static const unsigned char dots[8] = {0, 2, 4, 1, 3, 5, 6, 7};
    if (c >= 0x2800 && c <= 0x28ff) {
        int dark = 0;
        for (unsigned i = 0; i < 8; i++)
            dark |= (c >> i & 1) << dots[i];
        return dark;
    }
    for (size_t i = 0; i < ARRAY_LEN(signs); i++)
        if (signs[i].code_point == c)
            return signs[i].dark;
    return c == '\r' || utf8_is_invisible(c) ? NOTHING : NO_SIGN;
}

/* Lines of a text that may be rows of a drawing. */
struct canvas {
    unsigned char sign[DRAWN_MAX_ROWS][DRAWN_MAX_COLUMNS];
    size_t rows, columns, used[DRAWN_MAX_ROWS];
};

enum line { LINE_BLANK, LINE_DRAWN, LINE_OTHER };

/* A line into the next row of `v`. */
static enum line line_read(struct canvas *v, struct str line)
{
    size_t n = 0, dark = 0;
    unsigned char *to = v->sign[v->rows];
    while (line.n > 0) {
        int s = sign_of(utf8_next(&line));
        if (s == NO_SIGN || (s != NOTHING && n == DRAWN_MAX_COLUMNS))
            return LINE_OTHER;
        if (s == NOTHING)
            continue;
        to[n++] = (unsigned char)s;
        dark += s != 0;
    }
    v->used[v->rows] = n;
    if (dark == 0)
        return LINE_BLANK;
    return n >= LEAST_COLUMNS ? LINE_DRAWN : LINE_OTHER;
}

/* Into how many cells a character has to be cut, for all of them. */
static void grain(const struct canvas *v, unsigned *wide, unsigned *high)
{
    bool halves_x = false, halves_y = false, quarters_y = false;
    for (size_t y = 0; y < v->rows; y++)
        for (size_t x = 0; x < v->used[y]; x++) {
            unsigned s = v->sign[y][x];
            halves_x |= (s & 0x55) != (s >> 1 & 0x55);
            halves_y |= (s & 15) != s >> 4;
            quarters_y |= (s & 3) != (s >> 2 & 3) || (s >> 4 & 3) != (s >> 6 & 3);
        }
    *wide = halves_x ? 2 : 1;
    *high = quarters_y ? 4 : halves_y ? 2 : 1;
}

static bool cell_of(const struct canvas *v, size_t x, size_t y, unsigned wide, unsigned high)
{
    size_t column = x / wide, row = y / high;
    unsigned bit_x = (unsigned)(x % wide), bit_y = (unsigned)(y % high) * (CELLS_HIGH / high);
    if (column >= v->used[row])
        return false;
    return (v->sign[row][column] >> (bit_y * CELLS_WIDE + bit_x) & 1) != 0;
}

/* Two characters for one module, side by side, as terminals need it: one of them is enough. */
static void halve_columns(struct drawing *d)
{
    uint32_t first = d->width;
    for (uint32_t y = 0; y < d->height; y++)
        for (uint32_t x = 0; x < first; x++)
            if (d->cell[y * d->width + x])
                first = x;
    uint32_t width = (d->width - first % 2 + 1) / 2, offset = first % 2;
    for (uint32_t y = 0; y < d->height; y++)
        for (uint32_t x = 0; x < width; x++) {
            uint32_t from = 2 * x + offset;
            d->cell[y * width + x] = from < d->width ? d->cell[y * d->width + from] : 0;
        }
    d->width = width;
}

int drawing_read(struct content *c, size_t index, const struct drawing *d, const char *how,
                 struct mp_err *err)
{
    struct arena scratch;
    struct qr_found found = {.n = 0};
    arena_init(&scratch, MEMORY_BYTES);
    int st = qr_from_matrix(&scratch, d->cell, d->width, d->height, &found, err);
    if (st != MP_OK) {
        content_cut(c, index, "a drawing takes more memory than is given to search it");
        st = MP_OK;
    }
    found.limited = false; /* what is drawn and no code may look like anything */
    if (st == MP_OK)
        st = picture_add_codes(c, index, &found, FINDING_QR_TEXT, how, err);
    arena_clear(&scratch);
    return st;
}

static int canvas_read(struct content *c, size_t index, const struct canvas *v, struct mp_err *err)
{
    struct arena scratch;
    unsigned wide, high;
    size_t columns = 0;
    int st = MP_OK;
    for (size_t y = 0; y < v->rows; y++)
        columns = v->used[y] > columns ? v->used[y] : columns;
    grain(v, &wide, &high);
    struct drawing d = {.width = (uint32_t)columns * wide, .height = (uint32_t)v->rows * high};
    arena_init(&scratch, MEMORY_BYTES);
    d.cell = arena_new(&scratch, unsigned char, (size_t)d.width *d.height);
    for (uint32_t y = 0; d.cell != NULL && y < d.height; y++)
        for (uint32_t x = 0; x < d.width; x++)
            d.cell[y * d.width + x] = cell_of(v, x, y, wide, high);
    if (wide == high && d.width * 2 > d.height * 3)
        halve_columns(&d);
    if (d.cell == NULL)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for a drawing");
    else if (d.width <= DRAWN_MAX_COLUMNS && d.height <= DRAWN_MAX_COLUMNS)
        st = drawing_read(c, index, &d, "a QR code drawn with characters", err);
    arena_clear(&scratch);
    return st;
}

/* How many times the byte at `at` stands there in a row. */
static size_t row_at(struct str text, size_t at)
{
    size_t from = at, to = at;
    while (from > 0 && text.p[from - 1] == text.p[at])
        from--;
    while (to < text.n && text.p[to] == text.p[at])
        to++;
    return to - from;
}

static bool is_side_at(struct str text, size_t at)
{
    char c = text.p[at];
    return (c == '#' || c == '@' || c == 'X') && row_at(text, at) >= SIDE;
}

/* The upper side of a square in a corner, in signs of ASCII. Few texts have two of one in a row. */
static bool has_side(struct str text)
{
    size_t i = 0;
    for (; text.n - i > VEC_BYTES; i += VEC_BYTES) {
        vec v = vec_load(text.p + i), next = vec_load(text.p + i + 1);
        vec sign = (vec)(v == '#') | (vec)(v == '@') | (vec)(v == 'X');
        if (!vec_any(sign & (vec)(v == next)))
            continue;
        for (size_t k = 0; k < VEC_BYTES; k++)
            if (is_side_at(text, i + k))
                return true;
    }
    while (i < text.n && !is_side_at(text, i))
        i++;
    return i < text.n;
}

/* Does one of the rest of characters that begin with `first` follow it anywhere? */
static bool has_mark(struct str text, char first, const struct str *rests, size_t n)
{
    for (size_t at = 0; (at += str_find(str_slice(text, at, text.n), first)) < text.n;) {
        struct str rest = str_slice(text, ++at, text.n);
        for (size_t i = 0; i < n; i++)
            if (str_starts(rest, rests[i]))
                return true;
    }
    return false;
}

/* Signs that a drawing cannot do without. */
static bool may_be_drawn(struct str text)
{
    static const struct str rests[] = {STR_INIT("\x96"), STR_INIT("\xa0"), STR_INIT("\xa1"),
                                       STR_INIT("\xa2"), STR_INIT("\xa3"), STR_INIT("\xac")};
    return has_mark(text, '\xe2', rests, ARRAY_LEN(rests)) || has_side(text);
}

int drawn_in_text(struct content *c, size_t index, struct str text, struct mp_err *err)
{
    struct arena scratch;
    struct canvas *v;
    unsigned tries = 0;
    int st = MP_OK;
    if (!may_be_drawn(text))
        return MP_OK;
    arena_init(&scratch, MEMORY_BYTES);
    v = arena_new(&scratch, struct canvas, 1);
    if (v == NULL)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for a drawing");
    while (st == MP_OK && text.p != NULL && tries < DRAWN_MAX_TRIES) {
        enum line kind = line_read(v, str_cut(&text, '\n'));
        v->rows += kind == LINE_DRAWN && v->rows + 1 < DRAWN_MAX_ROWS;
        if (kind == LINE_BLANK || (kind == LINE_DRAWN && text.p != NULL))
            continue;
        if (v->rows >= LEAST_ROWS) {
            st = canvas_read(c, index, v, err);
            tries++;
        }
        v->rows = 0;
    }
    if (st == MP_OK && v->rows >= LEAST_ROWS)
        st = canvas_read(c, index, v, err);
    arena_clear(&scratch);
    return st;
}

/* ---- The text of a page, with the blanks and lines that drawings need ---- */

/* Tags that end a line. */
static bool ends_line(struct str tag)
{
    static const struct str tags[] = {STR_INIT("<br"), STR_INIT("</div"), STR_INIT("</p"),
                                      STR_INIT("</tr"), STR_INIT("</li")};
    for (size_t i = 0; i < ARRAY_LEN(tags); i++)
        if (str_istarts(tag, tags[i]))
            return true;
    return false;
}

static void plain_text(struct str page, struct buf *out)
{
    while (page.n > 0 && !out->failed) {
        size_t n = 0;
        while (n < page.n && page.p[n] != '<' && page.p[n] != '&')
            n++;
        buf_add(out, str_slice(page, 0, n));
        page = str_slice(page, n, page.n);
        if (page.n == 0)
            break;
        if (page.p[0] == '&') {
            struct entity e = entity_at(page, false);
            utf8_add(out, e.used > 0 ? (int32_t)e.first : '&');
            if (e.second != 0)
                utf8_add(out, (int32_t)e.second);
            page = str_slice(page, e.used > 0 ? e.used : 1, page.n);
            continue;
        }
        if (ends_line(page))
            buf_addc(out, '\n');
        page = str_slice(page, str_find(page, '>') + 1, page.n);
    }
}

/* Characters of drawings, also as references. */
static bool page_may_be_drawn(struct str page)
{
    static const struct str rests[] = {STR_INIT("#96"),   STR_INIT("#x25"),  STR_INIT("#X25"),
                                       STR_INIT("block"), STR_INIT("uhblk"), STR_INIT("lhblk"),
                                       STR_INIT("#10"),   STR_INIT("#x28")};
    return has_mark(page, '&', rests, ARRAY_LEN(rests)) || may_be_drawn(page);
}

bool drawn_is_page(const struct content_object *o)
{
    return file_type_class(o->kind) == FILE_CLASS_HTML ||
           (str_eq(o->type, STR("text")) && str_eq(o->subtype, STR("html")));
}

/* Its bytes as they stand: tags, references and UTF-8 are all that drawings are made of. */
int drawn_read_page(struct content *c, size_t index, struct mp_err *err)
{
    struct str page = c->report->objects[index].bytes;
    int st = drawn_in_tables(c, index, page, err);
    struct buf text;
    if (st != MP_OK || !page_may_be_drawn(page))
        return st;
    buf_init(&text, ENTITY_GROWTH(page.n));
    plain_text(page, &text);
    if (text.failed)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for the text of a page");
    else
        st = drawn_in_text(c, index, buf_str(&text), err);
    buf_clear(&text);
    return st;
}
