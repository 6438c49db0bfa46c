/* Rows for judgements: what arrived, what was expected, and which findings that gives. */
#include "arrival/arrival.h"
#include "tests/tap.h"

#define HOP_TLS                                                                                    \
    "Received: from a.test ([192.0.2.1]) by b.test with ESMTPS; Mon, 23 Nov 2026 10:00:00 "        \
    "+0000\r\n"
#define HOP_LATER                                                                                  \
    "Received: from b.test ([192.0.2.2]) by c.test with ESMTP; Mon, 23 Nov 2026 10:01:00 "         \
    "+0000\r\n"
#define HOP_SLOW                                                                                   \
    "Received: from b.test ([192.0.2.2]) by c.test with ESMTPS; Mon, 23 Nov 2026 10:01:00 "        \
    "+0000\r\n"
#define HOP_BACK                                                                                   \
    "Received: from b.test ([192.0.2.2]) by c.test with ESMTPS; Mon, 23 Nov 2026 09:59:00 "        \
    "+0000\r\n"
#define TEXT "Subject: x\r\n\r\nhello\r\n"
#define FILES(b)                                                                                   \
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n--b\r\n"                    \
    "Content-Type: application/pdf\r\n\r\n" b "\r\n--b--\r\n"
#define BOUNCE                                                                                     \
    "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: "                      \
    "message/delivery-status\r\n\r\nReporting-MTA: dns; m\r\n\r\nFinal-Recipient: rfc822; "        \
    "a@b\r\nAction: failed\r\nStatus: 5.1.1\r\n--b--\r\n"
#define RESULTS(w) "Authentication-Results: mx.test; dmarc=" w " header.from=a.test\r\n"

enum { NOTHING, ARRIVED, OPEN };

static const struct str with_x[] = {STR_INIT("/x"), STR_INIT("")},
                        with_y[] = {STR_INIT(""), STR_INIT("/y")};

static const struct {
    const char *label, *sent, *message;
    int what;
    int64_t took_ms;
    struct arrival_expect expect;
    int finding; /* -1: none */
    enum severity severity;
    enum check_status status; /* the worst of all checks */
} rows[] = {
    {"arrived", NULL, TEXT, ARRIVED, 100, {0}, -1, SEV_INFO, CHECK_SKIPPED},
    {"missing", NULL, "", NOTHING, 0, {0}, FINDING_FLOW_ARRIVE_MISSING, SEV_HIGH, CHECK_FAIL},
    {"undecided is no pass",
     NULL,
     "",
     OPEN,
     0,
     {0},
     FINDING_FLOW_ARRIVE_UNDECIDED,
     SEV_MEDIUM,
     CHECK_UNDECIDED},
    {"undecided is no absence",
     NULL,
     "",
     OPEN,
     0,
     {.must_not_arrive = true},
     FINDING_FLOW_ARRIVE_UNDECIDED,
     SEV_MEDIUM,
     CHECK_UNDECIDED},
    {"must not, and did not",
     NULL,
     "",
     NOTHING,
     0,
     {.must_not_arrive = true},
     -1,
     SEV_INFO,
     CHECK_PASS},
    {"must not, and did",
     NULL,
     TEXT,
     ARRIVED,
     0,
     {.must_not_arrive = true},
     FINDING_FLOW_ARRIVE_UNEXPECTED,
     SEV_HIGH,
     CHECK_FAIL},
    {"late",
     NULL,
     TEXT,
     ARRIVED,
     3000,
     {.warn_ms = 2000, .crit_ms = 4000},
     FINDING_FLOW_ARRIVE_LATE,
     SEV_MEDIUM,
     CHECK_WARN},
    {"too late",
     NULL,
     TEXT,
     ARRIVED,
     5000,
     {.warn_ms = 2000, .crit_ms = 4000},
     FINDING_FLOW_ARRIVE_LATE,
     SEV_HIGH,
     CHECK_FAIL},
    {"in time",
     NULL,
     TEXT,
     ARRIVED,
     2000,
     {.warn_ms = 2000, .crit_ms = 4000},
     -1,
     SEV_INFO,
     CHECK_SKIPPED},
    {"junk",
     NULL,
     TEXT,
     ARRIVED,
     0,
     {.folder = STR_INIT("INBOX")},
     FINDING_FLOW_ARRIVE_FOLDER,
     SEV_HIGH,
     CHECK_FAIL},
    {"one copy of two",
     NULL,
     TEXT,
     ARRIVED,
     0,
     {.copies = 2},
     FINDING_FLOW_ARRIVE_COPIES,
     SEV_HIGH,
     CHECK_FAIL},
    {"TLS all the way",
     NULL,
     HOP_TLS TEXT,
     ARRIVED,
     0,
     {.hops_tls = true},
     -1,
     SEV_INFO,
     CHECK_PASS},
    {"a plain hop",
     NULL,
     HOP_LATER HOP_TLS TEXT,
     ARRIVED,
     0,
     {.hops_tls = true},
     FINDING_FLOW_HOP_PLAIN,
     SEV_HIGH,
     CHECK_FAIL},
    {"a plain hop that may be",
     NULL,
     HOP_LATER HOP_TLS TEXT,
     ARRIVED,
     0,
     {0},
     FINDING_FLOW_HOP_PLAIN,
     SEV_INFO,
     CHECK_PASS},
    {"a slow hop",
     NULL,
     HOP_SLOW HOP_TLS TEXT,
     ARRIVED,
     0,
     {.slow_hop_s = 30},
     FINDING_FLOW_HOP_SLOW,
     SEV_HIGH,
     CHECK_FAIL},
    {"a clock that errs",
     NULL,
     HOP_BACK HOP_TLS TEXT,
     ARRIVED,
     0,
     {0},
     FINDING_FLOW_HOP_SKEW,
     SEV_LOW,
     CHECK_WARN},
    {"a field changed",
     "Subject: y\r\n\r\nhello\r\n",
     TEXT,
     ARRIVED,
     0,
     {0},
     FINDING_FLOW_ALTERED_HEADER,
     SEV_MEDIUM,
     CHECK_WARN},
    {"fields added, Bcc gone",
     "Bcc: z@a.test\r\n" TEXT,
     "Return-Path: <>\r\n" TEXT,
     ARRIVED,
     0,
     {0},
     -1,
     SEV_INFO,
     CHECK_SKIPPED},
    {"a footer",
     "Subject: x\r\n\r\nhe\r\n",
     "Subject: x\r\n\r\nhe\r\n-- \r\nlist\r\n",
     ARRIVED,
     0,
     {0},
     FINDING_FLOW_ALTERED_BODY,
     SEV_HIGH,
     CHECK_FAIL},
    {"white space",
     "Subject: x\r\n\r\nhello  \r\n",
     TEXT,
     ARRIVED,
     0,
     {0},
     FINDING_FLOW_ALTERED_FORM,
     SEV_LOW,
     CHECK_WARN},
    {"another attachment",
     FILES("abc"),
     FILES("abd"),
     ARRIVED,
     0,
     {0},
     FINDING_FLOW_ALTERED_PART,
     SEV_HIGH,
     CHECK_FAIL},
    {"a bounce",
     NULL,
     BOUNCE,
     ARRIVED,
     0,
     {.bounce = true, .bounce_status = STR_INIT("5.1.*")},
     -1,
     SEV_INFO,
     CHECK_SKIPPED},
    {"a bounce of another kind",
     NULL,
     BOUNCE,
     ARRIVED,
     0,
     {.bounce = true, .bounce_status = STR_INIT("5.7.1")},
     FINDING_FLOW_BOUNCE_STATUS,
     SEV_HIGH,
     CHECK_FAIL},
    {"the receiver says pass",
     NULL,
     RESULTS("pass") TEXT,
     ARRIVED,
     0,
     {.authentic = true},
     -1,
     SEV_INFO,
     CHECK_SKIPPED},
    {"the receiver says fail",
     NULL,
     RESULTS("fail") TEXT,
     ARRIVED,
     0,
     {.authentic = true},
     FINDING_FLOW_ARRIVE_UNAUTHENTIC,
     SEV_HIGH,
     CHECK_FAIL},
    {"the receiver cannot say",
     NULL,
     RESULTS("temperror") TEXT,
     ARRIVED,
     0,
     {.authentic = true},
     -1,
     SEV_INFO,
     CHECK_UNDECIDED},
    {"a link and a code",
     NULL,
     TEXT "https://a.test/x\r\nyour code: 123456\r\n",
     ARRIVED,
     0,
     {.links = with_x, .n_links = 2, .code = true},
     -1,
     SEV_INFO,
     CHECK_SKIPPED},
    {"another link",
     NULL,
     TEXT "https://a.test/x\r\n",
     ARRIVED,
     0,
     {.links = with_y, .n_links = 2},
     FINDING_FLOW_EXTRACT_MISSING,
     SEV_HIGH,
     CHECK_FAIL},
    {"no code",
     NULL,
     TEXT,
     ARRIVED,
     0,
     {.code = true},
     FINDING_FLOW_EXTRACT_MISSING,
     SEV_HIGH,
     CHECK_FAIL},
    {"the receiver does not say",
     NULL,
     TEXT,
     ARRIVED,
     0,
     {.authentic = true, .by_receiver = true},
     FINDING_FLOW_ARRIVE_UNAUTHENTIC,
     SEV_HIGH,
     CHECK_FAIL},
    {"TLS of hops that nobody wrote down",
     NULL,
     TEXT,
     ARRIVED,
     0,
     {.hops_tls = true},
     -1,
     SEV_INFO,
     CHECK_UNDECIDED},
    {"delays of hops that nobody wrote down",
     NULL,
     "Received: from localhost by mx.test with ESMTPS\r\n" TEXT,
     ARRIVED,
     0,
     {.slow_hop_s = 5},
     -1,
     SEV_INFO,
     CHECK_UNDECIDED},
    {"nobody says", NULL, TEXT, ARRIVED, 0, {.authentic = true}, -1, SEV_INFO, CHECK_UNDECIDED},
};

static struct arena arena;

static void arrive(size_t i, struct arrival *x)
{
    static struct mailbox_hit hit;
    struct mp_err err = {0};
    const char *why;
    struct str raw = str_from(rows[i].message);
    hit = (struct mailbox_hit){.folder = STR("Junk"), .id = STR("1"), .raw = raw};
    *x = (struct arrival){.arrived = rows[i].what == ARRIVED,
                          .undecided = rows[i].what == OPEN,
                          .reason = STR("IMAP: no answer"),
                          .took_ms = rows[i].took_ms,
                          .copies = &hit,
                          .n_copies = rows[i].what == ARRIVED};
    tap_int(message_parse(&arena, raw, &x->message, &err), MP_OK);
    tap_int(trace_hops(&arena, &x->message, -1, -1, &x->hops, &err), MP_OK);
    tap_int(trace_dsn(&arena, &x->message, &x->dsn, &err), MP_OK);
    tap_int(trace_extract(&arena, &x->message, &x->extract, &err), MP_OK);
    const struct header *results = header_first(&x->message, STR("Authentication-Results"));
    if (results != NULL)
        x->has_own_results = authres_parse(&arena, results->value, &x->own_results, &why);
    if (rows[i].sent != NULL) {
        x->compared = true;
        tap_int(trace_altered(&arena, str_from(rows[i].sent), raw, &x->altered, &err), MP_OK);
    }
}

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arrival x;
        struct check_list checks;
        struct finding_list findings;
        enum check_status worst = CHECK_PASS;
        tap_case("judge: %s", rows[i].label);
        arena_clear(&arena);
        arena_init(&arena, 64u << 20);
        finding_list_init(&findings, &arena);
        check_list_init(&checks, &arena, &findings);
        arrive(i, &x);
        arrival_judge(&checks, STR("inbox"), &x, &rows[i].expect);
        for (size_t k = 0; k < checks.n; k++)
            worst = check_status_of(&checks.items[k]) > worst ? check_status_of(&checks.items[k])
                                                              : worst;
        tap_cstr(check_status_name(worst), check_status_name(rows[i].status));
        tap_int(findings.n, rows[i].finding >= 0);
        if (findings.n > 0) {
            tap_int(findings.items[0].id, rows[i].finding);
            tap_int(findings.items[0].severity, rows[i].severity);
        }
    }
    arena_clear(&arena);
    return tap_done();
}
