/* What the files of the scripts share. */
#ifndef MP_SINK_SCRIPT_INTERNAL_H
#define MP_SINK_SCRIPT_INTERNAL_H

#include "sink/script.h"

struct script_rule {
    bool any_stage; /* accept without a stage */
    enum script_stage stage;
    struct str from, to, client, helo; /* patterns; p NULL: any */
    uint64_t times, attempt;           /* 0: always */
    uint64_t used;
    bool accept;
    unsigned greylist_ms;
    struct script_action action;
};

/* One triplet that was told to come later. */
struct script_grey {
    uint64_t key[2];
    int64_t since_ms;
};

struct script {
    struct arena arena; /* of the texts */
    struct script_rule *rules;
    size_t n;
    struct script_grey *grey; /* a ring; made at the first greylisting */
    size_t n_grey, next_grey;
};

/* "451 4.7.1 later" into code and the text behind it. False: *why is static text. */
bool script_reply_read(struct str text, enum script_stage stage, struct script_action *out,
                       const char **why);

#endif
