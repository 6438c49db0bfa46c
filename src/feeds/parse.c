/* The parent's side of reading a feed, and the bytes both sides exchange. */
#include "feeds/parse_internal.h"

#include "base/clock.h"
#include "sandbox/task.h"

enum {
    REQUEST_MAX_BYTES = 64 * 1024,
    WORD_MAX_BYTES = 4096, /* a column, a word of a kind */
    REASON_MAX_BYTES = MP_ERR_TEXT_MAX
};

/* ---- request ---- */

void feed_request_pack(struct buf *out, const struct feed *feed, int64_t now_s)
{
    wire_put_str(out, feed->name);
    wire_put_u32(out, feed->format);
    wire_put_u32(out, feed->kind);
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        wire_put_str(out, feed->columns[i]);
    wire_put_u32(out, (uint32_t)feed->n_kinds);
    for (size_t i = 0; i < feed->n_kinds; i++) {
        wire_put_str(out, feed->kinds[i].word);
        wire_put_u32(out, feed->kinds[i].kind);
    }
    wire_put_u32(out, (unsigned char)feed->separator);
    wire_put_u64(out, (uint64_t)feed->expire_s);
    wire_put_u64(out, feed->max_bytes);
    wire_put_u32(out, feed->confidence);
    wire_put_u32(out, feed->min_confidence);
    wire_put_u32(out, feed->severity);
    wire_put_u32(out, feed->tlp);
    wire_put_u64(out, (uint64_t)now_s);
}

int feed_request_unpack(struct str text, struct feed *out, int64_t *now_s, struct mp_err *err)
{
    struct wire_in in = {.left = text};
    struct feed f = {.name = wire_get_str(&in, WORD_MAX_BYTES, "name")};
    f.format = (enum feed_format)wire_get_u32(&in, FEED_FORMAT_COUNT - 1, "format");
    f.kind = (enum indicator_kind)wire_get_u32(&in, INDICATOR_KIND_COUNT, "kind");
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        f.columns[i] = wire_get_str(&in, WORD_MAX_BYTES, "column");
    f.n_kinds = wire_get_count(&in, ARRAY_LEN(f.kinds), 8, "number of kinds");
    for (size_t i = 0; i < f.n_kinds; i++) {
        f.kinds[i].word = wire_get_str(&in, WORD_MAX_BYTES, "word of a kind");
        f.kinds[i].kind =
            (enum indicator_kind)wire_get_u32(&in, INDICATOR_KIND_COUNT, "kind of a word");
    }
    f.separator = (char)wire_get_u32(&in, 0x7f, "separator");
    f.expire_s = (int64_t)wire_get_u64(&in, INT64_MAX, "expiry");
    f.max_bytes = (size_t)wire_get_u64(&in, SIZE_MAX, "size");
    f.confidence = (uint8_t)wire_get_u32(&in, UINT8_MAX, "confidence");
    f.min_confidence = (uint8_t)wire_get_u32(&in, UINT8_MAX, "least confidence");
    f.severity = (enum severity)wire_get_u32(&in, SEV_CRITICAL, "severity");
    f.tlp = (enum tlp)wire_get_u32(&in, TLP_COUNT - 1, "TLP");
    int64_t now = (int64_t)wire_get_u64(&in, INT64_MAX, "time");
    wire_expect(&in, in.left.n == 0, "bytes are left at the end");
    if (in.bad != NULL)
        return mp_fail(err, MP_E_SYNTAX, 0, "definition of a feed: %s", in.bad);
    *out = f;
    *now_s = now;
    return MP_OK;
}

/* ---- answer ---- */

void feed_head_pack(struct buf *out, const struct feed_head *head)
{
    wire_put_u32(out, (uint32_t)-head->status);
    wire_put_str(out, str_slice(head->reason, 0, REASON_MAX_BYTES));
    feed_page_pack(out, &head->page);
}

int feed_head_unpack(struct str text, struct feed_head *out, struct mp_err *err)
{
    struct wire_in in = {.left = text};
    struct feed_head head = {.status = -(int)wire_get_u32(&in, -MP_E_INTERNAL, "status")};
    head.reason = wire_get_str(&in, REASON_MAX_BYTES, "reason");
    if (in.bad != NULL)
        return mp_fail(err, MP_E_SYNTAX, 0, "answer of a feed's worker: %s", in.bad);
    int st = feed_page_unpack(&in.left, &head.page, err);
    if (st == MP_OK && in.left.n > 0)
        st = mp_fail(err, MP_E_SYNTAX, 0, "answer of a feed's worker: bytes are left at the end");
    if (st == MP_OK)
        *out = head;
    return st;
}

int feed_entries_check(struct str packed, const struct feed_page *page, struct mp_err *err)
{
    uint64_t n = 0;
    while (packed.n > 0) {
        struct indicator i;
        int st = indicator_unpack(&packed, &i, err);
        if (st != MP_OK)
            return st;
        n++;
    }
    if (n != page->counts.entries)
        return mp_fail(err, MP_E_SYNTAX, 0,
                       "answer of a feed's worker: not as many entries as told");
    return MP_OK;
}

/* ---- the parent ---- */

struct sandbox_config feed_sandbox_config(char *const *argv)
{
    return (struct sandbox_config){.argv = argv,
                                   .wall_ms = FEED_WORKER_WALL_MS,
                                   .cpu_s = FEED_WORKER_CPU_S,
                                   .memory_bytes = (uint64_t)FEED_WORKER_MEMORY_MB << 20,
                                   .max_requests = 16};
}

static enum feed_verdict verdict_of(int status)
{
    if (status == MP_OK)
        return FEED_PARSED;
    return status == MP_E_LIMIT || status == MP_E_NOMEM ? FEED_TOO_LARGE : FEED_BROKEN;
}

static int tell(struct arena *arena, struct feed_parsed *out, enum feed_verdict verdict,
                struct str reason, struct mp_err *err)
{
    struct mp_err text = {0};
    mp_fail(&text, MP_OK, 0, STR_FMT, STR_ARG(reason)); /* printable */
    *out =
        (struct feed_parsed){.verdict = verdict, .reason = arena_copy(arena, str_from(text.text))};
    return out->reason.p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a reason") : MP_OK;
}

static int take_answer(struct arena *arena, const struct sandbox_answer *answer,
                       struct feed_parsed *out, struct mp_err *err)
{
    struct mp_err why = {0};
    struct feed_head head;
    int st = feed_head_unpack(answer->head, &head, &why);
    if (st == MP_OK && head.status != MP_OK)
        return tell(arena, out, verdict_of(head.status), head.reason, err);
    if (st == MP_OK)
        st = feed_entries_check(answer->body, &head.page, &why);
    if (st != MP_OK)
        return tell(arena, out, FEED_LOST, str_from(why.text), err);
    *out = (struct feed_parsed){.page = head.page, .packed = answer->body};
    return MP_OK;
}

static int ask(struct arena *arena, struct sandbox *sb, const struct sandbox_task *task,
               struct feed_parsed *out, struct mp_err *err)
{
    struct sandbox_answer answer;
    int st = sandbox_task_run(arena, sb, task, &answer, err);
    if (st != MP_OK)
        return st;
    if (answer.outcome == SANDBOX_OK)
        return take_answer(arena, &answer, out, err);
    enum feed_verdict verdict = answer.outcome == SANDBOX_NO_MEMORY     ? FEED_TOO_LARGE
                                : answer.outcome == SANDBOX_UNAVAILABLE ? FEED_NO_WORKER
                                                                        : FEED_LOST;
    return tell(arena, out, verdict, answer.reason, err);
}

int feed_parse(struct arena *arena, struct sandbox *sb, const struct feed *feed, struct str bytes,
               int64_t now_s, int64_t deadline_us, struct feed_parsed *out, struct mp_err *err)
{
    struct buf request;
    struct feed_parsed parsed;
    buf_init(&request, REQUEST_MAX_BYTES);
    feed_request_pack(&request, feed, now_s);
    struct sandbox_task task = {.request = buf_str(&request),
                                .bytes = bytes,
                                .max_answer_bytes = FEED_MAX_PACKED_BYTES + REQUEST_MAX_BYTES,
                                .deadline_us = deadline_us};
    int st = request.failed ? mp_fail(err, MP_E_LIMIT, REQUEST_MAX_BYTES,
                                      "the definition of feed " STR_FMT " is longer than %d bytes",
                                      STR_ARG(feed->name), REQUEST_MAX_BYTES)
                            : ask(arena, sb, &task, &parsed, err);
    buf_clear(&request);
    if (st == MP_OK)
        *out = parsed;
    return st;
}
