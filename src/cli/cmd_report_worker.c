/* What reading of reports starts: our own program as the zygote of workers that read them. Not for
 * people, so it stands in no list of commands: src/feedback/parse.h tells what it is. */
#include "cli/cli.h"
#include "feedback/parse.h"

int cmd_report_worker(int argc, char **argv)
{
    if (argc > 1)
        return usage_error(REPORT_WORKER_COMMAND, "takes no argument, and not '%s'", argv[1]);
    int code = feedback_worker_main();
    if (code == EXIT_USAGE_ERROR)
        usage_error(REPORT_WORKER_COMMAND, "mailproof calls this itself, to read reports");
    return code;
}
