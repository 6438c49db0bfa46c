/* Any bytes as packets of both directions, and as values that mail gives to fields we write. */
#include <assert.h>

#include "base/bytes.h"
#include "milter/client.h"
#include "milter/edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 4 << 20 };

/* The parts lie within the payload, whatever was in it. */
static void read_packet(const struct milter_packet *p)
{
    struct milter_options o;
    struct milter_connect c;
    struct str name, value, words = p->payload;
    uint32_t n;
    assert(milter_words_ok(words) == (words.n > 0 && words.p[words.n - 1] == '\0'));
    while (milter_word_next(&words, &name))
        assert(str_find(name, '\0') == name.n && name.p >= p->payload.p);
    if (milter_options_parse(p->payload, &o, NULL) == MP_OK) {
        while (milter_options_next(&o.macros, &n, &value))
            assert(value.p + value.n < p->payload.p + p->payload.n);
        assert(o.macros.n == 0);
    }
    if (milter_connect_parse(p->payload, &c, NULL) == MP_OK)
        assert(c.name.n + c.address.n < p->payload.n);
    if (milter_pair_parse(p->payload, &name, &value, NULL) == MP_OK)
        assert(name.n + value.n + 2 == p->payload.n);
    if (milter_client_edit(p, &n, &name, &value, NULL) == MP_OK)
        assert(milter_client_meaning(p->command) == MILTER_MEANS_EDIT);
}

/* A field that we write holds its value: no line of it but folded ones. */
static void write_value(struct str text)
{
    const struct milter_edit e = {MILTER_EDIT_REPLACE, STR("X"), 1, str_slice(text, 0, 50000)};
    const struct milter_refusal r = {550, 5, 7, 1, text};
    struct milter_packet p;
    struct str name, value, in;
    uint32_t n;
    struct buf out;
    buf_init(&out, ROOM);
    int st = milter_edits_write(&out, &e, 1, (text.n & 1) != 0, NULL);
    assert(st == MP_OK && milter_refusal_write(&out, &r, NULL) == MP_OK);
    in = buf_str(&out);
    st = milter_packet_next(&in, MILTER_ANSWER_MAX_BYTES, &p, NULL);
    assert(st == MP_OK && milter_client_edit(&p, &n, &name, &value, NULL) == MP_OK && value.n > 0);
    for (size_t i = 0; i < value.n; i++)
        assert(((unsigned char)value.p[i] >= ' ' && value.p[i] != 0x7f) || value.p[i] == '\t' ||
               (value.p[i] == '\n' && i + 1 < value.n && is_wsp(value.p[i + 1])));
    st = milter_packet_next(&in, MILTER_ANSWER_MAX_BYTES, &p, NULL);
    assert(st == MP_OK && in.n == 0 && str_starts(p.payload, STR("550")));
    for (size_t i = 0; i + 1 < p.payload.n; i++)
        assert((p.payload.p[i] >= ' ' && p.payload.p[i] <= '~') ||
               bytes_at(p.payload, i - (p.payload.p[i] == '\n'), STR("\r\n550")));
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_make((const char *)data, size);
    struct milter_packet p;
    write_value(in);
    while (milter_packet_next(&in, MILTER_PACKET_MAX_BYTES, &p, NULL) == MP_OK)
        read_packet(&p);
    return 0;
}
