/* What each process of the daemon gives up before it meets a stranger's byte: docs/hardening.md.
 *
 * In two steps, both before the first thread is started: who it is, at once; what it may do, when
 * the files and sockets that are opened only once are open. */
#ifndef MP_DAEMON_CONFINE_ROLE_H
#define MP_DAEMON_CONFINE_ROLE_H

#include "daemon/config.h"

enum serve_role { ROLE_SUPERVISOR, ROLE_FRONT, ROLE_WORKER, ROLE_SIGNER, ROLE_CLERK, ROLE_COUNT };
const char *serve_role_name(enum serve_role r); /* "front" */
bool serve_role_by_name(struct str s, enum serve_role *out);

/* What holds a process, for its log. */
struct confine_facts {
    bool other_user;   /* it was root, and is the role's user now: for good */
    bool no_new_privs; /* nothing that it executes has more rights */
    bool filtered;     /* the role's list of system calls is in force ... */
    bool strict;       /* ... and kills; false: forbidden calls fail (sanitizer builds) */
    int landlock_abi;  /* 0: not confined to its files: no such kernel, or ROLE_SUPERVISOR */
    unsigned long open_files;
    char missing[400]; /* what could not be had, "; " between; empty: nothing */
};

/* Zero `f` first. Started as root: the role's user and group of the configuration, no others, and
 * no way back, or MP_E_IO. Then no_new_privs, not dumpable, no core files, no capabilities (the
 * supervisor keeps those that it starts others with), room for open files.
 * MP_E_IO: what must not be left out was refused; what the machine does not have is in f->missing.
 */
int confine_identity(enum serve_role role, const struct serve_config *c, struct confine_facts *f,
                     struct mp_err *err);

/* The role's system calls and files: the tables in confine_filter.c and confine_files.c. `f` as
 * confine_identity left it. The signer does not run without its filter (MP_E_IO), others go on
 * where the kernel has none (f->missing); `seccomp off` by the build is never silent. */
int confine_role(enum serve_role role, const struct serve_config *c, struct confine_facts *f,
                 struct mp_err *err);

#endif
