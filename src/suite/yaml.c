/* YAML 1.2 to values with places, event by event with libfyaml: bounded, and nothing is executed.
 */
#include <libfyaml.h>
#include <stdio.h>

#include "base/utf8.h"
#include "suite/suite_internal.h"

enum { ANCHORS_MAX = 1000 };

struct frame { /* a mapping or list that is still open */
    struct node *node;
    size_t cap;
    bool has_key; /* of a mapping: its value comes next */
    struct str key;
    struct suite_place key_at;
    struct str anchor;
};

struct anchor {
    struct str name;
    struct node *node; /* NULL: still open */
};

struct loader {
    struct fy_parser *parser;
    struct fy_diag *diag;
    struct fy_event *event; /* current; owned */
    struct arena *arena;
    const char *file;
    struct suite_place at; /* of the current event */
    struct frame stack[SUITE_MAX_DEPTH];
    size_t depth;
    struct anchor *anchors;
    size_t n_anchors;
    size_t nodes;
    struct node *root;
    struct suite_place *error_at;
    struct mp_err *err;
};

static int fail(struct loader *l, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(struct loader *l, int code, const char *fmt, ...)
{
    char text[MP_ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    *l->error_at = l->at;
    return mp_fail(l->err, code, l->at.line, "%s", text);
}

static int fail_memory(struct loader *l)
{
    return mp_fail(l->err, MP_E_NOMEM, 0, "%s: no memory to read the suite", l->file);
}

/* The first thing libfyaml complained about; its messages never hold bytes of the file. */
static int fail_by_parser(struct loader *l)
{
    void *cursor = NULL;
    const struct fy_diag_error *e = fy_diag_errors_iterate(l->diag, &cursor);
    l->at = (struct suite_place){.file = l->file};
    if (e == NULL)
        return fail(l, MP_E_SYNTAX, "not a YAML document");
    l->at.line = (unsigned)e->line;
    l->at.column = (unsigned)e->column;
    return fail(l, MP_E_SYNTAX, "%s", e->msg);
}

/* ---- events ---- */

static bool is_quoted(const struct fy_event *e)
{
    if (e->type != FYET_SCALAR || e->scalar.value == NULL)
        return false;
    enum fy_scalar_style style = fy_token_scalar_style(e->scalar.value);
    return style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
}

static int next_event(struct loader *l)
{
    fy_parser_event_free(l->parser, l->event);
    l->event = fy_parser_parse(l->parser);
    if (l->event == NULL)
        return fail_by_parser(l);
    const struct fy_mark *mark = fy_event_start_mark(l->event);
    if (mark != NULL) {
        l->at.line = (unsigned)mark->line + 1;
        l->at.column = (unsigned)mark->column + 1;
    }
    const struct fy_event *e = l->event;
    if ((is_quoted(e) || e->type == FYET_ALIAS) && l->at.column > 1)
        l->at.column--; /* libfyaml tells where the text begins, behind the quote or the asterisk */
    if ((e->type == FYET_SCALAR && e->scalar.tag != NULL) ||
        (e->type == FYET_MAPPING_START && e->mapping_start.tag != NULL) ||
        (e->type == FYET_SEQUENCE_START && e->sequence_start.tag != NULL))
        return fail(l, MP_E_SYNTAX, "tags are not used in a suite");
    return MP_OK;
}

static int copy_token(struct loader *l, struct fy_token *token, struct str *out)
{
    size_t n = 0;
    const char *p = token == NULL ? NULL : fy_token_get_text(token, &n);
    if (p == NULL || n == 0) {
        *out = STR("");
        return MP_OK;
    }
    if (n > SUITE_MAX_TEXT_BYTES)
        return fail(l, MP_E_LIMIT, "a value has at most %d bytes", SUITE_MAX_TEXT_BYTES);
    *out = arena_copy(l->arena, str_make(p, n));
    return out->p == NULL ? fail_memory(l) : MP_OK;
}

static int new_node(struct loader *l, enum node_kind kind, struct node **out)
{
    if (++l->nodes > SUITE_MAX_NODES)
        return fail(l, MP_E_LIMIT, "a suite has at most %d values", SUITE_MAX_NODES);
    *out = arena_new(l->arena, struct node, 1);
    if (*out == NULL)
        return fail_memory(l);
    **out = (struct node){.kind = kind, .at = l->at, .size = 1, .depth = 1};
    return MP_OK;
}

/* ---- anchors ---- */

static int anchor_add(struct loader *l, struct str name, struct node *node)
{
    for (size_t i = 0; i < l->n_anchors; i++)
        if (str_eq(l->anchors[i].name, name)) {
            l->anchors[i].node = node;
            return MP_OK;
        }
    if (l->anchors == NULL)
        l->anchors = arena_new(l->arena, struct anchor, ANCHORS_MAX);
    if (l->anchors == NULL)
        return fail_memory(l);
    if (l->n_anchors == ANCHORS_MAX)
        return fail(l, MP_E_LIMIT, "a suite has at most %d anchors", ANCHORS_MAX);
    l->anchors[l->n_anchors++] = (struct anchor){name, node};
    return MP_OK;
}

static int anchor_find(struct loader *l, struct str name, struct node **out)
{
    for (size_t i = 0; i < l->n_anchors; i++)
        if (str_eq(l->anchors[i].name, name)) {
            if (l->anchors[i].node == NULL)
                return fail(l, MP_E_SYNTAX, "an alias stands inside of what it names");
            *out = l->anchors[i].node;
            return MP_OK;
        }
    return fail(l, MP_E_SYNTAX, "there is no anchor of this name above");
}

/* ---- the tree ---- */

/* Count `child` into its parent: what aliases unfold to is bounded before anybody walks it. */
static int count_child(struct loader *l, struct node *parent, const struct node *child)
{
    parent->size += child->size;
    if (parent->depth < child->depth + 1)
        parent->depth = child->depth + 1;
    if (parent->size > SUITE_MAX_NODES)
        return fail(l, MP_E_LIMIT, "aliases make this more than %d values", SUITE_MAX_NODES);
    if (parent->depth > SUITE_MAX_DEPTH)
        return fail(l, MP_E_LIMIT, "more than %d mappings and lists in one another",
                    SUITE_MAX_DEPTH);
    return MP_OK;
}

static int add_item(struct loader *l, struct frame *f, struct node *child)
{
    struct node *list = f->node;
    if (list->n == f->cap) {
        f->cap = f->cap == 0 ? 4 : 2 * f->cap;
        list->items = arena_grow(l->arena, list->items, list->n, f->cap, sizeof(struct node *));
        if (list->items == NULL)
            return fail_memory(l);
    }
    list->items[list->n++] = child;
    return count_child(l, list, child);
}

static int add_pair(struct loader *l, struct frame *f, struct node *child)
{
    struct node *map = f->node;
    if (map->n == f->cap) {
        f->cap = f->cap == 0 ? 4 : 2 * f->cap;
        map->pairs = arena_grow(l->arena, map->pairs, map->n, f->cap, sizeof(struct pair));
        if (map->pairs == NULL)
            return fail_memory(l);
    }
    map->pairs[map->n++] = (struct pair){f->key, f->key_at, child};
    f->has_key = false;
    return count_child(l, map, child);
}

static int add_value(struct loader *l, struct node *child)
{
    if (l->depth == 0) {
        l->root = child;
        return MP_OK;
    }
    struct frame *f = &l->stack[l->depth - 1];
    return f->node->kind == NODE_MAP ? add_pair(l, f, child) : add_item(l, f, child);
}

/* A scalar where a mapping waits for its next key. Keys are compared pairwise, here and when one
 * mapping is laid over another: so they are few. */
static int take_key(struct loader *l, struct frame *f)
{
    enum { PAIRS_MAX = 1000 };
    struct str key;
    int st = copy_token(l, l->event->scalar.value, &key);
    if (st != MP_OK)
        return st;
    if (key.n == 0)
        return fail(l, MP_E_SYNTAX, "a key is wanted here");
    if (f->node->n >= PAIRS_MAX)
        return fail(l, MP_E_LIMIT, "a mapping has at most %d keys", PAIRS_MAX);
    for (size_t i = 0; i < f->node->n; i++)
        if (str_eq(f->node->pairs[i].key, key))
            return fail(l, MP_E_SYNTAX, "key '%.60s' stands twice, first in line %u", key.p,
                        f->node->pairs[i].at.line);
    f->key = key;
    f->key_at = l->at;
    f->has_key = true;
    return MP_OK;
}

static bool wants_key(const struct loader *l)
{
    return l->depth > 0 && l->stack[l->depth - 1].node->kind == NODE_MAP &&
           !l->stack[l->depth - 1].has_key;
}

static int on_scalar(struct loader *l)
{
    struct fy_token *value = l->event->scalar.value;
    struct str anchor = STR_NONE;
    struct node *node;
    int st;
    if (wants_key(l)) {
        if (l->event->scalar.anchor != NULL)
            return fail(l, MP_E_SYNTAX, "a key has no anchor");
        return take_key(l, &l->stack[l->depth - 1]);
    }
    if ((st = new_node(l, NODE_SCALAR, &node)) != MP_OK ||
        (st = copy_token(l, value, &node->text)) != MP_OK)
        return st;
    node->plain = value == NULL || fy_token_scalar_style(value) == FYSS_PLAIN;
    if (l->event->scalar.anchor != NULL &&
        ((st = copy_token(l, l->event->scalar.anchor, &anchor)) != MP_OK ||
         (st = anchor_add(l, anchor, node)) != MP_OK))
        return st;
    return add_value(l, node);
}

static int on_alias(struct loader *l)
{
    struct str name;
    struct node *node = NULL, *here;
    int st;
    if (wants_key(l))
        return fail(l, MP_E_SYNTAX, "an alias is no key");
    if ((st = copy_token(l, l->event->alias.anchor, &name)) != MP_OK ||
        (st = anchor_find(l, name, &node)) != MP_OK ||
        (st = new_node(l, node->kind, &here)) != MP_OK)
        return st;
    struct suite_place at = here->at;
    *here = *node; /* shares what is below, but a mistake in it is told where the alias stands */
    here->at = at;
    return add_value(l, here);
}

static int on_start(struct loader *l, enum node_kind kind, struct fy_token *anchor)
{
    struct node *node;
    struct str name = STR_NONE;
    int st;
    if (wants_key(l))
        return fail(l, MP_E_SYNTAX, "a key must be a text");
    if (l->depth == SUITE_MAX_DEPTH)
        return fail(l, MP_E_LIMIT, "more than %d mappings and lists in one another",
                    SUITE_MAX_DEPTH);
    if ((st = new_node(l, kind, &node)) != MP_OK)
        return st;
    if (anchor != NULL &&
        ((st = copy_token(l, anchor, &name)) != MP_OK || (st = anchor_add(l, name, NULL)) != MP_OK))
        return st;
    l->stack[l->depth++] = (struct frame){.node = node, .anchor = name};
    return MP_OK;
}

static int on_end(struct loader *l)
{
    struct frame f = l->stack[--l->depth];
    int st = f.anchor.p == NULL ? MP_OK : anchor_add(l, f.anchor, f.node);
    return st == MP_OK ? add_value(l, f.node) : st;
}

static int read_value(struct loader *l)
{
    do {
        const struct fy_event *e = l->event;
        int st = MP_OK;
        switch (e->type) {
        case FYET_SCALAR:
            st = on_scalar(l);
            break;
        case FYET_ALIAS:
            st = on_alias(l);
            break;
        case FYET_MAPPING_START:
            st = on_start(l, NODE_MAP, e->mapping_start.anchor);
            break;
        case FYET_SEQUENCE_START:
            st = on_start(l, NODE_LIST, e->sequence_start.anchor);
            break;
        case FYET_MAPPING_END:
        case FYET_SEQUENCE_END:
            st = on_end(l);
            break;
        default:
            st = fail(l, MP_E_SYNTAX, "a value is wanted here");
        }
        if (st == MP_OK)
            st = next_event(l);
        if (st != MP_OK)
            return st;
    } while (l->depth > 0);
    return MP_OK;
}

/* A file of comments is an empty stream; "---" alone is a document with an empty scalar. */
static int read_stream(struct loader *l)
{
    int st = next_event(l);
    if (st == MP_OK && l->event->type != FYET_STREAM_START)
        return fail(l, MP_E_SYNTAX, "not a YAML document");
    if (st == MP_OK)
        st = next_event(l);
    if (st != MP_OK || l->event->type == FYET_STREAM_END)
        return st;
    if (l->event->type != FYET_DOCUMENT_START)
        return fail(l, MP_E_SYNTAX, "the beginning of a document is wanted here");
    st = next_event(l);
    if (st == MP_OK)
        st = read_value(l);
    if (st == MP_OK && l->event->type != FYET_DOCUMENT_END)
        return fail(l, MP_E_SYNTAX, "the end of the document is wanted here");
    if (st == MP_OK)
        st = next_event(l);
    if (st == MP_OK && l->event->type != FYET_STREAM_END)
        return fail(l, MP_E_SYNTAX, "a suite is one document: what follows '---' is not read");
    return st;
}

/* libfyaml is never given what is not text. */
static int check_text(struct loader *l, struct str text)
{
    if (text.n > SUITE_MAX_BYTES)
        return fail(l, MP_E_LIMIT, "a suite has at most %d bytes", SUITE_MAX_BYTES);
    l->at.line = l->at.column = 1;
    while (text.n > 0) {
        int32_t cp = utf8_next(&text);
        bool control = cp < 0x20 && cp != '\n' && cp != '\r' && cp != '\t';
        if (cp == UTF8_BAD || control || cp == 0x7f)
            return fail(l, MP_E_SYNTAX, "%s",
                        cp == UTF8_BAD ? "not UTF-8 text" : "a control character");
        l->at.column++;
        if (cp == '\n') {
            l->at.line++;
            l->at.column = 1;
        }
    }
    return MP_OK;
}

int yaml_read(struct arena *a, struct str text, const char *file, struct node **out,
              struct suite_place *at, struct mp_err *err)
{
    struct fy_diag_cfg diag_config;
    struct loader l = {.arena = a, .file = file, .err = err, .error_at = at};
    l.at.file = file;
    int st = check_text(&l, text);
    if (st != MP_OK)
        return st;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    l.diag = fy_diag_create(&diag_config);
    if (l.diag == NULL)
        return fail_memory(&l);
    fy_diag_set_collect_errors(l.diag, true);
    struct fy_parse_cfg config = {.flags = FYPCF_QUIET, .diag = l.diag};
    l.parser = fy_parser_create(&config);
    if (l.parser == NULL || fy_parser_set_string(l.parser, text.n == 0 ? "" : text.p, text.n) != 0)
        st = fail_memory(&l);
    if (st == MP_OK)
        st = read_stream(&l);
    if (st == MP_OK)
        *out = l.root;
    fy_parser_event_free(l.parser, l.event);
    fy_parser_destroy(l.parser);
    fy_diag_destroy(l.diag);
    return st;
}
