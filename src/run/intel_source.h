/* Who is asked what he knows of a message: the local store, DNS lists, services. */
#ifndef MP_RUN_INTEL_SOURCE_H
#define MP_RUN_INTEL_SOURCE_H

#include "engine/job.h"
#include "feeds/vault.h"
#include "services/ask.h"

enum { INTEL_SOURCE_MAX_OWN = 100 }; /* domains of ours, never asked about */

/* All borrowed. */
struct intel_source_options {
    const struct intel_config *config;
    const char *store_dir; /* NULL: no store */
    bool store_optional;   /* one that cannot be used counts as missing, and is told */
    intel_secret_fn *secret;
    void *secret_ctx;
    bool require;   /* what cannot be asked makes a message undecided */
    bool send_urls; /* whole links may leave the machine */
    const struct str *own_domains;
    size_t n_own_domains;
};

/* Opened once for a run, shared by its threads; what it points to outlives it. */
struct intel_source {
    struct intel_settings settings;
    struct vault *vault;
    struct vault_hold *hold; /* the snapshot in use; NULL: there is none */
    struct dns_lists lists;
    struct dns_list_health *health;
    struct service_cache *cache;
    struct services *services; /* NULL: none is enabled */
    struct vault_fault faults[VAULT_MAX_FAULTS];
    size_t n_faults; /* newer snapshots that are damaged */
};

/* `arena` outlives *out. Nothing is asked. MP_OK; MP_E_IO: the store cannot be used; MP_E_SYNTAX of
 * the configuration; MP_E_NOMEM. Where answers of services cannot be kept they are forgotten with
 * the run. intel_source_clear in any case. */
int intel_source_open(struct arena *arena, const struct intel_source_options *o,
                      struct intel_source *out, struct mp_err *err);
void intel_source_clear(struct intel_source *s); /* accepts one that was zeroed */

/* Is there anything that could be asked? */
bool intel_source_is_any(const struct intel_source *s);

/* Ask the services what the job wants to know, all at once; every question is answered afterwards.
 * MP_OK or MP_E_NOMEM. Threads: any number, each with its own job. */
int intel_source_answer(const struct intel_source *s, struct job *job, int64_t deadline_us,
                        struct mp_err *err);

#endif
