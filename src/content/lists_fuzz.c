/* Any bytes as each of the data files: refused with a line, or searchable. */
#include "content/lists.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena forever;
    static struct content_lists *lists; /* as built in; made anew when an input was good */
    struct arena arena;
    struct str text = str_make((const char *)data, size);
    arena_init(&arena, 64u << 20);
    for (unsigned i = 0; i < CONTENT_LIST_COUNT; i++) {
        enum content_list list = (enum content_list)i;
        const char *file = list == LIST_WORDS ? "lure-words.de.list" : content_list_file(list);
        if (lists == NULL)
            arena_init(&forever, 64u << 20);
        if (lists == NULL && content_lists_new(&forever, &lists, NULL) != MP_OK)
            __builtin_trap();
        size_t before = content_lists_count(lists, list);
        int st = content_lists_parse(&arena, str_from(file), text, lists, NULL);
        content_lists_domain(lists, list, text);
        if (st != MP_OK && content_lists_count(lists, list) != before)
            __builtin_trap();
        if (st != MP_OK)
            continue;
        arena_clear(&forever);
        lists = NULL;
    }
    arena_clear(&arena);
    return 0;
}
