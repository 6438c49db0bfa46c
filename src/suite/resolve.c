/* References in values: ${vars.x}, ${matrix.x}, ${tag}, ${env:X}, ${file:path}; "$${" is "${".
 * Nothing else is evaluated, and nothing that a reference brings is looked at again. */
#include "base/utf8.h"
#include "suite/suite_internal.h"

bool is_plain_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && s.p[i] != '_' && s.p[i] != '-')
            return false;
    return s.n > 0 && s.n <= NEAREST_WORD_BYTES;
}

struct str resolve_path(struct decoder *d, const struct suite_place *at, struct str path)
{
    struct str file = str_from(at->file);
    size_t slash = str_rfind(file, '/');
    if (path.n > 0 && path.p[0] == '/')
        slash = file.n;
    struct str parts[] = {slash == file.n ? STR("") : str_slice(file, 0, slash + 1), path};
    struct str out = arena_join(d->arena, parts, ARRAY_LEN(parts));
    if (out.p == NULL)
        out_of_memory(d);
    return out;
}

/* ---- values from outside ---- */

/* NAME=value lines of --env; the last one counts. */
static bool from_env_text(const struct suite_options *o, struct str name, struct str *out)
{
    bool found = false;
    for (struct str rest = o->env_text; rest.p != NULL;) {
        struct str line = str_trim(str_cut(&rest, '\n'));
        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (str_starts(line, STR("export ")))
            line = str_trim(str_slice(line, STR("export ").n, line.n));
        struct str key = str_trim(str_cut(&line, '='));
        if (!str_eq(key, name))
            continue;
        line = str_trim(line);
        char quote = line.n >= 2 ? line.p[0] : 0;
        bool quoted = (quote == '"' || quote == '\'') && line.p[line.n - 1] == quote;
        *out = quoted ? str_slice(line, 1, line.n - 1) : line;
        found = true;
    }
    return found;
}

static void read_env(struct decoder *d, struct str name, struct ref *ref)
{
    const struct suite_options *o = d->source->options;
    struct str value;
    if (!from_env_text(o, name, &value)) {
        struct str z = arena_copy(d->arena, name);
        const char *found = z.p == NULL ? NULL : o->outside->env(o->outside->ctx, z);
        ref->unset = found == NULL;
        value = str_from(found);
    }
    ref->value = arena_copy(&d->suite->arena, value);
    if (ref->value.p == NULL)
        out_of_memory(d);
}

/* The final line end of a secret's file is not part of it. */
static void read_ref_file(struct decoder *d, const struct node *n, struct str path, struct ref *ref)
{
    const struct suite_options *o = d->source->options;
    struct mp_err err = {0};
    struct buf b;
    struct str full = resolve_path(d, &n->at, path);
    if (full.p == NULL)
        return;
    buf_init(&b, SUITE_SECRET_MAX_BYTES);
    ref->unset = o->outside->file(o->outside->ctx, full.p, &b, &err) != MP_OK;
    if (ref->unset && !o->unset_allowed)
        problem(d, &n->at, "%s", err.text);
    struct str value = buf_str(&b);
    if (value.n > 0 && value.p[value.n - 1] == '\n')
        value.n--;
    if (value.n > 0 && value.p[value.n - 1] == '\r')
        value.n--;
    ref->value = arena_copy(&d->suite->arena, value);
    if (b.p != NULL)
        explicit_bzero(b.p, b.n);
    buf_clear(&b);
    if (ref->value.p == NULL)
        out_of_memory(d);
}

static struct ref *find_ref(struct decoder *d, struct str name)
{
    struct suite_source *s = d->source;
    for (size_t i = 0; i < s->n_refs; i++)
        if (str_eq(s->refs[i].name, name))
            return &s->refs[i];
    return NULL;
}

/* `name` with its kind: "env:X". NULL: a problem was told. */
static struct ref *outside_value(struct decoder *d, const struct node *n, struct str name)
{
    struct suite_source *s = d->source;
    struct ref *ref = find_ref(d, name);
    struct shown word;
    struct str what = name, kind = str_cut(&what, ':');
    if (ref == NULL && d->reading) {
        if (s->n_refs == SUITE_MAX_SECRETS) {
            problem(d, &n->at, "a suite has at most %d references to the outside",
                    SUITE_MAX_SECRETS);
            return NULL;
        }
        if (s->refs == NULL)
            s->refs = arena_new(&d->suite->arena, struct ref, SUITE_MAX_SECRETS);
        struct str copy = arena_copy(&d->suite->arena, name);
        if (s->refs == NULL || copy.p == NULL) {
            out_of_memory(d);
            return NULL;
        }
        ref = &s->refs[s->n_refs++];
        ref->name = copy;
        if (str_eq(kind, STR("env")))
            read_env(d, what, ref);
        else
            read_ref_file(d, n, what, ref);
    }
    if (ref == NULL || d->fatal != MP_OK)
        return NULL;
    if (ref->unset && !s->options->unset_allowed) {
        if (str_eq(kind, STR("env")))
            problem(d, &n->at, "${%s} is not set in the environment", shown(name, &word));
        return NULL;
    }
    if (str_has(ref->value, '\0') || !utf8_valid(ref->value)) {
        problem(d, &n->at, "${%s} is not text", shown(name, &word));
        return NULL;
    }
    return ref;
}

/* ---- one reference ---- */

struct making {
    struct decoder *d;
    const struct node *n;
    struct buf text;
    struct resolved *out;
};

static bool add_ref(struct making *m, size_t index)
{
    struct resolved *out = m->out;
    for (size_t i = 0; i < out->n_refs; i++)
        if (out->refs[i] == index)
            return true;
    if (out->n_refs == VALUE_MAX_REFS) {
        problem(m->d, &m->n->at, "a value has at most %d references to the outside",
                VALUE_MAX_REFS);
        return false;
    }
    out->refs[out->n_refs++] = (unsigned short)index;
    return true;
}

static bool add_outside(struct making *m, struct str name)
{
    struct ref *ref = outside_value(m->d, m->n, name);
    if (ref == NULL)
        return false;
    if (ref->unset) {
        m->out->unset = true;
        if (m->d->reading)
            m->d->suite->has_unset = true;
        buf_addf(&m->text, "${" STR_FMT "}", STR_ARG(name));
    } else {
        buf_add(&m->text, ref->value);
    }
    return add_ref(m, (size_t)(ref - m->d->source->refs));
}

static bool add_resolved(struct making *m, const struct resolved *r)
{
    buf_add(&m->text, r->text);
    m->out->literal |= r->literal;
    m->out->unset |= r->unset;
    for (size_t i = 0; i < r->n_refs; i++)
        if (!add_ref(m, r->refs[i]))
            return false;
    return true;
}

static const struct variable *find_variable(const struct variable *v, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(v[i].name, name))
            return &v[i];
    return NULL;
}

/* NULL: a problem was told. */
static const struct variable *variable(struct decoder *d, const struct node *n, struct str name,
                                       bool of_matrix)
{
    const struct scope *scope = d->scope;
    const struct variable *v = of_matrix ? scope->axes : d->source->vars;
    size_t count = of_matrix ? scope->n_axes : d->source->n_vars;
    const struct variable *found = find_variable(v, count, name);
    struct nearest nearest = {.wanted = name};
    if (found != NULL) {
        if (d->reading && !of_matrix)
            d->source->vars[found - v].used = true;
        return found;
    }
    for (size_t i = 0; i < count; i++)
        nearest_try(&nearest, v[i].name);
    struct shown word;
    if (of_matrix && count == 0)
        problem(d, &n->at, "there is no matrix here");
    else if (scope->in_vars)
        problem(d, &n->at, "there is no variable '%s' above this one", shown(name, &word));
    else
        problem_unknown(d, &n->at, of_matrix ? "axis of the matrix" : "variable", &nearest);
    return NULL;
}

static bool add_variable(struct making *m, struct str name, bool of_matrix)
{
    const struct variable *v = variable(m->d, m->n, name, of_matrix);
    struct shown word;
    if (v == NULL)
        return false;
    if (!v->is_text) {
        problem(m->d, &m->n->at, "'%s' is a list or a mapping, and cannot stand inside of a text",
                shown(name, &word));
        return false;
    }
    return add_resolved(m, &v->text);
}

static bool add_tag(struct making *m)
{
    if (m->d->scope->tag.p == NULL) {
        problem(m->d, &m->n->at, "${tag} is known in tests only");
        return false;
    }
    m->out->literal = true;
    buf_add(&m->text, m->d->scope->tag);
    return true;
}

static bool add_reference(struct making *m, struct str name)
{
    struct shown word;
    if (str_eq(name, STR("tag")))
        return add_tag(m);
    if (str_starts(name, STR("vars.")))
        return add_variable(m, str_slice(name, STR("vars.").n, name.n), false);
    if (str_starts(name, STR("matrix.")))
        return add_variable(m, str_slice(name, STR("matrix.").n, name.n), true);
    bool known = (str_starts(name, STR("env:")) && name.n > STR("env:").n) ||
                 (str_starts(name, STR("file:")) && name.n > STR("file:").n);
    if (known)
        return add_outside(m, name);
    problem(m->d, &m->n->at,
            "unknown reference '${%s}': there are ${vars.NAME}, ${matrix.NAME}, ${tag}, "
            "${env:NAME} and ${file:PATH}",
            shown(name, &word));
    return false;
}

static bool make_text(struct making *m)
{
    struct str rest = m->n->text;
    while (rest.n > 0) {
        size_t at = str_search(rest, STR("${"));
        bool escaped = at < rest.n && at > 0 && rest.p[at - 1] == '$';
        m->out->literal |= at > 0;
        buf_add(&m->text, str_slice(rest, 0, escaped ? at - 1 : at));
        if (at == rest.n)
            break;
        if (escaped) {
            buf_addz(&m->text, "${");
            rest = str_slice(rest, at + 2, rest.n);
            continue;
        }
        size_t end = str_find(str_slice(rest, at, rest.n), '}') + at;
        if (end == rest.n) {
            problem(m->d, &m->n->at, "'${' without '}' (write '$${' for the two characters)");
            return false;
        }
        if (!add_reference(m, str_slice(rest, at + 2, end)))
            return false;
        rest = str_slice(rest, end + 1, rest.n);
    }
    return true;
}

bool resolve_text(struct decoder *d, const struct node *n, struct resolved *out)
{
    *out = (struct resolved){.text = n->text, .literal = n->text.n > 0};
    if (str_search(n->text, STR("${")) == n->text.n)
        return true;
    struct making m = {.d = d, .n = n, .out = out};
    out->literal = false;
    buf_init(&m.text, SUITE_MAX_TEXT_BYTES);
    bool ok = make_text(&m);
    if (ok && m.text.failed) {
        problem(d, &n->at, "the value has more than %d bytes once it is resolved",
                SUITE_MAX_TEXT_BYTES);
        ok = false;
    }
    if (ok) {
        out->text = arena_copy(d->arena, buf_str(&m.text));
        ok = out->text.p != NULL || out_of_memory(d) == MP_OK;
    }
    if (m.text.p != NULL)
        explicit_bzero(m.text.p, m.text.n);
    buf_clear(&m.text);
    return ok;
}

const struct node *resolve_node(struct decoder *d, const struct node *n, struct node *room)
{
    const struct variable *v = NULL;
    if (n->kind != NODE_SCALAR || !str_starts(n->text, STR("${")) ||
        str_find(n->text, '}') + 1 != n->text.n)
        return n;
    struct str name = str_slice(n->text, 2, n->text.n - 1);
    if (str_starts(name, STR("vars.")))
        v = find_variable(d->source->vars, d->source->n_vars,
                          str_slice(name, STR("vars.").n, name.n));
    else if (str_starts(name, STR("matrix.")))
        v = find_variable(d->scope->axes, d->scope->n_axes,
                          str_slice(name, STR("matrix.").n, name.n));
    if (v == NULL || v->is_text)
        return n;
    if (d->reading && str_starts(name, STR("vars.")))
        d->source->vars[v - d->source->vars].used = true;
    *room = *v->value;
    room->at = n->at;
    return room;
}
