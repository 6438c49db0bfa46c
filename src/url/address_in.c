/* Addresses in URLs: plain, or hidden by the encodings that kits use. An "@" is looked for first;
 * what stands around it is compared. */
#include "base/hex.h"
#include "url/inside.h"
#include "url/url_internal.h"

enum { BASE64_MIN_RUN = 8, HEX_MIN_RUN = 12 };

struct search {
    struct arena *arena;
    char *room; /* as many bytes as the URL has */
    const struct str *addresses;
    size_t n;
    struct url_address found;
};

static char rot13(char c)
{
    if (!is_alpha(c))
        return c;
    char first = c >= 'a' ? 'a' : 'A';
    return (char)(first + (c - first + 13) % 26);
}

static bool same(struct str a, struct str b, bool turned)
{
    for (size_t i = 0; i < a.n; i++)
        if (to_lower(turned ? rot13(a.p[i]) : a.p[i]) != to_lower(b.p[i]))
            return false;
    return true;
}

static bool goes_on(char c)
{
    return is_alnum(c) || c == '_';
}

/* Does `address` stand in `text` with its "@" at `at`, and not as a part of a longer one? */
static bool stands_at(struct str text, size_t at, struct str address, bool turned)
{
    size_t local = str_rfind(address, '@'), end = at + address.n - local;
    if (local == address.n || local > at || end > text.n)
        return false;
    size_t start = at - local;
    if (start > 0 && goes_on(text.p[start - 1]))
        return false;
    if (end < text.n && (goes_on(text.p[end]) || text.p[end] == '-'))
        return false;
    return same(str_slice(text, start, end), address, turned);
}

static void note(struct search *s, size_t index, enum url_address_form form, bool in_fragment)
{
    s->found.in_fragment |= in_fragment;
    if (form > s->found.form) {
        s->found.form = form;
        s->found.index = index;
    }
}

/* All addresses at all "@" of a text, which stands in the URL in this form. */
static void search_text(struct search *s, struct str text, enum url_address_form form,
                        bool in_fragment)
{
    size_t at = 0;
    for (unsigned seen = 0; seen < URL_MAX_ATS; seen++, at++) {
        at += str_find(str_slice(text, at, text.n), '@');
        if (at >= text.n)
            return;
        for (size_t i = 0; i < s->n; i++) {
            if (stands_at(text, at, s->addresses[i], false))
                note(s, i, form, in_fragment);
            if (form == URL_ADDRESS_PLAIN && stands_at(text, at, s->addresses[i], true))
                note(s, i, URL_ADDRESS_ROT13, in_fragment);
        }
    }
}

/* A run of digits of base64. */
struct run {
    size_t to;
    bool at; /* two of its digits are an "@" if a group begins where it has to */
};

static struct run read_run(struct str text, size_t from)
{
    struct run r = {.to = from};
    for (int before = -2; r.to < text.n; r.to++) {
        int digit = url_base64_value(text.p[r.to]);
        if (digit < 0)
            break;
        r.at |= (before == 16 && digit < 16) || ((before & 15) == 4 && digit < 4) ||
                ((before & 3) == 1 && digit == 0);
        before = digit;
    }
    return r;
}

static void search_base64(struct search *s, struct str run, bool in_fragment)
{
    for (size_t shift = 0; shift < 4; shift++) {
        size_t n = url_base64_undo(str_slice(run, shift, run.n), s->room);
        search_text(s, str_make(s->room, n), URL_ADDRESS_BASE64, in_fragment);
    }
}

/* Every run of hexadecimal digits, at both places where an octet may begin. */
static void search_hex(struct search *s, struct str text, bool in_fragment)
{
    for (size_t from = 0, to; from < text.n; from = to + 1) {
        for (to = from; to < text.n && hex_value(text.p[to]) >= 0;)
            to++;
        for (size_t shift = 0; to - from >= HEX_MIN_RUN && shift < 2; shift++) {
            size_t n = hex_undo(str_slice(text, from + shift, to), s->room);
            search_text(s, str_make(s->room, n), URL_ADDRESS_HEX, in_fragment);
        }
    }
}

/* Digits of hex are digits of base64 too. */
static void search_runs(struct search *s, struct str text, bool in_fragment)
{
    for (size_t from = 0; from < text.n;) {
        struct run r = read_run(text, from);
        struct str run = str_slice(text, from, r.to);
        if (run.n >= BASE64_MIN_RUN && r.at)
            search_base64(s, run, in_fragment);
        if (run.n >= HEX_MIN_RUN && str_search(run, STR("40")) < run.n)
            search_hex(s, run, in_fragment);
        from = r.to + 1;
    }
}

/* One part of the URL, under its %-escapes layer by layer. */
static int search_part(struct search *s, struct str part, bool in_fragment, struct mp_err *err)
{
    for (unsigned layer = 0; part.n != 0 && s->n != 0; layer++) {
        search_text(s, part, URL_ADDRESS_PLAIN, in_fragment);
        search_runs(s, part, in_fragment);
        if (layer == URL_MAX_DECODINGS || !str_has(part, '%'))
            return MP_OK;
        part = url_unescape(s->arena, part);
        if (part.p == NULL)
            return url_no_memory(err);
    }
    return MP_OK;
}

int url_find_address(struct arena *arena, const struct url *u, const struct str *addresses,
                     size_t n, struct url_address *out, struct mp_err *err)
{
    struct search s = {.arena = arena,
                       .room = arena_alloc(arena, u->text.n + 1, 1),
                       .addresses = addresses,
                       .n = n < URL_MAX_ADDRESSES ? n : URL_MAX_ADDRESSES};
    int st = s.room == NULL ? url_no_memory(err) : search_part(&s, u->path, false, err);
    if (st == MP_OK)
        st = search_part(&s, u->query, false, err);
    if (st == MP_OK)
        st = search_part(&s, u->fragment, true, err);
    if (st == MP_OK)
        *out = s.found;
    return st;
}
