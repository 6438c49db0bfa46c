/* The section `signing:`: what it sets, who signs with what at which time, and where each mistake
 * is said to stand. */
#include <stdio.h>

#include "base/clock.h"
#include "signer/table.h"
#include "tests/tap.h"

static struct arena arena;
static struct mp_err err;

static int load(const char *text, struct signing_table *t)
{
    arena_reset(&arena);
    err = (struct mp_err){0};
    int st = signing_read_file(&arena, str_from(text), "etc/s.yaml", t, &err);
    if (st != MP_OK)
        tap_note("%s", err.text);
    return st;
}

static const char whole[] =
    "keys:\n"
    "  r2026: keys/r2026.pem\n"
    "  r2027: /etc/keys/r2027.pem\n"
    "  ed: keys/ed.pem\n"
    "  arc: keys/arc.pem\n"
    "  arc-next: keys/arc-next.pem\n"
    "domains:\n"
    "  Example.ORG:\n"
    "    keys:\n"
    "      - {selector: r2026, key: r2026, until: 2027-01-15}\n"
    "      - {selector: r2027, key: r2027, algorithm: rsa, from: '2027-01-01T12:00:00Z'}\n"
    "      - {selector: E1, key: ed, algorithm: ed25519, until: 2027-01-10}\n"
    "  '*.example.org': {as: example.org, keys: [{selector: sub, key: r2026}]}\n"
    "  '*.lists.example.org': {keys: [{selector: deep, key: r2026}]}\n"
    "  past.example: {keys: [{selector: old, key: ed, until: 2020-01-01},\n"
    "                        {selector: new, key: ed, from: 2030-01-01}]}\n"
    "  'b\xc3\xbc"
    "cher.example': {keys: [{selector: s, key: ed}]}\n"
    "organizational: true\n"
    "canonicalization: simple/relaxed\n"
    "headers: [From, Subject, X-Own]\n"
    "oversign: false\n"
    "expire: 7d\n"
    "seal:\n"
    "  domain: lists.example\n"
    "  keys: [{selector: a2, key: arc-next, from: 2027-01-01}, {selector: a1, key: arc}]\n";

static void test_whole(void)
{
    struct signing_table t = {0};
    tap_case("every key of the section");
    tap_int(load(whole, &t), MP_OK);
    tap_ok(t.present && t.organizational && !t.oversign);
    tap_int(t.n_keys, 5);
    tap_str(t.keys[0].name, STR("arc"));
    tap_str(t.keys[3].path, STR("etc/keys/r2026.pem"));
    tap_cstr(t.keys[3].path.p, "etc/keys/r2026.pem");
    tap_cstr(t.keys[4].path.p, "/etc/keys/r2027.pem");
    tap_int(t.n_domains, 5);
    tap_int(t.header_canon, CANON_SIMPLE);
    tap_int(t.body_canon, CANON_RELAXED);
    tap_int(t.n_header_names, 3);
    tap_int(t.lifetime_s, 7 * 86400);
    tap_str(t.seal->name, STR("lists.example"));

    tap_case("an empty section: there, and signs nothing");
    tap_int(load("{}", &t), MP_OK);
    tap_ok(t.present && t.oversign && t.seal == NULL && t.n_domains == 0);
    tap_int(t.header_canon, CANON_RELAXED);
}

static void test_choice(void)
{
    static const struct {
        const char *label, *author;
        int year, month, day, hour;
        enum signing_status want;
        const char *domain, *selectors;
    } rows[] = {
        {"the name itself", "example.org", 2026, 12, 1, 0, SIGNING_FOUND, "example.org",
         "r2026 e1"},
        {"the second before a key begins", "example.org", 2027, 1, 1, 11, SIGNING_FOUND,
         "example.org", "r2026 e1"},
        {"from the first second on", "example.org", 2027, 1, 1, 12, SIGNING_FOUND, "example.org",
         "r2026 r2027 e1"},
        {"one key has ended", "example.org", 2027, 1, 10, 0, SIGNING_FOUND, "example.org",
         "r2026 r2027"},
        {"until is the first second without", "example.org", 2027, 1, 15, 0, SIGNING_FOUND,
         "example.org", "r2027"},
        {"a wildcard that signs as its parent", "a.example.org", 2026, 12, 1, 0, SIGNING_FOUND,
         "example.org", "sub"},
        {"the wildcard is for any depth", "a.b.example.org", 2026, 12, 1, 0, SIGNING_FOUND,
         "example.org", "sub"},
        {"the longest wildcard", "x.lists.example.org", 2026, 12, 1, 0, SIGNING_FOUND,
         "x.lists.example.org", "deep"},
        {"not the base of the longest wildcard", "lists.example.org", 2026, 12, 1, 0, SIGNING_FOUND,
         "example.org", "sub"},
        {"no label border, no match", "xexample.org", 2026, 12, 1, 0, SIGNING_NO_ENTRY, "", ""},
        {"an A-label", "xn--bcher-kva.example", 2026, 12, 1, 0, SIGNING_FOUND,
         "xn--bcher-kva.example", "s"},
        {"by the organizational domain", "www.xn--bcher-kva.example", 2026, 12, 1, 0, SIGNING_FOUND,
         "xn--bcher-kva.example", "s"},
        {"an entry whose keys do not sign now", "past.example", 2026, 12, 1, 0, SIGNING_NO_KEY,
         "past.example", ""},
        {"and whose keys begin", "past.example", 2030, 1, 1, 0, SIGNING_FOUND, "past.example",
         "new"},
        {"a stranger", "example.net", 2026, 12, 1, 0, SIGNING_NO_ENTRY, "", ""},
        {"a public suffix", "org", 2026, 12, 1, 0, SIGNING_NO_ENTRY, "", ""},
        {"no author", "", 2026, 12, 1, 0, SIGNING_NO_ENTRY, "", ""},
    };
    struct signing_table t = {0};
    tap_int(load(whole, &t), MP_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct signing_choice c;
        char names[200] = "";
        int64_t now_s = civil_to_unix(rows[i].year, rows[i].month, rows[i].day, rows[i].hour, 0, 0);
        tap_case("choice: %s", rows[i].label);
        signing_choose(&t, &arena, str_from(rows[i].author), now_s, &c);
        for (size_t k = 0, n = 0; k < c.n; k++)
            n += (size_t)snprintf(names + n, sizeof names - n, "%s" STR_FMT, k > 0 ? " " : "",
                                  STR_ARG(c.selectors[k]->selector));
        tap_int(c.status, rows[i].want);
        tap_cstr(names, rows[i].selectors);
        if (c.status != SIGNING_NO_ENTRY)
            tap_str(c.domain, str_from(rows[i].domain));
    }
    tap_case("choice: without `organizational` a subdomain is not signed for");
    t.organizational = false;
    struct signing_choice c;
    signing_choose(&t, &arena, STR("www.xn--bcher-kva.example"), 0, &c);
    tap_int(c.status, SIGNING_NO_ENTRY);
}

static void test_seal(void)
{
    static const struct {
        int year;
        const char *selector;
    } rows[] = {{2026, "a1"}, {2027, "a2"}};
    struct signing_table t = {0};
    struct signing_choice c;
    tap_int(load(whole, &t), MP_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("seal: one key, that which began last: %d", rows[i].year);
        signing_choose_seal(&t, civil_to_unix(rows[i].year, 2, 1, 0, 0, 0), &c);
        tap_int(c.n, 1);
        tap_str(c.selectors[0]->selector, str_from(rows[i].selector));
        tap_str(c.domain, STR("lists.example"));
    }
    tap_case("seal: a table without");
    tap_int(load("{}", &t), MP_OK);
    signing_choose_seal(&t, 0, &c);
    tap_int(c.status, SIGNING_NO_ENTRY);
}

static void test_coverage(void)
{
    static const struct {
        const char *label, *keys;
        int year, want; /* 0: always */
    } rows[] = {
        {"a key without end", "[{selector: a, key: k}]", 2026, 0},
        {"a key that ends", "[{selector: a, key: k, until: 2028-01-01}]", 2026, 2028},
        {"one takes over, in any order",
         "[{selector: b, key: k, from: 2027-06-01, until: 2029-01-01},"
         " {selector: a, key: k, until: 2028-01-01}]",
         2026, 2029},
        {"a gap between them",
         "[{selector: a, key: k, until: 2028-01-01}, {selector: b, key: k, from: 2028-01-02}]",
         2026, 2028},
        {"one ends in the second where the next begins",
         "[{selector: a, key: k, until: 2028-01-01}, {selector: b, key: k, from: 2028-01-01}]",
         2026, 0},
        {"nothing signs now", "[{selector: a, key: k, until: 2020-01-01}]", 2026, 2026},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[512];
        struct signing_table t = {0};
        snprintf(text, sizeof text, "keys: {k: k.pem}\ndomains: {a.test: {keys: %s}}\n",
                 rows[i].keys);
        tap_case("covered: %s", rows[i].label);
        if (!tap_int(load(text, &t), MP_OK))
            continue;
        int64_t want = rows[i].want == 0 ? INT64_MAX : civil_to_unix(rows[i].want, 1, 1, 0, 0, 0);
        tap_int(signing_covered_until(&t.domains[0], civil_to_unix(rows[i].year, 1, 1, 0, 0, 0)),
                want);
    }
}

#define K "keys: {k: k.pem}\n"
static const struct {
    const char *label, *text, *want;
} mistakes[] = {
    {"unknown key", "keyz: {}\n", "etc/s.yaml:1:1: unknown key 'keyz', did you mean 'keys'?"},
    {"a key's name with a slash", "keys: {a/b: k.pem}\n", "1:8: 'a/b' is no name of a key"},
    {"a path that is a list", "keys: {a: [k.pem]}\n", "the path of a key file is wanted here"},
    {"an empty path", "keys: {a: ''}\n", "the path of a key file has 1 to 4095 bytes"},
    {"a key twice", "keys: {a: b, a: c}\n", "key 'a' stands twice"},
    {"a domain that is none", K "domains: {'a b.test': {keys: [{selector: s, key: k}]}}\n",
     "2:12: 'a b.test' is not a domain name"},
    {"a domain of one label", K "domains: {test: {keys: [{selector: s, key: k}]}}\n",
     "'test' is not a domain name"},
    {"a star inside", K "domains: {'a.*.test': {keys: [{selector: s, key: k}]}}\n",
     "'a.*.test' is not a domain name"},
    {"a domain twice, in other letters",
     K "domains:\n  a.test: {keys: [{selector: s, key: k}]}\n"
       "  A.test: {keys: [{selector: s, key: k}]}\n",
     "domain 'a.test' stands twice"},
    {"no keys", K "domains: {a.test: {as: a.test}}\n", "the entry that ends here has no keys"},
    {"an empty list of keys", K "domains: {a.test: {keys: []}}\n",
     "the list that ends here is empty"},
    {"a key without selector", K "domains: {a.test: {keys: [{key: k}]}}\n", "lacks its selector"},
    {"a key without key", K "domains: {a.test: {keys: [{selector: s}]}}\n", "lacks its key"},
    {"a selector with a space", K "domains: {a.test: {keys: [{selector: 's t', key: k}]}}\n",
     "'s t' is no selector"},
    {"a selector twice",
     K "domains: {a.test: {keys: [{selector: s, key: k}, {selector: S, key: k}]}}\n",
     "selector s stands twice"},
    {"a key that is not among the keys",
     "keys: {main: k.pem}\ndomains:\n  a.test: {keys: [{selector: s, key: mian}]}\n",
     "etc/s.yaml:3:3: unknown key, none of `keys`: 'mian', did you mean 'main'?"},
    {"no keys at all", "domains: {a.test: {keys: [{selector: s, key: k}]}}\n",
     "unknown key, none of `keys`: 'k'"},
    {"an algorithm that is none",
     K "domains: {a.test: {keys: [{selector: s, key: k, algorithm: dsa}]}}\n",
     "rsa or ed25519 is wanted here"},
    {"a month that is none",
     K "domains: {a.test: {keys: [{selector: s, key: k, from: 2026-13-01}]}}\n",
     "'2026-13-01' is no date"},
    {"the 30th of February",
     K "domains: {a.test: {keys: [{selector: s, key: k, from: 2026-02-30}]}}\n", "is no date"},
    {"a time without zone",
     K "domains: {a.test: {keys: [{selector: s, key: k, from: '2026-02-03T00:00:00'}]}}\n",
     "is no date"},
    {"from after until",
     K "domains: {a.test: {keys: [{selector: s, key: k, from: 2027-01-01, until: 2027-01-01}]}}\n",
     "never signs"},
    {"as another domain", K "domains: {a.test: {as: b.test, keys: [{selector: s, key: k}]}}\n",
     "`as: b.test` of the entry that ends here is not aligned"},
    {"as a domain below", K "domains: {a.test: {as: b.a.test, keys: [{selector: s, key: k}]}}\n",
     "is not aligned"},
    {"as a public suffix", K "domains: {a.co.uk: {as: co.uk, keys: [{selector: s, key: k}]}}\n",
     "is not aligned"},
    {"canonicalization that is none", "canonicalization: nofws\n",
     "relaxed or simple is wanted here"},
    {"headers without From", "headers: [Subject]\n", "lacks From"},
    {"a header twice", "headers: [From, from]\n", "field 'from' stands twice"},
    {"a header with a colon", "headers: [From, 'a:b']\n", "'a:b' is no field name"},
    {"an expiry without unit", "expire: 7\n", "'7' is no duration"},
    {"an expiry of more than a year", "expire: 367d\n", "is no duration"},
    {"an expiry of nothing", "expire: 0d\n", "is no duration"},
    {"a seal without domain", K "seal: {keys: [{selector: s, key: k}]}\n", "lacks its domain"},
    {"a seal without keys", "seal: {domain: a.test}\n", "lacks its keys"},
    {"a seal with a strange key", K "seal: {domain: a.test, keys: [{selector: s, key: j}]}\n",
     "unknown key, none of `keys`: 'j'"},
    {"a list for a section", "- a\n", "a mapping of signing table keys is wanted here"},
};

static void test_mistakes(void)
{
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        struct signing_table t = {.lifetime_s = 7};
        tap_case("mistake: %s", mistakes[i].label);
        arena_reset(&arena);
        err = (struct mp_err){0};
        int st = signing_read_file(&arena, str_from(mistakes[i].text), "etc/s.yaml", &t, &err);
        tap_int(st, MP_E_SYNTAX);
        struct str text = str_from(err.text);
        if (!tap_ok(str_search(text, str_from(mistakes[i].want)) < text.n))
            tap_note("%s", err.text);
        tap_ok(str_starts(text, STR("etc/s.yaml:")));
        tap_ok(t.lifetime_s == 7 && !t.present);
    }
}

static void test_limits(void)
{
    struct signing_table t = {0};
    struct buf b;
    buf_init(&b, 4 << 20);
    tap_case("limit: keys of one domain");
    buf_addz(&b, K "domains: {a.test: {keys: [");
    for (int i = 0; i <= SIGNING_MAX_SELECTORS; i++)
        buf_addf(&b, "{selector: s%d, key: k},", i);
    buf_addz(&b, "]}}\n");
    buf_addc(&b, '\0');
    tap_int(load(b.p, &t), MP_E_LIMIT);
    buf_reset(&b);
    tap_case("limit: key files");
    buf_addz(&b, "keys:\n");
    for (int i = 0; i < SIGNING_MAX_KEYS; i++)
        buf_addf(&b, "  k%d: k.pem\n", i);
    buf_addc(&b, '\0');
    tap_int(load(b.p, &t), MP_OK);
    tap_int(t.n_keys, SIGNING_MAX_KEYS);
    b.n--;
    buf_addz(&b, "  one-more: k.pem\n");
    buf_addc(&b, '\0');
    tap_int(load(b.p, &t), MP_E_LIMIT);
    buf_reset(&b);
    tap_case("limit: field names");
    buf_addz(&b, "headers: [From");
    for (int i = 0; i < SIGNING_MAX_NAMES; i++)
        buf_addf(&b, ", X-%d", i);
    buf_addz(&b, "]\n");
    buf_addc(&b, '\0');
    tap_int(load(b.p, &t), MP_E_LIMIT);
    buf_reset(&b);
    tap_case("limit: domains, each found again");
    buf_addz(&b, K "domains:\n");
    for (int i = 0; i < SIGNING_MAX_DOMAINS; i++)
        buf_addf(&b, "  d%d.test: {keys: [{selector: s, key: k}]}\n", i);
    buf_addc(&b, '\0');
    tap_int(load(b.p, &t), MP_OK);
    struct signing_choice c;
    bool all = true;
    for (int i = 0; i < SIGNING_MAX_DOMAINS; i++) {
        signing_choose(&t, &arena, arena_fmt(&arena, "d%d.test", i), 0, &c);
        all = all && c.status == SIGNING_FOUND;
    }
    tap_ok(all);
    b.n--;
    buf_addz(&b, "  one.more: {keys: [{selector: s, key: k}]}\n");
    buf_addc(&b, '\0');
    tap_int(load(b.p, &t), MP_E_LIMIT);
    buf_clear(&b);
}

int main(void)
{
    arena_init(&arena, (size_t)128 << 20);
    test_whole();
    test_choice();
    test_seal();
    test_coverage();
    test_mistakes();
    test_limits();
    arena_clear(&arena);
    return tap_done();
}
