/* Packed feeds: what is undone, what is refused, and how much may come out. */
#include "feeds/unpack.h"

#include "feeds/unpack_test_kit.h"
#include "tests/tap.h"

enum { ROOM = 100000 };

static const struct str text = STR_INIT("https://bad.test/a\nhttps://bad.test/b\n");

static int unpack(struct str bytes, struct buf *out, size_t room, struct mp_err *err)
{
    buf_init(out, room);
    int st = feed_unpack(bytes, out, err);
    if (st != MP_OK)
        tap_ok(err->text[0] != '\0');
    return st;
}

static void check(struct str bytes, size_t room, int status, struct str want)
{
    struct buf out;
    struct mp_err err = {0};
    if (!tap_int(unpack(bytes, &out, room, &err), status))
        tap_note("%s", err.text);
    else if (status == MP_OK)
        tap_str(buf_str(&out), want);
    tap_ok(out.n <= room);
    buf_clear(&out);
}

static void test_whole(void)
{
    static const char *const names[PACK_COUNT] = {"gzip", "bzip2", "xz",
                                                  "zstd", "ZIP",   "gzip twice"};
    const struct pack_file file = {STR("feed.csv"), text};
    for (int how = 0; how < PACK_COUNT; how++) {
        struct buf packed = pack_files((enum pack)how, &file, 1);
        tap_case("whole: %s", names[how]);
        tap_ok(feed_is_packed(buf_str(&packed)));
        check(buf_str(&packed), ROOM, MP_OK, text);
        tap_case("whole: %s, exactly the limit", names[how]);
        check(buf_str(&packed), text.n, MP_OK, text);
        tap_case("whole: %s, one byte less", names[how]);
        check(buf_str(&packed), text.n - 1, MP_E_LIMIT, text);
        buf_clear(&packed);
    }
    tap_case("whole: a text is not packed");
    tap_ok(!feed_is_packed(text) && !feed_is_packed(STR("")) && !feed_is_packed(STR("PK")) &&
           !feed_is_packed(STR("BZ,1")));
}

/* Every place where a file may end, and every bit of its first bytes turned: an error or the text,
 * never anything else. */
static void test_damaged(void)
{
    const struct pack_file file = {STR("feed.csv"), text};
    for (int how = 0; how < PACK_COUNT; how++) {
        struct buf packed = pack_files((enum pack)how, &file, 1);
        struct buf out;
        struct mp_err err;
        tap_case("damaged: pack %d, cut anywhere", how);
        for (size_t n = 4; n + 1 < packed.n; n++) {
            int st = unpack(str_make(packed.p, n), &out, ROOM, &err);
            if (!tap_ok(st == MP_E_SYNTAX || (st == MP_OK && str_eq(buf_str(&out), text))))
                tap_note("cut at %zu of %zu: %d", n, packed.n, st);
            buf_clear(&out);
        }
        tap_case("damaged: pack %d, a bit turned", how);
        for (size_t bit = 0; bit < packed.n * 8; bit++) {
            packed.p[bit / 8] ^= (char)(1 << bit % 8);
            int st = unpack(buf_str(&packed), &out, ROOM, &err);
            tap_ok(st == MP_OK || st == MP_E_SYNTAX || st == MP_E_LIMIT);
            buf_clear(&out);
            packed.p[bit / 8] ^= (char)(1 << bit % 8);
        }
        buf_clear(&packed);
    }
    tap_case("damaged: a head and nothing");
    check(STR("\x1f\x8b\x08"), ROOM, MP_E_SYNTAX, text);
    check(STR("PK\x03\x04"), ROOM, MP_E_SYNTAX, text);
    check(STR("BZh9"), ROOM, MP_E_SYNTAX, text);
}

static void test_members(void)
{
    const struct pack_file two[] = {{STR("a.csv"), text}, {STR("b.csv"), text}};
    const struct pack_file folder[] = {{STR("feed/"), STR("")}, {STR("feed/a.csv"), text}};
    struct buf packed = pack_files(PACK_ZIP, two, 2);
    tap_case("ZIP: two files");
    check(buf_str(&packed), ROOM, MP_E_SYNTAX, text);
    buf_clear(&packed);
    packed = pack_files(PACK_ZIP, folder, 2);
    tap_case("ZIP: a folder and a file");
    check(buf_str(&packed), ROOM, MP_OK, text);
    buf_clear(&packed);
    packed = pack_files(PACK_ZIP, folder, 1);
    tap_case("ZIP: a folder alone");
    check(buf_str(&packed), ROOM, MP_E_SYNTAX, text);
    buf_clear(&packed);
    packed = pack_files(PACK_ZIP, NULL, 0);
    tap_case("ZIP: empty");
    check(buf_str(&packed), ROOM, MP_E_SYNTAX, text);
    buf_clear(&packed);
}

static void test_bombs(void)
{
    char *zeros = calloc(1, 32 << 20);
    struct buf inner, outer;
    if (zeros == NULL)
        abort();
    for (int how = 0; how < PACK_COUNT; how++) {
        const struct pack_file file = {STR("feed.csv"), str_make(zeros, 32 << 20)};
        inner = pack_files((enum pack)how, &file, 1);
        tap_case("bomb: pack %d, %zu bytes", how, inner.n);
        check(buf_str(&inner), ROOM, MP_E_LIMIT, text);
        buf_clear(&inner);
    }
    const struct pack_file file = {STR("feed.csv"), text};
    inner = pack_files(PACK_GZIP_TWICE, &file, 1);
    outer = pack_files(PACK_GZIP, &(struct pack_file){STR("x"), buf_str(&inner)}, 1);
    tap_case("bomb: packed again and again");
    check(buf_str(&outer), ROOM, MP_E_SYNTAX, text);
    buf_clear(&inner);
    buf_clear(&outer);
    free(zeros);
}

int main(void)
{
    test_whole();
    test_damaged();
    test_members();
    test_bombs();
    return tap_done();
}
