/* The audit as a whole: names, profiles, facts, remedies as text and tried out, the grade. */
#include "tests/tap.h"

#include "base/buf.h"
#include "posture/posture_test_kit.h"

#define GOOD                                                                                       \
    "good.test. MX 10 mx1.good.test.\ngood.test. MX 20 mx2.good.test.\n"                           \
    "mx1.good.test. A 192.0.2.1\nmx2.good.test. A 192.0.2.2\n"

/* ---- names, domains, profiles ---- */

static void test_profile_names(void)
{
    for (int p = PROFILE_AUTO; p <= PROFILE_PARKED; p++) {
        enum posture_profile back = PROFILE_AUTO;
        const char *name = posture_profile_name((enum posture_profile)p);
        tap_case("profile %s has a name that is read again", name);
        tap_ok(posture_profile_by_name(str_from(name), &back));
        tap_int(back, p);
    }
    enum posture_profile none = PROFILE_PARKED;
    tap_case("other words are no profiles");
    tap_ok(!posture_profile_by_name(STR("sendin"), &none));
    tap_int(none, PROFILE_PARKED);
    tap_cstr(posture_profile_name((enum posture_profile)9), "?");
}

static void test_config(void)
{
    struct posture_config c;
    posture_config_init(&c);
    tap_case("defaults");
    tap_int(c.profile, PROFILE_AUTO);
    tap_int(c.smtp_port, 25);
    tap_int(c.cert_warn_days, 21);
    tap_int(c.cert_high_days, 7);
    tap_ok(c.https && c.connect && !c.allow_private);
    tap_int(c.n_dnsbl + c.n_selectors, 0);
}

static const struct {
    const char *label, *domain;
    int status;
    const char *want;
} domains[] = {
    {"plain", "Good.Test.", MP_OK, "good.test"},
    {"U-labels",
     "b\xc3\xbc"
     "cher.test",
     MP_OK, "xn--bcher-kva.test"},
    {"nothing", "", MP_E_USAGE, NULL},
    {"an empty label", "a..test", MP_E_USAGE, NULL},
    {"an address", "192.0.2.1", MP_E_USAGE, NULL},
    {"words", "not a name", MP_E_USAGE, NULL},
    {"a URL", "https://good.test", MP_E_USAGE, NULL},
    {"an address of IPv6", "2001:db8::1", MP_E_USAGE, NULL},
    {"bytes that are no text", "\xff.test", MP_E_USAGE, NULL},
};

static void test_domains(void)
{
    static const struct kit_world world = {"test. NS ns.test.\n"};
    static struct kit k;
    for (size_t i = 0; i < ARRAY_LEN(domains); i++) {
        struct mp_err err = {0};
        int st;
        tap_case("domain: %s", domains[i].label);
        kit_open(&k, &world, NULL);
        while ((st = posture_run(&k.ctx, &k.arena, k.dns, k.facts, &k.config,
                                 str_from(domains[i].domain), KIT_NOW_S, k.out, &err)) == MP_WAIT &&
               kit_again(&k)) {}
        tap_int(st, domains[i].status);
        if (domains[i].want != NULL)
            tap_str(k.out->domain, str_from(domains[i].want));
        else
            tap_ok(err.text[0] != '\0');
        kit_close(&k);
    }
}

static const struct {
    const char *label, *zone;
    enum posture_profile told, want;
} profiles[] = {
    {"in use", GOOD, PROFILE_AUTO, PROFILE_SENDING},
    {"told", GOOD, PROFILE_RECEIVING, PROFILE_RECEIVING},
    {"told to be parked", GOOD, PROFILE_PARKED, PROFILE_PARKED},
    {"null MX and closed SPF", "good.test. MX 0 .\ngood.test. TXT \"v=spf1 -all\"\n", PROFILE_AUTO,
     PROFILE_PARKED},
    {"closed SPF in other words", "good.test. MX 0 .\ngood.test. TXT \"V=SPF1  -ALL exp=e.test\"\n",
     PROFILE_AUTO, PROFILE_PARKED},
    {"nothing but closed SPF", "good.test. TXT \"v=spf1 -all\"\n", PROFILE_AUTO, PROFILE_PARKED},
    {"closed SPF and an address", "good.test. TXT \"v=spf1 -all\"\ngood.test. A 192.0.2.1\n",
     PROFILE_AUTO, PROFILE_RECEIVING},
    {"closed SPF and MX", GOOD "good.test. TXT \"v=spf1 -all\"\n", PROFILE_AUTO, PROFILE_RECEIVING},
    {"null MX and open SPF", "good.test. MX 0 .\ngood.test. TXT \"v=spf1 a -all\"\n", PROFILE_AUTO,
     PROFILE_SENDING},
    {"null MX without SPF", "good.test. MX 0 .\n", PROFILE_AUTO, PROFILE_PARKED},
    {"null MX and SPF not known", "good.test. MX 0 .\ngood.test. TIMEOUT TXT\n", PROFILE_AUTO,
     PROFILE_SENDING},
    {"null MX, closed and open SPF",
     "good.test. MX 0 .\ngood.test. TXT \"v=spf1 -all\"\ngood.test. TXT \"v=spf1 mx -all\"\n",
     PROFILE_AUTO, PROFILE_SENDING},
    {"MX not known", "good.test. TXT \"v=spf1 -all\"\ngood.test. TIMEOUT MX\n", PROFILE_AUTO,
     PROFILE_RECEIVING},
    {"an address not known", "good.test. TXT \"v=spf1 -all\"\ngood.test. SERVFAIL AAAA\n",
     PROFILE_AUTO, PROFILE_RECEIVING},
};

static void test_profiles(void)
{
    static struct kit k;
    for (size_t i = 0; i < ARRAY_LEN(profiles); i++) {
        struct kit_world world = {profiles[i].zone};
        struct posture_config config;
        posture_config_init(&config);
        config.profile = profiles[i].told;
        tap_case("profile: %s", profiles[i].label);
        kit_open(&k, &world, &config);
        kit_run(&k);
        tap_cstr(posture_profile_name(k.out->profile), posture_profile_name(profiles[i].want));
        kit_close(&k);
    }
}

/* ---- what a zone that fails is told as ---- */

static const struct {
    const char *label, *zone;
    enum finding_id id;
    unsigned told, undecided; /* findings; checks, at least */
} failures[] = {
    {"a whole zone that is bogus is told once", "good.test. BOGUS\n*.good.test. BOGUS\n",
     FINDING_POSTURE_DNS_BOGUS, 1, 5},
    {"a whole zone that does not answer is told once",
     "good.test. TIMEOUT\n*.good.test. SERVFAIL\n", FINDING_POSTURE_DNS_FAILED, 1, 5},
    {"types of one name are told once", GOOD "good.test. SERVFAIL TXT\ngood.test. SERVFAIL CAA\n",
     FINDING_POSTURE_DNS_FAILED, 1, 2},
    {"names side by side are told each",
     GOOD "_dmarc.good.test. SERVFAIL\n_mta-sts.good.test. SERVFAIL\n", FINDING_POSTURE_DNS_FAILED,
     2, 2},
    {"other zones are told too, whatever they end in",
     "good.test. BOGUS TXT\ngood.test. MX 10 mx.notgood.test.\nmx.notgood.test. BOGUS\n",
     FINDING_POSTURE_DNS_BOGUS, 2, 2},
    {"one finding does not stand for another",
     GOOD "good.test. BOGUS TXT\ngood.test. SERVFAIL CAA\n", FINDING_POSTURE_DNS_FAILED, 1, 2},
};

static void test_failures(void)
{
    static struct kit k;
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        struct kit_world world = {failures[i].zone};
        unsigned told = 0, undecided = 0;
        tap_case("failures: %s", failures[i].label);
        kit_open(&k, &world, NULL);
        kit_run(&k);
        for (size_t f = 0; f < k.ctx.findings.n; f++)
            told += k.ctx.findings.items[f].id == failures[i].id;
        for (size_t c = 0; c < k.ctx.checks.n; c++)
            undecided += k.ctx.checks.items[c].undecided;
        if (!tap_int(told, failures[i].told) || !tap_ok(undecided >= failures[i].undecided))
            kit_show(&k);
        tap_int(k.ctx.findings.dropped, 0);
        kit_close(&k);
    }
}

static void test_rounds(void)
{
    enum { ENOUGH = 6 }; /* MX, hosts, TLSA or reverse names, names of those, certificates */
    static const struct kit_world world = {GOOD};
    static struct kit k;
    struct dns_question q;
    size_t cursor = 0, n = 0;
    tap_case("questions go out together");
    kit_open(&k, &world, NULL);
    tap_int(posture_run(&k.ctx, &k.arena, k.dns, k.facts, &k.config, STR("good.test"), KIT_NOW_S,
                        k.out, NULL),
            MP_WAIT);
    while (dns_view_missing(k.dns, &cursor, &q))
        n++;
    tap_ok(n >= 12); /* MX, TXT, A, AAAA, CAA, six SRV, policies */
    kit_run(&k);
    tap_ok(k.rounds > 1 && k.rounds <= ENOUGH);
    kit_close(&k);
}

static const struct kit_world trial_world = {
    GOOD "good.test. MX 30 mx1.good.test.\nfail.test. SERVFAIL\n"
         "1.2.0.192.in-addr.arpa. PTR mx1.good.test.\n2.2.0.192.in-addr.arpa. PTR mx2.good.test.\n"
         "mx.other.test. A 192.0.2.3\n3.2.0.192.in-addr.arpa. PTR mx.other.test.\n"};

/* Whatever was asked before: the view has room for `room` questions more. */
static int run_with_room(struct kit *k, size_t room)
{
    int st;
    kit_open(k, &trial_world, NULL);
    dns_view_release(k->dns);
    k->dns = dns_view_new(&k->arena, NULL, NULL);
    for (size_t i = room; i < DNS_VIEW_MAX_ANSWERS; i++)
        dns_prefetch(k->dns, arena_fmt(&k->arena, "n%zu.other.test", i), DNS_A);
    while ((st = posture_run(&k->ctx, &k->arena, k->dns, k->facts, &k->config, STR("good.test"),
                             KIT_NOW_S, k->out, NULL)) == MP_WAIT &&
           kit_again(k)) {}
    return st;
}

static void test_limits(void)
{
    static struct kit k;
    size_t refused = 0, cut = 0, whole = 0;
    tap_case("a full view is an error or an undecided check, never a pass, and it ends");
    for (size_t room = 0; room < DNS_VIEW_MAX_ANSWERS; room += 3) {
        int st = run_with_room(&k, room);
        bool undecided = st == MP_OK && check_list_undecided(&k.ctx.checks);
        tap_ok(st == MP_OK || st == MP_E_LIMIT);
        refused += st == MP_E_LIMIT;
        cut += undecided;
        whole += st == MP_OK && !undecided;
        tap_ok(st != MP_OK || undecided == (kit_find(&k, FINDING_POSTURE_LIMIT) != NULL));
        tap_ok(whole == 0 || (st == MP_OK && !undecided)); /* once it is enough it stays so */
        kit_close(&k);
    }
    tap_ok(refused > 0 && cut > 0 && whole > 0);
}

/* 60 hosts of three addresses, 30 SRV records, 40 CAA records. */
static void write_large_zone(struct buf *out)
{
    buf_addz(out, "2.0.0.127.bl.test. A 127.0.0.2\n*.in-addr.arpa. PTR mx.other.test.\n");
    for (unsigned i = 0; i < 60; i++)
        buf_addf(out,
                 "good.test. MX %u h%u.good.test.\nh%u.good.test. A 192.0.2.%u\n"
                 "h%u.good.test. A 198.51.100.%u\nh%u.good.test. A 203.0.113.%u\n",
                 i, i, i, i, i, i, i, i);
    for (unsigned i = 0; i < 30; i++)
        buf_addf(out, "_imaps._tcp.good.test. SRV %u 1 993 h1.good.test.\n", i);
    for (unsigned i = 0; i < 40; i++)
        buf_addf(out, "good.test. CAA 0 issue \"ca%u.test\"\n", i);
}

static const char *const cut_checks[] = {"mx.records", "caa.records", "srv.services",
                                         "ptr.confirmed", "dnsbl.lists"};

static void test_large(void)
{
    static const struct str lists[] = {STR_INIT("bl.test")};
    static struct kit k;
    struct buf zone;
    struct posture_config config;
    buf_init(&zone, 1 << 20);
    write_large_zone(&zone);
    buf_addc(&zone, '\0');
    const struct kit_world world = {zone.p};
    posture_config_init(&config);
    config.dnsbl = lists;
    config.n_dnsbl = 1;
    tap_case("a domain with more of everything than is looked at");
    kit_open(&k, &world, &config);
    kit_run(&k);
    tap_int(k.out->n_mx, POSTURE_MAX_MX);
    tap_ok(kit_find(&k, FINDING_POSTURE_LIMIT) != NULL);
    for (size_t i = 0; i < ARRAY_LEN(cut_checks); i++) {
        const struct check *c = kit_check(&k, cut_checks[i]);
        tap_case("cut, and so undecided: %s", cut_checks[i]);
        tap_ok(c != NULL && c->undecided);
    }
    kit_verify(&k);
    kit_close(&k);
    buf_clear(&zone);
}

static void test_memory(void)
{
    static const struct kit_world world = {GOOD};
    static struct kit k;
    struct posture_ctx *c = &k.ctx;
    kit_open(&k, &world, NULL);
    kit_run(&k);
    size_t need = 0;
    tap_case("without memory it says so, and never a result");
    for (size_t budget = 0;; budget += 997) {
        struct arena small = {0};
        arena_init(&small, budget);
        int st = posture_run(c, &small, k.dns, k.facts, &k.config, STR("good.test"), KIT_NOW_S,
                             k.out, NULL);
        arena_clear(&small);
        need = budget;
        if (st == MP_OK || !tap_ok(st == MP_E_NOMEM || st == MP_E_USAGE))
            break;
    }
    tap_ok(need > 997);
    kit_close(&k);
}

/* ---- facts ---- */

static void test_facts(void)
{
    struct arena a = {0};
    const struct https_fact *file = NULL;
    const struct smtp_fact *host = NULL;
    struct fact_question q;
    size_t cursor = 0;
    arena_init(&a, 1 << 20);
    struct fact_view *v = fact_view_new(&a);
    tap_case("facts are noted once, and kept");
    tap_int(fact_smtp(v, STR("mx.test"), &host, NULL), MP_WAIT);
    tap_int(fact_smtp(v, STR("MX.test."), &host, NULL), MP_WAIT);
    tap_int(fact_https(v, STR("https://mx.test/"), &file, NULL), MP_WAIT);
    tap_int(fact_https(v, STR("https://mx.test/"), &file, NULL), MP_WAIT);
    tap_ok(fact_missing(v, &cursor, &q));
    tap_int(q.kind, FACT_SMTP);
    tap_str(q.key, STR("mx.test"));
    tap_ok(fact_missing(v, &cursor, &q));
    tap_int(q.kind, FACT_HTTPS);
    tap_str(q.key, STR("https://mx.test/"));
    tap_ok(!fact_missing(v, &cursor, &q));
    tap_int(fact_put_smtp(v, STR("mx.TEST"), &(struct smtp_fact){.answered = true}), MP_OK);
    tap_int(fact_put_smtp(v, STR("mx.test"), &(struct smtp_fact){.fault = "late"}), MP_OK);
    tap_int(fact_put_https(v, STR("https://mx.test/"), &(struct https_fact){.fetched = true}),
            MP_OK);
    tap_int(fact_smtp(v, STR("mx.test"), &host, NULL), MP_OK);
    tap_ok(host->answered);
    tap_cstr(host->fault, "");
    tap_int(fact_https(v, STR("https://mx.test/"), &file, NULL), MP_OK);
    tap_cstr(file->fault, "");
    cursor = 0;
    tap_ok(!fact_missing(v, &cursor, &q));
    tap_case("facts have a limit");
    int st = MP_WAIT;
    for (int i = 0; i < FACTS_MAX && st == MP_WAIT; i++)
        st = fact_smtp(v, arena_fmt(&a, "mx%d.test", i), &host, NULL);
    tap_int(st, MP_E_LIMIT);
    arena_clear(&a);
}

/* ---- remedies as text ---- */

static const char long_txt[] =
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123"
    "4567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
    "890123456789012345678901234567890123456789012345678901234567890123456789";

static const struct {
    const char *label;
    struct fix_edit edit;
    const char *want;
} texts[] = {
    {"a TXT record",
     {FIX_ADD, DNS_TXT, STR_INIT("a.test"), STR_INIT("v=spf1 -all")},
     "a.test. TXT \"v=spf1 -all\""},
    {"a TXT record with odd bytes",
     {FIX_ADD, DNS_TXT, STR_INIT("a.test"), STR_INIT("q\"b\\\n;")},
     "a.test. TXT \"q\\\"b\\\\\\010;\""},
    {"an empty TXT record",
     {FIX_ADD, DNS_TXT, STR_INIT("a.test"), STR_INIT("")},
     "a.test. TXT \"\""},
    {"remove a record",
     {FIX_REMOVE, DNS_MX, STR_INIT("a.test"), STR_INIT("10 mx.a.test.")},
     "remove a.test. MX 10 mx.a.test."},
    {"remove all", {FIX_REMOVE_ALL, DNS_TXT, STR_INIT("a.test"), {NULL, 0}}, "remove a.test. TXT"},
    {"a name with odd bytes",
     {FIX_ADD, DNS_A, STR_INIT("a b.test"), STR_INIT("192.0.2.1")},
     "a\\032b.test. A 192.0.2.1"},
    {"a file",
     {FIX_FILE, DNS_TXT, STR_INIT("https://a.test/x"), STR_INIT("one: 1\r\ntwo: 2\r\n")},
     "serve https://a.test/x:\none: 1\ntwo: 2"},
};

static void test_texts(void)
{
    struct arena a = {0};
    arena_init(&a, 4 << 20);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct fix x = {.edits = {texts[i].edit}, .n = 1};
        tap_case("text: %s", texts[i].label);
        tap_str(fix_text(&a, &x), str_from(texts[i].want));
    }
    tap_case("text: a long TXT record is split");
    struct fix x = {.n = 1};
    x.edits[0] = (struct fix_edit){FIX_ADD, DNS_TXT, STR("a.test"), STR(long_txt)};
    struct str text = fix_text(&a, &x);
    tap_int(text.n, sizeof long_txt - 1 + STR("a.test. TXT \"\" \"\"").n);
    tap_str(str_slice(text, 13 + 255, 13 + 255 + 3), STR("\" \""));
    arena_clear(&a);
}

static void test_fix_list(void)
{
    struct arena a = {0};
    struct finding_list findings;
    struct fix_list list;
    arena_init(&a, 16 << 20);
    finding_list_init(&findings, &a);
    fix_list_init(&list, &a);
    struct finding *f = finding_add(&findings, FINDING_POSTURE_MX_NONE, NOWHERE, "x");
    tap_case("a dropped finding has no fix");
    tap_ok(fix_new(&list, &findings, NULL) == NULL);
    fix_edit_add(NULL, FIX_ADD, STR("a"), DNS_A, STR("b"));
    tap_case("too many edits are none");
    struct fix *x = fix_new(&list, &findings, f);
    for (int i = 0; i < FIX_MAX_EDITS; i++)
        fix_edit_add(x, FIX_ADD, STR("a"), DNS_TXT, STR("b"));
    tap_int(x->n, FIX_MAX_EDITS);
    fix_edit_add(x, FIX_ADD, STR("a"), DNS_TXT, STR("b"));
    tap_int(x->n, 0);
    fix_edit_add(x, FIX_ADD, STR("a"), DNS_TXT, STR("b"));
    tap_int(x->n, 0);
    tap_case("a text that could not be made makes no fix");
    x = fix_new(&list, &findings, f);
    fix_edit_add(x, FIX_ADD, STR("a"), DNS_TXT, STR("b"));
    fix_edit_add(x, FIX_ADD, STR("a"), DNS_TXT, STR_NONE);
    tap_int(x->n, 0);
    tap_case("fixes have a limit");
    for (int i = 2; i < FIXES_MAX; i++)
        tap_ok(fix_new(&list, &findings, f) != NULL);
    tap_ok(fix_new(&list, &findings, f) == NULL);
    arena_clear(&a);
}

/* ---- edits over answers ---- */

static const char base_zone[] = "$SECURE\n"
                                "a.test. 60 MX 10 mx.a.test.\n"
                                "a.test. 60 MX 20 mx2.a.test.\n"
                                "a.test. TXT one\na.test. TXT two\n"
                                "mx.a.test. A 192.0.2.1\n"
                                "al.a.test. CNAME mx.a.test.\n"
                                "fail.a.test. SERVFAIL\n"
                                "$INSECURE\nb.test. A 192.0.2.2\n";

#define ADD(type, name, data)                                                                      \
    {                                                                                              \
        FIX_ADD, type, STR_INIT(name), STR_INIT(data)                                              \
    }
#define REMOVE(type, name, data)                                                                   \
    {                                                                                              \
        FIX_REMOVE, type, STR_INIT(name), STR_INIT(data)                                           \
    }
#define REMOVE_ALL(type, name)                                                                     \
    {                                                                                              \
        FIX_REMOVE_ALL, type, STR_INIT(name),                                                      \
        {                                                                                          \
            NULL, 0                                                                                \
        }                                                                                          \
    }

static const struct {
    const char *label;
    struct fix_edit edits[2];
    size_t n;
    const char *name;
    enum dns_type type;
    const char *want;
} overlays[] = {
    {"add to a set",
     {ADD(DNS_MX, "a.test", "30 c.test.")},
     1,
     "a.test",
     DNS_MX,
     "DATA secure 10 mx.a.test, 20 mx2.a.test, 30 c.test"},
    {"add what is there",
     {ADD(DNS_MX, "a.test", "10 MX.a.test.")},
     1,
     "a.test",
     DNS_MX,
     "DATA secure 10 mx.a.test, 20 mx2.a.test"},
    {"names of edits in any case",
     {ADD(DNS_TXT, "A.Test.", "three")},
     1,
     "a.test",
     DNS_TXT,
     "DATA secure one, two, three"},
    {"remove one",
     {REMOVE(DNS_MX, "a.test", "10 mx.a.test.")},
     1,
     "a.test",
     DNS_MX,
     "DATA secure 20 mx2.a.test"},
    {"remove what differs in preference only",
     {REMOVE(DNS_MX, "a.test", "11 mx.a.test.")},
     1,
     "a.test",
     DNS_MX,
     "DATA secure 10 mx.a.test, 20 mx2.a.test"},
    {"change one",
     {REMOVE(DNS_MX, "a.test", "10 mx.a.test."), ADD(DNS_MX, "a.test", "10 c.test.")},
     2,
     "a.test",
     DNS_MX,
     "DATA secure 20 mx2.a.test, 10 c.test"},
    {"remove all", {REMOVE_ALL(DNS_MX, "a.test")}, 1, "a.test", DNS_MX, "NODATA secure"},
    {"remove the last",
     {REMOVE(DNS_A, "mx.a.test", "192.0.2.1")},
     1,
     "mx.a.test",
     DNS_A,
     "NODATA secure"},
    {"remove all and add",
     {REMOVE_ALL(DNS_MX, "a.test"), ADD(DNS_MX, "a.test", "10 mx.a.test.")},
     2,
     "a.test",
     DNS_MX,
     "DATA secure 10 mx.a.test"},
    {"other types stay",
     {REMOVE_ALL(DNS_MX, "a.test")},
     1,
     "a.test",
     DNS_TXT,
     "DATA secure one, two"},
    {"other names stay",
     {ADD(DNS_TXT, "a.test", "x")},
     1,
     "b.test",
     DNS_A,
     "DATA insecure 192.0.2.2"},
    {"a new name", {ADD(DNS_TXT, "_x.a.test", "new")}, 1, "_x.a.test", DNS_TXT, "DATA secure new"},
    {"a new name has other types not",
     {ADD(DNS_TXT, "_x.a.test", "new")},
     1,
     "_x.a.test",
     DNS_A,
     "NODATA secure"},
    {"above a new name",
     {ADD(DNS_TXT, "y.x.a.test", "new")},
     1,
     "x.a.test",
     DNS_A,
     "NODATA secure"},
    {"beside a new name",
     {ADD(DNS_TXT, "y.x.a.test", "new")},
     1,
     "z.x.a.test",
     DNS_A,
     "NXDOMAIN secure"},
    {"in a zone that is not signed",
     {ADD(DNS_TXT, "x.b.test", "new")},
     1,
     "x.b.test",
     DNS_TXT,
     "DATA insecure new"},
    {"nothing stands beside an alias",
     {ADD(DNS_A, "al.a.test", "192.0.2.9")},
     1,
     "al.a.test",
     DNS_A,
     "DATA secure 192.0.2.1"},
    {"the alias is gone",
     {REMOVE_ALL(DNS_CNAME, "al.a.test"), ADD(DNS_A, "al.a.test", "192.0.2.9")},
     2,
     "al.a.test",
     DNS_A,
     "DATA secure 192.0.2.9"},
    {"the alias is gone, with all it led to",
     {REMOVE_ALL(DNS_CNAME, "al.a.test")},
     1,
     "al.a.test",
     DNS_A,
     "NODATA secure"},
    {"the alias itself is gone",
     {REMOVE_ALL(DNS_CNAME, "al.a.test")},
     1,
     "al.a.test",
     DNS_CNAME,
     "NODATA secure"},
    {"a wildcard", {ADD(DNS_TXT, "*.a.test", "wild")}, 1, "q.a.test", DNS_TXT, "DATA secure wild"},
    {"a wildcard is not for names that are",
     {ADD(DNS_TXT, "*.a.test", "wild")},
     1,
     "mx.a.test",
     DNS_TXT,
     "NODATA secure"},
    {"a failure stays",
     {ADD(DNS_TXT, "fail.a.test", "x")},
     1,
     "fail.a.test",
     DNS_TXT,
     "SERVFAIL secure"},
    {"no record", {ADD(DNS_MX, "a.test", "mx.a.test.")}, 1, "a.test", DNS_MX, NULL},
    {"no record to remove", {REMOVE(DNS_A, "a.test", "1.2.3")}, 1, "a.test", DNS_A, NULL},
    {"an alias is not followed",
     {ADD(DNS_CNAME, "x.a.test", "mx.a.test.")},
     1,
     "x.a.test",
     DNS_A,
     NULL},
};

static struct str answer_text(struct arena *a, const struct dns_answer *x)
{
    struct str text = arena_fmt(a, "%s %s", dns_status_name(x->status),
                                x->dnssec == DNSSEC_SECURE     ? "secure"
                                : x->dnssec == DNSSEC_INSECURE ? "insecure"
                                                               : "unknown");
    for (size_t i = 0; i < x->n; i++) {
        const struct dns_record *r = &x->records[i];
        struct str data = r->data;
        if (x->type == DNS_A)
            data = posture_ip(a, &r->ip);
        if (x->type == DNS_MX)
            data = arena_fmt(a, "%u %.*s", r->preference, STR_ARG(r->name));
        text = arena_fmt(a, "%.*s%s%.*s", STR_ARG(text), i == 0 ? " " : ", ", STR_ARG(data));
    }
    return text;
}

static void test_overlays(void)
{
    struct arena a = {0};
    struct dns_zone *zone = dns_zone_new();
    tap_case("overlay: the zone");
    tap_int(dns_zone_load(zone, STR(base_zone), "zone", NULL), MP_OK);
    for (size_t i = 0; i < ARRAY_LEN(overlays); i++) {
        struct fix x = {.n = overlays[i].n};
        const struct dns_answer *answer;
        memcpy(x.edits, overlays[i].edits, sizeof overlays[i].edits);
        arena_init(&a, 4 << 20);
        struct dns_view *below = dns_view_new(&a, dns_zone_lookup, zone);
        struct posture_overlay *o = posture_overlay_new(&a, below, &x);
        tap_case("overlay: %s", overlays[i].label);
        tap_int(o != NULL, overlays[i].want != NULL);
        if (o != NULL && overlays[i].want != NULL) {
            int st = dns_ask(posture_overlay_view(o), str_from(overlays[i].name), overlays[i].type,
                             &answer, NULL);
            if (tap_int(st, MP_OK))
                tap_str(answer_text(&a, answer), str_from(overlays[i].want));
        }
        posture_overlay_free(o);
        dns_view_release(below);
        arena_clear(&a);
    }
    dns_zone_free(zone);
}

static void test_served(void)
{
    struct arena a = {0};
    struct fix x = {.n = 1};
    const struct https_fact *file;
    const struct smtp_fact *host;
    struct fact_question q;
    size_t cursor = 0;
    arena_init(&a, 1 << 20);
    x.edits[0] = (struct fix_edit){FIX_FILE, DNS_TXT, STR("https://a.test/x"), STR("body")};
    struct fact_view *below = fact_view_new(&a);
    struct fact_view *v = posture_fact_overlay(&a, below, &x);
    tap_case("overlay: a file that is served, others are asked below");
    tap_int(fact_https(v, STR("https://a.test/x"), &file, NULL), MP_OK);
    tap_str(file->body, STR("body"));
    tap_int(fact_https(v, STR("https://a.test/y"), &file, NULL), MP_WAIT);
    tap_int(fact_smtp(v, STR("mx.test"), &host, NULL), MP_WAIT);
    tap_ok(fact_missing(below, &cursor, &q));
    tap_str(q.key, STR("https://a.test/y"));
    tap_ok(fact_missing(below, &cursor, &q));
    tap_str(q.key, STR("mx.test"));
    arena_clear(&a);
}

/* ---- remedies tried out ---- */

static const struct {
    const char *label;
    enum finding_id id; /* the fix is said to clear this */
    struct fix_edit edits[2];
    size_t n;
    bool want;
} trials[] = {
    {"what helps",
     FINDING_POSTURE_MX_NO_IPV6,
     {ADD(DNS_AAAA, "mx1.good.test", "2001:db8::1"),
      ADD(DNS_PTR, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
          "mx1.good.test.")},
     2,
     true},
    {"what changes nothing",
     FINDING_POSTURE_MX_NO_IPV6,
     {ADD(DNS_TXT, "good.test", "x")},
     1,
     false},
    {"what breaks something as severe",
     FINDING_POSTURE_MX_NO_IPV6,
     {ADD(DNS_AAAA, "mx1.good.test", "fd00::1"), ADD(DNS_AAAA, "mx2.good.test", "2001:db8::2")},
     2,
     false},
    {"what changes the evidence only",
     FINDING_POSTURE_MX_DUPLICATE,
     {REMOVE(DNS_MX, "good.test", "30 mx1.good.test."),
      ADD(DNS_MX, "good.test", "40 mx1.good.test.")},
     2,
     false},
    {"what hides it behind a failure",
     FINDING_POSTURE_MX_DUPLICATE,
     {REMOVE_ALL(DNS_MX, "good.test"), ADD(DNS_MX, "good.test", "10 fail.test.")},
     2,
     false},
    {"what asks for names that were not asked",
     FINDING_POSTURE_MX_DUPLICATE,
     {REMOVE_ALL(DNS_MX, "good.test"), ADD(DNS_MX, "good.test", "10 mx.other.test.")},
     2,
     true},
    {"no record", FINDING_POSTURE_MX_DUPLICATE, {ADD(DNS_MX, "good.test", "?")}, 1, false},
};

static void test_trials(void)
{
    static struct kit k;
    for (size_t i = 0; i < ARRAY_LEN(trials); i++) {
        tap_case("tried out: %s", trials[i].label);
        kit_open(&k, &trial_world, NULL);
        kit_run(&k);
        const struct finding *f = kit_find(&k, trials[i].id);
        tap_ok(f != NULL);
        k.ctx.fixes.n = 0;
        struct fix *x = posture_fix(&k.ctx, f);
        memcpy(x->edits, trials[i].edits, sizeof trials[i].edits);
        x->n = trials[i].n;
        kit_verify(&k);
        tap_int(k.ctx.fixes.items[0].verified, trials[i].want);
        tap_ok(k.ctx.fixes.items[0].tried);
        kit_close(&k);
    }
}

static void test_full_view(void)
{
    static struct kit k;
    tap_case("tried out: a full view ends it, unverified");
    kit_open(&k, &trial_world, NULL);
    kit_run(&k);
    k.ctx.fixes.n = 0;
    struct fix *x = posture_fix(&k.ctx, kit_find(&k, FINDING_POSTURE_MX_DUPLICATE));
    fix_edit_add(x, FIX_REMOVE_ALL, STR("good.test"), DNS_MX, STR_NONE);
    fix_edit_add(x, FIX_ADD, STR("good.test"), DNS_MX, STR("10 mx.other.test."));
    for (int i = 0; i < DNS_VIEW_LARGE_ANSWERS; i++)
        dns_prefetch(k.dns, arena_fmt(&k.arena, "n%d.test", i), DNS_A);
    (void)kit_fill(&k);
    kit_verify(&k);
    tap_ok(k.ctx.fixes.items[0].tried && !k.ctx.fixes.items[0].verified);
    kit_close(&k);
}

/* ---- the grade ---- */

static const struct {
    const char *label;
    unsigned low, medium, high, critical, undecided;
    const char *grade, *reason;
} grades[] = {
    {"nothing", 0, 0, 0, 0, 0, "A+", "nothing above info was found"},
    {"something undecided", 0, 0, 0, 0, 2, "A",
     "nothing above info was found (2 checks undecided)"},
    {"low", 5, 0, 0, 0, 0, "A", "5 low; worst: "},
    {"low and undecided", 1, 0, 0, 0, 1, "A", "(1 checks undecided)"},
    {"one medium", 2, 1, 0, 0, 0, "B", "1 medium, 2 low; worst: "},
    {"two medium", 0, 2, 0, 0, 0, "B", "2 medium; "},
    {"three medium", 0, 3, 0, 0, 0, "C", "3 medium; "},
    {"one high", 0, 0, 1, 0, 0, "D", "1 high; "},
    {"one high, many medium", 0, 8, 1, 0, 0, "D", "1 high, 8 medium; "},
    {"two high", 0, 0, 2, 0, 0, "D", "2 high; "},
    {"three high", 0, 0, 3, 0, 0, "F", "3 high; "},
    {"critical", 0, 0, 0, 1, 0, "F", "1 critical; worst: The domain has neither"},
};

static void add_findings(struct posture_ctx *c, enum severity severity, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct finding *f = check_add_as(&c->checks, severity, FINDING_POSTURE_MX_NONE, "%u", i);
        tap_ok(f != NULL);
        c->findings.per_kind[FINDING_POSTURE_MX_NONE] = 0;
    }
}

static void test_grades(void)
{
    static struct posture_ctx c;
    static struct posture out;
    for (size_t i = 0; i < ARRAY_LEN(grades); i++) {
        struct arena a = {0};
        arena_init(&a, 1 << 20);
        c = (struct posture_ctx){.arena = &a, .out = &out};
        finding_list_init(&c.findings, &a);
        check_list_init(&c.checks, &a, &c.findings);
        tap_case("grade: %s", grades[i].label);
        for (unsigned k = 0; k < grades[i].undecided; k++) {
            check_begin(&c.checks, STR("x"), "x");
            check_undecided(&c.checks);
            check_end(&c.checks, -1, "x");
        }
        check_begin(&c.checks, STR("x"), "y");
        add_findings(&c, SEV_INFO, 3);
        add_findings(&c, SEV_LOW, grades[i].low);
        add_findings(&c, SEV_MEDIUM, grades[i].medium);
        add_findings(&c, SEV_HIGH, grades[i].high);
        add_findings(&c, SEV_CRITICAL, grades[i].critical);
        check_end(&c.checks, -1, "y");
        posture_grade(&c);
        tap_cstr(out.grade, grades[i].grade);
        if (!tap_ok(kit_has(out.grade_reason, grades[i].reason)))
            tap_note("%.*s", STR_ARG(out.grade_reason));
        arena_clear(&a);
    }
}

int main(void)
{
    test_profile_names();
    test_config();
    test_domains();
    test_profiles();
    test_failures();
    test_rounds();
    test_limits();
    test_large();
    test_memory();
    test_facts();
    test_texts();
    test_fix_list();
    test_overlays();
    test_served();
    test_trials();
    test_full_view();
    test_grades();
    return tap_done();
}
