/* Rules of the operator, compiled and run by libyara. */
#include "content/yara.h"

#include <stdio.h>
#include <stdlib.h>
#include <yara.h>

#include "base/buf.h"
#include "content/place.h"

enum { NAMESPACE_MAX_BYTES = 128, VARIABLE_MAX_BYTES = 1024, MATCH_SHOWN_BYTES = 32 };

/* What libyara was built with, less what opens files while it scans (magic) and what needs a report
 * of another program (cuckoo). */
static const char *const modules[] = {"pe",     "elf",    "math",    "hash",  "time",
                                      "dotnet", "string", "console", "macho", "dex"};

static const char *const variables[] = {"filename", "filepath", "extension", "filetype", "part"};

struct yara_rules {
    YR_RULES *rules;
    size_t count, n_warnings;
    char warning[MP_ERR_TEXT_MAX];
};

struct yara_scanner {
    YR_SCANNER *scanner;
};

const char *yara_version(void)
{
    return YR_VERSION;
}

/* ---- compiling ---- */

struct compilation {
    struct yara_rules *rules;
    const char *file;
    struct mp_err *err;
    bool failed;
};

static void on_message(int level, const char *file, int line, const YR_RULE *rule,
                       const char *message, void *ctx)
{
    struct compilation *c = ctx;
    (void)file, (void)rule;
    if (level == YARA_ERROR_LEVEL_ERROR) {
        if (!c->failed)
            mp_fail(c->err, MP_E_SYNTAX, line, "%s:%d: %s", c->file, line, message);
        c->failed = true;
    } else if (c->rules->n_warnings++ == 0) {
        snprintf(c->rules->warning, sizeof c->rules->warning, "%s:%d: %s", c->file, line, message);
    }
}

/* "/etc/rules/own.yar": "own" */
static void namespace_of(const char *file, char out[NAMESPACE_MAX_BYTES])
{
    struct str name = str_from(file);
    size_t slash = str_rfind(name, '/');
    if (slash < name.n)
        name = str_slice(name, slash + 1, name.n);
    size_t dot = str_rfind(name, '.');
    name = str_slice(name, 0, dot > 0 ? dot : name.n);
    name = str_slice(name, 0, NAMESPACE_MAX_BYTES - 1);
    memcpy(out, name.p, name.n);
    out[name.n] = '\0';
}

static int add_text(YR_COMPILER *compiler, struct compilation *c, const struct yara_text *t)
{
    char namespace[NAMESPACE_MAX_BYTES];
    size_t nul = str_find(t->text, '\0');
    c->file = t->file;
    if (nul < t->text.n)
        return mp_fail(c->err, MP_E_SYNTAX, 0,
                       "%s: not a text: compiled rules are not taken, give their source", t->file);
    char *copy = malloc(t->text.n + 1); /* libyara wants a NUL behind it */
    if (copy == NULL)
        return mp_fail(c->err, MP_E_NOMEM, 0, "%s: no memory for it", t->file);
    if (t->text.n > 0)
        memcpy(copy, t->text.p, t->text.n);
    copy[t->text.n] = '\0';
    namespace_of(t->file, namespace);
    int errors = yr_compiler_add_string(compiler, copy, namespace);
    free(copy);
    if (errors == 0)
        return MP_OK;
    if (!c->failed)
        mp_fail(c->err, MP_E_SYNTAX, 0, "%s: %d errors", t->file, errors);
    return MP_E_SYNTAX;
}

static int declare_variables(YR_COMPILER *compiler, struct mp_err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(variables); i++)
        if (yr_compiler_define_string_variable(compiler, variables[i], "") != ERROR_SUCCESS)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for YARA");
    return MP_OK;
}

static int compile(const struct yara_text *texts, size_t n, struct yara_rules *r,
                   struct mp_err *err)
{
    struct compilation c = {.rules = r, .err = err};
    YR_COMPILER *compiler = NULL;
    if (yr_compiler_create(&compiler) != ERROR_SUCCESS)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for YARA");
    yr_compiler_set_callback(compiler, on_message, &c);
    yr_compiler_set_include_callback(compiler, NULL, NULL, NULL);
    int st = declare_variables(compiler, err);
    for (size_t i = 0; st == MP_OK && i < n; i++)
        st = add_text(compiler, &c, &texts[i]);
    if (st == MP_OK && yr_compiler_get_rules(compiler, &r->rules) != ERROR_SUCCESS)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for the compiled rules");
    yr_compiler_destroy(compiler);
    return st;
}

/* Every module that the rules import is asked for before a scan: here in one of nothing. */
static int on_import(YR_SCAN_CONTEXT *context, int message, void *data, void *ctx)
{
    char *refused = ctx;
    (void)context;
    if (message != CALLBACK_MSG_IMPORT_MODULE)
        return CALLBACK_CONTINUE;
    const char *name = ((YR_MODULE_IMPORT *)data)->module_name;
    for (size_t i = 0; i < ARRAY_LEN(modules); i++)
        if (strcmp(name, modules[i]) == 0)
            return CALLBACK_CONTINUE;
    snprintf(refused, NAMESPACE_MAX_BYTES, "%s", name);
    return CALLBACK_ERROR;
}

static int check_imports(const struct yara_rules *r, struct mp_err *err)
{
    char refused[NAMESPACE_MAX_BYTES] = "";
    int code = yr_rules_scan_mem(r->rules, (const uint8_t *)"", 0, SCAN_FLAGS_NO_TRYCATCH,
                                 on_import, refused, YARA_TIMEOUT_S);
    if (refused[0] != '\0')
        return mp_fail(err, MP_E_SYNTAX, 0,
                       "YARA rules import the module \"%s\", which is not used here: it needs more "
                       "than the bytes of an attachment",
                       refused);
    if (code != ERROR_SUCCESS)
        return mp_fail(err, MP_E_SYNTAX, code, "YARA rules do not run: error %d of libyara", code);
    return MP_OK;
}

static int finish(struct yara_rules *r, struct mp_err *err)
{
    const YR_RULE *rule;
    yr_rules_foreach(r->rules, rule) r->count++;
    if (r->count == 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "there is no rule in the files of YARA rules");
    return check_imports(r, err);
}

int yara_rules_compile(const struct yara_text *texts, size_t n, struct yara_rules **out,
                       struct mp_err *err)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += texts[i].text.n;
    if (bytes > YARA_MAX_RULES_BYTES)
        return mp_fail(err, MP_E_LIMIT, YARA_MAX_RULES_BYTES,
                       "YARA rules have more than %d bytes together", YARA_MAX_RULES_BYTES);
    struct yara_rules *r = calloc(1, sizeof *r);
    if (r == NULL || yr_initialize() != ERROR_SUCCESS) {
        free(r);
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for YARA");
    }
    int st = compile(texts, n, r, err);
    if (st == MP_OK)
        st = finish(r, err);
    if (st != MP_OK)
        yara_rules_free(r);
    else
        *out = r;
    return st;
}

void yara_rules_free(struct yara_rules *r)
{
    if (r == NULL)
        return;
    if (r->rules != NULL)
        yr_rules_destroy(r->rules);
    yr_finalize();
    free(r);
}

size_t yara_rules_count(const struct yara_rules *r)
{
    return r->count;
}

const char *yara_rules_warning(const struct yara_rules *r, size_t *n)
{
    *n = r->n_warnings;
    return r->warning;
}

/* ---- scanning ---- */

int yara_scanner_new(const struct yara_rules *r, struct yara_scanner **out, struct mp_err *err)
{
    struct yara_scanner *s = calloc(1, sizeof *s);
    if (s == NULL || yr_scanner_create(r->rules, &s->scanner) != ERROR_SUCCESS) {
        free(s);
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a scanner of YARA");
    }
    /* Handlers of SIGBUS and SIGSEGV are for files that shrink: ours are sealed, and a worker's
     * filter does not let them be set. */
    yr_scanner_set_flags(s->scanner, SCAN_FLAGS_FAST_MODE | SCAN_FLAGS_NO_TRYCATCH |
                                         SCAN_FLAGS_REPORT_RULES_MATCHING);
    yr_scanner_set_timeout(s->scanner, YARA_TIMEOUT_S);
    *out = s;
    return MP_OK;
}

void yara_scanner_free(struct yara_scanner *s)
{
    if (s == NULL)
        return;
    yr_scanner_destroy(s->scanner);
    free(s);
}

/* One call of yara_scan. */
struct scan {
    struct content *c;
    const struct content_object *object;
    bool too_many;
};

static enum severity severity_of(const YR_RULE *rule)
{
    enum severity severity = SEV_MEDIUM;
    const YR_META *meta;
    yr_rule_metas_foreach(rule, meta)
    {
        if (meta->type == META_TYPE_STRING && strcmp(meta->identifier, "severity") == 0)
            severity_by_name(str_trim(str_from(meta->string)), &severity);
    }
    return severity;
}

static const char *description_of(const YR_RULE *rule)
{
    const YR_META *meta;
    yr_rule_metas_foreach(rule, meta)
    {
        if (meta->type == META_TYPE_STRING && strcmp(meta->identifier, "description") == 0)
            return meta->string;
    }
    return "";
}

/* The first match that may be told. libyara keeps matches where they are not aligned, so they are
 * copied. */
static bool first_match(YR_SCAN_CONTEXT *context, const YR_STRING *string, YR_MATCH *out)
{
    const void *at = context->matches[string->idx].head;
    while (at != NULL) {
        memcpy(out, at, sizeof *out);
        if (!out->is_private)
            return true;
        at = out->next;
    }
    return false;
}

/* " $a at 17 \"powershell\"" of the first match of the first strings. */
static void add_strings(struct buf *b, YR_SCAN_CONTEXT *context, YR_RULE *rule)
{
    YR_STRING *string;
    YR_MATCH m;
    size_t told = 0;
    yr_rule_strings_foreach(rule, string)
    {
        if (!first_match(context, string, &m) || told++ >= YARA_EVIDENCE_STRINGS)
            continue;
        int shown = m.data_length < MATCH_SHOWN_BYTES ? m.data_length : MATCH_SHOWN_BYTES;
        buf_addf(b, "%s %s at %lld \"", told == 1 ? "" : ",", string->identifier,
                 (long long)(m.base + m.offset));
        buf_add(b, str_make((const char *)m.data, (size_t)shown));
        buf_addc(b, '"');
    }
}

static void add_match(struct scan *x, YR_SCAN_CONTEXT *context, YR_RULE *rule)
{
    struct buf b;
    buf_init(&b, 64 * 1024);
    buf_addf(&b, "%.100s:%.100s", rule->ns->name, rule->identifier);
    size_t name_bytes = b.n;
    buf_addc(&b, ':');
    add_strings(&b, context, rule);
    if (b.n == name_bytes + 1)
        b.n = name_bytes;
    const char *description = description_of(rule);
    buf_addf(&b, "%s%.200s", description[0] != '\0' ? "; " : "", description);
    finding_add_as(&x->c->report->findings, severity_of(rule), FINDING_YARA_MATCH,
                   content_place(x->object), STR_FMT, STR_ARG(buf_str(&b)));
    buf_clear(&b);
}

static int on_scan(YR_SCAN_CONTEXT *context, int message, void *data, void *ctx)
{
    struct scan *x = ctx;
    if (message == CALLBACK_MSG_RULE_MATCHING)
        add_match(x, context, data);
    else if (message == CALLBACK_MSG_TOO_MANY_MATCHES)
        x->too_many = true;
    return CALLBACK_CONTINUE;
}

static bool set_variable(struct yara_scanner *s, const char *name, struct str value)
{
    char text[VARIABLE_MAX_BYTES];
    value = str_slice(value, 0, str_find(value, '\0'));
    value = str_slice(value, 0, sizeof text - 1);
    if (value.n > 0)
        memcpy(text, value.p, value.n);
    text[value.n] = '\0';
    return yr_scanner_define_string_variable(s->scanner, name, text) == ERROR_SUCCESS;
}

static bool set_variables(struct yara_scanner *s, const struct content_object *o)
{
    struct str path = o->member, name = o->n_names > 0 ? o->names[0].text : STR_NONE;
    if (path.n == 0)
        path = name;
    if (name.n == 0) {
        size_t slash = str_rfind(path, '/');
        name = slash < path.n ? str_slice(path, slash + 1, path.n) : path;
    }
    size_t dot = str_rfind(name, '.');
    return set_variable(s, "filename", name) && set_variable(s, "filepath", path) &&
           set_variable(s, "extension", str_slice(name, dot, name.n)) &&
           set_variable(s, "filetype", str_from(file_type_name(o->kind))) &&
           set_variable(s, "part", o->part);
}

static const char *problem_of(int code, bool too_many)
{
    switch (code) {
    case ERROR_SUCCESS:
        return too_many ? "a string of a rule matches too often" : NULL;
    case ERROR_SCAN_TIMEOUT:
        return "the time for one object is spent";
    case ERROR_INSUFFICIENT_MEMORY:
        return "the memory is spent";
    case ERROR_TOO_MANY_RE_FIBERS:
    case ERROR_TOO_MANY_MATCHES:
    case ERROR_EXEC_STACK_OVERFLOW:
        return "a rule is too complex for it";
    default:
        return "libyara failed";
    }
}

void yara_scan(struct yara_scanner *s, struct content *c, size_t object)
{
    struct scan x = {.c = c, .object = &c->report->objects[object]};
    struct str bytes = x.object->bytes;
    int code = ERROR_INSUFFICIENT_MEMORY;
    if (!x.object->has_bytes || bytes.n == 0)
        return;
    yr_scanner_set_callback(s->scanner, on_scan, &x);
    if (set_variables(s, x.object))
        code = yr_scanner_scan_mem(s->scanner, (const uint8_t *)bytes.p, bytes.n);
    const char *problem = problem_of(code, x.too_many);
    if (problem == NULL)
        return;
    c->report->complete = false;
    finding_add(&c->report->findings, FINDING_YARA_INCOMPLETE, content_place(x.object),
                "%s (libyara: %d)", problem, code);
}
