/* Packets of the milter protocol: framing, what they carry, and how they are written. */
#include "milter/packet.h"

#include "base/bytes.h"

enum { NUMBER_BYTES = 4, OPTIONS_BYTES = 3 * NUMBER_BYTES };

/* ---- reading ------------------------------------------------------------------------------- */

int milter_packet_head(struct str in, size_t max_bytes, size_t *length, char *command,
                       struct mp_err *err)
{
    if (in.n < NUMBER_BYTES)
        return MP_WAIT;
    size_t n = be32_at(in, 0);
    if (n == 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "milter: a packet of no bytes");
    if (n - 1 > max_bytes)
        return mp_fail(err, MP_E_LIMIT, (int64_t)max_bytes,
                       "milter: a packet of %zu bytes, longer than %zu", n, max_bytes + 1);
    if (in.n < MILTER_HEAD_BYTES)
        return MP_WAIT;
    *length = n;
    *command = in.p[NUMBER_BYTES];
    return MP_OK;
}

int milter_packet_next(struct str *in, size_t max_bytes, struct milter_packet *out,
                       struct mp_err *err)
{
    size_t length = 0;
    char command = 0;
    int st = milter_packet_head(*in, max_bytes, &length, &command, err);
    if (st != MP_OK)
        return st;
    if (in->n - NUMBER_BYTES < length)
        return MP_WAIT;
    *out =
        (struct milter_packet){command, str_slice(*in, MILTER_HEAD_BYTES, NUMBER_BYTES + length)};
    *in = str_slice(*in, NUMBER_BYTES + length, in->n);
    return MP_OK;
}

int milter_options_parse(struct str payload, struct milter_options *out, struct mp_err *err)
{
    if (payload.n < OPTIONS_BYTES)
        return mp_fail(err, MP_E_SYNTAX, 0, "milter: options of %zu bytes instead of %d", payload.n,
                       OPTIONS_BYTES);
    struct str macros = str_slice(payload, OPTIONS_BYTES, payload.n), rest = macros, list;
    uint32_t stage;
    while (milter_options_next(&rest, &stage, &list)) {}
    if (rest.n > 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "milter: a list of macros in the options is broken");
    *out = (struct milter_options){be32_at(payload, 0), be32_at(payload, NUMBER_BYTES),
                                   be32_at(payload, 2u * NUMBER_BYTES), macros};
    return MP_OK;
}

bool milter_options_next(struct str *macros, uint32_t *stage, struct str *list)
{
    struct str rest = str_slice(*macros, NUMBER_BYTES, macros->n);
    if (macros->n <= NUMBER_BYTES || !milter_word_next(&rest, list))
        return false;
    *stage = be32_at(*macros, 0);
    *macros = rest;
    return true;
}

static bool is_family(char c)
{
    return c == MILTER_FAMILY_UNKNOWN || c == MILTER_FAMILY_UNIX || c == MILTER_FAMILY_INET ||
           c == MILTER_FAMILY_INET6;
}

int milter_connect_parse(struct str payload, struct milter_connect *out, struct mp_err *err)
{
    struct milter_connect c = {.family = MILTER_FAMILY_UNKNOWN};
    if (!milter_word_next(&payload, &c.name) || payload.n == 0 || !is_family(payload.p[0]))
        return mp_fail(err, MP_E_SYNTAX, 0, "milter: the connection has no name or no family");
    c.family = (enum milter_family)payload.p[0];
    payload = str_slice(payload, 1, payload.n);
    if (c.family == MILTER_FAMILY_UNKNOWN) {
        payload = STR_NONE; /* libmilter does not look at it either */
    } else {
        c.port = (uint16_t)be16_at(payload, 0);
        if (payload.n < 2 + 1)
            return mp_fail(err, MP_E_SYNTAX, 0, "milter: the connection has no address");
        payload = str_slice(payload, 2, payload.n);
        if (!milter_word_next(&payload, &c.address))
            return mp_fail(err, MP_E_SYNTAX, 0, "milter: the connection's address does not end");
        if (c.family == MILTER_FAMILY_INET6 && str_istarts(c.address, STR("IPv6:")))
            c.address = str_slice(c.address, STR("IPv6:").n, c.address.n);
    }
    if (payload.n > 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "milter: %zu bytes behind the connection", payload.n);
    *out = c;
    return MP_OK;
}

bool milter_word_next(struct str *words, struct str *out)
{
    size_t end = str_find(*words, '\0');
    if (end == words->n)
        return false;
    *out = str_slice(*words, 0, end);
    *words = str_slice(*words, end + 1, words->n);
    return true;
}

bool milter_words_ok(struct str words)
{
    return words.n > 0 && words.p[words.n - 1] == '\0';
}

int milter_pair_parse(struct str payload, struct str *name, struct str *value, struct mp_err *err)
{
    struct str first, second;
    if (!milter_word_next(&payload, &first) || !milter_word_next(&payload, &second))
        return mp_fail(err, MP_E_SYNTAX, 0, "milter: a name or a value does not end");
    if (payload.n > 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "milter: %zu bytes behind a name and its value",
                       payload.n);
    *name = first;
    *value = second;
    return MP_OK;
}

/* ---- writing ------------------------------------------------------------------------------- */

void milter_number_write(struct buf *out, uint32_t n)
{
    const char octets[NUMBER_BYTES] = {(char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n};
    buf_add(out, str_make(octets, NUMBER_BYTES));
}

uint32_t milter_number_at(struct str s, size_t at)
{
    return be32_at(s, at);
}

void milter_packet_write(struct buf *out, char command, struct str payload)
{
    milter_number_write(out, (uint32_t)payload.n + 1);
    buf_addc(out, command);
    buf_add(out, payload);
}

void milter_parts_write(struct buf *out, char command, const struct milter_part *parts, size_t n)
{
    size_t length = 1;
    for (size_t i = 0; i < n; i++)
        length += parts[i].text.n + parts[i].end;
    milter_number_write(out, (uint32_t)length);
    buf_addc(out, command);
    for (size_t i = 0; i < n; i++) {
        buf_add(out, parts[i].text);
        if (parts[i].end)
            buf_addc(out, '\0');
    }
}

void milter_options_write(struct buf *out, const struct milter_options *o,
                          const char *const lists[MILTER_STAGES])
{
    size_t length = 1 + OPTIONS_BYTES;
    for (unsigned i = 0; lists != NULL && i < MILTER_STAGES; i++)
        if (lists[i] != NULL)
            length += NUMBER_BYTES + str_from(lists[i]).n + 1;
    milter_number_write(out, (uint32_t)length);
    buf_addc(out, MILTER_OPTIONS);
    milter_number_write(out, o->version);
    milter_number_write(out, o->actions);
    milter_number_write(out, o->steps);
    for (unsigned i = 0; lists != NULL && i < MILTER_STAGES; i++) {
        if (lists[i] == NULL)
            continue;
        milter_number_write(out, i);
        buf_addz(out, lists[i]);
        buf_addc(out, '\0');
    }
}
