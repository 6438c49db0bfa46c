/* Scripted behaviour of the capture server: which answer at which stage, how often, how slowly. */
#ifndef MP_SINK_SCRIPT_H
#define MP_SINK_SCRIPT_H

#include "base/arena.h"
#include "base/err.h"

enum { SCRIPT_MAX_RULES = 100, SCRIPT_MAX_BYTES = 64 * 1024, SCRIPT_MAX_DELAY_MS = 600000 };

/* Stages before RCPT obey the common script only: until then no inbox is known. */
enum script_stage {
    SCRIPT_CONNECT,
    SCRIPT_EHLO,
    SCRIPT_STARTTLS,
    SCRIPT_AUTH,
    SCRIPT_MAIL,
    SCRIPT_RCPT,
    SCRIPT_DATA, /* the reply to DATA, or to the first BDAT */
    SCRIPT_END,  /* the reply behind the final dot */
    SCRIPT_QUIT,
    SCRIPT_STAGE_COUNT
};
const char *script_stage_name(enum script_stage s);

/* One rule. JSON, and YAML in suites (docs/sink.md):
 *   {"at":"rcpt","to":"*@x.test","from":"...","reply":"451 4.7.1 later","times":1}
 *   {"rcpt":"451 4.7.1 later","times":1}     the stage as key is short for at + reply
 *   {"at":"end","drop":true,"attempt":2}     {"after":"data",...} is {"at":"end",...}
 *   {"at":"ehlo","delay":"3s"}  {"at":"data","throttle":1000}  {"at":"rcpt","greylist":"5s"}
 *   {"at":"end","reply":"250 2.0.0 Ok","cut":7}   only the first bytes of the reply, then closed
 *   {"accept":true}                           ends the list: what stands below does not apply
 * The first rule whose stage, patterns, `times` and `attempt` fit decides. */
struct script;
/* MP_E_SYNTAX: "rule 2: unknown key 'tims', did you mean 'times'?". */
int script_parse(struct str json, struct script **out, struct mp_err *err);
void script_free(struct script *s); /* accepts NULL */

struct script_event {
    enum script_stage stage;
    struct str from, rcpt; /* as far as known; rcpt: the one at hand, or the first */
    struct str client;     /* address as text */
    struct str helo;
    unsigned attempt; /* of this sender, recipient and client, from 1 */
    int64_t now_ms;
};
/* What to do. All zero: as usual. */
struct script_action {
    unsigned reply_code;   /* 0: the usual reply */
    struct str reply_text; /* lives as long as the script */
    unsigned delay_ms;
    bool drop;                 /* close without a reply */
    unsigned throttle_bytes_s; /* reading of DATA; 0: none */
    bool cut;                  /* send only cut_bytes of the reply, then close */
    size_t cut_bytes;
};
/* Counts `times` and greylisting inside the script: one thread at a time. */
void script_decide(struct script *s, const struct script_event *e, struct script_action *out);

/* Local parts that need no script: `x+451@`, `x+550-5.7.1@`, `rcptto-timeout@`, `data-drop@`,
 * `mailfrom-451@`: <stage>-<what> or +<code>. False: an ordinary one. */
bool script_magic(struct str address, enum script_stage stage, struct script_action *out);

#endif
