/* EHLO replies: what is known, what is odd, what is too much. */
#include "smtp/ehlo.h"

#include "tests/tap.h"

static struct arena arena;

static struct smtp_ehlo ehlo_of(struct str reply)
{
    struct smtp_reply r = {0};
    struct smtp_ehlo e = {0};
    size_t used;
    const char *why;
    tap_int(smtp_reply_parse(&arena, reply, &r, &used, &why), SMTP_PARSE_DONE);
    smtp_ehlo_parse(&arena, &r, &e);
    return e;
}

static struct str mechs_of(const struct smtp_ehlo *e)
{
    struct str all = STR("");
    for (size_t i = 0; i < e->n_mechs; i++)
        all = arena_fmt(&arena, STR_FMT "%s" STR_FMT, STR_ARG(all), i > 0 ? " " : "",
                        STR_ARG(e->mechs[i]));
    return all;
}

static const struct {
    const char *label;
    struct str in;
    unsigned extensions;
    uint64_t size;
    const char *greeting, *mechs, *xclient;
    size_t keywords;
} rows[] = {
    {"name only", STR_INIT("250 mx.test\r\n"), 0, 0, "mx.test", "", "", 0},
    {"name and words", STR_INIT("250 mx.test greets you\r\n"), 0, 0, "mx.test", "", "", 0},
    {"no name", STR_INIT("250\r\n"), 0, 0, "", "", "", 0},
    {"the usual",
     STR_INIT("250-mx.test\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-STARTTLS\r\n"
              "250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n"
              "250 CHUNKING\r\n"),
     SMTP_EXT_PIPELINING | SMTP_EXT_SIZE | SMTP_EXT_STARTTLS | SMTP_EXT_ENHANCEDSTATUSCODES |
         SMTP_EXT_8BITMIME | SMTP_EXT_DSN | SMTP_EXT_SMTPUTF8 | SMTP_EXT_CHUNKING,
     10240000, "mx.test", "", "", 8},
    {"without case", STR_INIT("250-x\r\n250 starttls\r\n"), SMTP_EXT_STARTTLS, 0, "x", "", "", 1},
    {"a keyword on the first line is a name", STR_INIT("250 STARTTLS\r\n"), 0, 0, "STARTTLS", "",
     "", 0},
    {"size without a number", STR_INIT("250-x\r\n250 SIZE\r\n"), SMTP_EXT_SIZE, 0, "x", "", "", 1},
    {"size 0", STR_INIT("250-x\r\n250 SIZE 0\r\n"), SMTP_EXT_SIZE, 0, "x", "", "", 1},
    {"size is no number", STR_INIT("250-x\r\n250 SIZE -1\r\n"), SMTP_EXT_SIZE, 0, "x", "", "", 1},
    {"size too large", STR_INIT("250-x\r\n250 SIZE 99999999999999999999999\r\n"), SMTP_EXT_SIZE, 0,
     "x", "", "", 1},
    {"largest size", STR_INIT("250-x\r\n250 SIZE 18446744073709551615\r\n"), SMTP_EXT_SIZE,
     UINT64_MAX, "x", "", "", 1},
    {"mechanisms", STR_INIT("250-x\r\n250 AUTH PLAIN login SCRAM-SHA-256-PLUS\r\n"), SMTP_EXT_AUTH,
     0, "x", "PLAIN LOGIN SCRAM-SHA-256-PLUS", "", 1},
    {"AUTH=", STR_INIT("250-x\r\n250-AUTH=LOGIN\r\n250 AUTH LOGIN PLAIN\r\n"), SMTP_EXT_AUTH, 0,
     "x", "LOGIN PLAIN", "", 2},
    {"AUTH= alone", STR_INIT("250-x\r\n250 AUTH=PLAIN\tLOGIN \r\n"), SMTP_EXT_AUTH, 0, "x",
     "PLAIN LOGIN", "", 1},
    {"AUTH without mechanisms", STR_INIT("250-x\r\n250 AUTH\r\n"), SMTP_EXT_AUTH, 0, "x", "", "",
     1},
    {"words that are no mechanism",
     STR_INIT("250-x\r\n250 AUTH P;LAIN "
              "ABCDEFGHIJKLMNOPQRSTU \x1b[1m LOGIN\r\n"),
     SMTP_EXT_AUTH, 0, "x", "LOGIN", "", 1},
    {"XCLIENT", STR_INIT("250-x\r\n250 XCLIENT NAME ADDR  PORT\r\n"), SMTP_EXT_XCLIENT, 0, "x", "",
     "NAME ADDR  PORT", 1},
    {"unknown keywords", STR_INIT("250-x\r\n250-XYZZY\r\n250-STARTTLSX\r\n250 SIZES 1\r\n"), 0, 0,
     "x", "", "", 3},
    {"empty lines", STR_INIT("250-x\r\n250-\r\n250- \r\n250 DSN\r\n"), SMTP_EXT_DSN, 0, "x", "", "",
     1},
    {"the rest",
     STR_INIT("250-x\r\n250-BINARYMIME\r\n250-REQUIRETLS\r\n250-VRFY\r\n250-ETRN\r\n"
              "250-DELIVERBY 240\r\n250-MT-PRIORITY MIXER\r\n250-LIMITS RCPTMAX=20\r\n"
              "250-FUTURERELEASE 1 2\r\n250-PRDR\r\n250 XFORWARD NAME\r\n"),
     SMTP_EXT_BINARYMIME | SMTP_EXT_REQUIRETLS | SMTP_EXT_VRFY | SMTP_EXT_ETRN |
         SMTP_EXT_DELIVERBY | SMTP_EXT_MT_PRIORITY | SMTP_EXT_LIMITS | SMTP_EXT_FUTURERELEASE |
         SMTP_EXT_PRDR | SMTP_EXT_XFORWARD,
     0, "x", "", "", 10},
};

static void test_many(void)
{
    struct str line = STR("250-x\r\n");
    for (unsigned i = 0; i < 150; i++)
        line = arena_fmt(&arena, STR_FMT "250-AUTH M%u\r\n", STR_ARG(line), i);
    line = arena_fmt(&arena, STR_FMT "250 STARTTLS\r\n", STR_ARG(line));
    tap_case("ehlo: more lines and mechanisms than are kept");
    struct smtp_ehlo e = ehlo_of(line);
    tap_int(e.n_keywords, SMTP_EHLO_MAX_KEYWORDS);
    tap_int(e.n_mechs, SMTP_EHLO_MAX_MECHS);
    tap_str(e.mechs[SMTP_EHLO_MAX_MECHS - 1], STR("M39"));
    tap_case("ehlo: no memory");
    struct arena none;
    struct str lines[] = {STR("x"), STR("STARTTLS")};
    struct smtp_reply r = {.code = 250, .lines = lines, .n_lines = 2};
    arena_init(&none, 0);
    smtp_ehlo_parse(&none, &r, &e);
    tap_int(e.n_keywords, 0);
    tap_int(e.n_mechs, 0);
}

int main(void)
{
    arena_init(&arena, 16u << 20);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("ehlo: %s", rows[i].label);
        struct smtp_ehlo e = ehlo_of(rows[i].in);
        tap_ok(e.extended);
        tap_int(e.extensions, rows[i].extensions);
        tap_ok(e.size_bytes == rows[i].size);
        tap_str(e.greeting_name, str_from(rows[i].greeting));
        tap_str(mechs_of(&e), str_from(rows[i].mechs));
        tap_str(e.xclient, str_from(rows[i].xclient));
        tap_int(e.n_keywords, rows[i].keywords);
    }
    test_many();
    tap_case("names: of single bits only");
    tap_cstr(smtp_extension_name(SMTP_EXT_PIPELINING), "PIPELINING");
    tap_cstr(smtp_extension_name(SMTP_EXT_MT_PRIORITY), "MT-PRIORITY");
    tap_cstr(smtp_extension_name(SMTP_EXT_XFORWARD), "XFORWARD");
    tap_ok(smtp_extension_name(0) == NULL);
    tap_ok(smtp_extension_name(SMTP_EXT_XFORWARD << 1) == NULL);
    tap_ok(smtp_extension_name(SMTP_EXT_SIZE | SMTP_EXT_DSN) == NULL);
    arena_clear(&arena);
    return tap_done();
}
