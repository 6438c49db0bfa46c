/* Tables that tools/embed-charsets.py makes: charsets of QR codes to Unicode. */
#ifndef MP_IMAGE_QR_CHARSETS_H
#define MP_IMAGE_QR_CHARSETS_H

#include <stddef.h>
#include <stdint.h>

/* Row by row of 94 characters; 0: nothing. */
extern const uint16_t qr_jis_x_0208[94 * 94];

struct qr_charset {
    unsigned eci;
    uint16_t upper[128]; /* octets 0x80 to 0xff */
};
extern const struct qr_charset qr_charsets[];
extern const size_t qr_n_charsets;

#endif
