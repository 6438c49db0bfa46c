/* The lint over others' mail: what it finds on messages that readers take apart differently, and
 * how seldom it finds anything in honest mail. Prints a table of counts for docs/detection.md. */
#include "mime/lint.h"

#include <stdlib.h>

#include "auth/author.h"
#include "tests/mail_corpora.h"

enum { BUDGET = 256 * 1024 * 1024, PATH_BYTES = 4096, NOW_S = 1800000000 };

/* What was found in one message. */
struct result {
    bool any, strong; /* strong: high, of the structure */
    bool kinds[FINDING_COUNT];
};

static bool is_structure(enum finding_id id)
{
    struct str name = finding_kind(id)->name;
    return str_starts(name, STR("mime.")) || str_starts(name, STR("message."));
}

static void take(const char *path, const struct finding *f, struct result *out)
{
    if (!is_structure(f->id))
        return;
    out->any |= f->severity > SEV_INFO;
    out->strong |= f->severity >= SEV_HIGH;
    if (getenv("MAILPROOF_LINT_SHOW") != NULL)
        tap_note("%s %s %s at %zu, part " STR_FMT ": " STR_FMT, strrchr(path, '/') + 1,
                 severity_name(f->severity), finding_kind(f->id)->name.p, f->where.offset,
                 STR_ARG(f->where.part), STR_ARG(f->evidence));
}

/* The structure, and the line ends and fields of the message's own head, which room auth tells of.
 * What fields say about the program that wrote them is counted only: no reader trips over it. */
static void lint(const char *path, struct result *out)
{
    struct arena arena;
    struct message m;
    struct mime_tree tree;
    struct finding_list findings;
    struct mp_err err = {0};
    struct str raw = tap_read_file(path);
    *out = (struct result){0};
    arena_init(&arena, BUDGET);
    finding_list_init(&findings, &arena);
    bool ok = raw.p != NULL && message_parse(&arena, raw, &m, &err) == MP_OK &&
              mime_parse(&arena, &m, &tree, &err) == MP_OK &&
              mime_lint(&arena, &m, &tree, &findings, &err) == MP_OK;
    if (!tap_ok(ok))
        tap_note("%s: %s", path, err.text);
    struct auth_ctx ctx = {.arena = &arena, .msg = &m, .findings = &findings, .now_s = NOW_S};
    if (ok)
        structure_findings(&ctx);
    for (size_t i = 0; i < findings.n; i++)
        take(path, &findings.items[i], out);
    if (ok)
        field_findings(&ctx);
    for (size_t i = 0; i < findings.n; i++)
        out->kinds[findings.items[i].id] = true;
    arena_clear(&arena);
    free((char *)(uintptr_t)raw.p);
}

/* ---- corpora ---- */

static void count_message(struct mail_corpus *c, const char *path)
{
    struct result r;
    lint(path, &r);
    c->messages++;
    c->grave += r.strong;
    if (r.strong)
        tap_note("strong: %s", path);
    for (size_t i = 0; i < FINDING_COUNT; i++)
        c->kinds[i] += r.kinds[i];
}

static void print_rates(const struct mail_corpus *a, const struct mail_corpus *b)
{
    tap_note("%-34s %-7s %6s %8s", "finding (% of messages)", "", a->label, b->label);
    for (size_t i = 0; i < FINDING_COUNT; i++) {
        const struct finding_kind *k = finding_kind((enum finding_id)i);
        if (is_structure((enum finding_id)i))
            tap_note("%-34s %-7s %6.2f %8.2f", k->name.p, severity_name(k->severity),
                     100.0 * a->kinds[i] / a->messages, 100.0 * b->kinds[i] / b->messages);
    }
}

static void test_rates(void)
{
    static struct mail_corpus ham = CORPUS_HAM, phish = CORPUS_PHISHING;
    tap_case("honest mail: strong findings of the structure on at most 0.1 %%");
    if (!corpus_count(&ham, count_message) || !corpus_count(&phish, count_message)) {
        tap_skip("no shared data: set MAILPROOF_SHARED or put it at ../shared");
        return;
    }
    tap_ok(ham.grave * 1000 <= ham.messages);
    tap_note("ham: %u of %u strong; phishing: %u of %u strong", ham.grave, ham.messages,
             phish.grave, phish.messages);
    print_rates(&ham, &phish);
}

/* ---- messages that readers take apart differently ---- */

enum { READERS = 8, VALIDITY_CLEAN = 3 };

struct row {
    struct str file;
    int validity;
    bool known, differ; /* readers were asked; some have the payload and some do not */
};

static bool next_row(struct str *rest, struct row *out)
{
    struct str line = str_cut(rest, '\n');
    unsigned with = 0, without = 0;
    *out = (struct row){.file = str_cut(&line, '\t')};
    str_cut(&line, '\t');
    struct str validity = str_cut(&line, '\t');
    out->validity = validity.n == 0 ? -1 : validity.p[0] - '0';
    for (unsigned i = 0; i < READERS; i++) {
        struct str cell = str_cut(&line, '\t');
        without += str_eq(cell, STR("0"));
        with += str_eq(cell, STR("1")) || str_eq(cell, STR("2"));
    }
    out->known = with + without != 0;
    out->differ = with != 0 && without != 0;
    return out->file.n != 0;
}

static void test_broken(void)
{
    const char *table = tap_shared_path("corpora/mime-is-broken/expected.tsv");
    unsigned differ = 0, found = 0, clean = 0, clean_strong = 0;
    tap_case("readers disagree: something is found on at least 98 %%");
    if (table == NULL) {
        tap_skip("no shared data: set MAILPROOF_SHARED or put it at ../shared");
        return;
    }
    struct str text = tap_read_file(table), rest = text;
    str_cut(&rest, '\n');
    for (struct row row; next_row(&rest, &row);) {
        char path[PATH_BYTES];
        struct result r;
        snprintf(path, sizeof path, "%.*s/" STR_FMT, (int)(strrchr(table, '/') - table), table,
                 STR_ARG(row.file));
        lint(path, &r);
        differ += row.differ;
        found += row.differ && r.any;
        if (row.differ && !r.any)
            tap_note("nothing found: " STR_FMT, STR_ARG(row.file));
        clean += row.validity == VALIDITY_CLEAN;
        clean_strong += row.validity == VALIDITY_CLEAN && r.strong;
    }
    tap_ok(differ != 0);
    tap_ok(found * 100 >= differ * 98);
    tap_note("readers disagree about %u messages; something is found on %u", differ, found);
    tap_note("clean by the RFCs: %u messages, %u with a strong finding", clean, clean_strong);
    free((char *)(uintptr_t)text.p);
}

int main(void)
{
    test_broken();
    test_rates();
    return tap_done();
}
