/* Where a PDF begins and ends, its images, and hostile shapes: each within its limits. */
#include "pdf/pdf_test_kit.h"
#include "tests/tap.h"

static struct arena arena;

static struct pdf *read_pdf(struct str bytes)
{
    struct mp_err err = {0};
    struct pdf *p = NULL;
    arena_reset(&arena);
    if (!tap_int(pdf_read(&arena, bytes, NULL, 0, &p, &err), MP_OK))
        abort();
    return p;
}

static const struct {
    const char *label;
    struct str bytes;
    size_t header, n_headers, trailing;
} ends[] = {
    {"whole", STR_INIT("%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF\n"), 0, 1, 0},
    {"no header", STR_INIT("1 0 obj<<>>endobj %%EOF"), 0, 0, 0},
    {"a header further on", STR_INIT("MZ..%PDF-1.4\n%%EOF\r\n \n"), 4, 1, 0},
    {"two of them", STR_INIT("%PDF-1.4\n%%EOF\n%PDF-1.7\n%%EOF"), 0, 2, 0},
    {"the second is in an embedded file",
     STR_INIT("%PDF-1.4\n1 0 obj<</Length 9>>stream\n%PDF-1.7\n\nendstream endobj\n%%EOF"), 0, 1,
     0},
    {"data behind the end", STR_INIT("%PDF-1.4\n%%EOF\nPK\3\4%%EO"), 0, 1, 8},
    {"an update behind the end", STR_INIT("%PDF-1.4\n%%EOF\n1 0 obj<<>>endobj\n%%EOF\n"), 0, 1, 0},
    {"no end", STR_INIT("%PDF-1.4\n1 0 obj<<>>endobj\n%EOF"), 0, 1, 0},
};

/* ---- images ---- */

static const struct {
    const char *label, *dict;
    struct str samples, want; /* want: brightness of 4 pixels */
} images[] = {
    {"bits", "/BitsPerComponent 1/ColorSpace/DeviceGray", STR_INIT("\xa0"),
     STR_INIT("\xff\0\xff\0")},
    {"a mask", "/ImageMask true", STR_INIT("\xa0"), STR_INIT("\xff\0\xff\0")},
    {"inverted", "/BitsPerComponent 1/ColorSpace/DeviceGray/Decode[1 0]", STR_INIT("\xa0"),
     STR_INIT("\0\xff\0\xff")},
    {"four bits", "/BitsPerComponent 4/ColorSpace/DeviceGray", STR_INIT("\x0f\xa5"),
     STR_INIT("\x00\xff\xaa\x55")},
    {"colours", "/ColorSpace/DeviceRGB", STR_INIT("\0\0\0\377\377\377\377\0\0\0\0\377"),
     STR_INIT("\0\377\114\035")},
    {"inks", "/ColorSpace/DeviceCMYK", STR_INIT("\0\0\0\0\0\0\0\377\377\377\377\0\0\0\0\177"),
     STR_INIT("\377\0\0\200")},
    {"a profile", "/ColorSpace[/ICCBased 5 0 R]", STR_INIT("\1\1\1\2\2\2\3\3\3\4\4\4"),
     STR_INIT("\1\2\3\4")},
    {"a palette", "/BitsPerComponent 2/ColorSpace[/Indexed/DeviceGray 3<00ff8040>]",
     STR_INIT("\x1b"), STR_INIT("\0\xff\x80\x40")},
    {"a row that is missing is white", "/ColorSpace/DeviceGray", STR_INIT("\1\2"),
     STR_INIT("\377\377\377\377")},
};

static void test_images(void)
{
    for (size_t i = 0; i < ARRAY_LEN(images); i++) {
        tap_case("pdf: image, %s", images[i].label);
        struct arena own;
        arena_init(&own, 1u << 20);
        struct str dict =
            arena_fmt(&own, "/Subtype/Image/Width 4/Height 1/Filter/FlateDecode%s", images[i].dict);
        struct str bytes =
            kit_join(&own, "%PDF-1.4\n5 0 obj<</N 3>>endobj ",
                     kit_stream(&own, 1, dict.p, kit_flate(&own, images[i].samples)), "");
        struct pdf *p = read_pdf(bytes);
        struct str samples = STR_NONE, grey = STR_NONE;
        enum pdf_filter format = PDF_FILTER_UNKNOWN;
        tap_int(p->n_images, 1);
        tap_ok(pdf_image_read(&arena, &p->images[0], 1000, &samples, &format));
        tap_int(format, PDF_FILTER_NONE);
        tap_ok(pdf_image_grey(&arena, &p->images[0], samples, 4, &grey));
        tap_str(grey, images[i].want);
        tap_ok(!pdf_image_grey(&arena, &p->images[0], samples, 3, &grey));
        arena_clear(&own);
    }
    tap_case("pdf: image, a JPEG stays one");
    struct pdf *p = read_pdf(STR("1 0 obj<</Subtype/Image/Width 1/Height 1/Filter[/AHx/DCTDecode]"
                                 "/Length 9>>stream\nffd8ffe0>\nendstream endobj"));
    struct str out = STR_NONE;
    enum pdf_filter format = PDF_FILTER_UNKNOWN;
    tap_ok(p->n_images == 1 && pdf_image_read(&arena, &p->images[0], 1000, &out, &format));
    tap_int(format, PDF_DCT);
    tap_str(out, STR("\xff\xd8\xff\xe0"));
}

/* ---- what is drawn in squares ---- */

enum { BOARD = 12, SQUARE = 4 /* pixels */, EDGE = 4 /* squares */ };

enum board_style { EACH, PATH, OUTLINE, THICK, LIGHT, TURNED };

static const char *const board_names[] = {"each filled", "one path",      "lines around them",
                                          "thick lines", "light on dark", "turned upside down"};
static const char *const board_begins[] = {
    "0 g ", "0 0 0 rg 2 0 0 2 7 7 cm ", "0 0 0 1 k ",
    "0 G ", "0 g 0 0 12 12 re f 1 g ",  "0 g 1 0 0 -1 0 12 cm "};

static void draw_square(struct buf *b, enum board_style style, unsigned x, unsigned y)
{
    if (style == OUTLINE)
        buf_addf(b, "%u %u m %u %u l %u %u l %u %u l h\n", x, y, x + 1, y, x + 1, y + 1, x, y + 1);
    else if (style == THICK)
        buf_addf(b, "1 w %u %u.5 m %u %u.5 l S\n", x, y, x + 1, y);
    else
        buf_addf(b, "%u %u 1 1 re %s\n", x, y, style == PATH ? "" : "f");
}

/* Black where x + y is even, counted from the lower left corner. */
static void test_boards(void)
{
    for (unsigned style = EACH; style <= TURNED; style++) {
        struct buf b;
        struct arena own;
        buf_init(&b, 1u << 20);
        arena_init(&own, 1u << 20);
        tap_case("pdf: squares, %s", board_names[style]);
        buf_addz(&b, board_begins[style]);
        for (unsigned y = 0; y < BOARD; y++)
            for (unsigned x = 0; x < BOARD; x++)
                if ((x + y) % 2 == (style == LIGHT || style == TURNED))
                    draw_square(&b, (enum board_style)style, x, y);
        buf_addz(&b, style == PATH || style == OUTLINE ? "f*" : "");
        struct pdf *p = read_pdf(kit_join(&own, "1 0 obj<</Type/Page/Contents 2 0 R>>endobj ",
                                          kit_stream(&own, 2, "", buf_str(&b)), ""));
        struct str pixels = STR_NONE, grey = STR_NONE;
        enum pdf_filter format = PDF_FILTER_UNKNOWN;
        unsigned right = 0, side = (BOARD + 2 * EDGE) * SQUARE;
        tap_int(p->n_images, 1);
        if (tap_ok(p->n_images == 1 && p->images[0].is_drawn && p->images[0].width == side &&
                   p->images[0].height == side) &&
            tap_ok(pdf_image_read(&arena, &p->images[0], 1u << 20, &pixels, &format)) &&
            tap_ok(pdf_image_grey(&arena, &p->images[0], pixels, 1u << 20, &grey)))
            for (unsigned y = 0; y < BOARD; y++)
                for (unsigned x = 0; x < BOARD; x++) {
                    size_t row = side - 1 - (EDGE + y) * SQUARE - SQUARE / 2;
                    char got = grey.p[row * side + (EDGE + x) * SQUARE + SQUARE / 2];
                    right += got == ((x + y) % 2 == 0 ? 0 : (char)255);
                }
        tap_int(right, BOARD * BOARD);
        buf_clear(&b);
        arena_clear(&own);
    }
    tap_case("pdf: a table with its lines is no picture");
    struct str table = STR("1 0 obj<</Type/Page/Contents 2 0 R>>endobj 2 0 obj<<>>stream\n"
                           "0 0 m 9 0 l S 0 1 m 9 1 l S 0 0 9 9 re f\nendstream endobj");
    tap_int(read_pdf(table)->n_images, 0);
}

/* ---- hostile shapes ---- */

static struct str repeated(const char *before, const char *unit, size_t n, const char *after)
{
    struct buf b;
    buf_init(&b, KIT_MAX_BYTES);
    buf_addz(&b, before);
    for (size_t i = 0; i < n; i++)
        buf_addz(&b, unit);
    buf_addz(&b, after);
    if (b.failed)
        abort();
    return buf_str(&b); /* freed by the caller */
}

static const struct {
    const char *label, *before, *unit;
    size_t n;
    const char *after;
    unsigned limits; /* all of these are hit */
} shapes[] = {
    {"deep arrays", "1 0 obj", "[", 400000, "]", 0},
    {"deep dictionaries", "1 0 obj", "<</A", 200000, "", 0},
    {"more values than are kept", "1 0 obj[", "1 ", 600000, "]", 1u << PDF_LIMIT_NODES},
    {"more objects than are kept", "", "1 0 obj 1 endobj\n", 10001, "", 1u << PDF_LIMIT_OBJECTS},
    {"just as many objects", "", "1 0 obj 1 endobj\n", 10000, "", 0},
    {"strings without an end", "", "1 0 obj(", 9000, "", 1u << PDF_LIMIT_WORK},
    {"strings that open strings", "1 0 obj(", "(", 1000000, "", 0},
    {"streams without an end", "", "1 0 obj<</Type/ObjStm/N 1/First 0>>stream\n", 9000, "", 0},
    {"references in a circle", "1 0 obj 1 0 R endobj ", "2 0 obj<</URI 1 0 R/Length 1 0 R>>endobj ",
     5000, "", 0},
    {"one number, and all refer to it", "", "1 0 obj(x)endobj 2 0 obj<</URI 1 0 R>>endobj ", 4000,
     "", 1u << PDF_LIMIT_FACTS},
    {"comments before each object", "", "%%%%%%%%%%%%%%%%\nobj ", 40000, "", 0},
    {"blanks before an object", "1 0 ", "      ", 200000, "obj", 0},
    {"escapes without an end", "1 0 obj<</URI(", "\\", 1000001, "", 0},
    {"ends of nothing", "1 0 obj", ">>]", 300000, "", 0},
    {"launches in one dictionary", "1 0 obj<<", "/S/Launch", 50000, ">>", 0},
    {"squares on squares", "1 0 obj<</Type/Page/Contents 2 0 R>>endobj 2 0 obj<<>>stream\n",
     "0 0 1 1 re 0 0 999 999 re f ", 40000, "\nendstream endobj", 0},
    {"pages without an end", "", "1 0 obj<</Type/Page/Contents 1 0 R>>stream\n", 5000, "", 0},
};

static void test_shapes(void)
{
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        tap_case("pdf: %s", shapes[i].label);
        struct str s = repeated(shapes[i].before, shapes[i].unit, shapes[i].n, shapes[i].after);
        struct pdf *p = read_pdf(s);
        tap_int(p->limits & shapes[i].limits, shapes[i].limits);
        if (shapes[i].limits == 0)
            tap_note("limits: %x", p->limits);
        tap_ok(p->n_objects <= PDF_MAX_OBJECTS);
        free((char *)(uintptr_t)s.p);
    }
}

static void test_bombs(void)
{
    struct arena own;
    arena_init(&own, 256u << 20);
    char *zeros = arena_alloc(&own, 32u << 20, 1);
    memset(zeros, 'x', 32u << 20);
    struct str packed = kit_flate(&own, str_make(zeros, 32u << 20));
    tap_case("pdf: a script that inflates too far");
    struct str stream = kit_stream(&own, 2, "/Filter/FlateDecode", packed);
    struct pdf *p = read_pdf(kit_join(&own, "1 0 obj<</JS 2 0 R>>endobj ", stream, ""));
    tap_ok((p->limits & 1u << PDF_LIMIT_INFLATED) != 0);
    tap_int(p->scripts[0].text.n, PDF_MAX_SCRIPT_BYTES);
    tap_case("pdf: an embedded file that inflates too far");
    p = read_pdf(kit_join(&own, "1 0 obj<</UF(a.exe)/EF<</F 2 0 R>>>>endobj ", stream, ""));
    tap_ok((p->limits & 1u << PDF_LIMIT_EMBEDDED) != 0);
    tap_int(p->files[0].bytes.n, PDF_MAX_EMBEDDED_BYTES);
    tap_ok(p->files[0].cut);
    tap_case("pdf: a bomb in a bomb");
    stream = kit_stream(&own, 2, "/Filter[/FlateDecode/FlateDecode]", kit_flate(&own, packed));
    p = read_pdf(kit_join(&own, "1 0 obj<</JS 2 0 R>>endobj ", stream, ""));
    tap_ok((p->limits & 1u << PDF_LIMIT_INFLATED) != 0);
    tap_case("pdf: text that goes on");
    struct str text = repeated("BT ", "(xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx) Tj ", 20000, "ET");
    stream = kit_stream(&own, 2, "", text);
    p = read_pdf(kit_join(&own, "1 0 obj<</Type/Page/Contents 2 0 R>>endobj ", stream, ""));
    tap_int(p->limits, 1u << PDF_LIMIT_TEXT);
    tap_ok(p->text.n > PDF_MAX_TEXT_BYTES - 100 && p->text.n <= PDF_MAX_TEXT_BYTES);
    free((char *)(uintptr_t)text.p);
    arena_clear(&own);
}

int main(void)
{
    arena_init(&arena, 1u << 30);
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        tap_case("pdf: %s", ends[i].label);
        struct pdf *p = read_pdf(ends[i].bytes);
        tap_int(p->header, ends[i].header);
        tap_int(p->n_headers, ends[i].n_headers);
        tap_int(p->trailing, ends[i].trailing);
    }
    test_images();
    test_boards();
    test_shapes();
    test_bombs();
    tap_case("pdf: memory that does not suffice");
    struct arena small;
    struct pdf *p = NULL;
    struct mp_err err = {0};
    arena_init(&small, 1024);
    tap_int(pdf_read(&small, tap_source_file("tests/seeds/pdf/plain.pdf"), NULL, 0, &p, &err),
            MP_E_NOMEM);
    tap_ok(p == NULL);
    arena_clear(&small);
    arena_clear(&arena);
    return tap_done();
}
