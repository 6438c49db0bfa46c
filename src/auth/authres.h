/* Authentication-Results (RFC 8601): parse, write, and strip what strangers forged. */
#ifndef MP_AUTH_AUTHRES_H
#define MP_AUTH_AUTHRES_H

#include "auth/dmarc.h"

struct authres_prop {
    struct str ptype, property, value; /* ptype and property lower case; value unquoted */
};

struct authres_result {
    struct str method, result,
        reason;         /* method and result lower case; reason p == NULL if absent */
    struct str version; /* method version; p == NULL if absent */
    struct authres_prop *props;
    size_t n_props;
};

struct authres {
    struct str authserv_id, version; /* version p == NULL if absent */
    struct authres_result *results;  /* n == 0 for "none" */
    size_t n;
};

/* Strict grammar of RFC 8601 2.2 with CFWS everywhere it is allowed (N48). False: refuse the whole
 * field; *reason (static text) tells. A version other than 1 parses; the consumer must ignore it.
 * Linear time, no recursion, no fixed count. */
bool authres_parse(struct arena *arena, struct str value, struct authres *out, const char **reason);

/* The same for what a sealer we trust has sealed: words that are no property ("dmarc=pass
 * action=none header.from=...", as Microsoft writes) are passed over. */
bool authres_parse_sealed(struct arena *arena, struct str value, struct authres *out,
                          const char **reason);

/* Does this field claim to come from `authserv_id`? Judged on the first word of the value after
 * CFWS, quotes, case, IDNA and trailing-dot folding, however broken the rest is (N46). */
bool authres_claims(struct arena *arena, struct str value, struct str authserv_id);

/* Indexes (descending) of the fields a border filter must remove: every Authentication-Results
 * that claims to be ours. *n of them in the arena. MP_OK or MP_E_NOMEM. */
int authres_forged(struct arena *arena, const struct message *msg, struct str authserv_id,
                   const struct header ***fields, size_t *n, struct mp_err *err);
/* Adds forged-authres findings. */
void authres_findings(struct auth_ctx *ctx);

struct authres_input {
    struct str authserv_id;
    const struct spf_request *spf_request;
    const struct spf_outcome *spf; /* NULL: not checked */
    const struct dkim_outcome *dkim;
    const struct arc_outcome *arc;
    const struct dmarc_outcome *dmarc;
};

/* Field body: "id; spf=pass smtp.mailfrom=...;\r\n\tdkim=..." every value as token or
 * quoted-string, never raw (N47); folded. The second form leaves the id out, for an AAR. */
void authres_write(struct buf *out, const struct authres_input *in);
void authres_write_results(struct buf *out, const struct authres_input *in);

/* A value that a parser of ours reads back to the same bytes: token if it is one, otherwise a
 * quoted-string with CR, LF, NUL and other controls replaced by '?'. */
void authres_write_value(struct buf *out, struct str value);

#endif
