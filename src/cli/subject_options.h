/* The options that probe and audit share: answers, TLS, reports, exit codes; and their streams. */
#ifndef MP_CLI_SUBJECT_OPTIONS_H
#define MP_CLI_SUBJECT_OPTIONS_H

#include <getopt.h>

#include "base/arena.h"
#include "base/buf.h"
#include "cli/cli.h"
#include "cli/report_options.h"
#include "io/tls.h"
#include "report/subject.h"
#include "run/run.h"

enum {
    SUBJECT_TIMEOUT_MAX_S = 86400,
    SUBJECT_REPORT_MAX_BYTES = 512 << 20,
    SUBJECT_MAX_TARGETS = 1000,
    SUBJECT_HOST_MAX_BYTES = 256
};

struct subject_options {
    const char *command;
    struct arena arena;
    struct resolver_config resolver;
    struct dns_source source;
    struct tls_settings tls;
    struct tls_client *tls_client; /* after subject_options_open */
    struct str helo;               /* our name; the host name without --helo */
    char host_name[SUBJECT_HOST_MAX_BYTES];
    unsigned deadline_ms; /* 0: the command's default */
    unsigned cert_warn_days, cert_high_days;
    int64_t now_s;
    bool allow_private;
    uint16_t https_port;
    struct report_options report;
    enum exit_style exit_style;
    const char *output, *textfile, *colour;
    bool quiet;     /* no progress */
    bool on_stderr; /* standard output is for something else: there, and only when not passed */
};

enum subject_option_id {
    SUBJECT_RESOLVER = 1000,
    SUBJECT_ZONE,
    SUBJECT_ANCHOR,
    SUBJECT_TIMEOUT,
    SUBJECT_CA_FILE,
    SUBJECT_CERT_DAYS,
    SUBJECT_ALLOW_PRIVATE,
    SUBJECT_HTTPS_PORT,
    SUBJECT_TIME,
    SUBJECT_FORMAT,
    SUBJECT_OUTPUT,
    SUBJECT_VERBOSE,
    SUBJECT_COLOUR,
    SUBJECT_TEXTFILE,
    SUBJECT_FAIL_ON,
    SUBJECT_EXIT,
    SUBJECT_LAST
};

#define SUBJECT_LONG_OPTIONS                                                                       \
    {"resolver", required_argument, NULL, SUBJECT_RESOLVER},                                       \
        {"zone", required_argument, NULL, SUBJECT_ZONE},                                           \
        {"trust-anchor", required_argument, NULL, SUBJECT_ANCHOR},                                 \
        {"timeout", required_argument, NULL, SUBJECT_TIMEOUT},                                     \
        {"ca-file", required_argument, NULL, SUBJECT_CA_FILE},                                     \
        {"cert-days", required_argument, NULL, SUBJECT_CERT_DAYS},                                 \
        {"allow-private", no_argument, NULL, SUBJECT_ALLOW_PRIVATE},                               \
        {"https-port", required_argument, NULL, SUBJECT_HTTPS_PORT},                               \
        {"time", required_argument, NULL, SUBJECT_TIME}, REPORT_LONG_OPTIONS

#define SUBJECT_ANSWERS_HELP                                                                       \
    "Answers and trust:\n"                                                                         \
    "  --resolver HOST[:PORT]  ask this DNS server instead of those of /etc/resolv.conf\n"         \
    "  --trust-anchor FILE     DNSSEC root key: validate answers with it\n"                        \
    "  --zone FILE             answer from this zone file, no DNS at all; repeatable\n"            \
    "  --ca-file FILE          trust these certificate authorities (PEM), not the system's\n"      \
    "  --cert-days WARN,HIGH   days left of a certificate that are too few (default 21,7)\n"       \
    "  --allow-private         private and loopback addresses are no fault (inner networks)\n"     \
    "  --https-port PORT       where policy hosts listen (tests)\n"                                \
    "  --timeout TIME          deadline over one target: 30, 30s, 5m (default 60s)\n"              \
    "  --time TIME             judge certificates as of then\n"

#define SUBJECT_OUTPUT_HELP "Output:\n" SUBJECT_FORMATS_HELP
#define SUBJECT_FORMATS_HELP                                                                       \
    "  --fail-on SEVERITY      info, low, medium (or warning), high (default), critical\n"         \
    "  --format FORMAT         text (default), json, jsonl, sarif, junit, tap, github,\n"          \
    "                          markdown, prometheus\n"                                             \
    "  -o, --output FILE       write the report there\n"                                           \
    "  -v, --verbose           text: the details of every step\n"                                  \
    "  --color WHEN            auto (default), always, never\n"                                    \
    "  --textfile FILE         metrics for node_exporter, written whole, renamed into place\n"     \
    "  --exit WORD             sysexits, or nagios: one line with performance data, 0 to 3\n"

void subject_options_init(struct subject_options *s, const char *command);
void subject_options_clear(struct subject_options *s);
/* One option with SUBJECT_RESOLVER <= option < SUBJECT_LAST. An exit code; EXIT_PASSED goes on. */
int subject_options_set(struct subject_options *s, int option, const char *arg);
/* After the last option: resolver (unless a zone was given), TLS, our name. An exit code. */
int subject_options_open(struct subject_options *s);

/* "30", "30s", "500ms", "5m", "1h" into milliseconds; false: none of them, or 0, or too much. */
bool parse_duration(const char *text, unsigned *out_ms);
/* 1 to 65535. */
bool parse_port(const char *text, uint16_t *out);

/* ---- where reports go ---- */

struct subject_outputs {
    const struct subject_options *options;
    FILE *stream;
    struct buf text, metrics;
    struct report *report, *prometheus;
    struct subject *kept; /* with --exit nagios: they must live until the end */
    size_t n_kept;
    int code; /* gravest so far */
    bool progress_shown;
};
int subject_outputs_open(struct subject_outputs *out, const struct subject_options *s,
                         size_t expected);
void subject_outputs_add(struct subject_outputs *out, const struct subject *s);
/* A target that could not be tried at all: usage, memory. */
void subject_outputs_error(struct subject_outputs *out, const char *target,
                           const struct mp_err *err);
/* Ends the streams, writes --textfile; the exit code of the command in the asked style. */
int subject_outputs_close(struct subject_outputs *out);
/* A line on standard error while that is a terminal, instead of the one before; printable, and cut
 * where it would wrap, since then it could not be wiped. False: it is none. */
bool show_progress(struct str text);
/* A line on standard error while it is a terminal; the next report wipes it. */
void subject_progress(void *outputs, const char *text);

#endif
