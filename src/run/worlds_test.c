/* Every world of tests/worlds: its expectations hold, and so they do after recording it again. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "run/run.h"
#include "run/world.h"
#include "tests/tap.h"

enum { PATH_BYTES = 1024 };

/* Run, compare, and write the recording into `out`. */
static void check_world(struct str text, const char *name, struct buf *out)
{
    struct arena arena;
    struct policy policy;
    struct auth_config base;
    struct world *w = NULL;
    struct mp_err err = {0};
    struct job job;
    arena_init(&arena, 64 << 20);
    auth_config_init(&base);
    policy_default(&policy);
    if (!tap_int(world_parse(&arena, text, name, &w, &err), MP_OK)) {
        tap_note("%s", err.text);
        arena_clear(&arena);
        return;
    }
    struct job_config config = {.auth = world_config(w, &base), .policy = &policy};
    struct dns_source source = {.zone = w->zone};
    job_init(&job, &config);
    tap_int(run_start(&job, &source, STR("world"), w->message, &w->envelope, w->time_s, &err),
            MP_OK);
    tap_int(run_job(&job, &source, &err), MP_OK);
    tap_str(world_mismatch(&arena, w, &job), STR(""));
    tap_ok(w->n_expects > 0);
    world_write(out, &job);
    job_clear(&job);
    world_free(w);
    arena_clear(&arena);
}

static int is_world(const struct dirent *e)
{
    return str_ends(str_from(e->d_name), STR(".world"));
}

int main(void)
{
    struct dirent **names = NULL;
    int n = scandir(tap_source_path("tests/worlds"), &names, is_world, alphasort);
    tap_case("worlds: there are some");
    tap_ok(n > 5);
    for (int i = 0; i < n; i++) {
        char path[PATH_BYTES];
        struct buf recorded, again;
        snprintf(path, sizeof path, "tests/worlds/%s", names[i]->d_name);
        buf_init(&recorded, 64 << 20);
        buf_init(&again, 64 << 20);
        tap_case("world: %s", names[i]->d_name);
        check_world(tap_source_file(path), path, &recorded);
        tap_case("world recorded and replayed: %s", names[i]->d_name);
        check_world(buf_str(&recorded), "recorded", &again);
        tap_str(buf_str(&again), buf_str(&recorded));
        buf_clear(&recorded);
        buf_clear(&again);
        free(names[i]);
    }
    free(names);
    return tap_done();
}
