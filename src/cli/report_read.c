/* `mailproof report FILE...`: read in workers, kept in a store or in memory, shown. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cli/report_command.h"
#include "flow/flow_dns.h"
#include "run/input.h"

enum {
    SHOWN_MAX_BYTES = 1 << 30,
    SHOW_ARENA_BYTES = 1 << 30,
    LINE_BYTES = 1000,
    PTR_ARENA_BYTES = 4 << 20,
    PTR_WAIT_MS = 3000
};

struct reading {
    struct report_command *c;
    struct sandbox *sandbox;
    struct feedback_store *store;
    struct arena arena; /* of one input */
    struct reports_counts counts;
    bool unreadable; /* an input, or a report in it */
    bool single;     /* one input was named: what is no report is a mistake */
    struct mp_err err;
};

/* ---- telling on standard error ---- */

static void tell(struct str label, const char *gravity, const struct feedback_problem *p)
{
    struct buf line;
    buf_init(&line, 8 * LINE_BYTES);
    utf8_add_printable(&line, label, LINE_BYTES);
    buf_addf(&line, ": %s: ", gravity);
    if (p->where.n > 0) {
        utf8_add_printable(&line, p->where, LINE_BYTES);
        buf_add(&line, STR(": "));
    }
    utf8_add_printable(&line, p->text, LINE_BYTES);
    fprintf(stderr, "mailproof report: %.*s\n", STR_ARG(buf_str(&line)));
    buf_clear(&line);
}

/* Of many inputs those without a report are counted, and not told one by one. */
static bool is_told(const struct reading *r, const struct feedback_problem *p)
{
    bool quiet = p->kind == PROBLEM_NOT_A_REPORT && !r->single;
    return !quiet && (p->gravity > GRAVITY_NOTE || r->c->common.report.verbose);
}

static void tell_problems(void *ctx, struct str label, const struct feedback_content *content)
{
    struct reading *r = ctx;
    for (size_t i = 0; i < content->problems.n; i++) {
        const struct feedback_problem *p = &content->problems.items[i];
        bool broken = p->gravity == GRAVITY_REFUSED && p->kind != PROBLEM_NOT_A_REPORT &&
                      p->kind != PROBLEM_WORKER;
        r->unreadable |= broken || (p->kind == PROBLEM_NOT_A_REPORT && r->single);
        if (is_told(r, p))
            tell(label, feedback_gravity_name(p->gravity), p);
    }
}

/* ---- inputs ---- */

static int64_t deadline_of(const struct reading *r)
{
    unsigned ms = r->c->common.deadline_ms != 0 ? r->c->common.deadline_ms : REPORT_TIMEOUT_MS;
    return clock_mono_us() + (int64_t)ms * 1000;
}

static int take(struct reading *r, const struct input *in)
{
    struct feedback_content content;
    arena_reset(&r->arena);
    if (in->failed) {
        fprintf(stderr, "mailproof report: %s\n", in->err.text);
        r->unreadable = true;
        return MP_OK;
    }
    int st = feedback_parse(&r->arena, r->sandbox, buf_str(&in->bytes), deadline_of(r), &content,
                            &r->err);
    if (st != MP_OK)
        return st;
    r->counts.messages++;
    r->counts.lost += feedback_is_lost(&content);
    r->counts.without += content.n == 0 && !feedback_is_lost(&content);
    tell_problems(r, in->label, &content);
    return feedback_store_put(r->store, &content, in->label, r->c->common.now_s, &r->counts.put,
                              &r->err);
}

static int take_files(struct reading *r, char **argv, int argc)
{
    struct inputs *inputs = NULL;
    struct input in = {0};
    if (argc == 0)
        return MP_OK;
    int st = inputs_new((const char *const *)argv, (size_t)argc, INPUT_AUTO, &inputs, &r->err);
    if (st == MP_OK)
        r->single = inputs_single(inputs);
    while (st == MP_OK && inputs_next(inputs, &in))
        st = take(r, &in);
    input_clear(&in);
    inputs_free(inputs);
    return st;
}

static int take_mailbox(struct reading *r)
{
    struct report_command *c = r->c;
    if (c->mailbox.url.n == 0)
        return MP_OK;
    r->single = false;
    struct reports_inbox inbox = {.mailbox = c->mailbox,
                                  .sandbox = r->sandbox,
                                  .store = r->store,
                                  .remove = c->remove,
                                  .deadline_us = deadline_of(r),
                                  .now_s = c->common.now_s,
                                  .told = tell_problems,
                                  .ctx = r};
    inbox.mailbox.ca_file = c->common.tls.ca_file;
    return reports_collect(&inbox, &r->counts, &r->err);
}

/* ---- names of addresses ---- */

struct names {
    const struct dns_source *source;
    struct arena arena;
};

static struct str name_of(void *ctx, const struct ip *ip)
{
    struct names *n = ctx;
    struct flow_dns dns = {.source = n->source,
                           .deadline_us = clock_mono_us() + PTR_WAIT_MS * (int64_t)1000};
    const struct dns_answer *answer;
    struct str name = STR("");
    if (ip->family == IP_NONE)
        return name;
    arena_reset(&n->arena);
    dns.view = flow_dns_view(n->source, &n->arena);
    if (dns.view == NULL)
        return name;
    if (flow_dns_ask(&dns, dns_reverse_name(&n->arena, ip), DNS_PTR, &answer, NULL) == MP_OK &&
        answer->n > 0)
        name = arena_copy(&n->arena, answer->records[0].name);
    dns_view_release(dns.view);
    return name.p == NULL ? STR("") : name;
}

/* ---- showing ---- */

static void tell_counts(const struct reading *r)
{
    const struct reports_counts *n = &r->counts;
    if (n->messages == 0 || (r->single && r->c->store == NULL))
        return;
    fprintf(stderr, "mailproof report: inputs: %zu, reports: %zu", n->messages,
            n->put.added + n->put.known + n->put.conflicting);
    if (r->c->store != NULL)
        fprintf(stderr, ", new: %zu", n->put.added);
    if (n->put.conflicting > 0)
        fprintf(stderr, ", not kept since they have the name of another: %zu", n->put.conflicting);
    if (n->without > 0)
        fprintf(stderr, ", without a report: %zu", n->without);
    if (n->lost > 0)
        fprintf(stderr, ", not read, to be tried again: %zu", n->lost);
    if (n->removed > 0)
        fprintf(stderr, ", deleted: %zu", n->removed);
    fputc('\n', stderr);
}

/* A share of the messages that failed DMARC, of all that are shown. */
static int judge(struct reading *r, bool *too_many)
{
    struct feedback_domain_list domains;
    struct feedback_filter f = r->c->show.filter;
    uint64_t messages = 0, failed = 0;
    *too_many = false;
    if (r->c->fail_above > 1000)
        return MP_OK;
    f.limit = FEEDBACK_LIST_MAX;
    arena_reset(&r->arena);
    int st = feedback_store_domains(r->store, &f, &r->arena, &domains, &r->err);
    if (st != MP_OK)
        return st;
    for (size_t i = 0; i < domains.n; i++) {
        messages += domains.items[i].sums.messages;
        failed += domains.items[i].sums.messages - domains.items[i].sums.passed;
    }
    *too_many = (long double)failed * 1000 > (long double)messages * r->c->fail_above;
    return MP_OK;
}

static int show(struct reading *r)
{
    struct report_command *c = r->c;
    struct names names = {.source = &c->common.source};
    struct arena arena;
    struct buf out;
    if (!c->has_format && c->output == NULL && !isatty(STDOUT_FILENO))
        c->show.format = FEEDBACK_FORMAT_JSONL;
    arena_init(&arena, SHOW_ARENA_BYTES);
    arena_init(&names.arena, PTR_ARENA_BYTES);
    buf_init(&out, SHOWN_MAX_BYTES);
    if (c->ptr) {
        c->show.name_of = name_of;
        c->show.name_ctx = &names;
    }
    int st = feedback_show(r->store, &c->show, &arena, &out, &r->err);
    if (st == MP_OK)
        st = write_whole(c->output, buf_str(&out), &r->err);
    buf_clear(&out);
    arena_clear(&names.arena);
    arena_clear(&arena);
    return st;
}

static int read_and_show(struct reading *r, char **argv, int argc)
{
    bool too_many = false;
    uint64_t gone;
    int st = take_files(r, argv, argc);
    if (st == MP_OK)
        st = take_mailbox(r);
    if (st == MP_OK && r->c->store != NULL && r->counts.messages > 0)
        st = feedback_store_sweep(r->store, r->c->common.now_s, &gone, &r->err);
    tell_counts(r);
    if (st == MP_OK)
        st = judge(r, &too_many);
    if (st == MP_OK)
        st = show(r);
    if (st != MP_OK)
        return report_failure("report", &r->err);
    size_t reports = r->counts.put.added + r->counts.put.known + r->counts.put.conflicting;
    if (too_many)
        return EXIT_FAILED;
    if (r->unreadable ||
        (r->counts.messages > 0 && reports == 0 && r->counts.lost == 0 && argc > 0))
        return EXIT_USAGE_ERROR;
    return r->counts.lost > 0 ? EXIT_UNDECIDED : EXIT_PASSED;
}

int report_read_command(struct report_command *c, char **argv, int argc)
{
    static char program[] = "mailproof", worker[] = REPORT_WORKER_COMMAND;
    static char *const worker_argv[] = {program, worker, NULL};
    const struct sandbox_config sandbox = feedback_sandbox_config(worker_argv);
    bool reads = argc > 0 || c->mailbox.url.n > 0;
    const struct feedback_store_config store = {.dir = c->store,
                                                .keep_s = c->keep_s,
                                                .read_only = !reads};
    struct reading r = {.c = c};
    if (!reads && c->store == NULL)
        return usage_error("report", "name files, directories or mailboxes, or --store DIR");
    arena_init(&r.arena, FEEDBACK_ARENA_MAX_BYTES);
    int st = feedback_store_open(&store, &r.store, &r.err);
    if (st == MP_OK && reads)
        st = sandbox_new(&sandbox, &r.sandbox, &r.err);
    if (st == MP_OK && c->ptr && c->common.source.zone == NULL)
        st = resolver_new(&c->common.resolver, &c->common.source.resolver, &r.err);
    int code = st == MP_OK ? read_and_show(&r, argv, argc) : report_failure("report", &r.err);
    sandbox_free(r.sandbox);
    feedback_store_close(r.store);
    arena_clear(&r.arena);
    return code;
}
