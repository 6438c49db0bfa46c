/* One ARC field: instance, tags, key name (RFC 8617 4.1, 4.2). No crypto, no DNS, no chain. */
#include "auth/arc_internal.h"
#include "auth/authres_internal.h"
#include "auth/dkim_internal.h"
#include "base/base64.h"
#include "crypto/digest.h"

enum { TIME_MAX_DIGITS = 12 }; /* RFC 6376 3.5: values up to 12 digits need not be taken further */

static const uint64_t length_max = UINT64_C(9999999999999999); /* l=: no body comes near it */

struct str arc_field_name(enum arc_kind kind)
{
    static const struct str names[] = {
        [ARC_AAR] = STR_INIT("ARC-Authentication-Results"),
        [ARC_AMS] = STR_INIT("ARC-Message-Signature"),
        [ARC_SEAL] = STR_INIT("ARC-Seal"),
    };
    return names[kind];
}

bool arc_must_not_sign(struct str name)
{
    return str_ieq(name, STR("ARC-Seal"));
}

/* position = 1*2DIGIT, 1..50. "01" would be a second spelling of the same instance: refused. */
static bool position(struct str digits, unsigned *instance)
{
    uint64_t i;
    if (!str_to_u64(digits, ARC_MAX_INSTANCES, &i) || digits.p[0] == '0')
        return false;
    *instance = (unsigned)i;
    return true;
}

/* arc-info = [CFWS] "i" [CFWS] "=" [CFWS] position [CFWS] ";" authres-payload */
static bool aar_read(struct arc_field *f, const char **why)
{
    struct str v = f->h->value;
    size_t at = 0, digits;
    *why = "no i= in front";
    if (!authres_skip_cfws(v, &at, why) || at >= v.n || to_lower(v.p[at]) != 'i')
        return false;
    at++;
    if (!authres_skip_cfws(v, &at, why) || at >= v.n || v.p[at] != '=')
        return false;
    at++;
    if (!authres_skip_cfws(v, &at, why))
        return false;
    for (digits = at; at < v.n && is_digit(v.p[at]);)
        at++;
    struct str number = str_slice(v, digits, at);
    if (!authres_skip_cfws(v, &at, why) || at >= v.n || v.p[at] != ';')
        return false;
    *why = "i= is not a number from 1 to 50";
    f->payload = str_slice(v, at + 1, v.n);
    return position(number, &f->instance);
}

bool arc_field_read(struct arena *arena, enum arc_kind kind, const struct header *h,
                    struct arc_field *out, const char **why)
{
    *out = (struct arc_field){.h = h};
    if (kind == ARC_AAR)
        return aar_read(out, why);
    enum tag_list_status st = tag_list_parse(arena, h->value, &out->tags);
    *why = tag_list_status_text(st);
    const struct tag *i = tag_find(&out->tags, STR("i"));
    if (i == NULL || !position(i->value, &out->instance)) {
        if (st == TAG_LIST_OK)
            *why = i == NULL ? "no i=" : "i= is not a number from 1 to 50";
        return false;
    }
    return st == TAG_LIST_OK;
}

/* ---- tags that AMS and AS share ---- */

static struct str tag_value(const struct arc_field *f, struct str name)
{
    const struct tag *t = tag_find(&f->tags, name);
    return t == NULL ? STR_NONE : t->value;
}

/* RFC 8617 names rsa-sha256 through RFC 6376; RFC 8463 adds ed25519-sha256 to that registry. */
static bool algorithm(struct str a, enum key_type *type)
{
    *type = str_ieq(a, STR("ed25519-sha256")) ? KEY_ED25519 : KEY_RSA;
    return *type == KEY_ED25519 || str_ieq(a, STR("rsa-sha256"));
}

/* Seconds since 1970 of t= or x=; -1 when the tag is absent. */
static bool time_value(const struct arc_field *f, struct str name, int64_t *out)
{
    uint64_t v;
    struct str text = tag_value(f, name);
    *out = -1;
    if (text.p == NULL)
        return true;
    if (text.n > TIME_MAX_DIGITS || !str_to_u64(text, INT64_MAX, &v))
        return false;
    *out = (int64_t)v;
    return true;
}

static bool common_tags(const struct auth_ctx *ctx, struct arc_field *f, const char **why)
{
    int64_t signed_at;
    f->b = tag_find(&f->tags, STR("b"));
    *why = "a= is missing or unknown";
    if (!algorithm(tag_value(f, STR("a")), &f->type))
        return false;
    *why = "d= is missing or no domain name";
    if (!dkim_domain(ctx->arena, tag_value(f, STR("d")), 2, &f->domain))
        return false;
    *why = "s= is missing or no selector";
    if (!dkim_domain(ctx->arena, tag_value(f, STR("s")), 1, &f->selector))
        return false;
    *why = "b= is missing or not base64";
    if (f->b == NULL || !base64_decode(ctx->arena, f->b->value, BASE64_IGNORE_FWS, &f->signature) ||
        f->signature.n == 0)
        return false;
    *why = "t= is not a number";
    return time_value(f, STR("t"), &signed_at);
}

/* ---- what only an AMS has ---- */

static bool header_list(struct arc_field *f, const char **why)
{
    struct str rest = tag_value(f, STR("h")), name;
    bool from = false;
    size_t n = 0;
    f->header_names = rest;
    while (colon_list_next(&rest, &name)) {
        *why = "h= lists too many names";
        if (++n > DKIM_MAX_HEADER_NAMES)
            return false;
        *why = "h= names ARC-Seal"; /* RFC 8617 4.1.2: MUST NOT */
        if (arc_must_not_sign(name))
            return false;
        from = from || str_ieq(name, STR("From"));
    }
    *why = "h= does not name From"; /* RFC 6376 5.4 */
    return from;
}

static bool body_tags(const struct auth_ctx *ctx, struct arc_field *f, const char **why)
{
    struct str c = tag_value(f, STR("c")), l = tag_value(f, STR("l"));
    f->header_canon = f->body_canon = CANON_SIMPLE;
    f->length = UINT64_MAX;
    *why = "c= is unknown";
    if (c.p != NULL && !canon_parse(c, &f->header_canon, &f->body_canon))
        return false;
    *why = "bh= is missing or no SHA-256 hash";
    if (!base64_decode(ctx->arena, tag_value(f, STR("bh")), BASE64_IGNORE_FWS, &f->body_hash) ||
        f->body_hash.n != digest_bytes(DIGEST_SHA256))
        return false;
    *why = "l= is not a number";
    return l.p == NULL || str_to_u64(l, length_max, &f->length);
}

static bool still_valid(const struct auth_ctx *ctx, const struct arc_field *f, const char **why)
{
    int64_t signed_at, expires;
    *why = "x= is not a number";
    if (!time_value(f, STR("t"), &signed_at) || !time_value(f, STR("x"), &expires))
        return false;
    *why = "x= is not later than t=";
    if (expires >= 0 && signed_at >= 0 && expires <= signed_at)
        return false;
    *why = "expired";
    return expires < 0 || expires + (int64_t)ctx->config->clock_skew_s >= ctx->now_s;
}

bool arc_signature_read(const struct auth_ctx *ctx, enum arc_kind kind, struct arc_field *f,
                        const char **why)
{
    if (!common_tags(ctx, f, why))
        return false;
    if (kind == ARC_AMS)
        return header_list(f, why) && body_tags(ctx, f, why) && still_valid(ctx, f, why);
    *why = "h= stands in a seal"; /* RFC 8617 4.1.3: MUST fail */
    return tag_find(&f->tags, STR("h")) == NULL;
}
