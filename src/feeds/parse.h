/* The bytes of a feed into indicators, in a worker: whoever sends us a feed gets nothing but a
 * process that can compute. */
#ifndef MP_FEEDS_PARSE_H
#define MP_FEEDS_PARSE_H

#include "intel/feed.h"
#include "sandbox/sandbox.h"

/* For feeds of 200 MB with five million entries. */
enum {
    FEED_WORKER_WALL_MS = 180 * 1000,
    FEED_WORKER_CPU_S = 150,
    FEED_WORKER_MEMORY_MB = 2560,
    FEED_MAX_PACKED_BYTES = 640 * 1024 * 1024 /* entries of one file as a worker writes them */
};

/* ---- the worker ---- */

/* The whole of the worker's program: see sandbox/worker.h. Returns an exit code. */
int feed_worker_main(void);

/* ---- the parent ---- */

/* Limits fit for feeds; `argv` starts a program that calls feed_worker_main. */
struct sandbox_config feed_sandbox_config(char *const *argv);

enum feed_verdict {
    FEED_PARSED,
    FEED_BROKEN,    /* it is not of the format, or packed and damaged */
    FEED_TOO_LARGE, /* more bytes or entries than are taken, or memory is short for them */
    FEED_LOST,      /* its worker crashed, was too slow, or answered nonsense */
    FEED_NO_WORKER  /* none could be had: nothing is known of it */
};

struct feed_parsed {
    enum feed_verdict verdict;
    struct str reason; /* printable; empty when FEED_PARSED */
    struct feed_page page;
    struct str packed; /* all entries, by indicator_pack, each read once already */
};

/* Have `bytes` (packed or not) read as `feed` says. All of *out lives in `arena`, which needs a
 * budget for the entries. MP_OK also when the verdict is bad; MP_E_NOMEM, MP_E_CRYPTO; MP_E_LIMIT:
 * the definition is longer than a request takes. Threads: any number with one sandbox. */
int feed_parse(struct arena *arena, struct sandbox *sb, const struct feed *feed, struct str bytes,
               int64_t now_s, int64_t deadline_us, struct feed_parsed *out, struct mp_err *err);

#endif
