/* Numbers and strings between two processes of one machine: a cursor that remembers its first
 * mistake, so that a reader asks once, at the end. Little endian, no padding. */
#ifndef MP_BASE_WIRE_H
#define MP_BASE_WIRE_H

#include "base/buf.h"

struct wire_in {
    struct str left;
    const char *bad; /* static: the first thing that was wrong; NULL: nothing so far */
    bool starved;    /* what was wrong is our memory, not the frame */
};

/* If not, that is what is wrong, unless something was before: reads give 0 and empty from then on.
 */
void wire_expect(struct wire_in *in, bool holds, const char *what);
/* Memory for what was read: is it there? */
void wire_expect_memory(struct wire_in *in, bool is_there);

uint64_t wire_get_u64(struct wire_in *in, uint64_t max, const char *what);
uint32_t wire_get_u32(struct wire_in *in, uint32_t max, const char *what);
bool wire_get_bool(struct wire_in *in, const char *what); /* 0 or 1, nothing else */
/* A length and as many bytes: a view into the frame. */
struct str wire_get_str(struct wire_in *in, size_t max_bytes, const char *what);
/* Exactly `n` bytes without a length. p == NULL when they are not there. */
struct str wire_get_bytes(struct wire_in *in, size_t n, const char *what);
/* A number of things that take at least `each_bytes` of what is left. */
uint32_t wire_get_count(struct wire_in *in, uint32_t max, size_t each_bytes, const char *what);

void wire_put_u64(struct buf *out, uint64_t v);
void wire_put_u32(struct buf *out, uint32_t v);
void wire_put_bool(struct buf *out, bool v);
void wire_put_str(struct buf *out, struct str s);

#endif
