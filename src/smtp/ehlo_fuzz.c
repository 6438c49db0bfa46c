/* Any bytes as an EHLO reply and as arguments of commands: no argument ends its line. */
#include <assert.h>

#include "smtp/command.h"
#include "smtp/ehlo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_ehlo(struct arena *a, struct str in)
{
    struct smtp_reply r;
    struct smtp_ehlo e;
    size_t used;
    const char *why;
    if (smtp_reply_parse(a, in, &r, &used, &why) != SMTP_PARSE_DONE)
        return;
    smtp_ehlo_parse(a, &r, &e);
    assert(e.n_mechs <= SMTP_EHLO_MAX_MECHS && e.n_keywords <= SMTP_EHLO_MAX_KEYWORDS);
    assert(e.n_mechs == 0 || (e.extensions & SMTP_EXT_AUTH) != 0);
    for (size_t i = 0; i < e.n_mechs; i++)
        for (size_t j = 0; j < i; j++)
            assert(!str_ieq(e.mechs[i], e.mechs[j]));
}

/* One line that ends in its only CRLF, or nothing. */
static void check_line(struct buf *b, int st)
{
    struct str line = buf_str(b);
    if (st == MP_OK)
        assert(str_find(line, '\r') == line.n - 2 && str_find(line, '\n') == line.n - 1 &&
               !str_has(line, '\0'));
    else
        assert(line.n == 0);
    buf_reset(b);
}

static void write_commands(struct str in)
{
    struct buf b;
    struct smtp_mail_params mail = {.envid = in, .auth = in, .extra = in};
    struct smtp_rcpt_params rcpt = {.notify = in, .orcpt = in}, orcpt = {.orcpt = in};
    struct smtp_attribute attr = {in, in};
    buf_init(&b, 64u << 20);
    check_line(&b, smtp_write_verb(&b, "VRFY", in, NULL));
    check_line(&b, smtp_write_mail(&b, in, NULL, NULL));
    check_line(&b, smtp_write_mail(&b, STR_NONE, &mail, NULL));
    check_line(&b, smtp_write_rcpt(&b, in, &rcpt, NULL));
    check_line(&b, smtp_write_rcpt(&b, STR_NONE, &orcpt, NULL));
    check_line(&b, smtp_write_xclient(&b, &attr, 1, NULL));
    for (int as_is = 0; as_is <= 1; as_is++) { /* the only lone dot is the last line */
        smtp_write_data(&b, in, as_is == 1);
        size_t end = str_search(buf_str(&b), STR("\r\n.\r\n"));
        assert(b.n == 3 || end == b.n - 5);
        buf_reset(&b);
    }
    buf_clear(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct str in = str_make((const char *)data, size);
    arena_init(&arena, 4u << 20);
    read_ehlo(&arena, in);
    write_commands(in);
    arena_clear(&arena);
    return 0;
}
