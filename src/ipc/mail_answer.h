/* What a worker answers: the verdict, what the MTA is told, how the message is edited. */
#ifndef MP_IPC_MAIL_ANSWER_H
#define MP_IPC_MAIL_ANSWER_H

#include "ipc/mail_summary.h"

enum {
    ANSWER_MAX_EDITS = 300,
    ANSWER_MAX_EDIT_BYTES = 256 * 1024, /* of one value: an ARC set, a signature */
    ANSWER_MAX_REPORT_BYTES = 64 << 20
};

/* One edit of the header, in the order in which they are made. Values are field bodies without
 * the name, the colon and the space behind it, folded by CRLF and space or tab. */
enum edit_kind {
    EDIT_REMOVE,  /* the occurrence-th field of that name, from 1, counted in the message as it came
                   */
    EDIT_REPLACE, /* its value */
    EDIT_PREPEND  /* a new field on top; the last one prepended is the topmost */
};
struct mail_edit {
    enum edit_kind kind;
    struct str name, value;
    uint32_t occurrence;
};

enum answer_status {
    ANSWER_JUDGED,
    ANSWER_FAILED /* a failure of ours: `reason`; the front answers tempfail */
};

struct mail_answer {
    uint64_t number;
    enum answer_status status;
    struct str reason;          /* for the log; printable */
    enum verdict_action action; /* what the MTA is told */
    uint32_t code;              /* 250; 550, 451 ... when refused */
    struct str enhanced, text;  /* "5.7.1", "rejected by policy: auth.dmarc.fail (id ...)" */
    struct str quarantine;      /* why, for ACTION_QUARANTINE */
    struct mail_edit *edits;
    size_t n_edits;
    struct mail_summary summary;
    struct str report; /* JSON; empty when not wanted */
};

void mail_answer_write(struct buf *out, const struct mail_answer *a);
/* Views into the frame, edits in the arena. MP_OK; MP_E_SYNTAX with what is wrong; MP_E_NOMEM. */
int mail_answer_read(struct arena *a, struct str frame, struct mail_answer *out,
                     struct mp_err *err);

#endif
