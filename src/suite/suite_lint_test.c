/* `lint`: subjects of mistakes, of what is odd, and of suites without either. */
#include "suite/lint.h"
#include "suite/suite_test_kit.h"

static void read_lint(const char *text, struct suite_lint *l)
{
    const struct kit_value files[] = {{"s.yaml", text}, {NULL, NULL}};
    struct kit_outside k = {files, NULL};
    struct suite_outside outside = {kit_env, kit_file, kit_readable, &k};
    struct suite_options o = {.outside = &outside};
    struct mp_err err = {0};
    tap_int(suite_lint("s.yaml", &o, l, &err), MP_OK);
}

static void check_text(const struct suite_lint *l, bool verbose, const char *want)
{
    struct buf b;
    buf_init(&b, 1 << 16);
    suite_lint_text(l, verbose, &b);
    tap_str(buf_str(&b), str_from(want));
    buf_clear(&b);
}

int main(void)
{
    struct suite_lint l;
    tap_case("a suite without mistakes is one subject that passes");
    read_lint("mailproof: 1\nname: n\ntests: [{name: t, probe: {mx-of: x.test}}]\n", &l);
    if (tap_int(l.n, 1)) {
        tap_int(report_subject_exit_code(&l.subjects[0], SEV_LOW), 0);
        tap_str(l.subjects[0].suite, STR("n"));
        tap_str(l.subjects[0].headline, STR("1 case"));
    }
    check_text(&l, true, "s.yaml: 1 case, no mistake\n  3: t\n");
    suite_lint_clear(&l);

    tap_case("what is odd is low: it fails when asked to");
    read_lint("mailproof: 1\nvars: {v: x}\ntests: [{name: t, probe: {mx-of: x.test}}]\n", &l);
    if (tap_int(l.n, 2)) {
        const struct finding_list *f = l.subjects[1].checks->findings;
        tap_int(f->items[0].id, FINDING_FLOW_SUITE_ODD);
        tap_int(l.subjects[1].line, 2);
        tap_int(report_subject_exit_code(&l.subjects[1], SEV_HIGH), 0);
        tap_int(report_subject_exit_code(&l.subjects[1], SEV_LOW), 1);
    }
    suite_lint_clear(&l);

    tap_case("each mistake is a subject that fails, and the suite is none");
    read_lint("mailproof: 1\nx: 1\ny: 2\ntests: [{name: t, probe: {mx-of: x.test}}]\n", &l);
    if (tap_int(l.n, 2)) {
        const struct check_list *checks = l.subjects[1].checks;
        tap_int(checks->findings->items[0].id, FINDING_FLOW_SUITE_MISTAKE);
        tap_str(l.subjects[1].name, STR("s.yaml line 3, column 1"));
        tap_str(checks->items[0].detail, STR("unknown key 'y'"));
        tap_int(checks->items[0].line, 3);
        tap_int(report_subject_exit_code(&l.subjects[1], SEV_HIGH), 1);
    }
    check_text(&l, false, "s.yaml:2:1: unknown key 'x'\ns.yaml:3:1: unknown key 'y'\n");
    suite_lint_clear(&l);
    return tap_done();
}
