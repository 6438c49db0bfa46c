/* `mailproof explain`: what a finding means, from the catalogue. */
#include <stdio.h>

#include "cli/cli.h"
#include "report/report.h"

const char explain_help[] =
    "  Name findings (auth.dmarc.fail) or stages (auth); without a name all are listed.\n";

enum { EXPLAIN_MAX_BYTES = 1 << 20 };

static void list_all(struct buf *out, struct str stage)
{
    for (size_t i = 0; i < FINDING_COUNT; i++) {
        const struct finding_kind *k = finding_kind((enum finding_id)i);
        bool inside = stage.n == 0 || (str_starts(k->name, stage) && k->name.n > stage.n &&
                                       k->name.p[stage.n] == '.');
        if (inside)
            buf_addf(out, "%-34s %-8s %s\n", k->name.p, severity_name(k->severity), k->title);
    }
}

int cmd_explain(int argc, char **argv)
{
    struct mp_err err = {0};
    struct buf out;
    bool valid;
    int code = EXIT_PASSED;
    bool colour = want_colour("auto", stdout, &valid);
    buf_init(&out, EXPLAIN_MAX_BYTES);
    if (argc == 1)
        list_all(&out, STR_NONE);
    for (int i = 1; i < argc; i++) {
        enum finding_id id;
        size_t before = out.n;
        if (finding_by_name(str_from(argv[i]), &id))
            report_explain(&out, id, colour, terminal_width(stdout));
        else
            list_all(&out, str_from(argv[i]));
        if (out.n == before)
            code = usage_error("explain", "no finding is named '%s'; `mailproof explain` lists all",
                               argv[i]);
    }
    if (write_whole(NULL, buf_str(&out), &err) != MP_OK)
        code = report_failure("explain", &err);
    buf_clear(&out);
    return code;
}
