/* The answers of a DNS list by its table of codes. Whatever is not in the table, or cannot come
 * from the list, makes the whole answer unbelievable.
 *
 * Checked against the operators' own pages: Spamhaus' table of zones (ZEN 2, 3, 4, 9, 10, 11, 30;
 * DBL 127.0.1.x; ZRD 127.0.2.2 to .24: first seen so many hours ago; 127.0.1.255: an address was
 * asked), SURBL (bits 8, 16, 64, 128 of the last octet; the octets between are to be ignored),
 * URIBL (bits 2, 4, 8; 127.0.0.1: refused, bit 1 has no other use), Team Cymru (127.0.0.2; TXT
 * "epoch percent"). */
#include "base/buf.h"
#include "intel/dns_list.h"

/* A zone that an operator named without a table: whatever it lists is listed. */
static const struct dns_code any_code = {.first = 0x7f000000,
                                         .last = 0x7fffffff,
                                         .kind = CODE_LISTED,
                                         .severity = SEV_MEDIUM,
                                         .meaning = STR_INIT("listed")};

static const struct dns_code *codes_of(const struct dns_list *list, size_t *n)
{
    *n = list->n_codes == 0 ? 1 : list->n_codes < INTEL_MAX_CODES ? list->n_codes : INTEL_MAX_CODES;
    return list->n_codes == 0 ? &any_code : list->codes;
}

static uint32_t number_of(const struct ip *ip)
{
    const unsigned char *o = ip->octets;
    return (uint32_t)o[0] << 24 | (uint32_t)o[1] << 16 | (uint32_t)o[2] << 8 | o[3];
}

static bool matches(const struct dns_code *c, uint32_t address)
{
    if (c->bits != 0)
        return (address & 0xff & c->bits) != 0;
    for (unsigned shift = 0; shift < 32; shift += 8) {
        uint32_t octet = address >> shift & 0xff;
        if (octet < (c->first >> shift & 0xff) || octet > (c->last >> shift & 0xff))
            return false;
    }
    return true;
}

/* The codes of one address: an error of the list alone, else the first range, else all bits. */
static uint64_t codes_at(const struct dns_list *list, uint32_t address)
{
    size_t n;
    const struct dns_code *codes = codes_of(list, &n);
    uint64_t bits = 0, range = 0;
    for (size_t i = 0; i < n; i++) {
        if (!matches(&codes[i], address))
            continue;
        if (codes[i].kind == CODE_ERROR)
            return (uint64_t)1 << i;
        if (codes[i].bits != 0)
            bits |= (uint64_t)1 << i;
        else if (range == 0)
            range = (uint64_t)1 << i;
    }
    return range != 0 ? range : bits;
}

static bool is_error(const struct dns_list *list, uint64_t codes)
{
    for (size_t i = 0; i < list->n_codes && i < INTEL_MAX_CODES; i++)
        if ((codes >> i & 1) != 0 && list->codes[i].kind == CODE_ERROR)
            return true;
    return false;
}

/* In a list of bits the lowest one means "refused", unless its table says otherwise. */
static bool is_refused_bit(const struct dns_list *list, uint64_t codes, uint32_t address)
{
    bool has_bits = false;
    if ((address & 1) == 0)
        return false;
    for (size_t i = 0; i < list->n_codes && i < INTEL_MAX_CODES; i++) {
        const struct dns_code *c = &list->codes[i];
        if ((codes >> i & 1) != 0 && (c->bits == 0 || (c->bits & 1) != 0))
            return false;
        has_bits |= c->bits != 0;
    }
    return has_bits;
}

enum { ASKED_DOMAINS_FOR_AN_ADDRESS = 0x7f0001ff }; /* 127.0.1.255: DBL and lists like it */

static enum dns_list_fault fault_of(const struct dns_list *list, enum dns_list_asks as,
                                    const struct ip *ip, uint64_t *codes)
{
    enum listing_word word = listing_of_ip(ip);
    uint32_t address = number_of(ip);
    bool is_ours = ip->family == IP_V4 && ip->octets[0] == 127;
    *codes = is_ours ? codes_at(list, address) : 0;
    if (word == LISTING_REFUSED || is_error(list, *codes))
        return DNS_LIST_REFUSED;
    if (is_ours && is_refused_bit(list, *codes, address))
        return DNS_LIST_REFUSED;
    if (word == LISTING_NONSENSE)
        return DNS_LIST_OUTSIDE;
    if ((as & (DNS_LIST_IP | DNS_LIST_LINK_IP)) != 0 && address == ASKED_DOMAINS_FOR_AN_ADDRESS)
        return DNS_LIST_REFUSED;
    return *codes == 0 ? DNS_LIST_UNDECLARED : DNS_LIST_FINE;
}

void dns_list_read(const struct dns_list *list, enum dns_list_asks as, const struct dns_answer *a,
                   struct dns_list_answer *out)
{
    *out = (struct dns_list_answer){0};
    if (dns_answer_failed(a)) {
        out->fault = DNS_LIST_FAILED;
        return;
    }
    for (size_t i = 0; i < a->n; i++) {
        uint64_t codes;
        const struct ip *ip = &a->records[i].ip;
        enum dns_list_fault fault = fault_of(list, as, ip, &codes);
        bool is_lower = out->at.family == IP_NONE || memcmp(ip->octets, out->at.octets, 4) < 0;
        out->codes |= codes;
        if (fault > out->fault || (fault == out->fault && is_lower))
            out->at = *ip;
        out->fault = fault > out->fault ? fault : out->fault;
    }
    out->listed = a->n > 0 && out->fault == DNS_LIST_FINE;
    if (!out->listed)
        out->codes = 0;
}

/* ---- in words ---- */

static bool lowest_with(const struct dns_list *list, const struct dns_answer *a, size_t code,
                        struct ip *out)
{
    bool found = false;
    for (size_t i = 0; i < a->n; i++) {
        const struct ip *ip = &a->records[i].ip;
        if ((codes_at(list, number_of(ip)) >> code & 1) == 0)
            continue;
        if (!found || memcmp(ip->octets, out->octets, 4) < 0)
            *out = *ip;
        found = true;
    }
    return found;
}

struct str dns_list_codes_text(struct arena *arena, const struct dns_list *list,
                               const struct dns_answer *a, uint64_t codes, enum dns_code_kind kind,
                               enum severity *gravest)
{
    enum { SHOWN_BYTES = 1024 };
    struct buf text;
    struct ip ip, before = {0};
    size_t n;
    const struct dns_code *row = codes_of(list, &n);
    buf_init(&text, SHOWN_BYTES);
    *gravest = SEV_INFO;
    for (size_t i = 0; i < n; i++) {
        char address[IP_TEXT_MAX];
        if ((codes >> i & 1) == 0 || row[i].kind != kind || !lowest_with(list, a, i, &ip))
            continue;
        bool is_new = !ip_eq(&ip, &before);
        (void)ip_write(&ip, address);
        buf_addf(&text, "%s%s%s" STR_FMT, text.n > 0 ? ", " : "", is_new ? address : "",
                 is_new ? " " : "", STR_ARG(row[i].meaning));
        *gravest = row[i].severity > *gravest ? row[i].severity : *gravest;
        before = ip;
    }
    struct str out = arena_copy(arena, buf_str(&text));
    buf_clear(&text);
    return out;
}

/* The list's own word for an error, or what is known of 127.255.255.0/24. */
static struct str refusal_text(const struct dns_list *list, const struct ip *at)
{
    uint64_t codes = codes_at(list, number_of(at));
    for (size_t i = 0; i < list->n_codes && i < INTEL_MAX_CODES; i++)
        if ((codes >> i & 1) != 0 && list->codes[i].kind == CODE_ERROR &&
            list->codes[i].meaning.n > 0)
            return list->codes[i].meaning;
    const char *known = listing_refusal(at);
    if (known == NULL && number_of(at) == ASKED_DOMAINS_FOR_AN_ADDRESS)
        known = "a list of domains was asked for an address";
    return str_from(known == NULL ? "it refuses to answer us" : known);
}

struct str dns_list_fault_text(struct arena *arena, const struct dns_list *list,
                               enum dns_list_fault fault, const struct ip *at)
{
    char address[IP_TEXT_MAX];
    (void)ip_write(at, address);
    switch (fault) {
    case DNS_LIST_UNDECLARED:
        return arena_fmt(arena, "%s, which is none of its codes", address);
    case DNS_LIST_NOTHING:
        return STR("it does not list its own test entry");
    case DNS_LIST_EVERYTHING:
        return arena_fmt(arena, "%s for what it must not list, as if everything were listed",
                         address);
    case DNS_LIST_REFUSED:
        return arena_fmt(arena, "%s, " STR_FMT, address, STR_ARG(refusal_text(list, at)));
    case DNS_LIST_OUTSIDE:
        return arena_fmt(arena, "%s, no answer of a list: somebody in between makes answers up",
                         address);
    case DNS_LIST_FAILED:
        return STR("its test was not answered");
    case DNS_LIST_FINE:
        break;
    }
    return STR("");
}
