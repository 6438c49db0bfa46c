/* Whatever a text begins with sorts at or before it, and is a beginning of its predecessor: found
 * at the place where the text would stand, or by links from there. */
#include "mime/prefix_list.h"

void prefix_list_link(struct prefix_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        size_t at = i;
        while (at > 0 && !str_starts(list->items[i], list->items[at - 1]))
            at = list->shorter[at - 1];
        list->shorter[i] = (uint32_t)at;
    }
}

size_t prefix_list_add(struct prefix_list *list, struct str item)
{
    size_t i = list->n++;
    for (; i > 0 && str_cmp(list->items[i - 1], item) > 0; i--)
        list->items[i] = list->items[i - 1];
    list->items[i] = item;
    prefix_list_link(list);
    return i;
}

void prefix_list_drop(struct prefix_list *list, size_t index)
{
    list->n--;
    memmove(&list->items[index], &list->items[index + 1],
            (list->n - index) * sizeof list->items[0]);
    prefix_list_link(list);
}

static size_t common_prefix(struct str a, struct str b)
{
    size_t n = 0;
    while (n < a.n && n < b.n && a.p[n] == b.p[n])
        n++;
    return n;
}

size_t prefix_list_match(const struct prefix_list *list, struct str text)
{
    if (list->n <= 1)
        return list->n == 1 && str_starts(text, list->items[0]) ? 1 : 0;
    size_t low = 0, high = list->n; /* all before `low` are not behind the text */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_cmp(list->items[middle], text) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t common = low == 0 ? 0 : common_prefix(list->items[low - 1], text);
    while (low > 0 && list->items[low - 1].n > common)
        low = list->shorter[low - 1];
    return low;
}
