/* Webhooks for hooks_test.py: puts events into a queue, or sends what is in it.
 *
 * usage: hooks_probe DIR put N URL SECRET...      N events, and one of a mail with a finding
 *        hooks_probe DIR send URL SECRET...       until standard input ends; percent 1 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pthread.h>

#include "base/clock.h"
#include "hooks/hooks.h"

struct run {
    struct hooks *h;
    atomic_bool stop;
    struct mp_err err;
    int status;
};

static void *run_thread(void *arg)
{
    struct run *r = arg;
    r->status = hooks_run(r->h, &r->stop, &r->err);
    return NULL;
}

static int put(struct hooks *h, int n)
{
    const struct mail_summary mail = {.id = STR("00112233445566778899aabbccddeeff"),
                                      .time_ms = clock_wall_ms(),
                                      .mode = STR("inbound"),
                                      .subject = STR("caf\xc3\xa9 \"quoted\" \\ \x01"),
                                      .done = STR("accept"),
                                      .findings = {{STR("auth.spf.fail"), SEV_LOW, 1, STR("x")}},
                                      .n_findings = 1};
    bool taken = hooks_put_mail(h, &mail);
    for (int i = 0; i < n; i++) {
        char data[40];
        snprintf(data, sizeof data, "{\"number\":%d}", i);
        taken = hooks_put(h, HOOK_DAEMON_STATE, clock_wall_ms(), str_from(data)) && taken;
    }
    hooks_flush(h);
    return taken ? 0 : 1;
}

static int send_all(struct hooks *h)
{
    struct run r = {.h = h};
    pthread_t thread;
    char c;
    atomic_init(&r.stop, false);
    if (pthread_create(&thread, NULL, run_thread, &r) != 0)
        return 1;
    while (read(0, &c, 1) > 0)
        continue;
    atomic_store(&r.stop, true);
    pthread_join(thread, NULL);
    if (r.status != MP_OK)
        fprintf(stderr, "%s\n", r.err.text);
    return r.status == MP_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    bool puts = argc > 3 && strcmp(argv[2], "put") == 0;
    int at = puts ? 4 : 3;
    struct hook_endpoint e = {.name = STR("test"), .allow_private = true};
    struct hooks *h;
    struct mp_err err = {0};
    if (argc < at + 2)
        return 2;
    e.url = str_from(argv[at]);
    for (int i = at + 1; i < argc && e.n_secrets < HOOKS_MAX_SECRETS; i++)
        e.secrets[e.n_secrets++] = str_from(argv[i]);
    for (size_t i = 0; i < HOOK_TYPE_COUNT; i++)
        e.types[i] = true;
    const struct hooks_config config = {
        .dir = argv[1], .endpoints = &e, .n_endpoints = 1, .retry_percent = 1};
    if (hooks_open(&config, &h, &err) != MP_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    int rc = puts ? put(h, (int)strtol(argv[3], NULL, 10)) : send_all(h);
    hooks_close(h);
    return rc;
}
