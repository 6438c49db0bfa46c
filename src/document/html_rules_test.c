/* Rows for the rules html.* and svg.*: what each tells of, and what comes near and is honest. */
#include "base/base64.h"
#include "content/archive_test_kit.h"
#include "document/document.h"

enum { ANY = -1 };

#define ZW        "&#8203;"
#define TEN(x)    x x x x x x x x x x
#define LETTERS   "&#72;&#101;&#108;&#108;&#111;&#119;&#111;&#114;&#108;&#100;"
#define HUNDRED   TEN("0123456789")
#define TEXT_LONG TEN("We look forward to hearing from you. ")
#define PE_HEAD                                                                                    \
    "TVqQAAMAAAAEAAAA//"                                                                           \
    "8AALgAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAgAAAAA4fug4AtAnN"               \
    "IbgBTM0hVGhpcyBwcm9ncmFtIGNhbm5vdCBiZSBydW4gaW4gRE9TIG1vZGUuDQ0KJAAAAAAAAABQRQAATAEDAAAAAAAA" \
    "AAAA"
#define ZEROS TEN("AAAAAAAAAA")

enum where { BODY, PAGE, PICTURE };

static const struct row {
    const char *label;
    enum where where;
    enum finding_id id;
    int severity;
    const char *page, *evidence;
} rows[] = {
    {"a script", BODY, FINDING_HTML_SCRIPT, SEV_LOW, "<script>alert(1)</script>",
     "script: alert(1)"},
    {"a handler", BODY, FINDING_HTML_SCRIPT, SEV_LOW, "<p onmouseover='x()'>a", "onmouseover: x()"},
    {"a script that is empty", BODY, FINDING_HTML_SCRIPT, ANY, "<script src=a.js></script>", ""},
    {"the word script", BODY, FINDING_HTML_SCRIPT, ANY, "<p>&lt;script&gt;alert(1)", ""},
    {"a script of an attached page", PAGE, FINDING_HTML_SCRIPT, ANY, "<script>alert(1)</script>",
     ""},

    {"a form that asks for a password", BODY, FINDING_HTML_FORM_PASSWORD, SEV_HIGH,
     "<form action='https://a.example/x'><input type=password></form>",
     "asks for a password and sends it to https://a.example/x"},
    {"... in an attached page, without a form", PAGE, FINDING_HTML_FORM_PASSWORD, SEV_HIGH,
     "<input type='PassWord'><script>send()</script>",
     "asks for a password and leaves it to a script"},
    {"... that a script writes", PAGE, FINDING_HTML_FORM_PASSWORD, SEV_HIGH,
     "<script>document.write(unescape('%3Cform%3E%3Cinput type=%22password%22%3E'))</script>",
     "asks for a password"},
    {"... that is written with numbers", PAGE, FINDING_HTML_FORM_PASSWORD, SEV_HIGH,
     "<script>document.write(String.fromCharCode(60,105,110,112,117,116,32,116,121,112,101,61,112,"
     "97,115,115,119,111,114,100,62))</script>",
     "asks for a password"},
    {"... in a frame's attribute", PAGE, FINDING_HTML_FORM_PASSWORD, SEV_HIGH,
     "<iframe srcdoc='&lt;input type=password>'></iframe>", "asks for a password"},
    {"... in an address", PAGE, FINDING_HTML_FORM_PASSWORD, SEV_HIGH,
     "<iframe src='data:text/html,%3Cinput type=password%3E'></iframe>", "asks for a password"},
    {"a form that asks for a name", BODY, FINDING_HTML_FORM_PASSWORD, ANY,
     "<form action='https://a.example/x'><input name=password></form>", ""},

    {"decodes, builds and delivers a file", PAGE, FINDING_HTML_SMUGGLING, SEV_HIGH,
     "<script>var b=new Blob([Uint8Array.from(atob(x))]);a.href=URL.createObjectURL(b);"
     "a.download='x.zip';a.click()</script>",
     "atob(), Blob, Uint8Array, createObjectURL, a download, click()"},
    {"writes a page out of a long string", PAGE, FINDING_HTML_SMUGGLING, SEV_HIGH,
     "<script>eval(atob('" TEN(HUNDRED) "'))</script>",
     "atob(), eval(), 1000 encoded characters in a row"},
    {"a script that only clicks", PAGE, FINDING_HTML_SMUGGLING, ANY,
     "<script>document.write('a');b.click();setTimeout('c()',1)</script>", ""},
    {"a picture in base64", PAGE, FINDING_HTML_SMUGGLING, ANY,
     "<img src='data:image/png;base64," TEN(HUNDRED) "'><script>eval(x);b.click()</script>", ""},
    {"the same in the text of a mail is html.script", BODY, FINDING_HTML_SMUGGLING, ANY,
     "<script>eval(atob('" TEN(HUNDRED) "')).click()</script>", ""},

    {"a program in base64", PAGE, FINDING_HTML_EMBEDDED_PAYLOAD, SEV_HIGH,
     "<script>var a='" PE_HEAD ZEROS "'</script>", "292 characters of base64 at 15 are pe: TVqQ"},
    {"... in pieces", PAGE, FINDING_HTML_EMBEDDED_PAYLOAD, SEV_HIGH,
     "<script>var a='" PE_HEAD "'\n + 'AAAAAAAAAAAAAAAAAAAA' +\n\"" ZEROS "\"</script>",
     "312 characters of base64 at 15 are pe"},
    {"... in hexadecimal digits", PAGE, FINDING_HTML_EMBEDDED_PAYLOAD, SEV_HIGH,
     "<script>var a='504b0304140000000000" TEN("0000000000") TEN("0000000000") "'</script>",
     "220 characters of hex at 15 are zip"},
    {"... in the text of a mail", BODY, FINDING_HTML_EMBEDDED_PAYLOAD, SEV_HIGH,
     "<a href='data:application/octet-stream;base64," PE_HEAD ZEROS "'>x</a>", "292 characters"},
    {"a picture", BODY, FINDING_HTML_EMBEDDED_PAYLOAD, ANY,
     "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw" ZEROS
         ZEROS "'>",
     ""},
    {"a short one", BODY, FINDING_HTML_EMBEDDED_PAYLOAD, ANY, "<p>TVqQAAMAAAAEAAAA", ""},
    {"a long token in an address", BODY, FINDING_HTML_EMBEDDED_PAYLOAD, ANY,
     "<a href='https://a.example/" HUNDRED HUNDRED HUNDRED "'>x</a>", ""},

    {"only leads away", PAGE, FINDING_HTML_REDIRECT_ONLY, SEV_HIGH,
     "<meta http-equiv=refresh content='0;url=https://a.example/'>",
     "0 characters of text, and the browser is sent to https://a.example/"},
    {"... by a script", PAGE, FINDING_HTML_REDIRECT_ONLY, SEV_HIGH,
     "<p>Loading</p><script>window.location.href = \"https://a.example/\";</script>",
     "7 characters of text, and the browser is sent to https://a.example/"},
    {"... when it is loaded", PAGE, FINDING_HTML_REDIRECT_ONLY, SEV_HIGH,
     "<body onload=\"location.replace('https://a.example/')\">",
     "0 characters of text, and the browser is sent to https://a.example/"},
    {"... to where a script computes", PAGE, FINDING_HTML_REDIRECT_ONLY, SEV_HIGH,
     "<script>location=f(x);</script>",
     "0 characters of text, and the browser is sent to what a script computes"},
    {"... as a picture", PICTURE, FINDING_HTML_REDIRECT_ONLY, SEV_HIGH,
     "<svg xmlns='http://www.w3.org/2000/svg' onload=\"window.location='https://a.example/'\"/>",
     "0 characters of text, and the browser is sent to https://a.example/"},
    {"a page with a text", PAGE, FINDING_HTML_REDIRECT_ONLY, ANY,
     "<meta http-equiv=refresh content='0;url=https://a.example/'><p>" TEXT_LONG, ""},
    {"a button that leads away", PAGE, FINDING_HTML_REDIRECT_ONLY, ANY,
     "<button onclick=\"location='https://a.example/'\">Go</button>", ""},
    {"a script that asks where it is", PAGE, FINDING_HTML_REDIRECT_ONLY, ANY,
     "<script>if (location == 'x' || location.href === y) z()</script>", ""},

    {"the page is replaced", BODY, FINDING_HTML_REFRESH, SEV_MEDIUM,
     "<meta http-equiv=refresh content='0;url=https://a.example/'>Hello",
     "the page is replaced by https://a.example/"},
    {"the page is loaded again", BODY, FINDING_HTML_REFRESH, ANY,
     "<meta http-equiv=refresh content=30>Hello", ""},

    {"another base", BODY, FINDING_HTML_BASE, SEV_LOW,
     "<base href='https://a.example/x/'><a href='b.html'>b</a>", "base https://a.example/x/"},
    {"a base that is put before a host", BODY, FINDING_HTML_BASE, SEV_HIGH,
     "<base href='https://a.example.com'><a href='.evil.org/x'>b</a>",
     "base https://a.example.com leads \".evil.org/x\" to another domain"},
    {"a base before what looks like a host", BODY, FINDING_HTML_BASE, SEV_HIGH,
     "<base href='https://evil.org/'><a href='www.example.com/x'>b</a>",
     "base https://evil.org/ leads \"www.example.com/x\" to another domain"},
    {"a base with a mark that shows nothing", BODY, FINDING_HTML_BASE, SEV_HIGH,
     "<base href='https://a.example/&#x200e;'>", "base https://a.example/"},
    {"a base without a host", BODY, FINDING_HTML_BASE, ANY, "<base target=_blank>a", ""},

    {"text that is not seen", BODY, FINDING_HTML_HIDDEN_TEXT, SEV_LOW,
     "Hello <span style='font-size:0'>lorem ipsum</span> you",
     "10 characters are not seen, 8 are; by font-size: lorem ipsum"},
    {"more of it than is seen", BODY, FINDING_HTML_HIDDEN_TEXT, SEV_MEDIUM,
     "Hello <div style='color:#ffffff'>" TEXT_LONG "</div>",
     "300 characters are not seen, 5 are; by the colour of its background: We look"},
    {"a long one in front", BODY, FINDING_HTML_HIDDEN_TEXT, SEV_MEDIUM,
     "<div style='display:none'>" TEXT_LONG "</div>Hello", "300 characters are not seen"},
    {"the line that newsletters put in front", BODY, FINDING_HTML_HIDDEN_TEXT, ANY,
     "<div style='display:none;max-height:0'>News of this week</div>Hello", ""},
    {"a dot", BODY, FINDING_HTML_HIDDEN_TEXT, ANY, "Hello<font color=white>.</font>", ""},
    {"what only Outlook shows", BODY, FINDING_HTML_HIDDEN_TEXT, ANY,
     "Hello<!--[if mso]>in Outlook<![endif]-->", ""},
    {"white on blue", BODY, FINDING_HTML_HIDDEN_TEXT, ANY,
     "<table><td bgcolor='#003366'><font color='#ffffff'>Hello</font></table>", ""},

    {"words that are cut", BODY, FINDING_HTML_ZERO_WIDTH_WORDS, SEV_MEDIUM,
     "Pay" ZW "Pal pass" ZW "word up" ZW "date",
     "3 words are cut by characters that show nothing; "
     "seen: PayPal password update"},
    {"one word", BODY, FINDING_HTML_ZERO_WIDTH_WORDS, ANY, "Pay" ZW "Pal " ZW " x " ZW, ""},
    {"syllables", BODY, FINDING_HTML_ZERO_WIDTH_WORDS, ANY,
     "Ver&shy;si&shy;che&shy;rung Auf&shy;trags&shy;be&shy;stä&shy;ti&shy;gung "
     "Da&shy;ten&shy;schutz",
     ""},

    {"letters as numbers", BODY, FINDING_HTML_ENTITY_OBFUSCATION, SEV_LOW,
     LETTERS " - " LETTERS " - " LETTERS,
     "3 runs of text and 0 addresses are written as numbers; read: Helloworld"},
    {"two runs", BODY, FINDING_HTML_ENTITY_OBFUSCATION, ANY, LETTERS " - " LETTERS, ""},

    {"a link that is turned around", BODY, FINDING_HTML_BIDI, SEV_MEDIUM,
     "<a href='https://a.example/' style='unicode-bidi:bidi-override;direction:rtl'>moc.b</a>",
     "the link \"moc.b\" is shown from right to left"},
    {"pieces that are turned around", BODY, FINDING_HTML_BIDI, SEV_MEDIUM,
     "<bdo dir=rtl>olleH</bdo> <bdo dir=rtl>uoy</bdo> <bdo dir=rtl>.</bdo>",
     "3 pieces of text are turned around: olleH uoy ."},
    {"a mail in Hebrew", BODY, FINDING_HTML_BIDI, ANY,
     "<div dir=rtl>\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d <a href='https://a.example/'>\xd7\x9b\xd7\x90"
     "\xd7\x9f</a></div>",
     ""},

    {"a picture that is a link", BODY, FINDING_HTML_IMAGE_ONLY, SEV_LOW,
     "<a href='https://a.example/'><img src=cid:1></a>",
     "1 pictures in links, 0 characters of text"},
    {"a picture that is none", BODY, FINDING_HTML_IMAGE_ONLY, ANY, "<img src=cid:1>", ""},
    {"a logo above a text", BODY, FINDING_HTML_IMAGE_ONLY, ANY,
     "<a href='https://a.example/'><img src=cid:1></a>" TEXT_LONG, ""},

    {"a screenful of empty lines", BODY, FINDING_HTML_WHITESPACE, SEV_MEDIUM,
     "Hello" TEN("<br>") TEN("<br>\n") TEN("&nbsp;<br>") "you",
     "30 line breaks in a row, with text behind"},
    {"... of paragraphs", BODY, FINDING_HTML_WHITESPACE, SEV_MEDIUM,
     "Hello" TEN("<p>&nbsp;</p>") "<p>you", "10 empty paragraphs in a row, with text behind"},
    {"... with nothing behind", BODY, FINDING_HTML_WHITESPACE, ANY,
     "Hello" TEN("<br>") TEN("<br>") TEN("<br>"), ""},
    {"a few of them", BODY, FINDING_HTML_WHITESPACE, ANY, "Hello" TEN("<br>") "you", ""},

    {"a picture with a script", PICTURE, FINDING_SVG_ACTIVE, SEV_HIGH,
     "<svg xmlns='http://www.w3.org/2000/svg'><script><![CDATA[a()]]></script></svg>",
     "a script: a()"},
    {"... with a prefix", PICTURE, FINDING_SVG_ACTIVE, SEV_HIGH,
     "<?xml version='1.0'?><x:svg xmlns:x='http://www.w3.org/2000/svg'><x:script>a()</x:script>"
     "</x:svg>",
     "a script: a()"},
    {"a picture with a handler", PICTURE, FINDING_SVG_ACTIVE, SEV_HIGH, "<svg onload='a()'/>",
     "a handler: a()"},
    {"a picture with a form", PICTURE, FINDING_SVG_ACTIVE, SEV_HIGH,
     "<svg><foreignObject><iframe src='https://a.example/'/></foreignObject></svg>",
     "a form or a page within a foreignObject"},
    {"a picture with a script as address", PICTURE, FINDING_SVG_ACTIVE, SEV_HIGH,
     "<svg xmlns:l='x'><a l:href='java&#115;cript:a()'><text>b</text></a></svg>",
     "a script: javascript:a()"},
    {"a picture with an address that is made to move", PICTURE, FINDING_SVG_ACTIVE, SEV_HIGH,
     "<svg><a><animate attributeName='href' values='javascript:a()'/></a></svg>",
     "a script: javascript:a()"},
    {"a picture with an address in numbers", PICTURE, FINDING_SVG_ACTIVE, SEV_HIGH,
     "<svg><a href='&#104;&#116;&#116;&#112;s://a.example/'><text>b</text></a></svg>",
     "an address written as numbers: https://a.example/"},
    {"a picture", PICTURE, FINDING_SVG_ACTIVE, ANY,
     "<svg xmlns='http://www.w3.org/2000/svg'><style>.a{fill:red}</style><a "
     "href='https://a.example/'><text class='a'>b</text></a></svg>",
     ""},
};

static void read_page(struct kit_run *r, enum where where, const char *page)
{
    kit_prepare(r, where == PICTURE ? STR("a.svg") : STR("a.html"), str_from(page));
    struct content_object *o = &r->report.objects[0];
    o->type = where == PICTURE ? STR("image") : STR("text");
    o->subtype = where == PICTURE ? STR("svg+xml") : STR("html");
    o->disposition = where == BODY ? STR("") : STR("attachment");
    o->n_names = where == BODY ? 0 : 1;
    o->charset = STR("utf-8");
    r->status = document_read(&r->content, 0, NULL);
}

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct kit_run r;
        read_page(&r, row->where, row->page);
        tap_case(STR_FMT ": %s", STR_ARG(finding_kind(row->id)->name), row->label);
        tap_int(r.status, MP_OK);
        tap_ok(r.report.complete);
        const struct finding *f = kit_find(&r, row->id);
        if (row->severity == ANY) {
            tap_ok(f == NULL);
        } else if (tap_ok(f != NULL)) {
            tap_int(f->severity, row->severity);
            tap_str(str_slice(f->evidence, 0, strlen(row->evidence)), str_from(row->evidence));
        }
        kit_clear(&r);
    }
}

/* ---- what other rooms see ---- */

static const struct {
    const char *label;
    enum where where;
    const char *page;
    enum link_source source;
    const char *url, *text;
    bool hidden;
} links[] = {
    {"a link and what it shows", BODY,
     "<a href=' https://a.example/?b=1&amp;c '>the <b>bank</b></a>", LINK_HREF,
     "https://a.example/?b=1&c", "the bank", false},
    {"a link that nobody sees", BODY, "<a href='https://a.example/' style='display:none'>b</a>",
     LINK_HREF, "https://a.example/", "", true},
    {"a form", BODY, "<form action='https://a.example/'>", LINK_FORM, "https://a.example/", "",
     false},
    {"a picture from elsewhere", BODY, "<img src='https://a.example/b.png'>", LINK_LOADED,
     "https://a.example/b.png", "", false},
    {"a refresh", BODY, "<meta http-equiv=refresh content='0;https://a.example/'>", LINK_REFRESH,
     "https://a.example/", "", false},
    {"a link on a base", BODY, "<base href='https://a.example/b/'><a href='c'>d</a>", LINK_HREF,
     "https://a.example/b/c", "d", false},
    {"an address in a script", PAGE, "<script>x('https://a.example/b')</script>", LINK_SCRIPT,
     "https://a.example/b", "", true},
    {"an address in a script in base64", PAGE, "<script>atob('aHR0cHM6Ly9hLmV4YW1wbGUv')</script>",
     LINK_SCRIPT, "https://a.example/", "", true},
    {"a link that a script writes", PAGE,
     "<script>document.write(\"<a href=\\\"https:\\/\\/a.example\\/\\\">b<\\/a>\")</script>",
     LINK_HREF, "https://a.example/", "b", false},
    {"a link in a page in base64", PAGE,
     "<script>x('PGh0bWw+PGJvZHk+PHA+"
     "TG9hZGluZyB5b3VyIGRvY3VtZW50LCBwbGVhc2Ugd2FpdCBhIG1vbWVudC4gVGhpcyBt"
     "YXkgdGFrZSBzb21lIHRpbWUuPC9wPjxhIGhyZWY9Imh0dHBzOi8vYS5leGFtcGxlLyI+"
     "YjwvYT48cD5UaGFuayB5b3U8L3A+"
     "PC9ib2R5PjwvaHRtbD4=')</script>",
     LINK_HREF, "https://a.example/", "b", false},
};

static bool has_link(const struct content_report *r, size_t i)
{
    for (size_t k = 0; k < r->n_links; k++)
        if (r->links[k].source == links[i].source &&
            str_eq(r->links[k].url, str_from(links[i].url)) &&
            str_eq(r->links[k].text, str_from(links[i].text)) &&
            r->links[k].hidden == links[i].hidden)
            return true;
    for (size_t k = 0; k < r->n_links; k++)
        tap_note("%d " STR_FMT " \"" STR_FMT "\"", (int)r->links[k].source,
                 STR_ARG(r->links[k].url), STR_ARG(r->links[k].text));
    return false;
}

static void test_links(void)
{
    struct kit_run r;
    for (size_t i = 0; i < ARRAY_LEN(links); i++) {
        tap_case("link: %s", links[i].label);
        read_page(&r, links[i].where, links[i].page);
        tap_ok(has_link(&r.report, i));
        kit_clear(&r);
    }
    tap_case("link: parts, places and pictures within lead nowhere");
    read_page(&r, BODY, "<a href='#b'>b</a><img src=cid:1><img src='data:image/png;base64,AA=='>");
    tap_int((long long)r.report.n_links, 0);
    kit_clear(&r);
}

static void test_texts(void)
{
    static const struct str want[TEXT_KIND_COUNT] = {[TEXT_SEEN] = STR_INIT("Gr\xc3\xbc\xc3\x9f"
                                                                            "e"),
                                                     [TEXT_HIDDEN] = STR_INIT("x\n"),
                                                     [TEXT_MACRO] = STR_INIT("y()")};
    struct kit_run r;
    kit_prepare(&r, STR("a.html"),
                STR("<meta charset=koi8-r>Gr\xfc\xdf"
                    "e<i hidden>x</i><script> y() </script>"));
    struct content_object *o = &r.report.objects[0];
    o->type = STR("text");
    o->subtype = STR("html");
    o->charset = STR("iso-8859-1");
    tap_case("texts: seen, hidden and scripts, by the declared charset");
    tap_int(document_read(&r.content, 0, NULL), MP_OK);
    tap_int((long long)r.report.n_texts, 3);
    for (size_t i = 0; i < r.report.n_texts; i++)
        tap_str(r.report.texts[i].text, want[r.report.texts[i].kind]);
    kit_clear(&r);
}

/* What the bytes alone would not tell. */
static void test_kinds(void)
{
    static const struct {
        const char *label, *name, *type, *subtype, *page;
        bool want;
    } kinds[] = {
        {"a page by its bytes", "a.txt", "text", "plain", "<html><a href='http://a.example/'>b",
         true},
        {"a page by its name", "a.htm. ", "application", "octet-stream",
         "var x = 1; <a href='http://a.example/'>b", true},
        {"a page by its type", "a", "text", "html", "Hello <a href='http://a.example/'>b", true},
        {"a text", "a.txt", "text", "plain", "Hello <a href='http://a.example/'>b", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct kit_run r;
        kit_prepare(&r, str_from(kinds[i].name), str_from(kinds[i].page));
        struct content_object *o = &r.report.objects[0];
        o->type = str_from(kinds[i].type);
        o->subtype = str_from(kinds[i].subtype);
        tap_case("kind: %s", kinds[i].label);
        tap_int(document_read(&r.content, 0, NULL), MP_OK);
        bool page = r.report.n_links == 1 && r.report.links[0].source == LINK_HREF;
        tap_int(page, kinds[i].want);
        kit_clear(&r);
    }
}

static void test_limits(void)
{
    struct kit_run r;
    struct buf b;
    buf_init(&b, 8u << 20);
    for (unsigned i = 0; i < 60000; i++)
        buf_addz(&b, "<b></b>");
    tap_case("limits: a page with too many tags is not all looked at");
    kit_prepare(&r, STR("a.html"), buf_str(&b));
    tap_int(document_read(&r.content, 0, NULL), MP_OK);
    tap_ok(!r.report.complete);
    tap_ok(kit_find(&r, FINDING_LIMIT_CONTENT) != NULL);
    kit_clear(&r);
    buf_reset(&b);
    for (unsigned i = 0; i < 40; i++)
        buf_addz(&b, "<iframe srcdoc='&lt;p>'></iframe>");
    tap_case("limits: too many pages within a page");
    kit_prepare(&r, STR("a.html"), buf_str(&b));
    tap_int(document_read(&r.content, 0, NULL), MP_OK);
    tap_ok(!r.report.complete);
    kit_clear(&r);
    buf_clear(&b);
}

int main(void)
{
    test_rows();
    test_links();
    test_texts();
    test_kinds();
    test_limits();
    return tap_done();
}
