/* The search language: words, "phrases", key:value, each negated by "-" or "!". Pure. */
#include "base/clock.h"
#include "store/store.h"

enum { MS_PER_S = 1000, S_PER_DAY = 86400 };

struct parser {
    struct arena *arena;
    struct str rest;
    int64_t now_ms;
    struct store_term *terms;
    size_t n;
};

/* ---- values ---- */

/* "10k", "1M", "5" */
static bool size_value(struct str s, int64_t *out)
{
    static const char units[] = "kmg";
    uint64_t n, factor = 1;
    const char *unit = s.n == 0 || is_digit(s.p[s.n - 1])
                           ? NULL
                           : memchr(units, to_lower(s.p[s.n - 1]), sizeof units - 1);
    if (unit != NULL) {
        factor <<= 10 * (unit - units + 1);
        s.n--;
    }
    if (!str_to_u64(s, INT64_MAX / factor, &n))
        return false;
    *out = (int64_t)(n * factor);
    return true;
}

/* "2d": that long before now */
static bool ago_value(struct str s, int64_t now_ms, int64_t *out)
{
    static const struct {
        char unit;
        int64_t s;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', S_PER_DAY}, {'w', 7 * S_PER_DAY}};
    uint64_t n;
    for (size_t i = 0; i < ARRAY_LEN(units) && s.n > 1; i++)
        if (units[i].unit == s.p[s.n - 1] && str_to_u64(str_slice(s, 0, s.n - 1), INT32_MAX, &n)) {
            *out = now_ms - (int64_t)n * units[i].s * MS_PER_S;
            return true;
        }
    return false;
}

/* "2026-11-01": its begin in UTC; "2026-11-01T08:30" and "...T08:30:15" with or without "Z". */
static bool date_value(struct str s, int64_t *out)
{
    static const struct str form = STR_INIT("dddd-dd-ddTdd:dd:dd");
    enum { DATE = 10, MINUTE = 16, SECOND = 19 };
    int v[6] = {0}, k = 0, y, m, d, h, min, sec;
    if (s.n > DATE && s.p[s.n - 1] == 'Z')
        s.n--;
    if (s.n != DATE && s.n != MINUTE && s.n != SECOND)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        bool digit = form.p[i] == 'd';
        if (digit ? !is_digit(s.p[i]) : s.p[i] != form.p[i])
            return false;
        if (digit)
            v[k] = v[k] * 10 + (s.p[i] - '0');
        else
            k++;
    }
    if (v[0] < 1 || v[1] < 1 || v[1] > 12)
        return false;
    int64_t unix_s = civil_to_unix(v[0], v[1], v[2], v[3], v[4], v[5]);
    unix_to_civil(unix_s, &y, &m, &d, &h, &min, &sec); /* 30 February comes back as another day */
    *out = unix_s * MS_PER_S;
    return m == v[1] && d == v[2] && h == v[3] && min == v[4] && sec == v[5];
}

/* ---- keys ---- */

enum value { VALUE_WORDS, VALUE_SIZE, VALUE_TIME, VALUE_FLAG };

static const struct {
    struct str name;
    enum store_field field;
    enum value value;
} keys[] = {
    {STR_INIT("from"), STORE_F_FROM, VALUE_WORDS},
    {STR_INIT("to"), STORE_F_TO, VALUE_WORDS},
    {STR_INIT("rcpt"), STORE_F_RCPT, VALUE_WORDS},
    {STR_INIT("subject"), STORE_F_SUBJECT, VALUE_WORDS},
    {STR_INIT("message-id"), STORE_F_MESSAGE_ID, VALUE_WORDS},
    {STR_INIT("tag"), STORE_F_TAG, VALUE_WORDS},
    {STR_INIT("body"), STORE_F_BODY, VALUE_WORDS},
    {STR_INIT("has"), STORE_F_ATTACHMENT, VALUE_FLAG},
    {STR_INIT("is"), STORE_F_SEEN, VALUE_FLAG},
    {STR_INIT("larger"), STORE_F_LARGER, VALUE_SIZE},
    {STR_INIT("smaller"), STORE_F_SMALLER, VALUE_SIZE},
    {STR_INIT("before"), STORE_F_BEFORE, VALUE_TIME},
    {STR_INIT("after"), STORE_F_AFTER, VALUE_TIME},
};

/* "has:attachment", "is:read", "is:unread" */
static bool flag_value(struct store_term *t)
{
    if (t->field == STORE_F_ATTACHMENT)
        return str_ieq(t->text, STR("attachment")) || str_ieq(t->text, STR("attachments"));
    bool unread = str_ieq(t->text, STR("unread"));
    t->negate ^= unread;
    return unread || str_ieq(t->text, STR("read"));
}

static int set_value(struct parser *p, size_t key, struct store_term *t, struct mp_err *err)
{
    static const char *const wants[] = {[VALUE_SIZE] = "a size such as 10k or 1M",
                                        [VALUE_TIME] = "a date such as 2026-11-01, or 2d",
                                        [VALUE_FLAG] = "has:attachment, is:read or is:unread",
                                        [VALUE_WORDS] = "a word or a \"phrase\""};
    enum value kind = keys[key].value;
    bool ok = t->text.n > 0;
    t->field = keys[key].field;
    if (kind == VALUE_SIZE)
        ok = size_value(t->text, &t->number);
    else if (kind == VALUE_TIME)
        ok = date_value(t->text, &t->number) || ago_value(t->text, p->now_ms, &t->number);
    else if (kind == VALUE_FLAG)
        ok = flag_value(t);
    if (ok)
        return MP_OK;
    return mp_fail(err, MP_E_SYNTAX, 0, "search: '" STR_FMT ":" STR_FMT "': it wants %s",
                   STR_ARG(keys[key].name), STR_ARG(t->text), wants[kind]);
}

/* ---- words ---- */

/* At a quote: the phrase, with \" and \\ undone. */
static int phrase(struct parser *p, struct str *out, struct mp_err *err)
{
    char *to = arena_new(p->arena, char, p->rest.n);
    size_t n = 0;
    if (to == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a search");
    for (size_t i = 1; i < p->rest.n; i++) {
        char c = p->rest.p[i];
        if (c == '"') {
            *out = str_make(to, n);
            p->rest = str_slice(p->rest, i + 1, p->rest.n);
            return MP_OK;
        }
        if (c == '\\' && i + 1 < p->rest.n && (p->rest.p[i + 1] == '"' || p->rest.p[i + 1] == '\\'))
            c = p->rest.p[++i];
        to[n++] = c;
    }
    return mp_fail(err, MP_E_SYNTAX, 0, "search: the phrase " STR_FMT " has no closing quote",
                   STR_ARG(p->rest));
}

static int text_value(struct parser *p, struct str *out, struct mp_err *err)
{
    size_t n = 0;
    if (p->rest.n > 0 && p->rest.p[0] == '"')
        return phrase(p, out, err);
    while (n < p->rest.n && !is_fws(p->rest.p[n]))
        n++;
    *out = str_slice(p->rest, 0, n);
    p->rest = str_slice(p->rest, n, p->rest.n);
    return MP_OK;
}

/* Letters and "-" in front of a colon; n of them, or 0. */
static size_t key_length(struct str s)
{
    size_t n = 0;
    while (n < s.n && (is_alpha(s.p[n]) || (n > 0 && s.p[n] == '-')))
        n++;
    return n < s.n && s.p[n] == ':' ? n : 0;
}

static int one_term(struct parser *p, struct mp_err *err)
{
    struct store_term t = {.field = STORE_F_ANY};
    if (p->rest.n > 1 && (p->rest.p[0] == '-' || p->rest.p[0] == '!')) {
        t.negate = true;
        p->rest = str_slice(p->rest, 1, p->rest.n);
    }
    struct str key = str_slice(p->rest, 0, key_length(p->rest));
    size_t i = 0;
    while (key.n > 0 && i < ARRAY_LEN(keys) && !str_ieq(keys[i].name, key))
        i++;
    if (key.n > 0 && i == ARRAY_LEN(keys))
        return mp_fail(err, MP_E_SYNTAX, 0,
                       "search: unknown key '" STR_FMT "': there are from, to, rcpt, subject, "
                       "message-id, tag, body, has, is, larger, smaller, before, after; put text "
                       "with a colon in quotes",
                       STR_ARG(key));
    if (key.n > 0)
        p->rest = str_slice(p->rest, key.n + 1, p->rest.n);
    int st = text_value(p, &t.text, err);
    if (st == MP_OK && key.n > 0)
        st = set_value(p, i, &t, err);
    else if (st == MP_OK && t.text.n == 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "search: an empty phrase finds nothing");
    if (st == MP_OK)
        p->terms[p->n++] = t;
    return st;
}

int store_search_parse(struct arena *a, struct str text, int64_t now_ms, struct store_term **out,
                       size_t *n, struct mp_err *err)
{
    struct parser p = {.arena = a, .rest = text, .now_ms = now_ms};
    if (text.n > STORE_SEARCH_MAX_BYTES)
        return mp_fail(err, MP_E_SYNTAX, STORE_SEARCH_MAX_BYTES, "search: longer than %d bytes",
                       STORE_SEARCH_MAX_BYTES);
    p.terms = arena_new(a, struct store_term, STORE_MAX_TERMS);
    if (p.terms == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a search");
    for (;;) {
        while (p.rest.n > 0 && is_fws(p.rest.p[0]))
            p.rest = str_slice(p.rest, 1, p.rest.n);
        if (p.rest.n == 0)
            break;
        if (p.n == STORE_MAX_TERMS)
            return mp_fail(err, MP_E_SYNTAX, STORE_MAX_TERMS, "search: more than %d conditions",
                           STORE_MAX_TERMS);
        int st = one_term(&p, err);
        if (st != MP_OK)
            return st;
    }
    *out = p.terms;
    *n = p.n;
    return MP_OK;
}
