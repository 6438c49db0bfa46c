/* `mailproof run --dry-run`: what would be done, and every address that would be touched. */
#include <stdlib.h>

#include "base/utf8.h"
#include "cli/run_outputs.h"

enum { PLAN_MAX_BYTES = 64 << 20, PLAN_TEXT_MAX = 400, PLAN_ARENA_BYTES = 256 << 20 };

/* Each address once, in the order of the plan. */
struct touched {
    struct arena arena;
    struct str *items;
    size_t n, cap;
};

struct plan {
    struct buf *out;
    const struct suite *suite;
    struct touched touched;
};

static void add(struct plan *p, struct str text)
{
    utf8_add_printable(p->out, text, PLAN_TEXT_MAX);
}

static void touch(struct plan *p, const char *how, struct str what)
{
    struct touched *t = &p->touched;
    struct str text = arena_fmt(&t->arena, "%s%.*s", how, STR_ARG(what));
    for (size_t i = 0; i < t->n; i++)
        if (str_eq(t->items[i], text))
            return;
    if (t->n == t->cap) {
        size_t cap = t->cap == 0 ? 32 : 2 * t->cap;
        struct str *items = arena_grow(&t->arena, t->items, t->n, cap, sizeof *items);
        if (items == NULL)
            return;
        t->items = items;
        t->cap = cap;
    }
    t->items[t->n++] = text;
}

/* ---- hosts ---- */

static struct str sink_text(struct plan *p, const struct suite_sink *s)
{
    char ip[IP_TEXT_MAX] = "";
    if (s->listener.ip.family != IP_NONE)
        ip_write(&s->listener.ip, ip);
    return s->listener.ip.family == IP_NONE
               ? arena_fmt(&p->touched.arena, "sink %.*s (unix socket %s)", STR_ARG(s->name),
                           s->listener.unix_path)
               : arena_fmt(&p->touched.arena, "sink %.*s (%s, port %u)", STR_ARG(s->name), ip,
                           s->listener.port);
}

static struct str host_text(struct plan *p, const struct suite_host *h)
{
    if (h->kind == SUITE_HOST_SINK)
        return sink_text(p, h->sink);
    return h->has_auth || h->user.n > 0
               ? arena_fmt(&p->touched.arena, "%.*s (as %.*s)", STR_ARG(h->url), STR_ARG(h->user))
               : h->url;
}

static void add_host(struct plan *p, const struct suite_host *h)
{
    struct str text = host_text(p, h);
    add(p, text);
    touch(p, "", text);
}

static void add_recipients(struct plan *p, const struct str *to, size_t n)
{
    buf_addz(p->out, ", to ");
    for (size_t i = 0; i < n; i++) {
        buf_addz(p->out, i > 0 ? ", " : "");
        add(p, to[i]);
        touch(p, "mail to ", to[i]);
    }
}

/* ---- steps ---- */

static void add_as(struct plan *p, const struct suite_as *as)
{
    char ip[IP_TEXT_MAX] = "";
    if (as->addr.family == IP_NONE && as->helo.n == 0)
        return;
    if (as->addr.family != IP_NONE)
        ip_write(&as->addr, ip);
    buf_addf(p->out, ", as %s%s", ip, ip[0] != '\0' && as->helo.n > 0 ? " " : "");
    add(p, as->helo);
}

static void plan_send(struct plan *p, const struct suite_send *s)
{
    buf_addz(p->out, "by ");
    add_host(p, s->via);
    add_as(p, &s->as);
    add_recipients(p, s->to, s->n_to);
    if (s->kind != NULL)
        buf_addf(p->out, ", kind %s", s->kind->name);
    for (size_t i = 0; i < s->n_attach; i++) {
        buf_addz(p->out, i == 0 ? ", with " : ", ");
        add(p, s->attach[i].kind.n > 0 ? s->attach[i].kind : s->attach[i].path);
    }
}

static void plan_arrive(struct plan *p, const struct suite_arrive *a)
{
    for (size_t i = 0; i < a->n_in; i++) {
        buf_addz(p->out, i == 0 ? "in " : ", ");
        add_host(p, a->in[i]);
    }
    if (a->within_ms % 1000 == 0)
        buf_addf(p->out, ", within %u s", a->within_ms / 1000);
    else
        buf_addf(p->out, ", within %u ms", a->within_ms);
}

static void plan_probe(struct plan *p, const struct suite_probe *a)
{
    buf_addz(p->out, a->mx_of ? "the MX hosts of " : "");
    if (a->host != NULL) {
        add_host(p, a->host);
    } else {
        add(p, a->target);
        touch(p, a->mx_of ? "MX hosts of " : "", a->target);
    }
    add_as(p, &a->as);
    for (size_t i = 0; i < a->n_to; i++) {
        buf_addz(p->out, i == 0 ? ", asking about " : ", ");
        add(p, a->to[i]);
    }
}

static void plan_audit(struct plan *p, const struct suite_audit *a)
{
    for (size_t i = 0; i < a->n_domains; i++) {
        buf_addz(p->out, i == 0 ? "" : ", ");
        add(p, a->domains[i].domain);
        touch(p, a->connect ? "DNS, MX hosts and policies of " : "DNS of ", a->domains[i].domain);
    }
    if (a->zone_file != NULL)
        buf_addf(p->out, ", by %s", a->zone_file);
}

static void plan_scan(struct plan *p, const struct suite_scan *a)
{
    if (a->kind != NULL)
        buf_addf(p->out, "a message of kind %s", a->kind->name);
    else
        add(p, a->path);
    if (a->zone_file != NULL)
        buf_addf(p->out, ", by %s", a->zone_file);
}

static void plan_step(struct plan *p, const struct suite_step *s)
{
    buf_addf(p->out, "      %-10s ", suite_verb_name(s->verb));
    switch (s->verb) {
    case SUITE_SCRIPT:
        add(p, sink_text(p, s->script->sink));
        buf_addz(p->out, " follows a script");
        break;
    case SUITE_PROBE:
        plan_probe(p, s->probe);
        break;
    case SUITE_SEND:
        plan_send(p, s->send);
        break;
    case SUITE_ARRIVE:
    case SUITE_NOT_ARRIVE:
        plan_arrive(p, s->arrive);
        break;
    case SUITE_RELAY_TEST:
        add_host(p, s->relay->host);
        add_as(p, &s->relay->as);
        buf_addz(p->out, ", asking about ");
        add(p, s->relay->to.n > 0 ? s->relay->to : STR("an address of example.com"));
        buf_addz(p->out, "; no message");
        break;
    case SUITE_SMUGGLE:
        add_host(p, s->smuggle->host);
        add_as(p, &s->smuggle->as);
        add_recipients(p, s->smuggle->to, s->smuggle->n_to);
        break;
    case SUITE_AUDIT:
        plan_audit(p, s->audit);
        break;
    default:
        plan_scan(p, s->scan);
        break;
    }
    buf_addc(p->out, '\n');
}

/* ---- suites ---- */

static void plan_case(struct plan *p, const struct suite_case *c)
{
    buf_addz(p->out, "  ");
    add(p, c->name);
    buf_addz(p->out, "  (");
    add(p, str_from(c->at.file));
    buf_addf(p->out, ":%u)", c->at.line);
    if (c->skip.n > 0) {
        buf_addz(p->out, "  skipped: ");
        add(p, c->skip);
    }
    buf_addc(p->out, '\n');
    for (size_t i = 0; i < c->n_steps; i++)
        plan_step(p, &c->steps[i]);
}

static void add_allowed(struct plan *p)
{
    const struct suite_allow *a = &p->suite->allow;
    char ip[IP_TEXT_MAX];
    buf_addz(p->out, "  may send to: ");
    if (a->at.line == 0)
        buf_addz(p->out, "loopback, own sinks, names of tests (no 'allow')");
    for (size_t i = 0; i < a->n_domains; i++) {
        buf_addz(p->out, i > 0 ? ", " : "");
        add(p, a->domains[i]);
    }
    for (size_t i = 0; i < a->n_networks; i++) {
        ip_write(&a->networks[i].net, ip);
        buf_addf(p->out, "%s%s/%u", i + a->n_domains > 0 ? ", " : "", ip,
                 a->networks[i].prefix_bits);
    }
    buf_addc(p->out, '\n');
}

static void plan_suite(struct plan *p)
{
    const struct suite *s = p->suite;
    add(p, s->name);
    buf_addz(p->out, "  (");
    add(p, str_from(s->file));
    buf_addf(p->out, ", %zu case%s", s->n_cases, s->n_cases == 1 ? "" : "s");
    if (s->n_not_selected > 0)
        buf_addf(p->out, ", %zu not selected", s->n_not_selected);
    buf_addz(p->out, ")\n");
    for (size_t i = 0; i < s->n_sinks; i++) {
        buf_addz(p->out, "  ");
        add(p, sink_text(p, &s->sinks[i]));
        buf_addz(p->out, " would listen\n");
    }
    for (size_t i = 0; i < s->n_cases; i++)
        plan_case(p, &s->cases[i]);
    add_allowed(p);
    buf_addz(p->out, "  would touch:\n");
    for (size_t i = 0; i < p->touched.n; i++) {
        buf_addz(p->out, "    ");
        add(p, p->touched.items[i]);
        buf_addc(p->out, '\n');
    }
}

int run_plan_write(const struct suite_command *c, FILE *out)
{
    bool ok = true;
    for (size_t i = 0; i < c->n_suites; i++) {
        struct buf text, shown;
        struct plan p = {.out = &text, .suite = &c->suites[i]};
        buf_init(&text, PLAN_MAX_BYTES);
        buf_init(&shown, PLAN_MAX_BYTES);
        arena_init(&p.touched.arena, PLAN_ARENA_BYTES);
        plan_suite(&p);
        suite_mask(p.suite, buf_str(&text), &shown);
        ok = ok && !text.failed && !shown.failed && fwrite(shown.p, 1, shown.n, out) == shown.n;
        arena_clear(&p.touched.arena);
        buf_clear(&shown);
        buf_clear(&text);
    }
    return ok && fflush(out) == 0 ? EXIT_PASSED : usage_error("run", "the plan cannot be written");
}
