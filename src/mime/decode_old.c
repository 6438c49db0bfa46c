/* What mail was encoded with before MIME and beside it: uuencode, yEnc, BinHex 4 in plain text. */
#include "mime/decode.h"

enum {
    HQX_MAX_NAME = 63,
    HQX_GAP_MAX = 1000, /* between the line that announces it and its colon */
    OLD_NAME_MAX = 255,
    UU_LINE_OCTETS = 63
};

static struct str line_at(struct str s, size_t pos, size_t *next)
{
    struct str rest = str_slice(s, pos, s.n);
    struct str line = str_slice(rest, 0, vec_find(rest.p, rest.n, '\n', '\n')); /* short ones */
    *next = pos + line.n < s.n ? pos + line.n + 1 : s.n;
    while (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

/* ---- uuencode (POSIX) ---- */

static unsigned uu_value(char c)
{
    return ((unsigned char)c - 32u) & 63u;
}

/* As much of it as there is room for. */
static void add_within(struct buf *out, struct str s)
{
    size_t room = out->max_bytes - out->n;
    buf_add(out, str_slice(s, 0, room));
    if (room < s.n)
        out->failed = true;
}

/* One line: its first byte says how many octets. What is missing at its end are spaces that were
 * cut off on the way. False: no such line. */
static bool uu_line(struct str line, struct buf *out)
{
    if (line.n == 0 || line.p[0] < ' ' || line.p[0] > '`')
        return false;
    size_t octets = uu_value(line.p[0]), need = (octets + 2) / 3 * 4;
    if (line.n - 1 > need + 4)
        return false;
    char quads[UU_LINE_OCTETS + 2];
    size_t done = 0;
    for (size_t i = 1; done < octets && i < line.n; i += 4) {
        uint32_t v = 0;
        for (size_t k = 0; k < 4; k++)
            v = v << 6 | (i + k < line.n ? uu_value(line.p[i + k]) : 0);
        quads[done++] = (char)(unsigned char)(v >> 16);
        quads[done++] = (char)(unsigned char)(v >> 8 & 0xff);
        quads[done++] = (char)(unsigned char)(v & 0xff);
    }
    memset(quads + done, 0, sizeof quads - done);
    add_within(out, str_make(quads, octets));
    return true;
}

void uu_read_lines(struct str text, struct buf *out)
{
    for (size_t pos = 0; pos < text.n && !out->failed;) {
        struct str line = line_at(text, pos, &pos);
        if (line.n >= 3 && str_eq(str_trim(line), STR("end")))
            return;
        if (!str_starts(line, STR("begin")))
            uu_line(line, out);
    }
}

/* Behind the first line that begins with "begin ", whatever stands in it; text.n: there is none. */
static size_t behind_begin(struct str text)
{
    static const struct str begin = STR_INIT("begin ");
    size_t pos = 0, next = text.n;
    while (pos < text.n && !str_starts(str_slice(text, pos, text.n), begin)) {
        pos += vec_find3(text.p + pos, text.n - pos, "\nbe");
        pos += pos < text.n;
    }
    if (pos < text.n)
        line_at(text, pos, &next);
    return next;
}

void uu_read_stream(struct str text, struct buf *out)
{
    size_t pos = behind_begin(text);
    char *to = pos == text.n ? NULL : buf_reserve(out, (text.n - pos) / 4 * 3);
    unsigned octets = 0, held = 0;
    uint32_t quad = 0;
    bool line_begins = true;
    for (; to != NULL && pos < text.n; pos++) {
        char c = text.p[pos];
        if (c == '\n') {
            line_begins = true;
        } else if (line_begins || octets == 0) {
            octets = uu_value(c);
            line_begins = false;
            if (octets == 0)
                return;
        } else {
            quad = quad << 6 | uu_value(c);
            held = (held + 1) % 4;
            for (unsigned i = 0; held == 0 && i < 3 && octets > 0; i++, octets--)
                to[out->n++] = (char)(unsigned char)(quad >> (16 - 8 * i) & 0xff);
        }
    }
}

/* "begin 644 name", "begin-base64 644 name" (whose lines are base64). */
static bool uu_begin(struct str line, struct str *name, bool *base64)
{
    *base64 = str_starts(line, STR("begin-base64 "));
    if (!*base64 && !str_starts(line, STR("begin ")))
        return false;
    str_cut(&line, ' ');
    line = str_trim(line);
    size_t digits = 0;
    while (digits < line.n && line.p[digits] >= '0' && line.p[digits] <= '7')
        digits++;
    if (digits < 3 || digits > 6 || digits == line.n || !is_wsp(line.p[digits]))
        return false;
    *name = str_slice(str_trim(str_slice(line, digits, line.n)), 0, OLD_NAME_MAX);
    return true;
}

static void read_base64_lines(struct str body, struct buf *out)
{
    static const struct base64_way way = {PAD_RESTARTS, JUNK_SKIPPED, false};
    unsigned odd;
    char *to = buf_reserve(out, base64_room(body.n));
    if (to != NULL)
        out->n += base64_read(body, &way, to, &odd);
}

static bool is_base64_line(struct str line)
{
    line = str_trim(line);
    for (size_t i = 0; i < line.n; i++)
        if (!is_base64_digit(line.p[i]) && line.p[i] != '=')
            return false;
    return true;
}

/* `pos` is behind the line that begins it. */
static size_t uu_body(struct str text, size_t pos, bool base64, struct buf *out, bool *whole)
{
    size_t start = pos, next = pos;
    bool damaged = false;
    for (; pos < text.n; pos = next) {
        struct str line = line_at(text, pos, &next);
        *whole = str_eq(str_trim(line), base64 ? STR("====") : STR("end"));
        if (*whole)
            break;
        if (base64 && !is_base64_line(line))
            break;
        if (base64)
            continue;
        /* one broken line is skipped, as readers do; two of them are text again */
        bool good = uu_line(line, out);
        if (!good && damaged && line.n > 0)
            break;
        damaged = !good && line.n > 0;
    }
    if (base64)
        read_base64_lines(str_slice(text, start, pos), out);
    return *whole ? next : pos;
}

/* ---- yEnc 1.3 ---- */

static size_t yenc_body(struct str text, size_t pos, struct buf *out, bool *whole)
{
    for (size_t next; pos < text.n; pos = next) {
        struct str line = line_at(text, pos, &next);
        *whole = str_starts(line, STR("=yend"));
        if (*whole)
            return next;
        if (str_starts(line, STR("=ybegin ")) || str_starts(line, STR("begin ")))
            return pos; /* its end is missing, and something else must not hide in it */
        if (str_starts(line, STR("=ypart")))
            continue;
        for (size_t i = line.n > 1 && line.p[0] == '.' && line.p[1] == '.'; i < line.n; i++) {
            unsigned char c = (unsigned char)line.p[i];
            if (c == '=' && i + 1 < line.n)
                c = (unsigned char)((unsigned char)line.p[++i] - 64);
            buf_addc(out, (char)(unsigned char)(c - 42));
        }
    }
    return pos;
}

static struct str yenc_name(struct str line)
{
    size_t at = str_search(line, STR(" name="));
    return str_slice(str_trim(str_slice(line, at + 6, line.n)), 0, OLD_NAME_MAX);
}

/* ---- BinHex 4.0 (RFC 1741) ---- */

static const char hqx_digits[] = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ["
                                 "`abcdefhijklmpqr";

struct hqx {
    struct buf *out;
    size_t limit; /* octets that are wanted: the header tells */
    struct str name;
    unsigned char head[HQX_MAX_NAME + 24];
    size_t seen;      /* octets after run lengths were undone */
    size_t data_from; /* 0: not known yet */
    size_t data_bytes;
    int last; /* octet before a run mark; -1 none */
    bool mark;
};

/* "name length, name, 0, type, creator, flags, data length, resource length, CRC". */
static void hqx_octet(struct hqx *h, unsigned char c)
{
    size_t at = h->seen++;
    if (at < sizeof h->head)
        h->head[at] = c;
    size_t name_bytes = h->head[0] > HQX_MAX_NAME ? HQX_MAX_NAME : h->head[0];
    size_t head_bytes = 1 + name_bytes + 1 + 4 + 4 + 2 + 4 + 4 + 2;
    if (at + 1 == head_bytes) {
        const unsigned char *n = h->head + 1 + name_bytes + 11;
        h->data_from = head_bytes;
        h->data_bytes = (size_t)n[0] << 24 | (size_t)n[1] << 16 | (size_t)n[2] << 8 | n[3];
    }
    if (h->data_from != 0 && at >= h->data_from && at - h->data_from < h->data_bytes)
        buf_addc(h->out, (char)c);
}

/* 0x90 and a count repeat the octet before it; 0x90 0 is 0x90 itself. */
static void hqx_run(struct hqx *h, unsigned char c)
{
    if (!h->mark && c == 0x90) {
        h->mark = true;
        return;
    }
    if (!h->mark) {
        h->last = c;
        hqx_octet(h, c);
        return;
    }
    h->mark = false;
    if (c == 0) {
        h->last = 0x90;
        hqx_octet(h, 0x90);
        return;
    }
    for (unsigned i = 1; i < c && h->last >= 0 && !h->out->failed; i++)
        hqx_octet(h, (unsigned char)h->last);
}

static size_t hqx_body(struct str text, size_t pos, struct hqx *h, bool *whole)
{
    unsigned char value[256];
    memset(value, 0xff, sizeof value);
    for (unsigned i = 0; i < 64; i++)
        value[(unsigned char)hqx_digits[i]] = (unsigned char)i;
    size_t i = pos + str_find(str_slice(text, pos, pos + HQX_GAP_MAX), ':') + 1;
    uint32_t bits = 0;
    unsigned held = 0;
    for (; i < text.n && !h->out->failed; i++) {
        unsigned char v = value[(unsigned char)text.p[i]];
        *whole = text.p[i] == ':';
        if (*whole)
            return i + 1;
        if (v == 0xff && is_fws(text.p[i]))
            continue;
        if (v == 0xff)
            break;
        bits = bits << 6 | v;
        held += 6;
        if (held >= 8) {
            held -= 8;
            hqx_run(h, (unsigned char)(bits >> held & 0xff));
        }
    }
    return i < text.n ? i : text.n;
}

/* ---- all ---- */

static bool read_hqx(struct str text, size_t pos, struct buf *out, struct old_found *found)
{
    struct hqx h = {.out = out, .last = -1};
    found->encoding = ENCODING_BINHEX;
    found->end = hqx_body(text, pos, &h, &found->whole);
    size_t n = h.head[0] > HQX_MAX_NAME ? HQX_MAX_NAME : h.head[0];
    size_t before = out->n;
    found->name = STR_NONE;
    if (h.data_from == 0)
        return false;
    /* the name has no place of its own in the text: it is kept behind the data */
    buf_add(out, str_make((const char *)h.head + 1, n));
    if (!out->failed) {
        found->name = str_make(out->p + before, n);
        out->n = before;
    }
    return true;
}

static bool begins(struct str text, size_t pos, struct buf *out, struct old_found *f)
{
    size_t next;
    bool base64;
    struct str line = line_at(text, pos, &next);
    if (line.n < 8)
        return false;
    *f = (struct old_found){.start = pos};
    if (line.p[0] == 'b' && uu_begin(line, &f->name, &base64)) {
        f->encoding = ENCODING_UU;
        f->end = uu_body(text, next, base64, out, &f->whole);
        return true;
    }
    if (line.p[0] == '=' && str_starts(line, STR("=ybegin ")) &&
        str_search(line, STR(" name=")) < line.n) {
        f->encoding = ENCODING_YENC;
        f->name = yenc_name(line);
        f->end = yenc_body(text, next, out, &f->whole);
        return true;
    }
    if (line.p[0] == '(' && str_starts(line, STR("(This file must be converted with BinHex")))
        return read_hqx(text, next, out, f);
    return false;
}

static inline vec begins_line(const char *p)
{
    vec v = vec_load(p), first = vec_load(p + 1), second = vec_load(p + 2);
    return (vec)(v == '\n') & (((vec)(first == 'b') & (vec)(second == 'e')) |
                               ((vec)(first == '=') & (vec)(second == 'y')) |
                               ((vec)(first == '(') & (vec)(second == 'T')));
}

/* The next line behind `at` that has one of the first pairs of letters, or the end. */
static size_t next_candidate(struct str text, size_t at)
{
    for (; text.n - at > VEC_BYTES + 1; at += VEC_BYTES) {
        vec hit = begins_line(text.p + at);
        if (vec_any(hit))
            return at + vec_first(hit) + 1;
    }
    while (at < text.n && text.p[at] != '\n')
        at++;
    return at < text.n ? at + 1 : at;
}

bool old_next(struct str text, size_t *pos, struct buf *out, struct old_found *found)
{
    for (size_t at = *pos; at + 1 < text.n; at = next_candidate(text, at)) {
        char c = text.p[at], next = text.p[at + 1];
        bool maybe =
            (c == 'b' && next == 'e') || (c == '=' && next == 'y') || (c == '(' && next == 'T');
        if (maybe && begins(text, at, out, found)) {
            *pos = found->end > at ? found->end : at + 1;
            return true;
        }
    }
    *pos = text.n;
    return false;
}
