/* Delivery status notifications (RFC 3464, RFC 6522, RFC 6533): who says that what was not
 * delivered, also as broken servers write it. */
#include "trace/trace_internal.h"

enum { DSN_MAX_RCPTS = 1000, DSN_STATUS_MAX_DIGITS = 3 };

/* ---- fields of message/delivery-status: groups with an empty line between ---- */

/* One line, its continuation lines joined by a space. False: an empty line or the end. */
static bool next_field(struct arena *a, struct str *text, struct str *name, struct str *value)
{
    struct str line = str_cut(text, '\n');
    if (str_trim(line).n == 0)
        return false;
    size_t colon = str_find(line, ':');
    *name = str_trim(str_slice(line, 0, colon));
    const char *from = line.p + (colon < line.n ? colon + 1 : colon);
    const char *to = line.p + line.n;
    while (text->n > 0 && is_wsp(text->p[0])) {
        struct str more = *text;
        struct str folded = str_cut(&more, '\n');
        if (str_trim(folded).n == 0)
            break;
        *text = more;
        to = folded.p + folded.n;
    }
    struct str raw = str_make(from, (size_t)(to - from));
    char *p = arena_new(a, char, raw.n + 1);
    size_t n = 0;
    for (size_t i = 0; p != NULL && i < raw.n; i++) {
        if (!is_fws(raw.p[i]))
            p[n++] = raw.p[i];
        else if (n > 0 && p[n - 1] != ' ')
            p[n++] = ' ';
    }
    *value = p == NULL ? str_trim(raw) : str_trim(str_make(p, n));
    return true;
}

/* "rfc822; user@host", "dns; mx.host": what stands behind the type; all when there is none. */
static struct str without_type(struct str value)
{
    size_t semicolon = str_find(value, ';');
    for (size_t i = 0; i < semicolon && semicolon < value.n; i++)
        if (!is_alnum(value.p[i]) && value.p[i] != '-' && value.p[i] != ' ')
            return value;
    return str_trim(str_slice(value, semicolon < value.n ? semicolon + 1 : 0, value.n));
}

/* "5.1.1" at the beginning, whatever follows ("5.1.1 (bad address)"); empty: none. */
static struct str status_code(struct str value)
{
    size_t at = 0;
    for (unsigned group = 0; group < 3; group++) {
        size_t digits = 0;
        if (group > 0 && (at >= value.n || value.p[at++] != '.'))
            return STR("");
        for (; at < value.n && is_digit(value.p[at]); at++)
            digits++;
        if (digits == 0 || digits > DSN_STATUS_MAX_DIGITS)
            return STR("");
    }
    return str_slice(value, 0, at);
}

static struct str first_word(struct str value)
{
    size_t n = 0;
    while (n < value.n && (is_alnum(value.p[n]) || value.p[n] == '-'))
        n++;
    return str_slice(value, 0, n);
}

static void set_once(struct str *slot, struct str value)
{
    if (slot->n == 0)
        *slot = value;
}

static void read_message_field(struct trace_dsn *d, struct str name, struct str value)
{
    if (str_ieq(name, STR("Reporting-MTA")))
        set_once(&d->reporting_mta, without_type(value));
    else if (str_ieq(name, STR("Original-Envelope-Id")))
        set_once(&d->envid, value);
}

static bool read_rcpt_field(struct trace_dsn_rcpt *r, struct str name, struct str value)
{
    const struct {
        struct str name;
        struct str *slot;
        struct str value;
    } rows[] = {{STR("Final-Recipient"), &r->final_rcpt, without_type(value)},
                {STR("Original-Recipient"), &r->original_rcpt, without_type(value)},
                {STR("Action"), &r->action, first_word(value)},
                {STR("Status"), &r->status, status_code(value)},
                {STR("Diagnostic-Code"), &r->diagnostic, without_type(value)},
                {STR("Remote-MTA"), &r->remote_mta, without_type(value)}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!str_ieq(name, rows[i].name))
            continue;
        set_once(rows[i].slot, rows[i].value);
        return true;
    }
    return false;
}

/* Where a server gives no status the code in its words is taken: "550 5.1.1 unknown user". */
static void complete(struct trace_dsn_rcpt *r)
{
    struct str words = r->diagnostic;
    while (r->status.n == 0 && words.p != NULL && words.n > 0)
        r->status = status_code(str_trim(str_cut(&words, ' ')));
}

static bool is_told(const struct trace_dsn_rcpt *r)
{
    return r->final_rcpt.n > 0 || r->original_rcpt.n > 0 || r->action.n > 0 || r->status.n > 0;
}

/* The first group is of the message; some servers leave it out, or the empty line behind it. A
 * further Final-Recipient in one group begins the next recipient. */
static int read_status(struct arena *a, struct str text, struct trace_dsn *d, struct mp_err *err)
{
    size_t cap = d->n_rcpts;
    struct trace_dsn_rcpt now = {0};
    while (text.p != NULL && d->n_rcpts < DSN_MAX_RCPTS) {
        struct str name, value;
        struct str behind = text;
        bool is_field = next_field(a, &behind, &name, &value);
        bool is_next = is_field && str_ieq(name, STR("Final-Recipient")) && now.final_rcpt.n > 0;
        bool ends = !is_field || is_next || behind.p == NULL;
        text = is_next ? text : behind;
        if (is_field && !is_next && !read_rcpt_field(&now, name, value))
            read_message_field(d, name, value);
        if (!ends || !is_told(&now))
            continue;
        if (d->n_rcpts == cap) {
            cap = cap == 0 ? 4 : cap * 2;
            void *grown = arena_grow(a, d->rcpts, d->n_rcpts, cap, sizeof d->rcpts[0]);
            if (grown == NULL)
                return mp_fail(err, MP_E_NOMEM, 0, "no memory for the recipients of a bounce");
            d->rcpts = grown;
        }
        complete(&now);
        d->rcpts[d->n_rcpts++] = now;
        now = (struct trace_dsn_rcpt){0};
    }
    return MP_OK;
}

/* ---- the message around ---- */

static struct str part_text(struct arena *a, const struct message *m, const struct mime_part *p)
{
    size_t bad_bytes;
    struct str body = str_slice(m->raw, p->body_offset, p->body_offset + p->body_length);
    return transfer_decode(a, body, p->encoding, &bad_bytes);
}

static bool is_type(const struct mime_part *p, struct str type, struct str subtype)
{
    return str_eq(p->type, type) && str_eq(p->subtype, subtype);
}

static bool is_returned(const struct mime_part *p)
{
    return is_type(p, STR("message"), STR("rfc822")) || is_type(p, STR("message"), STR("global")) ||
           is_type(p, STR("text"), STR("rfc822-headers")) ||
           is_type(p, STR("message"), STR("rfc822-headers")) ||
           is_type(p, STR("message"), STR("global-headers"));
}

static bool is_status(const struct mime_part *p)
{
    return is_type(p, STR("message"), STR("delivery-status")) ||
           is_type(p, STR("message"), STR("global-delivery-status"));
}

static struct str without_angles(struct str s)
{
    s = str_trim(s);
    return s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>' ? str_slice(s, 1, s.n - 1) : s;
}

static int read_original(struct arena *a, struct str bytes, struct trace_dsn *d, struct mp_err *err)
{
    struct message original;
    int st = message_parse(a, bytes, &original, err);
    if (st != MP_OK)
        return st;
    const struct header *id = header_first(&original, STR("Message-ID"));
    d->original = bytes;
    if (id != NULL)
        set_once(&d->original_message_id, without_angles(header_unfold(a, id->value)));
    return MP_OK;
}

/* A bounce by its looks: from nobody or a mail system, with no report inside (qmail, old Exim). */
static bool is_failure_notice(const struct message *m)
{
    const struct header *failed = header_first(m, STR("X-Failed-Recipients"));
    const struct header *path = header_first(m, STR("Return-Path"));
    bool null_path = path != NULL && str_eq(str_trim(path->value), STR("<>"));
    return null_path && failed != NULL;
}

static int read_failure_notice(struct arena *a, const struct message *m, struct trace_dsn *d,
                               struct mp_err *err)
{
    const struct header *failed = header_first(m, STR("X-Failed-Recipients"));
    struct str list = header_unfold(a, failed->value);
    d->rcpts = arena_new(a, struct trace_dsn_rcpt, DSN_MAX_RCPTS);
    if (d->rcpts == NULL || list.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the recipients of a bounce");
    while (list.p != NULL && d->n_rcpts < DSN_MAX_RCPTS) {
        struct str address = str_trim(str_cut(&list, ','));
        if (address.n > 0)
            d->rcpts[d->n_rcpts++] =
                (struct trace_dsn_rcpt){.final_rcpt = address, .action = STR("failed")};
    }
    return MP_OK;
}

int trace_dsn(struct arena *a, const struct message *m, struct trace_dsn *out, struct mp_err *err)
{
    struct trace_dsn d = {0};
    struct mime_tree tree;
    int st = mime_parse(a, m, &tree, err);
    size_t status = tree.n;
    for (size_t i = 0; st == MP_OK && i < tree.n && status == tree.n; i++)
        if (is_status(&tree.parts[i]))
            status = i;
    if (st == MP_OK && status < tree.n) {
        d.is_dsn = true;
        st = read_status(a, part_text(a, m, &tree.parts[status]), &d, err);
    } else if (st == MP_OK && is_failure_notice(m)) {
        d.is_dsn = true;
        st = read_failure_notice(a, m, &d, err);
    }
    /* What is returned stands behind the report, beside it. */
    for (size_t i = status; st == MP_OK && i < tree.n && d.original.n == 0; i++)
        if (is_returned(&tree.parts[i]) && tree.parts[i].parent == tree.parts[status].parent)
            st = read_original(a, part_text(a, m, &tree.parts[i]), &d, err);
    if (st == MP_OK)
        *out = d;
    return st;
}
