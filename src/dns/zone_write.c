/* One answer as lines of a zone file that load back to the same answer. */
#include "dns/zone_internal.h"

static void add_name(struct buf *out, struct str name)
{
    char text[DNS_NAME_TEXT_MAX];
    buf_add(out, str_make(text, dns_name_text(name, text, sizeof text)));
}

static void add_string(struct buf *out, struct str s)
{
    buf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '"' || c == '\\')
            buf_addc(out, '\\');
        if (c >= ' ' && c <= '~')
            buf_addc(out, c);
        else
            buf_addf(out, "\\%03u", (unsigned)(unsigned char)c);
    }
    buf_addc(out, '"');
}

static void add_hex(struct buf *out, struct str s)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < s.n; i++) {
        buf_addc(out, hex[(unsigned char)s.p[i] >> 4]);
        buf_addc(out, hex[(unsigned char)s.p[i] & 15]);
    }
}

static void add_type(struct buf *out, enum dns_type type)
{
    enum dns_type known;
    const char *name = dns_type_name(type);
    if (dns_type_by_name(str_from(name), &known))
        buf_addz(out, name);
    else
        buf_addf(out, "TYPE%u", (unsigned)type);
}

static void add_owner(struct buf *out, struct str name, uint32_t ttl_s)
{
    add_name(out, name);
    buf_addf(out, " %u ", (unsigned)ttl_s);
}

void dns_zone_write_txt(struct buf *out, struct str data)
{
    do {
        struct str piece = str_slice(data, 0, 255);
        add_string(out, piece);
        data = str_slice(data, piece.n, data.n);
        if (data.n != 0)
            buf_addc(out, ' ');
    } while (data.n != 0);
}

/* Two records of the same text are two records (RFC 7208 4.5 counts them), which on the wire were
 * cut differently: `copies` empty strings keep them apart. */
static void add_txt(struct buf *out, struct str data, size_t copies)
{
    dns_zone_write_txt(out, data);
    while (copies-- > 0)
        buf_addz(out, " \"\"");
}

static void add_generic(struct buf *out, struct str rdata)
{
    buf_addf(out, "\\# %zu ", rdata.n);
    add_hex(out, rdata);
}

static bool caa_is_plain(struct str rdata)
{
    size_t tag = rdata.n < 2 ? 0 : (unsigned char)rdata.p[1];
    if (tag == 0 || tag > rdata.n - 2)
        return false;
    for (size_t i = 0; i < tag; i++)
        if (!is_alnum(rdata.p[2 + i]))
            return false;
    return true;
}

static void add_rdata(struct buf *out, const struct dns_answer *a, size_t i)
{
    const struct dns_record *r = &a->records[i];
    char ip[IP_TEXT_MAX];
    size_t copies = 0, tag;
    switch (a->type) {
    case DNS_A:
    case DNS_AAAA:
        buf_add(out, str_make(ip, ip_write(&r->ip, ip)));
        return;
    case DNS_MX:
        buf_addf(out, "%u ", r->preference);
        add_name(out, r->name);
        return;
    case DNS_SRV:
        buf_addf(out, "%u %u %u ", r->preference, r->weight, r->port);
        add_name(out, r->name);
        return;
    case DNS_NS:
    case DNS_CNAME:
    case DNS_PTR:
        add_name(out, r->name);
        return;
    case DNS_TXT:
    case DNS_SPF:
        for (size_t k = 0; k < i; k++)
            copies += str_eq(a->records[k].data, r->data);
        add_txt(out, r->data, copies);
        return;
    case DNS_TLSA:
        if (r->data.n < 4)
            break;
        buf_addf(out, "%u %u %u ", (unsigned char)r->data.p[0], (unsigned char)r->data.p[1],
                 (unsigned char)r->data.p[2]);
        add_hex(out, str_slice(r->data, 3, r->data.n));
        return;
    case DNS_CAA:
        if (!caa_is_plain(r->data))
            break;
        tag = (unsigned char)r->data.p[1];
        buf_addf(out, "%u " STR_FMT " ", (unsigned char)r->data.p[0],
                 STR_ARG(str_slice(r->data, 2, 2 + tag)));
        add_string(out, str_slice(r->data, 2 + tag, r->data.n));
        return;
    case DNS_SOA:
        break;
    }
    add_generic(out, r->data);
}

static void add_denial(struct buf *out, const struct dns_answer *a)
{
    bool denies = a->status == DNS_NXDOMAIN || a->status == DNS_NODATA;
    add_owner(out, denies ? a->canonical : a->name, a->ttl_s);
    buf_addf(out, "%s ", dns_status_name(a->status));
    add_type(out, a->type);
    if (a->why.n != 0) {
        buf_addc(out, ' ');
        add_string(out, a->why);
    }
    buf_addc(out, '\n');
}

void dns_zone_write(struct buf *out, const struct dns_answer *a)
{
    char lower[DNS_NAME_MAX];
    struct str name;
    if (dns_name_lower(a->name, lower, &name) != NULL)
        return; /* no file can say it, and no file needs to: the answer is known without asking */
    if (a->dnssec != DNSSEC_UNKNOWN)
        buf_addz(out, a->dnssec == DNSSEC_SECURE ? "$SECURE\n" : "$INSECURE\n");
    bool chained = a->status <= DNS_NXDOMAIN && !str_eq(a->name, a->canonical);
    if (chained) {
        add_owner(out, a->name, a->ttl_s);
        buf_addz(out, "ALIAS ");
        add_type(out, a->type);
        buf_addc(out, ' ');
        add_name(out, a->canonical);
        buf_addc(out, '\n');
    }
    for (size_t i = 0; i < a->n; i++) {
        add_owner(out, a->canonical, a->records[i].ttl_s);
        add_type(out, a->type);
        buf_addc(out, ' ');
        add_rdata(out, a, i);
        buf_addc(out, '\n');
    }
    if (a->status != DNS_DATA)
        add_denial(out, a);
    if (a->dnssec != DNSSEC_UNKNOWN)
        buf_addz(out, "$UNKNOWN\n");
}
