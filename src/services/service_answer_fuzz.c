/* Any status and bytes as an answer of any service: a word that holds. The first three octets say
 * which service, which kind, and the status. */
#include <stdlib.h>

#include "services/service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned statuses[] = {200, 400, 401, 404, 422, 429, 503};
    struct indicator what = {.key = STR_INIT("evil.example"), .first = {.family = IP_V4}};
    struct service_word w = {.outcome = WORD_OUTCOME_COUNT};
    if (size < 3 || data[1] >= INDICATOR_KIND_COUNT)
        return 0;
    what.kind = (enum indicator_kind)data[1];
    what.last = what.first;
    const struct service_question q = {(enum intel_service)(data[0] % SERVICE_COUNT), &what, false};
    const struct service_answer a = {statuses[data[2] % ARRAY_LEN(statuses)],
                                     {(const char *)data + 3, size - 3}};
    if (!service_takes(q.service, what.kind))
        return 0;
    service_read(&q, data[0] / SERVICE_COUNT, &a, &w);
    bool is_word = !word_is_missing(&w), is_unknown = w.outcome == WORD_UNKNOWN;
    if (w.outcome >= WORD_NOT_ASKED || w.text[0] == '\0' || (is_word && w.fails) ||
        (is_word && a.status != 200 && !is_unknown))
        abort();
    return 0;
}
