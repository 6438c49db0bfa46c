/* Addresses, networks and ranges as lists write them. */
#include "intel/indicator_internal.h"

enum { V4_BITS = 32, V6_BITS = 128, MAPPED_BITS = 96, PORT_MAX = 65535 };

/* More than half of all IPv4 addresses, or of the eighth of IPv6 that is given out, is a mistake
 * or an attack: 0.0.0.0/0, 2000::/3. */
enum { V4_MIN_BITS = 1, V6_MIN_BITS = 4 };

static unsigned width(const struct ip *ip)
{
    return ip->family == IP_V6 ? V6_BITS : V4_BITS;
}

struct ip intel_ip_end(const struct ip *net, unsigned prefix_bits, bool last)
{
    struct ip out = *net;
    for (unsigned i = 0; i < width(net) / 8; i++) {
        unsigned keep = prefix_bits > 8 * i ? prefix_bits - 8 * i : 0;
        unsigned host = keep >= 8 ? 0 : 0xffu >> keep;
        out.octets[i] = (unsigned char)(last ? out.octets[i] | host : out.octets[i] & ~host);
    }
    return out;
}

static int refuse(struct mp_err *err, const char *why, struct str text)
{
    return mp_fail(err, MP_E_SYNTAX, 0, "%s: " STR_FMT, why, STR_ARG(str_slice(text, 0, 80)));
}

static int compare(const struct ip *a, const struct ip *b)
{
    return memcmp(a->octets, b->octets, width(a) / 8);
}

/* Are there more addresses from `first` to `last` than in a network of V4_MIN_BITS, V6_MIN_BITS? */
static bool is_too_wide(const struct ip *first, const struct ip *last)
{
    unsigned bits = first->family == IP_V6 ? V6_MIN_BITS : V4_MIN_BITS;
    struct ip most = *first;
    unsigned step = 1u << (8 - bits); /* of the first octet */
    unsigned top = most.octets[0] + step;
    if (top > UINT8_MAX)
        return false;
    most.octets[0] = (unsigned char)top; /* the first one that is too much */
    return compare(last, &most) >= 0;
}

static int take(struct ip first, struct ip last, struct str text, struct indicator *out,
                struct mp_err *err)
{
    if (first.family != last.family || compare(&first, &last) > 0)
        return refuse(err, "no range of addresses", text);
    if (is_too_wide(&first, &last))
        return refuse(err, "a range of more than half of all addresses", text);
    out->kind = INDICATOR_IP;
    out->first = first;
    out->last = last;
    return MP_OK;
}

static int read_network(struct str text, struct indicator *out, bool *is_one, struct mp_err *err)
{
    struct str bits_text = text, address = str_trim(str_cut(&bits_text, '/'));
    struct ip net, plain;
    uint64_t bits;
    bits_text = str_trim(bits_text);
    if (bits_text.p == NULL || !ip_parse_keep_mapped(address, &net) ||
        !str_to_u64(bits_text, 999, &bits))
        return MP_OK;
    *is_one = true;
    if (bits > width(&net))
        return refuse(err, "no length of a network", text);
    ip_parse(address, &plain);
    if (plain.family != net.family && bits >= MAPPED_BITS) {
        net = plain;
        bits -= MAPPED_BITS;
    }
    return take(intel_ip_end(&net, (unsigned)bits, false), intel_ip_end(&net, (unsigned)bits, true),
                text, out, err);
}

static int read_range(struct str text, struct indicator *out, bool *is_one, struct mp_err *err)
{
    struct str last_text = text, first_text = str_trim(str_cut(&last_text, '-'));
    struct ip first, last;
    if (last_text.p == NULL || !ip_parse(first_text, &first) ||
        !ip_parse(str_trim(last_text), &last))
        return MP_OK; /* "192.0.2.1-static.isp.example" is a name */
    *is_one = true;
    return take(first, last, text, out, err);
}

/* "192.0.2.1:8080", "[2001:db8::1]", "[2001:db8::1]:8080" without all but the address. */
static struct str without_port(struct str text)
{
    bool bracket = str_starts(text, STR("["));
    size_t end = str_find(text, bracket ? ']' : ':');
    struct str port = str_slice(text, end + 1, text.n), ip = str_slice(text, bracket, end);
    uint64_t n;
    if (end == text.n || (bracket && port.n == 0))
        return ip;
    if (bracket && !str_starts(port, STR(":")))
        return text;
    return str_to_u64(str_slice(port, bracket, port.n), PORT_MAX, &n) ? ip : text;
}

int intel_ip_read(struct str text, struct indicator *out, bool *is_one, struct mp_err *err)
{
    struct ip ip;
    *is_one = false;
    int st = read_network(text, out, is_one, err);
    if (st == MP_OK && !*is_one)
        st = read_range(text, out, is_one, err);
    if (st != MP_OK || *is_one)
        return st;
    if (!ip_parse(text, &ip) && !ip_parse(without_port(text), &ip))
        return MP_OK;
    *is_one = true;
    return take(ip, ip, text, out, err);
}
