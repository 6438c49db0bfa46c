/* Office documents and parts of them: which objects are, what is in them, and what becomes of it.
 */
#include "document/office.h"

#include "content/found.h"
#include "content/inspect.h"
#include "content/name.h"
#include "document/readers.h"

static enum file_type parent_kind(const struct content *c, const struct content_object *o)
{
    return o->parent < 0 ? FILE_UNKNOWN : c->report->objects[o->parent].kind;
}

static bool has_extension(const struct content_object *o, struct str words)
{
    for (size_t i = 0; i < o->n_names; i++) {
        struct str name = o->names[i].text, rest = words;
        size_t dot = str_rfind(name, '.');
        struct str extension = str_slice(name, dot < name.n ? dot + 1 : name.n, name.n);
        while (rest.n > 0)
            if (str_ieq(str_cut(&rest, ' '), extension))
                return true;
    }
    return false;
}

static bool is_table(const struct content_object *o)
{
    return o->kind == FILE_TEXT &&
           (has_extension(o, STR("csv tsv tab")) || str_eq(o->subtype, STR("csv")) ||
            str_eq(o->subtype, STR("tab-separated-values")));
}

/* Parts of packages are XML, with or without a declaration; of workbooks of the binary kind,
 * records. */
bool office_is(const struct content_object *o)
{
    bool member = o->parent >= 0;
    switch (o->kind) {
    case FILE_OLE:
    case FILE_RTF:
    case FILE_OFFICE_XML:
    case FILE_XML:
        return true;
    case FILE_UNKNOWN:
        if (member && has_extension(o, STR("bin")))
            return true;
        break;
    default:
        break;
    }
    return is_table(o) || office_looks(o->bytes) || (member && office_is_markup(o->bytes));
}

static enum office_as read_as(const struct content_object *o, enum file_type parent)
{
    if (is_table(o) && !office_looks(o->bytes))
        return OFFICE_CSV;
    return o->kind == FILE_UNKNOWN && parent == FILE_OOXML ? OFFICE_BIFF12 : OFFICE_BY_BYTES;
}

/* What may open it: what Excel tries by itself, and what the mail says. Each costs time, so that of
 * many encrypted documents the later ones get fewer. */
static size_t passwords_for(const struct content *c, struct str list[OFFICE_MAX_PASSWORDS])
{
    enum { TRIED_MAX = 8 };
    size_t before = c->report->findings.per_kind[FINDING_OFFICE_ENCRYPTED], n = 0;
    if (before >= TRIED_MAX)
        return 0;
    list[n++] = STR(OFFICE_DEFAULT_PASSWORD);
    for (size_t i = 0; i < c->n_passwords && n + before < OFFICE_MAX_PASSWORDS; i++)
        list[n++] = c->passwords[i];
    return n;
}

int office_open(struct content *c, size_t index, struct mp_err *err)
{
    struct office facts;
    struct str passwords[OFFICE_MAX_PASSWORDS];
    struct office_case x = {.c = c, .index = index, .o = c->report->objects[index]};
    x.parent_kind = parent_kind(c, &x.o);
    x.facts = &facts;
    const struct office_how how = {.as = read_as(&x.o, x.parent_kind),
                                   .passwords = passwords,
                                   .n_passwords = passwords_for(c, passwords)};
    int st = office_read(c->arena, x.o.bytes, how, &facts, err);
    if (st == MP_OK)
        st = office_rules(&x, err);
    return st;
}
