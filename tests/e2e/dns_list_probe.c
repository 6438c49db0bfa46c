/* Ask DNS lists through the real resolver, mail after mail with one memory, and print what is told:
 * ID TAB SEVERITY TAB EVIDENCE for each finding, then what is remembered of each list. */
#include <stdio.h>

#include "base/hex.h"
#include "intel/dns_list.h"
#include "io/resolver.h"

enum { FACTS_MAX = 64, NOW_S = 1800000000 };

struct probe {
    struct arena arena;
    struct intel_config config;
    struct dns_lists lists;
    struct dns_list_health *health;
    struct resolver *resolver;
};

static int usage(void)
{
    fputs("usage: dns_list_probe SERVER CONFIG [ip=A|host=N|md5=H|sha1=H|test|mail]...\n", stderr);
    return 2;
}

static struct str read_file(struct arena *a, const char *path)
{
    struct str out = STR_NONE;
    FILE *f = fopen(path, "rb");
    char *p = arena_new(a, char, INTEL_CONFIG_MAX_BYTES);
    if (f != NULL && p != NULL)
        out = str_make(p, fread(p, 1, INTEL_CONFIG_MAX_BYTES, f));
    if (f != NULL)
        fclose(f);
    return out;
}

static bool key(void *ctx, struct arena *arena, const struct intel_secret *s, struct str *out)
{
    (void)ctx;
    (void)arena;
    *out = s->env; /* the test's keys are their own names */
    return s->env.n > 0;
}

static bool add_hash(struct arena *a, struct str hex, enum indicator_kind kind,
                     struct dns_list_hash *out)
{
    char *octets = arena_new(a, char, hex.n / 2 + 1);
    size_t want = kind == INDICATOR_MD5 ? 16 : 20;
    if (octets == NULL || hex.n != 2 * want || hex_undo(hex, octets) != want)
        return false;
    *out = (struct dns_list_hash){.kind = kind, .octets = (unsigned char *)octets};
    return true;
}

/* One word into the facts. */
static bool add(struct arena *a, struct str word, struct dns_list_facts *f,
                struct dns_list_host *hosts, struct dns_list_hash *hashes)
{
    struct str name = str_cut(&word, '=');
    if (f->n_hosts == FACTS_MAX || f->n_hashes == FACTS_MAX)
        return false;
    if (str_eq(name, STR("ip")))
        return ip_parse(word, &f->client);
    if (str_eq(name, STR("test")))
        return f->test_all = true;
    if (str_eq(name, STR("host"))) {
        hosts[f->n_hosts++] = (struct dns_list_host){.name = word};
        return true;
    }
    bool is_md5 = str_eq(name, STR("md5"));
    return add_hash(a, word, is_md5 ? INDICATOR_MD5 : INDICATOR_SHA1, &hashes[f->n_hashes++]);
}

static int mail(struct probe *p, const struct dns_list_facts *facts, struct mp_err *err)
{
    struct arena arena;
    struct finding_list found;
    struct dns_list_result r;
    int st;
    arena_init(&arena, 8 << 20);
    finding_list_init(&found, &arena);
    struct dns_view *v = dns_view_new(&arena, resolver_ready, p->resolver);
    while ((st = dns_list_check(&arena, v, &p->lists, p->health, facts, NOW_S, &found, &r, err)) ==
           MP_WAIT)
        if ((st = resolver_fill(p->resolver, v, INT64_MAX, err)) != MP_OK)
            break;
    for (size_t i = 0; st == MP_OK && i < found.n; i++)
        printf("%s\t%s\t" STR_FMT "\n", finding_kind(found.items[i].id)->name.p,
               severity_name(found.items[i].severity), STR_ARG(found.items[i].evidence));
    if (st == MP_OK)
        printf("questions\t%zu\t%s\n", dns_view_count(v), r.missing ? "missing" : "whole");
    dns_view_release(v);
    arena_clear(&arena);
    return st;
}

static int mails(struct probe *p, char **words, int n, struct mp_err *err)
{
    struct dns_list_host hosts[FACTS_MAX];
    struct dns_list_hash hashes[FACTS_MAX];
    struct dns_list_facts facts = {.hosts = hosts, .hashes = hashes};
    int st = MP_OK;
    for (int i = 0; i <= n && st == MP_OK; i++) {
        if (i < n && !str_eq(str_from(words[i]), STR("mail"))) {
            if (!add(&p->arena, str_from(words[i]), &facts, hosts, hashes))
                return mp_fail(err, MP_E_USAGE, 0, "%s: not understood", words[i]);
            continue;
        }
        st = mail(p, &facts, err);
        facts = (struct dns_list_facts){.hosts = hosts, .hashes = hashes};
    }
    return st;
}

static int start(struct probe *p, char **argv, struct mp_err *err)
{
    struct resolver_config config;
    resolver_config_init(&config);
    config.server = str_from(argv[1]);
    config.timeout_ms = 20000;
    int st = intel_config_load(&p->arena, read_file(&p->arena, argv[2]), argv[2], &p->config, err);
    if (st == MP_OK)
        st = dns_lists_new(&p->arena, &p->config, key, NULL, &p->lists, err);
    if (st == MP_OK)
        st = dns_list_health_new(p->lists.n, &p->health, err);
    return st == MP_OK ? resolver_new(&config, &p->resolver, err) : st;
}

int main(int argc, char **argv)
{
    struct probe p = {.health = NULL};
    struct mp_err err = {0};
    if (argc < 4)
        return usage();
    arena_init(&p.arena, 16 << 20);
    int st = start(&p, argv, &err);
    if (st == MP_OK)
        st = mails(&p, argv + 3, argc - 3, &err);
    for (size_t i = 0; st == MP_OK && i < p.lists.n; i++)
        printf("list\t" STR_FMT "\t%s\n", STR_ARG(p.lists.items[i].list->name),
               dns_list_state_name(dns_list_health_at(p.health, i, NOW_S).state));
    if (st != MP_OK)
        fprintf(stderr, "%s\n", err.text);
    resolver_free(p.resolver);
    dns_list_health_free(p.health);
    arena_clear(&p.arena);
    return st == MP_OK ? 0 : 1;
}
