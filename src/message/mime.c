/* The tree of MIME parts as a flat list: one pass over the lines that begin with "--". */
#include "message/mime.h"

#include "base/vec.h"
#include "message/encoded_word.h"
#include "message/limits.h"
#include "message/message_internal.h"
#include "message/mime_params.h"

enum { FIRST_PARTS = 16 };
/* RFC 2046 5.1.1 allows 70 octets, and any white space behind them. */
enum { BOUNDARY_MAX = 255, DELIMITER_LINE_MAX = 1000 };

struct walker {
    struct arena *arena;
    struct str raw;
    struct mime_tree *tree;
    size_t cap, pos;
    int32_t open; /* innermost part that has not ended */
    struct {
        int32_t part;
        struct str boundary;
    } stack[MIME_MAX_DEPTH]; /* multiparts whose delimiters are looked for */
    unsigned depth;
    bool no_memory;
};

static struct mime_part *part_at(struct walker *w, int32_t index)
{
    return &w->tree->parts[index];
}

/* ---- lines ---- */

static struct str line_at(struct str raw, size_t pos)
{
    struct str rest = str_slice(raw, pos, raw.n), line = str_slice(rest, 0, str_find(rest, '\n'));
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

static size_t next_line(struct str raw, size_t pos)
{
    size_t end = pos + str_find(str_slice(raw, pos, raw.n), '\n');
    return end < raw.n ? end + 1 : raw.n;
}

enum delimiter { DELIMITER_NONE, DELIMITER_OPEN, DELIMITER_CLOSE };

/* RFC 2046 5.1.1: white space may stand behind the delimiter. */
static enum delimiter delimiter_is(struct str line, struct str boundary)
{
    struct str rest = str_slice(line, 2, line.n);
    if (!str_starts(rest, boundary))
        return DELIMITER_NONE;
    rest = str_slice(rest, boundary.n, rest.n);
    enum delimiter kind = DELIMITER_OPEN;
    if (str_starts(rest, STR("--"))) {
        kind = DELIMITER_CLOSE;
        rest = str_slice(rest, 2, rest.n);
    }
    return str_trim_wsp(rest).n == 0 ? kind : DELIMITER_NONE;
}

static bool begins_boundary(const struct walker *w, size_t pos)
{
    for (unsigned i = 0; i < w->depth && pos < w->raw.n; i++)
        if (w->raw.p[pos] == w->stack[i].boundary.p[0])
            return true;
    return false;
}

/* Does the line at `pos` part anything that is open? The innermost multipart is asked first. */
static enum delimiter delimiter_at(struct walker *w, size_t pos, unsigned *level)
{
    if (!str_starts(str_slice(w->raw, pos, w->raw.n), STR("--")) || !begins_boundary(w, pos + 2))
        return DELIMITER_NONE;
    struct str line = line_at(str_slice(w->raw, pos, pos + DELIMITER_LINE_MAX), 0);
    if (line.n == DELIMITER_LINE_MAX)
        return DELIMITER_NONE;
    for (unsigned i = w->depth; i > 0; i--) {
        enum delimiter kind = delimiter_is(line, w->stack[i - 1].boundary);
        if (kind != DELIMITER_NONE) {
            *level = i - 1;
            return kind;
        }
    }
    return DELIMITER_NONE;
}

/* Moves w->pos to the next delimiter line, or to the end. */
static enum delimiter find_delimiter(struct walker *w, unsigned *level)
{
    while (w->pos < w->raw.n && w->depth > 0) {
        enum delimiter kind = delimiter_at(w, w->pos, level);
        if (kind != DELIMITER_NONE)
            return kind;
        size_t left = w->raw.n - w->pos, next = vec_find3(w->raw.p + w->pos, left, "\n--");
        w->pos = next == left ? w->raw.n : w->pos + next + 1;
    }
    w->pos = w->raw.n;
    return DELIMITER_NONE;
}

/* ---- parts ---- */

/* The line end in front of a delimiter belongs to the delimiter. */
static size_t body_end(struct str raw, size_t delimiter)
{
    size_t end = delimiter;
    if (end > 0 && end < raw.n && raw.p[end - 1] == '\n')
        end--;
    if (end > 0 && end + 1 < raw.n && raw.p[end] == '\n' && raw.p[end - 1] == '\r')
        end--;
    return end;
}

/* All parts within `keep` end at `end`. */
static void end_parts(struct walker *w, int32_t keep, size_t end)
{
    while (w->open != keep) {
        struct mime_part *p = part_at(w, w->open);
        p->body_length = end > p->body_offset ? end - p->body_offset : 0;
        w->open = p->parent;
    }
}

static struct str part_path(struct arena *arena, const struct mime_part *parent, unsigned number)
{
    if (parent->path.n == 0)
        return arena_fmt(arena, "%u", number);
    return arena_fmt(arena, STR_FMT ".%u", STR_ARG(parent->path), number);
}

static int32_t add_part(struct walker *w, int32_t parent, size_t head_offset)
{
    struct mime_tree *t = w->tree;
    if (t->n == MIME_MAX_PARTS) {
        t->complete = false;
        return -1;
    }
    if (t->n == w->cap) {
        size_t cap = w->cap == 0 ? FIRST_PARTS : w->cap * 2;
        struct mime_part *grown = arena_grow(w->arena, t->parts, t->n, cap, sizeof *t->parts);
        w->no_memory |= grown == NULL;
        if (grown == NULL)
            return -1;
        t->parts = grown;
        w->cap = cap;
    }
    int32_t index = (int32_t)t->n++;
    struct mime_part *p = &t->parts[index];
    *p = (struct mime_part){.parent = parent, .head_offset = head_offset};
    if (parent >= 0) {
        struct mime_part *up = &t->parts[parent];
        p->depth = up->depth + 1;
        p->path = part_path(w->arena, up, ++up->n_children);
        w->no_memory |= p->path.p == NULL;
    }
    w->open = index;
    return index;
}

/* What the fields of a part's head say. */
struct head_fields {
    struct str type, encoding, disposition;
};

static void take_field(struct head_fields *f, struct str name, struct str value)
{
    struct {
        struct str name, *slot;
    } wanted[] = {{STR("Content-Type"), &f->type},
                  {STR("Content-Transfer-Encoding"), &f->encoding},
                  {STR("Content-Disposition"), &f->disposition}};
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        if (wanted[i].slot->p == NULL && str_ieq(name, wanted[i].name))
            *wanted[i].slot = value;
}

/* The head of a part within the body, to the empty line, or to a delimiter where that is missing.
 * Moves w->pos to the body. */
static void read_head(struct walker *w, struct head_fields *f)
{
    unsigned level;
    while (w->pos < w->raw.n) {
        struct str line = line_at(w->raw, w->pos);
        if (delimiter_at(w, w->pos, &level) != DELIMITER_NONE)
            return;
        size_t start = w->pos;
        w->pos = next_line(w->raw, w->pos);
        if (line.n == 0)
            return;
        size_t end = start + line.n;
        while (w->pos < w->raw.n && is_wsp(w->raw.p[w->pos])) {
            end = w->pos + line_at(w->raw, w->pos).n;
            w->pos = next_line(w->raw, w->pos);
        }
        struct str field = str_slice(w->raw, start, end);
        struct str name = str_trim_wsp(str_cut(&field, ':'));
        if (field.p != NULL)
            take_field(f, name, field);
    }
}

static enum mime_encoding encoding_of(struct str value)
{
    static const struct {
        struct str name;
        enum mime_encoding encoding;
    } names[] = {{STR_INIT(""), MIME_7BIT},         {STR_INIT("7bit"), MIME_7BIT},
                 {STR_INIT("8bit"), MIME_8BIT},     {STR_INIT("binary"), MIME_BINARY},
                 {STR_INIT("base64"), MIME_BASE64}, {STR_INIT("quoted-printable"), MIME_QP}};
    size_t pos = 0;
    cfws_skip(value, &pos, NULL);
    struct str word = str_slice(value, pos, value.n);
    size_t n = 0;
    while (n < word.n && !is_fws(word.p[n]) && word.p[n] != '(' && word.p[n] != ';')
        n++;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_ieq(str_slice(word, 0, n), names[i].name))
            return names[i].encoding;
    return MIME_UNKNOWN;
}

static bool in_digest(struct walker *w, const struct mime_part *p)
{
    return p->parent >= 0 && str_eq(part_at(w, p->parent)->type, STR("multipart")) &&
           str_eq(part_at(w, p->parent)->subtype, STR("digest"));
}

/* RFC 2045 5.2, RFC 2046 5.1.5: what a part is that does not say so. */
static void default_type(struct walker *w, struct mime_part *p)
{
    bool digest = in_digest(w, p);
    p->type = digest ? STR("message") : STR("text");
    p->subtype = digest ? STR("rfc822") : STR("plain");
}

static struct str file_name(struct walker *w, const struct mime_value *disposition,
                            const struct mime_part *p)
{
    struct str name = mime_param(disposition->params, disposition->n, STR("filename"));
    if (name.p == NULL)
        name = mime_param(p->params, p->n_params, STR("name"));
    if (name.p == NULL || !has_encoded_word(name))
        return name;
    struct str decoded = encoded_word_decode(w->arena, name, NULL);
    w->no_memory |= decoded.p == NULL;
    return decoded;
}

static void describe(struct walker *w, int32_t index, const struct head_fields *f)
{
    struct mime_part *p = part_at(w, index);
    struct mime_value type, disposition;
    bool ok = mime_value_parse(w->arena, f->type, &type) &&
              mime_value_parse(w->arena, f->disposition, &disposition);
    w->no_memory |= !ok;
    if (!ok)
        return;
    w->tree->complete &= !type.cut && !disposition.cut;
    p->type = type.word;
    p->subtype = type.after_slash;
    p->params = type.params;
    p->n_params = type.n;
    if (p->type.n == 0 || p->subtype.n == 0)
        default_type(w, p);
    p->disposition = disposition.word;
    p->charset = mime_param(p->params, p->n_params, STR("charset"));
    p->filename = file_name(w, &disposition, p);
    p->encoding = encoding_of(f->encoding);
    p->is_multipart = str_eq(p->type, STR("multipart"));
    if (p->is_multipart && p->parent >= 0 && part_at(w, p->parent)->is_message)
        p->path = part_at(w, p->parent)->path;
    p->is_message = str_eq(p->type, STR("message")) &&
                    (str_eq(p->subtype, STR("rfc822")) || str_eq(p->subtype, STR("global")));
}

/* A part whose head was read: does something stand in it? Returns the message within a message
 * part, begun as a part of its own, or -1. */
static int32_t enter(struct walker *w, int32_t index)
{
    struct mime_part *p = part_at(w, index);
    struct str boundary = mime_param(p->params, p->n_params, STR("boundary"));
    bool plain = p->encoding != MIME_BASE64 && p->encoding != MIME_QP;
    p->body_offset = w->pos;
    if (!(p->is_multipart && boundary.n != 0) && !(p->is_message && plain))
        return -1;
    if (p->depth + 1 >= MIME_MAX_DEPTH || w->depth == MIME_MAX_DEPTH || boundary.n > BOUNDARY_MAX) {
        w->tree->complete = false;
        return -1;
    }
    if (p->is_message)
        return add_part(w, index, w->pos);
    w->stack[w->depth].part = index;
    w->stack[w->depth++].boundary = boundary;
    return -1;
}

/* Read heads from w->pos on for `index` and for the messages that begin right within it. */
static void begin_part(struct walker *w, int32_t index)
{
    while (index >= 0 && !w->no_memory) {
        struct head_fields f = {0};
        read_head(w, &f);
        describe(w, index, &f);
        index = enter(w, index);
    }
}

/* Multiparts above `level` have lost their closing delimiter. */
static void unwind(struct walker *w, unsigned level)
{
    for (; w->depth > level; w->depth--)
        part_at(w, w->stack[w->depth - 1].part)->boundary_unclosed = true;
}

static void walk(struct walker *w)
{
    unsigned level = 0;
    enum delimiter kind;
    while (!w->no_memory && (kind = find_delimiter(w, &level)) != DELIMITER_NONE) {
        int32_t multipart = w->stack[level].part;
        unwind(w, level + 1);
        end_parts(w, multipart, body_end(w->raw, w->pos));
        w->pos = next_line(w->raw, w->pos);
        if (kind == DELIMITER_CLOSE) {
            w->depth--;
            continue;
        }
        int32_t child = add_part(w, multipart, w->pos);
        if (child < 0)
            break;
        begin_part(w, child);
    }
    if (w->tree->complete)
        unwind(w, 0);
    end_parts(w, -1, w->raw.n);
}

static struct str field_value(const struct message *m, struct str name)
{
    const struct header *h = header_first(m, name);
    return h == NULL ? STR_NONE : h->value;
}

int mime_parse(struct arena *arena, const struct message *m, struct mime_tree *out,
               struct mp_err *err)
{
    struct mime_tree tree = {.complete = true};
    struct walker w = {.arena = arena, .raw = m->raw, .tree = &tree, .open = -1};
    struct head_fields f = {field_value(m, STR("Content-Type")),
                            field_value(m, STR("Content-Transfer-Encoding")),
                            field_value(m, STR("Content-Disposition"))};
    int32_t root = add_part(&w, -1, 0);
    w.pos = m->body_offset;
    if (root >= 0) {
        part_at(&w, root)->path = STR("");
        describe(&w, root, &f);
    }
    if (!w.no_memory) {
        begin_part(&w, enter(&w, root));
        walk(&w);
    }
    if (w.no_memory)
        return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
    *out = tree;
    return MP_OK;
}
