/* Is this the message that is waited for? By what it says, whatever a server's search found. */
#include "arrival/mailbox_internal.h"
#include "message/address.h"
#include "message/encoded_word.h"

/* Without case; the needle is ours and short. */
static bool contains(struct str text, struct str needle)
{
    for (size_t i = 0; i + needle.n <= text.n; i++)
        if (str_ieq(str_slice(text, i, i + needle.n), needle))
            return true;
    return false;
}

static struct str without_angles(struct str s)
{
    s = str_trim(s);
    return s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>' ? str_slice(s, 1, s.n - 1) : s;
}

static struct str decoded(struct arena *a, const struct message *m, struct str name)
{
    const struct header *h = header_first(m, name);
    return h == NULL ? STR("") : encoded_word_decode(a, h->value, NULL);
}

/* Where the fields stand that the parser does not show: below more than it reads; or, where the
 * message began with an empty line and a server put its own fields on top, in the first paragraph
 * of a body that nothing describes. What merely quotes a message is another one. */
static struct str hidden_fields(const struct message *m)
{
    struct str rest = m->raw;
    bool cut = message_has(m, ANOMALY_TOO_MANY_FIELDS) || message_has(m, ANOMALY_HEAD_TOO_LONG);
    if (!cut && header_first(m, STR("Content-Type")) != NULL)
        return STR("");
    if (!cut)
        for (rest = m->body; rest.n > 0 && (rest.p[0] == '\r' || rest.p[0] == '\n');)
            rest = str_slice(rest, 1, rest.n);
    return str_slice(rest, 0, str_search(rest, STR("\r\n\r\n")));
}

static bool is_hidden(const struct message *m, struct str tag)
{
    static const struct str names[] = {STR_INIT("X-Mailproof-Tag:"), STR_INIT("Message-ID:"),
                                       STR_INIT("Subject:")};
    for (struct str rest = hidden_fields(m); rest.p != NULL && rest.n > 0;) {
        struct str line = str_cut(&rest, '\n');
        for (size_t i = 0; i < ARRAY_LEN(names); i++)
            if (str_istarts(line, names[i]) && contains(line, tag))
                return true;
    }
    return false;
}

static bool has_tag(struct arena *a, const struct message *m, struct str tag)
{
    const struct header *id = header_first(m, STR("Message-ID"));
    for (const struct header *h = header_last(m, STR("X-Mailproof-Tag")); h != NULL;
         h = header_above(m, h))
        if (str_ieq(str_trim(h->value), tag))
            return true;
    return (id != NULL && contains(id->value, tag)) ||
           contains(decoded(a, m, STR("Subject")), tag) || is_hidden(m, tag);
}

static bool has_message_id(struct arena *a, const struct message *m, struct str wanted)
{
    const struct header *h = header_first(m, STR("Message-ID"));
    return h != NULL && str_eq(without_angles(header_unfold(a, h->value)), without_angles(wanted));
}

static bool is_address(const struct mailbox *x, struct str wanted)
{
    size_t at = str_rfind(wanted, '@');
    return str_ieq(x->local, str_slice(wanted, 0, at)) &&
           str_ieq(x->domain, str_slice(wanted, at + 1, wanted.n));
}

static bool names_address(struct arena *a, const struct message *m, struct str name,
                          struct str wanted)
{
    for (const struct header *h = header_last(m, name); h != NULL; h = header_above(m, h)) {
        struct address_list list;
        address_parse(a, h->value, &list);
        for (size_t i = 0; i < list.n; i++)
            if (is_address(&list.items[i], wanted))
                return true;
    }
    return false;
}

static bool is_to(struct arena *a, const struct message *m, const struct store_delivery *d,
                  struct str wanted)
{
    static const struct str names[] = {STR_INIT("To"), STR_INIT("Cc"), STR_INIT("Delivered-To"),
                                       STR_INIT("X-Original-To"), STR_INIT("Envelope-To")};
    for (size_t i = 0; d != NULL && i < d->n_rcpts; i++)
        if (str_ieq(d->rcpts[i], wanted))
            return true;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (names_address(a, m, names[i], wanted))
            return true;
    return false;
}

static bool is_from(struct arena *a, const struct message *m, const struct store_delivery *d,
                    struct str wanted)
{
    const struct header *h = header_first(m, STR("From"));
    return (d != NULL && contains(d->mail_from, wanted)) ||
           (h != NULL && contains(header_unfold(a, h->value), wanted)) ||
           contains(decoded(a, m, STR("From")), wanted);
}

/* Of what a bounce returns; of all of it when it returns nothing that can be read. */
static int is_bounce_of(struct arena *a, const struct message *m, const struct mailbox_match *match,
                        bool *yes, struct mp_err *err)
{
    struct trace_dsn dsn;
    int st = trace_dsn(a, m, &dsn, err);
    if (st != MP_OK)
        return st;
    struct str returned = dsn.original.n > 0 ? dsn.original : m->body;
    struct str id = without_angles(match->message_id);
    *yes = dsn.is_dsn && (match->tag.n == 0 || contains(returned, match->tag)) &&
           (id.n == 0 || str_search(returned, id) < returned.n);
    return MP_OK;
}

int mailbox_matches(struct arena *a, const struct mailbox_match *match, struct str raw,
                    const struct store_delivery *d, bool *yes, struct mp_err *err)
{
    struct message m;
    bool fits = true;
    int st = message_parse(a, raw, &m, err);
    if (st != MP_OK)
        return st;
    if (match->bounce)
        st = is_bounce_of(a, &m, match, &fits, err);
    else
        fits = (match->tag.n == 0 || has_tag(a, &m, match->tag)) &&
               (match->message_id.n == 0 || has_message_id(a, &m, match->message_id));
    *yes = fits && (match->to.n == 0 || is_to(a, &m, d, match->to)) &&
           (match->from.n == 0 || is_from(a, &m, d, match->from)) &&
           (match->subject.n == 0 || contains(decoded(a, &m, STR("Subject")), match->subject));
    return st;
}
