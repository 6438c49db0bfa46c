/* What was found: the one catalogue of findings, and the list a message collects. */
#ifndef MP_FINDING_FINDING_H
#define MP_FINDING_FINDING_H

#include <stdarg.h>

#include "base/arena.h"

enum severity { SEV_INFO, SEV_LOW, SEV_MEDIUM, SEV_HIGH, SEV_CRITICAL };

/* One enumerator a line of catalog.def: FINDING_AUTH_DMARC_FAIL for "auth.dmarc.fail". */
enum finding_id {
#define FINDING(symbol, name, severity, reference, title, remedy) FINDING_##symbol,
#include "finding/catalog.def"
#undef FINDING
    FINDING_COUNT
};

/* A row of the catalogue; static for the life of the process. */
struct finding_kind {
    struct str name; /* "auth.dmarc.fail": stable, lower case, dotted by stage */
    enum severity severity;
    const char *reference; /* RFC and section, or the source */
    const char *title;     /* one sentence: what it means */
    const char *remedy;    /* one sentence: what to do about it */
};

const struct finding_kind *finding_kind(enum finding_id id);
bool finding_by_name(struct str name, enum finding_id *out);
const char *severity_name(enum severity s);
/* Any case; also "warning" for medium and "error" for high. */
bool severity_by_name(struct str name, enum severity *out);

/* Where in the raw message: all parts optional. Borrowed text. */
struct finding_where {
    struct str part;   /* "1.2", empty for the message itself */
    struct str member; /* "inner.zip/a.exe" within that part; empty outside of archives */
    struct str header; /* field name */
    size_t offset, length;
    bool has_offset;
};

struct finding {
    enum finding_id id;
    enum severity severity; /* the catalogue's, unless a policy changed it */
    struct str evidence; /* what was seen, decoded, at most FINDING_EVIDENCE_MAX bytes, printable */
    struct finding_where where;
};

enum {
    FINDING_EVIDENCE_MAX = 200,
    FINDINGS_PER_KIND_MAX = 8,
    FINDINGS_MAX = FINDINGS_PER_KIND_MAX * FINDING_COUNT /* so none can push out another kind */
};

/* Grows in the arena. At most FINDINGS_PER_KIND_MAX of one kind are kept (the rest counted), and
 * so FINDINGS_MAX in all: `dropped` tells. `starved` says that memory was short for one, whatever
 * it was: then the list decides nothing. Zero-initialise, then finding_list_init. */
struct finding_list {
    struct arena *arena;
    struct finding *items;
    size_t n, cap, dropped;
    bool starved;
    unsigned per_kind[FINDING_COUNT];
};

void finding_list_init(struct finding_list *list, struct arena *arena);

/* Add one; the evidence is formatted, made printable and cut. Never fails visibly: when memory is
 * spent it is counted as dropped, and the list as starved. Returns the finding or NULL when it was
 * not kept. */
struct finding *finding_add(struct finding_list *list, enum finding_id id,
                            struct finding_where where, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
struct finding *finding_add_va(struct finding_list *list, enum finding_id id,
                               struct finding_where where, const char *fmt, va_list ap)
    __attribute__((format(printf, 4, 0)));

/* The same, as severe as the situation makes it. Of more than FINDINGS_PER_KIND_MAX the gravest are
 * kept: one that is graver takes the place of the least grave. */
struct finding *finding_add_as(struct finding_list *list, enum severity severity,
                               enum finding_id id, struct finding_where where, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Add what was found elsewhere (another list, a worker), with its severity, as finding_add_as does.
 * Its texts are borrowed and must live as long as the list. NULL when it was not kept. */
struct finding *finding_copy(struct finding_list *list, const struct finding *f);
/* All of another list, and what it had no room for. */
void finding_append(struct finding_list *list, const struct finding_list *from);

/* A mark, and back to it: a stage that must wait takes back what it added (STYLE.md 4). */
struct finding_mark {
    size_t n, dropped;
};
struct finding_mark finding_mark(const struct finding_list *list);
void finding_rewind(struct finding_list *list, struct finding_mark mark);

/* The severity of one finding that is graver than its kind; `f` may be NULL. Never lowers it. */
static inline void finding_raise(struct finding *f, enum severity s)
{
    if (f != NULL && f->severity < s)
        f->severity = s;
}

bool finding_has(const struct finding_list *list, enum finding_id id);

#define NOWHERE ((struct finding_where){0})

#endif
