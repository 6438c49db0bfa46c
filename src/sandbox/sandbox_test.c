/* Outcomes: whatever a worker does costs the object it does it with, and no other. */
#include "sandbox/sandbox_test_kit.h"

enum { WALL_MS = 1000, MEMORY_BYTES = 160 << 20 };

static const struct {
    const char *word;
    enum sandbox_outcome want;
    const char *text;  /* in the result */
    bool needs_limits; /* of memory: not in builds with a sanitizer */
    bool fresh;        /* the probe guesses the serial of a first request */
    bool is_late;      /* with a time limit that is soon reached */
} rows[] = {
    {"ok", SANDBOX_OK, "", false, false, false},
    {"cut", SANDBOX_OK, "", false, false, false},
    {"loop", SANDBOX_TIMEOUT, "no answer within", false, false, true},
    {"wait", SANDBOX_TIMEOUT, "no answer within", false, false, true},
    {"allocate", SANDBOX_NO_MEMORY, "as it was told", true, false, false},
    {"arena", SANDBOX_NO_MEMORY, "", true, false, false},
    {"crash", SANDBOX_CRASHED, "SIGSEGV", true, false, false},
    {"crash", SANDBOX_CRASHED, "", false, false, false},
    {"abort", SANDBOX_CRASHED, "SIGABRT", true, false, false},
    {"kill9", SANDBOX_CRASHED, "SIGKILL", false, false, false},
    {"exit", SANDBOX_CRASHED, "exit code", false, false, false},
    {"fail", SANDBOX_BAD_ANSWER, "as it was told", false, false, false},
    {"garbage", SANDBOX_BAD_ANSWER, "no answer", false, false, false},
    {"garbage-full", SANDBOX_BAD_ANSWER, "no answer", false, false, false},
    {"flood", SANDBOX_BAD_ANSWER, "no answer", false, false, false},
    {"huge", SANDBOX_BAD_ANSWER, "no answer", false, true, false},
    {"huge-bytes", SANDBOX_BAD_ANSWER, "no answer", false, true, false},
    {"empty", SANDBOX_BAD_ANSWER, "another type", false, true, false},
    {"twice", SANDBOX_NO_MEMORY, "", false, true, false},
};

static void check_row(struct sandbox *sb, size_t i)
{
    struct kit k;
    struct sandbox_result r = probe_ask(sb, &k, rows[i].word);
    outcome_is(r, rows[i].want);
    if (!tap_ok(strstr(r.text, rows[i].text) != NULL))
        tap_note("%s", r.text);
    bool whole = rows[i].want == SANDBOX_OK && strcmp(rows[i].word, "cut") != 0;
    tap_int(k.report.complete, whole);
    tap_int(k.report.n, 1);
    struct finding *f = sandbox_note(&k.report.findings, &r, &k.objects[0]);
    tap_ok((f == NULL) == (rows[i].want == SANDBOX_OK));
    arena_clear(&k.arena);
}

static void test_outcomes(bool used)
{
    const struct sandbox_config one = {.max_workers = 1, .memory_bytes = MEMORY_BYTES};
    struct sandbox_config soon = one;
    soon.wall_ms = WALL_MS;
    struct sandbox *shared = probe_sandbox(&one);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kit k;
        if (used && rows[i].fresh)
            continue;
        tap_case("outcomes: %s%s", rows[i].word, used ? ", by a worker that served before" : "");
        if (rows[i].needs_limits && sandbox_is_sanitized()) {
            tap_skip("no limit of memory, and other deaths, in builds with a sanitizer");
            continue;
        }
        bool own = rows[i].fresh || rows[i].is_late;
        struct sandbox *sb = own ? probe_sandbox(rows[i].is_late ? &soon : &one) : shared;
        if (used)
            outcome_is(probe_only(sb, "ok"), SANDBOX_OK);
        check_row(sb, i);
        outcome_is(probe_ask(sb, &k, "ok"), SANDBOX_OK);
        tap_ok(k.report.complete);
        arena_clear(&k.arena);
        if (own)
            sandbox_free(sb);
    }
    sandbox_free(shared);
}

static void test_members(void)
{
    struct kit k;
    struct sandbox *sb = probe_sandbox(NULL);
    tap_case("members come back with their bytes");
    outcome_is(probe_ask(sb, &k, "member 10 0 100000"), SANDBOX_OK);
    if (tap_int(k.report.n, 4)) {
        const size_t sizes[] = {10, 0, 100000};
        for (size_t i = 0; i < 3; i++) {
            const struct content_object *o = &k.report.objects[i + 1];
            unsigned char want[DIGEST_MAX_BYTES];
            tap_int(o->bytes.n, sizes[i]);
            tap_ok(o->bytes.n == 0 || o->bytes.p[o->bytes.n - 1] == 'a' + (int)i + 1);
            tap_ok(digest_once(DIGEST_SHA256, o->bytes, want) &&
                   memcmp(want, o->sha256, sizeof want) == 0);
            tap_str(o->member, STR("a.zip/m.bin"));
            tap_str(o->names[0].text, STR("m.bin"));
        }
        tap_int(k.report.findings.items[0].severity, SEV_HIGH);
        tap_ok(k.report.complete);
        tap_int(CONTENT_MAX_DECODED_BYTES - k.budget.bytes_left, 100010);
    }
    arena_clear(&k.arena);

    tap_case("an answer that the caller has no memory for is our failure, not a finding");
    struct sandbox_result r;
    kit_init(&k, STR("member 100000"), 50000);
    tap_int(sandbox_inspect(sb, &k.content, 0, clock_mono_us() + PATIENCE_US, &r, NULL),
            MP_E_NOMEM);
    tap_int(k.report.n, 1);
    arena_clear(&k.arena);

    tap_case("members beyond the budget are no answer");
    kit_init(&k, STR("member 100000"), PROBE_MEMORY_BYTES);
    k.budget.bytes_left = 99999;
    tap_int(sandbox_inspect(sb, &k.content, 0, clock_mono_us() + PATIENCE_US, &r, NULL), MP_OK);
    tap_ok(r.outcome != SANDBOX_OK && k.report.n == 1 && !k.report.complete);
    arena_clear(&k.arena);
    sandbox_free(sb);
}

static void test_processor_time(void)
{
    struct kit k;
    struct sandbox *sb = probe_sandbox(&(struct sandbox_config){.cpu_s = 1, .wall_ms = 60000});
    tap_case("a loop ends when its processor time does");
    struct sandbox_result r = probe_ask(sb, &k, "loop");
    outcome_is(r, SANDBOX_TIMEOUT);
    tap_ok(strstr(r.text, "processor time") != NULL);
    arena_clear(&k.arena);
    sandbox_free(sb);
}

/* Programs that are no worker's. */
static void test_unavailable(void)
{
    static char *plain[] = {(char *)(uintptr_t) "true", NULL};
    static char *fails[] = {(char *)(uintptr_t) "p", (char *)(uintptr_t) "probe",
                            (char *)(uintptr_t) "fails", NULL};
    static char *dies[] = {(char *)(uintptr_t) "p", (char *)(uintptr_t) "probe",
                           (char *)(uintptr_t) "dies", NULL};
    static char *hangs[] = {(char *)(uintptr_t) "p", (char *)(uintptr_t) "probe",
                            (char *)(uintptr_t) "hangs", NULL};
    const struct {
        const char *label, *path;
        char **argv;
        const char *text;
    } programs[] = {
        {"no program", "/nonexistent/worker", plain, "No such file"},
        {"another program", "/bin/true", plain, "ended before it was ready"},
        {"broken data", NULL, fails, "the rules are broken"},
        {"a program that dies", NULL, dies, "killed before it was ready"},
        {"a program that hangs", NULL, hangs, "not ready in time"},
    };
    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        struct kit k;
        struct sandbox_facts facts;
        struct mp_err err = {0};
        struct sandbox *sb = probe_sandbox(&(struct sandbox_config){
            .path = programs[i].path, .argv = programs[i].argv, .load_ms = 500});
        tap_case("unavailable: %s", programs[i].label);
        for (int turn = 0; turn < 2; turn++) { /* the second falls into the pause */
            struct sandbox_result r = probe_ask(sb, &k, "ok");
            outcome_is(r, SANDBOX_UNAVAILABLE);
            if (!tap_ok(strstr(r.text, programs[i].text) != NULL))
                tap_note("%s", r.text);
            tap_ok(!k.report.complete);
            arena_clear(&k.arena);
        }
        tap_int(sandbox_start(sb, clock_mono_us() + PATIENCE_US, &facts, &err), MP_E_IO);
        tap_ok(strstr(err.text, programs[i].text) != NULL);
        sandbox_free(sb);
    }
    tap_case("a sandbox that was never used is freed, as is none");
    sandbox_free(probe_sandbox(NULL));
    sandbox_free(NULL);
    tap_case("a sandbox needs arguments, and not too many workers");
    struct sandbox *sb;
    tap_int(sandbox_new(&(struct sandbox_config){0}, &sb, NULL), MP_E_USAGE);
    tap_int(sandbox_new(&(struct sandbox_config){.argv = plain,
                                                 .max_workers = SANDBOX_MAX_WORKERS + 1},
                        &sb, NULL),
            MP_E_USAGE);
}

static void test_note(void)
{
    static const struct {
        enum sandbox_outcome outcome;
        enum finding_id want;
        enum severity severity;
    } notes[] = {
        {SANDBOX_CRASHED, FINDING_ENGINE_CRASH, SEV_HIGH},
        {SANDBOX_TIMEOUT, FINDING_ENGINE_TIMEOUT, SEV_MEDIUM},
        {SANDBOX_NO_MEMORY, FINDING_ENGINE_MEMORY, SEV_MEDIUM},
        {SANDBOX_BAD_ANSWER, FINDING_ENGINE_BAD_ANSWER, SEV_HIGH},
        {SANDBOX_UNAVAILABLE, FINDING_ENGINE_UNAVAILABLE, SEV_MEDIUM},
    };
    for (size_t i = 0; i < ARRAY_LEN(notes); i++) {
        struct kit k;
        struct sandbox_result r = {notes[i].outcome, 0, "what happened"};
        tap_case("a finding for: %s", sandbox_outcome_name(notes[i].outcome));
        kit_init(&k, STR("bytes"), PROBE_MEMORY_BYTES);
        digest_once(DIGEST_SHA256, k.objects[0].bytes, k.objects[0].sha256);
        struct finding *f = sandbox_note(&k.report.findings, &r, &k.objects[0]);
        if (tap_ok(f != NULL)) {
            tap_int(f->id, notes[i].want);
            tap_int(f->severity, notes[i].severity);
            tap_str(f->evidence,
                    STR("sha256 277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1"
                        "b206a9: what happened"));
            tap_str(f->where.part, STR("2.1"));
            tap_int(f->where.offset, KIT_OFFSET);
        }
        arena_clear(&k.arena);
    }
}

int main(int argc, char **argv)
{
    int st = probe_main(argc, argv);
    if (st >= 0)
        return st;
    test_outcomes(false);
    test_outcomes(true);
    test_members();
    test_processor_time();
    test_unavailable();
    test_note();
    return tap_done();
}
