/* Policy files: what they set, and where each mistake is said to stand. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "tests/tap.h"
#include "verdict/verdict.h"

static struct arena arena;
static struct policy policy;
static struct mp_err err;

static int load(struct str text)
{
    arena_reset(&arena);
    memset(&policy, 0xff, sizeof policy);
    err = (struct mp_err){0};
    return policy_load(&arena, text, "p.yaml", &policy, &err);
}

/* Texts that are the defaults. */
static void empty_texts(void)
{
    static const char *const texts[] = {"",     "# nothing\n", "---\n",
                                        "{}\n", "\n\n",        "--- {}\n...\n"};
    struct policy defaults;
    policy_default(&defaults);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        tap_case("empty text %zu gives the defaults", i);
        if (!tap_int(load(str_from(texts[i])), MP_OK))
            tap_note("%s", err.text);
        tap_int(policy.n_rules, 0);
        tap_int(policy.undecided, defaults.undecided);
        tap_int(policy.follow_dmarc, true);
        tap_int(policy.by_severity[SEV_HIGH], defaults.by_severity[SEV_HIGH]);
    }
}

static void whole(void)
{
    tap_case("every key");
    int st = load(STR("authserv_id: mx.example.org\n"
                      "trusted_sealers:\n"
                      "  - Lists.Example.NET.\n"
                      "  - 'b\xc3\xbc"
                      "cher.example'\n"
                      "follow_dmarc: false\n"
                      "undecided: quarantine\n"
                      "actions: {critical: tempfail, high: reject, medium: accept, low: tag}\n"
                      "rules:\n"
                      "  - finding: auth.spf.*\n"
                      "    severity: LOW\n"
                      "  - {finding: '*', action: accept}\n"
                      "  - finding: auth.dmarc.fail\n"
                      "    action: reject\n"
                      "    severity: critical\n"));
    if (!tap_int(st, MP_OK))
        tap_note("%s", err.text);
    tap_str(policy.authserv_id, STR("mx.example.org"));
    tap_int(policy.n_trusted_sealers, 2);
    tap_str(policy.trusted_sealers[0], STR("lists.example.net"));
    tap_str(policy.trusted_sealers[1], STR("xn--bcher-kva.example"));
    tap_int(policy.follow_dmarc, false);
    tap_int(policy.undecided, ACTION_QUARANTINE);
    tap_int(policy.by_severity[SEV_CRITICAL], ACTION_TEMPFAIL);
    tap_int(policy.by_severity[SEV_HIGH], ACTION_REJECT);
    tap_int(policy.by_severity[SEV_MEDIUM], ACTION_ACCEPT);
    tap_int(policy.by_severity[SEV_LOW], ACTION_TAG);
    tap_int(policy.by_severity[SEV_INFO], ACTION_ACCEPT);
    tap_int(policy.n_rules, 3);
    tap_str(policy.rules[0].pattern, STR("auth.spf.*"));
    tap_ok(policy.rules[0].has_severity && !policy.rules[0].has_action);
    tap_int(policy.rules[0].severity, SEV_LOW);
    tap_str(policy.rules[1].pattern, STR("*"));
    tap_ok(!policy.rules[1].has_severity && policy.rules[1].has_action);
    tap_int(policy.rules[1].action, ACTION_ACCEPT);
    tap_ok(policy.rules[2].has_severity && policy.rules[2].has_action);
    tap_int(policy.rules[2].severity, SEV_CRITICAL);
}

static const struct {
    const char *label, *text, *want;
} mistakes[] = {
    {"misspelt key", "undecided: tag\nfolow_dmarc: true\n",
     "p.yaml:2:1: unknown key 'folow_dmarc', did you mean 'follow_dmarc'?"},
    {"key of nothing like ours", "banana: 1\n", "p.yaml:1:1: unknown key 'banana'"},
    {"key with a terminal sequence", "\"a\\eb\": 1\n", "p.yaml:1:2: unknown key 'a\\x1bb'"},
    {"key twice", "undecided: tag\nundecided: tag\n", "p.yaml:2:1: key 'undecided' stands twice"},
    {"key of a rule twice", "rules:\n - finding: '*'\n   action: tag\n   action: tag\n",
     "p.yaml:4:4: key 'action' stands twice"},
    {"misspelt action", "actions:\n  high: rejct\n",
     "p.yaml:2:9: unknown action 'rejct', did you mean 'reject'?"},
    {"misspelt severity", "actions:\n  hihg: reject\n",
     "p.yaml:2:3: unknown key 'hihg', did you mean 'high'?"},
    {"severity as a value", "rules:\n- finding: auth.*\n  severity: hi\n",
     "p.yaml:3:13: unknown severity 'hi'"},
    {"misspelt finding", "rules:\n  - finding: auth.dmarc.fial\n    action: tag\n",
     "p.yaml:2:14: unknown finding 'auth.dmarc.fial', did you mean 'auth.dmarc.fail'?"},
    {"pattern without a match", "rules: [{finding: 'nothing.*', action: tag}]\n",
     "p.yaml:1:20: unknown finding 'nothing.*'"},
    {"rule without finding", "rules:\n  - action: tag\n",
     "p.yaml:3:1: the rule that ends here names no finding"},
    {"rule without effect", "rules:\n  - {finding: auth.*}\n",
     "p.yaml:2:21: the rule that ends here gives neither a severity nor an action"},
    {"rule that is a word", "rules:\n  - auth.*\n",
     "p.yaml:2:5: a rule (finding, severity, action) is wanted here"},
    {"rules that are a mapping", "rules:\n  finding: auth.*\n",
     "p.yaml:2:3: a list of rules is wanted here"},
    {"rules without a value", "undecided: tag\nrules:\n",
     "p.yaml:2:1: a list of rules is wanted here"},
    {"list for a word", "undecided: [tag]\n",
     "p.yaml:1:12: an action (accept, tag, quarantine, reject, tempfail) is wanted here"},
    {"not a bool", "follow_dmarc: yes\n", "p.yaml:1:15: true or false is wanted here"},
    {"sealer that is no domain", "trusted_sealers: [a..b]\n",
     "p.yaml:1:19: 'a..b' is not a domain name"},
    {"sealer with a space", "trusted_sealers: ['a b.example']\n",
     "p.yaml:1:20: 'a b.example' is not a domain name"},
    {"sealer that is empty", "trusted_sealers: ['']\n", "p.yaml:1:20: '' is not a domain name"},
    {"authserv_id with a line end", "authserv_id: \"a\\r\\nb\"\n",
     "p.yaml:1:15: authserv_id wants 1 to 253 printable characters, no space"},
    {"authserv_id that is empty", "authserv_id: ''\n",
     "p.yaml:1:15: authserv_id wants 1 to 253 printable characters, no space"},
    {"a list as document", "- undecided: tag\n",
     "p.yaml:1:1: a mapping of policy keys is wanted here"},
    {"a word as document", "tag\n", "p.yaml:1:1: a mapping of policy keys is wanted here"},
    {"a mapping as key", "? {a: b}\n: c\n", "p.yaml:1:3: a key is wanted here"},
    {"an anchor", "undecided: &x tag\n",
     "p.yaml:1:15: anchors and aliases are not used in a policy"},
    {"an alias", "undecided: *x\n", "p.yaml:1:13: anchors and aliases are not used in a policy"},
    {"an alias as list", "trusted_sealers: [*x, *x]\n",
     "p.yaml:1:20: anchors and aliases are not used in a policy"},
    {"a merge key", "<<: {undecided: tag}\n", "p.yaml:1:1: unknown key '<<'"},
    {"a tag", "undecided: !!str tag\n", "p.yaml:1:18: tags are not used in a policy"},
    {"a second document", "undecided: tag\n---\nundecided: tag\n",
     "p.yaml:2:1: the end of the file, not a second document, is wanted here"},
    {"not UTF-8", "undecided: tag\n# \xff\n", "p.yaml:2: not UTF-8 text"},
    {"a control character", "undecided: tag\n\n# \x1b[31m\n", "p.yaml:3: a control character"},
};

static void place_mistakes(void)
{
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        tap_case("mistake: %s", mistakes[i].label);
        tap_int(load(str_from(mistakes[i].text)), MP_E_SYNTAX);
        tap_cstr(err.text, mistakes[i].want);
    }
}

/* What libfyaml says itself: only the place is ours to test, its words may change. */
static void syntax_errors(void)
{
    static const struct {
        const char *label, *text, *want;
    } rows[] = {
        {"quote not closed", "undecided: tag\nauthserv_id: \"mx\n", "p.yaml:2:15: "},
        {"bracket not closed", "trusted_sealers: [a.example\n", "p.yaml:"},
        {"tab as indentation", "actions:\n\thigh: reject\n", "p.yaml:2:"},
        {"indentation", "actions:\n    high: reject\n  low: tag\n", "p.yaml:3:"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("syntax: %s", rows[i].label);
        tap_int(load(str_from(rows[i].text)), MP_E_SYNTAX);
        if (!tap_ok(str_starts(str_from(err.text), str_from(rows[i].want))))
            tap_note("%s", err.text);
    }
}

static void repeat(struct buf *b, const char *head, const char *each, unsigned n)
{
    buf_init(b, 8 << 20);
    buf_addz(b, head);
    for (unsigned i = 0; i < n; i++)
        buf_addz(b, each);
}

static void limits(void)
{
    static const struct {
        const char *label, *head, *each;
        unsigned n;
        int want;
    } rows[] = {
        {"256 rules", "rules:\n", "- {finding: '*', action: tag}\n", POLICY_MAX_RULES, MP_OK},
        {"257 rules", "rules:\n", "- {finding: '*', action: tag}\n", POLICY_MAX_RULES + 1,
         MP_E_LIMIT},
        {"64 sealers", "trusted_sealers:\n", "- a.example\n", POLICY_MAX_SEALERS, MP_OK},
        {"65 sealers", "trusted_sealers:\n", "- a.example\n", POLICY_MAX_SEALERS + 1, MP_E_LIMIT},
        {"too long", "#", "0123456789abcdef", POLICY_MAX_BYTES / 16, MP_E_LIMIT},
        {"as long as allowed", "# 3456789abcde\n", "# 3456789abcdef\n", POLICY_MAX_BYTES / 16 - 1,
         MP_OK},
        {"deep lists", "rules: ", "[", 100000, MP_E_SYNTAX},
        {"deep mappings", "actions: ", "{high: ", 100000, MP_E_SYNTAX},
        {"a key of half a megabyte", "", "aaaaaaaaaaaaaaaa", 32768, MP_E_SYNTAX},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf b;
        tap_case("limit: %s", rows[i].label);
        repeat(&b, rows[i].head, rows[i].each, rows[i].n);
        if (!tap_int(load(buf_str(&b)), rows[i].want))
            tap_note("%s", err.text);
        tap_int(err.text[0] != '\0', rows[i].want != MP_OK);
        buf_clear(&b);
    }
}

static void no_memory(void)
{
    tap_case("an arena without room");
    struct arena small;
    arena_init(&small, 16);
    err = (struct mp_err){0};
    struct policy untouched = {.n_rules = 7};
    tap_int(policy_load(&small, STR("trusted_sealers: [a.example, b.example, c.example]\n"),
                        "p.yaml", &untouched, &err) < 0,
            true);
    tap_int(untouched.n_rules, 7);
    arena_clear(&small);
}

static void example(void)
{
    tap_case("packaging/policy.example.yaml loads, and says what the defaults say");
    struct policy defaults;
    policy_default(&defaults);
    if (!tap_int(load(tap_source_file("packaging/policy.example.yaml")), MP_OK))
        tap_note("%s", err.text);
    tap_int(policy.undecided, defaults.undecided);
    tap_int(policy.follow_dmarc, defaults.follow_dmarc);
    for (int s = SEV_INFO; s <= SEV_CRITICAL; s++)
        tap_int(policy.by_severity[s], defaults.by_severity[s]);
    tap_ok(policy.n_rules > 0);
}

int main(void)
{
    arena_init(&arena, 8 << 20);
    empty_texts();
    whole();
    place_mistakes();
    syntax_errors();
    limits();
    no_memory();
    example();
    arena_clear(&arena);
    return tap_done();
}
