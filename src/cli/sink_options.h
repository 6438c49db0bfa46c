/* The options of `mailproof sink`. */
#ifndef MP_CLI_SINK_OPTIONS_H
#define MP_CLI_SINK_OPTIONS_H

#include <getopt.h>

#include "cli/sink_http.h"
#include "sink/sink.h"

enum { SINK_ADDRESS_MAX = 300, SINK_SCRIPT_FILE_MAX = SCRIPT_MAX_BYTES };

enum sink_format { SINK_FORMAT_TEXT, SINK_FORMAT_JSONL, SINK_FORMAT_NONE };

struct sink_command {
    struct sink_listener listeners[SINK_MAX_LISTENERS];
    size_t n_listeners;
    struct sink_config config;
    struct store_config store;
    const char *domain, *script_file, *wait_file;
    enum sink_tls tls; /* of --listen and --lmtp */
    enum sink_format format;
    bool memory, open, quiet;
    char **child; /* NULL: none */
    struct sink_http http;
};

extern const struct option sink_long_options[];
void sink_command_init(struct sink_command *c);
/* One option; an exit code, EXIT_PASSED goes on. */
int sink_option_set(struct sink_command *c, int option, const char *arg);
/* Behind the last: what does not go together. */
int sink_options_check(struct sink_command *c);

#endif
