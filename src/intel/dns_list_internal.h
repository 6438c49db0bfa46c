/* One mail before the DNS lists: what dns_list_plan.c plans and dns_list.c asks and judges. */
#ifndef MP_INTEL_DNS_LIST_INTERNAL_H
#define MP_INTEL_DNS_LIST_INTERNAL_H

#include "intel/dns_list.h"

struct dns_list_question {
    size_t list; /* place in struct dns_lists */
    enum dns_list_asks as;
    struct str asked, name; /* as it is shown; in the zone */
    struct finding_where where;
    const struct dns_answer *answer; /* NULL: the view had no room for it */
    struct dns_list_answer said;
};

/* One list, as this mail sees it. */
struct dns_list_seen {
    struct dns_list_status before;
    bool wanted, is_asked;     /* the mail has something for it; and it may be asked */
    struct str must, must_not; /* names of its test, empty: there is none */
    enum dns_list_asks test_as;
    const struct dns_answer *must_answer, *must_not_answer;
    enum dns_list_fault fault;
    struct ip at;
    bool is_tested, is_lasting; /* the test was done; what is wrong is not about one name */
    size_t asked, failed;
    enum dns_status failure;
};

struct dns_list_run {
    struct arena *arena;
    struct dns_view *view;
    const struct dns_lists *lists;
    const struct dns_list_facts *facts;
    struct dns_list_seen *seen;
    struct dns_list_question *questions;
    size_t n, room; /* questions; how many more may be asked of the view */
    size_t cut;     /* questions above a limit */
    size_t hosts_cut;
};

static inline const struct dns_list *list_at(const struct dns_list_run *r, size_t i)
{
    return r->lists->items[i].list;
}

static inline int dns_list_no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "no memory for the questions to DNS lists");
}

/* Fill r->seen and r->questions, which the rest of *r is set for. MP_OK, MP_E_NOMEM. */
int dns_list_plan(struct dns_list_run *r, struct dns_list_health *health, int64_t now_s,
                  struct mp_err *err);

#endif
