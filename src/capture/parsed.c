/* A stored message taken apart for documents: parts with their roles, text as UTF-8, addresses. */
#include "capture/capture_internal.h"
#include "message/address.h"
#include "message/charset.h"
#include "message/encoded_word.h"
#include "message/limits.h"

struct str bare_id(struct str id)
{
    id = str_trim(id);
    if (id.n >= 2 && id.p[0] == '<' && id.p[id.n - 1] == '>')
        id = str_slice(id, 1, id.n - 1);
    return id;
}

struct str parsed_field(struct parsed *p, const char *name)
{
    const struct header *h = header_first(&p->message, str_from(name));
    return h == NULL ? STR_NONE : str_trim(encoded_word_decode(&p->arena, h->value, NULL));
}

struct str parsed_type(const struct parsed_part *part, struct arena *a)
{
    return arena_fmt(a, STR_FMT "/" STR_FMT, STR_ARG(part->mime->type),
                     STR_ARG(part->mime->subtype));
}

struct str parsed_body(struct parsed *p, const struct parsed_part *part, struct arena *a)
{
    size_t bad, from = part->mime->body_offset;
    struct str body = str_slice(p->message.raw, from, from + part->mime->body_length);
    return transfer_decode(a, body, part->mime->encoding, &bad);
}

void parsed_text(struct parsed *p, const struct parsed_part *part, struct buf *out)
{
    struct str body = parsed_body(p, part, &p->arena);
    if (!charset_add_utf8(out, part->mime->charset, body))
        charset_add_utf8(out, STR("utf-8"), body); /* unknown: what is no UTF-8 is shown as such */
}

const struct parsed_part *parsed_find(const struct parsed *p, struct str path)
{
    for (size_t i = 0; path.n != 0 && i < p->mime.n; i++)
        if (str_eq(p->parts[i].path, path))
            return &p->parts[i];
    return NULL;
}

/* ---- the roles of parts ---- */

static bool is_in_message(const struct parsed *p, const struct mime_part *part)
{
    for (int32_t up = part->parent; up >= 0; up = p->mime.parts[up].parent)
        if (p->mime.parts[up].is_message)
            return true;
    return false;
}

static bool is_type(const struct mime_part *m, const char *type, const char *subtype)
{
    return str_eq(m->type, str_from(type)) && str_eq(m->subtype, str_from(subtype));
}

static struct str content_id_of(struct parsed *p, const struct mime_part *m)
{
    struct message head;
    struct str bytes = str_slice(p->message.raw, m->head_offset, m->body_offset);
    if (message_parse(&p->arena, bytes, &head, NULL) != MP_OK)
        return STR_NONE;
    const struct header *h = header_first(&head, STR("Content-ID"));
    return h == NULL ? STR_NONE : bare_id(header_unfold(&p->arena, h->value));
}

static bool refers_to(struct str html, struct str content_id)
{
    for (size_t at = 0; content_id.n != 0 && at < html.n;) {
        at += str_search(str_slice(html, at, html.n), content_id);
        if (at < html.n && at >= 4 && str_ieq(str_slice(html, at - 4, at), STR("cid:")))
            return true;
        at++;
    }
    return false;
}

/* The first text of each kind that is not an attachment is what is shown. */
static void find_shown(struct parsed *p)
{
    for (size_t i = 0; i < p->mime.n; i++) {
        const struct mime_part *m = p->parts[i].mime;
        if (!p->parts[i].is_leaf || str_ieq(m->disposition, STR("attachment")) ||
            is_in_message(p, m))
            continue;
        if (p->html == NULL && is_type(m, "text", "html"))
            p->html = &p->parts[i];
        else if (p->text == NULL && is_type(m, "text", "plain"))
            p->text = &p->parts[i];
    }
}

static void mark_attachments(struct parsed *p)
{
    struct str html = p->html == NULL ? STR_NONE : parsed_body(p, p->html, &p->arena);
    for (size_t i = 0; i < p->mime.n; i++) {
        struct parsed_part *part = &p->parts[i];
        const struct mime_part *m = part->mime;
        if (m->is_multipart || is_in_message(p, m) || part == p->html || part == p->text)
            continue;
        part->inlined = refers_to(html, part->content_id);
        part->attachment = !part->inlined && (str_ieq(m->disposition, STR("attachment")) ||
                                              m->filename.n != 0 || !str_eq(m->type, STR("text")));
    }
}

static int take_apart(struct parsed *p, struct mp_err *err)
{
    int st = message_parse(&p->arena, buf_str(&p->raw), &p->message, err);
    if (st == MP_OK)
        st = mime_parse(&p->arena, &p->message, &p->mime, err);
    if (st != MP_OK)
        return st;
    p->parts = arena_new(&p->arena, struct parsed_part, p->mime.n);
    if (p->parts == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "the message needs more memory than allowed");
    for (size_t i = 0; i < p->mime.n; i++) {
        const struct mime_part *m = &p->mime.parts[i];
        bool is_leaf = !m->is_multipart && m->n_children == 0;
        p->parts[i] = (struct parsed_part){.mime = m, .path = m->path, .is_leaf = is_leaf};
        if (m->path.n == 0)
            p->parts[i].path = is_leaf ? STR("1") : STR("");
        p->parts[i].content_id = content_id_of(p, m);
    }
    find_shown(p);
    mark_attachments(p);
    return MP_OK;
}

int parsed_load(struct capture *c, struct str id, struct parsed *out, bool *found,
                struct mp_err *err)
{
    *out = (struct parsed){0};
    arena_init(&out->arena, CAPTURE_MESSAGE_BUDGET_BYTES);
    buf_init(&out->raw, MESSAGE_MAX_BYTES);
    int st = store_raw(c->c.store, id, &out->raw, found, err);
    return st != MP_OK || !*found ? st : take_apart(out, err);
}

void parsed_clear(struct parsed *p)
{
    arena_clear(&p->arena);
    buf_clear(&p->raw);
}

/* ---- addresses ---- */

/* A phrase as people read it: encoded words decoded, quotes and backslashes gone. */
static struct str phrase_text(struct arena *a, struct str phrase)
{
    struct str text = encoded_word_decode(a, phrase, NULL);
    char *to = arena_new(a, char, text.n + 1);
    size_t n = 0;
    if (to == NULL || !str_starts(text, STR("\"")))
        return text;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            continue;
        if (text.p[i] == '\\' && i + 1 < text.n)
            i++;
        to[n++] = text.p[i];
    }
    return str_make(to, n);
}

size_t addresses_of(struct arena *a, struct str value, struct address_item **out)
{
    struct address_list list;
    address_parse(a, value, &list);
    *out = arena_new(a, struct address_item, list.n + 1);
    size_t n = 0;
    for (size_t i = 0; *out != NULL && i < list.n; i++) {
        const struct mailbox *m = &list.items[i];
        if (m->null_address)
            continue;
        struct address_item *item = &(*out)[n++];
        item->name = phrase_text(a, m->display);
        item->address =
            arena_fmt(a, m->local_quoted ? "\"" STR_FMT "\"@" STR_FMT : STR_FMT "@" STR_FMT,
                      STR_ARG(m->local), STR_ARG(m->domain));
    }
    return n;
}
