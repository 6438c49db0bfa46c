/* The envelope of a stored message, as its own trace fields tell it. */
#ifndef MP_RUN_ENVELOPE_H
#define MP_RUN_ENVELOPE_H

#include "engine/job.h"

/* Fill what `out` lacks: client address and HELO name from the topmost Received field whose sender
 * has a public address (fields of one's own internal hops stand above it), the reverse-path from
 * the topmost Return-Path (RFC 5321 4.4). Only for mail that one's own servers received: a
 * stranger can write such fields too, below. Views into the message or the arena. */
void envelope_from_headers(struct arena *arena, const struct message *msg, struct envelope *out);

/* Time of the topmost Received field that has one. False: none. */
bool envelope_received_time(const struct message *msg, int64_t *unix_s);

#endif
