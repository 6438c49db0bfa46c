/* Addresses of the sender: near misses, other places for answers, odd local parts. */
#include "base/idna.h"
#include "phish/phish_internal.h"
#include "url/lookalike.h"

enum {
    LOCAL_PART_MAX = 64, /* RFC 5321 4.5.3.1.1 */
    STARS_MANY = 2,      /* what hides an address in logs has come into it */
    BRAND_LABEL_MIN = 5,
    RANDOM_MIN = 6,
    RANDOM_CHANGES = 3,
    RECIPIENT_MIN = 5 /* shorter local parts of recipients stand in others by chance */
};

/* ---- near misses ---- */

static bool is_ours_or_partners(const struct phish *p, struct str domain)
{
    return phish_is_own(&p->people, p->in->lists, domain) ||
           content_lists_domain(p->in->lists, LIST_DOMAINS_PARTNER, domain) != NULL;
}

/* Near a brand only where chance is small: a label of some length, which is no ordinary word. */
static bool is_by_chance(const struct phish *p, const struct phish_near *near)
{
    struct str rest = near->name->domain, label = str_cut(&rest, '.');
    if (near->name->owner != OWNER_BRAND || near->kind == LOOKALIKE_GLYPH)
        return false;
    const struct content_entry *named = content_lists_find(p->in->lists, LIST_BRANDS, label);
    bool word = named == NULL ? near->name->brand->whole : named->whole;
    return word || label.n < BRAND_LABEL_MIN;
}

static int check_lookalike(struct phish *p, const struct phish_box *b, const char *field,
                           struct mp_err *err)
{
    struct phish_near near;
    if (b->site.n == 0 || b->freemail || is_ours_or_partners(p, b->domain))
        return MP_OK;
    int st = phish_names_find(p->arena, p->names, b->site, &near, err);
    if (st != MP_OK || near.name == NULL || near.kind == LOOKALIKE_NONE ||
        near.kind == LOOKALIKE_SAME || is_by_chance(p, &near))
        return st;
    finding_add(p->findings, FINDING_SENDER_LOOKALIKE, phish_where(p, STR("From")),
                "%s " STR_FMT " is nearly " STR_FMT ": %s", field,
                STR_ARG(str_slice(b->site, 0, 80)), STR_ARG(str_slice(near.name->domain, 0, 80)),
                lookalike_text(near.kind));
    return MP_OK;
}

static int check_lookalikes(struct phish *p, struct mp_err *err)
{
    const struct phish_people *who = &p->people;
    const struct {
        const struct phish_box *box;
        const char *field;
    } boxes[] = {{&who->from, "From"}, {&who->reply, "Reply-To"}, {&who->envelope, "MAIL FROM"}};
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < ARRAY_LEN(boxes); i++)
        if (i == 0 || !str_eq(boxes[i].box->site, who->from.site))
            st = check_lookalike(p, boxes[i].box, boxes[i].field, err);
    return st;
}

static void check_idn(struct phish *p)
{
    const struct phish_box *from = &p->people.from;
    bool has_label = str_starts(from->domain, STR("xn--")) ||
                     str_search(from->domain, STR(".xn--")) < from->domain.n;
    if (has_label && !is_ours_or_partners(p, from->domain))
        finding_add(p->findings, FINDING_SENDER_IDN, phish_where(p, STR("From")),
                    STR_FMT " is shown as " STR_FMT, STR_ARG(from->domain),
                    STR_ARG(idna_to_unicode(p->arena, from->domain)));
}

/* ---- answers ---- */

static void tell_reply(struct phish *p, enum finding_id id)
{
    const struct phish_people *who = &p->people;
    finding_add(p->findings, id, phish_where(p, STR("Reply-To")),
                "From " STR_FMT ", answers go to " STR_FMT,
                STR_ARG(str_slice(who->from.address, 0, 90)),
                STR_ARG(str_slice(who->reply.address, 0, 90)));
}

static void check_reply(struct phish *p)
{
    const struct phish_people *who = &p->people;
    const struct phish_box *from = &who->from, *reply = &who->reply;
    if (from->address.n == 0 || reply->address.n == 0 || str_eq(from->address, reply->address))
        return;
    if (reply->freemail && from->freemail)
        tell_reply(p, FINDING_SENDER_REPLY_TO_TWIN);
    else if (reply->freemail && !who->is_list)
        tell_reply(p, FINDING_SENDER_REPLY_TO_FREEMAIL);
    else if (!who->is_list && !phish_same_house(p, from->site, reply->site))
        tell_reply(p, FINDING_SENDER_REPLY_TO_DOMAIN);
}

/* ---- the address itself ---- */

static void check_self(struct phish *p)
{
    const struct phish_people *who = &p->people;
    for (size_t i = 0; i < who->n_recipients; i++) {
        if (who->from.address.n == 0 || !str_eq(who->recipients[i], who->from.address))
            continue;
        struct finding *f =
            finding_add(p->findings, FINDING_SENDER_SELF, phish_where(p, STR("From")),
                        STR_FMT " writes to itself", STR_ARG(who->from.address));
        if (who->from.own && p->in->auth_checked && !p->in->dmarc_pass)
            finding_raise(f, SEV_HIGH);
        return;
    }
}

/* "192.0.2.1", with hyphens too. */
static bool is_ip_text(struct str s)
{
    unsigned groups = 0;
    while (s.p != NULL) {
        size_t dot = str_find(s, '.'), hyphen = str_find(s, '-');
        uint64_t value;
        struct str group = str_cut(&s, dot < hyphen ? '.' : '-');
        if (!str_to_u64(group, 255, &value))
            return false;
        groups++;
    }
    return groups == 4;
}

/* The recipient's local part and domain both stand in it: "bob=good.test", "news-bob-good". */
static bool is_made_of(struct str local, struct str recipient)
{
    struct str domain = recipient, name = str_cut(&domain, '@'), label = str_cut(&domain, '.');
    return name.n >= RECIPIENT_MIN && label.n > 0 && str_search(local, name) < local.n &&
           str_search(local, label) < local.n;
}

static bool is_vowel(char c)
{
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y';
}

/* Letters drawn by lot: case changes again and again, and what stands between two capitals cannot
 * be spoken: "JndLebIg". Names run together have vowels: "JohnDoeShop". */
static bool is_random(struct str local)
{
    unsigned changes = 0, silent = 0;
    size_t length = 0, vowels = 0;
    if (local.n < RANDOM_MIN)
        return false;
    for (size_t i = 0; i <= local.n; i++) {
        bool ends = i == local.n, upper = !ends && local.p[i] >= 'A' && local.p[i] <= 'Z';
        if (!ends && !is_alpha(local.p[i]))
            return false;
        if (ends || upper) {
            silent += length >= 2 && vowels == 0;
            length = vowels = 0;
        }
        if (ends)
            break;
        changes += i > 0 && upper != (local.p[i - 1] >= 'A' && local.p[i - 1] <= 'Z');
        length++;
        vowels += is_vowel(to_lower(local.p[i]));
    }
    return changes >= RANDOM_CHANGES && silent > 0;
}

static const char *odd_local_part(const struct phish *p)
{
    const struct phish_people *who = &p->people;
    struct str local = who->from.local;
    unsigned stars = 0;
    for (size_t i = 0; i < local.n; i++)
        stars += local.p[i] == '*';
    if (local.n > LOCAL_PART_MAX)
        return "longer than 64 bytes";
    if (stars >= STARS_MANY)
        return "stars";
    if (is_ip_text(local))
        return "the address of a host";
    if (p->from != NULL && is_random(p->from->local))
        return "letters drawn by lot";
    for (size_t i = 0; i < who->n_recipients; i++)
        if (!str_eq(who->recipients[i], who->from.address) && is_made_of(local, who->recipients[i]))
            return "made of the recipient's address";
    return NULL;
}

static void check_local_part(struct phish *p)
{
    const char *why = odd_local_part(p);
    if (why != NULL)
        finding_add(p->findings, FINDING_SENDER_LOCAL_PART, phish_where(p, STR("From")),
                    "%s: " STR_FMT, why, STR_ARG(str_slice(p->people.from.address, 0, 150)));
}

int sender_address_check(struct phish *p, struct mp_err *err)
{
    check_idn(p);
    check_reply(p);
    check_self(p);
    check_local_part(p);
    return check_lookalikes(p, err);
}
