/* Rules about encoded bodies: base64 and quoted-printable by the letter (RFC 2045 6.7, 6.8), and
 * what decoders disagree about. Good lines cost a few instructions for 16 octets. */
#include "mime/lint_internal.h"

#include "base/hex.h"
#include "base/vec.h"
#include "mime/decode.h"

enum { ENCODED_LINE_MAX = 76 };

/* ---- base64 ---- */

struct base64 {
    size_t letters, pads;      /* of the run so far: it ends where padding does */
    size_t last_letter;        /* behind the last letter or pad */
    size_t junk, early, trail; /* offset + 1 of the first one */
};

static void note(size_t *first, size_t offset)
{
    if (*first == 0)
        *first = offset + 1;
}

/* A letter behind padding: did the padding end a group of four? */
static void begin_anew(struct base64 *b, size_t offset)
{
    bool whole = b->pads <= 2 && (b->letters + b->pads) % 4 == 0;
    note(whole ? &b->trail : &b->early, offset);
    b->letters = b->pads = 0;
}

static void read_line(struct base64 *b, struct str line, size_t offset)
{
    for (size_t i = 0; i < line.n;) {
        size_t run = base64_digits(str_slice(line, i, line.n));
        if (run > 0 && b->pads > 0)
            begin_anew(b, offset + i);
        b->letters += run;
        i += run;
        if (run > 0)
            b->last_letter = offset + i;
        if (i == line.n)
            return;
        if (line.p[i] == '=') {
            b->pads++;
            b->last_letter = offset + i + 1;
        } else {
            note(&b->junk, offset + i);
        }
        i++;
    }
}

static void tell_base64(struct lint *l, const struct mime_part *p, const struct base64 *b)
{
    enum { AROUND = 40 };
    const struct {
        size_t at;
        const char *code;
    } seen[] = {{b->junk, "junk: an octet outside of the alphabet"},
                {b->early, "early-pad: data behind padding within a group"},
                {b->trail, "trail: data behind the padding that ends them"},
                {b->pads > 2 || (b->letters + b->pads) % 4 != 0 ? b->last_letter : 0,
                 "len: the last group is not of four"}};
    for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
        if (seen[i].at == 0)
            continue;
        struct str line = lint_line(l->m->raw, seen[i].at - 1);
        struct lint_at at = {.part = p, .offset = seen[i].at - 1};
        at.length = line.n < AROUND ? line.n : AROUND;
        lint_add(l, FINDING_MIME_BASE64_ANOMALY, at, "%s", seen[i].code);
    }
}

/* Lines that some decoders read one by one: `odd` is the first whose length is told when another
 * line follows. */
static void check_base64(struct lint *l, const struct mime_part *p)
{
    struct str raw = str_slice(l->m->raw, 0, p->body_offset + p->body_length);
    struct base64 b = {0};
    size_t odd = 0, told = 0;
    for (size_t pos = p->body_offset, next; pos < raw.n; pos = next) {
        next = lint_next_line(raw, pos);
        struct str line = str_slice(raw, pos, next);
        line.n -= line.n > 0 && line.p[line.n - 1] == '\n';
        line.n -= line.n > 0 && line.p[line.n - 1] == '\r';
        if (odd != 0 && line.n != 0 && told == 0)
            told = odd;
        if (line.n % 4 != 0 || line.n == 0)
            note(&odd, pos);
        if (line.n > ENCODED_LINE_MAX && told == 0)
            told = pos + 1;
        read_line(&b, line, pos);
    }
    tell_base64(l, p, &b);
    if (told == 0)
        return;
    size_t length = lint_line(raw, told - 1).n;
    struct lint_at at = {p, STR_NONE, told - 1, length};
    lint_add(l, FINDING_MIME_BASE64_LINES, at, "a line of %zu octets", length);
}

/* ---- quoted-printable ---- */

struct quoted {
    size_t broken, foreign, lower, padded, trailing, long_line; /* offset + 1 of the first one */
};

/* Behind "=": white space and a line end, or the end of the body. */
static bool is_soft_break(struct str raw, size_t pos)
{
    while (pos < raw.n && is_wsp(raw.p[pos]))
        pos++;
    if (pos < raw.n && raw.p[pos] == '\r')
        pos++;
    return pos == raw.n || raw.p[pos] == '\n';
}

/* At "=": behind what it begins. */
static size_t read_escape(struct quoted *q, struct str raw, size_t pos)
{
    if (hex_octet(raw, pos + 1) >= 0) {
        if (raw.p[pos + 1] >= 'a' || raw.p[pos + 2] >= 'a')
            note(&q->lower, pos);
        return pos + 3;
    }
    if (!is_soft_break(raw, pos + 1))
        note(&q->broken, pos);
    else if (pos + 1 < raw.n && is_wsp(raw.p[pos + 1]))
        note(&q->padded, pos);
    return pos + 1;
}

/* Behind "=" a digit, or white space that is no line end. */
static inline vec sign_that_counts(const char *p)
{
    vec next = vec_load(p + 1), letter = (next | 0x20) - 'a', digit = next - '0';
    return (vec)(vec_load(p) == '=') &
           ((vec)(letter < 6) | (vec)(digit < 10) | (vec)(next == ' ') | (vec)(next == '\t'));
}

/* The next "=", or the end; once a broken one was told, not those that can be nothing else. */
static size_t next_sign(const struct quoted *q, struct str raw, size_t pos)
{
    for (; q->broken != 0 && raw.n - pos > VEC_BYTES; pos += VEC_BYTES) {
        vec hit = sign_that_counts(raw.p + pos);
        if (vec_any(hit))
            return pos + vec_first(hit);
    }
    if (pos == raw.n || raw.p[pos] == '=')
        return pos;
    const char *sign = memchr(raw.p + pos, '=', raw.n - pos);
    return sign == NULL ? raw.n : (size_t)(sign - raw.p);
}

/* RFC 2045 6.7 rules 2 and 4: above 127, and controls that are no TAB, CR or LF. */
static bool is_foreign(char c)
{
    return (unsigned char)c >= 0x7f || ((unsigned char)c < ' ' && !is_fws(c));
}

static inline vec foreign(const char *p)
{
    vec v = vec_load(p);
    vec usual = (vec)(v == '\t') | (vec)(v == '\r') | (vec)(v == '\n');
    return ((vec)(v < ' ') | (vec)(v > 0x7e)) & ~usual;
}

static void find_foreign(struct quoted *q, struct str raw, size_t pos)
{
    for (; raw.n - pos >= VEC_BYTES; pos += VEC_BYTES)
        if (vec_any(foreign(raw.p + pos)))
            break;
    while (pos < raw.n && !is_foreign(raw.p[pos]))
        pos++;
    if (pos < raw.n)
        note(&q->foreign, pos);
}

/* White space in front of a line end. */
static inline vec blank_at_end(const char *p)
{
    vec v = vec_load(p), after = vec_load(p + 1);
    return ((vec)(v == ' ') | (vec)(v == '\t')) & ((vec)(after == '\r') | (vec)(after == '\n'));
}

/* Rule 3: white space at the end of a line is dropped by some readers and kept by others. Behind an
 * equals sign it is told elsewhere. */
static void find_trailing_space(struct quoted *q, struct str raw, size_t from)
{
    for (size_t pos = from; pos + 1 < raw.n && q->trailing == 0; pos++) {
        while (raw.n - pos > VEC_BYTES && !vec_any(blank_at_end(raw.p + pos)))
            pos += VEC_BYTES;
        if (pos + 1 == raw.n || !is_wsp(raw.p[pos]) ||
            (raw.p[pos + 1] != '\r' && raw.p[pos + 1] != '\n'))
            continue;
        size_t start = pos;
        while (start > from && is_wsp(raw.p[start - 1]))
            start--;
        if (start == from || raw.p[start - 1] != '=')
            note(&q->trailing, start);
    }
}

/* The last LF in a window as long as a good line can be: what ends before it is short enough. */
static void find_long_line(struct quoted *q, struct str raw, size_t pos)
{
    enum { WINDOW = ENCODED_LINE_MAX + 2 };
    while (raw.n - pos > WINDOW) {
        const char *lf = memrchr(raw.p + pos, '\n', WINDOW);
        if (lf == NULL) {
            note(&q->long_line, pos);
            return;
        }
        pos = (size_t)(lf - raw.p) + 1;
    }
}

static void check_quoted(struct lint *l, const struct mime_part *p)
{
    struct str raw = str_slice(l->m->raw, 0, p->body_offset + p->body_length);
    struct quoted q = {0};
    size_t pos = p->body_offset;
    find_foreign(&q, raw, pos);
    find_trailing_space(&q, raw, pos);
    find_long_line(&q, raw, pos);
    while ((pos = next_sign(&q, raw, pos)) < raw.n)
        pos = read_escape(&q, raw, pos);
    const struct {
        size_t at;
        enum finding_id id;
        const char *code;
        enum severity severity;
    } seen[] = {{q.broken, FINDING_MIME_QP_ANOMALY, "an equals sign without its two digits",
                 SEV_MEDIUM},
                {q.foreign, FINDING_MIME_QP_ANOMALY, "an octet that must be escaped", SEV_MEDIUM},
                {q.lower, FINDING_MIME_QP_STYLE, "digits in lower case", SEV_LOW},
                {q.padded, FINDING_MIME_QP_STYLE, "white space behind a soft line end", SEV_LOW},
                {q.trailing, FINDING_MIME_QP_STYLE, "white space at the end of a line", SEV_INFO},
                {q.long_line, FINDING_MIME_QP_STYLE, "a line above 76 octets", SEV_INFO}};
    for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
        enum { AROUND = 40 };
        if (seen[i].at == 0)
            continue;
        size_t length = lint_line(raw, seen[i].at - 1).n;
        struct lint_at at = {p, STR_NONE, seen[i].at - 1, length < AROUND ? length : AROUND};
        finding_raise(lint_add(l, seen[i].id, at, "%s", seen[i].code), seen[i].severity);
    }
}

void lint_bodies(struct lint *l)
{
    for (size_t i = 0; i < l->tree->n; i++) {
        const struct mime_part *p = &l->tree->parts[i];
        if (p->is_multipart || p->n_children != 0)
            continue;
        if (p->encoding == MIME_BASE64)
            check_base64(l, p);
        else if (p->encoding == MIME_QP)
            check_quoted(l, p);
    }
}
