/* One SMTP, ESMTP or LMTP conversation as a client: stages, deadlines, transcript. Blocking.
 * It decides nothing about certificates or replies: it reports, the caller goes on or stops. */
#ifndef MP_IO_SMTP_CLIENT_H
#define MP_IO_SMTP_CLIENT_H

#include "io/tls.h"
#include "smtp/command.h"
#include "smtp/ehlo.h"
#include "smtp/sasl.h"
#include "smtp/transcript.h"

enum smtp_stage {
    SMTP_STAGE_CONNECT,
    SMTP_STAGE_BANNER,
    SMTP_STAGE_EHLO,
    SMTP_STAGE_STARTTLS, /* the command and its reply */
    SMTP_STAGE_TLS,      /* the handshake */
    SMTP_STAGE_EHLO_TLS,
    SMTP_STAGE_XCLIENT,
    SMTP_STAGE_AUTH,
    SMTP_STAGE_MAIL,
    SMTP_STAGE_RCPT,
    SMTP_STAGE_DATA,
    SMTP_STAGE_BODY,  /* sending the message */
    SMTP_STAGE_END,   /* the reply to the final dot, or to BDAT LAST */
    SMTP_STAGE_OTHER, /* RSET, NOOP, VRFY */
    SMTP_STAGE_QUIT,
    SMTP_STAGE_COUNT
};
const char *smtp_stage_name(enum smtp_stage s); /* "connect", "banner", "ehlo", ... */
/* RFC 5321 4.5.3.2: how long a client must be ready to wait at that stage. */
unsigned smtp_stage_timeout_ms(enum smtp_stage s);

/* Why a conversation ended before its time. */
enum smtp_fault {
    SMTP_FAULT_NONE,
    SMTP_FAULT_REFUSED, /* connection refused */
    SMTP_FAULT_UNREACHABLE,
    SMTP_FAULT_TIMEOUT, /* of the stage or over all */
    SMTP_FAULT_CLOSED,  /* the server hung up */
    SMTP_FAULT_GARBAGE, /* not SMTP: a line that is no reply */
    SMTP_FAULT_LONG_LINE,
    SMTP_FAULT_ENDLESS,  /* more lines or bytes than a reply may have */
    SMTP_FAULT_INJECTED, /* plaintext behind the 220 of STARTTLS (CVE-2011-0411's mirror) */
    SMTP_FAULT_TLS,      /* handshake or record failed */
    SMTP_FAULT_AUTH,     /* the server could not prove itself, or sent a broken challenge */
    SMTP_FAULT_LOCAL     /* ours: memory, usage */
};
const char *smtp_fault_name(enum smtp_fault f);

struct smtp_client_config {
    struct conn_target target;
    bool lmtp, implicit_tls;
    struct tls_client *tls;  /* NULL: TLS cannot be used */
    struct str sni;          /* empty: none is sent */
    struct str helo;         /* our name; must be one */
    struct smtp_proxy proxy; /* sent before all else when version != 0 */
    bool force_helo;         /* HELO, no EHLO (swaks --protocol SMTP) */
    /* Hang up instead of waiting for the reply of this stage (SMTP_FAULT_LOCAL); CONNECT: never. */
    enum smtp_stage hang_up_at;
    int64_t deadline_us;       /* over the whole conversation */
    unsigned stage_timeout_ms; /* 0: RFC 5321's */
    int64_t now_s;             /* for certificates */
};

/* Public for reading. Lives in its arena; smtp_close releases the socket. */
struct smtp_client {
    struct smtp_client_config config;
    struct arena *arena; /* borrowed: replies, transcript, facts */
    struct conn *conn;
    struct buf in; /* received, not yet parsed */
    struct transcript transcript;
    struct smtp_reply banner, last;    /* last: the last reply read */
    struct smtp_ehlo ehlo, ehlo_plain; /* the valid one; the one before STARTTLS */
    struct tls_facts tls;
    bool has_tls, did_ehlo;
    bool mid_message;    /* behind a 354: what is sent now is message, not command */
    bool wire_lost;      /* nothing more can be said on this connection */
    bool mask_challenge; /* a 334 that comes now is as good as a secret */
    struct str
        secrets[2]; /* during AUTH: the password, the line sent; blanked where they come back */
    enum smtp_fault fault;
    enum smtp_stage fault_stage;
    int64_t started_us;
    int64_t stage_us[SMTP_STAGE_COUNT]; /* time spent, summed; -1: not reached */
};

enum {
    SMTP_PIPELINE_MAX_RCPTS = 1000,
    SMTP_MESSAGE_MAX_BYTES = 256 << 20,
    SMTP_AUTH_MAX_STEPS = 8, /* challenges of one exchange */
    SMTP_QUIT_WAIT_MS = 2000
};

/* All below: MP_OK means that a reply was read (whatever its code): see *reply or client->last.
 * Otherwise the conversation is over: MP_E_IO, MP_E_TIMEOUT, MP_E_SYNTAX (protocol), MP_E_NOMEM;
 * client->fault and fault_stage say what and where, `err` a sentence for people:
 * "mx1.test [192.0.2.1]:25 closed the connection while we waited for the reply to RCPT TO".
 * MP_E_USAGE, MP_E_LIMIT (SMTP_FAULT_LOCAL): an argument was refused before anything was sent; the
 * conversation may go on.
 * 421 is a reply like any other. Where several replies are due and the server closes behind a 421,
 * that 421 is the answer to all that remain (RFC 5321 3.8). */

/* Connect, PROXY header, implicit TLS, banner. 554 and others are replies: see client->banner.
 * Call smtp_quit or smtp_close afterwards, whatever it returns. */
int smtp_open(struct smtp_client *c, const struct smtp_client_config *config, struct arena *a,
              struct mp_err *err);
/* EHLO (LHLO for LMTP), HELO when EHLO is refused with 5xx; fills client->ehlo. Behind STARTTLS its
 * stage is SMTP_STAGE_EHLO_TLS. */
int smtp_ehlo(struct smtp_client *c, struct mp_err *err);
/* STARTTLS, check that nothing follows its 220, handshake, and EHLO again. MP_OK with
 * client->has_tls false: the server refused (client->last). */
int smtp_starttls(struct smtp_client *c, struct mp_err *err);
int smtp_xclient(struct smtp_client *c, const struct smtp_attribute *attrs, size_t n,
                 struct mp_err *err); /* 220: EHLO is sent again */
/* One mechanism to its end: 235 in client->last is success, and then the server has proved itself
 * where the mechanism has it do so. Secrets never reach the transcript. Channel binding and
 * server_offers_plus are filled here, unless `who` names a binding. */
int smtp_auth(struct smtp_client *c, enum sasl_mech mech, const struct sasl_credentials *who,
              struct mp_err *err);
int smtp_mail(struct smtp_client *c, struct str from, const struct smtp_mail_params *p,
              struct mp_err *err);
int smtp_rcpt(struct smtp_client *c, struct str to, const struct smtp_rcpt_params *p,
              struct mp_err *err);
int smtp_data(struct smtp_client *c, struct mp_err *err); /* 354 */
/* Message (dot-stuffed by us) and final dot. LMTP: one reply a recipient, in `replies` (n_replies
 * of them); SMTP: replies may be NULL. */
int smtp_message(struct smtp_client *c, struct str message, bool as_is, struct smtp_reply *replies,
                 size_t n_replies, struct mp_err *err);
/* BDAT chunks instead of DATA (RFC 3030); chunk_bytes 0: one chunk. A chunk that is refused ends
 * the sending: its reply is client->last and fills `replies`. */
int smtp_chunks(struct smtp_client *c, struct str message, size_t chunk_bytes,
                struct smtp_reply *replies, size_t n_replies, struct mp_err *err);
/* MAIL, all RCPT and DATA in one write (RFC 2920); replies[0] MAIL, then RCPTs, last DATA: n_to + 2
 * in all. DATA may be taken although no recipient was: then an empty message must be sent. */
int smtp_pipeline(struct smtp_client *c, struct str from, const struct smtp_mail_params *p,
                  const struct str *to, size_t n_to, const struct smtp_rcpt_params *rp,
                  struct smtp_reply *replies, struct mp_err *err);
/* Any command line (without CRLF), for VRFY, RSET, NOOP, HELP. */
int smtp_command(struct smtp_client *c, struct str line, enum smtp_stage stage, struct mp_err *err);
/* Raw bytes, and the next reply, for tests of servers (smuggling, injection). `wait_ms` over the
 * stage's time-out when not 0; MP_E_TIMEOUT then does not end the conversation. */
int smtp_send_raw(struct smtp_client *c, struct str bytes, enum smtp_stage stage,
                  struct mp_err *err);
int smtp_read_reply(struct smtp_client *c, enum smtp_stage stage, unsigned wait_ms,
                    struct mp_err *err);
/* QUIT when the conversation still lives (short wait, errors ignored), and close. */
void smtp_quit(struct smtp_client *c);
void smtp_close(struct smtp_client *c); /* without QUIT; may be called twice */

#endif
