/* The options of commands that look into mails, and of the doctor: scanners, rules, data. */
#ifndef MP_CLI_CONTENT_OPTIONS_H
#define MP_CLI_CONTENT_OPTIONS_H

#include <getopt.h>

#include "cli/cli.h"
#include "content/lists.h"
#include "io/clamd.h"

enum { CONTENT_MAX_YARA = 100, CONTENT_MAX_OWN_DOMAINS = 100 };

/* What they say. Strings are those of argv. */
struct content_options {
    const char *command;
    const char *clamd[CLAMD_MAX_ADDRESSES], *yara[CONTENT_MAX_YARA];
    const char *own_domains[CONTENT_MAX_OWN_DOMAINS];
    size_t n_clamd, n_yara, n_own_domains;
    const char *data_dir;    /* NULL: the lists that are built in */
    const char *extract_dir; /* NULL: nothing is extracted */
    struct clamd *client;    /* after content_options_open; NULL: none was named */
};

enum content_option_id {
    CONTENT_CLAMD = 2000,
    CONTENT_YARA,
    CONTENT_DATA,
    CONTENT_OWN_DOMAIN, /* not for the doctor, like the next: rows in the table of scan */
    CONTENT_EXTRACT,
    CONTENT_LAST
};

/* For the option table of getopt_long. */
#define CONTENT_LONG_OPTIONS                                                                       \
    {"clamd", required_argument, NULL, CONTENT_CLAMD},                                             \
        {"yara", required_argument, NULL, CONTENT_YARA},                                           \
    {                                                                                              \
        "data", required_argument, NULL, CONTENT_DATA                                              \
    }

#define CONTENT_HELP                                                                               \
    "  --clamd ADDRESS         virus scanner: unix:/path, host:port or [v6]:port; repeatable\n"    \
    "  --yara FILE|DIR         YARA rules, or a folder of *.yar and *.yara; repeatable\n"          \
    "  --data DIR              data lists of yours over those that are built in\n"
#define CONTENT_SCAN_HELP                                                                          \
    CONTENT_HELP                                                                                   \
    "  --own-domain DOMAIN     a domain of yours, and all below it; repeatable\n"                  \
    "  --extract DIR           write what was found in the mail there, under harmless names\n"

void content_options_init(struct content_options *o, const char *command);
void content_options_clear(struct content_options *o);
/* One option with CONTENT_CLAMD <= option < CONTENT_LAST. An exit code; EXIT_PASSED goes on. */
int content_options_set(struct content_options *o, int option, const char *arg);
/* After the last option: the client of clamd, which connects to nothing yet. An exit code. */
int content_options_open(struct content_options *o);
/* The built-in lists with what the options say of them. `arena` as for content_files_lists. */
int content_options_lists(const struct content_options *o, struct arena *arena,
                          struct content_lists **out, struct mp_err *err);

#endif
