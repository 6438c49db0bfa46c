/* `doctor`: this installation, and the peers that were named: what works, what is old, what lies.
 */
#ifndef MP_FLOW_DOCTOR_H
#define MP_FLOW_DOCTOR_H

#include "flow/intel_checks.h"
#include "io/clamd.h"
#include "report/subject.h"
#include "sandbox/sandbox.h"

enum {
    DOCTOR_DEADLINE_MS = 10000, /* of one peer */
    DOCTOR_OLD_DAYS = 3,        /* databases of clamd: a finding ... */
    DOCTOR_VERY_OLD_DAYS = 14,  /* ... that fails */
    DOCTOR_ARENA_BYTES = 64 << 20
};

/* Borrowed. What is not given is skipped: nothing is contacted but what is named here. */
struct doctor_options {
    const struct dns_source *dns;
    struct str resolver; /* as it was named */
    struct str ask;      /* a domain whose name servers are asked for; default "arpa" */
    struct clamd *clamd;
    struct sandbox *sandbox; /* its first worker is started */
    const char *const *yara; /* files and folders */
    size_t n_yara;
    const char *data_dir;
    const struct intel_checks *intel; /* NULL: not looked at; its `now_s` is ours */
    unsigned deadline_ms;
    int64_t now_s;
    void (*progress)(void *ctx, const char *text); /* may be NULL */
    void *progress_ctx;
};
void doctor_options_init(struct doctor_options *o);

struct doctor {
    struct arena arena;
    const struct doctor_options *options;
    struct finding_list findings;
    struct check_list checks;
    struct metric *metrics;
    size_t n_metrics;
    struct str headline;
    int64_t started_s, elapsed_us;
};

/* All checks. MP_OK, whatever they found; MP_E_NOMEM. doctor_clear in any case. */
int doctor_run(struct doctor *d, const struct doctor_options *o, struct mp_err *err);
/* Kind "doctor"; `d` must outlive *out. */
void doctor_subject(const struct doctor *d, struct subject *out);
void doctor_clear(struct doctor *d);

#endif
