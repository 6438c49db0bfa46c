/* One message through the server that an operator named for releases. */
#ifndef MP_CAPTURE_RELAY_H
#define MP_CAPTURE_RELAY_H

#include "capture/capture.h"
#include "io/smtp_client.h"

struct relay_mail {
    struct str from, raw;
    const struct str *to;
    size_t n_to; /* 1 to CAPTURE_MAX_RELEASE_RCPTS */
};
/* What the relay said, as far as the conversation went; texts in the arena. */
struct relay_outcome {
    struct smtp_reply rcpts[CAPTURE_MAX_RELEASE_RCPTS];
    size_t n_taken;        /* recipients that get the message */
    struct smtp_reply end; /* the reply that decided */
};

/* For the files and words of `r`, once. */
int relay_tls_new(const struct capture_relay *r, struct tls_client **out, struct mp_err *err);
/* MP_OK: the relay answered, whatever it said: n_taken and `end` tell. Else it was not reached, or
 * it could not prove itself as `r->tls` wants it, and the message was not shown to it. */
int relay_send(const struct capture_relay *r, struct tls_client *tls, struct str helo,
               const struct relay_mail *m, struct arena *a, struct relay_outcome *o,
               struct mp_err *err);

#endif
