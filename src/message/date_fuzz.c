/* Any bytes as a date; what is a date must survive being written and read again. */
#include "message/date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mail_date date, again;
    char text[DATE_TEXT_MAX];
    if (!date_parse(str_make((const char *)data, size), &date))
        return 0;
    size_t n = date_write(date.unix_s, text);
    bool in_range = date.unix_s >= -2208988800 && date.unix_s < 253402300800;
    if (in_range && (!date_parse(str_make(text, n), &again) || again.unix_s != date.unix_s))
        __builtin_trap();
    return 0;
}
