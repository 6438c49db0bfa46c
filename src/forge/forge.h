/* Synthetic messages for tests: good, spoofed, broken, hostile; the same bytes for the same seed.
 */
#ifndef MP_FORGE_FORGE_H
#define MP_FORGE_FORGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/key.h"

enum { FORGE_MAX_BYTES = 64 << 20 };

struct forge_options {   /* borrowed; empty: a sensible default below example.org */
    struct str from, to; /* the victim's address for spoofs; the recipient */
    struct str attacker; /* domain that the spoofing kinds send from */
    struct str subject, body;
    struct str tag;                   /* X-Mailproof-Tag, Message-ID and subject; empty: none */
    const struct private_key *key;    /* signs; NULL: unsigned where the kind allows it */
    struct str selector, sign_domain; /* sign_domain empty: that of `from` */
    const struct private_key *attacker_key; /* for kinds that sign as somebody else */
    struct str attacker_selector;
    uint64_t seed;
    int64_t now_s;
};

struct forge_kind {
    const char *name;    /* "good", "two-from", "dkim-expired", "macro", "eicar" */
    const char *group;   /* "good", "spoof", "signature", "phish", "malware", "structure" */
    const char *summary; /* one sentence */
    const char *expect;  /* what a right receiver says: "dmarc=fail", "" */
    bool needs_key, needs_attacker_key;
};
extern const struct forge_kind forge_kinds[];
extern const size_t n_forge_kinds;
const struct forge_kind *forge_kind_by_name(struct str name); /* NULL: none */

/* The envelope that goes with it. */
struct forge_envelope {
    struct str mail_from, helo; /* in the arena; mail_from empty: <> */
};
/* Appends the message with CRLF line ends. MP_E_USAGE: an option the kind needs is missing. */
int forge_make(struct arena *a, const struct forge_kind *kind, const struct forge_options *o,
               struct buf *out, struct forge_envelope *envelope, struct mp_err *err);

/* An attachment by itself: "eicar", "macro" (docm), "nested-zip", ... with a file name and type. */
struct forge_attachment {
    struct str name, type, bytes;
};
int forge_attachment(struct arena *a, struct str kind, uint64_t seed, struct forge_attachment *out,
                     struct mp_err *err);

#endif
