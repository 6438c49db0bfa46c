/* Names of members: those that leave their folder, and those that mean the same file. */
#include <stdlib.h>

#include "content/inspect_internal.h"
#include "content/name.h"

static bool is_separator(char c)
{
    return c == '/' || c == '\\';
}

/* Windows takes dots and spaces off the end of a name. */
static struct str trim_segment(struct str s)
{
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '.'))
        s.n--;
    return s;
}

/* The next piece between separators; false at the end. */
static bool next_segment(struct str *rest, struct str *out)
{
    if (rest->p == NULL)
        return false;
    size_t n = 0;
    while (n < rest->n && !is_separator(rest->p[n]))
        n++;
    *out = str_slice(*rest, 0, n);
    *rest = n == rest->n ? STR_NONE : str_slice(*rest, n + 1, rest->n);
    return true;
}

static bool has_parent_segment(struct str name)
{
    struct str segment;
    while (next_segment(&name, &segment)) {
        while (segment.n > 2 && segment.p[segment.n - 1] == ' ')
            segment.n--;
        if (str_eq(segment, STR("..")))
            return true;
    }
    return false;
}

/* Why a reader that believes the name writes elsewhere; NULL: it does not. */
static const char *escape(struct str name, bool is_unix)
{
    size_t separators = 0;
    while (separators < name.n && is_separator(name.p[separators]))
        separators++;
    if (separators == name.n) /* tables of ar are called so; nothing is written there */
        return NULL;
    if (name.n > 0 && is_separator(name.p[0]))
        return "an absolute path";
    if (name.n > 1 && is_alpha(name.p[0]) && name.p[1] == ':' && !is_unix)
        return "a path on another drive";
    if (has_parent_segment(name))
        return "a path that leaves its folder";
    if (!is_unix && str_has(name, ':'))
        return "a stream of another file (NTFS)";
    return NULL;
}

/* No system takes longer paths, so the middle of a name of many kilobytes is not looked at. */
static struct str head_of(struct str name)
{
    return str_slice(name, 0, CONTENT_MAX_NAME_BYTES);
}

void name_check_escape(struct inspector *in, struct str name, bool is_unix)
{
    const char *why = escape(head_of(name), is_unix);
    if (why != NULL)
        finding_add(in->site.findings, FINDING_ARCHIVE_TRAVERSAL, site_member(&in->site, name),
                    "%s: \"" STR_FMT "\"", why, STR_ARG(name));
}

/* The file that a folded name means: no empty or "." pieces, no dots and spaces behind one. */
static struct str same_file(struct arena *a, struct str name)
{
    char *out = arena_alloc(a, 1, name.n + 1);
    size_t n = 0;
    struct str segment;
    while (out != NULL && next_segment(&name, &segment)) {
        struct str s = str_eq(segment, STR("..")) ? segment : trim_segment(segment);
        if (s.n > 0 && n > 0)
            out[n++] = '/';
        for (size_t i = 0; i < s.n; i++)
            out[n++] = s.p[i];
    }
    return str_make(out, n);
}

int name_set_add(struct inspector *in, struct name_set *set, struct str name, struct mp_err *err)
{
    unsigned char hash[DIGEST_MAX_BYTES];
    if (str_ends(name, STR("/")))
        return MP_OK;
    if (set->n == set->cap) {
        size_t cap = set->cap == 0 ? 64 : set->cap * 2;
        struct name_key *grown = arena_grow(&in->scratch, set->keys, set->n, cap, sizeof *grown);
        if (grown == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for the names of an archive");
        set->keys = grown;
        set->cap = cap;
    }
    enum file_type kind = in->c->report->objects[in->archive].kind;
    bool as_it_is = kind == FILE_JAR || kind == FILE_APK; /* never unpacked to files */
    struct str folded = head_of(name);
    if (!as_it_is)
        folded = name_fold_path(&in->scratch, folded);
    if (!as_it_is && folded.p != NULL)
        folded = same_file(&in->scratch, folded);
    if (folded.p == NULL || !digest_once(DIGEST_SHA256, folded, hash))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the names of an archive");
    set->keys[set->n].name = name;
    memcpy(set->keys[set->n++].hash, hash, sizeof set->keys->hash);
    return MP_OK;
}

static int by_hash(const void *a, const void *b)
{
    const struct name_key *x = a, *y = b;
    return memcmp(x->hash, y->hash, sizeof x->hash);
}

void name_set_tell(struct inspector *in, struct name_set *set)
{
    if (set->n < 2)
        return;
    qsort(set->keys, set->n, sizeof *set->keys, by_hash);
    for (size_t i = 1; i < set->n; i++)
        if (by_hash(&set->keys[i - 1], &set->keys[i]) == 0 &&
            (i < 2 || by_hash(&set->keys[i - 2], &set->keys[i]) != 0))
            finding_add(in->site.findings, FINDING_ARCHIVE_DUPLICATE_MEMBER,
                        site_member(&in->site, set->keys[i].name),
                        "\"" STR_FMT "\" and \"" STR_FMT "\" are the same file",
                        STR_ARG(str_slice(set->keys[i - 1].name, 0, 80)),
                        STR_ARG(str_slice(set->keys[i].name, 0, 80)));
}
