/* STIX patterns: what each says alone, what only together, and what is refused. */
#include <stdlib.h>

#include "base/buf.h"
#include "intel/stix_pattern.h"
#include "tests/tap.h"

#define H64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
    const char *pattern, *want; /* "kind value" with "|" between */
    size_t compound, foreign;
} patterns[] = {
    {"[url:value = 'http://example.com/a']", "url http://example.com/a", 0, 0},
    {"[url:value='x']", "url x", 0, 0},
    {" [ url:value  ==  'x' ] ", "url x", 0, 0},
    {"[domain-name:value = 'a.example']", "domain a.example", 0, 0},
    {"[ipv4-addr:value = '192.0.2.1']", "ip 192.0.2.1", 0, 0},
    {"[ipv6-addr:value = '2001:db8::1']", "ip 2001:db8::1", 0, 0},
    {"[ipv4-addr:value ISSUBSET '192.0.2.0/24']", "ip 192.0.2.0/24", 0, 0},
    {"[ipv6-addr:value ISSUBSET '2001:db8::/32']", "ip 2001:db8::/32", 0, 0},
    {"[email-addr:value = 'a@example.com']", "email a@example.com", 0, 0},
    {"[email-message:sender_ref.value = 'a@example.com']", "email a@example.com", 0, 0},
    {"[email-message:from_ref.value = 'a@example.com']", "email a@example.com", 0, 0},
    {"[file:hashes.MD5 = 'a']", "md5 a", 0, 0},
    {"[file:hashes.'MD5' = 'a']", "md5 a", 0, 0},
    {"[file:hashes.'SHA-1' = 'a']", "sha1 a", 0, 0},
    {"[file:hashes.'SHA-256' = '" H64 "']", "sha256 " H64, 0, 0},
    {"[file:hashes.'sha-256' = 'a']", "sha256 a", 0, 0},
    {"[file:hashes.SHA256 = 'a' OR file:hashes.'SHA1' = 'b']", "sha256 a|sha1 b", 0, 0},
    {"[url:value IN ('a', 'b','c')]", "url a|url b|url c", 0, 0},
    {"[url:value = 'a'] OR [domain-name:value = 'b']", "url a|domain b", 0, 0},
    {"[url:value = 'a' OR domain-name:value = 'b']", "url a|domain b", 0, 0},
    {"[url:value = 'a' OR url:value = 'b'] OR [url:value = 'c']", "url a|url b|url c", 0, 0},
    {"([url:value = 'a'] OR ([url:value = 'b']))", "url a|url b", 0, 0},
    {"[(url:value = 'a' OR (url:value = 'b'))]", "url a|url b", 0, 0},
    /* texts */
    {"[url:value = 'it\\'s'] OR [url:value = 'b']", "url it's|url b", 0, 0},
    {"[url:value = 'a\\\\']", "url a\\", 0, 0},
    {"[url:value = 'a\\\\\\'b']", "url a\\'b", 0, 0},
    {"[url:value = 'a\\nb']", "url a\\nb", 0, 0},
    {"[url:value = ' OR ']", "url  OR ", 0, 0},
    {"[url:value = '] AND [x']", "url ] AND [x", 0, 0},
    {"[url:value = '']", "url ", 0, 0},
    /* together alone */
    {"[url:value = 'a' AND url:value = 'b']", "", 1, 0},
    {"[url:value = 'a'] AND [url:value = 'b']", "", 1, 0},
    {"[url:value = 'a' OR url:value = 'b'] AND [url:value = 'c']", "", 1, 0},
    {"[url:value = 'a'] OR [url:value = 'b' AND url:value = 'c']", "url a", 1, 0},
    {"[url:value = 'a' AND url:value = 'b' OR url:value = 'c']", "url c", 1, 0},
    {"[url:value = 'a'] AND [url:value = 'b'] OR [url:value = 'c']", "url c", 1, 0},
    {"[url:value = 'a'] OR [url:value = 'b'] AND [url:value = 'c' AND url:value = 'd']", "url a", 1,
     0},
    {"[(url:value = 'a' OR url:value = 'b') AND url:value = 'c']", "", 1, 0},
    {"[file:name = 'a.exe' AND file:hashes.MD5 = 'a']", "", 1, 1},
    /* what a mail has not */
    {"[file:name = 'a.exe']", "", 0, 1},
    {"[email-message:subject = 'Hello']", "", 0, 1},
    {"[network-traffic:dst_port = 80]", "", 0, 1},
    {"[network-traffic:dst_port IN (80, 81)]", "", 0, 2},
    {"[process:image_ref.name = 'x' OR url:value = 'a']", "url a", 0, 1},
    {"[file:hashes.'SHA-512' = 'a']", "", 0, 1},
    {"[email-message:to_refs[*].value = 'a@example.com']", "", 0, 1},
    {"[windows-registry-key:values[0].data = 'x']", "", 0, 1},
    {"[x-custom:url:value = 'x']", "", 0, 1},
};

static const struct {
    const char *label, *pattern;
} refused[] = {
    {"nothing", ""},
    {"no brackets", "url:value = 'a'"},
    {"empty brackets", "[]"},
    {"LIKE", "[url:value LIKE 'http://%']"},
    {"MATCHES", "[url:value MATCHES '^http']"},
    {"ISSUPERSET", "[ipv4-addr:value ISSUPERSET '192.0.2.0/24']"},
    {"ISSUBSET of a name", "[domain-name:value ISSUBSET 'a.example']"},
    {"not equal", "[url:value != 'a']"},
    {"not equal, the other one", "[url:value <> 'a']"},
    {"greater", "[url:value > 'a']"},
    {"NOT before", "[NOT url:value = 'a']"},
    {"NOT behind", "[url:value NOT = 'a']"},
    {"NOT IN", "[url:value NOT IN ('a')]"},
    {"EXISTS", "[EXISTS url:value]"},
    {"FOLLOWEDBY", "[url:value = 'a'] FOLLOWEDBY [url:value = 'b']"},
    {"FOLLOWEDBY behind OR", "[url:value = 'a'] OR [url:value = 'b'] FOLLOWEDBY [url:value = 'c']"},
    {"WITHIN", "[url:value = 'a'] WITHIN 5 SECONDS"},
    {"REPEATS", "[url:value = 'a'] REPEATS 5 TIMES"},
    {"REPEATS behind OR", "[url:value = 'a'] OR [url:value = 'b'] REPEATS 5 TIMES"},
    {"START and STOP",
     "[url:value = 'a'] START t'2025-01-01T00:00:00Z' STOP t'2026-01-01T00:00:00Z'"},
    {"brackets within brackets", "[[url:value = 'a']]"},
    {"a bracket that stays open", "[url:value = 'a'"},
    {"a bracket too many", "[url:value = 'a']]"},
    {"a parenthesis that stays open", "([url:value = 'a']"},
    {"a parenthesis too many", "[url:value = 'a'])"},
    {"a parenthesis across brackets", "([url:value = 'a') OR url:value = 'b']"},
    {"a parenthesis open at the bracket's end", "[(url:value = 'a']"},
    {"a text that stays open", "[url:value = 'a]"},
    {"a text that ends in its escape", "[url:value = 'a\\'"},
    {"a text in other quotes", "[url:value = \"a\"]"},
    {"a number for a text", "[url:value = 5]"},
    {"bytes for a text", "[url:value = h'6161']"},
    {"an empty set", "[url:value IN ()]"},
    {"a set without commas", "[url:value IN ('a' 'b')]"},
    {"a set with a comma too many", "[url:value IN ('a',)]"},
    {"a set that stays open", "[url:value IN ('a'"},
    {"a set with a number", "[url:value IN ('a', 5)]"},
    {"a set behind an equals sign", "[url:value = ('a')]"},
    {"OR at the end", "[url:value = 'a'] OR"},
    {"OR twice", "[url:value = 'a'] OR OR [url:value = 'b']"},
    {"two without a word between", "[url:value = 'a'] [url:value = 'b']"},
    {"a small or", "[url:value = 'a'] or [url:value = 'b']"},
    {"a comma for OR", "[url:value = 'a'], [url:value = 'b']"},
    {"a comment", "[url:value = 'a'] /* x */"},
    {"a text on the left", "['a' = url:value]"},
    {"no operator", "[url:value 'a']"},
    {"an operator without its text", "[url:value =]"},
    {"SNORT", "alert tcp any any -> any any (msg: 'x')"},
};

static void accepted(struct arena *a)
{
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        struct stix_pattern p = {0};
        struct mp_err err = {0};
        struct buf b;
        tap_case("pattern: %s", patterns[i].pattern);
        buf_init(&b, 4096);
        if (!tap_int(stix_pattern_read(a, str_from(patterns[i].pattern), &p, &err), MP_OK))
            tap_note("%s", err.text);
        for (size_t k = 0; k < p.n; k++)
            buf_addf(&b, "%s%s " STR_FMT, k > 0 ? "|" : "", indicator_kind_name(p.values[k].kind),
                     STR_ARG(p.values[k].text));
        tap_str(buf_str(&b), str_from(patterns[i].want));
        tap_int((int64_t)p.compound, (int64_t)patterns[i].compound);
        tap_int((int64_t)p.foreign, (int64_t)patterns[i].foreign);
        buf_clear(&b);
        arena_reset(a);
    }
}

static void near_misses(struct arena *a)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct stix_pattern p = {.n = 7};
        struct mp_err err = {0};
        tap_case("refused: %s", refused[i].label);
        tap_int(stix_pattern_read(a, str_from(refused[i].pattern), &p, &err), MP_E_SYNTAX);
        tap_ok(str_starts(str_from(err.text), STR("STIX pattern: ")));
        tap_int((int64_t)p.n, 7);
        arena_reset(a);
    }
}

/* Cut at each byte: never read behind, never more values than the whole has. */
static void cut(struct arena *a)
{
    struct str whole = STR("([url:value IN ('a', 'b\\'c')] OR [file:hashes.'SHA-256' = 'd']) OR "
                           "[x:y[*].z = 'e' AND ipv4-addr:value ISSUBSET '192.0.2.0/24']");
    size_t accepted = 0;
    tap_case("a pattern cut at each byte is refused, but behind its first parenthesis");
    for (size_t n = 0; n < whole.n; n++) {
        struct stix_pattern p;
        struct mp_err err = {0};
        char *copy = malloc(n + 1);
        memcpy(copy, whole.p, n);
        accepted += stix_pattern_read(a, str_make(copy, n), &p, &err) == MP_OK;
        free(copy);
        arena_reset(a);
    }
    tap_int((int64_t)accepted, 2); /* with the blank, and without */
}

static void many(struct arena *a)
{
    struct buf b;
    struct stix_pattern p = {0};
    struct mp_err err = {0};
    buf_init(&b, 1 << 20);
    tap_case("a thousand alternatives");
    for (int i = 0; i < 1000; i++)
        buf_addf(&b, "%s[url:value = '%d']", i > 0 ? " OR " : "", i);
    tap_int(stix_pattern_read(a, buf_str(&b), &p, &err), MP_OK);
    tap_int((int64_t)p.n, 1000);
    tap_case("parentheses without end");
    buf_reset(&b);
    for (int i = 0; i < 60000; i++)
        buf_addc(&b, '(');
    tap_int(stix_pattern_read(a, buf_str(&b), &p, &err), MP_E_SYNTAX);
    buf_clear(&b);
}

int main(void)
{
    struct arena a;
    arena_init(&a, 1 << 20);
    accepted(&a);
    near_misses(&a);
    cut(&a);
    many(&a);
    arena_clear(&a);
    return tap_done();
}
