/* The catalogue as a table, and the list of findings of one message. */
#include "finding/finding.h"

#include <stdio.h>

#include "base/utf8.h"

static const struct finding_kind kinds[FINDING_COUNT] = {
#define FINDING(symbol, name, severity, reference, title, remedy)                                  \
    [FINDING_##symbol] = {STR_INIT(name), severity, reference, title, remedy},
#include "finding/catalog.def"
#undef FINDING
};

static const char *const severity_names[] = {"info", "low", "medium", "high", "critical"};
/* Words of build servers: read, never written. */
static const struct {
    struct str name;
    enum severity severity;
} severity_aliases[] = {{STR_INIT("warning"), SEV_MEDIUM}, {STR_INIT("error"), SEV_HIGH}};

const struct finding_kind *finding_kind(enum finding_id id)
{
    return &kinds[id];
}

bool finding_by_name(struct str name, enum finding_id *out)
{
    for (size_t i = 0; i < FINDING_COUNT; i++) {
        if (str_eq(kinds[i].name, name)) {
            *out = (enum finding_id)i;
            return true;
        }
    }
    return false;
}

const char *severity_name(enum severity s)
{
    return severity_names[s];
}

bool severity_by_name(struct str name, enum severity *out)
{
    for (size_t i = 0; i < ARRAY_LEN(severity_names); i++) {
        if (str_ieq(str_from(severity_names[i]), name)) {
            *out = (enum severity)i;
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(severity_aliases); i++) {
        if (str_ieq(severity_aliases[i].name, name)) {
            *out = severity_aliases[i].severity;
            return true;
        }
    }
    return false;
}

void finding_list_init(struct finding_list *list, struct arena *arena)
{
    *list = (struct finding_list){.arena = arena};
}

/* Formatted bytes may come from a mail: what is kept is printable UTF-8, cut at a character. */
__attribute__((format(printf, 2, 0))) static struct str evidence_text(struct arena *arena,
                                                                      const char *fmt, va_list ap)
{
    char raw[4 * FINDING_EVIDENCE_MAX];
    int n = vsnprintf(raw, sizeof raw, fmt, ap);
    size_t have = n < 0 ? 0 : (size_t)n < sizeof raw ? (size_t)n : sizeof raw - 1;
    struct buf b;
    buf_init(&b, 4096);
    utf8_add_printable(&b, str_make(raw, have), FINDING_EVIDENCE_MAX);
    struct str kept = arena_copy(arena, buf_str(&b));
    buf_clear(&b);
    return kept;
}

static bool make_room(struct finding_list *list)
{
    enum { FIRST = 16 };
    if (list->n < list->cap)
        return true;
    size_t cap = list->cap == 0 ? FIRST : list->cap * 2;
    struct finding *items =
        arena_grow(list->arena, list->items, list->n, cap, sizeof list->items[0]);
    list->starved |= items == NULL;
    if (items == NULL)
        return false;
    list->items = items;
    list->cap = cap;
    return true;
}

/* The least grave of a kind, the last of several; NULL: none is less grave than `than`. */
static struct finding *least_of(struct finding_list *list, enum finding_id id, enum severity than)
{
    struct finding *least = NULL;
    for (size_t i = 0; i < list->n; i++) {
        struct finding *f = &list->items[i];
        if (f->id == id && f->severity < than && (least == NULL || f->severity <= least->severity))
            least = f;
    }
    return least;
}

static struct finding *keep(struct finding_list *list, const struct finding *f)
{
    if (list->per_kind[f->id] >= FINDINGS_PER_KIND_MAX || list->n >= FINDINGS_MAX ||
        !make_room(list)) {
        list->dropped++;
        return NULL;
    }
    list->items[list->n] = *f;
    list->per_kind[f->id]++;
    return &list->items[list->n++];
}

struct finding *finding_copy(struct finding_list *list, const struct finding *f)
{
    struct finding *place =
        list->per_kind[f->id] < FINDINGS_PER_KIND_MAX ? NULL : least_of(list, f->id, f->severity);
    if (place == NULL)
        return keep(list, f);
    list->dropped++;
    *place = *f;
    return place;
}

void finding_append(struct finding_list *list, const struct finding_list *from)
{
    for (size_t i = 0; i < from->n; i++)
        finding_copy(list, &from->items[i]);
    list->dropped += from->dropped;
    list->starved |= from->starved;
}

struct finding *finding_add(struct finding_list *list, enum finding_id id,
                            struct finding_where where, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct finding *f = finding_add_va(list, id, where, fmt, ap);
    va_end(ap);
    return f;
}

struct finding *finding_add_va(struct finding_list *list, enum finding_id id,
                               struct finding_where where, const char *fmt, va_list ap)
{
    struct finding *f =
        keep(list, &(struct finding){.id = id, .severity = kinds[id].severity, .where = where});
    if (f != NULL)
        f->evidence = evidence_text(list->arena, fmt, ap);
    return f;
}

struct finding *finding_add_as(struct finding_list *list, enum severity severity,
                               enum finding_id id, struct finding_where where, const char *fmt, ...)
{
    struct finding *f =
        finding_copy(list, &(struct finding){.id = id, .severity = severity, .where = where});
    va_list ap;
    if (f == NULL)
        return NULL;
    va_start(ap, fmt);
    f->evidence = evidence_text(list->arena, fmt, ap);
    va_end(ap);
    return f;
}

struct finding_mark finding_mark(const struct finding_list *list)
{
    return (struct finding_mark){.n = list->n, .dropped = list->dropped};
}

void finding_rewind(struct finding_list *list, struct finding_mark mark)
{
    while (list->n > mark.n)
        list->per_kind[list->items[--list->n].id]--;
    list->dropped = mark.dropped;
}

bool finding_has(const struct finding_list *list, enum finding_id id)
{
    return list->per_kind[id] > 0;
}
