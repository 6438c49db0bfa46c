/* `mailproof keygen`: a private key file, and the DNS record that publishes its public half. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/idna.h"
#include "cli/cli.h"
#include "crypto/key.h"

enum {
    KEYGEN_RSA_BITS = 2048,
    TXT_STRING_MAX = 255,
    RECORD_MAX_BYTES = 8192,
    PATH_MAX_BYTES = 4096
};

const char keygen_help[] =
    "  --selector NAME         name below _domainkey (default mail)\n"
    "  --type WORD             rsa (default) or ed25519\n"
    "  --bits N                RSA size, 1024 to 4096 (default 2048)\n"
    "  -o, --output FILE       the private key (default DOMAIN.SELECTOR.pem), mode 0600; never\n"
    "                          written over an existing file\n"
    "The DNS record goes to standard output, as a zone-file line.\n";

static const struct option long_options[] = {{"selector", required_argument, NULL, 's'},
                                             {"type", required_argument, NULL, 't'},
                                             {"bits", required_argument, NULL, 'b'},
                                             {"output", required_argument, NULL, 'o'},
                                             {NULL, 0, NULL, 0}};

struct keygen_command {
    const char *selector, *output;
    enum key_type type;
    unsigned bits;
};

static int set_option(struct keygen_command *c, int option, const char *arg)
{
    uint64_t n;
    switch (option) {
    case 's':
        c->selector = arg;
        break;
    case 't':
        c->type = strcmp(arg, "ed25519") == 0 ? KEY_ED25519 : KEY_RSA;
        if (c->type == KEY_RSA && strcmp(arg, "rsa") != 0)
            return usage_error("keygen", "--type %s: expected rsa or ed25519", arg);
        break;
    case 'b':
        if (!str_to_u64(str_from(arg), KEY_RSA_MAX_BITS, &n) || n < KEY_RSA_MIN_BITS)
            return usage_error("keygen", "--bits %s: expected %d to %d", arg, KEY_RSA_MIN_BITS,
                               KEY_RSA_MAX_BITS);
        c->bits = (unsigned)n;
        break;
    case 'o':
        c->output = arg;
        break;
    default:
        return EXIT_USAGE_ERROR; /* every option of the table has its case */
    }
    return EXIT_PASSED;
}

/* "name IN TXT ( "..." "..." )": strings of at most 255 octets, RFC 1035 3.3.14. */
static void write_record(struct buf *out, struct str domain, const char *selector,
                         enum key_type type, struct str public_octets)
{
    struct buf text;
    buf_init(&text, RECORD_MAX_BYTES);
    buf_addf(&text, "v=DKIM1; k=%s; p=", type == KEY_RSA ? "rsa" : "ed25519");
    base64_encode(&text, public_octets);
    buf_addf(out, "%s._domainkey." STR_FMT ". IN TXT (", selector, STR_ARG(domain));
    for (size_t i = 0; i < text.n; i += TXT_STRING_MAX)
        buf_addf(out, " \"" STR_FMT "\"",
                 STR_ARG(str_slice(buf_str(&text), i, i + TXT_STRING_MAX)));
    buf_addz(out, " )\n");
    buf_clear(&text);
}

static int write_private(const char *path, struct str pem, struct mp_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return mp_fail(err, MP_E_IO, errno, "%s: %s%s", path, strerror(errno),
                       errno == EEXIST ? "; keys are never written over, name another file" : "");
    bool ok = write(fd, pem.p, pem.n) == (ssize_t)pem.n && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    return ok ? MP_OK : mp_fail(err, MP_E_IO, errno, "%s: %s", path, strerror(errno));
}

static int generate(const struct keygen_command *c, struct str domain)
{
    struct mp_err err = {0};
    struct private_key *key = NULL;
    struct buf pem, octets, record;
    char path[PATH_MAX_BYTES];
    buf_init(&pem, 1 << 16);
    buf_init(&octets, 1 << 16);
    buf_init(&record, 1 << 16);
    snprintf(path, sizeof path, STR_FMT ".%s.pem", STR_ARG(domain), c->selector);
    const char *output = c->output == NULL ? path : c->output;
    int st = private_key_generate(c->type, c->bits, &key, &err);
    if (st == MP_OK)
        st = private_key_pem(key, &pem, &err);
    if (st == MP_OK)
        st = private_key_public_octets(key, &octets, &err);
    if (st == MP_OK)
        st = write_private(output, buf_str(&pem), &err);
    if (st == MP_OK) {
        write_record(&record, domain, c->selector, c->type, buf_str(&octets));
        st = write_whole(NULL, buf_str(&record), &err);
        fprintf(stderr,
                "private key: %s; publish the record above, then sign with\n"
                "  mailproof sign --key " STR_FMT ":%s:%s MESSAGE\n",
                output, STR_ARG(domain), c->selector, output);
    }
    if (pem.p != NULL)
        explicit_bzero(pem.p, pem.cap);
    private_key_free(key);
    buf_clear(&pem);
    buf_clear(&octets);
    buf_clear(&record);
    return st == MP_OK ? EXIT_PASSED : report_failure("keygen", &err);
}

int cmd_keygen(int argc, char **argv)
{
    struct keygen_command c = {.selector = "mail", .type = KEY_RSA, .bits = KEYGEN_RSA_BITS};
    struct arena arena;
    struct str domain = STR_NONE;
    int code = EXIT_PASSED;
    for (int o;
         code == EXIT_PASSED && (o = getopt_long(argc, argv, ":o:", long_options, NULL)) != -1;)
        code = o == '?' || o == ':' ? bad_option("keygen", o, argv) : set_option(&c, o, optarg);
    if (code != EXIT_PASSED)
        return code;
    if (argc - optind != 1)
        return usage_error("keygen",
                           "name the one domain that signs: mailproof keygen example.org");
    arena_init(&arena, 1 << 16);
    if (!idna_to_ascii(&arena, str_from(argv[optind]), &domain) || !domain_is_ldh(domain))
        code = usage_error("keygen", "'%s' is not a domain name", argv[optind]);
    else if (!domain_is_ldh(str_from(c.selector)))
        code = usage_error("keygen", "--selector %s: letters, digits, hyphens and dots only",
                           c.selector);
    else
        code = generate(&c, domain);
    arena_clear(&arena);
    return code;
}
