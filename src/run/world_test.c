/* Worlds: reading, errors with places, expectations, and what is written reads back. */
#include "run/run.h"
#include "run/world.h"
#include "tests/tap.h"

#define MESSAGE "From: a@good.example\nSubject: x\n\nhello\n"
#define ZONE                                                                                       \
    "good.example. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"                                            \
    "_dmarc.good.example. TXT \"v=DMARC1; p=reject\"\n"

static const struct {
    const char *label, *in, *error; /* error NULL: reads */
} rows[] = {
    {"smallest", "mailproof-world 1\n--- message\n" MESSAGE, NULL},
    {"with a zone", "mailproof-world 1\ntime 5\n--- zone\n" ZONE "--- message\n" MESSAGE, NULL},
    {"comments and empty lines", "mailproof-world 1\n# x\n\nip 192.0.2.1\n--- message\n", NULL},
    {"another version", "mailproof-world 2\n--- message\n", "f:1: not a world of version 1"},
    {"no message", "mailproof-world 1\ntime 5\n", "f: no line '--- message'"},
    {"unknown setting", "mailproof-world 1\n\ncolour red\n--- message\n",
     "f:3: unknown or unreadable setting 'colour'"},
    {"bad address", "mailproof-world 1\nip 1.2.3\n--- message\n",
     "f:2: unknown or unreadable setting 'ip'"},
    {"bad escape", "mailproof-world 1\nhelo a\\q\n--- message\n",
     "f:2: unknown or unreadable setting 'helo'"},
    {"unknown section", "mailproof-world 1\n--- zome\n--- message\n",
     "f:2: expected '--- zone' or '--- message'"},
};

static void test_parse(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena;
        struct world *w = NULL;
        struct mp_err err = {0};
        arena_init(&arena, 1 << 20);
        tap_case("world: %s", rows[i].label);
        int st = world_parse(&arena, str_from(rows[i].in), "f", &w, &err);
        tap_int(st, rows[i].error == NULL ? MP_OK : MP_E_SYNTAX);
        if (rows[i].error != NULL)
            tap_cstr(err.text, rows[i].error);
        world_free(w);
        arena_clear(&arena);
    }
    tap_case("world: a broken zone tells its line and where the zone begins");
    struct arena arena;
    struct world *w = NULL;
    struct mp_err err = {0};
    arena_init(&arena, 1 << 20);
    tap_int(world_parse(&arena, STR("mailproof-world 1\n--- zone\nx TXT \"a\n--- message\n"), "f",
                        &w, &err),
            MP_E_SYNTAX);
    tap_ok(str_starts(str_from(err.text), STR("f: zone that begins at line 3: zone:")));
    arena_clear(&arena);
}

/* Run a world; the job stays for the caller. */
static void run_world(struct job *job, struct job_config *config, const struct world *w)
{
    struct auth_config base;
    struct dns_source source = {.zone = w->zone};
    struct mp_err err = {0};
    auth_config_init(&base);
    config->auth = world_config(w, &base);
    job_init(job, config);
    tap_int(run_start(job, &source, STR("w"), w->message, &w->envelope, w->time_s, &err), MP_OK);
    tap_int(run_job(job, &source, &err), MP_OK);
}

static const char hostile[] = "mailproof-world 1\n"
                              "time 1700000000\n"
                              "ip 192.0.2.9\n"
                              "helo a\\x00b\\\\c\n"
                              "mail-from <x\\x0d\\x0ay@good.example>\n"
                              "authserv-id mx.test\n"
                              "trusted-sealer lists.test\n"
                              "expect dmarc fail\n"
                              "--- zone\n" ZONE "--- message\n" MESSAGE;

static void test_round_trip(void)
{
    struct arena arena;
    struct policy policy;
    struct job_config config = {.policy = &policy}, config2 = config;
    struct world *w = NULL, *again = NULL;
    struct job job, job2;
    struct mp_err err = {0};
    struct buf out;
    policy_default(&policy);
    arena_init(&arena, 4 << 20);
    buf_init(&out, 1 << 20);
    tap_case("world: what was recorded gives the same results from nothing else");
    tap_int(world_parse(&arena, STR(hostile), "f", &w, &err), MP_OK);
    tap_str(w->envelope.helo, STR("a\0b\\c"));
    run_world(&job, &config, w);
    tap_str(world_mismatch(&arena, w, &job), STR(""));
    tap_int(job.dmarc.result, DMARC_FAIL);
    world_write(&out, &job);
    if (!tap_int(world_parse(&arena, buf_str(&out), "again", &again, &err), MP_OK))
        tap_note("%s", err.text);
    tap_str(again->envelope.helo, w->envelope.helo);
    tap_str(again->envelope.mail_from, w->envelope.mail_from);
    tap_ok(again->n_expects > 6);
    run_world(&job2, &config2, again);
    tap_str(world_mismatch(&arena, again, &job2), STR(""));
    tap_case("world: an expectation that does not hold is named");
    again->expects[0].value = STR("pass");
    tap_ok(world_mismatch(&arena, again, &job2).n != 0);
    job_clear(&job);
    job_clear(&job2);
    world_free(w);
    world_free(again);
    buf_clear(&out);
    arena_clear(&arena);
}

int main(void)
{
    test_parse();
    test_round_trip();
    return tap_done();
}
