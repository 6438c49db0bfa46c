/* Address forms of the open relay test: each hides a foreign recipient in a local-looking path. */
#include "smtp/forms.h"

/* What a form is put together from; empty when not known, then forms that need it are left out. */
struct parts {
    struct arena *a;
    struct str target, user, domain, own, host, literal, sender;
};

/* `from` and `to` as templates: %T target, %Q the target quoted as a local part, %U and %D its two
 * sides, %O own domain, %H own host name, %L own address literal, %S the sender. The rest is
 * literal. */
static const struct {
    const char *name, *from, *to;
} forms[] = {
    {"plain", "%S", "%T"},
    {"null-sender", "", "%T"},
    {"own-sender", "%U@%O", "%T"},
    {"host-sender", "%U@%H", "%T"},
    {"literal-sender", "%U@%L", "%T"},
    {"bare-sender", "%U", "%T"},
    {"percent-hack", "%S", "%U%%%D@%O"},
    {"percent-host", "%S", "%U%%%D@%H"},
    {"percent-literal", "%S", "%U%%%D@%L"},
    {"quoted", "%S", "%Q"},
    {"quoted-own", "%S", "%Q@%O"},
    {"quoted-literal", "%S", "%Q@%L"},
    {"trailing-own", "%S", "%T@%O"},
    {"source-route", "%S", "@%O:%T"},
    {"source-route-literal", "%S", "@%L:%T"},
    {"source-route-two", "%S", "@%H,@%O:%T"},
    {"bang-path", "%S", "%D!%U"},
    {"bang-own", "%S", "%D!%U@%O"},
    {"bang-percent", "%S", "%O!%U%%%D"},
};
_Static_assert(ARRAY_LEN(forms) <= RELAY_FORMS_MAX, "all forms fit");

enum { FORM_PARTS_MAX = 16 };

/* The target as a quoted local part (RFC 5321 4.1.2). */
static struct str quote(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1, 2);
    size_t n = 0;
    if (p == NULL)
        return STR_NONE;
    p[n++] = '"';
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            p[n++] = '\\';
        p[n++] = s.p[i];
    }
    p[n++] = '"';
    return str_make(p, n);
}

static struct str part_of(const struct parts *x, char letter)
{
    switch (letter) {
    case 'T':
        return x->target;
    case 'Q':
        return quote(x->a, x->target);
    case 'U':
        return x->user;
    case 'D':
        return x->domain;
    case 'O':
        return x->own;
    case 'H':
        return x->host;
    case 'L':
        return x->literal;
    case 'S':
        return x->sender;
    default:
        return STR("%");
    }
}

static bool fill(const struct parts *x, const char *template, struct str *out)
{
    struct str pieces[FORM_PARTS_MAX];
    size_t n = 0;
    for (const char *p = template; *p != '\0' && n < FORM_PARTS_MAX; p++) {
        bool is_part = *p == '%' && p[1] != '\0';
        pieces[n] = is_part ? part_of(x, *++p) : str_make(p, 1);
        /* an unknown sender is the empty path; all else must be known */
        if (pieces[n].n == 0 && *p != 'S')
            return false;
        n++;
    }
    *out = arena_join(x->a, pieces, n);
    return out->p != NULL;
}

size_t relay_forms(struct arena *a, struct str target, struct str own_domain, struct str host,
                   struct str ip_text, struct str sender, struct relay_form out[RELAY_FORMS_MAX])
{
    size_t at = str_rfind(target, '@'), n = 0;
    if (at == 0 || at + 1 >= target.n)
        return 0;
    bool is_v6 = str_has(ip_text, ':');
    struct str bracketed[] = {is_v6 ? STR("[IPv6:") : STR("["), ip_text, STR("]")};
    struct parts x = {.a = a,
                      .target = target,
                      .user = str_slice(target, 0, at),
                      .domain = str_slice(target, at + 1, target.n),
                      .own = own_domain,
                      .host = host,
                      .literal = ip_text.n == 0 ? STR_NONE : arena_join(a, bracketed, 3),
                      .sender = sender};
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct relay_form f = {.name = forms[i].name};
        if (fill(&x, forms[i].from, &f.from) && fill(&x, forms[i].to, &f.to))
            out[n++] = f;
    }
    return n;
}
