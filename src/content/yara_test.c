/* Rules of the operator: what is compiled, what is refused, what a match tells. */
#include "content/yara.h"
#include "tests/tap.h"

#define RULE(name, meta, condition)                                                                \
    "rule " name " { meta: " meta " strings: $a = \"needle\" condition: " condition " }\n"

static const struct {
    const char *label, *file, *text;
    const char *says; /* NULL: compiled */
} texts[] = {
    {"a rule", "own.yar", "rule Own { condition: true }", NULL},
    {"variables of the object", "own.yar",
     "rule Own { condition: filename == \"a\" and filepath == \"b\" and extension == \".c\" and "
     "filetype == \"pe\" and part == \"2\" }",
     NULL},
    {"modules that look at bytes", "own.yar",
     "import \"pe\" import \"elf\" import \"math\" import \"hash\" rule Own { condition: "
     "pe.is_pe or math.entropy(0, filesize) > 7 }",
     NULL},
    {"a mistake in the second line", "rules/own.yar",
     "rule Own {\n strings: $a = condition: true }", "rules/own.yar:2: syntax error"},
    {"an unknown name", "own.yar", "rule Own { condition: nosuch == 1 }",
     "own.yar:1: undefined identifier \"nosuch\""},
    {"include", "own.yar", "include \"/etc/passwd\"\nrule Own { condition: true }", "own.yar:1: "},
    {"a module that opens files", "own.yar",
     "import \"magic\" rule Own { condition: magic.type() == \"x\" }", "magic"},
    {"a module that needs another program", "own.yar",
     "import \"cuckoo\" rule Own { condition: cuckoo.network.http_get(/x/) }", "cuckoo"},
    {"an unknown module", "own.yar", "import \"nosuch\" rule Own { condition: true }",
     "own.yar:1: unknown module \"nosuch\""},
    {"no rule", "own.yar", "/* nothing */", "no rule"},
    {"nothing", "own.yar", "", "no rule"},
};

static int compile_one(const char *file, struct str text, struct yara_rules **out,
                       struct mp_err *err)
{
    struct yara_text t = {.file = file, .text = text};
    return yara_rules_compile(&t, 1, out, err);
}

static void test_compiling(void)
{
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct yara_rules *r = NULL;
        struct mp_err err = {0};
        int st = compile_one(texts[i].file, str_from(texts[i].text), &r, &err);
        tap_case("yara: %s", texts[i].label);
        tap_int(st, texts[i].says == NULL ? MP_OK : MP_E_SYNTAX);
        if (texts[i].says != NULL &&
            !tap_ok(str_search(str_from(err.text), str_from(texts[i].says)) < strlen(err.text)))
            tap_note("%s", err.text);
        yara_rules_free(r);
    }
}

static void test_files(void)
{
    struct yara_rules *r = NULL;
    struct mp_err err = {0};
    size_t n = 0;
    struct yara_text two[] = {{"a/one.yar", STR("rule Own { condition: true }")},
                              {"b/two.yar", STR("rule Own { condition: true }")},
                              {"c/two.yara", STR("rule Own { condition: true }")}};
    tap_case("yara: a name may stand in each file once");
    tap_int(yara_rules_compile(two, 2, &r, &err), MP_OK);
    tap_int(yara_rules_count(r), 2);
    tap_cstr(yara_rules_warning(r, &n), "");
    tap_int(n, 0);
    yara_rules_free(r);
    r = NULL;
    tap_int(yara_rules_compile(two, 3, &r, &err), MP_E_SYNTAX);
    tap_ok(str_starts(str_from(err.text), STR("c/two.yara:1: ")));

    tap_case("yara: compiled rules are no text");
    tap_int(compile_one("own.yarc", STR("YARA\0\0\0"), &r, &err), MP_E_SYNTAX);
    tap_ok(str_search(str_from(err.text), STR("source")) < strlen(err.text));

    tap_case("yara: a slow rule is a warning");
    tap_int(compile_one("slow.yar", STR("rule Own { strings: $a = /.*x/ condition: $a }"), &r,
                        &err),
            MP_OK);
    tap_ok(str_starts(str_from(yara_rules_warning(r, &n)), STR("slow.yar:1: ")));
    tap_ok(n > 0);
    yara_rules_free(r);
}

static const struct {
    const char *label, *text, *bytes;
    size_t n; /* matches */
    enum severity severity;
    const char *evidence; /* of the first, its beginning */
} scans[] = {
    {"a match with its place", RULE("Own", "x = 1", "$a"), "hay needle", 1, SEV_MEDIUM,
     "rules:Own: $a at 4 \"needle\""},
    {"no match", RULE("Own", "x = 1", "$a"), "hay nedle", 0, SEV_INFO, ""},
    {"severity", RULE("Own", "severity = \"critical\"", "$a"), "needle", 1, SEV_CRITICAL,
     "rules:Own: $a at 0"},
    {"severity below the default", RULE("Own", "severity = \"Low\"", "$a"), "needle", 1, SEV_LOW,
     "rules:Own"},
    {"info", RULE("Own", "severity = \"info\"", "$a"), "needle", 1, SEV_INFO, "rules:Own"},
    {"a severity that is none", RULE("Own", "severity = \"bad\"", "$a"), "needle", 1, SEV_MEDIUM,
     "rules:Own"},
    {"a severity that is a number", RULE("Own", "severity = 4", "$a"), "needle", 1, SEV_MEDIUM,
     "rules:Own"},
    {"a description", RULE("Own", "description = \"of ours\"", "$a"), "needle", 1, SEV_MEDIUM,
     "rules:Own: $a at 0 \"needle\"; of ours"},
    {"a condition without strings", "rule Own { condition: filesize == 3 }", "abc", 1, SEV_MEDIUM,
     "rules:Own"},
    {"private rules are not told", "private rule P { condition: true } rule Own { condition: P }",
     "abc", 1, SEV_MEDIUM, "rules:Own"},
    {"private strings are not shown",
     "rule Own { strings: $a = \"needle\" private $b = \"hay\" condition: all of them }",
     "hay needle", 1, SEV_MEDIUM, "rules:Own: $b at 0 \"hay\""},
    {"two rules", RULE("One", "severity = \"high\"", "$a") RULE("Two", "severity = \"low\"", "$a"),
     "needle", 2, SEV_HIGH, "rules:One"},
    {"control characters are made visible", "rule Own { strings: $a = { 6e 1b 5b } condition: $a }",
     "n\x1b[", 1, SEV_MEDIUM, "rules:Own: $a at 0 \"n\\x1b["},
    {"the name", "rule Own { condition: filename == \"b.exe\" and extension == \".exe\" }", "MZ", 1,
     SEV_MEDIUM, "rules:Own"},
    {"the path", "rule Own { condition: filepath == \"a.zip/b.exe\" and part == \"2.1\" }", "MZ", 1,
     SEV_MEDIUM, "rules:Own"},
    {"the type", "rule Own { condition: filetype == \"pdf\" }", "%PDF-1.4", 1, SEV_MEDIUM,
     "rules:Own"},
    {"another type", "rule Own { condition: filetype == \"zip\" }", "%PDF-1.4", 0, SEV_INFO, ""},
};

struct bench {
    struct arena arena;
    struct content_report report;
    struct content content;
    struct content_object objects[2];
    struct mime_name name;
};

static void bench_init(struct bench *b, struct str bytes)
{
    *b = (struct bench){.name = {.text = STR("b.exe")}};
    arena_init(&b->arena, 1 << 20);
    b->objects[1] = (struct content_object){.part = STR("2.1"),
                                            .member = STR("a.zip/b.exe"),
                                            .bytes = bytes,
                                            .has_bytes = true,
                                            .names = &b->name,
                                            .n_names = 1,
                                            .kind = file_type_of(bytes),
                                            .offset = 7,
                                            .length = 9};
    b->report = (struct content_report){.objects = b->objects, .n = 2, .cap = 2, .complete = true};
    finding_list_init(&b->report.findings, &b->arena);
    b->content = (struct content){.arena = &b->arena, .report = &b->report};
}

/* The findings of one scan of the second object, in b->report. */
static void scan(struct bench *b, const char *rules, struct str bytes)
{
    struct yara_rules *r = NULL;
    struct yara_scanner *s = NULL;
    struct mp_err err = {0};
    bench_init(b, bytes);
    if (!tap_int(compile_one("rules.yar", str_from(rules), &r, &err), MP_OK) ||
        !tap_int(yara_scanner_new(r, &s, &err), MP_OK)) {
        tap_note("%s", err.text);
    } else {
        yara_scan(s, &b->content, 0); /* has no bytes: nothing comes of it */
        yara_scan(s, &b->content, 1);
    }
    yara_scanner_free(s);
    yara_rules_free(r);
}

static void test_scans(void)
{
    for (size_t i = 0; i < ARRAY_LEN(scans); i++) {
        struct bench b;
        tap_case("yara: %s", scans[i].label);
        scan(&b, scans[i].text, str_from(scans[i].bytes));
        if (tap_int(b.report.findings.n, scans[i].n) && scans[i].n > 0) {
            const struct finding *f = &b.report.findings.items[0];
            tap_int(f->id, FINDING_YARA_MATCH);
            tap_int(f->severity, scans[i].severity);
            if (!tap_ok(str_starts(f->evidence, str_from(scans[i].evidence))))
                tap_note(STR_FMT, STR_ARG(f->evidence));
            tap_str(f->where.part, STR("2.1"));
            tap_str(f->where.member, STR("a.zip/b.exe"));
            tap_ok(f->where.has_offset && f->where.offset == 7 && f->where.length == 9);
        }
        tap_ok(b.report.complete);
        arena_clear(&b.arena);
    }
}

/* A string that matches at more places than libyara keeps. */
static void test_limits(void)
{
    enum { LENGTH = 3 << 20 };
    static char many[LENGTH];
    struct bench b;
    memset(many, 'a', sizeof many);
    tap_case("yara: a scan that is not finished is not complete");
    scan(&b, "rule Own { strings: $a = \"aaaa\" condition: #a > 5000000 }",
         str_make(many, sizeof many));
    tap_int(b.report.findings.n, 1);
    tap_ok(finding_has(&b.report.findings, FINDING_YARA_INCOMPLETE));
    tap_ok(!b.report.complete);
    arena_clear(&b.arena);
}

int main(void)
{
    struct yara_rules *r = NULL;
    struct mp_err err = {0};
    if (yara_version() == NULL) {
        tap_case("yara: this build has none, and says so");
        tap_int(compile_one("own.yar", STR("rule Own { condition: true }"), &r, &err), MP_E_USAGE);
        tap_ok(str_search(str_from(err.text), STR("-Dyara=enabled")) < strlen(err.text));
        return tap_done();
    }
    test_compiling();
    test_files();
    test_scans();
    test_limits();
    return tap_done();
}
