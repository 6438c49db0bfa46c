/* All links of the message, taken apart once, and who sends and receives it. */
#include "phish/url_links.h"

#include "base/idna.h"
#include "base/psl.h"
#include "base/utf8.h"
#include "content/place.h"

enum { LIST_MAX_SEGMENTS = 4 };

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "the links of a message need more memory than allowed");
}

struct str url_short(struct str text)
{
    return utf8_cut(text, URL_EVIDENCE_BYTES);
}

struct str url_shown_host(struct arena *arena, const struct url *u)
{
    return idna_to_unicode(arena, u->host);
}

bool url_sender_is_proven(const struct url_facts *f)
{
    const struct phish_input *in = f->p->in;
    return in->dmarc_pass || (!in->dmarc_fail && f->bulk);
}

/* "host/a/b/c", "host/a/b", ... and the same below each domain above the host. */
bool url_in_list(const struct phish *p, enum content_list list, const struct url *u)
{
    for (struct str host = u->host; host.n != 0; str_cut(&host, '.')) {
        size_t end = 0;
        if (content_lists_has(p->in->lists, list, host))
            return true;
        for (unsigned i = 0; i < LIST_MAX_SEGMENTS && end < u->path.n; i++) {
            end++;
            while (end < u->path.n && u->path.p[end] != '/')
                end++;
            struct str parts[] = {host, str_slice(u->path, 0, end)};
            char key[CONTENT_LIST_MAX_KEY];
            if (parts[0].n + parts[1].n > sizeof key)
                break;
            memcpy(key, parts[0].p, parts[0].n);
            memcpy(key + parts[0].n, parts[1].p, parts[1].n);
            if (content_lists_has(p->in->lists, list, str_make(key, parts[0].n + parts[1].n)))
                return true;
        }
    }
    return false;
}

/* ---- who ---- */

static void add_recipient(struct url_facts *f, struct str local, struct str domain)
{
    struct str parts[] = {local, STR("@"), domain};
    struct str whole = arena_join(f->p->arena, parts, ARRAY_LEN(parts));
    struct str lower = whole.p == NULL ? STR_NONE : arena_lower(f->p->arena, whole);
    for (size_t i = 0; i < f->n_recipients; i++)
        if (str_eq(f->recipients[i], lower))
            return;
    if (lower.n > 2 && f->n_recipients < URL_MAX_ADDRESSES)
        f->recipients[f->n_recipients++] = lower;
}

/* Of To and Cc those at our own domains; all when we know none. */
static void read_field(struct url_facts *f, struct str name)
{
    const struct phish_input *in = f->p->in;
    const struct header *field = header_first(in->message, name);
    bool any = content_lists_count(in->lists, LIST_DOMAINS_OWN) == 0;
    struct address_list list = {.n = 0};
    if (field != NULL)
        address_parse(f->p->arena, field->value, &list);
    for (size_t i = 0; i < list.n && f->n_recipients < URL_MAX_ADDRESSES; i++) {
        const struct mailbox *m = &list.items[i];
        struct str domain = arena_lower(f->p->arena, m->domain);
        if (m->local.n != 0 && domain.n != 0 &&
            (any || content_lists_domain(in->lists, LIST_DOMAINS_OWN, domain) != NULL))
            add_recipient(f, m->local, domain);
    }
}

int url_people_read(struct url_facts *f, struct mp_err *err)
{
    const struct phish_input *in = f->p->in;
    struct str mail_from = in->mail_from;
    size_t at = str_rfind(mail_from, '@');
    f->recipients = arena_new(f->p->arena, struct str, URL_MAX_ADDRESSES);
    if (f->recipients == NULL)
        return no_memory(err);
    f->bulk = f->p->people.is_forum || header_first(in->message, STR("List-Unsubscribe")) != NULL;
    if (f->p->from != NULL)
        f->from_site = psl_registrable(f->p->arena, f->p->from->domain);
    if (at < mail_from.n)
        f->envelope_site = psl_registrable(f->p->arena, str_slice(mail_from, at + 1, mail_from.n));
    for (size_t i = 0; i < in->n_rcpt_to; i++) {
        struct str domain = in->rcpt_to[i], local = str_cut(&domain, '@');
        if (domain.n != 0)
            add_recipient(f, local, domain);
    }
    read_field(f, STR("To"));
    read_field(f, STR("Cc"));
    return MP_OK;
}

/* ---- links ---- */

static bool is_clicked(enum link_source source)
{
    return source != LINK_LOADED && source != LINK_OFFICE_PART;
}

static int read_link(struct phish *p, const struct content_link *link, struct seen_link *l,
                     struct mp_err *err)
{
    struct arena *arena = p->arena;
    const struct content_report *found = p->in->found;
    l->link = link;
    l->clicked = is_clicked(link->source);
    if (link->object < found->n)
        l->where = content_place(&found->objects[link->object]);
    int st = url_parse(arena, link->url, NULL, &l->url, err);
    if (st == MP_OK)
        st = url_unwrap(arena, &l->url, &l->unwrapped, err);
    if (st != MP_OK)
        return st;
    l->outer_site = url_site(arena, &l->url);
    l->site = l->unwrapped.n == 0 ? l->outer_site : url_site(arena, &l->unwrapped.target);
    return l->site.n == 0 ? MP_OK : phish_names_find(arena, p->names, l->site, &l->near, err);
}

/* Places in `links`, by hash of what is compared. */
struct known_links {
    const struct seen_link *links;
    uint32_t *slots;
    size_t mask;
    struct str (*key)(const struct seen_link *l);
};

static struct str url_of(const struct seen_link *l)
{
    return l->link->url;
}

static struct str host_of(const struct seen_link *l)
{
    return l->unwrapped.target.host;
}

/* Rules treat what is clicked, loaded and read from a QR code differently. */
static bool is_same_kind(const struct seen_link *a, const struct seen_link *b)
{
    return a->clicked == b->clicked && (a->link->source == LINK_QR) == (b->link->source == LINK_QR);
}

static int known_init(struct arena *arena, const struct seen_link *links, size_t n,
                      struct str (*key)(const struct seen_link *l), struct known_links *out,
                      struct mp_err *err)
{
    *out = (struct known_links){.links = links, .mask = 15, .key = key};
    while (out->mask < 2 * n)
        out->mask = 2 * out->mask + 1;
    out->slots = arena_new(arena, uint32_t, out->mask + 1);
    return out->slots == NULL ? no_memory(err) : MP_OK;
}

/* Did the same come before? Notes links[index] if not. */
static bool came_before(struct known_links *known, size_t index)
{
    const struct seen_link *l = &known->links[index];
    struct str key = known->key(l);
    for (size_t at = (size_t)str_hash(key);; at++) {
        uint32_t *slot = &known->slots[at & known->mask];
        if (*slot == 0) {
            *slot = (uint32_t)index + 1;
            return false;
        }
        const struct seen_link *other = &known->links[*slot - 1];
        if (is_same_kind(l, other) && str_eq(known->key(other), key))
            return true;
    }
}

int url_links_read(struct phish *p, struct mp_err *err)
{
    const struct content_report *found = p->in->found;
    struct seen_link *links = arena_new(p->arena, struct seen_link, found->n_links + 1);
    struct known_links urls, hosts;
    size_t n = 0, bytes = 0;
    int st = links == NULL ? no_memory(err) : MP_OK;
    if (st == MP_OK)
        st = known_init(p->arena, links, found->n_links, url_of, &urls, err);
    if (st == MP_OK)
        st = known_init(p->arena, links, found->n_links, host_of, &hosts, err);
    for (; st == MP_OK && n < found->n_links; n++) {
        struct seen_link *l = &links[n];
        if (bytes > PHISH_MAX_LINK_BYTES) {
            finding_add(p->findings, FINDING_LIMIT_CONTENT, NOWHERE,
                        "the links of the message are too long together");
            break;
        }
        st = read_link(p, &found->links[n], l, err);
        if (st != MP_OK || l->url.kind == URL_NONE)
            continue;
        l->again = came_before(&urls, n);
        l->host_again = came_before(&hosts, n);
        bytes += l->again ? 0 : l->url.text.n;
    }
    p->links = links;
    p->n_links = n;
    return st;
}
