/* What is new in the store of reports, and what is too old for it. */
#include "daemon/clerk_reports.h"

#include <stdlib.h>

#include "base/clock.h"
#include "daemon/log.h"
#include "daemon/serve_stores.h"

enum { LIST_ARENA_BYTES = 64 << 20, EVENT_MAX_BYTES = 16 * 1024 };

struct clerk_reports {
    struct feedback_store *store;
    int64_t last_id; /* the newest one that was told */
    int64_t sweep_s; /* monotonic: when it is time again */
};

static int list_newest(struct clerk_reports *c, struct arena *a, size_t limit,
                       struct feedback_stored_list *out, struct mp_err *err)
{
    const struct feedback_filter newest = {.limit = limit};
    return feedback_store_reports(c->store, &newest, a, out, err);
}

int clerk_reports_open(struct role *r, struct clerk_reports **out, struct mp_err *err)
{
    struct feedback_stored_list list = {0};
    struct clerk_reports *c = calloc(1, sizeof *c);
    if (c == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for reports");
    int st = serve_reports_open(r, &c->store, err);
    if (st == MP_OK && c->store != NULL)
        st = list_newest(c, &r->arena, 1, &list, err);
    if (st != MP_OK || c->store == NULL) {
        clerk_reports_close(c);
        return st;
    }
    c->last_id = list.n > 0 ? list.items[0].id : 0;
    *out = c;
    return MP_OK;
}

void clerk_reports_close(struct clerk_reports *c)
{
    if (c == NULL)
        return;
    feedback_store_close(c->store);
    free(c);
}

static void tell(const struct feedback_stored *s, struct hooks *hooks)
{
    struct buf b;
    struct json j;
    buf_init(&b, EVENT_MAX_BYTES);
    json_init(&j, &b, 0);
    json_object_begin(&j);
    json_kword(&j, "kind", feedback_kind_name(s->kind));
    json_ktext(&j, "organization", s->org);
    json_ktext(&j, "domain", s->domain);
    json_ktext(&j, "report_id", s->report_id);
    json_ktime_ms(&j, "begin", s->begin_s * 1000);
    json_ktime_ms(&j, "end", s->end_s * 1000);
    json_kint(&j, "messages", (int64_t)s->messages);
    json_kint(&j, "failed", (int64_t)s->failed);
    json_object_end(&j);
    if (!b.failed)
        hooks_put(hooks, HOOK_REPORT_RECEIVED, s->received_s * 1000, buf_str(&b));
    buf_clear(&b);
}

static void sweep(struct clerk_reports *c)
{
    struct mp_err err = {0};
    uint64_t deleted = 0;
    int64_t now_s = clock_mono_us() / 1000000;
    if (now_s < c->sweep_s)
        return;
    c->sweep_s = now_s + CLERK_SWEEP_S;
    if (feedback_store_sweep(c->store, clock_wall_s(), &deleted, &err) != MP_OK)
        log_note(LOG_WARNING_LEVEL, "reports.sweep", "%s", err.text);
}

void clerk_reports_look(struct clerk_reports *c, struct hooks *hooks)
{
    struct feedback_stored_list list = {0};
    struct mp_err err = {0};
    struct arena a;
    if (c == NULL)
        return;
    sweep(c);
    arena_init(&a, LIST_ARENA_BYTES);
    if (list_newest(c, &a, CLERK_REPORTS_TOLD_MAX, &list, &err) != MP_OK)
        log_note(LOG_WARNING_LEVEL, "reports.look", "%s", err.text);
    for (size_t i = list.n; i > 0; i--) { /* the oldest first */
        const struct feedback_stored *s = &list.items[i - 1];
        if (s->id <= c->last_id)
            continue;
        c->last_id = s->id;
        log_note(LOG_INFO_LEVEL, "report.received", "%s of " STR_FMT " about " STR_FMT,
                 feedback_kind_name(s->kind), STR_ARG(s->org), STR_ARG(s->domain));
        if (hooks != NULL)
            tell(s, hooks);
    }
    arena_clear(&a);
}
