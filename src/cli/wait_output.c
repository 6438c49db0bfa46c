/* What --extract prints: one value a line, for shells. */
#include "cli/wait_output.h"

#include "base/utf8.h"

static void add_encoded(struct buf *out, struct str bytes)
{
    for (size_t i = 0; i < bytes.n; i++)
        buf_addf(out, "%%%02X", (unsigned)(unsigned char)bytes.p[i]);
}

/* What a terminal would obey, and the second # of "##[", which build logs would, in the way of
 * URLs. */
static void add_line(struct buf *out, struct str value)
{
    char last = '\0';
    for (struct str rest = value; rest.n > 0;) {
        struct str before = rest;
        int32_t cp = utf8_next(&rest);
        struct str bytes = str_slice(before, 0, before.n - rest.n);
        bool harmless = cp > ' ' && cp != 0x7f && !(cp >= 0x80 && cp < 0xa0) && cp != 0x2028 &&
                        cp != 0x2029 && !utf8_is_invisible(cp);
        if (!harmless || (cp == '#' && last == '#'))
            add_encoded(out, bytes);
        else
            buf_add(out, bytes);
        last = bytes.n == 1 ? bytes.p[0] : '\0';
    }
    buf_addc(out, '\n');
}

void wait_extract(const struct wait_command *c, const struct arrival *x, struct buf *out)
{
    const struct trace_extract *e = &x->extract;
    for (size_t k = 0; k < c->n_extracts; k++) {
        const struct wait_extract *w = &c->extracts[k];
        struct str link;
        if (w->kind == EXTRACT_LINK && arrival_link(x, w->with, &link))
            add_line(out, link);
        for (size_t i = 0; w->kind == EXTRACT_LINKS && i < e->n_links; i++)
            if (w->with.n == 0 || str_search(e->links[i], w->with) < e->links[i].n)
                add_line(out, e->links[i]);
        size_t n = w->kind == EXTRACT_CODES  ? e->n_codes
                   : w->kind == EXTRACT_CODE ? (size_t)(e->n_codes > 0)
                                             : 0;
        for (size_t i = 0; i < n; i++)
            add_line(out, e->codes[i]);
    }
}
