/* The host of a URL: names by IDNA, addresses in all the forms that browsers take (WHATWG 3.5). */
#include "base/hex.h"
#include "base/idna.h"
#include "base/utf8.h"
#include "url/url_internal.h"

enum { IPV4_PARTS = 4 };

/* "forbidden domain code points" but for "%" of opaque hosts */
static bool is_forbidden(char c, bool special)
{
    if ((unsigned char)c <= ' ' || c == 0x7f)
        return special || c == 0 || c == '\t' || c == '\n' || c == '\r' || c == ' ';
    return str_has(STR("#/:<>?@[\\]^|"), c) || (special && c == '%');
}

static bool has_forbidden(struct str host, bool special)
{
    for (size_t i = 0; i < host.n; i++)
        if (is_forbidden(host.p[i], special))
            return true;
    return false;
}

/* "0x7f", "0177", "127": false for anything else. `*plain`: as decimal, without a zero in front. */
static bool ipv4_number(struct str s, uint64_t *out, bool *plain)
{
    unsigned base = 10;
    *plain = s.n == 1 || (s.n != 0 && s.p[0] != '0');
    if (str_istarts(s, STR("0x"))) {
        base = 16;
        s = str_slice(s, 2, s.n);
    } else if (s.n >= 2 && s.p[0] == '0') {
        base = 8;
        s = str_slice(s, 1, s.n);
    } else if (s.n == 0) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < s.n; i++) {
        int digit = hex_value(s.p[i]);
        if (digit < 0 || (unsigned)digit >= base)
            return false;
        value = value > UINT32_MAX ? value : value * base + (unsigned)digit;
    }
    *out = value;
    return true;
}

/* Does browsers' parser of addresses decide over this host? (WHATWG "ends in a number") */
static bool ends_in_number(struct str host)
{
    size_t dot = str_rfind(host, '.');
    struct str last = str_slice(host, dot == host.n ? 0 : dot + 1, host.n);
    uint64_t number;
    bool plain, digits = last.n != 0;
    for (size_t i = 0; i < last.n; i++)
        digits = digits && is_digit(last.p[i]);
    return digits || (str_istarts(last, STR("0x")) && ipv4_number(last, &number, &plain));
}

/* One to four numbers; the last fills what is left. `*plain`: four decimal ones. */
static bool ipv4_parse(struct str host, uint32_t *out, bool *plain)
{
    uint64_t address = 0, number;
    unsigned n = 0;
    *plain = true;
    while (host.p != NULL) {
        bool is_plain;
        struct str part = str_cut(&host, '.');
        if (n == IPV4_PARTS || !ipv4_number(part, &number, &is_plain))
            return false;
        *plain &= is_plain;
        n++;
        if (host.p == NULL) {
            if (number >= (uint64_t)1 << (8 * (IPV4_PARTS + 1 - n)))
                return false;
            address += number;
        } else if (number > UINT8_MAX || n == IPV4_PARTS) {
            return false;
        } else {
            address += number << (8 * (IPV4_PARTS - n));
        }
    }
    *plain &= n == IPV4_PARTS;
    *out = (uint32_t)address;
    return true;
}

/* u->host from u->ip, as browsers write it. */
static int address_host(struct arena *arena, struct url *u, bool brackets, struct mp_err *err)
{
    char text[IP_TEXT_MAX];
    size_t n = ip_write(&u->ip, text);
    struct str parts[] = {STR("["), str_make(text, n), STR("]")};
    u->host = brackets ? arena_join(arena, parts, 3) : arena_copy(arena, parts[1]);
    return u->host.p == NULL ? url_no_memory(err) : MP_OK;
}

static bool is_prefixed(const struct ip *ip, const unsigned char *prefix)
{
    return memcmp(ip->octets, prefix, 12) == 0;
}

/* ::ffff:a.b.c.d (mapped), ::a.b.c.d (compatible, of old), 64:ff9b::a.b.c.d (NAT64) */
static bool holds_ipv4(const struct ip *ip)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff}, compatible[12] = {0},
                               nat64[12] = {0, 0x64, 0xff, 0x9b};
    bool low = ip->octets[12] == 0 && ip->octets[13] == 0;
    return is_prefixed(ip, mapped) || is_prefixed(ip, nat64) ||
           (is_prefixed(ip, compatible) && !low);
}

static int bad_host(struct arena *arena, struct str text, struct url *u, struct mp_err *err)
{
    u->flags |= URL_HOST_BAD;
    u->host = arena_lower(arena, text);
    return u->host.p == NULL ? url_no_memory(err) : MP_OK;
}

static int ipv6_host(struct arena *arena, struct str text, struct url *u, struct mp_err *err)
{
    struct ip ip;
    if (text.n < 2 || text.p[text.n - 1] != ']' ||
        !ip_parse_keep_mapped(str_slice(text, 1, text.n - 1), &ip) || ip.family != IP_V6)
        return bad_host(arena, text, u, err);
    u->ip = ip;
    int st = address_host(arena, u, true, err);
    if (st == MP_OK && holds_ipv4(&ip)) {
        u->flags |= URL_IP_MAPPED;
        u->ip = (struct ip){.family = IP_V4};
        memcpy(u->ip.octets, ip.octets + 12, 4);
    }
    return st;
}

static unsigned flags_of_text(struct str text)
{
    unsigned flags = URL_HOST_UNICODE;
    for (int32_t c; (c = utf8_next(&text)) != UTF8_END;)
        flags |= utf8_is_invisible(c) ? URL_INVISIBLE : 0;
    return flags;
}

/* A-labels of a name; ASCII is not checked for lengths and empty labels, browsers take it so. */
static int name_host(struct arena *arena, struct str text, struct url *u, struct mp_err *err)
{
    struct str ascii = text;
    if (!str_is_ascii(text)) {
        u->flags |= flags_of_text(text);
        if (!idna_to_ascii(arena, text, &ascii))
            return bad_host(arena, text, u, err);
    }
    if (ascii.n > 1 && ascii.p[ascii.n - 1] == '.' && ascii.p[ascii.n - 2] != '.')
        ascii = str_slice(ascii, 0, ascii.n - 1);
    if (ascii.n == 0 || has_forbidden(ascii, true))
        return bad_host(arena, ascii, u, err);
    if (ends_in_number(ascii)) {
        uint32_t number;
        bool plain;
        if (!ipv4_parse(ascii, &number, &plain))
            return bad_host(arena, ascii, u, err);
        bool written = plain && (u->flags & (URL_HOST_PERCENT | URL_HOST_UNICODE)) == 0;
        u->flags |= written ? 0 : URL_IP_ENCODED;
        u->ip = (struct ip){.family = IP_V4};
        for (unsigned i = 0; i < IPV4_PARTS; i++)
            u->ip.octets[i] = (unsigned char)(number >> (24 - 8 * i));
        return address_host(arena, u, false, err);
    }
    u->host = arena_lower(arena, ascii);
    return u->host.p == NULL ? url_no_memory(err) : MP_OK;
}

int url_host_read(struct arena *arena, struct str written, bool special, struct url *u,
                  struct mp_err *err)
{
    bool may_be_empty = !special || u->kind == URL_FILE;
    if (written.n == 0 && may_be_empty) {
        u->host = STR("");
        return MP_OK;
    }
    if (written.n != 0 && written.p[0] == '[')
        return ipv6_host(arena, written, u, err);
    if (!special) {
        u->flags |= has_forbidden(written, false) ? URL_HOST_BAD : 0;
        u->host = written;
        return MP_OK;
    }
    struct str text = url_unescape(arena, written);
    if (written.n != 0 && text.p == NULL)
        return url_no_memory(err);
    u->flags |= text.n != written.n ? URL_HOST_PERCENT : 0;
    return name_host(arena, text, u, err);
}
