/* `mailproof lint`: suites read for their mistakes; nothing is connected to, nothing is sent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/subject_options.h"
#include "cli/suite_outside.h"
#include "suite/lint.h"

enum { LINT_MAX_VARS = 100, LINT_ENV_MAX_BYTES = 1 << 20, LINT_TEXT_MAX_BYTES = 64 << 20 };

const char lint_help[] =
    "What is read:\n"
    "  --env FILE              values of ${env:NAME}, a NAME=value a line; before the "
    "environment\n"
    "  --var NAME=VALUE        this value instead of that in vars; repeatable\n"
    "  --strict                as for a run: references have values, files are there; and what is\n"
    "                          odd fails too\n"
    "  --schema                print the JSON Schema of suites instead\n"
    "Output:\n"
    "  --format FORMAT         text (default: FILE:LINE:COLUMN: what is wrong), json, jsonl, "
    "sarif,\n"
    "                          junit, tap, github, markdown\n"
    "  -o, --output FILE       write the report there\n"
    "  -v, --verbose           text: the cases of each suite\n";

enum option_id { OPT_ENV = SUBJECT_LAST, OPT_VAR, OPT_STRICT, OPT_SCHEMA };

static const struct option long_options[] = {{"env", required_argument, NULL, OPT_ENV},
                                             {"var", required_argument, NULL, OPT_VAR},
                                             {"strict", no_argument, NULL, OPT_STRICT},
                                             {"schema", no_argument, NULL, OPT_SCHEMA},
                                             {"format", required_argument, NULL, SUBJECT_FORMAT},
                                             {"output", required_argument, NULL, SUBJECT_OUTPUT},
                                             {"verbose", no_argument, NULL, SUBJECT_VERBOSE},
                                             {NULL, 0, NULL, 0}};

struct lint_command {
    struct subject_options common;
    struct suite_options read;
    struct str vars[LINT_MAX_VARS];
    struct buf env, text;
    bool schema;
    int code;
};

/* ---- options ---- */

static int set_env(struct lint_command *c, const char *arg)
{
    struct mp_err err = {0};
    if (c->read.env_file != NULL)
        return usage_error("lint", "--env %s: there is one already", arg);
    if (read_whole(arg, LINT_ENV_MAX_BYTES, &c->env, &err) != MP_OK)
        return report_failure("lint", &err);
    c->read.env_file = arg;
    c->read.env_text = buf_str(&c->env);
    return EXIT_PASSED;
}

static int set_var(struct lint_command *c, const char *arg)
{
    size_t equals = str_find(str_from(arg), '=');
    if (equals == 0 || arg[equals] == '\0')
        return usage_error("lint", "--var %s: expected NAME=VALUE", arg);
    if (c->read.n_vars == LINT_MAX_VARS)
        return usage_error("lint", "more than %d --var", LINT_MAX_VARS);
    c->vars[c->read.n_vars++] = str_from(arg);
    return EXIT_PASSED;
}

static int set_option(struct lint_command *c, int option, const char *arg)
{
    switch (option) {
    case OPT_ENV:
        return set_env(c, arg);
    case OPT_VAR:
        return set_var(c, arg);
    case OPT_STRICT:
        c->read.unset_allowed = false;
        c->common.report.fail_on = SEV_LOW;
        return EXIT_PASSED;
    case OPT_SCHEMA:
        c->schema = true;
        return EXIT_PASSED;
    case 'o':
        return subject_options_set(&c->common, SUBJECT_OUTPUT, arg);
    case 'v':
        return subject_options_set(&c->common, SUBJECT_VERBOSE, arg);
    default:
        return subject_options_set(&c->common, option, arg);
    }
}

static int parse_options(struct lint_command *c, int argc, char **argv)
{
    int code = EXIT_PASSED;
    for (int o;
         code == EXIT_PASSED && (o = getopt_long(argc, argv, ":o:v", long_options, NULL)) != -1;)
        code = o == '?' || o == ':' ? bad_option("lint", o, argv) : set_option(c, o, optarg);
    if (code == EXIT_PASSED && c->common.report.format == REPORT_PROMETHEUS)
        return usage_error("lint", "--format prometheus: mistakes are no metrics");
    if (code == EXIT_PASSED && optind == argc && !c->schema)
        return usage_error("lint", "name a suite; `mailproof help lint` lists the options");
    return code;
}

/* ---- one suite ---- */

static bool fails(const struct lint_command *c, const struct suite_lint *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (report_subject_exit_code(&l->subjects[i], c->common.report.fail_on) != EXIT_PASSED)
            return true;
    return false;
}

static void lint_one(struct lint_command *c, const char *file, struct subject_outputs *out)
{
    struct suite_lint l;
    struct mp_err err = {0};
    int st = suite_lint(file, &c->read, &l, &err);
    if (st != MP_OK && out == NULL)
        c->code = report_failure("lint", &err);
    else if (st != MP_OK)
        subject_outputs_error(out, file, &err);
    else if (out == NULL)
        suite_lint_text(&l, c->common.report.verbose, &c->text);
    for (size_t i = 0; st == MP_OK && out != NULL && i < l.n; i++)
        subject_outputs_add(out, &l.subjects[i]);
    if (st == MP_OK && out == NULL && fails(c, &l) && c->code != EXIT_USAGE_ERROR)
        c->code = EXIT_FAILED;
    suite_lint_clear(&l);
}

static int lint_as_text(struct lint_command *c, int n, char **files)
{
    struct mp_err err = {0};
    for (int i = 0; i < n; i++)
        lint_one(c, files[i], NULL);
    if (c->text.failed)
        return usage_error("lint", "the report could not be written whole");
    if (write_whole(c->common.output, buf_str(&c->text), &err) != MP_OK)
        return report_failure("lint", &err);
    return c->code;
}

/* An array also for one suite: how many mistakes there are is not known before. */
static int lint_as_report(struct lint_command *c, int n, char **files)
{
    struct subject_outputs out;
    int code = subject_outputs_open(&out, &c->common, (size_t)n + 1);
    for (int i = 0; code == EXIT_PASSED && i < n; i++)
        lint_one(c, files[i], &out);
    int closed = subject_outputs_close(&out);
    return code == EXIT_PASSED ? closed : code;
}

static int print_schema(struct lint_command *c)
{
    struct mp_err err = {0};
    suite_schema(&c->text);
    if (write_whole(c->common.output, buf_str(&c->text), &err) != MP_OK)
        return report_failure("lint", &err);
    return EXIT_PASSED;
}

int cmd_lint(int argc, char **argv)
{
    struct lint_command *c = calloc(1, sizeof *c);
    if (c == NULL)
        return usage_error("lint", "no memory");
    subject_options_init(&c->common, "lint");
    buf_init(&c->env, LINT_ENV_MAX_BYTES);
    buf_init(&c->text, LINT_TEXT_MAX_BYTES);
    c->read =
        (struct suite_options){.outside = &cli_outside, .unset_allowed = true, .vars = c->vars};
    int code = parse_options(c, argc, argv);
    if (code == EXIT_PASSED && c->schema)
        code = print_schema(c);
    else if (code == EXIT_PASSED && c->common.report.format == REPORT_TEXT)
        code = lint_as_text(c, argc - optind, argv + optind);
    else if (code == EXIT_PASSED)
        code = lint_as_report(c, argc - optind, argv + optind);
    if (c->env.p != NULL)
        explicit_bzero(c->env.p, c->env.cap); /* it holds secrets as a rule */
    buf_clear(&c->env);
    buf_clear(&c->text);
    subject_options_clear(&c->common);
    free(c);
    return code;
}
