/* Errors in the caller's frame: formatted once, never allocated. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

int mp_fail(struct mp_err *err, int code, int64_t detail, const char *fmt, ...)
{
    if (err == NULL)
        return code;
    err->code = code;
    err->detail = detail;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    for (char *c = err->text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    return code;
}

const char *mp_status_name(int status)
{
    switch (status) {
    case MP_OK:
        return "MP_OK";
    case MP_WAIT:
        return "MP_WAIT";
    case MP_E_NOMEM:
        return "MP_E_NOMEM";
    case MP_E_LIMIT:
        return "MP_E_LIMIT";
    case MP_E_IO:
        return "MP_E_IO";
    case MP_E_SYNTAX:
        return "MP_E_SYNTAX";
    case MP_E_USAGE:
        return "MP_E_USAGE";
    case MP_E_TIMEOUT:
        return "MP_E_TIMEOUT";
    case MP_E_CRYPTO:
        return "MP_E_CRYPTO";
    case MP_E_INTERNAL:
        return "MP_E_INTERNAL";
    default:
        return "?";
    }
}
