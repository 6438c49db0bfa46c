/* The audit of SPF records: costs, sums and problems of whole trees, and that it agrees with what a
 * check of the same records comes to, whoever the client is. */
#include <stdio.h>
#include <stdlib.h>

#include "auth/spf_audit.h"
#include "base/buf.h"
#include "dns/zone.h"
#include "tests/tap.h"

enum { BUDGET_BYTES = 16 * 1024 * 1024, TEXT_BYTES = 256 * 1024 };

static const char *const kind_names[SPF_PROBLEM_KIND_COUNT] = {
    [SPF_PROBLEM_SEVERAL] = "several",
    [SPF_PROBLEM_SYNTAX] = "syntax",
    [SPF_PROBLEM_LOOKUPS] = "lookups",
    [SPF_PROBLEM_VOIDS] = "voids",
    [SPF_PROBLEM_MX_NAMES] = "mx-names",
    [SPF_PROBLEM_LOOP] = "loop",
    [SPF_PROBLEM_NO_RECORD] = "no-record",
    [SPF_PROBLEM_DNS] = "dns",
    [SPF_PROBLEM_PLUS_ALL] = "plus-all",
    [SPF_PROBLEM_NO_ALL] = "no-all",
    [SPF_PROBLEM_NEUTRAL_ALL] = "neutral-all",
    [SPF_PROBLEM_BROAD] = "broad",
    [SPF_PROBLEM_PTR] = "ptr",
    [SPF_PROBLEM_AFTER_ALL] = "after-all",
    [SPF_PROBLEM_REDIRECT_ALL] = "redirect-all",
    [SPF_PROBLEM_TYPE99] = "type99",
    [SPF_PROBLEM_DUPLICATE] = "duplicate",
    [SPF_PROBLEM_LONG] = "long",
    [SPF_PROBLEM_PRIVATE] = "private",
    [SPF_PROBLEM_UNKNOWN_MODIFIER] = "modifier",
    [SPF_PROBLEM_BY_CLIENT] = "by-client",
};

/* What the records of the rows may lean on. */
static const char common[] = "$TTL 300\n"
                             "r.test A 192.0.2.1\n"
                             "both.test A 192.0.2.10\n"
                             "both.test AAAA 2001:db8::10\n"
                             "four.test A 192.0.2.44\n"
                             "four2.test A 192.0.2.45\n"
                             "four3.test A 192.0.2.46\n"
                             "six.test AAAA 2001:db8::66\n"
                             "mail.test MX 10 both.test\n"
                             "mail.test MX 20 four.test\n"
                             "nullmx.test MX 0 .\n"
                             "deadmx.test MX 10 gone1.test\n"
                             "deadmx.test MX 20 gone2.test\n"
                             "inner.test A 10.1.2.3\n"
                             "pass.test TXT \"v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all\"\n"
                             "net.test TXT \"v=spf1 ip4:198.51.100.0/24 ~all\"\n"
                             "open.test TXT \"v=spf1 +all\"\n"
                             "refuse.test TXT \"v=spf1 -all\"\n"
                             "soft.test TXT \"v=spf1 ~all\"\n"
                             "none.test TXT hello\n"
                             "two.test TXT \"v=spf1 -all\"\n"
                             "two.test TXT \"v=spf1 ~all\"\n"
                             "broken.test TXT \"v=spf1 foo:bar -all\"\n"
                             "ex.test TXT \"v=spf1 include:net.test a:four.test -all\"\n"
                             "self.test TXT \"v=spf1 include:self.test -all\"\n"
                             "ring1.test TXT \"v=spf1 include:ring2.test -all\"\n"
                             "ring2.test TXT \"v=spf1 redirect=ring1.test\"\n"
                             "costly.test TXT \"v=spf1 a:four.test a:both.test mx:mail.test "
                             "include:net.test include:pass.test -all\"\n"
                             "servfail.test SERVFAIL\n"
                             "slow.test TIMEOUT\n"
                             "macro.r.test A 127.0.0.2\n";

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

static void must(int status, const struct mp_err *err)
{
    if (status == MP_OK)
        return;
    fprintf(stderr, "spf_audit_test zone: %s\n", err->text);
    abort();
}

static struct dns_zone *world(const char *record, const char *more)
{
    struct mp_err err = {0};
    struct dns_zone *z = dns_zone_new();
    if (z == NULL)
        abort();
    must(dns_zone_load(z, str_from(common), "common", &err), &err);
    if (more != NULL)
        must(dns_zone_load(z, str_from(more), "more", &err), &err);
    if (record != NULL)
        must(dns_zone_add_txt(z, STR("r.test"), str_from(record), &err), &err);
    return z;
}

/* ---- one record a row ---- */

static const struct {
    const char *label, *record, *more;
    const char *sums;     /* lookups voids voids4 addresses4 */
    const char *end;      /* presence, all, "nothing" when it sends nothing, "incomplete" */
    const char *problems; /* kind domain term, ... */
} rows[] = {
    {"a plain record", "v=spf1 ip4:192.0.2.1 -all", NULL, "0 0 0 1", "one fail", ""},
    {"nobody sends", "v=spf1 -all", NULL, "0 0 0 0", "one fail nothing", ""},
    {"nobody sends, softly", "v=spf1 ~all", NULL, "0 0 0 0", "one softfail nothing", ""},
    {"include of a record that refuses all", "v=spf1 include:refuse.test -all", NULL, "1 0 0 0",
     "one fail nothing", ""},
    {"hosts without addresses send nothing", "v=spf1 mx -all", NULL, "1 1 1 0", "one fail nothing",
     ""},
    {"no TXT at all", NULL, NULL, "0 0 0 0", "none -", ""},
    {"another TXT", NULL, "r.test TXT \"v=spf10 -all\"\n", "0 0 0 0", "none -", ""},
    {"no end", "v=spf1 ip4:192.0.2.1", NULL, "0 0 0 1", "one -", "no-all r.test"},
    {"empty record", "v=spf1", NULL, "0 0 0 0", "one -", "no-all r.test"},
    {"neutral end", "v=spf1 ?all", NULL, "0 0 0 0", "one neutral", "neutral-all r.test ?all"},
    {"everybody", "v=spf1 +all", NULL, "0 0 0 4294967296", "one pass", "plus-all r.test +all"},
    {"everybody, in other words", "v=spf1 all", NULL, "0 0 0 4294967296", "one pass",
     "plus-all r.test all"},
    {"everybody, by an included record", "v=spf1 include:open.test -all", NULL, "1 0 0 4294967296",
     "one fail", "plus-all open.test +all"},
    {"an included +all behind a minus", "v=spf1 -include:open.test ip4:192.0.2.1 ~all", NULL,
     "1 0 0 1", "one softfail", ""},
    {"everybody, as a range", "v=spf1 ip4:0.0.0.0/0 -all", NULL, "0 0 0 4294967296", "one fail",
     "plus-all r.test ip4:0.0.0.0/0"},
    {"everybody, as an IPv6 range", "v=spf1 ip6:::/0 -all", NULL, "0 0 0 0", "one fail",
     "plus-all r.test ip6:::/0"},
    {"everybody, by a name that exists", "v=spf1 exists:four.test -all", NULL, "1 0 0 4294967296",
     "one fail", "plus-all r.test exists:four.test"},
    {"nobody, by a name that does not exist", "v=spf1 exists:gone.test -all", NULL, "1 1 1 0",
     "one fail nothing", ""},
    {"everybody, in two halves", "v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all", NULL,
     "0 0 0 4294967296", "one fail", "broad r.test ip4:0.0.0.0/1, broad r.test ip4:128.0.0.0/1"},
    {"a broad range", "v=spf1 ip4:11.0.0.0/15 -all", NULL, "0 0 0 131072", "one fail",
     "broad r.test ip4:11.0.0.0/15"},
    {"the border of broad", "v=spf1 ip4:11.0.0.0/16 ip6:2001:db8::/32 -all", NULL, "0 0 0 65536",
     "one fail", ""},
    {"a broad IPv6 range", "v=spf1 ip6:2001:db8::/31 -all", NULL, "0 0 0 0", "one fail",
     "broad r.test ip6:2001:db8::/31"},
    {"broad by a host", "v=spf1 a:four.test/8 -all", NULL, "1 1 0 16777216", "one fail",
     "broad r.test a:four.test/8"},
    {"broad, but refused", "v=spf1 -ip4:11.0.0.0/8 ~all", NULL, "0 0 0 0", "one softfail nothing",
     ""},
    {"ranges that overlap are counted once",
     "v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.64/26 ip4:192.0.2.0/24 ip4:192.0.3.0/24 -all", NULL,
     "0 0 0 512", "one fail", ""},
    {"the last address", "v=spf1 ip4:255.255.255.255 -all", NULL, "0 0 0 1", "one fail",
     "private r.test ip4:255.255.255.255"},
    {"private ranges", "v=spf1 ip4:10.0.0.0/8 ip4:192.168.1.1 ip4:127.0.0.1 ip6:fd00::/8 -all",
     NULL, "0 0 0 16777218", "one fail",
     "broad r.test ip4:10.0.0.0/8, private r.test ip4:10.0.0.0/8, private r.test ip4:192.168.1.1, "
     "private r.test ip4:127.0.0.1, broad r.test ip6:fd00::/8, private r.test ip6:fd00::/8"},
    {"a host with a private address", "v=spf1 a:inner.test -all", NULL, "1 1 0 1", "one fail",
     "private r.test a:inner.test"},
    {"public neighbours of private ranges",
     "v=spf1 ip4:172.32.0.1 ip4:172.15.0.1 ip4:100.63.0.1 ip4:11.0.0.1 ip6:2000:: -all", NULL,
     "0 0 0 4", "one fail", ""},
    {"mapped IPv6", "v=spf1 ip6:::ffff:192.0.2.1 -all", NULL, "0 0 0 0", "one fail", ""},
    {"a and mx", "v=spf1 a:both.test mx:mail.test -all", NULL, "2 1 0 2", "one fail", ""},
    {"the domain's own address", "v=spf1 a/28 -all", NULL, "1 1 0 16", "one fail", ""},
    {"a null MX", "v=spf1 mx:nullmx.test ip4:192.0.2.1 -all", NULL, "1 0 0 1", "one fail", ""},
    {"voids by IPv6 only", "v=spf1 a:four.test a:four2.test a:four3.test -all", NULL, "3 3 0 3",
     "one fail", "voids r.test"},
    {"voids by both", "v=spf1 a:gone1.test a:gone2.test a:gone3.test -all", NULL, "3 3 3 0",
     "one fail nothing", "voids r.test"},
    {"two voids are allowed", "v=spf1 a:gone1.test a:gone2.test a:both.test -all", NULL, "3 2 2 1",
     "one fail", ""},
    {"voids of one family do not add to the other",
     "v=spf1 a:four.test a:four2.test a:six.test -all", NULL, "3 2 1 2", "one fail", ""},
    {"voids below an mx", "v=spf1 mx:deadmx.test a:gone3.test -all", NULL, "2 3 3 0",
     "one fail nothing", "voids r.test"},
    {"a void exists", "v=spf1 exists:gone1.test exists:gone2.test exists:gone3.test -all", NULL,
     "3 3 3 0", "one fail nothing", "voids r.test"},
    {"exists by client may be void", "v=spf1 exists:%{i}.l.test a:gone1.test a:gone2.test -all",
     NULL, "3 3 3 0", "one fail", "voids r.test"},
    {"ptr", "v=spf1 ptr -all", NULL, "1 1 1 0", "one fail", "ptr r.test ptr"},
    {"ptr of another name, refused", "v=spf1 -ptr:both.test ~all", NULL, "1 1 1 0",
     "one softfail nothing", "ptr r.test -ptr:both.test"},
    {"terms behind all", "v=spf1 -all ip4:192.0.2.1 a:gone.test", NULL, "0 0 0 0",
     "one fail nothing", "after-all r.test ip4:192.0.2.1"},
    {"redirect beside all", "v=spf1 redirect=pass.test -all", NULL, "0 0 0 0", "one fail nothing",
     "redirect-all r.test redirect=pass.test"},
    {"redirect", "v=spf1 redirect=pass.test", NULL, "1 0 0 256", "one fail", ""},
    {"redirect to no record", "v=spf1 redirect=none.test", NULL, "1 0 0 0", "one error",
     "no-record r.test redirect=none.test"},
    {"redirect to an open record", "v=spf1 redirect=open.test", NULL, "1 0 0 4294967296",
     "one pass", "plus-all open.test +all"},
    {"include to no record", "v=spf1 include:none.test -all", NULL, "1 0 0 0", "one fail nothing",
     "no-record r.test include:none.test"},
    {"include to no name", "v=spf1 include:gone.test -all", NULL, "1 0 0 0", "one fail nothing",
     "no-record r.test include:gone.test"},
    {"include to one label", "v=spf1 include:%{d1} -all", NULL, "1 0 0 0", "one fail nothing",
     "no-record r.test include:%{d1}"},
    {"include to what is no name", "v=spf1 include:a..b.test -all", NULL, "1 0 0 0",
     "one fail nothing", "no-record r.test include:a..b.test"},
    {"a host that is no name costs no answer", "v=spf1 a:a..b.test -all", NULL, "1 0 0 0",
     "one fail nothing", ""},
    {"include of a broken record", "v=spf1 include:broken.test -all", NULL, "1 0 0 0",
     "one fail nothing", "syntax broken.test include:broken.test"},
    {"include of two records", "v=spf1 include:two.test -all", NULL, "1 0 0 0", "one fail nothing",
     "several two.test include:two.test"},
    {"two records", "v=spf1 -all", "r.test TXT \"v=spf1 mx -all\"\n", "0 0 0 0", "several error",
     "several r.test"},
    {"the same record twice is still two", NULL,
     "r.test TXT \"v=spf1 -all\"\nr.test TXT \"V=spf1 -all\"\n", "0 0 0 0", "several error",
     "several r.test"},
    {"a broken record", "v=spf1 ip4:1.2.3 -all", NULL, "0 0 0 0", "one error", "syntax r.test"},
    {"broken behind all", "v=spf1 -all foo", NULL, "0 0 0 0", "one error", "syntax r.test"},
    {"loop", "v=spf1 include:self.test -all", NULL, "2 0 0 0", "one fail nothing",
     "loop self.test include:self.test"},
    {"loop to the first record", "v=spf1 include:%{d} -all", NULL, "1 0 0 0", "one fail nothing",
     "loop r.test include:%{d}"},
    {"loop of a redirect", "v=spf1 redirect=R.test.", NULL, "1 0 0 0", "one error",
     "loop r.test redirect=R.test."},
    {"loop of two", "v=spf1 a:both.test include:ring1.test -all", NULL, "4 0 0 1", "one fail",
     "loop ring2.test redirect=ring1.test"},
    {"ten look-ups",
     "v=spf1 include:costly.test a:both.test/25 mx:mail.test/24 include:soft.test "
     "exists:%{d}.gone.test -all",
     NULL, "10 4 1 512", "one fail", "voids r.test"},
    {"eleven look-ups",
     "v=spf1 include:costly.test include:ex.test include:soft.test a:both.test -all", NULL,
     "11 3 0 512", "one fail",
     "duplicate ex.test include:net.test, "
     "duplicate ex.test a:four.test, duplicate r.test a:both.test, lookups r.test, voids r.test"},
    {"exp costs nothing", "v=spf1 ip4:192.0.2.1 exp=gone.test -all", NULL, "0 0 0 1", "one fail",
     ""},
    {"the same term twice", "v=spf1 ip4:192.0.2.1 IP4:192.0.2.1/32 -all", NULL, "0 0 0 1",
     "one fail", "duplicate r.test IP4:192.0.2.1/32"},
    {"the same network twice", "v=spf1 ip4:192.0.2.1/24 ip4:192.0.2.9/24 -all", NULL, "0 0 0 256",
     "one fail", "duplicate r.test ip4:192.0.2.9/24"},
    {"other qualifier, other prefix, other name",
     "v=spf1 ip4:192.0.2.1/24 ip4:192.0.2.1/25 "
     "?ip4:192.0.2.1/24 a:both.test a:both.test/24 mx:both.test -all",
     NULL, "3 1 1 256", "one fail", ""},
    {"the same name in other words", "v=spf1 a a:R.TEST. a:%{d} -all", NULL, "3 3 0 1", "one fail",
     "duplicate r.test a:R.TEST., duplicate r.test a:%{d}, voids r.test"},
    {"macros of the domain are known", "v=spf1 a:macro.%{d} a:macro.%{o} -all", NULL, "2 2 0 1",
     "one fail",
     "private r.test a:macro.%{d}, duplicate r.test a:macro.%{o}, "
     "private r.test a:macro.%{o}"},
    {"an include that the client chooses", "v=spf1 include:%{ir}.%{v}.x.test -all", NULL, "1 0 0 0",
     "one fail", "by-client r.test include:%{ir}.%{v}.x.test"},
    {"a redirect that the sender chooses", "v=spf1 redirect=%{l}.x.test", NULL, "1 0 0 0", "one -",
     "by-client r.test redirect=%{l}.x.test"},
    {"mx that HELO chooses", "v=spf1 mx:%{h}.x.test -all", NULL, "1 1 1 0", "one fail",
     "by-client r.test mx:%{h}.x.test"},
    {"a host that the client chooses", "v=spf1 a:%{p}.x.test ~all", NULL, "1 1 1 0", "one softfail",
     ""},
    {"an unknown modifier", "v=spf1 include=pass.test x=%{i} -all", NULL, "0 0 0 0",
     "one fail nothing", "modifier r.test include=pass.test, modifier r.test x=%{i}"},
    {"a failing host", "v=spf1 a:servfail.test -all", NULL, "1 0 0 0", "one fail incomplete",
     "dns r.test a:servfail.test, dns r.test a:servfail.test"},
    {"a failing include", "v=spf1 include:slow.test -all", NULL, "1 0 0 0", "one fail incomplete",
     "dns r.test include:slow.test"},
    {"a failing redirect", "v=spf1 redirect=slow.test", NULL, "1 0 0 0", "one temperror incomplete",
     "dns r.test redirect=slow.test"},
    {"a failing domain", NULL, "r.test SERVFAIL TXT\n", "0 0 0 0", "none temperror incomplete",
     "dns r.test"},
    {"type SPF only", NULL, "r.test SPF \"v=spf1 -all\"\n", "0 0 0 0", "none -", "type99 r.test"},
    {"type SPF beside", "v=spf1 -all", "r.test SPF \"v=spf1 -all\"\n", "0 0 0 0",
     "one fail nothing", "type99 r.test"},
    {"type SPF fails", "v=spf1 -all", "r.test SERVFAIL SPF\n", "0 0 0 0", "one fail nothing", ""},
    {"too many MX", "v=spf1 mx:m.test -all",
     "m.test MX 1 h1.test\nm.test MX 1 h2.test\nm.test MX 1 h3.test\nm.test MX 1 h4.test\n"
     "m.test MX 1 h5.test\nm.test MX 1 h6.test\nm.test MX 1 h7.test\nm.test MX 1 h8.test\n"
     "m.test MX 1 h9.test\nm.test MX 1 h10.test\nm.test MX 1 h11.test\n",
     "1 0 0 0", "one fail nothing", "mx-names r.test mx:m.test"},
    {"an alias to the record", NULL,
     "r2.test TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
     "$ORIGIN test.\nx CNAME r2\n$ORIGIN .\n",
     "0 0 0 0", "none -", ""},
};

static void render_problems(struct buf *out, const struct spf_audit *a)
{
    for (size_t i = 0; i < a->n_problems; i++) {
        const struct spf_problem *p = &a->problems[i];
        buf_addf(out, "%s%s " STR_FMT, i == 0 ? "" : ", ", kind_names[p->kind], STR_ARG(p->domain));
        if (p->term.n != 0)
            buf_addf(out, " " STR_FMT, STR_ARG(p->term));
    }
}

static void render_end(struct buf *out, const struct spf_audit *a)
{
    static const char *const presence[] = {"none", "one", "several"};
    bool error = a->all == SPF_PERMERROR || a->all == SPF_TEMPERROR;
    buf_addf(out, "%s %s%s%s", presence[a->presence],
             a->all == SPF_PERMERROR ? "error"
             : a->has_all || error   ? spf_result_name(a->all)
                                     : "-",
             a->sends_nothing ? " nothing" : "", a->incomplete ? " incomplete" : "");
}

static void check_row(size_t i)
{
    struct bench b;
    struct spf_audit a = {0};
    struct buf text;
    char sums[100];
    struct dns_zone *z = world(rows[i].record, rows[i].more);
    bench_init(&b, dns_zone_lookup, z, BUDGET_BYTES);
    buf_init(&text, TEXT_BYTES);
    tap_case("%s", rows[i].label);
    tap_int(spf_audit(&b.ctx, STR("r.test"), &a, &b.err), MP_OK);
    snprintf(sums, sizeof sums, "%u %u %u %llu", a.lookups, a.voids, a.voids4,
             (unsigned long long)a.addresses4);
    tap_cstr(sums, rows[i].sums);
    render_end(&text, &a);
    tap_str(buf_str(&text), str_from(rows[i].end));
    buf_reset(&text);
    render_problems(&text, &a);
    tap_str(buf_str(&text), str_from(rows[i].problems));
    if (a.presence == SPF_RECORDS_ONE && rows[i].record != NULL)
        tap_str(a.record, str_from(rows[i].record));
    for (size_t p = 0; p < a.n_problems; p++) {
        tap_ok(a.problems[p].text.n != 0);
        tap_int(a.problems[p].answer != NULL, a.problems[p].kind == SPF_PROBLEM_DNS);
    }
    buf_clear(&text);
    bench_clear(&b);
    dns_zone_free(z);
}

static const struct {
    const char *text;
    bool valid;
} texts[] = {{"v=spf1", true},
             {"V=SPF1 MX -all", true},
             {"v=spf1 ip4:1.2.3.4 x=y", true},
             {"v=spf10 -all", false},
             {"v=spf1 ip4:1.2.3 -all", false},
             {"hello", false},
             {"v=spf1 -all foo", false},
             {"", false}};

static void check_text(size_t i)
{
    tap_case("well-formed: '%s'", texts[i].text);
    tap_int(spf_record_valid(str_from(texts[i].text)), texts[i].valid);
}

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        check_text(i);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(i);
    return tap_done();
}
