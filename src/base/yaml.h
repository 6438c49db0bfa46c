/* YAML event by event, every mistake with its place: how files of configuration are read. */
#ifndef MP_BASE_YAML_H
#define MP_BASE_YAML_H

#include "base/arena.h"
#include "base/err.h"
#include "base/nearest.h"

enum { YAML_SHOWN_BYTES = 60 /* of the file's text in an error */ };

enum yaml_event { YAML_SCALAR, YAML_MAP, YAML_MAP_END, YAML_LIST, YAML_LIST_END, YAML_OTHER };

/* One file being read. All functions below return MP_OK or a failure that has its place. */
struct yaml {
    struct arena *arena;
    const char *file, *what; /* "policy": what such a file is called */
    enum yaml_event event;   /* the current one ... */
    int line, column;        /* ... and where it begins, from 1; an empty value stands at what was
                                before it */
    struct mp_err *err;
    struct fy_parser *parser;
    struct fy_diag *diag;
    struct fy_event *fy;
};

/* A key, the reader of its value (which begins with the next event and ends with its last), and
 * where in the mapping's struct the value belongs. */
struct yaml_key {
    struct str name;
    int (*read)(struct yaml *y, void *into);
    size_t offset;
};

/* A whole file: a mapping of `keys` (at most 32) into `into`, or nothing. Anchors, aliases and tags
 * are refused, so no text can grow by reference. `y` is zero but for arena, file, what and
 * err. MP_OK; MP_E_SYNTAX "file:line:column: ..." (detail: the line); MP_E_LIMIT above `max_bytes`;
 * MP_E_NOMEM. */
int yaml_read_file(struct yaml *y, struct str text, size_t max_bytes, const struct yaml_key *keys,
                   size_t n, void *into);

int yaml_fail(struct yaml *y, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* "unknown key 'x', did you mean 'y'?" */
int yaml_fail_unknown(struct yaml *y, const char *what, const struct nearest *n);
int yaml_fail_memory(struct yaml *y);
/* Text of the file as it may be shown in an error. */
const char *yaml_shown(struct str s, char out[4 * YAML_SHOWN_BYTES]);

/* `what` is wanted where something else stands: "a list of rules". */
int yaml_next(struct yaml *y);
int yaml_expect(struct yaml *y, enum yaml_event event, const char *what);
int yaml_next_expected(struct yaml *y, enum yaml_event event, const char *what);
/* The current, and the next event as text, borrowed until the next event. */
int yaml_scalar(struct yaml *y, const char *what, struct str *out);
int yaml_next_scalar(struct yaml *y, const char *what, struct str *out);

/* The mapping whose start is the current event. Bit i of *seen: keys[i] was there. */
int yaml_map(struct yaml *y, const struct yaml_key *keys, size_t n, uint32_t *seen, void *into);
/* A list: `item` is called with the first event of each. */
int yaml_next_list(struct yaml *y, const char *what, int (*item)(struct yaml *y, void *into),
                   void *into);

int yaml_copy(struct yaml *y, struct str text, struct str *out); /* into the arena */
int yaml_read_bool(struct yaml *y, void *into);                  /* bool */

#endif
