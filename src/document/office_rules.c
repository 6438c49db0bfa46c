/* The rules office.* of what a document runs and carries. */
#include "base/buf.h"
#include "base/utf8.h"
#include "content/found.h"
#include "content/inspect.h"
#include "content/lists.h"
#include "content/name.h"
#include "content/place.h"
#include "document/office.h"
#include "office/macro.h"

static struct finding *tell(struct office_case *x, enum finding_id id, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static struct finding *tell(struct office_case *x, enum finding_id id, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct finding *f = finding_add_va(&x->c->report->findings, id, content_place(&x->o), fmt, ap);
    va_end(ap);
    return f;
}

/* ---- macros ---- */

static void add_word(struct buf *b, struct str word)
{
    buf_add(b, b->n > 0 ? STR(", ") : STR(""));
    buf_add(b, word);
}

static void add_hits(struct buf *b, const struct macro_hits *h, enum macro_sort sort)
{
    for (unsigned i = 0; i < h->n[sort]; i++)
        add_word(b, str_from(h->words[sort][i]));
}

static int add_texts(struct office_case *x, struct mp_err *err)
{
    const struct content_text seen = {.object = (uint32_t)x->index,
                                      .kind = TEXT_SEEN,
                                      .text = x->facts->seen};
    int st = content_add_text(x->c, &seen, err);
    for (size_t i = 0; st == MP_OK && i < x->facts->n_macros; i++) {
        const struct content_text t = {.object = (uint32_t)x->index,
                                       .kind = TEXT_MACRO,
                                       .name = x->facts->macros[i].name,
                                       .text = x->facts->macros[i].source};
        st = content_add_text(x->c, &t, err);
    }
    return st;
}

/* What the modules do, all together: one starts by itself, another holds the call. */
static void rule_calls(struct office_case *x)
{
    struct macro_hits h = {0};
    struct buf autoexec, calls;
    for (size_t i = 0; i < x->facts->n_macros; i++)
        macro_scan(x->facts->macros[i].source, &h);
    if (h.n[MACRO_AUTOEXEC] == 0)
        return;
    buf_init(&autoexec, FINDING_EVIDENCE_MAX);
    buf_init(&calls, FINDING_EVIDENCE_MAX);
    add_hits(&autoexec, &h, MACRO_AUTOEXEC);
    add_hits(&calls, &h, MACRO_SUSPICIOUS);
    tell(x, FINDING_OFFICE_VBA_AUTOEXEC, "it starts by: " STR_FMT, STR_ARG(buf_str(&autoexec)));
    if (h.n[MACRO_SUSPICIOUS] > 0)
        tell(x, FINDING_OFFICE_VBA_SUSPICIOUS, "it starts by: " STR_FMT "; it calls: " STR_FMT,
             STR_ARG(buf_str(&autoexec)), STR_ARG(buf_str(&calls)));
    buf_clear(&autoexec);
    buf_clear(&calls);
}

static void rule_macros(struct office_case *x)
{
    const struct office *f = x->facts;
    struct buf modules, stomped;
    if (!f->has_project)
        return;
    buf_init(&modules, FINDING_EVIDENCE_MAX);
    buf_init(&stomped, FINDING_EVIDENCE_MAX);
    for (size_t i = 0; i < f->n_macros; i++)
        add_word(f->macros[i].stomped ? &stomped : &modules, f->macros[i].name);
    tell(x, FINDING_OFFICE_VBA, "modules: " STR_FMT "%s" STR_FMT, STR_ARG(buf_str(&modules)),
         modules.n > 0 && stomped.n > 0 ? ", " : "", STR_ARG(buf_str(&stomped)));
    if (stomped.n > 0)
        tell(x, FINDING_OFFICE_VBA_STOMPED, "compiled code, but no source: " STR_FMT,
             STR_ARG(buf_str(&stomped)));
    buf_clear(&modules);
    buf_clear(&stomped);
    rule_calls(x);
}

/* Two parts of a package may tell of the same sheets. */
static bool is_told(const struct office_case *x, enum finding_id id)
{
    const struct content_report *r = x->c->report;
    struct str package = x->o.parent >= 0 ? r->objects[x->o.parent].member : STR_NONE;
    for (size_t i = 0; x->o.parent >= 0 && i < r->findings.n; i++) {
        const struct finding *f = &r->findings.items[i];
        if (f->id == id && str_eq(f->where.part, x->o.part) && str_starts(f->where.member, package))
            return true;
    }
    return false;
}

static void rule_xlm(struct office_case *x)
{
    struct buf b;
    if (x->facts->n_xlm == 0 || is_told(x, FINDING_OFFICE_XLM))
        return;
    buf_init(&b, OFFICE_MAX_TEXT_BYTES);
    for (size_t i = 0; i < x->facts->n_xlm; i++)
        add_word(&b, x->facts->xlm[i]);
    tell(x, FINDING_OFFICE_XLM, STR_FMT, STR_ARG(buf_str(&b)));
    buf_clear(&b);
}

static void rule_dde(struct office_case *x)
{
    for (size_t i = 0; i < x->facts->n_dde; i++)
        tell(x, FINDING_OFFICE_DDE, STR_FMT, STR_ARG(x->facts->dde[i]));
}

/* ---- what it carries ---- */

static bool is_dangerous(const struct office_case *x, struct str text)
{
    struct name n;
    if (text.n == 0 || !name_read(x->c->arena, text, &n) || n.extension.n == 0)
        return false;
    return content_lists_has(x->c->lists, LIST_EXTENSIONS_DANGEROUS, n.extension);
}

/* The label is what is shown under the icon, the name is what is opened. */
static void tell_package(struct office_case *x, const struct office_object *p)
{
    bool command = p->sort == OBJECT_COMMAND;
    enum file_type kind = file_type_of(p->bytes);
    if (p->name.n == 0 && p->label.n == 0) {
        if (file_type_class(kind) != FILE_CLASS_IMAGE) /* notebooks hold their pictures so, too */
            tell(x, FINDING_OFFICE_EMBEDDED, "a file without a name: %s, %zu bytes",
                 file_type_name(kind), p->bytes.n);
        return;
    }
    bool dangerous = command || is_dangerous(x, p->name) || is_dangerous(x, p->label);
    bool same = str_eq(p->label, p->name);
    struct str shown = same ? STR("") : p->label;
    struct finding *f = tell(x, FINDING_OFFICE_EMBEDDED, "%s \"" STR_FMT "\"%s" STR_FMT "%s",
                             command ? "a double click starts" : "file", STR_ARG(p->name),
                             same ? "" : ", shown as \"", STR_ARG(shown), same ? "" : "\"");
    if (dangerous)
        finding_raise(f, SEV_HIGH);
}

static void rule_objects(struct office_case *x)
{
    const struct office *f = x->facts;
    struct buf classes;
    buf_init(&classes, FINDING_EVIDENCE_MAX);
    for (size_t i = 0; i < f->n_objects; i++) {
        if (f->objects[i].sort == OBJECT_PACKAGE || f->objects[i].sort == OBJECT_COMMAND) {
            tell_package(x, &f->objects[i]);
            continue;
        }
        add_word(&classes, f->objects[i].class.n > 0 ? f->objects[i].class : STR("unnamed"));
    }
    bool part = x->o.kind == FILE_OLE && !f->has_project && f->n_objects == 0 &&
                (x->parent_kind == FILE_OOXML || x->parent_kind == FILE_ODF);
    if (classes.n > 0)
        tell(x, FINDING_OFFICE_EMBEDDED, "objects: " STR_FMT, STR_ARG(buf_str(&classes)));
    else if (part)
        tell(x, FINDING_OFFICE_EMBEDDED, "an object of OLE, %zu bytes", x->o.bytes.n);
    buf_clear(&classes);
}

static struct str own_name(const struct office_case *x)
{
    return x->o.n_names > 0 ? x->o.names[0].text : STR("");
}

/* Files in it are judged and opened as members of an archive are. */
static int open_files(struct office_case *x, struct mp_err *err)
{
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < x->facts->n_objects; i++) {
        const struct office_object *p = &x->facts->objects[i];
        if (p->bytes.n > 0)
            st = content_add_member(x->c, x->index, p->name, p->bytes, err);
    }
    if (st == MP_OK && x->facts->opened.n > 0)
        st = content_add_member(x->c, x->index, own_name(x), x->facts->opened, err);
    return st;
}

/* ---- RTF, encryption ---- */

enum { FONT_TABLES_MANY = 100, FONTS_MANY = 10000 }; /* no writer's; CVE-2023-21716 */

static void rule_rtf(struct office_case *x)
{
    const struct office *f = x->facts;
    bool equation = false;
    for (size_t i = 0; i < f->n_objects; i++)
        equation |= f->objects[i].sort == OBJECT_EQUATION;
    const struct {
        bool is;
        const char *what;
    } signs[] = {{f->rtf.update, "an object that updates itself"},
                 {f->rtf.auto_link, "an object that is linked by itself"},
                 {equation, "an object of the equation editor"},
                 {f->rtf.odd_header, "a head that is not {\\rtf1"},
                 {f->rtf.font_tables > FONT_TABLES_MANY, "more than 100 font tables"},
                 {f->rtf.fonts > FONTS_MANY, "more than 10000 fonts"}};
    struct buf b;
    if (!f->rtf.is)
        return;
    buf_init(&b, FINDING_EVIDENCE_MAX * 2);
    for (size_t i = 0; i < ARRAY_LEN(signs); i++)
        if (signs[i].is)
            add_word(&b, str_from(signs[i].what));
    if (b.n > 0)
        tell(x, FINDING_OFFICE_RTF_EXPLOIT, STR_FMT, STR_ARG(buf_str(&b)));
    buf_clear(&b);
}

static void rule_encrypted(struct office_case *x)
{
    const struct office *f = x->facts;
    bool by_default = str_eq(f->password, STR(OFFICE_DEFAULT_PASSWORD));
    if (f->encrypted == NULL)
        return;
    struct finding *told =
        f->password.p == NULL ? tell(x, FINDING_OFFICE_ENCRYPTED, "%s", f->encrypted)
        : by_default
            ? tell(x, FINDING_OFFICE_ENCRYPTED,
                   "%s, with the password that Excel tries by itself: it opens for everyone",
                   f->encrypted)
            : tell(x, FINDING_OFFICE_ENCRYPTED,
                   "%s, its password \"" STR_FMT "\" stands in the mail", f->encrypted,
                   STR_ARG(f->password));
    if (f->password.p != NULL && !by_default)
        finding_raise(told, SEV_HIGH);
}

static void (*const rules[])(struct office_case *x) = {rule_macros,  rule_xlm, rule_dde,
                                                       rule_objects, rule_rtf, rule_encrypted};

int office_rules(struct office_case *x, struct mp_err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        rules[i](x);
    if (x->facts->cut)
        content_cut(x->c, x->index, "a document holds more than is looked at");
    int st = add_texts(x, err);
    if (st == MP_OK)
        st = office_link_rules(x, err);
    if (st == MP_OK)
        st = open_files(x, err);
    return st;
}
