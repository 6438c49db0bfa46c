/* Declarative flow suites (docs/suites.md): YAML in, a plan of cases out. Reading connects to
 * nothing and sends nothing; room suite's run.c does. */
#ifndef MP_SUITE_SUITE_H
#define MP_SUITE_SUITE_H

#include "suite/request.h"

enum {
    SUITE_MAX_BYTES = 1 << 20,        /* of one file */
    SUITE_MAX_FILES = 50,             /* with all that are included */
    SUITE_MAX_NODES = 1000 * 1000,    /* values, after aliases and tables were followed */
    SUITE_MAX_DEPTH = 32,             /* mappings and lists in one another */
    SUITE_MAX_TEXT_BYTES = 64 * 1024, /* of one value, resolved */
    SUITE_MAX_TESTS = 1000,
    SUITE_MAX_CASES = 5000,
    SUITE_MAX_AXES = 8,            /* of a matrix */
    SUITE_MAX_PATH = 4096,         /* of a file that is named */
    SUITE_MAX_PROBLEMS = 100,      /* mistakes that are told of one suite */
    SUITE_SECRET_MIN_BYTES = 4,    /* a shorter one cannot be masked without spoiling the rest */
    SUITE_SECRET_MAX_BYTES = 8192, /* also of a file that is referred to */
    SUITE_MAX_SECRETS = 1000,
    SUITE_GLOB_MAX = 256,
    SUITE_DEFAULT_TIMEOUT_MS = 30000, /* of one step's conversation */
    SUITE_DEFAULT_WITHIN_MS = 30000,
    SUITE_MAX_RETRIES = 20,
    SUITE_ARENA_BYTES = 256 << 20
};

/* ---- reading ---- */

/* Where references come from, so that reading is a pure function in tests. */
struct suite_outside {
    /* NULL: not set; else it lives as long as the suite is read. A NUL is behind `name`. */
    const char *(*env)(void *ctx, struct str name);
    /* A whole file, into `out` (initialised, with its maximum). `path` as suite files write it,
     * behind the folder of the suite. MP_E_IO, MP_E_LIMIT with the path in the text. */
    int (*file)(void *ctx, const char *path, struct buf *out, struct mp_err *err);
    bool (*readable)(void *ctx, const char *path); /* is there such a file? */
    void *ctx;
};

struct suite_options {
    const struct suite_outside *outside; /* the commands': cli/suite_outside.h */
    /* --env FILE: "NAME=value" a line, # comments; before the environment. Text of the file. */
    struct str env_text;
    const char *env_file; /* its name, for messages */
    /* lint: a reference to what is not set is no mistake; the case cannot be run then. */
    bool unset_allowed;
    /* --var NAME=VALUE, which the suite must have: instead of its own. */
    const struct str *vars;
    size_t n_vars;
    const char *only; /* --only GLOB on the names of cases; NULL: all. Others are not in the plan */
};

/* One mistake. The text is a sentence without place: "unknown key 'expct', did you mean 'expect'?"
 */
struct suite_problem {
    struct suite_place at; /* line 0: the file as a whole */
    struct str text;
    bool warning; /* what is odd but can be run: a host that nothing uses */
};
struct suite_problems {
    struct suite_problem *items;
    size_t n, n_errors;
    bool cut; /* more than SUITE_MAX_PROBLEMS */
};

struct suite_retry {
    unsigned times; /* further attempts after the first */
    unsigned every_ms;
};

struct suite_schedule { /* for the daemon and timers */
    struct suite_place at;
    unsigned every_ms, jitter_ms; /* every_ms 0: none is given */
    bool only_one;
};

enum { SUITE_ON_FAIL = 1, SUITE_ON_CHANGE = 2, SUITE_ON_UNDECIDED = 4, SUITE_ON_ALWAYS = 8 };
struct suite_report { /* for the daemon */
    struct suite_place at;
    bool prometheus;
    struct str webhook_url, webhook_secret; /* empty: none */
    unsigned webhook_on;                    /* SUITE_ON_*, or'ed */
    uint64_t keep_s;                        /* 0: no limit was given */
};

struct suite_network {
    struct ip net;
    unsigned prefix_bits;
};
struct suite_allow {
    struct suite_place at;     /* line 0: no list */
    const struct str *domains; /* A-label form; each with all below it */
    size_t n_domains;
    const struct suite_network *networks;
    size_t n_networks;
};

/* ---- the plan ---- */

enum suite_cleanup { SUITE_KEEP, SUITE_DELETE }; /* what arrived, once it was judged */

struct suite_case {
    struct str name;       /* unique: "TEST", "TEST [value, value]" of a matrix, "TEST [row]" */
    struct str test;       /* of the test it comes from */
    struct suite_place at; /* of the test, or of the row */
    struct str skip;       /* why it is not run; empty: it is */
    struct suite_step *steps;
    size_t n_steps;
    unsigned timeout_ms; /* of one conversation */
    struct suite_retry retry;
    enum suite_cleanup cleanup;
    size_t test_index;
};

struct suite_source; /* the values it was read from */
struct suite {
    struct arena arena; /* of all of it */
    const char *file;   /* as given */
    struct str name;    /* `name`, else the file's without folder and ending */
    struct suite_allow allow;
    struct suite_schedule schedule;
    struct suite_report report;
    const struct suite_host *hosts; /* that the suite names */
    size_t n_hosts;
    const struct suite_sink *sinks;
    size_t n_sinks;
    /* The cases in order, made with the tag "${tag}": for plans (--dry-run, --list). To run one,
     * make it again with suite_case_make. */
    const struct suite_case *cases;
    size_t n_cases;
    size_t n_not_selected; /* cases that `only` left out */
    const struct str
        *secrets; /* values that must be masked wherever text leaves us; longest first */
    size_t n_secrets;
    bool has_unset; /* with unset_allowed: some reference has no value; nothing may be run */
    struct suite_source *source;
};

/* Read `path` and what it includes, resolve, plan. Zero-initialise `out`; suite_clear always.
 * MP_OK: the suite is whole (problems may hold warnings). MP_E_SYNTAX: mistakes, all in `problems`,
 * the first one also in `err` as "file:line:column: text". MP_E_IO: the file itself; MP_E_NOMEM,
 * MP_E_LIMIT. `problems` may be NULL; its texts live as long as `out`. One thread. */
int suite_read(const char *path, const struct suite_options *o, struct suite *out,
               struct suite_problems *problems, struct mp_err *err);
void suite_clear(struct suite *s); /* wipes secrets; accepts a zeroed one */

/* Case `index` with `tag` in the place of ${tag}, in `a`; borrows from the suite. Threads: any,
 * each with its own arena. MP_E_NOMEM; MP_E_SYNTAX when the tag spoils a value (never for
 * arrival_tag). */
int suite_case_make(const struct suite *s, size_t index, struct str tag, struct arena *a,
                    struct suite_case *out, struct mp_err *err);

/* ---- where a suite may send ---- */

/* May mail be sent by this connection? The form that deliver_request.allowed wants: `ctx` is the
 * suite. Yes: a unix socket (IP_NONE), an own sink, a host at or below a domain of `allow`, an
 * address in one of its networks; without `allow`: loopback. */
bool suite_allows(void *ctx, struct str host, struct ip ip);
/* May this recipient get a message? A domain at or below one of `allow` or of an own sink, an
 * address literal in a network; without `allow`: also names that are reserved for tests (RFC 2606),
 * which nobody real can have. */
bool suite_allows_rcpt(const struct suite *s, struct str address);

/* Replace every secret in `text` by "***". What a report, a transcript or a terminal shows goes
 * through here. */
void suite_mask(const struct suite *s, struct str text, struct buf *out);
/* The same of the first `max_bytes` of `text`: a secret that the cut would go through is replaced.
 */
void suite_mask_begin(const struct suite *s, struct str text, size_t max_bytes, struct buf *out);

#endif
