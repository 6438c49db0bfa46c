/* The message that is sent: tagged in a field of its own, in Message-ID and in the subject. */
#include "arrival/arrival.h"
#include "arrival/deliver_internal.h"
#include "base/clock.h"

enum { OWN_HEADERS = 2, TAG_MAX_CHARS = 64 };

static bool is_tag(struct str tag)
{
    for (size_t i = 0; i < tag.n; i++)
        if (!is_alnum(tag.p[i]) && tag.p[i] != '-')
            return false;
    return tag.n > 0 && tag.n <= TAG_MAX_CHARS;
}

struct str deliver_line_ends(struct arena *a, struct str s)
{
    size_t ends = 0, n = 0;
    for (size_t i = 0; i < s.n; i++)
        ends += s.p[i] == '\r' || s.p[i] == '\n';
    char *p = arena_new(a, char, s.n + ends + 3);
    if (p == NULL)
        return STR_NONE;
    for (size_t i = 0; i < s.n; i++) {
        bool is_end = s.p[i] == '\r' || s.p[i] == '\n';
        i += s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n';
        p[n++] = is_end ? '\r' : s.p[i];
        if (is_end)
            p[n++] = '\n';
    }
    if (n > 0 && p[n - 1] != '\n') {
        p[n++] = '\r';
        p[n++] = '\n';
    }
    return str_make(p, n);
}

static struct str joined_rcpts(struct arena *a, const struct deliver_request *r)
{
    struct str all = r->n_rcpts > 0 ? r->rcpts[0] : STR("");
    for (size_t i = 1; i < r->n_rcpts; i++)
        all = arena_fmt(a, "%.*s, %.*s", STR_ARG(all), STR_ARG(r->rcpts[i]));
    return all;
}

static struct str domain_of(struct str address)
{
    size_t at = str_rfind(address, '@');
    struct str domain = at < address.n ? str_slice(address, at + 1, address.n) : STR("");
    return domain.n > 0 ? domain : STR("mailproof.invalid");
}

/* The subject that the caller gives, or one of ours, with the tag behind it. */
static struct str subject_of(struct arena *a, const struct deliver_request *r, struct str tag)
{
    static const struct str name = STR_INIT("Subject:");
    struct str subject = STR("mailproof test");
    for (size_t i = 0; i < r->message.n_headers; i++)
        if (str_istarts(r->message.headers[i], name))
            subject = str_trim(str_slice(r->message.headers[i], name.n, SIZE_MAX));
    return arena_fmt(a, "Subject: %.*s [%.*s]", STR_ARG(subject), STR_ARG(tag));
}

static int compose_new(const struct deliver_request *r, struct arena *a, struct deliver_result *out,
                       struct mp_err *err)
{
    struct compose c = r->message;
    struct buf bytes;
    struct str *headers = arena_new(a, struct str, c.n_headers + OWN_HEADERS);
    if (headers == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the test message");
    size_t n = 0;
    headers[n++] = subject_of(a, r, out->tag);
    headers[n++] = arena_fmt(a, "X-Mailproof-Tag: %.*s", STR_ARG(out->tag));
    for (size_t i = 0; i < c.n_headers; i++) /* the first of a name counts */
        if (!str_istarts(c.headers[i], STR("Subject:")))
            headers[n++] = c.headers[i];
    c.headers = headers;
    c.n_headers = n;
    c.from = c.from.n > 0 ? c.from : r->mail_from.n > 0 ? r->mail_from : STR("postmaster");
    c.to = c.to.n > 0 ? c.to : joined_rcpts(a, r);
    c.id = c.id.n > 0 ? c.id : out->tag;
    c.host = c.host.n > 0 ? c.host : domain_of(c.from);
    c.now_s = c.now_s != 0 ? c.now_s : clock_wall_s();
    buf_init(&bytes, COMPOSE_MAX_BYTES);
    int st = compose_message(&c, &bytes, err);
    if (st == MP_OK) {
        out->bytes =
            r->as_is ? arena_copy(a, buf_str(&bytes)) : deliver_line_ends(a, buf_str(&bytes));
        st = out->bytes.p != NULL ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "no memory for a message");
    }
    buf_clear(&bytes);
    return st;
}

static int take_raw(const struct deliver_request *r, struct arena *a, struct deliver_result *out,
                    struct mp_err *err)
{
    struct str parts[] = {STR("X-Mailproof-Tag: "), out->tag, STR("\r\n"), r->raw};
    struct str bytes = r->keep_raw ? r->raw : arena_join(a, parts, ARRAY_LEN(parts));
    if (bytes.n > COMPOSE_MAX_BYTES)
        return mp_fail(err, MP_E_LIMIT, COMPOSE_MAX_BYTES, "the message is longer than %d bytes",
                       COMPOSE_MAX_BYTES);
    out->bytes = r->as_is ? bytes : deliver_line_ends(a, bytes);
    return out->bytes.p != NULL ? MP_OK
                                : mp_fail(err, MP_E_NOMEM, 0, "no memory for the test message");
}

static int find_message_id(struct arena *a, struct deliver_result *out, struct mp_err *err)
{
    struct message m;
    int st = message_parse(a, out->bytes, &m, err);
    const struct header *h = st == MP_OK ? header_first(&m, STR("Message-ID")) : NULL;
    struct str id = h == NULL ? STR("") : str_trim(header_unfold(a, h->value));
    if (id.n >= 2 && id.p[0] == '<' && id.p[id.n - 1] == '>')
        id = str_slice(id, 1, id.n - 1);
    out->message_id = id;
    return st;
}

int deliver_compose(const struct deliver_request *r, struct arena *a, struct deliver_result *out,
                    struct mp_err *err)
{
    out->tag = r->tag.n > 0 ? arena_copy(a, r->tag) : arrival_tag(a, err);
    if (out->tag.p == NULL)
        return r->tag.n > 0 ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a tag")
                            : (err != NULL && err->code < 0 ? err->code : MP_E_NOMEM);
    if (!is_tag(out->tag))
        return mp_fail(err, MP_E_USAGE, TAG_MAX_CHARS,
                       "a tag has 1 to %d letters, digits and dashes", TAG_MAX_CHARS);
    int st = r->raw.p != NULL ? take_raw(r, a, out, err) : compose_new(r, a, out, err);
    return st == MP_OK ? find_message_id(a, out, err) : st;
}
