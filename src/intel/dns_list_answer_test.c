/* What answers of DNS lists mean, by the tables of the kit: every code, every fault, any order. */
#include "dns/zone.h"
#include "tests/tap.h"

#include "intel/dns_list_test_kit.h"

enum { A_MAX = 5 };

static const struct row {
    const char *label;
    int list;
    enum dns_list_asks as;
    const char *answers[A_MAX]; /* none: no such name */
    enum dns_list_fault fault;
    const char *text; /* of what is listed; else of the fault; NULL: nothing is said */
    enum severity severity;
    enum dns_code_kind kind;
} rows[] = {
    {"not listed", KIT_IP, DNS_LIST_IP, {0}, DNS_LIST_FINE, NULL, 0, 0},
    {"one code", KIT_IP, DNS_LIST_IP, {"127.0.0.2"}, 0, "127.0.0.2 spam source", SEV_MEDIUM, 0},
    {"the end of a range",
     KIT_IP,
     DNS_LIST_IP,
     {"127.0.0.7"},
     0,
     "127.0.0.7 exploited host",
     SEV_HIGH,
     0},
    {"several codes, the gravest counts",
     KIT_IP,
     DNS_LIST_IP,
     {"127.0.0.10", "127.0.0.5", "127.0.0.2", "127.0.0.4"},
     0,
     "127.0.0.2 spam source, 127.0.0.4 exploited host",
     SEV_HIGH,
     0},
    {"a neutral code is no listing", KIT_IP, DNS_LIST_IP, {"127.0.0.11"}, 0, NULL, 0, 0},
    {"beside the range",
     KIT_IP,
     DNS_LIST_IP,
     {"127.0.0.8"},
     DNS_LIST_UNDECLARED,
     "127.0.0.8, which is none of its codes",
     0,
     0},
    {"the range goes by octets",
     KIT_IP,
     DNS_LIST_IP,
     {"127.0.1.5"},
     DNS_LIST_UNDECLARED,
     "none of its codes",
     0,
     0},
    {"a new code beside a known one",
     KIT_IP,
     DNS_LIST_IP,
     {"127.0.0.2", "127.0.0.30"},
     DNS_LIST_UNDECLARED,
     "127.0.0.30",
     0,
     0},
    {"127.0.0.1",
     KIT_IP,
     DNS_LIST_IP,
     {"127.0.0.1"},
     DNS_LIST_OUTSIDE,
     "no answer of a list",
     0,
     0},
    {"a resolver that makes answers up",
     KIT_IP,
     DNS_LIST_IP,
     {"198.51.100.7"},
     DNS_LIST_OUTSIDE,
     "198.51.100.7",
     0,
     0},
    {"made up, beside a known one",
     KIT_IP,
     DNS_LIST_IP,
     {"127.0.0.2", "128.0.0.2"},
     DNS_LIST_OUTSIDE,
     "128.0.0.2",
     0,
     0},
    {"the lowest octets of a code are no code",
     KIT_IP,
     DNS_LIST_IP,
     {"10.0.0.2"},
     DNS_LIST_OUTSIDE,
     "10.0.0.2",
     0,
     0},
    {"an open resolver",
     KIT_IP,
     DNS_LIST_IP,
     {"127.255.255.254"},
     DNS_LIST_REFUSED,
     "127.255.255.254, asked through an open resolver",
     0,
     0},
    {"too often, beside a known one",
     KIT_IP,
     DNS_LIST_IP,
     {"127.0.0.2", "127.255.255.255"},
     DNS_LIST_REFUSED,
     "asked too often",
     0,
     0},
    {"refused in an unknown way",
     KIT_IP,
     DNS_LIST_IP,
     {"127.255.255.2"},
     DNS_LIST_REFUSED,
     "127.255.255.2, it refuses",
     0,
     0},
    {"a list of domains under the name of one of addresses",
     KIT_PLAIN,
     DNS_LIST_IP,
     {"127.0.1.255"},
     DNS_LIST_REFUSED,
     "a list of domains was asked for an address",
     0,
     0},
    {"the same number may be a code of domains",
     KIT_PLAIN,
     DNS_LIST_DOMAIN,
     {"127.0.1.255"},
     0,
     "127.0.1.255 listed",
     SEV_MEDIUM,
     0},
    {"an error of the list's own",
     KIT_DOMAIN,
     DNS_LIST_DOMAIN,
     {"127.0.1.255"},
     DNS_LIST_REFUSED,
     "127.0.1.255, an address was asked",
     0,
     0},
    {"an error within the range of a code",
     KIT_ALLOW,
     DNS_LIST_IP,
     {"127.0.10.3"},
     DNS_LIST_REFUSED,
     "127.0.10.3, blocked",
     0,
     0},
    {"trust, in any category",
     KIT_ALLOW,
     DNS_LIST_IP,
     {"127.0.5.2"},
     0,
     "127.0.5.2 medium trust",
     0,
     CODE_ALLOWED},
    {"no trust of that name",
     KIT_ALLOW,
     DNS_LIST_IP,
     {"127.0.5.4"},
     DNS_LIST_UNDECLARED,
     "127.0.5.4",
     0,
     0},
    {"trust goes by all octets",
     KIT_ALLOW,
     DNS_LIST_IP,
     {"127.1.5.2"},
     DNS_LIST_UNDECLARED,
     "127.1.5.2",
     0,
     0},
    {"what is allowed is not listed",
     KIT_ALLOW,
     DNS_LIST_IP,
     {"127.0.5.2"},
     0,
     NULL,
     0,
     CODE_LISTED},
    {"one bit", KIT_BIT, DNS_LIST_DOMAIN, {"127.0.0.8"}, 0, "127.0.0.8 phishing", SEV_HIGH, 0},
    {"many bits",
     KIT_BIT,
     DNS_LIST_DOMAIN,
     {"127.0.0.88"},
     0,
     "127.0.0.88 phishing, malware, abuse",
     SEV_CRITICAL,
     0},
    {"either bit of a mask",
     KIT_BIT,
     DNS_LIST_DOMAIN,
     {"127.0.0.128"},
     0,
     "127.0.0.128 abuse",
     SEV_MEDIUM,
     0},
    {"octets between do not matter for bits",
     KIT_BIT,
     DNS_LIST_DOMAIN,
     {"127.3.2.64"},
     0,
     "127.3.2.64 abuse",
     SEV_MEDIUM,
     0},
    {"a new bit beside a known one",
     KIT_BIT,
     DNS_LIST_DOMAIN,
     {"127.0.0.12"},
     0,
     "127.0.0.12 phishing",
     SEV_HIGH,
     0},
    {"a new bit alone",
     KIT_BIT,
     DNS_LIST_DOMAIN,
     {"127.0.0.4"},
     DNS_LIST_UNDECLARED,
     "127.0.0.4",
     0,
     0},
    {"no bit at all",
     KIT_BIT,
     DNS_LIST_DOMAIN,
     {"127.0.0.0"},
     DNS_LIST_UNDECLARED,
     "127.0.0.0",
     0,
     0},
    {"the refused bit",
     KIT_BIT,
     DNS_LIST_DOMAIN,
     {"127.0.0.1"},
     DNS_LIST_REFUSED,
     "127.0.0.1, it refuses to answer",
     0,
     0},
    {"the refused bit beside others",
     KIT_BIT,
     DNS_LIST_DOMAIN,
     {"127.0.0.9"},
     DNS_LIST_REFUSED,
     "127.0.0.9",
     0,
     0},
    {"bits of a refusal",
     KIT_BIT,
     DNS_LIST_DOMAIN,
     {"127.255.255.8"},
     DNS_LIST_REFUSED,
     "127.255.255.8",
     0,
     0},
    {"bits outside of 127/8",
     KIT_BIT,
     DNS_LIST_DOMAIN,
     {"192.0.2.8"},
     DNS_LIST_OUTSIDE,
     "192.0.2.8",
     0,
     0},
    {"a list without a table",
     KIT_PLAIN,
     DNS_LIST_DOMAIN,
     {"127.0.0.99"},
     0,
     "127.0.0.99 listed",
     SEV_MEDIUM,
     0},
    {"the same, 127.0.0.1",
     KIT_PLAIN,
     DNS_LIST_DOMAIN,
     {"127.0.0.1"},
     DNS_LIST_OUTSIDE,
     "127.0.0.1",
     0,
     0},
    {"the same, made up",
     KIT_PLAIN,
     DNS_LIST_DOMAIN,
     {"93.184.216.34"},
     DNS_LIST_OUTSIDE,
     "93.184.216.34",
     0,
     0},
};

/* Tables that an operator may write. */
static const struct dns_list odd[] = {
    {.codes = {KIT_BITS(1, CODE_LISTED, SEV_LOW, "first bit")}, .n_codes = 1},
    {.codes = {KIT_CODE(0x7f000001, 0x7f000001, CODE_LISTED, SEV_LOW, "one")}, .n_codes = 1},
    {.codes = {KIT_CODE(0, 0xffffffff, CODE_LISTED, SEV_LOW, "all")}, .n_codes = 1},
    {.codes = {KIT_CODE(0x7f000002, 0x7f0000ff, CODE_LISTED, SEV_LOW, "any"),
               KIT_CODE(0x7f000002, 0x7f000002, CODE_LISTED, SEV_HIGH, "never reached"),
               KIT_BITS(1, CODE_ERROR, SEV_INFO, "closed"),
               KIT_BITS(64, CODE_LISTED, SEV_LOW, "for what is in no range")},
     .n_codes = 4},
};

static const struct {
    const char *label;
    size_t list;
    const char *answer;
    enum dns_list_fault fault;
    uint64_t codes;
} odd_rows[] = {
    {"the lowest bit can be a code", 0, "127.0.0.3", DNS_LIST_FINE, 1},
    {"but 127.0.0.1 is never one", 0, "127.0.0.1", DNS_LIST_OUTSIDE, 0},
    {"not even when it is declared", 1, "127.0.0.1", DNS_LIST_OUTSIDE, 0},
    {"a table of everything ends at 127/8", 2, "126.0.0.2", DNS_LIST_OUTSIDE, 0},
    {"a table of everything has no refusals", 2, "127.255.255.7", DNS_LIST_REFUSED, 0},
    {"the first range holds", 3, "127.0.0.2", DNS_LIST_FINE, 1},
    {"a range holds before bits", 3, "127.0.0.66", DNS_LIST_FINE, 1},
    {"bits hold without", 3, "127.0.1.66", DNS_LIST_FINE, 8},
    {"an error holds before it", 3, "127.0.0.3", DNS_LIST_REFUSED, 0},
};

static struct dns_answer *answer_of(const char *const *texts, size_t n, bool backwards)
{
    struct dns_record records[A_MAX] = {0};
    for (size_t i = 0; i < n; i++)
        tap_ok(ip_parse(str_from(texts[backwards ? n - 1 - i : i]), &records[i].ip));
    return dns_answer_new(n == 0 ? DNS_NXDOMAIN : DNS_DATA, STR("x.test"), DNS_A, DNSSEC_UNKNOWN,
                          60, STR(""), STR(""), records, n);
}

static void check_row(const struct row *row, bool backwards)
{
    struct arena arena;
    struct dns_list_answer said;
    enum severity gravest;
    size_t n = 0;
    arena_init(&arena, 1 << 20);
    while (n < A_MAX && row->answers[n] != NULL)
        n++;
    const struct dns_list *list = &kit_lists[row->list];
    struct dns_answer *a = answer_of(row->answers, n, backwards);
    dns_list_read(list, row->as, a, &said);
    tap_int(said.fault, row->fault);
    tap_int(said.listed, n > 0 && row->fault == DNS_LIST_FINE);
    struct str text = dns_list_codes_text(&arena, list, a, said.codes, row->kind, &gravest);
    if (row->fault != DNS_LIST_FINE) {
        tap_int(text.n, 0);
        text = dns_list_fault_text(&arena, list, said.fault, &said.at);
        if (!tap_ok(str_search(text, str_from(row->text)) < text.n))
            tap_note("%.*s", STR_ARG(text));
    } else {
        tap_str(text, str_from(row->text));
        tap_int(gravest, row->severity);
    }
    dns_answer_unref(a);
    arena_clear(&arena);
}

static void check_odd(void)
{
    for (size_t i = 0; i < ARRAY_LEN(odd_rows); i++) {
        struct dns_list_answer said;
        tap_case("odd tables: %s", odd_rows[i].label);
        struct dns_answer *a = answer_of(&odd_rows[i].answer, 1, false);
        dns_list_read(&odd[odd_rows[i].list], DNS_LIST_DOMAIN, a, &said);
        tap_int(said.fault, odd_rows[i].fault);
        tap_int(said.codes, odd_rows[i].codes);
        dns_answer_unref(a);
    }
}

static void check_failures(void)
{
    static const enum dns_status failures[] = {DNS_SERVFAIL, DNS_TIMEOUT, DNS_BOGUS};
    static const enum dns_status denials[] = {DNS_NXDOMAIN, DNS_NODATA};
    struct dns_list_answer said;
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        tap_case("%s is not \"not listed\"", dns_status_name(failures[i]));
        struct dns_answer *a = dns_answer_new(failures[i], STR("x"), DNS_A, DNSSEC_UNKNOWN, 1,
                                              STR(""), STR(""), NULL, 0);
        dns_list_read(&kit_lists[KIT_IP], DNS_LIST_IP, a, &said);
        tap_int(said.fault, DNS_LIST_FAILED);
        dns_answer_unref(a);
    }
    for (size_t i = 0; i < ARRAY_LEN(denials); i++) {
        tap_case("%s is \"not listed\"", dns_status_name(denials[i]));
        struct dns_answer *a = dns_answer_new(denials[i], STR("x"), DNS_A, DNSSEC_UNKNOWN, 1,
                                              STR(""), STR(""), NULL, 0);
        dns_list_read(&kit_lists[KIT_IP], DNS_LIST_IP, a, &said);
        tap_int(said.fault, DNS_LIST_FINE);
        tap_ok(!said.listed);
        dns_answer_unref(a);
    }
}

/* The built-in table: what the lists are documented to answer, for their test entries and when they
 * refuse. */
static const struct {
    const char *list, *answers[A_MAX];
    enum dns_list_fault fault;
    enum dns_code_kind kind;
} built_in[] = {
    {"spamhaus-zen", {"127.0.0.2", "127.0.0.4", "127.0.0.10"}, DNS_LIST_FINE, CODE_LISTED},
    {"spamhaus-zen", {"127.0.0.3", "127.0.0.9"}, DNS_LIST_FINE, CODE_LISTED},
    {"spamhaus-zen", {"127.0.0.30"}, DNS_LIST_FINE, CODE_LISTED},
    {"spamhaus-zen", {"127.0.0.12"}, DNS_LIST_UNDECLARED, 0},
    {"spamhaus-zen", {"127.0.1.255"}, DNS_LIST_REFUSED, 0},
    {"spamhaus-dbl", {"127.0.1.2"}, DNS_LIST_FINE, CODE_LISTED},
    {"spamhaus-dbl", {"127.0.1.106"}, DNS_LIST_FINE, CODE_LISTED},
    {"spamhaus-dbl", {"127.0.1.255"}, DNS_LIST_REFUSED, 0},
    {"spamhaus-dbl", {"127.255.255.252"}, DNS_LIST_REFUSED, 0},
    {"spamhaus-zrd", {"127.0.2.24"}, DNS_LIST_FINE, CODE_LISTED},
    {"spamhaus-zrd", {"127.0.2.25"}, DNS_LIST_UNDECLARED, 0},
    {"spamhaus-zrd", {"127.0.2.255"}, DNS_LIST_REFUSED, 0},
    {"surbl", {"127.0.0.254"}, DNS_LIST_FINE, CODE_LISTED},
    {"surbl", {"127.0.0.126"}, DNS_LIST_FINE, CODE_LISTED},
    {"surbl", {"127.0.0.80"}, DNS_LIST_FINE, CODE_LISTED},
    {"surbl", {"127.0.0.1"}, DNS_LIST_REFUSED, 0},
    {"uribl", {"127.0.0.14"}, DNS_LIST_FINE, CODE_LISTED},
    {"uribl", {"127.0.0.4"}, DNS_LIST_FINE, CODE_NEUTRAL},
    {"uribl", {"127.0.0.1"}, DNS_LIST_REFUSED, 0},
    {"uribl", {"127.0.0.3"}, DNS_LIST_REFUSED, 0},
    {"dnswl", {"127.0.5.3"}, DNS_LIST_FINE, CODE_ALLOWED},
    {"dnswl", {"127.0.20.0"}, DNS_LIST_FINE, CODE_NEUTRAL},
    {"dnswl", {"127.0.10.3"}, DNS_LIST_REFUSED, 0},
    {"dnswl", {"127.0.0.255"}, DNS_LIST_REFUSED, 0},
    {"cymru-mhr", {"127.0.0.2"}, DNS_LIST_FINE, CODE_LISTED},
    {"cymru-mhr", {"127.0.0.3"}, DNS_LIST_UNDECLARED, 0},
};

static const struct dns_list *list_named(const struct intel_config *c, const char *name)
{
    for (size_t i = 0; i < c->n_dns_lists; i++)
        if (str_eq(c->dns_lists[i].name, str_from(name)))
            return &c->dns_lists[i];
    return NULL;
}

static void check_built_in(void)
{
    struct arena arena;
    struct intel_config config;
    struct mp_err err = {0};
    arena_init(&arena, 16 << 20);
    tap_case("the built-in table");
    if (tap_int(intel_config_default(&arena, &config, &err), MP_OK))
        for (size_t i = 0; i < ARRAY_LEN(built_in); i++) {
            struct dns_list_answer said;
            enum severity gravest;
            size_t n = 0;
            tap_case("built in: %s: %s", built_in[i].list, built_in[i].answers[0]);
            const struct dns_list *l = list_named(&config, built_in[i].list);
            while (built_in[i].answers[n] != NULL)
                n++;
            struct dns_answer *a = answer_of(built_in[i].answers, n, false);
            if (tap_ok(l != NULL)) {
                enum dns_list_asks as = l->asks & DNS_LIST_DOMAIN ? DNS_LIST_DOMAIN : DNS_LIST_IP;
                dns_list_read(l, as, a, &said);
                tap_int(said.fault, built_in[i].fault);
                struct str text =
                    dns_list_codes_text(&arena, l, a, said.codes, built_in[i].kind, &gravest);
                tap_int(text.n > 0, said.fault == DNS_LIST_FINE);
            }
            dns_answer_unref(a);
        }
    arena_clear(&arena);
}

/* Of all last octets, in all places where it matters: nothing outside of 127/8 and nothing of
 * 127.255.255.0/24 is ever a listing, whatever the table. */
static void check_never(void)
{
    static const unsigned char heads[][3] = {{127, 255, 255}, {126, 0, 0}, {128, 0, 0},
                                             {0, 0, 0},       {10, 0, 0},  {255, 255, 255}};
    tap_case("what can never be a listing");
    for (size_t list = 0; list < KIT_LISTS + ARRAY_LEN(odd); list++)
        for (size_t i = 0; i < ARRAY_LEN(heads); i++)
            for (unsigned last = 0; last < 256; last++) {
                struct dns_list_answer said;
                const unsigned char *h = heads[i];
                struct dns_record r = {
                    .ip = {.family = IP_V4, .octets = {h[0], h[1], h[2], (unsigned char)last}}};
                struct dns_answer *a = dns_answer_new(DNS_DATA, STR("x"), DNS_A, DNSSEC_UNKNOWN, 1,
                                                      STR(""), STR(""), &r, 1);
                dns_list_read(list < KIT_LISTS ? &kit_lists[list] : &odd[list - KIT_LISTS],
                              DNS_LIST_DOMAIN, a, &said);
                if (said.listed || said.codes != 0 || said.fault < DNS_LIST_REFUSED)
                    tap_ok(false);
                dns_answer_unref(a);
            }
    tap_ok(true);
}

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("answers: %s", rows[i].label);
        check_row(&rows[i], false);
        check_row(&rows[i], true);
    }
    check_odd();
    check_failures();
    check_never();
    check_built_in();
    return tap_done();
}
