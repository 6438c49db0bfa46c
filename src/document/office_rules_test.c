/* Rows for the rules office.*: what each tells of, and what comes near and is honest. */
#include "content/archive_test_kit.h"
#include "document/document.h"
#include "office/office_test_kit.h"

enum { QUIET = -1 };

static struct arena arena;
static struct content_lists *lists; /* with own.test */

static struct str project(const char *source)
{
    return mk_project(&arena, source);
}

static struct str one_stream(const char *storage, const char *name, struct str bytes)
{
    struct mk_stream s = {storage, name, bytes};
    return mk_cfb(&arena, &s, 1, NULL);
}

static struct str auto_shell(void)
{
    return project(
        "Attribute A = 1\r\nSub AutoOpen()\r\nCreateObject(\"WScript.Sh\" & \"ell\")\r\n");
}
static struct str auto_only(void)
{
    return project("Attribute A = 1\r\nSub Document_Open()\r\nMsgBox 1\r\n");
}
static struct str shell_only(void)
{
    return project("Attribute A = 1\r\nSub Start()\r\nShell \"calc\"\r\n' AutoOpen\r\n");
}
static struct str stomped(void)
{
    return project("");
}
static struct str no_project(void)
{
    return one_stream("VBA", "notes", STR("Attribute VB_Name"));
}
static struct str macro_sheet(void)
{
    return one_stream(NULL, "Workbook",
                      STR("\x09\x08\x04\0\0\6\5\0\x85\0\x0a\0\0\0\0\0\1\1\2\0M1"));
}
static struct str plain_sheet(void)
{
    return one_stream(NULL, "Workbook",
                      STR("\x09\x08\x04\0\0\6\5\0\x85\0\x0a\0\0\0\0\0\1\0\2\0M1"));
}
static struct str native(struct str head, struct str tail)
{
    struct str stream = arena_join(&arena, (struct str[]){STR("\x30\0\0\0"), head, tail}, 3);
    return one_stream(NULL, "\1Ole10Native", stream);
}
static struct str package_program(void)
{
    return native(STR("\2\0a.pdf\0C:\\a.exe\0\0\0\3\0"), STR("\2\0\0\0x\0\4\0\0\0data"));
}
static struct str package_text(void)
{
    return native(STR("\2\0a.txt\0C:\\a.txt\0\0\0\3\0"), STR("\2\0\0\0x\0\4\0\0\0data"));
}
static struct str package_command(void)
{
    return native(STR("\2\0Open\0C:\\icon.ico\0\0\0\1\0"), STR("\1\0C:\\x.lnk\0"));
}
/* A ZIP in a stream, and behind all streams. */
static struct str zipped(void)
{
    static const struct kit_member m = {.name = "a.exe", .data = STR_INIT("MZ")};
    return kit_zip(&arena, &m, 1, NULL);
}
static struct str zip_within(void)
{
    return one_stream(NULL, "Data", zipped());
}
static struct str zip_behind(void)
{
    return arena_join(&arena, (struct str[]){plain_sheet(), zipped()}, 2);
}
static struct str encrypted(void)
{
    return one_stream(NULL, "EncryptedPackage", STR("x"));
}
static struct str not_encrypted(void)
{
    return one_stream("Folder", "EncryptedPackage", STR("x"));
}
static struct str fonts(unsigned n)
{
    struct buf b;
    buf_init(&b, MK_MAX_BYTES);
    buf_addz(&b, "{\\rtf1{\\fonttbl");
    for (unsigned i = 0; i < n; i++)
        buf_addf(&b, "{\\f%u A;}", i);
    return mk_done(&arena, &b);
}
static struct str many_fonts(void)
{
    return fonts(10001);
}
static struct str some_fonts(void)
{
    return fonts(500);
}
static struct str font_tables(unsigned n)
{
    struct buf b;
    buf_init(&b, MK_MAX_BYTES);
    buf_addz(&b, "{\\rtf1");
    while (n-- > 0)
        buf_addz(&b, "{\\fonttbl}");
    return mk_done(&arena, &b);
}
static struct str many_font_tables(void)
{
    return font_tables(101);
}
static struct str some_font_tables(void)
{
    return font_tables(100);
}

#define REL(type, target)                                                                          \
    STR_INIT("<Relationships><Relationship Type=\"http://x/" type "\" Target=\"" target            \
             "\" TargetMode=\"External\"/></Relationships>")

static const struct row {
    const char *label;
    enum finding_id id;
    const char *name, *part; /* of a payload; in a package, or NULL */
    struct str bytes;        /* or: */
    struct str (*make)(void);
    int severity;
    const char *evidence;
} rows[] = {
    {"macros", FINDING_OFFICE_VBA, "a.doc", NULL, .make = shell_only, SEV_MEDIUM,
     "modules: Module1"},
    {"macros of a package", FINDING_OFFICE_VBA, "a.docm", "word/vbaProject.bin", .make = shell_only,
     SEV_MEDIUM, "modules: Module1"},
    {"under another name", FINDING_OFFICE_VBA, "a.docx", "word/media/image1.png",
     .make = shell_only, SEV_MEDIUM, "modules: Module1"},
    {"a storage of that name alone", FINDING_OFFICE_VBA, "a.doc", NULL, .make = no_project, QUIET,
     ""},
    {"they start", FINDING_OFFICE_VBA_AUTOEXEC, "a.doc", NULL, .make = auto_only, SEV_HIGH,
     "it starts by: document_open"},
    {"they are started", FINDING_OFFICE_VBA_AUTOEXEC, "a.doc", NULL, .make = shell_only, QUIET, ""},
    {"they start and call", FINDING_OFFICE_VBA_SUSPICIOUS, "a.doc", NULL, .make = auto_shell,
     SEV_CRITICAL, "it starts by: autoopen; it calls: wscript.shell"},
    {"they start", FINDING_OFFICE_VBA_SUSPICIOUS, "a.doc", NULL, .make = auto_only, QUIET, ""},
    {"they call", FINDING_OFFICE_VBA_SUSPICIOUS, "a.doc", NULL, .make = shell_only, QUIET, ""},
    {"no source", FINDING_OFFICE_VBA_STOMPED, "a.doc", NULL, .make = stomped, SEV_HIGH,
     "compiled code, but no source: Module1"},
    {"source", FINDING_OFFICE_VBA_STOMPED, "a.doc", NULL, .make = shell_only, QUIET, ""},
    {"a macro sheet", FINDING_OFFICE_XLM, "a.xls", NULL, .make = macro_sheet, SEV_HIGH,
     "macro sheet \"M1\" (hidden)"},
    {"a sheet", FINDING_OFFICE_XLM, "a.xls", NULL, .make = plain_sheet, QUIET, ""},
    {"a macro sheet of a package", FINDING_OFFICE_XLM, "a.xlsm", "xl/_rels/workbook.xml.rels",
     REL("xlMacrosheet", "m.xml"), .severity = SEV_HIGH, "m.xml"},
    {"a macro sheet as text", FINDING_OFFICE_XLM, "a.slk", NULL, STR_INIT("ID;P\nO;E\nE\n"),
     .severity = SEV_HIGH, "a macro sheet"},
    {"a template", FINDING_OFFICE_RELATIONSHIP_EXTERNAL, "a.docx", "word/_rels/settings.xml.rels",
     REL("attachedTemplate", "https://a.test/t.dotm"), .severity = SEV_HIGH,
     "attachedTemplate: https://a.test/t.dotm"},
    {"a template on a share", FINDING_OFFICE_RELATIONSHIP_EXTERNAL, "a.docx",
     "word/_rels/settings.xml.rels", REL("attachedTemplate", "file:///\\\\a.test\\s\\t.dotm"),
     .severity = SEV_HIGH, "attachedTemplate: file:///\\\\a.test\\s\\t.dotm"},
    {"a template of the same machine", FINDING_OFFICE_RELATIONSHIP_EXTERNAL, "a.docx",
     "word/_rels/settings.xml.rels", REL("attachedTemplate", "file:///C:/t/Normal.dotm"),
     .severity = QUIET, ""},
    {"another workbook beside it", FINDING_OFFICE_RELATIONSHIP_EXTERNAL, "a.xlsx",
     "xl/externalLinks/_rels/externalLink1.xml.rels", REL("externalLinkPath", "Budget%202.xlsx"),
     .severity = QUIET, ""},
    {"a template of our own house", FINDING_OFFICE_RELATIONSHIP_EXTERNAL, "a.docx",
     "word/_rels/settings.xml.rels", REL("attachedTemplate", "https://share.own.test/t.dotm"),
     .severity = QUIET, ""},
    {"a hyperlink", FINDING_OFFICE_RELATIONSHIP_EXTERNAL, "a.docx", "word/_rels/document.xml.rels",
     REL("hyperlink", "https://a.test/"), .severity = QUIET, ""},
    {"a hyperlink to an address", FINDING_OFFICE_RELATIONSHIP_EXTERNAL, "a.docx",
     "word/_rels/document.xml.rels", REL("hyperlink", "http://192.0.2.1/x"), .severity = SEV_MEDIUM,
     "hyperlink: http://192.0.2.1/x"},
    {"a picture of a web site", FINDING_OFFICE_RELATIONSHIP_EXTERNAL, "a.docx",
     "word/_rels/document.xml.rels", REL("image", "https://a.test/logo.png"), .severity = QUIET,
     ""},
    {"a picture of a share", FINDING_OFFICE_RELATIONSHIP_EXTERNAL, "a.docx",
     "word/_rels/document.xml.rels", REL("image", "\\\\a.test\\s\\logo.png"), .severity = SEV_HIGH,
     "image: \\\\a.test\\s\\logo.png"},
    {"a template of RTF", FINDING_OFFICE_RELATIONSHIP_EXTERNAL, "a.rtf", NULL,
     STR_INIT("{\\rtf1{\\*\\template http://a.test/t}}"), .severity = SEV_HIGH,
     "attachedTemplate: http://a.test/t"},
    {"a handler", FINDING_OFFICE_RELATIONSHIP_HANDLER, "a.docx", "word/_rels/document.xml.rels",
     REL("oleObject", "mhtml:http://a.test/x.html!x-usc:http://a.test/x.html"),
     .severity = SEV_CRITICAL, "oleObject: mhtml:http://a.test/x.html!x-usc:http://a.test/x.html"},
    {"a page behind a moniker", FINDING_OFFICE_RELATIONSHIP_HANDLER, "a.docx",
     "word/_rels/document.xml.rels", REL("oleObject", "https://a.test/x.html!"),
     .severity = SEV_CRITICAL, "oleObject: https://a.test/x.html!"},
    {"a place in a workbook", FINDING_OFFICE_RELATIONSHIP_HANDLER, "a.docx",
     "word/_rels/document.xml.rels", REL("oleObject", "file:///C:/b.xlsx!Sheet1!A1:B2"),
     .severity = QUIET, ""},
    {"an address with a sign", FINDING_OFFICE_RELATIONSHIP_HANDLER, "a.docx",
     "word/_rels/document.xml.rels", REL("hyperlink", "https://a.test/mhtml:/wow!"),
     .severity = QUIET, ""},
    {"DDE", FINDING_OFFICE_DDE, "a.docx", "word/document.xml",
     STR_INIT("<w:fldSimple w:instr=\"DDEAUTO c:\\x\"/>"), .severity = SEV_HIGH, "DDEAUTO c:\\x"},
    {"a bookmark", FINDING_OFFICE_DDE, "a.docx", "word/document.xml",
     STR_INIT("<w:fldSimple w:instr=\"REF DDE_LINK1\"/>"), .severity = QUIET, ""},
    {"DDE in a table", FINDING_OFFICE_DDE, "a.csv", NULL, STR_INIT("1,=cmd|'/c calc'!A1\r\n"),
     .severity = SEV_HIGH, "=cmd|'/c calc'!A1"},
    {"the same in a text", FINDING_OFFICE_DDE, "a.txt", NULL, STR_INIT("1,=cmd|'/c calc'!A1\r\n"),
     .severity = QUIET, ""},
    {"a program", FINDING_OFFICE_EMBEDDED, "a.doc", NULL, .make = package_program, SEV_HIGH,
     "file \"a.exe\", shown as \"a.pdf\""},
    {"it is a member, too", FINDING_ARCHIVE_EXECUTABLE, "a.doc", NULL, .make = package_program,
     SEV_HIGH, "\"a.exe\" ends in .exe"},
    {"a text", FINDING_OFFICE_EMBEDDED, "a.doc", NULL, .make = package_text, SEV_MEDIUM,
     "file \"a.txt\""},
    {"a command", FINDING_OFFICE_EMBEDDED, "a.doc", NULL, .make = package_command, SEV_HIGH,
     "a double click starts \"C:\\x.lnk\", shown as \"Open\""},
    {"a ZIP in a stream is no archive of the file", FINDING_ARCHIVE_EXECUTABLE, "a.doc", NULL,
     .make = zip_within, QUIET, ""},
    {"behind it, it is", FINDING_ARCHIVE_EXECUTABLE, "a.doc", NULL, .make = zip_behind, SEV_HIGH,
     "single-file: \"a.exe\" ends in .exe"},
    {"in a package", FINDING_OFFICE_EMBEDDED, "a.docx", "word/embeddings/oleObject1.bin",
     .make = plain_sheet, SEV_MEDIUM, "an object of OLE, 2560 bytes"},
    {"a document itself", FINDING_OFFICE_EMBEDDED, "a.xls", NULL, .make = plain_sheet, QUIET, ""},
    {"in RTF", FINDING_OFFICE_EMBEDDED, "a.rtf", NULL,
     STR_INIT("{\\rtf1{\\*\\objdata 01050000020000000200000041000000000000000000000000000}}"),
     .severity = SEV_MEDIUM, "objects: A"},
    {"an object that updates itself", FINDING_OFFICE_RTF_EXPLOIT, "a.rtf", NULL,
     STR_INIT("{\\rtf1{\\object\\objupdate}}"), .severity = SEV_HIGH,
     "an object that updates itself"},
    {"an object", FINDING_OFFICE_RTF_EXPLOIT, "a.rtf", NULL,
     STR_INIT("{\\rtf1{\\object\\objemb{\\*\\objclass Word.Document.8}}}"), .severity = QUIET, ""},
    {"an equation", FINDING_OFFICE_RTF_EXPLOIT, "a.rtf", NULL,
     STR_INIT("{\\rtf1{\\object\\objemb{\\*\\objclass Equation.3}}}"), .severity = SEV_HIGH,
     "an object of the equation editor"},
    {"an odd head", FINDING_OFFICE_RTF_EXPLOIT, "a.rtf", NULL, STR_INIT("{\\rt1 x}"),
     .severity = SEV_HIGH, "a head that is not {\\rtf1"},
    {"font tables", FINDING_OFFICE_RTF_EXPLOIT, "a.rtf", NULL, .make = many_font_tables, SEV_HIGH,
     "more than 100 font tables"},
    {"fonts", FINDING_OFFICE_RTF_EXPLOIT, "a.rtf", NULL, .make = many_fonts, SEV_HIGH,
     "more than 10000 fonts"},
    {"some fonts", FINDING_OFFICE_RTF_EXPLOIT, "a.rtf", NULL, .make = some_fonts, QUIET, ""},
    {"some font tables", FINDING_OFFICE_RTF_EXPLOIT, "a.rtf", NULL, .make = some_font_tables, QUIET,
     ""},
    {"encrypted", FINDING_OFFICE_ENCRYPTED, "a.docx", NULL, .make = encrypted, SEV_MEDIUM,
     "an encrypted package"},
    {"a stream of that name elsewhere", FINDING_OFFICE_ENCRYPTED, "a.doc", NULL,
     .make = not_encrypted, QUIET, ""},
};

static struct str payload(const struct row *row)
{
    struct str bytes = row->make != NULL ? row->make() : row->bytes;
    if (row->part == NULL)
        return bytes;
    struct kit_member members[] = {{.name = "[Content_Types].xml", .data = STR_INIT("<?xml?><a/>")},
                                   {.name = row->part, .method = ZIP_DEFLATE, .data = bytes}};
    return kit_zip(&arena, members, ARRAY_LEN(members), NULL);
}

static const struct finding *inspect(struct kit_run *r, const char *name, struct str bytes,
                                     enum finding_id id)
{
    struct mp_err err = {0};
    kit_prepare(r, str_from(name), bytes);
    r->content.lists = lists;
    tap_int(document_inspect(&r->content, &err), MP_OK);
    return kit_find(r, id);
}

static void test_password(void)
{
    struct str said[] = {STR("4711"), STR(MK_PASSWORD)};
    struct mp_err err = {0};
    struct kit_run r;
    for (size_t n = 1; n <= ARRAY_LEN(said); n++) {
        tap_case("office.encrypted: the mail says %zu words that may be the password", n);
        kit_prepare_within(&r, content_limits_default(), STR("a.xlsx"), mk_encrypted(&arena), said,
                           n);
        tap_int(document_inspect(&r.content, &err), MP_OK);
        const struct finding *f = kit_find(&r, FINDING_OFFICE_ENCRYPTED);
        tap_ok(f != NULL && f->severity == (n == 2 ? SEV_HIGH : SEV_MEDIUM));
        if (f != NULL)
            tap_str(f->evidence,
                    n == 2 ? STR("an encrypted package, its password \"1234\" stands in the mail")
                           : STR("an encrypted package"));
        tap_int(r.report.n, n);
        if (r.report.n == 2)
            tap_str(r.report.objects[1].bytes, STR("PK, and what follows it."));
        kit_clear(&r);
    }
}

static void check(const struct row *row)
{
    struct kit_run r;
    tap_case("%s: %s", finding_kind(row->id)->name.p, row->label);
    const struct finding *f = inspect(&r, row->name, payload(row), row->id);
    tap_int(f != NULL ? (int)f->severity : QUIET, row->severity);
    if (f != NULL)
        tap_str(f->evidence, str_from(row->evidence));
    kit_clear(&r);
}

/* What a person and the rules of the message read later. */
static void test_found(void)
{
    struct kit_run r;
    tap_case("office: the source of macros is a text of the report");
    inspect(&r, "a.doc", auto_only(), FINDING_OFFICE_VBA);
    tap_int(r.report.n_texts, 1);
    if (r.report.n_texts == 1) {
        tap_int(r.report.texts[0].kind, TEXT_MACRO);
        tap_str(r.report.texts[0].name, STR("Module1"));
        tap_ok(str_search(r.report.texts[0].text, STR("Sub Document_Open()")) <
               r.report.texts[0].text.n);
    }
    kit_clear(&r);
    tap_case("office: what people read is a text of the report");
    struct row text = {.part = "word/document.xml", .bytes = STR("<w:p><w:t>Call us</w:t></w:p>")};
    inspect(&r, "a.docx", payload(&text), FINDING_OFFICE_VBA);
    tap_int(r.report.n_texts, 1);
    if (r.report.n_texts == 1) {
        tap_int(r.report.texts[0].kind, TEXT_SEEN);
        tap_str(r.report.texts[0].text, STR("Call us\n"));
    }
    kit_clear(&r);
    tap_case("office: hyperlinks and parts from outside are links of the report");
    struct row row = {.part = "word/_rels/document.xml.rels",
                      .bytes = STR("<a><Relationship Type='/hyperlink' Target='https://a.test/' "
                                   "TargetMode='External'/><Relationship Type='/oleObject' "
                                   "Target='https://b.test/' TargetMode='External'/></a>")};
    inspect(&r, "a.docx", payload(&row), FINDING_OFFICE_VBA);
    tap_int(r.report.n_links, 2);
    if (r.report.n_links == 2) {
        tap_str(r.report.links[0].url, STR("https://a.test/"));
        tap_int(r.report.links[0].source, LINK_OFFICE);
        tap_int(r.report.links[1].source, LINK_OFFICE_PART);
    }
    kit_clear(&r);
}

int main(void)
{
    struct mp_err err = {0};
    arena_init(&arena, 256u << 20);
    if (content_lists_new(&arena, &lists, &err) != MP_OK ||
        content_lists_add_domain(&arena, LIST_DOMAINS_OWN, STR("own.test"), lists, &err) != MP_OK)
        abort();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check(&rows[i]);
    test_found();
    test_password();
    arena_clear(&arena);
    return tap_done();
}
