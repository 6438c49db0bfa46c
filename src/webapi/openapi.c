/* The document of the API, embedded by the source that tools/openapi.py writes. */
#include "webapi/openapi.h"

extern const char mp_webapi_openapi[], mp_webapi_openapi_end[];

struct str webapi_openapi(void)
{
    return (struct str){mp_webapi_openapi, (size_t)(mp_webapi_openapi_end - mp_webapi_openapi)};
}
