/* What an input held as bytes: from a worker to its parent, and as what a digest is made of. */
#ifndef MP_FEEDBACK_ITEM_WIRE_H
#define MP_FEEDBACK_ITEM_WIRE_H

#include "base/buf.h"
#include "feedback/report.h"

void feedback_item_pack(struct buf *out, const struct feedback_item *item);
void feedback_content_pack(struct buf *out, const struct feedback_content *content);

/* Each count, word and length is checked: a worker may have been taken over. Texts are views into
 * `bytes`, lists in the arena; texts are UTF-8. MP_E_SYNTAX, MP_E_NOMEM. */
int feedback_content_unpack(struct arena *arena, struct str bytes, struct feedback_content *out,
                            struct mp_err *err);

/* One row, and a policy: what the store keeps of mail seen. Unpacked as above. */
void dmarc_row_pack(struct buf *out, const struct dmarc_row *row);
int dmarc_row_unpack(struct arena *arena, struct str bytes, struct dmarc_row *out,
                     struct mp_err *err);
void dmarc_published_pack(struct buf *out, const struct dmarc_published *published);
int dmarc_published_unpack(struct arena *arena, struct str bytes, struct dmarc_published *out,
                           struct mp_err *err);

#endif
