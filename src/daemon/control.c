/* Words between supervisor and processes. */
#include "daemon/control.h"

#include <stddef.h>

bool control_send(int fd, enum control_word word, uint32_t value, struct str text)
{
    text = str_slice(text, 0, text.n < CONTROL_TEXT_BYTES ? text.n : CONTROL_TEXT_BYTES);
    uint32_t head[3] = {word, value, (uint32_t)text.n};
    struct str pieces[2] = {{(const char *)head, sizeof head}, text};
    return fd_pass_send(fd, pieces, text.n > 0 ? 2 : 1, NULL, 0) == 0;
}

enum fd_pass_status control_recv(int fd, struct control *out)
{
    size_t n = 0, head = offsetof(struct control, text);
    enum fd_pass_status st = fd_pass_recv(fd, out, sizeof *out, &n, NULL, 0);
    if (st != FD_PASS_GOT)
        return st;
    return n >= head && out->text_bytes == n - head ? FD_PASS_GOT : FD_PASS_BROKEN;
}
