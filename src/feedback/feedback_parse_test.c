/* Reports read in a worker: honest ones, and workers that misbehave. */
#include "feedback/parse.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "sandbox/task.h"
#include "tests/tap.h"

static struct arena arena;
static struct mp_err err;

static int misbehave(void *data, struct arena *a, struct str request, struct str bytes,
                     struct str *head, struct str *body, struct mp_err *e)
{
    (void)data, (void)a, (void)request, (void)head;
    if (str_eq(bytes, STR("crash")))
        abort();
    if (str_eq(bytes, STR("hang")))
        for (volatile unsigned n = 0;; n++)
            ;
    if (str_eq(bytes, STR("memory")))
        return mp_fail(e, MP_E_NOMEM, 0, "spent");
    *body = STR("\xff\xff\xff\xff garbage");
    return MP_OK;
}

static struct sandbox *sandbox_of(char *word, unsigned wall_ms)
{
    enum { MOST = 8 };
    static char *argv[3], *env[MOST + 1];
    static char program[] = "feedback-test", utc[] = "TZ=UTC0";
    struct sandbox *sb = NULL;
    size_t n = 0;
    argv[0] = program;
    argv[1] = word;
    env[n++] = utc;
    for (char **e = environ; *e != NULL && n < MOST; e++)
        if (strstr(*e, "SAN_OPTIONS=") != NULL)
            env[n++] = *e;
    env[n] = NULL;
    struct sandbox_config config = feedback_sandbox_config(argv);
    config.env = env;
    config.max_workers = 1;
    if (wall_ms != 0)
        config.wall_ms = wall_ms;
    if (sandbox_new(&config, &sb, &err) != MP_OK)
        abort();
    return sb;
}

static void test_honest(void)
{
    static char word[] = "report-worker";
    struct sandbox *sb = sandbox_of(word, 0);
    static const struct {
        const char *label;
        struct str bytes;
        size_t n;
        enum feedback_kind kind;
    } rows[] = {
        {"XML",
         STR_INIT(
             "<feedback><policy_published><domain>a.test</domain></policy_published><record>"
             "<row><source_ip>192.0.2.1</source_ip><count>3</count></row></record></feedback>"),
         1, FEEDBACK_AGGREGATE},
        {"JSON", STR_INIT("{\"organization-name\": \"a\", \"policies\": [{\"summary\": {}}]}"), 1,
         FEEDBACK_TLS},
        {"a mail",
         STR_INIT("From: a@b.example\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n"
                  "Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n"),
         1, FEEDBACK_FAILURE},
        {"gzip",
         STR_INIT("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xb3\x49\x4b\x4d\x4d\x49\x4a\x4c\xce"
                  "\xb6\xd3\xb7\x81\x31\x01\x94\x8b\xc0\x1d\x13\x00\x00\x00"),
         0, FEEDBACK_AGGREGATE},
        {"nothing", STR_INIT(""), 0, FEEDBACK_AGGREGATE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct feedback_content c = {0};
        tap_case("in a worker: %s", rows[i].label);
        int64_t deadline_us = clock_mono_us() + 60 * 1000000;
        if (!tap_int(feedback_parse(&arena, sb, rows[i].bytes, deadline_us, &c, &err), MP_OK))
            tap_note("%s", err.text);
        tap_int(c.n, rows[i].n);
        tap_ok(!feedback_is_lost(&c));
        tap_ok(c.n > 0 || c.problems.worst == GRAVITY_REFUSED);
        if (c.n == 1)
            tap_int(c.items[0].kind, rows[i].kind);
    }
    sandbox_free(sb);
}

static void test_lost(void)
{
    static char word[] = "bad-worker";
    struct sandbox *sb = sandbox_of(word, 300);
    static const char *const ways[] = {"crash", "hang", "memory", "garbage"};
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct feedback_content c = {0};
        tap_case("a worker that misbehaves: %s", ways[i]);
        int64_t deadline_us = clock_mono_us() + 60 * 1000000;
        tap_int(feedback_parse(&arena, sb, str_from(ways[i]), deadline_us, &c, &err), MP_OK);
        tap_int(c.n, 0);
        tap_ok(feedback_is_lost(&c));
    }
    sandbox_free(sb);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "report-worker") == 0)
        return feedback_worker_main();
    if (argc > 1 && strcmp(argv[1], "bad-worker") == 0)
        return sandbox_task_main(&(struct sandbox_task_worker){NULL, misbehave, NULL});
    arena_init(&arena, 1 << 30);
    test_honest();
    test_lost();
    arena_clear(&arena);
    return tap_done();
}
