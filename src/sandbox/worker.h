/* The other side: what the worker's program calls. */
#ifndef MP_SANDBOX_WORKER_H
#define MP_SANDBOX_WORKER_H

#include "base/err.h"
#include "content/content.h"

enum { SANDBOX_WORKER_FD = 3 }; /* its only way out: to the parent */

struct sandbox_worker {
    /* Load data and let libraries load theirs (tables, locales, converters): the last chance to
     * open a file. *lists is handed to every inspection. May be NULL. */
    int (*load)(void *data, const struct content_lists **lists, struct mp_err *err);
    /* Inspect c->report->objects[0]: content_inspect and the like. Called in a locked worker; what
     * it changes in `data` stays in that worker. A status other than MP_OK tells why it is not
     * whole: MP_E_NOMEM, MP_E_LIMIT; what was found until then is kept. */
    int (*inspect)(void *data, struct content *c, struct mp_err *err);
    void *data; /* of both */
};

/* The zygote: reads its limits from the parent, loads, locks itself and forks workers until the
 * parent goes. Standard input is not read. Returns an exit code: 0, or 2 when SANDBOX_WORKER_FD
 * is no socket of a parent. Must be called while the process has one thread. */
int sandbox_worker_main(const struct sandbox_worker *w);

#endif
