/* Content inspection by stage, beside GMime parsing alone: same messages, same run, in turns.
 *
 * usage: content_bench [ROUNDS [DIRECTORY...]]      the mail of all files below the directories
 * Prints medians over the rounds: MB/s and messages/s of one core, the worst message of all, and
 * what each hostile message costs in time and memory. Ratios are to GMime of the same run. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/content_bench.h"
#include "bench/mails.h"
#include "bench/measure.h"
#include "content/attach.h"
#include "content/found.h"
#include "content/lists.h"
#include "content/place.h"
#include "document/document.h"
#include "mime/lint.h"
#include "phish/phish.h"

enum {
    DEFAULT_ROUNDS = 5,
    MAX_ROUNDS = 99,
    MAX_MAILS = 200000,
    USUAL_MIN_BYTES = 20 * 1000,
    USUAL_MAX_BYTES = 80 * 1000,
    ARENA_BYTES = 1024 * 1024 * 1024
};

struct mail {
    struct str raw;
    char *path;
};

struct mails {
    struct mail *items;
    size_t n;
    uint64_t bytes;
};

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "content_bench: %s\n", what);
    exit(2);
}

/* ---- input ---- */

/* As it would travel: line ends of files on disk become CRLF before the clock runs. */
static struct str as_sent(struct str raw)
{
    struct arena arena;
    struct message m;
    struct mp_err err = {0};
    arena_init(&arena, ARENA_BYTES);
    if (message_parse(&arena, raw, &m, &err) != MP_OK)
        fail(err.text);
    char *p = malloc(m.raw.n + 1);
    if (p == NULL)
        fail("no memory");
    memcpy(p, m.raw.p == NULL ? "" : m.raw.p, m.raw.n);
    struct str out = str_make(p, m.raw.n);
    arena_clear(&arena);
    return out;
}

static void take_mail(void *ctx, const char *path, struct str raw)
{
    struct mails *all = ctx;
    if (all->n == MAX_MAILS)
        return;
    struct mail *m = &all->items[all->n++];
    m->raw = as_sent(raw);
    m->path = strdup(path);
    all->bytes += m->raw.n;
}

/* Those whose length lies between the two; borrows. */
static struct mails of_size(const struct mails *all, size_t min, size_t max)
{
    struct mails some = {.items = calloc(all->n + 1, sizeof *some.items)};
    if (some.items == NULL)
        fail("no memory");
    for (size_t i = 0; i < all->n; i++)
        if (all->items[i].raw.n >= min && all->items[i].raw.n <= max) {
            some.items[some.n++] = all->items[i];
            some.bytes += all->items[i].raw.n;
        }
    return some;
}

/* ---- stages ---- */

enum stage {
    STAGE_FIELDS,
    STAGE_TREE,
    STAGE_LINT,
    STAGE_VIEWS,
    STAGE_ATTACH,
    STAGE_HEAVY,
    STAGE_READ,
    STAGE_PHISH,
    N_STAGES
};
static const char *const stage_names[] = {
    "fields and line ends",    "strict tree",         "lint",
    "views, decoding, hashes", "attachment rules",    "archives, Office, PDF, pictures",
    "text, pages, calendars",  "links, people, words"};

/* What one SHA-256 over each payload costs: it is in STAGE_VIEWS, and part of no parser's work. */
static double hashes_s(const struct mime_union *u)
{
    unsigned char hash[DIGEST_MAX_BYTES];
    double start = measure_now_s();
    for (size_t i = 0; i < u->n; i++)
        if (!digest_once(DIGEST_SHA256, u->payloads[i].bytes, hash))
            fail("no SHA-256");
    return measure_now_s() - start;
}

struct context {
    struct arena arena;
    const struct content_lists *lists;
    const struct phish_names *names;
    struct content_limits limits;
};

/* One message in the middle of its inspection. */
struct subject {
    struct message m;
    struct mime_tree tree;
    struct mime_union u;
    struct content_report report;
    struct content_budget budget;
    struct content c;
};

static void start_content(struct context *x, struct subject *s)
{
    const struct content_limits *l = &x->limits;
    s->budget = content_budget_of(l);
    s->c = (struct content){.arena = &x->arena,
                            .lists = x->lists,
                            .limits = l,
                            .budget = &s->budget,
                            .report = &s->report};
    s->report.objects = arena_new(&x->arena, struct content_object, s->u.n);
    s->report.n = s->report.cap = s->u.n;
    s->report.complete = true;
    if (s->u.n > 0 && s->report.objects == NULL)
        fail("no memory");
}

static void attach_all(struct subject *s)
{
    for (size_t i = 0; i < s->u.n; i++) {
        s->report.objects[i] = content_object_of(&s->u.payloads[i]);
        attach_check(&s->c, &s->report.objects[i]);
    }
}

/* What workers do, without the way to them (sandbox_bench): each payload in a report of its own. */
static void open_heavy(struct context *x, struct subject *s)
{
    for (size_t i = 0; i < s->u.n; i++) {
        struct content_object alone[1] = {s->report.objects[i]};
        struct content_report report = {.objects = alone, .n = 1, .cap = 1, .complete = true};
        struct content c = s->c;
        if (alone[0].bytes.n == 0 || !document_is_heavy(&alone[0]))
            continue;
        finding_list_init(&report.findings, &x->arena);
        c.report = &report;
        if (document_inspect(&c, NULL) != MP_OK)
            fail("document_inspect");
        for (size_t k = 0; k < report.n_links; k++) {
            report.links[k].object = (uint32_t)i;
            content_add_link(&s->c, &report.links[k], NULL);
        }
    }
}

static void read_light(struct subject *s)
{
    for (size_t i = 0; i < s->u.n; i++)
        if (document_read(&s->c, i, NULL) != MP_OK)
            fail("document_read");
}

static void judge(struct context *x, struct subject *s)
{
    struct dns_view *dns = dns_view_new(&x->arena, NULL, NULL);
    const struct auth_config config = {0};
    struct author author;
    struct auth_ctx auth = {.arena = &x->arena,
                            .msg = &s->m,
                            .dns = dns,
                            .findings = &s->report.findings,
                            .config = &config};
    author_check(&auth, &author);
    const struct phish_input in = {.message = &s->m,
                                   .author = &author,
                                   .found = &s->report,
                                   .lists = x->lists,
                                   .names = x->names};
    if (phish_check(&x->arena, &in, &s->report.findings, NULL) != MP_OK)
        fail("phish_check");
}

/* Seconds of each stage are added to `spent`, and to spent[N_STAGES] what hashes were of it. */
static void inspect(struct context *x, struct str raw, double spent[N_STAGES + 1])
{
    struct subject s = {0};
    struct finding_list *found = &s.report.findings;
    struct mp_err err = {0};
    double at[N_STAGES + 1];
    arena_reset(&x->arena);
    finding_list_init(found, &x->arena);
    at[STAGE_FIELDS] = measure_now_s();
    int st = message_parse(&x->arena, raw, &s.m, &err);
    at[STAGE_TREE] = measure_now_s();
    st = st == MP_OK ? mime_parse(&x->arena, &s.m, &s.tree, &err) : st;
    at[STAGE_LINT] = measure_now_s();
    st = st == MP_OK ? mime_lint(&x->arena, &s.m, &s.tree, found, &err) : st;
    at[STAGE_VIEWS] = measure_now_s();
    st = st == MP_OK ? mime_union_read(&x->arena, &s.m, found, &s.u, &err) : st;
    at[STAGE_ATTACH] = measure_now_s();
    if (st != MP_OK)
        fail(err.text);
    start_content(x, &s);
    attach_all(&s);
    at[STAGE_HEAVY] = measure_now_s();
    open_heavy(x, &s);
    at[STAGE_READ] = measure_now_s();
    read_light(&s);
    at[STAGE_PHISH] = measure_now_s();
    judge(x, &s);
    at[N_STAGES] = measure_now_s();
    for (size_t i = 0; i < N_STAGES; i++)
        spent[i] += at[i + 1] - at[i];
    spent[N_STAGES] += hashes_s(&s.u);
}

static void line(const char *name, const struct mails *all, double s, double rival_s)
{
    printf("  %-30s %9.1f MB/s %10.0f messages/s", name, (double)all->bytes / 1e6 / s,
           (double)all->n / s);
    if (rival_s > 0)
        printf("   %6.2f x GMime", rival_s / s);
    putchar('\n');
}

struct worst {
    double s;
    size_t mail;
};

static void contest(struct context *x, const struct mails *all, size_t rounds)
{
    double stages[N_STAGES][MAX_ROUNDS], whole[MAX_ROUNDS] = {0}, parse[MAX_ROUNDS],
                                         decode[MAX_ROUNDS], structure[MAX_ROUNDS];
    struct worst worst = {0};
    double rival = 0;
    for (size_t r = 0; r < rounds; r++) {
        double spent[N_STAGES + 1] = {0};
        for (size_t i = 0; i < all->n; i++) {
            double start = measure_now_s();
            double hashes = spent[N_STAGES];
            inspect(x, all->items[i].raw, spent);
            double s = measure_now_s() - start - (spent[N_STAGES] - hashes);
            if (r > 0 && s > worst.s) /* not the first round: pages are fresh there */
                worst = (struct worst){s, i};
        }
        for (size_t i = 0; i < N_STAGES; i++) {
            stages[i][r] = spent[i];
            whole[r] += spent[i];
        }
        structure[r] = spent[STAGE_TREE] + spent[STAGE_VIEWS] - spent[N_STAGES];
        double start = measure_now_s();
        for (size_t i = 0; i < all->n; i++)
            bench_gmime(all->items[i].raw, false);
        double between = measure_now_s();
        for (size_t i = 0; i < all->n; i++)
            bench_gmime(all->items[i].raw, true);
        parse[r] = between - start;
        decode[r] = measure_now_s() - between;
    }
    printf("%zu messages, %.1f MB, %zu rounds, one core\n", all->n, (double)all->bytes / 1e6,
           rounds);
    if (bench_has_gmime) {
        rival = measure_median(parse, rounds);
        line("GMime, parsing alone", all, rival, 0);
        line("GMime, parsing and decoding", all, measure_median(decode, rounds), 0);
    } else {
        puts("  GMime: not here (libgmime-3.0-dev)");
    }
    for (size_t i = 0; i < N_STAGES; i++)
        line(stage_names[i], all, measure_median(stages[i], rounds), rival);
    line("structure and decoding alone", all, measure_median(structure, rounds), rival);
    line("all of it", all, measure_median(whole, rounds), rival);
    if (rounds > 1)
        printf("  worst message: %.2f ms, %zu bytes, %s\n", worst.s * 1e3,
               all->items[worst.mail].raw.n, all->items[worst.mail].path);
}

/* ---- hostile mail ---- */

/* In a process of its own, so that memory is that of this message. */
static void hostile_one(struct context *x, const struct hostile *h)
{
    struct rusage before, after;
    struct str raw = h->make();
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0) {
        double spent[N_STAGES + 1] = {0};
        getrusage(RUSAGE_SELF, &before);
        double start = measure_now_s();
        if (h->is_object)
            hostile_object(&x->arena, x->lists, raw);
        else
            inspect(x, raw, spent);
        double s = measure_now_s() - start;
        getrusage(RUSAGE_SELF, &after);
        printf("  %-44s %7.1f ms %7.1f MB (input %.1f MB)\n", h->name, s * 1e3,
               (double)(after.ru_maxrss - before.ru_maxrss) / 1024, (double)raw.n / 1e6);
        fflush(stdout);
        _exit(0);
    }
    if (waitpid(child, &status, 0) != child || status != 0)
        printf("  %-44s FAILED (status %d)\n", h->name, status);
    free((char *)(uintptr_t)raw.p);
}

int main(int argc, char **argv)
{
    struct mails all = {0};
    struct context x = {0};
    struct mp_err err = {0};
    size_t rounds = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : DEFAULT_ROUNDS;
    rounds = rounds < 1 ? 1 : rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
    arena_init(&x.arena, ARENA_BYTES);
    x.limits = content_limits_default();
    struct content_lists *lists = NULL;
    struct phish_names *names = NULL;
    struct arena for_lists;
    arena_init(&for_lists, ARENA_BYTES);
    if (content_lists_new(&for_lists, &lists, &err) != MP_OK ||
        phish_names_new(&for_lists, lists, &names, &err) != MP_OK)
        fail(err.text);
    x.lists = lists;
    x.names = names;
    if (argc > 2) {
        all.items = calloc(MAX_MAILS, sizeof *all.items);
        if (all.items == NULL)
            fail("no memory");
        mails_each(argv + 2, take_mail, &all);
        puts("all mail:");
        contest(&x, &all, rounds);
        struct mails usual = of_size(&all, USUAL_MIN_BYTES, USUAL_MAX_BYTES);
        puts("mail of 20 to 80 KB alone:");
        contest(&x, &usual, rounds);
    }
    puts("hostile messages, each in a process of its own:");
    for (size_t i = 0; i < n_hostile; i++)
        hostile_one(&x, &hostile_mails[i]);
    arena_clear(&x.arena);
    arena_clear(&for_lists);
    return 0;
}
