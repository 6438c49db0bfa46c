/* For tests: a message with links, and what the rules find in it. */
#ifndef MP_PHISH_PHISH_TEST_KIT_H
#define MP_PHISH_PHISH_TEST_KIT_H

#include <stdlib.h>

#include "phish/phish.h"
#include "tests/tap.h"

enum { KIT_BYTES = 64 * 1024 * 1024, KIT_MAX_LINKS = 3, KIT_LISTS_BYTES = 16 * 1024 * 1024 };

/* What a row of a test gives; all but the first may be left out. */
struct kit_mail {
    const char *head; /* fields, each with a line end */
    struct content_link links[KIT_MAX_LINKS];
    const char *text; /* what a person reads */
    const char *mail_from;
    bool auth_checked, dmarc_pass, dmarc_fail;
};

struct kit {
    struct arena arena;
    struct message message;
    struct author author;
    struct content_report found;
    struct content_object object;
    struct content_text text;
    struct finding_list findings;
};

/* The built-in lists, with domains of our own and of a partner, and one person of ours. */
static inline const struct content_lists *kit_lists(void)
{
    static struct content_lists *lists;
    static struct arena arena;
    struct mp_err err = {0};
    if (lists != NULL)
        return lists;
    arena_init(&arena, KIT_LISTS_BYTES);
    if (content_lists_new(&arena, &lists, &err) != MP_OK ||
        content_lists_add_domain(&arena, LIST_DOMAINS_OWN, STR("contoso.example"), lists, &err) !=
            MP_OK ||
        content_lists_add_domain(&arena, LIST_DOMAINS_PARTNER, STR("fabrikam.example"), lists,
                                 &err) != MP_OK ||
        content_lists_parse(&arena, STR("vips.list"),
                            STR("language: any\nsource: us\ndate: 2026-01-31\n"
                                "Jane Boss = jane@contoso.example jane@home.example\n"),
                            lists, &err) != MP_OK)
        abort();
    return lists;
}

/* Their domains, indexed once. */
static inline const struct phish_names *kit_names(void)
{
    static struct phish_names *names;
    static struct arena arena;
    struct mp_err err = {0};
    if (names == NULL) {
        arena_init(&arena, KIT_LISTS_BYTES);
        if (phish_names_new(&arena, kit_lists(), &names, &err) != MP_OK)
            abort();
    }
    return names;
}

/* kit_clear afterwards. */
static inline void kit_check(struct kit *k, const struct kit_mail *m)
{
    struct mp_err err = {0};
    memset(k, 0, sizeof *k);
    arena_init(&k->arena, KIT_BYTES);
    finding_list_init(&k->findings, &k->arena);
    struct str parts[] = {str_from(m->head), STR("\r\n")};
    if (message_parse(&k->arena, arena_join(&k->arena, parts, 2), &k->message, &err) != MP_OK)
        abort();
    struct auth_ctx auth = {.arena = &k->arena, .msg = &k->message, .findings = &k->findings};
    author_check(&auth, &k->author);
    k->object = (struct content_object){.part = STR("1"), .type = STR("text")};
    k->found = (struct content_report){.objects = &k->object, .n = 1, .complete = true};
    k->found.links = arena_new(&k->arena, struct content_link, KIT_MAX_LINKS);
    for (size_t i = 0; i < KIT_MAX_LINKS; i++)
        if (m->links[i].url.n != 0)
            k->found.links[k->found.n_links++] = m->links[i];
    if (m->text != NULL) {
        k->text = (struct content_text){.kind = TEXT_SEEN, .text = str_from(m->text)};
        k->found.texts = &k->text;
        k->found.n_texts = 1;
    }
    const struct phish_input in = {.message = &k->message,
                                   .author = &k->author,
                                   .found = &k->found,
                                   .lists = kit_lists(),
                                   .names = kit_names(),
                                   .mail_from = str_from(m->mail_from),
                                   .auth_checked = m->auth_checked,
                                   .dmarc_pass = m->dmarc_pass,
                                   .dmarc_fail = m->dmarc_fail};
    if (phish_check(&k->arena, &in, &k->findings, &err) != MP_OK)
        abort();
}

static inline void kit_clear(struct kit *k)
{
    arena_clear(&k->arena);
}

/* Those whose names begin so: "url.ip:medium url.port:low", in the order of the list. */
static inline struct str kit_found(struct kit *k, struct str prefix)
{
    struct str all = STR("");
    for (size_t i = 0; i < k->findings.n; i++) {
        const struct finding *f = &k->findings.items[i];
        struct str name = finding_kind(f->id)->name;
        struct str parts[] = {all, all.n == 0 ? STR("") : STR(" "), name, STR(":"),
                              str_from(severity_name(f->severity))};
        if (str_starts(name, prefix))
            all = arena_join(&k->arena, parts, ARRAY_LEN(parts));
    }
    return all;
}

#endif
