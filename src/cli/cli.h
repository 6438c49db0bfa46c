/* What the commands share: the table of commands, options, colours, exit codes. */
#ifndef MP_CLI_CLI_H
#define MP_CLI_CLI_H

#include <stdio.h>

#include "base/err.h"
#include "base/str.h"

enum { EXIT_PASSED = 0, EXIT_FAILED = 1, EXIT_USAGE_ERROR = 2, EXIT_UNDECIDED = 3 };

/* --exit: our codes, or those of the sendmail world, or of monitors. */
enum exit_style { EXIT_STYLE_OWN, EXIT_STYLE_SYSEXITS, EXIT_STYLE_NAGIOS };
bool exit_style_by_name(const char *word, enum exit_style *out);
int exit_styled(enum exit_style style, int code);

/* One command. `run` gets argv with the command's name first and returns an exit code. */
struct command {
    const char *name, *arguments, *summary;
    int (*run)(int argc, char **argv);
    const char *help; /* options, for `mailproof help NAME` */
};

extern const struct command commands[];
extern const size_t n_commands;

int cmd_scan(int argc, char **argv);
int cmd_sign(int argc, char **argv);
int cmd_seal(int argc, char **argv);
int cmd_keygen(int argc, char **argv);
int cmd_probe(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_forge(int argc, char **argv);
int cmd_lint(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_sink(int argc, char **argv);
int cmd_wait(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_intel(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_version(int argc, char **argv);

/* Not in the list: what a sandbox starts (cmd_worker.c, cmd_feed_worker.c, cmd_report_worker.c). */
#define WORKER_COMMAND "sandbox-worker"
int cmd_worker(int argc, char **argv);
#define FEED_WORKER_COMMAND "feed-worker"
int cmd_feed_worker(int argc, char **argv);
#define REPORT_WORKER_COMMAND "report-worker"
int cmd_report_worker(int argc, char **argv);
/* What `mailproof serve` starts (serve_role.c). */
#define SERVE_ROLE_COMMAND "serve-role"
int cmd_serve_role(int argc, char **argv);

extern const char scan_help[], sign_help[], seal_help[], keygen_help[], explain_help[];
extern const char lint_help[], doctor_help[], intel_help[], report_help[];
extern const char serve_help[];
extern const char run_help[], check_help[];
extern const char sink_help[], wait_help[];
extern const char probe_help[], audit_help[], forge_help[];

/* "mailproof scan: <text>" on standard error; returns EXIT_USAGE_ERROR. */
int usage_error(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Rows of a table for getopt_long. */
#define LONG_FLAG(name, id)                                                                        \
    {                                                                                              \
        name, no_argument, NULL, id                                                                \
    }
#define LONG_VALUE(name, id)                                                                       \
    {                                                                                              \
        name, required_argument, NULL, id                                                          \
    }

/* What getopt_long refused ('?' or ':'; the option string begins with ':' so that it is silent). */
int bad_option(const char *command, int option, char **argv);

/* The same for a failure: the error's text, and the exit code that fits its status. */
int report_failure(const char *command, const struct mp_err *err);

/* Colours on this stream? `word` is auto, always or never; NO_COLOR and a dumb terminal say no. */
bool want_colour(const char *word, FILE *stream, bool *valid);
unsigned terminal_width(FILE *stream); /* 0 when it is none */

/* A whole file, or standard input for "-"; heap memory in *out (buf_clear). Up to `max_bytes`. */
struct buf;
int read_whole(const char *path, size_t max_bytes, struct buf *out, struct mp_err *err);

/* Write all of `bytes` to the file, whole or not at all (run/write_file.h), or to standard output
 * for NULL and "-". */
int write_whole(const char *path, struct str bytes, struct mp_err *err);

/* Unix seconds, "now", or "2026-11-23T19:00:00Z". False: none of them. */
bool parse_time_option(const char *text, int64_t *out);

#endif
