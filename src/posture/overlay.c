/* Remedies tried out: edits applied over the answers, and the audit run again on that. */
#include "dns/zone.h"
#include "posture/posture_internal.h"

enum { VERIFY_ARENA_BYTES = 64 << 20 };

struct posture_overlay {
    struct dns_view *below, *view;
    const struct fix *fix;
    struct dns_zone *added, *removed; /* the records of edits, as a zone reads them */
    bool failed;                      /* the view below is full */
};

/* ---- edits as records ---- */

static bool load_edit(struct dns_zone *z, const struct fix_edit *e)
{
    enum { TTL_S = 3600 };
    int st = e->type == DNS_TXT ? dns_zone_add_txt(z, e->name, e->data, NULL)
                                : dns_zone_add(z, e->name, e->type, TTL_S, e->data, NULL);
    return st == MP_OK;
}

static bool load_edits(struct posture_overlay *o)
{
    for (size_t i = 0; i < o->fix->n; i++) {
        const struct fix_edit *e = &o->fix->edits[i];
        if (e->op == FIX_ADD && (e->type == DNS_CNAME || !load_edit(o->added, e)))
            return false;
        if (e->op == FIX_REMOVE && !load_edit(o->removed, e))
            return false;
    }
    return true;
}

static bool same_record(enum dns_type type, const struct dns_record *a, const struct dns_record *b)
{
    if (type == DNS_A || type == DNS_AAAA)
        return ip_eq(&a->ip, &b->ip);
    return a->preference == b->preference && a->weight == b->weight && a->port == b->port &&
           str_eq(a->name, b->name) && str_eq(a->data, b->data);
}

static bool has_record(const struct dns_answer *in, const struct dns_record *r)
{
    for (size_t i = 0; i < in->n; i++)
        if (same_record(in->type, &in->records[i], r))
            return true;
    return false;
}

static bool is_emptied(const struct fix *x, struct str name, enum dns_type type)
{
    for (size_t i = 0; i < x->n; i++)
        if (x->edits[i].op == FIX_REMOVE_ALL && x->edits[i].type == type &&
            domain_eq(x->edits[i].name, name))
            return true;
    return false;
}

/* Is there an edit of records at just this name? Else what is added comes from a wildcard. */
static bool is_edited(const struct fix *x, struct str name)
{
    for (size_t i = 0; i < x->n; i++)
        if (x->edits[i].op != FIX_FILE && domain_eq(x->edits[i].name, name))
            return true;
    return false;
}

/* ---- answers ---- */

/* What is left of the answer below, and what is added to it. */
static struct dns_answer *merge(const struct posture_overlay *o, const struct dns_answer *below,
                                const struct dns_answer *added, const struct dns_answer *removed)
{
    struct dns_record records[DNS_MAX_RECORDS];
    size_t n = 0;
    bool emptied = is_emptied(o->fix, below->name, below->type) ||
                   !str_eq(below->canonical, below->name); /* the alias is gone: see changed() */
    for (size_t i = 0; i < below->n && !emptied; i++)
        if (!has_record(removed, &below->records[i]) && n < ARRAY_LEN(records))
            records[n++] = below->records[i];
    for (size_t i = 0; i < added->n && n < ARRAY_LEN(records); i++)
        if (emptied || !has_record(below, &added->records[i]) ||
            has_record(removed, &added->records[i]))
            records[n++] = added->records[i];
    enum dns_status status = n > 0 ? DNS_DATA
                             : below->status == DNS_NXDOMAIN && added->status == DNS_NXDOMAIN
                                 ? DNS_NXDOMAIN
                                 : DNS_NODATA;
    return dns_answer_new(status, below->name, below->type, below->dnssec, below->ttl_s, STR_NONE,
                          STR_NONE, records, n);
}

static struct dns_answer *changed(const struct posture_overlay *o, const struct dns_answer *below)
{
    struct dns_answer *same = (struct dns_answer *)(uintptr_t)below, *out = NULL;
    bool edited = is_edited(o->fix, below->name);
    bool is_alias = below->type != DNS_CNAME && !str_eq(below->canonical, below->name);
    /* An alias stands alone at its name, so what is added beside it has no effect; and a wildcard
     * speaks only for names that do not exist. */
    if (posture_failed(below) || (!edited && below->status != DNS_NXDOMAIN) ||
        (is_alias && !is_emptied(o->fix, below->name, DNS_CNAME)))
        return dns_answer_ref(same);
    struct dns_answer *added = dns_zone_lookup(o->added, below->name, below->type);
    struct dns_answer *removed = dns_zone_lookup(o->removed, below->name, below->type);
    if (added != NULL && removed != NULL)
        out = edited || added->status != DNS_NXDOMAIN ? merge(o, below, added, removed)
                                                      : dns_answer_ref(same);
    dns_answer_unref(added);
    dns_answer_unref(removed);
    return out;
}

static struct dns_answer *overlay_ready(void *ctx, struct str name, enum dns_type type)
{
    struct posture_overlay *o = ctx;
    const struct dns_answer *below;
    int st = dns_ask(o->below, name, type, &below, NULL);
    o->failed |= st < 0;
    return st == MP_OK ? changed(o, below) : NULL;
}

struct posture_overlay *posture_overlay_new(struct arena *a, struct dns_view *below,
                                            const struct fix *fix)
{
    struct posture_overlay *o = arena_new(a, struct posture_overlay, 1);
    if (o == NULL)
        return NULL;
    *o = (struct posture_overlay){
        .below = below, .fix = fix, .added = dns_zone_new(), .removed = dns_zone_new()};
    if (o->added != NULL && o->removed != NULL && load_edits(o))
        o->view = dns_view_new_large(a, overlay_ready, o);
    if (o->view != NULL)
        return o;
    posture_overlay_free(o);
    return NULL;
}

struct dns_view *posture_overlay_view(struct posture_overlay *o)
{
    return o->view;
}

void posture_overlay_free(struct posture_overlay *o)
{
    if (o == NULL)
        return;
    dns_view_release(o->view);
    dns_zone_free(o->added);
    dns_zone_free(o->removed);
}

/* ---- verdicts ---- */

static size_t count_undecided(const struct check_list *list)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++)
        n += list->items[i].undecided;
    return n;
}

static bool is_still_there(const struct finding_list *after, const struct finding *f)
{
    for (size_t i = 0; i < after->n; i++)
        if (after->items[i].id == f->id && str_eq(after->items[i].evidence, f->evidence))
            return true;
    return false;
}

static size_t count(const struct finding_list *list, enum finding_id id, enum severity at_least)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++)
        n += list->items[i].id == id && list->items[i].severity >= at_least;
    return n;
}

bool posture_is_cleared(const struct posture_ctx *before, const struct finding *f,
                        const struct posture_ctx *after)
{
    const struct finding_list *was = &before->findings, *is = &after->findings;
    /* The same with another number in its evidence is not gone. */
    bool fewer = is->per_kind[f->id] < was->per_kind[f->id] || is->dropped < was->dropped;
    if (!fewer || is_still_there(is, f))
        return false;
    for (size_t i = 0; i < is->n; i++) {
        enum finding_id id = is->items[i].id;
        if (count(is, id, f->severity) > count(was, id, f->severity))
            return false;
    }
    return count_undecided(&after->checks) <= count_undecided(&before->checks);
}

/* The audit again, over the overlay, with everything in an arena of its own. */
static int run_again(const struct posture_ctx *c, struct posture_overlay *o, const struct fix *x,
                     struct arena *scratch, bool *cleared)
{
    struct posture_ctx *again = arena_new(scratch, struct posture_ctx, 1);
    struct posture *out = arena_new(scratch, struct posture, 1);
    struct fact_view *facts = posture_fact_overlay(scratch, c->facts, x);
    if (again == NULL || out == NULL || facts == NULL)
        return MP_E_NOMEM;
    struct posture_config config = *c->config;
    config.profile = c->out->profile; /* a finding must not vanish because others are looked for */
    int st =
        posture_run(again, scratch, o->view, facts, &config, c->out->domain, c->now_s, out, NULL);
    if (st == MP_OK)
        *cleared = posture_is_cleared(c, &c->findings.items[x->finding], again);
    /* A full view can wait for ever. */
    return st == MP_WAIT && (o->failed || !posture_is_missing(c)) ? MP_E_LIMIT : st;
}

static int try_fix(const struct posture_ctx *c, struct fix *x)
{
    struct arena scratch = {0};
    int st = MP_E_NOMEM;
    arena_init(&scratch, VERIFY_ARENA_BYTES);
    struct posture_overlay *o = posture_overlay_new(&scratch, c->dns, x);
    if (o != NULL)
        st = run_again(c, o, x, &scratch, &x->verified);
    posture_overlay_free(o);
    arena_clear(&scratch);
    return st;
}

int posture_verify(struct posture_ctx *c, struct mp_err *err)
{
    bool waiting = false;
    (void)err; /* what could not be tried out stays unverified: that is all it is */
    for (size_t i = 0; i < c->fixes.n; i++) {
        struct fix *x = &c->fixes.items[i];
        if (x->n == 0 || x->tried || x->finding >= c->findings.n)
            continue;
        bool waits = try_fix(c, x) == MP_WAIT;
        x->tried = !waits;
        waiting |= waits;
    }
    return waiting ? MP_WAIT : MP_OK;
}
