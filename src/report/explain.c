/* `explain`: one kind of finding as a page for people. */
#include "report/text_internal.h"

enum { LABEL_COLUMN = 13 };

static void row(struct flow *f, const char *label, const char *words)
{
    flow_line(f, COLUMN_NAME, LABEL_COLUMN);
    flow_putz(f, FLOW_DIM, label);
    flow_pad(f, LABEL_COLUMN);
    flow_putz(f, FLOW_PLAIN, words);
    flow_end(f);
}

/* What the built-in policy does with it, by asking the policy. */
static enum verdict_action default_action(enum finding_id id)
{
    struct policy policy;
    struct verdict v;
    struct finding one = {.id = id, .severity = finding_kind(id)->severity};
    struct finding_list list = {.items = &one, .n = 1};
    policy_default(&policy);
    verdict_decide(&policy, &list, DMARC_REQUEST_NONE, true, &v);
    return v.action;
}

void report_explain(struct buf *out, enum finding_id id, bool colour, unsigned width)
{
    const struct finding_kind *kind = finding_kind(id);
    enum verdict_action action = default_action(id);
    struct flow f;
    flow_init(&f, out, width, colour);
    flow_line(&f, 0, COLUMN_NAME);
    flow_put(&f, FLOW_BOLD, kind->name);
    flow_putz(&f, FLOW_PLAIN, "  ");
    flow_putz(&f, severity_style(kind->severity), severity_name(kind->severity));
    flow_end(&f);
    row(&f, "means", kind->title);
    row(&f, "do", kind->remedy);
    if (*kind->reference != '\0')
        row(&f, "reference", kind->reference);
    if (id == FINDING_AUTH_DMARC_FAIL)
        row(&f, "by default",
            "what the author domain's policy asks for; tag when it asks for nothing");
    else
        row(&f, "by default", action_name(action));
    flow_clear(&f);
}
