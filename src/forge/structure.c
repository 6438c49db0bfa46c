/* Bodies that different readers take apart in different ways. */
#include "forge/forge_internal.h"

enum { MANY_PARTS = 3000, DEEP_PARTS = 60, LONG_LINE_BYTES = 5000 };

/* Fields of a text and the body as it is. */
static int plain(struct forging *f, struct str body)
{
    forge_head(f, STR("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n"));
    forge_body(f, body);
    return MP_OK;
}

int forge_bare_lf(struct forging *f, struct mp_err *err)
{
    (void)err;
    return plain(f, STR("one\r\ntwo\nthree\r\n"));
}

int forge_bare_cr(struct forging *f, struct mp_err *err)
{
    (void)err;
    return plain(f, STR("one\r\ntwo\rthree\r\n"));
}

int forge_nul_body(struct forging *f, struct mp_err *err)
{
    (void)err;
    return plain(f, STR("one\0two\r\n"));
}

#define SECOND_MESSAGE(end)                                                                        \
    "MAIL FROM:<{from}>" end "RCPT TO:<{to}>" end "DATA" end "From: {from}" end "To: {to}" end     \
    "Subject: smuggled" end end "This is a second message." end

int forge_smuggle_lf(struct forging *f, struct mp_err *err)
{
    (void)err;
    return plain(f, STR("one\r\n\n.\r\n" SECOND_MESSAGE("\r\n")));
}

int forge_smuggle_cr(struct forging *f, struct mp_err *err)
{
    (void)err;
    return plain(f, STR("one\r\n\r.\r" SECOND_MESSAGE("\r\n")));
}

int forge_long_line(struct forging *f, struct mp_err *err)
{
    (void)err;
    plain(f, STR(""));
    for (int i = 0; i < LONG_LINE_BYTES; i++)
        buf_addc(&f->body, 'a');
    buf_addz(&f->body, "\r\n");
    return MP_OK;
}

/* ---- multiparts ---- */

static void mixed(struct forging *f)
{
    forge_head(f, STR("MIME-Version: 1.0\r\n"
                      "Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n"));
}

#define PART(type, text) "--{boundary}\r\nContent-Type: " type "\r\n\r\n" text "\r\n"
#define END              "--{boundary}--\r\n"

int forge_many_parts(struct forging *f, struct mp_err *err)
{
    (void)err;
    mixed(f);
    for (int i = 0; i < MANY_PARTS; i++)
        forge_body(f, STR(PART("text/plain", "part")));
    forge_body(f, STR(END));
    return MP_OK;
}

int forge_deep_parts(struct forging *f, struct mp_err *err)
{
    (void)err;
    forge_head(f, STR("MIME-Version: 1.0\r\n"
                      "Content-Type: multipart/mixed; boundary=\"0-{boundary}\"\r\n"));
    for (int i = 1; i < DEEP_PARTS; i++) {
        buf_addf(&f->body, "--%d-%.*s\r\n", i - 1, STR_ARG(f->boundary));
        buf_addf(&f->body, "Content-Type: multipart/mixed; boundary=\"%d-%.*s\"\r\n\r\n", i,
                 STR_ARG(f->boundary));
    }
    for (int i = DEEP_PARTS - 1; i >= 0; i--) {
        if (i == DEEP_PARTS - 1)
            buf_addf(&f->body, "--%d-%.*s\r\n\r\ninnermost\r\n", i, STR_ARG(f->boundary));
        buf_addf(&f->body, "--%d-%.*s--\r\n", i, STR_ARG(f->boundary));
    }
    return MP_OK;
}

int forge_digest(struct forging *f, struct mp_err *err)
{
    (void)err;
    forge_head(f, STR("MIME-Version: 1.0\r\n"
                      "Content-Type: multipart/digest; boundary=\"{boundary}\"\r\n"));
    forge_body(f, STR("--{boundary}\r\n\r\nFrom: {from}\r\nSubject: first\r\n\r\none\r\n"
                      "--{boundary}\r\n\r\nFrom: {to}\r\nSubject: second\r\n\r\ntwo\r\n" END));
    return MP_OK;
}

int forge_no_end(struct forging *f, struct mp_err *err)
{
    struct forge_attachment a;
    int st = forge_attachment(f->arena, STR("csv"), f->o->seed, &a, err);
    mixed(f);
    forge_body(f, STR(PART("text/plain", "The end is missing.")));
    if (st == MP_OK)
        forge_add_attachment(f, &a);
    return st;
}

int forge_boundary_prefix(struct forging *f, struct mp_err *err)
{
    (void)err;
    mixed(f);
    forge_body(f, STR("--{boundary}\r\n"
                      "Content-Type: multipart/alternative; boundary=\"{boundary}-2\"\r\n\r\n"
                      "--{boundary}-2\r\n\r\none\r\n--{boundary}-2\r\n"
                      "Content-Type: text/html\r\n\r\n<p>two</p>\r\n--{boundary}-2--\r\n" PART(
                          "text/plain", "three") END));
    return MP_OK;
}

int forge_boundary_missing(struct forging *f, struct mp_err *err)
{
    (void)err;
    forge_head(f, STR("MIME-Version: 1.0\r\nContent-Type: multipart/mixed\r\n"));
    forge_body(f, STR(PART("text/plain", "one") END));
    return MP_OK;
}

int forge_boundary_late(struct forging *f, struct mp_err *err)
{
    (void)err;
    mixed(f);
    forge_body(f, STR(PART("text/plain", "one")
                          END PART("application/octet-stream", "behind the end") END));
    return MP_OK;
}

int forge_type_twice(struct forging *f, struct mp_err *err)
{
    (void)err;
    mixed(f);
    forge_head(f, STR("Content-Type: multipart/mixed; boundary=\"other-{boundary}\"\r\n"));
    forge_body(
        f,
        STR(PART(
            "text/plain",
            "one") "--other-{boundary}\r\n"
                   "Content-Type: text/html\r\n\r\n<p>other</p>\r\n--other-{boundary}--\r\n" END));
    return MP_OK;
}

int forge_encoding_twice(struct forging *f, struct mp_err *err)
{
    (void)err;
    mixed(f);
    forge_body(f, STR("--{boundary}\r\nContent-Type: text/plain\r\n"
                      "Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
                      "VGhpcyBpcyBlbmNvZGVkIHRleHQuCg==\r\n" END));
    return MP_OK;
}

int forge_base64_broken(struct forging *f, struct mp_err *err)
{
    (void)err;
    mixed(f);
    forge_body(f, STR("--{boundary}\r\nContent-Type: application/octet-stream\r\n"
                      "Content-Transfer-Encoding: base64\r\n\r\n"
                      "VGhp#cyBp\r\ncw==IGVu.Y29kZWQ\r\n  =dGV4dA\r\n" END));
    return MP_OK;
}
