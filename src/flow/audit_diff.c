/* A saved audit, and what has changed since: findings that are new, and those that are gone. */
#include "flow/audit_internal.h"

#include <jansson.h>

/* ---- reading ---- */

static struct str text_of(struct arena *a, const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    if (!json_is_string(v))
        return STR("");
    return arena_copy(a, str_make(json_string_value(v), json_string_length(v)));
}

static bool is_audit_of(const json_t *doc, struct str domain)
{
    const json_t *schema = json_object_get(doc, "schema"), *name = json_object_get(doc, "subject");
    return json_is_string(schema) && json_is_string(name) &&
           str_eq(str_from(json_string_value(schema)), STR("mailproof/audit/1")) &&
           str_ieq(str_make(json_string_value(name), json_string_length(name)), domain);
}

/* The document of the domain: the root itself, or one of an array. */
static const json_t *find_audit(const json_t *root, struct str domain)
{
    if (!json_is_array(root))
        return is_audit_of(root, domain) ? root : NULL;
    for (size_t i = 0; i < json_array_size(root); i++)
        if (is_audit_of(json_array_get(root, i), domain))
            return json_array_get(root, i);
    return NULL;
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
        return mp_fail(err, MP_E_NOMEM, 0, "%s: no memory for a saved audit", file);
    for (size_t i = 0; i < n; i++) {
        const json_t *f = json_array_get(list, i), *check = json_object_get(f, "check");
        struct saved_finding s = {text_of(a, f, "id"), text_of(a, check, "group"),
                                  text_of(a, check, "name"), text_of(a, f, "evidence")};
        if (s.id.n == 0)
            return mp_fail(err, MP_E_SYNTAX, 0, "%s: finding %zu has no id", file, i + 1);
        out->findings[out->n++] = s;
    }
    return MP_OK;
}

int audit_saved_read(struct arena *a, struct str json, const char *file, struct str domain,
                     struct saved_audit *out, struct mp_err *err)
{
    json_error_t where;
    json_t *root = json_loadb(json.p == NULL ? "" : json.p, json.n, JSON_REJECT_DUPLICATES, &where);
    if (root == NULL)
        return mp_fail(err, MP_E_SYNTAX, where.line, "%s:%d: %s", file, where.line, where.text);
    const json_t *doc = find_audit(root, domain);
    *out = (struct saved_audit){0};
    int st = MP_OK;
    if (doc == NULL)
        st = mp_fail(err, MP_E_SYNTAX, 0,
                     "%s: no audit of %.*s: save one with `mailproof audit --format json`", file,
                     STR_ARG(domain));
    if (st == MP_OK) {
        out->subject = text_of(a, doc, "subject");
        out->started = text_of(a, doc, "started");
        out->grade = text_of(a, doc, "grade");
        st = read_findings(a, json_object_get(doc, "findings"), file, out, err);
    }
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

static bool same(const struct saved_finding *s, const struct finding *f, const struct check *c)
{
    return str_eq(s->id, finding_kind(f->id)->name) &&
           (c == NULL || (str_eq(s->group, c->group) && str_eq(s->check, str_from(c->name))));
}

/* Each saved finding stands for one of now: by id, group and check, for the evidence changes with
 * every day that a certificate gets older. */
int audit_compare(struct audit *a, const struct saved_audit *before, struct mp_err *err)
{
    const struct finding_list *now = &a->ctx.findings;
    bool *taken = arena_new(&a->arena, bool, before->n + 1);
    a->known = arena_new(&a->arena, bool, now->n + 1);
    a->gone = arena_new(&a->arena, struct saved_finding, before->n + 1);
    if (taken == NULL || a->known == NULL || a->gone == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to compare two audits");
    a->before = before;
    for (size_t i = 0; i < now->n; i++) {
        const struct check *c = check_of(&a->ctx.checks, i);
        for (size_t k = 0; k < before->n && !a->known[i]; k++) {
            if (taken[k] || !same(&before->findings[k], &now->items[i], c))
                continue;
            taken[k] = true;
            a->known[i] = true;
        }
    }
    for (size_t k = 0; k < before->n; k++)
        if (!taken[k])
            a->gone[a->n_gone++] = before->findings[k];
    return MP_OK;
}
