/* The document of the API, OpenAPI 3.1: src/capture/openapi.json with the schemas of docs/schema.
 */
#ifndef MP_CAPTURE_OPENAPI_H
#define MP_CAPTURE_OPENAPI_H

#include "base/str.h"

struct str capture_openapi(void); /* static, never freed */

#endif
