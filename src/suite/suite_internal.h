/* What the files of the reading half share: values with places, mistakes, resolution, the table of
 * keys. Of room suite only. */
#ifndef MP_SUITE_INTERNAL_H
#define MP_SUITE_INTERNAL_H

#include <stdarg.h>
#include <stdio.h>

#include "base/nearest.h"
#include "suite/suite.h"

enum {
    SHOWN_MAX = 60,      /* octets of the file in a message */
    VALUE_MAX_REFS = 16, /* references in one value, those of its variables included */
    FOLLOW_MAX = 8,      /* values that stand for values */
    SETTLE_MS = 2000,    /* for further copies, when copies are expected */
    ERRORS_MAX = 1000,   /* mistakes, also those that are told once for many cases: then we stop */
    VISITS_COSTLY = 100, /* a value that is costly to check counts as so many */
    LABEL_MAX = 100      /* octets of a value in the name of a case; longer ones are numbered */
};

/* ---- yaml.c: text to values ---- */

enum node_kind { NODE_SCALAR, NODE_MAP, NODE_LIST };

struct pair {
    struct str key;
    struct suite_place at;
    struct node *value;
};

/* Read-only once it is made: an alias is the same node once more. */
struct node {
    enum node_kind kind;
    struct suite_place at;
    struct str text; /* of a scalar */
    bool plain;      /* without quotes: 12, true and null mean what YAML 1.2 says */
    struct pair *pairs;
    struct node **items;
    size_t n;           /* pairs, or items */
    size_t size, depth; /* with all below, aliases followed */
};

/* One document: *out is NULL for an empty one. Anchors and aliases are followed (bounded), tags,
 * further documents, keys that are no text and keys that stand twice are refused. MP_E_SYNTAX with
 * the place in *at and a sentence in `err`; MP_E_LIMIT likewise; MP_E_NOMEM. `file` stays
 * borrowed. */
int yaml_read(struct arena *a, struct str text, const char *file, struct node **out,
              struct suite_place *at, struct mp_err *err);

bool node_is_null(const struct node *n); /* also a value that is not there at all */
const struct pair *node_find(const struct node *map, struct str key);

/* `over` laid over `base`, key by key and mapping by mapping; all else of `over` replaces. Either
 * may be NULL. NULL without memory when there was something to merge. */
struct node *node_merge(struct arena *a, struct node *base, struct node *over);

/* ---- resolve.c: ${vars.x}, ${matrix.x}, ${tag}, ${env:X}, ${file:path} ---- */

/* A value from outside: read once, while the suite is read. */
struct ref {
    struct str name; /* "env:ALICE_PW", "file:/run/secrets/x" */
    struct str value;
    bool unset;
    struct suite_place secret_at; /* where it is used as a secret; line 0: nowhere */
    struct suite_place shown_at;  /* where it is used as something that is shown */
};

/* The text of a scalar. */
struct resolved {
    struct str text;
    bool literal; /* some of it stands in the suite itself */
    bool unset; /* some of it has no value (unset_allowed); the text has the reference in its place
                 */
    unsigned short refs[VALUE_MAX_REFS];
    size_t n_refs;
};

struct variable { /* of `vars`, and of the axes of a matrix */
    struct str name;
    struct suite_place at;
    const struct node *value;
    bool is_text; /* a scalar: `text` is ready */
    struct resolved text;
    bool used;
};

struct scope { /* what a test adds to the suite's own variables */
    const struct variable *axes;
    size_t n_axes;
    struct str tag; /* p == NULL: not known here */
    bool in_vars;   /* variables see those above them only */
};

struct decoder {
    struct suite *suite;
    struct suite_source *source;
    struct arena *arena; /* of what is made */
    const struct scope *scope;
    bool reading; /* suite_read: tables grow. Else suite_case_make: they are looked at only */
    struct suite_problems *problems; /* NULL: the first one goes into `err` */
    size_t n_errors;
    int fatal; /* memory, a limit: all is over */
    struct mp_err *err;
    size_t visited;
};

/* Text of a scalar; false: a problem was told. */
bool resolve_text(struct decoder *d, const struct node *n, struct resolved *out);
/* A scalar that is just a variable stands for the variable's list or mapping. `room`: for a node
 * that stands where the scalar does. */
const struct node *resolve_node(struct decoder *d, const struct node *n, struct node *room);
/* The file that a reference names, or that a key does: behind the folder of the file it stands in.
 * p == NULL without memory. */
struct str resolve_path(struct decoder *d, const struct suite_place *at, struct str path);
bool is_plain_name(struct str s); /* letters, digits, "_" and "-": what ${vars.x} can name */

/* ---- problem.c ---- */

void problem(struct decoder *d, const struct suite_place *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void warning(struct decoder *d, const struct suite_place *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* "unknown key 'x', did you mean 'y'?" */
void problem_unknown(struct decoder *d, const struct suite_place *at, const char *what,
                     const struct nearest *n);
int out_of_memory(struct decoder *d);
/* `s` as a message may show it: printable and cut. */
struct shown {
    char text[4 * SHOWN_MAX];
};
const char *shown(struct str s, struct shown *room);

/* ---- decode.c: the table of keys at work ---- */

struct word {
    const char *name;
    int value;
};

struct key {
    struct str name;
    const struct value_type *type;
    size_t offset, second;         /* of the member, and of its count or flag */
    const struct context *context; /* of a mapping */
    const struct word *words;      /* of a choice; the last one has no name */
    bool required;
    bool filled;     /* an empty list or mapping is a mistake: nothing would be expected */
    uint64_t max;    /* of a number; 0: the type's */
    const char *doc; /* one sentence, Markdown */
};

/* What may stand in one kind of mapping. */
struct context {
    const char *name;  /* "host", "expect-arrive": stable, names the definition of the schema */
    const char *title; /* "a host": for messages and docs */
    const struct key *keys;
    size_t n_keys;
    struct {
        const struct context *context;
        size_t offset;
    } also[2]; /* keys of further ones, as if they stood here */
};
extern const struct context *const contexts[]; /* all, in the order of the documentation */
extern const size_t n_contexts;

struct value_type {
    const char *shown;  /* "duration", "list of globs": for docs and messages */
    const char *schema; /* JSON Schema of a value; NULL: made of context or words */
    /* Into the struct at `base`. False: a problem was told. */
    bool (*read)(struct decoder *d, const struct node *n, const struct key *k, char *base);
};

struct part { /* a mapping may fill several structs */
    const struct context *context;
    void *base;
};
/* All keys of the mapping `n`, which may be NULL. False: a problem was told; the rest was read. */
bool decode_map(struct decoder *d, const struct node *n, const struct part *parts, size_t n_parts);
bool decode(struct decoder *d, const struct node *n, const struct context *c, void *base);
/* Count `cost` values as visited. False: too many, or there were too many mistakes: stop. */
bool visit(struct decoder *d, const struct node *n, size_t cost);
bool goes_on(struct decoder *d); /* nothing fatal, not too many mistakes */
const struct key *context_find(const struct context *c, struct str name, size_t *offset);
void context_nearest(const struct context *c, struct nearest *n);

/* ---- types.c and its sisters: one reader a kind of value ---- */

/* A scalar's text; `what` is wanted ("a duration"). Not null; control characters only with
 * `multiline`. What it refers to is not marked as shown: see take_text. */
bool take_scalar(struct decoder *d, const struct node *n, const char *what, bool multiline,
                 struct resolved *out);
/* The same for what may be shown. */
bool take_shown(struct decoder *d, const struct node *n, const char *what, struct resolved *out);
bool take_text(struct decoder *d, const struct node *n, const char *what, struct str *out);

/* One item of a list into `into`. */
typedef bool take_item(struct decoder *d, const struct node *n, const struct key *k, void *into);
/* A list, or one value that stands for a list of one, of at most `max` items of `size` bytes. */
bool take_list(struct decoder *d, const struct node *n, const struct key *k, size_t max,
               size_t size, take_item *each, void **items, size_t *count);

bool word_find(const struct word *words, struct str name, int *value);
/* Of a choice: "unknown word 'x', did you mean 'y'?" with all words when there are few. */
void problem_word(struct decoder *d, const struct node *n, struct str word,
                  const struct word *words);
bool parse_duration_ms(struct str s, uint64_t *out); /* 500ms, 30s, 5m, 2h, 7d */
bool parse_size(struct str s, uint64_t *out);        /* 10M, 512k, 1Gi, 4096 */
/* "good.test" in A-label form. */
bool take_domain(struct decoder *d, const struct node *n, struct str *out);
bool take_address(struct decoder *d, const struct node *n, struct str *out);

extern const struct value_type
    /* texts */
    type_name,       /* struct str: shown in all reports; no reference to the outside */
    type_line,       /* struct str: one line */
    type_text,       /* struct str: may have several lines */
    type_lines,      /* const struct str *, count */
    type_secret,     /* struct str: by reference only */
    type_secret_url, /* struct str: https; masked when it is a reference */
    type_path,       /* const char *: a file, behind the folder of the suite file */
    type_path_str,   /* struct str: the same */
    type_glob, type_globs, type_texts, /* struct suite_text; suite_list of globs, of texts */
    type_findings,                     /* struct suite_list: globs, each of some finding's id */
    /* numbers and words */
    type_bool, type_flag, type_number, type_size, /* bool, suite_flag, uint64_t, uint64_t */
    type_count,                                   /* unsigned */
    type_duration,                                /* unsigned: ms */
    type_period,                                  /* uint64_t: s */
    type_time,                                    /* int64_t: Unix seconds; `second`: its flag */
    type_choice,                                  /* struct suite_choice */
    type_enum,                                    /* int-sized enum, without a place */
    type_mask,                                    /* unsigned: 1u << value, or'ed */
    type_stages,                                  /* unsigned, struct suite_place: stages of SMTP */
    type_results,                                 /* struct suite_list of `words` */
    type_set, /* struct suite_list: none, all, any, or a list of globs */
    type_compare_count, type_compare_time, type_compare_size, type_compare_tls, type_compare_grade,
    type_days,
    /* mappings */
    type_map,  /* a struct that begins with its struct suite_place */
    type_part, /* a struct, or (offset 0) the same one */
    type_node, type_nodes, type_step, type_steps, type_named, /* const struct node *: read later */
    type_matrix, type_expect, type_include,                   /* nothing is written: read later */
    /* mail */
    type_address,   /* struct str; `second`: its flag; "<>" is the empty one */
    type_addresses, /* const struct str *, count */
    type_domain, type_domains, type_ip, type_url, /* struct str, list, struct ip, struct str */
    type_mechs, type_sequences, type_headers, type_expect_headers, type_attachments, type_kind,
    type_notify, type_ret, type_result_or_map, type_outcome,
    /* of the suite: types_suite.c */
    type_allow, type_as, type_audit_domains, type_listen, type_script, type_host, type_hosts,
    type_hosts_later, type_sink;

/* ---- host.c ---- */

enum { RAW_AS_ATTRIBUTES = 8 };
struct raw_as { /* `as` before it is XCLIENT */
    struct ip addr, dest_addr;
    struct str name, helo, port, proto, login, dest_port;
};

extern const struct context context_host, context_auth, context_sink;
bool host_make(struct decoder *d, const struct node *n, struct str name, struct suite_host *out);
bool sink_make(struct decoder *d, const struct node *n, struct str name, struct suite_sink *out);
/* A name, a URL, or a mapping. */
bool host_of(struct decoder *d, const struct node *n, const struct suite_host **out);
bool sink_of(struct decoder *d, const struct node *n, const struct suite_sink **out);

/* ---- include.c ---- */

/* The file and all that it includes, as one mapping. NULL: a problem was told, or d->fatal set. */
struct node *suite_document(struct decoder *d, struct str path);

/* ---- secrets.c ---- */

/* All that was used as a secret, into d->suite->secrets; one that is shown somewhere is a mistake.
 */
void secrets_collect(struct decoder *d);
void secrets_wipe(struct suite *s);

/* ---- source: what stays while the suite lives ---- */

struct defaults {
    unsigned timeout_ms, within_ms, warn_ms;
    struct suite_retry retry;
    const struct node *in, *via;
};

/* How a case is made: everything but the tag. */
struct recipe {
    const struct node *test; /* rows laid over it */
    struct scope scope;
    struct str name, test_name;
    struct suite_place at;
    size_t test_index;
};

struct suite_source {
    const struct suite_options *options; /* while it is read; then NULL */
    bool unset_allowed;
    struct ref *refs;
    size_t n_refs;
    struct variable *vars;
    size_t n_vars;
    struct suite_host *hosts; /* those of the suite: not const yet */
    struct suite_sink *sinks;
    struct suite_host *sink_hosts; /* each sink as a host */
    bool *host_used, *sink_used;
    struct defaults defaults;
    struct recipe *recipes;
    size_t n_recipes;
    struct str attachments[64]; /* kinds that are known to be some */
    size_t n_attachments;
};

#endif
