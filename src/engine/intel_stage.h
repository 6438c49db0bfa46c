/* What others know about what is in a message, as two stages: first the store, which costs nothing,
 * and DNS lists, which are asked like any other name; last services, where that can change the
 * verdict. */
#ifndef MP_ENGINE_INTEL_STAGE_H
#define MP_ENGINE_INTEL_STAGE_H

#include "intel/dns_list.h"
#include "intel/match.h"
#include "intel/service_word.h"

/* Of one message: what services are asked about. */
enum { SERVICE_MAX_FILES = 5, SERVICE_MAX_LINKS = 5 };

/* What is wanted. Read-only while jobs run; everything in it outlives them. */
struct intel_settings {
    bool has_store;                    /* somebody keeps one: a job without a snapshot lacks it */
    struct str store_fault;            /* it, or a newer one, cannot be used: why; empty: it can */
    bool require;                      /* what cannot be asked makes the message undecided */
    const struct dns_lists *dns_lists; /* NULL: none */
    struct dns_list_health *health;    /* of them, shared; may be NULL */
    unsigned services;                 /* bits 1 << enum intel_service: somebody answers for them */
};

/* A question to a service. The driver fills `word`. */
struct intel_ask {
    struct service_question question; /* about `what` */
    struct indicator what;
    struct finding_where where;
    bool is_grave; /* the message is grave already */
    bool answered;
    struct service_word word;
};

struct intel_stage {
    const struct snapshot *snapshot; /* set by the driver before the first run; NULL: none */
    struct intel_item *items;
    size_t n_items, cap_items;
    struct intel_hits hits;
    struct finding_list findings; /* of the store, until the stage is done */
    struct dns_list_facts listed; /* what DNS lists are asked about */
    struct dns_list_result lists;
    bool read, missing; /* missing: some source could not be asked */
    struct intel_ask *asks;
    size_t n_asks, cap_asks;
    size_t files_cut, links_cut; /* above the limits of a mail: no service was asked about them */
    bool services_noted;
};

struct job;

/* MP_OK: all is in job->intel and job->findings. MP_WAIT: fill job->dns, answer the open asks, and
 * call again. MP_E_NOMEM. What is costly is done once. */
int intel_stage_run(struct job *job, struct mp_err *err);
int service_stage_run(struct job *job, struct mp_err *err);

#endif
