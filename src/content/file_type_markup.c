/* XML and HTML by the first element: behind declarations, comments and processing instructions. */
#include "content/file_type_internal.h"

/* Root elements of XML, without their prefix, any case. Some names serve others too: then a script
 * within tells. */
static const struct {
    struct str name;
    enum file_type type;
    bool with_script;
} roots[] = {
    {STR_INIT("svg"), FILE_SVG, false},
    {STR_INIT("html"), FILE_HTML, false},
    {STR_INIT("MMC_ConsoleFile"), FILE_SCRIPT, false}, /* .msc */
    {STR_INIT("job"), FILE_SCRIPT, true},              /* Windows Script Host: .wsf */
    {STR_INIT("package"), FILE_SCRIPT, true},
    {STR_INIT("scriptlet"), FILE_SCRIPT, true}, /* .sct */
    {STR_INIT("component"), FILE_SCRIPT, true}, /* .wsc */
    {STR_INIT("libraryDescription"), FILE_WINDOWS_LIBRARY, false},
    {STR_INIT("persistedQuery"), FILE_WINDOWS_LIBRARY, false},
    {STR_INIT("searchConnectorDescription"), FILE_WINDOWS_LIBRARY, false},
};

/* Elements that make text with "<" in front a page: browsers need no more (they sniff so). */
static const struct str html_tags[] = {
    STR_INIT("!doctype"), STR_INIT("a"),      STR_INIT("b"),      STR_INIT("base"),
    STR_INIT("body"),     STR_INIT("br"),     STR_INIT("button"), STR_INIT("center"),
    STR_INIT("div"),      STR_INIT("embed"),  STR_INIT("font"),   STR_INIT("form"),
    STR_INIT("frameset"), STR_INIT("h1"),     STR_INIT("h2"),     STR_INIT("h3"),
    STR_INIT("head"),     STR_INIT("hr"),     STR_INIT("html"),   STR_INIT("i"),
    STR_INIT("iframe"),   STR_INIT("img"),    STR_INIT("input"),  STR_INIT("link"),
    STR_INIT("meta"),     STR_INIT("object"), STR_INIT("p"),      STR_INIT("script"),
    STR_INIT("span"),     STR_INIT("style"),  STR_INIT("table"),  STR_INIT("title"),
    STR_INIT("ul"),       STR_INIT("video"),  STR_INIT("math"),
};

static bool ends_name(unsigned c)
{
    return is_fws((char)c) || c == '>' || c == '/' || c == '\f';
}

/* Behind what stands before the first element: "<?...?>", "<!--...-->", blanks. */
static struct str skip_prolog(struct str text)
{
    static const struct {
        struct str open, close;
    } skipped[] = {{STR_INIT("<?"), STR_INIT("?>")}, {STR_INIT("<!--"), STR_INIT("-->")}};
    for (bool again = true; again;) {
        again = false;
        text = str_trim(text);
        for (size_t i = 0; i < ARRAY_LEN(skipped) && !again; i++) {
            if (!str_starts(text, skipped[i].open))
                continue;
            struct str rest = str_slice(text, skipped[i].open.n, text.n);
            size_t at = str_search(rest, skipped[i].close);
            text = str_slice(rest, at < rest.n ? at + skipped[i].close.n : rest.n, rest.n);
            again = true;
        }
    }
    return text;
}

/* "<!DOCTYPE name ...>", with what stands between its brackets. */
static struct str skip_doctype(struct str text, struct str *name)
{
    struct str rest = str_trim(str_slice(text, 9, text.n));
    size_t n = 0;
    while (n < rest.n && !ends_name((unsigned char)rest.p[n]) && rest.p[n] != '[')
        n++;
    *name = str_slice(rest, 0, n);
    size_t close = str_find(rest, '>'), bracket = str_find(rest, '[');
    if (bracket < close) {
        size_t end = str_search(rest, STR("]"));
        rest = str_slice(rest, end, rest.n);
        close = str_find(rest, '>');
    }
    return skip_prolog(str_slice(rest, close + 1, rest.n));
}

static struct str element_name(struct str text)
{
    size_t n = 1;
    while (n < text.n && !ends_name((unsigned char)text.p[n]))
        n++;
    return str_slice(text, 1, n);
}

static bool is_html_tag(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(html_tags); i++)
        if (str_ieq(name, html_tags[i]))
            return true;
    return false;
}

/* Anywhere in the window, any case. `tag` begins with "<". */
static bool has_tag(struct str text, struct str tag)
{
    for (size_t at = 0; (at += str_find(str_slice(text, at, text.n), '<')) < text.n; at++)
        if (str_istarts(str_slice(text, at, text.n), tag))
            return true;
    return false;
}

/* What makes a page an application of mshta. */
static enum file_type html_or_hta(struct str text)
{
    return has_tag(text, STR("<hta:application")) ? FILE_HTA : FILE_HTML;
}

static enum file_type type_by_root(struct str name, struct str text, bool xml)
{
    size_t colon = str_rfind(name, ':');
    struct str local = colon < name.n ? str_slice(name, colon + 1, name.n) : name;
    for (size_t i = 0; i < ARRAY_LEN(roots); i++)
        if (str_ieq(local, roots[i].name) &&
            (!roots[i].with_script || has_tag(text, STR("<script"))))
            return roots[i].type;
    return xml ? FILE_XML : FILE_TEXT;
}

enum file_type markup_type_of(struct str text)
{
    bool xml = str_istarts(text, STR("<?xml")), comment = str_starts(text, STR("<!--"));
    struct str rest = skip_prolog(text), doctype = STR("");
    if (xml && str_search(text, STR("<?mso-application")) < text.n)
        return FILE_OFFICE_XML;
    if (str_istarts(rest, STR("<!doctype")))
        rest = skip_doctype(rest, &doctype);
    if (str_ieq(doctype, STR("html")) || str_istarts(doctype, STR("html ")))
        return html_or_hta(text);
    struct str name = byte_at(rest, 0) == '<' ? element_name(rest) : STR("");
    enum file_type t = type_by_root(name, text, xml);
    if (t == FILE_HTML || (t == FILE_TEXT && is_html_tag(name)))
        return html_or_hta(text);
    if (t == FILE_TEXT && comment && name.n == 0)
        return html_or_hta(text);
    if (t == FILE_TEXT &&
        str_search(str_slice(rest, 0, str_find(rest, '>')), STR("xmlns")) < str_find(rest, '>'))
        return FILE_XML;
    return t;
}
