/* Options of `mailproof probe`, with those of swaks as aliases, into what the flow room wants. */
#ifndef MP_CLI_PROBE_OPTIONS_H
#define MP_CLI_PROBE_OPTIONS_H

#include "cli/subject_options.h"
#include "flow/compose.h"
#include "flow/probe.h"

enum {
    PROBE_MAX_XCLIENT = 20,
    PROBE_MAX_HEADERS = 100,
    PROBE_MAX_PARTS = 50,
    PROBE_FILE_MAX_BYTES = 40 << 20
};

enum probe_option_id {
    P_SERVER = SUBJECT_LAST,
    P_PORT,
    P_TO,
    P_FROM,
    P_HELO,
    P_STOP,
    P_DROP,
    P_DROP_SENT,
    P_STARTTLS,
    P_IMPLICIT_TLS,
    P_NO_TLS,
    P_TLS_OPTIONAL,
    P_TLS_OPTIONAL_STRICT,
    P_TLS_VERIFY,
    P_VERIFY_NAME,
    P_SNI,
    P_TLS_CERT,
    P_TLS_KEY,
    P_TLS_VERSION,
    P_TLS_CIPHER,
    P_SHOW_CERT,
    P_AUTH,
    P_AUTH_OPTIONAL,
    P_AUTH_USER,
    P_AUTH_PASSWORD,
    P_AUTH_PASSWORD_FILE,
    P_AUTH_HIDE,
    P_AUTH_PLAINTEXT,
    P_PROTOCOL,
    P_LMTP,
    P_PIPELINE,
    P_CHUNKING,
    P_XCLIENT_ADDR,
    P_XCLIENT_NAME,
    P_XCLIENT_PORT,
    P_XCLIENT_PROTO,
    P_XCLIENT_HELO,
    P_XCLIENT_LOGIN,
    P_XCLIENT_DESTADDR,
    P_XCLIENT_DESTPORT,
    P_XCLIENT_REVERSE_NAME,
    P_XCLIENT,
    P_XCLIENT_OPTIONAL,
    P_XCLIENT_OPTIONAL_STRICT,
    P_XCLIENT_NO_VERIFY,
    P_PROXY,
    P_PROXY_VERSION,
    P_PROXY_FAMILY,
    P_PROXY_PROTOCOL,
    P_PROXY_COMMAND,
    P_PROXY_SOURCE,
    P_PROXY_SOURCE_PORT,
    P_PROXY_DEST,
    P_PROXY_DEST_PORT,
    P_DATA,
    P_BODY,
    P_ATTACH,
    P_HEADER,
    P_SEND,
    P_LOCAL,
    P_COPY_ROUTING,
    P_HIDE_DATA,
    P_SILENCE,
    P_NO_DANE,
    P_NO_STS,
    P_NO_PTR,
    P_NO_INJECTION,
    P_STS_CACHE,
    P_NO_CATCH_ALL,
    P_VRFY,
    P_RETRY_AFTER,
    P_RELAY_TEST,
    P_RELAY_TO,
    P_SMUGGLE,
    P_SEQUENCES,
    P_FIRST,
    P_STAGE_TIMEOUT,
    P_DSN,
    P_RET,
    P_ENVID,
    P_ORCPT,
    P_SMTPUTF8,
    P_REQUIRETLS,
    P_8BITMIME,
    P_SIZE,
    P_LAST
};

struct probe_command {
    struct subject_options common;
    struct probe_options options;
    const char *targets[SUBJECT_MAX_TARGETS];
    size_t n_targets;
    struct str rcpts[PROBE_MAX_RCPTS];
    enum sasl_mech mechs[SASL_MECH_COUNT];
    struct smtp_attribute xclient[PROBE_MAX_XCLIENT];
    const struct smuggle_sequence *sequences[SMUGGLE_SEQUENCES];
    struct str headers[PROBE_MAX_HEADERS];
    struct compose_part parts[PROBE_MAX_PARTS];
    struct compose message;
    bool wants_message; /* --send, or an option that only makes sense with one */
    bool wants_auth;
    const char *server, *copy_routing, *proxy_text, *proxy_family, *show_certificate;
    bool proxy_source, proxy_target;
};

/* The table is walked by getopt_long_only, so that -tls and -au are taken as swaks takes them. */
extern const struct option probe_long_options[];
extern const char probe_short_options[];

/* --h-NAME VALUE and --header-NAME VALUE become --header "NAME: VALUE". NULL without memory. */
char **probe_rewrite_arguments(struct arena *a, int argc, char **argv, int *n);

/* One option; may take the word behind it (swaks: `-a` with or without mechanisms). */
int probe_option_set(struct probe_command *c, int option, const char *arg, int argc, char **argv);

/* After the last: secrets read, targets chosen, the message composed. An exit code. */
int probe_options_finish(struct probe_command *c, int argc, char **argv);

/* ---- between the table and the values (probe_values.c) ---- */

int probe_set_word(struct probe_command *c, int option, const char *arg);
int probe_set_auth(struct probe_command *c, int option, const char *arg, int argc, char **argv);
int probe_set_login(struct probe_command *c, int option, const char *arg);
int probe_set_tls(struct probe_command *c, int option, const char *arg);
int probe_set_xclient(struct probe_command *c, int option, const char *arg);
int probe_set_proxy(struct probe_command *c, int option, const char *arg);
int probe_set_message(struct probe_command *c, int option, const char *arg);
int probe_set_tests(struct probe_command *c, int option, const char *arg);
int probe_set_parameters(struct probe_command *c, int option, const char *arg);
int probe_set_connection(struct probe_command *c, int option, const char *arg);

#endif
