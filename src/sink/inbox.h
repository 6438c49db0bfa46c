/* Disposable inboxes as the SMTP server sees them: which recipient belongs to which, and what its
 * script says. Threads: any (a lock inside); the HTTP API makes and ends them. */
#ifndef MP_SINK_INBOX_H
#define MP_SINK_INBOX_H

#include "sink/script.h"
#include "store/store.h"

enum { INBOX_MAX = 100000, INBOX_ID_MAX = 64, INBOX_DEFAULT_TTL_S = 3600 };

struct inboxes;
/* Loads what the store has. `domain`: of their addresses ("sink.test"); recipients are matched by
 * local part ("<id>" or "<id>+detail") in any domain. */
int inboxes_new(struct store *store, struct str domain, struct inboxes **out, struct mp_err *err);
void inboxes_free(struct inboxes *in);

struct inbox_request {
    struct str name;       /* label, may be empty */
    struct str id;         /* empty: an unguessable one */
    uint32_t ttl_s;        /* 0: INBOX_DEFAULT_TTL_S; UINT32_MAX: never expires */
    uint64_t max_messages; /* 0: none */
    struct str script;     /* JSON or empty */
};
/* *token is shown once. MP_E_SYNTAX: script or id (also one that exists); MP_E_LIMIT; MP_E_IO.
 * Texts in `a`. An id has a-z, 0-9, "-", "_" and "." inside. */
int inboxes_create(struct inboxes *in, const struct inbox_request *r, struct arena *a,
                   struct store_inbox *out, struct str *address, struct str *token,
                   struct mp_err *err);
int inboxes_get(struct inboxes *in, struct str id, struct arena *a, struct store_inbox *out,
                bool *found, struct mp_err *err);
int inboxes_list(struct inboxes *in, struct arena *a, struct store_inbox **out, size_t *n,
                 struct mp_err *err);
/* Set or (empty) take away. Id "" is the common script, of all stages; it is not stored. */
int inboxes_script(struct inboxes *in, struct str id, struct str json, bool *found,
                   struct mp_err *err);
int inboxes_delete(struct inboxes *in, struct str id, bool *found, struct mp_err *err);
/* Away with those whose time is over, and their mail: for a thread that may wait for the disk. */
int inboxes_expire(struct inboxes *in, int64_t now_ms, size_t *deleted, struct mp_err *err);
/* Constant time. */
bool inboxes_token_ok(struct inboxes *in, struct str id, struct str token);
/* The inbox that a token opens, into `a`; false: none. */
bool inboxes_by_token(struct inboxes *in, struct str token, struct arena *a, struct str *id);

/* ---- for the SMTP server: quick, never waits for the store ---- */

/* The inbox that a recipient belongs to; false: the common one, and `id` is empty. One whose time
 * is over takes nothing more. */
bool inboxes_route(struct inboxes *in, struct str rcpt, int64_t now_ms, char id[INBOX_ID_MAX + 1]);

/* What to do at this point: the inbox's script, else the common one, else a magic local part (of
 * the sender at MAIL, of the recipient behind it). False: as usual. */
struct inbox_decision {
    struct script_action action; /* its text is in `text` */
    char text[SCRIPT_MAX_REPLY + 1];
};
bool inboxes_decide(struct inboxes *in, struct str id, const struct script_event *e,
                    struct inbox_decision *out);

#endif
