/* Command lines: every argument is checked before it is written, a line is written whole or not. */
#include "smtp/command.h"

#include "base/utf8.h"

/* A line in the making: put into a buffer of its own, so that a refusal leaves `out` as it was. */
struct line {
    struct buf text;
    int st;
    struct mp_err *err;
};

static void line_start(struct line *l, struct mp_err *err)
{
    *l = (struct line){.err = err};
    buf_init(&l->text, SMTP_COMMAND_MAX_BYTES);
}

static void refuse(struct line *l, const char *what, const char *why)
{
    if (l->st == MP_OK)
        l->st = mp_fail(l->err, MP_E_USAGE, 0, "the %s %s", what, why);
}

static bool ends_line(char c)
{
    return c == '\r' || c == '\n' || c == '\0';
}

/* Text that may hold spaces. */
static void add_text(struct line *l, const char *what, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (ends_line(s.p[i])) {
            refuse(l, what, "holds CR, LF or NUL, which would end the command");
            return;
        }
    buf_add(&l->text, s);
}

/* One word: no space, no control. */
static void add_word(struct line *l, const char *what, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f) {
            refuse(l, what, "holds a space or a control character");
            return;
        }
    buf_add(&l->text, s);
}

/* A path between < >. A '>' may stand only inside quotes, and only when they are closed: a server
 * that takes an open quote for nothing special would see the path end there. */
static void add_path(struct line *l, const char *what, struct str s)
{
    bool quoted = false, saw_end = false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (quoted && c == '\\' && i + 1 < s.n && !ends_line(s.p[i + 1]))
            i++;
        else if (c == '"')
            quoted = !quoted;
        saw_end = saw_end || s.p[i] == '>';
        if (ends_line(c) || (c == '>' && !quoted)) {
            refuse(l, what, "holds CR, LF, NUL or '>', which would end the path");
            return;
        }
    }
    if (quoted && saw_end)
        refuse(l, what, "holds '>' behind a quote that is never closed");
    buf_addc(&l->text, '<');
    buf_add(&l->text, s);
    buf_addc(&l->text, '>');
}

static int line_end(struct line *l, struct buf *out)
{
    buf_addz(&l->text, "\r\n");
    if (l->st == MP_OK && l->text.failed)
        l->st = mp_fail(l->err, MP_E_LIMIT, SMTP_COMMAND_MAX_BYTES,
                        "a command would be longer than %d bytes", SMTP_COMMAND_MAX_BYTES);
    if (l->st == MP_OK) {
        buf_add(out, buf_str(&l->text));
        if (out->failed)
            l->st = mp_fail(l->err, MP_E_NOMEM, 0, "no room is left for a command");
    }
    buf_clear(&l->text);
    return l->st;
}

int smtp_write_verb(struct buf *out, const char *verb, struct str argument, struct mp_err *err)
{
    struct line l;
    line_start(&l, err);
    add_word(&l, "verb", str_from(verb));
    if (argument.n > 0)
        buf_addc(&l.text, ' ');
    add_text(&l, "argument", argument);
    return line_end(&l, out);
}

void smtp_write_xtext(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c >= 0x7f || c == '+' || c == '=')
            buf_addf(out, "+%02X", c);
        else
            buf_addc(out, (char)c);
    }
}

static void add_extra(struct line *l, struct str extra)
{
    if (extra.n == 0)
        return;
    buf_addc(&l->text, ' ');
    add_text(l, "extra parameters", extra);
}

int smtp_write_mail(struct buf *out, struct str from, const struct smtp_mail_params *p,
                    struct mp_err *err)
{
    static const char *const bodies[] = {"", " BODY=7BIT", " BODY=8BITMIME", " BODY=BINARYMIME"};
    struct line l;
    line_start(&l, err);
    buf_addz(&l.text, "MAIL FROM:");
    add_path(&l, "sender", from);
    if (p == NULL)
        return line_end(&l, out);
    if (p->size_bytes > 0)
        buf_addf(&l.text, " SIZE=%llu", (unsigned long long)p->size_bytes);
    buf_addz(&l.text, bodies[p->body]);
    buf_addz(&l.text, p->smtputf8 ? " SMTPUTF8" : "");
    buf_addz(&l.text, p->requiretls ? " REQUIRETLS" : "");
    if (p->ret != NULL) {
        buf_addz(&l.text, " RET=");
        add_word(&l, "value of RET", str_from(p->ret));
    }
    if (p->envid.n > 0) {
        buf_addz(&l.text, " ENVID=");
        smtp_write_xtext(&l.text, p->envid);
    }
    if (p->auth.n > 0) {
        buf_addz(&l.text, " AUTH=");
        if (str_eq(p->auth, STR("<>")))
            buf_add(&l.text, p->auth);
        else
            smtp_write_xtext(&l.text, p->auth);
    }
    add_extra(&l, p->extra);
    return line_end(&l, out);
}

/* utf-8-addr-xtext of RFC 6533 3: ASCII only, so that it may be sent with SMTPUTF8 or without. */
static void add_utf8_address(struct line *l, struct str s)
{
    for (int32_t cp; (cp = utf8_next(&s)) != UTF8_END;) {
        if (cp == UTF8_BAD) {
            refuse(l, "original recipient", "is neither ASCII nor UTF-8");
            return;
        }
        if (cp <= ' ' || cp >= 0x7f || cp == '+' || cp == '=' || cp == '\\')
            buf_addf(&l->text, "\\x{%02X}", (unsigned)cp);
        else
            buf_addc(&l->text, (char)cp);
    }
}

int smtp_write_rcpt(struct buf *out, struct str to, const struct smtp_rcpt_params *p,
                    struct mp_err *err)
{
    struct line l;
    line_start(&l, err);
    buf_addz(&l.text, "RCPT TO:");
    add_path(&l, "recipient", to);
    if (p == NULL)
        return line_end(&l, out);
    if (p->notify.n > 0) {
        buf_addz(&l.text, " NOTIFY=");
        add_word(&l, "value of NOTIFY", p->notify);
    }
    if (p->orcpt.n > 0 && str_is_ascii(p->orcpt)) {
        buf_addz(&l.text, " ORCPT=rfc822;");
        smtp_write_xtext(&l.text, p->orcpt);
    } else if (p->orcpt.n > 0) {
        buf_addz(&l.text, " ORCPT=utf-8;");
        add_utf8_address(&l, p->orcpt);
    }
    add_extra(&l, p->extra);
    return line_end(&l, out);
}

void smtp_write_bdat(struct buf *out, uint64_t length, bool last)
{
    buf_addf(out, "BDAT %llu%s\r\n", (unsigned long long)length, last ? " LAST" : "");
}

int smtp_write_xclient(struct buf *out, const struct smtp_attribute *attrs, size_t n,
                       struct mp_err *err)
{
    struct line l;
    line_start(&l, err);
    buf_addz(&l.text, "XCLIENT");
    for (size_t i = 0; i < n; i++) {
        buf_addc(&l.text, ' ');
        if (attrs[i].name.n == 0 || str_has(attrs[i].name, '='))
            refuse(&l, "name of an XCLIENT attribute", "is empty or holds '='");
        add_word(&l, "name of an XCLIENT attribute", attrs[i].name);
        buf_addc(&l.text, '=');
        smtp_write_xtext(&l.text, attrs[i].value);
    }
    return line_end(&l, out);
}
