/* What the tests of the lint share: messages as rows, and the finding that each gives or must not
 * give. */
#ifndef MP_MIME_LINT_TEST_KIT_H
#define MP_MIME_LINT_TEST_KIT_H

#include <stdio.h>
#include <stdlib.h>

#include "mime/lint.h"
#include "tests/tap.h"

/* Message heads and parts that most rows begin with. */
#define MIXED "From: a@a.example\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n"
#define PART  "--bb\r\n"
#define END   "\r\n--bb--\r\n"

struct lint_row {
    const char *label;
    struct str raw;
    enum finding_id id;
    const char *part;       /* where it is found; NULL: it is not found at all */
    struct str at;          /* the bytes of the message at the offset begin so */
    struct str says;        /* stands in the evidence */
    enum severity severity; /* SEV_INFO: that of the catalogue */
};

/* Row with a finding, and the near miss without it. */
#define HIT(label, raw, id, part, at, says)                                                        \
    {                                                                                              \
        label, STR_INIT(raw), id, part, STR_INIT(at), STR_INIT(says), SEV_INFO                     \
    }
#define RAISED(label, raw, id, part, at, says, severity)                                           \
    {                                                                                              \
        label, STR_INIT(raw), id, part, STR_INIT(at), STR_INIT(says), severity                     \
    }
#define MISS(label, raw, id)                                                                       \
    {                                                                                              \
        label, STR_INIT(raw), id, NULL, STR_INIT(""), STR_INIT(""), SEV_INFO                       \
    }

/* Lint `raw`; findings and message live in `arena`. */
static inline void lint_raw(struct arena *arena, struct str raw, struct message *m,
                            struct finding_list *list)
{
    struct mime_tree tree;
    struct mp_err err = {0};
    arena_reset(arena);
    finding_list_init(list, arena);
    if (message_parse(arena, raw, m, &err) != MP_OK || mime_parse(arena, m, &tree, &err) != MP_OK ||
        mime_lint(arena, m, &tree, list, &err) != MP_OK) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
}

static inline const struct finding *lint_find(const struct finding_list *list, enum finding_id id)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].id == id)
            return &list->items[i];
    return NULL;
}

static inline void lint_check_row(struct arena *arena, const struct lint_row *row)
{
    struct message m;
    struct finding_list list;
    tap_case("%s: %s", finding_kind(row->id)->name.p, row->label);
    lint_raw(arena, row->raw, &m, &list);
    const struct finding *f = lint_find(&list, row->id);
    if (!tap_int(f != NULL, row->part != NULL))
        for (size_t i = 0; i < list.n; i++)
            tap_note("found: %s: " STR_FMT, finding_kind(list.items[i].id)->name.p,
                     STR_ARG(list.items[i].evidence));
    if (f == NULL || row->part == NULL)
        return;
    tap_str(f->where.part, str_from(row->part));
    tap_ok(f->where.has_offset);
    tap_str(str_slice(m.raw, f->where.offset, f->where.offset + row->at.n), row->at);
    tap_ok(f->where.offset + f->where.length <= m.raw.n);
    if (!tap_ok(str_search(f->evidence, row->says) < f->evidence.n || row->says.n == 0))
        tap_note("evidence: " STR_FMT, STR_ARG(f->evidence));
    tap_int(f->severity,
            row->severity == SEV_INFO ? finding_kind(row->id)->severity : row->severity);
}

static inline int lint_check_rows(const struct lint_row *rows, size_t n)
{
    struct arena arena;
    arena_init(&arena, 64 << 20);
    for (size_t i = 0; i < n; i++)
        lint_check_row(&arena, &rows[i]);
    arena_clear(&arena);
    return tap_done();
}

#endif
