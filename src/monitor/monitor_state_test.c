/* Sequences of results and the changes that are told of them; what runs write, read; what is
 * remembered, read back. */
#include <stdio.h>

#include "monitor/outcome.h"
#include "monitor/state.h"
#include "tests/tap.h"

static struct arena arena;

/* ---- sequences ---- */

/* P, F, G (failed for another reason), U. */
static struct monitor_case case_of(char letter)
{
    return (struct monitor_case){.name = STR("a"),
                                 .result = letter == 'P'   ? MONITOR_PASSED
                                           : letter == 'U' ? MONITOR_UNDECIDED
                                                           : MONITOR_FAILED,
                                 .print = letter == 'G' ? 2 : 1};
}

/* A letter a run: "." nothing, w worse, b better, o other reason, f flaps, r rests. */
static const struct {
    const char *label;
    unsigned confirm;
    const char *results, *told;
} sequences[] = {
    {"begins as passed: nothing", 1, "PPP", "..."},
    {"begins as failed: told", 1, "F", "w"},
    {"begins as undecided: told", 1, "U", "w"},
    {"each change, once", 1, "PFFPP", ".w.b."},
    {"another reason", 1, "PFGGF", ".wo.o"},
    {"undecided is worse than passed, better than failed", 1, "PUFU", ".wwb"},
    {"an undecided one has no reasons", 1, "UUU", "w.."},
    {"two must agree", 2, "PPFPPFFP", "......w."},
    {"two must agree about the reason", 2, "PPFGGP", "....w."},
    {"two must agree on the way back", 2, "FFPFPP", ".w...b"},
    {"begins as failed, confirmed by three", 3, "FFFP", "..w."},
    {"never twice the same in a row: the sixth change says that it flaps, then it is quiet", 2,
     "PFPFPFPFPFPF", "......f....."},
    {"with one to confirm the changes are told until then", 1, "PFPFPFPF", ".wbwbwf."},
    {"it rests when there was no change for a while, and starts anew", 1, "PFPFPFPPPPPPPPPFFPFPFP",
     ".wbwbwf.......r"
     "w.bwbwf"},
    {"it rests as failed", 1, "PFPFPFPFFFFFFFFFF", ".wbwbwf........r."},
    {"a change on the way to rest", 1, "PFPFPFPPPPPPPFFFFFFFFF", ".wbwbwf..............r"},
    {"undecided now and then is a change too", 1, "PUPUPUPU", ".wbwbwf."},
};

static char letter_of(bool told, const struct monitor_change *c)
{
    static const char letters[] = "wbofr";
    return told ? letters[c->kind] : '.';
}

static void test_sequences(void)
{
    for (size_t i = 0; i < ARRAY_LEN(sequences); i++) {
        struct case_state s = {.name = STR("a")};
        char told[64] = "";
        tap_case("sequence: %s", sequences[i].label);
        for (size_t k = 0; sequences[i].results[k] != '\0'; k++) {
            struct monitor_case c = case_of(sequences[i].results[k]);
            struct monitor_change change;
            bool is_told = case_state_add(&s, &c, sequences[i].confirm, (int64_t)k + 1000, &change);
            told[k] = letter_of(is_told, &change);
            tap_ok(!is_told || change.time_ms == (int64_t)k + 1000);
        }
        tap_cstr(told, sequences[i].told);
    }
}

static void test_facts(void)
{
    struct case_state s = {.name = STR("a")};
    struct monitor_change c;
    tap_case("change: from, to and since when");
    case_state_add(&s, &(struct monitor_case){.result = MONITOR_PASSED}, 1, 100, &c);
    tap_ok(case_state_add(&s, &(struct monitor_case){.result = MONITOR_FAILED}, 1, 200, &c));
    tap_ok(c.from == MONITOR_PASSED && c.to == MONITOR_FAILED && c.since_ms == 100);
    tap_ok(case_state_add(&s, &(struct monitor_case){.result = MONITOR_FAILED, .print = 9}, 1, 300,
                          &c));
    tap_ok(c.kind == MONITOR_OTHER_REASON && c.since_ms == 200 && s.since_ms == 200);
    tap_case("open: only while something waits to be confirmed");
    tap_ok(!case_state_is_open(&s, 2));
    case_state_add(&s, &(struct monitor_case){.result = MONITOR_PASSED}, 2, 400, &c);
    tap_ok(case_state_is_open(&s, 2));
    case_state_add(&s, &(struct monitor_case){.result = MONITOR_PASSED}, 2, 500, &c);
    tap_ok(!case_state_is_open(&s, 2));
    tap_case("words");
    tap_cstr(monitor_result_name(MONITOR_UNDECIDED), "undecided");
    tap_cstr(monitor_change_name(MONITOR_OTHER_REASON), "other-reason");
    tap_cstr(monitor_change_name(MONITOR_RESTS), "rests");
}

/* ---- remembered ---- */

static void test_remembered(void)
{
    struct case_state cases[] = {{.name = STR("a"),
                                  .last = MONITOR_PASSED,
                                  .told = MONITOR_FAILED,
                                  .candidate = MONITOR_PASSED,
                                  .told_print = 7,
                                  .agree = 1,
                                  .flips = 5,
                                  .since_ms = 1790000000000},
                                 {.name = STR("b"), .flapping = true}};
    struct target_state in = {.ran_ms = 1790000000123, .cases = cases, .n = 2}, out;
    struct buf b;
    buf_init(&b, 4096);
    target_state_write(&b, &in);
    tap_case("state: is read as it was written");
    tap_int(target_state_read(&arena, buf_str(&b), &out, NULL), MP_OK);
    tap_ok(out.n == 2 && out.ran_ms == in.ran_ms);
    tap_int(out.cases[0].told, MONITOR_FAILED);
    tap_ok(out.cases[1].flapping && target_state_find(&out, STR("b")) == &out.cases[1]);
    tap_ok(target_state_find(&out, STR("c")) == NULL);
    tap_case("state: cut, longer or of another version it is refused");
    for (size_t n = 0; n < b.n; n++)
        tap_int(target_state_read(&arena, str_slice(buf_str(&b), 0, n), &out, NULL), MP_E_SYNTAX);
    buf_addc(&b, 0);
    tap_int(target_state_read(&arena, buf_str(&b), &out, NULL), MP_E_SYNTAX);
    b.n--;
    b.p[strlen("mailproof monitor ")] = '2';
    tap_int(target_state_read(&arena, buf_str(&b), &out, NULL), MP_E_SYNTAX);
    buf_clear(&b);
    tap_case("state: names out of order are refused");
    buf_init(&b, 4096);
    cases[1].name = STR("a");
    target_state_write(&b, &in);
    tap_int(target_state_read(&arena, buf_str(&b), &out, NULL), MP_E_SYNTAX);
    buf_clear(&b);
}

/* ---- what a run wrote ---- */

#define RUN(subject, more) "{\"schema\":\"mailproof/run/1\",\"subject\":\"" subject "\"," more "}\n"
#define PASSED             "\"result\":\"passed\",\"elapsed_us\":2500"
#define FAILED(evidence)                                                                           \
    "\"result\":\"failed\",\"findings\":[{\"id\":\"flow.suite.unmet\",\"severity\":\"high\","      \
    "\"title\":\"T.\",\"evidence\":\"" evidence "\",\"check\":{\"group\":\"g\",\"name\":\"n\"}}]"

static const struct {
    const char *label, *text;
    enum monitor_kind kind;
    int want;
    const char *cases; /* "name=result; ..." */
    const char *error;
} outcomes[] = {
    {"nothing", "", MONITOR_SUITE, MP_OK, "", ""},
    {"two cases, sorted", RUN("b", PASSED) RUN("a", FAILED("e")), MONITOR_SUITE, MP_OK,
     "a=failed(g n: T. (e)); b=passed(); ", ""},
    {"a last line that is not whole is left out", RUN("a", PASSED) "{\"schema\":\"mailpr",
     MONITOR_SUITE, MP_OK, "a=passed(); ", ""},
    {"skipped ones are left out", RUN("a", "\"result\":\"skipped\"") RUN("b", PASSED),
     MONITOR_SUITE, MP_OK, "b=passed(); ", ""},
    {"a result that we do not know is undecided", RUN("a", "\"result\":\"superb\""), MONITOR_SUITE,
     MP_OK, "a=undecided(); ", ""},
    {"no result is undecided", RUN("a", "\"headline\":\"h\""), MONITOR_SUITE, MP_OK,
     "a=undecided(h); ", ""},
    {"why it is undecided",
     RUN("a", "\"result\":\"undecided\",\"checks\":[{\"group\":\"g\",\"name\":\"n\",\"status\":"
              "\"undecided\",\"detail\":\"no answer\"}]"),
     MONITOR_SUITE, MP_OK, "a=undecided(g n: no answer); ", ""},
    {"a name twice: the worse one", RUN("a", PASSED) RUN("a", FAILED("e")) RUN("a", PASSED),
     MONITOR_SUITE, MP_OK, "a=failed(g n: T. (e)); ", ""},
    {"line ends and controls are shown, not obeyed", RUN("a\\n\\u001b", FAILED("\\u202e")),
     MONITOR_SUITE, MP_OK, "a\\x0a\\x1b=failed(g n: T. (\\u{202e})); ", ""},
    {"what is not JSON", RUN("a", PASSED) "oops\n", MONITOR_SUITE, MP_E_SYNTAX, "a=passed(); ",
     "line 2: not a JSON document"},
    {"an empty line", "\n" RUN("a", PASSED), MONITOR_SUITE, MP_E_SYNTAX, "", "line 1: "},
    {"a list", "[]\n", MONITOR_SUITE, MP_E_SYNTAX, "", "line 1: not a JSON document"},
    {"a key twice", RUN("a", "\"result\":\"failed\",\"result\":\"passed\""), MONITOR_SUITE,
     MP_E_SYNTAX, "", "line 1: not a JSON document"},
    {"an audit where a suite was run",
     "{\"schema\":\"mailproof/audit/1\",\"subject\":\"a\",\"result\":\"passed\"}\n", MONITOR_SUITE,
     MP_E_SYNTAX, "", "another document"},
    {"no name", RUN("", PASSED), MONITOR_SUITE, MP_E_SYNTAX, "", "another document"},
    {"types that are others",
     RUN("a", "\"result\":7,\"findings\":7,\"checks\":{},\"elapsed_us\":-1"), MONITOR_SUITE, MP_OK,
     "a=undecided(); ", ""},
    {"an audit",
     "{\"schema\":\"mailproof/audit/1\",\"subject\":\"a.test\",\"grade\":\"B\",\"findings\":[],"
     "\"result\":\"passed\"}\n",
     MONITOR_AUDIT, MP_OK, "a.test=passed(); ", ""},
};

static void test_outcomes(void)
{
    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
        struct outcome o;
        struct mp_err err = {0};
        char cases[512] = "";
        tap_case("outcome: %s", outcomes[i].label);
        tap_int(outcome_read(&arena, outcomes[i].kind, str_from(outcomes[i].text), &o, &err),
                outcomes[i].want);
        for (size_t k = 0, n = 0; k < o.n; k++)
            n += (size_t)snprintf(cases + n, sizeof cases - n, STR_FMT "=%s(" STR_FMT "); ",
                                  STR_ARG(o.cases[k].name), monitor_result_name(o.cases[k].result),
                                  STR_ARG(o.cases[k].text));
        tap_cstr(cases, outcomes[i].cases);
        struct str text = str_from(err.text);
        if (!tap_ok(str_search(text, str_from(outcomes[i].error)) < text.n ||
                    outcomes[i].want == MP_OK))
            tap_note("%s", err.text);
        if (outcomes[i].kind == MONITOR_AUDIT) {
            tap_str(o.grade, STR("B"));
            tap_str(o.findings, STR("[]"));
        }
    }
}

static uint64_t print_of_text(const char *text)
{
    struct outcome o;
    tap_int(outcome_read(&arena, MONITOR_SUITE, str_from(text), &o, NULL), MP_OK);
    return o.n == 1 ? o.cases[0].print : 0;
}

#define FINDING(id, severity, check)                                                               \
    "{\"id\":\"" id "\",\"severity\":\"" severity "\",\"evidence\":\"e\",\"check\":{\"group\":"    \
    "\"g\",\"name\":\"" check "\"}}"
#define WITH(findings) RUN("a", "\"result\":\"failed\",\"findings\":[" findings "]")

static void test_prints(void)
{
    uint64_t one = print_of_text(WITH(FINDING("a.b", "high", "n")));
    tap_case("print: the evidence and the order do not count; checks and grave findings do");
    tap_ok(one == print_of_text(RUN("a", "\"result\":\"failed\",\"findings\":[{\"id\":\"a.b\","
                                         "\"severity\":\"high\",\"evidence\":\"other\",\"check\":"
                                         "{\"group\":\"g\",\"name\":\"n\"}}]")));
    tap_ok(one == print_of_text(WITH(FINDING("a.b", "high", "n") "," FINDING("c", "low", "n"))));
    tap_ok(one != print_of_text(WITH(FINDING("a.c", "high", "n"))));
    tap_ok(one != print_of_text(WITH(FINDING("a.b", "high", "m"))));
    tap_ok(one != print_of_text(WITH(FINDING("a.b", "high", "n") "," FINDING("c", "medium", "n"))));
    tap_ok(print_of_text(WITH(FINDING("a", "high", "n") "," FINDING("b", "high", "m"))) ==
           print_of_text(WITH(FINDING("b", "high", "m") "," FINDING("a", "high", "n"))));
}

static void test_limits(void)
{
    struct buf b;
    struct outcome o;
    buf_init(&b, 4 << 20);
    for (int i = 0; i < MONITOR_MAX_CASES; i++)
        buf_addf(&b, "{\"schema\":\"mailproof/run/1\",\"subject\":\"%d\",\"result\":\"passed\"}\n",
                 i);
    tap_case("limit: cases of a run");
    tap_int(outcome_read(&arena, MONITOR_SUITE, buf_str(&b), &o, NULL), MP_OK);
    tap_int(o.n, MONITOR_MAX_CASES);
    buf_addz(&b, RUN("one more", PASSED));
    tap_int(outcome_read(&arena, MONITOR_SUITE, buf_str(&b), &o, NULL), MP_E_LIMIT);
    buf_reset(&b);
    tap_case("limit: a name, a text");
    buf_addz(&b, "{\"schema\":\"mailproof/run/1\",\"result\":\"failed\",\"headline\":\"");
    for (int i = 0; i < MONITOR_MAX_NAME_BYTES; i++)
        buf_addz(&b, "\xc3\xbc");
    buf_addz(&b, "\",\"subject\":\"");
    for (int i = 0; i < MONITOR_MAX_NAME_BYTES; i++)
        buf_addz(&b, "\xc3\xbc");
    buf_addz(&b, "\"}\n");
    tap_int(outcome_read(&arena, MONITOR_SUITE, buf_str(&b), &o, NULL), MP_OK);
    tap_ok(o.n == 1 && o.cases[0].name.n <= MONITOR_MAX_NAME_BYTES &&
           o.cases[0].name.n > MONITOR_MAX_NAME_BYTES - 20);
    tap_ok(o.n == 1 && o.cases[0].text.n <= MONITOR_MAX_TEXT_BYTES);
    buf_clear(&b);
}

int main(void)
{
    arena_init(&arena, (size_t)64 << 20);
    test_sequences();
    test_facts();
    test_remembered();
    test_outcomes();
    test_prints();
    test_limits();
    arena_clear(&arena);
    return tap_done();
}
