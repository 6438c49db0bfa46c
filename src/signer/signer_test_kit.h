/* Key files of our own in a directory of the test, a table over them, and the process of the keys
 * as a thread. */
#ifndef MP_SIGNER_TEST_KIT_H
#define MP_SIGNER_TEST_KIT_H

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "signer/client.h"
#include "signer/keys.h"
#include "signer/serve.h"
#include "tests/tap.h"

static struct arena arena;
static struct mp_err err;
static char directory[] = "/tmp/mailproof-signer-XXXXXX";

static inline const char *path_of(const char *name)
{
    return arena_fmt(&arena, "%s/%s", directory, name).p;
}

/* A copy of a key of tests/keys with this mode. */
static inline void put_key(const char *name, const char *from, mode_t mode)
{
    struct str pem = from[0] == '-' ? str_from(from) : tap_source_file(from);
    const char *path = path_of(name);
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    tap_ok(fd >= 0 && write(fd, pem.p, pem.n) == (ssize_t)pem.n && fchmod(fd, mode) == 0);
    close(fd);
}

static inline void load_table(const char *text, struct signing_table *t)
{
    *t = (struct signing_table){0};
    if (!tap_int(signing_read_file(&arena, str_from(text), path_of("s.yaml"), t, &err), MP_OK))
        tap_note("%s", err.text);
}

/* ---- the process ---- */

struct process {
    int listen_fd, stop[2];
    pthread_t thread[2];
    unsigned threads;
    struct signer_serving serving;
};

static inline void *process_main(void *arg)
{
    const struct process *p = arg;
    return (void *)(intptr_t)signer_serve(&p->serving, NULL);
}

static inline int listen_at(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    unlink(path);
    tap_ok(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 64) == 0);
    return fd;
}

static inline int connect_to(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    tap_ok(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
    return fd;
}

static inline void process_start(struct process *p, const struct signer_keys *keys,
                                 const uid_t *uids, size_t n_uids)
{
    *p = (struct process){.threads = 1};
    tap_int(pipe(p->stop), 0);
    p->listen_fd = listen_at(path_of("socket"));
    p->serving = (struct signer_serving){.listen_fd = p->listen_fd,
                                         .stop_fd = p->stop[0],
                                         .keys = keys,
                                         .uids = uids,
                                         .n_uids = n_uids};
    tap_int(pthread_create(&p->thread[0], NULL, process_main, p), 0);
}

/* A second thread on the same socket. */
static inline void process_widen(struct process *p)
{
    tap_int(pthread_create(&p->thread[p->threads++], NULL, process_main, p), 0);
}

/* Its peers have gone before. */
static inline void process_end(struct process *p)
{
    void *result = NULL;
    close(p->stop[1]);
    for (unsigned i = 0; i < p->threads; i++) {
        tap_int(pthread_join(p->thread[i], &result), 0);
        tap_int((intptr_t)result, MP_OK);
    }
    close(p->stop[0]);
    close(p->listen_fd);
}

static inline void kit_open(void)
{
    arena_init(&arena, (size_t)64 << 20);
    tap_ok(mkdtemp(directory) != NULL);
    put_key("rsa.pem", "tests/keys/rsa2048.pem", 0600);
    put_key("ed.pem", "tests/keys/ed25519.pem", 0400);
}

static inline int kit_close(void)
{
    static const char *const names[] = {"rsa.pem", "ed.pem", "socket", "other.pem"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        unlink(path_of(names[i]));
    rmdir(directory);
    arena_clear(&arena);
    return tap_done();
}

#endif
