/* Codewords to text (ISO/IEC 18004 clause 7.4): segments of each mode, charsets to UTF-8. */
#include "base/utf8.h"
#include "image/qr_charsets.h"
#include "image/qr_internal.h"

enum {
    MODE_END = 0,
    MODE_NUMERIC = 1,
    MODE_ALPHANUMERIC = 2,
    MODE_PARTS = 3,
    MODE_BYTE = 4,
    MODE_FNC1_FIRST = 5,
    MODE_ECI = 7,
    MODE_KANJI = 8,
    MODE_FNC1_SECOND = 9
};
enum { ECI_LATIN_1 = 3, ECI_SHIFT_JIS = 20, ECI_UTF_16 = 25, ECI_UTF_8 = 26, ECI_NONE = 0xffffff };
enum { GROUP_SEPARATOR = 0x1d, REPLACEMENT = 0xfffd };

struct reader {
    const unsigned char *p;
    size_t at, bits; /* read, and all */
    unsigned version, eci;
    bool fnc1, latin; /* bytes of no named charset: they are ISO 8859-1, else UTF-8 */
    struct buf *out;
};

static bool have(const struct reader *r, size_t n)
{
    return r->bits - r->at >= n;
}

/* The next `n` bits, at most 16; zeros behind the end. */
static unsigned take(struct reader *r, unsigned n)
{
    unsigned v = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned bit = r->at < r->bits ? (unsigned)r->p[r->at / 8] >> (7 - r->at % 8) & 1u : 0;
        v = v << 1 | bit;
        r->at += r->at < r->bits;
    }
    return v;
}

static bool numeric(struct reader *r, unsigned n)
{
    static const unsigned char bits[] = {0, 4, 7, 10};
    static const unsigned limit[] = {1, 10, 100, 1000};
    while (n > 0) {
        unsigned digits = n < 3 ? n : 3;
        if (!have(r, bits[digits]))
            return false;
        unsigned v = take(r, bits[digits]);
        if (v >= limit[digits])
            return false;
        for (unsigned scale = limit[digits] / 10; scale > 0; scale /= 10)
            buf_addc(r->out, (char)('0' + v / scale % 10));
        n -= digits;
    }
    return true;
}

/* A character of the alphanumeric set. With FNC1 a percent sign stands for a separator, and two of
 * them for one: `*percent` is one that still waits for what comes next. */
static void add_character(struct reader *r, char c, bool *percent)
{
    bool waited = *percent;
    *percent = r->fnc1 && c == '%' && !waited;
    if (waited && c != '%')
        buf_addc(r->out, GROUP_SEPARATOR);
    if (!*percent)
        buf_addc(r->out, c);
}

static bool alphanumeric(struct reader *r, unsigned n)
{
    static const char set[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    bool percent = false;
    for (unsigned i = 0; i < n; i += 2) {
        unsigned bits = n - i >= 2 ? 11 : 6;
        if (!have(r, bits))
            return false;
        unsigned v = take(r, bits), first = bits == 11 ? v / 45 : v;
        if (first >= 45)
            return false;
        add_character(r, set[first], &percent);
        if (bits == 11)
            add_character(r, set[v % 45], &percent);
    }
    if (percent)
        buf_addc(r->out, GROUP_SEPARATOR);
    return true;
}

static void add_or_mark(struct reader *r, unsigned code_point)
{
    utf8_add(r->out, code_point == 0 ? REPLACEMENT : (int32_t)code_point);
}

static unsigned jis(unsigned row, unsigned column)
{
    return row < 94 && column < 94 ? qr_jis_x_0208[row * 94 + column] : 0;
}

/* Two octets of Shift JIS. */
static unsigned shift_jis(unsigned lead, unsigned trail)
{
    unsigned row = (lead < 0xe0 ? lead - 0x81 : lead - 0xc1) * 2;
    if (trail < 0x40 || trail == 0x7f || trail > 0xfc)
        return 0;
    if (trail >= 0x9f)
        return jis(row + 1, trail - 0x9f);
    return jis(row, trail - (trail > 0x7f ? 0x41 : 0x40));
}

static bool kanji(struct reader *r, unsigned n)
{
    for (; n > 0; n--) {
        if (!have(r, 13))
            return false;
        unsigned v = take(r, 13), code = v / 0xc0 << 8 | v % 0xc0;
        code += code <= 0x1ebc ? 0x8140 : 0xc140; /* 8140..9ffc, e040..ebbf */
        add_or_mark(r, shift_jis(code >> 8, code & 255));
    }
    return true;
}

static void add_shift_jis(struct reader *r, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned c = (unsigned char)s.p[i];
        bool pair = (c >= 0x81 && c <= 0x9f) || (c >= 0xe0 && c <= 0xfc);
        if (c < 0x80)
            buf_addc(r->out, (char)c);
        else if (c >= 0xa1 && c <= 0xdf)
            utf8_add(r->out, (int32_t)(0xff61 + c - 0xa1));
        else if (pair && i + 1 < s.n)
            add_or_mark(r, shift_jis(c, (unsigned char)s.p[++i]));
        else
            add_or_mark(r, 0);
    }
}

static void add_utf_16(struct reader *r, struct str s)
{
    for (size_t i = 0; i + 1 < s.n; i += 2) {
        unsigned c = (unsigned)(unsigned char)s.p[i] << 8 | (unsigned char)s.p[i + 1];
        if (c >= 0xd800 && c < 0xdc00 && i + 3 < s.n) {
            unsigned low = (unsigned)(unsigned char)s.p[i + 2] << 8 | (unsigned char)s.p[i + 3];
            c = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00) : 0;
            i += 2;
        }
        add_or_mark(r, c >= 0xd800 && c < 0xe000 ? 0 : c);
    }
}

static void add_single(struct reader *r, struct str s)
{
    const struct qr_charset *set = NULL;
    for (size_t i = 0; i < qr_n_charsets; i++)
        if (qr_charsets[i].eci == r->eci)
            set = &qr_charsets[i];
    for (size_t i = 0; i < s.n; i++) {
        unsigned c = (unsigned char)s.p[i];
        if (c < 0x80)
            buf_addc(r->out, (char)c);
        else if (set != NULL)
            add_or_mark(r, set->upper[c - 0x80]);
        else
            add_or_mark(r, r->eci == ECI_LATIN_1 || r->eci == 1 || r->eci == ECI_NONE ? c : 0);
    }
}

/* What is said to be UTF-8; what cannot be is marked. */
static void add_utf_8(struct reader *r, struct str s)
{
    for (int32_t c; (c = utf8_next(&s)) != UTF8_END;)
        utf8_add(r->out, c == UTF8_BAD ? REPLACEMENT : c);
}

static void add_bytes(struct reader *r, struct str s)
{
    if (r->eci == ECI_NONE && !r->latin)
        buf_add(r->out, s); /* as it stands: qr_text looks whether it is UTF-8 */
    else if (r->eci == ECI_UTF_8)
        add_utf_8(r, s);
    else if (r->eci == ECI_SHIFT_JIS)
        add_shift_jis(r, s);
    else if (r->eci == ECI_UTF_16)
        add_utf_16(r, s);
    else
        add_single(r, s);
}

static bool bytes(struct reader *r, unsigned n)
{
    char octets[QR_MAX_CODEWORDS];
    if (n > sizeof octets || !have(r, 8 * (size_t)n))
        return false;
    for (unsigned i = 0; i < n; i++)
        octets[i] = (char)take(r, 8);
    add_bytes(r, str_make(octets, n));
    return true;
}

/* An ECI designator of one to three octets. */
static bool eci(struct reader *r)
{
    unsigned v = take(r, 8);
    if ((v & 0x80) == 0)
        r->eci = v;
    else if ((v & 0xc0) == 0x80)
        r->eci = (v & 0x3f) << 8 | take(r, 8);
    else
        r->eci = (v & 0x1f) << 16 | take(r, 16);
    return r->at < r->bits;
}

/* Segments with a count. */
static const struct mode {
    unsigned char mode, count_bits[3]; /* of versions 1 to 9, 10 to 26, 27 to 40 */
    bool (*read)(struct reader *r, unsigned n);
} modes[] = {
    {MODE_NUMERIC, {10, 12, 14}, numeric},
    {MODE_ALPHANUMERIC, {9, 11, 13}, alphanumeric},
    {MODE_BYTE, {8, 16, 16}, bytes},
    {MODE_KANJI, {8, 10, 12}, kanji},
};

static bool segment(struct reader *r, unsigned mode)
{
    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        if (modes[i].mode == mode) {
            unsigned size = r->version < 10 ? 0 : r->version < 27 ? 1 : 2;
            return modes[i].read(r, take(r, modes[i].count_bits[size]));
        }
    if (mode == MODE_ECI)
        return eci(r);
    if (mode == MODE_PARTS) {
        take(r, 16);
        return true;
    }
    if (mode != MODE_FNC1_FIRST && mode != MODE_FNC1_SECOND)
        return false;
    r->fnc1 = true;
    if (mode == MODE_FNC1_SECOND)
        take(r, 8); /* the application */
    return true;
}

/* All segments of one code. */
static bool one_text(const struct qr_data *d, bool latin, struct buf *out)
{
    struct reader r = {.p = d->bytes,
                       .bits = d->n * 8,
                       .version = d->version,
                       .eci = ECI_NONE,
                       .latin = latin,
                       .out = out};
    while (have(&r, 4)) {
        unsigned mode = take(&r, 4);
        if (mode == MODE_END)
            break;
        if (!segment(&r, mode))
            return false;
    }
    return true;
}

static bool all_texts(const struct qr_data *const *data, size_t n, bool latin, struct buf *out)
{
    bool ok = true;
    buf_reset(out);
    for (size_t i = 0; ok && i < n; i++)
        ok = one_text(data[i], latin, out);
    return ok && !out->failed;
}

/* Bytes whose charset nobody names are UTF-8 when they can be, as all writers do, else ISO 8859-1,
 * as the norm says. What ECI names is taken at its word, and mended where it cannot be. */
bool qr_text(const struct qr_data *const *data, size_t n, struct buf *out)
{
    if (!all_texts(data, n, false, out))
        return false;
    return utf8_valid(buf_str(out)) || (all_texts(data, n, true, out) && utf8_valid(buf_str(out)));
}

void qr_text_parts(struct qr_data *d)
{
    struct reader r = {.p = d->bytes, .bits = d->n * 8};
    if (!have(&r, 20) || take(&r, 4) != MODE_PARTS)
        return;
    unsigned part = take(&r, 4), last = take(&r, 4);
    d->parity = take(&r, 8);
    if (part > last || last == 0)
        return;
    d->part = part + 1;
    d->parts = last + 1;
}
