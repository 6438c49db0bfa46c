/* TLS reports (RFC 8460): strict JSON, one value, no key twice; lenient about what senders write
 * where the format wants something else, and says so. */
#include <jansson.h>
#include <stdio.h>

#include "base/buf.h"
#include "feedback/read_internal.h"

enum { PLACE_BYTES = 160 };

struct tls_reader {
    struct arena *arena;
    struct feedback_problems *problems;
    struct tls_report report;
    size_t n_failures;       /* of all policies */
    char place[PLACE_BYTES]; /* "policies[3].failure-details[0]" */
};

/* ---- problems ---- */

static void note(struct tls_reader *r, enum feedback_problem_kind kind,
                 enum feedback_gravity gravity, const char *key, const char *sentence)
{
    char room[2 * PLACE_BYTES];
    int n = snprintf(room, sizeof room, "%s%s%s", r->place,
                     r->place[0] != '\0' && key[0] != '\0' ? "." : "", key);
    feedback_problem(r->problems, kind, gravity,
                     str_make(room, n > 0 && n < (int)sizeof room ? (size_t)n : 0), "%s", sentence);
}

/* ---- values ---- */

static struct str text_of(struct tls_reader *r, const json_t *v)
{
    struct str s =
        !json_is_string(v) ? STR("") : str_make(json_string_value(v), json_string_length(v));
    s = feedback_text(r->arena, s);
    r->problems->failed |= s.p == NULL;
    return s;
}

static struct str member(struct tls_reader *r, const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    if (v != NULL && !json_is_string(v) && !json_is_null(v))
        note(r, PROBLEM_TYPE, GRAVITY_NOTE, key, "a text is wanted");
    return text_of(r, v);
}

/* A number, or digits in a text. False: there is one, and it cannot count anything. */
static bool number(struct tls_reader *r, const json_t *object, const char *key, uint64_t *out)
{
    const json_t *v = json_object_get(object, key);
    json_int_t i = json_is_integer(v) ? json_integer_value(v) : -1;
    double d = json_is_real(v) ? json_real_value(v) : -1;
    *out = 0;
    if (v == NULL || json_is_null(v))
        return true;
    if (i >= 0 && i <= FEEDBACK_COUNT_LIMIT) {
        *out = (uint64_t)i;
        return true;
    }
    if (json_is_string(v) && str_to_u64(str_make(json_string_value(v), json_string_length(v)),
                                        FEEDBACK_COUNT_LIMIT, out)) {
        note(r, PROBLEM_TYPE, GRAVITY_NOTE, key, "a number is wanted, and not a text");
        return true;
    }
    if (d >= 0 && d <= FEEDBACK_COUNT_LIMIT && d == (double)(uint64_t)d) {
        *out = (uint64_t)d;
        return true;
    }
    note(r, PROBLEM_NUMBER, GRAVITY_PARTIAL, key, "left out: this is no number of sessions");
    return false;
}

/* A list of texts; a text alone is one of one. */
static void texts(struct tls_reader *r, const json_t *object, const char *key, struct str **out,
                  size_t *n)
{
    const json_t *v = json_object_get(object, key);
    size_t all = json_is_string(v) ? 1 : json_array_size(v);
    if (v != NULL && !json_is_null(v) && !json_is_string(v) && !json_is_array(v))
        note(r, PROBLEM_TYPE, GRAVITY_NOTE, key, "a list of texts is wanted");
    if (all > FEEDBACK_MAX_LIST) {
        note(r, PROBLEM_LIMIT, GRAVITY_NOTE, key, "more than are kept: the rest is left out");
        all = FEEDBACK_MAX_LIST;
    }
    struct str *list = arena_new(r->arena, struct str, all + 1);
    r->problems->failed |= list == NULL;
    for (size_t i = 0; list != NULL && i < all; i++)
        list[i] = text_of(r, json_is_string(v) ? v : json_array_get(v, i));
    *out = list;
    *n = list == NULL ? 0 : all;
}

/* ---- policies ---- */

static bool read_failure(struct tls_reader *r, const json_t *v, struct tls_failure *f)
{
    const struct {
        const char *key;
        struct str *out;
    } rows[] = {{"result-type", &f->result_type},
                {"sending-mta-ip", &f->sending_ip},
                {"receiving-mx-hostname", &f->receiving_mx},
                {"receiving-mx-helo", &f->receiving_helo},
                {"receiving-ip", &f->receiving_ip},
                {"additional-information", &f->info},
                {"failure-reason-code", &f->reason}};
    if (!json_is_object(v)) {
        note(r, PROBLEM_TYPE, GRAVITY_PARTIAL, "", "left out: an object is wanted");
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        *rows[i].out = member(r, v, rows[i].key);
    return number(r, v, "failed-session-count", &f->count);
}

static void read_failures(struct tls_reader *r, const json_t *list, struct tls_result *p)
{
    size_t all = json_array_size(list), left = FEEDBACK_MAX_TLS_FAILURES - r->n_failures;
    char place[PLACE_BYTES];
    if (list != NULL && !json_is_null(list) && !json_is_array(list))
        note(r, PROBLEM_TYPE, GRAVITY_PARTIAL, "failure-details", "left out: a list is wanted");
    if (all > left) {
        note(r, PROBLEM_LIMIT, GRAVITY_PARTIAL, "failure-details",
             "more than are read: the rest is left out");
        all = left;
    }
    p->failures = arena_new(r->arena, struct tls_failure, all + 1);
    r->problems->failed |= p->failures == NULL;
    memcpy(place, r->place, sizeof place);
    for (size_t i = 0; p->failures != NULL && i < all; i++) {
        snprintf(r->place, sizeof r->place, "%.100s.failure-details[%zu]", place, i);
        if (read_failure(r, json_array_get(list, i), &p->failures[p->n_failures]))
            p->n_failures++;
        else
            p->failures[p->n_failures] = (struct tls_failure){0};
    }
    r->n_failures += p->n_failures;
    memcpy(r->place, place, sizeof place);
}

/* False: it is none, or its sums are no numbers: then nothing of it can be believed. */
static bool read_policy(struct tls_reader *r, const json_t *v, struct tls_result *p)
{
    const json_t *policy = json_object_get(v, "policy"), *summary = json_object_get(v, "summary");
    if (!json_is_object(v)) {
        note(r, PROBLEM_TYPE, GRAVITY_PARTIAL, "", "left out: an object is wanted");
        return false;
    }
    if (!json_is_object(policy))
        note(r, policy == NULL ? PROBLEM_MISSING : PROBLEM_TYPE, GRAVITY_NOTE, "policy",
             "an object is wanted");
    if (!json_is_object(summary))
        note(r, summary == NULL ? PROBLEM_MISSING : PROBLEM_TYPE, GRAVITY_NOTE, "summary",
             "an object is wanted");
    p->policy_type = member(r, policy, "policy-type");
    p->domain = member(r, policy, "policy-domain");
    texts(r, policy, "policy-string", &p->policy_strings, &p->n_strings);
    texts(r, policy, json_object_get(policy, "mx-host") != NULL ? "mx-host" : "mx-host-pattern",
          &p->mx_hosts, &p->n_mx);
    if (!number(r, summary, "total-successful-session-count", &p->successful) ||
        !number(r, summary, "total-failure-session-count", &p->failed))
        return false;
    read_failures(r, json_object_get(v, "failure-details"), p);
    return true;
}

static void read_policies(struct tls_reader *r, const json_t *list)
{
    struct tls_report *x = &r->report;
    size_t all = json_array_size(list);
    if (all > FEEDBACK_MAX_POLICIES) {
        note(r, PROBLEM_LIMIT, GRAVITY_PARTIAL, "policies", "more than are read");
        all = FEEDBACK_MAX_POLICIES;
    }
    x->results = arena_new(r->arena, struct tls_result, all + 1);
    r->problems->failed |= x->results == NULL;
    for (size_t i = 0; x->results != NULL && i < all; i++) {
        struct tls_result *p = &x->results[x->n_results];
        snprintf(r->place, sizeof r->place, "policies[%zu]", i);
        if (!read_policy(r, json_array_get(list, i), p)) {
            *p = (struct tls_result){0};
            continue;
        }
        x->n_results++;
        x->successful += p->successful;
        x->failed += p->failed;
    }
    r->place[0] = '\0';
    if (x->n_results == 0)
        note(r, PROBLEM_MISSING, GRAVITY_PARTIAL, "policies", "no policy that can be used");
}

/* ---- the whole ---- */

static void read_range(struct tls_reader *r, const json_t *range)
{
    struct tls_report *x = &r->report;
    x->begin = member(r, range, "start-datetime");
    x->end = member(r, range, "end-datetime");
    if (!feedback_time_parse(x->begin, &x->begin_s) || !feedback_time_parse(x->end, &x->end_s))
        note(r, x->begin.n == 0 || x->end.n == 0 ? PROBLEM_MISSING : PROBLEM_NUMBER, GRAVITY_NOTE,
             "date-range", "no times of the range");
    else if (x->begin_s > x->end_s)
        note(r, PROBLEM_RANGE, GRAVITY_NOTE, "date-range", "it ends before it begins");
}

static bool read_root(struct tls_reader *r, const json_t *root)
{
    struct tls_report *x = &r->report;
    const json_t *policies = json_object_get(root, "policies");
    if (!json_is_object(root) ||
        (policies == NULL && json_object_get(root, "organization-name") == NULL)) {
        note(r, PROBLEM_NOT_A_REPORT, GRAVITY_REFUSED, "", "JSON, and no TLS report");
        return false;
    }
    if (!json_is_array(policies)) {
        note(r, policies == NULL ? PROBLEM_MISSING : PROBLEM_TYPE, GRAVITY_REFUSED, "policies",
             "a list is wanted");
        return false;
    }
    x->org_name = member(r, root, "organization-name");
    x->contact = member(r, root, "contact-info");
    x->report_id = member(r, root, "report-id");
    read_range(r, json_object_get(root, "date-range"));
    if (x->org_name.n == 0)
        note(r, PROBLEM_MISSING, GRAVITY_NOTE, "organization-name", "not told");
    if (x->report_id.n == 0)
        note(r, PROBLEM_MISSING, GRAVITY_NOTE, "report-id", "not told");
    read_policies(r, policies);
    return true;
}

/* Before jansson, which goes down itself: brackets are counted, texts passed over. */
static bool is_too_deep(struct str json)
{
    unsigned depth = 0;
    bool inside = false;
    for (size_t i = 0; i < json.n; i++) {
        char c = json.p[i];
        if (inside && c == '\\')
            i++;
        else if (c == '"')
            inside = !inside;
        else if (!inside && (c == '{' || c == '['))
            depth++;
        else if (!inside && (c == '}' || c == ']'))
            depth -= depth > 0;
        if (depth > FEEDBACK_MAX_DEPTH)
            return true;
    }
    return false;
}

static json_t *load(struct tls_reader *r, struct str json)
{
    json_error_t error;
    char room[PLACE_BYTES];
    if (is_too_deep(json)) {
        note(r, PROBLEM_DEPTH, GRAVITY_REFUSED, "",
             "more values in each other than any report has");
        return NULL;
    }
    json_t *root = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (root != NULL)
        return root;
    enum json_error_code code = json_error_code(&error);
    r->problems->failed |= code == json_error_out_of_memory;
    snprintf(room, sizeof room, "line %d, column %d", error.line, error.column);
    feedback_problem(r->problems,
                     code == json_error_duplicate_key      ? PROBLEM_DUPLICATE
                     : code == json_error_numeric_overflow ? PROBLEM_NUMBER
                                                           : PROBLEM_NOT_WELL_FORMED,
                     GRAVITY_REFUSED, str_from(room), "not JSON as it must be: %s", error.text);
    return NULL;
}

int tls_json_read(struct arena *arena, struct str json, struct feedback_problems *problems,
                  struct tls_report *out, struct mp_err *err)
{
    struct tls_reader r = {.arena = arena, .problems = problems};
    if (str_starts(json, STR("\xef\xbb\xbf")))
        json = str_slice(json, 3, json.n);
    json_t *root = load(&r, json);
    bool ok = root != NULL && read_root(&r, root);
    json_decref(root);
    if (problems->failed)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a report");
    if (!ok)
        return mp_fail(err, MP_E_SYNTAX, 0, STR_FMT,
                       STR_ARG(problems->items[problems->n - 1].text));
    *out = r.report;
    return MP_OK;
}
