/* Asking services at a server of our own: what comes back, what leaves the machine, who may be
 * asked when, and what is remembered. */
#include "services/ask_test_kit.h"

#include <unistd.h>

#define SHA256 "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
#define SHA1   "3395856ce81f2b7382dee72602f798b642f14140"
#define DOMAIN SERVICE_VIRUSTOTAL, INDICATOR_DOMAIN

/* ---- answers of each ---- */

static const struct {
    const char *label;
    enum intel_service service;
    enum indicator_kind kind;
    const char *value;
    struct kit_answer answer;
    enum word_outcome outcome;
    const char *tells, *head, *key; /* of the request */
    size_t second;                  /* connections after asking the same again */
} rows[] = {
    {"found",
     DOMAIN,
     "evil.example",
     {200, NULL, KIT_DOMAIN("evil.example", 9)},
     WORD_MALICIOUS,
     "9 of 89",
     "GET /v/domains/evil.example HTTP/1.1\r\n",
     "x-apikey: s3cret\r\n",
     1},
    {"unknown",
     DOMAIN,
     "new.example",
     {404, NULL, KIT_UNKNOWN},
     WORD_UNKNOWN,
     "no report",
     "GET /v/domains/new.example HTTP/1.1\r\n",
     "x-apikey: s3cret\r\n",
     1},
    {"not found for another reason",
     DOMAIN,
     "new.example",
     {404, NULL, "none"},
     WORD_ERROR,
     "HTTP 404",
     "GET /v/domains/new.example HTTP/1.1\r\n",
     "x-apikey: s3cret\r\n",
     1},
    {"a wrong key",
     DOMAIN,
     "a.example",
     {401, NULL, "{\"error\":{\"code\":\"WrongCredentialsError\",\"message\":\"s3cret\"}}"},
     WORD_REFUSED,
     "HTTP 401",
     "GET /v/domains/a.example HTTP/1.1\r\n",
     "x-apikey: s3cret\r\n",
     1},
    {"forbidden",
     DOMAIN,
     "a.example",
     {403, NULL, ""},
     WORD_REFUSED,
     "HTTP 403",
     "GET /v/domains/a.example HTTP/1.1\r\n",
     "x-apikey: s3cret\r\n",
     1},
    {"too often, with a time",
     DOMAIN,
     "a.example",
     {429, "Retry-After: 120\r\n", "{}"},
     WORD_LIMITED,
     "until 2026-09-04T00:02:00Z",
     "GET /v/domains/a.example HTTP/1.1\r\n",
     "x-apikey: s3cret\r\n",
     1},
    {"too often, without",
     DOMAIN,
     "a.example",
     {429, NULL, "{}"},
     WORD_LIMITED,
     "until 2026-09-04T00:01:00Z",
     "GET /v/domains/a.example HTTP/1.1\r\n",
     "x-apikey: s3cret\r\n",
     1},
    {"it fails",
     DOMAIN,
     "a.example",
     {500, NULL, "oops"},
     WORD_ERROR,
     "HTTP 500",
     "GET /v/domains/a.example HTTP/1.1\r\n",
     "x-apikey: s3cret\r\n",
     1},
    {"no JSON",
     DOMAIN,
     "a.example",
     {200, NULL, "<html>"},
     WORD_ERROR,
     "no JSON",
     "GET /v/domains/a.example HTTP/1.1\r\n",
     "x-apikey: s3cret\r\n",
     1},
    {"a redirect to a private address",
     DOMAIN,
     "a.example",
     {302, "Location: https://10.0.0.1/latest/meta-data\r\n", ""},
     WORD_ERROR,
     "redirect",
     "GET /v/domains/a.example HTTP/1.1\r\n",
     "x-apikey: s3cret\r\n",
     1},
    {"a redirect to another service",
     DOMAIN,
     "a.example",
     {307, "Location: https://other.example/\r\n", ""},
     WORD_ERROR,
     "redirect",
     "GET /v/domains/a.example HTTP/1.1\r\n",
     "x-apikey: s3cret\r\n",
     1},
    {"a file",
     SERVICE_VIRUSTOTAL,
     INDICATOR_SHA256,
     SHA256,
     {200, NULL,
      "{\"data\":{\"id\":\"" SHA256 "\",\"type\":\"file\",\"attributes\":{" KIT_STATS(0) "}}}"},
     WORD_HARMLESS,
     "0 of 80",
     "GET /v/files/" SHA256 " HTTP/1.1\r\n",
     "x-apikey: s3cret\r\n",
     1},
    {"an address at AbuseIPDB",
     SERVICE_ABUSEIPDB,
     INDICATOR_IP,
     "192.0.2.7",
     {200, "X-RateLimit-Limit: 1000\r\nX-RateLimit-Remaining: 999\r\n",
      "{\"data\":{\"ipAddress\":\"192.0.2.7\",\"abuseConfidenceScore\":100,\"totalReports\":8}}"},
     WORD_MALICIOUS,
     "score 100",
     "GET /v/check?maxAgeInDays=90&ipAddress=192.0.2.7 HTTP/1.1\r\n",
     "Key: s3cret\r\n",
     1},
    {"a file at CIRCL",
     SERVICE_CIRCL_HASHLOOKUP,
     INDICATOR_SHA1,
     SHA1,
     {200, NULL, "{\"FileName\":\"a.dll\",\"SHA-1\":\"" SHA1 "\",\"hashlookup:trust\":100}"},
     WORD_KNOWN_GOOD,
     "trusted 100",
     "GET /v/lookup/sha1/" SHA1 " HTTP/1.1\r\n",
     "Accept: application/json\r\n",
     1},
    {"a link at Web Risk",
     SERVICE_WEB_RISK,
     INDICATOR_URL,
     "https://evil.example/a?b",
     {200, NULL, "{\"threat\":{\"threatTypes\":[\"MALWARE\"]}}"},
     WORD_MALICIOUS,
     "malware",
     "GET /v/uris:search?threatTypes=MALWARE&threatTypes=SOCIAL_ENGINEERING"
     "&threatTypes=UNWANTED_SOFTWARE&uri=https%3A%2F%2Fevil.example%2Fa%3Fb HTTP/1.1\r\n",
     "X-Goog-Api-Key: s3cret\r\n",
     1},
};

static void check_row(size_t i)
{
    struct kit k;
    kit_begin(&k);
    k.options.send_urls = true;
    kit_serve(&k, &rows[i].answer, 1);
    kit_start(&k, NULL);
    struct service_word w = kit_ask(&k, rows[i].service, rows[i].kind, rows[i].value);
    kit_expect(&w, rows[i].outcome, rows[i].tells);
    tap_ok(!w.cached);
    w = kit_ask(&k, rows[i].service, rows[i].kind, rows[i].value); /* at once again */
    tap_cstr(word_outcome_name(w.outcome), word_outcome_name(rows[i].outcome));
    tap_int(kit_stop(&k), rows[i].second);
    struct str heard = script_log(k.server, 0)->received;
    tap_ok(str_starts(heard, str_from(rows[i].head)));
    tap_ok(str_search(heard, str_from(rows[i].key)) < heard.n);
    if (rows[i].service == SERVICE_CIRCL_HASHLOOKUP)
        tap_ok(str_search(heard, STR("s3cret")) == heard.n);
    kit_end(&k);
}

/* ---- servers that do not answer as they should ---- */

static void check_no_answer(struct kit *k, const char *tells)
{
    kit_start(k, NULL);
    struct service_word w = kit_ask(k, DOMAIN, "a.example");
    kit_expect(&w, WORD_ERROR, tells);
    kit_stop(k);
    kit_end(k);
}

static void test_slow(void)
{
    static const struct script_step stall[] = {SCRIPT_REQUEST, SCRIPT_STALL, SCRIPT_END};
    struct kit k;
    kit_begin(&k);
    k.options.timeout_ms = 100;
    kit_at(&k, script_play(stall));
    check_no_answer(&k, "no answer");
}

static void test_closes(void)
{
    static const struct script_step close[] = {SCRIPT_REQUEST, SCRIPT_CLOSE};
    struct kit k;
    kit_begin(&k);
    kit_at(&k, script_play(close));
    check_no_answer(&k, "no answer");
}

static void test_huge(void)
{
    static const struct script_step flood[] = {
        SCRIPT_REQUEST, SCRIPT_SAY("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"),
        SCRIPT_FLOOD("{\"a\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"},",
                     0),
        SCRIPT_END};
    struct service_status status;
    struct kit k;
    kit_begin(&k);
    kit_at(&k, script_play(flood));
    kit_start(&k, NULL);
    struct service_word w = kit_ask(&k, DOMAIN, "a.example");
    kit_expect(&w, WORD_ERROR, "no answer");
    services_status(k.services, SERVICE_VIRUSTOTAL, &status);
    tap_int(status.failures, 0); /* one report is too long, that is all */
    kit_stop(&k);
    kit_end(&k);
}

static const struct {
    const char *label;
    struct kit_tls_options tls;
    bool trusts;
    enum word_outcome outcome;
    const char *tells;
} certificates[] = {
    {"a good one", {.names = {"vt.test"}}, true, WORD_UNKNOWN, "no report"},
    {"one that nobody signed",
     {.names = {"vt.test"}, .self_signed = true},
     true,
     WORD_ERROR,
     "no answer"},
    {"of another name", {.names = {"other.test"}}, true, WORD_ERROR, "no answer"},
    {"an old one",
     {.names = {"vt.test"}, .starts_in_s = -7200, .ends_in_s = -3600},
     true,
     WORD_ERROR,
     "no answer"},
    {"of a CA that is not trusted", {.names = {"vt.test"}}, false, WORD_ERROR, "no answer"},
};

static void check_certificate(size_t i)
{
    static const struct kit_answer unknown = {404, NULL, KIT_UNKNOWN};
    struct kit_tls *tls = kit_tls_new(&certificates[i].tls);
    const struct script_step steps[] = {SCRIPT_TLS(tls), SCRIPT_REQUEST, KIT_SAY(&unknown),
                                        SCRIPT_END};
    struct kit k;
    kit_begin(&k);
    kit_at(&k, script_play(steps));
    snprintf(k.url, sizeof k.url, "https://vt.test:%u/v", script_port(k.server));
    k.config.services[SERVICE_VIRUSTOTAL].url = str_from(k.url);
    k.options.ca_file = certificates[i].trusts ? kit_ca_file() : NULL;
    k.options.resolve_host = STR("vt.test");
    ip_parse(STR("127.0.0.1"), &k.options.resolve_ip);
    kit_start(&k, NULL);
    struct service_word w = kit_ask(&k, DOMAIN, "a.example");
    kit_expect(&w, certificates[i].outcome, certificates[i].tells);
    kit_stop(&k);
    kit_end(&k);
    kit_tls_free(tls);
}

/* ---- what leaves the machine ---- */

static const struct {
    const char *label;
    enum intel_service service;
    enum indicator_kind kind;
    const char *value;
    bool send_urls;
    const char *tells; /* NULL: it is asked */
} privacy[] = {
    {"a domain", DOMAIN, "evil.example", false, NULL},
    {"a host", SERVICE_VIRUSTOTAL, INDICATOR_HOST, "a.evil.example", false, NULL},
    {"an own domain", DOMAIN, "corp.example", true, "own domains"},
    {"what is below an own domain", DOMAIN, "intranet.CORP.example", true, "own domains"},
    {"what only ends like it", DOMAIN, "notcorp.example", false, NULL},
    {"an own domain in letters of its own", SERVICE_VIRUSTOTAL, INDICATOR_HOST,
     "a.b\xc3\xbc"
     "cher.example",
     true, "own domains"},
    {"a name of an inner network", SERVICE_VIRUSTOTAL, INDICATOR_HOST, "printer.local", true,
     "inner network"},
    {"a reversed address", SERVICE_VIRUSTOTAL, INDICATOR_HOST, "1.0.168.192.in-addr.arpa", true,
     "inner network"},
    {"an address", SERVICE_ABUSEIPDB, INDICATOR_IP, "192.0.2.7", false, NULL},
    {"a private address", SERVICE_ABUSEIPDB, INDICATOR_IP, "192.168.1.2", true, "not public"},
    {"loopback", SERVICE_ABUSEIPDB, INDICATOR_IP, "127.0.0.1", true, "not public"},
    {"a private IPv6 address", SERVICE_VIRUSTOTAL, INDICATOR_IP, "fd00::1", true, "not public"},
    {"a range", SERVICE_ABUSEIPDB, INDICATOR_IP, "192.0.2.0/24", true, "range"},
    {"an e-mail address", SERVICE_VIRUSTOTAL, INDICATOR_EMAIL, "bob@evil.example", true,
     "no words for this kind"},
    {"a link", SERVICE_VIRUSTOTAL, INDICATOR_URL, "https://evil.example/a", false,
     "whole URLs are not sent"},
    {"a link where it may", SERVICE_VIRUSTOTAL, INDICATOR_URL, "https://evil.example/a", true,
     NULL},
    {"a link at Web Risk", SERVICE_WEB_RISK, INDICATOR_URL, "https://evil.example/a", false,
     "whole URLs are not sent"},
    {"a link to an own host", SERVICE_WEB_RISK, INDICATOR_URL, "https://www.corp.example:8443/a",
     true, "own domains"},
    {"a link to a private address", SERVICE_WEB_RISK, INDICATOR_URL, "https://10.0.0.1/a", true,
     "not public"},
    {"a link to a private IPv6 address", SERVICE_WEB_RISK, INDICATOR_URL, "https://[fd00::1]:81/a",
     true, "not public"},
    {"a domain at AbuseIPDB", SERVICE_ABUSEIPDB, INDICATOR_DOMAIN, "evil.example", true,
     "no words for this kind"},
    {"a file", SERVICE_CIRCL_HASHLOOKUP, INDICATOR_SHA256, SHA256, false, NULL},
};

static void check_privacy(size_t i)
{
    static const struct kit_answer fails = {500, NULL, ""};
    static const struct str own[] = {STR_INIT("Corp.Example."), STR_INIT("b\xc3\xbc"
                                                                         "cher.example")};
    const char *why = NULL;
    struct kit k;
    kit_begin(&k);
    k.options.send_urls = privacy[i].send_urls;
    k.options.own_domains = own;
    k.options.n_own_domains = ARRAY_LEN(own);
    kit_serve(&k, &fails, 1);
    kit_start(&k, NULL);
    struct indicator what = kit_indicator(&k, privacy[i].kind, privacy[i].value);
    const struct service_question q = {.service = privacy[i].service, .what = &what};
    struct service_word w = kit_ask(&k, privacy[i].service, privacy[i].kind, privacy[i].value);
    tap_int(services_would_ask(k.services, &q, &why), privacy[i].tells == NULL);
    if (privacy[i].tells != NULL) {
        kit_expect(&w, WORD_NOT_ASKED, privacy[i].tells);
        tap_ok(why != NULL && strstr(why, privacy[i].tells) != NULL);
    } else {
        kit_expect(&w, WORD_ERROR, "HTTP 500");
    }
    tap_int(kit_stop(&k), privacy[i].tells == NULL ? 1 : 0);
    kit_end(&k);
}

/* ---- keys and switches ---- */

static void check_off(const char *key, bool enabled, enum word_outcome outcome, const char *tells)
{
    static const struct kit_answer fails = {500, NULL, ""};
    struct service_status status;
    struct finding_list findings = {0};
    struct kit k;
    kit_begin(&k);
    k.key = key;
    for (int i = 0; i < SERVICE_COUNT; i++)
        k.config.services[i].enabled = enabled;
    kit_serve(&k, &fails, 1);
    kit_start(&k, NULL);
    struct service_word w = kit_ask(&k, DOMAIN, "a.example");
    kit_expect(&w, outcome, tells);
    tap_ok(services_status(k.services, SERVICE_VIRUSTOTAL, &status));
    tap_int(status.enabled, enabled);
    tap_ok(!status.is_on && status.needs_key && !status.has_key);
    tap_ok(strstr(status.why, tells) != NULL || !enabled);
    finding_list_init(&findings, &k.arena);
    service_status_findings(&status, &findings);
    tap_int(finding_has(&findings, FINDING_INTEL_FEED_KEY), enabled);
    tap_int(kit_stop(&k), 0);
    kit_end(&k);
}

static void test_off(void)
{
    check_off(NULL, true, WORD_REFUSED, "it has no key: TEST_KEY is not in the environment");
    check_off("", true, WORD_REFUSED, "it has no key");
    check_off(" \n", true, WORD_REFUSED, "it has no key");
    check_off("two\r\nX-Evil: lines", true, WORD_REFUSED, "characters");
    check_off("two words", true, WORD_REFUSED, "characters");
    check_off("s3cret", false, WORD_NOT_ASKED, "not enabled");
}

static void test_key_of_a_file(void)
{
    static const struct kit_answer unknown = {404, NULL, KIT_UNKNOWN};
    struct kit k;
    kit_begin(&k);
    k.key = " s3cret\r\n"; /* blanks around it are of the file */
    kit_serve(&k, &unknown, 1);
    kit_start(&k, NULL);
    struct service_word w = kit_ask(&k, DOMAIN, "a.example");
    kit_expect(&w, WORD_UNKNOWN, "");
    kit_stop(&k);
    struct str heard = script_log(k.server, 0)->received;
    tap_ok(str_search(heard, STR("x-apikey: s3cret\r\n")) < heard.n);
    kit_end(&k);
}

/* Off for this run, not for the next. */
static void test_refused(void)
{
    static const struct kit_answer answers[] = {{401, NULL, "{}"}, {404, NULL, KIT_UNKNOWN}};
    struct service_status status;
    struct finding_list findings = {0};
    struct kit k;
    kit_begin(&k);
    kit_serve(&k, answers, ARRAY_LEN(answers));
    kit_start(&k, NULL);
    struct service_word w = kit_ask(&k, DOMAIN, "a.example");
    kit_expect(&w, WORD_REFUSED, "HTTP 401");
    kit_pass(&k, 1000000);
    w = kit_ask(&k, DOMAIN, "b.example");
    kit_expect(&w, WORD_REFUSED, "HTTP 401");
    services_status(k.services, SERVICE_VIRUSTOTAL, &status);
    tap_ok(status.has_key && !status.is_on && strstr(status.why, "HTTP 401") != NULL);
    finding_list_init(&findings, &k.arena);
    service_status_findings(&status, &findings);
    tap_ok(finding_has(&findings, FINDING_INTEL_FEED_KEY));
    services_free(k.services);
    kit_start(&k, NULL);
    w = kit_ask(&k, DOMAIN, "b.example");
    kit_expect(&w, WORD_UNKNOWN, "");
    tap_int(kit_stop(&k), 2);
    kit_end(&k);
}

/* ---- limits ---- */

static const struct kit_answer none_known[] = {{404, NULL, KIT_UNKNOWN}};

static struct service_word ask_number(struct kit *k, unsigned i, bool is_grave)
{
    char name[32];
    snprintf(name, sizeof name, "d%u.example", i);
    struct indicator what = kit_indicator(k, INDICATOR_DOMAIN, name);
    struct services_ask ask = {.question = {.service = SERVICE_VIRUSTOTAL, .what = &what},
                               .is_grave = is_grave};
    tap_int(services_one(k->services, &ask, clock_mono_us() + KIT_LONG_US, NULL), MP_OK);
    return ask.word;
}

static void expect_number(struct kit *k, unsigned i, bool is_grave, enum word_outcome outcome,
                          const char *tells)
{
    struct service_word w = ask_number(k, i, is_grave);
    kit_expect(&w, outcome, tells);
}

static void test_minute(void)
{
    struct kit k;
    kit_begin(&k);
    k.config.services[SERVICE_VIRUSTOTAL].per_minute = 4;
    kit_serve(&k, none_known, 1);
    kit_start(&k, NULL);
    for (unsigned i = 0; i < 4; i++)
        expect_number(&k, i, false, WORD_UNKNOWN, "");
    expect_number(&k, 4, false, WORD_LIMITED,
                  "the questions of this minute are used up until 2026-09-04T00:01:00Z");
    expect_number(&k, 0, false, WORD_UNKNOWN, ""); /* what is known costs nothing */
    kit_pass(&k, 60);
    expect_number(&k, 4, false, WORD_UNKNOWN, "");
    tap_int(kit_stop(&k), 5);
    kit_end(&k);
}

static void test_reserve(void)
{
    struct service_status status;
    struct finding_list findings = {0};
    struct kit k;
    kit_begin(&k);
    k.config.services[SERVICE_VIRUSTOTAL].per_day = 5;
    k.config.services[SERVICE_VIRUSTOTAL].reserve_percent = 40;
    kit_serve(&k, none_known, 1);
    kit_start(&k, NULL);
    for (unsigned i = 0; i < 3; i++)
        expect_number(&k, i, false, WORD_UNKNOWN, "");
    expect_number(&k, 3, false, WORD_LIMITED, "kept for graver mail until 2026-09-05T00:00:00Z");
    expect_number(&k, 3, true, WORD_UNKNOWN, "");
    services_status(k.services, SERVICE_VIRUSTOTAL, &status);
    tap_int(status.used_today, 4);
    tap_int(status.left_today, 1);
    tap_int(status.left_for_any, 0);
    expect_number(&k, 4, true, WORD_UNKNOWN, "");
    expect_number(&k, 5, true, WORD_LIMITED, "of this day are used up");
    services_status(k.services, SERVICE_VIRUSTOTAL, &status);
    tap_ok(strstr(status.why, "used up") != NULL);
    tap_int(status.paused_until_s, k.wall_s + 86400);
    finding_list_init(&findings, &k.arena);
    service_status_findings(&status, &findings);
    tap_ok(finding_has(&findings, FINDING_INTEL_QUOTA));
    kit_pass(&k, 86400);
    expect_number(&k, 5, false, WORD_UNKNOWN, "");
    tap_int(kit_stop(&k), 6);
    kit_end(&k);
}

static void test_rates(void)
{
    static const struct kit_answer told[] = {
        {404, "X-RateLimit-Limit: 1000\r\nX-RateLimit-Remaining: 1\r\n", KIT_UNKNOWN},
        {404, "X-RateLimit-Limit: 1000\r\nX-RateLimit-Remaining: 0\r\n", KIT_UNKNOWN},
    };
    struct service_status status;
    struct kit k;
    kit_begin(&k);
    k.config.services[SERVICE_VIRUSTOTAL].per_day = 500;
    kit_serve(&k, told, ARRAY_LEN(told));
    kit_start(&k, NULL);
    expect_number(&k, 0, false, WORD_UNKNOWN, "");
    services_status(k.services, SERVICE_VIRUSTOTAL, &status);
    tap_int(status.left_today, 1);
    expect_number(&k, 1, false, WORD_UNKNOWN, "");
    expect_number(&k, 2, false, WORD_LIMITED, "of this day");
    tap_int(kit_stop(&k), 2);
    kit_end(&k);
}

static void test_paused(void)
{
    static const struct kit_answer answers[] = {{429, "Retry-After: 120\r\n", "{}"},
                                                {404, NULL, KIT_UNKNOWN}};
    struct kit k;
    kit_begin(&k);
    kit_serve(&k, answers, ARRAY_LEN(answers));
    kit_start(&k, NULL);
    expect_number(&k, 0, true, WORD_LIMITED, "429");
    kit_pass(&k, 119);
    expect_number(&k, 0, true, WORD_LIMITED, "until 2026-09-04T00:02:00Z");
    kit_pass(&k, 1);
    expect_number(&k, 0, false, WORD_UNKNOWN, "");
    tap_int(kit_stop(&k), 2);
    kit_end(&k);
}

/* Five failures in a row; then one alone tries; others wait for what it finds. */
static void test_breaker(void)
{
    static const struct kit_answer answers[] = {
        {500, NULL, ""}, {502, NULL, ""}, {503, NULL, ""},          {200, NULL, "<html>"},
        {504, NULL, ""}, {500, NULL, ""}, {404, NULL, KIT_UNKNOWN},
    };
    struct service_status status;
    struct finding_list findings = {0};
    struct kit k;
    kit_begin(&k);
    kit_serve(&k, answers, ARRAY_LEN(answers));
    kit_start(&k, NULL);
    for (unsigned i = 0; i < 4; i++) {
        expect_number(&k, i, false, WORD_ERROR, i == 3 ? "no JSON" : "HTTP 50");
        expect_number(&k, 100 + i, false, WORD_ERROR, "it failed, and is not asked until");
        kit_pass(&k, 10);
    }
    expect_number(&k, 4, false, WORD_ERROR, "HTTP 504");
    expect_number(&k, 104, false, WORD_ERROR, "it failed again and again, and is not asked");
    services_status(k.services, SERVICE_VIRUSTOTAL, &status);
    tap_int(status.failures, 5);
    tap_ok(status.paused_until_s > k.wall_s && status.is_on);
    finding_list_init(&findings, &k.arena);
    service_status_findings(&status, &findings);
    tap_ok(finding_has(&findings, FINDING_INTEL_UNAVAILABLE));
    kit_pass(&k, 16);
    expect_number(&k, 5, false, WORD_ERROR, "HTTP 500"); /* the probe */
    expect_number(&k, 105, false, WORD_ERROR, "not asked");
    kit_pass(&k, 32);
    expect_number(&k, 6, false, WORD_UNKNOWN, "");
    expect_number(&k, 7, false, WORD_UNKNOWN, "");
    services_status(k.services, SERVICE_VIRUSTOTAL, &status);
    tap_int(status.failures, 0);
    tap_cstr(status.why, "");
    tap_int(kit_stop(&k), 8);
    kit_end(&k);
}

/* Who writes domains that a service chokes on does not turn it off for everybody. */
static void test_no_breaker(void)
{
    static const struct kit_answer odd[] = {
        {400, NULL, "{\"error\":{\"code\":\"InvalidArgumentError\",\"message\":\"x\"}}"},
        {200, NULL, "{\"data\":{\"id\":\"x.example\",\"type\":\"domain\",\"attributes\":{}}}"},
        {200, NULL, "{}"},
        {200, NULL, "{\"data\":[]}"},
        {404, NULL, KIT_UNKNOWN},
    };
    struct service_status status;
    struct kit k;
    kit_begin(&k);
    kit_serve(&k, odd, ARRAY_LEN(odd));
    kit_start(&k, NULL);
    for (unsigned i = 0; i < 4; i++)
        expect_number(&k, i, false, WORD_ERROR, "");
    services_status(k.services, SERVICE_VIRUSTOTAL, &status);
    tap_int(status.failures, 0);
    expect_number(&k, 4, false, WORD_UNKNOWN, "");
    tap_int(kit_stop(&k), 5);
    kit_end(&k);
}

/* What waits in line behind an answer that shuts the service is not asked any more. */
static void test_behind(void)
{
    static const struct {
        struct kit_answer first;
        enum word_outcome outcome;
        const char *tells;
    } shuts[] = {{{401, NULL, "{}"}, WORD_REFUSED, "HTTP 401"},
                 {{429, NULL, "{}"}, WORD_LIMITED, "429"},
                 {{500, NULL, ""}, WORD_ERROR, "it failed"}};
    enum { BEHIND = 5 };
    for (size_t i = 0; i < ARRAY_LEN(shuts); i++) {
        struct services_ask asks[BEHIND];
        struct indicator what[BEHIND];
        struct service_status status;
        struct kit k;
        kit_begin(&k);
        k.options.threads = 1;
        k.config.services[SERVICE_VIRUSTOTAL].per_day = 100;
        kit_serve(&k, &shuts[i].first, 1);
        kit_start(&k, NULL);
        for (size_t n = 0; n < BEHIND; n++) {
            char name[32];
            snprintf(name, sizeof name, "d%zu.example", n);
            what[n] = kit_indicator(&k, INDICATOR_DOMAIN, name);
            asks[n] = (struct services_ask){
                .question = {.service = SERVICE_VIRUSTOTAL, .what = &what[n]}};
        }
        tap_int(services_fill(k.services, asks, BEHIND, clock_mono_us() + KIT_LONG_US, NULL),
                MP_OK);
        for (size_t n = 1; n < BEHIND; n++)
            kit_expect(&asks[n].word, shuts[i].outcome, shuts[i].tells);
        services_status(k.services, SERVICE_VIRUSTOTAL, &status);
        tap_int(status.used_today, 1);
        tap_int(kit_stop(&k), 1);
        kit_end(&k);
    }
}

/* ---- what is remembered ---- */

static void test_lives(void)
{
    static const struct kit_answer answers[] = {
        {200, NULL, KIT_DOMAIN("d0.example", 9)},
        {404, NULL, KIT_UNKNOWN},
        {200, NULL, "{}"},
        {200, NULL, KIT_DOMAIN("d0.example", 0)},
    };
    struct kit k;
    kit_begin(&k);
    kit_serve(&k, answers, ARRAY_LEN(answers));
    kit_start(&k, NULL);
    struct service_word w = ask_number(&k, 0, false);
    kit_expect(&w, WORD_MALICIOUS, "9 of 89");
    tap_int(w.asked_s, k.wall_s);
    kit_pass(&k, 3599);
    w = ask_number(&k, 0, false);
    tap_ok(w.cached && w.outcome == WORD_MALICIOUS && w.asked_s == k.wall_s - 3599);
    kit_pass(&k, 1);
    expect_number(&k, 0, false, WORD_UNKNOWN, "");
    kit_pass(&k, 599);
    expect_number(&k, 0, false, WORD_UNKNOWN, "");
    kit_pass(&k, 1);
    expect_number(&k, 0, false, WORD_ERROR, "");
    kit_pass(&k, 59);
    expect_number(&k, 0, false, WORD_ERROR, "");
    kit_pass(&k, 1);
    expect_number(&k, 0, false, WORD_HARMLESS, "");
    tap_int(kit_stop(&k), 4);
    kit_end(&k);
}

/* Google says until when its word may be kept. */
static void test_expire_time(void)
{
    static const struct kit_answer answers[] = {
        {200, NULL,
         "{\"threat\":{\"threatTypes\":[\"MALWARE\"],\"expireTime\":\"2026-09-04T00:05:00Z\"}}"},
        {200, NULL, "{}"}};
    static const char url[] = "https://evil.example/a";
    struct kit k;
    kit_begin(&k);
    k.options.send_urls = true;
    kit_serve(&k, answers, ARRAY_LEN(answers));
    kit_start(&k, NULL);
    struct service_word w = kit_ask(&k, SERVICE_WEB_RISK, INDICATOR_URL, url);
    kit_expect(&w, WORD_MALICIOUS, "");
    kit_pass(&k, 299);
    w = kit_ask(&k, SERVICE_WEB_RISK, INDICATOR_URL, url);
    tap_ok(w.cached && w.outcome == WORD_MALICIOUS);
    kit_pass(&k, 1);
    w = kit_ask(&k, SERVICE_WEB_RISK, INDICATOR_URL, url);
    kit_expect(&w, WORD_UNKNOWN, "");
    kit_stop(&k);
    kit_end(&k);
}

/* Answers, counts and pauses hold in the next run; the key is in no file. */
static void test_restart(void)
{
    static const struct kit_answer answers[] = {{404, NULL, KIT_UNKNOWN},
                                                {404, NULL, KIT_UNKNOWN},
                                                {429, "Retry-After: 120\r\n", "{}"},
                                                {404, NULL, KIT_UNKNOWN}};
    char dir[] = "/tmp/mailproof-ask-XXXXXX", path[64];
    struct service_cache *cache = NULL;
    struct kit k;
    if (mkdtemp(dir) == NULL)
        abort();
    snprintf(path, sizeof path, "%s/services.db", dir);
    kit_begin(&k);
    k.config.services[SERVICE_VIRUSTOTAL].per_day = 4;
    kit_serve(&k, answers, ARRAY_LEN(answers));
    for (unsigned run = 0; run < 3; run++) {
        tap_int(service_cache_open(dir, 0, &cache, NULL), MP_OK);
        kit_start(&k, cache);
        if (run > 0)
            expect_number(&k, 0, false, WORD_UNKNOWN, "");
        expect_number(&k, run, false, run < 2 ? WORD_UNKNOWN : WORD_LIMITED, "");
        services_free(k.services);
        service_cache_close(cache);
    }
    tap_int(service_cache_open(dir, 0, &cache, NULL), MP_OK);
    kit_start(&k, cache);
    expect_number(&k, 9, false, WORD_LIMITED, "until 2026-09-04T00:02:00Z");
    services_free(k.services);
    kit_pass(&k, 120);
    kit_start(&k, cache);
    expect_number(&k, 9, false, WORD_UNKNOWN, "");
    expect_number(&k, 10, false, WORD_LIMITED, "of this day");
    tap_int(kit_stop(&k), 4);
    service_cache_close(cache);
    struct str file = tap_read_file(path);
    tap_ok(file.n != 0 && str_search(file, STR("s3cret")) == file.n);
    unlink(path);
    tap_int(rmdir(dir), 0);
    kit_end(&k);
}

/* ---- odds and ends ---- */

static void test_wrong_address(void)
{
    static const char *const urls[] = {"ftp://x.example/", "http://vt.example/v", "https:///v",
                                       "http://10.0.0.1/v"};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct kit k;
        kit_begin(&k);
        kit_serve(&k, none_known, 1);
        k.config.services[SERVICE_VIRUSTOTAL].url = str_from(urls[i]);
        kit_start(&k, NULL);
        struct service_word w = kit_ask(&k, DOMAIN, "a.example");
        kit_expect(&w, WORD_ERROR, "");
        tap_int(kit_stop(&k), 0);
        kit_end(&k);
    }
}

static void test_status(void)
{
    struct service_status status;
    struct kit k;
    kit_begin(&k);
    k.config.services[SERVICE_VIRUSTOTAL].per_minute = 4;
    kit_serve(&k, none_known, 1);
    kit_start(&k, NULL);
    expect_number(&k, 0, false, WORD_UNKNOWN, "");
    expect_number(&k, 0, false, WORD_UNKNOWN, "");
    tap_ok(!services_status(k.services, SERVICE_COUNT, &status));
    tap_ok(services_status(k.services, SERVICE_VIRUSTOTAL, &status));
    tap_cstr(status.name, "virustotal");
    tap_cstr(status.title, "VirusTotal");
    tap_ok(status.enabled && status.needs_key && status.has_key && status.is_on);
    tap_int(status.per_minute, 4);
    tap_int(status.asked, 1);
    tap_int(status.from_cache, 1);
    tap_int(status.used_today, 1);
    tap_int(status.left_today, -1);
    tap_int(status.paused_until_s, 0);
    tap_cstr(status.why, "");
    tap_ok(services_status(k.services, SERVICE_CIRCL_HASHLOOKUP, &status));
    tap_ok(status.is_on && !status.needs_key);
    tap_ok(services_status(k.services, SERVICE_WEB_RISK, &status));
    tap_ok(status.sends_urls_only && strstr(status.why, "URLs are not sent") != NULL);
    kit_stop(&k);
    kit_end(&k);
}

static void test_bad_own(void)
{
    static const struct str own[] = {STR_INIT("no domain")};
    struct services *s = NULL;
    struct kit k;
    kit_begin(&k);
    k.options.own_domains = own;
    k.options.n_own_domains = 1;
    tap_int(services_new(&k.config, kit_secret, &k, NULL, &k.options, &s, NULL), MP_E_USAGE);
    tap_ok(s == NULL);
    services_free(NULL);
    kit_end(&k);
}

static const struct {
    const char *label;
    void (*run)(void);
} others[] = {
    {"a slow server", test_slow},
    {"one that closes", test_closes},
    {"an answer without end", test_huge},
    {"services that are off", test_off},
    {"a key from a file", test_key_of_a_file},
    {"a key that is refused", test_refused},
    {"the questions of a minute", test_minute},
    {"the questions of a day, and the reserve", test_reserve},
    {"what the server tells of its limits", test_rates},
    {"a pause", test_paused},
    {"the circuit breaker", test_breaker},
    {"waiting behind an answer that shuts it", test_behind},
    {"odd questions break no circuit", test_no_breaker},
    {"how long answers live", test_lives},
    {"an answer that says how long it lives", test_expire_time},
    {"the next run", test_restart},
    {"addresses that are none", test_wrong_address},
    {"the status", test_status},
    {"an own domain that is none", test_bad_own},
};

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("%s", rows[i].label);
        check_row(i);
    }
    for (size_t i = 0; i < ARRAY_LEN(certificates); i++) {
        tap_case("certificate: %s", certificates[i].label);
        check_certificate(i);
    }
    for (size_t i = 0; i < ARRAY_LEN(privacy); i++) {
        tap_case("what leaves the machine: %s", privacy[i].label);
        check_privacy(i);
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        tap_case("%s", others[i].label);
        others[i].run();
    }
    return tap_done();
}
