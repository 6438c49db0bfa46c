/* Objects to items, answers to results. */
#include "run/av_scan.h"

#include <stdlib.h>

struct batch {
    struct av_result *results; /* one a place: the message, then its objects */
    struct clamd_item *items;  /* as many; after merge_equal what is sent: distinct */
    struct clamd_answer *answers;
    const struct clamd_item **sorted; /* for merge_equal */
    size_t *item_of;                  /* by result */
    size_t n_items, n;
};

static bool batch_new(struct batch *b, size_t max)
{
    *b = (struct batch){.results = calloc(max, sizeof *b->results),
                        .items = calloc(max, sizeof *b->items),
                        .answers = calloc(max, sizeof *b->answers),
                        .sorted = calloc(max, sizeof *b->sorted),
                        .item_of = calloc(max, sizeof *b->item_of)};
    return b->results != NULL && b->items != NULL && b->answers != NULL && b->sorted != NULL &&
           b->item_of != NULL;
}

static void batch_free(struct batch *b)
{
    free(b->results);
    free(b->items);
    free(b->answers);
    free(b->sorted);
    free(b->item_of);
}

static void add_place(struct batch *b, const struct content_object *o, struct str bytes,
                      const unsigned char *sha256)
{
    struct clamd_item *item = &b->items[b->n];
    b->results[b->n++].object = o;
    *item = (struct clamd_item){.bytes = bytes, .has_sha256 = sha256 != NULL};
    if (sha256 != NULL)
        memcpy(item->sha256, sha256, sizeof item->sha256);
}

static int compare_hashes(const struct clamd_item *a, const struct clamd_item *b)
{
    if (!a->has_sha256 || !b->has_sha256)
        return a->has_sha256 - b->has_sha256;
    return memcmp(a->sha256, b->sha256, sizeof a->sha256);
}

/* Equal ones beside each other, the first place of them in front. */
static int compare_items(const void *x, const void *y)
{
    const struct clamd_item *a = *(const struct clamd_item *const *)x;
    const struct clamd_item *b = *(const struct clamd_item *const *)y;
    int order = compare_hashes(a, b);
    return order != 0 ? order : a < b ? -1 : a > b;
}

/* The first of equal items is sent for all of them. O(n log n): a mail may have thousands. */
static void merge_equal(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        b->sorted[i] = &b->items[i];
    qsort(b->sorted, b->n, sizeof *b->sorted, compare_items);
    size_t first = 0;
    for (size_t i = 0; i < b->n; i++) {
        size_t place = (size_t)(b->sorted[i] - b->items);
        if (i == 0 || compare_hashes(b->sorted[i - 1], b->sorted[i]) != 0)
            first = place;
        b->item_of[place] = first;
    }
    for (size_t i = 0; i < b->n; i++) {
        if (b->item_of[i] != i) {
            b->item_of[i] = b->item_of[b->item_of[i]];
            continue;
        }
        b->items[b->n_items] = b->items[i];
        b->item_of[i] = b->n_items++;
    }
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
    merge_equal(&b);
    clamd_scan(c, b.items, b.n_items, deadline_us, b.answers);
    take_answers(&b);
    prefer_objects(&b);
    *complete = av_findings(list, b.results, b.n);
    batch_free(&b);
    return MP_OK;
}
