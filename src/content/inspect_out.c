/* Bytes that come out of archives: the budget is spent here, and bombs are stopped. */
#include <inttypes.h>

#include "content/inspect_internal.h"

enum { OUT_KEEP_BUFFER_BYTES = 16 * 1024 * 1024 };

static const char *const reasons[CUT_REASONS] = {
    [CUT_OBJECTS] = "more members than are unpacked of one message",
    [CUT_LISTED] = "more members than are looked at",
    [CUT_DEPTH] = "archives within archives, deeper than is looked at",
    [CUT_BYTES] = "more bytes than are unpacked of one message",
    [CUT_RATIO] = "far more bytes come out than went in",
    [CUT_MEMORY] = "more memory than an inspection may have",
    [CUT_HEADERS] = "more directories or headers than are looked at",
};

void inspect_cut(struct inspector *in, enum cut_reason why)
{
    in->c->report->complete = false;
    if (in->told[why])
        return;
    in->told[why] = true;
    finding_add(in->site.findings, FINDING_LIMIT_CONTENT, in->site.where, "%s", reasons[why]);
}

static void tell_bomb(struct inspector *in, const char *what, uint64_t out, uint64_t from)
{
    if (in->out_bomb_told)
        return;
    in->out_bomb_told = true;
    finding_add(in->site.findings, FINDING_ARCHIVE_BOMB, site_member(&in->site, in->out_name),
                "%s %" PRIu64 " bytes from %" PRIu64, what, out, from);
}

static bool is_bomb(const struct inspector *in, uint64_t out, uint64_t from)
{
    const struct content_limits *l = in->c->limits;
    return out > l->ratio_floor_bytes && out / l->max_ratio > from;
}

/* Members that share their bytes make us read them again and again; two views of each may. */
static bool is_shared(struct inspector *in, uint64_t packed)
{
    in->archive_read += packed;
    if (in->archive_read <= 2 * in->archive_in + INSPECT_SHARED_BYTES)
        return false;
    tell_bomb(in, "with those before it, shares the same bytes: it unpacks", in->archive_read,
              in->archive_in);
    inspect_cut(in, CUT_RATIO);
    in->stop_archive = true;
    return true;
}

bool out_begin(struct inspector *in, struct str name, uint64_t packed, uint64_t declared)
{
    buf_reset(&in->out);
    in->out_n = 0;
    in->out_packed = packed == OUT_PACKED_UNKNOWN ? in->archive_in : packed;
    in->out_name = name;
    in->out_bomb_told = false;
    in->out_max = UINT64_MAX;
    if (is_bomb(in, declared, in->out_packed)) {
        tell_bomb(in, "says that it unpacks to", declared, in->out_packed);
        in->out_max = in->c->limits->ratio_floor_bytes;
    }
    if (in->c->budget->objects_left == 0)
        inspect_cut(in, CUT_OBJECTS);
    return in->c->budget->objects_left > 0 && !in->stop && !in->stop_archive &&
           (packed == OUT_PACKED_UNKNOWN || !is_shared(in, packed));
}

bool out_charge(struct inspector *in, size_t n)
{
    struct content_budget *budget = in->c->budget;
    if (n > budget->bytes_left) {
        budget->bytes_left = 0;
        in->stop = true;
        tell_bomb(in, "with all before it, unpacks to more than", in->c->limits->max_decoded_bytes,
                  in->payload_in);
        inspect_cut(in, CUT_BYTES);
        return false;
    }
    budget->bytes_left -= n;
    in->out_n += n;
    in->archive_out += n;
    if (is_bomb(in, in->payload_out + in->out_n, in->payload_in))
        in->stop = true;
    if (is_bomb(in, in->archive_out, in->archive_in))
        in->stop_archive = true;
    bool alone = in->out_n > in->out_max || is_bomb(in, in->out_n, in->out_packed);
    if (!alone && !in->stop && !in->stop_archive)
        return true;
    if (alone)
        tell_bomb(in, "unpacks to more than", in->out_n, in->out_packed);
    else if (in->stop_archive)
        tell_bomb(in, "its archive unpacks to more than", in->archive_out, in->archive_in);
    else
        tell_bomb(in, "all in it unpacks to more than", in->payload_out + in->out_n,
                  in->payload_in);
    inspect_cut(in, CUT_RATIO);
    return false;
}

char *out_room(struct inspector *in, size_t n)
{
    char *p = buf_reserve(&in->out, n);
    if (p == NULL)
        inspect_cut(in, CUT_MEMORY);
    return p;
}

bool out_more(struct inspector *in, size_t n)
{
    if (!out_charge(in, n))
        return false;
    in->out.n += n;
    return true;
}

bool out_add(struct inspector *in, struct str bytes)
{
    for (size_t at = 0; at < bytes.n;) {
        struct str step = str_slice(bytes, at, at + UNPACK_STEP_BYTES);
        char *room = out_room(in, step.n);
        if (room == NULL)
            return false;
        memcpy(room, step.p, step.n);
        if (!out_more(in, step.n))
            return false;
        at += step.n;
    }
    return true;
}

struct str out_keep(struct inspector *in, enum unpacked how)
{
    size_t n = how == UNPACKED_CUT && in->out.n > INSPECT_BOMB_HEAD_BYTES ? INSPECT_BOMB_HEAD_BYTES
                                                                          : in->out.n;
    struct str kept = arena_copy(in->c->arena, str_make(in->out.p, n));
    if (kept.p == NULL)
        inspect_cut(in, CUT_MEMORY);
    if (how == UNPACKED_CUT)
        in->payload_out += in->out_n;
    if (in->out.cap > OUT_KEEP_BUFFER_BYTES)
        buf_clear(&in->out);
    return kept;
}
