/* A URL taken apart in one pass, by the state machine of WHATWG URL 4.4 written as steps. */
#include "base/hex.h"
#include "base/psl.h"
#include "base/utf8.h"
#include "url/url_internal.h"

enum { PORT_MAX = 65535 };

static const struct {
    struct str name;
    enum url_scheme kind;
    int32_t port; /* its own */
} schemes[] = {
    {STR_INIT("http"), URL_HTTP, 80},
    {STR_INIT("https"), URL_HTTPS, 443},
    {STR_INIT("ws"), URL_WS, 80},
    {STR_INIT("wss"), URL_WSS, 443},
    {STR_INIT("ftp"), URL_FTP, 21},
    {STR_INIT("file"), URL_FILE, URL_PORT_NONE},
    {STR_INIT("mailto"), URL_MAILTO, URL_PORT_NONE},
    {STR_INIT("tel"), URL_TEL, URL_PORT_NONE},
    {STR_INIT("sms"), URL_SMS, URL_PORT_NONE},
    {STR_INIT("cid"), URL_CID, URL_PORT_NONE},
    {STR_INIT("data"), URL_DATA, URL_PORT_NONE},
    {STR_INIT("javascript"), URL_JAVASCRIPT, URL_PORT_NONE},
    {STR_INIT("vbscript"), URL_VBSCRIPT, URL_PORT_NONE},
};

bool url_is_special(const struct url *u)
{
    return u->kind >= URL_HTTP && u->kind <= URL_FILE;
}

bool url_is_web(const struct url *u)
{
    return (u->kind == URL_HTTP || u->kind == URL_HTTPS) && u->host.n != 0;
}

struct str url_scheme_of(struct str text)
{
    size_t i = 0;
    while (i < text.n && (is_alnum(text.p[i]) || str_has(STR("+-."), text.p[i])))
        i++;
    bool has = i > 0 && i < text.n && text.p[i] == ':' && is_alpha(text.p[0]);
    return str_slice(text, 0, has ? i : 0);
}

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ';
}

static struct str trim(struct str s)
{
    size_t from = 0, to = s.n;
    while (from < to && is_blank(s.p[from]))
        from++;
    while (to > from && is_blank(s.p[to - 1]))
        to--;
    return str_slice(s, from, to);
}

/* Tabs and line ends taken out; *first says where the first one stood. */
static struct str clean(struct arena *arena, struct str s, size_t *first)
{
    size_t i = 0, n;
    while (i < s.n && s.p[i] != '\t' && s.p[i] != '\n' && s.p[i] != '\r')
        i++;
    *first = i;
    if (i == s.n)
        return s;
    char *to = arena_new(arena, char, s.n);
    if (to == NULL)
        return STR_NONE;
    memcpy(to, s.p, i);
    for (n = i; i < s.n; i++)
        if (s.p[i] != '\t' && s.p[i] != '\n' && s.p[i] != '\r')
            to[n++] = s.p[i];
    return str_make(to, n);
}

static bool is_bidi(int32_t c)
{
    return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
           c == 0x200f || c == 0x061c;
}

static bool looks_like_slash(int32_t c)
{
    return c == 0x2044 || c == 0x2215 || c == 0x29f8 || c == 0xff0f;
}

static bool looks_like_dot(int32_t c)
{
    return c == 0x3002 || c == 0xff0e || c == 0xff61 || c == 0x2024;
}

/* Joiners and variation selectors belong to the writing of many peoples, and to pictures. */
static bool belongs_to(int32_t c, int32_t before)
{
    return before >= 0x80 && ((c >= 0xfe00 && c <= 0xfe0f) || c == 0x200c || c == 0x200d);
}

/* The flags that code points raise: `front` is what lies before the path. */
static unsigned look_at(struct str text, size_t front)
{
    unsigned flags = 0, waiting = 0;
    struct str rest = text;
    int32_t before = 0;
    for (size_t at = 0; rest.n != 0; at = text.n - rest.n) {
        int32_t c = utf8_next(&rest);
        bool invisible = c >= 0x80 && utf8_is_invisible(c);
        if (c > 0x20 && !invisible) {
            flags |= waiting;
            waiting = 0;
        }
        if (c < 0x80) {
            before = c;
            continue;
        }
        if (looks_like_slash(c) || (looks_like_dot(c) && at < front))
            flags |= URL_UNICODE_DELIMITER;
        if (is_bidi(c))
            flags |= URL_INVISIBLE | URL_BIDI;
        else if (invisible && !belongs_to(c, before))
            waiting |= URL_INVISIBLE;
        before = c;
    }
    return flags;
}

static void read_port(struct str text, struct url *u)
{
    uint64_t value;
    if (text.n == 0)
        return;
    if (!str_to_u64(text, PORT_MAX, &value)) {
        u->flags |= URL_PORT_BAD;
        return;
    }
    u->port = (int32_t)value;
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (schemes[i].kind == u->kind && schemes[i].port == u->port)
            u->port = URL_PORT_NONE;
}

static int read_authority(struct arena *arena, struct str authority, struct url *u,
                          struct mp_err *err)
{
    struct str host = authority, port = STR_NONE;
    size_t at = str_rfind(authority, '@');
    if (at < authority.n) {
        u->userinfo = str_slice(authority, 0, at);
        u->flags |= URL_USERINFO;
        host = str_slice(authority, at + 1, authority.n);
    }
    size_t from = host.n != 0 && host.p[0] == '[' ? str_find(host, ']') : 0;
    size_t colon = from + str_find(str_slice(host, from, host.n), ':');
    if (colon < host.n) {
        port = str_slice(host, colon + 1, host.n);
        host = str_slice(host, 0, colon);
    }
    read_port(port, u);
    return url_host_read(arena, host, url_is_special(u), u, err);
}

/* Path, query and fragment of what stands behind the front. */
static void read_rest(struct str rest, struct url *u)
{
    struct str fragment = rest;
    struct str query = str_cut(&fragment, '#');
    u->path = str_cut(&query, '?');
    u->query = query;
    u->fragment = fragment;
}

/* Slashes in front of the authority; their number is odd when it is not two. */
static size_t skip_slashes(struct str s, struct url *u)
{
    size_t n = 0;
    while (n < s.n && url_is_slash(s.p[n], true)) {
        if (s.p[n] == '\\')
            u->flags |= URL_BACKSLASH;
        n++;
    }
    if (n < 2)
        u->flags |= URL_SLASHES_MISSING;
    if (n > 2)
        u->flags |= URL_SLASHES_EXTRA;
    return n;
}

/* Where the authority begins in `s`, what stands behind "scheme:"; s.n + 1 when there is none. */
static size_t authority_start(struct str s, struct url *u)
{
    if ((u->flags & URL_GUESSED) != 0 && !url_is_slash(s.p[0], true))
        return 0;
    if (u->kind != URL_FILE && url_is_special(u))
        return skip_slashes(s, u);
    bool special = u->kind == URL_FILE;
    bool two = s.n >= 2 && url_is_slash(s.p[0], special) && url_is_slash(s.p[1], special);
    if (two && special && (s.p[0] == '\\' || s.p[1] == '\\'))
        u->flags |= URL_BACKSLASH;
    return two ? 2 : s.n + 1;
}

static enum url_scheme scheme_kind(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (str_ieq(schemes[i].name, name))
            return schemes[i].kind;
    return URL_OTHER;
}

/* *front: how much of `text` lies before the path. */
static int read_parts(struct arena *arena, struct str text, struct str behind, struct url *u,
                      size_t *front, struct mp_err *err)
{
    size_t from = authority_start(behind, u), to = from;
    bool special = url_is_special(u);
    *front = text.n - behind.n;
    if (from > behind.n) {
        read_rest(behind, u);
        return MP_OK;
    }
    while (to < behind.n && !url_is_slash(behind.p[to], special) && behind.p[to] != '?' &&
           behind.p[to] != '#')
        to++;
    if (to < behind.n && behind.p[to] == '\\')
        u->flags |= URL_BACKSLASH;
    *front += to;
    read_rest(str_slice(behind, to, behind.n), u);
    return read_authority(arena, str_slice(behind, from, to), u, err);
}

/* What people and some mail programs take for a link although no scheme stands in front. */
static bool guess(struct str text, struct url *u)
{
    bool www = str_istarts(text, STR("www."));
    bool unc = str_starts(text, STR("\\\\"));
    bool twice = text.n >= 2 && url_is_slash(text.p[0], true) && url_is_slash(text.p[1], true);
    if ((!www && !twice) || text.n < 4)
        return false;
    u->kind = unc ? URL_FILE : URL_HTTP;
    u->scheme = unc ? STR("file") : STR("http");
    u->flags |= URL_GUESSED;
    return true;
}

/* u->kind and u->scheme; returns what stands behind the scheme. kind stays URL_NONE without one. */
static struct str read_scheme(struct arena *arena, struct str text, struct url *u)
{
    struct str scheme = url_scheme_of(text);
    if (guess(text, u) || scheme.n == 0)
        return text;
    u->kind = scheme_kind(scheme);
    u->scheme = arena_lower(arena, scheme);
    return str_slice(text, scheme.n + 1, text.n);
}

static int parse_absolute(struct arena *arena, struct str given, struct url *out,
                          struct mp_err *err)
{
    struct url u = {.port = URL_PORT_NONE};
    size_t first_control, front = 0;
    struct str text = clean(arena, given, &first_control);
    if (given.n != 0 && text.p == NULL)
        return url_no_memory(err);
    u.text = text;
    struct str behind = read_scheme(arena, text, &u);
    if (u.kind != URL_NONE) {
        int st = u.scheme.p == NULL ? url_no_memory(err)
                                    : read_parts(arena, text, behind, &u, &front, err);
        if (st != MP_OK)
            return st;
        u.flags |= first_control < front ? URL_CONTROL : 0;
        u.flags |= str_is_ascii(text) ? 0 : look_at(text, front);
    }
    *out = u;
    return MP_OK;
}

int url_parse(struct arena *arena, struct str text, const struct url *base, struct url *out,
              struct mp_err *err)
{
    struct str cut = trim(str_slice(text, 0, URL_MAX_BYTES));
    if (base != NULL && base->kind != URL_NONE) {
        cut = url_join(arena, base, cut);
        if (cut.p == NULL)
            return url_no_memory(err);
    }
    int st = parse_absolute(arena, cut, out, err);
    if (st == MP_OK && text.n > URL_MAX_BYTES)
        out->flags |= URL_CUT;
    return st;
}

struct str url_unescape(struct arena *arena, struct str s)
{
    if (!str_has(s, '%'))
        return s;
    char *to = arena_new(arena, char, s.n);
    return to == NULL ? STR_NONE : str_make(to, percent_undo(s, to));
}

struct str url_site(struct arena *arena, const struct url *u)
{
    if (u->ip.family != IP_NONE || (u->flags & URL_HOST_BAD) != 0 || u->host.n == 0)
        return STR_NONE;
    return psl_registrable(arena, u->host);
}
