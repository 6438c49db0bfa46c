/* IDNA over libidn2, and the label arithmetic every check needs. */
#include "base/idna.h"

#include <idn2.h>

#include "base/utf8.h"

static struct str without_final_dot(struct str d)
{
    return d.n > 0 && d.p[d.n - 1] == '.' ? str_slice(d, 0, d.n - 1) : d;
}

static bool labels_fit(struct str d)
{
    if (d.n == 0 || d.n > DOMAIN_MAX_OCTETS)
        return false;
    size_t label = 0;
    for (size_t i = 0; i < d.n; i++) {
        label = d.p[i] == '.' ? 0 : label + 1;
        bool is_empty = label == 0 && (i == 0 || d.p[i - 1] == '.');
        if (is_empty || label > DOMAIN_LABEL_MAX_OCTETS)
            return false;
    }
    return label != 0;
}

static bool lower_copy(struct arena *a, struct str in, struct str *out)
{
    char *p = arena_new(a, char, in.n + 1);
    if (p == NULL)
        return false;
    for (size_t i = 0; i < in.n; i++)
        p[i] = to_lower(in.p[i]);
    *out = str_make(p, in.n);
    return true;
}

bool idna_to_ascii(struct arena *a, struct str domain, struct str *out)
{
    if (str_is_ascii(domain)) {
        domain = without_final_dot(domain);
        return labels_fit(domain) && lower_copy(a, domain, out);
    }
    if (domain.n > 4 * DOMAIN_MAX_OCTETS || str_has(domain, '\0') || !utf8_valid(domain))
        return false;
    struct str z = arena_copy(a, domain);
    char *ascii = NULL;
    if (z.p == NULL ||
        idn2_to_ascii_8z(z.p, &ascii, IDN2_NONTRANSITIONAL | IDN2_USE_STD3_ASCII_RULES) != IDN2_OK)
        return false;
    struct str got = without_final_dot(str_from(ascii));
    bool ok = labels_fit(got) && lower_copy(a, got, out);
    idn2_free(ascii);
    return ok;
}

struct str idna_to_unicode(struct arena *a, struct str domain)
{
    char *text = NULL;
    if (domain.n > DOMAIN_MAX_OCTETS || str_has(domain, '\0'))
        return domain;
    if (str_is_ascii(domain) && str_search(domain, STR("--")) == domain.n) /* no A-label */
        return domain;
    struct str z = arena_copy(a, domain);
    if (z.p == NULL || idn2_to_unicode_8z8z(z.p, &text, 0) != IDN2_OK)
        return domain;
    struct str copy = arena_copy(a, str_from(text));
    idn2_free(text);
    return copy.p == NULL ? domain : copy;
}

bool domain_is_ldh(struct str domain)
{
    for (size_t i = 0; i < domain.n; i++) {
        char c = domain.p[i];
        if (!is_alnum(c) && c != '-' && c != '_' && c != '.')
            return false;
    }
    return labels_fit(domain);
}

bool domain_eq(struct str a, struct str b)
{
    return str_ieq(without_final_dot(a), without_final_dot(b));
}

bool domain_is_below(struct str domain, struct str parent)
{
    domain = without_final_dot(domain);
    parent = without_final_dot(parent);
    if (parent.n == 0 || !str_iends(domain, parent))
        return false;
    return domain.n == parent.n || domain.p[domain.n - parent.n - 1] == '.';
}

unsigned domain_labels(struct str domain)
{
    unsigned n = domain.n == 0 ? 0 : 1;
    for (size_t i = 0; i < domain.n; i++)
        n += domain.p[i] == '.';
    return n;
}

struct str domain_tail(struct str domain, unsigned count)
{
    size_t i = domain.n;
    while (i > 0) {
        if (domain.p[i - 1] == '.' && count-- <= 1)
            break;
        i--;
    }
    return str_slice(domain, i, domain.n);
}
