/* Files below directories, one after the other. */
#include "bench/mails.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { MAIL_MAX_BYTES = 64 * 1024 * 1024 };

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "%s: cannot be read\n", what);
    exit(2);
}

static struct str read_whole(const char *path, off_t size)
{
    FILE *f = fopen(path, "re");
    char *p = f == NULL || size > MAIL_MAX_BYTES ? NULL : malloc((size_t)size + 1);
    if (p == NULL || fread(p, 1, (size_t)size, f) != (size_t)size)
        fail(path);
    fclose(f);
    return str_make(p, (size_t)size);
}

void mails_each(char **roots, void (*take)(void *ctx, const char *path, struct str bytes),
                void *ctx)
{
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (walk == NULL)
        fail(roots[0]);
    for (FTSENT *e; (e = fts_read(walk)) != NULL;) {
        struct str name = str_make(e->fts_name, e->fts_namelen);
        if (e->fts_info != FTS_F || e->fts_statp->st_size == 0 || str_iends(name, STR(".md")) ||
            str_iends(name, STR(".tsv")) || str_iends(name, STR(".json")))
            continue;
        struct str bytes = read_whole(e->fts_path, e->fts_statp->st_size);
        take(ctx, e->fts_path, bytes);
        free((char *)(uintptr_t)bytes.p);
    }
    fts_close(walk);
}
