/* `mailproof audit`: options into audits, one domain after the other, and their reports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/idna.h"
#include "cli/subject_options.h"
#include "dns/zone.h"
#include "flow/audit.h"

enum { AUDIT_ZONE_MAX_BYTES = 256 << 20 };

const char audit_help[] =
    "What is asked:\n"
    "  --profile PROFILE       auto (default), sending, receiving, parked\n"
    "  --selector NAME         DKIM selector, repeatable or with commas (default: known names)\n"
    "  --dnsbl ZONE            ask this DNS list about the MX addresses; repeatable\n"
    "  --no-connect            do not connect to MX hosts: no TLS, DANE, certificates\n"
    "  --no-https              do not fetch MTA-STS policies and BIMI files\n"
    "  --smtp-port PORT        where MX hosts listen (tests; default 25)\n"
    "  --helo NAME             our name in EHLO (default: host name)\n"
    "  --dmarc-discovery WORD  tree-walk (RFC 9989, default) or psl (RFC 7489)\n"
    "  --zone-file FILE        before publishing: the domain's names are answered from this file,\n"
    "                          all others by DNS; relative names are below the domain\n"
    "  --diff FILE             compare with an audit saved by --format json: only what is new\n"
    "                          fails\n" SUBJECT_ANSWERS_HELP SUBJECT_OUTPUT_HELP;

enum option_id {
    OPT_PROFILE = SUBJECT_LAST,
    OPT_SELECTOR,
    OPT_DNSBL,
    OPT_NO_CONNECT,
    OPT_NO_HTTPS,
    OPT_SMTP_PORT,
    OPT_HELO,
    OPT_DISCOVERY,
    OPT_ZONE_FILE,
    OPT_DIFF
};

static const struct option long_options[] = {SUBJECT_LONG_OPTIONS,
                                             {"profile", required_argument, NULL, OPT_PROFILE},
                                             {"selector", required_argument, NULL, OPT_SELECTOR},
                                             {"dnsbl", required_argument, NULL, OPT_DNSBL},
                                             {"no-connect", no_argument, NULL, OPT_NO_CONNECT},
                                             {"no-https", no_argument, NULL, OPT_NO_HTTPS},
                                             {"smtp-port", required_argument, NULL, OPT_SMTP_PORT},
                                             {"helo", required_argument, NULL, OPT_HELO},
                                             {"dmarc-discovery", required_argument, NULL,
                                              OPT_DISCOVERY},
                                             {"zone-file", required_argument, NULL, OPT_ZONE_FILE},
                                             {"diff", required_argument, NULL, OPT_DIFF},
                                             {NULL, 0, NULL, 0}};

struct audit_command {
    struct subject_options common;
    struct audit_options options;
    struct str selectors[POSTURE_MAX_SELECTORS], lists[POSTURE_MAX_DNSBL];
    const char *zone_file, *diff;
    struct buf zone_text, saved;
    struct dns_zone *zone; /* of the domain that is audited */
};

/* Words between commas, onto a list of at most `max`. */
static int add_words(const char *option, const char *arg, struct str *list, size_t *n, size_t max)
{
    struct str rest = str_from(arg);
    while (rest.p != NULL) {
        struct str word = str_trim(str_cut(&rest, ','));
        if (word.n == 0 || *n == max)
            return usage_error("audit", "%s %s: expected 1 to %zu names", option, arg, max);
        list[(*n)++] = word;
    }
    return EXIT_PASSED;
}

static int set_word(struct audit_command *c, int option, const char *arg)
{
    struct posture_config *p = &c->options.posture;
    switch (option) {
    case OPT_PROFILE:
        if (!posture_profile_by_name(str_from(arg), &p->profile))
            return usage_error("audit", "--profile %s: expected auto, sending, receiving or parked",
                               arg);
        break;
    case OPT_SELECTOR:
        p->selectors = c->selectors;
        return add_words("--selector", arg, c->selectors, &p->n_selectors, POSTURE_MAX_SELECTORS);
    case OPT_DNSBL:
        p->dnsbl = c->lists;
        return add_words("--dnsbl", arg, c->lists, &p->n_dnsbl, POSTURE_MAX_DNSBL);
    case OPT_SMTP_PORT:
        if (!parse_port(arg, &p->smtp_port))
            return usage_error("audit", "--smtp-port %s: expected 1 to 65535", arg);
        break;
    default:
        p->discovery = strcmp(arg, "psl") == 0 ? DMARC_PSL : DMARC_TREE_WALK;
        if (p->discovery == DMARC_TREE_WALK && strcmp(arg, "tree-walk") != 0)
            return usage_error("audit", "--dmarc-discovery %s: expected tree-walk or psl", arg);
        break;
    }
    return EXIT_PASSED;
}

static int set_option(struct audit_command *c, int option, const char *arg)
{
    if (option == 'o' || option == 'v')
        option = option == 'o' ? SUBJECT_OUTPUT : SUBJECT_VERBOSE;
    if (option >= SUBJECT_RESOLVER && option < SUBJECT_LAST)
        return subject_options_set(&c->common, option, arg);
    switch (option) {
    case OPT_NO_CONNECT:
        c->options.posture.connect = false;
        break;
    case OPT_NO_HTTPS:
        c->options.posture.https = false;
        break;
    case OPT_HELO:
        c->common.helo = str_from(arg);
        break;
    case OPT_ZONE_FILE:
        c->zone_file = arg;
        break;
    case OPT_DIFF:
        c->diff = arg;
        break;
    default:
        return set_word(c, option, arg);
    }
    return EXIT_PASSED;
}

static int parse_options(struct audit_command *c, int argc, char **argv)
{
    int code = EXIT_PASSED;
    for (int o;
         code == EXIT_PASSED && (o = getopt_long(argc, argv, ":o:v", long_options, NULL)) != -1;)
        code = o == '?' || o == ':' ? bad_option("audit", o, argv) : set_option(c, o, optarg);
    return code;
}

static int read_files(struct audit_command *c)
{
    struct mp_err err = {0};
    int st = MP_OK;
    if (c->zone_file != NULL)
        st = read_whole(c->zone_file, AUDIT_ZONE_MAX_BYTES, &c->zone_text, &err);
    if (st == MP_OK && c->diff != NULL)
        st = read_whole(c->diff, AUDIT_SAVED_MAX_BYTES, &c->saved, &err);
    return st == MP_OK ? EXIT_PASSED : report_failure("audit", &err);
}

static void take_common(struct audit_command *c, struct subject_outputs *out)
{
    struct audit_options *o = &c->options;
    const struct subject_options *s = &c->common;
    o->dns = &s->source;
    o->tls = s->tls_client;
    o->ca_file = s->tls.ca_file;
    o->helo = s->helo;
    o->https_port = s->https_port;
    o->allow_private_https = s->allow_private;
    o->posture.allow_private = s->allow_private;
    o->posture.cert_warn_days = s->cert_warn_days;
    o->posture.cert_high_days = s->cert_high_days;
    o->now_s = s->now_s;
    if (s->deadline_ms != 0)
        o->deadline_ms = s->deadline_ms;
    o->progress = subject_progress;
    o->progress_ctx = out;
}

/* The zone as it will be published; its relative names are below the domain. */
static int load_zone(struct audit_command *c, struct str domain, struct mp_err *err)
{
    struct str apex;
    if (c->zone_file == NULL)
        return MP_OK;
    dns_zone_free(c->zone);
    c->zone = dns_zone_new();
    if (c->zone == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a zone");
    if (!idna_to_ascii(&c->common.arena, domain, &apex))
        return mp_fail(err, MP_E_USAGE, 0, "it is no domain name");
    c->options.zone = c->zone;
    c->options.zone_apex = apex;
    return dns_zone_load_at(c->zone, buf_str(&c->zone_text), apex, c->zone_file, err);
}

static int audit_one(struct audit_command *c, struct audit *a, const char *name,
                     struct saved_audit *before, struct mp_err *err)
{
    struct str domain = str_from(name);
    bool compares = c->diff != NULL;
    int st = load_zone(c, domain, err);
    if (st == MP_OK && compares)
        st = audit_saved_read(&c->common.arena, buf_str(&c->saved), c->diff, domain, before, err);
    return st == MP_OK ? audit_run(a, domain, &c->options, compares ? before : NULL, err) : st;
}

static int audit_all(struct audit_command *c, int argc, char **argv)
{
    struct subject_outputs out;
    size_t n = (size_t)argc;
    int code = subject_outputs_open(&out, &c->common, n);
    struct audit *audits = calloc(n, sizeof *audits);
    struct saved_audit *saved = calloc(n, sizeof *saved);
    take_common(c, &out);
    for (size_t i = 0; code == EXIT_PASSED && audits != NULL && saved != NULL && i < n; i++) {
        struct mp_err err = {0};
        struct subject s;
        if (audit_one(c, &audits[i], argv[i], &saved[i], &err) != MP_OK) {
            subject_outputs_error(&out, argv[i], &err);
            continue;
        }
        audit_subject(&audits[i], &s);
        s.file = c->zone_file == NULL ? STR_NONE : str_from(c->zone_file);
        subject_outputs_add(&out, &s);
        if (out.kept == NULL)
            audit_clear(&audits[i]);
    }
    code = subject_outputs_close(&out);
    for (size_t i = 0; audits != NULL && i < n; i++)
        audit_clear(&audits[i]);
    free(saved);
    free(audits);
    return code;
}

static int check_arguments(const struct audit_command *c, int argc)
{
    if (argc == 0)
        return usage_error("audit", "nothing to audit: name a domain");
    if (argc > SUBJECT_MAX_TARGETS)
        return usage_error("audit", "more than %d domains", SUBJECT_MAX_TARGETS);
    if (c->zone_file != NULL && argc > 1)
        return usage_error("audit", "--zone-file is for one domain at a time");
    return EXIT_PASSED;
}

int cmd_audit(int argc, char **argv)
{
    struct audit_command *c = calloc(1, sizeof *c);
    if (c == NULL)
        return usage_error("audit", "no memory");
    subject_options_init(&c->common, "audit");
    audit_options_init(&c->options);
    buf_init(&c->zone_text, AUDIT_ZONE_MAX_BYTES);
    buf_init(&c->saved, AUDIT_SAVED_MAX_BYTES);
    int code = parse_options(c, argc, argv);
    if (code == EXIT_PASSED)
        code = check_arguments(c, argc - optind);
    if (code == EXIT_PASSED)
        code = read_files(c);
    if (code == EXIT_PASSED)
        code = subject_options_open(&c->common);
    if (code == EXIT_PASSED)
        code = audit_all(c, argc - optind, argv + optind);
    else
        code = exit_styled(c->common.exit_style, code);
    dns_zone_free(c->zone);
    buf_clear(&c->zone_text);
    buf_clear(&c->saved);
    subject_options_clear(&c->common);
    free(c);
    return code;
}
