/* From a transaction to the store: one delivery for each inbox, and back with the outcome. */
#include <stdlib.h>
#include <unistd.h>

#include "sink/sink_internal.h"

enum {
    TRANSCRIPT_ROOM = SINK_TRANSCRIPT_HEAD_MAX + SINK_TRANSCRIPT_MAX + 4096,
    PROTOCOL_ROOM = 16
};

/* ---- outcomes ---- */

static void finish(struct pending *p)
{
    if (atomic_fetch_sub(&p->left, 1) != 1)
        return;
    struct sink *s = p->sink;
    uint64_t one = 1;
    pthread_mutex_lock(&s->done_lock);
    bool first = s->done == NULL;
    p->next = s->done;
    s->done = p;
    pthread_mutex_unlock(&s->done_lock);
    if (first && write(s->wake_fd, &one, sizeof one) < 0)
        return; /* never: the counter of an eventfd is not full after a wake or two */
}

/* In the store's thread. */
static void on_done(void *ctx, int status, const char *id, int64_t seq)
{
    struct pending *p = ctx;
    int none = MP_OK;
    (void)seq;
    if (status != MP_OK)
        atomic_compare_exchange_strong(&p->status, &none, status);
    else if (p->id[0] == '\0')
        memcpy(p->id, id, sizeof p->id);
    finish(p);
}

void delivery_collect(struct sink *s)
{
    pthread_mutex_lock(&s->done_lock);
    struct pending *list = s->done;
    s->done = NULL;
    pthread_mutex_unlock(&s->done_lock);
    for (struct pending *p = list, *next; p != NULL; p = next) {
        struct conn *c = p->conn;
        next = p->next;
        if (c != NULL) {
            session_stored(c);
            conn_unblock(c, BLOCK_STORE);
            conn_go_on(c);
        }
        free(p);
        atomic_fetch_sub(&s->outstanding, 1);
    }
}

/* With one share for who fills it. */
static struct pending *pending_new(struct sink *s, struct conn *c)
{
    struct pending *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->sink = s;
    p->conn = c;
    atomic_init(&p->left, 1);
    atomic_fetch_add(&s->outstanding, 1);
    return p;
}

static int put(struct pending *p, const struct store_delivery *d)
{
    atomic_fetch_add(&p->left, 1);
    int st = store_put(p->sink->store, d, on_done, p, NULL);
    if (st != MP_OK)
        atomic_fetch_sub(&p->left, 1);
    return st;
}

/* ---- what is stored ---- */

/* RFC 3848 and RFC 6531 3.7.3. */
static struct str protocol_of(const struct conn *c, char room[PROTOCOL_ROOM])
{
    bool utf8 = c->tx.smtputf8;
    const char *base = c->lmtp ? "LMTP" : utf8 ? "SMTP" : c->extended ? "ESMTP" : "SMTP";
    const char *const parts[] = {utf8 ? "UTF8" : "", base, c->in_tls ? "S" : "",
                                 c->auth_user.n > 0 ? "A" : ""};
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        for (const char *p = parts[i]; *p != '\0'; p++)
            room[n++] = *p;
    return str_make(room, n);
}

static void fill(struct conn *c, struct store_delivery *d, char room[PROTOCOL_ROOM])
{
    const struct transaction *t = &c->tx;
    *d = (struct store_delivery){.received_ms = c->sink->now_ms,
                                 .inbox = STR(""),
                                 .mail_from = t->from,
                                 .helo = c->helo,
                                 .client_ip = c->client_ip,
                                 .client_port = c->client_port,
                                 .listener = str_from(c->listener->text),
                                 .protocol = protocol_of(c, room),
                                 .auth_user = c->auth_user,
                                 .mail_params = t->params,
                                 .raw = buf_str(&c->raw)};
    if (c->in_tls) {
        d->tls_version = tls_session_version(c->tls);
        d->tls_cipher = tls_session_cipher(c->tls);
        d->tls_sni = tls_session_sni(c->tls);
    }
}

/* Head and transaction; `last`: the reply that is not said yet. */
static struct str transcript_of(struct conn *c, struct buf *room, const char *last)
{
    buf_init(room, TRANSCRIPT_ROOM);
    buf_reserve(room, c->head.n + c->log.n + 80);
    buf_add(room, buf_str(&c->head));
    buf_add(room, buf_str(&c->log));
    buf_addz(room, last);
    return buf_str(room);
}

static int by_inbox(const void *a, const void *b)
{
    const struct rcpt *const *x = a, *const *y = b;
    int order = str_cmp((*x)->inbox, (*y)->inbox);
    return order != 0 ? order : (*x > *y) - (*x < *y);
}

/* Recipients in the order of their inboxes, without those of LMTP that are refused. */
static size_t sort_rcpts(struct conn *c, struct rcpt ***out)
{
    struct transaction *t = &c->tx;
    size_t n = 0;
    struct rcpt **list = arena_new(&t->arena, struct rcpt *, t->n_rcpts + 1);
    for (size_t i = 0; list != NULL && i < t->n_rcpts; i++)
        if (t->rcpts[i].code < 400)
            list[n++] = &t->rcpts[i];
    if (n > 1)
        qsort(list, n, sizeof *list, by_inbox);
    *out = list;
    return n;
}

/* One delivery for each inbox. The first failure ends it; *n_put deliveries are on their way. */
static int put_groups(struct conn *c, struct pending *p, struct store_delivery *d, size_t *n_put)
{
    struct rcpt **list;
    size_t n = sort_rcpts(c, &list);
    struct str *addresses = arena_new(&c->tx.arena, struct str, n + 1);
    if (list == NULL || addresses == NULL)
        return MP_E_NOMEM;
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from; to < n && str_eq(list[to]->inbox, list[from]->inbox); to++)
            addresses[to] = list[to]->address;
        d->inbox = list[from]->inbox;
        d->rcpts = addresses + from;
        d->n_rcpts = to - from;
        int st = put(p, d);
        if (st != MP_OK)
            return st;
        ++*n_put;
    }
    return MP_OK;
}

bool delivery_accept(struct conn *c, int *status)
{
    struct store_delivery d;
    struct buf room;
    char protocol[PROTOCOL_ROOM];
    size_t n_put = 0;
    const struct script_action *a = &c->decision.action;
    struct pending *p = pending_new(c->sink, c);
    *status = MP_E_NOMEM;
    if (p == NULL)
        return false;
    fill(c, &d, protocol);
    d.outcome = STORE_ACCEPTED;
    d.stage = STR("end");
    d.reply_code = a->reply_code > 0 ? a->reply_code : 250;
    d.reply_text = a->reply_code > 0 ? a->reply_text : STR("2.0.0 Ok: stored");
    d.transcript =
        transcript_of(c, &room,
                      c->in_tls ? "<~  250 2.0.0 Ok: stored\n" : "<-  250 2.0.0 Ok: stored\n");
    *status = put_groups(c, p, &d, &n_put);
    buf_clear(&room);
    if (n_put == 0) {
        free(p);
        atomic_fetch_sub(&c->sink->outstanding, 1);
        return false;
    }
    if (*status != MP_OK)
        atomic_store(&p->status, *status);
    c->pending = p;
    c->blocks |= BLOCK_STORE;
    finish(p);
    return true;
}

/* ---- attempts ---- */

enum store_outcome outcome_of(unsigned code)
{
    return code == 0 ? STORE_DROPPED : code < 500 ? STORE_DEFERRED : STORE_REFUSED;
}

static void count_attempt(struct sink *s, enum store_outcome o)
{
    if (o == STORE_DROPPED)
        SINK_COUNT(s, dropped);
    else if (o == STORE_DEFERRED)
        SINK_COUNT(s, deferred);
    else
        SINK_COUNT(s, refused);
}

/* `each`: NULL, or puts its recipients; else one without any. Nobody waits for the outcome. */
static void put_attempt(struct conn *c, struct store_delivery *d, bool with_rcpts)
{
    struct buf room;
    char protocol[PROTOCOL_ROOM];
    struct store_delivery filled;
    size_t n_put = 0;
    struct pending *p = pending_new(c->sink, NULL);
    if (p == NULL)
        return;
    fill(c, &filled, protocol);
    filled.outcome = d->outcome;
    filled.stage = d->stage;
    filled.reply_code = d->reply_code;
    filled.reply_text = d->reply_text;
    filled.inbox = d->inbox;
    filled.rcpts = d->rcpts;
    filled.n_rcpts = d->n_rcpts;
    filled.transcript = transcript_of(c, &room, "");
    if (with_rcpts)
        put_groups(c, p, &filled, &n_put);
    else
        put(p, &filled);
    buf_clear(&room);
    finish(p);
}

void delivery_attempt(struct conn *c, enum store_outcome outcome, const char *stage, unsigned code,
                      struct str text)
{
    struct store_delivery d = {.outcome = outcome,
                               .stage = str_from(stage),
                               .reply_code = code,
                               .reply_text = text,
                               .inbox = STR("")};
    bool only_refused = c->tx.n_rcpts == 0 && c->tx.n_refused > 0;
    if (!only_refused)
        count_attempt(c->sink, outcome);
    if (c->sink->config.keep_attempts && !only_refused)
        put_attempt(c, &d, c->tx.n_rcpts > 0);
    delivery_refused_rcpts(c);
}

void delivery_attempt_rcpt(struct conn *c, const struct rcpt *r)
{
    struct store_delivery d = {.outcome = outcome_of(r->code),
                               .stage = STR("end"),
                               .reply_code = r->code,
                               .reply_text = r->text,
                               .inbox = r->inbox,
                               .rcpts = &r->address,
                               .n_rcpts = 1};
    count_attempt(c->sink, d.outcome);
    if (c->sink->config.keep_attempts)
        put_attempt(c, &d, false);
}

static bool same_refusal(const struct refused *a, const struct refused *b)
{
    return a->code == b->code && str_eq(a->inbox, b->inbox) && str_eq(a->text, b->text);
}

/* Those that were told the same, of one inbox, are one attempt. */
void delivery_refused_rcpts(struct conn *c)
{
    struct transaction *t = &c->tx;
    struct str addresses[SINK_MAX_REFUSED_KEPT];
    for (size_t i = 0; i < t->n_refused; i++) {
        struct refused first = t->refused[i];
        struct store_delivery d = {.outcome = outcome_of(first.code),
                                   .stage = STR("rcpt"),
                                   .reply_code = first.code,
                                   .reply_text = first.text,
                                   .inbox = first.inbox,
                                   .rcpts = addresses};
        if (first.code == 0)
            continue; /* told with an earlier one */
        for (size_t k = i; k < t->n_refused; k++)
            if (same_refusal(&first, &t->refused[k])) {
                addresses[d.n_rcpts++] = t->refused[k].address;
                t->refused[k].code = 0;
            }
        count_attempt(c->sink, d.outcome);
        if (c->sink->config.keep_attempts)
            put_attempt(c, &d, false);
    }
    t->n_refused = 0;
}
