/* Gumbo beside our reader, over all pages of the corpora: both see the same addresses. */
#include <dirent.h>
#include <stdio.h>

#include "html/gumbo_oracle.h"
#include "mime/view.h"
#include "tests/tap.h"

enum { PAGE_MAX = 512 * 1024 /* Gumbo takes minutes for some that are larger */ };

static const char *const directories[] = {
    "corpora/phishing-pot",
    "corpora/rspamd-messages",
    "corpora/spamassassin-public-corpus/easy-ham-1",
    "corpora/spamassassin-public-corpus/easy-ham-2",
    "corpora/spamassassin-public-corpus/hard-ham-1",
    "corpora/spamassassin-public-corpus/spam-1",
    "corpora/spamassassin-public-corpus/spam-2",
    "corpora/spamassassin-tdata/nice",
    "corpora/spamassassin-tdata/spam",
    "corpora/sublime-emls",
};

/* What one of the two leaves out for a reason: the picture of a set is an address of ours alone. */
static bool has_set(struct str page)
{
    return str_isearch(page, STR("srcset")) < page.n;
}

static struct arena arena;

struct total {
    size_t messages, pages, addresses;
};

static void compare_page(const char *path, struct str bytes, struct str charset, struct total *t)
{
    struct str page, unknown, first = STR_NONE;
    struct html_facts f;
    if (bytes.n > PAGE_MAX ||
        !tap_int(html_to_utf8(&arena, bytes, charset, &page, &unknown, NULL), MP_OK) ||
        !tap_int(html_read(&arena, page, &(struct html_options){0}, &f, NULL), MP_OK) ||
        (f.limits & (HTML_LIMIT_TAGS | HTML_LIMIT_LINKS | HTML_LIMIT_ATTRIBUTES)) != 0)
        return;
    struct oracle_list gumbo = oracle_of_gumbo(page);
    struct oracle_list all = oracle_of_ours(&f, true), same = oracle_of_ours(&f, false);
    t->pages++;
    t->addresses += gumbo.n;
    if (!tap_int(oracle_missing(&gumbo, &all, &first), 0))
        tap_note("%s: only Gumbo has " STR_FMT, path, STR_ARG(str_slice(first, 0, 80)));
    if (!has_set(page) && !tap_int(oracle_missing(&same, &gumbo, &first), 0))
        tap_note("%s: Gumbo has not " STR_FMT, path, STR_ARG(str_slice(first, 0, 80)));
    oracle_clear(&gumbo);
    oracle_clear(&all);
    oracle_clear(&same);
}

static void compare_file(const char *path, struct total *t)
{
    struct str raw = tap_read_file(path);
    struct message m;
    struct mime_union u;
    struct finding_list findings;
    struct mp_err err = {0};
    arena_reset(&arena);
    finding_list_init(&findings, &arena);
    if (raw.p == NULL || message_parse(&arena, raw, &m, &err) != MP_OK ||
        !tap_int(mime_union_read(&arena, &m, &findings, &u, &err), MP_OK))
        return;
    t->messages++;
    for (size_t i = 0; i < u.n; i++)
        if (str_ieq(u.payloads[i].subtype, STR("html")))
            compare_page(path, u.payloads[i].bytes, u.payloads[i].charset, t);
}

int main(void)
{
    arena_init(&arena, 1024u << 20);
    for (size_t i = 0; i < ARRAY_LEN(directories); i++) {
        struct total t = {0};
        const char *dir = tap_shared_path(directories[i]);
        DIR *d = dir == NULL ? NULL : opendir(dir);
        tap_case("Gumbo: %s", directories[i]);
        if (d == NULL) {
            tap_skip("the shared data is not here");
            continue;
        }
        for (const struct dirent *e; (e = readdir(d)) != NULL;) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
            if (e->d_name[0] != '.')
                compare_file(path, &t);
        }
        closedir(d);
        tap_note("%zu messages, %zu pages, %zu addresses", t.messages, t.pages, t.addresses);
        tap_ok(t.messages > 0);
    }
    arena_clear(&arena);
    return tap_done();
}
