/* Facts that are not DNS, asked for like DNS names: a file over HTTPS, an MX host's SMTP and TLS.
 */
#ifndef MP_POSTURE_FACTS_H
#define MP_POSTURE_FACTS_H

#include "base/ip.h"
#include "crypto/tls_facts.h"

enum { FACTS_MAX = 200 };

struct https_fact {
    bool fetched;      /* status 200, whole, certificate good */
    const char *fault; /* https_fault_name, static; "" when fetched */
    bool certificate;  /* the fault is its certificate */
    bool temporary;    /* connection, time-out, 5xx: undecided rather than wrong */
    bool skipped;      /* we were told not to fetch */
    unsigned status;
    struct str body, content_type, reason;
    int64_t cert_not_after_s; /* 0: unknown */
};

struct smtp_fact {     /* the first address that answered; or the fault of the last one */
    bool answered;     /* a banner and an accepted EHLO came */
    const char *fault; /* smtp_fault_name, static; "" when answered */
    bool temporary;
    bool skipped; /* we were told not to connect */
    struct ip ip;
    struct str greeting_name; /* name in the EHLO reply */
    bool starttls;            /* offered */
    struct tls_facts tls;     /* established or not */
    struct str reason;
};

enum fact_kind { FACT_HTTPS, FACT_SMTP };
struct fact_question {
    enum fact_kind kind;
    struct str key; /* URL; host name in A-label form */
};

struct fact_view;
struct fact_view *fact_view_new(struct arena *a); /* NULL without memory */

/* MP_OK, MP_WAIT (noted), MP_E_LIMIT (FACTS_MAX), MP_E_NOMEM. */
int fact_https(struct fact_view *v, struct str url, const struct https_fact **out,
               struct mp_err *err);
int fact_smtp(struct fact_view *v, struct str host, const struct smtp_fact **out,
              struct mp_err *err);

/* For drivers. The fact is copied (texts borrowed, must live as long as the view). */
bool fact_missing(const struct fact_view *v, size_t *cursor, struct fact_question *out);
int fact_put_https(struct fact_view *v, struct str url, const struct https_fact *f);
int fact_put_smtp(struct fact_view *v, struct str host, const struct smtp_fact *f);

#endif
