/* A suite from its file to its plan. */
#include <stdlib.h>

#include "suite/keys.h"
#include "suite/plan.h"

enum { HOSTS_MAX = 1000, VARS_MAX = 1000 };

static const struct scope no_scope = {0};

/* ---- variables ---- */

/* --var NAME=VALUE: text as it is. */
static bool overridden(const struct suite_options *o, struct str name, struct str *out)
{
    bool found = false;
    for (size_t i = 0; i < o->n_vars; i++) {
        struct str value = o->vars[i], key = str_cut(&value, '=');
        if (str_eq(key, name) && value.p != NULL) {
            *out = value;
            found = true;
        }
    }
    return found;
}

static void read_variable(struct decoder *d, const struct pair *p)
{
    struct variable *v = &d->source->vars[d->source->n_vars];
    struct shown word;
    struct str text;
    if (!is_plain_name(p->key)) {
        problem(d, &p->at, "'%s': names have letters, digits, '_' and '-'", shown(p->key, &word));
        return;
    }
    *v = (struct variable){.name = p->key, .at = p->at, .value = p->value};
    v->is_text = p->value->kind == NODE_SCALAR;
    if (overridden(d->source->options, p->key, &text)) {
        v->is_text = true;
        v->text = (struct resolved){.text = text, .literal = text.n > 0};
    } else if (v->is_text && node_is_null(p->value)) {
        problem(d, &p->value->at, "a value is wanted here");
        return;
    } else if (v->is_text && !resolve_text(d, p->value, &v->text)) {
        return;
    }
    d->source->n_vars++;
}

static void read_variables(struct decoder *d, const struct node *vars)
{
    static const struct scope scope = {.in_vars = true};
    struct suite_source *s = d->source;
    struct suite_place nowhere = {.file = d->suite->file};
    struct shown word;
    d->scope = &scope;
    if (vars != NULL && (vars->kind != NODE_MAP || vars->n > VARS_MAX)) {
        problem(d, &vars->at, "a mapping of at most %d names to values is wanted here", VARS_MAX);
        return;
    }
    s->vars = arena_new(d->arena, struct variable, (vars == NULL ? 0 : vars->n) + 1);
    if (s->vars == NULL) {
        out_of_memory(d);
        return;
    }
    for (size_t i = 0; vars != NULL && i < vars->n; i++)
        read_variable(d, &vars->pairs[i]);
    for (size_t i = 0; i < s->options->n_vars; i++) {
        struct str rest = s->options->vars[i], name = str_cut(&rest, '=');
        if (node_find(vars, name) == NULL)
            problem(d, &nowhere, "there is no variable '%s' to set", shown(name, &word));
    }
    d->scope = &no_scope;
}

/* ---- hosts and sinks ---- */

static bool check_names(struct decoder *d, const struct node *n, const char *what)
{
    struct shown word;
    if (n->kind != NODE_MAP || n->n > HOSTS_MAX) {
        problem(d, &n->at, "a mapping of at most %d names to %s is wanted here", HOSTS_MAX, what);
        return false;
    }
    for (size_t i = 0; i < n->n; i++)
        if (!is_plain_name(n->pairs[i].key)) {
            problem(d, &n->pairs[i].at, "'%s': names have letters, digits, '_' and '-'",
                    shown(n->pairs[i].key, &word));
            return false;
        }
    return true;
}

static void read_sinks(struct decoder *d, const struct node *n)
{
    struct suite_source *s = d->source;
    size_t n_sinks = n == NULL ? 0 : n->n;
    if (n != NULL && !check_names(d, n, "sinks"))
        n_sinks = 0;
    s->sinks = arena_new(d->arena, struct suite_sink, n_sinks + 1);
    s->sink_hosts = arena_new(d->arena, struct suite_host, n_sinks + 1);
    s->sink_used = arena_new(d->arena, bool, n_sinks + 1);
    if (s->sinks == NULL || s->sink_hosts == NULL || s->sink_used == NULL) {
        out_of_memory(d);
        return;
    }
    d->suite->sinks = s->sinks;
    for (size_t i = 0; i < n_sinks && goes_on(d); i++) {
        struct suite_sink *sink = &s->sinks[i];
        sink_make(d, n->pairs[i].value, n->pairs[i].key, sink);
        s->sink_hosts[i] = (struct suite_host){
            .at = n->pairs[i].at, .name = sink->name, .kind = SUITE_HOST_SINK, .sink = sink};
        d->suite->n_sinks = i + 1;
    }
}

static void read_hosts(struct decoder *d, const struct node *n)
{
    struct suite_source *s = d->source;
    size_t n_hosts = n == NULL ? 0 : n->n;
    struct shown word;
    if (n != NULL && !check_names(d, n, "hosts"))
        n_hosts = 0;
    s->hosts = arena_new(d->arena, struct suite_host, n_hosts + 1);
    s->host_used = arena_new(d->arena, bool, n_hosts + 1);
    if (s->hosts == NULL || s->host_used == NULL) {
        out_of_memory(d);
        return;
    }
    d->suite->hosts = s->hosts;
    for (size_t i = 0; i < n_hosts && goes_on(d); i++) {
        for (size_t k = 0; k < d->suite->n_sinks; k++)
            if (str_eq(s->sinks[k].name, n->pairs[i].key))
                problem(d, &n->pairs[i].at, "a sink is named '%s' too",
                        shown(n->pairs[i].key, &word));
        host_make(d, n->pairs[i].value, n->pairs[i].key, &s->hosts[i]);
        d->suite->n_hosts = i + 1;
    }
}

/* ---- the document ---- */

static void read_document(struct decoder *d, const struct node *document)
{
    struct raw_document raw = {0};
    struct suite *s = d->suite;
    struct suite_source *source = d->source;
    const struct pair *vars = node_find(document, STR("vars"));
    d->scope = &no_scope;
    read_variables(d, vars == NULL ? NULL : vars->value);
    decode(d, document, &context_document, &raw);
    if (node_find(document, STR("mailproof")) != NULL && raw.version != 1 && d->n_errors == 0)
        problem(d, &node_find(document, STR("mailproof"))->value->at,
                "this mailproof reads version 1 of the format");
    s->name = raw.name;
    s->allow = raw.allow;
    s->schedule = raw.schedule;
    s->report = raw.report;
    source->defaults = (struct defaults){.timeout_ms = SUITE_DEFAULT_TIMEOUT_MS,
                                         .within_ms = SUITE_DEFAULT_WITHIN_MS};
    read_sinks(d, raw.sinks);
    read_hosts(d, raw.hosts);
    decode(d, raw.defaults, &context_defaults, &source->defaults);
    if (raw.tests != NULL)
        plan_tests(d, raw.tests);
    else if (d->n_errors == 0)
        problem(d, &document->at, "there are no tests");
}

/* Odd, but it can be run. */
static void warn_unused(struct decoder *d)
{
    const struct suite_source *s = d->source;
    struct shown word;
    for (size_t i = 0; i < s->n_vars; i++)
        if (!s->vars[i].used)
            warning(d, &s->vars[i].at, "nothing uses the variable '%s'",
                    shown(s->vars[i].name, &word));
    for (size_t i = 0; i < d->suite->n_hosts; i++)
        if (!s->host_used[i])
            warning(d, &s->hosts[i].at, "nothing uses the host '%s'",
                    shown(s->hosts[i].name, &word));
    for (size_t i = 0; i < d->suite->n_sinks; i++)
        if (!s->sink_used[i] && s->sinks[i].n_domains == 0)
            warning(d, &s->sinks[i].at, "nothing uses the sink '%s'",
                    shown(s->sinks[i].name, &word));
}

static int by_place(const void *a, const void *b)
{
    const struct suite_problem *x = a, *y = b;
    int files = x->at.file == y->at.file ? 0 : strcmp(x->at.file, y->at.file);
    if (files != 0)
        return files;
    if (x->at.line != y->at.line)
        return x->at.line < y->at.line ? -1 : 1;
    if (x->at.column != y->at.column)
        return x->at.column < y->at.column ? -1 : 1;
    return str_cmp(x->text, y->text);
}

static void name_by_file(struct suite *s)
{
    struct str name = str_from(s->file);
    size_t slash = str_rfind(name, '/');
    if (slash < name.n)
        name = str_slice(name, slash + 1, name.n);
    size_t dot = str_rfind(name, '.');
    s->name = dot > 0 ? str_slice(name, 0, dot) : name;
}

/* The first error is told by `err` too: in the order of the file, once all are known. */
static void tell_first(const struct suite_problems *p, struct mp_err *err)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct suite_problem *x = &p->items[i];
        if (x->warning)
            continue;
        if (x->at.line == 0)
            mp_fail(err, MP_E_SYNTAX, 0, "%s: " STR_FMT, x->at.file, STR_ARG(x->text));
        else
            mp_fail(err, MP_E_SYNTAX, x->at.line, "%s:%u:%u: " STR_FMT, x->at.file, x->at.line,
                    x->at.column, STR_ARG(x->text));
        return;
    }
}

int suite_read(const char *path, const struct suite_options *o, struct suite *out,
               struct suite_problems *problems, struct mp_err *err)
{
    struct suite_problems own = {0};
    struct suite_problems *p = problems == NULL ? &own : problems;
    struct decoder d = {.suite = out, .reading = true, .problems = p, .err = err};
    *out = (struct suite){0};
    *p = (struct suite_problems){0};
    arena_init(&out->arena, SUITE_ARENA_BYTES);
    d.arena = &out->arena;
    struct str copy = arena_copy(d.arena, str_from(path));
    d.source = out->source = arena_new(d.arena, struct suite_source, 1);
    out->file = copy.p;
    if (copy.p == NULL || d.source == NULL)
        return out_of_memory(&d);
    d.source->options = o;
    d.source->unset_allowed = o->unset_allowed;
    const struct node *document = suite_document(&d, copy);
    if (document != NULL && d.fatal == MP_OK) {
        read_document(&d, document);
        secrets_collect(&d);
        if (d.n_errors == 0)
            warn_unused(&d);
    }
    if (out->name.n == 0)
        name_by_file(out);
    if (p->n > 0)
        qsort(p->items, p->n, sizeof *p->items, by_place);
    d.source->options = NULL;
    if (d.fatal != MP_OK)
        return d.fatal;
    if (d.n_errors == 0)
        return MP_OK;
    tell_first(p, err);
    return MP_E_SYNTAX;
}

void suite_clear(struct suite *s)
{
    if (s == NULL)
        return;
    secrets_wipe(s);
    arena_clear(&s->arena);
    *s = (struct suite){0};
}

int suite_case_make(const struct suite *s, size_t index, struct str tag, struct arena *a,
                    struct suite_case *out, struct mp_err *err)
{
    struct suite_options options = {.unset_allowed = s->source->unset_allowed};
    struct suite_source source = *s->source;
    struct recipe recipe = source.recipes[index];
    struct suite_case made = {0};
    /* The decoder only looks at the suite: not `reading`. */
    struct decoder d = {
        .suite = (struct suite *)(uintptr_t)s, .source = &source, .arena = a, .err = err};
    source.options = &options;
    recipe.scope.tag = tag;
    bool ok = case_make(&d, &recipe, &made);
    if (d.fatal != MP_OK)
        return d.fatal;
    if (!ok)
        return MP_E_SYNTAX;
    *out = made;
    return MP_OK;
}
