/* `mailproof sign`: DKIM signatures in front of a message. */
#include <getopt.h>
#include <stdio.h>

#include "auth/dkim.h"
#include "base/buf.h"
#include "base/clock.h"
#include "cli/key_option.h"
#include "message/limits.h"

enum { SIGN_MAX_KEYS = 8, SIGN_MAX_NAMES = 200, SIGN_ARENA_FACTOR = 4 };

const char sign_help[] =
    "  --key DOMAIN:SELECTOR:FILE  sign for DOMAIN with this PEM key (RSA or Ed25519); "
    "repeatable:\n"
    "                              one signature a key, the body is hashed once\n"
    "  --canon HEADER/BODY         relaxed or simple (default relaxed/relaxed)\n"
    "  --headers NAME:NAME...      fields to sign, each as often as named (default: the fields of\n"
    "                              RFC 6376 5.4.1, each once more than there are: oversigned)\n"
    "  --identity ADDRESS          the i= tag\n"
    "  --time TIME                 the t= tag: Unix seconds, 2026-11-23T19:00:00Z, now (default)\n"
    "  --expire SECONDS            the x= tag, so long after t=\n"
    "  --signature-only            write the fields alone, not the message\n"
    "  -o, --output FILE           write there instead of standard output\n";

static const struct option long_options[] = {{"key", required_argument, NULL, 'k'},
                                             {"canon", required_argument, NULL, 'c'},
                                             {"headers", required_argument, NULL, 'h'},
                                             {"identity", required_argument, NULL, 'i'},
                                             {"time", required_argument, NULL, 't'},
                                             {"expire", required_argument, NULL, 'x'},
                                             {"signature-only", no_argument, NULL, 's'},
                                             {"output", required_argument, NULL, 'o'},
                                             {NULL, 0, NULL, 0}};

struct sign_command {
    struct key_option keys[SIGN_MAX_KEYS];
    size_t n_keys;
    struct dkim_signer common; /* what all signatures share */
    struct str names[SIGN_MAX_NAMES];
    bool signature_only;
    const char *output;
};

static int set_headers(struct sign_command *c, const char *arg)
{
    struct str rest = str_from(arg);
    c->common.n_header_names = 0;
    while (rest.p != NULL) {
        struct str name = str_trim(str_cut(&rest, ':'));
        if (name.n == 0 || c->common.n_header_names == SIGN_MAX_NAMES)
            return usage_error("sign", "--headers %s: expected 1 to %d names between colons", arg,
                               SIGN_MAX_NAMES);
        c->names[c->common.n_header_names++] = name;
    }
    c->common.header_names = c->names;
    return EXIT_PASSED;
}

static int set_option(struct sign_command *c, int option, const char *arg)
{
    uint64_t n;
    switch (option) {
    case 'k':
        if (c->n_keys == SIGN_MAX_KEYS)
            return usage_error("sign", "--key: more than %d keys", SIGN_MAX_KEYS);
        return key_option_parse("sign", arg, &c->keys[c->n_keys++]);
    case 'c':
        if (!canon_parse(str_from(arg), &c->common.header_canon, &c->common.body_canon))
            return usage_error("sign", "--canon %s: expected relaxed or simple, twice with a /",
                               arg);
        break;
    case 'h':
        return set_headers(c, arg);
    case 'i':
        c->common.identity = str_from(arg);
        break;
    case 't':
        if (!parse_time_option(arg, &c->common.signed_at_s))
            return usage_error("sign", "--time %s: expected Unix seconds or 2026-11-23T19:00:00Z",
                               arg);
        break;
    case 'x':
        if (!str_to_u64(str_from(arg), UINT32_MAX, &n) || n == 0)
            return usage_error("sign", "--expire %s: expected seconds", arg);
        c->common.lifetime_s = (uint32_t)n;
        break;
    case 's':
        c->signature_only = true;
        break;
    case 'o':
        c->output = arg;
        break;
    default:
        return EXIT_USAGE_ERROR; /* every option of the table has its case */
    }
    return EXIT_PASSED;
}

static int sign_message(struct sign_command *c, struct arena *arena, struct str raw,
                        struct buf *out, struct mp_err *err)
{
    struct message msg;
    struct dkim_signer signers[SIGN_MAX_KEYS];
    struct dkim_signing *signing = NULL;
    int st = message_parse(arena, raw, &msg, err);
    for (size_t i = 0; i < c->n_keys; i++) {
        signers[i] = c->common;
        signers[i].domain = c->keys[i].domain;
        signers[i].selector = c->keys[i].selector;
        signers[i].key = private_key_signer(c->keys[i].key);
    }
    if (st == MP_OK)
        st = dkim_signing_new(arena, &msg, signers, c->n_keys, &signing, err);
    if (st != MP_OK)
        return st;
    dkim_signing_body(signing, msg.body);
    st = dkim_signing_finish(signing, out, err);
    if (!c->signature_only)
        buf_add(out, msg.raw);
    return st == MP_OK && out->failed ? mp_fail(err, MP_E_NOMEM, 0, "no memory") : st;
}

static int sign_file(struct sign_command *c, const char *path)
{
    struct mp_err err = {0};
    struct buf raw, out;
    struct arena arena;
    buf_init(&out, (size_t)MESSAGE_MAX_BYTES * 2);
    int st = read_whole(path, MESSAGE_MAX_BYTES, &raw, &err);
    arena_init(&arena, raw.n * SIGN_ARENA_FACTOR + (16u << 20));
    if (st == MP_OK)
        st = sign_message(c, &arena, buf_str(&raw), &out, &err);
    if (st == MP_OK)
        st = write_whole(c->output, buf_str(&out), &err);
    arena_clear(&arena);
    buf_clear(&raw);
    buf_clear(&out);
    return st == MP_OK ? EXIT_PASSED : report_failure("sign", &err);
}

int cmd_sign(int argc, char **argv)
{
    struct sign_command c = {.common = {.header_canon = CANON_RELAXED,
                                        .body_canon = CANON_RELAXED,
                                        .signed_at_s = clock_wall_s()}};
    int code = EXIT_PASSED;
    for (int o;
         code == EXIT_PASSED && (o = getopt_long(argc, argv, ":o:k:", long_options, NULL)) != -1;)
        code = o == '?' || o == ':' ? bad_option("sign", o, argv) : set_option(&c, o, optarg);
    if (code == EXIT_PASSED && c.n_keys == 0)
        code = usage_error("sign", "no --key DOMAIN:SELECTOR:FILE; `mailproof keygen` makes one");
    if (code == EXIT_PASSED && argc - optind > 1)
        code = usage_error("sign", "one message at a time: leave out '%s'", argv[optind + 1]);
    if (code == EXIT_PASSED)
        code = sign_file(&c, argc > optind ? argv[optind] : "-");
    for (size_t i = 0; i < c.n_keys; i++)
        private_key_free(c.keys[i].key);
    return code;
}
