/* DNS lists about what is in a mail: what they say, and whether they are to be believed. */
#ifndef MP_INTEL_DNS_LIST_H
#define MP_INTEL_DNS_LIST_H

#include "dns/listing.h"
#include "intel/config.h"

enum {
    DNS_LIST_MAX_HOSTS = 40,  /* of a mail, asked of the lists of domains; the first are taken */
    DNS_LIST_MAX_HASHES = 20, /* of a mail */
    DNS_LIST_MAX_QUESTIONS = 160,    /* of a mail, with tests: the rest of its view is for others */
    DNS_LIST_MAX_REASON_BYTES = 100, /* of a list's TXT that are shown */
    DNS_LIST_MAX_ZONE_BYTES = 180,   /* the name of any address or hash fits before it */
    DNS_LIST_TEST_S = 3600,          /* a list that passed its test is tested again */
    DNS_LIST_DISABLED_S = 3600,      /* a list that must not be believed is asked again */
    DNS_LIST_REST_S = 60             /* one whose test was not answered is asked again */
};

/* ---- the lists that are asked ---- */

struct dns_list_zone {
    const struct dns_list *list;
    struct str zone;     /* lower case, the key in it: never shown */
    struct str key;      /* empty: none is needed */
    const char *missing; /* why it cannot be asked; NULL: it can */
};

/* Read-only once made: any thread. */
struct dns_lists {
    struct dns_list_zone *items;
    size_t n;
};

/* Those of `config` that are enabled, with their keys. `secret` may be NULL: then no key is there;
 * a list without its key stays, and says so. Borrows `config`, the rest lives in `arena`.
 * MP_OK; MP_E_SYNTAX: a zone is no domain name (the key is not told); MP_E_NOMEM. */
int dns_lists_new(struct arena *arena, const struct intel_config *config, intel_secret_fn *secret,
                  void *ctx, struct dns_lists *out, struct mp_err *err);

/* Is the name (of a question, lower case) below the zone of one of them? Such names may hold a key:
 * they are neither shown nor recorded. `lists` may be NULL. */
bool dns_lists_have(const struct dns_lists *lists, struct str name);

/* ---- what an answer means (dns_list_answer.c) ---- */

/* Why a list is not believed. When several are met, the last one of these is told. */
enum dns_list_fault {
    DNS_LIST_FINE,
    DNS_LIST_FAILED,     /* no answer: not known */
    DNS_LIST_UNDECLARED, /* a code that the list is not known to have */
    DNS_LIST_NOTHING,    /* what must be listed, is not */
    DNS_LIST_EVERYTHING, /* what must not be listed, is */
    DNS_LIST_REFUSED,    /* 127.255.255.0/24, a refused bit, an error of the list's own */
    DNS_LIST_OUTSIDE     /* not in 127.0.0.0/8, or 127.0.0.1: somebody in between makes it up */
};

/* What one answer says. `at`: the lowest of the addresses that are the reason. */
struct dns_list_answer {
    enum dns_list_fault fault;
    struct ip at;
    bool listed;    /* some code; only when there is no fault */
    uint64_t codes; /* bit i: list->codes[i], also CODE_ALLOWED and CODE_NEUTRAL */
};
_Static_assert(INTEL_MAX_CODES <= 64, "a bit for each code");

/* `as`: one of enum dns_list_asks. An answer with one bad address says nothing else. */
void dns_list_read(const struct dns_list *list, enum dns_list_asks as, const struct dns_answer *a,
                   struct dns_list_answer *out);
/* The codes of one kind in words, in the order of the list: "127.0.0.2 spam source, 127.0.0.4
 * exploited host". Empty: none of that kind. p == NULL without memory. */
struct str dns_list_codes_text(struct arena *arena, const struct dns_list *list,
                               const struct dns_answer *a, uint64_t codes, enum dns_code_kind kind,
                               enum severity *gravest);
/* The fault in words. Static or in `arena`. */
struct str dns_list_fault_text(struct arena *arena, const struct dns_list *list,
                               enum dns_list_fault fault, const struct ip *at);

/* ---- what is remembered of lists between mails (dns_list_health.c) ---- */

enum dns_list_state {
    DNS_LIST_UNTESTED,
    DNS_LIST_WORKS,
    DNS_LIST_DISABLED,   /* not to be believed, and so not asked */
    DNS_LIST_UNREACHABLE /* its test was not answered: not asked for a while */
};

struct dns_list_status {
    enum dns_list_state state;
    int64_t until_s; /* of the state; 0 when untested */
    enum dns_list_fault fault;
    struct ip at;
};

/* Of each of the lists, by its place in struct dns_lists. Any thread. */
struct dns_list_health;
int dns_list_health_new(size_t n_lists, struct dns_list_health **out, struct mp_err *err);
void dns_list_health_free(struct dns_list_health *h); /* accepts NULL */
/* What holds at `now_s`; what is over is DNS_LIST_UNTESTED. `h` may be NULL. */
struct dns_list_status dns_list_health_at(struct dns_list_health *h, size_t list, int64_t now_s);
/* `fault` DNS_LIST_FINE: it passed its test. */
void dns_list_health_set(struct dns_list_health *h, size_t list, int64_t now_s,
                         enum dns_list_fault fault, const struct ip *at);
const char *dns_list_state_name(enum dns_list_state s);

/* ---- asking ---- */

struct dns_list_host {
    struct str name; /* as it stands in the mail; an address is asked of DNS_LIST_LINK_IP alone */
    struct finding_where where;
};

struct dns_list_hash {
    enum indicator_kind kind; /* INDICATOR_MD5, INDICATOR_SHA1; others are not asked */
    const unsigned char *octets;
    struct finding_where where;
};

/* The most suspicious first: what is above a limit is not asked, and told. */
struct dns_list_facts {
    struct ip client; /* IP_NONE: not known */
    struct finding_where client_where;
    const struct dns_list_host *hosts;
    size_t n_hosts;
    const struct dns_list_hash *hashes;
    size_t n_hashes;
    bool private_too; /* addresses that nobody meets on the Internet are asked as well */
    bool test_all;    /* lists that have nothing to say about this are tested too: doctor */
};

struct dns_listing {
    const struct dns_list *list;
    struct str asked; /* "192.0.2.1", "evil.example", a hash */
    enum dns_code_kind kind;
    enum severity severity;
    struct str codes;  /* dns_list_codes_text */
    struct str reason; /* the list's TXT, printable; may be empty */
    struct finding_where where;
};

struct dns_list_result {
    struct dns_listing *listings; /* LISTED, the gravest first, then ALLOWED */
    size_t n;
    size_t asked; /* questions about the mail that were answered */
    bool missing; /* a list did not answer, is not believed, or a limit was met */
};

/* Ask every list all it can answer, all names in one round, with the tests of lists that
 * `health` (may be NULL) does not know to work; then, in a second, the reasons of what is listed.
 * A list with a fault is not believed in anything. Findings: intel.dns-list, intel.known-good,
 * intel.zone-blocked, intel.unavailable. Keys are never shown.
 * Owns: results in `arena`. MP_OK; MP_WAIT: nothing was added, fill the view and call again with
 * the same input; MP_E_NOMEM. Threads: `health` is shared, the rest is the caller's. */
int dns_list_check(struct arena *arena, struct dns_view *view, const struct dns_lists *lists,
                   struct dns_list_health *health, const struct dns_list_facts *facts,
                   int64_t now_s, struct finding_list *findings, struct dns_list_result *out,
                   struct mp_err *err);

#endif
