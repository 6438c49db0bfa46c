/* Google Web Risk, uris:search: is a URL on Google's lists? It gets the whole URL, so it is asked
 * only where that is allowed. docs.cloud.google.com/web-risk/docs/reference/rest/v1/uris/search */
#include "services/service_internal.h"

#define SEARCH                                                                                     \
    "/uris:search?threatTypes=MALWARE&threatTypes=SOCIAL_ENGINEERING"                              \
    "&threatTypes=UNWANTED_SOFTWARE&uri="

static int ask(struct arena *arena, struct str root, struct str key,
               const struct service_question *q, struct service_request *out, struct mp_err *err)
{
    struct str value = service_escape(arena, service_value(arena, q));
    struct str parts[] = {root, STR(SEARCH), value};
    out->url = value.n == 0 ? STR_NONE : arena_join(arena, parts, ARRAY_LEN(parts));
    /* The key may stand in the URL too; a header is in fewer logs. */
    if (out->url.p == NULL || !service_header(out, STR("X-Goog-Api-Key"), key) ||
        !service_header(out, STR("Accept"), STR("application/json")))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a question to Web Risk");
    return MP_OK;
}

static const struct {
    struct str type;
    const char *says;
    enum word_outcome outcome;
} threats[] = {
    {STR_INIT("MALWARE"), "malware", WORD_MALICIOUS},
    {STR_INIT("SOCIAL_ENGINEERING"), "phishing", WORD_MALICIOUS},
    {STR_INIT("SOCIAL_ENGINEERING_EXTENDED_COVERAGE"), "phishing", WORD_MALICIOUS},
    {STR_INIT("UNWANTED_SOFTWARE"), "unwanted software", WORD_SUSPICIOUS},
};

/* A type that came later than this table is a threat all the same. */
static void take_threat(struct str type, struct service_word *w)
{
    const char *says = "another threat";
    enum word_outcome outcome = WORD_MALICIOUS;
    for (size_t i = 0; i < ARRAY_LEN(threats); i++)
        if (str_eq(type, threats[i].type)) {
            says = threats[i].says;
            outcome = threats[i].outcome;
        }
    w->malicious += outcome == WORD_MALICIOUS;
    w->suspicious += outcome == WORD_SUSPICIOUS;
    if (w->outcome != WORD_MALICIOUS) {
        w->outcome = outcome;
        word_text(w, "on Google's list of %s", says);
        word_label(w, type);
    }
}

static void read_search(const struct service_question *q, unsigned threshold, struct str body,
                        struct service_word *w)
{
    enum { TYPES_MAX = 16 };
    json_t *root = service_json(body, w);
    const json_t *threat = json_object_get(root, "threat");
    const json_t *types = json_object_get(threat, "threatTypes");
    (void)q;
    (void)threshold;
    if (root == NULL)
        return;
    if (json_object_size(root) == 0) { /* "{}" is its word for: on no list */
        w->outcome = WORD_UNKNOWN;
        word_text(w, "on none of its lists");
    } else if (!json_is_array(types) || json_array_size(types) == 0 ||
               json_array_size(types) > TYPES_MAX) {
        service_error(w, "an answer without types of threat");
    } else {
        w->expires_s = service_time(service_text(threat, "expireTime"));
        for (size_t i = 0; i < json_array_size(types); i++) {
            const json_t *type = json_array_get(types, i);
            take_threat(json_is_string(type) ? str_from(json_string_value(type)) : STR_NONE, w);
        }
        w->total = w->malicious + w->suspicious;
    }
    json_decref(root);
}

/* google.rpc.ErrorInfo: a wrong key is a 400. */
static bool is_of_key(const json_t *error)
{
    const json_t *details = json_object_get(error, "details"), *item;
    size_t i;
    json_array_foreach(details, i, item)
    {
        struct str reason = service_text(item, "reason");
        if (str_starts(reason, STR("API_KEY_")))
            return true;
    }
    return str_istarts(service_text(error, "message"), STR("API key"));
}

static void read_refusal(const struct service_answer *a, struct service_word *w)
{
    struct service_word no_json = *w;
    json_t *root = service_json(a->body, &no_json);
    const json_t *error = json_object_get(root, "error");
    if (a->status == 400 && is_of_key(error)) {
        w->outcome = WORD_REFUSED;
        word_text(w, "it does not take our key (HTTP 400)");
    } else if (a->status == 400) {
        service_error(w, "it does not take this value");
    }
    json_decref(root);
}

const struct service_kind service_web_risk = {
    .root = "https://webrisk.googleapis.com/v1",
    .takes = 1U << INDICATOR_URL,
    .needs_key = true,
    .ask = ask,
    .read = read_search,
    .read_refusal = read_refusal,
};
