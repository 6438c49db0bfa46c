/* Links and texts of a report. Whoever reads them takes them as a stranger's, as they are. */
#include "content/found.h"
#include "sandbox/frame_internal.h"

enum { LINK_MIN_BYTES = 17, TEXT_MIN_BYTES = 16 };

void frame_put_found(struct buf *out, const struct content_report *r)
{
    wire_put_u32(out, (uint32_t)r->n_links);
    for (size_t i = 0; i < r->n_links; i++) {
        wire_put_u32(out, r->links[i].object);
        wire_put_u32(out, r->links[i].source);
        wire_put_str(out, r->links[i].url);
        wire_put_str(out, r->links[i].text);
        wire_put_bool(out, r->links[i].hidden);
    }
    wire_put_u32(out, (uint32_t)r->n_texts);
    for (size_t i = 0; i < r->n_texts; i++) {
        wire_put_u32(out, r->texts[i].object);
        wire_put_u32(out, r->texts[i].kind);
        wire_put_str(out, r->texts[i].name);
        wire_put_str(out, r->texts[i].text);
    }
}

static struct content_link get_link(struct wire_in *in, size_t n_objects)
{
    struct content_link l = {.object = wire_get_u32(in, (uint32_t)(n_objects - 1), "link: object"),
                             .source = (enum link_source)wire_get_u32(in, LINK_SOURCE_COUNT - 1,
                                                                      "link: source")};
    l.url = wire_get_str(in, CONTENT_MAX_LINK_BYTES, "link: url");
    l.text = wire_get_str(in, CONTENT_MAX_LINK_BYTES, "link: text");
    l.hidden = wire_get_bool(in, "link: hidden");
    return l;
}

static struct content_text get_text(struct wire_in *in, size_t n_objects)
{
    struct content_text t = {.object = wire_get_u32(in, (uint32_t)(n_objects - 1), "text: object"),
                             .kind = (enum text_kind)wire_get_u32(in, TEXT_KIND_COUNT - 1,
                                                                  "text: kind")};
    t.name = wire_get_str(in, FRAME_MAX_WORD_BYTES, "text: name");
    t.text = wire_get_str(in, CONTENT_MAX_MACRO_BYTES, "text: text");
    return t;
}

void frame_get_found(struct wire_in *in, struct arena *arena, size_t n_objects,
                     struct content_report *out)
{
    out->n_links = wire_get_count(in, CONTENT_MAX_LINKS, LINK_MIN_BYTES, "number of links");
    out->links = in->bad != NULL ? NULL : arena_new(arena, struct content_link, out->n_links);
    wire_expect_memory(in, out->n_links == 0 || out->links != NULL);
    for (size_t i = 0; i < out->n_links && in->bad == NULL; i++)
        out->links[i] = get_link(in, n_objects);
    out->n_texts = wire_get_count(in, CONTENT_MAX_TEXTS, TEXT_MIN_BYTES, "number of texts");
    out->texts = in->bad != NULL ? NULL : arena_new(arena, struct content_text, out->n_texts);
    wire_expect_memory(in, out->n_texts == 0 || out->texts != NULL);
    for (size_t i = 0; i < out->n_texts && in->bad == NULL; i++)
        out->texts[i] = get_text(in, n_objects);
}
