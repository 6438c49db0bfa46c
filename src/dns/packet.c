/* A response of a stranger into an answer: every count, length and name is doubted. */
#include "dns/packet.h"

#include "dns/dns_internal.h"

enum {
    HEADER_OCTETS = 12,
    FLAG_QR = 0x8000,
    FLAG_AA = 0x0400,
    FLAG_TC = 0x0200,
    FLAG_RD = 0x0100,
    FLAG_RA = 0x0080,
    OPCODE = 0x7800,
    RCODE = 0x000f,
    RCODE_NXDOMAIN = 3,
    CLASS_IN = 1,
    TYPE_OPT = 41,
    EDNS_UDP_OCTETS = 1232, /* no fragments on any usual path */
    ARENA_BYTES = 4 * DNS_ANSWER_MAX_BYTES
};

enum section { ANSWER, AUTHORITY, ADDITIONAL, SECTIONS };

struct rr {
    struct str owner;
    bool owner_unfit;
    unsigned type, class;
    uint32_t ttl_s;
    size_t data_at, data_n;
};

struct alias {
    struct str owner, target;
    bool target_unfit;
    uint32_t ttl_s;
};

/* Everything learned from one response. `why` is set when it cannot be used. */
struct response {
    struct arena arena;
    struct str msg, asked, canonical;
    enum dns_type type;
    unsigned flags, counts[SECTIONS];
    size_t answer_at;
    struct alias aliases[DNS_MAX_CNAMES];
    size_t n_aliases, n_followed;
    struct dns_record *records;
    struct str *raw; /* RDATA of each record as sent, to find the same one twice */
    size_t n;
    bool has_soa, has_ns, dropped, no_memory;
    uint32_t ttl_s, denial_ttl_s;
    const char *why;
};

static bool broken(struct response *r, const char *why)
{
    r->why = why;
    return false;
}

/* Turn the decoder's word into ours; true when the record may be used. */
static bool usable(struct response *r, enum wire_result w, const char *why)
{
    if (w == WIRE_NOMEM) {
        r->no_memory = true;
        return broken(r, "no memory for the answer");
    }
    return w == WIRE_BROKEN ? broken(r, why) : w == WIRE_OK;
}

/* ---- header and question ---- */

static const char *rcode_text(unsigned rcode)
{
    static const char *const texts[] = {
        [1] = "the server answered FORMERR",  [2] = "the server answered SERVFAIL",
        [4] = "the server answered NOTIMP",   [5] = "the server answered REFUSED",
        [6] = "the server answered YXDOMAIN", [9] = "the server answered NOTAUTH",
        [16] = "the server answered BADVERS"};
    const char *text = rcode < ARRAY_LEN(texts) ? texts[rcode] : NULL;
    return text != NULL ? text : "the server answered with an unknown error";
}

static bool read_question(struct response *r)
{
    char text[DNS_NAME_MAX];
    struct str name;
    size_t at = HEADER_OCTETS;
    unsigned questions = wire_u16(r->msg, 4), rcode = r->flags & RCODE;
    if (questions == 0 && rcode != 0 && rcode != RCODE_NXDOMAIN)
        return true; /* a server that did not understand may leave it out */
    if (questions != 1)
        return broken(r, "the packet does not hold the one question");
    enum wire_result w = dns_wire_name(r->msg, &at, false, text, &name);
    if (w == WIRE_BROKEN || r->msg.n - at < 4)
        return broken(r, "the question is cut off");
    if (w != WIRE_OK || !str_eq(name, r->asked) || wire_u16(r->msg, at) != (unsigned)r->type ||
        wire_u16(r->msg, at + 2) != CLASS_IN)
        return broken(r, "the packet answers another question");
    r->answer_at = at + 4;
    return true;
}

static bool read_header(struct response *r, int id)
{
    if (r->msg.n < HEADER_OCTETS)
        return broken(r, "the packet is shorter than its header");
    if (r->msg.n > UINT16_MAX)
        return broken(r, "the packet is longer than 65535 octets");
    r->flags = wire_u16(r->msg, 2);
    for (int i = 0; i < SECTIONS; i++)
        r->counts[i] = wire_u16(r->msg, 6 + 2 * (size_t)i);
    if (id >= 0 && wire_u16(r->msg, 0) != (unsigned)id)
        return broken(r, "the packet has another id");
    if ((r->flags & FLAG_QR) == 0)
        return broken(r, "the packet is a query");
    return (r->flags & OPCODE) == 0 || broken(r, "the packet has another opcode");
}

/* After the question: a stranger's TC or RCODE must not count. */
static bool read_outcome(struct response *r, bool *truncated)
{
    unsigned rcode = r->flags & RCODE;
    if ((r->flags & FLAG_TC) != 0) {
        *truncated = true;
        return broken(r, "the packet is truncated");
    }
    return rcode == 0 || rcode == RCODE_NXDOMAIN || broken(r, rcode_text(rcode));
}

/* ---- sections ---- */

static bool read_rr(struct response *r, size_t *at, char text[DNS_NAME_MAX], struct rr *out)
{
    size_t pos = *at;
    enum wire_result w = dns_wire_name(r->msg, &pos, true, text, &out->owner);
    if (w == WIRE_BROKEN)
        return broken(r, "a name in the packet is broken");
    if (r->msg.n - pos < 10)
        return broken(r, "a record is cut off");
    out->owner_unfit = w != WIRE_OK;
    out->type = wire_u16(r->msg, pos);
    out->class = wire_u16(r->msg, pos + 2);
    out->ttl_s = wire_ttl(r->msg, pos + 4);
    out->data_n = wire_u16(r->msg, pos + 8);
    out->data_at = pos + 10;
    if (out->data_n > r->msg.n - out->data_at)
        return broken(r, "RDLENGTH is over the end of the packet");
    *at = out->data_at + out->data_n;
    return true;
}

static bool meet_alias(struct response *r, const struct rr *rr)
{
    char text[DNS_NAME_MAX];
    struct str target;
    size_t at = rr->data_at, end = rr->data_at + rr->data_n;
    enum wire_result w = dns_wire_name(str_slice(r->msg, 0, end), &at, true, text, &target);
    if (w == WIRE_BROKEN || at != end)
        return broken(r, "a CNAME is broken");
    if (rr->owner_unfit)
        return true;
    if (r->n_aliases == DNS_MAX_CNAMES)
        return broken(r, "more than 16 CNAMEs");
    struct alias *a = &r->aliases[r->n_aliases++];
    a->owner = arena_copy(&r->arena, rr->owner);
    a->target = arena_copy(&r->arena, target);
    a->target_unfit = w != WIRE_OK;
    a->ttl_s = rr->ttl_s;
    if (a->owner.p == NULL || a->target.p == NULL)
        return usable(r, WIRE_NOMEM, NULL);
    return true;
}

static bool meet_soa(struct response *r, const struct rr *rr)
{
    struct dns_record soa = {0};
    if (r->has_soa)
        return true;
    enum wire_result w =
        dns_record_decode(&r->arena, r->msg, rr->data_at, rr->data_n, true, DNS_SOA, &soa);
    if (w == WIRE_UNFIT)
        return true;
    if (!usable(r, w, "the SOA is broken"))
        return false;
    r->has_soa = true;
    r->denial_ttl_s = soa_negative_ttl(soa.data, rr->ttl_s);
    return true;
}

static bool meet_rr(struct response *r, enum section section, const struct rr *rr)
{
    if (section == ADDITIONAL && rr->type == TYPE_OPT) {
        unsigned high = (unsigned)(rr->ttl_s >> 24); /* RFC 6891 6.1.3 */
        return high == 0 || broken(r, rcode_text(high << 4 | (r->flags & RCODE)));
    }
    if (rr->class != CLASS_IN)
        return true;
    if (section == ANSWER && rr->type == DNS_CNAME && r->type != DNS_CNAME)
        return meet_alias(r, rr);
    if (section == AUTHORITY && rr->type == DNS_SOA)
        return meet_soa(r, rr);
    r->has_ns |= section == AUTHORITY && rr->type == DNS_NS;
    return true;
}

/* The whole packet must be what its counts say, also where we have no use for it. */
static bool read_sections(struct response *r)
{
    size_t at = r->answer_at;
    for (enum section s = ANSWER; s < SECTIONS; s++) {
        for (unsigned i = 0; i < r->counts[s]; i++) {
            char text[DNS_NAME_MAX];
            struct rr rr;
            if (!read_rr(r, &at, text, &rr) || !meet_rr(r, s, &rr))
                return false;
        }
    }
    return true;
}

/* ---- the chain and its end ---- */

static const struct alias *alias_of(const struct response *r, struct str name)
{
    for (size_t i = 0; i < r->n_aliases; i++)
        if (str_eq(r->aliases[i].owner, name))
            return &r->aliases[i];
    return NULL;
}

static bool follow(struct response *r)
{
    const struct alias *a;
    r->canonical = r->asked;
    while ((a = alias_of(r, r->canonical)) != NULL) {
        if (r->n_followed++ == r->n_aliases) /* more steps than aliases: one came twice */
            return broken(r, "CNAME loop");
        if (a->target_unfit || a->target.n == 0)
            return broken(r, "a CNAME leads to a name that cannot be asked");
        r->canonical = a->target;
        r->ttl_s = a->ttl_s < r->ttl_s ? a->ttl_s : r->ttl_s;
    }
    return true;
}

static bool same_record(const struct response *r, const struct dns_record *a, struct str raw)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct dns_record *b = &r->records[i];
        bool same_numbers =
            a->preference == b->preference && a->weight == b->weight && a->port == b->port;
        if (a->name.n != 0 ? same_numbers && str_eq(a->name, b->name) : str_eq(raw, r->raw[i]))
            return true;
    }
    return false;
}

static bool keep_record(struct response *r, const struct rr *rr)
{
    struct dns_record record = {.ttl_s = rr->ttl_s};
    struct str raw = str_slice(r->msg, rr->data_at, rr->data_at + rr->data_n);
    enum wire_result w =
        dns_record_decode(&r->arena, r->msg, rr->data_at, rr->data_n, true, r->type, &record);
    if (w == WIRE_UNFIT) {
        r->dropped = true;
        return true;
    }
    if (!usable(r, w, "the RDATA of a record does not fit its type"))
        return false;
    size_t most = r->type == DNS_CNAME ? 1 : DNS_MAX_RECORDS;
    if (r->n >= most || same_record(r, &record, raw)) /* RFC 2181 5: a set has no duplicates */
        return true;
    r->raw[r->n] = raw;
    r->records[r->n++] = record;
    r->ttl_s = rr->ttl_s < r->ttl_s ? rr->ttl_s : r->ttl_s;
    return true;
}

static bool gather(struct response *r)
{
    size_t at = r->answer_at;
    r->records = arena_new(&r->arena, struct dns_record, DNS_MAX_RECORDS);
    r->raw = arena_new(&r->arena, struct str, DNS_MAX_RECORDS);
    if (r->records == NULL || r->raw == NULL)
        return usable(r, WIRE_NOMEM, NULL);
    for (unsigned i = 0; i < r->counts[ANSWER]; i++) {
        char text[DNS_NAME_MAX];
        struct rr rr;
        if (!read_rr(r, &at, text, &rr))
            return false;
        bool wanted = rr.type == (unsigned)r->type && rr.class == CLASS_IN && !rr.owner_unfit &&
                      str_eq(rr.owner, r->canonical);
        if (wanted && !keep_record(r, &rr))
            return false;
    }
    return true;
}

/* RFC 2308 2.2: an empty answer denies when a SOA proves it, or when a resolver gives it. NS
 * without SOA is a referral; an authoritative server that stops inside a chain knows no more. */
static bool denies(struct response *r)
{
    bool resolver = (r->flags & FLAG_RA) != 0;
    bool authority = (r->flags & FLAG_AA) != 0 && r->n_followed == 0;
    if (r->has_soa || (!r->has_ns && (resolver || authority)))
        return true;
    return broken(r, r->has_ns ? "a referral instead of an answer" : "neither answer nor denial");
}

static bool read_response(struct response *r, int id, bool *truncated)
{
    if (!read_header(r, id) || !read_question(r) || !read_outcome(r, truncated) ||
        !read_sections(r) || !follow(r))
        return false;
    if ((r->flags & RCODE) == RCODE_NXDOMAIN)
        return true;
    return gather(r) && (r->n != 0 || r->dropped || denies(r));
}

static struct dns_answer *to_answer(const struct response *r, enum dnssec dnssec)
{
    static const struct str dropped = STR_INIT("records with a dot or NUL inside a label dropped");
    if (r->why != NULL)
        return dns_answer_failure(DNS_SERVFAIL, r->asked, r->type, DNSSEC_UNKNOWN, 0,
                                  str_from(r->why));
    bool nxdomain = (r->flags & RCODE) == RCODE_NXDOMAIN;
    uint32_t ttl_s = r->ttl_s;
    if (r->n == 0 && r->denial_ttl_s < ttl_s)
        ttl_s = r->denial_ttl_s; /* 0 without a SOA: RFC 2308 5, not to be kept */
    return dns_answer_new(nxdomain ? DNS_NXDOMAIN : DNS_DATA, r->asked, r->type, dnssec, ttl_s,
                          r->canonical, r->dropped ? dropped : STR_NONE, r->records, r->n);
}

struct dns_answer *dns_packet_parse(struct str packet, int id, struct str name, enum dns_type type,
                                    enum dnssec dnssec, bool *truncated)
{
    char lower[DNS_NAME_MAX];
    struct response r = {.msg = packet, .type = type, .ttl_s = DNS_TTL_MAX_S};
    const char *why = dns_name_lower(name, lower, &r.asked);
    *truncated = false;
    if (why != NULL)
        return dns_answer_unaskable(r.asked, type, why);
    arena_init(&r.arena, ARENA_BYTES);
    if (!read_response(&r, id, truncated) && r.why == NULL)
        r.why = "the packet is broken";
    struct dns_answer *a = r.no_memory ? NULL : to_answer(&r, dnssec);
    arena_clear(&r.arena);
    return a;
}

/* ---- queries ---- */

static size_t put_u16(unsigned char *out, size_t at, unsigned v)
{
    out[at] = (unsigned char)(v >> 8);
    out[at + 1] = (unsigned char)v;
    return at + 2;
}

size_t dns_packet_query(unsigned char *out, size_t size, uint16_t id, struct str name,
                        enum dns_type type)
{
    enum { AROUND_NAME = HEADER_OCTETS + 2 + 4 + 11 }; /* first length, root; question; OPT */
    char lower[DNS_NAME_MAX];
    struct str asked;
    if (dns_name_lower(name, lower, &asked) != NULL || size < AROUND_NAME + asked.n)
        return 0;
    memset(out, 0, AROUND_NAME + asked.n);
    put_u16(out, 0, id);
    put_u16(out, 2, FLAG_RD);
    put_u16(out, 4, 1);
    put_u16(out, 10, 1);
    size_t at = HEADER_OCTETS;
    while (asked.n != 0) {
        struct str label = str_cut(&asked, '.');
        out[at++] = (unsigned char)label.n;
        memcpy(out + at, label.p, label.n);
        at += label.n;
    }
    at = put_u16(out, at + 1, (unsigned)type);
    at = put_u16(out, at, CLASS_IN);
    at = put_u16(out, at + 1, TYPE_OPT); /* owner: the root */
    at = put_u16(out, at, EDNS_UDP_OCTETS);
    return at + 6; /* TTL, RDLENGTH: zero */
}
