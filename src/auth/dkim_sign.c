/* Sign with DKIM: one walk over the head, one hash per body form, several keys (RFC 6376 5). */
#include "auth/dkim_internal.h"
#include "base/base64.h"
#include "base/idna.h"

enum {
    COLUMNS_MAX = 78, /* RFC 5322 2.1.1 */
    FIELD_MAX_BYTES = 64 * 1024,
    IDENTITY_MAX_BYTES = 1024,
    CANONS = CANON_RELAXED + 1
};

/* RFC 6376 5.4.1, in the order in which h= names them. `oversign`: named once more than present,
 * so that nobody can add one; not for fields that mailing lists rightly add. */
static const struct {
    struct str name;
    bool oversign;
} recommended[] = {
    {STR_INIT("From"), true},
    {STR_INIT("Subject"), true},
    {STR_INIT("Date"), true},
    {STR_INIT("To"), true},
    {STR_INIT("Cc"), true},
    {STR_INIT("Reply-To"), true},
    {STR_INIT("Message-ID"), true},
    {STR_INIT("In-Reply-To"), true},
    {STR_INIT("References"), true},
    {STR_INIT("MIME-Version"), true},
    {STR_INIT("Content-Type"), true},
    {STR_INIT("Content-Transfer-Encoding"), true},
    {STR_INIT("Content-Disposition"), true},
    {STR_INIT("Content-ID"), true},
    {STR_INIT("Content-Description"), true},
    {STR_INIT("Sender"), false},
    {STR_INIT("Resent-Date"), false},
    {STR_INIT("Resent-From"), false},
    {STR_INIT("Resent-To"), false},
    {STR_INIT("Resent-Cc"), false},
    {STR_INIT("Resent-Message-ID"), false},
    {STR_INIT("List-Id"), false},
    {STR_INIT("List-Help"), false},
    {STR_INIT("List-Unsubscribe"), false},
    {STR_INIT("List-Unsubscribe-Post"), false},
    {STR_INIT("List-Subscribe"), false},
    {STR_INIT("List-Post"), false},
    {STR_INIT("List-Owner"), false},
    {STR_INIT("List-Archive"), false},
    {STR_INIT("Autocrypt"), false},
};

struct signing_key {
    const struct dkim_signer *signer;
    struct str domain, selector, identity; /* checked; identity encoded, empty for none */
    struct str *names;                     /* the items of h= */
    size_t n_names;
};

struct dkim_signing {
    struct arena *arena;
    const struct message *head;
    struct signing_key *keys;
    size_t n;
    bool hashing[CANONS]; /* a hasher runs for this form */
    struct body_hasher hashers[CANONS];
};

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
}

/* ---- may we sign? ---- */

static int check_head(const struct message *m, struct mp_err *err)
{
    static const struct {
        enum anomaly anomaly;
        const char *text;
    } refused[] = {{ANOMALY_BARE_LF_HEADER, "a line feed without carriage return in the header"},
                   {ANOMALY_BARE_CR_HEADER, "a carriage return without line feed in the header"},
                   {ANOMALY_NUL_HEADER, "a NUL in the header"},
                   {ANOMALY_NO_COLON, "a line in the header that is no field"},
                   {ANOMALY_TOO_MANY_FIELDS, "more header fields than are read"},
                   {ANOMALY_HEAD_TOO_LONG, "a header longer than is read"}};
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (message_has(m, refused[i].anomaly))
            return mp_fail(err, MP_E_SYNTAX, 0, "not signed: %s", refused[i].text);
    size_t from = header_count(m, STR("From"));
    if (from != 1)
        return mp_fail(err, MP_E_SYNTAX, (int64_t)from, "not signed: %zu From fields, not one",
                       from);
    return MP_OK;
}

/* i= in dkim-quoted-printable (RFC 6376 2.11), its domain as A-labels below d=. */
static bool encode_identity(struct arena *arena, struct str identity, struct str domain,
                            struct str *out)
{
    size_t at = str_rfind(identity, '@');
    struct str below;
    struct buf b;
    if (at == identity.n || identity.n > IDENTITY_MAX_BYTES ||
        !dkim_domain(arena, str_slice(identity, at + 1, identity.n), 2, &below) ||
        !domain_is_below(below, domain))
        return false;
    buf_init(&b, 3 * IDENTITY_MAX_BYTES + DOMAIN_MAX_OCTETS + 1);
    for (size_t i = 0; i < at; i++) {
        unsigned char c = (unsigned char)identity.p[i];
        if (c > ' ' && c < 0x7f && c != ';' && c != '=')
            buf_addc(&b, (char)c);
        else
            buf_addf(&b, "=%02X", c);
    }
    buf_addc(&b, '@');
    buf_add(&b, below);
    *out = b.failed ? STR_NONE : arena_copy(arena, buf_str(&b));
    buf_clear(&b);
    return out->p != NULL;
}

static int check_signer(struct arena *arena, const struct dkim_signer *s, struct signing_key *k,
                        struct mp_err *err)
{
    k->signer = s;
    if (!dkim_domain(arena, s->domain, 2, &k->domain))
        return mp_fail(err, MP_E_USAGE, 0, "not a signing domain: " STR_FMT, STR_ARG(s->domain));
    if (!dkim_domain(arena, s->selector, 1, &k->selector))
        return mp_fail(err, MP_E_USAGE, 0, "not a selector: " STR_FMT, STR_ARG(s->selector));
    if (k->domain.n + k->selector.n + STR("._domainkey.").n > DOMAIN_MAX_OCTETS)
        return mp_fail(err, MP_E_USAGE, 0, "selector and domain are too long for a DNS name");
    if (s->identity.n > 0 && !encode_identity(arena, s->identity, k->domain, &k->identity))
        return mp_fail(err, MP_E_USAGE, 0, "i= must be an address at or below " STR_FMT,
                       STR_ARG(k->domain));
    if (s->key.sign == NULL)
        return mp_fail(err, MP_E_USAGE, 0, "no key to sign with");
    if (s->key.type == KEY_RSA && s->key.bits < KEY_RSA_MIN_BITS)
        return mp_fail(err, MP_E_USAGE, s->key.bits,
                       "RSA key of %u bits: verifiers refuse less than %d (RFC 8301)", s->key.bits,
                       KEY_RSA_MIN_BITS);
    return MP_OK;
}

/* ---- h= ---- */

static size_t times_named(const struct message *m, size_t row)
{
    return header_count(m, recommended[row].name) + recommended[row].oversign;
}

static int recommended_names(struct arena *arena, const struct message *m, struct signing_key *k,
                             struct mp_err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(recommended); i++)
        n += times_named(m, i);
    if (n > DKIM_MAX_HEADER_NAMES)
        return mp_fail(err, MP_E_SYNTAX, (int64_t)n, "not signed: too many fields to name in h=");
    k->names = arena_new(arena, struct str, n);
    if (k->names == NULL)
        return no_memory(err);
    for (size_t i = 0; i < ARRAY_LEN(recommended); i++)
        for (size_t times = times_named(m, i); times > 0; times--)
            k->names[k->n_names++] = recommended[i].name;
    return MP_OK;
}

static bool is_field_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == ':' || s.p[i] == ';')
            return false;
    return s.n > 0;
}

/* The caller's list stands as it is; naming a field once more than present oversigns it. */
static int given_names(struct arena *arena, struct signing_key *k, struct mp_err *err)
{
    const struct dkim_signer *s = k->signer;
    bool from = false;
    if (s->n_header_names > DKIM_MAX_HEADER_NAMES)
        return mp_fail(err, MP_E_USAGE, 0, "too many field names for h=");
    k->names = arena_new(arena, struct str, s->n_header_names + 1);
    if (k->names == NULL)
        return no_memory(err);
    for (size_t i = 0; i < s->n_header_names; i++) {
        if (!is_field_name(s->header_names[i]))
            return mp_fail(err, MP_E_USAGE, 0, "not a field name: " STR_FMT,
                           STR_ARG(s->header_names[i]));
        from = from || str_ieq(s->header_names[i], STR("From"));
        k->names[k->n_names++] = s->header_names[i];
    }
    return from ? MP_OK : mp_fail(err, MP_E_USAGE, 0, "From must be signed (RFC 6376 5.4)");
}

/* ---- the object ---- */

static int add_signer(struct dkim_signing *g, const struct dkim_signer *s, struct mp_err *err)
{
    struct signing_key *k = &g->keys[g->n];
    int st = check_signer(g->arena, s, k, err);
    if (st == MP_OK)
        st = s->header_names == NULL ? recommended_names(g->arena, g->head, k, err)
                                     : given_names(g->arena, k, err);
    if (st != MP_OK)
        return st;
    if (!g->hashing[s->body_canon]) {
        if (!body_hasher_start(&g->hashers[s->body_canon], s->body_canon, DIGEST_SHA256,
                               UINT64_MAX))
            return mp_fail(err, MP_E_CRYPTO, 0, "cannot hash the body");
        g->hashing[s->body_canon] = true;
    }
    g->n++;
    return MP_OK;
}

int dkim_signing_new(struct arena *arena, const struct message *head, const struct dkim_signer *s,
                     size_t n, struct dkim_signing **out, struct mp_err *err)
{
    int st = check_head(head, err);
    if (st != MP_OK)
        return st;
    struct dkim_signing *g = arena_new(arena, struct dkim_signing, 1);
    if (g == NULL || (g->keys = arena_new(arena, struct signing_key, n + 1)) == NULL)
        return no_memory(err);
    g->arena = arena;
    g->head = head;
    for (size_t i = 0; st == MP_OK && i < n; i++)
        st = add_signer(g, &s[i], err);
    if (st != MP_OK)
        dkim_signing_cancel(g);
    else
        *out = g;
    return st;
}

void dkim_signing_body(struct dkim_signing *s, struct str bytes)
{
    for (size_t i = 0; i < CANONS; i++)
        if (s->hashing[i])
            body_hasher_update(&s->hashers[i], bytes);
}

void dkim_signing_cancel(struct dkim_signing *s)
{
    for (size_t i = 0; s != NULL && i < CANONS; i++) {
        if (s->hashing[i])
            body_hasher_cancel(&s->hashers[i]);
        s->hashing[i] = false;
    }
}

/* ---- writing the field ---- */

/* Text folded before a piece that would pass the last column. */
struct folder {
    struct buf *out;
    size_t column;
};

static void fold_add(struct folder *f, struct str piece)
{
    buf_add(f->out, piece);
    f->column += piece.n;
}

static void fold_line(struct folder *f)
{
    buf_addz(f->out, "\r\n\t");
    f->column = 8; /* a HTAB counts as eight where people look at it */
}

/* " k=v;" on this line if it fits, else on the next. */
static void fold_tag(struct folder *f, const char *name, struct str value)
{
    struct str key = str_from(name);
    if (f->column + key.n + value.n + 3 > COLUMNS_MAX)
        fold_line(f);
    else
        fold_add(f, STR(" "));
    fold_add(f, key);
    fold_add(f, STR("="));
    fold_add(f, value);
    fold_add(f, STR(";"));
}

static void fold_number(struct folder *f, const char *name, int64_t value)
{
    char digits[24], *p = digits + sizeof digits;
    for (uint64_t v = (uint64_t)value; p == digits + sizeof digits || v > 0; v /= 10)
        *--p = (char)('0' + v % 10);
    fold_tag(f, name, str_make(p, (size_t)(digits + sizeof digits - p)));
}

static void fold_names(struct folder *f, const struct signing_key *k)
{
    fold_line(f);
    fold_add(f, STR("h="));
    for (size_t i = 0; i < k->n_names; i++) {
        if (f->column + k->names[i].n + 1 > COLUMNS_MAX)
            fold_line(f);
        fold_add(f, k->names[i]);
        fold_add(f, i + 1 < k->n_names ? STR(":") : STR(";"));
    }
}

/* Base64 may be broken anywhere (RFC 6376 3.2, 3.5). */
static void fold_base64(struct folder *f, struct str text)
{
    while (text.n > 0) {
        if (f->column >= COLUMNS_MAX)
            fold_line(f);
        size_t room = COLUMNS_MAX - f->column, n = text.n < room ? text.n : room;
        fold_add(f, str_slice(text, 0, n));
        text = str_slice(text, n, text.n);
    }
}

/* Everything up to and including "b=". */
static void write_unsigned(struct folder *f, const struct signing_key *k, struct str body_hash)
{
    const struct dkim_signer *s = k->signer;
    static const char *const canons[CANONS][CANONS] = {{"simple/simple", "simple/relaxed"},
                                                       {"relaxed/simple", "relaxed/relaxed"}};
    struct buf bh;
    buf_init(&bh, FIELD_MAX_BYTES);
    base64_encode(&bh, body_hash);
    fold_add(f, STR("DKIM-Signature:"));
    fold_tag(f, "v", STR("1"));
    fold_tag(f, "a", s->key.type == KEY_RSA ? STR("rsa-sha256") : STR("ed25519-sha256"));
    fold_tag(f, "c", str_from(canons[s->header_canon][s->body_canon]));
    fold_tag(f, "d", k->domain);
    fold_tag(f, "s", k->selector);
    if (s->signed_at_s >= 0)
        fold_number(f, "t", s->signed_at_s);
    if (s->signed_at_s >= 0 && s->lifetime_s > 0)
        fold_number(f, "x", s->signed_at_s + s->lifetime_s);
    if (k->identity.n > 0)
        fold_tag(f, "i", k->identity);
    fold_names(f, k);
    fold_line(f);
    fold_add(f, STR("bh="));
    fold_add(f, buf_str(&bh));
    fold_add(f, STR(";"));
    fold_line(f);
    fold_add(f, STR("b="));
    if (bh.failed)
        f->out->failed = true;
    buf_clear(&bh);
}

/* The hash that is signed: the chosen fields, then our own without the value of b=, which stands
 * last in it (RFC 6376 3.7). */
static bool hash_signed(struct dkim_signing *g, const struct signing_key *k, struct str field,
                        unsigned char out[DIGEST_MAX_BYTES])
{
    struct digest d;
    enum canon canon = k->signer->header_canon;
    size_t name_bytes = STR("DKIM-Signature").n;
    struct header own = {.name = str_slice(field, 0, name_bytes),
                         .value = str_slice(field, name_bytes + 1, field.n),
                         .raw = field};
    struct header_selector *selector = header_selector_new(g->arena, g->head);
    if (selector == NULL || !digest_start(&d, DIGEST_SHA256))
        return false;
    for (size_t i = 0; i < k->n_names; i++) {
        const struct header *h = header_select(selector, k->names[i]);
        if (h != NULL)
            header_hash(&d, h, canon);
    }
    header_hash_without_b(&d, &own, canon, own.value.n, 0);
    return digest_final(&d, out);
}

static int sign_one(struct dkim_signing *g, const struct signing_key *k, struct str body_hash,
                    struct buf *out, struct mp_err *err)
{
    unsigned char hash[DIGEST_MAX_BYTES];
    struct buf field, octets, text;
    struct folder f = {.out = &field};
    buf_init(&field, FIELD_MAX_BYTES);
    buf_init(&octets, FIELD_MAX_BYTES);
    buf_init(&text, FIELD_MAX_BYTES);
    write_unsigned(&f, k, body_hash);
    int st = MP_OK;
    if (field.failed || !hash_signed(g, k, buf_str(&field), hash))
        st = no_memory(err);
    else
        st = sign_key_sign(&k->signer->key,
                           str_make((const char *)hash, digest_bytes(DIGEST_SHA256)), &octets, err);
    if (st == MP_OK) {
        base64_encode(&text, buf_str(&octets));
        fold_base64(&f, buf_str(&text));
        buf_addz(&field, "\r\n");
        buf_add(out, buf_str(&field));
        if (field.failed || text.failed || out->failed)
            st = no_memory(err);
    }
    buf_clear(&text);
    buf_clear(&octets);
    buf_clear(&field);
    return st;
}

int dkim_signing_finish(struct dkim_signing *s, struct buf *out, struct mp_err *err)
{
    unsigned char hashes[CANONS][DIGEST_MAX_BYTES];
    size_t before = out->n;
    int st = MP_OK;
    for (size_t i = 0; i < CANONS; i++) {
        if (s->hashing[i] && !body_hasher_final(&s->hashers[i], hashes[i]))
            st = mp_fail(err, MP_E_CRYPTO, 0, "hashing the body failed");
        s->hashing[i] = false;
    }
    for (size_t i = 0; st == MP_OK && i < s->n; i++) {
        enum canon canon = s->keys[i].signer->body_canon;
        st = sign_one(s, &s->keys[i],
                      str_make((const char *)hashes[canon], digest_bytes(DIGEST_SHA256)), out, err);
    }
    if (st != MP_OK)
        out->n = before;
    return st;
}
