/* The zone as it is filled: nodes by name, the empty names between them, and their records. */
#include "dns/zone.h"

#include <stdlib.h>

#include "dns/zone_internal.h"

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
        struct zone_made *m =
            z->table[i] == NULL ? NULL : atomic_exchange(&z->table[i]->made, NULL);
        while (m != NULL) {
            struct zone_made *next = m->next;
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

struct zone_node *zone_find(const struct dns_zone *z, struct str name, uint32_t hash)
{
    return z->size == 0 ? NULL : z->table[slot_of(z, name, hash)];
}

static bool grow_table(struct dns_zone *z)
{
    size_t old_size = z->size, size = old_size == 0 ? 64 : old_size * 2;
    struct zone_node **old = z->table, **table = calloc(size, sizeof(struct zone_node *));
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

static struct zone_node *need_node(struct dns_zone *z, struct str name)
{
    uint32_t hash = dns_name_hash(name);
    struct zone_node *node = zone_find(z, name, hash);
    if (node != NULL)
        return node;
    if (2 * (z->n + 1) > z->size && !grow_table(z))
        return NULL;
    node = arena_new(&z->arena, struct zone_node, 1);
    struct str copy = node == NULL ? STR_NONE : arena_copy(&z->arena, name);
    if (copy.p == NULL)
        return NULL;
    node->name = copy;
    node->hash = hash;
    z->table[slot_of(z, name, hash)] = node;
    z->n++;
    return node;
}

struct str zone_parent(struct str name)
{
    (void)str_cut(&name, '.');
    return name.p == NULL ? STR("") : name;
}

/* The node of a name that has something: every name above it exists as well (RFC 8020). */
static struct zone_node *need_existing(struct dns_zone *z, struct zone_owner owner)
{
    struct zone_node *node = need_node(z, owner.name);
    if (node == NULL)
        return NULL;
    if (!node->is_real || owner.dnssec > node->dnssec)
        node->dnssec = owner.dnssec;
    node->is_real = true;
    if (node->exists)
        return node;
    node->exists = true;
    for (struct str up = zone_parent(owner.name); up.n != 0; up = zone_parent(up)) {
        struct zone_node *above = need_node(z, up);
        if (above == NULL)
            return NULL;
        if (above->exists)
            break;
        above->exists = true;
    }
    return node;
}

/* ---- adding ---- */

static struct zone_set *need_set(struct dns_zone *z, struct zone_node *node, enum dns_type type)
{
    for (struct zone_set *s = node->sets; s != NULL; s = s->next)
        if (s->type == type)
            return s;
    struct zone_set *s = arena_new(&z->arena, struct zone_set, 1);
    if (s == NULL)
        return NULL;
    s->type = type;
    s->next = node->sets;
    node->sets = s;
    return s;
}

/* The same record again: what is known of it adds up (the longer TTL, the better proof). */
static bool merge_record(struct zone_set *set, struct zone_owner owner, struct str rdata)
{
    for (struct zone_record *r = set->first; r != NULL; r = r->next) {
        if (!str_eq(r->wire, rdata))
            continue;
        if (owner.ttl_s > r->decoded.ttl_s)
            r->decoded.ttl_s = owner.ttl_s;
        return true;
    }
    return false;
}

static int check_room(const struct zone_set *set, struct str rdata, struct mp_err *err)
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
    struct zone_node *node = need_existing(z, owner);
    struct zone_set *set = node == NULL ? NULL : need_set(z, node, (enum dns_type)type);
    struct zone_record *r = set == NULL ? NULL : arena_new(&z->arena, struct zone_record, 1);
    if (r == NULL)
        return no_memory(err);
    if (set->n == 0 || owner.dnssec > set->dnssec)
        set->dnssec = owner.dnssec;
    if (merge_record(set, owner, wire))
        return MP_OK;
    int st = check_room(set, wire, err);
    if (st != MP_OK)
        return st;
    *r = (struct zone_record){.wire = wire, .decoded = decoded};
    if (set->last == NULL)
        set->first = r;
    else
        set->last->next = r;
    set->last = r;
    set->n++;
    set->bytes += wire.n + DNS_NAME_MAX;
    return MP_OK;
}

static int add_verdict(struct dns_zone *z, struct zone_node *node, struct zone_verdict new,
                       struct mp_err *err)
{
    struct zone_verdict *v = node == NULL ? NULL : node->verdicts;
    while (v != NULL && v->type != new.type)
        v = v->next;
    if (node != NULL && v == NULL && (v = arena_new(&z->arena, struct zone_verdict, 1)) != NULL) {
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
    struct zone_verdict v = {
        .type = type, .status = status, .dnssec = owner.dnssec, .ttl_s = owner.ttl_s, .why = why};
    forget_made(z);
    bool exists = status != DNS_NXDOMAIN;
    return add_verdict(z, exists ? need_existing(z, owner) : need_node(z, owner.name), v, err);
}

int zone_add_alias(struct dns_zone *z, struct zone_owner owner, int type, struct str target,
                   struct mp_err *err)
{
    struct zone_verdict v = {
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
