/* What queries hold: times, limits, words. */
#include "base/clock.h"
#include "webapi/webapi_internal.h"

enum { DAY_S = 86400 };

/* `n` digits. */
static bool take_number(struct str *s, size_t n, unsigned *out)
{
    uint64_t v;
    if (s->n < n || !str_to_u64(str_slice(*s, 0, n), 9999, &v))
        return false;
    *out = (unsigned)v;
    *s = str_slice(*s, n, s->n);
    return true;
}

static bool take_char(struct str *s, const char *any)
{
    if (s->n == 0 || *s->p == '\0' || strchr(any, *s->p) == NULL)
        return false;
    *s = str_slice(*s, 1, s->n);
    return true;
}

static bool is_date(unsigned year, unsigned month, unsigned day)
{
    static const unsigned char days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] &&
           (month != 2 || day != 29 || leap);
}

/* ".5" and so on; absent: 0. */
static bool take_fraction(struct str *s, unsigned *ms)
{
    unsigned digits = 0;
    *ms = 0;
    if (!take_char(s, "."))
        return true;
    for (unsigned weight = 100; s->n != 0 && is_digit(*s->p) && digits < 9; digits++) {
        *ms += (unsigned)(*s->p - '0') * weight;
        weight /= 10;
        *s = str_slice(*s, 1, s->n);
    }
    return digits != 0;
}

/* "Z", or "+01:00": how far it is ahead of UTC. */
static bool take_zone(struct str *s, int64_t *offset_s)
{
    unsigned hours, minutes;
    *offset_s = 0;
    if (take_char(s, "Zz"))
        return true;
    bool behind = s->n != 0 && *s->p == '-';
    if (!take_char(s, "+- ") || /* a "+" that nobody encoded is a space in a query */
        !take_number(s, 2, &hours) || !take_char(s, ":") || !take_number(s, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *offset_s = (int64_t)(hours * 3600 + minutes * 60) * (behind ? -1 : 1);
    return true;
}

static bool parse_date(struct str s, int64_t *out_ms)
{
    unsigned year, month, day, hour = 0, minute = 0, second = 0, ms = 0;
    int64_t offset_s = 0;
    if (!take_number(&s, 4, &year) || !take_char(&s, "-") || !take_number(&s, 2, &month) ||
        !take_char(&s, "-") || !take_number(&s, 2, &day) || !is_date(year, month, day))
        return false;
    if (s.n != 0 &&
        (!take_char(&s, "Tt ") || !take_number(&s, 2, &hour) || !take_char(&s, ":") ||
         !take_number(&s, 2, &minute) || !take_char(&s, ":") || !take_number(&s, 2, &second) ||
         !take_fraction(&s, &ms) || !take_zone(&s, &offset_s) || s.n != 0))
        return false;
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    *out_ms = (civil_to_unix((int)year, (int)month, (int)day, (int)hour, (int)minute, (int)second) -
               offset_s) *
                  1000 +
              ms;
    return *out_ms >= 0;
}

static bool parse_back(struct str s, int64_t now_ms, int64_t *out_ms)
{
    static const struct {
        char unit;
        int64_t s;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', DAY_S}, {'w', 7 * DAY_S}};
    uint64_t n;
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (s.n > 1 && s.p[s.n - 1] == units[i].unit &&
            str_to_u64(str_slice(s, 0, s.n - 1), 100000000, &n)) {
            *out_ms = now_ms - (int64_t)n * units[i].s * 1000;
            *out_ms = *out_ms < 0 ? 0 : *out_ms;
            return true;
        }
    return false;
}

bool webapi_time_parse(struct str text, int64_t now_ms, int64_t *out_ms)
{
    uint64_t s;
    if (str_to_u64(text, 253402300799ULL, &s)) {
        *out_ms = (int64_t)s * 1000;
        return true;
    }
    return parse_back(text, now_ms, out_ms) || parse_date(text, out_ms);
}

static int query_time(struct httpd_request *q, const char *name, int64_t now_ms, int64_t *out_ms,
                      struct mp_err *err)
{
    struct str text;
    if (!httpd_query(q, name, &text) || webapi_time_parse(text, now_ms, out_ms))
        return MP_OK;
    return mp_fail(err, MP_E_SYNTAX, 0,
                   "%s: '" STR_FMT "' is no time: 2026-01-31T12:00:00Z, seconds since 1970, or "
                   "24h, 7d back from now",
                   name, STR_ARG(text));
}

int webapi_query_range(struct httpd_request *q, int64_t default_s, int64_t *since_ms,
                       int64_t *until_ms, struct mp_err *err)
{
    int64_t now = clock_wall_ms(), since = now - default_s * 1000, until = now + 1;
    int st = query_time(q, "since", now, &since, err);
    if (st == MP_OK)
        st = query_time(q, "until", now, &until, err);
    if (st == MP_OK && since >= until)
        st = mp_fail(err, MP_E_SYNTAX, 0, "since is not before until");
    if (st != MP_OK)
        return st;
    *since_ms = since;
    *until_ms = until;
    return MP_OK;
}

int webapi_query_limit(struct httpd_request *q, size_t *out, struct mp_err *err)
{
    uint64_t n = *out;
    int st = httpd_query_uint(q, "limit", WEBAPI_MAX_PAGE, &n, err);
    if (st == MP_OK && n == 0)
        st = mp_fail(err, MP_E_SYNTAX, 0, "limit: 1 to %d", WEBAPI_MAX_PAGE);
    if (st == MP_OK)
        *out = (size_t)n;
    return st;
}

int webapi_query_word(struct httpd_request *q, const char *name, const char *const *words, size_t n,
                      size_t *out, struct mp_err *err)
{
    struct str text;
    if (!httpd_query(q, name, &text))
        return MP_OK;
    for (size_t i = 0; i < n; i++)
        if (str_eq(text, str_from(words[i]))) {
            *out = i;
            return MP_OK;
        }
    return mp_fail(err, MP_E_SYNTAX, 0, "%s: '" STR_FMT "' is none of its words (%s ...)", name,
                   STR_ARG(text), words[0]);
}

int webapi_query_flag(struct httpd_request *q, const char *name, bool *out, struct mp_err *err)
{
    static const char *const words[] = {"0", "1"};
    size_t at = *out;
    int st = webapi_query_word(q, name, words, ARRAY_LEN(words), &at, err);
    if (st == MP_OK)
        *out = at != 0;
    return st;
}

int webapi_query_mode(struct httpd_request *q, struct str *out, struct mp_err *err)
{
    enum mail_mode mode;
    if (!httpd_query(q, "mode", out) || mail_mode_by_name(*out, &mode))
        return MP_OK;
    return mp_fail(err, MP_E_SYNTAX, 0, "mode: inbound, outbound, monitor or scan");
}

int webapi_query_severity(struct httpd_request *q, enum severity *out, bool *has,
                          struct mp_err *err)
{
    struct str text;
    *has = httpd_query(q, "severity", &text);
    if (!*has || severity_by_name(text, out))
        return MP_OK;
    return mp_fail(err, MP_E_SYNTAX, 0, "severity: info, low, medium, high or critical");
}

int webapi_query_action(struct httpd_request *q, const char *name, enum verdict_action *out,
                        bool *has, struct mp_err *err)
{
    struct str text;
    *has = httpd_query(q, name, &text);
    if (!*has || action_by_name(text, out))
        return MP_OK;
    return mp_fail(err, MP_E_SYNTAX, 0, "%s: accept, tag, quarantine, reject or tempfail", name);
}

int webapi_not_kept(struct httpd_request *q, const char *what)
{
    return httpd_problem(
        q, 404, "this daemon has no %s: it is not configured, or cannot be opened (see the status)",
        what);
}
