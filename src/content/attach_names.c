/* What the names of an attachment say: dangerous, disguised, or two different ones. */
#include "content/attach_internal.h"

static const struct name *find_listed(const struct attach *a, enum content_list list)
{
    for (size_t i = 0; i < a->n_names; i++) {
        struct str extension = a->names[i].name.extension;
        if (extension.n > 0 && content_lists_has(a->lists, list, extension))
            return &a->names[i].name;
    }
    return NULL;
}

static bool is_active(const struct attach *a, struct str extension)
{
    return content_lists_has(a->lists, LIST_EXTENSIONS_DANGEROUS, extension) ||
           content_lists_has(a->lists, LIST_EXTENSIONS_RISKY, extension);
}

/* Is the format of the bytes what this name may stand for, and no lie? */
static bool is_expected(const struct attach *a)
{
    for (size_t i = 0; i < a->n_names; i++) {
        struct str extension = a->names[i].name.extension;
        const struct file_type_set *types =
            content_lists_types(a->lists, LIST_EXTENSION_TYPES, extension);
        if (types != NULL && file_type_set_has(types, a->o->kind) &&
            !content_lists_has(a->lists, LIST_EXTENSIONS_DANGEROUS, extension))
            return true;
    }
    return false;
}

/* Of the archive that it is packed in; FILE_UNKNOWN: of none. */
static enum file_type parent_kind(const struct attach *a)
{
    if (a->o->parent < 0 || (size_t)a->o->parent >= a->c->report->n)
        return FILE_UNKNOWN;
    return a->c->report->objects[a->o->parent].kind;
}

/* Members of a Java or Android archive are classes: the archive itself was told of. */
static bool is_part_of_program(const struct attach *a)
{
    enum file_type parent = parent_kind(a);
    return (a->o->kind == FILE_JAVA_CLASS || a->o->kind == FILE_DEX) &&
           (parent == FILE_JAR || parent == FILE_APK);
}

static bool is_document(enum file_type t)
{
    return t == FILE_OOXML || t == FILE_ODF || t == FILE_EPUB;
}

static void check_dangerous(const struct attach *a)
{
    const struct name *n = find_listed(a, LIST_EXTENSIONS_DANGEROUS);
    enum file_type kind = a->o->kind;
    bool text = kind == FILE_SCRIPT || kind == FILE_HTA; /* code in a mail is talk about code */
    bool program = file_type_class(kind) == FILE_CLASS_EXECUTABLE && a->o->has_bytes &&
                   !is_expected(a) && !(text && attach_is_body(a));
    enum finding_id id =
        a->is_member ? FINDING_ARCHIVE_EXECUTABLE : FINDING_ATTACH_EXTENSION_DANGEROUS;
    struct finding_list *findings = &a->c->report->findings;
    if ((n == NULL && !program) || is_part_of_program(a))
        return;
    struct str shown = attach_shown(a, n != NULL ? n : attach_first(a));
    if (n == NULL)
        finding_add(findings, id, content_place(a->o), "the bytes are %s; " STR_FMT,
                    file_type_name(kind), STR_ARG(shown));
    else
        finding_add(findings, id, content_place(a->o), STR_FMT " ends in ." STR_FMT "%s%s",
                    STR_ARG(shown), STR_ARG(n->extension), program ? "; the bytes are " : "",
                    program ? file_type_name(kind) : "");
}

static void check_risky(const struct attach *a)
{
    const struct name *n = find_listed(a, LIST_EXTENSIONS_RISKY);
    if (n == NULL || is_document(parent_kind(a)))
        return;
    struct str shown = attach_shown(a, n);
    finding_add(&a->c->report->findings, FINDING_ATTACH_EXTENSION_RISKY, content_place(a->o),
                STR_FMT " ends in ." STR_FMT, STR_ARG(shown), STR_ARG(n->extension));
}

/* The three tricks with a name, each with its own id for payloads; for members they are one. */
static void tell(const struct attach *a, enum finding_id id, const struct name *n, const char *what)
{
    struct str shown = attach_shown(a, n);
    finding_add(&a->c->report->findings, a->is_member ? FINDING_ARCHIVE_MEMBER_NAME : id,
                content_place(a->o), STR_FMT " %s", STR_ARG(shown), what);
}

static void check_tricks(const struct attach *a)
{
    bool told[3] = {false};
    for (size_t i = 0; i < a->n_names; i++) {
        const struct name *n = &a->names[i].name;
        bool decoy = n->previous.n > 0 && n->extension.n > 0 &&
                     content_lists_has(a->lists, LIST_EXTENSIONS_DECOY, n->previous) &&
                     is_active(a, n->extension);
        if (decoy && !told[0])
            tell(a, FINDING_ATTACH_EXTENSION_DOUBLE, n, "looks like another kind of file");
        if (n->bidi != 0 && !told[1])
            tell(a, FINDING_ATTACH_NAME_BIDI, n, "turns the direction of its own text");
        if ((n->hidden != 0 || n->blanks >= NAME_MANY_BLANKS) && !told[2])
            tell(a, FINDING_ATTACH_NAME_HIDDEN, n,
                 n->hidden != 0 ? "holds characters that show nothing"
                                : "pushes its extension out of sight");
        told[0] |= decoy;
        told[1] |= n->bidi != 0;
        told[2] |= n->hidden != 0 || n->blanks >= NAME_MANY_BLANKS;
    }
}

enum { CLASS_NONE = -1, CLASS_DANGEROUS = -2, CLASS_RISKY = -3, CLASS_MACRO = -4 };

/* What opening a file of this extension means: our classes, else the enum file_class of the bytes
 * that it should have. */
static int extension_class(const struct attach *a, struct str extension)
{
    static const struct {
        enum content_list list;
        int class;
    } listed[] = {{LIST_EXTENSIONS_DANGEROUS, CLASS_DANGEROUS},
                  {LIST_EXTENSIONS_RISKY, CLASS_RISKY},
                  {LIST_EXTENSIONS_MACRO, CLASS_MACRO}};
    for (size_t i = 0; i < ARRAY_LEN(listed); i++)
        if (content_lists_has(a->lists, listed[i].list, extension))
            return listed[i].class;
    const struct file_type_set *types =
        content_lists_types(a->lists, LIST_EXTENSION_TYPES, extension);
    for (unsigned t = FILE_TEXT; types != NULL && t < FILE_TYPE_COUNT; t++)
        if (file_type_set_has(types, (enum file_type)t))
            return (int)file_type_class((enum file_type)t);
    return CLASS_NONE;
}

static const struct {
    const char *label;
    int family; /* forms of one parameter are of one family */
} forms[NAME_FORM_COUNT] = {
    [NAME_DISPOSITION] = {"filename", 1},      [NAME_DISPOSITION_2231] = {"filename*", 1},
    [NAME_DISPOSITION_2047] = {"filename", 1}, [NAME_TYPE] = {"name", 2},
    [NAME_TYPE_2231] = {"name*", 2},           [NAME_TYPE_2047] = {"name", 2},
    [NAME_LAST] = {"a second one", 3},         [NAME_LENIENT] = {"read forgivingly", 4},
    [NAME_ENCODED] = {"in the encoding", 5},
};

static bool has_encoded_word(struct str text)
{
    return str_search(text, STR("=?")) < text.n;
}

/* The undecoded form of an encoded word is no second name beside the decoded one. */
static bool is_undecoded(const struct attach *a, const struct attach_name *n)
{
    bool encoded = has_encoded_word(n->name.text);
    for (size_t i = 0; encoded && i < a->n_names; i++)
        if (forms[a->names[i].form].family == forms[n->form].family &&
            !has_encoded_word(a->names[i].name.text))
            return true;
    return false;
}

/* "my" is what strict readers see of an unquoted "my file.pdf": sloppy, no second name. */
static bool is_cut_at_blank(const struct name *a, const struct name *b)
{
    const struct name *s = a->clean.n < b->clean.n ? a : b, *l = s == a ? b : a;
    return str_starts(l->clean, s->clean) && l->clean.n > s->clean.n &&
           (l->clean.p[s->clean.n] == ' ' || l->clean.p[s->clean.n] == ';') && s->extension.n == 0;
}

static bool is_active_class(int class)
{
    return class == CLASS_DANGEROUS || class == CLASS_RISKY;
}

static bool tell_conflict(const struct attach *a, const struct attach_name *x,
                          const struct attach_name *y)
{
    int class_x = extension_class(a, x->name.extension);
    int class_y = extension_class(a, y->name.extension);
    bool active = is_active_class(class_x) || is_active_class(class_y);
    if (name_is_same(a->c->arena, &x->name, &y->name) ||
        (!active && is_cut_at_blank(&x->name, &y->name)))
        return false;
    struct str shown_x = attach_shown(a, &x->name), shown_y = attach_shown(a, &y->name);
    struct finding *f =
        finding_add(&a->c->report->findings, FINDING_ATTACH_NAME_CONFLICT, content_place(a->o),
                    STR_FMT " (%s), but " STR_FMT " (%s)", STR_ARG(shown_x), forms[x->form].label,
                    STR_ARG(shown_y), forms[y->form].label);
    bool both = x->name.extension.n > 0 && y->name.extension.n > 0;
    if (class_x != class_y && (both || active))
        finding_raise(f, SEV_HIGH);
    return true;
}

/* What only forgiving readers see is often an honest name half read ("UTF-8''a.txt", the first
 * piece of two): it counts when it means another kind of file. */
static bool is_other_kind(const struct attach *a, const struct attach_name *n,
                          const struct attach_name *first)
{
    return n->form != NAME_LENIENT || (extension_class(a, n->name.extension) != CLASS_NONE &&
                                       !str_eq(n->name.extension, first->name.extension));
}

/* The name that the others are compared with: the first that stands there by the letter. */
static const struct attach_name *reference_name(const struct attach *a)
{
    const struct attach_name *lenient = NULL;
    for (size_t i = 0; i < a->n_names; i++) {
        const struct attach_name *n = &a->names[i];
        if (n->form != NAME_LENIENT && !is_undecoded(a, n))
            return n;
        if (lenient == NULL && n->form == NAME_LENIENT)
            lenient = n;
    }
    return lenient;
}

/* One finding a part; a name whose class differs is told before others. */
static void check_conflict(const struct attach *a)
{
    const struct attach_name *first = reference_name(a), *other = NULL;
    for (size_t i = 0; i < a->n_names && first != NULL && !a->is_member; i++) {
        const struct attach_name *n = &a->names[i];
        if (n == first || is_undecoded(a, n) || !is_other_kind(a, n, first))
            continue;
        if (extension_class(a, n->name.extension) != extension_class(a, first->name.extension) &&
            tell_conflict(a, first, n))
            return;
        if (other == NULL && !name_is_same(a->c->arena, &first->name, &n->name))
            other = n;
    }
    if (other != NULL)
        tell_conflict(a, first, other);
}

void attach_names(struct attach *a)
{
    check_dangerous(a);
    check_risky(a);
    check_tricks(a);
    check_conflict(a);
}
