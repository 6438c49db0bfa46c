/* JSON feeds: records wherever they stand, and what is no list. */
#include "intel/feed_test_kit.h"
#include "intel/json_pieces.h"

static struct feed with(enum indicator_kind kind, const char *value)
{
    struct feed f = kit_feed(FEED_JSON, kind);
    f.columns[COLUMN_VALUE] = str_from(value);
    return f;
}

static void shapes(struct feed_kit *k)
{
    struct feed f;
    k->details = true;
    tap_case("DROP: an object a line, the last one about the list");
    f = with(INDICATOR_IP, "cidr");
    f.columns[COLUMN_ID] = STR("sblid");
    kit_want(k, &f,
             STR("{\"cidr\":\"192.0.2.0/24\",\"sblid\":\"SBL1\",\"rir\":\"x\"}\n"
                 "{\"cidr\":\"2001:db8::/32\",\"sblid\":\"SBL2\",\"rir\":\"x\"}\n"
                 "{\"type\":\"metadata\",\"timestamp\":1764424366,\"size\":2,\"records\":2}\n"),
             "ip 192.0.2.0/24 id=SBL1\nip 2001:db8::/32 id=SBL2\n", 0);
    tap_int((int64_t)k->page.counts.lines, 2);
    tap_case("ThreatFox: lists of objects under their numbers");
    f = with(INDICATOR_KIND_COUNT, "ioc_value");
    f.columns[COLUMN_KIND] = STR("ioc_type");
    f.columns[COLUMN_CONFIDENCE] = STR("confidence_level");
    f.kinds[0] = (struct feed_word){STR_INIT("ip:port"), INDICATOR_IP};
    f.n_kinds = 1;
    kit_want(k, &f,
             STR("{\"1\": [ {\"ioc_value\": \"192.0.2.1:80\", \"ioc_type\": \"ip:port\", "
                 "\"confidence_level\": 75} ],\n \"2\": [{\"ioc_value\": \"x\", \"ioc_type\": "
                 "\"mutex\"}]}"),
             "ip 192.0.2.1 confidence=75\n", 1);
    tap_str(k->page.why, STR("line 2: no kind of ours: mutex"));
    tap_case("PhishTank: objects in a list, with objects of their own");
    f = with(INDICATOR_URL, "url");
    f.columns[COLUMN_ID] = STR("phish_id");
    f.columns[COLUMN_LABEL] = STR("target");
    f.columns[COLUMN_FIRST_SEEN] = STR("submission_time");
    kit_want(k, &f,
             STR("[{\"phish_id\":7,\"url\":\"http:\\/\\/example.com\\/a\","
                 "\"submission_time\":\"2025-11-29T13:52:46+00:00\",\"target\":\"Some Bank\","
                 "\"details\":[{\"ip_address\":\"192.0.2.1\",\"url\":\"http://not.example.com/\"}]"
                 "}]"),
             "url example.com/a id=7 label=Some Bank first=1764424366\n", 0);
    tap_case("CERT Polska: what was taken off has a date");
    f = with(INDICATOR_DOMAIN, "DomainAddress");
    f.columns[COLUMN_VALID_UNTIL] = STR("DeleteDate");
    kit_want(k, &f,
             STR("[{\"DomainAddress\":\"a.example.com\",\"DeleteDate\":null},"
                 "{\"DomainAddress\":\"b.example.com\",\"DeleteDate\":\"2025-11-01T00:00:00\"}]"),
             "domain a.example.com\n", 0);
    tap_int((int64_t)k->page.counts.expired, 1);
    k->details = false;
}

static void places(struct feed_kit *k)
{
    static const struct {
        const char *label, *value, *text, *want;
        uint64_t refused;
    } rows[] = {
        {"one object", "d", "{\"d\":\"a.example.com\"}", "domain a.example.com\n", 0},
        {"an answer around the list", "d",
         "{\"status\":\"ok\",\"data\":[{\"d\":\"a.example.com\"}]}", "domain a.example.com\n", 0},
        {"objects under names", "d",
         "{\"x\":{\"d\":\"a.example.com\"},\"y\":{\"d\":\"b.example.com\"}}",
         "domain a.example.com\ndomain b.example.com\n", 0},
        {"a path of keys", "data.d", "[{\"data\":{\"d\":\"a.example.com\"}}]",
         "domain a.example.com\n", 0},
        {"a path that ends early", "data.d",
         "[{\"data\":\"d\"},{\"data\":{\"e\":\"a.example.com\"}},{\"data\":{\"d\":\"b.example."
         "com\"}}]",
         "domain b.example.com\n", 0},
        {"a path from the top through a list", "data.d", "{\"data\":[{\"d\":\"a.example.com\"}]}",
         "domain a.example.com\n", 0},
        {"the same, longer", "x.data.y.d",
         "{\"x\":{\"data\":[{\"y\":{\"d\":\"a.example.com\"}},{\"d\":\"b.example.com\"}]}}",
         "domain a.example.com\n", 0},
        {"a path from the top that does not pass there", "data.d",
         "{\"data\":[],\"other\":[{\"d\":\"a.example.com\"}]}", "", 0},
        {"a key with a dot in it", "data.d", "[{\"data.d\":\"a.example.com\"}]",
         "domain a.example.com\n", 0},
        {"a list as the value", "d", "[{\"d\":[\"a.example.com\",\"b.example.com\"]}]",
         "domain a.example.com\ndomain b.example.com\n", 0},
        {"texts alone", "", "{\"list\":[\"a.example.com\",\"b.ex\\u0061mple.com\"]}",
         "domain a.example.com\ndomain b.example.com\n", 0},
        {"a value that is none", "d",
         "[{\"d\":null},{\"d\":17},{\"d\":{}},{\"d\":\"a.example.com\"}]", "domain a.example.com\n",
         2},
        {"brackets and quotes within texts", "d",
         "[{\"x\":\"]}\\\"[{\\\\\",\"d\":\"a.example.com\"}]", "domain a.example.com\n", 0},
        {"a record that jansson refuses", "d",
         "[{\"d\":\"a.example.com\",\"x\":\"\xff\"},{\"d\":\"b.example.com\"}]",
         "domain b.example.com\n", 1},
        {"a number that is too large", "d",
         "[{\"n\":99999999999999999999,\"d\":\"a.example.com\"}]", "domain a.example.com\n", 0},
        {"an empty list", "d", "[]", "", 0},
        {"an answer around an empty list", "d", "{\"status\":\"ok\",\"data\":[]}", "", 0},
        {"nothing at all", "d", "{}", "", 0},
        {"a byte order mark and blanks", "d", "\xef\xbb\xbf \r\n[{\"d\":\"a.example.com\"}]\n ",
         "domain a.example.com\n", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct feed f = with(INDICATOR_DOMAIN, rows[i].value);
        tap_case("json: %s", rows[i].label);
        kit_want(k, &f, str_from(rows[i].text), rows[i].want, rows[i].refused);
    }
}

static void no_lists(struct feed_kit *k)
{
    static const struct {
        const char *label, *text, *want;
    } rows[] = {
        {"an error instead of a list", "{\"query_status\":\"unknown_auth_key\"}",
         "line 1: no object with a value"},
        {"objects of other keys", "[{\"domain\":\"a.example.com\"}]",
         "line 1: no object with a value"},
        {"no JSON", "a.example.com\n", "line 1: no JSON, or it is cut off"},
        {"a text alone", "\"a.example.com\"", "line 1: no JSON, or it is cut off"},
        {"empty", " \n", "line 1: it is empty, and no JSON"},
        {"cut off", "[{\"d\":\"a.example.com\"},\n{\"d\":\"b.exa",
         "line 1: no JSON, or it is cut off"},
        {"the second value cut off",
         "{\"d\":\"a.example.com\"}\n{\"d\":", "line 1: no JSON, or it is cut off"},
        {"a bracket that fits no other", "[{\"d\":\"a.example.com\"]}",
         "line 1: no JSON, or it is cut off"},
        {"no comma", "[{\"d\":\"a.example.com\"}\n{\"d\":\"b.example.com\"}]", "line 1: no JSON"},
        {"a comma too many", "[{\"d\":\"a.example.com\"},\n]", "line 1: no JSON"},
        {"no colon", "{\"x\" [{\"d\":\"a.example.com\"}]}", "line 1: no JSON"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct feed f = with(INDICATOR_DOMAIN, "d");
        tap_case("no list: %s", rows[i].label);
        tap_int(kit_read(k, &f, str_from(rows[i].text)), MP_E_SYNTAX);
        if (strstr(rows[i].label, "second") == NULL && strstr(rows[i].label, "comma") == NULL)
            tap_cstr(k->err.text, rows[i].want);
    }
}

static void repeat(struct buf *b, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_addz(b, text);
}

static void limits(struct feed_kit *k)
{
    struct feed f = with(INDICATOR_DOMAIN, "d");
    struct buf b;
    buf_init(&b, 64 << 20);
    tap_case("as deep as is looked at, and one deeper");
    for (size_t deep = FEED_MAX_NESTING; deep <= FEED_MAX_NESTING + 1; deep++) {
        buf_reset(&b);
        repeat(&b, "[", deep);
        buf_addz(&b, "{\"d\":\"a.example.com\"}");
        repeat(&b, "]", deep);
        bool found = deep == FEED_MAX_NESTING;
        kit_want(k, &f, buf_str(&b), found ? "domain a.example.com\n" : "", !found);
        tap_int(k->page.counts.cut, !found);
    }
    tap_case("brackets without end");
    buf_reset(&b);
    repeat(&b, "[", 1 << 20);
    tap_int(kit_read(k, &f, buf_str(&b)), MP_E_SYNTAX);
    tap_case("a record that is too long is refused, and the next one read");
    buf_reset(&b);
    buf_addz(&b, "[{\"d\":\"a.example.com\",\"x\":\"");
    repeat(&b, "0123456789abcdef", FEED_MAX_RECORD_BYTES / 16);
    buf_addz(&b, "\"},{\"d\":\"b.example.com\"}]");
    kit_want(k, &f, buf_str(&b), "domain b.example.com\n", 1);
    tap_case("a list of many megabytes, within one object");
    buf_reset(&b);
    buf_addz(&b, "{\"data\":[{\"d\":\"a.example.com\"}");
    repeat(&b, ",{\"d\":\"x\",\"more\":\"0123456789\"}", 300000);
    buf_addz(&b, "]}");
    kit_want(k, &f, buf_str(&b), "domain a.example.com\n", 300000);
    tap_int((int64_t)k->page.counts.lines, 300001);
    buf_clear(&b);
}

static void pieces(void)
{
    struct str object = STR("{ \"a\" : [1, 2] ,\"b\":{\"a\":true}, \"a\":\"x\\\"y\" }"), key, value;
    struct json_within w;
    tap_case("pieces of an object");
    tap_ok(json_open(object, &w));
    tap_int(json_next(&w, &key, &value), JSON_PIECE);
    tap_str(key, STR("a"));
    tap_str(value, STR("[1, 2]"));
    tap_int(json_next(&w, &key, &value), JSON_PIECE);
    tap_str(value, STR("{\"a\":true}"));
    tap_int(json_next(&w, &key, &value), JSON_PIECE);
    tap_str(json_bare(value), STR("x\\\"y"));
    tap_int(json_next(&w, &key, &value), JSON_END);
    tap_str(json_member(object, STR("a")), STR("\"x\\\"y\""));
    tap_ok(json_member(object, STR("c")).p == NULL);
    tap_ok(json_member(STR("[1]"), STR("a")).p == NULL && json_bare(STR("1")).p == NULL);
}

int main(void)
{
    struct feed_kit k;
    kit_begin(&k);
    shapes(&k);
    places(&k);
    no_lists(&k);
    limits(&k);
    pieces();
    kit_end(&k);
    return tap_done();
}
