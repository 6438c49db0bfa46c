/* For tests of the reading half: an outside of tables, and suites from text. */
#ifndef MP_SUITE_TEST_KIT_H
#define MP_SUITE_TEST_KIT_H

#include "suite/suite.h"
#include "tests/tap.h"

struct kit_value {
    const char *name, *value;
};

/* Files by name, and the environment; the first file is the suite. Both end with a NULL name. */
struct kit_outside {
    const struct kit_value *files, *env;
};

static inline const char *kit_env(void *ctx, struct str name)
{
    const struct kit_outside *k = ctx;
    for (const struct kit_value *v = k->env; v != NULL && v->name != NULL; v++)
        if (str_eq(str_from(v->name), name))
            return v->value;
    return NULL;
}

static inline int kit_file(void *ctx, const char *path, struct buf *out, struct mp_err *err)
{
    const struct kit_outside *k = ctx;
    for (const struct kit_value *v = k->files; v->name != NULL; v++)
        if (strcmp(v->name, path) == 0) {
            buf_addz(out, v->value);
            return out->failed ? mp_fail(err, MP_E_LIMIT, 0, "%s: too long", path) : MP_OK;
        }
    return mp_fail(err, MP_E_IO, 0, "%s: there is no such file", path);
}

static inline bool kit_readable(void *ctx, const char *path)
{
    return kit_env(&(struct kit_outside){.env = ((struct kit_outside *)ctx)->files},
                   str_from(path)) != NULL;
}

/* A file of the project, and those beside it. */
static inline int kit_real_file(void *ctx, const char *path, struct buf *out, struct mp_err *err)
{
    struct str text = tap_read_file(path);
    (void)ctx;
    if (text.p == NULL)
        return mp_fail(err, MP_E_IO, 0, "%s: there is no such file", path);
    buf_add(out, text);
    return MP_OK;
}

#endif
