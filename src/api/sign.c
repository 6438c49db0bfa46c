/* The public signer. */
#include <mailproof/mailproof.h>

#include <stdlib.h>

#include "api/api_internal.h"
#include "auth/dkim.h"
#include "base/clock.h"

enum { SIGNER_ARENA_BYTES = 16 * 1024 * 1024, SIGNATURE_MAX_BYTES = 256 * 1024 };

struct mp_signer {
    struct arena arena;
    struct str domain, selector;
    struct private_key *key;
};

int mp_signer_new(const char *domain, const char *selector, const char *pem, struct mp_signer **out,
                  struct mp_error *error)
{
    struct mp_err err = {0};
    struct mp_signer *s = calloc(1, sizeof *s);
    int st = s == NULL ? mp_fail(&err, MP_E_NOMEM, 0, "no memory for a signer") : MP_OK;
    if (st == MP_OK && (domain == NULL || selector == NULL || pem == NULL))
        st = mp_fail(&err, MP_E_USAGE, 0, "domain, selector and key are needed");
    if (st == MP_OK) {
        arena_init(&s->arena, SIGNER_ARENA_BYTES);
        s->domain = arena_copy(&s->arena, str_from(domain));
        s->selector = arena_copy(&s->arena, str_from(selector));
        st = private_key_load(str_from(pem), "key", &s->key, &err);
    }
    if (st != MP_OK) {
        mp_signer_free(s);
        return api_fail(error, &err);
    }
    *out = s;
    return MP_CODE_OK;
}

void mp_signer_free(struct mp_signer *s)
{
    if (s == NULL)
        return;
    private_key_free(s->key);
    arena_clear(&s->arena);
    free(s);
}

static int sign_into(const struct mp_signer *s, struct arena *arena, struct str raw, int64_t time_s,
                     struct buf *field, struct mp_err *err)
{
    struct message msg;
    struct dkim_signing *signing = NULL;
    struct dkim_signer signer = {.domain = s->domain,
                                 .selector = s->selector,
                                 .key = private_key_signer(s->key),
                                 .header_canon = CANON_RELAXED,
                                 .body_canon = CANON_RELAXED,
                                 .signed_at_s = time_s == 0 ? clock_wall_s() : time_s};
    int st = message_parse(arena, raw, &msg, err);
    if (st == MP_OK)
        st = dkim_signing_new(arena, &msg, &signer, 1, &signing, err);
    if (st != MP_OK)
        return st;
    dkim_signing_body(signing, msg.body);
    st = dkim_signing_finish(signing, field, err);
    buf_addc(field, '\0');
    return st == MP_OK && field->failed ? mp_fail(err, MP_E_NOMEM, 0, "no memory") : st;
}

int mp_sign(const struct mp_signer *s, const void *message, size_t length, int64_t time_s,
            char **out, struct mp_error *error)
{
    struct mp_err err = {0};
    struct arena arena;
    struct buf field;
    arena_init(&arena, length * 4 + SIGNER_ARENA_BYTES);
    buf_init(&field, SIGNATURE_MAX_BYTES);
    int st = sign_into(s, &arena, str_make(message, length), time_s, &field, &err);
    arena_clear(&arena);
    if (st != MP_OK) {
        buf_clear(&field);
        return api_fail(error, &err);
    }
    *out = field.p;
    return MP_CODE_OK;
}
