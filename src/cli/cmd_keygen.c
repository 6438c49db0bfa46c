/* `mailproof keygen`: a private key file, and the DNS record that publishes its public half. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/idna.h"
#include "cli/cli.h"
#include "crypto/key.h"
#include "signer/table.h"

enum {
    KEYGEN_RSA_BITS = 2048,
    TXT_STRING_MAX = 255,
    RECORD_MAX_BYTES = 8192,
    PATH_MAX_BYTES = 4096,
    DATE_BYTES = sizeof "2027-01-15",
    SELECTOR_BYTES = sizeof "r20270115",
    DAY_S = 86400,
    /* Caches may remember for a day that a name was not there; mail waits in queues for five days
     * and is verified again by those who fetch it late. */
    PUBLISH_DAYS_BEFORE = 2,
    RETIRE_DAYS_AFTER = 14
};

const char keygen_help[] =
    "  --selector NAME         name below _domainkey (default mail)\n"
    "  --type WORD             rsa (default) or ed25519\n"
    "  --bits N                RSA size, 1024 to 4096 (default 2048)\n"
    "  -o, --output FILE       the private key (default DOMAIN.SELECTOR.pem), mode 0600; never\n"
    "                          written over an existing file\n"
    "Rotation:\n"
    "  --activate DATE         the day from which the key signs, 2027-01-15: names the selector\n"
    "                          (r20270115, e20270115), and tells what is to be done when\n"
    "  --replaces NAME         the selector that ends on that day, and the record that retires it\n"
    "The DNS record goes to standard output, as a zone-file line; dates as comments of it.\n";

static const struct option long_options[] = {{"selector", required_argument, NULL, 's'},
                                             {"type", required_argument, NULL, 't'},
                                             {"bits", required_argument, NULL, 'b'},
                                             {"output", required_argument, NULL, 'o'},
                                             {"activate", required_argument, NULL, 'a'},
                                             {"replaces", required_argument, NULL, 'r'},
                                             {NULL, 0, NULL, 0}};

struct keygen_command {
    const char *selector, *output, *replaces; /* replaces: NULL for none */
    char by_date[SELECTOR_BYTES];
    bool rotation;
    int64_t activate_s;
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
    case 'a':
        if (!signing_date_parse(str_from(arg), &c->activate_s) || c->activate_s % DAY_S != 0)
            return usage_error("keygen", "--activate %s: expected a day like 2027-01-15", arg);
        c->rotation = true;
        break;
    case 'r':
        c->replaces = arg;
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

/* ---- rotation ---- */

static const char *date_text(int64_t day_s, char out[DATE_BYTES])
{
    int year, month, day, hour, minute, second;
    unix_to_civil(day_s, &year, &month, &day, &hour, &minute, &second);
    struct buf b;
    buf_init(&b, DATE_BYTES);
    buf_addf(&b, "%04d-%02d-%02d", year, month, day);
    memcpy(out, b.failed || b.n != DATE_BYTES - 1 ? "0000-00-00" : b.p, DATE_BYTES - 1);
    out[DATE_BYTES - 1] = '\0';
    buf_clear(&b);
    return out;
}

/* "r20270115", by the day on which it begins to sign. */
static const char *selector_by_date(struct keygen_command *c)
{
    char date[DATE_BYTES];
    size_t n = 0;
    date_text(c->activate_s, date);
    c->by_date[n++] = c->type == KEY_RSA ? 'r' : 'e';
    for (size_t i = 0; date[i] != '\0'; i++)
        if (is_digit(date[i]))
            c->by_date[n++] = date[i];
    c->by_date[n] = '\0';
    return c->by_date;
}

static void write_before(struct buf *out, const struct keygen_command *c)
{
    char date[DATE_BYTES];
    int64_t publish_s = c->activate_s - (int64_t)PUBLISH_DAYS_BEFORE * DAY_S;
    if (publish_s <= clock_wall_s())
        buf_addz(out, "; publish now, and look that all name servers have it before it signs:\n");
    else
        buf_addf(out, "; publish until %s, so that no cache remembers that it was not there:\n",
                 date_text(publish_s, date));
}

static void write_after(struct buf *out, const struct keygen_command *c, struct str domain)
{
    char date[DATE_BYTES];
    buf_addf(out, "; activate on %s: it signs from then on\n", date_text(c->activate_s, date));
    if (c->replaces == NULL)
        return;
    date_text(c->activate_s + (int64_t)RETIRE_DAYS_AFTER * DAY_S, date);
    buf_addf(out,
             "; retire on %s, when no mail that it signed is on its way: its record becomes\n"
             "; %s._domainkey." STR_FMT ". IN TXT ( \"v=DKIM1; p=\" )\n",
             date, c->replaces, STR_ARG(domain));
}

/* For the table of the daemon: docs/signing.md. */
static void tell_table(const struct keygen_command *c, struct str domain, const char *output)
{
    char date[DATE_BYTES];
    date_text(c->activate_s, date);
    fprintf(stderr,
            "private key: %s; for the daemon's configuration:\n"
            "  signing:\n"
            "    keys: {" STR_FMT ".%s: %s}\n"
            "    domains:\n"
            "      " STR_FMT ":\n"
            "        keys:\n"
            "          - {selector: %s, key: " STR_FMT ".%s, from: %s}\n",
            output, STR_ARG(domain), c->selector, output, STR_ARG(domain), c->selector,
            STR_ARG(domain), c->selector, date);
    if (c->replaces != NULL)
        fprintf(stderr, "          - {selector: %s, key: ..., until: %s}\n", c->replaces, date);
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
        if (c->rotation)
            write_before(&record, c);
        write_record(&record, domain, c->selector, c->type, buf_str(&octets));
        if (c->rotation)
            write_after(&record, c, domain);
        st = write_whole(NULL, buf_str(&record), &err);
        if (c->rotation)
            tell_table(c, domain, output);
        else
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
    struct keygen_command c = {.type = KEY_RSA, .bits = KEYGEN_RSA_BITS};
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
    if (c.replaces != NULL && !c.rotation)
        return usage_error("keygen", "--replaces: from when on? --activate says");
    if (c.selector == NULL)
        c.selector = c.rotation ? selector_by_date(&c) : "mail";
    arena_init(&arena, 1 << 16);
    if (!idna_to_ascii(&arena, str_from(argv[optind]), &domain) || !domain_is_ldh(domain))
        code = usage_error("keygen", "'%s' is not a domain name", argv[optind]);
    else if (!domain_is_ldh(str_from(c.selector)))
        code = usage_error("keygen", "--selector %s: letters, digits, hyphens and dots only",
                           c.selector);
    else if (c.replaces != NULL && (!domain_is_ldh(str_from(c.replaces)) ||
                                    str_ieq(str_from(c.replaces), str_from(c.selector))))
        code = usage_error("keygen", "--replaces %s: expected another selector", c.replaces);
    else
        code = generate(&c, domain);
    arena_clear(&arena);
    return code;
}
