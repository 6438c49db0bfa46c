/* The MTA's role: commands, a message in pieces, the filter's answers. */
#include "milter/client.h"

void milter_client_begin(struct milter_client *c, const struct milter_options *offer,
                         struct buf *out)
{
    *c = (struct milter_client){.offer = *offer};
    milter_options_write(out, offer, NULL);
}

int milter_client_agree(struct milter_client *c, const struct milter_packet *p, struct mp_err *err)
{
    struct milter_options o;
    if (p->command != MILTER_OPTIONS)
        return mp_fail(err, MP_E_SYNTAX, p->command, "milter: no options but a packet 0x%02x",
                       (unsigned char)p->command);
    int st = milter_options_parse(p->payload, &o, err);
    if (st != MP_OK)
        return st;
    if (o.version > c->offer.version || (o.actions & ~c->offer.actions) != 0 ||
        (o.steps & ~c->offer.steps) != 0)
        return mp_fail(err, MP_E_SYNTAX, 0,
                       "milter: the filter asks for more than was offered: version %u, actions "
                       "0x%x, steps 0x%x",
                       o.version, o.actions, o.steps);
    c->agreed = o;
    return MP_OK;
}

/* The bits of a command: not to be sent, not to be answered. */
static const struct {
    enum milter_command command;
    uint32_t no_send, no_reply;
} commands[] = {
    {MILTER_CONNECT, MILTER_NO_CONNECT, MILTER_NO_REPLY_CONNECT},
    {MILTER_HELO, MILTER_NO_HELO, MILTER_NO_REPLY_HELO},
    {MILTER_MAIL, MILTER_NO_MAIL, MILTER_NO_REPLY_MAIL},
    {MILTER_RCPT, MILTER_NO_RCPT, MILTER_NO_REPLY_RCPT},
    {MILTER_DATA, MILTER_NO_DATA, MILTER_NO_REPLY_DATA},
    {MILTER_HEADER, MILTER_NO_HEADERS, MILTER_NO_REPLY_HEADER},
    {MILTER_HEADER_END, MILTER_NO_HEADER_END, MILTER_NO_REPLY_HEADER_END},
    {MILTER_BODY, MILTER_NO_BODY, MILTER_NO_REPLY_BODY},
    {MILTER_UNKNOWN, MILTER_NO_UNKNOWN, MILTER_NO_REPLY_UNKNOWN},
};

bool milter_client_sends(const struct milter_client *c, enum milter_command command)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (commands[i].command == command)
            return (c->agreed.steps & commands[i].no_send) == 0;
    return true;
}

bool milter_client_awaits(const struct milter_client *c, enum milter_command command)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (commands[i].command == command)
            return (c->agreed.steps & (commands[i].no_send | commands[i].no_reply)) == 0;
    return command == MILTER_OPTIONS || command == MILTER_BODY_END;
}

void milter_client_connect(struct buf *out, struct str name, enum milter_family family,
                           uint16_t port, struct str address)
{
    const char head[] = {(char)family, (char)(port >> 8), (char)port};
    bool known = family != MILTER_FAMILY_UNKNOWN;
    const struct milter_part parts[] = {{name, true},
                                        {str_make(head, known ? sizeof head : 1), false},
                                        {address, true}};
    milter_parts_write(out, MILTER_CONNECT, parts, known ? 3 : 2);
}

static void write_words(struct buf *out, char command, struct str first, const struct str *words,
                        size_t n)
{
    size_t length = 1 + first.n;
    for (size_t i = 0; i < n; i++)
        length += words[i].n + 1;
    milter_number_write(out, (uint32_t)length);
    buf_addc(out, command);
    buf_add(out, first);
    for (size_t i = 0; i < n; i++) {
        buf_add(out, words[i]);
        buf_addc(out, '\0');
    }
}

void milter_client_words(struct buf *out, enum milter_command command, const struct str *words,
                         size_t n)
{
    write_words(out, (char)command, STR_NONE, words, n);
}

void milter_client_macros(struct buf *out, enum milter_command command, const struct str *pairs,
                          size_t n_strings)
{
    const char of = (char)command;
    write_words(out, MILTER_MACRO, str_make(&of, 1), pairs, n_strings);
}

/* ---- a message in pieces --------------------------------------------------------------------- */

/* The next field with its folded lines, without its last CRLF, off the front. False: the header
 * has ended, and so has its blank line been taken. */
static bool next_field(struct str *rest, struct str *name, struct str *value)
{
    size_t end = str_search(*rest, STR("\r\n"));
    size_t colon = str_find(str_slice(*rest, 0, end), ':');
    if (end == 0)
        *rest = str_slice(*rest, 2, rest->n);
    if (colon == 0 || colon >= end)
        return false;
    while (end + 2 < rest->n && is_wsp(rest->p[end + 2]))
        end += 2 + str_search(str_slice(*rest, end + 2, rest->n), STR("\r\n"));
    *name = str_trim_wsp(str_slice(*rest, 0, colon)); /* as MTAs do */
    *value = str_slice(*rest, colon + 1, end);
    *rest = str_slice(*rest, end + 2, rest->n);
    return true;
}

/* CRLF within becomes LF; one space behind the colon goes when the filter did not ask for it. */
static void write_field(const struct milter_client *c, struct buf *out, struct str name,
                        struct str value)
{
    if ((c->agreed.steps & MILTER_LEADING_SPACE) == 0 && str_starts(value, STR(" ")))
        value = str_slice(value, 1, value.n);
    size_t breaks = 0, at;
    for (struct str v = value; (at = str_search(v, STR("\r\n"))) < v.n;) {
        breaks++;
        v = str_slice(v, at + 2, v.n);
    }
    milter_number_write(out, (uint32_t)(1 + name.n + 1 + value.n - breaks + 1));
    buf_addc(out, MILTER_HEADER);
    buf_add(out, name);
    buf_addc(out, '\0');
    while ((at = str_search(value, STR("\r\n"))) < value.n) {
        buf_add(out, str_slice(value, 0, at));
        buf_addc(out, '\n');
        value = str_slice(value, at + 2, value.n);
    }
    buf_add(out, value);
    buf_addc(out, '\0');
}

static void write_body(const struct milter_client *c, struct milter_client_message *m,
                       struct buf *out)
{
    while (m->rest.n > 0 && milter_client_sends(c, MILTER_BODY)) {
        struct str piece = str_slice(m->rest, 0, MILTER_CHUNK_BYTES);
        if (m->body_in_end && piece.n == m->rest.n)
            break;
        m->rest = str_slice(m->rest, piece.n, m->rest.n);
        milter_packet_write(out, MILTER_BODY, piece);
        if (milter_client_awaits(c, MILTER_BODY))
            return;
    }
    bool last = m->body_in_end && milter_client_sends(c, MILTER_BODY);
    milter_packet_write(out, MILTER_BODY_END, last ? m->rest : STR_NONE);
    m->ended = true;
}

void milter_client_next(const struct milter_client *c, struct milter_client_message *m,
                        struct buf *out)
{
    struct str name, value;
    while (!m->in_body) {
        if (!next_field(&m->rest, &name, &value)) {
            m->in_body = true;
            if (!milter_client_sends(c, MILTER_HEADER_END))
                break;
            milter_packet_write(out, MILTER_HEADER_END, STR_NONE);
            if (milter_client_awaits(c, MILTER_HEADER_END))
                return;
        } else if (milter_client_sends(c, MILTER_HEADER)) {
            write_field(c, out, name, value);
            if (milter_client_awaits(c, MILTER_HEADER))
                return;
        }
    }
    if (!m->ended)
        write_body(c, m, out);
}

/* ---- answers --------------------------------------------------------------------------------- */

enum milter_meaning milter_client_meaning(char reply)
{
    static const struct {
        const char *replies;
        enum milter_meaning meaning;
    } table[] = {
        {"acdrstyf4", MILTER_MEANS_WORD},
        {"+-2behimq", MILTER_MEANS_EDIT},
        {"p", MILTER_MEANS_PROGRESS},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (str_has(str_from(table[i].replies), reply))
            return table[i].meaning;
    return MILTER_MEANS_NOTHING;
}

int milter_client_edit(const struct milter_packet *p, uint32_t *index, struct str *name,
                       struct str *value, struct mp_err *err)
{
    struct str payload = p->payload;
    bool has_index = p->command == MILTER_INSERT_HEADER || p->command == MILTER_CHANGE_HEADER;
    if (!has_index && p->command != MILTER_ADD_HEADER)
        return mp_fail(err, MP_E_SYNTAX, p->command, "milter: no edit of a field");
    if (has_index && payload.n < 4)
        return mp_fail(err, MP_E_SYNTAX, 0, "milter: an edit without its index");
    uint32_t n = has_index ? milter_number_at(payload, 0) : 0;
    int st = milter_pair_parse(str_slice(payload, has_index ? 4 : 0, payload.n), name, value, err);
    if (st == MP_OK)
        *index = n;
    return st;
}
