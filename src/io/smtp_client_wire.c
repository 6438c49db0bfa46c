/* Below the SMTP client: bytes out, replies in, deadlines, and what to say when it ends early. */
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "io/smtp_client_internal.h"

enum {
    READ_BYTES = 16 * 1024,        /* of one read */
    WRITE_BLOCK_BYTES = 64 * 1024, /* each has the time-out of its stage */
    PARSE_STEP_BYTES = 1024,       /* without a line end, look again only after so many */
    LAST_WORDS_MS = 100,
    EVIDENCE_BYTES = 60,
    SECRET_MIN_BYTES = 4
};

/* RFC 5321 4.5.3.2; the handshake as long as any command. */
static const struct {
    const char *name, *awaited;
    unsigned timeout_ms, hoped; /* hoped: first digit of the reply */
} stages[] = {
    [SMTP_STAGE_CONNECT] = {"connect", "the connection", CONN_CONNECT_TIMEOUT_MS, 2},
    [SMTP_STAGE_BANNER] = {"banner", "its greeting", 300000, 2},
    [SMTP_STAGE_EHLO] = {"ehlo", "the reply to EHLO", 300000, 2},
    [SMTP_STAGE_STARTTLS] = {"starttls", "the reply to STARTTLS", 300000, 2},
    [SMTP_STAGE_TLS] = {"tls", "the TLS handshake", 300000, 2},
    [SMTP_STAGE_EHLO_TLS] = {"ehlo-tls", "the reply to EHLO in TLS", 300000, 2},
    [SMTP_STAGE_XCLIENT] = {"xclient", "the reply to XCLIENT", 300000, 2},
    [SMTP_STAGE_AUTH] = {"auth", "the reply to AUTH", 300000, 2},
    [SMTP_STAGE_MAIL] = {"mail", "the reply to MAIL FROM", 300000, 2},
    [SMTP_STAGE_RCPT] = {"rcpt", "the reply to RCPT TO", 300000, 2},
    [SMTP_STAGE_DATA] = {"data", "the reply to DATA", 120000, 3},
    [SMTP_STAGE_BODY] = {"body", "the message to be taken", 180000, 2},
    [SMTP_STAGE_END] = {"end", "the reply to the end of the message", 600000, 2},
    [SMTP_STAGE_OTHER] = {"other", "the reply to a command", 300000, 2},
    [SMTP_STAGE_QUIT] = {"quit", "the reply to QUIT", 300000, 2},
};
_Static_assert(ARRAY_LEN(stages) == SMTP_STAGE_COUNT, "every stage has its row");

const char *smtp_stage_name(enum smtp_stage s)
{
    return (size_t)s < ARRAY_LEN(stages) ? stages[s].name : "?";
}

unsigned smtp_stage_timeout_ms(enum smtp_stage s)
{
    return (size_t)s < ARRAY_LEN(stages) ? stages[s].timeout_ms : 0;
}

const char *smtp_fault_name(enum smtp_fault f)
{
    static const char *const names[] = {
        [SMTP_FAULT_NONE] = "none",
        [SMTP_FAULT_REFUSED] = "refused",
        [SMTP_FAULT_UNREACHABLE] = "unreachable",
        [SMTP_FAULT_TIMEOUT] = "timeout",
        [SMTP_FAULT_CLOSED] = "closed",
        [SMTP_FAULT_GARBAGE] = "garbage",
        [SMTP_FAULT_LONG_LINE] = "long-line",
        [SMTP_FAULT_ENDLESS] = "endless",
        [SMTP_FAULT_INJECTED] = "injected",
        [SMTP_FAULT_TLS] = "tls",
        [SMTP_FAULT_AUTH] = "auth",
        [SMTP_FAULT_LOCAL] = "local",
    };
    return (size_t)f < ARRAY_LEN(names) ? names[f] : "?";
}

/* ---- time and record ---- */

int64_t client_at(const struct smtp_client *c)
{
    return clock_mono_us() - c->started_us;
}

void client_count(struct smtp_client *c, enum smtp_stage stage, int64_t since_us)
{
    int64_t *sum = &c->stage_us[stage];
    *sum = (*sum < 0 ? 0 : *sum) + clock_mono_us() - since_us;
}

static unsigned stage_timeout_ms(const struct smtp_client *c, enum smtp_stage stage,
                                 unsigned wait_ms)
{
    if (wait_ms != 0)
        return wait_ms;
    return c->config.stage_timeout_ms != 0 ? c->config.stage_timeout_ms
                                           : smtp_stage_timeout_ms(stage);
}

int64_t client_deadline(const struct smtp_client *c, enum smtp_stage stage, unsigned wait_ms)
{
    int64_t until_us = clock_mono_us() + (int64_t)stage_timeout_ms(c, stage, wait_ms) * 1000;
    return until_us < c->config.deadline_us ? until_us : c->config.deadline_us;
}

void client_note(struct smtp_client *c, enum transcript_kind kind, struct str text)
{
    bool in_tls = c->conn != NULL && conn_in_tls(c->conn);
    transcript_add(&c->transcript, kind, in_tls, client_at(c), text);
}

void client_blank(const struct smtp_client *c, char *p, size_t n)
{
    for (size_t i = 0; i < ARRAY_LEN(c->secrets); i++) {
        struct str secret = c->secrets[i];
        if (secret.n < SECRET_MIN_BYTES) /* less is found in any text */
            continue;
        for (char *at = p; (at = memmem(at, n - (size_t)(at - p), secret.p, secret.n)) != NULL;)
            memset(at, '*', secret.n);
    }
}

/* ---- how it ends ---- */

const char *client_peer(const struct smtp_client *c, char room[CONN_HOST_TEXT_MAX])
{
    const struct conn_target *to = &c->config.target;
    char address[IP_TEXT_MAX] = "?";
    if (to->unix_path != NULL) {
        snprintf(room, CONN_HOST_TEXT_MAX, "unix:%s", to->unix_path);
        return room;
    }
    if (to->ip.family != IP_NONE)
        ip_write(&to->ip, address);
    snprintf(room, CONN_HOST_TEXT_MAX, STR_FMT "%s[%s]:%u",
             STR_ARG(str_slice(c->config.sni, 0, 200)), c->config.sni.n != 0 ? " " : "", address,
             to->port);
    return room;
}

int client_fail(struct smtp_client *c, enum smtp_stage stage, enum smtp_fault fault, int status,
                struct mp_err *err, const char *fmt, ...)
{
    char text[MP_ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    c->fault = fault;
    c->fault_stage = stage;
    c->wire_lost = c->wire_lost || fault != SMTP_FAULT_AUTH;
    client_note(c, TRANSCRIPT_ERROR, str_from(text));
    return mp_fail(err, status, fault, "%s", text);
}

int client_fail_local(struct smtp_client *c, enum smtp_stage stage, int status)
{
    c->fault = SMTP_FAULT_LOCAL;
    c->fault_stage = stage;
    return status;
}

int client_begin(struct smtp_client *c, enum smtp_stage stage, struct mp_err *err)
{
    bool is_over = c->wire_lost || c->conn == NULL ||
                   (c->fault != SMTP_FAULT_NONE && c->fault != SMTP_FAULT_LOCAL);
    if (is_over) {
        if (c->fault == SMTP_FAULT_NONE)
            client_fail_local(c, stage, MP_E_USAGE);
        return mp_fail(err, MP_E_USAGE, c->fault, "the conversation is over already (%s at %s)",
                       smtp_fault_name(c->fault), smtp_stage_name(c->fault_stage));
    }
    c->fault = SMTP_FAULT_NONE;
    return MP_OK;
}

/* The refusal behind which a server hung up is worth more than the fact that it did. */
static const char *last_refusal(const struct smtp_client *c, char room[160])
{
    struct buf text;
    room[0] = '\0';
    if (c->last.code < 400)
        return room;
    buf_init(&text, 512);
    utf8_add_printable(&text, c->last.n_lines > 0 ? c->last.lines[0] : STR_NONE, 100);
    snprintf(room, 160, "; its last reply was: %u " STR_FMT, c->last.code, STR_ARG(buf_str(&text)));
    buf_clear(&text);
    return room;
}

static int fail_closed(struct smtp_client *c, enum smtp_stage stage, struct mp_err *err)
{
    char peer[CONN_HOST_TEXT_MAX], refusal[160];
    const char *where = c->in.n > 0 ? " in the middle of a reply" : "";
    return client_fail(c, stage, SMTP_FAULT_CLOSED, MP_E_IO, err,
                       "%s closed the connection while we waited for %s%s%s", client_peer(c, peer),
                       stages[stage].awaited, where, last_refusal(c, refusal));
}

static int fail_timeout(struct smtp_client *c, enum smtp_stage stage, struct mp_err *err)
{
    char peer[CONN_HOST_TEXT_MAX], limit[48];
    const char *hint = "";
    unsigned ms = stage_timeout_ms(c, stage, 0);
    snprintf(limit, sizeof limit, " (%u %s)", ms % 1000 == 0 ? ms / 1000 : ms,
             ms % 1000 == 0 ? "s" : "ms");
    if (clock_mono_us() >= c->config.deadline_us)
        snprintf(limit, sizeof limit, "; the time for the whole conversation is up");
    if (stage == SMTP_STAGE_BANNER && !c->config.implicit_tls && c->in.n == 0)
        hint = "; a server that wants TLS from the start is silent too: try implicit TLS";
    return client_fail(c, stage, SMTP_FAULT_TIMEOUT, MP_E_TIMEOUT, err,
                       "%s kept us waiting too long for %s%s%s%s", client_peer(c, peer),
                       stages[stage].awaited, c->in.n > 0 ? ", of which only a part came" : "",
                       limit, hint);
}

/* After a call of conn_ failed with `status`, and `why` in words. */
static int fail_conn(struct smtp_client *c, enum smtp_stage stage, int status,
                     const struct mp_err *why, struct mp_err *err)
{
    char peer[CONN_HOST_TEXT_MAX];
    switch (conn_last_fault(c->conn)) {
    case CONN_TIMED_OUT:
        return fail_timeout(c, stage, err);
    case CONN_CLOSED:
        return fail_closed(c, stage, err);
    case CONN_TLS:
        return client_fail(c, stage, SMTP_FAULT_TLS, status, err,
                           "TLS with %s broke while we waited for %s: %s", client_peer(c, peer),
                           stages[stage].awaited, why->text);
    case CONN_UNREACHABLE:
        return client_fail(c, stage, SMTP_FAULT_UNREACHABLE, status, err,
                           "the way to %s was lost while we waited for %s: %s",
                           client_peer(c, peer), stages[stage].awaited, why->text);
    default:
        return client_fail(c, stage, SMTP_FAULT_LOCAL, status, err, "%s, %s: %s",
                           client_peer(c, peer), stages[stage].name, why->text);
    }
}

/* ---- out ---- */

int client_write(struct smtp_client *c, enum smtp_stage stage, struct str bytes, struct mp_err *err)
{
    int64_t since_us = clock_mono_us();
    struct mp_err why = {0};
    int st = MP_OK;
    while (st == MP_OK && bytes.n > 0) {
        struct str block = str_slice(bytes, 0, WRITE_BLOCK_BYTES);
        st = conn_write(c->conn, block, client_deadline(c, stage, 0), &why);
        bytes = str_slice(bytes, block.n, bytes.n);
    }
    client_count(c, stage, since_us);
    return st == MP_OK ? MP_OK : fail_conn(c, stage, st, &why, err);
}

int client_send(struct smtp_client *c, enum smtp_stage stage, struct str bytes, bool abridge,
                struct mp_err *err)
{
    size_t shown = abridge && bytes.n > TRANSCRIPT_DATA_SHOWN ? TRANSCRIPT_DATA_SHOWN : bytes.n;
    client_note(c, TRANSCRIPT_SENT, str_slice(bytes, 0, shown));
    if (shown < bytes.n) {
        char text[80];
        snprintf(text, sizeof text, "%zu more bytes of the message are not shown", bytes.n - shown);
        client_note(c, TRANSCRIPT_INFO, str_from(text));
    }
    return client_write(c, stage, bytes, err);
}

/* ---- in ---- */

/* The first line that no reply has. */
static struct str bad_line(struct str in)
{
    struct str line = STR_NONE;
    while (in.n > 0) {
        line = str_cut(&in, '\n');
        if (line.n < 4 || !is_digit(line.p[0]) || line.p[3] != '-')
            break;
    }
    return str_trim(str_slice(line, 0, EVIDENCE_BYTES));
}

static int fail_garbage(struct smtp_client *c, enum smtp_stage stage, const char *why,
                        struct mp_err *err)
{
    char peer[CONN_HOST_TEXT_MAX];
    struct str line = bad_line(buf_str(&c->in));
    struct buf shown;
    bool is_tls = line.n > 2 && (line.p[0] == 0x15 || line.p[0] == 0x16) && line.p[1] == 3;
    buf_init(&shown, 512);
    utf8_add_printable(&shown, line, 4 * EVIDENCE_BYTES);
    int st = client_fail(c, stage, SMTP_FAULT_GARBAGE, MP_E_SYNTAX, err,
                         "%s does not speak SMTP: we waited for %s, and %s: \"" STR_FMT "\"%s",
                         client_peer(c, peer), stages[stage].awaited, why, STR_ARG(buf_str(&shown)),
                         is_tls ? "; it speaks TLS from the start: use implicit TLS" : "");
    buf_clear(&shown);
    return st;
}

static int fail_parse(struct smtp_client *c, enum smtp_stage stage, enum smtp_parse how,
                      const char *why, struct mp_err *err)
{
    char peer[CONN_HOST_TEXT_MAX];
    if (how == SMTP_PARSE_GARBAGE)
        return fail_garbage(c, stage, why, err);
    if (how == SMTP_PARSE_NO_MEMORY)
        return client_fail(c, stage, SMTP_FAULT_LOCAL, MP_E_NOMEM, err,
                           "no memory is left for the replies of %s", client_peer(c, peer));
    return client_fail(c, stage,
                       how == SMTP_PARSE_LONG_LINE ? SMTP_FAULT_LONG_LINE : SMTP_FAULT_ENDLESS,
                       MP_E_SYNTAX, err, "%s goes beyond all measure in %s: %s",
                       client_peer(c, peer), stages[stage].awaited, why);
}

static void take_reply(struct smtp_client *c, enum smtp_stage stage, size_t used)
{
    bool hoped = c->last.code / 100 == stages[stage].hoped ||
                 (stage == SMTP_STAGE_AUTH && c->last.code / 100 == 3);
    enum transcript_kind kind = hoped ? TRANSCRIPT_RECEIVED : TRANSCRIPT_UNEXPECTED;
    if (c->mask_challenge && c->last.code == 334)
        transcript_add_masked(&c->transcript, kind, conn_in_tls(c->conn), client_at(c), STR("334"),
                              used);
    else
        client_note(c, kind, str_slice(buf_str(&c->in), 0, used));
    memmove(c->in.p, c->in.p + used, c->in.n - used);
    c->in.n -= used;
    if (stage == SMTP_STAGE_END)
        c->mid_message = false;
    else if (stage == SMTP_STAGE_DATA)
        c->mid_message = c->last.code / 100 == 3;
}

/* More bytes into client->in. *worth_parsing: it may hold a whole reply now, or too much. */
static int read_more(struct smtp_client *c, int64_t deadline_us, size_t parsed, bool *worth_parsing,
                     struct mp_err *why)
{
    size_t n = 0;
    char *to = buf_reserve(&c->in, READ_BYTES);
    if (to == NULL)
        return mp_fail(why, MP_E_NOMEM, 0, "no memory for a reply");
    int st = conn_read(c->conn, to, READ_BYTES, &n, deadline_us, why);
    if (st != MP_OK)
        return st;
    if (n == 0)
        return mp_fail(why, MP_E_IO, 0, "closed");
    c->in.n += n;
    *worth_parsing = memchr(to, '\n', n) != NULL || c->in.n < PARSE_STEP_BYTES ||
                     c->in.n - parsed >= PARSE_STEP_BYTES;
    return MP_OK;
}

/* MP_E_TIMEOUT and what else conn_read says leave the fault to the caller. */
static int next_reply(struct smtp_client *c, enum smtp_stage stage, int64_t deadline_us,
                      struct mp_err *why, struct mp_err *err)
{
    size_t parsed = 0, used = 0;
    for (bool worth_parsing = c->in.n > 0;;) {
        if (worth_parsing) {
            const char *problem;
            client_blank(c, c->in.p, c->in.n);
            enum smtp_parse how =
                smtp_reply_parse(c->arena, buf_str(&c->in), &c->last, &used, &problem);
            if (how == SMTP_PARSE_DONE) {
                take_reply(c, stage, used);
                return MP_OK;
            }
            if (how != SMTP_PARSE_MORE)
                return fail_parse(c, stage, how, problem, err);
            parsed = c->in.n;
        }
        int st = read_more(c, deadline_us, parsed, &worth_parsing, why);
        if (st != MP_OK)
            return st;
    }
}

int client_reply(struct smtp_client *c, enum smtp_stage stage, unsigned wait_ms, struct mp_err *err)
{
    if (stage == c->config.hang_up_at && stage != SMTP_STAGE_CONNECT)
        return client_fail(c, stage, SMTP_FAULT_LOCAL, MP_E_IO, err,
                           "hung up without waiting for %s, as was asked for",
                           stages[stage].awaited);
    int64_t since_us = clock_mono_us();
    struct mp_err why = {0};
    int st = next_reply(c, stage, client_deadline(c, stage, wait_ms), &why, err);
    client_count(c, stage, since_us);
    if (st == MP_OK || c->fault != SMTP_FAULT_NONE)
        return st;
    if (st == MP_E_TIMEOUT && wait_ms != 0 && clock_mono_us() < c->config.deadline_us)
        return mp_fail(err, MP_E_TIMEOUT, wait_ms, "no reply within %u ms", wait_ms);
    if (st == MP_E_NOMEM)
        return client_fail(c, stage, SMTP_FAULT_LOCAL, st, err, "%s", why.text);
    return fail_conn(c, stage, st, &why, err);
}

bool client_last_words(struct smtp_client *c, enum smtp_stage stage)
{
    if (c->fault != SMTP_FAULT_CLOSED)
        return false;
    struct mp_err why = {0};
    enum smtp_stage failed_at = c->fault_stage;
    c->fault = SMTP_FAULT_NONE;
    if (next_reply(c, stage, client_deadline(c, stage, LAST_WORDS_MS), &why, NULL) != MP_OK) {
        c->fault = SMTP_FAULT_CLOSED;
        c->fault_stage = failed_at;
        return false;
    }
    c->mid_message = false;
    c->wire_lost = false; /* the next write finds it closed, and says so */
    return true;
}

int client_talk(struct smtp_client *c, enum smtp_stage stage, struct str command,
                struct mp_err *err)
{
    if (c->mid_message)
        return client_fail_local(c, stage,
                                 mp_fail(err, MP_E_USAGE, 0,
                                         "the server waits for the message, not for a command"));
    int st = client_send(c, stage, command, false, err);
    if (st != MP_OK)
        return client_last_words(c, stage) ? MP_OK : st;
    return client_reply(c, stage, 0, err);
}

/* ---- TLS ---- */

int client_start_tls(struct smtp_client *c, struct mp_err *err)
{
    char peer[CONN_HOST_TEXT_MAX];
    struct mp_err why = {0};
    int64_t since_us = clock_mono_us();
    int st = tls_handshake(c->config.tls, c->conn, c->config.sni, c->arena, c->config.now_s,
                           client_deadline(c, SMTP_STAGE_TLS, 0), &c->tls, &why);
    client_count(c, SMTP_STAGE_TLS, since_us);
    if (st == MP_OK) {
        struct str text = arena_fmt(c->arena, "TLS started: " STR_FMT ", " STR_FMT,
                                    STR_ARG(c->tls.version), STR_ARG(c->tls.cipher));
        c->has_tls = true;
        client_note(c, TRANSCRIPT_INFO, text);
        return MP_OK;
    }
    if (conn_last_fault(c->conn) != CONN_TLS)
        return fail_conn(c, SMTP_STAGE_TLS, st, &why, err);
    struct str reason = str_from(why.text), head = STR(" failed: ");
    size_t at = str_search(reason, head), end = reason.n;
    reason = str_slice(reason, at < end ? at + head.n : 0, end);
    bool plain = str_eq(reason, STR("wrong version number"));
    return client_fail(c, SMTP_STAGE_TLS, SMTP_FAULT_TLS, st, err,
                       "the TLS handshake with %s failed: " STR_FMT "%s", client_peer(c, peer),
                       STR_ARG(reason),
                       !plain                   ? ""
                       : c->config.implicit_tls ? " (it does not begin with TLS: try STARTTLS)"
                                                : " (what it sent is no TLS)");
}
