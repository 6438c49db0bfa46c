/* The options that run and check share: which cases of which suites, and what the machine brings.
 */
#ifndef MP_CLI_SUITE_OPTIONS_H
#define MP_CLI_SUITE_OPTIONS_H

#include "cli/subject_options.h"
#include "suite/runner.h"

enum { SUITE_COMMAND_MAX_FILES = 100, SUITE_COMMAND_MAX_VARS = 100, SUITE_ENV_MAX_BYTES = 1 << 20 };

enum suite_option_id {
    SUITE_OPT_ENV = SUBJECT_LAST,
    SUITE_OPT_VAR,
    SUITE_OPT_ONLY,
    SUITE_OPT_JOBS,
    SUITE_OPT_FAIL_FAST,
    SUITE_OPT_STATE,
    SUITE_OPT_HELO,
    SUITE_OPT_SMTP_PORT,
    SUITE_OPT_AUTHSERV_ID,
    SUITE_OPT_LAST
};

#define SUITE_LONG_OPTIONS                                                                         \
    {"env", required_argument, NULL, SUITE_OPT_ENV},                                               \
        {"var", required_argument, NULL, SUITE_OPT_VAR},                                           \
        {"only", required_argument, NULL, SUITE_OPT_ONLY},                                         \
        {"jobs", required_argument, NULL, SUITE_OPT_JOBS},                                         \
        {"fail-fast", no_argument, NULL, SUITE_OPT_FAIL_FAST},                                     \
        {"state", required_argument, NULL, SUITE_OPT_STATE},                                       \
        {"helo", required_argument, NULL, SUITE_OPT_HELO},                                         \
        {"smtp-port", required_argument, NULL, SUITE_OPT_SMTP_PORT},                               \
        {"authserv-id", required_argument, NULL, SUITE_OPT_AUTHSERV_ID},                           \
        {"resolver", required_argument, NULL, SUBJECT_RESOLVER},                                   \
        {"zone", required_argument, NULL, SUBJECT_ZONE},                                           \
        {"trust-anchor", required_argument, NULL, SUBJECT_ANCHOR},                                 \
        {"ca-file", required_argument, NULL, SUBJECT_CA_FILE},                                     \
        {"allow-private", no_argument, NULL, SUBJECT_ALLOW_PRIVATE},                               \
    {                                                                                              \
        "https-port", required_argument, NULL, SUBJECT_HTTPS_PORT                                  \
    }

#define SUITE_HELP                                                                                 \
    "Suites and cases:\n"                                                                          \
    "  --env FILE              values of ${env:NAME}, a NAME=value a line; before the "            \
    "environment\n"                                                                                \
    "  --var NAME=VALUE        this value instead of that in vars; repeatable\n"                   \
    "  --only GLOB             only cases with such a name: '*arrives*'\n"                         \
    "  -j, --jobs N            cases at a time (default 1)\n"                                      \
    "  --fail-fast             what has not begun when a case does not pass is skipped\n"          \
    "  --state DIR             keeps audits between runs, for changed-since-last\n"                \
    "Answers and trust:\n"                                                                         \
    "  --resolver HOST[:PORT]  ask this DNS server instead of those of /etc/resolv.conf\n"         \
    "  --trust-anchor FILE     DNSSEC root key: validate answers with it\n"                        \
    "  --zone FILE             answer from this zone file, no DNS at all; repeatable\n"            \
    "  --ca-file FILE          trust these certificate authorities (PEM), not the system's\n"      \
    "  --helo NAME             our name in EHLO (default: host name)\n"                            \
    "  --authserv-id ID        our name in Authentication-Results (default: host name)\n"          \
    "  --allow-private         private and loopback addresses are no fault in probes and audits\n" \
    "  --https-port PORT, --smtp-port PORT  where policy hosts and MX hosts listen (tests)\n"

struct suite_command {
    struct subject_options common;
    struct suite_options read;
    struct buf env;
    struct str vars[SUITE_COMMAND_MAX_VARS];
    struct suite_run_options run;
    struct policy policy;
    struct job_config job_config;
    struct suite_world world;
    struct suite suites[SUITE_COMMAND_MAX_FILES];
    size_t n_suites, n_cases;
};

void suite_command_init(struct suite_command *c, const char *command);
void suite_command_clear(struct suite_command *c);
/* Is it one of ours, or of SUBJECT_*? Then suite_option_set takes it; an exit code. */
bool suite_option_has(int option);
int suite_option_set(struct suite_command *c, int option, const char *arg);
/* Read all suites; every mistake is told on `told`. An exit code: EXIT_USAGE_ERROR when one has
 * mistakes, or there is nothing to run. */
int suite_command_read(struct suite_command *c, int n, char **files, FILE *told);
/* Resolver, TLS, how messages are judged. An exit code. */
int suite_command_open(struct suite_command *c);
/* From now on SIGINT and SIGTERM stop the run: what has not begun is undecided. A second one ends
 * us. */
void suite_command_catch(struct suite_command *c);

#endif
