/* Files that are written out in a page: long runs of base64 or of hexadecimal digits. */
#include "base/base64.h"
#include "base/hex.h"
#include "content/found.h"
#include "content/place.h"
#include "document/page.h"
#include "mime/decode.h"

enum {
    RUN_MIN = 200,  /* digits that make a file */
    PIECE_MIN = 64, /* of the first piece; of further ones: */
    PIECE_MORE = 16,
    BETWEEN_MAX = 16,        /* bytes between two pieces: quotes, signs, line ends */
    RUNS_MAX = 256,          /* looked at, of one page */
    HEAD_DIGITS = 64 * 1024, /* that tell what the bytes are */
    MANY_DIGITS = 1000
};

static size_t piece_end(struct str s, size_t i)
{
    return i + base64_digits(str_slice(s, i, s.n));
}

/* Does no piece hold the byte at `i`, or one that ends near it on both sides? Most do. */
static bool is_short(struct str s, size_t i)
{
    if (!is_base64_digit(s.p[i]))
        return true;
    if (i < VEC_BYTES || s.n - i < VEC_BYTES)
        return false;
    return vec_any(base64_not_digits(vec_load(s.p + i))) &&
           vec_any(base64_not_digits(vec_load(s.p + i - VEC_BYTES)));
}

/* The next piece of at least PIECE_MIN digits: each holds a multiple of PIECE_MIN. */
static bool next_piece(struct str s, size_t *at, size_t *from, size_t *to)
{
    size_t low = *at;
    for (size_t i = (low + PIECE_MIN - 1) / PIECE_MIN * PIECE_MIN; i < s.n; i += PIECE_MIN) {
        if (is_short(s, i))
            continue;
        size_t start = i;
        while (start > low && is_base64_digit(s.p[start - 1]))
            start--;
        size_t end = piece_end(s, i);
        if (end - start >= PIECE_MIN) {
            *from = start;
            *to = *at = end;
            return true;
        }
        low = end;
        i = end / PIECE_MIN * PIECE_MIN;
    }
    *at = s.n;
    return false;
}

static bool is_between(char c)
{
    return is_fws(c) || c == '"' || c == '\'' || c == '`' || c == '\\' || c == ',' || c == '+';
}

/* Behind a piece: where the next of the same run begins, "..." + "..."; `at` when there is none. */
static size_t next_of_run(struct str s, size_t at)
{
    size_t i = at;
    while (i < s.n && i - at < BETWEEN_MAX && is_between(s.p[i]))
        i++;
    size_t more = piece_end(s, i) - i;
    return i > at && more >= PIECE_MORE ? i : at;
}

struct run {
    struct str digits; /* in the arena, or a view when it is one piece */
    size_t at, end;    /* in the page */
};

/* The pieces of the run that begins with [from, to) put together. */
static int read_run(struct page *p, struct str s, size_t from, size_t to, struct run *out)
{
    size_t end = to, next = next_of_run(s, to);
    *out = (struct run){.digits = str_slice(s, from, to), .at = from, .end = to};
    if (next == to)
        return MP_OK;
    for (size_t n; (n = next_of_run(s, end)) != end;)
        end = piece_end(s, n);
    char *joined = arena_new(p->c->arena, char, end - from);
    size_t n = 0;
    if (joined == NULL)
        return mp_fail(p->err, MP_E_NOMEM, 0, "no memory for what a page carries");
    for (size_t i = from, stop = to;;) {
        memcpy(joined + n, s.p + i, stop - i);
        n += stop - i;
        i = next_of_run(s, stop);
        if (i == stop)
            break;
        stop = piece_end(s, i);
    }
    *out = (struct run){.digits = str_make(joined, n), .at = from, .end = end};
    return MP_OK;
}

static bool is_hex(struct str digits)
{
    for (size_t i = 0; i < digits.n; i++)
        if (hex_value(digits.p[i]) < 0)
            return false;
    return true;
}

/* The bytes of the first `most` digits. p == NULL without memory. */
static struct str decode(struct page *p, struct str digits, size_t most)
{
    struct str out = STR_NONE, head = str_slice(digits, 0, most);
    if (!is_hex(str_slice(digits, 0, RUN_MIN))) {
        head = str_slice(head, 0, head.n - head.n % 4);
        return base64_decode(p->c->arena, head, BASE64_STRICT, &out) ? out : STR_NONE;
    }
    char *bytes = arena_new(p->c->arena, char, head.n / 2 + 1);
    for (size_t i = 0; bytes != NULL && i + 1 < head.n; i += 2) {
        int octet = hex_octet(head, i);
        if (octet < 0)
            break;
        bytes[out.n++] = (char)octet;
    }
    return str_make(bytes, out.n);
}

/* Kinds that a page has no honest use for; pictures, sounds and fonts are its own. */
static bool is_file(enum file_type kind)
{
    enum file_class class = file_type_class(kind);
    return class == FILE_CLASS_EXECUTABLE || class == FILE_CLASS_ARCHIVE ||
           class == FILE_CLASS_DOCUMENT || class == FILE_CLASS_SHORTCUT;
}

/* Of a picture or a font that the page shows itself. */
static bool is_picture(struct str text, size_t at)
{
    enum { HEAD = 40 };
    struct str before = str_slice(text, at > HEAD ? at - HEAD : 0, at);
    return str_isearch(before, STR("data:image/")) < before.n ||
           str_isearch(before, STR("data:font")) < before.n;
}

static void read_bytes(struct page *p, struct str text, const struct run *r)
{
    struct str head = decode(p, r->digits, HEAD_DIGITS);
    if (head.p == NULL)
        return;
    enum file_type kind = file_type_of(head);
    bool picture = is_picture(text, r->at);
    if (is_file(kind) && !picture) {
        finding_add(&p->c->report->findings, FINDING_HTML_EMBEDDED_PAYLOAD,
                    content_place(&p->object), "%zu characters of %s at %zu are %s: " STR_FMT "...",
                    r->digits.n, is_hex(str_slice(r->digits, 0, RUN_MIN)) ? "hex" : "base64", r->at,
                    file_type_name(kind), STR_ARG(str_slice(r->digits, 0, 40)));
    } else if ((kind == FILE_HTML || kind == FILE_SVG) && !picture && !p->body) {
        struct str whole = decode(p, r->digits, r->digits.n);
        if (whole.p != NULL)
            page_add(p, whole);
    }
}

/* "%3Chtml%3E...": escapes in a row are encoded text too. */
static void count_escapes(struct page *p, struct str text)
{
    size_t row = 0, last = 0;
    for (size_t at = 0; (at += str_find(str_slice(text, at, text.n), '%')) < text.n; at++) {
        row = at - last <= 24 ? row + (at - last) : 0; /* escape() leaves letters as they are */
        last = at;
        if (row > p->scripts.longest_run)
            p->scripts.longest_run = row;
    }
}

int page_payloads(struct page *p, struct str text)
{
    size_t at = 0, from, to, looked = 0;
    int st = MP_OK;
    if (!p->body)
        count_escapes(p, text);
    while (st == MP_OK && looked < RUNS_MAX && next_piece(text, &at, &from, &to)) {
        struct run r;
        st = read_run(p, text, from, to, &r);
        if (st != MP_OK || r.digits.n < RUN_MIN)
            continue;
        at = r.end;
        looked++;
        if (r.digits.n > p->scripts.longest_run && !is_picture(text, from))
            p->scripts.longest_run = r.digits.n;
        read_bytes(p, text, &r);
    }
    if (looked == RUNS_MAX)
        content_cut(p->c, p->index, "too many encoded pieces in a page");
    if (p->scripts.longest_run >= MANY_DIGITS)
        p->scripts.does |= SCRIPT_CARRIES;
    return st;
}
