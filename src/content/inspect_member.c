/* A member becomes an object of the report: its names, its place, its kind, the rules of both. */
#include "base/grow.h"
#include "content/attach.h"
#include "content/inspect_internal.h"
#include "content/package.h"

static unsigned real_depth(const struct content_report *r, int32_t parent)
{
    unsigned depth = 0;
    for (; parent >= 0; parent = r->objects[parent].parent)
        depth += !package_is(r->objects[parent].kind);
    return depth;
}

static struct content_object *new_object(struct inspector *in)
{
    struct content_report *r = in->c->report;
    struct content_object *objects =
        list_room(in->c->arena, r->objects, r->n, &r->cap, sizeof *objects);
    if (objects == NULL)
        return NULL;
    r->objects = objects;
    return &r->objects[r->n++];
}

/* Of a longer name its end, which decides what it is taken for. */
static struct str kept_name(struct str name)
{
    size_t cut = name.n > CONTENT_MAX_NAME_BYTES ? name.n - CONTENT_MAX_NAME_BYTES : 0;
    return str_slice(name, cut, name.n);
}

/* May one more be listed? So many, and so many bytes of names. */
static bool may_list(struct inspector *in, const struct member *m)
{
    size_t names = 0;
    for (size_t i = 0; i < m->n_names; i++)
        names += 2 * kept_name(m->names[i]).n;
    if (in->c->report->n - in->first_member >= in->c->limits->max_listed ||
        names > in->name_bytes_left) {
        inspect_cut(in, CUT_LISTED);
        return false;
    }
    in->name_bytes_left -= names;
    return true;
}

static struct mime_name *name_forms(struct inspector *in, const struct member *m, size_t offset)
{
    struct mime_name *names = arena_new(in->c->arena, struct mime_name, m->n_names);
    for (size_t i = 0; names != NULL && i < m->n_names; i++)
        names[i] = (struct mime_name){.form = NAME_ENCODED,
                                      .text = kept_name(m->names[i]),
                                      .offset = offset};
    return names;
}

static void check_depth(struct inspector *in, const struct content_object *o,
                        struct finding_where where)
{
    if (!is_archive(o->kind) || package_is(o->kind))
        return;
    unsigned depth = real_depth(in->c->report, o->parent);
    if (depth >= INSPECT_MAX_REAL_DEPTH)
        finding_add(in->site.findings, FINDING_ARCHIVE_DEPTH, where, "%s within %u archives",
                    file_type_name(o->kind), depth);
}

static bool fill_object(struct inspector *in, const struct member *m, const struct known *known,
                        struct finding_where where, struct content_object *o)
{
    const struct content_object *archive = &in->c->report->objects[in->archive];
    *o = (struct content_object){.part = archive->part,
                                 .member = where.member,
                                 .parent = (int32_t)in->archive,
                                 .depth = archive->depth + 1,
                                 .bytes = m->bytes,
                                 .has_bytes = m->has_bytes,
                                 .cut = m->cut,
                                 .size_bytes = m->has_bytes && !m->cut ? m->bytes.n : m->size,
                                 .names = name_forms(in, m, archive->offset),
                                 .n_names = m->n_names,
                                 .encrypted = m->encrypted,
                                 .offset = archive->offset,
                                 .length = archive->length};
    if (o->names == NULL)
        return false;
    if (known != NULL) {
        o->kind = known->kind;
        memcpy(o->sha256, known->sha256, sizeof o->sha256);
    }
    return true;
}

int member_add(struct inspector *in, const struct member *m, struct mp_err *err)
{
    if ((m->is_directory && !m->has_bytes) || !may_list(in, m))
        return MP_OK;
    struct finding_where where = site_member(&in->site, m->names[0]);
    struct content_object made, *o;
    struct known found = {.heavy = false};
    const struct known *known = !m->has_bytes ? NULL : m->known != NULL ? m->known : &found;
    if ((known == &found && !known_of(m->bytes, &found)) ||
        !fill_object(in, m, known, where, &made) || (o = new_object(in)) == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the members of an archive");
    *o = made;
    bool heavy = known != NULL ? known->heavy : content_is_heavy(o);
    if (heavy && !open_later(in, in->c->report->n - 1))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the archives of a message");
    if (m->has_bytes)
        in->c->budget->objects_left--;
    if (m->has_bytes && !m->cut && !heavy)
        in->payload_out += m->bytes.n;
    if (!package_part_is_inert(in->c->report, o))
        attach_check(in->c, o);
    check_depth(in, o, where);
    return MP_OK;
}
