/* Documents and programs that are made of a ZIP: what belongs in them gives no findings, what does
 * not still does. */
#include "content/archive_test_kit.h"

static struct arena arena;

#define XML    STR_INIT("<?xml version=\"1.0\" encoding=\"UTF-8\"?><a/>")
#define SVG    STR_INIT("<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0\"/></svg>")
#define XHTML  STR_INIT("<!DOCTYPE html><html><head><title>t</title></head><body>x</body></html>")
#define OLE    STR_INIT("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0\0\0\0\0\0")
#define CLASS  STR_INIT("\xca\xfe\xba\xbe\0\0\0\x34\0\x1d\x0a\0\6\0\x0f\x09")
#define SCRIPT STR_INIT("#!/usr/bin/env node\nconsole.log(1);\n")
#define PNG    STR_INIT("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0")
#define PE                                                                                         \
    STR_INIT("MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0\xb8\0\0\0\0\0\0\0@"                             \
             "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0@"             \
             "\0\0\0PE\0\0L\1\3\0")

static const struct {
    const char *label, *name;
    struct kit_member members[10];
    const char *findings;
} rows[] = {
    {"DOCX",
     "report.docx",
     {{.name = "[Content_Types].xml", .data = XML},
      {.name = "_rels/.rels", .data = XML},
      {.name = "word/document.xml", .method = 8, .data = XML},
      {.name = "word/_rels/document.xml.rels", .data = XML},
      {.name = "word/media/image1.svg", .data = SVG},
      {.name = "word/media/image2.png", .data = PNG},
      {.name = "word/embeddings/oleObject1.bin", .data = OLE},
      {.name = "docProps/app.xml", .data = XML}},
     ""},
    {"XLSX with sizes behind the data",
     "table.xlsx",
     {{.name = "[Content_Types].xml", .method = 8, .flags = 8, .data = XML},
      {.name = "_rels/.rels", .method = 8, .flags = 8, .data = XML},
      {.name = "xl/workbook.xml", .method = 8, .flags = 8, .data = XML},
      {.name = "xl/printerSettings/printerSettings1.bin", .flags = 8, .method = 8, .data = XML},
      {.name = "xl/worksheets/sheet1.xml", .method = 8, .flags = 8, .data = XML}},
     ""},
    {"a program in a DOCX",
     "report.docx",
     {{.name = "[Content_Types].xml", .data = XML},
      {.name = "word/document.xml", .data = XML},
      {.name = "word/media/image1.png", .data = PE}},
     "executable"},
    {"a script beside what is in a DOCX",
     "report.docx",
     {{.name = "[Content_Types].xml", .data = XML},
      {.name = "word/document.xml", .data = XML},
      {.name = "start.js", .data = SCRIPT}},
     "executable"},
    {"ODT",
     "report.odt",
     {{.name = "mimetype", .data = STR_INIT("application/vnd.oasis.opendocument.text")},
      {.name = "content.xml", .method = 8, .data = XML},
      {.name = "Thumbnails/thumbnail.png", .data = PNG},
      {.name = "META-INF/manifest.xml", .method = 8, .data = XML}},
     ""},
    {"EPUB with a script and pages",
     "book.epub",
     {{.name = "mimetype", .data = STR_INIT("application/epub+zip")},
      {.name = "META-INF/container.xml", .data = XML},
      {.name = "OEBPS/chapter1.xhtml", .method = 8, .data = XHTML},
      {.name = "OEBPS/reader.js", .method = 8, .data = SCRIPT}},
     ""},
    {"the same bytes named ZIP show their members",
     "book.zip",
     {{.name = "mimetype", .data = STR_INIT("application/epub+zip")},
      {.name = "META-INF/container.xml", .data = XML},
      {.name = "OEBPS/reader.js", .method = 8, .data = SCRIPT}},
     "executable"},
    {"JAR: its classes are what the JAR itself is told for",
     "tool.jar",
     {{.name = "META-INF/", .flags = 8, .method = 8},
      {.name = "META-INF/MANIFEST.MF", .data = STR_INIT("Manifest-Version: 1.0\r\n\r\n")},
      {.name = "com/example/Main.class", .method = 8, .data = CLASS},
      {.name = "com/example/main.class", .method = 8, .data = CLASS},
      {.name = "META-INF/LICENSE", .data = XML},
      {.name = "META-INF/license/x.txt", .data = XML}},
     ""},
    {"a program for Windows in a JAR",
     "tool.jar",
     {{.name = "META-INF/MANIFEST.MF", .data = STR_INIT("Manifest-Version: 1.0\r\n\r\n")},
      {.name = "a/start.class", .data = PE}},
     "executable"},
    {"one name twice in a DOCX",
     "report.docx",
     {{.name = "[Content_Types].xml", .data = XML},
      {.name = "word/document.xml", .data = XML},
      {.name = "word/Document.xml", .data = XML}},
     "duplicate-member"},
};

int main(void)
{
    arena_init(&arena, 64 * 1024 * 1024);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kit_run r;
        size_t n = 0;
        while (n < ARRAY_LEN(rows[i].members) && rows[i].members[n].name != NULL)
            n++;
        tap_case("package: %s", rows[i].label);
        kit_inspect(&r, str_from(rows[i].name), kit_zip(&arena, rows[i].members, n, NULL), NULL, 0);
        tap_int(r.status, MP_OK);
        tap_ok(r.report.complete);
        tap_str(kit_findings(&r), str_from(rows[i].findings));
        kit_clear(&r);
    }
    arena_clear(&arena);
    return tap_done();
}
