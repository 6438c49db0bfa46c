/* A Word document with a macro that shows one line of text when it is opened. */
#include "forge/forge_internal.h"

#define XML           "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n"
#define PACKAGE       "http://schemas.openxmlformats.org/package/2006/"
#define OFFICE        "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define MICROSOFT     "http://schemas.microsoft.com/office/2006/relationships"
#define WORD          "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
#define RELATIONSHIPS "application/vnd.openxmlformats-package.relationships+xml"

static const char macro_code[] =
    "Attribute VB_Name = \"Module1\"\r\n"
    "Sub AutoOpen()\r\n"
    "    MsgBox \"A macro of a mailproof test document ran. It does nothing else.\"\r\n"
    "End Sub\r\n";

static const char types[] =
    XML "<Types xmlns=\"" PACKAGE "content-types\">"
        "<Default Extension=\"rels\" ContentType=\"" RELATIONSHIPS "\"/>"
        "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
        "<Default Extension=\"bin\" ContentType=\"application/vnd.ms-office.vbaProject\"/>"
        "<Override PartName=\"/word/document.xml\" "
        "ContentType=\"application/vnd.ms-word.document.macroEnabled.main+xml\"/></Types>";
static const char package_relations[] =
    XML "<Relationships xmlns=\"" PACKAGE "relationships\"><Relationship Id=\"rId1\" "
        "Type=\"" OFFICE "/officeDocument\" Target=\"word/document.xml\"/></Relationships>";
static const char document_relations[] =
    XML "<Relationships xmlns=\"" PACKAGE "relationships\"><Relationship Id=\"rId1\" "
        "Type=\"" MICROSOFT "/vbaProject\" Target=\"vbaProject.bin\"/></Relationships>";
static const char document[] =
    XML "<w:document xmlns:w=\"" WORD "\"><w:body><w:p><w:r><w:t>"
        "This document tests whether macros are found.</w:t></w:r></w:p></w:body></w:document>";

int forge_docm(struct arena *a, struct forge_random *r, struct str *out, struct mp_err *err)
{
    struct str project;
    int st = forge_vba_project(a, STR(macro_code), &project, err);
    if (st != MP_OK)
        return st;
    const struct forge_file files[] = {{STR("[Content_Types].xml"), STR(types)},
                                       {STR("_rels/.rels"), STR(package_relations)},
                                       {STR("word/document.xml"), STR(document)},
                                       {STR("word/_rels/document.xml.rels"),
                                        STR(document_relations)},
                                       {STR("word/vbaProject.bin"), project}};
    return forge_zip(a, files, ARRAY_LEN(files), FORGE_ZIP_DEFLATED, STR_NONE, r, out, err);
}
