/* Zone files: each entry of a master file, and ours ($SECURE, SERVFAIL, NODATA), into the zone. */
#include "dns/zone_internal.h"

struct reader {
    struct dns_zone *zone;
    struct zone_lexer lx;
    char origin_text[DNS_NAME_MAX], last_text[DNS_NAME_MAX];
    struct str origin, last; /* the origin is the root until $ORIGIN */
    bool has_last;
    uint32_t ttl_s;
    enum dnssec dnssec;
};

/* ---- directives ---- */

static int set_origin(struct reader *r, const struct zone_token *arg, struct mp_err *err)
{
    char text[DNS_NAME_MAX];
    struct str name;
    int st = zone_name_parse(*arg, r->origin, text, &name, err);
    if (st == MP_OK) {
        memcpy(r->origin_text, name.p, name.n);
        r->origin = str_make(r->origin_text, name.n);
    }
    return st;
}

static int set_ttl(struct reader *r, const struct zone_token *arg, struct mp_err *err)
{
    if (zone_ttl_parse(arg->raw, &r->ttl_s))
        return MP_OK;
    return mp_fail(err, MP_E_SYNTAX, 0, "$TTL wants a time, not \"" STR_FMT "\"",
                   STR_ARG(str_slice(arg->raw, 0, 40)));
}

static int set_secure(struct reader *r, const struct zone_token *arg, struct mp_err *err)
{
    (void)arg, (void)err;
    r->dnssec = DNSSEC_SECURE;
    return MP_OK;
}

static int set_insecure(struct reader *r, const struct zone_token *arg, struct mp_err *err)
{
    (void)arg, (void)err;
    r->dnssec = DNSSEC_INSECURE;
    return MP_OK;
}

static int set_unknown(struct reader *r, const struct zone_token *arg, struct mp_err *err)
{
    (void)arg, (void)err;
    r->dnssec = DNSSEC_UNKNOWN;
    return MP_OK;
}

static int refuse_include(struct reader *r, const struct zone_token *arg, struct mp_err *err)
{
    (void)r, (void)arg;
    return mp_fail(err, MP_E_SYNTAX, 0,
                   "$INCLUDE is refused: zone text never names other files; paste it here");
}

static const struct {
    struct str name;
    size_t args;
    int (*run)(struct reader *, const struct zone_token *, struct mp_err *);
} directives[] = {
    {STR_INIT("$ORIGIN"), 1, set_origin},   {STR_INIT("$TTL"), 1, set_ttl},
    {STR_INIT("$SECURE"), 0, set_secure},   {STR_INIT("$INSECURE"), 0, set_insecure},
    {STR_INIT("$UNKNOWN"), 0, set_unknown}, {STR_INIT("$INCLUDE"), 1, refuse_include},
};

static int run_directive(struct reader *r, struct mp_err *err)
{
    struct str word = r->lx.tokens[0].raw;
    for (size_t i = 0; i < ARRAY_LEN(directives); i++) {
        if (!str_ieq(word, directives[i].name))
            continue;
        if (r->lx.n - 1 < directives[i].args ||
            (r->lx.n - 1 > directives[i].args && directives[i].run != refuse_include))
            return mp_fail(err, MP_E_SYNTAX, 0, STR_FMT " wants %zu words", STR_ARG(word),
                           directives[i].args);
        return directives[i].run(r, r->lx.tokens + 1, err);
    }
    return mp_fail(err, MP_E_SYNTAX, 0, "unknown directive \"" STR_FMT "\"",
                   STR_ARG(str_slice(word, 0, 40)));
}

/* ---- records ---- */

/* Types that no check asks for: the name exists, the rest is not read. NSEC3 and RRSIG say nothing
 * of a name that is not said elsewhere. */
static const struct {
    struct str name;
    bool makes_name;
} unread[] = {
    {STR_INIT("AFSDB"), true},      {STR_INIT("APL"), true},        {STR_INIT("CDNSKEY"), true},
    {STR_INIT("CDS"), true},        {STR_INIT("CERT"), true},       {STR_INIT("CSYNC"), true},
    {STR_INIT("DHCID"), true},      {STR_INIT("DNSKEY"), true},     {STR_INIT("DS"), true},
    {STR_INIT("EUI48"), true},      {STR_INIT("EUI64"), true},      {STR_INIT("HINFO"), true},
    {STR_INIT("HIP"), true},        {STR_INIT("HTTPS"), true},      {STR_INIT("IPSECKEY"), true},
    {STR_INIT("KEY"), true},        {STR_INIT("KX"), true},         {STR_INIT("LOC"), true},
    {STR_INIT("NAPTR"), true},      {STR_INIT("NSEC"), true},       {STR_INIT("NSEC3"), false},
    {STR_INIT("NSEC3PARAM"), true}, {STR_INIT("OPENPGPKEY"), true}, {STR_INIT("RP"), true},
    {STR_INIT("RRSIG"), false},     {STR_INIT("SMIMEA"), true},     {STR_INIT("SSHFP"), true},
    {STR_INIT("SVCB"), true},       {STR_INIT("URI"), true},        {STR_INIT("ZONEMD"), true},
};

static bool failure_by_word(struct str word, enum dns_status *out)
{
    for (enum dns_status s = DNS_NODATA; s <= DNS_BOGUS; s++) {
        if (str_ieq(word, str_from(dns_status_name(s)))) {
            *out = s;
            return true;
        }
    }
    return false;
}

/* [TYPE] ["reason"] */
static int read_failure(struct reader *r, struct zone_owner owner, enum dns_status status,
                        size_t at, struct mp_err *err)
{
    struct zone_lexer *lx = &r->lx;
    struct buf why;
    int type = 0, st = MP_OK;
    if (at < lx->n && !lx->tokens[at].quoted) {
        if (!zone_type_parse(lx->tokens[at].raw, &type))
            return mp_fail(err, MP_E_SYNTAX, 0, "\"" STR_FMT "\" is not a record type",
                           STR_ARG(str_slice(lx->tokens[at].raw, 0, 40)));
        at++;
    }
    buf_init(&why, ZONE_RDATA_MAX);
    if (at < lx->n && lx->tokens[at].quoted)
        st = zone_unescape(lx->tokens[at++].raw, &why, err);
    if (st == MP_OK && (at < lx->n || why.failed))
        st = mp_fail(err, MP_E_SYNTAX, 0, "only a type and a quoted reason may follow %s",
                     dns_status_name(status));
    if (st == MP_OK)
        st = zone_add_failure(r->zone, owner, type, status, buf_str(&why), err);
    buf_clear(&why);
    return st;
}

/* TYPE TARGET */
static int read_alias(struct reader *r, struct zone_owner owner, size_t at, struct mp_err *err)
{
    char text[DNS_NAME_MAX];
    struct str target;
    int type;
    if (r->lx.n - at != 2 || !zone_type_parse(r->lx.tokens[at].raw, &type))
        return mp_fail(err, MP_E_SYNTAX, 0, "a type and a name must follow ALIAS");
    int st = zone_name_parse(r->lx.tokens[at + 1], r->origin, text, &target, err);
    if (st == MP_OK && target.n == 0)
        st = mp_fail(err, MP_E_SYNTAX, 0, "an ALIAS cannot lead to the root");
    return st == MP_OK ? zone_add_alias(r->zone, owner, type, target, err) : st;
}

static int read_data(struct reader *r, struct zone_owner owner, struct str type_word, size_t at,
                     struct mp_err *err)
{
    int type;
    for (size_t i = 0; i < ARRAY_LEN(unread); i++)
        if (str_ieq(type_word, unread[i].name))
            return unread[i].makes_name ? zone_add_existing(r->zone, owner, err) : MP_OK;
    if (!zone_type_parse(type_word, &type))
        return mp_fail(err, MP_E_SYNTAX, 0, "\"" STR_FMT "\" is not a record type%s",
                       STR_ARG(str_slice(type_word, 0, 40)),
                       str_ieq(type_word, STR("DNAME")) ? " that is followed here" : "");
    struct buf wire;
    buf_init(&wire, ZONE_RDATA_MAX);
    int st = zone_rdata_parse(type, r->lx.tokens + at, r->lx.n - at, r->origin, &wire, err);
    if (st == MP_OK)
        st = zone_add_wire(r->zone, owner, type, buf_str(&wire), err);
    buf_clear(&wire);
    return st;
}

/* TTL and class, each at most once and in either order; *at moves to the type. */
static int read_ttl_and_class(struct reader *r, uint32_t *ttl_s, size_t *at, struct mp_err *err)
{
    bool has_ttl = false, has_class = false;
    for (; *at < r->lx.n && !r->lx.tokens[*at].quoted; (*at)++) {
        struct str word = r->lx.tokens[*at].raw;
        if (!has_ttl && is_digit(word.p[0]) && zone_ttl_parse(word, ttl_s))
            has_ttl = true;
        else if (!has_class && str_ieq(word, STR("IN")))
            has_class = true;
        else if (str_ieq(word, STR("CH")) || str_ieq(word, STR("HS")) || str_ieq(word, STR("CS")))
            return mp_fail(err, MP_E_SYNTAX, 0, "class " STR_FMT ": only IN is known",
                           STR_ARG(word));
        else
            return MP_OK;
    }
    return mp_fail(err, MP_E_SYNTAX, 0, "the record has no type");
}

static int read_owner(struct reader *r, struct mp_err *err)
{
    char text[DNS_NAME_MAX];
    struct str name;
    if (r->lx.blank_start)
        return r->has_last ? MP_OK : mp_fail(err, MP_E_SYNTAX, 0, "the first record has no name");
    int st = zone_name_parse(r->lx.tokens[0], r->origin, text, &name, err);
    if (st != MP_OK)
        return st;
    memcpy(r->last_text, name.p, name.n);
    r->last = str_make(r->last_text, name.n);
    r->has_last = true;
    return MP_OK;
}

static int read_record(struct reader *r, struct mp_err *err)
{
    int st = read_owner(r, err);
    struct zone_owner owner = {r->last, r->ttl_s, r->dnssec};
    size_t at = r->lx.blank_start ? 0 : 1;
    if (st == MP_OK)
        st = read_ttl_and_class(r, &owner.ttl_s, &at, err);
    if (st != MP_OK)
        return st;
    enum dns_status status;
    struct str word = r->lx.tokens[at].raw;
    if (failure_by_word(word, &status))
        return read_failure(r, owner, status, at + 1, err);
    if (str_ieq(word, STR("ALIAS")))
        return read_alias(r, owner, at + 1, err);
    return read_data(r, owner, word, at + 1, err);
}

int dns_zone_load(struct dns_zone *z, struct str text, const char *file, struct mp_err *err)
{
    return dns_zone_load_at(z, text, STR_NONE, file, err);
}

int dns_zone_load_at(struct dns_zone *z, struct str text, struct str origin, const char *file,
                     struct mp_err *err)
{
    struct reader r = {.zone = z, .ttl_s = ZONE_DEFAULT_TTL_S, .dnssec = DNSSEC_UNKNOWN};
    struct mp_err why = {0};
    int st;
    r.origin = str_make(r.origin_text, origin.n < DNS_NAME_MAX ? origin.n : 0);
    if (r.origin.n > 0)
        memcpy(r.origin_text, origin.p, r.origin.n);
    zone_lexer_init(&r.lx, text);
    while ((st = zone_lexer_next(&r.lx, &why)) == MP_OK && r.lx.n != 0) {
        const struct zone_token *first = &r.lx.tokens[0];
        bool directive = !r.lx.blank_start && !first->quoted && first->raw.p[0] == '$';
        st = directive ? run_directive(&r, &why) : read_record(&r, &why);
        if (st != MP_OK)
            break;
    }
    if (st != MP_OK)
        mp_fail(err, st, r.lx.entry_line, "%s:%u: %s", file, r.lx.entry_line, why.text);
    zone_lexer_clear(&r.lx);
    return st;
}
