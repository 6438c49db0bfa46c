/* Rules of the operator: built without libyara. */
#include "content/yara.h"

const char *yara_version(void)
{
    return NULL;
}

static int none(struct mp_err *err)
{
    return mp_fail(err, MP_E_USAGE, 0,
                   "this build has no YARA: build it with libyara and -Dyara=enabled");
}

int yara_rules_compile(const struct yara_text *texts, size_t n, struct yara_rules **out,
                       struct mp_err *err)
{
    (void)texts, (void)n, (void)out;
    return none(err);
}

void yara_rules_free(struct yara_rules *r)
{
    (void)r;
}

size_t yara_rules_count(const struct yara_rules *r)
{
    (void)r;
    return 0;
}

const char *yara_rules_warning(const struct yara_rules *r, size_t *n)
{
    (void)r;
    *n = 0;
    return "";
}

int yara_scanner_new(const struct yara_rules *r, struct yara_scanner **out, struct mp_err *err)
{
    (void)r, (void)out;
    return none(err);
}

void yara_scanner_free(struct yara_scanner *s)
{
    (void)s;
}

void yara_scan(struct yara_scanner *s, struct content *c, size_t object)
{
    (void)s, (void)c, (void)object;
}
