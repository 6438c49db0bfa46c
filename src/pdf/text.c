/* What the pages draw as text: the strings that are shown, with the gaps that a person sees between
 * them. No layout: the order is that of the drawing. */
#include "pdf/pdf_internal.h"
#include "pdf/shape.h"

enum {
    OPERANDS = 8,
    KERN_GAP = 180,  /* thousandths of the size, within a string: less belongs to a word */
    STATES_MAX = 32, /* of "q" that are remembered */
    NUMBER_MAX = 32  /* characters of one */
};

struct draw {
    struct pdf_reader *r;
    uint32_t owner; /* whose resources */
    struct str s;
    size_t at;
    double numbers[OPERANDS]; /* a ring */
    unsigned n_numbers;
    struct str name;
    struct buf *out;
    struct buf *shown; /* by the operator that is being read, and ... */
    size_t n_shown;
    double width; /* ... how wide that is, of a size of 1 */
    const struct pdf_font *font;
    double size;
    struct pdf_matrix text;
    struct pdf_pen pen, states[STATES_MAX];
    size_t n_states;
    struct pdf_shapes *shapes;
    bool moved;              /* since something was shown */
    double start, end, line; /* of what was shown last, on the page */
};

static double size_of(double v)
{
    return v < 0 ? -v : v;
}

/* The last operand is number 0. */
static double operand(const struct draw *d, unsigned from_end)
{
    return from_end < d->n_numbers && from_end < OPERANDS
               ? d->numbers[(d->n_numbers - 1 - from_end) % OPERANDS]
               : 0;
}

/* Blanks at the end of a line and empty lines show nothing. */
static void gap(struct draw *d, char c)
{
    struct buf *b = d->out;
    while (c == '\n' && b->n > 0 && b->p[b->n - 1] == ' ')
        b->n--;
    if (b->n > 0 && b->p[b->n - 1] != '\n' && (c == '\n' || b->p[b->n - 1] != ' '))
        buf_addc(b, c);
}

/* How wide characters are in most fonts: good enough to tell a gap from none. */
static double width_of(struct str text, size_t n)
{
    static const struct str narrow = STR_INIT(" .,:;'!|ijlIt()[]/-fr"), broad = STR_INIT("mwMW@%");
    double width = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool inner = (unsigned char)c >= 0x80 && (unsigned char)c < 0xc0;
        width += inner                  ? 0
                 : str_has(narrow, c)   ? 0.28
                 : str_has(broad, c)    ? 0.86
                 : c >= 'A' && c <= 'Z' ? 0.68
                                        : 0.54;
    }
    return text.n > 0 ? width : 0.5 * (double)n;
}

/* Where this is shown, beside what was shown before: another line, or further right than that
 * reached. */
static void show(struct draw *d)
{
    double size = size_of(d->size * d->text.d * d->pen.page.d);
    double x = d->pen.page.a * d->text.e + d->pen.page.e,
           y = d->pen.page.d * d->text.f + d->pen.page.f;
    size = size > 0 ? size : 1;
    if (d->moved) {
        if (size_of(y - d->line) > 0.35 * size)
            gap(d, '\n');
        else if (x - d->end > 0.18 * size || x < d->start)
            gap(d, ' ');
        d->start = d->end = x;
        d->line = y;
    }
    buf_add(d->out, buf_str(d->shown));
    d->r->pdf->n_characters += d->n_shown;
    d->end += d->width * size;
    d->moved = false;
}

static double number_of(struct str s)
{
    double v = 0, unit = 1;
    bool fraction = false;
    for (size_t i = 0; i < s.n && i < NUMBER_MAX; i++) {
        if (s.p[i] == '.')
            fraction = true;
        if (!is_digit(s.p[i]))
            continue;
        v = v * 10 + (s.p[i] - '0');
        unit *= fraction ? 10 : 1;
    }
    return (s.n > 0 && s.p[0] == '-' ? -v : v) / unit;
}

enum operator{
    OP_SHOW,
    OP_NEXT_SHOW,
    OP_MOVE,
    OP_MATRIX,
    OP_NEXT,
    OP_FONT,
    OP_BEGIN,
    OP_PAGE,
    OP_SAVE,
    OP_RESTORE,
    OP_IMAGE,
    OP_WIDTH,
    OP_GREY,
    OP_GREY_LINE,
    OP_PATH /* and behind it those of enum pdf_path_op */
};

static void skip_image(struct draw *d)
{
    struct str s = d->s;
    size_t at = d->at;
    for (;;) {
        at += str_search(str_slice(s, at, s.n), STR("EI"));
        if (at >= s.n)
            break;
        at += 2;
        bool before = pdf_char_of(s.p[at - 3]) == PDF_CHAR_SPACE;
        if (before && (at == s.n || pdf_char_of(s.p[at]) == PDF_CHAR_SPACE))
            break;
    }
    d->at = at < s.n ? at : s.n;
}

static void set_page(struct draw *d)
{
    struct pdf_matrix *m = &d->pen.page;
    m->e += m->a * operand(d, 1);
    m->f += m->d * operand(d, 0);
    m->a *= operand(d, 5);
    m->d *= operand(d, 2);
}

static void save(struct draw *d)
{
    if (d->n_states < STATES_MAX)
        d->states[d->n_states] = d->pen;
    d->n_states++;
}

static void restore(struct draw *d)
{
    d->n_states -= d->n_states > 0;
    if (d->n_states < STATES_MAX)
        d->pen = d->states[d->n_states];
}

/* How bright: of one component, of red, green and blue, or of inks. */
static unsigned char grey_of(const struct draw *d)
{
    double v = operand(d, 0);
    if (d->n_numbers == 3)
        v = 0.299 * operand(d, 2) + 0.587 * operand(d, 1) + 0.114 * operand(d, 0);
    else if (d->n_numbers == 4)
        v = 1 - operand(d, 0) -
            (0.299 * operand(d, 3) + 0.587 * operand(d, 2) + 0.114 * operand(d, 1));
    return v > 0 ? v < 1 ? (unsigned char)(v * 255) : 255 : 0;
}

static void on_path(struct draw *d, enum pdf_path_op op)
{
    double v[6] = {0};
    unsigned n = d->n_numbers < ARRAY_LEN(v) ? d->n_numbers : ARRAY_LEN(v);
    for (unsigned i = 0; i < n; i++)
        v[i] = operand(d, n - 1 - i);
    if (op == PDF_PATH_CURVE && n < ARRAY_LEN(v)) { /* "v" and "y" have two points */
        v[4] = operand(d, 1);
        v[5] = operand(d, 0);
    }
    pdf_shapes_path(d->shapes, op, v, &d->pen);
}

static void run(struct draw *d, enum operator op)
{
    static const struct pdf_matrix plain = {1, 1, 0, 0};
    d->moved |= op == OP_MOVE || op == OP_MATRIX || op == OP_BEGIN;
    switch (op) {
    case OP_NEXT_SHOW:
        gap(d, '\n');
        show(d);
        break;
    case OP_SHOW:
        show(d);
        break;
    case OP_MOVE:
        d->text.e += d->text.a * operand(d, 1);
        d->text.f += d->text.d * operand(d, 0);
        break;
    case OP_MATRIX:
        d->text = (struct pdf_matrix){operand(d, 5), operand(d, 2), operand(d, 1), operand(d, 0)};
        break;
    case OP_NEXT:
        gap(d, '\n');
        break;
    case OP_FONT:
        d->font = pdf_font_find(d->r, d->owner, d->name);
        d->size = operand(d, 0);
        break;
    case OP_BEGIN:
        d->text = plain;
        break;
    case OP_PAGE:
        set_page(d);
        break;
    case OP_SAVE:
        save(d);
        break;
    case OP_RESTORE:
        restore(d);
        break;
    case OP_IMAGE:
        skip_image(d);
        break;
    case OP_WIDTH:
        d->pen.width = operand(d, 0);
        break;
    case OP_GREY:
        d->pen.grey = grey_of(d);
        break;
    case OP_GREY_LINE:
        d->pen.line = grey_of(d);
        break;
    case OP_PATH:
        break;
    }
}

/* Up to three letters as a number. */
#define KEY(a, b, c) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16)

static void on_operator(struct draw *d, struct str word)
{
    enum { MOST = 3 };
    static const struct {
        uint32_t key;
        unsigned op;
    } rows[] = {
        {KEY('l', 0, 0), OP_PATH + PDF_PATH_LINE},
        {KEY('c', 0, 0), OP_PATH + PDF_PATH_CURVE},
        {KEY('m', 0, 0), OP_PATH + PDF_PATH_MOVE},
        {KEY('r', 'e', 0), OP_PATH + PDF_PATH_RECT},
        {KEY('f', 0, 0), OP_PATH + PDF_PATH_FILL},
        {KEY('f', '*', 0), OP_PATH + PDF_PATH_FILL},
        {KEY('T', 'j', 0), OP_SHOW},
        {KEY('T', 'J', 0), OP_SHOW},
        {KEY('\'', 0, 0), OP_NEXT_SHOW},
        {KEY('"', 0, 0), OP_NEXT_SHOW},
        {KEY('T', 'd', 0), OP_MOVE},
        {KEY('T', 'D', 0), OP_MOVE},
        {KEY('T', 'm', 0), OP_MATRIX},
        {KEY('T', '*', 0), OP_NEXT},
        {KEY('T', 'f', 0), OP_FONT},
        {KEY('B', 'T', 0), OP_BEGIN},
        {KEY('c', 'm', 0), OP_PAGE},
        {KEY('q', 0, 0), OP_SAVE},
        {KEY('Q', 0, 0), OP_RESTORE},
        {KEY('I', 'D', 0), OP_IMAGE},
        {KEY('w', 0, 0), OP_WIDTH},
        {KEY('g', 0, 0), OP_GREY},
        {KEY('r', 'g', 0), OP_GREY},
        {KEY('k', 0, 0), OP_GREY},
        {KEY('s', 'c', 0), OP_GREY},
        {KEY('s', 'c', 'n'), OP_GREY},
        {KEY('G', 0, 0), OP_GREY_LINE},
        {KEY('R', 'G', 0), OP_GREY_LINE},
        {KEY('K', 0, 0), OP_GREY_LINE},
        {KEY('S', 'C', 0), OP_GREY_LINE},
        {KEY('S', 'C', 'N'), OP_GREY_LINE},
        {KEY('v', 0, 0), OP_PATH + PDF_PATH_CURVE},
        {KEY('y', 0, 0), OP_PATH + PDF_PATH_CURVE},
        {KEY('F', 0, 0), OP_PATH + PDF_PATH_FILL},
        {KEY('S', 0, 0), OP_PATH + PDF_PATH_STROKE},
        {KEY('s', 0, 0), OP_PATH + PDF_PATH_STROKE},
        {KEY('B', 0, 0), OP_PATH + PDF_PATH_BOTH},
        {KEY('B', '*', 0), OP_PATH + PDF_PATH_BOTH},
        {KEY('b', 0, 0), OP_PATH + PDF_PATH_BOTH},
        {KEY('b', '*', 0), OP_PATH + PDF_PATH_BOTH},
        {KEY('n', 0, 0), OP_PATH + PDF_PATH_NONE},
    };
    uint32_t key = 0;
    for (size_t i = 0; i < word.n && word.n <= MOST; i++)
        key |= (uint32_t)(unsigned char)word.p[i] << (8 * i);
    for (size_t i = 0; i < ARRAY_LEN(rows) && key != 0; i++)
        if (rows[i].key == key) {
            if (rows[i].op >= OP_PATH)
                on_path(d, (enum pdf_path_op)(rows[i].op - OP_PATH));
            else
                run(d, (enum operator)rows[i].op);
            break;
        }
    d->n_numbers = 0;
    d->n_shown = 0;
    d->width = 0;
    buf_reset(d->shown);
}

static void on_word(struct draw *d, struct str word)
{
    char c = word.p[0];
    if (!is_digit(c) && c != '-' && c != '+' && c != '.') {
        on_operator(d, word);
        return;
    }
    double v = number_of(word);
    d->numbers[d->n_numbers++ % OPERANDS] = v;
    if (d->n_shown == 0)
        return;
    d->width -= v / 1000; /* within TJ: thousandths, to the left */
    if (v < -KERN_GAP)
        buf_addc(d->shown, ' ');
}

static void on_string(struct draw *d)
{
    size_t start = d->at;
    bool hex = d->s.p[start] == '<';
    d->at = pdf_skip_string(d->s, start);
    struct str raw = str_slice(d->s, start + 1, d->at);
    if (raw.n > 0 && raw.p[raw.n - 1] == (hex ? '>' : ')'))
        raw.n--;
    buf_reset(&d->r->string);
    pdf_unescape(raw, hex, &d->r->string);
    size_t before = d->shown->n;
    size_t n = pdf_font_add(d->font, buf_str(&d->r->string), d->shown);
    d->width += width_of(str_slice(buf_str(d->shown), before, d->shown->n), n);
    d->n_shown += n;
}

static void draw_all(struct draw *d)
{
    struct str s = d->s;
    while ((d->at = pdf_skip_space(s, d->at)) < s.n && !d->out->failed && !d->r->starved) {
        char c = s.p[d->at], next = d->at + 1 < s.n ? s.p[d->at + 1] : 0;
        if (c == '(' || (c == '<' && next != '<')) {
            on_string(d);
            continue;
        }
        size_t start = d->at++;
        if (c != '/' && pdf_char_of(c) == PDF_CHAR_DELIMITER) {
            d->at += c == next && (c == '<' || c == '>');
            continue;
        }
        while (d->at < s.n && pdf_char_of(s.p[d->at]) == PDF_CHAR_REGULAR)
            d->at++;
        if (c == '/')
            d->name = str_slice(s, start + 1, d->at);
        else
            on_word(d, str_slice(s, start, d->at));
    }
}

static void draw_object(struct pdf_reader *r, struct pdf_object *o, struct pdf_shapes *shapes,
                        struct buf *out, struct buf *shown)
{
    bool cut;
    if (r->page_left == 0) {
        pdf_limit(r, PDF_LIMIT_TEXT);
        return;
    }
    struct str s = pdf_stream(r, o, &r->page_left, PDF_LIMIT_TEXT, &cut);
    if (s.p == NULL || !pdf_work(r, s.n))
        return;
    s = arena_copy(&r->own, s); /* fonts use the scratch that it stands in */
    struct draw d = {.r = r,
                     .owner = o->owner,
                     .s = s,
                     .out = out,
                     .shown = shown,
                     .shapes = shapes,
                     .pen = {.page = {1, 1, 0, 0}, .width = 1},
                     .text = {1, 1, 0, 0}};
    pdf_shapes_begin(shapes);
    if (s.p == NULL)
        r->starved = true;
    else
        draw_all(&d);
    gap(&d, '\n');
    pdf_shapes_end(shapes, o->at);
}

void pdf_page_text(struct pdf_reader *r)
{
    struct buf out, shown;
    buf_init(&out, PDF_MAX_TEXT_BYTES);
    buf_init(&shown, PDF_MAX_TEXT_BYTES);
    struct pdf_shapes *shapes = pdf_shapes_new(r);
    for (size_t i = 0; i < r->n_objects && !r->starved && !out.failed; i++)
        if (r->objects[i].is_content && !r->objects[i].is_taken) {
            r->objects[i].is_taken = true;
            draw_object(r, &r->objects[i], shapes, &out, &shown);
        }
    if (out.failed || shown.failed)
        pdf_limit(r, PDF_LIMIT_TEXT);
    r->pdf->text = arena_copy(r->arena, buf_str(&out));
    r->starved |= r->pdf->text.p == NULL;
    buf_clear(&out);
    buf_clear(&shown);
}
