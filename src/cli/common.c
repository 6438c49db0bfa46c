/* What several commands need: errors, files, terminals, times. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "run/write_file.h"

int usage_error(const char *command, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "mailproof %s: ", command);
    vfprintf(stderr, fmt, ap);
    fprintf(stderr, "\n");
    va_end(ap);
    return EXIT_USAGE_ERROR;
}

int bad_option(const char *command, int option, char **argv)
{
    const char *word = argv[optind - 1];
    if (option == ':')
        return usage_error(command, "%s needs a value; `mailproof help %s` lists the options", word,
                           command);
    return usage_error(command, "unknown option '%s'; `mailproof help %s` lists the options", word,
                       command);
}

int report_failure(const char *command, const struct mp_err *err)
{
    fprintf(stderr, "mailproof %s: %s\n", command, err->text);
    return err->code == MP_E_TIMEOUT || err->code == MP_E_NOMEM || err->code == MP_E_CRYPTO
               ? EXIT_UNDECIDED
               : EXIT_USAGE_ERROR;
}

bool exit_style_by_name(const char *word, enum exit_style *out)
{
    if (strcmp(word, "nagios") != 0 && strcmp(word, "sysexits") != 0)
        return false;
    *out = word[0] == 'n' ? EXIT_STYLE_NAGIOS : EXIT_STYLE_SYSEXITS;
    return true;
}

int exit_styled(enum exit_style style, int code)
{
    static const int sysexits[] = {0, 65, 64, 75}, nagios[] = {0, 2, 3, 3};
    if (style == EXIT_STYLE_SYSEXITS)
        return sysexits[code];
    return style == EXIT_STYLE_NAGIOS ? nagios[code] : code;
}

bool want_colour(const char *word, FILE *stream, bool *valid)
{
    *valid = true;
    if (strcmp(word, "always") == 0)
        return true;
    if (strcmp(word, "never") == 0)
        return false;
    *valid = strcmp(word, "auto") == 0;
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
    bool dumb = term == NULL || strcmp(term, "dumb") == 0;
    return *valid && isatty(fileno(stream)) && (none == NULL || *none == '\0') && !dumb;
}

unsigned terminal_width(FILE *stream)
{
    struct winsize w;
    return isatty(fileno(stream)) && ioctl(fileno(stream), TIOCGWINSZ, &w) == 0 ? w.ws_col : 0;
}

int read_whole(const char *path, size_t max_bytes, struct buf *out, struct mp_err *err)
{
    enum { CHUNK = 64 * 1024 };
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    int st = MP_OK;
    buf_init(out, max_bytes);
    if (f == NULL)
        return mp_fail(err, MP_E_IO, errno, "%s: %s", path, strerror(errno));
    for (size_t n = 1; n > 0 && st == MP_OK;) {
        size_t room = max_bytes - out->n, want = room < CHUNK ? room : CHUNK;
        char *to = want == 0 ? NULL : buf_reserve(out, want);
        if (to == NULL) {
            st = mp_fail(err, MP_E_LIMIT, 0, "%s: longer than %zu bytes", path, max_bytes);
        } else {
            n = fread(to, 1, want, f);
            out->n += n;
        }
    }
    if (st == MP_OK && ferror(f))
        st = mp_fail(err, MP_E_IO, errno, "%s: %s", path, strerror(errno));
    if (f != stdin)
        fclose(f);
    return st;
}

int write_whole(const char *path, struct str bytes, struct mp_err *err)
{
    if (path != NULL && strcmp(path, "-") != 0)
        return write_file(path, bytes, err);
    bool ok = bytes.n == 0 || fwrite(bytes.p, 1, bytes.n, stdout) == bytes.n;
    return fflush(stdout) == 0 && ok
               ? MP_OK
               : mp_fail(err, MP_E_IO, errno, "standard output: %s", strerror(errno));
}

/* A number of exactly `digits` digits at the front of *s, which then begins behind `after`. */
static bool take_number(struct str *s, size_t digits, char after, int max, int *out)
{
    uint64_t v;
    if (s->n <= digits || s->p[digits] != after ||
        !str_to_u64(str_slice(*s, 0, digits), (uint64_t)max, &v))
        return false;
    *out = (int)v;
    *s = str_slice(*s, digits + 1, s->n);
    return true;
}

bool parse_time_option(const char *text, int64_t *out)
{
    struct str s = str_from(text);
    uint64_t v;
    int year, month, day, hour, minute, second;
    if (str_eq(s, STR("now"))) {
        *out = clock_wall_s();
        return true;
    }
    if (str_to_u64(s, INT64_MAX, &v)) {
        *out = (int64_t)v;
        return true;
    }
    bool ok = take_number(&s, 4, '-', 9999, &year) && take_number(&s, 2, '-', 12, &month) &&
              take_number(&s, 2, 'T', 31, &day) && take_number(&s, 2, ':', 23, &hour) &&
              take_number(&s, 2, ':', 59, &minute) && take_number(&s, 2, 'Z', 60, &second);
    if (!ok || s.n != 0 || year == 0 || month == 0 || day == 0)
        return false;
    *out = civil_to_unix(year, month, day, hour, minute, second);
    return true;
}
