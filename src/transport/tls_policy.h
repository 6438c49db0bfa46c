/* What a sender that knows DANE and MTA-STS would do with one MX host, and by which of both. */
#ifndef MP_TRANSPORT_TLS_POLICY_H
#define MP_TRANSPORT_TLS_POLICY_H

#include "transport/dane.h"
#include "transport/mta_sts.h"

enum tls_delivery {
    TLS_DELIVERY_AUTHENTICATED, /* delivers, and knows to whom */
    TLS_DELIVERY_ENCRYPTED,     /* delivers over TLS to whoever answers */
    TLS_DELIVERY_PLAIN,         /* delivers without TLS */
    TLS_DELIVERY_REFUSED        /* does not deliver to this host */
};
const char *tls_delivery_name(enum tls_delivery d); /* "authenticated", ... */

struct tls_decision {
    enum tls_delivery delivery;
    const char *by;        /* "dane", "mta-sts", "opportunistic": who decided */
    struct str reason;     /* one sentence */
    bool sts_would_refuse; /* what enforce would do, also in testing mode and beside DANE */
};

/* RFC 8461 2, 5: DANE, where it applies, binds, and MTA-STS cannot loosen it; nor does DANE excuse
 * a host that an enforced policy forbids. `policy` NULL:
 * none. `facts` NULL or not established: no TLS. `host`: the MX name; a certificate counts for
 * MTA-STS when the chain is good and a dNSName matches it (4.1). */
void tls_decide(struct arena *a, const struct dane *dane, const struct mta_sts_policy *policy,
                const struct tls_facts *facts, struct str host, struct tls_decision *out);

#endif
