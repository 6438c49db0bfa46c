/* The table of services, and what all of them do alike: values, statuses, JSON. */
#include "services/service.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/idna.h"
#include "services/service_internal.h"

static const struct service_kind *const kinds[SERVICE_COUNT] = {
    [SERVICE_VIRUSTOTAL] = &service_virustotal,
    [SERVICE_ABUSEIPDB] = &service_abuseipdb,
    [SERVICE_CIRCL_HASHLOOKUP] = &service_circl,
    [SERVICE_WEB_RISK] = &service_web_risk,
};

const struct service_kind *service_kind(enum intel_service s)
{
    return kinds[s];
}

bool service_takes(enum intel_service s, enum indicator_kind kind)
{
    return (unsigned)kind < INDICATOR_KIND_COUNT && (kinds[s]->takes >> kind & 1) != 0;
}

/* ---- values ---- */

static bool is_local(char c)
{
    return is_alnum(c) || str_has(STR("._%+-="), c);
}

/* Where an address with its "@", written plainly or as %40, begins to matter; s.n: nowhere. */
static size_t find_at(struct str s)
{
    for (size_t i = 1; i < s.n; i++) {
        size_t at = s.p[i] == '@' ? 1 : str_starts(str_slice(s, i, s.n), STR("%40")) ? 3 : 0;
        if (at != 0 && is_local(s.p[i - 1]) && i + at < s.n && is_alnum(s.p[i + at]))
            return i;
    }
    return s.n;
}

/* What is asked of a URL that has an address of somebody in it ends before that: the query goes, or
 * the path from that segment on. The host alone is left at worst. */
static struct str without_address(struct str url)
{
    size_t at = find_at(url), query = str_find(url, '?'), slash;
    if (at == url.n)
        return url;
    if (query < at)
        return str_slice(url, 0, query);
    slash = str_rfind(str_slice(url, 0, at), '/');
    return str_slice(url, 0, slash < at ? slash + 1 : 0);
}

static struct str url_value(struct arena *arena, const struct service_question *q)
{
    struct str key = without_address(q->what->key);
    struct str parts[] = {q->http ? STR("http://") : STR("https://"), key};
    return key.n == 0 ? STR_NONE : arena_join(arena, parts, ARRAY_LEN(parts));
}

struct str service_value(struct arena *arena, const struct service_question *q)
{
    static const size_t hash_bytes[INDICATOR_KIND_COUNT] = {
        [INDICATOR_MD5] = 16, [INDICATOR_SHA1] = 20, [INDICATOR_SHA256] = 32};
    const struct indicator *i = q->what;
    char ip[IP_TEXT_MAX];
    switch (i->kind) {
    case INDICATOR_URL:
        return url_value(arena, q);
    case INDICATOR_HOST:
    case INDICATOR_DOMAIN:
        return domain_is_ldh(i->key) ? arena_lower(arena, i->key) : STR_NONE;
    case INDICATOR_IP:
        if (i->first.family == IP_NONE || !ip_eq(&i->first, &i->last))
            return STR_NONE;
        return arena_copy(arena, str_make(ip, ip_write(&i->first, ip)));
    case INDICATOR_MD5:
    case INDICATOR_SHA1:
    case INDICATOR_SHA256:
        return hex_encode(arena, str_make((const char *)i->hash, hash_bytes[i->kind]));
    case INDICATOR_EMAIL: /* never leaves the machine */
    case INDICATOR_KIND_COUNT:
        break;
    }
    return STR_NONE;
}

struct str service_escape(struct arena *arena, struct str value)
{
    static const char digits[] = "0123456789ABCDEF";
    char *out = arena_new(arena, char, 3 * value.n + 1);
    size_t n = 0;
    if (out == NULL)
        return STR_NONE;
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if (is_alnum((char)c) || c == '-' || c == '.' || c == '_' || c == '~') {
            out[n++] = (char)c;
        } else {
            out[n++] = '%';
            out[n++] = digits[c >> 4];
            out[n++] = digits[c & 15];
        }
    }
    return str_make(out, n);
}

bool service_header(struct service_request *r, struct str name, struct str value)
{
    if (r->n_headers == ARRAY_LEN(r->headers))
        return false;
    r->headers[r->n_headers++] = (struct fetch_header){name, value};
    return true;
}

int service_ask(struct arena *arena, const struct service *config, struct str key,
                const struct service_question *q, struct service_request *out, struct mp_err *err)
{
    const struct service_kind *kind = kinds[q->service];
    struct service_request r = {.n_headers = 0};
    struct str root = config->url.n == 0 ? str_from(kind->root) : config->url;
    while (root.n != 0 && root.p[root.n - 1] == '/')
        root.n--;
    int st = kind->ask(arena, root, key, q, &r, err);
    if (st == MP_OK)
        *out = r;
    return st;
}

/* ---- answers ---- */

/* About this question alone: others may be answered. */
void service_error(struct service_word *w, const char *why)
{
    w->fails = false;
    w->outcome = WORD_ERROR;
    word_text(w, "%s", why);
}

static void read_status(unsigned status, struct service_word *w)
{
    w->outcome = WORD_ERROR;
    w->fails = status != 401 && status != 403 && status != 429;
    if (status == 401 || status == 403) {
        w->outcome = WORD_REFUSED;
        word_text(w, "it does not take our key (HTTP %u)", status);
    } else if (status == 429) {
        w->outcome = WORD_LIMITED;
        word_text(w, "asked more often than it allows (HTTP 429)");
    } else if (status >= 500) {
        word_text(w, "it fails (HTTP %u)", status);
    } else {
        word_text(w, "an answer that is not understood (HTTP %u)", status);
    }
}

void service_read(const struct service_question *q, unsigned threshold,
                  const struct service_answer *a, struct service_word *w)
{
    const struct service_kind *kind = kinds[q->service];
    struct service_word word = {.service = q->service, .outcome = WORD_ERROR};
    if (a->body.n > SERVICE_MAX_BODY_BYTES) {
        service_error(&word, "an answer that is too long");
    } else if (a->status == 200) {
        kind->read(q, threshold == 0 ? 1 : threshold, a->body, &word);
    } else {
        read_status(a->status, &word);
        if (word.outcome == WORD_ERROR && a->status >= 400 && a->status < 500 &&
            kind->read_refusal != NULL)
            kind->read_refusal(a, &word);
        word.fails = word.fails && word.outcome == WORD_ERROR;
    }
    *w = word;
}

/* ---- JSON ---- */

json_t *service_json(struct str body, struct service_word *w)
{
    json_t *root = body.n == 0 ? NULL : json_loadb(body.p, body.n, JSON_ALLOW_NUL, NULL);
    if (json_is_object(root))
        return root;
    json_decref(root);
    service_error(w, "an answer that is no JSON object");
    w->fails = true;
    return NULL;
}

struct str service_text(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    return json_is_string(v) ? str_make(json_string_value(v), json_string_length(v)) : STR_NONE;
}

bool service_number(const json_t *object, const char *key, uint64_t max, uint64_t *out)
{
    const json_t *v = json_object_get(object, key);
    if (json_is_string(v))
        return str_to_u64(service_text(object, key), max, out);
    if (json_is_real(v) && json_real_value(v) >= 0 && json_real_value(v) <= 1e15 &&
        (uint64_t)json_real_value(v) <= max) {
        *out = (uint64_t)json_real_value(v);
        return true;
    }
    if (!json_is_integer(v) || json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) > max)
        return false;
    *out = (uint64_t)json_integer_value(v);
    return true;
}

bool service_differs(const json_t *object, const char *key, struct str value)
{
    struct str is = service_text(object, key);
    return is.p != NULL && !str_ieq(is, value);
}

/* ---- times ---- */

static bool take_number(struct str *s, size_t digits, int *out)
{
    uint64_t n;
    if (s->n < digits || !str_to_u64(str_slice(*s, 0, digits), 9999, &n))
        return false;
    *out = (int)n;
    *s = str_slice(*s, digits, s->n);
    return true;
}

static bool take_char(struct str *s, const char *any_of)
{
    if (s->n == 0 || !str_has(str_from(any_of), s->p[0]))
        return false;
    *s = str_slice(*s, 1, s->n);
    return true;
}

/* "Z", "+02:00": seconds east of Greenwich. */
static bool take_zone(struct str *s, int *seconds)
{
    int hours, minutes;
    if (take_char(s, "Zz")) {
        *seconds = 0;
        return true;
    }
    int sign = s->n != 0 && s->p[0] == '-' ? -1 : 1;
    if (!take_char(s, "+-") || !take_number(s, 2, &hours) || !take_char(s, ":") ||
        !take_number(s, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

int64_t service_time(struct str s)
{
    int year, month, day, hour, minute, second, zone;
    if (!take_number(&s, 4, &year) || !take_char(&s, "-") || !take_number(&s, 2, &month) ||
        !take_char(&s, "-") || !take_number(&s, 2, &day) || !take_char(&s, "Tt ") ||
        !take_number(&s, 2, &hour) || !take_char(&s, ":") || !take_number(&s, 2, &minute) ||
        !take_char(&s, ":") || !take_number(&s, 2, &second))
        return 0;
    if (take_char(&s, "."))
        while (s.n != 0 && is_digit(s.p[0]))
            s = str_slice(s, 1, s.n);
    if (!take_zone(&s, &zone) || s.n != 0 || year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > 31 || hour > 23 || minute > 59 || second > 60)
        return 0;
    int64_t t = civil_to_unix(year, month, day, hour, minute, second) - zone;
    return t > 0 ? t : 0;
}
