/* A suite's file with those that it includes, as one document. */
#include "suite/suite_internal.h"

struct files {
    struct decoder *d;
    struct str open[SUITE_MAX_FILES]; /* those that include the one at hand */
    size_t depth, total;
};

/* What an included file may have, and how it is joined with the one that includes it. */
enum joining { JOIN_NAMES, JOIN_LISTS, JOIN_DEEP, JOIN_NOT };
static const struct {
    struct str key;
    enum joining how;
} shared_keys[] = {
    {STR_INIT("mailproof"), JOIN_NOT}, {STR_INIT("include"), JOIN_NOT},
    {STR_INIT("vars"), JOIN_NAMES},    {STR_INIT("hosts"), JOIN_NAMES},
    {STR_INIT("sinks"), JOIN_NAMES},   {STR_INIT("defaults"), JOIN_DEEP},
    {STR_INIT("allow"), JOIN_LISTS},   {STR_INIT("tests"), JOIN_LISTS},
};

static struct node *read_file(struct files *f, struct str path, const struct suite_place *from);

/* ---- joining ---- */

static struct node *new_like(struct decoder *d, const struct node *like, size_t n)
{
    struct node *out = arena_new(d->arena, struct node, 1);
    if (out == NULL) {
        out_of_memory(d);
        return NULL;
    }
    *out = (struct node){.kind = like->kind, .at = like->at, .size = 1, .depth = like->depth};
    if (like->kind == NODE_MAP)
        out->pairs = arena_new(d->arena, struct pair, n + 1);
    else
        out->items = arena_new(d->arena, struct node *, n + 1);
    if (out->pairs == NULL && out->items == NULL) {
        out_of_memory(d);
        return NULL;
    }
    return out;
}

/* By name, the later one whole: half of one host and half of another would be neither. */
static struct node *join_names(struct decoder *d, const struct node *base, const struct node *over)
{
    struct node *out = new_like(d, over, base->n + over->n);
    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < base->n; i++) {
        const struct pair *p = node_find(over, base->pairs[i].key);
        out->pairs[out->n++] = p != NULL ? *p : base->pairs[i];
    }
    for (size_t i = 0; i < over->n; i++)
        if (node_find(base, over->pairs[i].key) == NULL)
            out->pairs[out->n++] = over->pairs[i];
    return out;
}

static struct node *join_lists(struct decoder *d, const struct node *base, const struct node *over)
{
    struct node like = {.kind = NODE_LIST, .at = over->at};
    struct node *out = new_like(d, &like, base->n + over->n + 2);
    const struct node *parts[] = {base, over};
    for (size_t i = 0; out != NULL && i < ARRAY_LEN(parts); i++) {
        if (parts[i]->kind == NODE_SCALAR)
            out->items[out->n++] = (struct node *)(uintptr_t)parts[i];
        for (size_t k = 0; parts[i]->kind == NODE_LIST && k < parts[i]->n; k++)
            out->items[out->n++] = parts[i]->items[k];
    }
    return out;
}

static struct node *join(struct decoder *d, enum joining how, struct node *base, struct node *over)
{
    struct node *out = NULL;
    bool maps = base->kind == NODE_MAP && over->kind == NODE_MAP;
    bool lists = base->kind != NODE_MAP && over->kind != NODE_MAP;
    if ((how == JOIN_LISTS && !lists) || (how != JOIN_LISTS && !maps))
        return over; /* one of both is a mistake, and told by the table */
    out = how == JOIN_LISTS   ? join_lists(d, base, over)
          : how == JOIN_NAMES ? join_names(d, base, over)
                              : node_merge(d->arena, base, over);
    if (out == NULL)
        out_of_memory(d);
    return out;
}

/* `base` (what is included) below `over`. */
static struct node *join_files(struct decoder *d, struct node *base, struct node *over)
{
    struct node *out = new_like(d, over, base->n + over->n);
    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < over->n; i++) {
        const struct pair *p = node_find(base, over->pairs[i].key);
        struct pair *into = &out->pairs[out->n++];
        *into = over->pairs[i];
        for (size_t k = 0; p != NULL && k < ARRAY_LEN(shared_keys); k++)
            if (str_eq(shared_keys[k].key, p->key) && shared_keys[k].how != JOIN_NOT)
                into->value = join(d, shared_keys[k].how, p->value, into->value);
        if (into->value == NULL)
            return NULL;
    }
    for (size_t i = 0; i < base->n; i++)
        if (node_find(over, base->pairs[i].key) == NULL)
            out->pairs[out->n++] = base->pairs[i];
    return out;
}

/* ---- including ---- */

/* Relative and downwards: a suite brings no file of elsewhere into a pipeline. */
static bool is_below(struct str path)
{
    if (path.n == 0 || path.p[0] == '/')
        return false;
    for (struct str rest = path; rest.p != NULL;) {
        struct str part = str_cut(&rest, '/');
        if (part.n == 0 || str_eq(part, STR("..")))
            return false;
    }
    return true;
}

static bool check_shared(struct decoder *d, const struct node *n)
{
    for (size_t i = 0; i < n->n; i++) {
        bool known = false;
        for (size_t k = 0; k < ARRAY_LEN(shared_keys); k++)
            known |= str_eq(shared_keys[k].key, n->pairs[i].key);
        if (!known) {
            struct shown word;
            problem(d, &n->pairs[i].at, "'%s' does not stand in a file that is included",
                    shown(n->pairs[i].key, &word));
            return false;
        }
    }
    return true;
}

/* NULL: a problem was told. */
static struct node *include_one(struct files *f, const struct node *name)
{
    struct decoder *d = f->d;
    struct shown word;
    if (name->kind != NODE_SCALAR || node_is_null(name)) {
        problem(d, &name->at, "the name of a file is wanted here");
        return NULL;
    }
    if (!is_below(name->text)) {
        problem(d, &name->at, "'%s': included files are named relative, below this folder",
                shown(name->text, &word));
        return NULL;
    }
    struct str path = resolve_path(d, &name->at, name->text);
    if (path.p == NULL)
        return NULL;
    for (size_t i = 0; i < f->depth; i++)
        if (str_eq(f->open[i], path)) {
            problem(d, &name->at, "'%s' includes itself", shown(path, &word));
            return NULL;
        }
    struct node *n = read_file(f, path, &name->at);
    return n != NULL && check_shared(d, n) ? n : NULL;
}

static struct node *include_all(struct files *f, struct node *document)
{
    const struct pair *include = node_find(document, STR("include"));
    struct node *base = NULL;
    if (include == NULL)
        return document;
    const struct node *names = include->value;
    if (names->kind == NODE_MAP) {
        problem(f->d, &names->at, "a list of files is wanted here");
        return document;
    }
    for (size_t i = 0; i < (names->kind == NODE_LIST ? names->n : 1); i++) {
        struct node *one = include_one(f, names->kind == NODE_LIST ? names->items[i] : names);
        if (one == NULL)
            continue;
        base = base == NULL ? one : join_files(f->d, base, one);
        if (base == NULL)
            return NULL;
    }
    return base == NULL ? document : join_files(f->d, base, document);
}

/* ---- one file ---- */

static struct node *parse(struct files *f, struct str path, struct str text)
{
    struct decoder *d = f->d;
    struct suite_place at = {.file = path.p};
    struct node *n = NULL;
    struct mp_err err = {0};
    int st = yaml_read(d->arena, text, path.p, &n, &at, &err);
    if (st == MP_E_NOMEM) {
        out_of_memory(d);
        return NULL;
    }
    if (st != MP_OK) {
        problem(d, &at, "%s", err.text);
        return NULL;
    }
    at = (struct suite_place){path.p, 1, 1};
    if (node_is_null(n)) {
        problem(d, &at, "the file is empty: a suite begins with 'mailproof: 1'");
        return NULL;
    }
    if (n->kind != NODE_MAP) {
        problem(d, &n->at, "a suite is a mapping of keys that begins with 'mailproof: 1'");
        return NULL;
    }
    return n;
}

/* `from`: where it is included; NULL: the suite itself. */
static struct node *read_file(struct files *f, struct str path, const struct suite_place *from)
{
    struct decoder *d = f->d;
    const struct suite_outside *outside = d->source->options->outside;
    struct mp_err err = {0};
    struct node *n = NULL;
    struct buf text;
    if (++f->total > SUITE_MAX_FILES) {
        problem(d, from, "a suite has at most %d files", SUITE_MAX_FILES);
        return NULL;
    }
    buf_init(&text, SUITE_MAX_BYTES);
    int st = outside->file(outside->ctx, path.p, &text, &err);
    if (st != MP_OK && from != NULL)
        problem(d, from, "%s", err.text);
    else if (st != MP_OK)
        d->fatal = mp_fail(d->err, st, err.detail, "%s", err.text);
    else
        n = parse(f, path, buf_str(&text));
    buf_clear(&text);
    if (n == NULL)
        return NULL;
    f->open[f->depth++] = path;
    n = include_all(f, n);
    f->depth--;
    return n;
}

struct node *suite_document(struct decoder *d, struct str path)
{
    struct files f = {.d = d};
    return read_file(&f, path, NULL);
}
