/* The attack suite, headers only: author domain, author status, and the flags that From, field
 * names and line ends give. The whole engine is asked by attacks_vectors.c. */
#include "auth/author.h"

#include <stdio.h>

#include "tests/vectors/vectors.h"

enum { BUDGET = 64 * 1024 * 1024, TEXT_MAX = 1024 };

/* The suite's words for a status, and the statuses that mean it. "malformed" is said where readers
 * disagree about the fields: we may see several From fields, an invalid one or none then. */
static bool status_is(enum author_status got, struct str word)
{
    static const struct {
        struct str word;
        unsigned statuses;
    } words[] = {
        {STR_INIT("ok"), 1u << AUTHOR_OK},
        {STR_INIT("attack"), 1u << AUTHOR_OK},
        {STR_INIT("legit"), 1u << AUTHOR_OK},
        {STR_INIT("other-domain"), 1u << AUTHOR_OK},
        {STR_INIT("none"), 1u << AUTHOR_NONE},
        {STR_INIT("literal"), 1u << AUTHOR_LITERAL},
        {STR_INIT("invalid"), 1u << AUTHOR_INVALID},
        {STR_INIT("multiple-fields"), 1u << AUTHOR_MULTIPLE_FIELDS},
        {STR_INIT("multiple-domains"), 1u << AUTHOR_MULTIPLE_DOMAINS},
        {STR_INIT("multiple"), 1u << AUTHOR_MULTIPLE_FIELDS | 1u << AUTHOR_MULTIPLE_DOMAINS},
        {STR_INIT("malformed"), 1u << AUTHOR_MULTIPLE_FIELDS | 1u << AUTHOR_INVALID},
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq(word, words[i].word))
            return (words[i].statuses >> got & 1) != 0;
    tap_note("unknown word of the suite: " STR_FMT, STR_ARG(word));
    return false;
}

/* "multiple-or-malformed": each of the words is acceptable. */
static bool status_fits(enum author_status got, struct str words)
{
    while (words.n > 0) {
        size_t n = str_search(words, STR("-or-"));
        if (status_is(got, str_slice(words, 0, n)))
            return true;
        words = str_slice(words, n + 4, words.n);
    }
    return false;
}

/* The right domain, or none where the status already says that there is none. "other-domain" has
 * none in the suite: anything but the victim's. */
static bool domain_fits(const struct author *got, const json_t *expect, struct str words)
{
    const json_t *want = json_object_get(expect, "author");
    char text[TEXT_MAX];
    if (got->status != AUTHOR_OK)
        return got->domain.n == 0;
    snprintf(text, sizeof text, STR_FMT, STR_ARG(got->domain));
    if (str_eq(words, STR("other-domain")) || !json_is_array(want))
        return strcmp(text, "legit.example") != 0;
    return vectors_accepts(want, text);
}

/* Raised by other rooms, on other evidence. */
static bool is_ours(const char *flag)
{
    static const char *const foreign[] = {"forged-authres",  "spf-plus-all", "spf-broad-range",
                                          "exp-control",     "l-tag",        "l-tag-unsigned-tail",
                                          "duplicate-header"};
    for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
        if (strcmp(flag, foreign[i]) == 0)
            return false;
    return true;
}

static void check_flags(const struct finding_list *list, const json_t *flags)
{
    size_t i;
    json_t *flag;
    json_array_foreach(flags, i, flag)
    {
        char suffix[TEXT_MAX];
        bool found = !is_ours(json_string_value(flag));
        snprintf(suffix, sizeof suffix, ".%s", json_string_value(flag));
        for (size_t k = 0; k < list->n; k++)
            found |= str_ends(finding_kind(list->items[k].id)->name, str_from(suffix));
        if (!tap_ok(found))
            tap_note("required warning is missing: %s", json_string_value(flag));
    }
}

static void run_case(const json_t *c)
{
    const json_t *expect = json_object_get(c, "expect");
    const char *id = json_string_value(json_object_get(c, "id"));
    struct str words = vectors_str(expect, "author_status");
    struct arena arena;
    struct message m;
    struct mp_err err = {0};
    struct finding_list findings = {0};
    struct author got;
    char text[TEXT_MAX];
    tap_case("attacks-author: %s", id);
    arena_init(&arena, BUDGET);
    finding_list_init(&findings, &arena);
    tap_int(message_parse(&arena, vectors_file("attacks", vectors_str(c, "file").p), &m, &err),
            MP_OK);
    struct auth_ctx ctx = {.arena = &arena,
                           .msg = &m,
                           .findings = &findings,
                           .now_s = json_integer_value(json_object_get(c, "now"))};
    author_check(&ctx, &got);
    author_findings(&ctx, &got);
    structure_findings(&ctx);
    snprintf(text, sizeof text, "%s " STR_FMT " (" STR_FMT ")", author_status_name(got.status),
             STR_ARG(got.domain), STR_ARG(got.reason));
    bool ok = status_fits(got.status, words) && domain_fits(&got, expect, words);
    tap_vector("attacks-author", id, ok, text, expect);
    check_flags(&findings, json_object_get(c, "must_flag"));
    arena_clear(&arena);
}

int main(void)
{
    json_t *suite = vectors_load("attacks-author", "attacks/cases.json");
    const json_t *cases = json_is_array(suite) ? suite : json_object_get(suite, "cases");
    size_t i;
    json_t *c;
    if (suite == NULL)
        return tap_done();
    json_array_foreach(cases, i, c) run_case(c);
    json_decref(suite);
    return vectors_done("attacks-author");
}
