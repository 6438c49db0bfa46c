/* MTAs: their connections, and each message from MAIL to the verdict. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/hmac.h"
#include "daemon/front_internal.h"

enum { ID_BYTES = 16, ID_TEXT = 2 * ID_BYTES };

enum warm { WARM_NOT, WARM_ASKED, WARM_OPEN, WARM_REFUSED };

struct mta {
    struct front *front;
    struct front_listener *listener;
    struct mta *next, *prev;
    int fd;
    struct event readable, writable;
    bool reading, writing;
    bool closing; /* once the output is out */
    struct milter_session *session;
    struct spool spool;
    int64_t last_ms, told_ms;

    /* the message at hand */
    char id[ID_TEXT + 1];
    enum mail_mode mode;
    bool local;
    enum warm warm;
    struct crew_call *warm_call, *call;
    struct mail_request request; /* texts live in the session until its next take() */
    struct str *rcpt_to;
    bool rcpt_waits;
    char refusal[SUMMARY_MAX_TEXT_BYTES]; /* of the early answer */
};

static void go_on(struct mta *m);

/* ---- who sends ---- */

static bool is_of_networks(const struct serve_milter *l, const struct ip *ip)
{
    for (size_t i = 0; i < l->n_networks; i++)
        if (ip_in_prefix(ip, &l->networks[i].ip, l->networks[i].prefix_bits))
            return true;
    return false;
}

/* Local: by a unix socket or without a network at all (sendmail(1)), or of our networks. */
static void choose_mode(struct mta *m, const struct milter_peer *peer)
{
    const struct serve_milter *l = m->listener->config;
    bool logged_in = milter_session_macro(m->session, "{auth_authen}").n > 0;
    bool is_near = peer->ip.family == IP_NONE ? peer->family != MILTER_FAMILY_UNKNOWN
                                              : is_of_networks(l, &peer->ip);
    m->local = logged_in || is_near;
    m->mode = logged_in ? l->authenticated : is_near ? l->local : l->mode;
}

static bool make_id(struct mta *m)
{
    unsigned char bytes[ID_BYTES];
    if (!crypto_random(bytes, sizeof bytes))
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(m->id + 2 * i, sizeof m->id - 2 * i, "%02x", bytes[i]);
    return true;
}

static struct str macro(const struct mta *m, const char *name)
{
    struct str s = milter_session_macro(m->session, name);
    return s.p == NULL ? STR_NONE : s;
}

/* "[192.0.2.1]" and "unknown" are no names. */
static struct str verified_name(const struct mta *m, const struct milter_peer *peer)
{
    struct str name = macro(m, "{client_name}");
    name = name.n > 0 ? name : peer->name;
    return str_starts(name, STR("[")) || str_eq(name, STR("unknown")) ? STR_NONE : name;
}

static void fill_request(struct mta *m, enum mail_kind kind)
{
    struct milter_peer peer;
    struct milter_envelope envelope;
    milter_session_peer(m->session, &peer);
    milter_session_envelope(m->session, &envelope);
    m->request =
        (struct mail_request){.number = ++m->front->next_number,
                              .kind = kind,
                              .mode = m->mode,
                              .id = str_make(m->id, ID_TEXT),
                              .listener = m->listener->config->name,
                              .now_s = clock_wall_s(),
                              .deadline_ms =
                                  kind == MAIL_WARM ? FRONT_WARM_MS : m->front->config->deadline_ms,
                              .client = peer.ip,
                              .client_port = peer.port,
                              .client_name = verified_name(m, &peer),
                              .helo = peer.helo,
                              .tls = macro(m, "{tls_version}"),
                              .cipher = macro(m, "{cipher}"),
                              .auth_user = macro(m, "{auth_authen}"),
                              .auth_type = macro(m, "{auth_type}"),
                              .queue_id = macro(m, "i"),
                              .mail_from = envelope.sender,
                              .has_mail_from = true,
                              .local = m->local};
}

static bool fill_rcpts(struct mta *m)
{
    struct milter_envelope envelope;
    milter_session_envelope(m->session, &envelope);
    free(m->rcpt_to);
    m->rcpt_to = envelope.n_rcpts == 0 ? NULL : calloc(envelope.n_rcpts, sizeof *m->rcpt_to);
    if (envelope.n_rcpts > 0 && m->rcpt_to == NULL)
        return false;
    for (size_t i = 0; i < envelope.n_rcpts; i++)
        m->rcpt_to[i] = envelope.rcpts[i].address;
    m->request.rcpt_to = m->rcpt_to;
    m->request.n_rcpt_to = envelope.n_rcpts;
    return true;
}

/* ---- the connection ---- */

static void forget_message(struct mta *m)
{
    crew_cancel(m->call);
    crew_cancel(m->warm_call);
    m->call = m->warm_call = NULL;
    m->warm = WARM_NOT;
    m->rcpt_waits = false;
    spool_reset(&m->spool);
}

static void mta_free(struct mta *m)
{
    struct front *f = m->front;
    forget_message(m);
    spool_clear(&m->spool);
    if (m->reading)
        event_del(&m->readable);
    if (m->writing)
        event_del(&m->writable);
    close(m->fd);
    milter_session_free(m->session);
    free(m->rcpt_to);
    if (m->next != NULL)
        m->next->prev = m->prev;
    if (m->prev != NULL)
        m->prev->next = m->next;
    else
        f->mtas = m->next;
    m->listener->connections--;
    atomic_fetch_sub_explicit(&f->count.open_connections, 1, memory_order_relaxed);
    free(m);
}

static void want(struct event *e, bool *is_added, bool wanted)
{
    if (wanted && !*is_added)
        *is_added = event_add(e, NULL) == 0;
    else if (!wanted && *is_added) {
        event_del(e);
        *is_added = false;
    }
}

/* False: the MTA is gone. */
static bool send_output(struct mta *m)
{
    for (;;) {
        struct str out = milter_session_output(m->session);
        if (out.n == 0)
            return true;
        ssize_t n = send(m->fd, out.p, out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        milter_session_sent(m->session, (size_t)n);
    }
}

/* ---- answers ---- */

static void fault(struct mta *m, const char *why)
{
    log_note(LOG_ERROR_LEVEL, "milter.fault", "%s", why);
    if (milter_answer_fault(m->session) != MP_OK)
        m->closing = true;
}

static void say(struct mta *m, int status, const struct mp_err *err)
{
    if (status != MP_OK)
        fault(m, err->text);
}

static void proceed(struct mta *m)
{
    struct mp_err err = {0};
    say(m, milter_answer_continue(m->session, &err), &err);
}

static void refuse(struct mta *m, unsigned code, struct str text)
{
    const struct milter_refusal refusal = {
        .code = code, .class_ = code / 100, .subject = 7, .detail = 1, .text = text};
    const struct milter_verdict verdict = {.refusal = &refusal};
    struct mp_err err = {0};
    say(m, milter_answer_message(m->session, &verdict, &err), &err);
}

/* Nobody has judged it: what the operator wants then. Never silently. */
static void answer_unjudged(struct mta *m, enum verdict_action wanted, const char *why)
{
    const struct milter_verdict accepted = {0};
    struct mp_err err = {0};
    const char *did = action_name(wanted == ACTION_ACCEPT   ? ACTION_ACCEPT
                                  : wanted == ACTION_REJECT ? ACTION_REJECT
                                                            : ACTION_TEMPFAIL);
    if (wanted == ACTION_ACCEPT) {
        FRONT_COUNT(m->front, unseen);
        say(m, milter_answer_message(m->session, &accepted, &err), &err);
    } else {
        struct str text = str_from(wanted == ACTION_REJECT ? "refused: the message is too large"
                                                           : "cannot be judged now, try again");
        refuse(m, wanted == ACTION_REJECT ? 552 : 451, text);
    }
    front_book_mail(m->front, &m->request, NULL, -1, did, why);
    spool_reset(&m->spool);
}

/* "5.7.23" */
static void read_enhanced(struct str s, struct milter_refusal *r)
{
    unsigned *const parts[] = {&r->class_, &r->subject, &r->detail};
    uint64_t v;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (str_to_u64(str_cut(&s, '.'), 999, &v))
            *parts[i] = (unsigned)v;
}

/* Ours says in which order they are made, the room's that of several on top the first is topmost.
 */
static size_t take_edits(const struct mail_answer *a, struct milter_edit out[ANSWER_MAX_EDITS])
{
    static const enum milter_edit_kind kinds[] = {[EDIT_REMOVE] = MILTER_EDIT_REMOVE,
                                                  [EDIT_REPLACE] = MILTER_EDIT_REPLACE,
                                                  [EDIT_PREPEND] = MILTER_EDIT_INSERT};
    size_t n = 0;
    for (size_t i = a->n_edits; i > 0 && n < ANSWER_MAX_EDITS; i--) {
        const struct mail_edit *e = &a->edits[i - 1];
        out[n++] = (struct milter_edit){kinds[e->kind], e->name, e->occurrence, e->value};
    }
    return n;
}

static void answer_judged(struct mta *m, const struct mail_answer *a)
{
    struct milter_edit edits[ANSWER_MAX_EDITS];
    struct milter_refusal refusal = {.code = a->code, .text = a->text};
    struct milter_verdict verdict = {0};
    struct mp_err err = {0};
    if (a->action == ACTION_REJECT || a->action == ACTION_TEMPFAIL) {
        read_enhanced(a->enhanced, &refusal);
        verdict.refusal = &refusal;
    } else {
        verdict.edits = edits;
        verdict.n_edits = take_edits(a, edits);
        if (a->action == ACTION_QUARANTINE)
            verdict.quarantine = a->quarantine;
    }
    int st = milter_answer_message(m->session, &verdict, &err);
    if (st == MP_OK) {
        front_book_mail(m->front, &m->request, a, m->spool.fd, action_name(a->action), NULL);
        return;
    }
    log_note(LOG_ERROR_LEVEL, "milter.answer", "%s", err.text);
    refuse(m, 451, STR("cannot be judged now, try again"));
    front_book_mail(m->front, &m->request, NULL, -1, "tempfail", err.text);
}

static void on_judged(void *ctx, const struct mail_answer *answer, const char *why_not)
{
    struct mta *m = ctx;
    m->call = NULL;
    if (answer != NULL && answer->status == ANSWER_JUDGED)
        answer_judged(m, answer);
    else if (answer != NULL) {
        char why[SUMMARY_MAX_TEXT_BYTES + 1];
        struct str reason = str_slice(answer->reason, 0, answer->reason.n);
        memcpy(why, reason.p == NULL ? "" : reason.p, reason.n);
        why[reason.n] = '\0';
        answer_unjudged(m, m->listener->config->on_failure, why);
    } else
        answer_unjudged(m, m->listener->config->on_failure, why_not);
    spool_reset(&m->spool);
    go_on(m);
}

/* ---- events ---- */

static void message_is_whole(struct mta *m, const struct milter_event *e)
{
    const struct serve_milter *l = m->listener->config;
    crew_cancel(m->warm_call); /* what it has fetched stays fetched */
    m->warm_call = NULL;
    fill_request(m, MAIL_JUDGE);
    m->request.want_edits = true;
    m->request.want_report =
        m->front->config->history.enabled && m->front->config->history.keep_reports;
    m->request.message_bytes = e->message_bytes;
    if (e->too_big) {
        FRONT_COUNT(m->front, oversize);
        answer_unjudged(m, l->oversize, "larger than max_message_bytes");
        return;
    }
    if (e->sink_failed || !fill_rcpts(m) || !spool_finish(&m->spool)) {
        answer_unjudged(m, l->on_failure, "no memory for the message");
        return;
    }
    m->told_ms = m->front->now_ms;
    m->call = crew_ask(m->front->base, m->front->work_path.p, &m->request,
                       m->spool.bytes == 0 ? -1 : m->spool.fd, on_judged, m);
    if (m->call == NULL)
        answer_unjudged(m, l->on_failure, "no memory to ask a worker");
}

static void answer_rcpt(struct mta *m)
{
    struct mp_err err = {0};
    if (m->warm != WARM_REFUSED) {
        proceed(m);
        return;
    }
    const struct milter_refusal refusal = {
        .code = 550, .class_ = 5, .subject = 7, .detail = 23, .text = str_from(m->refusal)};
    FRONT_COUNT(m->front, early_rejects);
    say(m, milter_answer_refuse(m->session, &refusal, &err), &err);
}

/* SPF alone has refused, and the policy rejects for it: what the message says changes nothing. */
static bool is_refused_by_spf(const struct mail_answer *a)
{
    return a != NULL && a->status == ANSWER_JUDGED && a->action == ACTION_REJECT &&
           a->summary.complete && str_eq(a->summary.spf, STR("fail")) && a->text.n > 0;
}

static void on_warm(void *ctx, const struct mail_answer *answer, const char *why_not)
{
    struct mta *m = ctx;
    (void)why_not; /* then the verdict fetches what it needs itself */
    m->warm_call = NULL;
    m->warm = WARM_OPEN;
    if (m->listener->config->early_reject && is_refused_by_spf(answer)) {
        struct str text = str_slice(answer->text, 0, sizeof m->refusal - 1);
        m->warm = WARM_REFUSED;
        memcpy(m->refusal, text.p, text.n);
        m->refusal[text.n] = '\0';
    }
    if (!m->rcpt_waits)
        return;
    m->rcpt_waits = false;
    answer_rcpt(m);
    go_on(m);
}

static void sender_is_known(struct mta *m, bool wants_answer)
{
    struct milter_peer peer;
    forget_message(m);
    milter_session_peer(m->session, &peer);
    choose_mode(m, &peer);
    if (!make_id(m)) {
        fault(m, "no random numbers");
        return;
    }
    if (m->listener->config->warm && m->mode == MAIL_INBOUND && peer.ip.family != IP_NONE) {
        fill_request(m, MAIL_WARM);
        m->warm = WARM_ASKED;
        m->warm_call = crew_ask(m->front->base, m->front->work_path.p, &m->request, -1, on_warm, m);
        if (m->warm_call == NULL)
            m->warm = WARM_OPEN;
    }
    if (wants_answer)
        proceed(m);
}

static void take_event(struct mta *m, const struct milter_event *e)
{
    switch (e->type) {
    case MILTER_EVENT_MAIL:
        sender_is_known(m, e->wants_answer);
        return;
    case MILTER_EVENT_RCPT:
        m->rcpt_waits =
            e->wants_answer && m->warm == WARM_ASKED && m->listener->config->early_reject;
        if (!m->rcpt_waits && e->wants_answer)
            answer_rcpt(m);
        return;
    case MILTER_EVENT_MESSAGE:
        message_is_whole(m, e);
        return;
    case MILTER_EVENT_ABORT:
    case MILTER_EVENT_NEW:
        forget_message(m);
        return;
    case MILTER_EVENT_QUIT:
        forget_message(m);
        m->closing = true;
        return;
    default:
        if (e->wants_answer)
            proceed(m);
        return;
    }
}

/* Events until there is none, or one whose answer is not there yet. */
static void take(struct mta *m, struct str in)
{
    while (!m->closing) {
        struct milter_event e;
        struct mp_err err = {0};
        if (milter_session_take(m->session, &in, &e, &err) != MP_OK) {
            FRONT_COUNT(m->front, protocol_errors);
            log_note(LOG_WARNING_LEVEL, "milter.protocol", STR_FMT ": %s",
                     STR_ARG(m->listener->config->name), err.text);
            m->closing = true;
            return;
        }
        if (e.type == MILTER_EVENT_NONE)
            return;
        take_event(m, &e);
    }
}

static bool may_end(const struct mta *m)
{
    return m->front->soon && !milter_session_in_message(m->session) && m->call == NULL;
}

/* After something has happened: what came early, what is to be sent, and what is waited for. */
static void go_on(struct mta *m)
{
    take(m, STR_NONE);
    bool alive = send_output(m);
    bool pending = milter_session_output(m->session).n > 0;
    if (!alive || (!pending && (m->closing || may_end(m)))) {
        mta_free(m);
        return;
    }
    want(&m->writable, &m->writing, pending);
    /* what the request shows lives until the next take() */
    want(&m->readable, &m->reading, !pending && !m->closing && m->call == NULL);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct mta *m = arg;
    (void)what;
    m->front->now_ms = clock_mono_us() / 1000;
    ssize_t n = recv(fd, m->front->scratch, FRONT_READ_BYTES, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (n <= 0) {
        mta_free(m);
        return;
    }
    m->last_ms = m->front->now_ms;
    take(m, str_make(m->front->scratch, (size_t)n));
    go_on(m);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    go_on(arg);
}

/* ---- listening ---- */

static struct milter_session *new_session(const struct serve_milter *l, struct spool *spool)
{
    const struct milter_config config = {.answers = l->early_reject ? MILTER_ANSWER_RCPT : 0,
                                         .actions =
                                             l->mode == MAIL_MONITOR && l->local == MAIL_MONITOR &&
                                                     l->authenticated == MAIL_MONITOR
                                                 ? 0
                                                 : MILTER_CAN_ADD_HEADERS |
                                                       MILTER_CAN_CHANGE_HEADERS |
                                                       (l->quarantine ? MILTER_CAN_QUARANTINE : 0),
                                         .max_message_bytes = l->max_message_bytes};
    return milter_session_new(&config, (struct milter_sink){spool_add, spool});
}

static void greet(struct front_listener *l, int fd)
{
    struct front *f = l->front;
    struct mta *m = calloc(1, sizeof *m);
    if (m != NULL) {
        *m = (struct mta){.front = f, .listener = l, .fd = fd, .last_ms = f->now_ms};
        m->spool = (struct spool){.front = f, .fd = -1};
        m->session = new_session(l->config, &m->spool);
    }
    if (m == NULL || m->session == NULL) {
        log_note(LOG_ERROR_LEVEL, "milter.connection", "no memory");
        free(m);
        close(fd); /* the MTA does what it is configured to: tempfail */
        return;
    }
    event_assign(&m->readable, f->base, fd, EV_READ | EV_PERSIST, on_readable, m);
    event_assign(&m->writable, f->base, fd, EV_WRITE | EV_PERSIST, on_writable, m);
    m->next = f->mtas;
    if (f->mtas != NULL)
        f->mtas->prev = m;
    f->mtas = m;
    l->connections++;
    FRONT_COUNT(f, connections);
    FRONT_COUNT(f, open_connections);
    want(&m->readable, &m->reading, true);
}

static void pause_listener(struct front_listener *l, bool listen)
{
    if (listen && !l->listening)
        l->listening = event_add(&l->event, NULL) == 0;
    else if (!listen && l->listening) {
        event_del(&l->event);
        l->listening = false;
    }
}

/* Those beyond the limit wait in the kernel's queue: they are neither lost nor refused. */
static void on_connection(evutil_socket_t fd, short what, void *arg)
{
    struct front_listener *l = arg;
    (void)what;
    l->front->now_ms = clock_mono_us() / 1000;
    while (l->connections < l->config->max_connections) {
        int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (conn >= 0) {
            greet(l, conn);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
            break; /* until the next tick */
        return;
    }
    pause_listener(l, false);
}

int front_listen(struct front *f, struct mp_err *err)
{
    for (size_t i = 0; i < f->config->n_milters; i++) {
        struct front_listener *l = &f->listeners[i];
        char name[SERVE_MAX_NAME_BYTES + sizeof "milter."];
        snprintf(name, sizeof name, "milter." STR_FMT, STR_ARG(f->config->milters[i].name));
        *l = (struct front_listener){.front = f,
                                     .config = &f->config->milters[i],
                                     .fd = role_fd(f->role, name)};
        if (l->fd < 0)
            return mp_fail(err, MP_E_USAGE, 0, "no socket was handed over for %s", name);
        event_assign(&l->event, f->base, l->fd, EV_READ | EV_PERSIST, on_connection, l);
        pause_listener(l, true);
        f->n_listeners++;
    }
    return MP_OK;
}

void front_stop_listening(struct front *f)
{
    for (size_t i = 0; i < f->n_listeners; i++) {
        pause_listener(&f->listeners[i], false);
        if (f->listeners[i].fd >= 0)
            close(f->listeners[i].fd);
        f->listeners[i].fd = -1;
    }
}

static void tick_mta(struct mta *m)
{
    struct front *f = m->front;
    struct mp_err err = {0};
    if (m->call != NULL && f->now_ms - m->told_ms >= FRONT_PROGRESS_MS) {
        m->told_ms = f->now_ms;
        if (milter_session_progress(m->session, &err) != MP_OK || !send_output(m))
            mta_free(m);
        return;
    }
    if (may_end(m) || (m->call == NULL && f->now_ms - m->last_ms > FRONT_IDLE_MS))
        mta_free(m);
}

void front_milter_tick(struct front *f)
{
    for (struct mta *m = f->mtas, *next; m != NULL; m = next) {
        next = m->next;
        tick_mta(m);
    }
    for (size_t i = 0; i < f->n_listeners; i++)
        if (f->listeners[i].fd >= 0 &&
            f->listeners[i].connections < f->listeners[i].config->max_connections)
            pause_listener(&f->listeners[i], true);
}

bool front_has_mtas(const struct front *f)
{
    return f->mtas != NULL;
}

void front_close_mtas(struct front *f)
{
    while (f->mtas != NULL)
        mta_free(f->mtas);
}
