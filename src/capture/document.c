/* The document mailproof/message/1 (docs/schema/message-1.schema.json). */
#include "base/hex.h"
#include "capture/capture_internal.h"
#include "message/date.h"
#include "message/encoded_word.h"
#include "trace/trace.h"

/* A message may nest itself: of its decoded bytes at most so many times its size are hashed. */
enum { HASH_FACTOR = 4 };

/* What one document is made of. */
struct document {
    struct capture *c;
    const struct store_delivery *d;
    struct parsed p;
    struct arena scratch; /* of one part */
    size_t hash_left_bytes;
    bool cut;
};

static struct str sha256_hex(struct arena *a, struct str bytes)
{
    unsigned char hash[DIGEST_MAX_BYTES];
    if (!digest_once(DIGEST_SHA256, bytes, hash))
        return STR_NONE;
    return hex_encode(a, str_make((const char *)hash, sizeof hash));
}

/* ---- how it was delivered ---- */

static void write_envelope(struct json *j, const struct store_delivery *d)
{
    json_key(j, "envelope");
    json_object_begin(j);
    json_ktext(j, "mail_from", d->mail_from);
    json_kstrs(j, "rcpt_to", d->rcpts, d->n_rcpts);
    json_kopt(j, "mail_params", d->mail_params);
    json_ktext(j, "helo", d->helo);
    json_key(j, "client");
    json_object_begin(j);
    json_ktext(j, "ip", d->client_ip);
    json_kint(j, "port", d->client_port);
    json_object_end(j);
    json_object_end(j);
}

/* Transactions to the first recipient up to this one. */
static int count_attempts(struct capture *c, const struct store_delivery *d, struct arena *a,
                          uint64_t *attempts, struct mp_err *err)
{
    struct store_page page;
    struct store_term to = {.field = STORE_F_RCPT};
    struct store_query query = {.in_inbox = true,
                                .inbox = d->inbox,
                                .attempts = true,
                                .terms = &to,
                                .n_terms = 1,
                                .before_seq = d->seq + 1,
                                .limit = 1};
    *attempts = 1;
    if (d->n_rcpts == 0)
        return MP_OK;
    to.text = d->rcpts[0];
    int st = store_list(c->c.store, &query, a, &page, err);
    if (st == MP_OK && page.total > 1)
        *attempts = page.total;
    return st;
}

static void write_delivery(struct json *j, const struct store_delivery *d, uint64_t attempts)
{
    json_key(j, "delivery");
    json_object_begin(j);
    json_ktext(j, "listener", d->listener);
    json_ktext(j, "protocol", d->protocol);
    json_kopt(j, "auth_user", d->auth_user);
    json_key(j, "tls");
    if (d->tls_version.n == 0) {
        json_write_null(j);
    } else {
        json_object_begin(j);
        json_kstr(j, "version", d->tls_version);
        json_ktext(j, "cipher", d->tls_cipher);
        json_kopt(j, "sni", d->tls_sni);
        json_object_end(j);
    }
    outcome_members(j, d);
    json_kint(j, "attempts", (int64_t)attempts);
    json_object_end(j);
}

/* ---- what it says ---- */

static void write_addresses(struct json *j, struct document *doc, const char *key,
                            const char *field)
{
    const struct header *h = header_first(&doc->p.message, str_from(field));
    struct address_item *items = NULL;
    size_t n = h == NULL ? 0 : addresses_of(&doc->p.arena, h->value, &items);
    json_key(j, key);
    json_array_begin(j);
    for (size_t i = 0; i < n; i++) {
        json_object_begin(j);
        json_ktext(j, "name", items[i].name);
        json_ktext(j, "address", items[i].address);
        json_object_end(j);
    }
    json_array_end(j);
}

static void write_identity(struct json *j, struct document *doc)
{
    const struct header *h = header_first(&doc->p.message, STR("Message-ID"));
    const struct header *when = header_first(&doc->p.message, STR("Date"));
    struct mail_date date;
    bool has_date = when != NULL && date_parse(when->value, &date);
    json_kopt(j, "message_id",
              h == NULL ? STR_NONE : bare_id(header_unfold(&doc->p.arena, h->value)));
    json_ktime_ms(j, "date", has_date ? date.unix_s * 1000 : 0);
    json_kstr(j, "subject", parsed_field(&doc->p, "Subject"));
    write_addresses(j, doc, "from", "From");
    write_addresses(j, doc, "to", "To");
    write_addresses(j, doc, "cc", "Cc");
    write_addresses(j, doc, "bcc", "Bcc");
    write_addresses(j, doc, "reply_to", "Reply-To");
}

static void write_headers(struct json *j, struct document *doc)
{
    const struct message *m = &doc->p.message;
    json_key(j, "headers");
    json_array_begin(j);
    for (size_t i = 0; i < m->n_headers && i < CAPTURE_HEADERS_MAX; i++) {
        const struct header *h = &m->headers[i];
        struct str value = str_trim(encoded_word_decode(&doc->p.arena, h->value, NULL));
        json_object_begin(j);
        json_ktext(j, "name", h->name);
        json_kstr(j, "value", value.p == NULL ? STR("") : value);
        json_kstr(j, "raw", h->raw);
        json_object_end(j);
    }
    json_array_end(j);
    doc->cut |= m->n_headers > CAPTURE_HEADERS_MAX;
}

/* Cut before a character, never in one. */
static struct str cut_text(struct document *doc, struct str text)
{
    if (text.n <= CAPTURE_TEXT_MAX_BYTES)
        return text;
    size_t n = CAPTURE_TEXT_MAX_BYTES;
    while (n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
        n--;
    doc->cut = true;
    return str_slice(text, 0, n);
}

static void write_html(struct json *j, struct document *doc)
{
    struct buf html;
    if (doc->p.html == NULL) {
        json_kstr(j, "html", STR_NONE);
        return;
    }
    buf_init(&html, CAPTURE_PREVIEW_MAX_BYTES);
    parsed_text(&doc->p, doc->p.html, &html);
    doc->cut |= html.failed;
    json_kstr(j, "html", html.n == 0 ? STR("") : cut_text(doc, buf_str(&html)));
    buf_clear(&html);
}

static void write_part(struct json *j, struct document *doc, const struct parsed_part *part)
{
    static const char *const encodings[] = {"7bit",   "8bit",   "binary", "quoted-printable",
                                            "base64", "unknown"};
    const struct mime_part *m = part->mime;
    struct str body = STR_NONE, hash = STR_NONE;
    arena_reset(&doc->scratch);
    if (!m->is_multipart && m->body_length <= doc->hash_left_bytes) {
        doc->hash_left_bytes -= m->body_length;
        body = parsed_body(&doc->p, part, &doc->scratch);
        hash = sha256_hex(&doc->scratch, body);
    }
    json_object_begin(j);
    json_ktext(j, "path", part->path);
    json_kstr(j, "type", parsed_type(part, &doc->scratch));
    json_kopt(j, "charset", m->charset);
    json_kopt(j, "disposition", m->disposition);
    json_kopt(j, "filename", m->filename);
    json_kopt(j, "content_id", part->content_id);
    json_kstr(j, "encoding", str_from(encodings[m->encoding]));
    json_kint(j, "size", (int64_t)(hash.p != NULL || m->is_multipart ? body.n : m->body_length));
    json_kstr(j, "sha256", hash);
    json_kbool(j, "attachment", part->attachment);
    json_kbool(j, "inline", part->inlined);
    json_kint(j, "children", m->n_children);
    json_object_end(j);
}

static void write_parts(struct json *j, struct document *doc)
{
    json_key(j, "parts");
    json_array_begin(j);
    doc->hash_left_bytes = HASH_FACTOR * doc->p.raw.n;
    for (size_t i = 0; i < doc->p.mime.n; i++)
        write_part(j, doc, &doc->p.parts[i]);
    json_array_end(j);
    json_key(j, "attachments");
    json_array_begin(j);
    doc->hash_left_bytes = HASH_FACTOR * doc->p.raw.n;
    for (size_t i = 0; i < doc->p.mime.n; i++)
        if (doc->p.parts[i].attachment)
            write_part(j, doc, &doc->p.parts[i]);
    json_array_end(j);
    doc->cut |= !doc->p.mime.complete;
}

/* ---- what it tells about its way ---- */

/* An inbox token's originals are its own; the admin's are everybody's. */
static int load_sent(struct document *doc, struct buf *out, bool *found, struct mp_err *err)
{
    const struct store_delivery *d = doc->d;
    struct str key =
        arena_fmt(&doc->p.arena, STR_FMT "/" STR_FMT, STR_ARG(d->inbox), STR_ARG(d->tag));
    *found = false;
    if (d->tag.n == 0)
        return MP_OK;
    int st = d->inbox.n == 0 ? MP_OK : store_sent_get(doc->c->c.store, key, out, found, err);
    if (st == MP_OK && !*found)
        st = store_sent_get(doc->c->c.store, d->tag, out, found, err);
    return st;
}

static int write_altered(struct json *j, struct document *doc, struct mp_err *err)
{
    struct trace_altered altered;
    struct buf sent;
    bool found;
    buf_init(&sent, CAPTURE_SENT_MAX_BYTES);
    int st = load_sent(doc, &sent, &found, err);
    if (st == MP_OK && found)
        st = trace_altered(&doc->p.arena, buf_str(&sent), buf_str(&doc->p.raw), &altered, err);
    if (st == MP_OK) {
        json_key(j, "altered");
        if (found)
            trace_altered_json(j, &altered);
        else
            json_write_null(j);
    }
    buf_clear(&sent);
    return st;
}

static int write_trace(struct json *j, struct document *doc, struct mp_err *err)
{
    struct trace_hops hops;
    struct trace_dsn dsn;
    struct arena *a = &doc->p.arena;
    int st = trace_hops(a, &doc->p.message, -1, doc->d->received_ms / 1000, &hops, err);
    if (st == MP_OK)
        st = trace_dsn(a, &doc->p.message, &dsn, err);
    if (st != MP_OK)
        return st;
    json_key(j, "hops");
    trace_hops_json(j, &hops);
    json_key(j, "dsn");
    if (dsn.is_dsn)
        trace_dsn_json(j, &dsn);
    else
        json_write_null(j);
    return write_altered(j, doc, err);
}

static int write_text(struct json *j, struct document *doc, struct mp_err *err)
{
    struct trace_extract x;
    int st = trace_extract(&doc->p.arena, &doc->p.message, &x, err);
    if (st != MP_OK)
        return st;
    bool has_text = doc->p.text != NULL || doc->p.html != NULL;
    json_kstr(j, "text", !has_text ? STR_NONE : x.text.n == 0 ? STR("") : cut_text(doc, x.text));
    write_html(j, doc);
    json_kstrs(j, "links", x.links, x.n_links);
    json_kstrs(j, "codes", x.codes, x.n_codes);
    return MP_OK;
}

static int write_judgement(struct json *j, struct document *doc, struct mp_err *err)
{
    struct judgement g;
    int st = judge_message(doc->c, doc->d, buf_str(&doc->p.raw), &doc->p.arena, &g, err);
    if (st != MP_OK)
        return st;
    json_key(j, "authentication");
    json_raw(j, g.authentication);
    json_key(j, "findings");
    json_raw(j, g.findings);
    json_key(j, "verdict");
    json_raw(j, g.verdict);
    json_kopt(j, "not_judged", g.not_judged);
    return MP_OK;
}

static int write_all(struct json *j, struct document *doc, struct mp_err *err)
{
    const struct store_delivery *d = doc->d;
    uint64_t attempts;
    int st = count_attempts(doc->c, d, &doc->p.arena, &attempts, err);
    if (st != MP_OK)
        return st;
    json_object_begin(j);
    json_kstr(j, "schema", STR("mailproof/message/1"));
    json_kstr(j, "id", str_from(d->id));
    json_kint(j, "seq", d->seq);
    json_kstr(j, "inbox", inbox_name(d->inbox));
    json_ktime_ms(j, "received", d->received_ms);
    json_kbool(j, "seen", d->seen);
    json_kopt(j, "tag", d->tag);
    write_envelope(j, d);
    write_delivery(j, d, attempts);
    write_identity(j, doc);
    write_headers(j, doc);
    st = write_text(j, doc, err);
    if (st != MP_OK)
        return st;
    json_kint(j, "size", (int64_t)doc->p.raw.n);
    json_kstr(j, "sha256", sha256_hex(&doc->p.arena, buf_str(&doc->p.raw)));
    write_parts(j, doc);
    json_kbool(j, "cut", doc->cut);
    st = write_trace(j, doc, err);
    if (st == MP_OK)
        st = write_judgement(j, doc, err);
    json_object_end(j);
    return st;
}

int document_write(struct capture *c, const struct store_delivery *d, struct json *j, bool *found,
                   struct mp_err *err)
{
    struct document doc = {.c = c, .d = d};
    arena_init(&doc.scratch, CAPTURE_MESSAGE_BUDGET_BYTES);
    int st = parsed_load(c, str_from(d->id), &doc.p, found, err);
    if (st == MP_OK && *found)
        st = write_all(j, &doc, err);
    arena_clear(&doc.scratch);
    parsed_clear(&doc.p);
    return st;
}
