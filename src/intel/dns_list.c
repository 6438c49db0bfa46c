/* DNS lists about one mail: asked in one round, who is believed, what is listed, what is told. */
#include "base/utf8.h"
#include "intel/dns_list_internal.h"

/* ---- asking ---- */

/* A view without room is no failure of ours: the question stays without an answer. */
static int ask(struct dns_list_run *r, struct str name, enum dns_type type,
               const struct dns_answer **out, int *waiting, struct mp_err *err)
{
    struct mp_err mine = {0};
    int st = name.n == 0 ? MP_OK : dns_ask(r->view, name, type, out, &mine);
    if (st == MP_WAIT)
        *waiting = MP_WAIT;
    if (st >= MP_OK || st == MP_E_LIMIT)
        return MP_OK;
    if (err != NULL)
        *err = mine;
    return st;
}

static int ask_all(struct dns_list_run *r, struct mp_err *err)
{
    int waiting = MP_OK, st = MP_OK;
    for (size_t i = 0; i < r->lists->n && st == MP_OK; i++) {
        struct dns_list_seen *s = &r->seen[i];
        st = ask(r, s->must, DNS_A, &s->must_answer, &waiting, err);
        if (st == MP_OK)
            st = ask(r, s->must_not, DNS_A, &s->must_not_answer, &waiting, err);
    }
    for (size_t i = 0; i < r->n && st == MP_OK; i++)
        st = ask(r, r->questions[i].name, DNS_A, &r->questions[i].answer, &waiting, err);
    return st != MP_OK ? st : waiting;
}

/* ---- who is believed ---- */

static struct dns_list_answer read_test(const struct dns_list *l, const struct dns_list_seen *s,
                                        struct str name, const struct dns_answer *a, bool is_there)
{
    struct dns_list_answer said = {.listed = is_there};
    if (name.n == 0) /* no such test: as if it went well */
        return said;
    said = (struct dns_list_answer){.fault = DNS_LIST_FAILED};
    if (a != NULL)
        dns_list_read(l, s->test_as, a, &said);
    return said;
}

static enum listing_word word_of(const struct dns_list_answer *said)
{
    if (said->fault == DNS_LIST_FINE)
        return said->listed ? LISTING_LISTED : LISTING_NONE;
    return said->fault == DNS_LIST_FAILED ? LISTING_FAILED : LISTING_NONSENSE;
}

static void judge_test(const struct dns_list_run *r, size_t list)
{
    struct dns_list_seen *s = &r->seen[list];
    const struct dns_list *l = list_at(r, list);
    struct dns_list_answer must = read_test(l, s, s->must, s->must_answer, true);
    struct dns_list_answer must_not = read_test(l, s, s->must_not, s->must_not_answer, false);
    const struct dns_list_answer *worst = must.fault > must_not.fault ? &must : &must_not;
    s->at = worst->at;
    s->is_lasting = true;
    if (worst->fault >= DNS_LIST_REFUSED) {
        s->fault = worst->fault;
        return;
    }
    switch (listing_test(word_of(&must), word_of(&must_not))) {
    case LISTING_TEST_PASSED:
        s->is_lasting = false;
        break;
    case LISTING_TEST_EVERYTHING:
        s->fault = DNS_LIST_EVERYTHING;
        s->at = must_not.at;
        break;
    case LISTING_TEST_NOTHING:
        s->fault = must.fault == DNS_LIST_UNDECLARED ? DNS_LIST_UNDECLARED : DNS_LIST_NOTHING;
        s->at = must.at;
        break;
    default: /* a view that was full says nothing about the list */
        s->fault = DNS_LIST_FAILED;
        s->is_lasting = (s->must.n == 0 || s->must_answer != NULL) &&
                        (s->must_not.n == 0 || s->must_not_answer != NULL);
        break;
    }
}

static void judge_answer(struct dns_list_run *r, struct dns_list_question *q)
{
    struct dns_list_seen *s = &r->seen[q->list];
    if (q->answer == NULL) {
        r->cut++;
        return;
    }
    dns_list_read(list_at(r, q->list), q->as, q->answer, &q->said);
    s->asked++;
    if (q->said.fault == DNS_LIST_FAILED) {
        s->failed++;
        s->failure = q->answer->status;
    } else if (q->said.fault > s->fault) {
        /* A code that is new to us is met by whoever sends it: it must not take the list from the
         * mails of others. */
        s->is_lasting = q->said.fault >= DNS_LIST_REFUSED;
        s->fault = q->said.fault;
        s->at = q->said.at;
    }
}

static void judge(struct dns_list_run *r)
{
    for (size_t i = 0; i < r->lists->n; i++)
        if (r->seen[i].is_tested)
            judge_test(r, i);
    for (size_t i = 0; i < r->n; i++)
        judge_answer(r, &r->questions[i]);
}

static void remember(const struct dns_list_run *r, struct dns_list_health *health, int64_t now_s)
{
    for (size_t i = 0; i < r->lists->n; i++) {
        const struct dns_list_seen *s = &r->seen[i];
        if (s->fault != DNS_LIST_FINE && s->is_lasting)
            dns_list_health_set(health, i, now_s, s->fault, &s->at);
        else if (s->is_tested && (s->fault == DNS_LIST_FINE || s->fault == DNS_LIST_UNDECLARED))
            dns_list_health_set(health, i, now_s, DNS_LIST_FINE, &s->at);
    }
}

/* ---- what is listed ---- */

struct hit {
    struct dns_listing x;
    const struct dns_list_question *of;
};

static int hits_of(const struct dns_list_run *r, enum dns_code_kind kind, struct hit *hits,
                   size_t *n, struct mp_err *err)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct dns_list_question *q = &r->questions[i];
        const struct dns_list *l = list_at(r, q->list);
        struct dns_listing x = {.list = l, .asked = q->asked, .kind = kind, .where = q->where};
        if (!q->said.listed || r->seen[q->list].fault != DNS_LIST_FINE)
            continue;
        x.codes = dns_list_codes_text(r->arena, l, q->answer, q->said.codes, kind, &x.severity);
        if (x.codes.p == NULL)
            return dns_list_no_memory(err);
        if (x.codes.n > 0)
            hits[(*n)++] = (struct hit){x, q};
    }
    return MP_OK;
}

/* The gravest first, else as they were asked; then who vouches. */
static int list_all(const struct dns_list_run *r, struct hit **out, size_t *n, struct mp_err *err)
{
    struct hit *found = arena_new(r->arena, struct hit, 2 * r->n + 1);
    struct hit *sorted = arena_new(r->arena, struct hit, 2 * r->n + 1);
    size_t n_listed = 0, n_found, n_sorted = 0;
    if (found == NULL || sorted == NULL)
        return dns_list_no_memory(err);
    int st = hits_of(r, CODE_LISTED, found, &n_listed, err);
    n_found = n_listed;
    if (st == MP_OK)
        st = hits_of(r, CODE_ALLOWED, found, &n_found, err);
    for (int severity = SEV_CRITICAL; severity >= SEV_INFO && st == MP_OK; severity--)
        for (size_t i = 0; i < n_listed; i++)
            if ((int)found[i].x.severity == severity)
                sorted[n_sorted++] = found[i];
    for (size_t i = n_listed; i < n_found; i++)
        sorted[n_sorted++] = found[i];
    *out = sorted;
    *n = n_sorted;
    return st;
}

/* The text of a list is its own: bounded, printable, one whatever the order, and never with the
 * key that it may have been asked by. */
static struct str reason_of(const struct dns_list_run *r, const struct hit *h,
                            const struct dns_answer *a)
{
    struct str reason = STR(""), key = r->lists->items[h->of->list].key;
    struct buf shown;
    for (size_t i = 0; a != NULL && i < a->n; i++)
        if (i == 0 || str_cmp(a->records[i].data, reason) < 0)
            reason = a->records[i].data;
    if (key.n > 0 && str_isearch(reason, key) < reason.n)
        return STR("");
    buf_init(&shown, 8 * DNS_LIST_MAX_REASON_BYTES);
    utf8_add_printable(&shown, reason, DNS_LIST_MAX_REASON_BYTES);
    struct str copy = arena_copy(r->arena, buf_str(&shown));
    buf_clear(&shown);
    return copy;
}

/* Of as many as there will be findings. */
static int ask_reasons(struct dns_list_run *r, struct hit *hits, size_t n, struct mp_err *err)
{
    int waiting = MP_OK;
    size_t asked = 0;
    for (size_t i = 0; i < n && asked < FINDINGS_PER_KIND_MAX; i++) {
        const struct dns_answer *a = NULL;
        if (hits[i].x.kind != CODE_LISTED)
            continue;
        int st = ask(r, hits[i].of->name, DNS_TXT, &a, &waiting, err);
        if (st != MP_OK)
            return st;
        hits[i].x.reason = reason_of(r, &hits[i], a);
        asked++;
    }
    return waiting;
}

/* ---- what is told ---- */

/* Long names are told by their end, where the domain is. */
static struct str shown(const struct dns_list_run *r, struct str asked)
{
    enum { SHOWN_BYTES = 80 };
    if (asked.n <= SHOWN_BYTES)
        return asked;
    return arena_join(r->arena,
                      (struct str[]){STR("..."), str_slice(asked, asked.n - SHOWN_BYTES, asked.n)},
                      2);
}

static void tell_hit(const struct dns_list_run *r, const struct dns_listing *x,
                     struct finding_list *to)
{
    bool is_listed = x->kind == CODE_LISTED;
    finding_add_as(to, is_listed ? x->severity : SEV_INFO,
                   is_listed ? FINDING_INTEL_DNS_LIST : FINDING_INTEL_KNOWN_GOOD, x->where,
                   STR_FMT ": " STR_FMT ": " STR_FMT "%s" STR_FMT, STR_ARG(x->list->name),
                   STR_ARG(shown(r, x->asked)), STR_ARG(x->codes), x->reason.n > 0 ? "; " : "",
                   STR_ARG(x->reason));
}

static void tell_fault(const struct dns_list_run *r, size_t i, enum dns_list_fault fault,
                       const struct ip *at, struct finding_list *to)
{
    const struct dns_list *l = list_at(r, i);
    finding_add(to,
                fault == DNS_LIST_FAILED ? FINDING_INTEL_UNAVAILABLE : FINDING_INTEL_ZONE_BLOCKED,
                NOWHERE, STR_FMT ": " STR_FMT, STR_ARG(l->name),
                STR_ARG(dns_list_fault_text(r->arena, l, fault, at)));
}

/* True: what this list knows is missing, in whole or in part. */
static bool tell_list(const struct dns_list_run *r, size_t i, struct finding_list *to)
{
    const struct dns_list_seen *s = &r->seen[i];
    const char *missing = r->lists->items[i].missing;
    if (!s->wanted)
        return false;
    if (missing != NULL)
        finding_add(to, FINDING_INTEL_UNAVAILABLE, NOWHERE, STR_FMT ": %s",
                    STR_ARG(list_at(r, i)->name), missing);
    else if (!s->is_asked)
        tell_fault(r, i, s->before.fault, &s->before.at, to);
    else if (s->fault != DNS_LIST_FINE)
        tell_fault(r, i, s->fault, &s->at, to);
    else if (s->failed > 0)
        finding_add(to, FINDING_INTEL_UNAVAILABLE, NOWHERE,
                    STR_FMT ": %zu of %zu questions were not answered: %s",
                    STR_ARG(list_at(r, i)->name), s->failed, s->asked, dns_status_name(s->failure));
    else
        return false;
    return true;
}

static void tell(const struct dns_list_run *r, const struct hit *hits, size_t n,
                 struct finding_list *to, struct dns_list_result *out)
{
    for (size_t i = 0; i < n; i++) {
        out->listings[out->n++] = hits[i].x;
        tell_hit(r, &hits[i].x, to);
    }
    for (size_t i = 0; i < r->lists->n; i++) {
        out->asked += r->seen[i].asked - r->seen[i].failed;
        out->missing |= tell_list(r, i, to);
    }
    if (r->hosts_cut > 0)
        finding_add(to, FINDING_INTEL_UNAVAILABLE, NOWHERE,
                    "DNS lists: only the first %d names were asked, %zu were not",
                    DNS_LIST_MAX_HOSTS, r->hosts_cut);
    if (r->cut > 0)
        finding_add(to, FINDING_INTEL_UNAVAILABLE, NOWHERE,
                    "DNS lists: %zu questions were above the limits of a mail", r->cut);
    out->missing |= r->cut > 0 || r->hosts_cut > 0;
}

int dns_list_check(struct arena *arena, struct dns_view *view, const struct dns_lists *lists,
                   struct dns_list_health *health, const struct dns_list_facts *facts,
                   int64_t now_s, struct finding_list *findings, struct dns_list_result *out,
                   struct mp_err *err)
{
    struct dns_list_run r = {.arena = arena,
                             .view = view,
                             .lists = lists,
                             .facts = facts,
                             .room = DNS_LIST_MAX_QUESTIONS};
    struct dns_list_result result = {0};
    struct hit *hits = NULL;
    size_t n = 0;
    int st = dns_list_plan(&r, health, now_s, err);
    if (st == MP_OK)
        st = ask_all(&r, err);
    if (st != MP_OK)
        return st;
    judge(&r);
    st = list_all(&r, &hits, &n, err);
    if (st == MP_OK)
        st = ask_reasons(&r, hits, n, err);
    if (st != MP_OK)
        return st;
    result.listings = arena_new(arena, struct dns_listing, n + 1);
    if (result.listings == NULL)
        return dns_list_no_memory(err);
    remember(&r, health, now_s);
    tell(&r, hits, n, findings, &result);
    *out = result;
    return MP_OK;
}
