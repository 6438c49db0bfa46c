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

/* Findings av.*, one an object; of those that nobody answered for, one for all. Results that are
 * AV_CLEAN give none. Evidence has the name and the SHA-256.
 * Returns: was every object scanned whole? If not the verdict of the message is not complete. */
bool av_findings(struct finding_list *list, const struct av_result *results, size_t n);

#endif
