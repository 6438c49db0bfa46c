/* All of a feed: one file, or page after page of TAXII and MISP, each read in a worker. */
#include "feeds/update_internal.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/hex.h"
#include "crypto/digest.h"

enum {
    ASKED_MAX_BYTES = 16 * 1024,
    BODY_MAX_BYTES = 64 * 1024,
    PAGE_ARENA_BYTES = FEED_MAX_PACKED_BYTES + 64 * 1024 * 1024
};

static const struct str key_mark = STR_INIT("{key}"), since_mark = STR_INIT("{since}");

struct pager {
    struct feed_run *r;
    struct pages *out;
    struct str next, added_after; /* TAXII: where to go on; may be empty */
    unsigned page;                /* from 1 */
    int64_t newest_s;             /* of all pages */
    struct digest digest;         /* of all pages */
    struct buf url, body;
    unsigned char page_hash[DIGEST_MAX_BYTES], last_hash[DIGEST_MAX_BYTES];
    bool more;
};

bool feed_tells_news(const struct feed *feed)
{
    struct str path;
    return !source_is_file(feed->url, &path) &&
           (feed->format == FEED_TAXII || feed->format == FEED_MISP ||
            str_search(feed->body, since_mark) < feed->body.n);
}

static bool is_paged(const struct feed *feed)
{
    struct str path;
    return (feed->format == FEED_TAXII || feed->format == FEED_MISP) &&
           !source_is_file(feed->url, &path);
}

/* ---- what is asked ---- */

/* RFC 3986 2.3: nothing but unreserved characters as they are. */
static void add_escaped(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (is_alnum(s.p[i]) || (s.p[i] != '\0' && strchr("-._~", s.p[i]) != NULL))
            buf_addc(out, s.p[i]);
        else
            buf_addf(out, "%%%02X", (unsigned char)s.p[i]);
}

/* `text` with each `mark` replaced. */
static void add_filled(struct buf *out, struct str text, struct str mark, struct str by,
                       bool escaped)
{
    for (size_t at; (at = str_search(text, mark)) < text.n;) {
        buf_add(out, str_slice(text, 0, at));
        if (escaped)
            add_escaped(out, by);
        else
            buf_add(out, by);
        text = str_slice(text, at + mark.n, text.n);
    }
    buf_add(out, text);
}

static void add_query(struct buf *url, const char *name, struct str value)
{
    buf_addc(url, str_has(buf_str(url), '?') ? '&' : '?');
    buf_addz(url, name);
    buf_addc(url, '=');
    add_escaped(url, value);
}

/* TAXII 2.1, 5.4 and 3.4: the same filters with each page. */
static void add_taxii(struct pager *p)
{
    struct buf *url = &p->url;
    if (str_search(buf_str(url), STR("match[type]")) == url->n &&
        str_search(buf_str(url), STR("match%5Btype%5D")) == url->n)
        add_query(url, "match%5Btype%5D", STR("indicator"));
    buf_addf(url, "&limit=%d", UPDATE_PAGE_ENTRIES);
    if (p->added_after.n > 0)
        add_query(url, "added_after", p->added_after);
    if (p->next.n > 0)
        add_query(url, "next", p->next);
}

/* The operator's fields, and ours where he has none; page and limit are always ours. */
static bool add_misp(struct pager *p)
{
    const struct feed *f = p->r->feed;
    json_t *o = f->body.n > 0 ? json_loadb(f->body.p, f->body.n, 0, NULL) : json_object();
    json_t *own = json_pack("{s:s, s:i, s:i, s:i, s:b}", "returnFormat", "json", "to_ids", 1,
                            "published", 1, "enforceWarninglist", 1, "deleted", 0);
    int st = json_is_object(o) && own != NULL ? json_object_update_missing(o, own) : -1;
    json_decref(own);
    if (st == 0)
        st = json_object_set_new(o, "page", json_integer((json_int_t)p->page)) |
             json_object_set_new(o, "limit", json_integer(UPDATE_PAGE_ENTRIES));
    if (st == 0 && p->r->is_news)
        st = json_object_set_new(o, "timestamp",
                                 json_stringn(p->r->state.cursor.p, p->r->state.cursor.n));
    char *text = st == 0 ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    if (text != NULL)
        buf_addz(&p->body, text);
    free(text);
    return text != NULL;
}

static int make_request(struct pager *p, struct source_ask *ask, struct mp_err *err)
{
    const struct feed *f = p->r->feed;
    struct str path, since = p->r->is_news ? p->r->state.cursor : STR("0");
    bool is_file = source_is_file(f->url, &path);
    buf_reset(&p->url);
    buf_reset(&p->body);
    add_filled(&p->url, f->url, key_mark, p->r->key, true);
    if (is_paged(f) && f->format == FEED_TAXII)
        add_taxii(p);
    if (is_paged(f) && f->format == FEED_MISP && !add_misp(p))
        return mp_fail(err, MP_E_USAGE, 0, "its `body` is no JSON object");
    if (f->body.n > 0 && !is_file && f->format != FEED_MISP)
        add_filled(&p->body, f->body, since_mark, since, false);
    if (p->url.failed || p->body.failed)
        return mp_fail(err, MP_E_USAGE, 0, "its URL or body is too long");
    *ask = (struct source_ask){.url = buf_str(&p->url),
                               .body = p->body.n > 0 ? buf_str(&p->body) : STR_NONE,
                               .so_far = p->out->bytes};
    return MP_OK;
}

/* ---- what comes ---- */

static void add_counts(struct feed_counts *sum, const struct feed_counts *c)
{
    sum->entries += c->entries;
    sum->lines += c->lines;
    sum->refused += c->refused;
    sum->expired += c->expired;
    sum->low += c->low;
    sum->revoked += c->revoked;
    sum->compound += c->compound;
    sum->cut = sum->cut || c->cut;
}

/* Where the page after this one is. Sets p->more; a failure is the server's. */
static int find_next(struct pager *p, const struct feed_page *page, struct str added_last,
                     struct mp_err *err)
{
    struct feed_run *r = p->r;
    const struct feed *f = r->feed;
    bool attributes = str_search(f->url, STR("/attributes/")) < f->url.n;
    p->more = false;
    if (!is_paged(f) && f->format == FEED_TAXII && page->more)
        return attempt_fail(r, &p->out->attempt, UPDATE_REFUSED, err, "it is one page of several");
    if (!is_paged(f))
        return MP_OK;
    if (f->format == FEED_MISP) {
        p->more =
            page->counts.lines > 0 && (!attributes || page->counts.lines >= UPDATE_PAGE_ENTRIES);
        if (p->more && p->page > 1 && memcmp(p->page_hash, p->last_hash, sizeof p->page_hash) == 0)
            return attempt_fail(r, &p->out->attempt, UPDATE_FAILED, err,
                                "page %u is page %u once more", p->page, p->page - 1);
        return MP_OK;
    }
    if (added_last.n > 0)
        p->out->cursor = added_last;
    if (!page->more)
        return MP_OK;
    struct str next = arena_copy(r->arena, page->next);
    if (next.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a page");
    if (next.n > 0 ? str_eq(next, p->next)
                   : added_last.n == 0 || str_eq(added_last, p->added_after))
        return attempt_fail(r, &p->out->attempt, UPDATE_FAILED, err,
                            "it promises more, and does not tell where");
    p->next = next;
    if (next.n == 0)
        p->added_after = added_last;
    p->more = true;
    return MP_OK;
}

static int judge(struct feed_run *r, struct attempt *a, const struct feed_parsed *parsed,
                 struct mp_err *err)
{
    if (update_is_stopped(r->u)) {
        a->outcome = UPDATE_STOPPED;
        return MP_OK;
    }
    if (parsed->verdict != FEED_PARSED)
        return attempt_fail(r, a,
                            parsed->verdict == FEED_NO_WORKER ? UPDATE_FAILED : UPDATE_REFUSED, err,
                            STR_FMT, STR_ARG(parsed->reason));
    if (parsed->page.counts.cut)
        return attempt_fail(r, a, UPDATE_REFUSED, err, "a limit cut it after %llu entries",
                            (unsigned long long)parsed->page.counts.entries);
    return MP_OK;
}

/* The entries of one page to those before; the only page keeps its memory. */
static int keep_page(struct pager *p, struct arena *arena, const struct feed_parsed *parsed,
                     struct mp_err *err)
{
    struct pages *out = p->out;
    if (out->n == 1 && !p->more) {
        out->memory = *arena;
        out->packed = parsed->packed;
        arena_init(arena, 0);
        return MP_OK;
    }
    buf_add(&out->joined, parsed->packed);
    out->packed = buf_str(&out->joined);
    if (out->joined.failed && parsed->packed.n > out->joined.max_bytes - out->joined.n)
        return attempt_fail(p->r, &out->attempt, UPDATE_REFUSED, err,
                            "its entries take more than %zu bytes", out->joined.max_bytes);
    return out->joined.failed ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a feed") : MP_OK;
}

static int read_page(struct pager *p, const struct source *s, struct mp_err *err)
{
    struct feed_run *r = p->r;
    struct pages *out = p->out;
    struct arena arena;
    struct feed_parsed parsed;
    arena_init(&arena, PAGE_ARENA_BYTES);
    update_tell(r, UPDATE_READING, out->bytes, out->bytes, out->counts.entries);
    int st = feed_parse(&arena, r->u->o->sandbox, r->feed, s->bytes, r->u->o->now_s, r->deadline_us,
                        &parsed, err);
    if (st == MP_OK)
        st = judge(r, &out->attempt, &parsed, err);
    if (st == MP_OK && out->attempt.outcome == UPDATE_CHANGED) {
        add_counts(&out->counts, &parsed.page.counts);
        if (parsed.page.newest_s > p->newest_s)
            p->newest_s = parsed.page.newest_s;
        if (out->why.n == 0)
            out->why = arena_copy(r->arena, parsed.page.why);
        st = find_next(p, &parsed.page, s->added_last, err);
    }
    if (st == MP_OK && out->attempt.outcome == UPDATE_CHANGED)
        st = keep_page(p, &arena, &parsed, err);
    arena_clear(&arena);
    return st;
}

static int get_page(struct pager *p, struct mp_err *err)
{
    struct feed_run *r = p->r;
    struct pages *out = p->out;
    struct source_ask ask;
    struct source s;
    struct mp_err why = {0};
    if (make_request(p, &ask, &why) != MP_OK)
        return attempt_fail(r, &out->attempt, UPDATE_FAILED, err, "%s", why.text);
    bool conditional = !is_paged(r->feed) && r->has_old && !r->u->o->force && ask.body.p == NULL;
    ask.etag = conditional ? r->state.etag : STR_NONE;
    ask.last_modified = conditional ? r->state.last_modified : STR_NONE;
    ask.max_bytes = r->feed->max_bytes > out->bytes ? r->feed->max_bytes - (size_t)out->bytes : 1;
    int st = source_get(r, &ask, &s, err);
    if (st != MP_OK)
        return st;
    out->attempt = s.attempt;
    out->n++;
    out->bytes += s.bytes.n;
    out->etag = s.etag;
    out->last_modified = s.last_modified;
    if (s.attempt.outcome == UPDATE_CHANGED) {
        memcpy(p->last_hash, p->page_hash, sizeof p->last_hash);
        if (!digest_once(DIGEST_SHA256, s.bytes, p->page_hash))
            st = mp_fail(err, MP_E_CRYPTO, 0, "SHA-256 of a feed failed");
        digest_update(&p->digest, str_make((const char *)p->page_hash, sizeof p->page_hash));
        if (st == MP_OK)
            st = read_page(p, &s, err);
    }
    source_close(&s);
    return st;
}

/* ---- all of it ---- */

static int get_all(struct pager *p, struct mp_err *err)
{
    struct pages *out = p->out;
    int st;
    do {
        p->page++;
        st = get_page(p, err);
        if (st == MP_OK && p->more && p->page == UPDATE_MAX_PAGES)
            st = attempt_fail(p->r, &out->attempt, UPDATE_REFUSED, err, "more than %d pages",
                              UPDATE_MAX_PAGES);
    } while (st == MP_OK && out->attempt.outcome == UPDATE_CHANGED && p->more);
    return st;
}

/* Where to go on the next time: by the server's clock, never by ours. */
static int end_cursor(struct pager *p, struct mp_err *err)
{
    struct feed_run *r = p->r;
    struct pages *out = p->out;
    if (r->feed->format == FEED_TAXII || !feed_tells_news(r->feed))
        return MP_OK;
    out->cursor = r->is_news ? r->state.cursor : STR_NONE;
    if (p->newest_s > 0 && p->newest_s <= r->u->o->now_s)
        out->cursor = arena_fmt(r->arena, "%lld", (long long)p->newest_s);
    return p->newest_s > 0 && out->cursor.p == NULL && p->newest_s <= r->u->o->now_s
               ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a feed")
               : MP_OK;
}

static int end_digest(struct pager *p, struct mp_err *err)
{
    unsigned char hash[DIGEST_MAX_BYTES];
    if (!digest_final(&p->digest, hash))
        return mp_fail(err, MP_E_CRYPTO, 0, "SHA-256 of a feed failed");
    p->out->source = hex_encode(p->r->arena, str_make((const char *)hash, sizeof hash));
    return p->out->source.p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a feed") : MP_OK;
}

static void pages_init(struct pages *out)
{
    *out = (struct pages){.attempt = {.outcome = UPDATE_FAILED, .retry_after_s = -1}};
    buf_init(&out->joined, FEED_MAX_PACKED_BYTES);
    arena_init(&out->memory, 0);
}

void pages_close(struct pages *p)
{
    buf_clear(&p->joined);
    arena_clear(&p->memory);
}

int pages_get(struct feed_run *r, struct pages *out, struct mp_err *err)
{
    int st;
    pages_init(out);
    for (bool again = true; again;) {
        struct pager p = {.r = r, .out = out};
        p.added_after = r->is_news && r->feed->format == FEED_TAXII ? r->state.cursor : STR_NONE;
        out->cursor = p.added_after;
        buf_init(&p.url, ASKED_MAX_BYTES);
        buf_init(&p.body, BODY_MAX_BYTES);
        if (!digest_start(&p.digest, DIGEST_SHA256))
            return mp_fail(err, MP_E_CRYPTO, 0, "SHA-256 does not start");
        st = get_all(&p, err);
        int end = end_digest(&p, err);
        st = st == MP_OK ? end : st;
        if (st == MP_OK && out->attempt.outcome == UPDATE_CHANGED)
            st = end_cursor(&p, err);
        buf_clear(&p.url);
        buf_clear(&p.body);
        /* News take nothing back that was told before: then all is asked for. */
        again = st == MP_OK && r->is_news && out->attempt.outcome == UPDATE_CHANGED &&
                out->counts.revoked > 0;
        if (again) {
            r->is_news = false;
            pages_close(out);
            pages_init(out);
        }
    }
    return st;
}
