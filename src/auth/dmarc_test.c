/* DMARC over zones of our own: discovery, alignment, undecided DNS, ARC, findings. */
#include "auth/dmarc.h"

#include <stdio.h>

#include "dns/zone.h"
#include "tests/tap.h"

/* ---- whole checks ---- */

struct row {
    const char *label;
    const char *zone; /* "name TEXT" or "name FAILURE" lines, see world_zone */
    const char *from;
    const char *spf;  /* "result domain" */
    const char *dkim; /* "result domain, result domain" */
    const char *want; /* "result policy(tag) policy-domain organization [spf] [dkim]" */
    enum dmarc_discovery discovery;
};

#define EX "_dmarc.example.com v=DMARC1; p=reject\n"

static const struct row rows[] = {
    {"nothing published", "", "a.example.com", "pass a.example.com", "", "none - - a.example.com",
     0},
    {"identical", EX, "example.com", "pass example.com", "pass example.com",
     "pass reject(p) example.com example.com spf dkim", 0},
    {"relaxed", EX, "a.example.com", "pass b.example.com", "pass c.example.com",
     "pass reject(p) example.com example.com spf dkim", 0},
    {"no common organization", EX, "example.com", "pass example.net", "pass evilexample.com",
     "fail reject(p) example.com example.com", 0},
    {"subdomain with sp", "_dmarc.example.com v=DMARC1; p=reject; sp=quarantine\n", "a.example.com",
     "", "", "fail quarantine(sp) example.com example.com", 0},
    {"np for a missing name", "_dmarc.example.com v=DMARC1; p=none; sp=quarantine; np=reject\n",
     "a.example.com", "", "", "fail reject(np) example.com example.com", 0},
    {"np: an empty non-terminal exists",
     "_dmarc.example.com v=DMARC1; p=none; sp=quarantine; np=reject\nx.a.example.com text\n",
     "a.example.com", "", "", "fail quarantine(sp) example.com example.com", 0},
    {"np: a name with a dangling CNAME exists",
     "_dmarc.example.com v=DMARC1; p=none; np=reject\na.example.com CNAME gone.example.net.\n",
     "a.example.com", "", "", "fail none(p) example.com example.com", 0},
    {"np equal to sp: existence does not matter",
     "_dmarc.example.com v=DMARC1; p=none; sp=reject; np=reject\na.example.com SERVFAIL\n",
     "a.example.com", "", "", "fail reject(sp) example.com example.com", 0},
    {"existence unknown",
     "_dmarc.example.com v=DMARC1; p=none; np=reject\na.example.com SERVFAIL\n", "a.example.com",
     "", "", "temperror - example.com example.com", 0},
    {"existence unknown, t=y makes it equal",
     "_dmarc.example.com v=DMARC1; p=none; np=quarantine; t=y\na.example.com SERVFAIL\n",
     "a.example.com", "", "", "fail none(p) example.com example.com", 0},
    {"existence unknown, pass",
     "_dmarc.example.com v=DMARC1; p=none; np=reject\na.example.com TIMEOUT\n", "a.example.com",
     "pass a.example.com", "", "pass none(p) example.com example.com spf", 0},
    {"t=y lowers sp", "_dmarc.example.com v=DMARC1; p=none; sp=reject; t=y\n", "a.example.com", "",
     "", "fail quarantine(sp) example.com example.com", 0},
    {"strict both", "_dmarc.example.com v=DMARC1; p=reject; adkim=s; aspf=s\n", "example.com",
     "pass a.example.com", "pass a.example.com", "fail reject(p) example.com example.com", 0},
    {"p= has an own record's name only", "_dmarc.a.example.com v=DMARC1; p=none; sp=reject\n" EX,
     "a.example.com", "", "", "fail none(p) a.example.com example.com", 0},
    {"psd=n cuts the organization", "_dmarc.b.example.com v=DMARC1; p=quarantine; psd=n\n" EX,
     "a.b.example.com", "pass example.com", "pass c.b.example.com",
     "pass quarantine(p) b.example.com b.example.com dkim", 0},
    {"psd=n of the other side", "_dmarc.b.example.com v=DMARC1; p=quarantine; psd=n\n" EX,
     "example.com", "pass b.example.com", "", "fail reject(p) example.com example.com", 0},
    {"psd=y: one label below", "_dmarc.example v=DMARC1; p=reject; sp=none; psd=y\n", "a.b.example",
     "pass b.example", "pass c.example", "pass none(sp) example b.example spf", 0},
    {"psd=y with an organization's own record",
     "_dmarc.example v=DMARC1; p=reject; psd=y\n_dmarc.b.example v=DMARC1; p=quarantine\n",
     "a.b.example", "", "pass other.example", "fail quarantine(p) b.example b.example", 0},
    {"psd=y at the start",
     "_dmarc.b.example v=DMARC1; p=reject; psd=y\n_dmarc.example v=DMARC1; p=none\n", "b.example",
     "", "pass a.b.example", "fail reject(p) b.example b.example", 0},
    {"eight labels: none left out", "_dmarc.2.3.4.5.6.7.8 v=DMARC1; p=reject; psd=n\n",
     "1.2.3.4.5.6.7.8", "", "", "fail reject(p) 2.3.4.5.6.7.8 2.3.4.5.6.7.8", 0},
    {"nine labels: the eighth is left out", "_dmarc.2.3.4.5.6.7.8.9 v=DMARC1; p=reject\n",
     "1.2.3.4.5.6.7.8.9", "", "", "none - - 1.2.3.4.5.6.7.8.9", 0},
    {"psd=y seven labels up: below it was not asked",
     "_dmarc.3.4.5.6.7.8.9 v=DMARC1; p=reject; psd=y\n", "1.2.3.4.5.6.7.8.9", "",
     "pass x.2.3.4.5.6.7.8.9", "pass reject(p) 3.4.5.6.7.8.9 2.3.4.5.6.7.8.9 dkim", 0},
    {"several records: walk on",
     "_dmarc.a.example.com v=DMARC1; p=none\n_dmarc.a.example.com v=DMARC1; p=reject\n" EX,
     "a.example.com", "", "", "fail reject(p) example.com example.com", 0},
    {"unusable record: no DMARC", "_dmarc.a.example.com v=DMARC1; p=x\n" EX, "a.example.com", "",
     "", "none - a.example.com example.com", 0},
    {"record of a top-level domain", "_dmarc.com v=DMARC1; p=reject\n", "example.com",
     "pass other.com", "", "pass reject(p) com com spf", 0},
    {"author failed", "_dmarc.a.example.com SERVFAIL\n" EX, "a.example.com", "pass a.example.com",
     "", "temperror - - -", 0},
    {"failure below the record that applies",
     "_dmarc.example.com TIMEOUT\n_dmarc.com v=DMARC1; p=none\n", "a.example.com",
     "pass a.example.com", "", "temperror - - -", 0},
    {"failure above an own record, identical", EX "_dmarc.com BOGUS\n", "example.com",
     "pass example.com", "", "pass reject(p) example.com example.com spf", 0},
    {"failure above an own record, relaxed", EX "_dmarc.com SERVFAIL\n", "example.com", "",
     "pass a.example.com", "temperror - example.com -", 0},
    {"failure above an own record, foreign", EX "_dmarc.com SERVFAIL\n", "example.com", "",
     "pass example.net", "fail reject(p) example.com -", 0},
    {"failure behind psd=n is not seen",
     "_dmarc.example.com v=DMARC1; p=reject; psd=n\n_dmarc.com SERVFAIL\n", "example.com",
     "pass a.example.com", "", "pass reject(p) example.com example.com spf", 0},
    {"identifier's walk fails", EX "_dmarc.b.example.com SERVFAIL\n", "example.com",
     "pass b.example.com", "", "temperror - example.com example.com", 0},
    {"identifier's walk fails, another aligns", EX "_dmarc.b.example.com SERVFAIL\n", "example.com",
     "pass b.example.com", "pass c.example.com", "pass reject(p) example.com example.com dkim", 0},
    {"a failure that may be psd=y hides the label below it",
     "_dmarc.1.2.3.4.5.6.7.8.9 v=DMARC1; p=reject\n_dmarc.3.4.5.6.7.8.9 SERVFAIL\n"
     "_dmarc.2.3.4.5.6.7.8.9 v=DMARC1; p=none; psd=n\n",
     "1.2.3.4.5.6.7.8.9", "pass 2.3.4.5.6.7.8.9", "", "temperror - 1.2.3.4.5.6.7.8.9 -", 0},
    {"SPF and DKIM of one name", EX, "example.com", "pass b.example.com",
     "pass b.example.com, pass b.example.com", "pass reject(p) example.com example.com spf dkim",
     0},
    {"SPF undecided", EX, "example.com", "temperror a.example.com", "",
     "temperror - example.com example.com", 0},
    {"SPF undecided elsewhere", EX, "example.com", "temperror example.net", "",
     "fail reject(p) example.com example.com", 0},
    {"DKIM undecided", EX, "example.com", "fail example.com", "temperror example.com",
     "temperror - example.com example.com", 0},
    {"DKIM undecided but SPF aligned", EX, "example.com", "pass example.com",
     "temperror example.com", "pass reject(p) example.com example.com spf", 0},
    {"no such name as an identifier", EX, "example.com", "pass exa(mple.com", "pass .example.com",
     "fail reject(p) example.com example.com", 0},
    {"U-label and dots in identifiers", "_dmarc.xn--bcher-kva.example v=DMARC1; p=reject\n",
     "xn--bcher-kva.example",
     "pass B\xc3\xbc"
     "cher.example.",
     "", "pass reject(p) xn--bcher-kva.example xn--bcher-kva.example spf", 0},
    {"list: the organization needs no record", "_dmarc.a.example.com v=DMARC1; p=reject\n",
     "a.example.com", "pass example.com", "", "pass reject(p) a.example.com example.com spf",
     DMARC_PSL},
    {"list: records between are not asked", "_dmarc.b.example.com v=DMARC1; p=none\n" EX,
     "a.b.example.com", "", "pass c.example.com", "pass reject(p) example.com example.com dkim",
     DMARC_PSL},
    {"list: several records end it",
     "_dmarc.a.example.com v=DMARC1; p=none\n_dmarc.a.example.com v=DMARC1; p=reject\n" EX,
     "a.example.com", "", "", "none - - example.com", DMARC_PSL},
    {"list: a public suffix is its own organization", "_dmarc.co.uk v=DMARC1; p=reject\n", "co.uk",
     "pass example.co.uk", "", "fail reject(p) co.uk co.uk", DMARC_PSL},
    {"list: failure", "_dmarc.example.com SERVFAIL\n", "a.example.com", "pass a.example.com", "",
     "temperror - - example.com", DMARC_PSL},
};

struct world {
    struct arena arena;
    struct dns_zone *zone;
    struct auth_config config;
    struct finding_list findings;
    struct auth_ctx ctx;
    struct author author;
    struct spf_outcome spf;
    struct dkim_outcome dkim;
    struct arc_outcome arc;
    struct dmarc_outcome out;
    struct mp_err err;
};

static struct dns_zone *world_zone(struct arena *a, const char *text)
{
    struct dns_zone *z = dns_zone_new();
    struct mp_err err = {0};
    struct str rest = str_from(text);
    while (rest.n != 0) {
        struct str line = str_cut(&rest, '\n'), name = str_cut(&line, ' ');
        bool plain = str_eq(line, STR("SERVFAIL")) || str_eq(line, STR("TIMEOUT")) ||
                     str_eq(line, STR("BOGUS")) || str_starts(line, STR("CNAME "));
        struct str zone_line =
            arena_fmt(a, STR_FMT ". " STR_FMT "\n", STR_ARG(name), STR_ARG(line));
        int st = plain ? dns_zone_load(z, zone_line, "row", &err)
                       : dns_zone_add_txt(z, name, line, &err);
        if (!tap_int(st, MP_OK))
            tap_note("%s", err.text);
    }
    return z;
}

static enum spf_result spf_word(struct str word)
{
    int r = SPF_NONE;
    while (r < SPF_PERMERROR && !str_eq(word, str_from(spf_result_name((enum spf_result)r))))
        r++;
    return (enum spf_result)r;
}

static void world_results(struct world *w, const char *spf, const char *dkim)
{
    struct str rest = str_from(spf);
    w->spf.result = rest.n == 0 ? SPF_NONE : spf_word(str_cut(&rest, ' '));
    w->spf.domain = rest;
    rest = str_from(dkim);
    w->dkim.sigs = arena_new(&w->arena, struct dkim_signature, 16);
    while (rest.n != 0 && w->dkim.n < 16) {
        struct str one = str_trim(str_cut(&rest, ',')), word = str_cut(&one, ' ');
        struct dkim_signature *sig = &w->dkim.sigs[w->dkim.n++];
        sig->domain = one;
        sig->result = str_eq(word, STR("pass"))        ? DKIM_PASS
                      : str_eq(word, STR("temperror")) ? DKIM_TEMPERROR
                                                       : DKIM_FAIL;
    }
}

static void world_open(struct world *w, const struct row *row, dns_ready_fn *ready)
{
    *w = (struct world){.config = {.discovery = row->discovery}};
    arena_init(&w->arena, 16 << 20);
    w->zone = world_zone(&w->arena, row->zone);
    finding_list_init(&w->findings, &w->arena);
    w->ctx = (struct auth_ctx){.arena = &w->arena,
                               .dns = dns_view_new(&w->arena, ready, w->zone),
                               .findings = &w->findings,
                               .config = &w->config};
    w->author = (struct author){.status = AUTHOR_OK, .domain = str_from(row->from)};
    world_results(w, row->spf, row->dkim);
}

static int world_check(struct world *w)
{
    return dmarc_check(&w->ctx, &w->author, &w->spf, &w->dkim, &w->arc, &w->out, &w->err);
}

static void world_close(struct world *w)
{
    dns_view_release(w->ctx.dns);
    dns_zone_free(w->zone);
    arena_clear(&w->arena);
}

static struct str or_dash(struct str s)
{
    return s.n == 0 ? STR("-") : s;
}

static struct str summary(struct world *w)
{
    static const char *const tags[] = {"p", "sp", "np"};
    const struct dmarc_outcome *o = &w->out;
    bool has_policy = o->policy != DMARC_P_UNSET;
    return arena_fmt(&w->arena, "%s %s%s%s%s " STR_FMT " " STR_FMT "%s%s",
                     dmarc_result_name(o->result), has_policy ? dmarc_policy_name(o->policy) : "-",
                     has_policy ? "(" : "", has_policy ? tags[o->applies] : "",
                     has_policy ? ")" : "", STR_ARG(or_dash(o->policy_domain)),
                     STR_ARG(or_dash(o->organizational_domain)), o->spf_aligned ? " spf" : "",
                     o->dkim_aligned ? " dkim" : "");
}

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;
        tap_case("dmarc: %s", rows[i].label);
        world_open(&w, &rows[i], dns_zone_lookup);
        tap_int(world_check(&w), MP_OK);
        tap_str(summary(&w), str_from(rows[i].want));
        tap_ok(w.out.reason.n != 0);
        world_close(&w);
    }
}

/* ---- the order in which answers come does not matter ---- */

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* One of the missing answers, chosen at random, is put into the view. False: none is missing. */
static bool fill_one(struct world *w, uint32_t *seed)
{
    struct dns_question q, chosen = {0};
    size_t cursor = 0;
    uint32_t n = 0;
    while (dns_view_missing(w->ctx.dns, &cursor, &q)) {
        if (next_random(seed) % ++n == 0)
            chosen = q;
    }
    if (n == 0)
        return false;
    dns_view_put(w->ctx.dns, chosen.name, chosen.type,
                 dns_zone_lookup(w->zone, chosen.name, chosen.type));
    return true;
}

static bool same_in_any_order(const struct row *row, uint32_t seed)
{
    struct world w;
    world_open(&w, row, NULL);
    int st;
    unsigned runs = 0;
    while ((st = world_check(&w)) == MP_WAIT && ++runs < 200) {
        if (!fill_one(&w, &seed))
            break;
    }
    bool same = st == MP_OK && str_eq(summary(&w), str_from(row->want));
    if (!same)
        tap_note("seed %u after %u runs: " STR_FMT, seed, runs, STR_ARG(summary(&w)));
    world_close(&w);
    return same;
}

static void test_order(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("dmarc, answers in random order: %s", rows[i].label);
        bool same = true;
        for (uint32_t seed = 1; same && seed <= 50; seed++)
            same = same_in_any_order(&rows[i], seed);
        tap_ok(same);
    }
}

/* The walk of the author is asked in one round, with what is needed behind it. */
static void test_rounds(const char *label, const char *spf, enum dmarc_discovery discovery)
{
    struct row row = {"", EX, "a.b.c.example.com", spf, "", "", discovery};
    struct world w;
    world_open(&w, &row, NULL);
    int st, rounds = 0;
    while ((st = world_check(&w)) == MP_WAIT && rounds < 10) {
        struct dns_question q;
        size_t cursor = 0;
        rounds++;
        while (dns_view_missing(w.ctx.dns, &cursor, &q))
            dns_view_put(w.ctx.dns, q.name, q.type, dns_zone_lookup(w.zone, q.name, q.type));
    }
    tap_case("dmarc: one round for %s", label);
    tap_int(st, MP_OK);
    tap_int(rounds, 1);
    if (tap_int(w.out.n_walk, discovery == DMARC_PSL ? 2 : 5))
        tap_str(w.out.walk[w.out.n_walk - 1],
                discovery == DMARC_PSL ? STR("example.com") : STR("com"));
    world_close(&w);
}

/* SPF and ten signatures with names of their own, then an eleventh: the cap cuts there. */
static void test_cap(void)
{
    static const struct row row = {
        "",
        EX "_dmarc.l.example.com v=DMARC1; p=none\n",
        "example.com",
        "",
        "pass a.s.example.com, pass b.s.example.com, pass c.s.example.com, pass d.s.example.com, "
        "pass e.s.example.com, pass f.s.example.com, pass g.s.example.com, pass h.s.example.com, "
        "pass i.s.example.com, pass j.s.example.com, pass k.example.com",
        "",
        0};
    struct row blocked = row;
    blocked.zone = EX "_dmarc.s.example.com v=DMARC1; p=none; psd=n\n";
    struct world w;
    tap_case("dmarc: an identifier behind the cap does not align");
    world_open(&w, &blocked, dns_zone_lookup);
    tap_int(world_check(&w), MP_OK);
    tap_int(w.out.result, DMARC_FAIL);
    tap_ok(str_search(w.out.reason, STR("1 more were not compared")) < w.out.reason.n);
    world_close(&w);
    tap_case("dmarc: identical names do not need a place under the cap");
    blocked.from = "k.example.com";
    world_open(&w, &blocked, dns_zone_lookup);
    w.dkim.sigs[0].aligned = true; /* of an earlier run */
    tap_int(world_check(&w), MP_OK);
    tap_int(w.out.result, DMARC_PASS);
    tap_ok(w.dkim.sigs[10].aligned && !w.dkim.sigs[0].aligned);
    world_close(&w);
}

/* ---- authors that cannot be judged ---- */

static void test_authors(void)
{
    static const enum author_status bad[] = {AUTHOR_NONE, AUTHOR_MULTIPLE_FIELDS,
                                             AUTHOR_MULTIPLE_DOMAINS, AUTHOR_LITERAL,
                                             AUTHOR_INVALID};
    static const struct row row = {"", EX, "example.com", "pass example.com", "", "", 0};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct world w;
        tap_case("dmarc: author status %zu is a permerror", i);
        world_open(&w, &row, dns_zone_lookup);
        w.author.status = bad[i];
        tap_int(world_check(&w), MP_OK);
        tap_int(w.out.result, DMARC_PERMERROR);
        dmarc_findings(&w.ctx, &w.out);
        tap_ok(finding_has(&w.findings, FINDING_AUTH_DMARC_PERMERROR));
        world_close(&w);
    }
}

/* ---- ARC ---- */

static const struct {
    const char *label, *record, *aar;
    bool trusted, overridden;
} seals[] = {
    {"dmarc=pass for the author", "p=reject", "mx.example.net; dmarc=pass header.from=example.com",
     true, true},
    {"case of the author", "p=quarantine", "mx; dmarc=pass header.from=EXAMPLE.com", true, true},
    {"not trusted", "p=reject", "mx; dmarc=pass header.from=example.com", false, false},
    {"dmarc=pass for another", "p=reject", "mx; dmarc=pass header.from=example.net", true, false},
    {"dmarc=fail though DKIM passed", "p=reject",
     "mx; dkim=pass header.d=example.com; dmarc=fail header.from=example.com", true, false},
    {"aligned DKIM", "p=reject",
     "mx; dkim=fail header.d=example.com; dkim=pass header.d=a.example.com", true, true},
    {"DKIM not aligned in strict mode", "p=reject; adkim=s", "mx; dkim=pass header.d=a.example.com",
     true, false},
    {"aligned SPF with a mailbox", "p=reject", "mx; spf=pass smtp.mailfrom=bounce@b.example.com",
     true, true},
    {"SPF failed", "p=reject", "mx; spf=fail smtp.mailfrom=example.com", true, false},
    {"nothing said", "p=reject", "mx; none", true, false},
    {"unknown version", "p=reject", "mx 2; dmarc=pass header.from=example.com", true, false},
    {"broken", "p=reject", "mx; dmarc=pass (header.from=example.com", true, false},
    {"words of Microsoft beside the grammar", "p=reject",
     "mx.m.example 1; spf=fail (sender IP is 192.0.2.1) smtp.mailfrom=x.example; dmarc=pass "
     "(p=reject "
     "sp=reject pct=100) action=none header.from=example.com; dkim=pass (signature was verified) "
     "header.d=example.com; arc=none (0)",
     true, true},
    {"nothing to override", "p=none", "mx; dmarc=pass header.from=example.com", true, false},
};

static void test_arc(void)
{
    struct arc_set set = {.sealer = STR("lists.example.net")};
    for (size_t i = 0; i < ARRAY_LEN(seals); i++) {
        struct world w;
        char zone[200];
        snprintf(zone, sizeof zone, "_dmarc.example.com v=DMARC1; %s\n", seals[i].record);
        struct row row = {"", zone, "example.com", "pass lists.example.net", "", "", 0};
        tap_case("dmarc under ARC: %s", seals[i].label);
        world_open(&w, &row, dns_zone_lookup);
        w.arc = (struct arc_outcome){.result = ARC_PASS,
                                     .instances = 1,
                                     .sets = &set,
                                     .trusted = seals[i].trusted,
                                     .trusted_from = 1,
                                     .aar_value = str_from(seals[i].aar)};
        tap_int(world_check(&w), MP_OK);
        tap_int(w.out.result, DMARC_FAIL);
        tap_int(w.out.override_reason.n != 0, seals[i].overridden);
        tap_int(w.out.disposition, seals[i].overridden ? DMARC_P_NONE : w.out.policy);
        dmarc_findings(&w.ctx, &w.out);
        tap_int(w.findings.n, 1);
        tap_int(w.findings.items[0].severity, seals[i].overridden            ? SEV_LOW
                                              : w.out.policy == DMARC_P_NONE ? SEV_MEDIUM
                                                                             : SEV_HIGH);
        world_close(&w);
    }
}

/* ---- findings and texts ---- */

static const struct {
    const char *label;
    struct row row;
    enum finding_id id;
    const char *evidence; /* part of it */
} findings[] = {
    {"fail",
     {"", EX, "example.com", "pass bounce.example.net", "", "", 0},
     FINDING_AUTH_DMARC_FAIL,
     "SPF passed for bounce.example.net and DKIM for none; neither is aligned with example.com "
     "(relaxed); policy reject"},
    {"fail, nothing passed",
     {"", EX, "example.com", "softfail example.com", "", "", 0},
     FINDING_AUTH_DMARC_FAIL,
     "SPF gave softfail and no DKIM signature passed"},
    {"fail, two signatures",
     {"", "_dmarc.example.com v=DMARC1; p=none; adkim=s", "example.com", "fail x.example",
      "pass a.example.com, pass b.example.net", "", 0},
     FINDING_AUTH_DMARC_FAIL,
     "SPF gave fail and DKIM passed for a.example.com and 1 more; neither is aligned with "
     "example.com (SPF relaxed, DKIM strict)"},
    {"temperror",
     {"", "_dmarc.example.com SERVFAIL", "example.com", "", "", "", 0},
     FINDING_AUTH_DMARC_TEMPERROR,
     "for _dmarc.example.com hides which DMARC record applies"},
    {"none",
     {"", "", "example.com", "", "", "", 0},
     FINDING_AUTH_DMARC_NONE,
     "no DMARC record applies to example.com"},
    {"several records",
     {"", EX "_dmarc.example.com v=DMARC1; p=none", "example.com", "", "", "", 0},
     FINDING_AUTH_DMARC_RECORD,
     "_dmarc.example.com: several DMARC records"},
    {"tag twice",
     {"", "_dmarc.example.com v=DMARC1; p=none; p=none", "example.com", "", "", "", 0},
     FINDING_AUTH_DMARC_RECORD,
     "a tag stands twice"},
    {"forced to none",
     {"", "_dmarc.example.com v=DMARC1; p=x; rua=mailto:a@b.example", "example.com", "", "", "", 0},
     FINDING_AUTH_DMARC_RECORD,
     "it counts as p=none"},
    {"not usable",
     {"", "_dmarc.example.com v=DMARC1; p=x", "example.com", "", "", "", 0},
     FINDING_AUTH_DMARC_RECORD,
     "the record is not used"},
    {"top-level record",
     {"", "_dmarc.com v=DMARC1; p=reject", "example.com", "pass other.com", "", "", 0},
     FINDING_AUTH_DMARC_TLD_RECORD,
     "the record of com makes"},
    {"list differs: organization",
     {"", "_dmarc.a.example.com v=DMARC1; p=reject", "a.example.com", "", "", "", 0},
     FINDING_AUTH_DMARC_DISCOVERY,
     "by the public suffix list the organizational domain is example.com"},
    {"list differs: policy",
     {"", "_dmarc.b.example.com v=DMARC1; p=none; psd=n\n" EX, "a.b.example.com", "", "", "",
      DMARC_PSL},
     FINDING_AUTH_DMARC_DISCOVERY,
     "by the tree walk the organizational domain is b.example.com and the record of b.example.com "
     "applies"},
    {"list differs: no record",
     {"", "_dmarc.com v=DMARC1; p=none; psd=y", "a.example.com", "", "", "", 0},
     FINDING_AUTH_DMARC_DISCOVERY,
     "by the public suffix list the organizational domain is example.com and no record applies"},
};

static void test_findings(void)
{
    for (size_t i = 0; i < ARRAY_LEN(findings); i++) {
        struct world w;
        tap_case("dmarc finding: %s", findings[i].label);
        world_open(&w, &findings[i].row, dns_zone_lookup);
        tap_int(world_check(&w), MP_OK);
        dmarc_findings(&w.ctx, &w.out);
        struct str evidence = STR_NONE;
        for (size_t k = 0; k < w.findings.n; k++) {
            if (w.findings.items[k].id == findings[i].id)
                evidence = w.findings.items[k].evidence;
        }
        if (!tap_ok(str_search(evidence, str_from(findings[i].evidence)) < evidence.n))
            tap_note("evidence: " STR_FMT, STR_ARG(evidence));
        world_close(&w);
    }
    static const struct row quiet = {"", EX, "example.com", "pass example.com", "", "", 0};
    struct world w;
    tap_case("dmarc finding: a pass is quiet");
    world_open(&w, &quiet, dns_zone_lookup);
    tap_int(world_check(&w), MP_OK);
    dmarc_findings(&w.ctx, &w.out);
    tap_int(w.findings.n, 0);
    tap_str(w.out.reason, STR("SPF passed for example.com, the author domain itself"));
    world_close(&w);
    static const struct row top = {
        "", "_dmarc.local v=DMARC1; p=none\n", "local", "pass local", "", "", 0};
    tap_case("dmarc finding: a top-level name may have a record for itself");
    world_open(&w, &top, dns_zone_lookup);
    tap_int(world_check(&w), MP_OK);
    dmarc_findings(&w.ctx, &w.out);
    tap_int(w.findings.n, 0);
    world_close(&w);
}

/* ---- the rest of the front door ---- */

static void test_organizational(void)
{
    static const struct row row = {"", EX "_dmarc.net SERVFAIL\n", "example.com", "", "", "", 0};
    struct world w;
    struct str org;
    bool failed;
    tap_case("dmarc: organizational domain of any name");
    world_open(&w, &row, dns_zone_lookup);
    tap_int(dmarc_organizational(&w.ctx, STR("a.b.example.com"), &org, &failed, NULL), MP_OK);
    tap_str(org, STR("example.com"));
    tap_ok(!failed);
    tap_int(dmarc_organizational(&w.ctx, STR("a.example.net"), &org, &failed, NULL), MP_OK);
    tap_ok(failed && org.n == 0);
    world_close(&w);
}

static void test_no_memory(void)
{
    static const struct row row = {
        "", EX, "a.example.com", "pass b.example.com", "pass c.example.com", "", 0};
    unsigned refused = 0, done = 0;
    tap_case("dmarc: a spent budget is an error, not a verdict");
    for (size_t budget = 1; budget < 40000; budget = budget + budget / 16 + 1) {
        struct world w;
        struct arena small = {0};
        world_open(&w, &row, dns_zone_lookup);
        arena_init(&small, budget);
        w.ctx.arena = &small;
        int st = world_check(&w);
        done += st == MP_OK;
        refused += st == MP_E_NOMEM;
        if (st == MP_OK)
            tap_int(w.out.result, DMARC_PASS);
        arena_clear(&small);
        world_close(&w);
    }
    tap_ok(refused > 0 && done > 0);
}

int main(void)
{
    test_rows();
    test_order();
    test_rounds("the author", "", DMARC_TREE_WALK);
    test_rounds("author and identifier", "pass d.b.c.example.com", DMARC_TREE_WALK);
    test_rounds("the list and what it is compared with", "", DMARC_PSL);
    test_cap();
    test_authors();
    test_arc();
    test_findings();
    test_organizational();
    test_no_memory();
    return tap_done();
}
