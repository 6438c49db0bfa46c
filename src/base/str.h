/* Counted, borrowed bytes: every piece of mail is one of these, and may hold NUL. */
#ifndef MP_BASE_STR_H
#define MP_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A view of `n` bytes at `p`. Owns nothing. `p` may be NULL only when `n` is 0. */
struct str {
    const char *p;
    size_t n;
};

#define STR_INIT(lit)                                                                              \
    {                                                                                              \
        (lit), sizeof(lit) - 1                                                                     \
    }
#define STR(lit)     ((struct str)STR_INIT(lit))
#define STR_NONE     ((struct str){NULL, 0})
#define STR_FMT      "%.*s"
#define STR_ARG(s)   (int)((s).n > INT32_MAX ? INT32_MAX : (s).n), ((s).p ? (s).p : "")
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Wrap a C string we made ourselves (never mail). NULL gives the empty view. */
struct str str_from(const char *z);

static inline struct str str_make(const char *p, size_t n)
{
    return (struct str){p, n};
}

/* Bytes [from, to) of `s`; both ends are clamped, so it never reads outside. */
static inline struct str str_slice(struct str s, size_t from, size_t to)
{
    to = to < s.n ? to : s.n;
    from = from < to ? from : to;
    return (struct str){s.p ? s.p + from : NULL, to - from};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || (*a.p == *b.p && memcmp(a.p, b.p, a.n) == 0));
}

/* ASCII letters compared without case; other bytes as they are. */
bool str_ieq(struct str a, struct str b);
/* The whole of `text` by a pattern: "*" stands for any text and, with `any_one`, "?" for one byte;
 * ASCII letters without case. At most pattern.n times text.n steps. */
bool str_glob(struct str pattern, struct str text, bool any_one);
/* Does it start with what build servers take for a command anywhere in a log: "##[" (GitHub,
 * Azure),
 * "##vso[" (Azure), "##teamcity["? */
bool str_starts_command(struct str s);
bool str_ends(struct str s, struct str suffix);
bool str_iends(struct str s, struct str suffix);
int str_cmp(struct str a, struct str b);  /* bytewise, like memcmp, shorter first */
int str_icmp(struct str a, struct str b); /* the same on ASCII-lower-cased bytes */

/* Offset of the first `c` / `needle`, or `s.n` when there is none. */
static inline size_t str_find(struct str s, char c)
{
    const char *hit = s.n == 0 ? NULL : memchr(s.p, c, s.n);
    return hit == NULL ? s.n : (size_t)(hit - s.p);
}
size_t str_rfind(struct str s, char c);
size_t str_search(struct str s, struct str needle);
size_t str_isearch(struct str s, struct str needle); /* ASCII letters without case */
static inline bool str_has(struct str s, char c)
{
    return str_find(s, c) < s.n;
}

/* SP, HTAB, CR and LF taken off both ends (folding white space of mail). */
struct str str_trim(struct str s);
/* SP and HTAB only. */
struct str str_trim_wsp(struct str s);

/* Head before the first `sep` is returned, `*s` moves behind it. Without `sep` the whole of `*s`
 * is returned and `*s` becomes empty with p == NULL: so `while (s.p != NULL)` visits each piece. */
struct str str_cut(struct str *s, char sep);

/* A whole unsigned decimal number: digits only, no sign, no space. False also above `max`. */
bool str_to_u64(struct str s, uint64_t max, uint64_t *out);

/* FNV-1a, 64 bit. Not for keys an attacker can flood. */
uint64_t str_hash(struct str s);

static inline bool is_wsp(char c)
{
    return c == ' ' || c == '\t';
}
static inline bool is_fws(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static inline bool is_alnum(char c)
{
    return is_digit(c) || is_alpha(c);
}
static inline char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static inline bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && str_eq(str_make(s.p, prefix.n), prefix);
}
/* The first byte decides mostly. */
static inline bool str_istarts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || to_lower(*s.p) == to_lower(*prefix.p)) &&
           str_ieq(str_make(s.p, prefix.n), prefix);
}

#endif
