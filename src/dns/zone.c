/* The zone: nodes by name, wildcards and empty names between (RFC 4592), answers made on demand. */
#include "dns/zone.h"

#include <stdlib.h>

#include "dns/zone_internal.h"

struct record {
    struct record *next;
    struct str wire;
    struct dns_record decoded;
};

struct record_set {
    struct record_set *next;
    enum dns_type type;
    enum dnssec dnssec;
    size_t n, bytes;
    struct record *first, *last;
};

/* A pseudo record. */
struct verdict {
    struct verdict *next;
    int type; /* 0: every type without records */
    enum dns_status status;
    enum dnssec dnssec;
    uint32_t ttl_s;
    struct str why, target; /* the target of an ALIAS, else empty: then `status` counts */
};

struct made {
    struct made *next;
    struct dns_answer *answer;
};

struct node {
    struct str name;
    uint32_t hash;
    bool exists;  /* has records, or a longer name has */
    bool is_real; /* has records: its DNSSEC state speaks for denials at and below it */
    enum dnssec dnssec;
    struct record_set *sets;
    struct verdict *verdicts;
    _Atomic(struct made *) made;
};

struct dns_zone {
    struct arena arena;
    struct node **table;
    size_t n, size; /* size is a power of two, at least twice n */
    atomic_bool has_made;
};

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "no memory for the zone");
}

struct dns_zone *dns_zone_new(void)
{
    struct dns_zone *z = calloc(1, sizeof *z);
    if (z != NULL)
        arena_init(&z->arena, SIZE_MAX / 4);
    return z;
}

static void forget_made(struct dns_zone *z)
{
    if (!atomic_exchange(&z->has_made, false))
        return;
    for (size_t i = 0; i < z->size; i++) {
        struct made *m = z->table[i] == NULL ? NULL : atomic_exchange(&z->table[i]->made, NULL);
        while (m != NULL) {
            struct made *next = m->next;
            dns_answer_unref(m->answer);
            free(m);
            m = next;
        }
    }
}

void dns_zone_free(struct dns_zone *z)
{
    if (z == NULL)
        return;
    forget_made(z);
    free(z->table);
    arena_clear(&z->arena);
    free(z);
}

/* ---- names ---- */

static size_t slot_of(const struct dns_zone *z, struct str name, uint32_t hash)
{
    size_t at = (hash ^ hash >> 16) & (z->size - 1);
    while (z->table[at] != NULL &&
           (z->table[at]->hash != hash || !str_eq(z->table[at]->name, name)))
        at = (at + 1) & (z->size - 1);
    return at;
}

static struct node *find_node(const struct dns_zone *z, struct str name, uint32_t hash)
{
    return z->size == 0 ? NULL : z->table[slot_of(z, name, hash)];
}

static bool grow_table(struct dns_zone *z)
{
    size_t old_size = z->size, size = old_size == 0 ? 64 : old_size * 2;
    struct node **old = z->table, **table = calloc(size, sizeof(struct node *));
    if (table == NULL)
        return false;
    z->table = table;
    z->size = size;
    for (size_t i = 0; i < old_size; i++)
        if (old[i] != NULL)
            table[slot_of(z, old[i]->name, old[i]->hash)] = old[i];
    free(old);
    return true;
}

static struct node *need_node(struct dns_zone *z, struct str name)
{
    uint32_t hash = dns_name_hash(name);
    struct node *node = find_node(z, name, hash);
    if (node != NULL)
        return node;
    if (2 * (z->n + 1) > z->size && !grow_table(z))
        return NULL;
    node = arena_new(&z->arena, struct node, 1);
    struct str copy = node == NULL ? STR_NONE : arena_copy(&z->arena, name);
    if (copy.p == NULL)
        return NULL;
    node->name = copy;
    node->hash = hash;
    z->table[slot_of(z, name, hash)] = node;
    z->n++;
    return node;
}

static struct str parent_of(struct str name)
{
    (void)str_cut(&name, '.');
    return name.p == NULL ? STR("") : name;
}

/* The node of a name that has something: every name above it exists as well (RFC 8020). */
static struct node *need_existing(struct dns_zone *z, struct zone_owner owner)
{
    struct node *node = need_node(z, owner.name);
    if (node == NULL)
        return NULL;
    if (!node->is_real || owner.dnssec > node->dnssec)
        node->dnssec = owner.dnssec;
    node->is_real = true;
    if (node->exists)
        return node;
    node->exists = true;
    for (struct str up = parent_of(owner.name); up.n != 0; up = parent_of(up)) {
        struct node *above = need_node(z, up);
        if (above == NULL)
            return NULL;
        if (above->exists)
            break;
        above->exists = true;
    }
    return node;
}

/* ---- adding ---- */

static struct record_set *need_set(struct dns_zone *z, struct node *node, enum dns_type type)
{
    for (struct record_set *s = node->sets; s != NULL; s = s->next)
        if (s->type == type)
            return s;
    struct record_set *s = arena_new(&z->arena, struct record_set, 1);
    if (s == NULL)
        return NULL;
    s->type = type;
    s->next = node->sets;
    node->sets = s;
    return s;
}

/* The same record again: what is known of it adds up (the longer TTL, the better proof). */
static bool merge_record(struct record_set *set, struct zone_owner owner, struct str rdata)
{
    for (struct record *r = set->first; r != NULL; r = r->next) {
        if (!str_eq(r->wire, rdata))
            continue;
        if (owner.ttl_s > r->decoded.ttl_s)
            r->decoded.ttl_s = owner.ttl_s;
        return true;
    }
    return false;
}

static int check_room(const struct record_set *set, struct str rdata, struct mp_err *err)
{
    enum { SLACK = 4096 }; /* name, canonical name */
    if (set->type == DNS_CNAME && set->n != 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "the name has another CNAME already");
    if (set->n == DNS_MAX_RECORDS)
        return mp_fail(err, MP_E_LIMIT, DNS_MAX_RECORDS,
                       "more than %d records of one name and type", DNS_MAX_RECORDS);
    if (rdata.n > DNS_ANSWER_MAX_BYTES - SLACK - set->bytes)
        return mp_fail(err, MP_E_LIMIT, DNS_ANSWER_MAX_BYTES,
                       "more than %d octets of one name and type", DNS_ANSWER_MAX_BYTES);
    return MP_OK;
}

int zone_add_wire(struct dns_zone *z, struct zone_owner owner, int type, struct str rdata,
                  struct mp_err *err)
{
    struct dns_record decoded = {.ttl_s = owner.ttl_s};
    struct str wire = arena_copy(&z->arena, rdata);
    if (wire.p == NULL)
        return no_memory(err);
    forget_made(z);
    switch (dns_record_decode(&z->arena, wire, 0, wire.n, false, (enum dns_type)type, &decoded)) {
    case WIRE_OK:
        break;
    case WIRE_NOMEM:
        return no_memory(err);
    case WIRE_BROKEN:
        return mp_fail(err, MP_E_SYNTAX, 0, "the RDATA does not fit its type");
    case WIRE_UNFIT:
        return mp_fail(err, MP_E_SYNTAX, 0, "a label with a dot or NUL inside is not supported");
    }
    struct node *node = need_existing(z, owner);
    struct record_set *set = node == NULL ? NULL : need_set(z, node, (enum dns_type)type);
    struct record *r = set == NULL ? NULL : arena_new(&z->arena, struct record, 1);
    if (r == NULL)
        return no_memory(err);
    if (set->n == 0 || owner.dnssec > set->dnssec)
        set->dnssec = owner.dnssec;
    if (merge_record(set, owner, wire))
        return MP_OK;
    int st = check_room(set, wire, err);
    if (st != MP_OK)
        return st;
    *r = (struct record){.wire = wire, .decoded = decoded};
    if (set->last == NULL)
        set->first = r;
    else
        set->last->next = r;
    set->last = r;
    set->n++;
    set->bytes += wire.n + DNS_NAME_MAX;
    return MP_OK;
}

static int add_verdict(struct dns_zone *z, struct node *node, struct verdict new,
                       struct mp_err *err)
{
    struct verdict *v = node == NULL ? NULL : node->verdicts;
    while (v != NULL && v->type != new.type)
        v = v->next;
    if (node != NULL && v == NULL && (v = arena_new(&z->arena, struct verdict, 1)) != NULL) {
        v->next = node->verdicts;
        node->verdicts = v;
    }
    new.why = arena_copy(&z->arena, new.why);
    new.target = arena_copy(&z->arena, new.target);
    if (v == NULL || new.why.p == NULL || new.target.p == NULL)
        return no_memory(err);
    new.next = v->next;
    *v = new;
    return MP_OK;
}

int zone_add_failure(struct dns_zone *z, struct zone_owner owner, int type, enum dns_status status,
                     struct str why, struct mp_err *err)
{
    struct verdict v = {
        .type = type, .status = status, .dnssec = owner.dnssec, .ttl_s = owner.ttl_s, .why = why};
    forget_made(z);
    bool exists = status != DNS_NXDOMAIN;
    return add_verdict(z, exists ? need_existing(z, owner) : need_node(z, owner.name), v, err);
}

int zone_add_alias(struct dns_zone *z, struct zone_owner owner, int type, struct str target,
                   struct mp_err *err)
{
    struct verdict v = {
        .type = type, .dnssec = owner.dnssec, .ttl_s = owner.ttl_s, .target = target};
    forget_made(z);
    return add_verdict(z, need_existing(z, owner), v, err);
}

int zone_add_existing(struct dns_zone *z, struct zone_owner owner, struct mp_err *err)
{
    forget_made(z);
    return need_existing(z, owner) == NULL ? no_memory(err) : MP_OK;
}

static int owner_by_name(struct str name, char lower[DNS_NAME_MAX], struct zone_owner *owner,
                         struct mp_err *err)
{
    const char *why = dns_name_lower(name, lower, &owner->name);
    if (why != NULL)
        return mp_fail(err, MP_E_SYNTAX, 0, "\"" STR_FMT "\": %s", STR_ARG(owner->name), why);
    return MP_OK;
}

int dns_zone_add(struct dns_zone *z, struct str name, enum dns_type type, uint32_t ttl_s,
                 struct str rdata, struct mp_err *err)
{
    char lower[DNS_NAME_MAX];
    struct zone_owner owner = {.ttl_s = ttl_s};
    struct zone_lexer lx;
    struct buf wire;
    zone_lexer_init(&lx, rdata);
    buf_init(&wire, ZONE_RDATA_MAX);
    int st = owner_by_name(name, lower, &owner, err);
    if (st == MP_OK)
        st = zone_lexer_next(&lx, err);
    if (st == MP_OK)
        st = zone_rdata_parse((int)type, lx.tokens, lx.n, STR(""), &wire, err);
    if (st == MP_OK)
        st = zone_add_wire(z, owner, (int)type, buf_str(&wire), err);
    buf_clear(&wire);
    zone_lexer_clear(&lx);
    return st;
}

int dns_zone_add_txt(struct dns_zone *z, struct str name, struct str bytes, struct mp_err *err)
{
    char lower[DNS_NAME_MAX];
    struct zone_owner owner = {.ttl_s = ZONE_NEGATIVE_TTL_S};
    struct buf wire;
    int st = owner_by_name(name, lower, &owner, err);
    if (st != MP_OK)
        return st;
    buf_init(&wire, ZONE_RDATA_MAX);
    do {
        struct str piece = str_slice(bytes, 0, 255);
        bytes = str_slice(bytes, piece.n, bytes.n);
        buf_addc(&wire, (char)piece.n);
        buf_add(&wire, piece);
    } while (bytes.n != 0 && !wire.failed);
    if (wire.failed)
        st = mp_fail(err, MP_E_LIMIT, ZONE_RDATA_MAX, "TXT record is longer than a packet carries");
    else
        st = zone_add_wire(z, owner, DNS_TXT, buf_str(&wire), err);
    buf_clear(&wire);
    return st;
}

int dns_zone_add_failure(struct dns_zone *z, struct str name, int type, enum dns_status status,
                         struct mp_err *err)
{
    char lower[DNS_NAME_MAX];
    struct zone_owner owner = {.ttl_s = ZONE_NEGATIVE_TTL_S};
    if (status == DNS_DATA)
        return mp_fail(err, MP_E_USAGE, 0, "DNS_DATA is not a failure");
    int st = owner_by_name(name, lower, &owner, err);
    return st == MP_OK ? zone_add_failure(z, owner, type, status, STR(""), err) : st;
}

/* ---- looking up ---- */

/* What one name says to one type, before any CNAME is followed. */
struct step {
    const struct verdict *verdict;
    const struct record_set *set; /* of the type, or the CNAME */
    enum dns_status status;       /* without either: NODATA or NXDOMAIN */
};

static bool node_says(const struct node *node, enum dns_type type, struct step *out)
{
    const struct verdict *any = NULL;
    for (const struct verdict *v = node->verdicts; v != NULL; v = v->next) {
        if (v->type == (int)type) {
            out->verdict = v;
            return true;
        }
        any = v->type == 0 ? v : any;
    }
    const struct record_set *cname = NULL;
    for (const struct record_set *s = node->sets; s != NULL; s = s->next) {
        if (s->n != 0 && s->type == type) {
            out->set = s;
            return true;
        }
        cname = s->n != 0 && s->type == DNS_CNAME ? s : cname;
    }
    out->set = cname;
    out->verdict = cname == NULL ? any : NULL;
    return cname != NULL || any != NULL || node->exists;
}

/* Walk from the name towards the root: `hash` gets the hash of each suffix for free. */
struct suffixes {
    uint32_t hash[DNS_NAME_OCTETS_MAX + 1];
};

static void hash_suffixes(struct str name, struct suffixes *s)
{
    uint32_t h = DNS_HASH_SEED;
    s->hash[name.n] = h;
    for (size_t i = name.n; i > 0; i--)
        s->hash[i - 1] = h = dns_hash_octet(h, name.p[i - 1]);
}

static const struct node *wildcard_below(const struct dns_zone *z, struct str encloser,
                                         uint32_t hash)
{
    char text[DNS_NAME_MAX + 2] = "*.";
    size_t n = encloser.n == 0 ? 1 : 2 + encloser.n;
    if (encloser.n != 0) {
        memcpy(text + 2, encloser.p, encloser.n);
        hash = dns_hash_octet(hash, '.');
    }
    const struct node *node = find_node(z, str_make(text, n), dns_hash_octet(hash, '*'));
    return node != NULL && node->exists ? node : NULL;
}

static struct step look(const struct dns_zone *z, struct str name, enum dns_type type)
{
    struct step step = {.status = DNS_NODATA};
    struct suffixes s;
    hash_suffixes(name, &s);
    const struct node *node = find_node(z, name, s.hash[0]);
    if (node != NULL && node_says(node, type, &step))
        return step;
    struct str up = name; /* RFC 4592 3.3.1: the closest name that exists, and only its wildcard */
    do {
        up = parent_of(up);
        node = find_node(z, up, s.hash[name.n - up.n]);
    } while (up.n != 0 && (node == NULL || !node->exists));
    node = wildcard_below(z, up, s.hash[name.n - up.n]);
    if (node == NULL || !node_says(node, type, &step))
        step.status = DNS_NXDOMAIN;
    return step;
}

/* The SOA above a denied name gives its TTL (RFC 2308 5), the nearest records their DNSSEC state.
 */
static void denial_terms(const struct dns_zone *z, struct str name, uint32_t *ttl_s,
                         enum dnssec *dnssec)
{
    struct suffixes s;
    bool has_state = false;
    hash_suffixes(name, &s);
    *ttl_s = ZONE_NEGATIVE_TTL_S;
    *dnssec = DNSSEC_UNKNOWN;
    for (struct str up = name;; up = parent_of(up)) {
        const struct node *node = find_node(z, up, s.hash[name.n - up.n]);
        if (node != NULL && node->is_real && !has_state) {
            *dnssec = node->dnssec;
            has_state = true;
        }
        const struct record_set *set = node == NULL ? NULL : node->sets;
        while (set != NULL && set->type != DNS_SOA)
            set = set->next;
        if (set != NULL && set->n != 0) {
            *ttl_s = soa_negative_ttl(set->first->decoded.data, set->first->decoded.ttl_s);
            return;
        }
        if (up.n == 0)
            return;
    }
}

/* What is gathered along a chain of CNAMEs. */
struct chain {
    struct str asked, names[DNS_MAX_CNAMES + 1]; /* names[n - 1] is where it stands */
    size_t n;
    enum dns_type type;
    enum dnssec dnssec;
    uint32_t ttl_s;
};

static void chain_meet(struct chain *c, enum dnssec dnssec, uint32_t ttl_s)
{
    c->dnssec = dnssec < c->dnssec ? dnssec : c->dnssec;
    c->ttl_s = ttl_s < c->ttl_s ? ttl_s : c->ttl_s;
}

static struct dns_answer *answer_data(struct chain *c, const struct record_set *set)
{
    struct dns_record *records = calloc(set->n, sizeof *records);
    size_t n = 0;
    if (records == NULL)
        return NULL;
    for (const struct record *r = set->first; r != NULL; r = r->next) {
        records[n++] = r->decoded;
        chain_meet(c, set->dnssec, r->decoded.ttl_s);
    }
    struct dns_answer *a = dns_answer_new(DNS_DATA, c->asked, c->type, c->dnssec, c->ttl_s,
                                          c->names[c->n - 1], STR_NONE, records, n);
    free(records);
    return a;
}

static struct dns_answer *answer_none(struct chain *c, enum dns_status status, struct str why)
{
    bool denies = status == DNS_NXDOMAIN || status == DNS_NODATA;
    return dns_answer_new(status, c->asked, c->type, c->dnssec, c->ttl_s,
                          denies ? c->names[c->n - 1] : c->asked, why, NULL, 0);
}

static bool chain_follow(struct chain *c, struct str target, const char **why)
{
    *why = target.n == 0 ? "CNAME to the root" : NULL;
    for (size_t i = 0; i < c->n && *why == NULL; i++)
        if (str_eq(c->names[i], target))
            *why = "CNAME loop";
    if (*why == NULL && c->n == ARRAY_LEN(c->names))
        *why = "more than 16 CNAMEs";
    if (*why == NULL)
        c->names[c->n++] = target;
    return *why == NULL;
}

/* What the zone says where the chain stands: an answer, or NULL with the next name in *target. */
static struct dns_answer *answer_at(const struct dns_zone *z, struct chain *c, struct str *target)
{
    struct str at = c->names[c->n - 1];
    struct step step = look(z, at, c->type);
    const struct verdict *v = step.verdict;
    *target = STR_NONE;
    if (v != NULL) {
        chain_meet(c, v->dnssec, v->ttl_s);
        if (v->target.n == 0)
            return answer_none(c, v->status, v->why);
        *target = v->target;
        return NULL;
    }
    if (step.set == NULL) {
        enum dnssec dnssec;
        uint32_t ttl_s;
        denial_terms(z, at, &ttl_s, &dnssec);
        chain_meet(c, dnssec, ttl_s);
        return answer_none(c, step.status, STR_NONE);
    }
    if (step.set->type == c->type)
        return answer_data(c, step.set);
    const struct dns_record *cname = &step.set->first->decoded;
    chain_meet(c, step.set->dnssec, cname->ttl_s);
    *target = str_make(cname->name.p, cname->name.n);
    return NULL;
}

static struct dns_answer *make_answer(const struct dns_zone *z, struct str name, enum dns_type type)
{
    struct chain c = {.asked = name,
                      .names = {name},
                      .n = 1,
                      .type = type,
                      .dnssec = DNSSEC_SECURE,
                      .ttl_s = DNS_TTL_MAX_S};
    for (;;) {
        struct str target;
        const char *why;
        struct dns_answer *a = answer_at(z, &c, &target);
        if (a != NULL || target.p == NULL) /* without a target it is memory that is missing */
            return a;
        if (!chain_follow(&c, target, &why))
            return answer_none(&c, DNS_SERVFAIL, str_from(why));
    }
}

static struct dns_answer *find_made(struct made *m, enum dns_type type)
{
    while (m != NULL && m->answer->type != type)
        m = m->next;
    return m == NULL ? NULL : m->answer;
}

/* Share the answer of a name that is in the file; the first thread's stays. */
static struct dns_answer *share_made(struct dns_zone *z, struct node *node, struct dns_answer *a)
{
    struct made *m = a == NULL ? NULL : malloc(sizeof *m);
    if (m == NULL)
        return a; /* unshared, still right */
    m->answer = a;
    m->next = atomic_load_explicit(&node->made, memory_order_acquire);
    do {
        struct dns_answer *other = find_made(m->next, a->type);
        if (other != NULL) {
            free(m);
            dns_answer_unref(a);
            return dns_answer_ref(other);
        }
    } while (!atomic_compare_exchange_weak_explicit(&node->made, &m->next, m, memory_order_release,
                                                    memory_order_acquire));
    atomic_store(&z->has_made, true);
    return dns_answer_ref(a);
}

struct dns_answer *dns_zone_lookup(void *zone, struct str name, enum dns_type type)
{
    struct dns_zone *z = zone;
    char lower[DNS_NAME_MAX];
    struct str asked;
    const char *why = dns_name_lower(name, lower, &asked);
    if (why != NULL)
        return dns_answer_unaskable(asked, type, why);
    struct node *node = find_node(z, asked, dns_name_hash(asked));
    if (node == NULL)
        return make_answer(z, asked, type);
    struct dns_answer *a = find_made(atomic_load_explicit(&node->made, memory_order_acquire), type);
    return a != NULL ? dns_answer_ref(a) : share_made(z, node, make_answer(z, asked, type));
}
