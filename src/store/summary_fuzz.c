/* Any bytes as a message: what lists show of it is UTF-8 on one line and cut, and a search finds
 * the words that are shown of the text. */
#include <stdlib.h>

#include "base/utf8.h"
#include "store/summary_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct str s, size_t max)
{
    if (s.n > max || !utf8_valid(s))
        abort();
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct summary sum;
    struct str raw = str_make((const char *)data, size);
    arena_init(&a, 256 << 20);
    summary_make(&a, raw, &sum);
    const struct str fields[] = {sum.message_id, sum.subject, sum.from, sum.to, sum.tag};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        check(fields[i], SUMMARY_FIELD_MAX);
        struct str folded = text_fold(&a, fields[i]);
        if (folded.p != NULL && !text_has(fields[i], folded))
            abort();
    }
    check(sum.snippet, SUMMARY_SNIPPET_MAX);
    struct str rest = sum.snippet, word = str_cut(&rest, ' ');
    bool replaced = str_search(word, STR("\xef\xbf\xbd")) < word.n;
    if (size < SUMMARY_SNIPPET_SOURCE && word.n > 0 && !replaced && !body_has(&a, raw, word))
        abort();
    arena_clear(&a);
    return 0;
}
