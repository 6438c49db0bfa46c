/* The forms, for show.c. */
#ifndef MP_FEEDBACK_SHOW_INTERNAL_H
#define MP_FEEDBACK_SHOW_INTERNAL_H

#include "feedback/show.h"

/* All that is shown at once. */
struct feedback_shown {
    const struct feedback_show *how;
    struct arena *arena;
    struct feedback_domain_list domains;
    struct feedback_source_list sources;
    struct feedback_stored_list reports;
    struct feedback_row_list rows;
    struct feedback_day_list days;
    struct feedback_tls_list tls, tls_failures;
    struct feedback_failure_list failures;
};

void feedback_show_text(struct buf *out, const struct feedback_shown *x);
void feedback_show_csv(struct buf *out, const struct feedback_shown *x);
void feedback_show_json(struct buf *out, const struct feedback_shown *x);
void feedback_show_jsonl(struct buf *out, const struct feedback_shown *x);

#endif
