/* The PROXY protocol's header: version 1 as a line, version 2 as octets. */
#include "smtp/command.h"

enum { V2_LOCAL = 0x20, V2_PROXY = 0x21, V2_UNSPEC = 0x00, V2_TCP4 = 0x11, V2_TCP6 = 0x21 };

static void write_v1(struct buf *out, const struct smtp_proxy *p)
{
    char source[IP_TEXT_MAX], target[IP_TEXT_MAX];
    if (p->local) {
        buf_addz(out, "PROXY UNKNOWN\r\n");
        return;
    }
    ip_write(&p->source, source);
    ip_write(&p->target, target);
    buf_addf(out, "PROXY TCP%c %s %s %u %u\r\n", p->source.family == IP_V4 ? '4' : '6', source,
             target, p->source_port, p->target_port);
}

static void add_u16(struct buf *out, unsigned v)
{
    buf_addc(out, (char)(v >> 8));
    buf_addc(out, (char)(v & 0xff));
}

static void write_v2(struct buf *out, const struct smtp_proxy *p)
{
    buf_add(out, STR("\r\n\r\n\0\r\nQUIT\n"));
    buf_addc(out, (char)(p->local ? V2_LOCAL : V2_PROXY));
    if (p->local) {
        buf_addc(out, V2_UNSPEC);
        add_u16(out, 0);
        return;
    }
    size_t octets = p->source.family == IP_V4 ? 4 : 16;
    buf_addc(out, (char)(octets == 4 ? V2_TCP4 : V2_TCP6));
    add_u16(out, (unsigned)(2 * octets + 4));
    buf_add(out, str_make((const char *)p->source.octets, octets));
    buf_add(out, str_make((const char *)p->target.octets, octets));
    add_u16(out, p->source_port);
    add_u16(out, p->target_port);
}

int smtp_write_proxy(struct buf *out, const struct smtp_proxy *p, struct mp_err *err)
{
    if (p->version < 0 || p->version > 2)
        return mp_fail(err, MP_E_USAGE, p->version, "the PROXY protocol has no version %d",
                       p->version);
    if (p->version != 0 && !p->local &&
        (p->source.family == IP_NONE || p->source.family != p->target.family))
        return mp_fail(err, MP_E_USAGE, 0,
                       "PROXY: source and destination must both be IPv4 or both IPv6 addresses");
    if (p->version == 1)
        write_v1(out, p);
    else if (p->version == 2)
        write_v2(out, p);
    return out->failed ? mp_fail(err, MP_E_NOMEM, 0, "no room is left for the PROXY header")
                       : MP_OK;
}
