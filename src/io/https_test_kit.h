/* What the tests of HTTP clients share: answers that each of them takes alike. */
#ifndef MP_IO_HTTPS_TEST_KIT_H
#define MP_IO_HTTPS_TEST_KIT_H

#include "io/https.h"
#include "tests/script_server.h"
#include "tests/tap.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
#define FILE_4  SCRIPT_SAY(OK_HEAD "Content-Length: 4\r\n\r\nfile")
#define HUNDRED                                                                                    \
    "0123456789012345678901234567890123456789012345678901234567890123456789"                       \
    "012345678901234567890123456789"

struct https_case {
    const char *label;
    struct script_step answer[3];
    enum https_fault fault;
    unsigned status;
    const char *body, *says;
    bool stalls;
};

/* Of clients that take 1000 bytes. */
static const struct https_case common_answers[] = {
    {"a file", {FILE_4}, HTTPS_OK, 200, "file"},
    {"an empty file", {SCRIPT_SAY(OK_HEAD "Content-Length: 0\r\n\r\n")}, HTTPS_OK, 200, ""},
    {"a file in chunks",
     {SCRIPT_SAY(OK_HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\nfi\r\n2\r\nle\r\n0\r\n\r\n")},
     HTTPS_OK,
     200,
     "file"},
    {"not found",
     {SCRIPT_SAY("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone")},
     HTTPS_STATUS,
     404,
     "none",
     "404"},
    {"exactly the limit",
     {SCRIPT_SAY(OK_HEAD "Content-Length: 1000\r\n\r\n"), SCRIPT_FLOOD(HUNDRED, 10)},
     HTTPS_OK,
     200},
    {"one byte too many",
     {SCRIPT_SAY(OK_HEAD "\r\n"), SCRIPT_FLOOD(HUNDRED, 10), SCRIPT_SAY("x")},
     HTTPS_TOO_LARGE,
     200,
     NULL,
     "more than is taken"},
    {"less than was told",
     {SCRIPT_SAY(OK_HEAD "Content-Length: 10\r\n\r\nfile")},
     HTTPS_OTHER,
     200},
    {"nothing", {SCRIPT_CLOSE}, HTTPS_OTHER, 0},
    {"garbage", {SCRIPT_SAY("220 this is SMTP\r\n")}, HTTPS_OTHER, 0},
    {"no version", {SCRIPT_SAY("HTTP/SMTP\r\n\r\nfile")}, HTTPS_OTHER, 0, NULL, "no HTTP"},
    {"no status", {SCRIPT_SAY("HTTP/1.1 fine\r\n\r\nfile")}, HTTPS_OTHER, 0, NULL, NULL},
    {"a longer status", {SCRIPT_SAY("HTTP/1.1 2000 OK\r\n\r\nfile")}, HTTPS_OTHER, 0, NULL, NULL},
    {"a status alone",
     {SCRIPT_SAY("HTTP/1.0 200\r\nContent-Length: 4\r\n\r\nfile")},
     HTTPS_OK,
     200,
     "file"},
    {"silence", {SCRIPT_STALL}, HTTPS_TIMEOUT, 0, "", "in time", true},
    {"silence within the body",
     {SCRIPT_SAY(OK_HEAD "Content-Length: 10\r\n\r\nfile"), SCRIPT_STALL},
     HTTPS_TIMEOUT,
     200,
     NULL,
     "in time",
     true},
};

/* What came of a request, and why; `says`: a part of the reason. */
static inline void check_https(int status, const struct mp_err *err, enum https_fault got,
                               struct str reason, enum https_fault want, const char *says)
{
    if (!tap_int(status, MP_OK))
        tap_note("%s", err->text);
    tap_cstr(https_fault_name(got), https_fault_name(want));
    tap_ok((reason.n != 0) == (want != HTTPS_OK));
    if (says != NULL && !tap_ok(str_search(reason, str_from(says)) < reason.n))
        tap_note(STR_FMT, STR_ARG(reason));
}

#endif
