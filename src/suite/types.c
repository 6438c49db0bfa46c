/* Readers of texts, numbers and words: one kind of value each, with its piece of JSON Schema. */
#include "base/utf8.h"
#include "suite/suite_internal.h"

/* In a schema: what a reference may stand for. */
#define OR_REFERENCE(pattern) "\"^(" pattern "|.*\\\\$\\\\{.*)$\""
#define TEXT_SCHEMA           "{\"type\":[\"string\",\"number\",\"boolean\"]}"
#define LIST_SCHEMA(item)     "{\"anyOf\":[" item ",{\"type\":\"array\",\"items\":" item "}]}"

/* ---- scalars ---- */

static bool has_control(struct str s, bool multiline)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && !(multiline && (c == '\n' || c == '\t' || c == '\r'))) || c == 0x7f)
            return true;
    }
    return false;
}

bool take_scalar(struct decoder *d, const struct node *n, const char *what, bool multiline,
                 struct resolved *out)
{
    if (n->kind != NODE_SCALAR || node_is_null(n)) {
        problem(d, &n->at, "%s is wanted here, not %s", what,
                n->kind == NODE_MAP    ? "a mapping"
                : n->kind == NODE_LIST ? "a list"
                                       : "nothing");
        return false;
    }
    if (!resolve_text(d, n, out))
        return false;
    if (has_control(out->text, multiline)) {
        problem(d, &n->at, "%s has no %s", what,
                multiline ? "control characters" : "line breaks and control characters");
        return false;
    }
    return true;
}

bool take_shown(struct decoder *d, const struct node *n, const char *what, struct resolved *out)
{
    if (!take_scalar(d, n, what, false, out))
        return false;
    for (size_t i = 0; d->reading && i < out->n_refs; i++)
        if (d->source->refs[out->refs[i]].shown_at.line == 0)
            d->source->refs[out->refs[i]].shown_at = n->at;
    return true;
}

bool take_text(struct decoder *d, const struct node *n, const char *what, struct str *out)
{
    struct resolved r;
    if (!take_shown(d, n, what, &r))
        return false;
    *out = r.text;
    return true;
}

static bool read_name(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct resolved r;
    (void)k;
    if (!take_shown(d, n, "a name", &r))
        return false;
    if (r.n_refs > 0 || r.text.n == 0 || r.text.n > SUITE_GLOB_MAX) {
        problem(d, &n->at,
                r.n_refs > 0 ? "names are shown in every report: no ${env:...} and no ${file:...}"
                             : "a name has 1 to %d characters",
                SUITE_GLOB_MAX);
        return false;
    }
    *(struct str *)(void *)(base + k->offset) = r.text;
    return true;
}
const struct value_type type_name = {"name", TEXT_SCHEMA, read_name};

static bool read_line(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    return take_text(d, n, "a text", (struct str *)(void *)(base + k->offset));
}
const struct value_type type_line = {"text", TEXT_SCHEMA, read_line};

static bool read_text(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct resolved r;
    if (!take_scalar(d, n, "a text", true, &r))
        return false;
    for (size_t i = 0; d->reading && i < r.n_refs; i++)
        if (d->source->refs[r.refs[i]].shown_at.line == 0)
            d->source->refs[r.refs[i]].shown_at = n->at;
    *(struct str *)(void *)(base + k->offset) = r.text;
    return true;
}
const struct value_type type_text = {"text of several lines", TEXT_SCHEMA, read_text};

/* Only a reference, and then it is masked wherever text leaves us. */
static bool take_secret(struct decoder *d, const struct node *n, const struct resolved *r)
{
    struct shown word;
    for (size_t i = 0; i < r->n_refs; i++) {
        struct ref *ref = &d->source->refs[r->refs[i]];
        if (d->reading && ref->secret_at.line == 0)
            ref->secret_at = n->at;
        if (!ref->unset && ref->value.n < SUITE_SECRET_MIN_BYTES) {
            problem(d, &n->at, "${%s} has fewer than %d characters: it could not be masked",
                    shown(ref->name, &word), SUITE_SECRET_MIN_BYTES);
            return false;
        }
    }
    return true;
}

static bool read_secret(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct resolved r;
    if (!take_scalar(d, n, "a reference to a secret", false, &r))
        return false;
    if (r.literal || r.n_refs == 0) {
        problem(d, &n->at,
                "a secret does not stand in a suite: write ${env:NAME} or ${file:PATH} alone");
        return false;
    }
    *(struct str *)(void *)(base + k->offset) = r.text;
    return take_secret(d, n, &r);
}
const struct value_type type_secret = {
    "reference to a secret", "{\"type\":\"string\",\"pattern\":\"^(\\\\$\\\\{[^}]*\\\\})+$\"}",
    read_secret};

static bool read_secret_url(struct decoder *d, const struct node *n, const struct key *k,
                            char *base)
{
    struct resolved r;
    struct shown word;
    if (!take_scalar(d, n, "an https URL", false, &r) || !take_secret(d, n, &r))
        return false;
    if (!r.unset && !str_starts(r.text, STR("https://")) &&
        !str_starts(r.text, STR("http://127.0.0.1"))) {
        problem(d, &n->at, "%s is no https URL",
                r.n_refs > 0 ? "what the reference brings" : shown(r.text, &word));
        return false;
    }
    *(struct str *)(void *)(base + k->offset) = r.text;
    return true;
}
const struct value_type type_secret_url = {"https URL", "{\"type\":\"string\"}", read_secret_url};

/* ---- lists ---- */

bool take_list(struct decoder *d, const struct node *n, const struct key *k, size_t max,
               size_t size, take_item *each, void **items, size_t *count)
{
    size_t n_items = n->kind == NODE_LIST ? n->n : 1;
    bool ok = true;
    if (n_items > max) {
        problem(d, &n->at, "'" STR_FMT "' has at most %zu values", STR_ARG(k->name), max);
        return false;
    }
    char *into = arena_alloc(d->arena, n_items + 1, size);
    if (into == NULL)
        return out_of_memory(d) == MP_OK;
    for (size_t i = 0; i < n_items; i++) {
        struct node room;
        if (!visit(d, n, 1))
            return false;
        const struct node *item = n->kind == NODE_LIST ? resolve_node(d, n->items[i], &room) : n;
        ok &= each(d, item, k, into + i * size);
    }
    *items = into;
    *count = n_items;
    return ok;
}

static bool line_item(struct decoder *d, const struct node *n, const struct key *k, void *into)
{
    (void)k;
    return take_text(d, n, "a text", into);
}

enum { LIST_MAX = 1000 };

static bool read_lines(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    return take_list(d, n, k, k->max == 0 ? LIST_MAX : (size_t)k->max, sizeof(struct str),
                     line_item, (void **)(void *)(base + k->offset),
                     (size_t *)(void *)(base + k->second));
}
const struct value_type type_lines = {"text, or list of them", LIST_SCHEMA(TEXT_SCHEMA),
                                      read_lines};

/* ---- globs ---- */

static bool glob_item(struct decoder *d, const struct node *n, const struct key *k, void *into)
{
    struct str *text = into;
    (void)k;
    if (!take_text(d, n, "a pattern", text))
        return false;
    if (text->n > SUITE_GLOB_MAX) {
        problem(d, &n->at, "a pattern has at most %d characters", SUITE_GLOB_MAX);
        return false;
    }
    return true;
}

static bool read_glob(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct suite_text *into = (void *)(base + k->offset);
    into->at = n->at;
    return glob_item(d, n, k, &into->text);
}
const struct value_type type_glob = {"pattern", TEXT_SCHEMA, read_glob};

static bool take_globs(struct decoder *d, const struct node *n, const struct key *k,
                       take_item *each, struct suite_list *into)
{
    void *items = NULL;
    size_t count = 0;
    bool ok = take_list(d, n, k, LIST_MAX, sizeof(struct str), each, &items, &count);
    *into = (struct suite_list){.at = n->at, .items = items, .n = count, .none = count == 0};
    return ok;
}

static bool read_globs(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    return take_globs(d, n, k, glob_item, (void *)(base + k->offset));
}
const struct value_type type_globs = {"pattern, or list of them", LIST_SCHEMA(TEXT_SCHEMA),
                                      read_globs};

static bool read_texts(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    return take_globs(d, n, k, line_item, (void *)(base + k->offset));
}
const struct value_type type_texts = {"text, or list of them", LIST_SCHEMA(TEXT_SCHEMA),
                                      read_texts};

/* A pattern that no finding matches would forbid nothing: refused, as a typing error. */
static bool finding_item(struct decoder *d, const struct node *n, const struct key *k, void *into)
{
    struct str *text = into;
    if (!glob_item(d, n, k, text) || !visit(d, n, VISITS_COSTLY))
        return false;
    struct nearest nearest = {.wanted = *text};
    for (size_t i = 0; i < FINDING_COUNT; i++) {
        struct str name = finding_kind((enum finding_id)i)->name;
        if (suite_glob(*text, name))
            return true;
        nearest_try(&nearest, name);
    }
    problem_unknown(d, &n->at, "finding", &nearest);
    return false;
}

static bool read_findings(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    return take_globs(d, n, k, finding_item, (void *)(base + k->offset));
}
const struct value_type type_findings = {"finding or pattern of them, or list",
                                         LIST_SCHEMA("{\"type\":\"string\"}"), read_findings};

/* none, all and any instead of a list. */
static bool read_set(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct suite_list *into = (void *)(base + k->offset);
    if (!take_globs(d, n, k, glob_item, into))
        return false;
    if (n->kind == NODE_SCALAR && into->n == 1) {
        into->none = str_eq(into->items[0], STR("none"));
        into->all = str_eq(into->items[0], STR("all")) || str_eq(into->items[0], STR("any"));
        into->n = into->none || into->all ? 0 : 1;
    }
    return true;
}
const struct value_type type_set = {"`none`, `any`, or list of patterns", LIST_SCHEMA(TEXT_SCHEMA),
                                    read_set};

/* ---- words ---- */

bool word_find(const struct word *words, struct str name, int *value)
{
    for (; words->name != NULL; words++)
        if (str_eq(str_from(words->name), name)) {
            *value = words->value;
            return true;
        }
    return false;
}

void problem_word(struct decoder *d, const struct node *n, struct str word,
                  const struct word *words)
{
    struct nearest nearest = {.wanted = word};
    struct shown room;
    struct buf all;
    for (const struct word *w = words; w->name != NULL; w++)
        nearest_try(&nearest, str_from(w->name));
    if (nearest.best.p != NULL) {
        problem_unknown(d, &n->at, "word", &nearest);
        return;
    }
    buf_init(&all, MP_ERR_TEXT_MAX / 2);
    for (const struct word *w = words; w->name != NULL; w++)
        buf_addf(&all, "%s%s", w == words ? "" : ", ", w->name);
    problem(d, &n->at, "unknown word '%s': there are " STR_FMT, shown(word, &room),
            STR_ARG(buf_str(&all)));
    buf_clear(&all);
}

/* 1: *value; 0: it has no value yet; -1: a problem was told. */
static int take_word(struct decoder *d, const struct node *n, const struct word *words, int *value)
{
    struct resolved r;
    if (!take_shown(d, n, "a word", &r))
        return -1;
    if (r.unset || word_find(words, r.text, value))
        return r.unset ? 0 : 1;
    problem_word(d, n, r.text, words);
    return -1;
}

static bool read_choice(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct suite_choice *into = (void *)(base + k->offset);
    int got = take_word(d, n, k->words, &into->value);
    if (got == 1)
        into->at = n->at;
    return got >= 0;
}
const struct value_type type_choice = {"word", NULL, read_choice};

static bool read_enum(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    return take_word(d, n, k->words, (int *)(void *)(base + k->offset)) >= 0;
}
const struct value_type type_enum = {"word", NULL, read_enum};

static bool take_mask(struct decoder *d, const struct node *n, const struct word *words,
                      unsigned *mask)
{
    size_t n_items = n->kind == NODE_LIST ? n->n : 1;
    bool ok = true;
    *mask = 0;
    for (size_t i = 0; i < n_items; i++) {
        int value = 0, got = take_word(d, n->kind == NODE_LIST ? n->items[i] : n, words, &value);
        ok &= got >= 0;
        if (got == 1)
            *mask |= (unsigned)value;
    }
    return ok;
}

/* The values of the words are bits. */
static bool read_mask(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    return take_mask(d, n, k->words, (unsigned *)(void *)(base + k->offset));
}
const struct value_type type_mask = {"word, or list of them", NULL, read_mask};

static bool read_stages(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    *(struct suite_place *)(void *)(base + k->second) = n->at;
    return take_mask(d, n, k->words, (unsigned *)(void *)(base + k->offset));
}
const struct value_type type_stages = {"stage, or list of them", NULL, read_stages};

static bool result_item(struct decoder *d, const struct node *n, const struct key *k, void *into)
{
    struct resolved r;
    int value;
    if (!take_shown(d, n, "a result", &r))
        return false;
    *(struct str *)into = r.text;
    if (r.unset || word_find(k->words, r.text, &value))
        return true;
    problem_word(d, n, r.text, k->words);
    return false;
}

static bool read_results(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    return take_globs(d, n, k, result_item, (void *)(base + k->offset));
}
const struct value_type type_results = {"word, or list of them", NULL, read_results};

/* ---- mappings ---- */

static bool read_map(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    *(struct suite_place *)(void *)(base + k->offset) = n->at;
    return decode(d, n, k->context, base + k->offset);
}
const struct value_type type_map = {"mapping", NULL, read_map};

static bool read_part(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    return decode(d, n, k->context, base + k->offset);
}
const struct value_type type_part = {"mapping", NULL, read_part};

static bool read_node(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct node *copy = arena_new(d->arena, struct node, 1); /* `n` may be the decoder's own room */
    if (copy == NULL)
        return out_of_memory(d) == MP_OK;
    *copy = *n;
    *(const struct node **)(void *)(base + k->offset) = copy;
    return true;
}
const struct value_type type_node = {"mapping", NULL, read_node};
const struct value_type type_nodes = {"list of mappings", NULL, read_node};
const struct value_type type_step = {"mapping", NULL, read_node};
const struct value_type type_steps = {"mapping, or list of them", NULL, read_node};
const struct value_type type_named = {"mapping of names", NULL, read_node};

/* Read once it is known what stands above it, by the one who knows. */
static bool read_later(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    (void)d, (void)n, (void)k, (void)base;
    return true;
}
const struct value_type type_expect = {"mapping", NULL, read_later};
const struct value_type type_include = {"file, or list of them",
                                        LIST_SCHEMA("{\"type\":\"string\"}"), read_later};
const struct value_type type_matrix = {"mapping of names to lists",
                                       "{\"type\":\"object\",\"minProperties\":1,"
                                       "\"additionalProperties\":{\"anyOf\":[{\"type\":\"array\","
                                       "\"minItems\":1},{\"$ref\":\"#/$defs/variable\"}]}}",
                                       read_node};
