/* Tests to cases: the combinations of a matrix, the rows of a table, names for all of them. */
#include "suite/plan.h"
#include "suite/keys.h"

/* A test whose cases are made. */
struct planning {
    struct decoder *d;
    const struct node *test;
    struct str name;
    size_t index;
    const struct node *rows[SUITE_MAX_CASES];
    size_t n_rows; /* 0: no table */
    struct {
        struct str name;
        struct suite_place at;
        const struct node *values; /* a list */
    } axes[SUITE_MAX_AXES];
    size_t n_axes;
};

static const struct node *find(const struct node *map, const char *key)
{
    const struct pair *p = node_find(map, str_from(key));
    return p == NULL ? NULL : p->value;
}

/* ---- matrix and table ---- */

static bool read_axes(struct planning *p)
{
    struct node room, *list;
    const struct node *matrix = find(p->test, "matrix");
    struct shown word;
    if (matrix == NULL)
        return true;
    if (matrix->kind != NODE_MAP || matrix->n == 0 || matrix->n > SUITE_MAX_AXES) {
        problem(p->d, &matrix->at, "a matrix is a mapping of 1 to %d names to lists",
                SUITE_MAX_AXES);
        return false;
    }
    for (size_t i = 0; i < matrix->n; i++) {
        const struct pair *axis = &matrix->pairs[i];
        const struct node *values = resolve_node(p->d, axis->value, &room);
        if (!is_plain_name(axis->key)) {
            problem(p->d, &axis->at, "'%s': names have letters, digits, '_' and '-'",
                    shown(axis->key, &word));
            return false;
        }
        if (values->kind != NODE_LIST || values->n == 0) {
            problem(p->d, &values->at, "a list of values is wanted here");
            return false;
        }
        list = arena_new(p->d->arena, struct node, 1);
        if (list == NULL)
            return out_of_memory(p->d) == MP_OK;
        *list = *values;
        p->axes[p->n_axes].name = axis->key;
        p->axes[p->n_axes].at = axis->at;
        p->axes[p->n_axes++].values = list;
    }
    return true;
}

static bool read_rows(struct planning *p)
{
    struct node room;
    const struct node *table = find(p->test, "table");
    if (table == NULL)
        return true;
    table = resolve_node(p->d, table, &room);
    if (table->kind != NODE_LIST || table->n == 0 || table->n > SUITE_MAX_CASES) {
        problem(p->d, &table->at, "a table is a list of 1 to %d rows", SUITE_MAX_CASES);
        return false;
    }
    for (size_t i = 0; i < table->n; i++) {
        if (table->items[i]->kind != NODE_MAP) {
            problem(p->d, &table->items[i]->at, "a row is a mapping of keys");
            return false;
        }
        p->rows[p->n_rows++] = table->items[i];
    }
    return true;
}

/* ---- a row over the test ---- */

static struct node *map_of(struct decoder *d, const struct node *like, size_t cap)
{
    struct node *n = arena_new(d->arena, struct node, 1);
    struct pair *pairs = arena_new(d->arena, struct pair, cap + SUITE_VERB_COUNT + 1);
    if (n == NULL || pairs == NULL) {
        out_of_memory(d);
        return NULL;
    }
    *n = (struct node){
        .kind = NODE_MAP, .at = like->at, .pairs = pairs, .size = like->size, .depth = like->depth};
    return n;
}

/* The first of the test's verbs that has the key. */
static int verb_of_key(const struct node *test, const struct node *row, struct str key,
                       struct nearest *nearest)
{
    size_t offset;
    for (int v = 0; v < SUITE_VERB_COUNT; v++) {
        struct str name = str_from(suite_verb_name((enum suite_verb)v));
        if (node_find(test, name) == NULL && node_find(row, name) == NULL)
            continue;
        if (context_find(verb_context((enum suite_verb)v), key, &offset) != NULL)
            return v;
        context_nearest(verb_context((enum suite_verb)v), nearest);
    }
    return -1;
}

/* A key of the row goes to the test, or into one of its verbs. */
static bool place_key(struct planning *p, const struct node *row, const struct pair *key,
                      struct node *over, struct node *verbs[SUITE_VERB_COUNT])
{
    struct nearest nearest = {.wanted = key->key};
    size_t offset;
    if (str_eq(key->key, STR("name")))
        return true;
    if (str_eq(key->key, STR("matrix")) || str_eq(key->key, STR("table"))) {
        problem(p->d, &key->at, "a row has no matrix and no table");
        return false;
    }
    if (context_find(&context_test, key->key, &offset) != NULL) {
        over->pairs[over->n++] = *key;
        return true;
    }
    context_nearest(&context_test, &nearest);
    int v = verb_of_key(p->test, row, key->key, &nearest);
    if (v < 0) {
        problem_unknown(p->d, &key->at, "key", &nearest);
        return false;
    }
    const struct pair *verb = node_find(p->test, str_from(suite_verb_name((enum suite_verb)v)));
    if (verb != NULL && verb->value->kind != NODE_MAP) {
        problem(p->d, &key->at, "a row cannot change '%s', which is a list here",
                suite_verb_name((enum suite_verb)v));
        return false;
    }
    if (verbs[v] == NULL && (verbs[v] = map_of(p->d, row, row->n)) == NULL)
        return false;
    verbs[v]->pairs[verbs[v]->n++] = *key;
    return true;
}

static const struct node *lay_row(struct planning *p, const struct node *row)
{
    struct node *verbs[SUITE_VERB_COUNT] = {0}, *test = (struct node *)(uintptr_t)p->test;
    if (!visit(p->d, row, test->size + row->size))
        return NULL;
    struct node *over = map_of(p->d, row, row->n), *in_verbs = map_of(p->d, row, row->n);
    bool ok = over != NULL && in_verbs != NULL;
    for (size_t i = 0; ok && i < row->n; i++)
        ok = place_key(p, row, &row->pairs[i], over, verbs);
    if (!ok)
        return NULL;
    for (size_t v = 0; v < SUITE_VERB_COUNT; v++)
        if (verbs[v] != NULL)
            in_verbs->pairs[in_verbs->n++] =
                (struct pair){str_from(suite_verb_name((enum suite_verb)v)), verbs[v]->at,
                              verbs[v]};
    struct node *merged = node_merge(p->d->arena, test, over);
    merged = merged == NULL ? NULL : node_merge(p->d->arena, merged, in_verbs);
    if (merged == NULL)
        out_of_memory(p->d);
    else
        merged->at = row->at;
    return merged;
}

/* ---- one case ---- */

static bool add_axis(struct planning *p, size_t i, size_t number, struct variable *v,
                     struct buf *label)
{
    struct decoder *d = p->d;
    const struct node *value = p->axes[i].values->items[number];
    *v = (struct variable){.name = p->axes[i].name, .at = p->axes[i].at, .value = value};
    v->is_text = value->kind == NODE_SCALAR;
    if (i > 0)
        buf_addz(label, ", ");
    if (v->is_text && !take_shown(d, value, "a value of the matrix", &v->text))
        return false;
    if (!v->is_text || v->text.text.n > LABEL_MAX) {
        buf_addf(label, "%zu", number + 1);
        return true;
    }
    if (v->text.n_refs > 0) {
        problem(d, &value->at, "names are shown in every report: no ${env:...} and no ${file:...}");
        return false;
    }
    buf_add(label, v->text.text);
    return true;
}

static bool add_row_label(struct planning *p, const struct node *row, size_t number,
                          struct buf *label)
{
    const struct node *name = find(row, "name");
    struct str text;
    if (name == NULL) {
        buf_addf(label, "%srow %zu", label->n > 0 ? ", " : "", number + 1);
        return true;
    }
    static const struct key name_key = {STR_INIT("name"), &type_name, 0};
    if (!type_name.read(p->d, name, &name_key, (char *)&text))
        return false;
    buf_addz(label, label->n > 0 ? ", " : "");
    buf_add(label, text);
    return true;
}

static bool is_taken(struct decoder *d, struct str name)
{
    for (size_t i = 0; i < d->source->n_recipes; i++)
        if (str_eq(d->source->recipes[i].name, name))
            return true;
    return false;
}

/* The case's name, from the labels of its combination and row. */
static bool name_case(struct planning *p, struct recipe *r, struct str label)
{
    struct shown word;
    r->test_name = p->name;
    r->name = label.n == 0 ? p->name
                           : arena_fmt(p->d->arena, STR_FMT " [" STR_FMT "]", STR_ARG(p->name),
                                       STR_ARG(label));
    if (r->name.p == NULL)
        return out_of_memory(p->d) == MP_OK;
    if (!is_taken(p->d, r->name))
        return true;
    problem(p->d, &r->at, "two cases are named '%s'", shown(r->name, &word));
    return false;
}

static bool make_recipe(struct planning *p, size_t row, size_t combination, struct recipe *r)
{
    struct decoder *d = p->d;
    struct variable *axes = arena_new(d->arena, struct variable, p->n_axes + 1);
    struct buf label;
    if (axes == NULL)
        return out_of_memory(d) == MP_OK;
    static const struct scope suite_scope = {0};
    d->scope = &suite_scope;
    *r = (struct recipe){.test = p->test, .at = p->test->at, .test_index = p->index};
    size_t numbers[SUITE_MAX_AXES];
    bool ok = true;
    buf_init(&label, SUITE_MAX_TEXT_BYTES);
    for (size_t i = p->n_axes; i-- > 0; combination /= p->axes[i].values->n)
        numbers[i] = combination % p->axes[i].values->n; /* the last axis turns fastest */
    for (size_t i = 0; ok && i < p->n_axes; i++)
        ok = add_axis(p, i, numbers[i], &axes[i], &label);
    r->scope = (struct scope){.axes = axes, .n_axes = p->n_axes, .tag = STR("${tag}")};
    d->scope = &r->scope;
    if (ok && p->n_rows > 0) {
        r->at = p->rows[row]->at;
        r->test = lay_row(p, p->rows[row]);
        ok = r->test != NULL && add_row_label(p, p->rows[row], row, &label);
    }
    ok = ok && name_case(p, r, buf_str(&label));
    buf_clear(&label);
    return ok;
}

/* Kept when it is selected; made in any case, so that mistakes are found. */
static void add_case(struct planning *p, size_t row, size_t combination)
{
    struct decoder *d = p->d;
    struct suite_source *s = d->source;
    struct recipe *r = &s->recipes[s->n_recipes];
    struct suite_case *out = (struct suite_case *)(uintptr_t)&d->suite->cases[d->suite->n_cases];
    if (s->n_recipes == SUITE_MAX_CASES) {
        problem(d, &p->test->at, "a suite has at most %d cases", SUITE_MAX_CASES);
        return;
    }
    if (!make_recipe(p, row, combination, r) || !case_make(d, r, out))
        return;
    if (s->options->only != NULL && !suite_glob(str_from(s->options->only), r->name)) {
        d->suite->n_not_selected++;
        return;
    }
    s->n_recipes++;
    d->suite->n_cases++;
}

/* What all cases have: the test without its lists of cases. */
static bool strip_test(struct planning *p)
{
    struct node *own = map_of(p->d, p->test, p->test->n);
    if (own == NULL)
        return false;
    for (size_t i = 0; i < p->test->n; i++) {
        const struct pair *pair = &p->test->pairs[i];
        if (str_eq(pair->key, STR("matrix")) || str_eq(pair->key, STR("table")))
            own->size -= pair->value->size;
        else
            own->pairs[own->n++] = *pair;
    }
    p->test = own;
    return true;
}

static void plan_test(struct planning *p)
{
    size_t combinations = 1;
    if (!read_axes(p) || !read_rows(p) || !strip_test(p))
        return;
    for (size_t i = 0; i < p->n_axes; i++) {
        combinations *= p->axes[i].values->n;
        if (combinations > SUITE_MAX_CASES) {
            problem(p->d, &p->test->at, "a suite has at most %d cases", SUITE_MAX_CASES);
            return;
        }
    }
    for (size_t row = 0; row < (p->n_rows == 0 ? 1 : p->n_rows); row++)
        for (size_t c = 0; c < combinations && goes_on(p->d); c++)
            add_case(p, row, c);
}

/* ---- all tests ---- */

static bool name_test(struct decoder *d, const struct node *test, struct str *out)
{
    static const struct key name_key = {STR_INIT("name"), &type_name, 0};
    static const struct scope scope = {0};
    const struct node *name = find(test, "name");
    d->scope = &scope;
    if (name == NULL) {
        problem(d, &test->at, "a test needs 'name': what must hold, in one sentence");
        return false;
    }
    return type_name.read(d, name, &name_key, (char *)out);
}

void plan_tests(struct decoder *d, const struct node *tests)
{
    struct suite_source *s = d->source;
    struct node room;
    struct arena scratch;
    if (tests->kind != NODE_LIST || tests->n == 0 || tests->n > SUITE_MAX_TESTS) {
        problem(d, &tests->at, "a list of 1 to %d tests is wanted here", SUITE_MAX_TESTS);
        return;
    }
    arena_init(&scratch, sizeof(struct planning) + 1024);
    struct planning *p = arena_new(&scratch, struct planning, 1);
    s->recipes = arena_new(d->arena, struct recipe, SUITE_MAX_CASES + 1);
    d->suite->cases = arena_new(d->arena, struct suite_case, SUITE_MAX_CASES + 1);
    if (p == NULL || s->recipes == NULL || d->suite->cases == NULL)
        out_of_memory(d);
    for (size_t i = 0; i < tests->n && goes_on(d); i++) {
        const struct node *test = resolve_node(d, tests->items[i], &room);
        struct node *kept = arena_new(d->arena, struct node, 1);
        if (kept == NULL) {
            out_of_memory(d);
            break;
        }
        *kept = *test;
        test = kept;
        *p = (struct planning){.d = d, .test = test, .index = i};
        if (test->kind != NODE_MAP)
            problem(d, &test->at, "a test is a mapping of keys");
        else if (name_test(d, test, &p->name))
            plan_test(p);
    }
    arena_clear(&scratch);
}
