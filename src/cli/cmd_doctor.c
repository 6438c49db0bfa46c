/* `mailproof doctor`: options into one check of this installation and its peers, and its report. */
#include <stdlib.h>

#include "cli/intel_options.h"
#include "cli/scan_content.h"
#include "cli/subject_options.h"
#include "flow/doctor.h"

const char doctor_help[] =
    "What is looked at (nothing is contacted that is not named here):\n"
    "  --resolver HOST[:PORT]  a DNS server: does it answer\n"
    "  --ask DOMAIN            whose name servers it is asked for (default arpa)\n" CONTENT_HELP
        INTEL_HELP "  --timeout TIME          for each peer: 30, 30s, 500ms (default 10s)\n"
    "Output:\n" SUBJECT_FORMATS_HELP;

enum option_id { OPT_ASK = SUBJECT_LAST };

static const struct option long_options[] = {{"resolver", required_argument, NULL,
                                              SUBJECT_RESOLVER},
                                             {"ask", required_argument, NULL, OPT_ASK},
                                             CONTENT_LONG_OPTIONS,
                                             INTEL_LONG_OPTIONS,
                                             {"timeout", required_argument, NULL, SUBJECT_TIMEOUT},
                                             REPORT_LONG_OPTIONS,
                                             {NULL, 0, NULL, 0}};

struct doctor_command {
    struct subject_options common;
    struct content_options content;
    struct scan_content workers;
    struct intel_options intel;
    struct intel_source known;
    struct intel_checks checks;
    struct doctor_options options;
    struct doctor doctor;
};

static int set_option(struct doctor_command *c, int option, const char *arg)
{
    if (option == 'o' || option == 'v')
        option = option == 'o' ? SUBJECT_OUTPUT : SUBJECT_VERBOSE;
    if (option >= CONTENT_CLAMD && option < CONTENT_LAST)
        return content_options_set(&c->content, option, arg);
    if (option >= INTEL_STORE && option < INTEL_LAST)
        return intel_options_set(&c->intel, option, arg);
    if (option != OPT_ASK)
        return subject_options_set(&c->common, option, arg);
    if (*arg == '\0')
        return usage_error("doctor", "--ask: expected a domain");
    c->options.ask = str_from(arg);
    return EXIT_PASSED;
}

static int parse_options(struct doctor_command *c, int argc, char **argv)
{
    int code = EXIT_PASSED;
    for (int o;
         code == EXIT_PASSED && (o = getopt_long(argc, argv, ":o:v", long_options, NULL)) != -1;)
        code = o == '?' || o == ':' ? bad_option("doctor", o, argv) : set_option(c, o, optarg);
    if (code == EXIT_PASSED && optind < argc)
        return usage_error("doctor", "%s: peers are named by options; `mailproof help doctor`",
                           argv[optind]);
    return code;
}

/* A resolver only when one was named: without its name nobody is asked. */
static int open_peers(struct doctor_command *c)
{
    struct mp_err err = {0};
    struct subject_options *s = &c->common;
    int code = content_options_open(&c->content);
    if (code != EXIT_PASSED)
        return code;
    if (s->deadline_ms != 0)
        c->options.deadline_ms = s->deadline_ms;
    if (s->resolver.server.n > 0) {
        if (s->resolver.timeout_ms > c->options.deadline_ms)
            s->resolver.timeout_ms = c->options.deadline_ms;
        if (resolver_new(&s->resolver, &s->source.resolver, &err) != MP_OK)
            return report_failure("doctor", &err);
        c->options.dns = &s->source;
        c->options.resolver = s->resolver.server;
    }
    if (scan_content_workers(&c->workers, &c->content, 1, &err) != MP_OK)
        return report_failure("doctor", &err);
    c->options.sandbox = c->workers.scanners.sandbox;
    c->options.clamd = c->content.client;
    c->options.yara = c->content.yara;
    c->options.n_yara = c->content.n_yara;
    c->options.data_dir = c->content.data_dir;
    c->options.now_s = s->now_s;
    return EXIT_PASSED;
}

/* The store and the keys; a store that cannot be used is told like wrong usage. */
static int open_intel(struct doctor_command *c)
{
    int code = intel_options_read(&c->intel);
    if (code == EXIT_PASSED)
        code = intel_options_open(&c->intel, NULL, 0, &c->known);
    c->checks =
        (struct intel_checks){.config = &c->intel.config,
                              .source = &c->known,
                              .store_dir = c->intel.store_dir.n > 0 ? c->intel.store_dir.p : NULL,
                              .now_s = c->common.now_s};
    c->options.intel = &c->checks;
    return code;
}

static int look(struct doctor_command *c)
{
    struct subject_outputs out;
    struct subject s;
    struct mp_err err = {0};
    int code = subject_outputs_open(&out, &c->common, 1);
    c->options.progress = subject_progress;
    c->options.progress_ctx = &out;
    if (code == EXIT_PASSED && doctor_run(&c->doctor, &c->options, &err) == MP_OK) {
        doctor_subject(&c->doctor, &s);
        subject_outputs_add(&out, &s);
    } else if (code == EXIT_PASSED) {
        subject_outputs_error(&out, "mailproof", &err);
    }
    int closed = subject_outputs_close(&out);
    doctor_clear(&c->doctor);
    return code == EXIT_PASSED ? closed : code;
}

int cmd_doctor(int argc, char **argv)
{
    struct doctor_command *c = calloc(1, sizeof *c);
    if (c == NULL)
        return usage_error("doctor", "no memory");
    subject_options_init(&c->common, "doctor");
    content_options_init(&c->content, "doctor");
    intel_options_init(&c->intel, "doctor");
    doctor_options_init(&c->options);
    int code = parse_options(c, argc, argv);
    if (code == EXIT_PASSED)
        code = open_peers(c);
    if (code == EXIT_PASSED)
        code = open_intel(c);
    if (code == EXIT_PASSED)
        code = look(c);
    else
        code = exit_styled(c->common.exit_style, code);
    scan_content_clear(&c->workers);
    content_options_clear(&c->content);
    intel_source_clear(&c->known);
    intel_options_clear(&c->intel);
    subject_options_clear(&c->common);
    free(c);
    return code;
}
