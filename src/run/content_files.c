/* Folders of rules and lists, read in the order of their names. */
#include "run/content_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "run/read_file.h"

enum { FILES_ARENA_BYTES = YARA_MAX_RULES_BYTES + CONTENT_FILES_MAX * 8192 };

/* Of rules, or of lists. */
struct text_files {
    struct arena *arena; /* of paths and texts */
    size_t max_bytes;    /* of one */
    struct yara_text items[CONTENT_FILES_MAX];
    size_t n;
};

static struct text_files *files_new(struct arena *arena, size_t max_bytes)
{
    struct text_files *l = calloc(1, sizeof *l);
    if (l == NULL)
        return NULL;
    l->arena = arena;
    l->max_bytes = max_bytes;
    return l;
}

static int add_file(struct text_files *l, struct str path, struct mp_err *err)
{
    struct buf text;
    struct str copy = arena_copy(l->arena, path);
    if (copy.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the name of a file");
    if (l->n == CONTENT_FILES_MAX)
        return mp_fail(err, MP_E_LIMIT, CONTENT_FILES_MAX, "%s: more than %d files", copy.p,
                       CONTENT_FILES_MAX);
    buf_init(&text, l->max_bytes);
    int st = read_file(copy.p, &text, err);
    struct yara_text file = {copy.p, STR("")};
    if (st == MP_OK && text.n > 0)
        file.text = arena_copy(l->arena, buf_str(&text));
    buf_clear(&text);
    if (st != MP_OK)
        return st;
    if (file.text.p == NULL)
        return mp_fail(err, MP_E_LIMIT, 0, "%s: the files are too long together", copy.p);
    l->items[l->n++] = file;
    return MP_OK;
}

/* Files of the folder whose names end in one of `endings`; hidden ones are none. */
static int add_folder(struct text_files *l, const char *dir, const struct str *endings,
                      size_t n_endings, struct mp_err *err)
{
    struct dirent **entries = NULL;
    int n = scandir(dir, &entries, NULL, alphasort), st = MP_OK;
    if (n < 0)
        return mp_fail(err, MP_E_IO, errno, "%s: %s", dir, strerror(errno));
    for (int i = 0; i < n; i++) {
        struct str name = str_from(entries[i]->d_name);
        bool is_wanted = false;
        for (size_t k = 0; k < n_endings; k++)
            is_wanted = is_wanted || (name.n > endings[k].n && str_iends(name, endings[k]));
        if (st == MP_OK && is_wanted && name.p[0] != '.') {
            struct str parts[] = {str_from(dir), STR("/"), name};
            struct str path = arena_join(l->arena, parts, ARRAY_LEN(parts));
            st = path.p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "%s: no memory", dir)
                                : add_file(l, path, err);
        }
        free(entries[i]);
    }
    free(entries);
    return st;
}

static bool is_folder(const char *path)
{
    struct stat sb;
    return stat(path, &sb) == 0 && S_ISDIR(sb.st_mode);
}

/* ---- rules ---- */

static int add_rules(struct text_files *l, const char *path, struct mp_err *err)
{
    static const struct str endings[] = {STR_INIT(".yar"), STR_INIT(".yara")};
    size_t before = l->n;
    if (!is_folder(path))
        return add_file(l, str_from(path), err);
    int st = add_folder(l, path, endings, ARRAY_LEN(endings), err);
    if (st == MP_OK && l->n == before)
        st = mp_fail(err, MP_E_IO, 0, "%s: the folder has no file *.yar or *.yara", path);
    return st;
}

int content_files_yara(const char *const *paths, size_t n, struct yara_rules **out,
                       struct mp_err *err)
{
    struct arena arena = {.budget_bytes = 0};
    struct text_files *l = files_new(&arena, YARA_MAX_RULES_BYTES);
    if (l == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for YARA rules");
    int st = MP_OK;
    arena_init(&arena, FILES_ARENA_BYTES);
    for (size_t i = 0; st == MP_OK && i < n; i++)
        st = add_rules(l, paths[i], err);
    if (st == MP_OK)
        st = yara_rules_compile(l->items, l->n, out, err);
    free(l);
    arena_clear(&arena);
    return st;
}

/* ---- lists ---- */

int content_files_lists(struct arena *arena, const char *dir, struct content_lists **out,
                        size_t *n_files, struct mp_err *err)
{
    static const struct str ending = STR_INIT(".list");
    struct content_lists *lists = NULL;
    struct text_files *l = files_new(arena, CONTENT_LIST_MAX_BYTES);
    if (l == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for data lists");
    int st = content_lists_new(arena, &lists, err);
    if (st == MP_OK && dir != NULL)
        st = add_folder(l, dir, &ending, 1, err);
    for (size_t i = 0; st == MP_OK && i < l->n; i++)
        st = content_lists_parse(arena, str_from(l->items[i].file), l->items[i].text, lists, err);
    if (st == MP_OK) {
        *out = lists;
        *n_files = l->n;
    }
    free(l);
    return st;
}
