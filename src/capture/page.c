/* The page and its policy: the files that `make web` left in src/capture/page, put into the program
 * by a source that tools/embed-page.py writes while building. */
#include "capture/page.h"

extern const char mp_capture_page[], mp_capture_page_end[];
extern const char mp_capture_page_csp[], mp_capture_page_csp_end[];

struct str capture_page(void)
{
    return str_make(mp_capture_page, (size_t)(mp_capture_page_end - mp_capture_page));
}

struct str capture_page_csp(void)
{
    return str_make(mp_capture_page_csp, (size_t)(mp_capture_page_csp_end - mp_capture_page_csp));
}
