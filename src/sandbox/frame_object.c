/* Heads, budgets and objects: what requests and reports have in common. */
#include "sandbox/frame_internal.h"

void frame_begin(struct buf *out, enum frame_type type)
{
    wire_put_u32(out, type);
    wire_put_u32(out, 0);
}

int frame_end(struct buf *out, struct mp_err *err)
{
    enum { LENGTH_AT = 4, LENGTH_BYTES = 4 };
    if (out->failed || out->n > FRAME_MAX_BYTES)
        return mp_fail(err, MP_E_LIMIT, FRAME_MAX_BYTES,
                       "more than a frame of %d bytes takes, or no memory for it", FRAME_MAX_BYTES);
    for (size_t i = 0; i < LENGTH_BYTES; i++)
        out->p[LENGTH_AT + i] = (char)(unsigned char)(out->n >> (8 * i));
    return MP_OK;
}

struct wire_in frame_open(struct str frame, enum frame_type type)
{
    struct wire_in in = {.left = frame};
    wire_expect(&in, frame.n <= FRAME_MAX_BYTES, "the frame is too long");
    wire_expect(&in, wire_get_u32(&in, UINT32_MAX, "no head") == (uint32_t)type,
                "it is of another type");
    wire_expect(&in, wire_get_u32(&in, FRAME_MAX_BYTES, "no length") == frame.n,
                "the length is not that of the frame");
    return in;
}

int frame_close(struct wire_in *in, const char *whose, struct mp_err *err)
{
    wire_expect(in, in->left.n == 0, "bytes are left at the end");
    if (in->bad != NULL)
        return mp_fail(err, in->starved ? MP_E_NOMEM : MP_E_SYNTAX, 0, "%s: %s", whose, in->bad);
    return MP_OK;
}

void frame_put_budget(struct buf *out, const struct content_budget *b)
{
    wire_put_u32(out, b->objects_left);
    wire_put_u32(out, b->depth_left);
    wire_put_u32(out, b->pictures_left);
    wire_put_u64(out, b->bytes_left);
}

struct content_budget frame_get_budget(struct wire_in *in)
{
    struct content_budget b = {.objects_left = wire_get_u32(in, UINT32_MAX, "budget: objects")};
    b.depth_left = wire_get_u32(in, UINT32_MAX, "budget: depth");
    b.pictures_left = wire_get_u32(in, UINT32_MAX, "budget: pictures");
    b.bytes_left = wire_get_u64(in, UINT64_MAX, "budget: bytes");
    return b;
}

void frame_put_object(struct buf *out, const struct content_object *o)
{
    wire_put_str(out, o->member);
    wire_put_u32(out, (uint32_t)(o->parent + 1));
    wire_put_u32(out, o->depth);
    wire_put_u32(out, o->message_depth);
    wire_put_bool(out, o->has_bytes);
    wire_put_u64(out, o->has_bytes ? o->bytes.n : 0);
    wire_put_bool(out, o->cut);
    wire_put_bool(out, o->encrypted);
    wire_put_u64(out, o->size_bytes);
    wire_put_u32(out, o->kind);
    wire_put_u64(out, o->offset);
    wire_put_u64(out, o->length);
    wire_put_str(out, o->type);
    wire_put_str(out, o->subtype);
    wire_put_str(out, o->charset);
    wire_put_str(out, o->method);
    wire_put_str(out, o->disposition);
    wire_put_u32(out, (uint32_t)o->n_names);
    for (size_t i = 0; i < o->n_names; i++) {
        wire_put_u32(out, o->names[i].form);
        wire_put_str(out, o->names[i].text);
        wire_put_u64(out, o->names[i].offset);
    }
}

static void get_names(struct wire_in *in, struct arena *arena, struct content_object *o)
{
    size_t n = wire_get_count(in, FRAME_MAX_NAMES, FRAME_NAME_MIN_BYTES, "object: number of names");
    struct mime_name *names = n == 0 ? NULL : arena_new(arena, struct mime_name, n);
    wire_expect_memory(in, n == 0 || names != NULL);
    for (size_t i = 0; i < n && in->bad == NULL; i++) {
        names[i].form = (enum mime_name_form)wire_get_u32(in, NAME_FORM_COUNT - 1, "name: form");
        names[i].text = wire_get_str(in, FRAME_MAX_PATH_BYTES, "name: text");
        names[i].offset = (size_t)wire_get_u64(in, SIZE_MAX, "name: offset");
    }
    o->names = names;
    o->n_names = n;
}

struct content_object frame_get_object(struct wire_in *in, struct arena *arena, uint64_t *bytes_n)
{
    struct content_object o = {.member = wire_get_str(in, FRAME_MAX_PATH_BYTES, "object: member")};
    o.parent = (int32_t)wire_get_u32(in, FRAME_MAX_OBJECTS, "object: parent") - 1;
    o.depth = wire_get_u32(in, UINT32_MAX, "object: depth");
    o.message_depth = wire_get_u32(in, UINT32_MAX, "object: messages around it");
    o.has_bytes = wire_get_bool(in, "object: has bytes");
    *bytes_n = wire_get_u64(in, o.has_bytes ? SIZE_MAX : 0, "object: length of its bytes");
    o.cut = wire_get_bool(in, "object: cut");
    o.encrypted = wire_get_bool(in, "object: encrypted");
    o.size_bytes = wire_get_u64(in, UINT64_MAX, "object: size");
    o.kind = (enum file_type)wire_get_u32(in, FILE_TYPE_COUNT - 1, "object: kind");
    o.offset = (size_t)wire_get_u64(in, SIZE_MAX, "object: offset");
    o.length = (size_t)wire_get_u64(in, SIZE_MAX, "object: length");
    o.type = wire_get_str(in, FRAME_MAX_WORD_BYTES, "object: type");
    o.subtype = wire_get_str(in, FRAME_MAX_WORD_BYTES, "object: subtype");
    o.charset = wire_get_str(in, FRAME_MAX_WORD_BYTES, "object: charset");
    o.method = wire_get_str(in, FRAME_MAX_WORD_BYTES, "object: method");
    o.disposition = wire_get_str(in, FRAME_MAX_WORD_BYTES, "object: disposition");
    get_names(in, arena, &o);
    return o;
}
