/* What a POP3 server lists (RFC 1939). Pure. */
#include "arrival/mailbox_internal.h"

enum { UIDL_TEXT_MAX = 70 /* RFC 1939 7 */ };

static bool uidl_line(struct str line, unsigned *number, struct str *id)
{
    uint64_t value;
    struct str word = str_cut(&line, ' '), rest = str_trim(line);
    if (!str_to_u64(str_trim(word), UINT32_MAX, &value) || value == 0 || rest.n == 0 ||
        rest.n > UIDL_TEXT_MAX)
        return false;
    *number = (unsigned)value;
    *id = rest;
    return true;
}

bool pop3_uidl_next(struct str *rest, unsigned *number, struct str *id)
{
    while (rest->p != NULL && rest->n > 0)
        if (uidl_line(str_trim(str_cut(rest, '\n')), number, id))
            return true;
    return false;
}
