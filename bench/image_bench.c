/* Pictures: how long reading them and searching them for QR codes takes, beside libzbar where it is
 * there. The pictures are made here, or are files given as arguments. */
#include <stdio.h>

#include "bench/image_bench.h"
#include "bench/measure.h"
#include "image/image_test_kit.h"
#include "image/qr_test_kit.h"

enum { LEAST_MS = 300, MADE = 5 };

static double now_ms(void)
{
    return measure_now_s() * 1e3;
}

struct times {
    double read_ms, search_ms, rival_ms;
    size_t codes;
    int rival_codes;
    struct image im;
};

/* Each step as often as it takes to be measured, in turn. */
static struct times measure(struct str bytes)
{
    struct times t = {.rival_codes = -1};
    struct arena a;
    unsigned n = 0;
    arena_init(&a, IMAGE_MEMORY_BYTES);
    for (double begin = now_ms(); n == 0 || now_ms() - begin < LEAST_MS; n++) {
        struct qr_found found = {.n = 0};
        struct image_options o = {.background = IMAGE_WHITE};
        arena_reset(&a);
        double at = now_ms();
        if (image_read(&a, bytes, o, &t.im, NULL) != MP_OK || t.im.luma == NULL)
            break;
        double read = now_ms();
        if (qr_find(&a, &t.im, &found, NULL) != MP_OK)
            break;
        double searched = now_ms();
        t.rival_codes = rival_codes(t.im.luma, t.im.width, t.im.height);
        t.rival_ms += now_ms() - searched;
        t.read_ms += read - at;
        t.search_ms += searched - read;
        t.codes = found.n;
    }
    t.read_ms /= n == 0 ? 1 : n;
    t.search_ms /= n == 0 ? 1 : n;
    t.rival_ms /= n == 0 ? 1 : n;
    arena_clear(&a);
    return t;
}

static void report(const char *name, struct str bytes, struct times *sum)
{
    struct times t = measure(bytes);
    double mp = (double)t.im.head.width * t.im.head.height / 1e6, ms = t.read_ms + t.search_ms;
    printf("%-26s %6.2f MP %8.2f ms read %8.2f ms search %7.0f pictures/s %7.1f MP/s, codes %zu",
           name, mp, t.read_ms, t.search_ms, 1e3 / ms, mp / ms * 1e3, t.codes);
    if (t.rival_codes >= 0)
        printf("; zbar %8.2f ms search, codes %d", t.rival_ms, t.rival_codes);
    printf("\n");
    sum->read_ms += t.read_ms;
    sum->search_ms += t.search_ms;
    sum->rival_ms += t.rival_ms;
}

static struct image shown;

static unsigned shown_sample(uint32_t x, uint32_t y, unsigned c)
{
    (void)c;
    return shown.luma[(size_t)y * shown.width + x];
}

/* A code as in mail, large, at an angle and in noise; a slope of greys without any. */
static const struct made {
    const char *name;
    unsigned version;
    char level;
    struct qk_shot shot;
    bool blank;
} made[MADE] = {
    {"a small code", 3, 'L', {.module = 4}, false},
    {"a large code", 27, 'M', {.module = 5}, false},
    {"turned, in noise", 5, 'H', {.module = 10, .degrees = 20, .noise = 60}, false},
    {"at an angle", 8, 'M', {.module = 14, .tilt_x = 0.25f, .tilt_y = 0.2f}, false},
    {"no code, noise", 14, 'M', {.module = 12, .noise = 90, .dark = 100, .light = 120}, true},
};

static void report_made(const struct made *m, struct times *sum)
{
    static struct qk_code code;
    struct arena a;
    struct buf png;
    arena_init(&a, IMAGE_MEMORY_BYTES);
    buf_init(&png, PIC_MAX_BYTES);
    qk_text(&code, m->version, m->level, STR("https://a.test/?bench"));
    if (m->blank)
        memset(code.cell, 0, sizeof code.cell);
    shown = qk_shoot(&a, &code, m->shot);
    struct pic_png p = {.width = shown.width,
                        .height = shown.height,
                        .depth = 8,
                        .sample = shown_sample,
                        .filter = 5};
    pic_png_write(&png, &p);
    report(m->name, buf_str(&png), sum);
    buf_clear(&png);
    arena_clear(&a);
}

int main(int argc, char **argv)
{
    struct times sum = {.read_ms = 0};
    for (int i = 1; i < argc; i++) {
        struct str bytes = tap_read_file(argv[i]);
        if (bytes.p != NULL)
            report(argv[i], bytes, &sum);
    }
    for (size_t i = 0; argc == 1 && i < MADE; i++)
        report_made(&made[i], &sum);
    printf("all: %.2f ms read, %.2f ms search", sum.read_ms, sum.search_ms);
    printf(rival_is_there() ? "; zbar %.2f ms search\n" : "; zbar is not there\n", sum.rival_ms);
    return 0;
}
