/* What the readers of RFC 8601 and RFC 8617 values share: comments, folds, and the two words. */
#ifndef MP_AUTH_AUTHRES_INTERNAL_H
#define MP_AUTH_AUTHRES_INTERNAL_H

#include "base/str.h"

/* Move *at over CFWS (RFC 5322 3.2.2). Strict: CRLF only before SP or HTAB, comments nest and must
 * close, no control inside. False: *why (static text) tells, *at stands at the bad byte. */
bool authres_skip_cfws(struct str s, size_t *at, const char **why);

/* A byte of a MIME token (RFC 2045 5.1), or of UTF-8 (RFC 8601 2.2 with RFC 6532). */
bool is_token_byte(char c);

/* A byte of an unquoted pvalue: what a token, a dot-atom, a domain or an address literal may hold.
 * Not ()<>,;\" and not white space, so it cannot hide structure. */
bool is_pvalue_byte(char c);

#endif
