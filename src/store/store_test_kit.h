/* What the tests of the store share: a place that goes away, deliveries, puts that wait. */
#ifndef MP_STORE_STORE_TEST_KIT_H
#define MP_STORE_STORE_TEST_KIT_H

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"
#include "tests/tap.h"

/* ---- a directory ---- */

static char kit_dir[64];

static inline const char *kit_make_dir(void)
{
    snprintf(kit_dir, sizeof kit_dir, "/tmp/mailproof-store-XXXXXX");
    if (mkdtemp(kit_dir) == NULL)
        abort();
    return kit_dir;
}

/* Entries of a directory below `kit_dir`; with `remove` they go. */
static inline size_t kit_entries(const char *path, bool remove)
{
    size_t n = 0;
    DIR *d = opendir(path);
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        char name[4352];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        n++;
        snprintf(name, sizeof name, "%.4000s/%s", path, e->d_name);
        if (remove && unlink(name) != 0) {
            kit_entries(name, true);
            rmdir(name);
        }
    }
    if (d != NULL)
        closedir(d);
    return n;
}

static inline void kit_remove_dir(void)
{
    kit_entries(kit_dir, true);
    rmdir(kit_dir);
}

/* ---- puts ---- */

struct kit_done {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    unsigned calls, failed;
    int status;
    int64_t seq;
    char id[STORE_ID_BYTES];
};

#define KIT_DONE                                                                                   \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER                        \
    }

static inline void kit_on_done(void *ctx, int status, const char *id, int64_t seq)
{
    struct kit_done *d = ctx;
    pthread_mutex_lock(&d->lock);
    d->calls++;
    d->failed += status != MP_OK;
    d->status = status;
    d->seq = seq;
    if (id != NULL)
        memcpy(d->id, id, STORE_ID_BYTES);
    pthread_cond_broadcast(&d->cond);
    pthread_mutex_unlock(&d->lock);
}

static inline void kit_wait(struct kit_done *d, unsigned calls)
{
    pthread_mutex_lock(&d->lock);
    while (d->calls < calls)
        pthread_cond_wait(&d->cond, &d->lock);
    pthread_mutex_unlock(&d->lock);
}

/* Put and wait; the status that `done` (or store_put) told. */
static inline int kit_put(struct store *s, const struct store_delivery *d, struct kit_done *out)
{
    struct kit_done done = KIT_DONE;
    int st = store_put(s, d, kit_on_done, &done, NULL);
    if (st == MP_OK) {
        kit_wait(&done, 1);
        st = done.status;
    }
    if (out != NULL)
        *out = done;
    return st;
}

static inline struct store *kit_open(const struct store_config *c)
{
    struct store *s = NULL;
    struct mp_err err = {0};
    if (store_open(c, &s, &err) != MP_OK) {
        printf("# %s\n", err.text);
        abort();
    }
    return s;
}

/* ---- in a directory and in memory ---- */

struct kit_row {
    const char *label;
    void (*test)(struct store *s);
    struct store_config config;
};

/* Each row twice, each time with a new store. `arena` is reset behind each. */
static inline void kit_both(const struct kit_row *rows, size_t n, struct arena *arena)
{
    for (size_t i = 0; i < 2 * n; i++) {
        const bool memory = i % 2 == 1;
        struct store_config c = rows[i / 2].config;
        c.dir = memory ? NULL : kit_make_dir();
        struct store *s = kit_open(&c);
        if (memory)
            kit_dir[0] = '\0';
        tap_case("%s: %s", memory ? "memory" : "directory", rows[i / 2].label);
        rows[i / 2].test(s);
        store_close(s);
        if (!memory)
            kit_remove_dir();
        arena_reset(arena);
    }
}

#endif
