/* The report: written by a worker, read by us as if an attacker had written it. */
#include <stdlib.h>

#include "base/utf8.h"
#include "content/found.h"
#include "sandbox/frame_internal.h"

/* What a worker may say something about: nothing of authentication, DNS, servers. */
static const struct str groups[] = {
    STR_INIT("archive."), STR_INIT("attach."), STR_INIT("limit."), STR_INIT("office."),
    STR_INIT("pdf."),     STR_INIT("qr."),     STR_INIT("yara."),
};

enum {
    FINDING_MIN_BYTES = 33,
    EVIDENCE_MAX_BYTES = FINDING_EVIDENCE_MAX + 16 /* an escape and an ellipsis over the edge */
};

static void put_finding(struct buf *out, const struct finding *f)
{
    wire_put_u32(out, f->id);
    wire_put_u32(out, f->severity);
    wire_put_str(out, f->evidence);
    wire_put_str(out, f->where.member);
    wire_put_bool(out, f->where.has_offset);
    wire_put_u64(out, f->where.offset);
    wire_put_u64(out, f->where.length);
}

struct owner {
    struct str bytes;
    uint32_t object;
};

/* Equal views beside each other, the first object of them in front. */
static int compare_owners(const void *x, const void *y)
{
    const struct owner *a = x, *b = y;
    if (a->bytes.p != b->bytes.p)
        return (uintptr_t)a->bytes.p < (uintptr_t)b->bytes.p ? -1 : 1;
    if (a->bytes.n != b->bytes.n)
        return a->bytes.n < b->bytes.n ? -1 : 1;
    return a->object < b->object ? -1 : a->object > b->object;
}

int frame_report_plan(const struct content *c, const uint32_t **same, struct mp_err *err)
{
    const struct content_report *r = c->report;
    struct owner *owners = arena_new(c->arena, struct owner, r->n);
    uint32_t *plan = arena_new(c->arena, uint32_t, r->n);
    size_t n = 0;
    if (owners == NULL || plan == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the answer");
    for (size_t i = 1; i < r->n; i++)
        if (r->objects[i].has_bytes && r->objects[i].bytes.n > 0)
            owners[n++] = (struct owner){r->objects[i].bytes, (uint32_t)i};
    qsort(owners, n, sizeof *owners, compare_owners);
    for (size_t i = 1; i < n; i++)
        if (owners[i].bytes.p == owners[i - 1].bytes.p &&
            owners[i].bytes.n == owners[i - 1].bytes.n) {
            uint32_t before = owners[i - 1].object;
            plan[owners[i].object] = plan[before] != 0 ? plan[before] : before;
        }
    *same = plan;
    return MP_OK;
}

struct str frame_report_own(const struct content *c, const uint32_t *same, size_t object)
{
    const struct content_object *o = &c->report->objects[object];
    return object > 0 && o->has_bytes && same[object] == 0 ? o->bytes : STR_NONE;
}

uint64_t frame_report_bytes(const struct content *c, const uint32_t *same)
{
    uint64_t n = 0;
    for (size_t i = 1; i < c->report->n; i++)
        n += frame_report_own(c, same, i).n;
    return n;
}

int frame_report_write(struct buf *out, const struct content *c, const uint32_t *same, int status,
                       struct str reason, struct mp_err *err)
{
    const struct content_report *r = c->report;
    frame_begin(out, FRAME_REPORT);
    wire_put_u32(out, (uint32_t)-status);
    wire_put_str(out, str_slice(reason, 0, MP_ERR_TEXT_MAX));
    wire_put_bool(out, r->complete);
    frame_put_budget(out, c->budget);
    wire_put_u32(out, (uint32_t)r->n);
    for (size_t i = 0; i < r->n; i++) {
        frame_put_object(out, &r->objects[i]);
        wire_put_u32(out, same[i]);
    }
    wire_put_u32(out, (uint32_t)r->findings.n);
    for (size_t i = 0; i < r->findings.n; i++)
        put_finding(out, &r->findings.items[i]);
    wire_put_u64(out, r->findings.dropped);
    wire_put_bool(out, r->findings.starved);
    frame_put_found(out, r);
    if (r->n > FRAME_MAX_OBJECTS)
        out->failed = true;
    return frame_end(out, err);
}

/* ---- the reader ---- */

struct reader {
    struct wire_in in;
    struct content *c;
    const struct content_object *of; /* what was asked for */
    size_t index;                    /* ... and where it stands */
    struct str bytes;                /* of members, not yet given out */
    struct content_object *objects;  /* [0] is `of` as the worker saw it */
    uint32_t *owners;                /* of the bytes of each, before it; 0: itself */
    struct finding *findings;
    struct content_report found; /* links and texts alone */
    size_t n, n_findings, n_with_bytes, dropped;
    bool complete, starved;
};

/* As it is when it is printable already, else a printable copy. */
static struct str printable(struct reader *r, struct str s, size_t max_bytes)
{
    size_t plain = 0;
    while (plain < s.n && s.p[plain] >= 0x20 && s.p[plain] < 0x7f)
        plain++;
    if (plain == s.n)
        return s;
    enum { LONGEST_ESCAPE = 10 };
    struct buf b;
    buf_init(&b, s.n * LONGEST_ESCAPE + LONGEST_ESCAPE);
    utf8_add_printable(&b, s, max_bytes);
    struct str kept = arena_copy(r->c->arena, buf_str(&b));
    wire_expect_memory(&r->in, !b.failed && kept.p != NULL);
    buf_clear(&b);
    return kept;
}

/* Inside the object's bytes in the message, or nowhere. */
static bool is_inside(const struct content_object *of, size_t offset, size_t length)
{
    if (offset == 0 && length == 0)
        return true;
    return offset >= of->offset && offset - of->offset <= of->length &&
           length <= of->length - (offset - of->offset);
}

static void check_member(struct reader *r, size_t i, const struct content_object *o)
{
    struct wire_in *in = &r->in;
    if (i == 0) {
        wire_expect(in, o->parent == -1, "the object has a parent");
        return;
    }
    wire_expect(in, o->parent >= 0 && (size_t)o->parent < i, "a member before its archive");
    if (in->bad == NULL)
        wire_expect(in, o->depth == r->objects[o->parent].depth + 1, "a member at another depth");
    wire_expect(in, is_inside(r->of, o->offset, o->length), "a member outside of its part");
}

/* Its own, the next of those that came; or those of the object `same` before it. */
static void take_bytes(struct reader *r, struct content_object *o, uint64_t n, uint32_t same)
{
    const struct content_object *owner = r->in.bad != NULL || same == 0 ? NULL : &r->objects[same];
    wire_expect(&r->in, owner != NULL || n <= r->bytes.n,
                "a member longer than the bytes that came");
    wire_expect(&r->in, owner == NULL || (o->has_bytes && owner->has_bytes && owner->bytes.n == n),
                "the bytes of another member that are not like it");
    if (r->in.bad != NULL)
        return;
    if (owner != NULL) {
        o->bytes = owner->bytes;
        r->n_with_bytes++;
        return;
    }
    o->bytes = str_slice(r->bytes, 0, (size_t)n);
    r->bytes = str_slice(r->bytes, (size_t)n, r->bytes.n);
    r->n_with_bytes += o->has_bytes;
}

static void read_objects(struct reader *r)
{
    struct wire_in *in = &r->in;
    r->n = wire_get_count(in, FRAME_MAX_OBJECTS, FRAME_OBJECT_MIN_BYTES, "number of objects");
    wire_expect(in, r->n >= 1, "no object");
    r->objects = in->bad != NULL ? NULL : arena_new(r->c->arena, struct content_object, r->n);
    r->owners = in->bad != NULL ? NULL : arena_new(r->c->arena, uint32_t, r->n);
    wire_expect_memory(in, r->objects != NULL && r->owners != NULL);
    for (size_t i = 0; i < r->n && in->bad == NULL; i++) {
        uint64_t bytes_n = 0;
        struct content_object o = frame_get_object(in, r->c->arena, &bytes_n);
        uint32_t same = wire_get_u32(in, (uint32_t)(i == 0 ? 0 : i - 1), "object: same bytes as");
        check_member(r, i, &o);
        o.part = r->of->part;
        o.message_depth = r->of->message_depth;
        o.member = printable(r, o.member, FRAME_MAX_PATH_BYTES);
        if (i == 0)
            o.depth = r->of->depth;
        else
            take_bytes(r, &o, bytes_n, same);
        r->objects[i] = o;
        r->owners[i] = same;
    }
    wire_expect(in, r->bytes.n == 0, "bytes that belong to no member");
}

static bool may_raise(uint32_t id)
{
    struct str name = finding_kind((enum finding_id)id)->name;
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        if (str_starts(name, groups[i]))
            return true;
    return false;
}

static struct finding read_finding(struct reader *r)
{
    struct wire_in *in = &r->in;
    uint32_t id = wire_get_u32(in, FINDING_COUNT - 1, "finding: id");
    wire_expect(in, may_raise(id), "a finding that is not a worker's to raise");
    struct finding f = {.id = (enum finding_id)id};
    f.severity = (enum severity)wire_get_u32(in, SEV_CRITICAL, "finding: severity");
    f.evidence = wire_get_str(in, EVIDENCE_MAX_BYTES, "finding: evidence");
    f.where.member = wire_get_str(in, FRAME_MAX_PATH_BYTES, "finding: member");
    f.where.has_offset = wire_get_bool(in, "finding: has offset");
    f.where.offset = (size_t)wire_get_u64(in, SIZE_MAX, "finding: offset");
    f.where.length = (size_t)wire_get_u64(in, SIZE_MAX, "finding: length");
    wire_expect(in, is_inside(r->of, f.where.offset, f.where.length),
                "a finding outside of its part");
    f.evidence = printable(r, f.evidence, EVIDENCE_MAX_BYTES);
    f.where.member = printable(r, f.where.member, FRAME_MAX_PATH_BYTES);
    f.where.part = r->of->part;
    return f;
}

static void read_findings(struct reader *r)
{
    struct wire_in *in = &r->in;
    size_t n = wire_get_count(in, FINDINGS_MAX, FINDING_MIN_BYTES, "number of findings");
    r->findings = n == 0 ? NULL : arena_new(r->c->arena, struct finding, n);
    wire_expect_memory(in, n == 0 || r->findings != NULL);
    for (size_t i = 0; i < n && in->bad == NULL; i++)
        r->findings[i] = read_finding(r);
    r->n_findings = n;
    r->dropped = (size_t)wire_get_u64(in, UINT32_MAX, "dropped findings");
    r->starved = wire_get_bool(in, "starved");
}

/* ---- into the report of the message ---- */

static int hash_members(struct reader *r, struct mp_err *err)
{
    for (size_t i = 1; i < r->n; i++) {
        struct content_object *o = &r->objects[i];
        const struct content_object *owner = &r->objects[r->owners[i]];
        if (r->owners[i] != 0)
            memcpy(o->sha256, owner->sha256, sizeof o->sha256);
        else if (o->has_bytes && !digest_once(DIGEST_SHA256, o->bytes, o->sha256))
            return mp_fail(err, MP_E_CRYPTO, 0, "SHA-256 of a member failed");
    }
    return MP_OK;
}

static int append_objects(struct reader *r, struct mp_err *err)
{
    struct content_report *report = r->c->report;
    size_t base = report->n, more = r->n - 1;
    if (more > INT32_MAX - base)
        return mp_fail(err, MP_E_LIMIT, INT32_MAX, "too many objects in one message");
    if (base + more > report->cap) {
        struct content_object *grown =
            arena_grow(r->c->arena, report->objects, base, base + more, sizeof *report->objects);
        if (grown == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for the members of an archive");
        report->objects = grown;
        report->cap = base + more;
    }
    for (size_t i = 1; i < r->n; i++) {
        struct content_object o = r->objects[i];
        o.parent = (int32_t)(o.parent == 0 ? r->index : base + (size_t)o.parent - 1);
        report->objects[report->n++] = o;
    }
    report->objects[r->index].encrypted |= r->objects[0].encrypted;
    return MP_OK;
}

static void append_findings(struct reader *r)
{
    struct finding_list *list = &r->c->report->findings;
    for (size_t i = 0; i < r->n_findings; i++) {
        struct finding *f = finding_add(list, r->findings[i].id, r->findings[i].where, "%s", "");
        if (f == NULL)
            continue;
        f->severity = r->findings[i].severity;
        f->evidence = r->findings[i].evidence;
    }
    list->dropped += r->dropped;
    list->starved |= r->starved;
}

/* What the worker says it spent, but no less than what came, and no more than it had. */
static void spend(const struct reader *r, const struct content_budget *sent,
                  const struct content_budget *left, size_t bytes_n)
{
    struct content_budget *b = r->c->budget;
    uint64_t bytes = sent->bytes_left - left->bytes_left;
    size_t objects = sent->objects_left - left->objects_left;
    bytes = bytes < bytes_n ? bytes_n : bytes;
    objects = objects < r->n_with_bytes ? r->n_with_bytes : objects;
    b->bytes_left -= bytes < b->bytes_left ? bytes : b->bytes_left;
    b->objects_left -= objects < b->objects_left ? (unsigned)objects : b->objects_left;
    unsigned pictures = sent->pictures_left - left->pictures_left;
    b->pictures_left -= pictures < b->pictures_left ? pictures : b->pictures_left;
}

int frame_report_read(struct str frame, struct str bytes, const struct content_budget *sent,
                      struct content *c, size_t object, struct frame_answer *out,
                      struct mp_err *err)
{
    struct reader r = {.in = frame_open(frame, FRAME_REPORT),
                       .c = c,
                       .of = &c->report->objects[object],
                       .index = object,
                       .bytes = bytes};
    int status = -(int)wire_get_u32(&r.in, -MP_E_INTERNAL, "status");
    struct str reason = wire_get_str(&r.in, MP_ERR_TEXT_MAX, "reason");
    reason = printable(&r, reason, MP_ERR_TEXT_MAX);
    r.complete = wire_get_bool(&r.in, "complete");
    struct content_budget left = frame_get_budget(&r.in);
    wire_expect(&r.in,
                left.objects_left <= sent->objects_left && left.bytes_left <= sent->bytes_left &&
                    left.pictures_left <= sent->pictures_left,
                "a budget that has grown");
    read_objects(&r);
    read_findings(&r);
    if (r.in.bad == NULL)
        frame_get_found(&r.in, c->arena, r.n, &r.found);
    const struct content_report before = *c->report;
    int st = frame_close(&r.in, "answer", err);
    if (st == MP_OK)
        st = hash_members(&r, err);
    if (st == MP_OK)
        st = append_objects(&r, err);
    if (st != MP_OK)
        return st;
    append_findings(&r);
    st = content_append_found(c, &r.found, object, before.n, err);
    if (st != MP_OK) {
        *c->report = before;
        return st;
    }
    spend(&r, sent, &left, bytes.n);
    c->report->complete &= r.complete && status == MP_OK && !r.starved;
    *out = (struct frame_answer){status, reason, r.n - 1};
    return MP_OK;
}
