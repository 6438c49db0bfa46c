/* What the libraries of content load when they are first used, loaded before nothing can be. */
#include <iconv.h>
#include <locale.h>
#include <time.h>

#include "content/inspect.h"
#include "crypto/aes.h"
#include "crypto/hmac.h"

/* libarchive asks the locale for its charset, iconv for converters, the C library for the time
 * zone. In a UTF-8 locale it converts UTF-16 by itself. */
void archive_warm_up(void)
{
    static const struct str key = STR_INIT("0123456789abcdef");
    unsigned char out[HMAC_MAX_BYTES];
    struct aes aes;
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        setlocale(LC_CTYPE, "");
    tzset(); /* members have local times */
    iconv_t converter = iconv_open("UTF-8", "UTF-8");
    if (converter != (iconv_t)-1)
        iconv_close(converter);
    digest_once(DIGEST_SHA256, key, out);
    hmac_once(HMAC_SHA1, key, key, out);
    hmac_pbkdf2(HMAC_SHA1, key, key, 1, out);
    if (aes_start(&aes, key)) {
        aes_blocks(&aes, (const unsigned char *)key.p, out, 1);
        aes_end(&aes);
    }
}
