/* DMARC records: one TXT string into a struct, and the record that a DNS answer holds. */
#include "auth/dmarc.h"

#include <stdlib.h>

#include "base/uri.h"

enum tag_id {
    TAG_V,
    TAG_P,
    TAG_SP,
    TAG_NP,
    TAG_ADKIM,
    TAG_ASPF,
    TAG_T,
    TAG_PSD,
    TAG_FO,
    TAG_RUA,
    TAG_RUF,
    TAG_UNKNOWN
};

/* RFC 9989 4.7. pct, rf and ri of RFC 7489 are gone: unknown tags, ignored. */
static const struct str tag_names[TAG_UNKNOWN] = {
    [TAG_V] = STR_INIT("v"),     [TAG_P] = STR_INIT("p"),         [TAG_SP] = STR_INIT("sp"),
    [TAG_NP] = STR_INIT("np"),   [TAG_ADKIM] = STR_INIT("adkim"), [TAG_ASPF] = STR_INIT("aspf"),
    [TAG_T] = STR_INIT("t"),     [TAG_PSD] = STR_INIT("psd"),     [TAG_FO] = STR_INIT("fo"),
    [TAG_RUA] = STR_INIT("rua"), [TAG_RUF] = STR_INIT("ruf")};

static enum tag_id tag_by_name(struct str name)
{
    for (int i = 0; i < TAG_UNKNOWN; i++) {
        if (str_eq(name, tag_names[i]))
            return (enum tag_id)i;
    }
    return TAG_UNKNOWN;
}

static bool policy_parse(struct str value, enum dmarc_policy *out)
{
    static const struct str words[] = {[DMARC_P_NONE] = STR_INIT("none"),
                                       [DMARC_P_QUARANTINE] = STR_INIT("quarantine"),
                                       [DMARC_P_REJECT] = STR_INIT("reject")};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_ieq(value, words[i])) {
            *out = (enum dmarc_policy)i;
            return true;
        }
    }
    return false;
}

/* The six values of the ABNF; anything else is the default. */
static struct str fo_parse(struct str value)
{
    static const struct str words[] = {STR_INIT("0"), STR_INIT("1"),   STR_INIT("d"),
                                       STR_INIT("s"), STR_INIT("d:s"), STR_INIT("s:d")};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_ieq(value, words[i]))
            return words[i];
    }
    return words[0];
}

/* "!10m": a size limit of RFC 7489, which must be ignored (RFC 9989 4.7). */
static struct str uri_without_size(struct str uri)
{
    size_t bang = str_rfind(uri, '!');
    struct str size = str_slice(uri, bang + 1, uri.n);
    if (bang == uri.n || size.n == 0)
        return uri;
    if (memchr("kmgt", to_lower(size.p[size.n - 1]), 4) != NULL)
        size.n--;
    for (size_t i = 0; i < size.n; i++) {
        if (!is_digit(size.p[i]))
            return uri;
    }
    return size.n == 0 ? uri : str_slice(uri, 0, bang);
}

/* A URI of RFC 3986 without "," and "!", which must be encoded here (RFC 9989 4.8); mailto with an
 * addr-spec (RFC 6068 2). */
static bool is_uri(struct str text)
{
    struct uri uri;
    if (str_has(text, ',') || str_has(text, '!') || !uri_parse(text, &uri) ||
        (uri.rest.n == 0 && uri.authority.n == 0))
        return false;
    if (!str_ieq(uri.scheme, STR("mailto")))
        return true;
    struct str rest = uri.rest, to = str_cut(&rest, '?');
    size_t at = str_find(to, '@');
    return at > 0 && at + 1 < to.n;
}

static size_t uris_parse(struct str value, struct str out[DMARC_MAX_URIS])
{
    size_t n = 0;
    while (value.p != NULL && n < DMARC_MAX_URIS) {
        struct str uri = uri_without_size(str_trim_wsp(str_cut(&value, ',')));
        if (is_uri(uri))
            out[n++] = uri;
    }
    return n;
}

/* "v" *WSP "=" *WSP %s"DMARC1", nothing before it: what makes a TXT a DMARC record. */
static bool version_take(struct str *rest)
{
    struct str value = str_cut(rest, ';');
    struct str name = str_cut(&value, '=');
    if (name.n == 0 || name.p[0] != 'v' || value.p == NULL)
        return false;
    return str_eq(str_trim_wsp(name), STR("v")) && str_eq(str_trim_wsp(value), STR("DMARC1"));
}

struct parse {
    struct dmarc_record *r;
    unsigned seen; /* bits of enum tag_id */
    bool policy_error;
};

static void tag_take(struct parse *s, enum tag_id id, struct str value)
{
    struct dmarc_record *r = s->r;
    switch (id) {
    case TAG_P:
        s->policy_error |= !policy_parse(value, &r->p);
        break;
    case TAG_SP:
        s->policy_error |= !policy_parse(value, &r->sp);
        break;
    case TAG_NP:
        s->policy_error |= !policy_parse(value, &r->np);
        break;
    case TAG_ADKIM:
        r->strict_dkim = str_ieq(value, STR("s"));
        break;
    case TAG_ASPF:
        r->strict_spf = str_ieq(value, STR("s"));
        break;
    case TAG_T:
        r->testing = str_ieq(value, STR("y"));
        break;
    case TAG_PSD:
        r->psd = str_ieq(value, STR("y"))   ? DMARC_PSD_Y
                 : str_ieq(value, STR("n")) ? DMARC_PSD_N
                                            : DMARC_PSD_U;
        break;
    case TAG_FO:
        r->fo = fo_parse(value);
        break;
    case TAG_RUA:
        r->n_rua = uris_parse(value, r->rua);
        break;
    case TAG_RUF:
        r->n_ruf = uris_parse(value, r->ruf);
        break;
    case TAG_V:
    case TAG_UNKNOWN:
        break;
    }
}

/* RFC 9989 4.10.1: a missing p=, or an invalid p=, sp= or np=, means p=none for a domain that
 * asks for reports, and no DMARC at all for one that does not. */
static void policy_settle(struct parse *s)
{
    struct dmarc_record *r = s->r;
    r->usable = !s->policy_error && r->p != DMARC_P_UNSET;
    if (r->usable)
        return;
    r->usable = r->forced_none = r->n_rua != 0;
    r->p = r->forced_none ? DMARC_P_NONE : DMARC_P_UNSET;
    r->sp = r->np = DMARC_P_UNSET;
}

bool dmarc_record_parse(struct str text, struct dmarc_record *out)
{
    struct str rest = text;
    if (!version_take(&rest))
        return false;
    struct dmarc_record r = {
        .p = DMARC_P_UNSET, .sp = DMARC_P_UNSET, .np = DMARC_P_UNSET, .fo = STR("0"), .text = text};
    struct parse s = {.r = &r, .seen = 1u << TAG_V};
    while (rest.p != NULL) {
        struct str value = str_cut(&rest, ';');
        struct str name = str_trim_wsp(str_cut(&value, '='));
        enum tag_id id = value.p == NULL ? TAG_UNKNOWN : tag_by_name(name);
        if (id == TAG_UNKNOWN)
            continue;
        if ((s.seen & 1u << id) != 0)
            return false;
        s.seen |= 1u << id;
        tag_take(&s, id, str_trim_wsp(value));
    }
    policy_settle(&s);
    *out = r;
    return true;
}

/* ---- the record of an answer, kept with it ---- */

struct kept {
    struct dns_derived derived;
    enum dmarc_presence presence;
    struct dmarc_record record; /* points into the answer */
};

static const char kept_kind;

static void kept_free(struct dns_derived *d)
{
    free((struct kept *)(void *)d);
}

static struct kept *kept_new(const struct dns_answer *txt)
{
    struct kept *k = calloc(1, sizeof *k);
    if (k == NULL)
        return NULL;
    k->derived.kind = &kept_kind;
    k->derived.free = kept_free;
    size_t n = 0;
    for (size_t i = 0; i < txt->n; i++) {
        struct str rest = txt->records[i].data;
        if (!version_take(&rest))
            continue;
        k->presence = n++ != 0                                               ? DMARC_SEVERAL
                      : dmarc_record_parse(txt->records[i].data, &k->record) ? DMARC_PRESENT
                                                                             : DMARC_MALFORMED;
    }
    return k;
}

int dmarc_record_of(const struct dns_answer *txt, enum dmarc_presence *presence,
                    const struct dmarc_record **record)
{
    *presence = DMARC_ABSENT;
    *record = NULL;
    if (txt->status != DNS_DATA || txt->n == 0)
        return MP_OK;
    struct dns_derived *d = dns_derived_get(txt, &kept_kind);
    if (d == NULL) {
        struct kept *fresh = kept_new(txt);
        if (fresh == NULL)
            return MP_E_NOMEM;
        d = dns_derived_put(txt, &fresh->derived);
    }
    const struct kept *k = (const struct kept *)(const void *)d;
    *presence = k->presence;
    *record = k->presence == DMARC_PRESENT ? &k->record : NULL;
    return MP_OK;
}
