/* Documents against docs/schema, by the keywords that our schemas use, and closed: a member that no
 * schema names does not fit. The test that includes this has included tests/tap.h before. */
#ifndef MP_TESTS_SCHEMA_CHECK_H
#define MP_TESTS_SCHEMA_CHECK_H

#include <jansson.h>
#include <stdlib.h>

/* "docs/schema/probe-1.schema.json"; aborts when it cannot be read. For json_decref. */
static inline json_t *schema_load(const char *name)
{
    json_t *schema = json_load_file(tap_source_path(name), JSON_REJECT_DUPLICATES, NULL);
    if (schema == NULL)
        abort();
    return schema;
}

/* A schema of "$defs". */
static inline const json_t *schema_part(const json_t *schema, const char *name)
{
    return json_object_get(json_object_get(schema, "$defs"), name);
}

static inline const json_t *schema_follow(const json_t *schema, const json_t *part)
{
    const char *ref = json_string_value(json_object_get(part, "$ref"));
    return ref == NULL ? part : schema_part(schema, ref + strlen("#/$defs/"));
}

static inline const char *schema_type_of(const json_t *v)
{
    return json_is_object(v)    ? "object"
           : json_is_array(v)   ? "array"
           : json_is_string(v)  ? "string"
           : json_is_integer(v) ? "integer"
           : json_is_boolean(v) ? "boolean"
                                : "null";
}

static inline bool schema_has_type(const json_t *types, const json_t *v)
{
    if (types == NULL)
        return true;
    if (json_is_string(types))
        return strcmp(json_string_value(types), schema_type_of(v)) == 0;
    for (size_t i = 0; i < json_array_size(types); i++)
        if (strcmp(json_string_value(json_array_get(types, i)), schema_type_of(v)) == 0)
            return true;
    return false;
}

static inline bool schema_lists(const json_t *values, const json_t *v)
{
    for (size_t i = 0; i < json_array_size(values); i++)
        if (json_equal(json_array_get(values, i), v))
            return true;
    return values == NULL;
}

static inline bool schema_fits(const json_t *schema, const json_t *part, json_t *v,
                               const char *key);

static inline bool schema_object_fits(const json_t *schema, const json_t *part, json_t *v)
{
    const json_t *properties = json_object_get(part, "properties");
    const json_t *required = json_object_get(part, "required");
    const char *key;
    json_t *member;
    bool ok = true;
    for (size_t i = 0; i < json_array_size(required); i++) {
        const char *name = json_string_value(json_array_get(required, i));
        if (json_object_get(v, name) == NULL) {
            tap_note("%s is missing", name);
            ok = false;
        }
    }
    json_object_foreach(v, key, member) ok &=
        schema_fits(schema, json_object_get(properties, key), member, key);
    return ok;
}

/* Does the value fit this part of the schema (the schema itself, or one of "$defs")? `key` names it
 * in notes. */
static inline bool schema_fits(const json_t *schema, const json_t *part, json_t *v, const char *key)
{
    part = schema_follow(schema, part);
    bool ok = part != NULL && schema_has_type(json_object_get(part, "type"), v) &&
              schema_lists(json_object_get(part, "enum"), v);
    const json_t *least = json_object_get(part, "minimum");
    if (ok && least != NULL && json_is_integer(v))
        ok = json_integer_value(v) >= json_integer_value(least);
    if (!ok)
        tap_note("%s does not fit the schema", key);
    if (ok && json_is_object(v))
        ok = schema_object_fits(schema, part, v);
    for (size_t i = 0; ok && i < json_array_size(v); i++)
        ok = schema_fits(schema, json_object_get(part, "items"), json_array_get(v, i), key);
    return ok;
}

/* The members of a document that `common` (a part of subject-1) names, or those that it does not.
 * For json_decref. */
static inline json_t *schema_members(const json_t *common, json_t *doc, bool named)
{
    const json_t *properties = json_object_get(common, "properties");
    json_t *out = json_object(), *member;
    const char *key;
    json_object_foreach(doc, key, member) if ((json_object_get(properties, key) != NULL) == named)
        json_object_set(out, key, member);
    return out;
}

/* The document of a host or a domain: the members that all have by subject-1, its own by `schema`.
 */
static inline bool schema_fits_subject(const json_t *schema, json_t *doc)
{
    json_t *subject = schema_load("docs/schema/subject-1.schema.json");
    const json_t *common = schema_part(subject, "subject");
    json_t *shared = schema_members(common, doc, true), *own = schema_members(common, doc, false);
    bool ok = schema_fits(subject, common, shared, "document");
    ok &= schema_fits(schema, schema, own, "document");
    json_decref(shared);
    json_decref(own);
    json_decref(subject);
    return ok;
}

#endif
