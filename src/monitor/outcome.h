/* What a run wrote, read as if strangers had written it. */
#ifndef MP_MONITOR_OUTCOME_H
#define MP_MONITOR_OUTCOME_H

#include "monitor/monitor.h"

struct outcome {
    struct monitor_case *cases; /* sorted by name, each once; skipped ones are left out */
    size_t n, skipped;
    struct str grade, findings;
};

/* JSON, one document a line: mailproof/run/1 or mailproof/audit/1. A last line without its end is
 * left out: whoever was killed wrote half of it. Owns: all in `arena`. MP_OK; MP_E_SYNTAX "line N:
 * ..."; MP_E_LIMIT: more than MONITOR_MAX_CASES; MP_E_NOMEM. *out has what was before it. */
int outcome_read(struct arena *arena, enum monitor_kind kind, struct str text, struct outcome *out,
                 struct mp_err *err);

#endif
