/* Indicators: what a value is, its one normal form, and its text. */
#include "intel/indicator.h"

#include "base/hex.h"
#include "base/idna.h"
#include "base/psl.h"
#include "base/utf8.h"
#include "intel/indicator_internal.h"

/* ---- names ---- */

static const struct str kind_names[INDICATOR_KIND_COUNT] = {
    [INDICATOR_URL] = STR_INIT("url"),       [INDICATOR_HOST] = STR_INIT("host"),
    [INDICATOR_DOMAIN] = STR_INIT("domain"), [INDICATOR_IP] = STR_INIT("ip"),
    [INDICATOR_MD5] = STR_INIT("md5"),       [INDICATOR_SHA1] = STR_INIT("sha1"),
    [INDICATOR_SHA256] = STR_INIT("sha256"), [INDICATOR_EMAIL] = STR_INIT("email"),
};

const char *indicator_kind_name(enum indicator_kind k)
{
    return (unsigned)k < INDICATOR_KIND_COUNT ? kind_names[k].p : "?";
}

bool indicator_kind_by_name(struct str name, enum indicator_kind *out)
{
    for (size_t k = 0; k < INDICATOR_KIND_COUNT; k++)
        if (str_ieq(name, kind_names[k])) {
            *out = (enum indicator_kind)k;
            return true;
        }
    return false;
}

/* The first of each is its name. */
static const struct {
    struct str name;
    enum tlp tlp;
} tlp_names[] = {
    {STR_INIT("unknown"), TLP_UNKNOWN},
    {STR_INIT("clear"), TLP_CLEAR},
    {STR_INIT("white"), TLP_CLEAR},
    {STR_INIT("green"), TLP_GREEN},
    {STR_INIT("amber"), TLP_AMBER},
    {STR_INIT("amber+strict"), TLP_AMBER_STRICT},
    {STR_INIT("amber-strict"), TLP_AMBER_STRICT},
    {STR_INIT("red"), TLP_RED},
};

const char *tlp_name(enum tlp t)
{
    size_t i = 0;
    while (i < ARRAY_LEN(tlp_names) && tlp_names[i].tlp != t)
        i++;
    return i < ARRAY_LEN(tlp_names) ? tlp_names[i].name.p : "?";
}

bool tlp_by_name(struct str name, enum tlp *out)
{
    name = str_trim(name);
    if (str_istarts(name, STR("tlp:")))
        name = str_trim(str_slice(name, 4, name.n));
    for (size_t i = 0; i < ARRAY_LEN(tlp_names); i++)
        if (str_ieq(name, tlp_names[i].name)) {
            *out = tlp_names[i].tlp;
            return true;
        }
    return false;
}

/* ---- reading ---- */

static int refuse(struct mp_err *err, const char *why, struct str text)
{
    return mp_fail(err, MP_E_SYNTAX, 0, "%s: " STR_FMT, why, STR_ARG(str_slice(text, 0, 80)));
}

static int read_url(struct arena *arena, struct str text, struct indicator *out, struct mp_err *err)
{
    struct url u;
    int st = intel_web_read(arena, text, &u, err);
    if (st != MP_OK)
        return st;
    struct str key = intel_url_key(arena, &u);
    if (key.p == NULL)
        return intel_no_memory(err);
    if (key.n > INDICATOR_MAX_KEY_BYTES)
        return refuse(err, "a link that is too long", text);
    out->kind = INDICATOR_URL;
    out->key = key;
    return MP_OK;
}

/* "*.example.com" and ".example.com" mean the domain. */
static struct str without_star(struct str text)
{
    struct str rest = str_starts(text, STR("*")) ? str_slice(text, 1, text.n) : text;
    return str_starts(rest, STR(".")) ? str_slice(rest, 1, rest.n) : text;
}

/* A host by itself, or all there is of a link. MP_E_SYNTAX also when it is more. */
static int host_alone(struct arena *arena, struct str text, struct url *u, struct mp_err *err)
{
    int st = intel_web_read(arena, text, u, err);
    if (st != MP_OK)
        return st;
    bool page = u->path.n > 1 || u->query.n != 0 || u->fragment.n != 0;
    if (page || u->userinfo.p != NULL || (u->flags & URL_IP_ENCODED) != 0)
        return refuse(err, "not a name alone", text);
    return MP_OK;
}

/* HOST or DOMAIN; what is written as an address is IP. */
static int read_name(struct arena *arena, enum indicator_kind kind, struct str text,
                     struct indicator *out, struct mp_err *err)
{
    struct url u;
    bool is_ip;
    int st = intel_ip_read(text, out, &is_ip, err);
    if (st != MP_OK || is_ip)
        return st;
    struct str name = without_star(text);
    if (name.n < text.n)
        kind = INDICATOR_DOMAIN;
    st = host_alone(arena, name, &u, err);
    if (st != MP_OK)
        return st;
    if (u.ip.family != IP_NONE) {
        if (name.n < text.n)
            return refuse(err, "no domain name", text);
        out->kind = INDICATOR_IP;
        out->first = out->last = u.ip;
        return MP_OK;
    }
    if (kind == INDICATOR_DOMAIN && psl_registrable(arena, u.host).n == 0)
        return refuse(err, "a public suffix, below which anybody may be", text);
    out->kind = kind;
    out->key = u.host;
    return MP_OK;
}

static int read_ip(struct arena *arena, struct str text, struct indicator *out, struct mp_err *err)
{
    struct url u;
    bool is_ip;
    int st = intel_ip_read(text, out, &is_ip, err);
    if (st != MP_OK || is_ip)
        return st;
    st = host_alone(arena, text, &u, err);
    if (st != MP_OK || u.ip.family == IP_NONE)
        return st == MP_E_NOMEM ? st : refuse(err, "no address", text);
    out->kind = INDICATOR_IP;
    out->first = out->last = u.ip;
    return MP_OK;
}

/* "Joe <joe@example.com>", "mailto:joe@example.com?subject=x": the address. */
static struct str bare_address(struct str text)
{
    size_t open = str_rfind(text, '<');
    if (open < text.n && str_ends(text, STR(">")))
        text = str_trim(str_slice(text, open + 1, text.n - 1));
    if (!str_istarts(text, STR("mailto:")))
        return text;
    text = str_slice(text, STR("mailto:").n, text.n);
    return str_slice(text, 0, str_find(text, '?'));
}

static bool is_local_part(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f ||
            str_has(STR("\"(),:;<>@[\\]"), s.p[i]))
            return false;
    return s.n != 0 && utf8_valid(s);
}

static int read_email(struct arena *arena, struct str text, struct indicator *out,
                      struct mp_err *err)
{
    struct str domain = bare_address(text), local = str_cut(&domain, '@'), ascii;
    if (!is_local_part(local) || !idna_to_ascii(arena, domain, &ascii) || !intel_is_name(ascii))
        return refuse(err, "no address of mail", text);
    struct str parts[] = {arena_lower(arena, local), STR("@"), ascii};
    struct str key = arena_join(arena, parts, ARRAY_LEN(parts));
    if (key.p == NULL || parts[0].p == NULL)
        return intel_no_memory(err);
    if (key.n > INDICATOR_MAX_KEY_BYTES)
        return refuse(err, "an address of mail that is too long", text);
    out->kind = INDICATOR_EMAIL;
    out->key = key;
    return MP_OK;
}

/* The names that stand in front of hashes, and the hash of no bytes at all: a list that has it by
 * accident would find every empty file. */
static const struct hash_kind {
    enum indicator_kind kind;
    size_t octets;
    struct str prefixes[2];
    unsigned char empty[32];
} hash_kinds[] = {
    {INDICATOR_MD5,
     16,
     {STR_INIT("md5:"), STR_INIT("md5:")},
     {0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04, 0xe9, 0x80, 0x09, 0x98, 0xec, 0xf8, 0x42,
      0x7e}},
    {INDICATOR_SHA1, 20, {STR_INIT("sha1:"), STR_INIT("sha-1:")}, {0xda, 0x39, 0xa3, 0xee, 0x5e,
                                                                   0x6b, 0x4b, 0x0d, 0x32, 0x55,
                                                                   0xbf, 0xef, 0x95, 0x60, 0x18,
                                                                   0x90, 0xaf, 0xd8, 0x07, 0x09}},
    {INDICATOR_SHA256,
     32,
     {STR_INIT("sha256:"), STR_INIT("sha-256:")},
     {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
      0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
      0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55}},
};

static bool is_hex(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (hex_value(s.p[i]) < 0)
            return false;
    return s.n != 0;
}

static struct str without_prefix(const struct hash_kind *h, struct str text)
{
    for (size_t i = 0; i < ARRAY_LEN(h->prefixes); i++)
        if (str_istarts(text, h->prefixes[i]))
            return str_trim(str_slice(text, h->prefixes[i].n, text.n));
    return text;
}

/* The row whose form `text` has; NULL. */
static const struct hash_kind *hash_kind_of(struct str text)
{
    for (size_t i = 0; i < ARRAY_LEN(hash_kinds); i++) {
        struct str digits = without_prefix(&hash_kinds[i], text);
        if (digits.n == 2 * hash_kinds[i].octets && is_hex(digits))
            return &hash_kinds[i];
    }
    return NULL;
}

static int read_hash(enum indicator_kind kind, struct str text, struct indicator *out,
                     struct mp_err *err)
{
    const struct hash_kind *h = hash_kind_of(text);
    unsigned char hash[32] = {0};
    if (h == NULL || h->kind != kind)
        return mp_fail(err, MP_E_SYNTAX, 0, "no %s: " STR_FMT, indicator_kind_name(kind),
                       STR_ARG(str_slice(text, 0, 80)));
    hex_undo(without_prefix(h, text), (char *)hash);
    if (memcmp(hash, h->empty, h->octets) == 0)
        return refuse(err, "the hash of an empty file", text);
    out->kind = kind;
    memcpy(out->hash, hash, sizeof hash);
    return MP_OK;
}

/* What a value without a kind looks like. */
static enum indicator_kind looks_like(struct str text)
{
    struct indicator ignored = {0};
    const struct hash_kind *h = hash_kind_of(text);
    bool is_ip;
    if (h != NULL)
        return h->kind;
    (void)intel_ip_read(text, &ignored, &is_ip, NULL);
    if (is_ip)
        return INDICATOR_IP;
    if (str_search(text, STR("://")) < text.n)
        return INDICATOR_URL;
    if (str_istarts(text, STR("mailto:")) ||
        (str_has(text, '@') && !str_has(text, '/') && !str_has(text, '?')))
        return INDICATOR_EMAIL;
    return str_has(text, '/') || str_has(text, '?') ? INDICATOR_URL : INDICATOR_DOMAIN;
}

int indicator_read(struct arena *arena, enum indicator_kind kind, struct str text,
                   struct indicator *out, struct mp_err *err)
{
    if (text.n > URL_MAX_BYTES)
        return refuse(err, "too long", text);
    text = intel_refang(arena, text);
    if (text.p == NULL)
        return intel_no_memory(err);
    if (kind == INDICATOR_KIND_COUNT)
        kind = looks_like(text);
    switch (kind) {
    case INDICATOR_URL:
        return read_url(arena, text, out, err);
    case INDICATOR_HOST:
    case INDICATOR_DOMAIN:
        return read_name(arena, kind, text, out, err);
    case INDICATOR_IP:
        return read_ip(arena, text, out, err);
    case INDICATOR_EMAIL:
        return read_email(arena, text, out, err);
    case INDICATOR_MD5:
    case INDICATOR_SHA1:
    case INDICATOR_SHA256:
        return read_hash(kind, text, out, err);
    case INDICATOR_KIND_COUNT:
        break;
    }
    return mp_fail(err, MP_E_USAGE, 0, "no kind of indicator: %d", (int)kind);
}

/* ---- writing ---- */

/* The length of the prefix of the network that this range is, or -1. */
static int prefix_of(const struct ip *first, const struct ip *last)
{
    unsigned width = first->family == IP_V6 ? 128 : 32;
    for (unsigned bits = 0; bits <= width; bits++) {
        struct ip low = intel_ip_end(first, bits, false), high = intel_ip_end(first, bits, true);
        if (ip_eq(&low, first) && ip_eq(&high, last))
            return (int)bits;
    }
    return -1;
}

static struct str ip_text(struct arena *arena, const struct ip *first, const struct ip *last)
{
    char from[IP_TEXT_MAX], to[IP_TEXT_MAX];
    ip_write(first, from);
    ip_write(last, to);
    if (ip_eq(first, last))
        return arena_fmt(arena, "%s", from);
    int bits = prefix_of(first, last);
    return bits >= 0 ? arena_fmt(arena, "%s/%d", from, bits) : arena_fmt(arena, "%s-%s", from, to);
}

struct str indicator_text(struct arena *arena, const struct indicator *i)
{
    for (size_t h = 0; h < ARRAY_LEN(hash_kinds); h++)
        if (hash_kinds[h].kind == i->kind)
            return hex_encode(arena, str_make((const char *)i->hash, hash_kinds[h].octets));
    return i->kind == INDICATOR_IP ? ip_text(arena, &i->first, &i->last)
                                   : arena_copy(arena, i->key);
}
