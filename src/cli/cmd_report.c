/* `mailproof report`: reports of other receivers, read and shown; our own, generated. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/report_command.h"
#include "cli/secret.h"

const char report_help[] =
    "Reads DMARC aggregate reports, TLS reports, failure and abuse reports: as XML, JSON, gzip,\n"
    "ZIP, or in mails, mbox files, Maildirs and directories of all of these. `report generate`\n"
    "writes aggregate reports of the mail seen on a day.\n"
    "Reading:\n"
    "  --store DIR             keep them there, each once; without files: show what is there\n"
    "  --keep DAYS             for so long (default 400)\n"
    "  --imap URL              take them from this mailbox: imaps://HOST, imap://, pop3s://, or\n"
    "                          http://HOST:PORT of a capture server (mailproof sink)\n"
    "  --user NAME             of the mailbox\n"
    "  --password-env VAR      its password is in this variable\n"
    "  --password-file FILE    ... or in this file\n"
    "  --folder NAME           look here and not into INBOX; repeatable\n"
    "  --delete                delete messages whose reports are in the store\n"
    "  --ca-file FILE          trust these certificate authorities (PEM), not the system's\n"
    "  --timeout TIME          for one input, or the mailbox (default 10m)\n"
    "Showing:\n"
    "  --domain DOMAIN         this domain and those below it; generate: this one alone\n"
    "  --org NAME              reports of this organization; generate: our name\n"
    "  --source ADDRESS        mail from this address\n"
    "  --since TIME            reports that reach beyond it; --until TIME: that begin before it\n"
    "  --failing               where something failed DMARC, or TLS\n"
    "  --limit N               items of each list (text: 100; else all, JSON 10,000)\n"
    "  --ptr                   text: the names of sources, asked of DNS\n"
    "  --format FORMAT         text, json, jsonl, csv, none (default: text, jsonl in a pipe)\n"
    "  -o, --output FILE       write it there\n"
    "  -v, --verbose           tell also what was read as it was meant\n"
    "  --fail-above PERCENT    exit code 1 when more of the messages failed DMARC: 0, 2.5\n"
    "Generating:\n"
    "  --store DIR             where the mail seen is kept\n"
    "  --date DAY              2026-11-28, or yesterday (the default), in UTC\n"
    "  --org NAME              who reports: a domain\n"
    "  --email ADDRESS         sender of the reports, and whom to ask about them\n"
    "  --contact TEXT          more contact information\n"
    "  --rfc7489               the older form, without what RFC 9990 added\n"
    "  --via SERVER            send them: smtp+starttls://HOST[:PORT], smtps://, smtp://\n"
    "  --out DIR               write the mails there, send nothing\n"
    "Answers:\n"
    "  --resolver HOST[:PORT]  ask this DNS server instead of those of /etc/resolv.conf\n"
    "  --zone FILE             answer from this zone file, no DNS at all; repeatable\n"
    "  --time TIME             as of then\n";

enum option_id {
    OPT_STORE = SUBJECT_LAST,
    OPT_IMAP,
    OPT_USER,
    OPT_PASSWORD_ENV,
    OPT_PASSWORD_FILE,
    OPT_FOLDER,
    OPT_DELETE,
    OPT_DOMAIN,
    OPT_ORG,
    OPT_SOURCE,
    OPT_SINCE,
    OPT_UNTIL,
    OPT_FAILING,
    OPT_LIMIT,
    OPT_PTR,
    OPT_FORMAT,
    OPT_FAIL_ABOVE,
    OPT_KEEP,
    OPT_DATE,
    OPT_EMAIL,
    OPT_CONTACT,
    OPT_RFC7489,
    OPT_VIA,
    OPT_OUT
};

static const struct option long_options[] = {LONG_VALUE("store", OPT_STORE),
                                             LONG_VALUE("keep", OPT_KEEP),
                                             LONG_VALUE("imap", OPT_IMAP),
                                             LONG_VALUE("user", OPT_USER),
                                             LONG_VALUE("password-env", OPT_PASSWORD_ENV),
                                             LONG_VALUE("password-file", OPT_PASSWORD_FILE),
                                             LONG_VALUE("folder", OPT_FOLDER),
                                             LONG_FLAG("delete", OPT_DELETE),
                                             LONG_VALUE("ca-file", SUBJECT_CA_FILE),
                                             LONG_VALUE("timeout", SUBJECT_TIMEOUT),
                                             LONG_VALUE("domain", OPT_DOMAIN),
                                             LONG_VALUE("org", OPT_ORG),
                                             LONG_VALUE("source", OPT_SOURCE),
                                             LONG_VALUE("since", OPT_SINCE),
                                             LONG_VALUE("until", OPT_UNTIL),
                                             LONG_FLAG("failing", OPT_FAILING),
                                             LONG_VALUE("limit", OPT_LIMIT),
                                             LONG_FLAG("ptr", OPT_PTR),
                                             LONG_VALUE("format", OPT_FORMAT),
                                             LONG_VALUE("output", 'o'),
                                             LONG_FLAG("verbose", SUBJECT_VERBOSE),
                                             LONG_VALUE("fail-above", OPT_FAIL_ABOVE),
                                             LONG_VALUE("date", OPT_DATE),
                                             LONG_VALUE("email", OPT_EMAIL),
                                             LONG_VALUE("contact", OPT_CONTACT),
                                             LONG_FLAG("rfc7489", OPT_RFC7489),
                                             LONG_VALUE("via", OPT_VIA),
                                             LONG_VALUE("out", OPT_OUT),
                                             LONG_VALUE("resolver", SUBJECT_RESOLVER),
                                             LONG_VALUE("zone", SUBJECT_ZONE),
                                             LONG_VALUE("time", SUBJECT_TIME),
                                             {NULL, 0, NULL, 0}};

/* ---- which half takes which option: what would be passed over is an error ---- */

enum half { READ = 1, GENERATE = 2 };

static const struct {
    int option;
    enum half half;
} owned[] = {
    {OPT_IMAP, READ},         {OPT_USER, READ},
    {OPT_PASSWORD_ENV, READ}, {OPT_PASSWORD_FILE, READ},
    {OPT_FOLDER, READ},       {OPT_DELETE, READ},
    {OPT_SOURCE, READ},       {OPT_SINCE, READ},
    {OPT_UNTIL, READ},        {OPT_FAILING, READ},
    {OPT_LIMIT, READ},        {OPT_PTR, READ},
    {OPT_FORMAT, READ},       {'o', READ},
    {OPT_FAIL_ABOVE, READ},   {OPT_KEEP, READ},
    {OPT_DATE, GENERATE},     {OPT_EMAIL, GENERATE},
    {OPT_CONTACT, GENERATE},  {OPT_RFC7489, GENERATE},
    {OPT_VIA, GENERATE},      {OPT_OUT, GENERATE},
};

static int check_half(int option, enum half half)
{
    const struct option *o = long_options;
    for (size_t i = 0; i < ARRAY_LEN(owned); i++) {
        if (owned[i].option != option || owned[i].half == half)
            continue;
        while (o->val != option)
            o++;
        return usage_error("report", "%s takes no --%s; `mailproof help report`",
                           half == READ ? "reading" : "generate", o->name);
    }
    return EXIT_PASSED;
}

/* ---- values ---- */

/* "2.5" into thousandths of the whole, at most 100. */
static bool parse_percent(const char *text, unsigned *out)
{
    struct str rest = str_from(text), whole = str_cut(&rest, '.');
    uint64_t percent, tenths = 0;
    if (!str_to_u64(whole, 100, &percent))
        return false;
    if (rest.p != NULL && (rest.n != 1 || !str_to_u64(rest, 9, &tenths)))
        return false;
    *out = (unsigned)(percent * 10 + tenths);
    return *out <= 1000;
}

static int set_time(const char *option, const char *arg, int64_t *out)
{
    return parse_time_option(arg, out)
               ? EXIT_PASSED
               : usage_error("report", "%s %s: expected Unix seconds or 2026-11-24T06:00:00Z",
                             option, arg);
}

/* A whole day of UTC. */
static int set_date(struct report_command *c, const char *arg)
{
    struct str rest = str_from(arg);
    struct str year = str_cut(&rest, '-'), month = str_cut(&rest, '-'), day = rest;
    uint64_t y, m, d;
    int back_y, back_m, back_d, hour, minute, second;
    if (strcmp(arg, "yesterday") == 0)
        return EXIT_PASSED;
    if (year.n == 4 && month.n == 2 && day.n == 2 && str_to_u64(year, 9998, &y) && y >= 1971 &&
        str_to_u64(month, 12, &m) && m > 0 && str_to_u64(day, 31, &d) && d > 0) {
        c->day_s = civil_to_unix((int)y, (int)m, (int)d, 0, 0, 0);
        unix_to_civil(c->day_s, &back_y, &back_m, &back_d, &hour, &minute, &second);
        if (back_d == (int)d)
            return EXIT_PASSED;
    }
    return usage_error("report", "--date %s: expected a day like 2026-11-28, or yesterday", arg);
}

static int set_mailbox(struct report_command *c, int option, const char *arg)
{
    struct mailbox_config *m = &c->mailbox;
    switch (option) {
    case OPT_IMAP:
        m->url = str_from(arg);
        return EXIT_PASSED;
    case OPT_USER:
        m->user = str_from(arg);
        return EXIT_PASSED;
    case OPT_PASSWORD_ENV:
        return secret_of_variable("report", "--password-env", arg, &m->password);
    case OPT_PASSWORD_FILE:
        return secret_of_file("report", arg, &c->common.arena, &m->password);
    case OPT_FOLDER:
        if (m->n_folders == ARRIVAL_MAX_FOLDERS)
            return usage_error("report", "--folder %s: more than %d of them", arg,
                               ARRIVAL_MAX_FOLDERS);
        c->folders[m->n_folders++] = str_from(arg);
        m->folders = c->folders;
        return EXIT_PASSED;
    default:
        c->remove = true;
        return EXIT_PASSED;
    }
}

static int set_show(struct report_command *c, int option, const char *arg)
{
    struct feedback_filter *f = &c->show.filter;
    uint64_t n;
    switch (option) {
    case OPT_SOURCE:
        return ip_parse(str_from(arg), &f->source)
                   ? EXIT_PASSED
                   : usage_error("report", "--source %s: expected an IP address", arg);
    case OPT_SINCE:
        return set_time("--since", arg, &f->from_s);
    case OPT_UNTIL:
        return set_time("--until", arg, &f->to_s);
    case OPT_FAILING:
        f->failing = true;
        return EXIT_PASSED;
    case OPT_LIMIT:
        if (!str_to_u64(str_from(arg), FEEDBACK_LIST_MAX, &n) || n == 0)
            return usage_error("report", "--limit %s: expected 1 to %d", arg, FEEDBACK_LIST_MAX);
        f->limit = (size_t)n;
        return EXIT_PASSED;
    case OPT_KEEP:
        if (!str_to_u64(str_from(arg), REPORT_KEEP_MAX_DAYS, &n) || n == 0)
            return usage_error("report", "--keep %s: expected a number of days", arg);
        c->keep_s = (int64_t)n * 86400;
        return EXIT_PASSED;
    case OPT_FORMAT:
        c->has_format = true;
        return feedback_format_by_name(str_from(arg), &c->show.format)
                   ? EXIT_PASSED
                   : usage_error("report", "--format %s: expected text, json, jsonl, csv or none",
                                 arg);
    case OPT_FAIL_ABOVE:
        return parse_percent(arg, &c->fail_above)
                   ? EXIT_PASSED
                   : usage_error("report", "--fail-above %s: expected a percentage: 0, 2.5", arg);
    default:
        c->ptr = true;
        return EXIT_PASSED;
    }
}

static int set_option(struct report_command *c, int option, const char *arg)
{
    switch (option) {
    case OPT_STORE:
        c->store = arg;
        return EXIT_PASSED;
    case 'o':
        c->output = arg;
        return EXIT_PASSED;
    case 'v':
        return subject_options_set(&c->common, SUBJECT_VERBOSE, arg);
    case OPT_DOMAIN:
        c->show.filter.domain = c->only = str_from(arg);
        return EXIT_PASSED;
    case OPT_ORG:
        c->show.filter.org = c->org = str_from(arg);
        return EXIT_PASSED;
    case OPT_DATE:
        return set_date(c, arg);
    case OPT_EMAIL:
        c->email = str_from(arg);
        return EXIT_PASSED;
    case OPT_CONTACT:
        c->contact = str_from(arg);
        return EXIT_PASSED;
    case OPT_RFC7489:
        c->form = REPORT_FORM_7489;
        return EXIT_PASSED;
    case OPT_VIA:
        c->via = arg;
        return EXIT_PASSED;
    case OPT_OUT:
        c->out_dir = arg;
        return EXIT_PASSED;
    default:
        break;
    }
    if (option < SUBJECT_LAST)
        return subject_options_set(&c->common, option, arg);
    return option <= OPT_DELETE ? set_mailbox(c, option, arg) : set_show(c, option, arg);
}

static int check_mailbox(struct report_command *c)
{
    struct mailbox_config *m = &c->mailbox;
    if (m->url.n == 0)
        return m->user.n > 0 || m->n_folders > 0 || c->remove
                   ? usage_error("report", "--user, --folder and --delete belong to --imap URL")
                   : EXIT_PASSED;
    if (c->remove && c->store == NULL)
        return usage_error("report", "--delete: the reports would be gone without --store DIR");
    if (m->password.n > 0 || m->user.n == 0)
        return EXIT_PASSED;
    return secret_find("report", "--password-env", m->user, &c->common.arena, &m->password);
}

int cmd_report(int argc, char **argv)
{
    struct report_command *c = calloc(1, sizeof *c);
    bool generates = argc > 1 && strcmp(argv[1], "generate") == 0;
    int code = EXIT_PASSED;
    if (c == NULL)
        return usage_error("report", "no memory");
    argc -= generates;
    argv += generates;
    subject_options_init(&c->common, "report");
    c->fail_above = 1001;
    c->day_s = -1;
    for (int o;
         code == EXIT_PASSED && (o = getopt_long(argc, argv, ":o:v", long_options, NULL)) != -1;) {
        code = o == '?' || o == ':' ? bad_option("report", o, argv)
                                    : check_half(o, generates ? GENERATE : READ);
        if (code == EXIT_PASSED)
            code = set_option(c, o, optarg);
    }
    if (code == EXIT_PASSED)
        code = check_mailbox(c);
    if (code == EXIT_PASSED && generates && optind < argc)
        code =
            usage_error("report", "generate takes no '%s'; `mailproof help report`", argv[optind]);
    if (code == EXIT_PASSED)
        code = generates ? report_generate_command(c)
                         : report_read_command(c, argv + optind, argc - optind);
    subject_options_clear(&c->common);
    free(c);
    return code;
}
