/* Names and RDATA of the wire (RFC 1035 3, 4.1.4), the one decoder for packets and zone files. */
#include "dns/dns_internal.h"

static unsigned octet(struct str s, size_t at)
{
    return (unsigned char)s.p[at];
}

/* Append the label to out[0, *n), a dot before it unless it is the first; false: too long. */
static bool add_label(struct str label, char out[DNS_NAME_MAX], size_t *n, bool *unfit)
{
    if (*n + (*n != 0) + label.n > DNS_NAME_OCTETS_MAX)
        return false;
    if (*n != 0)
        out[(*n)++] = '.';
    for (size_t i = 0; i < label.n; i++) {
        *unfit |= label.p[i] == '.' || label.p[i] == '\0';
        out[(*n)++] = to_lower(label.p[i]);
    }
    return true;
}

enum wire_result dns_wire_name(struct str msg, size_t *at, bool pointers, char out[DNS_NAME_MAX],
                               struct str *name)
{
    size_t pos = *at, floor = pos, end = 0, n = 0;
    unsigned jumps = 0;
    bool unfit = false;
    for (;;) {
        if (pos >= msg.n)
            return WIRE_BROKEN;
        size_t len = octet(msg, pos);
        if (len >= 0xc0) {
            if (!pointers || pos + 1 >= msg.n || jumps++ == DNS_WIRE_MAX_JUMPS)
                return WIRE_BROKEN;
            end = end != 0 ? end : pos + 2;
            pos = wire_u16(msg, pos) & 0x3fff;
            if (pos >= floor) /* strictly towards the front */
                return WIRE_BROKEN;
            floor = pos;
            continue;
        }
        if (len > DNS_LABEL_MAX || len > msg.n - pos - 1)
            return WIRE_BROKEN;
        if (len == 0)
            break;
        if (!add_label(str_make(msg.p + pos + 1, len), out, &n, &unfit))
            return WIRE_BROKEN;
        pos += len + 1;
    }
    *at = end != 0 ? end : pos + 1;
    *name = str_make(out, n);
    return unfit ? WIRE_UNFIT : WIRE_OK;
}

static enum wire_result keep_bytes(struct arena *a, struct str s, struct str *out)
{
    *out = arena_copy(a, s);
    return out->p == NULL ? WIRE_NOMEM : WIRE_OK;
}

/* The one name that fills [at, end) exactly. */
static enum wire_result last_name(struct arena *a, struct str msg, size_t at, size_t end,
                                  bool pointers, struct str *out)
{
    char text[DNS_NAME_MAX];
    struct str name;
    enum wire_result r = dns_wire_name(str_slice(msg, 0, end), &at, pointers, text, &name);
    if (r == WIRE_BROKEN || at != end)
        return WIRE_BROKEN;
    return r == WIRE_OK ? keep_bytes(a, name, out) : r;
}

/* RFC 7208 3.3: the strings of one record are one text. */
static enum wire_result decode_txt(struct arena *a, struct str rdata, struct dns_record *out)
{
    char *joined = arena_new(a, char, rdata.n + 1);
    size_t n = 0;
    if (rdata.n == 0)
        return WIRE_BROKEN;
    if (joined == NULL)
        return WIRE_NOMEM;
    for (size_t at = 0; at < rdata.n;) {
        size_t len = octet(rdata, at++);
        if (len > rdata.n - at)
            return WIRE_BROKEN;
        memcpy(joined + n, rdata.p + at, len);
        n += len;
        at += len;
    }
    out->data = str_make(joined, n);
    return WIRE_OK;
}

static size_t put_name(char *out, struct str text)
{
    size_t n = 0;
    while (text.n != 0) {
        struct str label = str_cut(&text, '.');
        out[n++] = (char)label.n;
        memcpy(out + n, label.p, label.n);
        n += label.n;
    }
    out[n++] = 0;
    return n;
}

/* `data` is the RDATA with its names decompressed: SERIAL to MINIMUM are its last 20 octets. */
static enum wire_result decode_soa(struct arena *a, struct str msg, size_t at, size_t end,
                                   bool pointers, struct dns_record *out)
{
    enum { NUMBERS = 20 };
    char text[2][DNS_NAME_MAX], wire[2 * (DNS_NAME_MAX + 1) + NUMBERS];
    struct str name[2], rdata = str_slice(msg, 0, end);
    enum wire_result r[2];
    for (int i = 0; i < 2; i++) {
        r[i] = dns_wire_name(rdata, &at, pointers, text[i], &name[i]);
        if (r[i] == WIRE_BROKEN)
            return WIRE_BROKEN;
    }
    if (at > end || end - at != NUMBERS)
        return WIRE_BROKEN;
    if (r[0] != WIRE_OK)
        return r[0];
    size_t n = put_name(wire, name[0]);
    /* A mailbox with a dot in its first label ("john\.doe") is left out: nobody here reads it. */
    n += put_name(wire + n, r[1] == WIRE_OK ? name[1] : STR_NONE);
    memcpy(wire + n, msg.p + at, NUMBERS);
    r[0] = keep_bytes(a, name[0], &out->name);
    return r[0] == WIRE_OK ? keep_bytes(a, str_make(wire, n + NUMBERS), &out->data) : r[0];
}

enum wire_result dns_record_decode(struct arena *a, struct str msg, size_t at, size_t len,
                                   bool pointers, enum dns_type type, struct dns_record *out)
{
    size_t end = at + len;
    struct str rdata = str_slice(msg, at, end);
    switch (type) {
    case DNS_A:
    case DNS_AAAA:
        out->ip.family = type == DNS_A ? IP_V4 : IP_V6;
        if (len != (type == DNS_A ? 4 : 16))
            return WIRE_BROKEN;
        memcpy(out->ip.octets, rdata.p, len);
        return WIRE_OK;
    case DNS_MX:
        if (len < 3)
            return WIRE_BROKEN;
        out->preference = (uint16_t)wire_u16(rdata, 0);
        return last_name(a, msg, at + 2, end, pointers, &out->name);
    case DNS_SRV:
        if (len < 7)
            return WIRE_BROKEN;
        out->preference = (uint16_t)wire_u16(rdata, 0);
        out->weight = (uint16_t)wire_u16(rdata, 2);
        out->port = (uint16_t)wire_u16(rdata, 4);
        return last_name(a, msg, at + 6, end, pointers, &out->name);
    case DNS_NS:
    case DNS_CNAME:
    case DNS_PTR:
        return last_name(a, msg, at, end, pointers, &out->name);
    case DNS_SOA:
        return decode_soa(a, msg, at, end, pointers, out);
    case DNS_TXT:
    case DNS_SPF:
        return decode_txt(a, rdata, out);
    case DNS_TLSA: /* the reader of the record judges these */
    case DNS_CAA:
        break;
    }
    return keep_bytes(a, rdata, &out->data);
}
