/* SPF words and DKIM or DMARC tags, taken apart and put together. */
#include "posture/rewrite.h"

/* ---- words ---- */

static const struct str version = STR_INIT("v=spf1");

bool words_is_spf(struct str text)
{
    return str_istarts(text, version) && (text.n == version.n || text.p[version.n] == ' ');
}

void words_add(struct words *w, struct str word)
{
    if (w->n == REWRITE_MAX_WORDS)
        w->overflow = true;
    else
        w->at[w->n++] = word;
}

void words_split(struct str record, struct words *out)
{
    size_t at = version.n;
    out->n = 0;
    out->overflow = false;
    while (at < record.n) {
        size_t from = at;
        while (at < record.n && !is_wsp(record.p[at]))
            at++;
        if (at > from)
            words_add(out, str_slice(record, from, at));
        at++;
    }
}

void words_remove(struct words *w, size_t i)
{
    if (i >= w->n)
        return;
    memmove(&w->at[i], &w->at[i + 1], (w->n - i - 1) * sizeof w->at[0]);
    w->n--;
}

size_t words_find(const struct words *w, struct str word)
{
    for (size_t i = w->n; i-- > 0;)
        if (str_ieq(w->at[i], word))
            return i;
    return w->n;
}

struct str words_bare(struct str word)
{
    bool has = word.n > 0 && memchr("+-~?", word.p[0], 4) != NULL;
    return has ? str_slice(word, 1, word.n) : word;
}

size_t words_all(const struct words *w)
{
    for (size_t i = 0; i < w->n; i++) {
        if (str_ieq(words_bare(w->at[i]), STR("all")))
            return i;
    }
    return w->n;
}

size_t words_redirect(const struct words *w)
{
    size_t i = 0;
    while (i < w->n && !str_istarts(w->at[i], STR("redirect=")))
        i++;
    return i;
}

struct str words_join(struct arena *a, const struct words *w)
{
    struct str parts[2 * REWRITE_MAX_WORDS + 1] = {version};
    size_t n = 1;
    for (size_t i = 0; i < w->n; i++) {
        parts[n++] = STR(" ");
        parts[n++] = w->at[i];
    }
    return w->overflow ? STR_NONE : arena_join(a, parts, n);
}

/* ---- tags ---- */

void tags_split(struct str text, struct tags *out)
{
    out->n = 0;
    out->overflow = false;
    while (text.p != NULL) {
        struct str value = str_cut(&text, ';');
        struct str name = str_trim(str_cut(&value, '='));
        if (name.n == 0 && value.p == NULL)
            continue;
        if (out->n == REWRITE_MAX_TAGS) {
            out->overflow = true;
            return;
        }
        out->at[out->n].name = name;
        out->at[out->n++].value = value.p == NULL ? value : str_trim(value);
    }
}

size_t tags_find(const struct tags *t, struct str name)
{
    size_t i = 0;
    while (i < t->n && !str_eq(t->at[i].name, name))
        i++;
    return i;
}

void tags_remove(struct tags *t, size_t i)
{
    if (i >= t->n)
        return;
    memmove(&t->at[i], &t->at[i + 1], (t->n - i - 1) * sizeof t->at[0]);
    t->n--;
}

void tags_drop(struct tags *t, struct str name)
{
    for (size_t i = t->n; i-- > 0;)
        if (str_eq(t->at[i].name, name))
            tags_remove(t, i);
}

void tags_set(struct tags *t, struct str name, struct str value)
{
    size_t i = tags_find(t, name);
    if (i == REWRITE_MAX_TAGS) {
        t->overflow = true;
        return;
    }
    t->at[i].name = name;
    t->at[i].value = value;
    t->n += i == t->n;
}

struct str tags_join(struct arena *a, const struct tags *t)
{
    struct str parts[5 * REWRITE_MAX_TAGS] = {{NULL, 0}};
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (t->at[i].value.p == NULL)
            continue;
        if (n > 0)
            parts[n++] = STR(" ");
        parts[n++] = t->at[i].name;
        parts[n++] = STR("=");
        parts[n++] = t->at[i].value;
        parts[n++] = STR(";");
    }
    return t->overflow ? STR_NONE : arena_join(a, parts, n);
}
