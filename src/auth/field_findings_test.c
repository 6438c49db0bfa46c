/* Rows for what fields say about the program that wrote them: each finding and a near miss. */
#include "auth/author.h"

#include <stdlib.h>

#include "base/buf.h"
#include "tests/tap.h"

enum { MAX_WANT = 4, NOW_S = 1700000000 };
#define END  FINDING_COUNT
#define DATE "Date: Mon, 13 Nov 2023 10:00:00 +0000\r\n"
#define ID   "Message-ID: <1@a.example>\r\n"
#define TO   "To: b@b.example\r\n"
#define ALL  DATE ID TO
#define TAIL "\r\nx\r\n"

static const struct {
    const char *label;
    struct str raw;
    enum finding_id want[MAX_WANT]; /* ends with END; exactly these */
} rows[] = {
    {"all there", STR_INIT(ALL TAIL), {END}},
    {"no head", STR_INIT("\r\nx"), {END}},
    {"no Date", STR_INIT(ID TO TAIL), {FINDING_MESSAGE_NO_DATE, END}},
    {"15 days on its way",
     STR_INIT("Received: by a; Tue, 28 Nov 2023 10:00:01 +0000\r\n" ALL TAIL),
     {FINDING_MESSAGE_PAST_DATE, END}},
    {"13 days on its way",
     STR_INIT("Received: by a; Sun, 26 Nov 2023 10:00:00 +0000\r\n" ALL TAIL),
     {END}},
    {"only the topmost Received counts",
     STR_INIT("Received: by a; Mon, 13 Nov 2023 10:00:00 +0000\r\n"
              "Received: by a; Thu, 28 Dec 2023 10:00:01 +0000\r\n" ALL TAIL),
     {END}},
    {"no Message-ID", STR_INIT(DATE TO TAIL), {FINDING_MESSAGE_NO_MESSAGE_ID, END}},
    {"no brackets",
     STR_INIT(DATE TO "Message-ID: 1@a.example\r\n" TAIL),
     {FINDING_MESSAGE_BAD_MESSAGE_ID, END}},
    {"no right side",
     STR_INIT(DATE TO "Message-ID: <1@>\r\n" TAIL),
     {FINDING_MESSAGE_BAD_MESSAGE_ID, END}},
    {"white space within",
     STR_INIT(DATE TO "Message-ID: <1 @a.example>\r\n" TAIL),
     {FINDING_MESSAGE_BAD_MESSAGE_ID, END}},
    {"empty", STR_INIT(DATE TO "Message-ID:\r\n" TAIL), {FINDING_MESSAGE_BAD_MESSAGE_ID, END}},
    {"no dot",
     STR_INIT(DATE TO "Message-ID: <1@pc>\r\n" TAIL),
     {FINDING_MESSAGE_LOCAL_MESSAGE_ID, END}},
    {"folded, two at signs", STR_INIT(DATE TO "Message-ID:\r\n <a@b@c.example>\r\n" TAIL), {END}},
    {"an address literal", STR_INIT(DATE TO "Message-ID: <1@[IPv6:::1]>\r\n" TAIL), {END}},
    {"UTF-8", STR_INIT(ALL "Subject: \xc3\xa9\r\n" TAIL), {FINDING_MESSAGE_RAW_UTF8_HEADER, END}},
    {"UTF-8 that was announced",
     STR_INIT("Received: by a with UTF8SMTPS; Mon, 13 Nov 2023 10:00:00 +0000\r\n" ALL
              "Subject: \xc3\xa9\r\n" TAIL),
     {END}},
    {"UTF-8 in the body", STR_INIT(ALL "\r\n\xc3\xa9"), {END}},
    {"no UTF-8: structure.c tells", STR_INIT(ALL "Subject: \xe9\r\n" TAIL), {END}},
    {"a dead program",
     STR_INIT(ALL "X-Mailer: Microsoft Outlook Express 6.00.2900.2180\r\n" TAIL),
     {FINDING_MESSAGE_ODD_MAILER, END}},
    {"when it lived",
     STR_INIT("Date: Mon, 13 Nov 2006 10:00:00 +0000\r\n" ID TO
              "X-Mailer: Microsoft Outlook Express 6.00.2900.2180\r\n" TAIL),
     {END}},
    {"a phone without system",
     STR_INIT(ALL "User-Agent: iPhone Mail (X)\r\n" TAIL),
     {FINDING_MESSAGE_ODD_MAILER, END}},
    {"a tablet cut off",
     STR_INIT(ALL "X-Mailer: iPad Mail (1\r\n" TAIL),
     {FINDING_MESSAGE_ODD_MAILER, END}},
    {"a phone", STR_INIT(ALL "X-Mailer: iPhone Mail (20A362)\r\n" TAIL), {END}},
    {"no To", STR_INIT(DATE ID TAIL), {FINDING_MESSAGE_HIDDEN_RECIPIENTS, END}},
    {"nobody",
     STR_INIT(DATE ID "To: undisclosed-recipients:;\r\n" TAIL),
     {FINDING_MESSAGE_HIDDEN_RECIPIENTS, END}},
    {"a group with somebody", STR_INIT(DATE ID "To: us: b@b.example;\r\n" TAIL), {END}},
    {"no address at all", STR_INIT(DATE ID "To: you\r\n" TAIL), {END}},
};

static bool is_wanted(const enum finding_id *want, enum finding_id id)
{
    for (size_t i = 0; i < MAX_WANT && want[i] != END; i++)
        if (want[i] == id)
            return true;
    return false;
}

static void judge(struct arena *arena, struct str raw, struct finding_list *findings)
{
    struct message m;
    struct mp_err err = {0};
    arena_reset(arena);
    finding_list_init(findings, arena);
    tap_int(message_parse(arena, raw, &m, &err), MP_OK);
    struct auth_ctx ctx = {.arena = arena, .msg = &m, .findings = findings, .now_s = NOW_S};
    field_findings(&ctx);
}

static void test_large_head(struct arena *arena)
{
    static const struct str field =
        STR_INIT("X-Field: 0123456789012345678901234567890123456789\r\n");
    struct finding_list findings;
    struct buf raw;
    buf_init(&raw, 1 << 20);
    buf_addz(&raw, ALL);
    while (raw.n + field.n <= 64 * 1024)
        buf_add(&raw, field);
    size_t usual = raw.n;
    buf_add(&raw, field);
    tap_case("fields: 64 KiB of them");
    judge(arena, str_make(raw.p, usual), &findings);
    tap_int(findings.n, 0);
    judge(arena, buf_str(&raw), &findings);
    tap_ok(finding_has(&findings, FINDING_MESSAGE_LARGE_HEAD));
    tap_int(findings.n, 1);
    buf_clear(&raw);
}

int main(void)
{
    struct arena arena;
    struct finding_list findings = {0};
    arena_init(&arena, 16u << 20);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("fields: %s", rows[i].label);
        judge(&arena, rows[i].raw, &findings);
        for (int id = 0; id < FINDING_COUNT; id++)
            if (!tap_int(finding_has(&findings, (enum finding_id)id),
                         is_wanted(rows[i].want, (enum finding_id)id)))
                tap_note(STR_FMT, STR_ARG(finding_kind((enum finding_id)id)->name));
    }
    test_large_head(&arena);
    struct auth_ctx envelope_only = {.arena = &arena, .findings = &findings};
    tap_case("fields: no message");
    finding_list_init(&findings, &arena);
    field_findings(&envelope_only);
    tap_int(findings.n, 0);
    arena_clear(&arena);
    return tap_done();
}
