/* This build has a sanitizer, whose run time needs much memory and calls of its own: forbidden
 * calls fail instead of killing, memory is not limited. sandbox_facts tells. */
#include <sys/prctl.h>

#include "sandbox/sandbox_internal.h"

bool sandbox_is_sanitized(void)
{
    return true;
}

/* What the search for leaks asks at the end of a process. It would trace itself, which nobody may
 * do with one that is confined: it would fail and take the exit code along. */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
}
