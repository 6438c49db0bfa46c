/* Addresses of a host as this system knows them: its hosts file, its resolver. For servers that an
 * operator named; what mail names is asked of the DNS (resolver.h). */
#ifndef MP_IO_HOST_H
#define MP_IO_HOST_H

#include "base/err.h"
#include "base/ip.h"

enum { HOST_MAX_ADDRESSES = 16 };

/* Name, or address as text, in the order in which they should be tried; at most
 * HOST_MAX_ADDRESSES. Blocks as long as the system's resolver does. MP_E_IO: "relay.test: ...". */
int host_addresses(const char *name, struct ip out[HOST_MAX_ADDRESSES], size_t *n,
                   struct mp_err *err);

#endif
