/* The document of the API, embedded by the source that tools/openapi.py writes. */
#include "capture/openapi.h"

extern const char mp_capture_openapi[], mp_capture_openapi_end[];

struct str capture_openapi(void)
{
    return (struct str){mp_capture_openapi, (size_t)(mp_capture_openapi_end - mp_capture_openapi)};
}
