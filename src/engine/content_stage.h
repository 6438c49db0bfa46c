/* What a message carries, as a stage: read in every view, then asked of scanners like DNS names. */
#ifndef MP_ENGINE_CONTENT_STAGE_H
#define MP_ENGINE_CONTENT_STAGE_H

#include "content/content.h"
#include "message/mime.h"
#include "phish/names.h"

/* What is wanted. Read-only while jobs run; everything in it outlives them. */
struct content_settings {
    const struct content_lists *lists;
    const struct phish_names *names; /* of `lists`; NULL: made for each message */
    struct content_limits limits;
    bool open_all; /* every payload goes to a worker, not only containers: rules of YARA */
    bool clamd;    /* somebody answers SCAN_BY_CLAMD */
};

enum scan_by {
    SCAN_BY_WORKER, /* open one object: objects[0] */
    SCAN_BY_CLAMD   /* the message as it came, and all objects */
};

/* A question. The driver answers with a report: what was found, members if there were any, and
 * whether all was seen. A scanner that fails answers too, with its finding. */
struct scan_ask {
    enum scan_by by;
    const struct content_object *objects;
    size_t n_objects;
    int32_t index; /* of objects[0] among those found */
    bool answered;
    struct content_report report; /* in the job's arena; objects[0] is what a worker opened */
};

struct content_stage {
    struct mime_union payloads;
    /* The payloads; then, as answers come, their members, and what mails among them carry. */
    struct content_report found;
    struct content_budget budget; /* of the message, over all that is opened */
    struct str passwords[CONTENT_MAX_PASSWORDS];
    size_t n_passwords;
    bool has_passwords; /* were looked for, when the first object went to a worker */
    struct scan_ask *asks;
    size_t n_asks, n_merged, n_looked; /* n_looked: objects that were opened or asked for */
    bool read, clamd_asked;
};

struct job;

/* MP_OK: all is in job->content and job->findings. MP_WAIT: answer the open asks and call again.
 * MP_E_NOMEM. What is costly is done once, and findings are handed over at the end. */
int content_stage_run(struct job *job, struct mp_err *err);

#endif
