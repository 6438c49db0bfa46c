/* Any bytes as a search: it is understood or the reason is told, and a condition and its negation
 * divide what is there. */
#include <stdlib.h>

#include "store/store.h"
#include "store/store_test_kit.h"

enum { NOW_MS = 1790000000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Made once; libFuzzer has no end to close it at. */
static struct store *some_store(void)
{
    static const char *const mails[] = {
        "From: a@b.test\r\nTo: c@d.test\r\nSubject: one\r\nMessage-ID: <1@b>\r\n\r\ntext\r\n",
        "Subject: =?utf-8?q?=C3=84?=\r\nX-Mailproof-Tag: t\r\nContent-Type: text/html\r\n\r\n<b>y",
        "\r\n", "no field\r\n"};
    static const struct str rcpt = STR_INIT("x@y.test");
    static struct store *s;
    for (size_t i = 0; s == NULL || i < ARRAY_LEN(mails); i++) {
        struct store_delivery d = {.raw = str_from(mails[i]), .rcpts = &rcpt, .n_rcpts = i % 2};
        if (s == NULL)
            s = kit_open(&(struct store_config){.dir = NULL});
        else if (i == 0)
            return s;
        d.received_ms = (int64_t)i;
        if (kit_put(s, &d, NULL) != MP_OK)
            abort();
    }
    return s;
}

static uint64_t count(struct store *s, struct arena *a, const struct store_term *t, size_t n)
{
    struct store_page page = {0};
    const struct store_query q = {.terms = t, .n_terms = n, .limit = 1};
    if (store_list(s, &q, a, &page, NULL) != MP_OK)
        abort();
    return page.total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct store *s = some_store();
    struct arena a;
    struct store_term *terms = NULL;
    struct mp_err err = {0};
    size_t n = 0;
    arena_init(&a, 8 << 20);
    int st = store_search_parse(&a, str_make((const char *)data, size), NOW_MS, &terms, &n, &err);
    if ((st != MP_OK && (err.text[0] == '\0' || n != 0)) || n > STORE_MAX_TERMS)
        abort();
    uint64_t all = count(s, &a, NULL, 0), found = count(s, &a, terms, n);
    if (found > all)
        abort();
    for (size_t i = 0; i < n; i++) {
        struct store_term other = terms[i];
        other.negate = !other.negate;
        if (count(s, &a, &terms[i], 1) + count(s, &a, &other, 1) != all)
            abort();
    }
    arena_clear(&a);
    return 0;
}
