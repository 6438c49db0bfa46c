/* For tests: this very program as the worker that reads feeds, and as workers that misbehave. */
#ifndef MP_FEEDS_FEED_WORKER_TEST_KIT_H
#define MP_FEEDS_FEED_WORKER_TEST_KIT_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "feeds/parse_internal.h"
#include "sandbox/worker.h"

static inline struct content_object *kit_answer(struct content *c, struct str head,
                                                struct str entries)
{
    struct content_object *list = arena_new(c->arena, struct content_object, 3);
    if (list == NULL)
        abort();
    list[0] = c->report->objects[0];
    list[0].names = NULL;
    list[0].n_names = 0;
    list[1] = (struct content_object){.depth = 1, .bytes = head, .has_bytes = true};
    list[2] = (struct content_object){.depth = 1, .bytes = entries, .has_bytes = true};
    c->report->objects = list;
    c->report->n = c->report->cap = 3;
    return list;
}

/* As `data` says: a worker that was taken over may do all of this. */
static inline int kit_misbehave(void *data, struct content *c, struct mp_err *err)
{
    static struct buf head;
    const char *how = data;
    struct feed_head lie = {.page = {.counts = {.entries = 3, .lines = 3}}};
    (void)err;
    if (strcmp(how, "crash") == 0)
        abort();
    if (strcmp(how, "hang") == 0)
        for (volatile unsigned n = 0;; n++)
            ;
    if (strcmp(how, "memory") == 0)
        return mp_fail(err, MP_E_NOMEM, 0, "spent");
    buf_clear(&head);
    buf_init(&head, 1 << 16);
    if (strcmp(how, "status") == 0)
        lie.status = MP_E_SYNTAX;
    lie.reason = strcmp(how, "status") == 0 ? STR("\x1b[31mred\nline") : STR_NONE;
    feed_head_pack(&head, &lie);
    if (strcmp(how, "nothing") == 0)
        return MP_OK;
    kit_answer(c, buf_str(&head), STR_NONE);
    if (strcmp(how, "head") == 0)
        c->report->objects[1].bytes = STR("garbage");
    if (strcmp(how, "garbage") == 0)
        c->report->objects[2].bytes = STR("\xff\xff garbage instead of entries");
    return MP_OK;
}

/* First in main: -1, or the exit code of a worker that this process was. */
static inline int kit_worker_main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "feed-worker") == 0)
        return feed_worker_main();
    if (argc < 3 || strcmp(argv[1], "bad-worker") != 0)
        return -1;
    return sandbox_worker_main(&(struct sandbox_worker){NULL, kit_misbehave, argv[2]});
}

/* `how` NULL: the honest one. `wall_ms` 0: as for feeds. */
static inline struct sandbox *kit_sandbox(const char *how, unsigned wall_ms)
{
    enum { MOST = 8 };
    static char *argv[4], *env[MOST + 1];
    static char program[] = "feeds-test", honest[] = "feed-worker", bad[] = "bad-worker",
                utc[] = "TZ=UTC0";
    struct sandbox *sb = NULL;
    struct mp_err err = {0};
    size_t n = 0;
    argv[0] = program;
    argv[1] = how == NULL ? honest : bad;
    argv[2] = (char *)(uintptr_t)how;
    env[n++] = utc;
    for (char **e = environ; *e != NULL && n < MOST; e++)
        if (strstr(*e, "SAN_OPTIONS=") != NULL)
            env[n++] = *e;
    env[n] = NULL;
    struct sandbox_config config = feed_sandbox_config(argv);
    config.env = env;
    config.max_workers = 4;
    if (wall_ms != 0)
        config.wall_ms = wall_ms;
    if (sandbox_new(&config, &sb, &err) != MP_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    return sb;
}

#endif
