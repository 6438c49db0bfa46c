/* The feeds of the built-in table, each read as its source writes it (with values of our own). */
#include "intel/feed_test_kit.h"

#define H64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define H40 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define H32 "cccccccccccccccccccccccccccccccc"

static const struct {
    const char *feed, *text, *want;
    uint64_t refused, expired, low;
} sources[] = {
    {"urlhaus",
     "####################\r\n# abuse.ch (CSV)   #\r\n# Last updated: 2025-11-29 13:52:46 (UTC) "
     "#\r\n"
     "#\r\n# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter\r\n"
     "\"3\",\"2025-11-29 13:52:46\",\"http://198.51.100.7:4433/i?a=1,2\",\"online\","
     "\"2025-11-29 13:52:46\",\"malware_download\",\"32-bit,elf\",\"https://example.org/url/3/\","
     "\"someone\"\r\n"
     "\"2\",\"2025-01-01 00:00:00\",\"http://old.example.com/a\",\"offline\",\"\","
     "\"malware_download\",\"None\",\"https://example.org/url/2/\",\"someone\"\r\n",
     "url 198.51.100.7:4433/i?a=1,2 id=3 label=malware_download first=1764424366 last=1764424366\n",
     0, 1, 0},
    {"threatfox",
     "{\"query_status\":\"ok\",\"data\":[{\"id\":\"9\",\"ioc\":\"c2.example.com\",\"threat_type\":"
     "\"botnet_cc\",\"ioc_type\":\"domain\",\"malware\":\"win.x\",\"malware_printable\":"
     "\"Some RAT\",\"malware_alias\":null,\"confidence_level\":100,\"first_seen\":"
     "\"2025-11-29 13:52:46 UTC\",\"last_seen\":null,\"reporter\":\"someone\",\"tags\":[\"x\"]},"
     "{\"id\":\"8\",\"ioc\":\"198.51.100.7:8080\",\"ioc_type\":\"ip:port\",\"malware_printable\":"
     "\"Some RAT\",\"confidence_level\":49,\"first_seen\":\"2025-11-29 13:52:46 UTC\"},"
     "{\"id\":\"7\",\"ioc\":\"" H64 "\",\"ioc_type\":\"sha256_hash\",\"malware_printable\":"
     "\"Unknown malware\",\"confidence_level\":50,\"first_seen\":\"2025-11-29 13:52:46 UTC\"},"
     "{\"id\":\"6\",\"ioc\":\"x\",\"ioc_type\":\"sha3_384_hash\",\"confidence_level\":100}]}",
     "domain c2.example.com id=9 label=Some RAT first=1764424366 confidence=100\n"
     "sha256 " H64 " id=7 label=Unknown malware first=1764424366 confidence=50\n",
     1, 0, 1},
    {"malware-bazaar",
     "# ################\n#  recent malware samples (CSV)   #\n# ################\n# \n"
     "#  \"first_seen_utc\",\"sha256_hash\",\"md5_hash\",\"sha1_hash\",\"reporter\",\"file_name\","
     "\"file_type_guess\",\"mime_type\",\"signature\",\"clamav\",\"vtpercent\",\"imphash\"\n"
     "#  Number of entries: 1\n# \n"
     "\"2025-11-29 13:52:46\", \"" H64 "\", \"" H32 "\", \"" H40 "\", \"someone\", \"a,b.exe\", "
     "\"exe\", \"application/x-dosexec\", \"n/a\", \"n/a\", \"n/a\", \"n/a\", \"3:x\", \"T1\"\n",
     "sha256 " H64 " first=1764424366\n", 0, 0, 0},
    {"feodo-tracker",
     "[\n    {\n        \"ip_address\": \"198.51.100.7\",\n        \"port\": 443,\n"
     "        \"status\": \"online\",\n        \"hostname\": null,\n        \"as_number\": 64500,\n"
     "        \"as_name\": \"EXAMPLE\",\n        \"country\": \"ZZ\",\n"
     "        \"first_seen\": \"2025-11-29 13:52:46\",\n        \"last_online\": \"2025-11-29\",\n"
     "        \"malware\": \"Some Bot\"\n    }\n]",
     "ip 198.51.100.7 label=Some Bot first=1764424366 last=1764374400\n", 0, 0, 0},
    {"feodo-tracker", "[]", "", 0, 0, 0},
    {"spamhaus-drop",
     "{\"cidr\":\"198.51.100.0/24\",\"sblid\":\"SBL1\",\"rir\":\"ripencc\"}\n"
     "{\"type\":\"metadata\",\"timestamp\":1764424366,\"size\":60,\"records\":1,"
     "\"copyright\":\"(c) someone\",\"terms\":\"https://example.org/terms\"}\n",
     "ip 198.51.100.0/24 id=SBL1\n", 0, 0, 0},
    {"spamhaus-drop-v6", "{\"cidr\":\"2001:db8::/32\",\"sblid\":\"SBL2\",\"rir\":\"arin\"}\n",
     "ip 2001:db8::/32 id=SBL2\n", 0, 0, 0},
    {"openphish", "https://login.example.com/a\nhttp://example.org/b/?c\n",
     "url login.example.com/a\nurl example.org/b/?c\n", 0, 0, 0},
    {"phishtank",
     "[{\"phish_id\":9,\"url\":\"https:\\/\\/bank.example.com\\/a\",\"phish_detail_url\":"
     "\"http:\\/\\/example.org\\/detail?id=9\",\"submission_time\":\"2025-11-29T13:52:46+00:00\","
     "\"verified\":\"yes\",\"verification_time\":\"2025-11-29T13:53:00+00:00\",\"online\":\"yes\","
     "\"details\":[{\"ip_address\":\"198.51.100.7\",\"cidr_block\":\"198.51.100.0\\/24\","
     "\"announcing_network\":\"64500\",\"rir\":\"arin\",\"country\":\"ZZ\"}],\"target\":\"Other\"}"
     "]",
     "url bank.example.com/a id=9 label=Other first=1764424366\n", 0, 0, 0},
    {"cert-pl",
     "[{\"RegisterPositionId\":5,\"DomainAddress\":\"shop.example.com\",\"InsertDate\":"
     "\"2025-11-29T13:52:46\",\"DeleteDate\":null},{\"RegisterPositionId\":4,\"DomainAddress\":"
     "\"gone.example.com\",\"InsertDate\":\"2025-11-01T00:00:00\",\"DeleteDate\":"
     "\"2025-11-02T00:00:00\"}]",
     "domain shop.example.com id=5 first=1764424366\n", 0, 1, 0},
    {"abuseipdb-blacklist",
     "{\"meta\":{\"generatedAt\":\"2025-11-29T13:52:46+00:00\"},\"data\":[{\"ipAddress\":"
     "\"198.51.100.7\",\"countryCode\":\"ZZ\",\"abuseConfidenceScore\":100,\"lastReportedAt\":"
     "\"2025-11-29T13:52:46+00:00\"},{\"ipAddress\":\"198.51.100.8\",\"abuseConfidenceScore\":89}]"
     "}",
     "ip 198.51.100.7 last=1764424366 confidence=100\n", 0, 0, 1},
};

int main(void)
{
    struct feed_kit k;
    struct arena arena;
    struct intel_config config;
    struct mp_err err = {0};
    kit_begin(&k);
    k.details = true;
    arena_init(&arena, 16 << 20);
    bool loaded = intel_config_default(&arena, &config, &err) == MP_OK;
    for (size_t i = 0; loaded && i < ARRAY_LEN(sources); i++) {
        size_t f = 0;
        while (f < config.n_feeds && !str_eq(config.feeds[f].name, str_from(sources[i].feed)))
            f++;
        tap_case("%s as its source writes it, %zu", sources[i].feed, i);
        if (!tap_ok(f < config.n_feeds))
            continue;
        kit_want(&k, &config.feeds[f], str_from(sources[i].text), sources[i].want,
                 sources[i].refused);
        tap_int((int64_t)k.page.counts.expired, (int64_t)sources[i].expired);
        tap_int((int64_t)k.page.counts.low, (int64_t)sources[i].low);
    }
    arena_clear(&arena);
    kit_end(&k);
    return tap_done();
}
