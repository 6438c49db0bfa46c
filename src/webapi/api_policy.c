/* A policy on trial: of a message, which is judged under it, or of a mail of history, whose
 * findings are decided anew. */
#include "webapi/webapi_internal.h"

/* What was decided then, as far as history knows. */
struct past {
    struct finding_list findings;
    enum verdict_action before;
    enum dmarc_request request;
    bool complete, from_report;
    struct arena *arena;
};

static void put_reasons(struct json *j, const struct verdict *v)
{
    json_key(j, "reasons");
    json_array_begin(j);
    for (size_t i = 0; i < v->n_reasons; i++)
        json_str(j, finding_kind(v->reasons[i])->name);
    json_array_end(j);
}

static void put_findings(struct json *j, const struct finding_list *list)
{
    json_key(j, "findings");
    json_array_begin(j);
    for (size_t i = 0; i < list->n; i++) {
        const struct finding *f = &list->items[i];
        json_object_begin(j);
        json_kstr(j, "id", finding_kind(f->id)->name);
        json_kword(j, "severity", severity_name(f->severity));
        json_ktext(j, "evidence", f->evidence);
        json_object_end(j);
    }
    json_array_end(j);
}

/* ---- a mail of history ---- */

static void add_finding(struct past *p, struct str name, enum severity severity,
                        struct str evidence)
{
    struct finding f = {.severity = severity, .evidence = arena_copy(p->arena, evidence)};
    if (finding_by_name(name, &f.id))
        finding_copy(&p->findings, &f);
    else
        p->complete = false; /* of another version: what would it lead to? */
}

static bool take_summary(void *ctx, const struct history_message *m)
{
    struct past *p = ctx;
    const struct mail_summary *s = &m->s;
    p->before = s->action;
    p->complete = s->complete;
    if (str_eq(s->policy.disposition, STR("reject")))
        p->request = DMARC_REQUEST_REJECT;
    else if (str_eq(s->policy.disposition, STR("quarantine")))
        p->request = DMARC_REQUEST_QUARANTINE;
    for (size_t i = 0; i < s->n_findings; i++)
        add_finding(p, s->findings[i].id, s->findings[i].severity, s->findings[i].evidence);
    return true;
}

/* All findings, where the report is kept; the list of the summary otherwise. */
static void take_report(struct past *p, struct str report)
{
    json_t *doc = json_loadb(report.n == 0 ? "" : report.p, report.n, JSON_ALLOW_NUL, NULL);
    const json_t *list = json_object_get(doc, "findings"), *item;
    size_t i;
    if (json_is_array(list)) {
        finding_list_init(&p->findings, p->arena);
        p->from_report = true;
    }
    json_array_foreach(list, i, item)
    {
        enum severity severity = SEV_CRITICAL; /* of one that says none that we know */
        severity_by_name(webapi_json_text(json_object_get(item, "severity")), &severity);
        add_finding(p, webapi_json_text(json_object_get(item, "id")), severity,
                    webapi_json_text(json_object_get(item, "evidence")));
    }
    json_decref(doc);
}

static int read_past(struct webapi *w, struct str id, struct past *p, bool *found,
                     struct mp_err *err)
{
    struct buf report;
    bool has_report = false;
    int st = history_get(w->c.history, id, take_summary, p, found, err);
    if (st != MP_OK || !*found)
        return st;
    buf_init(&report, ANSWER_MAX_REPORT_BYTES);
    st = history_report(w->c.history, id, &report, &has_report, err);
    if (st == MP_OK && has_report)
        take_report(p, buf_str(&report));
    buf_clear(&report);
    if (st == MP_OK && p->findings.starved)
        st = mp_fail(err, MP_E_NOMEM, 0, "the request needs more memory than allowed");
    return st;
}

static int reply_past(struct httpd_request *q, const struct policy *policy, struct past *p)
{
    struct verdict v;
    verdict_decide(policy, &p->findings, p->request, p->complete, &v);
    struct json *j = httpd_json(q, 200);
    json_object_begin(j);
    json_key(j, "verdict");
    json_object_begin(j);
    json_kword(j, "action", action_name(v.action));
    json_kbool(j, "complete", v.complete);
    put_reasons(j, &v);
    json_object_end(j);
    json_kword(j, "before", action_name(p->before));
    put_findings(j, &p->findings);
    json_kword(j, "source", p->from_report ? "report" : "summary");
    json_object_end(j);
    return MP_OK;
}

static int test_past(struct webapi *w, struct httpd_request *q, struct str id,
                     const struct policy *policy, struct mp_err *err)
{
    struct past p = {.arena = httpd_arena(q)};
    bool found = false;
    if ((httpd_scopes(q) & WEBAPI_READ) == 0)
        return httpd_problem(q, 403, "this token may not read history");
    if (w->c.history == NULL)
        return webapi_not_kept(q, "history");
    finding_list_init(&p.findings, p.arena);
    int st = read_past(w, id, &p, &found, err);
    if (st != MP_OK)
        return st;
    return found ? reply_past(q, policy, &p)
                 : httpd_problem(q, 404, "history has no such mail (any more)");
}

/* ---- a message ---- */

static void put_member(struct json *j, const char *key, const json_t *v)
{
    char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
    json_key(j, key);
    if (text == NULL)
        json_write_null(j);
    else
        json_raw(j, str_from(text));
    free(text);
}

/* From the report: id, severity and evidence of each finding. */
static void put_report_findings(struct json *j, const json_t *list)
{
    const json_t *item;
    size_t i;
    json_key(j, "findings");
    json_array_begin(j);
    json_array_foreach(list, i, item)
    {
        json_object_begin(j);
        json_ktext(j, "id", webapi_json_text(json_object_get(item, "id")));
        json_ktext(j, "severity", webapi_json_text(json_object_get(item, "severity")));
        json_ktext(j, "evidence", webapi_json_text(json_object_get(item, "evidence")));
        json_object_end(j);
    }
    json_array_end(j);
}

static int reply_answer(struct httpd_request *q, const struct mail_answer *answer)
{
    json_t *doc = json_loadb(answer->report.n == 0 ? "" : answer->report.p, answer->report.n,
                             JSON_ALLOW_NUL, NULL);
    if (!json_is_object(json_object_get(doc, "verdict"))) {
        json_decref(doc);
        return httpd_problem(q, 503, "the report is not there: nothing is decided");
    }
    struct json *j = httpd_json(q, 200);
    json_object_begin(j);
    put_member(j, "verdict", json_object_get(doc, "verdict"));
    json_kword(j, "before", NULL);
    put_report_findings(j, json_object_get(doc, "findings"));
    json_kword(j, "source", "message");
    json_object_end(j);
    json_decref(doc);
    return MP_OK;
}

static int test_message(struct webapi *w, struct httpd_request *q, const json_t *body,
                        struct str policy, struct mp_err *err)
{
    static const char *const more[] = {"policy"};
    struct scan_input in = {.held = NULL};
    struct mail_answer answer;
    struct mp_err why = {0};
    int st = webapi_input_json(w, q, body, more, ARRAY_LEN(more), &in, err);
    if (st == MP_OK)
        st = webapi_input_finish(w, q, MAIL_SCAN, &in, err);
    if (st != MP_OK)
        return st;
    if (in.message.n > w->c.max_message_bytes)
        return httpd_problem(q, 413, "the message is longer than %zu bytes",
                             w->c.max_message_bytes);
    in.r.want_report = true;
    in.r.policy = policy.n != 0 ? policy : STR("{}"); /* the built-in one, not the configured one */
    st = scan_judge(w, &in, httpd_arena(q), &answer, &why);
    return st == MP_OK
               ? reply_answer(q, &answer)
               : httpd_problem(q, scan_failure_status(st), "nothing is decided: %s", why.text);
}

/* ---- both ---- */

static int test_body(struct webapi *w, struct httpd_request *q, const json_t *body,
                     struct mp_err *err)
{
    const json_t *yaml = json_object_get(body, "policy"), *id = json_object_get(body, "id");
    struct policy *policy = arena_new(httpd_arena(q), struct policy, 1);
    struct mp_err why = {0};
    if (policy == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "the request needs more memory than allowed");
    if (!json_is_string(yaml) || json_string_length(yaml) > WEBAPI_MAX_POLICY_BYTES)
        return mp_fail(err, MP_E_SYNTAX, 0, "policy: the YAML of a policy, at most %d bytes",
                       WEBAPI_MAX_POLICY_BYTES);
    int st = policy_load(httpd_arena(q), webapi_json_text(yaml), "policy", policy, &why);
    if (st == MP_E_SYNTAX || st == MP_E_LIMIT)
        return httpd_problem(q, 422, "%s", why.text);
    if (st != MP_OK) {
        *err = why;
        return st;
    }
    if (id == NULL)
        return test_message(w, q, body, webapi_json_text(yaml), err);
    if (!json_is_string(id) || json_object_size(body) != 2)
        return mp_fail(err, MP_E_SYNTAX, 0, "id: the text of one, and nothing beside the policy");
    return test_past(w, q, webapi_json_text(id), policy, err);
}

int webapi_handle_policy_test(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    static const char *const known[] = {"timeout"};
    struct webapi *w = ctx;
    json_t *body = NULL;
    bool ok;
    int st = httpd_query_known(q, known, ARRAY_LEN(known), err);
    if (st != MP_OK)
        return st;
    switch (scan_place_take(w, q)) {
    case PLACE_TAKEN:
        st = webapi_json_body(q, &body, &ok, err);
        if (st == MP_OK && ok)
            st = test_body(w, q, body, err);
        json_decref(body);
        scan_place_free(w, q);
        return st;
    case PLACE_WAITS:
        return MP_OK;
    default:
        return httpd_problem(q, 503, "no place for a scan was free: nothing is decided");
    }
}
