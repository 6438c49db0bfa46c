/* Codes written by the kit, read back: forms, modes, damage, views, several codes, matrices. */
#include "image/qr_test_kit.h"

#define URL "https://login.example.top/?e=dmljdGltQGV4YW1wbGUuY29t"

static struct qr_found find(struct arena *a, const struct image *im)
{
    struct qr_found found = {.n = 0};
    struct mp_err err = {0};
    tap_int(qr_find(a, im, &found, &err), MP_OK);
    return found;
}

static struct qr_found from_matrix(struct arena *a, const struct qk_code *c)
{
    struct qr_found found = {.n = 0};
    struct mp_err err = {0};
    tap_int(qr_from_matrix(a, c->cell, c->side, c->side, &found, &err), MP_OK);
    return found;
}

static bool has_text(const struct qr_found *f, struct str text)
{
    for (size_t i = 0; i < f->n; i++)
        if (str_eq(f->codes[i].text, text))
            return true;
    return false;
}

/* ---- Forms, masks, damage: as matrices ---- */

static void test_forms(void)
{
    static struct qk_code code;
    for (size_t i = 0; i < ARRAY_LEN(qk_forms); i++)
        for (unsigned mask = 0; mask < 8; mask++) {
            const struct qk_form *form = &qk_forms[i];
            struct arena a;
            struct qk_bits b = {.n = 0};
            arena_init(&a, IMAGE_MEMORY_BYTES);
            qk_put_bytes(&b, STR("a.test"), form->version);
            qk_write(&code, form, &b, mask, 0);
            struct qr_found f = from_matrix(&a, &code);
            tap_case("qr: version %u-%c, mask %u", form->version, form->level, mask);
            tap_int(f.n, 1);
            tap_str(f.codes[0].text, STR("a.test"));
            tap_int(f.codes[0].version, form->version);
            tap_int(f.codes[0].level, form->level);
            tap_int(f.codes[0].mended, 0);
            arena_clear(&a);
        }
}

static void test_damage(void)
{
    static const struct {
        const char *label;
        unsigned version;
        char level;
        unsigned broken;
        bool readable;
    } rows[] = {
        {"half of the correction of one block", 1, 'H', 8, true},
        {"one more than that", 1, 'H', 9, false},
        {"version 1-L mends three", 1, 'L', 3, true},
        {"version 1-L does not mend four", 1, 'L', 4, false},
        {"eleven in each of four blocks", 5, 'H', 44, true},
        {"twelve in one of them", 5, 'H', 45, false},
    };
    static struct qk_code code;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a;
        struct qk_bits b = {.n = 0};
        arena_init(&a, IMAGE_MEMORY_BYTES);
        qk_put_bytes(&b, STR("b.test"), rows[i].version);
        qk_write(&code, qk_form(rows[i].version, rows[i].level), &b, 2, rows[i].broken);
        tap_case("qr: damage: %s", rows[i].label);
        struct qr_found f = from_matrix(&a, &code);
        tap_int(f.n, rows[i].readable);
        if (rows[i].readable) {
            tap_str(f.codes[0].text, STR("b.test"));
            tap_int(f.codes[0].mended, rows[i].broken);
        }
        arena_clear(&a);
    }
}

/* ---- Modes and charsets: rows of fields of bits ---- */

struct field {
    unsigned value, bits;
};

static const struct {
    const char *label;
    struct field fields[24];
    struct str want;
} mode_rows[] = {
    {"digits, three, two and one at a time",
     {{1, 4}, {7, 10}, {12, 10}, {345, 10}, {6, 4}},
     STR_INIT("0123456")},
    {"digits, a rest of two", {{1, 4}, {5, 10}, {900, 10}, {7, 7}}, STR_INIT("90007")},
    {"letters and digits",
     {{2, 4}, {5, 9}, {10 * 45 + 12, 11}, {44 * 45 + 43, 11}, {40, 6}},
     STR_INIT("AC:/+")},
    {"bytes that are UTF-8", {{4, 4}, {2, 8}, {0xc3, 8}, {0xa4, 8}}, STR_INIT("\xc3\xa4")},
    {"bytes that are not: ISO 8859-1",
     {{4, 4}, {3, 8}, {0xe9, 8}, {'t', 8}, {0xe9, 8}},
     STR_INIT("\xc3\xa9t\xc3\xa9")},
    {"ECI 26, UTF-8",
     {{7, 4}, {26, 8}, {4, 4}, {2, 8}, {0xc3, 8}, {0xbc, 8}},
     STR_INIT("\xc3\xbc")},
    {"ECI 26 that is not UTF-8 is marked",
     {{7, 4}, {26, 8}, {4, 4}, {2, 8}, {'x', 8}, {0xbc, 8}},
     STR_INIT("x\xef\xbf\xbd")},
    {"ECI 3 on bytes that could be UTF-8",
     {{7, 4}, {3, 8}, {4, 4}, {2, 8}, {0xc3, 8}, {0xbc, 8}},
     STR_INIT("\xc3\x83\xc2\xbc")},
    {"ECI 22, Cyrillic",
     {{7, 4}, {22, 8}, {4, 4}, {2, 8}, {0xcf, 8}, {0xe8, 8}},
     STR_INIT("\xd0\x9f\xd0\xb8")},
    {"ECI of two octets, unknown: ASCII stays",
     {{7, 4}, {0x83, 8}, {0x80, 8}, {4, 4}, {2, 8}, {'a', 8}, {0xbc, 8}},
     STR_INIT("a\xef\xbf\xbd")},
    {"ECI 25, UTF-16 with a pair",
     {{7, 4},
      {25, 8},
      {4, 4},
      {6, 8},
      {0, 8},
      {'a', 8},
      {0xd8, 8},
      {0x3d, 8},
      {0xde, 8},
      {0x00, 8}},
     STR_INIT("a\xf0\x9f\x98\x80")},
    {"ECI 20, Shift JIS with a half-wide letter",
     {{7, 4}, {20, 8}, {4, 4}, {3, 8}, {0x93, 8}, {0xfa, 8}, {0xb1, 8}},
     STR_INIT("\xe6\x97\xa5\xef\xbd\xb1")},
    {"kanji of both ranges", /* 93fa less 8140, e0a1 less c140 */
     {{8, 4}, {2, 8}, {0x12 * 0xc0 + 0xba, 13}, {0x1f * 0xc0 + 0x61, 13}},
     STR_INIT("\xe6\x97\xa5\xe7\x88\x8d")},
    {"FNC1: separators and percent signs",
     {{5, 4}, {2, 4}, {6, 9}, {10 * 45 + 38, 11}, {11 * 45 + 38, 11}, {38 * 45 + 12, 11}},
     STR_INIT("A\x1d"
              "B%C")},
    {"FNC1 in second place", {{9, 4}, {37, 8}, {1, 4}, {1, 10}, {7, 4}}, STR_INIT("7")},
    {"segments one behind the other",
     {{2, 4}, {2, 9}, {10 * 45 + 11, 11}, {1, 4}, {1, 10}, {5, 4}, {4, 4}, {1, 8}, {'z', 8}},
     STR_INIT("AB5z")},
    {"no end mark at all: 19 codewords full",
     {{4, 4},
      {17, 8},
      {'a', 8},
      {'b', 8},
      {'c', 8},
      {'d', 8},
      {'e', 8},
      {'f', 8},
      {'g', 8},
      {'h', 8},
      {'i', 8},
      {'j', 8},
      {'k', 8},
      {'l', 8},
      {'m', 8},
      {'n', 8},
      {'o', 8},
      {'p', 8},
      {'q', 8}},
     STR_INIT("abcdefghijklmnopq")},
};

static void test_modes(void)
{
    static struct qk_code code;
    for (size_t i = 0; i < ARRAY_LEN(mode_rows); i++) {
        struct arena a;
        struct qk_bits b = {.n = 0};
        arena_init(&a, IMAGE_MEMORY_BYTES);
        for (size_t k = 0; k < ARRAY_LEN(mode_rows[i].fields); k++)
            qk_put(&b, mode_rows[i].fields[k].value, mode_rows[i].fields[k].bits);
        qk_write(&code, qk_form(1, 'L'), &b, 5, 0);
        tap_case("qr: %s", mode_rows[i].label);
        struct qr_found f = from_matrix(&a, &code);
        tap_int(f.n, 1);
        tap_str(f.codes[0].text, mode_rows[i].want);
        arena_clear(&a);
    }
}

static void test_broken_modes(void)
{
    static const struct {
        const char *label;
        struct field fields[4];
    } rows[] = {
        {"digits above 999", {{1, 4}, {3, 10}, {1000, 10}}},
        {"more bytes than there are", {{4, 4}, {200, 8}}},
        {"a mode that is none", {{6, 4}}},
        {"letters above 44", {{2, 4}, {2, 9}, {45 * 45, 11}}},
    };
    static struct qk_code code;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a;
        struct qk_bits b = {.n = 0};
        arena_init(&a, IMAGE_MEMORY_BYTES);
        for (size_t k = 0; k < ARRAY_LEN(rows[i].fields); k++)
            qk_put(&b, rows[i].fields[k].value, rows[i].fields[k].bits);
        qk_write(&code, qk_form(1, 'L'), &b, 1, 0);
        tap_case("qr: no text: %s", rows[i].label);
        struct qr_found f = from_matrix(&a, &code);
        tap_int(f.n, 0);
        arena_clear(&a);
    }
}

/* ---- Views ---- */

static void test_shots(void)
{
    static const struct {
        const char *label;
        unsigned version;
        char level;
        struct qk_shot shot;
    } rows[] = {
        {"one pixel a module", 3, 'L', {.module = 1}},
        {"two and a half pixels", 3, 'L', {.module = 2.5f}},
        {"large modules", 3, 'L', {.module = 31}},
        {"turned by 7 degrees", 3, 'L', {.module = 5, .degrees = 7}},
        {"turned by 45 degrees", 3, 'L', {.module = 4, .degrees = 45}},
        {"turned by 90 degrees", 3, 'L', {.module = 4, .degrees = 90}},
        {"turned by 203 degrees", 7, 'L', {.module = 4, .degrees = 203}},
        {"upside down, two pixels", 4, 'Q', {.module = 2, .degrees = 180}},
        {"light on dark", 3, 'L', {.module = 4, .inverted = true}},
        {"in a mirror", 3, 'L', {.module = 4, .mirrored = true}},
        {"in a mirror, light on dark, turned",
         5,
         'H',
         {.module = 4, .degrees = 30, .inverted = true, .mirrored = true}},
        {"low contrast", 3, 'L', {.module = 4, .dark = 120, .light = 140}},
        {"light grey on white", 3, 'L', {.module = 4, .dark = 225, .light = 255}},
        {"a shadow over it", 3, 'L', {.module = 6, .dark = 150, .light = 255, .shade = 140}},
        {"noise", 3, 'L', {.module = 6, .noise = 100}},
        {"much noise", 3, 'L', {.module = 12, .noise = 180, .dark = 64, .light = 192}},
        {"seen from the side", 3, 'L', {.module = 7, .tilt_x = 0.35f}},
        {"seen from below, turned", 3, 'L', {.module = 7, .tilt_y = 0.3f, .degrees = 20}},
        {"seen from a corner",
         8,
         'M',
         {.module = 6, .tilt_x = 0.25f, .tilt_y = 0.25f, .degrees = 15}},
        {"a small one from a corner", 1, 'L', {.module = 8, .tilt_x = -0.25f, .tilt_y = 0.2f}},
        {"a large one, turned", 14, 'M', {.module = 3, .degrees = 33}},
        {"a large one at an angle",
         21,
         'L',
         {.module = 4, .tilt_x = 0.15f, .tilt_y = -0.1f, .degrees = 5}},
        {"a very large one", 27, 'M', {.module = 2}},
        {"the largest", 40, 'L', {.module = 3}},
    };
    static struct qk_code code;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a;
        const struct qk_form *form = qk_form(rows[i].version, rows[i].level);
        bool small = form->total - form->ec * form->blocks < sizeof URL + 2;
        struct str text = small ? STR("https://a.test/1") : STR(URL);
        arena_init(&a, IMAGE_MEMORY_BYTES);
        qk_text(&code, rows[i].version, rows[i].level, text);
        struct image im = qk_shoot(&a, &code, rows[i].shot);
        tap_case("qr: seen: %s", rows[i].label);
        struct qr_found f = find(&a, &im);
        tap_int(f.n, 1);
        tap_str(f.codes[0].text, text);
        tap_int(f.codes[0].inverted, rows[i].shot.inverted);
        tap_int(f.codes[0].mirrored, rows[i].shot.mirrored);
        tap_ok(!f.limited);
        arena_clear(&a);
    }
}

/* Without the margin that the norm asks for. */
static void test_no_margin(void)
{
    static struct qk_code code;
    struct arena a;
    arena_init(&a, IMAGE_MEMORY_BYTES);
    qk_text(&code, 3, 'L', STR(URL));
    unsigned char *p = arena_new(&a, unsigned char, 29 * 3 * 29 * 3);
    for (size_t i = 0; i < 87 * 87; i++)
        p[i] = code.cell[i / 87 / 3 * 29 + i % 87 / 3] ? 20 : 230;
    struct image im = {.luma = p, .width = 87, .height = 87};
    tap_case("qr: seen: no margin");
    struct qr_found f = find(&a, &im);
    tap_int(f.n, 1);
    tap_str(f.codes[0].text, STR(URL));
    arena_clear(&a);
}

static void test_no_code(void)
{
    struct arena a;
    arena_init(&a, IMAGE_MEMORY_BYTES);
    unsigned char *p = arena_new(&a, unsigned char, 300 * 300);
    struct image im = {.luma = p, .width = 300, .height = 300};
    static const char *const labels[] = {"one colour", "noise", "stripes", "rings",
                                         "squares of corners without end"};
    for (size_t kind = 0; kind < ARRAY_LEN(labels); kind++) {
        uint32_t seed = 7;
        for (size_t y = 0; y < 300; y++)
            for (size_t x = 0; x < 300; x++) {
                size_t dx = x % 9 > 4 ? x % 9 - 4 : 4 - x % 9,
                       dy = y % 9 > 4 ? y % 9 - 4 : 4 - y % 9;
                size_t ring = dx > dy ? dx : dy;
                seed = seed * 1664525 + 1013904223;
                unsigned v[] = {77, seed >> 24, x / 3 % 2 * 255, (x * x + y * y) / 900 % 2 * 255,
                                ring == 2 || ring == 4 ? 255 : 0};
                p[y * 300 + x] = (unsigned char)v[kind];
            }
        tap_case("qr: no code in %s", labels[kind]);
        struct qr_found f = find(&a, &im);
        tap_int(f.n, 0);
    }
    im.width = im.height = 20;
    tap_case("qr: a picture too small for any");
    tap_int(find(&a, &im).n, 0);
    im = (struct image){.luma = NULL};
    tap_case("qr: no picture");
    tap_int(find(&a, &im).n, 0);
    arena_clear(&a);
}

/* ---- Several codes ---- */

static void test_several(void)
{
    static const struct str texts[] = {STR_INIT("https://one.test/"), STR_INIT("https://two.test/"),
                                       STR_INIT("https://three.test/"),
                                       STR_INIT("https://four.test/")};
    static struct qk_code code;
    struct arena a;
    struct image sheet = {.luma = NULL}, row, im, with;
    struct mp_err err = {0};
    arena_init(&a, IMAGE_MEMORY_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        qk_text(&code, 3, 'L', texts[i]);
        im = qk_shoot(&a, &code, (struct qk_shot){.module = 3, .inverted = i == 2});
        if (i % 2 == 0)
            row = im;
        else if (image_join(&a, &row, &im, false, &with, &err) == MP_OK)
            row = with;
        if (i == 1)
            sheet = row;
    }
    tap_case("qr: four codes in one picture");
    tap_int(image_join(&a, &sheet, &row, true, &im, &err), MP_OK);
    tap_int(im.width, row.width);
    tap_int(im.height, 2 * row.height);
    struct qr_found f = find(&a, &im);
    tap_int(f.n, ARRAY_LEN(texts));
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        tap_ok(has_text(&f, texts[i]));
    arena_clear(&a);
}

static void put_part(struct qk_bits *b, unsigned part, unsigned parts, struct str text)
{
    *b = (struct qk_bits){.n = 0};
    qk_put(b, 3, 4);
    qk_put(b, part, 4);
    qk_put(b, parts - 1, 4);
    qk_put(b, 0xa5, 8);
    qk_put_bytes(b, text, 2);
}

static void test_parts(void)
{
    static struct qk_code codes[3];
    static const struct str texts[] = {STR_INIT("https://evil.t"), STR_INIT("est/login?\xc3"),
                                       STR_INIT("\xa4=1")};
    static const unsigned order[] = {1, 2, 0};
    struct arena a;
    struct image im = {.luma = NULL}, one, with;
    struct mp_err err = {0};
    arena_init(&a, IMAGE_MEMORY_BYTES);
    for (unsigned i = 0; i < 3; i++) {
        struct qk_bits b;
        put_part(&b, order[i], 3, texts[order[i]]);
        qk_write(&codes[i], qk_form(2, 'M'), &b, i, 0);
        one = qk_shoot(&a, &codes[i], (struct qk_shot){.module = 4});
        if (i == 0)
            im = one;
        else if (image_join(&a, &im, &one, false, &with, &err) == MP_OK)
            im = with;
    }
    tap_case("qr: a text in three codes, a letter across two");
    struct qr_found f = find(&a, &im);
    tap_int(f.n, 1);
    tap_str(f.codes[0].text, STR("https://evil.test/login?\xc3\xa4=1"));
    tap_int(f.codes[0].parts, 3);
    tap_int(f.codes[0].part, 0);
    tap_case("qr: one part of three");
    f = from_matrix(&a, &codes[2]);
    tap_int(f.n, 1);
    tap_str(f.codes[0].text, texts[0]);
    tap_int(f.codes[0].part, 1);
    tap_int(f.codes[0].parts, 3);
    arena_clear(&a);
}

static void test_split(void)
{
    static struct qk_code code;
    struct arena a;
    struct image whole, half[2], joined;
    struct mp_err err = {0};
    arena_init(&a, IMAGE_MEMORY_BYTES);
    qk_text(&code, 3, 'L', STR(URL));
    whole = qk_shoot(&a, &code, (struct qk_shot){.module = 4});
    for (unsigned below = 0; below < 2; below++) {
        uint32_t n = whole.width, w = below ? n : n / 2, h = below ? n / 2 : n;
        for (unsigned i = 0; i < 2; i++) {
            unsigned char *p = arena_new(&a, unsigned char, (size_t)w *h);
            for (uint32_t y = 0; y < h; y++)
                for (uint32_t x = 0; x < w; x++)
                    p[y * w + x] =
                        whole.luma[(y + (below ? i * h : 0)) * n + x + (below ? 0 : i * w)];
            half[i] = (struct image){.luma = p, .width = w, .height = h};
        }
        tap_case("qr: a code cut in two, %s", below ? "upper and lower" : "left and right");
        tap_int(find(&a, &half[0]).n, 0);
        tap_int(find(&a, &half[1]).n, 0);
        tap_int(image_join(&a, &half[0], &half[1], below, &joined, &err), MP_OK);
        struct qr_found f = find(&a, &joined);
        tap_int(f.n, 1);
        tap_str(f.codes[0].text, STR(URL));
    }
    arena_clear(&a);
}

/* ---- Matrices ---- */

static void test_matrices(void)
{
    static struct qk_code code;
    static unsigned char cells[60 * 50];
    struct mp_err err = {0};
    qk_text(&code, 3, 'L', STR(URL));
    for (unsigned turn = 0; turn < 8; turn++) {
        struct arena a;
        struct qr_found f = {.n = 0};
        bool inverted = turn % 3 == 1;
        arena_init(&a, IMAGE_MEMORY_BYTES);
        memset(cells, inverted, sizeof cells);
        for (unsigned y = 0; y < 29; y++)
            for (unsigned x = 0; x < 29; x++) {
                unsigned u = (turn & 1) != 0 ? 28 - x : x, v = (turn & 2) != 0 ? 28 - y : y;
                unsigned dark = (turn & 4) != 0 ? code.cell[u * 29 + v] : code.cell[v * 29 + u];
                cells[(y + 7) * 60 + x + 13] = (unsigned char)(dark != inverted);
            }
        tap_case("qr: a matrix with margins, turned or mirrored: %u", turn);
        tap_int(qr_from_matrix(&a, cells, 60, 50, &f, &err), MP_OK);
        tap_int(f.n, 1);
        tap_str(f.codes[0].text, STR(URL));
        tap_int(f.codes[0].inverted, inverted);
        arena_clear(&a);
    }
}

/* tests/images/versions-*.png: written by qrencode, one pixel a module. */
static void test_versions(void)
{
    static const struct {
        char level;
        unsigned versions, size; /* of a tile of the sheet, eight in a row */
    } sheets[] = {{'L', 40, 185}, {'M', 20, 105}, {'Q', 20, 105}, {'H', 20, 105}};
    static unsigned char cells[185 * 185];
    for (size_t i = 0; i < ARRAY_LEN(sheets); i++) {
        struct arena a, small;
        struct image im = {.luma = NULL};
        struct mp_err err = {0};
        unsigned n = sheets[i].size;
        arena_init(&a, IMAGE_MEMORY_BYTES);
        arena_init(&small, IMAGE_MEMORY_BYTES);
        struct str path = arena_fmt(&a, "tests/images/versions-%c.png", sheets[i].level);
        image_read(&a, tap_source_file(path.p), (struct image_options){.background = 255}, &im,
                   &err);
        for (unsigned v = 1; im.luma != NULL && v <= sheets[i].versions; v++) {
            struct qr_found f = {.n = 0};
            const unsigned char *tile = im.luma + (v - 1) / 8 * n * im.width + (v - 1) % 8 * n;
            for (size_t k = 0; k < (size_t)n * n; k++)
                cells[k] = tile[k / n * im.width + k % n] == 0;
            tap_case("qr: version %u-%c by qrencode", v, sheets[i].level);
            tap_int(qr_from_matrix(&small, cells, n, n, &f, &err), MP_OK);
            tap_int(f.n, 1);
            tap_str(f.codes[0].text, arena_fmt(&a, "V%u%c", v, sheets[i].level));
            tap_int(f.codes[0].version, v);
            tap_int(f.codes[0].level, sheets[i].level);
            arena_reset(&small);
        }
        arena_clear(&small);
        arena_clear(&a);
    }
}

/* Two codes of one matrix: no square that is one code alone. */
static void test_matrix_of_two(void)
{
    static struct qk_code code[2];
    static unsigned char cells[80 * 40];
    struct mp_err err = {0};
    struct qr_found f = {.n = 0};
    struct arena a;
    arena_init(&a, IMAGE_MEMORY_BYTES);
    qk_text(&code[0], 3, 'L', STR("https://one.test/"));
    qk_text(&code[1], 3, 'L', STR("https://two.test/"));
    for (unsigned i = 0; i < 2; i++)
        for (unsigned k = 0; k < 29 * 29; k++)
            cells[(k / 29 + 2) * 80 + k % 29 + 40 * i + 4] = code[i].cell[k];
    tap_case("qr: a matrix with two codes");
    tap_int(qr_from_matrix(&a, cells, 80, 40, &f, &err), MP_OK);
    tap_int(f.n, 2);
    tap_ok(has_text(&f, STR("https://one.test/")) && has_text(&f, STR("https://two.test/")));
    arena_clear(&a);
}

static void test_memory(void)
{
    static struct qk_code code;
    struct qr_found f = {.n = 7};
    struct mp_err err = {0};
    struct arena a, small;
    arena_init(&a, IMAGE_MEMORY_BYTES);
    arena_init(&small, 20000);
    qk_text(&code, 3, 'L', STR(URL));
    struct image im = qk_shoot(&a, &code, (struct qk_shot){.module = 4});
    tap_case("qr: no memory");
    tap_int(qr_find(&small, &im, &f, &err), MP_E_NOMEM);
    tap_int(f.n, 7);
    arena_clear(&small);
    arena_clear(&a);
}

int main(void)
{
    test_forms();
    test_damage();
    test_modes();
    test_broken_modes();
    test_shots();
    test_no_margin();
    test_no_code();
    test_several();
    test_parts();
    test_split();
    test_matrices();
    test_versions();
    test_matrix_of_two();
    test_memory();
    return tap_done();
}
