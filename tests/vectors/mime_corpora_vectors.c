/* The views over others' mail: honest mail shows no difference
 * (corpora/spamassassin-public-corpus), and the trees of another parser agree with ours or the
 * difference is explained (corpora/mail-parser; tests/vectors/mime_deviations.tsv). */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "message/charset.h"
#include "mime/view.h"
#include "tests/tap.h"

enum { FILES_MAX = 5000, TEXT_MAX = 64 << 20, PERMILLE_STRONG = 1 };

static struct arena arena;

/* ---- files ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The files of a directory of the shared data, sorted. */
static size_t list_files(const char *dir, const char *suffix, char **names)
{
    const char *path = tap_shared_path(dir);
    DIR *d = path == NULL ? NULL : opendir(path);
    size_t n = 0;
    for (struct dirent *e; d != NULL && n < FILES_MAX && (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.' && str_ends(str_from(e->d_name), str_from(suffix)))
            names[n++] = strdup(e->d_name);
    if (d != NULL)
        closedir(d);
    qsort(names, n, sizeof *names, by_name);
    return n;
}

static struct str shared_file(const char *dir, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    const char *found = tap_shared_path(path);
    return found == NULL ? STR_NONE : tap_read_file(found);
}

static bool read_union(struct str raw, struct mime_union *u)
{
    struct message *m = arena_new(&arena, struct message, 1);
    struct finding_list findings;
    struct mp_err err = {0};
    finding_list_init(&findings, &arena);
    return tap_ok(raw.p != NULL) && tap_int(message_parse(&arena, raw, m, &err), MP_OK) &&
           tap_int(mime_union_read(&arena, m, &findings, u, &err), MP_OK);
}

/* ---- honest mail ---- */

struct tally {
    size_t messages, differ, cut, more_than_one_walk;
};

static void tally_directory(const char *dir, const char *suffix, struct tally *t)
{
    static char *names[FILES_MAX];
    size_t n = list_files(dir, suffix, names);
    for (size_t i = 0; i < n; i++) {
        struct mime_union u;
        bool unequal = false;
        arena_reset(&arena);
        if (!read_union(shared_file(dir, names[i]), &u))
            continue;
        for (size_t k = 0; k < u.n; k++)
            unequal |= u.payloads[k].views != (1u << VIEW_COUNT) - 1;
        t->messages++;
        t->differ += u.ambiguous;
        t->cut += !u.complete;
        t->more_than_one_walk += unequal;
        if (u.ambiguous)
            tap_note("%s/%s: mime.view-diff", dir, names[i]);
        free(names[i]);
    }
}

static void check_ham(void)
{
    static const char *const ham[] = {"easy-ham-1", "easy-ham-2", "hard-ham-1"};
    struct tally t = {0};
    tap_case("honest mail: mime.view-diff on at most 0.1 %% of it");
    for (size_t i = 0; i < ARRAY_LEN(ham); i++) {
        char dir[256];
        snprintf(dir, sizeof dir, "corpora/spamassassin-public-corpus/%s", ham[i]);
        tally_directory(dir, "", &t);
    }
    if (t.messages == 0) {
        tap_skip("the shared data is not here");
        return;
    }
    tap_note("honest mail: %zu messages, %zu differ, %zu cut by a limit, payloads unequal in %zu",
             t.messages, t.differ, t.cut, t.more_than_one_walk);
    tap_ok(t.differ * 1000 <= t.messages * PERMILLE_STRONG);
    tap_int(t.cut, 0);
}

static void tell_phishing(void)
{
    struct tally t = {0};
    tap_case("phishing: every message is read whole");
    tally_directory("corpora/phishing-pot", ".eml", &t);
    if (t.messages == 0) {
        tap_skip("the shared data is not here");
        return;
    }
    tap_note("phishing: %zu messages, %zu differ, payloads unequal in %zu", t.messages, t.differ,
             t.more_than_one_walk);
    tap_int(t.cut, 0);
}

/* ---- trees of mail-parser ---- */

/* Without white space: parsers differ in line ends, and this is not about them. */
static struct str squeeze(struct str s)
{
    char *out = malloc(s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] > ' ')
            out[n++] = s.p[i];
    return str_make(out, n);
}

static bool same_text(struct str a, struct str b)
{
    struct str x = squeeze(a), y = squeeze(b);
    bool same = str_eq(x, y);
    free((void *)(uintptr_t)x.p);
    free((void *)(uintptr_t)y.p);
    return same;
}

static bool payload_is(const struct mime_payload *p, struct str leaf)
{
    struct buf text;
    if (same_text(p->bytes, leaf))
        return true;
    buf_init(&text, TEXT_MAX);
    bool same = charset_add_utf8(&text, p->charset, p->bytes) && same_text(buf_str(&text), leaf);
    buf_clear(&text);
    return same;
}

static struct str leaf_bytes(const json_t *body, bool *leaf)
{
    const json_t *value = json_object_iter_value(json_object_iter((json_t *)(uintptr_t)body));
    *leaf = json_is_string(value) ||
            (json_is_array(value) && json_object_get(body, "Multipart") == NULL);
    if (json_is_string(value))
        return str_make(json_string_value(value), json_string_length(value));
    char *bytes = *leaf ? arena_alloc(&arena, json_array_size(value), 1) : NULL;
    for (size_t i = 0; bytes != NULL && i < json_array_size(value); i++)
        bytes[i] = (char)(unsigned char)json_integer_value(json_array_get(value, i));
    return str_make(bytes, bytes == NULL ? 0 : json_array_size(value));
}

/* Leaves of the tree that no payload is; messages within are taken apart (breadth first). */
static size_t count_missing(const json_t *tree, const struct mime_union *u, size_t *leaves)
{
    const json_t *queue[1000] = {tree};
    size_t missing = 0;
    for (size_t at = 0, n = 1; at < n; at++) {
        size_t i;
        json_t *part;
        json_array_foreach(json_object_get(queue[at], "parts"), i, part)
        {
            const json_t *body = json_object_get(part, "body");
            const json_t *message = json_object_get(body, "Message");
            bool leaf = false, found = false;
            struct str bytes = message == NULL ? leaf_bytes(body, &leaf) : STR_NONE;
            if (message != NULL && n < ARRAY_LEN(queue))
                queue[n++] = message;
            if (!leaf || str_trim(bytes).n == 0)
                continue;
            ++*leaves;
            for (size_t k = 0; k < u->n && !found; k++)
                found = payload_is(&u->payloads[k], bytes);
            missing += !found;
            if (!found)
                tap_note("missing: " STR_FMT, STR_ARG(str_slice(bytes, 0, 60)));
        }
    }
    return missing;
}

/* Is so much known to be missing, and why? */
static size_t known_missing(const char *id, struct str *reason)
{
    struct str rest = tap_source_file("tests/vectors/mime_deviations.tsv");
    while (rest.p != NULL) {
        struct str line = str_cut(&rest, '\n'), name = str_cut(&line, '\t');
        uint64_t n;
        if (str_eq(name, str_from(id)) && str_to_u64(str_cut(&line, '\t'), 1000, &n)) {
            *reason = line;
            return (size_t)n;
        }
    }
    return 0;
}

static void check_trees(const char *dir)
{
    static char *names[FILES_MAX];
    size_t n = list_files(dir, ".eml", names), all = 0, gone = 0;
    for (size_t i = 0; i < n; i++) {
        struct mime_union u;
        struct str reason = STR_NONE;
        char id[512], file[512];
        names[i][strlen(names[i]) - 4] = '\0';
        snprintf(id, sizeof id, "%s/%s", strrchr(dir, '/') + 1, names[i]);
        snprintf(file, sizeof file, "%s.eml", names[i]);
        arena_reset(&arena);
        tap_case("mail-parser: %s", id);
        if (!read_union(shared_file(dir, file), &u))
            continue;
        snprintf(file, sizeof file, "%s.json", names[i]);
        struct str text = shared_file(dir, file);
        json_t *tree = json_loadb(text.p, text.n, JSON_ALLOW_NUL, NULL);
        if (!tap_ok(tree != NULL))
            continue;
        size_t missing = count_missing(tree, &u, &all);
        gone += missing;
        if (!tap_int(missing, known_missing(id, &reason)))
            tap_note("payloads: %zu", u.n);
        else if (missing != 0)
            tap_note("explained: " STR_FMT, STR_ARG(reason));
        json_decref(tree);
        free(names[i]);
    }
    if (n != 0)
        tap_note("%s: %zu messages, %zu leaves, %zu of them explained away", dir, n, all, gone);
}

int main(void)
{
    static const char *const trees[] = {"corpora/mail-parser/eml/legacy",
                                        "corpora/mail-parser/eml/malformed",
                                        "corpora/mail-parser/eml/rfc",
                                        "corpora/mail-parser/eml/thirdparty"};
    arena_init(&arena, 1024u << 20);
    check_ham();
    tell_phishing();
    for (size_t i = 0; i < ARRAY_LEN(trees); i++)
        check_trees(trees[i]);
    arena_clear(&arena);
    return tap_done();
}
