/* The DKIM-Signature field: its tags, one function each, and the verdicts they alone decide. */
#include "auth/dkim_internal.h"
#include "base/base64.h"
#include "base/idna.h"
#include "base/utf8.h"

enum {
    LENGTH_MAX_DIGITS = 76, /* RFC 6376 3.5, l= */
    TIME_MAX_DIGITS = 12,   /* RFC 6376 3.5, t= and x= */
    B_PREFIX_BYTES = 8      /* RFC 8601 2.7.1 recommends the first eight characters */
};

/* What each tag's function may look at and fill. */
struct field {
    struct arena *arena;
    struct tag_list tags;
    struct dkim_parsed *p;
    struct dkim_signature *sig;
};

/* A tag's function returns NULL when all is well, else why the signature cannot be evaluated. */

static const char *tag_v(struct field *f, struct str v)
{
    (void)f;
    return str_eq(v, STR("1")) ? NULL : "v= is not 1";
}

static const char *tag_a(struct field *f, struct str v)
{
    static const struct {
        struct str name;
        enum key_type type;
        bool historic; /* RFC 8301 3.1: must not be taken */
    } algorithms[] = {{STR_INIT("rsa-sha256"), KEY_RSA, false},
                      {STR_INIT("ed25519-sha256"), KEY_ED25519, false},
                      {STR_INIT("rsa-sha1"), KEY_RSA, true}};
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        if (!str_ieq(v, algorithms[i].name))
            continue;
        f->p->key_type = algorithms[i].type;
        f->sig->algorithm = algorithms[i].name;
        if (algorithms[i].historic)
            f->sig->result = DKIM_POLICY;
        return NULL;
    }
    return "a= is an unknown algorithm";
}

static const char *tag_c(struct field *f, struct str v)
{
    return canon_parse(v, &f->sig->header_canon, &f->sig->body_canon)
               ? NULL
               : "c= is an unknown canonicalization";
}

static const char *tag_q(struct field *f, struct str v)
{
    struct str method;
    (void)f;
    while (colon_list_next(&v, &method))
        if (str_ieq(method, STR("dns/txt")))
            return NULL;
    return "q= does not offer dns/txt";
}

bool dkim_domain(struct arena *arena, struct str text, unsigned min_labels, struct str *out)
{
    struct str ascii;
    if (str_ends(text, STR(".")) || !idna_to_ascii(arena, text, &ascii) || !domain_is_ldh(ascii) ||
        domain_labels(ascii) < min_labels)
        return false;
    *out = ascii;
    return true;
}

static const char *tag_d(struct field *f, struct str v)
{
    /* domain-name of RFC 5321 as 6376 3.5 has it: two labels at least */
    return dkim_domain(f->arena, v, 2, &f->sig->domain) ? NULL : "d= is not a domain name";
}

static const char *tag_s(struct field *f, struct str v)
{
    return dkim_domain(f->arena, v, 1, &f->sig->selector) ? NULL : "s= is not a selector";
}

static int upper_hex_value(char c)
{
    return is_digit(c) ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* dkim-quoted-printable (RFC 6376 2.11): "=" and two upper-case hex digits; folds are nothing. A
 * lone "=" stands for itself: signers write it in i=. */
static struct str quoted_printable(struct arena *arena, struct str in)
{
    char *to = arena_new(arena, char, in.n + 1);
    size_t n = 0;
    if (to == NULL)
        return STR_NONE;
    for (size_t i = 0; i < in.n; i++) {
        if (is_fws(in.p[i]))
            continue;
        int high = in.p[i] == '=' && i + 2 < in.n ? upper_hex_value(in.p[i + 1]) : -1;
        int low = high >= 0 ? upper_hex_value(in.p[i + 2]) : -1;
        if (low >= 0) {
            to[n++] = (char)(high << 4 | low);
            i += 2;
        } else {
            to[n++] = in.p[i];
        }
    }
    return str_make(to, n);
}

/* Length of the local part before its "@"; s.n when there is none or a quote is not closed. */
static size_t local_part_bytes(struct str s)
{
    if (s.n == 0 || s.p[0] != '"')
        return str_find(s, '@');
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"')
            return i + 1 < s.n && s.p[i + 1] == '@' ? i + 1 : s.n;
    }
    return s.n;
}

static const char *tag_i(struct field *f, struct str v)
{
    struct str domain, identity = quoted_printable(f->arena, v);
    size_t at = local_part_bytes(identity);
    if (at == identity.n)
        return "i= has no @";
    if (!utf8_valid(identity) ||
        !dkim_domain(f->arena, str_slice(identity, at + 1, identity.n), 2, &domain))
        return "i= does not end in a domain name";
    if (!domain_is_below(domain, f->sig->domain))
        return "i= is neither d= nor below it";
    f->sig->identity = identity;
    f->p->identity_below = !domain_eq(domain, f->sig->domain);
    return NULL;
}

/* A field name (RFC 5322 2.2); ";" cannot be here. */
static bool is_field_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return s.n > 0;
}

static const char *tag_h(struct field *f, struct str v)
{
    struct str rest = v, name;
    bool from = false;
    for (size_t n = 0; colon_list_next(&rest, &name); n++) {
        if (n == DKIM_MAX_HEADER_NAMES)
            return "h= names too many fields";
        if (!is_field_name(name))
            return "h= is not a list of field names";
        from = from || str_ieq(name, STR("From"));
    }
    if (!from)
        return "h= does not name From";
    f->sig->header_names = v;
    return NULL;
}

static const char *tag_bh(struct field *f, struct str v)
{
    return base64_decode(f->arena, v, BASE64_IGNORE_FWS, &f->p->body_hash) ? NULL
                                                                           : "bh= is not base64";
}

static struct str first_letters(struct arena *arena, struct str v)
{
    char *to = arena_new(arena, char, B_PREFIX_BYTES);
    size_t n = 0;
    for (size_t i = 0; to != NULL && i < v.n && n < B_PREFIX_BYTES; i++)
        if (!is_fws(v.p[i]))
            to[n++] = v.p[i];
    return str_make(to, n);
}

static const char *tag_b(struct field *f, struct str v)
{
    const struct tag *b = tag_find(&f->tags, STR("b"));
    f->p->b_offset = b->value_offset;
    f->p->b_length = b->value_length;
    if (!base64_decode(f->arena, v, BASE64_IGNORE_FWS, &f->p->signature) || f->p->signature.n == 0)
        return "b= is not base64";
    f->sig->b_prefix = first_letters(f->arena, v);
    return NULL;
}

static bool digits_only(struct str v, size_t max_digits)
{
    for (size_t i = 0; i < v.n; i++)
        if (!is_digit(v.p[i]))
            return false;
    return v.n > 0 && v.n <= max_digits;
}

static const char *tag_l(struct field *f, struct str v)
{
    if (!digits_only(v, LENGTH_MAX_DIGITS))
        return "l= is not a number";
    if (!str_to_u64(v, UINT64_MAX - 1, &f->sig->length))
        return "l= is more than any body has";
    f->sig->has_length = true;
    return NULL;
}

static const char *time_value(struct str v, int64_t *out)
{
    uint64_t seconds;
    if (!digits_only(v, TIME_MAX_DIGITS) || !str_to_u64(v, INT64_MAX, &seconds))
        return "t= or x= is not a time";
    *out = (int64_t)seconds;
    return NULL;
}

static const char *tag_t(struct field *f, struct str v)
{
    return time_value(v, &f->sig->signed_at_s);
}

static const char *tag_x(struct field *f, struct str v)
{
    const char *why = time_value(v, &f->sig->expires_at_s);
    if (why == NULL && f->sig->signed_at_s >= 0 && f->sig->expires_at_s <= f->sig->signed_at_s)
        why = "x= is not after t=";
    return why;
}

/* RFC 6376 3.5, in an order where each may rely on those before (i= on d=, x= on t=); d= and s=
 * first, so that reports can name the signer whatever else is wrong. */
static const struct {
    struct str name;
    const char *(*read)(struct field *, struct str);
    const char *missing; /* NULL: may be absent */
} grammar[] = {
    {STR_INIT("d"), tag_d, "d= is missing"},
    {STR_INIT("s"), tag_s, "s= is missing"},
    {STR_INIT("b"), tag_b, "b= is missing"},
    {STR_INIT("v"), tag_v, "v= is missing"},
    {STR_INIT("a"), tag_a, "a= is missing"},
    {STR_INIT("c"), tag_c, NULL},
    {STR_INIT("q"), tag_q, NULL},
    {STR_INIT("i"), tag_i, NULL},
    {STR_INIT("h"), tag_h, "h= is missing"},
    {STR_INIT("bh"), tag_bh, "bh= is missing"},
    {STR_INIT("l"), tag_l, NULL},
    {STR_INIT("t"), tag_t, NULL},
    {STR_INIT("x"), tag_x, NULL},
};

enum { TAGS_FOR_REPORTS = 2 }; /* of the grammar: read even when the list is broken elsewhere */

static const char *read_tags(struct field *f, struct str value)
{
    const char *first = NULL;
    if (value.n > DKIM_MAX_FIELD_BYTES)
        return "the field is too long";
    enum tag_list_status st = tag_list_parse(f->arena, value, &f->tags);
    for (size_t i = 0; i < ARRAY_LEN(grammar); i++) {
        const struct tag *t = tag_find(&f->tags, grammar[i].name);
        const char *why = NULL;
        if (t != NULL && (first == NULL || i < TAGS_FOR_REPORTS))
            why = grammar[i].read(f, t->value);
        else if (t == NULL)
            why = grammar[i].missing;
        if (first == NULL)
            first = why;
    }
    return st != TAG_LIST_OK ? tag_list_status_text(st) : first;
}

static struct str as_written(const struct tag_list *tags, struct str name)
{
    const struct tag *t = tag_find(tags, name);
    return t == NULL ? STR_NONE : t->value;
}

/* Verdicts that need no key: refused algorithm, expiry. */
static bool judge_early(struct dkim_signature *sig, int64_t now_s, unsigned clock_skew_s)
{
    if (sig->result == DKIM_POLICY) {
        sig->reason = STR("rsa-sha1 is not accepted (RFC 8301)");
        return false;
    }
    if (sig->expires_at_s >= 0 && now_s - clock_skew_s > sig->expires_at_s) {
        sig->result = DKIM_POLICY;
        sig->reason = STR("the signature has expired (x=)");
        return false;
    }
    return true;
}

int dkim_field_parse(struct arena *arena, const struct header *field, int64_t now_s,
                     unsigned clock_skew_s, struct dkim_parsed *p, struct dkim_signature *sig,
                     struct mp_err *err)
{
    struct field f = {.arena = arena, .p = p, .sig = sig};
    *sig = (struct dkim_signature){.field = field, .signed_at_s = -1, .expires_at_s = -1};
    *p = (struct dkim_parsed){.sig = sig};
    const char *why = read_tags(&f, field->value);
    /* A refusal may only be our lack of memory: then it is no verdict. */
    if (why != NULL && arena->budget_bytes - arena->used_bytes < 2 * field->value.n)
        return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
    if (sig->domain.p == NULL)
        sig->domain = as_written(&f.tags, STR("d"));
    if (sig->selector.p == NULL)
        sig->selector = as_written(&f.tags, STR("s"));
    if (why == NULL) {
        const struct str parts[] = {sig->selector, STR("._domainkey."), sig->domain};
        const struct str whole_domain[] = {STR("@"), sig->domain};
        p->key_name = arena_join(arena, parts, ARRAY_LEN(parts));
        if (sig->identity.p == NULL)
            sig->identity = arena_join(arena, whole_domain, ARRAY_LEN(whole_domain));
        if (p->key_name.p == NULL || sig->identity.p == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
        if (p->key_name.n > DOMAIN_MAX_OCTETS)
            why = "s= and d= make no name that can be asked";
    }
    if (why != NULL) {
        sig->result = DKIM_PERMERROR;
        sig->reason = str_from(why);
        return MP_OK;
    }
    p->alive = judge_early(sig, now_s, clock_skew_s);
    return MP_OK;
}
