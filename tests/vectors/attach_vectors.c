/* Names, types and attachments in mail that others collected: what kind each file is, how often
 * each rule speaks in honest mail and in phishing, and names that readers take apart differently.
 */
#include <stdlib.h>

#include "content/attach.h"
#include "content/lists.h"
#include "content/place.h"
#include "tests/mail_corpora.h"

enum { PATH_BYTES = 4096 };

static struct arena arena, forever;
static struct content_lists *lists;

/* All findings attach.* and archive.* of a message; those live until the arena is reset. */
static bool check_message(struct str raw, struct content_report *report)
{
    struct message m;
    struct mime_union u;
    struct finding_list unused;
    struct mp_err err = {0};
    arena_reset(&arena);
    *report = (struct content_report){.complete = true};
    finding_list_init(&unused, &arena);
    finding_list_init(&report->findings, &arena);
    if (message_parse(&arena, raw, &m, &err) != MP_OK ||
        mime_union_read(&arena, &m, &unused, &u, &err) != MP_OK)
        return false;
    struct content c = {.arena = &arena, .lists = lists, .report = report};
    report->objects = arena_new(&arena, struct content_object, u.n + 1);
    for (size_t i = 0; report->objects != NULL && i < u.n; i++) {
        report->objects[report->n++] = content_object_of(&u.payloads[i]);
        attach_check(&c, &report->objects[i]);
    }
    return report->objects != NULL && !report->findings.starved;
}

/* ---- rates ---- */

static bool is_ours(enum finding_id id)
{
    struct str name = finding_kind(id)->name;
    return str_starts(name, STR("attach.")) || id == FINDING_ARCHIVE_TYPE_MISMATCH;
}

static void show(const char *path, const struct finding *f)
{
    if (getenv("MAILPROOF_ATTACH_SHOW") != NULL)
        tap_note("%s %s %s part " STR_FMT ": " STR_FMT, strrchr(path, '/') + 1,
                 severity_name(f->severity), finding_kind(f->id)->name.p, STR_ARG(f->where.part),
                 STR_ARG(f->evidence));
}

static void count_message(struct mail_corpus *c, const char *path)
{
    struct content_report report;
    struct str raw = tap_read_file(path);
    bool kinds[FINDING_COUNT] = {0}, graver = false;
    if (!tap_ok(raw.p != NULL && check_message(raw, &report)))
        return;
    for (size_t i = 0; i < report.findings.n; i++) {
        const struct finding *f = &report.findings.items[i];
        show(path, f);
        kinds[f->id] = true;
        graver |= f->severity >= SEV_HIGH;
    }
    c->messages++;
    c->grave += graver;
    for (size_t i = 0; i < FINDING_COUNT; i++)
        c->kinds[i] += kinds[i];
    free((char *)(uintptr_t)raw.p);
}

static void test_rates(void)
{
    static struct mail_corpus ham = CORPUS_HAM, phish = CORPUS_PHISHING;
    tap_case("honest mail: high findings of attachments in at most 0.2 %%");
    if (!corpus_count(&ham, count_message) || !corpus_count(&phish, count_message)) {
        tap_skip("no shared data: set MAILPROOF_SHARED or put it at ../shared");
        return;
    }
    tap_ok(ham.grave * 1000 <= ham.messages * 2);
    tap_ok(phish.grave > 0);
    tap_note("high or graver: ham %u of %u, phishing %u of %u", ham.grave, ham.messages,
             phish.grave, phish.messages);
    tap_note("%-28s %-8s %5s %8s", "finding (messages)", "", ham.label, phish.label);
    for (size_t i = 0; i < FINDING_COUNT; i++)
        if (is_ours((enum finding_id)i))
            tap_note("%-28s %-8s %5u %8u", finding_kind((enum finding_id)i)->name.p,
                     severity_name(finding_kind((enum finding_id)i)->severity), ham.kinds[i],
                     phish.kinds[i]);
}

/* ---- kinds of files ---- */

static const struct {
    const char *file;
    enum file_type want;
} files[] = {
    {"clam.exe", FILE_PE},
    {"clam-aspack.exe", FILE_PE},
    {"clam-fsg.exe", FILE_PE},
    {"clam-mew.exe", FILE_PE},
    {"clam-nsis.exe", FILE_PE},
    {"clam-pespin.exe", FILE_PE},
    {"clam-upack.exe", FILE_PE},
    {"clam.7z", FILE_SEVENZIP},
    {"clam.arj", FILE_ARJ},
    {"clam.bin-le.cpio", FILE_CPIO},
    {"clam.newc.cpio", FILE_CPIO},
    {"clam.odc.cpio", FILE_CPIO},
    {"clam.cab", FILE_CAB},
    {"clam.chm", FILE_CHM},
    {"clam.zip", FILE_ZIP},
    {"clam.d64.zip", FILE_ZIP},
    {"clam.exe.binhex", FILE_BINHEX},
    {"clam.exe.bz2", FILE_BZIP2},
    {"clam.exe.html", FILE_HTML},
    {"clam.exe.mbox.uu", FILE_MAIL},
    {"clam.exe.rtf", FILE_RTF},
    {"clam.exe.szdd", FILE_SZDD},
    {"clam.mail", FILE_MAIL},
    {"clam.pdf", FILE_PDF},
    {"clam.ppt", FILE_OLE},
    {"clam.sis", FILE_SIS},
    {"clam.tar.gz", FILE_GZIP},
    {"clam_cache_emax.tgz", FILE_GZIP},
};

/* Those that are not here are skipped; of the documents in oletools' data the extension tells. */
static void test_files(void)
{
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char name[PATH_BYTES];
        snprintf(name, sizeof name, "corpora/clamav-testfiles/%s", files[i].file);
        tap_case("kind of %s", files[i].file);
        const char *path = tap_shared_path(name);
        struct str bytes = path != NULL ? tap_read_file(path) : STR_NONE;
        if (bytes.p == NULL) {
            tap_skip("no shared data: set MAILPROOF_SHARED or put it at ../shared");
            continue;
        }
        tap_cstr(file_type_name(file_type_of(bytes)), file_type_name(files[i].want));
        free((char *)(uintptr_t)bytes.p);
    }
}

/* ---- names ---- */

/* Do the readers of a row read different names of the last part? Columns: file, id, validity, then
 * one a reader: names with "|" between them, in the first one behind "fn=". */
static bool readers_differ(struct str line)
{
    struct str first = STR_NONE;
    for (unsigned skip = 0; skip < 3; skip++)
        str_cut(&line, '\t');
    while (line.p != NULL) {
        struct str cell = str_cut(&line, '\t');
        if (str_starts(cell, STR("fn=")))
            cell = str_slice(cell, 3, cell.n);
        size_t bar = str_rfind(cell, '|');
        cell = bar < cell.n ? str_slice(cell, bar + 1, cell.n) : cell;
        if (first.p != NULL && !str_eq(first, cell))
            return true;
        first = cell;
    }
    return false;
}

static bool has_conflict(const char *path, struct str raw)
{
    struct content_report report;
    if (!tap_ok(raw.p != NULL && check_message(raw, &report)))
        return false;
    for (size_t i = 0; i < report.findings.n; i++)
        show(path, &report.findings.items[i]);
    return finding_has(&report.findings, FINDING_ATTACH_NAME_CONFLICT);
}

static void test_names(void)
{
    const char *table = tap_shared_path("corpora/mime-is-broken/expected-filenames.tsv");
    unsigned differ = 0, told = 0, agree = 0, told_agree = 0;
    tap_case("names that readers read differently are told, most of them");
    if (table == NULL) {
        tap_skip("no shared data: set MAILPROOF_SHARED or put it at ../shared");
        return;
    }
    struct str text = tap_read_file(table), rest = text;
    str_cut(&rest, '\n');
    while (rest.n > 0) {
        char path[PATH_BYTES];
        struct str line = str_cut(&rest, '\n'), cells = line, file = str_cut(&cells, '\t');
        snprintf(path, sizeof path, "%.*s/" STR_FMT, (int)(strrchr(table, '/') - table), table,
                 STR_ARG(file));
        struct str raw = tap_read_file(path);
        bool told_here = has_conflict(path, raw), differ_here = readers_differ(line);
        differ += differ_here;
        told += differ_here && told_here;
        agree += !differ_here;
        told_agree += !differ_here && told_here;
        if (getenv("MAILPROOF_ATTACH_SHOW") != NULL && told_here != differ_here)
            tap_note("%s: " STR_FMT, told_here ? "told" : "not told", STR_ARG(line));
        free((char *)(uintptr_t)raw.p);
    }
    tap_note("readers differ: %u, told %u; readers agree: %u, told %u", differ, told, agree,
             told_agree);
    tap_ok(told * 10 >= differ * 8);
    free((char *)(uintptr_t)text.p);
}

int main(void)
{
    struct mp_err err = {0};
    arena_init(&arena, 512u << 20);
    arena_init(&forever, 16u << 20);
    if (content_lists_new(&forever, &lists, &err) != MP_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    test_rates();
    test_files();
    test_names();
    arena_clear(&arena);
    arena_clear(&forever);
    return tap_done();
}
