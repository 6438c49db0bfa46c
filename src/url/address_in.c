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

/* All addresses at all "@" of a text in one form. */
static void search_text(struct search *s, struct str text, enum url_address_form form,
                        bool in_fragment)
{
    size_t at = 0;
    for (unsigned seen = 0; seen < URL_MAX_ATS; seen++, at++) {
        at += str_find(str_slice(text, at, text.n), '@');
        if (at >= text.n)
            return;
        for (size_t i = 0; i < s->n; i++) {
            if (!stands_at(text, at, s->addresses[i], form == URL_ADDRESS_ROT13))
                continue;
            s->found.in_fragment |= in_fragment;
            if (form > s->found.form) {
                s->found.form = form;
                s->found.index = i;
            }
        }
    }
}

static bool is_base64(char c)
{
    return is_alnum(c) || str_has(STR("+/-_"), c);
}

static bool is_hex(char c)
{
    return hex_value(c) >= 0;
}

/* Every run of such digits, at each place where a group of digits may begin. */
static void search_runs(struct search *s, struct str text, enum url_address_form form,
                        bool in_fragment)
{
    bool hex = form == URL_ADDRESS_HEX;
    size_t least = hex ? HEX_MIN_RUN : BASE64_MIN_RUN, group = hex ? 2 : 4;
    for (size_t from = 0, to; from < text.n; from = to + 1) {
        for (to = from; to < text.n && (hex ? is_hex(text.p[to]) : is_base64(text.p[to]));)
            to++;
        for (size_t shift = 0; to - from >= least && shift < group; shift++) {
            struct str run = str_slice(text, from + shift, to);
            size_t n = hex ? hex_undo(run, s->room) : url_base64_undo(run, s->room);
            search_text(s, str_make(s->room, n), form, in_fragment);
        }
    }
}

/* One part of the URL, under its %-escapes layer by layer. */
static int search_part(struct search *s, struct str part, bool in_fragment, struct mp_err *err)
{
    for (unsigned layer = 0; part.n != 0; layer++) {
        search_text(s, part, URL_ADDRESS_PLAIN, in_fragment);
        search_text(s, part, URL_ADDRESS_ROT13, in_fragment);
        search_runs(s, part, URL_ADDRESS_HEX, in_fragment);
        search_runs(s, part, URL_ADDRESS_BASE64, in_fragment);
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
