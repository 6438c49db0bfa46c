/* What was altered on the way: the fields of the head, aligned as multisets by name and content. */
#include <stdlib.h>

#include "base/utf8.h"
#include "trace/trace_internal.h"

const char *trace_change_name(enum trace_change_kind k)
{
    static const char *const names[] = {
        [TRACE_HEADER_ADDED] = "header-added",       [TRACE_HEADER_REMOVED] = "header-removed",
        [TRACE_HEADER_CHANGED] = "header-changed",   [TRACE_HEADER_REFOLDED] = "header-refolded",
        [TRACE_HEADER_MOVED] = "header-moved",       [TRACE_BODY_LINE_ENDS] = "body-line-ends",
        [TRACE_BODY_WHITESPACE] = "body-whitespace", [TRACE_BODY_ENCODING] = "body-encoding",
        [TRACE_BODY_APPENDED] = "body-appended",     [TRACE_BODY_CHANGED] = "body-changed",
        [TRACE_PART_ADDED] = "part-added",           [TRACE_PART_REMOVED] = "part-removed",
        [TRACE_PART_CHANGED] = "part-changed",
    };
    return (size_t)k < ARRAY_LEN(names) ? names[k] : "?";
}

struct str trace_printable(struct arena *a, struct str s, size_t max_bytes)
{
    struct buf b;
    buf_init(&b, max_bytes * 2 + 64);
    utf8_add_printable(&b, str_trim(s), max_bytes);
    struct str text = arena_copy(a, buf_str(&b));
    buf_clear(&b);
    return text.p == NULL ? STR("") : text;
}

void altered_add(struct altered *x, enum trace_change_kind kind, struct str name,
                 size_t sent_offset, size_t received_offset, struct str detail)
{
    struct trace_altered *out = x->out;
    if (out->n == TRACE_MAX_CHANGES) {
        out->cut = true;
        return;
    }
    if (out->n == x->cap) {
        size_t cap = x->cap == 0 ? 16 : x->cap * 2;
        void *grown = arena_grow(x->arena, out->items, out->n, cap, sizeof out->items[0]);
        if (grown == NULL) {
            x->starved = true;
            return;
        }
        out->items = grown;
        x->cap = cap;
    }
    out->items[out->n++] = (struct trace_change){
        .kind = kind,
        .name = trace_printable(x->arena, name, TRACE_DETAIL_MAX_BYTES),
        .detail = detail,
        .sent_offset = sent_offset,
        .received_offset = received_offset,
    };
}

/* ---- pairs of fields ---- */

enum pairing { BY_BYTES, BY_TEXT, BY_NAME };

/* A field of one side while partners are looked for. */
struct field {
    struct str name, key; /* key: what is compared beside the name */
    uint32_t index;
};
struct side {
    const struct message *message;
    struct field *fields; /* those without a partner yet */
    size_t n;
    uint32_t *partner;  /* of each field: its index on the other side, or UNPAIRED */
    unsigned char *how; /* enum pairing */
};

/* White space and folds as single spaces: what is left is the text of the field. */
static struct str squeeze(struct arena *a, struct str value)
{
    char *p = arena_new(a, char, value.n + 1);
    size_t n = 0;
    if (p == NULL)
        return STR_NONE;
    for (size_t i = 0; i < value.n; i++) {
        if (!is_fws(value.p[i]))
            p[n++] = value.p[i];
        else if (n > 0 && p[n - 1] != ' ')
            p[n++] = ' ';
    }
    return str_make(p, n > 0 && p[n - 1] == ' ' ? n - 1 : n);
}

/* By name, then key, then from the bottom up: what servers add stands above. */
static int compare_fields(const void *a, const void *b)
{
    const struct field *x = a, *y = b;
    int by_name = str_icmp(x->name, y->name);
    int by_key = by_name != 0 ? by_name : str_cmp(x->key, y->key);
    if (by_key != 0)
        return by_key;
    return x->index > y->index ? -1 : x->index < y->index;
}

static bool set_keys(struct arena *a, struct side *s, enum pairing by)
{
    size_t n = 0;
    for (uint32_t i = 0; i < s->message->n_headers; i++) {
        const struct header *h = &s->message->headers[i];
        if (s->partner[i] != UNPAIRED)
            continue;
        struct str key = by == BY_BYTES ? h->raw : by == BY_TEXT ? squeeze(a, h->value) : STR("");
        if (key.p == NULL)
            return false;
        s->fields[n++] = (struct field){h->name, key, i};
    }
    s->n = n;
    if (n > 1)
        qsort(s->fields, n, sizeof s->fields[0], compare_fields);
    return true;
}

static bool pair(struct arena *a, struct side *sent, struct side *received, enum pairing by)
{
    if (!set_keys(a, sent, by) || !set_keys(a, received, by))
        return false;
    for (size_t i = 0, k = 0; i < sent->n && k < received->n;) {
        const struct field *x = &sent->fields[i], *y = &received->fields[k];
        int order = str_icmp(x->name, y->name);
        order = order != 0 ? order : str_cmp(x->key, y->key);
        if (order == 0) {
            sent->partner[x->index] = y->index;
            received->partner[y->index] = x->index;
            received->how[y->index] = (unsigned char)by;
        }
        i += order <= 0;
        k += order >= 0;
    }
    return true;
}

/* ---- order ---- */

/* Which of the received fields with a partner keep their order? The longest rising sequence of
 * partners stays, the others were moved. `moved` has room for a flag a received field. */
static bool find_moved(struct arena *a, const struct side *received, bool *moved)
{
    size_t n = received->message->n_headers, length = 0;
    uint32_t *tails = arena_new(a, uint32_t, n + 1); /* tails[k]: end of the best of length k + 1 */
    uint32_t *before = arena_new(a, uint32_t, n + 1);
    if (tails == NULL || before == NULL)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (received->partner[i] == UNPAIRED)
            continue;
        size_t low = 0, high = length;
        while (low < high) {
            size_t mid = (low + high) / 2;
            if (received->partner[tails[mid]] < received->partner[i])
                low = mid + 1;
            else
                high = mid;
        }
        before[i] = low > 0 ? tails[low - 1] : UNPAIRED;
        tails[low] = i;
        length += low == length;
        moved[i] = true;
    }
    for (uint32_t i = length > 0 ? tails[length - 1] : UNPAIRED; i != UNPAIRED; i = before[i])
        moved[i] = false;
    return true;
}

/* ---- telling ---- */

static void tell_pair(struct altered *x, const struct header *was, const struct header *is,
                      enum pairing by)
{
    if (by == BY_BYTES)
        return;
    struct str from = trace_printable(x->arena, was->value, TRACE_DETAIL_MAX_BYTES);
    struct str to = trace_printable(x->arena, is->value, TRACE_DETAIL_MAX_BYTES);
    if (by == BY_TEXT)
        altered_add(x, TRACE_HEADER_REFOLDED, is->name, was->offset, is->offset, to);
    else
        altered_add(x, TRACE_HEADER_CHANGED, is->name, was->offset, is->offset,
                    arena_fmt(x->arena, "from \"%.*s\" to \"%.*s\"", STR_ARG(from), STR_ARG(to)));
}

static void tell_headers(struct altered *x, const struct side *sent, const struct side *received,
                         const bool *moved)
{
    for (uint32_t i = 0; i < received->message->n_headers; i++) {
        const struct header *is = &received->message->headers[i];
        if (x->out->cut)
            return;
        if (received->partner[i] == UNPAIRED) {
            altered_add(x, TRACE_HEADER_ADDED, is->name, 0, is->offset,
                        trace_printable(x->arena, is->value, TRACE_DETAIL_MAX_BYTES));
            continue;
        }
        const struct header *was = &sent->message->headers[received->partner[i]];
        tell_pair(x, was, is, (enum pairing)received->how[i]);
        if (moved[i])
            altered_add(x, TRACE_HEADER_MOVED, is->name, was->offset, is->offset,
                        arena_fmt(x->arena, "from place %u to place %u", was->index + 1, i + 1));
    }
    for (uint32_t i = 0; i < sent->message->n_headers && !x->out->cut; i++) {
        const struct header *was = &sent->message->headers[i];
        if (sent->partner[i] == UNPAIRED)
            altered_add(x, TRACE_HEADER_REMOVED, was->name, was->offset, 0,
                        trace_printable(x->arena, was->value, TRACE_DETAIL_MAX_BYTES));
    }
}

static bool side_init(struct arena *a, struct side *s, const struct message *m)
{
    s->message = m;
    s->fields = arena_new(a, struct field, m->n_headers + 1);
    s->partner = arena_new(a, uint32_t, m->n_headers + 1);
    s->how = arena_new(a, unsigned char, m->n_headers + 1);
    if (s->fields == NULL || s->partner == NULL || s->how == NULL)
        return false;
    for (size_t i = 0; i < m->n_headers; i++)
        s->partner[i] = UNPAIRED;
    return true;
}

static bool altered_head(struct altered *x, const struct message *sent,
                         const struct message *received)
{
    struct side s = {0}, r = {0};
    bool *moved = arena_new(x->arena, bool, received->n_headers + 1);
    bool ok = moved != NULL && side_init(x->arena, &s, sent) && side_init(x->arena, &r, received) &&
              pair(x->arena, &s, &r, BY_BYTES) && pair(x->arena, &s, &r, BY_TEXT) &&
              pair(x->arena, &s, &r, BY_NAME) && find_moved(x->arena, &r, moved);
    if (ok)
        tell_headers(x, &s, &r, moved);
    return ok;
}

int trace_altered(struct arena *a, struct str sent, struct str received, struct trace_altered *out,
                  struct mp_err *err)
{
    struct trace_altered result = {.identical = str_eq(sent, received), .body_intact = true};
    struct altered x = {.arena = a, .out = &result};
    struct message was, is;
    if (result.identical) {
        *out = result;
        return MP_OK;
    }
    int st = message_parse(a, sent, &was, err);
    st = st == MP_OK ? message_parse(a, received, &is, err) : st;
    if (st != MP_OK)
        return st;
    if (!altered_head(&x, &was, &is))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to compare the fields of a message");
    st = altered_body(&x, &was, &is, err);
    if (st == MP_OK && x.starved)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for the changes of a message");
    if (st == MP_OK)
        *out = result;
    return st;
}
