/* Any lines as links: the kind of source, the URL, and behind a tab what is shown. */
#include "phish/phish_test_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kit k;
    struct kit_mail mail = {.head = "From: <a@shop.example>\r\nTo: <joe@contoso.example>\r\n"};
    struct str rest = str_make((const char *)data, size);
    mail.dmarc_pass = size % 2 == 0;
    for (size_t i = 0; i < KIT_MAX_LINKS && rest.n > 1; i++) {
        struct str text = str_cut(&rest, '\n');
        enum link_source source = (enum link_source)((unsigned)text.n % LINK_SOURCE_COUNT);
        struct str url = str_cut(&text, '\t');
        mail.links[i] = (struct content_link){.source = source, .url = url, .text = text};
    }
    kit_check(&k, &mail);
    kit_clear(&k);
    return 0;
}
