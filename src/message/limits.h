/* Every limit of the message room, with the reason for its size. */
#ifndef MP_MESSAGE_LIMITS_H
#define MP_MESSAGE_LIMITS_H

enum {
    MESSAGE_MAX_BYTES = 150 * 1024 * 1024,     /* above it a message is refused whole */
    MESSAGE_MAX_HEAD_BYTES = 16 * 1024 * 1024, /* real heads stay below 64 KiB */
    MESSAGE_MAX_FIELDS = 100000,               /* 30,000 seen in attacks: parsed in full */
    ADDRESS_MAX_MAILBOXES = 1000,              /* per field */
    ADDRESS_MAX_COMMENT_DEPTH = 100000,        /* a counter, not a stack */
    MIME_MAX_PARTS = 2000,
    MIME_MAX_DEPTH = 40,
    MIME_MAX_PARAMS = 64, /* per field */
    RECEIVED_MAX_FIELDS = 200,
    ENCODED_WORD_MAX_BYTES = 64 * 1024, /* decoded text of one field */
};

#endif
