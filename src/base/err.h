/* Status words of every function, and an error that lives in the caller's frame. */
#ifndef MP_BASE_ERR_H
#define MP_BASE_ERR_H

#include <stdint.h>

/* A bad mail is not an error: that is a result or a finding. A negative status means that we
 * could not do our work. Precedence when several apply: the first that was met. */
enum mp_status {
    MP_OK = 0,
    MP_WAIT = 1,        /* a DNS answer is missing: fill the view, call again with the same input */
    MP_E_NOMEM = -1,    /* the memory budget is spent, or the machine has none */
    MP_E_LIMIT = -2,    /* a named limit was hit */
    MP_E_IO = -3,       /* file, socket, system call */
    MP_E_SYNTAX = -4,   /* our own input is broken: zone file, config, key file, world */
    MP_E_USAGE = -5,    /* called wrongly: bad argument */
    MP_E_TIMEOUT = -6,  /* a deadline passed */
    MP_E_CRYPTO = -7,   /* OpenSSL refused what should have worked */
    MP_E_INTERNAL = -8, /* a bug of ours */
};

enum { MP_ERR_TEXT_MAX = 512 };

/* What happened, where, what to do: one line without a final newline. Zero-initialise. */
struct mp_err {
    int code;       /* enum mp_status */
    int64_t detail; /* errno, a limit, a line number: see the function that fails */
    char text[MP_ERR_TEXT_MAX];
};

/* Fill `err` (may be NULL) and return `code`, so that `return mp_fail(...)` reads well.
 * Bytes that are not printable ASCII or UTF-8 text in the result are replaced by '?'. */
int mp_fail(struct mp_err *err, int code, int64_t detail, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The symbolic name, "MP_E_IO"; "?" for an unknown number. */
const char *mp_status_name(int status);

#endif
