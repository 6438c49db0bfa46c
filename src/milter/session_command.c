/* The commands of an MTA: what each does to a session, and when it may come. */
#include "base/grow.h"
#include "milter/session_internal.h"

/* What we use of the macros, when the MTA lets us say so. TLS at MAIL too: not every client says
 * EHLO again after STARTTLS. */
const char *const milter_default_macros[MILTER_STAGES] = {
    [MILTER_AT_CONNECT] = "j _ {daemon_name} {daemon_addr} {daemon_port} {client_addr} "
                          "{client_name} {client_port} {client_ptr} {client_resolve}",
    [MILTER_AT_HELO] = "{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer} {verify}",
    [MILTER_AT_MAIL] = "i {mail_addr} {auth_type} {auth_authen} {auth_author} {tls_version} "
                       "{cipher} {cipher_bits} {cert_subject} {cert_issuer} {verify}",
    [MILTER_AT_RCPT] = "i {rcpt_addr} {rcpt_mailer}",
    [MILTER_AT_END] = "i",
};

void milter_end_message(struct milter_session *s)
{
    s->phase = PHASE_CLIENT;
    s->stale = true;
}

bool milter_say(struct milter_session *s, enum milter_reply reply)
{
    milter_packet_write(&s->out, (char)reply, STR_NONE);
    return !s->out.failed;
}

int milter_no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "milter: no memory for what the MTA sends");
}

/* An event that the driver answers if it said so; else it goes on by itself. */
static int raise_event(struct milter_session *s, enum milter_event_type type, unsigned answer,
                       uint32_t no_reply, struct milter_event *event, struct mp_err *err)
{
    event->type = type;
    event->wants_answer = (s->config.answers & answer) != 0;
    if (event->wants_answer)
        s->waiting = type;
    else if ((s->agreed.steps & no_reply) == 0 && !milter_say(s, MILTER_CONTINUE))
        return milter_no_memory(err);
    return MP_OK;
}

/* A command without an event: answered unless the MTA does without. */
static int go_on(struct milter_session *s, uint32_t no_reply, struct mp_err *err)
{
    return (s->agreed.steps & no_reply) != 0 || milter_say(s, MILTER_CONTINUE)
               ? MP_OK
               : milter_no_memory(err);
}

/* ---- the message ------------------------------------------------------------------------------
 */

void milter_body_add(struct milter_session *s, struct str bytes)
{
    if (s->too_big || s->sink_failed || bytes.n == 0)
        return;
    uint64_t room = s->config.max_message_bytes - s->message_bytes;
    if (bytes.n > room) {
        s->too_big = true;
        bytes = str_slice(bytes, 0, (size_t)room);
    }
    if (bytes.n > 0 && !s->sink.add(s->sink.arg, bytes))
        s->sink_failed = true;
    else
        s->message_bytes += bytes.n;
}

/* An old MTA takes one space off a value. Was there none, as it looks? */
static bool begins_without_space(struct str value)
{
    return value.n == 0 || value.p[0] == '\t' || value.p[0] == '\n';
}

static int take_field(struct milter_session *s, struct str payload, struct milter_event *event,
                      struct mp_err *err)
{
    (void)event;
    struct str name, value;
    int st = milter_pair_parse(payload, &name, &value, err);
    if (st != MP_OK)
        return st;
    s->phase = PHASE_FIELDS;
    buf_reset(&s->line);
    buf_add(&s->line, name);
    buf_addc(&s->line, ':');
    if ((s->agreed.steps & MILTER_LEADING_SPACE) == 0 && !begins_without_space(value))
        buf_addc(&s->line, ' ');
    while (value.p != NULL) { /* lines end in LF here, in CRLF on the wire */
        struct str line = str_cut(&value, '\n');
        if (value.p != NULL && str_ends(line, STR("\r")))
            line.n--;
        buf_add(&s->line, line);
        buf_add(&s->line, STR("\r\n"));
    }
    if (s->line.failed)
        return milter_no_memory(err);
    milter_body_add(s, buf_str(&s->line));
    return go_on(s, MILTER_NO_REPLY_HEADER, err);
}

static int take_header_end(struct milter_session *s, struct str payload, struct milter_event *event,
                           struct mp_err *err)
{
    (void)payload, (void)event;
    s->phase = PHASE_BODY;
    milter_body_add(s, STR("\r\n"));
    return go_on(s, MILTER_NO_REPLY_HEADER_END, err);
}

/* A packet of the body begins; it goes into the sink as it comes. */
void milter_begin_body(struct milter_session *s, char command, size_t length)
{
    if (s->phase != PHASE_BODY && length > 0)
        milter_body_add(s, STR("\r\n")); /* the header's end was not told */
    s->phase = PHASE_BODY;
    s->in_body = true;
    s->body_command = command;
    s->body_left = length;
}

int milter_end_body(struct milter_session *s, struct milter_event *event, struct mp_err *err)
{
    s->in_body = false;
    if (s->body_command == MILTER_BODY) {
        if ((s->agreed.steps & MILTER_NO_REPLY_BODY) != 0)
            return MP_OK;
        bool enough = s->too_big || s->sink_failed;
        bool skip = enough && (s->agreed.steps & MILTER_CAN_SKIP) != 0;
        return milter_say(s, skip ? MILTER_SKIP : MILTER_CONTINUE) ? MP_OK : milter_no_memory(err);
    }
    s->phase = PHASE_ENDED;
    s->waiting = MILTER_EVENT_MESSAGE;
    *event = (struct milter_event){
        .type = MILTER_EVENT_MESSAGE,
        .wants_answer = true,
        .message_bytes = s->message_bytes,
        .too_big = s->too_big,
        .sink_failed = s->sink_failed,
        .spaces_lost = (s->agreed.steps & MILTER_LEADING_SPACE) == 0,
    };
    return MP_OK;
}

/* ---- commands ---------------------------------------------------------------------------------
 */

static int take_options(struct milter_session *s, struct str payload, struct milter_event *event,
                        struct mp_err *err)
{
    (void)event;
    struct milter_options offer;
    int st = milter_options_parse(payload, &offer, err);
    if (st != MP_OK)
        return st;
    if (offer.version < MILTER_VERSION_MIN)
        return mp_fail(err, MP_E_USAGE, offer.version, "milter: the MTA speaks version %u only",
                       offer.version);
    uint32_t lacks = s->config.actions & ~offer.actions, answers = s->config.answers;
    if (lacks != 0)
        return mp_fail(err, MP_E_USAGE, lacks,
                       "milter: the MTA does not let filters do all that is needed (0x%x of 0x%x)",
                       lacks, s->config.actions);
    uint32_t steps = MILTER_NO_UNKNOWN | MILTER_NO_REPLY_UNKNOWN | MILTER_NO_REPLY_HEADER |
                     MILTER_NO_REPLY_HEADER_END | MILTER_NO_REPLY_BODY | MILTER_LEADING_SPACE |
                     (answers & MILTER_ANSWER_CONNECT ? 0 : MILTER_NO_REPLY_CONNECT) |
                     (answers & MILTER_ANSWER_HELO ? 0 : MILTER_NO_REPLY_HELO) |
                     (answers & MILTER_ANSWER_MAIL ? 0 : MILTER_NO_REPLY_MAIL) |
                     (answers & MILTER_ANSWER_RCPT ? 0 : MILTER_NO_REPLY_RCPT) |
                     (answers & MILTER_ANSWER_DATA ? 0 : MILTER_NO_DATA | MILTER_NO_REPLY_DATA);
    if ((offer.steps & MILTER_NO_REPLY_BODY) == 0)
        steps |= MILTER_CAN_SKIP; /* each piece is answered anyway */
    s->agreed.version = offer.version < MILTER_VERSION ? offer.version : MILTER_VERSION;
    s->agreed.actions = s->config.actions | (offer.actions & MILTER_CAN_SET_MACROS);
    s->agreed.steps = offer.steps & steps;
    s->phase = PHASE_AGREED;
    bool set_macros = (offer.actions & MILTER_CAN_SET_MACROS) != 0;
    milter_options_write(&s->out, &s->agreed, set_macros ? s->config.macros : NULL);
    return s->out.failed ? milter_no_memory(err) : MP_OK;
}

static int take_connect(struct milter_session *s, struct str payload, struct milter_event *event,
                        struct mp_err *err)
{
    struct milter_connect c;
    struct ip ip = {.family = IP_NONE};
    int st = milter_connect_parse(payload, &c, err);
    if (st != MP_OK)
        return st;
    bool is_inet = c.family == MILTER_FAMILY_INET || c.family == MILTER_FAMILY_INET6;
    if (is_inet && !ip_parse(c.address, &ip)) /* never taken for a local client */
        return mp_fail(err, MP_E_SYNTAX, 0, "milter: \"%.*s\" is no address of a client",
                       (int)(c.address.n < 80 ? c.address.n : 80), c.address.p);
    s->peer = (struct milter_peer){.family = c.family, .ip = ip, .port = c.port};
    s->name_bytes = c.name.n;
    buf_reset(&s->names);
    buf_add(&s->names, c.name);
    buf_add(&s->names, c.address);
    buf_reset(&s->helo);
    s->phase = PHASE_CLIENT;
    if (s->names.failed)
        return milter_no_memory(err);
    return raise_event(s, MILTER_EVENT_CONNECT, MILTER_ANSWER_CONNECT, MILTER_NO_REPLY_CONNECT,
                       event, err);
}

static int take_helo(struct milter_session *s, struct str payload, struct milter_event *event,
                     struct mp_err *err)
{
    struct str name;
    if (!milter_word_next(&payload, &name) || payload.n > 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "milter: HELO with no name or more than one");
    s->peer.has_helo = true;
    buf_reset(&s->helo);
    buf_add(&s->helo, name);
    return s->helo.failed ? milter_no_memory(err)
                          : raise_event(s, MILTER_EVENT_HELO, MILTER_ANSWER_HELO,
                                        MILTER_NO_REPLY_HELO, event, err);
}

/* "<address>" and parameters, copied for the life of the message. */
static int keep_path(struct milter_session *s, struct str words, const char *command,
                     struct milter_rcpt *out, struct mp_err *err)
{
    if (!milter_words_ok(words))
        return mp_fail(err, MP_E_SYNTAX, 0, "milter: %s without an address", command);
    struct str copy = arena_copy(&s->arena, words), address = STR_NONE;
    if (copy.p == NULL)
        return MP_E_LIMIT;
    (void)milter_word_next(&copy, &address);
    if (str_starts(address, STR("<")) && str_ends(address, STR(">")))
        address = str_slice(address, 1, address.n - 1);
    *out = (struct milter_rcpt){address, copy};
    return MP_OK;
}

static int take_mail(struct milter_session *s, struct str payload, struct milter_event *event,
                     struct mp_err *err)
{
    struct milter_rcpt path;
    int st = keep_path(s, payload, "MAIL", &path, err);
    if (st == MP_E_LIMIT)
        return milter_no_memory(err);
    if (st != MP_OK)
        return st;
    if (!s->mail_macros)
        buf_reset(&s->macros[MILTER_AT_MAIL]);
    s->mail_macros = false;
    s->sender = path.address;
    s->sender_params = path.params;
    s->phase = PHASE_MAIL;
    return raise_event(s, MILTER_EVENT_MAIL, MILTER_ANSWER_MAIL, MILTER_NO_REPLY_MAIL, event, err);
}

static int too_many_rcpts(struct milter_session *s, struct mp_err *err)
{
    static const struct milter_refusal refusal = {452, 4, 5, 3, STR_INIT("Too many recipients")};
    if ((s->agreed.steps & MILTER_NO_REPLY_RCPT) != 0)
        return mp_fail(err, MP_E_LIMIT, MILTER_MAX_RCPTS, "milter: more than %d recipients",
                       MILTER_MAX_RCPTS);
    return milter_refusal_write(&s->out, &refusal, err);
}

static int take_rcpt(struct milter_session *s, struct str payload, struct milter_event *event,
                     struct mp_err *err)
{
    struct milter_rcpt rcpt = {.address = STR_NONE}, *list = NULL;
    s->phase = PHASE_RCPT;
    int st =
        s->n_rcpts == MILTER_MAX_RCPTS ? MP_E_LIMIT : keep_path(s, payload, "RCPT", &rcpt, err);
    if (st == MP_OK)
        list = list_room(&s->arena, s->rcpts, s->n_rcpts, &s->rcpts_cap, sizeof *s->rcpts);
    if (st == MP_E_LIMIT || (st == MP_OK && list == NULL))
        return too_many_rcpts(s, err);
    if (st != MP_OK)
        return st;
    s->rcpts = list;
    s->rcpts[s->n_rcpts++] = rcpt;
    event->rcpt = rcpt;
    return raise_event(s, MILTER_EVENT_RCPT, MILTER_ANSWER_RCPT, MILTER_NO_REPLY_RCPT, event, err);
}

static int take_data(struct milter_session *s, struct str payload, struct milter_event *event,
                     struct mp_err *err)
{
    (void)payload;
    s->phase = PHASE_DATA;
    if ((s->config.answers & MILTER_ANSWER_DATA) == 0)
        return go_on(s, MILTER_NO_REPLY_DATA, err);
    return raise_event(s, MILTER_EVENT_DATA, MILTER_ANSWER_DATA, MILTER_NO_REPLY_DATA, event, err);
}

static int take_unknown(struct milter_session *s, struct str payload, struct milter_event *event,
                        struct mp_err *err)
{
    (void)payload, (void)event;
    return go_on(s, MILTER_NO_REPLY_UNKNOWN, err);
}

static int take_abort(struct milter_session *s, struct str payload, struct milter_event *event,
                      struct mp_err *err)
{
    (void)payload, (void)err;
    if ((s->phase & PHASE_IN_MESSAGE) == 0)
        return MP_OK;
    event->type = MILTER_EVENT_ABORT;
    milter_end_message(s);
    return MP_OK;
}

static int take_quit(struct milter_session *s, struct str payload, struct milter_event *event,
                     struct mp_err *err)
{
    (void)payload, (void)err;
    event->type = MILTER_EVENT_QUIT;
    s->phase = PHASE_CLOSED;
    return MP_OK;
}

static int take_quit_new(struct milter_session *s, struct str payload, struct milter_event *event,
                         struct mp_err *err)
{
    (void)payload, (void)err;
    milter_forget_message(s);
    s->mail_macros = false;
    for (unsigned i = 0; i < MILTER_STAGES; i++)
        buf_reset(&s->macros[i]);
    s->peer = (struct milter_peer){.family = MILTER_FAMILY_UNKNOWN};
    s->name_bytes = 0;
    buf_reset(&s->names);
    buf_reset(&s->helo);
    event->type = MILTER_EVENT_NEW;
    s->phase = PHASE_AGREED;
    return MP_OK;
}

static int take_macros(struct milter_session *s, struct str payload, struct milter_event *event,
                       struct mp_err *err)
{
    static const struct {
        char command;
        enum milter_stage stage;
    } stages[] = {
        {MILTER_CONNECT, MILTER_AT_CONNECT}, {MILTER_HELO, MILTER_AT_HELO},
        {MILTER_MAIL, MILTER_AT_MAIL},       {MILTER_RCPT, MILTER_AT_RCPT},
        {MILTER_DATA, MILTER_AT_DATA},       {MILTER_HEADER, MILTER_AT_HEADER_END},
        {MILTER_BODY, MILTER_AT_HEADER_END}, {MILTER_HEADER_END, MILTER_AT_HEADER_END},
        {MILTER_BODY_END, MILTER_AT_END},
    };
    (void)event;
    if (payload.n == 0 || (payload.n > 1 && !milter_words_ok(str_slice(payload, 1, payload.n))))
        return mp_fail(err, MP_E_SYNTAX, 0, "milter: macros that do not end");
    for (size_t i = 0; i < ARRAY_LEN(stages); i++) {
        if (stages[i].command != payload.p[0])
            continue;
        struct buf *macros = &s->macros[stages[i].stage];
        buf_reset(macros);
        buf_add(macros, str_slice(payload, 1, payload.n));
        s->mail_macros |= stages[i].stage == MILTER_AT_MAIL;
        return macros->failed ? milter_no_memory(err) : MP_OK;
    }
    return MP_OK; /* of a command that we do not know, or do not look at */
}

/* ---- the order --------------------------------------------------------------------------------
 */

enum {
    PHASES_ANY = PHASE_AGREED | PHASE_CLIENT | PHASE_IN_MESSAGE,
    PHASES_CLIENT = PHASE_CLIENT | PHASE_IN_MESSAGE,
    PHASES_CONTENT = PHASE_RCPT | PHASE_DATA | PHASE_FIELDS
};

static const struct milter_rule rules[] = {
    {MILTER_HEADER, "HEADER", PHASES_CONTENT, false, take_field},
    {MILTER_BODY, "BODY", PHASES_CONTENT | PHASE_BODY, false, NULL},
    {MILTER_MACRO, "MACRO", PHASES_ANY, false, take_macros},
    {MILTER_RCPT, "RCPT", PHASE_MAIL | PHASE_RCPT, false, take_rcpt},
    {MILTER_MAIL, "MAIL", PHASES_CLIENT, true, take_mail},
    {MILTER_HEADER_END, "EOH", PHASES_CONTENT, false, take_header_end},
    {MILTER_BODY_END, "BODYEOB", PHASES_CONTENT | PHASE_BODY, false, NULL},
    {MILTER_DATA, "DATA", PHASE_RCPT, false, take_data},
    {MILTER_CONNECT, "CONNECT", PHASE_AGREED, false, take_connect},
    {MILTER_HELO, "HELO", PHASES_CLIENT, true, take_helo},
    {MILTER_ABORT, "ABORT", PHASES_ANY, false, take_abort},
    {MILTER_QUIT, "QUIT", PHASE_START | PHASES_ANY, false, take_quit},
    {MILTER_QUIT_NEW, "QUIT_NC", PHASES_ANY, false, take_quit_new},
    {MILTER_OPTIONS, "OPTNEG", PHASE_START, false, take_options},
    {MILTER_UNKNOWN, "UNKNOWN", PHASES_ANY, false, take_unknown},
};

static const char *phase_name(unsigned phase)
{
    static const struct {
        unsigned phase;
        const char *name;
    } names[] = {
        {PHASE_START, "before the options"}, {PHASE_AGREED, "before a client"},
        {PHASE_CLIENT, "between messages"},  {PHASE_MAIL, "after MAIL"},
        {PHASE_RCPT, "after RCPT"},          {PHASE_DATA, "after DATA"},
        {PHASE_FIELDS, "in the header"},     {PHASE_BODY, "in the body"},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (names[i].phase == phase)
            return names[i].name;
    return "at the end";
}

int milter_find_rule(const struct milter_session *s, char command, const struct milter_rule **out,
                     struct mp_err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (rules[i].command != command)
            continue;
        if ((rules[i].phases & s->phase) == 0)
            return mp_fail(err, MP_E_SYNTAX, command, "milter: %s %s", rules[i].name,
                           phase_name(s->phase));
        *out = &rules[i];
        return MP_OK;
    }
    return mp_fail(err, MP_E_SYNTAX, command, "milter: no command 0x%02x", (unsigned char)command);
}
