/* Where intelligence comes from, as data: feeds, DNS lists, services. A built-in table
 * (data/intel.yaml) and the operator's file over it, both YAML: docs/intel.md. */
#ifndef MP_INTEL_CONFIG_H
#define MP_INTEL_CONFIG_H

#include "finding/finding.h"
#include "intel/indicator.h"

enum {
    INTEL_CONFIG_MAX_BYTES = 1 << 20,
    INTEL_MAX_FEEDS = 256,
    INTEL_MAX_DNS_LISTS = 64,
    INTEL_MAX_CODES = 64,    /* of one DNS list */
    INTEL_MAX_KINDS = 16,    /* words of a feed for kinds */
    INTEL_MAX_ALLOW = 65536, /* values of all allow lists */
    INTEL_MAX_NAME_BYTES = 48,
    INTEL_MAX_TEXT_BYTES = 2048,
    INTEL_MAX_BODY_BYTES = 16 * 1024,        /* of a POST */
    INTEL_MAX_ALLOW_BYTES = 16 * 1024 * 1024 /* of a file of allowed values */
};

/* Where a secret is: never in the file itself, never on a command line. */
struct intel_secret {
    struct str env, file; /* one of both; neither: none is needed */
};

enum feed_format {
    FEED_PLAIN, /* one value a line, "#" or ";" comments; lines of /etc/hosts too */
    FEED_CSV,   /* columns by number or by the name in the head */
    FEED_JSON,  /* an array of objects at any depth, or one object a line; columns by key path */
    FEED_STIX,  /* a STIX 2.1 bundle */
    FEED_TAXII, /* a TAXII 2.1 collection: envelopes of STIX objects, page by page */
    FEED_MISP,  /* restSearch, page by page */
    FEED_FORMAT_COUNT
};

/* Which column holds what: "3" (from 1), a name of the head, or a key path "data.url". */
enum feed_column {
    COLUMN_VALUE,
    COLUMN_KIND, /* a word per entry; `kinds` of the feed says what it means */
    COLUMN_ID,
    COLUMN_LABEL,
    COLUMN_FIRST_SEEN,
    COLUMN_LAST_SEEN,
    COLUMN_VALID_UNTIL,
    COLUMN_CONFIDENCE,
    COLUMN_TLP,
    COLUMN_COUNT
};

struct feed_word {
    struct str word;
    enum indicator_kind kind;
};

struct feed {
    struct str name;       /* letters, digits, "-": also the name of its state file */
    struct str title, url; /* https, http on loopback, or a file: "/path", "file:relative" */
    enum feed_format format;
    enum indicator_kind kind; /* INDICATOR_KIND_COUNT: by COLUMN_KIND, or what it looks like */
    struct str columns[COLUMN_COUNT]; /* empty: not there */
    struct feed_word kinds[INTEL_MAX_KINDS];
    size_t n_kinds;
    char separator; /* of CSV: ",", ";" or a tab; 0: found out */
    bool enabled;
    struct intel_secret key; /* its value goes into the header `key_header`; "{key}" in the URL */
    struct str key_header;   /* "Auth-Key"; "Authorization" */
    struct str key_prefix;   /* "Bearer " */
    struct str body;         /* not empty: POST, as JSON; "{since}" is the time of the last run */
    int64_t refresh_s;       /* not fetched more often */
    int64_t stale_s;         /* older than that the feed itself counts as missing; 0: never */
    int64_t expire_s;        /* entries not seen for so long are dropped; 0: never */
    size_t max_bytes;
    uint8_t confidence;     /* of entries without their own */
    uint8_t min_confidence; /* entries below are dropped */
    enum severity severity; /* of a hit */
    enum tlp tlp;           /* of entries without their own */
    struct str licence;     /* a short tag: "CC0-1.0", "non-commercial" */
    struct str reference;   /* a page about the feed */
};

enum dns_list_asks {
    DNS_LIST_IP = 1, /* the client's address */
    DNS_LIST_DOMAIN = 2,
    DNS_LIST_HASH = 4,   /* MD5, SHA-1 */
    DNS_LIST_LINK_IP = 8 /* addresses that stand in links: lists of links have them, DBL has none */
};
enum dns_code_kind { CODE_LISTED, CODE_ALLOWED, CODE_NEUTRAL, CODE_ERROR };

/* An answer, or bits of one: 127.0.0.4, 127.0.0.4-127.0.0.7, or a mask of the last octet. A range
 * goes octet by octet: 127.0.0.2-127.0.255.2 is 127.0.x.2. */
struct dns_code {
    uint32_t first, last; /* host order */
    uint32_t bits;        /* not 0: any of these of the last octet, whatever first and last are */
    enum dns_code_kind kind;
    enum severity severity;
    struct str meaning; /* "spam source", "phishing" */
};

struct dns_list {
    struct str name, zone;          /* "{key}" in the zone: data query services */
    unsigned asks;                  /* enum dns_list_asks */
    bool enabled, registrable_only; /* asked for the registrable domain, not the host */
    bool speaks_v6;
    struct intel_secret key;
    /* "127.0.0.2", "127.0.0.1", of domains "test", "invalid" (RFC 5782 5), which are meant when
     * they are empty; of hashes there is no listed one by default. "-": there is none. */
    struct str test_listed, test_unlisted;
    struct dns_code codes[INTEL_MAX_CODES];
    size_t n_codes;
    struct str licence, reference;
};

enum intel_service {
    SERVICE_VIRUSTOTAL,
    SERVICE_ABUSEIPDB,
    SERVICE_CIRCL_HASHLOOKUP,
    SERVICE_WEB_RISK,
    SERVICE_COUNT
};

struct service {
    enum intel_service id;
    bool enabled; /* and a key is there, where one is needed */
    struct intel_secret key;
    struct str url;               /* the root of its API; tests put their own */
    unsigned per_minute, per_day; /* requests; 0: no limit of ours */
    unsigned reserve_percent;     /* of the day, kept for mail that is grave already */
    int64_t found_ttl_s, unknown_ttl_s, error_ttl_s;
    unsigned min_malicious; /* VirusTotal: engines; AbuseIPDB: score */
};

struct intel_config {
    struct feed *feeds;
    size_t n_feeds;
    struct dns_list *dns_lists;
    size_t n_dns_lists;
    struct service services[SERVICE_COUNT];
    struct str *allow; /* domains, addresses, hashes that no feed may list; files as "file:PATH" */
    size_t n_allow;
};

/* Who reads the environment and key files for this room's users: the command. False: not there.
 * The text lives in `arena` and is never shown. */
typedef bool intel_secret_fn(void *ctx, struct arena *arena, const struct intel_secret *s,
                             struct str *out);

const char *feed_format_name(enum feed_format f);
const char *intel_service_name(enum intel_service s); /* "virustotal" */

/* The built-in table. Owns: all in `arena`; read-only afterwards, any thread. MP_OK, MP_E_NOMEM. */
int intel_config_default(struct arena *arena, struct intel_config *out, struct mp_err *err);

/* The operator's file over `config`: an entry with the name of one that is there changes the keys
 * it has, another is added. Read event by event, aliases refused. MP_OK; MP_E_SYNTAX
 * "file:line:col: ...", with the nearest key (detail: the line); MP_E_LIMIT; MP_E_NOMEM. On failure
 * `config` is as it was. */
int intel_config_load(struct arena *arena, struct str yaml, const char *file,
                      struct intel_config *config, struct mp_err *err);

/* A file named by an entry "file:PATH" of `allow`, which the caller has read: one value a line,
 * "#" begins a comment. They are put behind those of `config`, in `arena`. MP_OK; MP_E_SYNTAX
 * "file:line: ..." (detail: the line); MP_E_LIMIT; MP_E_NOMEM. On failure `config` is as it was. */
int intel_allow_read(struct arena *arena, struct str bytes, const char *file,
                     struct intel_config *config, struct mp_err *err);

#endif
