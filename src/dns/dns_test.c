/* Answers, names and derived values. */
#include "dns/dns.h"

#include <pthread.h>
#include <stdlib.h>

#include "tests/tap.h"

static struct arena arena;

static void test_words(void)
{
    static const struct {
        const char *word;
        enum dns_type type;
    } rows[] = {{"A", DNS_A},         {"aaaa", DNS_AAAA}, {"Txt", DNS_TXT}, {"MX", DNS_MX},
                {"CNAME", DNS_CNAME}, {"PTR", DNS_PTR},   {"NS", DNS_NS},   {"SOA", DNS_SOA},
                {"SRV", DNS_SRV},     {"TLSA", DNS_TLSA}, {"CAA", DNS_CAA}, {"SPF", DNS_SPF}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum dns_type got = 0;
        tap_case("dns: type %s", rows[i].word);
        tap_ok(dns_type_by_name(str_from(rows[i].word), &got));
        tap_int(got, rows[i].type);
        tap_ok(str_ieq(str_from(dns_type_name(got)), str_from(rows[i].word)));
    }
    enum dns_type none;
    tap_case("dns: words that are no type or status");
    tap_ok(!dns_type_by_name(STR("TX"), &none));
    tap_ok(!dns_type_by_name(STR(""), &none));
    tap_cstr(dns_type_name((enum dns_type)12345), "?");
    tap_cstr(dns_status_name((enum dns_status)99), "?");
    tap_cstr(dns_status_name(DNS_BOGUS), "BOGUS");
}

static void test_names(void)
{
    static const struct {
        const char *label;
        struct str in;
        const char *want, *text; /* NULL: cannot be asked */
    } rows[] = {
        {"lower case", STR_INIT("MiXeD.Example"), "mixed.example", "mixed.example."},
        {"one final dot goes", STR_INIT("a.example."), "a.example", "a.example."},
        {"underscores stay", STR_INIT("_dmarc.a.example"), "_dmarc.a.example", "_dmarc.a.example."},
        {"space and backslash", STR_INIT("a b\\.example"), "a b\\.example",
         "a\\032b\\092.example."},
        {"at and dollar", STR_INIT("@$.example"), "@$.example", "\\064\\036.example."},
        {"high octets keep their case", STR_INIT("\xc3\x84.example"), "\xc3\x84.example",
         "\\195\\132.example."},
        {"an empty label", STR_INIT("a..b"), NULL, NULL},
        {"nothing", STR_INIT(""), NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str got = STR_NONE;
        char text[DNS_NAME_TEXT_MAX];
        tap_case("name: %s", rows[i].label);
        tap_int(dns_name_normal(&arena, rows[i].in, &got), rows[i].want != NULL);
        tap_str(got, str_from(rows[i].want));
        if (rows[i].want == NULL)
            continue;
        size_t n = dns_name_text(got, text, sizeof text);
        tap_str(str_make(text, n), str_from(rows[i].text));
        tap_int(text[n], 0);
        tap_int(dns_name_text(got, text, 3), 0);
    }
}

static void test_reverse(void)
{
    static const struct {
        const char *ip, *want;
    } rows[] = {{"192.0.2.130", "130.2.0.192.in-addr.arpa"},
                {"::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa"},
                {"2001:db8::567:89ab",
                 "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ip ip = {0};
        tap_case("reverse name of %s", rows[i].ip);
        tap_ok(ip_parse(str_from(rows[i].ip), &ip));
        tap_str(dns_reverse_name(&arena, &ip), str_from(rows[i].want));
    }
    tap_case("reverse name of nothing");
    tap_ok(dns_reverse_name(&arena, &(struct ip){0}).p == NULL);
}

static void test_answers(void)
{
    struct dns_record two[2] = {{.data = STR("one"), .ttl_s = 0xffffffff},
                                {.name = STR("mx.example"), .preference = 7, .ttl_s = 5}};
    tap_case("answer: everything is copied, TTLs are clamped");
    struct dns_answer *a = dns_answer_new(DNS_DATA, STR("a.example"), DNS_MX, DNSSEC_SECURE,
                                          0xffffffff, STR("b.example"), STR("why"), two, 2);
    memset(two, 0, sizeof two);
    tap_str(a->records[0].data, STR("one"));
    tap_str(a->records[1].name, STR("mx.example"));
    tap_int(a->records[1].preference, 7);
    tap_int(a->records[0].ttl_s, DNS_TTL_MAX_S);
    tap_int(a->ttl_s, DNS_TTL_MAX_S);
    tap_str(a->canonical, STR("b.example"));
    tap_str(a->why, STR("why"));
    tap_ok(a->size_bytes >= sizeof *a + 2 * sizeof(struct dns_record));
    tap_ok(dns_answer_ref(a) == a);
    dns_answer_unref(a);
    dns_answer_unref(a);
    dns_answer_unref(NULL);

    tap_case("answer: data without records are NODATA, failures have none");
    a = dns_answer_new(DNS_DATA, STR("a"), DNS_TXT, 0, 1, STR_NONE, STR_NONE, NULL, 0);
    tap_int(a->status, DNS_NODATA);
    tap_str(a->canonical, STR("a"));
    dns_answer_unref(a);
    a = dns_answer_new(DNS_SERVFAIL, STR("a"), DNS_TXT, 0, 1, STR_NONE, STR_NONE, two, 2);
    tap_int(a->n, 0);
    dns_answer_unref(a);

    tap_case("answer: more than is kept");
    struct dns_record *many = calloc(DNS_MAX_RECORDS + 1, sizeof *many);
    a = dns_answer_new(DNS_DATA, STR("a"), DNS_A, 0, 1, STR_NONE, STR_NONE, many,
                       DNS_MAX_RECORDS + 1);
    tap_int(a->n, DNS_MAX_RECORDS);
    dns_answer_unref(a);
    char *text = calloc(1, DNS_ANSWER_MAX_BYTES);
    many[0].data = many[1].data = str_make(text, DNS_ANSWER_MAX_BYTES - 100);
    a = dns_answer_new(DNS_DATA, STR("a"), DNS_TXT, 0, 1, STR_NONE, STR_NONE, many, 2);
    tap_int(a->status, DNS_SERVFAIL);
    tap_ok(a->why.n != 0);
    dns_answer_unref(a);
    free(text);
    free(many);
}

/* ---- derived values ---- */

static const char kinds[3];
static atomic_uint alive;

static void free_derived(struct dns_derived *d)
{
    atomic_fetch_sub(&alive, 1);
    free(d);
}

static struct dns_derived *derive(const void *kind)
{
    struct dns_derived *d = calloc(1, sizeof *d);
    *d = (struct dns_derived){.kind = kind, .free = free_derived};
    atomic_fetch_add(&alive, 1);
    return d;
}

static void *run_deriver(void *arg)
{
    const struct dns_answer *a = arg;
    uintptr_t same = 1;
    for (int i = 0; i < 1000; i++) {
        struct dns_derived *d = dns_derived_put(a, derive(&kinds[i % 3]));
        same &= d == dns_derived_get(a, &kinds[i % 3]);
    }
    return (void *)same;
}

static void test_derived(void)
{
    pthread_t threads[4];
    struct dns_answer *a =
        dns_answer_new(DNS_NODATA, STR("a"), DNS_TXT, 0, 1, STR_NONE, STR_NONE, NULL, 0);
    tap_case("derived: the first of a kind stays");
    struct dns_derived *first = derive(&kinds[0]);
    tap_ok(dns_derived_get(a, &kinds[0]) == NULL);
    tap_ok(dns_derived_put(a, first) == first);
    tap_ok(dns_derived_put(a, derive(&kinds[0])) == first);
    tap_ok(dns_derived_get(a, &kinds[0]) == first);
    tap_ok(dns_derived_get(a, &kinds[1]) == NULL);
    tap_int(atomic_load(&alive), 1);
    tap_case("derived: threads agree, and the last reference frees all");
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_create(&threads[i], NULL, run_deriver, a);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *same = NULL;
        pthread_join(threads[i], &same);
        tap_ok(same != NULL);
    }
    tap_int(atomic_load(&alive), 3);
    dns_answer_unref(a);
    tap_int(atomic_load(&alive), 0);
}

int main(void)
{
    arena_init(&arena, 1 << 20);
    test_words();
    test_names();
    test_reverse();
    test_answers();
    test_derived();
    arena_clear(&arena);
    return tap_done();
}
