/* A saved audit, and what has changed since: findings that are new, and those that are gone. */
#include "flow/audit_internal.h"

#include <jansson.h>

#include "base/idna.h"

/* ---- reading ---- */

/* "" for what is no text; p == NULL without memory. */
static struct str text_of(struct arena *a, const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    if (!json_is_string(v))
        return STR("");
    return arena_copy(a, str_make(json_string_value(v), json_string_length(v)));
}

static bool has_text(const json_t *object, const char *key, struct str text)
{
    const json_t *v = json_object_get(object, key);
    return json_is_string(v) &&
           str_ieq(str_make(json_string_value(v), json_string_length(v)), text);
}

/* By the name as it was asked for then and now, or by the one that DNS has. */
static bool is_audit_of(const json_t *doc, struct str asked, struct str ascii)
{
    return has_text(doc, "schema", STR("mailproof/audit/1")) &&
           (has_text(doc, "domain", ascii) || has_text(doc, "subject", asked));
}

/* The document of the domain: the root itself, or one of an array. */
static const json_t *find_audit(const json_t *root, struct str asked, struct str ascii)
{
    if (!json_is_array(root))
        return is_audit_of(root, asked, ascii) ? root : NULL;
    for (size_t i = 0; i < json_array_size(root); i++)
        if (is_audit_of(json_array_get(root, i), asked, ascii))
            return json_array_get(root, i);
    return NULL;
}

static int no_memory(const char *file, struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "%s: no memory for a saved audit", file);
}

static bool read_finding(struct arena *a, const json_t *f, struct saved_finding *out)
{
    const json_t *check = json_object_get(f, "check");
    struct str severity = text_of(a, f, "severity");
    *out = (struct saved_finding){text_of(a, f, "id"),
                                  text_of(a, check, "group"),
                                  text_of(a, check, "name"),
                                  text_of(a, f, "evidence"),
                                  SEV_INFO,
                                  false};
    (void)severity_by_name(severity, &out->severity); /* else every finding of now is worse */
    return out->id.p != NULL && out->group.p != NULL && out->check.p != NULL &&
           out->evidence.p != NULL && severity.p != NULL;
}

static int read_findings(struct arena *a, const json_t *list, const char *file,
                         struct saved_audit *out, struct mp_err *err)
{
    size_t n = json_array_size(list);
    if (!json_is_array(list) || n > AUDIT_SAVED_MAX_FINDINGS)
        return mp_fail(err, MP_E_SYNTAX, 0, "%s: the audit has no list of at most %d findings",
                       file, AUDIT_SAVED_MAX_FINDINGS);
    out->findings = arena_new(a, struct saved_finding, n + 1);
    if (out->findings == NULL)
        return no_memory(file, err);
    for (size_t i = 0; i < n; i++) {
        struct saved_finding *f = &out->findings[i];
        if (!read_finding(a, json_array_get(list, i), f))
            return no_memory(file, err);
        if (f->id.n == 0)
            return mp_fail(err, MP_E_SYNTAX, 0, "%s: finding %zu has no id", file, i + 1);
    }
    out->n = n;
    return MP_OK;
}

static int read_audit(struct arena *a, const json_t *root, const char *file, struct str domain,
                      struct saved_audit *out, struct mp_err *err)
{
    struct str ascii;
    if (!idna_to_ascii(a, domain, &ascii))
        ascii = domain;
    const json_t *doc = find_audit(root, domain, ascii);
    if (doc == NULL)
        return mp_fail(err, MP_E_SYNTAX, 0,
                       "%s: no audit of %.*s: save one with `mailproof audit --format json`", file,
                       STR_ARG(domain));
    *out = (struct saved_audit){.subject = text_of(a, doc, "subject"),
                                .started = text_of(a, doc, "started"),
                                .grade = text_of(a, doc, "grade")};
    if (out->subject.p == NULL || out->started.p == NULL || out->grade.p == NULL)
        return no_memory(file, err);
    return read_findings(a, json_object_get(doc, "findings"), file, out, err);
}

int audit_saved_read(struct arena *a, struct str json, const char *file, struct str domain,
                     struct saved_audit *out, struct mp_err *err)
{
    json_error_t where;
    struct saved_audit saved;
    if (json.n > AUDIT_SAVED_MAX_BYTES)
        return mp_fail(err, MP_E_LIMIT, AUDIT_SAVED_MAX_BYTES, "%s: longer than %d bytes", file,
                       AUDIT_SAVED_MAX_BYTES);
    json_t *root = json_loadb(json.p == NULL ? "" : json.p, json.n, JSON_REJECT_DUPLICATES, &where);
    if (root == NULL)
        return mp_fail(err, MP_E_SYNTAX, where.line, "%s:%d: %s", file, where.line, where.text);
    int st = read_audit(a, root, file, domain, &saved, err);
    if (st == MP_OK)
        *out = saved;
    json_decref(root);
    return st;
}

/* ---- comparing ---- */

/* The check that a finding belongs to. */
static const struct check *check_of(const struct check_list *checks, size_t finding)
{
    for (size_t i = 0; i < checks->n; i++)
        if (finding >= checks->items[i].first_finding &&
            finding < checks->items[i].first_finding + checks->items[i].n_findings)
            return &checks->items[i];
    return NULL;
}

/* What a finding is about, when its evidence begins with that: a host, a record's name, an address,
 * a URL, or a quoted term of SPF. Else empty: then it is about the domain. */
static struct str topic(struct str evidence)
{
    struct str word = str_cut(&evidence, ' ');
    while (word.n > 0 && str_has(STR(":,;"), word.p[word.n - 1]))
        word = str_slice(word, 0, word.n - 1);
    bool names = str_has(word, '.') || str_has(word, ':') || str_starts(word, STR("'"));
    return names ? word : STR("");
}

static bool is_same(const struct saved_finding *s, const struct finding *f, const struct check *c,
                    bool exactly)
{
    struct str group = c == NULL ? STR("") : c->group;
    struct str check = c == NULL ? STR("") : str_from(c->name);
    if (!str_eq(s->id, finding_kind(f->id)->name) || !str_eq(s->group, group) ||
        !str_eq(s->check, check))
        return false;
    return exactly ? str_eq(s->evidence, f->evidence)
                   : str_ieq(topic(s->evidence), topic(f->evidence));
}

/* The saved finding that stands for this one: it is taken, but what has become more severe is told
 * as new all the same. */
static void match(struct audit *a, size_t i, bool *matched, bool *taken, bool exactly)
{
    const struct finding *f = &a->ctx.findings.items[i];
    const struct check *c = check_of(&a->ctx.checks, i);
    for (size_t k = 0; k < a->before->n && !matched[i]; k++) {
        const struct saved_finding *s = &a->before->findings[k];
        if (taken[k] || !is_same(s, f, c, exactly))
            continue;
        taken[k] = matched[i] = true;
        a->known[i] = f->severity <= s->severity;
    }
}

/* Was the check of a saved finding made this time, to its end? */
static bool was_checked(const struct check_list *checks, const struct saved_finding *s)
{
    for (size_t i = 0; i < checks->n; i++) {
        const struct check *c = &checks->items[i];
        if (str_eq(c->group, s->group) && str_eq(str_from(c->name), s->check))
            return !c->undecided && !c->skipped;
    }
    return false;
}

static void add_gone(struct audit *a, const struct saved_finding *s)
{
    struct saved_finding *gone = &a->gone[a->n_gone++];
    *gone = *s;
    gone->unchecked = !was_checked(&a->ctx.checks, s);
}

/* Each saved finding stands for one of now: the very same first; then one of the same kind and
 * check about the same thing, for what else the evidence says changes with every day that a
 * certificate gets older. */
int audit_compare(struct audit *a, const struct saved_audit *before, struct mp_err *err)
{
    size_t n = a->ctx.findings.n;
    bool *taken = arena_new(&a->arena, bool, before->n + 1);
    bool *matched = arena_new(&a->arena, bool, n + 1);
    a->known = arena_new(&a->arena, bool, n + 1);
    a->gone = arena_new(&a->arena, struct saved_finding, before->n + 1);
    if (taken == NULL || matched == NULL || a->known == NULL || a->gone == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to compare two audits");
    a->before = before;
    for (size_t i = 0; i < n; i++)
        match(a, i, matched, taken, true);
    for (size_t i = 0; i < n; i++)
        match(a, i, matched, taken, false);
    for (size_t i = 0; i < n; i++)
        a->n_known += a->known[i];
    a->n_new = n - a->n_known;
    for (size_t k = 0; k < before->n; k++)
        if (!taken[k])
            add_gone(a, &before->findings[k]);
    return MP_OK;
}
