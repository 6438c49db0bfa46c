/* ARC fields read and judged one by one, before anything is said about the chain. */
#ifndef MP_AUTH_ARC_INTERNAL_H
#define MP_AUTH_ARC_INTERNAL_H

#include "auth/arc.h"
#include "auth/tag_list.h"

enum arc_kind { ARC_AAR, ARC_AMS, ARC_SEAL, ARC_KINDS };
struct str arc_field_name(enum arc_kind kind);

/* One ARC field. The part from `type` on is filled by arc_signature_read. */
struct arc_field {
    const struct header *h;
    unsigned instance;    /* 1..ARC_MAX_INSTANCES */
    struct str payload;   /* AAR: what stands behind "i=n;" */
    struct tag_list tags; /* AMS, AS */

    enum key_type type;
    struct str domain, selector; /* A-labels, lower case */
    struct str signature;        /* decoded b= */
    const struct tag *b;
    const struct dns_answer *key; /* TXT at selector._domainkey.domain */

    enum canon header_canon, body_canon; /* AMS only, from here */
    struct str body_hash, header_names;
    uint64_t length; /* l=; UINT64_MAX without */
};

/* The instance of a field (RFC 8617 4.1, 4.2.1), nothing else. False: *why (static text). */
bool arc_field_read(struct arena *arena, enum arc_kind kind, const struct header *h,
                    struct arc_field *out, const char **why);

/* The tags of an AMS or AS (RFC 8617 4.1.2, 4.1.3). False: *why. */
bool arc_signature_read(const struct auth_ctx *ctx, enum arc_kind kind, struct arc_field *f,
                        const char **why);

/* A name that h= of an AMS must not list: "ARC-Seal" (RFC 8617 4.1.2). */
bool arc_must_not_sign(struct str name);

#endif
