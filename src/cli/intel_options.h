/* The options of commands that use threat intelligence: the local store, and who is asked. */
#ifndef MP_CLI_INTEL_OPTIONS_H
#define MP_CLI_INTEL_OPTIONS_H

#include <getopt.h>

#include "base/arena.h"
#include "cli/cli.h"
#include "intel/config.h"
#include "run/intel_source.h"

#define INTEL_CONFIG_DEFAULT "/etc/mailproof/intel.yaml"
#define INTEL_STORE_DEFAULT  "/var/lib/mailproof/intel"

enum { INTEL_OPTIONS_BYTES = 256 << 20, INTEL_SECRET_MAX_BYTES = 4096 };

/* What they say, and what was read. Strings are those of argv. */
struct intel_options {
    const char *command;
    const char *store, *config_file; /* NULL: the defaults, when they are there */
    const char *default_store;       /* NULL: INTEL_STORE_DEFAULT */
    bool none;                       /* --intel-store none: nothing is looked up */
    bool require, send_urls;
    struct arena arena;
    struct intel_config config; /* after intel_options_read */
    struct str store_dir;       /* empty: there is none, and nobody wants one */
};

enum intel_option_id {
    INTEL_STORE = 3000,
    INTEL_CONFIG,
    INTEL_SEND_URLS,
    INTEL_REQUIRE, /* of scan alone, a row in its table */
    INTEL_LAST
};

/* For the option table of getopt_long. */
#define INTEL_LONG_OPTIONS                                                                         \
    {"intel-store", required_argument, NULL, INTEL_STORE},                                         \
        {"intel-config", required_argument, NULL, INTEL_CONFIG},                                   \
    {                                                                                              \
        "intel-send-urls", no_argument, NULL, INTEL_SEND_URLS                                      \
    }

#define INTEL_HELP                                                                                 \
    "  --intel-store DIR       the local store of threat feeds (default " INTEL_STORE_DEFAULT      \
    ",\n"                                                                                          \
    "                          when it is there or a feed is enabled); none: look nothing up\n"    \
    "  --intel-config FILE     feeds, DNS lists and services (default\n"                           \
    "                          " INTEL_CONFIG_DEFAULT ", when it is there)\n"                      \
    "  --intel-send-urls       whole links may go to services, not only hosts and hashes\n"
#define INTEL_SCAN_HELP                                                                            \
    INTEL_HELP                                                                                     \
    "  --require-intel         a source that cannot be asked makes the message undecided\n"

void intel_options_init(struct intel_options *o, const char *command);
void intel_options_clear(struct intel_options *o);
/* One option with INTEL_STORE <= option < INTEL_LAST. An exit code; EXIT_PASSED goes on. */
int intel_options_set(struct intel_options *o, int option, const char *arg);
/* After the last option: the built-in configuration and the operator's over it. An exit code. */
int intel_options_read(struct intel_options *o);

/* Then: open what they name, without asking anybody. `own`: domains that are never asked about. An
 * exit code. */
int intel_options_open(struct intel_options *o, const char *const *own, size_t n_own,
                       struct intel_source *out);
/* Nothing that could be asked is there, and it was wanted: tells what to do. An exit code. */
int intel_options_nobody(const struct intel_options *o);

/* An intel_secret_fn: the environment, or the first line of a file. `ctx` is not used. */
bool intel_options_secret(void *ctx, struct arena *arena, const struct intel_secret *s,
                          struct str *out);

#endif
