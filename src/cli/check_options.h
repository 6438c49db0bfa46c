/* The options of every command that checks a message: envelope, source of answers, judgement. */
#ifndef MP_CLI_CHECK_OPTIONS_H
#define MP_CLI_CHECK_OPTIONS_H

#include <getopt.h>

#include "cli/cli.h"
#include "run/run.h"

enum {
    CHECK_MAX_RCPTS = 1000,
    CHECK_MAX_SEALERS = 1000,
    ZONE_FILE_MAX_BYTES = 256 * 1024 * 1024,
    HOST_NAME_MAX_BYTES = 256
};

/* What they say, and what was opened for them. Strings are those of argv. */
struct check_options {
    const char *command;
    struct envelope envelope;
    struct auth_config auth;
    struct policy policy;
    struct arena arena;
    struct str rcpts[CHECK_MAX_RCPTS], sealers[CHECK_MAX_SEALERS];
    struct resolver_config resolver;
    struct dns_source source;
    bool no_dns; /* nothing is asked: no resolver is opened */
    char host_name[HOST_NAME_MAX_BYTES];
};

enum check_option_id {
    CHECK_IP = 256,
    CHECK_HELO,
    CHECK_MAIL_FROM,
    CHECK_RCPT,
    CHECK_RESOLVER,
    CHECK_ZONE,
    CHECK_TIMEOUT,
    CHECK_ANCHOR,
    CHECK_AUTHSERV_ID,
    CHECK_SEALER,
    CHECK_POLICY,
    CHECK_DISCOVERY,
    CHECK_L_TAG,
    CHECK_LAST
};

/* For the option table of getopt_long. */
#define CHECK_LONG_OPTIONS                                                                         \
    {"ip", required_argument, NULL, CHECK_IP}, {"helo", required_argument, NULL, CHECK_HELO},      \
        {"mail-from", required_argument, NULL, CHECK_MAIL_FROM},                                   \
        {"rcpt", required_argument, NULL, CHECK_RCPT},                                             \
        {"resolver", required_argument, NULL, CHECK_RESOLVER},                                     \
        {"zone", required_argument, NULL, CHECK_ZONE},                                             \
        {"timeout", required_argument, NULL, CHECK_TIMEOUT},                                       \
        {"trust-anchor", required_argument, NULL, CHECK_ANCHOR},                                   \
        {"authserv-id", required_argument, NULL, CHECK_AUTHSERV_ID},                               \
        {"trust-sealer", required_argument, NULL, CHECK_SEALER},                                   \
        {"policy", required_argument, NULL, CHECK_POLICY},                                         \
        {"dmarc-discovery", required_argument, NULL, CHECK_DISCOVERY},                             \
    {                                                                                              \
        "accept-l-tag", no_argument, NULL, CHECK_L_TAG                                             \
    }

/* Their lines in `mailproof help`. */
#define CHECK_HELP                                                                                 \
    "Envelope (for messages that bring none of their own):\n"                                      \
    "  --ip ADDRESS            address of the client that delivered the message\n"                 \
    "  --helo NAME             its HELO or EHLO name\n"                                            \
    "  --mail-from ADDRESS     reverse-path; \"\" or \"<>\" is the null sender\n"                  \
    "  --rcpt ADDRESS          recipient; may be repeated\n"                                       \
    "Answers:\n"                                                                                   \
    "  --resolver HOST[:PORT]  ask this DNS server instead of those of /etc/resolv.conf\n"         \
    "  --zone FILE             answer from this zone file, nothing from the network; repeatable\n" \
    "  --timeout SECONDS       deadline for one message (default 20)\n"                            \
    "  --trust-anchor FILE     DNSSEC root key: validate answers with it\n"                        \
    "Judgement:\n"                                                                                 \
    "  --authserv-id ID        our name in Authentication-Results (default: host name)\n"          \
    "  --trust-sealer DOMAIN   believe ARC chains of this forwarder; repeatable\n"                 \
    "  --policy FILE           YAML policy\n"                                                      \
    "  --dmarc-discovery WORD  tree-walk (RFC 9989, default) or psl (RFC 7489)\n"                  \
    "  --accept-l-tag          let a DKIM l= with an unsigned tail pass (not recommended)\n"

void check_options_init(struct check_options *c, const char *command);
void check_options_clear(struct check_options *c);

/* Take one option with CHECK_IP <= option < CHECK_LAST. An exit code; EXIT_PASSED goes on. */
int check_options_set(struct check_options *c, int option, const char *arg);

/* After the last option: defaults of policy and machine, and the resolver when no zone was given.
 * An exit code. */
int check_options_open(struct check_options *c);

#endif
