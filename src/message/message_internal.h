/* What message.c and message_scan.c share. */
#ifndef MP_MESSAGE_MESSAGE_INTERNAL_H
#define MP_MESSAGE_MESSAGE_INTERNAL_H

#include "message/message.h"

void message_note(struct message *m, enum anomaly a, size_t offset);

/* Note the anomalies that single bytes and line lengths show, in head and body. */
void message_scan(struct message *m);

/* Lines as a reader sees them that takes CRLF, CR and LF alike as line end. False at the end. */
bool lenient_line(struct str text, size_t *pos, struct str *line);

#endif
