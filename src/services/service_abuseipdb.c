/* AbuseIPDB v2, endpoint "check": what others reported of one address. docs.abuseipdb.com */
#include "services/service_internal.h"

/* Older reports are of somebody else: addresses change hands. */
#define MAX_AGE_DAYS "90"

enum { SCORE_MAX = 100 };

static int ask(struct arena *arena, struct str root, struct str key,
               const struct service_question *q, struct service_request *out, struct mp_err *err)
{
    struct str value = service_escape(arena, service_value(arena, q));
    struct str parts[] = {root, STR("/check?maxAgeInDays=" MAX_AGE_DAYS "&ipAddress="), value};
    out->url = value.n == 0 ? STR_NONE : arena_join(arena, parts, ARRAY_LEN(parts));
    if (out->url.p == NULL || !service_header(out, STR("Key"), key) ||
        !service_header(out, STR("Accept"), STR("application/json")))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a question to AbuseIPDB");
    return MP_OK;
}

static void judge(unsigned threshold, bool allowed, uint64_t people, struct service_word *w)
{
    if (w->malicious >= threshold)
        w->outcome = WORD_MALICIOUS;
    else if (w->malicious >= (threshold + 2) / 3)
        w->outcome = WORD_SUSPICIOUS;
    else if (allowed)
        w->outcome = WORD_KNOWN_GOOD;
    else
        w->outcome = w->reports == 0 ? WORD_UNKNOWN : WORD_HARMLESS;
    if (w->outcome == WORD_KNOWN_GOOD)
        word_text(w, "on its list of harmless senders, score %u of 100", w->malicious);
    else if (w->reports == 0)
        word_text(w, "no reports within " MAX_AGE_DAYS " days");
    else
        word_text(w, "score %u of 100 by %llu reports of %llu people within " MAX_AGE_DAYS " days",
                  w->malicious, (unsigned long long)w->reports, (unsigned long long)people);
}

static void read_check(const struct service_question *q, unsigned threshold, struct str body,
                       struct service_word *w)
{
    json_t *root = service_json(body, w);
    const json_t *data = json_object_get(root, "data");
    uint64_t score, people = 0;
    struct ip ip;
    if (root == NULL)
        return;
    if (!ip_parse(service_text(data, "ipAddress"), &ip) ||
        !service_number(data, "abuseConfidenceScore", SCORE_MAX, &score)) {
        service_error(w, "an answer without address or score");
    } else if (!ip_eq(&ip, &q->what->first)) {
        service_error(w, "an answer about another address");
    } else {
        service_number(data, "totalReports", UINT32_MAX, &w->reports);
        service_number(data, "numDistinctUsers", UINT32_MAX, &people);
        w->malicious = (unsigned)score;
        w->total = SCORE_MAX;
        w->seen_s = service_time(service_text(data, "lastReportedAt"));
        judge(threshold, json_is_true(json_object_get(data, "isWhitelisted")), people, w);
        word_label(w, service_text(data, "usageType"));
    }
    json_decref(root);
}

static void read_refusal(const struct service_answer *a, struct service_word *w)
{
    if (a->status == 422)
        service_error(w, "it does not take this value");
}

const struct service_kind service_abuseipdb = {
    .root = "https://api.abuseipdb.com/api/v2",
    .takes = 1U << INDICATOR_IP,
    .needs_key = true,
    .ask = ask,
    .read = read_check,
    .read_refusal = read_refusal,
};
