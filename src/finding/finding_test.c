/* Rows for the catalogue and the list of findings. */
#include "finding/finding.h"
#include "tests/tap.h"

static bool well_formed_name(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!is_alnum(name.p[i]) && name.p[i] != '.' && name.p[i] != '-')
            return false;
    return name.n > 0 && str_has(name, '.');
}

static bool is_sentence(const char *text)
{
    struct str s = str_from(text);
    return s.n > 10 && s.p[s.n - 1] == '.' && s.p[0] >= 'A' && s.p[0] <= 'Z';
}

static void test_catalog(void)
{
    for (size_t i = 0; i < FINDING_COUNT; i++) {
        const struct finding_kind *k = finding_kind((enum finding_id)i);
        enum finding_id found = FINDING_COUNT;
        tap_case("catalogue: " STR_FMT, STR_ARG(k->name));
        tap_ok(well_formed_name(k->name));
        tap_ok(is_sentence(k->title));
        tap_ok(is_sentence(k->remedy));
        tap_ok(finding_by_name(k->name, &found));
        tap_int(found, i); /* so ids are unique */
    }
}

static void test_list(void)
{
    struct arena arena;
    struct finding_list list;
    arena_init(&arena, 8 << 20); /* each growth leaves the smaller list behind */
    tap_case("list: evidence is printable and cut");
    finding_list_init(&list, &arena);
    char longer[1000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    struct finding *f =
        finding_add(&list, FINDING_AUTH_NO_FROM, NOWHERE, "\x1b[1m\xff\r\n%s", longer);
    tap_ok(f != NULL && f->evidence.n <= FINDING_EVIDENCE_MAX + 3);
    tap_ok(f != NULL && !str_has(f->evidence, '\x1b') && !str_has(f->evidence, '\n'));
    tap_case("list: one kind cannot drown the others");
    for (int i = 0; i < 1000; i++)
        finding_add(&list, FINDING_AUTH_NO_FROM, NOWHERE, "%d", i);
    tap_int(list.n, FINDINGS_PER_KIND_MAX);
    tap_int(list.dropped, 1001 - FINDINGS_PER_KIND_MAX);
    tap_ok(finding_add(&list, FINDING_AUTH_FUTURE_T, NOWHERE, "x") != NULL);
    tap_case("list: nor can many that are less grave hide a graver one of their kind");
    finding_list_init(&list, &arena);
    for (int i = 0; i < 2 * FINDINGS_PER_KIND_MAX; i++)
        finding_add_as(&list, SEV_LOW, FINDING_YARA_MATCH, NOWHERE, "%d", i);
    struct finding *grave =
        finding_add_as(&list, SEV_CRITICAL, FINDING_YARA_MATCH, NOWHERE, "the worm");
    tap_ok(grave != NULL && grave->severity == SEV_CRITICAL);
    tap_str(grave == NULL ? STR_NONE : grave->evidence, STR("the worm"));
    tap_int(list.n, FINDINGS_PER_KIND_MAX);
    tap_int(list.dropped, FINDINGS_PER_KIND_MAX + 1);
    tap_ok(finding_add_as(&list, SEV_LOW, FINDING_YARA_MATCH, NOWHERE, "one more") == NULL);
    tap_case("list: nor can all the others together push one out");
    finding_list_init(&list, &arena);
    for (int i = 0; i < FINDINGS_PER_KIND_MAX * (FINDING_COUNT - 1); i++)
        finding_add(&list, (enum finding_id)(1 + i % (FINDING_COUNT - 1)), NOWHERE, "%d", i);
    tap_int(list.dropped, 0);
    tap_ok(finding_add(&list, (enum finding_id)0, NOWHERE, "the last") != NULL);
    tap_case("list: back to a mark");
    finding_list_init(&list, &arena);
    finding_add(&list, FINDING_AUTH_NO_FROM, NOWHERE, "kept");
    struct finding_mark mark = finding_mark(&list);
    finding_add(&list, FINDING_AUTH_FUTURE_T, NOWHERE, "taken back");
    finding_rewind(&list, mark);
    tap_ok(finding_has(&list, FINDING_AUTH_NO_FROM));
    tap_ok(!finding_has(&list, FINDING_AUTH_FUTURE_T));
    tap_case("list: a spent arena drops, never crashes");
    struct arena tiny;
    arena_init(&tiny, 64);
    finding_list_init(&list, &tiny);
    tap_ok(finding_add(&list, FINDING_AUTH_NO_FROM, NOWHERE, "x") == NULL);
    tap_int(list.dropped, 1);
    tap_ok(list.starved);
    arena_clear(&tiny);
    arena_clear(&arena);
}

static void test_severities(void)
{
    static const struct {
        const char *word;
        int want; /* -1: none */
    } rows[] = {{"info", SEV_INFO},
                {"low", SEV_LOW},
                {"medium", SEV_MEDIUM},
                {"high", SEV_HIGH},
                {"critical", SEV_CRITICAL},
                {"Medium", SEV_MEDIUM},
                {"warning", SEV_MEDIUM},
                {"ERROR", SEV_HIGH},
                {"warn", -1},
                {"errors", -1},
                {"", -1}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum severity got = SEV_INFO;
        tap_case("severity \"%s\"", rows[i].word);
        tap_int(severity_by_name(str_from(rows[i].word), &got), rows[i].want >= 0);
        tap_int(got, rows[i].want < 0 ? SEV_INFO : rows[i].want);
    }
    tap_case("severities are written by their own names");
    tap_cstr(severity_name(SEV_MEDIUM), "medium");
    tap_cstr(severity_name(SEV_HIGH), "high");
}

int main(void)
{
    test_catalog();
    test_severities();
    test_list();
    return tap_done();
}
