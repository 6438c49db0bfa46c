/* Comparisons and globs of suites, as tables. */
#include "suite/suite.h"
#include "tests/tap.h"

static const struct {
    const char *pattern, *text;
    bool want;
} globs[] = {
    {"*", "", true},
    {"", "", true},
    {"", "x", false},
    {"5.7.*", "5.7.1", true},
    {"5.7.*", "5.71", false},
    {"5??", "550", true},
    {"5??", "5500", false},
    {"posture.spf.*", "POSTURE.SPF.many", true},
    {"*arrives*", "a mail arrives, signed", true},
    {"*a*b*c", "xxaxxbxxbc", true},
    {"*a*b*c", "xxaxxbxxbcd", false},
    {"a**", "a", true},
    {"*aaaaaaaaaaaaaaaaaaab", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
};

static const struct {
    enum suite_op op;
    int64_t seen;
    bool want;
} compared[] = {
    /* with 7 */
    {SUITE_EQ, 7, true}, {SUITE_EQ, 8, false}, {SUITE_NE, 7, false}, {SUITE_NE, 6, true},
    {SUITE_LT, 6, true}, {SUITE_LT, 7, false}, {SUITE_LE, 7, true},  {SUITE_LE, 8, false},
    {SUITE_GT, 8, true}, {SUITE_GT, 7, false}, {SUITE_GE, 7, true},  {SUITE_GE, 6, false},
};

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(globs); i++) {
        tap_case("glob: '%s' and '%s'", globs[i].pattern, globs[i].text);
        tap_int(suite_glob(str_from(globs[i].pattern), str_from(globs[i].text)), globs[i].want);
    }
    for (size_t i = 0; i < ARRAY_LEN(compared); i++) {
        struct suite_compare c = {.op = compared[i].op, .value = 7};
        tap_case("compare: operator %d, 7 and %d", (int)c.op, (int)compared[i].seen);
        tap_int(suite_compare_holds(&c, compared[i].seen), compared[i].want);
    }
    tap_case("versions of TLS have an order");
    tap_int(suite_tls_version(STR("TLSv1.2")), 0x0303);
    tap_ok(suite_tls_version(STR("TLSv1.3")) > suite_tls_version(STR("TLSv1.2")));
    tap_int(suite_tls_version(STR("")), 0);
    tap_case("grades have an order");
    tap_ok(suite_grade_rank(STR("A+")) > suite_grade_rank(STR("A")));
    tap_ok(suite_grade_rank(STR("D")) > suite_grade_rank(STR("F")));
    tap_int(suite_grade_rank(STR("E")), -1);
    return tap_done();
}
