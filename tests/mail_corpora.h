/* Honest mail and phishing of the shared data: how often each finding is made in either. */
#ifndef MP_TESTS_MAIL_CORPORA_H
#define MP_TESTS_MAIL_CORPORA_H

#include <dirent.h>
#include <stdio.h>

#include "finding/finding.h"
#include "tests/tap.h"

struct mail_corpus {
    const char *label;
    const char *folders[4];
    unsigned messages, grave, kinds[FINDING_COUNT]; /* messages with such findings */
};

#define CORPUS_HAM                                                                                 \
    {                                                                                              \
        .label = "ham", .folders = {                                                               \
            "corpora/spamassassin-public-corpus/easy-ham-1",                                       \
            "corpora/spamassassin-public-corpus/easy-ham-2",                                       \
            "corpora/spamassassin-public-corpus/hard-ham-1"                                        \
        }                                                                                          \
    }
#define CORPUS_PHISHING                                                                            \
    {                                                                                              \
        .label = "phishing", .folders = { "corpora/phishing-pot" }                                 \
    }

static inline bool corpus_is_mail(const struct dirent *e)
{
    struct str name = str_from(e->d_name);
    return str_ends(name, STR(".eml")) || str_ends(name, STR(".txt"));
}

/* `count` is called with each message. False: there was none. */
static inline bool corpus_count(struct mail_corpus *c,
                                void (*count)(struct mail_corpus *c, const char *path))
{
    for (size_t i = 0; i < ARRAY_LEN(c->folders) && c->folders[i] != NULL; i++) {
        const char *folder = tap_shared_path(c->folders[i]);
        DIR *dir = folder == NULL ? NULL : opendir(folder);
        for (const struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
            if (corpus_is_mail(e))
                count(c, path);
        }
        if (dir != NULL)
            closedir(dir);
    }
    return c->messages != 0;
}

#endif
