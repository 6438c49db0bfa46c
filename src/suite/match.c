/* What an expectation says about what was seen: comparisons, globs, lists. */
#include "suite/suite.h"

bool suite_compare_holds(const struct suite_compare *c, int64_t seen)
{
    switch (c->op) {
    case SUITE_EQ:
        return seen == c->value;
    case SUITE_NE:
        return seen != c->value;
    case SUITE_LT:
        return seen < c->value;
    case SUITE_LE:
        return seen <= c->value;
    case SUITE_GT:
        return seen > c->value;
    case SUITE_GE:
        return seen >= c->value;
    }
    return false;
}

int64_t suite_tls_version(struct str name)
{
    static const struct {
        struct str name;
        int64_t version;
    } versions[] = {
        {STR_INIT("SSLv3"), 0x0300},   {STR_INIT("TLSv1"), 0x0301},   {STR_INIT("TLSv1.0"), 0x0301},
        {STR_INIT("TLSv1.1"), 0x0302}, {STR_INIT("TLSv1.2"), 0x0303}, {STR_INIT("TLSv1.3"), 0x0304},
    };
    for (size_t i = 0; i < ARRAY_LEN(versions); i++)
        if (str_ieq(versions[i].name, name))
            return versions[i].version;
    return 0;
}

int64_t suite_grade_rank(struct str grade)
{
    static const char *const grades[] = {"F", "D", "C", "B", "A", "A+"};
    for (size_t i = 0; i < ARRAY_LEN(grades); i++)
        if (str_ieq(str_from(grades[i]), grade))
            return (int64_t)i;
    return -1;
}

bool suite_glob(struct str pattern, struct str text)
{
    return pattern.n <= SUITE_GLOB_MAX && str_glob(pattern, text, true);
}

bool suite_list_matches(const struct suite_list *l, struct str text)
{
    for (size_t i = 0; i < l->n; i++)
        if (suite_glob(l->items[i], text))
            return true;
    return l->all;
}

const char *suite_verb_name(enum suite_verb v)
{
    static const char *const names[SUITE_VERB_COUNT] = {
        [SUITE_SCRIPT] = "sink",
        [SUITE_PROBE] = "probe",
        [SUITE_SEND] = "send",
        [SUITE_ARRIVE] = "arrive",
        [SUITE_NOT_ARRIVE] = "not-arrive",
        [SUITE_RELAY_TEST] = "relay-test",
        [SUITE_SMUGGLE] = "smuggle",
        [SUITE_AUDIT] = "audit",
        [SUITE_SCAN] = "scan",
    };
    return (size_t)v < ARRAY_LEN(names) ? names[v] : "?";
}
