/* What the files of confine*.c share. */
#ifndef MP_DAEMON_CONFINE_INTERNAL_H
#define MP_DAEMON_CONFINE_INTERNAL_H

#include "daemon/confine_role.h"

/* Put a sentence behind f->missing. */
void confine_misses(struct confine_facts *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The role's list of system calls, for all threads. 0, or a negative errno. */
int confine_filter(enum serve_role role);
/* The role's files. Writes f->landlock_abi. MP_OK also where the kernel has no Landlock. */
int confine_files(enum serve_role role, const struct serve_config *c, struct confine_facts *f,
                  struct mp_err *err);

#endif
