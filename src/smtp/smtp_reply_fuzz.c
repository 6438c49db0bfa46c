/* Any bytes as replies, fed in pieces: what a piece decides, the whole decides too. */
#include <assert.h>

#include "base/utf8.h"
#include "smtp/reply.h"
#include "smtp/transcript.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_reply(const struct smtp_reply *r, size_t used)
{
    assert(r->code >= 200 && r->code <= 599 && r->n_lines >= 1);
    assert(r->n_lines <= SMTP_REPLY_LINES_MAX && r->text.n < used);
    assert(r->class_ == 0 || r->class_ == 2 || r->class_ == 4 || r->class_ == 5);
    assert(r->subject <= 999 && r->detail <= 999);
    const char *at = r->text.p;
    for (size_t i = 0; i < r->n_lines; i++) {
        assert(r->lines[i].p == at && str_find(r->lines[i], '\n') == r->lines[i].n);
        at += r->lines[i].n + 1;
    }
    assert(at == r->text.p + r->text.n + 1);
}

/* The first reply of `in`, growing by `step` bytes. */
static size_t feed(struct arena *a, struct str in, size_t step)
{
    struct smtp_reply r, whole;
    size_t used = 0, whole_used = 0, n = 0;
    const char *why;
    enum smtp_parse want = smtp_reply_parse(a, in, &whole, &whole_used, &why), got;
    assert((*why == '\0') == (want == SMTP_PARSE_MORE || want == SMTP_PARSE_DONE));
    do {
        n = n + step < in.n ? n + step : in.n;
        got = smtp_reply_parse(a, str_slice(in, 0, n), &r, &used, &why);
    } while (got == SMTP_PARSE_MORE && n < in.n);
    assert(got == want);
    if (want != SMTP_PARSE_DONE)
        return 0;
    assert(used == whole_used && used <= n && str_eq(r.text, whole.text));
    check_reply(&r, used);
    return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct transcript t;
    struct buf shown;
    if (size == 0)
        return 0;
    struct str in = str_make((const char *)data + 1, size - 1);
    arena_init(&arena, 16u << 20);
    transcript_init(&t, &arena);
    transcript_add(&t, TRANSCRIPT_RECEIVED, data[0] & 1, 0, in);
    for (size_t used, n = 0; n < 8 && (used = feed(&arena, in, data[0] + 1u)) > 0; n++)
        in = str_slice(in, used, in.n);
    buf_init(&shown, 64u << 20);
    transcript_write(&shown, &t);
    for (size_t i = 0; i < shown.n; i++)
        assert(shown.p[i] == '\n' || ((unsigned char)shown.p[i] >= 0x20 && shown.p[i] != 0x7f));
    assert(utf8_valid(buf_str(&shown)));
    buf_clear(&shown);
    arena_clear(&arena);
    return 0;
}
