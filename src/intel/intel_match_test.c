/* A store of ours, and what a mail is told of it. */
#include "intel/match.h"

#include "base/buf.h"
#include "base/hex.h"
#include "tests/tap.h"

enum { NOW = 1796000000, DAY = 86400 }; /* late 2026 */

static const struct snapshot_feed feeds[] = {
    {.name = STR_INIT("links"),
     .licence = STR_INIT("CC0-1.0"),
     .severity = SEV_HIGH,
     .tlp = TLP_CLEAR,
     .fetched_s = NOW - DAY,
     .stale_s = 2 * DAY},
    {.name = STR_INIT("blocks"),
     .severity = SEV_MEDIUM,
     .tlp = TLP_GREEN,
     .fetched_s = NOW - 9 * DAY,
     .stale_s = 7 * DAY},
    {.name = STR_INIT("files"), .severity = SEV_CRITICAL, .fetched_s = NOW},
};

static const struct {
    uint16_t feed;
    enum indicator_kind kind;
    const char *value, *label;
    int64_t valid_until_s;
} entries[] = {
    {0, INDICATOR_URL, "http://load.test/a/bin.exe?x=1", "malware_download", 0},
    {0, INDICATOR_URL, "https://share.test/stolen/", "phishing", 0},
    {0, INDICATOR_URL, "http://192.0.2.80/run.sh", "botnet", 0},
    {0, INDICATOR_HOST, "only.host.test", "", 0},
    {0, INDICATOR_DOMAIN, "bad.test", "phishing", 0},
    {0, INDICATOR_DOMAIN, "over.test", "phishing", NOW - 1},
    {1, INDICATOR_DOMAIN, "bad.test", "spam", 0},
    {1, INDICATOR_IP, "198.51.100.0/24", "SBL1", 0},
    {1, INDICATOR_IP, "2001:db8:7::/48", "SBL2", 0},
    {1, INDICATOR_EMAIL, "Chief@freemail.test", "fraud", 0},
    {2, INDICATOR_SHA256, "a6f1c53bd7c1d4eb9bd58d0c3a2ab9c2ae2ab8ca4f5b9f0fbb9d1f8e6d2c0b1a",
     "Worm", 0},
    {2, INDICATOR_MD5, "0123456789abcdef0123456789abcdef", "Worm", 0},
    {2, INDICATOR_SHA1, "0123456789abcdef0123456789abcdef01234567", "Worm", 0},
};

static int write_piece(void *ctx, struct str piece, struct mp_err *err)
{
    struct buf *b = ctx;
    buf_add(b, piece);
    return b->failed ? mp_fail(err, MP_E_NOMEM, 0, "no memory") : MP_OK;
}

/* The bytes of the store; the caller clears them. */
static void build(struct arena *arena, struct buf *bytes)
{
    struct snapshot_builder *b;
    struct mp_err err = {0};
    uint16_t numbers[ARRAY_LEN(feeds)];
    tap_ok(snapshot_builder_new(1000, &b, &err) == MP_OK);
    for (size_t i = 0; i < ARRAY_LEN(feeds); i++)
        tap_ok(snapshot_builder_feed(b, &feeds[i], &numbers[i], &err) == MP_OK);
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        struct indicator in = {.feed = numbers[entries[i].feed],
                               .label = str_from(entries[i].label),
                               .id = STR("n1"),
                               .first_seen_s = NOW - 30 * DAY,
                               .valid_until_s = entries[i].valid_until_s,
                               .confidence = 90};
        tap_ok(indicator_read(arena, entries[i].kind, str_from(entries[i].value), &in, &err) ==
                   MP_OK &&
               snapshot_builder_add(b, &in, &err) == MP_OK);
    }
    buf_init(bytes, 1 << 20);
    tap_ok(snapshot_builder_write(b, NOW, write_piece, bytes, &err) == MP_OK);
    snapshot_builder_free(b);
}

/* ---- one item ---- */

static const struct row {
    const char *label;
    enum intel_item_kind kind;
    const char *text;
    const char *want; /* findings and feeds: "intel.url links, intel.domain links"; "" none */
} rows[] = {
    {"the link itself", ITEM_LINK, "http://load.test/a/bin.exe?x=1", "intel.url exact"},
    {"another scheme and spelling", ITEM_LINK, "HTTPS://LOAD.test:443/a/%62in.exe?x=1#top",
     "intel.url exact"},
    {"another query is another link", ITEM_LINK, "http://load.test/a/bin.exe?x=2", ""},
    {"another file of the host", ITEM_LINK, "http://load.test/a/other.exe", ""},
    {"within a listed folder", ITEM_LINK, "https://share.test/stolen/login/index.html?q=1",
     "intel.url folder"},
    {"a folder that only begins like it", ITEM_LINK, "https://share.test/stolen2/x", ""},
    {"the front page of a host with a listed folder", ITEM_LINK, "https://share.test/", ""},
    {"a link to an address", ITEM_LINK, "http://192.0.2.80/run.sh", "intel.url exact"},
    {"the host alone", ITEM_LINK, "https://only.host.test/x", "intel.domain host"},
    {"below a host that is listed alone", ITEM_LINK, "https://a.only.host.test/x", ""},
    {"a domain, and below it", ITEM_LINK, "https://x.y.bad.test/z", "intel.domain parent-domain"},
    {"the domain itself", ITEM_HOST, "bad.test", "intel.domain host"},
    {"a domain that only ends like it", ITEM_LINK, "https://notbad.test/", ""},
    {"an entry that has expired", ITEM_LINK, "https://over.test/", ""},
    {"a link into a listed network", ITEM_LINK, "http://198.51.100.9/", "intel.ip exact"},
    {"a client in a listed network", ITEM_ADDRESS, "198.51.100.255", "intel.ip exact"},
    {"the next network", ITEM_ADDRESS, "198.51.101.0", ""},
    {"IPv6", ITEM_ADDRESS, "2001:db8:7:ffff::1", "intel.ip exact"},
    {"IPv6 outside", ITEM_ADDRESS, "2001:db8:8::1", ""},
    {"a sender", ITEM_MAILBOX, "chief@FREEMAIL.test", "intel.email exact"},
    {"somebody else there", ITEM_MAILBOX, "chef@freemail.test", ""},
    {"a sender at a listed domain", ITEM_MAILBOX, "a@mail.bad.test", "intel.domain parent-domain"},
    {"no address", ITEM_MAILBOX, "nobody", ""},
};

static struct intel_item item_of(struct arena *arena, const struct row *r)
{
    struct intel_item item = {.kind = r->kind, .role = "link", .text = str_from(r->text)};
    if (r->kind == ITEM_LINK)
        tap_ok(url_parse(arena, item.text, NULL, &item.url, NULL) == MP_OK);
    if (r->kind == ITEM_ADDRESS)
        tap_ok(ip_parse(item.text, &item.ip));
    return item;
}

static void test_rows(struct arena *arena, const struct snapshot *s)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct finding_list findings;
        struct intel_hits hits;
        struct mp_err err = {0};
        struct intel_item item = item_of(arena, &rows[i]);
        struct str got = STR("");
        finding_list_init(&findings, arena);
        int st = intel_match(arena, s, &item, 1, NOW, &findings, &hits, &err);
        tap_case("%s", rows[i].label);
        tap_int(st, MP_OK);
        for (size_t k = 0; k < findings.n; k++)
            got = arena_fmt(arena, STR_FMT "%s" STR_FMT " %s", STR_ARG(got), k > 0 ? ", " : "",
                            STR_ARG(finding_kind(findings.items[k].id)->name),
                            key_match_name(hits.items[k].match));
        tap_str(got, str_from(rows[i].want));
    }
}

/* ---- files ---- */

static void test_files(struct arena *arena, const struct snapshot *s)
{
    static const struct {
        const char *label;
        unsigned have; /* 1 SHA-256, 2 SHA-1, 4 MD5 */
        bool other;
        size_t want;
    } files[] = {{"by SHA-256", 1, false, 1},  {"by SHA-1", 2, false, 1},
                 {"by MD5", 4, false, 1},      {"by none", 0, false, 0},
                 {"another file", 7, true, 0}, {"by all of them it is told once", 7, false, 1}};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct finding_list findings;
        struct intel_hits hits;
        struct mp_err err = {0};
        struct indicator read = {.kind = INDICATOR_SHA256};
        struct intel_item item = {.kind = ITEM_FILE, .role = "file", .text = STR("a.exe")};
        unsigned char *hashes[] = {item.sha256, item.sha1, item.md5};
        for (size_t h = 0; h < ARRAY_LEN(hashes); h++) {
            size_t row = h == 0 ? 10 : h == 1 ? 12 : 11;
            (void)indicator_read(arena, entries[row].kind, str_from(entries[row].value), &read,
                                 NULL);
            memcpy(hashes[h], read.hash, strlen(entries[row].value) / 2);
            hashes[h][0] = (unsigned char)(hashes[h][0] ^ (files[i].other ? 1 : 0));
        }
        item.has_sha256 = files[i].have & 1;
        item.has_sha1 = (files[i].have & 2) != 0;
        item.has_md5 = (files[i].have & 4) != 0;
        finding_list_init(&findings, arena);
        tap_case("file: %s", files[i].label);
        tap_int(intel_match(arena, s, &item, 1, NOW, &findings, &hits, &err), MP_OK);
        tap_int((int)findings.n, (int)files[i].want);
        if (findings.n > 0) {
            tap_str(finding_kind(findings.items[0].id)->name, STR("intel.hash"));
            tap_int(findings.items[0].severity, SEV_CRITICAL);
        }
    }
}

/* ---- evidence, severity, stale feeds ---- */

static void test_evidence(struct arena *arena, const struct snapshot *s)
{
    struct row r = {"", ITEM_LINK, "https://x.bad.test/z", ""};
    struct intel_item items[] = {item_of(arena, &r), item_of(arena, &r)};
    struct finding_list findings;
    struct intel_hits hits;
    finding_list_init(&findings, arena);
    tap_case("the gravest feed is told, the others are named");
    tap_int(intel_match(arena, s, items, 2, NOW, &findings, &hits, NULL), MP_OK);
    tap_int((int)findings.n, 1);
    tap_int((int)hits.n, 2);
    tap_int(findings.items[0].severity, SEV_HIGH);
    tap_str(findings.items[0].evidence,
            STR("link https://x.bad.test/z (bad.test): listed by links as phishing, since "
                "2026-10-31, confidence 90 %, id n1, CC0-1.0; also by blocks"));
    tap_case("a hit of an old feed is marked");
    tap_int(hits.items[0].stale, false);
    tap_int(hits.items[1].stale, true);
}

static void test_stale(struct arena *arena, const struct snapshot *s)
{
    struct finding_list findings;
    finding_list_init(&findings, arena);
    tap_case("old feeds are told");
    tap_ok(intel_stale(s, NOW, &findings));
    tap_int((int)findings.n, 1);
    tap_str(finding_kind(findings.items[0].id)->name, STR("intel.stale"));
    tap_ok(str_starts(findings.items[0].evidence, STR("blocks, of 2026-11-2")));
    finding_list_init(&findings, arena);
    tap_ok(!intel_stale(s, NOW - 3 * DAY, &findings) && findings.n == 0);
}

/* Many links of one mail: bounded, and the rest counted. */
static void test_many(struct arena *arena, const struct snapshot *s)
{
    struct intel_item *items = arena_new(arena, struct intel_item, INTEL_MAX_ITEMS);
    struct finding_list findings;
    struct intel_hits hits;
    finding_list_init(&findings, arena);
    for (size_t i = 0; i < INTEL_MAX_ITEMS; i++) {
        struct row r = {"", ITEM_LINK, "", ""};
        r.text = arena_fmt(arena, "https://h%zu.bad.test/", i).p;
        items[i] = item_of(arena, &r);
    }
    tap_case("a listed domain under many hosts is told once");
    tap_int(intel_match(arena, s, items, INTEL_MAX_ITEMS, NOW, &findings, &hits, NULL), MP_OK);
    tap_int((int)findings.n, 1);
}

/* A mail full of what is known to be a little bad, and something grave at its end. */
static void test_hidden(struct arena *arena)
{
    enum { DECOYS = INTEL_MAX_HITS + 50 };
    static const struct snapshot_feed kinds[] = {
        {.name = STR_INIT("minor"), .severity = SEV_LOW, .fetched_s = NOW},
        {.name = STR_INIT("grave"), .severity = SEV_CRITICAL, .fetched_s = NOW}};
    static const size_t decoys[] = {FINDINGS_PER_KIND_MAX, DECOYS};
    for (size_t d = 0; d < ARRAY_LEN(decoys); d++) {
        struct intel_item *items = arena_new(arena, struct intel_item, DECOYS + 1);
        struct snapshot_builder *b;
        struct snapshot *s = NULL;
        struct finding_list findings;
        struct intel_hits hits;
        struct buf bytes;
        uint16_t numbers[ARRAY_LEN(kinds)];
        tap_case("something grave behind %zu decoys is told", decoys[d]);
        tap_int(snapshot_builder_new(DECOYS + 1, &b, NULL), MP_OK);
        for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
            tap_int(snapshot_builder_feed(b, &kinds[i], &numbers[i], NULL), MP_OK);
        for (size_t i = 0; i <= decoys[d]; i++) {
            struct row r = {"", ITEM_LINK, arena_fmt(arena, "http://h%zu.test/x", i).p, ""};
            struct indicator in = {.feed = numbers[i == decoys[d]],
                                   .confidence = INDICATOR_NO_CONFIDENCE};
            items[i] = item_of(arena, &r);
            tap_int(indicator_read(arena, INDICATOR_URL, items[i].text, &in, NULL), MP_OK);
            tap_int(snapshot_builder_add(b, &in, NULL), MP_OK);
        }
        buf_init(&bytes, 1 << 20);
        tap_int(snapshot_builder_write(b, NOW, write_piece, &bytes, NULL), MP_OK);
        tap_int(snapshot_open(buf_str(&bytes), &s, NULL), MP_OK);
        finding_list_init(&findings, arena);
        tap_int(intel_match(arena, s, items, decoys[d] + 1, NOW, &findings, &hits, NULL), MP_OK);
        tap_int((int)findings.n, FINDINGS_PER_KIND_MAX);
        tap_int((int)findings.dropped, (int)decoys[d] + 1 - FINDINGS_PER_KIND_MAX);
        tap_int(findings.items[findings.n - 1].severity, SEV_CRITICAL);
        tap_int(findings.items[0].severity, SEV_LOW);
        tap_ok(str_starts(findings.items[0].evidence, STR("link http://h0.test/x")));
        snapshot_close(s);
        snapshot_builder_free(b);
        buf_clear(&bytes);
    }
}

int main(void)
{
    struct arena arena = {.budget_bytes = 0};
    struct buf bytes;
    struct snapshot *s = NULL;
    struct mp_err err = {0};
    arena_init(&arena, 64 << 20);
    tap_case("a store");
    build(&arena, &bytes);
    tap_int(snapshot_open(buf_str(&bytes), &s, &err), MP_OK);
    test_rows(&arena, s);
    test_files(&arena, s);
    test_evidence(&arena, s);
    test_stale(&arena, s);
    test_many(&arena, s);
    test_hidden(&arena);
    snapshot_close(s);
    buf_clear(&bytes);
    arena_clear(&arena);
    return tap_done();
}
