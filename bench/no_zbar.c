/* In place of libzbar where it is not installed. */
#include "bench/image_bench.h"

bool rival_is_there(void)
{
    return false;
}

int rival_codes(const unsigned char *luma, uint32_t width, uint32_t height)
{
    (void)luma;
    (void)width;
    (void)height;
    return -1;
}
