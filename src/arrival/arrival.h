/* Proof of delivery: a message that was sent with a tag is waited for where it should arrive (or
 * must not), and what arrived is described. Blocking; one thread each. */
#ifndef MP_ARRIVAL_ARRIVAL_H
#define MP_ARRIVAL_ARRIVAL_H

#include "engine/job.h"
#include "finding/check.h"
#include "io/tls.h"
#include "run/run.h"
#include "store/store.h"
#include "trace/trace.h"

enum {
    ARRIVAL_MAX_COPIES = 20,
    ARRIVAL_MAX_FOLDERS = 20,
    ARRIVAL_CLOCK_MS = 60000, /* by so much the clock of a mailbox may be behind ours */
    ARRIVAL_POLL_MS = 500,    /* between looks at IMAP (without IDLE) and POP3 */
    ARRIVAL_MAX_MESSAGE_BYTES = 64 << 20
};

/* ---- mailbox.c: one vtable, five kinds ---- */

/* "imaps://host", "imap://host" (STARTTLS when offered), "pop3s://", "pop3://", "maildir:/path",
 * "http://127.0.0.1:8025" (the API of a running sink), or a store in this process. */
struct mailbox_config { /* borrowed */
    struct str url;
    struct str user, password, token; /* token: XOAUTH2 for IMAP, bearer for a sink */
    const struct str *folders;        /* IMAP: names as people write them; none: INBOX */
    size_t n_folders;
    struct str inbox;    /* sink: its disposable inbox */
    struct store *store; /* in-process sink; then url is empty */
    int64_t after_seq;   /* of it: only what came later, attempts too; 0: all */
    const char *ca_file;
    bool insecure; /* do not verify certificates (tests) */
    bool require_tls;
    bool all; /* look at old messages, too, and not at the newest alone */
};
struct mailbox_reader; /* struct mailbox is an address, see message/address.h */
/* Nothing is connected to yet. MP_E_USAGE: the URL, or what it lacks; MP_E_NOMEM. */
int mailbox_open(const struct mailbox_config *c, int64_t deadline_us, struct mailbox_reader **out,
                 struct mp_err *err);
void mailbox_close(struct mailbox_reader *m); /* accepts NULL */

/* What a message must have: all that is not empty. */
struct mailbox_match {
    struct str tag;        /* in X-Mailproof-Tag, Message-ID or subject */
    struct str message_id; /* with or without angle brackets */
    struct str to;         /* an address of To, Cc, Delivered-To, X-Original-To or the envelope */
    struct str from;       /* part of the From field, or the envelope sender */
    struct str subject;    /* part of the decoded subject, without case */
    bool bounce; /* a delivery status notification (RFC 3464) that returns such a message: tag and
                    message_id are looked for in what it returns */
};
/* Is `raw` such a message? `d`: from a sink, or NULL. MP_E_NOMEM and MP_E_LIMIT only. */
int mailbox_matches(struct arena *a, const struct mailbox_match *match, struct str raw,
                    const struct store_delivery *d, bool *yes, struct mp_err *err);

/* One message found. */
struct mailbox_hit {
    struct str folder; /* "INBOX", "Junk", "new", or the sink's inbox */
    struct str id;     /* UID, UIDL, file name, sink id */
    struct str raw;
    bool has_delivery; /* from a sink: envelope, TLS, attempts */
    struct store_delivery delivery;
    unsigned
        attempts; /* transactions for the tag's recipient, the accepted one included; 0: unknown */
    int64_t arrived_ms; /* INTERNALDATE, file time, or when we saw it */
};
/* All messages that match now, at most ARRIVAL_MAX_COPIES, oldest first. MP_OK with *n 0: none yet.
 * MP_E_IO, MP_E_TIMEOUT: the mailbox does not answer: undecided. */
int mailbox_find(struct mailbox_reader *m, const struct mailbox_match *match, struct arena *a,
                 int64_t deadline_us, struct mailbox_hit **out, size_t *n, struct mp_err *err);
int mailbox_delete(struct mailbox_reader *m, const struct mailbox_hit *hit, int64_t deadline_us,
                   struct mp_err *err);
/* It has been dealt with: not found any more by this reader. */
void mailbox_skip(struct mailbox_reader *m, const struct mailbox_hit *hit);
/* The folders that did not exist at the last look, "Junk, Archive"; nothing was in them. */
struct str mailbox_missing(const struct mailbox_reader *m, struct arena *a);
/* Wait for a change since the last mailbox_find began: inotify, store_watch; else ARRIVAL_POLL_MS.
 */
int mailbox_wait(struct mailbox_reader *m, int64_t deadline_us, struct mp_err *err);

/* ---- arrival.c ---- */

struct arrival_request { /* borrowed */
    struct mailbox_match match;
    struct str sent; /* the bytes that were sent; empty: nothing to compare with */
    int64_t sent_ms; /* 0: not known */
    /* What the mailbox has had for longer is a copy of an earlier run, where the message brings its
     * own Message-ID; 0: any. Clocks may err by ARRIVAL_CLOCK_MS. */
    int64_t since_ms;
    unsigned within_ms;
    size_t min_copies;            /* wait until so many are there; 0: the first */
    unsigned settle_ms;           /* then: wait so long for further copies; 0: do not */
    const struct dns_source *dns; /* NULL: the authentication is not judged here */
    const struct job_config *job_config;
    struct str own_authserv_id; /* believe the receiver's Authentication-Results of this name */
    void (*progress)(void *ctx, const char *text);
    void *progress_ctx;
};
struct arrival {
    bool arrived;
    bool undecided; /* the mailbox did not answer; `reason` */
    struct str reason;
    struct str missing; /* mailbox_missing at the end */
    /* From sent_ms (or the call) until the mailbox had it by its own clock, where that is told and
     * lies between; else until it was seen here. */
    int64_t took_ms;
    struct mailbox_hit *copies; /* in `mail`: alive until arrival_clear, as all that points there */
    size_t n_copies;
    struct arena mail;
    struct message message; /* of the first copy */
    struct trace_hops hops;
    bool compared;
    struct trace_altered altered;
    struct trace_dsn dsn;
    struct trace_extract extract; /* of no bounce */
    bool has_own_results;         /* the receiver's field of own_authserv_id, to be believed */
    struct authres own_results;
    bool judged; /* `job` is finished: SPF, DKIM, DMARC, ARC as seen here */
    bool has_job;
    struct job job; /* arrival_clear ends it */
};
/* MP_OK also when nothing arrived. Zero-initialise; arrival_clear always, when all is told. */
int arrival_wait(struct mailbox_reader *m, const struct arrival_request *r, struct arena *a,
                 struct arrival *out, struct mp_err *err);
void arrival_clear(struct arrival *x);

/* ---- judge.c: what was expected, as checks and findings ---- */

struct arrival_expect { /* zero: it must arrive, nothing more */
    bool must_not_arrive;
    int64_t warn_ms, crit_ms; /* 0: none */
    size_t copies;            /* 0: any number */
    struct str folder;        /* empty: any */
    bool bounce;              /* what arrives is a report */
    struct str bounce_status; /* "5.1.1", "5.7.*"; empty: any */
    int64_t slow_hop_s;       /* 0: any delay */
    bool hops_tls;            /* every hop between hosts */
    bool authentic;           /* DMARC must pass, by the receiver's own results or here */
    bool by_receiver;         /* by the receiver's alone */
    bool code;                /* it must hold a one-time code */
    const struct str *links;  /* and a link that contains each of these; "": any link */
    size_t n_links;
};
/* Checks of `group`: "arrival", and of what arrived "folder", "copies", "hops", "altered",
 * "bounce", "authentication", "extract". What an expectation does not name is judged mildly: clocks
 * that err and other bytes of the same text are low. */
void arrival_judge(struct check_list *checks, struct str group, const struct arrival *x,
                   const struct arrival_expect *e);

/* The first link of it that contains `with`. */
bool arrival_link(const struct arrival *x, struct str with, struct str *out);

/* An unguessable tag, and where it goes: "mp-" and 26 letters and digits. */
struct str arrival_tag(struct arena *a, struct mp_err *err);

#endif
