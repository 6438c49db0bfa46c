/* A run's outcome beside what was known: what is told, and what is remembered. */
#include <stdlib.h>

#include "monitor/monitor_internal.h"

enum {
    STATE_ARENA_BYTES = 64 << 20,
    OUTCOME_ARENA_FACTOR = 4,
    OUTCOME_ARENA_BYTES = 16 << 20,
    FATE_BYTES = 512
};

void monitor_complain(struct monitor *m, const struct mp_err *err)
{
    if (m->calls.failed != NULL)
        m->calls.failed(m->calls.ctx, err);
}

/* ---- remembering ---- */

void monitor_recall(struct monitor *m, struct tracked *t)
{
    struct mp_err err = {0};
    struct buf text;
    buf_init(&text, MONITOR_MAX_STATE_BYTES);
    arena_init(&t->arena, STATE_ARENA_BYTES);
    int st = m->calls.load == NULL ? MP_OK : m->calls.load(m->calls.ctx, t->key, &text, &err);
    struct str kept = text.n == 0 ? STR_NONE : arena_copy(&t->arena, buf_str(&text));
    if (st == MP_OK && kept.n > 0)
        st = target_state_read(&t->arena, kept, &t->state, &err);
    if (st != MP_OK)
        monitor_complain(m, &err);
    buf_clear(&text);
}

static void remember(struct monitor *m, const struct tracked *t)
{
    struct mp_err err = {0};
    struct buf text;
    if (m->calls.save == NULL)
        return;
    buf_init(&text, MONITOR_MAX_STATE_BYTES);
    target_state_write(&text, &t->state);
    int st = text.failed
                 ? mp_fail(&err, MP_E_LIMIT, 0, STR_FMT ": too much to remember", STR_ARG(t->key))
                 : m->calls.save(m->calls.ctx, t->key, buf_str(&text), &err);
    if (st != MP_OK)
        monitor_complain(m, &err);
    buf_clear(&text);
}

/* ---- the next state ---- */

/* The state of before and the cases of now, both sorted, become the state of now. */
struct merge {
    struct tracked *t;
    const struct monitor_run *run;
    struct monitor_case self; /* the run itself */
    bool self_done;
    int64_t now_ms;
    struct arena arena;
    struct target_state next;
    struct monitor_change *changes;
    size_t n_changes;
    bool open, starved;
};

static void keep(struct merge *g, const struct case_state *s)
{
    struct case_state *to = &g->next.cases[g->next.n];
    *to = *s;
    to->name = arena_copy(&g->arena, s->name);
    g->starved = g->starved || to->name.p == NULL;
    g->next.n++;
}

static void add(struct merge *g, const struct monitor_case *c)
{
    struct case_state fresh = {.name = c->name};
    const struct case_state *old = target_state_find(&g->t->state, c->name);
    struct monitor_change *change = &g->changes[g->n_changes];
    unsigned confirm = g->t->target->confirm == 0 ? 1 : g->t->target->confirm;
    keep(g, old == NULL ? &fresh : old);
    struct case_state *s = &g->next.cases[g->next.n - 1];
    if (case_state_add(s, c, confirm, g->now_ms, change)) {
        change->name = c->name;
        change->text = c->text;
        g->n_changes++;
    }
    g->open = g->open || case_state_is_open(s, confirm);
}

/* The next by name of all cases of now, the run itself among them; NULL: no more. */
static const struct monitor_case *next_case(struct merge *g, size_t *i)
{
    const struct monitor_run *r = g->run;
    while (*i < r->n_cases && str_eq(r->cases[*i].name, g->self.name))
        ++*i; /* its name is taken */
    const struct monitor_case *c = *i < r->n_cases ? &r->cases[*i] : NULL;
    if (!g->self_done && (c == NULL || str_cmp(g->self.name, c->name) < 0)) {
        g->self_done = true;
        return &g->self;
    }
    ++*i;
    return c;
}

/* Cases that a whole run does not have any more are forgotten; one that broke forgets nothing. */
static void merge(struct merge *g)
{
    const struct target_state *old = &g->t->state;
    size_t i = 0, k = 0;
    for (const struct monitor_case *c = next_case(g, &i); c != NULL; c = next_case(g, &i)) {
        for (; k < old->n && str_cmp(old->cases[k].name, c->name) <= 0; k++)
            if (!g->run->whole && !str_eq(old->cases[k].name, c->name))
                keep(g, &old->cases[k]);
        add(g, c);
    }
    for (; k < old->n && !g->run->whole; k++)
        keep(g, &old->cases[k]);
}

static int next_state(struct merge *g, struct mp_err *err)
{
    size_t most = g->t->state.n + g->run->n_cases + 1;
    arena_init(&g->arena, STATE_ARENA_BYTES);
    g->next.ran_ms = g->run->started_ms;
    g->next.cases = arena_new(&g->arena, struct case_state, most);
    g->changes = calloc(g->run->n_cases + 2, sizeof *g->changes);
    g->starved = g->next.cases == NULL || g->changes == NULL;
    if (!g->starved)
        merge(g);
    if (g->next.n > MONITOR_MAX_CASES + 1) /* of runs that broke, under ever new names */
        g->next.n = MONITOR_MAX_CASES + 1;
    return g->starved ? mp_fail(err, MP_E_NOMEM, 0, STR_FMT ": no memory for its state",
                                STR_ARG(g->t->key))
                      : MP_OK;
}

/* ---- telling ---- */

static enum monitor_result worst_of(const struct outcome *o, bool whole)
{
    enum monitor_result worst = whole ? MONITOR_UNKNOWN : MONITOR_UNDECIDED;
    static const int badness[] = {0, 1, 3, 2};
    for (size_t i = 0; i < o->n; i++)
        if (badness[o->cases[i].result] > badness[worst])
            worst = o->cases[i].result;
    return worst;
}

static int tell(struct monitor *m, struct tracked *t, const struct monitor_run *r, int64_t now_ms,
                bool *open, struct mp_err *err)
{
    struct merge g = {.t = t, .run = r, .now_ms = now_ms};
    g.self = (struct monitor_case){.name = STR(MONITOR_RUN_NAME),
                                   .text = r->why,
                                   .result = r->whole ? MONITOR_PASSED : MONITOR_UNDECIDED,
                                   .duration_ms = r->duration_ms};
    int st = next_state(&g, err);
    if (st == MP_OK) {
        m->calls.ran(m->calls.ctx, t->target, r);
        for (size_t i = 0; i < g.n_changes; i++)
            m->calls.changed(m->calls.ctx, t->target, &g.changes[i]);
        arena_clear(&t->arena);
        t->arena = g.arena;
        t->state = g.next;
        *open = g.open;
        remember(m, t);
    } else
        arena_clear(&g.arena);
    free(g.changes);
    return st;
}

int monitor_record(struct monitor *m, struct tracked *t, const struct ended *e, bool *open,
                   struct mp_err *err)
{
    struct outcome o = {0};
    struct mp_err why = {0};
    struct arena arena;
    arena_init(&arena, e->out.n * OUTCOME_ARENA_FACTOR + OUTCOME_ARENA_BYTES);
    int st = outcome_read(&arena, t->target->kind, e->out, &o, &why);
    if (st == MP_OK && o.n + o.skipped == 0)
        st = mp_fail(&why, MP_E_SYNTAX, 0, "no result");
    struct monitor_run r = {.started_ms = e->started_ms,
                            .duration_ms = e->duration_ms,
                            .whole = st == MP_OK && e->fate[0] == '\0',
                            .cases = o.cases,
                            .n_cases = o.n,
                            .grade = o.grade,
                            .findings = o.findings};
    r.why = e->fate[0] != '\0' ? str_from(e->fate) : st != MP_OK ? str_from(why.text) : STR("");
    r.result = worst_of(&o, r.whole);
    if (r.whole && o.n == 0)
        r.why = STR("every case is skipped");
    st = tell(m, t, &r, e->now_ms, open, err);
    arena_clear(&arena);
    return st;
}
