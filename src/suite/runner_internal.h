/* What the verbs share while a suite runs: the case at work, judgements of single expectations. */
#ifndef MP_SUITE_RUNNER_INTERNAL_H
#define MP_SUITE_RUNNER_INTERNAL_H

#include <pthread.h>

#include "arrival/deliver.h"
#include "suite/runner.h"

/* ---- run_sinks.c: capture servers in this process ---- */

struct running_sink {
    const struct suite_sink *config;
    struct store *store;
    struct inboxes *inboxes;
    struct sink *sink;
    /* A case that scripts it, or counts attempts, has it for itself; others share it. */
    pthread_rwlock_t lock;
    bool has_lock;
};
struct running_sinks {
    struct running_sink *items;
    size_t n;
};
int sinks_start(struct running_sinks *r, const struct suite *s, struct mp_err *err);
void sinks_stop(struct running_sinks *r);
struct running_sink *sinks_find(const struct running_sinks *r, const struct suite_sink *config);
void sinks_lock(struct running_sinks *r, const struct suite_case *c);
void sinks_unlock(struct running_sinks *r, const struct suite_case *c);
/* "smtp://127.0.0.1:2525": where a message for it goes. */
struct str sink_url(const struct running_sink *r, struct arena *a);
/* The case's rules in front of the sink's own, for `to` alone where that is one recipient. */
int sink_script(struct running_sink *r, struct str json, const struct str *to, size_t n_to,
                struct mp_err *err);
int sink_script_end(struct running_sink *r, struct mp_err *err);

/* ---- the case at work ---- */

struct runner; /* run.c */

struct work {
    struct runner *runner;
    const struct suite *suite;
    const struct suite_world *world;
    const struct suite_run_options *options;
    struct running_sinks *sinks;
    const struct suite_case *c;
    struct suite_result *result; /* checks, findings, transcripts */
    struct arena *arena;         /* of this attempt */
    struct str tag;
    int64_t now_s;
    /* What was sent in this attempt. */
    struct deliver_result *sent; /* NULL: nothing was tried */
    bool send_failed;            /* an expectation about sending is not met, or open */
    int64_t started_ms;
    int64_t *sink_seq; /* by sink: what it had when the attempt began */
};

/* Note what every sink has: what comes later belongs to this attempt. */
void sinks_mark(struct work *w);
int64_t sinks_since(const struct work *w, const struct running_sink *r);

/* For the progress of rooms below: ctx is the work. */
void work_progress(void *ctx, const char *text);
/* TLS for a host: the world's, or one of its own (*own, for tls_client_free). */
int work_tls(const struct work *w, const struct suite_host *h, struct tls_client **use,
             struct tls_client **own, struct mp_err *err);
/* The PROXY header of a host, with the address of `as` as its source. */
struct smtp_proxy work_proxy(const struct suite_host *h, const struct suite_as *as);
int work_read_file(const struct work *w, struct str path, size_t max_bytes, struct str *out,
                   struct mp_err *err);
void work_keep_conversation(struct work *w, const char *what, struct str group,
                            const struct transcript *t);
void work_keep_text(struct work *w, const char *what, struct str group, struct str text);
/* A metric with the labels suite and case; more labels by work_label. NULL without memory. */
struct metric *work_metric(struct work *w, const char *name, const char *help, double value);
void work_label(struct work *w, struct metric *m, const char *name, struct str value);

/* ---- judge.c: one expectation, one check ---- */

enum judge_verdict { JUDGE_MET, JUDGE_WARN, JUDGE_UNMET, JUDGE_OPEN, JUDGE_SKIP };

/* How one expectation came out. Texts: any bytes, alive until it is told. */
struct judged {
    enum judge_verdict verdict;
    struct str expected, got;
    struct str note; /* the detail instead of `got`; empty: that */
    bool has_finding;
    enum finding_id finding; /* of UNMET and WARN; without: flow.suite.unmet */
};

/* Tell it as check `name` of `group`, at its place. */
void judge_tell(struct work *w, struct str group, const char *name, struct suite_place at,
                const struct judged *j);
/* The same for what cannot be said with a judged: undecided, not made. */
void judge_open(struct work *w, struct str group, const char *name, struct suite_place at,
                struct str why);
void judge_skip(struct work *w, struct str group, const char *name, struct suite_place at,
                struct str why);

/* A word of the suite: what it is called, where its place is in the struct of expectations, and
 * how it is judged against what was seen. */
typedef struct judged judge_fn(struct work *w, const void *expect, const void *seen);
struct judge_row {
    const char *name;
    size_t at; /* offsetof(struct suite_expect_..., member.at) */
    judge_fn *judge;
};
struct suite_place judge_place(const struct judge_row *row, const void *expect);
/* Is any of the rows given? */
bool judge_any_given(const struct judge_row *rows, size_t n, const void *expect);
/* Every row that is given, told. Returns how many were given. */
size_t judge_rows(struct work *w, struct str group, const struct judge_row *rows, size_t n,
                  const void *expect, const void *seen);

/* ---- judgements that many words share ---- */

struct judged judged_met(struct str expected, struct str got);
struct judged judged_open(struct str expected, struct str why);
struct judged judged_if(bool ok, struct str expected, struct str got);
struct judged judged_compare(const struct suite_compare *c, int64_t seen, struct str got);
struct judged judged_flag(const struct suite_flag *f, bool seen, const char *yes, const char *no);
struct judged judged_glob(const struct suite_text *t, struct str seen);
struct judged judged_one_of(struct work *w, const struct suite_list *l, struct str seen);
struct str judge_list_text(struct work *w, const struct suite_list *l);
/* "1.2 s", "350 ms" */
struct str judge_ms(struct work *w, int64_t ms);
/* One printable line of a reply: "550 5.7.1 no". */
struct str judge_reply(struct work *w, const struct smtp_reply *r);
bool judge_enhanced_fits(const struct suite_list *l, const struct smtp_reply *r);
bool judge_code_fits(const struct suite_list *l, unsigned code);
struct str judge_enhanced(struct work *w, const struct smtp_reply *r);

/* Findings that a room below made, against forbid, require, tolerate and fail-on. */
void judge_findings(struct work *w, struct str group, const struct suite_expect_findings *e,
                    const struct finding_list *found, bool complete);
bool judge_findings_given(const struct suite_expect_findings *e);
/* SPF, DKIM, DMARC, ARC of a judged message (judge_auth.c). */
void judge_auth(struct work *w, struct str group, const struct suite_expect_auth *e,
                const struct job *job);
bool judge_auth_given(const struct suite_expect_auth *e);
void judge_auth_by(struct work *w, struct str group, const struct suite_expect_auth *e,
                   const struct authres *own);

/* ---- verbs ---- */

/* MP_E_NOMEM, MP_E_LIMIT and MP_E_INTERNAL end the case (undecided); all else is told as checks. */
int verb_script(struct work *w, const struct suite_step *s, struct mp_err *err);
int verb_probe(struct work *w, const struct suite_step *s, struct mp_err *err);
int verb_send(struct work *w, const struct suite_step *s, struct mp_err *err);
int verb_arrive(struct work *w, const struct suite_step *s, struct mp_err *err);
int verb_relay(struct work *w, const struct suite_step *s, struct mp_err *err);
int verb_smuggle(struct work *w, const struct suite_step *s, struct mp_err *err);
int verb_audit(struct work *w, const struct suite_step *s, struct mp_err *err);
int verb_scan(struct work *w, const struct suite_step *s, struct mp_err *err);

#endif
