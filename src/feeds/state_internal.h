/* The form of a feed's state, apart from where it lies: for its test and its fuzz target. */
#ifndef MP_FEEDS_STATE_INTERNAL_H
#define MP_FEEDS_STATE_INTERNAL_H

#include "feeds/state.h"

/* Views into the file. False: broken in any way, or another feed's. */
bool feed_state_parse(struct str file, struct str name, struct feed_state *out);
/* What cannot be read again is left out: a text with a control, a negative number. */
void feed_state_write(struct buf *out, struct str name, const struct feed_state *state);

#endif
