/* MISP: attributes and events of restSearch. */
#include "intel/feed_test_kit.h"

#define ATTRIBUTE(type, value, more)                                                               \
    "{\"id\":\"1\",\"uuid\":\"u1\",\"type\":\"" type "\",\"category\":\"Network activity\","       \
    "\"to_ids\":true,\"timestamp\":\"1764424366\",\"value\":\"" value "\"" more "}"
#define ANSWER(attributes) "{\"response\":{\"Attribute\":[" attributes "]}}"

#define MD5    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA1   "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SHA256 "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static void types(struct feed_kit *k)
{
    static const struct {
        const char *text, *want;
        uint64_t refused;
    } rows[] = {
        {ATTRIBUTE("domain", "a.example.com", ""), "domain a.example.com\n", 0},
        {ATTRIBUTE("hostname", "a.example.com", ""), "host a.example.com\n", 0},
        {ATTRIBUTE("hostname|port", "a.example.com|443", ""), "host a.example.com\n", 0},
        {ATTRIBUTE("url", "https://example.com/a", ""), "url example.com/a\n", 0},
        {ATTRIBUTE("ip-src", "192.0.2.1", ""), "ip 192.0.2.1\n", 0},
        {ATTRIBUTE("ip-dst", "192.0.2.0/24", ""), "ip 192.0.2.0/24\n", 0},
        {ATTRIBUTE("ip-dst|port", "192.0.2.1|443", ""), "ip 192.0.2.1\n", 0},
        {ATTRIBUTE("ip-src|port", "2001:db8::1|443", ""), "ip 2001:db8::1\n", 0},
        {ATTRIBUTE("domain|ip", "a.example.com|192.0.2.1", ""),
         "domain a.example.com\nip 192.0.2.1\n", 0},
        {ATTRIBUTE("md5", MD5, ""), "md5 " MD5 "\n", 0},
        {ATTRIBUTE("sha1", SHA1, ""), "sha1 " SHA1 "\n", 0},
        {ATTRIBUTE("sha256", SHA256, ""), "sha256 " SHA256 "\n", 0},
        {ATTRIBUTE("filename|md5", "a|b.exe|" MD5, ""), "md5 " MD5 "\n", 0},
        {ATTRIBUTE("filename|sha256", "b.exe|" SHA256, ""), "sha256 " SHA256 "\n", 0},
        {ATTRIBUTE("malware-sample", "b.exe|" MD5, ",\"data\":\"UEsDBA==\""), "md5 " MD5 "\n", 0},
        {ATTRIBUTE("email-src", "Joe@Example.com", ""), "email joe@example.com\n", 0},
        {ATTRIBUTE("email-reply-to", "joe@example.com", ""), "email joe@example.com\n", 0},
        {ATTRIBUTE("email-dst", "victim@example.com", ""), "", 1},
        {ATTRIBUTE("filename", "b.exe", ""), "", 1},
        {ATTRIBUTE("ip-dst|port", "443", ""), "", 1},
        {ATTRIBUTE("filename|md5", MD5, ""), "", 1},
        {ATTRIBUTE("filename|md5", "b.exe|" SHA1, ""), "", 1},
        {ATTRIBUTE("sha256", MD5, ""), "", 1},
    };
    struct feed f = kit_feed(FEED_MISP, INDICATOR_KIND_COUNT);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf b;
        tap_case("attribute: %s", rows[i].text);
        buf_init(&b, 4096);
        buf_addf(&b, "{\"response\":{\"Attribute\":[%s]}}", rows[i].text);
        kit_want(k, &f, buf_str(&b), rows[i].want, rows[i].refused);
        buf_clear(&b);
    }
}

#define DOMAIN(letter, more) ATTRIBUTE("domain", letter ".example.com", more)

static const char tagged[] =
    ",\"first_seen\":\"2025-11-29T13:52:46.000000+00:00\",\"Event\":{\"id\":\"9\","
    "\"info\":\"A campaign\",\"Tag\":[{\"name\":\"tlp:red\"}]},\"Tag\":[{\"name\":"
    "\"tlp:green\"},{\"name\":\"tlp:amber+strict\"},{\"name\":\"type:osint\"}]";

static const char event_tagged[] = ",\"Event\":{\"info\":\"x\",\"Tag\":[{\"name\":\"TLP:RED\"}]}";

/* An answer with one attribute, of a domain, and more of it. */
static void want_domain(struct feed_kit *k, const struct feed *f, const char *more,
                        const char *want)
{
    struct buf b;
    buf_init(&b, 4096);
    buf_addf(&b,
             "{\"response\":{\"Attribute\":[{\"uuid\":\"u1\",\"type\":\"domain\",\"to_ids\":1,"
             "\"timestamp\":\"1764424366\",\"value\":\"a.example.com\"%s}]}}",
             more);
    kit_want(k, f, buf_str(&b), want, 0);
    buf_clear(&b);
}

static void attributes(struct feed_kit *k)
{
    static const char rules[] = ANSWER(
        DOMAIN("a", ",\"to_ids\":false") "," /* not for detection */
        DOMAIN("b", ",\"to_ids\":\"0\"") "," DOMAIN("c", ",\"to_ids\":\"1\"") "," DOMAIN(
            "d",
            ",\"deleted\":true") "," DOMAIN("e",
                                            ",\"deleted\":\"1\"") "," DOMAIN("f",
                                                                             ",\"deleted\":false"));
    struct feed f = kit_feed(FEED_MISP, INDICATOR_KIND_COUNT);
    k->details = true;
    tap_case("attributes/restSearch: an attribute with its event and tags");
    want_domain(k, &f, tagged,
                "domain a.example.com id=u1 label=A campaign first=1764424366 last=1764424366 "
                "tlp=amber+strict\n");
    tap_int(k->page.newest_s, KIT_NOW_S);
    tap_ok(k->page.more);
    tap_case("the event's tags where the attribute has none");
    want_domain(k, &f, event_tagged,
                "domain a.example.com id=u1 label=x last=1764424366 tlp=red\n");
    k->details = false;
    tap_case("not meant for detection, and deleted ones");
    kit_want(k, &f, str_from(rules), "domain c.example.com\ndomain f.example.com\n", 0);
    tap_int((int64_t)k->page.counts.low, 2);
    tap_int((int64_t)k->page.counts.revoked, 2);
    tap_case("the page behind the last");
    kit_want(k, &f, STR(ANSWER("")), "", 0);
    tap_ok(!k->page.more);
}

#define PROPOSED  "\"ShadowAttribute\":[" DOMAIN("proposed", "") "]"
#define RELATED   "\"RelatedEvent\":[{\"Event\":{\"Attribute\":[" DOMAIN("related", "") "]}}]"
#define GALAXY    "\"Galaxy\":[{\"type\":\"x\",\"value\":\"galaxy.example.com\"}]"
#define FILE_OF   ATTRIBUTE("md5", MD5, "") "," ATTRIBUTE("filename", "x", "")
#define GONE      ATTRIBUTE("md5", "dddddddddddddddddddddddddddddddd", "")
#define OBJECTS   "\"Object\":[{\"Attribute\":[" FILE_OF "]}," DELETED "]"
#define DELETED   "{\"deleted\":true,\"Attribute\":[" GONE "]}"
#define AMBER     "\"Tag\":[{\"name\":\"tlp:amber\"}]"
#define EVENT_ONE "\"info\":\"One\",\"Attribute\":[" DOMAIN("a", "") "]," PROPOSED "," RELATED
#define EVENT_TWO "\"info\":\"Two\",\"Attribute\":[" DOMAIN("b", "") "]"

static const char two_events[] = "{\"response\":[{\"Event\":{" EVENT_ONE "," GALAXY "," OBJECTS
                                 "," AMBER "}},{\"Event\":{" EVENT_TWO "}}]}";

static void events(struct feed_kit *k)
{
    struct feed f = kit_feed(FEED_MISP, INDICATOR_KIND_COUNT);
    k->details = true;
    tap_case("events/restSearch: attributes, objects, and what is no attribute of it");
    kit_want(k, &f, str_from(two_events),
             "domain a.example.com id=u1 label=One last=1764424366 tlp=amber\n"
             "md5 " MD5 " id=u1 label=One last=1764424366 tlp=amber\n"
             "domain b.example.com id=u1 label=Two last=1764424366\n",
             1);
    tap_int((int64_t)k->page.counts.revoked, 1);
    k->details = false;
    tap_case("an event alone, as feeds of MISP have it");
    kit_want(k, &f, STR("{\"Event\":{\"Attribute\":[" DOMAIN("a", "") "]}}"),
             "domain a.example.com\n", 0);
    tap_case("events without attributes are no end of the pages");
    kit_want(k, &f, STR("{\"response\":[{\"Event\":{\"info\":\"x\",\"Attribute\":[]}}]}"), "", 0);
    tap_ok(k->page.more);
    tap_case("no events");
    kit_want(k, &f, STR("{\"response\":[]}"), "", 0);
    tap_ok(!k->page.more);
}

static void mistakes(struct feed_kit *k)
{
    struct feed f = kit_feed(FEED_MISP, INDICATOR_KIND_COUNT);
    tap_case("an error is no page without entries");
    kit_fail(k, &f,
             STR("{\"name\":\"Authentication failed\",\"message\":\"x\",\"url\":\"/attributes\"}"),
             "line 1: no answer of MISP");
    kit_fail(k, &f, STR("[{\"response\":"), "line 1: no JSON, or it is cut off");
    tap_case("attributes that are none");
    kit_want(k, &f,
             STR(ANSWER("{\"type\":7,\"value\":8},{\"type\":\"domain\",\"value\":null},"
                        "{\"type\":\"url\",\"value\":\"a.example.com\",\"Tag\":7,\"Event\":8}")),
             "url a.example.com/\n", 2);
}

int main(void)
{
    struct feed_kit k;
    kit_begin(&k);
    types(&k);
    attributes(&k);
    events(&k);
    mistakes(&k);
    kit_end(&k);
    return tap_done();
}
