/* Rows for the author domain, for what may deceive readers of From, and for broken structure. */
#include "auth/author.h"

#include "base/buf.h"
#include "base/confusable.h"
#include "tests/tap.h"

enum { MAX_WANT = 4 };
enum { NOW_S = 1700000000 }; /* 14 November 2023 */
#define END  FINDING_COUNT
#define REST "Date: Mon, 13 Nov 2023 10:00:00 +0000\r\n\r\nbody\r\n"

static struct arena arena;
static struct message message;
static struct finding_list findings;

static struct author judge(struct str raw)
{
    struct author author = {0};
    struct mp_err err = {0};
    arena_reset(&arena);
    finding_list_init(&findings, &arena);
    tap_int(message_parse(&arena, raw, &message, &err), MP_OK);
    struct auth_ctx ctx = {.arena = &arena, .msg = &message, .findings = &findings, .now_s = NOW_S};
    author_check(&ctx, &author);
    author_findings(&ctx, &author);
    structure_findings(&ctx);
    return author;
}

static bool is_wanted(const enum finding_id *want, enum finding_id id)
{
    for (size_t i = 0; i < MAX_WANT && want[i] != END; i++)
        if (want[i] == id)
            return true;
    return false;
}

/* Exactly the wanted kinds, no others. */
static void check_findings(const enum finding_id *want)
{
    for (int id = 0; id < FINDING_COUNT; id++)
        if (!tap_int(finding_has(&findings, (enum finding_id)id),
                     is_wanted(want, (enum finding_id)id)))
            tap_note(STR_FMT, STR_ARG(finding_kind((enum finding_id)id)->name));
}

static const struct {
    const char *label;
    struct str raw;
    enum author_status status;
    const char *domain;
    enum finding_id want[MAX_WANT]; /* ends with END */
} rows[] = {
    {"plain", STR_INIT("From: A <a@B.example>\r\n" REST), AUTHOR_OK, "b.example", {END}},
    {"final dot", STR_INIT("From: a@b.example.\r\n" REST), AUTHOR_OK, "b.example", {END}},
    {"space before the colon",
     STR_INIT("From : a@b.example\r\n" REST),
     AUTHOR_OK,
     "b.example",
     {END}},
    {"two of one domain",
     STR_INIT("From: a@b.example, c@B.EXAMPLE\r\n" REST),
     AUTHOR_OK,
     "b.example",
     {END}},
    {"group of one", STR_INIT("From: G: a@b.example;\r\n" REST), AUTHOR_OK, "b.example", {END}},
    {"U-label",
     STR_INIT("From: a@b\xc3\xbc"
              "cher.example\r\n" REST),
     AUTHOR_OK,
     "xn--bcher-kva.example",
     {END}},
    {"ideographic full stop",
     STR_INIT("From: a@b\xe3\x80\x82"
              "example\r\n" REST),
     AUTHOR_OK,
     "b.example",
     {END}},
    {"none", STR_INIT("To: a@b.example\r\n" REST), AUTHOR_NONE, "", {FINDING_AUTH_NO_FROM, END}},
    {"empty",
     STR_INIT("From: (a@b.example)\r\n" REST),
     AUTHOR_NONE,
     "",
     {FINDING_AUTH_NO_FROM, END}},
    {"empty group", STR_INIT("From: G:;\r\n" REST), AUTHOR_NONE, "", {FINDING_AUTH_NO_FROM, END}},
    {"null", STR_INIT("From: <>\r\n" REST), AUTHOR_NONE, "", {FINDING_AUTH_NO_FROM, END}},
    {"null beside another",
     STR_INIT("From: <>, a@b.example\r\n" REST),
     AUTHOR_INVALID,
     "",
     {FINDING_AUTH_FROM_SYNTAX, END}},
    {"two fields",
     STR_INIT("From: a@b.example\r\nfrom: c@b.example\r\n" REST),
     AUTHOR_MULTIPLE_FIELDS,
     "",
     {FINDING_AUTH_MULTIPLE_FROM, END}},
    {"two domains",
     STR_INIT("From: a@b.example, c@d.example\r\n" REST),
     AUTHOR_MULTIPLE_DOMAINS,
     "",
     {FINDING_AUTH_MULTIPLE_AUTHOR_DOMAINS, END}},
    {"literal", STR_INIT("From: a@[192.0.2.1]\r\n" REST), AUTHOR_LITERAL, "", {END}},
    {"no list",
     STR_INIT("From: <a@b.example> c\r\n" REST),
     AUTHOR_INVALID,
     "",
     {FINDING_AUTH_FROM_SYNTAX, END}},
    {"no DNS name",
     STR_INIT("From: a@b'c.example\r\n" REST),
     AUTHOR_INVALID,
     "",
     {FINDING_AUTH_FROM_SYNTAX, END}},
    {"Latin-1 domain",
     STR_INIT("From: a@b\xe9.example\r\n" REST),
     AUTHOR_INVALID,
     "",
     {FINDING_AUTH_FROM_SYNTAX, FINDING_MESSAGE_NON_UTF8_HEADER, END}},
    {"zero-width space",
     STR_INIT("From: a@b\xe2\x80\x8b"
              "c.example\r\n" REST),
     AUTHOR_INVALID,
     "",
     {FINDING_AUTH_FROM_SYNTAX, FINDING_AUTH_INVISIBLE_CHARACTER, END}},
    {"joiner in an A-label",
     STR_INIT("From: a@xn--ab-m1t.example\r\n" REST),
     AUTHOR_INVALID,
     "",
     {FINDING_AUTH_FROM_SYNTAX, FINDING_AUTH_INVISIBLE_CHARACTER, END}},
    {"joiner between Persian letters",
     STR_INIT("From: a@\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae\xd9\x88.example\r\n" REST),
     AUTHOR_OK,
     "xn--tgb9bk04c632h.example",
     {END}},
    {"bidi control in the name",
     STR_INIT("From: \xe2\x80\xae"
              "abc <a@b.example>\r\n" REST),
     AUTHOR_OK,
     "b.example",
     {FINDING_AUTH_INVISIBLE_CHARACTER, END}},
    {"emoji joiner in the name",
     STR_INIT("From: \xe2\x9d\xa4\xef\xb8\x8f <a@b.example>\r\n" REST),
     AUTHOR_OK,
     "b.example",
     {END}},
    {"mixed scripts",
     STR_INIT("From: a@p\xd0\xb0ypal.example\r\n" REST),
     AUTHOR_OK,
     "xn--pypal-4ve.example",
     {FINDING_AUTH_CONFUSABLE, END}},
    {"encoded word as address",
     STR_INIT("From: =?utf-8?B?YUBiLmV4YW1wbGU=?=\r\n" REST),
     AUTHOR_INVALID,
     "",
     {FINDING_AUTH_ENCODED_ADDRESS, FINDING_AUTH_FROM_SYNTAX, END}},
    {"encoded word as local part",
     STR_INIT("From: =?utf-8?Q?a=40b.example=3E?=@c.example\r\n" REST),
     AUTHOR_INVALID,
     "",
     {FINDING_AUTH_ENCODED_ADDRESS, END}},
    {"at sign in quotes",
     STR_INIT("From: \"a@b.example\"@c.example\r\n" REST),
     AUTHOR_OK,
     "c.example",
     {FINDING_AUTH_QUOTED_LOCAL_AT, END}},
    {"address as name",
     STR_INIT("From: \"a@b.example\" <x@c.example>\r\n" REST),
     AUTHOR_OK,
     "c.example",
     {FINDING_AUTH_DISPLAY_NAME_ADDRESS, END}},
    {"encoded address as name",
     STR_INIT("From: =?utf-8?Q?a=40b.example?= <x@c.example>\r\n" REST),
     AUTHOR_OK,
     "c.example",
     {FINDING_AUTH_DISPLAY_NAME_ADDRESS, END}},
    {"full-width at sign",
     STR_INIT("From: a\xef\xbc\xa0"
              "b.example <x@c.example>\r\n" REST),
     AUTHOR_OK,
     "c.example",
     {FINDING_AUTH_DISPLAY_NAME_ADDRESS, END}},
    {"address as group name",
     STR_INIT("From: \"a@b.example\": x@c.example;\r\n" REST),
     AUTHOR_OK,
     "c.example",
     {FINDING_AUTH_DISPLAY_NAME_ADDRESS, END}},
    {"own address as name",
     STR_INIT("From: \"a@c.example\" <x@c.example>\r\n" REST),
     AUTHOR_OK,
     "c.example",
     {END}},
    {"name of the same organization",
     STR_INIT("From: \"a@c.example\" <x@m.c.example>\r\n" REST),
     AUTHOR_OK,
     "m.c.example",
     {END}},
    {"at sign, no address",
     STR_INIT("From: \"A @ B.C\" <x@c.example>\r\n" REST),
     AUTHOR_OK,
     "c.example",
     {END}},
    {"address in a comment",
     STR_INIT("From: x@c.example (a@b.example)\r\n" REST),
     AUTHOR_OK,
     "c.example",
     {FINDING_AUTH_COMMENT_ADDRESS, END}},
    {"line end in an encoded word",
     STR_INIT("From: =?utf-8?Q?A=0D=0AB?= <x@c.example>\r\n" REST),
     AUTHOR_OK,
     "c.example",
     {FINDING_AUTH_CONTROL_IN_ENCODED_WORD, END}},
    {"line end in an encoded subject",
     STR_INIT("From: x@c.example\r\nSubject: =?utf-8?Q?A=0D=0AB?=\r\n" REST),
     AUTHOR_OK,
     "c.example",
     {FINDING_AUTH_CONTROL_IN_ENCODED_WORD, END}},
    /* structure */
    {"bare LF shows From",
     STR_INIT("X: a\nFrom: a@b.example\r\nFrom: c@d.example\r\n" REST),
     AUTHOR_MULTIPLE_FIELDS,
     "",
     {FINDING_AUTH_MULTIPLE_FROM, FINDING_MESSAGE_BARE_LF_HEADER, FINDING_MESSAGE_HIDDEN_FIELD,
      END}},
    {"bare CR shows From",
     STR_INIT("X: a\rFrom: a@b.example\r\nFrom: c@d.example\r\n" REST),
     AUTHOR_MULTIPLE_FIELDS,
     "",
     {FINDING_AUTH_MULTIPLE_FROM, FINDING_MESSAGE_BARE_CR_HEADER, FINDING_MESSAGE_HIDDEN_FIELD,
      END}},
    {"bare LF, nothing hidden",
     STR_INIT("X: a\nY: b\r\nFrom: c@d.example\r\n" REST),
     AUTHOR_OK,
     "d.example",
     {FINDING_MESSAGE_BARE_LF_HEADER, END}},
    {"LF LF before From",
     STR_INIT("X: a\n\nb\r\nFrom: c@d.example\r\n" REST),
     AUTHOR_INVALID,
     "",
     {FINDING_AUTH_FROM_SYNTAX, FINDING_MESSAGE_BARE_LF_HEADER, END}},
    {"NUL in the name",
     STR_INIT("From\0: a@b.example\r\nFrom: c@d.example\r\n" REST),
     AUTHOR_MULTIPLE_FIELDS,
     "",
     {FINDING_AUTH_MULTIPLE_FROM, FINDING_MESSAGE_NUL_IN_HEADER, FINDING_MESSAGE_MALFORMED_HEADER,
      END}},
    {"only a folded From",
     STR_INIT("From\r\n : a@b.example\r\n" REST),
     AUTHOR_INVALID,
     "",
     {FINDING_AUTH_NO_FROM, FINDING_AUTH_FROM_SYNTAX, FINDING_MESSAGE_MALFORMED_HEADER, END}},
    {"first line folded",
     STR_INIT(" From: a@b.example\r\nFrom: c@d.example\r\n" REST),
     AUTHOR_MULTIPLE_FIELDS,
     "",
     {FINDING_AUTH_MULTIPLE_FROM, FINDING_MESSAGE_MALFORMED_HEADER, END}},
    {"vertical tab",
     STR_INIT("From: c@d.example\r\nX: \v\r\n" REST),
     AUTHOR_OK,
     "d.example",
     {FINDING_MESSAGE_CONTROL_IN_HEADER, END}},
    {"duplicate subject",
     STR_INIT("From: c@d.example\r\nSubject: a\r\nSubject: b\r\n" REST),
     AUTHOR_OK,
     "d.example",
     {FINDING_MESSAGE_DUPLICATE_FIELD, END}},
    {"Unix file",
     STR_INIT("From: c@d.example\n\nx\n"),
     AUTHOR_OK,
     "d.example",
     {FINDING_MESSAGE_LF_ONLY, END}},
    {"body",
     STR_INIT("From: c@d.example\r\n\r\na\nb\rc\0"),
     AUTHOR_OK,
     "d.example",
     {FINDING_MESSAGE_BARE_LF_BODY, FINDING_MESSAGE_BARE_CR_BODY, FINDING_MESSAGE_NUL_IN_BODY,
      END}},
    {"smuggling",
     STR_INIT("From: c@d.example\r\n\r\na\n.\r\n"),
     AUTHOR_OK,
     "d.example",
     {FINDING_MESSAGE_BARE_LF_BODY, FINDING_MESSAGE_SMUGGLING, END}},
    {"blank first line",
     STR_INIT("\r\nFrom: c@d.example\r\n"),
     AUTHOR_NONE,
     "",
     {FINDING_AUTH_NO_FROM, FINDING_MESSAGE_NO_HEADER, END}},
    {"nothing",
     STR_INIT(""),
     AUTHOR_NONE,
     "",
     {FINDING_AUTH_NO_FROM, FINDING_MESSAGE_NOT_MAIL, END}},
    {"bad date",
     STR_INIT("From: c@d.example\r\nDate: now\r\n\r\n"),
     AUTHOR_OK,
     "d.example",
     {FINDING_MESSAGE_BAD_DATE, END}},
    {"future date",
     STR_INIT("From: c@d.example\r\nDate: Thu, 16 Nov 2023 10:00:00 +0000\r\n\r\n"),
     AUTHOR_OK,
     "d.example",
     {FINDING_MESSAGE_FUTURE_DATE, END}},
    {"tomorrow's date, another zone",
     STR_INIT("From: c@d.example\r\nDate: Wed, 15 Nov 2023 08:00:00 +1200\r\n\r\n"),
     AUTHOR_OK,
     "d.example",
     {END}},
};

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("author: %s", rows[i].label);
        struct author author = judge(rows[i].raw);
        if (!tap_int(author.status, rows[i].status))
            tap_note("%s: " STR_FMT, author_status_name(author.status), STR_ARG(author.reason));
        tap_str(author.domain, str_from(rows[i].domain));
        tap_ok((author.reason.n == 0) == (author.status == AUTHOR_OK));
        check_findings(rows[i].want);
    }
}

static void test_large(void)
{
    static const enum finding_id limit[MAX_WANT] = {FINDING_AUTH_FROM_SYNTAX, FINDING_LIMIT_HEADER,
                                                    END};
    static const enum finding_id line[MAX_WANT] = {FINDING_MESSAGE_LONG_LINE, END};
    struct buf b;
    buf_init(&b, 16 << 20);
    buf_addz(&b, "From: a@b.example\r\n");
    for (int i = 0; i < 100001; i++)
        buf_addz(&b, "X:y\r\n");
    tap_case("author: more fields than are read");
    tap_int(judge(buf_str(&b)).status, AUTHOR_INVALID);
    check_findings(limit);
    buf_reset(&b);
    buf_addf(&b, "From: a@b.example\r\n\r\n%01000d\r\n", 0);
    tap_case("author: a long line");
    tap_int(judge(buf_str(&b)).status, AUTHOR_OK);
    check_findings(line);
    buf_clear(&b);
}

static const struct {
    const char *domain;
    bool confusable;
} domains[] = {
    {"example.com", false},
    {"b\xc3\xbc"
     "cher.example",
     false},
    {"xn--bcher-kva.example", false},
    {"\xe4\xbe\x8b\xe3\x81\x88.example", false},                 /* Han and Hiragana */
    {"abc\xe4\xbe\x8b.example", false},                          /* Latin beside Han */
    {"\xd0\xbf\xd0\xbe\xd1\x87\xd1\x82\xd0\xb0.example", false}, /* Cyrillic, not alike */
    {"\xd0\xbe\xd1\x81\xd0\xb0.\xd1\x80\xd1\x84", false},        /* alike, but under .rf */
    {"\xd0\xbe\xd1\x81\xd0\xb0.example", true},
    {"\xce\xbf\xce\xbd\xce\xbf.example", true}, /* Greek o v o */
    {"\xd5\xb8\xd6\x85.example", true},         /* Armenian n o */
    {"p\xd0\xb0ypal.example", true},
    {"xn--pypal-4ve.example", true},
    {"l\xd6\xb1git.example", true}, /* a Hebrew point in Latin */
    {"www.p\xd0\xb0ypal.b.example", true},
    {"\xc9\xa1oogle.example", true}, /* the script g of phonetics */
    {"a\xd0\xb6.\xd1\x80\xd1\x84", true},
    {"xn--99999999.example", false}, /* decodes to nothing */
};

static void test_confusable(void)
{
    for (size_t i = 0; i < ARRAY_LEN(domains); i++) {
        struct str shown;
        tap_case("confusable: %s", domains[i].domain);
        tap_int(domain_confusable(&arena, str_from(domains[i].domain), &shown) != NULL,
                domains[i].confusable);
    }
}

int main(void)
{
    arena_init(&arena, 256u << 20);
    test_rows();
    test_large();
    test_confusable();
    struct author author;
    struct auth_ctx envelope_only = {.arena = &arena, .findings = &findings};
    tap_case("author: no message");
    author_check(&envelope_only, &author);
    author_findings(&envelope_only, &author);
    structure_findings(&envelope_only);
    tap_int(author.status, AUTHOR_NONE);
    tap_cstr(author_status_name(AUTHOR_LITERAL), "literal");
    arena_clear(&arena);
    return tap_done();
}
