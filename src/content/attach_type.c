/* The bytes beside what the name and the declared type say they are. */
#include "base/buf.h"
#include "content/attach_internal.h"

/* A set of types says something: do the bytes contradict it? Types of one class may stand for each
 * other. */
static bool has_class(const struct file_type_set *types, enum file_class class)
{
    for (unsigned t = 0; t < FILE_TYPE_COUNT; t++)
        if (file_type_set_has(types, (enum file_type)t) &&
            file_type_class((enum file_type)t) == class)
            return true;
    return false;
}

static bool is_lie(const struct file_type_set *types, enum file_type kind)
{
    return types != NULL && !file_type_set_has(types, kind) &&
           !has_class(types, file_type_class(kind));
}

/* Behind the name of a picture or document something that acts. */
static bool is_grave(const struct file_type_set *types, enum file_type kind)
{
    enum file_class class = file_type_class(kind);
    return (class == FILE_CLASS_EXECUTABLE || class == FILE_CLASS_HTML ||
            class == FILE_CLASS_ARCHIVE) &&
           (has_class(types, FILE_CLASS_IMAGE) || has_class(types, FILE_CLASS_DOCUMENT));
}

/* The first 16 bytes, as they are read: printable ones as text, others as \xNN. */
static struct str head_of(struct arena *arena, struct str bytes)
{
    enum { SHOWN = 16 };
    struct buf b;
    bytes = str_slice(bytes, 0, SHOWN);
    buf_init(&b, SHOWN * 4 + 1);
    for (size_t i = 0; i < bytes.n; i++) {
        unsigned char c = (unsigned char)bytes.p[i];
        if (c >= ' ' && c < 0x7f)
            buf_addc(&b, (char)c);
        else
            buf_addf(&b, "\\x%02x", c);
    }
    struct str shown = arena_copy(arena, buf_str(&b));
    buf_clear(&b);
    return shown;
}

static const struct file_type_set *declared_types(const struct attach *a)
{
    char text[CONTENT_LIST_MAX_KEY];
    size_t n = a->o->type.n + 1 + a->o->subtype.n;
    if (a->o->type.n == 0 || n > sizeof text)
        return NULL;
    memcpy(text, a->o->type.p, a->o->type.n);
    text[a->o->type.n] = '/';
    if (a->o->subtype.n > 0)
        memcpy(text + a->o->type.n + 1, a->o->subtype.p, a->o->subtype.n);
    return content_lists_types(a->lists, LIST_MIME_TYPES, str_make(text, n));
}

static void tell(const struct attach *a, const struct name *n, bool grave)
{
    struct str shown = attach_shown(a, n), head = head_of(a->c->arena, a->o->bytes);
    struct finding *f =
        finding_add(&a->c->report->findings, FINDING_ATTACH_TYPE_MISMATCH, content_place(a->o),
                    STR_FMT "%s" STR_FMT "%s" STR_FMT ": the bytes are %s, beginning with " STR_FMT,
                    STR_ARG(shown), a->is_member ? "" : ", declared ", STR_ARG(a->o->type),
                    a->is_member ? "" : "/", STR_ARG(a->o->subtype), file_type_name(a->o->kind),
                    STR_ARG(head));
    if (grave)
        finding_raise(f, SEV_HIGH);
}

/* One lie a part: by the name when that claims something, else by the declared type. What is
 * dangerous by its name claims the worst already. */
static void check_mismatch(const struct attach *a)
{
    const struct file_type_set *declared = declared_types(a);
    enum file_type kind = a->o->kind;
    bool claimed = false;
    for (size_t i = 0; i < a->n_names; i++) {
        const struct name *n = &a->names[i].name;
        const struct file_type_set *types =
            content_lists_types(a->lists, LIST_EXTENSION_TYPES, n->extension);
        bool dangerous = content_lists_has(a->lists, LIST_EXTENSIONS_DANGEROUS, n->extension);
        claimed |= dangerous || types != NULL;
        if (dangerous || types == NULL)
            continue;
        bool grave = is_lie(types, kind) && is_grave(types, kind);
        if (grave || (is_lie(types, kind) && (declared == NULL || is_lie(declared, kind)))) {
            tell(a, n, grave);
            return;
        }
    }
    if (!claimed && is_lie(declared, kind) && !attach_is_body(a))
        tell(a, attach_first(a), is_grave(declared, kind));
}

/* An archive of one format under the extension of another; ACE and ARJ under any but their own. */
static void check_archive(const struct attach *a)
{
    enum file_type kind = a->o->kind;
    for (size_t i = 0; i < a->n_names; i++) {
        const struct name *n = &a->names[i].name;
        const struct file_type_set *types =
            content_lists_types(a->lists, LIST_EXTENSION_TYPES, n->extension);
        bool rare = kind == FILE_ACE || kind == FILE_ARJ;
        bool other = types != NULL ? !file_type_set_has(types, kind) : rare;
        if (!other || (types != NULL && !rare && !has_class(types, FILE_CLASS_ARCHIVE)))
            continue;
        struct str shown = attach_shown(a, n);
        finding_add(&a->c->report->findings, FINDING_ARCHIVE_TYPE_MISMATCH, content_place(a->o),
                    STR_FMT ": the bytes are %s", STR_ARG(shown), file_type_name(kind));
        return;
    }
}

void attach_type(struct attach *a)
{
    if (!a->o->has_bytes || a->o->kind == FILE_EMPTY)
        return;
    check_mismatch(a);
    if (file_type_class(a->o->kind) == FILE_CLASS_ARCHIVE)
        check_archive(a);
}
