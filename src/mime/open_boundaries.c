/* A sorted list beside the stack, kept in step with it: parts are few, and lines are many. */
#include "mime/open_boundaries.h"

void open_boundaries_init(struct open_boundaries *open)
{
    *open = (struct open_boundaries){.list.items = open->sorted, .list.shorter = open->shorter};
}

static void changed(struct open_boundaries *open)
{
    memset(open->begins, 0, sizeof open->begins);
    for (size_t i = 0; i < open->list.n; i++)
        open->begins[(unsigned char)open->sorted[i].p[0]] = true;
    size_t n = open->list.n;
    open->begin_alike = n > 0 && open->sorted[0].p[0] == open->sorted[n - 1].p[0];
    open->first = n > 0 ? (unsigned char)open->sorted[0].p[0] : 0;
}

void open_boundaries_add(struct open_boundaries *open, struct str boundary, unsigned level)
{
    size_t i = prefix_list_add(&open->list, boundary);
    memmove(&open->level[i + 1], &open->level[i], open->list.n - 1 - i);
    open->level[i] = (uint8_t)level;
    changed(open);
}

void open_boundaries_drop(struct open_boundaries *open, unsigned level)
{
    size_t i = 0;
    while (i < open->list.n && open->level[i] != level)
        i++;
    if (i == open->list.n)
        return;
    prefix_list_drop(&open->list, i);
    memmove(&open->level[i], &open->level[i + 1], open->list.n - i);
    changed(open);
}

uint32_t open_boundaries_match(const struct open_boundaries *open, struct str text)
{
    uint32_t levels = 0;
    if (text.n == 0 || !open->begins[(unsigned char)text.p[0]])
        return 0;
    for (size_t at = prefix_list_match(&open->list, text); at > 0; at = open->shorter[at - 1])
        levels |= (uint32_t)1 << open->level[at - 1];
    return levels;
}
