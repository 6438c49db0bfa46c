/* Where Gumbo is not installed: its line stays out. */
#include "bench/html_rival.h"

const bool html_has_rival = false;

void html_rival_parse(struct str page)
{
    (void)page;
}
