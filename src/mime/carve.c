/* Text that holds more than text: what makes a reader, or a user, take something out of it. */
#include "mime/lenient.h"

enum { BASE64_LINE_MIN = 40 };

static bool is_base64_line(struct str line)
{
    size_t blank = 0;
    while (blank < line.n && is_wsp(line.p[blank]))
        blank++;
    return line.n - blank >= BASE64_LINE_MIN &&
           base64_digits(str_slice(line, blank, blank + BASE64_LINE_MIN)) == BASE64_LINE_MIN;
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
    char c = line.n == 0 ? '\0' : line.p[0];
    return ((c == 'b' || c == '=' || c == '(') && begins_more(line)) ||
           (base64_too && is_base64_line(line)) || loose_field(line, &value) != LOOSE_NONE;
}

static inline vec bare_cr_or_nul(const char *p)
{
    vec v = vec_load(p), after = vec_load(p + 1);
    return ((vec)(v == '\r') & (vec)(after != '\n')) | (vec)(v == 0);
}

bool text_is_odd(struct str text)
{
    size_t i = 0;
    while (text.n - i > VEC_BYTES) {
        if (vec_any(bare_cr_or_nul(text.p + i)))
            return true;
        i += VEC_BYTES;
    }
    for (; i < text.n; i++)
        if (text.p[i] == '\0' || (text.p[i] == '\r' && i + 1 < text.n && text.p[i + 1] != '\n'))
            return true;
    return false;
}

bool text_holds_more(struct str text, bool base64_too)
{
    if (text_is_odd(text))
        return true;
    for (size_t pos = 0; pos < text.n;) {
        size_t n = str_find(str_slice(text, pos, text.n), '\n');
        struct str line = str_slice(text, pos, pos + n);
        pos += n + 1;
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        if (line_holds_more(line, base64_too))
            return true;
    }
    return false;
}
