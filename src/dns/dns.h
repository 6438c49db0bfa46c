/* DNS as data: what was answered, kept for a message; never a socket, never a clock. */
#ifndef MP_DNS_DNS_H
#define MP_DNS_DNS_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"

enum dns_type {
    DNS_A = 1,
    DNS_NS = 2,
    DNS_CNAME = 5,
    DNS_SOA = 6,
    DNS_PTR = 12,
    DNS_MX = 15,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_SRV = 33,
    DNS_TLSA = 52,
    DNS_SPF = 99, /* obsolete (RFC 7208 3.1): kept to warn about, never asked by a check */
    DNS_CAA = 257
};

/* What came of a question. NXDOMAIN, NODATA and failure are three things (RFC 2308, N12, N40). */
enum dns_status {
    DNS_DATA,     /* at least one record of the type, after CNAMEs */
    DNS_NODATA,   /* the name exists (also as an empty non-terminal), the type does not */
    DNS_NXDOMAIN, /* the name (or the end of its CNAME chain) does not exist */
    DNS_SERVFAIL, /* the servers could not answer, refused, or sent a broken packet */
    DNS_TIMEOUT,  /* no answer before the deadline */
    DNS_BOGUS     /* DNSSEC validation failed: treat as SERVFAIL, and report it */
};

enum dnssec { DNSSEC_UNKNOWN, DNSSEC_INSECURE, DNSSEC_SECURE };

enum {
    DNS_NAME_MAX = 255,         /* octets of text we take; the wire allows 253 */
    DNS_VIEW_MAX_ANSWERS = 400, /* per message: 100 SPF terms, 20 signatures, 3 walks, and slack */
    DNS_VIEW_LARGE_ANSWERS = 4000, /* of an audit or a probe: selectors, hosts, lists */
    DNS_MAX_RECORDS = 256,         /* kept per answer */
    DNS_MAX_CNAMES = 16,
    DNS_TTL_MAX_S = 86400,
    DNS_ANSWER_MAX_BYTES = 256 * 1024
};

/* One record of the asked type. Bytes belong to the answer. */
struct dns_record {
    struct str
        data; /* TXT: all strings joined, no separator (RFC 7208 3.3); TLSA, CAA, SOA: RDATA */
    struct str name; /* MX, PTR, NS, CNAME, SRV, SOA (MNAME): target, lower case, no final dot */
    struct ip ip;    /* A, AAAA (kept as IPv6 even when mapped) */
    uint16_t preference;   /* MX; SRV priority */
    uint16_t weight, port; /* SRV */
    uint32_t ttl_s;
};

/* Something a check made of an answer once (SPF tree, DKIM key, DMARC record), kept with it so
 * that the cache holds parsed records. Append-only list; `kind` is the address of a static of the
 * module that owns it. */
struct dns_derived {
    const void *kind;
    void (*free)(struct dns_derived *);
    struct dns_derived *next;
};

/* Immutable and shared between threads by reference count; only `derived` grows (atomically). */
struct dns_answer {
    enum dns_status status;
    enum dnssec dnssec;
    enum dns_type type;
    uint32_t ttl_s;       /* smallest of the chain, or the SOA's for negative answers; clamped */
    struct str name;      /* asked: lower case, no final dot */
    struct str canonical; /* after CNAMEs; equals name without */
    struct str why; /* text for people: validator's reason, rcode, broken packet; may be empty */
    const struct dns_record *records;
    size_t n;
    size_t size_bytes; /* of the whole answer without derived values: what a cache counts */
    _Atomic(struct dns_derived *) derived;
    _Atomic(unsigned) references;
};

const char *dns_status_name(enum dns_status s);
const char *dns_type_name(enum dns_type t);
bool dns_type_by_name(struct str s, enum dns_type *out);

/* A new heap answer with one reference; records and texts are copied. NULL without memory.
 * TTLs are clamped to DNS_TTL_MAX_S, records after DNS_MAX_RECORDS dropped, an empty `canonical`
 * means `name`. DNS_DATA without records becomes DNS_NODATA; more than DNS_ANSWER_MAX_BYTES become
 * DNS_SERVFAIL with `why`. */
struct dns_answer *dns_answer_new(enum dns_status status, struct str name, enum dns_type type,
                                  enum dnssec dnssec, uint32_t ttl_s, struct str canonical,
                                  struct str why, const struct dns_record *records, size_t n);
struct dns_answer *dns_answer_ref(struct dns_answer *a);
void dns_answer_unref(struct dns_answer *a); /* accepts NULL; the last one frees derived too */

/* The derived value of that kind, or NULL. */
struct dns_derived *dns_derived_get(const struct dns_answer *a, const void *kind);
/* Attach `d` unless another thread was first; returns the one that stays (the loser is freed). */
struct dns_derived *dns_derived_put(const struct dns_answer *a, struct dns_derived *d);

/* ---- the view: pinned answers of one message (view.c) ---- */

struct dns_question {
    struct str name; /* lower case, no final dot, in the view's arena */
    enum dns_type type;
};

/* An answer that is ready without waiting (a cache, a zone file), with a reference for the caller;
 * NULL when it must be fetched. Must not block. */
typedef struct dns_answer *dns_ready_fn(void *ctx, struct str name, enum dns_type type);

struct dns_view;

/* `ready` may be NULL: then everything must be filled. The view lives in the arena; its pinned
 * answers are released by dns_view_release (before the arena goes). */
struct dns_view *dns_view_new(struct arena *arena, dns_ready_fn *ready, void *ctx);
void dns_view_release(struct dns_view *v); /* accepts NULL */
/* The same for a whole domain: DNS_VIEW_LARGE_ANSWERS questions. */
struct dns_view *dns_view_new_large(struct arena *arena, dns_ready_fn *ready, void *ctx);

/* Ask. `name` in any case, with or without final dot, any bytes ('.' separates labels).
 * MP_OK: *out is pinned, valid until dns_view_release. Also for NXDOMAIN, SERVFAIL, ...: see
 *        ->status. A name that cannot be asked (label over 63, over 253 in all, empty label) is
 *        answered NXDOMAIN with `why` set, without a query.
 * MP_WAIT: noted; fill the view and call again.   MP_E_LIMIT: the view is full.
 * MP_E_NOMEM. Threads: one at a time per view. */
int dns_ask(struct dns_view *v, struct str name, enum dns_type type, const struct dns_answer **out,
            struct mp_err *err);

/* Note a question without needing the answer now, so that it is fetched in the same round.
 * Failure is silent: it is only a hint. */
void dns_prefetch(struct dns_view *v, struct str name, enum dns_type type);

/* For drivers: the questions without an answer, each once; `*cursor` starts at 0. */
bool dns_view_missing(const struct dns_view *v, size_t *cursor, struct dns_question *out);
/* Pin an answer (takes over the caller's reference). A second answer to the same question is
 * dropped: what was pinned first stays. */
int dns_view_put(struct dns_view *v, struct str name, enum dns_type type, struct dns_answer *a);

/* All pinned answers in the order of asking, for reports and `--record`. */
size_t dns_view_count(const struct dns_view *v);
const struct dns_answer *dns_view_at(const struct dns_view *v, size_t i); /* NULL: not answered */

/* ---- names (name.c) ---- */

/* Lower case, one final dot off. False: cannot be asked. */
bool dns_name_normal(struct arena *a, struct str in, struct str *out);
/* Presentation form, final dot included: bytes that mean something in a zone file, and all that are
 * not printable ASCII, become \DDD. Returns the length (a NUL follows), 0 when `size` is too small;
 * DNS_NAME_TEXT_MAX always is enough for a name that can be asked. */
enum { DNS_NAME_TEXT_MAX = 4 * DNS_NAME_MAX + 2 };
size_t dns_name_text(struct str name, char *out, size_t size);
/* "4.3.2.1.in-addr.arpa" or the nibble form under ip6.arpa. */
struct str dns_reverse_name(struct arena *a, const struct ip *ip);

#endif
