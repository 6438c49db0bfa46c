/* Bodies: text, alternatives, attachments; what breaks their structure is in structure.c. */
#include "base/utf8.h"
#include "forge/forge_internal.h"

enum { BASE64_LINE_BYTES = 57 /* 76 characters, RFC 2045 6.8 */, LINE_MAX_BYTES = 998 };

void forge_add_lines(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\r' || text.p[i] == '\n') {
            i += text.p[i] == '\r' && i + 1 < text.n && text.p[i + 1] == '\n';
            buf_addz(out, "\r\n");
        } else {
            buf_addc(out, text.p[i]);
        }
    }
    if (text.n > 0 && text.p[text.n - 1] != '\n' && text.p[text.n - 1] != '\r')
        buf_addz(out, "\r\n");
}

void forge_add_base64(struct buf *out, struct str bytes)
{
    for (size_t at = 0; at < bytes.n; at += BASE64_LINE_BYTES) {
        base64_encode(out, str_slice(bytes, at, at + BASE64_LINE_BYTES));
        buf_addz(out, "\r\n");
    }
}

void forge_add_attachment(struct forging *f, const struct forge_attachment *a)
{
    struct buf *b = &f->body;
    forge_body(f, STR("--{boundary}\r\n"));
    buf_addf(b, "Content-Type: %.*s\r\nContent-Transfer-Encoding: base64\r\n", STR_ARG(a->type));
    buf_addf(b, "Content-Disposition: attachment; filename=\"%.*s\"\r\n\r\n", STR_ARG(a->name));
    forge_add_base64(b, a->bytes);
}

/* Plain when every line is short ASCII, else base64. */
static bool needs_encoding(struct str text)
{
    while (text.p != NULL)
        if (str_cut(&text, '\n').n > LINE_MAX_BYTES)
            return true;
    return false;
}

/* The text of the options, of the kind, or a line that says what this is. */
static struct str body_text(struct forging *f)
{
    if (f->o->body.n > 0)
        return f->o->body;
    if (f->recipe->text.n > 0)
        return forge_expand_copy(f, f->recipe->text);
    return arena_fmt(f->arena, "This is a test message of mailproof (%s). Nobody needs to read it.",
                     f->kind->name);
}

/* Fields, empty line and encoded text of one text part; the fields go to `head`. */
static int add_text_part(struct forging *f, struct buf *head, const char *subtype, struct str text,
                         bool empty_line, struct mp_err *err)
{
    struct buf lines;
    if (text.p == NULL)
        return forge_no_memory(err);
    bool encode = !str_is_ascii(text) || needs_encoding(text);
    buf_init(&lines, FORGE_MAX_BYTES);
    forge_add_lines(&lines, text);
    buf_addf(head, "Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n",
             subtype, encode ? "base64" : "7bit");
    if (empty_line)
        buf_addz(head, "\r\n");
    if (encode)
        forge_add_base64(&f->body, buf_str(&lines));
    else
        buf_add(&f->body, buf_str(&lines));
    bool failed = lines.failed;
    buf_clear(&lines);
    return failed ? forge_no_memory(err) : MP_OK;
}

static int add_alternative(struct forging *f, struct mp_err *err)
{
    forge_head(f, STR("Content-Type: multipart/alternative; boundary=\"{boundary}\"\r\n"));
    forge_body(f, STR("--{boundary}\r\n"));
    int st = add_text_part(f, &f->body, "plain", body_text(f), true, err);
    forge_body(f, STR("\r\n--{boundary}\r\n"));
    if (st == MP_OK)
        st = add_text_part(f, &f->body, "html", forge_expand_copy(f, f->recipe->html), true, err);
    forge_body(f, STR("\r\n--{boundary}--\r\n"));
    return st;
}

int forge_text_first(struct forging *f, struct mp_err *err)
{
    forge_head(f, STR("MIME-Version: 1.0\r\n"
                      "Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n"));
    forge_body(f, STR("--{boundary}\r\n"));
    int st = add_text_part(f, &f->body, "plain", body_text(f), true, err);
    forge_body(f, STR("\r\n"));
    return st;
}

static int add_attached(struct forging *f, struct mp_err *err)
{
    struct forge_attachment a;
    int st = forge_attachment(f->arena, f->recipe->attach, f->o->seed, &a, err);
    if (st == MP_OK)
        st = forge_text_first(f, err);
    if (st != MP_OK)
        return st;
    forge_add_attachment(f, &a);
    forge_body(f, STR("\r\n--{boundary}--\r\n"));
    return MP_OK;
}

int forge_content(struct forging *f, struct mp_err *err)
{
    const struct forge_recipe *r = f->recipe;
    if (r->write_content != NULL)
        return r->write_content(f, err);
    if (r->attach.n > 0)
        return add_attached(f, err);
    buf_addz(&f->head, "MIME-Version: 1.0\r\n");
    if (r->html.n > 0)
        return add_alternative(f, err);
    return add_text_part(f, &f->head, "plain", body_text(f), false, err);
}

/* ---- good mail that needs its own words ---- */

int forge_international(struct forging *f, struct mp_err *err)
{
    (void)err;
    forge_head(f, STR("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                      "Content-Transfer-Encoding: quoted-printable\r\n"));
    forge_body(f, STR("Sch=C3=B6ne Gr=C3=BC=C3=9Fe aus K=C3=B6ln! The price is 5=E2=82=AC, and "
                      "this line is lo=\r\nng.\r\n"));
    return MP_OK;
}

int forge_bounce(struct forging *f, struct mp_err *err)
{
    (void)err;
    forge_head(f, STR("MIME-Version: 1.0\r\nContent-Type: multipart/report;\r\n"
                      "\treport-type=delivery-status; boundary=\"{boundary}\"\r\n"));
    forge_body(f, STR("--{boundary}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
                      "Your message could not be delivered to nobody@{domain}.\r\n"
                      "\r\n--{boundary}\r\nContent-Type: message/delivery-status\r\n\r\n"
                      "Reporting-MTA: dns; mail.{domain}\r\n\r\n"
                      "Final-Recipient: rfc822; nobody@{domain}\r\n"
                      "Action: failed\r\nStatus: 5.1.1\r\n"
                      "Diagnostic-Code: smtp; 550 5.1.1 There is no such mailbox\r\n"
                      "\r\n--{boundary}\r\nContent-Type: text/rfc822-headers\r\n\r\n"
                      "From: {to}\r\nTo: nobody@{domain}\r\nSubject: Hello\r\n"
                      "\r\n--{boundary}--\r\n"));
    return MP_OK;
}

int forge_forwarded_author(struct forging *f, struct mp_err *err)
{
    int st = forge_text_first(f, err);
    forge_body(f, STR("--{boundary}\r\nContent-Type: message/rfc822\r\n\r\n"
                      "From: {from}\r\nTo: {to}\r\nSubject: Approved\r\n\r\nApproved.\r\n"
                      "\r\n--{boundary}--\r\n"));
    return st;
}

/* RFC 2231 names the file in UTF-8: U+202E turns "fdp.exe" into what looks like "exe.pdf". */
int forge_rlo_name(struct forging *f, struct mp_err *err)
{
    int st = forge_text_first(f, err);
    forge_body(f, STR("--{boundary}\r\nContent-Type: application/octet-stream\r\n"
                      "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n"
                      "\tfilename*=utf-8''invoice%E2%80%AEfdp.exe\r\n\r\n"));
    forge_add_base64(&f->body, STR("This is a text. The name of the file is the test.\r\n"));
    forge_body(f, STR("\r\n--{boundary}--\r\n"));
    return st;
}
