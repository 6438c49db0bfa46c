/* Messages from where people keep them: files, directories, mbox, Maildir, standard input, a batch
 * list, recorded worlds. */
#ifndef MP_RUN_INPUT_H
#define MP_RUN_INPUT_H

#include <stdio.h>

#include "engine/job.h"
#include "run/world.h"

enum input_form { INPUT_AUTO, INPUT_MESSAGE, INPUT_MBOX };

enum { INPUT_MAX_PATHS = 10 * 1000 * 1000, BATCH_LINE_MAX_BYTES = 1024 * 1024 };

/* One message, or why it could not be read. Zero-initialise once; input_next clears it. */
struct input {
    struct arena arena; /* owns what follows */
    struct buf bytes;
    struct str label;  /* path, "path:3" for the third message of an mbox, "-" */
    bool has_envelope; /* from a batch line or a world: use it as it is */
    struct envelope envelope;
    bool has_time;
    int64_t time_s;
    struct world *world; /* NULL unless it is one */
    bool failed;
    struct mp_err err;
};
void input_clear(struct input *in);

struct inputs;

/* `paths`: files, directories (walked, sorted by name; `tmp` of a Maildir is left out), "-" for
 * standard input. Nothing is opened yet but directories: a path that cannot be read becomes a
 * failed input. MP_E_NOMEM, MP_E_LIMIT (INPUT_MAX_PATHS). */
int inputs_new(const char *const *paths, size_t n, enum input_form form, struct inputs **out,
               struct mp_err *err);

/* A batch: one JSON object a line, `{"file","ip","helo","mail_from","rcpt_to","time"}`; `path` "-"
 * is standard input. A broken line becomes a failed input. MP_E_IO when it cannot be opened. */
int inputs_batch(const char *path, struct inputs **out, struct mp_err *err);
void inputs_free(struct inputs *in);

/* The next one; false at the end. Order is that of the arguments. Not for two threads at once. */
bool inputs_next(struct inputs *in, struct input *out);

/* How many files there are (an mbox counts once); 0 when not known. */
size_t inputs_files(const struct inputs *in);
/* Is exactly one message to be expected: one file that is no mbox and no directory? */
bool inputs_single(struct inputs *in);

#endif
