/* The most forgiving reader. It knows no tree: whatever some reader takes for a delimiter parts the
 * bytes, whatever looks like a head begins an entity, and each body is decoded by every label that
 * stands above it and by what it looks like. Two passes over the lines: one for the boundaries, one
 * for the parts. */
#include "mime/lenient.h"

#include "message/encoded_word.h"
#include "message/mime_params.h"
#include "mime/param.h"

enum {
    VALUE_MAX_BYTES = 4096,
    LINES_TO_HEAD = 3, /* between a line of dashes and the field that shows it to be a delimiter */
    BOUNDARY_FIELDS_MAX = 1000,
    DASHES_BEFORE_MAX = 4 /* junk before the dashes of a delimiter that no field declares */
};

/* A body that may go on behind what looks like its end. */
struct open_body {
    bool open;
    struct head head;
    unsigned encodings;
    size_t body;
};

struct loose_reader {
    struct taker *t;
    const struct region *region;
    struct str bytes;
    struct boundary_set set;
    size_t boundary_fields;
    /* the segment and the block of fields that are open */
    size_t segment;
    bool after_delimiter; /* the segment begins with an open delimiter */
    struct head head;
    unsigned encodings;
    bool odd_label, multipart, message;
    size_t bare_body; /* the first line behind the fields that is no field */
    bool in_head, has_head;
    /* the first block of the segment that names an encoding: its body is also read on to the end of
     * the segment, over whatever looks like a head within it */
    struct open_body first;
    bool carried; /* that one, over one delimiter that is not quite one */
    /* and one is read over all that are not, to the next that is */
    struct open_body longer;
};

static struct str line_text(const struct loose_reader *r, const struct loose_line *l)
{
    return str_slice(r->bytes, l->start, l->end);
}

/* ---- first pass: boundaries ---- */

/* A field that declares a boundary. */
struct declared {
    struct loose_reader *r;
    struct str first; /* as it is read first */
    bool odd;         /* it can be read otherwise */
};

static void add_declared(struct declared *d, struct str boundary)
{
    struct loose_reader *r = d->r;
    enum boundary_source source = d->odd ? BOUNDARY_OF_ODD_FIELD : BOUNDARY_OF_FIELD;
    r->t->no_memory |= !boundary_set_add(r->t->arena, &r->set, boundary, source);
}

static bool take_boundary(void *context, const struct param_form *f)
{
    struct declared *d = context;
    struct taker *t = d->r->t;
    bool encoded = has_encoded_word(f->text), again = d->first.p != NULL;
    if (!d->odd && (encoded || (again && !str_eq(f->text, d->first)))) {
        d->odd = true;
        if (again)
            add_declared(d, d->first);
    }
    if (!again) {
        d->first = arena_copy(t->arena, str_slice(f->text, 0, BOUNDARY_BYTES_SEEN));
        t->no_memory |= d->first.p == NULL;
    }
    add_declared(d, f->text);
    if (encoded && !t->no_memory) {
        struct str decoded = encoded_word_decode(t->arena, f->text, NULL);
        t->no_memory |= decoded.p == NULL;
        add_declared(d, decoded);
    }
    return !t->no_memory && !d->r->set.full;
}

/* The value of the field whose line is `l`: with all lines behind it that are no field and not
 * blank. */
static struct str value_at(struct str bytes, const struct loose_line *l, size_t from)
{
    struct loose_line line = *l;
    size_t start = l->start + from, end = l->end;
    while (end - start < VALUE_MAX_BYTES && loose_next(bytes, line.next, &line)) {
        struct str text = str_slice(bytes, line.start, line.end);
        if (is_blank(text) || text.p[0] == '-' || (!is_wsp(text.p[0]) && is_field_like(text)))
            break;
        end = line.end;
    }
    return str_slice(str_slice(bytes, start, end), 0, VALUE_MAX_BYTES);
}

unsigned loose_labels(struct arena *arena, struct str head, bool *odd)
{
    struct loose_line l = {0};
    unsigned found = 0, fields = 0;
    size_t value;
    *odd = false;
    while (loose_next(head, l.next, &l)) {
        bool odd_one = false;
        if (loose_field(str_slice(head, l.start, l.end), &value) != LOOSE_ENCODING)
            continue;
        found |= loose_encodings(arena, value_at(head, &l, value), &odd_one);
        *odd |= odd_one || ++fields > 1;
    }
    return found;
}

static void declared_boundary(struct loose_reader *r, const struct loose_line *l, size_t from)
{
    struct str value = value_at(r->bytes, l, from);
    struct declared declared = {.r = r};
    struct param_taker taker = {take_boundary, &declared, &r->t->odd_work};
    if (str_find(value, '=') == value.n)
        return;
    if (++r->boundary_fields > BOUNDARY_FIELDS_MAX) {
        take_limit(r->t, "fields that may declare a boundary", l->start);
        return;
    }
    param_forms(value, l->start + from, STR("boundary"), &taker);
    if (r->t->odd_work == 0)
        take_limit(r->t, "odd parameters", l->start);
}

/* "--text": what stands behind the dashes, or nothing. */
static struct str dashed(struct str line)
{
    size_t i = 0;
    while (i < line.n && i < DASHES_BEFORE_MAX && line.p[i] != '-')
        i++;
    if (i + 2 >= line.n || line.p[i] != '-' || line.p[i + 1] != '-' || is_field_like(line))
        return STR_NONE;
    struct str text = str_trim(str_slice(line, i + 2, line.n));
    return str_ends(text, STR("--")) ? STR_NONE : text;
}

/* The next line that may matter; `*lines` counts those up to it, as far as they are few. */
static bool next_line(const struct loose_reader *r, struct loose_skipper *s, struct loose_line *l,
                      size_t *lines)
{
    size_t behind = loose_skip(s, r->bytes, l->next);
    while (l->next < behind && *lines <= LINES_TO_HEAD && loose_next(r->bytes, l->next, l))
        ++*lines;
    return loose_next(r->bytes, behind, l);
}

static void find_boundaries(struct loose_reader *r)
{
    struct loose_line l = {0};
    struct loose_skipper skipper = {0};
    struct str used = STR_NONE; /* of the last line of dashes */
    size_t lines = LINES_TO_HEAD, value;
    while (!r->t->no_memory && next_line(r, &skipper, &l, &lines)) {
        struct str line = line_text(r, &l), text = dashed(line);
        lines++;
        if (text.n != 0) {
            used = text;
            lines = 0;
            continue;
        }
        enum loose_field kind = loose_field(line, &value);
        if (kind == LOOSE_NONE)
            continue;
        if (lines <= LINES_TO_HEAD && used.n != 0)
            r->t->no_memory |= !boundary_set_add(r->t->arena, &r->set, used, BOUNDARY_OF_LINE);
        used = STR_NONE;
        if (kind == LOOSE_TYPE)
            declared_boundary(r, &l, value);
    }
    if (r->set.full)
        take_limit(r->t, "boundaries", 0);
    boundary_set_sort(&r->set);
}

/* ---- second pass: parts ---- */

static void read_facts(struct loose_reader *r, struct facts *f)
{
    struct head *h = &r->head;
    const struct head_field *type = head_field(h, STR("Content-Type"), false);
    const struct head_field *disposition = head_field(h, STR("Content-Disposition"), false);
    struct mime_value v = {0}, d = {0};
    bool ok = type == NULL || mime_value_parse(r->t->arena, type->value, &v);
    ok = ok && (disposition == NULL || mime_value_parse(r->t->arena, disposition->value, &d));
    r->t->no_memory |= !ok;
    *f = facts_of_text();
    f->disposition = d.word;
    f->charset = mime_param(v.params, v.n, STR("charset"));
    if (v.word.n != 0 && v.after_slash.n != 0) {
        f->type = v.word;
        f->subtype = v.after_slash;
    }
}

static size_t without_line_end(struct str bytes, size_t start, size_t end)
{
    if (end > start && bytes.p[end - 1] == '\n')
        end--;
    return end > start && bytes.p[end - 1] == '\r' ? end - 1 : end;
}

/* The bytes [from, to) as a body under the head that was read, if there is one. */
static void body(struct loose_reader *r, size_t from, size_t to, bool plain_too)
{
    struct loose_body b = {.encodings = r->encodings,
                           .odd_label = r->odd_label,
                           .guess = (r->first.open && from == r->first.body) ||
                                    (r->longer.open && from == r->longer.body)};
    /* what stands before the parts of a multipart is none, unless a label makes it more */
    b.is_part = plain_too && (r->has_head || r->after_delimiter) &&
                (!r->multipart || r->encodings != 0 || r->odd_label);
    struct leaf *l = &b.leaf;
    if (from >= to && !b.is_part)
        return;
    *l = (struct leaf){.region = r->region,
                       .view = VIEW_LENIENT,
                       .path = r->region->path,
                       .body = from,
                       .end = from < to ? to : from,
                       .depth = r->region->depth,
                       .head = r->has_head ? &r->head : NULL,
                       .message_depth = r->region->message_depth};
    read_facts(r, &l->facts);
    b.holds_message = r->multipart || r->message;
    take_loose_body(r->t, &b);
}

/* A block of fields is over, and so is the body behind it. */
static void close_block(struct loose_reader *r, size_t body_start, size_t end)
{
    if (r->has_head && r->bare_body < body_start)
        body(r, r->bare_body, end, false);
    body(r, body_start < end ? body_start : end, end, true);
}

static void reset_block(struct loose_reader *r)
{
    r->head.n = 0;
    r->encodings = 0;
    r->odd_label = r->multipart = r->message = r->has_head = r->in_head = false;
    r->bare_body = SIZE_MAX;
}

static void open_first(struct loose_reader *r, size_t body_start)
{
    r->first = (struct open_body){true, r->head, r->encodings, body_start};
    r->carried = false;
    if (!r->longer.open)
        r->longer = r->first;
}

static void close_open(struct loose_reader *r, const struct open_body *b, size_t end)
{
    r->head = b->head;
    r->encodings = b->encodings;
    r->has_head = true;
    body(r, b->body, end, false);
    reset_block(r);
}

/* `sure`: every reader takes the delimiter at `end` for one; else the body may go on behind it, for
 * one segment more, or to the next sure one. */
static void close_segment(struct loose_reader *r, size_t body_start, size_t end, bool sure)
{
    bool was_open = r->first.open;
    close_block(r, body_start, end);
    if (!was_open && !sure && r->encodings != 0)
        open_first(r, body_start);
    reset_block(r);
    if (was_open) {
        close_open(r, &r->first, end);
        r->first.open = !sure && !r->carried;
    }
    r->carried = r->first.open;
    if (r->longer.open && sure) {
        if (!was_open || r->longer.body != r->first.body)
            close_open(r, &r->longer, end);
        r->longer.open = false;
    }
}

static bool holds(struct str value, struct str word)
{
    return str_isearch(value, word) < value.n;
}

static void add_field(struct loose_reader *r, enum loose_field kind, const struct loose_line *l,
                      size_t from)
{
    static const struct str names[] = {[LOOSE_TYPE] = STR_INIT("Content-Type"),
                                       [LOOSE_ENCODING] = STR_INIT("Content-Transfer-Encoding"),
                                       [LOOSE_DISPOSITION] = STR_INIT("Content-Disposition"),
                                       [LOOSE_OTHER] = STR_INIT("Content-Other")};
    struct str value = value_at(r->bytes, l, from);
    struct head *h = &r->head;
    if (!r->has_head)
        h->start = l->start;
    r->has_head = true;
    if (kind == LOOSE_ENCODING) {
        bool odd;
        r->encodings |= loose_encodings(r->t->arena, value, &odd);
        r->odd_label |= odd || head_field(h, names[kind], false) != NULL;
    }
    if (kind == LOOSE_TYPE) {
        r->multipart |= holds(value, STR("multipart")) || holds(value, STR("boundary"));
        r->message |= holds(value, STR("message"));
    }
    if (h->n < HEAD_FIELDS_KEPT)
        h->fields[h->n++] = (struct head_field){names[kind], value, l->start + from};
}

static void head_line(struct loose_reader *r, const struct loose_line *l, size_t *block)
{
    struct str line = line_text(r, l);
    size_t from;
    enum loose_field kind = loose_field(line, &from);
    if (kind != LOOSE_NONE) {
        add_field(r, kind, l, from);
    } else if (is_blank(line)) {
        r->in_head = false;
        *block = l->next;
    } else if (r->has_head && r->bare_body == SIZE_MAX && !is_wsp(line.p[0]) &&
               !is_field_like(line)) {
        r->bare_body = l->start;
    }
}

static void body_line(struct loose_reader *r, const struct loose_line *l, size_t *block)
{
    struct str line = line_text(r, l);
    size_t from;
    enum loose_field kind = loose_field(line, &from);
    if (kind == LOOSE_NONE)
        return;
    if (!is_blank(str_slice(r->bytes, *block, l->start))) {
        /* fields amid a body begin an entity of their own */
        if (!r->first.open && r->encodings != 0)
            open_first(r, *block);
        close_block(r, *block, without_line_end(r->bytes, *block, l->start));
        reset_block(r);
    }
    r->in_head = true;
    add_field(r, kind, l, from);
    *block = r->bytes.n;
}

/* Where in the line a delimiter stands: offset of its dashes, or line.n. `*open`: it opens a
 * part; `*sure`: to every reader, since a field declares just that. In a head it begins a line:
 * fields that declare it are none. */
static size_t delimiter_in(const struct loose_reader *r, struct str line, bool *open, bool *sure)
{
    *sure = false;
    size_t i = vec_find(line.p, line.n, '-', '-');
    if (i == line.n || (r->in_head && !is_blank(str_slice(line, 0, i))))
        return line.n;
    while (i < line.n) {
        size_t end = i;
        while (end < line.n && line.p[end] == '-')
            end++;
        struct str text = str_slice(line, end, line.n);
        const struct boundary *b = end - i < 2 ? NULL : boundary_set_match(&r->set, text);
        if (end - i >= 2 && b == NULL && text.n > 0 &&
            is_wsp(text.p[0])) { /* a boundary may begin with a space */
            struct str trimmed = str_trim_wsp(text);
            b = boundary_set_match(&r->set, trimmed);
            text = b == NULL ? text : trimmed;
        }
        if (b != NULL) {
            struct str rest = str_trim(str_slice(text, b->core.n, text.n));
            *open = !str_starts(rest, STR("--"));
            *sure = i == 0 && end == b->dashes && (rest.n == 0 || str_eq(rest, STR("--")));
            return i;
        }
        if (r->set.dashes != 0 && i == 0 && end - i >= r->set.dashes && is_blank(text)) {
            *open = true;
            return i;
        }
        if (r->in_head)
            break;
        i = end + vec_find(text.p, text.n, '-', '-');
    }
    return line.n;
}

/* Is the line one to readers to whom CR alone ends none? */
static bool is_whole(struct str bytes, const struct loose_line *l)
{
    return (l->start == 0 || bytes.p[l->start - 1] == '\n') &&
           (l->next == bytes.n || bytes.p[l->next - 1] == '\n');
}

static void find_parts(struct loose_reader *r)
{
    struct loose_line l = {0};
    struct loose_skipper skipper = {0};
    size_t block = 0; /* where the body of the open one begins */
    bool open = false, sure = false;
    reset_block(r);
    r->in_head = true;
    while (!r->t->no_memory) {
        size_t next = r->in_head ? l.next : loose_skip(&skipper, r->bytes, l.next);
        if (!loose_next(r->bytes, next, &l))
            break;
        struct str line = line_text(r, &l);
        size_t at = delimiter_in(r, line, &open, &sure);
        if (at < line.n) {
            size_t end = l.start + at;
            size_t body_at = r->in_head ? end : block;
            close_segment(r, body_at, at == 0 ? without_line_end(r->bytes, r->segment, end) : end,
                          sure && is_whole(r->bytes, &l));
            r->segment = l.next;
            r->after_delimiter = open;
            r->in_head = true;
            block = l.next;
        } else if (r->in_head) {
            head_line(r, &l, &block);
        } else {
            body_line(r, &l, &block);
        }
    }
    close_segment(r, r->in_head ? r->bytes.n : block, r->bytes.n, true);
}

/* What a reader shows that finds no structure in an odd head: all behind it, as one body. */
static void take_unstructured(struct loose_reader *r)
{
    static const struct str encoding = STR_INIT("Content-Transfer-Encoding");
    struct head_rules rules = {.eol = EOL_LF};
    struct loose_body b = {.is_part = true, .guess = true, .odd_label = true};
    struct facts f;
    head_read(&rules, r->bytes, 0, &r->head);
    if (!facts_read(r->t->arena, &r->head, VIEW_LAST, false, &f)) {
        r->t->no_memory = true;
        return;
    }
    for (size_t i = 0; i < r->head.n; i++) {
        bool odd;
        if (str_ieq(r->head.fields[i].name, encoding))
            b.encodings |= loose_encodings(r->t->arena, r->head.fields[i].value, &odd);
    }
    b.leaf = (struct leaf){.region = r->region,
                           .view = VIEW_LENIENT,
                           .path = r->region->path,
                           .body = r->head.body,
                           .end = r->bytes.n,
                           .depth = r->region->depth,
                           .message_depth = r->region->message_depth};
    b.leaf.facts = facts_of_text();
    if (f.odd && r->head.body < r->bytes.n)
        take_loose_body(r->t, &b);
}

void walk_lenient(struct taker *t, const struct region *region)
{
    struct loose_reader r = {.t = t, .region = region, .bytes = region->bytes};
    if (!boundary_set_init(t->arena, &r.set)) {
        t->no_memory = true;
        return;
    }
    take_unstructured(&r);
    find_boundaries(&r);
    if (!t->no_memory)
        find_parts(&r);
}
