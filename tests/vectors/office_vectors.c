/* Documents that others collected: their folders say what is in them, and harmless ones are quiet.
 */
#include <stdlib.h>

#include "content/archive_test_kit.h"
#include "document/document.h"
#include "tests/mail_corpora.h"

enum { PATH_BYTES = 4096 };

/* What must be found in every document of a folder, or of those whose name begins so. */
static const struct folder {
    const char *folder, *prefix, *finding;
} folders[] = {
    {"basic", "encrypted", "office.encrypted"},
    {"encrypted", "", "office.encrypted"},
    {"encrypted", "dde-test-encrypt-standardpassword", "office.dde"},
    {"encrypted", "autostart-encrypt-standardpassword", "office.vba.autoexec"},
    {"excel4-macros", "", "office.xlm"},
    {"msodde", "dde-test", "office.dde"},
    {"msodde", "dde-in", "office.dde"},
    {"ooxml", "dde-in", "office.dde"},
    {"oleform", "", "office.vba"},
    {"oleobj", "", "office.embedded-object"},
    {"oleobj/external_link", "", "office.relationship.external"},
    {"olevba", "sample_with_vba", "office.vba"},
    {"rtfobj", "", "office.rtf.exploit"},
};

/* Harmless, wherever they stand. */
static const char *const clean[] = {"msodde/harmless-clean.doc",
                                    "msodde/harmless-clean.docm",
                                    "msodde/harmless-clean.docx",
                                    "ooxml/harmless-clean.xml",
                                    "basic/text",
                                    "other/presentation.xps"};

static void show(const struct kit_run *r)
{
    for (size_t i = 0; i < r->report.findings.n; i++) {
        const struct finding *f = &r->report.findings.items[i];
        tap_note("%s %s [" STR_FMT "] " STR_FMT, severity_name(f->severity),
                 finding_kind(f->id)->name.p, STR_ARG(f->where.member), STR_ARG(f->evidence));
    }
}

/* Of the samples that are packed, as a mail with them would say. */
static const struct str passwords[] = {STR_INIT("infected-test")};

static void inspect(struct kit_run *r, const char *path)
{
    struct mp_err err = {0};
    struct str bytes = tap_read_file(path);
    const char *name = strrchr(path, '/');
    kit_prepare_within(r, content_limits_default(), str_from(name != NULL ? name + 1 : path), bytes,
                       passwords, ARRAY_LEN(passwords));
    tap_int(document_inspect(&r->content, &err), MP_OK);
    if (getenv("MAILPROOF_OFFICE_SHOW") != NULL)
        show(r);
}

static unsigned office_findings(const struct kit_run *r)
{
    unsigned n = 0;
    for (size_t id = 0; id < FINDING_COUNT; id++)
        if (str_starts(finding_kind((enum finding_id)id)->name, STR("office.")))
            n += r->report.findings.per_kind[id];
    return n;
}

static void check_document(const struct folder *f, const char *path)
{
    struct kit_run r;
    enum finding_id id;
    tap_case("%s in %s/%s", f->finding, f->folder, strrchr(path, '/') + 1);
    inspect(&r, path);
    tap_ok(finding_by_name(str_from(f->finding), &id));
    tap_ok(r.report.findings.per_kind[id] > 0);
    kit_clear(&r);
}

static void check_folder(const struct folder *f)
{
    char name[PATH_BYTES];
    snprintf(name, sizeof name, "corpora/oletools-testdata/%s", f->folder);
    const char *path = tap_shared_path(name);
    DIR *dir = path == NULL ? NULL : opendir(path);
    for (const struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        char file[PATH_BYTES];
        snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        if (e->d_type == DT_REG && str_starts(str_from(e->d_name), str_from(f->prefix)))
            check_document(f, file);
    }
    if (dir != NULL)
        closedir(dir);
}

static void check_clean(const char *file)
{
    char name[PATH_BYTES];
    struct kit_run r;
    snprintf(name, sizeof name, "corpora/oletools-testdata/%s", file);
    const char *path = tap_shared_path(name);
    tap_case("nothing in %s", file);
    if (path == NULL) {
        tap_skip("no shared data: set MAILPROOF_SHARED or put it at ../shared");
        return;
    }
    inspect(&r, path);
    tap_int(office_findings(&r), 0);
    tap_int(r.report.findings.n, 0);
    kit_clear(&r);
}

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(folders); i++)
        check_folder(&folders[i]);
    for (size_t i = 0; i < ARRAY_LEN(clean); i++)
        check_clean(clean[i]);
    return tap_done();
}
