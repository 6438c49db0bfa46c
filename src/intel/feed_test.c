/* Feeds: times, what is dropped, and lists of one value a line. */
#include "intel/feed_internal.h"
#include "intel/feed_test_kit.h"

static void times(void)
{
    static const struct {
        const char *text;
        int64_t want;
    } rows[] = {
        {"2025-11-29 13:52:46", KIT_NOW_S},
        {"2025-11-29 13:52:46 UTC", KIT_NOW_S},
        {"2025-11-29T13:52:46Z", KIT_NOW_S},
        {"2025-11-29t13:52:46z", KIT_NOW_S},
        {" 2025-11-29T13:52:46.123456Z ", KIT_NOW_S},
        {"2025-11-29T13:52:46,5Z", KIT_NOW_S},
        {"2025-11-29T13:52:46", KIT_NOW_S},
        {"2025-11-29T14:52:46+01:00", KIT_NOW_S},
        {"2025-11-29T14:52:46+0100", KIT_NOW_S},
        {"2025-11-29T14:52:46+01", KIT_NOW_S},
        {"2025-11-29T08:22:46-05:30", KIT_NOW_S},
        {"2025-11-29 13:52:46 +0000", KIT_NOW_S},
        {"20251129T135246Z", KIT_NOW_S},
        {"2025-11-29T13:52Z", KIT_NOW_S - 46},
        {"2025-11-29", 1764374400},
        {"20251129", 1764374400},
        {"2024-02-29", 1709164800},
        {"2016-12-31T23:59:60Z", 1483228800},
        {"2025-11-29T24:00:00Z", 1764460800},
        {"1764424366", KIT_NOW_S},
        {"1764424366.75", KIT_NOW_S},
        {"1764424366123", KIT_NOW_S},
        {"", 0},
        {"None", 0},
        {"0", 0},
        {"0000-00-00 00:00:00", 0},
        {"1969-12-31", 0},
        {"2025-02-29", 0},
        {"2025-13-01", 0},
        {"2025-11-31", 0},
        {"2025-11-29T25:00:00Z", 0},
        {"2025-11-29T24:00:01Z", 0},
        {"2025-11-29T13:60:00Z", 0},
        {"2025-11-29T13:52:61Z", 0},
        {"2025-11-29T13:52:46.Z", 0},
        {"2025-11-29T13:52:46 CET", 0},
        {"2025-11-29T13:52:46+1", 0},
        {"2025-11-29T13:52:46Zx", 0},
        {"2025-11-29T", 0},
        {"2025-11-2", 0},
        {"29/11/2025", 0},
        {"-1764424366", 0},
        {"99999999999999999999", 0},
        {"yesterday", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("time: '%s'", rows[i].text);
        tap_int(feed_time(str_from(rows[i].text)), rows[i].want);
    }
}

static void confidences(void)
{
    static const struct {
        const char *text;
        int want;
    } rows[] = {{"0", 0},     {"50", 50},  {"100", 100},  {"75%", 75},  {" 50 ", 50},
                {"0.85", 85}, {"0.5", 50}, {"90.0", 90},  {"High", 85}, {"101", 255},
                {"-1", 255},  {"", 255},   {"None", 255}, {"x", 255},   {"5x", 255},
                {"1.0", 100}, {"1", 1},    {"0.5%", 0},   {"0.", 0},    {"0.7x", 255},
                {"1.x", 255}, {"%", 255}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("confidence: '%s'", rows[i].text);
        tap_int(feed_confidence(str_from(rows[i].text)), rows[i].want);
    }
}

static void plain(struct feed_kit *k)
{
    static const struct {
        const char *label, *text, *want;
        enum indicator_kind kind;
        uint64_t refused;
    } rows[] = {
        {"links", "http://example.com/a\nhxxps://example[.]org/b?c=1\r\n\n",
         "url example.com/a\nurl example.org/b?c=1\n", INDICATOR_URL, 0},
        {"comments", "# head\n; head\n  # more\nexample.com # here\n192.0.2.0/24 ; SBL1\n",
         "domain example.com\nip 192.0.2.0/24\n", INDICATOR_KIND_COUNT, 0},
        {"a link with what would begin a comment", "http://example.com/a;b#c\n",
         "url example.com/a;b\n", INDICATOR_URL, 0},
        {"a byte order mark, no last line end",
         "\xef\xbb\xbf"
         "example.com",
         "domain example.com\n", INDICATOR_DOMAIN, 0},
        {"a hosts file",
         "127.0.0.1 localhost\n::1 ip6-localhost ip6-loopback\n0.0.0.0 0.0.0.0\n"
         "0.0.0.0 bad.example.com worse.example.com # two\n127.0.0.1\tbad.example.net\n"
         ":: six.example.com\n",
         "host bad.example.com\nhost worse.example.com\nhost bad.example.net\n"
         "host six.example.com\n",
         INDICATOR_KIND_COUNT, 0},
        {"a hosts file whose names stand for domains", "0.0.0.0 bad.example.com\n",
         "domain bad.example.com\n", INDICATOR_DOMAIN, 0},
        {"ranges", "192.0.2.0 - 192.0.2.255\n2001:db8::/32\n0.0.0.0 - 0.255.255.255\n",
         "ip 192.0.2.0/24\nip 2001:db8::/32\nip 0.0.0.0/8\n", INDICATOR_IP, 0},
        {"a column behind a tab", "192.0.2.1\t17\n", "ip 192.0.2.1\n", INDICATOR_IP, 0},
        {"hashes of each kind",
         "d41d8cd98f00b204e9800998ecf8427f\nda39a3ee5e6b4b0d3255bfef95601890afd80700\n",
         "md5 d41d8cd98f00b204e9800998ecf8427f\nsha1 da39a3ee5e6b4b0d3255bfef95601890afd80700\n",
         INDICATOR_KIND_COUNT, 0},
        {"sentences are no entries", "example.com was taken off\nPlease read the terms.\n", "",
         INDICATOR_DOMAIN, 2},
        {"another kind is no entry", "192.0.2.1\nexample.com\n", "ip 192.0.2.1\n", INDICATOR_IP, 1},
        {"nothing", "", "", INDICATOR_URL, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct feed f = kit_feed(FEED_PLAIN, rows[i].kind);
        tap_case("plain: %s", rows[i].label);
        kit_want(k, &f, str_from(rows[i].text), rows[i].want, rows[i].refused);
    }
}

static void first_reason(struct feed_kit *k)
{
    struct feed f = kit_feed(FEED_PLAIN, INDICATOR_IP);
    tap_case("the first refused record is told with its line, printable");
    kit_want(k, &f, STR("192.0.2.1\n\n\x1b[31m\nx\n"), "ip 192.0.2.1\n", 2);
    tap_ok(str_starts(k->page.why, STR("line 3: ")));
    tap_ok(!str_has(k->page.why, '\x1b'));
    tap_int((int64_t)k->page.counts.lines, 3);
    tap_int((int64_t)k->page.counts.entries, 1);
}

static void other_formats(struct feed_kit *k)
{
    struct feed f = kit_feed(FEED_PLAIN, INDICATOR_URL);
    tap_case("what is no list at all is refused at once");
    kit_fail(k, &f, STR("\n<!DOCTYPE html><html>example.com</html>"),
             "line 1: it is a page (HTML or XML)");
    kit_fail(k, &f, STR("\x1f\x8b\x08\x00zzz"), "line 1: it is packed (gzip)");
    kit_fail(k, &f, STR("BZh91AY"), "line 1: it is packed (bzip2)");
    kit_fail(k, &f, STR("PK\x03\x04zzz"), "line 1: it is packed (ZIP)");
    kit_fail(k, &f, STR("abc\0def"), "line 1: it is no text");
    kit_fail(k, &f, STR("{\"error\": \"no such list\"}"), "line 1: it is JSON");
}

static void rules(struct feed_kit *k)
{
    struct feed f = kit_feed(FEED_CSV, INDICATOR_DOMAIN);
    f.columns[COLUMN_VALUE] = STR("1");
    f.columns[COLUMN_FIRST_SEEN] = STR("2");
    f.columns[COLUMN_LAST_SEEN] = STR("3");
    f.columns[COLUMN_VALID_UNTIL] = STR("4");
    f.columns[COLUMN_CONFIDENCE] = STR("5");
    f.expire_s = 10 * 86400;
    f.min_confidence = 50;
    tap_case("old, expired and unsure entries are dropped, each counted");
    kit_want(k, &f,
             STR("new.example.com,2025-11-20,,,\n"
                 "old.example.com,2025-11-18,,,\n"
                 "again.example.com,2020-01-01,2025-11-28,,\n"
                 "untold.example.com,,,,\n"
                 "until.example.com,,,2025-11-29T13:52:47Z,\n"
                 "ended.example.com,,,2025-11-29T13:52:46Z,\n"
                 "broken.example.com,,,never,\n"
                 "sure.example.com,,,,50\n"
                 "unsure.example.com,,,,49\n"),
             "domain new.example.com\ndomain again.example.com\ndomain untold.example.com\n"
             "domain until.example.com\ndomain broken.example.com\ndomain sure.example.com\n",
             0);
    tap_int((int64_t)k->page.counts.expired, 2);
    tap_int((int64_t)k->page.counts.low, 1);
    tap_int((int64_t)k->page.counts.lines, 9);
    tap_int((int64_t)k->page.counts.entries, 6);
    tap_int(k->page.newest_s, feed_time(STR("2025-11-28")));
    tap_case("the feed's own confidence is that of entries without");
    f.confidence = 40;
    kit_want(k, &f, STR("a.example.com\nb.example.com,,,,60\n"), "domain b.example.com\n", 0);
    tap_int((int64_t)k->page.counts.low, 1);
}

static void ends(struct feed_kit *k)
{
    struct feed f = kit_feed(FEED_PLAIN, INDICATOR_DOMAIN);
    tap_case("what takes the entries may end it");
    k->stop_after = 2;
    tap_int(kit_read(k, &f, STR("a.example.com\nb.example.com\nc.example.com\n")), MP_E_LIMIT);
    tap_cstr(k->err.text, "enough");
    tap_int(k->err.detail, 7);
    tap_str(buf_str(&k->got), STR("domain a.example.com\ndomain b.example.com\n"));
}

static void long_line(struct feed_kit *k)
{
    struct feed f = kit_feed(FEED_PLAIN, INDICATOR_DOMAIN);
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < FEED_MAX_CSV_RECORD_BYTES / 8 + 1; i++)
        buf_addz(&b, "aaaaaaaa");
    buf_addz(&b, "\nexample.com\n");
    tap_case("a line that is too long is refused, and the next one read");
    kit_want(k, &f, buf_str(&b), "domain example.com\n", 1);
    buf_clear(&b);
}

int main(void)
{
    struct feed_kit k;
    kit_begin(&k);
    times();
    confidences();
    plain(&k);
    first_reason(&k);
    other_formats(&k);
    rules(&k);
    ends(&k);
    long_line(&k);
    kit_end(&k);
    return tap_done();
}
