/* What --extract prints. */
#ifndef MP_CLI_WAIT_OUTPUT_H
#define MP_CLI_WAIT_OUTPUT_H

#include "cli/wait_options.h"

/* One line each, in the order asked for, into `out`. Nothing for what was not found. Whatever the
 * message holds: no control character, no line break, no workflow command. */
void wait_extract(const struct wait_command *c, const struct arrival *x, struct buf *out);

#endif
