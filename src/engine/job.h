/* One message on its way through the stages: input, pinned DNS answers, results, findings. */
#ifndef MP_ENGINE_JOB_H
#define MP_ENGINE_JOB_H

#include "auth/authres.h"
#include "engine/content_stage.h"
#include "engine/intel_stage.h"
#include "message/mime.h"
#include "message/received.h"
#include "verdict/verdict.h"

enum { JOB_BUDGET_FACTOR = 4, JOB_BUDGET_MIN_BYTES = 64 * 1024 * 1024 };

/* Who handed us the message. All optional: IP_NONE and empty views. */
struct envelope {
    struct ip client;
    struct str helo, mail_from;
    bool has_mail_from; /* "" is the null sender; absent is something else */
    const struct str *rcpt_to;
    size_t n_rcpt_to;
};

/* Read-only while jobs run. */
struct job_config {
    struct auth_config auth;
    const struct policy *policy;
    const struct content_settings *content; /* NULL: what it carries is not inspected */
    const struct intel_settings *intel;     /* NULL: nobody is asked what he knows of it */
    bool only_facts;     /* of the content: it is read for what intelligence needs, not judged */
    bool skip_auth;      /* no SPF, DKIM, ARC, DMARC: their results stay "none" */
    size_t budget_bytes; /* memory of one message's arena; 0: by JOB_BUDGET_* from its size */
};

enum job_stage {
    STAGE_AUTHOR,
    STAGE_SPF,
    STAGE_HELO,
    STAGE_DKIM,
    STAGE_ARC,
    STAGE_DMARC,
    STAGE_CONTENT,
    STAGE_INTEL,
    STAGE_PHISH,
    STAGE_SERVICES, /* when all others are done: only where it can change the verdict */
    STAGE_COUNT
};

/* Reused for one message after another: job_init once, job_start for each, job_clear at the end.
 * One thread at a time. */
struct job {
    struct arena arena;
    const struct job_config *config;
    struct str raw;
    struct str source; /* file name or other label, for reports */
    struct envelope envelope;
    int64_t now_s;

    struct message message;
    struct mime_tree mime;
    struct dns_view *dns;
    struct finding_list findings;
    struct auth_ctx auth;
    struct spf_request spf_request;

    struct author author;
    struct spf_outcome spf, helo; /* helo only when it is another identity than spf */
    struct dkim_outcome dkim;
    struct arc_outcome arc;
    struct dmarc_outcome dmarc;
    struct content_stage content;
    struct intel_stage intel;
    bool auth_skipped;                      /* by config->skip_auth */
    bool spf_checked, helo_checked;         /* false without a client address */
    struct str authentication_results;      /* field body, folded */
    unsigned char sha256[DIGEST_MAX_BYTES]; /* of the raw message; set by job_describe ... */
    struct str sha256_hex;                  /* ... and as text; empty: not known */
    struct verdict verdict;

    bool done[STAGE_COUNT];
    bool finished, cut; /* cut: a limit or our failure ended some check early */
    int64_t started_us, elapsed_us;
};

void job_init(struct job *job, const struct job_config *config);
/* Forget the last message and take the next. `raw`, `source` and the envelope's texts are borrowed
 * until the next job_start or job_clear. `ready`: see dns_view_new. */
int job_start(struct job *job, struct str source, struct str raw, const struct envelope *envelope,
              int64_t now_s, dns_ready_fn *ready, void *ready_ctx, struct mp_err *err);
void job_clear(struct job *job);
/* After job->envelope was changed by hand, before engine_run. */
void job_envelope_changed(struct job *job);

/* The DNS lists that were asked; NULL: none. */
const struct dns_lists *job_dns_lists(const struct job *job);

/* What reports show beside the verdict and no check needs: MIME parts and the hash of the message.
 * MP_OK, or MP_E_NOMEM with a limit finding. Once, between job_start and engine_run. */
int job_describe(struct job *job, struct mp_err *err);

/* Run the stages that are not done. MP_OK: finished, verdict stands. MP_WAIT: fill job->dns and
 * call again. Negative: our failure; the job has a verdict with complete = false all the same. */
int engine_run(struct job *job, struct mp_err *err);

#endif
