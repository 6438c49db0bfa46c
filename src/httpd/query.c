/* Percent-decoding and query pairs (RFC 3986 2.1, and the form encoding of the URL standard). */
#include "httpd/query.h"

#include "base/hex.h"
#include "base/utf8.h"
#include "httpd/httpd.h"

int percent_decode(struct arena *a, struct str text, bool plus_is_space, struct str *out,
                   struct mp_err *err)
{
    char *to = arena_new(a, char, text.n + 1);
    if (to == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "the request needs more memory than allowed");
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '%') {
            int octet = hex_octet(text, i + 1);
            if (octet < 0)
                return mp_fail(err, MP_E_SYNTAX, (int64_t)i,
                               "'%%' without two hexadecimal digits at byte %zu of '" STR_FMT "'",
                               i + 1, STR_ARG(text));
            c = (char)octet;
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (c == '\0')
            return mp_fail(err, MP_E_SYNTAX, (int64_t)i, "a NUL in the address");
        to[n++] = c;
    }
    if (!utf8_valid(str_make(to, n)))
        return mp_fail(err, MP_E_SYNTAX, 0, "the address is not UTF-8");
    *out = str_make(to, n);
    return MP_OK;
}

struct repeatable {
    const char *const *names;
    size_t n;
};

static bool may_repeat(const struct repeatable *r, struct str name)
{
    for (size_t i = 0; i < r->n; i++)
        if (str_eq(name, str_from(r->names[i])))
            return true;
    return false;
}

static int add_pair(struct arena *a, struct str piece, const struct repeatable *r, struct query *q,
                    struct mp_err *err)
{
    struct query_pair pair = {0};
    struct str name = str_cut(&piece, '=');
    int st = percent_decode(a, name, true, &pair.name, err);
    if (st == MP_OK)
        st = percent_decode(a, piece, true, &pair.value, err);
    if (st != MP_OK)
        return st;
    if (query_find(q, pair.name) != NULL && !may_repeat(r, pair.name))
        return mp_fail(err, MP_E_SYNTAX, 0, "'" STR_FMT "' stands twice in the query",
                       STR_ARG(pair.name));
    q->pairs[q->n++] = pair;
    return MP_OK;
}

int query_parse(struct arena *a, struct str text, const char *const *repeatable,
                size_t n_repeatable, struct query *out, struct mp_err *err)
{
    struct repeatable r = {repeatable, n_repeatable};
    struct query q = {0};
    if (text.n > HTTPD_MAX_QUERY_BYTES)
        return mp_fail(err, MP_E_LIMIT, HTTPD_MAX_QUERY_BYTES, "the query is longer than %d bytes",
                       HTTPD_MAX_QUERY_BYTES);
    if (text.n != 0 && (q.pairs = arena_new(a, struct query_pair, HTTPD_MAX_QUERY_PAIRS)) == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "the request needs more memory than allowed");
    while (text.n != 0) {
        struct str piece = str_cut(&text, '&');
        if (piece.n == 0)
            continue;
        if (q.n == HTTPD_MAX_QUERY_PAIRS)
            return mp_fail(err, MP_E_LIMIT, HTTPD_MAX_QUERY_PAIRS,
                           "the query has more than %d parameters", HTTPD_MAX_QUERY_PAIRS);
        int st = add_pair(a, piece, &r, &q, err);
        if (st != MP_OK)
            return st;
    }
    *out = q;
    return MP_OK;
}

const struct str *query_find(const struct query *q, struct str name)
{
    for (size_t i = 0; i < q->n; i++)
        if (str_eq(q->pairs[i].name, name))
            return &q->pairs[i].value;
    return NULL;
}

bool query_duration(struct str text, unsigned *out_ms)
{
    static const struct {
        struct str unit;
        unsigned ms;
    } units[] = {{STR_INIT("ms"), 1},
                 {STR_INIT("s"), 1000},
                 {STR_INIT("m"), 60000},
                 {STR_INIT("h"), 3600000}};
    unsigned factor = 1000;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (str_ends(text, units[i].unit)) {
            factor = units[i].ms;
            text.n -= units[i].unit.n;
            break;
        }
    }
    uint64_t number;
    if (!str_to_u64(text, UINT32_MAX / factor, &number))
        return false;
    *out_ms = (unsigned)(number * factor);
    return true;
}
