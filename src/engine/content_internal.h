/* What the files of the content stage share. */
#ifndef MP_ENGINE_CONTENT_INTERNAL_H
#define MP_ENGINE_CONTENT_INTERNAL_H

#include "engine/job.h"

int content_no_memory(struct mp_err *err);
struct content content_of_job(struct job *job);
/* Room for so many objects more among those found. MP_OK or MP_E_NOMEM. */
int content_make_room(struct job *job, size_t more, struct mp_err *err);

/* Is it a mail of its own? Then its payloads are objects too, checked as payloads; what was found
 * in it stands at the place of objects[index]. MP_OK, also when a limit left it closed (told), or
 * MP_E_NOMEM. */
bool content_is_mail(const struct content_object *o);
int content_open_mail(struct job *job, size_t index, struct mp_err *err);

#endif
