/* Does a worker start, and what holds it. */
#include <stdio.h>

#include "base/clock.h"
#include "flow/doctor_internal.h"

void doctor_judge_worker(struct check_list *l, const struct sandbox_facts *f, int64_t elapsed_us)
{
    check_begin(l, STR("sandbox"), "worker");
    if (!f->strict)
        check_add(l, FINDING_ENGINE_SANDBOX_WEAK,
                  "forbidden system calls fail, they do not kill: a build with sanitizers");
    if (f->landlock_abi <= 0)
        check_add_as(l, SEV_INFO, FINDING_ENGINE_SANDBOX_WEAK,
                     "the kernel has no Landlock: seccomp alone keeps the worker from files");
    char landlock[32] = "no Landlock";
    if (f->landlock_abi > 0)
        snprintf(landlock, sizeof landlock, "Landlock %d", (int)f->landlock_abi);
    check_end(l, elapsed_us, "seccomp, %s%s%s%s", landlock,
              f->no_network ? ", a network of its own" : "", f->other_user ? ", as nobody" : "",
              f->memory_limited ? ", memory limited" : "");
}

void doctor_sandbox(struct doctor *d)
{
    struct sandbox_facts facts;
    struct mp_err err = {0};
    int64_t begun_us = clock_mono_us();
    if (d->options->sandbox == NULL) {
        check_skip(&d->checks, STR("sandbox"), "worker", "no worker to start");
        return;
    }
    int st = sandbox_start(d->options->sandbox, doctor_deadline_us(d), &facts, &err);
    int64_t elapsed_us = clock_mono_us() - begun_us;
    if (st == MP_OK) {
        doctor_judge_worker(&d->checks, &facts, elapsed_us);
        return;
    }
    check_begin(&d->checks, STR("sandbox"), "worker");
    check_add_as(&d->checks, SEV_HIGH, FINDING_ENGINE_UNAVAILABLE, "%s", err.text);
    check_end(&d->checks, elapsed_us, "it does not start");
}
