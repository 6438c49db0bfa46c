/* What parent, zygote and workers share: parcels over sockets, and who makes them. */
#ifndef MP_SANDBOX_INTERNAL_H
#define MP_SANDBOX_INTERNAL_H

#include <sys/types.h>

#include "base/fd_pass.h"
#include "base/memfd.h"
#include "sandbox/sandbox.h"
#include "sandbox/worker.h"

/* ---- parcels: one fixed struct a packet, both ends are the same build ---- */

enum parcel_type {
    PARCEL_SETUP = 1, /* parent -> zygote: limits */
    PARCEL_HELLO,     /* zygote and worker -> parent: ready, or status and text say why not */
    PARCEL_FORK,      /* parent -> zygote: a worker `serial`, its socket comes along */
    PARCEL_FORKED,    /* zygote -> parent: its pid, its pidfd comes along; or status: errno */
    PARCEL_REAP,      /* parent -> zygote: kill it if it still lives, and ... */
    PARCEL_REAPED,    /* zygote -> parent: ... status as waitpid gives it */
    PARCEL_REQUEST,   /* parent -> worker: two memfds come along */
    PARCEL_ANSWER     /* worker -> parent: what stands in the second */
};

enum { PARCEL_TEXT_BYTES = 160, PARCEL_MAX_FDS = 2 };

struct parcel {
    uint32_t type;
    int32_t status;
    uint64_t serial;       /* of the worker, or of the request */
    uint64_t frame_bytes;  /* in the memfd ... */
    uint64_t object_bytes; /* ... and behind the frame */
    uint64_t build;        /* parcel_build(): is it us? */
    uint64_t memory_bytes;
    uint32_t cpu_s;
    int32_t pid;
    uint32_t retire; /* the worker wants to be replaced */
    struct sandbox_facts facts;
    char text[PARCEL_TEXT_BYTES];
};

uint64_t parcel_build(void); /* a hash of version, catalogue and layout */

/* One packet, never waiting when `fd` is not blocking. False: the other side is gone or full. */
bool channel_send(int fd, const struct parcel *m, const int *fds, size_t n_fds);
enum channel_status { CHANNEL_GOT, CHANNEL_NOTHING, CHANNEL_END, CHANNEL_BROKEN };
/* fds[n_fds] are filled with descriptors that came along (-1: none); others are never taken. */
enum channel_status channel_recv(int fd, struct parcel *m, int *fds, size_t n_fds);
/* To the parent, by SANDBOX_WORKER_FD: ready, or why not. False: it is gone. */
bool channel_hello(int status, const struct mp_err *err, const struct sandbox_facts *facts);
/* A pair of packet sockets, close-on-exec; [0] does not block. False: errno. */
bool channel_pair(int fds[2]);

/* ---- confinement ---- */

/* Before any stranger's byte: no new rights, no network, another user, no files. What the kernel
 * or our rights do not allow is left out and told in `facts`, all but no_new_privs. */
int confine_zygote(struct sandbox_facts *facts, struct mp_err *err);
/* After the fork: limits of memory, processes and time, the filter. All of it must succeed. */
int confine_worker(const struct parcel *setup, struct sandbox_facts *facts, struct mp_err *err);

int landlock_deny_all(void);   /* the ABI in force; 0: none */
int filter_load(bool *strict); /* 0, or a negative errno */

/* The worker's life, after the fork; does not return. */
void worker_run(const struct sandbox_worker *w, const struct content_lists *lists,
                const struct parcel *setup, struct sandbox_facts facts) __attribute__((noreturn));

#endif
