/* VirusTotal v3: reports of files by hash, of domains, addresses and URLs. Nothing is ever uploaded
 * or submitted. docs.virustotal.com/reference: errors, files, urls, domains, ip_addresses. */
#include "base/base64.h"
#include "base/idna.h"
#include "services/service_internal.h"

enum { VALUE_BYTES = 4096 };

/* Collections and types of objects; empty: it has no reports on that kind. */
static const struct {
    struct str path;
    const char *type;
} collections[INDICATOR_KIND_COUNT] = {
    [INDICATOR_URL] = {STR_INIT("/urls/"), "url"},
    [INDICATOR_HOST] = {STR_INIT("/domains/"), "domain"},
    [INDICATOR_DOMAIN] = {STR_INIT("/domains/"), "domain"},
    [INDICATOR_IP] = {STR_INIT("/ip_addresses/"), "ip_address"},
    [INDICATOR_MD5] = {STR_INIT("/files/"), "file"},
    [INDICATOR_SHA1] = {STR_INIT("/files/"), "file"},
    [INDICATOR_SHA256] = {STR_INIT("/files/"), "file"},
};

/* A URL's identifier: URL-safe base64 without padding of the URL as it is, made canonical there. */
static struct str url_id(struct arena *arena, struct str url)
{
    struct buf b;
    struct str out = STR_NONE;
    buf_init(&b, base64_encoded_bytes(url.n) + 1);
    base64_encode(&b, url);
    while (b.n != 0 && b.p[b.n - 1] == '=')
        b.n--;
    for (size_t i = 0; i < b.n; i++)
        b.p[i] = b.p[i] == '+' ? '-' : b.p[i] == '/' ? '_' : b.p[i];
    if (!b.failed)
        out = arena_copy(arena, buf_str(&b));
    buf_clear(&b);
    return out;
}

static int ask(struct arena *arena, struct str root, struct str key,
               const struct service_question *q, struct service_request *out, struct mp_err *err)
{
    struct str value = service_value(arena, q);
    if (q->what->kind == INDICATOR_URL && value.p != NULL)
        value = url_id(arena, value);
    struct str parts[] = {root, collections[q->what->kind].path, value};
    out->url = value.p == NULL ? STR_NONE : arena_join(arena, parts, ARRAY_LEN(parts));
    if (out->url.p == NULL || !service_header(out, STR("x-apikey"), key) ||
        !service_header(out, STR("Accept"), STR("application/json")))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a question to VirusTotal");
    return MP_OK;
}

/* Is the report about what was asked? A proxy or cache between us may mix them up. */
static bool is_about(const json_t *data, const json_t *attributes, const struct service_question *q)
{
    struct arena arena;
    struct ip ip;
    bool same = true;
    if (service_differs(data, "type", str_from(collections[q->what->kind].type)))
        return false;
    if (q->what->kind == INDICATOR_URL) /* its id is a hash of a form that only they know */
        return true;
    if (q->what->kind == INDICATOR_IP) /* one address has several spellings */
        return !ip_parse(service_text(data, "id"), &ip) || ip_eq(&ip, &q->what->first);
    arena_init(&arena, VALUE_BYTES);
    struct str value = service_value(&arena, q);
    switch (q->what->kind) {
    case INDICATOR_MD5:
        same = !service_differs(attributes, "md5", value);
        break;
    case INDICATOR_SHA1:
        same = !service_differs(attributes, "sha1", value);
        break;
    default:
        same = !service_differs(data, "id", value);
        break;
    }
    arena_clear(&arena);
    return same;
}

/* How many engines said what; none at all is possible. False: broken numbers. */
static bool take_stats(const json_t *data, struct service_word *w)
{
    enum { ENGINES_MAX = 10000 };
    const json_t *attributes = json_object_get(data, "attributes");
    const json_t *stats = json_object_get(attributes, "last_analysis_stats");
    uint64_t bad = 0, odd = 0, good = 0, silent = 0;
    if (stats == NULL && json_is_object(attributes) && service_text(data, "id").n != 0)
        return true;
    if (!json_is_object(stats) || !service_number(stats, "malicious", ENGINES_MAX, &bad))
        return false;
    /* Those that time out, fail or do not know the type have no opinion and do not count. */
    service_number(stats, "suspicious", ENGINES_MAX, &odd);
    service_number(stats, "harmless", ENGINES_MAX, &good);
    service_number(stats, "undetected", ENGINES_MAX, &silent);
    w->malicious = (unsigned)bad;
    w->suspicious = (unsigned)odd;
    w->harmless = (unsigned)good;
    w->total = (unsigned)(bad + odd + good + silent);
    return true;
}

static void judge(unsigned threshold, struct service_word *w)
{
    if (w->malicious >= threshold)
        w->outcome = WORD_MALICIOUS;
    else if (w->malicious + w->suspicious >= (threshold + 1) / 2) /* of many, one errs always */
        w->outcome = WORD_SUSPICIOUS;
    else
        w->outcome = w->total == 0 ? WORD_UNKNOWN : WORD_HARMLESS;
    if (w->outcome == WORD_UNKNOWN)
        word_text(w, "no engine has looked at it");
    else if (w->suspicious != 0)
        word_text(w, "%u of %u engines call it malicious, %u suspicious", w->malicious, w->total,
                  w->suspicious);
    else
        word_text(w, "%u of %u engines call it malicious", w->malicious, w->total);
}

static void read_report(const struct service_question *q, unsigned threshold, struct str body,
                        struct service_word *w)
{
    json_t *root = service_json(body, w);
    const json_t *data = json_object_get(root, "data");
    const json_t *attributes = json_object_get(data, "attributes");
    uint64_t seen = 0;
    if (root == NULL)
        return;
    if (!is_about(data, attributes, q)) {
        service_error(w, "a report about something else");
    } else if (!take_stats(data, w)) {
        service_error(w, "a report without numbers");
    } else {
        judge(threshold, w);
        if (service_number(attributes, "last_analysis_date", INT64_MAX / 1000, &seen))
            w->seen_s = (int64_t)seen;
        word_label(w, service_text(json_object_get(attributes, "popular_threat_classification"),
                                   "suggested_threat_label"));
    }
    json_decref(root);
}

/* 404 is an answer only where it says so itself: a wrong address has 404 too. */
static void read_refusal(const struct service_answer *a, struct service_word *w)
{
    struct service_word no_json = *w;
    json_t *root = service_json(a->body, &no_json);
    struct str code = service_text(json_object_get(root, "error"), "code");
    if (a->status == 404 && str_eq(code, STR("NotFoundError"))) {
        w->outcome = WORD_UNKNOWN;
        word_text(w, "it has no report");
    } else if (str_eq(code, STR("InvalidArgumentError")) || str_eq(code, STR("BadRequestError"))) {
        service_error(w, "it does not take this value");
    } else if (str_eq(code, STR("NotAvailableYet"))) {
        w->outcome = WORD_UNKNOWN;
        word_text(w, "its report is not made yet");
    }
    json_decref(root);
}

const struct service_kind service_virustotal = {
    .root = "https://www.virustotal.com/api/v3",
    .takes = 1U << INDICATOR_URL | 1U << INDICATOR_HOST | 1U << INDICATOR_DOMAIN |
             1U << INDICATOR_IP | 1U << INDICATOR_MD5 | 1U << INDICATOR_SHA1 |
             1U << INDICATOR_SHA256,
    .needs_key = true,
    .ask = ask,
    .read = read_report,
    .read_refusal = read_refusal,
};
