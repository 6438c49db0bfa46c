/* Text that holds more than text: what makes a reader, or a user, take something out of it. */
#include "mime/view_internal.h"

enum { BASE64_LINE_MIN = 40 };

static bool is_base64_char(char c)
{
    return is_alnum(c) || c == '+' || c == '/';
}

static bool is_base64_line(struct str line)
{
    size_t n = 0;
    while (n < line.n && is_base64_char(line.p[n]))
        n++;
    return n >= BASE64_LINE_MIN;
}

static bool begins_more(struct str line)
{
    static const struct str starts[] = {STR_INIT("begin "), STR_INIT("begin-base64 "),
                                        STR_INIT("=ybegin "), STR_INIT("(This file must")};
    for (size_t i = 0; i < ARRAY_LEN(starts); i++)
        if (str_starts(line, starts[i]))
            return true;
    return false;
}

static bool line_holds_more(struct str line)
{
    size_t i = 0;
    while (i < line.n && (unsigned char)line.p[i] <= ' ')
        i++;
    if (i == line.n)
        return false;
    struct str text = str_slice(line, i, line.n);
    if ((text.p[0] | 0x20) == 'c' && str_istarts(text, STR("Content-")))
        return true;
    return is_base64_line(text) || (i == 0 && begins_more(text));
}

bool text_holds_more(struct str text)
{
    for (size_t pos = 0; pos < text.n;) {
        struct str rest = str_slice(text, pos, text.n);
        struct str line = str_slice(rest, 0, str_find(rest, '\n'));
        pos += line.n + 1;
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        if (line_holds_more(line) || str_has(line, '\r'))
            return true;
    }
    return str_has(text, '\0');
}
