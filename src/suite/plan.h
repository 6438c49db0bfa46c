/* From tests to cases. Of room suite only. */
#ifndef MP_SUITE_PLAN_H
#define MP_SUITE_PLAN_H

#include "suite/suite_internal.h"

/* Every test of the list, as cases: recipes into d->source, cases into d->suite. */
void plan_tests(struct decoder *d, const struct node *tests);

/* One case, with the tag of the recipe's scope. False: a problem was told. */
bool case_make(struct decoder *d, const struct recipe *r, struct suite_case *out);

/* May mail be sent there, as far as that is known before DNS is asked? False: a problem was told.
 */
bool plan_allows_host(struct decoder *d, const struct suite_place *at, const struct suite_host *h);
bool plan_allows_rcpt(struct decoder *d, const struct suite_place *at, struct str address);

#endif
