/* `mailproof seal`: check a message as a forwarder would, and add the next ARC set. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "cli/check_options.h"
#include "cli/key_option.h"
#include "message/limits.h"

const char seal_help[] =
    "  --key DOMAIN:SELECTOR:FILE  seal for DOMAIN with this PEM key (RSA)\n"
    "  --auth-results TEXT     what to record, as after the authserv-id of Authentication-Results\n"
    "                          (default: what checking the message now gives)\n"
    "  --time TIME             the t= tags: Unix seconds, 2026-11-23T19:00:00Z, now (default)\n"
    "  --fields-only           write the three fields alone, not the message\n"
    "  -o, --output FILE       write there instead of standard output\n" CHECK_HELP;

enum { OPT_AUTH_RESULTS = CHECK_LAST, OPT_TIME, OPT_FIELDS_ONLY };

static const struct option long_options[] = {CHECK_LONG_OPTIONS,
                                             {"key", required_argument, NULL, 'k'},
                                             {"auth-results", required_argument, NULL,
                                              OPT_AUTH_RESULTS},
                                             {"time", required_argument, NULL, OPT_TIME},
                                             {"fields-only", no_argument, NULL, OPT_FIELDS_ONLY},
                                             {"output", required_argument, NULL, 'o'},
                                             {NULL, 0, NULL, 0}};

struct seal_command {
    struct check_options check;
    struct key_option key;
    struct str auth_results;
    int64_t time_s;
    bool fields_only;
    const char *output;
};

static int set_option(struct seal_command *c, int option, const char *arg)
{
    if (option >= CHECK_IP && option < CHECK_LAST)
        return check_options_set(&c->check, option, arg);
    switch (option) {
    case 'k':
        if (c->key.key != NULL)
            return usage_error("seal", "--key: one seal, one key");
        return key_option_parse("seal", arg, &c->key);
    case OPT_AUTH_RESULTS:
        c->auth_results = str_from(arg);
        break;
    case OPT_TIME:
        if (!parse_time_option(arg, &c->time_s))
            return usage_error("seal", "--time %s: expected Unix seconds or 2026-11-23T19:00:00Z",
                               arg);
        break;
    case OPT_FIELDS_ONLY:
        c->fields_only = true;
        break;
    case 'o':
        c->output = arg;
        break;
    default:
        return EXIT_USAGE_ERROR; /* every option of the table has its case */
    }
    return EXIT_PASSED;
}

static int write_results(struct seal_command *c, const struct job *job, struct buf *out,
                         struct mp_err *err)
{
    if (c->auth_results.n != 0) {
        struct str whole = arena_fmt(&c->check.arena, "x; " STR_FMT, STR_ARG(c->auth_results));
        struct authres parsed;
        const char *reason = "";
        if (!authres_parse(&c->check.arena, whole, &parsed, &reason))
            return mp_fail(err, MP_E_USAGE, 0, "--auth-results: %s", reason);
        buf_add(out, c->auth_results);
        return MP_OK;
    }
    struct authres_input in = {.spf_request = &job->spf_request,
                               .spf = job->spf_checked ? &job->spf : NULL,
                               .dkim = &job->dkim,
                               .arc = &job->arc,
                               .dmarc = &job->dmarc};
    authres_write_results(out, &in);
    return MP_OK;
}

static int seal_job(struct seal_command *c, struct job *job, struct buf *out, struct mp_err *err)
{
    struct buf results;
    struct arc_sealer sealer = {.domain = c->key.domain,
                                .selector = c->key.selector,
                                .authserv_id = c->check.auth.authserv_id,
                                .key = private_key_signer(c->key.key),
                                .signed_at_s = c->time_s};
    buf_init(&results, 1 << 20);
    int st = write_results(c, job, &results, err);
    if (st == MP_OK && job->arc.result == ARC_TEMPERROR)
        st = mp_fail(err, MP_E_TIMEOUT, 0, "the chain is undecided, try again later: " STR_FMT,
                     STR_ARG(job->arc.reason));
    if (st == MP_OK)
        st = arc_seal(&job->arena, &job->message, job->auth.bodies, &job->arc, buf_str(&results),
                      &sealer, out, err);
    if (st == MP_OK && !c->fields_only)
        buf_add(out, job->message.raw);
    buf_clear(&results);
    return st == MP_OK && out->failed ? mp_fail(err, MP_E_NOMEM, 0, "no memory") : st;
}

static int seal_file(struct seal_command *c, const char *path)
{
    struct mp_err err = {0};
    struct buf raw, out;
    struct job_config config = {.auth = c->check.auth, .policy = &c->check.policy};
    struct job job;
    buf_init(&out, (size_t)MESSAGE_MAX_BYTES * 2);
    job_init(&job, &config);
    int st = read_whole(path, MESSAGE_MAX_BYTES, &raw, &err);
    if (st == MP_OK)
        st = run_start(&job, &c->check.source, str_from(path), buf_str(&raw), &c->check.envelope,
                       c->time_s, &err);
    if (st == MP_OK)
        st = run_job(&job, &c->check.source, &err);
    if (st == MP_OK)
        st = seal_job(c, &job, &out, &err);
    if (st == MP_OK)
        st = write_whole(c->output, buf_str(&out), &err);
    job_clear(&job);
    buf_clear(&raw);
    buf_clear(&out);
    return st == MP_OK ? EXIT_PASSED : report_failure("seal", &err);
}

int cmd_seal(int argc, char **argv)
{
    struct seal_command *c = calloc(1, sizeof *c);
    int code = EXIT_PASSED;
    if (c == NULL)
        return usage_error("seal", "no memory");
    check_options_init(&c->check, "seal");
    c->time_s = clock_wall_s();
    for (int o;
         code == EXIT_PASSED && (o = getopt_long(argc, argv, ":o:k:", long_options, NULL)) != -1;)
        code = o == '?' || o == ':' ? bad_option("seal", o, argv) : set_option(c, o, optarg);
    if (code == EXIT_PASSED && c->key.key == NULL)
        code = usage_error("seal", "no --key DOMAIN:SELECTOR:FILE; `mailproof keygen` makes one");
    if (code == EXIT_PASSED && argc - optind > 1)
        code = usage_error("seal", "one message at a time: leave out '%s'", argv[optind + 1]);
    if (code == EXIT_PASSED)
        code = check_options_open(&c->check);
    if (code == EXIT_PASSED)
        code = seal_file(c, argc > optind ? argv[optind] : "-");
    private_key_free(c->key.key);
    check_options_clear(&c->check);
    free(c);
    return code;
}
