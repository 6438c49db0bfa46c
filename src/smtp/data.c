/* The message behind DATA: line ends, dots, the end (RFC 5321 4.5.2). */
#include "smtp/command.h"

static void end_data(struct buf *out, struct str written)
{
    /* an empty message: the CRLF of the DATA command is the one before the dot (RFC 5321 4.1.1.4)
     */
    if (written.n > 0 && !str_ends(written, STR("\r\n")))
        buf_addz(out, "\r\n");
    buf_addz(out, ".\r\n");
}

static void write_as_is(struct buf *out, struct str message)
{
    struct str rest = message;
    if (str_starts(rest, STR(".")))
        buf_addc(out, '.');
    for (size_t at; (at = str_search(rest, STR("\r\n."))) < rest.n;) {
        buf_add(out, str_slice(rest, 0, at + 2));
        buf_addc(out, '.');
        rest = str_slice(rest, at + 2, rest.n);
    }
    buf_add(out, rest);
}

/* Length of the line that `s` begins with, and of its end: CRLF, CR or LF; 0 at the very end. */
static size_t line_length(struct str s, size_t *end)
{
    size_t n = 0;
    while (n < s.n && s.p[n] != '\r' && s.p[n] != '\n')
        n++;
    *end = n == s.n ? 0 : s.p[n] == '\r' && n + 1 < s.n && s.p[n + 1] == '\n' ? 2 : 1;
    return n;
}

void smtp_write_data(struct buf *out, struct str message, bool as_is)
{
    if (as_is) {
        write_as_is(out, message);
        end_data(out, message);
        return;
    }
    for (struct str rest = message; rest.n > 0;) {
        size_t end, n = line_length(rest, &end);
        if (n > 0 && rest.p[0] == '.')
            buf_addc(out, '.');
        buf_add(out, str_slice(rest, 0, n));
        buf_addz(out, "\r\n");
        rest = str_slice(rest, n + end, rest.n);
    }
    buf_addz(out, ".\r\n");
}
