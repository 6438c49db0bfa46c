/* The policy file: YAML read event by event with libfyaml, checked against one table of keys. */
#include <libfyaml.h>
#include <stdlib.h>

#include "base/idna.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "verdict/verdict.h"

enum { SHOWN_MAX = 60, AUTHSERV_ID_MAX = 253 };

/* The reader: one event of look-ahead is never needed, the grammar is known at every place. */
struct reader {
    struct fy_parser *parser;
    struct fy_diag *diag;
    struct fy_event *event; /* current; owned */
    struct fy_mark at;      /* where it begins; an empty value stands at what was before it */
    struct arena *arena;
    struct policy *policy;
    const char *file;
    struct mp_err *err;
};

/* ---- errors with a place ---- */

static int fail_at(struct reader *r, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int fail_at(struct reader *r, int code, const char *fmt, ...)
{
    char text[MP_ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return mp_fail(r->err, code, r->at.line + 1, "%s:%d:%d: %s", r->file, r->at.line + 1,
                   r->at.column + 1, text);
}

/* The first thing libfyaml complained about; its messages never hold bytes of the file. */
static int fail_by_parser(struct reader *r)
{
    void *cursor = NULL;
    const struct fy_diag_error *e = fy_diag_errors_iterate(r->diag, &cursor);
    if (e == NULL)
        return mp_fail(r->err, MP_E_SYNTAX, 0, "%s: not a YAML document", r->file);
    return mp_fail(r->err, MP_E_SYNTAX, e->line, "%s:%d:%d: %s", r->file, e->line, e->column,
                   e->msg);
}

/* Text of the file as it may be shown in an error. */
static const char *shown(struct str s, char out[4 * SHOWN_MAX])
{
    struct buf b;
    buf_init(&b, 16 * SHOWN_MAX);
    utf8_add_printable(&b, s, SHOWN_MAX);
    snprintf(out, (size_t)4 * SHOWN_MAX, STR_FMT, STR_ARG(buf_str(&b)));
    buf_clear(&b);
    return out;
}

/* ---- words ---- */

static int fail_unknown(struct reader *r, const char *what, const struct nearest *n)
{
    char word[4 * SHOWN_MAX];
    if (n->best.p == NULL)
        return fail_at(r, MP_E_SYNTAX, "unknown %s '%s'", what, shown(n->wanted, word));
    return fail_at(r, MP_E_SYNTAX, "unknown %s '%s', did you mean '" STR_FMT "'?", what,
                   shown(n->wanted, word), STR_ARG(n->best));
}

/* ---- events ---- */

/* Take the next event. Anchors, aliases and tags have no use in a policy and are refused, so no
 * text can grow by reference. */
static int next_event(struct reader *r)
{
    fy_parser_event_free(r->parser, r->event);
    r->event = fy_parser_parse(r->parser);
    if (r->event == NULL)
        return fail_by_parser(r);
    const struct fy_mark *mark = fy_event_start_mark(r->event);
    if (mark != NULL)
        r->at = *mark;
    const struct fy_event *e = r->event;
    bool anchored = (e->type == FYET_SCALAR && e->scalar.anchor != NULL) ||
                    (e->type == FYET_MAPPING_START && e->mapping_start.anchor != NULL) ||
                    (e->type == FYET_SEQUENCE_START && e->sequence_start.anchor != NULL);
    bool tagged = (e->type == FYET_SCALAR && e->scalar.tag != NULL) ||
                  (e->type == FYET_MAPPING_START && e->mapping_start.tag != NULL) ||
                  (e->type == FYET_SEQUENCE_START && e->sequence_start.tag != NULL);
    if (anchored || e->type == FYET_ALIAS)
        return fail_at(r, MP_E_SYNTAX, "anchors and aliases are not used in a policy");
    if (tagged)
        return fail_at(r, MP_E_SYNTAX, "tags are not used in a policy");
    return MP_OK;
}

static int expect(struct reader *r, enum fy_event_type type, const char *what)
{
    if (r->event->type != type)
        return fail_at(r, MP_E_SYNTAX, "%s is wanted here", what);
    return MP_OK;
}

static int next_expected(struct reader *r, enum fy_event_type type, const char *what)
{
    int st = next_event(r);
    return st == MP_OK ? expect(r, type, what) : st;
}

/* The current event as text, borrowed until the next event. */
static int scalar(struct reader *r, const char *what, struct str *out)
{
    int st = expect(r, FYET_SCALAR, what);
    if (st != MP_OK)
        return st;
    size_t n = 0;
    const char *p = fy_token_get_text(r->event->scalar.value, &n);
    *out = str_make(p, p == NULL ? 0 : n);
    return MP_OK;
}

static int next_scalar(struct reader *r, const char *what, struct str *out)
{
    int st = next_event(r);
    return st == MP_OK ? scalar(r, what, out) : st;
}

/* ---- mappings by table ---- */

/* A key, the reader of its value (which begins with the next event and ends with its last), and
 * where in the mapping's struct the value belongs. */
struct key {
    struct str name;
    int (*read)(struct reader *r, void *into);
    size_t offset;
};

static int read_key(struct reader *r, const struct key *keys, size_t n, uint32_t *seen, char *into)
{
    struct str name;
    int st = scalar(r, "a key", &name);
    if (st != MP_OK)
        return st;
    struct nearest nearest = {.wanted = name};
    for (size_t i = 0; i < n; i++) {
        nearest_try(&nearest, keys[i].name);
        if (!str_eq(keys[i].name, name))
            continue;
        if (*seen >> i & 1)
            return fail_at(r, MP_E_SYNTAX, "key '" STR_FMT "' stands twice", STR_ARG(keys[i].name));
        *seen |= 1u << i;
        return keys[i].read(r, into + keys[i].offset);
    }
    return fail_unknown(r, "key", &nearest);
}

/* A mapping whose start is the current event. */
static int read_mapping(struct reader *r, const struct key *keys, size_t n, uint32_t *seen,
                        char *into)
{
    *seen = 0;
    for (;;) {
        int st = next_event(r);
        if (st == MP_OK && r->event->type == FYET_MAPPING_END)
            return MP_OK;
        if (st == MP_OK)
            st = read_key(r, keys, n, seen, into);
        if (st != MP_OK)
            return st;
    }
}

/* ---- values ---- */

static int read_action(struct reader *r, void *into)
{
    struct str word;
    int st = next_scalar(r, "an action (accept, tag, quarantine, reject, tempfail)", &word);
    if (st != MP_OK || action_by_name(word, into))
        return st;
    struct nearest nearest = {.wanted = word};
    for (int a = ACTION_ACCEPT; a <= ACTION_TEMPFAIL; a++)
        nearest_try(&nearest, str_from(action_name((enum verdict_action)a)));
    return fail_unknown(r, "action", &nearest);
}

static int read_severity(struct reader *r, void *into)
{
    struct str word;
    int st = next_scalar(r, "a severity (critical, high, medium, low, info)", &word);
    if (st != MP_OK || severity_by_name(word, into))
        return st;
    struct nearest nearest = {.wanted = word};
    for (int s = SEV_INFO; s <= SEV_CRITICAL; s++)
        nearest_try(&nearest, str_from(severity_name((enum severity)s)));
    return fail_unknown(r, "severity", &nearest);
}

static int copy_text(struct reader *r, struct str text, struct str *out)
{
    *out = arena_copy(r->arena, text);
    if (out->p == NULL)
        return mp_fail(r->err, MP_E_NOMEM, 0, "%s: no memory to read the policy", r->file);
    return MP_OK;
}

/* RFC 8601 2.2: the name under which we report. Written into headers, so printable and short. */
static int read_authserv_id(struct reader *r, void *into)
{
    struct str id;
    int st = next_scalar(r, "a host name", &id);
    if (st != MP_OK)
        return st;
    bool plain = id.n > 0 && id.n <= AUTHSERV_ID_MAX && utf8_valid(id);
    for (struct str rest = id; plain && rest.n > 0;) {
        int32_t cp = utf8_next(&rest);
        plain = cp > 0x20 && (cp < 0x7f || cp > 0xa0) && !utf8_is_invisible(cp);
    }
    if (!plain)
        return fail_at(r, MP_E_SYNTAX, "authserv_id wants 1 to %d printable characters, no space",
                       AUTHSERV_ID_MAX);
    return copy_text(r, id, into);
}

static int read_bool(struct reader *r, void *into)
{
    struct str word;
    int st = next_scalar(r, "true or false", &word);
    if (st != MP_OK)
        return st;
    bool yes = str_eq(word, STR("true"));
    if (!yes && !str_eq(word, STR("false")))
        return fail_at(r, MP_E_SYNTAX, "true or false is wanted here");
    *(bool *)into = yes;
    return MP_OK;
}

static int read_sealer(struct reader *r)
{
    char word[4 * SHOWN_MAX];
    struct str text, domain;
    int st = scalar(r, "a domain", &text);
    if (st != MP_OK)
        return st;
    if (r->policy->n_trusted_sealers == POLICY_MAX_SEALERS)
        return fail_at(r, MP_E_LIMIT, "more than %d trusted sealers", POLICY_MAX_SEALERS);
    if (!idna_to_ascii(r->arena, text, &domain) || !domain_is_ldh(domain))
        return fail_at(r, MP_E_SYNTAX, "'%s' is not a domain name", shown(text, word));
    return copy_text(r, domain, &r->policy->trusted_sealers[r->policy->n_trusted_sealers++]);
}

static int read_sealers(struct reader *r, void *into)
{
    (void)into;
    int st = next_expected(r, FYET_SEQUENCE_START, "a list of domains");
    while (st == MP_OK && (st = next_event(r)) == MP_OK && r->event->type != FYET_SEQUENCE_END)
        st = read_sealer(r);
    return st;
}

static const struct key severity_keys[] = {
    {STR_INIT("critical"), read_action, SEV_CRITICAL * sizeof(enum verdict_action)},
    {STR_INIT("high"), read_action, SEV_HIGH * sizeof(enum verdict_action)},
    {STR_INIT("medium"), read_action, SEV_MEDIUM * sizeof(enum verdict_action)},
    {STR_INIT("low"), read_action, SEV_LOW * sizeof(enum verdict_action)},
    {STR_INIT("info"), read_action, SEV_INFO * sizeof(enum verdict_action)},
};

static int read_actions(struct reader *r, void *into)
{
    uint32_t seen;
    int st = next_expected(r, FYET_MAPPING_START, "a mapping of severities to actions");
    return st == MP_OK ? read_mapping(r, severity_keys, ARRAY_LEN(severity_keys), &seen, into) : st;
}

/* ---- rules ---- */

/* A pattern that names no finding would be a rule that never works: refused, as a typing error. */
static int read_pattern(struct reader *r, void *into)
{
    struct str pattern;
    int st = next_scalar(r, "a finding id or a pattern like auth.*", &pattern);
    if (st != MP_OK)
        return st;
    struct nearest nearest = {.wanted = pattern};
    for (size_t i = 0; i < FINDING_COUNT; i++) {
        struct str name = finding_kind((enum finding_id)i)->name;
        if (policy_pattern_matches(pattern, name))
            return copy_text(r, pattern, into);
        nearest_try(&nearest, name);
    }
    return fail_unknown(r, "finding", &nearest);
}

enum { RULE_FINDING, RULE_SEVERITY, RULE_ACTION };
static const struct key rule_keys[] = {
    [RULE_FINDING] = {STR_INIT("finding"), read_pattern, offsetof(struct policy_rule, pattern)},
    [RULE_SEVERITY] = {STR_INIT("severity"), read_severity, offsetof(struct policy_rule, severity)},
    [RULE_ACTION] = {STR_INIT("action"), read_action, offsetof(struct policy_rule, action)},
};

static int read_rule(struct reader *r)
{
    uint32_t seen = 0;
    struct policy_rule rule = {0};
    struct policy *p = r->policy;
    int st = expect(r, FYET_MAPPING_START, "a rule (finding, severity, action)");
    if (st == MP_OK && p->n_rules == POLICY_MAX_RULES)
        return fail_at(r, MP_E_LIMIT, "more than %d rules", POLICY_MAX_RULES);
    if (st == MP_OK)
        st = read_mapping(r, rule_keys, ARRAY_LEN(rule_keys), &seen, (char *)&rule);
    if (st != MP_OK)
        return st;
    rule.has_severity = seen >> RULE_SEVERITY & 1;
    rule.has_action = seen >> RULE_ACTION & 1;
    if (rule.pattern.p == NULL)
        return fail_at(r, MP_E_SYNTAX, "the rule that ends here names no finding");
    if (!rule.has_severity && !rule.has_action)
        return fail_at(r, MP_E_SYNTAX,
                       "the rule that ends here gives neither a severity nor an action");
    p->rules[p->n_rules++] = rule;
    return MP_OK;
}

static int read_rules(struct reader *r, void *into)
{
    (void)into;
    int st = next_expected(r, FYET_SEQUENCE_START, "a list of rules");
    while (st == MP_OK && (st = next_event(r)) == MP_OK && r->event->type != FYET_SEQUENCE_END)
        st = read_rule(r);
    return st;
}

/* ---- the document ---- */

static const struct key policy_keys[] = {
    {STR_INIT("authserv_id"), read_authserv_id, offsetof(struct policy, authserv_id)},
    {STR_INIT("trusted_sealers"), read_sealers, 0},
    {STR_INIT("follow_dmarc"), read_bool, offsetof(struct policy, follow_dmarc)},
    {STR_INIT("undecided"), read_action, offsetof(struct policy, undecided)},
    {STR_INIT("actions"), read_actions, offsetof(struct policy, by_severity)},
    {STR_INIT("rules"), read_rules, 0},
};

/* A file of comments is an empty stream; "---" alone is a document with an empty scalar. */
static int read_document(struct reader *r)
{
    uint32_t seen;
    struct str text;
    int st = next_event(r);
    if (st != MP_OK)
        return st;
    if (r->event->type == FYET_MAPPING_START)
        return read_mapping(r, policy_keys, ARRAY_LEN(policy_keys), &seen, (char *)r->policy);
    st = scalar(r, "a mapping of policy keys", &text);
    if (st == MP_OK && text.n > 0)
        return fail_at(r, MP_E_SYNTAX, "a mapping of policy keys is wanted here");
    return st;
}

static int read_stream(struct reader *r)
{
    int st = next_expected(r, FYET_STREAM_START, "the beginning");
    if (st == MP_OK)
        st = next_event(r);
    if (st != MP_OK || r->event->type == FYET_STREAM_END)
        return st;
    st = read_document(r);
    if (st == MP_OK)
        st = next_expected(r, FYET_DOCUMENT_END, "the end of the document");
    if (st == MP_OK)
        st = next_expected(r, FYET_STREAM_END, "the end of the file, not a second document,");
    return st;
}

/* libfyaml is never given what is not text. */
static int check_text(struct str yaml, const char *file, struct mp_err *err)
{
    if (yaml.n > POLICY_MAX_BYTES)
        return mp_fail(err, MP_E_LIMIT, POLICY_MAX_BYTES, "%s: a policy has at most %d bytes", file,
                       POLICY_MAX_BYTES);
    int line = 1;
    while (yaml.n > 0) {
        int32_t cp = utf8_next(&yaml);
        bool control = cp < 0x20 && cp != '\n' && cp != '\r' && cp != '\t';
        if (cp == UTF8_BAD || control || cp == 0x7f)
            return mp_fail(err, MP_E_SYNTAX, line, "%s:%d: %s", file, line,
                           cp == UTF8_BAD ? "not UTF-8 text" : "a control character");
        line += cp == '\n';
    }
    return MP_OK;
}

int policy_load(struct arena *arena, struct str yaml, const char *file, struct policy *p,
                struct mp_err *err)
{
    struct fy_diag_cfg diag_config;
    struct reader r = {.arena = arena, .file = file, .err = err};
    int st = check_text(yaml, file, err);
    if (st != MP_OK)
        return st;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    r.diag = fy_diag_create(&diag_config);
    r.policy = malloc(sizeof *r.policy);
    if (r.diag == NULL || r.policy == NULL) {
        st = mp_fail(err, MP_E_NOMEM, 0, "%s: no memory to read the policy", file);
        goto out;
    }
    fy_diag_set_collect_errors(r.diag, true);
    struct fy_parse_cfg config = {.flags = FYPCF_QUIET, .diag = r.diag};
    r.parser = fy_parser_create(&config);
    if (r.parser == NULL ||
        fy_parser_set_string(r.parser, yaml.n == 0 ? "" : yaml.p, yaml.n) != 0) {
        st = mp_fail(err, MP_E_NOMEM, 0, "%s: no memory to read the policy", file);
        goto out;
    }
    policy_default(r.policy);
    st = read_stream(&r);
    if (st == MP_OK)
        *p = *r.policy;
out:
    fy_parser_event_free(r.parser, r.event);
    fy_parser_destroy(r.parser);
    fy_diag_destroy(r.diag);
    free(r.policy);
    return st;
}
