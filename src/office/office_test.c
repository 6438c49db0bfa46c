/* What each format tells: documents put together by hand, their facts as one line of text. */
#include "office/office.h"

#include <zlib.h>

#include "base/base64.h"
#include "office/office_test_kit.h"
#include "tests/tap.h"

static struct arena arena;

/* ---- facts as text ---- */

static void put(struct buf *b, const char *what, struct str text)
{
    buf_addf(b, "%s%s(" STR_FMT ")", b->n > 0 ? " " : "", what, STR_ARG(text));
}

static void put_objects(struct buf *b, const struct office *o)
{
    static const char *const sorts[] = {"package", "command", "equation", "linked", "object"};
    for (size_t i = 0; i < o->n_objects; i++) {
        const struct office_object *p = &o->objects[i];
        buf_addf(b, "%s%s(" STR_FMT, b->n > 0 ? " " : "", sorts[p->sort], STR_ARG(p->class));
        if (p->name.n > 0 || p->bytes.n > 0)
            buf_addf(b, "|" STR_FMT "|" STR_FMT "|" STR_FMT, STR_ARG(p->label), STR_ARG(p->name),
                     STR_ARG(p->bytes));
        buf_addc(b, ')');
    }
}

static struct str facts(const struct office *o)
{
    struct buf b;
    buf_init(&b, MK_MAX_BYTES);
    for (size_t i = 0; i < o->n_macros; i++)
        put(&b, o->macros[i].stomped ? "stomped" : "macro", o->macros[i].name);
    for (size_t i = 0; i < o->n_dde; i++)
        put(&b, "dde", o->dde[i]);
    for (size_t i = 0; i < o->n_xlm; i++)
        put(&b, "xlm", o->xlm[i]);
    for (size_t i = 0; i < o->n_links; i++) {
        struct str link = arena_fmt(&arena, STR_FMT " " STR_FMT, STR_ARG(o->links[i].type),
                                    STR_ARG(o->links[i].target));
        put(&b, o->links[i].external ? "link" : "inner", link);
    }
    put_objects(&b, o);
    if (o->seen.n > 0)
        put(&b, "seen", o->seen);
    if (o->encrypted != NULL)
        put(&b, "encrypted", str_from(o->encrypted));
    buf_addf(&b, "%s%s%s%s%s", o->rtf.update ? " update" : "", o->rtf.auto_link ? " autlink" : "",
             o->rtf.odd_header ? " odd" : "", o->damaged ? " damaged" : "", o->cut ? " cut" : "");
    struct str out = mk_done(&arena, &b);
    return str_trim(out);
}

static void check(const char *label, struct str bytes, enum office_as as, const char *want)
{
    struct office o;
    struct mp_err err = {0};
    tap_case("office: %s", label);
    if (tap_int(office_read(&arena, bytes, (struct office_how){.as = as}, &o, &err), MP_OK))
        tap_str(facts(&o), str_from(want));
}

/* ---- as text ---- */

#define REL(type, target, mode)                                                                    \
    "<Relationships><Relationship Id=\"r\" Type=\"http://x/relationships/" type                    \
    "\" Target=\"" target "\"" mode "/></Relationships>"
#define EXTERNAL " TargetMode=\"External\""
#define BEGIN    "<w:fldChar w:fldCharType=\"begin\"/>"
#define SEPARATE "<w:fldChar w:fldCharType=\"separate\"/>"
#define END      "<w:fldChar w:fldCharType='end'/>"
#define INSTR(s) "<w:r><w:instrText xml:space=\"preserve\">" s "</w:instrText></w:r>"

#define ONENOTE   "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3"
#define FILE_DATA "\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac"

static const struct {
    const char *label;
    struct str bytes;
    enum office_as as;
    const char *want;
} rows[] = {
    /* relationships */
    {"a template from outside",
     STR_INIT(REL("attachedTemplate", "http://a.test/t.dotm?x=1&amp;y=2", EXTERNAL)), 0,
     "link(attachedTemplate http://a.test/t.dotm?x=1&y=2)"},
    {"a part of its own", STR_INIT(REL("image", "media/a.png", "")), 0, ""},
    {"a place in itself", STR_INIT(REL("hyperlink", "#here", EXTERNAL)), 0, ""},
    {"attributes in single quotes, in another order",
     STR_INIT("<?xml?><!-- <Relationship --><r:Relationship TargetMode = 'external' Target='x' "
              "Type='t/frame'></r:Relationship>"),
     0, "link(frame x)"},
    {"a relationship that is not closed", STR_INIT("<Relationship Target=\"x"), 0, ""},
    {"UTF-16",
     STR_INIT("\xff\xfe<\0R\0e\0l\0a\0t\0i\0o\0n\0s\0h\0i\0p\0 \0T\0y\0p\0e\0=\0'\0/\0f\0'\0 "
              "\0T\0a\0r\0g\0e\0t\0=\0'\0x\0'\0 \0T\0a\0r\0g\0e\0t\0M\0o\0d\0e\0=\0'\0E\0x"
              "\0t\0e\0r\0n\0a\0l\0'\0/\0>\0"),
     0, "link(f x)"},
    {"macro sheets by the type of their content",
     STR_INIT("<Types><Override PartName=\"/xl/m.xml\" "
              "ContentType=\"application/vnd.ms-excel.macrosheet+xml\"/></Types>"),
     0, "xlm(/xl/m.xml)"},
    {"other types",
     STR_INIT("<Types><Override PartName=\"/xl/macrosheets\" ContentType=\"a/b\"/></Types>"), 0,
     ""},
    {"macro sheets by their relationship", STR_INIT(REL("xlMacrosheet", "m.xml", "")), 0,
     "xlm(m.xml)"},
    /* fields */
    {"DDE in one piece", STR_INIT("<p>" BEGIN INSTR(" DDEAUTO cmd /k ") END "</p>"), 0,
     "dde(DDEAUTO cmd /k)"},
    {"DDE in pieces",
     STR_INIT("<p>" BEGIN INSTR("DDE") INSTR("AU") INSTR("TO c:\\\\x") SEPARATE "<w:t>DDE</w:t>" END
                                                                                "</p>"),
     0, "dde(DDEAUTO c:\\\\x) seen(DDE\n)"},
    {"DDE in a tag",
     STR_INIT("<w:fldSimple w:instr=\"DDE &quot;cmd&quot; x\"><w:t/></w:fldSimple>"), 0,
     "dde(DDE \"cmd\" x)"},
    {"DDE as numbers", STR_INIT("<p>" BEGIN INSTR("QUOTE 68 68 69 32 120") END "</p>"), 0,
     "dde(DDE x)"},
    {"DDE in a field of a field",
     STR_INIT("<p>" BEGIN INSTR("SET a ") BEGIN INSTR("DDE x") END END "</p>"), 0,
     "dde(DDE x) dde(SET a  DDE x)"},
    {"a bookmark of Excel's", STR_INIT("<p>" BEGIN INSTR("REF DDE_LINK1 \\h") END "</p>"), 0, ""},
    {"an address with these letters",
     STR_INIT("<p>" BEGIN INSTR("HYPERLINK \"http://dde.test/dde\" \\o \"x\"") END "</p>"), 0,
     "link(hyperlink http://dde.test/dde)"},
    {"the letters in text", STR_INIT("<p><w:t>DDEAUTO cmd</w:t><w:instrText/></p>"), 0,
     "seen(DDEAUTO cmd\n)"},
    {"fields in the result of a field",
     STR_INIT("<p>" BEGIN INSTR("TOC \\o") SEPARATE BEGIN INSTR("PAGEREF dde") END END "</p>"), 0,
     ""},
    {"a picture from outside",
     STR_INIT("<p>" BEGIN INSTR("INCLUDEPICTURE \\d \"\\\\\\\\h\\\\s\"") END "</p>"), 0,
     "link(image \\\\\\\\h\\\\s)"},
    {"a link to a workbook elsewhere",
     STR_INIT("<p>" BEGIN INSTR("LINK Excel.Sheet.8 \"http://h/x\" a") END "</p>"), 0,
     "link(oleObject http://h/x)"},
    {"DDE of a workbook", STR_INIT("<ddeLink ddeService=\"cmd\" ddeTopic=\"/c calc\"/>"), 0,
     "dde(cmd|/c calc)"},
    {"what people read of a document",
     STR_INIT("<w:p><w:r><w:t xml:space=\"preserve\">Pay </w:t></w:r><w:r><w:t>us &amp; them</w:t>"
              "<w:tab/><w:t>now</w:t></w:r></w:p><w:p/><w:p><w:t>today</w:t></w:p>"),
     0, "seen(Pay us & them now\ntoday\n)"},
    {"of a table, of a slide",
     STR_INIT("<sst><si><t>a</t></si><si><r><t>b</t></r></si></sst>"
              "<a:p><a:r><a:t>c</a:t></a:r></a:p><x>no</x>"),
     0, "seen(a\nb\nc\n)"},
    {"a formula of DDE in XML of Excel 2003",
     STR_INIT("<Cell ss:Formula=\"=cmd|'/c calc'!A1\"><Data>0</Data></Cell>"), 0,
     "dde(=cmd|'/c calc'!A1)"},
    {"another formula", STR_INIT("<Cell ss:Formula=\"=SUM(R1C1)|x\"/>"), 0, ""},
    {"a program that a click in a slide starts",
     STR_INIT("<a:hlinkClick r:id=\"r\" action=\"ppaction://program\"/>"), 0,
     "link(action ppaction://program)"},
    {"a click that leads to a slide",
     STR_INIT("<a:hlinkClick r:id=\"\" action=\"ppaction://hlinkshowjump?jump=nextslide\"/>"), 0,
     ""},
    {"DDE of OpenDocument",
     STR_INIT("<office:dde-source office:dde-application=\"soffice\" office:dde-topic=\"a.ods\"/>"),
     0, "dde(soffice|a.ods)"},
    /* tables */
    {"a formula of DDE", STR_INIT("a,b\r\n=cmd|'/C calc'!A0,2\r\n"), OFFICE_CSV,
     "dde(=cmd|'/C calc'!A0)"},
    {"behind other terms, in quotes", STR_INIT("x;\"@SUM(1+1)*cmd|' /C calc;x'!A0\"\n"), OFFICE_CSV,
     "dde(@SUM(1+1)*cmd|' /C calc;x'!A0)"},
    {"bars and signs of columns", STR_INIT("-5|wow!|x\n=A1|b\n-|!\n+1!2|3\n"), OFFICE_CSV, ""},
    {"talk", STR_INIT("see a|b!c and = d|e!f\n"), OFFICE_CSV, ""},
    {"a macro sheet of SYLK",
     STR_INIT("ID;PWXL;N;E\nO;D;V0;E\nC;X1;K0;EEXEC(\"calc.exe\")\n"
              "NN;NAuto_open;ER1C1\nE\n"),
     0, "xlm(a macro sheet) xlm(EXEC(\"calc.exe\")) xlm(run by the name Auto_Open)"},
    {"a table of SYLK",
     STR_INIT("ID;PWXL;N;E\nO;L;D;V0\nC;Y1;X1;K\"EXEC;;E\"\nC;X2;ESUM(R1C1)\nE\n"), 0, ""},
    {"DDE in SYLK", STR_INIT("ID;P\nC;Y1;X1;K0;Ecmd|'/c calc'!A1\nE\n"), 0,
     "dde(cmd|'/c calc'!A1)"},
    /* BIFF without a file around it */
    {"a macro sheet of Excel 4", STR_INIT("\x09\x04\x06\0\0\0\x40\0\0\0\x0a\0\0\0"), 0,
     "xlm(a macro sheet)"},
    {"a sheet of Excel 4", STR_INIT("\x09\x04\x06\0\0\0\x10\0\0\0\x0a\0\0\0"), 0, ""},
    {"DDE of a binary part",
     STR_INIT("\xe8\x02\x18\x01\0\x03\0\0\0c\0m\0d\0\x04\0\0\0/\0c\0 \0x\0\0\0"), OFFICE_BIFF12,
     "dde(cmd|/c x)"},
    {"another workbook", STR_INIT("\xe8\x02\x06\0\0\0\0\0\0"), OFFICE_BIFF12, ""},
    /* RTF */
    {"plain RTF", STR_INIT("{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}Text}"), 0, ""},
    {"an odd head", STR_INIT("{\\rt\\ansi Text}"), 0, "odd"},
    {"a package",
     STR_INIT("{\\rtf1{\\object\\objemb{\\*\\objdata 01050000 02000000 08000000 "
              "5061636b61676500 00000000 00000000 27000000 0200 612e747874 00 433a5c622e657865 00 "
              "0000 0300 06000000 433a5c627800 04000000 64617461 00}}}"),
     0, "package(Package|a.txt|b.exe|data)"},
    {"digits hidden among other things",
     STR_INIT("{\\rtf1{\\object\\objupdate{\\*\\objdata 0105\r\n0000{\\*\\foo 99}02\\bar0000 "
              "000000\\'990b"
              "\t000000{4571}{\\*\\x{0}}75  6174696f6e2e3300 00000000 00000000 00000000}}}"),
     0, "equation(Equation.3) update"},
    {"binary octets",
     STR_INIT("{\\rtf1{\\*\\objdata 0105000002000000\\bin4 \x04\0\0\0"
              "41424300 00000000 00000000 00000000}}"),
     0, "object(ABC)"},
    {"an object that is linked",
     STR_INIT("{\\rtf1{\\object\\objautlink{\\*\\objdata 01050000 01000000 "
              "05000000 576f726400 0b000000 687474703a2f2f682f7800 "
              "00000000}}}"),
     0, "link(oleObject http://h/x) linked(Word) autlink"},
    {"a template", STR_INIT("{\\rtf1{\\*\\template http://a.test/t.dot}x}"), 0,
     "link(attachedTemplate http://a.test/t.dot)"},
    {"a field",
     STR_INIT("{\\rtf1{\\field{\\*\\fldinst {DDE}{AUTO c:\\\\\\\\x}}{\\fldrslt DDE y}}}"), 0,
     "dde(DDEAUTO c:\\\\x)"},
    {"a link of a field", STR_INIT("{\\rtf1{\\field{\\*\\fldinst HYPERLINK \"http://a.test/\"}}}"),
     0, "link(hyperlink http://a.test/)"},
    {"an object that is cut", STR_INIT("{\\rtf1{\\*\\objdata 0105"), 0, "object() damaged"},
    {"closing braces only", STR_INIT("{\\rtf1}}}}{\\*\\objdata"), 0, ""},
    /* OneNote */
    {"a file in a notebook",
     STR_INIT(ONENOTE "xx" FILE_DATA "\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0MZxxyyy" FILE_DATA
                      "\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0ab"),
     0, "package(|||MZxx) package(|||ab) damaged"},
    {"a notebook", STR_INIT(ONENOTE "xx"), 0, ""},
    /* none */
    {"something else", STR_INIT("Hello, DDEAUTO"), 0, ""},
    {"nothing", STR_INIT(""), 0, ""},
};

/* ---- compound files ---- */

static struct str wide(const char *ascii)
{
    struct buf b;
    buf_init(&b, MK_MAX_BYTES);
    mk_wide(&b, ascii);
    return mk_done(&arena, &b);
}

static struct str record(unsigned id, struct str data)
{
    struct buf b;
    buf_init(&b, MK_MAX_BYTES);
    mk_le(&b, id, 2);
    mk_le(&b, data.n, 2);
    buf_add(&b, data);
    return mk_done(&arena, &b);
}

static struct str join(const struct str *parts, size_t n)
{
    return arena_join(&arena, parts, n);
}

static struct str package(const char *label, const char *path, const char *data)
{
    struct buf b, all;
    buf_init(&b, MK_MAX_BYTES);
    buf_init(&all, MK_MAX_BYTES);
    mk_le(&b, 2, 2);
    buf_addz(&b, label);
    buf_addc(&b, 0);
    buf_addz(&b, path);
    buf_addc(&b, 0);
    mk_le(&b, 0x30000, 4);
    mk_le(&b, 3, 4);
    buf_add(&b, STR("C:\0"));
    mk_le(&b, strlen(data), 4);
    buf_addz(&b, data);
    mk_le(&all, b.n, 4);
    buf_add(&all, buf_str(&b));
    buf_clear(&b);
    return mk_done(&arena, &all);
}

/* A document of Word: its text in one piece of 8-bit letters, or of UTF-16. */
static struct str word(unsigned flags, struct str text, bool is_wide)
{
    struct buf b, table;
    uint32_t letters = (uint32_t)(is_wide ? text.n / 2 : text.n);
    buf_init(&b, MK_MAX_BYTES);
    buf_init(&table, MK_MAX_BYTES);
    mk_le(&b, 0xa5ec, 2);
    mk_le(&b, 0, 8);
    mk_le(&b, flags, 2);
    while (b.n < 0x1a2)
        buf_addc(&b, 0);
    mk_le(&b, 0, 4);
    mk_le(&b, 21, 4);
    mk_pad(&b, 1024);
    buf_add(&b, text);
    buf_add(&table, STR("\2\x10\0\0\0"));
    mk_le(&table, 0, 4);
    mk_le(&table, letters, 4);
    mk_le(&table, 0, 2);
    mk_le(&table, is_wide ? 1024 : 2048 | 1u << 30, 4);
    mk_le(&table, 0, 2);
    struct mk_stream streams[] = {{NULL, "WordDocument", mk_done(&arena, &b)},
                                  {NULL, "0Table", mk_done(&arena, &table)}};
    return mk_cfb(&arena, streams, ARRAY_LEN(streams), NULL);
}

static void check_stream(const char *label, const char *storage, const char *name, struct str bytes,
                         const char *want)
{
    struct mk_stream streams[] = {{storage, name, bytes}};
    check(label, mk_cfb(&arena, streams, 1, NULL), OFFICE_BY_BYTES, want);
}

static void test_workbooks(void)
{
    struct str bof = record(0x809, STR("\0\6\5\0\0\0\0\0\0\0\0\0\0\0\0\0"));
    struct str macro = record(0x85, STR("\0\0\0\0\2\1\2\0M1"));
    struct str name = record(0x18, STR("\x20\0\0\1\0\0\0\0\0\0\0\0\0\0\0\1"));
    struct str sheet = record(0x85, STR("\0\0\0\0\0\0\2\0S1"));
    struct str link = record(0x1ae, STR("\1\0\x09\0\0\1cmd\3/c x"));
    struct str item = record(0x23, STR("\0\0\0\0\0\0\2\0A0"));
    struct str ole_item = record(0x23, STR("\x10\0\0\0\0\0\2\0A0"));
    struct str pass = record(0x2f, STR("\1\0\1\0"));
    check_stream(
        "a workbook with a macro sheet", NULL, "Workbook",
        join((struct str[]){bof, macro, name}, 3),
        "xlm(macro sheet \"M1\" (very hidden)) xlm(run by the name Auto_Open or Auto_Close)");
    check_stream("a workbook of Excel 5", NULL, "Book",
                 join((struct str[]){record(0x809, STR("\0\5\5\0\0\0\0\0")),
                                     record(0x85, STR("\0\0\0\0\0\1\2M1"))},
                      2),
                 "xlm(macro sheet \"M1\")");
    check_stream("a workbook without", NULL, "Workbook", join((struct str[]){bof, sheet, name}, 3),
                 "");
    check_stream("DDE", NULL, "Workbook", join((struct str[]){bof, link, item}, 3),
                 "dde(cmd|/c x)");
    check_stream("a link of OLE", NULL, "Workbook", join((struct str[]){bof, link, ole_item}, 3),
                 "");
    check_stream("an encrypted workbook", NULL, "Workbook",
                 join((struct str[]){bof, pass, macro}, 3), "encrypted(a workbook of Excel)");
    check_stream("a workbook elsewhere", "Folder", "Workbook", join((struct str[]){bof, macro}, 2),
                 "");
}

static void test_documents(void)
{
    struct str field = STR("text \x13 DDEAUTO c:\\\\x \"/k\" \x14 result \x15 text");
    check("DDE in a document", word(0, field, false), 0, "dde(DDEAUTO c:\\\\x \"/k\")");
    check("in a document of UTF-16",
          word(0,
               wide("\x13"
                    "DDE \xe4\x15"),
               true),
          0, "dde(DDE \xc3\xa4)");
    check("where the table of pieces is elsewhere", word(1 << 9, field, false), 0,
          "dde(DDEAUTO c:\\\\x \"/k\")");
    check("talk of DDE in a document", word(0, STR("DDEAUTO \x13 PAGE \x15"), false), 0, "");
    check("an encrypted document", word(1 << 8, field, false), 0, "encrypted(a document of Word)");
    check_stream("an encrypted package", NULL, "EncryptedPackage", STR("x"),
                 "encrypted(an encrypted package)");
    check_stream("an encrypted presentation", NULL, "Current User", STR("x"), "");
}

static struct str moniker(const char *url)
{
    struct buf b;
    buf_init(&b, MK_MAX_BYTES);
    buf_add(&b, STR("\1\0\0\2\x09\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
    buf_add(&b, STR("\xe0\xc9\xea\x79\xf9\xba\xce\x11\x8c\x82\0\xaa\0\x4b\xa9\x0b"));
    mk_le(&b, strlen(url) * 2 + 2, 4);
    mk_wide(&b, url);
    mk_le(&b, 0, 2);
    return mk_done(&arena, &b);
}

static void test_objects(void)
{
    struct mk_stream pool[] = {{"_1", "\1Ole10Native", package("a.txt", "C:\\x\\a.exe", "MZ")},
                               {"_1", "\1CompObj", STR("")},
                               {"_2", "\1Ole", STR("\1\0\0\2")}};
    check("objects of a document", mk_cfb(&arena, pool, ARRAY_LEN(pool), NULL), 0,
          "package(|a.txt|a.exe|MZ) object()");
    check_stream("a package alone", NULL, "\1Ole10Native", package("a", "b.js", "x"),
                 "package(|a|b.js|x)");
    check_stream("what is started", NULL, "\1Ole10Native",
                 STR("\x1b\0\0\0\2\0calc\0icon.exe\0\0\0\1\0\1\0C:\\calc.exe\0"),
                 "command(|calc|C:\\calc.exe|)");
    check_stream("a link to a page", NULL, "\1Ole", moniker("http://a.test/x.hta"),
                 "link(oleObject http://a.test/x.hta) linked()");
    check_stream("a document's own stream", NULL, "\1Ole", STR("\1\0\0\2\0\0\0\0"), "");
    struct mk_stream one[] = {{NULL, "Equation Native", STR("x")}};
    check("an object of the equation editor, by its class alone",
          mk_cfb(&arena, one, 1, "\x02\xce\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"), 0, "equation()");
    check("another class", mk_cfb(&arena, one, 1, "\x02\xce\x03\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"), 0,
          "");
    check("macros", mk_project(&arena, "Attribute A\r\nSub AutoOpen()\r\n"), 0, "macro(Module1)");
    check("macros without source", mk_project(&arena, ""), 0, "stomped(Module1)");
}

/* Records of a presentation: a project of macros, packed. */
static void test_presentation(void)
{
    struct str project = mk_project(&arena, "Attribute A\r\nSub Auto_Open()\r\n");
    uLongf n = compressBound(project.n);
    char *packed = arena_new(&arena, char, n);
    struct buf b;
    if (packed == NULL ||
        compress((Bytef *)packed, &n, (const Bytef *)project.p, project.n) != Z_OK)
        abort();
    buf_init(&b, MK_MAX_BYTES);
    mk_le(&b, 0x0f | 1000u << 16, 4);
    mk_le(&b, 4 + n + 8 + 8 + 100, 4);
    mk_le(&b, 0x10 | 0x1011u << 16, 4);
    mk_le(&b, 4 + n, 4);
    mk_le(&b, project.n, 4);
    buf_add(&b, str_make(packed, n));
    mk_le(&b, 0x0f | 0x0fd7u << 16, 4);
    mk_le(&b, 8 + 6, 4);
    mk_le(&b, 0x10 | 0x0fbau << 16, 4);
    mk_le(&b, 6, 4);
    mk_wide(&b, "a:b");
    struct str records = mk_done(&arena, &b);
    check_stream("a presentation", NULL, "PowerPoint Document", records,
                 "macro(Module1) link(hyperlink a:b)");
    struct mk_stream streams[] = {{NULL, "PowerPoint Document", STR("x")},
                                  {NULL, "Current User",
                                   STR("\0\0\xf6\x0f\x14\0\0\0\x14\0\0\0\xdf\xc4\xd1\xf3")}};
    check("an encrypted presentation", mk_cfb(&arena, streams, 2, NULL), 0,
          "encrypted(a presentation of PowerPoint)");
}

/* ---- limits ---- */

static struct str repeated(const char *front, const char *piece, size_t times)
{
    struct buf b;
    buf_init(&b, 64u << 20);
    buf_addz(&b, front);
    for (size_t i = 0; i < times; i++)
        buf_addz(&b, piece);
    return mk_done(&arena, &b);
}

static void check_cut(const char *label, struct str bytes, bool cut)
{
    struct office o;
    struct mp_err err = {0};
    tap_case("office: %s", label);
    if (tap_int(office_read(&arena, bytes, (struct office_how){.as = OFFICE_BY_BYTES}, &o, &err),
                MP_OK))
        tap_int(o.cut, cut);
}

/* A page of Word with all its files, as one text: the macros are packed and in base64. */
static void test_page(void)
{
    struct str project = mk_project(&arena, "Attribute A\r\nSub Auto_Open()\r\n");
    uLongf n = compressBound(project.n);
    char *packed = arena_new(&arena, char, n);
    struct buf b, text;
    if (packed == NULL ||
        compress((Bytef *)packed, &n, (const Bytef *)project.p, project.n) != Z_OK)
        abort();
    buf_init(&b, MK_MAX_BYTES);
    buf_init(&text, MK_MAX_BYTES);
    buf_addz(&b, "ActiveMime");
    while (b.n < 0x32)
        buf_addc(&b, 0);
    buf_add(&b, str_make(packed, n));
    check("macros as Word packs them", buf_str(&b), OFFICE_BY_BYTES, "macro(Module1)");
    buf_addz(&text,
             "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n\r\n");
    base64_encode(&text, buf_str(&b));
    buf_addz(&text, "\r\n--x--\r\n");
    check("in a page with its files", buf_str(&text), OFFICE_BY_BYTES, "macro(Module1)");
    check("a page without", STR("MIME-Version: 1.0\r\n\r\nActiveMime\r\n"), OFFICE_BY_BYTES, "");
    buf_clear(&b);
    buf_clear(&text);
}

static void test_limits(void)
{
    static const char link[] = "<Relationship Type='/hyperlink' Target='x' TargetMode='External'/>";
    check_cut("as many links as may be", repeated("<a>", link, OFFICE_MAX_LINKS), false);
    check_cut("one more", repeated("<a>", link, OFFICE_MAX_LINKS + 1), true);
    check_cut("groups within groups", repeated("{\\rtf1", "{\\*\\objdata ", 100000), true);
    check_cut("objects without end",
              repeated("{\\rtf1", "{\\*\\objdata 00}", OFFICE_MAX_OBJECTS + 1), true);
    check_cut("fields within fields", repeated("<a><w:instrText/>", BEGIN, 100000), false);
    check("DDE behind a long instruction around it",
          arena_join(&arena,
                     (struct str[]){repeated("<a>" BEGIN "<w:instrText>SET x ", "abcdefgh ", 5000),
                                    STR("</w:instrText>" BEGIN INSTR("DDE x") END END)},
                     2),
          OFFICE_BY_BYTES, "dde(DDE x)");
    check_cut("citations hold whole records",
              repeated("<a>" BEGIN "<w:instrText>ADDIN ", "abcdefgh ", 50000), false);
    check_cut("tags that are not closed", repeated("<Relationship ", "<Relationship a='", 100000),
              false);
}

int main(void)
{
    arena_init(&arena, 1024u << 20);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check(rows[i].label, rows[i].bytes, rows[i].as, rows[i].want);
    test_workbooks();
    test_documents();
    test_objects();
    test_presentation();
    test_page();
    test_limits();
    arena_clear(&arena);
    return tap_done();
}
