/* Text that holds more than text: what makes a reader, or a user, take something out of it. */
#include "mime/lenient.h"

enum { BASE64_LINE_MIN = 40 };

static bool is_base64_line(struct str line)
{
    size_t n = 0;
    line = str_trim_wsp(line);
    while (n < line.n && is_base64_digit(line.p[n]))
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

static bool line_holds_more(struct str line, bool base64_too)
{
    size_t value;
    return loose_field(line, &value) != LOOSE_NONE || begins_more(line) ||
           (base64_too && is_base64_line(line));
}

bool text_holds_more(struct str text, bool base64_too)
{
    for (struct str rest = text; rest.n > 0;) {
        struct str line = str_cut(&rest, '\n');
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        if (line_holds_more(line, base64_too) || str_has(line, '\r'))
            return true;
    }
    return str_has(text, '\0');
}
