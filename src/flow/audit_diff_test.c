/* Saved audits: reading them, whatever they hold, and what is new, known, worse or gone since. */
#include "flow/audit_test_kit.h"

#include <stdio.h>

/* ---- reading ---- */

#define HEAD     "\"schema\":\"mailproof/audit/1\""
#define GOOD     "{" HEAD ",\"subject\":\"good.test\",\"domain\":\"good.test\",\"findings\":[]}"
#define OTHER    "{" HEAD ",\"subject\":\"other.test\",\"domain\":\"other.test\",\"findings\":[]}"
#define PROBE    "{\"schema\":\"mailproof/probe/1\",\"subject\":\"good.test\",\"findings\":[]}"
#define ERROR    "{" HEAD ",\"subject\":\"good.test\",\"error\":\"no\",\"result\":\"undecided\"}"
#define FOUND(f) "{" HEAD ",\"subject\":\"good.test\",\"findings\":[" f "]}"

static const struct {
    const char *label, *json, *domain;
    int status;
    const char *error; /* a part */
    size_t n;
} files[] = {
    {"a document", GOOD, "good.test", MP_OK, "", 0},
    {"one of an array", "[" PROBE "," OTHER "," GOOD "]", "good.test", MP_OK, "", 0},
    {"any case", GOOD, "GOOD.Test", MP_OK, "", 0},
    {"a final dot", GOOD, "good.test.", MP_OK, "", 0},
    {"saved as it was asked for", "{" HEAD ",\"subject\":\"Good.Test\",\"findings\":[]}",
     "good.test", MP_OK, "", 0},
    {"an IDN, asked for in the other form",
     "{" HEAD ",\"subject\":\"b\303\274cher.test\",\"domain\":\"xn--bcher-kva.test\","
     "\"findings\":[]}",
     "xn--bcher-kva.test", MP_OK, "", 0},
    {"and the other way round",
     "{" HEAD ",\"subject\":\"xn--bcher-kva.test\",\"domain\":\"xn--bcher-kva.test\","
     "\"findings\":[]}",
     "b\303\274cher.test", MP_OK, "", 0},
    {"findings", FOUND("{\"id\":\"a\"},{\"id\":\"b\",\"check\":null}"), "good.test", MP_OK, "", 2},
    {"members of other types are as if they were missing",
     FOUND("{\"id\":\"a\",\"severity\":1,\"check\":[],\"evidence\":{}}"), "good.test", MP_OK, "",
     1},

    {"nothing", "", "good.test", MP_E_SYNTAX, "saved.json:", 0},
    {"half a document", "{" HEAD ",\n\n\"subject\":\"good", "good.test", MP_E_SYNTAX,
     "saved.json:3:", 0},
    {"two of them", GOOD GOOD, "good.test", MP_E_SYNTAX, "saved.json:1:", 0},
    {"a member twice", "{" HEAD "," HEAD "}", "good.test", MP_E_SYNTAX, "duplicate", 0},
    {"a text with NUL", "{" HEAD ",\"subject\":\"good.test\\u0000\"}", "good.test", MP_E_SYNTAX,
     "saved.json:1:", 0},
    {"not UTF-8", "{" HEAD ",\"subject\":\"\377\"}", "good.test", MP_E_SYNTAX, "decode", 0},
    {"a number", "17", "good.test", MP_E_SYNTAX, "", 0},
    {"an array of nothing", "[]", "good.test", MP_E_SYNTAX, "no audit of good.test", 0},
    {"another domain", OTHER, "good.test", MP_E_SYNTAX, "no audit of good.test", 0},
    {"other domains", "[" OTHER "," OTHER "]", "good.test", MP_E_SYNTAX, "no audit of good.test",
     0},
    {"a probe", PROBE, "good.test", MP_E_SYNTAX, "--format json", 0},
    {"an audit that was none", ERROR, "good.test", MP_E_SYNTAX, "list of at most", 0},
    {"findings that are no list", "{" HEAD ",\"subject\":\"good.test\",\"findings\":{}}",
     "good.test", MP_E_SYNTAX, "list of at most", 0},
    {"a finding without a name", FOUND("{\"id\":\"a\"},{\"evidence\":\"x\"}"), "good.test",
     MP_E_SYNTAX, "finding 2 has no id", 0},
    {"a finding that is none", FOUND("17"), "good.test", MP_E_SYNTAX, "finding 1 has no id", 0},
};

static const struct saved_audit untouched = {.n = 77};

static int read_saved(struct arena *a, struct str json, const char *domain, struct saved_audit *out,
                      struct mp_err *err)
{
    *out = untouched;
    return audit_saved_read(a, json, "saved.json", str_from(domain), out, err);
}

static void test_files(void)
{
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct arena a = {0};
        struct saved_audit saved;
        struct mp_err err = {0};
        tap_case("saved: %s", files[i].label);
        arena_init(&a, 1 << 20);
        tap_int(read_saved(&a, str_from(files[i].json), files[i].domain, &saved, &err),
                files[i].status);
        if (!tap_ok(rig_has(str_from(err.text), files[i].error)))
            tap_note("%s", err.text);
        tap_int((long long)saved.n, files[i].status == MP_OK ? (long long)files[i].n : 77);
        arena_clear(&a);
    }
}

static void test_limits(void)
{
    struct arena a = {0};
    struct saved_audit saved;
    struct mp_err err = {0};
    struct buf json;
    arena_init(&a, 16 << 20);
    buf_init(&json, 1 << 20);

    tap_case("saved: longer than is read");
    tap_int(read_saved(&a, str_make("[", (size_t)AUDIT_SAVED_MAX_BYTES + 1), "good.test", &saved,
                       &err),
            MP_E_LIMIT);
    tap_ok(rig_has(str_from(err.text), "saved.json: longer than"));

    tap_case("saved: deeper than is read");
    for (int i = 0; i < 100000; i++)
        buf_addc(&json, '[');
    tap_int(read_saved(&a, buf_str(&json), "good.test", &saved, &err), MP_E_SYNTAX);

    for (size_t more = 0; more <= 1; more++) {
        tap_case("saved: %zu findings", AUDIT_SAVED_MAX_FINDINGS + more);
        buf_reset(&json);
        buf_addz(&json, "{" HEAD ",\"subject\":\"good.test\",\"findings\":[{\"id\":\"a\"}");
        for (size_t i = 1; i < AUDIT_SAVED_MAX_FINDINGS + more; i++)
            buf_addz(&json, ",{\"id\":\"a\"}");
        buf_addz(&json, "]}");
        tap_int(read_saved(&a, buf_str(&json), "good.test", &saved, &err),
                more == 0 ? MP_OK : MP_E_SYNTAX);
        tap_int((long long)saved.n, more == 0 ? AUDIT_SAVED_MAX_FINDINGS : 77);
    }

    tap_case("saved: memory ends anywhere");
    size_t refused = 0;
    int st = MP_E_NOMEM;
    for (size_t budget = 0; st == MP_E_NOMEM && budget < 4096; budget += 8) {
        struct arena small = {0};
        arena_init(&small, budget);
        st =
            read_saved(&small, STR(FOUND("{\"id\":\"a\",\"severity\":\"low\",\"evidence\":\"e\"}")),
                       "good.test", &saved, &err);
        tap_ok(st == MP_OK ? saved.n == 1 : saved.n == 77);
        refused += st == MP_E_NOMEM;
        arena_clear(&small);
    }
    tap_int(st, MP_OK);
    tap_ok(refused > 3);
    buf_clear(&json);
    arena_clear(&a);
}

/* ---- comparing ---- */

/* One finding of now, in check "MX" "mx.hosts", and one that was saved. */
static const struct {
    const char *label;
    const char *id, *severity, *group, *check, *evidence; /* saved; NULL: as it is now */
    const char *now;                                      /* its evidence now */
    bool known, gone;
} pairs[] = {
    {"the same", NULL, NULL, NULL, NULL, NULL, "mx.good.test: in 20 days", true, false},
    {"another day", NULL, NULL, NULL, NULL, "mx.good.test: in 21 days", "mx.good.test: in 20 days",
     true, false},
    {"another host", NULL, NULL, NULL, NULL, "mx1.good.test: in 20 days",
     "mx2.good.test: in 20 days", false, true},
    {"a host in capitals", NULL, NULL, NULL, NULL, "MX.good.test again at 5",
     "mx.good.test again at 7", true, false},
    {"an address", NULL, NULL, NULL, NULL, "2001:db8::1 (x)", "2001:db8::2 (x)", false, true},
    {"a record of the domain has changed", NULL, NULL, NULL, NULL, "v=spf1 a ~all",
     "v=spf1 mx ~all", true, false},
    {"another term", NULL, NULL, NULL, NULL, "'include:a.test' in the record of good.test",
     "'include:b.test' in the record of good.test", false, true},
    {"a number in front", NULL, NULL, NULL, NULL, "11 hosts", "12 hosts", true, false},
    {"no evidence", NULL, NULL, NULL, NULL, "", "", true, false},
    {"it was less grave", NULL, "low", NULL, NULL, NULL, "mx.good.test", false, false},
    {"it was graver", NULL, "critical", NULL, NULL, NULL, "mx.good.test", true, false},
    {"its severity is not told", NULL, "terrible", NULL, NULL, NULL, "mx.good.test", false, false},
    {"another check", NULL, NULL, NULL, "mx.tls", NULL, "mx.good.test", false, true},
    {"another group", NULL, NULL, "SPF", NULL, NULL, "mx.good.test", false, true},
    {"another finding", "posture.mx.private", NULL, NULL, NULL, NULL, "mx.good.test", false, true},
};

static void begin_audit(struct audit *a)
{
    *a = (struct audit){0};
    arena_init(&a->arena, 16 << 20);
    finding_list_init(&a->ctx.findings, &a->arena);
    check_list_init(&a->ctx.checks, &a->arena, &a->ctx.findings);
}

static struct str word(const char *told, const char *as_it_is)
{
    return str_from(told == NULL ? as_it_is : told);
}

static void test_pairs(struct audit *a)
{
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct saved_finding f = {word(pairs[i].id, "posture.mx.alias"),
                                  word(pairs[i].group, "MX"),
                                  word(pairs[i].check, "mx.hosts"),
                                  word(pairs[i].evidence, pairs[i].now),
                                  SEV_INFO,
                                  false};
        struct saved_audit saved = {.findings = &f, .n = 1};
        (void)severity_by_name(word(pairs[i].severity, "medium"), &f.severity);
        tap_case("known: %s", pairs[i].label);
        begin_audit(a);
        check_begin(&a->ctx.checks, STR("MX"), "mx.hosts");
        check_add(&a->ctx.checks, FINDING_POSTURE_MX_ALIAS, "%s", pairs[i].now);
        check_end(&a->ctx.checks, -1, "one host");
        tap_int(audit_compare(a, &saved, NULL), MP_OK);
        tap_int(a->known[0], pairs[i].known);
        tap_int((long long)a->n_known, pairs[i].known);
        tap_int((long long)a->n_new, !pairs[i].known);
        tap_int((long long)a->n_gone, pairs[i].gone);
        arena_clear(&a->arena);
    }
}

static struct saved_finding alias_of(const char *host)
{
    return (struct saved_finding){STR("posture.mx.alias"), STR("MX"),  STR("mx.hosts"),
                                  str_from(host),          SEV_MEDIUM, false};
}

/* Each saved one stands for one of now; the very same goes first. */
static void test_numbers(struct audit *a)
{
    static const char *const now[] = {"in 9 days", "in 8 days", "in 7 days"};
    struct saved_finding was[] = {alias_of("in 8 days"), alias_of("in 7 days")};
    const struct saved_audit saved = {.findings = was, .n = ARRAY_LEN(was)};
    tap_case("known: as many as there were");
    begin_audit(a);
    check_begin(&a->ctx.checks, STR("MX"), "mx.hosts");
    for (size_t i = 0; i < ARRAY_LEN(now); i++)
        check_add(&a->ctx.checks, FINDING_POSTURE_MX_ALIAS, "%s", now[i]);
    check_end(&a->ctx.checks, -1, "x");
    tap_int(audit_compare(a, &saved, NULL), MP_OK);
    tap_ok(!a->known[0] && a->known[1] && a->known[2]);
    tap_ok(a->n_new == 1 && a->n_known == 2 && a->n_gone == 0);
    arena_clear(&a->arena);
}

/* What is gone because nobody looked is not good news. */
static void test_unchecked(struct audit *a)
{
    static const char *const checks[] = {"decided", "undecided", "skipped", "vanished"};
    struct saved_finding was[ARRAY_LEN(checks)];
    const struct saved_audit saved = {.findings = was, .n = ARRAY_LEN(was)};
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        was[i] = alias_of("mx.good.test");
        was[i].check = str_from(checks[i]);
    }
    begin_audit(a);
    check_begin(&a->ctx.checks, STR("MX"), "decided");
    check_end(&a->ctx.checks, -1, "x");
    check_begin(&a->ctx.checks, STR("MX"), "undecided");
    check_undecided(&a->ctx.checks);
    check_end(&a->ctx.checks, -1, "x");
    check_skip(&a->ctx.checks, STR("MX"), "skipped", "x");
    tap_case("gone: all four");
    tap_int(audit_compare(a, &saved, NULL), MP_OK);
    tap_ok(a->n_gone == ARRAY_LEN(checks) && a->n_known == 0 && a->n_new == 0);
    for (size_t i = 0; i < a->n_gone; i++) {
        tap_case("gone: its check was %s", checks[i]);
        tap_int(a->gone[i].unchecked, i > 0);
    }
    arena_clear(&a->arena);
}

int main(void)
{
    struct audit *a = calloc(1, sizeof *a);
    if (a == NULL)
        return 1;
    test_files();
    test_limits();
    test_pairs(a);
    test_numbers(a);
    test_unchecked(a);
    free(a);
    return tap_done();
}
