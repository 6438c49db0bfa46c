/* What the files of the probe share. First every server is talked to, which only gathers; then it
 * is judged, when it is known whether another server answers instead of a dead one. */
#ifndef MP_FLOW_PROBE_INTERNAL_H
#define MP_FLOW_PROBE_INTERNAL_H

#include "flow/flow_dns.h"
#include "flow/probe.h"

enum {
    PROBE_RANDOM_BYTES = 8,
    PROBE_SCRATCH_BYTES = 32 << 20,  /* one further conversation */
    PROBE_MIN_SHARE_MS = 5000,       /* of the deadline, for one conversation */
    PROBE_FETCH_DEADLINE_MS = 15000, /* of an MTA-STS policy */
    PROBE_LOCAL_DOMAINS = 8          /* whose random names the relay test asks about */
};

/* What became of the MTA-STS policy; probe.sts_reason tells. */
enum probe_sts { PROBE_STS_NONE, PROBE_STS_FOUND, PROBE_STS_BROKEN, PROBE_STS_UNDECIDED };

struct prober {
    struct probe *probe;
    const struct probe_options *options;
    struct flow_dns dns;
    struct arena scratch;
    int64_t deadline_us;
    size_t servers_left; /* this one included: what is left of the deadline is shared */
    struct str random;   /* hexadecimal: unguessable local parts and names */
    enum target_tls tls; /* of the options, else of the target */
    bool lmtp;
    enum probe_sts sts;
};

enum probe_auth {
    PROBE_AUTH_NONE, /* not asked for, or not reached */
    PROBE_AUTH_UNAVAILABLE,
    PROBE_AUTH_WITHHELD, /* only mechanisms that show the secret, and no TLS */
    PROBE_AUTH_REFUSED,
    PROBE_AUTH_DEFERRED,
    PROBE_AUTH_DONE
};
enum probe_injection {
    PROBE_INJECTION_NONE,
    PROBE_INJECTION_SAFE,
    PROBE_INJECTION_CARRIED,
    PROBE_INJECTION_UNDECIDED
};

struct probe_names {
    bool ptr_asked, ptr_failed; /* failed: DNS kept back what could decide */
    size_t n_ptr;
    struct str first_ptr;
    struct str helo; /* the name that the server gives itself */
    bool helo_is_name, helo_failed, helo_matches;
    size_t helo_addresses;
};

struct probe_notes {
    struct str fault_text;   /* sentence about client.fault */
    struct str tls_text;     /* of a handshake that failed before it went on without TLS */
    bool banner_ok, ehlo_ok; /* accepted */
    bool rcpts_asked;        /* the envelope was reached */
    const char *halted;      /* static: what the options demand and the server lacks; NULL */
    struct smtp_reply ehlo;  /* when it was refused */
    struct smtp_reply starttls, xclient, auth_reply, mail, data, end; /* code 0: not asked */
    enum probe_auth auth;
    const char *mech; /* that was tried */
    enum probe_injection injection;
    struct str injection_text;
    struct smtp_reply *ends; /* LMTP: a reply a recipient that was accepted */
    size_t n_ends;
    bool message_broke;                  /* no reply to the end of the message */
    struct str unsupported;              /* extensions that the options need and the server lacks */
    struct str malformed;                /* the first reply that breaks rules */
    struct str relay_text, smuggle_text; /* why a test could not be made */
    struct probe_names names;
    int64_t rcpt_us; /* when the recipients were asked, for retry_after_ms */
};

/* ---- probe_talk.c: conversations ---- */

void probe_progress(struct prober *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int64_t probe_share_us(const struct prober *p); /* deadline of the next conversation */
struct smtp_client_config probe_config(const struct prober *p, const struct probe_server *s);
/* The main conversation, as far as options lead and the server lets. MP_E_NOMEM only. */
int probe_talk(struct prober *p, struct probe_server *s, struct mp_err *err);
/* A further one, by the same way: TLS and XCLIENT when the main one had them, login when asked for
 * and it had one. False: `*why` tells, in `a`. The caller ends it. */
bool probe_talk_again(struct prober *p, struct probe_server *s, bool login, struct arena *a,
                      struct smtp_client *c, struct str *why);
void probe_note_reply(struct probe_server *s, const struct smtp_reply *r, enum smtp_stage stage);
void probe_keep_transcript(struct probe_server *s, const struct smtp_client *c);
/* Text of a conversation's end, or "". */
struct str probe_sentence(struct arena *a, const struct mp_err *err);
struct str probe_from(const struct prober *p); /* the reverse-path; "" is <> */

/* ---- probe_connect.c: what the conversation showed ---- */

/* Findings for the way a conversation ended, in the open check. `other_answers`: some server of
 * the target answers instead. */
void probe_add_fault(struct prober *p, const struct probe_server *s, bool other_answers);
void probe_judge_connection(struct prober *p, const struct probe_server *s, bool other_answers);
void probe_judge_auth(struct prober *p, const struct probe_server *s);
/* "250 2.1.5 ok", one line. */
struct str probe_reply_text(struct arena *a, const struct smtp_reply *r);
/* Did the conversation end in one of these stages? */
bool probe_broke_at(const struct probe_server *s, enum smtp_stage first, enum smtp_stage last);
void probe_judge_certificate(struct prober *p, const struct probe_server *s); /* probe_cert.c */

/* ---- the other files: gather, then judge ---- */

int probe_find_sts(struct prober *p, struct mp_err *err);
int probe_find_dane(struct prober *p, struct probe_server *s, struct mp_err *err);
void probe_judge_sts_policy(struct prober *p);
void probe_judge_policies(struct prober *p, const struct probe_server *s);

int probe_find_names(struct prober *p, struct probe_server *s, struct mp_err *err);
void probe_judge_names(struct prober *p, const struct probe_server *s);

int probe_envelope(struct prober *p, struct probe_server *s, struct mp_err *err);
bool probe_is_deferred(const struct probe_server *s); /* some recipient waits for a second try */
void probe_retry(struct prober *p, struct probe_server *s);
void probe_judge_envelope(struct prober *p, const struct probe_server *s);

bool probe_wants_pipeline(const struct prober *p, const struct probe_server *s);
/* *lives: the conversation goes on, between transactions. */
int probe_send_pipelined(struct prober *p, struct probe_server *s, bool *lives, struct mp_err *err);
void probe_send(struct prober *p, struct probe_server *s, struct smtp_client *c, size_t n_accepted);
void probe_judge_message(struct prober *p, const struct probe_server *s);
void probe_note_unsupported(struct prober *p, struct probe_server *s);

int probe_relay(struct prober *p, struct probe_server *s, struct mp_err *err);
void probe_judge_relay(struct prober *p, const struct probe_server *s);
int probe_smuggle(struct prober *p, struct probe_server *s, struct mp_err *err);
void probe_judge_smuggle(struct prober *p, const struct probe_server *s);
void probe_inject(struct prober *p, struct probe_server *s);
void probe_judge_injection(struct prober *p, const struct probe_server *s);

/* Metrics and headline (probe_metrics.c). */
int probe_describe(struct probe *p, const struct probe_options *o, struct mp_err *err);

#endif
