/* What a virus scanner said of objects, as findings: which of its names are malware, and which only
 * say what it could not look into. */
#ifndef MP_CONTENT_AV_H
#define MP_CONTENT_AV_H

#include "content/content.h"

enum av_verdict {
    AV_CLEAN,
    AV_FOUND,       /* `text` is the name */
    AV_LIMIT,       /* longer than the scanner takes */
    AV_ERROR,       /* it could not scan it; `text` is why */
    AV_UNAVAILABLE, /* nobody answered; `text` is why */
    AV_TIMEOUT      /* the same: too late */
};

struct av_result {
    const struct content_object *object; /* NULL: the whole message */
    enum av_verdict verdict;
    struct str text; /* any bytes */
};

/* What a name means, by clamd's own scheme of names. */
enum av_kind {
    AV_KIND_MALWARE,
    AV_KIND_UNWANTED,  /* PUA.*: not malware, not wanted */
    AV_KIND_HEURISTIC, /* a rule, not a signature */
    AV_KIND_ENCRYPTED, /* it could not look inside */
    AV_KIND_MACROS,    /* there are some; whether they are harmful is not said */
    AV_KIND_LIMIT      /* it stopped looking */
};
/* `severity` of AV_KIND_HEURISTIC is that of the rule. */
enum av_kind av_kind_of(struct str name, enum severity *severity);

/* Findings av.*, one an object; of those that nobody answered for, one for all. Results that are
 * AV_CLEAN give none. Evidence has the name and the SHA-256.
 * Returns: was every object scanned whole? If not the verdict of the message is not complete. */
bool av_findings(struct finding_list *list, const struct av_result *results, size_t n);

#endif
