/* Damaged and made-up stores: refused, or read without a step outside. */
#include <stdlib.h>

#include "intel/snapshot_damage_test_kit.h"
#include "tests/tap.h"

static struct str build(struct arena *a, struct buf *file)
{
    struct snapshot_builder *b = NULL;
    struct snapshot_feed feed = {.name = STR("one"), .title = STR("A feed")};
    uint16_t number;
    tap_int(snapshot_builder_new(1000, &b, NULL), MP_OK);
    tap_int(snapshot_builder_feed(b, &feed, &number, NULL), MP_OK);
    for (unsigned n = 0; n < 24; n++) {
        struct indicator i = kit_indicator(a, (enum indicator_kind)(n % INDICATOR_KIND_COUNT), n);
        i.label = STR("label");
        i.last.octets[3] |= n % 2 == 0 ? 0xf : 0;
        i.last.octets[3] |= n % 3 == 0 ? 0xff : 0;
        tap_int(snapshot_builder_add(b, &i, NULL), MP_OK);
    }
    struct indicator v6 = {.kind = INDICATOR_IP, .first = kit_ip("2001:db8::")};
    v6.last = kit_ip("2001:db8::ffff");
    tap_int(snapshot_builder_add(b, &v6, NULL), MP_OK);
    tap_int(snapshot_builder_write(b, 0, kit_write, file, NULL), MP_OK);
    snapshot_builder_free(b);
    return buf_str(file);
}

/* Of exactly that length, so that a step outside is seen; the caller frees. */
static char *copy_of(struct str s)
{
    char *p = malloc(s.n + (s.n == 0));
    if (p != NULL && s.n != 0)
        memcpy(p, s.p, s.n);
    return p;
}

static bool is_refused(struct str bytes)
{
    struct mp_err err = {0};
    struct snapshot *s = NULL;
    char *p = copy_of(bytes);
    int st = p == NULL ? MP_E_NOMEM : snapshot_open(str_make(p, bytes.n), &s, &err);
    snapshot_close(s);
    free(p);
    return st == MP_E_SYNTAX && err.text[0] != '\0';
}

static void test_damage(struct str file)
{
    size_t refused = 0;
    tap_case("cut at every byte");
    for (size_t n = 0; n < file.n; n++)
        refused += is_refused(str_slice(file, 0, n));
    tap_int(refused, file.n);

    tap_case("one bit wrong, in every byte");
    char *p = copy_of(file);
    for (size_t i = refused = 0; p != NULL && i < file.n; i++) {
        p[i] = (char)(p[i] ^ 1 << i % 8);
        refused += is_refused(str_make(p, file.n));
        p[i] = file.p[i];
    }
    tap_int(refused, file.n);

    tap_case("two words changed places");
    for (size_t i = refused = 0; p != NULL && i + 16 <= file.n; i += 8) {
        memcpy(p + i, file.p + i + 8, 8);
        memcpy(p + i + 8, file.p + i, 8);
        refused += memcmp(p, file.p, file.n) == 0 || is_refused(str_make(p, file.n));
        memcpy(p + i, file.p + i, 16);
    }
    tap_int(refused, (file.n - 8) / 8);

    tap_case("one byte more");
    char *more = calloc(1, file.n + 1);
    if (more != NULL)
        memcpy(more, file.p, file.n);
    tap_ok(is_refused(str_make(more, file.n + 1)));
    free(more);
    free(p);
}

/* Each byte of the head and each word of the rest made wrong, under a checksum that is right: an
 * attacker's. Whatever is read, it is within the file: the sanitizers see to it. */
static void test_made_up(struct str file)
{
    static const unsigned char wrong[] = {0xff, 0x80, 0x01, 0x7f, 0x00};
    size_t opened = 0, asked = 0;
    tap_case("made up with a right checksum");
    char *p = copy_of(file);
    for (size_t i = 0; p != NULL && i < file.n - 8; i++)
        for (size_t w = 0; w < ARRAY_LEN(wrong); w++, asked++) {
            p[i] = (char)(p[i] ^ wrong[w]);
            kit_repair((unsigned char *)p, file.n);
            opened += kit_read_all(str_make(p, file.n));
            p[i] = file.p[i];
        }
    tap_ok(opened > 0 && opened < asked);
    kit_repair((unsigned char *)p, file.n);
    tap_int(memcmp(p, file.p, file.n), 0);
    free(p);
}

static void test_place(struct str file)
{
    struct snapshot *s = NULL;
    char *p = malloc(file.n + 8);
    tap_case("at an odd place");
    if (p != NULL)
        memcpy(p + 4, file.p, file.n);
    tap_int(snapshot_open(str_make(p + 4, file.n), &s, NULL), MP_E_USAGE);
    free(p);
}

int main(void)
{
    struct arena a = {0};
    struct buf b;
    arena_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    struct str file = build(&a, &b);
    test_damage(file);
    test_made_up(file);
    test_place(file);
    buf_clear(&b);
    arena_clear(&a);
    return tap_done();
}
