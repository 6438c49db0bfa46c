/* Any bytes behind 354 and as chunks: pieces decide nothing, and a message survives the wire. */
#include <assert.h>

#include "smtp/command.h"
#include "smtp/data_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t read_all(struct smtp_data_reader *r, struct str in, size_t step, struct buf *out)
{
    size_t at = 0;
    while (at < in.n && !r->ended)
        at += smtp_data_read(r, str_slice(in, at, at + step), out);
    return at;
}

static void check_pieces(struct str in, size_t step)
{
    struct smtp_data_reader whole = {0}, pieces = {0};
    struct buf a, b;
    buf_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    assert(read_all(&whole, in, in.n, &a) == read_all(&pieces, in, step, &b));
    assert(whole.ended == pieces.ended && str_eq(buf_str(&a), buf_str(&b)));
    assert(whole.line_ends.bytes == a.n);
    for (size_t i = 0; i < SMTP_ODD_COUNT; i++) {
        assert(whole.line_ends.odd[i].count == pieces.line_ends.odd[i].count);
        assert(whole.line_ends.odd[i].first_offset == pieces.line_ends.odd[i].first_offset);
    }
    if (whole.ended && smtp_line_ends_ok(&whole.line_ends))
        assert(a.n == 0 || str_ends(buf_str(&a), STR("\r\n")));
    buf_clear(&a);
    buf_clear(&b);
}

static void check_round_trip(struct str message)
{
    struct smtp_data_reader r = {0};
    struct smtp_chunk_reader c = {0};
    struct buf wire, out;
    buf_init(&wire, 4 << 20);
    buf_init(&out, 4 << 20);
    smtp_write_data(&wire, message, true);
    assert(read_all(&r, buf_str(&wire), wire.n, &out) == wire.n && r.ended);
    assert(str_starts(buf_str(&out), message) && out.n <= message.n + 2);
    buf_reset(&out);
    smtp_chunk_begin(&c, message.n, true);
    assert(smtp_chunk_read(&c, buf_str(&wire), &out) <= message.n);
    buf_clear(&wire);
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str in = str_make((const char *)data + 1, size - 1);
    check_pieces(in, data[0] % 16 + 1u);
    check_round_trip(in);
    return 0;
}
