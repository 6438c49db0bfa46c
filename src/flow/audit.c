/* The driver of an audit: run the checks, fetch what they miss in parallel, until nothing is. */
#include "flow/audit_internal.h"

#include "base/clock.h"

void audit_options_init(struct audit_options *o)
{
    *o = (struct audit_options){.deadline_ms = AUDIT_DEADLINE_MS,
                                .fact_deadline_ms = AUDIT_FACT_DEADLINE_MS};
    posture_config_init(&o->posture);
}

static int prepare(struct audit *a, struct str domain, const struct audit_options *o,
                   struct mp_err *err)
{
    arena_init(&a->arena, AUDIT_ARENA_BYTES);
    a->options = o;
    a->config = o->posture;
    a->config.connect = o->posture.connect && o->tls != NULL;
    a->started_s = o->now_s;
    a->deadline_us = clock_mono_us() + (int64_t)o->deadline_ms * 1000;
    a->name = arena_copy(&a->arena, domain);
    a->facts = fact_view_new(&a->arena);
    if (a->name.p == NULL || a->facts == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for an audit");
    return audit_dns_open(a, err);
}

static void say(const struct audit *a, const char *text)
{
    if (a->options->progress != NULL)
        a->options->progress(a->options->progress_ctx, text);
}

static bool is_anything_missing(const struct audit *a)
{
    struct dns_question q;
    struct fact_question f;
    size_t dns = 0, facts = 0;
    return dns_view_missing(a->dns, &dns, &q) || fact_missing(a->facts, &facts, &f);
}

/* One round. A check that waits for nothing would wait for ever: that is our bug, never the
 * domain's. */
static int fill(struct audit *a, struct mp_err *err)
{
    if (!is_anything_missing(a))
        return mp_fail(err, MP_E_INTERNAL, 0, "a check waits, and nothing is missing");
    int st = audit_dns_fill(a, err);
    if (st != MP_OK)
        return st;
    struct fact_question q;
    size_t cursor = 0;
    if (fact_missing(a->facts, &cursor, &q))
        say(a, "asking MX hosts and policy hosts");
    return audit_facts_fill(a, err);
}

static int run_checks(struct audit *a, struct mp_err *err)
{
    int st;
    say(a, "asking DNS");
    while ((st = posture_run(&a->ctx, &a->arena, a->dns, a->facts, &a->config, a->name,
                             a->started_s, &a->posture, err)) == MP_WAIT)
        if ((st = fill(a, err)) != MP_OK)
            return st;
    if (st == MP_OK && a->ctx.fixes.n > 0)
        say(a, "trying out remedies");
    while (st == MP_OK && (st = posture_verify(&a->ctx, err)) == MP_WAIT)
        st = fill(a, err);
    return st;
}

int audit_run(struct audit *a, struct str domain, const struct audit_options *o,
              const struct saved_audit *before, struct mp_err *err)
{
    int64_t started_us = clock_mono_us();
    *a = (struct audit){0};
    int st = prepare(a, domain, o, err);
    if (st == MP_OK)
        st = run_checks(a, err);
    a->elapsed_us = clock_mono_us() - started_us;
    if (st == MP_OK && before != NULL)
        st = audit_compare(a, before, err);
    return st == MP_OK ? audit_describe(a, err) : st;
}

void audit_clear(struct audit *a)
{
    if (a == NULL)
        return;
    audit_dns_close(a);
    audit_facts_close(a);
    arena_clear(&a->arena);
}
