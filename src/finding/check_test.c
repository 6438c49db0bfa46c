/* Rows for checks: what status follows from what was added, and what is kept when room is short. */
#include "finding/check.h"
#include "tests/tap.h"

/* One finding of each severity, whatever they mean. */
static enum finding_id of_severity(enum severity s)
{
    for (size_t i = 0; i < FINDING_COUNT; i++)
        if (finding_kind((enum finding_id)i)->severity == s)
            return (enum finding_id)i;
    return FINDING_COUNT;
}

static void test_status(void)
{
    static const struct {
        const char *label;
        int severity; /* -1: none */
        bool undecided, skipped;
        const char *want;
    } rows[] = {
        {"nothing found", -1, false, false, "pass"},
        {"info is no fault", SEV_INFO, false, false, "pass"},
        {"low", SEV_LOW, false, false, "warn"},
        {"medium", SEV_MEDIUM, false, false, "warn"},
        {"high", SEV_HIGH, false, false, "fail"},
        {"undecided is no pass", -1, true, false, "undecided"},
        {"undecided outweighs a warning", SEV_MEDIUM, true, false, "undecided"},
        {"a failure outweighs undecided", SEV_HIGH, true, false, "fail"},
        {"skipped", -1, false, true, "skipped"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena;
        struct finding_list findings;
        struct check_list list;
        arena_init(&arena, 1 << 20);
        finding_list_init(&findings, &arena);
        check_list_init(&list, &arena, &findings);
        tap_case("status: %s", rows[i].label);
        if (rows[i].skipped) {
            check_skip(&list, STR("host"), "connect", "not asked for");
        } else {
            check_begin(&list, STR("host"), "connect");
            if (rows[i].severity >= 0)
                check_add(&list, of_severity((enum severity)rows[i].severity), "seen");
            if (rows[i].undecided)
                check_undecided(&list);
            check_end(&list, 5, "%s", "detail");
        }
        tap_int(list.n, 1);
        tap_cstr(check_status_name(check_status_of(&list.items[0])), rows[i].want);
        tap_ok(check_list_undecided(&list) == rows[i].undecided);
        arena_clear(&arena);
    }
}

static void test_as(void)
{
    struct arena arena;
    struct finding_list findings;
    struct check_list list;
    arena_init(&arena, 1 << 20);
    finding_list_init(&findings, &arena);
    check_list_init(&list, &arena, &findings);
    tap_case("a finding may weigh more or less than the catalogue says");
    check_begin(&list, STR("host"), "tls.certificate");
    const struct finding *f = check_add_as(&list, SEV_LOW, of_severity(SEV_HIGH), "seen");
    tap_ok(f != NULL && f->severity == SEV_LOW);
    tap_int(check_status_of(check_end(&list, -1, "seen")), CHECK_WARN);
    check_begin(&list, STR("host"), "connect");
    check_add_as(&list, SEV_HIGH, of_severity(SEV_MEDIUM), "seen");
    tap_int(check_status_of(check_end(&list, -1, "seen")), CHECK_FAIL);
    arena_clear(&arena);
}

static void test_critical(void) /* no row of the catalogue is critical yet; a policy may be */
{
    tap_case("status: critical");
    tap_int(check_status_of(&(struct check){.worst = SEV_CRITICAL}), CHECK_FAIL);
}

static void test_hostile(void)
{
    struct arena arena;
    struct finding_list findings;
    struct check_list list;
    char longer[2000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    arena_init(&arena, 1 << 20);
    finding_list_init(&findings, &arena);
    check_list_init(&list, &arena, &findings);
    check_begin(&list, STR("host"), "banner");
    const struct check *c = check_end(&list, -1, "\x1b[2J\r\n%s", longer);
    tap_case("detail: printable and cut");
    tap_ok(c->detail.n <= CHECK_DETAIL_MAX + 3 && !str_has(c->detail, '\x1b') &&
           !str_has(c->detail, '\n'));

    tap_case("expectation: its place, and both texts printable and cut");
    check_begin(&list, STR("send"), "refused");
    check_expect(&list, STR("gate.yaml"), 27, STR("550 at data"), str_from(longer));
    c = check_end(&list, -1, "seen");
    tap_str(c->file, STR("gate.yaml"));
    tap_int(c->line, 27);
    tap_str(c->expected, STR("550 at data"));
    tap_ok(c->got.n > 0 && c->got.n <= CHECK_DETAIL_MAX + 3);

    tap_case("a check fails also when its reason found no room");
    enum finding_id high = of_severity(SEV_HIGH);
    for (int i = 0; i <= FINDINGS_PER_KIND_MAX; i++) {
        check_begin(&list, STR("host"), "tls");
        check_add(&list, high, "%d", i);
        c = check_end(&list, -1, "seen");
    }
    tap_int(c->n_findings, 0);
    tap_int(check_status_of(c), CHECK_FAIL);

    tap_case("rewind takes back checks and findings");
    struct check_mark mark = check_mark(&list);
    check_begin(&list, STR("host"), "again");
    check_add(&list, of_severity(SEV_LOW), "seen");
    check_rewind(&list, mark);
    tap_int(list.n, mark.n);
    tap_int(findings.n, mark.findings.n);
    tap_ok(!list.is_open);

    tap_case("more checks than a list holds: undecided, not passed");
    for (int i = 0; i < CHECKS_MAX; i++) {
        check_begin(&list, STR("host"), "many");
        check_end(&list, -1, "seen");
    }
    tap_int(list.n, CHECKS_MAX);
    tap_ok(check_list_undecided(&list));
    arena_clear(&arena);

    tap_case("memory short: undecided, and nothing crashes");
    arena_init(&arena, 64);
    finding_list_init(&findings, &arena);
    check_list_init(&list, &arena, &findings);
    check_begin(&list, STR("host"), "connect");
    check_add(&list, high, "seen");
    check_undecided(&list);
    tap_ok(check_end(&list, -1, "seen") == NULL);
    tap_ok(check_list_undecided(&list));
    arena_clear(&arena);
}

int main(void)
{
    test_status();
    test_as();
    test_critical();
    test_hostile();
    return tap_done();
}
