/* Facts that are not DNS: asked for, noted when missing, kept for the audit; or taken from a remedy
 * that is tried out. */
#include "posture/posture_internal.h"

struct fact {
    struct fact_question question;
    const struct https_fact *https; /* both NULL: noted, not yet known */
    const struct smtp_fact *smtp;
};

struct fact_view {
    struct arena *arena;
    struct fact *items;
    size_t n, cap;
    struct fact_view *below; /* NULL unless this is an overlay */
    const struct fix *fix;
    struct https_fact *served; /* by edit of the fix */
};

struct fact_view *fact_view_new(struct arena *a)
{
    struct fact_view *v = arena_new(a, struct fact_view, 1);
    if (v != NULL)
        v->arena = a;
    return v;
}

struct fact_view *posture_fact_overlay(struct arena *a, struct fact_view *below,
                                       const struct fix *fix)
{
    struct fact_view *v = fact_view_new(a);
    if (v == NULL)
        return NULL;
    v->served = arena_new(a, struct https_fact, fix->n + 1);
    if (v->served == NULL)
        return NULL;
    v->below = below;
    v->fix = fix;
    for (size_t i = 0; i < fix->n; i++)
        v->served[i] = (struct https_fact){.fetched = true,
                                           .fault = "",
                                           .status = 200,
                                           .body = fix->edits[i].data,
                                           .content_type = STR("text/plain")};
    return v;
}

/* Host names compare without case and final dot; a URL is one string. */
static bool same_question(const struct fact_question *a, const struct fact_question *b)
{
    if (a->kind != b->kind)
        return false;
    return a->kind == FACT_SMTP ? domain_eq(a->key, b->key) : str_eq(a->key, b->key);
}

static struct fact *find(const struct fact_view *v, const struct fact_question *q)
{
    for (size_t i = 0; i < v->n; i++)
        if (same_question(&v->items[i].question, q))
            return &v->items[i];
    return NULL;
}

static int add(struct fact_view *v, struct fact_question q, struct fact **out, struct mp_err *err)
{
    enum { FIRST = 16 };
    if (v->n == FACTS_MAX)
        return mp_fail(err, MP_E_LIMIT, FACTS_MAX, "more than %d files and hosts to look at",
                       FACTS_MAX);
    if (v->n == v->cap) {
        size_t cap = v->cap == 0 ? FIRST : v->cap * 2;
        struct fact *grown = arena_grow(v->arena, v->items, v->n, cap, sizeof *grown);
        if (grown == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for another file or host");
        v->items = grown;
        v->cap = cap;
    }
    q.key = arena_copy(v->arena, q.key);
    if (q.key.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for another file or host");
    v->items[v->n] = (struct fact){.question = q};
    *out = &v->items[v->n++];
    return MP_OK;
}

static int ask(struct fact_view *v, struct fact_question q, struct fact **out, struct mp_err *err)
{
    *out = find(v, &q);
    return *out != NULL ? MP_OK : add(v, q, out, err);
}

int fact_https(struct fact_view *v, struct str url, const struct https_fact **out,
               struct mp_err *err)
{
    for (; v->below != NULL; v = v->below)
        for (size_t i = 0; i < v->fix->n; i++)
            if (v->fix->edits[i].op == FIX_FILE && str_eq(v->fix->edits[i].name, url)) {
                *out = &v->served[i];
                return MP_OK;
            }
    struct fact *f;
    int st = ask(v, (struct fact_question){FACT_HTTPS, url}, &f, err);
    if (st != MP_OK)
        return st;
    if (f->https == NULL)
        return MP_WAIT;
    *out = f->https;
    return MP_OK;
}

int fact_smtp(struct fact_view *v, struct str host, const struct smtp_fact **out,
              struct mp_err *err)
{
    while (v->below != NULL)
        v = v->below;
    struct fact *f;
    int st = ask(v, (struct fact_question){FACT_SMTP, host}, &f, err);
    if (st != MP_OK)
        return st;
    if (f->smtp == NULL)
        return MP_WAIT;
    *out = f->smtp;
    return MP_OK;
}

bool fact_missing(const struct fact_view *v, size_t *cursor, struct fact_question *out)
{
    while (v->below != NULL)
        v = v->below;
    while (*cursor < v->n) {
        const struct fact *f = &v->items[(*cursor)++];
        if (f->https == NULL && f->smtp == NULL) {
            *out = f->question;
            return true;
        }
    }
    return false;
}

int fact_put_https(struct fact_view *v, struct str url, const struct https_fact *f)
{
    struct fact *slot;
    int st = ask(v, (struct fact_question){FACT_HTTPS, url}, &slot, NULL);
    if (st != MP_OK || slot->https != NULL)
        return st;
    struct https_fact *copy = arena_new(v->arena, struct https_fact, 1);
    if (copy == NULL)
        return MP_E_NOMEM;
    *copy = *f;
    if (copy->fault == NULL)
        copy->fault = "";
    slot->https = copy;
    return MP_OK;
}

int fact_put_smtp(struct fact_view *v, struct str host, const struct smtp_fact *f)
{
    struct fact *slot;
    int st = ask(v, (struct fact_question){FACT_SMTP, host}, &slot, NULL);
    if (st != MP_OK || slot->smtp != NULL)
        return st;
    struct smtp_fact *copy = arena_new(v->arena, struct smtp_fact, 1);
    if (copy == NULL)
        return MP_E_NOMEM;
    *copy = *f;
    if (copy->fault == NULL)
        copy->fault = "";
    slot->smtp = copy;
    return MP_OK;
}
