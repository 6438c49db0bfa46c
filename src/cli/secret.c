/* Passwords and tokens: from a file, the environment or a terminal. */
#include "cli/secret.h"

#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"
#include "crypto/hmac.h"

int secret_of_file(const char *command, const char *path, struct arena *a, struct str *out)
{
    struct mp_err err = {0};
    struct buf text;
    int st = read_whole(path, SECRET_MAX_BYTES, &text, &err);
    if (st == MP_OK) {
        struct str s = buf_str(&text);
        while (s.n > 0 && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
            s.n--;
        *out = arena_copy(a, s);
        crypto_wipe(text.p, text.n);
    }
    buf_clear(&text);
    return st == MP_OK ? EXIT_PASSED : report_failure(command, &err);
}

int secret_of_variable(const char *command, const char *option, const char *name, struct str *out)
{
    const char *value = getenv(name);
    if (value == NULL || *value == '\0')
        return usage_error(command, "%s %s: there is no such environment variable, or it is empty",
                           option, name);
    *out = str_from(value);
    return EXIT_PASSED;
}

/* From a terminal, without echo. */
static int ask(const char *command, const char *option, struct str user, struct arena *a,
               struct str *out)
{
    struct termios saved, silent;
    char line[SECRET_MAX_BYTES];
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved) != 0)
        return usage_error(command,
                           "the password of %.*s is missing: set MAILPROOF_PASSWORD, or use %s",
                           STR_ARG(user), option);
    silent = saved;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    fprintf(stderr, "password of %.*s: ", STR_ARG(user));
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    bool ok = fgets(line, sizeof line, stdin) != NULL;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
    fputs("\n", stderr);
    if (!ok)
        return usage_error(command, "no password was given");
    line[strcspn(line, "\r\n")] = '\0';
    *out = arena_copy(a, str_from(line));
    explicit_bzero(line, sizeof line);
    return EXIT_PASSED;
}

int secret_find(const char *command, const char *option, struct str user, struct arena *a,
                struct str *out)
{
    const char *from_environment = getenv("MAILPROOF_PASSWORD");
    if (from_environment == NULL)
        return ask(command, option, user, a, out);
    *out = str_from(from_environment);
    return EXIT_PASSED;
}
