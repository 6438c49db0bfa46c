/* Between the files of the zone: its nodes, the reader of text, RDATA in presentation form. */
#ifndef MP_DNS_ZONE_INTERNAL_H
#define MP_DNS_ZONE_INTERNAL_H

#include "base/buf.h"
#include "dns/dns_internal.h"
#include "dns/zone.h"

enum {
    ZONE_DEFAULT_TTL_S = 3600,
    ZONE_NEGATIVE_TTL_S = 300, /* of a denial when no SOA is above the name */
    ZONE_RDATA_MAX = 65535,
    ZONE_ENTRY_MAX_TOKENS = 65536
};

/* A word or a quoted string as written, escapes and all; borrowed from the text. */
struct zone_token {
    struct str raw;
    bool quoted;
};

struct zone_lexer {
    struct str text;
    size_t at;
    unsigned line;       /* where the lexer stands */
    unsigned entry_line; /* where the current entry began */
    bool blank_start;    /* the entry began with white space: the owner is the last one */
    unsigned depth;      /* open parentheses */
    struct zone_token *tokens;
    size_t n, cap;
};

void zone_lexer_init(struct zone_lexer *lx, struct str text);
void zone_lexer_clear(struct zone_lexer *lx);
/* The next entry that is not empty: MP_OK with lx->n > 0; lx->n == 0 at the end. */
int zone_lexer_next(struct zone_lexer *lx, struct mp_err *err);

/* A domain name as octets between dots, lower case, no final dot; "" is the root. */
int zone_name_parse(struct zone_token t, struct str origin, char out[DNS_NAME_MAX],
                    struct str *name, struct mp_err *err);
/* Undo \X and \DDD, append to `out`. */
int zone_unescape(struct str raw, struct buf *out, struct mp_err *err);
/* "3600" or "1h30m" (RFC 1035 has the first form only; every server reads both). */
bool zone_ttl_parse(struct str s, uint32_t *out);
/* "MX" or "TYPE15" (RFC 3597 5). */
bool zone_type_parse(struct str s, int *out);

/* RDATA in presentation form to the wire. */
int zone_rdata_parse(int type, const struct zone_token *t, size_t n, struct str origin,
                     struct buf *wire, struct mp_err *err);

struct zone_owner {
    struct str name; /* normal form */
    uint32_t ttl_s;
    enum dnssec dnssec;
};
int zone_add_wire(struct dns_zone *z, struct zone_owner owner, int type, struct str rdata,
                  struct mp_err *err);
int zone_add_failure(struct dns_zone *z, struct zone_owner owner, int type, enum dns_status status,
                     struct str why, struct mp_err *err);
int zone_add_alias(struct dns_zone *z, struct zone_owner owner, int type, struct str target,
                   struct mp_err *err);
/* The name exists, whatever it has is not kept (types no check asks for). */
int zone_add_existing(struct dns_zone *z, struct zone_owner owner, struct mp_err *err);

/* ---- the store ---- */

struct zone_record {
    struct zone_record *next;
    struct str wire;
    struct dns_record decoded;
};

struct zone_set {
    struct zone_set *next;
    enum dns_type type;
    enum dnssec dnssec;
    size_t n, bytes;
    struct zone_record *first, *last;
};

/* A pseudo record. */
struct zone_verdict {
    struct zone_verdict *next;
    int type; /* 0: every type without records */
    enum dns_status status;
    enum dnssec dnssec;
    uint32_t ttl_s;
    struct str why, target; /* the target of an ALIAS, else empty: then `status` counts */
};

struct zone_made {
    struct zone_made *next;
    struct dns_answer *answer;
};

struct zone_node {
    struct str name;
    uint32_t hash;
    bool exists;  /* has records, or a longer name has */
    bool is_real; /* has records: its DNSSEC state speaks for denials at and below it */
    enum dnssec dnssec;
    struct zone_set *sets;
    struct zone_verdict *verdicts;
    _Atomic(struct zone_made *) made;
};

struct dns_zone {
    struct arena arena;
    struct zone_node **table;
    size_t n, size; /* size is a power of two, at least twice n */
    atomic_bool has_made;
};

/* The node of a name in normal form, or NULL; `hash` is dns_name_hash of it. */
struct zone_node *zone_find(const struct dns_zone *z, struct str name, uint32_t hash);
/* One label off the front; "" at the root. */
struct str zone_parent(struct str name);

#endif
