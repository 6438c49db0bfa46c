/* What the front asks of a worker: judge this mail; or fetch ahead what a sender publishes. */
#ifndef MP_IPC_MAIL_REQUEST_H
#define MP_IPC_MAIL_REQUEST_H

#include "base/arena.h"
#include "base/ip.h"
#include "base/wire.h"
#include "verdict/verdict.h"

enum {
    IPC_MAX_FRAME_BYTES = 128 * 1024, /* one SEQPACKET; more goes through a memfd */
    IPC_MAX_RCPTS = 10000,            /* of one mail */
    IPC_MAX_REQUEST_BYTES = 8 << 20,  /* all texts of a request */
    IPC_MAX_TEXT_BYTES = 64 * 1024,   /* of one */
};

enum mail_kind {
    MAIL_JUDGE, /* with a message */
    MAIL_WARM /* at MAIL FROM: SPF and DMARC names into the cache; the answer says what SPF says */
};
enum mail_mode { MAIL_INBOUND, MAIL_OUTBOUND, MAIL_MONITOR, MAIL_SCAN, MAIL_MODES };
const char *mail_mode_name(enum mail_mode m); /* "inbound", ... */
bool mail_mode_by_name(struct str s, enum mail_mode *out);

/* Texts are as the MTA gave them: hostile. */
struct mail_request {
    uint64_t number; /* the answer has it too */
    enum mail_kind kind;
    enum mail_mode mode;
    struct str id; /* of the scan: 32 hex digits, made by the front */
    struct str listener;
    int64_t now_s;        /* the message's time */
    uint32_t deadline_ms; /* from now on */

    struct ip client;
    uint32_t client_port;
    struct str client_name; /* which the MTA has verified (PTR and back); empty: none */
    struct str helo, tls, cipher, auth_user, auth_type, queue_id;
    struct str mail_from; /* without <>; "" the null sender */
    bool has_mail_from;
    struct str *rcpt_to;
    size_t n_rcpt_to;
    bool local; /* a client that may send for us: its network or its login says so */

    bool want_report;  /* JSON of the result document in the answer */
    bool want_edits;   /* header edits of the mode; else the verdict alone */
    struct str policy; /* YAML in place of the configured policy (policy test); empty: that */
    uint64_t message_bytes;
};

void mail_request_write(struct buf *out, const struct mail_request *r);
/* Views into the frame, rcpt_to in the arena. MP_OK; MP_E_SYNTAX with what is wrong; MP_E_NOMEM. */
int mail_request_read(struct arena *a, struct str frame, struct mail_request *out,
                      struct mp_err *err);

#endif
