/* Where mail for a domain goes: MX hosts in order, with their addresses (RFC 5321 5, RFC 7505). */
#ifndef MP_FLOW_ROUTE_H
#define MP_FLOW_ROUTE_H

#include "flow/target.h"
#include "run/run.h"

enum { ROUTE_MAX_HOSTS = 50, ROUTE_MAX_ADDRESSES = 16 };

struct route_host {
    struct str name;
    unsigned preference;
    enum dns_status status; /* DATA when there is an address; else the worse of A and AAAA */
    enum dnssec dnssec;     /* of its addresses */
    bool is_alias;          /* the MX target is a CNAME */
    struct str alias_of;
    bool is_literal;                          /* the MX target is an IP address written as a name */
    struct ip addresses[ROUTE_MAX_ADDRESSES]; /* IPv6 first where both are (RFC 6724 leaves it) */
    size_t n_addresses;
};

enum route_kind {
    ROUTE_MX,
    ROUTE_IMPLICIT, /* no MX: the domain's own addresses (RFC 5321 5.1) */
    ROUTE_NULL_MX,  /* RFC 7505: takes no mail */
    ROUTE_NONE,     /* no MX and no address, or no such domain */
    ROUTE_FAILED,   /* DNS did not answer, or bogus: undecided */
    ROUTE_DIRECT    /* host, address or socket as given */
};

struct route {
    enum route_kind kind;
    enum dns_status status; /* of the MX question */
    enum dnssec mx_dnssec;
    struct str reason;
    struct route_host hosts[ROUTE_MAX_HOSTS]; /* by preference, then as answered */
    size_t n_hosts, dropped;
    bool null_mx_mixed; /* a null MX beside others */
};

/* Blocking, all questions in parallel, until the deadline (clock_mono_us). MP_OK for every kind. */
int route_find(const struct dns_source *source, struct dns_view *dns, struct arena *a,
               const struct target *t, int64_t deadline_us, struct route *out, struct mp_err *err);

#endif
