/* What the kinds of mailboxes share. */
#ifndef MP_ARRIVAL_MAILBOX_INTERNAL_H
#define MP_ARRIVAL_MAILBOX_INTERNAL_H

#include <pthread.h>

#include "arrival/arrival.h"

enum {
    MAILBOX_FAULT_FINAL = -1,         /* mp_err.detail of a fault that trying again does not mend */
    MAILBOX_SEEN_MAX = 1 << 20,       /* messages remembered as looked at */
    MAILBOX_LOOKED_AT_MAX = 500,      /* of one folder in one look: the newest */
    MAILBOX_SCRATCH_BYTES = 512 << 20 /* to judge one candidate */
};

/* Messages that were looked at and did not match: each is fetched once. */
struct seen {
    uint64_t *slots; /* open addressing; 0: free */
    size_t n, cap;
};
bool seen_has(const struct seen *s, struct str folder, struct str id);
/* Without memory, or beyond MAILBOX_SEEN_MAX, it is not remembered and looked at again. */
void seen_add(struct seen *s, struct str folder, struct str id);
void seen_clear(struct seen *s);

struct mailbox_reader {
    const struct mailbox_kind *kind;
    struct mailbox_config config; /* its texts in `arena` */
    struct arena arena, scratch;  /* scratch: of one candidate */
    struct seen seen;
    struct str last_match;             /* of the last look, as bytes: for another one all is new */
    void *state;                       /* of the kind */
    bool missing[ARRIVAL_MAX_FOLDERS]; /* of config.folders: does not exist, by the last look */
};

/* What a look collects, in the caller's arena. */
struct mailbox_hits {
    struct arena *arena;
    struct mailbox_hit *items; /* room for ARRIVAL_MAX_COPIES */
    size_t n;
    const struct mailbox_match *match;
};

struct mailbox_kind {
    /* Looks at the URL; no connection yet. */
    int (*begin)(struct mailbox_reader *m, struct mp_err *err);
    int (*find)(struct mailbox_reader *m, const struct mailbox_match *match,
                struct mailbox_hits *hits, int64_t deadline_us, struct mp_err *err);
    int (*remove)(struct mailbox_reader *m, const struct mailbox_hit *hit, int64_t deadline_us,
                  struct mp_err *err);
    int (*wait)(struct mailbox_reader *m, int64_t deadline_us, struct mp_err *err);
    void (*close)(struct mailbox_reader *m);
};
extern const struct mailbox_kind mailbox_imap, mailbox_pop3, mailbox_maildir, mailbox_sink_http,
    mailbox_sink_local;

bool mailbox_has_hit(const struct mailbox_hits *hits, struct str folder, struct str id);
/* Keep `hit` (its raw bytes and texts are copied) when it matches; else remember that it does not.
 * `hit->delivery` is kept as it is: its texts must be in hits->arena. */
int mailbox_offer(struct mailbox_reader *m, struct mailbox_hits *hits,
                  const struct mailbox_hit *hit, struct mp_err *err);

/* Until ARRIVAL_POLL_MS have passed, or the deadline. */
void mailbox_pause(int64_t deadline_us);

/* ---- imap_answer.c: what a server says, and what we say ---- */

enum { IMAP_MAX_UIDS = 100000, IMAP_ANSWER_MAX_BYTES = 1 << 20 };

/* UIDs of all "* SEARCH" lines, as they came; others are passed over. MP_E_SYNTAX: a SEARCH line
 * that is none; MP_E_LIMIT, MP_E_NOMEM. */
int imap_search_parse(struct arena *a, struct str answer, uint32_t **uids, size_t *n,
                      struct mp_err *err);
/* INTERNALDATE "23-Nov-2026 10:00:45 +0000" anywhere in the answer. False: none. */
bool imap_internaldate_parse(struct str answer, int64_t *unix_s);
/* A quoted string (RFC 3501 4.3). False, nothing written: CR, LF, NUL or bytes above 126. */
bool imap_quote(struct buf *out, struct str s);
/* A folder name in modified UTF-7 (RFC 3501 5.1.3), from UTF-8. False: not UTF-8, or controls. */
bool imap_folder_name(struct buf *out, struct str name);
/* The SEARCH command for a match: at least those messages that match, as far as it can say that in
 * ASCII; what it returns is looked at again. `now_s` bounds what is read whole. */
void imap_search_write(struct buf *out, const struct mailbox_match *match, int64_t now_s);

/* ---- pop3_answer.c ---- */

/* The next line "3 whqtswO00WBw418f9t5JxYwZ" of an answer to UIDL (RFC 1939 7); others are passed
 * over. False: no more. `id` points into the answer. */
bool pop3_uidl_next(struct str *rest, unsigned *number, struct str *id);

/* ---- sink_answer.c ---- */

enum { SINK_ANSWER_MAX = 1000 };

/* {"messages": [summary ...]} of a sink: envelope, time, id; no bytes yet. MP_E_IO: it is none;
 * MP_E_LIMIT, MP_E_NOMEM. */
int sink_messages_read(struct arena *a, struct str answer, struct mailbox_hit **out, size_t *n,
                       struct mp_err *err);
/* {"attempts": [...], "total": n} into what a summary of the same message left open. */
int sink_attempts_read(struct arena *a, struct str answer, struct mailbox_hit *hit,
                       struct mp_err *err);

#endif
