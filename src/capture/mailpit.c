/* The calls that clients of Mailpit read and delete with, below /api/v1 and /view, with its names
 * of members: such clients work here without a change. */
#include <jansson.h>

#include "base/clock.h"
#include "base/hex.h"
#include "capture/capture_internal.h"
#include "message/date.h"
#include "message/encoded_word.h"

enum {
    MAILPIT_LIMIT_DEFAULT = 50,
    MAILPIT_IDS_MAX = 10000,
    MAILPIT_PAGE_RAW_MAX_BYTES = 64 << 20 /* read for the fields of one page; then they are empty */
};

int mailpit_alive(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    int st = api_ready(ctx, q, err);
    if (st == MP_OK)
        httpd_bytes(q, 200, "text/plain", STR("ok"));
    return st;
}

static int reply_ok(struct httpd_request *q)
{
    httpd_bytes(q, 200, "text/plain", STR("ok"));
    return MP_OK;
}

/* The {id} of the path, which may be "latest". */
static int find_message(struct capture *c, struct httpd_request *q, struct store_delivery **d,
                        struct mp_err *err)
{
    struct store_query query = {.limit = 1};
    struct store_page page;
    *d = NULL;
    if (!str_eq(httpd_path_param(q, "id"), STR("latest")))
        return access_message(c, q, d, err);
    access_bind(q, &query);
    int st = store_list(c->c.store, &query, httpd_arena(q), &page, err);
    if (st != MP_OK)
        return st;
    return page.n == 0 ? httpd_problem(q, 404, "there is no message")
                       : access_message_id(c, q, str_from(page.items[0].id), d, err);
}

/* ---- addresses ---- */

static void write_address(struct json *j, const struct address_item *item)
{
    json_object_begin(j);
    json_kstr(j, "Name", item->name.n == 0 ? STR("") : item->name);
    json_kstr(j, "Address", item->address.n == 0 ? STR("") : item->address);
    json_object_end(j);
}

static size_t field_addresses(struct parsed *p, const char *field, struct address_item **out)
{
    const struct header *h =
        p->message.headers == NULL ? NULL : header_first(&p->message, str_from(field));
    return h == NULL ? 0 : addresses_of(&p->arena, h->value, out);
}

static bool has_address(const struct address_item *items, size_t n, struct str address)
{
    for (size_t i = 0; i < n; i++)
        if (str_ieq(items[i].address, address))
            return true;
    return false;
}

/* The blind copies: the field, and recipients of the envelope that no field names. */
static void write_bcc(struct json *j, struct parsed *p, const struct store_delivery *d)
{
    struct address_item *to = NULL, *cc = NULL, *bcc = NULL;
    size_t n_to = field_addresses(p, "To", &to), n_cc = field_addresses(p, "Cc", &cc);
    size_t n_bcc = field_addresses(p, "Bcc", &bcc);
    json_key(j, "Bcc");
    json_array_begin(j);
    for (size_t i = 0; i < n_bcc; i++)
        write_address(j, &bcc[i]);
    for (size_t i = 0; i < d->n_rcpts && p->message.headers != NULL; i++) {
        struct address_item item = {.address = d->rcpts[i]};
        if (!has_address(to, n_to, item.address) && !has_address(cc, n_cc, item.address) &&
            !has_address(bcc, n_bcc, item.address))
            write_address(j, &item);
    }
    json_array_end(j);
}

static void write_field(struct json *j, struct parsed *p, const char *key, const char *field)
{
    struct address_item *items = NULL;
    size_t n = field_addresses(p, field, &items);
    json_key(j, key);
    json_array_begin(j);
    for (size_t i = 0; i < n; i++)
        write_address(j, &items[i]);
    json_array_end(j);
}

/* Members that a message has in lists and alone. */
static void write_common(struct json *j, struct parsed *p, const struct store_delivery *d)
{
    struct address_item *from = NULL, sender = {.address = d->mail_from};
    size_t n_from = field_addresses(p, "From", &from);
    json_kstr(j, "ID", str_from(d->id));
    json_kstr(j, "MessageID", d->message_id.n == 0 ? STR("") : bare_id(d->message_id));
    json_key(j, "From");
    write_address(j, n_from > 0 ? &from[0] : &sender);
    write_field(j, p, "To", "To");
    write_field(j, p, "Cc", "Cc");
    write_bcc(j, p, d);
    write_field(j, p, "ReplyTo", "Reply-To");
    json_kstr(j, "Subject", d->subject.n == 0 ? STR("") : d->subject);
    json_kstrs(j, "Tags", &d->tag, d->tag.n != 0);
    json_kstr(j, "Username", d->auth_user.n == 0 ? STR("") : d->auth_user);
    json_kint(j, "Size", (int64_t)d->size_bytes);
}

/* ---- lists ---- */

/* *budget: bytes that may still be read for the page. */
static int write_item(struct capture *c, struct json *j, const struct store_delivery *d,
                      uint64_t *budget, struct mp_err *err)
{
    struct parsed p = {0};
    bool found = false;
    int st = MP_OK;
    if (d->size_bytes <= *budget) {
        *budget -= d->size_bytes;
        st = parsed_load(c, str_from(d->id), &p, &found, err);
    }
    if (st == MP_OK) {
        json_object_begin(j);
        write_common(j, &p, d);
        json_kbool(j, "Read", d->seen);
        json_ktime_ms(j, "Created", d->received_ms);
        json_kint(j, "Attachments", d->n_attachments);
        json_kstr(j, "Snippet", d->snippet.n == 0 ? STR("") : d->snippet);
        json_object_end(j);
    }
    parsed_clear(&p);
    return st;
}

/* The tags of messages, each once; only of the newest page: we keep no list of them. */
static void write_tags(struct json *j, const struct store_page *page)
{
    json_array_begin(j);
    for (size_t i = 0; i < page->n; i++) {
        bool again = page->items[i].tag.n == 0;
        for (size_t k = 0; k < i && !again; k++)
            again = str_eq(page->items[k].tag, page->items[i].tag);
        if (!again)
            json_str(j, page->items[i].tag);
    }
    json_array_end(j);
}

static int read_start_limit(struct httpd_request *q, struct store_query *query, struct mp_err *err)
{
    uint64_t start = 0, limit = MAILPIT_LIMIT_DEFAULT;
    int st = httpd_query_uint(q, "start", UINT32_MAX, &start, err);
    if (st == MP_OK)
        st = httpd_query_uint(q, "limit", UINT32_MAX, &limit, err);
    query->skip = (size_t)start;
    query->limit = limit == 0                 ? MAILPIT_LIMIT_DEFAULT
                   : limit < CAPTURE_PAGE_MAX ? (size_t)limit
                                              : CAPTURE_PAGE_MAX;
    return st;
}

static int list(struct capture *c, struct httpd_request *q, struct store_query *query,
                struct mp_err *err)
{
    struct store_page page, all;
    struct store_query everything = {.limit = 1};
    uint64_t budget = MAILPIT_PAGE_RAW_MAX_BYTES;
    access_bind(q, query);
    access_bind(q, &everything);
    int st = read_start_limit(q, query, err);
    if (st == MP_OK)
        st = store_list(c->c.store, query, httpd_arena(q), &page, err);
    if (st == MP_OK)
        st = store_list(c->c.store, &everything, httpd_arena(q), &all, err);
    if (st != MP_OK)
        return st;
    struct json *j = httpd_json(q, 200);
    json_object_begin(j);
    json_kint(j, "total", (int64_t)all.total);
    json_kint(j, "unread", (int64_t)all.unseen);
    json_kint(j, "count", (int64_t)page.n);
    json_kint(j, "messages_count", (int64_t)page.total);
    json_kint(j, "messages_unread", (int64_t)page.unseen);
    json_kint(j, "start", (int64_t)query->skip);
    json_key(j, "tags");
    write_tags(j, &page);
    json_key(j, "messages");
    json_array_begin(j);
    for (size_t i = 0; i < page.n && st == MP_OK; i++)
        st = write_item(c, j, &page.items[i], &budget, err);
    if (st != MP_OK)
        return st;
    json_array_end(j);
    json_object_end(j);
    return MP_OK;
}

int mailpit_messages(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct store_query query = {0};
    return list(ctx, q, &query, err);
}

/* `query` must be there and not be empty: what should a search for nothing delete? */
static int search_terms(struct httpd_request *q, struct store_query *query, struct mp_err *err)
{
    struct str words;
    if (!httpd_query(q, "query", &words) || str_trim(words).n == 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "query: no words to search for");
    return list_terms(q, "query", query, err);
}

int mailpit_search(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct store_query query = {0};
    int st = search_terms(q, &query, err);
    return st != MP_OK ? st : list(ctx, q, &query, err);
}

int mailpit_search_delete(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct store_query query = {0};
    int st = search_terms(q, &query, err);
    access_bind(q, &query);
    if (st == MP_OK)
        st = store_delete_matching(c->c.store, &query, NULL, err);
    return st != MP_OK ? st : reply_ok(q);
}

/* ---- marking and deleting ---- */

/* The ids of the body's "IDs" that the caller may touch; *given: there were some. */
static int read_ids(struct capture *c, struct httpd_request *q, const json_t *root,
                    struct str **out, size_t *n, bool *given, struct mp_err *err)
{
    const json_t *ids = json_object_get(root, "IDs");
    size_t count = json_array_size(ids);
    *n = 0;
    *given = count != 0;
    if ((ids != NULL && !json_is_array(ids) && !json_is_null(ids)) || count > MAILPIT_IDS_MAX)
        return mp_fail(err, MP_E_SYNTAX, 0, "IDs: an array of at most %d ids", MAILPIT_IDS_MAX);
    *out = arena_new(httpd_arena(q), struct str, count + 1);
    for (size_t i = 0; i < count; i++) {
        const json_t *v = json_array_get(ids, i);
        struct str id =
            arena_copy(httpd_arena(q), str_make(json_string_value(v), json_string_length(v)));
        struct store_delivery *d = NULL;
        if (!json_is_string(v) || *out == NULL)
            return mp_fail(err, MP_E_SYNTAX, 0, "IDs: an array of at most %d ids", MAILPIT_IDS_MAX);
        int st = store_get(c->c.store, id, httpd_arena(q), &d, err);
        if (st != MP_OK)
            return st;
        if (d != NULL && (access_is_admin(q) || str_eq(d->inbox, httpd_who(q))))
            (*out)[(*n)++] = id;
    }
    return MP_OK;
}

/* Page by page, oldest first, so that what arrives meanwhile is not left out forever. */
static int mark_matching(struct capture *c, struct httpd_request *q, struct store_query *query,
                         bool seen, struct mp_err *err)
{
    struct store_page page;
    struct str ids[CAPTURE_PAGE_MAX];
    query->oldest_first = true;
    query->limit = CAPTURE_PAGE_MAX;
    access_bind(q, query);
    do {
        struct arena a = {0};
        arena_init(&a, HTTPD_ARENA_BYTES);
        int st = store_list(c->c.store, query, &a, &page, err);
        for (size_t i = 0; st == MP_OK && i < page.n; i++) {
            ids[i] = str_from(page.items[i].id);
            query->after_seq = page.items[i].seq;
        }
        if (st == MP_OK && page.n != 0)
            st = store_mark_seen(c->c.store, ids, page.n, seen, err);
        arena_clear(&a);
        if (st != MP_OK)
            return st;
    } while (page.n == CAPTURE_PAGE_MAX);
    return MP_OK;
}

static int parse_body(struct httpd_request *q, json_t **root, struct mp_err *err)
{
    struct str body = httpd_body(q);
    *root = body.n == 0 ? json_object() : json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
    return json_is_object(*root) ? MP_OK
                                 : mp_fail(err, MP_E_SYNTAX, 0, "the body is not a JSON object");
}

static int set_read(struct capture *c, struct httpd_request *q, const json_t *root,
                    struct mp_err *err)
{
    bool seen = json_is_true(json_object_get(root, "Read")), given;
    const json_t *search = json_object_get(root, "Search");
    struct str *ids, words = str_make(json_string_value(search), json_string_length(search));
    struct store_query query = {0};
    struct store_term *terms;
    size_t n;
    int st = read_ids(c, q, root, &ids, &n, &given, err);
    if (st != MP_OK)
        return st;
    if (given && words.n != 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "IDs or Search, not both");
    if (given)
        return n == 0 ? MP_OK : store_mark_seen(c->c.store, ids, n, seen, err);
    if (words.n != 0) {
        st = store_search_parse(httpd_arena(q), words, now_ms(), &terms, &query.n_terms, err);
        if (st != MP_OK)
            return st;
        query.terms = terms;
    }
    return mark_matching(c, q, &query, seen, err);
}

int mailpit_messages_put(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    json_t *root;
    int st = parse_body(q, &root, err);
    if (st == MP_OK)
        st = set_read(ctx, q, root, err);
    json_decref(root);
    return st != MP_OK ? st : reply_ok(q);
}

int mailpit_messages_delete(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct store_query query = {0};
    struct str *ids;
    size_t n;
    bool given;
    json_t *root;
    int st = parse_body(q, &root, err);
    if (st == MP_OK)
        st = read_ids(c, q, root, &ids, &n, &given, err);
    json_decref(root);
    access_bind(q, &query);
    if (st == MP_OK && given)
        st = n == 0 ? MP_OK : store_delete(c->c.store, ids, n, NULL, err);
    else if (st == MP_OK)
        st = store_delete_matching(c->c.store, &query, NULL, err);
    return st != MP_OK ? st : reply_ok(q);
}

/* ---- one message ---- */

static void write_part(struct json *j, struct parsed *p, const struct parsed_part *part)
{
    unsigned char hash[DIGEST_MAX_BYTES];
    struct str body = parsed_body(p, part, &p->arena), hex = STR_NONE;
    if (digest_once(DIGEST_SHA256, body, hash))
        hex = hex_encode(&p->arena, str_make((const char *)hash, sizeof hash));
    json_object_begin(j);
    json_kstr(j, "PartID", part->path);
    json_kstr(j, "FileName", part->mime->filename.n == 0 ? STR("") : part->mime->filename);
    json_kstr(j, "ContentType", parsed_type(part, &p->arena));
    json_kstr(j, "ContentID", part->content_id.n == 0 ? STR("") : part->content_id);
    json_kint(j, "Size", (int64_t)body.n);
    json_key(j, "Checksums");
    json_object_begin(j);
    json_kstr(j, "MD5", STR(""));
    json_kstr(j, "SHA1", STR(""));
    json_kstr(j, "SHA256", hex.n == 0 ? STR("") : hex);
    json_object_end(j);
    json_object_end(j);
}

static void write_parts(struct json *j, struct parsed *p, const char *key, bool inlined)
{
    json_key(j, key);
    json_array_begin(j);
    for (size_t i = 0; i < p->mime.n; i++)
        if (inlined ? p->parts[i].inlined : p->parts[i].attachment)
            write_part(j, p, &p->parts[i]);
    json_array_end(j);
}

static void write_text(struct json *j, struct parsed *p, const char *key,
                       const struct parsed_part *part)
{
    struct buf text;
    buf_init(&text, CAPTURE_PREVIEW_MAX_BYTES);
    if (part != NULL)
        parsed_text(p, part, &text);
    json_kstr(j, key, text.n == 0 ? STR("") : buf_str(&text));
    buf_clear(&text);
}

static void write_unsubscribe(struct json *j, struct parsed *p)
{
    struct str header = parsed_field(p, "List-Unsubscribe"), rest = header;
    struct str post = parsed_field(p, "List-Unsubscribe-Post");
    json_key(j, "ListUnsubscribe");
    json_object_begin(j);
    json_kstr(j, "Header", header.n == 0 ? STR("") : header);
    json_key(j, "Links");
    json_array_begin(j);
    while (rest.n != 0) {
        str_cut(&rest, '<');
        struct str link = str_cut(&rest, '>');
        if (link.n != 0)
            json_str(j, str_trim(link));
    }
    json_array_end(j);
    json_kstr(j, "Errors", STR(""));
    json_kstr(j, "HeaderPost", post.n == 0 ? STR("") : post);
    json_object_end(j);
}

static void write_message(struct json *j, struct parsed *p, const struct store_delivery *d)
{
    const struct header *h = header_first(&p->message, STR("Date"));
    struct mail_date date;
    bool has_date = h != NULL && date_parse(h->value, &date) && date.unix_s > 0;
    json_object_begin(j);
    write_common(j, p, d);
    json_kstr(j, "ReturnPath", d->mail_from.n == 0 ? STR("") : d->mail_from);
    json_ktime_ms(j, "Date", has_date ? date.unix_s * 1000 : d->received_ms);
    write_text(j, p, "Text", p->text);
    write_text(j, p, "HTML", p->html);
    write_parts(j, p, "Inline", true);
    write_parts(j, p, "Attachments", false);
    write_unsubscribe(j, p);
    json_object_end(j);
}

/* What a handler does with the parsed message of the path. */
typedef int with_message(struct capture *c, struct httpd_request *q, struct store_delivery *d,
                         struct parsed *p, struct mp_err *err);

static int with_parsed(struct capture *c, struct httpd_request *q, with_message *handle,
                       struct mp_err *err)
{
    struct store_delivery *d;
    struct parsed p = {0};
    bool found;
    int st = find_message(c, q, &d, err);
    if (st != MP_OK || d == NULL)
        return st;
    st = parsed_load(c, str_from(d->id), &p, &found, err);
    if (st == MP_OK)
        st = found ? handle(c, q, d, &p, err) : httpd_problem(q, 404, "the message is gone");
    parsed_clear(&p);
    return st;
}

/* Reading it marks it as read, as Mailpit does. */
static int reply_message(struct capture *c, struct httpd_request *q, struct store_delivery *d,
                         struct parsed *p, struct mp_err *err)
{
    struct str id = str_from(d->id);
    write_message(httpd_json(q, 200), p, d);
    return store_mark_seen(c->c.store, &id, 1, true, err);
}

int mailpit_message(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    return with_parsed(ctx, q, reply_message, err);
}

static bool is_repeated(const struct message *m, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (str_ieq(m->headers[k].name, m->headers[i].name))
            return true;
    return false;
}

/* {"Received": ["…", "…"], "Subject": ["…"]} */
static int reply_headers(struct capture *c, struct httpd_request *q, struct store_delivery *d,
                         struct parsed *p, struct mp_err *err)
{
    const struct message *m = &p->message;
    struct json *j = httpd_json(q, 200);
    (void)c;
    (void)d;
    (void)err;
    size_t n = m->n_headers < CAPTURE_HEADERS_MAX ? m->n_headers : CAPTURE_HEADERS_MAX;
    json_object_begin(j);
    for (size_t i = 0; i < n; i++) {
        if (is_repeated(m, i) || str_has(m->headers[i].name, '\0'))
            continue;
        json_key(j, arena_copy(&p->arena, m->headers[i].name).p);
        json_array_begin(j);
        for (size_t k = i; k < n; k++)
            if (str_ieq(m->headers[k].name, m->headers[i].name))
                json_str(j, header_unfold(&p->arena, m->headers[k].value));
        json_array_end(j);
    }
    json_object_end(j);
    return MP_OK;
}

int mailpit_headers(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    return with_parsed(ctx, q, reply_headers, err);
}

static int reply_raw(struct capture *c, struct httpd_request *q, struct store_delivery *d,
                     struct parsed *p, struct mp_err *err)
{
    (void)c;
    (void)d;
    (void)err;
    httpd_bytes(q, 200, "text/plain; charset=utf-8", buf_str(&p->raw));
    return MP_OK;
}

int mailpit_raw(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    return with_parsed(ctx, q, reply_raw, err);
}

/* The type is told when a browser can do nothing with it but show it. */
static const char *shown_type(struct httpd_request *q, const struct parsed_part *part)
{
    struct str type = parsed_type(part, httpd_arena(q));
    bool active = str_search(type, STR("html")) < type.n || str_search(type, STR("xml")) < type.n ||
                  str_search(type, STR("script")) < type.n || str_search(type, STR("xsl")) < type.n;
    for (size_t i = 0; i < type.n; i++)
        active = active || !(is_alnum(type.p[i]) || memchr("/+-._", type.p[i], 5) != NULL);
    return active ? "application/octet-stream" : type.p;
}

static int reply_part(struct capture *c, struct httpd_request *q, struct store_delivery *d,
                      struct parsed *p, struct mp_err *err)
{
    const struct parsed_part *part = parsed_find(p, httpd_path_param(q, "path"));
    (void)c;
    (void)d;
    (void)err;
    if (part == NULL)
        return httpd_problem(q, 404, "the message has no such part");
    httpd_bytes(q, 200, shown_type(q, part), parsed_body(p, part, &p->arena));
    httpd_reply_header(q, "Content-Security-Policy", STR("default-src 'none'; sandbox"));
    httpd_reply_header(q, "Content-Disposition",
                       disposition_value(httpd_arena(q), "attachment", part->mime->filename));
    return MP_OK;
}

int mailpit_part(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    return with_parsed(ctx, q, reply_part, err);
}

static int reply_html(struct capture *c, struct httpd_request *q, struct store_delivery *d,
                      struct parsed *p, struct mp_err *err)
{
    (void)c;
    (void)d;
    if (p->html == NULL)
        return httpd_problem(q, 404, "the message has no HTML");
    httpd_reply_header(q, "Content-Security-Policy", str_from(preview_policy));
    return preview_write(p, httpd_buf(q, 200, "text/html; charset=utf-8"), err);
}

int mailpit_view_html(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    return with_parsed(ctx, q, reply_html, err);
}

static int reply_text(struct capture *c, struct httpd_request *q, struct store_delivery *d,
                      struct parsed *p, struct mp_err *err)
{
    struct buf *out = httpd_buf(q, 200, "text/plain; charset=utf-8");
    (void)c;
    (void)d;
    (void)err;
    if (p->text != NULL)
        parsed_text(p, p->text, out);
    return MP_OK;
}

int mailpit_view_text(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    return with_parsed(ctx, q, reply_text, err);
}

/* ---- the server ---- */

int mailpit_tags(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct store_query query = {.limit = STORE_PAGE_MAX};
    struct store_page page;
    access_bind(q, &query);
    int st = store_list(c->c.store, &query, httpd_arena(q), &page, err);
    if (st == MP_OK)
        write_tags(httpd_json(q, 200), &page);
    return st;
}

int mailpit_webui(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct json *j = httpd_json(q, 200);
    (void)err;
    json_object_begin(j);
    json_kstr(j, "Label", STR("mailproof"));
    json_key(j, "MessageRelay");
    json_object_begin(j);
    json_kbool(j, "Enabled", c->c.relay.host != NULL);
    json_kstr(j, "SMTPServer", STR(""));
    json_kstr(j, "ReturnPath", STR(""));
    json_kstr(j, "AllowedRecipients", STR(""));
    json_kstr(j, "BlockedRecipients", STR(""));
    json_kstr(j, "OverrideFrom", STR(""));
    json_kbool(j, "PreserveMessageIDs", true);
    json_object_end(j);
    json_kbool(j, "SpamAssassin", false);
    json_kbool(j, "ChaosEnabled", false);
    json_kbool(j, "DuplicatesIgnored", false);
    json_kbool(j, "HideDeleteAllButton", false);
    json_object_end(j);
    return MP_OK;
}

int mailpit_info(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct store_stats s;
    struct store_query query = {.limit = 1};
    struct store_page page;
    struct sink_counters k = {0};
    access_bind(q, &query);
    int st = store_stats(c->c.store, &s, err);
    if (st == MP_OK)
        st = store_list(c->c.store, &query, httpd_arena(q), &page, err);
    if (st != MP_OK)
        return st;
    if (c->c.sink != NULL)
        sink_counters(c->c.sink, &k);
    struct json *j = httpd_json(q, 200);
    json_object_begin(j);
    json_kstr(j, "Version", STR("mailproof " MP_VERSION));
    json_kstr(j, "LatestVersion", STR("mailproof " MP_VERSION));
    json_kstr(j, "Database", STR(""));
    json_kint(j, "DatabaseSize", (int64_t)s.bytes);
    json_kint(j, "Messages", (int64_t)page.total);
    json_kint(j, "Unread", (int64_t)page.unseen);
    json_key(j, "Tags");
    json_object_begin(j);
    json_object_end(j);
    json_key(j, "RuntimeStats");
    json_object_begin(j);
    json_kint(j, "Uptime", (clock_mono_us() - c->started_us) / 1000000);
    json_kint(j, "Memory", 0);
    json_kint(j, "MessagesDeleted", 0);
    json_kint(j, "SMTPAccepted", (int64_t)k.messages);
    json_kint(j, "SMTPAcceptedSize", (int64_t)k.bytes);
    json_kint(j, "SMTPRejected", (int64_t)(k.refused + k.deferred));
    json_kint(j, "SMTPIgnored", 0);
    json_object_end(j);
    json_object_end(j);
    return MP_OK;
}
