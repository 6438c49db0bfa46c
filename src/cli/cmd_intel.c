/* `mailproof intel`: one verb, its options, and what it opens. */
#include <stdlib.h>
#include <string.h>

#include "cli/intel_command.h"

const char intel_help[] =
    "Verbs:\n"
    "  update                  fetch the feeds that are due, and build the store anew\n"
    "  lookup VALUE...         a link, name, address, hash or mail address: who knows it\n"
    "  stats                   how old each feed is, and why; keys and quotas of services\n"
    "  export                  the entries of the store, on standard output\n"
    "Sources:\n" INTEL_HELP "  --resolver HOST[:PORT]  DNS lists are asked through this server\n"
    "  --zone FILE             DNS lists are answered from this zone file; repeatable\n"
    "  --feed NAME             update, export: this feed alone; repeatable\n"
    "  --timeout TIME          lookup: deadline of one value (default 20s); update: of the run\n"
    "  --time TIME             judge ages and expiry as of then\n"
    "Update:\n"
    "  --force                 whether due or not, and whatever its number of entries\n"
    "  --dry-run               fetch and read, tell what would change, write nothing\n"
    "  --ca-file FILE          trust these certificate authorities (PEM), not the system's\n"
    "  --allow-private         feeds may be on private addresses, and on http://127.0.0.1\n"
    "Export:\n"
    "  --kind KIND             url, host, domain, ip, md5, sha1, sha256 or email alone\n"
    "  --tlp LEVEL             up to this level: clear, green (default), amber, amber+strict,\n"
    "                          red\n"
    "  --format FORMAT         csv (default), jsonl, or plain: the values alone\n"
    "Output of the others (lookup fails from medium on, without --fail-on):\n" SUBJECT_FORMATS_HELP;

enum option_id { OPT_FEED = SUBJECT_LAST, OPT_FORCE, OPT_DRY_RUN, OPT_KIND, OPT_TLP };

static const struct option long_options[] = {
    INTEL_LONG_OPTIONS,
    {"resolver", required_argument, NULL, SUBJECT_RESOLVER},
    {"zone", required_argument, NULL, SUBJECT_ZONE},
    {"feed", required_argument, NULL, OPT_FEED},
    {"timeout", required_argument, NULL, SUBJECT_TIMEOUT},
    {"time", required_argument, NULL, SUBJECT_TIME},
    {"force", no_argument, NULL, OPT_FORCE},
    {"dry-run", no_argument, NULL, OPT_DRY_RUN},
    {"ca-file", required_argument, NULL, SUBJECT_CA_FILE},
    {"allow-private", no_argument, NULL, SUBJECT_ALLOW_PRIVATE},
    {"kind", required_argument, NULL, OPT_KIND},
    {"tlp", required_argument, NULL, OPT_TLP},
    REPORT_LONG_OPTIONS,
    {NULL, 0, NULL, 0}};

/* ---- which option is whose ---- */

static const char *const verbs[] = {"update", "lookup", "stats", "export"}; /* 1 << index */
enum verb { UPDATE = 1, LOOKUP = 2, STATS = 4, EXPORT = 8, REPORTS = UPDATE | LOOKUP | STATS };

/* Those that are not for every verb: what a verb would pass over is an error. */
static const struct {
    int option;
    unsigned verbs; /* enum verb */
} owned[] = {
    {INTEL_SEND_URLS, LOOKUP},
    {SUBJECT_RESOLVER, LOOKUP},
    {SUBJECT_ZONE, LOOKUP},
    {SUBJECT_TIMEOUT, UPDATE | LOOKUP},
    {OPT_FEED, UPDATE | EXPORT},
    {OPT_FORCE, UPDATE},
    {OPT_DRY_RUN, UPDATE},
    {SUBJECT_CA_FILE, UPDATE},
    {SUBJECT_ALLOW_PRIVATE, UPDATE},
    {OPT_KIND, EXPORT},
    {OPT_TLP, EXPORT},
    {SUBJECT_VERBOSE, REPORTS},
    {SUBJECT_COLOUR, REPORTS},
    {SUBJECT_TEXTFILE, REPORTS},
    {SUBJECT_FAIL_ON, REPORTS},
    {SUBJECT_EXIT, REPORTS},
};

static unsigned verb_bit(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (strcmp(word, verbs[i]) == 0)
            return 1U << i;
    return 0;
}

static int check_owner(const struct intel_command *c, int option)
{
    const struct option *o = long_options;
    for (size_t i = 0; i < ARRAY_LEN(owned); i++) {
        if (owned[i].option != option || (owned[i].verbs & verb_bit(c->verb)) != 0)
            continue;
        while (o->val != option)
            o++;
        return usage_error("intel", "%s takes no --%s; `mailproof help intel`", c->verb, o->name);
    }
    return EXIT_PASSED;
}

static int set_export_format(struct intel_command *c, const char *arg)
{
    static const char *const names[] = {
        [EXPORT_CSV] = "csv", [EXPORT_JSONL] = "jsonl", [EXPORT_PLAIN] = "plain"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(arg, names[i]) == 0) {
            c->export_format = (enum intel_export_format)i;
            return EXIT_PASSED;
        }
    }
    return usage_error("intel", "export --format %s: expected csv, jsonl or plain", arg);
}

static int set_own(struct intel_command *c, int option, const char *arg)
{
    switch (option) {
    case OPT_FEED:
        if (c->n_feeds == INTEL_MAX_NAMED)
            return usage_error("intel", "--feed %s: more than %d of them", arg, INTEL_MAX_NAMED);
        c->feeds[c->n_feeds++] = str_from(arg);
        return EXIT_PASSED;
    case OPT_FORCE:
        c->force = true;
        return EXIT_PASSED;
    case OPT_DRY_RUN:
        c->dry_run = true;
        return EXIT_PASSED;
    case OPT_KIND:
        if (!indicator_kind_by_name(str_from(arg), &c->kind))
            return usage_error(
                "intel", "--kind %s: expected url, host, domain, ip, md5, sha1, sha256 or email",
                arg);
        return EXIT_PASSED;
    default:
        if (!tlp_by_name(str_from(arg), &c->tlp) || c->tlp == TLP_UNKNOWN)
            return usage_error("intel",
                               "--tlp %s: expected clear, green, amber, amber+strict or red", arg);
        return EXIT_PASSED;
    }
}

static int set_option(struct intel_command *c, int option, const char *arg)
{
    if (option == 'o' || option == 'v')
        option = option == 'o' ? SUBJECT_OUTPUT : SUBJECT_VERBOSE;
    int code = check_owner(c, option);
    if (code != EXIT_PASSED)
        return code;
    if (option == SUBJECT_FORMAT && strcmp(c->verb, "export") == 0)
        return set_export_format(c, arg);
    if (option >= INTEL_STORE && option < INTEL_LAST)
        return intel_options_set(&c->intel, option, arg);
    return option >= OPT_FEED ? set_own(c, option, arg)
                              : subject_options_set(&c->common, option, arg);
}

static int parse_options(struct intel_command *c, int argc, char **argv)
{
    int code = EXIT_PASSED;
    for (int o;
         code == EXIT_PASSED && (o = getopt_long(argc, argv, ":o:v", long_options, NULL)) != -1;)
        code = o == '?' || o == ':' ? bad_option("intel", o, argv) : set_option(c, o, optarg);
    return code;
}

int intel_command_open(struct intel_command *c, bool needs_dns)
{
    struct mp_err err = {0};
    struct subject_options *s = &c->common;
    if (s->source.zone != NULL)
        for (size_t i = 0; i < SERVICE_COUNT; i++)
            c->intel.config.services[i].enabled = false;
    int code = intel_options_open(&c->intel, NULL, 0, &c->source);
    if (code != EXIT_PASSED || !needs_dns || c->source.lists.n == 0 || s->source.zone != NULL)
        return code;
    return resolver_new(&s->resolver, &s->source.resolver, &err) == MP_OK
               ? EXIT_PASSED
               : report_failure("intel", &err);
}

static int run_verb(struct intel_command *c, char **argv, int argc)
{
    bool takes_values = strcmp(c->verb, "lookup") == 0;
    if (!takes_values && argc > 0)
        return usage_error("intel", "%s takes no '%s'; `mailproof help intel`", c->verb, argv[0]);
    if (takes_values && argc == 0)
        return usage_error("intel", "lookup: name a link, a host, an address, a hash or a mail "
                                    "address");
    if (strcmp(c->verb, "update") == 0)
        return intel_update_command(c);
    if (takes_values)
        return intel_lookup_command(c, argv, argc);
    return strcmp(c->verb, "stats") == 0 ? intel_stats_command(c) : intel_export_command(c);
}

int cmd_intel(int argc, char **argv)
{
    struct intel_command *c = calloc(1, sizeof *c);
    if (c == NULL)
        return usage_error("intel", "no memory");
    if (argc < 2 || verb_bit(argv[1]) == 0) {
        free(c);
        return usage_error("intel", "%s%s%sexpected update, lookup, stats or export, then options",
                           argc < 2 ? "" : "'", argc < 2 ? "" : argv[1], argc < 2 ? "" : "': ");
    }
    c->verb = argv[1];
    c->kind = INDICATOR_KIND_COUNT;
    c->tlp = TLP_GREEN;
    subject_options_init(&c->common, "intel");
    intel_options_init(&c->intel, "intel");
    if (strcmp(c->verb, "lookup") == 0)
        c->common.report.fail_on = SEV_MEDIUM; /* whoever asks about one value wants to know */
    int code = parse_options(c, argc - 1, argv + 1);
    if (code == EXIT_PASSED)
        code = intel_options_read(&c->intel);
    if (code == EXIT_PASSED)
        code = run_verb(c, argv + 1 + optind, argc - 1 - optind);
    else
        code = exit_styled(c->common.exit_style, code);
    intel_source_clear(&c->source);
    intel_options_clear(&c->intel);
    subject_options_clear(&c->common);
    free(c);
    return code;
}
