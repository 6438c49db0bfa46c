/* `mailproof run`: suites of flow tests, one after the other, and their results in any format. */
#include <stdlib.h>
#include <string.h>

#include "cli/run_outputs.h"

const char run_help[] =
    "Runs the tests of SUITE files (docs/suites.md): sends, waits, asks, audits; says what was not "
    "as\n"
    "expected, and where the suite says so. Nothing is sent outside what a suite "
    "allows.\n" SUITE_HELP "What is done:\n"
    "  --dry-run               show the plan and every address it would touch; connect to nothing\n"
    "  --transcript DIR        every conversation and what arrived, secrets masked, a file each\n"
    "Results (several at once; - is standard output):\n"
    "  --junit FILE            JUnit XML\n"
    "  --sarif FILE            SARIF 2.1.0\n"
    "  --tap FILE              TAP 14\n"
    "  --json FILE             an array of documents mailproof/run/1\n"
    "  --jsonl FILE            the same, one a line\n"
    "  --markdown FILE         a table\n"
    "  --textfile FILE         metrics for node_exporter, written whole, renamed into place\n"
    "  --github                annotations; with GITHUB_ACTIONS=true by themselves, and the "
    "summary\n"
    "                          of the step\n"
    "  -v, --verbose           also every check that passed, and conversations\n"
    "  -q, --quiet             no progress on the terminal\n"
    "  --color WHEN            auto (default), always, never\n"
    "  --exit WORD             exit codes as sysexits or nagios have them\n";

enum option_id {
    OPT_DRY_RUN = SUITE_OPT_LAST,
    OPT_TRANSCRIPT,
    OPT_JUNIT,
    OPT_SARIF,
    OPT_TAP,
    OPT_JSON,
    OPT_JSONL,
    OPT_MARKDOWN,
    OPT_TEXTFILE,
    OPT_GITHUB,
    OPT_COLOUR
};

static const struct option long_options[] = {SUITE_LONG_OPTIONS,
                                             {"dry-run", no_argument, NULL, OPT_DRY_RUN},
                                             {"transcript", required_argument, NULL,
                                              OPT_TRANSCRIPT},
                                             {"junit", required_argument, NULL, OPT_JUNIT},
                                             {"sarif", required_argument, NULL, OPT_SARIF},
                                             {"tap", required_argument, NULL, OPT_TAP},
                                             {"json", required_argument, NULL, OPT_JSON},
                                             {"jsonl", required_argument, NULL, OPT_JSONL},
                                             {"markdown", required_argument, NULL, OPT_MARKDOWN},
                                             {"textfile", required_argument, NULL, OPT_TEXTFILE},
                                             {"github", no_argument, NULL, OPT_GITHUB},
                                             {"verbose", no_argument, NULL, 'v'},
                                             {"quiet", no_argument, NULL, 'q'},
                                             {"color", required_argument, NULL, OPT_COLOUR},
                                             {"colour", required_argument, NULL, OPT_COLOUR},
                                             {"exit", required_argument, NULL, SUBJECT_EXIT},
                                             {NULL, 0, NULL, 0}};

struct run_command {
    struct suite_command suite;
    struct run_outputs outputs;
    bool dry_run;
};

static bool format_of(int option, enum report_format *out)
{
    static const struct {
        int option;
        enum report_format format;
    } rows[] = {{OPT_JUNIT, REPORT_JUNIT},
                {OPT_SARIF, REPORT_SARIF},
                {OPT_TAP, REPORT_TAP},
                {OPT_JSON, REPORT_JSON},
                {OPT_JSONL, REPORT_JSONL},
                {OPT_MARKDOWN, REPORT_MARKDOWN},
                {OPT_TEXTFILE, REPORT_PROMETHEUS}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].option != option)
            continue;
        *out = rows[i].format;
        return true;
    }
    return false;
}

static int set_option(struct run_command *c, int option, const char *arg)
{
    struct run_outputs *o = &c->outputs;
    enum report_format format;
    option = option == 'j' ? SUITE_OPT_JOBS : option;
    if (suite_option_has(option))
        return suite_option_set(&c->suite, option, arg);
    if (format_of(option, &format))
        return run_outputs_want(o, format, arg);
    switch (option) {
    case OPT_DRY_RUN:
        c->dry_run = true;
        break;
    case OPT_TRANSCRIPT:
        o->transcripts = arg;
        break;
    case OPT_GITHUB:
        o->github = true;
        break;
    case OPT_COLOUR:
        o->colour = arg;
        break;
    case 'q':
        o->quiet = true;
        break;
    default:
        o->verbose = true;
        break;
    }
    return EXIT_PASSED;
}

static int parse_options(struct run_command *c, int argc, char **argv)
{
    int code = EXIT_PASSED;
    for (int o;
         code == EXIT_PASSED && (o = getopt_long(argc, argv, ":j:vq", long_options, NULL)) != -1;)
        code = o == '?' || o == ':' ? bad_option("run", o, argv) : set_option(c, o, optarg);
    return code;
}

/* A failed case outweighs an error of ours, and that outweighs doubt. */
static int graver(int a, int b)
{
    static const int weight[] = {0, 3, 2, 1};
    return weight[b] > weight[a] ? b : a;
}

static int run_all(struct run_command *c)
{
    struct suite_command *s = &c->suite;
    size_t n = 0, skipped = 0;
    int code = EXIT_PASSED;
    s->run.transcripts = c->outputs.verbose || c->outputs.transcripts != NULL;
    s->run.done = run_outputs_done;
    s->run.progress = run_outputs_progress;
    s->run.ctx = &c->outputs;
    for (size_t i = 0; i < s->n_suites; i++) {
        struct suite_results results;
        struct mp_err err = {0};
        int st = suite_run(&s->suites[i], &s->world, &s->run, &results, &err);
        code = graver(code, st == MP_OK ? suite_exit_code(&results) : report_failure("run", &err));
        n += results.n;
        skipped += results.skipped;
        suite_results_clear(&results);
    }
    if (code != EXIT_PASSED || skipped < n)
        return code;
    fprintf(stderr, "mailproof run: every case is skipped: nothing was tested\n");
    return EXIT_UNDECIDED;
}

static int run(struct run_command *c)
{
    int code = suite_command_open(&c->suite);
    if (code == EXIT_PASSED)
        code = run_outputs_open(&c->outputs, &c->suite);
    if (code == EXIT_PASSED) {
        suite_command_catch(&c->suite);
        code = run_all(c);
    }
    return run_outputs_close(&c->outputs, code);
}

int cmd_run(int argc, char **argv)
{
    struct run_command *c = calloc(1, sizeof *c);
    if (c == NULL)
        return usage_error("run", "no memory");
    suite_command_init(&c->suite, "run");
    c->outputs.colour = "auto";
    int code = parse_options(c, argc, argv);
    c->suite.read.unset_allowed = c->dry_run;
    if (code == EXIT_PASSED)
        code = suite_command_read(&c->suite, argc - optind, argv + optind, stderr);
    if (code == EXIT_PASSED)
        code = c->dry_run ? run_plan_write(&c->suite, stdout) : run(c);
    code = exit_styled(c->suite.common.exit_style, code);
    suite_command_clear(&c->suite);
    free(c);
    return code;
}
