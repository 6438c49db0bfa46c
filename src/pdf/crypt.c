/* Encryption by passwords (ISO 32000-2 7.6, and the older revisions): RC4 and AES, keys of the
 * empty password first, then of those that the mail tells. */
#include "crypto/aes.h"
#include "crypto/digest.h"
#include "crypto/hmac.h"
#include "crypto/rc4.h"
#include "pdf/pdf_internal.h"

enum {
    MD5_BYTES = 16,
    OLD_PASSWORD_BYTES = 32,
    NEW_PASSWORD_BYTES = 127,
    OLD_ROUNDS = 50,
    HASH_ROUNDS = 64,      /* at least; then by chance */
    HASH_ROUNDS_MAX = 512, /* no honest one needs as many */
    MAX_DICTS = 4,
    TRIES_MAX = 40, /* of passwords in all: a try costs milliseconds in revision 6 */
    ID_MAX_BYTES = 256
};

static const struct str padding =
    STR_INIT("\x28\xbf\x4e\x5e\x4e\x75\x8a\x41\x64\x00\x4e\x56\xff\xfa\x01\x08\x2e\x2e\x00\xb6\xd0"
             "\x68\x3e\x80\x2f\x0c\xa9\xfe\x64\x53\x69\x7a");

/* What the dictionary says. */
struct standard {
    int64_t version, revision, permissions;
    size_t key_n;
    enum pdf_cipher strings, streams;
    bool plain_metadata;
    unsigned char owner[48], user[48], user_key[32];
    size_t owner_n, user_n, user_key_n;
    char id[ID_MAX_BYTES];
    size_t id_n;
};

static struct str view(const void *p, size_t n)
{
    return str_make(p, n);
}

/* ---- the dictionary ---- */

static size_t take_string(struct pdf_reader *r, uint32_t node, void *out, size_t max)
{
    const struct pdf_object *o = NULL;
    node = pdf_follow(r, node, &o);
    if (!pdf_is_string(r, node))
        return 0;
    buf_reset(&r->string);
    pdf_unescape(r->nodes[node].text, pdf_is(r, node, PDF_NODE_HEX), &r->string);
    size_t n = r->string.n < max ? r->string.n : max;
    if (n > 0)
        memcpy(out, r->string.p, n);
    return n;
}

/* The cipher of the crypt filter that `which` names: /StmF or /StrF. */
static enum pdf_cipher cipher_of(struct pdf_reader *r, uint32_t dict, enum pdf_word which)
{
    const struct pdf_object *o = NULL;
    uint32_t name = pdf_follow(r, pdf_get(r, dict, which), &o);
    uint32_t filters = pdf_follow(r, pdf_get(r, dict, PDF_W_CF), &o);
    if (!pdf_is(r, name, PDF_NODE_NAME) || !pdf_is(r, filters, PDF_NODE_DICT))
        return PDF_CIPHER_NONE;
    for (uint32_t i = filters + 1; i < r->nodes[filters].end; i = r->nodes[i].end) {
        bool is_it = pdf_is(r, i, PDF_NODE_NAME) && i + 1 < r->nodes[filters].end &&
                     str_eq(r->nodes[i].text, r->nodes[name].text);
        uint32_t method = is_it ? pdf_get(r, pdf_follow(r, i + 1, &o), PDF_W_CFM) : PDF_NO_NODE;
        if (pdf_is_word(r, method, PDF_W_AESV2) || pdf_is_word(r, method, PDF_W_AESV3))
            return PDF_CIPHER_AES;
        if (pdf_is(r, method, PDF_NODE_NAME) && str_eq(r->nodes[method].text, STR("V2")))
            return PDF_CIPHER_RC4;
    }
    return PDF_CIPHER_NONE;
}

static bool read_standard(struct pdf_reader *r, uint32_t dict, struct standard *s)
{
    *s = (struct standard){.strings = PDF_CIPHER_RC4, .streams = PDF_CIPHER_RC4};
    s->version = pdf_number(r, pdf_get(r, dict, PDF_W_V), 0);
    s->revision = pdf_number(r, pdf_get(r, dict, PDF_W_R), 0);
    s->permissions = pdf_number(r, pdf_get(r, dict, PDF_W_P), 0);
    int64_t bits = pdf_number(r, pdf_get(r, dict, PDF_W_LENGTH), 40);
    bits = bits > 0 && bits <= 16 ? bits * 8 : bits; /* some count octets */
    /* by the revision first, which says how the key is made: a false /V may not lengthen it */
    s->key_n = s->revision >= 5  ? 32
               : s->version == 1 ? 5
               : s->version >= 4 ? MD5_BYTES
                                 : (size_t)(bits < 40    ? 5
                                            : bits > 128 ? MD5_BYTES
                                                         : bits / 8);
    s->owner_n = take_string(r, pdf_get(r, dict, PDF_W_O), s->owner, sizeof s->owner);
    s->user_n = take_string(r, pdf_get(r, dict, PDF_W_U), s->user, sizeof s->user);
    s->user_key_n = take_string(r, pdf_get(r, dict, PDF_W_UE), s->user_key, sizeof s->user_key);
    uint32_t metadata = pdf_get(r, dict, PDF_W_ENCRYPTMETADATA);
    s->plain_metadata =
        pdf_is(r, metadata, PDF_NODE_WORD) && str_eq(r->nodes[metadata].text, STR("false"));
    if (s->version >= 4) {
        s->streams = cipher_of(r, dict, PDF_W_STMF);
        s->strings = cipher_of(r, dict, PDF_W_STRF);
    }
    return s->revision >= 2 && s->revision <= 6 && s->owner_n >= 32 && s->user_n >= 32 &&
           (s->revision < 5 || (s->user_n == 48 && s->user_key_n == 32));
}

/* ---- revisions 2 to 4 ---- */

/* Algorithm 2. */
static bool old_key(const struct standard *s, struct str password, unsigned char key[MD5_BYTES])
{
    char text[2 * OLD_PASSWORD_BYTES + 4 + ID_MAX_BYTES + 4];
    unsigned char hash[HMAC_MAX_BYTES];
    size_t n = password.n < OLD_PASSWORD_BYTES ? password.n : OLD_PASSWORD_BYTES;
    if (n > 0)
        memcpy(text, password.p, n);
    memcpy(text + n, padding.p, OLD_PASSWORD_BYTES - n);
    n = OLD_PASSWORD_BYTES;
    memcpy(text + n, s->owner, 32);
    n += 32;
    for (unsigned i = 0; i < 4; i++)
        text[n++] = (char)((uint64_t)s->permissions >> (8 * i));
    memcpy(text + n, s->id, s->id_n);
    n += s->id_n;
    for (unsigned i = 0; i < 4 && s->revision >= 4 && s->plain_metadata; i++)
        text[n++] = (char)0xff;
    bool ok = hmac_hash(HMAC_MD5, view(text, n), hash);
    for (unsigned i = 0; ok && s->revision >= 3 && i < OLD_ROUNDS; i++)
        ok = hmac_hash(HMAC_MD5, view(hash, s->key_n), hash);
    memcpy(key, hash, MD5_BYTES);
    return ok;
}

/* Algorithms 4 to 6: is /U what this key makes of known text? */
static bool old_check(const struct standard *s, const unsigned char *key)
{
    unsigned char made[32], hash[HMAC_MAX_BYTES], turned[MD5_BYTES];
    char text[32 + ID_MAX_BYTES];
    struct rc4 rc4;
    if (s->revision == 2) {
        rc4_start(&rc4, view(key, s->key_n));
        rc4_apply(&rc4, (const unsigned char *)padding.p, made, sizeof made);
        return memcmp(made, s->user, sizeof made) == 0;
    }
    memcpy(text, padding.p, padding.n);
    memcpy(text + padding.n, s->id, s->id_n);
    if (!hmac_hash(HMAC_MD5, view(text, padding.n + s->id_n), hash))
        return false;
    for (unsigned round = 0; round < 20; round++) {
        for (size_t i = 0; i < s->key_n; i++)
            turned[i] = (unsigned char)(key[i] ^ round);
        rc4_start(&rc4, view(turned, s->key_n));
        rc4_apply(&rc4, hash, hash, MD5_BYTES);
    }
    return memcmp(hash, s->user, MD5_BYTES) == 0;
}

/* ---- revisions 5 and 6 ---- */

/* Algorithm 2.B: rounds of AES and SHA-2 over 64 copies of password and hash. */
static bool hard_rounds(struct str password, unsigned char hash[DIGEST_SHA2_BYTES])
{
    enum { COPIES = 64 };
    unsigned char text[COPIES * (NEW_PASSWORD_BYTES + DIGEST_SHA2_BYTES)];
    size_t hash_n = 32;
    bool ok = true;
    for (unsigned round = 1; ok && round <= HASH_ROUNDS_MAX; round++) {
        size_t n = 0, sum = 0;
        for (unsigned i = 0; i < COPIES; i++) {
            memcpy(text + n, password.p, password.n);
            memcpy(text + n + password.n, hash, hash_n);
            n += password.n + hash_n;
        }
        ok = aes_cbc_encrypt(view(hash, 16), hash + 16, text, text, n);
        for (unsigned i = 0; i < 16; i++)
            sum += text[i];
        hash_n = 32 + 16 * (sum % 3);
        ok = ok && digest_sha2((unsigned)hash_n * 8, view(text, n), hash);
        if (round >= HASH_ROUNDS && text[n - 1] <= round - 32)
            break;
    }
    return ok;
}

static bool new_hash(const struct standard *s, struct str password, size_t salt,
                     unsigned char hash[DIGEST_SHA2_BYTES])
{
    char text[NEW_PASSWORD_BYTES + 8];
    memcpy(text, password.p, password.n);
    memcpy(text + password.n, s->user + salt, 8);
    return digest_sha2(256, view(text, password.n + 8), hash) &&
           (s->revision == 5 || hard_rounds(password, hash));
}

static bool new_open(const struct standard *s, struct str password, unsigned char key[32])
{
    static const unsigned char no_iv[AES_BLOCK_BYTES];
    unsigned char hash[DIGEST_SHA2_BYTES];
    password = password.n == 0 ? STR("") : str_slice(password, 0, NEW_PASSWORD_BYTES);
    return new_hash(s, password, 32, hash) && memcmp(hash, s->user, 32) == 0 &&
           new_hash(s, password, 40, hash) &&
           aes_cbc_decrypt(view(hash, 32), no_iv, s->user_key, key, 32);
}

/* ---- opening ---- */

struct candidate {
    struct standard standard;
    uint32_t object;
};

struct candidates {
    struct candidate items[MAX_DICTS];
    size_t n;
};

static bool open_with(struct pdf_reader *r, const struct candidate *c, struct str password)
{
    unsigned char key[32];
    const struct standard *s = &c->standard;
    bool ok = s->revision >= 5 ? new_open(s, password, key)
                               : old_key(s, password, key) && old_check(s, key);
    if (!ok)
        return false;
    r->crypt.active = true;
    r->crypt.object = c->object;
    r->crypt.strings = s->strings;
    r->crypt.streams = s->streams;
    r->crypt.revision = (unsigned)s->revision;
    r->crypt.key_n = s->key_n;
    r->crypt.plain_metadata = s->plain_metadata;
    memcpy(r->crypt.key, key, s->key_n);
    return true;
}

/* The first string of /ID, there or in any other trailer. */
static size_t find_id(struct pdf_reader *r, uint32_t trailer, char *out)
{
    const struct pdf_object *o = NULL;
    uint32_t id = pdf_follow(r, pdf_get(r, trailer, PDF_W_ID), &o);
    for (size_t i = r->n_objects; i > 0 && !pdf_is(r, id, PDF_NODE_ARRAY); i--)
        if (r->objects[i - 1].is_trailer)
            id = pdf_follow(r, pdf_get(r, pdf_dict_of(r, &r->objects[i - 1]), PDF_W_ID), &o);
    return pdf_is(r, id, PDF_NODE_ARRAY) && r->nodes[id].end > id + 1
               ? take_string(r, id + 1, out, ID_MAX_BYTES)
               : 0;
}

static void add_candidate(struct pdf_reader *r, uint32_t trailer, uint32_t dict, uint32_t object,
                          struct candidates *all)
{
    if (!pdf_is(r, dict, PDF_NODE_DICT) || all->n == MAX_DICTS)
        return;
    struct candidate *c = &all->items[all->n];
    r->pdf->encryption = PDF_LOCKED;
    if (!read_standard(r, dict, &c->standard))
        return;
    c->standard.id_n = find_id(r, trailer, c->standard.id);
    c->object = object;
    all->n++;
}

/* Those of all trailers, and all definitions of them, the last first: readers differ. */
static void find_candidates(struct pdf_reader *r, struct candidates *all)
{
    for (size_t i = r->n_objects; i > 0 && all->n < MAX_DICTS; i--) {
        const struct pdf_object *o = &r->objects[i - 1];
        struct pdf_object *of[PDF_MAX_DEFINITIONS];
        uint32_t trailer = pdf_dict_of(r, o), value = pdf_get(r, trailer, PDF_W_ENCRYPT);
        if (value == PDF_NO_NODE ||
            (!o->is_trailer && !pdf_is_word(r, pdf_get(r, trailer, PDF_W_TYPE), PDF_W_XREF)))
            continue;
        add_candidate(r, trailer, value, PDF_NO_OBJECT, all);
        bool ref = pdf_is(r, value, PDF_NODE_REF);
        size_t n = ref ? pdf_definitions(r, r->nodes[value].number, of) : 0;
        for (size_t k = 0; k < n; k++)
            add_candidate(r, trailer, pdf_dict_of(r, of[k]), of[k]->number, all);
    }
}

void pdf_crypt_open(struct pdf_reader *r, const struct str *passwords, size_t n)
{
    struct candidates all = {.n = 0};
    unsigned tries = 0;
    r->crypt.object = PDF_NO_OBJECT;
    find_candidates(r, &all);
    for (size_t i = 0; i < all.n; i++)
        if (open_with(r, &all.items[i], STR(""))) {
            r->pdf->encryption = PDF_OPENED;
            return;
        }
    for (size_t i = 0; i < all.n; i++)
        for (size_t k = 0; k < n && k < PDF_MAX_PASSWORDS && tries < TRIES_MAX; k++, tries++)
            if (open_with(r, &all.items[i], passwords[k])) {
                r->pdf->encryption = PDF_OPENED_WITH;
                r->pdf->password = k;
                return;
            }
}

/* ---- decrypting ---- */

/* Algorithm 1: the key of one object. */
static bool object_key(const struct pdf_crypt *c, const struct pdf_object *o, bool aes,
                       unsigned char key[HMAC_MAX_BYTES], size_t *n)
{
    char text[32 + 9];
    size_t at = c->key_n;
    if (c->revision >= 5) {
        memcpy(key, c->key, 32);
        *n = 32;
        return true;
    }
    memcpy(text, c->key, c->key_n);
    for (unsigned i = 0; i < 3; i++)
        text[at++] = (char)(o->number >> (8 * i));
    for (unsigned i = 0; i < 2; i++)
        text[at++] = (char)(o->generation >> (8 * i));
    if (aes) {
        memcpy(text + at, "sAlT", 4);
        at += 4;
    }
    *n = c->key_n + 5 < MD5_BYTES ? c->key_n + 5 : MD5_BYTES;
    return hmac_hash(HMAC_MD5, view(text, at), key);
}

static bool decrypt_aes(struct str key, struct str in, unsigned char *out, size_t *n)
{
    size_t blocks = (in.n - AES_BLOCK_BYTES) / AES_BLOCK_BYTES * AES_BLOCK_BYTES;
    const unsigned char *p = (const unsigned char *)in.p;
    if (!aes_cbc_decrypt(key, p, p + AES_BLOCK_BYTES, out, blocks))
        return false;
    size_t pad = blocks > 0 ? out[blocks - 1] : 0;
    *n = pad >= 1 && pad <= AES_BLOCK_BYTES ? blocks - pad : blocks;
    return true;
}

bool pdf_decrypt(struct pdf_reader *r, const struct pdf_object *o, enum pdf_cipher cipher,
                 struct str in, struct buf *out)
{
    unsigned char key[HMAC_MAX_BYTES];
    size_t key_n = 0, n = in.n;
    bool aes = cipher == PDF_CIPHER_AES;
    if (!r->crypt.active || cipher == PDF_CIPHER_NONE || o->packed || o->is_trailer ||
        o->number == r->crypt.object || in.n == 0 || (aes && in.n < 2 * AES_BLOCK_BYTES) ||
        !pdf_work(r, in.n))
        return false;
    buf_reset(out);
    unsigned char *to = (unsigned char *)buf_reserve(out, in.n);
    if (to == NULL || !object_key(&r->crypt, o, aes, key, &key_n))
        return false;
    if (aes && !decrypt_aes(view(key, key_n), in, to, &n))
        return false;
    if (!aes) {
        struct rc4 rc4;
        rc4_start(&rc4, view(key, key_n));
        rc4_apply(&rc4, (const unsigned char *)in.p, to, in.n);
    }
    out->n = n;
    return true;
}
