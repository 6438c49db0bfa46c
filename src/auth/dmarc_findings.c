/* What DMARC adds to the list of findings, and how bad it is. */
#include "auth/dmarc.h"

static const struct finding_where in_from = {.header = STR_INIT("From")};

/* High when a policy asks for action; with p=none the owner asks for nothing yet; below a trusted
 * forwarder's seal it is explained. */
static void fail_finding(struct finding_list *list, const struct dmarc_outcome *out)
{
    struct finding *f =
        out->override_reason.n == 0
            ? finding_add(list, FINDING_AUTH_DMARC_FAIL, in_from, STR_FMT "; policy %s",
                          STR_ARG(out->reason), dmarc_policy_name(out->policy))
            : finding_add(list, FINDING_AUTH_DMARC_FAIL, in_from, STR_FMT "; " STR_FMT,
                          STR_ARG(out->reason), STR_ARG(out->override_reason));
    if (f == NULL)
        return;
    if (out->override_reason.n != 0)
        f->severity = SEV_LOW;
    else if (out->policy == DMARC_P_NONE)
        f->severity = SEV_MEDIUM;
}

void dmarc_findings(struct auth_ctx *ctx, const struct dmarc_outcome *out)
{
    static const enum finding_id by_result[] = {[DMARC_NONE] = FINDING_AUTH_DMARC_NONE,
                                                [DMARC_TEMPERROR] = FINDING_AUTH_DMARC_TEMPERROR,
                                                [DMARC_PERMERROR] = FINDING_AUTH_DMARC_PERMERROR};
    struct finding_list *list = ctx->findings;
    if (out->result == DMARC_FAIL)
        fail_finding(list, out);
    else if (out->result != DMARC_PASS)
        finding_add(list, by_result[out->result], in_from, STR_FMT, STR_ARG(out->reason));
    if (out->record_problem.n != 0)
        finding_add(list, FINDING_AUTH_DMARC_RECORD, NOWHERE, STR_FMT,
                    STR_ARG(out->record_problem));
    if (out->tld_record)
        finding_add(list, FINDING_AUTH_DMARC_TLD_RECORD, in_from,
                    "the record of " STR_FMT " makes all names below it one organization",
                    STR_ARG(out->organizational_domain));
    if (out->psl_difference.n != 0)
        finding_add(list, FINDING_AUTH_DMARC_DISCOVERY, NOWHERE, STR_FMT,
                    STR_ARG(out->psl_difference));
}
