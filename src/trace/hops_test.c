/* Rows for the way of a message: each hop's delay, TLS, skew. */
#include "trace/trace_test_kit.h"

#define OLDEST                                                                                     \
    "Received: from laptop.good.test (laptop.good.test [192.0.2.7])\r\n"                           \
    "\tby submit.good.test (Postfix) with ESMTPSA id A1\r\n"                                       \
    "\tfor <bob@far.test>; Mon, 23 Nov 2026 10:00:02 +0000\r\n"
#define MIDDLE                                                                                     \
    "Received: from submit.good.test (submit.good.test [192.0.2.1])\r\n"                           \
    "\tby mx.far.test with ESMTP id B2; Mon, 23 Nov 2026 12:00:42 +0200 (CEST)\r\n"
#define NEWEST                                                                                     \
    "Received: from mx.far.test ([127.0.0.1]) by mx.far.test with LMTP id C3;\r\n"                 \
    "\tMon, 23 Nov 2026 10:00:45 +0000\r\n"
#define REST "Subject: x\r\n\r\nbody\r\n"
enum { AT = 1795428000 }; /* Mon, 23 Nov 2026 10:00:00 +0000 */

static const struct {
    const char *label, *message;
    int64_t sent_s, arrived_s;
    size_t n, slowest, n_plain;
    bool has_total, skewed;
    int64_t total_s, skew_s;
} rows[] = {
    {"no hop", REST, -1, -1, 0, 0, 0, false, false, 0, 0},
    {"no hop, both ends known", REST, AT, AT + 3, 0, 0, 0, true, false, 3, 0},
    {"one hop", OLDEST REST, -1, -1, 1, 1, 0, true, false, 0, 0},
    {"since it was sent", OLDEST REST, AT, -1, 1, 0, 0, true, false, 2, 0},
    {"three hops: TLS, plain, inside", NEWEST MIDDLE OLDEST REST, AT, AT + 46, 3, 1, 1, true, false,
     46, 0},
    {"a clock that is behind", OLDEST MIDDLE REST, -1, -1, 2, 1, 1, true, true, -40, 40},
    {"the mailbox's clock is behind", MIDDLE OLDEST REST, AT, AT + 30, 2, 1, 1, true, true, 30, 12},
    {"a hop without a date is bridged",
     MIDDLE "Received: from a.test (a.test [192.0.2.9]) by b.test with SMTP\r\n" OLDEST REST, AT,
     -1, 3, 2, 2, true, false, 42, 0},
    {"nothing but a word", "Received: garbage\r\n\r\n", -1, -1, 1, 1, 0, false, false, 0, 0},
};

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct trace_hops h;
        struct mp_err err = {0};
        tap_case("hops: %s", rows[i].label);
        struct message m = parsed(rows[i].message);
        tap_int(trace_hops(&arena, &m, rows[i].sent_s, rows[i].arrived_s, &h, &err), MP_OK);
        tap_int(h.n, rows[i].n);
        tap_int(h.slowest, rows[i].slowest);
        tap_int(h.n_plain, rows[i].n_plain);
        tap_int(h.skewed, rows[i].skewed);
        tap_int(h.skew_s, rows[i].skew_s);
        if (rows[i].has_total)
            tap_int(h.total_s, rows[i].total_s);
        tap_ok(!h.cut);
    }
}

static void test_one_by_one(void)
{
    struct trace_hops h;
    struct mp_err err = {0};
    tap_case("hops: oldest first, with what each says");
    struct message m = parsed(NEWEST MIDDLE OLDEST REST);
    tap_int(trace_hops(&arena, &m, AT, -1, &h, &err), MP_OK);
    tap_str(h.items[0].received.by_name, STR("submit.good.test"));
    tap_ok(h.items[0].tls && h.items[0].received.authenticated && !h.items[0].internal);
    tap_int(h.items[0].delay_s, 2);
    tap_ok(!h.items[1].tls && !h.items[1].internal);
    tap_int(h.items[1].delay_s, 40);
    tap_ok(h.items[2].internal);
    tap_int(h.items[2].delay_s, 3);
    tap_case("hops: as JSON");
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 20);
    json_init(&j, &b, 0);
    trace_hops_json(&j, &h);
    tap_ok(str_starts(
        buf_str(&b), STR("{\"count\":3,\"total_s\":45,\"slowest\":1,\"plain\":1,\"skew_s\":null")));
    tap_ok(str_search(buf_str(&b), STR("\"from_ip\":\"192.0.2.7\"")) < b.n);
    buf_clear(&b);
}

static void test_many(void)
{
    struct trace_hops h;
    struct mp_err err = {0};
    struct buf b;
    tap_case("hops: more than are kept: the newest, and it is told");
    buf_init(&b, 1 << 20);
    for (int i = 0; i < TRACE_MAX_HOPS + 20; i++)
        buf_addf(&b, "Received: by h%d.test; Mon, 23 Nov 2026 10:00:00 +0000\r\n", i);
    buf_addz(&b, "\r\n");
    buf_addc(&b, '\0');
    struct message m = parsed(b.p);
    tap_int(trace_hops(&arena, &m, AT, -1, &h, &err), MP_OK);
    tap_ok(h.cut);
    tap_int(h.n, TRACE_MAX_HOPS);
    tap_str(h.items[h.n - 1].received.by_name, STR("h0.test"));
    buf_clear(&b);
}

int main(void)
{
    test_rows();
    test_one_by_one();
    test_many();
    arena_clear(&arena);
    return tap_done();
}
