/* TLS-RPT (RFC 8460): the TXT record at _smtp._tls. */
#ifndef MP_TRANSPORT_TLS_RPT_H
#define MP_TRANSPORT_TLS_RPT_H

#include "dns/dns.h"

enum { TLS_RPT_MAX_RUA = 20 };
enum tls_rpt_presence { TLS_RPT_ABSENT, TLS_RPT_PRESENT, TLS_RPT_SEVERAL, TLS_RPT_MALFORMED };

struct tls_rpt_record {
    struct str rua[TLS_RPT_MAX_RUA]; /* mailto: or https: (N50) */
    size_t n_rua;
    struct str text;
    const char *problem; /* static; "" */
};
bool tls_rpt_record_parse(struct str text, struct tls_rpt_record *out);
enum tls_rpt_presence tls_rpt_record_of(const struct dns_answer *txt, struct tls_rpt_record *out);

#endif
