/* The worker's side of reading a feed: unpack, read, pack the entries. */
#include "feeds/parse_internal.h"
#include "feeds/unpack.h"

#include "sandbox/task.h"

struct feed_worker {
    struct buf unpacked, entries, head; /* of the latest request, until the next */
};

static int keep_entry(void *ctx, const struct indicator *i, struct mp_err *err)
{
    struct buf *entries = ctx;
    indicator_pack(entries, i);
    if (!entries->failed)
        return MP_OK;
    if (entries->n > entries->max_bytes - entries->max_bytes / 8)
        return mp_fail(err, MP_E_LIMIT, (int64_t)entries->max_bytes,
                       "its entries take more than %zu bytes", entries->max_bytes);
    return mp_fail(err, MP_E_NOMEM, 0, "no memory for its entries");
}

int feed_work(struct arena *arena, struct str request, struct str bytes, struct buf *unpacked,
              struct buf *entries, struct feed_head *out, struct mp_err *err)
{
    struct feed feed;
    struct mp_err why = {0};
    struct feed_head head = {.status = MP_OK};
    int64_t now_s;
    int st = feed_request_unpack(request, &feed, &now_s, err);
    if (st != MP_OK)
        return st;
    buf_init(unpacked, feed.max_bytes);
    if (feed_is_packed(bytes)) {
        head.status = feed_unpack(bytes, unpacked, &why);
        bytes = buf_str(unpacked);
    }
    if (head.status == MP_OK)
        head.status = feed_read(arena, &feed, bytes, now_s, keep_entry, entries, &head.page, &why);
    if (head.status != MP_OK) {
        head.page = (struct feed_page){.more = false};
        buf_reset(entries);
        head.reason = arena_copy(arena, str_from(why.text));
    }
    *out = head;
    return MP_OK;
}

static int work(void *data, struct arena *arena, struct str request, struct str bytes,
                struct str *head, struct str *body, struct mp_err *err)
{
    struct feed_worker *w = data;
    struct feed_head found;
    buf_clear(&w->unpacked);
    buf_clear(&w->entries);
    buf_reset(&w->head);
    if (request.n == 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "a request without a definition");
    int st = feed_work(arena, request, bytes, &w->unpacked, &w->entries, &found, err);
    if (st != MP_OK)
        return st;
    feed_head_pack(&w->head, &found);
    if (w->head.failed)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for an answer");
    *head = buf_str(&w->head);
    *body = buf_str(&w->entries);
    return MP_OK;
}

/* What libraries load when they are first used (seeds of tables, suffixes, converters of names) is
 * loaded while files can be opened: by reading a little of each format. */
static const struct {
    enum feed_format format;
    struct str text;
} warm[] = {
    {FEED_PLAIN, STR_INIT("http://b\xc3\xbc"
                          "cher.example/a\nwww.example.co.uk\n192.0.2.1\na@b.example\n")},
    {FEED_CSV, STR_INIT("value\nb\xc3\xbc"
                        "cher.example\n")},
    {FEED_JSON, STR_INIT("[{\"value\": \"a.example\"}]")},
    {FEED_STIX, STR_INIT("{\"type\":\"bundle\",\"objects\":[{\"type\":\"indicator\",\"pattern\":"
                         "\"[domain-name:value = 'a.example']\",\"pattern_type\":\"stix\"}]}")},
    {FEED_TAXII, STR_INIT("{\"more\":false,\"objects\":[]}")},
    {FEED_MISP, STR_INIT("{\"response\":{\"Attribute\":[{\"type\":\"domain\",\"to_ids\":true,"
                         "\"value\":\"a.example\"}]}}")},
};

static int drop_entry(void *ctx, const struct indicator *i, struct mp_err *err)
{
    (void)ctx;
    (void)i;
    (void)err;
    return MP_OK;
}

static int load(void *data, struct mp_err *err)
{
    enum { WARM_BYTES = 16 * 1024 * 1024 };
    struct arena arena = {0};
    int st = MP_OK;
    (void)data;
    arena_init(&arena, WARM_BYTES);
    for (size_t i = 0; st == MP_OK && i < ARRAY_LEN(warm); i++) {
        struct feed feed = {.name = STR("warm"),
                            .format = warm[i].format,
                            .kind = INDICATOR_KIND_COUNT,
                            .columns = {[COLUMN_VALUE] = STR("value")},
                            .max_bytes = WARM_BYTES};
        struct feed_page page;
        st = feed_read(&arena, &feed, warm[i].text, 0, drop_entry, NULL, &page, err);
        if (st == MP_OK && page.counts.refused > 0)
            st = mp_fail(err, MP_E_INTERNAL, 0, "a feed of our own: " STR_FMT, STR_ARG(page.why));
        arena_reset(&arena);
    }
    arena_clear(&arena);
    return st;
}

int feed_worker_main(void)
{
    enum { HEAD_MAX_BYTES = 64 * 1024 };
    struct feed_worker w;
    buf_init(&w.unpacked, 0);
    buf_init(&w.entries, FEED_MAX_PACKED_BYTES);
    buf_init(&w.head, HEAD_MAX_BYTES);
    int code = sandbox_task_main(&(struct sandbox_task_worker){load, work, &w});
    buf_clear(&w.unpacked);
    buf_clear(&w.entries);
    buf_clear(&w.head);
    return code;
}
