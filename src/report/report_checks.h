/* Is an output what it claims to be? Small judges for the tests and the fuzz target of this room.
 */
#ifndef MP_REPORT_REPORT_CHECKS_H
#define MP_REPORT_REPORT_CHECKS_H

#include <jansson.h>

#include "base/utf8.h"
#include "report/text_flow.h"

/* UTF-8, no control but the line feed, nothing invisible or reordering. */
static inline bool is_harmless_text(struct str s)
{
    while (s.n > 0) {
        int32_t cp = utf8_next(&s);
        if (cp == UTF8_BAD || (cp < 0x20 && cp != '\n') || (cp >= 0x7f && cp < 0xa0) ||
            cp == 0x2028 || cp == 0x2029 || utf8_is_invisible(cp))
            return false;
    }
    return true;
}

static inline unsigned columns_of(struct str line)
{
    unsigned n = 0;
    while (line.n > 0)
        n += flow_columns(utf8_next(&line));
    return n;
}

/* Nothing that a build server would take for a command, should the file be shown in its log. */
static inline bool has_no_command(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (str_starts_command(str_slice(s, i, s.n)))
            return false;
    while (s.p != NULL && s.n > 0)
        if (str_starts(str_trim(str_cut(&s, '\n')), STR("::")))
            return false;
    return true;
}

/* For terminals and build logs: harmless, within the width, no workflow command of either form. */
static inline bool is_good_page(struct str s, unsigned width)
{
    if (!is_harmless_text(s) || !has_no_command(s))
        return false;
    while (s.p != NULL && s.n > 0)
        if (columns_of(str_cut(&s, '\n')) > width)
            return false;
    return true;
}

static inline bool is_good_json(struct str s)
{
    json_t *doc = json_loadb(s.p, s.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    bool ok = doc != NULL && utf8_valid(s);
    json_decref(doc);
    return ok;
}

static inline bool is_good_jsonl(struct str s)
{
    while (s.p != NULL && s.n > 0)
        if (!is_good_json(str_cut(&s, '\n')))
            return false;
    return true;
}

/* Every line is one command of ours. */
static inline bool is_good_github(struct str s)
{
    if (!is_harmless_text(s))
        return false;
    while (s.p != NULL && s.n > 0) {
        struct str line = str_cut(&s, '\n');
        if (!str_starts(line, STR("::error ")) && !str_starts(line, STR("::warning ")) &&
            !str_starts(line, STR("::notice ")))
            return false;
    }
    return true;
}

/* A heading, counts, a table of five columns: no text makes another row, a cell or markup. */
static inline bool is_good_markdown(struct str s)
{
    if (!is_harmless_text(s) || !has_no_command(s) || !str_starts(s, STR("### mailproof: ")) ||
        str_has(s, '<') || str_has(s, '`'))
        return false;
    while (s.p != NULL && s.n > 0) {
        struct str line = str_cut(&s, '\n');
        size_t bars = 0;
        for (size_t i = 0; i < line.n; i++)
            bars += line.p[i] == '|';
        if (bars != (str_starts(line, STR("|")) ? 6 : 0))
            return false;
    }
    return true;
}

/* A test point without a directive: every # and \ after the number is escaped. With `skips` one
 * SKIP of a point that is ok. */
static inline bool is_plain_point(struct str line, bool skips)
{
    skips = skips && str_starts(line, STR("ok "));
    for (size_t i = 0; i < line.n; i++) {
        bool skip = skips && str_starts(str_slice(line, i, line.n), STR("# SKIP "));
        if (line.p[i] == '\\')
            i++;
        else if (line.p[i] == '#' && !skip)
            return false;
        skips = skips && !skip;
    }
    return true;
}

/* Version, test points, indented YAML blocks that are opened and closed, and the plan at the end.
 */
static inline bool is_good_tap(struct str s, bool skips)
{
    bool in_block = false, planned = false;
    if (!is_harmless_text(s) || !str_starts(s, STR("TAP version 14\n")))
        return false;
    for (str_cut(&s, '\n'); s.p != NULL && s.n > 0;) {
        struct str line = str_cut(&s, '\n');
        bool point = str_starts(line, STR("ok ")) || str_starts(line, STR("not ok "));
        if (planned || (in_block && !str_starts(line, STR("  "))))
            return false;
        if (str_eq(line, STR("  ---")) || str_eq(line, STR("  ...")))
            in_block = !in_block;
        else if (!in_block && point && !is_plain_point(line, skips))
            return false;
        else if (!in_block && !point)
            planned = str_starts(line, STR("1..")) || str_starts(line, STR("Bail out!"));
        if (!in_block && !point && !planned && !str_eq(line, STR("  ...")))
            return false;
    }
    return planned && !in_block;
}

/* ---- XML 1.0, the part of it that we write ---- */

static inline bool xml_entity(struct str *s)
{
    static const char *const names[] = {"&amp;",  "&lt;",  "&gt;", "&quot;",
                                        "&apos;", "&#58;", "&#35;"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct str name = str_from(names[i]);
        if (str_starts(*s, name)) {
            *s = str_slice(*s, name.n, s->n);
            return true;
        }
    }
    return false;
}

/* Character data up to `end`, which is taken off; legal characters and entities only. */
static inline bool xml_data(struct str *s, char end)
{
    while (s->n > 0 && s->p[0] != end) {
        if (s->p[0] == '<' || (s->p[0] == '&' ? !xml_entity(s) : utf8_next(s) < 0))
            return false;
    }
    bool closed = s->n > 0;
    *s = str_slice(*s, 1, s->n);
    return closed;
}

static inline struct str xml_name(struct str *s)
{
    size_t n = 0;
    while (n < s->n && is_alnum(s->p[n]))
        n++;
    struct str name = str_slice(*s, 0, n);
    *s = str_slice(*s, n, s->n);
    return name;
}

/* The rest of a start tag: attributes, then "/>" or ">". */
static inline bool xml_attributes(struct str *s, bool *empty)
{
    while (s->n > 0 && s->p[0] == ' ') {
        *s = str_slice(*s, 1, s->n);
        if (xml_name(s).n == 0 || !str_starts(*s, STR("=\"")))
            return false;
        *s = str_slice(*s, 2, s->n);
        if (!xml_data(s, '"'))
            return false;
    }
    *empty = str_starts(*s, STR("/>"));
    bool ok = *empty || str_starts(*s, STR(">"));
    *s = str_slice(*s, *empty ? 2 : 1, s->n);
    return ok;
}

/* Well-formed: elements nest and close, text and attributes are legal, one root. */
static inline bool is_good_xml(struct str s)
{
    enum { DEPTH_MAX = 8 };
    static const struct str head = STR_INIT("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<");
    struct str open[DEPTH_MAX];
    unsigned depth = 0, roots = 0;
    if (!str_starts(s, head) || !is_harmless_text(s))
        return false;
    s = str_slice(s, head.n, s.n);
    for (;;) {
        bool closing = str_starts(s, STR("/")), empty = false;
        s = closing ? str_slice(s, 1, s.n) : s;
        struct str name = xml_name(&s);
        if (name.n == 0 || (closing && (depth == 0 || !str_eq(open[--depth], name))))
            return false;
        if (!xml_attributes(&s, &empty) || (closing && empty))
            return false;
        if (!closing && depth == DEPTH_MAX)
            return false;
        roots += !closing && depth == 0;
        if (!closing && !empty)
            open[depth++] = name;
        if (depth == 0)
            return roots == 1 && str_eq(s, STR("\n"));
        if (!xml_data(&s, '<'))
            return false;
    }
}

#endif
