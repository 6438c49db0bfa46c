/* Phrases are found as whole words, stems with their endings, and nothing is found within words. */
#include "content/lists.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fold.h"
#include "tests/tap.h"

static struct arena arena;
static struct content_lists *lists;

static const char list[] = "language: xx\nsource: us\ndate: 2026-01-31\n"
                           "gift card, gift cards, gift = gift-card\n"
                           "verif* = expiry\n"
                           "card verif* = credential\n"
                           "e-mail, mot de pass\xc3\xa9 = credential\n"
                           "card = bank\n";

static const struct {
    const char *label, *text, *want; /* keys in the order in which they are found */
} rows[] = {
    {"nothing", "", ""},
    {"no word of the list", "the quick brown fox", ""},
    {"one word", "a card!", "card"},
    {"within a word", "discard cardboard", ""},
    {"a phrase and what is in it", "Gift  CARD.", "gift,gift card,card"},
    {"the longer word", "gift-cards", "gift,gift cards"},
    {"at the end", "buy a gift", "gift"},
    {"a stem", "Verifying verify verif veri", "verif,verif,verif"},
    {"a stem behind a word", "card verification", "card,card verif,verif"},
    {"signs within a phrase", "e mail e-mail email", "e-mail,e-mail"},
    {"accents", "MOT DE PASSE", "mot de pass\xc3\xa9"},
    {"hidden by what shows nothing",
     "g\xe2\x80\x8bift c\xc2\xad"
     "ard",
     "gift,gift card,card"},
};

struct found {
    char keys[500];
    size_t n;
    struct str text;
    bool in_place;
};

static void note(void *ctx, const struct content_entry *e, size_t at, size_t n)
{
    struct found *f = ctx;
    f->in_place = f->in_place && str_eq(str_slice(f->text, at, at + n), e->folded);
    f->n += (size_t)snprintf(f->keys + f->n, sizeof f->keys - f->n, "%s" STR_FMT,
                             f->n == 0 ? "" : ",", STR_ARG(e->key));
}

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char out[200];
        struct found f = {.text = fold_text(str_from(rows[i].text), out), .in_place = true};
        content_lists_match(lists, LIST_WORDS, f.text, note, &f);
        tap_case("words: %s", rows[i].label);
        tap_str(str_make(f.keys, f.n), str_from(rows[i].want));
        tap_ok(f.in_place);
    }
}

/* Every phrase that is built in is found where it stands alone. */
static void test_built_in(void)
{
    static const enum content_list of[] = {LIST_WORDS, LIST_BRANDS};
    for (size_t k = 0; k < ARRAY_LEN(of); k++) {
        size_t n, missed = 0;
        const struct content_entry *e = content_lists_entries(lists, of[k], &n);
        for (size_t i = 0; i < n; i++) {
            char out[2 * CONTENT_LIST_MAX_KEY];
            struct found f = {.text = fold_text(e[i].key, out), .in_place = true};
            content_lists_match(lists, of[k], f.text, note, &f);
            missed += str_search(str_make(f.keys, f.n), e[i].key) == f.n;
        }
        tap_case("%s: each entry finds itself", content_list_file(of[k]));
        tap_ok(n > 0);
        tap_int(missed, 0);
    }
}

int main(void)
{
    struct mp_err err = {0};
    arena_init(&arena, 64u << 20);
    if (content_lists_new(&arena, &lists, &err) != MP_OK)
        abort();
    test_built_in();
    static const char *const built_in[] = {"de", "en", "es", "fr", "it", "nl", "pt"};
    for (size_t i = 0; i < ARRAY_LEN(built_in); i++) {
        struct str name = arena_fmt(&arena, "lure-words.%s.list", built_in[i]);
        struct str text =
            arena_fmt(&arena, "language: %s\nsource: us\ndate: 2026-01-31\n", built_in[i]);
        tap_case("%s without words", built_in[i]);
        tap_int(content_lists_parse(&arena, name, text, lists, &err), MP_OK);
    }
    tap_case("a list for these rows");
    tap_int(content_lists_parse(&arena, STR("lure-words.xx.list"), str_from(list), lists, &err),
            MP_OK);
    test_rows();
    arena_clear(&arena);
    return tap_done();
}
