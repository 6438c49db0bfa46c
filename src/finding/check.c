/* The list of checks: opened, given findings, closed; each status follows from what was added. */
#include "finding/check.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/utf8.h"

static const char *const status_names[] = {
    [CHECK_PASS] = "pass",           [CHECK_SKIPPED] = "skipped", [CHECK_WARN] = "warn",
    [CHECK_UNDECIDED] = "undecided", [CHECK_FAIL] = "fail",
};

const char *check_status_name(enum check_status s)
{
    return status_names[s];
}

enum check_status check_status_of(const struct check *c)
{
    enum check_status by_finding = c->worst >= SEV_HIGH  ? CHECK_FAIL
                                   : c->worst >= SEV_LOW ? CHECK_WARN
                                                         : CHECK_PASS;
    enum check_status by_course = c->undecided ? CHECK_UNDECIDED
                                  : c->skipped ? CHECK_SKIPPED
                                               : CHECK_PASS;
    return by_finding > by_course ? by_finding : by_course;
}

void check_list_init(struct check_list *list, struct arena *arena, struct finding_list *findings)
{
    *list = (struct check_list){.arena = arena, .findings = findings};
}

/* A row, or NULL: then the list is starved, and what would have stood there decides nothing. */
static struct check *new_row(struct check_list *list)
{
    enum { FIRST = 16 };
    if (list->n >= CHECKS_MAX) {
        list->starved = true;
        return NULL;
    }
    if (list->n == list->cap) {
        size_t cap = list->cap == 0 ? FIRST : list->cap * 2;
        struct check *items =
            arena_grow(list->arena, list->items, list->n, cap, sizeof list->items[0]);
        list->starved |= items == NULL;
        if (items == NULL)
            return NULL;
        list->items = items;
        list->cap = cap;
    }
    return &list->items[list->n++];
}

static struct check *open_row(struct check_list *list)
{
    return list->is_open ? &list->items[list->n - 1] : NULL;
}

void check_begin(struct check_list *list, struct str group, const char *name)
{
    struct check *c = new_row(list);
    list->is_open = c != NULL;
    if (c == NULL)
        return;
    *c = (struct check){.group = arena_copy(list->arena, group),
                        .name = name,
                        .worst = -1,
                        .elapsed_us = -1,
                        .first_finding = list->findings->n};
    list->starved |= group.n > 0 && c->group.n == 0;
}

__attribute__((format(printf, 4, 0))) static struct finding *add(struct check_list *list,
                                                                 enum severity severity,
                                                                 enum finding_id id,
                                                                 const char *fmt, va_list ap)
{
    struct check *c = open_row(list);
    struct finding *f = finding_add_va(list->findings, id, NOWHERE, fmt, ap);
    if (f != NULL)
        f->severity = severity;
    if (c == NULL)
        return f;
    c->worst = (int)severity > c->worst ? (int)severity : c->worst;
    c->n_findings += f != NULL;
    return f;
}

struct finding *check_add(struct check_list *list, enum finding_id id, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct finding *f = add(list, finding_kind(id)->severity, id, fmt, ap);
    va_end(ap);
    return f;
}

struct finding *check_add_as(struct check_list *list, enum severity severity, enum finding_id id,
                             const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct finding *f = add(list, severity, id, fmt, ap);
    va_end(ap);
    return f;
}

void check_undecided(struct check_list *list)
{
    struct check *c = open_row(list);
    if (c != NULL)
        c->undecided = true;
}

/* Bytes may come from a server: what is kept is printable UTF-8, cut at a character. */
static struct str kept_text(struct check_list *list, struct str text)
{
    struct buf b;
    buf_init(&b, 8 * CHECK_DETAIL_MAX);
    utf8_add_printable(&b, text, CHECK_DETAIL_MAX);
    struct str kept = arena_copy(list->arena, buf_str(&b));
    list->starved |= text.n > 0 && kept.n == 0;
    buf_clear(&b);
    return kept;
}

__attribute__((format(printf, 2, 0))) static struct str detail_text(struct check_list *list,
                                                                    const char *fmt, va_list ap)
{
    char raw[4 * CHECK_DETAIL_MAX];
    int n = vsnprintf(raw, sizeof raw, fmt, ap);
    size_t have = n < 0 ? 0 : (size_t)n < sizeof raw ? (size_t)n : sizeof raw - 1;
    return kept_text(list, str_make(raw, have));
}

void check_expect(struct check_list *list, struct str file, size_t line, struct str expected,
                  struct str got)
{
    struct check *c = open_row(list);
    if (c == NULL)
        return;
    c->file = file;
    c->line = line;
    c->expected = kept_text(list, expected);
    c->got = kept_text(list, got);
}

struct check *check_end(struct check_list *list, int64_t elapsed_us, const char *fmt, ...)
{
    struct check *c = open_row(list);
    list->is_open = false;
    if (c == NULL)
        return NULL;
    va_list ap;
    va_start(ap, fmt);
    c->detail = detail_text(list, fmt, ap);
    va_end(ap);
    c->elapsed_us = elapsed_us;
    return c;
}

void check_skip(struct check_list *list, struct str group, const char *name, const char *fmt, ...)
{
    check_begin(list, group, name);
    struct check *c = open_row(list);
    list->is_open = false;
    if (c == NULL)
        return;
    c->skipped = true;
    va_list ap;
    va_start(ap, fmt);
    c->detail = detail_text(list, fmt, ap);
    va_end(ap);
}

struct check_mark check_mark(const struct check_list *list)
{
    return (struct check_mark){.n = list->n, .findings = finding_mark(list->findings)};
}

void check_rewind(struct check_list *list, struct check_mark mark)
{
    list->n = mark.n;
    list->is_open = false;
    finding_rewind(list->findings, mark.findings);
}

bool check_list_undecided(const struct check_list *list)
{
    if (list->starved || list->findings->starved)
        return true;
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].undecided)
            return true;
    return false;
}
