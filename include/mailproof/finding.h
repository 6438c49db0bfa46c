/* Findings: what was seen, how grave it is, what to do about it. */
#ifndef MAILPROOF_FINDING_H
#define MAILPROOF_FINDING_H

#include <mailproof/mailproof.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mp_severity { MP_INFO, MP_LOW, MP_MEDIUM, MP_HIGH, MP_CRITICAL };

/* Texts belong to the result the finding came from; id, title, remedy and reference are static. */
struct mp_finding {
    const char *id; /* "auth.dmarc.fail": stable over versions */
    enum mp_severity severity;
    const char *title, *remedy, *reference;
    struct mp_text evidence; /* printable UTF-8 */
    struct mp_text header;   /* field name, or absent */
    int64_t offset;          /* in the message, or -1 */
};

#ifdef __cplusplus
}
#endif

#endif
