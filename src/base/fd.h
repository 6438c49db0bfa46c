/* Descriptors that somebody opened for us. */
#ifndef MP_BASE_FD_H
#define MP_BASE_FD_H

#include "base/str.h"

/* All of `bytes`, however often the system calls a halt. False: not all, and errno says why. For
 * descriptors that block. */
bool fd_write(int fd, struct str bytes);

#endif
