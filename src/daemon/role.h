/* What a process of the daemon is given when it starts, and how it talks to its supervisor. */
#ifndef MP_DAEMON_ROLE_H
#define MP_DAEMON_ROLE_H

#include <sys/types.h>

#include "daemon/config.h"
#include "daemon/confine_role.h"
#include "daemon/control.h"

enum {
    ROLE_CONFIG_FD = 3, /* the configuration's text, sealed */
    ROLE_CONTROL_FD = 4,
    ROLE_FIRST_FD = 5, /* sockets, named in ROLE_FDS_ENV */
    ROLE_MAX_FDS = SERVE_MAX_MILTERS + 4
};
#define ROLE_FDS_ENV        "MAILPROOF_FDS"    /* "work=5,http=6,milter.inbound=7" */
#define ROLE_ENV            "MAILPROOF_CONFIG" /* the path of the configuration, for messages */
#define ROLE_GENERATION_ENV "MAILPROOF_GENERATION"
/* Names of sockets that processes meet at, in runtime_dir. */
#define ROLE_WORK_SOCKET   "work"
#define ROLE_SIGNER_SOCKET "signer"

struct role_fd {
    struct str name;
    int fd;
};

struct role {
    enum serve_role role;
    struct arena arena; /* of the configuration */
    struct serve_config *config;
    const char *config_path;
    unsigned generation;
    struct role_fd fds[ROLE_MAX_FDS];
    size_t n_fds;
    char *(*env)(const char *name); /* getenv, which rooms below cli do not call; NULL: none */
};

/* Read what the supervisor has handed over; `env`: values of the variables above, or NULL. MP_OK;
 * MP_E_USAGE: nobody has started us as a process. role_clear in any case. */
int role_open(struct role *r, enum serve_role which, const char *fds, const char *config_path,
              const char *generation, struct mp_err *err);
void role_clear(struct role *r);

int role_fd(const struct role *r, const char *name); /* -1: it is not there */
/* "/run/mailproof/7/work": in `arena`; p == NULL: no memory. */
struct str role_socket_path(struct arena *arena, const struct serve_config *c, unsigned generation,
                            const char *name);

/* Whom the processes become when the supervisor is root; else who we are. For one thread, at a
 * start or a reload. MP_E_USAGE: there is no such user. */
int role_account(const struct serve_config *c, uid_t *uid, gid_t *gid, struct mp_err *err);
/* Who we are first, what we may do when all is open: confine_role.h. What could not be had is told
 * in the log. */
int role_become(struct role *r, struct confine_facts *facts, struct mp_err *err);
int role_confine(struct role *r, struct confine_facts *facts, struct mp_err *err);

void role_ready(void);
/* Tells supervisor and log; returns the exit code. */
int role_failed(const struct mp_err *err);
/* Takes one word of the supervisor, waiting for it if need be, and answers a ping. False: it is
 * time to end. Of one thread. */
bool role_obey(void);

#endif
