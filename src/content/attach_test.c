/* The rules of attachments: for each what it is raised for, and what only nearly is. */
#include "content/attach_test_kit.h"

static struct kit kit;

enum kind_of { PAYLOAD, MEMBER, LISTED /* a member without bytes */ };

#define EICAR_1 "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-"
#define EICAR_2 "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
#define ZEROS   "\0\0\0\0\0\0\0\0"
/* The least that is a PE: its header within the first 64 bytes. */
#define PE_BYTES    "MZ" ZEROS "\0\0PE\0\0" ZEROS ZEROS ZEROS ZEROS ZEROS "\0\0\0\0\xc\0\0\0"
#define ELF_BYTES   "\177ELF\2\1\1"
#define LNK_BYTES   "L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0\0\0\0\0\0F"
#define PDF_BYTES   "%PDF-1.4\n1 0 obj\n%%EOF\n"
#define ZIP_END(at) "PK\5\6\0\0\0\0\1\0\1\0\x2f\0\0\0" at "\0\0\0\0\0"
#define ZIP_LOCAL   "PK\3\4\12\0\0\0\0\0" ZEROS ZEROS "\1\0\0\0a"
#define ZIP_ENTRY                                                                                  \
    "PK\1\2\12\0\12" ZEROS ZEROS "\0\0\0\0\0\1" ZEROS "\0\0\0\0\0"                                 \
    "\0\0\0\0a"
#define ZIP_BYTES ZIP_LOCAL ZIP_ENTRY ZIP_END("\x1f")

#define BLANKS10 "          "

static const struct row {
    const char *label;
    enum kind_of of;
    const char *names[KIT_MAX_NAMES];
    const char *type, *subtype, *disposition;
    struct str bytes;
    enum finding_id id;
    bool raised;
    enum severity severity;
    const char *evidence;
} rows[] = {
#define ROW(label, of, names, type, subtype, disposition, bytes, id, raised, severity, evidence)   \
    {label,           of, names,  type,           subtype, disposition,                            \
     STR_INIT(bytes), id, raised, SEV_##severity, evidence},
#define NAMES(...)                                                                                 \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define NOTHING ""
#include "content/attach_rows.def"
#undef ROW
};

static const enum mime_name_form order[] = {NAME_DISPOSITION, NAME_TYPE, NAME_LENIENT};

static void put(struct content_object *o, const struct row *r, struct mime_name *names)
{
    size_t n = 0;
    for (; n < KIT_MAX_NAMES && r->names[n] != NULL; n++)
        names[n] = (struct mime_name){.form = order[n], .text = str_from(r->names[n])};
    *o = (struct content_object){.part = STR("2"),
                                 .member = r->of == PAYLOAD ? STR("") : str_from(r->names[0]),
                                 .parent = -1,
                                 .bytes = r->bytes,
                                 .has_bytes = r->of != LISTED,
                                 .type = str_from(r->type),
                                 .subtype = str_from(r->subtype),
                                 .disposition = str_from(r->disposition),
                                 .names = names,
                                 .n_names = n,
                                 .kind = file_type_of(r->bytes),
                                 .offset = 100,
                                 .length = 50};
}

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct mime_name names[KIT_MAX_NAMES];
        tap_case("%s: %s", finding_kind(rows[i].id)->name.p, rows[i].label);
        kit_row(&kit);
        kit.report.n = 1;
        put(&kit.objects[0], &rows[i], names);
        attach_check(&kit.content, &kit.objects[0]);
        kit_expect(&kit, rows[i].id, rows[i].raised, rows[i].severity, rows[i].evidence);
        const struct finding *f = kit_find(&kit, rows[i].id);
        if (f != NULL) {
            tap_str(f->where.part, STR("2"));
            tap_str(f->where.member, kit.objects[0].member);
            tap_ok(f->where.has_offset);
            tap_int(f->where.offset, 100);
            tap_int(f->where.length, 50);
        }
    }
}

/* Names in each form that the MIME room gives. */
static const struct {
    const char *label;
    struct mime_name names[KIT_MAX_NAMES];
    bool raised;
    enum severity severity;
} conflicts[] = {
    {"encoded word and its text",
     {{NAME_DISPOSITION, STR_INIT("=?utf-8?q?a=C3=A9.pdf?="), 0},
      {NAME_DISPOSITION_2047, STR_INIT("a\xc3\xa9.pdf"), 0},
      {NAME_TYPE, STR_INIT("a?.pdf"), 0}},
     false,
     SEV_INFO},
    {"encoded word that nobody decodes",
     {{NAME_DISPOSITION, STR_INIT("=?utf-8?q?a.exe?="), 0}, {NAME_TYPE, STR_INIT("b.pdf"), 0}},
     true,
     SEV_HIGH},
    {"plain and RFC 2231",
     {{NAME_DISPOSITION, STR_INIT("invoice.pdf"), 0},
      {NAME_DISPOSITION_2231, STR_INIT("invoice.exe"), 0}},
     true,
     SEV_HIGH},
    {"decoded alike in both forms",
     {{NAME_TYPE_2047, STR_INIT("R\xc3\xa9sum\xc3\xa9 2.pdf"), 0},
      {NAME_DISPOSITION_2231, STR_INIT("re\xcc\x81sume\xcc\x81_2.pdf"), 0}},
     false,
     SEV_INFO},
    {"a charset that could not say it",
     {{NAME_TYPE, STR_INIT("r\xe9sum\xe9.pdf"), 0},
      {NAME_DISPOSITION_2231, STR_INIT("r\xc3\xa9sum\xc3\xa9.pdf"), 0}},
     false,
     SEV_INFO},
    {"the second of two parameters",
     {{NAME_DISPOSITION, STR_INIT("a.txt"), 0}, {NAME_LAST, STR_INIT("b.txt"), 0}},
     true,
     SEV_MEDIUM},
    {"a forgiving reader sees more of it",
     {{NAME_DISPOSITION, STR_INIT("my"), 0}, {NAME_LENIENT, STR_INIT("my file.pdf"), 0}},
     false,
     SEV_INFO},
    {"a forgiving reader sees a program",
     {{NAME_DISPOSITION, STR_INIT("my"), 0}, {NAME_LENIENT, STR_INIT("my file.exe"), 0}},
     true,
     SEV_HIGH},
    {"half read, as forgiving readers do",
     {{NAME_DISPOSITION_2231, STR_INIT("file.txt"), 0},
      {NAME_LENIENT, STR_INIT("UTF-8''file.txt"), 0},
      {NAME_LENIENT, STR_INIT("file."), 0}},
     false,
     SEV_INFO},
    {"half read, and then a program",
     {{NAME_LENIENT, STR_INIT("file.exe"), 0}, {NAME_DISPOSITION_2231, STR_INIT("file.txt"), 0}},
     true,
     SEV_HIGH},
    {"the graver of two differences is told",
     {{NAME_DISPOSITION, STR_INIT("a.txt"), 0},
      {NAME_TYPE, STR_INIT("b.txt"), 0},
      {NAME_LENIENT, STR_INIT("a.exe"), 0}},
     true,
     SEV_HIGH},
};

static void test_conflicts(void)
{
    for (size_t i = 0; i < ARRAY_LEN(conflicts); i++) {
        tap_case("attach.name.conflict: %s", conflicts[i].label);
        kit_row(&kit);
        size_t n = 0;
        while (n < KIT_MAX_NAMES && conflicts[i].names[n].text.n > 0)
            n++;
        kit.objects[0] = (struct content_object){.part = STR("1"),
                                                 .parent = -1,
                                                 .names = conflicts[i].names,
                                                 .n_names = n,
                                                 .kind = FILE_UNKNOWN};
        attach_check(&kit.content, &kit.objects[0]);
        kit_expect(&kit, FINDING_ATTACH_NAME_CONFLICT, conflicts[i].raised, conflicts[i].severity,
                   NULL);
    }
}

static void test_nul(void)
{
    static const struct mime_name names[] = {{NAME_TYPE, STR_INIT("a.exe\0.txt"), 0}};
    tap_case("attach.extension.dangerous: a reader stops at the NUL");
    kit_row(&kit);
    kit.objects[0] = (struct content_object){
        .part = STR("1"), .parent = -1, .names = names, .n_names = 1, .kind = FILE_UNKNOWN};
    attach_check(&kit.content, &kit.objects[0]);
    kit_expect(&kit, FINDING_ATTACH_EXTENSION_DANGEROUS, true, SEV_HIGH, "ends in .exe");
}

static void test_depth(void)
{
    for (unsigned depth = 0; depth < 5; depth++) {
        for (unsigned mail = 0; mail < 2; mail++) {
            tap_case("attach.message-nested: %u deep, %s", depth, mail ? "a mail" : "a text");
            kit_row(&kit);
            kit.objects[0] = (struct content_object){.part = STR("1.1.1"),
                                                     .parent = -1,
                                                     .message_depth = depth,
                                                     .kind = mail ? FILE_MAIL : FILE_TEXT};
            attach_check(&kit.content, &kit.objects[0]);
            attach_check(&kit.content, &kit.objects[0]);
            kit_expect(&kit, FINDING_ATTACH_MESSAGE_NESTED, depth + mail >= 3, SEV_LOW,
                       "messages around part 1.1.1");
            tap_int(kit.report.findings.per_kind[FINDING_ATTACH_MESSAGE_NESTED], depth + mail >= 3);
        }
    }
}

/* Inside a document or a program, what belongs there is not told again. */
static const struct {
    const char *label;
    enum file_type parent, kind;
    const char *name;
    enum finding_id id;
    bool raised;
} inner[] = {
    {"page in an e-book", FILE_EPUB, FILE_HTML, "text/a.xhtml", FINDING_ATTACH_EXTENSION_RISKY,
     false},
    {"page in an archive", FILE_ZIP, FILE_HTML, "text/a.xhtml", FINDING_ATTACH_EXTENSION_RISKY,
     true},
    {"class in a JAR", FILE_JAR, FILE_JAVA_CLASS, "a.class", FINDING_ARCHIVE_EXECUTABLE, false},
    {"class in an archive", FILE_ZIP, FILE_JAVA_CLASS, "a.class", FINDING_ARCHIVE_EXECUTABLE, true},
    {"program in a JAR", FILE_JAR, FILE_PE, "a.bin", FINDING_ARCHIVE_EXECUTABLE, true},
    {"program in a document", FILE_OOXML, FILE_PE, "word/a.bin", FINDING_ARCHIVE_EXECUTABLE, true},
};

static void test_inner(void)
{
    for (size_t i = 0; i < ARRAY_LEN(inner); i++) {
        struct mime_name name = {NAME_ENCODED, str_from(inner[i].name), 0};
        tap_case("%s: %s", finding_kind(inner[i].id)->name.p, inner[i].label);
        kit_row(&kit);
        kit.report.n = 2;
        kit.objects[0] = (struct content_object){.parent = -1, .kind = inner[i].parent};
        kit.objects[1] = (struct content_object){.member = name.text,
                                                 .parent = 0,
                                                 .names = &name,
                                                 .n_names = 1,
                                                 .kind = inner[i].kind,
                                                 .has_bytes = true,
                                                 .bytes = STR("x")};
        attach_check(&kit.content, &kit.objects[1]);
        kit_expect(&kit, inner[i].id, inner[i].raised, finding_kind(inner[i].id)->severity, NULL);
    }
}

static const struct {
    const char *label;
    const char *names[4];
    enum finding_id id;
    bool raised;
    enum severity severity;
    const char *evidence;
} archives[] = {
    {"file and its folder",
     {"a.pdf", "a.pdf /a.pdf .cmd"},
     FINDING_ARCHIVE_TWIN_DIRECTORY,
     true,
     SEV_CRITICAL,
     "a.pdf .cmd"},
    {"file and its empty folder",
     {"a.pdf", "a.pdf /"},
     FINDING_ARCHIVE_TWIN_DIRECTORY,
     true,
     SEV_CRITICAL,
     NULL},
    {"within a folder, another case",
     {"x/A.pdf", "x/a.pdf /run.bat"},
     FINDING_ARCHIVE_TWIN_DIRECTORY,
     true,
     SEV_CRITICAL,
     NULL},
    {"the folder alone says it",
     {"a.pdf /a.pdf .cmd"},
     FINDING_ARCHIVE_TWIN_DIRECTORY,
     true,
     SEV_CRITICAL,
     NULL},
    {"folder without the blank",
     {"a.pdf", "a.pdf.d/a.pdf"},
     FINDING_ARCHIVE_TWIN_DIRECTORY,
     false,
     SEV_INFO,
     NULL},
    {"folder with a blank, no such file",
     {"b.pdf", "notes /b.txt"},
     FINDING_ARCHIVE_TWIN_DIRECTORY,
     false,
     SEV_INFO,
     NULL},
    {"blank in the middle",
     {"a b", "a b/c"},
     FINDING_ARCHIVE_TWIN_DIRECTORY,
     false,
     SEV_INFO,
     NULL},
    {"alone", {"d/", "d/a.exe"}, FINDING_ARCHIVE_EXECUTABLE, true, SEV_HIGH, "single-file: "},
    {"with company",
     {"a.exe", "b.txt"},
     FINDING_ARCHIVE_EXECUTABLE,
     true,
     SEV_HIGH,
     "\"a.exe\" ends"},
};

static void test_archives(void)
{
    for (size_t i = 0; i < ARRAY_LEN(archives); i++) {
        struct mime_name names[4];
        tap_case("%s: members: %s", finding_kind(archives[i].id)->name.p, archives[i].label);
        kit_row(&kit);
        kit.objects[0] = (struct content_object){.parent = -1, .kind = FILE_ZIP};
        size_t n = 1;
        for (; n < 5 && archives[i].names[n - 1] != NULL; n++) {
            names[n - 1] = (struct mime_name){NAME_ENCODED, str_from(archives[i].names[n - 1]), 0};
            kit.objects[n] = (struct content_object){.member = names[n - 1].text,
                                                     .parent = 0,
                                                     .names = &names[n - 1],
                                                     .n_names = 1,
                                                     .kind = FILE_UNKNOWN};
        }
        kit.report.n = n;
        for (size_t j = 1; j < n; j++)
            attach_check(&kit.content, &kit.objects[j]);
        tap_int(attach_check_members(&kit.content, 0, NULL), MP_OK);
        kit_expect(&kit, archives[i].id, archives[i].raised, archives[i].severity,
                   archives[i].evidence);
        const struct finding *f = kit_find(&kit, archives[i].id);
        if (f != NULL && archives[i].evidence == NULL)
            tap_ok(str_search(f->evidence, STR("single-file")) == f->evidence.n);
    }
}

/* What an operator's list says holds. */
static void test_operator(void)
{
    static const struct str text =
        STR_INIT("language: any\nsource: us\ndate: 2026-01-31\nmode: add\nfoo\n");
    static const struct mime_name name = {NAME_TYPE, STR_INIT("a.FOO"), 0};
    tap_case("attach.extension.dangerous: by a list of the operator");
    kit_row(&kit);
    tap_int(content_lists_parse(&kit.arena, STR("extensions-dangerous.list"), text, kit.lists,
                                NULL),
            MP_OK);
    kit.objects[0] = (struct content_object){
        .part = STR("1"), .parent = -1, .names = &name, .n_names = 1, .kind = FILE_UNKNOWN};
    attach_check(&kit.content, &kit.objects[0]);
    kit_expect(&kit, FINDING_ATTACH_EXTENSION_DANGEROUS, true, SEV_HIGH, ".foo");
}

int main(void)
{
    kit_start(&kit);
    test_rows();
    test_conflicts();
    test_nul();
    test_depth();
    test_inner();
    test_archives();
    test_operator();
    arena_clear(&kit.arena);
    return tap_done();
}
