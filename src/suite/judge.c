/* One expectation, one check: how it came out, told with its place, what was expected and got. */
#include <inttypes.h>
#include <stdio.h>

#include "suite/runner_internal.h"

enum { JUDGE_TEXT_MAX_BYTES = 64 << 10 };

/* ---- telling ---- */

/* Secrets out, before anything is cut or made printable. */
static struct str masked(struct work *w, struct str text)
{
    struct buf b;
    if (text.n == 0)
        return STR("");
    buf_init(&b, JUDGE_TEXT_MAX_BYTES);
    suite_mask_begin(w->suite, text, JUDGE_TEXT_MAX_BYTES / 4, &b);
    struct str s = b.failed ? STR("***") : arena_copy(w->arena, buf_str(&b));
    buf_clear(&b);
    return s.p == NULL ? STR("***") : s;
}

static void tell(struct work *w, struct str group, const char *name, struct suite_place at,
                 const struct judged *j)
{
    struct check_list *checks = &w->result->checks;
    struct str expected = masked(w, j->expected), got = masked(w, j->got);
    struct str note = j->note.n > 0 ? masked(w, j->note) : got;
    enum finding_id id = j->has_finding ? j->finding : FINDING_FLOW_SUITE_UNMET;
    check_begin(checks, masked(w, group), name);
    check_expect(checks, str_from(at.file), at.line, expected, got);
    if (j->verdict == JUDGE_UNMET)
        check_add_as(checks, SEV_HIGH, id, "expected %.*s, got %.*s", STR_ARG(expected),
                     STR_ARG(got));
    else if (j->verdict == JUDGE_WARN)
        check_add_as(checks, SEV_MEDIUM, id, "%.*s", STR_ARG(note));
    else if (j->verdict == JUDGE_OPEN)
        check_undecided(checks);
    check_end(checks, -1, "%.*s", STR_ARG(note));
}

void judge_tell(struct work *w, struct str group, const char *name, struct suite_place at,
                const struct judged *j)
{
    if (j->verdict == JUDGE_SKIP)
        judge_skip(w, group, name, at, j->got);
    else
        tell(w, group, name, at, j);
}

void judge_open(struct work *w, struct str group, const char *name, struct suite_place at,
                struct str why)
{
    struct judged j = judged_open(STR(""), why);
    tell(w, group, name, at, &j);
}

void judge_skip(struct work *w, struct str group, const char *name, struct suite_place at,
                struct str why)
{
    struct check_list *checks = &w->result->checks;
    struct str text = masked(w, why);
    check_skip(checks, masked(w, group), name, "%.*s", STR_ARG(text));
    if (checks->n > 0 && checks->items[checks->n - 1].skipped) {
        checks->items[checks->n - 1].file = str_from(at.file);
        checks->items[checks->n - 1].line = at.line;
    }
}

/* ---- rows ---- */

struct suite_place judge_place(const struct judge_row *row, const void *expect)
{
    struct suite_place at;
    memcpy(&at, (const char *)expect + row->at, sizeof at);
    return at;
}

bool judge_any_given(const struct judge_row *rows, size_t n, const void *expect)
{
    for (size_t i = 0; i < n; i++)
        if (judge_place(&rows[i], expect).line != 0)
            return true;
    return false;
}

size_t judge_rows(struct work *w, struct str group, const struct judge_row *rows, size_t n,
                  const void *expect, const void *seen)
{
    size_t given = 0;
    for (size_t i = 0; i < n; i++) {
        struct suite_place at = judge_place(&rows[i], expect);
        if (at.line == 0)
            continue;
        struct judged j = rows[i].judge(w, expect, seen);
        judge_tell(w, group, rows[i].name, at, &j);
        given++;
    }
    return given;
}

/* ---- what many words share ---- */

struct judged judged_met(struct str expected, struct str got)
{
    return (struct judged){.verdict = JUDGE_MET, .expected = expected, .got = got};
}

struct judged judged_open(struct str expected, struct str why)
{
    return (struct judged){.verdict = JUDGE_OPEN, .expected = expected, .note = why};
}

struct judged judged_if(bool ok, struct str expected, struct str got)
{
    return (
        struct judged){.verdict = ok ? JUDGE_MET : JUDGE_UNMET, .expected = expected, .got = got};
}

struct judged judged_compare(const struct suite_compare *c, int64_t seen, struct str got)
{
    return judged_if(suite_compare_holds(c, seen), c->text, got);
}

struct judged judged_flag(const struct suite_flag *f, bool seen, const char *yes, const char *no)
{
    return judged_if(f->value == seen, str_from(f->value ? yes : no), str_from(seen ? yes : no));
}

struct judged judged_glob(const struct suite_text *t, struct str seen)
{
    return judged_if(suite_glob(t->text, seen), t->text, seen.n > 0 ? seen : STR("nothing"));
}

struct str judge_list_text(struct work *w, const struct suite_list *l)
{
    struct str text = STR("");
    if (l->all || l->none || l->n == 0)
        return l->all ? STR("all") : STR("none");
    for (size_t i = 0; i < l->n; i++)
        text = arena_fmt(w->arena, "%.*s%s%.*s", STR_ARG(text), i > 0 ? ", " : "",
                         STR_ARG(l->items[i]));
    return text;
}

struct judged judged_one_of(struct work *w, const struct suite_list *l, struct str seen)
{
    struct str expected = judge_list_text(w, l);
    bool ok = suite_list_matches(l, seen) || (l->none && str_ieq(seen, STR("none")));
    return judged_if(ok,
                     l->n > 1 ? arena_fmt(w->arena, "one of %.*s", STR_ARG(expected)) : expected,
                     seen.n > 0 ? seen : STR("nothing"));
}

struct str judge_ms(struct work *w, int64_t ms)
{
    if (ms >= 1000 && ms % 1000 == 0)
        return arena_fmt(w->arena, "%" PRId64 " s", ms / 1000);
    return ms < 1000 ? arena_fmt(w->arena, "%" PRId64 " ms", ms)
                     : arena_fmt(w->arena, "%" PRId64 ".%02d s", ms / 1000, (int)(ms % 1000 / 10));
}

/* ---- replies ---- */

static struct str one_line(struct work *w, struct str text)
{
    struct str copy = arena_copy(w->arena, str_trim(text));
    char *p = (char *)(uintptr_t)copy.p; /* ours */
    for (size_t i = 0; i < copy.n; i++)
        if (p[i] == '\n' || p[i] == '\r')
            p[i] = ' ';
    return copy;
}

struct str judge_reply(struct work *w, const struct smtp_reply *r)
{
    if (r->code == 0)
        return STR("no reply");
    struct str text = one_line(w, r->text);
    return arena_fmt(w->arena, "%u %.*s", r->code, STR_ARG(text));
}

struct str judge_enhanced(struct work *w, const struct smtp_reply *r)
{
    return r->class_ == 0 ? STR("none")
                          : arena_fmt(w->arena, "%u.%u.%u", r->class_, r->subject, r->detail);
}

bool judge_code_fits(const struct suite_list *l, unsigned code)
{
    char text[16];
    int n = snprintf(text, sizeof text, "%u", code);
    return suite_list_matches(l, str_make(text, (size_t)n));
}

bool judge_enhanced_fits(const struct suite_list *l, const struct smtp_reply *r)
{
    char text[40];
    int n = snprintf(text, sizeof text, "%u.%u.%u", r->class_, r->subject, r->detail);
    return r->class_ != 0 && suite_list_matches(l, str_make(text, (size_t)n));
}

/* ---- findings of a room below ---- */

bool judge_findings_given(const struct suite_expect_findings *e)
{
    return SUITE_GIVEN(e->forbid) || SUITE_GIVEN(e->require) || SUITE_GIVEN(e->fail_on);
}

static struct str found_text(struct work *w, struct str so_far, const struct finding *f)
{
    return arena_fmt(w->arena, "%.*s%s%.*s (%s)%s%.*s", STR_ARG(so_far), so_far.n > 0 ? "; " : "",
                     STR_ARG(finding_kind(f->id)->name), severity_name(f->severity),
                     f->evidence.n > 0 ? ": " : "", STR_ARG(f->evidence));
}

/* The findings that fit a list, or are at least so severe and not tolerated; the first decides
 * which rule the check breaks. */
static struct judged none_of(struct work *w, const struct suite_expect_findings *e,
                             const struct finding_list *found, bool by_severity)
{
    struct judged j = {.verdict = JUDGE_MET, .got = STR("none")};
    struct str text = STR("");
    j.expected = by_severity
                     ? arena_fmt(w->arena, "no finding of severity %s or above",
                                 severity_name((enum severity)e->fail_on.value))
                     : arena_fmt(w->arena, "none of %.*s", STR_ARG(judge_list_text(w, &e->forbid)));
    for (size_t i = 0; i < found->n; i++) {
        const struct finding *f = &found->items[i];
        struct str name = finding_kind(f->id)->name;
        bool hit = by_severity
                       ? (int)f->severity >= e->fail_on.value &&
                             !(SUITE_GIVEN(e->tolerate) && suite_list_matches(&e->tolerate, name))
                       : suite_list_matches(&e->forbid, name);
        if (!hit)
            continue;
        if (j.verdict == JUDGE_MET) {
            j.finding = f->id;
            j.has_finding = true;
        }
        j.verdict = JUDGE_UNMET;
        text = found_text(w, text, f);
    }
    j.got = text.n > 0 ? text : j.got;
    return j;
}

static struct judged each_of(struct work *w, const struct suite_list *l,
                             const struct finding_list *found)
{
    struct str missing = STR("");
    for (size_t i = 0; i < l->n; i++) {
        bool has = false;
        for (size_t k = 0; k < found->n; k++)
            has |= suite_glob(l->items[i], finding_kind(found->items[k].id)->name);
        if (!has)
            missing = arena_fmt(w->arena, "%.*s%s%.*s", STR_ARG(missing), missing.n > 0 ? ", " : "",
                                STR_ARG(l->items[i]));
    }
    return judged_if(missing.n == 0, judge_list_text(w, l),
                     missing.n == 0 ? STR("all found")
                                    : arena_fmt(w->arena, "not %.*s", STR_ARG(missing)));
}

/* What is there is there; what is not there may just not have been looked at. */
static void tell_findings(struct work *w, struct str group, const char *name, struct suite_place at,
                          struct judged j, bool complete)
{
    if (!complete && (j.verdict == JUDGE_MET) == (strcmp(name, "require") != 0))
        j = judged_open(j.expected, STR("not everything could be checked"));
    judge_tell(w, group, name, at, &j);
}

void judge_findings(struct work *w, struct str group, const struct suite_expect_findings *e,
                    const struct finding_list *found, bool complete)
{
    complete = complete && !found->starved;
    if (SUITE_GIVEN(e->forbid))
        tell_findings(w, group, "forbid", e->forbid.at, none_of(w, e, found, false), complete);
    if (SUITE_GIVEN(e->require))
        tell_findings(w, group, "require", e->require.at, each_of(w, &e->require, found), complete);
    if (SUITE_GIVEN(e->fail_on))
        tell_findings(w, group, "fail-on", e->fail_on.at, none_of(w, e, found, true), complete);
}
