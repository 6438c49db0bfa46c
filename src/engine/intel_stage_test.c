/* The stages of intelligence: what of a message is looked up, what is asked when, and what is
 * missing. */
#include "base/buf.h"
#include "content/lists.h"
#include "dns/zone.h"
#include "engine/job.h"
#include "tests/tap.h"

enum { NOW = 1795392000 };

static struct arena arena;
static struct policy policy;
static struct content_settings content;
static struct intel_settings intel;
static struct job_config config;

static const char zone_text[] = "66.100.51.198.bl.test. A 127.0.0.2\n"
                                "2.0.0.127.bl.test. A 127.0.0.2\n"
                                "66.100.51.198.slow.test. TIMEOUT\n"
                                "2.0.0.127.slow.test. TIMEOUT\n"
                                "1.0.0.127.slow.test. TIMEOUT\n";

#define MAIL                                                                                       \
    "From: A <a@from.test>\r\nReply-To: b@reply.test\r\nTo: c@good.example\r\nSubject: x\r\n"      \
    "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@from.test>\r\n"                       \
    "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"                       \
    "--b\r\nContent-Type: text/plain\r\n\r\nsee http://link.test/a/b?c=1 and\r\n"                  \
    "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Finner.test%2Fx&data=1\r\n"  \
    "--b\r\nContent-Type: application/octet-stream\r\n"                                            \
    "Content-Disposition: attachment; filename=a.dat\r\n\r\npayload\r\n--b--\r\n"

/* ---- a store ---- */

struct store {
    struct buf bytes;
    struct snapshot *snapshot;
};

static int write_piece(void *ctx, struct str piece, struct mp_err *err)
{
    (void)err;
    buf_add(ctx, piece);
    return MP_OK;
}

static void store_make(struct store *s, enum indicator_kind kind, const char *value,
                       enum severity severity)
{
    struct snapshot_builder *b;
    struct snapshot_feed feed = {
        .name = STR("feed"), .severity = severity, .fetched_s = NOW - 100, .stale_s = 1000};
    struct indicator in = {.confidence = INDICATOR_NO_CONFIDENCE};
    buf_init(&s->bytes, 1 << 20);
    tap_int(snapshot_builder_new(10, &b, NULL), MP_OK);
    tap_int(snapshot_builder_feed(b, &feed, &in.feed, NULL), MP_OK);
    tap_int(indicator_read(&arena, kind, str_from(value), &in, NULL), MP_OK);
    tap_int(snapshot_builder_add(b, &in, NULL), MP_OK);
    tap_int(snapshot_builder_write(b, NOW, write_piece, &s->bytes, NULL), MP_OK);
    tap_int(snapshot_open(buf_str(&s->bytes), &s->snapshot, NULL), MP_OK);
    snapshot_builder_free(b);
}

static void store_clear(struct store *s)
{
    snapshot_close(s->snapshot);
    buf_clear(&s->bytes);
}

static bool has(const struct job *job, const char *name)
{
    for (size_t i = 0; i < job->findings.n; i++)
        if (str_eq(finding_kind(job->findings.items[i].id)->name, str_from(name)))
            return true;
    return false;
}

static void start(struct job *job, struct dns_zone *zone, const struct snapshot *snapshot)
{
    struct envelope e = {.helo = STR("helo.test"),
                         .mail_from = STR("d@path.test"),
                         .has_mail_from = true};
    tap_ok(ip_parse(STR("198.51.100.66"), &e.client));
    tap_int(job_start(job, STR("row"), STR(MAIL), &e, NOW, dns_zone_lookup, zone, NULL), MP_OK);
    job->intel.snapshot = snapshot;
}

/* ---- what is looked up ---- */

static const struct {
    const char *label;
    enum indicator_kind kind;
    const char *value, *want;
} rows[] = {
    {"the client", INDICATOR_IP, "198.51.100.64/30", "intel.ip"},
    {"HELO", INDICATOR_HOST, "helo.test", "intel.domain"},
    {"MAIL FROM", INDICATOR_EMAIL, "d@path.test", "intel.email"},
    {"the domain of From", INDICATOR_DOMAIN, "from.test", "intel.domain"},
    {"Reply-To", INDICATOR_EMAIL, "b@reply.test", "intel.email"},
    {"a link", INDICATOR_URL, "http://link.test/a/b?c=1", "intel.url"},
    {"the target within a rewritten link", INDICATOR_URL, "https://inner.test/x", "intel.url"},
    {"a file by MD5", INDICATOR_MD5, "321c3cf486ed509164edec1e1981fec8", "intel.hash"},
    {"a file by SHA-1", INDICATOR_SHA1, "f07e5a815613c5abeddc4b682247a4c42d8a95df", "intel.hash"},
    {"a file by SHA-256", INDICATOR_SHA256,
     "239f59ed55e737c77147cf55ad0c1b030b6d7ee748a7426952f9b852d5a935e5", "intel.hash"},
    {"something else", INDICATOR_DOMAIN, "other.test", NULL},
    {"the recipient is nobody's business", INDICATOR_EMAIL, "c@good.example", NULL},
};

static void test_rows(struct job *job, struct dns_zone *zone)
{
    static const char *const all[] = {"intel.ip", "intel.domain", "intel.email", "intel.url",
                                      "intel.hash"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct store s;
        tap_case("looked up: %s", rows[i].label);
        store_make(&s, rows[i].kind, rows[i].value, SEV_LOW);
        start(job, zone, s.snapshot);
        tap_int(engine_run(job, NULL), MP_OK);
        for (size_t k = 0; k < ARRAY_LEN(all); k++)
            tap_int(has(job, all[k]), rows[i].want != NULL && strcmp(rows[i].want, all[k]) == 0);
        tap_ok(job->verdict.complete);
        store_clear(&s);
    }
}

/* ---- what is missing ---- */

static void test_missing(struct job *job, struct dns_zone *zone)
{
    struct store s;
    tap_case("a store that is not there is told, and makes nothing undecided");
    intel.has_store = true;
    start(job, zone, NULL);
    tap_int(engine_run(job, NULL), MP_OK);
    tap_ok(has(job, "intel.unavailable") && job->verdict.complete);
    tap_case("... unless it is required");
    intel.require = true;
    start(job, zone, NULL);
    tap_int(engine_run(job, NULL), MP_OK);
    tap_ok(has(job, "intel.unavailable") && !job->verdict.complete);
    tap_case("an old feed is missing too");
    store_make(&s, INDICATOR_DOMAIN, "other.test", SEV_HIGH);
    start(job, zone, s.snapshot);
    tap_int(engine_run(job, NULL), MP_OK);
    tap_ok(!has(job, "intel.stale") && job->verdict.complete);
    start(job, zone, s.snapshot);
    job->now_s = NOW + 2000;
    tap_int(engine_run(job, NULL), MP_OK);
    tap_ok(has(job, "intel.stale") && !job->verdict.complete);
    store_clear(&s);
    intel.has_store = intel.require = false;
}

static void test_lists(struct job *job, struct dns_zone *zone)
{
    struct dns_list one = {.name = STR("bl"),
                           .zone = STR("bl.test"),
                           .asks = DNS_LIST_IP,
                           .codes = {{.first = 0x7f000002,
                                      .last = 0x7f000002,
                                      .severity = SEV_HIGH,
                                      .meaning = STR("spam")}},
                           .n_codes = 1,
                           .enabled = true};
    struct intel_config lists_of = {.dns_lists = &one, .n_dns_lists = 1};
    struct dns_lists lists;
    tap_case("a DNS list has the client");
    tap_int(dns_lists_new(&arena, &lists_of, NULL, NULL, &lists, NULL), MP_OK);
    intel.dns_lists = &lists;
    start(job, zone, NULL);
    tap_int(engine_run(job, NULL), MP_OK);
    tap_ok(has(job, "intel.dns-list") && job->verdict.complete);
    tap_case("one that does not answer, required");
    one.zone = STR("slow.test");
    intel.require = true;
    tap_int(dns_lists_new(&arena, &lists_of, NULL, NULL, &lists, NULL), MP_OK);
    start(job, zone, NULL);
    tap_int(engine_run(job, NULL), MP_OK);
    tap_ok(!has(job, "intel.dns-list") && has(job, "intel.unavailable"));
    tap_ok(!job->verdict.complete);
    tap_case("what DNS lists are asked may hold keys: told by them alone, not as answers of DNS");
    tap_ok(!has(job, "dns.unavailable"));
    tap_ok(dns_lists_have(&lists, STR("66.100.51.198.slow.test")));
    tap_ok(!dns_lists_have(&lists, STR("slow.test")) && !dns_lists_have(&lists, STR("aslow.test")));
    intel.require = false;
    intel.dns_lists = NULL;
}

/* ---- services ---- */

static void answer(struct job *job, enum word_outcome outcome)
{
    for (size_t i = 0; i < job->intel.n_asks; i++) {
        struct intel_ask *a = &job->intel.asks[i];
        bool is_file = a->what.kind == INDICATOR_SHA256;
        a->word = (struct service_word){.service = a->question.service,
                                        .outcome = is_file ? outcome : WORD_NOT_ASKED};
        a->answered = true;
    }
}

static void test_services(struct job *job, struct dns_zone *zone)
{
    struct store s;
    intel.services = 1u << SERVICE_VIRUSTOTAL;
    tap_case("services are not asked about a mail of which nothing was found");
    store_make(&s, INDICATOR_DOMAIN, "from.test", SEV_LOW);
    start(job, zone, s.snapshot);
    tap_int(engine_run(job, NULL), MP_OK);
    tap_int((long long)job->intel.n_asks, 0);
    store_clear(&s);
    tap_case("nor about one that is refused anyway");
    store_make(&s, INDICATOR_DOMAIN, "from.test", SEV_CRITICAL);
    start(job, zone, s.snapshot);
    tap_int(engine_run(job, NULL), MP_OK);
    tap_int((long long)job->intel.n_asks, 0);
    store_clear(&s);
    tap_case("but about one with a finding of medium weight, and not about what is known already");
    store_make(&s, INDICATOR_URL, "http://link.test/a/b?c=1", SEV_MEDIUM);
    start(job, zone, s.snapshot);
    tap_int(engine_run(job, NULL), MP_WAIT);
    bool file = false, link = false, known = false;
    for (size_t i = 0; i < job->intel.n_asks; i++) {
        const struct indicator *what = job->intel.asks[i].question.what;
        file |= what->kind == INDICATOR_SHA256;
        link |= str_eq(what->key, STR("inner.test/x"));
        known |= str_istarts(what->key, STR("link.test"));
    }
    tap_ok(file && link && !known);
    answer(job, WORD_MALICIOUS);
    tap_int(engine_run(job, NULL), MP_OK);
    tap_ok(has(job, "intel.service") && job->verdict.complete);
    tap_case("a service that does not answer is told");
    intel.require = true;
    start(job, zone, s.snapshot);
    tap_int(engine_run(job, NULL), MP_WAIT);
    answer(job, WORD_ERROR);
    tap_int(engine_run(job, NULL), MP_OK);
    tap_ok(!has(job, "intel.service") && has(job, "intel.unavailable"));
    tap_ok(!job->verdict.complete);
    store_clear(&s);
    intel.require = false;
    intel.services = 0;
}

/* Six files, all of them unknown: the sixth is not asked about, which is told. */
static void test_service_limits(struct job *job, struct dns_zone *zone)
{
    static const char head[] = "From: A <a@from.test>\r\nTo: c@good.example\r\nSubject: x\r\n"
                               "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
                               "Message-ID: <1@from.test>\r\nMIME-Version: 1.0\r\n"
                               "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    static const struct {
        const char *label;
        unsigned files;
        enum word_outcome outcome;
        bool told;
    } cases[] = {{"as many files as are asked about", SERVICE_MAX_FILES, WORD_UNKNOWN, false},
                 {"one more", SERVICE_MAX_FILES + 1, WORD_UNKNOWN, true},
                 {"one more, and no service takes files", SERVICE_MAX_FILES + 1, WORD_NOT_ASKED,
                  false}};
    intel.services = 1u << SERVICE_VIRUSTOTAL;
    intel.require = true;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str mail = STR(head);
        struct envelope e = {.has_mail_from = false};
        struct store s;
        tap_case("services: %s", cases[i].label);
        for (unsigned k = 0; k < cases[i].files; k++)
            mail = arena_fmt(&arena,
                             STR_FMT "--b\r\nContent-Type: application/octet-stream\r\n"
                                     "Content-Disposition: attachment; filename=%u.dat\r\n\r\n"
                                     "payload %u\r\n",
                             STR_ARG(mail), k, k);
        mail = arena_fmt(&arena, STR_FMT "--b--\r\n", STR_ARG(mail));
        store_make(&s, INDICATOR_EMAIL, "a@from.test", SEV_MEDIUM);
        tap_int(job_start(job, STR("row"), mail, &e, NOW, dns_zone_lookup, zone, NULL), MP_OK);
        job->intel.snapshot = s.snapshot;
        tap_int(engine_run(job, NULL), MP_WAIT);
        answer(job, cases[i].outcome);
        tap_int(engine_run(job, NULL), MP_OK);
        tap_int(has(job, "intel.unavailable"), cases[i].told);
        tap_int(job->verdict.complete, !cases[i].told);
        store_clear(&s);
    }
    intel.require = false;
    intel.services = 0;
}

/* `--only intel`: the content is read for its links and files, and not judged. */
static void test_only_facts(struct job *job, struct dns_zone *zone)
{
    struct store s;
    tap_case("content that is only read for intelligence is not judged");
    store_make(&s, INDICATOR_DOMAIN, "inner.test", SEV_LOW);
    start(job, zone, s.snapshot);
    tap_int(engine_run(job, NULL), MP_OK);
    size_t all = job->findings.n;
    config.only_facts = true;
    start(job, zone, s.snapshot);
    tap_int(engine_run(job, NULL), MP_OK);
    tap_ok(has(job, "intel.domain") && job->findings.n < all);
    config.only_facts = false;
    store_clear(&s);
}

int main(void)
{
    struct dns_zone *zone = dns_zone_new();
    struct content_lists *lists;
    struct mp_err err = {0};
    struct job job;
    arena_init(&arena, 64 << 20);
    tap_case("set up");
    tap_int(dns_zone_load(zone, STR(zone_text), "zone", &err), MP_OK);
    tap_int(content_lists_new(&arena, &lists, &err), MP_OK);
    policy_default(&policy);
    content = (struct content_settings){.lists = lists, .limits = content_limits_default()};
    config = (struct job_config){
        .policy = &policy, .content = &content, .intel = &intel, .skip_auth = true};
    job_init(&job, &config);
    test_rows(&job, zone);
    test_missing(&job, zone);
    test_lists(&job, zone);
    test_services(&job, zone);
    test_service_limits(&job, zone);
    test_only_facts(&job, zone);
    job_clear(&job);
    dns_zone_free(zone);
    arena_clear(&arena);
    return tap_done();
}
