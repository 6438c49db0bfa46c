/* DMARC records read as leniently as their owners write them, and put right. */
#include "posture/dmarc_text.h"

bool dmarc_text_is_record(struct str text)
{
    struct str rest = text, value = str_cut(&rest, ';'), name = str_cut(&value, '=');
    return name.n > 0 && name.p[0] == 'v' && str_eq(str_trim_wsp(name), STR("v")) &&
           str_eq(str_trim_wsp(value), STR("DMARC1"));
}

bool dmarc_text_usable(struct str text)
{
    struct dmarc_record r;
    return text.p != NULL && dmarc_record_parse(text, &r) && r.usable && !r.forced_none;
}

/* ---- policies ---- */

/* "rejected", "quarantine." and their like. */
static struct str policy_meant(struct str value)
{
    static const struct {
        struct str begin, word;
    } table[] = {{STR_INIT("rej"), STR_INIT("reject")},
                 {STR_INIT("quar"), STR_INIT("quarantine")},
                 {STR_INIT("none"), STR_INIT("none")}};
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (str_istarts(value, table[i].begin))
            return table[i].word;
    return STR_NONE;
}

static void mend_policies(struct tags *t, enum dmarc_policy unknown)
{
    static const struct str names[] = {STR_INIT("sp"), STR_INIT("np")};
    size_t p = tags_find(t, STR("p"));
    struct str meant = p < t->n ? policy_meant(t->at[p].value) : STR_NONE;
    tags_set(t, STR("p"), meant.p != NULL ? meant : str_from(dmarc_policy_name(unknown)));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t at = tags_find(t, names[i]);
        if (at == t->n)
            continue;
        meant = policy_meant(t->at[at].value);
        if (meant.p != NULL)
            t->at[at].value = meant;
        else
            tags_remove(t, at);
    }
}

struct str dmarc_text_mended(struct arena *a, struct str text, enum dmarc_policy unknown)
{
    struct tags in, t = {.n = 0};
    tags_split(text, &in);
    tags_set(&t, STR("v"), STR("DMARC1"));
    for (size_t i = 0; i < in.n; i++)
        if (in.at[i].value.p != NULL && tags_find(&t, in.at[i].name) == t.n)
            tags_set(&t, in.at[i].name, in.at[i].value);
    t.overflow |= in.overflow;
    mend_policies(&t, unknown);
    /* The policy stands second by custom: some readers insist. */
    size_t p = tags_find(&t, STR("p"));
    for (; p > 1 && p < t.n; p--) {
        struct str name = t.at[p].name, value = t.at[p].value;
        t.at[p] = t.at[p - 1];
        t.at[p - 1].name = name;
        t.at[p - 1].value = value;
    }
    struct str out = tags_join(a, &t);
    return dmarc_text_usable(out) ? out : STR_NONE;
}

/* ---- nearly ---- */

/* Without quotes and backslashes, and with ";" where only commas separate. */
static struct str plain(struct arena *a, struct str text)
{
    bool commas = !str_has(text, ';');
    char *p = arena_new(a, char, text.n + 1);
    size_t n = 0;
    for (size_t i = 0; p != NULL && i < text.n; i++)
        if (text.p[i] != '"' && text.p[i] != '\\' && (n > 0 || !is_fws(text.p[i])))
            p[n++] = text.p[i] == ',' && commas ? ';' : text.p[i];
    return p == NULL ? STR_NONE : str_make(p, n);
}

bool dmarc_text_is_nearly(struct arena *a, struct str text, enum dmarc_policy unknown,
                          struct str *after)
{
    static const struct str word = STR_INIT("DMARC1");
    struct str rest = plain(a, text), value = rest, name = str_trim(str_cut(&value, '='));
    value = str_trim(value);
    *after = STR_NONE;
    if (dmarc_text_is_record(text) || !str_ieq(name, STR("v")) || !str_istarts(value, STR("DMARC")))
        return false;
    if (!str_istarts(value, word))
        return true;
    rest = str_trim(str_slice(value, word.n, value.n));
    rest = arena_join(a, (struct str[]){STR("v=DMARC1;"), rest}, 2);
    *after = rest.p == NULL ? rest : dmarc_text_mended(a, rest, unknown);
    return true;
}

/* ---- tags ---- */

struct str dmarc_text_with(struct arena *a, struct str text, struct str tag, struct str value)
{
    struct tags t;
    tags_split(text, &t);
    if (value.p == NULL)
        tags_drop(&t, tag);
    else
        tags_set(&t, tag, value);
    return tags_join(a, &t);
}

struct str dmarc_uri_without_size(struct str uri)
{
    size_t bang = str_rfind(uri, '!'), digits = bang + 1;
    while (digits < uri.n && is_digit(uri.p[digits]))
        digits++;
    bool has_digit = digits > bang + 1;
    if (digits < uri.n && memchr("kmgt", to_lower(uri.p[digits]), 4) != NULL)
        digits++;
    return bang < uri.n && has_digit && digits == uri.n ? str_slice(uri, 0, bang) : uri;
}

static struct str uris_without_size(struct arena *a, struct str list)
{
    struct str out = STR("");
    bool first = true;
    while (list.p != NULL && out.p != NULL) {
        struct str uri = dmarc_uri_without_size(str_trim_wsp(str_cut(&list, ',')));
        out = arena_join(a, (struct str[]){out, first ? STR("") : STR(","), uri}, 3);
        first = false;
    }
    return out;
}

static bool has_size(struct str list)
{
    bool found = false;
    while (list.p != NULL) {
        struct str uri = str_trim_wsp(str_cut(&list, ','));
        found |= dmarc_uri_without_size(uri).n < uri.n;
    }
    return found;
}

static bool is_removed(struct str name)
{
    return str_eq(name, STR("pct")) || str_eq(name, STR("rf")) || str_eq(name, STR("ri"));
}

struct str dmarc_text_modern(struct arena *a, struct str text, struct str *seen)
{
    struct tags t;
    *seen = STR("");
    tags_split(text, &t);
    for (size_t i = 0; i < t.n;) {
        struct str name = t.at[i].name, value = t.at[i].value;
        bool uris = value.p != NULL && (str_eq(name, STR("rua")) || str_eq(name, STR("ruf")));
        bool removed = is_removed(name), sized = uris && has_size(value);
        if (removed || sized)
            *seen = arena_fmt(a, "%.*s%s%.*s=%.*s", STR_ARG(*seen), seen->n == 0 ? "" : ", ",
                              STR_ARG(name), STR_ARG(value));
        if (sized)
            t.at[i].value = uris_without_size(a, value);
        if (removed)
            tags_remove(&t, i);
        else
            i++;
    }
    return seen->n == 0 ? STR_NONE : tags_join(a, &t);
}

static bool is_one_of(struct str value, const char *words)
{
    struct str list = str_from(words);
    while (list.p != NULL)
        if (str_ieq(value, str_cut(&list, ' ')))
            return true;
    return false;
}

const char *dmarc_tag_fault(const struct tags *t, size_t i)
{
    static const struct {
        const char *name, *values;
    } known[] = {
        {"v", NULL},      {"p", NULL},
        {"sp", NULL},     {"np", NULL},
        {"rua", NULL},    {"ruf", NULL},
        {"pct", NULL},    {"rf", NULL},
        {"ri", NULL},     {"adkim", "r s"},
        {"aspf", "r s"},  {"t", "y n"},
        {"psd", "y n u"}, {"fo", "0 1 d s d:s s:d"},
    };
    if (t->at[i].value.p == NULL)
        return "it has no \"=\"";
    for (size_t k = 0; k < ARRAY_LEN(known); k++) {
        if (!str_eq(t->at[i].name, str_from(known[k].name)))
            continue;
        bool ok = known[k].values == NULL || is_one_of(t->at[i].value, known[k].values);
        return ok ? NULL : "it cannot have this value";
    }
    return "no such tag is known";
}
