/* A directory of snapshots for tests, each with one entry that tells which it is. */
#ifndef MP_FEEDS_VAULT_TEST_KIT_H
#define MP_FEEDS_VAULT_TEST_KIT_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feeds/vault.h"
#include "tests/tap.h"

#define KIT_KEY STR("which.example")

static char kit_dir[64];

static inline void kit_make_dir(void)
{
    snprintf(kit_dir, sizeof kit_dir, "/tmp/mailproof-vault-XXXXXX");
    if (mkdtemp(kit_dir) == NULL)
        abort();
}

/* Names in it that begin with `prefix`; with `remove` they go. */
static inline size_t kit_entries(const char *prefix, bool remove)
{
    size_t n = 0;
    DIR *d = opendir(kit_dir);
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        struct str name = str_from(e->d_name);
        if (str_eq(name, STR(".")) || str_eq(name, STR("..")) ||
            !str_starts(name, str_from(prefix)))
            continue;
        if (remove && unlinkat(dirfd(d), e->d_name, 0) < 0)
            (void)unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
        n++;
    }
    if (d != NULL)
        closedir(d);
    return n;
}

static inline void kit_remove_dir(void)
{
    kit_entries("", true);
    if (rmdir(kit_dir) < 0)
        abort();
}

static inline const char *kit_path(unsigned number)
{
    static char path[160];
    snprintf(path, sizeof path, "%s/indicators-%010u.mpi", kit_dir, number);
    return path;
}

/* `version` is told by its entry; `fill` others beside it. NULL without memory. */
static inline struct snapshot_builder *kit_builder(unsigned version, unsigned fill)
{
    struct snapshot_builder *b = NULL;
    struct snapshot_feed feed = {.name = STR("test")};
    struct indicator i = {.kind = INDICATOR_DOMAIN, .key = KIT_KEY, .first_seen_s = version};
    uint16_t number;
    char key[32];
    if (snapshot_builder_new(UINT32_MAX, &b, NULL) != MP_OK ||
        snapshot_builder_feed(b, &feed, &number, NULL) != MP_OK ||
        snapshot_builder_add(b, &i, NULL) != MP_OK)
        abort();
    for (unsigned n = 0; n < fill; n++) {
        i.key = str_make(key, (size_t)snprintf(key, sizeof key, "h%u.example", n));
        if (snapshot_builder_add(b, &i, NULL) != MP_OK)
            abort();
    }
    return b;
}

static inline int kit_publish(unsigned version, unsigned fill, struct mp_err *err)
{
    struct vault_lock *l = NULL;
    struct snapshot_builder *b = kit_builder(version, fill);
    int st = vault_lock(kit_dir, &l, err);
    if (st == MP_OK)
        st = vault_publish(l, b, version, err);
    vault_unlock(l);
    snapshot_builder_free(b);
    return st;
}

/* The version that a held snapshot tells; 0: it is not whole. */
static inline unsigned kit_version_of(const struct vault_hold *h)
{
    struct indicator hit;
    const struct snapshot *s = vault_snapshot(h);
    if (snapshot_find(s, INDICATOR_DOMAIN, KIT_KEY, 0, &hit, 1) != 1 ||
        hit.first_seen_s != snapshot_built_s(s))
        return 0;
    return (unsigned)hit.first_seen_s;
}

/* The version in use; 0: none. */
static inline unsigned kit_version(struct vault *v)
{
    struct vault_hold *h = vault_current(v);
    unsigned version = h == NULL ? 0 : kit_version_of(h);
    vault_release(h);
    return version;
}

/* The same by a reader that has just come. */
static inline unsigned kit_version_now(void)
{
    struct vault *v = NULL;
    tap_int(vault_open(kit_dir, &v, NULL), MP_OK);
    unsigned version = kit_version(v);
    vault_close(v);
    return version;
}

#endif
