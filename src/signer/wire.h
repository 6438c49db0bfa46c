/* The two requests to the process that keeps the private keys, and their answers, as frames. */
#ifndef MP_SIGNER_WIRE_H
#define MP_SIGNER_WIRE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/digest.h"
#include "crypto/key.h"

enum {
    SIGNER_MAX_FRAME_BYTES = 32 * 1024,
    SIGNER_MAX_PAGE = 128, /* keys in one answer to LIST */
    SIGNER_HASH_BYTES = 32,
    SIGNER_MAX_SIGNATURE_BYTES = 512 /* of RSA with 4096 bits */
};

struct signer_key_info {
    struct str name;
    enum key_type type;
    unsigned bits;
    unsigned char public_sha256[SIGNER_HASH_BYTES]; /* of the octets that p= of the record has */
};

/* In a list sorted by name. NULL: there is none of that name. */
const struct signer_key_info *signer_info_of(const struct signer_key_info *keys, size_t n,
                                             struct str name);

enum signer_ask { SIGNER_LIST, SIGNER_SIGN, SIGNER_ASKS };

struct signer_request {
    uint64_t number; /* comes back in the answer */
    enum signer_ask ask;
    uint32_t first;    /* LIST: keys before it are left out */
    struct str key;    /* SIGN */
    struct str sha256; /* SIGN: 32 octets */
};

enum signer_answer_status { SIGNER_OK, SIGNER_NO_SUCH_KEY, SIGNER_FAILED, SIGNER_STATUSES };

struct signer_answer {
    uint64_t number;
    enum signer_ask ask;
    enum signer_answer_status status;
    uint32_t total;               /* LIST: keys in all ... */
    struct signer_key_info *keys; /* ... and a page of them */
    size_t n_keys;
    struct str signature; /* SIGN */
};

void signer_request_write(struct buf *out, const struct signer_request *r);
void signer_answer_write(struct buf *out, const struct signer_answer *a);
/* Views into the frame. MP_OK; MP_E_SYNTAX: not such a frame, in words. */
int signer_request_read(struct str frame, struct signer_request *out, struct mp_err *err);
/* The same, the page in `arena`; MP_E_NOMEM. */
int signer_answer_read(struct arena *arena, struct str frame, struct signer_answer *out,
                       struct mp_err *err);

#endif
