/* The view: what one message asked, in order, and the answers pinned for it. */
#include "dns/dns_internal.h"

enum { SLOTS = 1024, LARGE_SLOTS = 8192, FIRST_ENTRIES = 16 };
_Static_assert(SLOTS >= 2 * DNS_VIEW_MAX_ANSWERS, "probing stays short, and always ends");
_Static_assert(LARGE_SLOTS >= 2 * DNS_VIEW_LARGE_ANSWERS, "the same for a whole domain");
_Static_assert(((SLOTS | LARGE_SLOTS) & (SLOTS - 1)) == 0 && (LARGE_SLOTS & (LARGE_SLOTS - 1)) == 0,
               "a mask picks the slot");

struct entry {
    struct dns_question question;
    uint32_t hash;
    struct dns_answer *answer; /* NULL: noted, not yet answered */
};

struct dns_view {
    struct arena *arena;
    dns_ready_fn *ready;
    void *ctx;
    struct entry *entries;
    size_t n, cap;
    size_t max_answers, n_slots;
    uint16_t *slots; /* index + 1 into entries; 0 is free */
};

static struct dns_view *view_new(struct arena *arena, dns_ready_fn *ready, void *ctx,
                                 size_t max_answers, size_t n_slots)
{
    struct dns_view *v = arena_new(arena, struct dns_view, 1);
    uint16_t *slots = arena_new(arena, uint16_t, n_slots);
    if (v == NULL || slots == NULL)
        return NULL;
    *v = (struct dns_view){.arena = arena,
                           .ready = ready,
                           .ctx = ctx,
                           .max_answers = max_answers,
                           .n_slots = n_slots,
                           .slots = slots};
    return v;
}

struct dns_view *dns_view_new(struct arena *arena, dns_ready_fn *ready, void *ctx)
{
    return view_new(arena, ready, ctx, DNS_VIEW_MAX_ANSWERS, SLOTS);
}

struct dns_view *dns_view_new_large(struct arena *arena, dns_ready_fn *ready, void *ctx)
{
    return view_new(arena, ready, ctx, DNS_VIEW_LARGE_ANSWERS, LARGE_SLOTS);
}

void dns_view_release(struct dns_view *v)
{
    if (v == NULL)
        return;
    for (size_t i = 0; i < v->n; i++)
        dns_answer_unref(v->entries[i].answer);
    v->n = 0;
    memset(v->slots, 0, v->n_slots * sizeof *v->slots);
}

/* Eight octets a step. Who makes names collide makes his own message walk 400 entries. */
static uint32_t question_hash(struct str name, enum dns_type type)
{
    uint64_t h = (uint64_t)type + name.n, word;
    for (; name.n >= sizeof word; name = str_slice(name, sizeof word, name.n)) {
        memcpy(&word, name.p, sizeof word);
        h = (h ^ word) * 0x9e3779b97f4a7c15u;
        h ^= h >> 32;
    }
    word = 0;
    memcpy(&word, name.n == 0 ? "" : name.p, name.n);
    h = (h ^ word) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(h >> 32);
}

/* The slot of the question, or the free one where it belongs. */
static uint16_t *find_slot(struct dns_view *v, struct str name, enum dns_type type, uint32_t hash)
{
    for (size_t at = hash & (v->n_slots - 1);; at = (at + 1) & (v->n_slots - 1)) {
        if (v->slots[at] == 0)
            return &v->slots[at];
        const struct entry *e = &v->entries[v->slots[at] - 1];
        if (e->hash == hash && e->question.type == type && str_eq(e->question.name, name))
            return &v->slots[at];
    }
}

static int add_entry(struct dns_view *v, uint16_t *slot, struct entry e, struct mp_err *err)
{
    if (v->n == v->max_answers)
        return mp_fail(err, MP_E_LIMIT, (int64_t)v->max_answers, "more than %zu DNS questions",
                       v->max_answers);
    if (v->n == v->cap) {
        size_t cap = v->cap == 0 ? FIRST_ENTRIES : v->cap * 2;
        struct entry *grown = arena_grow(v->arena, v->entries, v->n, cap, sizeof *grown);
        if (grown == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for another DNS question");
        v->entries = grown;
        v->cap = cap;
    }
    e.question.name = arena_copy(v->arena, e.question.name);
    if (e.question.name.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for another DNS question");
    v->entries[v->n++] = e;
    *slot = (uint16_t)v->n;
    return MP_OK;
}

/* The entry of a question. It is made on the first ask, with an answer if one is ready. */
static int find_entry(struct dns_view *v, struct str asked, enum dns_type type, struct entry **out,
                      struct mp_err *err)
{
    char lower[DNS_NAME_MAX];
    struct str name;
    const char *why = dns_name_lower(asked, lower, &name);
    struct entry e = {{name, type}, question_hash(name, type), NULL};
    uint16_t *slot = find_slot(v, name, type, e.hash);
    if (*slot == 0) {
        int st = add_entry(v, slot, e, err);
        if (st != MP_OK)
            return st;
        struct entry *made = &v->entries[*slot - 1];
        if (why != NULL)
            made->answer = dns_answer_unaskable(name, type, why);
        else if (v->ready != NULL)
            made->answer = v->ready(v->ctx, made->question.name, type);
        if (why != NULL && made->answer == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for a DNS answer");
    }
    *out = &v->entries[*slot - 1];
    return MP_OK;
}

int dns_ask(struct dns_view *v, struct str name, enum dns_type type, const struct dns_answer **out,
            struct mp_err *err)
{
    struct entry *e;
    int st = find_entry(v, name, type, &e, err);
    if (st != MP_OK)
        return st;
    if (e->answer == NULL)
        return MP_WAIT;
    *out = e->answer;
    return MP_OK;
}

void dns_prefetch(struct dns_view *v, struct str name, enum dns_type type)
{
    struct entry *e;
    (void)find_entry(v, name, type, &e, NULL);
}

bool dns_view_missing(const struct dns_view *v, size_t *cursor, struct dns_question *out)
{
    while (*cursor < v->n) {
        const struct entry *e = &v->entries[(*cursor)++];
        if (e->answer == NULL) {
            *out = e->question;
            return true;
        }
    }
    return false;
}

int dns_view_put(struct dns_view *v, struct str name, enum dns_type type, struct dns_answer *a)
{
    char lower[DNS_NAME_MAX];
    struct str normal;
    if (a == NULL)
        return MP_E_NOMEM;
    (void)dns_name_lower(name, lower, &normal);
    struct entry e = {{normal, type}, question_hash(normal, type), NULL};
    uint16_t *slot = find_slot(v, normal, type, e.hash);
    int st = *slot == 0 ? add_entry(v, slot, e, NULL) : MP_OK;
    if (st != MP_OK || v->entries[*slot - 1].answer != NULL)
        dns_answer_unref(a);
    else
        v->entries[*slot - 1].answer = a;
    return st;
}

size_t dns_view_count(const struct dns_view *v)
{
    return v->n;
}

const struct dns_answer *dns_view_at(const struct dns_view *v, size_t i)
{
    return i < v->n ? v->entries[i].answer : NULL;
}
