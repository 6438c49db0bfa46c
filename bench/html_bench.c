/* Pages: the tokenizer, all facts, and Gumbo's tree in the same run; then pages made to cost.
 *
 * usage: html_bench [ROUNDS [DIRECTORY...]]      the pages of all mail below the directories
 * Prints the best of the rounds in MB/s of one core. Gumbo is left out of the hostile pages that it
 * takes minutes for. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "bench/html_rival.h"
#include "bench/mails.h"
#include "bench/measure.h"
#include "html/html.h"
#include "html/token.h"
#include "mime/view.h"

enum { DEFAULT_ROUNDS = 5, MAX_ROUNDS = 99, ARENA_BYTES = 1024 * 1024 * 1024, MB = 1024 * 1024 };

struct pages {
    struct str *items;
    size_t n, cap;
    uint64_t bytes;
};

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "html_bench: %s\n", what);
    exit(2);
}

/* ---- input ---- */

static void keep(struct pages *p, struct str page)
{
    if (p->n == p->cap) {
        p->cap = p->cap == 0 ? 1024 : 2 * p->cap;
        p->items = realloc(p->items, p->cap * sizeof *p->items);
    }
    char *copy = malloc(page.n + 1);
    if (p->items == NULL || copy == NULL)
        fail("no memory");
    memcpy(copy, page.p, page.n);
    p->items[p->n++] = str_make(copy, page.n);
    p->bytes += page.n;
}

struct reading {
    struct arena *arena;
    struct pages *out;
};

static void take_pages(void *ctx, const char *path, struct str raw)
{
    const struct reading *r = ctx;
    struct message m;
    struct mime_union u;
    struct finding_list findings;
    (void)path;
    arena_reset(r->arena);
    finding_list_init(&findings, r->arena);
    if (message_parse(r->arena, raw, &m, NULL) != MP_OK ||
        mime_union_read(r->arena, &m, &findings, &u, NULL) != MP_OK)
        return;
    for (size_t i = 0; i < u.n; i++) {
        struct str page, unknown;
        if (str_eq(u.payloads[i].subtype, STR("html")) && u.payloads[i].bytes.n > 0 &&
            html_to_utf8(r->arena, u.payloads[i].bytes, u.payloads[i].charset, &page, &unknown,
                         NULL) == MP_OK)
            keep(r->out, page);
    }
}

/* ---- contestants ---- */

static void run_tokens(struct arena *arena, struct str page)
{
    static struct html_tokenizer t;
    static struct html_token token;
    (void)arena;
    html_tokenizer_init(&t, page, false);
    do
        html_token_next(&t, &token);
    while (token.kind != TOKEN_END);
}

static void run_facts(struct arena *arena, struct str page)
{
    struct html_facts facts;
    arena_reset(arena);
    if (html_read(arena, page, &(struct html_options){0}, &facts, NULL) != MP_OK)
        fail("no memory for a page");
}

static void run_rival(struct arena *arena, struct str page)
{
    (void)arena;
    html_rival_parse(page);
}

static const struct {
    const char *name;
    void (*run)(struct arena *arena, struct str page);
} contestants[] = {{"tokens", run_tokens}, {"facts", run_facts}, {"Gumbo's tree", run_rival}};

enum { N_CONTESTANTS = sizeof contestants / sizeof contestants[0] };

static double time_of(size_t who, struct arena *arena, const struct pages *p)
{
    double start = measure_now_s();
    for (size_t i = 0; i < p->n; i++)
        contestants[who].run(arena, p->items[i]);
    return measure_now_s() - start;
}

static void contest(struct arena *arena, const struct pages *p, size_t rounds)
{
    double best[N_CONTESTANTS] = {0};
    for (size_t r = 0; r < rounds; r++)
        for (size_t who = 0; who < N_CONTESTANTS; who++) {
            double s = time_of(who, arena, p);
            best[who] = r == 0 || s < best[who] ? s : best[who];
        }
    printf("%zu pages, %.1f MB, %zu rounds, one core\n", p->n, (double)p->bytes / 1e6, rounds);
    for (size_t who = 0; who < N_CONTESTANTS; who++)
        if (contestants[who].run != run_rival || html_has_rival)
            printf("  %-16s %8.0f MB/s\n", contestants[who].name,
                   (double)p->bytes / best[who] / 1e6);
}

/* ---- hostile pages ---- */

static const struct {
    const char *name, *head, *unit, *tail;
    bool rival; /* done by Gumbo in reasonable time */
} hostile[] = {
    {"nested elements", "", "<div>", "", false},
    {"nested unknown elements, end tags of others", "<x><x><x>", "<x></y>", "", false},
    {"attributes of one tag", "<a ", "b=c ", ">", false},
    {"formatting elements", "", "<b><i><font color=red><p>", "", false},
    {"tables", "", "<table><tr><td>", "", false},
    {"comments without end", "", "<!--", "", true},
    {"quotes without end", "", "<a b='", "", true},
    {"ampersands", "", "&", "", true},
    {"less-thans", "", "<", "", true},
    {"characters without glyph", "", "a\xe2\x80\x8b", "", true},
    {"rules of style", "<style>", ".a.b{display:none}", "</style><p class='a b'>x", true},
    {"declarations", "<p style='", "font:calc(1px + (2px - ", "'>x", true},
    {"hidden pieces", "", "<i hidden>a</i>b", "", true},
    {"comments for Outlook", "", "<!--[if mso]><a href=x>y</a><![endif]-->", "", true},
    {"scripts without end", "", "<script><!--<script>", "", true},
};

static void run_hostile(struct arena *arena)
{
    struct buf b;
    buf_init(&b, 4u * MB);
    puts("hostile pages of 1 MB:");
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        buf_reset(&b);
        buf_addz(&b, hostile[i].head);
        while (b.n < MB)
            buf_addz(&b, hostile[i].unit);
        buf_addz(&b, hostile[i].tail);
        struct str page = buf_str(&b);
        double start = measure_now_s();
        run_facts(arena, page);
        double ours = measure_now_s() - start;
        printf("  %-44s %7.1f ms", hostile[i].name, ours * 1e3);
        if (html_has_rival && hostile[i].rival) {
            start = measure_now_s();
            html_rival_parse(page);
            printf("   Gumbo %9.1f ms", (measure_now_s() - start) * 1e3);
        }
        puts("");
    }
    buf_clear(&b);
}

int main(int argc, char **argv)
{
    struct arena arena;
    struct pages pages = {0};
    size_t rounds = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : DEFAULT_ROUNDS;
    rounds = rounds < 1 ? 1 : rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
    arena_init(&arena, ARENA_BYTES);
    if (argc > 2) {
        mails_each(argv + 2, take_pages, &(struct reading){&arena, &pages});
        if (pages.n > 0)
            contest(&arena, &pages, rounds);
    }
    run_hostile(&arena);
    for (size_t i = 0; i < pages.n; i++)
        free((char *)(uintptr_t)pages.items[i].p);
    free(pages.items);
    arena_clear(&arena);
    return 0;
}
