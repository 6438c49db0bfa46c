/* XML of Office: parts of packages, relationships, and documents in one file of XML. */
#include "base/base64.h"
#include "base/utf8.h"
#include "office/field.h"
#include "office/xml.h"

/* A document without one of these words in it says nothing that matters here. */
static const struct str worth[] = {STR_INIT("Relationship"),
                                   STR_INIT("instrText"),
                                   STR_INIT("fldSimple"),
                                   STR_INIT("ddeLink"),
                                   STR_INIT("binaryData"),
                                   STR_INIT("binData"),
                                   STR_INIT("macrosheet"),
                                   STR_INIT("dde-"),
                                   STR_INIT("attachedTemplate"),
                                   STR_INIT("Formula=\""),
                                   STR_INIT("ppaction://program"),
                                   STR_INIT("<w:t"),
                                   STR_INIT("<a:t"),
                                   STR_INIT("<t>"),
                                   STR_INIT("<t ")};

struct markup {
    struct reader *r;
    struct xml x;
    struct fields fields;
    bool in_instruction, in_binary, in_text;
    struct buf binary, seen;
};

static struct str value(struct markup *m, struct str name)
{
    struct str out = xml_text(m->r->arena, xml_attr(m->x.attrs, name));
    m->r->failed |= out.p == NULL;
    return out;
}

static bool is_fragment(struct str target)
{
    return target.n > 0 && *target.p == '#';
}

/* Types are URLs, "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image". */
static void take_relationship(struct markup *m)
{
    struct str type = value(m, STR("Type")), target = value(m, STR("Target"));
    bool external = str_ieq(value(m, STR("TargetMode")), STR("External"));
    size_t slash = str_rfind(type, '/');
    type = str_slice(type, slash < type.n ? slash + 1 : 0, type.n);
    if (str_iends(type, STR("xlMacrosheet")) || str_iends(type, STR("xlIntlMacrosheet")))
        add_xlm(m->r, target);
    if (external && !is_fragment(target))
        add_link(m->r, type, target, true);
}

static void take_content_type(struct markup *m)
{
    struct str type = value(m, STR("ContentType"));
    if (str_isearch(type, STR("macrosheet")) < type.n)
        add_xlm(m->r, value(m, STR("PartName")));
}

static void take_dde_link(struct markup *m)
{
    struct str what =
        arena_fmt(m->r->arena, STR_FMT "|" STR_FMT, STR_ARG(value(m, STR("ddeService"))),
                  STR_ARG(value(m, STR("ddeTopic"))));
    m->r->failed |= what.p == NULL;
    add_dde(m->r, what);
}

/* OpenDocument: office:dde-application, office:dde-topic. */
static void take_dde_source(struct markup *m)
{
    struct str what =
        arena_fmt(m->r->arena, STR_FMT "|" STR_FMT, STR_ARG(value(m, STR("dde-application"))),
                  STR_ARG(value(m, STR("dde-topic"))));
    m->r->failed |= what.p == NULL;
    add_dde(m->r, what);
}

static void take_field_char(struct markup *m)
{
    struct str type = value(m, STR("fldCharType"));
    if (str_eq(type, STR("begin")))
        field_begin(&m->fields);
    else if (str_eq(type, STR("separate")))
        field_result(&m->fields);
    else if (str_eq(type, STR("end")))
        field_end(&m->fields);
}

/* A field in one tag; the fields in it are its result. */
static void take_simple_field(struct markup *m)
{
    field_read(m->r, value(m, STR("instr")));
}

static void take_instruction(struct markup *m)
{
    m->in_instruction = !m->x.empty;
}

/* What people read: the runs of documents and slides, the cells of tables. */
static void take_run(struct markup *m)
{
    m->in_text = !m->x.empty;
}

static void take_blank(struct markup *m)
{
    if (m->seen.n > 0 && m->seen.n < OFFICE_MAX_SEEN_BYTES)
        buf_addc(&m->seen, ' ');
}

static void take_binary(struct markup *m)
{
    m->in_binary = !m->x.empty;
    buf_reset(&m->binary);
}

/* Word 2003: <w:attachedTemplate w:val="..."/>; in packages it has an r:id instead. */
static void take_template(struct markup *m)
{
    struct str target = value(m, STR("val"));
    if (target.n > 0)
        add_link(m->r, STR("attachedTemplate"), target, true);
}

/* Excel 2003. */
static void take_cell(struct markup *m)
{
    struct str formula = value(m, STR("Formula"));
    if (is_dde_formula(formula))
        add_dde(m->r, formula);
}

static void take_click(struct markup *m)
{
    struct str action = value(m, STR("action"));
    if (str_istarts(action, STR("ppaction://program")))
        add_link(m->r, STR("action"), action, true);
}

static const struct {
    struct str name;
    void (*take)(struct markup *m);
} tags[] = {
    {STR_INIT("Relationship"), take_relationship},
    {STR_INIT("Override"), take_content_type},
    {STR_INIT("Default"), take_content_type},
    {STR_INIT("ddeLink"), take_dde_link},
    {STR_INIT("dde-source"), take_dde_source},
    {STR_INIT("dde-connection-decl"), take_dde_source},
    {STR_INIT("fldChar"), take_field_char},
    {STR_INIT("fldSimple"), take_simple_field},
    {STR_INIT("instrText"), take_instruction},
    {STR_INIT("delInstrText"), take_instruction},
    {STR_INIT("t"), take_run},
    {STR_INIT("tab"), take_blank},
    {STR_INIT("br"), take_blank},
    {STR_INIT("binaryData"), take_binary},
    {STR_INIT("binData"), take_binary},
    {STR_INIT("attachedTemplate"), take_template},
    {STR_INIT("Cell"), take_cell},
    {STR_INIT("hlinkClick"), take_click},
    {STR_INIT("hlinkHover"), take_click},
    {STR_INIT("hlinkMouseOver"), take_click},
};

static void finish_binary(struct markup *m)
{
    struct str bytes;
    m->in_binary = false;
    if (!base64_decode(m->r->arena, buf_str(&m->binary), BASE64_IGNORE_FWS, &bytes))
        m->r->o->damaged = true;
    else
        read_later(m->r, is_active_mime(bytes) ? unpack_active_mime(m->r, bytes) : bytes);
}

static void take_text(struct markup *m)
{
    if (m->in_binary)
        buf_add(&m->binary, m->x.text);
    if (!m->in_instruction && !m->in_text)
        return;
    struct str text = xml_text(m->r->arena, m->x.text);
    m->r->failed |= text.p == NULL;
    if (m->in_instruction)
        field_text(&m->fields, text);
    else
        buf_add(&m->seen, utf8_cut(text, OFFICE_MAX_SEEN_BYTES - m->seen.n));
}

static void take_close(struct markup *m)
{
    bool ends_line = str_eq(m->x.name, STR("p")) || str_eq(m->x.name, STR("si"));
    m->in_instruction = m->in_text = false;
    if (m->in_binary)
        finish_binary(m);
    if (ends_line && m->seen.n > 0 && m->seen.n < OFFICE_MAX_SEEN_BYTES &&
        m->seen.p[m->seen.n - 1] != '\n')
        buf_addc(&m->seen, '\n');
}

/* Of a document in several pieces the first that says something: others are read as objects of
 * their own. */
static void keep_seen(struct markup *m)
{
    if (m->r->o->seen.n > 0 || m->seen.n == 0)
        return;
    m->r->o->seen = arena_copy(m->r->arena, buf_str(&m->seen));
    m->r->failed |= m->r->o->seen.p == NULL;
}

static void take_open(struct markup *m)
{
    for (size_t i = 0; i < ARRAY_LEN(tags); i++)
        if (str_eq(tags[i].name, m->x.name))
            tags[i].take(m);
}

static bool is_worth(struct str text)
{
    for (size_t i = 0; i < ARRAY_LEN(worth); i++)
        if (str_search(text, worth[i]) < text.n)
            return true;
    return false;
}

void read_xml(struct reader *r, struct str bytes)
{
    struct str text = xml_utf8(r->arena, bytes);
    struct markup m = {.r = r, .x = xml_of(text)};
    r->failed |= text.p == NULL;
    if (r->failed || !is_worth(text))
        return;
    buf_init(&m.binary, text.n);
    buf_init(&m.seen, OFFICE_MAX_SEEN_BYTES);
    fields_start(&m.fields, r);
    for (enum xml_event e; (e = xml_next(&m.x)) != XML_END && !r->failed;) {
        if (e == XML_OPEN)
            take_open(&m);
        else if (e == XML_CLOSE)
            take_close(&m);
        else
            take_text(&m);
    }
    fields_done(&m.fields);
    keep_seen(&m);
    buf_clear(&m.seen);
    buf_clear(&m.binary);
}
