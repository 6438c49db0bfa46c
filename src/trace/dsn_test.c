/* Rows for bounces: as servers of several makes write them, and broken ones. */
#include "trace/trace_test_kit.h"

#define REPORT                                                                                     \
    "From: MAILER-DAEMON@mx.test\r\nTo: a@good.test\r\n"                                           \
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"              \
    "--b\r\n\r\nSorry.\r\n"
#define STATUS "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
#define RETURNED                                                                                   \
    "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <mp-1@good.test>\r\n"             \
    "Subject: x\r\n\r\n--b--\r\n"
#define WHO "Final-Recipient: rfc822; nobody@far.test\r\nAction: failed\r\n"

static const struct {
    const char *label, *message, *want; /* "mta|id|rcpt action status [diagnostic] remote; ..." */
} rows[] = {
    {"whole",
     REPORT STATUS "Reporting-MTA: dns; mx.test\r\nOriginal-Envelope-Id: e1\r\n\r\n" WHO
                   "Status: 5.1.1\r\nRemote-MTA: dns; far.test\r\n"
                   "Diagnostic-Code: smtp; 550 5.1.1 <nobody@far.test>:\r\n"
                   " unknown user\r\n\r\n" RETURNED,
     "mx.test|mp-1@good.test|nobody@far.test failed 5.1.1 [550 5.1.1 <nobody@far.test>: unknown "
     "user] far.test"},
    {"two recipients",
     REPORT STATUS
     "Reporting-MTA: dns; mx.test\r\n\r\n" WHO "Status: 5.1.1\r\n\r\n"
     "Final-Recipient: rfc822;b@far.test\r\nAction: delayed\r\nStatus: 4.4.1\r\n" RETURNED,
     "mx.test|mp-1@good.test|nobody@far.test failed 5.1.1 [] ; b@far.test delayed 4.4.1 [] "},
    {"no empty line between message and recipient",
     REPORT STATUS "Reporting-MTA: dns; mx.test\r\n" WHO "Status: 5.2.2\r\n" RETURNED,
     "mx.test|mp-1@good.test|nobody@far.test failed 5.2.2 [] "},
    {"no empty line between recipients",
     REPORT STATUS "Reporting-MTA: dns; mx.test\r\n\r\n" WHO "Status: 5.1.1\r\n" WHO
                   "Status: 5.1.2\r\n" RETURNED,
     "mx.test|mp-1@good.test|nobody@far.test failed 5.1.1 [] ; nobody@far.test failed 5.1.2 [] "},
    {"more empty lines than due",
     REPORT STATUS "\r\nReporting-MTA: dns; mx.test\r\n\r\n\r\n" WHO
                   "Status: 5.1.1\r\n\r\n" RETURNED,
     "mx.test|mp-1@good.test|nobody@far.test failed 5.1.1 [] "},
    {"status in the words only",
     REPORT STATUS "Reporting-MTA: dns; mx.test\r\n\r\n" WHO
                   "Diagnostic-Code: smtp; 550 5.7.1 no\r\n" RETURNED,
     "mx.test|mp-1@good.test|nobody@far.test failed 5.7.1 [550 5.7.1 no] "},
    {"a comment behind the status, no type before the address",
     REPORT STATUS "Reporting-MTA: mx.test\r\n\r\nFinal-Recipient: <nobody@far.test>\r\n"
                   "Action: FAILED (relayed)\r\nStatus: 5.1.1 (bad)\r\n" RETURNED,
     "mx.test|mp-1@good.test|<nobody@far.test> FAILED 5.1.1 [] "},
    {"a status that is none",
     REPORT STATUS "Reporting-MTA: dns; mx.test\r\n\r\n" WHO "Status: 5.1\r\n" RETURNED,
     "mx.test|mp-1@good.test|nobody@far.test failed  [] "},
    {"the whole message comes back",
     REPORT STATUS "Reporting-MTA: dns; mx.test\r\n\r\n" WHO "Status: 5.0.0\r\n\r\n"
                   "--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <mp-2@good.test>\r\n\r\n"
                   "text\r\n--b--\r\n",
     "mx.test|mp-2@good.test|nobody@far.test failed 5.0.0 [] "},
    {"multipart/mixed, and nothing comes back",
     "Content-Type: multipart/mixed; boundary=b\r\n\r\n" STATUS
     "Reporting-MTA: dns; mx.test\r\n\r\n" WHO "Status: 5.0.0\r\n--b--\r\n",
     "mx.test||nobody@far.test failed 5.0.0 [] "},
    {"in base64",
     REPORT "--b\r\nContent-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n"
            "\r\nUmVwb3J0aW5nLU1UQTogZG5zOyBteC50ZXN0DQo=\r\n" RETURNED,
     "mx.test|mp-1@good.test|"},
    {"the report is cut off", REPORT STATUS "Reporting-MTA: dns; mx.test\r\n\r\n" WHO "Status: 5.1",
     "mx.test||nobody@far.test failed  [] "},
    {"without a report: X-Failed-Recipients",
     "Return-Path: <>\r\nX-Failed-Recipients: a@far.test,\r\n b@far.test\r\n\r\nNo.\r\n",
     "||a@far.test failed  [] ; b@far.test failed  [] "},
    {"an ordinary message", "From: a@good.test\r\nX-Failed-Recipients: b@far.test\r\n\r\nhi\r\n",
     NULL},
    {"a report of another kind",
     "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n"
     "--b\r\nContent-Type: message/disposition-notification\r\n\r\nx: y\r\n--b--\r\n",
     NULL},
};

static struct str as_text(const struct trace_dsn *d)
{
    struct str s =
        arena_fmt(&arena, "%.*s|%.*s|", STR_ARG(d->reporting_mta), STR_ARG(d->original_message_id));
    for (size_t i = 0; i < d->n_rcpts; i++) {
        const struct trace_dsn_rcpt *r = &d->rcpts[i];
        s = arena_fmt(&arena, "%.*s%s%.*s %.*s %.*s [%.*s] %.*s", STR_ARG(s), i > 0 ? "; " : "",
                      STR_ARG(r->final_rcpt), STR_ARG(r->action), STR_ARG(r->status),
                      STR_ARG(r->diagnostic), STR_ARG(r->remote_mta));
    }
    return s;
}

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct trace_dsn d = {0};
        struct mp_err err = {0};
        tap_case("dsn: %s", rows[i].label);
        struct message m = parsed(rows[i].message);
        tap_int(trace_dsn(&arena, &m, &d, &err), MP_OK);
        tap_int(d.is_dsn, rows[i].want != NULL);
        if (rows[i].want != NULL)
            tap_str(as_text(&d), str_from(rows[i].want));
        struct buf b;
        struct json j;
        buf_init(&b, 1 << 16);
        json_init(&j, &b, 0);
        trace_dsn_json(&j, &d);
        tap_ok(rows[i].want != NULL ? str_starts(buf_str(&b), STR("{\"reporting_mta\":"))
                                    : str_eq(buf_str(&b), STR("null")));
        buf_clear(&b);
    }
    arena_clear(&arena);
    return tap_done();
}
