/* DNS lists over canned zones: what is asked, whom we believe, what is told, what is remembered. */
#include <pthread.h>
#include <stdio.h>

#include "base/idna.h"
#include "dns/zone.h"
#include "tests/tap.h"

#include "intel/dns_list_test_kit.h"

enum { NOW_S = 1800000000, ROUNDS = 3 };

/* All lists answer their tests. */
#define IPS     "2.0.0.127.ip.test. A 127.0.0.2\n"
#define DOMAINS "test.dom.test. A 127.0.1.2\n"
#define LINKS   "listed.example.bits.test. A 127.0.0.254\n"
#define GOOD    "2.0.0.127.allow.test. A 127.0.2.2\n"
#define LOCAL   "2.0.0.127.local.test. A 127.0.0.2\n"
#define TESTS   IPS DOMAINS LINKS GOOD LOCAL
#define HIT     "1.2.0.192.ip.test. A 127.0.0.2\n"

static const unsigned char md5[16] = {0x44, 0xd8, 0x86, 0x12};
static const unsigned char sha1[20] = {0x33, 0x95};

struct world {
    const struct dns_lists *lists;
    struct arena arena;
    struct dns_zone *zone;
    struct dns_view *view;
    struct dns_list_health *health;
    struct finding_list findings;
    struct dns_list_result result;
    unsigned rounds;
    size_t asked;
};

static void fill(struct world *w)
{
    struct dns_question q;
    for (size_t at = 0; dns_view_missing(w->view, &at, &q); w->asked++)
        tap_int(dns_view_put(w->view, q.name, q.type, dns_zone_lookup(w->zone, q.name, q.type)),
                MP_OK);
}

/* One mail, in a view of its own. */
static void run_at(struct world *w, const char *zone, const struct dns_list_facts *facts,
                   int64_t now_s)
{
    struct mp_err err = {0};
    int st;
    w->zone = dns_zone_new();
    w->rounds = 0;
    w->asked = 0;
    w->result = (struct dns_list_result){0};
    arena_init(&w->arena, 8 << 20);
    finding_list_init(&w->findings, &w->arena);
    if (!tap_int(dns_zone_load(w->zone, str_from(zone), "zone", &err), MP_OK))
        tap_note("%s", err.text);
    w->view = dns_view_new(&w->arena, NULL, NULL);
    while ((st = dns_list_check(&w->arena, w->view, w->lists, w->health, facts, now_s, &w->findings,
                                &w->result, &err)) == MP_WAIT &&
           ++w->rounds < ROUNDS) {
        tap_int(w->findings.n, 0);
        fill(w);
    }
    tap_int(st, MP_OK);
    tap_cstr(err.text, "");
}

static void run(struct world *w, const char *zone, const struct dns_list_facts *facts)
{
    run_at(w, zone, facts, NOW_S);
}

static void done(struct world *w)
{
    dns_view_release(w->view);
    dns_zone_free(w->zone);
    arena_clear(&w->arena);
}

static bool was_asked(const struct world *w, const char *name, enum dns_type type)
{
    for (size_t i = 0; i < dns_view_count(w->view); i++) {
        const struct dns_answer *a = dns_view_at(w->view, i);
        if (a != NULL && a->type == type && str_eq(a->name, str_from(name)))
            return true;
    }
    return false;
}

static const struct finding *find(const struct world *w, enum finding_id id, const char *part)
{
    for (size_t i = 0; i < w->findings.n; i++) {
        const struct finding *f = &w->findings.items[i];
        if (f->id == id && str_search(f->evidence, str_from(part)) < f->evidence.n)
            return f;
    }
    return NULL;
}

static void show(const struct world *w)
{
    for (size_t i = 0; i < w->findings.n; i++)
        tap_note("%s (%s): %.*s", finding_kind(w->findings.items[i].id)->name.p,
                 severity_name(w->findings.items[i].severity),
                 STR_ARG(w->findings.items[i].evidence));
    for (size_t i = 0; i < dns_view_count(w->view); i++)
        if (dns_view_at(w->view, i) != NULL)
            tap_note("asked: %.*s %s", STR_ARG(dns_view_at(w->view, i)->name),
                     dns_type_name(dns_view_at(w->view, i)->type));
}

/* ---- one value each ---- */

struct row {
    const char *label, *client, *hosts[3];
    bool md5, sha1;
    const char *zone; /* beside the tests, which pass; with "!": all there is */
    enum finding_id id;
    const char *evidence; /* NULL: no finding at all */
    enum severity severity;
    const char *asked, *not_asked; /* names */
};

#define LISTED  FINDING_INTEL_DNS_LIST
#define BLOCKED FINDING_INTEL_ZONE_BLOCKED
#define MISSING FINDING_INTEL_UNAVAILABLE
#define VOUCHED FINDING_INTEL_KNOWN_GOOD

static const struct row rows[] = {
    {"a client on no list", "192.0.2.1", .zone = "", .asked = "1.2.0.192.ip.test"},
    {"a client on a list", "192.0.2.1", .zone = HIT, .id = LISTED,
     .evidence = "ips: 192.0.2.1: 127.0.0.2 spam source", .severity = SEV_MEDIUM},
    {"the gravest code counts", "192.0.2.1", .zone = HIT "1.2.0.192.ip.test. A 127.0.0.4\n",
     .id = LISTED, .evidence = "127.0.0.2 spam source, 127.0.0.4 exploited host",
     .severity = SEV_HIGH},
    {"the reason is shown", "192.0.2.1",
     .zone = HIT "1.2.0.192.ip.test. TXT \"see https://ip.test/\"\n", .id = LISTED,
     .evidence = "spam source; see https://ip.test/", .severity = SEV_MEDIUM},
    {"a reason that fails is none", "192.0.2.1", .zone = HIT "1.2.0.192.ip.test. SERVFAIL TXT\n",
     .id = LISTED, .evidence = "spam source", .severity = SEV_MEDIUM},
    {"a reason is printable", "192.0.2.1", .zone = HIT "1.2.0.192.ip.test. TXT \"a\\027[31mb\"\n",
     .id = LISTED, .evidence = "; a\\x1b[31mb", .severity = SEV_MEDIUM},
    {"a neutral code is nothing", "192.0.2.1", .zone = "1.2.0.192.ip.test. A 127.0.0.10\n"},
    {"an IPv6 client", "2001:db8::1",
     .zone = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip.test. "
             "A 127.0.0.4\n",
     .id = LISTED, .evidence = "ips: 2001:db8::1: 127.0.0.4 exploited host", .severity = SEV_HIGH},
    {"is not asked of lists without IPv6", "2001:db8::1", .zone = "",
     .not_asked = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.allow.test"},
    {"a mapped client is an IPv4 one", "::ffff:192.0.2.1", .zone = HIT, .id = LISTED,
     .evidence = "ips: 192.0.2.1", .severity = SEV_MEDIUM},
    {"a private client is asked of nobody", "10.1.2.3", .zone = "3.2.1.10.ip.test. A 127.0.0.2\n",
     .not_asked = "3.2.1.10.ip.test"},
    {"nor is its list tested", "10.1.2.3", .zone = "", .not_asked = "2.0.0.127.ip.test"},
    {"a client that is vouched for", "192.0.2.1", .zone = "1.2.0.192.allow.test. A 127.0.5.3\n",
     .id = VOUCHED, .evidence = "good: 192.0.2.1: 127.0.5.3 high trust"},
    {"a list without a table", "192.0.2.1", .zone = "1.2.0.192.local.test. A 127.0.0.77\n",
     .id = LISTED, .evidence = "local: 192.0.2.1: 127.0.0.77 listed", .severity = SEV_MEDIUM},

    {"a host on a list", .hosts = {"www.evil.example"},
     .zone = "www.evil.example.dom.test. A 127.0.1.4\n", .id = LISTED,
     .evidence = "domains: www.evil.example: 127.0.1.4 phishing", .severity = SEV_HIGH},
    {"asked as its registrable domain", .hosts = {"a.b.evil.co.uk"},
     .zone = "evil.co.uk.bits.test. A 127.0.0.16\n", .id = LISTED,
     .evidence = "links: evil.co.uk: 127.0.0.16 malware", .severity = SEV_CRITICAL,
     .not_asked = "a.b.evil.co.uk.bits.test"},
    {"a public suffix has none", .hosts = {"co.uk"}, .zone = "", .not_asked = "co.uk.bits.test",
     .asked = "co.uk.dom.test"},
    {"capitals and a final dot", .hosts = {"EVIL.Example."},
     .zone = "evil.example.dom.test. A 127.0.1.2\n", .id = LISTED,
     .evidence = "domains: evil.example: 127.0.1.2 spam", .severity = SEV_MEDIUM},
    {"signs in a label do not hide the domain", .hosts = {"x~(y).evil.example"},
     .zone = "evil.example.dom.test. A 127.0.1.4\n", .id = LISTED,
     .evidence = "domains: evil.example: 127.0.1.4 phishing", .severity = SEV_HIGH},
    {"nor do bytes that are no text", .hosts = {"\xff\xfe.www.evil.example"},
     .zone = "www.evil.example.dom.test. A 127.0.1.4\n", .id = LISTED,
     .evidence = "domains: www.evil.example: 127.0.1.4 phishing", .severity = SEV_HIGH},
    {"signs in the domain itself", .hosts = {"www.ev~il"}, .zone = "",
     .not_asked = "test.dom.test"},
    {"a name in another script",
     .hosts = {"b\xc3\xbc"
               "cher.example"},
     .zone = "xn--bcher-kva.example.dom.test. A 127.0.1.2\n", .id = LISTED,
     .evidence = "domains: xn--bcher-kva.example", .severity = SEV_MEDIUM},
    {"a host that is an address is no domain", .hosts = {"192.0.2.1"}, .zone = HIT,
     .not_asked = "192.0.2.1.dom.test", .asked = "1.2.0.192.bits.test"},
    {"nor is it the client", .hosts = {"192.0.2.1"}, .zone = HIT, .not_asked = "1.2.0.192.ip.test"},
    {"but it may be on a list of links", .hosts = {"192.0.2.1"},
     .zone = "1.2.0.192.bits.test. A 127.0.0.64\n", .id = LISTED,
     .evidence = "links: 192.0.2.1: 127.0.0.64 abuse", .severity = SEV_MEDIUM},
    {"an address in brackets", .hosts = {"[2001:db8::1]"}, .zone = "",
     .not_asked = "test.dom.test"},
    {"a number too many is no name", .hosts = {"1.2.3.4.5"}, .zone = "",
     .not_asked = "1.2.3.4.5.dom.test"},
    {"nor is one label", .hosts = {"localhost"}, .zone = "", .not_asked = "localhost.dom.test"},
    {"nor what no name may hold", .hosts = {"a b.example", "", "a..example"}, .zone = "",
     .not_asked = "test.dom.test"},
    {"three hosts, one of them listed", .hosts = {"a.example", "b.example", "c.example"},
     .zone = "b.example.dom.test. A 127.0.1.6\n", .id = LISTED,
     .evidence = "domains: b.example: 127.0.1.6 botnet", .severity = SEV_CRITICAL},

    {"a file by MD5", .md5 = true,
     .zone = "44d88612000000000000000000000000.hash.test. A 127.0.0.2\n"
             "44d88612000000000000000000000000.hash.test. TXT \"1611956489 28\"\n",
     .id = LISTED,
     .evidence = "files: 44d88612000000000000000000000000: 127.0.0.2 malware; 1611956489 28",
     .severity = SEV_CRITICAL},
    {"a file by SHA-1", .sha1 = true,
     .zone = "3395000000000000000000000000000000000000.hash.test. A 127.0.0.2\n", .id = LISTED,
     .evidence = "files: 3395000000000000000000000000000000000000", .severity = SEV_CRITICAL},
    {"a file that nobody knows", .sha1 = true, .zone = "",
     .asked = "00000000000000000000000000000000.hash.test"},
    {"a list of files that lists everything", .sha1 = true, .zone = "*.hash.test. A 127.0.0.2\n",
     .id = BLOCKED, .evidence = "files: 127.0.0.2 for what it must not list"},

    {"a list without its test entry", "192.0.2.1", .zone = "!" HIT GOOD LOCAL, .id = BLOCKED,
     .evidence = "ips: it does not list its own test entry"},
    {"a list of everything", "192.0.2.1", .zone = "!*.ip.test. A 127.0.0.2\n" GOOD LOCAL,
     .id = BLOCKED, .evidence = "ips: 127.0.0.2 for what it must not list"},
    {"everybody is trusted", "192.0.2.1", .zone = "!*.allow.test. A 127.0.9.3\n" IPS LOCAL,
     .id = BLOCKED, .evidence = "good: 127.0.9.3 for what it must not list"},
    {"blocked as everybody is trusted", "192.0.2.1",
     .zone = "!*.allow.test. A 127.0.10.3\n" IPS LOCAL, .id = BLOCKED,
     .evidence = "good: 127.0.10.3, blocked"},
    {"an open resolver", "192.0.2.1", .zone = "!*.ip.test. A 127.255.255.254\n" GOOD LOCAL,
     .id = BLOCKED, .evidence = "ips: 127.255.255.254, asked through an open resolver"},
    {"an open resolver, found late", "192.0.2.1", .zone = "1.2.0.192.ip.test. A 127.255.255.254\n",
     .id = BLOCKED, .evidence = "ips: 127.255.255.254"},
    {"a resolver that makes answers up", "192.0.2.1",
     .zone = "!*.ip.test. A 198.51.100.7\n" GOOD LOCAL, .id = BLOCKED,
     .evidence = "ips: 198.51.100.7, no answer of a list"},
    {"the test entry only is made up", "192.0.2.1",
     .zone = "!2.0.0.127.ip.test. A 198.51.100.7\n" HIT GOOD LOCAL, .id = BLOCKED,
     .evidence = "ips: 198.51.100.7"},
    {"an answer outside of 127/8", "192.0.2.1", .zone = HIT "1.2.0.192.ip.test. A 198.51.100.7\n",
     .id = BLOCKED, .evidence = "ips: 198.51.100.7"},
    {"a code that is not declared", "192.0.2.1", .zone = "1.2.0.192.ip.test. A 127.0.0.30\n",
     .id = BLOCKED, .evidence = "ips: 127.0.0.30, which is none of its codes"},
    {"one that is not, beside one that is", "192.0.2.1",
     .zone = HIT "1.2.0.192.ip.test. A 127.0.0.30\n", .id = BLOCKED, .evidence = "127.0.0.30"},
    {"the test entry has a code that is not declared", "192.0.2.1",
     .zone = "!2.0.0.127.ip.test. A 127.0.0.30\n" GOOD LOCAL, .id = BLOCKED,
     .evidence = "ips: 127.0.0.30, which is none"},
    {"bit 1 of a list of bits", .hosts = {"evil.example"},
     .zone = "evil.example.bits.test. A 127.0.0.1\n", .id = BLOCKED,
     .evidence = "links: 127.0.0.1, it refuses to answer us"},
    {"bit 1 and another", .hosts = {"evil.example"},
     .zone = "evil.example.bits.test. A 127.0.0.9\n", .id = BLOCKED,
     .evidence = "links: 127.0.0.9"},
    {"bit 1 in the test", .hosts = {"evil.example"},
     .zone = "!" DOMAINS LOCAL "*.bits.test. A 127.0.0.1\n", .id = BLOCKED,
     .evidence = "links: 127.0.0.1, it refuses"},
    {"a list of domains among those of addresses", "192.0.2.1",
     .zone = "1.2.0.192.local.test. A 127.0.1.255\n", .id = BLOCKED,
     .evidence = "local: 127.0.1.255, a list of domains"},

    {"servers of a list fail", "192.0.2.1", .zone = "!*.ip.test. SERVFAIL\n" GOOD LOCAL,
     .id = MISSING, .evidence = "ips: its test was not answered"},
    {"half a test", "192.0.2.1", .zone = "1.0.0.127.ip.test. TIMEOUT\n", .id = MISSING,
     .evidence = "ips: its test was not answered"},
    {"one answer fails", "192.0.2.1", .zone = "1.2.0.192.ip.test. SERVFAIL\n", .id = MISSING,
     .evidence = "ips: 1 of 1 questions were not answered: SERVFAIL"},
    {"one of two hosts times out", .hosts = {"a.example", "b.example"},
     .zone = "b.example.dom.test. TIMEOUT\n", .id = MISSING,
     .evidence = "domains: 1 of 2 questions were not answered: TIMEOUT"},
    {"a broken signature", "192.0.2.1", .zone = "1.2.0.192.ip.test. BOGUS\n", .id = MISSING,
     .evidence = "BOGUS"},
    {"refused is told before failed", "192.0.2.1",
     .zone = "2.0.0.127.ip.test. TIMEOUT\n1.0.0.127.ip.test. A 127.255.255.255\n", .id = BLOCKED,
     .evidence = "ips: 127.255.255.255, asked too often"},
};

static void check_row(const struct dns_lists *lists, const struct row *row)
{
    struct world w = {.lists = lists};
    struct dns_list_host hosts[3];
    struct dns_list_hash hash = {.kind = row->md5 ? INDICATOR_MD5 : INDICATOR_SHA1,
                                 .octets = row->md5 ? md5 : sha1};
    struct dns_list_facts facts = {.hosts = hosts,
                                   .hashes = &hash,
                                   .n_hashes = row->md5 || row->sha1};
    char zone[2048];
    tap_case("%s", row->label);
    if (row->client != NULL)
        tap_ok(ip_parse_keep_mapped(str_from(row->client), &facts.client));
    for (size_t i = 0; i < ARRAY_LEN(hosts) && row->hosts[i] != NULL; i++)
        hosts[facts.n_hosts++] = (struct dns_list_host){.name = str_from(row->hosts[i])};
    (void)snprintf(zone, sizeof zone, "%s%s", row->zone[0] == '!' ? "" : TESTS,
                   row->zone + (row->zone[0] == '!'));
    run(&w, zone, &facts);
    const struct finding *f = row->evidence == NULL ? NULL : find(&w, row->id, row->evidence);
    bool good = tap_int(w.findings.n, row->evidence != NULL);
    good &= tap_int(w.findings.dropped, 0);
    good &= row->evidence == NULL || tap_ok(f != NULL);
    if (f != NULL && row->id == LISTED)
        good &= tap_cstr(severity_name(f->severity), severity_name(row->severity));
    good &= tap_int(w.result.missing,
                    row->evidence != NULL && (row->id == BLOCKED || row->id == MISSING));
    good &= tap_int(w.result.n, row->evidence != NULL && (row->id == LISTED || row->id == VOUCHED));
    good &= row->asked == NULL || tap_ok(was_asked(&w, row->asked, DNS_A));
    good &= row->not_asked == NULL || tap_ok(!was_asked(&w, row->not_asked, DNS_A));
    if (!good)
        show(&w);
    done(&w);
}

/* ---- a whole mail ---- */

static const struct ip client = {.family = IP_V4, .octets = {192, 0, 2, 1}};

static void check_rounds(const struct dns_lists *lists)
{
    struct world w = {.lists = lists};
    struct dns_list_host hosts[] = {{.name = STR("a.example")}, {.name = STR("b.example")}};
    struct dns_list_hash hash = {.kind = INDICATOR_SHA1, .octets = sha1};
    struct dns_list_facts facts = {
        .client = client, .hosts = hosts, .n_hosts = 2, .hashes = &hash, .n_hashes = 1};
    tap_case("everything is asked in one round");
    run(&w, TESTS, &facts);
    tap_int(w.rounds, 1);
    tap_int(w.asked, 11 + 3 + 6 + 1); /* tests, client, hosts, hash */
    tap_int(w.result.asked, 10);
    tap_int(w.findings.n, 0);
    done(&w);

    tap_case("reasons are a second one");
    run(&w, TESTS HIT "b.example.dom.test. A 127.0.1.2\nb.example.local.test. A 127.0.0.2\n",
        &facts);
    tap_int(w.rounds, 2);
    tap_int(w.findings.n, 3);
    tap_ok(was_asked(&w, "b.example.dom.test", DNS_TXT));
    tap_ok(!was_asked(&w, "a.example.dom.test", DNS_TXT));
    done(&w);

    tap_case("who vouches is not asked why");
    run(&w, TESTS "1.2.0.192.allow.test. A 127.0.5.3\n", &facts);
    tap_int(w.rounds, 1);
    tap_ok(finding_has(&w.findings, VOUCHED));
    done(&w);

    tap_case("nothing to ask: no list is tested");
    run(&w, TESTS, &(struct dns_list_facts){0});
    tap_int(w.asked, 0);
    tap_ok(!w.result.missing);
    done(&w);

    tap_case("but by the doctor, all are");
    run(&w, IPS DOMAINS LINKS GOOD, &(struct dns_list_facts){.test_all = true});
    tap_int(w.asked, 11);
    tap_int(w.findings.n, 1);
    tap_ok(find(&w, BLOCKED, "local: it does not list its own test entry") != NULL);
    done(&w);
}

static void check_places(const struct dns_lists *lists)
{
    struct world w = {.lists = lists};
    struct dns_list_host hosts[] = {
        {.name = STR("a.example"), .where = {.part = STR("1.2")}},
        {.name = STR("A.example"), .where = {.part = STR("2")}},
        {.name = STR("x.a.example"), .where = {.part = STR("3")}},
    };
    struct dns_list_facts facts = {.client = client,
                                   .client_where = {.header = STR("Received")},
                                   .hosts = hosts,
                                   .n_hosts = 3};
    tap_case("each is told once, where it was met first");
    run(&w, TESTS HIT "a.example.bits.test. A 127.0.0.8\n", &facts);
    tap_int(w.findings.n, 2);
    tap_int(w.result.n, 2);
    const struct finding *f = find(&w, LISTED, "links: a.example");
    if (tap_ok(f != NULL))
        tap_str(f->where.part, STR("1.2"));
    f = find(&w, LISTED, "ips: 192.0.2.1");
    if (tap_ok(f != NULL))
        tap_str(f->where.header, STR("Received"));
    tap_str(w.result.listings[0].asked, STR("a.example"));
    tap_int(w.result.listings[0].severity, SEV_HIGH);
    tap_str(w.result.listings[1].codes, STR("127.0.0.2 spam source"));
    done(&w);

    tap_case("one list that lies takes nothing from another");
    run(&w,
        DOMAINS LINKS GOOD LOCAL
        "*.ip.test. A 198.51.100.7\n"
        "a.example.bits.test. A 127.0.0.8\na.example.dom.test. A 127.255.255.254\n",
        &facts);
    tap_int(w.findings.n, 3);
    tap_ok(find(&w, LISTED, "links: a.example") != NULL);
    tap_ok(find(&w, BLOCKED, "ips: 198.51.100.7") != NULL);
    tap_ok(find(&w, BLOCKED, "domains: 127.255.255.254") != NULL);
    tap_ok(w.result.missing);
    done(&w);
}

static void check_long_name(const struct dns_lists *lists)
{
    struct world w = {.lists = lists};
    char name[DOMAIN_MAX_OCTETS + 1];
    struct dns_list_host host = {.name = str_make(name, DOMAIN_MAX_OCTETS - 1)};
    struct dns_list_facts facts = {.hosts = &host, .n_hosts = 1};
    memset(name, 'a', sizeof name);
    for (size_t i = 0; i < 230; i += 10)
        name[i + 8] = '.';
    memcpy(name + DOMAIN_MAX_OCTETS - 1 - 13, ".evil.example", 13);
    tap_case("a name too long to be asked is asked without its first labels");
    run(&w, TESTS "*.evil.example.dom.test. A 127.0.1.4\n", &facts);
    const struct finding *f = find(&w, LISTED, "evil.example: 127.0.1.4 phishing");
    if (!tap_ok(f != NULL))
        show(&w);
    tap_ok(f != NULL && str_search(f->evidence, STR("domains: ...")) == 0);
    done(&w);
}

/* ---- limits ---- */

enum { MANY = 100 };

static void check_many_hosts(const struct dns_lists *lists)
{
    struct world w = {.lists = lists};
    static char names[MANY][32];
    struct dns_list_host hosts[2 * MANY];
    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(names[i], sizeof names[i], "n%zu.example", i);
        hosts[i].name = hosts[i + MANY].name = str_from(names[i]);
    }
    tap_case("more names than are asked: visible");
    run(&w, TESTS "n0.example.dom.test. A 127.0.1.2\nn40.example.dom.test. A 127.0.1.2\n",
        &(struct dns_list_facts){.hosts = hosts, .n_hosts = MANY});
    tap_ok(w.asked <= DNS_LIST_MAX_QUESTIONS + FINDINGS_PER_KIND_MAX);
    tap_ok(find(&w, LISTED, "n0.example") != NULL);
    tap_ok(find(&w, LISTED, "n40.example") == NULL);
    tap_ok(find(&w, MISSING, "only the first 40 names were asked, 60 were not") != NULL);
    tap_ok(w.result.missing);
    done(&w);

    tap_case("the same name again is none more");
    for (size_t i = 0; i < MANY; i++)
        hosts[i].name = str_from(names[i % DNS_LIST_MAX_HOSTS]);
    run(&w, TESTS, &(struct dns_list_facts){.hosts = hosts, .n_hosts = MANY});
    tap_int(w.findings.n, 0);
    tap_ok(!w.result.missing);
    done(&w);

    tap_case("the gravest are told, whatever the order");
    for (size_t i = 0; i < MANY; i++)
        hosts[i].name = str_from(names[i]);
    run(&w,
        TESTS "*.example.dom.test. A 127.0.1.2\n"
              "n30.example.dom.test. A 127.0.1.6\nn31.example.dom.test. A 127.0.1.4\n",
        &(struct dns_list_facts){.hosts = hosts, .n_hosts = DNS_LIST_MAX_HOSTS});
    tap_int(w.result.n, DNS_LIST_MAX_HOSTS);
    tap_int(w.findings.n, FINDINGS_PER_KIND_MAX);
    tap_int(w.findings.dropped, DNS_LIST_MAX_HOSTS - FINDINGS_PER_KIND_MAX);
    tap_str(w.result.listings[0].asked, STR("n30.example"));
    tap_str(w.result.listings[1].asked, STR("n31.example"));
    tap_str(w.result.listings[2].asked, STR("n0.example"));
    tap_ok(find(&w, LISTED, "n30.example") != NULL);
    done(&w);
}

static void check_many_hashes(const struct dns_lists *lists)
{
    struct world w = {.lists = lists};
    struct dns_list_hash hashes[DNS_LIST_MAX_HASHES + 3];
    static unsigned char octets[DNS_LIST_MAX_HASHES + 3][20];
    for (size_t i = 0; i < ARRAY_LEN(hashes); i++) {
        octets[i][0] = (unsigned char)(i + 1);
        hashes[i] = (struct dns_list_hash){.kind = INDICATOR_SHA1, .octets = octets[i]};
    }
    tap_case("more files than are asked: visible");
    run(&w, TESTS, &(struct dns_list_facts){.hashes = hashes, .n_hashes = ARRAY_LEN(hashes)});
    tap_int(w.result.asked, DNS_LIST_MAX_HASHES);
    tap_ok(find(&w, MISSING, "3 questions were above the limits") != NULL);
    done(&w);

    tap_case("a kind of hash that no list takes");
    for (size_t i = 0; i < ARRAY_LEN(hashes); i++)
        hashes[i].kind = INDICATOR_SHA256;
    run(&w, TESTS, &(struct dns_list_facts){.hashes = hashes, .n_hashes = ARRAY_LEN(hashes)});
    tap_int(w.asked, 0);
    tap_int(w.findings.n, 0);
    done(&w);
}

static void check_many_lists(void)
{
    static struct dns_list many[INTEL_MAX_DNS_LISTS];
    static struct dns_list_zone zones[INTEL_MAX_DNS_LISTS];
    static char names[INTEL_MAX_DNS_LISTS][16];
    struct dns_list_host hosts[] = {{.name = STR("a.example")}, {.name = STR("b.example")}};
    struct dns_lists lists = {zones, INTEL_MAX_DNS_LISTS};
    struct world w = {.lists = &lists};
    for (size_t i = 0; i < INTEL_MAX_DNS_LISTS; i++) {
        (void)snprintf(names[i], sizeof names[i], "l%zu.test", i);
        many[i] = kit_lists[KIT_PLAIN];
        many[i].name = many[i].zone = str_from(names[i]);
        zones[i] = (struct dns_list_zone){.list = &many[i], .zone = many[i].zone};
    }
    tap_case("more lists than a mail can ask: visible");
    run(&w, "2.0.0.127.l0.test. A 127.0.0.2\na.example.l0.test. A 127.0.0.2\n",
        &(struct dns_list_facts){.hosts = hosts, .n_hosts = 2});
    tap_int(w.asked, DNS_LIST_MAX_QUESTIONS + 1);
    tap_ok(find(&w, LISTED, "l0.test: a.example") != NULL);
    tap_ok(find(&w, MISSING, "questions were above the limits") != NULL);
    done(&w);
}

static void check_full_view(const struct dns_lists *lists)
{
    struct arena arena;
    struct dns_list_result result = {0};
    struct finding_list findings;
    struct mp_err err = {0};
    struct dns_list_health *health = NULL;
    char name[32];
    tap_case("a view that others have filled is no failure, and no word about the list");
    arena_init(&arena, 8 << 20);
    finding_list_init(&findings, &arena);
    tap_int(dns_list_health_new(lists->n, &health, &err), MP_OK);
    struct dns_view *view = dns_view_new(&arena, NULL, NULL);
    for (int i = 0; i < DNS_VIEW_MAX_ANSWERS; i++) {
        (void)snprintf(name, sizeof name, "n%d.test", i);
        dns_prefetch(view, str_from(name), DNS_A);
    }
    tap_int(dns_list_check(&arena, view, lists, health, &(struct dns_list_facts){.client = client},
                           NOW_S, &findings, &result, &err),
            MP_OK);
    tap_cstr(err.text, "");
    tap_ok(finding_has(&findings, MISSING) && !finding_has(&findings, LISTED));
    tap_ok(result.missing);
    tap_int(dns_list_health_at(health, KIT_IP, NOW_S).state, DNS_LIST_UNTESTED);
    dns_list_health_free(health);
    dns_view_release(view);
    arena_clear(&arena);
}

/* ---- between mails ---- */

static const struct {
    const char *label, *zone;
    enum dns_list_state state; /* after it */
    int64_t lasts_s;
    enum finding_id id; /* told while it lasts */
    const char *evidence;
} memories[] = {
    {"works", TESTS HIT, DNS_LIST_WORKS, DNS_LIST_TEST_S, LISTED, "ips: 192.0.2.1"},
    {"refused", GOOD LOCAL "*.ip.test. A 127.255.255.254\n", DNS_LIST_DISABLED, DNS_LIST_DISABLED_S,
     BLOCKED, "ips: 127.255.255.254, asked through an open resolver"},
    {"refused late", TESTS "1.2.0.192.ip.test. A 127.255.255.255\n", DNS_LIST_DISABLED,
     DNS_LIST_DISABLED_S, BLOCKED, "ips: 127.255.255.255, asked too often"},
    {"made up", TESTS "1.2.0.192.ip.test. A 203.0.113.9\n", DNS_LIST_DISABLED, DNS_LIST_DISABLED_S,
     BLOCKED, "ips: 203.0.113.9"},
    {"everything", GOOD LOCAL "*.ip.test. A 127.0.0.2\n", DNS_LIST_DISABLED, DNS_LIST_DISABLED_S,
     BLOCKED, "ips: 127.0.0.2 for what it must not list"},
    {"nothing", GOOD LOCAL, DNS_LIST_DISABLED, DNS_LIST_DISABLED_S, BLOCKED,
     "ips: it does not list its own test entry"},
    {"failed", GOOD LOCAL "*.ip.test. SERVFAIL\n", DNS_LIST_UNREACHABLE, DNS_LIST_REST_S, MISSING,
     "ips: its test was not answered"},
};

static void check_memory(const struct dns_lists *lists)
{
    struct dns_list_facts facts = {.client = client};
    for (size_t i = 0; i < ARRAY_LEN(memories); i++) {
        struct world w = {.lists = lists};
        bool works = memories[i].state == DNS_LIST_WORKS;
        tap_int(dns_list_health_new(lists->n, &w.health, NULL), MP_OK);
        tap_case("remembered: %s", memories[i].label);
        run(&w, memories[i].zone, &facts);
        tap_ok(find(&w, memories[i].id, memories[i].evidence) != NULL);
        done(&w);
        tap_cstr(dns_list_state_name(dns_list_health_at(w.health, KIT_IP, NOW_S).state),
                 dns_list_state_name(memories[i].state));
        tap_int(dns_list_health_at(w.health, KIT_IP, NOW_S).until_s - NOW_S, memories[i].lasts_s);

        run_at(&w, TESTS HIT, &facts, NOW_S + memories[i].lasts_s - 1);
        if (!tap_ok(find(&w, memories[i].id, memories[i].evidence) != NULL))
            show(&w);
        tap_ok(!was_asked(&w, "2.0.0.127.ip.test", DNS_A));
        tap_int(was_asked(&w, "1.2.0.192.ip.test", DNS_A), works);
        tap_ok(was_asked(&w, "1.2.0.192.allow.test", DNS_A));
        tap_int(w.result.missing, !works);
        done(&w);

        run_at(&w, TESTS HIT, &facts, NOW_S + memories[i].lasts_s);
        tap_ok(was_asked(&w, "2.0.0.127.ip.test", DNS_A));
        tap_ok(find(&w, LISTED, "ips: 192.0.2.1") != NULL);
        tap_ok(!w.result.missing);
        done(&w);
        dns_list_health_free(w.health);
    }
}

/* What a stranger's mail can bring about, counts for that mail alone. */
static void check_not_remembered(const struct dns_lists *lists)
{
    static const char *const zones[] = {TESTS "1.2.0.192.ip.test. A 127.0.0.30\n",
                                        TESTS "1.2.0.192.ip.test. SERVFAIL\n"};
    struct dns_list_facts facts = {.client = client};
    for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
        struct world w = {.lists = lists};
        tap_int(dns_list_health_new(lists->n, &w.health, NULL), MP_OK);
        tap_case("not remembered: %zu", i);
        run(&w, zones[i], &facts);
        tap_ok(w.result.missing);
        tap_ok(!finding_has(&w.findings, LISTED));
        done(&w);
        tap_int(dns_list_health_at(w.health, KIT_IP, NOW_S).state, DNS_LIST_WORKS);
        run(&w, TESTS HIT, &facts);
        tap_ok(finding_has(&w.findings, LISTED));
        done(&w);
        dns_list_health_free(w.health);
    }
    tap_case("no memory of lists that are not there");
    dns_list_health_set(NULL, 0, NOW_S, DNS_LIST_FINE, &client);
    tap_int(dns_list_health_at(NULL, 0, NOW_S).state, DNS_LIST_UNTESTED);
    struct dns_list_health *none = NULL;
    tap_int(dns_list_health_new(INTEL_MAX_DNS_LISTS + 1, &none, NULL), MP_E_NOMEM);
    tap_ok(none == NULL);
}

enum { THREADS = 4, TURNS = 2000 };

/* What is read was written as a whole. */
static void *turn(void *health)
{
    static const enum dns_list_fault faults[] = {DNS_LIST_FINE, DNS_LIST_FAILED, DNS_LIST_REFUSED};
    size_t wrong = 0;
    for (int i = 0; i < TURNS; i++) {
        dns_list_health_set(health, 1, i % 3, faults[i % 3], &client);
        struct dns_list_status s = dns_list_health_at(health, 1, 0);
        int64_t lasts_s = s.state == DNS_LIST_UNREACHABLE ? DNS_LIST_REST_S : DNS_LIST_DISABLED_S;
        wrong +=
            s.until_s - (s.state == DNS_LIST_UNREACHABLE) - 2 * (s.state == DNS_LIST_DISABLED) !=
                lasts_s ||
            (s.state == DNS_LIST_WORKS) != (s.fault == DNS_LIST_FINE);
    }
    return wrong == 0 ? NULL : health;
}

static void check_threads(void)
{
    struct dns_list_health *health = NULL;
    pthread_t threads[THREADS];
    tap_case("many threads share what is remembered");
    tap_int(dns_list_health_new(2, &health, NULL), MP_OK);
    for (size_t i = 0; i < THREADS; i++)
        tap_int(pthread_create(&threads[i], NULL, turn, health), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *wrong = NULL;
        tap_int(pthread_join(threads[i], &wrong), 0);
        tap_ok(wrong == NULL);
    }
    tap_int(dns_list_health_at(health, 0, 0).state, DNS_LIST_UNTESTED);
    tap_case("the end of time");
    dns_list_health_set(health, 0, INT64_MAX, DNS_LIST_FINE, &client);
    tap_int(dns_list_health_at(health, 0, INT64_MAX - 1).state, DNS_LIST_WORKS);
    dns_list_health_free(health);
    dns_list_health_free(NULL);
}

/* ---- keys ---- */

static bool secret(void *ctx, struct arena *arena, const struct intel_secret *s, struct str *out)
{
    tap_str(s->env, STR("LIST_KEY"));
    *out = arena_copy(arena, str_from(ctx));
    return ctx != NULL;
}

static const struct {
    const char *label, *zone;
    const char *key;
    int want;
    const char *asked; /* NULL: its key is not there */
} keys[] = {
    {"no key is needed", "IP.Test.", NULL, MP_OK, "ip.test"},
    {"a key in the zone", "{key}.zen.test", "abc123", MP_OK, "abc123.zen.test"},
    {"blanks around a key", "{key}.zen.test", " abc123\n", MP_OK, "abc123.zen.test"},
    {"a key that is not there", "{key}.zen.test", NULL, MP_OK, NULL},
    {"an empty key", "{key}.zen.test", "\n", MP_OK, NULL},
    {"a key that is no label", "{key}.zen.test", "ab/c", MP_E_SYNTAX, NULL},
    {"a zone that is no name", "a..b", NULL, MP_E_SYNTAX, NULL},
    {"no zone", "", NULL, MP_E_SYNTAX, NULL},
};

static void check_keys(void)
{
    struct dns_list list = kit_lists[KIT_IP];
    list.key.env = STR("LIST_KEY");
    struct intel_config config = {.dns_lists = &list, .n_dns_lists = 1};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct arena arena;
        struct mp_err err = {0};
        struct dns_lists lists = {0};
        char key[32];
        arena_init(&arena, 1 << 20);
        tap_case("keys: %s", keys[i].label);
        list.zone = str_from(keys[i].zone);
        (void)snprintf(key, sizeof key, "%s", keys[i].key == NULL ? "" : keys[i].key);
        tap_int(dns_lists_new(&arena, &config, secret, keys[i].key == NULL ? NULL : key, &lists,
                              &err),
                keys[i].want);
        if (keys[i].want == MP_OK) {
            tap_int(lists.n, 1);
            tap_str(lists.items[0].zone, str_from(keys[i].asked));
            tap_int(lists.items[0].missing == NULL, keys[i].asked != NULL);
        } else {
            tap_ok(keys[i].key == NULL || strstr(err.text, keys[i].key) == NULL);
            tap_ok(strstr(err.text, "DNS list ips") != NULL);
        }
        arena_clear(&arena);
    }
}

static void check_key_is_kept(void)
{
    struct dns_list list = kit_lists[KIT_IP];
    struct dns_list_zone zone = {&list, STR("abc123.ip.test"), STR("abc123"), NULL};
    struct dns_lists lists = {&zone, 1};
    struct world w = {.lists = &lists};
    struct dns_list_facts facts = {.client = client};
    static const char *const zones[] = {
        ("2.0.0.127.abc123.ip.test. A 127.0.0.2\n1.2.0.192.abc123.ip.test. A 127.0.0.2\n"
         "1.2.0.192.abc123.ip.test. TXT \"you are ABC123\"\n"),
        "*.abc123.ip.test. A 127.255.255.254\n", "*.abc123.ip.test. SERVFAIL\n"};
    for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
        tap_case("a key is never shown: %zu", i);
        run(&w, zones[i], &facts);
        if (tap_int(w.findings.n, 1))
            tap_ok(str_isearch(w.findings.items[0].evidence, STR("abc123")) ==
                   w.findings.items[0].evidence.n);
        done(&w);
    }
    tap_case("a list without its key is missing, and says so");
    zone = (struct dns_list_zone){.list = &list, .missing = "its key is not there"};
    run(&w, TESTS, &facts);
    tap_int(w.asked, 0);
    tap_ok(find(&w, MISSING, "ips: its key is not there") != NULL);
    done(&w);
    run(&w, TESTS, &(struct dns_list_facts){0});
    tap_int(w.findings.n, 0); /* it would not have been asked */
    done(&w);
}

static void check_own_tests(void)
{
    struct dns_list list = kit_lists[KIT_IP];
    struct dns_list_zone zone = {&list, STR("ip.test"), STR(""), NULL};
    struct dns_lists lists = {&zone, 1};
    struct world w = {.lists = &lists};
    struct dns_list_facts facts = {.client = client};
    tap_case("a list that says that it has no test entries");
    list.test_listed = list.test_unlisted = STR("-");
    run(&w, HIT, &facts);
    tap_int(w.asked, 2);
    tap_ok(finding_has(&w.findings, LISTED));
    done(&w);
    tap_case("test entries of its own");
    list.test_listed = STR("::ffff:7f00:2");
    list.test_unlisted = STR("nobody.example");
    run(&w,
        HIT "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip.test. "
            "A 127.0.0.2\n",
        &facts);
    tap_ok(was_asked(&w, "nobody.example.ip.test", DNS_A));
    tap_ok(finding_has(&w.findings, LISTED));
    done(&w);
    tap_case("private addresses, where an operator wants it");
    list = kit_lists[KIT_IP];
    facts = (struct dns_list_facts){.client = {.family = IP_V4, .octets = {10, 1, 2, 3}},
                                    .private_too = true};
    run(&w, IPS "3.2.1.10.ip.test. A 127.0.0.2\n", &facts);
    tap_ok(finding_has(&w.findings, LISTED));
    done(&w);
}

int main(void)
{
    struct dns_list all[KIT_LISTS + 1];
    struct dns_lists lists;
    struct arena arena;
    struct mp_err err = {0};
    memcpy(all, kit_lists, sizeof kit_lists);
    all[KIT_LISTS] = kit_lists[KIT_IP];
    all[KIT_LISTS].enabled = false;
    struct intel_config config = {.dns_lists = all, .n_dns_lists = KIT_LISTS + 1};
    arena_init(&arena, 1 << 20);
    tap_case("the lists that are enabled");
    tap_int(dns_lists_new(&arena, &config, NULL, NULL, &lists, &err), MP_OK);
    tap_int(lists.n, KIT_LISTS);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(&lists, &rows[i]);
    check_rounds(&lists);
    check_places(&lists);
    check_long_name(&lists);
    check_many_hosts(&lists);
    check_many_hashes(&lists);
    check_many_lists();
    check_full_view(&lists);
    check_memory(&lists);
    check_not_remembered(&lists);
    check_threads();
    check_keys();
    check_key_is_kept();
    check_own_tests();
    arena_clear(&arena);
    return tap_done();
}
