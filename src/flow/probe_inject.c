/* STARTTLS command injection (CVE-2011-0411): a command behind STARTTLS, in the same write. */
#include "flow/probe_internal.h"

static void say(struct prober *p, struct probe_server *s, enum probe_injection verdict,
                const char *what, struct str detail)
{
    s->notes->injection = verdict;
    s->notes->injection_text =
        arena_fmt(&p->probe->arena, "%s%s%.*s", what, detail.n > 0 ? ": " : "", STR_ARG(detail));
}

/* Hanging up carries nothing over; silence leaves it open. */
static void gave_up(struct prober *p, struct probe_server *s, const struct smtp_client *c,
                    const struct mp_err *err)
{
    bool silent = c->fault == SMTP_FAULT_TIMEOUT || c->fault == SMTP_FAULT_LOCAL;
    say(p, s, silent ? PROBE_INJECTION_UNDECIDED : PROBE_INJECTION_SAFE,
        silent ? "no answer" : "the server gave up", probe_sentence(&p->probe->arena, err));
}

/* In TLS we say one EHLO. A server that has carried NOOP over answers that first, so that a second
 * reply comes before that to QUIT. No clock decides: every command has its reply. */
static void count_replies(struct prober *p, struct probe_server *s, struct smtp_client *c)
{
    struct mp_err err = {0};
    struct buf line;
    buf_init(&line, SMTP_COMMAND_MAX_BYTES);
    bool ok = smtp_write_verb(&line, p->lmtp ? "LHLO" : "EHLO", p->options->helo, &err) == MP_OK &&
              smtp_send_raw(c, buf_str(&line), SMTP_STAGE_EHLO_TLS, &err) == MP_OK &&
              smtp_read_reply(c, SMTP_STAGE_EHLO_TLS, 0, &err) == MP_OK;
    buf_clear(&line);
    if (!ok) {
        gave_up(p, s, c, &err);
        return;
    }
    ok = smtp_send_raw(c, STR("QUIT\r\n"), SMTP_STAGE_QUIT, &err) == MP_OK &&
         smtp_read_reply(c, SMTP_STAGE_QUIT, 0, &err) == MP_OK;
    if (!ok || c->last.code == 221)
        say(p, s, PROBE_INJECTION_SAFE, "dropped", STR(""));
    else
        say(p, s, PROBE_INJECTION_CARRIED, "NOOP was answered in TLS before EHLO",
            probe_reply_text(&p->probe->arena, &c->last));
}

static void inject(struct prober *p, struct probe_server *s, struct smtp_client *c)
{
    struct mp_err err = {0};
    struct arena *a = &p->probe->arena;
    if (smtp_send_raw(c, STR("STARTTLS\r\nNOOP\r\n"), SMTP_STAGE_STARTTLS, &err) != MP_OK ||
        smtp_read_reply(c, SMTP_STAGE_STARTTLS, 0, &err) != MP_OK) {
        gave_up(p, s, c, &err);
        return;
    }
    if (c->last.code != 220) {
        say(p, s, PROBE_INJECTION_SAFE, "STARTTLS was refused", probe_reply_text(a, &c->last));
        return;
    }
    if (c->in.n > 0 || conn_readable(c->conn, 0)) {
        say(p, s, PROBE_INJECTION_SAFE, "answered in the clear, before TLS", STR(""));
        return;
    }
    if (tls_handshake(c->config.tls, c->conn, c->config.sni, a, c->config.now_s,
                      c->config.deadline_us, &c->tls, &err) != MP_OK) {
        say(p, s, PROBE_INJECTION_SAFE, "no handshake came of it", probe_sentence(a, &err));
        return;
    }
    c->has_tls = true;
    count_replies(p, s, c);
}

void probe_inject(struct prober *p, struct probe_server *s)
{
    const struct probe_options *o = p->options;
    struct smtp_client c = {0};
    struct smtp_client_config config = probe_config(p, s);
    struct mp_err err = {0};
    if (!o->injection_test || !s->client.has_tls || p->tls == TARGET_TLS_IMPLICIT ||
        o->stop < PROBE_STOP_TLS)
        return;
    probe_progress(p, "%.*s: injection behind STARTTLS", STR_ARG(s->group));
    bool ready = smtp_open(&c, &config, &p->probe->arena, &err) == MP_OK &&
                 smtp_reply_ok(&c.banner) && smtp_ehlo(&c, &err) == MP_OK && smtp_reply_ok(&c.last);
    if (ready)
        inject(p, s, &c);
    else
        say(p, s, PROBE_INJECTION_UNDECIDED, "no second conversation",
            err.text[0] != '\0' ? probe_sentence(&p->probe->arena, &err)
                                : probe_reply_text(&p->probe->arena, &c.last));
    probe_keep_transcript(s, &c);
    smtp_close(&c);
}

void probe_judge_injection(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    const struct probe_notes *n = s->notes;
    if (n->injection == PROBE_INJECTION_NONE)
        return;
    check_begin(checks, s->group, "starttls.injection");
    if (n->injection == PROBE_INJECTION_CARRIED)
        check_add(checks, FINDING_FLOW_STARTTLS_INJECTION, "%.*s", STR_ARG(n->injection_text));
    if (n->injection == PROBE_INJECTION_UNDECIDED)
        check_undecided(checks);
    check_end(checks, -1, "%.*s", STR_ARG(n->injection_text));
}
