/* libmailproof: is this mail what it claims to be, and why not?
 *
 *   #include <mailproof/mailproof.h>      cc app.c $(pkg-config --cflags --libs mailproof)
 *
 * All structs are opaque, or carry their own size so that they can grow: fill them through the
 * MP_..._INIT macros. Text is counted (struct mp_text): what comes from a mail may hold any byte.
 * Nothing is printed, no signal is touched, no global state is kept. */
#ifndef MAILPROOF_MAILPROOF_H
#define MAILPROOF_MAILPROOF_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MP_API __attribute__((visibility("default")))

#define MAILPROOF_VERSION_MAJOR 0
#define MAILPROOF_VERSION_MINOR 1

/* "0.1.0" of the library that is linked; static. */
MP_API const char *mp_version(void);

/* Borrowed bytes; not NUL-terminated. bytes == NULL means absent. */
struct mp_text {
    const char *bytes;
    size_t length;
};

/* What functions return. 0 is success; a bad mail is a result, never an error. */
enum mp_code {
    MP_CODE_OK = 0,
    MP_CODE_NO_MEMORY = -1, /* the machine's memory, or the budget of one message, is spent */
    MP_CODE_LIMIT = -2,     /* a named limit was hit */
    MP_CODE_IO = -3,        /* a system call failed */
    MP_CODE_SYNTAX = -4,    /* a zone, policy or key cannot be read, a message not be signed */
    MP_CODE_USAGE = -5,     /* called wrongly */
    MP_CODE_TIMEOUT = -6,
    MP_CODE_CRYPTO = -7,
    MP_CODE_INTERNAL = -8
};

/* One line for people: what happened, where, what to do. */
struct mp_error {
    int code;
    char text[512];
};

#ifdef __cplusplus
}
#endif

#include <mailproof/finding.h>
#include <mailproof/sign.h>
#include <mailproof/verify.h>

#endif
