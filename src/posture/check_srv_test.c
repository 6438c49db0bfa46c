/* SRV records of mail services: what is found, and that each remedy clears it. */
#include "tests/tap.h"

#include "posture/posture_test_kit.h"

#define HOST  "imap.good.test. A 192.0.2.5\n"
#define IMAPS "_imaps._tcp.good.test. SRV 0 1 993 imap.good.test.\n"
#define IMAP  "_imap._tcp.good.test. SRV 10 1 143 imap.good.test.\n"

static const struct kit_row rows[] = {
    {.label = "as it should be",
     .id = FINDING_POSTURE_SRV_NO_TLS,
     .world = {HOST IMAPS IMAP "_pop3s._tcp.good.test. SRV 0 0 0 .\n"},
     .absent = true,
     .check = "srv.services",
     .status = CHECK_PASS},
    {.label = "nothing is announced",
     .id = FINDING_POSTURE_SRV_NO_TLS,
     .world = {"good.test. TXT x\n"},
     .absent = true,
     .check = "srv.services",
     .status = CHECK_PASS},
    {.label = "offered and not offered",
     .id = FINDING_POSTURE_SRV_MIXED,
     .evidence = "_imaps._tcp.good.test",
     .world = {HOST IMAPS "_imaps._tcp.good.test. SRV 0 0 0 .\n"},
     .fix = "remove _imaps._tcp.good.test. SRV 0 0 0 ."},
    {.label = "an alias",
     .id = FINDING_POSTURE_SRV_ALIAS,
     .evidence = "_imaps._tcp.good.test: mail.good.test is imap.good.test",
     .world = {HOST "mail.good.test. CNAME imap.good.test.\n"
                    "_imaps._tcp.good.test. SRV 0 1 993 mail.good.test.\n"},
     .fix = "_imaps._tcp.good.test. SRV 0 1 993 imap.good.test."},
    {.label = "no address",
     .id = FINDING_POSTURE_SRV_NO_ADDRESS,
     .evidence = "_submissions._tcp.good.test: gone.good.test",
     .world = {"_submissions._tcp.good.test. SRV 5 6 465 gone.good.test.\n"},
     .fix = "remove _submissions._tcp.good.test. SRV 5 6 465 gone.good.test."},
    {.label = "the port of STARTTLS for implicit TLS",
     .id = FINDING_POSTURE_SRV_PORT,
     .evidence = "_imaps._tcp.good.test: port 143, not 993",
     .world = {HOST "_imaps._tcp.good.test. SRV 0 1 143 imap.good.test.\n"},
     .fix = "_imaps._tcp.good.test. SRV 0 1 993 imap.good.test."},
    {.label = "submission on the port of submissions",
     .id = FINDING_POSTURE_SRV_PORT,
     .evidence = "port 465, not 587",
     .world = {HOST "_submission._tcp.good.test. SRV 0 1 465 imap.good.test.\n"},
     .fix = "_submission._tcp.good.test. SRV 0 1 587 imap.good.test."},
    {.label = "submission on the port of relays",
     .id = FINDING_POSTURE_SRV_PORT,
     .world = {HOST "_submission._tcp.good.test. SRV 0 1 25 imap.good.test.\n"},
     .fix = ""},
    {.label = "a port of one's own is allowed",
     .id = FINDING_POSTURE_SRV_PORT,
     .world = {HOST "_imaps._tcp.good.test. SRV 0 1 9930 imap.good.test.\n"},
     .absent = true},
    {.label = "STARTTLS only",
     .id = FINDING_POSTURE_SRV_NO_TLS,
     .evidence = "_imap._tcp.good.test without _imaps._tcp",
     .world = {HOST IMAP},
     .after = {HOST IMAP IMAPS}},
    {.label = "POP3 with STARTTLS only, by denial",
     .id = FINDING_POSTURE_SRV_NO_TLS,
     .evidence = "_pop3._tcp.good.test without _pop3s._tcp",
     .world = {HOST "_pop3._tcp.good.test. SRV 0 1 110 imap.good.test.\n"
                    "_pop3s._tcp.good.test. SRV 0 0 0 .\n"},
     .after = {HOST}},
    {.label = "a failed question is undecided",
     .id = FINDING_POSTURE_DNS_FAILED,
     .evidence = "_imaps._tcp.good.test SRV: TIMEOUT",
     .world = {HOST IMAP "_imaps._tcp.good.test. TIMEOUT\n"},
     .after = {HOST IMAP IMAPS},
     .check = "srv.services",
     .status = CHECK_UNDECIDED},
    {.label = "a failed question about a target is undecided",
     .id = FINDING_POSTURE_DNS_FAILED,
     .evidence = "imap.good.test A: SERVFAIL",
     .world = {IMAPS "imap.good.test. SERVFAIL\n"},
     .after = {HOST IMAPS},
     .check = "srv.services",
     .status = CHECK_UNDECIDED},
};

int main(void)
{
    kit_rows(rows, ARRAY_LEN(rows), NULL);
    return tap_done();
}
