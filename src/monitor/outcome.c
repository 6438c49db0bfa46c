/* Documents mailproof/run/1 and mailproof/audit/1, as far as the monitor needs them. */
#include "monitor/outcome.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/grow.h"
#include "base/utf8.h"
#include "finding/finding.h"

enum {
    MS_US = 1000,
    LAST_SHOWN_BYTES = 16 /* what the last code point and an ellipsis may take beyond */
};

struct reading {
    struct arena *arena;
    enum monitor_kind kind;
    struct outcome o;
    size_t cap;
    unsigned line;
    struct mp_err *err;
};

static int fail(struct reading *r, int code, const char *what)
{
    return mp_fail(r->err, code, r->line, "line %u: %s", r->line, what);
}

static struct str text_of(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    return json_is_string(v) ? str_make(json_string_value(v), json_string_length(v)) : STR("");
}

/* One line that people may be shown, cut where it is too long. */
static struct str shown(struct reading *r, struct str text, size_t max_bytes)
{
    struct buf b;
    buf_init(&b, 8 * max_bytes);
    utf8_add_printable(&b, text, max_bytes - LAST_SHOWN_BYTES);
    struct str copy = b.n == 0 ? STR("") : arena_copy(r->arena, buf_str(&b));
    if (b.failed)
        copy = STR_NONE;
    buf_clear(&b);
    return copy;
}

/* ---- why ---- */

/* Those that are not worth a failure are left out: they come and go. */
static bool counts(const json_t *finding)
{
    enum severity severity = SEV_HIGH;
    severity_by_name(text_of(finding, "severity"), &severity);
    return severity >= SEV_MEDIUM && !json_is_true(json_object_get(finding, "known"));
}

/* A sum: in whatever order they stand. */
static uint64_t print_of(const json_t *findings)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *f = json_array_get(findings, i);
        const json_t *check = json_object_get(f, "check");
        if (counts(f))
            sum += str_hash(text_of(f, "id")) ^ (str_hash(text_of(check, "group")) * 3) ^
                   (str_hash(text_of(check, "name")) * 7);
    }
    return sum;
}

/* "group name: evidence" of the gravest finding; else of the first check that is not passed. */
static struct str why_of(struct reading *r, const json_t *doc)
{
    const json_t *findings = json_object_get(doc, "findings"), *best = NULL;
    const json_t *checks = json_object_get(doc, "checks");
    enum severity worst = SEV_INFO, severity;
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *f = json_array_get(findings, i);
        bool known = severity_by_name(text_of(f, "severity"), &severity);
        if (known && (best == NULL || severity > worst)) {
            best = f;
            worst = severity;
        }
    }
    if (best != NULL) {
        const json_t *check = json_object_get(best, "check");
        return arena_fmt(r->arena, STR_FMT " " STR_FMT ": " STR_FMT " (" STR_FMT ")",
                         STR_ARG(text_of(check, "group")), STR_ARG(text_of(check, "name")),
                         STR_ARG(text_of(best, "title")), STR_ARG(text_of(best, "evidence")));
    }
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *c = json_array_get(checks, i);
        if (str_eq(text_of(c, "status"), STR("undecided")))
            return arena_fmt(r->arena, STR_FMT " " STR_FMT ": " STR_FMT,
                             STR_ARG(text_of(c, "group")), STR_ARG(text_of(c, "name")),
                             STR_ARG(text_of(c, "detail")));
    }
    return text_of(doc, "headline");
}

/* ---- a document ---- */

/* False: skipped, or a word that we do not know, which is undecided. */
static bool result_of(const json_t *doc, enum monitor_result *out)
{
    struct str word = text_of(doc, "result");
    *out = str_eq(word, STR("passed"))   ? MONITOR_PASSED
           : str_eq(word, STR("failed")) ? MONITOR_FAILED
                                         : MONITOR_UNDECIDED;
    return !str_eq(word, STR("skipped"));
}

static bool read_audit(struct reading *r, const json_t *doc)
{
    const json_t *findings = json_object_get(doc, "findings");
    char *text = findings == NULL ? NULL : json_dumps(findings, JSON_COMPACT);
    r->o.grade = shown(r, text_of(doc, "grade"), MONITOR_MAX_TEXT_BYTES);
    r->o.findings = text == NULL ? STR("") : arena_copy(r->arena, str_from(text));
    free(text);
    return r->o.grade.p != NULL && r->o.findings.p != NULL;
}

static int read_document(struct reading *r, const json_t *doc)
{
    static const struct str schemas[] = {STR_INIT("mailproof/run/1"),
                                         STR_INIT("mailproof/audit/1")};
    struct monitor_case c = {.name = text_of(doc, "subject")};
    const json_t *elapsed = json_object_get(doc, "elapsed_us");
    if (!str_eq(text_of(doc, "schema"), schemas[r->kind]) || c.name.n == 0)
        return fail(r, MP_E_SYNTAX, "another document than was asked for");
    if (!result_of(doc, &c.result)) {
        r->o.skipped++;
        return MP_OK;
    }
    if (r->o.n == MONITOR_MAX_CASES)
        return fail(r, MP_E_LIMIT, "too many cases");
    struct monitor_case *cases = list_room(r->arena, r->o.cases, r->o.n, &r->cap, sizeof c);
    struct str why = c.result == MONITOR_PASSED ? STR("") : why_of(r, doc);
    c.name = shown(r, c.name, MONITOR_MAX_NAME_BYTES);
    c.text = why.p == NULL ? why : shown(r, why, MONITOR_MAX_TEXT_BYTES);
    c.print = print_of(json_object_get(doc, "findings"));
    c.duration_ms = json_is_integer(elapsed) && json_integer_value(elapsed) >= 0
                        ? json_integer_value(elapsed) / MS_US
                        : 0;
    if (cases == NULL || c.name.p == NULL || c.text.p == NULL ||
        (r->kind == MONITOR_AUDIT && !read_audit(r, doc)))
        return fail(r, MP_E_NOMEM, "no memory");
    r->o.cases = cases;
    cases[r->o.n++] = c;
    return MP_OK;
}

static int compare_cases(const void *a, const void *b)
{
    return str_cmp(((const struct monitor_case *)a)->name, ((const struct monitor_case *)b)->name);
}

/* Each name once; of two, what is worse. */
static void sort_cases(struct outcome *o)
{
    size_t n = 0;
    if (o->n > 0)
        qsort(o->cases, o->n, sizeof *o->cases, compare_cases);
    for (size_t i = 0; i < o->n; i++)
        if (n > 0 && str_eq(o->cases[n - 1].name, o->cases[i].name)) {
            if (o->cases[i].result == MONITOR_FAILED || o->cases[n - 1].result == MONITOR_PASSED)
                o->cases[n - 1] = o->cases[i];
        } else
            o->cases[n++] = o->cases[i];
    o->n = n;
}

int outcome_read(struct arena *arena, enum monitor_kind kind, struct str text, struct outcome *out,
                 struct mp_err *err)
{
    struct reading r = {.arena = arena, .kind = kind, .err = err};
    int st = MP_OK;
    size_t end = str_rfind(text, '\n');
    text.n = end == text.n ? 0 : end;
    for (r.line = 1; st == MP_OK && text.n > 0; r.line++) {
        struct str line = str_cut(&text, '\n');
        json_t *doc = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
        st = json_is_object(doc) ? read_document(&r, doc)
                                 : fail(&r, MP_E_SYNTAX, "not a JSON document");
        json_decref(doc);
    }
    sort_cases(&r.o);
    *out = r.o;
    return st;
}
