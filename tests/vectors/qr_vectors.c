/* The codes of ../shared/corpora/qr: each payload exactly as its table says. */
#include "image/qr.h"
#include "tests/vectors/vectors.h"

/* "\n" of the table as a line break. */
static struct str unescaped(struct arena *a, struct str s)
{
    char *p = arena_new(a, char, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; p != NULL && i < s.n; i++) {
        bool line = s.p[i] == '\\' && i + 1 < s.n && s.p[i + 1] == 'n';
        p[n++] = line ? '\n' : s.p[i];
        i += line;
    }
    return str_make(p, n);
}

static void check(struct str file, struct str want)
{
    struct arena a;
    struct image im = {.luma = NULL};
    struct qr_found f = {.n = 0};
    struct mp_err err = {0};
    arena_init(&a, IMAGE_MEMORY_BYTES);
    struct str path = arena_fmt(&a, "corpora/qr/" STR_FMT, STR_ARG(file));
    const char *found = tap_shared_path(path.p);
    struct str bytes = found == NULL ? STR_NONE : tap_read_file(found);
    tap_case("qr corpus: " STR_FMT, STR_ARG(file));
    tap_ok(bytes.p != NULL);
    tap_int(image_read(&a, bytes, (struct image_options){.background = IMAGE_WHITE}, &im, &err),
            MP_OK);
    tap_int(im.state, IMAGE_WHOLE);
    tap_int(qr_find(&a, &im, &f, &err), MP_OK);
    tap_int(f.n, 1);
    tap_str(f.codes[0].text, unescaped(&a, want));
    tap_ok(!f.limited);
    arena_clear(&a);
}

int main(void)
{
    const char *path = tap_shared_path("corpora/qr/expected.tsv");
    if (path == NULL) {
        tap_case("qr corpus");
        tap_skip("the shared data are not here");
        return tap_done();
    }
    struct str rest = tap_read_file(path);
    str_cut(&rest, '\n'); /* names of columns */
    while (rest.p != NULL) {
        struct str line = str_cut(&rest, '\n');
        struct str file = str_cut(&line, '\t'), want = str_cut(&line, '\t');
        if (file.n != 0)
            check(file, want);
    }
    return tap_done();
}
