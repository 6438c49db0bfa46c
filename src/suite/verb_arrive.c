/* arrive and not-arrive: waiting for the tagged message in one mailbox or in several, and what came
 * of it. What it must be like: judge_arrival.c. */
#include <unistd.h>

#include "arrival/arrival.h"
#include "base/clock.h"
#include "suite/arrive_internal.h"

enum {
    OPEN_SLACK_MS = 10000, /* beyond the deadline, for the last look and for deleting */
    TURN_MS = 200,         /* between looks at several mailboxes */
    SINK_TALKS_MAX = 50    /* conversations that are kept of a sink */
};

struct box {
    const struct suite_host *host;
    struct mailbox_reader *reader;
    struct arrival arrival;
    struct arena arena; /* of looks that found nothing */
    bool failed;
    struct mp_err err;
};

struct waiting {
    struct work *w;
    const struct suite_step *step;
    const struct suite_arrive *a;
    struct arrival_request request;
    struct box *boxes;
    size_t n;
    int64_t deadline_us;
};

/* ---- mailboxes ---- */

static int open_box(struct waiting *x, struct box *b, struct mp_err *err)
{
    const struct suite_host *h = b->host;
    struct running_sink *sink =
        h->kind == SUITE_HOST_SINK ? sinks_find(x->w->sinks, h->sink) : NULL;
    struct mailbox_config c = {.url = h->url,
                               .user = h->user,
                               .password = h->password,
                               .token = h->token,
                               .folders = x->a->n_search > 0 ? x->a->search : h->folders,
                               .n_folders = x->a->n_search > 0 ? x->a->n_search : h->n_folders,
                               .inbox = h->inbox,
                               .ca_file = h->ca_file != NULL ? h->ca_file : x->w->world->ca_file,
                               .insecure = h->insecure,
                               .require_tls = h->require_tls};
    if (h->kind == SUITE_HOST_SERVER || (h->kind == SUITE_HOST_SINK && sink == NULL))
        return mp_fail(err, MP_E_USAGE, 0, "'%.*s' is no mailbox", STR_ARG(h->name));
    if (sink != NULL)
        c = (struct mailbox_config){.store = sink->store, .after_seq = sinks_since(x->w, sink)};
    return mailbox_open(&c, x->deadline_us + (int64_t)OPEN_SLACK_MS * 1000, &b->reader, err);
}

static struct str box_name(const struct box *b)
{
    return b->host->name.n > 0 ? b->host->name : b->host->url;
}

/* ---- waiting ---- */

/* Whose field about authentication is believed in that mailbox: a name that another mailbox has
 * could be forged here. */
static struct str own_authserv_id(const struct waiting *x, const struct box *b)
{
    return SUITE_GIVEN(x->a->expect.authserv_id) ? x->a->expect.authserv_id.text
                                                 : b->host->authserv_id;
}

static int look_once(struct waiting *x, struct box *b)
{
    struct arrival_request once = x->request;
    once.within_ms = 0;
    once.own_authserv_id = own_authserv_id(x, b);
    arena_clear(&b->arena);
    arena_init(&b->arena, SUITE_WORK_ARENA_BYTES);
    b->arrival = (struct arrival){0};
    b->failed = arrival_wait(b->reader, &once, &b->arena, &b->arrival, &b->err) != MP_OK;
    return b->failed ? b->err.code : MP_OK;
}

/* Several: one look at each, again and again; the first that has it decides. */
static struct box *wait_turns(struct waiting *x, struct mp_err *err)
{
    for (;;) {
        bool last = clock_mono_us() >= x->deadline_us;
        for (size_t i = 0; i < x->n; i++) {
            struct box *b = &x->boxes[i];
            arrival_clear(&b->arrival);
            if (look_once(x, b) != MP_OK) {
                mp_fail(err, b->err.code, b->err.detail, "%s", b->err.text);
                return b;
            }
            if (b->arrival.arrived)
                return b;
        }
        if (last)
            return NULL;
        usleep(TURN_MS * 1000);
    }
}

/* The mailbox that has it; NULL: none. *failed: our own failure. */
static struct box *wait_for_it(struct waiting *x, bool *failed, struct mp_err *err)
{
    struct box *b = &x->boxes[0];
    int64_t left_us = x->deadline_us - clock_mono_us();
    if (x->n > 1) {
        b = wait_turns(x, err);
        *failed = b != NULL && b->failed;
        return b;
    }
    x->request.within_ms = left_us <= 0 ? 0 : (unsigned)(left_us / 1000);
    *failed = arrival_wait(b->reader, &x->request, x->w->arena, &b->arrival, err) != MP_OK;
    return b->arrival.arrived ? b : NULL;
}

/* ---- telling ---- */

/* Mailboxes that did not answer the last look: what is not seen there may be there. */
static struct str open_reasons(const struct waiting *x)
{
    struct str text = STR("");
    for (size_t i = 0; i < x->n; i++)
        if (x->boxes[i].arrival.undecided)
            text = arena_fmt(x->w->arena, "%.*s%s%.*s: %.*s", STR_ARG(text), text.n > 0 ? "; " : "",
                             STR_ARG(box_name(&x->boxes[i])), STR_ARG(x->boxes[i].arrival.reason));
    return text;
}

static struct str found_text(const struct waiting *x, const struct box *b)
{
    const struct arrival *r = &b->arrival;
    return arena_fmt(x->w->arena, "in %.*s, %.*s after %.*s", STR_ARG(box_name(b)),
                     STR_ARG(r->copies[0].folder), STR_ARG(judge_ms(x->w, r->took_ms)));
}

static void tell_must_not(const struct waiting *x, const struct box *b)
{
    struct work *w = x->w;
    struct str open = open_reasons(x);
    struct str wanted =
        arena_fmt(w->arena, "nothing within %.*s", STR_ARG(judge_ms(w, x->a->within_ms)));
    struct judged j = judged_met(wanted, STR("nothing"));
    if (b != NULL) {
        j = judged_if(false, wanted, found_text(x, b));
        j.has_finding = true;
        j.finding = FINDING_FLOW_ARRIVE_UNEXPECTED;
    } else if (open.n > 0) {
        j = judged_open(wanted, open);
    }
    judge_tell(w, STR("not-arrive"), "arrival", x->step->at, &j);
}

static void tell_must(const struct waiting *x, const struct box *b)
{
    struct work *w = x->w;
    struct str open = open_reasons(x);
    struct str wanted =
        arena_fmt(w->arena, "a message within %.*s", STR_ARG(judge_ms(w, x->a->within_ms)));
    struct judged j = {.verdict = JUDGE_MET, .expected = wanted};
    if (b != NULL) {
        j.got = found_text(x, b);
    } else if (open.n > 0) {
        j = judged_open(wanted, open);
    } else if (w->sent != NULL && w->sent->outcome == DELIVER_UNDECIDED) {
        j = judged_open(wanted, STR("it did not arrive, and may never have been taken"));
    } else {
        j = judged_if(false, wanted, STR("nothing"));
        j.has_finding = true;
        j.finding = FINDING_FLOW_ARRIVE_MISSING;
    }
    judge_tell(w, STR("arrive"), "arrival", x->step->at, &j);
}

static void tell_slow(const struct waiting *x, const struct box *b)
{
    struct work *w = x->w;
    const struct suite_arrive *a = x->a;
    int64_t ms = b->arrival.took_ms;
    bool crit = a->crit_ms > 0 && ms > a->crit_ms, warn = a->warn_ms > 0 && ms > a->warn_ms;
    struct judged j = {.verdict = crit   ? JUDGE_UNMET
                                  : warn ? JUDGE_WARN
                                         : JUDGE_MET,
                       .got = judge_ms(w, ms),
                       .has_finding = true,
                       .finding = FINDING_FLOW_ARRIVE_LATE};
    if (a->crit_ms == 0 && a->warn_ms == 0)
        return;
    j.expected = arena_fmt(w->arena, "at most %.*s",
                           STR_ARG(judge_ms(w, crit || a->warn_ms == 0 ? a->crit_ms : a->warn_ms)));
    judge_tell(w, STR("arrive"), "delay", x->step->at, &j);
}

/* ---- what is kept ---- */

static void keep(struct work *w, const struct box *b)
{
    const struct arrival *r = &b->arrival;
    for (size_t i = 0; i < r->n_copies; i++) {
        const struct mailbox_hit *hit = &r->copies[i];
        struct str place = arena_fmt(w->arena, "%.*s %.*s %.*s", STR_ARG(box_name(b)),
                                     STR_ARG(hit->folder), STR_ARG(hit->id));
        work_keep_text(w, "arrived", place, hit->raw);
    }
}

/* What an own sink was told during this attempt, also what it refused: the other half of the way.
 */
static void keep_sink(struct work *w, const struct box *b)
{
    struct running_sink *sink =
        b->host->kind == SUITE_HOST_SINK ? sinks_find(w->sinks, b->host->sink) : NULL;
    struct store_page page = {0};
    struct store_query q = {.attempts = true, .oldest_first = true, .limit = SINK_TALKS_MAX};
    if (sink == NULL || !w->options->transcripts)
        return;
    q.after_seq = sinks_since(w, sink);
    if (store_list(sink->store, &q, w->arena, &page, NULL) != MP_OK)
        return;
    for (size_t i = 0; i < page.n; i++) {
        struct store_delivery *d = NULL;
        if (store_get(sink->store, str_from(page.items[i].id), w->arena, &d, NULL) == MP_OK &&
            d != NULL)
            work_keep_text(w, "sink",
                           arena_fmt(w->arena, "%.*s %s", STR_ARG(box_name(b)),
                                     store_outcome_name(d->outcome)),
                           d->transcript);
    }
}

static void add_metrics(struct work *w, const struct arrival *r)
{
    struct metric *m =
        work_metric(w, "mailproof_flow_delivery_seconds", "From sending until the mailbox had it.",
                    (double)r->took_ms / 1000);
    if (m != NULL) {
        m->perf = STR("delivery");
        m->unit = "s";
        if (w->options->warn_ms > 0)
            m->warn = arena_fmt(&w->result->arena, "%g", w->options->warn_ms / 1000.0);
        if (w->options->crit_ms > 0)
            m->crit = arena_fmt(&w->result->arena, "%g", w->options->crit_ms / 1000.0);
    }
    for (size_t i = 0; i < r->hops.n; i++) {
        const struct trace_hop *hop = &r->hops.items[i];
        if (!hop->has_delay)
            continue;
        m = work_metric(w, "mailproof_hop_delay_seconds", "How long each hop kept the message.",
                        (double)hop->delay_s);
        work_label(w, m, "hop",
                   arena_fmt(w->arena, "%zu %.*s", i + 1, STR_ARG(hop->received.by_name)));
    }
}

static void delete_all(struct waiting *x, struct box *b)
{
    for (size_t i = 0; i < b->arrival.n_copies; i++) {
        struct mp_err err = {0};
        if (mailbox_delete(b->reader, &b->arrival.copies[i],
                           clock_mono_us() + (int64_t)OPEN_SLACK_MS * 1000, &err) == MP_OK)
            continue;
        struct judged j = {.verdict = JUDGE_WARN,
                           .expected = STR("deleted"),
                           .got = STR("still there"),
                           .note =
                               arena_fmt(x->w->arena, "%.*s: %s", STR_ARG(box_name(b)), err.text)};
        judge_tell(x->w, str_from(suite_verb_name(x->step->verb)), "cleanup", x->step->at, &j);
    }
}

/* A folder comes with its first message, or its name is wrong. */
static void tell_missing(const struct waiting *x)
{
    for (size_t i = 0; i < x->n; i++) {
        struct str name = x->boxes[i].arrival.missing;
        struct judged j = {.verdict = JUDGE_WARN,
                           .expected = STR("folders that are there"),
                           .got = arena_fmt(x->w->arena, "%.*s: no folder %.*s",
                                            STR_ARG(box_name(&x->boxes[i])), STR_ARG(name)),
                           .has_finding = true,
                           .finding = FINDING_FLOW_ARRIVE_NO_FOLDER};
        if (name.n > 0 && !x->boxes[i].arrival.undecided)
            judge_tell(x->w, str_from(suite_verb_name(x->step->verb)), "folders", x->step->at, &j);
    }
}

static void describe(struct waiting *x, struct box *b)
{
    struct work *w = x->w;
    tell_missing(x);
    if (x->a->must_not)
        tell_must_not(x, b);
    else
        tell_must(x, b);
    for (size_t i = 0; i < x->n; i++)
        keep_sink(w, &x->boxes[i]);
    if (b == NULL)
        return;
    keep(w, b);
    if (!x->a->must_not) {
        int64_t ms = b->arrival.took_ms;
        w->result->delivered_ms = ms > w->result->delivered_ms ? ms : w->result->delivered_ms;
        tell_slow(x, b);
        judge_arrival(w, x->step, b->host, &b->arrival);
        add_metrics(w, &b->arrival);
    }
    if (w->c->cleanup == SUITE_DELETE)
        delete_all(x, b);
}

/* ---- the step ---- */

/* NULL: the case sends nothing. */
static const struct suite_send *sending_of(const struct work *w)
{
    for (size_t i = 0; i < w->c->n_steps; i++)
        if (w->c->steps[i].verb == SUITE_SEND)
            return w->c->steps[i].send;
    return NULL;
}

/* With nothing sent nothing can arrive; that nothing arrived is then worth nothing either, unless
 * it was the server's own answer. */
static struct str why_not(const struct work *w, const struct suite_step *step)
{
    const struct deliver_result *x = w->sent;
    if (sending_of(w) == NULL)
        return STR("");
    bool broke = x != NULL && x->outcome == DELIVER_UNDECIDED;
    bool begun = broke && (x->at == SMTP_STAGE_BODY || x->at == SMTP_STAGE_END);
    if (x == NULL || x->outcome == DELIVER_UNMET || (broke && !begun))
        return STR("nothing was sent");
    bool maybe = x->n_delivered > 0 || begun;
    return step->arrive->must_not || step->arrive->bounce || maybe
               ? STR("")
               : STR("the server did not take the message");
}

/* As it is a message has no tag: its Message-ID must do. */
static bool is_nameless(const struct work *w)
{
    const struct suite_send *s = sending_of(w);
    return s != NULL && s->keep_raw && w->sent != NULL && w->sent->message_id.n == 0;
}

/* Where sending itself is told as failed or open, this follows from it; else nobody else says that
 * an arrival which was asked for was never looked for. */
static void tell_not_done(struct work *w, const struct suite_step *step, struct str why)
{
    struct str group = str_from(suite_verb_name(step->verb));
    if (w->send_failed)
        judge_skip(w, group, "arrival", step->at, why);
    else
        judge_open(w, group, "arrival", step->at, why);
}

static void fill_request(struct waiting *x)
{
    struct work *w = x->w;
    const struct suite_arrive *a = x->a;
    struct arrival_request *r = &x->request;
    *r = (struct arrival_request){
        .match = {.to = a->to, .from = a->from, .subject = a->subject, .bounce = a->bounce},
        .settle_ms = a->must_not ? 0 : a->settle_ms,
        .progress = work_progress,
        .progress_ctx = w};
    const struct suite_send *s = sending_of(w);
    if (w->sent != NULL && s != NULL && s->keep_raw) {
        r->match.message_id = w->sent->message_id;
        r->since_ms = a->must_not ? 0 : w->sent->sent_ms; /* any copy is one too many */
    } else if (w->sent != NULL) {
        r->match.tag = w->sent->tag;
    }
    if (w->sent != NULL) {
        r->sent = w->sent->bytes;
        r->sent_ms = w->sent->sent_ms;
    } else {
        r->sent_ms = w->started_ms;
    }
    if (!a->must_not && arrival_wants_job(a)) {
        r->dns = w->world->dns;
        r->job_config = w->world->job_config;
    }
}

static int wait(struct waiting *x, struct mp_err *err)
{
    bool failed = false;
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < x->n; i++) {
        x->boxes[i].host = x->a->in[i];
        st = open_box(x, &x->boxes[i], err);
    }
    if (st != MP_OK)
        return st;
    x->request.own_authserv_id = own_authserv_id(x, &x->boxes[0]);
    struct box *b = wait_for_it(x, &failed, err);
    if (failed)
        return err->code < 0 ? err->code : MP_E_INTERNAL;
    describe(x, b);
    return MP_OK;
}

int verb_arrive(struct work *w, const struct suite_step *step, struct mp_err *err)
{
    const struct suite_arrive *a = step->arrive;
    struct waiting x = {.w = w, .step = step, .a = a, .n = a->n_in};
    struct str why = why_not(w, step);
    if (why.n > 0) {
        tell_not_done(w, step, why);
        return MP_OK;
    }
    if (is_nameless(w)) {
        judge_open(w, str_from(suite_verb_name(step->verb)), "arrival", step->at,
                   STR("the message has no Message-ID to look for, and 'keep-raw' allows no tag"));
        return MP_OK;
    }
    x.deadline_us = clock_mono_us() + (int64_t)a->within_ms * 1000;
    x.boxes = arena_new(w->arena, struct box, x.n + 1);
    if (x.boxes == NULL || x.n == 0)
        return mp_fail(err, x.n == 0 ? MP_E_USAGE : MP_E_NOMEM, 0, "no mailbox to look into");
    fill_request(&x);
    int st = wait(&x, err);
    for (size_t i = 0; i < x.n; i++) {
        arrival_clear(&x.boxes[i].arrival);
        mailbox_close(x.boxes[i].reader);
        arena_clear(&x.boxes[i].arena);
    }
    return st;
}
