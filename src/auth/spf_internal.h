/* What the SPF files share: compiled records, macro strings, and the values macros stand for. */
#ifndef MP_AUTH_SPF_INTERNAL_H
#define MP_AUTH_SPF_INTERNAL_H

#include "auth/spf.h"

/* ---- macro strings (RFC 7208 7), spf_macro.c ---- */

/* One piece: a literal (letter 0), or a macro. Views into the text that was parsed. */
struct spf_piece {
    struct str literal;   /* or the delimiters of a macro; none means "." */
    unsigned char keep;   /* right-hand parts to keep, clamped; 0: all */
    char letter;          /* lower case */
    bool reverse, escape; /* "r"; upper-case letter: URL escape */
};

/* n == 0: absent, or the empty string. */
struct spf_macro {
    const struct spf_piece *pieces;
    size_t n;
};

enum spf_macro_place {
    SPF_IN_DOMAIN_SPEC,      /* letters c, r, t are errors (7.2) */
    SPF_IN_UNKNOWN_MODIFIER, /* checked only */
    SPF_IN_EXPLANATION       /* SP is text (6.2) */
};

/* Pieces a text of these bytes can need at most. */
static inline size_t spf_macro_max_pieces(struct str text)
{
    size_t percents = 0;
    for (size_t i = 0; i < text.n; i++)
        percents += text.p[i] == '%';
    return 2 * percents + 1;
}

/* Parse a macro-string. `pieces` (may be NULL: check only) has room for spf_macro_max_pieces.
 * *tail: offset behind the last macro-expand. False: *why tells (static text). */
bool spf_macro_parse(struct str text, enum spf_macro_place place, struct spf_piece *pieces,
                     size_t *n, size_t *tail, const char **why);

/* Does it use one of these letters? */
bool spf_macro_uses(const struct spf_macro *m, const char *letters);

/* What the letters stand for in one evaluation; the texts are made when first asked for. */
struct spf_env {
    struct ip client; /* mapped addresses are IPv4 already */
    struct str sender, local, sender_domain, helo, receiver;
    struct str domain;    /* of the record that is evaluated */
    struct str validated; /* %{p}, or "unknown" */
    int64_t now_s;
    char address[IP_TEXT_MAX], nibbles[64], seconds[24];
};

/* Expand a domain-spec to a name: labels are dropped from the left above 253 octets, one final dot
 * goes (RFC 7208 7.3). Costs time by the pieces and 253 octets, whatever the values are.
 * p == NULL without memory. */
struct str spf_expand_name(struct arena *arena, struct spf_env *env, const struct spf_macro *m);

/* Expand explanation text: at most SPF_EXPLANATION_MAX_BYTES, all of it printable ASCII. */
struct str spf_expand_text(struct arena *arena, struct spf_env *env, const struct spf_macro *m);

/* ---- records (RFC 7208 4.5, 4.6), spf_record.c ---- */

enum spf_mech {
    SPF_ALL,
    SPF_INCLUDE,
    SPF_A,
    SPF_MX,
    SPF_PTR,
    SPF_IP4,
    SPF_IP6,
    SPF_EXISTS,
    SPF_MECH_COUNT
};

/* One of the ten (4.6.4)? */
static inline bool spf_is_lookup(enum spf_mech m)
{
    return m != SPF_ALL && m != SPF_IP4 && m != SPF_IP6;
}

struct spf_term {
    struct str text; /* as published, with its qualifier */
    struct spf_macro target;
    enum spf_mech mech;
    enum spf_result result; /* of the qualifier */
    unsigned char cidr4, cidr6;
    struct ip net; /* ip4, ip6 */
};

struct spf_record {
    const struct spf_term *terms;
    size_t n;
    bool has_all;
    const struct spf_term *broad4, *broad6; /* shortest prefix that gives pass; NULL without */
    struct str redirect_text;               /* "redirect=..." as published; empty without */
    struct spf_macro redirect, exp;
};

enum spf_record_status { SPF_RECORD_OK, SPF_RECORD_ABSENT, SPF_RECORD_BROKEN };

/* The SPF record of a TXT answer, compiled on first use and kept with the answer: read-only,
 * shared between threads, views into the answer's bytes. */
struct spf_compiled {
    struct dns_derived derived;
    enum spf_record_status status;
    struct spf_record record;
    char reason[160]; /* when broken: what is wrong, to be followed by "in the record of ..." */
};

/* Is it one: "v=spf1" in any case, then SP or the end (4.5)? */
bool spf_is_record(struct str text);
/* Octets of the name when the term is a modifier, else 0 (4.6.1). */
size_t spf_modifier_name(struct str term);

/* NULL only without memory. */
const struct spf_compiled *spf_record_of(const struct dns_answer *txt);

/* Compile one record text (for the function above and for tests). NULL without memory; release
 * with free(). */
struct spf_compiled *spf_record_compile(struct str text);

/* ---- evaluation (RFC 7208 4), spf_eval.c ---- */

/* One evaluation. Made afresh on every run: the limits are counted from nothing (STYLE.md 4). */
struct spf_run {
    struct auth_ctx *ctx;
    struct spf_outcome *out;
    struct mp_err *err;
    struct spf_env env;
    bool local_is_ascii;
    unsigned lookups, voids;
    /* Validated names of the client (5.5): the same for every ptr and %{p} of a run. */
    struct str names[SPF_MAX_NAMES];
    size_t n_names;
    bool names_known;
    /* What the last matching term was: a pass is judged by it, however deep it stands. */
    bool leaf_is_all;
    unsigned leaf_prefix; /* SPF_NO_PREFIX: it was no range */
    size_t trace_cap;
    struct str note;       /* of the term that is evaluated */
    enum spf_result inner; /* of an include */
};

enum { SPF_NO_PREFIX = 129 };

/* ---- names to ask (4.8, 5.5, 7.3), spf_target.c ---- */

/* Labels of 1..63 octets, 253 in all. What macros make of hostile bytes is a name without records
 * and without a question (4.3, 4.8). */
bool spf_can_be_asked(struct str name);

/* A or AAAA, as the client is. */
enum dns_type spf_address_type(const struct spf_run *s);
/* Does an address record of the answer share the client's first `prefix` bits? */
bool spf_holds_client(const struct spf_run *s, const struct dns_answer *a, unsigned prefix);

/* Does a term that needs no DNS match: all, ip4, ip6? */
static inline bool spf_matches_alone(const struct spf_run *s, const struct spf_term *t)
{
    return t->mech == SPF_ALL ||
           ip_in_prefix(&s->env.client, &t->net, t->mech == SPF_IP4 ? t->cidr4 : t->cidr6);
}

/* Find s->names: ask PTR and then all its names at once; names beyond SPF_MAX_NAMES are not looked
 * at, failures are skipped. *ptr is the PTR answer. Nothing of the client's own DNS is charged to
 * the record's void lookups but the PTR question of a ptr term. */
int spf_client_names(struct spf_run *s, const struct dns_answer **ptr);

/* Make the macro values of the record of `domain` ready for `m`. */
int spf_prepare_env(struct spf_run *s, struct str domain, const struct spf_macro *m);

/* The target-name of a term in the record of `domain` (4.8). Empty, with a note, when nothing can
 * match: the local part is not ASCII (RFC 8616 4), or the expansion cannot be asked. */
int spf_target_name(struct spf_run *s, struct str domain, const struct spf_macro *m,
                    struct str *name);

/* ---- asking ahead, spf_prefetch.c ---- */

/* Note what the terms from `from` on may ask, within the lookups that are left. */
void spf_prefetch_rest(struct spf_run *s, struct str domain, const struct spf_record *r,
                       size_t from);

/* ---- evaluation, spf_eval.c ---- */

/* check_host() for run->env.sender_domain; fills run->out but for the identity.
 * MP_OK, MP_WAIT, MP_E_NOMEM, MP_E_LIMIT. */
int spf_evaluate(struct spf_run *run);

/* Set the reason (bytes a terminal should not see become '?') unless one stands; returns `r`. */
enum spf_result spf_because(struct spf_run *run, enum spf_result r, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
