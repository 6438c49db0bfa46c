/* The state of the daemon as JSON and as metrics. */
#include "daemon/front_status.h"

#include "base/clock.h"
#include "daemon/front_book.h"
#include "monitor/monitor.h"
#include "signer/table.h"

enum peer { PEER_ROLES, PEER_CLAMD, PEER_INTEL, PEER_RESOLVER, PEER_SIGNER, PEERS };

/* ---- what others have told ---- */

/* Nobody has told it yet: the state is not known, and says so. */
#define UNTOLD "\"error\":\"not known yet\""
static const char *const untold[PEERS] = {
    [PEER_ROLES] = "[]",
    [PEER_CLAMD] = "{\"state\":\"degraded\",\"version\":null,\"database\":null,"
                   "\"database_time\":null,\"database_age_s\":null," UNTOLD "}",
    [PEER_INTEL] = "{\"state\":\"degraded\",\"indicators\":0,\"feeds\":[]," UNTOLD "}",
    [PEER_RESOLVER] = "{\"state\":\"degraded\",\"queries\":0,\"cached\":0,\"failed\":0,"
                      "\"timeouts\":0," UNTOLD "}",
    [PEER_SIGNER] = "{\"state\":\"degraded\",\"keys\":[]," UNTOLD "}",
};

static void read_peers(const struct front *f, struct str text, struct str out[PEERS])
{
    for (size_t i = 0; i < PEERS; i++) {
        struct str line = str_cut(&text, '\n');
        out[i] = line.n > 0 ? line : str_from(untold[i]);
    }
    if (f->config->signing == NULL)
        out[PEER_SIGNER] = STR("{\"state\":\"off\",\"keys\":[],\"error\":null}");
}

static void kraw(struct json *j, const char *key, struct str value)
{
    json_key(j, key);
    json_raw(j, value);
}

/* ---- our own ---- */

static void write_listeners(struct front *f, struct json *j)
{
    json_key(j, "listeners");
    json_array_begin(j);
    for (size_t i = 0; i < f->n_listeners; i++) {
        const struct front_listener *l = &f->listeners[i];
        json_object_begin(j);
        json_ktext(j, "name", l->config->name);
        json_kword(j, "protocol", "milter");
        json_ktext(j, "address", l->config->listen.text);
        json_kword(j, "mode", mail_mode_name(l->config->mode));
        json_kint(j, "connections", l->connections);
        json_object_end(j);
    }
    if (f->config->http.enabled) {
        json_object_begin(j);
        json_kword(j, "name", "http");
        json_kword(j, "protocol", "http");
        json_ktext(j, "address", f->config->http.listen.text);
        json_kword(j, "mode", NULL);
        json_kint(j, "connections", 0);
        json_object_end(j);
    }
    json_array_end(j);
}

static void write_queue(struct json *j, const char *name, uint64_t depth, uint64_t max,
                        uint64_t dropped)
{
    json_object_begin(j);
    json_kword(j, "name", name);
    json_kint(j, "depth", (int64_t)depth);
    json_kint(j, "max", (int64_t)max);
    json_kint(j, "dropped", (int64_t)dropped);
    json_object_end(j);
}

static void write_queues(struct front *f, struct json *j)
{
    struct front_book *b = f->book;
    json_key(j, "queues");
    json_array_begin(j);
    if (b->history != NULL) {
        struct history_status s;
        history_status(b->history, &s);
        write_queue(j, "history", s.queued, HISTORY_QUEUE_MAX, s.lost);
    }
    if (b->hooks != NULL) {
        struct hooks_status s;
        hooks_status(b->hooks, &s);
        write_queue(j, "webhooks", s.queued, HOOKS_QUEUE_MAX, s.lost);
    }
    if (b->observer != NULL)
        write_queue(j, "reports", 0, OBSERVER_QUEUE_MAX, observer_lost(b->observer));
    json_array_end(j);
}

static const char *state_word(enum history_state s)
{
    return s == HISTORY_OK ? "ok" : s == HISTORY_FAILING ? "degraded" : "down";
}

static void write_history(struct front *f, struct json *j)
{
    struct history_status s = {0};
    struct history_totals t = {0};
    bool is_kept = f->book->history != NULL;
    const char *failed = f->book->failed[BOOK_HISTORY].text;
    if (is_kept) {
        history_status(f->book->history, &s);
        history_totals(f->book->history, &t, NULL);
    }
    json_key(j, "history");
    json_object_begin(j);
    json_kword(j, "state", is_kept ? state_word(s.state) : failed[0] != '\0' ? "down" : "off");
    json_kint(j, "mails", (int64_t)t.messages);
    json_kint(j, "bytes", (int64_t)t.bytes);
    json_ktime_ms(j, "oldest", t.oldest_ms);
    json_kint(j, "pending", (int64_t)s.queued);
    json_kint(j, "dropped", (int64_t)s.lost);
    json_kopt(j, "error", str_from(is_kept && s.state != HISTORY_OK ? s.problem : failed));
    json_object_end(j);
}

static bool write_hook(void *ctx, const struct hook_endpoint_status *s)
{
    struct json *j = ctx;
    bool fails = s->disabled || s->failed_ms > s->sent_ms;
    json_object_begin(j);
    json_ktext(j, "name", s->name);
    json_kword(j, "state", s->disabled ? "down" : fails ? "degraded" : "ok");
    json_kint(j, "pending", (int64_t)s->waiting);
    json_kint(j, "delivered", (int64_t)s->sent);
    json_kint(j, "failed", (int64_t)(s->dead + s->lost));
    json_ktime_ms(j, "last_success", s->sent_ms);
    json_kopt(j, "error", str_from(fails ? s->reason : ""));
    json_object_end(j);
    return true;
}

static void write_hooks(struct front *f, struct json *j)
{
    json_key(j, "hooks");
    json_array_begin(j);
    if (f->book->hooks != NULL)
        hooks_endpoints(f->book->hooks, write_hook, j, NULL);
    json_array_end(j);
}

/* For people: what is not as it should be. Returns how many. */
static size_t write_problems(struct front *f, const struct str peers[PEERS], struct json *j)
{
    static const char *const parts[PEERS] = {NULL, "clamd", "intelligence", "the resolver",
                                             "the signer"};
    size_t n = 0;
    json_key(j, "problems");
    json_array_begin(j);
    for (size_t i = PEER_CLAMD; i < PEERS; i++)
        if (str_starts(peers[i], STR("{\"state\":\"down\""))) {
            char text[64];
            n++;
            json_str(j, str_make(text, (size_t)snprintf(text, sizeof text, "%s fails", parts[i])));
        }
    for (size_t i = 0; i < BOOK_PARTS; i++)
        if (f->book->failed[i].text[0] != '\0') {
            n++;
            json_str(j, str_from(f->book->failed[i].text));
        }
    if (f->book->history != NULL) {
        struct history_status s;
        history_status(f->book->history, &s);
        if (s.state != HISTORY_OK) {
            n++;
            json_str(j, str_from(s.problem));
        }
    }
    json_array_end(j);
    return n;
}

void front_status(struct front *f, struct str text, struct json *j)
{
    struct str peers[PEERS];
    int64_t now_s = clock_wall_s();
    read_peers(f, text, peers);
    json_kword(j, "version", MP_VERSION);
    json_ktime_ms(j, "now", now_s * 1000);
    json_ktime_ms(j, "started", f->started_s * 1000);
    json_kint(j, "uptime_s", now_s - f->started_s);
    json_kint(j, "generation", f->role->generation);
    size_t problems = write_problems(f, peers, j);
    json_kword(j, "state", problems == 0 ? "ok" : "degraded");
    kraw(j, "roles", peers[PEER_ROLES]);
    write_listeners(f, j);
    write_queues(f, j);
    kraw(j, "clamd", peers[PEER_CLAMD]);
    kraw(j, "intel", peers[PEER_INTEL]);
    kraw(j, "resolver", peers[PEER_RESOLVER]);
    write_history(f, j);
    write_hooks(f, j);
    kraw(j, "signer", peers[PEER_SIGNER]);
}

bool front_ready(struct front *f, struct json *j)
{
    json_object_begin(j);
    json_kword(j, "name", "front");
    json_kbool(j, "ok", !f->draining);
    json_kword(j, "detail", f->draining ? "another generation takes over" : "");
    json_object_end(j);
    return !f->draining;
}

/* ---- metrics ---- */

static void series(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_addf(out, "# HELP mailproof_%s %s\n# TYPE mailproof_%s %s\n", name, help, name, type);
}

static void value(struct buf *out, const char *name, unsigned long long v)
{
    buf_addf(out, "mailproof_%s %llu\n", name, v);
}

/* Until the first of its entries has no key that signs. */
static void write_signing(const struct front *f, struct buf *out)
{
    const struct signing_table *t = f->config->signing;
    int64_t now_s = clock_wall_s(), until_s = INT64_MAX;
    for (size_t i = 0; t != NULL && i < t->n_domains; i++) {
        int64_t end_s = signing_covered_until(&t->domains[i], now_s);
        until_s = end_s < until_s ? end_s : until_s;
    }
    series(out, "signing_covered_seconds", "gauge",
           "Until the first domain that is signed for has no key by its dates.");
    if (until_s == INT64_MAX)
        buf_addz(out, "mailproof_signing_covered_seconds +Inf\n");
    else
        value(out, "signing_covered_seconds", (unsigned long long)(until_s - now_s));
}

/* One series a result, all of them there from the start. */
static void write_results(struct buf *out, const char *name, const char *help,
                          atomic_ullong counts[FRONT_MONITOR_RESULTS])
{
    series(out, name, "counter", help);
    for (int r = MONITOR_PASSED; r <= MONITOR_UNDECIDED; r++)
        buf_addf(out, "mailproof_%s{result=\"%s\"} %llu\n", name,
                 monitor_result_name((enum monitor_result)r),
                 atomic_load_explicit(&counts[r], memory_order_relaxed));
}

void front_metrics(struct front *f, struct buf *out)
{
    struct front_counts *c = &f->count;
    const struct {
        const char *name, *type, *help;
        atomic_ullong *of;
    } rows[] = {
        {"milter_connections_total", "counter", "Connections of MTAs.", &c->connections},
        {"milter_connections", "gauge", "Connections of MTAs now.", &c->open_connections},
        {"milter_protocol_errors_total", "counter", "Connections ended for what they sent.",
         &c->protocol_errors},
        {"unjudged_total", "counter", "Mails that no worker has judged: refused or deferred.",
         &c->failed},
        {"accepted_unseen_total", "counter", "Mails accepted although nobody has judged them.",
         &c->unseen},
        {"oversize_total", "counter", "Mails above max_message_bytes.", &c->oversize},
        {"early_rejects_total", "counter", "Recipients refused before the message came.",
         &c->early_rejects},
        {"signed_total", "counter", "Mails signed.", &c->signed_mails},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        series(out, rows[i].name, rows[i].type, rows[i].help);
        value(out, rows[i].name, atomic_load_explicit(rows[i].of, memory_order_relaxed));
    }
    write_results(out, "monitor_runs_total", "Suites and audits that ran.", c->monitor_runs);
    write_results(out, "monitor_changes_total", "What changed, by what it became.",
                  c->monitor_changes);
    write_signing(f, out);
    series(out, "spool_bytes", "gauge", "Mails on their way from an MTA to a worker, bytes.");
    value(out, "spool_bytes", f->spooled_bytes);
    series(out, "generation", "gauge", "Grows with each reload.");
    value(out, "generation", f->role->generation);
}
