/* This build has a sanitizer, whose run time needs much memory and calls of its own: forbidden
 * calls fail instead of killing, memory is not limited. sandbox_facts tells. */
#include "sandbox/sandbox_internal.h"

bool sandbox_is_sanitized(void)
{
    return true;
}
