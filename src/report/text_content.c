/* What was inspected in a message, for people: objects, links, the source of macros. */
#include "base/hex.h"
#include "content/found.h"
#include "report/text_internal.h"

enum { OBJECTS_SHOWN_MAX = 100, LINKS_SHOWN_MAX = 50, MACRO_LINES_SHOWN_MAX = 500 };

static void object_views(struct flow *f, unsigned views)
{
    bool any = false;
    if (views == (1u << VIEW_COUNT) - 1)
        return;
    flow_putz(f, FLOW_WARN, ", seen only by view ");
    for (unsigned v = 0; v < VIEW_COUNT; v++) {
        if ((views >> v & 1) == 0)
            continue;
        flow_putz(f, FLOW_WARN, any ? ", " : "");
        flow_putz(f, FLOW_WARN, mime_view_name((enum mime_view)v));
        any = true;
    }
}

static void object_line(struct flow *f, struct arena *scratch, const struct content_object *o,
                        const struct mime_payload *p)
{
    struct str hash = hex_encode(scratch, str_make((const char *)o->sha256, sizeof o->sha256));
    unsigned depth = o->depth < PARTS_DEPTH_SHOWN_MAX ? o->depth : PARTS_DEPTH_SHOWN_MAX;
    flow_line(f, INDENT + STEP_INDENT * depth, INDENT_HANG + STEP_INDENT * depth);
    text_pair(f, "part ", o->part);
    text_pair(f, " ", o->member);
    if (o->member.n == 0 && o->n_names > 0)
        text_pair(f, " ", o->names[0].text);
    flow_putz(f, FLOW_PLAIN, "  ");
    flow_putz(f, FLOW_BOLD, o->has_bytes ? file_type_name(o->kind) : "not unpacked");
    flow_putz(f, FLOW_WARN, o->encrypted ? ", encrypted" : "");
    text_counted(f, ", bytes ", o->size_bytes);
    if (o->has_bytes)
        text_pair(f, ", sha256 ", hash);
    if (p != NULL)
        object_views(f, p->views);
    flow_end(f);
}

static void objects(struct flow *f, struct arena *scratch, const struct content_stage *s)
{
    if (s->found.n > 0)
        text_heading(f, "Inspected");
    for (size_t i = 0; i < s->found.n && i < OBJECTS_SHOWN_MAX; i++)
        object_line(f, scratch, &s->found.objects[i],
                    i < s->payloads.n ? &s->payloads.payloads[i] : NULL);
    if (s->found.n > OBJECTS_SHOWN_MAX) {
        flow_line(f, INDENT, INDENT_HANG);
        text_counted(f, "and more, in all ", s->found.n);
        flow_end(f);
    }
}

static void place(struct flow *f, const struct content_stage *s, uint32_t object)
{
    const struct content_object *o = &s->found.objects[object];
    text_pair(f, ", part ", o->part);
    text_pair(f, " ", o->member);
}

static void links(struct flow *f, const struct content_stage *s)
{
    if (s->found.n_links > 0)
        text_heading(f, "Links");
    for (size_t i = 0; i < s->found.n_links && i < LINKS_SHOWN_MAX; i++) {
        const struct content_link *l = &s->found.links[i];
        flow_line(f, INDENT, INDENT_HANG);
        flow_value(f, FLOW_PLAIN, l->url);
        text_pair(f, " shown as ", l->text);
        flow_putz(f, FLOW_DIM, ", ");
        flow_putz(f, FLOW_DIM, link_source_name(l->source));
        flow_putz(f, FLOW_WARN, l->hidden ? ", hidden" : "");
        place(f, s, l->object);
        flow_end(f);
    }
    if (s->found.n_links > LINKS_SHOWN_MAX) {
        flow_line(f, INDENT, INDENT_HANG);
        text_counted(f, "and more, in all ", s->found.n_links);
        flow_end(f);
    }
}

/* Its lines as they stand, so far as a terminal may see them. */
static void macro_lines(struct flow *f, struct str source)
{
    size_t shown = 0;
    for (; source.n > 0 && shown < MACRO_LINES_SHOWN_MAX; shown++) {
        size_t end = 0, blanks = 0;
        while (end < source.n && source.p[end] != '\n' && source.p[end] != '\r')
            end++;
        while (blanks < end && blanks < INDENT_HANG && source.p[blanks] == ' ')
            blanks++;
        flow_line(f, INDENT_HANG + (unsigned)blanks, INDENT_HANG + INDENT + (unsigned)blanks);
        flow_put_whole(f, FLOW_PLAIN, str_slice(source, 0, end));
        flow_end(f);
        if (end + 1 < source.n && source.p[end] == '\r' && source.p[end + 1] == '\n')
            end++;
        source = str_slice(source, end + 1, source.n);
    }
    if (source.n > 0) {
        flow_line(f, INDENT_HANG, INDENT_HANG);
        text_counted(f, "and more, bytes ", source.n);
        flow_end(f);
    }
}

static void macros(struct flow *f, const struct content_stage *s)
{
    for (size_t i = 0; i < s->found.n_texts; i++) {
        const struct content_text *t = &s->found.texts[i];
        if (t->kind != TEXT_MACRO)
            continue;
        text_heading(f, "Macro");
        flow_line(f, INDENT, INDENT_HANG);
        flow_value(f, FLOW_BOLD, t->name.n > 0 ? t->name : STR("without a name"));
        place(f, s, t->object);
        flow_end(f);
        macro_lines(f, t->text);
    }
}

void text_content(struct flow *f, struct arena *scratch, const struct content_stage *s)
{
    objects(f, scratch, s);
    links(f, s);
    macros(f, s);
}
