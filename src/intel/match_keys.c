/* Under which keys a link, a host, an address, a mailbox or a file stands in the store. */
#include "intel/match_internal.h"

static void add_ip(const struct ip *ip, struct intel_key *out, size_t *n)
{
    if (ip->family != IP_NONE)
        out[(*n)++] = (struct intel_key){INDICATOR_IP, KEY_EXACT,
                                         str_make((const char *)ip->octets,
                                                  ip->family == IP_V4 ? 4 : sizeof ip->octets)};
}

static void add_hash(enum indicator_kind kind, bool is_there, const unsigned char *hash,
                     size_t size, struct intel_key *out, size_t *n)
{
    if (is_there)
        out[(*n)++] = (struct intel_key){kind, KEY_EXACT, str_make((const char *)hash, size)};
}

/* An address of somebody: itself, then the domain it is at. */
static int of_mailbox(struct arena *arena, struct str text, struct intel_key *out, size_t *n,
                      struct mp_err *err)
{
    struct indicator as_key = {.kind = INDICATOR_EMAIL};
    size_t at = str_rfind(text, '@'), of_host = 0;
    if (indicator_read(arena, INDICATOR_EMAIL, text, &as_key, NULL) == MP_OK)
        out[(*n)++] = (struct intel_key){INDICATOR_EMAIL, KEY_EXACT, as_key.key};
    if (at == text.n)
        return MP_OK;
    int st = intel_keys_of_host(arena, str_slice(text, at + 1, text.n), &out[*n], &of_host, err);
    *n += of_host;
    return st;
}

int intel_keys_of_item(struct arena *arena, const struct intel_item *item,
                       struct intel_key out[KEYS_OF_ITEM], size_t *n, struct mp_err *err)
{
    int st = MP_OK;
    *n = 0;
    switch (item->kind) {
    case ITEM_LINK:
        st = intel_keys_of_url(arena, &item->url, out, n, err);
        if (st == MP_OK)
            add_ip(&item->url.ip, out, n);
        break;
    case ITEM_HOST:
        st = intel_keys_of_host(arena, item->text, out, n, err);
        break;
    case ITEM_ADDRESS:
        add_ip(&item->ip, out, n);
        break;
    case ITEM_MAILBOX:
        st = of_mailbox(arena, item->text, out, n, err);
        break;
    case ITEM_FILE:
        add_hash(INDICATOR_SHA256, item->has_sha256, item->sha256, sizeof item->sha256, out, n);
        add_hash(INDICATOR_SHA1, item->has_sha1, item->sha1, sizeof item->sha1, out, n);
        add_hash(INDICATOR_MD5, item->has_md5, item->md5, sizeof item->md5, out, n);
        break;
    }
    return st;
}
