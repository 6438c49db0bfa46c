/* A message on its way in: gathered in memory that is handed to a worker as it is. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memfd.h"
#include "daemon/front_internal.h"

void spool_reset(struct spool *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    s->front->spooled_bytes -= (size_t)s->bytes;
    s->n = 0;
    s->bytes = 0;
}

void spool_clear(struct spool *s)
{
    spool_reset(s);
    free(s->buffer);
    s->buffer = NULL;
}

static bool flush(struct spool *s)
{
    if (s->fd < 0)
        s->fd = memfd_new();
    if (s->fd < 0 || !fd_write(s->fd, str_make(s->buffer, s->n)))
        return false;
    s->n = 0;
    return true;
}

bool spool_add(void *arg, struct str bytes)
{
    struct spool *s = arg;
    if (s->front->spooled_bytes + bytes.n > FRONT_SPOOL_MAX_BYTES)
        return false;
    if (s->buffer == NULL && (s->buffer = malloc(FRONT_SPOOL_BYTES)) == NULL)
        return false;
    s->front->spooled_bytes += bytes.n;
    s->bytes += bytes.n;
    while (bytes.n > 0) {
        size_t room = FRONT_SPOOL_BYTES - s->n;
        size_t n = bytes.n < room ? bytes.n : room;
        memcpy(s->buffer + s->n, bytes.p, n);
        s->n += n;
        bytes = str_slice(bytes, n, bytes.n);
        if (s->n == FRONT_SPOOL_BYTES && !flush(s))
            return false;
    }
    return true;
}

bool spool_finish(struct spool *s)
{
    if (s->bytes == 0)
        return true; /* an empty message needs no memory */
    return flush(s) && memfd_seal(s->fd);
}
