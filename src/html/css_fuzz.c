/* Any bytes as declarations and as a sheet: what is kept stays within its bounds. */
#include "html/css.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct css_style style = {0};
    struct css_sheet sheet = {0};
    struct str text = str_make((const char *)data, size), rest = text, url;
    struct css_element e = {.tag = STR("p"), .id = STR("a"), .classes = STR("a b")};
    arena_init(&arena, 64u << 20);
    css_declarations_read(text, &style);
    if (!css_sheet_read(&arena, &sheet, text) || sheet.n > CSS_MAX_RULES)
        __builtin_trap();
    css_sheet_apply(&sheet, &e, &style);
    while (css_url_next(&rest, &url) || css_import_next(&rest, &url))
        if (url.n > size)
            __builtin_trap();
    arena_clear(&arena);
    return 0;
}
