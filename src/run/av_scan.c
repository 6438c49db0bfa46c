/* Objects to items, answers to results. */
#include "run/av_scan.h"

#include <stdlib.h>

struct batch {
    struct clamd_item *items; /* what is sent: distinct */
    struct clamd_answer *answers;
    struct av_result *results; /* one a place: the message, then its objects */
    size_t *item_of;           /* by result */
    size_t n_items, n;
};

static bool batch_new(struct batch *b, size_t max)
{
    *b = (struct batch){.items = calloc(max, sizeof *b->items),
                        .answers = calloc(max, sizeof *b->answers),
                        .results = calloc(max, sizeof *b->results),
                        .item_of = calloc(max, sizeof *b->item_of)};
    return b->items != NULL && b->answers != NULL && b->results != NULL && b->item_of != NULL;
}

static void batch_free(struct batch *b)
{
    free(b->items);
    free(b->answers);
    free(b->results);
    free(b->item_of);
}

/* The item with these bytes: one that is there already, or a new one. */
static size_t add_item(struct batch *b, struct str bytes, const unsigned char *sha256)
{
    struct clamd_item *item = &b->items[b->n_items];
    for (size_t i = 0; sha256 != NULL && i < b->n_items; i++)
        if (b->items[i].has_sha256 && memcmp(b->items[i].sha256, sha256, DIGEST_MAX_BYTES) == 0)
            return i;
    *item = (struct clamd_item){.bytes = bytes, .has_sha256 = sha256 != NULL};
    if (sha256 != NULL)
        memcpy(item->sha256, sha256, DIGEST_MAX_BYTES);
    return b->n_items++;
}

static void add_place(struct batch *b, const struct content_object *o, struct str bytes,
                      const unsigned char *sha256)
{
    b->results[b->n].object = o;
    b->item_of[b->n++] = add_item(b, bytes, sha256);
}

static void take_answers(struct batch *b)
{
    static const enum av_verdict verdicts[] = {
        [CLAMD_CLEAN] = AV_CLEAN,     [CLAMD_FOUND] = AV_FOUND,
        [CLAMD_LIMIT] = AV_LIMIT,     [CLAMD_ERROR] = AV_ERROR,
        [CLAMD_TIMEOUT] = AV_TIMEOUT, [CLAMD_UNAVAILABLE] = AV_UNAVAILABLE};
    for (size_t i = 0; i < b->n; i++) {
        const struct clamd_answer *a = &b->answers[b->item_of[i]];
        b->results[i].verdict = verdicts[a->verdict];
        b->results[i].text = str_from(a->text);
    }
}

/* What clamd found in the message and in an object of it is told of the object. */
static void prefer_objects(struct batch *b)
{
    for (size_t i = 1; b->results[0].verdict == AV_FOUND && i < b->n; i++)
        if (b->results[i].verdict == AV_FOUND && str_eq(b->results[i].text, b->results[0].text))
            b->results[0].verdict = AV_CLEAN;
}

int av_scan(struct clamd *c, struct str raw, const unsigned char *sha256,
            const struct content_object *objects, size_t n, int64_t deadline_us,
            struct finding_list *list, bool *complete, struct mp_err *err)
{
    struct batch b;
    if (!batch_new(&b, n + 1)) {
        batch_free(&b);
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for what clamd is asked");
    }
    add_place(&b, NULL, raw, sha256);
    for (size_t i = 0; i < n; i++)
        if (objects[i].has_bytes)
            add_place(&b, &objects[i], objects[i].bytes, objects[i].sha256);
    clamd_scan(c, b.items, b.n_items, deadline_us, b.answers);
    take_answers(&b);
    prefer_objects(&b);
    *complete = av_findings(list, b.results, b.n);
    batch_free(&b);
    return MP_OK;
}
