/* What an update of feeds starts: our own program as the zygote of workers that read feeds. Not for
 * people, so it stands in no list of commands: src/feeds/parse.h tells what it is. */
#include "cli/cli.h"
#include "feeds/parse.h"

int cmd_feed_worker(int argc, char **argv)
{
    if (argc > 1)
        return usage_error(FEED_WORKER_COMMAND, "takes no argument, and not '%s'", argv[1]);
    int code = feed_worker_main();
    if (code == EXIT_USAGE_ERROR)
        usage_error(FEED_WORKER_COMMAND, "mailproof calls this itself, to read feeds");
    return code;
}
