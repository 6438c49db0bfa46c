/* What reading and writing the directory of snapshots share. */
#ifndef MP_FEEDS_VAULT_INTERNAL_H
#define MP_FEEDS_VAULT_INTERNAL_H

#include <sys/stat.h>

#include "feeds/vault.h"

/* Names of snapshots: this, ten digits, ".mpi"; the greatest number is the newest. */
#define VAULT_PREFIX "indicators-"
#define VAULT_SUFFIX ".mpi"
enum { VAULT_DIGITS = 10, VAULT_MAX_FILES = 4096 };
#define VAULT_LAST_NUMBER UINT64_C(9999999999)

/* The numbers of the snapshots in a directory, the newest first. */
struct vault_list {
    uint64_t numbers[VAULT_MAX_FILES];
    size_t n;
};

/* A file in memory. */
struct vault_map {
    void *p;
    size_t n;
    struct snapshot *snapshot;
};

void vault_name(uint64_t number, char out[VAULT_NAME_BYTES]);

/* Is it ours, and closed to others? NULL, or what is wrong with it. */
const char *vault_distrust(const struct stat *sb);

/* Open the directory and check whose it is. *fd is -1 when it is not there. */
int vault_open_dir(const char *dir, int *fd, struct mp_err *err);
int vault_list(int dir_fd, struct vault_list *out, struct mp_err *err);

/* Map a file and open it as a snapshot. MP_OK; MP_E_IO (detail: errno) when it cannot be read or is
 * not to be trusted; MP_E_SYNTAX: it is not whole; MP_E_NOMEM. The text tells
 * what is wrong, without the name. */
int vault_map(int dir_fd, const char *name, struct vault_map *out, struct mp_err *err);
void vault_unmap(struct vault_map *m);

#endif
