/* Rules about the tree: what stands outside of parts, boundaries that begin alike, parts without
 * delimiters, fields behind an empty line (RFC 2046 5.1). */
#include "base/vec.h"
#include "mime/lint_internal.h"

enum { NO_PART = -1, NEAR_LINES = 3, DELIMITER_LIKE_MAX = 78 };

static struct str body_of(const struct lint *l, const struct mime_part *p)
{
    return str_slice(l->m->raw, p->body_offset, p->body_offset + p->body_length);
}

static size_t end_of(const struct mime_part *p)
{
    return p->body_offset + p->body_length;
}

/* RFC 2046 5.1.2: a boundary within must differ, and so must its beginning, for a delimiter is
 * looked for by its beginning. */
static void check_overlap(struct lint *l, const struct mime_part *p)
{
    struct str inner = lint_boundary(p);
    for (int32_t i = p->parent; i >= 0 && inner.n != 0; i = l->tree->parts[i].parent) {
        struct str outer = lint_boundary(&l->tree->parts[i]);
        if (outer.n == 0 || !(str_starts(inner, outer) || str_starts(outer, inner)))
            continue;
        struct lint_at at = {p, STR("Content-Type"), p->head_offset, 0};
        lint_add(l, FINDING_MIME_BOUNDARY_OVERLAP, at,
                 "boundary \"" STR_FMT "\" stands within \"" STR_FMT "\"", STR_ARG(inner),
                 STR_ARG(outer));
        return;
    }
}

/* "--x" without blanks, and not only dashes: some reader's delimiter. */
static bool is_delimiter_like(struct str line)
{
    line = str_trim_wsp(line);
    if (!str_starts(line, STR("--")) || line.n > DELIMITER_LIKE_MAX)
        return false;
    bool word = false;
    for (size_t i = 2; i < line.n; i++) {
        if (line.p[i] <= ' ')
            return false;
        word |= is_alnum(line.p[i]);
    }
    return word;
}

/* Could one of the two tests below hold of a line that begins with a dash? */
static bool may_be_delimiter(struct str line, struct str boundary)
{
    return line.n > 2 && line.p[1] == '-' &&
           (line.p[2] > ' ' || (boundary.n != 0 && line.p[2] == boundary.p[0]));
}

/* The lines before the first part or behind the last one. */
static void check_outside(struct lint *l, const struct mime_part *p, size_t pos, size_t end,
                          bool epilogue)
{
    struct str raw = str_slice(l->m->raw, 0, end), boundary = lint_boundary(p);
    for (size_t next; pos < end; pos = next) {
        char c = raw.p[pos];
        size_t n = vec_find(raw.p + pos, end - pos, '\n', '\n');
        next = pos + n < end ? pos + n + 1 : end;
        if (c != '-' && to_lower(c) != 'c')
            continue;
        n -= n > 0 && raw.p[pos + n - 1] == '\r';
        struct str line = str_slice(raw, pos, pos + n);
        if (c == '-' && !may_be_delimiter(line, boundary))
            continue;
        struct lint_at at = {.part = p, .offset = pos, .length = line.n};
        bool own = str_starts(line, STR("--")) && boundary.n != 0 &&
                   str_starts(str_slice(line, 2, line.n), boundary);
        if (own && epilogue)
            lint_add(l, FINDING_MIME_DELIMITER_AFTER_CLOSE, at,
                     "a delimiter behind the one that closes");
        else if (!own && (is_delimiter_like(line) || lint_is_content_field(line)))
            lint_add(l, epilogue ? FINDING_MIME_EPILOGUE_MIME : FINDING_MIME_PREAMBLE_MIME, at,
                     "%s all parts", epilogue ? "behind" : "before");
    }
}

/* Behind the delimiter line in front of which the last part ends. */
static size_t epilogue_start(const struct lint *l, const struct mime_part *last)
{
    struct str raw = l->m->raw;
    size_t pos = end_of(last);
    if (!str_starts(str_slice(raw, pos, raw.n), STR("--")))
        pos = lint_next_line(raw, pos);
    return lint_next_line(raw, pos);
}

static bool has_text(struct str body)
{
    return str_trim(body).n != 0;
}

/* Nothing can hide where no text stands. */
static void tell_no_delimiter(struct lint *l, const struct mime_part *p)
{
    struct lint_at at = {.part = p, .offset = p->body_offset};
    if (has_text(body_of(l, p)))
        lint_add(l, FINDING_MIME_DELIMITER_NONE, at, "no delimiter in a multipart");
    else
        lint_add(l, FINDING_MIME_DELIMITER_NO_CLOSE, at, "a multipart without body");
}

static void check_multipart(struct lint *l, size_t index, int32_t last_child)
{
    const struct mime_part *p = &l->tree->parts[index];
    size_t end = end_of(p);
    struct lint_at at = {.part = p, .offset = end};
    check_overlap(l, p);
    if (last_child == NO_PART) {
        if (l->tree->complete && lint_boundary(p).n != 0)
            tell_no_delimiter(l, p);
        check_outside(l, p, p->body_offset, end, false);
        return;
    }
    const struct mime_part *last = &l->tree->parts[last_child];
    size_t first = l->tree->parts[index + 1].head_offset;
    if (p->boundary_unclosed)
        lint_add(l, FINDING_MIME_DELIMITER_NO_CLOSE, at, "no closing delimiter");
    check_outside(l, p, p->body_offset, first, false);
    if (end_of(last) < end)
        check_outside(l, p, epilogue_start(l, last), end, true);
}

/* The empty line came too early: what should be fields is body for strict readers. */
static void check_fields_in_body(struct lint *l, const struct mime_part *p)
{
    struct str raw = str_slice(l->m->raw, 0, end_of(p));
    size_t pos = p->body_offset;
    for (unsigned i = 0; i < NEAR_LINES && pos < raw.n; i++, pos = lint_next_line(raw, pos)) {
        struct str line = lint_line(str_slice(raw, 0, pos + DELIMITER_LIKE_MAX), pos);
        struct lint_at at = {.part = p, .offset = pos, .length = line.n};
        if (!lint_is_content_field(line))
            continue;
        lint_add(l, FINDING_MIME_PART_FIELDS_IN_BODY, at, "a field right behind the empty line");
        return;
    }
}

void lint_structure(struct lint *l)
{
    size_t n = l->tree->n;
    int32_t *last = arena_new(l->arena, int32_t, n);
    l->no_memory |= last == NULL;
    if (last == NULL)
        return;
    for (size_t i = 0; i < n; i++)
        last[i] = NO_PART;
    for (size_t i = 1; i < n; i++)
        last[l->tree->parts[i].parent] = (int32_t)i;
    for (size_t i = 0; i < n; i++) {
        const struct mime_part *p = &l->tree->parts[i];
        if (p->is_multipart)
            check_multipart(l, i, last[i]);
        else if (!p->is_message)
            check_fields_in_body(l, p);
    }
}
