/* One reader's walk over a message: multiparts by their delimiters, inner messages in place. The
 * strict walk also notes whatever another reader could take in another way. */
#include "base/vec.h"
#include "mime/lenient.h"
#include "mime/open_boundaries.h"

enum { CLOSED_KEPT = 64, DELIMITER_MAX = 1000 };

/* A multipart that is open. */
struct frame {
    struct str boundary;
    struct str path;
    unsigned children, depth, message_depth;
    bool digest;
    bool odd; /* another reader may see no multipart in it */
    enum body_encoding encoding;
    size_t start;
};

/* Boundaries without the dashes that they begin with. */
struct core_list {
    struct str sorted[CLOSED_KEPT + MIME_UNION_MAX_DEPTH];
    uint32_t shorter[CLOSED_KEPT + MIME_UNION_MAX_DEPTH];
    struct prefix_list list; /* these two */
};

struct walker {
    struct taker *t;
    const struct region *region;
    struct str bytes;
    enum mime_view view;
    enum mime_view fields;  /* who reads these */
    enum mime_view seen_by; /* whose the leaves are */
    struct head_rules head_rules;
    struct frame stack[MIME_UNION_MAX_DEPTH];
    unsigned depth;              /* of the stack */
    struct open_boundaries open; /* those of the stack */
    struct frame left;           /* whose closing delimiter was the last; start SIZE_MAX: none */
    size_t n_closed;             /* multiparts that were left */
    struct core_list seen;       /* boundaries of these and of the stack, in the strict walk */
    struct leaf leaf;            /* the body that is open */
    bool in_leaf;
    size_t outside; /* where preamble or epilogue began, when no leaf is open */
    struct head head;
    size_t parts;
};

struct entity {
    struct str path;
    unsigned depth, message_depth;
    bool digest, in_message;
};

static bool is_strict(const struct walker *w)
{
    return w->view == VIEW_STRICT;
}

/* ---- delimiters ---- */

enum delimiter { DELIMITER_NONE, DELIMITER_OPEN, DELIMITER_CLOSE };

static bool at_line_start(const struct walker *w, size_t pos)
{
    if (pos == 0)
        return true;
    if (w->bytes.p[pos - 1] != '\n')
        return false;
    return w->head_rules.eol == EOL_LF || (pos > 1 && w->bytes.p[pos - 2] == '\r');
}

/* What stands behind the boundary: all but FIRST allow white space only (RFC 2046 5.1.1), for which
 * all but STRICT take CR too, wherever it stands in it. */
static enum delimiter delimiter_kind(struct walker *w, struct str rest)
{
    enum delimiter kind = DELIMITER_OPEN;
    if (str_starts(rest, STR("--"))) {
        kind = DELIMITER_CLOSE;
        rest = str_slice(rest, 2, rest.n);
    }
    size_t blank = 0;
    while (blank < rest.n &&
           (is_wsp(rest.p[blank]) || (rest.p[blank] == '\r' && w->seen_by != VIEW_STRICT)))
        blank++;
    bool end = blank == rest.n || rest.p[blank] == '\n' ||
               (rest.p[blank] == '\r' && blank + 1 < rest.n && rest.p[blank + 1] == '\n');
    if (is_strict(w) && (blank > 0 || !end))
        w->t->doubt = true;
    return end || w->view == VIEW_FIRST ? kind : DELIMITER_NONE;
}

/* At "--" that begins a line: whose delimiter is it? FIRST and STRICT ask the innermost multipart
 * first, LAST the outermost. */
static enum delimiter delimiter_at(struct walker *w, size_t pos, unsigned *level)
{
    struct str text = str_slice(w->bytes, pos + 2, pos + DELIMITER_MAX);
    uint32_t levels = open_boundaries_match(&w->open, text);
    while (levels != 0) {
        unsigned i =
            (unsigned)(w->view == VIEW_LAST ? __builtin_ctz(levels) : 31 - __builtin_clz(levels));
        levels &= ~((uint32_t)1 << i);
        enum delimiter kind = delimiter_kind(w, str_slice(text, w->stack[i].boundary.n, text.n));
        if (kind != DELIMITER_NONE) {
            *level = i;
            return kind;
        }
    }
    return DELIMITER_NONE;
}

static bool ends_head(void *walker, size_t pos)
{
    unsigned level;
    return delimiter_at(walker, pos, &level) != DELIMITER_NONE;
}

/* A run of dashes that is no delimiter, but has the text of one behind it: of a multipart that is
 * open or was left. */
static bool resembles_delimiter(const struct walker *w, size_t behind)
{
    struct str text = str_slice(w->bytes, behind, w->bytes.n);
    while (text.n > 0 && is_wsp(text.p[0]))
        text = str_slice(text, 1, text.n);
    return prefix_list_match(&w->seen.list, text) != 0;
}

static inline vec dashes_at_start(const char *p)
{
    vec before = vec_load(p - 1), v = vec_load(p), after = vec_load(p + 1);
    return (vec)(before == '\n') & (vec)(v == '-') & (vec)(after == '-');
}

/* The next line that a delimiter of an open multipart may begin, or the end. */
static size_t find_dashes(const struct walker *w, size_t pos)
{
    struct str b = w->bytes;
    if (pos == 0 && str_starts(b, STR("--")))
        return 0;
    size_t i = pos > 0 ? pos : 1;
    for (; i + 2 + VEC_BYTES <= b.n; i += VEC_BYTES) {
        vec hit = dashes_at_start(b.p + i);
        if (w->open.begin_alike)
            hit &= (vec)(vec_load(b.p + i + 2) == w->open.first);
        if (vec_any(hit))
            return i + vec_first(hit);
    }
    for (; i + 2 < b.n; i++)
        if (b.p[i - 1] == '\n' && b.p[i] == '-' && b.p[i + 1] == '-')
            return i;
    return b.n;
}

/* Until there is doubt: all runs of dashes are looked at. */
static size_t find_first_delimiter(struct walker *w, size_t *pos, enum delimiter *kind,
                                   unsigned *level)
{
    struct str b = w->bytes;
    while (*pos < b.n && !w->t->doubt && (w->depth > 0 || w->n_closed > 0)) {
        size_t start = *pos + vec_find(b.p + *pos, b.n - *pos, '-', '-'), end = start;
        while (end < b.n && b.p[end] == '-')
            end++;
        *pos = end;
        if (end - start < 2)
            continue;
        if (at_line_start(w, start))
            *kind = delimiter_at(w, start, level);
        if (*kind != DELIMITER_NONE)
            return start;
        w->t->doubt |= resembles_delimiter(w, end);
    }
    return b.n;
}

/* Offset of the next delimiter line at or behind `pos`, or the end. */
static size_t find_delimiter(struct walker *w, size_t pos, enum delimiter *kind, unsigned *level)
{
    struct str b = w->bytes;
    size_t start = b.n;
    *kind = DELIMITER_NONE;
    if (is_strict(w))
        start = find_first_delimiter(w, &pos, kind, level);
    while (*kind == DELIMITER_NONE && pos < b.n && w->depth > 0) {
        start = find_dashes(w, pos);
        if (start < b.n && at_line_start(w, start))
            *kind = delimiter_at(w, start, level);
        pos = start + 1;
    }
    return *kind == DELIMITER_NONE ? b.n : start;
}

/* The line end in front of a delimiter belongs to the delimiter. */
static size_t body_end(const struct walker *w, size_t delimiter)
{
    size_t end = delimiter;
    if (end > 0 && end < w->bytes.n && w->bytes.p[end - 1] == '\n')
        end--;
    else
        return end;
    return end > 0 && w->bytes.p[end - 1] == '\r' ? end - 1 : end;
}

static size_t behind_line(const struct walker *w, size_t pos)
{
    size_t n = str_find(str_slice(w->bytes, pos, w->bytes.n), '\n');
    return pos + n < w->bytes.n ? pos + n + 1 : w->bytes.n;
}

/* ---- entities ---- */

static void close_leaf(struct walker *w, size_t end)
{
    if (w->in_leaf) {
        w->leaf.end = end > w->leaf.body ? end : w->leaf.body;
        take_leaf(w->t, &w->leaf);
    } else if (is_strict(w) && end > w->outside && !w->t->doubt) {
        /* preamble and epilogue: text that no reader shows, unless it looks like more */
        w->t->doubt = text_holds_more(str_slice(w->bytes, w->outside, end), true);
    }
    w->in_leaf = false;
}

static bool is_prefix_pair(struct str a, struct str b)
{
    return str_starts(a, b) || str_starts(b, a);
}

static void push(struct walker *w, const struct entity *e, const struct facts *f, size_t body)
{
    struct frame *top = &w->stack[w->depth];
    for (unsigned i = 0; i < w->depth; i++)
        w->t->doubt |= is_prefix_pair(w->stack[i].boundary, f->boundary);
    *top = (struct frame){.boundary = f->boundary,
                          .path = e->path,
                          .depth = e->depth,
                          .message_depth = e->message_depth,
                          .digest = str_eq(f->subtype, STR("digest")),
                          .odd = f->odd,
                          .encoding = f->encoding,
                          .start = body};
    open_boundaries_add(&w->open, f->boundary, w->depth);
    if (is_strict(w) && !w->t->doubt) /* which is set before there are too many */
        prefix_list_add(&w->seen.list, boundary_core(f->boundary));
    w->depth++;
    w->outside = body;
    w->in_leaf = false;
}

static void open_leaf(struct walker *w, const struct entity *e, const struct facts *f)
{
    struct str path = e->path;
    if (e->in_message) /* IMAP numbers the only body of an inner message */
        path = path.n == 0 ? STR("1") : arena_fmt(w->t->arena, STR_FMT ".1", STR_ARG(path));
    w->leaf = (struct leaf){.region = w->region,
                            .view = w->seen_by,
                            .guess = w->seen_by != w->view,
                            .head = &w->head,
                            .facts = *f,
                            .path = path,
                            .body = w->head.body,
                            .depth = e->depth,
                            .message_depth = e->message_depth};
    w->in_leaf = true;
    w->t->no_memory |= path.p == NULL;
}

/* An encoded message is decoded first, and walked then: the RFCs allow that to message/global alone
 * (RFC 6532 3.7), FIRST does it to any, LAST reads what is there. */
static bool is_decoded_first(struct walker *w, const struct facts *f)
{
    if (f->encoding == ENCODING_NONE)
        return false;
    w->t->doubt |= is_strict(w);
    return w->view == VIEW_FIRST || (is_strict(w) && str_eq(f->subtype, STR("global")));
}

/* Read heads from `pos` on: of the entity, and of the messages that begin right within it. Returns
 * where its body begins. */
static size_t begin_entity(struct walker *w, size_t pos, struct entity e)
{
    struct taker *t = w->t;
    for (;;) {
        struct facts f;
        head_read(&w->head_rules, w->bytes, pos, &w->head);
        if (w->head.cut)
            take_limit(t, "bytes or fields in a head", w->region->offset + pos);
        if (!facts_read(t->arena, &w->head, w->fields, e.digest, &f)) {
            t->no_memory = true;
            return w->bytes.n;
        }
        t->odd_heads |= f.odd;
        if (is_strict(w))
            t->doubt |= f.odd;
        pos = w->head.body;
        bool multipart = str_eq(f.type, STR("multipart")) && f.boundary.n != 0;
        bool message = facts_is_message(&f);
        if (multipart && f.encoding != ENCODING_NONE && is_strict(w))
            t->doubt = true;
        if ((multipart || message) &&
            (e.depth + 1 >= MIME_UNION_MAX_DEPTH || w->depth == MIME_UNION_MAX_DEPTH)) {
            take_limit(t, "multiparts and messages within each other", w->region->offset + pos);
            multipart = message = false;
        }
        e.depth++;
        if (multipart) {
            push(w, &e, &f, pos);
            return pos;
        }
        if (!message || is_decoded_first(w, &f)) {
            open_leaf(w, &e, &f);
            return pos;
        }
        e = (struct entity){.path = e.path,
                            .depth = e.depth,
                            .message_depth = e.message_depth + 1,
                            .in_message = true};
    }
}

static size_t begin_child(struct walker *w, size_t pos, struct frame *up)
{
    struct entity e = {.depth = up->depth,
                       .message_depth = up->message_depth,
                       .digest = up->digest};
    up->children++;
    e.path = up->path.n == 0
                 ? arena_fmt(w->t->arena, "%u", up->children)
                 : arena_fmt(w->t->arena, STR_FMT ".%u", STR_ARG(up->path), up->children);
    if (e.path.p == NULL) {
        w->t->no_memory = true;
        return w->bytes.n;
    }
    return begin_entity(w, pos, e);
}

/* A multipart that has no part: readers show what stands in it as a text. The delimiter at hand is
 * of the multipart at `level`. */
static void take_partless(struct walker *w, size_t end, enum delimiter kind, unsigned level)
{
    const struct frame *top = w->depth == 0 ? NULL : &w->stack[w->depth - 1];
    bool own = kind != DELIMITER_NONE && level + 1 == w->depth;
    if (w->in_leaf || top == NULL || top->children > 0 || (own && kind == DELIMITER_OPEN))
        return;
    w->t->doubt |= is_strict(w);
    if (str_trim(str_slice(w->bytes, w->outside, end)).n == 0)
        return;
    w->leaf = (struct leaf){.region = w->region,
                            .view = w->seen_by,
                            .guess = w->seen_by != w->view,
                            .path = top->path,
                            .body = w->outside,
                            .depth = top->depth,
                            .message_depth = top->message_depth};
    w->leaf.facts = facts_of_text();
    w->in_leaf = true;
}

/* A multipart by an odd field, as a reader shows it that does not take it for one: FIRST hands it
 * on for all views. */
static void take_as_text(struct walker *w, const struct frame *f, size_t end)
{
    struct loose_body b = {.is_part = true, .guess = true, .odd_label = true};
    if (w->view != VIEW_FIRST || !f->odd || f->start >= end)
        return;
    b.encodings = f->encoding == ENCODING_NONE ? 0 : 1u << f->encoding;
    b.leaf = (struct leaf){.region = w->region,
                           .view = VIEW_LENIENT,
                           .path = f->path,
                           .body = f->start,
                           .end = end,
                           .depth = f->depth,
                           .message_depth = f->message_depth};
    b.leaf.facts = facts_of_text();
    take_loose_body(w->t, &b);
}

/* Leave all multiparts above `level`, which end at `end`; remember their delimiters. */
static void unwind(struct walker *w, unsigned level, size_t end)
{
    take_as_text(w, &w->left, end);
    w->left.start = SIZE_MAX;
    for (; w->depth > level; w->depth--) {
        take_as_text(w, &w->stack[w->depth - 1], end);
        open_boundaries_drop(&w->open, w->depth - 1);
        if (++w->n_closed > CLOSED_KEPT && is_strict(w))
            w->t->doubt = true; /* too many to watch: the other views tell */
    }
}

/* STRICT takes for a line end what ends the first line: mail on disk has LF. */
static enum eol eol_of(struct str bytes, enum mime_view view)
{
    size_t lf = str_find(bytes, '\n');
    bool crlf = lf > 0 && lf < bytes.n && bytes.p[lf - 1] == '\r';
    return view == VIEW_STRICT && crlf ? EOL_CRLF : EOL_LF;
}

static bool begin_region(struct walker *w, const struct region *region, size_t *pos)
{
    struct entity e = {.path = region->path,
                       .depth = region->depth,
                       .message_depth = region->message_depth,
                       .in_message = region->path.n != 0};
    *pos = begin_entity(w, 0, e);
    return !w->t->no_memory;
}

static void walk(struct walker *w, size_t pos)
{
    enum delimiter kind;
    unsigned level = 0;
    for (;;) {
        size_t at = find_delimiter(w, pos, &kind, &level);
        take_partless(w, body_end(w, at), kind, level);
        close_leaf(w, body_end(w, at));
        if (kind == DELIMITER_NONE || w->t->no_memory) {
            unwind(w, 0, w->bytes.n);
            break;
        }
        unwind(w, level + 1, body_end(w, at));
        pos = behind_line(w, at);
        if (kind == DELIMITER_CLOSE) {
            struct frame closed = w->stack[level]; /* readers that see none read on behind it */
            unwind(w, level, body_end(w, at));
            w->left = closed;
            w->outside = pos;
            continue;
        }
        if (++w->parts > MIME_UNION_MAX_PAYLOADS) {
            take_limit(w->t, "parts", w->region->offset + at);
            break;
        }
        pos = begin_child(w, pos, &w->stack[level]);
    }
}

/* How a reader walks: by the rules of `view`, but for what it takes from fields. */
struct manner {
    enum mime_view view, fields;
    enum mime_view seen_by; /* whose the leaves are */
    enum eol eol;
};

static void walk_as(struct taker *t, const struct region *region, const struct manner *as)
{
    struct walker w = {.t = t,
                       .region = region,
                       .bytes = region->bytes,
                       .view = as->view,
                       .fields = as->fields,
                       .seen_by = as->seen_by,
                       .left = {.start = SIZE_MAX}};
    size_t pos;
    open_boundaries_init(&w.open);
    w.seen.list = (struct prefix_list){.items = w.seen.sorted, .shorter = w.seen.shorter};
    w.head_rules = (struct head_rules){
        .eol = as->eol, .junk_ends = as->view == VIEW_LAST, .delimiter = ends_head, .walker = &w};
    if (begin_region(&w, region, &pos))
        walk(&w, pos);
}

void walk_view(struct taker *t, const struct region *region, enum mime_view view)
{
    struct manner as = {view, view, view, eol_of(region->bytes, view)};
    walk_as(t, region, &as);
}

void walk_mixed(struct taker *t, const struct region *region)
{
    struct manner as = {VIEW_STRICT, VIEW_STRICT, VIEW_LENIENT, EOL_LF};
    if ((t->mixed_ends || region->decoded) && eol_of(region->bytes, VIEW_STRICT) == EOL_CRLF)
        walk_as(t, region, &as);
    as.fields = VIEW_LENIENT;
    if (t->odd_heads)
        walk_as(t, region, &as);
}
