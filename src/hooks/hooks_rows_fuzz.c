/* Any values in the rows of the queue, as a damaged file may hold them: nothing is sent that could
 * break a header or a signature. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hooks/hooks_internal.h"

static char dir[64];

static void clean(void)
{
    static const char *const names[] = {"hooks.db", "hooks.db-wal", "hooks.db-shm"};
    char path[128];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

static struct hooks *begin(void)
{
    static struct hook_endpoint e = {.name = STR_INIT("ops"),
                                     .url = STR_INIT("https://hooks.example/"),
                                     .types = {true, true, true, true, true},
                                     .secrets = {STR_INIT(
                                         "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")},
                                     .n_secrets = 1};
    const struct hooks_config config = {.dir = dir, .endpoints = &e, .n_endpoints = 1};
    struct hooks *h;
    snprintf(dir, sizeof dir, "/tmp/mailproof-hooks-XXXXXX");
    if (mkdtemp(dir) == NULL || hooks_open(&config, &h, NULL) != MP_OK)
        abort();
    atexit(clean);
    hooks_put(h, HOOK_DAEMON_STATE, 1000, STR("{}"));
    hooks_flush(h);
    return h;
}

static void update(struct hooks *h, const char *sql, uint8_t kind, struct str bytes)
{
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(h->send.db, sql, -1, &q, NULL) != SQLITE_OK)
        abort();
    if (kind % 3 == 0)
        sqlite3_bind_int64(q, 1, (int64_t)str_hash(bytes));
    else if (kind % 3 == 1)
        db_bind(q, 1, bytes);
    else
        db_bind_blob(q, 1, bytes);
    db_run(q);
    sqlite3_finalize(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const updates[] = {
        "UPDATE event SET id = ?1",         "UPDATE event SET payload = ?1",
        "UPDATE delivery SET next_ms = ?1", "UPDATE delivery SET tries = ?1, created_ms = ?1",
        "UPDATE delivery SET event = ?1",   "UPDATE endpoint SET paused_until_ms = ?1"};
    static struct hooks *h;
    static struct arena a;
    struct str rest = str_make((const char *)data, size);
    struct hook_job job;
    bool found = false;
    if (h == NULL) {
        h = begin();
        arena_init(&a, 4 * HOOKS_PAYLOAD_MAX_BYTES);
    }
    arena_reset(&a);
    db_run(h->send.sql[SQL_BEGIN]);
    while (rest.p != NULL && rest.n > 1) {
        struct str value = str_cut(&rest, '\n');
        if (value.n >= 2)
            update(h, updates[(uint8_t)value.p[0] % ARRAY_LEN(updates)], (uint8_t)value.p[1],
                   str_slice(value, 2, value.n));
    }
    if (queue_take(h, 0, INT64_MAX / 2, &a, &job, &found) == SQLITE_DONE && found && !job.is_gone)
        for (size_t i = 0; i < job.id.n; i++)
            if (job.id.n >= HOOKS_ID_BYTES || job.id.p[i] == '.' || (uint8_t)job.id.p[i] <= ' ')
                abort();
    db_run(h->send.sql[SQL_ROLLBACK]);
    return 0;
}
