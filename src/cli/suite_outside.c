/* What a suite may refer to, for the commands that read one: the environment, and files. */
#include "cli/suite_outside.h"

#include <stdlib.h>

#include "run/read_file.h"

static const char *outside_env(void *ctx, struct str name)
{
    (void)ctx;
    return getenv(name.p); /* suite_outside: a NUL is behind it */
}

static int outside_file(void *ctx, const char *path, struct buf *out, struct mp_err *err)
{
    (void)ctx;
    return read_file(path, out, err);
}

static bool outside_readable(void *ctx, const char *path)
{
    (void)ctx;
    return file_is_readable(path);
}

const struct suite_outside cli_outside = {outside_env, outside_file, outside_readable, NULL};
