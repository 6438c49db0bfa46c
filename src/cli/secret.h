/* Passwords and tokens: from a file, the environment or a terminal, never from the command line. */
#ifndef MP_CLI_SECRET_H
#define MP_CLI_SECRET_H

#include "base/arena.h"
#include "cli/cli.h"

enum { SECRET_MAX_BYTES = 8 << 10 };

/* All return an exit code; EXIT_PASSED: *out is the secret, in the arena or the environment. */

/* The file's text without the line ends behind it; "-" is standard input. */
int secret_of_file(const char *command, const char *path, struct arena *a, struct str *out);
/* The variable, which must be there and not empty. */
int secret_of_variable(const char *command, const char *option, const char *name, struct str *out);
/* MAILPROOF_PASSWORD, or what is typed at a terminal. `option`: what to use else, for the error. */
int secret_find(const char *command, const char *option, struct str user, struct arena *a,
                struct str *out);

#endif
