/* Shared by the files of the stage. */
#ifndef MP_ENGINE_INTEL_INTERNAL_H
#define MP_ENGINE_INTEL_INTERNAL_H

#include "base/err.h"

struct job;

/* All that is looked up, into job->intel.items: the client, people, files, links, in this order,
 * so that a mail of very many links cannot hide the others. MP_OK or MP_E_NOMEM. */
int intel_items_read(struct job *job, struct mp_err *err);
/* What of it DNS lists are asked, into job->intel.listed. MP_OK or MP_E_NOMEM. */
int intel_list_facts(struct job *job, struct mp_err *err);

#endif
