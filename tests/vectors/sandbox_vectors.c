/* Archives of others, inspected here and in a worker: both must find the same, byte by byte, and no
 * worker may die of what our own code and libraries do on the way. */
#include <dirent.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "content/attach.h"
#include "content/inspect.h"
#include "content/lists.h"
#include "sandbox/sandbox_test_kit.h"

enum { DUMP_MAX_BYTES = 64 << 20, ARENA_BYTES = 400 << 20, PASSWORDS = 2 };

static const char *const folders[] = {
    "corpora/zip-ambiguity",           "corpora/clamav-testfiles",
    "corpora/oletools-testdata/ooxml", "corpora/oletools-testdata/encrypted",
    "corpora/oletools-testdata/other", "corpora/oletools-testdata/olevba"};
static const struct str passwords[PASSWORDS] = {STR_INIT("infected"), STR_INIT("virus")};

/* ---- the worker ---- */

struct program {
    struct arena arena;
    struct content_lists *lists;
};

static int load(void *data, const struct content_lists **lists, struct mp_err *err)
{
    struct program *p = data;
    archive_warm_up();
    arena_init(&p->arena, ARENA_BYTES);
    int st = content_lists_new(&p->arena, &p->lists, err);
    *lists = p->lists;
    return st;
}

static int inspect(void *data, struct content *c, struct mp_err *err)
{
    (void)data;
    return content_inspect(c, 0, err);
}

/* ---- what was found, as text ---- */

static void dump_object(struct buf *b, const struct content_object *o)
{
    buf_addf(b, "object %d %u %u %d %d %d %llu %s %zu %zu ", o->parent, o->depth, o->message_depth,
             o->has_bytes, o->cut, o->encrypted, (unsigned long long)o->size_bytes,
             file_type_name(o->kind), o->offset, o->length);
    for (size_t i = 0; o->has_bytes && i < sizeof o->sha256; i++)
        buf_addf(b, "%02x", o->sha256[i]);
    buf_addf(b, " %zu ", o->bytes.n);
    buf_add(b, o->member);
    for (size_t i = 0; i < o->n_names; i++) {
        buf_addf(b, " | %d %zu ", o->names[i].form, o->names[i].offset);
        utf8_add_printable(b, o->names[i].text, CONTENT_MAX_NAME_BYTES);
    }
    buf_addc(b, '\n');
}

static void dump(struct buf *b, const struct kit *k)
{
    const struct finding_list *list = &k->report.findings;
    buf_init(b, DUMP_MAX_BYTES);
    buf_addf(b, "complete %d, dropped %zu, left %u %llu\n", k->report.complete, list->dropped,
             k->budget.objects_left, (unsigned long long)k->budget.bytes_left);
    for (size_t i = 1; i < k->report.n; i++)
        dump_object(b, &k->report.objects[i]);
    for (size_t i = 0; i < list->n; i++) {
        const struct finding *f = &list->items[i];
        buf_addf(b, "finding ");
        buf_add(b, finding_kind(f->id)->name);
        buf_addf(b, " %s " STR_FMT " %zu %zu " STR_FMT ": ", severity_name(f->severity),
                 STR_ARG(f->where.part), f->where.offset, f->where.length,
                 STR_ARG(f->where.member));
        buf_add(b, f->evidence);
        buf_addc(b, '\n');
    }
}

static void kit_of(struct kit *k, struct str bytes, const struct mime_name *name,
                   const struct content_lists *lists)
{
    kit_init(k, bytes, ARENA_BYTES);
    k->content.lists = lists;
    k->content.passwords = passwords;
    k->content.n_passwords = PASSWORDS;
    k->objects[0].names = name;
    k->objects[0].n_names = 1;
    k->objects[0].kind = file_type_of(bytes);
    k->objects[0].size_bytes = bytes.n;
    digest_once(DIGEST_SHA256, bytes, k->objects[0].sha256);
}

static void compare(struct sandbox *sb, const struct content_lists *lists, const char *file,
                    struct str bytes)
{
    struct kit *here = malloc(sizeof *here), *there = malloc(sizeof *there);
    const struct mime_name name = {NAME_DISPOSITION, str_from(file), KIT_OFFSET};
    struct sandbox_result r = {0};
    struct buf a, b;
    if (here == NULL || there == NULL)
        abort();
    kit_of(here, bytes, &name, lists);
    kit_of(there, bytes, &name, lists);
    if (content_is_heavy(&here->objects[0])) {
        tap_int(content_inspect(&here->content, 0, NULL), MP_OK);
        tap_int(sandbox_inspect(sb, &there->content, 0, clock_mono_us() + PATIENCE_US, &r, NULL),
                MP_OK);
        outcome_is(r, SANDBOX_OK);
        dump(&a, here);
        dump(&b, there);
        tap_str(buf_str(&b), buf_str(&a));
        buf_clear(&a);
        buf_clear(&b);
    } else {
        tap_skip("nothing is packed in it");
    }
    arena_clear(&here->arena);
    arena_clear(&there->arena);
    free(here);
    free(there);
}

/* `skip` octets of each file are not the archive's. */
static void folder(struct sandbox *sb, const struct content_lists *lists, const char *path,
                   size_t skip)
{
    DIR *dir = opendir(path);
    for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        char name[1024];
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        struct str bytes = entry->d_name[0] == '.' ? STR_NONE : tap_read_file(name);
        if (bytes.p == NULL)
            continue;
        tap_case("the same in a worker: %s", entry->d_name);
        compare(sb, lists, entry->d_name, str_slice(bytes, skip, bytes.n));
    }
    if (dir != NULL)
        closedir(dir);
}

int main(int argc, char **argv)
{
    static struct program here;
    static char *args[] = {(char *)(uintptr_t) "vectors", (char *)(uintptr_t) "probe", NULL};
    const struct content_lists *lists = NULL;
    if (argc > 1 && strcmp(argv[1], "probe") == 0)
        return sandbox_worker_main(
            &(struct sandbox_worker){.load = load, .inspect = inspect, .data = &here});
    struct sandbox *sb = probe_sandbox(&(struct sandbox_config){.argv = args});
    if (load(&here, &lists, NULL) != MP_OK)
        abort();
    folder(sb, lists, tap_source_path("tests/seeds/archive"), 1); /* one of each format */
    folder(sb, lists, tap_source_path("tests/seeds/zip"), 0);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        const char *path = tap_shared_path(folders[i]);
        if (path == NULL) {
            tap_case("%s", folders[i]);
            tap_skip("the shared data is absent");
            continue;
        }
        folder(sb, lists, path, 0);
    }
    struct sandbox_counts counts;
    sandbox_counts(sb, &counts);
    tap_case("no worker died of it");
    tap_int(counts.crashed + counts.timeouts + counts.bad_answers, 0);
    sandbox_free(sb);
    arena_clear(&here.arena);
    return tap_done();
}
