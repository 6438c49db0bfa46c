/* Lists as they are asked: by a hash of the key. */
#include "content/lists.h"

#include "base/idna.h"
#include "content/lists_internal.h"

const struct list_kind list_kinds[CONTENT_LIST_COUNT] = {
    [LIST_EXTENSIONS_DANGEROUS] = {"extensions-dangerous.list", KEY_EXTENSION, VALUE_NONE, false},
    [LIST_EXTENSIONS_RISKY] = {"extensions-risky.list", KEY_EXTENSION, VALUE_NONE, false},
    [LIST_EXTENSIONS_DECOY] = {"extensions-decoy.list", KEY_EXTENSION, VALUE_NONE, false},
    [LIST_EXTENSIONS_MACRO] = {"extensions-macro.list", KEY_EXTENSION, VALUE_NONE, false},
    [LIST_EXTENSION_TYPES] = {"extension-types.list", KEY_EXTENSION, VALUE_TYPES, false},
    [LIST_MIME_TYPES] = {"mime-types.list", KEY_MIME, VALUE_TYPES, false},
    [LIST_SHORTCUT_COMMANDS] = {"shortcut-commands.list", KEY_WORD, VALUE_NONE, false},
    [LIST_BRANDS] = {"brands.list", KEY_NAME, VALUE_DOMAINS, false},
    [LIST_VIPS] = {"vips.list", KEY_NAME, VALUE_ADDRESSES, false},
    [LIST_DOMAINS_OWN] = {"domains-own.list", KEY_DOMAIN, VALUE_NONE, false},
    [LIST_DOMAINS_PARTNER] = {"domains-partner.list", KEY_DOMAIN, VALUE_NONE, false},
    [LIST_FREEMAIL] = {"freemail.list", KEY_DOMAIN, VALUE_NONE, false},
    [LIST_SHORTENERS] = {"shorteners.list", KEY_DOMAIN, VALUE_NONE, false},
    [LIST_FREE_HOSTS] = {"free-hosts.list", KEY_DOMAIN, VALUE_NONE, false},
    [LIST_REDIRECTORS] = {"redirectors.list", KEY_PLACE, VALUE_NONE, false},
    [LIST_TLDS_ABUSED] = {"tlds-abused.list", KEY_DOMAIN, VALUE_NONE, false},
    [LIST_WORDS] = {"lure-words.list", KEY_PHRASE, VALUE_GROUPS, true},
};

static const char *const group_names[WORD_GROUP_COUNT] = {
    [WORD_INVOICE] = "invoice",
    [WORD_ORDER] = "order",
    [WORD_RENEWAL] = "renewal",
    [WORD_SUBSCRIPTION] = "subscription",
    [WORD_CHARGE] = "charge",
    [WORD_REFUND] = "refund",
    [WORD_CANCEL] = "cancel",
    [WORD_SUPPORT] = "support",
    [WORD_ANTIVIRUS] = "antivirus",
    [WORD_GIFT_CARD] = "gift-card",
    [WORD_REQUEST] = "request",
    [WORD_CHANGE] = "change",
    [WORD_BANK] = "bank",
    [WORD_AVAILABLE] = "available",
    [WORD_CREDENTIAL] = "credential",
    [WORD_EXPIRY] = "expiry",
    [WORD_EXTORTION] = "extortion",
    [WORD_REWARD] = "reward",
    [WORD_ADVANCE_FEE] = "advance-fee",
    [WORD_SAFE_BANNER] = "safe-banner",
    [WORD_REPLY_PREFIX] = "reply-prefix",
    [WORD_LABEL_FROM] = "label-from",
    [WORD_LABEL_TO] = "label-to",
    [WORD_LABEL_SENT] = "label-sent",
    [WORD_LABEL_SUBJECT] = "label-subject",
};

const char *word_group_name(enum word_group group)
{
    return (unsigned)group < WORD_GROUP_COUNT ? group_names[group] : "?";
}

int content_lists_new(struct arena *arena, struct content_lists **out, struct mp_err *err)
{
    struct content_lists *lists = arena_new(arena, struct content_lists, 1);
    if (lists == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the lists of content");
    for (size_t i = 0; i < content_data_count; i++) {
        const struct data_file *d = &content_data[i];
        int st = content_lists_parse(arena, str_from(d->file),
                                     str_make((const char *)d->bytes, d->n), lists, err);
        if (st != MP_OK)
            return st;
    }
    *out = lists;
    return MP_OK;
}

const char *content_list_file(enum content_list list)
{
    return list_kinds[list].file;
}

/* ---- finding ---- */

/* From the last byte on, so that a domain is hashed with all that is above it. */
static const uint32_t HASH_BEGIN = 2166136261u;

static inline uint32_t hash_step(uint32_t hash, char c)
{
    return (hash ^ (unsigned char)c) * 16777619u;
}

static uint32_t hash_of(struct str key)
{
    uint32_t hash = HASH_BEGIN;
    for (size_t i = key.n; i-- > 0;)
        hash = hash_step(hash, key.p[i]);
    return hash;
}

static inline uint32_t slot_of(const struct key_index *keys, uint32_t hash)
{
    return (hash ^ hash >> 15) & keys->mask;
}

bool keys_index(struct arena *arena, struct content_list_of_kind *list)
{
    struct key_index *keys = &list->keys;
    keys->mask = 15;
    while (keys->mask < 2 * list->n)
        keys->mask = 2 * keys->mask + 1;
    keys->slots = arena_new(arena, uint32_t, (size_t)keys->mask + 1);
    if (keys->slots == NULL)
        return false;
    for (size_t i = 0; i < list->n; i++) {
        uint32_t slot = slot_of(keys, hash_of(list->entries[i].key));
        while (keys->slots[slot] != 0)
            slot = (slot + 1) & keys->mask;
        keys->slots[slot] = (uint32_t)i + 1;
    }
    return true;
}

static const struct content_entry *look_up(const struct content_list_of_kind *list, uint32_t hash,
                                           struct str key)
{
    const struct key_index *keys = &list->keys;
    for (uint32_t slot = slot_of(keys, hash); keys->slots[slot] != 0;
         slot = (slot + 1) & keys->mask) {
        const struct content_entry *e = &list->entries[keys->slots[slot] - 1];
        if (str_eq(e->key, key))
            return e;
    }
    return NULL;
}

const struct content_entry *content_lists_find(const struct content_lists *lists,
                                               enum content_list list, struct str key)
{
    const struct content_list_of_kind *l = &lists->lists[list];
    return l->n == 0 ? NULL : look_up(l, hash_of(key), key);
}

bool content_lists_has(const struct content_lists *lists, enum content_list list, struct str key)
{
    return content_lists_find(lists, list, key) != NULL;
}

const struct file_type_set *content_lists_types(const struct content_lists *lists,
                                                enum content_list list, struct str key)
{
    const struct content_entry *e = content_lists_find(lists, list, key);
    return e == NULL ? NULL : &e->types;
}

const struct content_entry *content_lists_domain(const struct content_lists *lists,
                                                 enum content_list list, struct str domain)
{
    const struct content_list_of_kind *l = &lists->lists[list];
    const struct content_entry *nearest = NULL;
    uint32_t hash = HASH_BEGIN;
    if (domain.n > DOMAIN_MAX_OCTETS || l->n == 0)
        return NULL;
    for (size_t i = domain.n; i-- > 0;) {
        hash = hash_step(hash, domain.p[i]);
        if (i > 0 && domain.p[i - 1] != '.')
            continue;
        const struct content_entry *e = look_up(l, hash, str_slice(domain, i, domain.n));
        nearest = e == NULL ? nearest : e;
    }
    return nearest;
}

const struct content_entry *content_lists_entries(const struct content_lists *lists,
                                                  enum content_list list, size_t *n)
{
    *n = lists->lists[list].n;
    return lists->lists[list].entries;
}

size_t content_lists_count(const struct content_lists *lists, enum content_list list)
{
    return lists->lists[list].n;
}
