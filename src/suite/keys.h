/* The table of keys: which may stand where, and the structs that they fill. Of room suite only. */
#ifndef MP_SUITE_KEYS_H
#define MP_SUITE_KEYS_H

#include "suite/suite_internal.h"

/* ---- keys_document.c ---- */

struct raw_document {
    unsigned version;
    struct str name;
    const struct node *vars, *defaults, *hosts, *sinks, *tests;
    struct suite_allow allow;
    struct suite_schedule schedule;
    struct suite_report report;
};

struct raw_test {
    struct str name, skip;
    const struct node *matrix, *table;
    const struct node *verbs[SUITE_VERB_COUNT];
    unsigned timeout_ms;
    struct suite_retry retry;
    enum suite_cleanup cleanup;
};

extern const struct context context_document, context_defaults, context_retry, context_schedule,
    context_report, context_webhook, context_test;

/* ---- keys_steps.c ---- */

struct raw_audit {
    struct suite_audit audit;
    enum posture_profile profile; /* of those without their own */
    struct suite_flag connect, https;
};

extern const struct context context_script, context_probe, context_send, context_as, context_dsn,
    context_arrive, context_not_arrive, context_relay, context_smuggle, context_audit, context_scan;
/* The keys of a verb, and those of what it may expect; NULL: it expects nothing. */
const struct context *verb_context(enum suite_verb v);
const struct context *verb_expect_context(enum suite_verb v);

/* ---- keys_expect.c ---- */

extern const struct context context_expect_probe, context_expect_send, context_expect_arrive,
    context_expect_relay, context_expect_smuggle, context_expect_audit, context_expect_scan;
extern const struct context *const expect_parts[]; /* what these are made of */
extern const size_t n_expect_parts;

#endif
