/* The loop over a document and the documents in it, and the lists of facts. */
#include "office/office_internal.h"
#include "office/text.h"

#include "base/bytes.h"
#include "base/inflate.h"
#include "base/utf8.h"

enum { MARKUP_WINDOW = 4096 };

/* Room for one more in a list of at most `max`. NULL: the limit, or no memory. */
static void *grow(struct reader *r, const void *list, size_t n, size_t *cap, size_t max,
                  size_t size)
{
    if (n == max) {
        r->o->cut = true;
        return NULL;
    }
    if (n < *cap)
        return (void *)(uintptr_t)list;
    size_t wanted = *cap == 0 ? 8 : *cap * 2;
    void *grown = arena_grow(r->arena, list, n, wanted, size);
    r->failed |= grown == NULL;
    *cap = grown != NULL ? wanted : *cap;
    return grown;
}

static struct str bounded(struct str s)
{
    return utf8_cut(s, OFFICE_MAX_TEXT_BYTES);
}

/* What is no UTF-8 is taken for windows-1252. */
static struct str readable(struct reader *r, struct str s)
{
    struct str out = text_code_page(r->arena, bounded(s), CODE_PAGE_LATIN);
    r->failed |= out.p == NULL;
    return out;
}

void add_macro(struct reader *r, struct office_macro m)
{
    struct office *o = r->o;
    struct office_macro *list =
        grow(r, o->macros, o->n_macros, &r->cap_macros, OFFICE_MAX_OBJECTS, sizeof *list);
    if (list == NULL)
        return;
    o->macros = list;
    list[o->n_macros++] = m;
}

void add_link(struct reader *r, struct str type, struct str target, bool external)
{
    struct office *o = r->o;
    struct office_link *list =
        grow(r, o->links, o->n_links, &r->cap_links, OFFICE_MAX_LINKS, sizeof *list);
    if (list == NULL)
        return;
    o->links = list;
    list[o->n_links++] = (struct office_link){bounded(type), readable(r, target), external};
}

void add_object(struct reader *r, struct office_object object)
{
    struct office *o = r->o;
    struct office_object *list =
        grow(r, o->objects, o->n_objects, &r->cap_objects, OFFICE_MAX_OBJECTS, sizeof *list);
    if (list == NULL)
        return;
    object.class = bounded(object.class);
    object.label = bounded(object.label);
    object.name = bounded(object.name);
    o->objects = list;
    list[o->n_objects++] = object;
}

static void add_text(struct reader *r, struct str **texts, size_t *n, size_t *cap, struct str what)
{
    what = readable(r, what);
    for (size_t i = 0; i < *n; i++)
        if (str_eq((*texts)[i], what))
            return;
    if (*n == OFFICE_MAX_FORMULAS) /* so many say what one more would say */
        return;
    struct str *list = grow(r, *texts, *n, cap, OFFICE_MAX_FORMULAS, sizeof *list);
    if (list == NULL)
        return;
    *texts = list;
    list[(*n)++] = what;
}

void add_dde(struct reader *r, struct str what)
{
    add_text(r, &r->o->dde, &r->o->n_dde, &r->cap_dde, what);
}

void add_xlm(struct reader *r, struct str what)
{
    add_text(r, &r->o->xlm, &r->o->n_xlm, &r->cap_xlm, what);
}

void read_later(struct reader *r, struct str bytes)
{
    if (!cfb_is(bytes) && !is_rtf(bytes))
        return;
    if (bytes.n > r->later_left) {
        r->o->cut = true;
        return;
    }
    r->later_left -= bytes.n;
    struct str *list =
        grow(r, r->later, r->n_later, &r->cap_later, OFFICE_MAX_NESTED, sizeof *list);
    if (list == NULL)
        return;
    r->later = list;
    list[r->n_later++] = bytes;
}

/* ---- zlib ---- */

/* RFC 1950 2.2. */
bool is_zlib(struct str in)
{
    return (byte_at(in, 0) & 0xf) == 8 && be16_at(in, 0) % 31 == 0 && in.n > 2;
}

struct str unpack_zlib(struct reader *r, struct str in)
{
    struct buf out;
    if (in.n == 0)
        return STR_NONE;
    buf_init(&out, r->unpack_left);
    enum inflated how = inflate_add(in, INFLATE_ZLIB, r->unpack_left, &out);
    r->o->cut |= how == INFLATED_CUT;
    r->o->damaged |= how == INFLATED_DAMAGED;
    r->unpack_left -= out.n;
    struct str kept = out.n > 0 ? arena_copy(r->arena, buf_str(&out)) : STR_NONE;
    r->failed |= out.n > 0 && kept.p == NULL;
    buf_clear(&out);
    return kept;
}

/* ---- the whole ---- */

static void read_active_mime(struct reader *r, struct str bytes)
{
    read_later(r, unpack_active_mime(r, bytes));
}

/* The first whose bytes these are reads them. */
static const struct {
    bool (*is)(struct str bytes);
    void (*read)(struct reader *r, struct str bytes);
} formats[] = {
    {cfb_is, read_compound}, {is_rtf, read_rtf},           {is_sylk, read_sylk},
    {is_biff, read_biff},    {is_notebook, read_notebook}, {is_active_mime, read_active_mime},
    {is_page, read_page},
};

static size_t format_of(struct str bytes)
{
    size_t i = 0;
    while (i < ARRAY_LEN(formats) && !formats[i].is(bytes))
        i++;
    return i;
}

bool office_looks(struct str bytes)
{
    return format_of(bytes) < ARRAY_LEN(formats);
}

bool office_is_markup(struct str bytes)
{
    struct str head = str_trim(str_slice(bytes, 0, MARKUP_WINDOW));
    return str_starts(head, STR("<")) || str_starts(head, STR("\xef\xbb\xbf<")) ||
           str_starts(bytes, STR("\xff\xfe<\0")) || str_starts(bytes, STR("\xfe\xff\0<")) ||
           str_starts(bytes, STR("<\0")) || str_starts(bytes, STR("\0<"));
}

static void read_one(struct reader *r, struct str bytes, enum office_as as)
{
    size_t format = format_of(bytes);
    if (as == OFFICE_CSV)
        read_csv(r, bytes);
    else if (as == OFFICE_BIFF12)
        read_biff12(r, bytes);
    else if (format < ARRAY_LEN(formats))
        formats[format].read(r, bytes);
    else if (office_is_markup(bytes))
        read_xml(r, bytes);
}

int office_read(struct arena *arena, struct str bytes, struct office_how how, struct office *out,
                struct mp_err *err)
{
    struct office found = {.arena = arena};
    struct reader r = {.o = &found,
                       .passwords = {how.passwords, how.n_passwords},
                       .arena = arena,
                       .unpack_left = OFFICE_MAX_NESTED_BYTES,
                       .later_left = OFFICE_MAX_NESTED_BYTES};
    read_one(&r, bytes, how.as);
    for (size_t i = 0; i < r.n_later && !r.failed; i++)
        read_one(&r, r.later[i], OFFICE_BY_BYTES);
    if (r.failed)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for an Office document");
    *out = found;
    return MP_OK;
}
