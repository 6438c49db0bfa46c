/* Compound files: which application's they are, their macros, and the objects in them. */
#include "base/bytes.h"
#include "office/office_internal.h"
#include "office/ovba.h"
#include "office/text.h"

enum { COMP_OBJ_TEXT_AT = 28, GUID_BYTES = CFB_GUID_BYTES };

static const struct cfb_entry *at_root(const struct cfb *c, struct str name)
{
    return cfb_find(c, 0, name);
}

/* ---- macros ---- */

static void read_macros_of(struct reader *r, struct cfb *c, int32_t vba)
{
    struct ovba v;
    struct mp_err err;
    if (ovba_read(r->arena, c, vba, &v, &err) != MP_OK) {
        r->failed = true;
        return;
    }
    r->o->damaged |= v.damaged;
    r->o->cut |= v.cut;
    r->o->has_project |= v.n > 0;
    for (size_t i = 0; i < v.n; i++)
        add_macro(r, (struct office_macro){.name = v.modules[i].name,
                                           .source = v.modules[i].source,
                                           .stomped = v.modules[i].stomped});
}

/* Every storage with a stream "_VBA_PROJECT", or "dir" in a storage "VBA"; a document may hold
 * objects with projects of their own. */
static void read_macros(struct reader *r, struct cfb *c)
{
    enum { PROJECTS_MAX = 16 };
    bool *seen = arena_new(r->arena, bool, c->n + 1); /* by the storage, plus one */
    unsigned projects = 0;
    r->failed |= seen == NULL;
    for (size_t i = 0; i < c->n && !r->failed && projects <= PROJECTS_MAX; i++) {
        const struct cfb_entry *e = &c->entries[i];
        bool named = str_ieq(e->name, STR("_VBA_PROJECT"));
        bool listed = str_ieq(e->name, STR("dir")) && e->parent > 0 &&
                      str_ieq(c->entries[e->parent].name, STR("VBA"));
        if (e->type != CFB_STREAM || (!named && !listed) || seen[e->parent + 1])
            continue;
        seen[e->parent + 1] = true;
        r->o->has_project = true;
        if (projects++ == PROJECTS_MAX)
            r->o->cut = true;
        else
            read_macros_of(r, c, e->parent);
    }
    if (projects == 0 && !r->failed) /* what was hidden from the tree */
        read_macros_of(r, c, CFB_NO_ENTRY);
}

/* ---- objects ---- */

/* The name of the class that "\1CompObj" tells ([MS-OLEDS] 2.3.8): the one for people, a clipboard
 * format, and the one for programs, which is taken when it is there. */
static struct str class_of(struct reader *r, struct str stream)
{
    size_t n = le32_at(stream, COMP_OBJ_TEXT_AT), at = COMP_OBJ_TEXT_AT + 4;
    struct str people = str_slice(stream, at, n < stream.n ? at + n : at);
    at += people.n;
    uint32_t format = le32_at(stream, at);
    at += 4;
    if (format == 0xffffffff || format == 0xfffffffe)
        at += 4;
    else
        at += format < stream.n ? format : stream.n;
    n = le32_at(stream, at);
    struct str program =
        n < stream.n && at + 4 < stream.n ? str_slice(stream, at + 4, at + 4 + n) : STR_NONE;
    struct str best = text_until_nul(program);
    best = best.n > 0 && best.n <= 64 ? best : text_until_nul(people);
    struct str out =
        text_code_page(r->arena, str_slice(best, 0, OFFICE_MAX_TEXT_BYTES), CODE_PAGE_LATIN);
    r->failed |= out.p == NULL;
    return out;
}

/* The object that stands in one storage. */
struct found {
    int32_t native, comp_obj, ole, package;
};

static void take_name(struct found *f, struct str name, int32_t index)
{
    if (str_ieq(name, STR("\1Ole10Native")))
        f->native = index;
    else if (str_ieq(name, STR("\1CompObj")))
        f->comp_obj = index;
    else if (str_ieq(name, STR("\1Ole")))
        f->ole = index;
    else if (str_ieq(name, STR("Package")))
        f->package = index;
}

static struct str stream_of(struct reader *r, struct cfb *c, int32_t index)
{
    return index > 0 ? cfb_read(r->arena, c, &c->entries[index]) : STR_NONE;
}

/* "\1Ole" holds the moniker of what the object is linked with. */
static bool read_ole_stream(struct reader *r, struct str stream)
{
    struct str target;
    if (!find_moniker(r, stream, &target))
        return false;
    add_link(r, STR("oleObject"), target, true);
    return true;
}

/* Dialogs of macros, and their controls, carry nothing. */
static bool is_form(struct str class)
{
    return str_istarts(class, STR("Forms.")) || str_istarts(class, STR("Microsoft Forms 2.0"));
}

static void read_object(struct reader *r, struct cfb *c, int32_t storage, const struct found *f)
{
    bool root = storage == 0, equation = is_equation_guid(c->entries[storage].guid);
    struct str class = f->comp_obj > 0 ? class_of(r, stream_of(r, c, f->comp_obj)) : STR_NONE;
    bool linked = f->ole > 0 && read_ole_stream(r, stream_of(r, c, f->ole));
    equation |= is_equation_class(class);
    if (f->native > 0) {
        read_native(r, stream_of(r, c, f->native), class);
    } else if (linked || equation ||
               (!root && !is_form(class) && (f->comp_obj > 0 || f->ole > 0 || f->package > 0))) {
        struct office_object o = {.class = class};
        o.sort = equation ? OBJECT_EQUATION : linked ? OBJECT_LINKED : OBJECT_OTHER;
        o.bytes = stream_of(r, c, f->package);
        add_object(r, o);
    }
}

void read_object_file(struct reader *r, struct str bytes)
{
    struct cfb c;
    struct mp_err err;
    if (!cfb_is(bytes) || cfb_open(r->arena, bytes, &c, &err) != MP_OK)
        return;
    if (cfb_find(&c, CFB_NO_ENTRY, STR("_VBA_PROJECT")) == NULL &&
        at_root(&c, STR("\1Ole10Native")) == NULL)
        add_object(r, (struct office_object){.sort = OBJECT_OTHER});
    read_later(r, bytes);
}

/* "oledata.mso" of Word 2003: each object is a packed compound file in a stream "_1577691300",
 * behind its length. */
static void read_packed(struct reader *r, struct cfb *c, const struct cfb_entry *e)
{
    if (e->name.n < 2 || *e->name.p != '_' || !is_digit(e->name.p[1]))
        return;
    struct str stream = cfb_read(r->arena, c, e);
    if (is_zlib(str_slice(stream, 4, stream.n)))
        read_object_file(r, unpack_zlib(r, str_slice(stream, 4, stream.n)));
}

static void read_objects(struct reader *r, struct cfb *c)
{
    struct found *all = arena_new(r->arena, struct found, c->n + 1);
    if (all == NULL) {
        r->failed = true;
        return;
    }
    for (size_t i = 1; i < c->n; i++) {
        const struct cfb_entry *e = &c->entries[i];
        if (e->type == CFB_STREAM)
            take_name(&all[e->parent > 0 ? e->parent : 0], e->name, (int32_t)i);
    }
    for (size_t i = 1; i < c->n && !r->failed; i++)
        if (c->entries[i].type == CFB_STREAM && c->entries[i].parent == 0)
            read_packed(r, c, &c->entries[i]);
    for (size_t i = 0; i < c->n && !r->failed; i++)
        if (c->entries[i].type != CFB_STREAM && c->entries[i].type != CFB_UNUSED)
            read_object(r, c, (int32_t)i, &all[i]);
}

/* ---- the whole ---- */

static void read_workbook(struct reader *r, struct cfb *c)
{
    static const struct str names[] = {STR_INIT("Workbook"), STR_INIT("Book")};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct cfb_entry *e = at_root(c, names[i]);
        if (e != NULL && e->type == CFB_STREAM)
            read_biff(r, cfb_read(r->arena, c, e));
    }
}

static void read_encrypted(struct reader *r, struct cfb *c)
{
    const struct cfb_entry *package = at_root(c, STR("EncryptedPackage"));
    size_t which;
    if (package == NULL)
        return;
    struct str info = cfb_read(r->arena, c, at_root(c, STR("EncryptionInfo")));
    r->o->encrypted = "an encrypted package";
    if (crypt_open_package(r->arena, info, cfb_read(r->arena, c, package), r->passwords,
                           &r->o->opened, &which))
        r->o->password = r->passwords.list[which];
}

void read_compound(struct reader *r, struct str bytes)
{
    struct cfb c;
    struct mp_err err;
    int st = cfb_open(r->arena, bytes, &c, &err);
    if (st != MP_OK) {
        r->o->damaged = true;
        r->failed |= st == MP_E_NOMEM;
        return;
    }
    read_encrypted(r, &c);
    read_word(r, &c);
    read_workbook(r, &c);
    read_powerpoint(r, &c);
    read_macros(r, &c);
    read_objects(r, &c);
    r->o->damaged |= c.damaged;
    r->o->cut |= c.cut;
}
