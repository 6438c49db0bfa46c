/* What was altered on the way: the body as a whole, then part by part, by digests of what the parts
 * decode to. */
#include <stdlib.h>

#include "base/hex.h"
#include "crypto/digest.h"
#include "trace/trace_internal.h"

/* ---- text without what transport may change ---- */

enum relaxing { LINE_ENDS_ONLY, WHITE_SPACE_TOO };

/* Line ends as LF; WHITE_SPACE_TOO: none at the ends of lines, no empty lines at the end. p == NULL
 * without memory. */
static struct str relax(struct arena *a, struct str s, enum relaxing how)
{
    char *p = arena_new(a, char, s.n + 1);
    size_t n = 0, last_text = 0;
    if (p == NULL)
        return STR_NONE;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_end = c == '\r' || c == '\n';
        if (c == '\r' && i + 1 < s.n && s.p[i + 1] == '\n')
            i++;
        while (is_end && how == WHITE_SPACE_TOO && n > 0 && is_wsp(p[n - 1]))
            n--;
        p[n++] = is_end ? '\n' : c;
        if (!is_end && !is_wsp(c))
            last_text = n;
    }
    return str_make(p, how == WHITE_SPACE_TOO ? last_text : n);
}

/* ---- parts ---- */

struct leaf {
    const struct mime_part *part;
    unsigned char exact[TRACE_SHA256_BYTES], relaxed[TRACE_SHA256_BYTES];
    uint32_t index, partner;
};
struct leaves {
    const struct message *message;
    struct leaf *items;
    struct leaf **sorted;
    size_t n;
    bool complete;
};

static struct str encoded(const struct leaves *l, const struct leaf *leaf)
{
    const struct mime_part *p = leaf->part;
    return str_slice(l->message->raw, p->body_offset, p->body_offset + p->body_length);
}

static struct str decoded(struct arena *a, const struct leaves *l, const struct leaf *leaf)
{
    size_t bad_bytes;
    return transfer_decode(a, encoded(l, leaf), leaf->part->encoding, &bad_bytes);
}

static bool is_text(const struct mime_part *p)
{
    return str_eq(p->type, STR("text")) || p->is_message;
}

static bool hash_leaf(struct arena *a, const struct leaves *l, struct leaf *leaf)
{
    struct str bytes = decoded(a, l, leaf);
    if (bytes.p == NULL && bytes.n == 0)
        bytes = STR("");
    if (!digest_once(DIGEST_SHA256, bytes, leaf->exact))
        return false;
    if (!is_text(leaf->part)) {
        memcpy(leaf->relaxed, leaf->exact, sizeof leaf->relaxed);
        return true;
    }
    struct str text = relax(a, bytes, WHITE_SPACE_TOO);
    return text.p != NULL && digest_once(DIGEST_SHA256, text, leaf->relaxed);
}

/* Attached messages are one leaf each, with their heads: so nothing in them goes unseen. */
static int find_leaves(struct arena *a, const struct message *m, struct leaves *out,
                       struct mp_err *err)
{
    struct mime_tree tree;
    int st = mime_parse(a, m, &tree, err);
    if (st != MP_OK)
        return st;
    *out = (struct leaves){.message = m, .complete = tree.complete};
    out->items = arena_new(a, struct leaf, tree.n + 1);
    out->sorted = arena_new(a, struct leaf *, tree.n + 1);
    bool *inside = arena_new(a, bool, tree.n + 1); /* a message part is above */
    bool ok = out->items != NULL && out->sorted != NULL && inside != NULL;
    for (size_t i = 0; ok && i < tree.n; i++) {
        const struct mime_part *p = &tree.parts[i];
        if (p->parent >= 0) {
            size_t parent = (size_t)p->parent;
            inside[i] = inside[parent] || tree.parts[parent].is_message;
        }
        if (inside[i] || p->is_multipart)
            continue;
        struct leaf *leaf = &out->items[out->n];
        *leaf = (struct leaf){.part = p, .index = (uint32_t)out->n, .partner = UNPAIRED};
        out->sorted[out->n++] = leaf;
        ok = hash_leaf(a, out, leaf);
    }
    return ok ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "no memory to compare the parts of a message");
}

static int compare_leaves(const void *a, const void *b)
{
    const struct leaf *x = *(struct leaf *const *)a, *y = *(struct leaf *const *)b;
    int order = memcmp(x->relaxed, y->relaxed, sizeof x->relaxed);
    return order != 0 ? order : x->index < y->index ? -1 : x->index > y->index;
}

static void pair_leaves(struct leaf *x, struct leaf *y)
{
    x->partner = y->index;
    y->partner = x->index;
}

static void pair_by_content(struct leaves *s, struct leaves *r)
{
    qsort(s->sorted, s->n, sizeof s->sorted[0], compare_leaves);
    qsort(r->sorted, r->n, sizeof r->sorted[0], compare_leaves);
    for (size_t i = 0, k = 0; i < s->n && k < r->n;) {
        int order = memcmp(s->sorted[i]->relaxed, r->sorted[k]->relaxed, TRACE_SHA256_BYTES);
        if (order == 0)
            pair_leaves(s->sorted[i], r->sorted[k]);
        i += order <= 0;
        k += order >= 0;
    }
}

static bool is_same_kind(const struct leaf *x, const struct leaf *y)
{
    return str_eq(x->part->type, y->part->type) && str_eq(x->part->subtype, y->part->subtype) &&
           str_eq(x->part->filename, y->part->filename);
}

/* What is left: the next one of the same type and file name (MIME_MAX_PARTS bounds the square). */
static void pair_by_kind(struct leaves *s, struct leaves *r)
{
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; s->items[i].partner == UNPAIRED && k < r->n; k++)
            if (r->items[k].partner == UNPAIRED && is_same_kind(&s->items[i], &r->items[k]))
                pair_leaves(&s->items[i], &r->items[k]);
}

/* ---- telling ---- */

static const char *encoding_name(enum mime_encoding e)
{
    static const char *const names[] = {
        [MIME_7BIT] = "7bit",           [MIME_8BIT] = "8bit",     [MIME_BINARY] = "binary",
        [MIME_QP] = "quoted-printable", [MIME_BASE64] = "base64", [MIME_UNKNOWN] = "unknown"};
    return (size_t)e < ARRAY_LEN(names) ? names[e] : "?";
}

static struct str line_at(struct str s, size_t at)
{
    size_t from = at, to = at;
    while (from > 0 && s.p[from - 1] != '\n')
        from--;
    while (to < s.n && s.p[to] != '\n')
        to++;
    return str_slice(s, from, to);
}

/* The first line that differs, on both sides. */
static struct str first_difference(struct arena *a, struct str was, struct str is)
{
    size_t at = 0;
    while (at < was.n && at < is.n && was.p[at] == is.p[at])
        at++;
    struct str from = trace_printable(a, line_at(was, at), TRACE_DETAIL_MAX_BYTES);
    struct str to = trace_printable(a, line_at(is, at), TRACE_DETAIL_MAX_BYTES);
    return arena_fmt(a, "from \"%.*s\" to \"%.*s\"", STR_ARG(from), STR_ARG(to));
}

static struct str both_digests(struct arena *a, const struct leaf *was, const struct leaf *is)
{
    struct str from = hex_encode(a, str_make((const char *)was->exact, TRACE_SHA256_BYTES));
    struct str to = hex_encode(a, str_make((const char *)is->exact, TRACE_SHA256_BYTES));
    return arena_fmt(a, "SHA-256 from %.*s to %.*s", STR_ARG(from), STR_ARG(to));
}

/* The parts say other things. A text that goes on behind what was sent is a footer. */
static void tell_changed(struct altered *x, const struct leaves *s, const struct leaf *was,
                         const struct leaves *r, const struct leaf *is)
{
    struct arena *a = x->arena;
    size_t from = was->part->body_offset, to = is->part->body_offset;
    x->out->body_intact = false;
    if (is_text(was->part) && is_text(is->part)) {
        struct str old = relax(a, decoded(a, s, was), WHITE_SPACE_TOO);
        struct str new = relax(a, decoded(a, r, is), WHITE_SPACE_TOO);
        if (old.p == NULL || new.p == NULL) {
            x->starved = true;
            return;
        }
        if (old.n > 0 && str_starts(new, old)) {
            altered_add(x, TRACE_BODY_APPENDED, is->part->path, from, to,
                        trace_printable(a, str_slice(new, old.n, new.n), TRACE_DETAIL_MAX_BYTES));
            return;
        }
        if (s->n == 1 && r->n == 1) {
            altered_add(x, TRACE_BODY_CHANGED, is->part->path, from, to,
                        first_difference(a, old, new));
            return;
        }
    }
    altered_add(x, TRACE_PART_CHANGED, is->part->path, from, to, both_digests(a, was, is));
}

static void tell_pair(struct altered *x, const struct leaves *s, const struct leaf *was,
                      const struct leaves *r, const struct leaf *is)
{
    size_t from = was->part->body_offset, to = is->part->body_offset;
    if (memcmp(was->relaxed, is->relaxed, sizeof was->relaxed) != 0) {
        tell_changed(x, s, was, r, is);
        return;
    }
    if (was->part->encoding != is->part->encoding && !str_eq(encoded(s, was), encoded(r, is)))
        altered_add(x, TRACE_BODY_ENCODING, is->part->path, from, to,
                    arena_fmt(x->arena, "from %s to %s", encoding_name(was->part->encoding),
                              encoding_name(is->part->encoding)));
    else if (memcmp(was->exact, is->exact, sizeof was->exact) != 0)
        altered_add(x, TRACE_BODY_WHITESPACE, is->part->path, from, to,
                    STR("line ends, or white space at the ends of lines"));
}

static struct str describe(struct arena *a, const struct leaf *leaf)
{
    const struct mime_part *p = leaf->part;
    struct str hex = hex_encode(a, str_make((const char *)leaf->exact, TRACE_SHA256_BYTES));
    struct str name = trace_printable(a, p->filename, TRACE_DETAIL_MAX_BYTES);
    struct str type = trace_printable(a, p->type, TRACE_DETAIL_MAX_BYTES);
    struct str subtype = trace_printable(a, p->subtype, TRACE_DETAIL_MAX_BYTES);
    return arena_fmt(a, "%.*s/%.*s%s%.*s, SHA-256 %.*s", STR_ARG(type), STR_ARG(subtype),
                     name.n > 0 ? " " : "", STR_ARG(name), STR_ARG(hex));
}

static void tell_leaves(struct altered *x, const struct leaves *s, const struct leaves *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct leaf *is = &r->items[i];
        if (is->partner != UNPAIRED) {
            tell_pair(x, s, &s->items[is->partner], r, is);
            continue;
        }
        x->out->body_intact = false;
        altered_add(x, TRACE_PART_ADDED, is->part->path, 0, is->part->body_offset,
                    describe(x->arena, is));
    }
    for (size_t i = 0; i < s->n; i++) {
        const struct leaf *was = &s->items[i];
        if (was->partner != UNPAIRED)
            continue;
        x->out->body_intact = false;
        altered_add(x, TRACE_PART_REMOVED, was->part->path, was->part->body_offset, 0,
                    describe(x->arena, was));
    }
}

/* ---- the whole ---- */

/* Line ends, white space: told without looking at parts. True: that was all. */
static bool tell_transport(struct altered *x, const struct message *s, const struct message *r)
{
    struct arena *a = x->arena;
    bool ends = message_has(s, ANOMALY_LF_ONLY) != message_has(r, ANOMALY_LF_ONLY);
    if (str_eq(s->body, r->body)) {
        if (ends && s->body.n > 0)
            altered_add(x, TRACE_BODY_LINE_ENDS, STR(""), s->body_offset, r->body_offset,
                        STR("CRLF and LF alone"));
        return true;
    }
    struct str old = relax(a, s->body, LINE_ENDS_ONLY), new = relax(a, r->body, LINE_ENDS_ONLY);
    struct str old_text = relax(a, s->body, WHITE_SPACE_TOO);
    struct str new_text = relax(a, r->body, WHITE_SPACE_TOO);
    x->starved |= old.p == NULL || new.p == NULL || old_text.p == NULL || new_text.p == NULL;
    if (x->starved)
        return true;
    if (str_eq(old, new))
        altered_add(x, TRACE_BODY_LINE_ENDS, STR(""), s->body_offset, r->body_offset,
                    STR("CR and LF"));
    else if (str_eq(old_text, new_text))
        altered_add(x, TRACE_BODY_WHITESPACE, STR(""), s->body_offset, r->body_offset,
                    STR("at the ends of lines, or empty lines at the end"));
    return str_eq(old_text, new_text);
}

static bool is_read_alike(const struct message *s, const struct message *r)
{
    static const struct str names[] = {STR_INIT("Content-Type"),
                                       STR_INIT("Content-Transfer-Encoding")};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct header *was = header_first(s, names[i]), *is = header_first(r, names[i]);
        if ((was == NULL) != (is == NULL) ||
            (was != NULL && !str_eq(str_trim(was->value), str_trim(is->value))))
            return false;
    }
    return true;
}

int altered_body(struct altered *x, const struct message *sent, const struct message *received,
                 struct mp_err *err)
{
    struct leaves s, r;
    bool same_text = tell_transport(x, sent, received);
    size_t told = x->out->n;
    /* The same bytes say something else when they are to be read otherwise. */
    if (same_text && is_read_alike(sent, received))
        return MP_OK;
    int st = find_leaves(x->arena, sent, &s, err);
    st = st == MP_OK ? find_leaves(x->arena, received, &r, err) : st;
    if (st != MP_OK)
        return st;
    pair_by_content(&s, &r);
    pair_by_kind(&s, &r);
    tell_leaves(x, &s, &r);
    if (!s.complete || !r.complete) {
        x->out->body_intact = false; /* what was not read cannot be called whole */
        altered_add(x, TRACE_BODY_CHANGED, STR(""), sent->body_offset, received->body_offset,
                    STR("too many parts to compare all of them"));
    } else if (!same_text && x->out->n == told && !x->out->cut) {
        altered_add(x, TRACE_BODY_ENCODING, STR(""), sent->body_offset, received->body_offset,
                    STR("the parts are the same, what stands around them was written anew"));
    }
    return MP_OK;
}
