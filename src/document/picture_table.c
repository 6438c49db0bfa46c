/* QR codes whose modules are the cells of a table of a page. */
#include "base/hex.h"
#include "document/picture.h"
#include "document/picture_text.h"

enum {
    LEAST_SIDE = QR_LEAST_SIDE,
    MEMORY_BYTES = 1024 * 1024,
    MAX_SPAN = 100, /* columns that one cell may take */
    DARK = 128,     /* grey values below are dark */
    NO_COLOUR = -1
};

/* A table that is being read. Those within it are tables of their own; what follows them goes on
 * in the last one that was begun. */
struct table {
    unsigned char cell[DRAWN_MAX_ROWS * DRAWN_MAX_COLUMNS];
    uint32_t rows, column, width, uneven;
    uint64_t first_class; /* of the first cell: others are told from it when there are no colours */
    bool has_colours, has_classes;
};

static bool is_name_end(char c)
{
    return is_fws(c) || c == '>' || c == '/';
}

/* The tag at the front: its name is `name`. */
static bool tag_is(struct str tag, struct str name)
{
    return str_istarts(str_slice(tag, 1, tag.n), name) && tag.n > name.n + 1 &&
           is_name_end(tag.p[name.n + 1]);
}

/* The value behind "name=" or "name:", up to what ends it. p == NULL without. */
static struct str value_of(struct str tag, struct str name, const char *ends)
{
    size_t at = str_isearch(tag, name);
    if (at >= tag.n)
        return STR_NONE;
    struct str rest = str_slice(tag, at + name.n, tag.n);
    while (rest.n > 0 && (is_fws(*rest.p) || *rest.p == '"' || *rest.p == '\''))
        rest = str_slice(rest, 1, rest.n);
    size_t n = 0;
    while (n < rest.n && strchr(ends, rest.p[n]) == NULL)
        n++;
    return str_slice(rest, 0, n);
}

/* "#rrggbb" or "#rgb": its grey value. */
static int grey_of_hex(struct str s)
{
    static const int weight[] = {77, 150, 29};
    int grey = 0;
    size_t digits = s.n >= 7 ? 2 : 1;
    if (s.n < 4)
        return NO_COLOUR;
    for (size_t i = 0; i < 3; i++) {
        int high = hex_value(s.p[1 + i * digits]), low = hex_value(s.p[i * digits + digits]);
        if (high < 0 || low < 0)
            return NO_COLOUR;
        grey += weight[i] * (high * 16 + low);
    }
    return grey / 256;
}

/* "rgb(0, 0, 0)": the mean. */
static int grey_of_numbers(struct str s)
{
    int sum = 0, n = 0, v = -1;
    for (size_t i = 0; i < s.n && n < 3; i++) {
        if (is_digit(s.p[i])) {
            v = (v < 0 ? 0 : v) * 10 + s.p[i] - '0';
            v = v > 255 ? 255 : v;
        } else if (v >= 0) {
            sum += v;
            n++;
            v = -1;
        }
    }
    n += v >= 0;
    return n == 0 ? NO_COLOUR : (sum + (v < 0 ? 0 : v)) / n;
}

static int grey_of_colour(struct str s)
{
    static const struct str dark[] = {STR_INIT("black"), STR_INIT("navy"), STR_INIT("dark"),
                                      STR_INIT("maroon"), STR_INIT("midnight")};
    s = str_trim(s);
    if (s.n == 0)
        return NO_COLOUR;
    if (s.p[0] == '#')
        return grey_of_hex(s);
    if (str_istarts(s, STR("rgb")))
        return grey_of_numbers(s);
    for (size_t i = 0; i < ARRAY_LEN(dark); i++)
        if (str_istarts(s, dark[i]))
            return 0;
    return 255;
}

static int background(struct str tag)
{
    static const struct str names[] = {STR_INIT("bgcolor="), STR_INIT("background-color:"),
                                       STR_INIT("background:")};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct str v = value_of(tag, names[i], ";\"'>");
        if (v.p != NULL)
            return grey_of_colour(v);
    }
    return NO_COLOUR;
}

static void add_cell(struct table *t, struct str tag)
{
    uint64_t span = 1;
    int grey = background(tag);
    struct str class = value_of(tag, STR("class="), "\"'> ");
    bool dark = grey != NO_COLOUR && grey < DARK;
    uint64_t hash = str_hash(class);
    if (!str_to_u64(value_of(tag, STR("colspan="), "\"' >/"), MAX_SPAN, &span) || span == 0)
        span = 1;
    if (t->rows == 1 && t->column == 0)
        t->first_class = hash;
    t->has_colours |= grey != NO_COLOUR;
    t->has_classes |= hash != t->first_class;
    if (!t->has_colours)
        dark = hash != t->first_class;
    for (; span > 0 && t->rows > 0 && t->column < DRAWN_MAX_COLUMNS; span--)
        t->cell[(t->rows - 1) * DRAWN_MAX_COLUMNS + t->column++] = dark;
}

static void end_row(struct table *t)
{
    if (t->rows == 0)
        return;
    t->uneven += t->rows > 1 && t->column != t->width;
    t->width = t->rows == 1 || t->column > t->width ? t->column : t->width;
    t->column = 0;
}

static bool may_be_code(const struct table *t)
{
    return t->rows >= LEAST_SIDE && t->width >= LEAST_SIDE && t->uneven <= 2 &&
           (t->has_colours || t->has_classes);
}

static void begin_row(struct table *t)
{
    end_row(t);
    if (t->rows < DRAWN_MAX_ROWS) {
        memset(t->cell + t->rows * DRAWN_MAX_COLUMNS, 0, DRAWN_MAX_COLUMNS);
        t->rows++;
    }
}

static int read_table(struct content *c, size_t index, struct table *t, struct mp_err *err)
{
    int st = MP_OK;
    end_row(t);
    if (may_be_code(t)) {
        struct drawing d = {.cell = t->cell, .width = t->width, .height = t->rows};
        for (uint32_t y = 1; y < t->rows; y++)
            memmove(t->cell + y * t->width, t->cell + y * DRAWN_MAX_COLUMNS, t->width);
        st = drawing_read(c, index, &d, "a QR code drawn with cells of a table", err);
    }
    t->rows = t->column = t->width = t->uneven = 0;
    t->has_colours = t->has_classes = false;
    return st;
}

/* Where the first table begins that has enough rows: few have as many. The end when none has. */
static size_t find_rows(struct str page)
{
    size_t from = str_isearch(page, STR("<tr")), rows = 0;
    for (size_t at = from; at < page.n; at++) {
        struct str tag = str_slice(page, at, page.n);
        char first = tag.n > 1 ? to_lower(tag.p[1]) : '\0';
        if (first == 't' && tag_is(tag, STR("tr")) && ++rows == LEAST_SIDE)
            return from;
        if ((first == 't' && tag_is(tag, STR("table"))) ||
            (first == '/' && tag_is(tag, STR("/table")))) {
            from = at;
            rows = 0;
        }
        at += str_find(str_slice(tag, 1, tag.n), '<');
    }
    return page.n;
}

int drawn_in_tables(struct content *c, size_t index, struct str page, struct mp_err *err)
{
    struct arena scratch;
    struct table *t = NULL;
    int st = MP_OK;
    unsigned tries = 0;
    arena_init(&scratch, MEMORY_BYTES);
    for (size_t at = find_rows(page); st == MP_OK && at < page.n;) {
        size_t end = at + 1;
        while (end < page.n && page.p[end] != '<' && page.p[end] != '>')
            end++;
        struct str tag = str_slice(page, at, end + 1);
        if (t == NULL && (t = arena_new(&scratch, struct table, 1)) == NULL)
            st = mp_fail(err, MP_E_NOMEM, 0, "no memory for a table");
        else if (tag_is(tag, STR("td")) || tag_is(tag, STR("th")))
            add_cell(t, tag);
        else if (tag_is(tag, STR("tr")))
            begin_row(t);
        else if (tag_is(tag, STR("table")) || tag_is(tag, STR("/table"))) {
            tries += may_be_code(t);
            st = tries > DRAWN_MAX_TRIES ? MP_OK : read_table(c, index, t, err);
        }
        at = end + str_find(str_slice(page, end, page.n), '<');
    }
    if (st == MP_OK && t != NULL && tries < DRAWN_MAX_TRIES)
        st = read_table(c, index, t, err);
    arena_clear(&scratch);
    return st;
}
