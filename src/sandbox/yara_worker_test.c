/* YARA rules in a locked worker: compiled before it is locked, run when nothing can be opened. This
 * program is the worker too. */
#include "content/yara.h"
#include "sandbox/sandbox_test_kit.h"

static const char rules_text[] =
    "import \"pe\" import \"elf\" import \"math\" import \"hash\" import \"time\" import "
    "\"dotnet\"\n"
    "rule Own_Text { meta: severity = \"high\" strings: $a = /n[e]{2}dl[a-z]+/ nocase\n"
    "  $b = \"xor\" xor(1-255) condition: any of them }\n"
    "rule Own_Program { condition: elf.number_of_sections > 3 or pe.number_of_sections > 0 }\n"
    "rule Own_Hash { condition: hash.sha256(0, filesize) == \"x\" or hash.md5(0, filesize) == "
    "\"x\"\n"
    "  or math.entropy(0, filesize) > 8 or time.now() < 10 or dotnet.version == \"x\"\n"
    "  or pe.imphash() == \"x\" or pe.number_of_signatures > 0 }\n";

static int load(void *data, const struct content_lists **lists, struct mp_err *err)
{
    struct yara_text text = {.file = "own.yar", .text = str_from(rules_text)};
    struct yara_rules **rules = data;
    *lists = NULL;
    return yara_rules_compile(&text, 1, rules, err);
}

static int inspect(void *data, struct content *c, struct mp_err *err)
{
    struct yara_rules **rules = data;
    struct yara_scanner *s = NULL;
    int st = yara_scanner_new(*rules, &s, err);
    if (st == MP_OK)
        yara_scan(s, c, 0);
    yara_scanner_free(s);
    return st;
}

static int worker_main(void)
{
    struct yara_rules *rules = NULL;
    const struct sandbox_worker w = {load, inspect, &rules};
    int code = sandbox_worker_main(&w);
    yara_rules_free(rules);
    return code;
}

int main(int argc, char **argv)
{
    static char *worker[] = {(char *)(uintptr_t) "yara-worker", (char *)(uintptr_t) "worker", NULL};
    if (argc == 2 && strcmp(argv[1], "worker") == 0)
        return worker_main();
    if (yara_version() == NULL) {
        tap_case("YARA in a worker");
        tap_skip("this build has no YARA");
        return tap_done();
    }
    struct str self = tap_read_file("/proc/self/exe");
    const struct {
        const char *label;
        struct str bytes;
        const char *evidence; /* NULL: nothing is found */
        enum severity severity;
    } rows[] = {
        {"text", STR("hay NEEDLE"), "own:Own_Text: $a at 4 \"NEEDLE\"", SEV_HIGH},
        {"text that was hidden", STR("hay \x59\x4e\x53 hay"), "own:Own_Text: $b at 4", SEV_HIGH},
        {"a program", self, "own:Own_", SEV_MEDIUM},
        {"nothing in it", STR("hay"), NULL, SEV_INFO},
    };
    struct sandbox *sb = probe_sandbox(&(struct sandbox_config){.argv = worker});
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kit k;
        struct sandbox_result result = {0};
        struct mp_err err = {0};
        kit_init(&k, rows[i].bytes, PROBE_MEMORY_BYTES);
        tap_case("YARA in a worker: %s", rows[i].label);
        tap_int(sandbox_inspect(sb, &k.content, 0, clock_mono_us() + PATIENCE_US, &result, &err),
                MP_OK);
        tap_cstr(sandbox_outcome_name(result.outcome), "ok");
        const struct finding_list *f = &k.report.findings;
        if (rows[i].evidence == NULL) {
            tap_int(f->n, 0);
        } else if (tap_ok(f->n > 0)) {
            tap_int(f->items[0].id, FINDING_YARA_MATCH);
            tap_ok(str_starts(f->items[0].evidence, str_from(rows[i].evidence)));
            tap_ok(f->items[0].severity >= rows[i].severity);
            tap_str(f->items[0].where.part, STR("2.1"));
        }
        arena_clear(&k.arena);
    }
    sandbox_free(sb);
    return tap_done();
}
