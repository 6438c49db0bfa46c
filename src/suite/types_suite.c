/* Readers of what belongs to suites alone: allow lists, hosts by name, scripts, XCLIENT, domains.
 */
#include "base/idna.h"
#include "base/json.h"
#include "suite/suite_internal.h"

enum { ALLOW_MAX = 1000, HOSTS_IN_A_LIST_MAX = 20, AUDIT_DOMAINS_MAX = 1000 };

#define ONE_OR_LIST                                                                                \
    "{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"array\",\"items\":{\"type\":\"string\"}}]}"

/* ---- allow ---- */

/* "192.0.2.0/24", "2001:db8::/32", "192.0.2.1". */
static bool parse_network(struct str s, struct suite_network *out)
{
    struct str address = str_cut(&s, '/');
    uint64_t bits;
    if (!ip_parse(address, &out->net))
        return false;
    unsigned most = out->net.family == IP_V4 ? 32 : 128;
    if (s.p != NULL && !str_to_u64(s, most, &bits))
        return false;
    out->prefix_bits = s.p == NULL ? most : (unsigned)bits;
    return true;
}

struct allowing {
    struct str *domains;
    struct suite_network *networks;
};

static bool allow_item(struct decoder *d, const struct node *n, struct suite_allow *a,
                       struct allowing *into)
{
    struct str text;
    struct shown word;
    if (!take_text(d, n, "a domain or a network", &text))
        return false;
    if (str_starts(text, STR("*."))) {
        problem(d, &n->at, "write the domain alone: it stands for all below it too");
        return false;
    }
    if (parse_network(text, &into->networks[a->n_networks])) {
        a->n_networks++;
        return true;
    }
    if (!str_has(text, '/') && !str_has(text, '@'))
        return take_domain(d, n, &into->domains[a->n_domains]) && ++a->n_domains > 0;
    problem(d, &n->at, "'%s' is neither a domain nor a network", shown(text, &word));
    return false;
}

static bool read_allow(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct suite_allow *a = (void *)(base + k->offset);
    size_t n_items = n->kind == NODE_LIST ? n->n : 1;
    bool ok = true;
    if (n_items > ALLOW_MAX) {
        problem(d, &n->at, "at most %d domains and networks", ALLOW_MAX);
        return false;
    }
    struct allowing into = {arena_new(d->arena, struct str, n_items + 1),
                            arena_new(d->arena, struct suite_network, n_items + 1)};
    if (into.domains == NULL || into.networks == NULL)
        return out_of_memory(d) == MP_OK;
    *a = (struct suite_allow){.at = n->at, .domains = into.domains, .networks = into.networks};
    for (size_t i = 0; i < n_items; i++)
        ok &= allow_item(d, n->kind == NODE_LIST ? n->items[i] : n, a, &into);
    return ok;
}
const struct value_type type_allow = {"domain, address or network, or list of them", ONE_OR_LIST,
                                      read_allow};

/* ---- listen ---- */

/* 127.0.0.1:25, [::1]:0, unix:/path */
static bool parse_listen(struct str s, struct sink_listener *out)
{
    size_t colon = str_rfind(s, ':');
    struct str host = str_slice(s, 0, colon);
    uint64_t port;
    if (str_starts(s, STR("unix:/"))) {
        out->unix_path = s.p + STR("unix:").n; /* the arena put a NUL behind it */
        return true;
    }
    if (colon == s.n || !str_to_u64(str_slice(s, colon + 1, s.n), UINT16_MAX, &port))
        return false;
    out->port = (uint16_t)port;
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        return ip_parse_keep_mapped(str_slice(host, 1, host.n - 1), &out->ip) &&
               out->ip.family == IP_V6;
    return ip_parse(str_eq(host, STR("localhost")) ? STR("127.0.0.1") : host, &out->ip) &&
           out->ip.family == IP_V4;
}

static bool read_listen(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct shown word;
    struct resolved r;
    if (!take_shown(d, n, "an address and a port", &r))
        return false;
    struct str copy = arena_copy(d->arena, r.text);
    if (copy.p == NULL)
        return out_of_memory(d) == MP_OK;
    if (r.unset || parse_listen(copy, (struct sink_listener *)(void *)(base + k->offset)))
        return true;
    problem(d, &n->at,
            "an address and a port is wanted here, such as 127.0.0.1:2525 (0: any free one), "
            "not '%s'",
            shown(r.text, &word));
    return false;
}
const struct value_type type_listen = {"address and port", "{\"type\":\"string\"}", read_listen};

/* ---- scripts: to the JSON that script_parse reads ---- */

/* A plain scalar is what YAML 1.2's core schema says, as far as JSON has it. */
static bool is_json_number(const struct node *n)
{
    uint64_t v;
    return n->plain && str_to_u64(n->text, INT64_MAX, &v) &&
           (n->text.n == 1 || n->text.p[0] != '0');
}

static bool write_scalar(struct decoder *d, const struct node *n, struct json *j)
{
    struct str text;
    bool is_word = n->plain && (str_eq(n->text, STR("true")) || str_eq(n->text, STR("false")));
    if (node_is_null(n)) {
        json_write_null(j);
        return true;
    }
    if (is_word || is_json_number(n)) {
        json_raw(j, n->text);
        return true;
    }
    if (!take_text(d, n, "a text", &text))
        return false;
    json_str(j, text);
    return true;
}

/* As deep as SUITE_MAX_DEPTH lets it be; JSON_MAX_DEPTH is no less. */
static bool write_json(struct decoder *d, const struct node *n, struct json *j)
{
    struct node room;
    bool ok = true;
    n = resolve_node(d, n, &room);
    if (!visit(d, n, 1))
        return false;
    if (n->kind == NODE_SCALAR)
        return write_scalar(d, n, j);
    if (j->depth + 2 >= JSON_MAX_DEPTH) {
        problem(d, &n->at, "a script is not so deep");
        return false;
    }
    if (n->kind == NODE_LIST)
        json_array_begin(j);
    else
        json_object_begin(j);
    for (size_t i = 0; i < n->n && ok; i++) {
        if (n->kind == NODE_MAP)
            json_key(j, n->pairs[i].key.p);
        ok = write_json(d, n->kind == NODE_MAP ? n->pairs[i].value : n->items[i], j);
    }
    if (!ok)
        return false;
    if (n->kind == NODE_LIST)
        json_array_end(j);
    else
        json_object_end(j);
    return true;
}

/* The script room tells which rule is wrong by its number. */
static bool check_script(struct decoder *d, const struct node *n, struct str json)
{
    struct script *script = NULL;
    struct mp_err err = {0};
    int st = script_parse(json, &script, &err);
    script_done(script);
    if (st == MP_OK)
        return true;
    bool has_rule = n->kind == NODE_LIST && err.detail >= 1 && (uint64_t)err.detail <= n->n;
    problem(d, has_rule ? &n->items[err.detail - 1]->at : &n->at, "%s", err.text);
    return false;
}

static bool read_script(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct json j;
    struct buf b;
    buf_init(&b, SCRIPT_MAX_BYTES);
    json_init(&j, &b, 0);
    if (n->kind != NODE_LIST) {
        problem(d, &n->at, "a list of rules is wanted here, such as [{rcpt: \"451 later\"}]");
        return false;
    }
    bool ok = write_json(d, n, &j);
    if (ok && b.failed) {
        problem(d, &n->at, "a script has at most %d bytes", SCRIPT_MAX_BYTES);
        ok = false;
    }
    if (ok) {
        struct str copy = arena_copy(d->arena, buf_str(&b));
        ok = copy.p != NULL ? check_script(d, n, copy) : out_of_memory(d) == MP_OK;
        *(struct str *)(void *)(base + k->offset) = copy;
    }
    buf_clear(&b);
    return ok;
}
const struct value_type type_script = {"list of rules",
                                       "{\"type\":\"array\",\"items\":{\"type\":\"object\"}}",
                                       read_script};

/* ---- as: XCLIENT ---- */

static bool add_attribute(struct smtp_attribute *attrs, size_t *n, struct str name,
                          struct str value)
{
    if (value.n > 0)
        attrs[(*n)++] = (struct smtp_attribute){name, value};
    return true;
}

static struct str address_attribute(struct arena *a, const struct ip *ip)
{
    char text[IP_TEXT_MAX];
    ip_write(ip, text);
    return arena_fmt(a, "%s%s", ip->family == IP_V6 ? "IPV6:" : "", text);
}

static bool read_as(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct suite_as *as = (void *)(base + k->offset);
    struct raw_as raw = {0};
    if (!decode(d, n, k->context, &raw))
        return false;
    struct smtp_attribute *attrs = arena_new(d->arena, struct smtp_attribute, RAW_AS_ATTRIBUTES);
    struct str addr = raw.addr.family == IP_NONE ? STR("") : address_attribute(d->arena, &raw.addr);
    struct str destination =
        raw.dest_addr.family == IP_NONE ? STR("") : address_attribute(d->arena, &raw.dest_addr);
    if (attrs == NULL || addr.p == NULL || destination.p == NULL)
        return out_of_memory(d) == MP_OK;
    *as = (struct suite_as){.at = n->at, .addr = raw.addr, .helo = raw.helo, .xclient = attrs};
    size_t *count = &as->n_xclient;
    add_attribute(attrs, count, STR("ADDR"), addr);
    add_attribute(attrs, count, STR("NAME"), raw.name);
    add_attribute(attrs, count, STR("HELO"), raw.helo);
    add_attribute(attrs, count, STR("PORT"), raw.port);
    add_attribute(attrs, count, STR("PROTO"), raw.proto);
    add_attribute(attrs, count, STR("LOGIN"), raw.login);
    add_attribute(attrs, count, STR("DESTADDR"), destination);
    add_attribute(attrs, count, STR("DESTPORT"), raw.dest_port);
    if (*count > 0)
        return true;
    problem(d, &n->at, "'as' needs at least one of addr, name and helo");
    return false;
}
const struct value_type type_as = {"mapping", NULL, read_as};

/* ---- domains of an audit ---- */

/* "good.test", or {parked.good.test: parked}. */
static bool audit_item(struct decoder *d, const struct node *n, const struct key *k, void *into)
{
    struct suite_audit_domain *domain = into;
    struct str profile;
    domain->at = n->at;
    domain->profile = PROFILE_AUTO;
    if (n->kind != NODE_MAP)
        return take_domain(d, n, &domain->domain);
    if (n->n != 1) {
        problem(d, &n->at, "one domain and its profile is wanted here");
        return false;
    }
    struct node name = {.kind = NODE_SCALAR, .at = n->pairs[0].at, .text = n->pairs[0].key};
    if (!take_domain(d, &name, &domain->domain) ||
        !take_text(d, n->pairs[0].value, "a profile", &profile))
        return false;
    if (posture_profile_by_name(profile, &domain->profile))
        return true;
    problem_word(d, n->pairs[0].value, profile, k->words);
    return false;
}

static bool read_audit_domains(struct decoder *d, const struct node *n, const struct key *k,
                               char *base)
{
    return take_list(d, n, k, k->max == 0 ? AUDIT_DOMAINS_MAX : (size_t)k->max,
                     sizeof(struct suite_audit_domain), audit_item,
                     (void **)(void *)(base + k->offset), (size_t *)(void *)(base + k->second));
}
const struct value_type type_audit_domains = {
    "domain, or list of domains and {domain: profile}",
    "{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"array\",\"items\":{\"type\":[\"string\","
    "\"object\"]}}]}",
    read_audit_domains};

/* ---- hosts and sinks by name ---- */

static bool host_item(struct decoder *d, const struct node *n, const struct key *k, void *into)
{
    (void)k;
    return host_of(d, n, into);
}

static bool read_host(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    return host_of(d, n, (const struct suite_host **)(void *)(base + k->offset));
}
#define HOST_SCHEMA "{\"anyOf\":[{\"type\":\"string\"},{\"$ref\":\"#/$defs/host\"}]}"
const struct value_type type_host = {"name of a host or sink, URL, or mapping of a host",
                                     HOST_SCHEMA, read_host};

static bool keep_hosts(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    return type_node.read(d, n, k, base);
}
#define HOSTS_SCHEMA                                                                               \
    "{\"anyOf\":[{\"type\":\"string\"},{\"$ref\":\"#/$defs/host\"},{\"type\":\"array\",\"items\":" \
    "{\"anyOf\":[{\"type\":\"string\"},{\"$ref\":\"#/$defs/host\"}]}}]}"
const struct value_type type_hosts_later = {
    "name of a host or sink, URL, mapping of a host, or list of them", HOSTS_SCHEMA, keep_hosts};

static bool read_hosts(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    return take_list(d, n, k, HOSTS_IN_A_LIST_MAX, sizeof(const struct suite_host *), host_item,
                     (void **)(void *)(base + k->offset), (size_t *)(void *)(base + k->second));
}
const struct value_type type_hosts = {
    "name of a host or sink, URL, mapping of a host, or list of them", HOSTS_SCHEMA, read_hosts};

static bool read_sink(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    return sink_of(d, n, (const struct suite_sink **)(void *)(base + k->offset));
}
const struct value_type type_sink = {"name of a sink", "{\"type\":\"string\"}", read_sink};
