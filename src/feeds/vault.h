/* The directory of snapshots: the newest one that is whole is in use, two older ones are kept.
 * Files are never changed: a new one is written beside, checked, and gets its name last. */
#ifndef MP_FEEDS_VAULT_H
#define MP_FEEDS_VAULT_H

#include "intel/snapshot.h"

enum {
    VAULT_KEEP_OLD = 2,   /* beside the newest */
    VAULT_MAX_FAULTS = 8, /* files that are told to be refused */
    VAULT_NAME_BYTES = 40,
    VAULT_WHY_BYTES = 256
};

struct vault;
struct vault_hold; /* a snapshot that stays as long as it is held */

/* A file that should have been used, and why it was not. */
struct vault_fault {
    char file[VAULT_NAME_BYTES];
    char why[VAULT_WHY_BYTES];
};

/* ---- reading ---- */

/* Use the directory: it must be ours (or root's) and nobody else may write in it; the same of each
 * file. One that is not there, or has no snapshot, is as good as empty: vault_current gives NULL.
 * Of snapshots the newest that is whole is taken: those that had to be passed over are told by
 * vault_faults. Reads the whole file once (snapshot_open). MP_OK; MP_E_IO; MP_E_NOMEM. */
int vault_open(const char *dir, struct vault **out, struct mp_err *err);
/* What is held stays valid. Accepts NULL. */
void vault_close(struct vault *v);

/* The snapshot in use, to be kept for one message; NULL: there is none. Any thread; waits for
 * nothing but for another that takes or swaps the pointer at this very moment. */
struct vault_hold *vault_current(struct vault *v);
const struct snapshot *vault_snapshot(const struct vault_hold *h);
const char *vault_file(const struct vault_hold *h); /* its name in the directory */
uint64_t vault_bytes(const struct vault_hold *h);
void vault_release(struct vault_hold *h); /* accepts NULL */

/* Look whether there is a newer one, and use it. Readers go on with what they hold; it is unmapped
 * when the last one lets go. Cheap when nothing is new. Any thread. What is in use stays when
 * there is nothing better. MP_OK with *changed; MP_E_IO, MP_E_NOMEM. */
int vault_reload(struct vault *v, bool *changed, struct mp_err *err);

/* Newer files than the one in use that were refused, the newest first. Returns how many were
 * written to `out`. */
size_t vault_faults(struct vault *v, struct vault_fault *out, size_t max);

/* ---- making a new one ---- */

struct vault_lock;

/* For one updater alone, from before it looks at the old snapshot until it has published. Makes
 * the directory (mode 0700) when it is not there. MP_E_IO with detail EWOULDBLOCK: another one has
 * it; MP_E_IO; MP_E_NOMEM. A process that dies leaves no lock behind. */
int vault_lock(const char *dir, struct vault_lock **out, struct mp_err *err);
void vault_unlock(struct vault_lock *l); /* accepts NULL */

/* Write what was built under a temporary name, fsync, read it back and check it, rename, fsync the
 * directory; then delete what is older than the two before it that are whole. At whatever point it
 * is killed or fails, what was there before is in use still, or the new one is. `built_s`: Unix.
 * MP_OK; MP_E_IO: the disk is full, or fails; MP_E_LIMIT, MP_E_NOMEM of the builder. */
int vault_publish(struct vault_lock *l, struct snapshot_builder *b, int64_t built_s,
                  struct mp_err *err);

#endif
