/* Remedies as lists of edits, and as lines to publish. */
#include "posture/fix.h"

#include "base/buf.h"
#include "dns/zone.h"

enum { FIX_TEXT_MAX = 256 * 1024 };

void fix_list_init(struct fix_list *l, struct arena *a)
{
    *l = (struct fix_list){.arena = a};
}

static bool make_room(struct fix_list *l)
{
    enum { FIRST = 8 };
    if (l->n < l->cap)
        return true;
    if (l->n == FIXES_MAX)
        return false;
    size_t cap = l->cap == 0 ? FIRST : l->cap * 2;
    cap = cap < FIXES_MAX ? cap : FIXES_MAX;
    struct fix *items = arena_grow(l->arena, l->items, l->n, cap, sizeof *items);
    if (items == NULL)
        return false;
    l->items = items;
    l->cap = cap;
    return true;
}

struct fix *fix_new(struct fix_list *l, const struct finding_list *findings,
                    const struct finding *f)
{
    if (f == NULL || !make_room(l))
        return NULL;
    struct fix *x = &l->items[l->n++];
    memset(x, 0, sizeof *x);
    x->finding = (size_t)(f - findings->items);
    return x;
}

void fix_edit_add(struct fix *x, enum fix_op op, struct str name, enum dns_type type,
                  struct str data)
{
    if (x == NULL || x->broken)
        return;
    /* Half a remedy is worse than none: also when the text of an edit could not be made. */
    x->broken = x->n == FIX_MAX_EDITS || name.p == NULL || (op != FIX_REMOVE_ALL && data.p == NULL);
    if (x->broken) {
        x->n = 0;
        return;
    }
    x->edits[x->n++] = (struct fix_edit){.op = op, .type = type, .name = name, .data = data};
}

/* ---- as text ---- */

static void add_record(struct buf *out, const struct fix_edit *e)
{
    char name[DNS_NAME_TEXT_MAX];
    buf_add(out, str_make(name, dns_name_text(e->name, name, sizeof name)));
    buf_addc(out, ' ');
    buf_addz(out, dns_type_name(e->type));
    if (e->op == FIX_REMOVE_ALL)
        return;
    buf_addc(out, ' ');
    if (e->type == DNS_TXT)
        dns_zone_write_txt(out, e->data);
    else
        buf_add(out, e->data);
}

/* Lines of a file as they are read on a screen: CR is the server's business. */
static void add_file(struct buf *out, const struct fix_edit *e)
{
    buf_addz(out, "serve ");
    buf_add(out, e->name);
    buf_addz(out, ":\n");
    struct str body = e->data;
    while (body.n > 0 && is_fws(body.p[body.n - 1]))
        body.n--;
    for (size_t i = 0; i < body.n; i++)
        if (body.p[i] != '\r')
            buf_addc(out, body.p[i]);
}

struct str fix_text(struct arena *a, const struct fix *x)
{
    struct buf out;
    buf_init(&out, FIX_TEXT_MAX);
    for (size_t i = 0; i < x->n; i++) {
        const struct fix_edit *e = &x->edits[i];
        if (i > 0)
            buf_addc(&out, '\n');
        if (e->op == FIX_FILE) {
            add_file(&out, e);
            continue;
        }
        if (e->op != FIX_ADD)
            buf_addz(&out, "remove ");
        add_record(&out, e);
    }
    struct str text = out.failed ? STR_NONE : arena_copy(a, buf_str(&out));
    buf_clear(&out);
    return text;
}
