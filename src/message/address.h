/* Address lists of header fields (RFC 5322 3.4 with 4.4, RFC 6532, RFC 6854) and SMTP paths. */
#ifndef MP_MESSAGE_ADDRESS_H
#define MP_MESSAGE_ADDRESS_H

#include "base/arena.h"

/* One mailbox. Views point into the value or the arena. */
struct mailbox {
    struct str display; /* phrase as written, quotes and encoded words kept; empty when none */
    struct str local;   /* unquoted when it was quoted; may hold any byte */
    struct str domain;  /* CFWS taken out, as written otherwise (U-labels stay); "[...]" literal */
    struct str comment; /* text of the last comment, without parentheses */
    struct str group;   /* display name of the group it stands in */
    size_t offset, length; /* of the whole mailbox in the value */
    bool local_quoted, domain_is_literal, has_route;
    bool null_address; /* "<>" */
};

enum address_status {
    ADDRESS_OK,      /* a list by the grammar, obsolete forms included */
    ADDRESS_EMPTY,   /* nothing but CFWS, empty groups or "<>" */
    ADDRESS_INVALID, /* not the grammar: `bad_offset` and `reason` tell; mailboxes found before stay
                      */
    ADDRESS_LIMIT    /* ADDRESS_MAX_MAILBOXES or memory: the rest was not read */
};

struct address_list {
    enum address_status status;
    struct mailbox *items;
    size_t n;
    unsigned groups;
    size_t bad_offset;
    const char *reason;           /* static text */
    bool encoded_word_as_address; /* an encoded word stands where an addr-spec must */
    bool obsolete;                /* routes, CFWS around dots, empty list elements */
};

/* Linear time, no recursion, comments counted not stacked. Any bytes. */
void address_parse(struct arena *arena, struct str value, struct address_list *out);

/* The argument of MAIL FROM or RCPT TO without parameters, with or without angle brackets
 * (RFC 5321 4.1.2, RFC 6531): strict; a source route is accepted in angle brackets and dropped.
 * False: not a path. "<>" and "" give *null_path with empty parts. */
bool smtp_path_parse(struct arena *arena, struct str path, struct mailbox *out, bool *null_path);

#endif
