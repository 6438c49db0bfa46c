/* Tag lists, strict: one pass over the bytes, one array, duplicates found by sorting. */
#include "auth/tag_list.h"

#include <stdlib.h>

#include "base/utf8.h"

enum { FEW_TAGS = 24 }; /* up to here comparing all pairs is cheaper than sorting */

/* ALPHA *ALNUMPUNC (RFC 6376 3.2) */
static bool is_name(struct str s)
{
    if (s.n == 0 || !is_alpha(s.p[0]))
        return false;
    for (size_t i = 1; i < s.n; i++)
        if (!is_alnum(s.p[i]) && s.p[i] != '_')
            return false;
    return true;
}

/* VALCHARs, UTF-8 (RFC 8616 5) and white space; CR and LF only as CRLF before SP or HTAB. */
static bool is_text(struct str s)
{
    bool ascii = true;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c > ' ' && c < 0x7f)
            continue;
        if (c == ' ' || c == '\t')
            continue;
        if (c == '\r' && i + 2 < s.n && s.p[i + 1] == '\n' && is_wsp(s.p[i + 2]))
            i++;
        else if (c >= 0x80)
            ascii = false;
        else
            return false;
    }
    return ascii || utf8_valid(s);
}

static size_t count_elements(struct str text)
{
    size_t n = 0;
    while (text.p != NULL && n <= TAG_LIST_MAX + 1) {
        str_cut(&text, ';');
        n++;
    }
    return n;
}

static int by_name(const void *a, const void *b)
{
    const struct tag *const *x = a, *const *y = b;
    return str_cmp((*x)->name, (*y)->name);
}

static enum tag_list_status find_duplicate(struct arena *arena, const struct tag_list *list)
{
    if (list->n <= FEW_TAGS) {
        for (size_t i = 1; i < list->n; i++)
            for (size_t k = 0; k < i; k++)
                if (str_eq(list->tags[i].name, list->tags[k].name))
                    return TAG_LIST_DUPLICATE;
        return TAG_LIST_OK;
    }
    const struct tag **sorted = arena_new(arena, const struct tag *, list->n);
    if (sorted == NULL)
        return TAG_LIST_LIMIT;
    for (size_t i = 0; i < list->n; i++)
        sorted[i] = &list->tags[i];
    qsort(sorted, list->n, sizeof *sorted, by_name);
    for (size_t i = 1; i < list->n; i++)
        if (str_eq(sorted[i]->name, sorted[i - 1]->name))
            return TAG_LIST_DUPLICATE;
    return TAG_LIST_OK;
}

enum tag_list_status tag_list_parse(struct arena *arena, struct str text, struct tag_list *out)
{
    *out = (struct tag_list){0};
    size_t elements = count_elements(text);
    if (elements > TAG_LIST_MAX + 1) /* one more: what follows the final ";" */
        return TAG_LIST_LIMIT;
    out->tags = arena_new(arena, struct tag, elements);
    if (out->tags == NULL)
        return TAG_LIST_LIMIT;
    for (struct str rest = text; rest.p != NULL;) {
        struct str element = str_cut(&rest, ';'), value = element;
        if (rest.p == NULL && out->n > 0 && str_trim(element).n == 0)
            break;
        struct str name = str_trim(str_cut(&value, '='));
        if (value.p == NULL || !is_name(name) || !is_text(element))
            return TAG_LIST_SYNTAX;
        if (out->n == TAG_LIST_MAX)
            return TAG_LIST_LIMIT;
        out->tags[out->n++] = (struct tag){.name = name,
                                           .value = str_trim(value),
                                           .value_offset = (size_t)(value.p - text.p),
                                           .value_length = value.n};
    }
    if (out->n == 0)
        return TAG_LIST_SYNTAX;
    return find_duplicate(arena, out);
}

const char *tag_list_status_text(enum tag_list_status s)
{
    static const char *const texts[] = {
        [TAG_LIST_OK] = "well-formed",
        [TAG_LIST_SYNTAX] = "not a list of tags",
        [TAG_LIST_DUPLICATE] = "a tag stands twice",
        [TAG_LIST_LIMIT] = "too many tags",
    };
    return texts[s];
}

const struct tag *tag_find(const struct tag_list *list, struct str name)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->tags[i].name, name))
            return &list->tags[i];
    return NULL;
}

bool colon_list_next(struct str *rest, struct str *item)
{
    if (rest->p == NULL)
        return false;
    *item = str_trim(str_cut(rest, ':'));
    return true;
}
