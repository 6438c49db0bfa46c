/* Any bytes as a suite: refused with a place, or a plan whose every case can be made. */
#include <stdlib.h>

#include "suite/suite.h"

/* See policy_fuzz.c: libfyaml 0.7.12 loses a scratch buffer on some errors. Ours are still found.
 */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml.so";
}

static const char *fuzz_env(void *ctx, struct str name)
{
    (void)ctx;
    return name.n > 0 && name.p[0] == 'U' ? NULL : "smtp://env.test";
}

static int fuzz_file(void *ctx, const char *path, struct buf *out, struct mp_err *err)
{
    const struct str *suite = ctx;
    if (path[0] == 'n')
        return mp_fail(err, MP_E_IO, 0, "%s: there is no such file", path);
    buf_add(out, strstr(path, ".yaml") != NULL ? *suite : STR("secret of a file\n"));
    return out->failed ? mp_fail(err, MP_E_LIMIT, 0, "%s: too long", path) : MP_OK;
}

static bool fuzz_readable(void *ctx, const char *path)
{
    (void)ctx;
    return path[0] != 'n';
}

static void make_all(const struct suite *s)
{
    for (size_t i = 0; i < s->n_cases; i++) {
        struct arena arena;
        struct suite_case made;
        struct mp_err err = {0};
        arena_init(&arena, SUITE_ARENA_BYTES);
        int st = suite_case_make(s, i, STR("mp-abc"), &arena, &made, &err);
        if ((st != MP_OK && err.text[0] == '\0') ||
            (st == MP_OK && made.n_steps != s->cases[i].n_steps))
            abort();
        arena_clear(&arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size);
    struct suite_outside outside = {fuzz_env, fuzz_file, fuzz_readable, &text};
    struct suite_options o = {.outside = &outside, .unset_allowed = size % 2 == 0};
    struct suite_problems problems;
    struct suite s;
    struct mp_err err = {0};
    int st = suite_read("fuzz.yaml", &o, &s, &problems, &err);
    if (st != MP_OK && (err.text[0] == '\0' || (st == MP_E_SYNTAX && problems.n_errors == 0)))
        abort();
    if (st == MP_OK)
        make_all(&s);
    suite_clear(&s);
    return 0;
}
