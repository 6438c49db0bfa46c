/* The result document of a host or a domain, mailproof/<kind>/1
 * (docs/schema/subject-1.schema.json). */
#include "report/subject_internal.h"

#include <stdio.h>

void subject_json_schema(struct json *j, const char *kind)
{
    char name[64];
    snprintf(name, sizeof name, "mailproof/%s/1", kind);
    json_kword(j, "schema", name);
}

static void kline(struct json *j, size_t line)
{
    json_key(j, "line");
    if (line == 0)
        json_write_null(j);
    else
        json_uint(j, line);
}

static void write_check(struct json *j, const struct subject *s, const struct check *c)
{
    json_object_begin(j);
    json_ktext(j, "group", c->group);
    json_kword(j, "name", c->name);
    json_kword(j, "status", check_status_name(check_status_of(c)));
    json_ktext(j, "detail", c->detail);
    json_key(j, "elapsed_us");
    if (c->elapsed_us >= 0)
        json_int(j, c->elapsed_us);
    else
        json_write_null(j);
    json_key(j, "findings");
    json_array_begin(j);
    for (size_t i = 0; i < c->n_findings; i++)
        json_uint(j, c->first_finding + i);
    json_array_end(j);
    if (subject_is_case(s)) {
        json_ktext(j, "file", c->line > 0 && c->file.n > 0 ? c->file : s->file);
        kline(j, c->line);
        json_kopt(j, "expected", c->expected);
        json_kstr(j, "got", c->expected.n > 0 ? c->got : STR_NONE);
    }
    json_object_end(j);
}

static void write_place(struct json *j, const struct check *c)
{
    json_key(j, "check");
    if (c == NULL) {
        json_write_null(j);
        return;
    }
    json_object_begin(j);
    json_ktext(j, "group", c->group);
    json_kword(j, "name", c->name);
    json_object_end(j);
}

static void write_fix(struct json *j, const struct remedy *fix)
{
    json_key(j, "fix");
    if (fix == NULL) {
        json_write_null(j);
        return;
    }
    json_object_begin(j);
    json_ktext(j, "text", fix->text);
    json_kbool(j, "verified", fix->verified);
    json_object_end(j);
}

static void write_finding(struct json *j, const struct subject *s, size_t i, const struct check *c)
{
    const struct finding *f = &s->checks->findings->items[i];
    const struct finding_kind *kind = finding_kind(f->id);
    json_object_begin(j);
    json_kstr(j, "id", kind->name);
    json_kword(j, "severity", severity_name(f->severity));
    json_kword(j, "title", kind->title);
    json_ktext(j, "evidence", f->evidence);
    write_place(j, c);
    json_kword(j, "remedy", kind->remedy);
    write_fix(j, subject_remedy(s, i));
    json_kstr(j, "reference", *kind->reference == '\0' ? STR_NONE : str_from(kind->reference));
    json_key(j, "known");
    if (s->known == NULL)
        json_write_null(j);
    else
        json_bool(j, s->known[i]);
    json_object_end(j);
}

static void write_findings(struct json *j, const struct subject *s)
{
    const struct check *owners[FINDINGS_MAX];
    subject_owners(s, owners);
    json_key(j, "findings");
    json_array_begin(j);
    for (size_t i = 0; i < s->checks->findings->n && i < FINDINGS_MAX; i++)
        write_finding(j, s, i, owners[i]);
    json_array_end(j);
    json_key(j, "findings_dropped");
    json_uint(j, s->checks->findings->dropped);
}

void report_subject_json(struct json *j, const struct subject *s, int outcome)
{
    char started[TIME_TEXT_MAX];
    bool known = time_text(s->started_s, started);
    json_object_begin(j);
    subject_json_schema(j, s->kind);
    json_ktext(j, "subject", s->name);
    json_ktext(j, "headline", s->headline);
    if (subject_is_case(s)) {
        json_ktext(j, "suite", s->suite);
        json_ktext(j, "file", s->file);
        kline(j, s->line);
    }
    json_kstr(j, "started", known ? str_from(started) : STR_NONE);
    json_key(j, "checks");
    json_array_begin(j);
    for (size_t i = 0; i < s->checks->n; i++)
        write_check(j, s, &s->checks->items[i]);
    json_array_end(j);
    write_findings(j, s);
    json_kword(j, "result", outcome_name(outcome));
    if (s->json != NULL)
        s->json(j, s->ctx);
    json_kint(j, "elapsed_us", s->elapsed_us);
    json_object_end(j);
}
