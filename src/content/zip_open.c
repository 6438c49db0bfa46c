/* A ZIP is opened: what any of its views lists is unpacked, the same bytes once. */
#include <inttypes.h>
#include <stdio.h>
#include <zlib.h>

#include "content/inspect_internal.h"

/* What was unpacked from which bytes, so that a thousand names of one member cost one member: open
 * addressing by the place; a full row of probes counts as new. */
enum { SHARED_SLOTS = 1 << 12, SHARED_PROBES = 16 };

struct shared {
    const char *packed; /* NULL: free */
    size_t packed_n;
    unsigned method;
    bool encrypted, has_bytes, cut;
    struct str bytes;
    struct known known;
};

struct opening {
    struct inspector *in;
    struct zip zip;
    struct shared *shared;
    struct name_set names;
};

static struct shared *find_shared(struct opening *o, const struct zip_source *s)
{
    uint64_t hash = (uint64_t)(uintptr_t)s->packed.p * 0x9e3779b97f4a7c15u ^ s->method;
    struct shared *slot = NULL;
    for (unsigned i = 0; i < SHARED_PROBES; i++) {
        slot = &o->shared[((hash >> 40) + i) % SHARED_SLOTS];
        if (slot->packed == NULL ||
            (slot->packed == s->packed.p && slot->method == s->method &&
             slot->packed_n == s->packed.n && slot->encrypted == s->encrypted))
            return slot;
    }
    slot->packed = NULL; /* the last of them makes room */
    return slot;
}

static struct zip_source source_of(const struct zip *z, const struct zip_entry *e,
                                   const struct zip_header *h, size_t end)
{
    bool aes = h->method == ZIP_AES && h->aes_version != 0;
    bool descriptor = (h->flags & ZIP_FLAG_DESCRIPTOR) != 0;
    return (struct zip_source){
        .name = e->listed ? e->dir.name : e->local.name,
        .packed = str_slice(z->bytes, e->data, end),
        .method = aes ? h->aes_method : h->method,
        .encrypted = (h->flags & ZIP_FLAG_ENCRYPTED) != 0,
        .size = h->size,
        .crc = h->crc,
        .has_crc = !(aes && h->aes_version == 2) && !(h == &e->local && descriptor),
        .check = {(unsigned char)(e->local.dos_time >> 8), (unsigned char)(h->crc >> 24)},
        .aes_strength = aes ? h->aes_strength : 0,
    };
}

/* Bytes stored without encryption are in the archive as they are. */
static enum unpacked unpack(struct opening *o, const struct zip_source *s, struct str *bytes,
                            size_t *used)
{
    struct inspector *in = o->in;
    *used = s->packed.n;
    if (!out_begin(in, s->name, s->packed.n, s->size))
        return UNPACKED_NOT;
    if (s->method == ZIP_STORED && !s->encrypted) {
        *bytes = s->packed;
        return out_charge(in, s->packed.n) ? UNPACKED_WHOLE : UNPACKED_NOT;
    }
    enum unpacked how = s->encrypted ? zip_decrypt(in, s) : zip_unpack(in, s, used);
    if (how == UNPACKED_UNSUPPORTED || how == UNPACKED_NOT)
        return how;
    *bytes = out_keep(in, how);
    return bytes->p == NULL ? UNPACKED_NOT : how;
}

/* What came out is not what the headers promise. */
static void check_promise(struct inspector *in, const struct zip_source *s, struct str bytes)
{
    char why[120];
    uint32_t crc = (uint32_t)crc32_z(0, (const Bytef *)bytes.p, bytes.n);
    if (s->has_crc && bytes.n != s->size)
        snprintf(why, sizeof why, "unpacks to %zu bytes, not to %" PRIu64, bytes.n, s->size);
    else if (s->has_crc && crc != s->crc)
        snprintf(why, sizeof why, "its checksum is %08x, not %08x", crc, s->crc);
    else
        return;
    tell_damaged(in, s->name, why);
}

static void tell_outcome(struct inspector *in, const struct zip_source *s, enum unpacked how,
                         struct str bytes, bool agreed)
{
    char why[80];
    snprintf(why, sizeof why, "method %u", s->method);
    if (how == UNPACKED_UNSUPPORTED)
        tell_unsupported(in, s->name, why);
    if (how == UNPACKED_DAMAGED && agreed)
        tell_damaged(in, s->name, "its packed bytes are broken");
    if (how == UNPACKED_WHOLE && agreed && !s->encrypted)
        check_promise(in, s, bytes);
}

/* One reading of a member's bytes. `agreed`: no other view reads them differently, so that what is
 * wrong with them is damage. */
static int add_reading(struct opening *o, struct zip_entry *e, const struct zip_source *s,
                       bool agreed, struct mp_err *err)
{
    struct shared *shared = find_shared(o, s);
    struct member m = {.encrypted = s->encrypted, .size = s->size};
    struct str bytes = STR_NONE;
    m.n_names = zip_names(e, m.names);
    m.is_directory = str_ends(s->name, STR("/")) && s->packed.n == 0;
    if (s->encrypted)
        tell_encrypted(o->in, s->name, s->aes_strength > 0 ? "AES" : "PKWARE");
    if (shared->packed != NULL) {
        m.has_bytes = shared->has_bytes && o->in->c->budget->objects_left > 0;
        m.bytes = m.has_bytes ? shared->bytes : STR_NONE; /* else they are looked at each time */
        if (shared->has_bytes && !m.has_bytes)
            inspect_cut(o->in, CUT_OBJECTS);
        m.cut = shared->cut;
        m.known = &shared->known;
        return member_add(o->in, &m, err);
    }
    size_t used;
    enum unpacked how = m.is_directory ? UNPACKED_NOT : unpack(o, s, &bytes, &used);
    if (how == UNPACKED_WHOLE && !s->encrypted && (e->open_end || e->data + used < e->end)) {
        e->end = e->data + used;
        e->open_end = false;
    }
    tell_outcome(o->in, s, how, bytes, agreed);
    m.bytes = bytes;
    m.has_bytes =
        how == UNPACKED_WHOLE || how == UNPACKED_CUT || (how == UNPACKED_DAMAGED && bytes.n > 0);
    m.cut = how != UNPACKED_WHOLE;
    *shared = (struct shared){.packed = s->packed.p,
                              .packed_n = s->packed.n,
                              .method = s->method,
                              .encrypted = s->encrypted,
                              .has_bytes = m.has_bytes,
                              .cut = m.cut,
                              .bytes = m.bytes};
    if (m.has_bytes && !known_of(m.bytes, &shared->known))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the members of an archive");
    m.known = &shared->known;
    return member_add(o->in, &m, err);
}

/* All readings of one member: by the directory, and by its local header where that differs. */
static int add_entry(struct opening *o, struct zip_entry *e, struct mp_err *err)
{
    const struct zip *z = &o->zip;
    struct str names[ZIP_NAMES];
    struct member bare = {.names = {e->dir.name}, .n_names = 1, .size = e->dir.size};
    for (size_t i = 0, n = zip_names(e, names); i < n; i++)
        name_check_escape(o->in, names[i], false);
    if (!e->has_local)
        return member_add(o->in, &bare, err);
    bool descriptor = (e->local.flags & ZIP_FLAG_DESCRIPTOR) != 0;
    size_t local_end = !e->listed || descriptor ? e->end : zip_end_by(z, e, &e->local);
    struct zip_source local = source_of(z, e, &e->local, local_end);
    if (!e->listed) {
        if (e->open_end && local.method == ZIP_DEFLATE && !local.encrypted)
            local.packed = str_slice(z->bytes, e->data, z->bytes.n);
        return add_reading(o, e, &local, !e->open_end, err);
    }
    struct zip_source dir = source_of(z, e, &e->dir, zip_end_by(z, e, &e->dir));
    bool agreed = dir.method == local.method && dir.encrypted == local.encrypted &&
                  (descriptor || dir.packed.n == local.packed.n);
    int st = add_reading(o, e, &dir, agreed, err);
    return st != MP_OK || agreed ? st : add_reading(o, e, &local, false, err);
}

static int add_listed(struct opening *o, struct mp_err *err)
{
    struct zip *z = &o->zip;
    int st = MP_OK;
    for (size_t d = 0; st == MP_OK && d < z->n_directories; d++) {
        o->names.n = 0;
        for (size_t i = 0; st == MP_OK && i < z->directories[d].n; i++) {
            struct zip_entry *e = &z->entries[z->directories[d].first + i];
            st = name_set_add(o->in, &o->names, e->dir.name, err);
            if (st == MP_OK)
                st = add_entry(o, e, err);
        }
        name_set_tell(o->in, &o->names);
    }
    return st;
}

static int add_hidden(struct opening *o, struct mp_err *err)
{
    struct zip_entry *e = NULL;
    int st = zip_seal(&o->zip, err);
    while (st == MP_OK && (st = zip_next_hidden(&o->zip, &e, err)) == MP_OK && e != NULL) {
        zip_tell_hidden(&o->zip, e, &o->in->site);
        st = add_entry(o, e, err);
    }
    return st;
}

int zip_open(struct inspector *in, struct str bytes, struct mp_err *err)
{
    struct opening o = {.in = in, .shared = arena_new(&in->scratch, struct shared, SHARED_SLOTS)};
    if (o.shared == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the members of an archive");
    int st = zip_read(&in->scratch, bytes, in->c->limits->max_listed, &o.zip, err);
    if (st == MP_OK)
        st = zip_compare(&o.zip, &in->site, err);
    if (st == MP_OK)
        st = add_listed(&o, err);
    if (st == MP_OK)
        st = add_hidden(&o, err);
    bool expected = is_archive(in->c->report->objects[in->archive].kind) || o.zip.n > 0;
    if (st == MP_OK && o.zip.n_directories == 0 && expected)
        tell_damaged(in, STR(""),
                     o.zip.n == 0 ? "no member could be read"
                                  : "the directory at its end is missing");
    if (o.zip.cut)
        inspect_cut(in, CUT_HEADERS);
    return st;
}
