/* The loop over what a payload holds: archives are opened in turn, never in each other. */
#include "base/grow.h"
#include "content/archive_lib.h"
#include "content/attach.h"
#include "content/package.h"
#include "content/place.h"
#include "content/zip_tail.h"

/* Known, and not unpacked. */
static bool is_unsupported(enum file_type kind)
{
    static const enum file_type kinds[] = {FILE_UDF, FILE_VHD, FILE_VHDX, FILE_DMG, FILE_XAR,
                                           FILE_WIM, FILE_ARJ, FILE_ACE,  FILE_SZDD};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i] == kind)
            return true;
    return false;
}

/* Their members stand in them as they are, so that a ZIP at the end is one of these. */
static bool holds_plain_members(enum file_type kind)
{
    return kind == FILE_TAR || kind == FILE_CPIO || kind == FILE_AR || kind == FILE_DEB ||
           kind == FILE_ISO;
}

/* A ZIP that hangs at the end. Streams of compound files hold some, which are none of theirs unless
 * they end where the file does. */
static bool has_zip_behind(enum file_type kind, struct str bytes)
{
    bool compound = kind == FILE_OLE || kind == FILE_OUTLOOK_MSG || kind == FILE_MSI;
    struct zip_tail tail;
    return zip_has_end(bytes) && (!compound || (zip_tail_find(bytes, &tail) && tail.trailing == 0));
}

bool is_archive(enum file_type kind)
{
    return package_or_zip(kind) || lib_opens(kind) || is_unsupported(kind);
}

static bool is_heavy(enum file_type kind, struct str bytes)
{
    struct behind b;
    return bytes.n > 0 &&
           (is_archive(kind) || has_zip_behind(kind, bytes) || behind_find(kind, bytes, 1, &b));
}

bool content_is_heavy(const struct content_object *o)
{
    return is_heavy(o->kind, o->bytes);
}

bool known_of(struct str bytes, struct known *out)
{
    out->kind = file_type_of(bytes);
    out->heavy = is_heavy(out->kind, bytes);
    return digest_once(DIGEST_SHA256, bytes, out->sha256);
}

bool open_later(struct inspector *in, size_t index)
{
    size_t *waiting =
        list_room(in->c->arena, in->waiting, in->n_waiting, &in->cap_waiting, sizeof *waiting);
    if (waiting == NULL)
        return false;
    in->waiting = waiting;
    in->waiting[in->n_waiting++] = index;
    return true;
}

static struct finding_where place_of(const struct inspector *in, struct str name)
{
    return name.n > 0 ? site_member(&in->site, name) : in->site.where;
}

void tell_damaged(struct inspector *in, struct str name, const char *why)
{
    finding_add(in->site.findings, FINDING_ARCHIVE_DAMAGED, place_of(in, name), "%s", why);
}

void tell_unsupported(struct inspector *in, struct str name, const char *why)
{
    finding_add(in->site.findings, FINDING_ARCHIVE_UNSUPPORTED, place_of(in, name), "%s", why);
}

void tell_encrypted(struct inspector *in, struct str name, const char *how)
{
    if (in->told_encrypted)
        return;
    in->told_encrypted = true;
    finding_add(in->site.findings, FINDING_ARCHIVE_ENCRYPTED, place_of(in, name), "%s", how);
}

/* The same archive again costs nothing: its members were looked at. False without memory. */
static bool remember(struct inspector *in, const unsigned char *sha256, bool *is_new)
{
    for (size_t i = 0; i < in->n_opened; i++)
        if (memcmp(in->opened[i], sha256, DIGEST_MAX_BYTES) == 0)
            return true;
    const unsigned char **opened =
        list_room(in->c->arena, in->opened, in->n_opened, &in->cap_opened, sizeof *opened);
    if (opened == NULL)
        return false;
    in->opened = opened;
    struct str kept = arena_copy(in->c->arena, str_make((const char *)sha256, DIGEST_MAX_BYTES));
    if (kept.p == NULL)
        return false;
    in->opened[in->n_opened++] = (const unsigned char *)kept.p;
    *is_new = true;
    return true;
}

static void enter(struct inspector *in, size_t index)
{
    const struct content_object *o = &in->c->report->objects[index];
    in->archive = index;
    in->archive_in = o->bytes.n;
    in->archive_out = in->archive_read = 0;
    in->stop_archive = in->told_encrypted = in->told_password = false;
    in->site = (struct archive_site){.arena = in->c->arena,
                                     .findings = &in->c->report->findings,
                                     .where = content_place(o)};
}

/* By its kind, and as the RAR, 7z or ZIP that hangs behind it. */
static int open_by_kind(struct inspector *in, const struct content_object *o, struct mp_err *err)
{
    int st = MP_OK;
    if (is_unsupported(o->kind))
        tell_unsupported(in, STR(""), file_type_name(o->kind));
    if (lib_opens(o->kind))
        st = lib_open(in, o->kind, o->bytes, err);
    if (st == MP_OK)
        st = behind_open(in, o, err);
    if (st == MP_OK && (package_or_zip(o->kind) ||
                        (has_zip_behind(o->kind, o->bytes) && !holds_plain_members(o->kind))))
        st = zip_open(in, o->bytes, err);
    return st;
}

static int open_one(struct inspector *in, size_t index, struct mp_err *err)
{
    struct content_object o = in->c->report->objects[index]; /* the list moves as it grows */
    bool is_new = false;
    int st = MP_OK;
    enter(in, index);
    if (o.depth >= in->c->budget->depth_left) {
        inspect_cut(in, CUT_DEPTH);
        return MP_OK;
    }
    if (!remember(in, o.sha256, &is_new))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the archives of a message");
    if (is_new)
        st = open_by_kind(in, &o, err);
    if (is_new && st == MP_OK)
        st = attach_check_members(in->c, (int32_t)index, err);
    arena_reset(&in->scratch);
    return st;
}

static struct inspector inspector_of(struct content *c, size_t first)
{
    return (struct inspector){.c = c,
                              .first_member = first + 1,
                              .keys_left = INSPECT_MAX_KEYS,
                              .name_bytes_left = INSPECT_NAME_BYTES};
}

int content_inspect(struct content *c, size_t first, struct mp_err *err)
{
    struct content_report *r = c->report;
    struct inspector in = inspector_of(c, first);
    int st = MP_OK;
    if (first >= r->n)
        return mp_fail(err, MP_E_USAGE, 0, "there is no object to inspect");
    arena_init(&in.scratch, INSPECT_SCRATCH_MAX_BYTES);
    buf_init(&in.out, (size_t)c->limits->max_decoded_bytes + UNPACK_STEP_BYTES);
    in.payload_in = r->objects[first].bytes.n;
    for (size_t i = first; st == MP_OK && i < r->n; i++)
        if (content_is_heavy(&r->objects[i]) && !open_later(&in, i))
            st = mp_fail(err, MP_E_NOMEM, 0, "no memory for the archives of a message");
    for (size_t i = 0; st == MP_OK && i < in.n_waiting; i++)
        st = open_one(&in, in.waiting[i], err);
    buf_clear(&in.out);
    arena_clear(&in.scratch);
    return st;
}

int content_add_member(struct content *c, size_t parent, struct str name, struct str bytes,
                       struct mp_err *err)
{
    struct inspector in = inspector_of(c, 0);
    const struct member m = {.names = {name}, .n_names = 1, .bytes = bytes, .has_bytes = true};
    enter(&in, parent);
    if (c->report->objects[parent].depth >= c->budget->depth_left)
        inspect_cut(&in, CUT_DEPTH);
    else if (c->budget->objects_left == 0)
        inspect_cut(&in, CUT_OBJECTS);
    else if (c->budget->bytes_left < bytes.n)
        inspect_cut(&in, CUT_BYTES);
    else {
        c->budget->bytes_left -= bytes.n;
        return member_add(&in, &m, err);
    }
    return MP_OK;
}
