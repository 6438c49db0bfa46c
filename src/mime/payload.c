/* The union of what the views give: bodies decoded, hashed, and kept once. */
#include "mime/lenient.h"

enum {
    FIRST_SLOTS = 8,
    BUCKETS = UNION_BUCKETS,
    SPANS = 8192,
    DECODINGS_MIN = 64,
    DECODINGS_MAX = 8192,
    DECODED_BYTES_EACH = 128, /* of the message for one place to remember a decoding */
    SAME_HASH_ASKED = 4       /* of equal payloads the latest are asked whether they stand here */
};

void take_limit(struct taker *t, const char *what, size_t offset)
{
    struct finding_where where = {.offset = offset, .has_offset = true};
    if (!t->cut)
        finding_add(t->findings, FINDING_LIMIT_MIME, where, "%s", what);
    t->cut = true;
}

/* ---- places ---- */

static size_t raw_offset(const struct region *r, size_t pos)
{
    return r->decoded ? r->offset : r->offset + pos;
}

static uint64_t span_hash(const struct region *r, size_t body, size_t end, enum body_encoding e)
{
    uint64_t h = r->number ^ (uint64_t)body * 0x9E3779B97F4A7C15u;
    h = (h ^ (h >> 29)) * 0xBF58476D1CE4E5B9u;
    h = (h ^ (uint64_t)end ^ (uint64_t)e << 56) * 0x94D049BB133111EBu;
    return h ^ h >> 31;
}

static void span_add(struct taker *t, uint32_t index)
{
    const struct slot *s = &t->slots[index];
    if (t->spans == NULL)
        return;
    uint64_t h = span_hash(s->region, s->body, s->end, s->encoding);
    for (size_t k = 0; k < 8; k++) { /* a full neighbourhood only costs a second decoding */
        uint32_t *at = &t->spans[(h + k) % SPANS];
        if (*at == 0) {
            *at = index + 1;
            return;
        }
    }
}

/* The payload that the very same bytes gave to another view; with `sure` only one that was decoded
 * without any doubt. */
static struct slot *span_find(struct taker *t, const struct leaf *l, enum body_encoding e,
                              bool sure)
{
    if (t->spans == NULL) {
        t->spans = arena_new(t->arena, uint32_t, SPANS);
        t->no_memory |= t->spans == NULL;
        for (uint32_t i = 0; t->spans != NULL && i < t->n; i++)
            span_add(t, i);
    }
    uint64_t h = span_hash(l->region, l->body, l->end, e);
    for (size_t k = 0; t->spans != NULL && k < 8; k++) {
        uint32_t at = t->spans[(h + k) % SPANS];
        struct slot *s = at == 0 ? NULL : &t->slots[at - 1];
        if (s == NULL)
            return NULL;
        if (s->region == l->region && s->body == l->body && s->end == l->end && s->encoding == e &&
            (s->odd == 0 || (!sure && !s->one_way)))
            return s;
    }
    return NULL;
}

/* ---- decodings ---- */

static struct decoding *decoding_place(struct taker *t, const struct leaf *l, unsigned way)
{
    uint64_t h = span_hash(l->region, l->body, l->end, ENCODING_NONE) + way * 0x9E3779B97F4A7C15u;
    return &t->decodings[(h ^ h >> 32) & (t->decodings_cap - 1)];
}

const struct decoding *decoding_find(struct taker *t, const struct leaf *l, unsigned way)
{
    const struct decoding *d = t->decodings == NULL ? NULL : decoding_place(t, l, way);
    bool same = d != NULL && d->region == l->region && d->body == l->body && d->end == l->end &&
                d->way == way;
    return same && !t->no_memory ? d : NULL;
}

struct str decoding_bytes(const struct taker *t, const struct decoding *found)
{
    return found->slot == 0 ? STR_NONE : t->slots[found->slot - 1].p.bytes;
}

static void decoding_add(struct taker *t, const struct leaf *l, const struct decoding *made)
{
    if (t->decodings == NULL) {
        size_t cap = DECODINGS_MIN;
        while (cap < DECODINGS_MAX && cap < t->raw.n / DECODED_BYTES_EACH)
            cap *= 2;
        t->decodings = arena_new(t->arena, struct decoding, cap);
        t->decodings_cap = cap;
        t->no_memory |= t->decodings == NULL;
    }
    if (t->decodings != NULL)
        *decoding_place(t, l, made->way) = *made;
}

/* The strict walk asks for nothing twice, unless it finds something broken. */
static void remember(struct taker *t, const struct leaf *l, const struct taken *what, uint32_t slot)
{
    struct decoding made = {l->region, l->body, l->end, what->way, what->way_odd, slot};
    if (what->way != WAY_NONE && (what->way_odd != 0 || t->decodings != NULL))
        decoding_add(t, l, &made);
}

void decoding_gave_nothing(struct taker *t, const struct leaf *l, unsigned way, unsigned odd)
{
    struct decoding made = {l->region, l->body, l->end, way, odd, 0};
    decoding_add(t, l, &made);
}

/* ---- slots ---- */

static void add_names(struct taker *t, struct slot *s, const struct leaf *l, struct str inner)
{
    struct name_place place = {l->region->offset, l->region->decoded};
    bool ok = true;
    if (inner.n != 0) {
        struct str kept = arena_copy(t->arena, inner);
        ok = kept.p != NULL && names_add(t->arena, NAME_ENCODED, kept, s->p.offset, &s->names);
    }
    if (l->head != NULL && (s->head_region != l->region || s->head_start != l->head->start)) {
        ok =
            ok && names_read(t->arena, l->head->fields, l->head->n, place, &t->odd_work, &s->names);
        if (t->odd_work == 0)
            take_limit(t, "odd parameters", s->p.offset);
        s->head_region = l->region;
        s->head_start = l->head->start;
    }
    t->no_memory |= !ok;
}

static bool overlaps(const struct slot *s, size_t offset, size_t length)
{
    return s->p.offset == offset ||
           (s->p.offset < offset + length && offset < s->p.offset + s->p.length);
}

static struct slot *find_slot(struct taker *t, const unsigned char *sha256, size_t bucket,
                              size_t offset, size_t length)
{
    unsigned asked = 0;
    for (uint32_t at = t->buckets[bucket]; at != 0; at = t->slots[at - 1].next) {
        struct slot *s = &t->slots[at - 1];
        if (memcmp(s->p.sha256, sha256, DIGEST_MAX_BYTES) != 0)
            continue;
        if (overlaps(s, offset, length))
            return s;
        if (++asked == SAME_HASH_ASKED)
            break;
    }
    return NULL;
}

static struct slot *new_slot(struct taker *t)
{
    if (t->n == MIME_UNION_MAX_PAYLOADS) {
        take_limit(t, "payloads", 0);
        return NULL;
    }
    if (t->n == t->cap) {
        size_t cap = t->cap == 0 ? FIRST_SLOTS : t->cap * 4;
        struct slot *grown = arena_grow(t->arena, t->slots, t->n, cap, sizeof *t->slots);
        t->no_memory |= grown == NULL;
        if (grown == NULL)
            return NULL;
        t->slots = grown;
        t->cap = cap;
    }
    return &t->slots[t->n++];
}

static void describe(struct taker *t, struct slot *s, const struct leaf *l,
                     const struct taken *what)
{
    const struct facts *f = &l->facts;
    s->p.path = l->path;
    s->p.encoding = arena_lower(t->arena, what->encoding_text);
    t->no_memory |= s->p.encoding.p == NULL;
    s->p.type = f->type;
    s->p.subtype = f->subtype;
    s->p.charset = f->charset;
    s->p.method = f->method;
    s->p.disposition = f->disposition;
    s->p.message_depth = l->message_depth;
    s->region = l->region;
    s->body = l->body;
    s->end = l->end;
    s->encoding = what->encoding;
    s->odd = what->odd;
    s->decoded = what->decoded;
}

/* Distinct decoded bytes are bounded by the size of the message. */
static bool has_room(struct taker *t, const struct taken *what, size_t offset)
{
    if (!what->decoded)
        return true;
    if (what->bytes.n > t->decoded_max - t->decoded_bytes) {
        take_limit(t, "distinct decoded bytes", offset);
        return false;
    }
    t->decoded_bytes += what->bytes.n;
    return true;
}

static struct slot *add_slot(struct taker *t, const struct leaf *l, const struct taken *what)
{
    struct str bytes = what->bytes;
    if (what->in_scratch)
        bytes = arena_copy(t->arena, bytes);
    struct slot *s = bytes.p == NULL ? NULL : new_slot(t);
    t->no_memory |= bytes.p == NULL;
    if (s == NULL)
        return NULL;
    *s = (struct slot){.p.bytes = bytes, .one_way = true};
    describe(t, s, l, what);
    return s;
}

static void seen_by(struct taker *t, struct slot *s, const struct leaf *l, const struct taken *what)
{
    s->p.views |= 1u << l->view;
    s->structural |= what->structural;
    s->one_way &= what->one_way;
    add_names(t, s, l, what->name);
}

void take_again(struct taker *t, const struct leaf *l, const struct decoding *found,
                const struct taken *what)
{
    if (found->slot != 0)
        seen_by(t, &t->slots[found->slot - 1], l, what);
}

void take_bytes(struct taker *t, const struct leaf *l, const struct taken *what)
{
    unsigned char sha256[DIGEST_MAX_BYTES];
    const struct region *r = l->region;
    size_t offset = raw_offset(r, l->body), length = r->decoded ? r->length : l->end - l->body;
    if (t->no_memory || !digest_once(DIGEST_SHA256, what->bytes, sha256)) {
        t->no_memory = true;
        return;
    }
    size_t bucket = ((size_t)sha256[0] << 8 | sha256[1]) % BUCKETS;
    struct slot *s = find_slot(t, sha256, bucket, offset, length);
    if (s == NULL) {
        if (!has_room(t, what, offset) || (s = add_slot(t, l, what)) == NULL) {
            remember(t, l, what, 0); /* no more room will come */
            return;
        }
        memcpy(s->p.sha256, sha256, sizeof sha256);
        s->p.offset = offset;
        s->p.length = length;
        s->next = t->buckets[bucket];
        t->buckets[bucket] = (uint32_t)(s - t->slots) + 1;
        span_add(t, (uint32_t)(s - t->slots));
    }
    seen_by(t, s, l, what);
    remember(t, l, what, (uint32_t)(s - t->slots) + 1);
}

/* ---- decoded messages ---- */

void take_region(struct taker *t, const struct leaf *l, struct str bytes, bool structural)
{
    const struct region *up = l->region;
    size_t offset = raw_offset(up, l->body);
    if (l->depth + 1 >= MIME_UNION_MAX_DEPTH || t->regions == MIME_UNION_MAX_REGIONS) {
        take_limit(t, "messages decoded within each other", offset);
        return;
    }
    for (struct region *r = t->first; r != NULL; r = r->next)
        if (r->offset == offset && str_eq(r->bytes, bytes)) {
            r->views |= 1u << l->view;
            return;
        }
    struct taken what = {.bytes = bytes, .decoded = true};
    struct region *r = has_room(t, &what, offset) ? arena_new(t->arena, struct region, 1) : NULL;
    t->no_memory |= r == NULL && !t->cut;
    if (r == NULL)
        return;
    *r = (struct region){.bytes = bytes,
                         .offset = offset,
                         .decoded = true,
                         .path = l->path,
                         .length = up->decoded ? up->length : l->end - l->body,
                         .depth = l->depth + 1,
                         .message_depth = l->message_depth + 1,
                         .structural = structural,
                         .views = 1u << l->view,
                         .number = (unsigned)t->regions + 1};
    *(t->last == NULL ? &t->first : &t->last->next) = r;
    t->last = r;
    t->regions++;
}

/* ---- decoding as a view does ---- */

static const struct base64_way base64_ways[VIEW_COUNT] = {
    [VIEW_STRICT] = {PAD_STOPS, JUNK_SKIPPED, false}, /* RFC 2045 6.8 */
    [VIEW_FIRST] = {PAD_RESTARTS, JUNK_SKIPPED, false},
    [VIEW_LAST] = {PAD_STOPS, JUNK_SKIPPED, false},
    [VIEW_LENIENT] = {PAD_RESTARTS, JUNK_SKIPPED, false},
};
static const struct qp_way qp_of_all = {.bad = QP_BAD_KEPT};

static unsigned way_of(const struct leaf *l)
{
    return l->facts.encoding == ENCODING_QP ? WAY_QP + qp_way_number(&qp_of_all)
                                            : WAY_BASE64 + base64_way_number(&base64_ways[l->view]);
}

/* In a text line ends are no difference. */
static unsigned odd_of(const struct leaf *l, unsigned odd)
{
    bool text = l->facts.encoding == ENCODING_QP && str_eq(l->facts.type, STR("text"));
    return text ? odd & ~(unsigned)(ODD_BREAK | ODD_CRLF) : odd;
}

static bool decode_text(struct taker *t, const struct leaf *l, struct str body, struct taken *what)
{
    bool base64 = what->encoding != ENCODING_QP;
    size_t room = (base64 ? base64_room(body.n) : body.n) + 1;
    what->in_scratch = l->view != VIEW_STRICT; /* mostly it is there already */
    buf_reset(&t->scratch);
    char *to = what->in_scratch ? buf_reserve(&t->scratch, room) : arena_new(t->arena, char, room);
    if (to == NULL) {
        t->no_memory = true;
        return false;
    }
    size_t n = base64 ? base64_read(body, &base64_ways[l->view], to, &what->way_odd)
                      : qp_read(body, &qp_of_all, to, &what->way_odd);
    what->bytes = str_make(to, n);
    what->decoded = true;
    what->way = way_of(l);
    what->odd = odd_of(l, what->way_odd);
    return true;
}

/* uuencode and the like, each found file a payload; a label alone makes lines of uuencode. */
bool take_old(struct taker *t, const struct leaf *l, struct str body, bool labelled)
{
    struct old_found found;
    size_t pos = 0;
    bool any = false;
    for (buf_reset(&t->scratch); old_next(body, &pos, &t->scratch, &found);
         buf_reset(&t->scratch)) {
        struct taken what = {.bytes = buf_str(&t->scratch),
                             .encoding = found.encoding,
                             .encoding_text = encoding_text(found.encoding),
                             .decoded = true,
                             .structural = labelled,
                             .in_scratch = true,
                             .name = found.name};
        struct leaf here = *l;
        here.body = l->body + found.start;
        here.end = l->body + found.end;
        if (what.bytes.n == 0)
            continue;
        any = true;
        take_bytes(t, &here, &what);
    }
    return any;
}

static void take_uu(struct taker *t, const struct leaf *l, struct str body, unsigned way)
{
    struct taken what = {.encoding = ENCODING_UU,
                         .encoding_text = encoding_text(ENCODING_UU),
                         .decoded = true,
                         .odd = way == WAY_UU ? 0 : ODD_LENGTH,
                         .structural = way == WAY_UU,
                         .in_scratch = true,
                         .one_way = way != WAY_UU,
                         .way = way};
    const struct decoding *found = decoding_find(t, l, way);
    if (found != NULL) {
        take_again(t, l, found, &what);
        return;
    }
    buf_reset(&t->scratch);
    if (way == WAY_UU)
        uu_read_lines(body, &t->scratch);
    else
        uu_read_stream(body, &t->scratch);
    what.bytes = buf_str(&t->scratch);
    if (what.bytes.n != 0)
        take_bytes(t, l, &what);
    else
        decoding_gave_nothing(t, l, way, 0);
}

void take_uu_lines(struct taker *t, const struct leaf *l, struct str body)
{
    take_uu(t, l, body, WAY_UU);
}

void take_uu_stream(struct taker *t, const struct leaf *l, struct str body)
{
    take_uu(t, l, body, WAY_UU_STREAM);
}

bool take_known(struct taker *t, const struct leaf *l, enum body_encoding e, bool structural)
{
    struct slot *same = t->no_memory ? NULL : span_find(t, l, e, true);
    if (same == NULL)
        return false;
    same->p.views |= 1u << l->view;
    same->structural |= structural;
    add_names(t, same, l, STR_NONE);
    return true;
}

/* Broken: what the decoders of other readers make of this very body. */
static void take_other_ways(struct taker *t, const struct leaf *l)
{
    struct loose_body b = {.leaf = *l, .encodings = 1u << l->facts.encoding, .anew = true};
    b.leaf.view = VIEW_LENIENT;
    take_loose_body(t, &b);
}

bool was_taken(struct taker *t, const struct leaf *l, enum body_encoding e)
{
    return !t->no_memory && span_find(t, l, e, false) != NULL;
}

static void take_as_labelled(struct taker *t, const struct leaf *l)
{
    const struct facts *f = &l->facts;
    struct str body = str_slice(l->region->bytes, l->body, l->end);
    struct taken what = {.bytes = body.p == NULL ? STR("") : body,
                         .encoding = f->encoding,
                         .encoding_text = f->encoding_text,
                         .structural = l->region->structural && !l->guess};
    if (l->view != VIEW_STRICT && take_known(t, l, f->encoding, what.structural))
        return;
    bool first = l->view == VIEW_STRICT || !was_taken(t, l, f->encoding);
    bool encoded = f->encoding == ENCODING_BASE64 || f->encoding == ENCODING_QP;
    const struct decoding *known =
        encoded && !facts_is_message(f) ? decoding_find(t, l, way_of(l)) : NULL;
    if (known != NULL && known->slot != 0 && l->view != VIEW_STRICT) {
        take_again(t, l, known, &what);
        if (odd_of(l, known->odd) != 0 && first)
            take_other_ways(t, l);
        return;
    }
    if (f->encoding == ENCODING_UU) {
        if (!take_old(t, l, body, true))
            take_uu_lines(t, l, body);
        take_uu_stream(t, l, body);
        return;
    }
    if (encoded) {
        if (!decode_text(t, l, body, &what))
            return;
    } else if (l->view == VIEW_STRICT && !t->doubt) {
        t->doubt = text_holds_more(body, true) || (t->lf_only && !str_eq(f->type, STR("text")));
    }
    if (l->view == VIEW_STRICT) /* an attached message may be opened by a click */
        t->doubt |=
            what.odd != 0 || (f->encoding == ENCODING_QP && text_holds_more(body, false)) ||
            (what.decoded && !str_eq(f->type, STR("text")) && begins_like_message(what.bytes));
    if (!what.decoded || !facts_is_message(f)) {
        take_bytes(t, l, &what);
        if (what.odd != 0 && first)
            take_other_ways(t, l);
        return;
    }
    struct str bytes = what.in_scratch ? arena_copy(t->arena, what.bytes) : what.bytes;
    t->no_memory |= bytes.p == NULL;
    if (bytes.p != NULL)
        take_region(t, l, bytes, what.structural);
}

/* Fields that name other encodings too, or something else: some reader decodes this very body by
 * each of them, some by none. */
static void take_other_labels(struct taker *t, const struct leaf *l)
{
    static const unsigned usual = 1u << ENCODING_BASE64 | 1u << ENCODING_QP | 1u << ENCODING_UU;
    struct str head = str_slice(l->region->bytes, l->head->start, l->head->end);
    struct loose_body b = {.leaf = *l, .holds_message = facts_is_message(&l->facts)};
    unsigned labels = loose_labels(t->arena, head, &b.odd_label) & usual;
    b.leaf.view = VIEW_LENIENT;
    b.encodings = labels & ~(1u << l->facts.encoding);
    b.is_part = b.odd_label && labels != 0;
    b.guess = b.encodings == 0; /* as text it proves no difference */
    if (b.encodings != 0 || b.is_part)
        take_loose_body(t, &b);
}

void take_leaf(struct taker *t, const struct leaf *l)
{
    take_as_labelled(t, l);
    if (l->head != NULL && l->facts.odd)
        take_other_labels(t, l);
}
