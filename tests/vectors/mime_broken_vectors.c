/* Broken mail that parsers take apart differently: whatever any of them recovers, the union of our
 * views has (corpora/mime-is-broken). */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "mime/view.h"
#include "tests/tap.h"

enum { MAX_COLUMNS = 16 };

static struct arena arena;

/* ---- tables ---- */

struct row {
    struct str cells[MAX_COLUMNS];
    size_t n;
};

static bool next_row(struct str *text, struct row *row)
{
    if (text->p == NULL || text->n == 0)
        return false;
    struct str line = str_cut(text, '\n');
    for (row->n = 0; row->n < MAX_COLUMNS && line.p != NULL; row->n++)
        row->cells[row->n] = str_cut(&line, '\t');
    return true;
}

static struct str corpus_file(struct str name)
{
    struct str path = arena_fmt(&arena, "corpora/mime-is-broken/" STR_FMT, STR_ARG(name));
    const char *found = tap_shared_path(path.p);
    return found == NULL ? STR_NONE : tap_read_file(found);
}

static bool read_union(struct str name, struct mime_union *u)
{
    struct message *m = arena_new(&arena, struct message, 1);
    struct finding_list findings;
    struct mp_err err = {0};
    struct str raw = corpus_file(name);
    finding_list_init(&findings, &arena);
    return tap_ok(raw.p != NULL) && tap_int(message_parse(&arena, raw, m, &err), MP_OK) &&
           tap_int(mime_union_read(&arena, m, &findings, u, &err), MP_OK) && tap_ok(u->complete);
}

/* ---- payloads ---- */

/* What is hidden in each message, taken from one that every parser reads. */
static struct str hidden_payload(struct str table)
{
    struct row row;
    while (next_row(&table, &row)) {
        struct mime_union u;
        unsigned readers = 0;
        for (size_t i = 3; i < row.n; i++)
            readers += str_eq(row.cells[i], STR("2"));
        if (readers < 7 || !str_eq(row.cells[2], STR("3")) || !read_union(row.cells[0], &u))
            continue;
        for (size_t i = 0; i < u.n; i++)
            if (str_starts(u.payloads[i].bytes, STR("PK\3\4")))
                return u.payloads[i].bytes;
    }
    return STR_NONE;
}

static bool has_payload(const struct mime_union *u, struct str hidden)
{
    for (size_t i = 0; i < u->n; i++)
        if (str_search(u->payloads[i].bytes, hidden) < u->payloads[i].bytes.n)
            return true;
    return false;
}

static void check_payloads(struct str table)
{
    struct row row;
    size_t wanted = 0, found = 0, more = 0, none = 0;
    tap_case("mime-is-broken: the payload that is hidden");
    struct str hidden = hidden_payload(table);
    if (!tap_ok(hidden.n > 0))
        return;
    hidden.p = memcpy(malloc(hidden.n), hidden.p, hidden.n);
    next_row(&table, &row);
    while (next_row(&table, &row)) {
        struct mime_union u;
        bool any = false;
        for (size_t i = 3; i < row.n; i++)
            any |= str_eq(row.cells[i], STR("1")) || str_eq(row.cells[i], STR("2"));
        if (str_starts(row.cells[0], STR("hide-filename/")))
            continue;
        arena_reset(&arena);
        tap_case("mime-is-broken: " STR_FMT, STR_ARG(row.cells[1]));
        if (!read_union(row.cells[0], &u))
            continue;
        bool has = has_payload(&u, hidden);
        wanted += any;
        found += any && has;
        more += !any && has;
        none += !has;
        if (any)
            tap_ok(has);
    }
    tap_note("payload: %zu of %zu that some parser recovers; %zu more that none does; %zu missed "
             "by all",
             found, wanted, more, none);
    free((void *)(uintptr_t)hidden.p);
}

/* ---- names ---- */

/* The table writes what is not ASCII as it stands or as "\\u6600". */
static struct str unescape(struct str name)
{
    struct buf out;
    buf_init(&out, 4 * name.n + 1);
    for (size_t i = 0; i < name.n; i++) {
        char digits[5] = "";
        if (name.n - i < 6 || name.p[i] != '\\' || name.p[i + 1] != 'u') {
            buf_addc(&out, name.p[i]);
            continue;
        }
        memcpy(digits, name.p + i + 2, 4);
        utf8_add(&out, (int32_t)strtol(digits, NULL, 16));
        i += 5;
    }
    struct str text = arena_copy(&arena, buf_str(&out));
    buf_clear(&out);
    return text;
}

static bool has_name(const struct mime_union *u, struct str name)
{
    for (size_t i = 0; i < u->n; i++)
        for (size_t k = 0; k < u->payloads[i].n_names; k++)
            if (str_eq(u->payloads[i].names[k].text, name))
                return true;
    return false;
}

static void check_row_names(const struct row *row, const struct mime_union *u, size_t *total,
                            size_t *found)
{
    for (size_t i = 3; i < row->n; i++) {
        struct str names = row->cells[i];
        if (str_starts(names, STR("fn=")))
            names = str_slice(names, 3, names.n);
        while (names.p != NULL && names.n != 0) {
            struct str name = unescape(str_cut(&names, '|'));
            if (name.n == 0)
                continue;
            ++*total;
            bool has = has_name(u, name);
            *found += has;
            if (!tap_ok(has))
                tap_note("missing: " STR_FMT, STR_ARG(name));
        }
    }
}

static void check_names(struct str table)
{
    struct row row;
    size_t total = 0, found = 0;
    next_row(&table, &row);
    while (next_row(&table, &row)) {
        struct mime_union u;
        arena_reset(&arena);
        tap_case("mime-is-broken: names of " STR_FMT, STR_ARG(row.cells[1]));
        if (read_union(row.cells[0], &u))
            check_row_names(&row, &u, &total, &found);
    }
    tap_note("names: %zu of %zu readings of some parser", found, total);
}

int main(void)
{
    arena_init(&arena, 256u << 20);
    struct str payloads = corpus_file(STR("expected.tsv"));
    struct str names = corpus_file(STR("expected-filenames.tsv"));
    if (payloads.p == NULL || names.p == NULL) {
        tap_case("mime-is-broken");
        tap_skip("the shared data is not here");
        return tap_done();
    }
    check_payloads(payloads);
    check_names(names);
    arena_clear(&arena);
    return tap_done();
}
