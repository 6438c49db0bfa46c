/* Rules of the operator in the language of YARA (libyara). yara.c when the library was there at
 * build time, else yara_none.c, which says so.
 *
 * Rules are compiled before a worker's filter stands: they are read-only then, and any number of
 * processes and threads may scan with them, each with a scanner of its own.
 * Scanning opens no file and sets no signal handler. */
#ifndef MP_CONTENT_YARA_H
#define MP_CONTENT_YARA_H

#include "content/content.h"

enum {
    YARA_MAX_RULES_BYTES = 64 * 1024 * 1024, /* all texts together */
    YARA_TIMEOUT_S = 2,                      /* for one object */
    YARA_EVIDENCE_STRINGS = 4                /* of a match, that are told */
};

const char *yara_version(void); /* "4.2.3"; NULL: this build has none */

struct yara_text {
    const char *file; /* for messages; without folders and ending it is the rules' namespace */
    struct str text;
};

struct yara_rules;

/* Compile all texts. `include` is refused, and so are modules that read files or need a sandbox's
 * report (magic, cuckoo). Rules may use these variables, of the object: filename, filepath (within
 * archives), extension, filetype (our name of it: "pe"), part.
 * MP_E_SYNTAX: "FILE:LINE: why", the first mistake; MP_E_USAGE: this build has no YARA; MP_E_LIMIT;
 * MP_E_NOMEM. Threads: one compiles or frees at a time. */
int yara_rules_compile(const struct yara_text *texts, size_t n, struct yara_rules **out,
                       struct mp_err *err);
void yara_rules_free(struct yara_rules *r); /* accepts NULL; scanners must be gone */
size_t yara_rules_count(const struct yara_rules *r);
/* The first of the compiler's warnings ("FILE:LINE: slow rule"), and how many; "" when none. */
const char *yara_rules_warning(const struct yara_rules *r, size_t *n);

struct yara_scanner;

/* One a thread, kept for all its objects. MP_E_NOMEM. */
int yara_scanner_new(const struct yara_rules *r, struct yara_scanner **out, struct mp_err *err);
void yara_scanner_free(struct yara_scanner *s); /* accepts NULL */

/* Scan c->report->objects[object]: yara.match for each rule, as severe as its meta "severity"
 * (info, low, medium, high, critical; medium without), and yara.incomplete when it was not scanned
 * to the end, which also clears c->report->complete. Nothing for an object without bytes. */
void yara_scan(struct yara_scanner *s, struct content *c, size_t object);

#endif
