/* Scripted behaviour of the capture server: which answer at which stage, how often, how slowly. */
#ifndef MP_SINK_SCRIPT_H
#define MP_SINK_SCRIPT_H

#include "base/arena.h"
#include "base/err.h"

enum {
    SCRIPT_MAX_RULES = 100,
    SCRIPT_MAX_BYTES = 64 * 1024,
    SCRIPT_MAX_DELAY_MS = 600000,
    SCRIPT_MAX_REPLY = 400,       /* octets of a reply */
    SCRIPT_MAX_GREYLISTED = 4096, /* triplets that one script remembers; the oldest go first */
    SCRIPT_SLOW_DELAY_MS = 5000,  /* what "slow" of a magic local part means */
    SCRIPT_SLOW_BYTES_S = 1000
};

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
 * The first rule whose stage, patterns (from, to, client, helo: "*" stands for anything, no case),
 * `times` and `attempt` fit decides. Delay, throttle, reply, drop and cut may stand together. */
struct script;
/* MP_E_SYNTAX: "rule 2: unknown key 'tims', did you mean 'times'?". */
int script_parse(struct str json, struct script **out, struct mp_err *err);
void script_done(struct script *s); /* frees; accepts NULL */

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
/* Counts `times` and greylisting inside the script: one thread at a time. True: a rule decided,
 * also one that says `accept`; false: *out is all zero. */
bool script_decide(struct script *s, const struct script_event *e, struct script_action *out);

/* Local parts that need no script (docs/sink.md): the part behind the last "+", or all of it, is
 *   <code>[-<enhanced>]             the reply to RCPT: x+451@, x+550-5.7.1@ (only behind "+")
 *   <stage>-<what>                  stage mailfrom (then it is the sender's), rcptto, data, end
 *   what: <code>[-<enhanced>], timeout (no reply, closed at last), drop, slow
 * At other stages, and for others: false, an ordinary one. Texts in *out are static or `room`'s. */
enum { SCRIPT_MAGIC_ROOM = 80 };
bool script_magic(struct str address, enum script_stage stage, char room[SCRIPT_MAGIC_ROOM],
                  struct script_action *out);

#endif
