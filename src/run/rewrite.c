/* Border rewriting: copy what stays, add our Authentication-Results in front. */
#include "run/rewrite.h"

int rewrite_message(struct job *job, struct buf *out, struct mp_err *err)
{
    const struct header **forged = NULL;
    size_t n = 0;
    struct str raw = job->message.raw;
    int st =
        authres_forged(&job->arena, &job->message, job->config->auth.authserv_id, &forged, &n, err);
    if (st != MP_OK)
        return st;
    buf_addz(out, "Authentication-Results: ");
    buf_add(out, job->authentication_results);
    buf_addz(out, "\r\n");
    size_t from = 0;
    while (n > 0) { /* they are listed from the bottom up */
        const struct header *gone = forged[--n];
        buf_add(out, str_slice(raw, from, gone->offset));
        from = gone->offset + gone->raw.n;
    }
    buf_add(out, str_slice(raw, from, raw.n));
    return out->failed ? mp_fail(err, MP_E_NOMEM, 0, "no memory to write the message") : MP_OK;
}
