/* The rules of a PDF (pdf.*): what it does when it is opened, what it carries, how it is made. */
#include <inttypes.h>

#include "content/found.h"
#include "content/lists.h"
#include "content/name.h"
#include "content/place.h"
#include "document/pdf_internal.h"

enum {
    LURE_PAGES = 2,
    LURE_LINKS = 2,
    LURE_TEXT_BYTES = 3 * 1024,
    TRAILING_BYTES = 1024, /* behind the end: more is no accident */
    SHOWN_BYTES = 120      /* of a script or a target */
};

struct rules {
    struct content *c;
    size_t index;
    const struct pdf *p;
    struct finding_list *findings;
    struct finding_where where;
};

/* The beginning of `s`, what shows nothing made visible. */
static struct str shown(const struct rules *x, struct str s)
{
    struct str visible = name_show(x->c->arena, str_slice(str_trim(s), 0, SHOWN_BYTES));
    return visible.p == NULL ? STR("") : visible;
}

static const struct pdf_script *first_script(const struct pdf *p)
{
    for (size_t i = 0; i < p->n_scripts; i++)
        if (str_trim(p->scripts[i].text).n > 0)
            return &p->scripts[i];
    return NULL;
}

/* ---- what it does ---- */

static void check_script(const struct rules *x)
{
    const struct pdf_script *s = first_script(x->p);
    if (!x->p->has_script)
        return;
    struct str text = shown(x, s == NULL ? STR("") : s->text);
    if (s == NULL)
        finding_add(x->findings, FINDING_PDF_JAVASCRIPT, x->where,
                    "a name /JS or /JavaScript, its script is not readable");
    else
        finding_add(x->findings, FINDING_PDF_JAVASCRIPT, x->where, "%zu script%s: " STR_FMT,
                    x->p->n_scripts, x->p->n_scripts == 1 ? "" : "s", STR_ARG(text));
}

static const struct pdf_action *first_launch(const struct pdf *p)
{
    for (size_t i = 0; i < p->n_actions; i++)
        if (p->actions[i].kind == PDF_LAUNCH)
            return &p->actions[i];
    return NULL;
}

static void check_automatic(const struct rules *x)
{
    const struct pdf *p = x->p;
    const struct pdf_action *launch = first_launch(p);
    const struct pdf_script *s = first_script(p);
    if (p->automatic == NULL || (!p->has_script && !p->has_launch))
        return;
    struct str what = shown(x, launch != NULL ? launch->target : s != NULL ? s->text : STR(""));
    finding_add(x->findings, FINDING_PDF_AUTO_ACTION, x->where, "/%s and %s%s" STR_FMT,
                p->automatic, p->has_launch ? "a program or file" : "JavaScript",
                what.n > 0 ? ": " : "", STR_ARG(what));
}

static bool has_host(struct str s)
{
    return s.n > 0 && (is_alnum(s.p[0]) || (unsigned char)s.p[0] >= 0x80 || s.p[0] == '[') &&
           !str_istarts(s, STR("localhost/"));
}

static bool is_slash(struct str s, size_t at)
{
    return at < s.n && (s.p[at] == '/' || s.p[at] == '\\');
}

bool pdf_is_foreign_file(struct str target)
{
    static const struct str schemes[] = {STR_INIT("file:"), STR_INIT("smb:")};
    bool scheme = false;
    for (size_t i = 0; i < ARRAY_LEN(schemes) && !scheme; i++)
        if (str_istarts(target, schemes[i])) {
            target = str_slice(target, schemes[i].n, target.n);
            scheme = true;
        }
    size_t slashes = 0;
    while (is_slash(target, slashes))
        slashes++;
    struct str rest = str_slice(target, slashes, target.n);
    bool drive = rest.n >= 2 && is_alpha(rest.p[0]) && (rest.p[1] == ':' || rest.p[1] == '|');
    /* file:////host/share is \\host\share behind file://; file:///path is here */
    bool other = slashes == 2 || (scheme && slashes >= 4);
    return other && !drive && has_host(rest);
}

static void check_action(const struct rules *x, const struct pdf_action *a)
{
    if (a->kind != PDF_LAUNCH && !pdf_is_foreign_file(a->target))
        return;
    struct str target = shown(x, a->target), parameters = shown(x, a->parameters);
    const char *name = a->kind == PDF_FILE ? "refers to" : pdf_action_name(a->kind);
    finding_add(x->findings, FINDING_PDF_LAUNCH, x->where, "%s " STR_FMT "%s" STR_FMT, name,
                STR_ARG(target), parameters.n > 0 ? " with " : "", STR_ARG(parameters));
}

/* The file of an action stands there as a file too. */
static bool is_told(const struct pdf *p, size_t at)
{
    for (size_t i = 0; i < p->n_actions && p->actions[at].kind == PDF_FILE; i++)
        if (i != at && (i < at || p->actions[i].kind != PDF_FILE) &&
            str_eq(p->actions[i].target, p->actions[at].target))
            return true;
    return false;
}

static void check_actions(const struct rules *x)
{
    for (size_t i = 0; i < x->p->n_actions; i++)
        if (!is_told(x->p, i))
            check_action(x, &x->p->actions[i]);
    for (size_t i = 0; i < x->p->n_links; i++)
        if (pdf_is_foreign_file(x->p->links[i].uri) &&
            !str_starts(x->p->links[i].uri, STR("//"))) { /* a link without its scheme */
            struct str uri = shown(x, x->p->links[i].uri);
            finding_add(x->findings, FINDING_PDF_LAUNCH, x->where, "a link opens " STR_FMT,
                        STR_ARG(uri));
        }
}

/* ---- what it carries ---- */

static bool is_dangerous(const struct rules *x, const struct pdf_file *f)
{
    enum file_class class = file_type_class(file_type_of(f->bytes));
    if (f->has_bytes && (class == FILE_CLASS_EXECUTABLE || class == FILE_CLASS_SHORTCUT))
        return true;
    for (size_t i = 0; i < f->n_names; i++) {
        struct name n;
        if (name_read(x->c->arena, f->names[i], &n) && n.extension.n > 0 &&
            content_lists_has(x->c->lists, LIST_EXTENSIONS_DANGEROUS, n.extension))
            return true;
    }
    return false;
}

static void check_files(const struct rules *x)
{
    for (size_t i = 0; i < x->p->n_files; i++) {
        const struct pdf_file *f = &x->p->files[i];
        struct str name = shown(x, f->names[0]), other = shown(x, f->names[1]);
        const char *kind = f->has_bytes ? file_type_name(file_type_of(f->bytes)) : "not readable";
        struct finding *told = finding_add(x->findings, FINDING_PDF_EMBEDDED_FILE, x->where,
                                           "\"" STR_FMT "\"%s" STR_FMT "%s: %s", STR_ARG(name),
                                           f->n_names > 1 ? ", also \"" : "", STR_ARG(other),
                                           f->n_names > 1 ? "\"" : "", kind);
        if (is_dangerous(x, f))
            finding_raise(told, SEV_HIGH);
    }
}

/* ---- how it is made ---- */

static void check_names(const struct rules *x)
{
    const struct pdf *p = x->p;
    if (p->n_obfuscated == 0)
        return;
    struct str first = shown(x, p->obfuscated[0]);
    struct str second = p->n_obfuscated > 1 ? shown(x, p->obfuscated[1]) : STR("");
    finding_add(x->findings, FINDING_PDF_NAME_OBFUSCATED, x->where, "/" STR_FMT "%s" STR_FMT "%s",
                STR_ARG(first), second.n > 0 ? " /" : "", STR_ARG(second),
                p->n_obfuscated > 2 ? " and more" : "");
}

static void check_encryption(const struct rules *x)
{
    const struct pdf *p = x->p;
    if (p->encryption == PDF_NOT_ENCRYPTED)
        return;
    if (p->encryption != PDF_OPENED_WITH) {
        finding_add(x->findings, FINDING_PDF_ENCRYPTED, x->where, "%s",
                    p->encryption == PDF_OPENED
                        ? "opens without a password"
                        : "by a password that the mail does not tell: not looked into");
        return;
    }
    struct str password = shown(x, x->c->passwords[p->password]);
    finding_raise(finding_add(x->findings, FINDING_PDF_ENCRYPTED, x->where,
                              "opens with a password that the mail tells: " STR_FMT,
                              STR_ARG(password)),
                  SEV_MEDIUM);
}

static bool is_external(struct str uri)
{
    static const struct str schemes[] = {STR_INIT("http:"), STR_INIT("https:"), STR_INIT("ftp:"),
                                         STR_INIT("www."), STR_INIT("//")};
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (str_istarts(uri, schemes[i]))
            return true;
    return false;
}

size_t pdf_count_external(const struct pdf *p, size_t max)
{
    const struct str *seen[LURE_LINKS + 1];
    size_t n = 0;
    max = max < ARRAY_LEN(seen) ? max : ARRAY_LEN(seen);
    for (size_t i = 0; i < p->n_links && n < max; i++) {
        bool known = !is_external(p->links[i].uri);
        for (size_t k = 0; k < n && !known; k++)
            known = str_eq(*seen[k], p->links[i].uri);
        if (!known)
            seen[n++] = &p->links[i].uri;
    }
    return n;
}

static void check_lure(const struct rules *x)
{
    const struct pdf *p = x->p;
    size_t links = pdf_count_external(p, LURE_LINKS + 1);
    if (p->n_pages == 0 || p->n_pages > LURE_PAGES || links == 0 || links > LURE_LINKS ||
        p->n_characters > LURE_TEXT_BYTES)
        return;
    for (size_t i = 0; i < p->n_links; i++)
        if (is_external(p->links[i].uri)) {
            struct str uri = shown(x, p->links[i].uri);
            finding_add(x->findings, FINDING_PDF_SINGLE_LINK, x->where,
                        "%zu page%s, %zu characters of text%s, leads to " STR_FMT, p->n_pages,
                        p->n_pages == 1 ? "" : "s", p->n_characters,
                        p->n_images > 0 ? ", a picture" : "", STR_ARG(uri));
            return;
        }
}

/* Blanks and the mark of UTF-8 before the header are sloppy, no trick. */
static bool is_blank(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] > ' ' && !str_has(STR("\xef\xbb\xbf"), s.p[i]))
            return false;
    return true;
}

static void check_structure(const struct rules *x)
{
    const struct pdf *p = x->p;
    struct str bytes = x->c->report->objects[x->index].bytes;
    if (p->has_header && p->header > 0 && !is_blank(str_slice(bytes, 0, p->header)))
        finding_add(x->findings, FINDING_PDF_STRUCTURE, x->where,
                    "begins at offset %zu, behind something else", p->header);
    if (p->n_headers > 1)
        finding_add(x->findings, FINDING_PDF_STRUCTURE, x->where, "begins again at offset %zu",
                    p->second_header);
    if (p->trailing > TRAILING_BYTES)
        finding_add(x->findings, FINDING_PDF_STRUCTURE, x->where,
                    "%zu bytes stand behind its end (%%%%EOF)", p->trailing);
}

/* That the text is its beginning only is no limit of the inspection: lures come first. */
static void check_limits(const struct rules *x)
{
    for (unsigned l = 0; l < PDF_LIMIT_COUNT; l++)
        if ((x->p->limits >> l & 1) != 0 && l != PDF_LIMIT_TEXT) {
            struct str why = arena_fmt(x->c->arena, "more %s in a PDF than is looked at",
                                       pdf_limit_name((enum pdf_limit)l));
            content_cut(x->c, x->index, why.p == NULL ? "a PDF is too large" : why.p);
            return;
        }
}

void pdf_rules(struct content *c, size_t index, const struct pdf *p)
{
    const struct rules x = {.c = c,
                            .index = index,
                            .p = p,
                            .findings = &c->report->findings,
                            .where = content_place(&c->report->objects[index])};
    check_script(&x);
    check_automatic(&x);
    check_actions(&x);
    check_files(&x);
    check_names(&x);
    check_encryption(&x);
    check_lure(&x);
    check_structure(&x);
    check_limits(&x);
}
