/* The rules of one attachment or member, group by group. */
#include "content/attach_internal.h"

const struct name *attach_first(const struct attach *a)
{
    return a->n_names > 0 ? &a->names[0].name : NULL;
}

struct str attach_shown(const struct attach *a, const struct name *n)
{
    if (n == NULL)
        return STR("unnamed");
    struct str text = name_show(a->c->arena, n->text);
    return arena_fmt(a->c->arena, "\"" STR_FMT "\"", STR_ARG(text));
}

bool attach_is_body(const struct attach *a)
{
    return !a->is_member && a->n_names == 0 && str_eq(a->o->type, STR("text")) &&
           !str_eq(a->o->disposition, STR("attachment"));
}

/* Programs written in C stop at a NUL, others do not: then there are two names. */
static bool read_name(struct attach *a, const struct mime_name *from)
{
    struct str views[] = {from->text, str_slice(from->text, 0, str_find(from->text, 0))};
    size_t n = views[1].n < views[0].n ? 2 : 1;
    for (size_t i = 0; i < n; i++) {
        struct attach_name *to = &a->names[a->n_names];
        if (!name_read(a->c->arena, views[i], &to->name))
            return false;
        to->form = from->form;
        a->n_names++;
    }
    return true;
}

static bool read_names(struct attach *a)
{
    size_t max = 2 * a->o->n_names;
    a->names = arena_new(a->c->arena, struct attach_name, max + 1);
    for (size_t i = 0; a->names != NULL && i < a->o->n_names; i++)
        if (a->o->names[i].text.n > 0 && !read_name(a, &a->o->names[i]))
            return false;
    return a->names != NULL;
}

/* The file of the European Institute for Computer Antivirus Research, in two halves so that this
 * program is not taken for it. */
static void check_eicar(struct attach *a)
{
    static const struct str halves[] = {STR_INIT("X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-"),
                                        STR_INIT("STANDARD-ANTIVIRUS-TEST-FILE!$H+H*")};
    struct str bytes = a->o->bytes;
    if (!str_starts(bytes, halves[0]) ||
        !str_starts(str_slice(bytes, halves[0].n, bytes.n), halves[1]))
        return;
    struct str shown = attach_shown(a, attach_first(a));
    finding_add(&a->c->report->findings, FINDING_ATTACH_EICAR, content_place(a->o),
                "the EICAR test file at offset 0 of " STR_FMT, STR_ARG(shown));
}

/* Once a message: every part of a deep message is deep. */
static void check_depth(struct attach *a)
{
    enum { DEEP = 3 };
    struct finding_list *findings = &a->c->report->findings;
    bool mail = a->o->kind == FILE_MAIL || a->o->kind == FILE_OUTLOOK_MSG;
    unsigned depth = a->o->message_depth + (mail && !attach_is_body(a));
    if (depth >= DEEP && !finding_has(findings, FINDING_ATTACH_MESSAGE_NESTED))
        finding_add(findings, FINDING_ATTACH_MESSAGE_NESTED, content_place(a->o),
                    "%u messages around part " STR_FMT, depth, STR_ARG(a->o->part));
}

void attach_check(struct content *c, const struct content_object *o)
{
    struct attach a = {.c = c, .o = o, .lists = c->lists, .is_member = o->member.n > 0};
    if (!read_names(&a)) {
        c->report->findings.starved = true;
        return;
    }
    attach_names(&a);
    attach_type(&a);
    attach_links(&a);
    attach_polyglot(&a);
    check_eicar(&a);
    check_depth(&a);
}
