/* BIMI logos: what SVG Tiny PS allows, what it refuses, and files made to hurt. */
#include "auth/bimi.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "tests/tap.h"

static struct arena arena;

#define NS               " xmlns=\"http://www.w3.org/2000/svg\""
#define XL               " xmlns:xlink=\"http://www.w3.org/1999/xlink\""
#define PS               " version=\"1.2\" baseProfile=\"tiny-ps\""
#define VIEW             " viewBox=\"0 0 64 64\""
#define SVG              "<svg" NS XL PS VIEW ">"
#define TITLE            "<title>A Test</title>"
#define LOGO(inside)     SVG TITLE inside "</svg>"
#define ROOT(attributes) "<svg" NS PS attributes ">" TITLE "</svg>"

#define OUTSIDE "holds a reference or function that may lead outside of the file"

static const struct {
    const char *label, *svg;
    enum bimi_svg_verdict want;
    const char *problem; /* the first one; NULL: there is none */
} rows[] = {
    /* what a logo may be */
    {"least", LOGO(""), BIMI_SVG_OK, NULL},
    {"XML declaration", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" LOGO(""), BIMI_SVG_OK, NULL},
    {"BOM, comments, space", "\xef\xbb\xbf<!-- a -->" LOGO("<!-- b -->") "\n<!-- c -->\n",
     BIMI_SVG_OK, NULL},
    {"shapes",
     LOGO("<desc>x</desc><metadata>y</metadata><g fill=\"none\" transform=\"rotate(45 1 1)\">"
          "<path d=\"M0 0h1v1z\" fill=\"#f00\"/><rect x=\"1\" y=\"1\" width=\"2\" height=\"2\" "
          "rx=\"1\"/><circle cx=\"1\" cy=\"1\" r=\"1\"/><ellipse rx=\"1\" ry=\"2\"/>"
          "<line x1=\"0\" y1=\"0\" x2=\"1\" y2=\"1\" stroke=\"rgb(1, 2, 3)\"/>"
          "<polyline points=\"0,0 1,1\"/><polygon points=\"0,0 1,1 0,1\" "
          "stroke-linejoin=\"round\"/></g><text x=\"1\" y=\"2\" font-family=\"serif\">Hi</text>"),
     BIMI_SVG_OK, NULL},
    {"gradient by reference",
     LOGO("<defs><linearGradient id=\"g\" gradientUnits=\"userSpaceOnUse\" x1=\"0\" y1=\"0\" "
          "x2=\"1\" y2=\"1\"><stop offset=\"0\" stop-color=\"#fff\"/><stop offset=\"1\"/>"
          "</linearGradient></defs><rect width=\"1\" height=\"1\" fill=\"url(#g)\" "
          "stroke=\"url( '#g' ) none\"/>"),
     BIMI_SVG_OK, NULL},
    {"use", LOGO("<g id=\"a\"><path/></g><use xlink:href=\"#a\" x=\"1\" y=\"2\"/>"), BIMI_SVG_OK,
     NULL},
    {"use by xml:id", LOGO("<g xml:id=\"a\"/><use xlink:href=\"#a\"/>"), BIMI_SVG_OK, NULL},
    {"prefix for SVG",
     "<s:svg xmlns:s=\"http://www.w3.org/2000/svg\"" PS VIEW "><s:title>x</s:title></s:svg>",
     BIMI_SVG_OK, NULL},
    {"own prefix for XLink",
     SVG TITLE "<g id=\"a\"/><use xmlns:l=\"http://www.w3.org/1999/xlink\" l:href=\"#a\"/></svg>",
     BIMI_SVG_OK, NULL},
    {"values that the profile fixes",
     ROOT(VIEW " zoomAndPan=\"disable\" externalResourcesRequired=\"false\" focusable=\"false\" "
               "snapshotTime=\"none\" playbackOrder=\"all\" timelineBegin=\"onLoad\" "
               "preserveAspectRatio=\" xMidYMid meet \""),
     BIMI_SVG_OK, NULL},
    {"size", ROOT(VIEW " width=\"64px\" height=\"64px\""), BIMI_SVG_OK, NULL},
    {"numbers of a viewBox", ROOT(" viewBox=\" -1.5,0 6.4e1 , 64.0 \""), BIMI_SVG_OK, NULL},
    {"brackets in a note", LOGO("<g role=\"img (main)\" about=\"x(y)\"/>"), BIMI_SVG_OK, NULL},
    {"CDATA in the title", SVG "<title><![CDATA[A & B]]></title></svg>", BIMI_SVG_OK, NULL},
    {"UTF-16", NULL, BIMI_SVG_OK, NULL},

    /* what is worth a word */
    {"oblong", ROOT(" viewBox=\"0 0 64 32\""), BIMI_SVG_WARN, "line 1: the viewBox is not square"},
    {"no viewBox", ROOT(""), BIMI_SVG_WARN,
     "line 1: the root has no viewBox: the image cannot be scaled"},
    {"sides differ", ROOT(VIEW " width=\"64\" height=\"32\""), BIMI_SVG_WARN,
     "line 1: width and height of the root are not equal"},
    {"units differ", ROOT(VIEW " width=\"64px\" height=\"64pt\""), BIMI_SVG_WARN,
     "line 1: width and height of the root are not equal"},
    {"one side", ROOT(VIEW " width=\"64\""), BIMI_SVG_WARN,
     "line 1: width and height of the root are not equal"},
    {"display", LOGO("\n<g display=\"none\"/>"), BIMI_SVG_WARN,
     "line 2: display on <g>: is in SVG Tiny 1.2, but not in the schema of the profile"},
    {"title of a group", LOGO("<g><title>x</title></g>"), BIMI_SVG_WARN,
     "line 1: <title> stands where the profile has no place for it"},
    {"two titles", LOGO("<title>x</title>"), BIMI_SVG_WARN, "there are several <title> elements"},
    {"title of 65",
     SVG "<title>12345678901234567890123456789012345678901234567890123456789012345</title></svg>",
     BIMI_SVG_WARN, "<title> is longer than 64 characters"},
    {"title of 64 with many octets",
     SVG "<title>"
         "\xc3\xbc"
         "234567890123456789012345678901234567890123456789012345678901234</title></svg>",
     BIMI_SVG_OK, NULL},
    {"processing instruction", "<?x y?>" LOGO(""), BIMI_SVG_WARN,
     "line 1: processing instructions have no place in a logo"},
    {"use of nothing", LOGO("<use xlink:href=\"#a\"/>"), BIMI_SVG_WARN,
     "a <use> refers to an element that is not there"},

    /* the root */
    {"no version", "<svg" NS " baseProfile=\"tiny-ps\"" VIEW ">" TITLE "</svg>", BIMI_SVG_BAD,
     "line 1: the root lacks version=\"1.2\""},
    {"no profile", "<svg" NS " version=\"1.2\"" VIEW ">" TITLE "</svg>", BIMI_SVG_BAD,
     "line 1: the root lacks baseProfile=\"tiny-ps\""},
    {"profile in capitals",
     "<svg" NS " version=\"1.2\" baseProfile=\"Tiny-PS\"" VIEW ">" TITLE "</svg>", BIMI_SVG_BAD,
     "line 1: baseProfile on <svg>: the profile does not allow this value"},
    {"name of the profile in small letters",
     "<svg" NS " version=\"1.2\" baseprofile=\"tiny-ps\"" VIEW ">" TITLE "</svg>", BIMI_SVG_BAD,
     "line 1: baseprofile on <svg>: is not in the SVG Tiny PS profile here"},
    {"x", ROOT(VIEW " x=\"0\""), BIMI_SVG_BAD, "line 1: x on <svg>: the root must not have x or y"},
    {"zoom", ROOT(VIEW " zoomAndPan=\"magnify\""), BIMI_SVG_BAD,
     "line 1: zoomAndPan on <svg>: the profile does not allow this value"},
    {"viewBox of three", ROOT(" viewBox=\"0 0 64\""), BIMI_SVG_BAD,
     "line 1: the viewBox is not four numbers"},
    {"viewBox of five", ROOT(" viewBox=\"0 0 64 64 1\""), BIMI_SVG_BAD,
     "line 1: the viewBox is not four numbers"},
    {"viewBox with units", ROOT(" viewBox=\"0 0 64px 64px\""), BIMI_SVG_BAD,
     "line 1: the viewBox is not four numbers"},
    {"viewBox of words", ROOT(" viewBox=\"0 0 nan inf\""), BIMI_SVG_BAD,
     "line 1: the viewBox is not four numbers"},
    {"viewBox in hex", ROOT(" viewBox=\"0 0 0x40 0x40\""), BIMI_SVG_BAD,
     "line 1: the viewBox is not four numbers"},
    {"viewBox too large", ROOT(" viewBox=\"0 0 1e999 1e999\""), BIMI_SVG_BAD,
     "line 1: the viewBox is not four numbers"},
    {"viewBox with two commas", ROOT(" viewBox=\"0,,0 64 64\""), BIMI_SVG_BAD,
     "line 1: the viewBox is not four numbers"},
    {"viewBox without area", ROOT(" viewBox=\"0 0 0 0\""), BIMI_SVG_BAD,
     "line 1: the viewBox has no area"},
    {"viewBox below zero", ROOT(" viewBox=\"0 0 -64 -64\""), BIMI_SVG_BAD,
     "line 1: the viewBox has no area"},
    {"no title", SVG "</svg>", BIMI_SVG_BAD, "<title> is missing: it must stand directly in <svg>"},
    {"empty title", SVG "<title> \n</title></svg>", BIMI_SVG_BAD, "<title> is empty"},
    {"title elsewhere only", SVG "<g><title>x</title></g></svg>", BIMI_SVG_BAD,
     "line 1: <title> stands where the profile has no place for it"},
    {"HTML", "<html><body/></html>", BIMI_SVG_BAD,
     "line 1: <html> is the root element; it must be <svg>"},
    {"no namespace", "<svg" PS VIEW ">" TITLE "</svg>", BIMI_SVG_BAD,
     "line 1: <svg> is not in the namespace http://www.w3.org/2000/svg"},
    {"another namespace", "<svg xmlns=\"http://www.w3.org/2000/SVG\"" PS VIEW ">" TITLE "</svg>",
     BIMI_SVG_BAD, "line 1: <svg> is not in the namespace http://www.w3.org/2000/svg"},
    {"SVG", "<SVG" NS PS VIEW ">" TITLE "</SVG>", BIMI_SVG_BAD,
     "line 1: <SVG> is the root element; it must be <svg>"},

    /* elements */
    {"script", LOGO("\n\n<script>x()</script>"), BIMI_SVG_BAD,
     "line 3: <script> is not allowed: scripts"},
    {"handler", LOGO("<handler/>"), BIMI_SVG_BAD, "line 1: <handler> is not allowed: scripts"},
    {"script by a prefix", LOGO("<x:script xmlns:x=\"http://www.w3.org/2000/svg\">y</x:script>"),
     BIMI_SVG_BAD, "line 1: <script> is not allowed: scripts"},
    {"script of XHTML", LOGO("<script xmlns=\"http://www.w3.org/1999/xhtml\"/>"), BIMI_SVG_BAD,
     "line 1: <script> is of another namespace"},
    {"set", LOGO("<rect><set attributeName=\"x\"/></rect>"), BIMI_SVG_BAD,
     "line 1: <set> is not allowed: animation"},
    {"image in the file", LOGO("<image xlink:href=\"data:image/png;base64,AA\"/>"), BIMI_SVG_BAD,
     "line 1: <image> is not allowed: raster and outer images"},
    {"foreign content", LOGO("<foreignObject/>"), BIMI_SVG_BAD,
     "line 1: <foreignObject> is not allowed: foreign content"},
    {"style", LOGO("<style>a{}</style>"), BIMI_SVG_BAD, "line 1: <style> is not allowed: CSS"},
    {"link", LOGO("<a xlink:href=\"#x\"/>"), BIMI_SVG_BAD, "line 1: <a> is not allowed: links"},
    {"video", LOGO("<video/>"), BIMI_SVG_BAD, "line 1: <video> is not allowed: media"},
    {"filter", LOGO("<defs><filter/></defs>"), BIMI_SVG_BAD,
     "line 1: <filter> is not in the SVG Tiny PS profile"},
    {"clip path", LOGO("<clipPath/>"), BIMI_SVG_BAD,
     "line 1: <clipPath> is not in the SVG Tiny PS profile"},
    {"switch", LOGO("<switch/>"), BIMI_SVG_BAD,
     "line 1: <switch> is not in the SVG Tiny PS profile"},
    {"font", LOGO("<defs><font/></defs>"), BIMI_SVG_BAD,
     "line 1: <font> is not in the SVG Tiny PS profile"},
    {"svg inside", LOGO("<svg/>"), BIMI_SVG_BAD,
     "line 1: <svg> stands where the profile has no place for it"},
    {"stop outside of a gradient", LOGO("<stop/>"), BIMI_SVG_BAD,
     "line 1: <stop> stands where the profile has no place for it"},
    {"path in a path", LOGO("<path><path/></path>"), BIMI_SVG_BAD,
     "line 1: <path> stands where the profile has no place for it"},
    {"markup in the title", SVG "<title>a<g/></title></svg>", BIMI_SVG_BAD,
     "line 1: <g> stands where the profile has no place for it"},
    {"metadata of others", LOGO("<metadata><r:RDF xmlns:r=\"urn:r\"/></metadata>"), BIMI_SVG_BAD,
     "line 1: <RDF> is of another namespace"},
    {"text in a group", LOGO("<g>hello</g>"), BIMI_SVG_BAD, "line 1: <g> holds text"},
    {"inside of what is refused is not told", LOGO("<a><script/><b/></a>"), BIMI_SVG_BAD,
     "line 1: <a> is not allowed: links"},

    /* attributes */
    {"event handler", LOGO("<g onclick=\"x\"/>"), BIMI_SVG_BAD,
     "line 1: onclick on <g>: event handlers are not allowed"},
    {"handler on the root", ROOT(VIEW " onload=\"x\""), BIMI_SVG_BAD,
     "line 1: onload on <svg>: event handlers are not allowed"},
    {"style attribute", LOGO("<g style=\"fill:red\"/>"), BIMI_SVG_BAD,
     "line 1: style on <g>: CSS is not allowed; write the properties as attributes"},
    {"base", ROOT(VIEW " xml:base=\"https://b.test/\""), BIMI_SVG_BAD,
     "line 1: xml:base on <svg>: is not allowed: it makes local references point to another file"},
    {"href of SVG 2", LOGO("<use href=\"#a\"/>"), BIMI_SVG_BAD,
     "line 1: href on <use>: is not allowed; SVG Tiny has xlink:href, on <use>"},
    {"opacity", LOGO("<g opacity=\"0.5\"/>"), BIMI_SVG_BAD,
     "line 1: opacity on <g>: is not in the SVG Tiny PS profile here"},
    {"filter attribute", LOGO("<g filter=\"url(#f)\"/>"), BIMI_SVG_BAD,
     "line 1: filter on <g>: is not in the SVG Tiny PS profile here"},
    {"attribute of another element", LOGO("<circle d=\"M0 0\"/>"), BIMI_SVG_BAD,
     "line 1: d on <circle>: is not in the SVG Tiny PS profile here"},
    {"attribute of an editor", LOGO("<g xmlns:i=\"urn:i\" i:label=\"x\"/>"), BIMI_SVG_BAD,
     "line 1: i:label on <g>: attributes of other namespaces are not allowed"},
    {"XLink elsewhere", LOGO("<linearGradient xlink:href=\"#g\"/>"), BIMI_SVG_BAD,
     "line 1: xlink:href on <linearGradient>: is not in the SVG Tiny PS profile here"},
    {"enumeration", LOGO("<path stroke-linecap=\"bevel\"/>"), BIMI_SVG_BAD,
     "line 1: stroke-linecap on <path>: the profile does not allow this value"},
    {"editable", LOGO("<text editable=\"simple\">x</text>"), BIMI_SVG_BAD,
     "line 1: editable on <text>: the profile does not allow this value"},

    /* references */
    {"outer use", LOGO("<use xlink:href=\"https://b.test/x.svg#a\"/>"), BIMI_SVG_BAD,
     "line 1: xlink:href on <use>: refers to something outside of the file"},
    {"relative use", LOGO("<use xlink:href=\"x.svg#a\"/>"), BIMI_SVG_BAD,
     "line 1: xlink:href on <use>: refers to something outside of the file"},
    {"script URI", LOGO("<use xlink:href=\"javascript:x\"/>"), BIMI_SVG_BAD,
     "line 1: xlink:href on <use>: refers to something outside of the file"},
    {"space before the fragment", LOGO("<use xlink:href=\" #a\"/>"), BIMI_SVG_BAD,
     "line 1: xlink:href on <use>: refers to something outside of the file"},
    {"empty fragment", LOGO("<use xlink:href=\"#\"/>"), BIMI_SVG_BAD,
     "line 1: xlink:href on <use>: refers to something outside of the file"},
    {"outer paint", LOGO("<g fill=\"url(https://b.test/#a)\"/>"), BIMI_SVG_BAD,
     "line 1: fill on <g>: " OUTSIDE},
    {"paint in quotes", LOGO("<g fill='url( \"//b.test/#a\")'/>"), BIMI_SVG_BAD,
     "line 1: fill on <g>: " OUTSIDE},
    {"second paint", LOGO("<g fill=\"url(#a) url(data:x)\"/>"), BIMI_SVG_BAD,
     "line 1: fill on <g>: " OUTSIDE},
    {"URL in capitals", LOGO("<g stroke=\"URL(x)\"/>"), BIMI_SVG_BAD,
     "line 1: stroke on <g>: " OUTSIDE},
    {"empty url", LOGO("<g stroke=\"url()\"/>"), BIMI_SVG_BAD, "line 1: stroke on <g>: " OUTSIDE},
    {"open url", LOGO("<g stroke=\"url(x\"/>"), BIMI_SVG_BAD, "line 1: stroke on <g>: " OUTSIDE},
    {"escape of CSS", LOGO("<g fill=\"u\\72l(https://b.test)\"/>"), BIMI_SVG_BAD,
     "line 1: fill on <g>: " OUTSIDE},
    {"character references", LOGO("<g fill=\"&#117;rl&#40;x)\"/>"), BIMI_SVG_BAD,
     "line 1: fill on <g>: " OUTSIDE},
    {"another function", LOGO("<g fill=\"image-set(x)\"/>"), BIMI_SVG_BAD,
     "line 1: fill on <g>: " OUTSIDE},
    {"brackets alone", LOGO("<g fill=\"(x)\"/>"), BIMI_SVG_BAD, "line 1: fill on <g>: " OUTSIDE},

    /* XML */
    {"DTD", "<!DOCTYPE svg>" LOGO(""), BIMI_SVG_BAD,
     "line 1: a document type declaration (<!DOCTYPE>) is not allowed"},
    {"DTD of SVG 1.1",
     "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" "
     "\"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd\">" LOGO(""),
     BIMI_SVG_BAD, "line 1: a document type declaration (<!DOCTYPE>) is not allowed"},
    {"outer entity",
     "<!DOCTYPE svg [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" SVG "<title>&x;</title></svg>",
     BIMI_SVG_BAD, "line 1: a document type declaration (<!DOCTYPE>) is not allowed"},
    {"unknown entity", SVG "<title>&x;</title></svg>", BIMI_SVG_BAD,
     "line 1: the XML is not well-formed: undefined entity"},
    {"style sheet", "<?xml-stylesheet href=\"https://b.test/\"?>" LOGO(""), BIMI_SVG_BAD,
     "line 1: <?xml-stylesheet?> is not allowed: CSS"},
    {"cut off", SVG "\n" TITLE "\n", BIMI_SVG_BAD,
     "line 3: the XML is not well-formed: no element found"},
    {"crossed tags", SVG TITLE "<g></svg></g>", BIMI_SVG_BAD,
     "line 1: the XML is not well-formed: mismatched tag"},
    {"attribute twice", LOGO("<g id=\"a\" id=\"b\"/>"), BIMI_SVG_BAD,
     "line 1: the XML is not well-formed: duplicate attribute"},
    {"two roots", LOGO("") "<svg/>", BIMI_SVG_BAD,
     "line 1: the XML is not well-formed: junk after document element"},
    {"not UTF-8", SVG "<title>\xfc</title></svg>", BIMI_SVG_BAD,
     "line 1: the XML is not well-formed: not well-formed (invalid token)"},
    {"unknown encoding", "<?xml version=\"1.0\" encoding=\"UTF-7\"?>" LOGO(""), BIMI_SVG_BAD,
     "line 1: the XML is not well-formed: unknown encoding"},
    {"unbound prefix", LOGO("<x:g/>"), BIMI_SVG_BAD,
     "line 1: the XML is not well-formed: unbound prefix"},
    {"empty", "", BIMI_SVG_BAD, "the file is empty"},
    {"text", "hello", BIMI_SVG_BAD, "line 1: the XML is not well-formed: syntax error"},
    {"gzip", "\x1f\x8b\x08", BIMI_SVG_BAD,
     "the file is compressed (gzip); it was not unpacked and not judged"},

    /* <use> that hurts */
    {"use in itself", LOGO("<g id=\"a\"><use xlink:href=\"#a\"/></g>"), BIMI_SVG_BAD,
     "a <use> draws an element inside itself"},
    {"use of itself", LOGO("<use id=\"a\" xlink:href=\"#a\"/>"), BIMI_SVG_BAD,
     "a <use> draws an element inside itself"},
    {"use of each other",
     LOGO("<g id=\"a\"><use xlink:href=\"#b\"/></g><g id=\"b\"><use xlink:href=\"#a\"/></g>"),
     BIMI_SVG_BAD, "a <use> draws an element inside itself"},
    {"use of what is around it",
     LOGO("<g id=\"a\"><g id=\"b\"><g><use xlink:href=\"#a\"/></g></g></g>"), BIMI_SVG_BAD,
     "a <use> draws an element inside itself"},
    {"twice the same id: the first counts",
     LOGO("<g id=\"a\"/><g id=\"a\"><use xlink:href=\"#a\"/></g>"), BIMI_SVG_OK, NULL},
};

/* The least logo in UTF-16, which libexpat turns into UTF-8. */
static struct str in_utf16(void)
{
    static const char text[] = LOGO("");
    static char wide[2 * sizeof text];
    size_t n = 0;
    wide[n++] = '\xff';
    wide[n++] = '\xfe';
    for (size_t i = 0; i + 1 < sizeof text; i++) {
        wide[n++] = text[i];
        wide[n++] = '\0';
    }
    return str_make(wide, n);
}

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bimi_svg out = {.verdict = BIMI_SVG_OK};
        struct str svg = rows[i].svg == NULL ? in_utf16() : str_from(rows[i].svg);
        tap_case("svg: %s", rows[i].label);
        tap_int(bimi_svg_check(&arena, svg, &out, NULL), MP_OK);
        tap_int(out.verdict, rows[i].want);
        tap_int(out.n_problems != 0, rows[i].problem != NULL);
        if (rows[i].problem != NULL && out.n_problems != 0)
            tap_str(out.problems[0], str_from(rows[i].problem));
        for (size_t k = 0; k < out.n_problems; k++)
            tap_ok(out.problems[k].n != 0 && (out.only_warns[k] || rows[i].want == BIMI_SVG_BAD));
    }
}

static void test_title(void)
{
    struct bimi_svg out;
    tap_case("title: trimmed, entities resolved, markup ended");
    tap_int(bimi_svg_check(&arena, STR(SVG "<title>\n A &amp;&#x20;B&lt; </title></svg>"), &out,
                           NULL),
            MP_OK);
    tap_str(out.title, STR("A & B<"));
    tap_case("title: the first of two");
    bimi_svg_check(&arena, STR(LOGO("<title>B</title>")), &out, NULL);
    tap_str(out.title, STR("A Test"));
    tap_case("title: none of a file that cannot be read");
    bimi_svg_check(&arena, STR(SVG TITLE), &out, NULL);
    tap_int(out.title.n, 0);
}

/* `before`, n times `piece`, `after`. */
static enum bimi_svg_verdict check_many(const char *before, const char *piece, size_t n,
                                        const char *after, struct bimi_svg *out)
{
    struct buf b;
    buf_init(&b, 4 << 20);
    buf_addz(&b, before);
    for (size_t i = 0; i < n; i++)
        buf_addz(&b, piece);
    buf_addz(&b, after);
    tap_ok(!b.failed);
    tap_int(bimi_svg_check(&arena, buf_str(&b), out, NULL), MP_OK);
    buf_clear(&b);
    return out->verdict;
}

static void test_limits(void)
{
    struct bimi_svg out;
    struct buf b;
    tap_case("limit: depth");
    buf_init(&b, 1 << 16);
    for (size_t extra = 0; extra < 2; extra++) {
        size_t groups = BIMI_SVG_MAX_DEPTH - 1 + extra;
        buf_reset(&b);
        for (size_t i = 0; i < groups; i++)
            buf_addz(&b, "</g>");
        buf_addz(&b, "</svg>");
        buf_addc(&b, '\0');
        tap_int(check_many(SVG TITLE, "<g>", groups, b.p, &out),
                extra == 0 ? BIMI_SVG_OK : BIMI_SVG_BAD);
    }
    tap_str(out.problems[0], STR("line 1: elements are nested more than 100 deep"));
    tap_case("limit: depth of what is refused anyway");
    tap_int(check_many("", "<a>", 200000, "", &out), BIMI_SVG_BAD);
    tap_int(out.n_problems, 3); /* the root, the depth, the size */
    buf_clear(&b);

    tap_case("limit: problems, and the count of them");
    tap_int(check_many(SVG TITLE, "<b/>", 50000, "</svg>", &out), BIMI_SVG_BAD);
    tap_int(out.n_problems, BIMI_SVG_MAX_PROBLEMS);
    tap_case("limit: a fault among many warnings is told");
    tap_int(check_many(SVG TITLE, "<g display=\"none\"/>", 100, "<b/></svg>", &out), BIMI_SVG_BAD);
    tap_int(out.n_problems, BIMI_SVG_MAX_PROBLEMS);
    tap_ok(!out.only_warns[BIMI_SVG_MAX_PROBLEMS - 1]);
    tap_str(out.problems[BIMI_SVG_MAX_PROBLEMS - 1],
            STR("line 1: <b> is not in the SVG Tiny PS profile"));
    tap_case("limit: a long name is cut");
    tap_int(check_many(SVG TITLE "<", "abcdefghij", 1000, "/></svg>", &out), BIMI_SVG_BAD);
    tap_ok(out.problems[0].n < 150);
    tap_int(check_many(SVG TITLE "<g ", "abcdefghij", 1000, "=\"\"/></svg>", &out), BIMI_SVG_BAD);
    tap_ok(out.problems[0].n < 150);
    tap_case("limit: a long title is cut");
    tap_int(check_many(SVG "<title>", "abcdefghij", 1000, "</title></svg>", &out), BIMI_SVG_WARN);
    tap_int(out.title.n, 1024);
}

static void test_attributes(void)
{
    struct bimi_svg out;
    struct buf b;
    buf_init(&b, 1 << 16);
    for (size_t n = 100; n <= 101; n++) {
        buf_reset(&b);
        buf_addz(&b, SVG TITLE "<b");
        for (size_t i = 0; i < n; i++)
            buf_addf(&b, " a%zu=\"\"", i);
        buf_addz(&b, "/></svg>");
        tap_case("limit: %zu attributes", n);
        tap_int(bimi_svg_check(&arena, buf_str(&b), &out, NULL), MP_OK);
        tap_str(out.problems[0], n == 100 ? STR("line 1: <b> is not in the SVG Tiny PS profile")
                                          : STR("line 1: an element has more than 100 attributes"));
    }
    buf_clear(&b);
}

static void test_sizes(void)
{
    struct bimi_svg out;
    size_t room = BIMI_SVG_ADVISED_BYTES - (sizeof LOGO("") - 1);
    tap_case("size: 32 KiB are fine, one byte more is told, above 1 MiB nothing is read");
    tap_int(check_many(LOGO(""), "\n", room, "", &out), BIMI_SVG_OK);
    tap_int(check_many(LOGO(""), "\n", room + 1, "", &out), BIMI_SVG_WARN);
    tap_str(out.problems[0], STR("the file is larger than 32 KiB, the advised maximum"));
    room = BIMI_SVG_MAX_BYTES - (sizeof LOGO("") - 1);
    tap_int(check_many(LOGO(""), "\n", room, "", &out), BIMI_SVG_WARN);
    tap_int(check_many(LOGO(""), "\n", room + 1, "", &out), BIMI_SVG_BAD);
    tap_str(out.problems[0], STR("the file is larger than 1 MiB; it was not judged"));
}

/* Ten elements that draw the one before ten times each: few bytes, 10^10 elements. */
static void test_bombs(void)
{
    struct bimi_svg out;
    struct buf b;
    buf_init(&b, 1 << 20);
    for (unsigned levels = 4; levels <= 10; levels += 6) {
        buf_reset(&b);
        buf_addz(&b, SVG TITLE "<g id=\"l0\"/>");
        for (unsigned l = 1; l <= levels; l++) {
            buf_addf(&b, "<g id=\"l%u\">", l);
            for (unsigned i = 0; i < 10; i++)
                buf_addf(&b, "<use xlink:href=\"#l%u\"/>", l - 1);
            buf_addz(&b, "</g>");
        }
        buf_addz(&b, "</svg>");
        tap_case("use: %u levels of ten", levels);
        tap_int(bimi_svg_check(&arena, buf_str(&b), &out, NULL), MP_OK);
        tap_int(out.verdict, levels == 4 ? BIMI_SVG_OK : BIMI_SVG_BAD);
    }
    tap_str(out.problems[0], STR("there are too many <use>, or what they draw is too much"));
    buf_clear(&b);
    tap_case("use: a thousand, not more");
    tap_int(check_many(SVG TITLE "<g id=\"a\"/>", "<use xlink:href=\"#a\"/>", 1000, "</svg>", &out),
            BIMI_SVG_OK);
    tap_int(check_many(SVG TITLE "<g id=\"a\"/>", "<use xlink:href=\"#a\"/>", 1001, "</svg>", &out),
            BIMI_SVG_BAD);
    tap_case("use: many ids matter only when one is used");
    tap_int(check_many(SVG TITLE, "<g id=\"a\"/>", 2500, "</svg>", &out), BIMI_SVG_OK);
    tap_int(check_many(SVG TITLE "<use xlink:href=\"#a\"/>", "<g id=\"a\"/>", 2500, "</svg>", &out),
            BIMI_SVG_BAD);
    tap_case("use: many elements drawn twice");
    tap_int(check_many(SVG TITLE "<use xlink:href=\"#a\"/><g id=\"a\">", "<g/>", 99990,
                       "</g></svg>", &out),
            BIMI_SVG_BAD);
}

/* Cut anywhere it is never whole, and never more than a block of just its size is read. */
static void test_truncations(void)
{
    static const char good[] = LOGO("<g id=\"a\"><path d=\"M0 0\"/></g><use xlink:href=\"#a\"/>");
    tap_case("every truncation is refused");
    for (size_t n = 0; n < sizeof good - 1; n++) {
        struct bimi_svg out = {.verdict = BIMI_SVG_OK};
        char *copy = malloc(n == 0 ? 1 : n);
        if (copy == NULL)
            abort();
        memcpy(copy, good, n);
        tap_int(bimi_svg_check(&arena, str_make(copy, n), &out, NULL), MP_OK);
        tap_int(out.verdict, BIMI_SVG_BAD);
        free(copy);
    }
}

static void test_no_memory(void)
{
    static const char text[] = LOGO("<b/><g id=\"a\"/><use xlink:href=\"#a\"/>");
    unsigned failed = 0, done = 0;
    tap_case("a spent budget is an error, never a verdict");
    for (size_t budget = 0; budget < 16384; budget += 64) {
        struct arena tiny;
        struct bimi_svg out = {.verdict = BIMI_SVG_OK};
        struct mp_err err = {0};
        arena_init(&tiny, budget);
        int st = bimi_svg_check(&tiny, STR(text), &out, &err);
        failed += st == MP_E_NOMEM && err.text[0] != '\0';
        done += st == MP_OK;
        tap_int(out.verdict, st == MP_OK ? BIMI_SVG_BAD : BIMI_SVG_OK);
        arena_clear(&tiny);
    }
    tap_ok(failed != 0 && done != 0);
}

int main(void)
{
    arena_init(&arena, (size_t)256 << 20);
    test_rows();
    test_title();
    test_limits();
    test_attributes();
    test_sizes();
    test_bombs();
    test_truncations();
    test_no_memory();
    arena_clear(&arena);
    return tap_done();
}
