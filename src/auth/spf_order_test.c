/* SPF as a function of its answers: any order of arrival, little memory, records compiled once. */
#include "auth/spf_internal.h"
#include "tests/spf_world.h"

/* ---- trace ---- */

static const struct spf_step want_trace[] = {
    {0, STR_INIT("r.test"), STR_INIT("a:only4.test"), 1, 0, false, SPF_NONE, STR_INIT("1 address")},
    {0, STR_INIT("r.test"), STR_INIT("include:chain1.test"), 6, 1, false, SPF_SOFTFAIL,
     STR_INIT("")},
    {1, STR_INIT("chain1.test"), STR_INIT("include:chain2.test"), 5, 1, false, SPF_NEUTRAL,
     STR_INIT("")},
    {2, STR_INIT("chain2.test"), STR_INIT("redirect=chain3.test"), 4, 1, true, SPF_NEUTRAL,
     STR_INIT("")},
    {3, STR_INIT("chain3.test"), STR_INIT("a:host.test"), 1, 0, false, SPF_NONE,
     STR_INIT("1 address")},
    {3, STR_INIT("chain3.test"), STR_INIT("mx:mail.test"), 1, 0, false, SPF_NONE,
     STR_INIT("2 names")},
    {3, STR_INIT("chain3.test"), STR_INIT("exists:%{ir}.list.test"), 1, 1, false, SPF_NONE,
     STR_INIT("no such name")},
    {3, STR_INIT("chain3.test"), STR_INIT("?all"), 0, 0, true, SPF_NONE, STR_INIT("")},
    {1, STR_INIT("chain1.test"), STR_INIT("~all"), 0, 0, true, SPF_NONE, STR_INIT("")},
    {0, STR_INIT("r.test"), STR_INIT("a:servfail.test"), 1, 0, false, SPF_TEMPERROR, STR_INIT("")},
};

static void check_trace(void)
{
    struct bench b;
    struct spf_outcome out = {0};
    struct dns_zone *z = world(STR("v=spf1 a:only4.test include:chain1.test a:servfail.test -all"));
    bench_init(&b, dns_zone_lookup, z, BUDGET_BYTES);
    struct spf_request req = request(FROM_ELSE, "helo", STR("a@r.test"));
    spf_check(&b.ctx, &req, &out, &b.err);
    tap_case("trace: the tree in order");
    tap_int(out.n_trace, ARRAY_LEN(want_trace));
    for (size_t i = 0; i < out.n_trace && i < ARRAY_LEN(want_trace); i++) {
        const struct spf_step *got = &out.trace[i], *want = &want_trace[i];
        tap_case("trace: step %zu, " STR_FMT, i, STR_ARG(want->term));
        tap_int(got->depth, want->depth);
        tap_str(got->domain, want->domain);
        tap_str(got->term, want->term);
        tap_int(got->lookups, want->lookups);
        tap_int(got->voids, want->voids);
        tap_int(got->matched, want->matched);
        tap_int(got->result, want->result);
        tap_str(got->note, want->note);
    }
    bench_clear(&b);
    dns_zone_free(z);
}

/* ---- the order of answers ---- */

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static size_t missing(struct dns_view *v, struct dns_question *q, size_t max)
{
    size_t cursor = 0, n = 0;
    while (n < max && dns_view_missing(v, &cursor, &q[n]))
        n++;
    return n;
}

enum { MISSING_MAX = 300, ROUNDS_MAX = 300 };

/* Run until done, filling one random missing answer a time (seed != 0) or all of them. Returns the
 * number of rounds. */
static int drive(struct bench *b, struct dns_zone *z, const struct spf_request *req, uint64_t seed,
                 struct spf_outcome *out)
{
    static struct dns_question q[MISSING_MAX];
    int rounds = 0, st;
    while ((st = spf_check(&b->ctx, req, out, &b->err)) == MP_WAIT && rounds < ROUNDS_MAX) {
        size_t n = missing(b->ctx.dns, q, MISSING_MAX), one = n;
        if (n == 0)
            break;
        if (seed != 0)
            one = (size_t)(next_random(&seed) % n);
        for (size_t i = 0; i < n; i++) {
            if (one == n || i == one)
                dns_view_put(b->ctx.dns, q[i].name, q[i].type,
                             dns_zone_lookup(z, q[i].name, q[i].type));
        }
        rounds++;
    }
    tap_int(st, MP_OK);
    return rounds;
}

static bool same_outcome(const struct spf_outcome *a, const struct spf_outcome *b)
{
    bool same = a->result == b->result && str_eq(a->mechanism, b->mechanism) &&
                str_eq(a->matched_in, b->matched_in) && str_eq(a->reason, b->reason) &&
                str_eq(a->explanation, b->explanation) && a->lookups == b->lookups &&
                a->void_lookups == b->void_lookups && a->n_trace == b->n_trace;
    for (size_t i = 0; same && i < a->n_trace; i++)
        same = str_eq(a->trace[i].term, b->trace[i].term) &&
               str_eq(a->trace[i].note, b->trace[i].note) &&
               a->trace[i].lookups == b->trace[i].lookups &&
               a->trace[i].matched == b->trace[i].matched;
    return same;
}

static const struct {
    const char *record, *client;
    int rounds; /* when every round fills all that is missing */
} order_rows[] = {
    {"v=spf1 ip4:192.0.2.10 -all", FROM_HOST, 1},
    {"v=spf1 a:only4.test mx:mail.test include:chain1.test exists:%{ir}.list.test ?all", FROM_ELSE,
     4},
    {"v=spf1 include:fail.test include:softfail.test include:neutral.test include:pass.test -all",
     FROM_HOST, 2},
    {"v=spf1 a:n1.test a:n2.test mx:deadmx.test a:n3.test -all", FROM_HOST, 3},
    {"v=spf1 mx:ten.test ptr:host.test exists:%{p}.no.test exp=why.test -all", FROM_HOST, 3},
    {"v=spf1 include:loop.test -all", FROM_HOST, 2},
    {"v=spf1 redirect=chain1.test", FROM_ELSE, 6},
    {"v=spf1 a:timeout.test mx:eleven.test -all", FROM_HOST, 2},
    {"v=spf1 a:only4.test -all exp=%{p}.why.test", FROM_HOST, 5},
};

static void check_order(size_t i)
{
    struct bench ready, b;
    struct spf_outcome want = {0}, got;
    struct dns_zone *z = world(str_from(order_rows[i].record));
    struct spf_request req = request(order_rows[i].client, "helo", STR("a@r.test"));
    bench_init(&ready, dns_zone_lookup, z, BUDGET_BYTES);
    tap_case("order of answers: %s", order_rows[i].record);
    tap_int(spf_check(&ready.ctx, &req, &want, &ready.err), MP_OK);
    for (uint64_t seed = 0; seed <= 50; seed++) {
        got = (struct spf_outcome){0};
        bench_init(&b, NULL, NULL, 64 * BUDGET_BYTES);
        int rounds = drive(&b, z, &req, seed, &got);
        if (seed == 0)
            tap_int(rounds, order_rows[i].rounds);
        bool same = same_outcome(&want, &got);
        if (!tap_ok(same))
            tap_note("seed %d: %s", (int)seed, spf_result_name(got.result));
        bench_clear(&b);
        if (!same)
            break;
    }
    bench_clear(&ready);
    dns_zone_free(z);
}

static void check_memory(void)
{
    struct bench b;
    struct spf_outcome out;
    struct dns_zone *z =
        world(STR("v=spf1 a:only4.test include:chain1.test exp=why.test exists:%{p}.x.test -all"));
    struct spf_request req = request(FROM_HOST, "helo", STR("a@r.test"));
    bool done = false;
    tap_case("memory: too small an arena is an error of ours, and nothing is written");
    for (size_t budget = 4096; budget < 64 * 1024; budget += 64) {
        bench_init(&b, dns_zone_lookup, z, budget);
        out = (struct spf_outcome){.lookups = 77};
        int st = b.ctx.dns == NULL ? MP_E_NOMEM : spf_check(&b.ctx, &req, &out, &b.err);
        bool ok = st == MP_OK ? out.lookups != 77 : st == MP_E_NOMEM && out.lookups == 77;
        done = st == MP_OK;
        bench_clear(&b);
        if (!tap_ok(ok))
            break;
    }
    tap_ok(done);
    dns_zone_free(z);
}

static void check_compiled_once(void)
{
    struct dns_zone *z = world(STR("v=spf1 -all"));
    struct dns_answer *txt = dns_zone_lookup(z, STR("r.test"), DNS_TXT);
    struct dns_answer *none = dns_zone_lookup(z, STR("nodata.test"), DNS_TXT);
    struct dns_answer *two = dns_zone_lookup(z, STR("two.test"), DNS_TXT);
    tap_case("record: compiled once, kept with the answer");
    const struct spf_compiled *c = spf_record_of(txt);
    tap_int(c->status, SPF_RECORD_OK);
    tap_ok(c == spf_record_of(txt));
    tap_int(spf_record_of(none)->status, SPF_RECORD_ABSENT);
    tap_int(spf_record_of(two)->status, SPF_RECORD_BROKEN);
    dns_answer_unref(txt);
    dns_answer_unref(none);
    dns_answer_unref(two);
    dns_zone_free(z);
}

int main(void)
{
    check_trace();
    for (size_t i = 0; i < ARRAY_LEN(order_rows); i++)
        check_order(i);
    check_memory();
    check_compiled_once();
    return tap_done();
}
