/* Entries in order: by radix on the upper bits of their hashes, where those are equal by comparing.
 */
#include <stdlib.h>

#include "intel/snapshot_builder.h"

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, PASSES = 3, SHIFT = 64 - PASSES * DIGIT_BITS };

/* Told values before 0, which stands for "not told" and here for "for ever". */
static uint32_t valid_until(const struct record *r)
{
    return r->valid_until_s == 0 ? UINT32_MAX : r->valid_until_s;
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

/* All that is told, the one seen last in front. */
static int compare_told(const struct record *a, const struct record *b)
{
    int c = compare_u64(b->last_seen_s, a->last_seen_s);
    c = c != 0 ? c : str_cmp(entry_id(a), entry_id(b));
    c = c != 0 ? c : str_cmp(entry_label(a), entry_label(b));
    c = c != 0 ? c : compare_u64(a->first_seen_s, b->first_seen_s);
    c = c != 0 ? c : compare_u64(a->valid_until_s, b->valid_until_s);
    c = c != 0 ? c : compare_u64(a->confidence, b->confidence);
    return c != 0 ? c : compare_u64(a->tlp, b->tlp);
}

static int compare_value(const struct record *a, const struct record *b)
{
    int c = compare_u64(record_kind(a), record_kind(b));
    c = c != 0 ? c : str_cmp(entry_key(a), entry_key(b));
    return c != 0 ? c : compare_u64(a->feed, b->feed);
}

static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int c = compare_u64(x->hash, y->hash);
    c = c != 0 ? c : compare_value(x->record, y->record);
    return c != 0 ? c : compare_told(x->record, y->record);
}

static void radix_pass(const struct entry *from, struct entry *to, size_t n, unsigned shift)
{
    size_t ends[DIGITS] = {0}, at = 0;
    for (size_t i = 0; i < n; i++)
        ends[from[i].hash >> shift & (DIGITS - 1)]++;
    for (size_t d = 0; d < DIGITS; d++) {
        size_t count = ends[d];
        ends[d] = at;
        at += count;
    }
    for (size_t i = 0; i < n; i++)
        to[ends[from[i].hash >> shift & (DIGITS - 1)]++] = from[i];
}

int entries_sort(struct entry *entries, size_t n, struct mp_err *err)
{
    struct entry *other = n == 0 ? NULL : malloc(n * sizeof *other);
    if (n != 0 && other == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to sort %zu indicators", n);
    for (unsigned pass = 0; n != 0 && pass < PASSES; pass++) {
        struct entry *from = pass % 2 == 0 ? entries : other;
        radix_pass(from, from == entries ? other : entries, n, SHIFT + pass * DIGIT_BITS);
    }
    if (n != 0)
        memcpy(entries, other, n * sizeof *other);
    free(other);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && entries[end].hash >> SHIFT == entries[i].hash >> SHIFT;)
            end++;
        if (end - i > 1)
            qsort(entries + i, end - i, sizeof *entries, compare);
    }
    return MP_OK;
}

static uint32_t earlier(uint32_t a, uint32_t b)
{
    return a == 0 || b == 0 ? a | b : a < b ? a : b;
}

/* `into` comes first in the order: its id and label stay. */
static void merge(struct record *into, const struct record *r)
{
    into->first_seen_s = earlier(into->first_seen_s, r->first_seen_s);
    if (valid_until(r) > valid_until(into))
        into->valid_until_s = r->valid_until_s;
    if (into->confidence == INDICATOR_NO_CONFIDENCE)
        into->confidence = r->confidence;
    else if (r->confidence != INDICATOR_NO_CONFIDENCE && r->confidence > into->confidence)
        into->confidence = r->confidence;
    if (r->tlp > into->tlp)
        into->tlp = r->tlp;
}

size_t entries_merge(struct entry *entries, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        struct entry *last = kept == 0 ? NULL : &entries[kept - 1];
        if (last != NULL && last->hash == entries[i].hash &&
            compare_value(last->record, entries[i].record) == 0)
            merge(last->record, entries[i].record);
        else
            entries[kept++] = entries[i];
    }
    return kept;
}

static int compare_ranges(const void *a, const void *b)
{
    const struct record *x = ((const struct entry *)a)->record;
    const struct record *y = ((const struct entry *)b)->record;
    size_t half = record_key_n(x) / 2;
    int c = compare_u64(x->form, y->form);
    if (c == 0)
        c = memcmp(x + 1, y + 1, half);
    if (c == 0) /* of those that begin together the widest first */
        c = memcmp((const char *)(y + 1) + half, (const char *)(x + 1) + half, half);
    return c != 0 ? c : compare_u64(y->feed, x->feed); /* found from behind: feeds in their order */
}

void entries_sort_ranges(struct entry *entries, size_t n)
{
    qsort(entries, n, sizeof *entries, compare_ranges);
}
