/* Who takes part: each verifies one message at a time, with what it keeps between messages. */
#ifndef MP_BENCH_CONTEST_H
#define MP_BENCH_CONTEST_H

#include "bench/generate.h"

struct contestant {
    const char *name;
    void *(*open)(const struct bench_set *set); /* one state a thread; NULL: it cannot start */
    /* False: not every signature of the message was found valid. */
    bool (*verify)(void *state, const struct bench_mail *mail);
    void (*close)(void *state);
};

/* One SHA-256 over the message and one verification for each signature, keys and contexts kept. */
extern const struct contestant contest_ideal;
/* The whole authentication: SPF, DKIM, ARC, DMARC, findings, verdict. DNS from memory, warm. */
extern const struct contestant contest_mailproof;
/* libopendkim: DKIM only, keys handed over from memory, the head already split into fields. */
extern const struct contestant contest_opendkim;

/* Print why and exit with 2. */
_Noreturn void bench_fail(const char *what);

#endif
