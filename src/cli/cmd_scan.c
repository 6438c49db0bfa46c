/* `mailproof scan`: options into a scan, and its totals into an exit code. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/check_options.h"
#include "cli/intel_options.h"
#include "cli/scan_content.h"
#include "run/scan.h"

enum { NETWORK_JOBS = 16 };

const char scan_help[] = CHECK_HELP
    "  --only LIST             of auth,content,intel: what to check (default all)\n"
    "  --fail-on SEVERITY      info, low, medium, high (default), critical\n"
    "  --envelope-from-headers take the envelope from the topmost Received field with a public\n"
    "                          address and from Return-Path: for mail your own servers received\n"
    "  --time TIME             check as of then: Unix seconds, 2026-11-23T19:00:00Z, now, or\n"
    "                          received (each message's topmost Received field)\n"
    "Content:\n" CONTENT_SCAN_HELP "Threat intelligence:\n" INTEL_SCAN_HELP "Input and output:\n"
    "  --format FORMAT         text (default), json, jsonl, sarif, junit, tap, github,\n"
    "                          markdown\n"
    "  -o, --output FILE       write the report there\n"
    "  -v, --verbose           text: the SPF tree with costs, every signature, DNS answers\n"
    "  --color WHEN            auto (default), always, never\n"
    "  --jobs N                messages at a time (default: one a processor, 16 with a resolver)\n"
    "  --batch FILE            a JSON object a line: file, ip, helo, mail_from, rcpt_to, time\n"
    "  --mbox, --eml           take each file as an mbox, or as one message, whatever it looks "
    "like\n"
    "  --write-message FILE    the message with forged Authentication-Results removed, ours added\n"
    "  --record FILE.world     everything needed to replay this case with `mailproof scan`\n"
    "  --exit WORD             exit codes as sysexits or nagios have them\n";

enum option_id {
    OPT_FROM_HEADERS = CHECK_LAST,
    OPT_TIME,
    OPT_ONLY,
    OPT_FAIL_ON,
    OPT_FORMAT,
    OPT_COLOUR,
    OPT_JOBS,
    OPT_BATCH,
    OPT_MBOX,
    OPT_EML,
    OPT_WRITE_MESSAGE,
    OPT_RECORD,
    OPT_EXIT
};

static const struct option long_options[] = {
    CHECK_LONG_OPTIONS,
    {"envelope-from-headers", no_argument, NULL, OPT_FROM_HEADERS},
    {"time", required_argument, NULL, OPT_TIME},
    {"only", required_argument, NULL, OPT_ONLY},
    CONTENT_LONG_OPTIONS,
    {"own-domain", required_argument, NULL, CONTENT_OWN_DOMAIN},
    {"extract", required_argument, NULL, CONTENT_EXTRACT},
    INTEL_LONG_OPTIONS,
    {"require-intel", no_argument, NULL, INTEL_REQUIRE},
    {"fail-on", required_argument, NULL, OPT_FAIL_ON},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"output", required_argument, NULL, 'o'},
    {"verbose", no_argument, NULL, 'v'},
    {"color", required_argument, NULL, OPT_COLOUR},
    {"colour", required_argument, NULL, OPT_COLOUR},
    {"jobs", required_argument, NULL, OPT_JOBS},
    {"batch", required_argument, NULL, OPT_BATCH},
    {"mbox", no_argument, NULL, OPT_MBOX},
    {"eml", no_argument, NULL, OPT_EML},
    {"write-message", required_argument, NULL, OPT_WRITE_MESSAGE},
    {"record", required_argument, NULL, OPT_RECORD},
    {"exit", required_argument, NULL, OPT_EXIT},
    {NULL, 0, NULL, 0}};

struct scan_command {
    struct check_options check;
    struct content_options content;
    struct scan_content opened;
    struct intel_options intel;
    struct intel_source known;
    bool skip_auth, skip_content, skip_intel, want_intel;
    struct scan_options options;
    enum input_form form;
    enum exit_style exit_style;
    const char *batch, *output, *colour;
};

static int set_time(struct scan_command *c, const char *text)
{
    if (strcmp(text, "received") == 0) {
        c->options.clock = SCAN_CLOCK_RECEIVED;
        return EXIT_PASSED;
    }
    c->options.clock = SCAN_CLOCK_FIXED;
    return parse_time_option(text, &c->options.time_s)
               ? EXIT_PASSED
               : usage_error("scan",
                             "--time %s: expected Unix seconds, 2026-11-23T19:00:00Z, now or "
                             "received",
                             text);
}

static int set_format(struct scan_command *c, const char *arg)
{
    enum report_format *f = &c->options.report.format;
    return report_format_by_name(str_from(arg), f) && *f != REPORT_PROMETHEUS
               ? EXIT_PASSED
               : usage_error("scan",
                             "--format %s: expected text, json, jsonl, sarif, junit, tap, github "
                             "or markdown",
                             arg);
}

static int set_jobs(struct scan_command *c, const char *arg)
{
    uint64_t n;
    if (!str_to_u64(str_from(arg), SCAN_MAX_JOBS, &n) || n == 0)
        return usage_error("scan", "--jobs %s: expected 1 to %d", arg, SCAN_MAX_JOBS);
    c->options.jobs = (unsigned)n;
    return EXIT_PASSED;
}

static int set_exit_style(struct scan_command *c, const char *arg)
{
    return exit_style_by_name(arg, &c->exit_style)
               ? EXIT_PASSED
               : usage_error("scan", "--exit %s: expected sysexits or nagios", arg);
}

static int set_only(struct scan_command *c, const char *arg)
{
    struct str rest = str_from(arg);
    c->skip_auth = c->skip_content = true;
    while (rest.p != NULL) {
        struct str word = str_cut(&rest, ',');
        if (str_eq(word, STR("auth")))
            c->skip_auth = false;
        else if (str_eq(word, STR("content")))
            c->skip_content = false;
        else if (str_eq(word, STR("intel")))
            c->want_intel = true;
        else
            return usage_error("scan",
                               "--only %s: expected one of auth, content, intel, or several with "
                               "commas between",
                               arg);
    }
    c->skip_intel = !c->want_intel;
    return EXIT_PASSED;
}

static int set_fail_on(struct scan_command *c, const char *arg)
{
    if (!severity_by_name(str_from(arg), &c->options.report.fail_on))
        return usage_error("scan", "--fail-on %s: expected info, low, medium, high or critical",
                           arg);
    return EXIT_PASSED;
}

static int set_option(struct scan_command *c, int option, const char *arg)
{
    if (option >= CHECK_IP && option < CHECK_LAST)
        return check_options_set(&c->check, option, arg);
    if (option >= CONTENT_CLAMD && option < CONTENT_LAST)
        return content_options_set(&c->content, option, arg);
    if (option >= INTEL_STORE && option < INTEL_LAST)
        return intel_options_set(&c->intel, option, arg);
    switch (option) {
    case OPT_TIME:
        return set_time(c, arg);
    case OPT_FORMAT:
        return set_format(c, arg);
    case OPT_JOBS:
        return set_jobs(c, arg);
    case OPT_EXIT:
        return set_exit_style(c, arg);
    case OPT_ONLY:
        return set_only(c, arg);
    case OPT_FAIL_ON:
        return set_fail_on(c, arg);
    case OPT_FROM_HEADERS:
        c->options.envelope_from_headers = true;
        break;
    case OPT_MBOX:
        c->form = INPUT_MBOX;
        break;
    case OPT_EML:
        c->form = INPUT_MESSAGE;
        break;
    case OPT_BATCH:
        c->batch = arg;
        break;
    case OPT_WRITE_MESSAGE:
        c->options.rewrite_path = arg;
        break;
    case OPT_RECORD:
        c->options.record_path = arg;
        break;
    case OPT_COLOUR:
        c->colour = arg;
        break;
    case 'o':
        c->output = arg;
        break;
    case 'v':
        c->options.report.verbose = true;
        break;
    default:
        return EXIT_USAGE_ERROR; /* every option of the table has its case */
    }
    return EXIT_PASSED;
}

static int parse_options(struct scan_command *c, int argc, char **argv)
{
    int code = EXIT_PASSED;
    for (int o;
         code == EXIT_PASSED && (o = getopt_long(argc, argv, ":o:v", long_options, NULL)) != -1;)
        code = o == '?' || o == ':' ? bad_option("scan", o, argv) : set_option(c, o, optarg);
    return code;
}

static int open_streams(struct scan_command *c)
{
    bool valid;
    c->options.out = c->output == NULL ? stdout : fopen(c->output, "we");
    if (c->options.out == NULL)
        return usage_error("scan", "%s: %s", c->output, strerror(errno));
    c->options.report.colour = want_colour(c->colour, c->options.out, &valid);
    if (!valid)
        return usage_error("scan", "--color %s: expected auto, always or never", c->colour);
    c->options.report.width = terminal_width(c->options.out);
    if (isatty(STDERR_FILENO) && !isatty(fileno(c->options.out)))
        c->options.progress = stderr; /* on the same terminal the reports are the progress */
    return EXIT_PASSED;
}

static int open_inputs(struct scan_command *c, int argc, char **argv, struct inputs **out)
{
    struct mp_err err = {0};
    int st;
    if (c->batch != NULL && argc > 0)
        return usage_error("scan", "--batch takes its files from the list: leave out '%s'",
                           argv[0]);
    if (c->batch == NULL && argc == 0)
        return usage_error("scan",
                           "nothing to scan: name a file, a directory, or - for standard input");
    if (c->batch != NULL)
        st = inputs_batch(c->batch, out, &err);
    else
        st = inputs_new((const char *const *)argv, (size_t)argc, c->form, out, &err);
    return st == MP_OK ? EXIT_PASSED : report_failure("scan", &err);
}

static unsigned default_jobs(const struct scan_command *c)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    if (c->check.source.zone == NULL)
        return NETWORK_JOBS; /* they wait for DNS most of the time */
    return cpus < 1 ? 1 : (unsigned)cpus;
}

/* Who looks into the mails, unless only authentication is asked for. */
static int open_content(struct scan_command *c)
{
    int code = content_options_open(&c->content);
    if (code == EXIT_PASSED)
        code = scan_content_open(&c->opened, &c->content, 0);
    if (code != EXIT_PASSED)
        return code;
    c->options.config.content = &c->opened.settings;
    c->options.source.scanners = &c->opened.scanners;
    c->options.extract_dir = c->content.extract_dir;
    return EXIT_PASSED;
}

/* Who knows something of the mails. With a zone file nothing is asked of the network. */
static int open_intel(struct scan_command *c)
{
    struct intel_options *o = &c->intel;
    if (c->skip_intel && o->require)
        return usage_error("scan", "--require-intel: --only leaves intelligence out; name it there "
                                   "too, as in --only auth,intel");
    int code = c->skip_intel ? EXIT_PASSED : intel_options_read(o);
    if (code != EXIT_PASSED || c->skip_intel)
        return code;
    if (c->check.source.zone != NULL)
        for (size_t i = 0; i < SERVICE_COUNT; i++)
            o->config.services[i].enabled = false;
    code = intel_options_open(o, c->content.own_domains, c->content.n_own_domains, &c->known);
    if (code != EXIT_PASSED)
        return code;
    if (intel_source_is_any(&c->known))
        return EXIT_PASSED;
    c->skip_intel = true;
    return o->require || c->want_intel ? intel_options_nobody(o) : EXIT_PASSED;
}

/* What the jobs do, after all that they need is open. */
static void set_config(struct scan_command *c)
{
    c->options.config = (struct job_config){.auth = c->check.auth,
                                            .policy = &c->check.policy,
                                            .skip_auth = c->skip_auth};
    c->options.source = c->check.source;
    c->options.envelope = c->check.envelope;
    if (c->skip_intel)
        return;
    c->options.config.intel = &c->known.settings;
    c->options.config.only_facts = c->skip_content;
    c->options.source.intel = &c->known;
}

static int scan_all(struct scan_command *c, struct inputs *inputs)
{
    struct mp_err err = {0};
    struct scan_totals totals = {0};
    int code = open_intel(c);
    if (code != EXIT_PASSED)
        return code;
    c->check.no_dns = c->skip_auth && c->known.settings.dns_lists == NULL;
    code = check_options_open(&c->check);
    if (code != EXIT_PASSED)
        return code;
    set_config(c);
    if (!c->skip_content || !c->skip_intel)
        code = open_content(c);
    if (code != EXIT_PASSED)
        return code;
    if (c->options.jobs == 0)
        c->options.jobs = inputs_single(inputs) ? 1 : default_jobs(c);
    if (scan_run(&c->options, inputs, &totals, &err) != MP_OK)
        return report_failure("scan", &err);
    return scan_exit_code(&totals);
}

int cmd_scan(int argc, char **argv)
{
    struct scan_command *c = calloc(1, sizeof *c);
    struct inputs *inputs = NULL;
    if (c == NULL)
        return usage_error("scan", "no memory");
    check_options_init(&c->check, "scan");
    content_options_init(&c->content, "scan");
    intel_options_init(&c->intel, "scan");
    c->options.report.fail_on = SEV_HIGH;
    c->colour = "auto";
    int code = parse_options(c, argc, argv);
    if (code == EXIT_PASSED)
        code = open_inputs(c, argc - optind, argv + optind, &inputs);
    if (code == EXIT_PASSED)
        code = open_streams(c);
    if (code == EXIT_PASSED)
        code = scan_all(c, inputs);
    code = exit_styled(c->exit_style, code);
    inputs_free(inputs);
    scan_content_clear(&c->opened);
    content_options_clear(&c->content);
    intel_source_clear(&c->known);
    intel_options_clear(&c->intel);
    check_options_clear(&c->check);
    if (c->output != NULL && c->options.out != NULL)
        fclose(c->options.out);
    free(c);
    return code;
}
