/* `audit`: the posture of one domain, with DNS, HTTPS files and MX hosts fetched in parallel. */
#ifndef MP_FLOW_AUDIT_H
#define MP_FLOW_AUDIT_H

#include "flow/flow_dns.h"
#include "io/tls.h"
#include "posture/posture.h"
#include "report/subject.h"

enum {
    AUDIT_DEADLINE_MS = 60000,
    AUDIT_FACT_DEADLINE_MS = 15000, /* one file, or one MX host */
    AUDIT_THREADS = 8,
    AUDIT_ARENA_BYTES = 256 << 20,
    AUDIT_FACT_ARENA_BYTES = 16 << 20,
    AUDIT_SAVED_MAX_BYTES = 64 << 20,
    AUDIT_SAVED_MAX_FINDINGS = 10000
};

struct audit_options { /* borrowed */
    const struct dns_source *dns;
    const struct dns_zone *zone; /* before publishing: names at or below the apex are answered from
                                  * here, all others by `dns`; NULL: none */
    struct str zone_apex;        /* A-label form */
    struct tls_client *tls;      /* NULL: MX hosts are not connected to */
    const char *ca_file;
    struct str helo;
    uint16_t https_port; /* 0: 443 */
    bool allow_private_https;
    struct posture_config posture;
    unsigned deadline_ms;
    int64_t now_s;
    void (*progress)(void *ctx, const char *text); /* may be NULL */
    void *progress_ctx;
};
void audit_options_init(struct audit_options *o);

/* A finding of an earlier audit, as its JSON says. */
struct saved_finding {
    struct str id, group, check, evidence;
};
struct saved_audit {
    struct str subject, started, grade;
    struct saved_finding *findings;
    size_t n;
};
/* The document of one audit (mailproof/audit/1); of an array, the one of `domain`.
 * MP_E_SYNTAX: "FILE: ..." */
int audit_saved_read(struct arena *a, struct str json, const char *file, struct str domain,
                     struct saved_audit *out, struct mp_err *err);

struct audit_fact; /* one file or host that is fetched */
struct audit {
    struct arena arena;
    struct str name; /* as asked for */
    struct dns_view *dns;
    struct fact_view *facts;
    struct posture_ctx ctx;
    struct posture posture;
    struct audit_fact *fetched;
    size_t n_fetched;
    const struct saved_audit *before; /* NULL: none was given */
    bool *known;                      /* by finding: the saved audit had it */
    struct saved_finding *gone;       /* that it had, and are no more */
    size_t n_gone;
    struct remedy *remedies;
    struct metric *metrics;
    size_t n_metrics;
    struct str headline;
    int64_t started_s, elapsed_us;
};

/* MP_OK whatever was found. `before` may be NULL. Release with audit_clear always. */
int audit_run(struct audit *a, struct str domain, const struct audit_options *o,
              const struct saved_audit *before, struct mp_err *err);
void audit_clear(struct audit *a);
void audit_subject(const struct audit *a, struct subject *out);

#endif
