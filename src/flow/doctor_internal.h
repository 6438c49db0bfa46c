/* What the files of the doctor share. */
#ifndef MP_FLOW_DOCTOR_INTERNAL_H
#define MP_FLOW_DOCTOR_INTERNAL_H

#include "flow/doctor.h"
#include "report/metric_list.h"

enum { DOCTOR_PEER_METRICS = 3 };

int64_t doctor_deadline_us(const struct doctor *d); /* of a peer that is asked now */

/* The i-th address of clamd: does it answer, how old is what it knows, how busy is it, and what
 * becomes of files beyond its limits. */
void doctor_clamd(struct doctor *d, size_t i, struct metric_list *metrics);
/* Start a worker; what holds it. */
void doctor_sandbox(struct doctor *d);
void doctor_judge_worker(struct check_list *l, const struct sandbox_facts *f, int64_t elapsed_us);

#endif
