/* DNS lists and services of the configuration. */
#include <stddef.h>

#include "intel/config_internal.h"

/* ---- codes of a DNS list ---- */

/* "127.0.0.4", or with "*" for octets. */
static bool take_answer(struct str text, uint32_t *first, uint32_t *last)
{
    *first = *last = 0;
    for (int i = 0; i < 4; i++) {
        struct str octet = str_cut(&text, '.');
        uint64_t v = 0;
        bool any = str_eq(octet, STR("*"));
        if ((!any && !str_to_u64(octet, 255, &v)) || octet.n > 3 || (i < 3) != (text.p != NULL))
            return false;
        *first = *first << 8 | (uint32_t)v;
        *last = *last << 8 | (any ? 255 : (uint32_t)v);
    }
    return true;
}

/* Octet by octet. */
static bool in_order(uint32_t first, uint32_t last)
{
    for (unsigned shift = 0; shift < 32; shift += 8)
        if ((first >> shift & 0xff) > (last >> shift & 0xff))
            return false;
    return true;
}

static int read_answer(struct yaml *y, void *into)
{
    char word[4 * YAML_SHOWN_BYTES];
    struct dns_code *c = into;
    struct str text;
    uint32_t first = 0, last = 0, ignored;
    int st = yaml_next_scalar(y, "an answer (127.0.0.4, 127.0.0.4-127.0.0.7, 127.0.*.3)", &text);
    if (st != MP_OK)
        return st;
    struct str end = text, begin = str_cut(&end, '-');
    bool ok = take_answer(begin, &first, &last);
    if (ok && end.p != NULL)
        ok = first == last && take_answer(end, &last, &ignored) && last == ignored;
    if (!ok || !in_order(first, last))
        return yaml_fail(y, MP_E_SYNTAX, "'%s' is no answer of a DNS list", yaml_shown(text, word));
    c->first = first;
    c->last = last;
    return MP_OK;
}

static int read_bits(struct yaml *y, void *into)
{
    unsigned v = 0;
    int st = config_read_count(y, &v);
    if (st == MP_OK && (v == 0 || v > 255))
        return yaml_fail(y, MP_E_SYNTAX, "bits of the last octet are 1 to 255");
    if (st == MP_OK)
        *(uint32_t *)into = v;
    return st;
}

static int read_as(struct yaml *y, void *into)
{
    static const struct config_word words[] = {{"listed", CODE_LISTED},
                                               {"allowed", CODE_ALLOWED},
                                               {"neutral", CODE_NEUTRAL},
                                               {"error", CODE_ERROR},
                                               {NULL, 0}};
    int value = 0;
    int st = config_take_word(y, "a word for what it is", words, &value);
    if (st == MP_OK)
        *(enum dns_code_kind *)into = (enum dns_code_kind)value;
    return st;
}

static int read_code(struct yaml *y, void *into)
{
    static const struct yaml_key keys[] = {
        {STR_INIT("answer"), read_answer, 0},
        {STR_INIT("bits"), read_bits, offsetof(struct dns_code, bits)},
        {STR_INIT("as"), read_as, offsetof(struct dns_code, kind)},
        {STR_INIT("severity"), severity_read_yaml, offsetof(struct dns_code, severity)},
        {STR_INIT("means"), config_read_text, offsetof(struct dns_code, meaning)},
    };
    struct dns_list *list = into;
    uint32_t seen = 0;
    struct dns_code code = {
        .first = 0x7f000000, .last = 0x7f0000ff, .kind = CODE_LISTED, .severity = SEV_MEDIUM};
    int st = yaml_expect(y, YAML_MAP, "a code (answer or bits, as, severity, means)");
    if (st == MP_OK && list->n_codes == INTEL_MAX_CODES)
        return yaml_fail(y, MP_E_LIMIT, "more than %d codes", INTEL_MAX_CODES);
    if (st == MP_OK)
        st = yaml_map(y, keys, ARRAY_LEN(keys), &seen, &code);
    if (st != MP_OK)
        return st;
    if ((seen & 3) == 0)
        return yaml_fail(y, MP_E_SYNTAX, "the code that ends here has neither 'answer' nor 'bits'");
    if (code.meaning.n == 0)
        return yaml_fail(y, MP_E_SYNTAX, "the code that ends here does not say what it 'means'");
    list->codes[list->n_codes++] = code;
    return MP_OK;
}

static int read_codes(struct yaml *y, void *into)
{
    struct dns_list *list = into;
    list->n_codes = 0;
    return yaml_next_list(y, "a list of codes", read_code, list);
}

/* ---- DNS lists ---- */

/* A name of letters, digits, "-", "_" with dots; "{key}" may be a label of it. */
static int read_zone(struct yaml *y, void *into)
{
    char word[4 * YAML_SHOWN_BYTES];
    struct str zone;
    int st = yaml_next_scalar(y, "the name of a zone", &zone);
    if (st != MP_OK)
        return st;
    if (zone.n > 0 && zone.p[zone.n - 1] == '.')
        zone.n--;
    bool ok = zone.n > 0 && zone.n < 200;
    for (struct str rest = zone; ok && rest.p != NULL;) {
        struct str label = str_cut(&rest, '.');
        ok = label.n > 0 && label.n <= 63;
        for (size_t i = 0; ok && i < label.n && !str_eq(label, STR("{key}")); i++)
            ok = is_alnum(label.p[i]) || label.p[i] == '-' || label.p[i] == '_';
    }
    if (!ok)
        return yaml_fail(y, MP_E_SYNTAX, "'%s' is no name of a zone", yaml_shown(zone, word));
    return yaml_copy(y, zone, into);
}

static int read_asks(struct yaml *y, void *into)
{
    static const struct config_word words[] = {{"ip", DNS_LIST_IP},
                                               {"domain", DNS_LIST_DOMAIN},
                                               {"hash", DNS_LIST_HASH},
                                               {"link-ip", DNS_LIST_LINK_IP},
                                               {NULL, 0}};
    return config_take_bits(y, "a word for what is asked", words, into);
}

static int read_test(struct yaml *y, void *into)
{
    static const struct yaml_key keys[] = {
        {STR_INIT("listed"), config_read_text, offsetof(struct dns_list, test_listed)},
        {STR_INIT("unlisted"), config_read_text, offsetof(struct dns_list, test_unlisted)},
    };
    uint32_t seen;
    int st = yaml_next_expected(y, YAML_MAP, "entries for tests, listed and unlisted,");
    return st == MP_OK ? yaml_map(y, keys, ARRAY_LEN(keys), &seen, into) : st;
}

#define AT(field) offsetof(struct dns_list, field)
static const struct yaml_key list_keys[] = {
    {STR_INIT("zone"), read_zone, AT(zone)},
    {STR_INIT("asks"), read_asks, AT(asks)},
    {STR_INIT("enabled"), yaml_read_bool, AT(enabled)},
    {STR_INIT("registrable_only"), yaml_read_bool, AT(registrable_only)},
    {STR_INIT("ipv6"), yaml_read_bool, AT(speaks_v6)},
    {STR_INIT("key"), config_read_secret, AT(key)},
    {STR_INIT("test"), read_test, 0},
    {STR_INIT("codes"), read_codes, 0},
    {STR_INIT("licence"), config_read_text, AT(licence)},
    {STR_INIT("reference"), config_read_text, AT(reference)},
};
#undef AT

static const char *list_mistake(const struct dns_list *l)
{
    bool has_key = l->key.env.n > 0 || l->key.file.n > 0;
    bool key_in_zone = str_search(l->zone, STR("{key}")) < l->zone.n;
    if (l->zone.n == 0)
        return "has no zone";
    if (l->asks == 0)
        return "does not say what it is asked: 'asks'";
    if (l->n_codes == 0)
        return "has no codes: an answer would mean nothing";
    if (key_in_zone != has_key)
        return key_in_zone ? "uses a key and does not say where it is: 'key'"
                           : "has a key and no place for it: {key} in the zone";
    return NULL;
}

static int read_dns_list(struct yaml *y, struct str name, struct config_reading *r)
{
    uint32_t seen;
    void *entry = NULL;
    bool is_new = false;
    int st = config_entry(y, &r->dns_lists, INTEL_MAX_DNS_LISTS, sizeof(struct dns_list),
                          "DNS list", name, &entry, &is_new);
    if (st == MP_OK)
        st = yaml_next_expected(y, YAML_MAP, "a DNS list (zone, asks, codes, ...)");
    if (st != MP_OK)
        return st;
    struct dns_list *l = entry;
    if (is_new)
        l->enabled = true;
    st = yaml_map(y, list_keys, ARRAY_LEN(list_keys), &seen, l);
    const char *mistake = st == MP_OK ? list_mistake(l) : NULL;
    if (mistake != NULL)
        return yaml_fail(y, MP_E_SYNTAX, "DNS list '" STR_FMT "' that ends here %s",
                         STR_ARG(l->name), mistake);
    return st;
}

int config_read_dns_lists(struct yaml *y, void *into)
{
    return config_read_named(y, "a mapping of names to DNS lists", read_dns_list, into);
}

/* ---- services ---- */

static const char *const service_names[SERVICE_COUNT] = {
    [SERVICE_VIRUSTOTAL] = "virustotal",
    [SERVICE_ABUSEIPDB] = "abuseipdb",
    [SERVICE_CIRCL_HASHLOOKUP] = "circl-hashlookup",
    [SERVICE_WEB_RISK] = "web-risk",
};

const char *intel_service_name(enum intel_service s)
{
    return (unsigned)s < SERVICE_COUNT ? service_names[s] : "?";
}

static int read_reserve(struct yaml *y, void *into)
{
    uint8_t percent = 0;
    int st = config_read_percent(y, &percent);
    if (st == MP_OK)
        *(unsigned *)into = percent;
    return st;
}

#define AT(field) offsetof(struct service, field)
static const struct yaml_key service_keys[] = {
    {STR_INIT("enabled"), yaml_read_bool, AT(enabled)},
    {STR_INIT("key"), config_read_secret, AT(key)},
    {STR_INIT("url"), config_read_url, AT(url)},
    {STR_INIT("per_minute"), config_read_count, AT(per_minute)},
    {STR_INIT("per_day"), config_read_count, AT(per_day)},
    {STR_INIT("reserve_percent"), read_reserve, AT(reserve_percent)},
    {STR_INIT("found_ttl"), config_read_seconds, AT(found_ttl_s)},
    {STR_INIT("unknown_ttl"), config_read_seconds, AT(unknown_ttl_s)},
    {STR_INIT("error_ttl"), config_read_seconds, AT(error_ttl_s)},
    {STR_INIT("min_malicious"), config_read_count, AT(min_malicious)},
};
#undef AT

static int read_service(struct yaml *y, struct str name, struct config_reading *r)
{
    uint32_t seen;
    struct nearest nearest = {.wanted = name};
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        nearest_try(&nearest, str_from(service_names[i]));
        if (!str_eq(name, str_from(service_names[i])))
            continue;
        if (r->seen_service[i])
            return yaml_fail(y, MP_E_SYNTAX, "service '%s' stands twice", service_names[i]);
        r->seen_service[i] = true;
        int st = yaml_next_expected(y, YAML_MAP, "a service (enabled, key, per_day, ...)");
        return st == MP_OK
                   ? yaml_map(y, service_keys, ARRAY_LEN(service_keys), &seen, &r->next.services[i])
                   : st;
    }
    return yaml_fail_unknown(y, "service", &nearest);
}

int config_read_services(struct yaml *y, void *into)
{
    return config_read_named(y, "a mapping of names to services", read_service, into);
}
