/* The JSON Schema of suites, from the table of keys: for editors, and for the documentation. */
#include "base/json.h"
#include "suite/keys.h"
#include "suite/lint.h"

/* One mapping may stand for another: "${vars.x}", "${matrix.x}". */
#define VARIABLE "{\"$ref\":\"#/$defs/variable\"}"

static void raw(struct json *j, const char *text)
{
    json_raw(j, str_from(text));
}

static void write_ref(struct json *j, const struct context *c)
{
    struct buf b;
    buf_init(&b, 256);
    buf_addf(&b, "#/$defs/%s", c->name);
    json_object_begin(j);
    json_kstr(j, "$ref", buf_str(&b));
    json_object_end(j);
    buf_clear(&b);
}

/* A mapping of context `c`, or a variable that stands for one; `list`: or a list of them. */
static void write_mapping(struct json *j, const struct context *c, bool list)
{
    json_key(j, "anyOf");
    json_array_begin(j);
    write_ref(j, c);
    if (list) {
        json_object_begin(j);
        json_kword(j, "type", "array");
        json_key(j, "items");
        write_ref(j, c);
        json_object_end(j);
    }
    raw(j, VARIABLE);
    json_array_end(j);
}

static void write_word_list(struct json *j, const struct key *k)
{
    json_array_begin(j);
    for (const struct word *w = k->words; w->name != NULL; w++)
        json_str(j, str_from(w->name));
    if (k->type == &type_bool) {
        raw(j, "true");
        raw(j, "false");
        raw(j, "\"true\"");
        raw(j, "\"false\"");
    }
    json_array_end(j);
}

static void write_one_word(struct json *j, const struct key *k)
{
    json_object_begin(j);
    json_key(j, "enum");
    write_word_list(j, k);
    json_object_end(j);
}

static bool is_list_of_words(const struct value_type *t)
{
    return t == &type_mask || t == &type_stages || t == &type_results || t == &type_result_or_map;
}

static void write_words(struct json *j, const struct key *k)
{
    bool list = is_list_of_words(k->type);
    json_key(j, "anyOf");
    json_array_begin(j);
    write_one_word(j, k);
    if (list) {
        json_object_begin(j);
        json_kword(j, "type", "array");
        json_key(j, "items");
        write_one_word(j, k);
        json_object_end(j);
    }
    if (k->context != NULL)
        write_ref(j, k->context);
    raw(j, "{\"$ref\":\"#/$defs/reference\"}");
    json_array_end(j);
}

/* hosts: {name: host}; a sink may be nothing at all. */
static void write_named(struct json *j, const struct key *k)
{
    json_kword(j, "type", "object");
    if (k->context == NULL)
        return;
    json_key(j, "additionalProperties");
    if (k->context != &context_sink) {
        write_ref(j, k->context);
        return;
    }
    json_object_begin(j);
    json_key(j, "anyOf");
    json_array_begin(j);
    write_ref(j, k->context);
    raw(j, "{\"type\":\"null\"}");
    raw(j, "{\"const\":\"\"}");
    json_array_end(j);
    json_object_end(j);
}

static void write_list_of(struct json *j, const char *ref)
{
    struct buf b;
    buf_init(&b, 256);
    buf_addf(&b,
             "{\"type\":\"array\",\"items\":{\"anyOf\":[{\"$ref\":\"#/$defs/%s\"}," VARIABLE "]}}",
             ref);
    json_key(j, "anyOf");
    json_array_begin(j);
    json_raw(j, buf_str(&b));
    raw(j, VARIABLE);
    json_array_end(j);
    buf_clear(&b);
}

/* The members of a fragment of the table, into the object that is open. */
static void write_fragment(struct json *j, const char *fragment)
{
    json_key(j, "allOf");
    json_array_begin(j);
    raw(j, fragment);
    json_array_end(j);
}

static void write_value(struct json *j, const struct key *k)
{
    const struct value_type *t = k->type;
    if (t == &type_days || t == &type_outcome) {
        json_key(j, "anyOf");
        json_array_begin(j);
        if (k->context != NULL)
            write_ref(j, k->context);
        raw(j, "{\"type\":[\"string\",\"number\",\"boolean\"]}");
        json_array_end(j);
    } else if (k->words != NULL && t->schema != type_audit_domains.schema) {
        write_words(j, k);
    } else if (t == &type_named) {
        write_named(j, k);
    } else if (t == &type_nodes) {
        write_list_of(j, k->context == NULL ? "row" : k->context->name);
    } else if (k->context != NULL) {
        write_mapping(j, k->context, t == &type_steps);
    } else if (t->schema != NULL) {
        write_fragment(j, t->schema);
    } else {
        json_kword(j, "type", "object"); /* `expect` of a test: see write_test_rules */
    }
}

/* What may stand there, for people: the words, or the name of the type. */
static void write_comment(struct json *j, const struct key *k)
{
    struct buf b;
    buf_init(&b, 4096);
    for (const struct word *w = k->words; w != NULL && w->name != NULL; w++)
        buf_addf(&b, "%s`%s`", w == k->words ? "" : ", ", w->name);
    if (k->words == NULL || k->type->schema == type_audit_domains.schema) {
        buf_reset(&b);
        buf_addz(&b, k->type->shown);
    } else if (is_list_of_words(k->type)) {
        buf_addz(&b, "; or list of them");
    }
    if (k->words != NULL && k->context != NULL)
        buf_addz(&b, "; or mapping");
    json_kstr(j, "$comment", buf_str(&b));
    buf_clear(&b);
}

static void write_key(struct json *j, const struct key *k)
{
    json_key(j, k->name.p);
    json_object_begin(j);
    struct buf b;
    buf_init(&b, 4096);
    buf_addf(&b, "%s%s", k->doc, k->required ? " Needed." : "");
    json_kstr(j, "description", buf_str(&b));
    buf_clear(&b);
    write_comment(j, k);
    write_value(j, k);
    json_object_end(j);
}

static void write_keys(struct json *j, const struct context *c)
{
    for (size_t i = 0; i < c->n_keys; i++)
        write_key(j, &c->keys[i]);
    for (size_t i = 0; i < ARRAY_LEN(c->also) && c->also[i].context != NULL; i++)
        write_keys(j, c->also[i].context);
}

/* What a verb needs may stand in the rows of a table. */
static bool is_verb(const struct context *c)
{
    for (int v = 0; v < SUITE_VERB_COUNT; v++)
        if (verb_context((enum suite_verb)v) == c)
            return true;
    return false;
}

static void write_required(struct json *j, const struct context *c)
{
    json_key(j, "required");
    json_array_begin(j);
    for (size_t i = 0; i < c->n_keys && !is_verb(c); i++)
        if (c->keys[i].required)
            json_str(j, c->keys[i].name);
    json_array_end(j);
}

/* ---- a test: what it may expect depends on its verb ---- */

static const enum suite_verb mains[] = {SUITE_PROBE,   SUITE_SEND,  SUITE_RELAY_TEST,
                                        SUITE_SMUGGLE, SUITE_AUDIT, SUITE_SCAN};

static void write_rule(struct json *j, const char *condition, const char *expect)
{
    struct buf b;
    buf_init(&b, 1024);
    buf_addf(&b, "{\"if\":%s,\"then\":{\"properties\":{\"expect\":{\"$ref\":\"#/$defs/%s\"}}}}",
             condition, expect);
    json_raw(j, buf_str(&b));
    buf_clear(&b);
}

static void write_test_rules(struct json *j)
{
    struct buf none;
    buf_init(&none, 1024);
    buf_addz(&none, "{\"required\":[\"arrive\"],\"not\":{\"anyOf\":[");
    json_key(j, "allOf");
    json_array_begin(j);
    for (size_t i = 0; i < ARRAY_LEN(mains); i++) {
        const char *name = suite_verb_name(mains[i]);
        struct buf condition;
        buf_init(&condition, 256);
        buf_addf(&condition, "{\"required\":[\"%s\"]}", name);
        buf_addf(&none, "%s" STR_FMT, i == 0 ? "" : ",", STR_ARG(buf_str(&condition)));
        buf_addc(&condition, '\0');
        write_rule(j, condition.p,
                   mains[i] == SUITE_SEND ? "expect-of-send-test"
                                          : verb_expect_context(mains[i])->name);
        buf_clear(&condition);
    }
    buf_addz(&none, "]}}");
    buf_addc(&none, '\0');
    write_rule(j, none.p, context_expect_arrive.name);
    json_array_end(j);
    buf_clear(&none);
}

static void write_context(struct json *j, const struct context *c)
{
    json_key(j, c->name);
    json_object_begin(j);
    json_kword(j, "title", c->title);
    json_kword(j, "type", "object");
    json_key(j, "properties");
    json_object_begin(j);
    write_keys(j, c);
    json_object_end(j);
    write_required(j, c);
    json_kbool(j, "additionalProperties", false);
    if (c == &context_test)
        write_test_rules(j);
    json_object_end(j);
}

/* The keys of a test and, at any value, those of all verbs. */
static void write_row(struct json *j)
{
    struct buf seen;
    buf_init(&seen, 1 << 16);
    json_key(j, "row");
    json_object_begin(j);
    json_kword(j, "title", "a row");
    json_kword(j, "type", "object");
    json_key(j, "properties");
    json_object_begin(j);
    for (size_t i = 0; i < context_test.n_keys; i++) {
        struct str name = context_test.keys[i].name;
        if (str_eq(name, STR("matrix")) || str_eq(name, STR("table")))
            continue;
        buf_addf(&seen, "|" STR_FMT "|", STR_ARG(name));
        write_key(j, &context_test.keys[i]);
    }
    for (int v = 0; v < SUITE_VERB_COUNT; v++) {
        const struct context *c = verb_context((enum suite_verb)v);
        for (size_t i = 0; i < c->n_keys; i++) {
            struct buf word;
            buf_init(&word, 256);
            buf_addf(&word, "|" STR_FMT "|", STR_ARG(c->keys[i].name));
            if (str_search(buf_str(&seen), buf_str(&word)) == seen.n) {
                buf_add(&seen, buf_str(&word));
                json_key(j, c->keys[i].name.p);
                json_bool(j, true);
            }
            buf_clear(&word);
        }
    }
    json_object_end(j);
    json_kbool(j, "additionalProperties", false);
    json_object_end(j);
    buf_clear(&seen);
}

/* What a test with `send` may expect: of the sending, and of the arrival. */
static void write_send_test(struct json *j)
{
    json_key(j, "expect-of-send-test");
    json_object_begin(j);
    json_kword(j, "title", "what becomes of a message, and what arrives");
    json_kword(j, "type", "object");
    json_key(j, "properties");
    json_object_begin(j);
    write_keys(j, &context_expect_send);
    write_keys(j, &context_expect_arrive);
    json_object_end(j);
    json_kbool(j, "additionalProperties", false);
    json_object_end(j);
}

static void write_definitions(struct json *j)
{
    for (size_t i = 0; i < n_contexts; i++)
        write_context(j, contexts[i]);
    for (size_t i = 0; i < n_expect_parts; i++)
        write_context(j, expect_parts[i]);
    write_row(j);
    write_send_test(j);
    json_key(j, "variable");
    raw(j, "{\"title\":\"a variable that stands for a list or a mapping\",\"type\":\"string\","
           "\"pattern\":\"^\\\\$\\\\{(vars|matrix)\\\\.[A-Za-z0-9_-]+\\\\}$\"}");
    json_key(j, "reference");
    raw(j, "{\"title\":\"a text with a reference in it\",\"type\":\"string\","
           "\"pattern\":\"\\\\$\\\\{\"}");
}

void suite_schema(struct buf *out)
{
    struct json j;
    json_init(&j, out, 2);
    json_object_begin(&j);
    json_kword(&j, "$schema", "https://json-schema.org/draft/2020-12/schema");
    json_kword(&j, "$id", "urn:mailproof:suite:1");
    json_kword(&j, "title", "mailproof/suite/1");
    json_kword(&j, "description",
               "A flow suite of mailproof run (docs/suites.md). Made from the table of keys by "
               "`mailproof lint --schema`: what the program takes, as far as a schema can say it.");
    json_kword(&j, "$ref", "#/$defs/suite");
    json_key(&j, "$defs");
    json_object_begin(&j);
    write_definitions(&j);
    json_object_end(&j);
    json_object_end(&j);
    buf_addc(out, '\n');
}
