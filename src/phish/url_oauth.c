/* Links that ask for lasting access to an account: consent to an application, codes of devices. */
#include "phish/url_links.h"

#include "base/hex.h"
#include "base/idna.h"

enum { DEVICE_CODE_BYTES = 9, SCOPE_MAX_BYTES = 2048 };

static bool is_microsoft(const struct url *u)
{
    return domain_is_below(u->host, STR("login.microsoftonline.com")) ||
           domain_is_below(u->host, STR("login.windows.net"));
}

/* Does `scope`, under %-escapes, hold one of the words? */
static bool asks_for(const struct url *u, const struct str *words, size_t n)
{
    char plain[SCOPE_MAX_BYTES];
    struct str scope = str_slice(url_parameter(u, STR("scope")), 0, sizeof plain);
    struct str text = str_make(plain, percent_undo(scope, plain));
    for (size_t i = 0; i < n; i++)
        if (str_isearch(text, words[i]) < text.n)
            return true;
    return false;
}

static bool is_consent(const struct url *u)
{
    static const struct str microsoft[] = {STR_INIT("offline_access"), STR_INIT("Mail."),
                                           STR_INIT("Files."), STR_INIT("EWS.")};
    static const struct str google[] = {STR_INIT("mail.google.com"), STR_INIT("auth/gmail"),
                                        STR_INIT("auth/drive"), STR_INIT("auth/contacts")};
    bool oauth = str_isearch(u->path, STR("/oauth2")) < u->path.n;
    if (!oauth || url_parameter(u, STR("client_id")).n == 0)
        return false;
    if (is_microsoft(u))
        return asks_for(u, microsoft, ARRAY_LEN(microsoft));
    return str_eq(u->host, STR("accounts.google.com")) && asks_for(u, google, ARRAY_LEN(google));
}

/* Where the code of a device is entered. */
static bool is_device(const struct url *u)
{
    static const struct {
        struct str host, path;
    } pages[] = {{STR_INIT("microsoft.com"), STR_INIT("/devicelogin")},
                 {STR_INIT("aka.ms"), STR_INIT("/devicelogin")},
                 {STR_INIT("login.microsoftonline.com"), STR_INIT("/common/oauth2/deviceauth")},
                 {STR_INIT("login.microsoft.com"), STR_INIT("/device")},
                 {STR_INIT("google.com"), STR_INIT("/device")}};
    for (size_t i = 0; i < ARRAY_LEN(pages); i++)
        if (domain_is_below(u->host, pages[i].host) && str_istarts(u->path, pages[i].path))
            return true;
    return false;
}

static bool is_code_sign(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z');
}

/* Nine capitals or digits that stand alone; or four, a hyphen and four. */
static struct str code_in(struct str text)
{
    for (size_t from = 0, to; from < text.n; from = to + 1) {
        to = from;
        while (to < text.n && (is_code_sign(text.p[to]) || text.p[to] == '-'))
            to++;
        struct str code = str_slice(text, from, to);
        bool alone =
            (from == 0 || !is_alnum(text.p[from - 1])) && (to == text.n || !is_alnum(text.p[to]));
        size_t hyphen = str_find(code, '-');
        if (alone && code.n == DEVICE_CODE_BYTES && (hyphen == code.n || hyphen == 4))
            return code;
    }
    return STR_NONE;
}

/* Looked for once, however many links ask. */
static struct str code_of_message(struct url_facts *f)
{
    const struct content_report *found = f->p->in->found;
    for (size_t i = 0; i < found->n_texts && f->code.n == 0 && !f->code_sought; i++)
        if (found->texts[i].kind == TEXT_SEEN)
            f->code = code_in(found->texts[i].text);
    f->code_sought = true;
    return f->code;
}

int url_check_oauth(struct url_facts *f, const struct seen_link *l, struct mp_err *err)
{
    const struct url *u = &l->unwrapped.target;
    (void)err;
    if (!url_is_web(u) || !l->clicked || l->again)
        return MP_OK;
    if (is_consent(u)) {
        finding_add(f->p->findings, FINDING_URL_OAUTH, l->where,
                    "application " STR_FMT " asks for access: " STR_FMT,
                    STR_ARG(str_slice(url_parameter(u, STR("client_id")), 0, 60)),
                    STR_ARG(url_short(u->text)));
    } else if (is_device(u)) {
        struct str code = code_of_message(f);
        if (code.n != 0)
            finding_add(f->p->findings, FINDING_URL_OAUTH, l->where,
                        "the code " STR_FMT " lets a device in at " STR_FMT, STR_ARG(code),
                        STR_ARG(url_short(u->text)));
    }
    return MP_OK;
}
