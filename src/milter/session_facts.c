/* What a session knows of its client and its message. */
#include "milter/session.h"

#include "milter/session_internal.h"

void milter_session_peer(const struct milter_session *s, struct milter_peer *out)
{
    struct str names = buf_str(&s->names);
    *out = s->peer;
    out->name = str_slice(names, 0, s->name_bytes);
    out->address = str_slice(names, s->name_bytes, names.n);
    out->helo = buf_str(&s->helo);
}

void milter_session_envelope(const struct milter_session *s, struct milter_envelope *out)
{
    *out = (struct milter_envelope){s->sender, s->sender_params, s->rcpts, s->n_rcpts};
}

/* Sendmail writes "{name}" and single letters bare; MTAs are not all of one mind. */
static struct str bare(struct str name)
{
    return str_starts(name, STR("{")) && str_ends(name, STR("}")) ? str_slice(name, 1, name.n - 1)
                                                                  : name;
}

/* In the stage's macros; p == NULL when it is not there. */
static struct str macro_in(struct str macros, struct str name)
{
    struct str key, value, found = STR_NONE;
    while (milter_word_next(&macros, &key) && milter_word_next(&macros, &value))
        if (str_eq(bare(key), name))
            found = value;
    return found;
}

struct str milter_session_macro(const struct milter_session *s, const char *name)
{
    static const enum milter_stage newest_first[] = {
        MILTER_AT_END,  MILTER_AT_HEADER_END, MILTER_AT_DATA,    MILTER_AT_RCPT,
        MILTER_AT_MAIL, MILTER_AT_HELO,       MILTER_AT_CONNECT,
    };
    struct str wanted = bare(str_from(name)), found = STR_NONE;
    for (size_t i = 0; i < ARRAY_LEN(newest_first) && found.p == NULL; i++)
        found = macro_in(buf_str(&s->macros[newest_first[i]]), wanted);
    return found;
}

struct str milter_session_macros(const struct milter_session *s, enum milter_stage stage)
{
    return buf_str(&s->macros[stage]);
}

struct milter_options milter_session_options(const struct milter_session *s)
{
    return s->agreed;
}

bool milter_session_waits(const struct milter_session *s)
{
    return s->waiting != MILTER_EVENT_NONE;
}

bool milter_session_in_message(const struct milter_session *s)
{
    return (s->phase & PHASE_IN_MESSAGE) != 0;
}

struct str milter_session_output(const struct milter_session *s)
{
    return str_slice(buf_str(&s->out), s->sent, s->out.n);
}

void milter_session_sent(struct milter_session *s, size_t n_bytes)
{
    s->sent += n_bytes < s->out.n - s->sent ? n_bytes : s->out.n - s->sent;
    if (s->sent == s->out.n) {
        buf_reset(&s->out);
        s->sent = 0;
    }
}
