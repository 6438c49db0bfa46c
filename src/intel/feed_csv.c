/* Tables: RFC 4180, with the comments, spaces and separators that lists have in practice. */
#include <stdio.h>

#include "intel/feed_internal.h"

struct csv {
    struct feed_reader *r;
    struct str rest;             /* what was not read yet */
    char separator;              /* 0: not found out yet */
    size_t head;                 /* fields of the head, where columns have names; 0: none yet */
    size_t column[COLUMN_COUNT]; /* where each is; from 1, 0: nowhere */
    struct str fields[FEED_MAX_COLUMNS];
    size_t n_fields;
};

/* ---- records ---- */

enum scan { SCAN_RECORD, SCAN_OPEN, SCAN_NO_MEMORY };

/* A field in quotes, `*s` behind the first; two quotes are one. False: it does not end. */
static bool skip_quoted(struct str *s, struct str *inside, bool *doubled)
{
    size_t i = 0;
    *doubled = false;
    for (;;) {
        const char *end = i < s->n ? memchr(s->p + i, '"', s->n - i) : NULL;
        if (end == NULL)
            return false;
        i = (size_t)(end - s->p) + 1;
        if (i == s->n || s->p[i] != '"')
            break;
        *doubled = true;
        i++;
    }
    *inside = str_slice(*s, 0, i - 1);
    *s = str_slice(*s, i, s->n);
    return true;
}

static bool undouble(struct arena *a, struct str *s)
{
    char *out = arena_alloc(a, s->n, 1);
    size_t n = 0;
    if (out == NULL)
        return false;
    for (size_t i = 0; i < s->n; i++) {
        out[n++] = s->p[i];
        i += s->p[i] == '"';
    }
    *s = str_make(out, n);
    return true;
}

/* Up to the next separator or line end, which stays. */
static struct str take_bare(struct str *s, char separator)
{
    size_t n = 0;
    while (n < s->n && s->p[n] != separator && s->p[n] != '\n')
        n++;
    struct str field = str_trim(str_slice(*s, 0, n));
    *s = str_slice(*s, n, s->n);
    return field;
}

static enum scan take_field(struct csv *c, struct str *s, struct str *out)
{
    bool doubled;
    while (s->n > 0 && is_wsp(s->p[0]) && s->p[0] != c->separator)
        *s = str_slice(*s, 1, s->n);
    if (s->n == 0 || s->p[0] != '"') {
        *out = take_bare(s, c->separator);
        return SCAN_RECORD;
    }
    *s = str_slice(*s, 1, s->n);
    if (!skip_quoted(s, out, &doubled))
        return SCAN_OPEN;
    if (doubled && !undouble(&c->r->scratch, out))
        return SCAN_NO_MEMORY;
    (void)take_bare(s, c->separator); /* "abc"de: what is behind the quote is not looked at */
    return SCAN_RECORD;
}

/* The next record of `*s` into c->fields; `*s` moves behind it, unless it is open. */
static enum scan take_record(struct csv *c, struct str *s)
{
    struct str in = *s;
    c->n_fields = 0;
    for (;;) {
        struct str field;
        enum scan got = take_field(c, &in, &field);
        if (got != SCAN_RECORD)
            return got;
        if (c->n_fields < FEED_MAX_COLUMNS)
            c->fields[c->n_fields++] = field;
        bool more = in.n > 0 && in.p[0] == c->separator;
        in = in.n > 0 ? str_slice(in, 1, in.n) : STR_NONE;
        if (!more)
            break;
    }
    *s = in;
    return SCAN_RECORD;
}

/* ---- heads ---- */

/* The separator that stands most often outside of quotes. */
static char separator_of(struct str line)
{
    static const char separators[] = {',', ';', '\t'};
    size_t counts[sizeof separators] = {0}, best = 0;
    bool quoted = false;
    for (size_t i = 0; i < line.n; i++) {
        quoted ^= line.p[i] == '"';
        for (size_t k = 0; k < sizeof separators && !quoted; k++)
            counts[k] += line.p[i] == separators[k];
    }
    for (size_t k = 1; k < sizeof separators; k++)
        if (counts[k] > counts[best])
            best = k;
    return separators[best];
}

static bool is_number(struct str s, size_t *out)
{
    uint64_t v;
    if (!str_to_u64(s, FEED_MAX_COLUMNS, &v) || v == 0)
        return false;
    *out = (size_t)v;
    return true;
}

/* Columns by number; the first one is the value when nothing is said. True: all are known. */
static bool take_numbers(struct csv *c)
{
    const struct str *names = c->r->feed->columns;
    bool known = true;
    for (size_t k = 0; k < COLUMN_COUNT; k++)
        known &= names[k].n == 0 || is_number(names[k], &c->column[k]);
    if (names[COLUMN_VALUE].n == 0)
        c->column[COLUMN_VALUE] = 1;
    return known;
}

/* Is the record a head: does it name the value? Then the columns are known. */
static bool take_head(struct csv *c)
{
    const struct str *names = c->r->feed->columns;
    size_t found[COLUMN_COUNT] = {0};
    for (size_t k = 0; k < COLUMN_COUNT; k++) {
        if (names[k].n == 0 || is_number(names[k], &found[k]))
            continue;
        for (size_t i = c->n_fields; i > 0; i--)
            if (str_ieq(str_trim(c->fields[i - 1]), names[k]))
                found[k] = i;
    }
    if (found[COLUMN_VALUE] == 0 || c->n_fields < c->head)
        return false; /* a comment of fewer words is none */
    memcpy(c->column, found, sizeof found);
    c->head = c->n_fields;
    return true;
}

/* A head may be a comment: "# id,url". */
static enum scan try_comment(struct csv *c, struct str line)
{
    char separator = c->separator;
    while (line.n > 0 && (line.p[0] == '#' || is_wsp(line.p[0])))
        line = str_slice(line, 1, line.n);
    if (separator == 0)
        c->separator = separator_of(line);
    enum scan got = take_record(c, &line);
    if (got != SCAN_RECORD || !take_head(c))
        c->separator = separator;
    return got == SCAN_OPEN ? SCAN_RECORD : got;
}

/* What the head should have, and has not. */
static int check_columns(struct csv *c, const char *at)
{
    const struct feed *f = c->r->feed;
    for (size_t k = 0; k < COLUMN_COUNT; k++) {
        if (f->columns[k].n == 0 || c->column[k] != 0)
            continue;
        char why[FEED_MAX_WHY_BYTES];
        snprintf(why, sizeof why, "no column '" STR_FMT "'",
                 STR_ARG(str_slice(f->columns[k], 0, 80)));
        bool needed = k == COLUMN_VALUE || (k == COLUMN_KIND && f->kind == INDICATOR_KIND_COUNT);
        if (needed)
            return feed_fail(c->r, at, why);
        if (c->r->page.why.n == 0)
            c->r->page.why = arena_fmt(c->r->arena, "line %llu: %s",
                                       (unsigned long long)feed_line(c->r, at), why);
    }
    return MP_OK;
}

/* ---- the file ---- */

static int add_record(struct csv *c, const char *at)
{
    struct str texts[COLUMN_COUNT];
    for (size_t k = 0; k < COLUMN_COUNT; k++)
        texts[k] = c->column[k] > 0 && c->column[k] <= c->n_fields ? c->fields[c->column[k] - 1]
                                                                   : STR_NONE;
    c->r->page.counts.lines++;
    return feed_add_texts(c->r, at, texts);
}

/* A head above columns that have numbers: its word for the value is a word. */
static bool is_head_word(struct str s)
{
    bool letters = false;
    for (size_t i = 0; i < s.n; i++) {
        letters |= is_alpha(s.p[i]);
        if (!is_alpha(s.p[i]) && s.p[i] != '_' && s.p[i] != '-' && s.p[i] != ' ')
            return false;
    }
    return letters;
}

/* The first record that is no comment. */
static int first_record(struct csv *c, const char *at)
{
    if (c->head > 0) {
        int st = check_columns(c, at);
        size_t value = c->column[COLUMN_VALUE];
        bool again = value <= c->n_fields &&
                     str_ieq(str_trim(c->fields[value - 1]), c->r->feed->columns[COLUMN_VALUE]);
        return st != MP_OK || again ? st : add_record(c, at);
    }
    if (take_numbers(c)) {
        size_t value = c->column[COLUMN_VALUE];
        return value <= c->n_fields && is_head_word(c->fields[value - 1]) ? MP_OK
                                                                          : add_record(c, at);
    }
    (void)take_head(c);
    return check_columns(c, at);
}

/* Behind the end of the line that holds the last byte of a record that is too long. */
static void skip_long(struct csv *c, const char *at, enum scan got)
{
    c->r->page.counts.lines++;
    if (got == SCAN_OPEN) { /* it takes what stands behind with it, and that is said */
        c->r->page.counts.cut = true;
        feed_refuse(c->r, at, "a quote that does not end");
    } else {
        feed_refuse(c->r, at, "longer than %d bytes", FEED_MAX_CSV_RECORD_BYTES);
    }
    c->rest = str_slice(c->rest, FEED_MAX_CSV_RECORD_BYTES, c->rest.n);
    c->rest = str_slice(c->rest, str_find(c->rest, '\n') + 1, c->rest.n);
}

static int step_record(struct csv *c, bool *first)
{
    const char *at = c->rest.p;
    struct str record = str_slice(c->rest, 0, FEED_MAX_CSV_RECORD_BYTES);
    bool whole = record.n == c->rest.n;
    if (c->separator == 0)
        c->separator = separator_of(str_slice(record, 0, str_find(record, '\n')));
    enum scan got = take_record(c, &record);
    if (got == SCAN_NO_MEMORY)
        return feed_no_memory(c->r);
    if (got == SCAN_OPEN || (record.p == NULL && !whole)) {
        skip_long(c, at, got);
        return MP_OK;
    }
    c->rest = record.p == NULL ? STR_NONE : str_slice(c->rest, (size_t)(record.p - at), c->rest.n);
    if (!*first)
        return add_record(c, at);
    *first = false;
    return first_record(c, at);
}

static int step(struct csv *c, bool *first)
{
    struct str line = str_slice(c->rest, 0, FEED_MAX_CSV_RECORD_BYTES);
    line = str_trim(str_slice(line, 0, str_find(line, '\n')));
    feed_next_record(c->r);
    if (line.n > 0 && line.p[0] != '#')
        return step_record(c, first);
    enum scan got = line.n > 0 && *first ? try_comment(c, line) : SCAN_RECORD;
    c->rest = str_slice(c->rest, str_find(c->rest, '\n') + 1, c->rest.n);
    return got == SCAN_NO_MEMORY ? feed_no_memory(c->r) : MP_OK;
}

int feed_read_csv(struct feed_reader *r)
{
    struct csv c = {.r = r, .rest = r->bytes, .separator = r->feed->separator};
    bool first = true;
    int st = MP_OK;
    while (st == MP_OK && c.rest.n > 0)
        st = step(&c, &first);
    return st;
}
