/* What goes to a worker and what comes back, as bytes. Both sides read the other as hostile: the
 * worker's answer may be written by whoever took the worker over.
 *
 *   request   head, limits, budget, passwords, the object; its bytes stand behind the frame, and
 *             those of the picture before it
 *   report    head, status, budget left, objects, findings, links, texts; the members' bytes
 *             behind the frame, one after the other in the order of the objects
 *
 * Frames belong to one build: both processes are the same program (or say so: parcel_build), so
 * findings and kinds are sent as numbers, and checked. */
#ifndef MP_SANDBOX_FRAME_H
#define MP_SANDBOX_FRAME_H

#include "base/buf.h"
#include "base/err.h"
#include "content/content.h"

enum {
    FRAME_MAX_BYTES = 16 * 1024 * 1024,
    FRAME_MAX_OBJECTS = 65536,
    FRAME_MAX_NAMES = 64,         /* forms of one object's name */
    FRAME_MAX_PART_BYTES = 1024,  /* "1.2.3": MIME_UNION_MAX_DEPTH numbers */
    FRAME_MAX_WORD_BYTES = 4096,  /* a type, a disposition */
    FRAME_MAX_PATH_BYTES = 131072 /* names of archives and of a member, made printable */
};

/* ---- request: written by the parent, read by the worker ---- */

/* c->report->objects[object] and what an inspection of it needs, without its bytes.
 * MP_E_LIMIT: something is longer than the maxima above. */
int frame_request_write(struct buf *out, const struct content *c, size_t object,
                        struct mp_err *err);

/* What the worker inspects: `content` points into the rest. */
struct frame_request {
    struct content content;
    struct content_limits limits;
    struct content_budget budget;
    struct content_report report; /* objects[0] is what was asked for */
};

/* Borrows: `frame` and `bytes` (the object's, then those before it) must outlive *out. Its arena is
 * `arena`. MP_E_SYNTAX: not a request; MP_E_NOMEM. */
int frame_request_read(struct arena *arena, struct str frame, struct str bytes,
                       struct frame_request *out, struct mp_err *err);

/* ---- report: written by the worker, read by the parent ---- */

/* Members that share their bytes (twin names in an archive) are sent with one copy of them:
 * same[i] is the object whose bytes objects[i] has, 0 when it has its own or none. In c->arena;
 * MP_E_NOMEM. O(n log n). */
int frame_report_plan(const struct content *c, const uint32_t **same, struct mp_err *err);

/* Of `c`, the inspection of whose objects[0] ended with `status` and `reason`. The caller puts
 * behind it the bytes of each object after the first that has some of its own, frame_report_bytes
 * in all. MP_E_LIMIT: the frame would be longer than FRAME_MAX_BYTES. */
int frame_report_write(struct buf *out, const struct content *c, const uint32_t *same, int status,
                       struct str reason, struct mp_err *err);
struct str frame_report_own(const struct content *c, const uint32_t *same, size_t object);
uint64_t frame_report_bytes(const struct content *c, const uint32_t *same);

struct frame_answer {
    int status;        /* enum mp_status of the inspection */
    struct str reason; /* printable */
    size_t n_objects;  /* that were appended */
};

/* Append what was found to c->report: members of objects[object], findings of its part, and spend
 * c->budget. `sent` is the budget that went with the request. Checked: every index, number and
 * length; findings are of the groups a worker may raise, at places inside the object; text is made
 * printable again; sha256 is computed here.
 * Borrows: `frame` and `bytes` must be private copies that live as long as c->arena.
 * MP_E_SYNTAX, MP_E_NOMEM, MP_E_CRYPTO: c->report is as it was. */
int frame_report_read(struct str frame, struct str bytes, const struct content_budget *sent,
                      struct content *c, size_t object, struct frame_answer *out,
                      struct mp_err *err);

#endif
