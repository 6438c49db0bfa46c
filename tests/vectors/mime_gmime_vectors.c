/* GMime beside our views, over all mail of the corpora: what it extracts, the union has. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "mime/gmime_oracle.h"
#include "tests/tap.h"

static const char *const directories[] = {
    "corpora/mail-parser/eml/legacy",
    "corpora/mail-parser/eml/malformed",
    "corpora/mail-parser/eml/rfc",
    "corpora/mail-parser/eml/thirdparty",
    "corpora/mime-is-broken/hide-content",
    "corpora/mime-is-broken/hide-filename",
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

static struct arena arena;

static void compare_file(const char *path, size_t *messages, size_t *leaves)
{
    struct str raw = tap_read_file(path);
    struct message m;
    struct mime_union u;
    struct finding_list findings;
    struct mp_err err = {0};
    arena_reset(&arena);
    finding_list_init(&findings, &arena);
    if (raw.p == NULL || message_parse(&arena, raw, &m, &err) != MP_OK ||
        !tap_int(mime_union_read(&arena, &m, &findings, &u, &err), MP_OK) || !u.complete)
        return;
    struct oracle o = {.u = &u};
    oracle_run(&o, m.raw);
    ++*messages;
    *leaves += o.leaves;
    if (!tap_int(o.missing, 0))
        tap_note("%s: " STR_FMT, path, STR_ARG(str_slice(o.first_missing, 0, 80)));
    g_free((void *)(uintptr_t)o.first_missing.p);
}

int main(void)
{
    arena_init(&arena, 1024u << 20);
    for (size_t i = 0; i < ARRAY_LEN(directories); i++) {
        size_t messages = 0, leaves = 0;
        const char *dir = tap_shared_path(directories[i]);
        DIR *d = dir == NULL ? NULL : opendir(dir);
        tap_case("GMime: %s", directories[i]);
        if (d == NULL) {
            tap_skip("the shared data is not here");
            continue;
        }
        for (struct dirent *e; (e = readdir(d)) != NULL;) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
            if (e->d_name[0] != '.' && !str_starts(str_from(e->d_name), STR("README")))
                compare_file(path, &messages, &leaves);
        }
        closedir(d);
        tap_note("%s: %zu messages, %zu leaves", directories[i], messages, leaves);
    }
    arena_clear(&arena);
    return tap_done();
}
