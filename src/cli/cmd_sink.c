/* `mailproof sink`: the capture server in the foreground, or for as long as a command runs. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/sink_child.h"
#include "cli/sink_lines.h"

enum { GRACE_MS = 5000, EXPIRE_EVERY_MS = 10000 };

/* All that runs; stopped from the last to the first. */
struct running {
    struct sink_command *command;
    struct store *store;
    struct store_watch *watch;
    struct inboxes *inboxes;
    struct sink *sink;
    struct sink_lines lines;
    struct sink_names names;
    struct buf script; /* of --script, as it stands in the file */
    int signals;
    pid_t child; /* 0: none */
    int child_status;
};

static int read_script(struct running *r, struct mp_err *err)
{
    struct mp_err why = {0};
    bool found;
    if (r->command->script_file == NULL)
        return MP_OK;
    int st = read_whole(r->command->script_file, SINK_SCRIPT_FILE_MAX, &r->script, err);
    if (st != MP_OK)
        return st;
    st = inboxes_script(r->inboxes, STR(""), buf_str(&r->script), &found, &why);
    return st == MP_OK ? MP_OK
                       : mp_fail(err, st, why.detail, "%s: %s", r->command->script_file, why.text);
}

/* *url is where the API is, empty without one. */
static int start_http(struct running *r, char url[SINK_HTTP_URL_MAX], struct mp_err *err)
{
    struct sink_command *c = r->command;
    struct sink_http_world w = {.store = r->store,
                                .inboxes = r->inboxes,
                                .sink = r->sink,
                                .sink_config = &c->config,
                                .domain = str_from(c->domain),
                                .common_script = buf_str(&r->script)};
    int st = sink_http_start(&c->http, &w, err);
    sink_http_url(&c->http, url);
    return st;
}

static int start(struct running *r, struct mp_err *err)
{
    struct sink_command *c = r->command;
    char url[SINK_HTTP_URL_MAX] = "";
    int st = sink_lines_init(&r->lines, c->format, err);
    if (st == MP_OK)
        st = store_open(&c->store, &r->store, err);
    if (st == MP_OK)
        st = store_watch(r->store, sink_lines_event, &r->lines, &r->watch, err);
    if (st == MP_OK)
        st = inboxes_new(r->store, str_from(c->domain), &r->inboxes, err);
    if (st == MP_OK)
        st = read_script(r, err);
    if (st == MP_OK)
        st = sink_start(&c->config, r->store, r->inboxes, &r->sink, err);
    if (st == MP_OK)
        st = start_http(r, url, err);
    if (st == MP_OK)
        st = sink_names_make(&r->names, c, r->sink, url[0] == '\0' ? NULL : url, err);
    if (st == MP_OK && c->child != NULL)
        st = sink_child_start(c, &r->names, &r->child, err);
    return st;
}

static void stop(struct running *r)
{
    sink_notify("STOPPING=1\n");
    sink_http_stop(&r->command->http);
    sink_stop(r->sink, GRACE_MS);
    if (r->store != NULL)
        store_unwatch(r->store, r->watch);
    inboxes_free(r->inboxes);
    store_close(r->store);
    if (r->lines.wake_fd > 0)
        sink_lines_flush(&r->lines);
    sink_lines_clear(&r->lines);
    sink_names_clear(&r->names);
    buf_clear(&r->script);
    if (r->signals >= 0)
        close(r->signals);
}

static void tell_start(const struct running *r)
{
    const struct sink_command *c = r->command;
    sink_notify("READY=1\n");
    if (c->quiet)
        return;
    for (size_t i = 0; i < c->n_listeners; i++) {
        const struct sink_listener *l = &c->listeners[i];
        char text[IP_TEXT_MAX] = "";
        if (l->ip.family != IP_NONE)
            ip_write(&l->ip, text);
        fprintf(stderr, "mailproof sink: %s on %s%s%s%s", l->lmtp ? "LMTP" : "SMTP",
                l->ip.family == IP_V6 ? "[" : "", l->ip.family == IP_NONE ? "unix:" : text,
                l->ip.family == IP_NONE ? l->unix_path : "", l->ip.family == IP_V6 ? "]" : "");
        if (l->ip.family != IP_NONE)
            fprintf(stderr, ":%u", sink_listener_port(r->sink, i));
        fprintf(stderr, "%s\n", l->tls == SINK_TLS_IMPLICIT ? ", in TLS" : "");
    }
    char url[SINK_HTTP_URL_MAX];
    sink_http_url(&c->http, url);
    if (url[0] != '\0')
        fprintf(stderr, "mailproof sink: page and API on %s\n", url);
    if (c->store.dir != NULL)
        fprintf(stderr, "mailproof sink: mail is kept in %s\n", c->store.dir);
    else
        fprintf(stderr, "mailproof sink: mail is kept in memory only; --store DIR keeps it\n");
}

/* SIGINT, SIGTERM, SIGHUP: the child hears of it and ends us by ending; a second one does not wait
 * for it. True: it is over. */
static bool on_signal(struct running *r, unsigned *asked)
{
    struct signalfd_siginfo info;
    if (read(r->signals, &info, sizeof info) != sizeof info)
        return false;
    if (info.ssi_signo == SIGCHLD)
        return r->child > 0 && waitpid(r->child, &r->child_status, WNOHANG) == r->child;
    if (r->child > 0 && (*asked)++ == 0) {
        if (info.ssi_code != SI_KERNEL) /* Ctrl-C has reached it already */
            kill(r->child, (int)info.ssi_signo);
        return false;
    }
    if (r->child > 0) {
        kill(r->child, SIGKILL);
        waitpid(r->child, &r->child_status, 0);
    }
    return true;
}

static void serve(struct running *r)
{
    struct pollfd fds[] = {{.fd = r->signals, .events = POLLIN},
                           {.fd = r->lines.wake_fd, .events = POLLIN}};
    unsigned asked = 0;
    for (bool over = false; !over;) {
        size_t deleted;
        if (poll(fds, ARRAY_LEN(fds), EXPIRE_EVERY_MS) < 0 && errno != EINTR)
            return;
        if ((fds[0].revents & POLLIN) != 0)
            over = on_signal(r, &asked);
        if ((fds[1].revents & POLLIN) != 0)
            sink_lines_flush(&r->lines);
        inboxes_expire(r->inboxes, clock_wall_ms(), &deleted, NULL);
    }
}

static int catch_signals(struct running *r, struct mp_err *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP); /* the terminal is gone; nohup's is ignored all the same */
    sigaddset(&set, SIGCHLD);
    signal(SIGPIPE, SIG_IGN);
    r->signals = -1;
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) == 0)
        r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return r->signals >= 0 ? MP_OK
                           : mp_fail(err, MP_E_IO, errno, "no signalfd: %s", strerror(errno));
}

static int run(struct sink_command *c)
{
    struct running r = {.command = c, .signals = -1};
    struct mp_err err = {0};
    int st = catch_signals(&r, &err);
    if (st == MP_OK)
        st = start(&r, &err);
    if (st == MP_OK) {
        tell_start(&r);
        serve(&r);
    }
    stop(&r);
    if (st != MP_OK)
        return report_failure("sink", &err);
    return r.child > 0 ? sink_child_code(r.child_status) : EXIT_PASSED;
}

int cmd_sink(int argc, char **argv)
{
    struct sink_command c;
    int code = EXIT_PASSED;
    sink_command_init(&c);
    for (int o;
         code == EXIT_PASSED && (o = getopt_long(argc, argv, "+:", sink_long_options, NULL)) != -1;)
        code = o == '?' || o == ':' ? bad_option("sink", o, argv) : sink_option_set(&c, o, optarg);
    if (code == EXIT_PASSED && optind < argc && strcmp(argv[optind - 1], "--") != 0)
        code = usage_error("sink", "'%s': a command to run stands behind --", argv[optind]);
    if (code == EXIT_PASSED && optind == argc && optind > 1 &&
        strcmp(argv[optind - 1], "--") == 0) /* as with -- $UNSET: it would serve for ever */
        code = usage_error("sink", "no command stands behind --: leave -- out to serve until a "
                                   "signal comes");
    if (code == EXIT_PASSED)
        code = sink_options_check(&c);
    if (code == EXIT_PASSED)
        code = sink_http_open(&c.http);
    if (code != EXIT_PASSED) {
        sink_http_stop(&c.http);
        return code;
    }
    c.child = optind < argc ? argv + optind : NULL;
    return run(&c);
}
