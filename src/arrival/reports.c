/* Reports taken out of a mailbox, each message once, deleted when they are stored. */
#include "arrival/reports.h"

enum { LOOK_ARENA_BYTES = 1536 << 20 }; /* ARRIVAL_MAX_COPIES messages of the largest size */

struct collecting {
    const struct reports_inbox *in;
    struct reports_counts *out;
    struct mailbox_reader *reader;
    struct arena look, item; /* of one look, of one message */
    struct mp_err *err;
};

static int take(struct collecting *c, const struct mailbox_hit *hit)
{
    const struct reports_inbox *in = c->in;
    struct feedback_content content;
    arena_reset(&c->item);
    struct str label =
        arena_fmt(&c->item, STR_FMT "/" STR_FMT, STR_ARG(hit->folder), STR_ARG(hit->id));
    int st = feedback_parse(&c->item, in->sandbox, hit->raw, in->deadline_us, &content, c->err);
    if (st != MP_OK)
        return st;
    c->out->messages++;
    c->out->lost += feedback_is_lost(&content);
    c->out->without += content.n == 0 && !feedback_is_lost(&content);
    st = feedback_store_put(in->store, &content, in->mailbox.url, in->now_s, &c->out->put, c->err);
    if (st == MP_OK && in->told != NULL)
        in->told(in->ctx, label, &content);
    mailbox_skip(c->reader, hit);
    if (st == MP_OK && in->remove && content.n > 0) {
        st = mailbox_delete(c->reader, hit, in->deadline_us, c->err);
        c->out->removed += st == MP_OK;
    }
    return st;
}

int reports_collect(const struct reports_inbox *in, struct reports_counts *out, struct mp_err *err)
{
    const struct mailbox_match any = {0};
    struct mailbox_config config = in->mailbox;
    struct collecting c = {.in = in, .out = out, .err = err};
    struct mailbox_hit *hits = NULL;
    size_t n = 0;
    config.all = true;
    int st = mailbox_open(&config, in->deadline_us, &c.reader, err);
    if (st != MP_OK)
        return st;
    arena_init(&c.look, LOOK_ARENA_BYTES);
    arena_init(&c.item, FEEDBACK_ARENA_MAX_BYTES);
    do {
        arena_reset(&c.look);
        st = mailbox_find(c.reader, &any, &c.look, in->deadline_us, &hits, &n, err);
        for (size_t i = 0; st == MP_OK && i < n; i++)
            st = take(&c, &hits[i]);
    } while (st == MP_OK && n > 0);
    mailbox_close(c.reader);
    arena_clear(&c.item);
    arena_clear(&c.look);
    return st;
}
