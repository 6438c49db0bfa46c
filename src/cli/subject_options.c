/* Options of probe and audit, and the streams their reports go to. */
#include "cli/subject_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "dns/zone.h"

enum { OPTIONS_ARENA_BYTES = 64 << 20, OPTION_ZONE_MAX_BYTES = 256 << 20 };

void subject_options_init(struct subject_options *s, const char *command)
{
    *s = (struct subject_options){.command = command,
                                  .cert_warn_days = 21,
                                  .cert_high_days = 7,
                                  .now_s = clock_wall_s(),
                                  .report = {.fail_on = SEV_HIGH},
                                  .colour = "auto"};
    arena_init(&s->arena, OPTIONS_ARENA_BYTES);
    resolver_config_init(&s->resolver);
    s->source.deadline_ms = RUN_DEADLINE_MS;
    if (gethostname(s->host_name, sizeof s->host_name - 1) != 0)
        s->host_name[0] = '\0';
}

void subject_options_clear(struct subject_options *s)
{
    tls_client_free(s->tls_client);
    resolver_free(s->source.resolver);
    dns_zone_free(s->source.zone);
    arena_clear(&s->arena);
}

bool parse_duration(const char *text, unsigned *out_ms)
{
    static const struct {
        struct str suffix;
        uint64_t ms;
    } units[] = {{STR_INIT("ms"), 1},
                 {STR_INIT("s"), 1000},
                 {STR_INIT("m"), 60000},
                 {STR_INIT("h"), 3600000},
                 {STR_INIT(""), 1000}};
    struct str s = str_from(text);
    uint64_t n;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (!str_ends(s, units[i].suffix))
            continue;
        struct str digits = str_slice(s, 0, s.n - units[i].suffix.n);
        if (!str_to_u64(digits, (uint64_t)SUBJECT_TIMEOUT_MAX_S * 1000 / units[i].ms, &n) || n == 0)
            return false;
        *out_ms = (unsigned)(n * units[i].ms);
        return true;
    }
    return false;
}

bool parse_port(const char *text, uint16_t *out)
{
    uint64_t n;
    if (!str_to_u64(str_from(text), UINT16_MAX, &n) || n == 0)
        return false;
    *out = (uint16_t)n;
    return true;
}

static int load_zone(struct subject_options *s, const char *path)
{
    struct mp_err err = {0};
    struct buf text;
    int st = read_whole(path, OPTION_ZONE_MAX_BYTES, &text, &err);
    if (st == MP_OK && s->source.zone == NULL && (s->source.zone = dns_zone_new()) == NULL)
        st = mp_fail(&err, MP_E_NOMEM, 0, "no memory for a zone");
    if (st == MP_OK)
        st = dns_zone_load(s->source.zone, buf_str(&text), path, &err);
    buf_clear(&text);
    return st == MP_OK ? EXIT_PASSED : report_failure(s->command, &err);
}

static int set_days(struct subject_options *s, const char *arg)
{
    struct str rest = str_from(arg), first = str_cut(&rest, ',');
    uint64_t warn, high;
    if (!str_to_u64(first, 10000, &warn) || !str_to_u64(rest, 10000, &high) || high > warn)
        return usage_error(s->command, "--cert-days %s: expected two numbers of days, as in 21,7",
                           arg);
    s->cert_warn_days = (unsigned)warn;
    s->cert_high_days = (unsigned)high;
    return EXIT_PASSED;
}

static int set_answers(struct subject_options *s, int option, const char *arg)
{
    switch (option) {
    case SUBJECT_RESOLVER:
        s->resolver.server = str_from(arg);
        break;
    case SUBJECT_ZONE:
        return load_zone(s, arg);
    case SUBJECT_ANCHOR:
        s->resolver.trust_anchor = arg;
        break;
    case SUBJECT_TIMEOUT:
        if (!parse_duration(arg, &s->deadline_ms))
            return usage_error(s->command, "--timeout %s: expected a time like 30s, 5m, 1h", arg);
        break;
    case SUBJECT_CA_FILE:
        s->tls.ca_file = arg;
        break;
    case SUBJECT_CERT_DAYS:
        return set_days(s, arg);
    case SUBJECT_ALLOW_PRIVATE:
        s->allow_private = true;
        break;
    case SUBJECT_HTTPS_PORT:
        if (!parse_port(arg, &s->https_port))
            return usage_error(s->command, "--https-port %s: expected 1 to 65535", arg);
        break;
    default:
        if (!parse_time_option(arg, &s->now_s))
            return usage_error(s->command,
                               "--time %s: expected Unix seconds or 2026-11-24T06:00:00Z", arg);
        break;
    }
    return EXIT_PASSED;
}

static int set_output(struct subject_options *s, int option, const char *arg)
{
    switch (option) {
    case SUBJECT_FORMAT:
        if (!report_format_by_name(str_from(arg), &s->report.format))
            return usage_error(s->command,
                               "--format %s: expected text, json, jsonl, sarif, junit, tap, "
                               "github, markdown or prometheus",
                               arg);
        break;
    case SUBJECT_OUTPUT:
        s->output = arg;
        break;
    case SUBJECT_VERBOSE:
        s->report.verbose = true;
        break;
    case SUBJECT_COLOUR:
        s->colour = arg;
        break;
    case SUBJECT_TEXTFILE:
        s->textfile = arg;
        break;
    case SUBJECT_FAIL_ON:
        if (!severity_by_name(str_from(arg), &s->report.fail_on))
            return usage_error(s->command,
                               "--fail-on %s: expected info, low, medium, high or critical", arg);
        break;
    default:
        if (!exit_style_by_name(arg, &s->exit_style))
            return usage_error(s->command, "--exit %s: expected sysexits or nagios", arg);
        break;
    }
    return EXIT_PASSED;
}

int subject_options_set(struct subject_options *s, int option, const char *arg)
{
    return option < SUBJECT_FORMAT ? set_answers(s, option, arg) : set_output(s, option, arg);
}

int subject_options_open(struct subject_options *s)
{
    struct mp_err err = {0};
    if (s->helo.n == 0)
        s->helo = str_from(s->host_name[0] == '\0' ? "localhost" : s->host_name);
    if (s->deadline_ms != 0 && s->resolver.timeout_ms > s->deadline_ms)
        s->resolver.timeout_ms = s->deadline_ms;
    int st = tls_client_new(&s->tls, &s->tls_client, &err);
    if (st == MP_OK && s->source.zone == NULL)
        st = resolver_new(&s->resolver, &s->source.resolver, &err);
    return st == MP_OK ? EXIT_PASSED : report_failure(s->command, &err);
}

/* ---- streams ---- */

int subject_outputs_open(struct subject_outputs *out, const struct subject_options *s,
                         size_t expected)
{
    struct report_options metrics = {.format = REPORT_PROMETHEUS, .fail_on = s->report.fail_on};
    struct report_options options = s->report;
    bool valid;
    *out = (struct subject_outputs){.options = s};
    buf_init(&out->text, SUBJECT_REPORT_MAX_BYTES);
    buf_init(&out->metrics, SUBJECT_REPORT_MAX_BYTES);
    out->stream = s->on_stderr ? stderr : s->output == NULL ? stdout : fopen(s->output, "we");
    if (out->stream == NULL)
        return usage_error(s->command, "%s: %s", s->output, strerror(errno));
    options.colour = want_colour(s->colour, out->stream, &valid);
    if (!valid)
        return usage_error(s->command, "--color %s: expected auto, always or never", s->colour);
    options.width = terminal_width(out->stream);
    if (s->exit_style == EXIT_STYLE_NAGIOS)
        out->kept = calloc(expected, sizeof *out->kept);
    else
        out->report = report_new(&options, &out->text, expected);
    if (s->textfile != NULL)
        out->prometheus = report_new(&metrics, &out->metrics, expected);
    if ((out->report == NULL && out->kept == NULL) ||
        (s->textfile != NULL && out->prometheus == NULL))
        return usage_error(s->command, "no memory");
    return EXIT_PASSED;
}

static void wipe_progress(struct subject_outputs *out)
{
    if (out->progress_shown)
        fputs("\r\033[K", stderr);
    out->progress_shown = false;
}

static void flush(struct subject_outputs *out)
{
    bool is_wanted =
        !out->options->on_stderr || out->options->report.verbose || out->code != EXIT_PASSED;
    wipe_progress(out);
    if (out->text.n > 0 && is_wanted)
        fwrite(out->text.p, 1, out->text.n, out->stream);
    fflush(out->stream);
    buf_reset(&out->text);
}

/* A failed check outweighs an error, and that outweighs doubt. */
static void take_code(struct subject_outputs *out, int code)
{
    static const int weight[] = {0, 3, 2, 1};
    if (weight[code] > weight[out->code])
        out->code = code;
}

void subject_outputs_add(struct subject_outputs *out, const struct subject *s)
{
    take_code(out, report_subject_exit_code(s, out->options->report.fail_on));
    if (out->prometheus != NULL)
        report_subject(out->prometheus, s);
    if (out->kept != NULL) {
        out->kept[out->n_kept++] = *s;
        return;
    }
    report_subject(out->report, s);
    flush(out);
}

void subject_outputs_error(struct subject_outputs *out, const char *target,
                           const struct mp_err *err)
{
    take_code(out, err->code == MP_E_NOMEM ? EXIT_UNDECIDED : EXIT_USAGE_ERROR);
    wipe_progress(out);
    if (out->report == NULL) {
        fprintf(stderr, "mailproof %s: %s: %s\n", out->options->command, target, err->text);
        return;
    }
    struct report_error e = {str_from(target), str_from(err->text), out->options->command};
    report_error(out->report, &e);
    flush(out);
}

static int nagios_code(struct subject_outputs *out)
{
    int code = report_nagios(&out->text, out->kept, out->n_kept, out->options->report.fail_on);
    return out->code == EXIT_USAGE_ERROR || out->n_kept == 0 ? 3 : code;
}

static int finish(struct subject_outputs *out)
{
    const struct subject_options *s = out->options;
    struct mp_err err = {0};
    int code = out->code;
    if (out->kept != NULL)
        code = nagios_code(out);
    else
        report_end(out->report);
    bool short_of_memory = out->text.failed || out->metrics.failed;
    flush(out);
    if (out->prometheus != NULL) {
        report_end(out->prometheus);
        if (write_whole(s->textfile, buf_str(&out->metrics), &err) != MP_OK)
            code = report_failure(s->command, &err);
    }
    if (ferror(out->stream) || short_of_memory)
        code = usage_error(s->command, "the report could not be written whole");
    return out->kept != NULL ? code : exit_styled(s->exit_style, code);
}

int subject_outputs_close(struct subject_outputs *out)
{
    bool opened = out->report != NULL || out->kept != NULL;
    int code = opened ? finish(out) : EXIT_USAGE_ERROR;
    bool is_ours = out->stream != NULL && out->stream != stdout && out->stream != stderr;
    if (is_ours && fclose(out->stream) != 0)
        code = usage_error(out->options->command, "%s: %s", out->options->output, strerror(errno));
    report_free(out->report);
    report_free(out->prometheus);
    buf_clear(&out->text);
    buf_clear(&out->metrics);
    free(out->kept);
    return code;
}

bool show_progress(struct str text)
{
    enum { PROGRESS_MAX_BYTES = 300, MARK_COLUMNS = 5 };
    unsigned width = terminal_width(stderr), columns = 0;
    struct buf shown;
    if (!isatty(STDERR_FILENO))
        return false;
    buf_init(&shown, 16 * PROGRESS_MAX_BYTES);
    utf8_add_printable(&shown, text, PROGRESS_MAX_BYTES);
    struct str rest = buf_str(&shown);
    while (rest.n > 0 && columns + MARK_COLUMNS < (width > 0 ? width : FLOW_DEFAULT_WIDTH))
        columns += flow_columns(utf8_next(&rest));
    fprintf(stderr, "\r\033[K%.*s ...", (int)(shown.n - rest.n), shown.n > 0 ? shown.p : "");
    fflush(stderr);
    buf_clear(&shown);
    return true;
}

void subject_progress(void *outputs, const char *text)
{
    struct subject_outputs *out = outputs;
    if (!out->options->quiet && show_progress(str_from(text)))
        out->progress_shown = true;
}
