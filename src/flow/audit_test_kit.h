/* What DNS says, a zone file over it, and an audit of both, for the tests of the audit. */
#ifndef MP_FLOW_AUDIT_TEST_KIT_H
#define MP_FLOW_AUDIT_TEST_KIT_H

#include <stdlib.h>

#include "base/clock.h"
#include "dns/zone.h"
#include "flow/audit_internal.h"
#include "tests/tap.h"

enum { RIG_ARENA_BYTES = 256 << 20, RIG_OUT_BYTES = 64 << 20, RIG_DEADLINE_MS = 60000 };
enum { PASSED = 0, FAILED = 1, UNDECIDED = 3 }; /* exit codes */

struct rig {
    struct arena arena;
    struct dns_zone *dns, *file;
    struct dns_source source;
    struct audit_options options;
    struct audit *audit;
    struct subject subject;
    struct buf out;
    struct mp_err err;
    int status;
};

static inline struct dns_zone *rig_zone(const char *text)
{
    struct mp_err err = {0};
    struct dns_zone *z = dns_zone_new();
    if (z == NULL)
        abort();
    if (!tap_int(dns_zone_load(z, str_from(text), "zone", &err), MP_OK))
        tap_note("%s", err.text);
    return z;
}

/* DNS alone: no file is fetched, no host connected to. `file` NULL: all is published. */
static inline void rig_open(struct rig *r, const char *dns, const char *file)
{
    *r = (struct rig){.dns = rig_zone(dns), .file = file == NULL ? NULL : rig_zone(file)};
    arena_init(&r->arena, RIG_ARENA_BYTES);
    buf_init(&r->out, RIG_OUT_BYTES);
    r->source.zone = r->dns;
    audit_options_init(&r->options);
    r->options.dns = &r->source;
    r->options.zone = r->file;
    r->options.zone_apex = STR("good.test");
    r->options.helo = STR("audit.test");
    r->options.now_s = clock_wall_s();
    r->options.deadline_ms = RIG_DEADLINE_MS;
    r->options.posture.connect = r->options.posture.https = false;
    r->audit = calloc(1, sizeof *r->audit);
    if (r->audit == NULL)
        abort();
}

static inline void rig_close(struct rig *r)
{
    audit_clear(r->audit);
    free(r->audit);
    dns_zone_free(r->dns);
    dns_zone_free(r->file);
    buf_clear(&r->out);
    arena_clear(&r->arena);
}

static inline void rig_run(struct rig *r, const struct saved_audit *before)
{
    r->status = audit_run(r->audit, STR("good.test"), &r->options, before, &r->err);
    if (!tap_int(r->status, MP_OK))
        tap_note("%s", r->err.text);
    audit_subject(r->audit, &r->subject);
}

static inline bool rig_has(struct str text, const char *part)
{
    return part[0] == '\0' || str_search(text, str_from(part)) < text.n;
}

static inline const struct finding *rig_finding(const struct rig *r, enum finding_id id)
{
    for (size_t i = 0; i < r->audit->ctx.findings.n; i++)
        if (r->audit->ctx.findings.items[i].id == id)
            return &r->audit->ctx.findings.items[i];
    return NULL;
}

static inline const struct check *rig_check(const struct rig *r, const char *name)
{
    for (size_t i = 0; i < r->audit->ctx.checks.n; i++)
        if (str_eq(str_from(r->audit->ctx.checks.items[i].name), str_from(name)))
            return &r->audit->ctx.checks.items[i];
    return NULL;
}

static inline void rig_show(const struct rig *r)
{
    const struct finding_list *list = &r->audit->ctx.findings;
    for (size_t i = 0; i < list->n; i++)
        tap_note("%s %s: %.*s", severity_name(list->items[i].severity),
                 finding_kind(list->items[i].id)->name.p, STR_ARG(list->items[i].evidence));
    for (size_t i = 0; i < r->audit->ctx.checks.n; i++)
        if (r->audit->ctx.checks.items[i].undecided)
            tap_note("undecided: %s", r->audit->ctx.checks.items[i].name);
}

/* The report in one format; valid until the next. */
static inline struct str rig_report(struct rig *r, enum report_format format, size_t expected)
{
    struct report_options o = {.format = format, .fail_on = SEV_HIGH, .width = 200};
    buf_reset(&r->out);
    struct report *report = report_new(&o, &r->out, expected);
    if (!tap_ok(report != NULL))
        return STR("");
    report_subject(report, &r->subject);
    report_end(report);
    report_free(report);
    tap_ok(!r->out.failed);
    return buf_str(&r->out);
}

#endif
