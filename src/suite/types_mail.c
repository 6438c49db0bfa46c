/* Readers of what is particular to mail: addresses, domains, URLs, files, headers, kinds. */
#include "base/idna.h"
#include "base/uri.h"
#include "message/address.h"
#include "suite/suite_internal.h"

#define LIST_OF_TEXTS                                                                              \
    "{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"array\",\"items\":{\"type\":\"string\"}}]}"

enum { ADDRESSES_MAX = 100, DOMAINS_MAX = 1000, ATTACHMENTS_MAX = 50, HEADERS_MAX = 100 };

/* Has it no value yet? Then its reference stands in the text, and nothing can be checked. */
static bool take_checked(struct decoder *d, const struct node *n, const char *what, struct str *out,
                         bool *unset)
{
    struct resolved r;
    *unset = false;
    if (!take_shown(d, n, what, &r))
        return false;
    *out = r.text;
    *unset = r.unset;
    return true;
}

/* ---- addresses and names ---- */

bool take_address(struct decoder *d, const struct node *n, struct str *out)
{
    struct mailbox m;
    struct shown word;
    bool null_path, unset;
    if (n->kind == NODE_SCALAR && !n->plain && n->text.n == 0) {
        *out = STR("");
        return true;
    }
    if (!take_checked(d, n, "an address", out, &unset))
        return false;
    if (str_eq(*out, STR("<>")))
        *out = STR("");
    if (unset || out->n == 0 || smtp_path_parse(d->arena, *out, &m, &null_path))
        return true;
    problem(d, &n->at, "'%s' is not an address", shown(*out, &word));
    return false;
}

static bool read_address(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    if (k->second != 0)
        *(bool *)(base + k->second) = true;
    return take_address(d, n, (struct str *)(void *)(base + k->offset));
}
const struct value_type type_address = {"address", "{\"type\":\"string\"}", read_address};

static bool address_item(struct decoder *d, const struct node *n, const struct key *k, void *into)
{
    struct str *address = into;
    if (!take_address(d, n, address))
        return false;
    if (address->n > 0)
        return true;
    problem(d, &n->at, "'" STR_FMT "' needs an address", STR_ARG(k->name));
    return false;
}

static bool read_addresses(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    return take_list(d, n, k, ADDRESSES_MAX, sizeof(struct str), address_item,
                     (void **)(void *)(base + k->offset), (size_t *)(void *)(base + k->second));
}
const struct value_type type_addresses = {"address, or list of them", LIST_OF_TEXTS,
                                          read_addresses};

bool take_domain(struct decoder *d, const struct node *n, struct str *out)
{
    struct shown word;
    bool unset;
    if (!take_checked(d, n, "a domain", out, &unset))
        return false;
    struct str text = *out;
    if (unset || (idna_to_ascii(d->arena, text, out) && domain_is_ldh(*out)))
        return true;
    problem(d, &n->at, "'%s' is not a domain name", shown(text, &word));
    return false;
}

static bool read_domain(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    return take_domain(d, n, (struct str *)(void *)(base + k->offset));
}
const struct value_type type_domain = {"domain", "{\"type\":\"string\"}", read_domain};

static bool domain_item(struct decoder *d, const struct node *n, const struct key *k, void *into)
{
    (void)k;
    return take_domain(d, n, into);
}

static bool read_domains(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    return take_list(d, n, k, k->max == 0 ? DOMAINS_MAX : (size_t)k->max, sizeof(struct str),
                     domain_item, (void **)(void *)(base + k->offset),
                     (size_t *)(void *)(base + k->second));
}
const struct value_type type_domains = {"domain, or list of them", LIST_OF_TEXTS, read_domains};

static bool read_ip(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct str text;
    struct shown word;
    bool unset;
    if (!take_checked(d, n, "an IP address", &text, &unset))
        return false;
    if (unset || ip_parse(text, (struct ip *)(void *)(base + k->offset)))
        return true;
    problem(d, &n->at, "'%s' is not an IP address", shown(text, &word));
    return false;
}
const struct value_type type_ip = {"IP address", "{\"type\":\"string\"}", read_ip};

/* Passwords do not stand in URLs: they would be shown with them. */
static bool read_url(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct str *url = (void *)(base + k->offset);
    struct uri uri;
    struct shown word;
    bool unset;
    if (!take_checked(d, n, "a URL", url, &unset))
        return false;
    struct str authority = *url;
    size_t slashes = str_search(authority, STR("://"));
    if (slashes < authority.n)
        authority = str_slice(authority, slashes + 3, authority.n);
    authority = str_cut(&authority, '/');
    if ((uri_parse(*url, &uri) && uri.userinfo.p != NULL) || str_has(authority, '@')) {
        problem(d, &n->at, "a URL has no user and no password here: write them into 'auth'");
        return false;
    }
    if (unset || url->n > 0)
        return true;
    problem(d, &n->at, "'%s' is not a URL", shown(*url, &word));
    return false;
}
const struct value_type type_url = {"URL", "{\"type\":\"string\"}", read_url};

/* ---- files ---- */

/* Is it there? A lint on another machine cannot say, so that is only told. */
static bool check_file(struct decoder *d, const struct node *n, struct str path)
{
    const struct suite_options *o = d->source->options;
    struct shown word;
    if (!d->reading || o->outside->readable(o->outside->ctx, path.p))
        return true;
    if (o->unset_allowed)
        warning(d, &n->at, "'%s' cannot be read", shown(path, &word));
    else
        problem(d, &n->at, "'%s' cannot be read", shown(path, &word));
    return o->unset_allowed;
}

static bool take_path(struct decoder *d, const struct node *n, struct str *out)
{
    struct str text;
    bool unset;
    if (!take_checked(d, n, "the name of a file", &text, &unset))
        return false;
    if (text.n == 0 || text.n > SUITE_MAX_PATH) {
        problem(d, &n->at, "the name of a file has 1 to %d bytes", SUITE_MAX_PATH);
        return false;
    }
    *out = unset ? text : resolve_path(d, &n->at, text);
    return unset || (out->p != NULL && check_file(d, n, *out));
}

static bool read_path(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct str path;
    if (!take_path(d, n, &path))
        return false;
    *(const char **)(void *)(base + k->offset) = path.p;
    return true;
}
const struct value_type type_path = {"file", "{\"type\":\"string\"}", read_path};

static bool read_path_str(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    return take_path(d, n, (struct str *)(void *)(base + k->offset));
}
const struct value_type type_path_str = {"file", "{\"type\":\"string\"}", read_path_str};

/* Is it a kind of forge's? It is made to find out, so the answer is kept for the other cases. */
static bool check_attachment(struct decoder *d, const struct node *n, struct str kind)
{
    struct suite_source *s = d->source;
    struct forge_attachment made;
    struct arena scratch;
    struct mp_err err = {0};
    for (size_t i = 0; i < ARRAY_LEN(s->attachments); i++)
        if (str_eq(s->attachments[i], kind))
            return true;
    if (!visit(d, n, VISITS_COSTLY))
        return false;
    arena_init(&scratch, FORGE_MAX_BYTES);
    int st = forge_attachment(&scratch, kind, 0, &made, &err);
    arena_clear(&scratch);
    if (st != MP_OK) {
        problem(d, &n->at, "%s (a file has a dot or a slash in its name)", err.text);
        return false;
    }
    s->attachments[s->n_attachments++ % ARRAY_LEN(s->attachments)] = kind;
    return true;
}

/* A word without dot and slash is a kind of forge's. */
static bool attachment_item(struct decoder *d, const struct node *n, const struct key *k,
                            void *into)
{
    struct suite_attachment *a = into;
    struct str text;
    bool unset;
    (void)k;
    a->at = n->at;
    if (!take_checked(d, n, "a file or a kind of attachment", &text, &unset))
        return false;
    if (unset || str_has(text, '/') || str_has(text, '.'))
        return take_path(d, n, &a->path);
    a->kind = text;
    return !d->reading || check_attachment(d, n, text);
}

static bool read_attachments(struct decoder *d, const struct node *n, const struct key *k,
                             char *base)
{
    return take_list(d, n, k, ATTACHMENTS_MAX, sizeof(struct suite_attachment), attachment_item,
                     (void **)(void *)(base + k->offset), (size_t *)(void *)(base + k->second));
}
const struct value_type type_attachments = {"file or kind of attachment, or list of them",
                                            LIST_OF_TEXTS, read_attachments};

static bool read_kind(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    const struct forge_kind **into = (void *)(base + k->offset);
    struct nearest nearest = {0};
    bool unset;
    if (!take_checked(d, n, "a kind of message", &nearest.wanted, &unset) || unset)
        return unset;
    *into = forge_kind_by_name(nearest.wanted);
    if (*into != NULL)
        return true;
    for (size_t i = 0; i < n_forge_kinds; i++)
        nearest_try(&nearest, str_from(forge_kinds[i].name));
    problem_unknown(d, &n->at, "kind of message", &nearest);
    return false;
}
const struct value_type type_kind = {"kind of `forge`", "{\"type\":\"string\"}", read_kind};

/* ---- header fields ---- */

static bool check_field_name(struct decoder *d, const struct suite_place *at, struct str name)
{
    struct shown word;
    bool ok = name.n > 0 && name.n < 78;
    for (size_t i = 0; i < name.n; i++)
        ok &= name.p[i] > ' ' && name.p[i] < 0x7f && name.p[i] != ':';
    if (!ok)
        problem(d, at, "'%s' is not the name of a header field", shown(name, &word));
    return ok;
}

static bool header_line(struct decoder *d, const struct node *n, const struct key *k, void *into)
{
    struct str *line = into;
    (void)k;
    if (!take_text(d, n, "a header field", line))
        return false;
    return check_field_name(d, &n->at, str_slice(*line, 0, str_find(*line, ':')));
}

static bool header_pair(struct decoder *d, const struct pair *p, struct str *line)
{
    struct str value;
    if (!check_field_name(d, &p->at, p->key) || !take_text(d, p->value, "a text", &value))
        return false;
    struct str parts[] = {p->key, STR(": "), value};
    *line = arena_join(d->arena, parts, ARRAY_LEN(parts));
    return line->p != NULL || out_of_memory(d) == MP_OK;
}

/* {Name: value}, or a list of "Name: value". */
static bool read_headers(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    size_t *count = (void *)(base + k->second);
    bool ok = true;
    if (n->kind != NODE_MAP)
        return take_list(d, n, k, HEADERS_MAX, sizeof(struct str), header_line,
                         (void **)(void *)(base + k->offset), count);
    if (n->n > HEADERS_MAX) {
        problem(d, &n->at, "at most %d header fields", HEADERS_MAX);
        return false;
    }
    struct str *lines = arena_new(d->arena, struct str, n->n + 1);
    if (lines == NULL)
        return out_of_memory(d) == MP_OK;
    for (size_t i = 0; i < n->n; i++)
        ok &= header_pair(d, &n->pairs[i], &lines[i]);
    *(const struct str **)(void *)(base + k->offset) = lines;
    *count = n->n;
    return ok;
}
const struct value_type type_headers = {
    "mapping of names to values, or list of fields",
    "{\"anyOf\":[{\"type\":\"object\"},{\"type\":\"string\"},{\"type\":\"array\",\"items\":"
    "{\"type\":\"string\"}}]}",
    read_headers};

/* {Name: pattern}; null: there must be no such field. */
static bool read_expect_headers(struct decoder *d, const struct node *n, const struct key *k,
                                char *base)
{
    bool ok = true;
    if (n->kind != NODE_MAP || n->n > HEADERS_MAX) {
        problem(d, &n->at, "a mapping of at most %d header fields to patterns is wanted here",
                HEADERS_MAX);
        return false;
    }
    struct suite_expect_header *items = arena_new(d->arena, struct suite_expect_header, n->n + 1);
    if (items == NULL)
        return out_of_memory(d) == MP_OK;
    for (size_t i = 0; i < n->n; i++) {
        const struct pair *p = &n->pairs[i];
        items[i] = (struct suite_expect_header){.at = p->at, .name = p->key};
        ok &= check_field_name(d, &p->at, p->key) &&
              (node_is_null(p->value) || take_text(d, p->value, "a pattern", &items[i].pattern));
    }
    *(const struct suite_expect_header **)(void *)(base + k->offset) = items;
    *(size_t *)(void *)(base + k->second) = n->n;
    return ok;
}
const struct value_type type_expect_headers = {"mapping of names to patterns (null: no such field)",
                                               "{\"type\":\"object\"}", read_expect_headers};

/* ---- words of protocols ---- */

static bool mech_item(struct decoder *d, const struct node *n, const struct key *k, void *into)
{
    struct nearest nearest = {0};
    bool unset;
    (void)k;
    if (!take_checked(d, n, "a mechanism of SASL", &nearest.wanted, &unset) || unset)
        return unset;
    if (sasl_mech_by_name(nearest.wanted, into))
        return true;
    for (int m = 0; m < SASL_MECH_COUNT; m++)
        nearest_try(&nearest, str_from(sasl_mech_name((enum sasl_mech)m)));
    problem_unknown(d, &n->at, "mechanism of SASL", &nearest);
    return false;
}

static bool read_mechs(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    return take_list(d, n, k, SASL_MECH_COUNT, sizeof(enum sasl_mech), mech_item,
                     (void **)(void *)(base + k->offset), (size_t *)(void *)(base + k->second));
}
const struct value_type type_mechs = {"mechanism of SASL, or list of them", LIST_OF_TEXTS,
                                      read_mechs};

static bool sequence_item(struct decoder *d, const struct node *n, const struct key *k, void *into)
{
    const struct smuggle_sequence **sequence = into;
    struct nearest nearest = {0};
    bool unset;
    (void)k;
    if (!take_checked(d, n, "a sequence", &nearest.wanted, &unset) || unset)
        return unset;
    if ((*sequence = smuggle_by_name(nearest.wanted)) != NULL)
        return true;
    for (size_t i = 0; i < SMUGGLE_SEQUENCES; i++)
        nearest_try(&nearest, str_from(smuggle_sequences[i].name));
    problem_unknown(d, &n->at, "sequence", &nearest);
    return false;
}

static bool read_sequences(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    if (n->kind == NODE_SCALAR && str_eq(n->text, STR("all")))
        return true;
    return take_list(d, n, k, SMUGGLE_SEQUENCES, sizeof(const struct smuggle_sequence *),
                     sequence_item, (void **)(void *)(base + k->offset),
                     (size_t *)(void *)(base + k->second));
}
const struct value_type type_sequences = {"`all`, or list of sequences", LIST_OF_TEXTS,
                                          read_sequences};

/* DSN of RFC 3461: NOTIFY as it is written in RCPT. */
static const struct word notify_words[] = {
    {"never", 1}, {"success", 2}, {"failure", 4}, {"delay", 8}, {NULL, 0}};

static bool notify_item(struct decoder *d, const struct node *n, const struct key *k, void *into)
{
    struct str text;
    bool unset;
    (void)k;
    if (!take_checked(d, n, "a word", &text, &unset) || unset)
        return unset;
    if (word_find(notify_words, text, into))
        return true;
    problem_word(d, n, text, notify_words);
    return false;
}

static bool read_notify(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    int *values = NULL, mask = 0;
    size_t count = 0;
    if (!take_list(d, n, k, 4, sizeof(int), notify_item, (void **)(void *)&values, &count))
        return false;
    for (size_t i = 0; i < count; i++)
        mask |= values[i];
    if (mask == 0 || ((mask & 1) != 0 && mask != 1)) {
        problem(d, &n->at, "never, or some of success, failure, delay (RFC 3461 4.1)");
        return false;
    }
    struct str text = arena_fmt(d->arena, "%s%s%s%s", (mask & 1) != 0 ? ",NEVER" : "",
                                (mask & 2) != 0 ? ",SUCCESS" : "",
                                (mask & 4) != 0 ? ",FAILURE" : "", (mask & 8) != 0 ? ",DELAY" : "");
    if (text.p == NULL)
        return out_of_memory(d) == MP_OK;
    *(struct str *)(void *)(base + k->offset) = str_slice(text, 1, text.n);
    return true;
}
const struct value_type type_notify = {"`never`, or list of `success`, `failure`, `delay`",
                                       LIST_OF_TEXTS, read_notify};

static bool read_ret(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    static const struct word words[] = {{"full", 0}, {"hdrs", 1}, {NULL, 0}};
    struct str text;
    bool unset;
    int value = 0;
    if (!take_checked(d, n, "a word", &text, &unset) || unset)
        return unset;
    if (!word_find(words, text, &value)) {
        problem_word(d, n, text, words);
        return false;
    }
    *(const char **)(void *)(base + k->offset) = value == 0 ? "FULL" : "HDRS";
    return true;
}
const struct value_type type_ret = {"`full`, `hdrs`", "{\"enum\":[\"full\",\"hdrs\"]}", read_ret};

/* ---- expectations that are a word or a mapping ---- */

/* dkim: pass, or {result: pass, domain: good.test}. */
static bool read_result_or_map(struct decoder *d, const struct node *n, const struct key *k,
                               char *base)
{
    if (n->kind == NODE_MAP)
        return decode(d, n, k->context, base);
    return type_results.read(d, n, k, base);
}
const struct value_type type_result_or_map = {"word, list of them, or mapping", NULL,
                                              read_result_or_map};

/* accepted: true, accepted: any, refused: {at: rcpt, code: 550}: one of them; k->max says which. */
static bool read_outcome(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct suite_expect_send *into = (void *)base;
    enum suite_outcome outcome = (enum suite_outcome)k->max;
    if (into->at.line != 0) {
        problem(d, &n->at, "only one of accepted, refused and deferred can be expected");
        return false;
    }
    into->at = n->at;
    into->outcome = outcome;
    if (n->kind == NODE_MAP && outcome != SUITE_ACCEPTED)
        return decode(d, n, k->context, base);
    struct str text;
    bool unset;
    if (!take_checked(d, n, "a word", &text, &unset))
        return false;
    if (outcome == SUITE_ACCEPTED && str_eq(text, STR("any")))
        into->outcome = SUITE_ANY;
    else if (!unset && !str_eq(text, STR("true"))) {
        problem(d, &n->at,
                outcome == SUITE_ACCEPTED
                    ? "true or any is wanted here"
                    : "true is wanted here, or a mapping (at, code, enhanced, text)");
        return false;
    }
    return true;
}
const struct value_type type_outcome = {"`true`, `any`, or mapping", NULL, read_outcome};
