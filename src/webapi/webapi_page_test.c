/* The dashboard, as it is embedded. */
#include "tests/page_kit.h"
#include "webapi/page.h"

enum { PAGE_MAX_BYTES = 256 * 1024 }; /* some 60 kB compressed */

int main(void)
{
    page_is_sound(webapi_page(), webapi_page_csp(), PAGE_MAX_BYTES);
    return tap_done();
}
