/* STIX bundles and TAXII envelopes. */
#include "intel/feed_test_kit.h"

#define SDO(more)                                                                                  \
    "{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"indicator--1\","                    \
    "\"created\":\"2025-11-01T00:00:00.000Z\",\"modified\":\"2025-11-02T00:00:00.000Z\","          \
    "\"valid_from\":\"2025-11-01T00:00:00Z\",\"pattern_type\":\"stix\"," more "}"
#define PATTERN(text)   "\"pattern\":\"" text "\""
#define BUNDLE(objects) "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[" objects "]}"

enum { FROM_S = 1761955200, MODIFIED_S = 1762041600 };

static void bundle(struct feed_kit *k)
{
    struct feed f = kit_feed(FEED_STIX, INDICATOR_KIND_COUNT);
    k->details = true;
    tap_case("an indicator with all it tells");
    kit_want(
        k, &f,
        STR(BUNDLE(SDO(PATTERN(
            "[url:value = 'http://example.com/a'] OR "
            "[file:hashes.'SHA-1' = "
            "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']") ",\"name\":\"x\","
                                                           "\"labels\":[\"phishing\"],"
                                                           "\"confidence\":80,"
                                                           "\"valid_until\":\"2026-01-01T00:00:"
                                                           "00Z\","
                                                           "\"object_marking_refs\":[\"marking-"
                                                           "definition--"
                                                           "bab4a63c-aed9-4cf5-a766-"
                                                           "dfca5abac2bb\"]") ","
                                                                              "{\"type\":"
                                                                              "\"malware\",\"id\":"
                                                                              "\"malware--1\","
                                                                              "\"name\":\"y\"}")),
        "url example.com/a id=indicator--1 label=phishing first=1761955200 last=1762041600 "
        "until=1767225600 confidence=80 tlp=green\n"
        "sha1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa id=indicator--1 label=phishing "
        "first=1761955200 last=1762041600 until=1767225600 confidence=80 tlp=green\n",
        0);
    tap_int(k->page.newest_s, MODIFIED_S);
    tap_int((int64_t)k->page.counts.lines, 1);
    tap_int((int64_t)k->page.counts.entries, 2);
    tap_ok(!k->page.more);
    k->details = false;
}

static void markings(struct feed_kit *k)
{
    static const struct {
        const char *refs, *want;
    } rows[] = {
        {"\"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9\"", " tlp=clear"},
        {"\"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da\"", " tlp=green"},
        {"\"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82\"", " tlp=amber"},
        {"\"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed\"", " tlp=red"},
        {"\"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487\"", " tlp=clear"},
        {"\"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421\"", " tlp=amber"},
        {"\"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003\"", " tlp=amber+strict"},
        {"\"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1\"", " tlp=red"},
        {"\"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da\","
         "\"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82\","
         "\"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487\"",
         " tlp=amber"},
        {"\"marking-definition--00000000-0000-4000-8000-000000000000\"", ""},
        {"", ""},
        {"7", ""},
    };
    struct feed f = kit_feed(FEED_STIX, INDICATOR_KIND_COUNT);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf text, want;
        tap_case("marking %s", rows[i].refs);
        buf_init(&text, 4096);
        buf_init(&want, 4096);
        buf_addf(&text,
                 "[{\"type\":\"indicator\",\"pattern\":\"[url:value='http://example.com/a']\","
                 "\"object_marking_refs\":[%s]}]",
                 rows[i].refs);
        buf_addf(&want, "url example.com/a%s\n%c", rows[i].want, '\0');
        k->details = true;
        kit_want(k, &f, buf_str(&text), want.p, 0);
        k->details = false;
        buf_clear(&text);
        buf_clear(&want);
    }
}

static void dropped(struct feed_kit *k)
{
    static const struct {
        const char *label, *text;
        struct feed_counts want;
        bool kept;
    } rows[] = {
        {"nothing is wrong", SDO(PATTERN("[url:value='http://example.com/a']")), {0}, true},
        {"revoked",
         SDO(PATTERN("[url:value='http://example.com/a']") ",\"revoked\":true"),
         {.revoked = 1},
         false},
        {"not revoked",
         SDO(PATTERN("[url:value='http://example.com/a']") ",\"revoked\":false"),
         {0},
         true},
        {"benign",
         SDO(PATTERN("[url:value='http://example.com/a']") ",\"indicator_types\":[\"benign\"]"),
         {.revoked = 1},
         false},
        {"expired",
         SDO(PATTERN(
             "[url:value='http://example.com/a']") ",\"valid_until\":\"2025-11-29T13:52:46Z\""),
         {.expired = 1},
         false},
        {"a second before that",
         SDO(PATTERN(
             "[url:value='http://example.com/a']") ",\"valid_until\":\"2025-11-29T13:52:47Z\""),
         {0},
         true},
        {"of tomorrow",
         SDO(PATTERN(
             "[url:value='http://example.com/a']") ",\"valid_from\":\"2025-11-30T00:00:00Z\""),
         {.expired = 1},
         false},
        {"unsure",
         SDO(PATTERN("[url:value='http://example.com/a']") ",\"confidence\":49"),
         {.low = 1},
         false},
        {"sure",
         SDO(PATTERN("[url:value='http://example.com/a']") ",\"confidence\":50"),
         {0},
         true},
        {"only together",
         SDO(PATTERN("[url:value='a' AND url:value='b']")),
         {.compound = 1},
         false},
        {"LIKE", SDO(PATTERN("[url:value LIKE 'http://%']")), {.refused = 1}, false},
        {"not of a mail", SDO(PATTERN("[mutex:name = 'x']")), {.refused = 1}, false},
        {"no pattern", SDO("\"name\":\"x\""), {.refused = 1}, false},
        {"a pattern that is a number", SDO("\"pattern\":5"), {.refused = 1}, false},
        {"another language",
         SDO(PATTERN("alert tcp any any") ",\"pattern_type\":\"snort\""),
         {.refused = 1},
         false},
        {"a value that is none",
         SDO(PATTERN("[ipv4-addr:value = '1.2.3']")),
         {.refused = 1},
         false},
    };
    struct feed f = kit_feed(FEED_STIX, INDICATOR_KIND_COUNT);
    f.min_confidence = 50;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("indicator: %s", rows[i].label);
        kit_want(k, &f, str_from(rows[i].text), rows[i].kept ? "url example.com/a\n" : "",
                 rows[i].want.refused);
        tap_int((int64_t)k->page.counts.revoked, (int64_t)rows[i].want.revoked);
        tap_int((int64_t)k->page.counts.expired, (int64_t)rows[i].want.expired);
        tap_int((int64_t)k->page.counts.low, (int64_t)rows[i].want.low);
        tap_int((int64_t)k->page.counts.compound, (int64_t)rows[i].want.compound);
        tap_int((int64_t)k->page.counts.lines, 1);
    }
}

static void taxii(struct feed_kit *k)
{
    struct feed f = kit_feed(FEED_TAXII, INDICATOR_KIND_COUNT);
    tap_case("an envelope with a page behind it");
    kit_want(k, &f,
             STR("{\"more\":true,\"next\":\"a\\u0062c\",\"objects\":[" SDO(
                 PATTERN("[url:value='http://example.com/a']")) "]}"),
             "url example.com/a\n", 0);
    tap_ok(k->page.more);
    tap_str(k->page.next, STR("abc"));
    tap_case("the next one behind the objects, as a number");
    kit_want(k, &f, STR("{\"objects\":[],\"next\":42,\"more\":true}"), "", 0);
    tap_ok(k->page.more);
    tap_str(k->page.next, STR("42"));
    tap_case("more, and no name for it");
    kit_want(k, &f, STR("{\"more\":true,\"objects\":[]}"), "", 0);
    tap_ok(k->page.more && k->page.next.n == 0);
    tap_case("the last page, whatever its next says");
    kit_want(k, &f, STR("{\"more\":false,\"next\":\"abc\",\"objects\":[]}"), "", 0);
    tap_ok(!k->page.more && k->page.next.n == 0);
    tap_case("an empty collection");
    kit_want(k, &f, STR("{}"), "", 0);
    tap_ok(!k->page.more);
    tap_case("the bundle of TAXII 2.0");
    kit_want(k, &f, STR(BUNDLE(SDO(PATTERN("[url:value='http://example.com/a']")))),
             "url example.com/a\n", 0);
    tap_case("an error");
    kit_fail(k, &f, STR("{\"title\":\"no such collection\",\"http_status\":\"404\"}"),
             "line 1: no objects of STIX");
    tap_case("a name of a page that is longer than any");
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_addz(&b, "{\"more\":true,\"next\":\"");
    for (int i = 0; i < FEED_MAX_NEXT_BYTES / 8; i++)
        buf_addz(&b, "01234567");
    buf_addz(&b, "\",\"objects\":[]}");
    kit_fail(k, &f, buf_str(&b), "line 1: the name of the next page is too long");
    buf_clear(&b);
}

static void no_bundles(struct feed_kit *k)
{
    struct feed f = kit_feed(FEED_STIX, INDICATOR_KIND_COUNT);
    tap_case("no bundle");
    kit_fail(k, &f, STR("{\"error\":\"x\"}"), "line 1: no objects of STIX");
    kit_fail(k, &f, STR("<stix:STIX_Package/>"), "line 1: it is a page (HTML or XML)");
    kit_fail(k, &f, STR("{\"type\":\"bundle\",\"objects\":["), "line 1: no JSON, or it is cut off");
    tap_case("a bundle of nothing, and one of others");
    kit_want(k, &f, STR("{\"type\":\"bundle\",\"id\":\"bundle--1\"}"), "", 0);
    kit_want(k, &f,
             STR(BUNDLE("{\"type\":\"report\",\"objects\":[{\"type\":\"indicator\","
                        "\"pattern\":\"[url:value='http://example.com/a']\"}]}")),
             "", 0);
}

int main(void)
{
    struct feed_kit k;
    kit_begin(&k);
    bundle(&k);
    markings(&k);
    dropped(&k);
    taxii(&k);
    no_bundles(&k);
    kit_end(&k);
    return tap_done();
}
