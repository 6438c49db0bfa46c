/* Counted strings: comparing, searching and cutting borrowed bytes. */
#include "base/str.h"

#include "base/vec.h"

struct str str_from(const char *z)
{
    return z == NULL ? STR_NONE : (struct str){z, strlen(z)};
}

bool str_ieq(struct str a, struct str b)
{
    size_t i = 0;
    if (a.n != b.n)
        return false;
    while (i < a.n && (a.p[i] == b.p[i] || to_lower(a.p[i]) == to_lower(b.p[i])))
        i++;
    return i == a.n;
}

/* One star at a time is open: when the rest does not fit, it takes one more byte. */
bool str_glob(struct str pattern, struct str text, bool any_one)
{
    size_t p = 0, t = 0, star = SIZE_MAX, from = 0;
    while (t < text.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            from = t;
        } else if (p < pattern.n && ((any_one && pattern.p[p] == '?') ||
                                     to_lower(pattern.p[p]) == to_lower(text.p[t]))) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

bool str_starts_command(struct str s)
{
    return s.n > 2 && s.p[0] == '#' && s.p[1] == '#' &&
           (s.p[2] == '[' || str_istarts(s, STR("##vso[")) || str_istarts(s, STR("##teamcity[")));
}

bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n && str_eq(str_slice(s, s.n - suffix.n, s.n), suffix);
}

bool str_iends(struct str s, struct str suffix)
{
    return s.n >= suffix.n && str_ieq(str_slice(s, s.n - suffix.n, s.n), suffix);
}

static int by_length(struct str a, struct str b)
{
    return (a.n > b.n) - (a.n < b.n);
}

int str_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int d = n == 0 ? 0 : memcmp(a.p, b.p, n);
    return d != 0 ? d : by_length(a, b);
}

int str_icmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    for (size_t i = 0; i < n; i++) {
        int d = (unsigned char)to_lower(a.p[i]) - (unsigned char)to_lower(b.p[i]);
        if (d != 0)
            return d;
    }
    return by_length(a, b);
}

size_t str_rfind(struct str s, char c)
{
    for (size_t i = s.n; i > 0; i--)
        if (s.p[i - 1] == c)
            return i - 1;
    return s.n;
}

size_t str_search(struct str s, struct str needle)
{
    if (needle.n == 0)
        return 0;
    const char *hit = s.n < needle.n ? NULL : memmem(s.p, s.n, needle.p, needle.n);
    return hit == NULL ? s.n : (size_t)(hit - s.p);
}

size_t str_isearch(struct str s, struct str needle)
{
    if (needle.n == 0)
        return 0;
    char low = to_lower(*needle.p), high = is_alpha(low) ? (char)(low & ~0x20) : low;
    for (size_t i = 0; i + needle.n <= s.n; i++) {
        i += vec_find(s.p + i, s.n - i, low, high);
        if (str_istarts(str_slice(s, i, s.n), needle))
            return i;
    }
    return s.n;
}

static struct str trim(struct str s, bool (*is_space)(char))
{
    while (s.n > 0 && is_space(s.p[0]))
        s = str_slice(s, 1, s.n);
    while (s.n > 0 && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

struct str str_trim(struct str s)
{
    return trim(s, is_fws);
}

struct str str_trim_wsp(struct str s)
{
    return trim(s, is_wsp);
}

struct str str_cut(struct str *s, char sep)
{
    size_t at = str_find(*s, sep);
    struct str head = str_slice(*s, 0, at);
    *s = at == s->n ? STR_NONE : str_slice(*s, at + 1, s->n);
    return head;
}

bool str_to_u64(struct str s, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!is_digit(s.p[i]))
            return false;
        uint64_t digit = (uint64_t)(s.p[i] - '0');
        if (digit > max || v > (max - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

uint64_t str_hash(struct str s)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < s.n; i++) {
        h ^= (unsigned char)s.p[i];
        h *= 1099511628211u;
    }
    return h;
}
