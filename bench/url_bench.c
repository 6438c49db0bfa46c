/* Links a second on one core: found in text, taken apart, unwrapped, compared with known names.
 *
 * usage: url_bench [ROUNDS]        prints medians; libpsl and libidn2 are part of what is measured
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/measure.h"
#include "phish/names.h"
#include "url/inside.h"

enum {
    DEFAULT_ROUNDS = 5,
    MAX_ROUNDS = 99,
    N_LINKS = 20000,
    LINK_BYTES = 256,
    ARENA_BYTES = 512 * 1024 * 1024
};

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "url_bench: %s\n", what);
    exit(2);
}

/* What links of mail look like: plain ones, counted ones, wrapped ones, and those of attackers. A
 * number stands between the two halves. */
static const struct {
    const char *head, *tail;
} shapes[] = {
    {"https://www.example", ".com/products/item?id=1&utm_source=mail"},
    {"https://click.mail", ".example.net/ls/click?upn=u001.AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"},
    {"https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fh", ".example%2Fa&data=05"},
    {"https://www.google.com/url?q=https://h", ".example/a&sa=D"},
    {"http://login.micros0ft", ".example/#am9lQGNvcnAuZXhhbXBsZQ"},
    {"http://0x7f", "/login"},
    {"https://b\xc3\xbc"
     "cher",
     ".example/a"},
    {"http://www.bank.example", "@h.example/a"}};

struct work {
    struct arena arena, scratch;
    struct phish_names *names;
    struct str text, links[N_LINKS], sites[N_LINKS];
    struct url urls[N_LINKS];
};

/* ---- the steps ---- */

static void find(struct work *w)
{
    struct str link;
    size_t n = 0;
    for (size_t at = 0; url_find(w->text, &at, &link); n++)
        ;
    if (n != N_LINKS)
        fail("not all links were found");
}

static void parse(struct work *w)
{
    for (size_t i = 0; i < N_LINKS; i++)
        url_parse(&w->scratch, w->links[i], NULL, &w->urls[i], NULL);
}

static void site(struct work *w)
{
    for (size_t i = 0; i < N_LINKS; i++)
        w->sites[i] = url_site(&w->scratch, &w->urls[i]);
}

static void unwrap(struct work *w)
{
    struct url_unwrapped u;
    for (size_t i = 0; i < N_LINKS; i++)
        url_unwrap(&w->scratch, &w->urls[i], &u, NULL);
}

static void nested(struct work *w)
{
    struct url found[URL_MAX_NESTED];
    size_t n;
    for (size_t i = 0; i < N_LINKS; i++)
        url_nested(&w->scratch, &w->urls[i], found, &n, NULL);
}

static void addresses(struct work *w)
{
    static const struct str whom = STR_INIT("joe@corp.example");
    struct url_address found;
    for (size_t i = 0; i < N_LINKS; i++)
        url_find_address(&w->scratch, &w->urls[i], &whom, 1, &found, NULL);
}

static void near(struct work *w)
{
    struct phish_near found;
    for (size_t i = 0; i < N_LINKS; i++)
        phish_names_find(&w->scratch, w->names, w->sites[i], &found, NULL);
}

static const struct {
    const char *name;
    void (*run)(struct work *w);
} steps[] = {{"found in text", find},   {"taken apart", parse},   {"registrable domain", site},
             {"unwrapped", unwrap},     {"URLs in them", nested}, {"addresses in them", addresses},
             {"near known names", near}};

/* ---- the run ---- */

static void make(struct work *w)
{
    struct content_lists *lists = NULL;
    struct mp_err err = {0};
    char *text = malloc((size_t)N_LINKS * LINK_BYTES);
    size_t n = 0;
    arena_init(&w->arena, ARENA_BYTES);
    if (text == NULL || content_lists_new(&w->arena, &lists, &err) != MP_OK ||
        phish_names_new(&w->arena, lists, &w->names, &err) != MP_OK)
        fail(err.text);
    for (unsigned i = 0; i < N_LINKS; i++) {
        size_t shape = i % ARRAY_LEN(shapes);
        w->links[i] = arena_fmt(&w->arena, "%s%05u%s", shapes[shape].head, i, shapes[shape].tail);
        n += (size_t)snprintf(text + n, LINK_BYTES, "see " STR_FMT ", and\n", STR_ARG(w->links[i]));
    }
    w->text = str_make(text, n);
}

static void print(const struct work *w, double spent[][MAX_ROUNDS], size_t rounds)
{
    double all = 0;
    printf("links: %d of %zu shapes, median of %zu rounds, one core\n", N_LINKS, ARRAY_LEN(shapes),
           rounds);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        double s = measure_median(spent[i], rounds);
        all += s;
        printf("  %-20s %8.0f ns a link\n", steps[i].name, s * 1e9 / N_LINKS);
        if (i == 0)
            printf("  %-20s %8.0f MB/s\n", "  of text", (double)w->text.n / s / 1e6);
    }
    printf("  %-20s %8.0f links/s\n", "together", N_LINKS / all);
}

int main(int argc, char **argv)
{
    static struct work w;
    static double spent[ARRAY_LEN(steps)][MAX_ROUNDS];
    uint64_t rounds = DEFAULT_ROUNDS;
    if (argc > 1 && (!str_to_u64(str_from(argv[1]), MAX_ROUNDS, &rounds) || rounds == 0))
        fail("ROUNDS is 1 to 99");
    make(&w);
    arena_init(&w.scratch, ARENA_BYTES);
    for (size_t r = 0; r < rounds; r++) {
        arena_reset(&w.scratch);
        for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
            double start = measure_now_s();
            steps[i].run(&w);
            spent[i][r] = measure_now_s() - start;
        }
    }
    print(&w, spent, rounds);
    return 0;
}
