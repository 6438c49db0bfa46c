/* Words of services: their names, their texts, and the findings they become. */
#include "intel/service_word.h"

#include "tests/tap.h"

enum { ARENA_BYTES = 1 << 20 };

static struct arena arena;

static void make(struct indicator *out, enum indicator_kind kind, const char *text)
{
    struct mp_err err = {0};
    *out = (struct indicator){.kind = kind};
    if (!tap_int(indicator_read(&arena, kind, str_from(text), out, &err), MP_OK))
        tap_note("%s", err.text);
}

#define SHA256 "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"

static const struct {
    const char *label;
    struct service_word word;
    enum indicator_kind kind;
    const char *value;
    enum finding_id id; /* FINDING_COUNT: none */
    enum severity severity;
    const char *evidence;
} rows[] = {
    {"a file that many call malicious",
     {SERVICE_VIRUSTOTAL, WORD_MALICIOUS, 60, 0, 0, 70, .seen_s = 1790000000,
      .label = "trojan.emotet", .text = "60 of 70 engines call it malicious"},
     INDICATOR_SHA256,
     SHA256,
     FINDING_INTEL_SERVICE,
     SEV_HIGH,
     "VirusTotal: 60 of 70 engines call it malicious (trojan.emotet), as of 2026-09-21: " SHA256},
    {"a file that few call malicious",
     {SERVICE_VIRUSTOTAL, WORD_SUSPICIOUS, 2, 0, 0, 70, .text = "2 of 70 engines"},
     INDICATOR_SHA256,
     SHA256,
     FINDING_INTEL_SERVICE,
     SEV_MEDIUM,
     "VirusTotal: 2 of 70 engines: " SHA256},
    {"a domain",
     {SERVICE_VIRUSTOTAL, WORD_MALICIOUS, 9, 0, 0, 90, .text = "9 of 90 engines"},
     INDICATOR_DOMAIN,
     "Evil.Example",
     FINDING_INTEL_SERVICE,
     SEV_HIGH,
     "VirusTotal: 9 of 90 engines: evil.example"},
    {"an address is less grave",
     {SERVICE_ABUSEIPDB, WORD_MALICIOUS, 100, 0, 0, 100, .text = "score 100 of 100"},
     INDICATOR_IP,
     "192.0.2.7",
     FINDING_INTEL_SERVICE,
     SEV_MEDIUM,
     "AbuseIPDB: score 100 of 100: 192.0.2.7"},
    {"and one with few reports less still",
     {SERVICE_ABUSEIPDB, WORD_SUSPICIOUS, 30, 0, 0, 100, .text = "score 30 of 100"},
     INDICATOR_IP,
     "192.0.2.7",
     FINDING_INTEL_SERVICE,
     SEV_LOW,
     "AbuseIPDB: score 30 of 100: 192.0.2.7"},
    {"a link",
     {SERVICE_WEB_RISK, WORD_MALICIOUS, 1, 0, 0, 1, .text = "on Google's list of phishing"},
     INDICATOR_URL,
     "https://evil.example/a?b",
     FINDING_INTEL_SERVICE,
     SEV_HIGH,
     "Google Web Risk: on Google's list of phishing: evil.example/a?b"},
    {"a known file",
     {SERVICE_CIRCL_HASHLOOKUP, WORD_KNOWN_GOOD, 0, 0, 100, 100, .label = "Office 2016",
      .text = "trusted 100 of 100"},
     INDICATOR_MD5,
     "44d88612fea8a8f36de82e1278abb02f",
     FINDING_INTEL_KNOWN_GOOD,
     SEV_INFO,
     "CIRCL hashlookup: trusted 100 of 100 (Office 2016): 44d88612fea8a8f36de82e1278abb02f"},
    {"no key",
     {SERVICE_VIRUSTOTAL, WORD_REFUSED, .text = "it has no key"},
     INDICATOR_DOMAIN,
     "a.example",
     FINDING_INTEL_UNAVAILABLE,
     SEV_INFO,
     "VirusTotal: it has no key"},
    {"asked too often",
     {SERVICE_ABUSEIPDB, WORD_LIMITED, .text = "until tomorrow"},
     INDICATOR_IP,
     "192.0.2.7",
     FINDING_INTEL_UNAVAILABLE,
     SEV_INFO,
     "AbuseIPDB: until tomorrow"},
    {"no answer",
     {SERVICE_ABUSEIPDB, WORD_ERROR},
     INDICATOR_IP,
     "192.0.2.7",
     FINDING_INTEL_UNAVAILABLE,
     SEV_INFO,
     "AbuseIPDB: error"},
    {"harmless is no finding",
     {SERVICE_VIRUSTOTAL, WORD_HARMLESS, 1, 0, 60, 70, .text = "1 of 70"},
     INDICATOR_DOMAIN,
     "a.example",
     FINDING_COUNT,
     SEV_INFO,
     ""},
    {"unknown is no finding",
     {SERVICE_VIRUSTOTAL, WORD_UNKNOWN, .text = "it has no report"},
     INDICATOR_DOMAIN,
     "a.example",
     FINDING_COUNT,
     SEV_INFO,
     ""},
    {"what is not asked is no finding",
     {SERVICE_VIRUSTOTAL, WORD_NOT_ASKED, .text = "one of our own domains"},
     INDICATOR_DOMAIN,
     "a.example",
     FINDING_COUNT,
     SEV_INFO,
     ""},
};

static void check_row(size_t i)
{
    struct finding_list list = {0};
    struct indicator what;
    const struct finding_where where = {.part = STR_INIT("1.2")};
    finding_list_init(&list, &arena);
    make(&what, rows[i].kind, rows[i].value);
    service_findings(&rows[i].word, &what, where, &list);
    tap_int(word_is_missing(&rows[i].word), rows[i].id == FINDING_INTEL_UNAVAILABLE);
    if (rows[i].id == FINDING_COUNT) {
        tap_int(list.n, 0);
    } else if (tap_int(list.n, 1)) {
        tap_str(finding_kind(list.items[0].id)->name, finding_kind(rows[i].id)->name);
        tap_cstr(severity_name(list.items[0].severity), severity_name(rows[i].severity));
        tap_str(list.items[0].evidence, str_from(rows[i].evidence));
        tap_str(list.items[0].where.part,
                rows[i].id == FINDING_INTEL_UNAVAILABLE ? STR("") : STR("1.2"));
    }
}

/* However many files it was to be asked about, each reason stands once. */
static void test_missing_once(void)
{
    struct finding_list list = {0};
    struct indicator what;
    struct service_word word = {.service = SERVICE_VIRUSTOTAL, .outcome = WORD_ERROR};
    finding_list_init(&list, &arena);
    make(&what, INDICATOR_DOMAIN, "a.example");
    finding_add(&list, FINDING_INTEL_UNAVAILABLE, NOWHERE, "the local store");
    for (int i = 0; i < 20; i++) {
        word_text(&word, "no answer");
        service_findings(&word, &what, NOWHERE, &list);
    }
    tap_int(list.n, 2);
    tap_int(list.dropped, 0);
    word_text(&word, "another reason");
    service_findings(&word, &what, NOWHERE, &list);
    word.service = SERVICE_ABUSEIPDB;
    service_findings(&word, &what, NOWHERE, &list);
    tap_int(list.n, 4);
}

/* The same domain in many links is told once, another one too. */
static void test_word_once(void)
{
    struct finding_list list = {0};
    struct indicator what;
    const struct service_word word = {.service = SERVICE_VIRUSTOTAL,
                                      .outcome = WORD_MALICIOUS,
                                      .seen_s = INT64_MAX, /* no time */
                                      .text = "9 of 90 engines"};
    finding_list_init(&list, &arena);
    make(&what, INDICATOR_DOMAIN, "a.example");
    for (int i = 0; i < 20; i++)
        service_findings(&word, &what, NOWHERE, &list);
    make(&what, INDICATOR_DOMAIN, "b.example");
    service_findings(&word, &what, NOWHERE, &list);
    if (tap_int(list.n, 2))
        tap_str(list.items[1].evidence, STR("VirusTotal: 9 of 90 engines: b.example"));
    tap_int(list.dropped, 0);
}

static void test_texts(void)
{
    struct service_word w = {.outcome = WORD_ERROR};
    char longer[1000];
    memset(longer, 'x', sizeof longer);
    word_label(&w, str_make(longer, sizeof longer));
    tap_ok(strlen(w.label) < sizeof w.label && w.label[0] == 'x');
    word_label(&w, STR("a\x1b[31m\0b\xff"));
    tap_ok(strchr(w.label, 0x1b) == NULL && strstr(w.label, "b") != NULL);
    word_text(&w, "%.*s", (int)sizeof longer, longer);
    tap_ok(strlen(w.text) < sizeof w.text && w.text[0] == 'x');
    word_text(&w, "%s", "");
    tap_cstr(w.text, "");
}

static void test_names(void)
{
    for (int i = 0; i < WORD_OUTCOME_COUNT; i++) {
        enum word_outcome o = WORD_OUTCOME_COUNT;
        tap_ok(word_outcome_by_name(str_from(word_outcome_name((enum word_outcome)i)), &o));
        tap_int(o, i);
    }
    enum word_outcome o;
    tap_ok(!word_outcome_by_name(STR("good"), &o) && !word_outcome_by_name(STR(""), &o));
}

int main(void)
{
    arena_init(&arena, ARENA_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("%s", rows[i].label);
        check_row(i);
    }
    tap_case("what is missing is told once");
    test_missing_once();
    tap_case("what is said of one value is told once");
    test_word_once();
    tap_case("texts are printable and bounded");
    test_texts();
    tap_case("names of outcomes");
    test_names();
    arena_clear(&arena);
    return tap_done();
}
