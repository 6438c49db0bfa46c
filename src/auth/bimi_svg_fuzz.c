/* Any bytes as a BIMI logo: a verdict within the limits, and none that is clean for what is known
 * to hurt. */
#include "auth/bimi.h"

#include <assert.h>

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct mp_err err = {0};
    struct bimi_svg out;
    struct str svg = str_make((const char *)data, size);
    arena_init(&arena, 8 << 20);
    int st = bimi_svg_check(&arena, svg, &out, &err);
    assert(st == MP_OK || (st == MP_E_NOMEM && err.text[0] != '\0'));
    if (st == MP_OK) {
        bool has_fault = false;
        assert(out.n_problems <= BIMI_SVG_MAX_PROBLEMS);
        assert((out.verdict == BIMI_SVG_OK) == (out.n_problems == 0));
        for (size_t i = 0; i < out.n_problems; i++) {
            has_fault |= !out.only_warns[i];
            assert(out.problems[i].n != 0 && utf8_valid(out.problems[i]));
            assert(!str_has(out.problems[i], '\n') && !str_has(out.problems[i], '\x1b'));
        }
        assert(has_fault == (out.verdict == BIMI_SVG_BAD));
        assert(out.verdict == BIMI_SVG_BAD || out.title.n != 0);
        if (out.verdict != BIMI_SVG_BAD) { /* of UTF-8 files; the strings in a comment are rare */
            assert(str_search(svg, STR("<!DOCTYPE ")) == svg.n ||
                   str_search(svg, STR("<!--")) < svg.n || str_search(svg, STR("CDATA")) < svg.n);
            assert(str_search(svg, STR("<script>")) == svg.n ||
                   str_search(svg, STR("<!--")) < svg.n || str_search(svg, STR("CDATA")) < svg.n ||
                   str_search(svg, STR("<?")) < svg.n);
        }
    }
    arena_clear(&arena);
    return 0;
}
