/* Gumbo, as a program that reads pages would call it. */
#include <gumbo.h>

#include "bench/html_rival.h"

const bool html_has_rival = true;

void html_rival_parse(struct str page)
{
    GumboOutput *out = gumbo_parse_with_options(&kGumboDefaultOptions, page.p, page.n);
    gumbo_destroy_output(&kGumboDefaultOptions, out);
}
