/* DKIM key records mended: what is plainly a slip of whoever published them. */
#include "posture/dkim_fix.h"

#include "auth/dkim_key.h"
#include "posture/rewrite.h"

bool dkim_text_usable(struct str text)
{
    struct dkim_key k;
    bool ok = text.p != NULL && dkim_key_parse(text, &k);
    if (ok)
        dkim_key_clear(&k);
    return ok;
}

/* Quotes and backslashes of a zone file that were published as they are. */
static struct str unquoted(struct arena *a, struct str text)
{
    char *p = arena_new(a, char, text.n + 1);
    size_t n = 0;
    for (size_t i = 0; p != NULL && i < text.n; i++)
        if (text.p[i] != '"' && text.p[i] != '\\')
            p[n++] = text.p[i];
    return p == NULL ? STR_NONE : str_make(p, n);
}

static void version_first(struct tags *t)
{
    struct tags old = *t;
    t->n = 0;
    tags_set(t, STR("v"), STR("DKIM1"));
    for (size_t i = 0; i < old.n; i++)
        if (!str_eq(old.at[i].name, STR("v")) && tags_find(t, old.at[i].name) == t->n)
            tags_set(t, old.at[i].name, old.at[i].value);
}

struct str dkim_text_mended(struct arena *a, struct str text)
{
    struct tags t;
    tags_split(unquoted(a, text), &t);
    version_first(&t);
    struct str out = tags_join(a, &t);
    return dkim_text_usable(out) ? out : STR_NONE;
}

struct str dkim_text_without(struct arena *a, struct str text, const char *tag)
{
    struct tags t;
    tags_split(text, &t);
    tags_drop(&t, str_from(tag));
    return tags_join(a, &t);
}

struct str dkim_text_without_testing(struct arena *a, struct str text)
{
    struct tags t;
    struct str kept = STR("");
    tags_split(text, &t);
    size_t i = tags_find(&t, STR("t"));
    for (struct str list = i < t.n ? t.at[i].value : STR_NONE; list.p != NULL;) {
        struct str flag = str_trim(str_cut(&list, ':'));
        if (flag.n > 0 && !str_ieq(flag, STR("y")))
            kept = kept.n == 0 ? flag : arena_fmt(a, "%.*s:%.*s", STR_ARG(kept), STR_ARG(flag));
    }
    tags_drop(&t, STR("t"));
    if (kept.n > 0)
        tags_set(&t, STR("t"), kept);
    return tags_join(a, &t);
}
