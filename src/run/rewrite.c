/* Border rewriting: copy what stays, add our Authentication-Results in front. */
#include "run/rewrite.h"

int rewrite_message(struct job *job, struct buf *out, struct mp_err *err)
{
    const struct header **forged = NULL;
    size_t n = 0;
    struct str raw = job->message.raw;
    if (message_has(&job->message, ANOMALY_TOO_MANY_FIELDS) ||
        message_has(&job->message, ANOMALY_HEAD_TOO_LONG))
        return mp_fail(err, MP_E_LIMIT, 0, "not written: the message has more header than is read");
    int st =
        authres_forged(&job->arena, &job->message, job->config->auth.authserv_id, &forged, &n, err);
    if (st != MP_OK)
        return st;
    if (job->authentication_results.n == 0)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for Authentication-Results");
    buf_addz(out, "Authentication-Results: ");
    buf_add(out, job->authentication_results);
    buf_addz(out, "\r\n");
    for (size_t i = 0; i < job->message.n_headers; i++) {
        const struct header *h = &job->message.headers[i];
        if (n > 0 && forged[n - 1] == h)
            n--; /* they are listed from the bottom up */
        else
            buf_add(out, h->raw);
    }
    size_t head_end =
        job->message.head.n == 0 ? 0 : (size_t)(job->message.head.p - raw.p) + job->message.head.n;
    buf_add(out, str_slice(raw, head_end, raw.n));
    return out->failed ? mp_fail(err, MP_E_NOMEM, 0, "no memory to write the message") : MP_OK;
}
