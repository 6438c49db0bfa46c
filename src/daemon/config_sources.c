/* The sections of what a verdict is made of: DNS, content, intelligence. */
#include "daemon/config_internal.h"

enum { CLAMD_TEXT = 300 };

/* ---- dns ---- */

static int read_timeout(struct yaml *y, void *into)
{
    return serve_take_duration(
        y, (struct serve_range){"a duration from 100ms to 60s (5s)", 100, 60000}, 1, into);
}

static int read_discovery(struct yaml *y, void *into)
{
    static const struct serve_word words[] = {{"tree-walk", 0}, {"psl", 1}, {NULL, 0}};
    int value;
    int st = serve_take_word(y, "way to find policies", words, &value);
    if (st == MP_OK)
        *(struct str *)into = str_from(words[value].name);
    return st;
}

int serve_read_dns(struct yaml *y, void *into)
{
#define AT(field) offsetof(struct serve_dns, field)
    static const struct yaml_key keys[] = {
        {STR_INIT("server"), serve_read_text, AT(server)},
        {STR_INIT("trust_anchor"), serve_read_path, AT(trust_anchor)},
        {STR_INIT("zone_file"), serve_read_path, AT(zone_file)},
        {STR_INIT("timeout"), read_timeout, AT(timeout_ms)},
        {STR_INIT("discovery"), read_discovery, AT(discovery)},
    };
#undef AT
    uint32_t seen;
    int st = yaml_next_expected(y, YAML_MAP, "a mapping (server, timeout, ...)");
    return st == MP_OK
               ? yaml_map(y, keys, ARRAY_LEN(keys), &seen, &((struct serve_config *)into)->dns)
               : st;
}

/* ---- content ---- */

/* "unix:/path", "host:port", "[v6]:port": the client says the rest. */
static int check_clamd(struct yaml *y, struct str text, struct str *out)
{
    char word[4 * YAML_SHOWN_BYTES];
    if (text.n >= CLAMD_TEXT || !(str_starts(text, STR("unix:/")) || str_has(text, ':')) ||
        str_has(text, ' '))
        return yaml_fail(y, MP_E_SYNTAX,
                         "'%s' is no address of a clamd (unix:/path, host:port, [v6]:port)",
                         yaml_shown(text, word));
    return serve_check_text(y, text, out);
}

static int read_clamd(struct yaml *y, void *into)
{
    struct serve_content *c = into;
    return serve_take_list(y, &(struct serve_list){"a list of addresses", check_clamd, c->clamd,
                                                   &c->n_clamd, SERVE_MAX_CLAMD});
}

static int read_yara(struct yaml *y, void *into)
{
    struct serve_content *c = into;
    return serve_take_list(y, &(struct serve_list){"a list of files and folders", serve_check_path,
                                                   c->yara, &c->n_yara, SERVE_MAX_YARA});
}

static int read_own_domains(struct yaml *y, void *into)
{
    struct serve_content *c = into;
    return serve_take_list(y, &(struct serve_list){"a list of domains", serve_check_domain,
                                                   c->own_domains, &c->n_own_domains,
                                                   SERVE_MAX_OWN_DOMAINS});
}

int serve_read_content(struct yaml *y, void *into)
{
#define AT(field) offsetof(struct serve_content, field)
    static const struct yaml_key keys[] = {
        {STR_INIT("enabled"), yaml_read_bool, AT(enabled)},
        {STR_INIT("clamd"), read_clamd, 0},
        {STR_INIT("yara"), read_yara, 0},
        {STR_INIT("own_domains"), read_own_domains, 0},
        {STR_INIT("data_dir"), serve_read_path, AT(data_dir)},
    };
#undef AT
    uint32_t seen;
    int st = yaml_next_expected(y, YAML_MAP, "a mapping (clamd, yara, ...)");
    return st == MP_OK
               ? yaml_map(y, keys, ARRAY_LEN(keys), &seen, &((struct serve_config *)into)->content)
               : st;
}

/* ---- intel ---- */

static int read_update(struct yaml *y, void *into)
{
    enum { LEAST_S = 60 };
    unsigned s = 0;
    int st = serve_take_duration(
        y,
        (struct serve_range){"0 (somebody else does it), or a duration from 1m to 7d,", 0, 604800},
        PER_SECOND_MS, &s);
    if (st == MP_OK && s != 0 && s < LEAST_S)
        return yaml_fail(y, MP_E_SYNTAX,
                         "0 (somebody else does it), or a duration from 1m to 7d, is wanted here");
    if (st == MP_OK)
        *(unsigned *)into = s;
    return st;
}

int serve_read_intel(struct yaml *y, void *into)
{
#define AT(field) offsetof(struct serve_intel, field)
    static const struct yaml_key keys[] = {
        {STR_INIT("enabled"), yaml_read_bool, AT(enabled)},
        {STR_INIT("config"), serve_read_path, AT(config_file)},
        {STR_INIT("store"), serve_read_whole_path, AT(store_dir)},
        {STR_INIT("require"), yaml_read_bool, AT(require)},
        {STR_INIT("send_urls"), yaml_read_bool, AT(send_urls)},
        {STR_INIT("update"), read_update, AT(update_every_s)},
    };
#undef AT
    uint32_t seen;
    int st = yaml_next_expected(y, YAML_MAP, "a mapping (config, store, ...)");
    return st == MP_OK
               ? yaml_map(y, keys, ARRAY_LEN(keys), &seen, &((struct serve_config *)into)->intel)
               : st;
}
