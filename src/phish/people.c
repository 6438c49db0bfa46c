/* Mailboxes of the head and the envelope, brought to one form. */
#include "phish/people.h"

#include "base/fold.h"
#include "base/idna.h"
#include "base/psl.h"
#include "message/encoded_word.h"
#include "phish/phish.h"

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "no memory for the people of a message");
}

/* A name decoded, at most so long; p == NULL without memory. */
static struct str decoded(struct arena *arena, struct str text)
{
    struct str d = encoded_word_decode(arena, str_slice(text, 0, 4 * PEOPLE_MAX_NAME), NULL);
    return d.p == NULL ? d : str_slice(d, 0, PEOPLE_MAX_NAME);
}

/* False: no memory. A mailbox without a domain that can be asked for stays empty. */
static bool read_box(struct arena *arena, const struct mailbox *m,
                     const struct content_lists *lists, struct phish_box *out)
{
    struct phish_box b = {.domain = m->domain};
    if (m->null_address || m->domain.n == 0)
        return true;
    if (!m->domain_is_literal && !idna_to_ascii(arena, m->domain, &b.domain))
        return true;
    b.local = arena_lower(arena, m->local);
    struct str parts[] = {b.local, STR("@"), b.domain};
    b.address = arena_join(arena, parts, ARRAY_LEN(parts));
    if (b.local.p == NULL || b.address.p == NULL)
        return false;
    struct str site = psl_registrable(arena, b.domain);
    b.site = site.n > 0 ? site : b.domain;
    b.freemail = content_lists_domain(lists, LIST_FREEMAIL, b.domain) != NULL;
    *out = b;
    return true;
}

static bool read_first(struct arena *arena, const struct phish_input *in, struct str field,
                       struct phish_box *out)
{
    const struct header *h = header_first(in->message, field);
    struct address_list list = {.status = ADDRESS_EMPTY};
    if (h != NULL)
        address_parse(arena, h->value, &list);
    return list.n == 0 || read_box(arena, &list.items[0], in->lists, out);
}

static bool read_path(struct arena *arena, struct str path, const struct content_lists *lists,
                      struct phish_box *out)
{
    struct mailbox m;
    bool null_path = false;
    return !smtp_path_parse(arena, path, &m, &null_path) || null_path ||
           read_box(arena, &m, lists, out);
}

/* ---- recipients ---- */

struct recipients {
    struct str *items, *own;
    size_t n, n_own;
};

static void add_recipient(struct recipients *r, const struct phish_box *b, bool delivered)
{
    if (b->address.n == 0 || r->n == PEOPLE_MAX_RECIPIENTS)
        return;
    r->items[r->n++] = b->address;
    if (delivered && !b->freemail)
        r->own[r->n_own++] = b->site;
}

static bool add_field(struct arena *arena, const struct phish_input *in, struct str field,
                      struct recipients *r)
{
    const struct header *h = header_first(in->message, field);
    struct address_list list = {.status = ADDRESS_EMPTY};
    if (h != NULL)
        address_parse(arena, h->value, &list);
    for (size_t i = 0; i < list.n && r->n < PEOPLE_MAX_RECIPIENTS; i++) {
        struct phish_box b = {.address = STR("")};
        if (!read_box(arena, &list.items[i], in->lists, &b))
            return false;
        add_recipient(r, &b, false);
    }
    return true;
}

static bool read_recipients(struct arena *arena, const struct phish_input *in,
                            struct phish_people *out)
{
    struct recipients r = {.items = arena_new(arena, struct str, PEOPLE_MAX_RECIPIENTS),
                           .own = arena_new(arena, struct str, PEOPLE_MAX_RECIPIENTS)};
    if (r.items == NULL || r.own == NULL)
        return false;
    for (size_t i = 0; i < in->n_rcpt_to && i < PEOPLE_MAX_RECIPIENTS; i++) {
        struct phish_box b = {.address = STR("")};
        if (!read_path(arena, in->rcpt_to[i], in->lists, &b))
            return false;
        add_recipient(&r, &b, true);
    }
    if (!add_field(arena, in, STR("To"), &r) || !add_field(arena, in, STR("Cc"), &r))
        return false;
    out->recipients = r.items;
    out->n_recipients = r.n;
    out->own_sites = r.own;
    out->n_own_sites = r.n_own;
    return true;
}

bool phish_is_own(const struct phish_people *p, const struct content_lists *lists,
                  struct str domain)
{
    if (content_lists_count(lists, LIST_DOMAINS_OWN) > 0)
        return content_lists_domain(lists, LIST_DOMAINS_OWN, domain) != NULL;
    for (size_t i = 0; i < p->n_own_sites; i++)
        if (domain_is_below(domain, p->own_sites[i]))
            return true;
    return false;
}

/* ---- the head ---- */

static bool read_names(struct arena *arena, const struct phish_input *in, struct phish_people *out)
{
    const struct address_list *from = &in->author->list;
    const struct header *subject = header_first(in->message, STR("Subject"));
    out->name = from->n == 0 ? STR("") : decoded(arena, from->items[0].display);
    out->subject = subject == NULL ? STR("") : decoded(arena, subject->value);
    if (out->name.p == NULL || out->subject.p == NULL)
        return false;
    char *folded = arena_new(arena, char, FOLD_BYTES(out->name.n));
    if (folded == NULL)
        return false;
    out->folded_name = fold_text(out->name, folded);
    return true;
}

static bool has_any(const struct message *m, const struct str *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (header_first(m, fields[i]) != NULL)
            return true;
    return false;
}

int phish_people_read(struct arena *arena, const struct phish_input *in, struct phish_people *out,
                      struct mp_err *err)
{
    static const struct str list_fields[] = {STR_INIT("List-Id"), STR_INIT("List-Post"),
                                             STR_INIT("List-Unsubscribe"), STR_INIT("List-Help"),
                                             STR_INIT("List-Subscribe")};
    static const struct str answer_fields[] = {STR_INIT("References"), STR_INIT("In-Reply-To")};
    const struct address_list *from = &in->author->list;
    struct phish_people p = {.n_recipients = 0};
    bool ok = from->n == 0 || read_box(arena, &from->items[0], in->lists, &p.from);
    ok = ok && read_first(arena, in, STR("Reply-To"), &p.reply);
    ok = ok && read_path(arena, in->mail_from, in->lists, &p.envelope);
    if (!ok || !read_recipients(arena, in, &p) || !read_names(arena, in, &p))
        return no_memory(err);
    struct phish_box *boxes[] = {&p.from, &p.reply, &p.envelope};
    for (size_t i = 0; i < ARRAY_LEN(boxes); i++)
        boxes[i]->own = boxes[i]->domain.n > 0 && phish_is_own(&p, in->lists, boxes[i]->domain);
    p.is_list = has_any(in->message, list_fields, ARRAY_LEN(list_fields));
    p.is_forum = has_any(in->message, list_fields, 2);
    p.is_answer = has_any(in->message, answer_fields, ARRAY_LEN(answer_fields));
    *out = p;
    return MP_OK;
}
