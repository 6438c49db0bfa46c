/* `mailproof serve`: the daemon. The supervisor runs here; its processes are serve_role.c. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "daemon/supervisor.h"

#define CONFIG_DEFAULT "/etc/mailproof/mailproof.yaml"

const char serve_help[] =
    "  -c, --config FILE       the configuration (default " CONFIG_DEFAULT ")\n"
    "  --check-config          read it, check what it names, and start nothing\n"
    "SIGHUP reloads the configuration, SIGTERM ends when what is on its way has ended.\n"
    "It stays in the foreground and logs to standard error: mailproof.yaml(5), docs/serve.md.\n";

enum { OPT_CHECK = 256, WARNINGS_MAX_BYTES = 256 * 1024 };

static const struct option long_options[] = {{"config", required_argument, NULL, 'c'},
                                             {"check-config", no_argument, NULL, OPT_CHECK},
                                             {NULL, 0, NULL, 0}};

static int check(const char *path)
{
    struct mp_err err = {0};
    struct buf warnings;
    buf_init(&warnings, WARNINGS_MAX_BYTES);
    int st = supervisor_check(path, &warnings, &err);
    for (struct str left = buf_str(&warnings), line; left.n > 0;) {
        line = str_cut(&left, '\n');
        fprintf(stderr, "mailproof: serve: warning: " STR_FMT "\n", STR_ARG(line));
    }
    buf_clear(&warnings);
    if (st != MP_OK)
        return report_failure("serve", &err);
    printf("%s: no mistakes found\n", path);
    return EXIT_PASSED;
}

int cmd_serve(int argc, char **argv)
{
    const char *given = CONFIG_DEFAULT;
    bool only_check = false;
    for (int o; (o = getopt_long(argc, argv, ":c:", long_options, NULL)) != -1;)
        switch (o) {
        case 'c':
            given = optarg;
            break;
        case OPT_CHECK:
            only_check = true;
            break;
        default:
            return bad_option("serve", o, argv);
        }
    if (optind < argc)
        return usage_error("serve", "'%s': it takes options only", argv[optind]);
    char *path = realpath(given, NULL); /* files in it stand beside it */
    if (path == NULL)
        return usage_error("serve", "%s: %s", given, strerror(errno));
    int code = only_check ? check(path)
                          : supervisor_run(&(struct supervisor_options){path, SERVE_ROLE_COMMAND});
    free(path);
    if (!only_check)
        _exit(code); /* it is confined by now: see serve_role.c */
    return code;
}
