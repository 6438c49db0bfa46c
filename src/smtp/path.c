/* Paths of RFC 5321 4.1.2 with RFC 6531 3.3, without < > to guess: strict, one pass. */
#include "base/ip.h"
#include "smtp/request_internal.h"

static bool fail(const char **why, const char *text)
{
    *why = text;
    return false;
}

static bool is_utf8_octet(char c)
{
    return (unsigned char)c >= 0x80;
}

static bool is_atext(char c)
{
    return is_alnum(c) || is_utf8_octet(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* Length of a Dot-string; 0: none, or a dot without neighbours. */
static size_t dot_string(struct str s)
{
    size_t n = 0;
    bool after_dot = true;
    for (; n < s.n && (is_atext(s.p[n]) || s.p[n] == '.'); n++) {
        if (s.p[n] == '.' && after_dot)
            return 0;
        after_dot = s.p[n] == '.';
    }
    return after_dot ? 0 : n;
}

/* Length of a Quoted-string with its quotes; 0: it does not end, or holds a control. */
static size_t quoted_string(struct str s)
{
    for (size_t i = 1; i < s.n; i++) {
        bool escaped = s.p[i] == '\\';
        if (s.p[i] == '"')
            return i + 1;
        if (escaped && ++i == s.n)
            return 0;
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f || (escaped && is_utf8_octet(s.p[i])))
            return 0;
    }
    return 0;
}

static bool label_ok(struct str label)
{
    if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
        return false;
    for (size_t i = 0; i < label.n; i++)
        if (!is_alnum(label.p[i]) && label.p[i] != '-' && !is_utf8_octet(label.p[i]))
            return false;
    return true;
}

static bool domain_ok(struct str domain)
{
    if (domain.n > SMTP_DOMAIN_MAX_OCTETS)
        return false;
    for (struct str rest = domain; rest.p != NULL;)
        if (!label_ok(str_cut(&rest, '.')))
            return false;
    return true;
}

/* [192.0.2.1], [IPv6:2001:db8::1], [tag:text] (RFC 5321 4.1.3). */
static bool literal_ok(struct str text)
{
    struct ip ip;
    struct str inner = str_slice(text, 1, text.n - 1);
    if (str_istarts(inner, STR("IPv6:")))
        return ip_parse_keep_mapped(str_slice(inner, 5, inner.n), &ip) && ip.family == IP_V6;
    if (ip_parse(inner, &ip))
        return ip.family == IP_V4;
    size_t colon = str_find(inner, ':');
    if (colon == inner.n || colon == 0 || colon + 1 == inner.n || !is_alnum(inner.p[colon - 1]))
        return false;
    for (size_t i = 0; i < inner.n; i++) {
        unsigned char c = (unsigned char)inner.p[i];
        if (i < colon ? !is_alnum((char)c) && c != '-' : c < 0x21 || c > 0x7e || strchr("[\\]", c))
            return false;
    }
    return true;
}

/* Length of the domain or address literal at the front of `s`; 0: none. */
static size_t domain_length(struct str s, bool *literal)
{
    size_t n = 0;
    *literal = s.n > 0 && s.p[0] == '[';
    if (*literal) {
        n = str_find(s, ']');
        return n < s.n && n > 1 && literal_ok(str_slice(s, 0, n + 1)) ? n + 1 : 0;
    }
    while (n < s.n && (is_alnum(s.p[n]) || s.p[n] == '-' || s.p[n] == '.' || is_utf8_octet(s.p[n])))
        n++;
    return domain_ok(str_slice(s, 0, n)) ? n : 0;
}

/* A-d-l ":" (RFC 5321 4.1.2): "@a.test,@b.test:". */
static bool take_route(struct str *s, struct smtp_path *out, const char **why)
{
    const char *start = s->p;
    for (;;) {
        bool literal;
        size_t n = domain_length(str_slice(*s, 1, s->n), &literal);
        if (s->n == 0 || s->p[0] != '@' || n == 0 || literal || n + 1 >= s->n)
            return fail(why, "the source route is not @domain,@domain:mailbox");
        *s = str_slice(*s, n + 1, s->n);
        char next = s->p[0];
        if (next == ':')
            out->route = str_make(start, (size_t)(s->p - start));
        if (next != ':' && next != ',')
            return fail(why, "the source route is not @domain,@domain:mailbox");
        *s = str_slice(*s, 1, s->n);
        if (next == ':')
            return true;
    }
}

static bool take_local(struct str *s, struct smtp_path *out, const char **why)
{
    out->quoted = s->n > 0 && s->p[0] == '"';
    size_t n = out->quoted ? quoted_string(*s) : dot_string(*s);
    if (n == 0)
        return fail(why, out->quoted ? "the quoted local part does not end or holds a control"
                                     : "the local part of the address is no dot-string; quote it");
    if (n > SMTP_LOCAL_MAX_OCTETS)
        return fail(why, "the local part is longer than 64 octets");
    out->local = str_slice(*s, 0, n);
    *s = str_slice(*s, n, s->n);
    return true;
}

static bool take_mailbox(struct str *s, bool bare_postmaster, struct smtp_path *out,
                         const char **why)
{
    const char *start = s->p;
    if (!take_local(s, out, why))
        return false;
    if (s->n > 0 && s->p[0] == '@') {
        size_t n = domain_length(str_slice(*s, 1, s->n), &out->literal);
        if (n == 0)
            return fail(why, "the domain of the address is neither a domain nor an address "
                             "literal such as [192.0.2.1]");
        out->domain = str_slice(*s, 1, n + 1);
        *s = str_slice(*s, n + 1, s->n);
    } else if (!bare_postmaster || !str_ieq(out->local, STR("postmaster"))) {
        return fail(why, "the address has no @domain");
    }
    out->mailbox = str_make(start, (size_t)(s->p - start));
    return true;
}

bool smtp_path_take(struct str *text, bool null_allowed, bool bare_postmaster,
                    struct smtp_path *out, const char **why)
{
    struct smtp_path path = {0};
    struct str s = *text;
    if (s.n == 0 || s.p[0] != '<')
        return fail(why, "the address stands between < and >, right behind the colon");
    s = str_slice(s, 1, s.n);
    bool is_null = s.n > 0 && s.p[0] == '>';
    if (is_null && !null_allowed)
        return fail(why, "the null path <> is no recipient");
    if (!is_null) {
        if (s.n > 0 && s.p[0] == '@' && !take_route(&s, &path, why))
            return false;
        if (!take_mailbox(&s, bare_postmaster, &path, why))
            return false;
        if (s.n == 0 || s.p[0] != '>')
            return fail(why, "behind the address there is something else than >");
    } else {
        path.mailbox = path.local = path.domain = str_slice(s, 0, 0);
    }
    if ((size_t)(s.p - text->p) > SMTP_PATH_MAX_OCTETS)
        return fail(why, "the path is longer than 1024 octets");
    for (size_t i = 0; i < path.mailbox.n; i++)
        path.utf8 = path.utf8 || is_utf8_octet(path.mailbox.p[i]);
    *text = str_slice(s, 1, s.n);
    *out = path;
    return true;
}

bool smtp_path_read(struct str text, bool null_allowed, bool bare_postmaster, struct smtp_path *out,
                    const char **why)
{
    struct smtp_path path;
    if (!smtp_path_take(&text, null_allowed, bare_postmaster, &path, why))
        return false;
    if (text.n > 0)
        return fail(why, "something stands behind the >");
    *out = path;
    return true;
}

bool smtp_helo_ok(struct str name)
{
    if (name.n == 0 || name.n > SMTP_DOMAIN_MAX_OCTETS)
        return false;
    if (name.p[0] == '[')
        return name.n > 2 && name.p[name.n - 1] == ']' && literal_ok(name);
    if (name.p[name.n - 1] == '.')
        name = str_slice(name, 0, name.n - 1);
    for (struct str rest = name; rest.p != NULL;) {
        struct str label = str_cut(&rest, '.');
        if (label.n == 0 || label.n > 63)
            return false;
        for (size_t i = 0; i < label.n; i++)
            if (!is_alnum(label.p[i]) && !is_utf8_octet(label.p[i]) && label.p[i] != '-' &&
                label.p[i] != '_')
                return false;
    }
    return name.n > 0;
}
