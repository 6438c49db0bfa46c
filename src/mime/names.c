/* The names of an attachment, in every form in which some reader reads them. */
#include "message/charset.h"
#include "message/encoded_word.h"
#include "mime/param.h"
#include "mime/view_internal.h"

bool names_add(struct arena *arena, enum mime_name_form form, struct str text, size_t offset,
               struct name_list *out)
{
    text = str_slice(str_trim(text), 0, MIME_NAME_MAX_BYTES);
    if (text.n == 0 || out->n == MIME_NAME_MAX_FORMS)
        return true;
    for (size_t i = 0; i < out->n; i++)
        if (str_eq(out->items[i].text, text))
            return true;
    if (out->items == NULL)
        out->items = arena_new(arena, struct mime_name, MIME_NAME_MAX_FORMS);
    text = arena_copy(arena, text);
    if (out->items == NULL || text.p == NULL)
        return false;
    out->items[out->n++] = (struct mime_name){form, text, offset};
    return true;
}

/* Which parameters of which fields are names, and what their forms are called. */
static const struct name_source {
    struct str field, param;
    enum mime_name_form plain, extended, words;
} sources[] = {
    {STR_INIT("disposition"), STR_INIT("filename"), NAME_DISPOSITION, NAME_DISPOSITION_2231,
     NAME_DISPOSITION_2047},
    {STR_INIT("disposition"), STR_INIT("name"), NAME_LENIENT, NAME_LENIENT, NAME_LENIENT},
    {STR_INIT("type"), STR_INIT("name"), NAME_TYPE, NAME_TYPE_2231, NAME_TYPE_2047},
    {STR_INIT("type"), STR_INIT("filename"), NAME_LENIENT, NAME_LENIENT, NAME_LENIENT},
};

struct reading {
    struct arena *arena;
    const struct name_source *source;
    struct name_place place;
    struct name_list *out;
    bool ok;
};

/* Encoded words of a form, decoded. UTF-16 that says no byte order is read in either. */
static void take_words(struct reading *r, enum mime_name_form form, struct str text, size_t offset)
{
    static const struct str order[] = {STR_INIT(""), STR_INIT("LE"), STR_INIT("BE")};
    struct str wide = STR("utf-16?");
    size_t at = str_isearch(text, wide);
    bool is_wide = at < text.n;
    for (size_t i = 0; i < (is_wide ? ARRAY_LEN(order) : 1) && r->ok; i++) {
        struct str parts[] = {str_slice(text, 0, at + wide.n - 1), order[i],
                              str_slice(text, at + wide.n - 1, text.n)};
        struct str words = i == 0 ? text : arena_join(r->arena, parts, ARRAY_LEN(parts));
        struct str decoded = encoded_word_decode(r->arena, words, NULL);
        r->ok = words.p != NULL && decoded.p != NULL &&
                names_add(r->arena, form, decoded, offset, r->out);
    }
}

/* A form that param_forms found: as it stands, and with encoded words decoded. */
static bool take_form(void *context, const struct param_form *f)
{
    struct reading *r = context;
    enum mime_name_form form = f->extended ? r->source->extended : r->source->plain;
    size_t offset = r->place.fixed ? r->place.base : r->place.base + f->offset;
    if (f->lenient)
        form = NAME_LENIENT;
    else if (f->again)
        form = NAME_LAST;
    if (r->ok && has_encoded_word(f->text))
        take_words(r, f->lenient ? NAME_LENIENT : r->source->words, f->text, offset);
    r->ok = r->ok && names_add(r->arena, form, f->text, offset, r->out);
    return r->ok && r->out->n < MIME_NAME_MAX_FORMS;
}

bool names_read(struct arena *arena, const struct head_field *fields, size_t n,
                struct name_place place, size_t *work, struct name_list *out)
{
    struct reading r = {.arena = arena, .place = place, .out = out, .ok = true};
    struct param_taker taker = {take_form, &r, work};
    for (size_t k = 0; k < ARRAY_LEN(sources) && r.ok; k++) {
        r.source = &sources[k];
        for (size_t i = 0; i < n && r.ok; i++)
            if (str_isearch(fields[i].name, sources[k].field) < fields[i].name.n)
                param_forms(fields[i].value, fields[i].offset, sources[k].param, &taker);
    }
    return r.ok;
}
