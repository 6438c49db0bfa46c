/* Requests and answers of each service, in the shapes they really have. */
#include "services/service.h"

#include "services/service_internal.h"
#include "tests/tap.h"

enum { ARENA_BYTES = 32 << 20 };

static struct arena arena;

#define SHA256 "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
#define SHA1   "3395856ce81f2b7382dee72602f798b642f14140"
#define MD5    "44d88612fea8a8f36de82e1278abb02f"

static struct indicator make(enum indicator_kind kind, const char *text)
{
    struct indicator out = {.kind = kind};
    struct mp_err err = {0};
    if (!tap_int(indicator_read(&arena, kind, str_from(text), &out, &err), MP_OK))
        tap_note("%s", err.text);
    return out;
}

/* ---- requests ---- */

static const struct {
    const char *label;
    enum intel_service service;
    enum indicator_kind kind;
    const char *value;
    bool http;
    const char *root, *url, *key_header;
} requests[] = {
    {"a file by SHA-256", SERVICE_VIRUSTOTAL, INDICATOR_SHA256, SHA256, false, "",
     "https://www.virustotal.com/api/v3/files/" SHA256, "x-apikey"},
    {"a file by SHA-1", SERVICE_VIRUSTOTAL, INDICATOR_SHA1, SHA1, false, "",
     "https://www.virustotal.com/api/v3/files/" SHA1, "x-apikey"},
    {"a file by MD5", SERVICE_VIRUSTOTAL, INDICATOR_MD5, MD5, false, "",
     "https://www.virustotal.com/api/v3/files/" MD5, "x-apikey"},
    {"a domain", SERVICE_VIRUSTOTAL, INDICATOR_DOMAIN, "Evil.Example", false,
     "http://127.0.0.1:8/v/", "http://127.0.0.1:8/v/domains/evil.example", "x-apikey"},
    {"a host", SERVICE_VIRUSTOTAL, INDICATOR_HOST, "a.b\xc3\xbc.example", false, "",
     "https://www.virustotal.com/api/v3/domains/a.xn--b-eha.example", "x-apikey"},
    {"an address", SERVICE_VIRUSTOTAL, INDICATOR_IP, "192.0.2.7", false, "",
     "https://www.virustotal.com/api/v3/ip_addresses/192.0.2.7", "x-apikey"},
    {"an IPv6 address", SERVICE_VIRUSTOTAL, INDICATOR_IP, "2001:DB8::1", false, "",
     "https://www.virustotal.com/api/v3/ip_addresses/2001:db8::1", "x-apikey"},
    /* In plain base64 it has "+", "/" and padding. */
    {"a URL", SERVICE_VIRUSTOTAL, INDICATOR_URL, "https://evil.example/a?b=c?c~~?", false, "",
     "https://www.virustotal.com/api/v3/urls/aHR0cHM6Ly9ldmlsLmV4YW1wbGUvYT9iPWM_Y35-Pw",
     "x-apikey"},
    {"a URL of http", SERVICE_VIRUSTOTAL, INDICATOR_URL, "http://evil.example/", true, "",
     "https://www.virustotal.com/api/v3/urls/aHR0cDovL2V2aWwuZXhhbXBsZS8", "x-apikey"},
    {"AbuseIPDB", SERVICE_ABUSEIPDB, INDICATOR_IP, "192.0.2.7", false, "",
     "https://api.abuseipdb.com/api/v2/check?maxAgeInDays=90&ipAddress=192.0.2.7", "Key"},
    {"AbuseIPDB, IPv6", SERVICE_ABUSEIPDB, INDICATOR_IP, "2001:db8::1", false, "",
     "https://api.abuseipdb.com/api/v2/check?maxAgeInDays=90&ipAddress=2001%3Adb8%3A%3A1", "Key"},
    {"CIRCL by MD5", SERVICE_CIRCL_HASHLOOKUP, INDICATOR_MD5, MD5, false, "",
     "https://hashlookup.circl.lu/lookup/md5/" MD5, NULL},
    {"CIRCL by SHA-1", SERVICE_CIRCL_HASHLOOKUP, INDICATOR_SHA1, SHA1, false, "",
     "https://hashlookup.circl.lu/lookup/sha1/" SHA1, NULL},
    {"CIRCL by SHA-256", SERVICE_CIRCL_HASHLOOKUP, INDICATOR_SHA256, SHA256, false, "",
     "https://hashlookup.circl.lu/lookup/sha256/" SHA256, NULL},
    {"Web Risk", SERVICE_WEB_RISK, INDICATOR_URL, "https://evil.example/a?b=c&d", false, "",
     "https://webrisk.googleapis.com/v1/uris:search?threatTypes=MALWARE"
     "&threatTypes=SOCIAL_ENGINEERING&threatTypes=UNWANTED_SOFTWARE"
     "&uri=https%3A%2F%2Fevil.example%2Fa%3Fb%3Dc%26d",
     "X-Goog-Api-Key"},
};

static void check_request(size_t i)
{
    struct indicator what = make(requests[i].kind, requests[i].value);
    const struct service_question q = {requests[i].service, &what, requests[i].http};
    const struct service config = {.id = q.service, .url = str_from(requests[i].root)};
    struct service_request r = {.n_headers = 0};
    struct str told = STR_NONE;
    tap_ok(service_takes(q.service, what.kind));
    tap_int(service_ask(&arena, &config, STR("s3cret"), &q, &r, NULL), MP_OK);
    tap_str(r.url, str_from(requests[i].url));
    for (size_t k = 0; k < r.n_headers; k++)
        if (str_eq(r.headers[k].value, STR("s3cret")))
            told = r.headers[k].name;
    tap_str(told, str_from(requests[i].key_header));
    tap_ok(service_kind(q.service)->needs_key == (requests[i].key_header != NULL));
    tap_ok(str_search(r.url, STR("s3cret")) == r.url.n);
}

/* ---- what of a URL is told ---- */

static const struct {
    const char *label, *url, *value;
} cuts[] = {
    {"no address", "https://e.example/a/b?c=d", "https://e.example/a/b?c=d"},
    {"an address in the query", "https://e.example/a/b?u=bob@corp.example&x=1",
     "https://e.example/a/b"},
    {"one in %-escapes", "https://e.example/a/b?u=bob%40corp.example", "https://e.example/a/b"},
    {"one in the path", "https://e.example/a/bob@corp.example/c?d", "https://e.example/a/"},
    {"one in the first segment", "https://e.example/bob@corp.example", "https://e.example/"},
    {"names of users with @ are none", "https://e.example/@bob/post",
     "https://e.example/@bob/post"},
    {"nor is a lone @", "https://e.example/a?b=@", "https://e.example/a?b=@"},
};

/* ---- answers ---- */

#define VT(type, id, stats)                                                                        \
    "{\"data\":{\"id\":\"" id "\",\"type\":\"" type "\",\"links\":{\"self\":\"https://x\"},"       \
    "\"attributes\":{\"last_analysis_date\":1790000000,\"reputation\":-3,"                         \
    "\"sha256\":\"" SHA256 "\",\"md5\":\"" MD5 "\",\"last_analysis_stats\":" stats                 \
    ",\"popular_threat_classification\":{\"suggested_threat_label\":\"trojan.emotet/x\"}}}}"
#define STATS(bad, odd, good, silent)                                                              \
    "{\"malicious\":" #bad ",\"suspicious\":" #odd ",\"undetected\":" #silent                      \
    ",\"harmless\":" #good ",\"timeout\":4,\"confirmed-timeout\":1,\"failure\":2,"                 \
    "\"type-unsupported\":5}"
#define VT_ERROR(code) "{\"error\":{\"code\":\"" code "\",\"message\":\"some text\"}}"
#define ABUSE(ip, score, reports, white)                                                           \
    "{\"data\":{\"ipAddress\":\"" ip                                                               \
    "\",\"isPublic\":true,\"ipVersion\":4,\"isWhitelisted\":" white                                \
    ",\"abuseConfidenceScore\":" #score ",\"countryCode\":\"DE\",\"usageType\":\"Data Center\","   \
    "\"isp\":\"X\",\"domain\":\"x.example\",\"hostnames\":[],\"isTor\":false,"                     \
    "\"totalReports\":" #reports                                                                   \
    ",\"numDistinctUsers\":4,\"lastReportedAt\":\"2026-09-21T15:33:20+02:00\"}}"
#define CIRCL(more)                                                                                \
    "{\"CRC32\":\"7A5407CA\",\"FileName\":\"wow64.manifest\",\"FileSize\":\"2520\",\"MD5\":"       \
    "\"44D88612FEA8A8F36DE82E1278ABB02F\",\"ProductCode\":{\"ProductName\":\"Windows 10\"},"       \
    "\"SHA-1\":\"3395856CE81F2B7382DEE72602F798B642F14140\",\"db\":\"nsrl_modern_rds\"" more "}"
#define GOOGLE(code, status, reason)                                                               \
    "{\"error\":{\"code\":" #code ",\"message\":\"no\",\"status\":\"" status "\",\"details\":["    \
    "{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"" reason "\"}]}}"

static const struct {
    const char *label;
    enum intel_service service;
    enum indicator_kind kind;
    const char *value;
    unsigned threshold, status;
    const char *body;
    enum word_outcome outcome;
    bool fails;
    unsigned malicious, total;
    int64_t seen_s;
    const char *tells; /* within its text */
} answers[] = {
#define VT_FILE SERVICE_VIRUSTOTAL, INDICATOR_SHA256, SHA256, 3
#define SEEN    1790000000
    {"many engines", VT_FILE, 200, VT("file", SHA256, STATS(60, 1, 0, 9)), WORD_MALICIOUS, false,
     60, 70, SEEN, "60 of 70 engines"},
    {"as many as the threshold", VT_FILE, 200, VT("file", SHA256, STATS(3, 0, 0, 67)),
     WORD_MALICIOUS, false, 3, 70, SEEN, "3 of 70"},
    {"fewer", VT_FILE, 200, VT("file", SHA256, STATS(2, 0, 0, 68)), WORD_SUSPICIOUS, false, 2, 70,
     SEEN, "2 of 70"},
    {"one errs always", VT_FILE, 200, VT("file", SHA256, STATS(1, 0, 0, 69)), WORD_HARMLESS, false,
     1, 70, SEEN, "1 of 70"},
    {"none", VT_FILE, 200, VT("file", SHA256, STATS(0, 0, 0, 70)), WORD_HARMLESS, false, 0, 70,
     SEEN, "0 of 70"},
    {"nobody has an opinion", VT_FILE, 200, VT("file", SHA256, STATS(0, 0, 0, 0)), WORD_UNKNOWN,
     false, 0, 0, SEEN, "no engine"},
    {"a threshold of none counts as one", SERVICE_VIRUSTOTAL, INDICATOR_SHA256, SHA256, 0, 200,
     VT("file", SHA256, STATS(0, 0, 0, 70)), WORD_HARMLESS, false, 0, 70, SEEN, "0 of 70"},
    {"a file by MD5", SERVICE_VIRUSTOTAL, INDICATOR_MD5, MD5, 3, 200,
     VT("file", SHA256, STATS(60, 0, 0, 10)), WORD_MALICIOUS, false, 60, 70, SEEN, "60 of 70"},
    {"a domain", SERVICE_VIRUSTOTAL, INDICATOR_DOMAIN, "evil.example", 3, 200,
     VT("domain", "evil.example", STATS(9, 0, 60, 21)), WORD_MALICIOUS, false, 9, 90, SEEN,
     "9 of 90"},
    {"an address in another spelling", SERVICE_VIRUSTOTAL, INDICATOR_IP, "2001:db8::1", 3, 200,
     VT("ip_address", "2001:0db8:0:0:0:0:0:1", STATS(9, 0, 60, 21)), WORD_MALICIOUS, false, 9, 90,
     SEEN, "9 of 90"},
    {"a URL has an id of its own", SERVICE_VIRUSTOTAL, INDICATOR_URL, "https://evil.example/a", 3,
     200, VT("url", SHA256, STATS(9, 0, 60, 21)), WORD_MALICIOUS, false, 9, 90, SEEN, "9 of 90"},
    {"no report", VT_FILE, 404, VT_ERROR("NotFoundError"), WORD_UNKNOWN, false, 0, 0, 0,
     "no report"},
    {"a domain without an analysis", SERVICE_VIRUSTOTAL, INDICATOR_DOMAIN, "new.example", 3, 200,
     "{\"data\":{\"id\":\"new.example\",\"type\":\"domain\",\"attributes\":{}}}", WORD_UNKNOWN,
     false, 0, 0, 0, "no engine"},
    {"404 of a wrong address", VT_FILE, 404, "<html>Not Found</html>", WORD_ERROR, true, 0, 0, 0,
     "HTTP 404"},
    {"another file", VT_FILE, 200, VT("file", "00" SHA1, STATS(0, 0, 0, 70)), WORD_ERROR, false, 0,
     0, 0, "something else"},
    {"another kind", VT_FILE, 200, VT("domain", SHA256, STATS(0, 0, 0, 70)), WORD_ERROR, false, 0,
     0, 0, "something else"},
    {"another address", SERVICE_VIRUSTOTAL, INDICATOR_IP, "192.0.2.7", 3, 200,
     VT("ip_address", "192.0.2.8", STATS(0, 0, 60, 21)), WORD_ERROR, false, 0, 0, 0,
     "something else"},
    {"numbers that are none", VT_FILE, 200, VT("file", SHA256, "{\"malicious\":\"many\"}"),
     WORD_ERROR, false, 0, 0, 0, "without numbers"},
    {"negative numbers", VT_FILE, 200, VT("file", SHA256, STATS(-3, 0, 0, 70)), WORD_ERROR, false,
     0, 0, 0, "without numbers"},
    {"no data", VT_FILE, 200, "{}", WORD_ERROR, false, 0, 0, 0, "without numbers"},
    {"no JSON", VT_FILE, 200, "<html>log in</html>", WORD_ERROR, true, 0, 0, 0, "no JSON"},
    {"cut JSON", VT_FILE, 200, "{\"data\":{\"id\":", WORD_ERROR, true, 0, 0, 0, "no JSON"},
    {"an array", VT_FILE, 200, "[]", WORD_ERROR, true, 0, 0, 0, "no JSON"},
    {"nothing", VT_FILE, 200, "", WORD_ERROR, true, 0, 0, 0, "no JSON"},
    {"a wrong key", VT_FILE, 401, VT_ERROR("WrongCredentialsError"), WORD_REFUSED, false, 0, 0, 0,
     "HTTP 401"},
    {"a key that may not", VT_FILE, 403, VT_ERROR("ForbiddenError"), WORD_REFUSED, false, 0, 0, 0,
     "HTTP 403"},
    {"quota", VT_FILE, 429, VT_ERROR("QuotaExceededError"), WORD_LIMITED, false, 0, 0, 0,
     "HTTP 429"},
    {"a value it does not take", VT_FILE, 400, VT_ERROR("InvalidArgumentError"), WORD_ERROR, false,
     0, 0, 0, "does not take this value"},
    {"a bad request for whatever reason", VT_FILE, 400, "", WORD_ERROR, true, 0, 0, 0, "HTTP 400"},
    {"it fails", VT_FILE, 503, VT_ERROR("TransientError"), WORD_ERROR, true, 0, 0, 0, "HTTP 503"},
    {"an empty success", VT_FILE, 204, "", WORD_ERROR, true, 0, 0, 0, "HTTP 204"},
#define ABUSE_IP SERVICE_ABUSEIPDB, INDICATOR_IP, "192.0.2.7", 75
    {"a bad address", ABUSE_IP, 200, ABUSE("192.0.2.7", 100, 31, "false"), WORD_MALICIOUS, false,
     100, 100, 1789997600, "score 100 of 100 by 31 reports of 4 people"},
    {"a doubtful one", ABUSE_IP, 200, ABUSE("192.0.2.7", 25, 3, "null"), WORD_SUSPICIOUS, false, 25,
     100, 1789997600, "score 25"},
    {"one with few reports", ABUSE_IP, 200, ABUSE("192.0.2.7", 24, 2, "null"), WORD_HARMLESS, false,
     24, 100, 1789997600, "score 24"},
    {"one without", ABUSE_IP, 200, ABUSE("192.0.2.7", 0, 0, "false"), WORD_UNKNOWN, false, 0, 100,
     1789997600, "no reports"},
    {"one on its white list", ABUSE_IP, 200, ABUSE("192.0.2.7", 0, 7, "true"), WORD_KNOWN_GOOD,
     false, 0, 100, 1789997600, "harmless senders"},
    {"one on its white list with a bad score", ABUSE_IP, 200, ABUSE("192.0.2.7", 90, 7, "true"),
     WORD_MALICIOUS, false, 90, 100, 1789997600, "score 90"},
    {"an answer about another", ABUSE_IP, 200, ABUSE("192.0.2.8", 0, 0, "true"), WORD_ERROR, false,
     0, 0, 0, "another address"},
    {"a score that is none", ABUSE_IP, 200, ABUSE("192.0.2.7", 101, 0, "true"), WORD_ERROR, false,
     0, 0, 0, "without address or score"},
    {"no key", ABUSE_IP, 401,
     "{\"errors\":[{\"detail\":\"Authentication failed. s3cret\",\"status\":401}]}", WORD_REFUSED,
     false, 0, 0, 0, "HTTP 401"},
    {"too many", ABUSE_IP, 429, "{\"errors\":[{\"detail\":\"Daily rate limit\",\"status\":429}]}",
     WORD_LIMITED, false, 0, 0, 0, "HTTP 429"},
    {"a value it cannot use", ABUSE_IP, 422, "{\"errors\":[{\"detail\":\"x\",\"status\":422}]}",
     WORD_ERROR, false, 0, 0, 0, "does not take this value"},
    {"404 says nothing here", ABUSE_IP, 404, "{}", WORD_ERROR, true, 0, 0, 0, "HTTP 404"},
#define CIRCL_SHA1 SERVICE_CIRCL_HASHLOOKUP, INDICATOR_SHA1, SHA1, 1
    {"a trusted file", CIRCL_SHA1, 200, CIRCL(",\"hashlookup:trust\":100"), WORD_KNOWN_GOOD, false,
     0, 100, 0, "trusted 100 of 100"},
    {"a file of an older server", CIRCL_SHA1, 200, CIRCL(""), WORD_KNOWN_GOOD, false, 0, 100, 0,
     "trusted 50 of 100"},
    {"a file that is not trusted", CIRCL_SHA1, 200, CIRCL(",\"hashlookup:trust\":45"),
     WORD_SUSPICIOUS, false, 0, 100, 0, "trusted 45"},
    {"malware", CIRCL_SHA1, 200,
     CIRCL(",\"hashlookup:trust\":30,\"KnownMalicious\":\"some.example\""), WORD_MALICIOUS, false,
     1, 100, 0, "malicious"},
    {"an empty word of malice", CIRCL_SHA1, 200,
     CIRCL(",\"hashlookup:trust\":60,\"KnownMalicious\":\"\""), WORD_KNOWN_GOOD, false, 0, 100, 0,
     "trusted 60"},
    {"a trust that is none", CIRCL_SHA1, 200, CIRCL(",\"hashlookup:trust\":[]"), WORD_ERROR, false,
     0, 0, 0, "no number"},
    {"another file there", SERVICE_CIRCL_HASHLOOKUP, INDICATOR_MD5,
     "00000000000000000000000000000001", 1, 200, CIRCL(",\"hashlookup:trust\":100"), WORD_ERROR,
     false, 0, 0, 0, "another file"},
    {"no file", CIRCL_SHA1, 200, "{\"hashlookup:trust\":100}", WORD_ERROR, false, 0, 0, 0,
     "describes no file"},
    {"an unknown file", CIRCL_SHA1, 404,
     "{\"message\":\"Non existing SHA-1\",\"query\":\"" SHA1 "\"}", WORD_UNKNOWN, false, 0, 0, 0,
     "not part of"},
    {"404 of no service", CIRCL_SHA1, 404, "<html>", WORD_ERROR, true, 0, 0, 0, "HTTP 404"},
    {"no hash", CIRCL_SHA1, 400, "{\"message\":\"SHA-1 is not in hex format\"}", WORD_ERROR, false,
     0, 0, 0, "does not take this value"},
#define RISK SERVICE_WEB_RISK, INDICATOR_URL, "https://evil.example/a", 1
    {"phishing", RISK, 200,
     "{\"threat\":{\"threatTypes\":[\"SOCIAL_ENGINEERING\"],\"expireTime\":"
     "\"2026-09-21T13:33:20.045123456Z\"}}",
     WORD_MALICIOUS, false, 1, 1, 0, "phishing"},
    {"malware and what is not wanted", RISK, 200,
     "{\"threat\":{\"threatTypes\":[\"UNWANTED_SOFTWARE\",\"MALWARE\"]}}", WORD_MALICIOUS, false, 1,
     2, 0, "malware"},
    {"not wanted alone", RISK, 200, "{\"threat\":{\"threatTypes\":[\"UNWANTED_SOFTWARE\"]}}",
     WORD_SUSPICIOUS, false, 0, 1, 0, "unwanted"},
    {"a type of tomorrow", RISK, 200, "{\"threat\":{\"threatTypes\":[\"NEW\"]}}", WORD_MALICIOUS,
     false, 1, 1, 0, "another threat"},
    {"on no list", RISK, 200, "{}", WORD_UNKNOWN, false, 0, 0, 0, "none of its lists"},
    {"a threat without types", RISK, 200, "{\"threat\":{}}", WORD_ERROR, false, 0, 0, 0,
     "without types"},
    {"a key that is none", RISK, 400, GOOGLE(400, "INVALID_ARGUMENT", "API_KEY_INVALID"),
     WORD_REFUSED, false, 0, 0, 0, "HTTP 400"},
    {"a URI that is none", RISK, 400, GOOGLE(400, "INVALID_ARGUMENT", "BAD_URI"), WORD_ERROR, false,
     0, 0, 0, "does not take this value"},
    {"a service not switched on", RISK, 403, GOOGLE(403, "PERMISSION_DENIED", "SERVICE_DISABLED"),
     WORD_REFUSED, false, 0, 0, 0, "HTTP 403"},
    {"resources exhausted", RISK, 429, GOOGLE(429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED"),
     WORD_LIMITED, false, 0, 0, 0, "HTTP 429"},
};

static void check_answer(size_t i)
{
    struct indicator what = make(answers[i].kind, answers[i].value);
    const struct service_question q = {.service = answers[i].service, .what = &what};
    const struct service_answer a = {answers[i].status, str_from(answers[i].body)};
    struct service_word w = {.outcome = WORD_OUTCOME_COUNT};
    service_read(&q, answers[i].threshold, &a, &w);
    tap_cstr(word_outcome_name(w.outcome), word_outcome_name(answers[i].outcome));
    tap_int(w.service, q.service);
    tap_int(w.fails, answers[i].fails);
    tap_int(w.malicious, answers[i].malicious);
    tap_int(w.total, answers[i].total);
    tap_int(w.seen_s, answers[i].seen_s);
    if (!tap_ok(strstr(w.text, answers[i].tells) != NULL))
        tap_note("%s", w.text);
    tap_ok(strstr(w.text, "s3cret") == NULL); /* what it says of our key is not repeated */
}

/* Labels come from strangers: who made the file named what is in its report. */
static void test_labels(void)
{
    struct indicator what = make(INDICATOR_SHA256, SHA256);
    const struct service_question q = {.service = SERVICE_VIRUSTOTAL, .what = &what};
    struct service_answer a = {200, str_from(VT("file", SHA256, STATS(60, 1, 0, 9)))};
    struct service_word w;
    service_read(&q, 3, &a, &w);
    tap_cstr(w.label, "trojan.emotet/x");
    a.body = STR("{\"data\":{\"id\":\"" SHA256 "\",\"attributes\":{\"last_analysis_stats\":"
                 "{\"malicious\":9},\"names\":[\"a\\u0000b\"],\"popular_threat_classification\":"
                 "{\"suggested_threat_label\":\"a\\u0000\\u001b[2J\\u202eb\"}}}}");
    service_read(&q, 3, &a, &w);
    tap_cstr(word_outcome_name(w.outcome), "malicious");
    tap_cstr(w.label, "a\\x00\\x1b[2J\\u{202e}b");
}

/* Deep and long ones end, and are no word. */
static void test_hostile(void)
{
    enum { DEEP = 1 << 20 };
    char *body = arena_new(&arena, char, SERVICE_MAX_BODY_BYTES + 1);
    struct indicator what = make(INDICATOR_SHA256, SHA256);
    const struct service_question q = {.service = SERVICE_VIRUSTOTAL, .what = &what};
    struct service_word w;
    if (!tap_ok(body != NULL))
        return;
    memset(body, '[', SERVICE_MAX_BODY_BYTES + 1);
    service_read(&q, 3, &(struct service_answer){200, {body, DEEP}}, &w);
    tap_cstr(word_outcome_name(w.outcome), "error");
    memset(body, ' ', SERVICE_MAX_BODY_BYTES + 1);
    memcpy(body, "{}", 2);
    service_read(&q, 3, &(struct service_answer){200, {body, SERVICE_MAX_BODY_BYTES + 1}}, &w);
    tap_cstr(w.text, "an answer that is too long");
}

static void test_takes(void)
{
    for (int s = 0; s < SERVICE_COUNT; s++) {
        tap_ok(!service_takes((enum intel_service)s, INDICATOR_EMAIL));
        tap_ok(!service_takes((enum intel_service)s, INDICATOR_KIND_COUNT));
    }
    tap_ok(!service_takes(SERVICE_ABUSEIPDB, INDICATOR_DOMAIN));
    tap_ok(!service_takes(SERVICE_WEB_RISK, INDICATOR_DOMAIN));
    tap_ok(!service_takes(SERVICE_CIRCL_HASHLOOKUP, INDICATOR_IP));
    struct indicator what = make(INDICATOR_EMAIL, "bob@corp.example");
    struct service_question q = {.service = SERVICE_VIRUSTOTAL, .what = &what};
    tap_ok(service_value(&arena, &q).p == NULL);
    what = make(INDICATOR_IP, "192.0.2.0/24");
    tap_ok(service_value(&arena, &q).p == NULL);
}

static const struct {
    const char *text;
    int64_t unix_s;
} times[] = {
    {"2026-09-21T13:33:20Z", 1789997600},
    {"2026-09-21t13:33:20z", 1789997600},
    {"2026-09-21T15:33:20+02:00", 1789997600},
    {"2026-09-21T03:03:20.5-10:30", 1789997600},
    {"2026-09-21 13:33:20.123456Z", 1789997600},
    {"2026-09-21", 0},
    {"2026-09-21T13:33:20", 0},
    {"2026-13-21T13:33:20Z", 0},
    {"2026-09-21T13:33:20Zx", 0},
    {"1969-12-31T23:59:59Z", 0},
    {"2026-09-21T24:33:20Z", 0},
    {"", 0},
};

int main(void)
{
    arena_init(&arena, ARENA_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        tap_case("asking: %s", requests[i].label);
        check_request(i);
    }
    for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
        tap_case("what of a URL is told: %s", cuts[i].label);
        struct indicator what = make(INDICATOR_URL, cuts[i].url);
        const struct service_question q = {.service = SERVICE_WEB_RISK, .what = &what};
        tap_str(service_value(&arena, &q), str_from(cuts[i].value));
    }
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        tap_case("%s: %s", intel_service_title(answers[i].service), answers[i].label);
        check_answer(i);
    }
    tap_case("labels");
    test_labels();
    tap_case("deep and long answers");
    test_hostile();
    tap_case("kinds that are never asked");
    test_takes();
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        tap_case("time %s", times[i].text);
        tap_int(service_time(str_from(times[i].text)), times[i].unix_s);
    }
    arena_clear(&arena);
    return tap_done();
}
