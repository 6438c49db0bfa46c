/* Body canonicalization and SHA-256 against the bare hash of the same bytes, in the same run. */
#include <stdio.h>
#include <stdlib.h>

#include "auth/dkim_canon.h"
#include "bench/measure.h"

enum { BODY_BYTES = 8 * 1024 * 1024, SMALL_BYTES = 20 * 1024, ROUNDS = 7 };

static char *make_body(size_t n, int kind)
{
    static const char base64[] =
        "TG9yZW0gaXBzdW0gZG9sb3Igc2l0IGFtZXQsIGNvbnNlY3RldHVyIGFkaXBpc2NpbmcgZWxp\r\n";
    static const char text[] =
        "Words of a usual length, with one space between them, and a line end.\r\n"
        "A sentence ends.  Another begins after two spaces, as some people write\r\n"
        "them; and here and there a line ends in white space, as format=flowed \r\n"
        "does it for paragraphs.\r\n\r\n\tAn indented line.\r\n";
    static const char dirty[] = "a \tb  c \r\n";
    static const struct str forms[] = {STR_INIT(base64), STR_INIT(text), STR_INIT(dirty)};
    struct str form = forms[kind];
    char *body = malloc(n);
    for (size_t i = 0; body != NULL && i < n; i++)
        body[i] = form.p[i % form.n];
    return body;
}

enum { WAY_BARE, WAY_SIMPLE, WAY_RELAXED, WAYS };

static void hash_once(struct str body, int way)
{
    unsigned char out[DIGEST_MAX_BYTES];
    struct body_hasher h;
    bool ok;
    if (way == WAY_BARE) {
        ok = digest_once(DIGEST_SHA256, body, out);
    } else {
        ok = body_hasher_start(&h, way == WAY_SIMPLE ? CANON_SIMPLE : CANON_RELAXED, DIGEST_SHA256,
                               UINT64_MAX);
        body_hasher_update(&h, body);
        ok = body_hasher_final(&h, out) && ok;
    }
    if (!ok)
        abort();
}

/* The ways take turns, and the best round of each counts: other load hits all of them alike. */
static void compare(const char *label, struct str body, unsigned repeats)
{
    double best[WAYS] = {0};
    for (int round = 0; round < ROUNDS; round++)
        for (int way = 0; way < WAYS; way++) {
            double start = measure_now_s();
            for (unsigned i = 0; i < repeats; i++)
                hash_once(body, way);
            double rate = (double)body.n * repeats / (measure_now_s() - start) / 1e9;
            best[way] = rate > best[way] ? rate : best[way];
        }
    printf("%-16s bare %.2f GB/s, simple %.2f (%.0f %%), relaxed %.2f (%.0f %%)\n", label,
           best[WAY_BARE], best[WAY_SIMPLE], 100 * best[WAY_SIMPLE] / best[WAY_BARE],
           best[WAY_RELAXED], 100 * best[WAY_RELAXED] / best[WAY_BARE]);
}

int main(void)
{
    static const char *const kinds[] = {"base64", "text", "hostile"};
    for (int kind = 0; kind < 3; kind++) {
        char label[32], *body = make_body(BODY_BYTES, kind);
        if (body == NULL)
            return 1;
        snprintf(label, sizeof label, "%s, 8 MB", kinds[kind]);
        compare(label, str_make(body, BODY_BYTES), 4);
        snprintf(label, sizeof label, "%s, 20 KB", kinds[kind]);
        compare(label, str_make(body, SMALL_BYTES), 1000);
        free(body);
    }
    return 0;
}
