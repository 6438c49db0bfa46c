/* libzbar, looking for QR codes only. */
#include <stddef.h>
#include <zbar.h>

#include "bench/image_bench.h"

bool rival_is_there(void)
{
    return true;
}

int rival_codes(const unsigned char *luma, uint32_t width, uint32_t height)
{
    zbar_image_scanner_t *s = zbar_image_scanner_create();
    zbar_image_t *im = zbar_image_create();
    const unsigned long grey = 0x30303859; /* "Y800" */
    zbar_image_scanner_set_config(s, 0, ZBAR_CFG_ENABLE, 0);
    zbar_image_scanner_set_config(s, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
    zbar_image_set_format(im, grey);
    zbar_image_set_size(im, width, height);
    zbar_image_set_data(im, luma, (unsigned long)width * height, NULL);
    int n = zbar_scan_image(s, im);
    zbar_image_destroy(im);
    zbar_image_scanner_destroy(s);
    return n;
}
