/* Options of run and check, and the suites that they name. */
#include "cli/suite_options.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "cli/suite_outside.h"
#include "suite/lint.h"

/* ---- options ---- */

void suite_command_init(struct suite_command *c, const char *command)
{
    subject_options_init(&c->common, command);
    buf_init(&c->env, SUITE_ENV_MAX_BYTES);
    c->run.jobs = 1;
    c->read.outside = &cli_outside;
    c->read.vars = c->vars;
    policy_default(&c->policy);
    auth_config_init(&c->job_config.auth);
    c->job_config.policy = &c->policy;
}

void suite_command_clear(struct suite_command *c)
{
    for (size_t i = 0; i < c->n_suites; i++)
        suite_clear(&c->suites[i]);
    if (c->env.p != NULL)
        explicit_bzero(c->env.p, c->env.cap); /* it holds secrets as a rule */
    buf_clear(&c->env);
    subject_options_clear(&c->common);
}

bool suite_option_has(int option)
{
    return option >= SUBJECT_RESOLVER && option < SUITE_OPT_LAST;
}

static int set_env(struct suite_command *c, const char *arg)
{
    struct mp_err err = {0};
    if (c->read.env_file != NULL)
        return usage_error(c->common.command, "--env %s: there is one already", arg);
    if (read_whole(arg, SUITE_ENV_MAX_BYTES, &c->env, &err) != MP_OK)
        return report_failure(c->common.command, &err);
    c->read.env_file = arg;
    c->read.env_text = buf_str(&c->env);
    return EXIT_PASSED;
}

static int set_jobs(struct suite_command *c, const char *arg)
{
    uint64_t n;
    if (!str_to_u64(str_from(arg), SUITE_MAX_JOBS, &n) || n == 0)
        return usage_error(c->common.command, "--jobs %s: expected 1 to %d", arg, SUITE_MAX_JOBS);
    c->run.jobs = (unsigned)n;
    return EXIT_PASSED;
}

/* Each suite that is named must have it. */
static int set_var(struct suite_command *c, const char *arg)
{
    size_t equals = str_find(str_from(arg), '=');
    if (equals == 0 || arg[equals] == '\0')
        return usage_error(c->common.command, "--var %s: expected NAME=VALUE", arg);
    if (c->read.n_vars == SUITE_COMMAND_MAX_VARS)
        return usage_error(c->common.command, "more than %d --var", SUITE_COMMAND_MAX_VARS);
    c->vars[c->read.n_vars++] = str_from(arg);
    return EXIT_PASSED;
}

int suite_option_set(struct suite_command *c, int option, const char *arg)
{
    if (option < SUBJECT_LAST)
        return subject_options_set(&c->common, option, arg);
    switch (option) {
    case SUITE_OPT_ENV:
        return set_env(c, arg);
    case SUITE_OPT_VAR:
        return set_var(c, arg);
    case SUITE_OPT_JOBS:
        return set_jobs(c, arg);
    case SUITE_OPT_ONLY:
        if (strlen(arg) > SUITE_GLOB_MAX)
            return usage_error(c->common.command, "--only: longer than %d bytes", SUITE_GLOB_MAX);
        c->read.only = arg;
        break;
    case SUITE_OPT_FAIL_FAST:
        c->run.fail_fast = true;
        break;
    case SUITE_OPT_STATE:
        c->world.state_dir = arg;
        break;
    case SUITE_OPT_HELO:
        c->common.helo = str_from(arg);
        break;
    case SUITE_OPT_AUTHSERV_ID:
        c->job_config.auth.authserv_id = str_from(arg);
        break;
    default:
        if (!parse_port(arg, &c->world.smtp_port))
            return usage_error(c->common.command, "--smtp-port %s: expected 1 to 65535", arg);
        break;
    }
    return EXIT_PASSED;
}

/* ---- reading ---- */

static void tell_problem(FILE *f, const struct suite_problem *p)
{
    struct buf line;
    buf_init(&line, 1 << 20);
    suite_problem_line(p, &line);
    if (line.n > 0)
        fwrite(line.p, 1, line.n, f);
    buf_clear(&line);
}

static int read_one(struct suite_command *c, const char *file, FILE *told)
{
    struct suite_problems problems;
    struct mp_err err = {0};
    struct suite *s = &c->suites[c->n_suites++];
    int st = suite_read(file, &c->read, s, &problems, &err);
    for (size_t i = 0; i < problems.n; i++)
        tell_problem(told, &problems.items[i]);
    if (problems.cut)
        fprintf(told, "%s: there are more mistakes than are told\n", file);
    if (st != MP_OK && problems.n_errors == 0)
        fprintf(told, "mailproof %s: %s\n", c->common.command, err.text);
    c->n_cases += st == MP_OK ? s->n_cases : 0;
    return st == MP_OK ? EXIT_PASSED : st == MP_E_NOMEM ? EXIT_UNDECIDED : EXIT_USAGE_ERROR;
}

/* Names of suites are class names of JUnit and labels of metrics: two must not be one. */
static int check_names(const struct suite_command *c, FILE *told)
{
    for (size_t i = 0; i < c->n_suites; i++)
        for (size_t k = 0; k < i; k++)
            if (str_eq(c->suites[i].name, c->suites[k].name)) {
                fprintf(told,
                        "mailproof %s: %s and %s are both named '%.*s': give one another 'name'\n",
                        c->common.command, c->suites[k].file, c->suites[i].file,
                        STR_ARG(c->suites[i].name));
                return EXIT_USAGE_ERROR;
            }
    return EXIT_PASSED;
}

int suite_command_read(struct suite_command *c, int n, char **files, FILE *told)
{
    int code = EXIT_PASSED;
    if (n == 0) {
        fprintf(told, "mailproof %s: nothing to run: name a suite\n", c->common.command);
        return EXIT_USAGE_ERROR;
    }
    if (n > SUITE_COMMAND_MAX_FILES) {
        fprintf(told, "mailproof %s: more than %d suites\n", c->common.command,
                SUITE_COMMAND_MAX_FILES);
        return EXIT_USAGE_ERROR;
    }
    for (int i = 0; i < n; i++) {
        int one = read_one(c, files[i], told);
        code = code == EXIT_PASSED ? one : code;
    }
    code = code == EXIT_PASSED ? check_names(c, told) : code;
    if (code == EXIT_PASSED && c->n_cases == 0) {
        fprintf(told, "mailproof %s: no case %s%s%s\n", c->common.command,
                c->read.only == NULL ? "to run" : "has a name like '",
                c->read.only == NULL ? "" : c->read.only, c->read.only == NULL ? "" : "'");
        return EXIT_USAGE_ERROR;
    }
    return code;
}

/* ---- the machine ---- */

int suite_command_open(struct suite_command *c)
{
    struct auth_config *auth = &c->job_config.auth;
    int code = subject_options_open(&c->common);
    if (code != EXIT_PASSED)
        return code;
    if (auth->authserv_id.n == 0)
        auth->authserv_id = c->common.helo;
    auth->receiver = auth->authserv_id;
    c->world.dns = &c->common.source;
    c->world.tls = c->common.tls_client;
    c->world.ca_file = c->common.tls.ca_file;
    c->world.helo = c->common.helo;
    c->world.job_config = &c->job_config;
    c->world.https_port = c->common.https_port;
    c->world.allow_private = c->common.allow_private;
    return EXIT_PASSED;
}

static _Atomic bool stopped;

static void on_signal(int number)
{
    (void)number;
    atomic_store(&stopped, true);
}

void suite_command_catch(struct suite_command *c)
{
    struct sigaction once = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    sigemptyset(&once.sa_mask);
    sigaction(SIGINT, &once, NULL);
    sigaction(SIGTERM, &once, NULL);
    signal(SIGPIPE, SIG_IGN);
    c->run.cancel = &stopped;
}
