/* Content-Transfer-Encoding undone (RFC 2045 6.7, 6.8): forgiving, as readers of mail are. */
#include "message/message_internal.h"
#include "message/mime.h"

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (is_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Padding ends a run of bits; data behind it begins anew, as programs that glue parts write it. */
size_t decode_base64(struct str in, char *out, size_t *bad_bytes)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t n = 0;
    for (size_t i = 0; i < in.n; i++) {
        int value = base64_value(in.p[i]);
        if (value < 0) {
            if (in.p[i] == '=')
                held = 0;
            else if (!is_fws(in.p[i]))
                ++*bad_bytes;
            continue;
        }
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[n++] = (char)(unsigned char)(bits >> held & 0xff);
        }
    }
    return n;
}

/* Length of white space and a line end at `pos`: 0 when the line goes on with something else. */
static size_t blank_line_end(struct str in, size_t pos)
{
    size_t i = pos;
    while (i < in.n && is_wsp(in.p[i]))
        i++;
    if (i < in.n && in.p[i] == '\r')
        i++;
    return i < in.n && in.p[i] == '\n' ? i + 1 - pos : 0;
}

/* RFC 2045 6.7 rule 3: white space at the end of a line was added on the way. `kept` octets are
 * not touched. */
static size_t end_line(char *out, size_t n, size_t kept)
{
    bool cr = n > kept && out[n - 1] == '\r';
    n -= cr;
    while (n > kept && is_wsp(out[n - 1]))
        n--;
    if (cr)
        out[n++] = '\r';
    out[n++] = '\n';
    return n;
}

size_t decode_qp(struct str in, enum qp_place place, char *out, size_t *bad_bytes)
{
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        if (c == '\n' && place == QP_BODY) {
            kept = n = end_line(out, n, kept);
        } else if (c == '_' && place == QP_HEADER) {
            out[n++] = ' ';
        } else if (c != '=') {
            out[n++] = c;
        } else if (hex_octet(in, i + 1) >= 0) {
            out[n++] = (char)hex_octet(in, i + 1);
            kept = n;
            i += 2;
        } else if (place == QP_BODY && blank_line_end(in, i + 1) > 0) {
            kept = n;
            i += blank_line_end(in, i + 1);
        } else {
            out[n++] = c;
            ++*bad_bytes;
        }
    }
    return n;
}

struct str transfer_decode(struct arena *arena, struct str body, enum mime_encoding encoding,
                           size_t *bad_bytes)
{
    *bad_bytes = 0;
    if (encoding != MIME_QP && encoding != MIME_BASE64)
        return body.p == NULL ? STR("") : body;
    char *out = arena_new(arena, char, body.n);
    if (out == NULL)
        return STR_NONE;
    size_t n = encoding == MIME_QP ? decode_qp(body, QP_BODY, out, bad_bytes)
                                   : decode_base64(body, out, bad_bytes);
    return str_make(out, n);
}
