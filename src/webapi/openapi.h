/* The document of the API, OpenAPI 3.1: docs/schema/api.openapi.yaml with the schemas it names. */
#ifndef MP_WEBAPI_OPENAPI_H
#define MP_WEBAPI_OPENAPI_H

#include "base/str.h"

struct str webapi_openapi(void); /* static, never freed */

#endif
