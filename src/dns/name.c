/* Domain names as octets between dots: lower case, the limits of RFC 1035 2.3.4, reverse names. */
#include "dns/dns_internal.h"

static const char *label_fault(size_t label)
{
    if (label == 0)
        return "the name has an empty label";
    return label > DNS_LABEL_MAX ? "the name has a label longer than 63 octets" : NULL;
}

const char *dns_name_lower(struct str in, char out[DNS_NAME_MAX], struct str *name)
{
    size_t n = in.n > 0 && in.p[in.n - 1] == '.' ? in.n - 1 : in.n;
    size_t kept = n < DNS_NAME_MAX ? n : DNS_NAME_MAX, label = 0;
    const char *why = NULL;
    for (size_t i = 0; i < kept; i++) {
        out[i] = to_lower(in.p[i]);
        if (out[i] != '.') {
            label++;
            continue;
        }
        why = why == NULL ? label_fault(label) : why;
        label = 0;
    }
    *name = str_make(out, kept);
    if (n > DNS_NAME_OCTETS_MAX)
        return "the name is longer than 253 octets";
    if (n == 0)
        return "the name is empty";
    return why == NULL ? label_fault(label) : why;
}

bool dns_name_normal(struct arena *a, struct str in, struct str *out)
{
    char lower[DNS_NAME_MAX];
    struct str name;
    if (dns_name_lower(in, lower, &name) != NULL)
        return false;
    struct str copy = arena_copy(a, name);
    if (copy.p == NULL)
        return false;
    *out = copy;
    return true;
}

static bool is_plain(char c)
{
    return is_alnum(c) || c == '-' || c == '_' || c == '.' || c == '*' || c == '/' || c == '+' ||
           c == '=' || c == '~';
}

size_t dns_name_text(struct str name, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < name.n; i++) {
        unsigned c = (unsigned char)name.p[i];
        if (size < 6 || n > size - 6) /* four of this octet, the final dot, the NUL */
            return 0;
        if (is_plain(name.p[i])) {
            out[n++] = name.p[i];
            continue;
        }
        out[n++] = '\\';
        out[n++] = (char)('0' + c / 100);
        out[n++] = (char)('0' + c / 10 % 10);
        out[n++] = (char)('0' + c % 10);
    }
    if (size < 2)
        return 0;
    out[n++] = '.';
    out[n] = '\0';
    return n;
}

struct str dns_reverse_name(struct arena *a, const struct ip *ip)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *o = ip->octets;
    if (ip->family == IP_V4)
        return arena_fmt(a, "%u.%u.%u.%u.in-addr.arpa", o[3], o[2], o[1], o[0]);
    if (ip->family != IP_V6)
        return STR_NONE;
    char nibbles[64];
    for (size_t i = 0; i < 16; i++) { /* RFC 3596 2.5 */
        nibbles[4 * i] = hex[o[15 - i] & 15];
        nibbles[4 * i + 2] = hex[o[15 - i] >> 4];
        nibbles[4 * i + 1] = nibbles[4 * i + 3] = '.';
    }
    return arena_fmt(a, "%.64sip6.arpa", nibbles);
}
