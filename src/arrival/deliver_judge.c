/* How sending ended, as a check with its finding. */
#include "arrival/proof.h"

/* Which finding tells a refusal at that stage, for good and for now. */
static const struct {
    enum smtp_stage at;
    enum finding_id refused, deferred;
} stages[] = {
    {SMTP_STAGE_BANNER, FINDING_FLOW_SMTP_BANNER_REFUSED, FINDING_FLOW_SMTP_BANNER_REFUSED},
    {SMTP_STAGE_EHLO, FINDING_FLOW_SMTP_EHLO_REFUSED, FINDING_FLOW_SMTP_EHLO_REFUSED},
    {SMTP_STAGE_EHLO_TLS, FINDING_FLOW_SMTP_EHLO_REFUSED, FINDING_FLOW_SMTP_EHLO_REFUSED},
    {SMTP_STAGE_STARTTLS, FINDING_FLOW_STARTTLS_REFUSED, FINDING_FLOW_STARTTLS_REFUSED},
    {SMTP_STAGE_XCLIENT, FINDING_FLOW_XCLIENT_REFUSED, FINDING_FLOW_XCLIENT_REFUSED},
    {SMTP_STAGE_AUTH, FINDING_FLOW_AUTH_FAILED, FINDING_FLOW_AUTH_NOT_TRIED},
    {SMTP_STAGE_MAIL, FINDING_FLOW_MAIL_REFUSED, FINDING_FLOW_MAIL_DEFERRED},
    {SMTP_STAGE_RCPT, FINDING_FLOW_RCPT_REFUSED, FINDING_FLOW_RCPT_DEFERRED},
};

static enum finding_id finding_at(enum smtp_stage at, bool for_good)
{
    for (size_t i = 0; i < ARRAY_LEN(stages); i++)
        if (stages[i].at == at)
            return for_good ? stages[i].refused : stages[i].deferred;
    return for_good ? FINDING_FLOW_MESSAGE_REFUSED : FINDING_FLOW_MESSAGE_DEFERRED;
}

static void judge_unmet(struct check_list *c, const struct deliver_result *d)
{
    bool has_certificate = d->client.has_tls;
    switch (d->at) {
    case SMTP_STAGE_CONNECT:
        check_add_as(c, SEV_HIGH, FINDING_FLOW_ROUTE_NULL_MX, "%.*s", STR_ARG(d->reason));
        break;
    case SMTP_STAGE_AUTH:
        check_add(c, FINDING_FLOW_AUTH_UNAVAILABLE, "%.*s", STR_ARG(d->reason));
        break;
    case SMTP_STAGE_XCLIENT:
        check_add(c, FINDING_FLOW_XCLIENT_REFUSED, "%.*s", STR_ARG(d->reason));
        check_undecided(c);
        break;
    default:
        check_add_as(c, SEV_HIGH,
                     has_certificate ? FINDING_FLOW_CERT_UNTRUSTED : FINDING_FLOW_STARTTLS_MISSING,
                     "%.*s", STR_ARG(d->reason));
        break;
    }
}

/* Nobody listens: that is certain. All else about a conversation that broke is not. */
static void judge_broken(struct check_list *c, const struct deliver_result *d)
{
    if (d->talked && d->client.fault == SMTP_FAULT_REFUSED) {
        check_add_as(c, SEV_HIGH, FINDING_FLOW_CONNECT_REFUSED, "%.*s", STR_ARG(d->reason));
        return;
    }
    check_add(c, FINDING_FLOW_MESSAGE_UNDECIDED, "%.*s", STR_ARG(d->reason));
    check_undecided(c);
}

static void judge_partly(struct check_list *c, const struct deliver_result *d)
{
    for (size_t i = 0; i < d->n_rcpts; i++) {
        const struct deliver_rcpt *r = &d->rcpts[i];
        const struct smtp_reply *reply = r->end.code != 0 ? &r->end : &r->reply;
        if (r->delivered)
            continue;
        check_add(c, finding_at(SMTP_STAGE_RCPT, smtp_reply_permanent(reply)), "%.*s: %u %.*s",
                  STR_ARG(r->address), reply->code, STR_ARG(reply->text));
        if (!smtp_reply_permanent(reply))
            check_undecided(c);
    }
}

static struct str tls_words(const struct deliver_result *d)
{
    return d->client.has_tls ? d->client.tls.version : STR("no TLS");
}

void deliver_judge(struct check_list *checks, const struct deliver_result *d, bool may_refuse)
{
    check_begin(checks, d->group, "sent");
    switch (d->outcome) {
    case DELIVER_SENT:
        check_end(checks, d->elapsed_us, "%u %.*s (%.*s%s%s)", d->reply.code,
                  STR_ARG(d->reply.text), STR_ARG(tls_words(d)), d->auth_mech != NULL ? ", " : "",
                  d->auth_mech != NULL ? d->auth_mech : "");
        return;
    case DELIVER_PARTLY:
        judge_partly(checks, d);
        break;
    case DELIVER_REFUSED:
        check_add_as(checks, may_refuse ? SEV_INFO : SEV_HIGH, finding_at(d->at, true), "%.*s",
                     STR_ARG(d->reason));
        break;
    case DELIVER_DEFERRED:
        check_add_as(checks, SEV_MEDIUM, finding_at(d->at, false), "%.*s", STR_ARG(d->reason));
        check_undecided(checks);
        break;
    case DELIVER_UNMET:
        judge_unmet(checks, d);
        break;
    case DELIVER_UNDECIDED:
        judge_broken(checks, d);
        break;
    }
    check_end(checks, d->elapsed_us, "%s: %.*s", deliver_outcome_name(d->outcome),
              STR_ARG(d->reason));
}
