/* For tests: inspects bytes as a worker does, and tells what was found. */
#ifndef MP_CONTENT_ARCHIVE_TEST_KIT_H
#define MP_CONTENT_ARCHIVE_TEST_KIT_H

#include "content/attach.h"
#include "content/inspect.h"
#include "content/lists.h"
#include "content/zip_test_kit.h"
#include "tests/tap.h"

enum { KIT_MEMORY_BYTES = 64 * 1024 * 1024 };

struct kit_run {
    struct arena arena;
    struct content_limits limits;
    struct content_budget budget;
    struct content_report report;
    struct content content;
    int status;
};

/* For fuzzing: a few megabytes are enough. */
static inline struct content_limits kit_small_limits(void)
{
    return (struct content_limits){.max_objects = 100,
                                   .max_listed = 500,
                                   .max_depth = CONTENT_MAX_DEPTH,
                                   .max_ratio = CONTENT_MAX_RATIO,
                                   .max_decoded_bytes = 4 * 1024 * 1024,
                                   .ratio_floor_bytes = 1024 * 1024};
}

/* The built-in lists, read once. */
static inline const struct content_lists *kit_lists(void)
{
    static struct content_lists *lists;
    static struct arena arena;
    struct mp_err err;
    if (lists == NULL) {
        arena_init(&arena, 16 * 1024 * 1024);
        if (content_lists_new(&arena, &lists, &err) != MP_OK)
            abort();
    }
    return lists;
}

/* `name` and `bytes` are the payload, which is not opened. kit_clear afterwards. */
static inline void kit_prepare_within(struct kit_run *r, struct content_limits limits,
                                      struct str name, struct str bytes,
                                      const struct str *passwords, size_t n_passwords)
{
    memset(r, 0, sizeof *r);
    arena_init(&r->arena, KIT_MEMORY_BYTES);
    finding_list_init(&r->report.findings, &r->arena);
    r->limits = limits;
    r->budget = content_budget_of(&r->limits);
    struct mime_name *names = arena_new(&r->arena, struct mime_name, 1);
    struct content_object *o = arena_new(&r->arena, struct content_object, 1);
    names[0] = (struct mime_name){.form = NAME_DISPOSITION, .text = name};
    *o = (struct content_object){.part = STR("2"),
                                 .parent = -1,
                                 .bytes = bytes,
                                 .has_bytes = true,
                                 .names = names,
                                 .n_names = 1,
                                 .kind = file_type_of(bytes),
                                 .offset = 100,
                                 .length = bytes.n};
    digest_once(DIGEST_SHA256, bytes, o->sha256);
    r->report.objects = o;
    r->report.n = r->report.cap = 1;
    r->report.complete = true;
    r->content = (struct content){.arena = &r->arena,
                                  .lists = kit_lists(),
                                  .limits = &r->limits,
                                  .budget = &r->budget,
                                  .passwords = passwords,
                                  .n_passwords = n_passwords,
                                  .report = &r->report};
    attach_check(&r->content, o);
}

static inline void kit_prepare(struct kit_run *r, struct str name, struct str bytes)
{
    kit_prepare_within(r, content_limits_default(), name, bytes, NULL, 0);
}

/* ... and is opened. */
static inline void kit_inspect_within(struct kit_run *r, struct content_limits limits,
                                      struct str name, struct str bytes,
                                      const struct str *passwords, size_t n_passwords)
{
    struct mp_err err = {0};
    kit_prepare_within(r, limits, name, bytes, passwords, n_passwords);
    const struct content_object *o = &r->report.objects[0];
    r->status = content_is_heavy(o) ? content_inspect(&r->content, 0, &err) : MP_OK;
}

static inline void kit_inspect(struct kit_run *r, struct str name, struct str bytes,
                               const struct str *passwords, size_t n_passwords)
{
    kit_inspect_within(r, content_limits_default(), name, bytes, passwords, n_passwords);
}

static inline void kit_clear(struct kit_run *r)
{
    arena_clear(&r->arena);
}

/* The ids of archive.* and limit.* found, distinct, in the catalogue's order, without "archive.".
 */
static inline struct str kit_findings(struct kit_run *r)
{
    struct str all = STR("");
    for (size_t id = 0; id < FINDING_COUNT; id++) {
        struct str name = finding_kind((enum finding_id)id)->name;
        if (r->report.findings.per_kind[id] == 0 || str_starts(name, STR("attach.")))
            continue;
        if (str_starts(name, STR("archive.")))
            name = str_slice(name, 8, name.n);
        all = arena_join(&r->arena, (struct str[]){all, all.n > 0 ? STR(" ") : STR(""), name}, 3);
    }
    return all;
}

/* The members' paths, each with "+" when its bytes are there, "~" when cut, "*" when encrypted. */
static inline struct str kit_members(struct kit_run *r)
{
    struct str all = STR("");
    for (size_t i = 1; i < r->report.n; i++) {
        const struct content_object *o = &r->report.objects[i];
        struct str marks[] = {all,
                              i > 1 ? STR(" ") : STR(""),
                              o->member,
                              o->has_bytes ? STR("+") : STR(""),
                              o->cut ? STR("~") : STR(""),
                              o->encrypted ? STR("*") : STR("")};
        all = arena_join(&r->arena, marks, ARRAY_LEN(marks));
    }
    return all;
}

static inline const struct finding *kit_find(const struct kit_run *r, enum finding_id id)
{
    for (size_t i = 0; i < r->report.findings.n; i++)
        if (r->report.findings.items[i].id == id)
            return &r->report.findings.items[i];
    return NULL;
}

#endif
