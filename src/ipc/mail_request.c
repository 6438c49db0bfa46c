/* A request as bytes. */
#include "ipc/mail_request.h"

#include "ipc/wire_ip.h"

static const char *const mode_names[MAIL_MODES] = {"inbound", "outbound", "monitor", "scan"};

const char *mail_mode_name(enum mail_mode m)
{
    return mode_names[m];
}

bool mail_mode_by_name(struct str s, enum mail_mode *out)
{
    for (unsigned i = 0; i < MAIL_MODES; i++)
        if (str_eq(s, str_from(mode_names[i]))) {
            *out = (enum mail_mode)i;
            return true;
        }
    return false;
}

void mail_request_write(struct buf *out, const struct mail_request *r)
{
    wire_put_u64(out, r->number);
    wire_put_u32(out, r->kind);
    wire_put_u32(out, r->mode);
    wire_put_str(out, r->id);
    wire_put_str(out, r->listener);
    wire_put_u64(out, (uint64_t)r->now_s);
    wire_put_u32(out, r->deadline_ms);
    wire_put_ip(out, &r->client);
    wire_put_u32(out, r->client_port);
    const struct str texts[] = {r->client_name, r->helo,      r->tls,      r->cipher,
                                r->auth_user,   r->auth_type, r->queue_id, r->mail_from};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        wire_put_str(out, texts[i]);
    wire_put_bool(out, r->has_mail_from);
    wire_put_u32(out, (uint32_t)r->n_rcpt_to);
    for (size_t i = 0; i < r->n_rcpt_to; i++)
        wire_put_str(out, r->rcpt_to[i]);
    wire_put_bool(out, r->local);
    wire_put_bool(out, r->want_report);
    wire_put_bool(out, r->want_edits);
    wire_put_str(out, r->policy);
    wire_put_u64(out, r->message_bytes);
}

static void read_rcpts(struct arena *a, struct wire_in *in, struct mail_request *r)
{
    uint32_t n = wire_get_count(in, IPC_MAX_RCPTS, sizeof(uint32_t), "recipients");
    r->rcpt_to = n == 0 ? NULL : arena_new(a, struct str, n);
    wire_expect_memory(in, n == 0 || r->rcpt_to != NULL);
    for (uint32_t i = 0; in->bad == NULL && i < n; i++)
        r->rcpt_to[r->n_rcpt_to++] = wire_get_str(in, IPC_MAX_TEXT_BYTES, "recipient");
}

int mail_request_read(struct arena *a, struct str frame, struct mail_request *out,
                      struct mp_err *err)
{
    struct wire_in in = {.left = frame};
    struct mail_request r = {.number = wire_get_u64(&in, UINT64_MAX, "number")};
    r.kind = (enum mail_kind)wire_get_u32(&in, MAIL_WARM, "kind");
    r.mode = (enum mail_mode)wire_get_u32(&in, MAIL_MODES - 1, "mode");
    r.id = wire_get_str(&in, IPC_MAX_TEXT_BYTES, "id");
    r.listener = wire_get_str(&in, IPC_MAX_TEXT_BYTES, "listener");
    r.now_s = (int64_t)wire_get_u64(&in, INT64_MAX, "time");
    r.deadline_ms = wire_get_u32(&in, UINT32_MAX, "deadline");
    r.client = wire_get_ip(&in);
    r.client_port = wire_get_u32(&in, UINT16_MAX, "port");
    struct str *const texts[] = {&r.client_name, &r.helo,      &r.tls,      &r.cipher,
                                 &r.auth_user,   &r.auth_type, &r.queue_id, &r.mail_from};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i] = wire_get_str(&in, IPC_MAX_TEXT_BYTES, "text");
    r.has_mail_from = wire_get_bool(&in, "has_mail_from");
    read_rcpts(a, &in, &r);
    r.local = wire_get_bool(&in, "local");
    r.want_report = wire_get_bool(&in, "want_report");
    r.want_edits = wire_get_bool(&in, "want_edits");
    r.policy = wire_get_str(&in, POLICY_MAX_BYTES, "policy");
    r.message_bytes = wire_get_u64(&in, UINT32_MAX, "message size");
    wire_expect(&in, in.left.n == 0, "bytes behind the end");
    if (in.bad == NULL) {
        *out = r;
        return MP_OK;
    }
    return mp_fail(err, in.starved ? MP_E_NOMEM : MP_E_SYNTAX, 0, "request for a worker: %s",
                   in.bad);
}
