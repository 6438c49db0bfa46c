/* The configuration of intelligence: the built-in table, files over it, and where each mistake is
 * said to stand. */
#include <stdio.h>

#include "base/buf.h"
#include "intel/config.h"
#include "tests/tap.h"

static struct arena arena;
static struct intel_config config;
static struct mp_err err;

static int load(struct str text)
{
    arena_reset(&arena);
    config = (struct intel_config){0};
    err = (struct mp_err){0};
    return intel_config_load(&arena, text, "i.yaml", &config, &err);
}

/* The text over the built-in table. */
static int load_over(struct str text)
{
    arena_reset(&arena);
    err = (struct mp_err){0};
    int st = intel_config_default(&arena, &config, &err);
    return st == MP_OK ? intel_config_load(&arena, text, "i.yaml", &config, &err) : st;
}

static const struct feed *feed(const char *name)
{
    for (size_t i = 0; i < config.n_feeds; i++)
        if (str_eq(config.feeds[i].name, str_from(name)))
            return &config.feeds[i];
    static const struct feed none;
    tap_note("no feed %s", name);
    return &none;
}

static const struct dns_list *list(const char *name)
{
    for (size_t i = 0; i < config.n_dns_lists; i++)
        if (str_eq(config.dns_lists[i].name, str_from(name)))
            return &config.dns_lists[i];
    static const struct dns_list none;
    tap_note("no DNS list %s", name);
    return &none;
}

static void built_in(void)
{
    static const char *const feeds[] = {
        "urlhaus",          "threatfox", "malware-bazaar", "feodo-tracker", "spamhaus-drop",
        "spamhaus-drop-v6", "openphish", "phishtank",      "cert-pl",       "abuseipdb-blacklist"};
    static const char *const lists[] = {"spamhaus-zen", "spamhaus-dbl", "spamhaus-zrd", "surbl",
                                        "uribl",        "dnswl",        "cymru-mhr"};
    tap_case("the built-in table: every source is off, and tells its terms");
    if (!tap_int(load_over(STR("")), MP_OK))
        tap_note("%s", err.text);
    for (size_t i = 0; i < ARRAY_LEN(feeds); i++) {
        const struct feed *f = feed(feeds[i]);
        tap_ok(f->url.n > 0 && !f->enabled && f->licence.n > 0 && f->reference.n > 0);
        tap_ok(f->refresh_s >= 300 && f->stale_s > f->refresh_s);
    }
    tap_int(config.n_feeds, ARRAY_LEN(feeds));
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        const struct dns_list *l = list(lists[i]);
        tap_ok(l->zone.n > 0 && !l->enabled && l->licence.n > 0 && l->n_codes > 0);
    }
    tap_int(config.n_dns_lists, ARRAY_LEN(lists));
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        const struct service *s = &config.services[i];
        tap_int(s->id, i);
        tap_ok(!s->enabled && s->url.n > 0 && s->found_ttl_s > 0 && s->unknown_ttl_s > 0);
    }
}

static void built_in_values(void)
{
    tap_case("the built-in table: values as they are published");
    load_over(STR(""));
    tap_int(feed("threatfox")->n_kinds, 6);
    tap_int(feed("threatfox")->kind, INDICATOR_KIND_COUNT);
    tap_str(feed("threatfox")->kinds[0].word, STR("ip:port"));
    tap_int(feed("threatfox")->kinds[0].kind, INDICATOR_IP);
    tap_str(feed("cert-pl")->columns[COLUMN_VALID_UNTIL], STR("DeleteDate"));
    tap_str(feed("urlhaus")->key.env, STR("ABUSECH_AUTH_KEY"));
    tap_int(feed("urlhaus")->expire_s, 90 * 86400);
    const struct dns_list *zen = list("spamhaus-zen"), *wl = list("dnswl"), *surbl = list("surbl");
    tap_int(zen->asks, DNS_LIST_IP);
    tap_ok(zen->speaks_v6);
    tap_int(zen->codes[2].first, 0x7f000004);
    tap_int(zen->codes[2].last, 0x7f000007);
    tap_int(zen->codes[zen->n_codes - 1].kind, CODE_ERROR);
    tap_int(zen->codes[zen->n_codes - 1].first, 0x7fffffff);
    tap_int(wl->codes[5].first, 0x7f000003);
    tap_int(wl->codes[5].last, 0x7f00ff03);
    tap_int(wl->codes[5].kind, CODE_ALLOWED);
    tap_int(surbl->codes[1].bits, 8);
    tap_int(surbl->asks, DNS_LIST_DOMAIN | DNS_LIST_LINK_IP);
    tap_ok(surbl->registrable_only && !list("spamhaus-dbl")->registrable_only);
    tap_int(config.services[SERVICE_VIRUSTOTAL].per_minute, 4);
    tap_int(config.services[SERVICE_VIRUSTOTAL].reserve_percent, 10);
    tap_int(config.services[SERVICE_WEB_RISK].unknown_ttl_s, 900);
}

static void five_lines(void)
{
    tap_case("a feed of an operator is five lines");
    if (!tap_int(load(STR("feeds:\n"
                          "  partner:\n"
                          "    url: https://feeds.example.com/bad-domains.txt\n"
                          "    kind: domain\n"
                          "    licence: contract 7\n")),
                 MP_OK))
        tap_note("%s", err.text);
    const struct feed *f = feed("partner");
    tap_int(config.n_feeds, 1);
    tap_ok(f->enabled && f->format == FEED_PLAIN && f->kind == INDICATOR_DOMAIN);
    tap_str(f->url, STR("https://feeds.example.com/bad-domains.txt"));
    tap_str(f->title, STR("partner"));
    tap_str(f->licence, STR("contract 7"));
    tap_int(f->confidence, INDICATOR_NO_CONFIDENCE);
    tap_int(f->severity, SEV_HIGH);
    tap_ok(f->refresh_s > 0 && f->stale_s > f->refresh_s && f->max_bytes > 0);
    tap_case("and three are enough: it looks at what the values are");
    tap_int(load(STR("feeds:\n  own:\n    url: file:own.txt\n")), MP_OK);
    tap_int(feed("own")->kind, INDICATOR_KIND_COUNT);
}

static void every_key(void)
{
    tap_case("every key of a feed");
    if (!tap_int(load(STR("feeds:\n"
                          "  a-1:\n"
                          "    title: \"A \xc3\xa4\"\n"
                          "    url: 'https://feeds.example.com/x.csv?k={key}'\n"
                          "    format: csv\n"
                          "    kind: any\n"
                          "    separator: ';'\n"
                          "    columns: {value: 3, kind: type, id: '1', label: l, first_seen: f,\n"
                          "      last_seen: s, valid_until: u, confidence: c, tlp: t}\n"
                          "    kinds: {FileHash-MD5: md5, hostname: host}\n"
                          "    enabled: false\n"
                          "    key: {file: /etc/mailproof/key}\n"
                          "    key_header: Authorization\n"
                          "    key_prefix: 'Bearer '\n"
                          "    body: |\n"
                          "      {\"since\": \"{since}\"}\n"
                          "    refresh: 90s\n"
                          "    stale: 2h\n"
                          "    expire: 1w\n"
                          "    max_bytes: 3MB\n"
                          "    confidence: 70\n"
                          "    min_confidence: 50\n"
                          "    severity: critical\n"
                          "    tlp: AMBER\n"
                          "    licence: ours\n"
                          "    reference: https://example.com/\n")),
                 MP_OK))
        tap_note("%s", err.text);
    const struct feed *f = feed("a-1");
    tap_str(f->title, STR("A \xc3\xa4"));
    tap_int(f->format, FEED_CSV);
    tap_int(f->kind, INDICATOR_KIND_COUNT);
    tap_int(f->separator, ';');
    tap_str(f->columns[COLUMN_VALUE], STR("3"));
    tap_str(f->columns[COLUMN_TLP], STR("t"));
    tap_int(f->n_kinds, 2);
    tap_int(f->kinds[1].kind, INDICATOR_HOST);
    tap_ok(!f->enabled);
    tap_str(f->key.file, STR("/etc/mailproof/key"));
    tap_str(f->key_prefix, STR("Bearer "));
    tap_str(f->body, STR("{\"since\": \"{since}\"}\n"));
    tap_int(f->refresh_s, 90);
    tap_int(f->stale_s, 7200);
    tap_int(f->expire_s, 604800);
    tap_int(f->max_bytes, 3 << 20);
    tap_int(f->confidence, 70);
    tap_int(f->min_confidence, 50);
    tap_int(f->severity, SEV_CRITICAL);
    tap_int(f->tlp, TLP_AMBER);
}

static void changes(void)
{
    tap_case("an entry with a name that is there changes the keys it has");
    if (!tap_int(load_over(STR("feeds:\n"
                               "  openphish: {enabled: true, refresh: 1d}\n"
                               "  own: {url: /srv/own.txt}\n"
                               "dns_lists:\n"
                               "  spamhaus-zen:\n"
                               "    zone: '{key}.zen.dq.spamhaus.net.'\n"
                               "    key: {env: DQS_KEY}\n"
                               "    enabled: true\n"
                               "    codes: [{answer: 127.0.0.2, means: spam}]\n"
                               "services:\n"
                               "  virustotal: {enabled: true, per_day: 15, min_malicious: 1}\n"
                               "allow: [example.com, 192.0.2.0/24, 'file:ours.txt']\n")),
                 MP_OK))
        tap_note("%s", err.text);
    tap_ok(feed("openphish")->enabled && !feed("urlhaus")->enabled);
    tap_int(feed("openphish")->refresh_s, 86400);
    tap_str(feed("openphish")->title, STR("OpenPhish"));
    tap_int(config.n_feeds, 11);
    tap_str(list("spamhaus-zen")->zone, STR("{key}.zen.dq.spamhaus.net"));
    tap_int(list("spamhaus-zen")->n_codes, 1);
    tap_int(list("spamhaus-zen")->codes[0].severity, SEV_MEDIUM);
    tap_int(list("spamhaus-dbl")->n_codes, 13);
    tap_int(config.services[SERVICE_VIRUSTOTAL].per_day, 15);
    tap_int(config.services[SERVICE_VIRUSTOTAL].per_minute, 4);
    tap_int(config.n_allow, 3);
    tap_str(config.allow[2], STR("file:ours.txt"));
    tap_case("a file that fails leaves all as it was");
    struct intel_config before = config;
    tap_int(intel_config_load(&arena,
                              STR("feeds: {openphish: {enabled: false}}\nallow: [b.example]\n"
                                  "servces: {}\n"),
                              "i.yaml", &config, &err),
            MP_E_SYNTAX);
    tap_ok(memcmp(&before, &config, sizeof config) == 0 && feed("openphish")->enabled);
}

#define FEED "feeds:\n  a:\n    url: https://example.com/\n"

static const struct {
    const char *label, *text, *want;
} mistakes[] = {
    {"misspelt table", "feed: {}\n", "i.yaml:1:1: unknown key 'feed', did you mean 'feeds'?"},
    {"misspelt key", FEED "    refesh: 1h\n",
     "i.yaml:4:5: unknown key 'refesh', did you mean 'refresh'?"},
    {"misspelt format", FEED "    format: jsn\n",
     "i.yaml:4:13: unknown format 'jsn', did you mean 'json'?"},
    {"misspelt kind", FEED "    kind: domian\n",
     "i.yaml:4:11: unknown kind 'domian', did you mean 'domain'?"},
    {"misspelt severity", FEED "    severity: hihg\n",
     "i.yaml:4:15: unknown severity 'hihg', did you mean 'high'?"},
    {"misspelt TLP", FEED "    tlp: gren\n",
     "i.yaml:4:10: unknown TLP label 'gren', did you mean 'green'?"},
    {"misspelt service", "services: {virustotl: {enabled: true}}\n",
     "i.yaml:1:12: unknown service 'virustotl', did you mean 'virustotal'?"},
    {"a duration without a unit", FEED "    refresh: 60\n",
     "i.yaml:4:14: a duration (90s, 5m, 1h, 7d) is wanted here, not '60'"},
    {"a duration that is negative", FEED "    stale: -1d\n",
     "i.yaml:4:12: a duration (90s, 5m, 1h, 7d) is wanted here, not '-1d'"},
    {"a duration longer than a life", FEED "    stale: 99999999999999w\n",
     "i.yaml:4:12: a duration (90s, 5m, 1h, 7d) is wanted here, not '99999999999999w'"},
    {"more than all percent", FEED "    confidence: 101\n",
     "i.yaml:4:17: a number from 0 to 100 is wanted here, not '101'"},
    {"a feed twice", FEED "  a:\n    enabled: false\n", "i.yaml:4:3: feed 'a' stands twice"},
    {"a name with a slash", "feeds: {../a: {}}\n",
     "i.yaml:1:9: '../a' is no name: 1 to 48 letters, digits and hyphens, no hyphen first"},
    {"http", "feeds: {a: {url: http://example.com/}}\n",
     "i.yaml:1:18: 'http://example.com/' is no https URL"},
    {"http that begins like this machine", "feeds: {a: {url: 'http://127.0.0.1.example.com/'}}\n",
     "i.yaml:1:19: 'http://127.0.0.1.example.com/' is no https URL"},
    {"ftp", "feeds: {a: {url: 'ftp://example.com/'}}\n",
     "i.yaml:1:19: 'ftp://example.com/' is no https URL"},
    {"a file as URL", "feeds: {a: {url: 'file:///etc/passwd'}}\n",
     "i.yaml:1:19: 'file:///etc/passwd' is no https URL"},
    {"a password in the URL", "feeds: {a: {url: 'https://me:secret@example.com/'}}\n",
     "i.yaml:1:19: a password does not stand in a URL: see 'key'"},
    {"the same with other mistakes", "feeds: {a: {url: 'ftp://me:secret@exa mple.com/'}}\n",
     "i.yaml:1:19: a password does not stand in a URL: see 'key'"},
    {"the same without a scheme", "feeds: {a: {url: 'me:secret@example.com/'}}\n",
     "i.yaml:1:19: a password does not stand in a URL: see 'key'"},
    {"a URL without host", "feeds: {a: {url: 'https:///x'}}\n",
     "i.yaml:1:19: 'https:///x' is no https URL"},
    {"no url", "feeds:\n  a: {kind: url}\n", "i.yaml:2:16: feed 'a' that ends here has no url"},
    {"the key itself", FEED "    key: 0123456789abcdef\n",
     "i.yaml:4:10: where the key is, {env: NAME} or {file: PATH}, and never the key itself, is "
     "wanted here"},
    {"two places of a key", FEED "    key: {env: A, file: /b}\n",
     "i.yaml:4:27: the key that ends here has 'env' or 'file', one of them"},
    {"a key for nothing", FEED "    key: {env: A}\n",
     "i.yaml:5:1: feed 'a' that ends here has a key and no place for it: 'key_header', or {key} in "
     "the URL"},
    {"a header without a key", FEED "    key_header: Auth-Key\n",
     "i.yaml:5:1: feed 'a' that ends here uses a key and does not say where it is: 'key'"},
    {"a header with a colon", FEED "    key: {env: A}\n    key_header: 'X: y'\n",
     "i.yaml:6:1: feed 'a' that ends here has a 'key_header' that is no name of a header"},
    {"columns of a plain list", FEED "    columns: {value: 1}\n",
     "i.yaml:5:1: feed 'a' that ends here has columns: formats csv and json have them"},
    {"columns without the value", FEED "    format: csv\n    columns: {id: 1}\n",
     "i.yaml:6:1: feed 'a' that ends here has columns, and none is 'value'"},
    {"kinds without their column", FEED "    format: csv\n    kinds: {x: url}\n",
     "i.yaml:6:1: feed 'a' that ends here has 'kinds', and no column 'kind'"},
    {"a body for MISP that is no object", FEED "    format: misp\n    body: '[1]'\n",
     "i.yaml:6:1: feed 'a' that ends here has a 'body' that is no object of JSON"},
    {"a line end in a text", "feeds: {a: {url: /x, title: \"a\\nb\"}}\n",
     "i.yaml:1:30: a text without control characters is wanted here"},
    {"a list without codes", "dns_lists: {a: {zone: a.example, asks: ip}}\n",
     "i.yaml:1:42: DNS list 'a' that ends here has no codes: an answer would mean nothing"},
    {"a list that is asked nothing",
     "dns_lists: {a: {zone: a.example, codes: [{bits: 2, means: x}]}}\n",
     "i.yaml:1:62: DNS list 'a' that ends here does not say what it is asked: 'asks'"},
    {"a zone with a space", "dns_lists: {a: {zone: a b.example}}\n",
     "i.yaml:1:23: 'a b.example' is no name of a zone"},
    {"a zone with an empty label", "dns_lists: {a: {zone: a..example}}\n",
     "i.yaml:1:23: 'a..example' is no name of a zone"},
    {"misspelt question", "dns_lists: {a: {asks: [ip, domian]}}\n",
     "i.yaml:1:28: unknown word for what is asked 'domian', did you mean 'domain'?"},
    {"a range that ends before it begins",
     "dns_lists: {a: {codes: [{answer: 127.0.0.7-127.0.0.4, means: x}]}}\n",
     "i.yaml:1:34: '127.0.0.7-127.0.0.4' is no answer of a DNS list"},
    {"an answer of three octets", "dns_lists: {a: {codes: [{answer: 127.0.2, means: x}]}}\n",
     "i.yaml:1:34: '127.0.2' is no answer of a DNS list"},
    {"a code without an answer", "dns_lists: {a: {codes: [{means: x}]}}\n",
     "i.yaml:1:34: the code that ends here has neither 'answer' nor 'bits'"},
    {"a code without a meaning", "dns_lists: {a: {codes: [{bits: 2}]}}\n",
     "i.yaml:1:33: the code that ends here does not say what it 'means'"},
    {"no bits", "dns_lists: {a: {codes: [{bits: 256, means: x}]}}\n",
     "i.yaml:1:32: bits of the last octet are 1 to 255"},
    {"a key without its place in the zone",
     "dns_lists: {a: {zone: a.example, asks: ip, key: {env: K}, codes: [{bits: 2, means: x}]}}\n",
     "i.yaml:1:87: DNS list 'a' that ends here has a key and no place for it: {key} in the zone"},
    {"an alias", "feeds: *x\n", "i.yaml:1:9: anchors and aliases are not used in a configuration"},
    {"feeds as a list", "feeds: [a]\n", "i.yaml:1:8: a mapping of names to feeds is wanted here"},
};

static void place_mistakes(void)
{
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        tap_case("mistake: %s", mistakes[i].label);
        tap_int(load(str_from(mistakes[i].text)), MP_E_SYNTAX);
        tap_cstr(err.text, mistakes[i].want);
    }
}

static void no_mistakes(void)
{
    static const char *const texts[] = {
        "feeds: {a: {url: 'http://127.0.0.1:8080/x'}}\n",
        "feeds: {a: {url: 'http://[::1]/x'}}\n",
        "feeds: {a: {url: 'http://localhost/x'}}\n",
        "feeds: {a: {url: HTTPS://example.com}}\n",
        "feeds: {a: {url: /x, stale: 0}}\n",
        "feeds: {a: {url: file:a/b.txt}}\n",
        "feeds: {}\n",
        "allow: []\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        tap_case("no mistake: %s", texts[i]);
        if (!tap_int(load(str_from(texts[i])), MP_OK))
            tap_note("%s", err.text);
    }
}

/* Lines that differ by a number. */
static void many(const char *head, const char *before, const char *behind, unsigned n, int want)
{
    struct buf b;
    buf_init(&b, 4 << 20);
    buf_addz(&b, head);
    for (unsigned i = 0; i < n; i++)
        buf_addf(&b, "%s%u%s", before, i, behind);
    if (!tap_int(load(buf_str(&b)), want))
        tap_note("%s", err.text);
    buf_clear(&b);
}

static void limits(void)
{
    tap_case("as many as may be, and one more");
    many("feeds:\n", "  f", ": {url: /x}\n", INTEL_MAX_FEEDS, MP_OK);
    tap_int(config.n_feeds, INTEL_MAX_FEEDS);
    many("feeds:\n", "  f", ": {url: /x}\n", INTEL_MAX_FEEDS + 1, MP_E_LIMIT);
    many("dns_lists:\n a:\n  zone: a.example\n  asks: ip\n  codes:\n", "   - {answer: 127.0.0.",
         ", means: x}\n", INTEL_MAX_CODES, MP_OK);
    many("dns_lists:\n a:\n  codes:\n", "   - {answer: 127.0.0.", ", means: x}\n",
         INTEL_MAX_CODES + 1, MP_E_LIMIT);
    many("dns_lists:\n", "  l", ": {zone: a.example, asks: ip, codes: [{bits: 2, means: x}]}\n",
         INTEL_MAX_DNS_LISTS + 1, MP_E_LIMIT);
    many("feeds:\n a:\n  kinds:\n", "   k", ": url\n", INTEL_MAX_KINDS + 1, MP_E_LIMIT);
    many("# ", "0000000", "", INTEL_CONFIG_MAX_BYTES / 8, MP_E_LIMIT);
    many("feeds: {a: {title: ", "0", "", 1000, MP_E_LIMIT);
}

static void allow_lists(void)
{
    tap_case("a file of allowed values");
    tap_int(load(STR("allow: [example.com]\n")), MP_OK);
    if (!tap_int(intel_allow_read(&arena,
                                  STR("\xef\xbb\xbf# ours\n\nexample.net # the shop\r\n"
                                      "  192.0.2.0/24\n2001:db8::/32\n"
                                      "https://example.org/#top\n"),
                                  "ours.txt", &config, &err),
                 MP_OK))
        tap_note("%s", err.text);
    tap_int(config.n_allow, 5);
    tap_str(config.allow[0], STR("example.com"));
    tap_str(config.allow[1], STR("example.net"));
    tap_str(config.allow[2], STR("192.0.2.0/24"));
    tap_str(config.allow[4], STR("https://example.org/#top"));
    tap_case("a value that is nothing is a mistake with its line, and all stays as it was");
    tap_int(intel_allow_read(&arena, STR("example.net\n\nnot a domain\n"), "ours.txt", &config,
                             &err),
            MP_E_SYNTAX);
    tap_int(err.detail, 3);
    tap_ok(str_starts(str_from(err.text), STR("ours.txt:3: cannot be allowed: ")));
    tap_int(config.n_allow, 5);
    tap_case("the same within the configuration");
    tap_int(load(STR("allow:\n  - example.com\n  - not a domain\n")), MP_E_SYNTAX);
    tap_ok(str_starts(str_from(err.text), STR("i.yaml:3:5: 'not a domain' cannot be allowed: ")));
}

static void no_memory(void)
{
    tap_case("an arena without room");
    struct arena small;
    arena_init(&small, 4096);
    struct intel_config untouched = {.n_feeds = 7};
    tap_int(intel_config_default(&small, &untouched, &err), MP_E_NOMEM);
    tap_int(untouched.n_feeds, 7);
    arena_clear(&small);
}

int main(void)
{
    arena_init(&arena, 64 << 20);
    built_in();
    built_in_values();
    five_lines();
    every_key();
    changes();
    place_mistakes();
    no_mistakes();
    limits();
    allow_lists();
    no_memory();
    arena_clear(&arena);
    return tap_done();
}
