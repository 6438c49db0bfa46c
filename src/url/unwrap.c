/* Services that stand around a target: mail filters and sites that pass visitors on, as a table. */
#include "base/utf8.h"
#include "url/inside.h"
#include "url/url_internal.h"

/* How the target is written. */
enum coding {
    AS_VALUE,  /* of a parameter, %-escaped */
    AS_BASE64, /* of a parameter, in base64 */
    AS_BING,   /* the same behind two signs, "a1" */
    AS_PP2,    /* Proofpoint's second: "-" for "%", "_" for "/" */
    AS_PP3,    /* and its third: between "__" and "__;", odd characters apart */
    AS_PATH,   /* behind the beginning of the path, %-escaped or not, with or without a scheme */
    AS_TAIL,   /* the last segment of the path, %-escaped */
    AS_YAHOO,  /* a segment of the path: "RU=" */
    AS_AVANAN, /* between "___" and "___" */
    AS_HOST,   /* in the host, "-" for "." and "--" for "-" */
    OPAQUE
};

static const struct service {
    struct str host; /* what is below it counts; "google": below any suffix of a country */
    struct str path; /* beginning */
    enum url_wrap wrap;
    enum coding coding;
    struct str names[2]; /* of parameters */
} services[] = {
    {STR_INIT("safelinks.protection.outlook.com"),
     STR_INIT("/"),
     URL_WRAP_PROTECTS,
     AS_VALUE,
     {STR_INIT("url")}},
    {STR_INIT("safelinks.protection.office365.us"),
     STR_INIT("/"),
     URL_WRAP_PROTECTS,
     AS_VALUE,
     {STR_INIT("url")}},
    {STR_INIT("safelinks.protection.partner.outlook.cn"),
     STR_INIT("/"),
     URL_WRAP_PROTECTS,
     AS_VALUE,
     {STR_INIT("url")}},
    {STR_INIT("statics.teams.cdn.office.net"),
     STR_INIT("/evergreen-assets/safelinks/"),
     URL_WRAP_PROTECTS,
     AS_VALUE,
     {STR_INIT("url")}},
    {STR_INIT("urldefense.proofpoint.com"),
     STR_INIT("/v1/"),
     URL_WRAP_PROTECTS,
     AS_VALUE,
     {STR_INIT("u")}},
    {STR_INIT("urldefense.proofpoint.com"),
     STR_INIT("/v2/"),
     URL_WRAP_PROTECTS,
     AS_PP2,
     {STR_INIT("u")}},
    {STR_INIT("urldefense.proofpoint.com"),
     STR_INIT("/v3/"),
     URL_WRAP_PROTECTS,
     AS_PP3,
     {STR_INIT("")}},
    {STR_INIT("urldefense.com"), STR_INIT("/v3/"), URL_WRAP_PROTECTS, AS_PP3, {STR_INIT("")}},
    {STR_INIT("urldefense.us"), STR_INIT("/v3/"), URL_WRAP_PROTECTS, AS_PP3, {STR_INIT("")}},
    {STR_INIT("linkprotect.cudasvc.com"),
     STR_INIT("/url"),
     URL_WRAP_PROTECTS,
     AS_VALUE,
     {STR_INIT("a")}},
    {STR_INIT("secure-web.cisco.com"), STR_INIT("/"), URL_WRAP_PROTECTS, AS_TAIL, {STR_INIT("")}},
    {STR_INIT("protection.sophos.com"),
     STR_INIT("/"),
     URL_WRAP_PROTECTS,
     AS_BASE64,
     {STR_INIT("u")}},
    {STR_INIT("fireeye.com"), STR_INIT("/"), URL_WRAP_PROTECTS, AS_VALUE, {STR_INIT("u")}},
    {STR_INIT("clicktime.symantec.com"),
     STR_INIT("/"),
     URL_WRAP_PROTECTS,
     AS_VALUE,
     {STR_INIT("u")}},
    {STR_INIT("clicktime.cloud.postoffice.net"),
     STR_INIT("/"),
     URL_WRAP_PROTECTS,
     AS_VALUE,
     {STR_INIT("u")}},
    {STR_INIT("trendmicro.com"),
     STR_INIT("/wis/clicktime/"),
     URL_WRAP_PROTECTS,
     AS_VALUE,
     {STR_INIT("url")}},
    {STR_INIT("scanmail.trustwave.com"),
     STR_INIT("/"),
     URL_WRAP_PROTECTS,
     AS_VALUE,
     {STR_INIT("u")}},
    {STR_INIT("urlsand.esvalabs.com"), STR_INIT("/"), URL_WRAP_PROTECTS, AS_VALUE, {STR_INIT("u")}},
    {STR_INIT("avanan.click"), STR_INIT("/v"), URL_WRAP_PROTECTS, AS_AVANAN, {STR_INIT("")}},
    {STR_INIT("mimecast.com"), STR_INIT("/s/"), URL_WRAP_PROTECTS, OPAQUE, {STR_INIT("")}},
    {STR_INIT("mimecastprotect.com"), STR_INIT("/"), URL_WRAP_PROTECTS, OPAQUE, {STR_INIT("")}},
    {STR_INIT("url.emailprotection.link"),
     STR_INIT("/"),
     URL_WRAP_PROTECTS,
     OPAQUE,
     {STR_INIT("")}},
    {STR_INIT("google"),
     STR_INIT("/url"),
     URL_WRAP_PASSES_ON,
     AS_VALUE,
     {STR_INIT("q"), STR_INIT("url")}},
    {STR_INIT("google"), STR_INIT("/aclk"), URL_WRAP_PASSES_ON, AS_VALUE, {STR_INIT("adurl")}},
    {STR_INIT("google"), STR_INIT("/amp/s/"), URL_WRAP_PASSES_ON, AS_PATH, {STR_INIT("")}},
    {STR_INIT("google"), STR_INIT("/translate"), URL_WRAP_PASSES_ON, AS_VALUE, {STR_INIT("u")}},
    {STR_INIT("translate.goog"), STR_INIT("/"), URL_WRAP_PASSES_ON, AS_HOST, {STR_INIT("")}},
    {STR_INIT("googleadservices.com"),
     STR_INIT("/"),
     URL_WRAP_PASSES_ON,
     AS_VALUE,
     {STR_INIT("adurl")}},
    {STR_INIT("doubleclick.net"), STR_INIT("/"), URL_WRAP_PASSES_ON, AS_VALUE, {STR_INIT("adurl")}},
    {STR_INIT("youtube.com"), STR_INIT("/redirect"), URL_WRAP_PASSES_ON, AS_VALUE, {STR_INIT("q")}},
    {STR_INIT("bing.com"), STR_INIT("/ck/a"), URL_WRAP_PASSES_ON, AS_BING, {STR_INIT("u")}},
    {STR_INIT("search.yahoo.com"), STR_INIT("/"), URL_WRAP_PASSES_ON, AS_YAHOO, {STR_INIT("")}},
    {STR_INIT("facebook.com"), STR_INIT("/l.php"), URL_WRAP_PASSES_ON, AS_VALUE, {STR_INIT("u")}},
    {STR_INIT("l.facebook.com"), STR_INIT("/"), URL_WRAP_PASSES_ON, AS_VALUE, {STR_INIT("u")}},
    {STR_INIT("l.messenger.com"), STR_INIT("/"), URL_WRAP_PASSES_ON, AS_VALUE, {STR_INIT("u")}},
    {STR_INIT("l.instagram.com"), STR_INIT("/"), URL_WRAP_PASSES_ON, AS_VALUE, {STR_INIT("u")}},
    {STR_INIT("l.threads.net"), STR_INIT("/"), URL_WRAP_PASSES_ON, AS_VALUE, {STR_INIT("u")}},
    {STR_INIT("linkedin.com"),
     STR_INIT("/redir/"),
     URL_WRAP_PASSES_ON,
     AS_VALUE,
     {STR_INIT("url")}},
    {STR_INIT("linkedin.com"),
     STR_INIT("/safety/go"),
     URL_WRAP_PASSES_ON,
     AS_VALUE,
     {STR_INIT("url")}},
    {STR_INIT("duckduckgo.com"), STR_INIT("/l/"), URL_WRAP_PASSES_ON, AS_VALUE, {STR_INIT("uddg")}},
    {STR_INIT("slack-redir.net"),
     STR_INIT("/link"),
     URL_WRAP_PASSES_ON,
     AS_VALUE,
     {STR_INIT("url")}},
    {STR_INIT("vk.com"), STR_INIT("/away.php"), URL_WRAP_PASSES_ON, AS_VALUE, {STR_INIT("to")}},
    {STR_INIT("steamcommunity.com"),
     STR_INIT("/linkfilter/"),
     URL_WRAP_PASSES_ON,
     AS_VALUE,
     {STR_INIT("url"), STR_INIT("u")}},
    {STR_INIT("t.umblr.com"), STR_INIT("/redirect"), URL_WRAP_PASSES_ON, AS_VALUE, {STR_INIT("z")}},
    {STR_INIT("out.reddit.com"), STR_INIT("/"), URL_WRAP_PASSES_ON, AS_VALUE, {STR_INIT("url")}},
    {STR_INIT("href.li"), STR_INIT("/"), URL_WRAP_PASSES_ON, AS_TAIL, {STR_INIT("")}},
};

static bool is_below(struct str host, struct str parent)
{
    return host.n >= parent.n && str_ends(host, parent) &&
           (host.n == parent.n || host.p[host.n - parent.n - 1] == '.');
}

/* google.com, google.de, google.co.uk: the label below a suffix of two letters at the end. */
static bool is_google(struct str host)
{
    size_t dot = str_rfind(host, '.');
    struct str top = str_slice(host, dot + 1, host.n), rest = str_slice(host, 0, dot);
    if (top.n != 2 && !str_eq(top, STR("com")))
        return false;
    if (top.n == 2 && (str_ends(rest, STR(".co")) || str_ends(rest, STR(".com"))))
        rest = str_slice(rest, 0, str_rfind(rest, '.'));
    return is_below(rest, STR("google"));
}

static bool serves(const struct service *s, const struct url *u)
{
    bool host = str_eq(s->host, STR("google")) ? is_google(u->host) : is_below(u->host, s->host);
    return host && str_starts(u->path.n == 0 ? STR("/") : u->path, s->path);
}

static struct str parameter(const struct service *s, const struct url *u)
{
    struct str value = url_parameter(u, s->names[0]);
    return value.n == 0 && s->names[1].n != 0 ? url_parameter(u, s->names[1]) : value;
}

/* ---- the codings: empty when nothing is there, p == NULL without memory ---- */

static struct str proofpoint_2(struct arena *arena, struct str value)
{
    char *to = arena_new(arena, char, value.n + 1);
    for (size_t i = 0; to != NULL && i < value.n; i++)
        to[i] = value.p[i] == '-' ? '%' : value.p[i] == '_' ? '/' : value.p[i];
    return to == NULL ? STR_NONE : url_unescape(arena, str_make(to, value.n));
}

/* "A" stands for a run of two, "B" for three, to "_" for 65. */
static size_t run_length(char c)
{
    struct str digits = STR("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    return str_find(digits, c) + 2;
}

static void add_characters(struct str *from, size_t count, char *to, size_t *n)
{
    for (; count > 0 && from->n != 0; count--) {
        struct str before = *from;
        utf8_next(from);
        memcpy(to + *n, before.p, before.n - from->n);
        *n += before.n - from->n;
    }
}

/* "*" stands for the next of the characters put aside, "**A" for a run of them. */
static struct str proofpoint_3(struct arena *arena, struct str text)
{
    size_t start = str_search(text, STR("/v3/__"));
    struct str rest = str_slice(text, start + 6, text.n);
    size_t end = str_search(rest, STR("__;"));
    if (start == text.n || end == rest.n)
        return STR("");
    struct str url = str_slice(rest, 0, end);
    struct str aside = url_base64(arena, str_slice(rest, end + 3, rest.n));
    char *to = arena_alloc(arena, url.n + aside.n + 1, 1);
    size_t n = 0;
    if (aside.p == NULL || to == NULL)
        return STR_NONE;
    for (size_t i = 0; i < url.n; i++) {
        bool run = url.n - i > 2 && url.p[i] == '*' && url.p[i + 1] == '*';
        if (url.p[i] != '*') {
            to[n++] = url.p[i];
        } else {
            add_characters(&aside, run ? run_length(url.p[i + 2]) : 1, to, &n);
            i += run ? 2 : 0;
        }
    }
    return str_make(to, n);
}

/* Behind the beginning of the path, with query and fragment. */
static struct str behind_path(struct arena *arena, const struct url *u, size_t from)
{
    size_t at = (size_t)(u->path.p - u->text.p) + from;
    struct str target = url_unescape(arena, str_slice(u->text, at, u->text.n));
    if (target.p == NULL || url_scheme_of(target).n != 0)
        return target;
    struct str parts[] = {STR("https://"), target};
    return arena_join(arena, parts, 2);
}

static struct str yahoo(struct arena *arena, struct str path)
{
    size_t start = str_search(path, STR("/RU="));
    struct str rest = str_slice(path, start + 4, path.n);
    return start == path.n ? STR("") : url_unescape(arena, str_cut(&rest, '/'));
}

static struct str avanan(struct str text)
{
    size_t start = str_search(text, STR("___"));
    struct str rest = str_slice(text, start + 3, text.n);
    size_t end = str_search(rest, STR("___"));
    return start == text.n || end == rest.n ? STR("") : str_slice(rest, 0, end);
}

static struct str host_undone(struct arena *arena, const struct url *u)
{
    struct str rest = u->host, label = str_cut(&rest, '.');
    char *host = arena_alloc(arena, label.n + 1, 1);
    size_t n = 0;
    if (host == NULL)
        return STR_NONE;
    for (size_t i = 0; i < label.n; i++) {
        bool two = label.p[i] == '-' && i + 1 < label.n && label.p[i + 1] == '-';
        host[n++] = label.p[i] == '-' && !two ? '.' : label.p[i];
        i += two;
    }
    struct str parts[] = {STR("https://"), str_make(host, n), u->path};
    return str_has(parts[1], '.') ? arena_join(arena, parts, 3) : STR("");
}

static struct str target_of(struct arena *arena, const struct service *s, const struct url *u)
{
    struct str value = parameter(s, u);
    size_t slash = str_rfind(u->path, '/');
    switch (s->coding) {
    case AS_VALUE:
        return value.p == NULL ? STR("") : url_unescape(arena, value);
    case AS_BASE64:
    case AS_BING:
        value = url_unescape(arena, value);
        return url_base64(arena, str_slice(value, s->coding == AS_BING ? 2 : 0, value.n));
    case AS_PP2:
        return proofpoint_2(arena, value);
    case AS_PP3:
        return proofpoint_3(arena, u->text);
    case AS_PATH:
        return behind_path(arena, u, s->path.n);
    case AS_TAIL:
        return u->path.n == 0 || slash + 1 >= u->path.n
                   ? url_unescape(arena, u->query.p == NULL ? STR("") : u->query)
                   : url_unescape(arena, str_slice(u->path, slash + 1, u->path.n));
    case AS_YAHOO:
        return yahoo(arena, u->path);
    case AS_AVANAN:
        return avanan(u->text);
    case AS_HOST:
        return host_undone(arena, u);
    case OPAQUE:
        break;
    }
    return STR("");
}

/* Take one service off. *taken: there was one. */
static int unwrap_once(struct arena *arena, struct url_unwrapped *w, bool *taken,
                       struct mp_err *err)
{
    *taken = false;
    for (size_t i = 0; i < ARRAY_LEN(services) && !*taken && url_is_web(&w->target); i++) {
        const struct service *s = &services[i];
        struct url inner;
        if (!serves(s, &w->target))
            continue;
        w->opaque |= s->coding == OPAQUE;
        w->was[s->wrap] |= s->coding == OPAQUE;
        struct str target = target_of(arena, s, &w->target);
        int st =
            target.p == NULL ? url_no_memory(err) : url_parse(arena, target, NULL, &inner, err);
        if (st != MP_OK)
            return st;
        if (!url_is_web(&inner))
            continue;
        if (s->wrap == URL_WRAP_PASSES_ON && w->first_passes.n == 0)
            w->first_passes = w->target.host;
        w->was[s->wrap] = true;
        w->target = inner;
        w->n++;
        *taken = true;
    }
    return MP_OK;
}

int url_unwrap(struct arena *arena, const struct url *u, struct url_unwrapped *out,
               struct mp_err *err)
{
    struct url_unwrapped w = {.target = *u};
    bool taken = true;
    while (taken && w.n < URL_MAX_UNWRAPS) {
        int st = unwrap_once(arena, &w, &taken, err);
        if (st != MP_OK)
            return st;
    }
    *out = w;
    return MP_OK;
}
