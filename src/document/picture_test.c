/* Rows for QR codes wherever they stand: pictures, halves of pictures, PDFs, characters, tables. */
#include "content/archive_test_kit.h"
#include "document/document.h"
#include "document/picture.h"
#include "document/picture_text.h"
#include "document/readers.h"
#include "image/image_test_kit.h"
#include "image/qr_test_kit.h"

static struct arena arena;
static struct qk_code code; /* the code that the pictures below show */
static struct image shot;
static uint32_t shot_left, shot_width; /* the part of it that a picture shows */
static bool see_through;

static unsigned shot_sample(uint32_t x, uint32_t y, unsigned c)
{
    unsigned v = shot.luma[y * shot.width + shot_left + x];
    if (!see_through)
        return v;
    return c == 0 ? 255 : v > 128 ? 255 : 0; /* what was dark is a hole in white */
}

static struct buf written;

/* A PNG of the columns [left, left + width) of a code with this text. */
static struct str png_of(struct str text, struct qk_shot how, uint32_t left, uint32_t width)
{
    qk_text(&code, 3, 'L', text);
    shot = qk_shoot(&arena, &code, how);
    shot_left = left;
    shot_width = width == 0 ? shot.width - left : width;
    struct pic_png p = {.width = shot_width,
                        .height = shot.height,
                        .depth = 8,
                        .colour = see_through ? 4 : 0,
                        .sample = shot_sample};
    pic_png_write(&written, &p);
    return arena_copy(&arena, buf_str(&written));
}

static struct str png(const char *text)
{
    return png_of(str_from(text), (struct qk_shot){.module = 3}, 0, 0);
}

/* "source url" or "qr text" of what was found, one behind the other; and findings of qr. */
static struct str told(struct kit_run *r)
{
    struct str all = STR("");
    for (size_t i = 0; i < r->report.n_links; i++)
        if (r->report.links[i].source == LINK_QR)
            all = arena_join(&r->arena,
                             (struct str[]){all, STR("<"), r->report.links[i].url, STR(">")}, 4);
    for (size_t i = 0; i < r->report.n_texts; i++)
        if (r->report.texts[i].kind == TEXT_QR)
            all = arena_join(&r->arena,
                             (struct str[]){all, STR("'"), r->report.texts[i].text, STR("'")}, 4);
    for (size_t i = 0; i < r->report.findings.n; i++) {
        struct str name = finding_kind(r->report.findings.items[i].id)->name;
        if (str_starts(name, STR("qr.")) || str_starts(name, STR("limit.")))
            all = arena_join(&r->arena, (struct str[]){all, STR(" "), name}, 3);
    }
    return all;
}

/* ---- What codes hold ---- */

static void test_held(void)
{
    static const struct {
        const char *label, *held, *want;
    } rows[] = {
        {"a link", "https://login.test/?a=1", "<https://login.test/?a=1>"},
        {"blanks around it", " https://evil.test/ \n", "<https://evil.test/>"},
        {"without a scheme", "www.evil.test", "<www.evil.test>"},
        {"a host with a path", "evil.test/login", "<http://evil.test/login>"},
        {"a file name is none", "report.pdf", "'report.pdf'"},
        {"a date is none", "24/12/2026", "'24/12/2026'"},
        {"mail", "mailto:boss@example.org?subject=pay", "<mailto:boss@example.org?subject=pay>"},
        {"a call", "tel:+18005550123", "<tel:+18005550123>"},
        {"a script", "javascript:alert(1)", "<javascript:alert(1)>"},
        {"data", "data:text/html;base64,PHNj", "<data:text/html;base64,PHNj>"},
        {"a network", "WIFI:T:WPA;S=net;P=pass;;", "'WIFI:T:WPA;S=net;P=pass;;'"},
        {"text", "just some text", "'just some text'"},
        {"a card with a link", "BEGIN:VCARD\nURL:https://a.test/\n",
         "<https://a.test/>'BEGIN:VCARD\nURL:https://a.test/\n'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kit_run r;
        kit_prepare(&r, STR("a.png"), png(rows[i].held));
        tap_case("qr holds: %s", rows[i].label);
        tap_ok(document_is_heavy(&r.report.objects[0]));
        tap_int(document_inspect(&r.content, NULL), MP_OK);
        tap_str(told(&r), str_from(rows[i].want));
        tap_ok(r.report.complete);
        kit_clear(&r);
        arena_reset(&arena);
    }
}

/* ---- Pictures ---- */

static struct str on_white(void)
{
    see_through = true;
    struct str p = png("https://hole.test/");
    see_through = false;
    return p;
}
static struct str inverted(void)
{
    return png_of(STR("https://night.test/"), (struct qk_shot){.module = 3, .inverted = true}, 0,
                  0);
}
static struct str half(void)
{
    return png_of(STR("https://half.test/"), (struct qk_shot){.module = 4}, 0, 70);
}
static struct str in_a_zip(void)
{
    struct kit_member m = {.name = "x/a.png", .data = png("https://zip.test/")};
    return kit_zip(&arena, &m, 1, &(struct kit_archive){.declared_add = 0});
}
/* A GIF that is white at first. */
static struct str late(void)
{
    static unsigned char frame[200 * 200];
    struct str unused = png("https://late.test/");
    struct pic_frame f = {
        .width = shot.width, .height = shot.height, .transparent = -1, .index = frame};
    (void)unused;
    pic_gif_begin(&written, shot.width, shot.height, 2);
    memset(frame, 3, sizeof frame);
    pic_gif_frame(&written, &f, 2);
    for (size_t i = 0; i < (size_t)shot.width * shot.height; i++)
        frame[i] = shot.luma[i] > 128 ? 3 : 0;
    pic_gif_frame(&written, &f, 2);
    buf_addc(&written, 0x3b);
    return arena_copy(&arena, buf_str(&written));
}
static struct str not_seen(void)
{
    return STR("GIF89a\x14\0\x14\0\0\0\0");
}

static void test_pictures(void)
{
    static const struct {
        const char *label, *want;
        struct str (*bytes)(void);
        bool heavy;
    } rows[] = {
        {"white with holes, seen on black", "<https://hole.test/>", on_white, true},
        {"light on dark", "<https://night.test/>", inverted, true},
        {"half a code is none", "", half, true},
        {"in an archive", "<https://zip.test/>", in_a_zip, true},
        {"in the last frame only", "<https://late.test/>", late, true},
        {"too small for any", "", not_seen, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kit_run r;
        kit_prepare(&r, STR("a.bin"), rows[i].bytes());
        tap_case("picture: %s", rows[i].label);
        tap_int(document_is_heavy(&r.report.objects[0]), rows[i].heavy);
        tap_int(document_inspect(&r.content, NULL), MP_OK);
        tap_str(told(&r), str_from(rows[i].want));
        kit_clear(&r);
        arena_reset(&arena);
    }
}

/* ---- Halves ---- */

static void test_halves(void)
{
    static const struct {
        const char *label, *want;
        uint32_t gap;  /* pixels that the second begins too late */
        bool stranger; /* something else between them */
    } rows[] = {
        {"two in one place", "<https://half.test/> qr.split", 0, false},
        {"a text between them", "<https://half.test/> qr.split", 0, true},
        {"of other sizes", "", 20, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kit_run r;
        struct str text = STR("https://half.test/");
        struct qk_shot how = {.module = 4};
        struct kit_member m[3] = {{.name = "1.png", .data = png_of(text, how, 0, 74)},
                                  {.name = "2.txt", .data = STR("hello")},
                                  {.name = "3.png",
                                   .data = png_of(text, how, 74 + rows[i].gap, 0)}};
        if (!rows[i].stranger)
            m[1] = m[2];
        struct str zip =
            kit_zip(&arena, m, rows[i].stranger ? 3 : 2, &(struct kit_archive){.declared_add = 0});
        kit_prepare(&r, STR("a.zip"), zip);
        tap_case("halves of a code: %s", rows[i].label);
        tap_int(document_inspect(&r.content, NULL), MP_OK);
        tap_str(told(&r), str_from(rows[i].want));
        kit_clear(&r);
        arena_reset(&arena);
    }
}

/* As payloads of a mail, which go to workers one by one. */
static void test_payloads(void)
{
    struct kit_run r;
    struct str text = STR("https://half.test/");
    struct qk_shot how = {.module = 4};
    struct str left = png_of(text, how, 0, 74), right = png_of(text, how, 74, 0);
    struct content_object both[2];
    kit_prepare(&r, STR("2.png"), right);
    r.report.objects[0].before = left;
    tap_case("halves of a code: a payload and the one before it");
    tap_int(document_inspect(&r.content, NULL), MP_OK);
    tap_str(told(&r), STR("<https://half.test/> qr.split"));
    kit_clear(&r);

    kit_prepare(&r, STR("2.png"), right);
    r.report.objects[0].before = png("https://whole.test/");
    tap_case("halves of a code: what the one before it holds is not told twice");
    tap_int(document_inspect(&r.content, NULL), MP_OK);
    tap_str(told(&r), STR(""));

    both[0] = both[1] = r.report.objects[0];
    both[0].bytes = left;
    struct content_report payloads = {.objects = both, .n = 2};
    tap_case("halves of a code: which is before which");
    tap_int(document_before(&payloads, 0).n, 0);
    tap_str(document_before(&payloads, 1), left);
    both[0].bytes = STR("hello");
    tap_int(document_before(&payloads, 1).n, 0);
    kit_clear(&r);
    arena_reset(&arena);
}

/* ---- PDF ---- */

/* Samples of columns of the code as an image of a PDF. */
static struct str pdf_image(unsigned number, uint32_t left, uint32_t width)
{
    char *p = arena_new(&arena, char, (size_t)width *shot.height);
    for (uint32_t y = 0; y < shot.height; y++)
        memcpy(p + y * width, shot.luma + y * shot.width + left, width);
    struct str head = arena_fmt(
        &arena,
        "%u 0 obj\n<< /Type /XObject /Subtype /Image /Width %u /Height %u /BitsPerComponent 8 "
        "/ColorSpace /DeviceGray /Length %u >>\nstream\n",
        number, (unsigned)width, (unsigned)shot.height, (unsigned)(width * shot.height));
    return arena_join(&arena,
                      (struct str[]){head, str_make(p, (size_t)width * shot.height),
                                     STR("\nendstream\nendobj\n")},
                      3);
}

/* A page that draws each module as a square, and no image at all. */
static void test_pdf_drawn(void)
{
    enum { MODULE = 4 };
    struct kit_run r;
    struct buf b;
    buf_init(&b, 1u << 20);
    png_of(STR("https://drawn.test/"), (struct qk_shot){.module = MODULE}, 0, 0);
    buf_addz(&b, "%PDF-1.4\n1 0 obj<</Type/Page/Contents 2 0 R>>endobj\n"
                 "2 0 obj<<>>stream\n0 0 0 rg\n");
    for (uint32_t y = 0; y + 1 < shot.height; y += MODULE)
        for (uint32_t x = 0; x + 1 < shot.width; x += MODULE)
            if (shot.luma[(y + 1) * shot.width + x + 1] < 128)
                buf_addf(&b, "%u %u %d %d re f\n", (unsigned)x,
                         (unsigned)(shot.height - y - MODULE), MODULE, MODULE);
    buf_addz(&b, "endstream endobj\n%%EOF\n");
    kit_prepare(&r, STR("a.pdf"), buf_str(&b));
    tap_case("pdf: a code drawn in squares");
    tap_int(document_inspect(&r.content, NULL), MP_OK);
    tap_str(told(&r), STR("<https://drawn.test/>"));
    kit_clear(&r);
    buf_clear(&b);
    arena_reset(&arena);
}

static void test_pdf(void)
{
    static const struct {
        const char *label, *want;
        uint32_t cut; /* where the code is cut in two images; 0: nowhere */
    } rows[] = {
        {"one image", "<https://paper.test/>", 0},
        {"two images", "<https://paper.test/> qr.split", 74},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kit_run r;
        png_of(STR("https://paper.test/"), (struct qk_shot){.module = 4}, 0, 0);
        uint32_t cut = rows[i].cut == 0 ? shot.width : rows[i].cut;
        struct str pdf =
            arena_join(&arena,
                       (struct str[]){STR("%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"),
                                      pdf_image(2, 0, cut),
                                      cut < shot.width ? pdf_image(3, cut, shot.width - cut)
                                                       : STR(""),
                                      STR("%%EOF\n")},
                       4);
        kit_prepare(&r, STR("a.pdf"), pdf);
        tap_case("pdf: %s", rows[i].label);
        tap_int(document_inspect(&r.content, NULL), MP_OK);
        tap_str(told(&r), str_from(rows[i].want));
        kit_clear(&r);
        arena_reset(&arena);
    }
}

/* ---- Budgets ---- */

static void test_budget(void)
{
    static const struct {
        const char *label, *want;
        unsigned pictures;
        uint64_t bytes;
        bool large;
    } rows[] = {
        {"a small one is not counted", "<https://one.test/>", 0, 1 << 20, false},
        {"a large one is", "<https://one.test/>", 1, 1 << 22, true},
        {"no more large ones", " limit.content", 0, 1 << 22, true},
        {"no more pixels", " limit.content", 1, 1 << 10, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kit_run r;
        struct str bytes = png_of(STR("https://one.test/"),
                                  (struct qk_shot){.module = rows[i].large ? 30 : 3}, 0, 0);
        kit_prepare(&r, STR("a.png"), bytes);
        r.budget.pictures_left = rows[i].pictures;
        r.budget.bytes_left = rows[i].bytes;
        tap_case("budget: %s", rows[i].label);
        tap_int(picture_read(&r.content, 0, NULL), MP_OK);
        tap_str(told(&r), str_from(rows[i].want));
        tap_int(r.report.complete, rows[i].want[0] == '<');
        kit_clear(&r);
        arena_reset(&arena);
    }
}

/* ---- Drawn ---- */

/* The code with a margin of two, `dark` and `light` for modules, `pair` for two above each other:
 * by upper + 2 * lower. */
static struct str drawn_full(const char *dark, const char *light, const char *end)
{
    struct buf b;
    buf_init(&b, PIC_MAX_BYTES);
    buf_addz(&b, "Please scan:\n");
    for (int y = -2; y < (int)code.side + 2; y++, buf_addz(&b, end))
        for (int x = -2; x < (int)code.side + 2; x++)
            buf_addz(&b, qk_cell(&code, (float)x + 0.5f, (float)y + 0.5f) ? dark : light);
    buf_addz(&b, "Thank you\n");
    struct str made = arena_copy(&arena, buf_str(&b));
    buf_clear(&b);
    return made;
}

static struct str drawn_halves(bool inverted_blocks)
{
    static const char *const signs[] = {" ", "\xe2\x96\x80", "\xe2\x96\x84", "\xe2\x96\x88"};
    struct buf b;
    buf_init(&b, PIC_MAX_BYTES);
    for (int y = -2; y < (int)code.side + 2; y += 2, buf_addz(&b, "\r\n"))
        for (int x = -2; x < (int)code.side + 2; x++) {
            unsigned upper = qk_cell(&code, (float)x + 0.5f, (float)y + 0.5f),
                     lower = qk_cell(&code, (float)x + 0.5f, (float)y + 1.5f);
            buf_addz(&b, signs[(upper | lower << 1) ^ (inverted_blocks ? 3 : 0)]);
        }
    struct str made = arena_copy(&arena, buf_str(&b));
    buf_clear(&b);
    return made;
}

static struct str full_blocks(void)
{
    return drawn_full("\xe2\x96\x88\xe2\x96\x88", "  ", "\n");
}
static struct str ascii_signs(void)
{
    return drawn_full("##", "  ", "\n");
}
static struct str single_signs(void)
{
    return drawn_full("#", " ", "\n\n");
}
static struct str squares(void)
{
    return drawn_full("\xe2\xac\x9b", "\xe2\xac\x9c", "\n");
}
static struct str half_blocks(void)
{
    return drawn_halves(false);
}
static struct str light_blocks(void)
{
    return drawn_halves(true);
}
static struct str braille(void)
{
    static const unsigned char dots[8] = {0, 2, 4, 1, 3, 5, 6, 7}; /* of bit i: x + 2 y */
    struct buf b;
    buf_init(&b, PIC_MAX_BYTES);
    for (int y = 0; y < (int)code.side; y += 4, buf_addc(&b, '\n'))
        for (int x = 0; x < (int)code.side; x += 2) {
            unsigned v = 0;
            for (unsigned i = 0; i < 8; i++)
                v |=
                    qk_cell(&code, (float)(x + dots[i] % 2) + 0.5f, (float)(y + dots[i] / 2) + 0.5f)
                    << i;
            buf_addf(&b, "\xe2%c%c", 0xa0 | (int)(v >> 6), 0x80 | (int)(v & 63));
        }
    struct str made = arena_copy(&arena, buf_str(&b));
    buf_clear(&b);
    return made;
}
/* One line lacks: what is left is no code. */
static struct str a_line_less(void)
{
    struct str text = drawn_full("##", "  ", "\n");
    size_t third = text.n / 3, end = third + str_find(str_slice(text, third, text.n), '\n');
    return arena_join(&arena,
                      (struct str[]){str_slice(text, 0, third), STR(" and so on"),
                                     str_slice(text, end, text.n)},
                      3);
}
static struct str a_bar_chart(void)
{
    struct buf b;
    buf_init(&b, PIC_MAX_BYTES);
    for (unsigned y = 0; y < 30; y++, buf_addc(&b, '\n'))
        for (unsigned x = 0; x < 2 + y * 7 % 50; x++)
            buf_addz(&b, "\xe2\x96\x88");
    struct str made = arena_copy(&arena, buf_str(&b));
    buf_clear(&b);
    return made;
}
static struct str page_with_references(void)
{
    return drawn_full("&#9608;&#x2588;", "&nbsp;&nbsp;", "<br>\n");
}
static struct str page_with_bare_references(void)
{
    return drawn_full("&#9608&#x2588;", "&nbsp&#160", "<br>\n");
}

/* A table of a page whose cells are as `dark` and `light`; runs of cells as one with colspan. */
static struct str table_of(const char *dark, const char *light, bool runs)
{
    struct buf b;
    buf_init(&b, PIC_MAX_BYTES);
    buf_addz(&b, "<html><p>Scan</p><table cellspacing=0>\n");
    for (unsigned y = 0; y < code.side; y++) {
        buf_addz(&b, "<tr>");
        for (unsigned x = 0, n; x < code.side; x += n) {
            unsigned v = code.cell[y * code.side + x];
            for (n = 1; runs && x + n < code.side && code.cell[y * code.side + x + n] == v;)
                n++;
            buf_addf(&b, "<td colspan=\"%u\" %s></td>", n, v ? dark : light);
        }
        buf_addz(&b, "</tr>\n");
    }
    buf_addz(&b, "</table></html>");
    struct str made = arena_copy(&arena, buf_str(&b));
    buf_clear(&b);
    return made;
}
static struct str table_colours(void)
{
    return table_of("bgcolor=\"#101010\"", "bgcolor=white", false);
}
static struct str table_styles(void)
{
    return table_of("style='width:4px; background-color: rgb(10, 0, 30)'",
                    "style=\"background:#FFF\"", true);
}
static struct str table_classes(void)
{
    return table_of("class=a", "class=b", false);
}
static struct str table_plain(void)
{
    return table_of("", "", false);
}
static struct str table_striped(void)
{
    struct buf b;
    buf_init(&b, PIC_MAX_BYTES);
    buf_addz(&b, "<html><table>");
    for (unsigned y = 0; y < 40; y++) {
        buf_addz(&b, "<tr>");
        for (unsigned x = 0; x < 25; x++)
            buf_addf(&b, "<td bgcolor=%s>%u", y % 2 ? "#000" : "#eee", x * y);
    }
    struct str made = arena_copy(&arena, buf_str(&b));
    buf_clear(&b);
    return made;
}

static void test_drawn(void)
{
    static const struct {
        const char *label;
        struct str (*text)(void);
        bool page, code;
    } rows[] = {
        {"full blocks, two a module", full_blocks, false, true},
        {"signs of ASCII", ascii_signs, false, true},
        {"one sign a module, empty lines between", single_signs, false, true},
        {"dark and light squares", squares, false, true},
        {"half blocks", half_blocks, false, true},
        {"half blocks for what is light", light_blocks, false, true},
        {"braille", braille, false, true},
        {"a line that is text", a_line_less, false, false},
        {"a chart of bars", a_bar_chart, false, false},
        {"references in a page", page_with_references, true, true},
        {"references without a semicolon", page_with_bare_references, true, true},
        {"a table by attributes", table_colours, true, true},
        {"a table by styles, with columns joined", table_styles, true, true},
        {"a table by classes", table_classes, true, true},
        {"a table without colours", table_plain, true, false},
        {"a table with stripes", table_striped, true, false},
    };
    qk_text(&code, 3, 'L', STR("https://drawn.test/"));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kit_run r;
        kit_prepare(&r, STR("a"), rows[i].text());
        struct content_object *o = &r.report.objects[0];
        o->type = STR("text");
        o->subtype = rows[i].page ? STR("html") : STR("plain");
        o->charset = STR("utf-8");
        tap_case("drawn: %s", rows[i].label);
        tap_int(document_read(&r.content, 0, NULL), MP_OK);
        tap_str(told(&r), rows[i].code ? STR("<https://drawn.test/> qr.text") : STR(""));
        kit_clear(&r);
        arena_reset(&arena);
    }
}

int main(void)
{
    arena_init(&arena, IMAGE_MEMORY_BYTES);
    buf_init(&written, PIC_MAX_BYTES);
    test_held();
    test_pictures();
    test_halves();
    test_payloads();
    test_pdf();
    test_pdf_drawn();
    test_budget();
    test_drawn();
    buf_clear(&written);
    arena_clear(&arena);
    return tap_done();
}
