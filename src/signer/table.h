/* Who signs with what, and when: the section `signing:` of the daemon's configuration. */
#ifndef MP_SIGNER_TABLE_H
#define MP_SIGNER_TABLE_H

#include "auth/dkim_canon.h"
#include "base/arena.h"
#include "base/yaml.h"
#include "crypto/key.h"

enum {
    SIGNING_MAX_KEYS = 4096,         /* key files */
    SIGNING_MAX_DOMAINS = 16 * 1024, /* entries */
    SIGNING_MAX_SELECTORS = 16,      /* of one entry: those of the past and the future too */
    SIGNING_MAX_NAMES = 200,         /* of `headers` */
    SIGNING_MAX_KEY_NAME_BYTES = 64, /* letters, digits, "-", "_", "." */
    SIGNING_MAX_PATH_BYTES = 4096,   /* of a key's file */
    SIGNING_MAX_EXPIRE_S = 31622400  /* 366 days */
};

/* A key file under the name that the rest calls it by. Only the process of the keys reads `path`.
 */
struct signing_key_file {
    struct str name, path; /* path: absolute, or below the directory of the configuration */
};

/* A key of an entry: it signs at from_s <= t < until_s. */
struct signing_selector {
    struct str selector, key;
    int64_t from_s, until_s; /* INT64_MIN, INT64_MAX: always */
    bool has_type;           /* `algorithm` was given: */
    enum key_type type;
};

struct signing_domain {
    struct str name;    /* A-label; "*.example.org" without "*." */
    bool wildcard;      /* the names below, not `name` itself */
    struct str sign_as; /* d=: `name` or above it; empty: the author's domain itself */
    struct signing_selector *selectors;
    size_t n_selectors;
    int line, column; /* where it stands, for later errors */
};

/* Read-only after reading: any thread. All zero: nothing is signed. */
struct signing_table {
    bool present;                  /* there was a section */
    struct signing_key_file *keys; /* sorted by name */
    size_t n_keys;
    struct signing_domain *domains; /* sorted for signing_choose */
    size_t n_domains;
    bool organizational; /* a domain without entry: by that of its organizational domain */
    enum canon header_canon, body_canon;
    struct str *header_names; /* each as often as it stands; n == 0: RFC 6376 5.4.1, oversigned */
    size_t n_header_names;
    bool oversign;               /* `headers` once more than they stand (default) */
    uint32_t lifetime_s;         /* x=; 0: none */
    struct signing_domain *seal; /* ARC; NULL: forwarded mail is not sealed */
    const char *file;            /* for errors */
};

/* Reader of a yaml_key: the section's value begins with the next event. `into`: struct
 * signing_table. Owns: all in y->arena. MP_OK; MP_E_SYNTAX, MP_E_LIMIT "file:line:column: ...";
 * MP_E_NOMEM. On failure `into` is as it was. */
int signing_read(struct yaml *y, void *into);
/* The same of a file that has nothing but the keys of this section: `sign --table`, tests. */
int signing_read_file(struct arena *arena, struct str text, const char *file,
                      struct signing_table *out, struct mp_err *err);

/* "2026-12-01", the beginning of that day in UTC, or "2026-12-01T06:00:00Z". */
bool signing_date_parse(struct str text, int64_t *unix_s);

enum signing_status {
    SIGNING_FOUND,
    SIGNING_NO_ENTRY, /* the domain is not ours */
    SIGNING_NO_KEY    /* it is, but none of its keys signs at this time */
};

struct signing_choice {
    enum signing_status status;
    const struct signing_domain *entry; /* NULL: SIGNING_NO_ENTRY */
    struct str domain;                  /* d= */
    const struct signing_selector *selectors[SIGNING_MAX_SELECTORS];
    size_t n;
};

/* For the author's domain (A-label, lower case), most special entry first: the name, the longest
 * wildcard, the organizational domain. What it gives is aligned with the author. `arena`: for the
 * organizational domain. */
void signing_choose(const struct signing_table *t, struct arena *arena, struct str author_domain,
                    int64_t now_s, struct signing_choice *out);
/* The one key that seals: of those that may, the last to begin. */
void signing_choose_seal(const struct signing_table *t, int64_t now_s, struct signing_choice *out);

/* From `now_s` on, when the entry is without a key that signs: now_s, later, INT64_MAX for never.
 */
int64_t signing_covered_until(const struct signing_domain *d, int64_t now_s);

#endif
