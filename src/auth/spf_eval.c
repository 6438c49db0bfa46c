/* check_host(): terms in order, includes and redirects below them, and the explanation
 * (RFC 7208 4 to 6). Recursion follows include and redirect only, each of which is one of
 * SPF_MAX_LOOKUPS lookups: at most SPF_MAX_DEPTH levels of small frames. */
#include "auth/spf_internal.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/idna.h"
#include "base/utf8.h"

enum {
    REASON_MAX_BYTES = 400,
    SHOWN_BYTES = 120,
    TRACE_FIRST = 16,
    EXP_SOURCE_MAX_BYTES = 4096 /* of a published explanation; longer ones are not used */
};

/* The record at work. */
struct frame {
    struct str domain;
    const struct spf_record *record;
    unsigned depth;
};

/* What one record says, redirects followed. */
struct verdict {
    enum spf_result result;
    struct str mechanism, domain;
    const struct spf_macro *exp; /* of the record that decided */
    const char *absent;          /* with SPF_NONE: what `domain` lacks */
};

/* A term's match: SPF_PASS matched, SPF_NONE did not, or an error that ends the check. */
typedef int term_fn(struct spf_run *s, const struct frame *f, const struct spf_term *t,
                    enum spf_result *match);

static int check_host(struct spf_run *s, struct str domain, unsigned depth, struct verdict *v);

enum spf_result spf_because(struct spf_run *s, enum spf_result r, const char *fmt, ...)
{
    char text[REASON_MAX_BYTES];
    if (s->out->reason.n != 0)
        return r;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct str all = str_from(text);
    bool text_is_utf8 = utf8_valid(all);
    for (size_t i = 0; i < all.n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < ' ' || c == 0x7f || (c > 0x7f && !text_is_utf8))
            text[i] = '?';
    }
    s->out->reason = arena_copy(s->ctx->arena, all);
    return r;
}

static struct str shown(struct str s)
{
    return str_slice(s, 0, SHOWN_BYTES);
}

/* ---- trace ---- */

/* Index of a new step, or SPF_TRACE_MAX when no more are kept. */
static size_t step_begin(struct spf_run *s, const struct frame *f, struct str term)
{
    struct spf_outcome *out = s->out;
    s->note = STR("");
    if (out->n_trace == SPF_TRACE_MAX)
        return SPF_TRACE_MAX;
    if (out->n_trace == s->trace_cap) {
        size_t cap = s->trace_cap == 0 ? TRACE_FIRST : 2 * s->trace_cap;
        void *p = arena_grow(s->ctx->arena, out->trace, out->n_trace, cap, sizeof *out->trace);
        if (p == NULL)
            return SPF_TRACE_MAX; /* without memory the check itself soon fails as well */
        out->trace = p;
        s->trace_cap = cap;
    }
    out->trace[out->n_trace] = (struct spf_step){.depth = f->depth,
                                                 .domain = f->domain,
                                                 .term = term,
                                                 .lookups = s->lookups,
                                                 .voids = s->voids};
    return out->n_trace++;
}

static void step_end(struct spf_run *s, size_t step, bool matched, enum spf_result result)
{
    if (step == SPF_TRACE_MAX)
        return;
    struct spf_step *t = &s->out->trace[step];
    t->lookups = s->lookups - t->lookups;
    t->voids = s->voids - t->voids;
    t->matched = matched;
    t->result = result;
    t->note = s->note;
    s->note = STR("");
}

/* ---- limits and DNS ---- */

static bool lookup_allowed(struct spf_run *s, const struct frame *f, struct str term,
                           enum spf_result *match)
{
    if (++s->lookups <= SPF_MAX_LOOKUPS)
        return true;
    *match =
        spf_because(s, SPF_PERMERROR,
                    "more than %d DNS lookups: the next is '" STR_FMT "' in the record of " STR_FMT,
                    SPF_MAX_LOOKUPS, STR_ARG(shown(term)), STR_ARG(shown(f->domain)));
    return false;
}

/* Count an answer without records; false when there were too many (4.6.4). */
static bool void_allowed(struct spf_run *s, const struct frame *f, const struct spf_term *t,
                         const struct dns_answer *a, enum spf_result *match)
{
    if (a->status != DNS_NXDOMAIN && a->status != DNS_NODATA)
        return true;
    s->note = a->status == DNS_NXDOMAIN ? STR("no such name") : STR("no record of the type");
    if (++s->voids <= SPF_MAX_VOID_LOOKUPS)
        return true;
    *match = spf_because(s, SPF_PERMERROR,
                         "more than %d lookups without an answer: the next is " STR_FMT
                         " for '" STR_FMT "' in the record of " STR_FMT,
                         SPF_MAX_VOID_LOOKUPS, STR_ARG(shown(a->name)), STR_ARG(shown(t->text)),
                         STR_ARG(shown(f->domain)));
    return false;
}

static bool dns_failed(const struct dns_answer *a)
{
    return a->status == DNS_SERVFAIL || a->status == DNS_TIMEOUT || a->status == DNS_BOGUS;
}

static enum spf_result temperror(struct spf_run *s, const struct dns_answer *a)
{
    return spf_because(s, SPF_TEMPERROR, "the %s lookup of " STR_FMT " failed (%s)",
                       dns_type_name(a->type), STR_ARG(shown(a->name)), dns_status_name(a->status));
}

/* ---- mechanisms (5) ---- */

static void note_count(struct spf_run *s, size_t n, const char *what)
{
    if (s->out->n_trace < SPF_TRACE_MAX)
        s->note = arena_fmt(s->ctx->arena, "%zu %s", n, what);
}

/* all (5.1), ip4 and ip6 (5.6) */
static int match_alone(struct spf_run *s, const struct frame *f, const struct spf_term *t,
                       enum spf_result *match)
{
    (void)f;
    if (!spf_matches_alone(s, t))
        return MP_OK;
    s->leaf_is_all = t->mech == SPF_ALL;
    if (t->mech != SPF_ALL)
        s->leaf_prefix = t->mech == SPF_IP4 ? t->cidr4 : t->cidr6;
    *match = SPF_PASS;
    return MP_OK;
}

/* Does the name have the client's address, or one of its network? */
static int match_addresses(struct spf_run *s, const struct frame *f, const struct spf_term *t,
                           struct str name, enum spf_result *match)
{
    const struct dns_answer *a;
    int st = dns_ask(s->ctx->dns, name, spf_address_type(s), &a, s->err);
    if (st != MP_OK)
        return st;
    unsigned prefix = s->env.client.family == IP_V6 ? t->cidr6 : t->cidr4;
    if (dns_failed(a)) {
        *match = temperror(s, a);
    } else if (void_allowed(s, f, t, a, match) && spf_holds_client(s, a, prefix)) {
        s->leaf_prefix = prefix;
        *match = SPF_PASS;
    }
    if (a->n != 0)
        note_count(s, a->n, a->n == 1 ? "address" : "addresses");
    return MP_OK;
}

static int match_a(struct spf_run *s, const struct frame *f, const struct spf_term *t,
                   enum spf_result *match)
{
    struct str name;
    int st = spf_target_name(s, f->domain, &t->target, &name);
    if (st != MP_OK || name.n == 0)
        return st;
    return match_addresses(s, f, t, name, match);
}

/* More than SPF_MAX_NAMES is an error whichever would match: the order of records in an answer is
 * not the publisher's (4.6.4). A null MX (RFC 7505) has no name to ask. */
static int match_mx(struct spf_run *s, const struct frame *f, const struct spf_term *t,
                    enum spf_result *match)
{
    struct str name;
    const struct dns_answer *mx;
    int st = spf_target_name(s, f->domain, &t->target, &name);
    if (st != MP_OK || name.n == 0)
        return st;
    st = dns_ask(s->ctx->dns, name, DNS_MX, &mx, s->err);
    if (st != MP_OK)
        return st;
    if (dns_failed(mx))
        *match = temperror(s, mx);
    else if (void_allowed(s, f, t, mx, match) && mx->n > SPF_MAX_NAMES)
        *match = spf_because(s, SPF_PERMERROR,
                             "%zu MX records of " STR_FMT " for '" STR_FMT
                             "' in the record of " STR_FMT ": more than %d",
                             mx->n, STR_ARG(shown(name)), STR_ARG(shown(t->text)),
                             STR_ARG(shown(f->domain)), SPF_MAX_NAMES);
    for (size_t i = 0; i < mx->n && *match == SPF_NONE && st == MP_OK; i++) {
        if (spf_can_be_asked(mx->records[i].name))
            st = match_addresses(s, f, t, mx->records[i].name, match);
        for (size_t rest = i + 1; st == MP_WAIT && rest < mx->n; rest++)
            dns_prefetch(s->ctx->dns, mx->records[rest].name, spf_address_type(s));
    }
    if (st == MP_OK && mx->n != 0)
        note_count(s, mx->n, mx->n == 1 ? "name" : "names");
    return st;
}

/* A failed PTR lookup does not match; it is no temperror (5.5). */
static int match_ptr(struct spf_run *s, const struct frame *f, const struct spf_term *t,
                     enum spf_result *match)
{
    struct str name;
    const struct dns_answer *ptr;
    int st = spf_target_name(s, f->domain, &t->target, &name);
    if (st != MP_OK || name.n == 0)
        return st;
    st = spf_client_names(s, &ptr);
    if (st != MP_OK || !void_allowed(s, f, t, ptr, match))
        return st;
    for (size_t i = 0; i < s->n_names; i++) {
        if (domain_is_below(s->names[i], name)) {
            s->note = s->names[i];
            *match = SPF_PASS;
        }
    }
    return MP_OK;
}

/* A records, also for an IPv6 client (5.7). */
static int match_exists(struct spf_run *s, const struct frame *f, const struct spf_term *t,
                        enum spf_result *match)
{
    struct str name;
    const struct dns_answer *a;
    int st = spf_target_name(s, f->domain, &t->target, &name);
    if (st != MP_OK || name.n == 0)
        return st;
    st = dns_ask(s->ctx->dns, name, DNS_A, &a, s->err);
    if (st != MP_OK)
        return st;
    if (dns_failed(a))
        *match = temperror(s, a);
    else if (void_allowed(s, f, t, a, match) && a->n != 0)
        *match = SPF_PASS;
    return MP_OK;
}

/* The table of 5.2: what the included record says, and what that makes of the term. */
static const enum spf_result include_match[] = {
    [SPF_PASS] = SPF_PASS,      [SPF_FAIL] = SPF_NONE,           [SPF_SOFTFAIL] = SPF_NONE,
    [SPF_NEUTRAL] = SPF_NONE,   [SPF_TEMPERROR] = SPF_TEMPERROR, [SPF_PERMERROR] = SPF_PERMERROR,
    [SPF_NONE] = SPF_PERMERROR,
};

/* "none" of an included or redirected record is the fault of whoever names it. */
static void blame_absent(struct spf_run *s, const struct frame *f, struct str term,
                         const struct verdict *inner)
{
    if (inner->result == SPF_NONE)
        spf_because(s, SPF_PERMERROR, STR_FMT " %s: '" STR_FMT "' in the record of " STR_FMT,
                    STR_ARG(inner->domain.n != 0 ? shown(inner->domain) : STR("the target")),
                    inner->absent, STR_ARG(shown(term)), STR_ARG(shown(f->domain)));
}

static int match_include(struct spf_run *s, const struct frame *f, const struct spf_term *t,
                         enum spf_result *match)
{
    struct str name;
    struct verdict inner = {0};
    int st = spf_target_name(s, f->domain, &t->target, &name);
    if (st != MP_OK || (name.n == 0 && !s->local_is_ascii))
        return st;
    st = check_host(s, name, f->depth + 1, &inner);
    if (st == MP_OK) {
        blame_absent(s, f, t->text, &inner);
        s->inner = inner.result;
        s->note = inner.result == SPF_NONE ? str_from(inner.absent) : STR("");
        *match = include_match[inner.result];
    }
    return st;
}

static term_fn *const evals[SPF_MECH_COUNT] = {
    [SPF_ALL] = match_alone, [SPF_INCLUDE] = match_include, [SPF_A] = match_a,
    [SPF_MX] = match_mx,     [SPF_PTR] = match_ptr,         [SPF_IP4] = match_alone,
    [SPF_IP6] = match_alone, [SPF_EXISTS] = match_exists,
};

/* ---- records ---- */

/* The record of f->domain, or v->result with f->record NULL. */
static int find_record(struct spf_run *s, struct frame *f, struct verdict *v)
{
    const struct dns_answer *txt;
    v->domain = f->domain;
    v->result = SPF_NONE;
    v->absent = "is not a domain name"; /* malformed, or of a single label (4.3) */
    if (!spf_can_be_asked(f->domain) || domain_labels(f->domain) < 2)
        return MP_OK;
    int st = dns_ask(s->ctx->dns, f->domain, DNS_TXT, &txt, s->err);
    if (st != MP_OK)
        return st;
    if (dns_failed(txt)) {
        v->result = temperror(s, txt);
        return MP_OK;
    }
    v->absent = txt->status == DNS_NXDOMAIN ? "does not exist" : "publishes no SPF record";
    const struct spf_compiled *c = spf_record_of(txt);
    if (c == NULL)
        return mp_fail(s->err, MP_E_NOMEM, 0, "no memory for the SPF record");
    if (c->status == SPF_RECORD_BROKEN)
        v->result = spf_because(s, SPF_PERMERROR, "%s in the record of " STR_FMT, c->reason,
                                STR_ARG(shown(f->domain)));
    if (c->status == SPF_RECORD_OK)
        f->record = &c->record;
    return MP_OK;
}

/* Terms in order until one decides (4.6.2). */
static int eval_terms(struct spf_run *s, const struct frame *f, struct verdict *v, bool *decided)
{
    for (size_t i = 0; i < f->record->n; i++) {
        const struct spf_term *t = &f->record->terms[i];
        enum spf_result match = SPF_NONE;
        size_t step = step_begin(s, f, t->text);
        if (t->mech != SPF_INCLUDE) {
            s->leaf_is_all = false;
            s->leaf_prefix = SPF_NO_PREFIX;
        }
        s->inner = SPF_NONE;
        int st = MP_OK;
        if (!spf_is_lookup(t->mech) || lookup_allowed(s, f, t->text, &match))
            st = evals[t->mech](s, f, t, &match);
        if (st == MP_WAIT)
            spf_prefetch_rest(s, f->domain, f->record, i + 1);
        if (st != MP_OK)
            return st;
        bool error = match != SPF_PASS && match != SPF_NONE;
        step_end(s, step, match == SPF_PASS, error ? match : s->inner);
        if (match == SPF_NONE)
            continue;
        v->result = match == SPF_PASS ? t->result : match;
        v->mechanism = t->text;
        v->exp = &f->record->exp;
        *decided = true;
        return MP_OK;
    }
    return MP_OK;
}

/* The redirect modifier (6.1): the verdict of the other record is ours, "none" is a permerror. */
static int follow_redirect(struct spf_run *s, const struct frame *f, struct verdict *v)
{
    struct str term = f->record->redirect_text, name;
    size_t step = step_begin(s, f, term);
    v->mechanism = term;
    if (!lookup_allowed(s, f, term, &v->result)) {
        step_end(s, step, false, v->result);
        return MP_OK;
    }
    int st = spf_target_name(s, f->domain, &f->record->redirect, &name);
    if (st != MP_OK)
        return st;
    if ((st = check_host(s, name, f->depth + 1, v)) != MP_OK)
        return st;
    blame_absent(s, f, term, v);
    if (v->result == SPF_NONE)
        v->result = SPF_PERMERROR;
    step_end(s, step, true, v->result);
    return MP_OK;
}

/* A record that authorises half the Internet proves little, whichever term matched (BreakSPF). */
static void note_broad(struct spf_run *s, const struct frame *f)
{
    const struct auth_config *config = s->ctx->config;
    const struct spf_term *v4 = f->record->broad4, *v6 = f->record->broad6, *broad = NULL;
    if (v4 != NULL && v4->cidr4 < config->spf_broad_prefix_v4)
        broad = v4;
    else if (v6 != NULL && v6->cidr6 < config->spf_broad_prefix_v6)
        broad = v6;
    if (broad == NULL || s->out->broad_term.n != 0)
        return;
    s->out->broad_term = broad->text;
    s->out->broad_term_in = f->domain;
}

static int check_host(struct spf_run *s, struct str domain, unsigned depth, struct verdict *v)
{
    assert(depth <= SPF_MAX_DEPTH); /* each level was one of ten lookups */
    struct frame f = {.domain = domain, .depth = depth};
    bool decided = false;
    int st = find_record(s, &f, v);
    if (st != MP_OK || f.record == NULL)
        return st;
    note_broad(s, &f);
    st = eval_terms(s, &f, v, &decided);
    if (st != MP_OK || decided)
        return st;
    if (f.record->redirect.n != 0 && !f.record->has_all)
        return follow_redirect(s, &f, v);
    v->result = SPF_NEUTRAL; /* 4.7 */
    v->mechanism = STR("default");
    return MP_OK;
}

/* ---- the explanation (6.2) ---- */

static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return true;
    }
    return false;
}

static int expand_explanation(struct spf_run *s, struct str domain, struct str text)
{
    struct arena *arena = s->ctx->arena;
    struct spf_macro m = {0};
    size_t tail;
    const char *why;
    s->out->exp_control = has_control(text);
    if (!spf_macro_parse(text, SPF_IN_EXPLANATION, NULL, &m.n, &tail, &why))
        return MP_OK;
    struct spf_piece *pieces = arena_new(arena, struct spf_piece, m.n);
    if (pieces == NULL)
        return mp_fail(s->err, MP_E_NOMEM, 0, "message needs more memory than allowed");
    spf_macro_parse(text, SPF_IN_EXPLANATION, pieces, &m.n, &tail, &why);
    m.pieces = pieces;
    int st = spf_prepare_env(s, domain, &m);
    if (st == MP_OK)
        s->out->explanation = spf_expand_text(arena, &s->env, &m);
    return st;
}

/* Exactly one TXT record; any trouble means that there is no explanation. Costs no lookup. */
static int fetch_explanation(struct spf_run *s, const struct verdict *v)
{
    struct str name;
    const struct dns_answer *txt;
    int st = spf_target_name(s, v->domain, v->exp, &name);
    if (st != MP_OK || name.n == 0)
        return st;
    st = dns_ask(s->ctx->dns, name, DNS_TXT, &txt, s->err);
    if (st != MP_OK || txt->n != 1 || txt->records[0].data.n > EXP_SOURCE_MAX_BYTES)
        return st;
    return expand_explanation(s, v->domain, txt->records[0].data);
}

/* ---- the whole ---- */

static void judge_pass(struct spf_run *s)
{
    const struct auth_config *config = s->ctx->config;
    unsigned broad =
        s->env.client.family == IP_V6 ? config->spf_broad_prefix_v6 : config->spf_broad_prefix_v4;
    s->out->plus_all = s->leaf_is_all || s->leaf_prefix == 0;
    if (s->leaf_prefix < broad)
        s->out->broad_prefix = s->leaf_prefix;
}

int spf_evaluate(struct spf_run *s)
{
    struct spf_outcome *out = s->out;
    struct verdict v = {0};
    int st = check_host(s, s->env.sender_domain, 0, &v);
    if (st == MP_OK && v.result == SPF_FAIL && v.exp->n != 0)
        st = fetch_explanation(s, &v);
    if (st != MP_OK)
        return st;
    if (v.result == SPF_NONE)
        spf_because(s, SPF_NONE, STR_FMT " %s", STR_ARG(shown(v.domain)), v.absent);
    out->result = v.result;
    out->mechanism = v.mechanism;
    out->matched_in = v.result == SPF_NONE ? STR("") : v.domain;
    out->lookups = s->lookups;
    out->void_lookups = s->voids;
    if (v.result == SPF_PASS)
        judge_pass(s);
    return MP_OK;
}
