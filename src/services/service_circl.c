/* CIRCL hashlookup: is a file part of software that was published? www.circl.lu/services/hashlookup
 * Of the answer's keys "hashlookup:trust", "FileName", the hashes and the statuses are documented;
 * what "KnownMalicious" holds is not: its mere presence counts. */
#include "services/service_internal.h"

enum { TRUST_MAX = 100, TRUST_NO_OPINION = 50 };

static const struct {
    struct str path;
    const char *member; /* of the answer, with the same hash */
} forms[INDICATOR_KIND_COUNT] = {
    [INDICATOR_MD5] = {STR_INIT("/lookup/md5/"), "MD5"},
    [INDICATOR_SHA1] = {STR_INIT("/lookup/sha1/"), "SHA-1"},
    [INDICATOR_SHA256] = {STR_INIT("/lookup/sha256/"), "SHA-256"},
};

static int ask(struct arena *arena, struct str root, struct str key,
               const struct service_question *q, struct service_request *out, struct mp_err *err)
{
    struct str value = service_value(arena, q);
    struct str parts[] = {root, forms[q->what->kind].path, value};
    (void)key; /* it has none */
    out->url = value.p == NULL ? STR_NONE : arena_join(arena, parts, ARRAY_LEN(parts));
    if (out->url.p == NULL || !service_header(out, STR("Accept"), STR("application/json")))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a question to CIRCL");
    return MP_OK;
}

static bool is_about(const json_t *root, const struct service_question *q)
{
    enum { VALUE_BYTES = 1024 };
    struct arena arena;
    arena_init(&arena, VALUE_BYTES);
    struct str value = service_value(&arena, q);
    bool same = !service_differs(root, forms[q->what->kind].member, value);
    arena_clear(&arena);
    return same;
}

/* Where the file is from: what it was packed in says more than its own name. */
static struct str software(const json_t *root)
{
    struct str name = service_text(json_object_get(root, "ProductCode"), "ProductName");
    return name.n != 0 ? name : service_text(root, "FileName");
}

static bool is_something(const json_t *v)
{
    return v != NULL && !json_is_null(v) && !json_is_false(v) &&
           (!json_is_string(v) || json_string_length(v) != 0) &&
           (!json_is_array(v) || json_array_size(v) != 0);
}

static void judge(const json_t *root, struct service_word *w)
{
    const json_t *known = json_object_get(root, "KnownMalicious");
    if (is_something(known)) {
        w->outcome = WORD_MALICIOUS;
        w->malicious = 1;
        word_text(w, "known as malicious");
        word_label(w, service_text(root, "KnownMalicious"));
    } else if (w->harmless < TRUST_NO_OPINION) {
        w->outcome = WORD_SUSPICIOUS;
        word_text(w, "known, but trusted %u of 100 only", w->harmless);
    } else {
        w->outcome = WORD_KNOWN_GOOD;
        word_text(w, "known as part of published software, trusted %u of 100", w->harmless);
    }
}

static void read_file(const struct service_question *q, unsigned threshold, struct str body,
                      struct service_word *w)
{
    static const char *const any_of[] = {"MD5", "SHA-1", "SHA-256", "FileName"};
    json_t *root = service_json(body, w);
    uint64_t trust = TRUST_NO_OPINION;
    bool is_file = false;
    (void)threshold;
    if (root == NULL)
        return;
    for (size_t i = 0; i < ARRAY_LEN(any_of); i++)
        is_file = is_file || service_text(root, any_of[i]).n != 0;
    bool has_trust = json_object_get(root, "hashlookup:trust") != NULL;
    if (!is_file) {
        service_error(w, "an answer that describes no file");
    } else if (!is_about(root, q)) {
        service_error(w, "an answer about another file");
    } else if (has_trust && !service_number(root, "hashlookup:trust", TRUST_MAX, &trust)) {
        service_error(w, "an answer whose trust is no number");
    } else {
        w->harmless = (unsigned)trust;
        w->total = TRUST_MAX;
        word_label(w, software(root));
        judge(root, w);
    }
    json_decref(root);
}

/* Its 404 has a message; that of a wrong address has not. */
static void read_refusal(const struct service_answer *a, struct service_word *w)
{
    struct service_word no_json = *w;
    json_t *root = service_json(a->body, &no_json);
    if (a->status == 404 && str_istarts(service_text(root, "message"), STR("Non existing"))) {
        w->outcome = WORD_UNKNOWN;
        word_text(w, "not part of software it knows");
    } else if (a->status == 400) {
        service_error(w, "it does not take this value");
    }
    json_decref(root);
}

const struct service_kind service_circl = {
    .root = "https://hashlookup.circl.lu",
    .takes = 1U << INDICATOR_MD5 | 1U << INDICATOR_SHA1 | 1U << INDICATOR_SHA256,
    .needs_key = false,
    .ask = ask,
    .read = read_file,
    .read_refusal = read_refusal,
};
