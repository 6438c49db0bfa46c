/* Outcomes of workers as findings. */
#include "base/hex.h"
#include "content/place.h"
#include "sandbox/sandbox.h"

static const struct {
    const char *name;
    enum finding_id finding; /* FINDING_COUNT: none */
} outcomes[] = {
    [SANDBOX_OK] = {"ok", FINDING_COUNT},
    [SANDBOX_CRASHED] = {"crashed", FINDING_ENGINE_CRASH},
    [SANDBOX_TIMEOUT] = {"timeout", FINDING_ENGINE_TIMEOUT},
    [SANDBOX_NO_MEMORY] = {"no-memory", FINDING_ENGINE_MEMORY},
    [SANDBOX_BAD_ANSWER] = {"bad-answer", FINDING_ENGINE_BAD_ANSWER},
    [SANDBOX_UNAVAILABLE] = {"unavailable", FINDING_ENGINE_UNAVAILABLE},
};

const char *sandbox_outcome_name(enum sandbox_outcome o)
{
    return outcomes[o].name;
}

struct finding *sandbox_note(struct finding_list *list, const struct sandbox_result *result,
                             const struct content_object *object)
{
    if (result->outcome == SANDBOX_OK)
        return NULL;
    struct str hash =
        hex_encode(list->arena, str_make((const char *)object->sha256, sizeof object->sha256));
    return finding_add(list, outcomes[result->outcome].finding, content_place(object),
                       "sha256 " STR_FMT ": %s", STR_ARG(hash), result->text);
}
