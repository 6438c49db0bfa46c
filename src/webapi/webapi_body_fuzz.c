/* Any bytes as what clients send: a form, a time, JSON of a scan's kind; parts of a form lie within
 * the body, in order, and a time is one that has a text. */
#include <stdlib.h>

#include "webapi/webapi_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct form f = {0};
    struct mp_err err = {0};
    int64_t ms = -1;
    struct str body = str_make((const char *)data, size), type = str_cut(&body, '\n');
    const char *at = body.p;
    arena_init(&a, 1 << 24);
    if (webapi_multipart_read(&a, type, body, &f, &err) != MP_OK && (f.n != 0 || err.text[0] == 0))
        abort();
    for (size_t i = 0; i < f.n; i++) {
        if (f.parts[i].body.p < at || f.parts[i].body.p + f.parts[i].body.n > body.p + body.n)
            abort();
        at = f.parts[i].body.p + f.parts[i].body.n;
    }
    if (webapi_time_parse(type, 1790000000000, &ms) && ms < 0)
        abort();
    webapi_media_type(&a, type);
    arena_clear(&a);
    return 0;
}
