/* What was inspected in a message, in the result document: objects, links, macros. */
#include "base/hex.h"
#include "content/found.h"
#include "report/report_internal.h"

enum { OBJECTS_SHOWN_MAX = MIME_UNION_MAX_PAYLOADS + CONTENT_MAX_OBJECTS };

static void write_views(struct json *j, unsigned views)
{
    json_key(j, "views");
    json_array_begin(j);
    for (unsigned v = 0; v < VIEW_COUNT; v++)
        if (views >> v & 1)
            json_str(j, str_from(mime_view_name((enum mime_view)v)));
    json_array_end(j);
}

static void write_names(struct json *j, const struct content_object *o)
{
    json_key(j, "names");
    json_array_begin(j);
    for (size_t i = 0; i < o->n_names; i++) {
        json_object_begin(j);
        json_ktext(j, "name", o->names[i].text);
        json_kword(j, "from", mime_name_form_name(o->names[i].form));
        json_object_end(j);
    }
    json_array_end(j);
}

static void write_place(struct json *j, const struct content_object *o)
{
    json_kstr(j, "part", o->part.p == NULL ? STR("") : o->part);
    json_ktext(j, "member", o->member);
}

/* `p` is NULL for what was packed in something else. */
static void write_object(struct json *j, struct arena *arena, const struct content_object *o,
                         const struct mime_payload *p)
{
    json_object_begin(j);
    write_place(j, o);
    write_names(j, o);
    json_kopt(j, "type",
              p == NULL
                  ? STR_NONE
                  : arena_fmt(arena, STR_FMT "/" STR_FMT, STR_ARG(p->type), STR_ARG(p->subtype)));
    json_kword(j, "detected", o->has_bytes ? file_type_name(o->kind) : NULL);
    json_kopt(j, "encoding", p == NULL ? STR_NONE : p->encoding);
    json_key(j, "size");
    json_uint(j, o->size_bytes);
    json_kopt(j, "sha256",
              o->has_bytes ? hex_encode(arena, str_make((const char *)o->sha256, sizeof o->sha256))
                           : STR_NONE);
    json_kbool(j, "encrypted", o->encrypted);
    write_views(j, p == NULL ? 0 : p->views);
    json_object_end(j);
}

/* What was inspected: bodies that some reader of mail hands to its user, and what is packed in
 * them. */
static void write_objects(struct json *j, struct arena *arena, const struct content_stage *s)
{
    json_key(j, "objects");
    json_array_begin(j);
    for (size_t i = 0; i < s->found.n && i < OBJECTS_SHOWN_MAX; i++)
        write_object(j, arena, &s->found.objects[i],
                     i < s->payloads.n ? &s->payloads.payloads[i] : NULL);
    json_array_end(j);
}

static void write_urls(struct json *j, const struct content_stage *s)
{
    json_key(j, "urls");
    json_array_begin(j);
    for (size_t i = 0; i < s->found.n_links; i++) {
        const struct content_link *l = &s->found.links[i];
        json_object_begin(j);
        json_ktext(j, "url", l->url);
        json_kword(j, "source", link_source_name(l->source));
        json_ktext(j, "text", l->text);
        json_kbool(j, "hidden", l->hidden);
        write_place(j, &s->found.objects[l->object]);
        json_object_end(j);
    }
    json_array_end(j);
}

static void write_macros(struct json *j, const struct content_stage *s)
{
    json_key(j, "macros");
    json_array_begin(j);
    for (size_t i = 0; i < s->found.n_texts; i++) {
        const struct content_text *t = &s->found.texts[i];
        if (t->kind != TEXT_MACRO)
            continue;
        json_object_begin(j);
        json_ktext(j, "name", t->name);
        json_ktext(j, "source", t->text);
        write_place(j, &s->found.objects[t->object]);
        json_object_end(j);
    }
    json_array_end(j);
}

void report_json_content(struct json *j, struct arena *arena, const struct content_stage *s)
{
    write_objects(j, arena, s);
    write_urls(j, s);
    write_macros(j, s);
}
