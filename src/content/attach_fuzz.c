/* A name (the first line), a second one, a type, then bytes: as a payload and as a member. */
#include "content/attach.h"
#include "content/lists.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena forever;
    static struct content_lists *lists;
    struct arena arena;
    struct str rest = str_make((const char *)data, size);
    struct mime_name names[] = {{NAME_DISPOSITION, str_cut(&rest, '\n'), 0},
                                {NAME_TYPE_2047, str_cut(&rest, '\n'), 0}};
    struct str type = str_cut(&rest, '\n');
    if (lists == NULL) {
        arena_init(&forever, 16u << 20);
        content_lists_new(&forever, &lists, NULL);
    }
    arena_init(&arena, 64u << 20);
    for (unsigned member = 0; member < 2; member++) {
        struct content_object o = {.part = STR("1"),
                                   .member = member ? names[0].text : STR(""),
                                   .parent = -1,
                                   .names = names,
                                   .n_names = 2 - member,
                                   .bytes = rest,
                                   .has_bytes = true,
                                   .kind = file_type_of(rest)};
        struct content_report report = {.objects = &o, .n = 1, .cap = 1};
        struct content c = {.arena = &arena, .lists = lists, .report = &report};
        o.type = str_cut(&type, '/');
        o.subtype = type;
        finding_list_init(&report.findings, &arena);
        attach_check(&c, &o);
        attach_check_members(&c, -1, NULL);
    }
    arena_clear(&arena);
    return 0;
}
