/* Fields and envelopes whose danger is their size. */
#include "forge/forge_internal.h"

enum {
    COMMENTS = 5000,
    ADDRESSES = 1000,
    LONG_DOMAIN_BYTES = 256,
    HUGE_DOMAIN_BYTES = 10000,
    LONG_LOCAL_BYTES = 64 * 1024,
    BIG_LINE_BYTES = 2 * 1000 * 1000,
    FIELDS = 30000,
    LONG_RESULTS = 60,
    MANY_RESULTS = 5000
};

static void repeat(struct buf *out, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        buf_addz(out, text);
}

int forge_nested_comments(struct forging *f, struct mp_err *err)
{
    (void)err;
    buf_addz(&f->head, "From: ");
    repeat(&f->head, "(", COMMENTS);
    repeat(&f->head, ")", COMMENTS);
    forge_head(f, STR(" {from}\r\n"));
    return MP_OK;
}

int forge_many_addresses(struct forging *f, struct mp_err *err)
{
    (void)err;
    forge_head(f, STR("From: {from}"));
    for (unsigned i = 1; i < ADDRESSES; i++)
        buf_addf(&f->head, ",\r\n a%u@d%u.%.*s", i, i, STR_ARG(f->attacker));
    buf_addz(&f->head, "\r\n");
    return MP_OK;
}

/* MAIL FROM at a domain of exactly `bytes`, of labels below the attacker's. */
static int sender_at(struct forging *f, size_t bytes, struct mp_err *err)
{
    struct buf b;
    buf_init(&b, bytes + 64);
    buf_addz(&b, "any@");
    size_t fill = bytes > f->attacker.n ? bytes - f->attacker.n - 1 : 0;
    for (size_t i = 0; i < fill; i++)
        buf_addc(&b, i % 50 == 49 && i + 1 < fill ? '.' : 'a');
    buf_addc(&b, '.');
    buf_add(&b, f->attacker);
    f->envelope.mail_from = b.failed ? STR_NONE : arena_copy(f->arena, buf_str(&b));
    buf_clear(&b);
    return f->envelope.mail_from.p == NULL ? forge_no_memory(err) : MP_OK;
}

int forge_long_sender(struct forging *f, struct mp_err *err)
{
    return sender_at(f, LONG_DOMAIN_BYTES, err);
}

int forge_huge_sender(struct forging *f, struct mp_err *err)
{
    return sender_at(f, HUGE_DOMAIN_BYTES, err);
}

int forge_long_local(struct forging *f, struct mp_err *err)
{
    char *p = arena_new(f->arena, char, LONG_LOCAL_BYTES + 1 + f->attacker.n);
    if (p == NULL)
        return forge_no_memory(err);
    memset(p, 'a', LONG_LOCAL_BYTES);
    p[LONG_LOCAL_BYTES] = '@';
    memcpy(p + LONG_LOCAL_BYTES + 1, f->attacker.p, f->attacker.n);
    f->envelope.mail_from = str_make(p, LONG_LOCAL_BYTES + 1 + f->attacker.n);
    return MP_OK;
}

int forge_big_header(struct forging *f, struct mp_err *err)
{
    (void)err;
    forge_head(f, STR("From: {from}\r\nX-Big: "));
    repeat(&f->head, "0123456789", BIG_LINE_BYTES / 10);
    buf_addz(&f->head, "\r\n");
    return MP_OK;
}

int forge_many_fields(struct forging *f, struct mp_err *err)
{
    (void)err;
    forge_head(f, STR("From: {from}\r\n"));
    for (unsigned i = 0; i < FIELDS; i++)
        buf_addf(&f->head, "X-Field-%u: %u\r\n", i, i);
    return MP_OK;
}

static int results(struct forging *f, unsigned n)
{
    forge_head(f, STR("Authentication-Results: {id};\r\n"));
    for (unsigned i = 0; i < n; i++)
        forge_head(f,
                   STR("\tdkim=pass header.d={domain} header.s=selector header.b=abcdefgh;\r\n"));
    forge_head(f, STR("\tdmarc=pass header.from={domain}\r\nFrom: {from}\r\n"));
    return MP_OK;
}

int forge_authres_long(struct forging *f, struct mp_err *err)
{
    (void)err;
    return results(f, LONG_RESULTS);
}

int forge_authres_many(struct forging *f, struct mp_err *err)
{
    (void)err;
    return results(f, MANY_RESULTS);
}
