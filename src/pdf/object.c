/* Objects wherever they stand: "7 0 obj" in the bytes, and those packed in object streams. */
#include <stdlib.h>

#include "pdf/pdf_internal.h"

enum {
    COMMENT_MAX = 256, /* bytes of one between the numbers and "obj" */
    DIGITS_MAX = 10,
    MAX_FOLLOWED = 8
};

struct pdf_object *pdf_add_object(struct pdf_reader *r)
{
    if (r->n_objects == PDF_MAX_OBJECTS) {
        pdf_limit(r, PDF_LIMIT_OBJECTS);
        return NULL;
    }
    if (r->n_objects == r->cap_objects) {
        size_t cap = r->cap_objects == 0 ? 64 : 2 * r->cap_objects;
        void *p = arena_grow(&r->own, r->objects, r->n_objects, cap, sizeof *r->objects);
        if (p == NULL) {
            r->starved = true;
            return NULL;
        }
        r->objects = p;
        r->cap_objects = cap;
    }
    struct pdf_object *o = &r->objects[r->n_objects++];
    *o = (struct pdf_object){.owner = PDF_NO_OBJECT};
    return o;
}

/* ---- where they begin ---- */

/* Before white space, and before a comment that ends at a line end in it. */
static size_t back_over_space(struct str s, size_t at)
{
    for (;;) {
        bool line_end = false;
        for (; at > 0 && pdf_char_of(s.p[at - 1]) == PDF_CHAR_SPACE; at--)
            line_end |= s.p[at - 1] == '\n' || s.p[at - 1] == '\r';
        if (!line_end || at == 0 || is_digit(s.p[at - 1]))
            return at;
        size_t from = at > COMMENT_MAX ? at - COMMENT_MAX : 0, start = at;
        while (start > from && s.p[start - 1] != '\n' && s.p[start - 1] != '\r')
            start--;
        size_t percent = str_find(str_slice(s, start, at), '%');
        if (percent == at - start)
            return at;
        at = start + percent;
    }
}

static bool back_over_number(struct str s, size_t *at, uint32_t *out)
{
    uint64_t v = 0, unit = 1;
    size_t n = 0;
    for (; *at > 0 && is_digit(s.p[*at - 1]) && n < DIGITS_MAX; n++) {
        v += unit * (uint64_t)(s.p[--*at] - '0');
        unit *= 10;
    }
    *out = v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
    return n > 0;
}

/* Do two numbers stand before `at`? */
static bool numbers_before(struct str s, size_t at, struct pdf_object *o)
{
    size_t before = back_over_space(s, at);
    if (!back_over_number(s, &before, &o->generation))
        return false;
    size_t gap = back_over_space(s, before);
    if (gap == before || !back_over_number(s, &gap, &o->number))
        return false;
    o->at = gap;
    return true;
}

/* Where the data begins: behind the line end after "stream". */
static void begin_stream(struct pdf_reader *r, struct pdf_object *o, size_t at)
{
    struct str s = r->bytes;
    while (at < s.n && (s.p[at] == ' ' || s.p[at] == '\t'))
        at++;
    if (at < s.n && s.p[at] == '\r')
        at++;
    if (at < s.n && s.p[at] == '\n')
        at++;
    o->has_stream = true;
    o->data = o->data_end = at;
}

static void read_object(struct pdf_reader *r, const struct pdf_object *found, size_t at)
{
    struct pdf_object *o = pdf_add_object(r);
    if (o == NULL)
        return;
    *o = *found;
    o->owner = PDF_NO_OBJECT;
    if (pdf_tokens(r, r->bytes, &at, false, o) == PDF_STOP_STREAM)
        begin_stream(r, o, at);
}

size_t pdf_find(struct str s, size_t at, struct str word, size_t rare)
{
    while (at + word.n <= s.n) {
        const char *p = memchr(s.p + at + rare, word.p[rare], s.n - at - word.n + 1);
        if (p == NULL)
            break;
        at = (size_t)(p - s.p) - rare;
        if (memcmp(s.p + at, word.p, word.n) == 0)
            return at;
        at++;
    }
    return s.n;
}

/* The next place of a word that stands alone, or s.n. */
static size_t find_word(struct str s, size_t at, struct str word, size_t rare)
{
    while (at < s.n) {
        at = pdf_find(s, at, word, rare);
        size_t end = at + word.n;
        if (at == s.n || ((end >= s.n || pdf_char_of(s.p[end]) != PDF_CHAR_REGULAR) &&
                          (at == 0 || pdf_char_of(s.p[at - 1]) != PDF_CHAR_REGULAR ||
                           (is_digit(s.p[at - 1]) && *word.p == 'o'))))
            break;
        at = end;
    }
    return at < s.n ? at : s.n;
}

static void find_trailers(struct pdf_reader *r)
{
    static const struct str word = STR_INIT("trailer");
    for (size_t at = 0; (at = find_word(r->bytes, at, word, 4)) < r->bytes.n && !r->starved;) {
        struct pdf_object found = {.at = at, .is_trailer = true};
        at += word.n;
        read_object(r, &found, at);
    }
}

/* ---- by number ---- */

/* qsort has no context: what is sorted carries its keys. */
struct place {
    uint32_t number, index;
    size_t at;
};

static int by_number(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

void pdf_sort_objects(struct pdf_reader *r)
{
    struct place *places = arena_new(&r->own, struct place, r->n_objects + 1);
    r->by_number = arena_new(&r->own, uint32_t, r->n_objects + 1);
    r->n_by_number = 0;
    if (places == NULL || r->by_number == NULL) {
        r->starved = true;
        return;
    }
    for (uint32_t i = 0; i < r->n_objects; i++)
        if (!r->objects[i].is_trailer)
            places[r->n_by_number++] = (struct place){r->objects[i].number, i, r->objects[i].at};
    qsort(places, r->n_by_number, sizeof *places, by_number);
    for (size_t i = 0; i < r->n_by_number; i++)
        r->by_number[i] = places[i].index;
}

size_t pdf_definitions(const struct pdf_reader *r, int64_t number,
                       struct pdf_object *out[PDF_MAX_DEFINITIONS])
{
    size_t low = 0, high = r->n_by_number, n = 0;
    while (low < high) { /* the first that is greater */
        size_t middle = low + (high - low) / 2;
        if ((int64_t)r->objects[r->by_number[middle]].number > number)
            high = middle;
        else
            low = middle + 1;
    }
    while (low > 0 && n < PDF_MAX_DEFINITIONS &&
           (int64_t)r->objects[r->by_number[low - 1]].number == number)
        out[n++] = &r->objects[r->by_number[--low]];
    return n;
}

uint32_t pdf_dict_of(const struct pdf_reader *r, const struct pdf_object *o)
{
    return o->first < o->end && r->nodes[o->first].kind == PDF_NODE_DICT ? o->first : PDF_NO_NODE;
}

uint32_t pdf_get(struct pdf_reader *r, uint32_t dict, enum pdf_word key)
{
    uint32_t found = PDF_NO_NODE;
    if (!pdf_is(r, dict, PDF_NODE_DICT) || r->work_left == 0)
        return PDF_NO_NODE;
    uint32_t end = r->nodes[dict].end, steps = 0;
    for (uint32_t i = dict + 1; i < end; steps++) {
        bool is_key = r->nodes[i].kind == PDF_NODE_NAME;
        uint32_t value = r->nodes[i].end;
        if (is_key && value < end && r->nodes[i].word == key)
            found = value;
        i = is_key && value < end ? r->nodes[value].end : value;
    }
    return pdf_work(r, (uint64_t)steps * PDF_ENTRY_WORK) ? found : PDF_NO_NODE;
}

uint32_t pdf_follow(struct pdf_reader *r, uint32_t node, const struct pdf_object **o)
{
    struct pdf_object *of[PDF_MAX_DEFINITIONS];
    for (unsigned i = 0; i < MAX_FOLLOWED && pdf_is(r, node, PDF_NODE_REF); i++) {
        if (pdf_definitions(r, r->nodes[node].number, of) == 0 || of[0]->first == of[0]->end)
            return PDF_NO_NODE;
        *o = of[0];
        node = of[0]->first;
    }
    return node;
}

int64_t pdf_number(struct pdf_reader *r, uint32_t node, int64_t otherwise)
{
    const struct pdf_object *o = NULL;
    node = pdf_follow(r, node, &o);
    return pdf_is(r, node, PDF_NODE_NUMBER) ? r->nodes[node].number : otherwise;
}

/* ---- where their streams end ---- */

static bool ends_there(struct str s, size_t at)
{
    static const struct str words[] = {STR_INIT("endstream"), STR_INIT("endobj")};
    while (at < s.n && pdf_char_of(s.p[at]) == PDF_CHAR_SPACE)
        at++;
    struct str rest = str_slice(s, at, s.n);
    return str_starts(rest, words[0]) || str_starts(rest, words[1]);
}

/* Objects come in the order of the bytes, so all searches together pass once over them. */
static void end_stream(struct pdf_reader *r, struct pdf_object *o)
{
    static const struct str word = STR_INIT("endstream");
    struct str s = r->bytes;
    int64_t n = pdf_number(r, pdf_get(r, pdf_dict_of(r, o), PDF_W_LENGTH), -1);
    if (n >= 0 && (uint64_t)n <= s.n - o->data && pdf_work(r, 1) &&
        ends_there(s, o->data + (size_t)n)) {
        o->data_end = o->data + (size_t)n;
        return;
    }
    if (r->next_endstream < o->data)
        r->next_endstream = pdf_find(s, o->data, word, 8);
    o->data_end = r->next_endstream;
    if (o->data_end > o->data && s.p[o->data_end - 1] == '\n')
        o->data_end--;
    if (o->data_end > o->data && s.p[o->data_end - 1] == '\r')
        o->data_end--;
}

void pdf_find_objects(struct pdf_reader *r)
{
    static const struct str word = STR_INIT("obj");
    for (size_t at = 0; (at = find_word(r->bytes, at, word, 2)) < r->bytes.n && !r->starved;) {
        struct pdf_object found = {.owner = PDF_NO_OBJECT};
        bool is_object = numbers_before(r->bytes, at, &found);
        at += word.n;
        if (is_object)
            read_object(r, &found, at);
    }
    find_trailers(r);
    pdf_sort_objects(r);
    for (size_t i = 0; i < r->n_objects && !r->starved; i++)
        if (r->objects[i].has_stream)
            end_stream(r, &r->objects[i]);
}

/* ---- object streams ---- */

static bool header_number(struct str s, size_t *at, int64_t *out)
{
    *at = pdf_skip_space(s, *at);
    size_t start = *at;
    *out = 0;
    for (; *at < s.n && is_digit(s.p[*at]) && *at - start < DIGITS_MAX; ++*at)
        *out = *out * 10 + (s.p[*at] - '0');
    return *at > start;
}

/* The header pairs numbers with places, counted from /First. */
static void unpack(struct pdf_reader *r, size_t at_in_bytes, struct str s, int64_t n, int64_t first)
{
    size_t at = 0;
    int64_t number, place;
    for (int64_t i = 0; i < n && !r->starved; i++) {
        if (!header_number(s, &at, &number) || !header_number(s, &at, &place))
            return;
        if (first + place >= (int64_t)s.n)
            continue;
        struct pdf_object *o = pdf_add_object(r);
        if (o == NULL)
            return;
        size_t from = (size_t)(first + place);
        o->number = (uint32_t)(number > UINT32_MAX ? UINT32_MAX : number);
        o->at = at_in_bytes;
        o->packed = true;
        pdf_tokens(r, s, &from, true, o);
    }
}

void pdf_unpack_objects(struct pdf_reader *r)
{
    size_t n = r->n_objects;
    for (size_t i = 0; i < n && !r->starved; i++) {
        struct pdf_object *o = &r->objects[i];
        uint32_t dict = pdf_dict_of(r, o);
        bool cut = false;
        if (!o->has_stream || !pdf_is_word(r, pdf_get(r, dict, PDF_W_TYPE), PDF_W_OBJSTM))
            continue;
        int64_t count = pdf_number(r, pdf_get(r, dict, PDF_W_N), 0);
        int64_t first = pdf_number(r, pdf_get(r, dict, PDF_W_FIRST), -1);
        struct str s = pdf_stream(r, o, &r->inflate_left, PDF_LIMIT_INFLATED, &cut);
        if (s.p == NULL || first < 0 || first > (int64_t)s.n)
            continue;
        o->is_taken = true;
        s = arena_copy(&r->own, s); /* its nodes point into it */
        if (s.p == NULL)
            r->starved = true;
        else
            unpack(r, o->at, s, count, first);
    }
    if (r->n_objects > n)
        pdf_sort_objects(r);
}
