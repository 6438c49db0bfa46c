/* Rules about the message as a whole: url.*, qr.*, sender.*, social.*, phish.combo. */
#ifndef MP_PHISH_PHISH_H
#define MP_PHISH_PHISH_H

#include "auth/author.h"
#include "content/content.h"
#include "content/lists.h"
#include "message/message.h"
#include "phish/names.h"

/* All that is known when authentication and content are done. Borrowed, read-only. */
struct phish_input {
    const struct message *message;
    const struct author *author;
    const struct content_report *found; /* objects, links, texts */
    const struct content_lists *lists;
    const struct phish_names *names; /* phish/names.h, of `lists`; NULL: made for this message */
    struct str mail_from;            /* empty: none or not known */
    const struct str *rcpt_to;
    size_t n_rcpt_to;
    bool auth_checked; /* false: it was not asked for, so that nothing follows from it */
    bool dmarc_pass, dmarc_fail;
};

/* Raise what all of it together says into `findings`, which already holds what the other stages
 * found (phish.combo looks at them). Everything lives in `arena`. Linear in links and texts.
 * MP_OK or MP_E_NOMEM. Threads: any, each with its own arena. */
int phish_check(struct arena *arena, const struct phish_input *in, struct finding_list *findings,
                struct mp_err *err);

#endif
