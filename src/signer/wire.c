/* Requests and answers as bytes: each side reads the other as hostile. */
#include "signer/wire.h"

#include <stdlib.h>

#include "base/wire.h"
#include "signer/table.h"

enum { INFO_LEAST_BYTES = 4 + 4 + 4 + SIGNER_HASH_BYTES };

void signer_request_write(struct buf *out, const struct signer_request *r)
{
    wire_put_u64(out, r->number);
    wire_put_u32(out, r->ask);
    if (r->ask == SIGNER_LIST)
        wire_put_u32(out, r->first);
    else {
        wire_put_str(out, r->key);
        buf_add(out, r->sha256);
    }
}

int signer_request_read(struct str frame, struct signer_request *out, struct mp_err *err)
{
    struct wire_in in = {.left = frame};
    struct signer_request r = {.number = wire_get_u64(&in, UINT64_MAX, "number")};
    r.ask = (enum signer_ask)wire_get_u32(&in, SIGNER_ASKS - 1, "what is asked");
    if (r.ask == SIGNER_LIST)
        r.first = wire_get_u32(&in, SIGNING_MAX_KEYS, "first key");
    else {
        r.key = wire_get_str(&in, SIGNING_MAX_KEY_NAME_BYTES, "key");
        r.sha256 = wire_get_bytes(&in, SIGNER_HASH_BYTES, "hash");
    }
    wire_expect(&in, in.left.n == 0, "bytes behind the end");
    if (in.bad != NULL)
        return mp_fail(err, MP_E_SYNTAX, 0, "request to the signer: %s", in.bad);
    *out = r;
    return MP_OK;
}

void signer_answer_write(struct buf *out, const struct signer_answer *a)
{
    wire_put_u64(out, a->number);
    wire_put_u32(out, a->ask);
    wire_put_u32(out, a->status);
    if (a->ask == SIGNER_SIGN) {
        wire_put_str(out, a->signature);
        return;
    }
    wire_put_u32(out, a->total);
    wire_put_u32(out, (uint32_t)a->n_keys);
    for (size_t i = 0; i < a->n_keys; i++) {
        const struct signer_key_info *k = &a->keys[i];
        wire_put_str(out, k->name);
        wire_put_u32(out, k->type);
        wire_put_u32(out, k->bits);
        buf_add(out, str_make((const char *)k->public_sha256, SIGNER_HASH_BYTES));
    }
}

static void read_info(struct wire_in *in, struct signer_key_info *k)
{
    k->name = wire_get_str(in, SIGNING_MAX_KEY_NAME_BYTES, "key");
    k->type = (enum key_type)wire_get_u32(in, KEY_ED25519, "type");
    k->bits = wire_get_u32(in, KEY_RSA_MAX_BITS, "bits");
    struct str hash = wire_get_bytes(in, SIGNER_HASH_BYTES, "public hash");
    if (hash.p != NULL)
        memcpy(k->public_sha256, hash.p, SIGNER_HASH_BYTES);
}

static void read_page(struct arena *arena, struct wire_in *in, struct signer_answer *a)
{
    a->total = wire_get_u32(in, SIGNING_MAX_KEYS, "number of keys");
    uint32_t n = wire_get_count(in, SIGNER_MAX_PAGE, INFO_LEAST_BYTES, "keys");
    a->keys = n == 0 ? NULL : arena_new(arena, struct signer_key_info, n);
    wire_expect_memory(in, n == 0 || a->keys != NULL);
    for (uint32_t i = 0; in->bad == NULL && i < n; i++)
        read_info(in, &a->keys[a->n_keys++]);
}

int signer_answer_read(struct arena *arena, struct str frame, struct signer_answer *out,
                       struct mp_err *err)
{
    struct wire_in in = {.left = frame};
    struct signer_answer a = {.number = wire_get_u64(&in, UINT64_MAX, "number")};
    a.ask = (enum signer_ask)wire_get_u32(&in, SIGNER_ASKS - 1, "what was asked");
    a.status = (enum signer_answer_status)wire_get_u32(&in, SIGNER_STATUSES - 1, "status");
    if (a.ask == SIGNER_SIGN)
        a.signature = wire_get_str(&in, SIGNER_MAX_SIGNATURE_BYTES, "signature");
    else
        read_page(arena, &in, &a);
    wire_expect(&in, in.left.n == 0, "bytes behind the end");
    if (in.bad != NULL)
        return mp_fail(err, in.starved ? MP_E_NOMEM : MP_E_SYNTAX, 0, "answer of the signer: %s",
                       in.bad);
    *out = a;
    return MP_OK;
}

static int compare_name(const void *name, const void *info)
{
    return str_cmp(*(const struct str *)name, ((const struct signer_key_info *)info)->name);
}

const struct signer_key_info *signer_info_of(const struct signer_key_info *keys, size_t n,
                                             struct str name)
{
    return n == 0 ? NULL : bsearch(&name, keys, n, sizeof *keys, compare_name);
}
