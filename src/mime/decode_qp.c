/* Quoted-printable (RFC 2045 6.7) in every way in which readers of mail decode it. */
#include "mime/decode.h"

struct qp_run {
    const struct qp_way *way;
    struct str in;
    char *out;
    size_t n, kept; /* written; written octets that no line end may trim */
    unsigned odd;
};

/* White space and a line end at `pos`: its length, or 0. */
static inline size_t blank_to_end(struct str in, size_t pos)
{
    size_t i = pos;
    while (i < in.n && is_wsp(in.p[i]))
        i++;
    if (i == in.n)
        return i - pos + 1; /* the body ends: as good as a line end */
    if (in.p[i] == '\r')
        i++;
    return i < in.n && in.p[i] == '\n' ? i + 1 - pos : 0;
}

/* Values of hexadecimal digits, those in lower case with LOWER; NO_DIGIT for all else.
 * clang-format off */
enum { LOWER = 0x40, NO_DIGIT = 0x80 };
static const unsigned char digits[256] = {
#define N   NO_DIGIT
#define N8  N, N, N, N, N, N, N, N
#define N16 N8, N8
    N16,        N16,        N16,        0,          1,          2,          3,  4,  5,   6,
    7,          8,          9,          N,          N,          N,          N,  N,  N,   N,
    10,         11,         12,         13,         14,         15,         N,  N8, N16, N,
    LOWER | 10, LOWER | 11, LOWER | 12, LOWER | 13, LOWER | 14, LOWER | 15, N,  N8, N16, N16,
    N16,        N16,        N16,        N16,        N16,        N16,        N16
#undef N16
#undef N8
#undef N
};
/* clang-format on */

/* At "=": the octet, or -1. */
static inline int escaped(struct qp_run *r, size_t pos)
{
    if (r->in.n - pos < 3)
        return -1;
    unsigned high = digits[(unsigned char)r->in.p[pos + 1]],
             low = digits[(unsigned char)r->in.p[pos + 2]];
    if (((high | low) & NO_DIGIT) != 0)
        return -1;
    if (((high | low) & LOWER) != 0) {
        r->odd |= ODD_LOWER;
        if (r->way->lower_is_bad)
            return -1;
    }
    return (int)((high & 15) << 4 | (low & 15));
}

/* "=" that surely begins no octet and no line end, nor a row of signs. */
static inline bool is_broken(struct str in, size_t pos)
{
    if (in.n - pos < 3)
        return false;
    char next = in.p[pos + 1];
    return next == '\r' ? in.p[pos + 2] != '\n'
                        : digits[(unsigned char)next] == NO_DIGIT && !is_fws(next) && next != '=';
}

/* The same for the signs among the bytes at `p`, behind which two more can be read. */
static inline vec broken_signs(const char *p)
{
    vec next = vec_load(p + 1), letter = (next | 0x20) - 'a', digit = next - '0';
    vec may_be = (vec)(letter < 6) | (vec)(digit < 10) | (vec)(next == ' ') | (vec)(next == '\t') |
                 (vec)(next == '\n') | (vec)(next == '=') |
                 ((vec)(next == '\r') & (vec)(vec_load(p + 2) == '\n'));
    return (vec)(vec_load(p) == '=') & ~may_be;
}

/* "=" and no octet and no line end. Returns how many bytes were taken. */
static inline size_t bad_escape(struct qp_run *r, size_t pos)
{
    r->odd |= ODD_ESCAPE;
    unsigned digit = pos + 1 < r->in.n ? digits[(unsigned char)r->in.p[pos + 1]] : NO_DIGIT;
    r->odd |= digit != NO_DIGIT ? ODD_DIGIT : 0;
    if (r->way->one_digit && digit != NO_DIGIT) {
        r->out[r->n++] = (char)(unsigned char)(digit & 15);
        r->kept = r->n;
        return 2;
    }
    if (r->way->bad == QP_BAD_DROPPED) {
        size_t more = 0;
        while (more < 2 && pos + 1 + more < r->in.n && r->in.p[pos + 1 + more] != '=' &&
               r->in.p[pos + 1 + more] != '\n')
            more++;
        return 1 + more;
    }
    if (r->way->bad == QP_BAD_WHOLE) {
        struct str whole = str_slice(r->in, pos, pos + 3);
        memcpy(r->out + r->n, whole.p, whole.n);
        r->kept = r->n += whole.n;
        return whole.n;
    }
    if (r->way->bad == QP_BAD_KEPT)
        r->out[r->n++] = '=';
    return 1;
}

/* "=" and "=" again: all in a row but the last are broken. Returns how many bytes were taken. */
static size_t signs(struct qp_run *r, size_t pos)
{
    size_t end = pos + 1;
    while (r->in.n - end >= VEC_BYTES && !vec_any((vec)(vec_load(r->in.p + end) != '=')))
        end += VEC_BYTES;
    while (end < r->in.n && r->in.p[end] == '=')
        end++;
    size_t n = end - pos - 1;
    if (r->way->bad == QP_BAD_WHOLE)
        n = (n + 1) / 3 * 3;
    if (n == 0)
        return bad_escape(r, pos);
    r->odd |= ODD_ESCAPE;
    if (r->way->bad == QP_BAD_KEPT || r->way->bad == QP_BAD_WHOLE) {
        memset(r->out + r->n, '=', n);
        r->kept = r->n += n;
    }
    return n;
}

static inline size_t escape(struct qp_run *r, size_t pos)
{
    if (pos + 1 < r->in.n && r->in.p[pos + 1] == '=')
        return signs(r, pos);
    int value = escaped(r, pos);
    if (value >= 0) {
        r->out[r->n++] = (char)(unsigned char)value;
        r->kept = r->n;
        return 3;
    }
    size_t soft = pos + 1 < r->in.n && !is_fws(r->in.p[pos + 1]) ? 0 : blank_to_end(r->in, pos + 1);
    if (soft == 0)
        return bad_escape(r, pos);
    bool space = pos + 1 < r->in.n && is_wsp(r->in.p[pos + 1]);
    r->odd |= space ? ODD_SPACE : 0;
    if (space && r->way->space_after_soft)
        return bad_escape(r, pos);
    r->kept = r->n;
    return 1 + soft;
}

/* Rule 3: white space at the end of a line was added on the way. */
static inline void line_ends(struct qp_run *r)
{
    bool cr = r->n > r->kept && r->out[r->n - 1] == '\r';
    size_t n = r->n - cr;
    while (n > r->kept && is_wsp(r->out[n - 1]))
        n--;
    if (n != r->n - cr)
        r->odd |= ODD_SPACE;
    if (r->way->space_kept)
        n = r->n - cr;
    r->odd |= cr ? ODD_BREAK | ODD_CRLF : ODD_BREAK;
    if (cr && !r->way->break_is_lf)
        r->out[n++] = '\r';
    r->out[n++] = '\n';
    r->kept = r->n = n;
}

/* Does the "=" or line end at `pos`, behind another byte, stand for itself? */
static inline bool is_itself(const struct qp_run *r, size_t pos)
{
    char before = r->in.p[pos - 1];
    if (r->in.p[pos] == '=')
        return r->way->bad == QP_BAD_KEPT && is_broken(r->in, pos);
    return before != '\r' && !is_wsp(before);
}

/* How many bytes at `pos` do, VEC_BYTES at most. One stands before them, and two behind. */
static inline size_t run_of_itself(struct qp_run *r, size_t pos)
{
    const char *p = r->in.p + pos;
    vec v = vec_load(p), before = vec_load(p - 1), none = {0};
    vec sign = r->way->bad == QP_BAD_KEPT ? broken_signs(p) : none;
    vec end =
        (vec)(v == '\n') & ~((vec)(before == '\r') | (vec)(before == ' ') | (vec)(before == '\t'));
    vec others = ((vec)(v == '=') & ~sign) | ((vec)(v == '\n') & ~end);
    unsigned first = (unsigned)__builtin_ctz(vec_bits(others) | 1u << VEC_BYTES);
    unsigned below = (1u << first) - 1;
    r->odd |= (vec_bits(sign) & below) != 0 ? ODD_ESCAPE : 0;
    r->odd |= (vec_bits(end) & below) != 0 ? ODD_BREAK : 0;
    return first;
}

/* Bytes that stand for themselves, up to the next "=" or line end that may not: how many. What is
 * copied behind them is written over; there is room, since never more octets come out than bytes
 * were read. */
static inline size_t plain(struct qp_run *r, size_t pos)
{
    char *out = r->out + r->n;
    size_t n = 0, left = r->in.n - pos;
    while (left - n >= VEC_BYTES) {
        vec v = vec_load(r->in.p + pos + n), ends = (vec)(v == '=') | (vec)(v == '\n');
        size_t first = vec_any(ends) ? vec_first(ends) : VEC_BYTES;
        memcpy(out + n, &v, sizeof v);
        if (first < VEC_BYTES && left - n >= VEC_BYTES + 2 && n + first > 0 && pos + n > 0 &&
            is_itself(r, pos + n + first))
            first = run_of_itself(r, pos + n);
        n += first;
        if (first < VEC_BYTES) {
            r->n += n;
            return n;
        }
    }
    for (; n < left && r->in.p[pos + n] != '=' && r->in.p[pos + n] != '\n'; n++)
        out[n] = r->in.p[pos + n];
    r->n += n;
    return n;
}

size_t qp_read(struct str in, const struct qp_way *way, char *out, unsigned *odd)
{
    struct qp_run r = {.way = way, .in = in, .out = out};
    for (size_t i = 0; i < in.n;) {
        if (in.p[i] == '\n') {
            line_ends(&r);
            i++;
        } else if (in.p[i] == '=') {
            i += is_broken(in, i) ? bad_escape(&r, i) : escape(&r, i);
        } else {
            i += plain(&r, i);
        }
    }
    *odd = r.odd;
    return r.n;
}
