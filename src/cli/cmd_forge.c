/* `mailproof forge`: synthetic messages for tests. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/forge_output.h"
#include "cli/key_option.h"

enum { FORGE_KINDS_MAX = 1000, LIST_MAX_BYTES = 1 << 20 };

const char forge_help[] =
    "  KIND                    a kind, a group of kinds, or all\n"
    "  --list                  the table of kinds (--format json: as JSON)\n"
    "  --from ADDRESS          the victim's address (default alice@example.org)\n"
    "  --to ADDRESS            the recipient (default bob@example.net)\n"
    "  --attacker DOMAIN       that the spoofing kinds send from (default attacker.example)\n"
    "  --subject TEXT          instead of that of the kind\n"
    "  --body TEXT             instead of that of the kind; @FILE reads it from a file\n"
    "  --tag TAG               in Message-ID, Subject and X-Mailproof-Tag, to find it again\n"
    "  --key DOMAIN:SELECTOR:FILE  signs good mail and what breaks afterwards (see keygen)\n"
    "  --attacker-key DOMAIN:SELECTOR:FILE  signs what the attacker signs; DOMAIN is --attacker\n"
    "  --authserv-id NAME      the receiver's name, for forged results (default mx.DOMAIN of "
    "--to)\n"
    "  --seed N                same options and seed, same bytes (default 1)\n"
    "  --time TIME             the Date and t=: Unix seconds, 2026-11-23T19:00:00Z, now (default)\n"
    "  --ip ADDRESS            a host of the victim, for the envelope (default 192.0.2.10)\n"
    "  --attacker-ip ADDRESS   a host of the attacker (default 192.0.2.66)\n"
    "  --attachment NAME       write an attachment by itself: eicar, macro, nested-zip:N, ...\n"
    "  --envelope              tell envelope and expectation on standard error, in JSON\n"
    "  --format FORMAT         eml (default), mbox, jsonl, batch: a directory with batch.jsonl "
    "and\n"
    "                          zone.db for `mailproof scan`, as for several kinds; with --list:\n"
    "                          text or json\n"
    "  -o, --output PATH       file or directory instead of standard output\n";

enum option_id {
    OPT_LIST = 256,
    OPT_FROM,
    OPT_TO,
    OPT_ATTACKER,
    OPT_SUBJECT,
    OPT_BODY,
    OPT_TAG,
    OPT_ATTACKER_KEY,
    OPT_AUTHSERV_ID,
    OPT_SEED,
    OPT_TIME,
    OPT_IP,
    OPT_ATTACKER_IP,
    OPT_ATTACHMENT,
    OPT_ENVELOPE,
    OPT_FORMAT
};

static const struct option long_options[] = {
    {"list", no_argument, NULL, OPT_LIST},
    {"from", required_argument, NULL, OPT_FROM},
    {"to", required_argument, NULL, OPT_TO},
    {"attacker", required_argument, NULL, OPT_ATTACKER},
    {"subject", required_argument, NULL, OPT_SUBJECT},
    {"body", required_argument, NULL, OPT_BODY},
    {"tag", required_argument, NULL, OPT_TAG},
    {"key", required_argument, NULL, 'k'},
    {"attacker-key", required_argument, NULL, OPT_ATTACKER_KEY},
    {"authserv-id", required_argument, NULL, OPT_AUTHSERV_ID},
    {"seed", required_argument, NULL, OPT_SEED},
    {"time", required_argument, NULL, OPT_TIME},
    {"ip", required_argument, NULL, OPT_IP},
    {"attacker-ip", required_argument, NULL, OPT_ATTACKER_IP},
    {"attachment", required_argument, NULL, OPT_ATTACHMENT},
    {"envelope", no_argument, NULL, OPT_ENVELOPE},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"output", required_argument, NULL, 'o'},
    {NULL, 0, NULL, 0}};

struct forge_command {
    struct forge_options options;
    struct forge_output output;
    struct key_option key, attacker_key;
    struct buf body;
    const struct forge_kind *kinds[FORGE_KINDS_MAX];
    size_t n_kinds;
    const char *attachment;
    bool list, list_json;
};

/* ---- options ---- */

static int set_key(const char *arg, struct key_option *key)
{
    if (key->key != NULL)
        return usage_error("forge", "%s: there is a key already", arg);
    return key_option_parse("forge", arg, key);
}

static int set_body(struct forge_command *c, const char *arg)
{
    struct mp_err err = {0};
    if (arg[0] != '@') {
        c->options.body = str_from(arg);
        return EXIT_PASSED;
    }
    buf_clear(&c->body);
    if (read_whole(arg + 1, FORGE_MAX_BYTES / 4, &c->body, &err) != MP_OK)
        return report_failure("forge", &err);
    c->options.body = buf_str(&c->body);
    return EXIT_PASSED;
}

static int set_format(struct forge_command *c, const char *arg)
{
    static const char *const names[] = {[FORGE_EML] = "eml",
                                        [FORGE_MBOX] = "mbox",
                                        [FORGE_JSONL] = "jsonl",
                                        [FORGE_BATCH] = "batch"};
    c->list_json = strcmp(arg, "json") == 0;
    if (c->list_json || strcmp(arg, "text") == 0)
        return EXIT_PASSED;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(arg, names[i]) == 0) {
            c->output.format = (enum forge_format)i;
            return EXIT_PASSED;
        }
    return usage_error("forge",
                       "--format %s: expected eml, mbox, jsonl or batch; with --list text "
                       "or json",
                       arg);
}

/* What has an answer of its own. */
static int set_checked(struct forge_command *c, int option, const char *arg)
{
    switch (option) {
    case 'k':
        return set_key(arg, &c->key);
    case OPT_ATTACKER_KEY:
        return set_key(arg, &c->attacker_key);
    case OPT_BODY:
        return set_body(c, arg);
    case OPT_FORMAT:
        return set_format(c, arg);
    case OPT_SEED:
        return str_to_u64(str_from(arg), UINT64_MAX, &c->options.seed)
                   ? EXIT_PASSED
                   : usage_error("forge", "--seed %s: expected a number", arg);
    case OPT_TIME:
        return parse_time_option(arg, &c->options.now_s)
                   ? EXIT_PASSED
                   : usage_error("forge",
                                 "--time %s: expected Unix seconds, 2026-11-23T19:00:00Z or now",
                                 arg);
    default:
        return EXIT_USAGE_ERROR; /* every option of the table has its case */
    }
}

static int set_option(struct forge_command *c, int option, const char *arg)
{
    struct str text = str_from(arg);
    switch (option) {
    case OPT_LIST:
        c->list = true;
        break;
    case OPT_FROM:
        c->options.from = text;
        break;
    case OPT_TO:
        c->options.to = text;
        break;
    case OPT_ATTACKER:
        c->options.attacker = text;
        break;
    case OPT_SUBJECT:
        c->options.subject = text;
        break;
    case OPT_TAG:
        c->options.tag = text;
        break;
    case OPT_AUTHSERV_ID:
        c->options.authserv_id = text;
        break;
    case OPT_IP:
        c->output.victim_ip = text;
        break;
    case OPT_ATTACKER_IP:
        c->output.attacker_ip = text;
        break;
    case OPT_ATTACHMENT:
        c->attachment = arg;
        break;
    case OPT_ENVELOPE:
        c->output.tell_envelope = true;
        break;
    case 'o':
        c->output.path = arg;
        break;
    default:
        return set_checked(c, option, arg);
    }
    return EXIT_PASSED;
}

/* ---- kinds ---- */

static int add_kinds(struct forge_command *c, const char *word)
{
    size_t before = c->n_kinds;
    bool all = strcmp(word, "all") == 0;
    const struct forge_kind *one = forge_kind_by_name(str_from(word));
    for (size_t i = 0; i < n_forge_kinds; i++) {
        const struct forge_kind *k = &forge_kinds[i];
        if (one != NULL ? k != one : !all && strcmp(k->group, word) != 0)
            continue;
        if (c->n_kinds == FORGE_KINDS_MAX)
            return usage_error("forge", "more than %d messages", FORGE_KINDS_MAX);
        c->kinds[c->n_kinds++] = k;
    }
    if (c->n_kinds == before)
        return usage_error("forge", "there is no kind '%s'; `mailproof forge --list` lists them",
                           word);
    return EXIT_PASSED;
}

static void list_text(struct buf *out)
{
    const char *group = "";
    for (size_t i = 0; i < n_forge_kinds; i++) {
        const struct forge_kind *k = &forge_kinds[i];
        if (strcmp(k->group, group) != 0)
            buf_addf(out, "%s%s:\n", i > 0 ? "\n" : "", k->group);
        group = k->group;
        buf_addf(out, "  %-22s %s%s%s\n", k->name, k->summary, k->needs_key ? " [--key]" : "",
                 k->needs_attacker_key ? " [--attacker-key]" : "");
    }
}

static void list_json(struct buf *out)
{
    struct json j;
    json_init(&j, out, 2);
    json_array_begin(&j);
    for (size_t i = 0; i < n_forge_kinds; i++) {
        const struct forge_kind *k = &forge_kinds[i];
        json_object_begin(&j);
        json_kstr(&j, "kind", str_from(k->name));
        json_kstr(&j, "group", str_from(k->group));
        json_kstr(&j, "summary", str_from(k->summary));
        json_kstr(&j, "expect", str_from(k->expect));
        json_kbool(&j, "needs_key", k->needs_key);
        json_kbool(&j, "needs_attacker_key", k->needs_attacker_key);
        json_kbool(&j, "from_victim", forge_kind_from_victim(k));
        json_object_end(&j);
    }
    json_array_end(&j);
    buf_addc(out, '\n');
}

static int list_kinds(const struct forge_command *c)
{
    struct mp_err err = {0};
    struct buf out;
    buf_init(&out, LIST_MAX_BYTES);
    if (c->list_json)
        list_json(&out);
    else
        list_text(&out);
    int st = out.failed ? mp_fail(&err, MP_E_NOMEM, 0, "no memory")
                        : write_whole(c->output.path, buf_str(&out), &err);
    buf_clear(&out);
    return st == MP_OK ? EXIT_PASSED : report_failure("forge", &err);
}

static int write_attachment(const struct forge_command *c)
{
    struct mp_err err = {0};
    struct arena arena;
    struct forge_attachment a;
    arena_init(&arena, (size_t)FORGE_MAX_BYTES * 2);
    int st = forge_attachment(&arena, str_from(c->attachment), c->options.seed, &a, &err);
    if (st == MP_OK)
        st = write_whole(c->output.path, a.bytes, &err);
    arena_clear(&arena);
    return st == MP_OK ? EXIT_PASSED : report_failure("forge", &err);
}

/* ---- the command ---- */

/* --from and --attacker name the domains that the keys are of. */
static int fit_keys(struct forge_command *c)
{
    struct forge_options *o = &c->options;
    if (c->attacker_key.key != NULL) {
        if (o->attacker.n == 0)
            o->attacker = c->attacker_key.domain;
        else if (!str_ieq(o->attacker, c->attacker_key.domain))
            return usage_error("forge", "--attacker-key is of %.*s, --attacker is %.*s",
                               STR_ARG(c->attacker_key.domain), STR_ARG(o->attacker));
    }
    o->key = c->key.key;
    o->selector = c->key.selector;
    o->sign_domain = c->key.domain;
    o->attacker_key = c->attacker_key.key;
    o->attacker_selector = c->attacker_key.selector;
    return EXIT_PASSED;
}

static int run(struct forge_command *c, int argc, char **argv)
{
    int code = EXIT_PASSED;
    if (c->list || c->attachment != NULL)
        return argc > 0  ? usage_error("forge", "%s takes no kinds: leave out '%s'",
                                      c->list ? "--list" : "--attachment", argv[0])
               : c->list ? list_kinds(c)
                         : write_attachment(c);
    for (int i = 0; code == EXIT_PASSED && i < argc; i++)
        code = add_kinds(c, argv[i]);
    if (code == EXIT_PASSED && c->n_kinds == 0)
        code = usage_error("forge", "name a kind; `mailproof forge --list` lists them");
    if (code == EXIT_PASSED)
        code = fit_keys(c);
    return code != EXIT_PASSED ? code : forge_output(&c->output, &c->options, c->kinds, c->n_kinds);
}

int cmd_forge(int argc, char **argv)
{
    struct forge_command *c = calloc(1, sizeof *c);
    int code = EXIT_PASSED;
    if (c == NULL)
        return usage_error("forge", "no memory");
    buf_init(&c->body, 0);
    c->options.seed = 1;
    c->options.now_s = clock_wall_s();
    c->output.victim_ip = STR("192.0.2.10");
    c->output.attacker_ip = STR("192.0.2.66");
    for (int o;
         code == EXIT_PASSED && (o = getopt_long(argc, argv, ":o:k:", long_options, NULL)) != -1;)
        code = o == '?' || o == ':' ? bad_option("forge", o, argv) : set_option(c, o, optarg);
    if (code == EXIT_PASSED)
        code = run(c, argc - optind, argv + optind);
    buf_clear(&c->body);
    private_key_free(c->key.key);
    private_key_free(c->attacker_key.key);
    free(c);
    return code;
}
