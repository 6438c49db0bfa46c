/* What the nodes of all objects say: actions, scripts, links, what begins by itself, pages. One
 * pass; a name counts wherever it stands, for readers repair what is not where it should be. */
#include "pdf/pdf_internal.h"

struct at {
    struct pdf_reader *r;
    const struct pdf_object *o;
    uint32_t node;   /* the name */
    uint32_t value;  /* what stands behind it, or PDF_NO_NODE */
    uint32_t parent; /* the dictionary it is in, or PDF_NO_NODE */
};

/* ---- links and actions ---- */

static struct str trim(struct str s)
{
    while (s.n > 0 && (unsigned char)s.p[0] <= ' ')
        s = str_slice(s, 1, s.n);
    while (s.n > 0 && (unsigned char)s.p[s.n - 1] <= ' ')
        s.n--;
    return s;
}

static void add_link(struct pdf_reader *r, const struct pdf_object *o, struct str uri)
{
    uri = trim(uri);
    if (uri.n == 0)
        return;
    if (uri.n > PDF_MAX_LINK_BYTES) {
        pdf_limit(r, PDF_LIMIT_FACTS);
        uri.n = PDF_MAX_LINK_BYTES;
    }
    struct pdf_link *l =
        pdf_more(r, &r->pdf->links, &r->pdf->n_links, &r->cap_links, PDF_MAX_LINKS, sizeof *l);
    if (l != NULL)
        *l = (struct pdf_link){.uri = uri, .offset = o->at};
}

static struct pdf_action *add_action(struct pdf_reader *r, const struct pdf_object *o,
                                     enum pdf_action_kind kind)
{
    struct pdf_action *a = pdf_more(r, &r->pdf->actions, &r->pdf->n_actions, &r->cap_actions,
                                    PDF_MAX_ACTIONS, sizeof *a);
    if (a != NULL) {
        a->kind = kind;
        a->offset = o->at;
    }
    return a;
}

/* A string, or what is referred to: each of its definitions, for readers differ. */
static void on_uri(const struct at *x)
{
    struct pdf_reader *r = x->r;
    struct pdf_object *of[PDF_MAX_DEFINITIONS];
    if (pdf_is_string(r, x->value)) {
        add_link(r, x->o, pdf_text_at(r, x->o, x->value));
        return;
    }
    if (!pdf_is(r, x->value, PDF_NODE_REF))
        return;
    size_t n = pdf_definitions(r, r->nodes[x->value].number, of);
    for (size_t i = 0; i < n; i++)
        if (of[i]->first < of[i]->end)
            add_link(r, x->o, pdf_text_at(r, of[i], of[i]->first));
}

/* /Win << /F (cmd.exe) /P (/c calc) >>, or /F alone. */
static void read_target(const struct at *x, struct pdf_action *a)
{
    static const enum pdf_word systems[] = {PDF_W_WIN, PDF_W_UNIX, PDF_W_MAC};
    struct pdf_reader *r = x->r;
    struct str names[2] = {STR_NONE};
    const struct pdf_object *o = x->o;
    for (size_t i = 0; i < ARRAY_LEN(systems) && names[0].n == 0; i++) {
        o = x->o;
        uint32_t system = pdf_follow(r, pdf_get(r, x->parent, systems[i]), &o);
        uint32_t parameters = pdf_get(r, system, PDF_W_P);
        if (pdf_file_names(r, o, pdf_get(r, system, PDF_W_F), names, &a->is_url) > 0)
            a->target = names[0];
        if (parameters != PDF_NO_NODE)
            a->parameters = pdf_text_at(r, o, parameters);
    }
    if (a->target.n == 0 &&
        pdf_file_names(r, x->o, pdf_get(r, x->parent, PDF_W_F), names, &a->is_url) > 0)
        a->target = names[0];
    if (a->is_url)
        add_link(r, x->o, a->target);
}

/* A name that is the type of an action: /S /Launch. */
static void on_action(const struct at *x, enum pdf_action_kind kind)
{
    struct pdf_action *a = add_action(x->r, x->o, kind);
    if (a != NULL)
        read_target(x, a);
}

/* Two slashes of either kind, and a host behind them. */
static bool is_network_path(struct str s)
{
    return s.n > 2 && (s.p[0] == '\\' || s.p[0] == '/') && (s.p[1] == '\\' || s.p[1] == '/') &&
           (is_alnum(s.p[2]) || (unsigned char)s.p[2] >= 0x80 || s.p[2] == '[');
}

/* A file of a dictionary that is no action told above. */
static void on_file(const struct at *x)
{
    struct pdf_reader *r = x->r;
    if (!pdf_is_string(r, x->value))
        return;
    struct str name = pdf_string(r, x->o, x->value);
    if (!is_network_path(name) && !str_istarts(name, STR("file:")))
        return;
    struct pdf_action *a = add_action(r, x->o, PDF_FILE);
    if (a != NULL)
        a->target = pdf_text_at(r, x->o, x->value);
}

/* ---- scripts ---- */

static void add_script(struct pdf_reader *r, const struct pdf_object *o, struct str text)
{
    if (text.n > r->script_left) {
        pdf_limit(r, PDF_LIMIT_FACTS);
        text.n = (size_t)r->script_left;
    }
    r->script_left -= text.n;
    struct pdf_script *s = pdf_more(r, &r->pdf->scripts, &r->pdf->n_scripts, &r->cap_scripts,
                                    PDF_MAX_SCRIPTS, sizeof *s);
    if (s != NULL)
        *s = (struct pdf_script){.text = text, .offset = o->at};
}

static void on_script(const struct at *x)
{
    struct pdf_reader *r = x->r;
    r->pdf->has_script = true;
    if (r->nodes[x->node].word != PDF_W_JS || r->script_left == 0)
        return;
    struct pdf_object *of[PDF_MAX_DEFINITIONS];
    size_t n =
        pdf_is(r, x->value, PDF_NODE_REF) ? pdf_definitions(r, r->nodes[x->value].number, of) : 0;
    if (pdf_is_string(r, x->value))
        add_script(r, x->o, pdf_text_at(r, x->o, x->value));
    for (size_t i = 0; i < n; i++) {
        if (of[i]->is_taken || of[i]->first == of[i]->end)
            continue;
        of[i]->is_taken = true;
        add_script(r, of[i], pdf_text_at(r, of[i], of[i]->first));
    }
}

/* A form in XML: its scripts run in the reader as others do. */
static void read_form(struct pdf_reader *r, struct pdf_object *o)
{
    static const struct str begin = STR_INIT("<script"), end = STR_INIT("</script");
    bool cut;
    if (o->is_taken)
        return;
    o->is_taken = true;
    struct str s = pdf_stream(r, o, &r->inflate_left, PDF_LIMIT_INFLATED, &cut);
    size_t at = str_search(s, begin);
    if (s.p == NULL || at == s.n || !pdf_work(r, s.n))
        return;
    s = str_slice(s, at, s.n);
    s = str_slice(s, 0, str_search(s, end));
    s = str_slice(s, str_find(s, '>') + 1, s.n);
    r->pdf->has_script = true;
    add_script(r, o, pdf_text_of(r, s));
}

/* [(template) 7 0 R (datasets) 8 0 R ...], or one stream. */
static void on_form_data(const struct at *x)
{
    struct pdf_reader *r = x->r;
    struct pdf_object *of[PDF_MAX_DEFINITIONS];
    bool array = pdf_is(r, x->value, PDF_NODE_ARRAY);
    uint32_t i = array ? x->value + 1 : x->value, end = array ? r->nodes[x->value].end : i + 1;
    for (; x->value != PDF_NO_NODE && i < end && pdf_work(r, PDF_ENTRY_WORK); i++) {
        size_t n = pdf_is(r, i, PDF_NODE_REF) ? pdf_definitions(r, r->nodes[i].number, of) : 0;
        for (size_t k = 0; k < n; k++)
            read_form(r, of[k]);
    }
}

/* ---- what begins by itself ---- */

/* Where a reader goes when it opens the document is an array or a harmless action. */
static bool is_destination(struct pdf_reader *r, uint32_t value)
{
    const struct pdf_object *o = NULL;
    value = pdf_follow(r, value, &o);
    if (!pdf_is(r, value, PDF_NODE_DICT))
        return value != PDF_NO_NODE;
    const struct pdf_object *of_type = NULL;
    uint32_t type = pdf_follow(r, pdf_get(r, value, PDF_W_S), &of_type);
    bool harmless = pdf_is_word(r, type, PDF_W_GOTO) || pdf_is_word(r, type, PDF_W_NAMED);
    return (harmless || type == PDF_NO_NODE) && pdf_get(r, value, PDF_W_NEXT) == PDF_NO_NODE;
}

/* Fields of forms check and format what is typed into them: nothing begins before somebody types.
 */
static bool is_field_script(struct pdf_reader *r, uint32_t owner, uint32_t value)
{
    const struct pdf_object *o = NULL;
    value = pdf_follow(r, value, &o);
    if (!pdf_is(r, value, PDF_NODE_DICT) ||
        pdf_is_word(r, pdf_get(r, owner, PDF_W_TYPE), PDF_W_PAGE) ||
        pdf_is_word(r, pdf_get(r, owner, PDF_W_TYPE), PDF_W_CATALOG))
        return false;
    for (uint32_t i = value + 1; i + 1 < r->nodes[value].end; i = r->nodes[i + 1].end) {
        enum pdf_word w = (enum pdf_word)r->nodes[i].word;
        bool typed = w == PDF_W_K || w == PDF_W_F || w == PDF_W_V || w == PDF_W_C ||
                     w == PDF_W_FO || w == PDF_W_BL;
        if (!pdf_is(r, i, PDF_NODE_NAME) || !typed)
            return false;
    }
    return true;
}

static void on_automatic(const struct at *x)
{
    struct pdf_reader *r = x->r;
    bool open = r->nodes[x->node].word == PDF_W_OPENACTION;
    if (r->pdf->automatic != NULL || x->value == PDF_NO_NODE ||
        (open ? is_destination(r, x->value) : is_field_script(r, x->parent, x->value)))
        return;
    r->pdf->automatic = open ? "OpenAction" : "AA";
}

/* ---- pages ---- */

static void mark_content(struct pdf_reader *r, uint32_t ref, uint32_t owner)
{
    struct pdf_object *of[PDF_MAX_DEFINITIONS];
    size_t n = pdf_is(r, ref, PDF_NODE_REF) ? pdf_definitions(r, r->nodes[ref].number, of) : 0;
    for (size_t i = 0; i < n; i++)
        if (of[i]->has_stream && !of[i]->is_content) {
            of[i]->is_content = true;
            of[i]->owner = owner;
        }
}

static void mark_array(struct pdf_reader *r, uint32_t array, uint32_t owner)
{
    uint32_t i = array + 1, end = r->nodes[array].end;
    for (; i < end && pdf_work(r, PDF_ENTRY_WORK); i = r->nodes[i].end)
        mark_content(r, i, owner);
}

/* A stream, an array of streams, or a reference to such an array. Notes have texts instead. */
static void on_contents(const struct at *x)
{
    struct pdf_reader *r = x->r;
    uint32_t owner = (uint32_t)(x->o - r->objects);
    if (pdf_is(r, x->value, PDF_NODE_ARRAY)) {
        mark_array(r, x->value, owner);
    } else if (pdf_is(r, x->value, PDF_NODE_REF)) {
        const struct pdf_object *o = NULL;
        uint32_t value = pdf_follow(r, x->value, &o);
        if (pdf_is(r, value, PDF_NODE_ARRAY))
            mark_array(r, value, owner);
        else
            mark_content(r, x->value, owner);
    }
}

static void on_form(const struct at *x)
{
    struct pdf_object *o = &x->r->objects[x->o - x->r->objects];
    if (o->has_stream && !o->is_content) {
        o->is_content = true;
        o->owner = (uint32_t)(o - x->r->objects);
    }
}

static bool is_key(const struct at *x, enum pdf_word key)
{
    return x->node > x->o->first && pdf_is_word(x->r, x->node - 1, key);
}

static void on_name(const struct at *x)
{
    struct pdf *pdf = x->r->pdf;
    switch ((enum pdf_word)x->r->nodes[x->node].word) {
    case PDF_W_KEY_URI:
    case PDF_W_BASE:
        on_uri(x);
        break;
    case PDF_W_LAUNCH:
        pdf->has_launch = true;
        on_action(x, PDF_LAUNCH);
        break;
    case PDF_W_GOTOR:
    case PDF_W_GOTOE:
        on_action(x, PDF_GOTO_REMOTE);
        break;
    case PDF_W_SUBMITFORM:
        on_action(x, PDF_SUBMIT_FORM);
        break;
    case PDF_W_IMPORTDATA:
        on_action(x, PDF_IMPORT_DATA);
        break;
    case PDF_W_F:
    case PDF_W_UF:
    case PDF_W_DOS:
    case PDF_W_UNIX:
    case PDF_W_MAC:
        on_file(x);
        break;
    case PDF_W_JS:
    case PDF_W_JAVASCRIPT:
        on_script(x);
        break;
    case PDF_W_OPENACTION:
    case PDF_W_AA:
        on_automatic(x);
        break;
    case PDF_W_XFA:
        on_form_data(x);
        break;
    case PDF_W_PAGE:
        pdf->n_pages += is_key(x, PDF_W_TYPE);
        break;
    case PDF_W_CONTENTS:
        on_contents(x);
        break;
    case PDF_W_FORM:
        if (is_key(x, PDF_W_SUBTYPE))
            on_form(x);
        break;
    default:
        break;
    }
}

void pdf_facts(struct pdf_reader *r)
{
    for (size_t i = 0; i < r->n_objects && !r->starved; i++) {
        const struct pdf_object *o = &r->objects[i];
        for (uint32_t n = o->first; n < o->end && !r->starved; n++) {
            if (r->nodes[n].kind != PDF_NODE_NAME || r->nodes[n].word == PDF_W_NONE)
                continue;
            uint32_t parent = r->nodes[n].parent;
            struct at x = {
                .r = r, .o = o, .node = n, .value = n + 1 < o->end ? n + 1 : PDF_NO_NODE};
            if (x.value != PDF_NO_NODE && r->nodes[x.value].parent != parent)
                x.value = PDF_NO_NODE;
            x.parent = pdf_is(r, parent, PDF_NODE_DICT) ? parent : PDF_NO_NODE;
            on_name(&x);
        }
    }
}
