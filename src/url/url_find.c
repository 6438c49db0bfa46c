/* Links in plain text, as mail programs make them clickable: where they begin and where they end.
 */
#include "base/utf8.h"
#include "base/vec.h"
#include "url/url_internal.h"

/* What is made clickable when two slashes stand behind it. */
static const struct str clickable[] = {STR_INIT("https"), STR_INIT("http"), STR_INIT("ftp")};

static bool is_word(char c)
{
    return is_alnum(c) || (unsigned char)c >= 0x80;
}

/* Where the link whose ':' stands at `colon` begins; text.n when none does. */
static size_t scheme_start(struct str text, size_t colon)
{
    struct str behind = str_slice(text, colon + 1, colon + 3);
    if (!str_eq(behind, STR("//")) && !str_eq(behind, STR("\\\\")))
        return text.n;
    for (size_t i = 0; i < ARRAY_LEN(clickable); i++) {
        size_t n = clickable[i].n;
        if (colon >= n && str_ieq(str_slice(text, colon - n, colon), clickable[i]))
            return colon - n;
    }
    return text.n;
}

/* The same for "www." whose dot stands at `dot`: at the beginning of a word, a letter behind it. */
static size_t www_start(struct str text, size_t dot)
{
    if (dot < 3 || !str_ieq(str_slice(text, dot - 3, dot), STR("www")) || dot + 1 >= text.n)
        return text.n;
    bool inside = dot > 3 && (is_word(text.p[dot - 4]) || str_has(STR("-_.@/"), text.p[dot - 4]));
    return !inside && is_word(text.p[dot + 1]) ? dot - 3 : text.n;
}

/* Blanks and quotation marks beyond ASCII end a link; letters do not. */
static bool ends_link(int32_t c)
{
    static const bool signs[0x80] = {
        ['<'] = true, ['>'] = true, ['"'] = true, ['`'] = true, ['{'] = true,
        ['}'] = true, ['|'] = true, ['^'] = true, [0x7f] = true};
    if (c < 0x80)
        return c <= ' ' || signs[c];
    return (c >= 0x80 && c <= 0xa0) || c == 0xab || c == 0xbb || (c >= 0x2000 && c <= 0x200a) ||
           (c >= 0x2018 && c <= 0x201f) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x2039 || c == 0x203a || c == 0x205f || (c >= 0x3000 && c <= 0x3001) ||
           (c >= 0x3008 && c <= 0x3011) || (c >= 0x3014 && c <= 0x301b) || c == 0xff08 ||
           c == 0xff09 || c == 0xff0c || c == 0xff1b;
}

static size_t link_end(struct str text, size_t from)
{
    struct str rest = str_slice(text, from, text.n);
    while (rest.n != 0) {
        size_t at = text.n - rest.n;
        unsigned char byte = (unsigned char)rest.p[0];
        int32_t c = byte < 0x80 ? byte : utf8_next(&rest);
        if (c != UTF8_BAD && ends_link(c))
            return at;
        if (byte < 0x80)
            rest = str_slice(rest, 1, rest.n);
    }
    return text.n;
}

static const struct {
    char open, close;
} pairs[] = {{'(', ')'}, {'[', ']'}};

/* Closing brackets beyond those that opened within the link. */
static size_t count_open(struct str link, char open, char close)
{
    size_t opened = 0, closed = 0;
    for (size_t i = 0; i < link.n; i++) {
        opened += link.p[i] == open;
        closed += link.p[i] == close;
    }
    return closed > opened ? closed - opened : 0;
}

/* How many bytes of punctuation that is beyond ASCII end `s`: full stops and what has no glyph. */
static size_t wide_mark(struct str s)
{
    if (s.n < 2)
        return 0;
    size_t at = s.n - 1;
    while (at > 0 && s.n - at < 4 && ((unsigned char)s.p[at] & 0xc0) == 0x80)
        at--;
    struct str last = str_slice(s, at, s.n);
    int32_t c = utf8_next(&last);
    bool mark = c == 0x3002 || c == 0xff61 || c == 0xff0e || c == 0x2026 || c == 0xff01 ||
                c == 0xff1f || (c >= 0x80 && utf8_is_invisible(c));
    return last.n == 0 && mark ? s.n - at : 0;
}

/* The punctuation of the sentence around a link is no part of it; a bracket is when it opened
 * there. */
static struct str without_punctuation(struct str link)
{
    size_t extra[ARRAY_LEN(pairs)];
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        extra[i] = count_open(link, pairs[i].open, pairs[i].close);
    while (link.n != 0) {
        char last = link.p[link.n - 1];
        size_t n = str_has(STR(".,;:!?'*_~"), last) ? 1 : 0;
        for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
            if (last == pairs[i].close && extra[i] > 0) {
                extra[i]--;
                n = 1;
            }
        if (n == 0)
            n = wide_mark(link);
        if (n == 0)
            break;
        link.n -= n;
    }
    return link;
}

/* The next ':' or '.', or text.n. */
static size_t next_mark(struct str text, size_t from)
{
    for (; text.n - from >= VEC_BYTES; from += VEC_BYTES) {
        vec v = vec_load(text.p + from);
        if (vec_any((vec)(v == ':') | (vec)(v == '.')))
            break;
    }
    while (from < text.n && text.p[from] != ':' && text.p[from] != '.')
        from++;
    return from;
}

bool url_find(struct str text, size_t *at, struct str *out)
{
    size_t begin = *at < text.n ? *at : text.n;
    for (size_t mark; (mark = next_mark(text, begin)) < text.n;) {
        bool colon = text.p[mark] == ':';
        size_t start = colon ? scheme_start(text, mark) : www_start(text, mark);
        if (start == text.n || start < *at) {
            begin = mark + 1;
            continue;
        }
        begin = link_end(text, mark);
        struct str link = without_punctuation(str_slice(text, start, begin));
        if (start + link.n <= mark + (colon ? 3 : 1))
            continue; /* nothing behind "http://" */
        *at = begin;
        *out = link;
        return true;
    }
    *at = text.n;
    return false;
}

bool url_is_shown(struct str text)
{
    size_t at = 0;
    struct str found, whole = str_trim(text);
    return url_find(whole, &at, &found) && found.p == whole.p && at == whole.n;
}
