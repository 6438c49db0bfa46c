/* One object under the rules of attachments, and what they raised: for tests. */
#ifndef MP_CONTENT_ATTACH_TEST_KIT_H
#define MP_CONTENT_ATTACH_TEST_KIT_H

#include <stdio.h>
#include <stdlib.h>

#include "content/attach.h"
#include "content/lists.h"
#include "tests/tap.h"

enum { KIT_MAX_NAMES = 3, KIT_MAX_OBJECTS = 16 };

struct kit {
    struct arena arena;
    struct content_lists *lists;
    struct content_object objects[KIT_MAX_OBJECTS];
    struct content_report report;
    struct content content;
};

static inline void kit_start(struct kit *k)
{
    struct mp_err err = {0};
    *k = (struct kit){0};
    arena_init(&k->arena, 64u << 20);
    if (content_lists_new(&k->arena, &k->lists, &err) != MP_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
}

/* Forget the findings and objects of the row before. */
static inline void kit_row(struct kit *k)
{
    memset(k->objects, 0, sizeof k->objects);
    k->report = (struct content_report){.objects = k->objects, .cap = KIT_MAX_OBJECTS};
    k->report.complete = true;
    finding_list_init(&k->report.findings, &k->arena);
    k->content = (struct content){.arena = &k->arena, .lists = k->lists, .report = &k->report};
}

/* The n-th finding of that kind, or NULL. */
static inline const struct finding *kit_find(const struct kit *k, enum finding_id id)
{
    for (size_t i = 0; i < k->report.findings.n; i++)
        if (k->report.findings.items[i].id == id)
            return &k->report.findings.items[i];
    return NULL;
}

/* Is it raised so, or not at all; with that severity and that in its evidence? */
static inline void kit_expect(const struct kit *k, enum finding_id id, bool raised,
                              enum severity severity, const char *evidence)
{
    const struct finding *f = kit_find(k, id);
    tap_int(f != NULL, raised);
    if (f != NULL && raised) {
        tap_cstr(severity_name(f->severity), severity_name(severity));
        if (evidence != NULL &&
            !tap_ok(str_search(f->evidence, str_from(evidence)) < f->evidence.n))
            tap_note(STR_FMT, STR_ARG(f->evidence));
    }
    if ((f != NULL) != raised)
        for (size_t i = 0; i < k->report.findings.n; i++)
            tap_note(STR_FMT ": " STR_FMT,
                     STR_ARG(finding_kind(k->report.findings.items[i].id)->name),
                     STR_ARG(k->report.findings.items[i].evidence));
}

#endif
