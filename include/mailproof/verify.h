/* Verifying: SPF (RFC 7208), DKIM (RFC 6376), ARC (RFC 8617), DMARC (RFC 9989) of one message. */
#ifndef MAILPROOF_VERIFY_H
#define MAILPROOF_VERIFY_H

#include <mailproof/finding.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mp_finding; /* finding.h: declared here too, since the headers include each other */

/* How to check, and where DNS answers come from. All strings are copied. NULL: the default. */
struct mp_options {
    size_t size;             /* sizeof(struct mp_options) */
    const char *resolver;    /* "HOST[:PORT]"; default: /etc/resolv.conf */
    const char *zone;        /* zone-file text (RFC 1035 5): then nothing is asked of the network */
    const char *authserv_id; /* our name in Authentication-Results (RFC 8601 2.5); default: that of
                                the policy, else "localhost" */
    const char *policy;      /* YAML policy text */
    const char *const *trusted_sealers; /* NULL-terminated list of ARC sealers to believe, beside
                                           those of the policy */
    unsigned timeout_ms;                /* for one message, DNS included; default 20000 */
};
#define MP_OPTIONS_INIT                                                                            \
    {                                                                                              \
        .size = sizeof(struct mp_options)                                                          \
    }

/* Who handed the message over. NULL members: not known; mail_from "" is the null sender. */
struct mp_envelope {
    size_t size; /* sizeof(struct mp_envelope) */
    const char *client_ip, *helo, *mail_from;
    int64_t time_s; /* Unix seconds to judge by; 0: now */
};
#define MP_ENVELOPE_INIT                                                                           \
    {                                                                                              \
        .size = sizeof(struct mp_envelope)                                                         \
    }

/* Holds the resolver with its cache; starts one thread unless `zone` is given.
 * Threads: any number may verify with one verifier at once. */
struct mp_verifier;
struct mp_result;

/* MP_CODE_OK with *out for the caller to free; error may be NULL. */
MP_API int mp_verifier_new(const struct mp_options *options, struct mp_verifier **out,
                           struct mp_error *error);
MP_API void mp_verifier_free(struct mp_verifier *v); /* accepts NULL; after all its results */

/* Verify one message. Borrows `message` only during the call; *out is the caller's to free and
 * must not outlive `v`. Blocks at most timeout_ms for DNS; what is not answered then is temperror.
 * Returns MP_CODE_OK for every message, however broken. */
MP_API int mp_verify(struct mp_verifier *v, const struct mp_envelope *envelope, const void *message,
                     size_t length, struct mp_result **out, struct mp_error *error);
MP_API void mp_result_free(struct mp_result *r); /* accepts NULL */

/* Result words of the RFCs; static text. */
MP_API const char *mp_result_spf(const struct mp_result *r);
MP_API const char *mp_result_dkim(const struct mp_result *r); /* pass if any signature passes */
MP_API const char *mp_result_arc(const struct mp_result *r);
MP_API const char *mp_result_dmarc(const struct mp_result *r);

/* "accept", "tag", "quarantine", "reject" or "tempfail"; static text. */
MP_API const char *mp_result_action(const struct mp_result *r);
/* 0 when something stayed undecided (DNS, a limit): never treat that as a pass. */
MP_API int mp_result_complete(const struct mp_result *r);

/* The rest belongs to the result. */
MP_API struct mp_text mp_result_author_domain(const struct mp_result *r);
MP_API struct mp_text mp_result_reason(const struct mp_result *r); /* of the DMARC result */
/* Field body of Authentication-Results, folded; put it on top after removing forged ones. */
MP_API struct mp_text mp_result_authentication_results(const struct mp_result *r);
/* The document mailproof/report/1. */
MP_API struct mp_text mp_result_json(struct mp_result *r);

MP_API size_t mp_result_findings(const struct mp_result *r);
/* False (0) when `i` is out of range. */
MP_API int mp_result_finding(const struct mp_result *r, size_t i, struct mp_finding *out);

#ifdef __cplusplus
}
#endif

#endif
