/* Pieces of frames that both directions share. */
#ifndef MP_SANDBOX_FRAME_INTERNAL_H
#define MP_SANDBOX_FRAME_INTERNAL_H

#include "base/wire.h"
#include "sandbox/frame.h"

enum frame_type { FRAME_REQUEST = 0x7172706d, FRAME_REPORT = 0x7072706d }; /* "mprq", "mprp" */
enum {
    FRAME_HEAD_BYTES = 8,
    FRAME_OBJECT_MIN_BYTES = 79 /* 83 in reports */,
    FRAME_NAME_MIN_BYTES = 16
};

/* Type and length of the whole frame; the length is filled in at the end. */
void frame_begin(struct buf *out, enum frame_type type);
int frame_end(struct buf *out, struct mp_err *err);
/* Its head is right and tells exactly frame.n: the cursor behind it. */
struct wire_in frame_open(struct str frame, enum frame_type type);
/* Nothing may be left. MP_OK, or MP_E_SYNTAX with the first mistake. */
int frame_close(struct wire_in *in, const char *whose, struct mp_err *err);

void frame_put_budget(struct buf *out, const struct content_budget *b);
struct content_budget frame_get_budget(struct wire_in *in);

/* All of an object but its part, bytes and sha256; the length of its bytes goes with it. */
void frame_put_object(struct buf *out, const struct content_object *o);
/* Views into the frame, names in `arena`; *bytes_n is what follows the frame for it. */
struct content_object frame_get_object(struct wire_in *in, struct arena *arena, uint64_t *bytes_n);

/* Links and texts of a report, of objects among the `n_objects` of the frame. Reading: lists in
 * `arena`, views into the frame. */
void frame_put_found(struct buf *out, const struct content_report *r);
void frame_get_found(struct wire_in *in, struct arena *arena, size_t n_objects,
                     struct content_report *out);

#endif
