/* Options of `mailproof wait` into what room arrival wants. */
#ifndef MP_CLI_WAIT_OPTIONS_H
#define MP_CLI_WAIT_OPTIONS_H

#include "arrival/proof.h"
#include "cli/probe_options.h"

enum {
    WAIT_WITHIN_MS = 30000,
    WAIT_SETTLE_MS = 3000, /* with --copies */
    WAIT_MAX_EXTRACTS = 10,
    WAIT_SENT_MAX_BYTES = 64 << 20
};

/* What --extract prints, one line each. */
enum wait_extract_kind { EXTRACT_LINK, EXTRACT_LINKS, EXTRACT_CODE, EXTRACT_CODES };
struct wait_extract {
    enum wait_extract_kind kind;
    struct str with; /* links: only those that contain it */
};

struct wait_command {
    struct probe_command send; /* the options that sending shares with probe, and the common ones */
    struct proof_request proof;
    struct deliver_request deliver;
    struct job_config job_config;
    struct policy policy;
    struct str folders[ARRIVAL_MAX_FOLDERS];
    struct wait_extract extracts[WAIT_MAX_EXTRACTS];
    struct str links[WAIT_MAX_EXTRACTS]; /* what they must contain */
    size_t n_extracts;
    const char *mailbox, *sink, *via, *message_file, *sent_file, *write_message;
    const char *from, *mail_from;
    struct str to, subject;
    bool has_rcpts;    /* --rcpt was given; else --to is the recipient */
    bool sending_word; /* an option that only makes sense when a message is sent */
    bool settle_given, has_format, mailbox_login;
    unsigned warn_ms, crit_ms;
};

extern const struct option wait_long_options[];
extern const char wait_short_options[];

void wait_command_init(struct wait_command *c);
void wait_command_clear(struct wait_command *c);
/* One option; an exit code, EXIT_PASSED goes on. */
int wait_option_set(struct wait_command *c, int option, const char *arg, int argc, char **argv);
/* After the last: what contradicts itself or is missing; files and secrets are read, DNS and TLS
 * are opened where they are needed. An exit code. */
int wait_options_finish(struct wait_command *c, int argc, char **argv);

#endif
