/* `audit`: the posture of one domain, with DNS, HTTPS files and MX hosts fetched in parallel. */
#ifndef MP_FLOW_AUDIT_H
#define MP_FLOW_AUDIT_H

#include "flow/flow_dns.h"
#include "io/tls.h"
#include "posture/posture.h"
#include "report/subject.h"

enum {
    AUDIT_DEADLINE_MS = 60000,
    AUDIT_FACT_DEADLINE_MS = 15000, /* one file, or one MX host with all its addresses */
    AUDIT_THREADS = 8,
    AUDIT_ARENA_BYTES = 256 << 20,
    AUDIT_FACT_ARENA_BYTES = 16 << 20,
    AUDIT_SAVED_MAX_BYTES = 64 << 20,
    AUDIT_SAVED_MAX_FINDINGS = 10000
};

struct audit_options { /* borrowed */
    const struct dns_source *dns;
    /* Before publishing: names at or below the apex are answered from here, all others by `dns`,
     * and so are those below a delegation (NS records) in the file; aliases are followed from one
     * to the other. NULL: none */
    const struct dns_zone *zone;
    struct str zone_apex;   /* A-label form */
    struct tls_client *tls; /* NULL: MX hosts are not connected to */
    const char *ca_file;
    struct str helo;
    uint16_t https_port;      /* 0: 443 */
    bool allow_private_https; /* MX hosts: posture.allow_private */
    struct posture_config posture;
    unsigned deadline_ms, fact_deadline_ms; /* of the whole; of one file or host */
    int64_t now_s;
    void (*progress)(void *ctx, const char *text); /* may be NULL */
    void *progress_ctx;
};
void audit_options_init(struct audit_options *o);

/* A finding of an earlier audit, as its JSON says. */
struct saved_finding {
    struct str id, group, check, evidence;
    enum severity severity;
    bool unchecked; /* of those that are gone: its check was not made, or is undecided, this time */
};
struct saved_audit {
    struct str subject, started, grade;
    struct saved_finding *findings;
    size_t n;
};
/* The document of one audit (mailproof/audit/1); of an array, the one of `domain` (any form). Texts
 * in the arena. MP_E_SYNTAX: "FILE: ...", also when it has no audit of the domain; MP_E_LIMIT
 * (AUDIT_SAVED_MAX_BYTES), MP_E_NOMEM. */
int audit_saved_read(struct arena *a, struct str json, const char *file, struct str domain,
                     struct saved_audit *out, struct mp_err *err);

struct audit_fact; /* one file or host that is fetched */
struct audit {
    struct arena arena;
    const struct audit_options *options;
    struct posture_config config;
    struct str name;        /* as asked for */
    struct dns_view *dns;   /* what the checks see */
    struct dns_view *below; /* what DNS says; the same without a zone file */
    int64_t deadline_us;
    struct fact_view *facts;
    struct posture_ctx ctx;
    struct posture posture;
    struct audit_fact *fetched;
    const struct saved_audit *before; /* NULL: none was given */
    bool *known;                      /* by finding: the saved audit had it */
    struct saved_finding *gone;       /* that it had, and are no more */
    size_t n_new, n_known, n_gone;
    struct remedy *remedies;
    struct metric *metrics;
    size_t n_metrics;
    struct str headline;
    int64_t started_s, elapsed_us;
};

/* MP_OK whatever was found; MP_E_USAGE (no domain name), MP_E_NOMEM, MP_E_LIMIT. `before` may be
 * NULL; it and the options must outlive the audit. Release with audit_clear always. The struct is
 * large: on the heap. Blocks, with threads of its own for files and hosts. */
int audit_run(struct audit *a, struct str domain, const struct audit_options *o,
              const struct saved_audit *before, struct mp_err *err);
void audit_clear(struct audit *a);
void audit_subject(const struct audit *a, struct subject *out);

#endif
