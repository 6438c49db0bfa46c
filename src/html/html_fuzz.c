/* Any bytes as a page, of HTML or of XML: facts whose views lie where they may. */
#include "html/html.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct html_facts f;
    struct str page = str_make((const char *)data, size), utf8, unknown;
    uint64_t sum = 0;
    arena_init(&arena, 256u << 20);
    if (html_to_utf8(&arena, page, STR_NONE, &utf8, &unknown, NULL) != MP_OK)
        __builtin_trap();
    for (int xml = 0; xml < 2; xml++) {
        if (html_read(&arena, utf8, &(struct html_options){.xml = xml != 0}, &f, NULL) != MP_OK)
            __builtin_trap();
        for (size_t i = 0; i < f.n_links; i++)
            sum += str_hash(f.links[i].text) + str_hash(f.links[i].url);
        for (size_t i = 0; i < f.n_hidden; i++)
            sum += str_hash(f.hidden[i].text);
        sum += str_hash(f.text) + str_hash(f.title);
    }
    arena_clear(&arena);
    return sum == 1;
}
