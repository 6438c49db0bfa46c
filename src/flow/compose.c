/* Test messages: tokens filled in, headers replaced, attachments added as MIME parts. */
#include "flow/compose.h"

#include <inttypes.h>

#include "base/base64.h"
#include "base/clock.h"

enum {
    DATE_MAX_BYTES = 40,
    BASE64_LINE_BYTES = 57 /* 76 characters, RFC 2045 6.8 */,
    COMPOSE_ARENA_BYTES = 4 * COMPOSE_MAX_BYTES
};

static const char template_text[] = "Date: %DATE%\n"
                                    "To: %TO_ADDRESS%\n"
                                    "From: %FROM_ADDRESS%\n"
                                    "Subject: mailproof test %DATE%\n"
                                    "Message-ID: <%MESSAGEID%>\n"
                                    "%NEW_HEADERS%\n"
                                    "%BODY%\n";
static const char body_text[] = "This is a test message of mailproof. Nobody needs to read it.";

struct str compose_date(struct arena *a, int64_t unix_s)
{
    static const char days[] = "ThuFriSatSunMonTueWed"; /* 1 January 1970 was a Thursday */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int y, mo, d, h, mi, s;
    unix_to_civil(unix_s, &y, &mo, &d, &h, &mi, &s);
    int64_t day = (unix_s >= 0 ? unix_s : unix_s - 86399) / 86400 % 7;
    return arena_fmt(a, "%.3s, %02d %.3s %04d %02d:%02d:%02d +0000",
                     days + 3 * (day < 0 ? day + 7 : day), d, months + 3 * (mo - 1), y, h, mi, s);
}

/* ---- text ---- */

/* LF, CR and CRLF become CRLF; so do the two characters \n when `escapes`. */
static void add_lines(struct buf *out, struct str s, bool escapes)
{
    for (size_t i = 0; i < s.n; i++) {
        bool next = i + 1 < s.n;
        if (s.p[i] == '\r' || s.p[i] == '\n') {
            i += s.p[i] == '\r' && next && s.p[i + 1] == '\n';
            buf_addz(out, "\r\n");
        } else if (escapes && s.p[i] == '\\' && next && s.p[i + 1] == 'n') {
            i++;
            buf_addz(out, "\r\n");
        } else {
            buf_addc(out, s.p[i]);
        }
    }
}

struct tokens {
    const struct compose *c;
    struct str date, message_id, headers, body;
};

static const struct token {
    struct str name;
    size_t at; /* of the value in struct tokens; 0: see token_value */
} token_names[] = {
    {STR_INIT("%DATE%"), offsetof(struct tokens, date)},
    {STR_INIT("%MESSAGEID%"), offsetof(struct tokens, message_id)},
    {STR_INIT("%NEW_HEADERS%"), offsetof(struct tokens, headers)},
    {STR_INIT("%BODY%"), offsetof(struct tokens, body)},
    {STR_INIT("%FROM_ADDRESS%"), 0},
    {STR_INIT("%TO_ADDRESS%"), 1},
};

static struct str token_value(const struct tokens *t, const struct token *k)
{
    if (k->at == 0)
        return t->c->from;
    if (k->at == 1)
        return t->c->to;
    return *(const struct str *)(const void *)((const char *)t + k->at);
}

static const struct token *token_at(struct str s)
{
    for (size_t i = 0; i < ARRAY_LEN(token_names); i++)
        if (str_starts(s, token_names[i].name))
            return &token_names[i];
    return NULL;
}

/* Values are put in as they are: nothing in them is read as a token. */
static void fill_tokens(struct buf *out, struct str text, const struct tokens *t)
{
    while (text.n > 0) {
        size_t at = str_find(text, '%');
        buf_add(out, str_slice(text, 0, at));
        text = str_slice(text, at, text.n);
        const struct token *k = token_at(text);
        if (k != NULL)
            buf_add(out, token_value(t, k));
        else if (text.n > 0)
            buf_addc(out, '%');
        text = str_slice(text, k != NULL ? k->name.n : 1, text.n);
    }
}

/* ---- headers ---- */

static struct str header_name(struct str line)
{
    return str_slice(line, 0, str_find(line, ':'));
}

static const struct str *replacement(const struct compose *c, struct str line)
{
    struct str name = header_name(line);
    for (size_t i = 0; name.n < line.n && i < c->n_headers; i++)
        if (str_ieq(header_name(c->headers[i]), name))
            return &c->headers[i];
    return NULL;
}

/* The head with lines replaced that `headers` brings anew; what is used is noted in `used`. */
static void replace_headers(struct buf *out, struct str message, const struct compose *c,
                            bool used[COMPOSE_MAX_HEADERS])
{
    bool dropping = false;
    while (message.n > 0) {
        size_t end = str_find(message, '\n');
        struct str line = str_slice(message, 0, end < message.n ? end + 1 : end);
        if (line.n <= 2 && str_trim(line).n == 0)
            break;
        message = str_slice(message, line.n, message.n);
        if (is_wsp(line.p[0]) && dropping)
            continue;
        const struct str *with = is_wsp(line.p[0]) ? NULL : replacement(c, line);
        dropping = with != NULL;
        if (with == NULL) {
            buf_add(out, line);
        } else if (!used[with - c->headers]) {
            used[with - c->headers] = true;
            buf_add(out, *with);
            buf_addz(out, "\r\n");
        }
    }
    for (size_t i = 0; i < c->n_headers; i++)
        if (!used[i]) {
            buf_add(out, c->headers[i]);
            buf_addz(out, "\r\n");
        }
    buf_add(out, message);
}

static int check_headers(const struct compose *c, struct mp_err *err)
{
    if (c->n_headers > COMPOSE_MAX_HEADERS || c->n_parts > COMPOSE_MAX_PARTS)
        return mp_fail(err, MP_E_LIMIT, 0, "more than %d headers or %d attachments",
                       COMPOSE_MAX_HEADERS, COMPOSE_MAX_PARTS);
    for (size_t i = 0; i < c->n_headers; i++) {
        struct str h = c->headers[i], name = header_name(h);
        if (name.n == 0 || name.n == h.n || str_has(name, ' '))
            return mp_fail(err, MP_E_USAGE, 0, "header '%.*s': expected Name: value", STR_ARG(h));
        if (str_has(h, '\n') || str_has(h, '\r') || str_has(h, '\0'))
            return mp_fail(err, MP_E_USAGE, 0, "header %.*s: it holds a line break", STR_ARG(name));
    }
    return MP_OK;
}

/* ---- parts ---- */

static void add_part(struct buf *out, const struct compose_part *p, struct str boundary)
{
    buf_addf(out, "\r\n--%.*s\r\nContent-Type: %.*s\r\nContent-Transfer-Encoding: base64\r\n",
             STR_ARG(boundary), STR_ARG(p->type));
    buf_addz(out, "Content-Disposition: attachment; filename=\"");
    for (size_t i = 0; i < p->name.n; i++) {
        char c = p->name.p[i];
        buf_addc(out, c < ' ' || c == '"' || c == '\\' || c == 0x7f ? '_' : c);
    }
    buf_addz(out, "\"\r\n\r\n");
    for (size_t at = 0; at < p->bytes.n; at += BASE64_LINE_BYTES) {
        base64_encode(out, str_slice(p->bytes, at, at + BASE64_LINE_BYTES));
        buf_addz(out, "\r\n");
    }
}

static void add_body(struct buf *out, const struct compose *c, struct str boundary)
{
    struct str body = c->body.p == NULL ? STR(body_text) : c->body;
    if (c->n_parts > 0)
        buf_addf(out, "--%.*s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
                 STR_ARG(boundary));
    add_lines(out, body, true);
    for (size_t i = 0; i < c->n_parts; i++)
        add_part(out, &c->parts[i], boundary);
    if (c->n_parts > 0)
        buf_addf(out, "\r\n--%.*s--\r\n", STR_ARG(boundary));
}

static void add_mime_fields(struct buf *out, const struct compose *c, struct str boundary)
{
    if (c->n_parts > 0)
        buf_addf(out, "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"%.*s\"\r\n",
                 STR_ARG(boundary));
}

int compose_message(const struct compose *c, struct buf *out, struct mp_err *err)
{
    struct arena arena;
    struct buf lines, body, fields, filled;
    bool used[COMPOSE_MAX_HEADERS] = {false};
    int st = check_headers(c, err);
    if (st != MP_OK)
        return st;
    arena_init(&arena, COMPOSE_ARENA_BYTES);
    buf_init(&lines, COMPOSE_MAX_BYTES);
    buf_init(&body, COMPOSE_MAX_BYTES);
    buf_init(&fields, COMPOSE_MAX_BYTES);
    buf_init(&filled, COMPOSE_MAX_BYTES);
    struct str boundary = arena_fmt(&arena, "mailproof-%.*s", STR_ARG(c->id));
    struct tokens t = {.c = c,
                       .date = compose_date(&arena, c->now_s),
                       .message_id =
                           arena_fmt(&arena, "%.*s@%.*s", STR_ARG(c->id), STR_ARG(c->host))};
    add_body(&body, c, boundary);
    add_mime_fields(&fields, c, boundary);
    t.body = buf_str(&body);
    t.headers = buf_str(&fields);
    add_lines(&lines, c->data.p == NULL ? STR(template_text) : c->data, !c->is_raw);
    fill_tokens(&filled, buf_str(&lines), &t);
    replace_headers(out, buf_str(&filled), c, used);
    if (lines.failed || body.failed || fields.failed || filled.failed || out->failed ||
        boundary.p == NULL || t.date.p == NULL || t.message_id.p == NULL)
        st = mp_fail(err, MP_E_LIMIT, COMPOSE_MAX_BYTES, "the message is longer than %d bytes",
                     COMPOSE_MAX_BYTES);
    buf_clear(&filled);
    buf_clear(&fields);
    buf_clear(&body);
    buf_clear(&lines);
    arena_clear(&arena);
    return st;
}
