/* Lists as they are asked: sorted by key, searched by halves. */
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

const struct content_entry *content_lists_find(const struct content_lists *lists,
                                               enum content_list list, struct str key)
{
    size_t from = 0, to = lists->lists[list].n;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        const struct content_entry *e = &lists->lists[list].entries[middle];
        int order = str_cmp(key, e->key);
        if (order == 0)
            return e;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
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
    if (domain.n > DOMAIN_MAX_OCTETS)
        return NULL;
    while (domain.n > 0) {
        const struct content_entry *e = content_lists_find(lists, list, domain);
        if (e != NULL)
            return e;
        str_cut(&domain, '.');
    }
    return NULL;
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
