/* Rows for batch lines: what is taken, and what each refusal says. */
#include "run/batch.h"
#include "tests/tap.h"

static const struct {
    const char *label, *in;
    const char *error; /* NULL: taken */
} rows[] = {
    {"file alone", "{\"file\":\"a.eml\"}", NULL},
    {"all keys",
     "{\"file\":\"a\",\"ip\":\"192.0.2.1\",\"helo\":\"h\",\"mail_from\":\"x@y\","
     "\"rcpt_to\":[\"c@d\"],\"time\":5}",
     NULL},
    {"null is absent", "{\"file\":\"a\",\"ip\":null,\"time\":null}", NULL},
    {"one recipient as text", "{\"file\":\"a\",\"rcpt_to\":\"c@d\"}", NULL},
    {"empty ip is absent", "{\"file\":\"a\",\"ip\":\"\"}", NULL},
    {"no file", "{}", "list:7: \"file\" is missing"},
    {"not an object", "[]", "list:7: a batch line must be a JSON object"},
    {"bad ip", "{\"file\":\"a\",\"ip\":\"300.1.1.1\"}",
     "list:7: \"ip\" must be an IPv4 or IPv6 address"},
    {"NUL in a path", "{\"file\":\"a\\u0000b\"}", "list:7: \"file\" must be a path"},
    {"negative time", "{\"file\":\"a\",\"time\":-1}", "list:7: \"time\" must be Unix seconds"},
    {"recipients of numbers", "{\"file\":\"a\",\"rcpt_to\":[1]}",
     "list:7: \"rcpt_to\" must be an address or a list of addresses"},
    {"unknown key", "{\"file\":\"a\",\"hello\":\"x\"}",
     "list:7: unknown key, or a value that is no string: known are file, ip, helo, mail_from, "
     "rcpt_to, time"},
};

static void test_values(struct arena *arena)
{
    struct batch_entry e;
    struct mp_err err = {0};
    tap_case("batch: values arrive");
    tap_ok(batch_parse(arena, str_from(rows[1].in), "list", 1, &e, &err));
    tap_str(e.file, STR("a"));
    tap_int(e.envelope.client.family, IP_V4);
    tap_str(e.envelope.helo, STR("h"));
    tap_str(e.envelope.mail_from, STR("x@y"));
    tap_ok(e.envelope.has_mail_from && e.has_time);
    tap_int(e.time_s, 5);
    tap_int(e.envelope.n_rcpt_to, 1);
    tap_str(e.envelope.rcpt_to[0], STR("c@d"));
}

int main(void)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct batch_entry e;
        struct mp_err err = {0};
        tap_case("batch: %s", rows[i].label);
        bool ok = batch_parse(&arena, str_from(rows[i].in), "list", 7, &e, &err);
        tap_int(ok, rows[i].error == NULL);
        if (rows[i].error != NULL)
            tap_cstr(err.text, rows[i].error);
    }
    tap_case("batch: broken JSON tells the column");
    struct batch_entry e;
    struct mp_err err = {0};
    tap_ok(!batch_parse(&arena, STR("{\"file\":\"a\",,}"), "list", 3, &e, &err));
    tap_ok(str_starts(str_from(err.text), STR("list:3:1")));
    test_values(&arena);
    arena_clear(&arena);
    return tap_done();
}
