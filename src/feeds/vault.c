/* The snapshot in use: found, held by readers, swapped for a newer one. */
#include "feeds/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "feeds/vault_internal.h"

enum { LOOKS = 3 /* when files vanish while we look */ };

struct vault_hold {
    atomic_uint holders;
    struct vault_map map;
    uint64_t number;
    char name[VAULT_NAME_BYTES];
};

/* A refused file is not read again as long as it is the same. */
struct refused {
    struct vault_fault fault;
    uint64_t number;
    struct stat sb;
};

struct vault {
    pthread_mutex_t loading; /* one reload at a time; guards `refused` */
    pthread_mutex_t swap;    /* guards `current`; held for a few instructions */
    struct vault_hold *current;
    struct refused refused[VAULT_MAX_FAULTS];
    size_t n_refused;
    char dir[];
};

/* ---- holding ---- */

void vault_release(struct vault_hold *h)
{
    if (h == NULL || atomic_fetch_sub_explicit(&h->holders, 1, memory_order_acq_rel) != 1)
        return;
    vault_unmap(&h->map);
    free(h);
}

struct vault_hold *vault_current(struct vault *v)
{
    pthread_mutex_lock(&v->swap);
    struct vault_hold *h = v->current;
    if (h != NULL)
        atomic_fetch_add_explicit(&h->holders, 1, memory_order_relaxed);
    pthread_mutex_unlock(&v->swap);
    return h;
}

const struct snapshot *vault_snapshot(const struct vault_hold *h)
{
    return h->map.snapshot;
}

const char *vault_file(const struct vault_hold *h)
{
    return h->name;
}

uint64_t vault_bytes(const struct vault_hold *h)
{
    return h->map.n;
}

/* ---- loading ---- */

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "no memory for the store of indicators");
}

static int load(int dir_fd, uint64_t number, struct vault_hold **out, struct mp_err *err)
{
    struct vault_hold *h = calloc(1, sizeof *h);
    if (h == NULL)
        return no_memory(err);
    atomic_init(&h->holders, 1);
    h->number = number;
    vault_name(number, h->name);
    int st = vault_map(dir_fd, h->name, &h->map, err);
    if (st != MP_OK) {
        free(h);
        return st;
    }
    *out = h;
    return MP_OK;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mode == b->st_mode && a->st_uid == b->st_uid &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* What was refused before and has not changed; NULL. */
static const struct refused *known(const struct vault *v, uint64_t number, const struct stat *sb)
{
    for (size_t i = 0; i < v->n_refused; i++)
        if (v->refused[i].number == number && is_same(&v->refused[i].sb, sb))
            return &v->refused[i];
    return NULL;
}

/* What one look at the directory came to. */
struct look {
    struct vault_hold *found; /* newer than the one in use, or the first; NULL: none */
    bool is_current;          /* the one in use is the newest that is whole */
    bool vanished;            /* a file was deleted meanwhile: look again */
    struct refused refused[VAULT_MAX_FAULTS];
    size_t n_refused;
};

static void note(struct look *l, uint64_t number, const struct stat *sb, const char *why)
{
    struct refused *r = &l->refused[l->n_refused];
    if (l->n_refused == VAULT_MAX_FAULTS)
        return;
    r->number = number;
    r->sb = *sb;
    vault_name(number, r->fault.file);
    snprintf(r->fault.why, sizeof r->fault.why, "%.*s", (int)sizeof r->fault.why - 1, why);
    l->n_refused++;
}

/* One file: true when the search is over. */
static int try_file(const struct vault *v, int dir_fd, uint64_t number, struct look *l, bool *over,
                    struct mp_err *err)
{
    char name[VAULT_NAME_BYTES];
    struct mp_err why = {0};
    struct stat sb;
    vault_name(number, name);
    *over = l->is_current = v->current != NULL && v->current->number == number;
    if (*over)
        return MP_OK;
    if (fstatat(dir_fd, name, &sb, AT_SYMLINK_NOFOLLOW) < 0) {
        l->vanished |= errno == ENOENT;
        return MP_OK;
    }
    const struct refused *before = known(v, number, &sb);
    if (before != NULL) {
        note(l, number, &sb, before->fault.why);
        return MP_OK;
    }
    int st = load(dir_fd, number, &l->found, &why);
    if (st == MP_E_NOMEM)
        return no_memory(err);
    *over = st == MP_OK;
    if (st == MP_E_IO && why.detail == ENOENT)
        l->vanished = true;
    else if (st != MP_OK)
        note(l, number, &sb, why.text);
    return MP_OK;
}

static int look(const struct vault *v, int dir_fd, struct look *l, struct mp_err *err)
{
    struct vault_list *list = malloc(sizeof *list);
    *l = (struct look){0};
    if (list == NULL)
        return no_memory(err);
    int st = vault_list(dir_fd, list, err);
    bool over = false;
    for (size_t i = 0; st == MP_OK && !over && i < list->n; i++)
        st = try_file(v, dir_fd, list->numbers[i], l, &over, err);
    free(list);
    return st;
}

static void swap(struct vault *v, struct vault_hold *h)
{
    pthread_mutex_lock(&v->swap);
    struct vault_hold *old = v->current;
    v->current = h;
    pthread_mutex_unlock(&v->swap);
    vault_release(old);
}

static int reload(struct vault *v, bool *changed, struct mp_err *err)
{
    struct look l = {0};
    int dir_fd;
    int st = vault_open_dir(v->dir, &dir_fd, err);
    *changed = false;
    if (st != MP_OK || dir_fd < 0)
        return st;
    for (int i = 0; i < LOOKS; i++) {
        st = look(v, dir_fd, &l, err);
        if (st != MP_OK || l.found != NULL || l.is_current || !l.vanished)
            break;
    }
    close(dir_fd);
    if (st != MP_OK)
        return st;
    memcpy(v->refused, l.refused, sizeof v->refused);
    v->n_refused = l.n_refused;
    if (l.found != NULL)
        swap(v, l.found);
    *changed = l.found != NULL;
    return MP_OK;
}

int vault_reload(struct vault *v, bool *changed, struct mp_err *err)
{
    pthread_mutex_lock(&v->loading);
    int st = reload(v, changed, err);
    pthread_mutex_unlock(&v->loading);
    return st;
}

size_t vault_faults(struct vault *v, struct vault_fault *out, size_t max)
{
    size_t n = 0;
    pthread_mutex_lock(&v->loading);
    for (; n < v->n_refused && n < max; n++)
        out[n] = v->refused[n].fault;
    pthread_mutex_unlock(&v->loading);
    return n;
}

int vault_open(const char *dir, struct vault **out, struct mp_err *err)
{
    bool changed;
    size_t n = strlen(dir) + 1;
    struct vault *v = calloc(1, sizeof *v + n);
    if (v == NULL)
        return no_memory(err);
    memcpy(v->dir, dir, n);
    if (pthread_mutex_init(&v->loading, NULL) != 0) {
        free(v);
        return no_memory(err);
    }
    if (pthread_mutex_init(&v->swap, NULL) != 0) {
        pthread_mutex_destroy(&v->loading);
        free(v);
        return no_memory(err);
    }
    int st = vault_reload(v, &changed, err);
    if (st == MP_OK)
        *out = v;
    else
        vault_close(v);
    return st;
}

void vault_close(struct vault *v)
{
    if (v == NULL)
        return;
    vault_release(v->current);
    pthread_mutex_destroy(&v->loading);
    pthread_mutex_destroy(&v->swap);
    free(v);
}
