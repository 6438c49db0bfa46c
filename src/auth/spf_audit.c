/* The walk over an SPF record and all it includes, with a stack of our own: records are strangers'
 * text, and name each other as they like (RFC 7208 4.6, 5.2, 6.1). */
#include <stdlib.h>

#include "auth/spf_audit_internal.h"
#include "base/idna.h"

enum { SHOWN_BYTES = 100, FIRST_ROOM = 16 };

static struct str shown(struct str s)
{
    return str_slice(s, 0, SHOWN_BYTES);
}

void spf_walk_fail(struct spf_walk *w, int status)
{
    if (w->status >= 0)
        w->status = status;
}

void *spf_walk_grow(struct spf_walk *w, void *array, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return array;
    size_t more = *cap == 0 ? FIRST_ROOM : 2 * *cap;
    void *p = arena_grow(w->ctx->arena, array, n, more, size);
    if (p == NULL)
        spf_walk_fail(w, mp_fail(w->err, MP_E_NOMEM, 0, "no memory to audit an SPF record"));
    else
        *cap = more;
    return p;
}

/* ---- nodes ---- */

static size_t node_open(struct spf_walk *w, const struct spf_frame *f, struct str term)
{
    struct spf_audit *out = w->out;
    size_t cap = w->node_cap, same = cap;
    if (out->n_nodes == SPF_AUDIT_MAX_NODES)
        return SPF_NO_NODE;
    void *nodes = spf_walk_grow(w, out->nodes, out->n_nodes, &cap, sizeof *out->nodes);
    void *seen = spf_walk_grow(w, w->seen, out->n_nodes, &same, sizeof *w->seen);
    if (nodes == NULL || seen == NULL)
        return SPF_NO_NODE;
    out->nodes = nodes;
    w->seen = seen;
    w->node_cap = cap;
    w->seen[out->n_nodes] = (struct spf_seen){.mech = SPF_INCLUDE};
    out->nodes[out->n_nodes] =
        (struct spf_node){.depth = (unsigned)w->n_frames - 1, .domain = f->domain, .term = term};
    return out->n_nodes++;
}

static void node_close(struct spf_walk *w, size_t node, const struct spf_cost *before)
{
    struct spf_node scrap = {0}, *n = spf_walk_node(w, node, &scrap);
    unsigned voids4 = w->cost.voids4 - before->voids4, voids6 = w->cost.voids6 - before->voids6;
    n->lookups = w->cost.lookups - before->lookups;
    n->voids = voids4 > voids6 ? voids4 : voids6;
}

/* ---- records ---- */

/* What leads to a record: a term of `from`, or nothing (the domain's own). */
struct link {
    const struct spf_frame *from;
    struct str term, domain;
    size_t node;
    struct spf_cost before;
    bool passes, final, repeated;
};

/* Who is not listed gets an error when the last record cannot be read. */
static void end_in(struct spf_walk *w, const struct link *l, enum spf_result r)
{
    if (l->final)
        w->out->all = r;
}

static void no_record(struct spf_walk *w, const struct link *l, const char *why)
{
    struct spf_node scrap = {0};
    end_in(w, l, l->from == NULL ? SPF_NONE : SPF_PERMERROR);
    if (l->from == NULL)
        return;
    spf_walk_node(w, l->node, &scrap)->note = str_from(why);
    spf_problem_add(w, SPF_PROBLEM_NO_RECORD, l->from->domain, l->term, STR_FMT " %s",
                    STR_ARG(l->domain.n != 0 ? shown(l->domain) : STR("the target")), why);
}

static bool is_loop(const struct spf_walk *w, struct str domain)
{
    for (size_t i = 0; i < w->n_frames; i++)
        if (domain_eq(w->frames[i].domain, domain))
            return true;
    return false;
}

static struct str record_text(const struct dns_answer *txt, size_t *n)
{
    struct str text = STR("");
    *n = 0;
    for (size_t i = 0; i < txt->n; i++) {
        if (!spf_is_record(txt->records[i].data))
            continue;
        if ((*n)++ == 0)
            text = txt->records[i].data;
    }
    return text;
}

/* A record that cannot be used: permerror for who reads it. */
static void broken_record(struct spf_walk *w, const struct link *l, const struct spf_compiled *c,
                          size_t n)
{
    struct spf_node scrap = {0};
    end_in(w, l, SPF_PERMERROR);
    spf_walk_node(w, l->node, &scrap)->note = n > 1 ? STR("several records") : STR("broken record");
    spf_problem_add(w, n > 1 ? SPF_PROBLEM_SEVERAL : SPF_PROBLEM_SYNTAX, l->domain,
                    l->from == NULL ? STR("") : l->term, "%s", c->reason);
}

static void push(struct spf_walk *w, const struct link *l, const struct spf_compiled *c,
                 const struct dns_answer *txt, struct str text)
{
    struct spf_frame *f = &w->frames[w->n_frames++];
    *f = (struct spf_frame){.domain = l->domain,
                            .record = &c->record,
                            .node = l->node,
                            .before = l->before,
                            .passes = l->passes,
                            .final = l->final,
                            .repeated = l->repeated};
    spf_judge_record(w, f, txt, text);
}

/* The TXT answer of a record that may be read. */
static const struct dns_answer *find_txt(struct spf_walk *w, const struct link *l)
{
    struct spf_node scrap = {0}, *node = spf_walk_node(w, l->node, &scrap);
    struct spf_frame here = {.domain = l->from == NULL ? l->domain : l->from->domain};
    if (!spf_can_be_asked(l->domain) || domain_labels(l->domain) < 2) {
        no_record(w, l, "is not a domain name");
        return NULL;
    }
    if (is_loop(w, l->domain)) {
        end_in(w, l, SPF_PERMERROR);
        node->note = STR("loop: back to a record above");
        spf_problem_add(w, SPF_PROBLEM_LOOP, l->from->domain, l->term,
                        "leads back to the record of " STR_FMT, STR_ARG(shown(l->domain)));
        return NULL;
    }
    if (w->n_records == SPF_AUDIT_MAX_RECORDS) {
        w->out->incomplete = true;
        node->note = STR("not read: too many records");
        return NULL;
    }
    w->n_records++;
    const struct dns_answer *txt = spf_walk_ask(w, l->domain, DNS_TXT);
    if (txt != NULL && l->from == NULL)
        w->out->status = txt->status;
    if (txt == NULL || !spf_walk_dns_failed(w, &here, l->term, txt))
        return txt;
    end_in(w, l, SPF_TEMPERROR);
    node->note = STR("look-up failed");
    return NULL;
}

static void enter(struct spf_walk *w, const struct link *l)
{
    size_t n;
    const struct dns_answer *txt = find_txt(w, l);
    if (txt == NULL)
        return;
    struct str text = record_text(txt, &n);
    const struct spf_compiled *c = spf_record_of(txt);
    if (c == NULL) {
        spf_walk_fail(w, mp_fail(w->err, MP_E_NOMEM, 0, "no memory for the SPF record"));
        return;
    }
    if (l->from == NULL) {
        w->out->presence = n == 0   ? SPF_RECORDS_NONE
                           : n == 1 ? SPF_RECORDS_ONE
                                    : SPF_RECORDS_SEVERAL;
        w->out->record = n == 1 ? text : STR("");
    }
    if (c->status == SPF_RECORD_OK)
        push(w, l, c, txt, text);
    else if (c->status == SPF_RECORD_BROKEN)
        broken_record(w, l, c, n);
    else
        no_record(w, l, txt->status == DNS_NXDOMAIN ? "does not exist" : "publishes no SPF record");
}

/* ---- the walk ---- */

/* include and redirect. */
static void descend(struct spf_walk *w, struct spf_frame *f, const struct spf_macro *target,
                    struct link *l)
{
    struct spf_node scrap = {0};
    size_t frames = w->n_frames;
    bool by_client;
    if (!spf_walk_target(w, f, target, &l->domain, &by_client) && by_client) {
        w->passes_something |= l->passes;
        spf_walk_node(w, l->node, &scrap)->note = STR("depends on the client (macro)");
        spf_problem_add(w, SPF_PROBLEM_BY_CLIENT, f->domain, l->term,
                        "the name depends on the client or the sender");
    } else if (w->status >= 0) {
        enter(w, l);
    }
    if (w->n_frames == frames)
        node_close(w, l->node, &l->before);
}

static void next_term(struct spf_walk *w, struct spf_frame *f)
{
    const struct spf_term *t = &f->record->terms[f->next++];
    struct spf_cost before = w->cost;
    if (w->n_terms == SPF_AUDIT_MAX_TERMS) {
        w->out->incomplete = true;
        f->ended = true;
        return;
    }
    w->n_terms++;
    size_t node = node_open(w, f, t->text);
    w->cost.lookups += spf_is_lookup(t->mech);
    if (t->mech != SPF_INCLUDE) {
        spf_walk_term(w, f, t, node);
        node_close(w, node, &before);
        return;
    }
    struct link l = {.from = f,
                     .term = t->text,
                     .node = node,
                     .before = before,
                     .passes = f->passes && t->result == SPF_PASS};
    struct str name;
    bool by_client;
    if (spf_walk_target(w, f, &t->target, &name, &by_client) && !is_loop(w, name))
        l.repeated = spf_judge_repeat(w, f, t, node, name) || f->repeated;
    descend(w, f, &t->target, &l);
}

static void follow_redirect(struct spf_walk *w, struct spf_frame *f)
{
    struct link l = {.from = f,
                     .term = f->record->redirect_text,
                     .before = w->cost,
                     .passes = f->passes,
                     .final = f->final,
                     .repeated = f->repeated};
    f->redirected = true;
    l.node = node_open(w, f, l.term);
    w->cost.lookups++;
    descend(w, f, &f->record->redirect, &l);
}

static void leave(struct spf_walk *w, const struct spf_frame *f)
{
    if (f->final && !f->record->has_all && f->record->redirect.n == 0)
        spf_problem_add(w, SPF_PROBLEM_NO_ALL, f->domain, STR(""),
                        "who is not listed gets neutral, as without a record");
    w->n_frames--;
    if (w->n_frames != 0)
        node_close(w, f->node, &f->before);
}

static void walk(struct spf_walk *w)
{
    while (w->n_frames != 0 && w->status >= 0) {
        struct spf_frame *f = &w->frames[w->n_frames - 1];
        if (!f->ended && f->next < f->record->n)
            next_term(w, f);
        else if (!f->redirected && f->record->redirect.n != 0 && !f->record->has_all)
            follow_redirect(w, f);
        else
            leave(w, f);
    }
}

/* The type that RFC 7208 3.1 took back: receivers ask TXT only. Who fails to answer it is right. */
static void look_for_type99(struct spf_walk *w, struct str domain)
{
    const struct dns_answer *spf = spf_walk_ask(w, domain, DNS_SPF);
    for (size_t i = 0; spf != NULL && i < spf->n; i++) {
        if (!spf_is_record(spf->records[i].data))
            continue;
        spf_problem_add(w, SPF_PROBLEM_TYPE99, domain, STR(""),
                        w->out->presence == SPF_RECORDS_NONE
                            ? "the record has the type SPF only: nobody asks for it"
                            : "a record of the type SPF stands beside the TXT record");
        return;
    }
}

int spf_audit(struct auth_ctx *ctx, struct str domain, struct spf_audit *out, struct mp_err *err)
{
    struct spf_audit mine = {.status = DNS_NXDOMAIN};
    struct spf_walk w = {.ctx = ctx, .err = err, .out = &mine};
    if (!domain_is_ldh(domain) || domain_labels(domain) < 2) {
        *out = mine;
        return MP_OK;
    }
    w.frames = arena_new(ctx->arena, struct spf_frame, SPF_AUDIT_MAX_RECORDS);
    if (w.frames == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to audit an SPF record");
    w.env.sender_domain = domain;
    mine.all = SPF_NEUTRAL; /* 4.7 */
    struct link own = {.domain = domain, .node = SPF_NO_NODE, .passes = true, .final = true};
    enter(&w, &own);
    if (w.status >= 0)
        look_for_type99(&w, domain);
    walk(&w);
    spf_judge_whole(&w);
    if (w.status == MP_OK)
        *out = mine;
    return w.status;
}

bool spf_record_valid(struct str text)
{
    struct spf_compiled *c = spf_is_record(text) ? spf_record_compile(text) : NULL;
    bool valid = c != NULL && c->status == SPF_RECORD_OK;
    free(c);
    return valid;
}
