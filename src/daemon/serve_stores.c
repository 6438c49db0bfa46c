/* From `history:` and `reports:` of the configuration to their stores. */
#include "daemon/serve_stores.h"

/* Counts, runs and audits are small: they outlive the mails. */
enum { KEEP_FACTOR = 12, DAY_S = 86400 };

int serve_history_open(struct role *r, struct history **out, struct mp_err *err)
{
    const struct serve_history *h = &r->config->history;
    bool whole = !h->hash_addresses && !h->omit_subjects; /* documents and messages hold both */
    struct str dir = arena_copy(&r->arena, h->dir);
    const struct history_config config = {.dir = dir.p,
                                          .keep_days = h->keep_days,
                                          .keep_counts_days = h->keep_days * KEEP_FACTOR,
                                          .keep_runs_days = h->keep_days * KEEP_FACTOR,
                                          .max_bytes = h->max_bytes,
                                          .keep_reports =
                                              h->keep_reports && whole ? h->keep_days : 0,
                                          .keep_messages =
                                              h->keep_messages && whole ? h->keep_days : 0,
                                          .no_subjects = h->omit_subjects,
                                          .hash_addresses = h->hash_addresses};
    if (!h->enabled)
        return MP_OK;
    return dir.p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for the history")
                         : history_open(&config, out, err);
}

int serve_reports_open(struct role *r, struct feedback_store **out, struct mp_err *err)
{
    const struct serve_reports *s = &r->config->reports;
    struct str dir = arena_copy(&r->arena, s->dir);
    const struct feedback_store_config config = {.dir = dir.p,
                                                 .keep_s = (int64_t)s->keep_days * DAY_S};
    if (!s->enabled)
        return MP_OK;
    return dir.p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for reports")
                         : feedback_store_open(&config, out, err);
}
