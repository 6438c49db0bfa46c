/* Scripts of pages: what they are made to do, where they lead, and the pages that they write. */
#include "base/base64.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "content/found.h"
#include "document/page.h"

enum {
    FEW_CODES = 20,           /* arguments of fromCharCode, numbers "0x.." */
    MANY_HEX = 100,           /* numbers "0x41," in a row */
    LITERAL_MIN = 12,         /* of a string that is looked at */
    LITERAL_KEPT = 64 * 1024, /* of a literal, decoded */
    WRITTEN_MAX = 1024 * 1024 /* of all pages that the scripts of one page write */
};

/* ---- escapes ---- */

/* `digits` hexadecimal digits at `i`; -1: they are none. */
static int32_t hex_at(struct str s, size_t i, size_t digits)
{
    int32_t value = 0;
    if (i + digits > s.n)
        return -1;
    for (size_t k = i; k < i + digits; k++) {
        int v = hex_value(s.p[k]);
        if (v < 0)
            return -1;
        value = value << 4 | v;
    }
    return value;
}

/* UTF-8 of a code unit; halves of pairs become "?". At most 3 bytes. */
static size_t put_unit(int32_t c, char *out)
{
    return utf8_put(c >= 0xd800 && c <= 0xdfff ? '?' : c, out);
}

size_t page_unescape(struct str text, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n;) {
        int32_t byte = text.p[i] == '%' ? hex_at(text, i + 1, 2) : -1;
        int32_t unit = text.p[i] == '%' && i + 1 < text.n && to_lower(text.p[i + 1]) == 'u'
                           ? hex_at(text, i + 2, 4)
                           : -1;
        if (unit >= 0) {
            n += put_unit(unit, out + n);
            i += 6;
        } else if (byte >= 0) {
            out[n++] = (char)byte;
            i += 3;
        } else {
            out[n++] = text.p[i++];
        }
    }
    return n;
}

/* The text of a literal between its quotes: \xNN, \uNNNN, \n, \/ undone. */
static size_t literal_text(struct str s, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n;) {
        if (s.p[i] != '\\' || i + 1 == s.n) {
            out[n++] = s.p[i++];
            continue;
        }
        char c = s.p[i + 1];
        int32_t unit = c == 'x' ? hex_at(s, i + 2, 2) : c == 'u' ? hex_at(s, i + 2, 4) : -1;
        if (unit >= 0) {
            n += put_unit(unit, out + n);
            i += c == 'x' ? 4 : 6;
        } else {
            out[n++] = c == 'n' || c == 'r' || c == 't' ? ' ' : c;
            i += 2;
        }
    }
    return n;
}

/* ---- words ---- */

static const struct {
    struct str word;
    unsigned does;
    const char *shown;
} words[] = {
    {STR_INIT("atob("), SCRIPT_DECODES, "atob()"},
    {STR_INIT("unescape("), SCRIPT_DECODES, "unescape()"},
    {STR_INIT("CryptoJS"), SCRIPT_DECODES, "CryptoJS"},
    {STR_INIT("crypto.subtle"), SCRIPT_DECODES, "crypto.subtle"},
    {STR_INIT("Blob("), SCRIPT_BUILDS, "Blob"},
    {STR_INIT("ArrayBuffer("), SCRIPT_BUILDS, "ArrayBuffer"},
    {STR_INIT("Uint8Array("), SCRIPT_BUILDS, "Uint8Array"},
    {STR_INIT("Uint8Array.from"), SCRIPT_BUILDS, "Uint8Array"},
    {STR_INIT("new File("), SCRIPT_BUILDS, "File"},
    {STR_INIT("createObjectURL"), SCRIPT_DELIVERS, "createObjectURL"},
    {STR_INIT("msSaveOrOpenBlob"), SCRIPT_DELIVERS, "msSaveOrOpenBlob"},
    {STR_INIT("msSaveBlob"), SCRIPT_DELIVERS, "msSaveBlob"},
    {STR_INIT(".download="), SCRIPT_DELIVERS, "a download"},
    {STR_INIT(".download ="), SCRIPT_DELIVERS, "a download"},
    {STR_INIT("'download'"), SCRIPT_DELIVERS, "a download"},
    {STR_INIT("\"download\""), SCRIPT_DELIVERS, "a download"},
    {STR_INIT(".click()"), SCRIPT_CLICKS, "click()"},
    {STR_INIT("['click']"), SCRIPT_CLICKS, "click()"},
    {STR_INIT("dispatchEvent("), SCRIPT_CLICKS, "dispatchEvent()"},
    {STR_INIT("eval("), SCRIPT_EVALUATES, "eval()"},
    {STR_INIT("new Function("), SCRIPT_EVALUATES, "Function()"},
    {STR_INIT("setTimeout(\""), SCRIPT_EVALUATES, "setTimeout() of text"},
    {STR_INIT("setTimeout('"), SCRIPT_EVALUATES, "setTimeout() of text"},
    {STR_INIT("document.write"), SCRIPT_WRITES, "document.write"},
    {STR_INIT("document['write"), SCRIPT_WRITES, "document.write"},
    {STR_INIT("document[\"write"), SCRIPT_WRITES, "document.write"},
};

static void note(struct script_facts *s, unsigned does, const char *shown)
{
    for (size_t i = 0; i < s->n_words; i++)
        if (strcmp(s->words[i], shown) == 0)
            return;
    s->does |= does;
    if (s->n_words < ARRAY_LEN(s->words))
        s->words[s->n_words++] = shown;
}

static void find_words(struct page *p, struct str script)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_search(script, words[i].word) < script.n)
            note(&p->scripts, words[i].does, words[i].shown);
}

/* "0x4d,0x5a,...": so many in a row. */
static void find_numbers(struct page *p, struct str script)
{
    size_t row = 0, end = 0;
    for (size_t at = 0;
         (at += str_search(str_slice(script, at, script.n), STR("0x"))) < script.n;) {
        row = at - end <= 3 ? row + 1 : 1;
        at += 2;
        while (at < script.n && hex_value(script.p[at]) >= 0)
            at++;
        end = at;
        if (row == MANY_HEX)
            note(&p->scripts, SCRIPT_DECODES, "bytes as numbers");
    }
}

/* ---- what a script writes ---- */

struct written {
    struct page *page;
    struct buf text;
};

/* fromCharCode(60, 104, 116, ...): the text. */
static void find_codes(struct written *w, struct str script)
{
    static const struct str word = STR_INIT("fromCharCode");
    for (size_t at = 0; (at += str_search(str_slice(script, at, script.n), word)) < script.n;) {
        at += word.n;
        size_t i = at + (at < script.n && script.p[at] == '('), count = 0;
        size_t before = w->text.n;
        while (i < script.n) {
            uint32_t value = 0;
            size_t digits = 0;
            while (i < script.n && (is_fws(script.p[i]) || script.p[i] == ','))
                i++;
            for (; i < script.n && is_digit(script.p[i]) && digits < 6; i++, digits++)
                value = value * 10 + (uint32_t)(script.p[i] - '0');
            if (digits == 0)
                break;
            char unit[4];
            if (value <= 0xffff && w->text.n < WRITTEN_MAX)
                buf_add(&w->text, str_make(unit, put_unit((int32_t)value, unit)));
            count++;
        }
        at = i > at ? i : at;
        if (count < FEW_CODES)
            w->text.n = before;
        else
            note(&w->page->scripts, SCRIPT_DECODES, "fromCharCode()");
    }
}

static bool has_tag(struct str s)
{
    for (size_t at = 0; (at += str_find(str_slice(s, at, s.n), '<')) + 1 < s.n; at++)
        if (is_alpha(s.p[at + 1]) || s.p[at + 1] == '!')
            return true;
    return false;
}

static bool has_escape(struct str s)
{
    size_t n = 0;
    for (size_t at = 0; (at += str_find(str_slice(s, at, s.n), '%')) < s.n && n < 4; at++)
        n += hex_at(s, at + 1, 2) >= 0 || (at + 1 < s.n && to_lower(s.p[at + 1]) == 'u');
    return n > 2;
}

static int add_link(struct page *p, struct str url, bool hidden)
{
    struct content_link l = {.object = (uint32_t)p->index,
                             .source = LINK_SCRIPT,
                             .url = str_slice(url, 0, CONTENT_MAX_LINK_BYTES),
                             .hidden = hidden};
    return content_add_link(p->c, &l, p->err);
}

static int add_links(struct page *p, struct str text)
{
    struct str url;
    size_t at = 0;
    int st = MP_OK;
    while (st == MP_OK && url_find(text, &at, &url))
        st = add_link(p, url, true);
    return st;
}

/* One literal: a page, an address in base64, or the text of either. */
static int read_literal(struct written *w, struct str raw)
{
    struct page *p = w->page;
    if (raw.n < LITERAL_MIN)
        return MP_OK;
    if (str_starts(raw, STR("aHR0c"))) { /* "http" */
        struct str url;
        struct str digits = str_slice(raw, 0, raw.n - raw.n % 4);
        if (digits.n < CONTENT_MAX_LINK_BYTES &&
            base64_decode(p->c->arena, digits, BASE64_STRICT, &url))
            return add_link(p, url, true);
    }
    if (!str_has(raw, '\\') && !str_has(raw, '%') && !str_has(raw, '<'))
        return MP_OK;
    raw = str_slice(raw, 0, LITERAL_KEPT);
    char *text = arena_new(p->c->arena, char, raw.n);
    if (text == NULL)
        return mp_fail(p->err, MP_E_NOMEM, 0, "no memory for the scripts of a page");
    struct str s = str_make(text, literal_text(raw, text));
    if (has_escape(s))
        s.n = page_unescape(s, text); /* never longer than what it reads */
    if (has_tag(s) && w->text.n + s.n < WRITTEN_MAX) {
        buf_add(&w->text, s);
        buf_addc(&w->text, '\n');
    } else if (s.n != raw.n) {
        return add_links(p, s);
    }
    return MP_OK;
}

/* Strings of a script. Comments and regular expressions are read as code: a quote in them begins a
 * string that is none, up to the end of its line. */
static int read_literals(struct written *w, struct str script)
{
    int st = MP_OK;
    for (size_t i = 0; i < script.n && st == MP_OK; i++) {
        char quote = script.p[i];
        if (quote != '"' && quote != '\'' && quote != '`')
            continue;
        size_t start = ++i;
        while (i < script.n && script.p[i] != quote && (quote == '`' || script.p[i] != '\n'))
            i += script.p[i] == '\\' ? 2 : 1;
        st = read_literal(w, str_slice(script, start, i));
    }
    return st;
}

/* ---- redirects ---- */

/* The first literal in what follows, up to the end of the statement. */
static struct str next_literal(struct str s)
{
    size_t i = 0;
    while (i < s.n && i < 200 && s.p[i] != '"' && s.p[i] != '\'' && s.p[i] != '`' &&
           s.p[i] != ';' && s.p[i] != '\n')
        i++;
    if (i >= s.n || s.p[i] == ';' || s.p[i] == '\n')
        return STR("");
    struct str rest = str_slice(s, i + 1, s.n);
    return str_slice(rest, 0, str_find(rest, s.p[i]));
}

/* Behind "location": is it set, and to what? */
static bool is_set(struct str s, struct str *target)
{
    static const struct str calls[] = {STR_INIT(".replace("), STR_INIT(".assign("),
                                       STR_INIT("['replace'](")};
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        if (str_starts(s, calls[i])) {
            *target = next_literal(str_slice(s, calls[i].n, s.n));
            return true;
        }
    if (str_starts(s, STR(".href")))
        s = str_slice(s, 5, s.n);
    size_t i = 0;
    while (i < s.n && i < 8 && is_fws(s.p[i]))
        i++;
    if (i + 1 >= s.n || s.p[i] != '=' || s.p[i + 1] == '=')
        return false;
    *target = next_literal(str_slice(s, i + 1, s.n));
    return true;
}

static void find_redirect(struct page *p, struct str script)
{
    static const struct {
        struct str word;
        bool call; /* of a function: no more is needed */
    } ways[] = {{STR_INIT("location"), false}, {STR_INIT("window.open("), true}};
    for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
        size_t at = 0;
        while ((at += str_search(str_slice(script, at, script.n), ways[w].word)) < script.n) {
            struct str target = STR("");
            at += ways[w].word.n;
            struct str rest = str_slice(script, at, script.n);
            if (ways[w].call)
                target = next_literal(rest);
            else if (!is_set(rest, &target))
                continue;
            p->scripts.redirects = true;
            note(&p->scripts, SCRIPT_CLICKS, "location");
            if (p->scripts.target.n == 0)
                p->scripts.target = target;
        }
    }
}

/* ---- all scripts of a page ---- */

/* Does it run when the page is opened, without anybody who presses something? */
static bool runs_by_itself(const struct html_script *s)
{
    static const struct str events[] = {STR_INIT("onload"),
                                        STR_INIT("onerror"),
                                        STR_INIT("onbegin"),
                                        STR_INIT("onpageshow"),
                                        STR_INIT("onreadystatechange"),
                                        STR_INIT("onanimation"),
                                        STR_INIT("onfocus"),
                                        STR_INIT("onmousemove")};
    for (size_t i = 0; i < ARRAY_LEN(events); i++)
        if (str_istarts(s->name, events[i]))
            return true;
    return s->kind == HTML_SCRIPT_ELEMENT;
}

static int read_script(struct written *w, const struct html_script *s)
{
    struct page *p = w->page;
    find_words(p, s->text);
    find_numbers(p, s->text);
    if (runs_by_itself(s))
        find_redirect(p, s->text);
    find_codes(w, s->text);
    int st = add_links(p, s->text);
    return st == MP_OK ? read_literals(w, s->text) : st;
}

/* Scripts of a mail's own text are not run by anybody: html.script tells of them. */
int page_scripts(struct page *p)
{
    struct written w = {.page = p};
    int st = MP_OK;
    if (p->body)
        return MP_OK;
    buf_init(&w.text, WRITTEN_MAX + LITERAL_KEPT);
    for (size_t i = 0; i < p->facts.n_scripts && st == MP_OK; i++)
        st = read_script(&w, &p->facts.scripts[i]);
    if (st == MP_OK && has_tag(buf_str(&w.text))) {
        struct str page = arena_copy(p->c->arena, buf_str(&w.text));
        if (page.p == NULL)
            st = mp_fail(p->err, MP_E_NOMEM, 0, "no memory for the scripts of a page");
        else
            page_add(p, page);
    }
    buf_clear(&w.text);
    return st;
}
