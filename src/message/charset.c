/* Text of any charset as UTF-8: ours for what is UTF-8 already, iconv for the rest. */
#include "message/charset.h"

#include <iconv.h>

#include "base/utf8.h"

static bool is_utf8(struct str charset)
{
    return charset.n == 0 || str_ieq(charset, STR("utf-8")) || str_ieq(charset, STR("us-ascii")) ||
           str_ieq(charset, STR("utf8"));
}

/* In these a byte of ASCII is what it is. */
static bool holds_ascii(struct str charset)
{
    static const struct str usual[] = {STR_INIT("iso-8859-1"), STR_INIT("iso-8859-2"),
                                       STR_INIT("iso-8859-15"), STR_INIT("windows-1251"),
                                       STR_INIT("windows-1252")};
    for (size_t i = 0; i < ARRAY_LEN(usual); i++)
        if (str_ieq(charset, usual[i]))
            return true;
    return false;
}

static void add_utf8(struct buf *out, struct str bytes)
{
    while (bytes.n > 0) {
        size_t n = utf8_run(bytes);
        buf_add(out, str_slice(bytes, 0, n));
        if (n < bytes.n)
            utf8_add(out, 0xfffd);
        bytes = str_slice(bytes, n + 1, bytes.n);
    }
}

static bool add_by_iconv(struct buf *out, struct str charset, struct str bytes)
{
    char name[CHARSET_NAME_MAX + 1], chunk[4096];
    if (charset.n > CHARSET_NAME_MAX || str_has(charset, '\0'))
        return false;
    memcpy(name, charset.p, charset.n);
    name[charset.n] = '\0';
    iconv_t cd = iconv_open("UTF-8", name);
    if (cd == (iconv_t)-1) /* NOLINT: iconv's own way to say so */
        return false;
    char *in = (char *)(uintptr_t)bytes.p;
    size_t left = bytes.n;
    while (left > 0 && !out->failed) {
        char *to = chunk;
        size_t room = sizeof chunk, before = left;
        iconv(cd, &in, &left, &to, &room);
        buf_add(out, str_make(chunk, (size_t)(to - chunk)));
        if (left == before && to == chunk) { /* no character of this charset */
            utf8_add(out, 0xfffd);
            in++;
            left--;
        }
    }
    iconv_close(cd);
    return true;
}

bool charset_is_utf8(struct str charset, struct str bytes)
{
    return is_utf8(charset) ? utf8_valid(bytes) : holds_ascii(charset) && str_is_ascii(bytes);
}

bool charset_add_utf8(struct buf *out, struct str charset, struct str bytes)
{
    if (!is_utf8(charset) && !(holds_ascii(charset) && str_is_ascii(bytes)))
        return add_by_iconv(out, charset, bytes);
    add_utf8(out, bytes);
    return true;
}
