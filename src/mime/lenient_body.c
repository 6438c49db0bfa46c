/* A body as the most forgiving readers decode it: by each label, by what it looks like, and in each
 * way in which decoders differ where it is broken. */
#include "base/hex.h"
#include "mime/lenient.h"

enum {
    SNIFF_BYTES = 4096,
    QP_ESCAPES_MIN = 8,
    RUN_MIN = 64, /* of base64 in a text that nothing labels */
    PARAGRAPHS_MAX = 64
};

struct loose_decoder {
    struct taker *t;
    const struct loose_body *b;
    struct str bytes; /* of the body */
    size_t body, end; /* in the region: of what is decoded now */
    bool structural, one_way;
};

/* ---- what was decoded ---- */

static struct leaf leaf_here(const struct loose_decoder *d)
{
    struct leaf leaf = d->b->leaf;
    leaf.body = d->body;
    leaf.end = d->end;
    return leaf;
}

static void give(struct loose_decoder *d, struct str bytes, enum body_encoding e, unsigned way,
                 unsigned odd)
{
    struct leaf leaf = leaf_here(d);
    struct taken what = {.bytes = bytes,
                         .encoding = e,
                         .encoding_text = encoding_text(e),
                         .odd = odd,
                         .decoded = true,
                         .structural = d->structural,
                         .one_way = d->one_way,
                         .in_scratch = true,
                         .way = way,
                         .way_odd = odd};
    if (bytes.n == 0) {
        decoding_gave_nothing(d->t, &leaf, way, odd);
        return;
    }
    if (!begins_like_message(bytes)) {
        take_bytes(d->t, &leaf, &what);
        return;
    }
    what.way = WAY_NONE;
    struct str kept = arena_copy(d->t->arena, bytes);
    d->t->no_memory |= kept.p == NULL;
    if (kept.p != NULL)
        take_region(d->t, &leaf, kept, d->structural && d->b->holds_message);
    if (!d->b->holds_message)
        take_bytes(d->t, &leaf, &what);
}

/* Was it decoded so already? Then what came of it is given, and told; else NULL. A message is taken
 * apart instead. */
static const struct decoding *give_again(struct loose_decoder *d, unsigned way)
{
    struct leaf leaf = leaf_here(d);
    struct taken what = {.structural = d->structural, .one_way = d->one_way};
    const struct decoding *found = decoding_find(d->t, &leaf, way);
    struct str bytes = found == NULL ? STR_NONE : decoding_bytes(d->t, found);
    if (found == NULL || begins_like_message(bytes))
        return NULL;
    if (bytes.n != 0)
        take_again(d->t, &leaf, found, &what);
    return found;
}

/* Gzip within base64, when a label says so. What is too large stays packed: it was given as a
 * payload, and archives are opened elsewhere. */
static void unpack(struct loose_decoder *d, struct str packed)
{
    struct taker *t = d->t;
    struct buf out;
    buf_init(&out, t->decoded_max - t->decoded_bytes);
    if (gunzip(packed, &out)) {
        struct taken what = {.bytes = buf_str(&out),
                             .encoding = ENCODING_GZIP64,
                             .encoding_text = encoding_text(ENCODING_GZIP64),
                             .decoded = true,
                             .structural = true,
                             .in_scratch = true};
        struct leaf leaf = leaf_here(d);
        if (out.n != 0)
            take_bytes(t, &leaf, &what);
    }
    buf_clear(&out);
}

/* The same bytes were decoded for another view, and no decoder could differ. */
static bool known(struct loose_decoder *d, enum body_encoding e)
{
    struct leaf leaf = leaf_here(d);
    return take_known(d->t, &leaf, e, d->structural) || (!d->b->anew && was_taken(d->t, &leaf, e));
}

/* ---- base64 and quoted-printable ---- */

/* Ways beside the first, and the oddities for which they give something else. `guess`: no reader is
 * known to go this way with honest mail, so that it proves no difference. */
static const struct {
    struct base64_way way;
    unsigned odd;
    bool guess;
} base64_ways[] = {
    {{PAD_STOPS, JUNK_SKIPPED, false}, ODD_PAD, false},
    {{PAD_SKIPPED, JUNK_SKIPPED, false}, ODD_PAD, false},
    {{PAD_RESTARTS, JUNK_STOPS, false}, ODD_JUNK, false},
    {{PAD_RESTARTS, JUNK_DROPS_LINE, false}, ODD_JUNK, false},
    {{PAD_RESTARTS, JUNK_SKIPPED, true}, ODD_RAGGED | ODD_LENGTH, true},
    {{PAD_SKIPPED, JUNK_DROPS_LINE, false}, ODD_PAD | ODD_JUNK | ODD_LENGTH, true},
};

static unsigned base64_once(struct loose_decoder *d, const struct base64_way *way)
{
    unsigned odd = 0, number = WAY_BASE64 + base64_way_number(way);
    bool gzip = (d->b->encodings & 1u << ENCODING_GZIP64) != 0;
    const struct decoding *again = give_again(d, number);
    if (again != NULL) {
        odd = again->odd;
        if (gzip)
            unpack(d, decoding_bytes(d->t, again));
        return odd;
    }
    struct str in = str_slice(d->b->leaf.region->bytes, d->body, d->end);
    buf_reset(&d->t->scratch);
    char *to = buf_reserve(&d->t->scratch, base64_room(in.n));
    if (to == NULL) {
        take_limit(d->t, "decoded bytes of a body", d->body);
        return 0;
    }
    struct str out = str_make(to, base64_read(in, way, to, &odd));
    give(d, out, ENCODING_BASE64, number, odd);
    if (gzip)
        unpack(d, out);
    return odd;
}

/* A line end, and a byte behind it with which a blank line may begin. */
static inline vec blank_begins(const char *p)
{
    vec v = vec_load(p), next = vec_load(p + 1);
    vec end = (vec)(v == '\n') | ((vec)(v == '\r') & (vec)(next != '\n'));
    return end & ((vec)(next <= ' ') | (vec)(next == 0x7f));
}

/* Over lines of [pos, end) that are not blank, and not the last one; `pos` begins one. */
static size_t skip_full_lines(struct str all, size_t pos, size_t end)
{
    if (is_blank(str_slice(all, pos, pos + 1)))
        return pos;
    size_t i = pos;
    for (; end - i > VEC_BYTES; i += VEC_BYTES) {
        vec hit = blank_begins(all.p + i);
        if (vec_any(hit))
            return i + vec_first(hit) + 1;
    }
    return loose_line_start(all, pos, i);
}

/* Base64 whose paragraphs are decoded each on its own, and all but the first as one: junk before
 * the data shifts the digits, and to some readers the head ends no sooner than there. */
static void base64_paragraphs(struct loose_decoder *d)
{
    static const struct base64_way way = {PAD_RESTARTS, JUNK_SKIPPED, false};
    struct str all = d->b->leaf.region->bytes;
    size_t end = d->end, start = d->body, found = 0, second = end;
    struct loose_line l = {.next = d->body};
    while (found < PARAGRAPHS_MAX && l.next < end &&
           loose_next(all, skip_full_lines(all, l.next, end), &l)) {
        bool last = l.next >= end;
        if (!last && !is_blank(str_slice(all, l.start, l.end)))
            continue;
        d->body = start;
        d->end = last ? end : l.start;
        if (d->end > d->body) {
            base64_once(d, &way);
            second = second < end ? second : l.next;
        }
        found++;
        start = l.next;
    }
    d->body = second;
    d->end = end;
    if (second < end)
        base64_once(d, &way);
}

static bool has_digit(struct str s)
{
    size_t i = 0;
    for (; s.n - i >= VEC_BYTES; i += VEC_BYTES)
        if (vec_any(~base64_not_digits(vec_load(s.p + i))))
            return true;
    while (i < s.n && !is_base64_digit(s.p[i]))
        i++;
    return i < s.n;
}

/* False: there is nothing to decode. */
static bool take_base64(struct loose_decoder *d)
{
    static const struct base64_way first = {PAD_RESTARTS, JUNK_SKIPPED, false};
    size_t body = d->body;
    if ((d->b->encodings & 1u << ENCODING_GZIP64) == 0 && known(d, ENCODING_BASE64))
        return true;
    if (!has_digit(str_slice(d->b->leaf.region->bytes, d->body, d->end)))
        return false; /* padding alone: no decoder makes anything of it */
    unsigned odd = base64_once(d, &first);
    bool structural = d->structural;
    for (size_t i = 0; i < ARRAY_LEN(base64_ways); i++) {
        d->structural = structural && !base64_ways[i].guess;
        if (odd & base64_ways[i].odd)
            base64_once(d, &base64_ways[i].way);
    }
    d->structural = false;
    d->one_way = true;
    if (odd & (ODD_PARAGRAPH | ODD_LENGTH | ODD_JUNK))
        base64_paragraphs(d);
    d->one_way = false;
    d->structural = structural;
    d->body = body;
    return true;
}

static const struct {
    struct qp_way way;
    unsigned odd;
    bool guess;
} qp_ways[] = {
    {{.bad = QP_BAD_WITHOUT_SIGN}, ODD_ESCAPE, false},
    {{.bad = QP_BAD_DROPPED}, ODD_ESCAPE, false},
    {{.bad = QP_BAD_KEPT, .one_digit = true}, ODD_DIGIT, false},
    {{.bad = QP_BAD_WHOLE, .space_after_soft = true}, ODD_ESCAPE | ODD_SPACE, false},
    {{.bad = QP_BAD_KEPT, .lower_is_bad = true}, ODD_LOWER, true},
    {{.bad = QP_BAD_KEPT, .space_kept = true, .space_after_soft = true}, ODD_SPACE, false},
};

static unsigned qp_once(struct loose_decoder *d, const struct qp_way *way)
{
    unsigned odd = 0, number = WAY_QP + qp_way_number(way);
    const struct decoding *again = give_again(d, number);
    if (again != NULL)
        return again->odd;
    struct str in = str_slice(d->b->leaf.region->bytes, d->body, d->end);
    buf_reset(&d->t->scratch);
    char *to = in.n == 0 ? NULL : buf_reserve(&d->t->scratch, in.n);
    if (to == NULL)
        return 0;
    struct str out = str_make(to, qp_read(in, way, to, &odd)); /* first: it sets `odd` */
    give(d, out, ENCODING_QP, number, odd);
    return odd;
}

static void take_qp(struct loose_decoder *d)
{
    static const struct qp_way first = {.bad = QP_BAD_KEPT};
    static const struct qp_way lf = {.bad = QP_BAD_KEPT, .break_is_lf = true};
    if (known(d, ENCODING_QP))
        return;
    unsigned odd = qp_once(d, &first);
    bool structural = d->structural;
    /* in a text the signs that stand for themselves differ: no smuggling */
    bool text = str_eq(d->b->leaf.facts.type, STR("text"));
    for (size_t i = 0; i < ARRAY_LEN(qp_ways); i++) {
        d->structural = structural && !text && !qp_ways[i].guess;
        if (odd & qp_ways[i].odd)
            qp_once(d, &qp_ways[i].way);
    }
    d->structural = false;
    if ((odd & ODD_CRLF) && !text)
        qp_once(d, &lf);
    d->structural = structural;
}

/* ---- what no label says ---- */

static bool is_base64_char(char c)
{
    return is_base64_digit(c) || c == '=';
}

/* Runs of lines of base64 that stand in a text. */
static void carve_base64(struct loose_decoder *d)
{
    struct str all = d->b->leaf.region->bytes;
    size_t end = d->end, body = d->body, start = body, digits = 0;
    struct loose_line l = {.next = body};
    struct leaf leaf = leaf_here(d);
    bool more = decoding_find(d->t, &leaf, WAY_CARVED) == NULL && has_digit(d->bytes), any = false;
    while (more) {
        more = l.next < end && loose_next(all, l.next, &l);
        struct str line = more ? str_slice(all, l.start, l.end) : STR_NONE;
        if (line.n > 0 && (is_wsp(line.p[0]) || is_wsp(line.p[line.n - 1])))
            line = str_trim_wsp(line);
        size_t n = base64_digits(line);
        while (n < line.n && line.p[n] == '=')
            n++;
        if (more && n == line.n && n != 0) {
            digits += n;
            continue;
        }
        if (digits >= RUN_MIN) {
            d->body = start;
            d->end = more ? l.start : end;
            any |= take_base64(d);
        }
        digits = 0;
        start = l.next;
    }
    d->body = body;
    d->end = end;
    if (!any)
        decoding_gave_nothing(d->t, &leaf, WAY_CARVED, 0);
}

/* Mostly digits of base64, and few white space between words? */
static bool looks_like_base64(struct str s)
{
    size_t digits = 0, blanks = 0, others = 0;
    s = str_slice(s, 0, SNIFF_BYTES);
    for (size_t i = 0; i < s.n; i++) {
        digits += is_base64_char(s.p[i]);
        blanks += s.p[i] == ' ';
        others += !is_base64_char(s.p[i]) && !is_fws(s.p[i]);
    }
    return digits >= RUN_MIN && blanks * 40 < digits && others * 20 < digits;
}

/* The same for what a label calls base64: it may be short. */
static bool is_mostly_base64(struct str s)
{
    size_t digits = 0, others = 0;
    s = str_slice(s, 0, SNIFF_BYTES);
    for (size_t i = 0; i < s.n; i++) {
        digits += is_base64_char(s.p[i]);
        others += !is_base64_char(s.p[i]) && s.p[i] != '\r' && s.p[i] != '\n';
    }
    return others * 8 < digits;
}

/* Escapes, and few signs that are none: markup has many of these. */
static bool looks_like_qp(struct str s)
{
    size_t good = 0, bad = 0;
    for (size_t i = 0; i + 2 < s.n && i < SNIFF_BYTES; i++) {
        if (s.p[i] != '=')
            continue;
        bool escape = hex_octet(s, i + 1) >= 0;
        good += escape;
        bad += !escape && s.p[i + 1] != '\r' && s.p[i + 1] != '\n';
    }
    return good >= QP_ESCAPES_MIN && bad * 4 <= good;
}

static void take_plain(struct loose_decoder *d)
{
    struct leaf leaf = d->b->leaf;
    struct taken what = {.bytes = d->bytes.p == NULL ? STR("") : d->bytes,
                         .encoding = ENCODING_NONE,
                         .encoding_text = STR("7bit"),
                         .structural =
                             d->b->encodings == 0 && !d->b->guess && leaf.region->structural,
                         .way = WAY_PLAIN};
    const struct decoding *found = decoding_find(d->t, &leaf, WAY_PLAIN);
    if (found != NULL)
        take_again(d->t, &leaf, found, &what);
    else
        take_bytes(d->t, &leaf, &what);
    if (!d->t->lf_only || str_eq(leaf.facts.type, STR("text")) || leaf.region->decoded)
        return;
    /* the file had LF, and so had what stands in it as it is */
    buf_reset(&d->t->scratch);
    for (size_t i = 0; i < d->bytes.n; i++)
        if (d->bytes.p[i] != '\r' || i + 1 == d->bytes.n || d->bytes.p[i + 1] != '\n')
            buf_addc(&d->t->scratch, d->bytes.p[i]);
    what.bytes = buf_str(&d->t->scratch);
    what.in_scratch = what.decoded = true;
    what.structural = false;
    what.way = WAY_NONE;
    if (what.bytes.n != 0)
        take_bytes(d->t, &leaf, &what);
}

void take_loose_body(struct taker *t, const struct loose_body *b)
{
    struct loose_decoder d = {.t = t,
                              .b = b,
                              .body = b->leaf.body,
                              .end = b->leaf.end,
                              .bytes = str_slice(b->leaf.region->bytes, b->leaf.body, b->leaf.end)};
    unsigned labels = b->encodings;
    bool base64 = (labels & (1u << ENCODING_BASE64 | 1u << ENCODING_GZIP64)) != 0;
    bool qp = (labels & 1u << ENCODING_QP) != 0;
    unsigned old = labels & (1u << ENCODING_UU | 1u << ENCODING_YENC | 1u << ENCODING_BINHEX);
    /* as it stands: without a label that holds, and for readers that give up on broken base64 */
    bool labelled = qp || (base64 && is_mostly_base64(d.bytes));
    if (b->is_part && (!b->holds_message || b->encodings != 0 || b->odd_label) &&
        (!labelled || b->odd_label))
        take_plain(&d);
    bool proof = !b->guess && b->leaf.region->structural;
    take_old(t, &b->leaf, d.bytes, old != 0 && proof);
    if (labels & 1u << ENCODING_UU) {
        take_uu_lines(t, &b->leaf, d.bytes);
        take_uu_stream(t, &b->leaf, d.bytes);
    }
    d.structural = base64 && proof;
    if (base64 || looks_like_base64(d.bytes))
        take_base64(&d);
    d.structural = qp && proof;
    if (qp || looks_like_qp(d.bytes))
        take_qp(&d);
    d.structural = false;
    if (!base64)
        carve_base64(&d);
}
