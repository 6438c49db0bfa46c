/* What mails were counted as, in the text format of Prometheus 0.0.4. All series are there from the
 * start, and no label holds anything that a stranger can choose. */
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "webapi/webapi_internal.h"

enum { ACTIONS = ACTION_TEMPFAIL + 1, METHODS = 4, RESULTS = 9, STEPS = 11 };

static const char *const methods[METHODS] = {"spf", "dkim", "arc", "dmarc"};
static const char *const results[RESULTS] = {"pass",   "fail",      "softfail",  "neutral", "none",
                                             "policy", "temperror", "permerror", "other"};
/* Upper bounds of the histogram, in microseconds, and as they are written. */
static const struct {
    uint32_t us;
    const char *text;
} steps[STEPS] = {{1000, "0.001"},  {2500, "0.0025"}, {5000, "0.005"}, {10000, "0.01"},
                  {25000, "0.025"}, {50000, "0.05"},  {100000, "0.1"}, {250000, "0.25"},
                  {1000000, "1"},   {5000000, "5"},   {30000000, "30"}};

struct traffic {
    atomic_ullong mails[MAIL_MODES][ACTIONS], incomplete[MAIL_MODES], bytes[MAIL_MODES];
    atomic_ullong auth[METHODS][RESULTS];
    atomic_ullong findings[FINDING_COUNT];
    atomic_ullong took[STEPS + 1], took_us;
};

struct traffic *webapi_traffic_new(void)
{
    return calloc(1, sizeof(struct traffic));
}

void webapi_traffic_free(struct traffic *t)
{
    free(t);
}

static void add(atomic_ullong *to, unsigned long long n)
{
    atomic_fetch_add_explicit(to, n, memory_order_relaxed);
}

static unsigned long long get(atomic_ullong *from)
{
    return atomic_load_explicit(from, memory_order_relaxed);
}

static void add_result(struct traffic *t, size_t method, struct str word)
{
    size_t i = 0;
    if (word.n == 0)
        word = STR("none");
    while (i < RESULTS - 1 && !str_eq(word, str_from(results[i])))
        i++;
    add(&t->auth[method][i], 1);
}

/* That of a signature that passed, else of the first. */
static struct str best_dkim(const struct mail_summary *s)
{
    for (size_t i = 0; i < s->n_dkim; i++)
        if (str_eq(s->dkim[i].result, STR("pass")))
            return s->dkim[i].result;
    return s->n_dkim != 0 ? s->dkim[0].result : STR_NONE;
}

void webapi_traffic_add(struct traffic *t, const struct mail_summary *s)
{
    enum mail_mode mode = MAIL_SCAN;
    enum verdict_action done = s->action;
    enum finding_id id;
    size_t step = 0;
    mail_mode_by_name(s->mode, &mode);
    action_by_name(s->done, &done);
    add(&t->mails[mode][done], 1);
    add(&t->incomplete[mode], !s->complete);
    add(&t->bytes[mode], s->size_bytes);
    const struct str words[METHODS] = {s->spf, best_dkim(s), s->arc, s->dmarc};
    for (size_t i = 0; i < METHODS; i++)
        add_result(t, i, words[i]);
    for (size_t i = 0; i < s->n_findings; i++)
        if (finding_by_name(s->findings[i].id, &id))
            add(&t->findings[id], 1);
    while (step < STEPS && s->elapsed_us > steps[step].us)
        step++;
    add(&t->took[step], 1);
    add(&t->took_us, s->elapsed_us);
}

static void head(struct buf *b, const char *name, const char *type, const char *help)
{
    buf_addf(b, "# HELP mailproof_%s %s\n# TYPE mailproof_%s %s\n", name, help, name, type);
}

static void write_modes(struct buf *b, const char *name, const char *help, atomic_ullong *values)
{
    head(b, name, "counter", help);
    for (size_t m = 0; m < MAIL_MODES; m++)
        buf_addf(b, "mailproof_%s{mode=\"%s\"} %llu\n", name, mail_mode_name((enum mail_mode)m),
                 get(&values[m]));
}

static void write_histogram(struct traffic *t, struct buf *b)
{
    unsigned long long sum = 0, us = get(&t->took_us);
    head(b, "verdict_seconds", "histogram", "Time from the whole message to its verdict.");
    for (size_t i = 0; i < STEPS; i++) {
        sum += get(&t->took[i]);
        buf_addf(b, "mailproof_verdict_seconds_bucket{le=\"%s\"} %llu\n", steps[i].text, sum);
    }
    sum += get(&t->took[STEPS]);
    buf_addf(b, "mailproof_verdict_seconds_bucket{le=\"+Inf\"} %llu\n", sum);
    buf_addf(b, "mailproof_verdict_seconds_sum %llu.%06llu\n", us / 1000000, us % 1000000);
    buf_addf(b, "mailproof_verdict_seconds_count %llu\n", sum);
}

void webapi_traffic_write(struct traffic *t, struct buf *b)
{
    head(b, "mails_total", "counter", "Mails judged, by what their server was told.");
    for (size_t m = 0; m < MAIL_MODES; m++)
        for (size_t a = 0; a < ACTIONS; a++)
            buf_addf(b, "mailproof_mails_total{mode=\"%s\",action=\"%s\"} %llu\n",
                     mail_mode_name((enum mail_mode)m), action_name((enum verdict_action)a),
                     get(&t->mails[m][a]));
    write_modes(b, "mails_incomplete_total", "Mails of which something could not be decided.",
                t->incomplete);
    write_modes(b, "mail_bytes_total", "Bytes of mails judged.", t->bytes);
    head(b, "authentication_total", "counter", "Mails by result; dkim: of the best signature.");
    for (size_t i = 0; i < METHODS; i++)
        for (size_t k = 0; k < RESULTS; k++)
            buf_addf(b, "mailproof_authentication_total{method=\"%s\",result=\"%s\"} %llu\n",
                     methods[i], results[k], get(&t->auth[i][k]));
    head(b, "findings_total", "counter", "Mails that had this finding.");
    for (size_t i = 0; i < FINDING_COUNT; i++) {
        const struct finding_kind *k = finding_kind((enum finding_id)i);
        buf_addf(b, "mailproof_findings_total{id=\"" STR_FMT "\",severity=\"%s\"} %llu\n",
                 STR_ARG(k->name), severity_name(k->severity), get(&t->findings[i]));
    }
    write_histogram(t, b);
}

static void single(struct buf *b, const char *name, const char *type, const char *help,
                   uint64_t value)
{
    head(b, name, type, help);
    buf_addf(b, "mailproof_%s %llu\n", name, (unsigned long long)value);
}

static void write_http(struct webapi *w, struct httpd *h, struct buf *b)
{
    struct httpd_counters http;
    unsigned waiting, kept;
    httpd_counters(h, &http);
    webapi_async_counts(w->async, &waiting, &kept);
    pthread_mutex_lock(&w->places.lock);
    struct places p = w->places;
    pthread_mutex_unlock(&w->places.lock);
    single(b, "http_requests_total", "counter", "Requests answered.", http.requests);
    single(b, "http_refused_total", "counter", "Requests answered with 4xx.", http.refused);
    single(b, "http_errors_total", "counter", "Requests answered with 5xx.", http.errors);
    single(b, "http_waiting", "gauge", "Requests that wait without a thread.", http.waiting);
    single(b, "http_streams", "gauge", "Event streams that are open.", http.streams);
    single(b, "http_overdue_total", "counter", "Connections ended by a deadline.", http.overdue);
    single(b, "http_lost_events_total", "counter", "Events that slow readers did not get.",
           http.lost_events);
    single(b, "http_scans_total", "counter", "Scans asked for over HTTP.", p.scans);
    single(b, "http_scans_failed_total", "counter", "Scans that no worker could do.", p.failed);
    single(b, "http_scans_late_total", "counter", "Scans that did not end in time.", p.late);
    single(b, "http_scans_refused_total", "counter", "Scans without a free place.", p.refused);
    single(b, "http_scans_running", "gauge", "Scans that run.", p.running);
    single(b, "http_scans_waiting", "gauge", "Scans that wait for a place.", p.waiting);
    single(b, "http_async_waiting", "gauge", "Asynchronous scans that are not done.", waiting);
    single(b, "http_async_kept", "gauge", "Results of asynchronous scans that are kept.", kept);
    single(b, "http_uptime_seconds", "gauge", "Since the API was started.",
           (uint64_t)(clock_mono_us() - w->started_us) / 1000000);
}

int webapi_handle_metrics(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct webapi *w = ctx;
    (void)err;
    struct buf *b = httpd_buf(q, 200, "text/plain; version=0.0.4; charset=utf-8");
    webapi_traffic_write(w->traffic, b);
    write_http(w, httpd_of(q), b);
    if (w->c.service.metrics != NULL)
        w->c.service.metrics(w->c.service.ctx, b);
    return MP_OK;
}
