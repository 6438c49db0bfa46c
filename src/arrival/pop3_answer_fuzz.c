/* Lists of a stranger's POP3 server: numbers that are some, ids that are in the answer. */
#include "arrival/mailbox_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_make((const char *)data, size), rest = in, id;
    unsigned number;
    size_t n = 0;
    while (pop3_uidl_next(&rest, &number, &id))
        if (number == 0 || id.n == 0 || id.p < in.p || id.p + id.n > in.p + in.n || ++n > size)
            __builtin_trap();
    return 0;
}
