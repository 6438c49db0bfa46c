/* For tests: what was read out of a PDF on one line, and small PDFs made in place. */
#ifndef MP_PDF_TEST_KIT_H
#define MP_PDF_TEST_KIT_H

#include <stdlib.h>
#include <zlib.h>

#include "base/buf.h"
#include "pdf/pdf.h"

enum { KIT_MAX_BYTES = 64 << 20 };

static inline void kit_list(struct buf *b, const char *label, struct str s, size_t i)
{
    buf_addf(b, "%s%s", i == 0 ? label : ",", i == 0 ? "=" : "");
    buf_add(b, s);
}

/* "pages=1 link=http://a,http://b script=x automatic=AA ...": what is empty is left out. */
static inline struct str kit_summary(struct arena *arena, const struct pdf *p)
{
    static const char *const encryption[] = {NULL, " opened", " opened-with", " locked"};
    struct buf b;
    buf_init(&b, KIT_MAX_BYTES);
    buf_addf(&b, "pages=%zu", p->n_pages);
    for (size_t i = 0; i < p->n_links; i++)
        kit_list(&b, " link", p->links[i].uri, i);
    if (p->has_script)
        buf_addz(&b, " js");
    for (size_t i = 0; i < p->n_scripts; i++)
        kit_list(&b, " script", p->scripts[i].text, i);
    if (p->automatic != NULL)
        buf_addf(&b, " automatic=%s", p->automatic);
    for (size_t i = 0; i < p->n_actions; i++) {
        buf_addf(&b, " %s=" STR_FMT, pdf_action_name(p->actions[i].kind),
                 STR_ARG(p->actions[i].target));
        if (p->actions[i].parameters.n > 0)
            buf_addf(&b, "|" STR_FMT, STR_ARG(p->actions[i].parameters));
    }
    for (size_t i = 0; i < p->n_files; i++) {
        kit_list(&b, " file", p->files[i].names[0], i);
        if (p->files[i].n_names > 1)
            buf_addf(&b, "/" STR_FMT, STR_ARG(p->files[i].names[1]));
        if (p->files[i].has_bytes)
            buf_addf(&b, ":" STR_FMT, STR_ARG(p->files[i].bytes));
    }
    for (size_t i = 0; i < p->n_obfuscated && i < PDF_MAX_OBFUSCATED; i++)
        kit_list(&b, " obfuscated", p->obfuscated[i], i);
    if (p->n_images > 0)
        buf_addf(&b, " images=%zu", p->n_images);
    if (encryption[p->encryption] != NULL)
        buf_addz(&b, encryption[p->encryption]);
    if (p->text.n > 0)
        kit_list(&b, " text", p->text, 0);
    for (unsigned i = 0; i < PDF_LIMIT_COUNT; i++)
        if (p->limits >> i & 1)
            buf_addf(&b, " limit:%s", pdf_limit_name((enum pdf_limit)i));
    while (b.n > 0 && b.p[b.n - 1] == '\n')
        b.n--;
    for (size_t i = 0; i < b.n; i++)
        b.p[i] = b.p[i] == '\n' ? '~' : b.p[i];
    struct str out = arena_copy(arena, buf_str(&b));
    if (b.failed || out.p == NULL)
        abort();
    buf_clear(&b);
    return out;
}

static inline struct str kit_join(struct arena *arena, const char *before, struct str s,
                                  const char *after)
{
    struct str out = arena_join(arena, (struct str[]){str_from(before), s, str_from(after)}, 3);
    if (out.p == NULL)
        abort();
    return out;
}

/* "N 0 obj <<dict /Length n>> stream ... endstream endobj", for a PDF. */
static inline struct str kit_stream(struct arena *arena, unsigned number, const char *dict,
                                    struct str data)
{
    struct str head =
        arena_fmt(arena, "%u 0 obj\n<< %s /Length %zu >>\nstream\n", number, dict, data.n);
    struct str out = arena_join(arena, (struct str[]){head, data, STR("\nendstream\nendobj\n")}, 3);
    if (head.p == NULL || out.p == NULL)
        abort();
    return out;
}

static inline struct str kit_flate(struct arena *arena, struct str data)
{
    uLong n = compressBound(data.n);
    char *p = arena_alloc(arena, n, 1);
    if (p == NULL || compress2((Bytef *)p, &n, (const Bytef *)data.p, data.n, 9) != Z_OK)
        abort();
    return str_make(p, n);
}

#endif
