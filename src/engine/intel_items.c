/* What of a message others may know: its client, its people, where its links lead, its files. */
#include "base/grow.h"
#include "base/utf8.h"
#include "content/place.h"
#include "engine/intel_internal.h"
#include "engine/job.h"
#include "url/inside.h"

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
}

static int add(struct job *job, const struct intel_item *item, struct mp_err *err)
{
    struct intel_stage *s = &job->intel;
    if (s->n_items == INTEL_MAX_ITEMS) {
        if (!s->missing)
            finding_add(&s->findings, FINDING_LIMIT_CONTENT, NOWHERE,
                        "more than %d links, files and addresses: the rest was not looked up",
                        INTEL_MAX_ITEMS);
        s->missing = job->cut = true;
        return MP_OK;
    }
    struct intel_item *items =
        list_room(&job->arena, s->items, s->n_items, &s->cap_items, sizeof *items);
    if (items == NULL)
        return no_memory(err);
    s->items = items;
    items[s->n_items++] = *item;
    return MP_OK;
}

/* ---- who ---- */

static int add_host(struct job *job, const char *role, struct str host, struct mp_err *err)
{
    struct intel_item item = {.kind = ITEM_HOST, .role = role, .text = host};
    return host.n == 0 || *host.p == '[' ? MP_OK : add(job, &item, err); /* a name, no literal */
}

static int add_mailbox(struct job *job, const char *role, struct str field, struct str address,
                       struct mp_err *err)
{
    struct intel_item item = {
        .kind = ITEM_MAILBOX, .role = role, .where = {.header = field}, .text = address};
    return address.n == 0 ? MP_OK : add(job, &item, err);
}

static int add_field(struct job *job, const char *name, struct mp_err *err)
{
    const struct header *field = header_first(&job->message, str_from(name));
    struct address_list list = {.n = 0};
    int st = MP_OK;
    if (field == NULL)
        return MP_OK;
    address_parse(&job->arena, field->value, &list);
    for (size_t i = 0; st == MP_OK && i < list.n; i++) {
        struct str parts[] = {list.items[i].local, STR("@"), list.items[i].domain};
        struct str whole = arena_join(&job->arena, parts, ARRAY_LEN(parts));
        if (whole.p == NULL)
            return no_memory(err);
        if (parts[0].n > 0 && parts[2].n > 0)
            st = add_mailbox(job, name, str_from(name), whole, err);
    }
    return st;
}

static int add_people(struct job *job, struct mp_err *err)
{
    static const char *const fields[] = {"From", "Sender", "Reply-To"};
    struct mailbox from;
    bool null_path;
    int st = MP_OK;
    char text[IP_TEXT_MAX];
    if (job->envelope.client.family != IP_NONE) {
        size_t n = ip_write(&job->envelope.client, text);
        struct intel_item item = {.kind = ITEM_ADDRESS,
                                  .role = "client",
                                  .text = arena_copy(&job->arena, str_make(text, n)),
                                  .ip = job->envelope.client};
        st = item.text.p == NULL ? no_memory(err) : add(job, &item, err);
    }
    if (st == MP_OK)
        st = add_host(job, "HELO", job->envelope.helo, err);
    if (st == MP_OK && smtp_path_parse(&job->arena, job->envelope.mail_from, &from, &null_path) &&
        !null_path) {
        struct str parts[] = {from.local, STR("@"), from.domain};
        st = add_mailbox(job, "MAIL FROM", STR_NONE,
                         arena_join(&job->arena, parts, ARRAY_LEN(parts)), err);
    }
    for (size_t i = 0; st == MP_OK && i < ARRAY_LEN(fields); i++)
        st = add_field(job, fields[i], err);
    return st;
}

/* ---- where it leads ---- */

static int add_link(struct job *job, const char *role, const struct url *u,
                    struct finding_where where, struct mp_err *err)
{
    struct intel_item item = {
        .kind = ITEM_LINK, .role = role, .where = where, .text = u->text, .url = *u};
    return url_is_web(u) || u->kind == URL_FTP ? add(job, &item, err) : MP_OK;
}

static int add_links(struct job *job, struct mp_err *err)
{
    const struct content_report *found = &job->content.found;
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < found->n_links; i++) {
        const struct content_link *l = &found->links[i];
        struct finding_where where =
            l->object < found->n ? content_place(&found->objects[l->object]) : NOWHERE;
        struct url url;
        struct url_unwrapped inner;
        if (i > 0 && str_eq(l->url, l[-1].url))
            continue;
        st = url_parse(&job->arena, l->url, NULL, &url, err);
        if (st == MP_OK)
            st = url_unwrap(&job->arena, &url, &inner, err);
        if (st == MP_OK)
            st = add_link(job, "link", &url, where, err);
        if (st == MP_OK && inner.n > 0)
            st = add_link(job, "target of a link", &inner.target, where, err);
    }
    return st;
}

/* ---- what it carries ---- */

/* A body is no file: nobody lists its hash, and mails would pay for it. */
static bool is_body(const struct content_object *o)
{
    enum file_class class = file_type_class(o->kind);
    return o->depth == 0 && o->n_names == 0 &&
           (class == FILE_CLASS_TEXT || class == FILE_CLASS_HTML);
}

static struct str name_of(const struct content_object *o)
{
    if (o->member.n > 0)
        return o->member;
    return o->n_names > 0 ? o->names[0].text : o->part;
}

static bool asks_for_hashes(const struct job *job)
{
    const struct dns_lists *lists = job->config->intel->dns_lists;
    for (size_t i = 0; lists != NULL && i < lists->n; i++)
        if (lists->items[i].list->asks & DNS_LIST_HASH)
            return true;
    return false;
}

static int add_files(struct job *job, struct mp_err *err)
{
    const struct content_report *found = &job->content.found;
    const struct snapshot *s = job->intel.snapshot;
    bool want_sha1 = asks_for_hashes(job) || (s != NULL && snapshot_count(s, INDICATOR_SHA1) > 0);
    bool want_md5 = s != NULL && snapshot_count(s, INDICATOR_MD5) > 0;
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < found->n; i++) {
        const struct content_object *o = &found->objects[i];
        unsigned char hash[DIGEST_MAX_BYTES];
        if (!o->has_bytes || o->bytes.n == 0 || o->cut || is_body(o))
            continue;
        struct intel_item item = {.kind = ITEM_FILE,
                                  .role = "file",
                                  .where = content_place(o),
                                  .text = name_of(o),
                                  .has_sha256 = true};
        memcpy(item.sha256, o->sha256, sizeof item.sha256);
        item.has_sha1 = want_sha1 && digest_once(DIGEST_SHA1, o->bytes, hash);
        if (item.has_sha1)
            memcpy(item.sha1, hash, sizeof item.sha1);
        item.has_md5 = want_md5 && digest_once(DIGEST_MD5, o->bytes, hash);
        if (item.has_md5)
            memcpy(item.md5, hash, sizeof item.md5);
        st = add(job, &item, err);
    }
    return st;
}

int intel_items_read(struct job *job, struct mp_err *err)
{
    int st = add_people(job, err);
    if (st == MP_OK)
        st = add_files(job, err);
    return st == MP_OK ? add_links(job, err) : st;
}

/* ---- DNS lists ---- */

static struct str host_of(const struct intel_item *i)
{
    switch (i->kind) {
    case ITEM_LINK:
        return i->url.host;
    case ITEM_HOST:
        return i->text;
    case ITEM_MAILBOX:
        return str_slice(i->text, str_rfind(i->text, '@') + 1, i->text.n);
    default:
        return STR_NONE;
    }
}

int intel_list_facts(struct job *job, struct mp_err *err)
{
    struct intel_stage *s = &job->intel;
    struct dns_list_host *hosts = arena_new(&job->arena, struct dns_list_host, s->n_items);
    struct dns_list_hash *hashes = arena_new(&job->arena, struct dns_list_hash, s->n_items);
    struct dns_list_facts *f = &s->listed;
    if ((hosts == NULL || hashes == NULL) && s->n_items > 0)
        return no_memory(err);
    *f = (struct dns_list_facts){.client = job->envelope.client, .hosts = hosts, .hashes = hashes};
    for (size_t i = 0; i < s->n_items; i++) {
        const struct intel_item *item = &s->items[i];
        struct str host = host_of(item);
        if (host.n > 0)
            hosts[f->n_hosts++] = (struct dns_list_host){host, item->where};
        if (item->has_sha1)
            hashes[f->n_hashes++] = (struct dns_list_hash){INDICATOR_SHA1, item->sha1, item->where};
    }
    return MP_OK;
}
