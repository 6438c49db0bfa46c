/* The page and its policy: the files that `make web` left in src/webapi/page, put into the program
 * by a source that tools/embed-page.py writes while building. */
#include "webapi/page.h"

extern const char mp_webapi_page[], mp_webapi_page_end[];
extern const char mp_webapi_page_csp[], mp_webapi_page_csp_end[];

struct str webapi_page(void)
{
    return str_make(mp_webapi_page, (size_t)(mp_webapi_page_end - mp_webapi_page));
}

struct str webapi_page_csp(void)
{
    return str_make(mp_webapi_page_csp, (size_t)(mp_webapi_page_csp_end - mp_webapi_page_csp));
}
