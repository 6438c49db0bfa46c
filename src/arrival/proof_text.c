/* A delivery proof for people: the message, its way, what was altered, who vouches for it. */
#include <stdio.h>

#include "arrival/proof_internal.h"
#include "flow/transcript_report.h"

enum {
    COLUMN_TITLE = 2,
    COLUMN_TEXT = 4,
    COLUMN_DELAY = 8,
    COLUMN_TLS = 18,
    COLUMN_WAY = 30,
    LINKS_SHOWN = 10,
    SCRATCH_BYTES = 64 << 20
};

static void title(struct flow *f, const char *text)
{
    flow_line(f, COLUMN_TITLE, COLUMN_TEXT);
    flow_putz(f, FLOW_BOLD, text);
    flow_end(f);
}

/* ---- the message ---- */

static void field_line(struct flow *f, struct arena *a, const struct message *m, const char *name)
{
    struct str value = proof_field(a, m, str_from(name));
    if (value.n == 0)
        return;
    flow_line(f, COLUMN_TEXT, COLUMN_TLS);
    flow_putz(f, FLOW_DIM, name);
    flow_pad(f, COLUMN_TLS);
    flow_put(f, FLOW_PLAIN, value);
    flow_end(f);
}

static void message_lines(struct flow *f, const struct arrival *x)
{
    static const char *const names[] = {"From", "To", "Subject", "Message-ID"};
    struct arena a = {0};
    arena_init(&a, SCRATCH_BYTES);
    title(f, "message");
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        field_line(f, &a, &x->message, names[i]);
    arena_clear(&a);
}

/* ---- its way ---- */

static void delay(struct flow *f, const struct trace_hops *h, size_t i)
{
    const struct trace_hop *hop = &h->items[i];
    char text[64];
    if (!hop->has_delay) {
        flow_putz(f, FLOW_DIM, "?");
        return;
    }
    snprintf(text, sizeof text, "%+lld s", (long long)hop->delay_s);
    flow_putz(f, hop->delay_s < 0 ? FLOW_WARN : FLOW_PLAIN, text);
}

static void encryption(struct flow *f, const struct trace_hop *hop)
{
    if (hop->tls && hop->received.tls_version.n > 0)
        flow_value(f, FLOW_GOOD, hop->received.tls_version);
    else
        flow_putz(f,
                  hop->tls        ? FLOW_GOOD
                  : hop->internal ? FLOW_DIM
                                  : FLOW_WARN,
                  hop->tls        ? "TLS"
                  : hop->internal ? "inside"
                                  : "plain");
}

static void host(struct flow *f, struct str name)
{
    if (name.n > 0)
        flow_value(f, FLOW_PLAIN, name);
    else
        flow_putz(f, FLOW_DIM, "?");
}

static void hop_line(struct flow *f, const struct trace_hops *h, size_t i)
{
    const struct received *r = &h->items[i].received;
    char text[IP_TEXT_MAX];
    flow_line(f, COLUMN_TEXT, COLUMN_WAY);
    flow_num(f, FLOW_DIM, i + 1);
    flow_pad(f, COLUMN_DELAY);
    delay(f, h, i);
    flow_pad(f, COLUMN_TLS);
    encryption(f, &h->items[i]);
    flow_pad(f, COLUMN_WAY);
    host(f, r->from_name);
    if (r->from_ip.family != IP_NONE) {
        flow_putz(f, FLOW_DIM, " [");
        flow_put(f, FLOW_DIM, str_make(text, ip_write(&r->from_ip, text)));
        flow_putz(f, FLOW_DIM, "]");
    }
    flow_putz(f, FLOW_DIM, " to ");
    host(f, r->by_name);
    flow_end(f);
}

static void hops_lines(struct flow *f, const struct trace_hops *h)
{
    if (h->n == 0)
        return;
    title(f, "hops: delay, encryption, from and to");
    for (size_t i = 0; i < h->n; i++)
        hop_line(f, h, i);
    if (!h->skewed)
        return;
    flow_line(f, COLUMN_TEXT, COLUMN_DELAY);
    flow_putz(f, FLOW_WARN, "clocks differ by at least ");
    flow_num(f, FLOW_WARN, (uint64_t)h->skew_s);
    flow_putz(f, FLOW_WARN, " s");
    flow_end(f);
}

/* ---- what was altered ---- */

static void added_line(struct flow *f, const struct trace_altered *t)
{
    bool any = false;
    for (size_t i = 0; i < t->n; i++) {
        if (t->items[i].kind != TRACE_HEADER_ADDED)
            continue;
        if (!any) {
            flow_line(f, COLUMN_TEXT, COLUMN_DELAY);
            flow_putz(f, FLOW_DIM, "fields added: ");
        } else {
            flow_putz(f, FLOW_DIM, ", ");
        }
        flow_value(f, FLOW_PLAIN, t->items[i].name);
        any = true;
    }
    if (any)
        flow_end(f);
}

static void altered_lines(struct flow *f, const struct trace_altered *t)
{
    title(f, t->identical     ? "altered: nothing, byte for byte"
             : t->body_intact ? "altered: the text and the parts are whole"
                              : "altered: the text or a part is another");
    added_line(f, t);
    for (size_t i = 0; i < t->n; i++) {
        const struct trace_change *c = &t->items[i];
        if (c->kind == TRACE_HEADER_ADDED)
            continue;
        flow_line(f, COLUMN_TEXT, COLUMN_DELAY);
        flow_putz(f, FLOW_WARN, trace_change_name(c->kind));
        flow_pair(f, FLOW_PLAIN, " ", c->name);
        if (c->detail.n > 0) {
            flow_putz(f, FLOW_PLAIN, ": ");
            flow_put(f, FLOW_PLAIN, c->detail);
        }
        flow_end(f);
    }
}

/* ---- who vouches for it ---- */

static void result(struct flow *f, const char *method, const char *word)
{
    bool good = strcmp(word, "pass") == 0, none = strcmp(word, "none") == 0;
    flow_putz(f, FLOW_DIM, method);
    flow_putz(f, FLOW_DIM, "=");
    flow_putz(f, good ? FLOW_GOOD : none ? FLOW_DIM : FLOW_WARN, word);
    flow_putz(f, FLOW_PLAIN, " ");
}

static void authentication_lines(struct flow *f, const struct arrival *x)
{
    if (x->judged) {
        title(f, "authentication, judged here");
        flow_line(f, COLUMN_TEXT, COLUMN_DELAY);
        result(f, "spf", x->job.spf_checked ? spf_result_name(x->job.spf.result) : "none");
        result(f, "dkim", dkim_result_name(x->job.dkim.result));
        result(f, "dmarc", dmarc_result_name(x->job.dmarc.result));
        flow_end(f);
    }
    if (!x->has_own_results)
        return;
    title(f, "authentication, as the receiver wrote");
    flow_line(f, COLUMN_TEXT, COLUMN_DELAY);
    for (size_t i = 0; i < x->own_results.n; i++) {
        flow_value(f, FLOW_DIM, x->own_results.results[i].method);
        flow_putz(f, FLOW_DIM, "=");
        flow_value(f, FLOW_PLAIN, x->own_results.results[i].result);
        flow_putz(f, FLOW_PLAIN, " ");
    }
    flow_end(f);
}

/* ---- what it says ---- */

static void bounce_lines(struct flow *f, const struct trace_dsn *d)
{
    if (!d->is_dsn)
        return;
    title(f, "bounce");
    for (size_t i = 0; i < d->n_rcpts; i++) {
        flow_line(f, COLUMN_TEXT, COLUMN_DELAY);
        flow_put(f, FLOW_WARN, d->rcpts[i].status);
        flow_putz(f, FLOW_PLAIN, " ");
        flow_put(f, FLOW_PLAIN, d->rcpts[i].final_rcpt);
        flow_putz(f, FLOW_PLAIN, ": ");
        flow_put(f, FLOW_PLAIN, d->rcpts[i].diagnostic);
        flow_end(f);
    }
}

static void list_lines(struct flow *f, const char *what, const struct str *items, size_t n)
{
    if (n > 0)
        title(f, what);
    for (size_t i = 0; i < n && i < LINKS_SHOWN; i++) {
        flow_line(f, COLUMN_TEXT, COLUMN_DELAY);
        flow_put_whole(f, FLOW_PLAIN, items[i]);
        flow_end(f);
    }
    if (n <= LINKS_SHOWN)
        return;
    flow_line(f, COLUMN_TEXT, COLUMN_DELAY);
    flow_num(f, FLOW_DIM, n - LINKS_SHOWN);
    flow_putz(f, FLOW_DIM, " more");
    flow_end(f);
}

void proof_lines(struct flow *f, const void *proof)
{
    const struct proof *p = proof;
    const struct arrival *x = &p->arrival;
    if (!x->arrived)
        return;
    buf_addc(f->out, '\n');
    message_lines(f, x);
    hops_lines(f, &x->hops);
    if (x->compared)
        altered_lines(f, &x->altered);
    authentication_lines(f, x);
    bounce_lines(f, &x->dsn);
    list_lines(f, "codes", x->extract.codes, x->extract.n_codes);
    list_lines(f, "links", x->extract.links, x->extract.n_links);
}

static void body_lines(struct flow *f, struct str text)
{
    title(f, "text");
    for (struct str rest = text; rest.p != NULL && rest.n > 0;) {
        flow_line(f, COLUMN_TEXT, COLUMN_DELAY);
        flow_put(f, FLOW_PLAIN, str_trim(str_cut(&rest, '\n')));
        flow_end(f);
    }
}

void proof_verbose(struct flow *f, const void *proof)
{
    const struct proof *p = proof;
    if (p->request->send != NULL && p->sent.talked) {
        title(f, "conversation");
        transcript_lines(f, &p->sent.client.transcript);
    }
    if (p->arrival.arrived)
        body_lines(f, str_slice(p->arrival.extract.text, 0, FLOW_WHOLE_MAX_BYTES));
}
