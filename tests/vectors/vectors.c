/* Reading the conformance suites: JSON, messages, zones, and the list of deviations. */
#include "tests/vectors/vectors.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX = 4096 };

static unsigned cases, deviations;

json_t *vectors_load(const char *suite, const char *path)
{
    char name[TEXT_MAX];
    snprintf(name, sizeof name, "conformance/%s", path);
    const char *full = tap_shared_path(name);
    if (full == NULL) {
        tap_case("%s: conformance data", suite);
        tap_skip("no shared data: set MAILPROOF_SHARED or put it at ../shared");
        return NULL;
    }
    json_error_t error;
    json_t *json = json_load_file(full, JSON_ALLOW_NUL, &error);
    if (json == NULL) {
        fprintf(stderr, "%s:%d: %s\n", full, error.line, error.text);
        abort();
    }
    return json;
}

struct str vectors_file(const char *dir, const char *file)
{
    char name[TEXT_MAX];
    snprintf(name, sizeof name, "conformance/%s/%s", dir, file);
    const char *full = tap_shared_path(name);
    struct str s = full == NULL ? STR_NONE : tap_read_file(full);
    if (s.p == NULL) {
        fprintf(stderr, "cannot read conformance/%s/%s\n", dir, file);
        abort();
    }
    return s;
}

struct str vectors_str(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    return json_is_string(v) ? str_make(json_string_value(v), json_string_length(v)) : STR_NONE;
}

bool vectors_accepts(const json_t *expect, const char *got)
{
    if (json_is_string(expect))
        return strcmp(json_string_value(expect), got) == 0;
    size_t i;
    json_t *item;
    json_array_foreach(expect, i, item)
    {
        if (json_is_string(item) && strcmp(json_string_value(item), got) == 0)
            return true;
    }
    return false;
}

static void must(int status, const struct mp_err *err)
{
    if (status != MP_OK) {
        fprintf(stderr, "zone of a case: %s\n", err->text);
        abort();
    }
}

static bool failure_by_name(const char *word, enum dns_status *out)
{
    static const struct {
        const char *name;
        enum dns_status status;
    } words[] = {{"SERVFAIL", DNS_SERVFAIL},
                 {"TIMEOUT", DNS_TIMEOUT},
                 {"NXDOMAIN", DNS_NXDOMAIN},
                 {"BOGUS", DNS_BOGUS}};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(words[i].name, word) == 0) {
            *out = words[i].status;
            return true;
        }
    }
    return false;
}

static void add_txt(struct dns_zone *z, struct str name, const json_t *value)
{
    struct mp_err err = {0};
    struct buf joined;
    buf_init(&joined, 1 << 20);
    if (json_is_string(value))
        buf_add(&joined, str_make(json_string_value(value), json_string_length(value)));
    size_t i;
    json_t *piece;
    json_array_foreach(value, i, piece)
        buf_add(&joined, str_make(json_string_value(piece), json_string_length(piece)));
    must(dns_zone_add_txt(z, name, buf_str(&joined), &err), &err);
    buf_clear(&joined);
}

/* One record's RDATA: text, or its fields as a list ([10, "mx.example"]). */
static void add_rdata(struct dns_zone *z, struct str name, enum dns_type type, const json_t *value)
{
    struct mp_err err = {0};
    struct buf text;
    buf_init(&text, 1 << 16);
    if (json_is_string(value))
        buf_addz(&text, json_string_value(value));
    size_t i;
    json_t *field;
    json_array_foreach(value, i, field)
    {
        if (json_is_string(field))
            buf_addf(&text, "%s ", json_string_value(field));
        else
            buf_addf(&text, "%lld ", (long long)json_integer_value(field));
    }
    must(dns_zone_add(z, name, type, 300, buf_str(&text), &err), &err);
    buf_clear(&text);
}

static void add_typed(struct dns_zone *z, struct str name, const char *type_name,
                      const json_t *values)
{
    struct mp_err err = {0};
    enum dns_type type;
    if (!dns_type_by_name(str_from(type_name), &type)) {
        fprintf(stderr, "unknown record type %s in a case\n", type_name);
        abort();
    }
    enum dns_status failure;
    if (json_is_string(values) && failure_by_name(json_string_value(values), &failure)) {
        must(dns_zone_add_failure(z, name, (int)type, failure, &err), &err);
        return;
    }
    size_t i;
    json_t *v;
    json_array_foreach(values, i, v)
    {
        if (type == DNS_TXT)
            add_txt(z, name, v);
        else
            add_rdata(z, name, type, v);
    }
}

/* A member of a list of TXT records: the record, or {"error":"SERVFAIL"} in its place. */
static void add_txt_or_failure(struct dns_zone *z, struct str name, const json_t *value)
{
    struct mp_err err = {0};
    enum dns_status failure;
    const char *error = json_string_value(json_object_get(value, "error"));
    if (error != NULL && failure_by_name(error, &failure))
        must(dns_zone_add_failure(z, name, 0, failure, &err), &err);
    else
        add_txt(z, name, value);
}

struct dns_zone *vectors_zone(const json_t *names)
{
    struct dns_zone *z = dns_zone_new();
    const char *key;
    json_t *value;
    struct mp_err err = {0};
    json_object_foreach((json_t *)(uintptr_t)names, key, value)
    {
        struct str name = str_from(key);
        enum dns_status failure;
        const char *error = json_string_value(json_object_get(value, "error"));
        if (json_is_string(value))
            error = json_string_value(value);
        if (error != NULL && failure_by_name(error, &failure)) {
            must(dns_zone_add_failure(z, name, 0, failure, &err), &err);
            continue;
        }
        if (json_is_array(value)) {
            size_t i;
            json_t *txt;
            json_array_foreach(value, i, txt) add_txt_or_failure(z, name, txt);
            continue;
        }
        const char *type;
        json_t *records;
        json_object_foreach(value, type, records) add_typed(z, name, type, records);
    }
    return z;
}

/* The file is small; it is read again for each question. */
bool vectors_deviation(const char *suite, const char *id, struct str *want, struct str *reason)
{
    struct str rest = tap_source_file("tests/vectors/deviations.tsv");
    while (rest.p != NULL) {
        struct str line = str_cut(&rest, '\n');
        if (line.n == 0 || line.p[0] == '#')
            continue;
        struct str line_suite = str_cut(&line, '\t'), line_id = str_cut(&line, '\t');
        struct str line_got = str_cut(&line, '\t');
        if (!str_eq(line_suite, str_from(suite)) || !str_eq(line_id, str_from(id)))
            continue;
        *want = line_got;
        *reason = line;
        return true;
    }
    return false;
}

void tap_vector(const char *suite, const char *id, bool ok, const char *got, const json_t *expect)
{
    struct str want, reason;
    cases++;
    if (vectors_deviation(suite, id, &want, &reason)) {
        deviations++;
        tap_note("%s %s: listed deviation: " STR_FMT, suite, id, STR_ARG(reason));
        if (ok)
            tap_note("it passes now: take it out of deviations.tsv");
        tap_ok(!ok);
        tap_str(str_from(got), want);
        return;
    }
    if (!tap_ok(ok)) {
        char *text = expect == NULL ? NULL : json_dumps(expect, JSON_ENCODE_ANY | JSON_COMPACT);
        tap_note("%s %s: got %s, expected %s", suite, id, got, text == NULL ? "?" : text);
        free(text);
    }
}

int vectors_done(const char *suite)
{
    if (cases != 0) {
        tap_case("%s: listed deviations are at most 1 %%", suite);
        tap_ok((deviations * 100 + cases / 2) / cases <= 1); /* in whole percent */
        tap_note("%s: %u cases, %u deviations", suite, cases, deviations);
    }
    return tap_done();
}
