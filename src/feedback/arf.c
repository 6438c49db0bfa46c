/* Abuse and failure reports (RFC 5965, RFC 6591, RFC 9991): the fields of message/feedback-report,
 * whatever the order, line ends and case they are written in. */
#include "base/buf.h"
#include "base/grow.h"
#include "feedback/read_internal.h"
#include "message/date.h"

enum { ARF_MAX_FIELDS = 2000, ARF_VALUE_BYTES = 16 * 1024 };

#define OF(member) offsetof(struct failure_report, member)
static const struct {
    struct str name;
    size_t text;
} fields[] = {
    {STR_INIT("Feedback-Type"), OF(feedback_type)},
    {STR_INIT("User-Agent"), OF(user_agent)},
    {STR_INIT("Version"), OF(version)},
    {STR_INIT("Source-IP"), OF(source)},
    {STR_INIT("Arrival-Date"), OF(arrival_date)},
    {STR_INIT("Received-Date"), OF(arrival_date)}, /* of drafts, still sent */
    {STR_INIT("Original-Mail-From"), OF(mail_from)},
    {STR_INIT("Auth-Failure"), OF(auth_failure)},
    {STR_INIT("Delivery-Result"), OF(delivery_result)},
    {STR_INIT("Identity-Alignment"), OF(identity_alignment)},
    {STR_INIT("DKIM-Domain"), OF(dkim_domain)},
    {STR_INIT("DKIM-Identity"), OF(dkim_identity)},
    {STR_INIT("DKIM-Selector"), OF(dkim_selector)},
    {STR_INIT("SPF-DNS"), OF(spf_dns)},
    {STR_INIT("Reporting-MTA"), OF(reporting_mta)},
    {STR_INIT("Original-Envelope-Id"), OF(envelope_id)},
    {STR_INIT("Authentication-Results"), OF(authentication_results)},
};

static const struct {
    struct str name;
    size_t list, n;
} lists[] = {
    {STR_INIT("Reported-Domain"), OF(domains), OF(n_domains)},
    {STR_INIT("Reported-URI"), OF(uris), OF(n_uris)},
    {STR_INIT("Original-Rcpt-To"), OF(rcpts), OF(n_rcpts)},
};

struct arf {
    struct arena *arena;
    struct feedback_problems *problems;
    struct failure_report report;
    struct str incidents;
    size_t caps[ARRAY_LEN(lists)];
    size_t n_fields;
    struct buf value;
};

static void note(struct arf *r, enum feedback_problem_kind kind, struct str where,
                 const char *sentence)
{
    feedback_problem(r->problems, kind, GRAVITY_NOTE, where, "%s", sentence);
}

/* ---- lines ---- */

/* Up to CRLF, LF or CR. *more: there is another one. */
static struct str next_line(struct str *text, bool *more)
{
    size_t n = 0;
    while (n < text->n && text->p[n] != '\r' && text->p[n] != '\n')
        n++;
    struct str line = str_slice(*text, 0, n);
    *more = n < text->n;
    size_t behind = n + (n + 1 < text->n && text->p[n] == '\r' && text->p[n + 1] == '\n') + 1;
    *text = str_slice(*text, behind, text->n);
    return line;
}

static void add_value(struct arf *r, struct str piece)
{
    piece = str_trim(piece);
    if (r->value.n > 0 && piece.n > 0)
        buf_addc(&r->value, ' ');
    buf_add(&r->value, str_slice(piece, 0, ARF_VALUE_BYTES / 2));
}

/* ---- fields ---- */

static bool add_to_list(struct arf *r, size_t which, struct str value)
{
    struct str **list = (struct str **)(void *)((char *)&r->report + lists[which].list);
    size_t *n = (size_t *)(void *)((char *)&r->report + lists[which].n);
    if (*n == FEEDBACK_MAX_LIST) {
        note(r, PROBLEM_LIMIT, lists[which].name, "more than are kept: the rest is left out");
        return true;
    }
    struct str *grown = list_room(r->arena, *list, *n, &r->caps[which], sizeof value);
    if (grown == NULL)
        return false;
    grown[(*n)++] = value;
    *list = grown;
    return true;
}

/* The first one of a field that may stand once counts. */
static bool end_field(struct arf *r, struct str name)
{
    struct str value = feedback_text(r->arena, buf_str(&r->value));
    if (value.p == NULL)
        return false;
    if (str_ieq(name, STR("Incidents")) && r->incidents.p == NULL)
        r->incidents = value;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if (str_ieq(name, lists[i].name))
            return add_to_list(r, i, value);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        struct str *slot = (struct str *)(void *)((char *)&r->report + fields[i].text);
        if (!str_ieq(name, fields[i].name))
            continue;
        if (slot->p == NULL)
            *slot = value;
        else if (!str_ieq(name, STR("Authentication-Results")))
            note(r, PROBLEM_DUPLICATE, fields[i].name, "stands twice, the first one counts");
    }
    return true;
}

static bool read_fields(struct arf *r, struct str text)
{
    struct str name = STR_NONE;
    bool more = text.n > 0, ok = true;
    while (ok && more && r->n_fields < ARF_MAX_FIELDS) {
        struct str line = next_line(&text, &more);
        if (line.n > 0 && is_wsp(line.p[0])) {
            add_value(r, line);
            continue;
        }
        if (name.p != NULL)
            ok = end_field(r, name);
        size_t colon = str_find(line, ':');
        name = colon < line.n ? str_trim(str_slice(line, 0, colon)) : STR_NONE;
        buf_reset(&r->value);
        add_value(r, str_slice(line, colon + 1, line.n));
        r->n_fields += name.p != NULL;
    }
    if (r->n_fields == ARF_MAX_FIELDS)
        note(r, PROBLEM_LIMIT, STR(""), "more fields than are read: the rest is left out");
    return ok && (name.p == NULL || end_field(r, name));
}

/* ---- values ---- */

/* "192.0.2.1", "192.0.2.1 (a comment)", "[192.0.2.1]", "IPv6:..." */
static void read_source(struct arf *r)
{
    struct str s = r->report.source;
    s = str_trim(str_slice(s, 0, str_find(s, '(')));
    if (s.n > 1 && s.p[0] == '[' && s.p[s.n - 1] == ']')
        s = str_slice(s, 1, s.n - 1);
    if (str_istarts(s, STR("IPv6:")))
        s = str_slice(s, 5, s.n);
    if (r->report.source.n > 0 && !ip_parse(s, &r->report.ip))
        note(r, PROBLEM_ADDRESS, STR("Source-IP"), "no address of a source");
}

static void read_values(struct arf *r)
{
    struct failure_report *x = &r->report;
    struct mail_date date;
    read_source(r);
    if (x->arrival_date.n > 0 && date_parse(x->arrival_date, &date) && date.unix_s > 0)
        x->arrival_s = date.unix_s;
    else if (x->arrival_date.n > 0)
        note(r, PROBLEM_NUMBER, STR("Arrival-Date"), "no date");
    x->incidents = 1;
    if (r->incidents.n > 0 && !str_to_u64(r->incidents, FEEDBACK_COUNT_LIMIT, &x->incidents)) {
        x->incidents = 1;
        note(r, PROBLEM_NUMBER, STR("Incidents"), "no number of messages");
    }
    if (x->feedback_type.n == 0)
        note(r, PROBLEM_MISSING, STR("Feedback-Type"), "not told");
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        struct str *slot = (struct str *)(void *)((char *)x + fields[i].text);
        if (slot->p == NULL)
            *slot = STR("");
    }
}

int arf_read(struct arena *arena, struct str text, struct feedback_problems *problems,
             struct failure_report *out, struct mp_err *err)
{
    struct arf r = {.arena = arena, .problems = problems};
    buf_init(&r.value, ARF_VALUE_BYTES);
    bool ok = read_fields(&r, text);
    buf_clear(&r.value);
    if (ok && r.n_fields == 0) {
        feedback_problem(problems, PROBLEM_NOT_WELL_FORMED, GRAVITY_REFUSED, STR(""),
                         "message/feedback-report without a field");
        return problems->failed ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a report")
                                : mp_fail(err, MP_E_SYNTAX, 0, "a report without a field");
    }
    if (ok)
        read_values(&r);
    if (!ok || problems->failed)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a report");
    *out = r.report;
    return MP_OK;
}
