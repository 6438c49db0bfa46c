/* Rows for what IMAP servers say, and for arguments that must not break out. */
#include "arrival/mailbox_internal.h"
#include "tests/tap.h"

static struct arena arena;

static const struct {
    const char *label, *answer;
    int status;
    size_t n;
    uint32_t last;
} searches[] = {
    {"none", "* SEARCH\r\n", MP_OK, 0, 0},
    {"no line at all", "", MP_OK, 0, 0},
    {"some", "* SEARCH 2 84 882\r\n", MP_OK, 3, 882},
    {"with other lines", "* 23 EXISTS\r\n* SEARCH 7\r\n* OK [X] y\r\n", MP_OK, 1, 7},
    {"in two lines", "* SEARCH 1 2\r\n* SEARCH 3\r\n", MP_OK, 3, 3},
    {"any case, spaces, a bare LF", "* search  4 \n", MP_OK, 1, 4},
    {"the highest", "* SEARCH 4294967295\r\n", MP_OK, 1, 4294967295u},
    {"another word", "* SEARCHES 4\r\n", MP_OK, 0, 0},
    {"no number", "* SEARCH 1 x\r\n", MP_E_SYNTAX, 0, 0},
    {"zero", "* SEARCH 0\r\n", MP_E_SYNTAX, 0, 0},
    {"too high", "* SEARCH 4294967296\r\n", MP_E_SYNTAX, 0, 0},
    {"negative", "* SEARCH -1\r\n", MP_E_SYNTAX, 0, 0},
};

static const struct {
    const char *answer;
    int64_t unix_s; /* -1: none */
} dates[] = {
    {"* 1 FETCH (UID 7 INTERNALDATE \"23-Nov-2026 10:00:45 +0000\")", 1795428045},
    {"* 1 FETCH (internaldate \"23-nov-2026 12:00:45 +0200\" UID 7)", 1795428045},
    {"INTERNALDATE \" 1-Jan-1970 00:00:00 +0000\"", 0},
    {"INTERNALDATE \"23-Nov-2026 10:00:45 +0000", 1795428045},
    {"INTERNALDATE \"23-Nov-2026 10:00:45\"", -1},
    {"INTERNALDATE \"32-Nov-2026 10:00:45 +0000\"", -1},
    {"INTERNALDATE \"23-Foo-2026 10:00:45 +0000\"", -1},
    {"INTERNALDATE \"23-Nov-2026 24:00:45 +0000\"", -1},
    {"INTERNALDATE NIL", -1},
    {"", -1},
};

static void test_answers(void)
{
    for (size_t i = 0; i < ARRAY_LEN(searches); i++) {
        uint32_t *uids;
        size_t n = 0;
        struct mp_err err = {0};
        tap_case("imap: SEARCH: %s", searches[i].label);
        tap_int(imap_search_parse(&arena, str_from(searches[i].answer), &uids, &n, &err),
                searches[i].status);
        tap_int(n, searches[i].n);
        if (n > 0 && n == searches[i].n)
            tap_int(uids[n - 1], searches[i].last);
    }
    for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
        int64_t at = -1;
        tap_case("imap: %s", dates[i].answer);
        tap_int(imap_internaldate_parse(str_from(dates[i].answer), &at), dates[i].unix_s >= 0);
        tap_int(at, dates[i].unix_s);
    }
}

static const struct {
    const char *name, *wire; /* NULL: refused */
} folders[] = {
    {"INBOX", "INBOX"},
    {"A & B", "A &- B"},
    {"Entw\xc3\xbcrfe", "Entw&APw-rfe"},
    {"\xe5\x8f\xb0\xe5\x8c\x97", "&U,BTFw-"},
    {"\xf0\x9f\x93\xa7", "&2D3c5w-"},
    {"a\r\nb", NULL},
    {"a\x80", NULL},
};

static void test_arguments(void)
{
    struct buf b;
    buf_init(&b, 4096);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        tap_case("imap: folder %s", folders[i].wire == NULL ? "that is refused" : folders[i].wire);
        buf_reset(&b);
        tap_int(imap_folder_name(&b, str_from(folders[i].name)), folders[i].wire != NULL);
        if (folders[i].wire != NULL)
            tap_str(buf_str(&b), str_from(folders[i].wire));
    }
    tap_case("imap: quotes and backslashes are escaped");
    buf_reset(&b);
    tap_ok(imap_quote(&b, STR("a\"b\\c")));
    tap_str(buf_str(&b), STR("\"a\\\"b\\\\c\""));
    tap_case("imap: nothing that could end the line is quoted");
    buf_reset(&b);
    tap_ok(!imap_quote(&b, STR("a\r\nx LOGOUT")) && !imap_quote(&b, STR("a\0")) && b.n == 0);
    tap_case("imap: the search for a tag");
    buf_reset(&b);
    imap_search_write(&b, &(struct mailbox_match){.tag = STR("mp-1")}, 1795428045);
    tap_str(buf_str(&b), STR("UID SEARCH UNDELETED OR HEADER X-Mailproof-Tag \"mp-1\" OR HEADER "
                             "Message-ID \"mp-1\" OR SUBJECT \"mp-1\" (SINCE 21-Nov-2026 TEXT "
                             "\"mp-1\")"));
    tap_case("imap: what cannot be said is not: all are looked at");
    buf_reset(&b);
    imap_search_write(&b, &(struct mailbox_match){.from = STR("k\xc3\xa4se")}, 0);
    tap_str(buf_str(&b), STR("UID SEARCH UNDELETED"));
    tap_case("imap: the search for a bounce");
    buf_reset(&b);
    imap_search_write(
        &b, &(struct mailbox_match){.tag = STR("t"), .message_id = STR("<i@h>"), .bounce = true},
        0);
    tap_str(buf_str(&b), STR("UID SEARCH UNDELETED TEXT \"t\" TEXT \"i@h\""));
    buf_clear(&b);
}

int main(void)
{
    arena_init(&arena, 64u << 20);
    test_answers();
    test_arguments();
    arena_clear(&arena);
    return tap_done();
}
