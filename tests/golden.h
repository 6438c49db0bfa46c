/* Golden files: compared, or written anew with UPDATE_GOLDEN=1. */
#ifndef MP_TESTS_GOLDEN_H
#define MP_TESTS_GOLDEN_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "tests/tap.h"

enum { OUT_MAX_BYTES = 64 << 20 };

static inline void golden_write(const char *name, struct str got)
{
    FILE *f = fopen(tap_source_path(name), "wb");
    tap_ok(f != NULL && fwrite(got.p, 1, got.n, f) == got.n);
    if (f != NULL)
        fclose(f);
}

/* The first line that differs is what one wants to read. */
static inline void golden_difference(struct str got, struct str want)
{
    for (size_t line = 1; got.p != NULL || want.p != NULL; line++) {
        struct str a = str_cut(&got, '\n'), b = str_cut(&want, '\n');
        if (str_eq(a, b))
            continue;
        tap_note("line %zu differs", line);
        tap_str(a, b);
        return;
    }
}

/* A rule's place among those that are kept, where it is put first when it is new. */
static inline json_int_t golden_rule(json_t *kept, const json_t *rules, json_int_t index)
{
    json_t *rule = json_array_get(rules, (size_t)index);
    for (size_t i = 0; i < json_array_size(kept); i++)
        if (json_array_get(kept, i) == rule)
            return (json_int_t)i;
    tap_ok(rule != NULL && json_array_append(kept, rule) == 0);
    return (json_int_t)json_array_size(kept) - 1;
}

/* SARIF with only those rules that its results point to, so that a new finding of the catalogue
 * changes no golden file. Heap text. */
static inline char *golden_sarif(struct str got)
{
    json_t *doc = json_loadb(got.p, got.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    json_t *run = json_array_get(json_object_get(doc, "runs"), 0);
    json_t *driver = json_object_get(json_object_get(run, "tool"), "driver");
    const json_t *results = json_object_get(run, "results");
    json_t *kept = json_array();
    for (size_t i = 0; i < json_array_size(results); i++) {
        json_t *index = json_object_get(json_array_get(results, i), "ruleIndex");
        json_integer_set(index, golden_rule(kept, json_object_get(driver, "rules"),
                                            json_integer_value(index)));
    }
    json_object_set_new(driver, "rules", kept);
    char *text = json_dumps(doc, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
    json_decref(doc);
    return text;
}

static inline void golden(const char *name, struct str got)
{
    char *sarif = str_ends(str_from(name), STR(".sarif")) ? golden_sarif(got) : NULL;
    got = sarif == NULL ? got : str_from(sarif);
    if (getenv("UPDATE_GOLDEN") != NULL) {
        golden_write(name, got);
    } else {
        struct str want = tap_source_file(name);
        if (!tap_ok(str_eq(got, want)))
            golden_difference(got, want);
    }
    free(sarif);
}

#endif
