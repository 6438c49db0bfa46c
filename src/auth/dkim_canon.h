/* Canonicalization and hashing of headers and bodies (RFC 6376 3.4, 3.7; used by DKIM and ARC). */
#ifndef MP_AUTH_DKIM_CANON_H
#define MP_AUTH_DKIM_CANON_H

#include "base/buf.h"
#include "crypto/digest.h"
#include "message/message.h"

enum canon { CANON_SIMPLE, CANON_RELAXED };

/* "relaxed/simple" -> two, in any case; a missing body part is simple. False: unknown word. */
bool canon_parse(struct str c_tag, enum canon *header, enum canon *body);
const char *canon_name(enum canon c);

/* ---- body ---- */

/* Feeds a body piece by piece into a hash; any chunking gives the same digest. Simple is hashed
 * where it stands, relaxed goes through `block`. */
struct body_hasher {
    struct digest digest;
    enum canon canon;
    uint64_t limit;            /* l=; UINT64_MAX for none: canonical bytes beyond are not hashed */
    uint64_t canonical_bytes;  /* counted, also beyond the limit */
    uint64_t pending_newlines; /* trailing empty lines held back */
    bool pending_cr;           /* after them a CR that may begin one more */
    enum { SPACE_NONE, SPACE_SEEN, SPACE_THEN_CR } space; /* relaxed: white space held back */
    size_t used;                                          /* of block */
    unsigned char block[8 * 1024];
};

bool body_hasher_start(struct body_hasher *h, enum canon canon, enum digest_alg alg,
                       uint64_t limit);
void body_hasher_update(struct body_hasher *h, struct str bytes);
bool body_hasher_final(struct body_hasher *h, unsigned char out[DIGEST_MAX_BYTES]);
void body_hasher_cancel(struct body_hasher *h); /* instead of final: gives the hash back */

/* Each distinct (canon, algorithm, limit) of one message's body is hashed once (auth.md C 2). */
struct body_hashes;
struct body_hashes *body_hashes_new(struct arena *arena, struct str body);
/* False: hashing failed or more than BODY_HASHES_MAX distinct ones were asked.
 * *canonical_bytes is the length of the whole canonical body. */
enum { BODY_HASHES_MAX = 16 };
bool body_hash_get(struct body_hashes *b, enum canon canon, enum digest_alg alg, uint64_t limit,
                   struct str *digest, uint64_t *canonical_bytes);

/* ---- header ---- */

/* Hash one field in canonical form with its CRLF. */
void header_hash(struct digest *d, const struct header *h, enum canon canon);

/* Hash the signature field itself: the value of the tag `b` (exactly that tag) emptied, no final
 * CRLF (RFC 6376 3.7). `b_offset`, `b_length`: place of that value in h->value. */
void header_hash_without_b(struct digest *d, const struct header *h, enum canon canon,
                           size_t b_offset, size_t b_length);

/* Canonical form of a field written to a buffer (for signing and for people). */
void header_canon_write(struct buf *out, struct str name, struct str value, enum canon canon);

/* Which fields an h= list selects: bottom-up, each name once per instance, surplus names select
 * nothing (N25). Calls go in the order of h=; NULL when exhausted for that name. */
struct header_selector;
struct header_selector *header_selector_new(struct arena *arena, const struct message *m);
const struct header *header_select(struct header_selector *s, struct str name);

#endif
