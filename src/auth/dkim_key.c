/* Key records: read strictly, judged once, kept with the DNS answer that brought them. */
#include "auth/dkim_key.h"

#include <stdlib.h>

#include "auth/tag_list.h"
#include "base/base64.h"

/* Records at one name are tried in the order of their bytes: the order in which a server sends
 * them is chance, and must not decide (N29). */
enum { RECORDS_JUDGED_MAX = 16, SCRATCH_BYTES = 1024 * 1024 };

/* What is kept with the answer: one key, and the further usable ones behind it. */
struct key_set {
    struct dns_derived derived;
    struct dkim_key keys[DKIM_KEYS_PER_NAME];
    bool several;
};

static const char kind;

static const char *const reasons[] = {
    [DKIM_KEY_OK] = "",
    [DKIM_KEY_REVOKED] = "the key is revoked (p= is empty)",
    [DKIM_KEY_SYNTAX] = "the key record is not well-formed",
    [DKIM_KEY_NOT_EMAIL] = "the key is not meant for e-mail (s=)",
    [DKIM_KEY_UNSUPPORTED] = "the key is of an unknown type (k=)",
    [DKIM_KEY_TOO_LARGE] = "the RSA key is larger than 4096 bits",
    [DKIM_KEY_NONE] = "no key record stands at the name",
    [DKIM_KEY_NO_MEMORY] = "no memory for a key",
};

static void key_set_free(struct dns_derived *d)
{
    struct key_set *set = (struct key_set *)d;
    for (size_t i = 0; i < ARRAY_LEN(set->keys); i++)
        public_key_free(set->keys[i].key);
    free(set);
}

/* Does a colon-separated list hold the word? Words of these lists are case-sensitive text in
 * practice, but ABNF literals are not (RFC 5234 2.3). */
static bool list_has(struct str list, struct str word)
{
    struct str item;
    while (colon_list_next(&list, &item))
        if (str_ieq(item, word))
            return true;
    return false;
}

static struct str value_or(const struct tag_list *tags, struct str name, struct str absent)
{
    const struct tag *t = tag_find(tags, name);
    return t == NULL ? absent : t->value;
}

/* A TXT record that is not a DKIM key at all: another version tag, or no p=. */
static bool is_foreign(struct str text)
{
    struct str rest = text;
    bool has_p = false;
    for (size_t i = 0; rest.p != NULL && !has_p; i++) {
        struct str value = str_cut(&rest, ';');
        struct str name = str_trim(str_cut(&value, '='));
        if (i == 0 && str_eq(name, STR("v")))
            return !str_starts(str_trim(value), STR("DKIM"));
        has_p = str_eq(name, STR("p")) && value.p != NULL;
    }
    return !has_p;
}

static enum dkim_key_status octets_parse(struct arena *arena, struct str p, struct dkim_key *k)
{
    struct str octets;
    if (p.n == 0)
        return DKIM_KEY_REVOKED;
    if (!base64_decode(arena, p, BASE64_IGNORE_FWS, &octets)) {
        k->reason = "p= is not base64";
        return DKIM_KEY_SYNTAX;
    }
    int st = public_key_new(k->type, octets, &k->key, NULL);
    if (st == MP_OK) {
        k->bits = public_key_bits(k->key);
        return DKIM_KEY_OK;
    }
    if (st == MP_E_LIMIT)
        return DKIM_KEY_TOO_LARGE;
    if (st != MP_E_SYNTAX)
        return DKIM_KEY_NO_MEMORY;
    k->reason = k->type == KEY_RSA ? "p= is not an RSA public key"
                                   : "p= is not an acceptable Ed25519 public key";
    return DKIM_KEY_SYNTAX;
}

static enum dkim_key_status tags_judge(struct arena *arena, const struct tag_list *tags,
                                       struct dkim_key *k)
{
    const struct tag *v = tag_find(tags, STR("v")), *p = tag_find(tags, STR("p"));
    if (v != NULL && (v != tags->tags || !str_eq(v->value, STR("DKIM1")))) {
        k->reason = "v= is not DKIM1, or not the first tag";
        return DKIM_KEY_SYNTAX;
    }
    if (p == NULL) {
        k->reason = "the key record has no p=";
        return DKIM_KEY_SYNTAX;
    }
    struct str type = value_or(tags, STR("k"), STR("rsa"));
    struct str flags = value_or(tags, STR("t"), STR_NONE);
    k->testing = list_has(flags, STR("y"));
    k->strict_domain = list_has(flags, STR("s"));
    k->sha256_allowed = list_has(value_or(tags, STR("h"), STR("sha256")), STR("sha256"));
    struct str services = value_or(tags, STR("s"), STR("*"));
    if (!list_has(services, STR("*")) && !list_has(services, STR("email")))
        return DKIM_KEY_NOT_EMAIL;
    if (!str_ieq(type, STR("rsa")) && !str_ieq(type, STR("ed25519")))
        return DKIM_KEY_UNSUPPORTED;
    k->type = str_ieq(type, STR("rsa")) ? KEY_RSA : KEY_ED25519;
    return octets_parse(arena, p->value, k);
}

bool dkim_key_parse(struct str text, struct dkim_key *out)
{
    struct arena scratch;
    struct tag_list tags;
    *out = (struct dkim_key){.status = DKIM_KEY_NONE};
    if (!is_foreign(text)) {
        arena_init(&scratch, SCRATCH_BYTES);
        if (tag_list_parse(&scratch, text, &tags) == TAG_LIST_OK)
            out->status = tags_judge(&scratch, &tags, out);
        else
            out->status = DKIM_KEY_SYNTAX;
        arena_clear(&scratch);
    }
    if (out->reason == NULL)
        out->reason = reasons[out->status];
    return out->status == DKIM_KEY_OK;
}

void dkim_key_clear(struct dkim_key *k)
{
    public_key_free(k->key);
    k->key = NULL;
}

/* Merge one record into the set: usable keys first, else the first complaint about a key. */
static void set_add(struct key_set *set, size_t *usable, struct dkim_key *k)
{
    bool ok = k->status == DKIM_KEY_OK;
    bool first_complaint = *usable == 0 && set->keys[0].status == DKIM_KEY_NONE;
    if ((ok && *usable == ARRAY_LEN(set->keys)) || (!ok && !first_complaint)) {
        dkim_key_clear(k);
        return;
    }
    set->keys[ok ? *usable : 0] = *k;
    *usable += ok;
}

static int by_data(const void *a, const void *b)
{
    const struct dns_record *const *x = a, *const *y = b;
    return str_cmp((*x)->data, (*y)->data);
}

/* False without memory: then the set must not be kept. */
static bool set_fill(struct key_set *set, const struct dns_answer *txt)
{
    const struct dns_record *sorted[DNS_MAX_RECORDS];
    size_t n = txt->n < DNS_MAX_RECORDS ? txt->n : DNS_MAX_RECORDS;
    size_t usable = 0, judged = 0;
    set->keys[0] = (struct dkim_key){.status = DKIM_KEY_NONE, .reason = reasons[DKIM_KEY_NONE]};
    for (size_t i = 0; i < n; i++)
        sorted[i] = &txt->records[i];
    qsort(sorted, n, sizeof *sorted, by_data);
    for (size_t i = 0; i < n && judged < RECORDS_JUDGED_MAX; i++) {
        struct dkim_key k;
        dkim_key_parse(sorted[i]->data, &k);
        if (k.status == DKIM_KEY_NO_MEMORY)
            return false;
        if (k.status == DKIM_KEY_NONE)
            continue;
        judged++;
        set_add(set, &usable, &k);
    }
    set->several = judged > 1;
    for (size_t i = 1; i < usable; i++)
        set->keys[i - 1].next = &set->keys[i];
    return true;
}

const struct dkim_key *dkim_key_of(const struct dns_answer *txt, bool *several)
{
    struct key_set *set = (struct key_set *)dns_derived_get(txt, &kind);
    if (set == NULL) {
        set = calloc(1, sizeof *set);
        if (set == NULL)
            return NULL;
        set->derived = (struct dns_derived){.kind = &kind, .free = key_set_free};
        if (!set_fill(set, txt)) {
            key_set_free(&set->derived);
            return NULL;
        }
        set = (struct key_set *)dns_derived_put(txt, &set->derived);
    }
    *several = set->several;
    return &set->keys[0];
}
