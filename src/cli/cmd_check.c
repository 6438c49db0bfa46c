/* `mailproof check`: suites as a plugin of Nagios, Icinga and their kin: one line, four states. */
#include <stdlib.h>
#include <string.h>

#include "cli/suite_options.h"

const char check_help[] =
    "Runs SUITE files as a monitoring plugin: one line with performance data; the exit code is "
    "the\n"
    "state: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (also for mistakes in a suite).\n"
    "  --nagios                that form (the default and so far the only one)\n"
    "  -w, --warning TIME      a delivery, or a case without one, that takes longer is a WARNING\n"
    "  -c, --critical TIME     is CRITICAL; 10 and 10s are seconds\n" SUITE_HELP;

enum { NAGIOS_CRITICAL = 2, NAGIOS_UNKNOWN = 3, CHECK_TOLD_MAX = 4096 };

enum option_id { OPT_NAGIOS = SUITE_OPT_LAST };

static const struct option long_options[] = {SUITE_LONG_OPTIONS,
                                             {"nagios", no_argument, NULL, OPT_NAGIOS},
                                             {"warning", required_argument, NULL, 'w'},
                                             {"critical", required_argument, NULL, 'c'},
                                             {NULL, 0, NULL, 0}};

struct check_command {
    struct suite_command suite;
    struct suite_results results[SUITE_COMMAND_MAX_FILES];
};

static int set_option(struct suite_command *c, int option, const char *arg)
{
    option = option == 'j' ? SUITE_OPT_JOBS : option;
    if (suite_option_has(option))
        return suite_option_set(c, option, arg);
    if (option == OPT_NAGIOS)
        return EXIT_PASSED;
    if (!parse_duration(arg, option == 'w' ? &c->run.warn_ms : &c->run.crit_ms))
        return usage_error("check", "-%c %s: expected a time like 10, 10s, 2m", option, arg);
    return EXIT_PASSED;
}

static int parse_options(struct suite_command *c, int argc, char **argv)
{
    int code = EXIT_PASSED;
    for (int o;
         code == EXIT_PASSED && (o = getopt_long(argc, argv, ":j:w:c:", long_options, NULL)) != -1;)
        code = o == '?' || o == ':' ? bad_option("check", o, argv) : set_option(c, o, optarg);
    if (code == EXIT_PASSED && c->run.warn_ms > 0 && c->run.crit_ms > 0 &&
        c->run.warn_ms > c->run.crit_ms)
        return usage_error("check", "-w is longer than -c");
    return code;
}

static int tell_unknown(const char *why)
{
    printf("MAILFLOW UNKNOWN - %s\n", why);
    return NAGIOS_UNKNOWN;
}

/* Monitors show the first line of standard output: the first mistake stands there. */
static int tell_mistake(const char *told)
{
    struct str rest = str_from(told), first = str_cut(&rest, '\n');
    printf("MAILFLOW UNKNOWN - ");
    for (size_t i = 0; i < first.n; i++)
        putchar(first.p[i] == '|' ? '/' : first.p[i]);
    printf("\n%.*s", STR_ARG(rest));
    return NAGIOS_UNKNOWN;
}

static int read_suites(struct suite_command *c, int n, char **files)
{
    char *told = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&told, &size);
    int code = f == NULL ? EXIT_UNDECIDED : suite_command_read(c, n, files, f);
    if (f != NULL)
        fclose(f);
    if (code != EXIT_PASSED)
        code = tell_mistake(told != NULL && size > 0 ? told : "no memory");
    free(told);
    return code;
}

/* All subjects live until the one line is written. */
static int run_all(struct check_command *c)
{
    struct suite_command *s = &c->suite;
    struct subject *subjects = calloc(s->n_cases + 1, sizeof *subjects);
    struct buf line;
    size_t n = 0, skipped = 0;
    bool failed = subjects == NULL;
    buf_init(&line, SUBJECT_REPORT_MAX_BYTES);
    for (size_t i = 0; subjects != NULL && i < s->n_suites; i++) {
        struct mp_err err = {0};
        if (suite_run(&s->suites[i], &s->world, &s->run, &c->results[i], &err) != MP_OK)
            failed = report_failure("check", &err) != EXIT_PASSED;
        skipped += c->results[i].skipped;
        for (size_t k = 0; k < c->results[i].n; k++)
            suite_subject(&c->results[i].items[k], &subjects[n++]);
    }
    int code = subjects == NULL ? NAGIOS_UNKNOWN : report_nagios(&line, subjects, n, SEV_HIGH);
    if (code != NAGIOS_CRITICAL && (failed || skipped == n))
        code = tell_unknown(failed ? "not every suite could be run"
                                   : "every case is skipped: nothing was tested");
    else if (line.failed)
        code = tell_unknown("no memory");
    else if (line.n > 0)
        fwrite(line.p, 1, line.n, stdout);
    for (size_t i = 0; i < s->n_suites; i++)
        suite_results_clear(&c->results[i]);
    buf_clear(&line);
    free(subjects);
    return code;
}

int cmd_check(int argc, char **argv)
{
    struct check_command *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NAGIOS_UNKNOWN;
    suite_command_init(&c->suite, "check");
    int code = parse_options(&c->suite, argc, argv) == EXIT_PASSED
                   ? EXIT_PASSED
                   : tell_unknown("wrong usage: see mailproof check --help");
    if (code == EXIT_PASSED)
        code = read_suites(&c->suite, argc - optind, argv + optind);
    if (code == EXIT_PASSED && suite_command_open(&c->suite) != EXIT_PASSED)
        code = tell_unknown("it could not begin");
    if (code == EXIT_PASSED) {
        suite_command_catch(&c->suite);
        code = run_all(c);
    }
    suite_command_clear(&c->suite);
    free(c);
    return code;
}
