/* The page of the capture server, as it is embedded. */
#include "capture/page.h"
#include "tests/page_kit.h"

enum { PAGE_MAX_BYTES = 160 * 1024 }; /* some 50 kB compressed */

int main(void)
{
    page_is_sound(capture_page(), capture_page_csp(), PAGE_MAX_BYTES);
    return tap_done();
}
