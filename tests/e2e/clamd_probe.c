/* Have a clamd scan files, as parts of a message that is the first of them, and print what comes of
 * it: "ID<tab>SEVERITY<tab>PART<tab>EVIDENCE" for each finding, and at the end "complete" or "not
 * complete". Each FILE may be "FILE*N": N objects of these bytes with their number behind them. */
#include <stdio.h>
#include <stdlib.h>

#include "run/av_scan.h"
#include "run/read_file.h"

enum { FILE_MAX_BYTES = 64 << 20, OBJECTS_MAX = 1000 };

struct probe {
    struct arena arena;
    struct content_object objects[OBJECTS_MAX];
    size_t n;
};

static bool add(struct probe *p, struct str bytes)
{
    if (p->n == OBJECTS_MAX)
        return false;
    struct content_object *o = &p->objects[p->n];
    *o = (struct content_object){.part = arena_fmt(&p->arena, "%zu", p->n),
                                 .bytes = bytes,
                                 .has_bytes = true};
    p->n++;
    return digest_once(DIGEST_SHA256, bytes, o->sha256);
}

static bool add_file(struct probe *p, struct str path)
{
    struct buf text;
    struct mp_err err = {0};
    uint64_t times = 1;
    size_t star = str_rfind(path, '*');
    if (star < path.n && !str_to_u64(str_slice(path, star + 1, path.n), OBJECTS_MAX, &times))
        return false;
    buf_init(&text, FILE_MAX_BYTES);
    struct str name = arena_copy(&p->arena, str_slice(path, 0, star));
    if (read_file(name.p, &text, &err) != MP_OK) {
        fprintf(stderr, "%s\n", err.text);
        return false;
    }
    bool ok = true;
    for (uint64_t i = 0; ok && i < times; i++) {
        struct str number = arena_fmt(&p->arena, "%llu", (unsigned long long)i);
        struct str parts[] = {buf_str(&text), star < path.n ? number : STR("")};
        ok = add(p, arena_join(&p->arena, parts, ARRAY_LEN(parts)));
    }
    buf_clear(&text);
    return ok;
}

static int scan(struct probe *p, const struct clamd_config *config)
{
    struct clamd *c = NULL;
    struct finding_list list = {.arena = NULL};
    struct mp_err err = {0};
    bool complete;
    finding_list_init(&list, &p->arena);
    int st = clamd_new(config, &c, &err);
    if (st == MP_OK)
        st = av_scan(c, p->objects[0].bytes, NULL, p->objects + 1, p->n - 1, 0, &list, &complete,
                     &err);
    clamd_free(c);
    if (st != MP_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    for (size_t i = 0; i < list.n; i++)
        printf("%s\t%s\t" STR_FMT "\t" STR_FMT "\n", finding_kind(list.items[i].id)->name.p,
               severity_name(list.items[i].severity), STR_ARG(list.items[i].where.part),
               STR_ARG(list.items[i].evidence));
    puts(complete ? "complete" : "not complete");
    return 0;
}

int main(int argc, char **argv)
{
    struct probe *p = calloc(1, sizeof *p);
    const char *addresses[CLAMD_MAX_ADDRESSES];
    struct clamd_config config = {.addresses = addresses};
    int i = 1;
    for (; i < argc && strcmp(argv[i], "--") != 0 && i <= CLAMD_MAX_ADDRESSES; i++) {
        if (strcmp(argv[i], "streams") == 0)
            config.no_file_passing = true;
        else
            addresses[config.n_addresses++] = argv[i];
    }
    if (p == NULL || i + 1 >= argc) {
        fputs("usage: clamd_probe [streams] ADDRESS... -- FILE[*N]...\n", stderr);
        return 2;
    }
    arena_init(&p->arena, 512u << 20);
    bool ok = true;
    for (i++; ok && i < argc; i++)
        ok = add_file(p, str_from(argv[i]));
    int code = ok ? scan(p, &config) : 2;
    arena_clear(&p->arena);
    free(p);
    return code;
}
