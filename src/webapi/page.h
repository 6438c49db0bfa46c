/* The dashboard: one HTML file that web/dashboard builds (`make web`), embedded. */
#ifndef MP_WEBAPI_PAGE_H
#define MP_WEBAPI_PAGE_H

#include "base/str.h"

/* The bytes of index.html, whole: script and style are inside. Static, never freed. */
struct str webapi_page(void);

/* The value of Content-Security-Policy that must go with it: it allows the page's own script and
 * style by their SHA-256, requests to where the page came from, and nothing else. One line. */
struct str webapi_page_csp(void);

#endif
