/* PDFs made here: what is found in them, whatever they hide it behind, and what is not there. */
#include "pdf/pdf_test_kit.h"
#include "tests/tap.h"

static struct arena arena;

static struct pdf *read_pdf(struct str bytes, const struct str *passwords, size_t n)
{
    struct mp_err err = {0};
    struct pdf *p = NULL;
    tap_int(pdf_read(&arena, bytes, passwords, n, &p, &err), MP_OK);
    return p;
}

static void expect(struct str bytes, const char *want)
{
    struct pdf *p = read_pdf(bytes, NULL, 0);
    if (p != NULL)
        tap_str(kit_summary(&arena, p), str_from(want));
}

/* ---- facts, by their text ---- */

#define O1(dict) "%PDF-1.7\n1 0 obj\n" dict "\nendobj\n"

static const struct {
    const char *label;
    struct str bytes;
    const char *want;
} facts[] = {
    {"nothing", STR_INIT(""), "pages=0"},
    {"no PDF", STR_INIT("obj endobj << >> stream ( < /"), "pages=0"},
    {"a page and its link",
     STR_INIT(O1("<</Type/Page/Annots[<</A<</S/URI/URI(http://a.test/)>>>>]>>")),
     "pages=1 link=http://a.test/"},
    {"the type URI is no link", STR_INIT(O1("<</S/URI/Type/Action>>")), "pages=0"},
    {"escapes and octal digits", STR_INIT(O1("<</URI(h\\164tp:\\\n//a\\(\\)(b)\\57)>>")),
     "pages=0 link=http://a()(b)/"},
    {"hexadecimal digits", STR_INIT(O1("<</URI<68 747\n4703A2f2f6>>>")), "pages=0 link=http://`"},
    {"UTF-16", STR_INIT(O1("<</URI(\xfe\xff\0h\0t\0\xe9\xd8\x3d\xde\x00)>>")),
     "pages=0 link=ht\xc3\xa9\xf0\x9f\x98\x80"},
    {"a link elsewhere", STR_INIT(O1("<</URI 2 0 R>>") "2 0 obj(http://b)endobj"),
     "pages=0 link=http://b"},
    {"redefined: both count, readers differ",
     STR_INIT(O1("<</URI 2 0 R>>") "2 0 obj(http://b)endobj 2 0 obj(http://c)endobj"),
     "pages=0 link=http://c,http://b"},
    {"names with #xx", STR_INIT(O1("<</S/#4aavaScript/#4AS(x)>>")),
     "pages=0 js script=x obfuscated=#4aavaScript,#4AS"},
    {"#xx in names of no consequence", STR_INIT(O1("<</My#20Font 1/A#42 2>>")), "pages=0"},
    {"a script in a stream",
     STR_INIT(O1("<</JS 2 0 R>>") "2 0 obj<</Length 3>>stream\nx()\nendstream endobj"),
     "pages=0 js script=x()"},
    {"scripts of a form in XML",
     STR_INIT(O1(
         "<</XFA[(preamble)2 0 R(template)3 0 R]>>") "2 0 obj<<>>stream\n<xdp>\nendstream endobj "
                                                     "3 0 obj<<>>stream\n<e><script "
                                                     "contentType='x'>go()</script></e>\nendstream "
                                                     "endobj"),
     "pages=0 js script=go()"},
    {"a form in XML without scripts",
     STR_INIT(O1("<</XFA 2 0 R>>") "2 0 obj<<>>stream\n<xdp>\nendstream endobj"), "pages=0"},
    {"opens with an action", STR_INIT(O1("<</OpenAction<</S/JavaScript/JS(x)>>>>")),
     "pages=0 js script=x automatic=OpenAction"},
    {"opens at a place", STR_INIT(O1("<</OpenAction[2 0 R/Fit]>>")), "pages=0"},
    {"opens by going to a place", STR_INIT(O1("<</OpenAction<</S/GoTo/D[2 0 R/Fit]>>>>")),
     "pages=0"},
    {"goes to a place, and then further",
     STR_INIT(O1("<</OpenAction<</S/GoTo/D[2 0 R/Fit]/Next 3 0 R>>>>")),
     "pages=0 automatic=OpenAction"},
    {"opens with what is elsewhere",
     STR_INIT(O1("<</OpenAction 2 0 R>>") "2 0 obj<</S/Launch/F(a.exe)>>endobj"),
     "pages=0 automatic=OpenAction Launch=a.exe"},
    {"opens at a place that is elsewhere",
     STR_INIT(O1("<</OpenAction 2 0 R>>") "2 0 obj[3 0 R/Fit]endobj"), "pages=0"},
    {"a page does something when it is shown",
     STR_INIT(O1("<</Type/Page/AA<</O<</S/JavaScript/JS(x)>>>>>>")),
     "pages=1 js script=x automatic=AA"},
    {"a field formats what is typed",
     STR_INIT(O1("<</FT/Tx/AA<</K<</S/JavaScript/JS(k)>>/F<</S/JavaScript/JS(f)>>>>>>")),
     "pages=0 js script=k,f"},
    {"a program and its parameters", STR_INIT(O1("<</S/Launch/Win<</F(cmd.exe)/P(/c calc)>>>>")),
     "pages=0 Launch=cmd.exe|/c calc"},
    {"a file specification",
     STR_INIT(O1("<</S/GoToR/F 2 0 R/D[0/Fit]>>") "2 0 obj<</Type/Filespec/F(b.pdf)/UF(u.pdf)>>"),
     "pages=0 GoToR=u.pdf"},
    {"a form sent to a server", STR_INIT(O1("<</S/SubmitForm/F<</FS/URL/F(http://f.test/)>>>>")),
     "pages=0 link=http://f.test/ SubmitForm=http://f.test/"},
    {"a share of a foreign network", STR_INIT(O1("<</S/Thread/F(\\\\\\\\evil\\\\s\\\\x)>>")),
     "pages=0 file=\\\\evil\\s\\x"},
    {"a file beside it", STR_INIT(O1("<</S/Thread/F(part2.pdf)>>")), "pages=0"},
    {"an embedded file, two names",
     STR_INIT(O1(
         "<</Type/Filespec/F(a.exe)/UF(a.pdf)/EF<</F 2 0 R>>>>") "2 0 "
                                                                 "obj<</Type/EmbeddedFile/Length "
                                                                 "2>>stream\nMZ\nendstream endobj"),
     "pages=0 file=a.pdf/a.exe:MZ"},
    {"an embedded file without a name",
     STR_INIT(O1("<<>>") "2 0 obj<</Type/EmbeddedFile/Length 2>>stream\nMZ\nendstream endobj"),
     "pages=0 file=:MZ"},
    {"a stream without its length",
     STR_INIT(O1("<</JS 2 0 R>>") "2 0 obj<<>>stream\r\nx\r\nendstream"), "pages=0 js script=x"},
    {"a length that is elsewhere, and a word within",
     STR_INIT(O1("<</JS 2 0 R>>") "2 0 obj<</Length 3 0 R>>stream\nendstream;\nendstream endobj "
                                  "3 0 obj 10 endobj"),
     "pages=0 js script=endstream;"},
    {"a length that is too long",
     STR_INIT(O1("<</JS 2 0 R>>") "2 0 obj<</Length 999>>stream\nx\nendstream endobj"),
     "pages=0 js script=x"},
    {"text of a page",
     STR_INIT(O1("<</Type/Page/Contents 2 0 R>>") "2 0 obj<<>>stream\nBT/F 10 Tf 1 0 0 1 9 90 "
                                                  "Tm(Pay)Tj 30 0 Td(now)Tj 0 -12 Td"
                                                  "[(In)20(voi)-5(ce)-300(due)]TJ(!)' "
                                                  "ET\nendstream endobj"),
     "pages=1 text=Pay now~Invoice due~!"},
    {"a word in two pieces, in two places",
     STR_INIT(O1("<</Type/Page/Contents[2 0 R]>>") "2 0 obj<<>>stream\nq 1 0 0 1 10 0 cm BT/F 10 "
                                                   "Tf(Invo)Tj ET Q "
                                                   "q 1 0 0 1 29 0 cm BT/F 10 Tf(ice)Tj ET "
                                                   "Q\nendstream endobj"),
     "pages=1 text=Invoice"},
    {"an image within is no text",
     STR_INIT(O1("<</Type/Page/Contents 2 0 R>>") "2 0 obj<<>>stream\nBI/W 9 ID (no) Tj EIx \nEI "
                                                  "(yes) Tj\nendstream endobj"),
     "pages=1 text=yes"},
    {"notes have contents that are text", STR_INIT(O1("<</Type/Annot/Contents(hello)>>")),
     "pages=0"},
};

/* ---- what hides ---- */

static const struct {
    const char *label;
    struct str bytes;
    const char *want;
} tricks[] = {
    {"a string that does not end hides nothing",
     STR_INIT("%PDF-1.7\n1 0 obj (\n2 0 obj<</URI(http://a)>>endobj"), "pages=0 link=http://a"},
    {"an object in a comment hides nothing",
     STR_INIT("%PDF-1.7\n1 0 obj\n%2 0 obj (\n<</URI(http://a)>>endobj"), "pages=0 link=http://a"},
    {"comments between the numbers",
     STR_INIT("%PDF-1.7\n1 % x\n0 % y\nobj<</URI(http://a)>>endobj"), "pages=0 link=http://a"},
    {"no endobj", STR_INIT("%PDF-1.7\n1 0 obj<</URI(a)>>2 0 obj<</URI(b)>>"), "pages=0 link=a,b"},
    {"the numbers of another object are no value",
     STR_INIT("%PDF-1.7\n1 0 obj<</URI(a)>>\n2 0 obj\n5 0 R endobj"), "pages=0 link=a"},
    {"ends of nothing", STR_INIT("%PDF-1.7\n1 0 obj]>>)}<</URI(a)>>]>>endobj"), "pages=0 link=a"},
    {"an array that is not closed", STR_INIT("%PDF-1.7\n1 0 obj<</A[1 2/URI(a)>>/URI(b)endobj"),
     "pages=0 link=a,b"},
    {"no line ends at all", STR_INIT("%PDF-1.7 1 0 obj<</URI(a)>>endobj 2 0 obj<</URI(b)>>endobj"),
     "pages=0 link=a,b"},
    {"NUL is white space",
     STR_INIT("%PDF-1.7\n1\0"
              "0\0obj\0<</URI\0(a)>>endobj"),
     "pages=0 link=a"},
    {"a version and a revision that do not belong together",
     STR_INIT("trailer<</Encrypt<</Filter/Standard/V 5/R 3/O(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)"
              "/U(bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb)>>>> 1 0 obj<</URI(a)>>endobj"),
     "pages=0 link=a locked"},
    {"an /Encrypt that is a lie",
     STR_INIT(O1("<</URI(http://a)>>") "trailer<</Encrypt 9 0 R>>"
                                       "9 0 obj<</Filter/Standard/V 9>>endobj"),
     "pages=0 link=http://a locked"},
};

/* ---- filters ---- */

static const struct {
    const char *label, *dict;
    struct str data;
    const char *want; /* the script that they hold */
} filters[] = {
    {"none", "", STR_INIT("x"), "x"},
    {"LZW", "/Filter/LZWDecode", STR_INIT("\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01"), "-----A---B"},
    {"ASCIIHex", "/Filter/ASCIIHexDecode", STR_INIT("61 62\n6> zz"), "ab`"},
    {"ASCII85", "/Filter[/A85]", STR_INIT("87cUR\nD]~>"),
     "Hell"
     "o"},
    {"run lengths", "/Filter/RunLengthDecode", STR_INIT("\2abc\375d\200zz"), "abcdddd"},
    {"two of them", "/Filter[/ASCIIHexDecode/RunLengthDecode]", STR_INIT("02 616263 FD64 80>"),
     "abcdddd"},
    {"nothing, deflated", "/Filter[/AHx/FlateDecode]", STR_INIT(">"), ""},
    {"identity of encryption", "/Filter[/Crypt]", STR_INIT("x"), "x"},
};

static void test_filters(void)
{
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        tap_case("pdf: filter, %s", filters[i].label);
        struct str stream = kit_stream(&arena, 2, filters[i].dict, filters[i].data);
        struct pdf *p = read_pdf(kit_join(&arena, O1("<</JS 2 0 R>>"), stream, ""), NULL, 0);
        tap_str(p->n_scripts == 1 ? p->scripts[0].text : STR_NONE, str_from(filters[i].want));
    }
    static const struct {
        const char *label, *parameters;
        struct str rows;
    } predicted[] = {
        {"Up of PNG", "/Predictor 12/Columns 4", STR_INIT("\2abcd\2\0\0\0\1")},
        {"Sub of PNG", "/Predictor 15/Columns 4", STR_INIT("\1a\1\1\1\1a\1\1\2")},
        {"Paeth of PNG", "/Predictor 14/Columns 4", STR_INIT("\0abcd\4\0\0\0\1")},
        {"Average of PNG", "/Predictor 13/Columns 4", STR_INIT("\0abcd\3\61\1\1\2")},
        {"TIFF", "/Predictor 2/Columns 4", STR_INIT("a\1\1\1a\1\1\2")},
    };
    for (size_t i = 0; i < ARRAY_LEN(predicted); i++) {
        tap_case("pdf: predictor, %s", predicted[i].label);
        struct str dict =
            arena_fmt(&arena, "/Filter/FlateDecode/DecodeParms<<%s>>", predicted[i].parameters);
        struct str stream = kit_stream(&arena, 2, dict.p, kit_flate(&arena, predicted[i].rows));
        struct pdf *p = read_pdf(kit_join(&arena, O1("<</JS 2 0 R>>"), stream, ""), NULL, 0);
        tap_str(p->n_scripts == 1 ? p->scripts[0].text : STR_NONE, STR("abcdabce"));
    }
}

static void test_packed(void)
{
    static const struct str inner = STR_INIT("7 10 8 29 (outside) <</URI(http://p)>> <</S/J#53>>");
    struct str stream = kit_stream(&arena, 2, "/Type/ObjStm/N 2/First 10/Filter/FlateDecode",
                                   kit_flate(&arena, inner));
    tap_case("pdf: packed objects");
    expect(kit_join(&arena, O1("<<>>"), stream, ""), "pages=0 link=http://p js obfuscated=J#53");
    tap_case("pdf: packed objects, another place");
    stream = kit_stream(&arena, 2, "/Type/ObjStm/N 2/First 29/Filter/FlateDecode",
                        kit_flate(&arena, inner));
    expect(kit_join(&arena, O1("<<>>"), stream, ""), "pages=0 js obfuscated=J#53");
}

/* ---- fonts ---- */

static void test_fonts(void)
{
    static const char page[] =
        "%PDF-1.7\n1 0 obj<</Type/Page/Parent 9 0 R/Contents 2 0 R>>endobj\n"
        "9 0 obj<</Type/Pages/Resources<</Font<</F1 3 0 R/F2 5 0 R>>>>>>endobj\n"
        "3 0 obj<</Type/Font/Subtype/Type0/ToUnicode 4 0 R>>endobj\n"
        "5 0 obj<</Type/Font/Subtype/TrueType>>endobj\n";
    static const struct str map = STR_INIT(
        "1 begincodespacerange <0000><ffff> endcodespacerange\n"
        "2 beginbfrange <0001><0003><0041> <0010> <0011> [<0066 0069> <D83DDE00>] endbfrange\n"
        "1 beginbfchar <0020><0020> endbfchar");
    static const struct str draw =
        STR_INIT("BT/F1 9 Tf<0001000200030020001000110099>Tj/F2 9 Tf(\x93ok\x94)Tj ET");
    struct str streams = kit_join(&arena, "", kit_stream(&arena, 4, "", map), "");
    tap_case("pdf: codes of fonts and what they mean");
    streams = kit_join(&arena, page, streams, "");
    streams = kit_join(&arena, "", streams, kit_stream(&arena, 2, "", draw).p);
    struct pdf *p = read_pdf(streams, NULL, 0);
    tap_str(p->text, STR("ABC fi\xf0\x9f\x98\x80\xe2\x80\x9cok\xe2\x80\x9d\n"));
    tap_int(p->n_characters, 7 + 4);
}

/* ---- encryption: written by qpdf 11.3 from plain.pdf, --encrypt "" owner ... (README) ---- */

static const struct {
    const char *file, *encryption;
} encrypted[] = {
    {"plain.pdf", ""},
    {"objstm.pdf", ""},
    {"rc4-40.pdf", " opened"},
    {"rc4-128.pdf", " opened"},
    {"rc4-v4.pdf", " opened"},
    {"aesv2.pdf", " opened"},
    {"aesv3-r5.pdf", " opened"},
    {"aesv3-r6.pdf", " opened"},
    {"rc4-128-password.pdf", " opened-with"},
    {"aesv3-r6-password.pdf", " opened-with"},
};

static void test_encrypted(void)
{
    static const struct str passwords[] = {STR_INIT("wrong"), STR_INIT("123"),
                                           STR_INIT("s3cret w")};
    for (size_t i = 0; i < ARRAY_LEN(encrypted); i++) {
        struct str path = arena_fmt(&arena, "tests/seeds/pdf/%s", encrypted[i].file);
        tap_case("pdf: %s", encrypted[i].file);
        struct pdf *p = read_pdf(tap_source_file(path.p), passwords, ARRAY_LEN(passwords));
        struct str want =
            arena_fmt(&arena,
                      "pages=1 link=https://pay.example/open?id=7 js script=app.alert(\"hello\"); "
                      "automatic=OpenAction file=notes.txt:these are the notes images=1%s "
                      "text=Pay the open invoice~today",
                      encrypted[i].encryption);
        tap_str(kit_summary(&arena, p), want);
        if (p->encryption == PDF_OPENED_WITH)
            tap_str(passwords[p->password],
                    str_eq(passwords[p->password], STR("123")) ? STR("123") : STR("s3cret w"));
        struct str samples = STR_NONE, grey = STR_NONE;
        enum pdf_filter format = PDF_FILTER_UNKNOWN;
        tap_ok(pdf_image_read(&arena, &p->images[0], 100, &samples, &format));
        tap_int(format, PDF_FILTER_NONE);
        tap_ok(pdf_image_grey(&arena, &p->images[0], samples, 100, &grey));
        tap_str(str_slice(grey, 0, 9), STR("\xff\0\xff\0\xff\0\xff\0\0"));
    }
    tap_case("pdf: no password opens it");
    struct pdf *p =
        read_pdf(tap_source_file("tests/seeds/pdf/aesv3-r6-password.pdf"), passwords, 2);
    tap_int(p->encryption, PDF_LOCKED);
    tap_int(p->n_links, 0);
    tap_int(p->text.n, 0);
    tap_ok(!p->files[0].has_bytes);
    tap_int(p->limits, 0);
}

int main(void)
{
    arena_init(&arena, 1u << 30);
    for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
        tap_case("pdf: %s", facts[i].label);
        expect(facts[i].bytes, facts[i].want);
    }
    for (size_t i = 0; i < ARRAY_LEN(tricks); i++) {
        tap_case("pdf: %s", tricks[i].label);
        expect(tricks[i].bytes, tricks[i].want);
    }
    test_filters();
    test_packed();
    test_fonts();
    test_encrypted();
    arena_clear(&arena);
    return tap_done();
}
