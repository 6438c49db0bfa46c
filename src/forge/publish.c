/* The DNS records that belong to forged messages. */
#include "base/base64.h"
#include "base/ip.h"
#include "dns/zone.h"
#include "forge/forge_internal.h"

enum { RECORD_MAX_BYTES = 16 * 1024 };

static void add_txt(struct buf *out, const char *prefix, struct str domain, struct str text)
{
    buf_addf(out, "%s%.*s. 3600 TXT ", prefix, STR_ARG(domain));
    dns_zone_write_txt(out, text);
    buf_addc(out, '\n');
}

static int add_key(struct buf *out, struct str domain, struct str selector,
                   const struct private_key *key, struct mp_err *err)
{
    struct buf octets, record;
    if (key == NULL)
        return MP_OK;
    buf_init(&octets, RECORD_MAX_BYTES);
    buf_init(&record, RECORD_MAX_BYTES);
    int st = private_key_public_octets(key, &octets, err);
    buf_addf(&record, "v=DKIM1; k=%s; p=", private_key_type(key) == KEY_RSA ? "rsa" : "ed25519");
    base64_encode(&record, buf_str(&octets));
    buf_addf(out, "%.*s._domainkey.", STR_ARG(selector));
    add_txt(out, "", domain, buf_str(&record));
    if (st == MP_OK && (octets.failed || record.failed))
        st = forge_no_memory(err);
    buf_clear(&record);
    buf_clear(&octets);
    return st;
}

static int add_domain(struct buf *out, struct str domain, struct str address, const char *policy,
                      struct mp_err *err)
{
    struct ip ip;
    struct buf text;
    if (!ip_parse(address, &ip))
        return mp_fail(err, MP_E_USAGE, 0, "%.*s: expected an IPv4 or IPv6 address",
                       STR_ARG(address));
    buf_init(&text, RECORD_MAX_BYTES);
    buf_addf(&text, "v=spf1 %s:%.*s -all", str_has(address, ':') ? "ip6" : "ip4", STR_ARG(address));
    add_txt(out, "", domain, buf_str(&text));
    add_txt(out, "mail.", domain, buf_str(&text));
    buf_reset(&text);
    buf_addf(&text, "v=DMARC1; p=%s", policy);
    add_txt(out, "_dmarc.", domain, buf_str(&text));
    bool failed = text.failed;
    buf_clear(&text);
    return failed ? forge_no_memory(err) : MP_OK;
}

int forge_zone(const struct forge_options *o, struct str victim_ip, struct str attacker_ip,
               struct buf *out, struct mp_err *err)
{
    struct str from = o->from.n > 0 ? o->from : STR(FORGE_DEFAULT_FROM);
    struct str domain = o->from.n == 0 && o->sign_domain.n > 0
                            ? o->sign_domain
                            : str_slice(from, str_rfind(from, '@') + 1, from.n);
    struct str attacker = o->attacker.n > 0 ? o->attacker : STR(FORGE_DEFAULT_ATTACKER);
    struct str signer = o->sign_domain.n > 0 ? o->sign_domain : domain;
    int st = add_domain(out, domain, victim_ip, "reject", err);
    if (st == MP_OK)
        st = add_domain(out, attacker, attacker_ip, "none", err);
    if (st == MP_OK)
        st = add_key(out, signer, o->selector, o->key, err);
    if (st == MP_OK)
        st = add_key(out, attacker, o->attacker_selector, o->attacker_key, err);
    return st == MP_OK && out->failed ? forge_no_memory(err) : st;
}
