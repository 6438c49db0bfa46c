/* Adding the next ARC set (RFC 8617 5.1): AAR, then the AMS over the message, then the seal. */
#include "auth/arc_internal.h"
#include "auth/authres.h"
#include "auth/dkim_internal.h"
#include "base/base64.h"
#include "base/utf8.h"
#include "crypto/digest.h"

enum {
    REPEATS_MAX = 10,     /* fields of one name that the recommended set covers */
    NAMES_LINE_USUAL = 70 /* of h=, then it folds */
};

/* RFC 6376 5.4.1, and the signatures and list fields of those before us (RFC 8617 5.1.1). */
static const struct str recommended[] = {
    STR_INIT("from"),
    STR_INIT("to"),
    STR_INIT("cc"),
    STR_INIT("subject"),
    STR_INIT("date"),
    STR_INIT("message-id"),
    STR_INIT("in-reply-to"),
    STR_INIT("references"),
    STR_INIT("reply-to"),
    STR_INIT("mime-version"),
    STR_INIT("content-type"),
    STR_INIT("content-transfer-encoding"),
    STR_INIT("list-id"),
    STR_INIT("list-help"),
    STR_INIT("list-unsubscribe"),
    STR_INIT("list-unsubscribe-post"),
    STR_INIT("list-subscribe"),
    STR_INIT("list-post"),
    STR_INIT("list-owner"),
    STR_INIT("list-archive"),
    STR_INIT("dkim-signature"),
};

/* One set in the making. Texts live in the arena. */
struct sealing {
    struct arena *arena;
    const struct message *msg;
    const struct arc_outcome *chain;
    const struct arc_sealer *sealer;
    struct mp_err *err;
    unsigned instance;
    struct str domain, selector;
    struct str time;               /* "; t=12345" or empty */
    struct header made[ARC_KINDS]; /* name and value only: all that relaxed needs */
};

static int no_memory(struct sealing *s)
{
    return mp_fail(s->err, MP_E_NOMEM, 0, "message needs more memory than allowed");
}

static int refuse(struct sealing *s, const char *why)
{
    return mp_fail(s->err, MP_E_USAGE, 0, "cannot seal: %s", why);
}

/* ---- what may be sealed, and with what ---- */

/* Printable UTF-8 with folds: what may stand in a field without making another one of it. */
static bool is_field_text(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool fold = i + 2 < s.n && s.p[i] == '\r' && s.p[i + 1] == '\n' && is_wsp(s.p[i + 2]);
        if (fold)
            i++;
        else if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] == 0x7f)
            return false;
    }
    return utf8_valid(s);
}

static bool is_field_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == ':' || s.p[i] == ';')
            return false;
    return s.n != 0;
}

static int check_names(struct sealing *s)
{
    const struct arc_sealer *sealer = s->sealer;
    bool from = sealer->n_header_names == 0;
    if (sealer->n_header_names > DKIM_MAX_HEADER_NAMES)
        return refuse(s, "too many field names");
    for (size_t i = 0; i < sealer->n_header_names; i++) {
        if (!is_field_name(sealer->header_names[i]) || arc_must_not_sign(sealer->header_names[i]))
            return refuse(s, "a field name that must not be signed");
        from = from || str_ieq(sealer->header_names[i], STR("From"));
    }
    return from ? MP_OK : refuse(s, "From is not among the names to sign");
}

static int check_chain(struct sealing *s)
{
    if (s->chain->closed)
        return refuse(s, "the chain is closed: it had failed before, or is beyond all limits");
    if (s->chain->result == ARC_TEMPERROR)
        return refuse(s, "the chain is undecided: DNS did not answer");
    if (s->chain->instances >= ARC_MAX_INSTANCES)
        return refuse(s, "the chain is full");
    return MP_OK;
}

static int check_sealer(struct sealing *s, struct str auth_results)
{
    if (s->sealer->key.sign == NULL || s->sealer->key.type != KEY_RSA)
        return refuse(s, "ARC needs an RSA key");
    if (!dkim_domain(s->arena, s->sealer->domain, 2, &s->domain))
        return refuse(s, "the domain is no domain name");
    if (!dkim_domain(s->arena, s->sealer->selector, 1, &s->selector))
        return refuse(s, "the selector is no DNS label");
    if (s->sealer->authserv_id.n == 0 || !is_field_text(s->sealer->authserv_id))
        return refuse(s, "no authserv-id");
    if (str_trim(auth_results).n == 0 || !is_field_text(auth_results))
        return refuse(s, "no results, or such that no field can hold");
    return MP_OK;
}

/* ---- the three fields ---- */

static int field_made(struct sealing *s, enum arc_kind kind, struct str value)
{
    s->made[kind] = (struct header){.name = arc_field_name(kind), .value = value};
    return value.p == NULL ? no_memory(s) : MP_OK;
}

static int make_aar(struct sealing *s, struct str auth_results)
{
    struct buf id;
    buf_init(&id, 4096);
    authres_write_value(&id, s->sealer->authserv_id);
    struct str results = str_trim(auth_results);
    struct str value = arena_fmt(s->arena, " i=%u; " STR_FMT ";\r\n\t" STR_FMT, s->instance,
                                 STR_ARG(buf_str(&id)), STR_ARG(results));
    int st = id.failed ? no_memory(s) : field_made(s, ARC_AAR, value);
    buf_clear(&id);
    return st;
}

/* One more name of h=; a fold stands behind the colon when the line gets long. */
static void add_name(struct buf *h, size_t *column, struct str name)
{
    if (h->n != 0)
        buf_addc(h, ':');
    if (*column + name.n > NAMES_LINE_USUAL) {
        buf_addz(h, "\r\n  ");
        *column = 2;
    }
    buf_add(h, name);
    *column += name.n + 1;
}

/* Every field of the name that is there; From once more, so that none can be put above it. */
static void add_recommended(struct sealing *s, struct buf *h, size_t *column)
{
    for (size_t i = 0; i < ARRAY_LEN(recommended); i++) {
        size_t n = header_count(s->msg, recommended[i]);
        if (n > REPEATS_MAX)
            n = REPEATS_MAX;
        for (n += i == 0; n > 0; n--)
            add_name(h, column, recommended[i]);
    }
}

static struct str header_names(struct sealing *s)
{
    struct buf h;
    size_t column = sizeof " d=; h=" + s->domain.n;
    buf_init(&h, 1024 * 1024);
    if (s->sealer->n_header_names == 0)
        add_recommended(s, &h, &column);
    for (size_t i = 0; i < s->sealer->n_header_names; i++)
        add_name(&h, &column, s->sealer->header_names[i]);
    struct str names = h.failed ? STR_NONE : arena_copy(s->arena, buf_str(&h));
    buf_clear(&h);
    return names;
}

/* The AMS hashes what h= selects (RFC 6376 3.7), relaxed. */
static bool hash_message(struct sealing *s, struct digest *d, struct str names)
{
    struct header_selector *select = header_selector_new(s->arena, s->msg);
    struct str name;
    while (select != NULL && colon_list_next(&names, &name)) {
        const struct header *h = header_select(select, name);
        if (h != NULL)
            header_hash(d, h, CANON_RELAXED);
    }
    return select != NULL;
}

static void hash_set(struct digest *d, const struct header *aar, const struct header *ams)
{
    header_hash(d, aar, CANON_RELAXED);
    header_hash(d, ams, CANON_RELAXED);
}

/* The seal covers all sets, or its own alone when the chain is broken (RFC 8617 5.1.2). */
static bool hash_chain(struct sealing *s, struct digest *d)
{
    const struct arc_outcome *chain = s->chain;
    for (unsigned i = 0; chain->result == ARC_PASS && i < chain->instances; i++) {
        const struct arc_set *set = &chain->sets[i];
        if (set->aar == NULL || set->ams == NULL || set->seal == NULL)
            return false;
        hash_set(d, set->aar, set->ams);
        header_hash(d, set->seal, CANON_RELAXED);
    }
    hash_set(d, &s->made[ARC_AAR], &s->made[ARC_AMS]);
    return true;
}

/* Sign what `d` holds and the field " a=...; b=" + "" + tail, and put the signature in. */
static int sign(struct sealing *s, enum arc_kind kind, struct digest *d, struct str tail)
{
    static const struct str front = STR_INIT(" a=rsa-sha256;\r\n\tb=");
    unsigned char hash[DIGEST_MAX_BYTES];
    struct buf raw, text;
    buf_init(&raw, KEY_RSA_MAX_BITS / 8);
    buf_init(&text, KEY_RSA_MAX_BITS / 4);
    struct str unsigned_value = arena_fmt(s->arena, STR_FMT STR_FMT, STR_ARG(front), STR_ARG(tail));
    int st = field_made(s, kind, unsigned_value);
    if (st == MP_OK)
        header_hash_without_b(d, &s->made[kind], CANON_RELAXED, front.n, 0);
    bool hashed = digest_final(d, hash);
    if (st != MP_OK)
        goto out;
    st = hashed ? MP_OK : mp_fail(s->err, MP_E_CRYPTO, 0, "SHA-256 failed");
    if (st == MP_OK)
        st = sign_key_sign(&s->sealer->key,
                           str_make((const char *)hash, digest_bytes(DIGEST_SHA256)), &raw, s->err);
    if (st != MP_OK)
        goto out;
    base64_encode(&text, buf_str(&raw));
    st = raw.failed || text.failed
             ? no_memory(s)
             : field_made(s, kind,
                          arena_fmt(s->arena, STR_FMT STR_FMT STR_FMT, STR_ARG(front),
                                    STR_ARG(buf_str(&text)), STR_ARG(tail)));
out:
    buf_clear(&raw);
    buf_clear(&text);
    return st;
}

static struct str ams_tail(struct sealing *s, struct body_hashes *bodies, struct str names)
{
    struct str hash, tail = STR_NONE;
    uint64_t length;
    struct buf text;
    buf_init(&text, base64_encoded_bytes(DIGEST_MAX_BYTES));
    if (body_hash_get(bodies, CANON_RELAXED, DIGEST_SHA256, UINT64_MAX, &hash, &length)) {
        base64_encode(&text, hash);
        tail = arena_fmt(s->arena,
                         ";\r\n\tbh=" STR_FMT "; c=relaxed/relaxed;\r\n\td=" STR_FMT "; h=" STR_FMT
                         ";\r\n\ti=%u; s=" STR_FMT STR_FMT,
                         STR_ARG(buf_str(&text)), STR_ARG(s->domain), STR_ARG(names), s->instance,
                         STR_ARG(s->selector), STR_ARG(s->time));
    }
    buf_clear(&text);
    return tail;
}

static int make_ams(struct sealing *s, struct body_hashes *bodies)
{
    struct str names = header_names(s);
    struct str tail = names.p == NULL ? STR_NONE : ams_tail(s, bodies, names);
    struct digest d;
    if (tail.p == NULL)
        return no_memory(s);
    if (!digest_start(&d, DIGEST_SHA256))
        return mp_fail(s->err, MP_E_CRYPTO, 0, "SHA-256 failed");
    if (!hash_message(s, &d, names)) {
        digest_cancel(&d);
        return no_memory(s);
    }
    return sign(s, ARC_AMS, &d, tail);
}

static int make_seal(struct sealing *s)
{
    struct str tail = arena_fmt(s->arena, "; cv=%s; d=" STR_FMT ";\r\n\ti=%u; s=" STR_FMT STR_FMT,
                                arc_result_name(s->chain->result), STR_ARG(s->domain), s->instance,
                                STR_ARG(s->selector), STR_ARG(s->time));
    struct digest d;
    if (tail.p == NULL)
        return no_memory(s);
    if (!digest_start(&d, DIGEST_SHA256))
        return mp_fail(s->err, MP_E_CRYPTO, 0, "SHA-256 failed");
    if (!hash_chain(s, &d)) {
        digest_cancel(&d);
        return refuse(s, "the outcome is not that of a whole chain");
    }
    return sign(s, ARC_SEAL, &d, tail);
}

static int write_fields(struct sealing *s, struct buf *out)
{
    size_t bytes = 0;
    for (enum arc_kind kind = ARC_AAR; kind < ARC_KINDS; kind++)
        bytes += s->made[kind].name.n + s->made[kind].value.n + sizeof ":\r\n" - 1;
    if (buf_reserve(out, bytes) == NULL)
        return mp_fail(s->err, MP_E_LIMIT, (int64_t)bytes, "no room for the ARC fields");
    for (unsigned kind = ARC_KINDS; kind > 0; kind--) {
        buf_add(out, s->made[kind - 1].name);
        buf_addc(out, ':');
        buf_add(out, s->made[kind - 1].value);
        buf_addz(out, "\r\n");
    }
    return MP_OK;
}

int arc_seal(struct arena *arena, const struct message *msg, struct body_hashes *bodies,
             const struct arc_outcome *chain, struct str auth_results,
             const struct arc_sealer *sealer, struct buf *out, struct mp_err *err)
{
    struct sealing s = {.arena = arena,
                        .msg = msg,
                        .chain = chain,
                        .sealer = sealer,
                        .err = err,
                        .instance = chain->instances + 1,
                        .time = STR("")};
    int st = check_chain(&s);
    if (st == MP_OK)
        st = check_sealer(&s, auth_results);
    if (st == MP_OK)
        st = check_names(&s);
    if (st == MP_OK && sealer->signed_at_s >= 0)
        s.time = arena_fmt(arena, "; t=%lld", (long long)sealer->signed_at_s);
    if (st == MP_OK)
        st = make_aar(&s, auth_results);
    if (st == MP_OK)
        st = make_ams(&s, bodies);
    if (st == MP_OK)
        st = make_seal(&s);
    return st == MP_OK ? write_fields(&s, out) : st;
}
