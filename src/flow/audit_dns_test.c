/* The zone file over DNS: which of the two answers, aliases from one to the other, delegations. */
#include "flow/audit_test_kit.h"

#include "base/idna.h"

#define DNS_TEXT                                                                                   \
    "$INSECURE\n"                                                                                  \
    "good.test. MX 10 old.good.test.\ngood.test. TXT \"published\"\n"                              \
    "only.good.test. TXT \"published\"\nsub.good.test. TXT \"delegated\"\n"                        \
    "deep.sub.good.test. A 192.0.2.9\nns.sub.good.test. A 192.0.2.8\n"                             \
    "good.test. NS ns.good.test.\nfail.good.test. TXT \"published\"\n"                             \
    "mx.other.test. A 192.0.2.1\nmx.other.test. A 192.0.2.2\nnotgood.test. TXT \"other\"\n"        \
    "back.other.test. CNAME new.good.test.\nchain.other.test. CNAME back.other.test.\n"            \
    "into.other.test. CNAME deep.sub.good.test.\nring.other.test. CNAME ring.good.test.\n"         \
    "zig.other.test. CNAME zag.good.test.\nslow.other.test. TIMEOUT \"no route\"\n"                \
    "s1.keys.test. TXT \"v=DKIM1; p=\"\nfacts.other.test. TXT \"real\"\n"                          \
    "gone.other.test. CNAME nothing.good.test.\ntest. TXT \"parent\"\n"

#define FILE_TEXT                                                                                  \
    "good.test. SOA ns.good.test. h.good.test. 1 2 3 4 5\ngood.test. NS ns.good.test.\n"           \
    "good.test. MX 10 new.good.test.\nnew.good.test. A 192.0.2.77\n"                               \
    "mail.good.test. CNAME mx.other.test.\nlocal.good.test. CNAME new.good.test.\n"                \
    "home.good.test. CNAME chain.other.test.\nring.good.test. CNAME ring.other.test.\n"            \
    "zag.good.test. CNAME mx.other.test.\nfar.good.test. CNAME slow.other.test.\n"                 \
    "lost.good.test. CNAME nothing.other.test.\nroot.good.test. CNAME .\n"                         \
    "sub.good.test. NS ns.sub.good.test.\nns.sub.good.test. A 10.0.0.1\n"                          \
    "via.good.test. CNAME deep.sub.good.test.\n"                                                   \
    "*.wild.good.test. TXT \"any\"\na.wild.good.test. A 192.0.2.5\n"                               \
    "*._domainkey.good.test. CNAME s1.keys.test.\nfail.good.test. SERVFAIL \"broken\"\n"           \
    "foreign.good.test. CNAME facts.other.test.\nfacts.other.test. TXT \"invented\"\n"             \
    "other.test. TXT \"invented\"\nempty.x.good.test. TXT \"below\"\n"

static const struct {
    const char *label, *name;
    enum dns_type type;
    enum dns_status status;
    const char *first, *canonical; /* the first record; NULL: as asked */
} rows[] = {
    {"the file's, not the published", "good.test", DNS_MX, DNS_DATA, "new.good.test", NULL},
    {"any case, final dot", "GOOD.test.", DNS_MX, DNS_DATA, "new.good.test", "good.test"},
    {"a type that the file does not have", "good.test", DNS_TXT, DNS_NODATA, "", NULL},
    {"a name that only DNS has", "only.good.test", DNS_TXT, DNS_NXDOMAIN, "", NULL},
    {"a name between", "x.good.test", DNS_TXT, DNS_NODATA, "", NULL},
    {"a new name", "new.good.test", DNS_A, DNS_DATA, "192.0.2.77", NULL},
    {"others are asked of DNS", "mx.other.test", DNS_A, DNS_DATA, "192.0.2.1", NULL},
    {"the parent too", "test", DNS_TXT, DNS_DATA, "parent", NULL},
    {"one that only ends like it", "notgood.test", DNS_TXT, DNS_DATA, "other", NULL},
    {"what the file says of others is not taken", "facts.other.test", DNS_TXT, DNS_DATA, "real",
     NULL},
    {"not even as denial", "other.test", DNS_TXT, DNS_NODATA, "", NULL},
    {"a failure in the file", "fail.good.test", DNS_TXT, DNS_SERVFAIL, "", NULL},

    {"alias within the file", "local.good.test", DNS_A, DNS_DATA, "192.0.2.77", "new.good.test"},
    {"alias out of the file", "mail.good.test", DNS_A, DNS_DATA, "192.0.2.1", "mx.other.test"},
    {"the alias itself", "mail.good.test", DNS_CNAME, DNS_DATA, "mx.other.test", NULL},
    {"alias to a foreign name that the file has too", "foreign.good.test", DNS_TXT, DNS_DATA,
     "real", "facts.other.test"},
    {"a type that its target does not have", "mail.good.test", DNS_AAAA, DNS_NODATA, "",
     "mx.other.test"},
    {"alias to a name that DNS denies", "lost.good.test", DNS_A, DNS_NXDOMAIN, "",
     "nothing.other.test"},
    {"alias to a name that fails", "far.good.test", DNS_A, DNS_TIMEOUT, "", NULL},
    {"alias to the root", "root.good.test", DNS_A, DNS_SERVFAIL, "", NULL},
    {"alias from outside into the file", "back.other.test", DNS_A, DNS_DATA, "192.0.2.77",
     "new.good.test"},
    {"into the file, where it is not", "gone.other.test", DNS_A, DNS_NXDOMAIN, "",
     "nothing.good.test"},
    {"out, along, and back", "home.good.test", DNS_A, DNS_DATA, "192.0.2.77", "new.good.test"},
    {"in, and out again", "zig.other.test", DNS_A, DNS_DATA, "192.0.2.1", "mx.other.test"},
    {"a ring of both", "ring.good.test", DNS_A, DNS_SERVFAIL, "", NULL},

    {"a delegated name", "sub.good.test", DNS_TXT, DNS_DATA, "delegated", NULL},
    {"below a delegation", "deep.sub.good.test", DNS_A, DNS_DATA, "192.0.2.9", NULL},
    {"glue is not taken", "ns.sub.good.test", DNS_A, DNS_DATA, "192.0.2.8", NULL},
    {"alias into a delegated zone", "via.good.test", DNS_A, DNS_DATA, "192.0.2.9",
     "deep.sub.good.test"},
    {"and from outside", "into.other.test", DNS_A, DNS_DATA, "192.0.2.9", "deep.sub.good.test"},
    {"NS of the apex delegate nothing", "good.test", DNS_NS, DNS_DATA, "ns.good.test", NULL},

    {"a wildcard", "b.wild.good.test", DNS_TXT, DNS_DATA, "any", NULL},
    {"not for a name that is there", "a.wild.good.test", DNS_TXT, DNS_NODATA, "", NULL},
    {"a wildcard alias out of the file", "k1._domainkey.good.test", DNS_TXT, DNS_DATA,
     "v=DKIM1; p=", "s1.keys.test"},
};

static struct str record_text(struct arena *a, const struct dns_answer *answer)
{
    if (answer->n == 0)
        return STR("");
    const struct dns_record *r = &answer->records[0];
    char text[IP_TEXT_MAX];
    if (answer->type == DNS_A)
        return arena_copy(a, str_make(text, ip_write(&r->ip, text)));
    return answer->type == DNS_TXT ? r->data : r->name;
}

/* What the view below misses, answered by hand: as if it had come over the network. */
static void answer_below(struct rig *r)
{
    struct dns_question q;
    for (size_t at = 0; dns_view_missing(r->audit->below, &at, &q);)
        tap_int(dns_view_put(r->audit->below, q.name, q.type,
                             dns_zone_lookup(r->dns, q.name, q.type)),
                MP_OK);
}

static const struct dns_answer *ask(struct rig *r, const char *name, enum dns_type type, bool slow)
{
    enum { ROUNDS = 40 };
    const struct dns_answer *a = NULL;
    int st = MP_WAIT;
    for (int i = 0; st == MP_WAIT && i < ROUNDS; i++) {
        st = dns_ask(r->audit->dns, str_from(name), type, &a, &r->err);
        if (st == MP_WAIT && slow)
            answer_below(r);
        if (st == MP_WAIT)
            (void)audit_dns_fill(r->audit, NULL); /* slow: an error until all hops are there */
    }
    return tap_int(st, MP_OK) ? a : NULL;
}

static void open_answers(struct rig *r, const char *dns, const char *file, bool slow)
{
    rig_open(r, dns, file);
    arena_init(&r->audit->arena, RIG_ARENA_BYTES);
    r->audit->options = &r->options;
    r->audit->deadline_us = clock_mono_us() + (int64_t)RIG_DEADLINE_MS * 1000;
    tap_int(audit_dns_open(r->audit, &r->err), MP_OK);
    if (slow)
        r->audit->below = dns_view_new_large(&r->audit->arena, NULL, NULL);
}

static void test_answers(bool slow)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig r;
        tap_case("zone file%s: %s", slow ? ", answers come late" : "", rows[i].label);
        open_answers(&r, DNS_TEXT, FILE_TEXT, slow);
        const struct dns_answer *a = ask(&r, rows[i].name, rows[i].type, slow);
        if (a != NULL) {
            const char *canonical = rows[i].canonical != NULL ? rows[i].canonical : rows[i].name;
            tap_cstr(dns_status_name(a->status), dns_status_name(rows[i].status));
            tap_str(record_text(&r.arena, a), str_from(rows[i].first));
            tap_ok(domain_eq(a->name, str_from(rows[i].name)));
            tap_str(a->canonical, str_from(canonical));
            tap_int(a->type, rows[i].type);
        }
        rig_close(&r);
    }
}

/* ---- what is added up ---- */

static void test_terms(void)
{
    struct rig r;
    tap_case("zone file: DNSSEC and TTL are the weaker of both");
    open_answers(
        &r, "$SECURE\nmx.other.test. 60 A 192.0.2.1\n$INSECURE\nplain.other.test. A 192.0.2.2\n",
        "$SECURE\na.good.test. 600 CNAME mx.other.test.\n"
        "b.good.test. 30 CNAME plain.other.test.\n",
        false);
    const struct dns_answer *a = ask(&r, "a.good.test", DNS_A, false);
    const struct dns_answer *b = ask(&r, "b.good.test", DNS_A, false);
    tap_ok(a != NULL && a->dnssec == DNSSEC_SECURE && a->ttl_s == 60);
    tap_ok(b != NULL && b->dnssec == DNSSEC_INSECURE && b->ttl_s == 30);
    rig_close(&r);

    tap_case("zone file: why a name fails is kept");
    open_answers(&r, DNS_TEXT, FILE_TEXT, false);
    a = ask(&r, "far.good.test", DNS_A, false);
    b = ask(&r, "fail.good.test", DNS_TXT, false);
    tap_ok(a != NULL && str_eq(a->why, STR("no route")));
    tap_ok(b != NULL && str_eq(b->why, STR("broken")));
    rig_close(&r);

    tap_case("zone file: what is not walked along is shared, with its derived values");
    open_answers(&r, DNS_TEXT, FILE_TEXT, false);
    a = ask(&r, "mx.other.test", DNS_A, false);
    struct dns_answer *own = dns_zone_lookup(r.dns, STR("mx.other.test"), DNS_A);
    tap_ok(a == own);
    dns_answer_unref(own);
    rig_close(&r);
}

static void test_chains(void)
{
    enum { HOPS = 40 };
    static const struct {
        unsigned hops;
        enum dns_status status;
    } lengths[] = {{1, DNS_DATA},
                   {DNS_MAX_CNAMES, DNS_DATA},
                   {DNS_MAX_CNAMES + 1, DNS_SERVFAIL},
                   {HOPS, DNS_SERVFAIL}};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct rig r;
        struct buf file;
        buf_init(&file, 1 << 16);
        for (unsigned k = 0; k < lengths[i].hops; k++)
            buf_addf(&file, "c%u.good.test. CNAME c%u.good.test.\n", k, k + 1);
        buf_addf(&file, "c%u.good.test. A 192.0.2.1\n", lengths[i].hops);
        buf_addc(&file, '\0');
        tap_case("zone file: a chain of %u aliases", lengths[i].hops);
        open_answers(&r, "test. NS ns.test.\n", file.p, false);
        const struct dns_answer *a = ask(&r, "c0.good.test", DNS_A, false);
        if (a != NULL)
            tap_cstr(dns_status_name(a->status), dns_status_name(lengths[i].status));
        rig_close(&r);
        buf_clear(&file);
    }
}

static void test_none(void)
{
    struct rig r;
    tap_case("no zone file: DNS alone, once");
    open_answers(&r, DNS_TEXT, NULL, false);
    const struct dns_answer *a = ask(&r, "good.test", DNS_MX, false);
    tap_ok(r.audit->dns == r.audit->below);
    tap_ok(a != NULL && str_eq(record_text(&r.arena, a), STR("old.good.test")));
    rig_close(&r);

    tap_case("an apex with final dot and capitals is the same");
    open_answers(&r, DNS_TEXT, FILE_TEXT, false);
    r.options.zone_apex = STR("Good.TEST.");
    a = ask(&r, "good.test", DNS_MX, false);
    tap_ok(a != NULL && str_eq(record_text(&r.arena, a), STR("new.good.test")));
    rig_close(&r);

    tap_case("a name that cannot be asked is nobody's");
    open_answers(&r, DNS_TEXT, FILE_TEXT, false);
    a = ask(&r, "a..good.test", DNS_TXT, false);
    tap_ok(a != NULL && a->status == DNS_NXDOMAIN && a->why.n > 0);
    rig_close(&r);
}

int main(void)
{
    test_answers(false);
    test_answers(true);
    test_terms();
    test_chains();
    test_none();
    return tap_done();
}
