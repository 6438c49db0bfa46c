/* Messages of a POP3 server (RFC 1939): each look is a session of its own, for that is when a
 * server shows new mail; a message is known by its UIDL. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "arrival/mailbox_internal.h"
#include "arrival/transfer.h"

enum { UIDL_MAX_BYTES = 8 << 20, FULL_URL_MAX_BYTES = 4096 };

struct pop3 {
    struct transfer transfer;
    struct str base; /* "pop3s://host:port/" */
};

static int pop3_open(struct mailbox_reader *m, struct mp_err *err)
{
    struct pop3 *x = calloc(1, sizeof *x);
    struct str url = m->config.url;
    m->state = x;
    if (x == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a mailbox");
    size_t host = str_search(url, STR("://")) + 3;
    struct str rest = str_slice(url, host, url.n);
    if (m->config.user.n == 0 || str_has(rest, '@') || str_has(rest, '?') || str_has(rest, ';'))
        return mp_fail(err, MP_E_USAGE, 0,
                       "a POP3 mailbox is pop3://HOST[:PORT] and a user, given as an option");
    x->base = arena_fmt(&m->arena, "%.*s/", STR_ARG(str_slice(url, 0, host + str_find(rest, '/'))));
    return x->base.p != NULL ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "no memory for a mailbox");
}

static int begin(struct mailbox_reader *m, struct mp_err *err)
{
    struct pop3 *x = m->state;
    int st = transfer_init(&x->transfer, &m->config, "pop3,pop3s", err);
    if (st != MP_OK)
        return st;
    curl_easy_setopt(x->transfer.curl, CURLOPT_USERNAME, m->config.user.p);
    curl_easy_setopt(x->transfer.curl, CURLOPT_PASSWORD, m->config.password.p);
    return MP_OK;
}

static int on_message(struct pop3 *x, unsigned number, const char *verb, bool quiet,
                      int64_t deadline_us, struct mp_err *err)
{
    char url[FULL_URL_MAX_BYTES];
    int n = snprintf(url, sizeof url, "%.*s%u", STR_ARG(x->base), number);
    if (n < 0 || (size_t)n >= sizeof url)
        return mp_fail(err, MP_E_USAGE, 0, "POP3: the URL is too long");
    return transfer_run(&x->transfer, str_make(url, (size_t)n), verb, quiet,
                        ARRIVAL_MAX_MESSAGE_BYTES, deadline_us, "POP3", err);
}

static int list(struct mailbox_reader *m, struct buf *lines, int64_t deadline_us,
                struct mp_err *err)
{
    struct pop3 *x = m->state;
    int st = transfer_run(&x->transfer, x->base, "UIDL", false, UIDL_MAX_BYTES, deadline_us, "POP3",
                          err);
    if (st == MP_OK)
        buf_add(lines, buf_str(&x->transfer.body));
    if (st == MP_OK && lines->failed)
        st = mp_fail(err, MP_E_NOMEM, 0, "POP3: no memory for the list of messages");
    return st;
}

static int pop3_find(struct mailbox_reader *m, const struct mailbox_match *match,
                     struct mailbox_hits *hits, int64_t deadline_us, struct mp_err *err)
{
    struct pop3 *x = m->state;
    struct buf lines;
    (void)match;
    buf_init(&lines, UIDL_MAX_BYTES);
    int st = begin(m, err);
    st = st == MP_OK ? list(m, &lines, deadline_us, err) : st;
    struct str rest = buf_str(&lines), id;
    unsigned number;
    while (st == MP_OK && pop3_uidl_next(&rest, &number, &id)) {
        if (seen_has(&m->seen, STR("INBOX"), id))
            continue;
        st = on_message(x, number, NULL, false, deadline_us, err);
        if (st != MP_OK)
            break;
        struct mailbox_hit hit = {
            .folder = STR("INBOX"), .id = id, .raw = buf_str(&x->transfer.body), .arrived_ms = 0};
        st = mailbox_offer(m, hits, &hit, err);
    }
    transfer_clear(&x->transfer);
    buf_clear(&lines);
    return st;
}

static int pop3_remove(struct mailbox_reader *m, const struct mailbox_hit *hit, int64_t deadline_us,
                       struct mp_err *err)
{
    struct pop3 *x = m->state;
    struct buf lines;
    buf_init(&lines, UIDL_MAX_BYTES);
    int st = begin(m, err);
    st = st == MP_OK ? list(m, &lines, deadline_us, err) : st;
    struct str rest = buf_str(&lines), id;
    unsigned number;
    while (st == MP_OK && pop3_uidl_next(&rest, &number, &id)) {
        if (!str_eq(id, hit->id))
            continue;
        st = on_message(x, number, "DELE", true, deadline_us, err);
        break;
    }
    transfer_clear(&x->transfer); /* QUIT: only then a server deletes */
    buf_clear(&lines);
    return st;
}

static int pop3_wait(struct mailbox_reader *m, int64_t deadline_us, struct mp_err *err)
{
    (void)m;
    (void)err;
    mailbox_pause(deadline_us);
    return MP_OK;
}

static void pop3_close(struct mailbox_reader *m)
{
    struct pop3 *x = m->state;
    if (x != NULL)
        transfer_clear(&x->transfer);
    free(x);
}

const struct mailbox_kind mailbox_pop3 = {pop3_open, pop3_find, pop3_remove, pop3_wait, pop3_close};
