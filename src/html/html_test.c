/* Pages and their facts: what is seen, what is not, where links go and what they show. */
#include "html/html.h"

#include "base/buf.h"
#include "tests/tap.h"

static struct arena arena;

static struct html_facts read_page(struct str page, bool xml)
{
    struct html_facts f = {0};
    struct str utf8, unknown;
    arena_reset(&arena);
    tap_int(html_to_utf8(&arena, page, STR_NONE, &utf8, &unknown, NULL), MP_OK);
    tap_int(html_read(&arena, utf8, &(struct html_options){.xml = xml}, &f, NULL), MP_OK);
    return f;
}

/* Hidden pieces with a blank between them. */
static struct str all_hidden(const struct html_facts *f, struct buf *b)
{
    buf_reset(b);
    for (size_t i = 0; i < f->n_hidden; i++) {
        if (i > 0)
            buf_addc(b, '|');
        buf_add(b, f->hidden[i].text);
    }
    return buf_str(b);
}

/* ---- what is seen ---- */

static const struct {
    const char *label, *page, *seen, *hidden;
} texts[] = {
    {"blanks are one", " a \n\t b&nbsp; c ", "a b c", ""},
    {"blocks are lines", "a<p>b<div>c</div>d<br>e<b>f</b>", "a\nb\nc\nd\nef", ""},
    {"cells are lines", "<table><tr><td>a<td>b<tr><td>c</table>d", "a\nb\nc\nd", ""},
    {"references", "a&amp;b&lt;c&eacute;&#233;&#xe9;&copy d&notit;&bogus;&#128;",
     "a&b<c\xc3\xa9\xc3\xa9\xc3\xa9\xc2\xa9 d\xc2\xacit;&bogus;\xe2\x82\xac", ""},
    {"numbers that are no characters", "a&#0;b&#xd800;c&#x110000;",
     "a\xef\xbf\xbd"
     "b\xef\xbf\xbd"
     "c\xef\xbf\xbd",
     ""},
    {"what has no glyph is left out", "a&#8203;b&shy;c\xe2\x80\x8d", "abc", ""},
    {"title, style and script are no text", "<title>t</title><style>s</style><script>u</script>a",
     "a", ""},
    {"templates are not shown", "<template>t</template>a", "a", "t"},
    {"lines of preformatted text", "<pre>a\nb</pre>", "a\nb", ""},
    {"what fields say",
     "<input value=Go type=submit><input placeholder=Mail><input type=hidden "
     "value=x>",
     "Go\nMail", ""},
    {"hidden by its style", "a<span style='display:none'>b</span>c", "ac", "b"},
    {"hidden by an attribute", "a<p hidden>b</p>c", "a\nc", "b"},
    {"hidden by a rule", "<style>.x{display:none}</style>a<i class=x>b</i>c", "ac", "b"},
    {"hidden by a rule that comes later", "a<i class=x>b</i>c<style>.x{display:none}</style>", "ac",
     "b"},
    {"a rule in a script is none",
     "<script>'<style>.x{display:none}</style>'</script><i "
     "class=x>b</i>",
     "b", ""},
    {"a rule in a comment is none", "<!--<style>.x{display:none}</style>--><i class=x>b</i>", "b",
     ""},
    {"references in a style", "<i style='display&#58;n&#111;ne'>b</i>c", "c", "b"},
    {"white on white by attributes", "<font color=white>b</font>c", "c", "b"},
    {"white on a black cell", "<td bgcolor=#000000><font color=white>b</font>", "b", ""},
    {"white on a picture", "<td background=x.png><font color=white>b</font>", "b", ""},
    {"the text of the body", "<body bgcolor=black text=black>a<a href=x>b</a>", "b", "a"},
    {"an open paragraph ends before a block", "<p style='display:none'>a<div>b</div>", "b", "a"},
    {"an open item ends before the next", "<ul><li style='display:none'>a<li>b</ul>c", "b\nc", "a"},
    {"a cell ends before the next", "<table><tr><td style='display:none'>a<td>b<tr><td>c", "b\nc",
     "a"},
    {"an end tag does not reach out of its cell",
     "<div style='display:none'><table><tr><td></div>a</td></tr></table></div>b", "b", "a"},
    {"an end tag does not reach over a block", "<span style='display:none'><div></span>a", "", "a"},
    {"formatting ends within a block", "<font color=white><p>a</font>b", "b", "a"},
    {"nothing ends the body", "<body style='color:white'>a</body>b", "", "ab"},
    {"void elements hold nothing", "<img style='display:none'>a<br style='display:none'>b", "a\nb",
     ""},
    {"what is not HTML is not closed by a slash", "<div style='display:none'/>a</div>b", "b", "a"},
    {"in SVG it is", "<svg><g style='display:none'/><text>a</text></svg>b", "a\nb", ""},
    {"HTML ends an SVG", "<svg style='display:none'><p>a", "a", ""},
    {"for Outlook only", "a<!--[if mso]>b<![endif]-->c", "ac", "b"},
    {"for all but Outlook", "a<!--[if !mso]><!-->b<!--<![endif]-->c", "abc", ""},
    {"elements of Outlook end with it", "<!--[if mso]><div style='display:none'><![endif]-->a", "a",
     ""},
    {"a number for text that is no letter", "1&#50;3", "123", ""},
};

static void test_texts(void)
{
    struct buf b;
    buf_init(&b, 1u << 16);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        tap_case("html: %s", texts[i].label);
        struct html_facts f = read_page(str_from(texts[i].page), false);
        tap_str(f.text, str_from(texts[i].seen));
        tap_str(all_hidden(&f, &b), str_from(texts[i].hidden));
    }
    buf_clear(&b);
}

/* ---- links ---- */

static const struct {
    const char *label, *page, *source, *url, *text;
    int visible; /* -1: no link at all */
    bool xml;
} links[] = {
    {"anchor", "<a href=' http://a.example/?x=1&amp;y=2&copy=3 '>b<i>c</i> d</a>e", "a",
     "http://a.example/?x=1&y=2&copy=3", "bc d", 1, false},
    {"anchor that the next ends", "<a href=1>b<a href=2>c", "a", "1", "b", 1, false},
    {"anchor without end, in a cell", "<table><td><a href=1>b</td><td>c", "a", "1", "b", 1, false},
    {"anchor over paragraphs", "<a href=1><p>b</p><p>c</p></a>", "a", "1", "b\nc", 1, false},
    {"anchor around nothing", "<a href=1></a>b", "a", "1", "", 0, false},
    {"anchor around a picture", "<a href=1><img src=2 alt=Logo></a>", "a", "1", "", 1, false},
    {"anchor around a pixel", "<a href=1><img src=2 width=1 height=1></a>", "a", "1", "", 0, false},
    {"anchor with a background", "<a href=1 style='background:linear-gradient(red,tan)'></a>", "a",
     "1", "", 1, false},
    {"anchor around a background", "<a href=1><td background=x></td></a>", "a", "1", "", 1, false},
    {"anchor around a drawing", "<a href=1><svg width=9></svg></a>", "a", "1", "", 1, false},
    {"anchor that is hidden", "<a href=1 style='display:none'>b</a>", "a", "1", "", 0, false},
    {"anchor in what is hidden", "<div style='font-size:0'><a href=1>b</a></div>", "a", "1", "", 0,
     false},
    {"anchor with a part that is hidden", "<a href=1>b<b style='opacity:0'>c</b>d</a>", "a", "1",
     "bd", 1, false},
    {"anchor without address", "<a name=x>b</a>", "a", NULL, NULL, -1, false},
    {"anchor for Outlook", "<!--[if mso]><a href=1>b</a><![endif]-->", "a", "1", "b", 1, false},
    {"area", "<map><area href=1></map>", "area", "1", "", 1, false},
    {"form", "<form action=1 method=post>", "form", "1", "", 1, false},
    {"button", "<button formaction=1>", "button", "1", "", 1, false},
    {"image", "<img src=1>", "img", "1", "", 1, false},
    {"image by its old name", "<image src=1>", "img", "1", "", 1, false},
    {"image of a pixel", "<img src=1 width=1 height=1>", "img", "1", "", 0, false},
    {"image of a pixel by style", "<img src=1 style='width:0'>", "img", "1", "", 0, false},
    {"image in small letters", "<font size=1 style='font-size:0'><img src=1>", "img", "1", "", 1,
     false},
    {"image by set", "<img srcset='1 2x, 3'>", "img", "1", "", 1, false},
    {"image button", "<input type=image src=1>", "img", "1", "", 1, false},
    {"frame", "<iframe src=1></iframe>", "frame", "1", "", 1, false},
    {"object", "<object data=1>", "object", "1", "", 0, false},
    {"parameter", "<param name=movie value=1>", "object", "1", "", 0, false},
    {"embedded", "<embed src=1>", "object", "1", "", 0, false},
    {"base", "<base href=1>", "base", "1", "", 0, false},
    {"refresh", "<meta http-equiv=Refresh content='3; URL=\"1\"'>", "refresh", "1", "", 1, false},
    {"refresh without a word", "<meta http-equiv=refresh content='0;1/x'>", "refresh", "1/x", "", 1,
     false},
    {"refresh of itself", "<meta http-equiv=refresh content=5>", "refresh", NULL, NULL, -1, false},
    {"sheet", "<link rel=stylesheet href=1>", "link", "1", "", 0, false},
    {"background", "<body background=1>", "background", "1", "", 1, false},
    {"poster", "<video poster=1></video>", "media", "1", "", 1, false},
    {"script", "<script src=1></script>", "script", "1", "", 0, false},
    {"SVG", "<svg><use xlink:href=1 /></svg>", "svg", "1", "", 1, false},
    {"animated address", "<svg><a><set attributeName=xlink:href to=1>", "svg", "1", "", 1, false},
    {"anchor of an SVG file", "<svg xmlns:q='l'><a q:href='1'><text>b</text></a></svg>", "a", "1",
     "b", 1, true},
    {"style", "<p style=\"background: url('1')\">", "css", "1", "", 1, false},
    {"rule", "<style>p{background:url(1)}</style>", "css", "1", "", 1, false},
    {"import", "<style>@import '1';</style>", "css", "1", "", 1, false},
    {"in a comment", "<!--<a href=1>b</a>-->", "a", NULL, NULL, -1, false},
    {"in a script", "<script><a href=1></script>", "a", NULL, NULL, -1, false},
    {"in a title", "<title><a href=1></title>", "a", NULL, NULL, -1, false},
    {"in an attribute", "<p title='<a href=1>'>", "a", NULL, NULL, -1, false},
    {"in a tag that the page cuts", "<a href=1", "a", NULL, NULL, -1, false},
};

static void test_links(void)
{
    for (size_t i = 0; i < ARRAY_LEN(links); i++) {
        tap_case("html: link: %s", links[i].label);
        struct html_facts f = read_page(str_from(links[i].page), links[i].xml);
        if (links[i].visible < 0) {
            tap_int(f.n_links, 0);
            continue;
        }
        tap_ok(f.n_links > 0);
        if (f.n_links == 0)
            continue;
        tap_cstr(html_source_name(f.links[0].source), links[i].source);
        tap_str(f.links[0].url, str_from(links[i].url));
        tap_str(f.links[0].text, str_from(links[i].text));
        tap_int(f.links[0].visible, links[i].visible);
    }
}

/* ---- forms, scripts, counts ---- */

static void test_active(void)
{
    tap_case("html: forms and their fields");
    struct html_facts f = read_page(
        STR("<form action=1><input name=u><input type=PASSWORD></form><input type=password>"
            "<form action=2><input style='-webkit-text-security:disc'>"),
        false);
    tap_int(f.n_forms, 2);
    tap_int(f.forms[0].passwords, 1);
    tap_int(f.forms[0].inputs, 2);
    tap_int(f.forms[1].passwords, 1);
    tap_int(f.passwords, 3);
    tap_case("html: scripts of every kind");
    f = read_page(
        STR("<script>a&amp;b</script><p onclick='c&amp;d'><a href='java\nscript:e'>x</a>"), false);
    tap_int(f.n_scripts, 3);
    tap_str(f.scripts[0].text, STR("a&amp;b"));
    tap_str(f.scripts[1].text, STR("c&d"));
    tap_str(f.scripts[1].name, STR("onclick"));
    tap_str(f.scripts[2].text, STR("java\nscript:e"));
    tap_case("html: a script of an SVG has references");
    f = read_page(STR("<svg><script>&#97;b</script><script><![CDATA[c&d]]></script></svg>"), false);
    tap_int(f.n_scripts, 2);
    tap_str(f.scripts[0].text, STR("ab"));
    tap_str(f.scripts[1].text, STR("c&d"));
    tap_case("html: HTML within an SVG");
    f = read_page(STR("<svg><foreignObject><body><form><script>a&amp;b</script></form></body>"
                      "</foreignObject></svg>"),
                  false);
    tap_int(f.foreign, 2);
    tap_str(f.scripts[0].text, STR("a&amp;b"));
    tap_case("html: a page in an attribute");
    f = read_page(STR("<iframe srcdoc='&lt;b>x'></iframe>"), false);
    tap_int(f.n_srcdocs, 1);
    tap_str(f.srcdocs[0], STR("<b>x"));
    tap_case("html: XML with entities");
    f = read_page(STR("<!DOCTYPE svg [<!ENTITY a 'x'>]><svg></svg>"), true);
    tap_ok(f.has_entities);
    tap_ok(f.has_svg);
}

static const struct {
    const char *label, *page;
    unsigned split, runs, bidi, breaks, empty;
} counts[] = {
    {"words that are cut", "Pay&#8203;Pal and p&zwnj;ass w&#x200b;ord", 3, 0, 0, 0, 0},
    {"the same word cut twice", "P&#8203;ay&#8203;Pal", 1, 0, 0, 0, 0},
    {"a long word with syllables", "Donau&shy;dampf&shy;schiff&shy;fahrt", 0, 0, 0, 0, 0},
    {"a soft hyphen where nobody divides", "Pay&shy;Pal p&shy;assword", 2, 0, 0, 0, 0},
    {"between words", "Pay &#8203;Pal&#8203; x&#8203;", 0, 0, 0, 0, 0},
    {"an emoji of two", "\xf0\x9f\x91\xa8&#8205;\xf0\x9f\x91\xa9", 0, 0, 0, 0, 0},
    {"Persian", "\xd9\x85\xdb\x8c&zwnj;\xd8\xae", 0, 0, 0, 0, 0},
    {"letters by number", "&#72;&#101;&#108;&#108;&#111; &#119;&#111;&#114;&#108;&#100;&#115;", 0,
     1, 0, 0, 0},
    {"nine letters by number", "&#72;&#101;&#108;&#108;&#111;&#119;&#111;&#114;&#108;x&#100;", 0, 0,
     0, 0, 0},
    {"umlauts by number", "&#228;&#228;&#228;&#228;&#228;&#228;&#228;&#228;&#228;&#228;&#228;", 0,
     0, 0, 0, 0},
    {"turned text", "<bdo dir=rtl>lapyaP</bdo>", 0, 0, 1, 0, 0},
    {"turned by style", "<p style='unicode-bidi:bidi-override;direction:rtl'>x", 0, 0, 1, 0, 1},
    {"not turned", "<bdo dir=ltr>x</bdo><p dir=rtl>y", 0, 0, 0, 0, 1},
    {"breaks", "a<br><br>&nbsp;<br/>b<br>c", 0, 0, 0, 3, 0},
    {"breaks with nothing behind", "a<br>b<br><br><br>", 0, 0, 0, 1, 0},
    {"empty paragraphs", "<p>a<p><p>&nbsp;</p><p></p><p>b", 0, 0, 0, 0, 3},
};

static void test_counts(void)
{
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        tap_case("html: count: %s", counts[i].label);
        struct html_facts f = read_page(str_from(counts[i].page), false);
        tap_int(f.split_words, counts[i].split);
        tap_int(f.numeric_runs, counts[i].runs);
        tap_int(f.bidi, counts[i].bidi);
        tap_int(f.most_breaks, counts[i].breaks);
        if (counts[i].empty > 1)
            tap_int(f.most_empty, counts[i].empty);
    }
    tap_case("html: letters that are seen and not");
    struct html_facts f =
        read_page(STR("<div style='display:none'>ab c</div>d e<i style='opacity:0'>fg</i>"), false);
    tap_int(f.early_letters, 3);
    tap_int(f.hidden_letters, 5);
    tap_int(f.seen_letters, 2);
    tap_int(f.unseen, HTML_UNSEEN_DISPLAY | HTML_UNSEEN_OPACITY);
}

/* ---- charsets ---- */

static const struct {
    const char *label;
    struct str bytes;
    const char *declared, *utf8, *unknown;
} charsets[] = {
    {"UTF-8", STR_INIT("\xc3\xa9"), "", "\xc3\xa9", ""},
    {"windows-1252 when it is no UTF-8", STR_INIT("\xe9\x80"), "", "\xc3\xa9\xe2\x82\xac", ""},
    {"declared", STR_INIT("\xe0"), "koi8-r", "\xd0\xae", ""},
    {"declared in another case", STR_INIT("\xe0"), " Windows-1251 ", "\xd0\xb0", ""},
    {"by a mark", STR_INIT("\xef\xbb\xbf\xc3\xa9"), "koi8-r", "\xc3\xa9", ""},
    {"UTF-16 by a mark", STR_INIT("\xff\xfe<\0\xe9\0=\xd8\0\xde"), "", "<\xc3\xa9\xf0\x9f\x98\x80",
     ""},
    {"UTF-16 by its zeros", STR_INIT("\0<\0p\0\xe9"), "", "<p\xc3\xa9", ""},
    {"by meta", STR_INIT("<meta charset='iso-8859-2'>\xb1"), "",
     "<meta charset='iso-8859-2'>\xc4\x85", ""},
    {"by an old meta", STR_INIT("<META content='text/html; charset=koi8-r'>\xe0"), "",
     "<META content='text/html; charset=koi8-r'>\xd0\xae", ""},
    {"by XML", STR_INIT("<?xml version='1.0' encoding=\"windows-1251\"?>\xe0"), "",
     "<?xml version='1.0' encoding=\"windows-1251\"?>\xd0\xb0", ""},
    {"not one of ours", STR_INIT("\xc4\xe3"), "gb2312", "\xc4\xe3", "gb2312"},
    {"a meta that says UTF-16 lies", STR_INIT("<meta charset=utf-16>"), "", "<meta charset=utf-16>",
     ""},
};

static void test_charsets(void)
{
    for (size_t i = 0; i < ARRAY_LEN(charsets); i++) {
        struct str out, unknown;
        tap_case("charset: %s", charsets[i].label);
        arena_reset(&arena);
        tap_int(html_to_utf8(&arena, charsets[i].bytes, str_from(charsets[i].declared), &out,
                             &unknown, NULL),
                MP_OK);
        tap_str(out, str_from(charsets[i].utf8));
        tap_str(unknown, str_from(charsets[i].unknown));
    }
}

/* ---- limits ---- */

static const struct {
    const char *label, *unit;
    unsigned repeat, limits;
} bombs[] = {
    {"tags", "<b></b><i></i>", HTML_MAX_TAGS / 2 + 1, HTML_LIMIT_TAGS},
    {"depth", "<div>", HTML_MAX_DEPTH, HTML_LIMIT_DEPTH},
    {"links", "<a href=x>", HTML_MAX_LINKS + 1, HTML_LIMIT_LINKS},
    {"handlers", "<p onclick=x>", HTML_MAX_SCRIPTS + 1, HTML_LIMIT_LINKS},
    {"text", "0123456789abcdef", HTML_MAX_TEXT_BYTES / 16 + 64, HTML_LIMIT_TEXT},
    {"formatting", "<b><i><font color=red><p>", 4000, 0},
    {"hidden pieces", "<i hidden>a</i>b<i style='opacity:0'>c</i>", 2000, 0},
    {"comments that do not end", "<!--", 100000, 0},
    {"quotes that do not end", "<a x='", 100000, 0},
    {"references that do not end", "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 20000, 0},
    {"numbers that do not end", "&#1111111111111111111111", 20000, 0},
    {"scripts that do not end", "<script><!--", 50000, 0},
    {"end tags of nothing", "</x>", 100000, 0},
    {"styles that do not end", "<style>@media{a{b:url(\"/*", 20000, 0},
    {"conditions within conditions", "<!--[if mso]>", 50000, 0},
};

static void test_limits(void)
{
    struct buf b;
    buf_init(&b, 64u << 20);
    for (size_t i = 0; i < ARRAY_LEN(bombs); i++) {
        tap_case("html: many %s", bombs[i].label);
        buf_reset(&b);
        for (unsigned k = 0; k < bombs[i].repeat; k++)
            buf_addz(&b, bombs[i].unit);
        struct html_facts f = read_page(buf_str(&b), false);
        tap_int(f.limits & bombs[i].limits, bombs[i].limits);
        tap_ok(f.n_links <= HTML_MAX_LINKS && f.n_scripts <= HTML_MAX_SCRIPTS &&
               f.n_hidden <= HTML_MAX_HIDDEN);
    }
    tap_case("html: without memory it says so");
    struct arena small;
    struct html_facts f;
    arena_init(&small, 1024);
    tap_int(html_read(&small, STR("a"), &(struct html_options){0}, &f, NULL), MP_E_NOMEM);
    arena_clear(&small);
    buf_clear(&b);
}

int main(void)
{
    arena_init(&arena, 256u << 20);
    test_texts();
    test_links();
    test_active();
    test_counts();
    test_charsets();
    test_limits();
    arena_clear(&arena);
    return tap_done();
}
