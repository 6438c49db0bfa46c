/* Words of a zone file into octets: names, escapes, numbers, and the RDATA of each type. */
#include "base/hex.h"
#include "dns/zone_internal.h"

static int bad(struct mp_err *err, const char *what, struct str raw)
{
    return mp_fail(err, MP_E_SYNTAX, 0, "%s: \"" STR_FMT "\"", what,
                   STR_ARG(str_slice(raw, 0, 100)));
}

/* One octet, escaped or not, off the front. RFC 1035 5.1. */
static bool next_octet(struct str *raw, unsigned char *out, bool *escaped)
{
    char c = raw->p[0];
    *escaped = c == '\\';
    *out = (unsigned char)c;
    *raw = str_slice(*raw, 1, raw->n);
    if (!*escaped)
        return true;
    if (raw->n == 0)
        return false;
    if (!is_digit(raw->p[0])) {
        *out = (unsigned char)raw->p[0];
        *raw = str_slice(*raw, 1, raw->n);
        return true;
    }
    uint64_t v;
    if (raw->n < 3 || !str_to_u64(str_slice(*raw, 0, 3), 255, &v))
        return false;
    *out = (unsigned char)v;
    *raw = str_slice(*raw, 3, raw->n);
    return true;
}

int zone_unescape(struct str raw, struct buf *out, struct mp_err *err)
{
    struct str rest = raw;
    while (rest.n != 0) {
        unsigned char c;
        bool escaped;
        if (!next_octet(&rest, &c, &escaped))
            return bad(err, "broken escape", raw);
        buf_addc(out, (char)c);
    }
    return MP_OK;
}

/* The octets of a written name into text[0, *n); *final_dot: it is absolute. */
static int unescape_name(struct str raw, char text[DNS_NAME_MAX + 1], size_t *n, bool *final_dot,
                         struct mp_err *err)
{
    struct str rest = raw;
    *n = 0;
    *final_dot = false;
    while (rest.n != 0) {
        unsigned char c;
        bool escaped;
        if (!next_octet(&rest, &c, &escaped))
            return bad(err, "broken escape", raw);
        if (c == '\0' || (escaped && c == '.'))
            return bad(err, "a label with a dot or NUL inside is not supported", raw);
        if (*n == DNS_NAME_MAX)
            return bad(err, "the name is longer than 253 octets", raw);
        *final_dot = c == '.';
        text[(*n)++] = (char)c;
    }
    return MP_OK;
}

int zone_name_parse(struct zone_token t, struct str origin, char out[DNS_NAME_MAX],
                    struct str *name, struct mp_err *err)
{
    char text[DNS_NAME_MAX + 1];
    size_t n = 0;
    bool final_dot = false, at_sign = !t.quoted && str_eq(t.raw, STR("@"));
    *name = str_make(out, 0);
    if (str_eq(t.raw, STR(".")))
        return MP_OK;
    if (t.raw.n == 0)
        return bad(err, "empty name", t.raw);
    int st = at_sign ? MP_OK : unescape_name(t.raw, text, &n, &final_dot, err);
    if (st != MP_OK)
        return st;
    if (!final_dot && origin.n != 0) {
        if (n != 0)
            text[n++] = '.';
        if (n + origin.n > DNS_NAME_MAX)
            return bad(err, "the name is longer than 253 octets", t.raw);
        memcpy(text + n, origin.p, origin.n);
        n += origin.n;
    }
    const char *why = n == 0 ? NULL : dns_name_lower(str_make(text, n), out, name);
    return why == NULL ? MP_OK : bad(err, why, t.raw);
}

bool zone_ttl_parse(struct str s, uint32_t *out)
{
    static const struct {
        char unit;
        uint32_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    uint64_t total = 0, v = 0;
    bool digits = false;
    if (str_to_u64(s, INT32_MAX, &v)) {
        *out = (uint32_t)v;
        return true;
    }
    for (size_t i = 0; i < s.n; i++) {
        if (is_digit(s.p[i])) {
            v = (digits ? v * 10 : 0) + (uint64_t)(s.p[i] - '0');
            digits = true;
        } else {
            size_t u = 0;
            while (u < ARRAY_LEN(units) && units[u].unit != to_lower(s.p[i]))
                u++;
            if (!digits || u == ARRAY_LEN(units))
                return false;
            total += v * units[u].seconds;
            digits = false;
        }
        if (v > INT32_MAX || total > INT32_MAX)
            return false;
    }
    *out = (uint32_t)total;
    return s.n != 0 && !digits;
}

bool zone_type_parse(struct str s, int *out)
{
    enum dns_type type;
    uint64_t number;
    if (dns_type_by_name(s, &type)) {
        *out = (int)type;
        return true;
    }
    if (!str_istarts(s, STR("TYPE")) || !str_to_u64(str_slice(s, 4, s.n), 65535, &number) ||
        number == 0)
        return false;
    *out = (int)number;
    return true;
}

/* The words of one RDATA, taken from the left; the first failure stays. */
struct words {
    const struct zone_token *t;
    size_t n;
    struct str origin;
    struct buf *wire;
    struct mp_err *err;
    int status;
};

static struct zone_token take(struct words *w)
{
    if (w->n == 0) {
        if (w->status == MP_OK)
            w->status = mp_fail(w->err, MP_E_SYNTAX, 0, "the record ends too early");
        return (struct zone_token){STR_NONE, false};
    }
    w->n--;
    return *w->t++;
}

static void put_number(struct words *w, uint64_t v, unsigned octets)
{
    while (octets-- > 0)
        buf_addc(w->wire, (char)(v >> 8 * octets & 255));
}

static void put_uint(struct words *w, unsigned octets)
{
    struct zone_token t = take(w);
    uint64_t v = 0;
    if (w->status == MP_OK && !str_to_u64(t.raw, (UINT64_C(1) << 8 * octets) - 1, &v))
        w->status = bad(w->err, "not a number in range", t.raw);
    put_number(w, v, octets);
}

static void put_ttl(struct words *w)
{
    struct zone_token t = take(w);
    uint32_t v = 0;
    if (w->status == MP_OK && !zone_ttl_parse(t.raw, &v))
        w->status = bad(w->err, "not a time", t.raw);
    put_number(w, v, 4);
}

static void put_name(struct words *w)
{
    char text[DNS_NAME_MAX];
    struct str name = STR_NONE;
    struct zone_token t = take(w);
    if (w->status == MP_OK)
        w->status = zone_name_parse(t, w->origin, text, &name, w->err);
    while (w->status == MP_OK && name.n != 0) {
        struct str label = str_cut(&name, '.');
        buf_addc(w->wire, (char)label.n);
        buf_add(w->wire, label);
    }
    buf_addc(w->wire, 0);
}

/* The mailbox of a SOA may hold an escaped dot; nobody here reads it. */
static void put_mailbox(struct words *w)
{
    (void)take(w);
    buf_addc(w->wire, 0);
}

static void put_ip(struct words *w, enum ip_family family)
{
    struct zone_token t = take(w);
    struct ip ip;
    if (w->status != MP_OK)
        return;
    if (!ip_parse_keep_mapped(t.raw, &ip) || ip.family != family)
        w->status =
            bad(w->err, family == IP_V4 ? "not an IPv4 address" : "not an IPv6 address", t.raw);
    else
        buf_add(w->wire, str_make((const char *)ip.octets, family == IP_V4 ? 4 : 16));
}

static void put_string(struct words *w)
{
    struct zone_token t = take(w);
    size_t at = w->wire->n;
    if (w->status != MP_OK)
        return;
    buf_addc(w->wire, 0);
    w->status = zone_unescape(t.raw, w->wire, w->err);
    if (w->status != MP_OK || w->wire->failed)
        return;
    size_t len = w->wire->n - at - 1;
    if (len > 255)
        w->status = bad(w->err, "a string longer than 255 octets: cut it in several", t.raw);
    w->wire->p[at] = (char)len;
}

static void put_strings(struct words *w)
{
    do
        put_string(w);
    while (w->status == MP_OK && w->n != 0);
}

/* All words that are left, as one run of hexadecimal digits. */
static void put_hex(struct words *w)
{
    int high = -1;
    while (w->status == MP_OK && w->n != 0) {
        struct str raw = take(w).raw;
        for (size_t i = 0; i < raw.n; i++) {
            int v = hex_value(raw.p[i]);
            if (v < 0) {
                w->status = bad(w->err, "not hexadecimal", raw);
                return;
            }
            if (high >= 0)
                buf_addc(w->wire, (char)(high << 4 | v));
            high = high >= 0 ? -1 : v;
        }
    }
    if (w->status == MP_OK && high >= 0)
        w->status = mp_fail(w->err, MP_E_SYNTAX, 0, "an odd number of hexadecimal digits");
}

/* RFC 3597 5:  \# LENGTH HEX... */
static void put_generic(struct words *w)
{
    uint64_t want = 0;
    (void)take(w);
    struct zone_token length = take(w);
    if (w->status != MP_OK)
        return;
    if (!str_to_u64(length.raw, ZONE_RDATA_MAX, &want)) {
        w->status = bad(w->err, "not a length", length.raw);
        return;
    }
    put_hex(w);
    if (w->status == MP_OK && w->wire->n != want)
        w->status = bad(w->err, "the octets that follow are not as many", length.raw);
}

static void put_soa(struct words *w)
{
    put_name(w);
    put_mailbox(w);
    put_uint(w, 4);
    for (int i = 0; i < 4; i++)
        put_ttl(w);
}

static void put_tlsa(struct words *w)
{
    for (int i = 0; i < 3; i++)
        put_uint(w, 1);
    if (w->n == 0)
        (void)take(w);
    put_hex(w);
}

/* RFC 8659 4.1.1: flags, tag, value */
static void put_caa(struct words *w)
{
    put_uint(w, 1);
    put_string(w);
    struct zone_token value = take(w);
    if (w->status == MP_OK)
        w->status = zone_unescape(value.raw, w->wire, w->err);
}

static void put_rdata(struct words *w, int type)
{
    switch ((enum dns_type)type) {
    case DNS_A:
        put_ip(w, IP_V4);
        return;
    case DNS_AAAA:
        put_ip(w, IP_V6);
        return;
    case DNS_SRV:
        put_uint(w, 2);
        put_uint(w, 2);
        put_uint(w, 2);
        put_name(w);
        return;
    case DNS_MX:
        put_uint(w, 2);
        put_name(w);
        return;
    case DNS_NS:
    case DNS_CNAME:
    case DNS_PTR:
        put_name(w);
        return;
    case DNS_SOA:
        put_soa(w);
        return;
    case DNS_TXT:
    case DNS_SPF:
        put_strings(w);
        return;
    case DNS_TLSA:
        put_tlsa(w);
        return;
    case DNS_CAA:
        put_caa(w);
        return;
    }
    w->status = mp_fail(w->err, MP_E_SYNTAX, 0, "TYPE%d needs the \\# form", type);
}

int zone_rdata_parse(int type, const struct zone_token *t, size_t n, struct str origin,
                     struct buf *wire, struct mp_err *err)
{
    struct words w = {t, n, origin, wire, err, MP_OK};
    if (n != 0 && !t[0].quoted && str_eq(t[0].raw, STR("\\#")))
        put_generic(&w);
    else
        put_rdata(&w, type);
    if (w.status == MP_OK && w.n != 0)
        return bad(err, "one word too many", w.t[0].raw);
    if (w.status == MP_OK && wire->failed)
        return mp_fail(err, MP_E_LIMIT, ZONE_RDATA_MAX, "a record longer than a packet carries");
    return w.status;
}
