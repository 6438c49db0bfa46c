/* Header canonicalization (RFC 6376 3.4.1, 3.4.2) and the choice of fields by h= (5.4.2). */
#include "auth/dkim_canon.h"

/* Canonical bytes on their way to a hash or a buffer; small pieces are gathered. */
struct sink {
    struct digest *digest;
    struct buf *buf;
    size_t used;
    char block[1024];
};

/* The block is not cleared: there is one sink a field. */
static void sink_init(struct sink *s, struct digest *digest, struct buf *buf)
{
    s->digest = digest;
    s->buf = buf;
    s->used = 0;
}

static void sink_flush(struct sink *s)
{
    struct str bytes = str_make(s->block, s->used);
    if (s->digest != NULL)
        digest_update(s->digest, bytes);
    else
        buf_add(s->buf, bytes);
    s->used = 0;
}

static void sink_put(struct sink *s, struct str bytes)
{
    while (bytes.n > 0) {
        if (s->used == sizeof s->block)
            sink_flush(s);
        size_t room = sizeof s->block - s->used, n = bytes.n < room ? bytes.n : room;
        memcpy(s->block + s->used, bytes.p, n);
        s->used += n;
        bytes = str_slice(bytes, n, bytes.n);
    }
}

static void put_lower(struct sink *s, struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        if (s->used == sizeof s->block)
            sink_flush(s);
        s->block[s->used++] = to_lower(name.p[i]);
    }
}

/* A value that may come in two pieces; white space is held back until text follows it. */
struct relaxed_value {
    bool any_text, pending_space;
};

static bool is_fold(struct str v, size_t i)
{
    return v.p[i] == '\r' && i + 2 < v.n && v.p[i + 1] == '\n' && is_wsp(v.p[i + 2]);
}

static void put_relaxed(struct sink *s, struct relaxed_value *state, struct str v)
{
    size_t i = 0;
    while (i < v.n) {
        if (is_wsp(v.p[i])) {
            state->pending_space = true;
            i++;
        } else if (is_fold(v, i)) {
            i += 2;
        } else {
            size_t start = i++;
            while (i < v.n && !is_wsp(v.p[i]) && v.p[i] != '\r')
                i++;
            if (state->pending_space && state->any_text)
                sink_put(s, STR(" "));
            sink_put(s, str_slice(v, start, i));
            *state = (struct relaxed_value){.any_text = true};
        }
    }
}

static void put_relaxed_field(struct sink *s, struct str name, struct str before, struct str after)
{
    struct relaxed_value state = {0};
    put_lower(s, name);
    sink_put(s, STR(":"));
    put_relaxed(s, &state, before);
    put_relaxed(s, &state, after);
}

void header_hash(struct digest *d, const struct header *h, enum canon canon)
{
    if (canon == CANON_SIMPLE) {
        digest_update(d, h->raw);
        if (!str_ends(h->raw, STR("\r\n"))) /* a message cut off inside its last field */
            digest_update(d, STR("\r\n"));
        return;
    }
    struct sink s;
    sink_init(&s, d, NULL);
    put_relaxed_field(&s, h->name, h->value, STR_NONE);
    sink_put(&s, STR("\r\n"));
    sink_flush(&s);
}

void header_hash_without_b(struct digest *d, const struct header *h, enum canon canon,
                           size_t b_offset, size_t b_length)
{
    struct str before = str_slice(h->value, 0, b_offset);
    struct str after = str_slice(h->value, b_offset + b_length, h->value.n);
    if (canon == CANON_SIMPLE) {
        digest_update(d, str_slice(h->raw, 0, (size_t)(h->value.p - h->raw.p)));
        digest_update(d, before);
        digest_update(d, after);
        return;
    }
    struct sink s;
    sink_init(&s, d, NULL);
    put_relaxed_field(&s, h->name, before, after);
    sink_flush(&s);
}

void header_canon_write(struct buf *out, struct str name, struct str value, enum canon canon)
{
    struct sink s;
    sink_init(&s, NULL, out);
    if (canon == CANON_RELAXED) {
        put_relaxed_field(&s, name, value, STR_NONE);
    } else {
        sink_put(&s, name);
        sink_put(&s, STR(":"));
        sink_put(&s, value);
    }
    sink_put(&s, STR("\r\n"));
    sink_flush(&s);
}

/* ---- which fields ---- */

/* For each name, at the index of its bottom-most field: index + 1 of the field given out last; one
 * more than there are fields when all are. */
struct header_selector {
    const struct message *msg;
    uint32_t *given;
};

struct header_selector *header_selector_new(struct arena *arena, const struct message *m)
{
    struct header_selector *s = arena_new(arena, struct header_selector, 1);
    if (s == NULL)
        return NULL;
    s->msg = m;
    s->given = arena_new(arena, uint32_t, m->n_headers + 1);
    return s->given == NULL ? NULL : s;
}

const struct header *header_select(struct header_selector *s, struct str name)
{
    const struct header *bottom = header_last(s->msg, name);
    if (bottom == NULL)
        return NULL;
    uint32_t *given = &s->given[bottom->index];
    if (*given > s->msg->n_headers)
        return NULL;
    const struct header *h =
        *given == 0 ? bottom : header_above(s->msg, &s->msg->headers[*given - 1]);
    *given = h == NULL ? (uint32_t)s->msg->n_headers + 1 : h->index + 1;
    return h;
}
