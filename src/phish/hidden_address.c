/* Addresses of mail that a link carries in hex, whosever they are: what a page is opened for knows
 * its visitor, and filters do not see it. Of recipients that are known url_target.c tells more. */
#include "base/hex.h"
#include "content/place.h"
#include "phish/phish_internal.h"

enum { HEX_MIN = 20, HEX_MAX = 512, HEX_MAX_RUNS = 16 };

static bool is_address_byte(char c)
{
    return is_alnum(c) || c == '.' || c == '-' || c == '_' || c == '+';
}

/* "x@y.z" somewhere in `text`. */
static bool holds_address(struct str text)
{
    size_t at = str_find(text, '@'), from = at, to = at + 1;
    if (at >= text.n)
        return false;
    while (from > 0 && is_address_byte(text.p[from - 1]))
        from--;
    while (to < text.n && is_address_byte(text.p[to]))
        to++;
    struct str domain = str_slice(text, at + 1, to);
    size_t dot = str_rfind(domain, '.');
    return from < at && dot > 0 && dot + 2 < domain.n;
}

static bool is_hex_of_address(struct str run)
{
    char bytes[HEX_MAX / 2];
    return holds_address(str_make(bytes, hex_undo(str_slice(run, 0, HEX_MAX), bytes)));
}

/* Runs that are long enough: the last of so many bytes that is no digit tells where to go on. */
static bool hides_address(struct str url)
{
    unsigned runs = 0;
    for (size_t at = 0; at < url.n && url.n - at >= HEX_MIN && runs < HEX_MAX_RUNS;) {
        size_t end = at + HEX_MIN;
        while (end > at && hex_value(url.p[end - 1]) >= 0)
            end--;
        if (end > at) {
            at = end;
            continue;
        }
        for (end = at + HEX_MIN; end < url.n && hex_value(url.p[end]) >= 0;)
            end++;
        if (is_hex_of_address(str_slice(url, at, end)))
            return true;
        runs++;
        at = end + 1;
    }
    return false;
}

int hidden_address_check(struct phish *p, struct mp_err *err)
{
    const struct content_report *found = p->in->found;
    (void)err;
    if (finding_has(p->findings, FINDING_URL_RECIPIENT))
        return MP_OK;
    for (size_t i = 0; i < found->n_links && i < LEADS_MAX_LINKS; i++) {
        const struct content_link *l = &found->links[i];
        if (!hides_address(l->url))
            continue;
        finding_add(p->findings, FINDING_URL_RECIPIENT,
                    content_place(l->object < found->n ? &found->objects[l->object] : NULL),
                    "an address stands in hex in " STR_FMT, STR_ARG(str_slice(l->url, 0, 120)));
        return MP_OK;
    }
    return MP_OK;
}
