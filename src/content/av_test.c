/* What the names of clamd mean, and what becomes of its silence. */
#include "content/av.h"
#include "tests/tap.h"

static const struct {
    const char *label;
    enum av_verdict verdict;
    const char *text;
    int finding; /* -1: none */
    enum severity severity;
    bool complete;
} rows[] = {
    {"clean", AV_CLEAN, "", -1, SEV_INFO, true},
    {"malware", AV_FOUND, "Win.Test.Own-1", FINDING_AV_FOUND, SEV_CRITICAL, true},
    {"a name of one's own", AV_FOUND, "Own.Bad.UNOFFICIAL", FINDING_AV_FOUND, SEV_CRITICAL, true},
    {"no name", AV_FOUND, "", FINDING_AV_FOUND, SEV_CRITICAL, true},
    {"almost a heuristic", AV_FOUND, "Heuristic.Encrypted.Zip", FINDING_AV_FOUND, SEV_CRITICAL,
     true},
    {"within the name", AV_FOUND, "Win.Heuristics.Encrypted.Zip", FINDING_AV_FOUND, SEV_CRITICAL,
     true},
    {"unwanted", AV_FOUND, "PUA.Win.Packer.Own", FINDING_AV_UNWANTED, SEV_MEDIUM, true},
    {"almost unwanted", AV_FOUND, "PUAlike.Own", FINDING_AV_FOUND, SEV_CRITICAL, true},
    {"encrypted", AV_FOUND, "Heuristics.Encrypted.Zip", FINDING_AV_ENCRYPTED, SEV_INFO, true},
    {"encrypted document", AV_FOUND, "Heuristics.Encrypted.PDF", FINDING_AV_ENCRYPTED, SEV_INFO,
     true},
    {"macros", AV_FOUND, "Heuristics.OLE2.ContainsMacros.VBA", FINDING_AV_MACROS, SEV_MEDIUM, true},
    {"macros of old", AV_FOUND, "Heuristics.OLE2.ContainsMacros", FINDING_AV_MACROS, SEV_MEDIUM,
     true},
    {"other OLE2", AV_FOUND, "Heuristics.OLE2.Own", FINDING_AV_HEURISTIC, SEV_MEDIUM, true},
    {"limits", AV_FOUND, "Heuristics.Limits.Exceeded.MaxFileSize", FINDING_AV_LIMIT, SEV_MEDIUM,
     false},
    {"phishing", AV_FOUND, "Heuristics.Phishing.Email.SpoofedDomain", FINDING_AV_HEURISTIC,
     SEV_HIGH, true},
    {"an exploit", AV_FOUND, "Heuristics.Exploit.Own", FINDING_AV_HEURISTIC, SEV_HIGH, true},
    {"broken", AV_FOUND, "Heuristics.Broken.Executable", FINDING_AV_HEURISTIC, SEV_LOW, true},
    {"a rule that is new", AV_FOUND, "Heuristics.Own.New", FINDING_AV_HEURISTIC, SEV_MEDIUM, true},
    {"a stream over the limit", AV_LIMIT, "INSTREAM size limit exceeded. ERROR", FINDING_AV_LIMIT,
     SEV_MEDIUM, false},
    {"an error", AV_ERROR, "Can't allocate memory ERROR", FINDING_AV_ERROR, SEV_MEDIUM, false},
    {"nobody there", AV_UNAVAILABLE, "connection refused", FINDING_AV_UNAVAILABLE, SEV_MEDIUM,
     false},
    {"too late", AV_TIMEOUT, "did not answer in time", FINDING_AV_UNAVAILABLE, SEV_MEDIUM, false},
};

static bool evidence_has(const struct finding *f, const char *text)
{
    return str_search(f->evidence, str_from(text)) < f->evidence.n || text[0] == '\0';
}

static void test_rows(struct arena *arena)
{
    struct content_object object = {.part = STR("2.1"),
                                    .member = STR("a.zip/b.exe"),
                                    .has_bytes = true,
                                    .sha256 = {0xab, 0xcd},
                                    .offset = 100,
                                    .length = 20};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct av_result result = {&object, rows[i].verdict, str_from(rows[i].text)};
        struct finding_list list = {.arena = NULL};
        finding_list_init(&list, arena);
        tap_case("av: %s", rows[i].label);
        tap_int(av_findings(&list, &result, 1), rows[i].complete);
        tap_int(list.n, rows[i].finding >= 0);
        if (list.n == 0)
            continue;
        const struct finding *f = &list.items[0];
        tap_int(f->id, rows[i].finding);
        tap_int(f->severity, rows[i].severity);
        tap_ok(evidence_has(f, rows[i].text));
        tap_str(f->where.part, STR("2.1"));
        tap_str(f->where.member, STR("a.zip/b.exe"));
        tap_ok(f->where.has_offset && f->where.offset == 100 && f->where.length == 20);
        if (f->id != FINDING_AV_UNAVAILABLE)
            tap_ok(evidence_has(f, "; SHA-256 abcd0000"));
    }
}

static void test_many(struct arena *arena)
{
    struct content_object object = {.part = STR("2")};
    struct av_result results[40];
    struct finding_list list = {.arena = NULL};
    char long_name[400];
    memset(long_name, 'x', sizeof long_name);
    for (size_t i = 0; i < ARRAY_LEN(results); i++)
        results[i] = (struct av_result){&object, AV_UNAVAILABLE, STR("gone")};
    results[7] = (struct av_result){NULL, AV_FOUND, str_make(long_name, sizeof long_name)};
    results[8] = (struct av_result){NULL, AV_CLEAN, STR_NONE};
    finding_list_init(&list, arena);
    tap_case("av: silence is told once, beside what was found in the message");
    tap_ok(!av_findings(&list, results, ARRAY_LEN(results)));
    tap_int(list.n, 2);
    tap_int(list.items[0].id, FINDING_AV_FOUND);
    tap_int(list.items[0].where.part.n, 0);
    tap_int(list.items[1].id, FINDING_AV_UNAVAILABLE);
    tap_str(list.items[1].evidence, STR("38 of 40 objects were not scanned: gone"));
    tap_int(list.items[1].where.part.n, 0);
    tap_case("av: nothing to scan");
    tap_ok(av_findings(&list, results, 0));
}

int main(void)
{
    struct arena arena = {.budget_bytes = 0};
    arena_init(&arena, 1 << 20);
    test_rows(&arena);
    test_many(&arena);
    arena_clear(&arena);
    return tap_done();
}
