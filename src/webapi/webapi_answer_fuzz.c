/* Any bytes as a worker's answer: what rspamd's clients and readers of events get is JSON, and the
 * action is one that they know. */
#include <stdlib.h>

#include "webapi/webapi_internal.h"

/* A size beyond what jansson takes for an integer is one all the same. */
enum { FLAGS = JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL };

static void check(struct buf *b)
{
    json_t *v = b->failed ? NULL : json_loadb(b->p, b->n, FLAGS, NULL);
    if (!b->failed && !json_is_object(v))
        abort();
    json_decref(v);
    buf_reset(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct mail_answer answer = {0};
    struct buf b;
    struct json j;
    arena_init(&a, 1 << 24);
    buf_init(&b, 1 << 24);
    if (mail_answer_read(&a, str_make((const char *)data, size), &answer, NULL) == MP_OK) {
        json_init(&j, &b, 0);
        webapi_rspamd_reply(&j, &a, &answer);
        check(&b);
        json_init(&j, &b, 0);
        summary_json(&j, &answer.summary);
        check(&b);
        json_init(&j, &b, 0);
        webapi_rspamd_later(&j, answer.reason);
        check(&b);
    }
    buf_clear(&b);
    arena_clear(&a);
    return 0;
}
