/* What others learn of a running sink: environment, wait file, systemd; and the child it runs. */
#ifndef MP_CLI_SINK_CHILD_H
#define MP_CLI_SINK_CHILD_H

#include <sys/types.h>

#include "cli/sink_options.h"

/* "NAME=value" a line: MAILPROOF_SINK_SMTP, _SMTPS, _LMTP (the first of each), _CA, _HTTP. */
struct sink_names {
    struct buf lines;
    char dir[64]; /* made for the certificate; empty: none */
    char ca[80];
};
/* `http`: "http://..." or NULL. MP_E_IO: the certificate's file. */
int sink_names_make(struct sink_names *n, const struct sink_command *c, const struct sink *s,
                    const char *http, struct mp_err *err);
void sink_names_clear(struct sink_names *n); /* removes the file too */

/* Starts c->child with these names in its environment, signals as they were. MP_E_IO: it cannot be
 * run. */
int sink_child_start(const struct sink_command *c, const struct sink_names *n, pid_t *pid,
                     struct mp_err *err);
int sink_child_code(int wait_status); /* 128 + signal when killed */

/* Tell systemd, when it asked to be told (NOTIFY_SOCKET). */
void sink_notify(const char *state);

#endif
