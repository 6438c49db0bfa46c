/* Links by the way they are written: what browsers mend and people do not see. */
#include "phish/url_links.h"

#include "base/hex.h"

enum { USERINFO_LONG_BYTES = 128, USERINFO_MANY_ESCAPES = 30 };

static size_t count_escapes(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '%' && hex_octet(s, i + 1) >= 0;
    return n;
}

static void check_userinfo(struct url_facts *f, const struct seen_link *l)
{
    const struct url *u = &l->url;
    if (!url_is_web(u) || (u->flags & URL_USERINFO) == 0)
        return;
    struct finding *found =
        finding_add(f->p->findings, FINDING_URL_USERINFO, l->where,
                    "\"" STR_FMT "\" stands in front of the host " STR_FMT ": " STR_FMT,
                    STR_ARG(str_slice(u->userinfo, 0, 40)), STR_ARG(u->host),
                    STR_ARG(url_short(u->text)));
    if (str_has(u->userinfo, '.') || u->userinfo.n > USERINFO_LONG_BYTES ||
        count_escapes(u->userinfo) >= USERINFO_MANY_ESCAPES)
        finding_raise(found, SEV_HIGH);
}

static void check_address(struct url_facts *f, const struct seen_link *l)
{
    const struct url *u = &l->unwrapped.target;
    char text[IP_TEXT_MAX];
    if (!url_is_web(u) || u->ip.family == IP_NONE)
        return;
    if ((u->flags & (URL_IP_ENCODED | URL_IP_MAPPED)) != 0) {
        ip_write(&u->ip, text);
        finding_add(f->p->findings, FINDING_URL_IP_ENCODED, l->where, STR_FMT " is %s",
                    STR_ARG(url_short(u->text)), text);
        return;
    }
    if (!ip_is_public(&u->ip))
        return;
    struct finding *found =
        finding_add(f->p->findings, FINDING_URL_IP, l->where, STR_FMT, STR_ARG(url_short(u->text)));
    if (u->path.n > 1 && l->clicked)
        finding_raise(found, SEV_MEDIUM);
}

static void check_signs(struct url_facts *f, const struct seen_link *l)
{
    const struct url *u = &l->url;
    if ((u->flags & URL_INVISIBLE) != 0)
        finding_add(f->p->findings, FINDING_URL_INVISIBLE, l->where, "%s: " STR_FMT,
                    (u->flags & URL_BIDI) != 0 ? "it turns text around"
                                               : "some characters show nothing",
                    STR_ARG(url_short(u->text)));
    if ((u->flags & URL_UNICODE_DELIMITER) != 0)
        finding_add(f->p->findings, FINDING_URL_UNICODE_DELIMITER, l->where,
                    "its host is " STR_FMT ": " STR_FMT, STR_ARG(url_short(u->host)),
                    STR_ARG(url_short(u->text)));
}

static void check_mended(struct url_facts *f, const struct seen_link *l)
{
    static const struct {
        unsigned flag;
        const char *text;
    } faults[] = {{URL_CONTROL, "a tab or line end stands within its scheme or host"},
                  {URL_BACKSLASH, "backslashes stand for slashes"},
                  {URL_SLASHES_MISSING, "a slash is missing behind its scheme"},
                  {URL_SLASHES_EXTRA, "there are too many slashes behind its scheme"}};
    const struct url *u = &l->url;
    if (!url_is_web(u) || (u->flags & (URL_HOST_BAD | URL_GUESSED)) != 0)
        return;
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        if ((u->flags & faults[i].flag) == 0)
            continue;
        finding_add(f->p->findings, FINDING_URL_MALFORMED, l->where,
                    "%s; browsers go to " STR_FMT ": " STR_FMT, faults[i].text, STR_ARG(u->host),
                    STR_ARG(url_short(u->text)));
        return;
    }
}

/* Of a script that does nothing, what pages put where no link is wanted. */
static bool is_idle(struct str script)
{
    static const struct str idle[] = {STR_INIT(""), STR_INIT(";"), STR_INIT("void(0)"),
                                      STR_INIT("void(0);"), STR_INIT("//")};
    for (size_t i = 0; i < ARRAY_LEN(idle); i++)
        if (str_eq(str_trim(script), idle[i]))
            return true;
    return false;
}

/* Pictures may be written out in a page; pages and scripts in a link may not. */
static bool is_page(struct str data)
{
    struct str type = str_trim(str_cut(&data, ','));
    return str_istarts(type, STR("text/html")) || str_istarts(type, STR("application/xhtml")) ||
           str_istarts(type, STR("text/xml")) || str_istarts(type, STR("application/xml"));
}

static void check_script(struct url_facts *f, const struct seen_link *l)
{
    const struct url *u = &l->url;
    bool script = (u->kind == URL_JAVASCRIPT || u->kind == URL_VBSCRIPT) && !is_idle(u->path);
    bool data =
        u->kind == URL_DATA && l->link->source != LINK_SCRIPT && (l->clicked || is_page(u->path));
    if (script || data)
        finding_add(f->p->findings, FINDING_URL_SCRIPT, l->where, STR_FMT,
                    STR_ARG(url_short(u->text)));
}

/* Handlers of systems beside "ms-…". */
static bool is_handler(const struct url *u)
{
    static const struct str names[] = {STR_INIT("search"), STR_INIT("search-ms"), STR_INIT("shell"),
                                       STR_INIT("smb"),    STR_INIT("hcp"),       STR_INIT("mhtml"),
                                       STR_INIT("mk"),     STR_INIT("its"),       STR_INIT("res")};
    static const struct str harmless = STR_INIT("ms-windows-store");
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq(u->scheme, names[i]))
            return true;
    return str_starts(u->scheme, STR("ms-")) && !str_eq(u->scheme, harmless);
}

/* "file:" of this machine is a dead link where a page only loads it; of another one it never is. */
static bool leaves_machine(const struct url *u)
{
    return u->host.n != 0 || str_starts(u->path, STR("//")) || str_starts(u->path, STR("\\\\"));
}

static void check_handler(struct url_facts *f, const struct seen_link *l)
{
    const struct url *u = &l->url;
    bool file = u->kind == URL_FILE && (l->clicked || leaves_machine(u));
    if (!file && !is_handler(u))
        return;
    struct finding *found = finding_add(f->p->findings, FINDING_URL_HANDLER, l->where, STR_FMT,
                                        STR_ARG(url_short(u->text)));
    if (file && str_has(u->path, '!'))
        finding_raise(found, SEV_CRITICAL);
}

static void check_port(struct url_facts *f, const struct seen_link *l)
{
    const struct url *u = &l->unwrapped.target;
    bool usual = u->port == URL_PORT_NONE || u->port == 80 || u->port == 443 || u->port == 8080 ||
                 u->port == 8443;
    if (url_is_web(u) && !usual)
        finding_add(f->p->findings, FINDING_URL_PORT, l->where, "port %d: " STR_FMT, (int)u->port,
                    STR_ARG(url_short(u->text)));
}

int url_check_shape(struct url_facts *f, const struct seen_link *l, struct mp_err *err)
{
    (void)err;
    check_userinfo(f, l);
    check_address(f, l);
    check_signs(f, l);
    check_mended(f, l);
    check_script(f, l);
    check_handler(f, l);
    check_port(f, l);
    return MP_OK;
}
