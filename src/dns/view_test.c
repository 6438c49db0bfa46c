/* The view: what is asked is pinned once, in order, and nothing is asked twice. */
#include <stdio.h>
#include <stdlib.h>

#include "dns/zone.h"
#include "tests/tap.h"

static struct arena arena;

static struct dns_answer *canned(const char *name, enum dns_status status)
{
    return dns_answer_new(status, str_from(name), DNS_TXT, DNSSEC_UNKNOWN, 60, STR_NONE, STR_NONE,
                          NULL, 0);
}

static void test_waiting(void)
{
    struct dns_view *v = dns_view_new(&arena, NULL, NULL);
    const struct dns_answer *a = NULL;
    struct dns_question q;
    size_t cursor = 0;
    tap_case("view: a question waits until its answer is put");
    tap_int(dns_ask(v, STR("A.Example."), DNS_TXT, &a, NULL), MP_WAIT);
    tap_int(dns_ask(v, STR("a.example"), DNS_TXT, &a, NULL), MP_WAIT);
    tap_int(dns_ask(v, STR("a.example"), DNS_A, &a, NULL), MP_WAIT);
    tap_ok(a == NULL);
    tap_int(dns_view_count(v), 2);
    tap_ok(dns_view_missing(v, &cursor, &q));
    tap_str(q.name, STR("a.example"));
    tap_int(q.type, DNS_TXT);
    tap_ok(dns_view_missing(v, &cursor, &q));
    tap_int(q.type, DNS_A);
    tap_ok(!dns_view_missing(v, &cursor, &q));

    tap_case("view: what was pinned first stays");
    tap_int(dns_view_put(v, STR("a.example"), DNS_TXT, canned("a.example", DNS_NODATA)), MP_OK);
    tap_int(dns_view_put(v, STR("a.example"), DNS_TXT, canned("a.example", DNS_SERVFAIL)), MP_OK);
    tap_int(dns_ask(v, STR("a.EXAMPLE"), DNS_TXT, &a, NULL), MP_OK);
    tap_int(a->status, DNS_NODATA);
    tap_ok(dns_view_at(v, 0) == a);
    tap_ok(dns_view_at(v, 1) == NULL);
    tap_ok(dns_view_at(v, 2) == NULL);

    tap_case("view: an answer may be put before it is asked");
    tap_int(dns_view_put(v, STR("b.example"), DNS_TXT, canned("b.example", DNS_NXDOMAIN)), MP_OK);
    tap_int(dns_ask(v, STR("b.example"), DNS_TXT, &a, NULL), MP_OK);
    tap_int(a->status, DNS_NXDOMAIN);

    tap_case("view: no answer for want of memory is said");
    tap_int(dns_view_put(v, STR("c.example"), DNS_TXT, NULL), MP_E_NOMEM);
    dns_view_release(v);
    tap_int(dns_view_count(v), 0);
    dns_view_release(v); /* twice is harmless */
    dns_view_release(NULL);
}

static void test_unaskable(void)
{
    static const char label64[] =
        "0123456789012345678901234567890123456789012345678901234567890123.example";
    char name254[255], name253[254], long_name[1000];
    memset(name254, 'a', sizeof name254);
    for (size_t i = 49; i < sizeof name254; i += 50)
        name254[i] = '.';
    name254[253] = 'x';
    memcpy(name253, name254, sizeof name253);
    memset(long_name, 'b', sizeof long_name);
    const struct {
        const char *label;
        struct str name;
        bool askable;
    } rows[] = {
        {"the empty name", STR_NONE, false},
        {"the root", STR("."), false},
        {"an empty label", STR("a..example"), false},
        {"a leading dot", STR(".example"), false},
        {"two final dots", STR("example.."), false},
        {"a label of 64", STR(label64), false},
        {"a label of 63", str_slice(STR(label64), 1, 100), true},
        {"a name of 254", str_make(name254, 254), false},
        {"a name of 253", str_make(name253, 253), true},
        {"a name of 1000", str_make(long_name, sizeof long_name), false},
        {"spaces, NUL and high octets", STR("a \0\xff(.example"), true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct dns_view *v = dns_view_new(&arena, NULL, NULL);
        const struct dns_answer *a = NULL;
        size_t cursor = 0;
        struct dns_question q;
        tap_case("view: %s", rows[i].label);
        tap_int(dns_ask(v, rows[i].name, DNS_TXT, &a, NULL), rows[i].askable ? MP_WAIT : MP_OK);
        tap_int(dns_view_missing(v, &cursor, &q), rows[i].askable);
        if (!rows[i].askable) {
            tap_int(a->status, DNS_NXDOMAIN);
            tap_ok(a->why.n != 0);
            tap_ok(a->name.n <= DNS_NAME_MAX);
        }
        dns_view_release(v);
    }
}

static void test_capacity(struct dns_view *make(struct arena *, dns_ready_fn *, void *), int most)
{
    struct arena big;
    struct mp_err err = {0};
    const struct dns_answer *a;
    char name[32];
    arena_init(&big, 4 << 20);
    struct dns_view *v = make(&big, NULL, NULL);
    tap_case("view: %d questions and no more", most);
    int st = MP_WAIT;
    for (int i = 0; i < most && st == MP_WAIT; i++) {
        snprintf(name, sizeof name, "n%d.example", i);
        st = dns_ask(v, str_from(name), DNS_TXT, &a, &err);
    }
    tap_int(st, MP_WAIT);
    tap_int(dns_ask(v, STR("one.more.example"), DNS_TXT, &a, &err), MP_E_LIMIT);
    tap_int(err.detail, most);
    tap_int(dns_view_put(v, STR("put.example"), DNS_TXT, canned("put.example", DNS_NODATA)),
            MP_E_LIMIT);
    dns_prefetch(v, STR("hint.example"), DNS_TXT);
    tap_int(dns_view_count(v), most);
    tap_int(dns_ask(v, STR("n7.example"), DNS_TXT, &a, &err),
            MP_WAIT); /* the old ones still work */
    dns_view_release(v);
    arena_clear(&big);
}

static void test_budget(void)
{
    struct arena big;
    struct mp_err err = {0};
    const struct dns_answer *a;
    char name[32];
    tap_case("view: a spent budget is an error, not a crash");
    arena_init(&big, 8192);
    struct dns_view *v = dns_view_new(&big, NULL, NULL);
    int st = MP_WAIT;
    for (int i = 0; i < DNS_VIEW_MAX_ANSWERS && st == MP_WAIT; i++) {
        snprintf(name, sizeof name, "n%d.example", i);
        st = dns_ask(v, str_from(name), DNS_TXT, &a, &err);
    }
    tap_int(st, MP_E_NOMEM);
    dns_view_release(v);
    arena_clear(&big);
}

struct ready_log {
    struct dns_zone *zone;
    unsigned calls;
};

static struct dns_answer *ready(void *ctx, struct str name, enum dns_type type)
{
    struct ready_log *log = ctx;
    log->calls++;
    return str_ends(name, STR("cold.example")) ? NULL : dns_zone_lookup(log->zone, name, type);
}

static void test_ready(void)
{
    struct ready_log log = {.zone = dns_zone_new()};
    struct dns_view *v = dns_view_new(&arena, ready, &log);
    const struct dns_answer *a = NULL, *b = NULL;
    dns_zone_add_txt(log.zone, STR("a.example"), STR("text"), NULL);
    tap_case("view: a ready answer is pinned at the first ask");
    tap_int(dns_ask(v, STR("a.example"), DNS_TXT, &a, NULL), MP_OK);
    tap_int(dns_ask(v, STR("a.example"), DNS_TXT, &b, NULL), MP_OK);
    tap_ok(a == b);
    tap_int(log.calls, 1);
    tap_case("view: a prefetched name is ready as well");
    dns_prefetch(v, STR("b.example"), DNS_TXT);
    tap_int(dns_ask(v, STR("b.example"), DNS_TXT, &b, NULL), MP_OK);
    tap_int(b->status, DNS_NXDOMAIN);
    tap_int(log.calls, 2);
    tap_case("view: what is not ready is asked for once, then waited for");
    tap_int(dns_ask(v, STR("x.cold.example"), DNS_TXT, &b, NULL), MP_WAIT);
    tap_int(dns_ask(v, STR("x.cold.example"), DNS_TXT, &b, NULL), MP_WAIT);
    tap_int(log.calls, 3);
    tap_case("view: a name that cannot be asked bothers nobody");
    tap_int(dns_ask(v, STR(".."), DNS_TXT, &b, NULL), MP_OK);
    tap_int(log.calls, 3);
    dns_view_release(v);
    tap_case("view: answers outlive the zone's reference, not the view's");
    dns_zone_free(log.zone);
    tap_ok(true);
}

int main(void)
{
    arena_init(&arena, 8 << 20);
    test_waiting();
    test_unaskable();
    test_capacity(dns_view_new, DNS_VIEW_MAX_ANSWERS);
    test_capacity(dns_view_new_large, DNS_VIEW_LARGE_ANSWERS);
    test_budget();
    test_ready();
    arena_clear(&arena);
    return tap_done();
}
