/* Folders of rules and lists: which files are taken, in which order, and what is told of them. */
#include "run/content_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tap.h"

struct folder {
    char path[64];
    char files[8][128];
    size_t n;
};

static void folder_make(struct folder *f)
{
    *f = (struct folder){.path = "/tmp/mailproof-content-files-XXXXXX"};
    if (mkdtemp(f->path) == NULL)
        abort();
}

static void folder_put(struct folder *f, const char *name, const char *text)
{
    char path[sizeof f->files[0]];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    memcpy(f->files[f->n], path, sizeof path);
    FILE *file = fopen(f->files[f->n++], "we");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
}

static void folder_remove(struct folder *f)
{
    while (f->n > 0)
        unlink(f->files[--f->n]);
    rmdir(f->path);
}

static bool says(const struct mp_err *err, const char *text)
{
    bool has = str_search(str_from(err->text), str_from(text)) < strlen(err->text);
    if (!has)
        tap_note("%s", err->text);
    return has;
}

static int compile(const char *path, size_t *count, struct mp_err *err)
{
    struct yara_rules *r = NULL;
    int st = content_files_yara(&path, 1, &r, err);
    *count = st == MP_OK ? yara_rules_count(r) : 0;
    yara_rules_free(r);
    return st;
}

static void test_rules(void)
{
    struct folder f;
    struct mp_err err = {0};
    size_t n;
    folder_make(&f);
    tap_case("rules: a folder without any");
    folder_put(&f, "rules.txt", "rule Not { condition: true }");
    folder_put(&f, ".hidden.yar", "this is no rule");
    tap_int(compile(f.path, &n, &err), MP_E_IO);
    tap_ok(says(&err, "no file *.yar"));
    tap_case("rules: a folder that is not there");
    tap_int(compile("/nonexistent/rules", &n, &err), MP_E_IO);
    tap_ok(says(&err, "/nonexistent/rules: No such file"));
    if (yara_version() != NULL) {
        folder_put(&f, "b.yara", "rule Own { condition: true }");
        folder_put(&f, "a.YAR", "rule Own { condition: true } rule Other { condition: true }");
        tap_case("rules: all files of a folder that have the ending");
        tap_int(compile(f.path, &n, &err), MP_OK);
        tap_int(n, 3);
        tap_case("rules: one file, of any name");
        tap_int(compile(f.files[0], &n, &err), MP_OK);
        tap_int(n, 1);
        tap_case("rules: a mistake tells the file");
        folder_put(&f, "c.yar", "\nrule {}");
        tap_int(compile(f.path, &n, &err), MP_E_SYNTAX);
        tap_ok(says(&err, f.files[f.n - 1]) && says(&err, "c.yar:2: "));
    }
    folder_remove(&f);
}

#define HEAD "language: any\nsource: ours\ndate: 2026-01-31\n"

static void test_lists(void)
{
    struct arena arena = {.budget_bytes = 0};
    struct content_lists *lists = NULL;
    struct folder f;
    struct mp_err err = {0};
    size_t n = 7;
    arena_init(&arena, 64 << 20);
    tap_case("lists: those that are built in");
    tap_int(content_files_lists(&arena, NULL, &lists, &n, &err), MP_OK);
    tap_int(n, 0);
    tap_ok(lists != NULL && !content_lists_has(lists, LIST_EXTENSIONS_RISKY, STR("own1")));
    folder_make(&f);
    folder_put(&f, "extensions-risky.list", HEAD "mode: add\n\nown1\n");
    folder_put(&f, "README", "not a list");
    tap_case("lists: those of a folder over them");
    tap_int(content_files_lists(&arena, f.path, &lists, &n, &err), MP_OK);
    tap_int(n, 1);
    tap_ok(content_lists_has(lists, LIST_EXTENSIONS_RISKY, STR("own1")));
    tap_case("lists: a list that has no use is a mistake");
    folder_put(&f, "extensions-risk.list", HEAD "\nown2\n");
    lists = NULL;
    tap_int(content_files_lists(&arena, f.path, &lists, &n, &err), MP_E_USAGE);
    tap_ok(says(&err, "extensions-risk.list: no list has this name"));
    tap_ok(lists == NULL);
    tap_case("lists: a folder that is not there");
    tap_int(content_files_lists(&arena, "/nonexistent/lists", &lists, &n, &err), MP_E_IO);
    tap_ok(says(&err, "/nonexistent/lists: No such file"));
    folder_remove(&f);
    arena_clear(&arena);
}

int main(void)
{
    test_rules();
    test_lists();
    return tap_done();
}
