/* Files: what a specification names, and those that are embedded. */
#include "pdf/pdf_internal.h"

/* Keys with a name in it, the one that readers show first. */
static const enum pdf_word keys[] = {PDF_W_UF, PDF_W_F, PDF_W_UNIX, PDF_W_DOS, PDF_W_MAC};

size_t pdf_file_names(struct pdf_reader *r, const struct pdf_object *o, uint32_t node,
                      struct str names[2], bool *is_url)
{
    size_t n = 0;
    node = pdf_follow(r, node, &o);
    if (pdf_is_string(r, node)) {
        names[0] = pdf_text_at(r, o, node);
        return names[0].n > 0;
    }
    *is_url = pdf_is_word(r, pdf_get(r, node, PDF_W_FS), PDF_W_URL);
    for (size_t i = 0; i < ARRAY_LEN(keys) && n < 2; i++) {
        const struct pdf_object *of = o;
        uint32_t value = pdf_follow(r, pdf_get(r, node, keys[i]), &of);
        if (!pdf_is_string(r, value))
            continue;
        names[n] = pdf_text_at(r, of, value);
        n += names[n].n > 0 && (n == 0 || !str_eq(names[0], names[1]));
    }
    return n;
}

/* /EF << /F 7 0 R >> of a specification: decoded within the budget, views of the input copied. */
static void read_bytes(struct pdf_reader *r, uint32_t streams, struct pdf_file *f)
{
    struct pdf_object *of[PDF_MAX_DEFINITIONS];
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(keys) && n == 0; i++) {
        uint32_t ref = pdf_get(r, streams, keys[i]);
        n = pdf_is(r, ref, PDF_NODE_REF) ? pdf_definitions(r, r->nodes[ref].number, of) : 0;
    }
    for (size_t i = 0; i < n; i++)
        if (of[i]->has_stream && !of[i]->is_taken) {
            of[i]->is_taken = true;
            struct str s = pdf_stream(r, of[i], &r->embedded_left, PDF_LIMIT_EMBEDDED, &f->cut);
            f->has_bytes = s.p != NULL;
            f->bytes = s.p == NULL ? STR_NONE : arena_copy(r->arena, s);
            r->starved |= f->has_bytes && f->bytes.p == NULL;
            return;
        }
}

static struct pdf_file *add_file(struct pdf_reader *r, const struct pdf_object *o)
{
    struct pdf_file *f =
        pdf_more(r, &r->pdf->files, &r->pdf->n_files, &r->cap_files, PDF_MAX_FILES, sizeof *f);
    if (f != NULL)
        f->offset = o->at;
    return f;
}

static void on_specification(struct pdf_reader *r, const struct pdf_object *o, uint32_t key)
{
    const struct pdf_object *of = o;
    uint32_t parent = r->nodes[key].parent;
    uint32_t streams = key + 1 < o->end ? pdf_follow(r, key + 1, &of) : PDF_NO_NODE;
    bool is_url;
    if (!pdf_is(r, parent, PDF_NODE_DICT) || !pdf_is(r, streams, PDF_NODE_DICT))
        return;
    struct pdf_file *f = add_file(r, o);
    if (f == NULL)
        return;
    f->n_names = pdf_file_names(r, o, parent, f->names, &is_url);
    read_bytes(r, streams, f);
}

/* Embedded, and no specification leads to it. */
static void on_loose(struct pdf_reader *r, struct pdf_object *o)
{
    if (!o->has_stream || o->is_taken ||
        !pdf_is_word(r, pdf_get(r, pdf_dict_of(r, o), PDF_W_TYPE), PDF_W_EMBEDDEDFILE))
        return;
    struct pdf_file *f = add_file(r, o);
    if (f == NULL)
        return;
    o->is_taken = true;
    struct str s = pdf_stream(r, o, &r->embedded_left, PDF_LIMIT_EMBEDDED, &f->cut);
    f->has_bytes = s.p != NULL;
    f->bytes = s.p == NULL ? STR_NONE : arena_copy(r->arena, s);
    r->starved |= f->has_bytes && f->bytes.p == NULL;
}

void pdf_embedded(struct pdf_reader *r)
{
    for (size_t i = 0; i < r->n_objects && !r->starved; i++) {
        const struct pdf_object *o = &r->objects[i];
        for (uint32_t n = o->first; n < o->end; n++)
            if (pdf_is_word(r, n, PDF_W_EF))
                on_specification(r, o, n);
    }
    for (size_t i = 0; i < r->n_objects && !r->starved; i++)
        on_loose(r, &r->objects[i]);
}
