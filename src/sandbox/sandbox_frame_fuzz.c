/* Answers of workers that strangers have taken over: what is let in is in order. */
#include <assert.h>

#include "base/utf8.h"
#include "sandbox/frame_test_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kit k;
    struct frame_answer answer;
    struct str behind, frame = kit_cut(data, size, &behind);
    kit_init(&k, STR("PK"), 16 << 20);
    int st = frame_report_read(frame, behind, &k.budget, &k.content, 0, &answer, NULL);
    for (size_t i = 1; i < k.report.n; i++)
        assert(k.report.objects[i].parent < (int32_t)i && utf8_valid(k.report.objects[i].member));
    for (size_t i = 0; i < k.report.findings.n; i++)
        assert(utf8_valid(k.report.findings.items[i].evidence));
    assert(st == MP_OK || (k.report.n == 1 && k.report.findings.n == 0));
    arena_clear(&k.arena);
    return 0;
}
