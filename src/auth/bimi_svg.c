/* The BIMI logo against SVG Tiny PS (draft-svg-tiny-ps-abrotman): libexpat reads, tables decide.
 * DTDs are refused before any entity exists; depth, attributes and <use> are bounded. */
#include <expat.h>

#include "auth/bimi.h"
#include "auth/bimi_svg_internal.h"
#include "base/utf8.h"

enum {
    NAME_SHOWN_BYTES = 60, /* of a name from the file, in a problem */
    TITLE_KEPT_BYTES = 1024,
    TITLE_ADVISED_CHARS = 64,
    KEY_MAX_BYTES = 64 /* the longest attribute name of the profile is far shorter */
};

/* Between the parts of an expanded name; no XML text can hold it. */
#define SEPARATOR '\1'

static const struct str svg_space = STR_INIT("http://www.w3.org/2000/svg");
static const struct str xlink_space = STR_INIT("http://www.w3.org/1999/xlink");
static const struct str xml_space = STR_INIT("http://www.w3.org/XML/1998/namespace");

struct frame {
    const struct svg_element *element; /* NULL: not judged */
    size_t node;                       /* of svg_uses */
};

struct check {
    struct arena *arena;
    struct bimi_svg *out;
    XML_Parser parser; /* NULL: problems are of the file, not of a line */
    struct frame frames[BIMI_SVG_MAX_DEPTH];
    size_t depth, skip; /* skip: depth of a refused element whose inside is not judged; 0: none */
    struct svg_uses uses;
    struct buf title;
    size_t titles;
    bool no_memory, told_text, stopped, is_svg;
};

struct xml_name {
    struct str space, local, prefix;
};

/* ---- problems ---- */

static void put(struct check *c, bool warns, struct str text)
{
    struct bimi_svg *o = c->out;
    c->no_memory |= text.p == NULL;
    if (o->n_problems == BIMI_SVG_MAX_PROBLEMS)
        o->n_problems--; /* the last of many warnings makes room */
    o->only_warns[o->n_problems] = warns;
    o->problems[o->n_problems++] = text;
}

/* After twenty problems only a first fault among warnings is still told. */
static bool wants_more(const struct check *c, bool warns)
{
    return c->out->n_problems < BIMI_SVG_MAX_PROBLEMS ||
           (!warns && c->out->verdict != BIMI_SVG_BAD);
}

/* "line 3: onload on <rect>: text"; without attribute "line 3: <rect> text"; without both "line 3:
 * text". */
static void complain(struct check *c, bool warns, struct str element, struct str attribute,
                     const char *text)
{
    struct buf b;
    bool wanted = wants_more(c, warns);
    if (!warns)
        c->out->verdict = BIMI_SVG_BAD;
    else if (c->out->verdict == BIMI_SVG_OK)
        c->out->verdict = BIMI_SVG_WARN;
    if (!wanted)
        return;
    buf_init(&b, 1024);
    if (c->parser != NULL)
        buf_addf(&b, "line %lu: ", (unsigned long)XML_GetCurrentLineNumber(c->parser));
    if (attribute.n != 0) {
        utf8_add_printable(&b, attribute, NAME_SHOWN_BYTES);
        buf_addz(&b, " on ");
    }
    if (element.n != 0) {
        buf_addc(&b, '<');
        utf8_add_printable(&b, element, NAME_SHOWN_BYTES);
        buf_addz(&b, attribute.n != 0 ? ">: " : "> ");
    }
    buf_addz(&b, text);
    put(c, warns, b.failed ? STR_NONE : arena_copy(c->arena, buf_str(&b)));
    buf_clear(&b);
}

static void fault(struct check *c, const char *text)
{
    complain(c, false, STR_NONE, STR_NONE, text);
}

static void warn(struct check *c, const char *text)
{
    complain(c, true, STR_NONE, STR_NONE, text);
}

/* expat may still report the end of an element: `stopped` keeps the handlers quiet. */
static void fault_and_stop(struct check *c, const char *text)
{
    fault(c, text);
    c->stopped = true;
    XML_StopParser(c->parser, XML_FALSE);
}

/* ---- names ---- */

static struct xml_name name_split(const XML_Char *z)
{
    struct xml_name n = {.prefix = str_from(z)};
    struct str first = str_cut(&n.prefix, SEPARATOR);
    if (n.prefix.p == NULL) {
        n.local = first;
        return n;
    }
    n.space = first;
    n.local = str_cut(&n.prefix, SEPARATOR);
    return n;
}

/* The name as the tables have it, in `key`: "xlink:href". False: of another namespace; then it is
 * as the file wrote it. */
static bool attribute_key(const struct xml_name *n, char key[KEY_MAX_BYTES], struct str *out)
{
    bool is_known = n->space.n == 0 || str_eq(n->space, xlink_space) || str_eq(n->space, xml_space);
    struct str prefix = n->space.n == 0                 ? STR_NONE
                        : str_eq(n->space, xlink_space) ? STR("xlink")
                        : str_eq(n->space, xml_space)   ? STR("xml")
                                                        : n->prefix;
    size_t length = 0;
    struct str parts[] = {prefix, prefix.n != 0 ? STR(":") : STR_NONE, n->local};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        struct str part = str_slice(parts[i], 0, KEY_MAX_BYTES - length);
        if (part.n != 0)
            memcpy(key + length, part.p, part.n);
        length += part.n;
    }
    *out = str_make(key, length);
    return is_known;
}

/* ---- elements ---- */

/* What a refused element is, for people; the profile's whole answer is that it is not listed. */
static const char *refusal(struct str name)
{
    static const struct {
        struct str names;
        const char *text;
    } kinds[] = {
        {STR_INIT("script handler listener"), "is not allowed: scripts"},
        {STR_INIT("animate animateColor animateMotion animateTransform set mpath discard"),
         "is not allowed: animation"},
        {STR_INIT("image"), "is not allowed: raster and outer images"},
        {STR_INIT("foreignObject"), "is not allowed: foreign content"},
        {STR_INIT("style"), "is not allowed: CSS"},
        {STR_INIT("a"), "is not allowed: links"},
        {STR_INIT("audio video animation prefetch"), "is not allowed: media"},
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (svg_has_word(kinds[i].names, name))
            return kinds[i].text;
    }
    return "is not in the SVG Tiny PS profile";
}

static const struct svg_element *judge_root(struct check *c, const struct xml_name *n)
{
    if (str_eq(n->space, svg_space) && str_eq(n->local, STR("svg")))
        return svg_element_find(n->local);
    complain(c, false, n->local, STR_NONE,
             str_eq(n->local, STR("svg")) ? "is not in the namespace http://www.w3.org/2000/svg"
                                          : "is the root element; it must be <svg>");
    return NULL;
}

static const struct svg_element *judge_element(struct check *c, const struct xml_name *n)
{
    if (c->depth == 0)
        return judge_root(c, n);
    if (!str_eq(n->space, svg_space)) {
        complain(c, false, n->local, STR_NONE, "is of another namespace");
        return NULL;
    }
    const struct svg_element *e = svg_element_find(n->local);
    if (e == NULL) {
        complain(c, false, n->local, STR_NONE, refusal(n->local));
        return NULL;
    }
    const struct svg_element *parent = c->frames[c->depth - 1].element;
    if (!svg_has_word(parent->children, e->name)) {
        /* SVG Tiny 1.2 lets every element have a title; the schema of the profile does not. */
        bool is_note = svg_has_word(STR("title desc metadata"), e->name) && !parent->has_text;
        complain(c, is_note, e->name, STR_NONE, "stands where the profile has no place for it");
    }
    return e;
}

/* ---- attributes ---- */

static const char *attribute_refusal(struct str key, const struct svg_element *e)
{
    bool is_root = str_eq(e->name, STR("svg"));
    if (str_starts(key, STR("on")))
        return "event handlers are not allowed";
    if (str_eq(key, STR("style")))
        return "CSS is not allowed; write the properties as attributes";
    if (str_eq(key, STR("xml:base")))
        return "is not allowed: it makes local references point to another file";
    if (str_eq(key, STR("href")))
        return "is not allowed; SVG Tiny has xlink:href, on <use>";
    if (is_root && (str_eq(key, STR("x")) || str_eq(key, STR("y"))))
        return "the root must not have x or y";
    return "is not in the SVG Tiny PS profile here";
}

static void judge_value(struct check *c, const struct svg_element *e, const struct svg_attribute *a,
                        struct str value)
{
    /* Notes for people and machines, never fetched: any text. */
    bool is_note =
        (a->groups & (SVG_CORE | SVG_CONDITIONAL)) != 0 || str_eq(a->name, STR("xlink:title"));
    bool is_href = str_eq(a->name, STR("xlink:href"));
    if (!svg_value_allowed(a->values, value))
        complain(c, false, e->name, a->name, "the profile does not allow this value");
    if (is_href && !(value.n > 1 && value.p[0] == '#'))
        complain(c, false, e->name, a->name, "refers to something outside of the file");
    else if (!is_note && !is_href && !svg_value_is_local(value))
        complain(c, false, e->name, a->name,
                 "holds a reference or function that may lead outside of the file");
}

static void judge_attribute(struct check *c, const struct svg_element *e, const XML_Char *name,
                            struct str value)
{
    char buffer[KEY_MAX_BYTES];
    struct str key;
    struct xml_name n = name_split(name);
    if (!attribute_key(&n, buffer, &key)) {
        complain(c, false, e->name, key, "attributes of other namespaces are not allowed");
        return;
    }
    const struct svg_attribute *a = svg_attribute_find(key);
    if (a == NULL || ((a->groups & e->groups) == 0 && !svg_has_word(a->elements, e->name) &&
                      !(a->groups == SVG_MEDIA && (e->groups & SVG_PROPERTIES) != 0))) {
        complain(c, false, e->name, key, attribute_refusal(key, e));
        return;
    }
    if (a->groups == SVG_MEDIA && (e->groups & SVG_MEDIA) == 0)
        complain(c, true, e->name, key, "is in SVG Tiny 1.2, but not in the schema of the profile");
    judge_value(c, e, a, value);
}

/* ---- the root ---- */

static void judge_view_box(struct check *c, struct str value)
{
    switch (svg_view_box(value)) {
    case SVG_BOX_SQUARE:
        break;
    case SVG_BOX_OBLONG:
        warn(c, "the viewBox is not square");
        break;
    case SVG_BOX_EMPTY:
        fault(c, "the viewBox has no area");
        break;
    case SVG_BOX_BROKEN:
        fault(c, "the viewBox is not four numbers");
        break;
    }
}

static void judge_root_attributes(struct check *c, const XML_Char **pairs)
{
    struct str version = STR_NONE, profile = STR_NONE, view_box = STR_NONE;
    struct str width = STR_NONE, height = STR_NONE;
    const struct {
        struct str name;
        struct str *value;
    } wanted[] = {{STR("version"), &version},
                  {STR("baseProfile"), &profile},
                  {STR("viewBox"), &view_box},
                  {STR("width"), &width},
                  {STR("height"), &height}};
    for (size_t i = 0; pairs[i] != NULL; i += 2) {
        for (size_t k = 0; k < ARRAY_LEN(wanted); k++) {
            if (str_eq(str_from(pairs[i]), wanted[k].name))
                *wanted[k].value = str_from(pairs[i + 1]);
        }
    }
    if (version.p == NULL)
        fault(c, "the root lacks version=\"1.2\"");
    if (profile.p == NULL)
        fault(c, "the root lacks baseProfile=\"tiny-ps\"");
    if (view_box.p != NULL)
        judge_view_box(c, view_box);
    else
        warn(c, "the root has no viewBox: the image cannot be scaled");
    if ((width.p != NULL || height.p != NULL) && !svg_same_length(width, height))
        warn(c, "width and height of the root are not equal");
}

/* ---- expat's events ---- */

/* Ids become nodes, references edges: what is drawn how often is judged at the end. */
static size_t count_uses(struct check *c, const struct svg_element *e, const XML_Char **pairs,
                         size_t parent)
{
    size_t node = parent;
    for (size_t i = 0; pairs[i] != NULL; i += 2) {
        struct xml_name name = name_split(pairs[i]);
        if (str_eq(name.local, STR("id")) && (name.space.n == 0 || str_eq(name.space, xml_space)))
            node = svg_uses_node(&c->uses, node, str_from(pairs[i + 1]));
    }
    svg_uses_element(&c->uses, node);
    for (size_t i = 0; pairs[i] != NULL && str_eq(e->name, STR("use")); i += 2) {
        struct xml_name name = name_split(pairs[i]);
        if (str_eq(name.local, STR("href")) && pairs[i + 1][0] == '#')
            svg_uses_refer(&c->uses, node, str_from(pairs[i + 1] + 1));
    }
    return node;
}

static void on_start(void *ctx, const XML_Char *name, const XML_Char **pairs)
{
    struct check *c = ctx;
    size_t n = 0;
    if (c->stopped)
        return;
    if (c->depth == BIMI_SVG_MAX_DEPTH) {
        fault_and_stop(c, "elements are nested more than 100 deep");
        return;
    }
    while (pairs[n] != NULL)
        n += 2;
    if (n > 2 * BIMI_SVG_MAX_ATTRIBUTES) {
        fault_and_stop(c, "an element has more than 100 attributes");
        return;
    }
    struct xml_name expanded = name_split(name);
    struct frame f = {.node = c->depth == 0 ? 0 : c->frames[c->depth - 1].node};
    f.element = c->skip == 0 ? judge_element(c, &expanded) : NULL;
    for (size_t i = 0; i < n && f.element != NULL; i += 2)
        judge_attribute(c, f.element, pairs[i], str_from(pairs[i + 1]));
    if (f.element != NULL)
        f.node = count_uses(c, f.element, pairs, f.node);
    if (f.element != NULL && c->depth == 0) {
        c->is_svg = true;
        judge_root_attributes(c, pairs);
    }
    c->frames[c->depth++] = f;
    if (f.element == NULL && c->skip == 0)
        c->skip = c->depth;
    if (f.element != NULL && c->depth == 2 && str_eq(f.element->name, STR("title")))
        c->titles++;
}

static void on_end(void *ctx, const XML_Char *name)
{
    struct check *c = ctx;
    (void)name;
    if (c->stopped)
        return;
    if (c->skip == c->depth)
        c->skip = 0;
    c->depth--;
}

static void on_text(void *ctx, const XML_Char *text, int n)
{
    struct check *c = ctx;
    struct str s = str_make(text, (size_t)n);
    if (c->stopped || c->skip != 0 || c->depth == 0)
        return;
    const struct svg_element *e = c->frames[c->depth - 1].element;
    if (c->depth == 2 && c->titles == 1 && str_eq(e->name, STR("title"))) {
        buf_add(&c->title, str_slice(s, 0, TITLE_KEPT_BYTES - c->title.n));
    } else if (!e->has_text && str_trim(s).n != 0 && !c->told_text) {
        complain(c, false, e->name, STR_NONE, "holds text");
        c->told_text = true;
    }
}

static void on_instruction(void *ctx, const XML_Char *target, const XML_Char *data)
{
    struct check *c = ctx;
    (void)data;
    if (c->stopped)
        return;
    if (str_ieq(str_from(target), STR("xml-stylesheet")))
        fault(c, "<?xml-stylesheet?> is not allowed: CSS");
    else
        warn(c, "processing instructions have no place in a logo");
}

static void on_doctype(void *ctx, const XML_Char *name, const XML_Char *system_id,
                       const XML_Char *public_id, int has_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_subset;
    fault_and_stop(ctx, "a document type declaration (<!DOCTYPE>) is not allowed");
}

/* ---- the whole file ---- */

static void judge_title(struct check *c)
{
    struct str title = str_trim(buf_str(&c->title));
    size_t chars = 0;
    for (size_t i = 0; i < title.n; i++)
        chars += ((unsigned char)title.p[i] & 0xc0) != 0x80;
    if (c->titles == 0)
        fault(c, "<title> is missing: it must stand directly in <svg>");
    else if (title.n == 0)
        fault(c, "<title> is empty");
    if (c->titles > 1)
        warn(c, "there are several <title> elements");
    if (chars > TITLE_ADVISED_CHARS)
        warn(c, "<title> is longer than 64 characters");
    if (title.n == 0)
        return;
    c->out->title = arena_copy(c->arena, title);
    c->no_memory |= c->out->title.p == NULL;
}

static void judge_uses(struct check *c)
{
    enum svg_uses_verdict verdict = SVG_USES_OK;
    if (svg_uses_judge(&c->uses, &verdict) != MP_OK)
        c->no_memory = true;
    else if (verdict == SVG_USES_DANGLING)
        warn(c, "a <use> refers to an element that is not there");
    else if (verdict == SVG_USES_CIRCLE)
        fault(c, "a <use> draws an element inside itself");
    else if (verdict == SVG_USES_TOO_MANY)
        fault(c, "there are too many <use>, or what they draw is too much");
}

static void fault_of_xml(struct check *c, enum XML_Error why)
{
    struct str text = arena_fmt(c->arena, "the XML is not well-formed: %s", XML_ErrorString(why));
    fault(c, text.p != NULL ? text.p : "the XML is not well-formed");
}

static void parse(struct check *c, struct str svg)
{
    XML_Parser p = XML_ParserCreateNS(NULL, SEPARATOR);
    c->no_memory |= p == NULL;
    if (p == NULL)
        return;
    c->parser = p;
    XML_SetReturnNSTriplet(p, 1);
    XML_SetUserData(p, c);
    XML_SetElementHandler(p, on_start, on_end);
    XML_SetCharacterDataHandler(p, on_text);
    XML_SetProcessingInstructionHandler(p, on_instruction);
    XML_SetStartDoctypeDeclHandler(p, on_doctype);
    enum XML_Status st = XML_Parse(p, svg.p, (int)svg.n, 1);
    enum XML_Error why = st == XML_STATUS_OK ? XML_ERROR_NONE : XML_GetErrorCode(p);
    if (why == XML_ERROR_NO_MEMORY)
        c->no_memory = true;
    else if (why != XML_ERROR_NONE && why != XML_ERROR_ABORTED)
        fault_of_xml(c, why);
    c->parser = NULL;
    XML_ParserFree(p);
    if (st == XML_STATUS_OK && c->skip == 0 && c->out->verdict != BIMI_SVG_BAD)
        judge_uses(c);
    if (st == XML_STATUS_OK && c->is_svg)
        judge_title(c);
}

int bimi_svg_check(struct arena *a, struct str svg, struct bimi_svg *out, struct mp_err *err)
{
    struct bimi_svg result = {.verdict = BIMI_SVG_OK};
    struct check *c = arena_new(a, struct check, 1);
    if (c == NULL || !svg_uses_init(&c->uses, a))
        return mp_fail(err, MP_E_NOMEM, 0, "checking a logo needs more memory than allowed");
    c->arena = a;
    c->out = &result;
    buf_init(&c->title, TITLE_KEPT_BYTES);
    if (svg.n == 0)
        fault(c, "the file is empty");
    else if (str_starts(svg, STR("\x1f\x8b")))
        fault(c, "the file is compressed (gzip); it was not unpacked and not judged");
    else if (svg.n > BIMI_SVG_MAX_BYTES)
        fault(c, "the file is larger than 1 MiB; it was not judged");
    else
        parse(c, svg);
    if (svg.n > BIMI_SVG_ADVISED_BYTES && svg.n <= BIMI_SVG_MAX_BYTES)
        warn(c, "the file is larger than 32 KiB, the advised maximum");
    bool no_memory = c->no_memory || c->title.failed;
    buf_clear(&c->title);
    if (no_memory)
        return mp_fail(err, MP_E_NOMEM, 0, "checking a logo needs more memory than allowed");
    *out = result;
    return MP_OK;
}
