/* Archives of others, read in place: those on which unpackers disagree, and one small program in
 * many containers. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "content/archive_test_kit.h"

/* What the README of zip-ambiguity expects, by file; further files must have a finding too. */
static const struct {
    const char *file;
    enum finding_id wanted[3];
    size_t n;
} ambiguous[] = {
    {"bomb.zip", {FINDING_ARCHIVE_BOMB}, 1},
    {"concat.zip", {FINDING_ARCHIVE_CONCATENATED}, 1},
    {"dup.zip", {FINDING_ARCHIVE_DUPLICATE_MEMBER}, 1},
    {"enc_cd.zip", {FINDING_ARCHIVE_DIRECTORY_DIFFERS, FINDING_ARCHIVE_ENCRYPTED}, 2},
    {"enc_local.zip", {FINDING_ARCHIVE_DIRECTORY_DIFFERS, FINDING_ARCHIVE_ENCRYPTED}, 2},
    {"eocd_in_comment.zip", {FINDING_ARCHIVE_CONCATENATED}, 1},
    {"hidden_local.zip", {FINDING_ARCHIVE_HIDDEN_LOCAL, FINDING_ARCHIVE_EXECUTABLE}, 2},
    {"method_cd0.zip", {FINDING_ARCHIVE_DIRECTORY_DIFFERS}, 1},
    {"method_local0.zip", {FINDING_ARCHIVE_DIRECTORY_DIFFERS}, 1},
    {"namemismatch.zip", {FINDING_ARCHIVE_DIRECTORY_DIFFERS, FINDING_ARCHIVE_EXECUTABLE}, 2},
    {"overlap.zip", {FINDING_ARCHIVE_OVERLAP, FINDING_ARCHIVE_DUPLICATE_MEMBER}, 2},
    {"plainB.zip", {FINDING_ARCHIVE_EXECUTABLE}, 1},
    {"prefix.zip", {FINDING_ATTACH_POLYGLOT}, 1},
    {"traverse.zip", {FINDING_ARCHIVE_TRAVERSAL, FINDING_ARCHIVE_EXECUTABLE}, 2},
};

static bool run_file(struct kit_run *r, const char *folder, const char *file)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    struct str bytes = tap_read_file(path);
    if (bytes.p == NULL)
        return false;
    kit_inspect(r, str_from(file), bytes, NULL, 0);
    tap_int(r->status, MP_OK);
    tap_note("%s: " STR_FMT, file, STR_ARG(kit_findings(r)));
    return true;
}

static void ambiguity(const char *folder)
{
    for (size_t i = 0; i < ARRAY_LEN(ambiguous); i++) {
        struct kit_run r;
        tap_case("zip-ambiguity: %s", ambiguous[i].file);
        if (!run_file(&r, folder, ambiguous[i].file)) {
            tap_skip("not among the files here");
            continue;
        }
        for (size_t k = 0; k < ambiguous[i].n; k++)
            tap_ok(finding_has(&r.report.findings, ambiguous[i].wanted[k]));
        kit_clear(&r);
    }
}

/* Containers of which nothing is unpacked here; and what is inspected elsewhere (MIME, Office, PDF:
 * other rooms). Everything else must show the program, or the limit that kept it
 * from being seen. */
static bool is_elsewhere(struct str file)
{
    static const struct str endings[] = {
        STR_INIT("README.md"), STR_INIT(".html"),    STR_INIT(".uu"),      STR_INIT(".mail"),
        STR_INIT(".rtf"),      STR_INIT(".pdf"),     STR_INIT(".ppt"),     STR_INIT(".binhex"),
        STR_INIT(".arj"),      STR_INIT(".szdd"),    STR_INIT(".sis"),     STR_INIT(".tnef"),
        STR_INIT(".doc"),      STR_INIT(".xar"),     STR_INIT(".eml"),     STR_INIT(".mbox"),
        STR_INIT(".base64"),   STR_INIT(".bz2.zip"), STR_INIT(".impl.zip")};
    for (size_t i = 0; i < ARRAY_LEN(endings); i++)
        if (str_ends(file, endings[i]))
            return true;
    return false;
}

static void containers(const char *folder)
{
    DIR *dir = opendir(folder);
    for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        struct kit_run r;
        struct str file = str_from(entry->d_name);
        if (file.p[0] == '.' || is_elsewhere(file))
            continue;
        tap_case("clamav-testfiles: %s", entry->d_name);
        if (!tap_ok(run_file(&r, folder, entry->d_name)))
            continue;
        tap_ok(!r.report.complete || finding_has(&r.report.findings, FINDING_ARCHIVE_EXECUTABLE) ||
               finding_has(&r.report.findings, FINDING_ATTACH_EXTENSION_DANGEROUS));
        kit_clear(&r);
    }
    if (dir != NULL)
        closedir(dir);
}

int main(void)
{
    const char *zips = tap_shared_path("corpora/zip-ambiguity");
    const char *files = tap_shared_path("corpora/clamav-testfiles");
    archive_warm_up();
    if (zips == NULL || files == NULL) {
        tap_skip("the shared corpora are not here");
        return tap_done();
    }
    ambiguity(zips);
    containers(files);
    return tap_done();
}
