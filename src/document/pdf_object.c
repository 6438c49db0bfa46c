/* The reader of PDFs: its links, texts and embedded files go into the report, then its rules. */
#include <stdlib.h>

#include "content/found.h"
#include "content/inspect.h"
#include "document/pdf_internal.h"
#include "document/picture.h"
#include "document/readers.h"

enum { HEAD_BYTES = 1024 /* in which readers look for the header */ };

bool object_is_pdf(const struct content_object *o)
{
    static const struct str header = STR_INIT("%PDF-");
    struct str head = str_slice(o->bytes, 0, HEAD_BYTES);
    return o->kind == FILE_PDF || (file_type_class(o->kind) != FILE_CLASS_MAIL &&
                                   !object_is_body(o) && str_search(head, header) < head.n);
}

static int by_text(const void *a, const void *b)
{
    const struct pdf_link *x = a, *y = b;
    return str_cmp(x->uri, y->uri);
}

/* Each once; a page may repeat its link in every line. */
static int add_links(struct content *c, size_t index, const struct pdf *p, struct mp_err *err)
{
    struct pdf_link *links = arena_new(c->arena, struct pdf_link, p->n_links + 1);
    int st = MP_OK;
    if (links == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the links of a PDF");
    if (p->n_links > 0)
        memcpy(links, p->links, p->n_links * sizeof *links);
    qsort(links, p->n_links, sizeof *links, by_text);
    for (size_t i = 0; st == MP_OK && i < p->n_links; i++) {
        struct content_link l = {.object = (uint32_t)index,
                                 .source = LINK_PDF,
                                 .url = links[i].uri};
        if (i == 0 || !str_eq(links[i].uri, links[i - 1].uri))
            st = content_add_link(c, &l, err);
    }
    return st;
}

static int add_texts(struct content *c, size_t index, const struct pdf *p, struct mp_err *err)
{
    struct content_text text = {.object = (uint32_t)index, .kind = TEXT_SEEN, .text = p->text};
    int st = content_add_text(c, &text, err);
    for (size_t i = 0; st == MP_OK && i < p->n_scripts; i++) {
        text = (struct content_text){.object = (uint32_t)index,
                                     .kind = TEXT_MACRO,
                                     .name = STR("JavaScript"),
                                     .text = p->scripts[i].text};
        st = content_add_text(c, &text, err);
    }
    return st;
}

/* Readers make links of what is written out like one; scripts open them: app.launchURL("...") and
 * its like. */
static int add_other_links(struct content *c, size_t index, const struct pdf *p, struct mp_err *err)
{
    int st = add_written_links(c, index, LINK_TEXT, p->text, err);
    for (size_t i = 0; st == MP_OK && i < p->n_scripts; i++)
        st = add_written_links(c, index, LINK_SCRIPT, p->scripts[i].text, err);
    return st;
}

static int add_files(struct content *c, size_t index, const struct pdf *p, struct mp_err *err)
{
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < p->n_files; i++)
        if (p->files[i].has_bytes)
            st = content_add_member(c, index, p->files[i].names[0], p->files[i].bytes, err);
    return st;
}

int pdf_object_read(struct content *c, size_t index, struct mp_err *err)
{
    struct pdf *p;
    size_t n = c->n_passwords < PDF_MAX_PASSWORDS ? c->n_passwords : PDF_MAX_PASSWORDS;
    int st = pdf_read(c->arena, c->report->objects[index].bytes, c->passwords, n, &p, err);
    if (st != MP_OK)
        return st;
    pdf_rules(c, index, p);
    st = add_links(c, index, p, err);
    if (st == MP_OK)
        st = add_texts(c, index, p, err);
    if (st == MP_OK)
        st = add_other_links(c, index, p, err);
    if (st == MP_OK)
        st = picture_read_pdf(c, index, p, err);
    return st == MP_OK ? add_files(c, index, p, err) : st;
}
