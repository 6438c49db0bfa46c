/* How intelligence fares, and one value asked of all: over a store and DNS lists of ours. */
#include "feeds/state.h"
#include "flow/intel_checks.h"
#include "flow/intel_lookup.h"

#include "dns/zone.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <unistd.h>

enum { NOW = 1795392000, HOUR = 3600 };

static const char zone_text[] = "7.2.0.192.bl.test. A 127.0.0.2\n"
                                "2.0.0.127.bl.test. A 127.0.0.2\n"
                                "2.0.0.127.liar.test. A 192.0.2.1\n"
                                "1.0.0.127.liar.test. A 192.0.2.1\n"
                                "7.2.0.192.liar.test. A 192.0.2.1\n";

static struct arena arena;
static char dir[] = "/tmp/intel-checks-XXXXXX";

static const struct check *find(const struct check_list *checks, const char *group)
{
    for (size_t i = 0; i < checks->n; i++)
        if (str_eq(checks->items[i].group, str_from(group)))
            return &checks->items[i];
    return NULL;
}

static bool has(const struct check_list *checks, enum finding_id id)
{
    return finding_has(checks->findings, id);
}

/* A store with one network of a feed that was fetched then, and what is kept of that feed. */
static void publish(int64_t fetched_s)
{
    struct feed_state state = {.success_s = fetched_s, .checked_s = NOW, .entries = 1};
    const char *states = arena_fmt(&arena, "%s/feeds", dir).p;
    tap_int(feed_state_save(&arena, states, STR("nets"), &state, NULL, NULL), MP_OK);
    struct snapshot_builder *b;
    struct vault_lock *lock;
    struct snapshot_feed feed = {.name = STR("nets"),
                                 .licence = STR("CC0-1.0"),
                                 .severity = SEV_HIGH,
                                 .fetched_s = fetched_s,
                                 .stale_s = 2 * HOUR};
    struct indicator in = {.confidence = 80, .label = STR("spam")};
    tap_int(snapshot_builder_new(10, &b, NULL), MP_OK);
    tap_int(snapshot_builder_feed(b, &feed, &in.feed, NULL), MP_OK);
    tap_int(indicator_read(&arena, INDICATOR_IP, STR("192.0.2.0/29"), &in, NULL), MP_OK);
    tap_int(snapshot_builder_add(b, &in, NULL), MP_OK);
    tap_int(vault_lock(dir, &lock, NULL), MP_OK);
    tap_int(vault_publish(lock, b, NOW, NULL), MP_OK);
    vault_unlock(lock);
    snapshot_builder_free(b);
}

static struct feed nets = {.name = STR_INIT("nets"), .enabled = true, .stale_s = 2 * HOUR};

static void open_source(struct intel_config *config, struct intel_source *out)
{
    const struct intel_source_options o = {.config = config, .store_dir = dir};
    struct mp_err err = {0};
    tap_int(intel_source_open(&arena, &o, out, &err), MP_OK);
}

static void test_store(void)
{
    struct intel_config config = {.feeds = &nets, .n_feeds = 1};
    static const struct {
        const char *label;
        int64_t fetched_s;
        bool stale;
        enum check_status status; /* of the feed */
    } rows[] = {{"a fresh feed", NOW - HOUR, false, CHECK_PASS},
                {"an old feed", NOW - 3 * HOUR, true, CHECK_UNDECIDED},
                {"one that never came", 0, true, CHECK_UNDECIDED}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct intel_source source;
        struct finding_list findings;
        struct check_list checks;
        tap_case("%s", rows[i].label);
        publish(rows[i].fetched_s);
        open_source(&config, &source);
        finding_list_init(&findings, &arena);
        check_list_init(&checks, &arena, &findings);
        const struct intel_checks c = {&config, &source, dir, NOW};
        intel_check_store(&c, &checks);
        tap_int(intel_check_feeds(&c, &arena, &checks, NULL, NULL), MP_OK);
        tap_int(check_status_of(find(&checks, "intel store")), CHECK_PASS);
        tap_int(has(&checks, FINDING_INTEL_STALE), rows[i].stale);
        const struct check *feed = find(&checks, "nets");
        tap_int(check_status_of(feed), rows[i].status);
        tap_int(str_search(feed->detail, STR("ago")) < feed->detail.n, rows[i].fetched_s > 0);
        if (rows[i].fetched_s > 0) {
            const struct intel_config nobody = {.n_feeds = 0};
            const struct intel_checks other = {&nobody, &source, dir, NOW};
            tap_case("%s that is not enabled any more", rows[i].label);
            check_list_init(&checks, &arena, &findings);
            tap_int(intel_check_feeds(&other, &arena, &checks, NULL, NULL), MP_OK);
            feed = find(&checks, "nets");
            tap_int(check_status_of(feed), rows[i].status);
            tap_ok(str_search(feed->detail, STR("not enabled")) < feed->detail.n);
        }
        tap_case("%s: a newer store that is damaged is told", rows[i].label);
        source.n_faults = 1;
        source.faults[0] = (struct vault_fault){"indicators-9.mpi", "cut short"};
        intel_check_store(&c, &checks);
        tap_ok(has(&checks, FINDING_INTEL_STORE_BROKEN));
        intel_source_clear(&source);
    }
}

static void test_nothing(void)
{
    struct intel_config config = {.feeds = &nets, .n_feeds = 1};
    struct intel_source source = {.hold = NULL};
    struct finding_list findings;
    struct check_list checks;
    finding_list_init(&findings, &arena);
    check_list_init(&checks, &arena, &findings);
    const struct intel_checks none = {&config, &source, NULL, NOW},
                              empty = {&config, &source, "/nowhere", NOW};
    tap_case("without a store nothing is checked");
    intel_check_store(&none, &checks);
    tap_int(check_status_of(&checks.items[0]), CHECK_SKIPPED);
    tap_case("an empty one is undecided");
    intel_check_store(&empty, &checks);
    tap_int(check_status_of(&checks.items[1]), CHECK_UNDECIDED);
    tap_case("one that cannot be used: the reason is told, and a run goes on where it is optional");
    struct intel_source_options o = {.config = &config, .store_dir = "/dev/null"};
    tap_int(intel_source_open(&arena, &o, &source, NULL), MP_E_IO);
    intel_source_clear(&source);
    o.store_optional = true;
    tap_int(intel_source_open(&arena, &o, &source, NULL), MP_OK);
    tap_ok(source.settings.has_store && source.hold == NULL);
    tap_ok(str_search(source.settings.store_fault, STR("/dev/null")) <
           source.settings.store_fault.n);
    intel_check_services(&none, &arena, &checks, NULL);
    tap_int(check_status_of(&checks.items[2]), CHECK_SKIPPED);
    intel_source_clear(&source);
}

/* ---- one value ---- */

static const struct {
    const char *label, *value;
    int status; /* enum mp_status */
    const char *headline;
    size_t hits;
} rows[] = {
    {"listed by both", "192.0.2.7", MP_OK, "ip, listed: 1 entry of feeds, 1 DNS list", 1},
    {"listed by the feed", "192.0.2.1", MP_OK, "ip, listed: 1 entry of feeds", 1},
    {"listed by none", "192.0.2.9", MP_OK, "ip, not listed", 0},
    {"a link to an address", "http://192.0.2.7/x", MP_OK, "url, listed: 1 entry of feeds", 1},
    {"a name", "Fine.Example.", MP_OK, "domain, not listed", 0},
    {"a mail address", "a@fine.example", MP_OK, "email, not listed", 0},
    {"a hash", "0123456789abcdef0123456789abcdef", MP_OK, "md5, not listed", 0},
    {"a network", "192.0.2.0/24", MP_E_SYNTAX, "", 0},
    {"nothing of the kind", "not at all", MP_E_SYNTAX, "", 0},
};

static void test_lookup(struct dns_list *list)
{
    struct intel_config config = {
        .feeds = &nets, .n_feeds = 1, .dns_lists = list, .n_dns_lists = 1};
    struct dns_source dns = {.zone = dns_zone_new()};
    struct intel_source source;
    tap_case("a world to look up in");
    tap_int(dns_zone_load(dns.zone, STR(zone_text), "zone", NULL), MP_OK);
    publish(NOW);
    open_source(&config, &source);
    const struct intel_lookup_options o = {.source = &source, .dns = &dns, .now_s = NOW};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct intel_lookup l;
        struct mp_err err = {0};
        tap_case("lookup: %s", rows[i].label);
        tap_int(intel_lookup_run(&l, &o, str_from(rows[i].value), &err), rows[i].status);
        tap_int((long long)l.hits.n, (long long)rows[i].hits);
        if (rows[i].status == MP_OK)
            tap_str(l.headline, str_from(rows[i].headline));
        intel_lookup_clear(&l);
    }
    intel_source_clear(&source);
    dns_zone_free(dns.zone);
}

/* What is not known is not said to be fine. */
static void test_missing(void)
{
    struct intel_config config = {.feeds = &nets, .n_feeds = 1};
    static const struct {
        const char *label, *fault;
        int64_t fetched_s;
        enum finding_id id;
    } cases[] = {{"a feed that is too old", "", NOW - 3 * HOUR, FINDING_INTEL_STALE},
                 {"a newer store that is damaged", "cut", NOW, FINDING_INTEL_UNAVAILABLE},
                 {"nothing", "", NOW, FINDING_COUNT}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct intel_source source;
        struct intel_lookup l;
        struct mp_err err = {0};
        bool missing = cases[i].id != FINDING_COUNT;
        tap_case("lookup with %s", cases[i].label);
        publish(cases[i].fetched_s);
        open_source(&config, &source);
        source.settings.store_fault = str_from(cases[i].fault);
        const struct intel_lookup_options o = {.source = &source, .now_s = NOW};
        tap_int(intel_lookup_run(&l, &o, STR("fine.example"), &err), MP_OK);
        tap_int(check_list_undecided(&l.checks), missing);
        tap_ok(!missing || has(&l.checks, cases[i].id));
        tap_str(l.headline, missing ? STR("domain, not listed by those that answered")
                                    : STR("domain, not listed"));
        intel_lookup_clear(&l);
        intel_source_clear(&source);
    }
}

static void test_liar(struct dns_list *list)
{
    struct intel_config config = {.dns_lists = list, .n_dns_lists = 1};
    struct dns_source dns = {.zone = dns_zone_new()};
    struct intel_source source;
    struct intel_lookup l;
    struct mp_err err = {0};
    tap_case("a list that lists everything is not believed: undecided, and told");
    list->zone = STR("liar.test");
    tap_int(dns_zone_load(dns.zone, STR(zone_text), "zone", NULL), MP_OK);
    open_source(&config, &source);
    const struct intel_lookup_options o = {.source = &source, .dns = &dns, .now_s = NOW};
    tap_int(intel_lookup_run(&l, &o, STR("192.0.2.7"), &err), MP_OK);
    tap_ok(has(&l.checks, FINDING_INTEL_ZONE_BLOCKED) && check_list_undecided(&l.checks));
    tap_ok(!has(&l.checks, FINDING_INTEL_DNS_LIST));
    intel_lookup_clear(&l);
    intel_source_clear(&source);
    dns_zone_free(dns.zone);
}

/* What the vault and the cache left there. */
static void remove_all(void)
{
    enum { PUBLISHED_MOST = 9 };
    for (int i = 1; i <= PUBLISHED_MOST; i++)
        (void)unlink(arena_fmt(&arena, "%s/indicators-%010d.mpi", dir, i).p);
    (void)unlink(arena_fmt(&arena, "%s/lock", dir).p);
    (void)unlink(arena_fmt(&arena, "%s/feeds/nets.state", dir).p);
    (void)rmdir(arena_fmt(&arena, "%s/feeds", dir).p);
    tap_case("nothing else was written");
    tap_int(rmdir(dir), 0);
}

int main(void)
{
    struct dns_list list = {.name = STR("bl"),
                            .zone = STR("bl.test"),
                            .asks = DNS_LIST_IP,
                            .enabled = true,
                            .codes = {{.first = 0x7f000002,
                                       .last = 0x7f000002,
                                       .severity = SEV_HIGH,
                                       .meaning = STR("spam")}},
                            .n_codes = 1};
    arena_init(&arena, 64 << 20);
    tap_case("a place");
    tap_ok(mkdtemp(dir) != NULL);
    test_store();
    test_nothing();
    test_lookup(&list);
    test_missing();
    test_liar(&list);
    remove_all();
    arena_clear(&arena);
    return tap_done();
}
