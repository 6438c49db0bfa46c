/* Compound files: streams by name, chains in pieces, and every way in which they lie. */
#include "office/cfb.h"

#include "base/bytes.h"
#include "office/office_test_kit.h"
#include "office/ovba.h"
#include "tests/tap.h"

static struct arena arena;

static struct str filled(size_t n, char c)
{
    char *p = arena_new(&arena, char, n + 1);
    if (p == NULL)
        abort();
    memset(p, c, n);
    return str_make(p, n);
}

/* A copy in which four octets are others. */
static struct str patched(struct str file, size_t at, uint32_t v)
{
    struct str out = arena_copy(&arena, file);
    char *p = (char *)(uintptr_t)out.p;
    for (unsigned i = 0; i < 4; i++)
        p[at + i] = (char)(v >> 8 * i & 0xff);
    return out;
}

static bool opens(struct str file, struct cfb *c)
{
    struct mp_err err = {0};
    return cfb_open(&arena, file, c, &err) == MP_OK;
}

static void check_stream(struct cfb *c, const char *name, struct str want)
{
    struct str got = cfb_read(&arena, c, cfb_find(c, CFB_NO_ENTRY, str_from(name)));
    tap_int(got.n, want.n);
    tap_ok(str_eq(got, want));
}

static struct str sample(void)
{
    struct mk_stream streams[] = {{NULL, "Small", STR("a few letters")},
                                  {NULL, "Large", filled(9000, 'L')},
                                  {"Folder", "Inner", filled(100, 'i')},
                                  {"Folder", "Empty", STR_NONE}};
    return mk_cfb(&arena, streams, ARRAY_LEN(streams), NULL);
}

static void test_streams(void)
{
    struct cfb c;
    tap_case("cfb: streams of all sizes");
    if (!tap_ok(opens(sample(), &c)))
        return;
    tap_ok(!c.damaged && !c.cut);
    check_stream(&c, "small", STR("a few letters"));
    check_stream(&c, "Large", filled(9000, 'L'));
    check_stream(&c, "Inner", filled(100, 'i'));
    check_stream(&c, "Empty", STR_NONE);
    const struct cfb_entry *folder = cfb_find(&c, CFB_NO_ENTRY, STR("Folder"));
    tap_ok(folder != NULL && folder->type == CFB_STORAGE);
    tap_ok(cfb_find(&c, cfb_index(&c, folder), STR("Inner")) != NULL);
    tap_ok(cfb_find(&c, cfb_index(&c, folder), STR("Small")) == NULL);
    tap_ok(cfb_find(&c, 0, STR("Inner")) == NULL);
    tap_int(cfb_read(&arena, &c, folder).n, 0);
}

/* The sectors of "Large": its entry says where it begins. */
static uint32_t start_of(const struct cfb *c, const char *name)
{
    const struct cfb_entry *e = cfb_find(c, CFB_NO_ENTRY, str_from(name));
    return e != NULL ? e->start : 0;
}

static size_t fat_at(uint32_t sector)
{
    return MK_SECTOR + (size_t)sector * 4;
}

static void test_chains(void)
{
    struct str file = sample();
    struct cfb c, d;
    if (!opens(file, &c))
        abort();
    uint32_t large = start_of(&c, "Large");
    tap_case("cfb: a chain in pieces is put together");
    struct str split = patched(file, fat_at(large), large + 2);
    split = patched(split, fat_at(large + 2), large + 1);
    split = patched(split, fat_at(large + 1), large + 3);
    tap_ok(opens(split, &d));
    check_stream(&d, "Large", filled(9000, 'L'));
    tap_ok(!d.damaged);
    tap_case("cfb: a chain that bites its tail ends with its stream");
    tap_ok(opens(patched(file, fat_at(large + 3), large), &d));
    check_stream(&d, "Large", filled(9000, 'L'));
    tap_case("cfb: a chain that ends too early is damage, what there is of it is read");
    tap_ok(opens(patched(file, fat_at(large + 1), MK_END_OF_CHAIN), &d));
    check_stream(&d, "Large", filled(1024, 'L'));
    tap_ok(d.damaged);
    tap_case("cfb: a chain that leads outside");
    tap_ok(opens(patched(file, fat_at(large), 0x00ffffff), &d));
    check_stream(&d, "Large", filled(512, 'L'));
    tap_ok(d.damaged);
    tap_case("cfb: a directory in a loop");
    tap_ok(opens(patched(file, fat_at(le32_at(file, 48)), le32_at(file, 48)), &d));
    tap_ok(d.damaged || d.n <= CFB_MAX_ENTRIES);
    tap_case("cfb: a FAT that stands in itself, no FAT at all, a DIFAT in a loop");
    tap_ok(opens(patched(file, 68, 1), &d));
    tap_ok(opens(patched(file, 76, 0xffffffff), &d) && d.n_fat == 0);
    tap_ok(opens(patched(file, 68, 0), &d));
}

static void test_tree(void)
{
    struct str file = sample();
    struct cfb c, d;
    if (!opens(file, &c))
        abort();
    size_t dir = ((size_t)le32_at(file, 48) + 1) * MK_SECTOR;
    const struct cfb_entry *small = cfb_find(&c, CFB_NO_ENTRY, STR("Small"));
    tap_case("cfb: an entry that is its own neighbour");
    tap_ok(opens(patched(file, dir + (size_t)cfb_index(&c, small) * 128 + 72,
                         (uint32_t)cfb_index(&c, small)),
                 &d));
    tap_ok(d.damaged);
    check_stream(&d, "Small", STR("a few letters"));
    tap_case("cfb: what no way leads to is listed all the same");
    tap_ok(opens(patched(file, dir + 76, MK_NOTHING), &d));
    small = cfb_find(&d, CFB_NO_ENTRY, STR("Small"));
    tap_ok(small != NULL && !small->reachable);
    tap_case("cfb: a child that is no entry");
    tap_ok(opens(patched(file, dir + 76, 4711), &d) && d.damaged);
}

static void put32(char *p, size_t at, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[at + i] = (char)(v >> 8 * i & 0xff);
}

/* So large that the last sector of the FAT is named in a sector of its own. */
static void test_difat(void)
{
    enum {
        IN_HEAD = 109,
        DIFAT = IN_HEAD + 1,
        DIR = DIFAT + 1,
        DATA = IN_HEAD * 128,
        SECTORS = DATA + 16
    };
    struct str small = sample();
    struct cfb c;
    char *p = arena_new(&arena, char, ((size_t)SECTORS + 1) * MK_SECTOR);
    if (p == NULL || !opens(small, &c))
        abort();
    size_t dir = ((size_t)le32_at(small, 48) + 1) * MK_SECTOR;
    size_t large = (size_t)cfb_index(&c, cfb_find(&c, CFB_NO_ENTRY, STR("Large"))) * 128;
    memcpy(p, small.p, MK_SECTOR);
    put32(p, 48, DIR);
    put32(p, 60, MK_END_OF_CHAIN);
    put32(p, 68, DIFAT);
    for (uint32_t i = 0; i < IN_HEAD; i++)
        put32(p, 76 + (size_t)i * 4, i);
    put32(p, (DIFAT + 1) * (size_t)MK_SECTOR, IN_HEAD); /* sector 109 is of the FAT, too */
    put32(p, (DIFAT + 1) * (size_t)MK_SECTOR + 4, MK_NOTHING);
    put32(p, (DIFAT + 2) * (size_t)MK_SECTOR - 4, MK_END_OF_CHAIN);
    memcpy(p + (DIR + 1) * (size_t)MK_SECTOR, small.p + dir, MK_SECTOR);
    put32(p, (DIR + 1) * (size_t)MK_SECTOR + 116, MK_END_OF_CHAIN); /* no small stream */
    put32(p, (DIR + 1) * (size_t)MK_SECTOR + large + 116, DATA);
    put32(p, (DIR + 1) * (size_t)MK_SECTOR + large + 120, 5000);
    put32(p, fat_at(DIR), MK_END_OF_CHAIN);
    for (uint32_t i = 0; i < 10; i++)
        put32(p, fat_at(DATA + i), i < 9 ? DATA + i + 1 : MK_END_OF_CHAIN);
    memset(p + (DATA + 1) * (size_t)MK_SECTOR, 'D', 5000);
    tap_case("cfb: a FAT of more sectors than the head names");
    tap_ok(opens(str_make(p, ((size_t)SECTORS + 1) * MK_SECTOR), &c));
    tap_int(c.n_fat, IN_HEAD + 1);
    check_stream(&c, "Large", filled(5000, 'D'));
}

/* Many entries with one long chain: what is read of all together has a limit. */
static void test_budget(void)
{
    struct str file = sample();
    struct cfb c;
    uint64_t total = 0;
    tap_case("cfb: streams that share their sectors are not read for ever");
    if (!opens(file, &c))
        abort();
    const struct cfb_entry *large = cfb_find(&c, CFB_NO_ENTRY, STR("Large"));
    for (unsigned i = 0; i < 1000; i++)
        total += cfb_read(&arena, &c, large).n;
    tap_ok(c.cut);
    tap_ok(total <= (uint64_t)file.n * CFB_READ_FACTOR);
}

static void test_cuts(void)
{
    struct str file = sample();
    struct mp_err err = {0};
    struct cfb c;
    tap_case("cfb: cut anywhere");
    for (size_t n = 0; n < file.n; n += n < 1024 ? 1 : 101) {
        char *exact = malloc(n + 1);
        if (exact == NULL)
            abort();
        memcpy(exact, file.p, n);
        int st = cfb_open(&arena, str_make(exact, n), &c, &err);
        tap_ok(st == (n < 512 ? MP_E_SYNTAX : MP_OK));
        for (size_t i = 0; st == MP_OK && i < c.n; i++)
            cfb_read(&arena, &c, &c.entries[i]);
        free(exact);
    }
    tap_case("cfb: other bytes");
    tap_int(cfb_open(&arena, filled(2000, 'x'), &c, &err), MP_E_SYNTAX);
}

/* ---- MS-OVBA ---- */

/* The example of MS-OVBA 3.2.2, and others of its kind. */
static const struct {
    const char *label;
    struct str in;
    const char *want;
    bool sound;
} packed[] = {
    {"letters only", STR_INIT("\x01\x03\xb0\0abc"), "abc", true},
    {"a copy that runs into itself",
     STR_INIT("\x01\x03\xb0\x02"
              "a\x05\0"),
     "aaaaaaaaa", true},
    {"two chunks", STR_INIT("\x01\x02\xb0\0ab\x02\xb0\0cd"), "abcd", true},
    {"zeros behind", STR_INIT("\x01\x02\xb0\0ab\0\0\0"), "ab", true},
    {"a copy from in front of the chunk",
     STR_INIT("\x01\x05\xb0\x02"
              "a\x05\xf0zz"),
     "a", false},
    {"no signature", STR_INIT("\x02\x02\xb0\0ab"), "", false},
    {"a chunk of another kind", STR_INIT("\x01\x02\x80\0ab"), "", false},
    {"cut", STR_INIT("\x01\x09\xb0\0abc"), "abc", false},
    {"empty", STR_INIT(""), "", false},
};

static void test_decompress(void)
{
    for (size_t i = 0; i < ARRAY_LEN(packed); i++) {
        struct buf b;
        buf_init(&b, MK_MAX_BYTES);
        tap_case("ovba_decompress: %s", packed[i].label);
        tap_int(ovba_decompress(&b, packed[i].in, MK_MAX_BYTES), packed[i].sound);
        tap_str(buf_str(&b), str_from(packed[i].want));
        buf_clear(&b);
    }
}

static void read_project(struct str file, struct ovba *out)
{
    struct cfb c;
    struct mp_err err = {0};
    if (!opens(file, &c))
        abort();
    const struct cfb_entry *dir = cfb_find(&c, CFB_NO_ENTRY, STR("dir"));
    tap_int(ovba_read(&arena, &c, dir != NULL ? dir->parent : CFB_NO_ENTRY, out, &err), MP_OK);
}

static void test_project(void)
{
    static const char source[] = "Attribute VB_Name = \"Module1\"\r\nSub AutoOpen()\r\nEnd Sub\r\n";
    struct ovba v;
    tap_case("ovba: the source of a module");
    read_project(mk_project(&arena, source), &v);
    tap_int(v.n, 1);
    tap_ok(!v.damaged && !v.cut);
    if (v.n == 1) {
        tap_str(v.modules[0].name, STR("Module1"));
        tap_str(v.modules[0].source, str_from(source));
        tap_ok(!v.modules[0].stomped);
    }
    tap_case("ovba: a module without source, but with compiled code");
    read_project(mk_project(&arena, ""), &v);
    tap_ok(v.n == 1 && v.modules[0].stomped && v.modules[0].source.n == 0);
    tap_case("ovba: a list of modules that is broken: source is found by its look");
    struct mk_stream broken[] = {{"VBA", "dir", STR("\x01\x05\xb0\0\xff\xff\xff\xff\xff")},
                                 {"VBA", "Hidden", mk_container(&arena, str_from(source))}};
    read_project(mk_cfb(&arena, broken, ARRAY_LEN(broken), NULL), &v);
    tap_ok(v.damaged && v.n == 1);
    if (v.n == 1) {
        tap_str(v.modules[0].name, STR("Hidden"));
        tap_str(v.modules[0].source, str_from(source));
    }
    tap_case("ovba: a module that the list does not tell of");
    struct mk_stream more[] = {{"VBA", "dir", mk_dir(&arena, 0)},
                               {"VBA", "Module1", mk_container(&arena, STR("Attribute A\r\n"))},
                               {"VBA", "Other", mk_container(&arena, str_from(source))}};
    read_project(mk_cfb(&arena, more, ARRAY_LEN(more), NULL), &v);
    tap_ok(v.n == 2 && str_eq(v.modules[1].source, str_from(source)));
    tap_case("ovba: letters of windows-1252");
    read_project(mk_project(&arena, "Attribute A\r\n' \xfc\x80"), &v);
    tap_ok(v.n == 1 && str_ends(v.modules[0].source, STR("' \xc3\xbc\xe2\x82\xac")));
}

int main(void)
{
    arena_init(&arena, 512u << 20);
    test_streams();
    test_chains();
    test_tree();
    test_difat();
    test_budget();
    test_cuts();
    test_decompress();
    test_project();
    arena_clear(&arena);
    return tap_done();
}
