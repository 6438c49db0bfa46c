/* One line of a batch list. */
#ifndef MP_RUN_BATCH_H
#define MP_RUN_BATCH_H

#include "engine/job.h"

enum { BATCH_MAX_RCPTS = 1000 };

struct batch_entry {
    struct str file; /* NUL-terminated in the arena; relative to the working directory */
    struct envelope envelope;
    bool has_time;
    int64_t time_s;
};

/* `{"file":"a.eml","ip":"192.0.2.1","helo":"h","mail_from":"a@b","rcpt_to":["c@d"],"time":1}`; only
 * `file` must be there; `time` is Unix seconds; an unknown key is an error. False: *err tells file,
 * line, column and reason. */
bool batch_parse(struct arena *arena, struct str line, const char *path, unsigned number,
                 struct batch_entry *out, struct mp_err *err);

#endif
