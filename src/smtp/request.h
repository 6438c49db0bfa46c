/* A command line as a server reads it: verb, path, parameters, and what to answer to a wrong one
 * (RFC 5321 4.1, RFC 6531, RFC 1870, RFC 3030, RFC 3461, RFC 4954, RFC 2033). */
#ifndef MP_SMTP_REQUEST_H
#define MP_SMTP_REQUEST_H

#include "smtp/command.h"

enum {
    SMTP_LOCAL_MAX_OCTETS = 64,   /* RFC 5321 4.5.3.1.1 */
    SMTP_DOMAIN_MAX_OCTETS = 255, /* 4.5.3.1.2 */
    SMTP_PATH_MAX_OCTETS = 1024,  /* 4.5.3.1.3 says 256 and "as long as possible": routes, UTF-8 */
    SMTP_XCLIENT_MAX_ATTRIBUTES = 20,
    SMTP_ENVID_MAX_OCTETS = 100, /* RFC 3461 4.4 */
    SMTP_ORCPT_MAX_OCTETS = 500  /* RFC 3461 4.2 */
};

enum smtp_verb {
    SMTP_HELO,
    SMTP_EHLO,
    SMTP_LHLO,
    SMTP_MAIL,
    SMTP_RCPT,
    SMTP_DATA,
    SMTP_BDAT,
    SMTP_RSET,
    SMTP_NOOP,
    SMTP_QUIT,
    SMTP_VRFY,
    SMTP_EXPN,
    SMTP_HELP,
    SMTP_STARTTLS,
    SMTP_AUTH,
    SMTP_XCLIENT,
    SMTP_VERB_UNKNOWN
};
const char *smtp_verb_name(enum smtp_verb v); /* "MAIL"; "?" for an unknown one */

/* What stands between < >. Views into the line. */
struct smtp_path {
    struct str route;     /* "@a,@b", without its colon: accepted and ignored (RFC 5321 4.1.1.3) */
    struct str mailbox;   /* as written, without the route; empty: the null path */
    struct str local;     /* as written, quotes kept */
    struct str domain;    /* as written; empty: <Postmaster>, the null path */
    bool quoted, literal; /* quoted local part, "[...]" as domain */
    bool utf8;            /* a byte above 127: needs SMTPUTF8 */
};

struct smtp_param {
    struct str name, value; /* value.p NULL: none was given */
};

/* What is offered here and now: parameters of other extensions are refused. */
struct smtp_offer {
    bool extended; /* behind EHLO or LHLO; false: HELO, no parameters at all */
    bool requiretls, xclient;
    uint64_t max_bytes; /* SIZE above it is told in too_big */
};

/* One line, read. Only what belongs to its verb is set. */
struct smtp_request {
    enum smtp_verb verb;
    struct str verb_text, argument; /* as written, argument trimmed */

    struct smtp_path path;     /* MAIL, RCPT */
    struct str params_text;    /* all parameters as written */
    uint64_t size_bytes;       /* MAIL SIZE=; 0: not told */
    bool too_big;              /* above offer.max_bytes */
    enum smtp_body body;       /* MAIL BODY= */
    bool smtputf8, requiretls; /* MAIL */
    struct str envid, ret;     /* MAIL, as written */
    struct str notify, orcpt;  /* RCPT, as written */

    struct str mechanism, initial; /* AUTH; initial as written: base64 or "=" */
    bool has_initial;

    uint64_t chunk_bytes; /* BDAT */
    bool last;

    struct smtp_param attributes[SMTP_XCLIENT_MAX_ATTRIBUTES]; /* XCLIENT, values as xtext */
    size_t n_attributes;
};

/* The answer to a line that breaks the grammar; static text. */
struct smtp_refusal {
    unsigned code;
    const char *enhanced; /* "5.5.4" */
    const char *text;
};

/* `line` without its line end. False: *why says what to answer (500, 501, 504, 552, 553, 555), and
 * out->verb is set. Whether the verb may come now is not its business. */
bool smtp_request_parse(struct str line, const struct smtp_offer *offer, struct smtp_request *out,
                        struct smtp_refusal *why);

/* A path, strict: with < >, nothing behind. False: *why is static text. `null_allowed`: <>;
 * `bare_postmaster`: <Postmaster>. */
bool smtp_path_read(struct str text, bool null_allowed, bool bare_postmaster, struct smtp_path *out,
                    const char **why);

/* Domain or address literal of EHLO (RFC 5321 4.1.3, RFC 6531 for U-labels): lenient towards
 * underscores and a final dot, which real clients send. */
bool smtp_helo_ok(struct str name);

/* xtext (RFC 3461 4) decoded into the arena; p == NULL: broken, or no memory. */
struct str smtp_read_xtext(struct arena *a, struct str s);

#endif
