/* Synthetic messages for tests: good, spoofed, broken, hostile; the same bytes for the same seed.
 */
#ifndef MP_FORGE_FORGE_H
#define MP_FORGE_FORGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/key.h"

enum {
    FORGE_MAX_BYTES = 64 << 20,  /* of a message, of an attachment */
    FORGE_MAX_LINE_BYTES = 2000, /* of an address or a subject in the options */
    FORGE_MAX_TAG_BYTES = 128,
    FORGE_MAX_DEPTH = 50 /* of archives in archives */
};

struct forge_options {   /* borrowed; empty: a sensible default below example.org */
    struct str from, to; /* the victim's address for spoofs; the recipient */
    struct str attacker; /* domain that the spoofing kinds send from */
    struct str subject, body;
    struct str tag;                   /* X-Mailproof-Tag, Message-ID and subject; empty: none */
    const struct private_key *key;    /* signs; NULL: unsigned where the kind allows it */
    struct str selector, sign_domain; /* sign_domain empty: that of `from` */
    const struct private_key *attacker_key; /* for kinds that sign as somebody else */
    struct str attacker_selector;
    struct str authserv_id; /* the receiver's name in forged results; empty: mx.DOMAIN of `to` */
    uint64_t seed;
    int64_t now_s;
};

struct forge_kind {
    const char *name;    /* "good", "two-from", "dkim-expired", "macro", "eicar" */
    const char *group;   /* "good", "spoof", "envelope", "from", "signature", "authres", "phish",
                            "malware", "structure" */
    const char *summary; /* one sentence */
    /* What a right receiver says, terms with a space between: spf= dkim= dmarc= arc= with words of
     * the RFCs, author= victim, attacker, lookalike, homograph or none, finding=ID, part=TYPE,
     * file=NAME; "a|b": one of both. */
    const char *expect;
    bool needs_key, needs_attacker_key;
};
extern const struct forge_kind forge_kinds[];
extern const size_t n_forge_kinds;
const struct forge_kind *forge_kind_by_name(struct str name); /* NULL: none */

/* Sent from a host of the victim's domain, as good mail is, or else from the attacker's. */
bool forge_kind_from_victim(const struct forge_kind *kind);

/* The envelope that goes with it. */
struct forge_envelope {
    struct str mail_from, helo; /* in the arena; mail_from empty: <> */
};
/* Appends the message with CRLF line ends. MP_E_USAGE: an option the kind needs is missing. */
int forge_make(struct arena *a, const struct forge_kind *kind, const struct forge_options *o,
               struct buf *out, struct forge_envelope *envelope, struct mp_err *err);

struct str forge_default_to(void); /* the recipient when the options name none */

/* Zone-file lines under which every kind gets the answer of its `expect`: SPF, DKIM and DMARC of
 * the victim (p=reject) and of the attacker (p=none), who send from `victim_ip` and
 * `attacker_ip`. MP_E_USAGE: no address. */
int forge_zone(const struct forge_options *o, struct str victim_ip, struct str attacker_ip,
               struct buf *out, struct mp_err *err);

/* An attachment by itself: "eicar", "macro" (docm), "nested-zip" (three deep) or "nested-zip:N",
 * ... with a file name and type, in the arena. MP_E_USAGE: there is no such kind (the text lists
 * them). */
struct forge_attachment {
    struct str name, type, bytes;
};
int forge_attachment(struct arena *a, struct str kind, uint64_t seed, struct forge_attachment *out,
                     struct mp_err *err);

#endif
