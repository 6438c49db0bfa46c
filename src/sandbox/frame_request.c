/* The request: what a worker needs to know of one object. */
#include "sandbox/frame_internal.h"

static void put_limits(struct buf *out, const struct content_limits *l)
{
    wire_put_u32(out, l->max_objects);
    wire_put_u32(out, l->max_listed);
    wire_put_u32(out, l->max_depth);
    wire_put_u32(out, l->max_ratio);
    wire_put_u32(out, l->max_pictures);
    wire_put_u64(out, l->max_decoded_bytes);
    wire_put_u64(out, l->ratio_floor_bytes);
}

static struct content_limits get_limits(struct wire_in *in)
{
    struct content_limits l = {.max_objects = wire_get_u32(in, UINT32_MAX, "limits: objects")};
    l.max_listed = wire_get_u32(in, UINT32_MAX, "limits: listed");
    l.max_depth = wire_get_u32(in, UINT32_MAX, "limits: depth");
    l.max_ratio = wire_get_u32(in, UINT32_MAX, "limits: ratio");
    l.max_pictures = wire_get_u32(in, UINT32_MAX, "limits: pictures");
    l.max_decoded_bytes = wire_get_u64(in, UINT64_MAX, "limits: decoded");
    l.ratio_floor_bytes = wire_get_u64(in, UINT64_MAX, "limits: ratio floor");
    return l;
}

/* What frame_request_read would refuse is not sent: the caller learns which it is. */
static bool fits(const struct content *c, const struct content_object *o)
{
    bool ok = o->n_names <= FRAME_MAX_NAMES && o->part.n <= FRAME_MAX_PART_BYTES &&
              o->member.n <= FRAME_MAX_PATH_BYTES && o->type.n <= FRAME_MAX_WORD_BYTES &&
              o->subtype.n <= FRAME_MAX_WORD_BYTES && o->disposition.n <= FRAME_MAX_WORD_BYTES &&
              o->charset.n <= FRAME_MAX_WORD_BYTES && o->method.n <= FRAME_MAX_WORD_BYTES &&
              c->n_passwords <= CONTENT_MAX_PASSWORDS;
    for (size_t i = 0; ok && i < o->n_names; i++)
        ok = o->names[i].text.n <= FRAME_MAX_PATH_BYTES;
    for (size_t i = 0; ok && i < c->n_passwords; i++)
        ok = c->passwords[i].n <= FRAME_MAX_WORD_BYTES;
    return ok;
}

int frame_request_write(struct buf *out, const struct content *c, size_t object, struct mp_err *err)
{
    const struct content_object *o = &c->report->objects[object];
    if (!fits(c, o))
        return mp_fail(err, MP_E_LIMIT, 0,
                       "part " STR_FMT ": a name, a type or a password is too long for a worker",
                       STR_ARG(o->part));
    frame_begin(out, FRAME_REQUEST);
    put_limits(out, c->limits);
    frame_put_budget(out, c->budget);
    wire_put_u32(out, (uint32_t)c->n_passwords);
    for (size_t i = 0; i < c->n_passwords; i++)
        wire_put_str(out, c->passwords[i]);
    wire_put_str(out, o->part);
    struct content_object sent = *o;
    sent.parent = -1; /* the worker's list begins with it */
    frame_put_object(out, &sent);
    buf_add(out, str_make((const char *)o->sha256, sizeof o->sha256));
    wire_put_u64(out, o->before.n);
    return frame_end(out, err);
}

static const struct str *get_passwords(struct wire_in *in, struct arena *arena, size_t *n)
{
    enum { PASSWORD_MIN_BYTES = 4 };
    *n = wire_get_count(in, CONTENT_MAX_PASSWORDS, PASSWORD_MIN_BYTES, "number of passwords");
    struct str *list = *n == 0 ? NULL : arena_new(arena, struct str, *n);
    wire_expect_memory(in, *n == 0 || list != NULL);
    for (size_t i = 0; i < *n && in->bad == NULL; i++)
        list[i] = wire_get_str(in, FRAME_MAX_WORD_BYTES, "password");
    return list;
}

int frame_request_read(struct arena *arena, struct str frame, struct str bytes,
                       struct frame_request *out, struct mp_err *err)
{
    struct wire_in in = frame_open(frame, FRAME_REQUEST);
    struct content_limits limits = get_limits(&in);
    struct content_budget budget = frame_get_budget(&in);
    size_t n_passwords = 0;
    uint64_t bytes_n = 0;
    const struct str *passwords = get_passwords(&in, arena, &n_passwords);
    struct str part = wire_get_str(&in, FRAME_MAX_PART_BYTES, "part");
    struct content_object o = frame_get_object(&in, arena, &bytes_n);
    struct str sha256 = wire_get_bytes(&in, sizeof o.sha256, "sha256");
    uint64_t before_n = wire_get_u64(&in, bytes.n, "length of the picture before it");
    wire_expect(&in, o.has_bytes && before_n <= bytes.n && bytes_n == bytes.n - before_n,
                "the object's length is not that sent");
    wire_expect(&in, o.parent == -1, "a parent that was not sent");
    int st = frame_close(&in, "request", err);
    struct content_object *objects =
        st == MP_OK ? arena_new(arena, struct content_object, 1) : NULL;
    if (st == MP_OK && objects == NULL)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for the request");
    if (st != MP_OK)
        return st;
    o.part = part;
    o.bytes = str_slice(bytes, 0, (size_t)bytes_n);
    o.before = str_slice(bytes, (size_t)bytes_n, bytes.n);
    memcpy(o.sha256, sha256.p, sha256.n);
    objects[0] = o;
    *out = (struct frame_request){.limits = limits, .budget = budget};
    out->report = (struct content_report){.objects = objects, .n = 1, .cap = 1, .complete = true};
    finding_list_init(&out->report.findings, arena);
    out->content = (struct content){.arena = arena,
                                    .limits = &out->limits,
                                    .budget = &out->budget,
                                    .passwords = passwords,
                                    .n_passwords = n_passwords,
                                    .report = &out->report};
    return MP_OK;
}
