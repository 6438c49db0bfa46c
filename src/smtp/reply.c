/* Replies: lines of code, separator and text, within limits, decided as early as the bytes allow.
 */
#include "smtp/reply.h"

#include "base/utf8.h"

struct raw_line {
    unsigned code;
    struct str text;
    bool bare_lf, more;
};

/* The first four octets of a line, as far as they are here: do they begin a reply (RFC 5321 4.2)?
 * `line` is without its LF when `whole`. NULL: yes. */
static const char *bad_head(struct str line, bool whole)
{
    for (size_t i = 0; i < 3 && i < line.n; i++)
        if (!is_digit(line.p[i]))
            return "a line does not begin with a three-digit code";
    if (line.n < 3)
        return whole ? "a line is shorter than a three-digit code" : NULL;
    if (line.p[0] < '2' || line.p[0] > '5')
        return "a code is not between 200 and 599";
    if (line.n == 3 || line.p[3] == ' ' || line.p[3] == '-')
        return NULL;
    if (line.p[3] == '\r' && line.n == 4)
        return NULL; /* "250" CRLF: clients should take it (RFC 5321 4.2.1) */
    return "a code is followed by neither a space nor a hyphen";
}

static enum smtp_parse next_line(struct str in, size_t start, struct raw_line *out, size_t *end,
                                 const char **why)
{
    size_t left = SMTP_REPLY_MAX_BYTES - start;
    size_t limit = left < SMTP_REPLY_LINE_MAX ? left : SMTP_REPLY_LINE_MAX;
    struct str seen = str_slice(in, start, start + limit);
    size_t lf = str_find(seen, '\n');
    struct str line = str_slice(seen, 0, lf);
    const char *bad = bad_head(line, lf < seen.n);
    if (bad != NULL) {
        *why = bad;
        return SMTP_PARSE_GARBAGE;
    }
    if (lf == seen.n) {
        if (seen.n < limit)
            return SMTP_PARSE_MORE;
        *why = left < SMTP_REPLY_LINE_MAX ? "a reply is longer than 65536 bytes"
                                          : "a line is longer than 4096 bytes";
        return left < SMTP_REPLY_LINE_MAX ? SMTP_PARSE_TOO_MANY : SMTP_PARSE_LONG_LINE;
    }
    out->bare_lf = line.n == 0 || line.p[line.n - 1] != '\r';
    if (!out->bare_lf)
        line = str_slice(line, 0, line.n - 1);
    out->code = (unsigned)(line.p[0] - '0') * 100 + (unsigned)(line.p[1] - '0') * 10 +
                (unsigned)(line.p[2] - '0');
    out->more = line.n > 3 && line.p[3] == '-';
    out->text = str_slice(line, 4, line.n);
    *end = start + lf + 1;
    return SMTP_PARSE_DONE;
}

static bool take_number(struct str *s, unsigned *out)
{
    size_t n = 0;
    *out = 0;
    for (; n < s->n && n < 4 && is_digit(s->p[n]); n++)
        *out = *out * 10 + (unsigned)(s->p[n] - '0');
    *s = str_slice(*s, n, s->n);
    return n > 0 && n <= 3;
}

/* "5.1.1 text" (RFC 2034 4, RFC 3463 2). More dots make an address, not a code. */
static void take_enhanced(struct smtp_reply *r, struct str text)
{
    unsigned part[3];
    for (size_t i = 0; i < 3; i++) {
        if (i > 0 && (text.n == 0 || text.p[0] != '.'))
            return;
        text = str_slice(text, i > 0, text.n);
        if (!take_number(&text, &part[i]))
            return;
    }
    if (text.n > 0 && (is_alnum(text.p[0]) || text.p[0] == '.'))
        return;
    if (part[0] != 2 && part[0] != 4 && part[0] != 5)
        return;
    r->class_ = part[0];
    r->subject = part[1];
    r->detail = part[2];
}

static bool has_foreign_bytes(struct str text)
{
    for (int32_t cp; (cp = utf8_next(&text)) != UTF8_END;)
        if (cp == UTF8_BAD || (cp < 0x20 && cp != '\t') || (cp >= 0x7f && cp < 0xa0))
            return true;
    return false;
}

static bool fill(struct arena *a, const struct raw_line *raw, size_t n, struct smtp_reply *out)
{
    struct smtp_reply r = {.code = raw[n - 1].code, .n_lines = n};
    size_t total = n - 1;
    for (size_t i = 0; i < n; i++)
        total += raw[i].text.n;
    r.lines = arena_new(a, struct str, n);
    char *p = arena_new(a, char, total + 1);
    if (r.lines == NULL || p == NULL)
        return false;
    r.text = str_make(p, total);
    for (size_t i = 0; i < n; i++) {
        struct str text = raw[i].text;
        if (i > 0)
            *p++ = '\n';
        if (text.n > 0)
            memcpy(p, text.p, text.n);
        r.lines[i] = str_make(p, text.n);
        p += text.n;
        r.bare_lf = r.bare_lf || raw[i].bare_lf;
        r.code_changed = r.code_changed || raw[i].code != raw[0].code;
        r.foreign_bytes = r.foreign_bytes || has_foreign_bytes(text);
        take_enhanced(&r, text);
    }
    *out = r;
    return true;
}

enum smtp_parse smtp_reply_parse(struct arena *a, struct str in, struct smtp_reply *out,
                                 size_t *used, const char **why)
{
    struct raw_line lines[SMTP_REPLY_LINES_MAX];
    size_t n = 0, at = 0;
    *why = "";
    do {
        if (n == SMTP_REPLY_LINES_MAX) {
            *why = "a reply has more than 200 lines";
            return SMTP_PARSE_TOO_MANY;
        }
        enum smtp_parse st = next_line(in, at, &lines[n], &at, why);
        if (st != SMTP_PARSE_DONE)
            return st;
    } while (lines[n++].more);
    if (!fill(a, lines, n, out)) {
        *why = "no memory is left for the reply";
        return SMTP_PARSE_NO_MEMORY;
    }
    *used = at;
    return SMTP_PARSE_DONE;
}
