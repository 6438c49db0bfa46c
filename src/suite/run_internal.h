/* Between run.c and run_case.c. */
#ifndef MP_SUITE_RUN_INTERNAL_H
#define MP_SUITE_RUN_INTERNAL_H

#include <stdatomic.h>

#include "suite/runner_internal.h"

/* All attempts of a case; the result is that of the last one. */
void case_run(struct runner *r, struct running_sinks *sinks, const struct suite_world *world,
              const struct suite_run_options *options, struct suite_result *x);
/* Forget all that was found, for another attempt. */
void result_begin(struct suite_result *x);
/* Those of the case itself; once it is known what came of it. */
void result_metrics(struct suite_result *x);
bool result_is_skipped(const struct suite_result *r);
bool result_is_passed(const struct suite_result *r);
void runner_progress(struct runner *r, const struct suite_result *x, const char *text);

#endif
