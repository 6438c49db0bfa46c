/* DANE for SMTP: TLSA records (RFC 6698, 7671) judged as RFC 7672 says. */
#ifndef MP_TRANSPORT_DANE_H
#define MP_TRANSPORT_DANE_H

#include "crypto/tls_facts.h"
#include "dns/dns.h"

enum { DANE_MAX_RECORDS = 64 };

struct tlsa {
    unsigned usage, selector, matching;
    struct str data;
    bool usable;     /* usage 2 or 3, selector 0 or 1, matching 0..2, length right (7672 3.1.3) */
    const char *why; /* static: why not; "" */
    bool matches;    /* after dane_judge: this record is what (or would be what) verifies */
};

enum dane_verdict {
    DANE_NONE, /* no TLSA records, or they or the MX are not signed: DANE does not apply */
    DANE_VERIFIED,
    DANE_MISMATCH,    /* usable records, none matches: no delivery */
    DANE_NO_STARTTLS, /* records, but no TLS: no delivery (RFC 7672 2.2) */
    DANE_UNUSABLE,    /* only unusable records: TLS is required, unauthenticated (7672 2.1.1) */
    DANE_FAILED       /* the look-up failed or is bogus: the host must not be used (7672 2.1.2) */
};
const char *dane_verdict_name(enum dane_verdict v);

struct dane {
    enum dane_verdict verdict;
    struct str base; /* TLSA base domain: name of the records without the port labels */
    struct tlsa *records;
    size_t n;
    struct str reason; /* for people */
    bool by_ta;        /* verified through DANE-TA(2): names and dates were checked as well */
};

/* Where the records of a host are (RFC 7672 2.2.2, 2.2.3): asks addresses and TLSA, following a
 * secure CNAME of the host first, then the host's own name. `mx_secure`: the MX answer (or the
 * absence of one) was validated; without it DANE does not apply. Fills base, records, and a verdict
 * of NONE, FAILED, UNUSABLE, or MISMATCH (meaning: usable records, not judged yet).
 * MP_OK, MP_WAIT, MP_E_NOMEM, MP_E_LIMIT. */
int dane_find(struct dns_view *dns, struct arena *a, struct str host, uint16_t port, bool mx_secure,
              struct dane *out, struct mp_err *err);

/* Judge the records against what a server showed. `names`: reference identifiers for DANE-TA
 * (TLSA base domain, next-hop domain: RFC 7672 3.2.2). `facts` NULL: no TLS was offered. */
void dane_judge(struct dane *d, struct arena *a, const struct tls_facts *facts,
                const struct str *names, size_t n_names, int64_t now_s);

/* Read TLSA RDATA. False: shorter than three octets. */
bool tlsa_parse(struct str rdata, struct tlsa *out);

#endif
