/* RTF as Word reads it, which is forgivingly: groups, control words, and the objects that stand in
 * it as hexadecimal digits with anything between them. One pass; groups are a stack of octets. */
#include "base/hex.h"
#include "office/field.h"

enum { RTF_DEPTH = 4096, WORD_BYTES = 32 };

/* What becomes of the text of a group; groups in it inherit. */
enum dest {
    DEST_TEXT,
    DEST_SKIP,
    DEST_DATA,     /* \objdata: digits */
    DEST_CLASS,    /* \objclass */
    DEST_FIELD,    /* \fldinst */
    DEST_TEMPLATE, /* \template */
    DEST_FONTS,    /* \fonttbl */
    DEST_MASK = 7,
    DEST_OWN = 8 /* the group that began it: with its end it is whole */
};

enum action { SET_DEST, FONT_TABLE, FONT, UPDATE, AUTO_LINK, BINARY };

static const struct {
    struct str word;
    enum action action;
    enum dest dest;
} words[] = {
    {STR_INIT("objdata"), SET_DEST, DEST_DATA},    {STR_INIT("objclass"), SET_DEST, DEST_CLASS},
    {STR_INIT("fldinst"), SET_DEST, DEST_FIELD},   {STR_INIT("template"), SET_DEST, DEST_TEMPLATE},
    {STR_INIT("fldrslt"), SET_DEST, DEST_SKIP},    {STR_INIT("result"), SET_DEST, DEST_SKIP},
    {STR_INIT("pict"), SET_DEST, DEST_SKIP},       {STR_INIT("colortbl"), SET_DEST, DEST_SKIP},
    {STR_INIT("stylesheet"), SET_DEST, DEST_SKIP}, {STR_INIT("objname"), SET_DEST, DEST_SKIP},
    {STR_INIT("objalias"), SET_DEST, DEST_SKIP},   {STR_INIT("objsect"), SET_DEST, DEST_SKIP},
    {STR_INIT("fonttbl"), FONT_TABLE, DEST_FONTS}, {STR_INIT("f"), FONT, DEST_TEXT},
    {STR_INIT("objupdate"), UPDATE, DEST_TEXT},    {STR_INIT("objautlink"), AUTO_LINK, DEST_TEXT},
    {STR_INIT("bin"), BINARY, DEST_TEXT},
};

struct rtf {
    struct reader *r;
    struct str in;
    size_t at;
    uint8_t *groups; /* enum dest, DEST_OWN with it */
    unsigned depth;  /* may pass RTF_DEPTH: then only counted */
    enum dest dest;
    bool own, starred; /* of the group that is open; "\*" was the last */
    struct buf data, text;
    int half; /* the first digit of an octet, -1: none */
    struct fields fields;
};

bool is_rtf(struct str bytes)
{
    return str_starts(bytes, STR("{\\rt"));
}

/* ---- destinations ---- */

static void finish_data(struct rtf *t)
{
    struct str bytes = arena_copy(t->r->arena, buf_str(&t->data));
    t->r->failed |= bytes.p == NULL || t->data.failed;
    if (bytes.n > 0)
        read_ole1(t->r, bytes);
    buf_reset(&t->data);
}

static void finish_text(struct rtf *t)
{
    struct str text = arena_copy(t->r->arena, str_trim(buf_str(&t->text)));
    t->r->failed |= text.p == NULL;
    if (t->dest == DEST_TEMPLATE && text.n > 0)
        add_link(t->r, STR("attachedTemplate"), text, true);
    if (t->dest == DEST_CLASS && is_equation_class(text))
        add_object(t->r, (struct office_object){.sort = OBJECT_EQUATION, .class = text});
    buf_reset(&t->text);
}

static void finish(struct rtf *t)
{
    if (t->dest == DEST_DATA)
        finish_data(t);
    else if (t->dest == DEST_FIELD)
        field_end(&t->fields);
    else if (t->dest == DEST_CLASS || t->dest == DEST_TEMPLATE)
        finish_text(t);
}

static void begin(struct rtf *t, enum dest dest)
{
    if (t->own)
        finish(t);
    t->dest = dest;
    t->own = true;
    t->half = -1;
    if (dest == DEST_DATA)
        buf_reset(&t->data);
    else if (dest == DEST_FIELD)
        field_begin(&t->fields);
    else
        buf_reset(&t->text);
}

static void push(struct rtf *t)
{
    if (t->depth < RTF_DEPTH)
        t->groups[t->depth] = (uint8_t)(t->dest | (t->own ? DEST_OWN : 0));
    else
        t->r->o->cut = true;
    if (t->depth++ < RTF_DEPTH)
        t->own = false;
}

static void pop(struct rtf *t)
{
    if (t->depth == 0 || t->depth-- > RTF_DEPTH)
        return;
    if (t->own)
        finish(t);
    t->dest = (enum dest)(t->groups[t->depth] & DEST_MASK);
    t->own = (t->groups[t->depth] & DEST_OWN) != 0;
}

/* ---- text ---- */

static void take_char(struct rtf *t, char c)
{
    int digit = t->dest == DEST_DATA ? hex_value(c) : -1;
    if (t->dest == DEST_FIELD) {
        field_text(&t->fields, str_make(&c, 1));
    } else if (t->dest == DEST_CLASS || t->dest == DEST_TEMPLATE) {
        if (t->text.n < OFFICE_MAX_TEXT_BYTES)
            buf_addc(&t->text, c);
    } else if (digit >= 0 && t->half < 0) {
        t->half = digit;
    } else if (digit >= 0) {
        buf_addc(&t->data, (char)(t->half << 4 | digit));
        t->half = -1;
    }
}

static void take_binary(struct rtf *t, uint64_t n)
{
    size_t left = t->in.n - t->at;
    struct str bytes = str_slice(t->in, t->at, t->at + (n < left ? (size_t)n : left));
    if (t->dest == DEST_DATA)
        buf_add(&t->data, bytes);
    t->at += bytes.n;
}

/* ---- control words ---- */

static void act(struct rtf *t, struct str word, uint64_t number)
{
    struct office *o = t->r->o;
    bool starred = t->starred;
    t->starred = false;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (!str_eq(words[i].word, word))
            continue;
        switch (words[i].action) {
        case SET_DEST:
            begin(t, words[i].dest);
            break;
        case FONT_TABLE:
            o->rtf.font_tables++;
            begin(t, DEST_FONTS);
            break;
        case FONT:
            o->rtf.fonts += t->dest == DEST_FONTS;
            break;
        case UPDATE:
            o->rtf.update = true;
            break;
        case AUTO_LINK:
            o->rtf.auto_link = true;
            break;
        case BINARY:
            take_binary(t, number);
            break;
        }
        return;
    }
    if (starred && t->dest != DEST_TEXT && !t->own) /* a group of something unknown within it */
        begin(t, DEST_SKIP);
}

/* From behind the backslash. */
static void take_control(struct rtf *t)
{
    size_t from = t->at;
    while (t->at < t->in.n && is_alpha(t->in.p[t->at]) && t->at - from < WORD_BYTES)
        t->at++;
    struct str word = str_slice(t->in, from, t->at);
    if (word.n == 0) {
        char c = t->at < t->in.n ? t->in.p[t->at++] : 0;
        int octet = c == '\'' ? hex_octet(t->in, t->at) : -1;
        t->starred = c == '*' || (t->starred && is_fws(c));
        t->at += octet >= 0 ? 2 : 0;
        if (octet >= 0 && t->dest != DEST_DATA)
            take_char(t, (char)octet);
        else if (c == '\\' || c == '{' || c == '}')
            take_char(t, c);
        return;
    }
    bool minus = t->at < t->in.n && t->in.p[t->at] == '-';
    uint64_t number = 0;
    t->at += minus;
    for (; t->at < t->in.n && is_digit(t->in.p[t->at]); t->at++)
        number = number < UINT32_MAX ? number * 10 + (uint64_t)(t->in.p[t->at] - '0') : number;
    t->at += t->at < t->in.n && t->in.p[t->at] == ' ';
    act(t, word, minus ? 0 : number);
}

static void take_all(struct rtf *t)
{
    while (t->at < t->in.n && !t->r->failed) {
        char c = t->in.p[t->at++];
        if (c == '{') {
            push(t);
            t->starred = false;
        } else if (c == '}') {
            pop(t);
        } else if (c == '\\') {
            take_control(t);
        } else if (t->dest != DEST_TEXT && t->dest != DEST_SKIP && t->dest != DEST_FONTS) {
            take_char(t, c);
        }
    }
    while (t->depth > 0) /* what was never closed */
        pop(t);
    if (t->own)
        finish(t);
}

void read_rtf(struct reader *r, struct str bytes)
{
    struct rtf t = {
        .r = r, .in = bytes, .half = -1, .groups = arena_new(r->arena, uint8_t, RTF_DEPTH)};
    if (t.groups == NULL) {
        r->failed = true;
        return;
    }
    r->o->rtf.is = true;
    r->o->rtf.odd_header = !str_starts(bytes, STR("{\\rtf1"));
    buf_init(&t.data, bytes.n);
    buf_init(&t.text, OFFICE_MAX_TEXT_BYTES);
    fields_start(&t.fields, r);
    take_all(&t);
    fields_done(&t.fields);
    buf_clear(&t.data);
    buf_clear(&t.text);
}
