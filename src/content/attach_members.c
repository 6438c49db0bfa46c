/* What the members of one archive tell together: a file beside a folder of its name, a program
 * all alone. */
#include <stdlib.h>

#include "base/utf8.h"
#include "content/attach_internal.h"

enum { MAX_BLANK_FOLDERS = 16 }; /* looked at, in one path */

struct member {
    struct str path; /* folded */
    const struct content_object *o;
};

static int compare_members(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    int order = str_cmp(x->path, y->path);
    return order != 0 ? order : (x->o > y->o) - (x->o < y->o);
}

static bool is_folder(struct str path)
{
    return path.n > 0 && path.p[path.n - 1] == '/';
}

static struct str path_of(const struct content_object *o)
{
    return o->n_names > 0 ? o->names[0].text : o->member;
}

static int collect(struct content *c, int32_t parent, struct member **out, size_t *n,
                   struct mp_err *err)
{
    const struct content_report *report = c->report;
    size_t count = 0;
    for (size_t i = 0; i < report->n; i++)
        count += report->objects[i].parent == parent;
    struct member *members = arena_new(c->arena, struct member, count + 1);
    if (members == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the names of an archive");
    count = 0;
    for (size_t i = 0; i < report->n; i++) {
        const struct content_object *o = &report->objects[i];
        if (o->parent != parent)
            continue;
        struct str path = name_fold_path(c->arena, path_of(o));
        if (path.p == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for the names of an archive");
        members[count++] = (struct member){path, o};
    }
    qsort(members, count, sizeof members[0], compare_members);
    *out = members;
    *n = count;
    return MP_OK;
}

static bool has_path(const struct member *members, size_t n, struct str path)
{
    size_t from = 0, to = n;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = str_cmp(path, members[middle].path);
        if (order == 0)
            return true;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return false;
}

static bool is_word(char c)
{
    return is_alnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* "a.pdf": something, a dot, letters or digits to the end. */
static bool ends_in_extension(struct str s)
{
    size_t n = s.n;
    while (n > 0 && is_word(s.p[n - 1]))
        n--;
    return n < s.n && n > 1 && s.p[n - 1] == '.';
}

/* "a.pdf .exe" somewhere in what stands in the folder. */
static bool has_spaced_extension(struct str s)
{
    for (size_t i = 0; i + 2 < s.n; i++)
        if (is_wsp(s.p[i]) && s.p[i + 1] == '.' && is_word(s.p[i + 2]) &&
            ends_in_extension(str_slice(s, 0, i)))
            return true;
    return false;
}

/* CVE-2023-38831: a reader that is asked for "a.pdf" also unpacks and runs what stands in the
 * folder "a.pdf ". */
static bool is_twin(const struct member *members, size_t n, struct str path)
{
    unsigned looked = 0;
    for (size_t i = 1; i < path.n && looked < MAX_BLANK_FOLDERS; i++) {
        if (path.p[i] != '/' || !is_wsp(path.p[i - 1]))
            continue;
        struct str file = str_slice(path, 0, i);
        looked++;
        while (file.n > 0 && is_wsp(file.p[file.n - 1]))
            file.n--;
        if (file.n > 0 && has_path(members, n, file))
            return true;
        if (looked == 1 && ends_in_extension(file) &&
            has_spaced_extension(str_slice(path, i + 1, path.n)))
            return true;
    }
    return false;
}

static void check_twins(struct content *c, const struct member *members, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_twin(members, n, members[i].path))
            continue;
        struct str shown = name_show(c->arena, path_of(members[i].o));
        finding_add(&c->report->findings, FINDING_ARCHIVE_TWIN_DIRECTORY,
                    content_place(members[i].o),
                    "\"" STR_FMT "\" stands in a folder named like a file, with a blank behind",
                    STR_ARG(shown));
        return;
    }
}

/* Say of the one file of an archive that it is the only one. */
static void tell_single(struct content *c, const struct member *members, size_t n)
{
    const struct content_object *only = NULL;
    size_t files = 0;
    for (size_t i = 0; i < n; i++) {
        if (is_folder(members[i].path))
            continue;
        only = members[i].o;
        files++;
    }
    struct finding_list *findings = &c->report->findings;
    for (size_t i = 0; files == 1 && i < findings->n; i++) {
        struct finding *f = &findings->items[i];
        if (f->id != FINDING_ARCHIVE_EXECUTABLE || !str_eq(f->where.member, only->member) ||
            !str_eq(f->where.part, only->part))
            continue;
        static const struct str said = STR_INIT("single-file: ");
        struct str parts[] = {said, str_slice(f->evidence, 0, FINDING_EVIDENCE_MAX - said.n)};
        struct str text = arena_join(findings->arena, parts, ARRAY_LEN(parts));
        while (!utf8_valid(text) && text.n > 0)
            text.n--;
        if (text.p != NULL)
            f->evidence = text;
    }
}

int attach_check_members(struct content *c, int32_t parent, struct mp_err *err)
{
    struct member *members = NULL;
    size_t n = 0;
    int st = collect(c, parent, &members, &n, err);
    if (st != MP_OK)
        return st;
    check_twins(c, members, n);
    tell_single(c, members, n);
    return MP_OK;
}
