/* The audit of SPF against the check of SPF, over made-up worlds: what a check may come to was told
 * before, and nothing that was told is less than what a check meets. And the audit by itself: any
 * order of answers, little memory, endless trees. */
#include <stdio.h>
#include <stdlib.h>

#include "auth/spf_audit.h"
#include "base/buf.h"
#include "dns/zone.h"
#include "tests/tap.h"

enum {
    BUDGET_BYTES = 64 * 1024 * 1024,
    TEXT_BYTES = 256 * 1024,
    WORLDS = 6000,
    DOMAINS = 7,
    MISSING_MAX = 2000,
    ROUNDS_MAX = 200
};

#define OUTSIDER4 "203.0.113.77"
#define OUTSIDER6 "2001:db8:dead::77"

struct bench {
    struct arena arena;
    struct auth_config config;
    struct auth_ctx ctx;
    struct mp_err err;
};

static void bench_init(struct bench *b, dns_ready_fn *ready, void *zone, size_t budget)
{
    *b = (struct bench){.err.code = 0};
    arena_init(&b->arena, budget);
    auth_config_init(&b->config);
    b->ctx = (struct auth_ctx){.arena = &b->arena,
                               .dns = dns_view_new_large(&b->arena, ready, zone),
                               .config = &b->config};
}

static void bench_clear(struct bench *b)
{
    dns_view_release(b->ctx.dns);
    arena_clear(&b->arena);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static unsigned pick(uint64_t *state, unsigned n)
{
    return (unsigned)(next_random(state) >> 16) % n;
}

/* ---- made-up worlds ---- */

/* d0.test to d6.test hold records, h0.test to h5.test addresses (some of one family, some none). */
static const char hosts[] = "$TTL 300\n"
                            "h0.test A 192.0.2.1\nh0.test AAAA 2001:db8::1\n"
                            "h1.test A 192.0.2.2\n"
                            "h2.test AAAA 2001:db8::2\n"
                            "h3.test TXT nothing\n"
                            "h4.test A 192.0.2.4\nh4.test A 192.0.2.5\nh4.test AAAA 2001:db8::4\n"
                            "m0.test MX 1 h0.test\nm0.test MX 2 h1.test\n"
                            "m1.test MX 1 h0.test\nm1.test MX 2 h4.test\n"
                            "m2.test MX 1 h5.test\n"
                            "m3.test MX 0 .\n"
                            "d0.test A 192.0.2.30\nd0.test AAAA 2001:db8::30\n"
                            "1.2.0.192.in-addr.arpa PTR h0.test\n"
                            "1.2.0.192.l.test A 127.0.0.2\n";

static const char eleven[] = "m4.test MX 1 h0.test\nm4.test MX 1 h1.test\nm4.test MX 1 h2.test\n"
                             "m4.test MX 1 h3.test\nm4.test MX 1 h4.test\nm4.test MX 1 h5.test\n"
                             "m4.test MX 1 h6.test\nm4.test MX 1 h7.test\nm4.test MX 1 h8.test\n"
                             "m4.test MX 1 h9.test\nm4.test MX 1 h10.test\n";

static const char *const qualifiers[] = {"", "", "", "+", "-", "~", "?"};

/* A term. `tame`: none that a client alone decides, and none that matches whoever comes. */
static void put_term(struct buf *b, uint64_t *r, unsigned from, bool tame)
{
    unsigned kind = pick(r, tame ? 10 : 15), n = pick(r, 6);
    /* Upwards mostly: worlds without a loop are the larger part. */
    unsigned to = pick(r, 12) == 0 ? pick(r, DOMAINS + 1) : from + 1 + pick(r, 2);
    buf_addz(b, qualifiers[pick(r, ARRAY_LEN(qualifiers))]);
    if (kind < 4)
        buf_addf(b, "include:d%u.test", to);
    else if (kind == 4)
        buf_addf(b, "a:h%u.test%s", n, pick(r, 4) == 0 ? "/30" : "");
    else if (kind == 5)
        buf_addf(b, "mx:m%u.test", pick(r, 12) == 0 ? 4 : pick(r, 4));
    else if (kind == 6)
        buf_addf(b, "ip4:192.0.2.%u", n);
    else if (kind == 7)
        buf_addf(b, "ip6:2001:db8::%u/127", n);
    else if (kind == 8)
        buf_addf(b, "exists:gone%u.%%{d}", n);
    else if (kind == 9)
        buf_addz(b, pick(r, 2) == 0 ? "a" : "a:%{o}");
    else if (kind == 10)
        buf_addz(b, "exists:%{ir}.l.test");
    else if (kind == 11)
        buf_addz(b, pick(r, 2) == 0 ? "ptr" : "ptr:h0.test");
    else if (kind == 12)
        buf_addf(b, "a:%%{p1r}.h%u.test", n);
    else if (kind == 13)
        buf_addz(b, pick(r, 3) == 0 ? "exists:h0.test" : "a:%{h}");
    else
        buf_addz(b, pick(r, 4) == 0 ? "ipv4:192.0.2.1" : "x=y");
}

static void put_record(struct buf *b, uint64_t *r, unsigned domain, bool tame)
{
    static const char *const ends[] = {" -all", " ~all", " ?all", "", "", " +all"};
    unsigned terms = pick(r, 5);
    buf_addz(b, "v=spf1");
    for (unsigned i = 0; i < terms; i++) {
        buf_addc(b, ' ');
        put_term(b, r, domain, tame);
    }
    unsigned end = pick(r, tame ? 5 : 6);
    buf_addz(b, ends[end]);
    if ((end == 3 || end == 4) && pick(r, 2) == 0)
        buf_addf(b, " redirect=d%u.test", domain + 1 + pick(r, 2));
}

static void must(int status, const struct mp_err *err)
{
    if (status == MP_OK)
        return;
    fprintf(stderr, "spf_audit_agree_test zone: %s\n", err->text);
    abort();
}

static struct dns_zone *make_world(uint64_t *r, bool tame, struct buf *text)
{
    struct mp_err err = {0};
    struct dns_zone *z = dns_zone_new();
    if (z == NULL)
        abort();
    must(dns_zone_load(z, str_from(hosts), "hosts", &err), &err);
    must(dns_zone_load(z, str_from(eleven), "eleven", &err), &err);
    for (unsigned i = 0; i < DOMAINS; i++) {
        char name[24];
        unsigned copies = i != 0 && pick(r, 12) == 0 ? 0 : pick(r, 25) == 0 ? 2 : 1;
        snprintf(name, sizeof name, "d%u.test", i);
        for (unsigned k = 0; k < copies; k++) {
            size_t from = text->n;
            put_record(text, r, i, tame);
            must(dns_zone_add_txt(z, str_from(name), str_slice(buf_str(text), from, text->n), &err),
                 &err);
            buf_addc(text, '\n');
        }
        if (i != 0 && pick(r, 30) == 0)
            must(dns_zone_add_failure(z, str_from(name), DNS_TXT, DNS_SERVFAIL, &err), &err);
    }
    return z;
}

/* ---- agreement ---- */

static bool has(const struct spf_audit *a, enum spf_problem_kind kind)
{
    for (size_t i = 0; i < a->n_problems; i++)
        if (a->problems[i].kind == kind)
            return true;
    return false;
}

/* The problem that must have been told before a check says this. */
static enum spf_problem_kind kind_of(const struct spf_audit *a, struct str reason)
{
    static const struct {
        struct str words;
        enum spf_problem_kind kind;
    } table[] = {{STR_INIT("DNS lookups:"), SPF_PROBLEM_LOOKUPS},
                 {STR_INIT("without an answer"), SPF_PROBLEM_VOIDS},
                 {STR_INIT("MX records of"), SPF_PROBLEM_MX_NAMES},
                 {STR_INIT("SPF records where"), SPF_PROBLEM_SEVERAL},
                 {STR_INIT("publishes no SPF record"), SPF_PROBLEM_NO_RECORD},
                 {STR_INIT("does not exist"), SPF_PROBLEM_NO_RECORD},
                 {STR_INIT("is not a domain name"), SPF_PROBLEM_NO_RECORD}};
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (str_search(reason, table[i].words) == reason.n)
            continue;
        /* A loop costs look-ups, and maybe voids, until one of them is too many. */
        bool endless = i < 2 && has(a, SPF_PROBLEM_LOOP);
        return endless ? SPF_PROBLEM_LOOP : table[i].kind;
    }
    return SPF_PROBLEM_SYNTAX;
}

static const char *const clients[] = {OUTSIDER4, OUTSIDER6, "192.0.2.1", "192.0.2.5",
                                      "2001:db8::2"};

struct tally {
    unsigned permerror[SPF_PROBLEM_KIND_COUNT], clean, exact, passed;
};

/* What is not true of one check after the audit of the same records; NULL when all is. */
static const char *disagreement(const struct spf_audit *a, const struct spf_outcome *o, bool is_v6,
                                bool outsider, bool tame, struct tally *tally)
{
    bool endless = a->incomplete || has(a, SPF_PROBLEM_LOOP);
    if (o->result == SPF_PERMERROR) {
        enum spf_problem_kind kind = kind_of(a, o->reason);
        tally->permerror[kind]++;
        return has(a, kind) ? NULL : "a permerror that was not told";
    }
    if (o->result == SPF_TEMPERROR)
        return has(a, SPF_PROBLEM_DNS) && a->incomplete ? NULL : "a temperror that was not told";
    if (o->result == SPF_PASS && a->sends_nothing)
        return "a pass by a record that sends nothing";
    if (o->result == SPF_PASS && !is_v6 && tame && a->addresses4 == 0)
        return "a pass for an IPv4 address of none";
    tally->passed += o->result == SPF_PASS;
    if (endless)
        return NULL;
    if (o->lookups > a->lookups || o->void_lookups > (is_v6 ? a->voids : a->voids4))
        return "a check that cost more than the worst";
    /* Nothing matched, so every term was tried: the worst is what it costs. */
    if (!tame || !outsider || o->result == SPF_NONE)
        return NULL;
    tally->exact++;
    if (o->lookups != a->lookups)
        return "other look-ups than the whole tree has";
    if (!is_v6 && o->void_lookups != a->voids4)
        return "other voids than the whole tree has";
    if (o->result != a->all)
        return "another end";
    return NULL;
}

static bool check_world(uint64_t seed, struct tally *tally)
{
    struct bench b;
    struct buf text;
    struct spf_audit a = {0};
    uint64_t r = seed * 0x9e3779b97f4a7c15u + 1;
    bool tame = seed % 2 == 0, ok = true;
    buf_init(&text, TEXT_BYTES);
    struct dns_zone *z = make_world(&r, tame, &text);
    bench_init(&b, dns_zone_lookup, z, BUDGET_BYTES);
    ok = tap_int(spf_audit(&b.ctx, STR("d0.test"), &a, &b.err), MP_OK);
    tally->clean += a.n_problems == 0;
    for (size_t i = 0; ok && i < ARRAY_LEN(clients); i++) {
        struct spf_request req = {.helo = STR("h9.test"), .mail_from = STR("someone@d0.test")};
        struct spf_outcome o = {0};
        if (!ip_parse(str_from(clients[i]), &req.client))
            abort();
        ok = tap_int(spf_check(&b.ctx, &req, &o, &b.err), MP_OK);
        const char *what = disagreement(&a, &o, req.client.family == IP_V6, i < 2, tame, tally);
        if (what != NULL) {
            ok = tap_ok(what == NULL);
            tap_note("seed %llu, %s: %s: %s, " STR_FMT "; audit %u look-ups, %u/%u voids; check "
                     "%u, %u\n" STR_FMT,
                     (unsigned long long)seed, clients[i], what, spf_result_name(o.result),
                     STR_ARG(o.reason), a.lookups, a.voids, a.voids4, o.lookups, o.void_lookups,
                     STR_ARG(buf_str(&text)));
        }
    }
    bench_clear(&b);
    dns_zone_free(z);
    buf_clear(&text);
    return ok;
}

static void check_agreement(void)
{
    static const enum spf_problem_kind met[] = {SPF_PROBLEM_SEVERAL,  SPF_PROBLEM_SYNTAX,
                                                SPF_PROBLEM_LOOKUPS,  SPF_PROBLEM_VOIDS,
                                                SPF_PROBLEM_MX_NAMES, SPF_PROBLEM_LOOP,
                                                SPF_PROBLEM_NO_RECORD};
    struct tally tally = {0};
    bool ok = true;
    tap_case("what a check comes to was told by the audit");
    for (uint64_t seed = 1; ok && seed <= WORLDS; seed++)
        ok = check_world(seed, &tally);
    tap_case("the worlds held what there is to tell");
    for (size_t i = 0; i < ARRAY_LEN(met); i++)
        if (!tap_ok(tally.permerror[met[i]] >= 10))
            tap_note("kind %d: %u times", (int)met[i], tally.permerror[met[i]]);
    tap_ok(tally.clean >= 100);
    tap_ok(tally.exact >= 300);
    tap_ok(tally.passed >= 1000);
}

/* ---- the order of answers ---- */

static void render(struct buf *out, const struct spf_audit *a)
{
    buf_addf(out, "%d %d %d %d %u %u %u %llu %d\n", (int)a->presence, (int)a->status, (int)a->all,
             a->sends_nothing, a->lookups, a->voids, a->voids4, (unsigned long long)a->addresses4,
             a->incomplete);
    for (size_t i = 0; i < a->n_nodes; i++) {
        const struct spf_node *n = &a->nodes[i];
        buf_addf(out, "%u " STR_FMT " " STR_FMT " %u %u %u %u " STR_FMT "\n", n->depth,
                 STR_ARG(n->domain), STR_ARG(n->term), n->lookups, n->voids, n->names, n->addresses,
                 STR_ARG(n->note));
    }
    for (size_t i = 0; i < a->n_problems; i++) {
        const struct spf_problem *p = &a->problems[i];
        buf_addf(out, "%d " STR_FMT " " STR_FMT " " STR_FMT "\n", (int)p->kind, STR_ARG(p->domain),
                 STR_ARG(p->term), STR_ARG(p->text));
    }
}

/* Fill one random missing answer a time (seed != 0) or all of them; returns the rounds. */
static int drive(struct bench *b, struct dns_zone *z, uint64_t seed, struct spf_audit *out)
{
    static struct dns_question q[MISSING_MAX];
    int rounds = 0, st;
    while ((st = spf_audit(&b->ctx, STR("d0.test"), out, &b->err)) == MP_WAIT &&
           rounds < ROUNDS_MAX) {
        size_t cursor = 0, n = 0;
        while (n < MISSING_MAX && dns_view_missing(b->ctx.dns, &cursor, &q[n]))
            n++;
        tap_ok(n != 0);
        if (n == 0)
            break;
        size_t one = seed == 0 ? n : (size_t)(next_random(&seed) % n);
        for (size_t i = 0; i < n; i++)
            if (one == n || i == one)
                dns_view_put(b->ctx.dns, q[i].name, q[i].type,
                             dns_zone_lookup(z, q[i].name, q[i].type));
        rounds++;
    }
    tap_int(st, MP_OK);
    return rounds;
}

static const char tree[] =
    "$TTL 300\n"
    "d0.test TXT \"v=spf1 a:h0.test mx:m0.test include:d1.test include:d3.test"
    " redirect=d4.test\"\n"
    "d1.test TXT \"v=spf1 include:d2.test a:h1.test mx:m1.test ?all\"\n"
    "d2.test TXT \"v=spf1 ip4:192.0.2.0/24 a:h5.test exists:%{i}.l.test\"\n"
    "d3.test TXT \"v=spf1 ip4:192.0.2.0/24 a:h6.test ptr include:d1.test\"\n"
    "d4.test TXT \"v=spf1 mx:m2.test -all\"\n";

static const char tree_nodes[] =
    "0 d0.test a:h0.test 1 0 0 2 \n"
    "0 d0.test mx:m0.test 1 1 2 3 \n"
    "0 d0.test include:d1.test 6 3 0 0 \n"
    "1 d1.test include:d2.test 3 2 0 0 \n"
    "2 d2.test ip4:192.0.2.0/24 0 0 0 0 \n"
    "2 d2.test a:h5.test 1 1 0 0 no address\n"
    "2 d2.test exists:%{i}.l.test 1 1 0 0 depends on the client (macro)\n"
    "1 d1.test a:h1.test 1 1 0 1 no IPv6 address\n"
    "1 d1.test mx:m1.test 1 0 2 5 \n"
    "1 d1.test ?all 0 0 0 0 \n"
    "0 d0.test include:d3.test 9 5 0 0 \n";

static void check_order(void)
{
    struct mp_err err = {0};
    struct dns_zone *z = dns_zone_new();
    struct buf want, got;
    buf_init(&want, TEXT_BYTES);
    buf_init(&got, TEXT_BYTES);
    if (z == NULL)
        abort();
    must(dns_zone_load(z, str_from(hosts), "hosts", &err), &err);
    must(dns_zone_load(z, str_from(tree), "tree", &err), &err);
    for (uint64_t seed = 0; seed <= 30; seed++) {
        struct bench b;
        struct spf_audit a = {0};
        bench_init(&b, NULL, NULL, BUDGET_BYTES);
        tap_case("order of answers %d", (int)seed);
        int rounds = drive(&b, z, seed, &a);
        if (seed == 0) { /* d0; d1, d3, d4, hosts; d2, and hosts of MX; hosts of d2 */
            tap_int(rounds, 4);
            render(&want, &a);
            size_t nodes = str_search(buf_str(&want), str_from(tree_nodes));
            tap_ok(nodes < want.n);
            tap_int(a.n_nodes, 25);
        }
        buf_reset(&got);
        render(&got, &a);
        tap_str(buf_str(&got), buf_str(&want));
        bench_clear(&b);
    }
    buf_clear(&want);
    buf_clear(&got);
    dns_zone_free(z);
}

/* ---- little memory, much tree ---- */

static void check_memory(void)
{
    struct mp_err err = {0};
    struct dns_zone *z = dns_zone_new();
    bool done = false;
    if (z == NULL)
        abort();
    must(dns_zone_load(z, str_from(hosts), "hosts", &err), &err);
    must(dns_zone_load(z, str_from(tree), "tree", &err), &err);
    tap_case("little memory is an error, or it is enough");
    for (size_t budget = 64 * 1024; budget < 512 * 1024; budget += 777) {
        struct bench b;
        struct spf_audit a = {.lookups = 77};
        bench_init(&b, dns_zone_lookup, z, budget);
        int st = b.ctx.dns == NULL ? MP_E_NOMEM : spf_audit(&b.ctx, STR("d0.test"), &a, &b.err);
        tap_ok(st == MP_OK || (st == MP_E_NOMEM && !done));
        tap_int(a.lookups, st == MP_OK ? 19 : 77);
        done = done || st == MP_OK;
        if (b.ctx.dns != NULL)
            bench_clear(&b);
        else
            arena_clear(&b.arena);
    }
    tap_ok(done);
    dns_zone_free(z);
}

/* Every name has this record: `%d` is the number of the name that is asked plus one. */
static struct dns_answer *endless(void *ctx, struct str name, enum dns_type type)
{
    char text[SPF_RECORD_MAX_BYTES];
    uint64_t number = 0;
    const char *style = ctx;
    struct dns_record record = {.ttl_s = 60};
    str_to_u64(str_slice(name, 1, str_find(name, '.')), UINT32_MAX, &number);
    size_t n = 0;
    if (strcmp(style, "chain") == 0)
        n = (size_t)snprintf(text, sizeof text, "v=spf1 include:d%u.test -all",
                             (unsigned)number + 1);
    else if (strcmp(style, "tree") == 0)
        n = (size_t)snprintf(text, sizeof text, "v=spf1 include:d%u.test include:d%u.test -all",
                             2 * (unsigned)number + 1, 2 * (unsigned)number + 2);
    else if (strcmp(style, "hosts") == 0)
        for (unsigned i = 0; n + 30 < sizeof text; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s a:h%u.test",
                                  i == 0 ? "v=spf1" : "", i);
    else
        for (unsigned i = 0; n + 40 < sizeof text; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s ip4:10.%u.%u.0/25",
                                  i == 0 ? "v=spf1 include:d1.test" : "", i / 256 % 256, i % 256);
    record.data = str_make(text, n);
    if (type != DNS_TXT)
        return dns_answer_new(DNS_NODATA, name, type, DNSSEC_UNKNOWN, 60, name, STR(""), NULL, 0);
    return dns_answer_new(DNS_DATA, name, type, DNSSEC_UNKNOWN, 60, name, STR(""), &record, 1);
}

static const struct {
    const char *style;
    unsigned lookups_min, lookups_max;
    bool incomplete;
} endless_rows[] = {
    {"chain", 100, 100, true},
    {"tree", 100, 200, true},
    {"hosts", 1000, 2000, true}, /* more questions than we ask */
    {"ranges", 2, 2, false},     /* one name's record includes itself: a loop */
};

static void check_endless(size_t i)
{
    struct bench b;
    struct spf_audit a = {0};
    bench_init(&b, endless, (void *)(uintptr_t)endless_rows[i].style, BUDGET_BYTES);
    tap_case("endless: %s", endless_rows[i].style);
    tap_int(spf_audit(&b.ctx, STR("d0.test"), &a, &b.err), MP_OK);
    tap_ok(a.lookups >= endless_rows[i].lookups_min && a.lookups <= endless_rows[i].lookups_max);
    tap_int(a.incomplete, endless_rows[i].incomplete);
    tap_int(has(&a, SPF_PROBLEM_LOOKUPS), endless_rows[i].lookups_min > SPF_MAX_LOOKUPS);
    tap_ok(a.n_nodes <= SPF_AUDIT_MAX_NODES);
    tap_ok(a.n_problems <= SPF_AUDIT_MAX_PER_KIND * SPF_PROBLEM_KIND_COUNT);
    if (!endless_rows[i].incomplete)
        tap_ok(a.addresses4 > 600 * 128 && has(&a, SPF_PROBLEM_LOOP));
    bench_clear(&b);
}

static void check_names(void)
{
    static const struct str names[] = {STR_INIT(""), STR_INIT("test"), STR_INIT("a..b"),
                                       STR_INIT("a b.test")};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct bench b;
        struct spf_audit a = {.lookups = 7};
        bench_init(&b, endless, (void *)(uintptr_t) "chain", BUDGET_BYTES);
        tap_case("no domain: '" STR_FMT "'", STR_ARG(names[i]));
        tap_int(spf_audit(&b.ctx, names[i], &a, &b.err), MP_OK);
        tap_int(a.presence, SPF_RECORDS_NONE);
        tap_int(a.all, SPF_NONE);
        tap_int(a.lookups, 0);
        tap_int(dns_view_count(b.ctx.dns), 0);
        bench_clear(&b);
    }
}

int main(void)
{
    check_agreement();
    check_order();
    check_memory();
    for (size_t i = 0; i < ARRAY_LEN(endless_rows); i++)
        check_endless(i);
    check_names();
    return tap_done();
}
