/* Any bytes as a world: parsed, run, recorded, and read back. */
#include "run/run.h"
#include "run/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct policy policy;
    struct auth_config base;
    struct world *w = NULL;
    arena_init(&arena, 16 << 20);
    auth_config_init(&base);
    policy_default(&policy);
    if (world_parse(&arena, str_make((const char *)data, size), "f", &w, NULL) == MP_OK) {
        struct job_config config = {.auth = world_config(w, &base), .policy = &policy};
        struct dns_source source = {.zone = w->zone};
        struct job job;
        struct buf out;
        buf_init(&out, 16 << 20);
        job_init(&job, &config);
        if (run_start(&job, &source, STR("f"), w->message, &w->envelope, w->time_s, NULL) == MP_OK)
            run_job(&job, &source, NULL);
        if (job.finished)
            world_write(&out, &job);
        buf_clear(&out);
        job_clear(&job);
        world_free(w);
    }
    arena_clear(&arena);
    return 0;
}
