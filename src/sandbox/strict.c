/* This build has no sanitizer: all of the confinement holds. */
#include "sandbox/sandbox_internal.h"

bool sandbox_is_sanitized(void)
{
    return false;
}
