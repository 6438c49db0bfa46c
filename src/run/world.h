/* Worlds: one text file that holds a message, its envelope, the clock, all DNS answers and what is
 * expected, so that every bug report is a test. Format: docs/worlds.md. */
#ifndef MP_RUN_WORLD_H
#define MP_RUN_WORLD_H

#include "dns/zone.h"
#include "engine/job.h"

/* Sealers and recipients: as many as the command line takes, so that what is recorded reads back.
 */
enum { WORLD_MAX_EXPECTS = 256, WORLD_MAX_SEALERS = 1064, WORLD_MAX_RCPTS = 1000 };

struct world_expect {
    struct str what, value; /* "dmarc", "fail"; "finding", "auth.dmarc.fail" */
};

struct world {
    struct dns_zone *zone;
    struct str message; /* views into the world's text */
    struct envelope envelope;
    bool has_time;
    int64_t time_s;
    struct str authserv_id, receiver;
    enum dmarc_discovery discovery;
    struct str sealers[WORLD_MAX_SEALERS];
    size_t n_sealers;
    struct world_expect expects[WORLD_MAX_EXPECTS];
    size_t n_expects;
    struct str rcpts[WORLD_MAX_RCPTS];
};

bool world_sniff(struct str head);

/* Texts are borrowed from `text` or copied into `arena`. MP_E_SYNTAX: "file:line: reason". */
int world_parse(struct arena *arena, struct str text, const char *file, struct world **out,
                struct mp_err *err);
void world_free(struct world *w); /* the zone; the rest lives in the arena; accepts NULL */

/* The world's settings over those of `base`. The world must outlive it. */
struct auth_config world_config(const struct world *w, const struct auth_config *base);

/* The first expectation that does not hold, as text in the arena; the empty view when all hold. */
struct str world_mismatch(struct arena *arena, const struct world *w, const struct job *job);

/* Everything needed to replay a finished job, with its results as expectations. */
void world_write(struct buf *out, const struct job *job);

#endif
