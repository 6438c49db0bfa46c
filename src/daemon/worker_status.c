/* The state of what a worker depends on. */
#include "daemon/worker_status.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "feeds/vault.h"

enum { CLAMD_WAIT_MS = 2000 };

static void kage(struct json *j, const char *key, int64_t since_s)
{
    json_key(j, key);
    if (since_s > 0)
        json_int(j, clock_wall_s() - since_s);
    else
        json_write_null(j);
}

/* The first address that answers speaks for all; none: that is a failure. */
static void write_clamd(const struct scanners *s, struct json *j)
{
    struct clamd *c = s == NULL ? NULL : s->clamd;
    struct clamd_status status = {0};
    struct mp_err err = {0};
    int st = MP_E_IO;
    for (size_t i = 0; c != NULL && st != MP_OK && i < clamd_addresses(c); i++)
        st = clamd_status(c, i, clock_mono_us() + CLAMD_WAIT_MS * 1000, &status, &err);
    char database[32] = "";
    if (st == MP_OK && status.version.database > 0)
        snprintf(database, sizeof database, "%u", status.version.database);
    json_object_begin(j);
    json_kword(j, "state", c == NULL ? "off" : st == MP_OK ? "ok" : "down");
    json_kopt(j, "version", str_from(status.version.engine));
    json_kopt(j, "database", str_from(database));
    json_ktime_ms(j, "database_time", status.version.database_s * 1000);
    kage(j, "database_age_s", status.version.database_s);
    json_kopt(j, "error", str_from(c == NULL || st == MP_OK ? "" : err.text));
    json_object_end(j);
}

static void write_feed(struct json *j, const struct snapshot_feed *f)
{
    json_object_begin(j);
    json_ktext(j, "name", f->name);
    json_kword(j, "state", "ok");
    json_kint(j, "entries", (int64_t)f->entries);
    json_ktime_ms(j, "updated", f->fetched_s * 1000);
    kage(j, "age_s", f->fetched_s);
    json_kword(j, "error", NULL);
    json_object_end(j);
}

static void write_intel(const struct intel_source *s, struct json *j)
{
    struct vault_hold *hold = s == NULL || s->vault == NULL ? NULL : vault_current(s->vault);
    const struct snapshot *snapshot = hold == NULL ? NULL : vault_snapshot(hold);
    json_object_begin(j);
    json_kword(j, "state", snapshot == NULL ? "off" : s->n_faults == 0 ? "ok" : "degraded");
    uint64_t n = 0;
    for (int k = 0; snapshot != NULL && k < INDICATOR_KIND_COUNT; k++)
        n += snapshot_count(snapshot, (enum indicator_kind)k);
    json_kint(j, "indicators", (int64_t)n);
    json_key(j, "feeds");
    json_array_begin(j);
    for (size_t i = 0; snapshot != NULL && i < snapshot_feeds(snapshot); i++) {
        struct snapshot_feed f;
        if (snapshot_feed_at(snapshot, i, &f))
            write_feed(j, &f);
    }
    json_array_end(j);
    json_kopt(j, "error", str_from(s != NULL && s->n_faults > 0 ? s->faults[0].why : ""));
    json_object_end(j);
    vault_release(hold);
}

static void write_resolver(const struct dns_source *source, struct json *j)
{
    struct resolver_stats s = {0};
    if (source->resolver != NULL)
        resolver_stats(source->resolver, &s);
    bool silent = s.queries > 0 && s.timeouts + s.failures >= s.queries;
    json_object_begin(j);
    bool is_there = source->resolver != NULL || source->zone != NULL; /* a zone file answers */
    json_kword(j, "state", !is_there ? "off" : silent ? "down" : "ok");
    json_kint(j, "queries", (int64_t)s.queries);
    json_kint(j, "cached", (int64_t)s.hits);
    json_kint(j, "failed", (int64_t)s.failures);
    json_kint(j, "timeouts", (int64_t)s.timeouts);
    json_kword(j, "error", silent ? "no question was answered" : NULL);
    json_object_end(j);
}

void worker_status(const struct dns_source *source, struct buf *out)
{
    struct json j;
    json_init(&j, out, 0);
    write_clamd(source->scanners, &j);
    buf_addc(out, '\n');
    json_init(&j, out, 0);
    write_intel(source->intel, &j);
    buf_addc(out, '\n');
    json_init(&j, out, 0);
    write_resolver(source, &j);
}
