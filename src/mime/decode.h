/* Encodings of bodies undone, each in the ways in which readers of mail undo it. */
#ifndef MP_MIME_DECODE_H
#define MP_MIME_DECODE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"

enum body_encoding {
    ENCODING_NONE, /* 7bit, 8bit, binary */
    ENCODING_BASE64,
    ENCODING_QP,
    ENCODING_UU,
    ENCODING_YENC,
    ENCODING_BINHEX,
    ENCODING_GZIP64, /* base64 of gzip */
    ENCODING_UNKNOWN,
    ENCODING_COUNT
};

/* What a decoder met that another one would take otherwise. */
enum decode_odd {
    ODD_PAD = 1,         /* "=" before the end */
    ODD_JUNK = 2,        /* bytes that are no part of the encoding */
    ODD_RAGGED = 4,      /* a line of base64 that does not end with a whole quad, but the last */
    ODD_LENGTH = 8,      /* bits are left over at the end */
    ODD_ESCAPE = 16,     /* "=" of quoted-printable without two digits or a line end */
    ODD_LOWER = 32,      /* lower-case digits of quoted-printable */
    ODD_SPACE = 64,      /* white space at the end of a line of quoted-printable */
    ODD_BREAK = 128,     /* a line break kept as it stands, or a bare CR */
    ODD_PARAGRAPH = 256, /* an empty line within base64 */
    ODD_DIGIT = 512,     /* ODD_ESCAPE, and a digit behind it */
    ODD_CRLF = 1024      /* ODD_BREAK by CR and LF */
};

enum base64_pad { PAD_STOPS, PAD_RESTARTS, PAD_SKIPPED };
enum base64_junk { JUNK_SKIPPED, JUNK_STOPS, JUNK_DROPS_LINE };

struct base64_way {
    enum base64_pad pad;
    enum base64_junk junk;
    bool by_line; /* each line anew: what is no whole quad at its end is dropped */
};

static inline bool is_base64_digit(char c)
{
    return is_alnum(c) || c == '+' || c == '/';
}

/* The bytes that are no digit of base64. */
static inline vec base64_not_digits(vec v)
{
    vec letter = (v | 0x20) - 'a', digit = v - '/'; /* "/" stands before "0" */
    return ~((vec)(letter < 26) | (vec)(digit < 11) | (vec)(v == '+'));
}

/* How many digits of base64 `s` begins with. */
static inline size_t base64_digits(struct str s)
{
    size_t n = 0;
    while (s.n < VEC_BYTES && n < s.n && is_base64_digit(s.p[n]))
        n++;
    while (s.n >= VEC_BYTES && n < s.n) {
        size_t at = s.n - n < VEC_BYTES ? s.n - VEC_BYTES : n; /* the last ones once more */
        vec bad = base64_not_digits(vec_load(s.p + at));
        if (vec_any(bad))
            return at + vec_first(bad);
        n = at + VEC_BYTES;
    }
    return n;
}

/* Room that `out` needs for `n` encoded bytes. */
static inline size_t base64_room(size_t n)
{
    return n / 4 * 3 + 6;
}

/* A number for each way: 0 to 17. */
static inline unsigned base64_way_number(const struct base64_way *way)
{
    return (unsigned)way->pad * 6 + (unsigned)way->junk * 2 + way->by_line;
}

/* Returns the length written; `*odd` gets enum decode_odd. Linear. */
size_t base64_read(struct str in, const struct base64_way *way, char *out, unsigned *odd);

enum qp_bad {
    QP_BAD_KEPT,         /* the sign stands for itself */
    QP_BAD_WITHOUT_SIGN, /* the sign is left out */
    QP_BAD_DROPPED,      /* and what should be its digits */
    QP_BAD_WHOLE         /* all three bytes stand for themselves, whatever they are */
};

struct qp_way {
    enum qp_bad bad;       /* "=" and what is no pair of digits */
    bool lower_is_bad;     /* "=4b" */
    bool space_kept;       /* at the end of lines */
    bool break_is_lf;      /* line breaks become LF */
    bool one_digit;        /* "=4" is an octet */
    bool space_after_soft; /* "= <LF>" is no soft break */
};

/* A number for each way: 0 to 127. */
static inline unsigned qp_way_number(const struct qp_way *way)
{
    return (unsigned)way->bad | (unsigned)way->lower_is_bad << 2 | (unsigned)way->space_kept << 3 |
           (unsigned)way->break_is_lf << 4 | (unsigned)way->one_digit << 5 |
           (unsigned)way->space_after_soft << 6;
}

/* `out` has room for in.n bytes. */
size_t qp_read(struct str in, const struct qp_way *way, char *out, unsigned *odd);

/* What was found of uuencode, yEnc or BinHex in a text. */
struct old_found {
    enum body_encoding encoding;
    size_t start, end; /* in the text */
    struct str name;   /* as written there; may be empty */
    bool whole;        /* its end was there */
};

/* The next one at or behind `*pos`; `*pos` moves behind it, decoded bytes are appended to `out`
 * (its maximum bounds them). False: no more. Linear over all calls. */
bool old_next(struct str text, size_t *pos, struct buf *out, struct old_found *found);

/* Lines of uuencode without "begin": what a label alone says. */
void uu_read_lines(struct str text, struct buf *out);

/* What follows the first line "begin ...", as readers decode it to whom it is one stream (GMime,
 * Evolution): a line that is too short goes on in the next one, and what is too much in a line
 * begins one. The same as old_next() where every line is as long as it says. */
void uu_read_stream(struct str text, struct buf *out);

/* Inflate gzip within what `out` may hold. False: it is none, is broken or too large. */
bool gunzip(struct str in, struct buf *out);

#endif
