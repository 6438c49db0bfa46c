/* The union of all views of a message. One walk is enough for mail that everybody reads alike: the
 * strict walk knows whether it met anything that another reader could take in another way. */
#include <stdlib.h>

#include "mime/view_internal.h"

enum { ALL_VIEWS = (1 << VIEW_COUNT) - 1 };

const char *mime_view_name(enum mime_view v)
{
    static const char *const names[VIEW_COUNT] = {[VIEW_STRICT] = "strict",
                                                  [VIEW_FIRST] = "first",
                                                  [VIEW_LAST] = "last",
                                                  [VIEW_LENIENT] = "lenient"};
    return (unsigned)v < VIEW_COUNT ? names[v] : "?";
}

const char *mime_name_form_name(enum mime_name_form f)
{
    static const char *const names[NAME_FORM_COUNT] = {
        [NAME_DISPOSITION] = "disposition",
        [NAME_DISPOSITION_2231] = "disposition-rfc2231",
        [NAME_DISPOSITION_2047] = "disposition-rfc2047",
        [NAME_TYPE] = "type",
        [NAME_TYPE_2231] = "type-rfc2231",
        [NAME_TYPE_2047] = "type-rfc2047",
        [NAME_LAST] = "last",
        [NAME_LENIENT] = "lenient",
        [NAME_ENCODED] = "encoded",
    };
    return (unsigned)f < NAME_FORM_COUNT ? names[f] : "?";
}

static void walk_all(struct taker *t, bool every_view)
{
    struct region whole = {.bytes = t->raw,
                           .length = t->raw.n,
                           .path = STR(""),
                           .structural = true,
                           .views = ALL_VIEWS};
    struct region *kept = arena_new(t->arena, struct region, 1);
    t->no_memory |= kept == NULL;
    if (kept == NULL)
        return;
    *kept = whole;
    walk_view(t, kept, VIEW_STRICT);
    t->doubt |= every_view;
    if (!t->doubt) {
        for (size_t i = 0; i < t->n; i++)
            t->slots[i].p.views = ALL_VIEWS;
        return;
    }
    for (struct region *r = kept; r != NULL && !t->no_memory; r = r == kept ? t->first : r->next) {
        for (enum mime_view v = VIEW_STRICT; v < VIEW_LENIENT; v++)
            if ((r->views & 1u << v) != 0 && !(r == kept && v == VIEW_STRICT))
                walk_view(t, r, v);
        walk_mixed(t, r);
        walk_lenient(t, r);
    }
}

/* In the order of the raw message; what begins at one place in the order of the views. */
static int by_place(const void *left, const void *right)
{
    const struct slot *a = *(struct slot *const *)left, *b = *(struct slot *const *)right;
    if (a->p.offset != b->p.offset)
        return a->p.offset < b->p.offset ? -1 : 1;
    return (a > b) - (a < b);
}

/* In the order of the raw message. What the lenient view alone gives has no number: it is told by
 * the part that it stands in or behind. */
static struct slot **sorted_slots(struct taker *t)
{
    struct slot **list = arena_new(t->arena, struct slot *, t->n);
    struct str path = STR("");
    t->no_memory |= list == NULL;
    if (list == NULL)
        return NULL;
    for (size_t i = 0; i < t->n; i++)
        list[i] = &t->slots[i];
    qsort(list, t->n, sizeof *list, by_place);
    for (size_t i = 0; i < t->n; i++) {
        if (list[i]->p.views == 1u << VIEW_LENIENT && list[i]->p.path.n == 0)
            list[i]->p.path = path;
        else
            path = list[i]->p.path;
    }
    return list;
}

static bool write_out(struct taker *t, struct slot **list, struct mime_union *out)
{
    struct mime_payload *payloads = arena_new(t->arena, struct mime_payload, t->n);
    for (size_t i = 0; payloads != NULL && i < t->n; i++) {
        payloads[i] = list[i]->p;
        payloads[i].names = list[i]->names.items;
        payloads[i].n_names = list[i]->names.n;
    }
    out->payloads = payloads;
    out->n = t->n;
    return payloads != NULL;
}

int union_read(struct arena *arena, const struct message *m, bool every_view,
               struct finding_list *findings, struct mime_union *out, struct mp_err *err)
{
    struct taker t = {.arena = arena,
                      .findings = findings,
                      .raw = m->raw,
                      .lf_only = message_has(m, ANOMALY_LF_ONLY),
                      .mixed_ends = message_has(m, ANOMALY_BARE_LF_HEADER) ||
                                    message_has(m, ANOMALY_BARE_LF_BODY)};
    struct mime_union u = {0};
    t.odd_work = MIME_ODD_WORK_BYTES;
    t.decoded_max = m->raw.n * MIME_UNION_MAX_GROWTH + MIME_UNION_SPARE_BYTES;
    t.buckets = arena_new(arena, uint32_t, UNION_BUCKETS);
    buf_init(&t.scratch, t.decoded_max);
    t.no_memory = t.buckets == NULL;
    if (!t.no_memory)
        walk_all(&t, every_view);
    struct slot **list = t.no_memory ? NULL : sorted_slots(&t);
    u.ambiguous = list != NULL && views_compare(&t);
    bool ok = list != NULL && !t.no_memory && write_out(&t, list, &u);
    buf_clear(&t.scratch);
    if (!ok)
        return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
    u.complete = !t.cut;
    *out = u;
    return MP_OK;
}

int mime_union_read(struct arena *arena, const struct message *m, struct finding_list *findings,
                    struct mime_union *out, struct mp_err *err)
{
    return union_read(arena, m, false, findings, out, err);
}
