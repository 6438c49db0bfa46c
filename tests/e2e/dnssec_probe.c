/* Ask one resolver and print a line for each answer. An anchor is used always, a root key only when
 * the server proves that it hands signatures on. */
#include <stdio.h>

#include "io/resolver.h"

static int usage(void)
{
    fputs("usage: dnssec_probe SERVER anchor|root FILE NAME TYPE [NAME TYPE...]\n", stderr);
    return 2;
}

static void print_answer(const struct dns_answer *a)
{
    static const char *const states[] = {"unknown", "insecure", "secure"};
    printf(STR_FMT "\t%s\t%s\t%s\t%zu\t%u\t" STR_FMT "\n", STR_ARG(a->name), dns_type_name(a->type),
           dns_status_name(a->status), states[a->dnssec], a->n, (unsigned)a->ttl_s,
           STR_ARG(a->why));
}

int main(int argc, char **argv)
{
    struct resolver_config config;
    struct resolver *r = NULL;
    struct mp_err err = {0};
    struct arena arena;
    if (argc < 6 || argc % 2 != 0)
        return usage();
    resolver_config_init(&config);
    config.server = str_from(argv[1]);
    *(strcmp(argv[2], "root") == 0 ? &config.root_key : &config.trust_anchor) = argv[3];
    config.timeout_ms = 20000;
    int st = resolver_new(&config, &r, &err);
    arena_init(&arena, 1 << 20);
    struct dns_view *v = st == MP_OK ? dns_view_new(&arena, resolver_ready, r) : NULL;
    for (int i = 4; v != NULL && i < argc; i += 2) {
        enum dns_type type;
        if (!dns_type_by_name(str_from(argv[i + 1]), &type))
            return usage();
        dns_prefetch(v, str_from(argv[i]), type);
    }
    if (v != NULL)
        st = resolver_fill(r, v, INT64_MAX, &err);
    for (size_t i = 0; v != NULL && st == MP_OK && i < dns_view_count(v); i++)
        print_answer(dns_view_at(v, i));
    if (st != MP_OK)
        fprintf(stderr, "%s\n", err.text);
    dns_view_release(v);
    arena_clear(&arena);
    resolver_free(r);
    return st == MP_OK ? 0 : 1;
}
